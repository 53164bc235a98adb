//! Public bodies: stations and accounts.

use actix_web::{HttpResponse, get, put};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::input::{Conditions, FromBody, FromPath, FromQuery};
use super::problem::{Problem, catalogue};
use super::scalars::{
    CbillCode, CountryCode, CreditorTaxCode, EntityTagHeader, EntityTagsHeader, Iban, Line70,
    Line140, PostalCode, ProvinceCode, Revision, SegregationCode, StationCode, UriHeader,
};

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
    pub postal_code: PostalCode,
    /// Town.
    pub city: Line70,
    /// Italian province; absent abroad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub province: Option<ProvinceCode>,
    /// Country.
    pub country: CountryCode,
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
    /// Whom it belongs to, as printed on a postal slip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub holder: Option<Line70>,
    /// The authorisation to print postal slips; absent for bank accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub postal_authorisation: Option<Line140>,
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
    "legal_name": "Comune di Esempio", "office": "Ufficio Tributi", "cbill_code": "ABCDE",
    "address": {"street": "Piazza del Municipio 1", "postal_code": "67051", "city": "Esempio", "province": "AQ", "country": "IT"},
    "stations": [{"station_id": "80012000826_01", "broker_tax_code": "80012000826", "segregation_code": "01", "valid_from_date": "2026-01-01"}],
    "accounts": [{"iban": "IT60X0542811101000000123456", "valid_from_date": "2026-01-01"}]
}))]
pub struct NewCreditor {
    /// Name of the body, as printed.
    pub legal_name: Line140,
    /// Office that answers the citizen, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub office: Option<Line70>,
    /// Where the citizen finds help, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub contact_line: Option<Line140>,
    /// Code for bank channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cbill_code: Option<CbillCode>,
    /// Seat of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub address: Option<Address>,
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
    pub office: Option<Line70>,
    /// Where the citizen finds help, as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub contact_line: Option<Line140>,
    /// Code for bank channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cbill_code: Option<CbillCode>,
    /// Seat of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub address: Option<Address>,
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
    pub next_cursor: Option<Uuid>,
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
#[utoipa::path(operation_id = "list_creditors", tag = "creditors", security(("client" = [])), params(PageQuery),
    responses((status = 200, description = "One page.", body = CreditorPage)))]
#[get("/creditors")]
pub(super) async fn list_creditors(
    _caller: Caller,
    query: FromQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let _ = query.0;
    Err(Problem::of(&catalogue::UNAVAILABLE))
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
    caller: Caller,
    path: FromPath<CreditorPath>,
    _conditions: Conditions,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    Err(Problem::of(&catalogue::UNAVAILABLE))
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
    caller: Caller,
    path: FromPath<CreditorPath>,
    _conditions: Conditions,
    body: FromBody<NewCreditor>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let _ = body.value;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
