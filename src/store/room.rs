//! Whether the database has room for writes, and takes them. Reading goes on when it does not, so that nobody
//! would notice but who writes: the process remembers it, and asks again before it says that it is ready.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::prelude::*;

use super::schema::flow_document;
use super::types::At;
use super::{Error, Tx};
use crate::domain::calendar::Instant;

/// A write was refused, and none was tried since by [`probe`].
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Bytes that the probe writes: more than what is left on the pages of small rows.
const PROBE_BYTES: usize = 256 << 10;

/// Remembers that a write was refused.
pub(super) fn refused(error: Error) -> Error {
    REFUSED.store(true, Ordering::Release);
    error
}

/// Whether a write was refused since the last probe that succeeded.
#[must_use]
pub fn is_in_doubt() -> bool {
    REFUSED.load(Ordering::Acquire)
}

/// The last probe succeeded.
pub fn is_there() {
    REFUSED.store(false, Ordering::Release);
}

/// Writes a document of nobody's and takes it away again.
///
/// # Errors
/// [`Error::Full`], [`Error::ReadOnly`], or the database's.
pub fn probe(tx: &mut Tx<'_>, now: Instant) -> Result<(), Error> {
    const NOBODY: &str = "";
    let body = vec![0u8; PROBE_BYTES];
    let row = (
        flow_document::creditor.eq(NOBODY),
        flow_document::psp_id.eq(NOBODY),
        flow_document::flow_id.eq(NOBODY),
        flow_document::revision.eq(0),
        flow_document::part.eq(0),
        flow_document::body.eq(body.as_slice()),
        flow_document::sha256.eq([0u8; 32].as_slice()),
        flow_document::fetched_at.eq(At(now)),
    );
    on!(&mut **tx, |c| diesel::insert_into(flow_document::table)
        .values(row)
        .execute(c))?;
    let own = flow_document::table.filter(flow_document::creditor.eq(NOBODY));
    on!(&mut **tx, |c| diesel::delete(own).execute(c))?;
    Ok(())
}
