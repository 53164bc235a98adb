//! What an office may do with a position that stands: let it expire and extend it, restore what was
//! withdrawn, and put the unpaid rest on new notices. A number keeps its notice; one that is given up is
//! withdrawn, and a receipt for it stays a fact.

use super::{Change, IntentError, Notice, Position};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::lifecycle::{self, Event, Refused, State};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::notice_number::NoticeNumber;
use crate::domain::service::{OptionKind, Schedule, ScheduleError, TransferDraft};
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

/// What one beneficiary is still owed.
type Share = (TransferDraft, Cents);

impl Position {
    /// Stops payments of what is open, as if its term had passed. The debt stays owed.
    ///
    /// # Errors
    /// [`Refused`] when nothing is open.
    pub fn expire(&self) -> Result<Change, IntentError> {
        let open = self.notices.iter().filter(|n| n.state == State::Open);
        Ok(self.moved(open, Event::Lapse)?)
    }

    /// Gives what is unpaid a later last day: numbers and prices stay, the last price holds longer.
    ///
    /// # Errors
    /// [`IntentError::TermPassed`] for a day that is past, [`Refused`] when no term is earlier.
    pub fn extend(&self, until: Day, today: Day) -> Result<Change, IntentError> {
        if until < today {
            return Err(IntentError::TermPassed);
        }
        let earlier = |day: Option<Day>| day.is_some_and(|day| day < until);
        let wants = |notice: &&Notice| {
            lifecycle::step(notice.state, Event::Extend).is_ok()
                && !self.paid_otherwise(notice)
                && (notice.state == State::Expired
                    || earlier(notice.due_on)
                    || earlier(notice.schedule.payable_until()))
        };
        let late: Vec<&Notice> = self.notices.iter().filter(wants).collect();
        let change = self.moved(late.iter().copied(), Event::Extend)?;
        let extended = late.into_iter().map(|notice| Notice {
            due_on: if earlier(notice.due_on) {
                Some(until)
            } else {
                notice.due_on
            },
            schedule: notice.schedule.extended(until),
            ..notice.clone()
        });
        Ok(Change {
            rewritten: extended.collect(),
            ..change
        })
    }

    /// Makes payable again what was withdrawn, under the same numbers. `booked` is what the books say of
    /// this position, oldest first: what the withdrawal took back is booked again.
    ///
    /// # Errors
    /// [`Refused`] when nothing that is withdrawn can come back.
    pub fn restore(&self, booked: &[Entry], day: Day) -> Result<Change, IntentError> {
        let withdrawn = self
            .notices
            .iter()
            .filter(|n| n.state == State::Cancelled && !self.is_replaced(n));
        let change = self.moved(withdrawn, Event::Restore)?;
        let owed = |entry: &&Entry| {
            matches!(
                entry.reason,
                Reason::Published | Reason::Withdrawn | Reason::Restored
            )
        };
        let entry = match booked.iter().rfind(owed) {
            // It was withdrawn as a draft, which had not been booked.
            None => self.published(day)?,
            Some(last) => Entry {
                reason: Reason::Restored,
                day,
                reference: self.id.to_string(),
                // A withdrawal that found nothing to take back has left no trace.
                postings: if last.reason == Reason::Withdrawn {
                    last.postings.iter().map(Posting::reversed).collect()
                } else {
                    Vec::new()
                },
            },
        };
        Ok(Change {
            entries: vec![entry],
            ..change
        })
    }

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
        let given_up: Vec<&Notice> = self.notices.iter().filter(|n| !n.is_paid()).collect();
        let live = given_up.iter().copied();
        let live = live.filter(|n| matches!(n.state, State::Open | State::Expired));
        let moves = self.moved(live, Event::Replace)?.moves;
        let option = self.option_on(today);
        let rest = self.unpaid(option, |notice| price_on(notice, today))?;
        if rest.is_empty() {
            let (state, event) = (State::Paid, Event::Replace);
            return Err(Refused { state, event }.into());
        }
        let added = self.instalments(plan, numbers, &rest, today)?;
        let entry = self.replanned(&rest, today)?;
        let replaces: Vec<NoticeNumber> = given_up.iter().map(|n| n.number.clone()).collect();
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
            shares.push(amount.split(count)?.into_iter());
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
                state: State::Open,
                paid_on: None,
                replaces: Vec::new(),
            });
        }
        Ok(made)
    }

    fn rest_description(&self, sequence: u16, count: u16) -> Result<Text<140>, TextError> {
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

    /// What is still owed by an option, beneficiary by beneficiary, when a notice costs what `price` says.
    /// What was paid on a notice that had been replaced is taken off, down to nothing.
    fn unpaid(
        &self,
        option: u16,
        price: impl Fn(&Notice) -> Vec<Cents>,
    ) -> Result<Vec<Share>, MoneyError> {
        let mut shares: Vec<Share> = Vec::new();
        for notice in self.of_option(option).filter(|n| is_owed(n)) {
            for (transfer, amount) in notice.transfers.iter().zip(price(notice)) {
                match shares.iter_mut().find(|(known, _)| known.to == transfer.to) {
                    Some((_, sum)) => *sum = sum.plus(amount)?,
                    None => shares.push((transfer.clone(), amount)),
                }
            }
        }
        for notice in self.strays() {
            for (transfer, amount) in notice.nominal() {
                if let Some((_, sum)) = shares.iter_mut().find(|(known, _)| known.to == transfer.to)
                {
                    *sum = sum.minus(amount)?.max(Cents::ZERO);
                }
            }
        }
        shares.retain(|(_, amount)| amount.is_positive());
        Ok(shares)
    }

    /// The option that carries the debt: the latest rest, else the one that payments have chosen, else the
    /// first, which was booked at publication.
    fn carrying_option(&self) -> u16 {
        let rests = self.notices.iter().filter(|n| !n.replaces.is_empty());
        let latest = rests.map(|n| n.option).max();
        latest.or_else(|| self.chosen_option()).unwrap_or(1)
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

    fn of_option(&self, option: u16) -> impl Iterator<Item = &Notice> {
        self.notices.iter().filter(move |n| n.option == option)
    }

    fn carrying(&self) -> impl Iterator<Item = &Notice> {
        self.of_option(self.carrying_option())
    }

    /// What a withdrawal takes back: what was booked and is not paid.
    pub(super) fn booked(&self) -> Result<Vec<(FiscalCode, Cents)>, MoneyError> {
        by_body(&self.unpaid(self.carrying_option(), nominal)?)
    }

    /// Notices that were paid after the rest of the debt had been put on others.
    fn strays(&self) -> impl Iterator<Item = &Notice> {
        let replaced = self.carrying().next().map(|n| n.replaces.as_slice());
        let replaced = replaced.unwrap_or_default();
        self.notices
            .iter()
            .filter(|n| n.is_paid() && replaced.contains(&n.number))
    }

    /// Whether a later notice carries the rest of this one.
    fn is_replaced(&self, notice: &Notice) -> bool {
        self.notices
            .iter()
            .any(|other| other.replaces.contains(&notice.number))
    }

    /// Whether a payment of another notice has settled what this one asks for: another option of the
    /// debt, or a notice that this one replaces.
    #[must_use]
    pub fn paid_otherwise(&self, notice: &Notice) -> bool {
        if notice.replaces.is_empty() {
            let chosen = self.chosen_option();
            return chosen.is_some_and(|chosen| chosen != notice.option);
        }
        self.notices
            .iter()
            .any(|other| other.is_paid() && notice.replaces.contains(&other.number))
    }

    /// Whether nothing is owed any more.
    pub(super) fn is_settled(&self) -> bool {
        let unpaid = self.carrying().filter(|n| !n.is_paid());
        let owed = Cents::sum(unpaid.map(|n| n.schedule.nominal()));
        let paid = Cents::sum(self.strays().map(|n| n.schedule.nominal()));
        matches!((owed, paid), (Ok(owed), Ok(paid)) if owed <= paid)
    }

    /// Whether every notice that carries the debt is in one of these states.
    #[must_use]
    pub fn stands_in(&self, states: &[State]) -> bool {
        self.carrying().all(|n| states.contains(&n.state))
    }

    /// One step of each notice; refused when there is none to step.
    fn moved<'a>(
        &self,
        notices: impl Iterator<Item = &'a Notice>,
        event: Event,
    ) -> Result<Change, Refused> {
        let moves = self.step_all(notices, event)?;
        if moves.is_empty() {
            let state = self.notices.first().map_or(State::Cancelled, |n| n.state);
            return Err(Refused { state, event });
        }
        Ok(Change {
            moves,
            ..Change::default()
        })
    }

    /// One posting for each body.
    pub(super) fn entry(
        &self,
        (reason, day): (Reason, Day),
        (debit, credit): (Account, Account),
        owed: &[(FiscalCode, Cents)],
    ) -> Entry {
        let postings = owed.iter().filter_map(|(beneficiary, amount)| {
            let about = About {
                notice: None,
                service_code: Some(self.service_code.as_str()),
                beneficiary,
            };
            Posting::new(debit, credit, *amount, about)
        });
        Entry {
            reason,
            day,
            reference: self.id.to_string(),
            postings: postings.collect(),
        }
    }
}

/// Whether a notice was booked and can still bring money in.
fn is_owed(notice: &Notice) -> bool {
    matches!(notice.state, State::Open | State::Expired)
}

/// What each beneficiary of a notice was booked to receive.
fn nominal(notice: &Notice) -> Vec<Cents> {
    notice.nominal().map(|(_, amount)| amount).collect()
}

/// What each beneficiary of a notice receives on a day; its last price when it can no longer be paid.
fn price_on(notice: &Notice, day: Day) -> Vec<Cents> {
    let due = notice.schedule.due_on(day).map(|due| due.step);
    let step = due.or_else(|| notice.schedule.steps().last());
    step.map_or_else(Vec::new, |step| step.amounts.clone())
}

/// Shares summed by the body that owns the money.
pub(super) fn by_body(shares: &[Share]) -> Result<Vec<(FiscalCode, Cents)>, MoneyError> {
    let mut bodies: Vec<(FiscalCode, Cents)> = Vec::new();
    for (transfer, amount) in shares {
        let body = &transfer.to.tax_code;
        match bodies.iter_mut().find(|(known, _)| known == body) {
            Some((_, sum)) => *sum = sum.plus(*amount)?,
            None => bodies.push((body.clone(), *amount)),
        }
    }
    Ok(bodies)
}

#[cfg(test)]
mod tests;
