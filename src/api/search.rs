//! Search by any identifier.

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::FromBody;
use super::problem::Problem;
use super::scalars::{Line140, Word};
use crate::app::search::{self, HITS_MAX, Hit, Subject};

/// What to look for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// A notice number, IUV, reference, receipt identifier, flow identifier, bank reference (TRN), tax code,
    /// number plate, report number, pupil code or provisional number, whole. Case, blanks and signs of plates
    /// and report numbers do not matter. Tax codes, plates, report numbers and codes find payments too.
    ///
    /// A chapter (`101`, or `101/1` with its article) and a claim (`2026/145` or `145/2026`) find what was issued
    /// under an accounting plan that names them. Words find what is charged for by its description: each typed
    /// word is the beginning of one of it, accents and case do not matter, one word of three letters is needed.
    pub text: Line140,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// A debt position.
    DebtPosition,
    /// A payment.
    Payment,
    /// A settlement flow.
    SettlementFlow,
    /// A movement on the creditor's accounts.
    TreasuryEntry,
}

/// One thing that bears the identifier.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchHit {
    /// What it is.
    pub kind: SubjectKind,
    /// Its identifier.
    pub id: Uuid,
    /// Which of its identifiers is equal.
    pub matched: Word,
    /// Where it is.
    #[schema(format = "uri-reference", max_length = 2000)]
    pub href: String,
}

/// What bears an identifier.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchResult {
    /// By kind, then in the order of registration; at most 50 by each identifier.
    #[schema(min_items = 0, max_items = 2000)]
    pub items: Vec<SearchHit>,
    /// Whether an identifier may have more than what is listed: lists and searches of one kind have them all.
    pub truncated: bool,
}

impl SubjectKind {
    /// The scope without which it is not shown, and the place of its kind.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            SubjectKind::DebtPosition => ("positions:read", "/debt-positions"),
            SubjectKind::Payment => ("payments:read", "/payments"),
            SubjectKind::SettlementFlow => ("settlements:read", "/settlement-flows"),
            SubjectKind::TreasuryEntry => ("treasury:read", "/treasury-entries"),
        }
    }
}

impl From<Subject> for SubjectKind {
    fn from(subject: Subject) -> SubjectKind {
        match subject {
            Subject::Position => SubjectKind::DebtPosition,
            Subject::Payment => SubjectKind::Payment,
            Subject::Flow => SubjectKind::SettlementFlow,
            Subject::Treasury => SubjectKind::TreasuryEntry,
        }
    }
}

/// Search by any identifier
///
/// Answers with everything that bears the identifier and that the caller may read. The text is in the body and
/// not in the address, because it may be personal data.
#[utoipa::path(operation_id = "search_all", tag = "search", security(("client" = ["search:read"])),
    request_body = Search, responses((status = 200, description = "What bears it.", body = SearchResult)))]
#[post("/searches")]
pub(super) async fn search_all(
    state: web::Data<State>,
    caller: Caller,
    body: FromBody<Search>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor()?.clone();
    let text = body.value.text;
    let found = state
        .ctx
        .read(move |conn| search::find(conn, &creditor, text.as_str()))
        .await?;
    let shown: Vec<(SubjectKind, Hit)> = found
        .hits
        .into_iter()
        .map(|hit| (SubjectKind::from(hit.subject), hit))
        .filter(|(kind, _)| caller.scopes.contains(kind.place().0))
        .collect();
    let same = |(kind, hit): &(SubjectKind, Hit)| (*kind, hit.matched.clone());
    let mut chunks = shown.chunk_by(|a, b| same(a) == same(b));
    let truncated = found.more || chunks.any(|chunk| chunk.len() >= HITS_MAX);
    let items = shown.into_iter().map(|(kind, hit)| SearchHit {
        kind,
        id: hit.id,
        matched: Word::new(hit.matched),
        href: state.address(&format!("{}/{}", kind.place().1, hit.id)),
    });
    Ok(HttpResponse::Ok().json(SearchResult {
        items: items.collect(),
        truncated,
    }))
}
