//! Rows of reports, page by page.
