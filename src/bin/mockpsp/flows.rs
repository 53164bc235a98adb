//! Settlement: at the close of an operating day the collected transfers become reporting flows
//! and credits. One flow is one provider, one beneficiary account and one operating day.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Rome;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::psps;
use crate::rng::Rng;
use crate::state::{Day, State};
use crate::treasury::{self, Credit, CreditTrouble};

/// How often flows and credits go wrong, in parts of a thousand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FlowMischief {
    /// The header does not fit the rows; revision 2 puts it right two days later.
    pub(crate) flow_wrong_sum: u32,
    /// Revision 1 leaves a row out; revision 2 has them all two days later.
    pub(crate) flow_revised: u32,
    /// The money arrives as two movements, 1 to 3 working days apart.
    pub(crate) cash_split: u32,
}

/// What goes wrong on purpose with the flows of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FlowTrouble {
    /// The header declares one euro more than the rows; two days later it is put right.
    WrongSum,
    /// The last row is missing; two days later it is there.
    RowLeftOut,
    /// The last row is there twice, in the sums too.
    RowTwice,
    /// The last row is one euro short, and so is the money.
    RowShort,
    /// A row more, for a debt that the creditor does not know.
    RowUnknown,
    /// A row more, of another broker of the same creditor.
    RowForeign,
    /// It is addressed to another body.
    WrongReceiver,
    /// It is never published.
    Missing,
}

/// What goes wrong on purpose on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Troubles {
    pub(crate) flow: Option<FlowTrouble>,
    pub(crate) credit: Option<CreditTrouble>,
}

/// How the rows of a revision differ from what was collected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Edit {
    LastTwice,
    LastShort {
        cents: u64,
    },
    More {
        iuv: String,
        iur: String,
        cents: u64,
    },
    Receiver {
        org: String,
    },
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) edit: Option<Edit>,
}

impl Flow {
    /// Tax code of the body that a revision is addressed to.
    pub(crate) fn receiver<'a>(&'a self, revision: &'a Revision) -> &'a str {
        match &revision.edit {
            Some(Edit::Receiver { org }) => org,
            Some(Edit::LastTwice | Edit::LastShort { .. } | Edit::More { .. }) | None => &self.org,
        }
    }

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
pub(crate) fn settle(
    state: &State,
    (seed, day): (u64, Day),
    mischief: FlowMischief,
    troubles: Troubles,
) -> Vec<Flow> {
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
        if let Some(trouble) = troubles.flow {
            trouble.befall(&mut flow, rows.last().map_or(0, |(_, _, cents)| *cents));
        }
        let last = movements.entry(flow.org.clone()).or_default();
        flow.credits = match troubles.credit {
            None => treasury::credits(&mut rng, &flow, mischief.cash_split, last),
            Some(trouble) => trouble.credits(&flow, last),
        };
        flows.push(flow);
    }
    if troubles.credit == Some(CreditTrouble::Joined) {
        treasury::join(&mut flows);
    }
    flows
}

impl FlowTrouble {
    /// Changes a flow that was right; `last` is the amount of its last row.
    fn befall(self, flow: &mut Flow, last: u64) {
        let Some(right) = flow.revisions.first().cloned() else {
            return;
        };
        let later = |right: &Revision| Revision {
            fdr_date: right.fdr_date + chrono::TimeDelta::days(2),
            published: right.published + chrono::TimeDelta::days(2),
            ..right.clone()
        };
        let mut wrong = right.clone();
        let mut revised = None;
        match self {
            Self::WrongSum => {
                wrong.sum_cents = wrong.sum_cents.saturating_add(100);
                revised = Some(later(&right));
            }
            Self::RowLeftOut => {
                wrong.left_out = 1;
                wrong.add(-1, -i64::try_from(last).unwrap_or(0));
                revised = Some(later(&right));
            }
            Self::RowTwice => {
                wrong.edit = Some(Edit::LastTwice);
                wrong.add(1, i64::try_from(last).unwrap_or(0));
            }
            Self::RowShort => {
                wrong.edit = Some(Edit::LastShort { cents: 100 });
                wrong.add(0, -100);
            }
            Self::RowUnknown => wrong.more("01999000000000016"),
            Self::RowForeign => wrong.more("47999000000000089"),
            Self::WrongReceiver => {
                let org = "90009990999".to_owned();
                wrong.edit = Some(Edit::Receiver { org });
            }
            Self::Missing => {
                flow.revisions.clear();
                return;
            }
        }
        flow.cents = match self {
            Self::RowShort | Self::RowUnknown | Self::RowForeign | Self::RowTwice => {
                wrong.sum_cents
            }
            Self::WrongSum | Self::RowLeftOut | Self::WrongReceiver | Self::Missing => flow.cents,
        };
        flow.revisions = std::iter::once(wrong).chain(revised).collect();
    }
}

impl Revision {
    fn add(&mut self, rows: i64, cents: i64) {
        self.total_payments = self.total_payments.saturating_add_signed(rows);
        self.sum_cents = self.sum_cents.saturating_add_signed(cents);
    }

    fn more(&mut self, iuv: &str) {
        let (iuv, iur, cents) = (iuv.to_owned(), format!("IUR{iuv}"), 1234);
        self.edit = Some(Edit::More { iuv, iur, cents });
        self.add(1, 1234);
    }
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
            edit: None,
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

/// Legal time in Rome of an instant, as messages without offset state it.
pub(crate) fn rome_time(instant: DateTime<Utc>) -> String {
    let local = instant.with_timezone(&Rome).naive_local();
    local.format("%Y-%m-%dT%H:%M:%S").to_string()
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
