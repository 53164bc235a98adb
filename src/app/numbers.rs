//! Notice numbers for new notices.
//!
//! Numbers come from blocks that are reserved in a transaction of their own before the first is used: a
//! crash loses the rest of a block and never repeats a number. The primary key of notices is the backstop.

use crate::ctx::Ctx;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::notice_number::{NoticeNumber, NumberError, SegregationCode};
use crate::store;

/// Numbers reserved at a time by one process.
const BLOCK: u64 = 256;

/// What can end a reservation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The segregation code has no numbers left.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl store::db::Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Number(_) => false,
            Error::Store(error) => error.retryable(),
        }
    }
}

/// Reserves `count` numbers that no other process has or will have.
///
/// # Errors
/// [`Error`].
pub async fn reserve(
    ctx: &Ctx,
    creditor: &FiscalCode,
    code: &SegregationCode,
    count: u64,
) -> Result<Vec<NoticeNumber>, Error> {
    let mut numbers = Vec::new();
    loop {
        for sequence in ctx.numbers.take(creditor, code, count, numbers.len()) {
            numbers.push(NoticeNumber::generate(code, sequence)?);
        }
        let missing = count.saturating_sub(u64::try_from(numbers.len()).unwrap_or(u64::MAX));
        if missing == 0 {
            return Ok(numbers);
        }
        let size = missing.max(BLOCK);
        let (of, by) = (creditor.clone(), code.clone());
        let first = ctx
            .write(move |tx, _now| {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                tx.nothing_to_note();
                store::notices::take_sequence(tx, &of, &by, size)
            })
            .await?;
        let first = u64::try_from(first).unwrap_or(u64::MAX);
        ctx.numbers
            .put(creditor, code, first..first.saturating_add(size));
    }
}
