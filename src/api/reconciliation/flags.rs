//! What else is worth knowing about a line of money.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::reconciliation::Flag;

/// An observation about a line, beside its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReconciliationFlag {
    /// The node answered in the creditor's place.
    StandIn,
    /// The entry of the flow says that no receipt need exist.
    #[serde(rename = "no_rpt")]
    NoReceipt,
    /// The head of the flow states another sum or count than its entries.
    FlowHeaderMismatch,
    /// The same payment stands twice, in the flow or in flows in force.
    FlowRowDuplicate,
    /// The flow is addressed to another body.
    FlowWrongBody,
    /// A newer revision changed, added or removed this entry.
    FlowRevised,
    /// Several flows fit; they are listed.
    Ambiguous,
    /// The bank text held only the beginning of the identifier.
    ReferenceTruncated,
    /// Several bank transfers for one flow.
    SplitTransfer,
    /// One bank transfer for several flows.
    MultiFlowTransfer,
    /// The transfer was made later than the rules allow.
    Late,
    /// Paid after the creditor had withdrawn the notice.
    PaidAfterCancel,
    /// An outcome code that no published rule explains.
    #[serde(rename = "unknown_esito")]
    UnknownOutcome,
    /// The money went to an account that the creditor has not registered.
    IbanMismatch,
    /// The money has no place in the budget: its debt is not in these books, or the creditor keeps accounting
    /// plans and none with a chapter for each key held on the day of its issue.
    AccountingIncomplete,
    /// A reduced amount was paid after its term.
    PaidLateTier,
    /// The sum is what was asked, the shares of the beneficiaries are not.
    TefaSplitMismatch,
    /// It came, or changed, when its month was closed: it counts in a later one.
    AfterPeriodClose,
}

twins!(
    ReconciliationFlag = Flag: StandIn, NoReceipt, FlowHeaderMismatch, FlowRowDuplicate, FlowWrongBody, FlowRevised, Ambiguous, ReferenceTruncated, SplitTransfer, MultiFlowTransfer, Late, PaidAfterCancel, UnknownOutcome, IbanMismatch, AccountingIncomplete, PaidLateTier, TefaSplitMismatch, AfterPeriodClose,
);

/// The flags of a line, in their order.
pub(super) fn shown(flags: &BTreeSet<Flag>) -> Vec<ReconciliationFlag> {
    flags
        .iter()
        .copied()
        .map(ReconciliationFlag::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn flags_have_one_name_everywhere() {
        for flag in Flag::ALL {
            let shown = ReconciliationFlag::from(*flag);
            assert_eq!(json!(shown), json!(flag.as_str().to_ascii_lowercase()));
        }
    }
}
