//! What the classifier is given: the facts about one debt, and the flows and cash around it.

use std::collections::BTreeSet;

use crate::domain::calendar::Day;
use crate::domain::money::Cents;
use crate::domain::settlement::Outcome;

use super::{Flag, PENDING_DAYS_MAX};

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
    /// The day on which it is judged: what waits for long waits no more.
    pub today: Day,
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
    /// What its price, its account and its accounting key say.
    pub remarks: BTreeSet<Flag>,
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
    /// Day of its bank transfer.
    pub regulation_on: Day,
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
    /// No entry, or all of it was taken back.
    None,
    /// Equal within the tolerance.
    Equal,
    /// Less than the rows: more transfers may come.
    Less,
    /// Less than the rows, and nothing has come for so long that nothing more is waited for.
    Short,
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

    fn sums(&self) -> impl Iterator<Item = Cents> {
        let others = self.companions.iter().map(|other| other.sum);
        others.chain([self.sum])
    }

    /// What its rows and those of its companions come to. A sum out of range counts as nothing, so that it
    /// shows as a difference.
    #[must_use]
    pub fn announced(&self) -> Cents {
        Cents::sum(self.sums()).unwrap_or(Cents::ZERO)
    }

    /// Whether its cash came in several transfers. A transfer that was taken back is none.
    #[must_use]
    pub fn is_split(&self) -> bool {
        let signs = self.credits.iter().map(|credit| credit.effect.get());
        signs.map(i64::signum).sum::<i64>() > 1
    }

    /// The day of the newest fact about it: of a transfer, its own or of companions, or of cash.
    fn newest(&self) -> Day {
        let cash = self.credits.iter().map(|credit| credit.booked_on);
        let others = self.companions.iter().map(|other| other.regulation_on);
        let newest = cash.chain(others).max();
        newest.map_or(self.regulation_on, |day| day.max(self.regulation_on))
    }

    /// Whether the same cash pays other flows too.
    #[must_use]
    pub fn shares_cash(&self) -> bool {
        !self.companions.is_empty() && !self.credits.is_empty()
    }

    /// Compares cash and rows as a day sees them. A flow whose rows come to nothing waits for no cash.
    #[must_use]
    pub fn compare(&self, today: Day) -> Cash {
        let (cash, announced) = (self.cash(), self.announced());
        let nothing = Cents::sum(self.sums()) == Ok(Cents::ZERO);
        if cash == Cents::ZERO && !nothing {
            return Cash::None;
        }
        if near(cash, announced, self.tolerance) {
            Cash::Equal
        } else if cash > announced {
            Cash::More
        } else if today.signed_duration_since(self.newest()).num_days() > PENDING_DAYS_MAX {
            Cash::Short
        } else {
            Cash::Less
        }
    }
}

impl<'a> Case<'a> {
    /// The rows in force.
    pub fn live(&self) -> impl Iterator<Item = &Reported<'a>> {
        self.reported.iter().filter(|row| row.flow.live)
    }
}

/// Whether cash that came has gone again, or none came, while some is waited for.
pub(super) fn taken_back(cash: Cents, wanted: Cents) -> bool {
    cash == Cents::ZERO && wanted != Cents::ZERO
}

/// Sum of the effects; an impossible overflow counts as nothing, so that the line shows as a difference.
pub(super) fn sum<'c>(credits: impl Iterator<Item = &'c Credit>) -> Cents {
    Cents::sum(credits.map(|credit| credit.effect)).unwrap_or(Cents::ZERO)
}

/// Equal within the tolerance.
pub(super) fn near(a: Cents, b: Cents, tolerance: Cents) -> bool {
    a.get().abs_diff(b.get()) <= tolerance.get().unsigned_abs()
}
