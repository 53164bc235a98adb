//! What a creditor charges for: the versions of a service, by day of issue.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpResponse, get, put, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::Caller;
use super::creditors::{CreditorPath, expected, put_answer};
use super::faults::Faults;
use super::input::{Conditions, FromBody, FromPath, FromQuery};
use super::problem::Problem;
use super::scalars::{
    AccountingKey, CreditorTaxCode, DemandCode, EntityTagHeader, EntityTagsHeader, Iban, KindCode,
    Line90, Line140, Revision, ServiceCode, TaxonomyCode, UriHeader, Word,
};
use super::tagged_unless_known;
use crate::app::creditors;
use crate::domain::creditor::{ServiceRow, Validity};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::service;
use crate::domain::text::Text;
use crate::domain::{demand, iban, taxonomy};

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
    let any = ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .build();
    ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(
            any,
        )))))
        .max_properties(Some(100))
        .description(Some(
            "Tariffs, dates and options, read and checked by the kind of the service.",
        ))
        .into()
}

/// A service for a time.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceVersion {
    /// First day of issue.
    pub valid_from_date: NaiveDate,
    /// Last day of issue; absent while nothing follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_to_date: Option<NaiveDate>,
    /// The code that prices it.
    pub kind: KindCode,
    /// What the citizen reads.
    pub title: Line90,
    /// Collection code of the creditor's part.
    pub taxonomy_code: TaxonomyCode,
    /// The creditor's account that is credited.
    pub iban: Iban,
    /// Accounting key of the revenue.
    pub accounting_key: AccountingKey,
    /// Code under which payment providers offer the service (`idServizio`); absent when they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub demand_code: Option<DemandCode>,
    /// Other bodies that receive a part.
    #[serde(default)]
    #[schema(min_items = 0, max_items = 4)]
    pub beneficiaries: Vec<Beneficiary>,
    /// Tariffs, dates and options.
    #[schema(schema_with = terms_schema)]
    pub terms: Value,
}

/// A service as it should be: all its versions.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"versions": [{
    "valid_from_date": "2026-01-01", "kind": "generic", "title": "Diritti di segreteria",
    "taxonomy_code": "9/0101101IM/", "iban": "IT60X0542811101000000123456",
    "accounting_key": "3/101-2026", "terms": {}
}]}))]
pub struct NewService {
    /// Its versions, which do not overlap.
    #[schema(min_items = 1, max_items = 100)]
    pub versions: Vec<ServiceVersion>,
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
    /// Its versions.
    #[schema(min_items = 1, max_items = 100)]
    pub versions: Vec<ServiceVersion>,
    /// Revision of the creditor that the service belongs to.
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
    pub next_cursor: Option<ServiceCode>,
}

/// Which services.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ServiceQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false, inline)]
    pub cursor: Option<ServiceCode>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// List the services of a public body
///
/// With all their versions, by code.
#[utoipa::path(operation_id = "list_services", tag = "creditors", security(("client" = [])), params(CreditorPath, ServiceQuery),
    responses((status = 200, description = "One page.", body = ServicePage)))]
#[get("/creditors/{creditor_tax_code}/services")]
pub(super) async fn list_services(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CreditorPath>,
    query: FromQuery<ServiceQuery>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let held = creditor.clone();
    let (rows, revision) = state
        .ctx
        .read(move |conn| creditors::services(conn, &held))
        .await?;
    let mut by_code = BTreeMap::<String, Vec<ServiceRow>>::new();
    for row in rows {
        by_code.entry(row.code.to_string()).or_default().push(row);
    }
    let after = query.0.cursor;
    by_code.retain(|code, _| {
        after
            .as_ref()
            .is_none_or(|after| code.as_str() > after.as_str())
    });
    let limit = usize::from(query.0.limit);
    let more = by_code.len() > limit;
    let view = |(code, rows): (&String, &Vec<ServiceRow>)| view(&creditor, code, rows, revision);
    let items: Vec<ServiceView> = by_code.iter().take(limit).map(view).collect();
    let last = items.last().map(|view| view.service_code.clone());
    Ok(HttpResponse::Ok().json(ServicePage {
        items,
        next_cursor: last.filter(|_| more),
    }))
}

/// Show a service
///
/// Whom it pays, and the terms that its kind reads, by day of issue.
#[utoipa::path(operation_id = "show_service", tag = "creditors", security(("client" = [])),
    params(ServicePath, ("If-None-Match" = inline(Option<EntityTagsHeader>), Header, description = "Answer 304 when the version is one of these.")),
    responses((status = 200, description = "The service.", body = ServiceView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/creditors/{creditor_tax_code}/services/{service_code}")]
pub(super) async fn show_service(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ServicePath>,
    conditions: Conditions,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let code = path.0.service_code.as_str().to_owned();
    let (held, asked) = (creditor.clone(), code.clone());
    let found = state
        .ctx
        .read(move |conn| creditors::get_service(conn, &held, &asked))
        .await?;
    let view = view(&creditor, &code, &found.0, found.1);
    Ok(tagged_unless_known(&view, found.1, &conditions))
}

/// Register or replace a service
///
/// All its versions at once. The terms are checked by the kind. Positions already issued keep the terms they
/// were issued with.
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
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ServicePath>,
    conditions: Conditions,
    body: FromBody<NewService>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let code = path.0.service_code.as_str().to_owned();
    let (held, asked) = (creditor.clone(), code.clone());
    let found = state
        .ctx
        .read(move |conn| creditors::get_service(conn, &held, &asked))
        .await;
    let revision = match found {
        Ok((_, revision)) => Some(revision),
        Err(creditors::Error::UnknownService { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let expected = expected(&conditions, revision)?;
    let rows = rows(&code, &body.value.versions)?;
    let (held, written) = (creditor.clone(), rows.clone());
    let registered = state
        .write(&caller, move |tx, now| {
            creditors::register_service(tx, now, &held, &written, expected)
        })
        .await?;
    state.ctx.reload_registry().await?;
    let location = state.address(&format!("/creditors/{creditor}/services/{code}"));
    let view = view(&creditor, &code, &rows, registered.revision());
    Ok(put_answer(registered, location, &view))
}

fn rows(code: &str, versions: &[ServiceVersion]) -> Result<Vec<ServiceRow>, Problem> {
    let mut faults = Faults::default();
    let read = versions.iter().enumerate();
    let rows: Vec<ServiceRow> = read
        .filter_map(|(i, version)| row(&mut faults, code, i, version))
        .collect();
    faults.result(Some(rows))
}

fn row(faults: &mut Faults, code: &str, i: usize, new: &ServiceVersion) -> Option<ServiceRow> {
    let at = |name: &str| format!("/versions/{i}/{name}");
    let others = new.beneficiaries.iter().enumerate();
    let others = others
        .filter_map(|(j, other)| {
            let at = |name: &str| format!("/versions/{i}/beneficiaries/{j}/{name}");
            let tax_code = FiscalCode::parse(other.tax_code.as_str());
            let tax_code = faults.read(at("tax_code"), tax_code);
            let iban = faults.read(at("iban"), iban::Iban::parse(other.iban.as_str()));
            let taxonomy = taxonomy::TaxonomyCode::parse(other.taxonomy_code.as_str());
            let taxonomy = faults.read(at("taxonomy_code"), taxonomy);
            let legal_name = other.legal_name.as_str().to_owned();
            let beneficiary = service::Beneficiary {
                tax_code: tax_code?,
                legal_name,
                account: service::Destination::Iban(iban?),
                taxonomy: taxonomy?,
            };
            Some((other.role.as_str().to_owned(), Arc::new(beneficiary)))
        })
        .collect();
    let title = faults.read(at("title"), Text::parse(new.title.as_str()));
    let taxonomy = taxonomy::TaxonomyCode::parse(new.taxonomy_code.as_str());
    let taxonomy = faults.read(at("taxonomy_code"), taxonomy);
    let iban = faults.read(at("iban"), iban::Iban::parse(new.iban.as_str()));
    let accounting_key = Text::parse(new.accounting_key.as_str());
    let accounting_key = faults.read(at("accounting_key"), accounting_key);
    let demand_code = match &new.demand_code {
        Some(code) => {
            let code = demand::DemandCode::parse(code.as_str());
            Some(faults.read(at("demand_code"), code)?)
        }
        None => None,
    };
    Some(ServiceRow {
        code: faults.read("#path/service_code", Text::parse(code))?,
        title: title?,
        kind: new.kind.as_str().to_owned(),
        taxonomy: taxonomy?,
        iban: iban?,
        accounting_key: accounting_key?,
        demand_code,
        others,
        terms: new.terms.clone().into(),
        valid: Validity {
            from: new.valid_from_date,
            until: new.valid_to_date,
        },
    })
}

fn view(creditor: &FiscalCode, code: &str, rows: &[ServiceRow], revision: i64) -> ServiceView {
    ServiceView {
        creditor_tax_code: CreditorTaxCode::new(creditor.as_str()),
        service_code: ServiceCode::new(code),
        versions: rows.iter().map(version).collect(),
        revision: Revision(revision),
    }
}

fn version(row: &ServiceRow) -> ServiceVersion {
    // A service pays bodies with an account; stamps are asked for by the details of a charge.
    let other = |(role, to): (&String, &Arc<service::Beneficiary>)| {
        Some(Beneficiary {
            role: Word::new(role.as_str()),
            tax_code: CreditorTaxCode::new(to.tax_code.as_str()),
            legal_name: Line140::new(to.legal_name.as_str()),
            iban: Iban::new(to.iban()?.as_str()),
            taxonomy_code: TaxonomyCode::new(to.taxonomy.to_string()),
        })
    };
    ServiceVersion {
        valid_from_date: row.valid.from,
        valid_to_date: row.valid.until,
        kind: KindCode::new(row.kind.as_str()),
        title: Line90::new(row.title.as_str()),
        taxonomy_code: TaxonomyCode::new(row.taxonomy.to_string()),
        iban: Iban::new(row.iban.as_str()),
        accounting_key: AccountingKey::new(row.accounting_key.as_str()),
        demand_code: row
            .demand_code
            .as_ref()
            .map(|code| DemandCode::new(code.as_str())),
        beneficiaries: row.others.iter().filter_map(other).collect(),
        terms: Value::clone(&row.terms),
    }
}
