//! One movement by hand.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LineOutcome, MovementDirection, MovementOperation, TreasuryEntryView};
use crate::api::State;
use crate::api::auth::Caller;
use crate::api::input::{FromBody, IdempotencyKey};
use crate::api::problem::{Problem, catalogue};
use crate::api::repeat::Asked;
use crate::api::scalars::{
    BankReference, Cents, Count, IdempotencyKeyHeader, Line35, Line140, Line1000, UriHeader,
};
use crate::app::idempotency;
use crate::app::treasury;
use crate::domain;
use crate::domain::text::{Rule as _, Said};
use crate::domain::treasury::{Direction, DocumentKind, Movement, Operation};

/// A movement that an officer or another program enters.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTreasuryEntry {
    /// The treasurer's account.
    pub account: Line35,
    /// Number of the movement, or the bank's own reference of it: unique in account and year.
    pub number: BankReference,
    /// Financial year; that of the booking when absent.
    #[schema(nullable = false, format = Int32, minimum = 1999, maximum = 2099)]
    pub year: Option<i32>,
    /// Which way the money goes.
    pub direction: MovementDirection,
    /// What was done; booked when absent.
    #[schema(nullable = false)]
    pub operation: Option<MovementOperation>,
    /// Number of the provisional credit, when it is one.
    #[schema(nullable = false)]
    pub provisional_number: Option<Count>,
    /// Amount.
    pub amount_cents: Cents,
    /// Day of booking.
    pub booked_date: NaiveDate,
    /// Day of value.
    #[schema(nullable = false)]
    pub value_date: Option<NaiveDate>,
    /// Remittance text.
    #[schema(nullable = false)]
    pub remittance: Option<Line1000>,
    /// Who sent the money.
    #[schema(nullable = false)]
    pub payer: Option<Line140>,
    /// The bank's own reference of the transfer (TRN).
    #[schema(nullable = false)]
    pub bank_reference: Option<BankReference>,
}

impl NewTreasuryEntry {
    /// Money in is a credit that waits for its flow; money out is not matched.
    fn movement(self) -> Result<Movement, Problem> {
        let amount = domain::money::Cents::new(self.amount_cents.0);
        let rule = |pointer: &str, why: Said| Problem::at(&catalogue::RULE_VIOLATION, pointer, why);
        let year = self.year.unwrap_or(self.booked_date.year());
        if !(1999..=2099).contains(&year) {
            let said = Said::new(
                "deve essere degli anni dal 1999 al 2099",
                "must be of the years 1999 to 2099",
            );
            return Err(rule("/booked_date", said));
        }
        let name = |pointer: &str, text: &str| match text.trim() {
            "" => Err(rule(
                pointer,
                Said::new("non può essere vuoto", "must not be blank"),
            )),
            name => Ok(name.to_owned()),
        };
        let direction = self.direction.into();
        let text = |line: Option<String>| line.unwrap_or_default();
        Ok(Movement {
            year,
            account: name("/account", self.account.as_str())?,
            number: name("/number", self.number.as_str())?,
            direction,
            document: match direction {
                Direction::In => DocumentKind::PendingCredit,
                Direction::Out => DocumentKind::Other,
            },
            operation: self.operation.map_or(Operation::Executed, Operation::from),
            provisional: self.provisional_number.map(|number| number.0),
            amount: amount.map_err(|why| rule("/amount_cents", why.said()))?,
            booked_on: self.booked_date,
            value_on: self.value_date,
            text: text(self.remittance.map(|line| line.as_str().to_owned())),
            payer: text(self.payer.map(|line| line.as_str().to_owned())),
            bank_reference: self.bank_reference.map(|line| line.as_str().to_owned()),
        })
    }
}

impl From<MovementDirection> for Direction {
    fn from(direction: MovementDirection) -> Direction {
        match direction {
            MovementDirection::In => Direction::In,
            MovementDirection::Out => Direction::Out,
        }
    }
}

impl From<MovementOperation> for Operation {
    fn from(operation: MovementOperation) -> Operation {
        match operation {
            MovementOperation::Executed => Operation::Executed,
            MovementOperation::Reversed => Operation::Reversed,
            MovementOperation::Regularised => Operation::Regularised,
            MovementOperation::Restored => Operation::Restored,
        }
    }
}

/// What became of a movement that was entered.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FiledTreasuryEntry {
    /// `new`; `known` or `conflicting` when a movement of this name was stored before.
    pub outcome: LineOutcome,
    /// The movement that is stored under this name.
    pub treasury_entry: TreasuryEntryView,
}

/// Enter a movement
///
/// For treasurers that send no file. A movement with this year, account and number that was stored before
/// stands: the answer says whether it says the same. Reconciliation follows by itself.
#[utoipa::path(operation_id = "create_treasury_entry", tag = "treasury", security(("client" = ["treasury:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body(content = NewTreasuryEntry),
    responses((status = 201, description = "What is stored under this name.", body = FiledTreasuryEntry,
        headers(("Location" = inline(UriHeader), description = "Where the movement is.")))))]
#[post("/treasury-entries")]
pub(in crate::api) async fn create_treasury_entry(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    body: FromBody<NewTreasuryEntry>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&caller, "create_treasury_entry", &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let movement = body.value.movement()?;
    let (creditor, ctx) = (caller.creditor()?.clone(), state.ctx.clone());
    let (sealed, entries) = (asked.clone(), state.address("/treasury-entries"));
    let made = state.write(&caller, move |tx, now| {
        let outcome = treasury::enter(tx, now, &ctx, &creditor, movement.clone())?;
        let (outcome, id) = LineOutcome::of(outcome);
        let view = treasury::get(tx, &creditor, id)?;
        let filed = FiledTreasuryEntry {
            outcome,
            treasury_entry: TreasuryEntryView::of(&view),
        };
        let location = format!("{entries}/{id}");
        let answer = sealed.answered(StatusCode::CREATED, location, (&filed, None));
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, treasury::Error>(answer)
    });
    asked.end(&state, made.await.map_err(Problem::from)).await
}
