//! What may belong to a line that is not explained. Asking changes nothing; an officer decides.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ReconciliationPath;
use crate::api::State;
use crate::api::auth::Caller;
use crate::api::input::FromPath;
use crate::api::problem::Problem;
use crate::api::scalars::{ReceiptId, SignedCents};
use crate::app::reconciliation::{self, Suggested};
use crate::domain::reconciliation::suggestion;

/// Why movements and flows, or a receipt, may belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// To the cent.
    SameAmount,
    /// Within the creditor's tolerance.
    WithinTolerance,
    /// Several together come to the amount.
    SumOfSeveral,
    /// Within two days.
    SameDays,
    /// Within ten days.
    NearDays,
    /// The bank's text and the name of the flow have most of their characters in common.
    TextResembles,
}

twins!(
    Likeness = suggestion::Likeness: SameAmount, WithinTolerance, SumOfSeveral, SameDays, NearDays, TextResembles,
);

/// Movements and flows, or a receipt, that may belong together: the body of a decision to match them.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationSuggestion {
    /// How much speaks for it, from 0 to 100.
    #[schema(format = Int32, minimum = 0, maximum = 100, example = 75)]
    pub score: u8,
    /// What speaks for it.
    #[schema(min_items = 1, max_items = 6)]
    pub likenesses: Vec<Likeness>,
    /// The movements.
    #[schema(min_items = 1, max_items = 4)]
    pub treasury_entry_ids: Vec<Uuid>,
    /// The flows; absent when it is about a receipt by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 1, max_items = 4)]
    pub settlement_flow_ids: Option<Vec<Uuid>>,
    /// The receipt that no flow reports; absent when it is about flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt_id: Option<ReceiptId>,
    /// What the suggested side comes to.
    pub amount_cents: SignedCents,
    /// That less what is looked for.
    pub difference_cents: SignedCents,
}

/// Suggestions for a line.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationSuggestions {
    /// The best ones, best first; none when the line's sides are together, or nothing fits.
    #[schema(min_items = 0, max_items = 10)]
    pub suggestions: Vec<ReconciliationSuggestion>,
}

/// Suggest what belongs to a line
///
/// For a movement the flows that it may pay, or the receipt that no flow reports; for a row, a receipt of a flow
/// and a receipt by itself the movements that may pay it:
/// by amount, by day, by what is left of the bank's text, and by sums of up to four. A suggestion is the body
/// of a decision; asking for it changes nothing.
#[utoipa::path(operation_id = "show_reconciliation_suggestions", tag = "reconciliations", security(("client" = ["reconciliations:read"])),
    params(ReconciliationPath), responses((status = 200, description = "The suggestions.", body = ReconciliationSuggestions)))]
#[get("/reconciliations/{reconciliation_id}/suggestions")]
pub(in crate::api) async fn show_reconciliation_suggestions(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReconciliationPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.reconciliation_id);
    let read = move |conn: &mut _| reconciliation::suggestions(conn, &creditor, id);
    let found = state.ctx.read(read).await?;
    let suggestions = found
        .into_iter()
        .map(ReconciliationSuggestion::of)
        .collect();
    Ok(HttpResponse::Ok().json(ReconciliationSuggestions { suggestions }))
}

impl ReconciliationSuggestion {
    fn of(found: Suggested) -> ReconciliationSuggestion {
        let suggestion = found.suggestion;
        let likenesses = suggestion.likenesses.iter().map(|one| (*one).into());
        let own = |id: Option<Uuid>, others: &[Uuid]| id.map_or(others.to_vec(), |id| vec![id]);
        ReconciliationSuggestion {
            score: suggestion.score,
            likenesses: likenesses.collect(),
            treasury_entry_ids: own(found.credit, &suggestion.others),
            settlement_flow_ids: match found.receipt {
                Some(_) => None,
                None => Some(own(found.flow, &suggestion.others)),
            },
            receipt_id: found.receipt.as_deref().map(ReceiptId::new),
            amount_cents: SignedCents(suggestion.amount.get()),
            difference_cents: SignedCents(suggestion.difference.get()),
        }
    }
}
