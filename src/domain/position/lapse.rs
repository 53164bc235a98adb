//! What the passing of days does to a position: terms end, and with missed instalments whole plans. It holds
//! when somebody asks, on the day they ask; a job writes it down later (ADR 0048).

use super::amend::Share;
use super::{Change, Notice, Position, ReplanError};
use crate::domain::calendar::Day;
use crate::domain::lifecycle::{self, Event, Move, State};
use crate::domain::notice_number::NoticeNumber;
use crate::domain::service::{NoticeDraft, OptionKind};

impl Notice {
    /// The day after which something may have to be written down of it while it is open: its last payable
    /// day, or the day to pay an instalment whose missing counts towards the end of its plan.
    #[must_use]
    pub fn ends_on(&self) -> Option<Day> {
        let missed_after = self.lapse.and(self.due_on);
        match (missed_after, self.schedule.payable_until()) {
            (Some(missed), Some(until)) => Some(missed.min(until)),
            (missed, until) => missed.or(until),
        }
    }
}

impl Position {
    /// Whether the plan of a notice has ended by itself before a day: its first instalment was not paid by
    /// its day, or later as many others as its rule says. What was paid late was not missed.
    pub(super) fn has_lapsed(&self, notice: &Notice, day: Day) -> bool {
        let Some(lapse) = notice.lapse else {
            return false;
        };
        let is_missed = |n: &&Notice| {
            matches!(n.state, State::Open | State::Expired) && n.due_on.is_some_and(|due| due < day)
        };
        let missed = || self.of_option(notice.option).filter(is_missed);
        let others = missed().filter(|n| n.sequence > 1).count();
        missed().any(|n| n.sequence == 1) || others >= usize::from(lapse.missed)
    }

    /// The steps of open notices that cannot be paid any more on a day: their last payable day has passed,
    /// or their plan has ended.
    #[must_use]
    pub fn lapsed(&self, day: Day) -> Vec<(NoticeNumber, Move)> {
        let is_over = |n: &&Notice| {
            n.state == State::Open && (n.schedule.due_on(day).is_none() || self.has_lapsed(n, day))
        };
        let over = self.notices.iter().filter(is_over);
        over.filter_map(|n| {
            let step = lifecycle::step(n.state, Event::Lapse).ok()?;
            Some((n.number.clone(), step))
        })
        .collect()
    }

    /// Whether the plan that carries the debt has ended by a day with a part of it paid: nothing that can be
    /// paid asks for its rest.
    #[must_use]
    pub fn wants_rest(&self, day: Day) -> bool {
        let option = self.carrying_option();
        self.chosen_option() == Some(option)
            && self
                .of_option(option)
                .any(|n| n.state == State::Open && self.has_lapsed(n, day))
    }

    /// Whether a plan that would end by itself was paid to its last instalment: what it cost is what was due,
    /// whatever the days of payment would ask at once.
    #[must_use]
    pub fn has_paid_its_plan(&self) -> bool {
        let option = self.carrying_option();
        self.of_option(option)
            .all(|n| n.lapse.is_some() && n.is_paid())
    }

    /// Ends a plan of which a part was paid: what was missed is withdrawn, and one notice asks for the rest,
    /// which falls due at once.
    ///
    /// # Errors
    /// [`ReplanError`].
    pub fn end_plan(
        &self,
        rest: NoticeDraft,
        number: NoticeNumber,
        day: Day,
    ) -> Result<Change, ReplanError> {
        let amounts = rest.schedule.steps().first();
        let amounts = amounts.map_or_else(Vec::new, |step| step.amounts.clone());
        let shares: Vec<Share> = rest.transfers.iter().cloned().zip(amounts).collect();
        let option = self.notices.iter().map(|n| n.option).max().unwrap_or(0);
        let notice = Notice {
            number,
            option: option.saturating_add(1),
            option_kind: OptionKind::Single,
            sequence: 1,
            description: self.rest_description(1, 1)?,
            due_on: rest.due_on,
            transfers: rest.transfers,
            schedule: rest.schedule,
            lapse: None,
            state: State::Open,
            paid_on: None,
            replaces: Vec::new(),
        };
        self.replaced_by(vec![notice], &shares, day)
    }
}

#[cfg(test)]
mod tests;
