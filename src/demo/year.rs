//! The year of the town: which position is issued on which day, and how many of its notices are paid.
//!
//! Everything follows from the seed and the scale, so that two runs are the same year, whatever happens
//! on the way. Notice numbers are the caller's own for the same reason: who pays what depends on them.

use std::collections::BTreeMap;

use avviso::domain::calendar::{self, Calendar, Day};
use avviso::domain::notice_number::{NoticeNumber, SegregationCode};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde_json::{Value, json};

use super::chance::Chance;
use super::people;
use super::services::{self, OTHERS, Price};

/// The simulated year.
pub(crate) const YEAR: i32 = 2026;
/// Payments of a whole year, and notices issued for them.
pub(crate) const PAYMENTS: u64 = 18_000;
/// Parts of one: the scale of the year is so many of these.
pub(crate) const WHOLE: u64 = 10_000;

/// Last day by which the invented citizens mean to pay: the year's books close on paid notices.
const LAST_PAY_DAY: Option<Day> = NaiveDate::from_ymd_opt(YEAR, 12, 30);
/// Late payments are planned for what is issued until here, so that they end in the first days of January.
const LAST_LATE_ISSUE: Option<Day> = NaiveDate::from_ymd_opt(YEAR, 10, 1);

/// Large groups of positions, each with its own habit of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    Tari,
    Canteen,
    Fines,
    Others,
}

impl Family {
    pub(crate) const ALL: [Family; 4] =
        [Family::Tari, Family::Canteen, Family::Fines, Family::Others];

    /// The beginning of the names of its batches.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Family::Tari => "tari",
            Family::Canteen => "mensa",
            Family::Fines => "cds",
            Family::Others => "altri",
        }
    }

    /// Positions of a whole year, and notices paid of them.
    fn sizes(self) -> (u64, u64) {
        match self {
            Family::Tari => (3000, 5700),
            Family::Canteen => (6000, 5800),
            Family::Fines => (1500, 1300),
            Family::Others => (5500, 5200),
        }
    }
}

/// What is charged.
#[derive(Debug, Clone, Copy)]
enum Charge {
    Tari { household: u64 },
    Meals { parent: u64, bill: usize },
    Fine { report: u64 },
    Other { service: usize, place: u64 },
}

/// A position to register on its day.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) day: Day,
    pub(crate) family: Family,
    charge: Charge,
    /// Sequence of its first notice; the others follow.
    first_number: u64,
}

/// How many notices of a batch are paid, and how many payments go wrong in which way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) pay: u64,
    pub(crate) mischief: BTreeMap<&'static str, u64>,
}

/// The year.
#[derive(Debug)]
pub(crate) struct Year {
    seed: u64,
    /// In order of day.
    pub(crate) issues: Vec<Issue>,
    pub(crate) quotas: BTreeMap<(Day, Family), Quota>,
    pub(crate) payments: u64,
}

/// Billing months of the canteen, with the day of the bill.
const BILLS: [((i64, i64), (u32, u32)); 10] = [
    ((2025, 12), (1, 8)),
    ((2026, 1), (2, 5)),
    ((2026, 2), (3, 5)),
    ((2026, 3), (4, 8)),
    ((2026, 4), (5, 6)),
    ((2026, 5), (6, 4)),
    ((2026, 6), (7, 6)),
    ((2026, 9), (10, 6)),
    ((2026, 10), (11, 5)),
    ((2026, 11), (11, 30)),
];

/// Days on which the TARI roll is issued: two weeks of March.
const TARI_DAYS: [u32; 10] = [16, 17, 18, 19, 20, 23, 24, 25, 26, 27];

/// Kinds of mischief with their number in a whole year: a few per mille of the payments.
const MISCHIEF: [(&str, u64); 6] = [
    ("paid_after_withdrawal", 18),
    ("late_payment", 90),
    ("double_payment", 36),
    ("lost_receipt", 36),
    ("lost_answer", 36),
    ("late_outcome", 18),
];

impl Year {
    /// The year of a town `scale` ten-thousandths as large, of whose notices `payments` are paid.
    pub(crate) fn of(seed: u64, scale: u64, payments: u64) -> Year {
        let mut issues = Vec::new();
        for family in Family::ALL {
            charges(seed, scale, family, &mut issues);
        }
        issues.sort_by_key(|issue| (issue.day, issue.family));
        // Thirteen digits that no counter of the engine reaches.
        let mut next = u64::from(YEAR.unsigned_abs()) * 1_000_000_000 + 1;
        for issue in &mut issues {
            issue.first_number = next;
            next += issue.notices();
        }
        let quotas = quotas(&issues, payments);
        Year {
            seed,
            issues,
            quotas,
            payments,
        }
    }

    /// The positions of a day, in a fixed order.
    pub(crate) fn on(&self, day: Day) -> impl Iterator<Item = &Issue> {
        let from = self.issues.partition_point(|issue| issue.day < day);
        self.issues
            .iter()
            .skip(from)
            .take_while(move |issue| issue.day == day)
    }

    /// How many notices are issued in the year.
    pub(crate) fn notices(&self) -> u64 {
        self.issues.iter().map(Issue::notices).sum()
    }

    /// The body with which the position is registered.
    pub(crate) fn body(&self, issue: &Issue, code: &SegregationCode) -> Value {
        let (service, debtor, details) = self.charge(issue);
        let numbers: Vec<String> = (issue.first_number..issue.first_number + issue.notices())
            .filter_map(|sequence| NoticeNumber::generate(code, sequence).ok())
            .map(|number| number.to_string())
            .collect();
        json!({
            "service_code": service,
            "reference": issue.reference(),
            "debtor": debtor,
            "details": details,
            "notice_numbers": numbers,
            "issued_date": issue.day,
        })
    }

    fn charge(&self, issue: &Issue) -> (&'static str, Value, Value) {
        let seed = self.seed;
        let mut chance = Chance::of(seed, &["charge", &issue.reference()]);
        match issue.charge {
            Charge::Tari { household } => {
                let details = services::tari_details(&mut chance, "three");
                ("TARI", people::debtor(seed, household), details)
            }
            Charge::Meals { parent, bill } => {
                let month = BILLS.get(bill).map_or((2026, 1), |(month, _)| *month);
                let details = services::meals_details(seed, parent, month);
                ("MENSA", people::debtor(seed, parent), details)
            }
            Charge::Fine { report } => {
                let driver = chance.below(20_000);
                let details = fine_details(&mut chance, (issue.day, report));
                ("CDS-VERBALI", people::debtor(seed, driver), details)
            }
            Charge::Other { service, place } => {
                let Some(service) = OTHERS.get(service) else {
                    return ("VARIE", people::debtor(seed, place), Value::Null);
                };
                let who = chance.below(12_000);
                let debtor = match service.price {
                    Price::Firm(_) => people::firm(seed, who),
                    Price::Citizen(_) | Price::Arrears | Price::Meals | Price::Ticket => {
                        people::debtor(seed, who)
                    }
                };
                let details = match services::generic_details(&mut chance, service.price) {
                    Some(details) => details,
                    None => self.ruled_details(&mut chance, service.price, (issue.day, place)),
                };
                (service.code, debtor, details)
            }
        }
    }

    /// Details of the other services that have rules of their own.
    fn ruled_details(&self, chance: &mut Chance, price: Price, (day, place): (Day, u64)) -> Value {
        match price {
            Price::Arrears => services::arrears_details(chance, day),
            Price::Ticket => slip_details(chance, (day, 50_000 + place)),
            Price::Meals | Price::Citizen(_) | Price::Firm(_) => services::meals_details(
                self.seed,
                40_000 + place,
                (day.year().into(), day.month().into()),
            ),
        }
    }

    /// The day by which the citizen means to pay, given the one by which he should.
    pub(crate) fn pays_by(&self, issue: &Issue, due: Option<Day>) -> Day {
        let due = due.unwrap_or_else(|| after(issue.day, 30));
        let last = LAST_PAY_DAY.unwrap_or(due);
        let ticket = match issue.charge {
            Charge::Fine { .. } => true,
            Charge::Other { service, .. } => OTHERS
                .get(service)
                .is_some_and(|other| matches!(other.price, Price::Ticket)),
            Charge::Tari { .. } | Charge::Meals { .. } => false,
        };
        if !ticket {
            return due.min(last);
        }
        // Most drivers want the discount of the first five days; a few come after the sixtieth.
        let habit = Chance::of(self.seed, &["habit", &issue.reference()]).below(100);
        let by = match habit {
            0..60 => Calendar::Civil.deadline(issue.day, 5),
            60..92 => due,
            _ => after(due, 15),
        };
        by.min(last)
    }
}

impl Issue {
    /// The caller's own reference.
    pub(crate) fn reference(&self) -> String {
        match self.charge {
            Charge::Tari { household } => format!("TARI-2026-{household:05}"),
            Charge::Meals { parent, bill } => format!("MENSA-2026-{bill:02}-{parent:05}"),
            Charge::Fine { report } => format!("CDS-2026-{report:05}"),
            Charge::Other { service, place } => {
                let code = OTHERS.get(service).map_or("VARIE", |other| other.code);
                format!("{code}-2026-{place:05}")
            }
        }
    }

    /// How many notices it has.
    pub(crate) fn notices(&self) -> u64 {
        match self.charge {
            // At once, or in three instalments.
            Charge::Tari { .. } => 4,
            Charge::Meals { .. } | Charge::Fine { .. } | Charge::Other { .. } => 1,
        }
    }
}

fn scaled(count: u64, scale: u64) -> u64 {
    (count * scale).div_ceil(WHOLE)
}

fn charges(seed: u64, scale: u64, family: Family, into: &mut Vec<Issue>) {
    let mut add = |day: Option<Day>, charge| {
        let day = day.unwrap_or_default();
        into.push(Issue {
            day,
            family,
            charge,
            first_number: 0,
        });
    };
    let (positions, _) = family.sizes();
    match family {
        Family::Tari => {
            for household in 0..scaled(positions, scale) {
                let at = usize::try_from(household % 10).unwrap_or(0);
                let day = TARI_DAYS
                    .get(at)
                    .and_then(|day| NaiveDate::from_ymd_opt(YEAR, 3, *day));
                add(day, Charge::Tari { household });
            }
        }
        Family::Canteen => {
            let months = u64::try_from(BILLS.len()).unwrap_or(1);
            for parent in 0..scaled(positions / months, scale) {
                for (bill, (_, (month, day))) in BILLS.iter().enumerate() {
                    let day = NaiveDate::from_ymd_opt(YEAR, *month, *day);
                    add(day, Charge::Meals { parent, bill });
                }
            }
        }
        Family::Fines => {
            for report in 0..scaled(positions, scale) {
                add(
                    Some(office_day(seed, ("CDS", report), (1, 11))),
                    Charge::Fine { report },
                );
            }
        }
        Family::Others => {
            for (service, other) in OTHERS.iter().enumerate() {
                for place in 0..scaled(other.count, scale) {
                    let day = office_day(seed, (other.code, place), other.months);
                    add(Some(day), Charge::Other { service, place });
                }
            }
        }
    }
}

/// A day on which the office is open, between the 7th of the first month and the 24th of the last.
fn office_day(seed: u64, (code, place): (&str, u64), (first, last): (u32, u32)) -> Day {
    let from = NaiveDate::from_ymd_opt(YEAR, first, 7).unwrap_or_default();
    let to = NaiveDate::from_ymd_opt(YEAR, last, 24).unwrap_or_default();
    let span = u64::try_from(to.signed_duration_since(from).num_days()).unwrap_or(0);
    let offset = Chance::of(seed, &["day", code, &place.to_string()]).below(span + 1);
    let mut day = after(from, offset);
    while calendar::is_holiday(day) || day.weekday() == Weekday::Sat {
        day = after(day, 1);
    }
    day
}

fn after(day: Day, days: u64) -> Day {
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}

fn before(day: Day, days: u64) -> Day {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

const TICKETS: &[&str] = &["7-14", "7-15", "157-8", "158-5", "158-6"];
const FINES: &[&str] = &[
    "142-8", "142-8", "142-7", "142-7", "142-9", "7-14", "7-15", "146-3", "146-2", "158-5",
    "158-6", "157-8", "172-10", "80-14", "173-3bis", "193-2",
];

/// A report handed over on the spot, or notified by post on the day of issue.
fn fine_details(chance: &mut Chance, (day, report): (Day, u64)) -> Value {
    let on_the_spot = chance.percent(35);
    let (committed, channel, costs) = if on_the_spot {
        (day, "immediate", 0)
    } else {
        (before(day, chance.below(40) + 15), "mail", 1630)
    };
    json!({"fine": {
        "report_number": format!("V/{YEAR}/{report}"),
        "plate": plate(chance),
        "violations": [{
            "article": chance.pick(FINES),
            "committed_on": committed,
            "at_night": chance.percent(15),
        }],
        "costs_cents": costs,
        "notification": {"channel": channel, "on": day},
    }})
}

/// A slip left on a windscreen.
fn slip_details(chance: &mut Chance, (day, report): (Day, u64)) -> Value {
    json!({"fine": {
        "report_number": format!("V/{YEAR}/{report}"),
        "plate": plate(chance),
        "violations": [{
            "article": chance.pick(TICKETS),
            "committed_on": day,
            "at_night": chance.percent(15),
        }],
        "costs_cents": 0,
    }})
}

fn plate(chance: &mut Chance) -> String {
    let letters = |chance: &mut Chance| -> String {
        let letter = |chance: &mut Chance| {
            let at = usize::try_from(chance.below(22)).unwrap_or(0);
            "ABCDEFGHJKLMNPRSTVWXYZ".chars().nth(at).unwrap_or('A')
        };
        [letter(chance), letter(chance)].into_iter().collect()
    };
    format!(
        "{}{:03}{}",
        letters(chance),
        chance.below(1000),
        letters(chance)
    )
}

/// Divides `whole` in the proportion of the running sum, so that the parts sum to it exactly.
fn part(whole: u64, done: u64, of: u64) -> u64 {
    (whole * done).checked_div(of).unwrap_or(0)
}

fn quotas(issues: &[Issue], payments: u64) -> BTreeMap<(Day, Family), Quota> {
    let mut sizes: BTreeMap<(Day, Family), u64> = BTreeMap::new();
    for issue in issues {
        *sizes.entry((issue.day, issue.family)).or_default() += 1;
    }
    let mut quotas = BTreeMap::new();
    let mut shares_done = 0;
    for family in Family::ALL {
        let (_, share) = family.sizes();
        let first = part(payments, shares_done, PAYMENTS);
        shares_done += share;
        let wanted = part(payments, shares_done, PAYMENTS) - first;
        let positions: u64 = sizes
            .iter()
            .filter(|((_, of), _)| *of == family)
            .map(|(_, n)| n)
            .sum();
        let mut done = 0;
        let mut spread = Spread::new(family);
        for ((day, of), size) in &sizes {
            if *of != family {
                continue;
            }
            let before = part(wanted, done, positions);
            done += size;
            let pay = part(wanted, done, positions) - before;
            let mischief = spread.next(*day, pay);
            quotas.insert((*day, family), Quota { pay, mischief });
        }
    }
    quotas
}

/// Deals the mischief of a family out to its batches, never more than a batch can bear.
struct Spread {
    family: Family,
    paid: u64,
    dealt: BTreeMap<&'static str, u64>,
}

impl Spread {
    fn new(family: Family) -> Spread {
        Spread {
            family,
            paid: 0,
            dealt: BTreeMap::new(),
        }
    }

    fn next(&mut self, day: Day, pay: u64) -> BTreeMap<&'static str, u64> {
        self.paid += pay;
        // A wrong payment must find a notice that can go wrong that way: a quarter always can.
        let mut room = pay / 4;
        let mut given = BTreeMap::new();
        for (kind, of_a_year) in MISCHIEF {
            let fits = match kind {
                // Somebody who withdraws a debt paid in part meets the instalments already paid.
                "paid_after_withdrawal" => self.family != Family::Tari,
                "late_payment" => LAST_LATE_ISSUE.is_none_or(|last| day <= last),
                _ => true,
            };
            let dealt = self.dealt.entry(kind).or_default();
            // Rounded up, so that a small town has its share as well.
            let owed = (of_a_year * self.paid)
                .div_ceil(PAYMENTS)
                .saturating_sub(*dealt);
            let count = if fits { owed.min(room) } else { 0 };
            if count > 0 {
                *dealt += count;
                room -= count;
                given.insert(kind, count);
            }
        }
        given
    }
}

#[cfg(test)]
mod tests;
