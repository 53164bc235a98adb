//! Many meals in one request.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::State;
use crate::api::auth::Caller;
use crate::api::input::{FromBody, IdempotencyKey};
use crate::api::problem::Problem;
use crate::api::repeat::Asked;
use crate::api::scalars::{
    Count, IdempotencyKeyHeader, Line140, Line1000, SignedCents, TaxCode, TotalCents, UriHeader,
};
use crate::app::canteen::{self, Error, Meal, MealOutcome};
use crate::app::idempotency;

/// A meal of a pupil, and the account that pays it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenMealEntry {
    /// The account that pays.
    pub canteen_account_id: Uuid,
    /// Who ate.
    pub pupil_tax_code: TaxCode,
    /// When.
    pub meal_date: NaiveDate,
}

/// The meals of a day, or of several.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"meals": [{"canteen_account_id": "01970000-0000-7000-8000-000000000001",
    "pupil_tax_code": "TRDVLI16C61A241T", "meal_date": "2026-04-13"}]}))]
pub struct CanteenMealBatch {
    /// The meals, taken in this order.
    #[schema(min_items = 1, max_items = 2000)]
    pub meals: Vec<CanteenMealEntry>,
}

/// What became of a meal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CanteenMealResult {
    /// Taken from the account.
    Taken,
    /// On file already with this account; nothing changed.
    Known,
    /// Not taken; the other meals are.
    Refused,
}

/// What became of one meal of a batch.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenMealLine {
    /// Place in the request, from 1.
    pub line: Count,
    /// What became of it.
    pub outcome: CanteenMealResult,
    /// The movement; absent when the meal was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub canteen_movement_id: Option<Uuid>,
    /// Balance of the account after it; absent unless it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub balance_cents: Option<SignedCents>,
    /// Word of the problem for which it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<Line140>,
    /// Why it was refused, in Italian.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<Line1000>,
}

/// Outcome of a batch of meals.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenMealBatchOutcome {
    /// Meals taken.
    pub taken_meals: Count,
    /// Meals that were on file.
    pub known_meals: Count,
    /// Meals refused.
    pub refused_meals: Count,
    /// Sum of what was taken.
    pub taken_cents: TotalCents,
    /// Every meal, in the order of the request.
    #[schema(min_items = 1, max_items = 2000)]
    pub meals: Vec<CanteenMealLine>,
}

/// Take many meals
///
/// In one transaction, in the order of the request; each is taken, found on file, or refused for itself, and
/// the answer says so line by line. The same request may be sent again: a pupil eats once a day.
#[utoipa::path(operation_id = "debit_canteen_meals", tag = "canteen-accounts", security(("client" = ["positions:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = CanteenMealBatch,
    responses((status = 201, description = "On file, but for the meals refused.", body = CanteenMealBatchOutcome,
        headers(("Location" = inline(UriHeader), description = "Where the accounts are listed.")))))]
#[post("/canteen-meal-batches")]
pub(in crate::api) async fn debit_canteen_meals(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    body: FromBody<CanteenMealBatch>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&caller, "debit_canteen_meals", &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let meal = |meal: CanteenMealEntry| Meal {
        account_id: meal.canteen_account_id,
        pupil_tax_code: meal.pupil_tax_code.as_str().to_owned(),
        on: meal.meal_date,
    };
    let meals: Vec<Meal> = body.value.meals.into_iter().map(meal).collect();
    let (ctx, creditor) = (state.ctx.clone(), caller.creditor()?.clone());
    let (sealed, location) = (asked.clone(), state.address("/canteen-accounts"));
    let made = state.import(&caller, move |tx, now| {
        let outcomes = canteen::debit_all(tx, now, &ctx, &creditor, &meals)?;
        let view = (&CanteenMealBatchOutcome::of(outcomes), None);
        let answer = sealed.answered(StatusCode::CREATED, location.clone(), view);
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, Error>(answer)
    });
    asked.end(&state, made.await.map_err(Problem::from)).await
}

impl CanteenMealBatchOutcome {
    fn of(outcomes: Vec<MealOutcome>) -> CanteenMealBatchOutcome {
        let mut batch = CanteenMealBatchOutcome {
            taken_meals: Count(0),
            known_meals: Count(0),
            refused_meals: Count(0),
            taken_cents: TotalCents(0),
            meals: Vec::with_capacity(outcomes.len()),
        };
        for (line, outcome) in (1i64..).zip(outcomes) {
            let count = match &outcome {
                MealOutcome::Taken(_) => &mut batch.taken_meals,
                MealOutcome::Known(_) => &mut batch.known_meals,
                MealOutcome::Refused(_) => &mut batch.refused_meals,
            };
            count.0 = count.0.saturating_add(1);
            if let MealOutcome::Taken(moved) = &outcome {
                let taken = moved.movement.amount.negated().get();
                batch.taken_cents.0 = batch.taken_cents.0.saturating_add(taken);
            }
            batch.meals.push(CanteenMealLine::of(line, outcome));
        }
        batch
    }
}

impl CanteenMealLine {
    fn of(line: i64, outcome: MealOutcome) -> CanteenMealLine {
        let mut told = CanteenMealLine {
            line: Count(line),
            outcome: CanteenMealResult::Taken,
            canteen_movement_id: None,
            balance_cents: None,
            problem: None,
            detail: None,
        };
        match outcome {
            MealOutcome::Taken(moved) => {
                told.canteen_movement_id = Some(moved.movement.id);
                told.balance_cents = Some(SignedCents(moved.balance.get()));
            }
            MealOutcome::Known(movement) => {
                told.outcome = CanteenMealResult::Known;
                told.canteen_movement_id = Some(movement.id);
            }
            MealOutcome::Refused(error) => {
                let (word, why) = Problem::from(error).in_italian();
                told.outcome = CanteenMealResult::Refused;
                told.problem = Some(Line140::new(word));
                told.detail = Some(Line1000::new(why));
            }
        }
        told
    }
}
