//! Instalments of a report for who is poor (art. 202-bis CdS): equal parts of the sum, and simple
//! interest on what is still owed. The law does not write the scheme of the interest; this is the usual
//! one (ADR 0031).

use chrono::Months;

use super::details::{FineDetails, FineInstalmentRequest};
use super::terms::{FineInstalments, FineTerms};
use crate::domain::calendar::{Day, LocalCalendar};
use crate::domain::findings::Findings;
use crate::domain::money::{Cents, MoneyError, RemainderOn, ratio};

/// One instalment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instalment {
    /// Part of the sum.
    pub(super) principal: Cents,
    /// Interest since the instalment before.
    pub(super) interest: Cents,
    /// Last day to pay it in time.
    pub(super) due_on: Day,
}

/// Divides a sum into monthly instalments. The first is due a month after `starts_on`; interest counts
/// days between the same days of the month, whether or not they are holidays.
pub(super) fn divide(
    sum: Cents,
    count: u16,
    (starts_on, rate_bp): (Day, u32),
    calendar: LocalCalendar,
) -> Result<Vec<Instalment>, MoneyError> {
    let mut owed = sum;
    let mut before = starts_on;
    let mut instalments = Vec::new();
    for (month, principal) in (1u32..).zip(sum.split(count, RemainderOn::Last)?) {
        let day = starts_on.checked_add_months(Months::new(month));
        let day = day.ok_or(MoneyError::OutOfRange)?;
        let days = day.signed_duration_since(before).num_days();
        let interest = i128::from(owed.get())
            .saturating_mul(i128::from(rate_bp))
            .saturating_mul(i128::from(days));
        instalments.push(Instalment {
            principal,
            interest: ratio(interest, 10_000 * 365)?,
            due_on: calendar.roll(day),
        });
        owed = owed.minus(principal)?;
        before = day;
    }
    Ok(instalments)
}

impl FineInstalments {
    /// The most instalments of a sum: the band of the law, and no instalment below the least.
    pub(super) fn most(&self, sum: Cents) -> i64 {
        let band = self
            .bands
            .iter()
            .find(|band| band.up_to_cents.is_none_or(|end| sum.get() <= end));
        let by_band = band.map_or(0, |band| i64::from(band.most));
        let by_amount = sum.get().checked_div(self.least_cents).unwrap_or(0);
        by_band.min(by_amount)
    }
}

/// Whether instalments may be granted: for this sum, to this family, in time.
pub(super) fn check_request(
    request: &FineInstalmentRequest,
    details: &FineDetails,
    terms: &FineTerms,
    (reduced, notified_on): (Cents, Option<Day>),
    findings: &mut Findings,
) {
    let Some(rules) = &terms.instalments else {
        findings.add(
            "/instalments",
            "il servizio non prevede rate",
            "the service grants no instalments",
        );
        return;
    };
    if reduced.get() <= rules.above_cents {
        let above = Cents::new(rules.above_cents).unwrap_or(Cents::ZERO);
        findings.add(
            "/instalments",
            format!("la somma dovuta deve superare {} euro", above.italian()),
            format!("the sum that is owed must be above {above} euro"),
        );
    } else if !(2..=rules.most(reduced)).contains(&request.count) {
        let most = rules.most(reduced);
        findings.add(
            "/instalments/count",
            format!("per questa somma le rate possono essere da 2 a {most}"),
            format!("for this sum there may be 2 to {most} instalments"),
        );
    }
    let more = rules
        .income_per_relative_cents
        .saturating_mul(request.relatives);
    let income = rules.income_cents.saturating_add(more);
    if request.income_cents > income {
        let limit = Cents::new(income).unwrap_or(Cents::NOTICE_MAX);
        findings.add(
            "/instalments/income_cents",
            format!(
                "non può superare {} euro per questo nucleo familiare",
                limit.italian()
            ),
            format!("must not be above {limit} euro for this family"),
        );
    }
    if let Some(notified_on) = notified_on {
        let last = terms.calendar().deadline(notified_on, rules.request_days);
        if !(notified_on..=last).contains(&request.requested_on) {
            findings.add(
                "/instalments/requested_on",
                format!("deve essere dal {notified_on} al {last}"),
                format!("must be from {notified_on} to {last}"),
            );
        }
    }
    if request.starts_on < request.requested_on {
        findings.add(
            "/instalments/starts_on",
            "non può precedere requested_on",
            "must not be before requested_on",
        );
    }
    if details.enrolled_on.is_some() {
        findings.add(
            "/instalments",
            "una somma iscritta a ruolo non si rateizza così",
            "a sum on the roll is not paid in these instalments",
        );
    }
}
