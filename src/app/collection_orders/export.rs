//! Proposals as a file for the treasurer's systems.

use chrono::Datelike as _;

use super::{Proposal, propose};
use crate::ctx::Ctx;
use crate::domain::accounting::AccountingKey;
use crate::domain::calendar::{Day, Instant};
use crate::domain::collection_order::CoverState;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::render::opi::{self, Order, OrdersHead};
use crate::store::reports::Period;
use crate::store::{self, Conn, db::Retry};

/// What can end the writing of a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The numbers of the orders would go beyond the highest one.
    #[error("an order's number has seven digits at most")]
    TooManyOrders,
    /// The proposal's.
    #[error(transparent)]
    Proposal(#[from] super::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        Error::Proposal(error.into())
    }
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::TooManyOrders => false,
            Error::Proposal(why) => why.retryable(),
        }
    }
}

/// What is wanted of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Days on which the credits were booked first.
    pub period: Period,
    /// Only the credit with this number.
    pub provisional: Option<i64>,
    /// Number of the first order: the numbers are the office's.
    pub first_number: i64,
    /// Day of the orders.
    pub day: Day,
}

/// A file of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersFile {
    /// The XML.
    pub xml: String,
    /// How many orders it holds.
    pub orders: i64,
    /// How many rows of the proposal it does not hold: without a chapter, unexplained, of credits that orders
    /// cover already in part, of another financial year.
    pub left_out: i64,
}

/// Writes the orders of credits that no order covers, as far as they are complete.
///
/// # Errors
/// [`Error`].
pub fn export(
    conn: &mut Conn,
    ctx: &Ctx,
    creditor: &FiscalCode,
    wanted: &Wanted,
    now: Instant,
) -> Result<OrdersFile, Error> {
    let (mut orders, mut left_out) = (Vec::new(), 0i64);
    let mut number = wanted.first_number;
    let asked = (wanted.period, wanted.provisional);
    propose::<Error>(conn, ctx, creditor, asked, &mut |_, _, proposal| {
        // An order covers credits of its own financial year.
        let is_open =
            proposal.state() == CoverState::Open && proposal.provisional.year == wanted.day.year();
        let unexplained = proposal.unexplained != Cents::ZERO;
        left_out = left_out.saturating_add(i64::from(unexplained));
        for proposed in &proposal.orders {
            let key = proposed.key.as_ref().filter(|key| key.chapter.is_some());
            match key.filter(|_| is_open) {
                Some(key) => {
                    if number > opi::ORDER_NUMBER_MAX {
                        return Err(Error::TooManyOrders);
                    }
                    let place = (number, wanted.day);
                    orders.push(order(&proposal, (key, proposed.amount), place));
                    number = number.saturating_add(1);
                }
                None => left_out = left_out.saturating_add(1),
            }
        }
        Ok(())
    })?;
    let body = ctx.registry.creditor(creditor);
    let head = OrdersHead {
        creditor: creditor.to_string(),
        creditor_name: body
            .as_ref()
            .map(|body| body.legal_name.to_string())
            .unwrap_or_default(),
        treasurer: body.and_then(|body| body.treasurer.clone()),
        year: wanted.day.year(),
        made_at: now,
    };
    Ok(OrdersFile {
        xml: opi::print(&head, &orders),
        orders: i64::try_from(orders.len()).unwrap_or(i64::MAX),
        left_out,
    })
}

fn order(
    proposal: &Proposal,
    (key, amount): (&AccountingKey, Cents),
    (number, day): (i64, Day),
) -> Order {
    let credit = &proposal.provisional;
    let flows = proposal.flows.iter();
    let flows: Vec<&str> = flows.map(|flow| flow.header.flow_id.as_str()).collect();
    let text = |text: Option<String>| text.unwrap_or_default();
    let claim = key.claim.as_ref();
    let management = if key.is_residual(credit.year) {
        "RESIDUO"
    } else {
        "COMPETENZA"
    };
    let budget = [
        (
            "capitolo",
            text(key.chapter.as_ref().map(ToString::to_string)),
        ),
        (
            "articolo",
            text(key.article.as_ref().map(ToString::to_string)),
        ),
        (
            "anno_accertamento",
            text(claim.map(|claim| claim.year.to_string())),
        ),
        (
            "numero_accertamento",
            text(claim.map(|claim| claim.number.to_string())),
        ),
        ("piano_dei_conti", key.plan_code.as_str().to_owned()),
        ("gestione", management.to_owned()),
    ];
    let payer = if credit.payer.trim().is_empty() {
        "Versanti diversi - pagoPA".to_owned()
    } else {
        credit.payer.clone()
    };
    let remittance = format!(
        "Regolarizzazione provvisorio {}/{}",
        credit.number, credit.year
    );
    Order {
        number,
        day,
        account: credit.account.clone(),
        amount,
        typology: key.plan_code.typology(),
        residual_of: key
            .is_residual(credit.year)
            .then(|| claim.map(|claim| claim.year))
            .flatten(),
        siope: key.plan_code.siope(),
        payer,
        remittance: match flows.join(" ") {
            names if names.is_empty() => remittance,
            names => format!("{remittance} - pagoPA {names}"),
        },
        provisional: credit.number,
        budget: budget
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .collect(),
    }
}
