//! How a creditor wants its lines reconciled.

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::State;
use crate::api::auth::Caller;
use crate::api::creditors::CreditorPath;
use crate::api::input::{Conditions, FromBody, FromPath};
use crate::api::problem::Problem;
use crate::api::scalars::{EntityTagHeader, EntityTagsHeader, Revision};
use crate::api::tagged;
use crate::app::{creditors, decisions};
use crate::domain::money::Cents;
use crate::domain::reconciliation::ReconciliationTerms;

/// How lines should be reconciled.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tolerance_cents": 5, "second_approver": true}))]
pub struct NewReconciliationTerms {
    /// Cash may differ from what it pays by this much and still agree.
    #[schema(format = Int64, minimum = 0, maximum = 10_000, example = 5)]
    pub tolerance_cents: i64,
    /// What one client decides holds when another one approves it.
    pub second_approver: bool,
}

/// How lines are reconciled.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReconciliationTerms)]
pub struct ReconciliationTermsView {
    /// Cash may differ from what it pays by this much and still agree.
    #[schema(format = Int64, minimum = 0, maximum = 10_000, example = 5)]
    pub tolerance_cents: i64,
    /// What one client decides holds when another one approves it.
    pub second_approver: bool,
    /// Revision of the resource; 0 when none were ever set.
    pub revision: Revision,
}

/// Show the terms of reconciliation
///
/// To the cent and by one officer, when none were ever set.
#[utoipa::path(operation_id = "show_reconciliation_terms", tag = "creditors", security(("client" = [])),
    params(CreditorPath),
    responses((status = 200, description = "The terms.", body = ReconciliationTermsView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/creditors/{creditor_tax_code}/reconciliation-terms")]
pub(in crate::api) async fn show_reconciliation_terms(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CreditorPath>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let found = state.ctx.read(move |conn| {
        creditors::get(conn, &creditor)?;
        Ok::<_, creditors::Error>(decisions::terms(conn, &creditor)?)
    });
    Ok(answer(found.await?))
}

/// Replace the terms of reconciliation
///
/// Lines that end elsewhere under another tolerance are classified again at once. `If-Match` only replaces
/// the version that was read; without it, the last writer wins.
#[utoipa::path(operation_id = "replace_reconciliation_terms", tag = "creditors", security(("client" = ["registry:manage"])),
    params(CreditorPath, ("If-Match" = inline(Option<EntityTagsHeader>), Header, description = "Replace only this version.")),
    request_body = NewReconciliationTerms,
    responses((status = 200, description = "Replaced.", body = ReconciliationTermsView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[put("/creditors/{creditor_tax_code}/reconciliation-terms")]
pub(in crate::api) async fn replace_reconciliation_terms(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CreditorPath>,
    conditions: Conditions,
    body: FromBody<NewReconciliationTerms>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let held = creditor.clone();
    let found = state.ctx.read(move |conn| {
        creditors::get(conn, &held)?;
        Ok::<_, creditors::Error>(decisions::terms(conn, &held)?)
    });
    let (_, current) = found.await?;
    conditions.check(Some(current))?;
    let seen = (conditions != Conditions::default()).then_some(current);
    let terms = ReconciliationTerms {
        tolerance: Cents::new(body.value.tolerance_cents).unwrap_or(Cents::ZERO),
        second_approver: body.value.second_approver,
    };
    let (ctx, actor) = (state.ctx.clone(), caller.client_id);
    let revision = state.write(&caller, move |tx, now| {
        decisions::set_terms(tx, now, &ctx, (&creditor, actor), (terms, seen))
    });
    Ok(answer((terms, revision.await?)))
}

fn answer((terms, revision): (ReconciliationTerms, i64)) -> HttpResponse {
    let view = ReconciliationTermsView {
        tolerance_cents: terms.tolerance.get(),
        second_approver: terms.second_approver,
        revision: Revision(revision),
    };
    tagged(&view, revision)
}
