//! What the classifier is given: the facts about one debt, and the flows and cash around it.

use crate::domain::calendar::Day;
use crate::domain::money::Cents;
use crate::domain::settlement::Outcome;

/// Everything known about one debt: the notices of one position, or a reference that no position has.
#[derive(Debug, Clone, Default)]
pub struct Case<'a> {
    /// Notices of the position, none when the debt is not known here.
    pub notices: Vec<Notice>,
    /// Receipts, one item for each transfer.
    pub paid: Vec<Paid>,
    /// Rows of flows, superseded revisions included.
    pub reported: Vec<Reported<'a>>,
    /// Bank transfers of a single payment, found by IUV.
    pub singles: Vec<Credit>,
    /// A single transfer may differ from its receipt by this much and still agree.
    pub tolerance: Cents,
}

/// A notice of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The 18 digits.
    pub number: String,
    /// Its IUV.
    pub iuv: String,
    /// Option it belongs to; options of one position exclude each other.
    pub option: i16,
    /// Whether the creditor had withdrawn it.
    pub withdrawn: bool,
}

/// One transfer of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// Receipt id (IUR).
    pub receipt_id: String,
    /// Payment reference.
    pub iuv: String,
    /// Transfer, 1 to 5.
    pub transfer: i16,
    /// Amount of the transfer.
    pub amount: Cents,
    /// Amount of the whole receipt.
    pub total: Cents,
    /// Whether the notice was issued by this creditor.
    pub own_notice: bool,
    /// Tax code of the body that issued the notice.
    pub issuer: String,
    /// Whether the money comes to this creditor through a flow: own transfer, to an account.
    pub in_scope: bool,
    /// Legal day of payment.
    pub paid_on: Day,
    /// The node answered in the creditor's place.
    pub stand_in: bool,
}

impl Paid {
    /// The body that issued the notice, when it is another one: bodies may give equal numbers.
    #[must_use]
    pub fn other_issuer(&self) -> Option<&str> {
        (!self.own_notice).then_some(self.issuer.as_str())
    }

    /// `receipt/transfer`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.receipt_id, self.transfer)
    }
}

/// One row of a flow.
#[derive(Debug, Clone)]
pub struct Reported<'a> {
    /// `psp/flow/revision/row`.
    pub key: String,
    /// The flow it stands in.
    pub flow: &'a Flow,
    /// Payment reference.
    pub iuv: String,
    /// Receipt id.
    pub iur: String,
    /// Transfer, 1 to 5.
    pub transfer: i16,
    /// Amount as written.
    pub amount: Cents,
    /// What it adds to the flow.
    pub effect: Cents,
    /// How the payment ended.
    pub outcome: Outcome,
    /// Day of the payment.
    pub paid_on: Day,
    /// Whether the reference is one that this engine issues for the creditor.
    pub own_iuv: bool,
}

/// One revision of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// `psp/flow`: the same for every revision.
    pub name: String,
    /// Version.
    pub revision: i64,
    /// Whether it is the newest.
    pub live: bool,
    /// The stored revision before this one.
    pub previous: Option<i64>,
    /// Day of the bank transfer.
    pub regulation_on: Day,
    /// Sum of its rows.
    pub sum: Cents,
    /// Its head states another sum or another count.
    pub header_mismatch: bool,
    /// It is addressed to another body.
    pub wrong_body: bool,
    /// Cash that names it, or that an officer has given to it or to its companions.
    pub credits: Vec<Credit>,
    /// Other flows that an officer has put together with this one: the same cash pays them all.
    pub companions: Vec<Companion>,
    /// Cash may differ from the rows by this much and still agree.
    pub tolerance: Cents,
}

/// A flow in force that is paid together with another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// `psp/flow`.
    pub name: String,
    /// Sum of its rows.
    pub sum: Cents,
}

/// A cash entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// `year/account/number`.
    pub key: String,
    /// What it adds to the cash; a reversal is negative.
    pub effect: Cents,
    /// Day of the movement.
    pub booked_on: Day,
    /// Payment reference, when the text names a single payment.
    pub iuv: Option<String>,
    /// How much of the flow's identifier the text held.
    pub match_quality: Quality,
}

/// How much of an identifier a text held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// All of it.
    Whole,
    /// Its beginning.
    Beginning,
    /// It does not matter: an officer said which flow is meant.
    Hand,
}

/// What the text of a cash entry led to.
#[derive(Debug, Clone)]
pub enum CreditTarget<'a> {
    /// Not money of a flow: paid out, regularised, or a document of another kind.
    OutOfScope,
    /// A live flow.
    Flow(&'a Flow),
    /// One payment, with its receipts.
    Single {
        /// `receipt/transfer` of the payment.
        receipts: Vec<String>,
        /// Amount of the receipt.
        total: Cents,
        /// All cash that names this payment.
        cash: Cents,
        /// They may differ by this much and still agree.
        tolerance: Cents,
    },
    /// A reference that finds nothing, or several flows.
    Unknown(Vec<String>),
    /// No reference.
    NoReference,
}

/// The cash of a flow against its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cash {
    /// No entry.
    None,
    /// Equal within the tolerance.
    Equal,
    /// Less than the rows: more transfers may come.
    Less,
    /// More than the rows.
    More,
}

impl Credit {
    /// Whether the text held only the beginning of the identifier.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.match_quality == Quality::Beginning
    }
}

impl Flow {
    /// Sum of the cash that names it.
    #[must_use]
    pub fn cash(&self) -> Cents {
        sum(self.credits.iter())
    }

    /// What its rows and those of its companions come to. A sum out of range counts as nothing, so that it
    /// shows as a difference.
    #[must_use]
    pub fn announced(&self) -> Cents {
        let others = self.companions.iter().map(|other| other.sum);
        Cents::sum(others.chain([self.sum])).unwrap_or(Cents::ZERO)
    }

    /// Whether the same cash pays other flows too.
    #[must_use]
    pub fn shares_cash(&self) -> bool {
        !self.companions.is_empty() && !self.credits.is_empty()
    }

    /// Compares cash and rows.
    #[must_use]
    pub fn compare(&self) -> Cash {
        if self.credits.is_empty() {
            return Cash::None;
        }
        let (cash, announced) = (self.cash(), self.announced());
        if near(cash, announced, self.tolerance) {
            Cash::Equal
        } else if cash < announced {
            Cash::Less
        } else {
            Cash::More
        }
    }
}

impl<'a> Case<'a> {
    /// The notice with this IUV.
    #[must_use]
    pub fn notice(&self, iuv: &str) -> Option<&Notice> {
        self.notices.iter().find(|notice| notice.iuv == iuv)
    }

    /// The rows in force.
    pub fn live(&self) -> impl Iterator<Item = &Reported<'a>> {
        self.reported.iter().filter(|row| row.flow.live)
    }

    /// Cash that names one payment.
    pub fn singles(&self, iuv: &str) -> impl Iterator<Item = &Credit> + Clone {
        self.singles
            .iter()
            .filter(move |credit| credit.iuv.as_deref() == Some(iuv))
    }

    /// Every payment: whose notice and which transfer, and by which receipt id. Rows that a receipt of
    /// another issuer explains are that issuer's.
    pub(super) fn payments(&self) -> impl Iterator<Item = ((&str, i16, Option<&str>), &str)> {
        let paid = self.paid.iter().filter(|paid| paid.in_scope).map(|p| {
            (
                (p.iuv.as_str(), p.transfer, p.other_issuer()),
                p.receipt_id.as_str(),
            )
        });
        let rows = self
            .live()
            .filter(|row| !self.paid.iter().any(|paid| super::reports(row, paid)))
            .map(|row| ((row.iuv.as_str(), row.transfer, None), row.iur.as_str()));
        paid.chain(rows)
    }

    /// Whether the same flow holds the same payment twice.
    pub(super) fn has_twin(&self, row: &Reported<'_>) -> bool {
        let same = |other: &&Reported<'_>| {
            other.flow.name == row.flow.name
                && other.flow.revision == row.flow.revision
                && same_payment(other, row)
        };
        self.reported.iter().filter(same).count() > 1
    }

    /// Whether the revision before this one had not this row, or had it otherwise.
    pub(super) fn was_revised(&self, row: &Reported<'_>) -> bool {
        let Some(previous) = row.flow.previous else {
            return false;
        };
        !self.reported.iter().any(|old| {
            old.flow.name == row.flow.name
                && old.flow.revision == previous
                && same_payment(old, row)
                && old.amount == row.amount
                && old.outcome == row.outcome
        })
    }
}

fn same_payment(a: &Reported<'_>, b: &Reported<'_>) -> bool {
    a.iuv == b.iuv && a.iur == b.iur && a.transfer == b.transfer
}

/// Sum of the effects; an impossible overflow counts as nothing, so that the line shows as a difference.
pub(super) fn sum<'c>(credits: impl Iterator<Item = &'c Credit>) -> Cents {
    Cents::sum(credits.map(|credit| credit.effect)).unwrap_or(Cents::ZERO)
}

/// Equal within the tolerance.
pub(super) fn near(a: Cents, b: Cents, tolerance: Cents) -> bool {
    a.get().abs_diff(b.get()) <= tolerance.get().unsigned_abs()
}
