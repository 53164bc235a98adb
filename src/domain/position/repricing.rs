//! A position priced again after it was printed: its notices keep their numbers and get new prices, the
//! books get the difference, and what is paid keeps its facts.

use serde_json::Value;

use super::{Notice, Position};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::lifecycle::{self, Event, Move, Refused, State};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::notice_number::NoticeNumber;
use crate::domain::service::{Assessment, NoticeDraft, OptionDraft, OptionKind, Row};
use crate::domain::text::{Text, TextError};

/// A position priced again.
#[derive(Debug, Clone, PartialEq)]
pub struct Repriced {
    /// What the office has typed by now.
    pub details: Value,
    /// The lines that explain what is asked; those of a paid position stay as they were.
    pub rows: Vec<Row>,
    /// The notices with a new price, each with its step of the table.
    pub notices: Vec<(Notice, Move)>,
    /// The difference, when there is one.
    pub entry: Option<Entry>,
}

/// A further notice of the option that was paid: it asks for what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Payable from now on.
    pub notice: Notice,
    /// What is owed beside what was booked.
    pub entry: Entry,
}

/// Why a position cannot be priced again, or be completed by a further notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepriceError {
    /// The state does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The new price does not fit the notices that were printed.
    #[error("the new price does not fit the notices that were printed")]
    Reshaped,
    /// Nothing was paid, so that nothing can be short.
    #[error("nothing has been paid yet")]
    NothingPaid,
    /// A notice of what was paid in part can still be paid.
    #[error("a notice that asks for the rest is open already")]
    StillOpen,
    /// A composed description does not fit.
    #[error("description: {0}")]
    Description(#[from] TextError),
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Position {
    /// Gives the notices that are not paid the prices of a new assessment.
    ///
    /// # Errors
    /// [`RepriceError`].
    pub fn reprice(
        &self,
        details: Value,
        assessment: Assessment,
        day: Day,
    ) -> Result<Repriced, RepriceError> {
        let drafts = fitting(&self.notices, assessment.options).ok_or(RepriceError::Reshaped)?;
        let mut notices = Vec::new();
        for (notice, draft) in self.notices.iter().zip(drafts) {
            if notice.is_paid() || notice.state == State::Cancelled {
                continue;
            }
            let step = lifecycle::step(notice.state, Event::Reprice)?;
            let priced = Notice {
                description: Text::parse(&draft.description)?,
                due_on: draft.due_on,
                transfers: draft.transfers,
                schedule: draft.schedule,
                ..notice.clone()
            };
            notices.push((priced, step));
        }
        let chosen = self.chosen_option();
        if let (true, None, Some(notice)) = (notices.is_empty(), chosen, self.notices.first()) {
            return Err(lifecycle::step(notice.state, Event::Reprice)
                .err()
                .map_or(RepriceError::Reshaped, RepriceError::Refused));
        }
        let booked = chosen.unwrap_or(1);
        let mut difference = Shares::default();
        let in_books = |notice: &Notice| notice.option == booked && notice.state != State::Draft;
        for (priced, _) in notices.iter().filter(|(notice, _)| in_books(notice)) {
            difference.add_notice(priced)?;
            if let Some(before) = self.notice(&priced.number) {
                difference.take_notice(before)?;
            }
        }
        let entry = difference.entry(self, day, self.id.to_string());
        let rows = match chosen {
            Some(_) => self.rows.clone(),
            None => assessment.rows,
        };
        Ok(Repriced {
            details,
            rows,
            notices,
            entry,
        })
    }

    /// A further notice beside those of the option that was paid, for what is missing there.
    ///
    /// # Errors
    /// [`RepriceError`].
    pub fn complete(
        &self,
        draft: NoticeDraft,
        number: NoticeNumber,
        day: Day,
    ) -> Result<Integration, RepriceError> {
        if self.chosen_option().is_none() {
            return Err(RepriceError::NothingPaid);
        }
        let option = self.carrying_option();
        let own = || self.notices.iter().filter(|notice| notice.option == option);
        let open = own().any(|n| !n.is_paid() && n.state != State::Cancelled);
        if open {
            return Err(RepriceError::StillOpen);
        }
        let last = own().map(|notice| notice.sequence).max().unwrap_or(0);
        let kind = own().next().map_or(OptionKind::Single, |n| n.option_kind);
        let notice = Notice {
            number,
            option,
            option_kind: kind,
            sequence: last.saturating_add(1),
            description: Text::parse(&draft.description)?,
            due_on: draft.due_on,
            transfers: draft.transfers,
            schedule: draft.schedule,
            lapse: None,
            state: State::Open,
            paid_on: None,
            replaces: own().next().map_or_else(Vec::new, |n| n.replaces.clone()),
        };
        let mut more = Shares::default();
        more.add_notice(&notice)?;
        let entry = more.entry(self, day, self.id.to_string());
        // A price is above zero, so there is something to book.
        let entry = entry.ok_or(RepriceError::Money(MoneyError::NoParts))?;
        Ok(Integration { notice, entry })
    }

    /// What the books owe when a first payment chooses another option than the one that was booked, and
    /// that option costs something else.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn choice(
        &self,
        notice: &Notice,
        day: Day,
        reference: &str,
    ) -> Result<Option<Entry>, MoneyError> {
        let others_paid = self
            .notices
            .iter()
            .any(|other| other.number != notice.number && other.is_paid());
        // A rest was booked at its price when it was made.
        if notice.option == 1 || others_paid || !notice.replaces.is_empty() {
            return Ok(None);
        }
        let mut difference = Shares::default();
        for own in &self.notices {
            if own.option == notice.option {
                difference.add_notice(own)?;
            } else if own.option == 1 {
                difference.take_notice(own)?;
            }
        }
        Ok(difference.entry(self, day, reference.to_owned()))
    }
}

/// The drafts in the order of the notices, when each notice has one of its option, place and number of
/// beneficiaries.
fn fitting(notices: &[Notice], options: Vec<OptionDraft>) -> Option<Vec<NoticeDraft>> {
    let mut drafts = Vec::new();
    for (option, draft) in (1u16..).zip(options) {
        for (sequence, notice) in (1u16..).zip(draft.notices) {
            let own = notices.get(drafts.len())?;
            let place = (own.option, own.option_kind, own.sequence);
            if place != (option, draft.kind, sequence)
                || own.transfers.len() != notice.transfers.len()
            {
                return None;
            }
            drafts.push(notice);
        }
    }
    (drafts.len() == notices.len()).then_some(drafts)
}

/// What each beneficiary is owed more, or less when negative.
#[derive(Debug, Default)]
struct Shares(Vec<(FiscalCode, Cents)>);

impl Shares {
    fn add_notice(&mut self, notice: &Notice) -> Result<(), MoneyError> {
        notice
            .nominal()
            .try_for_each(|(transfer, amount)| self.add(&transfer.to.tax_code, amount))
    }

    fn take_notice(&mut self, notice: &Notice) -> Result<(), MoneyError> {
        notice
            .nominal()
            .try_for_each(|(transfer, amount)| self.add(&transfer.to.tax_code, amount.negated()))
    }

    fn add(&mut self, who: &FiscalCode, amount: Cents) -> Result<(), MoneyError> {
        match self.0.iter_mut().find(|(owed, _)| owed == who) {
            Some((_, sum)) => *sum = sum.plus(amount)?,
            None => self.0.push((who.clone(), amount)),
        }
        Ok(())
    }

    fn entry(self, position: &Position, day: Day, reference: String) -> Option<Entry> {
        let service_code = Some(position.service_code.as_str());
        let postings: Vec<Posting> = self
            .0
            .iter()
            .filter_map(|(beneficiary, amount)| {
                let about = About {
                    notice: None,
                    service_code,
                    beneficiary,
                };
                Posting::new(Account::Receivable, Account::RevenueDue, *amount, about)
            })
            .collect();
        (!postings.is_empty()).then_some(Entry {
            reason: Reason::Repriced,
            day,
            reference,
            postings,
        })
    }
}

#[cfg(test)]
mod tests;
