//! The seals over the audit trail.

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::FromQuery;
use super::page::Slice;
use super::problem::Problem;
use super::scalars::{Count, Sha256};
use crate::app::trail::{self, AuditSeal};

/// A seal over entries of the audit trail, and over the seal before.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuditSeal)]
pub struct AuditSealView {
    /// Number, from 1, without gaps.
    pub seal_number: Count,
    /// Instant at which it was made.
    pub sealed_at: DateTime<Utc>,
    /// How many entries it is over.
    pub entries: Count,
    /// The first of them, by identifier.
    pub first_audit_entry_id: Uuid,
    /// The last of them, by identifier.
    pub last_audit_entry_id: Uuid,
    /// Digest of the seal before; zeros for the first one.
    pub previous_sha256: Sha256,
    /// Digest of this seal.
    pub sha256: Sha256,
}

/// One page of seals.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditSealPage {
    /// The seals, newest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<AuditSealView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Count>,
}

/// Which seals.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditSealQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false, format = Int64, minimum = 0, maximum = 1_000_000_000_000i64)]
    pub cursor: Option<i64>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// List seals of the audit trail
///
/// Newest first. Whoever keeps the number and digest of the newest seal elsewhere can prove later that nothing
/// before it was altered: the digests must lead there again.
#[utoipa::path(operation_id = "list_audit_seals", tag = "audit", security(("client" = ["audit:read"])), params(AuditSealQuery),
    responses((status = 200, description = "One page.", body = AuditSealPage)))]
#[get("/audit-seals")]
pub(super) async fn list_audit_seals(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<AuditSealQuery>,
) -> Result<HttpResponse, Problem> {
    let tenant = caller.creditor()?.into();
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read = move |conn: &mut _| trail::seals(conn, &tenant, (slice.cursor, slice.fetch()));
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |seal| seal.number);
    Ok(HttpResponse::Ok().json(AuditSealPage {
        items: found.iter().map(AuditSealView::of).collect(),
        next_cursor: next_cursor.map(Count),
    }))
}

impl AuditSealView {
    fn of(seal: &AuditSeal) -> AuditSealView {
        let digits = |bytes: &[u8; 32]| bytes.map(|byte| format!("{byte:02x}")).concat();
        AuditSealView {
            seal_number: Count(seal.number),
            sealed_at: seal.sealed_at,
            entries: Count(seal.count),
            first_audit_entry_id: seal.first,
            last_audit_entry_id: seal.last,
            previous_sha256: Sha256::new(digits(&seal.previous)),
            sha256: Sha256::new(digits(&seal.sha256)),
        }
    }
}
