//! One payment made now, by a person or a test, with every step in the answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::Verified;
use crate::app::{App, Halt};
use crate::node::{Fault, Patience};
use crate::payments::{self, Delivery, Moment, Notice, Order};
use crate::psps;
use crate::rules;
use crate::state::{Day, Reported, Status};

/// What the payer and the network do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scenario {
    /// Verify, activate, pay, receipt.
    #[default]
    Pay,
    /// A second provider collects the same notice: two tokens paid, two receipts.
    PayTwice,
    /// The receipt waits for `POST /control/receipts/deliver`.
    LateReceipt,
    /// The answer to the receipt is lost, the receipt is sent again.
    LostAnswer,
    /// The token expires and is cancelled, then the outcome comes.
    LateOutcome,
    /// The activation stays open until it is completed.
    ActivateOnly,
    VerifyOnly,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) notice: Notice,
    pub(crate) scenario: Scenario,
    pub(crate) psp: usize,
    pub(crate) day: Day,
}

/// One step and its result.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Step {
    step: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    psp: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_cents: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

/// How the payment went. `payment` is the token, and the receipt's id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Story {
    creditor: String,
    notice_number: String,
    scenario: Scenario,
    #[schema(value_type = String, format = Date)]
    on: Day,
    /// `paid`, `open`, `verified`, `failed`, `cancelled`, `kept` or `refused`.
    result: &'static str,
    payments: Vec<String>,
    steps: Vec<Step>,
}

/// The story while it is being told.
struct Telling<'a> {
    app: &'a App,
    wish: &'a Wish,
    tokens: Vec<usize>,
    steps: Vec<Step>,
}

/// Plays a scenario. A refusal is a result, not an error.
pub(crate) async fn play(app: &App, wish: &Wish) -> Result<Story, Halt> {
    let mut telling = Telling {
        app,
        wish,
        tokens: Vec::new(),
        steps: Vec::new(),
    };
    let result = match app.claim(&wish.notice.creditor, &wish.notice.number) {
        Some(_claim) => telling.tell().await,
        None => {
            telling.refused("verify", &rules::in_progress());
            Err(Halt::Fault(rules::in_progress()))
        }
    };
    let result = match result {
        Ok(result) => result,
        Err(Halt::Fault(_)) => "refused",
        Err(halt) => return Err(halt),
    };
    Ok(telling.end(result))
}

/// What happens next to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NextStep {
    Complete,
    Fail,
    Expire,
    Keep,
}

/// Goes on with a token; `None` when there is none.
pub(crate) async fn go_on(
    app: &App,
    index: usize,
    day: Day,
    step: NextStep,
) -> Result<Option<Story>, Halt> {
    let wish = app.read(|state| {
        let activation = &state.payment(index)?.activation;
        let notice = Notice {
            creditor: activation.creditor.clone(),
            number: activation.notice_number.clone(),
        };
        Some(Wish {
            notice,
            scenario: Scenario::ActivateOnly,
            psp: activation.psp,
            day,
        })
    });
    let Some(wish) = wish else { return Ok(None) };
    let mut telling = Telling {
        app,
        wish: &wish,
        tokens: vec![index],
        steps: Vec::new(),
    };
    let result = match telling.next(index, step).await {
        Ok(result) => result,
        Err(Halt::Fault(_)) => "refused",
        Err(halt) => return Err(halt),
    };
    Ok(Some(telling.end(result)))
}

impl Telling<'_> {
    async fn tell(&mut self) -> Result<&'static str, Halt> {
        let shown = self.verify().await?;
        if self.wish.scenario == Scenario::VerifyOnly {
            return Ok("verified");
        }
        let first = self.activate(self.wish.psp, Some(shown.cents)).await?;
        match self.wish.scenario {
            Scenario::ActivateOnly => return Ok("open"),
            Scenario::PayTwice => {
                self.expire(first)?;
                let second = self
                    .activate(psps::other_than(self.wish.psp), Some(shown.cents))
                    .await;
                self.pay(first, None, true)?;
                if let Ok(second) = second {
                    self.pay(second, None, false)?;
                }
            }
            Scenario::LateOutcome => {
                self.expire(first)?;
                self.pay(first, None, false)?;
            }
            Scenario::LateReceipt => {
                self.pay(first, Day::from_ymd_opt(9999, 12, 31), false)?;
                return Ok("paid");
            }
            Scenario::LostAnswer => {
                self.pay(first, None, false)?;
                payments::deliver_and_lose_the_answer(self.app, first, Patience::Once).await?;
                self.steps.push(Step {
                    step: "receipt",
                    outcome: "LOST",
                    payment: self.token(first),
                    ..Step::default()
                });
            }
            Scenario::Pay | Scenario::VerifyOnly => self.pay(first, None, false)?,
        }
        for token in self.tokens.clone() {
            self.deliver(token).await?;
        }
        Ok("paid")
    }

    async fn verify(&mut self) -> Result<Verified, Halt> {
        match payments::verify(self.app, &self.wish.notice, Patience::Once).await {
            Ok(shown) => {
                self.steps.push(Step {
                    step: "verify",
                    outcome: "OK",
                    psp: Some(psps::get(self.wish.psp).id),
                    amount_cents: Some(shown.cents),
                    description: Some(shown.description.clone()),
                    ..Step::default()
                });
                Ok(shown)
            }
            Err(halt) => Err(self.halted("verify", halt)),
        }
    }

    async fn activate(&mut self, psp: usize, shown: Option<u64>) -> Result<usize, Halt> {
        let order = Order {
            psp,
            day: self.wish.day,
            planned: None,
            complete_on: None,
            shown,
        };
        match payments::activate(self.app, &self.wish.notice, order, Patience::Once).await {
            Ok(index) => {
                let known = self.app.read(|state| {
                    let activation = &state.payment(index)?.activation;
                    let description = activation
                        .details
                        .as_ref()
                        .and_then(|details| details.payment.first().cloned());
                    Some((activation.cents, description))
                });
                let (amount_cents, description) =
                    known.map_or((None, None), |(cents, text)| (Some(cents), text));
                let (psp, payment) = (Some(psps::get(psp).id), self.token(index));
                self.steps.push(Step {
                    step: "activate",
                    outcome: "OK",
                    psp,
                    payment,
                    amount_cents,
                    description,
                    ..Step::default()
                });
                self.tokens.push(index);
                Ok(index)
            }
            Err(halt) => Err(self.halted("activate", halt)),
        }
    }

    async fn next(&mut self, index: usize, step: NextStep) -> Result<&'static str, Halt> {
        match step {
            NextStep::Complete => {
                self.pay(index, None, false)?;
                self.deliver(index).await?;
                return Ok("paid");
            }
            NextStep::Expire => {
                self.expire(index)?;
                return Ok("cancelled");
            }
            NextStep::Fail | NextStep::Keep => {}
        }
        let (name, result, done) = if step == NextStep::Fail {
            ("outcome", "failed", payments::fail(self.app, index))
        } else {
            let reported = Reported::NoReceipt;
            let done = payments::keep(self.app, index, self.wish.day, reported);
            ("keep", "kept", done)
        };
        done.map_err(|halt| self.halted(name, halt))?;
        self.steps.push(Step {
            step: name,
            outcome: "OK",
            payment: self.token(index),
            ..Step::default()
        });
        Ok(result)
    }

    fn expire(&mut self, index: usize) -> Result<(), Halt> {
        payments::cancel(self.app, index)?;
        self.steps.push(Step {
            step: "expire",
            outcome: "OK",
            payment: self.token(index),
            ..Step::default()
        });
        Ok(())
    }

    fn pay(&mut self, index: usize, deliver_on: Option<Day>, raced: bool) -> Result<(), Halt> {
        match payments::outcome(
            self.app,
            index,
            Moment {
                day: self.wish.day,
                deliver_on,
                raced,
            },
        ) {
            Ok(fault) => {
                let outcome = if fault.is_some() { "KO" } else { "OK" };
                self.steps.push(Step {
                    step: "outcome",
                    outcome,
                    payment: self.token(index),
                    fault,
                    ..Step::default()
                });
                Ok(())
            }
            Err(halt) => Err(self.halted("outcome", halt)),
        }
    }

    async fn deliver(&mut self, index: usize) -> Result<(), Halt> {
        let deliveries = payments::deliver(self.app, index, self.wish.day, Patience::Once).await?;
        for Delivery {
            recipient,
            outcome,
            fault,
        } in deliveries
        {
            let payment = self.token(index);
            self.steps.push(Step {
                step: "receipt",
                outcome,
                payment,
                recipient: Some(recipient),
                fault,
                ..Step::default()
            });
        }
        Ok(())
    }

    fn token(&self, index: usize) -> Option<String> {
        self.app.read(|state| {
            state
                .payment(index)
                .map(|payment| payment.activation.token.clone())
        })
    }

    fn halted(&mut self, step: &'static str, halt: Halt) -> Halt {
        if let Halt::Fault(fault) = &halt {
            self.refused(step, fault);
        }
        halt
    }

    fn refused(&mut self, step: &'static str, fault: &Fault) {
        self.steps.push(Step {
            step,
            outcome: "KO",
            fault: Some(fault.clone()),
            ..Step::default()
        });
    }

    fn end(self, result: &'static str) -> Story {
        let paid = |index: &usize| {
            self.app.read(|state| {
                let payment = state.payment(*index)?;
                (payment.status != Status::Cancelled).then(|| payment.activation.token.clone())
            })
        };
        Story {
            payments: self.tokens.iter().filter_map(paid).collect(),
            creditor: self.wish.notice.creditor.clone(),
            notice_number: self.wish.notice.number.clone(),
            scenario: self.wish.scenario,
            on: self.wish.day,
            result,
            steps: self.steps,
        }
    }
}
