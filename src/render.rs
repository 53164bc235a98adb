//! Domain values into files: CSV, JSON lines, PDF.

pub mod csv;
pub mod notice_pdf;
pub mod opi;
pub mod pdf;
pub mod receipt_pdf;
pub mod report;
