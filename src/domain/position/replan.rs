//! The unpaid rest of a position on new notices. A number that is given up is withdrawn, and a receipt for
//! it stays a fact.

use super::amend::{Share, by_body};
use super::{Change, Notice, Position};
use crate::domain::calendar::Day;
use crate::domain::ledger::{Account, Entry, Reason};
use crate::domain::lifecycle::{Event, Refused, State};
use crate::domain::money::{Cents, MoneyError, RemainderOn};
use crate::domain::notice_number::NoticeNumber;
use crate::domain::service::{OptionKind, Schedule, ScheduleError};
use crate::domain::text::{Rule, Text, TextError, fit};

/// New terms for what is unpaid: one notice for each day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replan {
    /// Last day to pay each instalment, in order; one day makes a single notice for the whole rest.
    pub due_on: Vec<Day>,
    /// The smallest instalment that the service grants, of two or more.
    pub minimum: Option<Cents>,
}

/// Why the rest cannot be put on new notices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplanError {
    /// Nothing is unpaid, or it is a draft, or it was withdrawn.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A day to pay by is past, or not after the one before it.
    #[error("must not be past, and must be later than the day before it in the list")]
    DueDay {
        /// Which of the days, from 0.
        index: usize,
    },
    /// An instalment would be smaller than the service grants.
    #[error("an instalment would be {smallest} euro, the service grants {minimum} or more")]
    TooSmall {
        /// The smallest instalment.
        smallest: Cents,
        /// The smallest that is granted.
        minimum: Cents,
    },
    /// Not one number for each instalment.
    #[error("{given} notice numbers were given, {needed} are needed")]
    Numbers {
        /// How many there are.
        given: usize,
        /// How many instalments there are.
        needed: usize,
    },
    /// The parts do not make a notice.
    #[error("the parts do not make a notice: {0}")]
    Schedule(#[from] ScheduleError),
    /// More beneficiaries than a notice has transfers.
    #[error("the rest has {0} beneficiaries, a notice carries five")]
    Beneficiaries(usize),
    /// A composed description does not fit.
    #[error("description: {0}")]
    Description(#[from] TextError),
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Rule for ReplanError {
    fn italian(&self) -> String {
        match self {
            ReplanError::Refused(_) => "lo stato della posizione non lo consente".to_owned(),
            ReplanError::DueDay { .. } => {
                "non può essere passata, e deve essere dopo la data precedente dell'elenco"
                    .to_owned()
            }
            ReplanError::TooSmall { smallest, minimum } => format!(
                "una rata sarebbe di {} euro, il servizio concede rate di almeno {} euro",
                smallest.italian(),
                minimum.italian()
            ),
            ReplanError::Numbers { given, needed } => {
                format!("i numeri indicati sono {given}, ne servono {needed}")
            }
            ReplanError::Schedule(_) => "le parti non formano un avviso".to_owned(),
            ReplanError::Beneficiaries(count) => {
                format!("il residuo ha {count} beneficiari, un avviso ne porta cinque")
            }
            ReplanError::Description(why) => why.italian(),
            ReplanError::Money(why) => why.italian(),
        }
    }
}

impl Position {
    /// Puts what is unpaid on new notices of the same position, at the price of the day, beneficiary by
    /// beneficiary; the last instalment takes the odd cents. Every unpaid notice is withdrawn with it.
    ///
    /// # Errors
    /// [`ReplanError`].
    pub fn replan(
        &self,
        plan: &Replan,
        numbers: Vec<NoticeNumber>,
        today: Day,
    ) -> Result<Change, ReplanError> {
        let mut before = today.pred_opt();
        for (index, day) in plan.due_on.iter().enumerate() {
            if before.is_some_and(|before| *day <= before) {
                return Err(ReplanError::DueDay { index });
            }
            before = Some(*day);
        }
        // Asked first, so that what cannot be replaced is told as such.
        self.moved(self.live(), Event::Replace)?;
        let option = self.option_on(today);
        let rest = self.unpaid(option, |notice| price_on(notice, today))?;
        if rest.is_empty() {
            let (state, event) = (State::Paid, Event::Replace);
            return Err(Refused { state, event }.into());
        }
        let added = self.instalments(plan, numbers, &rest, today)?;
        self.replaced_by(added, &rest, today)
    }

    /// What can still be withdrawn in favour of another notice.
    fn live(&self) -> impl Iterator<Item = &Notice> {
        let unpaid = self.notices.iter().filter(|n| !n.is_paid());
        unpaid.filter(|n| matches!(n.state, State::Open | State::Expired))
    }

    /// Withdraws what is unpaid in favour of new notices, which share a rest.
    pub(super) fn replaced_by(
        &self,
        added: Vec<Notice>,
        rest: &[Share],
        today: Day,
    ) -> Result<Change, ReplanError> {
        let moves = self.moved(self.live(), Event::Replace)?.moves;
        let entry = self.replanned(rest, today)?;
        let given_up = self.notices.iter().filter(|n| !n.is_paid());
        let replaces: Vec<NoticeNumber> = given_up.map(|n| n.number.clone()).collect();
        let added = added.into_iter().map(|notice| Notice {
            replaces: replaces.clone(),
            ..notice
        });
        Ok(Change {
            moves,
            entries: (!entry.postings.is_empty())
                .then_some(entry)
                .into_iter()
                .collect(),
            added: added.collect(),
            rewritten: Vec::new(),
        })
    }

    /// The notices of a new option that carry a rest.
    fn instalments(
        &self,
        plan: &Replan,
        numbers: Vec<NoticeNumber>,
        rest: &[Share],
        today: Day,
    ) -> Result<Vec<Notice>, ReplanError> {
        let (given, needed) = (numbers.len(), plan.due_on.len());
        let count = u16::try_from(needed).unwrap_or(u16::MAX);
        if given != needed || needed == 0 {
            return Err(ReplanError::Numbers { given, needed });
        }
        if !(1..=5).contains(&rest.len()) {
            return Err(ReplanError::Beneficiaries(rest.len()));
        }
        let mut shares = Vec::with_capacity(rest.len());
        for (_, amount) in rest {
            shares.push(amount.split(count, RemainderOn::Last)?.into_iter());
        }
        let option = self.notices.iter().map(|n| n.option).max().unwrap_or(0);
        let reason = format!("residuo del debito al {}", today.format("%d/%m/%Y"));
        let mut made = Vec::with_capacity(needed);
        for ((sequence, due_on), number) in (1u16..).zip(&plan.due_on).zip(numbers) {
            let amounts: Vec<Cents> = shares.iter_mut().filter_map(Iterator::next).collect();
            let total = Cents::sum(amounts.iter().copied())?;
            // A rest that is paid at once is what it is.
            let minimum = plan.minimum.filter(|_| count > 1).unwrap_or(Cents::ZERO);
            if total < minimum || !total.is_positive() {
                return Err(ReplanError::TooSmall {
                    smallest: total,
                    minimum,
                });
            }
            made.push(Notice {
                number,
                option: option.saturating_add(1),
                option_kind: match count {
                    1 => OptionKind::Single,
                    _ => OptionKind::Plan,
                },
                sequence,
                description: self.rest_description(sequence, count)?,
                due_on: Some(*due_on),
                transfers: rest.iter().map(|(to, _)| to.clone()).collect(),
                schedule: Schedule::flat(&reason, amounts)?,
                lapse: None,
                state: State::Open,
                paid_on: None,
                replaces: Vec::new(),
            });
        }
        Ok(made)
    }

    pub(super) fn rest_description(
        &self,
        sequence: u16,
        count: u16,
    ) -> Result<Text<140>, TextError> {
        let rest = match count {
            1 => "residuo".to_owned(),
            _ => format!("residuo, rata {sequence} di {count}"),
        };
        let room = 137usize.saturating_sub(rest.chars().count());
        Text::parse(&format!(
            "{} - {rest}",
            fit(self.description.as_str(), room)
        ))
    }

    /// What the new notices cost beside what is booked for those they replace.
    fn replanned(&self, rest: &[Share], day: Day) -> Result<Entry, MoneyError> {
        let mut owed = by_body(rest)?;
        for (body, booked) in self.booked()? {
            match owed.iter_mut().find(|(known, _)| *known == body) {
                Some((_, amount)) => *amount = amount.minus(booked)?,
                None => owed.push((body, booked.negated())),
            }
        }
        Ok(self.entry(
            (Reason::Replanned, day),
            (Account::Receivable, Account::RevenueDue),
            &owed,
        ))
    }

    /// The option whose price a new plan starts from: before any payment the first that can still be paid.
    fn option_on(&self, day: Day) -> u16 {
        let carrying = self.carrying_option();
        if self.chosen_option().is_some() || carrying != 1 {
            return carrying;
        }
        let payable = |n: &&Notice| self.payable_on(n, day).is_ok();
        let first = self.notices.iter().find(payable);
        first.map_or(carrying, |notice| notice.option)
    }
}

/// What each beneficiary of a notice receives on a day; its last price when it can no longer be paid.
fn price_on(notice: &Notice, day: Day) -> Vec<Cents> {
    let due = notice.schedule.due_on(day).map(|due| due.step);
    let step = due.or_else(|| notice.schedule.steps().last());
    step.map_or_else(Vec::new, |step| step.amounts.clone())
}
