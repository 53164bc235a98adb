//! What a revision of a flow has changed.

use actix_web::{HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{FlowOutcome, SettlementFlowEntryQuery, SettlementFlowPath};
use crate::api::State;
use crate::api::auth::Caller;
use crate::api::input::{FromPath, FromQuery};
use crate::api::page::Slice;
use crate::api::problem::Problem;
use crate::api::scalars::{Count, Iuv, Line140, ReceiptId, Revision, SignedCents};
use crate::app::settlement::{self, Revised};
use crate::domain::collection_order::Covering;
use crate::domain::money::Cents;
use crate::domain::settlement::{Line, RowChange};

/// What a newer revision did to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowChangeKind {
    /// The older revision has not the entry.
    Added,
    /// The newer revision has not the entry.
    Removed,
    /// Amount, outcome or day differ.
    Changed,
}

/// What one revision says of an entry.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowEntryVersion {
    /// Place in that revision, from 1.
    #[schema(format = Int32, minimum = 0, maximum = 2_147_483_647)]
    pub place: i32,
    /// Amount.
    pub amount_cents: SignedCents,
    /// Outcome.
    pub outcome: FlowOutcome,
    /// Day of the payment.
    pub paid_date: NaiveDate,
}

/// An entry of which two revisions say different things.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementFlowChange {
    /// Place in this list, from 1.
    #[schema(format = Int32, minimum = 1, maximum = 2_147_483_647)]
    pub number: i32,
    /// What the newer revision did.
    pub change: FlowChangeKind,
    /// Reference of the payment.
    pub iuv: Iuv,
    /// Reference of the collection (IUR).
    pub collection_reference: ReceiptId,
    /// Which transfer of the payment.
    #[schema(format = Int32, minimum = 0, maximum = 32_767)]
    pub transfer_index: i16,
    /// What the older revision says; absent when the entry was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub before: Option<FlowEntryVersion>,
    /// What the newer revision says; absent when the entry was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub after: Option<FlowEntryVersion>,
}

/// A collection order (*reversale*) that covers a provisional credit of the flow.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuedCollectionOrder {
    /// Financial year of the credit.
    #[schema(format = Int32, minimum = 1999, maximum = 2099)]
    pub year: i32,
    /// The treasurer's account.
    pub account: Line140,
    /// Number of the provisional credit.
    pub provisional_number: Count,
    /// Number of the order.
    pub order_number: Count,
    /// What it covers of the credit, less what was taken back.
    pub amount_cents: SignedCents,
}

/// What a revision has changed, one page of entries.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementFlowChangePage {
    /// The flow, at the newer revision.
    pub settlement_flow_id: Uuid,
    /// Its revision.
    pub revision: Revision,
    /// The flow at the revision before; absent for the first one, which adds every entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub previous_settlement_flow_id: Option<Uuid>,
    /// The revision before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub previous_revision: Option<Revision>,
    /// Sum of the entries less that of the revision before.
    pub difference_cents: SignedCents,
    /// How many entries differ.
    pub changed_entries: Count,
    /// Collection orders that were issued already for the cash of the flow: they may have to be corrected.
    #[schema(min_items = 0, max_items = 1000)]
    pub issued_orders: Vec<IssuedCollectionOrder>,
    /// The entries that differ, by payment.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<SettlementFlowChange>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int32, minimum = 0, maximum = 2_147_483_647)]
    pub next_cursor: Option<i32>,
}

/// List what a revision has changed
///
/// Entry by entry against the revision before it, with the collection orders that were issued already for the
/// cash of the flow.
#[utoipa::path(operation_id = "list_settlement_flow_changes", tag = "settlement-flows", security(("client" = ["settlements:read"])),
    params(SettlementFlowPath, SettlementFlowEntryQuery), responses((status = 200, description = "One page.", body = SettlementFlowChangePage)))]
#[get("/settlement-flows/{settlement_flow_id}/changes")]
pub(in crate::api) async fn list_settlement_flow_changes(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<SettlementFlowPath>,
    query: FromQuery<SettlementFlowEntryQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.settlement_flow_id);
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read = move |conn: &mut _| settlement::revised(conn, &creditor, id);
    let found = state.ctx.read(read).await?;
    Ok(HttpResponse::Ok().json(SettlementFlowChangePage::of(&found, slice)))
}

impl SettlementFlowChangePage {
    fn of(found: &Revised, slice: Slice<i32>) -> SettlementFlowChangePage {
        let after = slice.cursor.unwrap_or(0);
        let fetch = usize::from(slice.limit).saturating_add(1);
        let asked = (1..).zip(&found.changes);
        let asked = asked.filter(|(number, _)| *number > after).take(fetch);
        let asked: Vec<SettlementFlowChange> = asked.filter_map(change).collect();
        let (items, next_cursor) = slice.cut(asked, |item| item.number);
        let previous = found.previous.as_ref();
        let before = previous.map_or(Cents::ZERO, |old| old.totals.sum);
        let difference = found.filed.totals.sum.minus(before);
        SettlementFlowChangePage {
            settlement_flow_id: found.filed.id,
            revision: Revision(found.filed.header.revision),
            previous_settlement_flow_id: previous.map(|old| old.id),
            previous_revision: previous.map(|old| Revision(old.header.revision)),
            difference_cents: SignedCents(difference.map_or(0, Cents::get)),
            changed_entries: Count(i64::try_from(found.changes.len()).unwrap_or(i64::MAX)),
            issued_orders: found.orders.iter().map(order).collect(),
            items,
            next_cursor,
        }
    }
}

fn change((number, change): (i32, &RowChange)) -> Option<SettlementFlowChange> {
    let kind = match (&change.before, &change.after) {
        (None, _) => FlowChangeKind::Added,
        (Some(_), None) => FlowChangeKind::Removed,
        (Some(_), Some(_)) => FlowChangeKind::Changed,
    };
    let line = change.after.as_ref().or(change.before.as_ref())?;
    Some(SettlementFlowChange {
        number,
        change: kind,
        iuv: Iuv::new(line.iuv.as_str()),
        collection_reference: ReceiptId::new(line.iur.as_str()),
        transfer_index: line.transfer,
        before: change.before.as_ref().map(version),
        after: change.after.as_ref().map(version),
    })
}

fn version(line: &Line) -> FlowEntryVersion {
    FlowEntryVersion {
        place: line.number,
        amount_cents: SignedCents(line.amount.get()),
        outcome: line.outcome.into(),
        paid_date: line.paid_on,
    }
}

fn order(cover: &Covering) -> IssuedCollectionOrder {
    IssuedCollectionOrder {
        year: cover.year,
        account: Line140::new(cover.account.as_str()),
        provisional_number: Count(cover.provisional),
        order_number: Count(cover.order),
        amount_cents: SignedCents(cover.amount.get()),
    }
}
