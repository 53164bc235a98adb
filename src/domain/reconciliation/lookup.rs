//! The facts of one debt by what they are asked by: built once, so that deciding a line costs the same
//! however many payments the debt has.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::facts::{Case, Credit, Notice, Paid, Reported};
use super::{LISTED_MAX, reports};
use crate::domain::money::Cents;
use crate::domain::settlement::Outcome;

/// IUV, transfer, and which other body's notice it is: secondary bodies see equal IUVs of different issuers.
pub(super) type Place<'a> = (&'a str, i16, Option<&'a str>);
/// IUV, receipt id and transfer: which payment a row or a part of a receipt is about.
type Payment<'a> = (&'a str, &'a str, i16);
/// A revision of a flow: its name and number.
type Revision<'a> = (&'a str, i64);

/// The rows in force about one payment.
#[derive(Default)]
struct Rows<'a> {
    /// The row that stands for the receipt: the first with its amount, else the first.
    counted: Option<&'a Reported<'a>>,
    /// The first that takes the payment back.
    revoked: Option<&'a Reported<'a>>,
}

/// Keys of what a double payment may be made of, in order.
#[derive(Default)]
struct Keys {
    receipts: BTreeSet<String>,
    flow_lines: BTreeSet<String>,
}

pub(super) struct Lookup<'a> {
    notices: HashMap<&'a str, &'a Notice>,
    paid: HashMap<Payment<'a>, &'a Paid>,
    rows: HashMap<Payment<'a>, Rows<'a>>,
    /// Receipt ids by what they pay.
    payments: HashMap<Place<'a>, BTreeSet<&'a str>>,
    /// Options of the debt of which something is paid.
    options: BTreeSet<i16>,
    /// How often a revision holds a payment.
    twins: HashMap<(Revision<'a>, Payment<'a>), usize>,
    /// How often the flows in force report a payment, or take it back.
    live: HashMap<(Payment<'a>, bool), usize>,
    /// What revisions say about a payment.
    said: HashSet<(Revision<'a>, Payment<'a>, Cents, Outcome)>,
    /// Payments that a superseded revision reports.
    superseded: HashSet<Payment<'a>>,
    singles: HashMap<&'a str, Vec<&'a Credit>>,
    /// Of notices of the debt.
    of_debt: Keys,
    by_iuv: HashMap<&'a str, Keys>,
}

fn of_row<'a>(row: &'a Reported<'a>) -> Payment<'a> {
    (&row.iuv, &row.iur, row.transfer)
}

/// A payment and whether the row takes it back.
fn standing<'a>(row: &'a Reported<'a>) -> (Payment<'a>, bool) {
    (of_row(row), row.outcome == Outcome::Revoked)
}

fn of_paid(paid: &Paid) -> Payment<'_> {
    (&paid.iuv, &paid.receipt_id, paid.transfer)
}

fn revision<'a>(row: &'a Reported<'a>) -> Revision<'a> {
    (&row.flow.name, row.flow.revision)
}

/// Earlier transfers first, then rows as their flow has them.
fn in_order(row: &Reported<'_>) -> impl Ord {
    let flow = row.flow;
    let place = (flow.regulation_on, flow.name.clone(), flow.revision);
    (place, row.key.len(), row.key.clone())
}

impl<'a> Lookup<'a> {
    pub(super) fn new(case: &'a Case<'a>) -> Lookup<'a> {
        let mut made = Lookup {
            notices: case.notices.iter().map(|n| (n.iuv.as_str(), n)).collect(),
            paid: HashMap::new(),
            rows: HashMap::new(),
            payments: HashMap::new(),
            options: BTreeSet::new(),
            twins: HashMap::new(),
            live: HashMap::new(),
            said: HashSet::new(),
            superseded: HashSet::new(),
            singles: HashMap::new(),
            of_debt: Keys::default(),
            by_iuv: HashMap::new(),
        };
        made.receipts(case);
        made.flow_lines(case);
        for credit in &case.singles {
            if let Some(iuv) = &credit.iuv {
                made.singles.entry(iuv).or_default().push(credit);
            }
        }
        let known = &made.notices;
        let paid = made.payments.keys();
        let own = paid.filter_map(|(iuv, _, issuer)| match issuer {
            None => known.get(iuv).map(|notice| notice.option),
            Some(_) => None,
        });
        made.options = own.collect();
        made
    }

    fn receipts(&mut self, case: &'a Case<'a>) {
        for paid in &case.paid {
            if paid.in_scope {
                self.paid.insert(of_paid(paid), paid);
                self.pay(place_of_paid(paid), &paid.receipt_id);
            }
            let keys = self.by_iuv.entry(&paid.iuv).or_default();
            keys.receipts.insert(paid.key());
            if self.notices.contains_key(paid.iuv.as_str()) {
                self.of_debt.receipts.insert(paid.key());
            }
        }
    }

    fn flow_lines(&mut self, case: &'a Case<'a>) {
        let explained: HashSet<Payment<'a>> = case.paid.iter().map(of_paid).collect();
        for row in &case.reported {
            let (revision, payment) = (revision(row), of_row(row));
            let twins = self.twins.entry((revision, payment)).or_default();
            *twins = twins.saturating_add(1);
            self.said
                .insert((revision, payment, row.amount, row.outcome));
            if row.flow.live {
                let live = self.live.entry(standing(row)).or_default();
                *live = live.saturating_add(1);
            } else {
                self.superseded.insert(payment);
            }
        }
        let mut live: Vec<&Reported<'_>> = case.live().collect();
        live.sort_by_cached_key(|row| in_order(row));
        for row in live {
            let payment = of_row(row);
            // Rows that a receipt explains, of another issuer too, are no payment besides it.
            if !explained.contains(&payment) {
                self.pay(place_of_row(row), &row.iur);
            }
            let keys = self.by_iuv.entry(&row.iuv).or_default();
            keys.flow_lines.insert(row.key.clone());
            if self.notices.contains_key(row.iuv.as_str()) {
                self.of_debt.flow_lines.insert(row.key.clone());
            }
            let rows = self.rows.entry(payment).or_default();
            if row.outcome == Outcome::Revoked {
                rows.revoked.get_or_insert(row);
                continue;
            }
            let paid = self.paid.get(&payment).map(|paid| paid.amount);
            match rows.counted {
                Some(first) if Some(first.amount) != paid && Some(row.amount) == paid => {
                    rows.counted = Some(row);
                }
                Some(_) => {}
                None => rows.counted = Some(row),
            }
        }
    }

    fn pay(&mut self, place: Place<'a>, receipt_id: &'a str) {
        self.payments.entry(place).or_default().insert(receipt_id);
    }

    /// The notice with this IUV.
    pub(super) fn notice(&self, iuv: &str) -> Option<&'a Notice> {
        self.notices.get(iuv).copied()
    }

    /// The row in force that says what became of a part of a receipt: one that takes it back before others.
    pub(super) fn row_of(&self, paid: &'a Paid) -> Option<&'a Reported<'a>> {
        let rows = self.rows.get(&of_paid(paid))?;
        rows.revoked.or(rows.counted)
    }

    /// The receipt that a row is about, and whether the row is the one that stands for it.
    pub(super) fn paid_of(&self, row: &'a Reported<'a>) -> Option<(&'a Paid, Standing)> {
        let paid = self.paid.get(&of_row(row)).copied()?;
        let counted = self.rows.get(&of_row(row)).and_then(|rows| rows.counted);
        let again = row.flow.live
            && row.outcome != Outcome::Revoked
            && counted.is_some_and(|counted| counted.key != row.key);
        debug_assert!(reports(row, paid));
        let standing = if again {
            Standing::Again
        } else {
            Standing::Counted
        };
        Some((paid, standing))
    }

    /// How many payments there are of the same transfer of the same notice.
    pub(super) fn times_paid(&self, place: Place<'a>) -> usize {
        self.payments.get(&place).map_or(0, BTreeSet::len)
    }

    /// Whether an option of the debt that excludes this one has been paid.
    pub(super) fn other_option_paid(&self, option: i16) -> bool {
        self.options.iter().any(|paid| *paid != option)
    }

    /// Whether the same revision holds the same payment twice, or another flow in force says the same of it.
    pub(super) fn has_twin(&self, row: &'a Reported<'a>) -> bool {
        let inside = self.twins.get(&(revision(row), of_row(row)));
        let across = self.live.get(&standing(row)).filter(|_| row.flow.live);
        [inside, across]
            .into_iter()
            .flatten()
            .any(|times| *times > 1)
    }

    /// The rows in force about the reference of a row: the first of many.
    pub(super) fn twins(&self, row: &'a Reported<'a>) -> impl Iterator<Item = String> {
        let keys = self.by_iuv.get(row.iuv.as_str());
        let keys = keys.into_iter().flat_map(|keys| &keys.flow_lines);
        keys.take(LISTED_MAX).cloned()
    }

    /// Whether the revision before this one had not this row, or had it otherwise.
    pub(super) fn was_revised(&self, row: &'a Reported<'a>) -> bool {
        row.flow.previous.is_some_and(|previous| {
            let before = (row.flow.name.as_str(), previous);
            let same = (before, of_row(row), row.amount, row.outcome);
            !self.said.contains(&same)
        })
    }

    /// Whether only revisions that are no longer in force report this part of a receipt.
    pub(super) fn has_vanished(&self, paid: &'a Paid) -> bool {
        self.row_of(paid).is_none() && self.superseded.contains(&of_paid(paid))
    }

    /// Cash that names one payment.
    pub(super) fn singles(&self, iuv: &str) -> &[&'a Credit] {
        self.singles.get(iuv).map_or(&[], Vec::as_slice)
    }

    /// The receipts and rows that a double payment of this reference is made of: the first of many.
    pub(super) fn doubles(&self, iuv: &str) -> (Vec<String>, Vec<String>) {
        let own = self.by_iuv.get(iuv);
        let sets = || [Some(&self.of_debt), own].into_iter().flatten();
        let first = |of: fn(&Keys) -> &BTreeSet<String>| {
            let keys = sets().flat_map(|keys| of(keys).iter().take(LISTED_MAX));
            let keys: BTreeSet<&String> = keys.collect();
            keys.into_iter().take(LISTED_MAX).cloned().collect()
        };
        (first(|keys| &keys.receipts), first(|keys| &keys.flow_lines))
    }
}

/// What a row is to the receipt of its payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It stands for it.
    Counted,
    /// Another row stands for it already.
    Again,
}

pub(super) fn place_of_paid(paid: &Paid) -> Place<'_> {
    (&paid.iuv, paid.transfer, paid.other_issuer())
}

pub(super) fn place_of_row<'a>(row: &'a Reported<'a>) -> Place<'a> {
    (&row.iuv, row.transfer, None)
}
