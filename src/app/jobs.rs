//! Jobs, as whoever asked for them sees them.

pub use crate::store::jobs::{Job, JobState};

use uuid::Uuid;

use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::store::{self, Conn};

/// The job with this id, if the creditor has one.
///
/// # Errors
/// The database's.
pub fn get(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    now: Instant,
) -> Result<Option<Job>, store::Error> {
    store::jobs::get(conn, creditor, id, now)
}
