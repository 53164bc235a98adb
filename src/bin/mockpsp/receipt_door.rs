//! The platform's door for receipts that never came (`BizEvents`): what was paid, as JSON, ten times an hour
//! for each subscription. A receipt that every recipient has answered is not kept by this gateway.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, Scope};
use serde_json::{Map, Number, Value, json};
use tokio::time::Instant;

use crate::app::App;
use crate::flows::{from_rome, working_day_after};
use crate::messages::SUBJECT_FIELDS;
use crate::money::euro;
use crate::psps;
use crate::stamps;
use crate::state::{Payment, State};

/// Calls that a subscription may make in a [`WINDOW`].
const CALLS_MAX: usize = 10;
const WINDOW: Duration = Duration::from_secs(3600);

/// The calls of the last hour by subscription. Hours are real ones: simulated time knows days only.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<BTreeMap<String, VecDeque<Instant>>>);

impl Calls {
    /// Counts a call; false when it is one too many.
    fn allows(&self, subscription: &str, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = all.entry(subscription.to_owned()).or_default();
        calls.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        let allowed = calls.len() < CALLS_MAX;
        if allowed {
            calls.push_back(now);
        }
        allowed
    }
}

/// Routes under `/bizevents/service/v1`.
pub(crate) fn scope() -> Scope {
    let receipt = "/organizations/{organization}/receipts/{iur}";
    web::scope("/bizevents/service/v1")
        .route(receipt, web::get().to(by_receipt))
        .route(
            &format!("{receipt}/paymentoptions/{{iuv}}"),
            web::get().to(by_option),
        )
}

async fn by_receipt(
    app: Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (organization, iur) = path.into_inner();
    answer(&app, &request, (&organization, &iur, None))
}

async fn by_option(
    app: Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String, String)>,
) -> HttpResponse {
    let (organization, iur, iuv) = path.into_inner();
    answer(&app, &request, (&organization, &iur, Some(&iuv)))
}

fn answer(app: &App, request: &HttpRequest, asked: (&str, &str, Option<&str>)) -> HttpResponse {
    let key = request.headers().get("Ocp-Apim-Subscription-Key");
    let key = key.and_then(|key| key.to_str().ok()).unwrap_or_default();
    // Without keys, as on a test machine, every organization counts for itself.
    let subscription = format!("{}/{key}", asked.0);
    if !app.receipt_calls.allows(&subscription, Instant::now()) {
        let what = json!({"title": "Too many requests", "status": 429,
            "detail": "ten calls an hour are allowed"});
        return HttpResponse::TooManyRequests().json(what);
    }
    match app.read(|state| receipt(find(state, asked)?)) {
        Some(receipt) => HttpResponse::Ok().json(receipt),
        None => HttpResponse::NotFound().json(json!({"title": "Not Found", "status": 404,
            "detail": "there is no such receipt of this organization"})),
    }
}

fn find<'a>(
    state: &'a State,
    (organization, iur, iuv): (&str, &str, Option<&str>),
) -> Option<&'a Payment> {
    let payment = state.payment(*state.by_token.get(iur)?)?;
    let activation = &payment.activation;
    let mut transfers = activation.transfers.iter();
    let concerned = activation.creditor == organization
        || transfers.any(|transfer| transfer.org == organization);
    (concerned && iuv.is_none_or(|iuv| iuv == activation.iuv)).then_some(payment)
}

/// The receipt of a payment; none when it was not paid, or its receipt has arrived.
fn receipt(payment: &Payment) -> Option<Value> {
    let paid = payment.paid.filter(|paid| paid.reported.has_receipt())?;
    let activation = &payment.activation;
    let details = activation.details.as_deref()?;
    let psp = psps::get(activation.psp);
    let text = |place: usize| details.payment.get(place);
    let transfers = activation.transfers.iter().enumerate();
    let transfers = transfers.map(|(place, transfer)| {
        let texts = details.transfers.get(place);
        let text = |place: usize| texts.and_then(|texts| texts.get(place));
        let of = (activation.token.as_str(), transfer.n);
        let stamp = transfer.stamp.as_ref();
        let stamp =
            stamp.map(|stamp| stamps::attachment(stamp, of, (transfer.cents, psp, paid.at)));
        Some(json!({
            "idTransfer": transfer.n,
            "transferAmount": number(transfer.cents)?,
            "fiscalCodePA": transfer.org,
            "iban": transfer.iban,
            "mbdAttachment": stamp.unwrap_or_default(),
            "remittanceInformation": text(1),
            "transferCategory": text(2),
        }))
    });
    Some(json!({
        "receiptId": activation.token,
        "noticeNumber": activation.notice_number,
        "fiscalCode": activation.creditor,
        "outcome": "OK",
        "creditorReferenceId": activation.iuv,
        "paymentAmount": number(activation.cents)?,
        "description": text(0),
        "companyName": text(1),
        "officeName": text(2),
        "debtor": debtor(&details.debtor),
        "transferList": transfers.collect::<Option<Vec<_>>>()?,
        "idPSP": psp.id,
        "pspFiscalCode": psp.tax_code,
        "pspPartitaIVA": psp.tax_code,
        "pspCompanyName": psp.name,
        "idChannel": psp.channel,
        "channelDescription": psp.channel_text,
        "paymentMethod": "other",
        "fee": number(psp.fee)?,
        "paymentDateTime": paid.at.date().to_string(),
        "paymentDateTimeFormatted": from_rome(paid.at).to_rfc3339(),
        "applicationDate": paid.day.to_string(),
        "transferDate": working_day_after(paid.day).to_string(),
    }))
}

/// The debtor's texts under the names of this door.
fn debtor(texts: &[String]) -> Value {
    let fields = SUBJECT_FIELDS.iter().zip(texts);
    let filled = fields.filter(|(_, text)| !text.is_empty());
    let named = filled.map(|((path, _), text)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        (name.replace('-', ""), Value::from(text.as_str()))
    });
    Value::Object(named.collect::<Map<_, _>>())
}

/// An amount in euro. Cents come back as they went: a number is written in its shortest form.
fn number(cents: u64) -> Option<Number> {
    serde_json::from_str(&euro(cents)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_calls_an_hour_are_allowed() {
        let (calls, start) = (Calls::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for nth in 0..10 {
            assert!(calls.allows("a", at(nth)));
        }
        assert!(!calls.allows("a", at(60)));
        assert!(calls.allows("b", at(60)));
        assert!(!calls.allows("a", at(3599)));
        assert!(calls.allows("a", at(3600)));
        assert!(!calls.allows("a", at(3600)));
    }
}
