//! The document, in two stages: the macros of utoipa emit what the handlers say of themselves, and one
//! pass over the JSON adds what every operation has in common and what the macros cannot say.

mod pass;

use serde_json::Value;
use utoipa::OpenApi;
use utoipa_actix_web::AppExt as _;

use super::positions;
use super::problem;
use crate::domain::service;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Avviso",
        description = "Debt positions, pagoPA payment notices, receipts and reconciliation of Italian public bodies.\n\n\
            A minor version may add properties to answers, operations and optional parameters: clients must not \
            refuse what they do not know. Amounts are integers of euro cents. Instants (`*_at`) are RFC 3339 in UTC; \
            days (`*_date`) are calendar days in Italy, the end of the day included. Absent means unknown or not \
            applicable; nothing is ever null. Errors are problem documents (RFC 9457), listed at `/problems`.",
        terms_of_service = "https://avvisi.comune.esempio.it/terms",
        contact(name = "Office that runs this installation", url = "https://avvisi.comune.esempio.it/contact"),
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    tags(
        (name = "accounting-periods", description = "Months of the books, closed and opened again."),
        (name = "audit", description = "Who changed what, sealed so that nobody can alter it unseen."),
        (name = "canteen-accounts", description = "The school canteen paid in advance: credit, and what moves it."),
        (name = "creditors", description = "Public bodies, their stations and accounts, and what they charge for."),
        (name = "debt-positions", description = "What citizens owe, and in which ways it may be paid."),
        (name = "jobs", description = "Work that goes on after the answer."),
        (name = "node-events", description = "The journal of events: every call between the payment node and the creditor."),
        (name = "notices", description = "The payable units: what is printed, and what it costs on a day."),
        (name = "payments", description = "Who paid what, and the receipts."),
        (name = "reconciliations", description = "Which money has been matched with which debt, and why."),
        (name = "reports", description = "Tables for the accounting office, with their control totals."),
        (name = "search", description = "Everything that bears an identifier."),
        (name = "settlement-flows", description = "What providers say they have transferred."),
        (name = "status", description = "Health of the service."),
        (name = "treasury", description = "Movements on the creditor's accounts."),
        (name = "worklist", description = "Open lines, who works on them, how old they are."),
    ),
    components(schemas(problem::Document))
)]
struct Head;

/// The document that this build serves.
#[must_use]
pub fn document() -> Value {
    let (_, mut api) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Head::openapi())
        .service(super::routes())
        .split_for_parts();
    let components = api.components.get_or_insert_default();
    for kind in service::ALL {
        components.schemas.extend(kind.details_schema().schemas);
    }
    let kinds = service::ALL
        .iter()
        .map(|kind| (kind.code(), kind.details_schema().name))
        .collect::<Vec<_>>();
    // utoipa's structures always serialise; a document without paths would fail the first test that reads it.
    let emitted = serde_json::to_value(&api).unwrap_or_default();
    pass::finish(emitted, &kinds)
}

/// The document as it is committed: pretty, sorted, one line break at the end.
#[must_use]
pub fn printed() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The address under which a running engine is reached, for the document that it serves itself.
#[must_use]
pub(super) fn servers(public_url: &str) -> Value {
    let url = format!("{public_url}{}", super::contract::PREFIX);
    let sandbox = !url.starts_with("https://");
    serde_json::json!([{"url": url, "description": "This installation.", "x-sandbox": sandbox, "x-internal": false}])
}

/// The name of the component that holds one object of details.
pub(super) const DETAILS: &str = positions::DETAILS_SCHEMA;

#[cfg(test)]
mod tests;
