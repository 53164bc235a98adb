//! The steps of a payment as the node takes them: verify, activate, outcome, receipt. Each step
//! looks at the journal first, so it can be repeated after a kill.

use chrono::NaiveDateTime;
use serde::Serialize;

use crate::answers::{self, Answer, CallError, Verified};
use crate::app::{App, Halt};
use crate::journal::JournalError;
use crate::messages::{self, Door};
use crate::node::{Call, Fault, Patience};
use crate::rng::Rng;
use crate::rules::{door, gate, known_accounts, recipients};
use crate::stand_in;
use crate::state::{Activated, Day, Event, Paid, Payment, Reported, State, Status};

/// The notice that is being paid.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) creditor: String,
    pub(crate) number: String,
}

/// Who activates, when, and on whose behalf.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) psp: usize,
    pub(crate) day: Day,
    pub(crate) planned: Option<usize>,
    pub(crate) complete_on: Option<Day>,
    /// The amount shown by the verification.
    pub(crate) shown: Option<u64>,
}

/// What became of one copy of a receipt.
#[derive(Debug, Serialize)]
pub(crate) struct Delivery {
    pub(crate) recipient: String,
    /// `OK`, or `KO` when the creditor refused it, or `PENDING` when it will be sent again.
    pub(crate) outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Fault>,
}

/// Asks the creditor what the notice costs.
pub(crate) async fn verify(
    app: &App,
    notice: &Notice,
    patience: Patience,
) -> Result<Verified, Halt> {
    let door = app
        .read(|state| gate(state, notice).and_then(|()| door(state, notice)))
        .map_err(Halt::Fault)?;
    let ask = || async {
        let message = messages::verify_request(&door, &notice.number);
        answers::read_verified(&app.node.send(Call::Verify, &door, message).await?)
    };
    match app.node.insist(patience, ask).await {
        Ok(shown) => Ok(shown),
        Err(error) => stand_in::verified(app, notice, error),
    }
}

/// Asks the creditor for the payment and gives out a token; answers the payment's index.
pub(crate) async fn activate(
    app: &App,
    notice: &Notice,
    order: Order,
    patience: Patience,
) -> Result<usize, Halt> {
    let door = app
        .read(|state| gate(state, notice).and_then(|()| door(state, notice)))
        .map_err(Halt::Fault)?;
    let (door, ask_for) = (&door, order.shown);
    let ask = || async move {
        let message = messages::activation_request(door, &notice.number, ask_for);
        let answer = app.node.send(Call::Activate, door, message).await?;
        let answer = answers::read_activation(&answer, door.version)?;
        app.read(|state| known_accounts(state, &answer))?;
        Ok(answer)
    };
    let answer = match app.node.insist(patience, ask).await {
        Ok(answer) => answer,
        Err(error) => stand_in::activation(app, notice, error)?,
    };
    let stored = app.decide(|state| {
        let event = activated(app.seed, state, notice, order, answer);
        (Some(event), state.payments.len())
    });
    Ok(stored?)
}

fn activated(seed: u64, state: &State, notice: &Notice, order: Order, mut answer: Answer) -> Event {
    let ordinal = state
        .tokens_of(&notice.creditor, &notice.number)
        .len()
        .to_string();
    if let (Some(company), Some(known)) = (
        answer.details.payment.get_mut(1),
        state.creditors.get(&notice.creditor),
    ) && company.is_empty()
    {
        company.clone_from(&known.legal_name);
    }
    Event::Activated(Box::new(Activated {
        token: Rng::of(seed, &["token", &notice.creditor, &notice.number, &ordinal]).token(),
        creditor: notice.creditor.clone(),
        notice_number: notice.number.clone(),
        iuv: answer.iuv,
        psp: order.psp,
        day: order.day,
        cents: answer.cents,
        planned: order.planned,
        complete_on: order.complete_on,
        stand_in: answer.stand_in,
        transfers: answer.transfers,
        details: Some(Box::new(answer.details)),
    }))
}

/// The cancel job of the node: the token is past its life and is given up.
pub(crate) fn cancel(app: &App, index: usize) -> Result<(), JournalError> {
    app.decide(|state| {
        let open = state
            .payment(index)
            .is_some_and(|payment| payment.status == Status::Open);
        (open.then_some(Event::Cancelled { payment: index }), ())
    })
}

/// What the provider is told about a positive outcome that was taken.
pub(crate) type Told = Option<Fault>;

/// When the outcome comes, and whether it races with another activation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) day: Day,
    pub(crate) deliver_on: Option<Day>,
    /// The outcome arrived while the other token was still being made, before it could count.
    pub(crate) raced: bool,
}

/// A positive outcome for a token. On a cancelled token the provider hears KO and yet the
/// payment counts, unless another token of the notice is alive or paid.
pub(crate) fn outcome(app: &App, index: usize, moment: Moment) -> Result<Told, Halt> {
    let told = app.decide(|state| match told(state, index, moment.raced) {
        Ok(told) => {
            let stand_in = state
                .payment(index)
                .is_some_and(|payment| payment.activation.stand_in);
            let reported = if stand_in {
                Reported::StandIn
            } else {
                Reported::Executed
            };
            (Some(collected(state, index, moment, reported)), Ok(told))
        }
        Err(fault) => (None, Err(fault)),
    });
    told?.map_err(Halt::Fault)
}

/// A negative outcome: the payer did not pay. The token is given up, unless it was before.
pub(crate) fn fail(app: &App, index: usize) -> Result<(), Halt> {
    let told = app.decide(|state| {
        let fault = match state.payment(index).map(|payment| payment.status) {
            Some(Status::Open) => return (Some(Event::Failed { payment: index }), Ok(())),
            Some(Status::Cancelled) => {
                Fault::ppt("PPT_TOKEN_SCADUTO_KO", "the token had expired before")
            }
            Some(Status::Failed) => Fault::ppt("PPT_ESITO_GIA_ACQUISITO", "Esito concorde"),
            Some(Status::Paid) => Fault::ppt("PPT_ESITO_GIA_ACQUISITO", "Esito discorde"),
            None => Fault::ppt("PPT_TOKEN_SCONOSCIUTO", "the token is unknown"),
        };
        (None, Err(fault))
    });
    told?.map_err(Halt::Fault)
}

/// The provider keeps money that it had collected, although it heard no OK: its flow will say so, and no
/// receipt is made.
pub(crate) fn keep(app: &App, index: usize, day: Day, reported: Reported) -> Result<(), Halt> {
    let moment = Moment {
        day,
        deliver_on: None,
        raced: false,
    };
    let kept = app.decide(|state| {
        let fault = match state.payment(index).map(|payment| payment.status) {
            Some(Status::Open | Status::Cancelled | Status::Failed) => {
                return (Some(collected(state, index, moment, reported)), Ok(()));
            }
            Some(Status::Paid) => Fault::ppt("PPT_ESITO_GIA_ACQUISITO", "Esito concorde"),
            None => Fault::ppt("PPT_TOKEN_SCONOSCIUTO", "the token is unknown"),
        };
        (None, Err(fault))
    });
    kept?.map_err(Halt::Fault)
}

fn collected(state: &State, index: usize, moment: Moment, reported: Reported) -> Event {
    let token = state
        .payment(index)
        .map(|payment| payment.activation.token.as_str())
        .unwrap_or_default();
    Event::Paid {
        payment: index,
        day: moment.day,
        at: time_of_payment(token, moment.day),
        deliver_on: moment.deliver_on,
        reported,
    }
}

fn told(state: &State, index: usize, raced: bool) -> Result<Told, Fault> {
    let unknown = || Fault::ppt("PPT_TOKEN_SCONOSCIUTO", "the token is unknown");
    let payment = state.payment(index).ok_or_else(unknown)?;
    match payment.status {
        Status::Paid => Err(Fault::ppt("PPT_ESITO_GIA_ACQUISITO", "Esito concorde")),
        Status::Failed => Err(Fault::ppt("PPT_ESITO_GIA_ACQUISITO", "Esito discorde")),
        Status::Open => Ok(None),
        Status::Cancelled => {
            let tokens = state.tokens_of(
                &payment.activation.creditor,
                &payment.activation.notice_number,
            );
            let lives = |other: &usize| {
                state
                    .payment(*other)
                    .is_some_and(|other| matches!(other.status, Status::Open | Status::Paid))
            };
            if !raced && tokens.iter().any(|other| *other != index && lives(other)) {
                return Err(Fault::ppt(
                    "PPT_PAGAMENTO_DUPLICATO",
                    "another token of this notice is alive or paid",
                ));
            }
            Ok(Some(Fault::ppt(
                "PPT_TOKEN_SCADUTO",
                "the token had expired; the receipt is sent all the same",
            )))
        }
    }
}

/// Between seven in the morning and ten at night, by the token.
fn time_of_payment(token: &str, day: Day) -> NaiveDateTime {
    let mut rng = Rng::of(0, &["time", token]);
    let seconds = u32::try_from(rng.between(7 * 3600, 22 * 3600 - 1)).unwrap_or(0);
    let time =
        chrono::NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or_default();
    day.and_time(time)
}

/// Sends the receipt to every recipient that has not answered yet.
pub(crate) async fn deliver(
    app: &App,
    index: usize,
    day: Day,
    patience: Patience,
) -> Result<Vec<Delivery>, Halt> {
    let doors = app.read(|state| {
        let payment = state.payment(index)?;
        (!payment.delivered && owes_receipt(payment)).then(|| recipients(state, payment))
    });
    let mut deliveries = Vec::new();
    for door in doors.into_iter().flatten() {
        let sent = app
            .node
            .insist(patience, || send_receipt(app, &door, index))
            .await;
        let (outcome, fault, final_answer) = match sent {
            Ok(()) => ("OK", None, true),
            Err(CallError::Stopping) => return Err(Halt::Stopping),
            Err(error) => {
                let code = if let CallError::Refused { code, .. } = &error {
                    code.as_str()
                } else {
                    ""
                };
                let refused = !matches!(code, "" | "PAA_SYSTEM_ERROR");
                (
                    if refused { "KO" } else { "PENDING" },
                    Some(Fault::from(&error)),
                    refused,
                )
            }
        };
        if final_answer {
            let code = fault.as_ref().map(|fault| fault.tally_code().to_owned());
            app.decide(|state| (answered(state, index, &door, (day, code)), ()))?;
        }
        deliveries.push(Delivery {
            recipient: door.name(),
            outcome,
            fault,
        });
    }
    Ok(deliveries)
}

/// Sends one copy of a receipt and reads the answer.
pub(crate) async fn send_receipt(app: &App, door: &Door, index: usize) -> Result<(), CallError> {
    let message = app.read(|state| messages::receipt_request(door, state.payment(index)?));
    let message =
        message.ok_or_else(|| CallError::Malformed("the payment has no receipt".to_owned()))?;
    answers::read_receipt_answer(
        &app.node.send(Call::Receipt, door, message).await?,
        door.version,
    )
}

/// Sends the receipt and ignores what comes back, as if the answer had been lost on the way.
pub(crate) async fn deliver_and_lose_the_answer(
    app: &App,
    index: usize,
    patience: Patience,
) -> Result<(), Halt> {
    let door = app.read(|state| {
        let payment = state.payment(index).filter(|payment| !payment.delivered)?;
        recipients(state, payment).into_iter().next()
    });
    let Some(door) = door else { return Ok(()) };
    match app
        .node
        .insist(patience, || send_receipt(app, &door, index))
        .await
    {
        Err(CallError::Stopping) => Err(Halt::Stopping),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn answered(
    state: &State,
    index: usize,
    door: &Door,
    (day, fault): (Day, Option<String>),
) -> Option<Event> {
    let payment = state.payment(index).filter(|payment| !payment.delivered)?;
    let to = door.name();
    if payment.answered.contains(&to) {
        return None;
    }
    let missing = recipients(state, payment)
        .iter()
        .filter(|other| other.name() != to)
        .count();
    Some(Event::Delivered {
        payment: index,
        to,
        last: missing == 0,
        day,
        fault,
    })
}

/// Whether a receipt is due to the creditor, sooner or later.
fn owes_receipt(payment: &Payment) -> bool {
    payment.paid.is_some_and(|paid| paid.reported.has_receipt())
}

/// Payments whose receipt may be sent by `day` and has not been answered.
pub(crate) fn undelivered(state: &State, day: Option<Day>) -> Vec<usize> {
    let may = |paid: Paid| day.is_none_or(|day| paid.deliver_on.is_none_or(|from| from <= day));
    let waiting = |payment: &Payment| {
        !payment.delivered && owes_receipt(payment) && payment.paid.is_some_and(may)
    };
    state
        .payments
        .iter()
        .enumerate()
        .filter(|(_, payment)| waiting(payment))
        .map(|(index, _)| index)
        .collect()
}
