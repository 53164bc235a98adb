//! What the gateway knows, as the sum of the events of its journal. Nothing else changes it.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flows::{Flow, FlowMischief};
use crate::plan::{Kind, PlannedPayment};
use crate::stamps::Stamp;
use crate::stand_in::Archived;

/// A day of the simulated calendar.
pub(crate) type Day = NaiveDate;

/// A creditor and the doors of its stations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Creditor {
    pub(crate) legal_name: String,
    pub(crate) broker_tax_code: String,
    #[serde(default)]
    pub(crate) stations: Vec<Station>,
    /// Accounts known to the platform; empty: any account is taken.
    #[serde(default)]
    pub(crate) ibans: Vec<String>,
    /// Services that providers sell without a notice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) services: Vec<Offered>,
}

/// A service that a creditor makes notices for when it is asked; its first station is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offered {
    /// How providers call it (`idSoggettoServizio`): five characters, one creditor's only.
    pub(crate) subject: String,
    /// How the creditor calls it (`idServizio`): five characters.
    pub(crate) service: String,
}

/// One station of a creditor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Station {
    pub(crate) station_id: String,
    /// Digits 2 and 3 of the notice numbers it answers for.
    pub(crate) segregation_code: String,
    pub(crate) url: String,
    /// Version of the activation and receipt messages: 1 or 2.
    pub(crate) version: u8,
    /// Wants a copy of each receipt in which its creditor has a transfer.
    #[serde(default)]
    pub(crate) broadcast: bool,
}

/// The part of a payment that belongs to one beneficiary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transfer {
    pub(crate) n: u8,
    pub(crate) cents: u64,
    pub(crate) org: String,
    /// Empty when a stamp is bought.
    pub(crate) iban: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stamp: Option<Stamp>,
}

/// The texts of the activation answer that the receipt repeats; dropped once it is delivered.
/// The inner lists follow the name lists in `messages.rs`, an empty text is an absent element.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Details {
    #[serde(rename = "p")]
    pub(crate) payment: Vec<String>,
    #[serde(rename = "s")]
    pub(crate) debtor: Vec<String>,
    #[serde(rename = "t")]
    pub(crate) transfers: Vec<Vec<String>>,
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) metadata: Vec<(String, String)>,
    #[serde(rename = "tm", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) transfer_metadata: Vec<Vec<(String, String)>>,
}

/// What a flow says about a payment (*codiceEsitoSingoloPagamento*).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reported {
    /// 0: executed.
    #[default]
    Executed,
    /// 4: the node answered in the creditor's place.
    StandIn,
    /// 8: so too, and no receipt was made.
    StandInNoReceipt,
    /// 9: the provider kept money for which it heard no OK.
    NoReceipt,
}

impl Reported {
    /// Whether the node makes a receipt.
    pub(crate) fn has_receipt(self) -> bool {
        matches!(self, Self::Executed | Self::StandIn)
    }

    /// The word of the REST door.
    pub(crate) fn pay_status(self) -> &'static str {
        match self {
            Self::Executed => "EXECUTED",
            Self::StandIn => "STAND_IN",
            Self::StandInNoReceipt => "STAND_IN_NO_RPT",
            Self::NoReceipt => "NO_RPT",
        }
    }

    /// The number of the XML format.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Executed => "0",
            Self::StandIn => "4",
            Self::StandInNoReceipt => "8",
            Self::NoReceipt => "9",
        }
    }

    fn is_executed(&self) -> bool {
        *self == Self::Executed
    }
}

/// A token was given out: the creditor answered an activation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Activated {
    pub(crate) token: String,
    pub(crate) creditor: String,
    #[serde(rename = "nav")]
    pub(crate) notice_number: String,
    pub(crate) iuv: String,
    pub(crate) psp: usize,
    pub(crate) day: Day,
    pub(crate) cents: u64,
    /// Index of the planned payment; none for one made by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) planned: Option<usize>,
    /// The day whose run sends the outcome of a planned activation held open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) complete_on: Option<Day>,
    /// The node answered from its archive, not the creditor.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) stand_in: bool,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) details: Option<Box<Details>>,
}

/// A planned batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Batch {
    pub(crate) batch: String,
    pub(crate) creditor: String,
    /// Tells a repeat from another batch of the same name.
    pub(crate) fingerprint: String,
    pub(crate) figures: serde_json::Value,
    pub(crate) planned: Vec<PlannedPayment>,
}

/// An operating day, closed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub(crate) day: Day,
    pub(crate) figures: serde_json::Value,
    pub(crate) flows: Vec<Flow>,
}

/// One line of the journal. Payments and planned payments are named by their position.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    Opened {
        seed: u64,
        format: u32,
    },
    Creditor {
        tax_code: String,
        creditor: Creditor,
    },
    Mischief(FlowMischief),
    Batch(Box<Batch>),
    Activated(Box<Activated>),
    /// The node's job cancelled an expired token.
    Cancelled {
        payment: usize,
    },
    /// The provider says that it was not paid.
    Failed {
        payment: usize,
    },
    /// The money is collected; the receipt may be sent from `deliver_on`.
    Paid {
        payment: usize,
        day: Day,
        at: NaiveDateTime,
        deliver_on: Option<Day>,
        #[serde(default, skip_serializing_if = "Reported::is_executed")]
        reported: Reported,
    },
    /// A provider's request with a key was answered.
    Answered {
        key: String,
        answered: Answered,
    },
    /// The creditor told the archive of a position; without content it is closed.
    Archived {
        creditor: String,
        notice_number: String,
        archived: Option<Archived>,
    },
    /// A recipient answered the receipt; a well-formed refusal is an answer too.
    Delivered {
        payment: usize,
        to: String,
        last: bool,
        day: Day,
        fault: Option<String>,
    },
    /// A planned payment was refused and will not be tried again.
    Refused {
        planned: usize,
        day: Day,
        code: String,
    },
    Closed(Box<Closed>),
}

/// What a provider was answered under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// Everything that was asked.
    pub(crate) request: String,
    pub(crate) answer: String,
    /// The payment that it made, if any.
    pub(crate) payment: Option<usize>,
}

/// Where a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    Cancelled,
    Failed,
    Paid,
}

/// A token and what became of it.
#[derive(Debug)]
pub(crate) struct Payment {
    pub(crate) activation: Activated,
    pub(crate) status: Status,
    pub(crate) paid: Option<Paid>,
    /// Recipients that answered the receipt, until all of them have.
    pub(crate) answered: Vec<String>,
    pub(crate) delivered: bool,
    pub(crate) settled: bool,
}

/// When a payment was collected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paid {
    pub(crate) day: Day,
    /// Legal time in Rome.
    pub(crate) at: NaiveDateTime,
    pub(crate) deliver_on: Option<Day>,
    pub(crate) reported: Reported,
}

/// A planned payment and how far it is.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) creditor: String,
    pub(crate) what: PlannedPayment,
    pub(crate) tokens: Vec<usize>,
    pub(crate) refused: bool,
}

/// What happened on one day, counted from the events.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Tally {
    pub(crate) payments: u64,
    pub(crate) paid_cents: u64,
    pub(crate) receipts_delivered: u64,
    pub(crate) receipts_held_back: u64,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) receipts_refused: BTreeMap<String, u64>,
}

/// The whole of it.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) seed: Option<u64>,
    pub(crate) creditors: BTreeMap<String, Creditor>,
    pub(crate) mischief: FlowMischief,
    pub(crate) batches: BTreeMap<String, Batch>,
    pub(crate) planned: Vec<Planned>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) by_notice: HashMap<(String, String), Vec<usize>>,
    pub(crate) by_token: HashMap<String, usize>,
    pub(crate) tallies: BTreeMap<Day, Tally>,
    pub(crate) days: BTreeMap<Day, serde_json::Value>,
    pub(crate) flows: Vec<Flow>,
    /// Answers to providers, by kind and key.
    pub(crate) answers: HashMap<String, Answered>,
    /// Positions that the node can answer for when their creditor cannot, by creditor and notice number.
    pub(crate) archive: HashMap<(String, String), Archived>,
}

/// A journal that contradicts itself.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Corrupt {
    #[error("the event names payment {0}, which does not exist")]
    Payment(usize),
    #[error("the event names planned payment {0}, which does not exist")]
    Planned(usize),
    #[error("token {0} occurs twice")]
    Token(String),
}

impl State {
    /// Adds one event.
    pub(crate) fn apply(&mut self, event: Event) -> Result<(), Corrupt> {
        match event {
            Event::Opened { seed, .. } => self.seed = Some(seed),
            Event::Creditor { tax_code, creditor } => {
                self.creditors.insert(tax_code, creditor);
            }
            Event::Mischief(mischief) => self.mischief = mischief,
            Event::Batch(batch) => self.add_batch(*batch),
            Event::Activated(activated) => self.add_payment(*activated)?,
            Event::Cancelled { payment } => self.payment_mut(payment)?.status = Status::Cancelled,
            Event::Failed { payment } => self.payment_mut(payment)?.status = Status::Failed,
            Event::Answered { key, answered } => {
                self.answers.insert(key, answered);
            }
            Event::Archived {
                creditor,
                notice_number,
                archived,
            } => {
                let key = (creditor, notice_number);
                match archived {
                    Some(archived) => self.archive.insert(key, archived),
                    None => self.archive.remove(&key),
                };
            }
            Event::Paid {
                payment,
                day,
                at,
                deliver_on,
                reported,
            } => {
                self.mark_paid(
                    payment,
                    Paid {
                        day,
                        at,
                        deliver_on,
                        reported,
                    },
                )?;
            }
            Event::Delivered {
                payment,
                to,
                last,
                day,
                fault,
            } => {
                self.mark_delivered(payment, to, last)?;
                let tally = self.tallies.entry(day).or_default();
                match fault {
                    Some(code) => add_one(&mut tally.receipts_refused, code),
                    None => tally.receipts_delivered = tally.receipts_delivered.saturating_add(1),
                }
            }
            Event::Refused { planned, day, code } => {
                self.planned
                    .get_mut(planned)
                    .ok_or(Corrupt::Planned(planned))?
                    .refused = true;
                add_one(&mut self.tallies.entry(day).or_default().refused, code);
            }
            Event::Closed(closed) => self.close(*closed)?,
        }
        Ok(())
    }

    fn add_batch(&mut self, mut batch: Batch) {
        for what in std::mem::take(&mut batch.planned) {
            let creditor = batch.creditor.clone();
            self.planned.push(Planned {
                creditor,
                what,
                tokens: Vec::new(),
                refused: false,
            });
        }
        self.batches.insert(batch.batch.clone(), batch);
    }

    fn add_payment(&mut self, activation: Activated) -> Result<(), Corrupt> {
        let index = self.payments.len();
        if let Some(planned) = activation.planned {
            self.planned
                .get_mut(planned)
                .ok_or(Corrupt::Planned(planned))?
                .tokens
                .push(index);
        }
        if self
            .by_token
            .insert(activation.token.clone(), index)
            .is_some()
        {
            return Err(Corrupt::Token(activation.token));
        }
        let key = (
            activation.creditor.clone(),
            activation.notice_number.clone(),
        );
        self.by_notice.entry(key).or_default().push(index);
        self.payments.push(Payment {
            activation,
            status: Status::Open,
            paid: None,
            answered: Vec::new(),
            delivered: false,
            settled: false,
        });
        Ok(())
    }

    fn mark_paid(&mut self, index: usize, paid: Paid) -> Result<(), Corrupt> {
        let payment = self.payment_mut(index)?;
        payment.status = Status::Paid;
        payment.paid = Some(paid);
        let cents = payment.activation.cents;
        let tally = self.tallies.entry(paid.day).or_default();
        tally.payments = tally.payments.saturating_add(1);
        tally.paid_cents = tally.paid_cents.saturating_add(cents);
        if paid.deliver_on.is_some_and(|day| day > paid.day) {
            tally.receipts_held_back = tally.receipts_held_back.saturating_add(1);
        }
        Ok(())
    }

    fn mark_delivered(&mut self, index: usize, to: String, last: bool) -> Result<(), Corrupt> {
        let payment = self.payment_mut(index)?;
        payment.answered.push(to);
        if last {
            payment.delivered = true;
            payment.answered = Vec::new();
            payment.activation.details = None;
        }
        Ok(())
    }

    fn close(&mut self, closed: Closed) -> Result<(), Corrupt> {
        for flow in &closed.flows {
            for (payment, _) in &flow.rows {
                self.payment_mut(*payment)?.settled = true;
            }
        }
        self.flows.extend(closed.flows);
        self.days.insert(closed.day, closed.figures);
        Ok(())
    }

    pub(crate) fn payment(&self, index: usize) -> Option<&Payment> {
        self.payments.get(index)
    }

    fn payment_mut(&mut self, index: usize) -> Result<&mut Payment, Corrupt> {
        self.payments.get_mut(index).ok_or(Corrupt::Payment(index))
    }

    /// The tokens of a notice, oldest first.
    pub(crate) fn tokens_of(&self, creditor: &str, notice_number: &str) -> &[usize] {
        let key = (creditor.to_owned(), notice_number.to_owned());
        self.by_notice.get(&key).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn last_closed(&self) -> Option<Day> {
        self.days.last_key_value().map(|(day, _)| *day)
    }

    /// A planned payment that still needs the creditor: it has a token to be paid, or lacks one
    /// and was not refused.
    pub(crate) fn unfinished(&self, planned: &Planned) -> bool {
        let wanted = if planned.what.kind == Kind::DoublePayment {
            2
        } else {
            1
        };
        let unpaid = |index: &usize| {
            self.payment(*index)
                .is_some_and(|payment| payment.status != Status::Paid)
        };
        planned.tokens.iter().any(unpaid) || (planned.tokens.len() < wanted && !planned.refused)
    }

    /// Whether everything that was planned for it has happened.
    pub(crate) fn happened(&self, planned: &Planned) -> bool {
        !planned.tokens.is_empty() && !planned.refused && !self.unfinished(planned)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is given by serde"
)]
fn is_false(value: &bool) -> bool {
    !value
}

pub(crate) fn add_one(counts: &mut BTreeMap<String, u64>, key: String) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}
