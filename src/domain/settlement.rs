//! Reporting flows (flusso di rendicontazione): what a PSP says it has transferred, row by row.
//!
//! A flow is one bank transfer. Its key is creditor + PSP + identifier; a higher revision replaces the
//! lower ones (SANP, "Rendicontazione"). The node checks neither sums nor counts nor receivers of flows
//! sent by SOAP, so nothing here refuses a flow: what is wrong with it is a fact to be shown.

mod changes;

use crate::domain::calendar::{Day, Instant};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::treasury::KnownFlow;

pub use changes::{RowChange, changes};

/// How a single payment of a flow ended (`codiceEsitoSingoloPagamento`, `payStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// 0: paid, with a receipt.
    Executed,
    /// 3: taken back.
    Revoked,
    /// 4: paid while the creditor's station was replaced; a receipt follows.
    StandIn,
    /// 8: as 4, and no receipt exists.
    StandInNoReceipt,
    /// 9: the PSP was paid without a positive answer of the node; often no receipt exists.
    NoReceipt,
    /// A code that no published rule explains.
    Unknown,
}

impl Outcome {
    /// From the number of the XML file.
    #[must_use]
    pub fn from_code(code: i16) -> Outcome {
        match code {
            0 => Outcome::Executed,
            3 => Outcome::Revoked,
            4 => Outcome::StandIn,
            8 => Outcome::StandInNoReceipt,
            9 => Outcome::NoReceipt,
            _ => Outcome::Unknown,
        }
    }

    /// The number of the XML file; an unknown outcome is -1.
    #[must_use]
    pub fn code(self) -> i16 {
        match self {
            Outcome::Executed => 0,
            Outcome::Revoked => 3,
            Outcome::StandIn => 4,
            Outcome::StandInNoReceipt => 8,
            Outcome::NoReceipt => 9,
            Outcome::Unknown => -1,
        }
    }

    /// From the name of the REST interface (`payStatus`), or the digit of the XML file.
    #[must_use]
    pub fn from_name(name: &str) -> Outcome {
        match name {
            "EXECUTED" | "0" => Outcome::Executed,
            "REVOKED" | "3" => Outcome::Revoked,
            "STAND_IN" | "4" => Outcome::StandIn,
            "STAND_IN_NO_RPT" | "8" => Outcome::StandInNoReceipt,
            "NO_RPT" | "9" => Outcome::NoReceipt,
            _ => Outcome::Unknown,
        }
    }

    /// Whether the row itself says that no receipt need exist.
    #[must_use]
    pub fn without_receipt(self) -> bool {
        match self {
            Outcome::StandInNoReceipt | Outcome::NoReceipt => true,
            Outcome::Executed | Outcome::Revoked | Outcome::StandIn | Outcome::Unknown => false,
        }
    }
}

/// The head of a flow, as its sender wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// PSP that sends (`pspId`).
    pub psp_id: String,
    /// `identificativoFlusso`, unique per PSP and creditor.
    pub flow_id: String,
    /// Version of the flow, from 1.
    pub revision: i64,
    /// `dataOraFlusso`.
    pub flow_at: Instant,
    /// Reference of the bank transfer (`identificativoUnivocoRegolamento`).
    pub regulation: String,
    /// Day of the bank transfer (`dataRegolamento`).
    pub regulation_on: Day,
    /// Body the flow is addressed to, as written.
    pub receiver: String,
    /// `numeroTotalePagamenti`.
    pub declared_count: i64,
    /// `importoTotalePagamenti`.
    pub declared_sum: Cents,
    /// When the node published it.
    pub published_at: Instant,
}

impl Header {
    /// The flow as references name it, whichever its revision.
    #[must_use]
    pub fn known(&self) -> KnownFlow {
        KnownFlow {
            key: flow_key(&self.flow_id),
            psp_id: self.psp_id.clone(),
        }
    }
}

/// One row of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Place in the flow, from 1.
    pub number: i32,
    /// Reference of the payment (IUV), as written.
    pub iuv: String,
    /// Receipt id (IUR), as written.
    pub iur: String,
    /// Which transfer of the payment, 1 to 5; a missing index is 1.
    pub transfer: i16,
    /// Amount as written; a revocation may or may not have a minus sign.
    pub amount: Cents,
    /// How the payment ended.
    pub outcome: Outcome,
    /// Day of the payment (`dataEsitoSingoloPagamento`).
    pub paid_on: Day,
}

impl Line {
    /// What the row adds to the transfer: revocations take away, whichever sign they are written with.
    #[must_use]
    pub fn effect(&self) -> Cents {
        match self.outcome {
            Outcome::Revoked if self.amount.is_positive() => self.amount.negated(),
            Outcome::Revoked
            | Outcome::Executed
            | Outcome::StandIn
            | Outcome::StandInNoReceipt
            | Outcome::NoReceipt
            | Outcome::Unknown => self.amount,
        }
    }
}

/// How many rows a flow has and what they come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Number of rows.
    pub count: i64,
    /// Sum of the effects of the rows.
    pub sum: Cents,
}

/// Counts and sums the rows of a flow.
///
/// # Errors
/// [`MoneyError::OutOfRange`] when the sum does not fit.
pub fn totals(lines: &[Line]) -> Result<Totals, MoneyError> {
    let count = i64::try_from(lines.len()).map_err(|_too_many| MoneyError::OutOfRange)?;
    Ok(Totals {
        count,
        sum: Cents::sum(lines.iter().map(Line::effect))?,
    })
}

/// What a revision is, against those already stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The first of this flow.
    First,
    /// Replaces the one in force.
    Newer {
        /// Revision in force until now.
        replaces: i64,
    },
    /// Known already.
    Repeat,
    /// Older than the one in force: kept as a document, without effect.
    Older {
        /// Revision in force.
        than: i64,
    },
}

/// Compares a revision with those stored of the same flow.
#[must_use]
pub fn arrival(stored: &[i64], revision: i64) -> Arrival {
    if stored.contains(&revision) {
        return Arrival::Repeat;
    }
    match stored.iter().max() {
        None => Arrival::First,
        Some(newest) if *newest < revision => Arrival::Newer { replaces: *newest },
        Some(newest) => Arrival::Older { than: *newest },
    }
}

/// The form in which flow identifiers are compared with bank text: upper case, without blanks.
#[must_use]
pub fn flow_key(flow_id: &str) -> String {
    flow_id
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(amount: i64, outcome: Outcome) -> Line {
        Line {
            number: 1,
            iuv: "01000000000123468".into(),
            iur: "r1".into(),
            transfer: 1,
            amount: Cents::new(amount).unwrap(),
            outcome,
            paid_on: "2026-03-01".parse().unwrap(),
        }
    }

    #[test]
    fn a_revocation_takes_away_whichever_sign_it_has() {
        let rows = [
            line(500, Outcome::Executed),
            line(200, Outcome::Revoked),
            line(-100, Outcome::Revoked),
        ];
        let totals = totals(&rows).unwrap();
        assert_eq!((totals.count, totals.sum.get()), (3, 200));
    }

    #[test]
    fn every_outcome_survives_its_code_and_strange_ones_are_kept_as_unknown() {
        for code in [0i16, 3, 4, 8, 9] {
            assert_eq!(Outcome::from_code(code).code(), code);
            assert_eq!(
                Outcome::from_name(&code.to_string()),
                Outcome::from_code(code)
            );
        }
        assert_eq!(Outcome::from_code(1), Outcome::Unknown);
        assert_eq!(
            Outcome::from_name("STAND_IN_NO_RPT"),
            Outcome::StandInNoReceipt
        );
    }

    #[test]
    fn a_revision_is_first_newer_repeated_or_older() {
        assert_eq!(arrival(&[], 1), Arrival::First);
        assert_eq!(arrival(&[1], 2), Arrival::Newer { replaces: 1 });
        assert_eq!(arrival(&[1, 3], 3), Arrival::Repeat);
        assert_eq!(arrival(&[1, 3], 2), Arrival::Older { than: 3 });
    }
}
