//! The node's door for payment service providers (nodeForPsp, SOAP): verify, activate, outcome, the
//! slip at the counter of Poste, and a notice on demand. A provider is one of the invented ones, with any password.

mod answer;
mod ask;

use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, Scope};

use self::answer::{refused, soap_fault};
use self::ask::{Ask, Asked, Operation};
use crate::app::{App, Halt};
use crate::demands;
use crate::node::{Fault, Patience};
use crate::payments::{self, Moment, Notice, Order};
use crate::rules;
use crate::state::{Event, Payment, State, Status};

/// Longest message that is read.
const MESSAGE_LIMIT: usize = 1 << 20;

/// Routes under `/node-for-psp/v1`.
pub(crate) fn scope() -> Scope {
    web::scope("/node-for-psp/v1")
        .app_data(web::PayloadConfig::new(MESSAGE_LIMIT))
        .default_service(web::post().to(door))
}

async fn door(app: Data<App>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let asked = std::str::from_utf8(&body)
        .map_err(|_not_text| "the message is not UTF-8".to_owned())
        .and_then(Asked::read);
    let asked = match asked {
        Ok(asked) => asked,
        Err(why) => {
            return xml(HttpResponse::InternalServerError(), soap_fault(&why));
        }
    };
    let action = request.headers().get("SOAPAction");
    let action = action.and_then(|action| action.to_str().ok());
    let task = app.clone();
    // Its own task: what is begun goes on even when the provider gives up waiting.
    let action = action.map(str::to_owned);
    let answer = app
        .runtime
        .spawn(async move { answer(&task, asked, action.as_deref()).await })
        .await;
    match answer {
        Ok(Ok(answer)) => xml(HttpResponse::Ok(), answer),
        Ok(Err(halt)) => xml(
            HttpResponse::ServiceUnavailable(),
            soap_fault(&halt.to_string()),
        ),
        Err(error) => xml(
            HttpResponse::InternalServerError(),
            soap_fault(&error.to_string()),
        ),
    }
}

fn xml(mut answer: actix_web::HttpResponseBuilder, body: String) -> HttpResponse {
    answer.content_type("text/xml; charset=utf-8").body(body)
}

/// The answer of the node; a fault is one too.
async fn answer(app: &Data<App>, asked: Asked, action: Option<&str>) -> Result<String, Halt> {
    let operation = asked.operation;
    let result = match asked.check(action) {
        Ok(ask) => once(app, &asked, ask).await,
        Err(fault) => Err(Halt::Fault(fault)),
    };
    match result {
        Ok(answer) => Ok(answer),
        Err(Halt::Fault(fault)) => {
            let creditor = app.read(|state| asked_of(state, &asked));
            Ok(refused(operation, &fault, &creditor))
        }
        Err(halt) => Err(halt),
    }
}

/// The creditor that is asked; empty when nobody is.
fn asked_of(state: &State, asked: &Asked) -> String {
    let offering = demands::offering(state, &asked.subject);
    offering.map_or(asked.creditor.clone(), |(tax_code, ..)| tax_code.to_owned())
}

/// Answers a repeated request as before, and refuses another one under the same key.
async fn once(app: &Data<App>, asked: &Asked, ask: Ask) -> Result<String, Halt> {
    let Some(key) = &asked.idempotency_key else {
        return done(app, asked, ask).await.map(|(answer, _)| answer);
    };
    let key = format!("{}/{key}", operation_group(asked.operation));
    let known = app.read(|state| {
        let known = state.answers.get(&key)?;
        // The key of a token that is given up is free again.
        let alive = known.payment.is_none_or(|index| {
            let status = state.payment(index).map(|payment| payment.status);
            matches!(status, Some(Status::Open | Status::Paid))
        });
        alive.then(|| known.clone())
    });
    if let Some(known) = known {
        if known.request == asked.fingerprint {
            return Ok(known.answer);
        }
        return Err(Halt::Fault(Fault::ppt(
            "PPT_ERRORE_IDEMPOTENZA",
            "this key was used with other parameters",
        )));
    }
    let (answer, payment) = done(app, asked, ask).await?;
    app.record(Event::Answered {
        key,
        answered: crate::state::Answered {
            request: asked.fingerprint.clone(),
            answer: answer.clone(),
            payment,
        },
    })?;
    Ok(answer)
}

/// Keys of activations and of outcomes do not meet.
fn operation_group(operation: Operation) -> &'static str {
    match operation {
        Operation::Verify | Operation::Slip => "verify",
        Operation::ActivateV1 | Operation::ActivateV2 => "activate",
        Operation::OutcomeV1 | Operation::OutcomeV2 => "outcome",
        Operation::Demand => "demand",
    }
}

/// Does what is asked; the answer, and the payment that it made.
async fn done(app: &Data<App>, asked: &Asked, ask: Ask) -> Result<(String, Option<usize>), Halt> {
    match ask {
        Ask::Verify(notice) => {
            let shown = payments::verify(app, &notice, Patience::Once).await?;
            Ok((answer::verified(&notice, &shown), None))
        }
        Ask::Slip { account, number } => {
            let creditor = app.read(|state| owner(state, &account));
            let Some(creditor) = creditor else {
                return Err(Halt::Fault(Fault::ppt(
                    "PPT_IBAN_ACCREDITO",
                    format!("no creditor has the postal account {account}"),
                )));
            };
            let notice = Notice { creditor, number };
            let shown = payments::verify(app, &notice, Patience::Once).await?;
            Ok((answer::slip(&notice, &shown), None))
        }
        Ask::Activate { notice, cents } => activated(app, asked, &notice, cents).await,
        Ask::Outcome { tokens, paid } => {
            ended(app, asked.psp, &tokens, paid)?;
            Ok((answer::acknowledged(asked.operation), None))
        }
        Ask::Demand { subject, details } => {
            let made = demands::demand(app, &subject, &details).await?;
            Ok((answer::demanded(&made.notice, &made.shown), None))
        }
    }
}

/// The creditor with this account at Poste: the last twelve digits of its IBAN.
fn owner(state: &State, account: &str) -> Option<String> {
    let of = |iban: &String| iban.get(5..10) == Some("07601") && iban.ends_with(account);
    let mut creditors = state.creditors.iter();
    let found = creditors.find(|(_, creditor)| creditor.ibans.iter().any(of));
    found.map(|(tax_code, _)| tax_code.clone())
}

async fn activated(
    app: &Data<App>,
    asked: &Asked,
    notice: &Notice,
    cents: u64,
) -> Result<(String, Option<usize>), Halt> {
    let Some(_claim) = app.claim(&notice.creditor, &notice.number) else {
        return Err(Halt::Fault(rules::in_progress()));
    };
    let order = Order {
        psp: asked.psp,
        day: app.open_day(),
        planned: None,
        complete_on: None,
        shown: Some(cents),
    };
    let index = payments::activate(app, notice, order, Patience::Once).await?;
    let stamps = |payment: &Payment| {
        let mut transfers = payment.activation.transfers.iter();
        transfers.any(|transfer| transfer.stamp.is_some())
    };
    let old = asked.operation == Operation::ActivateV1;
    if old && app.read(|state| state.payment(index).is_some_and(stamps)) {
        payments::cancel(app, index)?;
        return Err(Halt::Fault(Fault::ppt(
            "PPT_SEMANTICA",
            "a stamp is sold through activatePaymentNoticeV2 only",
        )));
    }
    let answer = app.read(|state| {
        let payment = state.payment(index)?;
        Some(answer::activated(asked.operation, payment))
    });
    let answer =
        answer.ok_or_else(|| Halt::Fault(Fault::ppt("PPT_SYSTEM_ERROR", "the token was lost")))?;
    Ok((answer, Some(index)))
}

/// Takes the outcome of each token; the first fault is told when all were looked at. Receipts are sent
/// when the provider has been answered.
fn ended(app: &Data<App>, psp: usize, tokens: &[String], paid: bool) -> Result<(), Halt> {
    let mut first = None;
    for token in tokens {
        let index = app.read(|state| {
            let index = *state.by_token.get(token)?;
            let own = state.payment(index)?.activation.psp == psp;
            own.then_some(index)
        });
        let told = match index {
            None => Some(Fault::ppt("PPT_TOKEN_SCONOSCIUTO", "the token is unknown")),
            Some(index) => outcome(app, index, paid)?,
        };
        first = first.or(told);
    }
    first.map_or(Ok(()), |fault| Err(Halt::Fault(fault)))
}

/// What the provider hears about one token.
fn outcome(app: &Data<App>, index: usize, paid: bool) -> Result<Option<Fault>, Halt> {
    let day = app.open_day();
    let result = if paid {
        let moment = Moment {
            day,
            deliver_on: None,
            raced: false,
        };
        payments::outcome(app, index, moment)
    } else {
        payments::fail(app, index).map(|()| None)
    };
    let (told, due) = match result {
        Ok(told) => (told, paid),
        Err(Halt::Fault(fault)) => (Some(fault), false),
        Err(halt) => return Err(halt),
    };
    if due {
        let task = app.clone();
        app.runtime.spawn(async move {
            let sent = payments::deliver(&task, index, day, Patience::Once).await;
            if let Err(error) = sent {
                tracing::warn!(%error, "a receipt waits for the next hour");
            }
        });
    }
    Ok(told)
}
