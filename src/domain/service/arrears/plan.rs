//! Monthly instalments of what is owed (L. 160/2019 c. 796-802).

use chrono::{Datelike, Months};

use super::{ArrearsInstalmentRequest, ArrearsInstalments};
use crate::domain::calendar::{Day, LocalCalendar, days_between};
use crate::domain::money::{Cents, MoneyError, RemainderOn, ratio};
use crate::domain::service::{
    DetailsError, NoticeDraft, OptionDraft, OptionKind, Schedule, TransferDraft,
};

/// Instalments that were asked for, and what the service says of them.
pub(super) struct Plan<'a> {
    pub(super) asked: ArrearsInstalmentRequest,
    pub(super) rules: &'a ArrearsInstalments,
    pub(super) calendar: LocalCalendar,
}

impl Plan<'_> {
    /// The plan as a way to pay: each beneficiary's amount is split on its own, the last instalment
    /// settles; the interest is the town's (ADR 0047).
    pub(super) fn option(
        &self,
        (amounts, transfers): (&[Cents], &[TransferDraft]),
        description: impl Fn(&str) -> String,
    ) -> Result<OptionDraft, DetailsError> {
        let mut left = Cents::sum(amounts.iter().copied())?;
        let count = self.count(left)?;
        let mut shares = Vec::with_capacity(amounts.len());
        for amount in amounts {
            shares.push(amount.split(count, RemainderOn::Last)?.into_iter());
        }
        let mut before = self.asked.starts_on;
        let mut notices = Vec::with_capacity(usize::from(count));
        for place in 1..=count {
            let mut parts: Vec<Cents> = shares.iter_mut().filter_map(Iterator::next).collect();
            let paid = Cents::sum(parts.iter().copied())?;
            let end = self.month_end(place)?;
            let interest = self.interest(left, before, end)?;
            if let Some(town) = parts.first_mut() {
                *town = town.plus(interest)?;
            }
            left = left.minus(paid)?;
            before = end;
            notices.push(NoticeDraft {
                description: description(&format!("rata {place} di {count}")),
                due_on: Some(self.calendar.roll(end)),
                transfers: transfers.to_vec(),
                schedule: Schedule::flat("importo dovuto", parts)?,
            });
        }
        Ok(OptionDraft {
            kind: OptionKind::Plan,
            lapse: None,
            notices,
        })
    }

    /// How many instalments, when that many are allowed for the sum.
    fn count(&self, sum: Cents) -> Result<u16, DetailsError> {
        let band = self.rules.band(sum);
        let (least, most) = band.map_or((0, 0), |band| (band.least, band.most));
        let allowed = i64::from(least.max(2))..=i64::from(most);
        if allowed.contains(&self.asked.count) {
            return u16::try_from(self.asked.count).map_err(|_large| MoneyError::NoParts.into());
        }
        if allowed.is_empty() {
            return Err(DetailsError::new(
                "/instalments",
                "per questa somma non si concedono rate",
                "no instalments are granted for this sum",
            ));
        }
        let (least, most) = allowed.into_inner();
        Err(DetailsError::new(
            "/instalments/count",
            format!("per questa somma le rate possono essere da {least} a {most}"),
            format!("for this sum there may be {least} to {most} instalments"),
        ))
    }

    /// The last day of a month, from that of `starts_on` (c. 801).
    fn month_end(&self, place: u16) -> Result<Day, MoneyError> {
        let first = self.asked.starts_on.with_day(1);
        let next = first.and_then(|day| day.checked_add_months(Months::new(u32::from(place))));
        next.and_then(|day| day.pred_opt())
            .ok_or(MoneyError::OutOfRange)
    }

    /// Simple interest on what is still owed, from a day to another.
    fn interest(&self, owed: Cents, from: Day, to: Day) -> Result<Cents, MoneyError> {
        let days = days_between(from, to).saturating_sub(1);
        let product = i128::from(owed.get())
            .saturating_mul(i128::from(self.rules.rate_bp))
            .saturating_mul(i128::from(days));
        ratio(product, 10_000 * 365)
    }
}
