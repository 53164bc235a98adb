//! A simulated day: what was planned is paid, what was held back is delivered, the operating
//! day is closed. It can be killed at any point and asked for again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::app::{App, Halt};
use crate::flows::{self, FlowMischief, Troubles, local_day, plus_days};
use crate::node::{Fault, Patience};
use crate::payments::{self, Moment, Notice, Order};
use crate::plan::Kind;
use crate::psps;
use crate::rng::Rng;
use crate::rules;
use crate::state::{Closed, Day, Event, State, Status};

/// Payments on their way at the same time: a country of payers does not queue, and a creditor that makes
/// several receipts durable at once must be given several.
pub(crate) const IN_FLIGHT: usize = 32;

/// One thing to be done on a day.
#[derive(Debug, Clone, Copy)]
enum Job {
    Pay(usize),
    Deliver(usize),
}

/// Why a day is not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DayError {
    #[error("{asked} cannot be run any more: the last day run is {last}, days only go forward")]
    Past { asked: Day, last: Day },
    #[error(transparent)]
    Halt(#[from] Halt),
    #[error("a part of the day came to an unexpected end: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Runs `day`, or answers the figures of a day already run. Planned payments of days that were
/// skipped are caught up, dated on this day.
pub(crate) async fn run(
    app: Arc<App>,
    day: Day,
    mischief: Option<FlowMischief>,
    troubles: Troubles,
) -> Result<Value, DayError> {
    let _one_at_a_time = app.day.lock().await;
    if let Some(figures) = app.read(|state| state.days.get(&day).cloned()) {
        return Ok(figures);
    }
    if let Some(last) = app.read(State::last_closed).filter(|last| *last > day) {
        return Err(DayError::Past { asked: day, last });
    }
    app.set_running(Some(day));
    let result = work(&app, day, mischief, troubles).await;
    app.set_running(None);
    result
}

async fn work(
    app: &Arc<App>,
    day: Day,
    mischief: Option<FlowMischief>,
    troubles: Troubles,
) -> Result<Value, DayError> {
    for index in app.read(|state| forgotten(state, day)) {
        payments::cancel(app, index).map_err(Halt::from)?;
    }
    for wave in app.read(|state| waves(state, day)) {
        run_wave(app, day, wave).await?;
    }
    let closed = app.decide(|state| {
        let mischief = mischief.unwrap_or(state.mischief);
        let flows = flows::settle(state, (app.seed, day), mischief, troubles);
        let figures = figures(state, day, &flows);
        (
            Some(Event::Closed(Box::new(Closed {
                day,
                figures: figures.clone(),
                flows,
            }))),
            figures,
        )
    });
    Ok(closed.map_err(Halt::from)?)
}

/// Activations left open by hand on earlier days: their tokens are long past their life.
fn forgotten(state: &State, day: Day) -> Vec<usize> {
    let open = state.payments.iter().enumerate().filter(|(_, payment)| {
        payment.status == Status::Open
            && payment.activation.planned.is_none()
            && payment.activation.day < day
    });
    open.map(|(index, _)| index).collect()
}

/// Receipts that are due and activations held open, then the planned payments, in the order of
/// their planned days, so that instalments of one debt never overtake each other.
fn waves(state: &State, day: Day) -> Vec<VecDeque<Job>> {
    let first: VecDeque<Job> = payments::undelivered(state, Some(day))
        .into_iter()
        .map(Job::Deliver)
        .collect();
    let mut by_day: BTreeMap<Day, VecDeque<Job>> = BTreeMap::new();
    for (index, planned) in state.planned.iter().enumerate() {
        if planned.what.day <= day && state.unfinished(planned) {
            by_day
                .entry(planned.what.day)
                .or_default()
                .push_back(Job::Pay(index));
        }
    }
    std::iter::once(first)
        .chain(by_day.into_values())
        .filter(|wave| !wave.is_empty())
        .collect()
}

async fn run_wave(app: &Arc<App>, day: Day, wave: VecDeque<Job>) -> Result<(), DayError> {
    let jobs = Arc::new(Mutex::new(wave));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (app, jobs) = (Arc::clone(app), Arc::clone(&jobs));
        workers.spawn(async move {
            loop {
                let job = jobs
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                let Some(job) = job else { return Ok(()) };
                if app.stopping() {
                    return Err(Halt::Stopping);
                }
                match job {
                    Job::Pay(planned) => pursue(&app, planned, day).await?,
                    Job::Deliver(payment) => {
                        payments::deliver(&app, payment, day, Patience::Endless).await?;
                    }
                }
            }
        });
    }
    let mut outcome = Ok(());
    while let Some(done) = workers.join_next().await {
        outcome = done.map_err(DayError::from).and_then(|done| Ok(done?));
        if outcome.is_err() {
            break;
        }
    }
    // Nobody works on once the day has been answered: the next gateway wants the journal for itself.
    workers.shutdown().await;
    outcome
}

/// What is known of a planned payment before it goes on.
struct Plan {
    index: usize,
    notice: Notice,
    kind: Kind,
    psp: usize,
    tokens: Vec<usize>,
}

/// Takes a planned payment as far as it gets on `day`, from wherever it stands.
async fn pursue(app: &App, index: usize, day: Day) -> Result<(), Halt> {
    let plan = app.read(|state| {
        let planned = state.planned.get(index)?;
        let notice = Notice {
            creditor: planned.creditor.clone(),
            number: planned.what.notice_number.clone(),
        };
        let (kind, psp, tokens) = (planned.what.kind, planned.what.psp, planned.tokens.clone());
        Some(Plan {
            index,
            notice,
            kind,
            psp,
            tokens,
        })
    });
    let Some(plan) = plan else { return Ok(()) };
    let Some(_claim) = app.claim(&plan.notice.creditor, &plan.notice.number) else {
        return refuse(app, index, day, &rules::in_progress());
    };
    let tokens = match tokens(app, &plan, day).await {
        Ok(tokens) => tokens,
        Err(Halt::Fault(fault)) => return refuse(app, index, day, &fault),
        Err(halt) => return Err(halt),
    };
    let held_open = |index: &usize| {
        app.read(|state| {
            state
                .payment(*index)
                .is_some_and(|payment| payment.activation.complete_on > Some(day))
        })
    };
    if tokens.iter().any(held_open) {
        return Ok(());
    }
    if matches!(plan.kind, Kind::LateOutcome | Kind::PaidAfterWithdrawal) {
        for token in &tokens {
            payments::cancel(app, *token)?;
        }
    }
    for token in &tokens {
        let deliver_on = (plan.kind == Kind::LostReceipt)
            .then(|| plus_days(day, lost_for(app.seed, &plan.notice)));
        match payments::outcome(
            app,
            *token,
            Moment {
                day,
                deliver_on,
                raced: plan.kind == Kind::DoublePayment,
            },
        ) {
            Ok(_) | Err(Halt::Fault(_)) => {}
            Err(halt) => return Err(halt),
        }
    }
    if plan.kind == Kind::LostReceipt {
        return Ok(());
    }
    for token in tokens {
        if plan.kind == Kind::LostAnswer {
            payments::deliver_and_lose_the_answer(app, token, Patience::Endless).await?;
        }
        payments::deliver(app, token, day, Patience::Endless).await?;
    }
    Ok(())
}

/// The tokens of a planned payment: those it has, and those it still needs.
async fn tokens(app: &App, plan: &Plan, day: Day) -> Result<Vec<usize>, Halt> {
    let mut tokens = plan.tokens.clone();
    let complete_on = (plan.kind == Kind::PaidAfterWithdrawal).then(|| plus_days(day, 1));
    let order = Order {
        psp: plan.psp,
        day,
        planned: Some(plan.index),
        complete_on,
        shown: None,
    };
    if tokens.is_empty() {
        let shown = payments::verify(app, &plan.notice, Patience::Endless)
            .await?
            .cents;
        let order = Order {
            shown: Some(shown),
            ..order
        };
        tokens.push(payments::activate(app, &plan.notice, order, Patience::Endless).await?);
    }
    if plan.kind == Kind::DoublePayment && tokens.len() == 1 {
        for token in &tokens {
            payments::cancel(app, *token)?;
        }
        let order = Order {
            psp: psps::other_than(plan.psp),
            ..order
        };
        match payments::activate(app, &plan.notice, order, Patience::Endless).await {
            Ok(second) => tokens.push(second),
            // The second payer is sent away; the first one's money is still collected.
            Err(Halt::Fault(fault)) => refuse(app, plan.index, day, &fault)?,
            Err(halt) => return Err(halt),
        }
    }
    Ok(tokens)
}

fn refuse(app: &App, planned: usize, day: Day, fault: &Fault) -> Result<(), Halt> {
    tracing::warn!(
        code = fault.code,
        original = fault.original_code,
        description = fault.description,
        "a planned payment was refused"
    );
    Ok(app.record(Event::Refused {
        planned,
        day,
        code: fault.tally_code().to_owned(),
    })?)
}

fn lost_for(seed: u64, notice: &Notice) -> u64 {
    Rng::of(seed, &["lost", &notice.creditor, &notice.number]).between(4, 6)
}

fn figures(state: &State, day: Day, flows: &[flows::Flow]) -> Value {
    let tally = state.tallies.get(&day).cloned().unwrap_or_default();
    let mut mischief: BTreeMap<&str, u64> = BTreeMap::new();
    let mut held_open = Vec::new();
    for planned in &state.planned {
        let payments = || {
            planned
                .tokens
                .iter()
                .filter_map(|index| state.payment(*index))
        };
        let open = payments().any(|payment| payment.status == Status::Open);
        if planned.what.kind == Kind::PaidAfterWithdrawal && open {
            held_open.push(
                json!({"creditor": planned.creditor, "notice_number": planned.what.notice_number}),
            );
        }
        let paid_today = payments().any(|payment| payment.paid.is_some_and(|paid| paid.day == day));
        if planned.what.kind != Kind::Plain && paid_today {
            let count = mischief.entry(planned.what.kind.name()).or_default();
            *count = count.saturating_add(1);
        }
    }
    let published = state
        .flows
        .iter()
        .flat_map(|flow| &flow.revisions)
        .filter(|revision| local_day(revision.published) == day);
    json!({
        "date": day,
        "payments": tally.payments,
        "paid_cents": tally.paid_cents,
        "receipts_delivered": tally.receipts_delivered,
        "receipts_held_back": tally.receipts_held_back,
        "receipts_waiting": payments::undelivered(state, None).len(),
        "refused": tally.refused,
        "receipts_refused": tally.receipts_refused,
        "mischief": mischief,
        "flows_closed": flows.len(),
        "flows_published": published.count(),
        "credits": flows.iter().map(|flow| flow.credits.len()).sum::<usize>(),
        "held_open": held_open,
    })
}
