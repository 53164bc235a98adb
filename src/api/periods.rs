//! Months of the books: closed, and opened again.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, patch, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::decisions::DecisionMark;
use super::faults::Faults;
use super::input::{Conditions, FromBody, FromPath, FromQuery, IdempotencyKey};
use super::page::Slice;
use super::problem::{Problem, catalogue};
use super::reconciliation::{LineKind, ReconciliationCode};
use super::repeat::Asked;
use super::scalars::{
    EntityTagHeader, EntityTagsHeader, IdempotencyKeyHeader, Line1000, Month, Revision,
    SignedCents, UriHeader,
};
use super::tagged;
use crate::app::idempotency;
use crate::app::periods::{self, Error, Period, Step};
use crate::domain::reconciliation::decision::Mark;
use crate::domain::reconciliation::period::{self as rules, PeriodFigure};
use crate::domain::text::{Said, Text};

/// Whether the figures of a month may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountingPeriodState {
    /// They stay as they are: what comes counts in the next month, as an adjustment.
    Closed,
    /// It was closed and opened again: what comes counts in it.
    Reopened,
}

/// A month to close.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"month": "2026-03", "note": "Verifica di cassa trimestrale"}))]
pub struct NewAccountingPeriod {
    /// Which month: one that is over, and that follows the last closed one.
    pub month: Month,
    /// Why.
    pub note: Line1000,
}

/// A change of a month, a merge patch.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "reopened", "note": "Giornale di cassa corretto dalla tesoreria"}))]
pub struct AccountingPeriodAmendment {
    /// The state that is wanted.
    pub state: AccountingPeriodState,
    /// Why.
    pub note: Line1000,
}

/// What counts in a month under one code.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountingFigure)]
pub struct AccountingFigureView {
    /// Which kind of line.
    pub line_kind: LineKind,
    /// Where they have ended.
    pub code: ReconciliationCode,
    /// Whether they are about an earlier month, which was closed.
    pub adjustment: bool,
    /// Lines that came to this code, less those that left it.
    #[schema(format = Int64, minimum = -1_000_000_000_000i64, maximum = 1_000_000_000_000i64, example = 12)]
    pub count: i64,
    /// Their amounts, likewise.
    pub amount_cents: SignedCents,
}

/// A month that was closed.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountingPeriod)]
pub struct AccountingPeriodView {
    /// Identifier.
    pub accounting_period_id: Uuid,
    /// Which month.
    pub month: Month,
    /// Whether its figures may change.
    pub state: AccountingPeriodState,
    /// Who closed it last.
    pub closed: DecisionMark,
    /// Who opened it again; absent while it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reopened: Option<DecisionMark>,
    /// What counts in it, by kind of line and code.
    #[schema(min_items = 0, max_items = 100)]
    pub figures: Vec<AccountingFigureView>,
    /// Revision of the resource.
    pub revision: Revision,
}

/// One page of months.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountingPeriodPage {
    /// The months, in the order they were closed first, each with its figures of the last closing.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<AccountingPeriodView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// The month of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AccountingPeriodPath {
    /// Identifier of the month that was closed.
    pub accounting_period_id: Uuid,
}

/// Which months.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AccountingPeriodQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// Close a month
///
/// Its figures stay as they are. What comes later about it is classified as always, has the flag
/// `after_period_close`, and counts in the next month as an adjustment. The first month that is closed closes
/// every month before it.
#[utoipa::path(operation_id = "close_accounting_period", tag = "accounting-periods", security(("client" = ["reconciliations:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = NewAccountingPeriod,
    responses((status = 201, description = "Closed.", body = AccountingPeriodView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                ("Location" = inline(UriHeader), description = "Where the resource is.")),
        links(("shown" = (operation_id = "show_accounting_period", parameters(("accounting_period_id" = "$response.body#/accounting_period_id")), description = "Read it back."))))))]
#[post("/accounting-periods")]
pub(super) async fn close_accounting_period(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    body: FromBody<NewAccountingPeriod>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&caller, "close_accounting_period", &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let mut faults = Faults::default();
    let note = faults.read("/note", Text::parse(body.value.note.as_str()));
    let note = faults.result(note)?;
    let month = rules::Month::parse(body.value.month.as_str());
    let month = month.ok_or_else(|| {
        let said = Said::new("non è un mese", "is no month");
        Problem::at(&catalogue::RULE_VIOLATION, "/month", said)
    })?;
    let (creditor, by) = (caller.creditor()?.clone(), caller.client_id);
    let (ctx, sealed, at) = (state.ctx.clone(), asked.clone(), state.clone());
    let made = state.import(&caller, move |tx, now| {
        let mark = Mark {
            by,
            at: now,
            note: Some(note.clone()),
        };
        let made = periods::close(tx, &ctx, &creditor, (month, mark))?;
        let location = at.address(&format!("/accounting-periods/{}", made.id));
        let view = AccountingPeriodView::of(&made);
        let answer = sealed.answered(StatusCode::CREATED, location, (&view, Some(made.revision)));
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, Error>(answer)
    });
    asked.end(&state, made.await.map_err(Problem::from)).await
}

/// List months that were closed
///
/// In the order they were closed first.
#[utoipa::path(operation_id = "list_accounting_periods", tag = "accounting-periods", security(("client" = ["reconciliations:read"])),
    params(AccountingPeriodQuery), responses((status = 200, description = "One page.", body = AccountingPeriodPage)))]
#[get("/accounting-periods")]
pub(super) async fn list_accounting_periods(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<AccountingPeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor()?.clone();
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read = move |conn: &mut _| periods::page(conn, &creditor, (slice.cursor, slice.fetch()));
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |period| period.id);
    let items = found.iter().map(AccountingPeriodView::of).collect();
    Ok(HttpResponse::Ok().json(AccountingPeriodPage { items, next_cursor }))
}

/// Show a month that was closed
///
/// With its figures: of the last closing while it is closed, of now while it is open again.
#[utoipa::path(operation_id = "show_accounting_period", tag = "accounting-periods", security(("client" = ["reconciliations:read"])),
    params(AccountingPeriodPath),
    responses((status = 200, description = "The month.", body = AccountingPeriodView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/accounting-periods/{accounting_period_id}")]
pub(super) async fn show_accounting_period(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<AccountingPeriodPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.accounting_period_id);
    let read = move |conn: &mut _| periods::get(conn, &creditor, id);
    let found = state.ctx.read(read).await?;
    Ok(tagged(&AccountingPeriodView::of(&found), found.revision))
}

/// Open a month again, or close it again
///
/// A merge patch; `If-Match` must carry the version that was read. Only the last closed month is opened; what
/// counted in later months as an adjustment stays there.
#[utoipa::path(operation_id = "amend_accounting_period", tag = "accounting-periods", security(("client" = ["reconciliations:write"])),
    params(AccountingPeriodPath, ("If-Match" = inline(EntityTagsHeader), Header, description = "Version that was read; without it the answer is 428.")),
    request_body(content = AccountingPeriodAmendment, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The month as it is now.", body = AccountingPeriodView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[patch("/accounting-periods/{accounting_period_id}")]
pub(super) async fn amend_accounting_period(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<AccountingPeriodPath>,
    conditions: Conditions,
    body: FromBody<AccountingPeriodAmendment>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.accounting_period_id);
    let conditions = conditions.required()?;
    let held = creditor.clone();
    let read = move |conn: &mut _| periods::get(conn, &held, id);
    let seen = state.ctx.read(read).await?.revision;
    conditions.check(Some(seen))?;
    let mut faults = Faults::default();
    let note = faults.read("/note", Text::parse(body.value.note.as_str()));
    let note = faults.result(note)?;
    let step = match body.value.state {
        AccountingPeriodState::Closed => Step::Close,
        AccountingPeriodState::Reopened => Step::Reopen,
    };
    let (ctx, by) = (state.ctx.clone(), caller.client_id);
    let changed = state.import(&caller, move |tx, now| {
        let mark = Mark {
            by,
            at: now,
            note: Some(note.clone()),
        };
        periods::amend(tx, &ctx, (&creditor, id, seen), (step, mark))
    });
    let changed = changed.await?;
    Ok(tagged(
        &AccountingPeriodView::of(&changed),
        changed.revision,
    ))
}

impl AccountingFigureView {
    fn of(figure: &PeriodFigure) -> AccountingFigureView {
        AccountingFigureView {
            line_kind: figure.kind.into(),
            code: figure.code.into(),
            adjustment: figure.adjustment,
            count: figure.count,
            amount_cents: SignedCents(figure.amount.get()),
        }
    }
}

impl AccountingPeriodView {
    fn of(period: &Period) -> AccountingPeriodView {
        let state = match period.reopened {
            Some(_) => AccountingPeriodState::Reopened,
            None => AccountingPeriodState::Closed,
        };
        AccountingPeriodView {
            accounting_period_id: period.id,
            month: Month::new(period.month.to_string()),
            state,
            closed: DecisionMark::of(&period.closed),
            reopened: period.reopened.as_ref().map(DecisionMark::of),
            figures: period
                .figures
                .iter()
                .map(AccountingFigureView::of)
                .collect(),
            revision: Revision(period.revision),
        }
    }
}
