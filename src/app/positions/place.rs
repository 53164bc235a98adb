//! A charge that takes the place of an earlier one: a police report closes the slip left for the same
//! violation, in the transaction that makes the report payable.

use super::Error;
use super::amend::{OFFICE, apply};
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::lifecycle::State;
use crate::domain::position::Position;
use crate::domain::service::{self, DetailsError};
use crate::store::{self, Tx};

/// Withdraws what a position takes the place of, if it says so. What was withdrawn before stays so; money
/// that comes for it all the same is a fact.
///
/// # Errors
/// [`Error::Details`] when there is no such position, it is about something else, or it is paid.
pub(super) fn take(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    position: &Position,
) -> Result<(), Error> {
    let creditor = &position.creditor;
    let named = service::ALL.iter().find_map(|kind| {
        let details = position.details.get(kind.code())?;
        Some((*kind, details, kind.takes_place_of(details)?))
    });
    let Some((kind, details, reference)) = named else {
        return Ok(());
    };
    let refused = |it: &str, en: &str| {
        let error = DetailsError::new("/slip_reference", it, en);
        Error::Details(vec![error])
    };
    let earlier = store::positions::lock_by_reference(tx, creditor, &reference)?;
    let earlier = earlier.ok_or_else(|| {
        refused(
            "nessuna posizione ha questo riferimento",
            "no position has this reference",
        )
    })?;
    let Some(known) = earlier.details.get(kind.code()) else {
        return Err(refused(
            "la posizione con questo riferimento è di un altro tipo",
            "the position with this reference is of another kind",
        ));
    };
    let of = in_force(ctx, &earlier)?;
    kind.check_place(details, (known, &of))
        .map_err(Error::Details)?;
    if earlier.chosen_option().is_some() {
        return Err(refused(
            "è già pagato: la violazione è estinta",
            "is paid already: the violation is settled",
        ));
    }
    if earlier.stands_in(&[State::Cancelled]) {
        return Ok(());
    }
    let change = earlier.withdraw(calendar::today(now))?;
    if !apply(tx, now, ctx, &earlier, (change, OFFICE))? {
        return Err(Error::NumberTaken);
    }
    Ok(())
}

/// The service of a position, as it was on the day of issue.
fn in_force(ctx: &Ctx, position: &Position) -> Result<service::Service, Error> {
    let (code, day) = (&position.service_code, position.issued_on);
    let body = ctx.registry.creditor(&position.creditor);
    let body = body.ok_or(Error::NoStation)?;
    let row = ctx.registry.service(&body.tax_code, code, day);
    let row = row.ok_or_else(|| Error::UnknownService(code.clone()))?;
    Ok(row.in_force(&body, day))
}
