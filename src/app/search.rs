//! Search by any identifier in one call.

use crate::domain::fiscal_code::FiscalCode;
use crate::domain::search::Sought;
pub use crate::store::search::{HITS_MAX, Hit, Subject};
use crate::store::{self, Conn};

/// Everything of the creditor that the text names; nothing when no identifier is left of it.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, creditor: &FiscalCode, text: &str) -> Result<Vec<Hit>, store::Error> {
    match Sought::read(text) {
        Some(sought) => store::search::find(conn, creditor, &sought),
        None => Ok(Vec::new()),
    }
}
