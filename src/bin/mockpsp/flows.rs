//! Settlement: at the close of an operating day the collected transfers become reporting flows
//! and credits. One flow is one provider, one beneficiary account and one operating day.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Rome;
use serde::{Deserialize, Serialize};

use crate::psps;
use crate::rng::Rng;
use crate::state::{Day, State};
use crate::treasury::{self, Credit};

/// How often flows and credits go wrong, in parts of a thousand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FlowMischief {
    /// The header does not fit the rows; revision 2 puts it right two days later.
    pub(crate) flow_wrong_sum: u32,
    /// Revision 1 leaves a row out; revision 2 has them all two days later.
    pub(crate) flow_revised: u32,
    /// The money arrives as two movements, 1 to 3 working days apart.
    pub(crate) cash_split: u32,
}

/// A reporting flow with all its revisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flow {
    /// `<regulation date><PSP id>-<progressive>`.
    pub(crate) fdr: String,
    pub(crate) psp: usize,
    /// Tax code of the beneficiary.
    pub(crate) org: String,
    pub(crate) org_name: String,
    pub(crate) iban: String,
    /// The transfer reference of the payment that settles the flow.
    pub(crate) regulation: String,
    pub(crate) regulation_date: Day,
    /// Payment index and transfer number.
    pub(crate) rows: Vec<(usize, u8)>,
    /// The true sum of the rows.
    pub(crate) cents: u64,
    pub(crate) revisions: Vec<Revision>,
    pub(crate) credits: Vec<Credit>,
}

/// What one revision of a flow says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revision {
    pub(crate) fdr_date: DateTime<Utc>,
    pub(crate) published: DateTime<Utc>,
    pub(crate) total_payments: u64,
    pub(crate) sum_cents: u64,
    /// Rows that this revision leaves out, from the end.
    #[serde(default)]
    pub(crate) left_out: usize,
}

impl Flow {
    /// The latest revision published by the end of `today`, and its number.
    pub(crate) fn latest(&self, today: Day) -> Option<(u64, &Revision)> {
        let visible = |revision: &&Revision| local_day(revision.published) <= today;
        let count = self.revisions.iter().take_while(visible).count();
        let revision = self.revisions.get(count.checked_sub(1)?)?;
        Some((u64::try_from(count).ok()?, revision))
    }
}

type Key<'a> = (usize, &'a str, &'a str);
type Rows = Vec<(usize, u8, u64)>;

/// The flows of all payments collected up to `day` and not settled yet.
pub(crate) fn settle(state: &State, seed: u64, day: Day, mischief: FlowMischief) -> Vec<Flow> {
    let mut open: BTreeMap<Key<'_>, Rows> = BTreeMap::new();
    for index in collected(state, day) {
        let Some(payment) = state.payment(index) else {
            continue;
        };
        // The money of a stamp goes to the Revenue Agency by another road.
        let transfers = payment.activation.transfers.iter();
        for transfer in transfers.filter(|transfer| transfer.stamp.is_none()) {
            let key = (
                payment.activation.psp,
                transfer.org.as_str(),
                transfer.iban.as_str(),
            );
            open.entry(key)
                .or_default()
                .push((index, transfer.n, transfer.cents));
        }
    }
    let mut progressive: BTreeMap<usize, usize> = BTreeMap::new();
    let mut movements: BTreeMap<String, u64> = BTreeMap::new();
    for flow in &state.flows {
        let count = progressive.entry(flow.psp).or_default();
        *count = count.saturating_add(1);
        let count = movements.entry(flow.org.clone()).or_default();
        *count = count.saturating_add(u64::try_from(flow.credits.len()).unwrap_or(0));
    }
    let mut flows = Vec::with_capacity(open.len());
    for (key, rows) in open {
        let number = progressive.entry(key.0).or_default();
        *number = number.saturating_add(1);
        let mut flow = new_flow(state, (day, *number), key, &rows);
        let mut rng = Rng::of(seed, &["flow", &flow.org, &flow.fdr]);
        flow.regulation = format!(
            "SCT{}{:010}",
            flow.regulation_date.format("%y%m%d"),
            rng.below(10_000_000_000)
        );
        flow.revisions = revisions(&mut rng, day, mischief, &rows);
        let last = movements.entry(flow.org.clone()).or_default();
        flow.credits = treasury::credits(&mut rng, &flow, mischief.cash_split, last);
        flows.push(flow);
    }
    flows
}

/// Payments to be settled on `day`, in the order in which they were made: payments are on their way at
/// the same time, and chance decides in which order they reach the journal.
fn collected(state: &State, day: Day) -> Vec<usize> {
    let mut found: Vec<(NaiveDateTime, &str, usize)> = Vec::new();
    for (index, payment) in state.payments.iter().enumerate() {
        let Some(paid) = payment.paid.filter(|paid| paid.day <= day) else {
            continue;
        };
        if !payment.settled {
            found.push((paid.at, &payment.activation.token, index));
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, _, index)| index).collect()
}

fn new_flow(
    state: &State,
    (day, number): (Day, usize),
    (psp, org, iban): Key<'_>,
    rows: &Rows,
) -> Flow {
    let regulation_date = working_day_after(day);
    Flow {
        fdr: format!("{regulation_date}{}-{number:09}", psps::get(psp).id),
        psp,
        org: org.to_owned(),
        org_name: state
            .creditors
            .get(org)
            .map_or_else(|| format!("Ente {org}"), |known| known.legal_name.clone()),
        iban: iban.to_owned(),
        regulation: String::new(),
        regulation_date,
        rows: rows
            .iter()
            .map(|(payment, transfer, _)| (*payment, *transfer))
            .collect(),
        cents: rows.iter().map(|(_, _, cents)| cents).sum(),
        revisions: Vec::new(),
        credits: Vec::new(),
    }
}

/// The evening after the operating day, one in five a day later; a wrong one again in two days.
fn revisions(rng: &mut Rng, day: Day, mischief: FlowMischief, rows: &Rows) -> Vec<Revision> {
    let published_on = plus_days(day, if rng.chance(200) { 2 } else { 1 });
    let total_payments = u64::try_from(rows.len()).unwrap_or(0);
    let sum_cents = rows.iter().map(|(_, _, cents)| cents).sum();
    let right = |rng: &mut Rng, on: Day| {
        let fdr_date = evening(rng, on, 18);
        Revision {
            fdr_date,
            published: evening(rng, on, 21),
            total_payments,
            sum_cents,
            left_out: 0,
        }
    };
    let mut first = right(rng, published_on);
    let (wrong_sum, left_out) = (
        rng.chance(mischief.flow_wrong_sum),
        rng.chance(mischief.flow_revised),
    );
    let beyond = rng.between(1, 999);
    let one_row_more = rng.chance(500);
    if wrong_sum {
        first.sum_cents = first.sum_cents.saturating_add(beyond);
        first.total_payments = first.total_payments.saturating_add(u64::from(one_row_more));
    } else if let (true, [_, .., (_, _, cents)]) = (left_out, rows.as_slice()) {
        first.sum_cents = first.sum_cents.saturating_sub(*cents);
        first.total_payments = first.total_payments.saturating_sub(1);
        first.left_out = 1;
    } else {
        return vec![first];
    }
    let second = right(rng, plus_days(published_on, 2));
    vec![first, second]
}

fn evening(rng: &mut Rng, day: Day, hour: u64) -> DateTime<Utc> {
    let seconds = hour
        .saturating_mul(3600)
        .saturating_add(rng.between(0, 7199));
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    let delta = chrono::TimeDelta::seconds(i64::try_from(seconds).unwrap_or(0));
    from_rome(midnight.checked_add_signed(delta).unwrap_or(midnight))
}

/// Legal time in Rome as an instant.
pub(crate) fn from_rome(local: NaiveDateTime) -> DateTime<Utc> {
    Rome.from_local_datetime(&local)
        .earliest()
        .map_or_else(|| local.and_utc(), |time| time.with_timezone(&Utc))
}

/// The day in Rome of an instant.
pub(crate) fn local_day(instant: DateTime<Utc>) -> Day {
    instant.with_timezone(&Rome).date_naive()
}

pub(crate) fn plus_days(day: Day, days: u64) -> Day {
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}

/// The first working day after `day`.
pub(crate) fn working_day_after(day: NaiveDate) -> NaiveDate {
    let mut next = plus_days(day, 1);
    while matches!(next.weekday(), Weekday::Sat | Weekday::Sun) {
        next = plus_days(next, 1);
    }
    next
}

#[cfg(test)]
mod tests;
