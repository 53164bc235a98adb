//! The control API under `/control`: who the creditors are, what is paid, which day it is.

use std::collections::BTreeMap;

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Scope, web};
use chrono::Datelike;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::anomalies::{self, Anomaly};
use crate::app::App;
use crate::batches;
use crate::contract::Refused;
use crate::day;
use crate::demands::{self, Made, Question};
use crate::disturbances::Disturbance;
use crate::flows::{FlowMischief, Troubles};
use crate::node::Patience;
use crate::payments::{self, Notice};
use crate::problem::{self, Problem};
use crate::psps;
use crate::rng::Rng;
use crate::scenario::{self, NextStep, Scenario, Story, Wish};
use crate::state::{Creditor, Day, Event, State, Status};
use crate::summary::summary;
use crate::treasury;

pub(crate) type Answer<T> = Result<T, Problem>;

/// Largest body taken: a batch of some two hundred thousand notices.
const BODY_LIMIT: usize = 64 << 20;

/// Routes under `/control`.
pub(crate) fn scope() -> Scope {
    web::scope("/control")
        .app_data(
            web::JsonConfig::default()
                .limit(BODY_LIMIT)
                .error_handler(problem::of_json),
        )
        .app_data(web::QueryConfig::default().error_handler(problem::of_query))
        .app_data(web::PathConfig::default().error_handler(problem::of_path))
        .route("/status", web::get().to(status))
        .route("/summary", web::get().to(ground_truth))
        .route("/anomalies/{creditor}", web::get().to(anomalies))
        .route("/creditors/{tax_code}", web::put().to(put_creditor))
        .route("/mischief", web::put().to(put_mischief))
        .service(
            web::resource("/disturbances")
                .route(web::get().to(disturbances))
                .route(web::post().to(disturb))
                .route(web::delete().to(calm)),
        )
        .route("/payments", web::post().to(post_payment))
        .route("/payments/{id}/{step}", web::post().to(complete_payment))
        .route("/demands", web::post().to(post_demand))
        .route("/notices", web::post().to(batches::post))
        .route("/days", web::post().to(post_day))
        .route("/receipts/deliver", web::post().to(deliver_receipts))
        .route("/treasury/{creditor}", web::get().to(treasury_journal))
        .default_service(web::to(nothing_here))
}

async fn nothing_here() -> Answer<HttpResponse> {
    Err(Problem::not_found(
        "there is nothing here; the control API is described by `mockpsp serve --help`",
    ))
}

/// Tell where the gateway stands
#[utoipa::path(get, path = "/control/status", tag = "state",
    responses((status = 200, description = "Open day, days run, what waits", body = Object)))]
pub(crate) async fn status(app: Data<App>) -> Json<Value> {
    let (running, open_day) = (app.running(), app.open_day());
    Json(app.read(|state| {
        let open = state.payments.iter().filter(|payment| payment.status == Status::Open).count();
        let left = state.planned.iter().filter(|planned| state.unfinished(planned)).count();
        json!({
            "seed": app.seed,
            "open_day": open_day,
            "last_closed_day": state.last_closed(),
            "running_day": running,
            "creditors": state.creditors.keys().collect::<Vec<_>>(),
            "batches": state.batches.keys().collect::<Vec<_>>(),
            "planned": state.planned.len(),
            "planned_left": left,
            "payments": state.payments.len(),
            "open_activations": open,
            "receipts_waiting": payments::undelivered(state, None).len(),
            "flows": state.flows.len(),
            "mischief": state.mischief,
            "psps": psps::ALL.iter().map(|psp| json!({"id": psp.id, "name": psp.name})).collect::<Vec<_>>(),
        })
    }))
}

/// Tell what really happened
///
/// Sums of everything so far, to be held against the engine's own reports.
#[utoipa::path(get, path = "/control/summary", tag = "state",
    responses((status = 200, description = "Payments, receipts, flows, credits", body = Object)))]
pub(crate) async fn ground_truth(app: Data<App>) -> Json<Value> {
    Json(app.read(summary))
}

/// List what went wrong on purpose
#[utoipa::path(get, path = "/control/anomalies/{creditor}", tag = "state",
    params(("creditor" = String, Path, description = "Tax code")),
    responses((status = 200, description = "One by one, in a fixed order", body = [Anomaly])))]
pub(crate) async fn anomalies(app: Data<App>, creditor: Path<String>) -> Json<Vec<Anomaly>> {
    Json(app.read(|state| anomalies::of(state, &creditor)))
}

/// Register a creditor
///
/// Its stations answer for notice numbers by segregation code. The same request again changes nothing.
#[utoipa::path(put, path = "/control/creditors/{tax_code}", tag = "creditors",
    params(("tax_code" = String, Path, description = "Eleven digits")),
    request_body = Creditor,
    responses((status = 200, description = "As it is known now", body = Creditor), Refused))]
pub(crate) async fn put_creditor(
    app: Data<App>,
    tax_code: Path<String>,
    body: Json<Creditor>,
) -> Answer<Json<Creditor>> {
    let (tax_code, creditor) = (tax_code.into_inner(), body.into_inner());
    if tax_code.len() != 11 || !all_digits(&tax_code) {
        return Err(Problem::unprocessable(format!(
            "tax code `{tax_code}` is not eleven digits"
        )));
    }
    for station in &creditor.stations {
        let (id, code) = (&station.station_id, &station.segregation_code);
        if code.len() != 2 || !all_digits(code) {
            return Err(Problem::unprocessable(format!(
                "station {id}: segregation_code `{code}` is not two digits"
            )));
        }
        if !matches!(station.version, 1 | 2) {
            return Err(Problem::unprocessable(format!(
                "station {id}: version is 1 or 2, not {}",
                station.version
            )));
        }
        if !station.url.starts_with("http://") {
            return Err(Problem::unprocessable(format!(
                "station {id}: url `{}` does not begin with http://",
                station.url
            )));
        }
    }
    check_services(&app, &tax_code, &creditor)?;
    app.decide(|state| {
        let tax_code = tax_code.clone();
        let news = state.creditors.get(&tax_code) != Some(&creditor);
        (
            news.then(|| Event::Creditor {
                tax_code,
                creditor: creditor.clone(),
            }),
            (),
        )
    })?;
    Ok(Json(creditor))
}

/// Services have codes of five characters, and what providers call one is one creditor's only.
fn check_services(app: &App, tax_code: &str, creditor: &Creditor) -> Answer<()> {
    for offered in &creditor.services {
        for code in [&offered.subject, &offered.service] {
            if code.chars().count() != 5 {
                return Err(Problem::unprocessable(format!(
                    "service code `{code}` is not five characters"
                )));
            }
        }
        let other = app.read(|state| {
            let owner = demands::offering(state, &offered.subject);
            owner.is_some_and(|(owner, ..)| owner != tax_code)
        });
        if other {
            return Err(Problem::conflict(format!(
                "another creditor offers the service {}",
                offered.subject
            )));
        }
    }
    Ok(())
}

/// Say how often flows and credits go wrong
#[utoipa::path(put, path = "/control/mischief", tag = "trouble", request_body = FlowMischief,
    responses((status = 200, description = "As it is from now on", body = FlowMischief), Refused))]
pub(crate) async fn put_mischief(
    app: Data<App>,
    body: Json<FlowMischief>,
) -> Answer<Json<FlowMischief>> {
    let mischief = body.into_inner();
    check_mischief(mischief)?;
    app.decide(|state| {
        (
            (state.mischief != mischief).then_some(Event::Mischief(mischief)),
            (),
        )
    })?;
    Ok(Json(mischief))
}

fn check_mischief(mischief: FlowMischief) -> Answer<()> {
    let FlowMischief {
        flow_wrong_sum,
        flow_revised,
        cash_split,
    } = mischief;
    if [flow_wrong_sum, flow_revised, cash_split]
        .into_iter()
        .any(|share| share > 1000)
    {
        return Err(Problem::unprocessable(
            "mischief is in parts of a thousand, 0 to 1000",
        ));
    }
    Ok(())
}

/// List the troubles that wait
#[utoipa::path(get, path = "/control/disturbances", tag = "trouble",
    responses((status = 200, description = "Oldest first", body = [Disturbance])))]
pub(crate) async fn disturbances(app: Data<App>) -> Json<Vec<Disturbance>> {
    Json(app.node.disturbances.list())
}

/// Disturb the next messages of a leg
///
/// Kept in memory: a gateway that starts again disturbs nothing.
#[utoipa::path(post, path = "/control/disturbances", tag = "trouble", request_body = Disturbance,
    responses((status = 200, description = "All that wait", body = [Disturbance]), Refused))]
pub(crate) async fn disturb(
    app: Data<App>,
    body: Json<Disturbance>,
) -> Answer<Json<Vec<Disturbance>>> {
    body.check().map_err(Problem::unprocessable)?;
    app.node.disturbances.add(*body);
    Ok(Json(app.node.disturbances.list()))
}

/// Forget the troubles that wait
#[utoipa::path(delete, path = "/control/disturbances", tag = "trouble",
    responses((status = 204, description = "Nothing waits")))]
pub(crate) async fn calm(app: Data<App>) -> HttpResponse {
    app.node.disturbances.clear();
    HttpResponse::NoContent().finish()
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentIn {
    /// Tax code.
    creditor: String,
    /// 18 digits.
    notice_number: String,
    #[serde(default)]
    scenario: Scenario,
    /// Without it one is drawn.
    psp: Option<String>,
    /// Without it the open day.
    #[schema(value_type = Option<String>, format = Date)]
    on: Option<Day>,
}

/// Pay a notice now
///
/// A refusal is a result, with the fault that the provider hears, and not an error.
#[utoipa::path(post, path = "/control/payments", tag = "payments", request_body = PaymentIn,
    responses((status = 200, description = "How it went, step by step", body = Story), Refused))]
pub(crate) async fn post_payment(app: Data<App>, body: Json<PaymentIn>) -> Answer<Json<Story>> {
    let PaymentIn {
        creditor,
        notice_number,
        scenario,
        psp,
        on,
    } = body.into_inner();
    if notice_number.len() != 18 || !all_digits(&notice_number) {
        return Err(Problem::unprocessable(format!(
            "notice number `{notice_number}` is not 18 digits"
        )));
    }
    if app.read(|state| !state.creditors.contains_key(&creditor)) {
        return Err(Problem::not_found(format!(
            "creditor {creditor} is not registered; PUT /control/creditors/{creditor} first"
        )));
    }
    let psp = match psp {
        None => psps::draw(&mut Rng::of(
            app.seed,
            &["by hand", &creditor, &notice_number],
        )),
        Some(id) => psps::find(&id).ok_or_else(|| {
            let known: Vec<_> = psps::ALL.iter().map(|psp| psp.id).collect();
            Problem::unprocessable(format!(
                "there is no PSP `{id}`; there are {}",
                known.join(", ")
            ))
        })?,
    };
    let open_day = app.open_day();
    let day = on.unwrap_or(open_day);
    if app.read(State::last_closed).is_some_and(|last| day <= last) {
        return Err(Problem::conflict(format!(
            "{day} is closed; the open day is {open_day}"
        )));
    }
    let wish = Wish {
        notice: Notice {
            creditor,
            number: notice_number,
        },
        scenario,
        psp,
        day,
    };
    let task = app.clone();
    let story = app
        .runtime
        .spawn(async move { scenario::play(&task, &wish).await })
        .await??;
    Ok(Json(story))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DemandIn {
    /// The service as providers call it, `subject` of one of the creditors' services.
    subject: String,
    #[serde(flatten)]
    question: Question,
}

/// Ask for a notice at a provider
///
/// Nobody has issued it: the creditor of the service makes it for the question. A refusal is a result, with
/// the fault that the provider hears, and not an error.
#[utoipa::path(post, path = "/control/demands", tag = "payments", request_body = DemandIn,
    responses((status = 200, description = "The notice, or why there is none", body = Made), Refused))]
pub(crate) async fn post_demand(app: Data<App>, body: Json<DemandIn>) -> Answer<Json<Made>> {
    let DemandIn { subject, question } = body.into_inner();
    Ok(Json(demands::ask(&app, &subject, &question).await?))
}

/// Go on with a token
///
/// `complete` is the positive outcome of an activation left open, and its receipt; `fail` the negative
/// one; `expire` gives the token up; `keep` keeps the money without a receipt, which the flow reports
/// with 9.
#[utoipa::path(post, path = "/control/payments/{id}/{step}", tag = "payments",
    params(("id" = String, Path, description = "The token"),
           ("step" = NextStep, Path, description = "What happens")),
    responses((status = 200, description = "How it went, step by step", body = Story), Refused))]
pub(crate) async fn complete_payment(
    app: Data<App>,
    path: Path<(String, NextStep)>,
) -> Answer<Json<Story>> {
    let (id, step) = path.into_inner();
    let unknown = || Problem::not_found(format!("there is no payment {id}"));
    let index = app
        .read(|state| state.by_token.get(id.as_str()).copied())
        .ok_or_else(unknown)?;
    let (task, day) = (app.clone(), app.open_day());
    let story = app
        .runtime
        .spawn(async move { scenario::go_on(&task, index, day, step).await })
        .await??;
    story.map(Json).ok_or_else(unknown)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DayIn {
    #[schema(value_type = String, format = Date)]
    date: Day,
    mischief: Option<FlowMischief>,
    #[serde(default)]
    troubles: Troubles,
}

/// Run a simulated day
///
/// What was planned is paid, what was held back is sent, the operating day is closed. A day already run
/// is answered again.
#[utoipa::path(post, path = "/control/days", tag = "days", request_body = DayIn,
    responses((status = 200, description = "Figures of the day", body = Object), Refused))]
pub(crate) async fn post_day(app: Data<App>, body: Json<DayIn>) -> Answer<Json<Value>> {
    let DayIn {
        date,
        mischief,
        troubles,
    } = body.into_inner();
    mischief.map_or(Ok(()), check_mischief)?;
    // Its own task: the day goes on even when the client gives up waiting.
    let run = day::run(app.clone().into_inner(), date, mischief, troubles);
    Ok(Json(app.runtime.spawn(run).await??))
}

/// Send every receipt that waits
#[utoipa::path(post, path = "/control/receipts/deliver", tag = "payments",
    responses((status = 200, description = "How many were taken, refused, or wait on", body = Object)))]
pub(crate) async fn deliver_receipts(app: Data<App>) -> Answer<Json<Value>> {
    let task = app.clone();
    let delivered = app.runtime.spawn(async move {
        let _one_at_a_time = task.day.lock().await;
        let day = task.open_day();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for index in task.read(|state| payments::undelivered(state, None)) {
            for delivery in payments::deliver(&task, index, day, Patience::Once).await? {
                let count = counts.entry(delivery.outcome).or_default();
                *count = count.saturating_add(1);
            }
        }
        let waiting = task.read(|state| payments::undelivered(state, None).len());
        let count = |outcome: &str| counts.get(outcome).copied().unwrap_or(0);
        Ok::<_, crate::app::Halt>(json!({
            "delivered": count("OK"),
            "refused": count("KO"),
            "pending": count("PENDING"),
            "receipts_waiting": waiting,
        }))
    });
    Ok(Json(delivered.await??))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JournalRange {
    /// First value date.
    from: Day,
    /// Last value date.
    to: Day,
    /// Without it CSV.
    #[serde(default)]
    format: treasury::Format,
}

/// Read the treasurer's journal
#[utoipa::path(get, path = "/control/treasury/{creditor}", tag = "days",
    params(
        ("creditor" = String, Path, description = "Tax code"),
        ("from" = String, Query, description = "First value date", format = Date),
        ("to" = String, Query, description = "Last value date", format = Date),
        ("format" = Option<treasury::Format>, Query, description = "Without it CSV"),
    ),
    responses((status = 200, description = "Movements by value date, in the format asked for", body = String,
               content_type = "text/csv"), Refused))]
pub(crate) async fn treasury_journal(
    app: Data<App>,
    creditor: Path<String>,
    range: Query<JournalRange>,
) -> Answer<HttpResponse> {
    if range.from > range.to {
        return Err(Problem::unprocessable(format!(
            "from {} is after to {}",
            range.from, range.to
        )));
    }
    let JournalRange { from, to, format } = range.into_inner();
    if format == treasury::Format::Opi && from.year() != to.year() {
        return Err(Problem::unprocessable(
            "a treasurer's file is of one year: ask for each year by itself",
        ));
    }
    let file = app.read(|state| treasury::journal(state, &creditor, (from, to), format))?;
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .body(file))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
