//! A debt position: what somebody owes, the ways to pay it, the notices that carry them.

mod amend;
mod lapse;
mod replan;
mod repricing;

use chrono::Months;
use uuid::Uuid;

pub use replan::{Replan, ReplanError};
pub use repricing::{Integration, RepriceError, Repriced};

use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{Account, Entry, Reason};
use crate::domain::lifecycle::{self, Event, Move, Refused, State};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::notice_number::{Iuv, NoticeNumber};
use crate::domain::service::{
    Assessment, Due, OptionKind, PlanLapse, Row, Schedule, TransferDraft,
};
use crate::domain::text::{Rule, Text, TextError};

/// Who owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debtor {
    /// Person or body; stated, because a person may have an 11-digit code.
    pub kind: DebtorKind,
    /// Tax code, or `ANONIMO`.
    pub tax_code: FiscalCode,
    /// Name and surname, or the name of the body.
    pub full_name: Text<70>,
    /// Where notices are sent.
    pub address: Option<Address>,
    /// Electronic mail.
    pub email: Option<Text<256>>,
}

/// `entityUniqueIdentifierType` of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebtorKind {
    /// `F`.
    Person,
    /// `G`.
    Body,
}

names!(DebtorKind, {
    DebtorKind::Person => "person",
    DebtorKind::Body => "body",
});

/// A postal address, with the bounds of the node's `ctSubject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Street and number.
    pub street: Text<70>,
    /// Postal code.
    pub postal_code: Option<Text<16>>,
    /// Town.
    pub city: Text<35>,
    /// Province, as `AQ`.
    pub province: Option<Text<35>>,
    /// ISO 3166 country, two capital letters.
    pub country: Option<Text<2>>,
}

/// No debt waits longer for its notification: thirty years of months.
const MANY_TIMES: u32 = 360;

/// Most debtors beside the first.
pub const JOINT_DEBTORS_MAX: usize = 9;

/// What somebody owes to a creditor, and every way to pay it.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// The creditor it belongs to.
    pub creditor: FiscalCode,
    /// UUID version 7.
    pub id: Uuid,
    /// The caller's own identifier, unique per creditor.
    pub reference: Option<Text<64>>,
    /// The creditor's service.
    pub service_code: String,
    /// Who owes.
    pub debtor: Debtor,
    /// Who owes the same debt beside the debtor (art. 1292 c.c.), at most [`JOINT_DEBTORS_MAX`]: the
    /// payment of one frees all.
    pub joint_debtors: Vec<Debtor>,
    /// What the citizen reads.
    pub description: Text<140>,
    /// What the office typed: `{"tari": {…}}`.
    pub details: serde_json::Value,
    /// Why this amount.
    pub rows: Vec<Row>,
    /// Day of issue.
    pub issued_on: Day,
    /// Every notice of every option, by option and sequence.
    pub notices: Vec<Notice>,
    /// When it was registered.
    pub created_at: Instant,
    /// Counts changes; the entity tag of the API.
    pub revision: i64,
}

/// The payable unit: one number, one price as a function of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The 18 digits.
    pub number: NoticeNumber,
    /// Which option it belongs to, from 1.
    pub option: u16,
    /// At once, or an instalment.
    pub option_kind: OptionKind,
    /// Place inside the option, from 1.
    pub sequence: u16,
    /// What is paid.
    pub description: Text<140>,
    /// Last day to pay in time.
    pub due_on: Option<Day>,
    /// One to five beneficiaries.
    pub transfers: Vec<TransferDraft>,
    /// What each receives, by day.
    pub schedule: Schedule,
    /// When the plan it belongs to ends by itself.
    pub lapse: Option<PlanLapse>,
    /// Where it stands.
    pub state: State,
    /// Legal day of the first receipt.
    pub paid_on: Option<Day>,
    /// The notices whose unpaid rest this one carries, withdrawn when it was made; empty for a notice of
    /// the assessment. While none of them is paid after all, this one is payable.
    pub replaces: Vec<NoticeNumber>,
}

/// What is given to make a position, beside its price.
#[derive(Debug, Clone)]
pub struct NewPosition {
    /// The creditor it belongs to.
    pub creditor: FiscalCode,
    /// UUID version 7.
    pub id: Uuid,
    /// The caller's own identifier.
    pub reference: Option<Text<64>>,
    /// The creditor's service.
    pub service_code: String,
    /// Who owes.
    pub debtor: Debtor,
    /// Who owes the same debt beside the debtor.
    pub joint_debtors: Vec<Debtor>,
    /// What the citizen reads.
    pub description: Text<140>,
    /// What the office typed.
    pub details: serde_json::Value,
    /// Day of issue.
    pub issued_on: Day,
    /// When it is registered.
    pub created_at: Instant,
}

/// Whether a new position can be paid at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publication {
    /// Payable from now on.
    Now,
    /// Kept as a draft.
    Later,
}

/// Why a position may not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PositionError {
    /// The price has no way of paying, or a notice without beneficiaries.
    #[error("a position needs one to five beneficiaries on each notice")]
    Beneficiaries,
    /// Not one number for each notice.
    #[error("{given} notice numbers were given, {needed} are needed")]
    Numbers {
        /// How many there are.
        given: usize,
        /// How many notices there are.
        needed: usize,
    },
    /// Too many debtors, or one of them twice.
    #[error(
        "a position has at most {JOINT_DEBTORS_MAX} further debtors, each with a tax code of its own"
    )]
    JointDebtors,
    /// A composed description does not fit.
    #[error("description: {0}")]
    Description(#[from] TextError),
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Why a notice cannot be paid on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPayable {
    /// Still a draft.
    #[error("the notice is not published yet")]
    NotPublished,
    /// Its last payable day has passed.
    #[error("the notice can no longer be paid")]
    Expired,
    /// Its plan has ended by itself, because instalments were missed.
    #[error("the plan of the notice has ended, because instalments were missed")]
    PlanLapsed,
    /// The creditor withdrew it.
    #[error("the notice was withdrawn by the creditor")]
    Withdrawn,
    /// An appeal stops it.
    #[error("the notice is suspended while an appeal is decided")]
    Suspended,
    /// It is paid.
    #[error("the notice is already paid")]
    AlreadyPaid,
    /// Another way of paying the same debt has been used.
    #[error("the debt is already paid, in full or in part, with another notice")]
    OtherOptionPaid,
}

impl Rule for NotPayable {
    fn italian(&self) -> String {
        let why = match self {
            NotPayable::NotPublished => "l'avviso non è ancora pubblicato",
            NotPayable::Expired => "il termine per pagare l'avviso è passato",
            NotPayable::PlanLapsed => {
                "la rateazione è decaduta, perché non sono state pagate delle rate"
            }
            NotPayable::Withdrawn => "l'avviso è stato annullato dall'ente",
            NotPayable::Suspended => "l'avviso è sospeso in attesa dell'esito del ricorso",
            NotPayable::AlreadyPaid => "l'avviso è già pagato",
            NotPayable::OtherOptionPaid => {
                "il debito è già pagato, in tutto o in parte, con un altro avviso"
            }
        };
        why.to_owned()
    }
}

/// How a whole position stands: a summary of its notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// Not published.
    Draft,
    /// Payable.
    Open,
    /// Some instalments are paid.
    PartiallyPaid,
    /// Nothing is owed any more.
    Paid,
    /// Nothing can be paid any more.
    Expired,
    /// An appeal stops it.
    Suspended,
    /// Withdrawn.
    Cancelled,
}

names!(Summary, {
    Summary::Draft => "draft",
    Summary::Open => "open",
    Summary::PartiallyPaid => "partially_paid",
    Summary::Paid => "paid",
    Summary::Expired => "expired",
    Summary::Suspended => "suspended",
    Summary::Cancelled => "cancelled",
});

/// What an intent changes: state steps and bookings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// One step for each notice that moves.
    pub moves: Vec<(NoticeNumber, Move)>,
    /// What is booked.
    pub entries: Vec<Entry>,
    /// Notices whose term or price is another one now, whole.
    pub rewritten: Vec<Notice>,
    /// New notices of the position.
    pub added: Vec<Notice>,
}

impl Notice {
    /// The IUV.
    #[must_use]
    pub fn iuv(&self) -> Iuv {
        self.number.iuv()
    }

    /// Whether money for it has been seen.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        matches!(self.state, State::Paid | State::Settled | State::Elsewhere)
    }

    /// Whether it buys digital revenue stamps. Such a notice is paid on the creditor's own pages only, not
    /// at the counter of a provider.
    #[must_use]
    pub fn has_stamps(&self) -> bool {
        self.transfers
            .iter()
            .any(|transfer| transfer.to.stamp().is_some())
    }

    /// What each beneficiary was booked to receive at publication.
    pub fn nominal(&self) -> impl Iterator<Item = (&TransferDraft, Cents)> {
        let amounts = self
            .schedule
            .steps()
            .first()
            .map(|step| step.amounts.as_slice());
        self.transfers
            .iter()
            .zip(amounts.unwrap_or_default().iter().copied())
    }

    /// What a body was booked to receive at publication.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn nominal_of(&self, body: &FiscalCode) -> Result<Cents, MoneyError> {
        let own = self.nominal().filter(|(to, _)| to.to.tax_code == *body);
        Cents::sum(own.map(|(_, amount)| amount))
    }
}

impl Position {
    /// Makes a position from its price and one number per notice, in order.
    ///
    /// # Errors
    /// [`PositionError`].
    pub fn new(
        new: NewPosition,
        assessment: Assessment,
        numbers: Vec<NoticeNumber>,
        publication: Publication,
    ) -> Result<Position, PositionError> {
        let needed = assessment
            .options
            .iter()
            .map(|option| option.notices.len())
            .sum();
        if numbers.len() != needed {
            return Err(PositionError::Numbers {
                given: numbers.len(),
                needed,
            });
        }
        check_debtors(&new)?;
        let state = match publication {
            Publication::Now => State::Open,
            Publication::Later => State::Draft,
        };
        let mut numbers = numbers.into_iter();
        let mut notices = Vec::with_capacity(needed);
        for (option, draft) in (1u16..).zip(assessment.options) {
            for (sequence, notice) in (1u16..).zip(draft.notices) {
                if !(1..=5).contains(&notice.transfers.len()) {
                    return Err(PositionError::Beneficiaries);
                }
                let number = numbers
                    .next()
                    .ok_or(PositionError::Numbers { given: 0, needed })?;
                notices.push(Notice {
                    number,
                    option,
                    option_kind: draft.kind,
                    sequence,
                    description: Text::parse(&notice.description)?,
                    due_on: notice.due_on,
                    transfers: notice.transfers,
                    schedule: notice.schedule,
                    lapse: draft.lapse,
                    state,
                    paid_on: None,
                    replaces: Vec::new(),
                });
            }
        }
        if notices.is_empty() {
            return Err(PositionError::Beneficiaries);
        }
        Ok(Position {
            creditor: new.creditor,
            id: new.id,
            reference: new.reference,
            service_code: new.service_code,
            debtor: new.debtor,
            joint_debtors: new.joint_debtors,
            description: new.description,
            details: new.details,
            rows: assessment.rows,
            issued_on: new.issued_on,
            notices,
            created_at: new.created_at,
            revision: 1,
        })
    }

    /// The notice with this number.
    #[must_use]
    pub fn notice(&self, number: &NoticeNumber) -> Option<&Notice> {
        self.notices.iter().find(|notice| notice.number == *number)
    }

    /// The notices of the first option: what is booked when the position is published.
    fn first_option(&self) -> impl Iterator<Item = &Notice> {
        self.notices.iter().filter(|notice| notice.option == 1)
    }

    /// What is owed in all, as booked at publication.
    #[must_use]
    pub fn total(&self) -> Cents {
        Cents::sum(self.first_option().map(|n| n.schedule.nominal())).unwrap_or(Cents::ZERO)
    }

    /// The option that payments have chosen, if any.
    #[must_use]
    pub fn chosen_option(&self) -> Option<u16> {
        self.notices
            .iter()
            .find(|notice| notice.is_paid())
            .map(|notice| notice.option)
    }

    /// What a notice costs on a day, or why it cannot be paid. The day decides, not a timer.
    ///
    /// # Errors
    /// [`NotPayable`].
    pub fn payable_on<'a>(&self, notice: &'a Notice, day: Day) -> Result<Due<'a>, NotPayable> {
        match notice.state {
            State::Draft => return Err(NotPayable::NotPublished),
            State::Cancelled => return Err(NotPayable::Withdrawn),
            State::Suspended => return Err(NotPayable::Suspended),
            State::Elsewhere | State::Paid | State::Settled => return Err(NotPayable::AlreadyPaid),
            State::Open | State::Expired => {}
        }
        if self.paid_otherwise(notice) {
            return Err(NotPayable::OtherOptionPaid);
        }
        if notice.state == State::Expired {
            return Err(NotPayable::Expired);
        }
        if self.has_lapsed(notice, day) {
            return Err(NotPayable::PlanLapsed);
        }
        notice.schedule.due_on(day).ok_or(NotPayable::Expired)
    }

    /// The first day after the given one on which the price of a notice changes, and what it costs from
    /// then on; `None` when the price holds for ever, or when there is none on the given day.
    #[must_use]
    pub fn next_change<'a>(
        &self,
        notice: &'a Notice,
        day: Day,
    ) -> Option<(Day, Result<Due<'a>, NotPayable>)> {
        let until = self.payable_on(notice, day).ok()?.step.until?;
        let from = until.succ_opt()?;
        Some((from, self.payable_on(notice, from)))
    }

    /// A due date for messages that want one though the term starts at a notification still to come: so many
    /// months after the issue, or the first time after as many again that is not over.
    #[must_use]
    pub fn technical_due_on(&self, day: Day, months: u32) -> Day {
        (1..=MANY_TIMES)
            .filter_map(|times| {
                let months = times.checked_mul(months)?;
                self.issued_on.checked_add_months(Months::new(months))
            })
            .find(|due| *due >= day)
            .unwrap_or(day)
    }

    /// How the whole stands on a day.
    #[must_use]
    pub fn summary(&self, day: Day) -> Summary {
        if self.chosen_option().is_some() {
            return if self.is_settled() {
                Summary::Paid
            } else {
                Summary::PartiallyPaid
            };
        }
        if self.notices.iter().all(|n| n.state == State::Draft) {
            return Summary::Draft;
        }
        if self.notices.iter().all(|n| n.state == State::Cancelled) {
            return Summary::Cancelled;
        }
        if self.notices.iter().any(|n| self.payable_on(n, day).is_ok()) {
            Summary::Open
        } else if self.notices.iter().any(|n| n.state == State::Suspended) {
            Summary::Suspended
        } else {
            Summary::Expired
        }
    }

    /// Books the whole debt, once: options exclude each other.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn published(&self, day: Day) -> Result<Entry, MoneyError> {
        let mut owed = Vec::new();
        for (transfer, amount) in self.first_option().flat_map(Notice::nominal) {
            owed.push((transfer.clone(), amount));
        }
        Ok(self.entry(
            (Reason::Published, day),
            (Account::Receivable, Account::RevenueDue),
            &amend::by_body(&owed)?,
        ))
    }

    /// Makes a draft payable, or what an appeal had stopped.
    ///
    /// # Errors
    /// [`Refused`] when a notice is neither.
    pub fn open(&self, day: Day) -> Result<Change, IntentError> {
        if self.notices.iter().any(|n| n.state == State::Suspended) {
            return self.resume();
        }
        self.publish(day)
    }

    /// Makes a draft payable.
    ///
    /// # Errors
    /// [`Refused`] when a notice is no draft.
    pub fn publish(&self, day: Day) -> Result<Change, IntentError> {
        let moves = self.step_all(self.notices.iter(), Event::Publish)?;
        Ok(Change {
            moves,
            entries: vec![self.published(day)?],
            ..Change::default()
        })
    }

    /// Withdraws whatever is not paid.
    ///
    /// # Errors
    /// [`Refused`] when nothing can be withdrawn: all of it is paid, or withdrawn already.
    pub fn withdraw(&self, day: Day) -> Result<Change, IntentError> {
        let open: Vec<&Notice> = self
            .notices
            .iter()
            .filter(|n| lifecycle::step(n.state, Event::Withdraw).is_ok())
            .collect();
        if open.is_empty() {
            let state = self
                .notices
                .first()
                .map_or(State::Cancelled, |notice| notice.state);
            return Err(Refused {
                state,
                event: Event::Withdraw,
            }
            .into());
        }
        let moves = self.step_all(open.iter().copied(), Event::Withdraw)?;
        // A draft had not been booked.
        let owed = self.booked()?;
        let accounts = (Account::RevenueDue, Account::Receivable);
        let entry = self.entry((Reason::Withdrawn, day), accounts, &owed);
        Ok(Change {
            moves,
            entries: vec![entry],
            ..Change::default()
        })
    }

    /// Stops every notice that is open, while an appeal is decided. Nothing is booked: the debt stands.
    ///
    /// # Errors
    /// [`Refused`] when no notice is open.
    pub fn suspend(&self) -> Result<Change, IntentError> {
        let open = self.notices.iter().filter(|n| n.state == State::Open);
        Ok(self.moved(open, Event::Suspend)?)
    }

    /// Makes payable again what an appeal had stopped.
    ///
    /// # Errors
    /// [`Refused`] when no notice is suspended.
    pub fn resume(&self) -> Result<Change, IntentError> {
        let suspended = self.notices.iter().filter(|n| n.state == State::Suspended);
        Ok(self.moved(suspended, Event::Resume)?)
    }

    fn step_all<'a>(
        &self,
        notices: impl Iterator<Item = &'a Notice>,
        event: Event,
    ) -> Result<Vec<(NoticeNumber, Move)>, Refused> {
        notices
            .map(|n| Ok((n.number.clone(), lifecycle::step(n.state, event)?)))
            .collect()
    }
}

fn check_debtors(new: &NewPosition) -> Result<(), PositionError> {
    let joint = new.joint_debtors.iter().map(|debtor| &debtor.tax_code);
    let mut seen: Vec<&FiscalCode> = Vec::new();
    for tax_code in std::iter::once(&new.debtor.tax_code).chain(joint) {
        if seen.contains(&tax_code) || seen.len() > JOINT_DEBTORS_MAX {
            return Err(PositionError::JointDebtors);
        }
        seen.push(tax_code);
    }
    Ok(())
}

/// Why an intent on a position cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    /// The state does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The new last day to pay is past.
    #[error("the day to pay by must not be past")]
    TermPassed,
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

#[cfg(test)]
pub(crate) mod tests;
