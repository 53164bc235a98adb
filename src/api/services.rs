//! What a creditor charges for.

use actix_web::{HttpResponse, get, put};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::creditors::{CreditorPath, PageQuery};
use super::input::{Conditions, FromBody, FromPath, FromQuery};
use super::problem::{Problem, catalogue};
use super::scalars::{
    CreditorTaxCode, EntityTagHeader, EntityTagsHeader, Iban, KindCode, Line140, Revision,
    ServiceCode, TaxonomyCode, UriHeader, Word,
};

/// The service of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ServicePath {
    /// Tax code of the public body.
    #[param(inline)]
    pub creditor_tax_code: CreditorTaxCode,
    /// The creditor's code of the service.
    #[param(inline)]
    pub service_code: ServiceCode,
}

/// A body that receives a part of what is paid.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Beneficiary {
    /// Why it receives a part, as the kind names it: `province` for TEFA.
    pub role: Word,
    /// Tax code of the body.
    pub tax_code: CreditorTaxCode,
    /// Name of the body.
    pub legal_name: Line140,
    /// Account that is credited.
    pub iban: Iban,
    /// Collection code of this part.
    pub taxonomy_code: TaxonomyCode,
}

/// Terms are read by the kind of the service: an object whose properties the kind knows.
fn terms_schema() -> RefOr<Schema> {
    let any = RefOr::T(Schema::Object(
        ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::SchemaType::AnyValue)
            .build(),
    ));
    ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::RefOr(any)))
        .max_properties(Some(100))
        .description(Some(
            "Tariffs, dates and options, read and checked by the kind of the service.",
        ))
        .into()
}

/// A service as it should be.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "generic", "title": "Diritti di segreteria", "taxonomy_code": "9/0101101IM/",
    "iban": "IT60X0542811101000000123456", "terms": {}
}))]
pub struct NewService {
    /// The code that prices it.
    pub kind: KindCode,
    /// What the citizen reads.
    pub title: Line140,
    /// Collection code of the creditor's part.
    pub taxonomy_code: TaxonomyCode,
    /// The creditor's account that is credited.
    pub iban: Iban,
    /// Other bodies that receive a part.
    #[serde(default)]
    #[schema(min_items = 0, max_items = 4)]
    pub beneficiaries: Vec<Beneficiary>,
    /// Tariffs, dates and options, read and checked by the kind.
    #[schema(schema_with = terms_schema)]
    pub terms: Value,
}

/// A service.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Service)]
pub struct ServiceView {
    /// Tax code of the creditor.
    pub creditor_tax_code: CreditorTaxCode,
    /// The creditor's code of the service.
    pub service_code: ServiceCode,
    /// The code that prices it.
    pub kind: KindCode,
    /// What the citizen reads.
    pub title: Line140,
    /// Collection code of the creditor's part.
    pub taxonomy_code: TaxonomyCode,
    /// The creditor's account that is credited.
    pub iban: Iban,
    /// Other bodies that receive a part.
    #[schema(min_items = 0, max_items = 4)]
    pub beneficiaries: Vec<Beneficiary>,
    /// Tariffs, dates and options.
    #[schema(schema_with = terms_schema)]
    pub terms: Value,
    /// Revision of the resource.
    pub revision: Revision,
}

/// One page of services.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServicePage {
    /// The services.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<ServiceView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// List the services of a public body
///
/// In force on any day; the terms say when.
#[utoipa::path(operation_id = "list_services", tag = "creditors", security(("client" = [])), params(CreditorPath, PageQuery),
    responses((status = 200, description = "One page.", body = ServicePage)))]
#[get("/creditors/{creditor_tax_code}/services")]
pub(super) async fn list_services(
    caller: Caller,
    path: FromPath<CreditorPath>,
    query: FromQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let _ = query.0;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Show a service
///
/// Whom it pays, and the terms that its kind reads.
#[utoipa::path(operation_id = "show_service", tag = "creditors", security(("client" = [])),
    params(ServicePath, ("If-None-Match" = inline(Option<EntityTagsHeader>), Header, description = "Answer 304 when the version is one of these.")),
    responses((status = 200, description = "The service.", body = ServiceView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/creditors/{creditor_tax_code}/services/{service_code}")]
pub(super) async fn show_service(
    caller: Caller,
    path: FromPath<ServicePath>,
    _conditions: Conditions,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Register or replace a service
///
/// The terms are checked by the kind. Positions already issued keep the terms they were issued with.
#[utoipa::path(operation_id = "replace_service", tag = "creditors", security(("client" = ["registry:manage"])),
    params(ServicePath,
        ("If-Match" = inline(Option<EntityTagsHeader>), Header, description = "Replace only this version."),
        ("If-None-Match" = inline(Option<EntityTagsHeader>), Header, description = "`*`: only register, never replace.")),
    request_body = NewService,
    responses(
        (status = 200, description = "Replaced.", body = ServiceView,
            headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."))),
        (status = 201, description = "Registered.", body = ServiceView,
            headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                    ("Location" = inline(UriHeader), description = "Where the resource is.")))))]
#[put("/creditors/{creditor_tax_code}/services/{service_code}")]
pub(super) async fn replace_service(
    caller: Caller,
    path: FromPath<ServicePath>,
    _conditions: Conditions,
    body: FromBody<NewService>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let _ = body.value;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
