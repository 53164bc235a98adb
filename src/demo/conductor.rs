//! Lets the year pass, day by day. Every step bears repetition, so that the day on which something was
//! killed is simply begun again.

use std::collections::BTreeMap;
use std::time::Instant;

use avviso::domain::calendar::Day;
use avviso::domain::notice_number::SegregationCode;
use chrono::{Datelike as _, NaiveDate, Weekday};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::bars::Bars;
use super::engine::{self, Position};
use super::gateway::Offer;
use super::http::Halt;
use super::progress::{Progress, millis_since};
use super::stage::Stage;
use super::year::{Family, Issue, YEAR, Year};

/// Registrations on their way at the same time.
const IN_FLIGHT: usize = 32;
/// The first day, and the last one: what is paid late in December is reported and credited in January.
const FIRST_DAY: Option<Day> = NaiveDate::from_ymd_opt(YEAR, 1, 1);
const LAST_DAY: Option<Day> = NaiveDate::from_ymd_opt(YEAR + 1, 1, 25);

/// Every day there is.
pub(crate) fn days() -> impl Iterator<Item = Day> {
    let last = LAST_DAY.unwrap_or_default();
    FIRST_DAY
        .unwrap_or_default()
        .iter_days()
        .take_while(move |day| *day <= last)
}

/// The day to begin with.
pub(crate) fn next_day(progress: &Progress) -> Day {
    let next = progress
        .last_day
        .and_then(|day| day.succ_opt())
        .or(FIRST_DAY);
    next.unwrap_or_default().min(LAST_DAY.unwrap_or_default())
}

/// Everything that is needed to let a day pass.
pub(crate) struct Conductor<'a> {
    pub(crate) year: &'a Year,
    pub(crate) stage: &'a Stage,
    pub(crate) code: &'a SegregationCode,
    pub(crate) bars: &'a Bars,
    pub(crate) halt: &'a Halt,
    pub(crate) progress: &'a mut Progress,
    pub(crate) begun: Instant,
    /// Real time used before this run.
    pub(crate) millis_before: u64,
}

impl Conductor<'_> {
    /// The whole year, from where it stands.
    ///
    /// # Errors
    /// When a step fails, or the user wants to stop.
    pub(crate) async fn conduct(&mut self) -> anyhow::Result<()> {
        self.count_what_is_done().await?;
        for day in days() {
            if self.progress.last_day.is_some_and(|last| day <= last) {
                continue;
            }
            self.halt.check()?;
            self.day(day).await?;
            self.progress.last_day = Some(day);
            self.save()?;
            self.bars.day(day)?;
        }
        Ok(())
    }

    /// Writes down how far it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&mut self) -> anyhow::Result<()> {
        self.progress.real_millis = self.millis_before.saturating_add(millis_since(self.begun));
        self.progress.peak_kib = self.progress.peak_kib.max(self.stage.serve.peak_kib());
        self.progress.save()
    }

    async fn count_what_is_done(&self) -> anyhow::Result<()> {
        let Some(last) = self.progress.last_day else {
            return Ok(());
        };
        let days_done = days().take_while(|day| *day <= last).count();
        let issued = self
            .year
            .issues
            .iter()
            .take_while(|issue| issue.day <= last);
        let paid = self.stage.gateway.truth().await?.payments;
        self.bars.begin(
            u64::try_from(days_done).unwrap_or(0),
            issued.map(Issue::notices).sum(),
            paid,
        );
        Ok(())
    }

    async fn day(&mut self, day: Day) -> anyhow::Result<()> {
        let morning = engine::morning(day);
        self.stage.serve.set_clock(morning);
        self.stage.engine.set_clock(morning).await?;
        let begun = Instant::now();
        self.issue(day).await?;
        self.progress.spent.issuing += millis_since(begun);
        let begun = Instant::now();
        let restarts = self.stage.serve.restarts();
        let figures = self.stage.gateway.run_day(day).await?;
        self.bars.paid(figures.payments);
        for held in &figures.held_open {
            self.stage.engine.withdraw(&held.notice_number).await?;
        }
        self.progress.spent.paying += millis_since(begun);
        let begun = Instant::now();
        // At once, so that a flow put right two days later is seen as it was at first.
        if figures.flows_published > 0 {
            self.stage.engine.pull_flows(day).await?;
        }
        if cash_is_handed_in_on(day) {
            self.hand_in_cash(day).await?;
        }
        self.progress.spent.accounts += millis_since(begun);
        if self.stage.serve.restarts() > restarts {
            self.bars
                .note(&format!("{day}: avviso è stato interrotto e riparte"))?;
        }
        Ok(())
    }

    /// Registers the positions of the day, and offers their notices to those who pay.
    async fn issue(&self, day: Day) -> anyhow::Result<()> {
        let registrations = self.year.on(day).map(|issue| self.register(issue));
        let offers: Vec<(Family, Vec<Offer>)> = stream::iter(registrations)
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await?;
        let mut batches: BTreeMap<Family, Vec<Offer>> = BTreeMap::new();
        for (family, offers) in offers {
            batches.entry(family).or_default().extend(offers);
        }
        for (family, mut offers) in batches {
            // Answers come in any order.
            offers.sort_by(|a, b| a.notice_number.cmp(&b.notice_number));
            let quota = self
                .year
                .quotas
                .get(&(day, family))
                .cloned()
                .unwrap_or_default();
            let batch = format!("{}-{day}", family.name());
            self.stage.gateway.offer(&batch, &quota, &offers).await?;
        }
        Ok(())
    }

    async fn register(&self, issue: &Issue) -> anyhow::Result<(Family, Vec<Offer>)> {
        self.halt.check()?;
        let reference = issue.reference();
        let body = self.year.body(issue, self.code);
        let position = self.stage.engine.register(&reference, &body).await?;
        let offers = self.offers(issue, &reference, position);
        self.bars.issued(u64::try_from(offers.len()).unwrap_or(0));
        Ok((issue.family, offers))
    }

    fn offers(&self, issue: &Issue, group: &str, position: Position) -> Vec<Offer> {
        let mut offers = Vec::new();
        for (option, way) in position.payment_options.into_iter().enumerate() {
            for (sequence, notice) in (1..).zip(way.notices) {
                offers.push(Offer {
                    due_on: self.year.pays_by(issue, notice.due_date),
                    term_on: notice.due_date,
                    notice_number: notice.notice_number,
                    group: group.to_owned(),
                    option,
                    sequence,
                    issued_on: issue.day,
                });
            }
        }
        offers
    }

    /// What the accounts office does: it hands in the bank's journal.
    async fn hand_in_cash(&mut self, day: Day) -> anyhow::Result<()> {
        let from = self
            .progress
            .cash_until
            .and_then(|last| last.succ_opt())
            .or(FIRST_DAY);
        if let Some(journal) = self.stage.gateway.journal(from.unwrap_or(day), day).await? {
            self.stage.engine.import_cash(day, journal).await?;
        }
        // Saved with the end of the day: a day begun again hands in the same journal.
        self.progress.cash_until = Some(day);
        Ok(())
    }
}

/// Once a week, at the end of each month, and at the end of all.
fn cash_is_handed_in_on(day: Day) -> bool {
    let month_ends = day
        .succ_opt()
        .is_none_or(|next| next.month() != day.month());
    day.weekday() == Weekday::Fri || month_ends || Some(day) == LAST_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_its_days_and_the_first_weeks_of_the_next_one() {
        assert_eq!(days().count(), 365 + 25);
        let accounts = days().filter(|day| cash_is_handed_in_on(*day)).count();
        assert!((60..=75).contains(&accounts), "{accounts}");
    }
}
