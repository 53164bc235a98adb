//! What each step does, and how it is told.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::engine::{Desk, TOWN};
use super::expect;
use super::platform;
use super::script::{
    Activate, Advance, Amend, Cash, Charge, Collected, Demand, Keep, Outcome, Pay, Power, Pull,
    Receipt, Retry, Sending, Settle, Step, Verify,
};
use super::stage::{Stage, psp, text};
use super::{Stop, unmet};
use crate::app::Halt;
use crate::day;
use crate::demands::{self, Citizen, Question};
use crate::flows::Troubles;
use crate::money::{euro, parse_euro};
use crate::node::{Fault, Patience};
use crate::payments::{self, Moment, Order};
use crate::psps;
use crate::state::{Day, Reported};
use crate::treasury;

type Told = Result<String, Stop>;

/// Does a step; answers what happened, in a line.
pub(super) async fn play(stage: &mut Stage, step: &Step) -> Told {
    match step {
        Step::Charge(charge) => register(stage, charge).await,
        Step::Amend(amend) => amended(stage, amend).await,
        Step::Archive(named) => archive(stage, &named.notice).await,
        Step::Engine(power) => engine(stage, *power).await,
        Step::Pull(pull) => pulled(stage, pull).await,
        Step::Feed(feed) => platform::feed(stage, feed).await,
        Step::Recover(recover) => platform::recover(stage, recover).await,
        Step::Cash(cash) => imported(stage, cash).await,
        Step::Station(change) => {
            stage.change_station(change)?;
            Ok(format!("the node knows the station otherwise: {change:?}"))
        }
        Step::Pay(pay) => paid(stage, pay).await,
        Step::Demand(demand) => demanded(stage, demand).await,
        Step::Verify(verify) => verified(stage, verify).await,
        Step::Activate(activate) => activated(stage, activate).await,
        Step::Outcome(outcome) => ended(stage, outcome),
        Step::Expire(token) => {
            payments::cancel(&stage.app, stage.token(&token.token)?)?;
            Ok(format!("token `{}` expires and is given up", token.token))
        }
        Step::Keep(keep) => kept(stage, keep),
        Step::Receipt(receipt) => delivered(stage, receipt).await,
        Step::Retry(retry) => retried(stage, retry).await,
        Step::Disturb(disturbance) => {
            stage.app.node.disturbances.add(*disturbance);
            let (leg, trouble) = (disturbance.leg, disturbance.trouble);
            Ok(format!(
                "trouble waits on {leg:?}: {trouble:?} × {}",
                disturbance.times
            ))
        }
        Step::Settle(settle) => settled(stage, settle).await,
        Step::Advance(advance) => advanced(stage, advance).await,
        Step::ExpectNotice(expected) => expect::notice(stage, expected).await,
        Step::ExpectPayments(expected) => expect::payments(stage, expected).await,
        Step::ExpectLines(expected) => expect::lines(stage, expected).await,
        Step::ExpectFlows(expected) => expect::flows(stage, expected).await,
    }
}

async fn register(stage: &mut Stage, charge: &Charge) -> Told {
    let details = match (&charge.details, charge.lamps) {
        (Some(details), _) => serde_json::to_value(details)?,
        (None, lamps) => {
            let lamps = lamps.unwrap_or(1).to_string();
            json!({"generic": {"inputs": [{"input": "lamps", "value": lamps}]}})
        }
    };
    let body = json!({
        "service_code": charge.service.as_deref().unwrap_or("LAMPADE"),
        "reference": charge.name,
        "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
        "details": details,
    });
    let position = stage
        .engine
        .post(Desk::Portal, "debt-positions", &body)
        .await?;
    let options = position.get("payment_options").and_then(Value::as_array);
    let notices = options.into_iter().flatten().map(|option| {
        let notices = option.get("notices").and_then(Value::as_array);
        let amounts = notices.into_iter().flatten().map(amount_of);
        amounts.map(euro).collect::<Vec<_>>().join(" + ")
    });
    let notices: Vec<String> = notices.collect();
    stage.charges.insert(charge.name.clone(), position.clone());
    Ok(format!(
        "the town charges `{}`: {}",
        charge.name,
        notices.join(", or ")
    ))
}

fn amount_of(value: &Value) -> u64 {
    value
        .get("amount_cents")
        .and_then(Value::as_u64)
        .unwrap_or(0)
}

async fn amended(stage: &Stage, amend: &Amend) -> Told {
    let position = stage.position(&amend.charge).await?;
    let revision = position.get("revision").and_then(Value::as_u64);
    let path = stage.path_of(&amend.charge)?;
    let body = json!({"state": amend.state});
    stage
        .engine
        .patch(&path, revision.unwrap_or(1), &body)
        .await?;
    Ok(format!("the town makes `{}` {}", amend.charge, amend.state))
}

/// Feeds the node's archive, as an engine that offers its positions there does.
async fn archive(stage: &Stage, name: &str) -> Told {
    let notice = stage.notice(name).await?;
    let transfers = notice.get("transfers").and_then(Value::as_array);
    let account = transfers.and_then(|transfers| Some(text(transfers.first()?, "iban").to_owned()));
    let archived = crate::stand_in::Archived {
        iuv: text(&notice, "iuv").to_owned(),
        cents: amount_of(&notice),
        description: text(&notice, "description").to_owned(),
        debtor_type: "F".to_owned(),
        debtor_code: "RSSMRA85T10A562S".to_owned(),
        debtor_name: "Mario Rossi".to_owned(),
        iban: account
            .filter(|iban| !iban.is_empty())
            .context("the notice names no account")?,
    };
    let told = format!("the archive knows `{name}`: {}", euro(archived.cents));
    stage.app.record(crate::state::Event::Archived {
        creditor: TOWN.to_owned(),
        notice_number: text(&notice, "notice_number").to_owned(),
        archived: Some(archived),
    })?;
    Ok(told)
}

async fn engine(stage: &mut Stage, power: Power) -> Told {
    match power {
        Power::Stop => stage.engine.stop().await?,
        Power::Kill => stage.engine.kill().await?,
        Power::Start => stage.start().await?,
    }
    Ok(match power {
        Power::Stop => "the engine is stopped".to_owned(),
        Power::Kill => "the engine is killed".to_owned(),
        Power::Start => "the engine starts".to_owned(),
    })
}

async fn pulled(stage: &mut Stage, pull: &Pull) -> Told {
    let job = stage
        .engine
        .post(Desk::Accounting, "settlement-flow-pulls", &Value::Null)
        .await?;
    let path = format!("jobs/{}", text(&job, "job_id"));
    // A job that failed for now is queued again, with an attempt behind it.
    for _ in 0..1500 {
        let job = stage.engine.get(Desk::Accounting, &path).await?;
        let attempts = job.get("attempts").and_then(Value::as_u64).unwrap_or(0);
        let state = text(&job, "state");
        let over = matches!(state, "done" | "failed") || (state == "queued" && attempts > 0);
        if over && state == pull.ends {
            return Ok(format!("the engine asks for flows: {state}"));
        }
        if over {
            return unmet(format!(
                "the engine asks for flows: {state}, not {}: {job}",
                pull.ends
            ));
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    unmet("the engine asks for flows and does not come to an end")
}

async fn imported(stage: &mut Stage, cash: &Cash) -> Told {
    let (from, to) = (Day::MIN, stage.app.open_day());
    let file = stage
        .app
        .read(|state| treasury::journal(state, TOWN, (from, to), cash.format))?;
    let answer = stage
        .engine
        .upload("treasury-imports", cash.format.media_type(), file)
        .await?;
    let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (new, refused) = (count("new_lines"), count("refused_lines"));
    if refused > 0 || cash.new.is_some_and(|expected| expected != new) {
        return unmet(format!(
            "{new} movements are new, {refused} refused: {answer}"
        ));
    }
    Ok(format!(
        "the treasurer's journal is imported: {new} new movements"
    ))
}

async fn verified(stage: &Stage, verify: &Verify) -> Told {
    let notice = stage.payable(&verify.notice)?;
    let shown = payments::verify(&stage.app, &notice, Patience::Once).await;
    let shown = heard(shown, &verify.told)?;
    let Some(shown) = shown else {
        return Ok(format!(
            "a payer asks for `{}`: {}",
            verify.notice, verify.told
        ));
    };
    same_amount(shown.cents, verify.amount.as_deref())?;
    Ok(format!(
        "a payer asks for `{}`: {}",
        verify.notice,
        euro(shown.cents)
    ))
}

async fn activated(stage: &mut Stage, activate: &Activate) -> Told {
    let notice = stage.payable(&activate.notice)?;
    let order = Order {
        psp: psp(activate.psp.as_deref())?,
        day: stage.app.open_day(),
        planned: None,
        complete_on: None,
        shown: None,
    };
    let index = payments::activate(&stage.app, &notice, order, Patience::Once).await;
    let who = psps::get(order.psp).name;
    let Some(index) = heard(index, &activate.told)? else {
        return Ok(format!(
            "{who} activates `{}`: {}",
            activate.notice, activate.told
        ));
    };
    let cents = stage.app.read(|state| {
        state
            .payment(index)
            .map_or(0, |payment| payment.activation.cents)
    });
    same_amount(cents, activate.amount.as_deref())?;
    let token = activate.token.as_ref().unwrap_or(&activate.notice);
    stage.tokens.insert(token.clone(), index);
    Ok(format!(
        "{who} activates `{}`: token `{token}` for {}",
        activate.notice,
        euro(cents)
    ))
}

/// A notice that the town makes for a question; its position is found as an office finds it.
async fn demanded(stage: &mut Stage, asked: &Demand) -> Told {
    let question = Question {
        amount_cents: asked.amount.as_deref().and_then(parse_euro),
        answers: asked.answers.clone(),
        debtor: Citizen::default(),
    };
    let document = demands::document(TOWN, &question).map_err(anyhow::Error::msg)?;
    let made = demands::demand(&stage.app, &asked.service, &document).await;
    let Some(made) = heard(made, &asked.told)? else {
        return Ok(format!(
            "a citizen asks for service {}: {}",
            asked.service, asked.told
        ));
    };
    let path = format!("creditors/{TOWN}/notices/{}", made.notice.number);
    let notice = stage.engine.get(Desk::Portal, &path).await?;
    let path = format!("debt-positions/{}", text(&notice, "debt_position_id"));
    let position = stage.engine.get(Desk::Portal, &path).await?;
    stage.charges.insert(asked.notice.clone(), position);
    Ok(format!(
        "a citizen asks for service {}: the town makes `{}` for {}",
        asked.service,
        asked.notice,
        euro(made.shown.cents)
    ))
}

async fn paid(stage: &mut Stage, pay: &Pay) -> Told {
    let notice = stage.payable(&pay.notice)?;
    let number = psp(pay.psp.as_deref())?;
    let who = psps::get(number).name;
    let day = stage.app.open_day();
    let done = async {
        let shown = payments::verify(&stage.app, &notice, Patience::Once).await?;
        let order = Order {
            psp: number,
            day,
            planned: None,
            complete_on: None,
            shown: Some(shown.cents),
        };
        let index = payments::activate(&stage.app, &notice, order, Patience::Once).await?;
        payments::outcome(&stage.app, index, moment(day, pay.receipt))?;
        Ok((index, shown.cents))
    };
    let Some((index, cents)) = heard(done.await, &pay.told)? else {
        return Ok(format!(
            "`{}` cannot be paid at {who}: {}",
            pay.notice, pay.told
        ));
    };
    same_amount(cents, pay.amount.as_deref())?;
    let token = pay.token.as_ref().unwrap_or(&pay.notice);
    stage.tokens.insert(token.clone(), index);
    let sent = match pay.receipt {
        Sending::Held => "the receipt waits".to_owned(),
        Sending::Now => format!("receipt {}", send(stage, index).await?),
    };
    Ok(format!(
        "`{}` is paid at {who}: {}; {sent}",
        pay.notice,
        euro(cents)
    ))
}

fn moment(day: Day, receipt: Sending) -> Moment {
    Moment {
        day,
        deliver_on: (receipt == Sending::Held).then_some(Day::MAX),
        raced: false,
    }
}

fn ended(stage: &Stage, outcome: &Outcome) -> Told {
    let index = stage.token(&outcome.token)?;
    let told = match outcome.result {
        Collected::Failed => payments::fail(&stage.app, index).map(|()| None),
        Collected::Paid | Collected::PaidInRace => {
            let moment = Moment {
                raced: outcome.result == Collected::PaidInRace,
                ..moment(stage.app.open_day(), Sending::Held)
            };
            payments::outcome(&stage.app, index, moment)
        }
    };
    // An outcome may count although the provider hears a fault.
    let told = told.and_then(|told| told.map_or(Ok(()), |fault| Err(Halt::Fault(fault))));
    heard(told, &outcome.told)?;
    let word = match outcome.result {
        Collected::Paid | Collected::PaidInRace => "was paid",
        Collected::Failed => "was not paid",
    };
    Ok(format!(
        "the provider says that `{}` {word}: {}",
        outcome.token, outcome.told
    ))
}

fn kept(stage: &Stage, keep: &Keep) -> Told {
    let index = stage.token(&keep.token)?;
    let reported = if keep.code == 8 {
        Reported::StandInNoReceipt
    } else {
        Reported::NoReceipt
    };
    heard(
        payments::keep(&stage.app, index, stage.app.open_day(), reported),
        "OK",
    )?;
    Ok(format!(
        "the provider keeps the money of `{}` and reports it with {}",
        keep.token, keep.code
    ))
}

/// Sends a receipt that is due; `OK`, or what went wrong.
async fn send(stage: &Stage, index: usize) -> Result<String, Stop> {
    let day = stage.app.open_day();
    let deliveries = payments::deliver(&stage.app, index, day, Patience::Once).await?;
    let said = |fault: &Option<Fault>| {
        let code = fault.as_ref().map(Fault::tally_code);
        code.unwrap_or("OK").to_owned()
    };
    let said: Vec<String> = deliveries.iter().map(|one| said(&one.fault)).collect();
    Ok(if said.is_empty() {
        "NOT DUE".to_owned()
    } else {
        said.join(", ")
    })
}

async fn delivered(stage: &Stage, receipt: &Receipt) -> Told {
    let said = send(stage, stage.token(&receipt.token)?).await?;
    if said != receipt.told {
        return unmet(format!(
            "the receipt of `{}`: {said}, not {}",
            receipt.token, receipt.told
        ));
    }
    Ok(format!(
        "the receipt of `{}` is sent: {said}",
        receipt.token
    ))
}

async fn retried(stage: &Stage, retry: &Retry) -> Told {
    for index in stage.app.read(|state| payments::undelivered(state, None)) {
        send(stage, index).await?;
    }
    let left = stage
        .app
        .read(|state| payments::undelivered(state, None).len());
    if left != retry.left {
        return unmet(format!("{left} receipts are still due, not {}", retry.left));
    }
    Ok(format!(
        "an hour later every receipt is sent again; {left} are still due"
    ))
}

async fn settled(stage: &Stage, settle: &Settle) -> Told {
    let day = stage.app.open_day();
    close(stage, day, settle.troubles()).await?;
    let trouble = match (settle.flow, settle.credit) {
        (None, None) => "as it should be".to_owned(),
        (flow, credit) => format!("flow {flow:?}, credit {credit:?}"),
    };
    Ok(format!("{day} is closed: {trouble}"))
}

async fn advanced(stage: &Stage, advance: &Advance) -> Told {
    while stage.app.open_day() <= advance.to {
        close(stage, stage.app.open_day(), Troubles::default()).await?;
    }
    Ok(format!("days pass; {} is over", advance.to))
}

/// Closes a day; the engine's clock follows.
async fn close(stage: &Stage, day: Day, troubles: Troubles) -> Result<(), Stop> {
    day::run(stage.app.clone(), day, None, troubles).await?;
    Ok(stage.engine.set_clock(&stage.morning()).await?)
}

/// Compares what a provider hears with what is expected; `None` for a fault that was.
fn heard<T>(result: Result<T, Halt>, expected: &str) -> Result<Option<T>, Stop> {
    match result {
        Ok(value) if expected == "OK" => Ok(Some(value)),
        Ok(_) => unmet(format!("the provider hears OK, not {expected}")),
        Err(Halt::Fault(fault)) => {
            if fault.code == expected || fault.tally_code() == expected {
                return Ok(None);
            }
            unmet(format!(
                "the provider hears {} ({}), not {expected}",
                fault.tally_code(),
                fault
                    .original_description
                    .as_ref()
                    .unwrap_or(&fault.description)
            ))
        }
        Err(halt) => Err(halt.into()),
    }
}

fn same_amount(cents: u64, expected: Option<&str>) -> Result<(), Stop> {
    match expected.and_then(parse_euro) {
        Some(expected) if expected != cents => unmet(format!(
            "the amount is {}, not {}",
            euro(cents),
            euro(expected)
        )),
        Some(_) | None => Ok(()),
    }
}
