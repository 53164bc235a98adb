//! Debt positions: what a citizen owes, and the ways to pay it.

pub mod amend;
mod view;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub use view::{
    AssessmentRow, DebtPositionPage, DebtPositionView, NoticeState, NoticeSummary, PaymentOption,
    PaymentOptionKind, PaymentOptionState, PositionState, Transfer,
};
pub(in crate::api) use view::{
    assessment, debtor as debtor_view, state as notice_state, transfers,
};

use super::State;
use super::auth::Caller;
use super::creditors::Address;
use super::faults::Faults;
use super::input::{Conditions, FromBody, FromPath, FromQuery, IdempotencyKey, Review};
use super::page::Slice;
use super::problem::{FieldError, Problem, catalogue};
use super::repeat::Asked;
use super::scalars::{
    EmailAddress, EntityTagHeader, IdempotencyKeyHeader, Line70, Line140, NoticeNumber, Reference,
    ServiceCode, TaxCode, UriHeader,
};
use super::tagged;
use crate::app::idempotency::{self, Answered};
use crate::app::positions::{self, Assessed, Charge, Create, Filter};
use crate::app::repricing;
use crate::app::{StoreError, Tx};
use crate::domain::calendar::{self, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::notice_number;
use crate::domain::position::{self, DebtorKind, Position, Publication};
use crate::domain::text::Text;

/// Name of the component that the registry of kinds fills.
pub(super) const DETAILS_SCHEMA: &str = "PositionDetails";

pub(super) fn details_schema() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(DETAILS_SCHEMA))
}

/// Person or body.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DebtorType {
    /// A natural person.
    Person,
    /// A company, an association, a public body.
    Body,
}

/// Who owes the money.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Debtor {
    /// Person or body: stated, because a person may have a provisional code of 11 digits.
    pub r#type: DebtorType,
    /// Tax code.
    pub tax_code: TaxCode,
    /// Given name and family name, or name of the body.
    pub full_name: Line70,
    /// Where notices are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub address: Option<Address>,
    /// Where receipts are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<EmailAddress>,
}

/// A debt position to register.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "service_code": "DIRITTI-SEGRETERIA", "reference": "PROT-2026-000123",
    "debtor": {"type": "person", "tax_code": "RSSMRA80A01H501U", "full_name": "Mario Rossi"},
    "details": {}
}))]
pub struct NewDebtPosition {
    /// The service that is charged.
    pub service_code: ServiceCode,
    /// The caller's own reference, unique for each creditor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<Reference>,
    /// Who owes.
    pub debtor: Debtor,
    /// Who owes the same debt beside the debtor, as the owner and the driver of a vehicle: one payment
    /// frees all.
    #[serde(default)]
    #[schema(min_items = 0, max_items = 9)]
    pub joint_debtors: Vec<Debtor>,
    /// What the citizen reads; the service's own words when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<Line140>,
    /// What the price is made of: one property, named by the kind of the service.
    #[schema(schema_with = details_schema)]
    pub details: Value,
    /// Numbers that the caller has given already, in the order of the notices; numbers are made when absent.
    #[serde(default)]
    #[schema(min_items = 0, max_items = 100)]
    pub notice_numbers: Vec<NoticeNumber>,
    /// Day of issue; today when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub issued_date: Option<NaiveDate>,
    /// Whether the notices can be paid at once; otherwise the position is a draft.
    #[serde(default = "published")]
    #[schema(default = true)]
    pub publish: bool,
}

fn published() -> bool {
    true
}

/// What to look for: every given property must match.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, example = json!({"debtor_tax_code": "RSSMRA80A01H501U"}))]
pub struct DebtPositionSearch {
    /// Tax code of the debtor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub debtor_tax_code: Option<TaxCode>,
    /// Number of one of its notices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub notice_number: Option<NoticeNumber>,
    /// The caller's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<Reference>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[schema(format = Int32, minimum = 1, maximum = 200, default = 50)]
    pub limit: u16,
}

/// The debt position of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DebtPositionPath {
    /// Identifier of the debt position.
    pub debt_position_id: Uuid,
}

/// Which debt positions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DebtPositionQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only of this service.
    #[param(nullable = false, inline)]
    pub service_code: Option<ServiceCode>,
}

/// Register a debt position
///
/// The kind of the service assesses the details into rows, payment options and notices. The same
/// `Idempotency-Key` with the same body answers with the first answer; with another body it is refused.
#[utoipa::path(operation_id = "register_debt_position", tag = "debt-positions", security(("client" = ["positions:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = NewDebtPosition,
    responses((status = 201, description = "Registered.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                ("Location" = inline(UriHeader), description = "Where the resource is.")),
        links(
            ("shown" = (operation_id = "show_debt_position", parameters(("debt_position_id" = "$response.body#/debt_position_id")), description = "Read it back.")),
            ("amended" = (operation_id = "amend_debt_position", parameters(("debt_position_id" = "$response.body#/debt_position_id")), description = "Open, cancel, expire or extend it.")),
            ("replanned" = (operation_id = "add_payment_option", parameters(("debt_position_id" = "$response.body#/debt_position_id")), description = "Put what is unpaid on new notices."))))))]
#[post("/debt-positions")]
pub(super) async fn register_debt_position(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    review: Review<NewDebtPosition>,
) -> Result<HttpResponse, Problem> {
    let Review { body, broken } = review;
    let asked = Asked::new(&caller, "register_debt_position", &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let command = match command(&body.value) {
        Ok(command) if broken.is_empty() => command,
        read => {
            let charged = charge(&body.value.service_code, &body.value.details);
            let priced = charged.map(|charge| Charge {
                issued_on: body.value.issued_date,
                ..charge
            });
            let priced = priced.and_then(|charge| assessed(&state, &caller, charge).err());
            return Err(everything(broken, read.err().into_iter().chain(priced)));
        }
    };
    let kind = command.kind.clone();
    let seal = sealed(&asked, &state);
    let acting = state.by(&caller);
    let made = positions::create(&acting, caller.creditor()?, command, seal);
    let made = made.await;
    let made = made.map_err(|error| Problem::of_new_position(error, &kind));
    asked.end(&state, made).await
}

/// Keeps the answer to a position that is made or gets new notices, in the same transaction.
pub(in crate::api) fn sealed<E: From<StoreError>>(
    asked: &Asked,
    state: &web::Data<State>,
) -> impl Fn(&mut Tx<'_>, Instant, &Position) -> Result<Answered, E> + Send + use<E> {
    let (asked, state) = (asked.clone(), state.clone());
    move |tx, now, made| {
        let view = DebtPositionView::of(made, calendar::today(now));
        let location = state.address(&format!("/debt-positions/{}", made.id));
        let answer = asked.answered(StatusCode::CREATED, location, (&view, Some(made.revision)));
        idempotency::remember(tx, now, &asked.intent, &answer)?;
        Ok(answer)
    }
}

/// The revision that a change starts from, when it is one of those that the caller has read.
///
/// # Errors
/// `not-found`, `precondition-required`, `precondition-failed`.
pub(in crate::api) async fn seen(
    state: &State,
    (creditor, id): (&FiscalCode, Uuid),
    conditions: Conditions,
) -> Result<i64, Problem> {
    let conditions = conditions.required()?;
    let creditor = creditor.clone();
    let read = move |conn: &mut _| positions::get(conn, &creditor, id);
    let found = state.ctx.read(read).await?;
    conditions.check(Some(found.revision))?;
    Ok(found.revision)
}

/// List debt positions
///
/// In the order of registration. To look for a debtor, use a search: personal data does not belong in addresses.
#[utoipa::path(operation_id = "list_debt_positions", tag = "debt-positions", security(("client" = ["positions:read"])),
    params(DebtPositionQuery), responses((status = 200, description = "One page.", body = DebtPositionPage)))]
#[get("/debt-positions")]
pub(super) async fn list_debt_positions(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<DebtPositionQuery>,
) -> Result<HttpResponse, Problem> {
    let filter = Filter {
        service_code: query.0.service_code.map(|code| code.as_str().to_owned()),
        ..Filter::default()
    };
    page(
        &state,
        &caller,
        filter,
        Slice {
            cursor: query.0.cursor,
            limit: query.0.limit,
        },
    )
    .await
}

/// Show a debt position
///
/// States and amounts are those of today, so that there is no conditional read: the same version may
/// cost something else tomorrow.
#[utoipa::path(operation_id = "show_debt_position", tag = "debt-positions", security(("client" = ["positions:read"])),
    params(DebtPositionPath),
    responses((status = 200, description = "The debt position.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/debt-positions/{debt_position_id}")]
pub(super) async fn show_debt_position(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<DebtPositionPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.debt_position_id);
    let ctx = state.ctx.clone();
    let read = move |conn: &mut _| {
        let found = positions::get(conn, &creditor, id).map_err(Problem::from)?;
        let overpaid = repricing::overpaid(conn, &ctx, &found).map_err(Problem::from)?;
        Ok::<_, Problem>((found, overpaid))
    };
    let (found, overpaid) = state.ctx.read(read).await?;
    let view = DebtPositionView::of(&found, state.ctx.today()).with_overpaid(overpaid);
    Ok(tagged(&view, found.revision))
}

fn numbers(given: &[NoticeNumber]) -> Vec<String> {
    given.iter().map(|n| n.as_str().to_owned()).collect()
}

/// Search debt positions
///
/// By debtor, notice number or reference, in the body and not in the address.
#[utoipa::path(operation_id = "search_debt_positions", tag = "debt-positions", security(("client" = ["positions:read"])),
    request_body = DebtPositionSearch, responses((status = 200, description = "One page.", body = DebtPositionPage)))]
#[post("/debt-position-searches")]
pub(super) async fn search_debt_positions(
    state: web::Data<State>,
    caller: Caller,
    body: FromBody<DebtPositionSearch>,
) -> Result<HttpResponse, Problem> {
    let search = body.value;
    let mut faults = Faults::default();
    let debtor = search
        .debtor_tax_code
        .map(|code| FiscalCode::parse(code.as_str()));
    let number = search
        .notice_number
        .map(|n| notice_number::NoticeNumber::parse(n.as_str()));
    let filter = Filter {
        service_code: None,
        debtor_tax_code: debtor.and_then(|read| faults.read("/debtor_tax_code", read)),
        reference: search
            .reference
            .map(|reference| reference.as_str().to_owned()),
        notice_number: number.and_then(|read| faults.read("/notice_number", read)),
    };
    let filter = faults.result(Some(filter))?;
    page(
        &state,
        &caller,
        filter,
        Slice {
            cursor: search.cursor,
            limit: search.limit,
        },
    )
    .await
}

async fn page(
    state: &State,
    caller: &Caller,
    filter: Filter,
    slice: Slice,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor()?.clone();
    let read =
        move |conn: &mut _| positions::page(conn, &creditor, &filter, slice.cursor, slice.fetch());
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |position| position.id);
    let today = state.ctx.today();
    let items = found
        .iter()
        .map(|position| DebtPositionView::of(position, today))
        .collect();
    Ok(HttpResponse::Ok().json(DebtPositionPage { items, next_cursor }))
}

/// The charge of a service and its details, which have exactly one property; `None` when they do not.
pub(super) fn charge<'a>(service_code: &'a ServiceCode, details: &'a Value) -> Option<Charge<'a>> {
    let mut kinds = details.as_object()?.iter();
    let (Some((kind, details)), None) = (kinds.next(), kinds.next()) else {
        return None;
    };
    Some(Charge {
        service_code: service_code.as_str(),
        kind,
        details,
        issued_on: None,
    })
}

/// The price of a charge of the caller's creditor.
pub(super) fn assessed(
    state: &State,
    caller: &Caller,
    charge: Charge<'_>,
) -> Result<Assessed, Problem> {
    positions::assess(&state.ctx, caller.creditor()?, charge)
        .map_err(|error| Problem::of_new_position(error, charge.kind))
}

/// What breaks the contract, and what is known to be wrong beside, as one problem.
pub(super) fn everything(
    broken: Vec<FieldError>,
    others: impl IntoIterator<Item = Problem>,
) -> Problem {
    let mut others = others.into_iter();
    let first = match others.next() {
        Some(problem) if broken.is_empty() => problem,
        other => {
            let contract = Problem::of(&catalogue::CONTRACT_VIOLATION).with(broken);
            contract.together(other)
        }
    };
    first.together(others)
}

/// The command of a new position.
fn command(new: &NewDebtPosition) -> Result<Create, Problem> {
    let charge = charge(&new.service_code, &new.details);
    let charge = charge.ok_or_else(|| Problem::of(&catalogue::CONTRACT_VIOLATION))?;
    let mut faults = Faults::default();
    let text = |text: &Line140| Text::parse(text.as_str());
    let description = new.description.as_ref().map(text);
    let reference = new
        .reference
        .as_ref()
        .map(|reference| Text::parse(reference.as_str()));
    let joint = new.joint_debtors.iter().enumerate();
    let joint: Vec<position::Debtor> = joint
        .filter_map(|(i, new)| debtor(&mut faults, &format!("/joint_debtors/{i}"), new))
        .collect();
    let debtor = debtor(&mut faults, "/debtor", &new.debtor);
    let description = description.and_then(|read| faults.read("/description", read));
    let reference = reference.and_then(|read| faults.read("/reference", read));
    faults.result(debtor.map(|debtor| {
        Create {
            service_code: charge.service_code.to_owned(),
            reference,
            debtor,
            joint_debtors: joint,
            description,
            kind: charge.kind.to_owned(),
            details: charge.details.clone(),
            numbers: new
                .notice_numbers
                .iter()
                .map(|number| number.as_str().to_owned())
                .collect(),
            issued_on: new.issued_date,
            publication: if new.publish {
                Publication::Now
            } else {
                Publication::Later
            },
        }
    }))
}

fn debtor(faults: &mut Faults, at: &str, new: &Debtor) -> Option<position::Debtor> {
    let tax_code = faults.read(
        format!("{at}/tax_code"),
        FiscalCode::parse(new.tax_code.as_str()),
    );
    let full_name = faults.read(
        format!("{at}/full_name"),
        Text::parse(new.full_name.as_str()),
    );
    let email = new.email.as_ref().map(|email| Text::parse(email.as_str()));
    let email = email.and_then(|read| faults.read(format!("{at}/email"), read));
    let address = new
        .address
        .as_ref()
        .and_then(|new| address(faults, at, new));
    Some(position::Debtor {
        kind: match new.r#type {
            DebtorType::Person => DebtorKind::Person,
            DebtorType::Body => DebtorKind::Body,
        },
        tax_code: tax_code?,
        full_name: full_name?,
        address,
        email,
    })
}

fn address(faults: &mut Faults, at: &str, new: &Address) -> Option<position::Address> {
    let province = new.province.as_ref().map(|text| Text::parse(text.as_str()));
    let province = province.and_then(|read| faults.read(format!("{at}/address/province"), read));
    let postal_code = new
        .postal_code
        .as_ref()
        .map(|text| Text::parse(text.as_str()));
    let postal_code =
        postal_code.and_then(|read| faults.read(format!("{at}/address/postal_code"), read));
    let country = new.country.as_ref().map(|text| Text::parse(text.as_str()));
    let country = country.and_then(|read| faults.read(format!("{at}/address/country"), read));
    let street = faults.read(
        format!("{at}/address/street"),
        Text::parse(new.street.as_str()),
    );
    let city = faults.read(format!("{at}/address/city"), Text::parse(new.city.as_str()));
    Some(position::Address {
        street: street?,
        postal_code,
        city: city?,
        province,
        country,
    })
}
