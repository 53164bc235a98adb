//! Assessments: what a charge would cost, with nothing stored.

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::State;
use super::auth::Caller;
use super::input::Review;
use super::notices::{PriceStep, steps};
use super::positions::{
    AssessmentRow, PaymentOptionKind, Transfer, assessed, assessment, charge, details_schema,
    everything, transfers,
};
use super::problem::Problem;
use super::scalars::{Cents, Line140, ServiceCode, TotalCents};
use crate::app::positions::{Assessed, Charge};
use crate::domain::money;
use crate::domain::service::{NoticeDraft, OptionDraft};

/// A charge to price: the part of a new debt position that makes its price.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"service_code": "DIRITTI-SEGRETERIA", "details": {}}))]
pub struct NewAssessment {
    /// The service that is charged.
    pub service_code: ServiceCode,
    /// What the price is made of: one property, named by the kind of the service.
    #[schema(schema_with = details_schema)]
    pub details: Value,
    /// Day of issue; today when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub issued_date: Option<NaiveDate>,
}

/// What a charge costs, and in which ways it could be paid.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Assessment)]
pub struct AssessmentView {
    /// The service that is charged.
    pub service_code: ServiceCode,
    /// What the citizen reads.
    pub description: Line140,
    /// Day of issue, by which the terms of the service were chosen.
    pub issued_date: NaiveDate,
    /// The whole that is asked first.
    pub total_amount_cents: TotalCents,
    /// The lines that explain the total.
    #[schema(min_items = 0, max_items = 200)]
    pub assessment: Vec<AssessmentRow>,
    /// The ways to pay it; they exclude each other.
    #[schema(min_items = 1, max_items = 20)]
    pub payment_options: Vec<AssessedOption>,
}

/// One way to pay the whole.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssessedOption {
    /// At once or in instalments.
    pub kind: PaymentOptionKind,
    /// Sum of its notices.
    pub total_amount_cents: TotalCents,
    /// Its notices, in the order they fall due.
    #[schema(min_items = 1, max_items = 100)]
    pub notices: Vec<AssessedNotice>,
}

/// A notice as it would be, without a number.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssessedNotice {
    /// What is paid.
    pub description: Line140,
    /// Last day to pay in time; absent when the term starts at a notification still to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due_date: Option<NaiveDate>,
    /// What is asked first.
    pub amount_cents: Cents,
    /// Who receives what of it.
    #[schema(min_items = 1, max_items = 5)]
    pub transfers: Vec<Transfer>,
    /// All its prices, in the order of time.
    #[schema(min_items = 1, max_items = 50)]
    pub steps: Vec<PriceStep>,
}

/// Assess a charge
///
/// Prices it as a debt position would be, and explains every row; nothing is stored and no number is used
/// up, so that it needs no key. The same charge on the same day of issue always costs the same.
#[utoipa::path(operation_id = "assess_charge", tag = "debt-positions", security(("client" = ["positions:read"])),
    request_body = NewAssessment, responses((status = 200, description = "The price.", body = AssessmentView)))]
#[post("/assessments")]
pub(super) async fn assess_charge(
    state: web::Data<State>,
    caller: Caller,
    review: Review<NewAssessment>,
) -> Result<HttpResponse, Problem> {
    let Review { body, broken } = review;
    let new = body.value;
    let priced = charge(&new.service_code, &new.details).map(|charge| {
        let issued_on = new.issued_date;
        assessed(
            &state,
            &caller,
            Charge {
                issued_on,
                ..charge
            },
        )
    });
    match priced {
        Some(Ok(price)) if broken.is_empty() => {
            let view = AssessmentView::of(new.service_code, &price);
            Ok(HttpResponse::Ok().json(view))
        }
        other => Err(everything(broken, other.and_then(Result::err))),
    }
}

impl AssessmentView {
    fn of(service_code: ServiceCode, price: &Assessed) -> AssessmentView {
        let options = &price.assessment.options;
        let total = options.first().map_or(money::Cents::ZERO, total);
        AssessmentView {
            service_code,
            description: Line140::new(price.service.title.as_str()),
            issued_date: price.issued_on,
            total_amount_cents: TotalCents(total.get()),
            assessment: assessment(&price.assessment.rows),
            payment_options: options.iter().map(AssessedOption::of).collect(),
        }
    }
}

fn total(option: &OptionDraft) -> money::Cents {
    let amounts = option
        .notices
        .iter()
        .map(|notice| notice.schedule.nominal());
    money::Cents::sum(amounts).unwrap_or(money::Cents::ZERO)
}

impl AssessedOption {
    fn of(option: &OptionDraft) -> AssessedOption {
        AssessedOption {
            kind: option.kind.into(),
            total_amount_cents: TotalCents(total(option).get()),
            notices: option.notices.iter().map(AssessedNotice::of).collect(),
        }
    }
}

impl AssessedNotice {
    fn of(notice: &NoticeDraft) -> AssessedNotice {
        let first = notice.schedule.steps().first();
        let amounts = first.map_or_else(Vec::new, |step| step.amounts.clone());
        AssessedNotice {
            description: Line140::new(notice.description.as_str()),
            due_date: notice.due_on,
            amount_cents: Cents(notice.schedule.nominal().get()),
            transfers: transfers(&notice.transfers, &amounts),
            steps: steps(&notice.schedule),
        }
    }
}
