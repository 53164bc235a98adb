//! Batches of notices: planned once, answered the same for ever.

use std::collections::BTreeMap;

use actix_web::web::{self, Data, Json};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::contract::Refused;
use crate::control::Answer;
use crate::plan::{self, BatchIn, PlannedPayment};
use crate::problem::Problem;
use crate::psps;
use crate::state::{Batch, Event, State};

/// Plan a batch of notices
///
/// Exactly `pay` of them are paid, on days and in ways that the seed decides. The same batch again is
/// answered the same.
#[utoipa::path(post, path = "/control/notices", tag = "payments", request_body = BatchIn,
    responses((status = 200, description = "Who pays when, in figures", body = Object), Refused))]
pub(crate) async fn post(app: Data<App>, body: Json<BatchIn>) -> Answer<Json<Value>> {
    let batch = body.into_inner();
    let fingerprint = fingerprint(&batch);
    if let Some(answer) = app.read(|state| repeated(state, &batch, &fingerprint)) {
        return answer.map(Json);
    }
    let planned = web::block({
        let (seed, batch) = (app.seed, batch.clone());
        move || plan::plan(seed, &batch)
    });
    let planned = planned
        .await
        .map_err(|_pool_gone| Problem::conflict("the gateway is stopping"))??;
    let figures = plan_figures(&batch, &planned);
    let decided = app.decide(|state| {
        if let Some(answer) = repeated(state, &batch, &fingerprint) {
            return (None, answer);
        }
        let (name, creditor) = (batch.batch.clone(), batch.creditor.clone());
        let event = Batch {
            batch: name,
            creditor,
            fingerprint: fingerprint.clone(),
            figures: figures.clone(),
            planned,
        };
        (Some(Event::Batch(Box::new(event))), Ok(figures))
    });
    decided?.map(Json)
}

/// The answer to a batch that is known by name or cannot be taken.
fn repeated(state: &State, batch: &BatchIn, fingerprint: &str) -> Option<Answer<Value>> {
    if let Some(known) = state.batches.get(&batch.batch) {
        if known.fingerprint == fingerprint {
            return Some(Ok(known.figures.clone()));
        }
        let detail = format!(
            "batch `{}` was planned with other content; choose another name",
            batch.batch
        );
        return Some(Err(Problem::conflict(detail)));
    }
    if !state.creditors.contains_key(&batch.creditor) {
        return Some(Err(Problem::not_found(format!(
            "creditor {} is not registered",
            batch.creditor
        ))));
    }
    None
}

/// Two requests with the same notices in another order are the same batch.
fn fingerprint(batch: &BatchIn) -> String {
    let mut notices: Vec<_> = batch
        .notices
        .iter()
        .map(|notice| json!(notice).to_string())
        .collect();
    notices.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(json!([batch.creditor, batch.pay, batch.mischief]).to_string());
    for notice in notices {
        hash.update(notice);
    }
    hash.finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn plan_figures(batch: &BatchIn, planned: &[PlannedPayment]) -> Value {
    let mut by_kind: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_month: BTreeMap<String, u64> = BTreeMap::new();
    let mut by_psp: BTreeMap<&str, u64> = BTreeMap::new();
    for payment in planned {
        let counts = [
            by_kind.entry(payment.kind.name()).or_default(),
            by_month
                .entry(payment.day.format("%Y-%m").to_string())
                .or_default(),
            by_psp.entry(psps::get(payment.psp).id).or_default(),
        ];
        for count in counts {
            *count = count.saturating_add(1);
        }
    }
    let groups: std::collections::BTreeSet<_> =
        batch.notices.iter().map(|notice| &notice.group).collect();
    json!({
        "batch": batch.batch,
        "creditor": batch.creditor,
        "notices": batch.notices.len(),
        "groups": groups.len(),
        "pay": planned.len(),
        "first_day": planned.first().map(|payment| payment.day),
        "last_day": planned.last().map(|payment| payment.day),
        "by_kind": by_kind,
        "by_month": by_month,
        "by_psp": by_psp,
    })
}
