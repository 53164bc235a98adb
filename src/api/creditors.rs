//! Public bodies: stations and accounts.

mod read;

use actix_web::http::header;
use actix_web::{HttpResponse, get, put, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::{Conditions, FromBody, FromPath, FromQuery};
use super::problem::Problem;
use super::scalars::{
    CadastralCode, CbillCode, CountryCode, CreditorTaxCode, EntityTagHeader, EntityTagsHeader,
    Iban, IpaCode, Line35, Line70, Line90, Line140, PostalCode, Revision, SegregationCode,
    StationCode, UriHeader,
};
use super::{input, tagged_unless_known};
use crate::app::creditors::{self, Expected, Registered};
use crate::domain::client::Tenant;
use crate::domain::treasurer::Treasurer;

/// The creditor of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CreditorPath {
    /// Tax code of the public body.
    #[param(inline)]
    pub creditor_tax_code: CreditorTaxCode,
}

/// Where a party lives or has its seat.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Street and number.
    pub street: Line70,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub postal_code: Option<PostalCode>,
    /// Town.
    pub city: Line35,
    /// Province; absent abroad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub province: Option<Line35>,
    /// Country; Italy when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub country: Option<CountryCode>,
}

/// A connection of a creditor to the payment node.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// Identifier of the station.
    pub station_id: StationCode,
    /// Tax code of the technical intermediary, which may be the creditor.
    pub broker_tax_code: CreditorTaxCode,
    /// The segregation code of the notices that the station issues.
    pub segregation_code: SegregationCode,
    /// First day of use.
    pub valid_from_date: NaiveDate,
    /// Last day of use; absent while it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_to_date: Option<NaiveDate>,
}

/// An account of a creditor.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditorAccount {
    /// The account.
    pub iban: Iban,
    /// What the office calls it.
    pub label: Line70,
    /// First day of use.
    pub valid_from_date: NaiveDate,
    /// Last day of use; absent while it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_to_date: Option<NaiveDate>,
}

/// A public body as it should be.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "legal_name": "Comune di Esempio", "office_name": "Ufficio Tributi", "cbill_code": "ABCDE",
    "stations": [{"station_id": "80012000826_01", "broker_tax_code": "80012000826", "segregation_code": "01", "valid_from_date": "2026-01-01"}],
    "accounts": [{"iban": "IT60X0542811101000000123456", "label": "Tesoreria", "valid_from_date": "2026-01-01"}]
}))]
pub struct NewCreditor {
    /// Name of the body, as printed.
    pub legal_name: Line140,
    /// Office that answers the citizen, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub office_name: Option<Line140>,
    /// Code of the body in the public index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ipa_code: Option<IpaCode>,
    /// Cadastral code of the municipality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cadastral_code: Option<CadastralCode>,
    /// Code for bank channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cbill_code: Option<CbillCode>,
    /// Where citizens pay, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub web_site: Option<Line90>,
    /// Where citizens ask, as printed.
    #[serde(default)]
    #[schema(min_items = 0, max_items = 2)]
    pub contact_lines: Vec<Line90>,
    /// The bank that keeps the treasury, as flows of orders (OPI) address it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub treasurer: Option<Treasurer>,
    /// Connections to the payment node.
    #[schema(min_items = 1, max_items = 50)]
    pub stations: Vec<Station>,
    /// Accounts that may be credited.
    #[schema(min_items = 1, max_items = 100)]
    pub accounts: Vec<CreditorAccount>,
}

/// A public body.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Creditor)]
pub struct CreditorView {
    /// Tax code of the body.
    pub creditor_tax_code: CreditorTaxCode,
    /// Name of the body, as printed.
    pub legal_name: Line140,
    /// Office that answers the citizen, as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub office_name: Option<Line140>,
    /// Code of the body in the public index.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ipa_code: Option<IpaCode>,
    /// Cadastral code of the municipality.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cadastral_code: Option<CadastralCode>,
    /// Code for bank channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cbill_code: Option<CbillCode>,
    /// Where citizens pay, as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub web_site: Option<Line90>,
    /// Where citizens ask, as printed.
    #[schema(min_items = 0, max_items = 2)]
    pub contact_lines: Vec<Line90>,
    /// The bank that keeps the treasury, as flows of orders (OPI) address it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub treasurer: Option<Treasurer>,
    /// Connections to the payment node.
    #[schema(min_items = 0, max_items = 50)]
    pub stations: Vec<Station>,
    /// Accounts that may be credited.
    #[schema(min_items = 0, max_items = 100)]
    pub accounts: Vec<CreditorAccount>,
    /// Revision of the resource.
    pub revision: Revision,
}

/// One page of public bodies.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditorPage {
    /// The bodies.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<CreditorView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<CreditorTaxCode>,
}

/// Which creditors.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CreditorQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false, inline)]
    pub cursor: Option<CreditorTaxCode>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// A part of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// List public bodies
///
/// A client of a creditor sees its own; the platform's operator sees all.
#[utoipa::path(operation_id = "list_creditors", tag = "creditors", security(("client" = [])), params(CreditorQuery),
    responses((status = 200, description = "One page.", body = CreditorPage)))]
#[get("/creditors")]
pub(super) async fn list_creditors(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<CreditorQuery>,
) -> Result<HttpResponse, Problem> {
    let (after, limit) = (query.0.cursor, usize::from(query.0.limit));
    let mut found = state.ctx.read(creditors::list).await?;
    found.retain(|stored| {
        let tax_code = &stored.creditor.tax_code;
        let seen = match &caller.tenant {
            Tenant::Creditor(own) => own == tax_code,
            Tenant::Platform => true,
        };
        seen && after
            .as_ref()
            .is_none_or(|after| tax_code.as_str() > after.as_str())
    });
    let more = found.len() > limit;
    found.truncate(limit);
    let items: Vec<CreditorView> = found.iter().map(CreditorView::of).collect();
    let last = items.last().map(|view| view.creditor_tax_code.clone());
    Ok(HttpResponse::Ok().json(CreditorPage {
        items,
        next_cursor: last.filter(|_| more),
    }))
}

/// Show a public body
///
/// Its stations and accounts, with the days they are in use.
#[utoipa::path(operation_id = "show_creditor", tag = "creditors", security(("client" = [])),
    params(CreditorPath, ("If-None-Match" = inline(Option<EntityTagsHeader>), Header, description = "Answer 304 when the version is one of these.")),
    responses((status = 200, description = "The public body.", body = CreditorView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/creditors/{creditor_tax_code}")]
pub(super) async fn show_creditor(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CreditorPath>,
    conditions: Conditions,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let found = state
        .ctx
        .read(move |conn| creditors::get(conn, &creditor))
        .await?;
    Ok(tagged_unless_known(
        &CreditorView::of(&found),
        found.revision,
        &conditions,
    ))
}

/// Register or replace a public body
///
/// `If-None-Match: *` only registers, `If-Match` only replaces the version that was read; without either,
/// the last writer wins.
#[utoipa::path(operation_id = "replace_creditor", tag = "creditors", security(("client" = ["registry:manage"])),
    params(CreditorPath,
        ("If-Match" = inline(Option<EntityTagsHeader>), Header, description = "Replace only this version."),
        ("If-None-Match" = inline(Option<EntityTagsHeader>), Header, description = "`*`: only register, never replace.")),
    request_body = NewCreditor,
    responses(
        (status = 200, description = "Replaced.", body = CreditorView,
            headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."))),
        (status = 201, description = "Registered.", body = CreditorView,
            headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                    ("Location" = inline(UriHeader), description = "Where the resource is.")))))]
#[put("/creditors/{creditor_tax_code}")]
pub(super) async fn replace_creditor(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CreditorPath>,
    conditions: Conditions,
    body: FromBody<NewCreditor>,
) -> Result<HttpResponse, Problem> {
    let tax_code = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let held = tax_code.clone();
    let found = state
        .ctx
        .read(move |conn| creditors::get(conn, &held))
        .await;
    let revision = match found {
        Ok(stored) => Some(stored.revision),
        Err(creditors::Error::UnknownCreditor(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let expected = expected(&conditions, revision)?;
    let new = body.value.read(tax_code.clone())?;
    let registered = state
        .write(&caller, move |tx, now| {
            creditors::register(tx, now, &new, expected)
        })
        .await?;
    state.ctx.reload_registry().await?;
    let held = tax_code.clone();
    let stored = state
        .ctx
        .read(move |conn| creditors::get(conn, &held))
        .await?;
    let location = state.address(&format!("/creditors/{tax_code}"));
    Ok(put_answer(registered, location, &CreditorView::of(&stored)))
}

/// What the conditions of a PUT ask of a resource at a revision.
///
/// # Errors
/// `precondition-failed`.
pub(super) fn expected(
    conditions: &Conditions,
    revision: Option<i64>,
) -> Result<Expected, Problem> {
    conditions.check(revision)?;
    Ok(match revision {
        _ if *conditions == Conditions::default() => Expected::Any,
        Some(revision) => Expected::Revision(revision),
        None => Expected::Absent,
    })
}

/// The answer to a PUT: 201 when the resource is new.
pub(super) fn put_answer(
    registered: Registered,
    location: String,
    view: &impl Serialize,
) -> HttpResponse {
    let tag = input::entity_tag(registered.revision());
    match registered {
        Registered::New { .. } => HttpResponse::Created()
            .insert_header((header::ETAG, tag))
            .insert_header((header::LOCATION, location))
            .json(view),
        Registered::Replaced { .. } | Registered::Unchanged { .. } => HttpResponse::Ok()
            .insert_header((header::ETAG, tag))
            .json(view),
    }
}
