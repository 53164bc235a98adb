//! What an office may do with a position that stands, under the same numbers: let it expire and extend
//! it, restore what was withdrawn; and what of it is still owed.

use super::{Change, IntentError, Notice, Position};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::lifecycle::{self, Event, Refused, State};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::service::TransferDraft;

/// What one beneficiary is still owed.
pub(super) type Share = (TransferDraft, Cents);

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

    /// What is still owed by an option, beneficiary by beneficiary, when a notice costs what `price` says.
    /// What was paid on a notice that had been replaced is taken off, down to nothing.
    pub(super) fn unpaid(
        &self,
        option: u16,
        price: impl Fn(&Notice) -> Vec<Cents>,
    ) -> Result<Vec<Share>, MoneyError> {
        let mut shares: Vec<Share> = Vec::new();
        for notice in self.of_option(option).filter(|n| is_owed(n)) {
            for (transfer, amount) in notice.transfers.iter().zip(price(notice)) {
                // Two stamps of one document are two stamps: they are not summed.
                let same =
                    |(known, _): &&mut Share| known.to == transfer.to && known.to.stamp().is_none();
                match shares.iter_mut().find(same) {
                    Some((_, sum)) => *sum = sum.plus(amount)?,
                    None => shares.push((transfer.clone(), amount)),
                }
            }
        }
        for notice in self.strays() {
            for (transfer, amount) in notice.nominal() {
                let left =
                    |(known, left): &&mut Share| known.to == transfer.to && left.is_positive();
                if let Some((_, sum)) = shares.iter_mut().find(left) {
                    *sum = sum.minus(amount)?.max(Cents::ZERO);
                }
            }
        }
        shares.retain(|(_, amount)| amount.is_positive());
        Ok(shares)
    }

    /// The option that carries the debt: the latest rest, else the one that payments have chosen, else the
    /// first, which was booked at publication.
    pub(super) fn carrying_option(&self) -> u16 {
        let rests = self.notices.iter().filter(|n| !n.replaces.is_empty());
        let latest = rests.map(|n| n.option).max();
        latest.or_else(|| self.chosen_option()).unwrap_or(1)
    }

    pub(super) fn of_option(&self, option: u16) -> impl Iterator<Item = &Notice> {
        self.notices.iter().filter(move |n| n.option == option)
    }

    fn carrying(&self) -> impl Iterator<Item = &Notice> {
        self.of_option(self.carrying_option())
    }

    /// What a withdrawal takes back: what was booked and is not paid.
    pub(super) fn booked(&self) -> Result<Vec<(FiscalCode, Cents)>, MoneyError> {
        by_body(&self.unpaid(self.carrying_option(), nominal)?)
    }

    /// What a body is still owed, by the notices that carry the debt. What was paid on notices that they
    /// replace is taken off, from the first.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn owed_to(&self, body: &FiscalCode) -> Result<Vec<(&Notice, Cents)>, MoneyError> {
        let mut stray = Cents::ZERO;
        for notice in self.strays() {
            stray = stray.plus(notice.nominal_of(body)?)?;
        }
        let mut owed = Vec::new();
        for notice in self.carrying().filter(|n| is_owed(n)) {
            let nominal = notice.nominal_of(body)?;
            let covered = stray.min(nominal);
            stray = stray.minus(covered)?;
            owed.push((notice, nominal.minus(covered)?));
        }
        owed.retain(|(_, amount)| amount.is_positive());
        Ok(owed)
    }

    /// By how much less is owed to a body once a notice is paid though another payment has settled what it asks
    /// for, or though it was withdrawn: a notice that was put on new ones pays a part of them, and the whole after
    /// an instalment ends the plan.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn lessened_by(&self, notice: &Notice, body: &FiscalCode) -> Result<Cents, MoneyError> {
        let mut paid = self.clone();
        for one in paid
            .notices
            .iter_mut()
            .filter(|n| n.number == notice.number)
        {
            one.state = State::Paid;
        }
        let owed = |position: &Position| {
            let owed = position.owed_to(body)?;
            Cents::sum(owed.into_iter().map(|(_, amount)| amount))
        };
        Ok(owed(self)?.minus(owed(&paid)?)?.max(Cents::ZERO))
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
    pub(super) fn moved<'a>(
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
    matches!(
        notice.state,
        State::Open | State::Expired | State::Suspended
    )
}

/// What each beneficiary of a notice was booked to receive.
fn nominal(notice: &Notice) -> Vec<Cents> {
    notice.nominal().map(|(_, amount)| amount).collect()
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
