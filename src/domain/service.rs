//! What a town charges for. A *kind* is the code that prices it, a *service* is a row with its terms.
//!
//! The `Details` and `Terms` structs of the kinds derive serde and utoipa: a service's input is a wire
//! shape, and "a new kind of charge is one file" is worth that exception.

pub mod arrears;
pub mod canteen;
pub mod canteen_credit;
pub mod fine;
pub mod generic;
pub mod tari;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::domain::balance::{Balance, Notified, Payment};
use crate::domain::calendar::Day;
use crate::domain::document::NoticeTopic;
use crate::domain::findings::Findings;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::iban::Iban;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::stamp::Stamp;
use crate::domain::taxonomy::TaxonomyCode;
use crate::domain::terms::{Terms, read_terms};
use crate::domain::text::{Said, head};

/// One kind of municipal charge. Pure: same input, same answer, no clock and no database.
pub trait ServiceKind: Sync {
    /// Stored in the database and used as the key of `details`; never changes once published.
    fn code(&self) -> &'static str;

    /// Turns what the office typed into what is owed, to whom, in which ways of paying.
    ///
    /// # Errors
    /// Every rule that the details break, at once, each with its JSON pointer.
    fn assess(
        &self,
        details: &serde_json::Value,
        service: &Service,
    ) -> Result<Assessment, Vec<DetailsError>>;

    /// Whether the terms of a service (tariffs, dates) can be read by this kind.
    ///
    /// # Errors
    /// Every rule that the terms break, with pointers relative to the terms.
    fn check_terms(&self, terms: &serde_json::Value) -> Result<(), Vec<DetailsError>>;

    /// Shape of `details` for the OpenAPI document: component name and every schema it needs.
    fn details_schema(&self) -> DetailsSchema;

    /// What a notice of this charge must say beside its amount, in the order it is read; nothing for
    /// most kinds, and nothing about details that the kind cannot read.
    fn topics(&self, _details: &serde_json::Value, _service: &Service) -> Vec<NoticeTopic> {
        Vec::new()
    }

    /// The details once the notification is known, for kinds whose terms start at one.
    ///
    /// # Errors
    /// The notification does not fit, or the kind knows none.
    fn notified(
        &self,
        _details: &serde_json::Value,
        _notification: serde_json::Value,
    ) -> Result<Notified, Vec<DetailsError>> {
        Err(vec![DetailsError::new(
            "",
            "per questo servizio i termini non decorrono da una notifica",
            "the terms of this service do not start at a notification",
        )])
    }

    /// The caller's reference of the position that this charge takes the place of, which is closed when this
    /// one becomes payable.
    fn takes_place_of(&self, _details: &serde_json::Value) -> Option<String> {
        None
    }

    /// Whether a charge takes the place of an earlier one, of this kind, with these details and that service.
    ///
    /// # Errors
    /// It does not, and why; pointers go to the details of the later charge.
    fn check_place(
        &self,
        _details: &serde_json::Value,
        _earlier: (&serde_json::Value, &Service),
    ) -> Result<(), Vec<DetailsError>> {
        Ok(())
    }

    /// Holds what was paid against what was due on that day; `issued_on` of the service is the day the
    /// rest is asked on.
    ///
    /// # Errors
    /// It cannot be told yet, or the kind does not ask for the rest of a payment.
    fn balance(
        &self,
        _details: &serde_json::Value,
        _service: &Service,
        _paid: Payment,
    ) -> Result<Balance, Vec<DetailsError>> {
        Err(vec![DetailsError::new(
            "",
            "per questo servizio un pagamento non si integra",
            "payments of this service are not completed by a further notice",
        )])
    }
}

/// Every kind, in the order of the documentation. A new kind is one file and one word here.
pub static ALL: &[&dyn ServiceKind] = &[
    &tari::Tari,
    &canteen::Canteen,
    &canteen_credit::CanteenCredit,
    &fine::Fine,
    &generic::Generic,
    &arrears::Arrears,
];

/// The kind with this code.
#[must_use]
pub fn kind(code: &str) -> Option<&'static dyn ServiceKind> {
    ALL.iter().find(|kind| kind.code() == code).copied()
}

/// Name of the component and the schemas (its own and those it refers to).
pub struct DetailsSchema {
    /// Component name of the details, in Pascal case.
    pub name: String,
    /// Component schemas by name, the details' own among them.
    pub schemas: Vec<(
        String,
        utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>,
    )>,
}

impl DetailsSchema {
    fn of<T: utoipa::ToSchema>() -> DetailsSchema {
        let name = T::name().into_owned();
        let mut schemas = vec![(name.clone(), T::schema())];
        T::schemas(&mut schemas);
        DetailsSchema { name, schemas }
    }
}

/// A service in force on the day of issue: whom it pays, and the terms its kind reads.
#[derive(Debug, Clone)]
pub struct Service {
    /// The creditor's own code, as `TARI-2026`.
    pub code: String,
    /// What the citizen reads, as `TARI 2026`.
    pub title: String,
    /// Tariffs, dates and options, read by the kind.
    pub terms: Terms,
    /// Day the position is issued on.
    pub issued_on: Day,
    /// Who receives the charge itself: the creditor's own account.
    pub main: Arc<Beneficiary>,
    /// Further beneficiaries by role; TARI looks for `province` (TEFA).
    pub others: BTreeMap<String, Arc<Beneficiary>>,
}

impl Service {
    /// The terms as the kind reads them; what is wrong with them is one finding about the whole
    /// details, because who types the details cannot mend them.
    fn terms<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        check: fn(&T, &mut Findings),
    ) -> Result<&T, Vec<DetailsError>> {
        self.terms.read(check).map_err(|errors| {
            let code = &self.code;
            let all = |said: fn(&Said) -> &str| {
                let one = |e: &DetailsError| format!("{}: {}", e.pointer, said(&e.said));
                errors.iter().map(one).collect::<Vec<_>>().join("; ")
            };
            vec![DetailsError::new(
                "",
                format!(
                    "le condizioni del servizio {code} non sono valide: {}",
                    all(|said| &said.it)
                ),
                format!(
                    "the terms of service {code} are not valid: {}",
                    all(|said| &said.en)
                ),
            )]
        })
    }

    /// The description of a notice: the title is cut first, so that the rest stays whole.
    fn description(&self, rest: &str) -> String {
        let room = DESCRIPTION_MAX
            .saturating_sub(rest.chars().count())
            .saturating_sub(3);
        let text = [head(&self.title, room), " - ", rest].concat();
        match head(&text, DESCRIPTION_MAX) {
            whole if whole.len() == text.len() => text,
            part => part.to_owned(),
        }
    }
}

/// Longest description of a notice, as the node's messages carry it (`stText140`).
const DESCRIPTION_MAX: usize = 140;

/// Who receives a transfer, and under which collection code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beneficiary {
    /// Tax code of the body.
    pub tax_code: FiscalCode,
    /// Name of the body.
    pub legal_name: String,
    /// What the money buys, or the account that is credited.
    pub account: Destination,
    /// Collection code of this part.
    pub taxonomy: TaxonomyCode,
}

/// Where the money of a transfer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// To an account.
    Iban(Iban),
    /// Into a digital revenue stamp, which the provider hands out: no account is credited.
    Stamp(Stamp),
}

impl Beneficiary {
    /// The account that is credited, unless the money buys a stamp.
    #[must_use]
    pub fn iban(&self) -> Option<&Iban> {
        match &self.account {
            Destination::Iban(iban) => Some(iban),
            Destination::Stamp(_) => None,
        }
    }

    /// The stamp that the money buys.
    #[must_use]
    pub fn stamp(&self) -> Option<&Stamp> {
        match &self.account {
            Destination::Iban(_) => None,
            Destination::Stamp(stamp) => Some(stamp),
        }
    }
}

/// What is owed and how it may be paid. Options exclude each other; inside a plan every notice is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The rows that explain the total, in the order they are shown.
    pub rows: Vec<Row>,
    /// Ways of paying the whole; at least one.
    pub options: Vec<OptionDraft>,
}

/// One line of the explanation: one exact rational, rounded once. Reductions are negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Stable name of the rule, as `fixed_part`.
    pub code: Cow<'static, str>,
    /// What an officer reads, in Italian.
    pub label: String,
    /// Cents, negative for reductions.
    pub amount: Cents,
}

/// One way to pay the whole position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionDraft {
    /// At once, or a plan.
    pub kind: OptionKind,
    /// When the plan ends by itself; `None` for plans that do not, and for a payment at once.
    pub lapse: Option<PlanLapse>,
    /// One for `Single`, one or more for `Plan`, in the order they fall due.
    pub notices: Vec<NoticeDraft>,
}

/// When a plan ends by itself, so that the rest falls due at once: its first instalment is missed, or later
/// so many others (art. 202-bis of the highway code says two).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanLapse {
    /// Missed instalments after the first that end it, from 1.
    pub missed: u16,
}

names!(OptionKind, {
    OptionKind::Single => "single",
    OptionKind::Plan => "plan",
});

/// At once or in instalments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// One notice pays everything.
    Single,
    /// Every notice is an instalment.
    Plan,
}

/// A notice before it has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDraft {
    /// What is paid, at most 140 characters: `TARI 2026 - rata 1 di 3`.
    pub description: String,
    /// Last day to pay in time; `None` when the term starts at a notification still to come.
    pub due_on: Option<Day>,
    /// One to five beneficiaries; the first is the creditor.
    pub transfers: Vec<TransferDraft>,
    /// What each beneficiary receives, by day of payment.
    pub schedule: Schedule,
}

/// One beneficiary of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferDraft {
    /// Who receives it.
    pub to: Arc<Beneficiary>,
    /// Reserved metadata pairs (`TARI-TEFA-1` …), at most ten.
    pub metadata: Arc<[(String, String)]>,
}

/// The amount of a notice as a function of the day it is paid on.
///
/// Steps are in time order. The one that holds on a day is the first whose `until` is not before it;
/// after a last step with an `until`, the notice can no longer be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<Step>);

/// What is owed up to a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Last day of this step; `None` holds for ever.
    pub until: Option<Day>,
    /// Why this amount, in Italian: `importo ridotto del 30 % entro 5 giorni`.
    pub reason: String,
    /// One amount per transfer, in the order of the transfers; a beneficiary may get nothing.
    pub amounts: Vec<Cents>,
}

/// What a notice costs on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due<'a> {
    /// Sum over the beneficiaries.
    pub total: Cents,
    /// The step that holds.
    pub step: &'a Step,
}

/// Why a schedule may not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No steps, or a step of an amount that cannot be published (0.01 to 999 999 999.99).
    #[error("an amount must be between 0.01 and 999 999 999.99 euro")]
    Unpayable,
    /// Steps are not in time order, or something follows a step without end.
    #[error("the steps of a price are not in time order")]
    OutOfOrder,
    /// A step has not one amount per transfer, or a negative one.
    #[error("a step must have one amount, not negative, for each of the transfers")]
    Uneven,
    /// The sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Schedule {
    /// A schedule for a number of transfers.
    ///
    /// # Errors
    /// [`ScheduleError`].
    pub fn new(steps: Vec<Step>, transfers: usize) -> Result<Schedule, ScheduleError> {
        if steps.is_empty() {
            return Err(ScheduleError::Unpayable);
        }
        let mut last: Option<Day> = None;
        for (i, step) in steps.iter().enumerate() {
            if step.amounts.len() != transfers || step.amounts.iter().any(|a| *a < Cents::ZERO) {
                return Err(ScheduleError::Uneven);
            }
            let total = Cents::sum(step.amounts.iter().copied())?;
            if !total.is_positive() || total > Cents::NOTICE_MAX {
                return Err(ScheduleError::Unpayable);
            }
            let is_last = i.saturating_add(1) == steps.len();
            if (step.until.is_none() && !is_last)
                || (last.is_some() && step.until.is_some() && step.until <= last)
            {
                return Err(ScheduleError::OutOfOrder);
            }
            last = step.until;
        }
        Ok(Schedule(steps))
    }

    /// One price for ever.
    ///
    /// # Errors
    /// [`ScheduleError`].
    pub fn flat(reason: &str, amounts: Vec<Cents>) -> Result<Schedule, ScheduleError> {
        let transfers = amounts.len();
        Schedule::new(
            vec![Step {
                until: None,
                reason: reason.to_owned(),
                amounts,
            }],
            transfers,
        )
    }

    /// What is due on a day; `None` when the notice can no longer be paid.
    #[must_use]
    pub fn due_on(&self, day: Day) -> Option<Due<'_>> {
        let step = self
            .0
            .iter()
            .find(|step| step.until.is_none_or(|until| day <= until))?;
        let total = Cents::sum(step.amounts.iter().copied()).ok()?;
        Some(Due { total, step })
    }

    /// The amount asked first, which is what is printed and booked at publication.
    #[must_use]
    pub fn nominal(&self) -> Cents {
        self.0
            .first()
            .and_then(|step| Cents::sum(step.amounts.iter().copied()).ok())
            .unwrap_or(Cents::ZERO)
    }

    /// The same prices, the last of which holds until a later day; one without an end is never shortened.
    #[must_use]
    pub fn extended(&self, until: Day) -> Schedule {
        let mut steps = self.0.clone();
        if let Some(last) = steps.last_mut() {
            last.until = last.until.map(|end| end.max(until));
        }
        Schedule(steps)
    }

    /// The steps, in time order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The last day on which the notice can be paid; `None` for ever.
    #[must_use]
    pub fn payable_until(&self) -> Option<Day> {
        self.0.last().and_then(|step| step.until)
    }
}

/// One rule that the details break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {}", .said.it)]
pub struct DetailsError {
    /// JSON pointer relative to the details: `/area_m2`.
    pub pointer: String,
    /// The rule and the allowed values.
    pub said: Said,
}

impl DetailsError {
    /// A rule broken at a place, in Italian and in English.
    pub fn new(
        pointer: impl Into<String>,
        it: impl Into<String>,
        en: impl Into<String>,
    ) -> DetailsError {
        DetailsError {
            pointer: pointer.into(),
            said: Said::new(it, en),
        }
    }
}

impl From<MoneyError> for DetailsError {
    fn from(_: MoneyError) -> DetailsError {
        DetailsError::from(ScheduleError::Unpayable)
    }
}

impl From<ScheduleError> for DetailsError {
    fn from(error: ScheduleError) -> DetailsError {
        let (it, en) = match error {
            ScheduleError::Unpayable | ScheduleError::Money(_) | ScheduleError::Uneven => (
                "l'importo di un avviso deve essere da 0,01 a 999.999.999,99 euro",
                "the amount of a notice must be 0.01 to 999,999,999.99 euro",
            ),
            ScheduleError::OutOfOrder => (
                "le scadenze degli importi non sono in ordine di data",
                "the days on which the amount changes are not in order",
            ),
        };
        DetailsError::new("", it, en)
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
pub(super) mod tests;
