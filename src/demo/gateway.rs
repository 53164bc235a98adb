//! The gateway's control door: who pays what, which day it is, what really happened.

use std::collections::BTreeMap;
use std::time::Duration;

use avviso::domain::calendar::Day;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::anomalies::Injected;
use super::http::{Ask, Http};
use super::year::Quota;

/// A day of payments is waited for; the gateway itself waits for the engine.
const DAY: Duration = Duration::from_secs(600);

/// How often flows and cash go wrong, per mille.
const FLOW_MISCHIEF: [(&str, u32); 3] = [
    ("flow_wrong_sum", 8),
    ("flow_revised", 8),
    ("cash_split", 12),
];

/// The gateway.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    pub(crate) http: Http,
    pub(crate) base: String,
    pub(crate) creditor: String,
}

/// A notice offered to those who pay.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Offer {
    pub(crate) notice_number: String,
    pub(crate) group: String,
    pub(crate) option: usize,
    pub(crate) sequence: usize,
    pub(crate) issued_on: Day,
    /// The day by which the citizen means to pay.
    pub(crate) due_on: Day,
    /// The day after which a payment is late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) term_on: Option<Day>,
}

/// What a day brought.
#[derive(Debug, Deserialize)]
pub(crate) struct DayFigures {
    pub(crate) payments: u64,
    pub(crate) flows_published: u64,
    pub(crate) held_open: Vec<HeldOpen>,
}

/// A payment on its way, whose debt is to be withdrawn meanwhile.
#[derive(Debug, Deserialize)]
pub(crate) struct HeldOpen {
    pub(crate) notice_number: String,
}

/// What really happened.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Truth {
    pub(crate) payments: u64,
    pub(crate) notices_paid: u64,
    pub(crate) notices_paid_twice: u64,
    pub(crate) receipts_delivered: u64,
    pub(crate) cents: i64,
    pub(crate) flows: TrueFlows,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) receipts_refused: BTreeMap<String, u64>,
    pub(crate) planned_left: u64,
}

/// Flows of all beneficiaries.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TrueFlows {
    pub(crate) by_beneficiary: BTreeMap<String, TrueBeneficiary>,
}

/// Flows of one beneficiary.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct TrueBeneficiary {
    pub(crate) flows: u64,
    pub(crate) rows: u64,
    pub(crate) flow_cents: i64,
    pub(crate) credits: u64,
    pub(crate) credit_cents: i64,
}

impl Gateway {
    fn url(&self, path: &str) -> String {
        format!("{}/control/{path}", self.base)
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// When it does not within two minutes.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        self.http
            .ask(Ask::get(self.url("status")))
            .await?
            .expect(&[200])?;
        Ok(())
    }

    /// Tells where the engine's SOAP door is, and how often flows go wrong.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn introduce(&self, creditor: &Value) -> anyhow::Result<()> {
        let url = self.url(&format!("creditors/{}", self.creditor));
        self.http
            .ask(Ask::new(Method::PUT, url).json(creditor))
            .await?
            .expect(&[200])?;
        let mischief: BTreeMap<&str, u32> = FLOW_MISCHIEF.into_iter().collect();
        let ask = Ask::new(Method::PUT, self.url("mischief")).json(&json!(mischief));
        self.http.ask(ask).await?.expect(&[200])?;
        Ok(())
    }

    /// Offers a batch of notices, `quota.pay` of which are paid in time.
    ///
    /// # Errors
    /// When it cannot be planned.
    pub(crate) async fn offer(
        &self,
        batch: &str,
        quota: &Quota,
        notices: &[Offer],
    ) -> anyhow::Result<()> {
        let body = json!({
            "batch": batch,
            "creditor": self.creditor,
            "pay": quota.pay,
            "mischief": quota.mischief,
            "notices": notices,
        });
        self.http
            .ask(Ask::new(Method::POST, self.url("notices")).json(&body))
            .await?
            .expect(&[200])?;
        Ok(())
    }

    /// Lets a day pass.
    ///
    /// # Errors
    /// When it cannot be run.
    pub(crate) async fn run_day(&self, day: Day) -> anyhow::Result<DayFigures> {
        let ask = Ask::new(Method::POST, self.url("days"))
            .json(&json!({"date": day}))
            .within(DAY);
        self.http.ask(ask).await?.expect(&[200])?.read()
    }

    /// The treasurer's journal of some days, if anything moved.
    ///
    /// # Errors
    /// When it is not given.
    pub(crate) async fn journal(&self, from: Day, to: Day) -> anyhow::Result<Option<Vec<u8>>> {
        let url = self.url(&format!("treasury/{}?from={from}&to={to}", self.creditor));
        let journal = self.http.ask(Ask::get(url)).await?.expect(&[200])?.body;
        let lines = journal
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .count();
        Ok((lines > 1).then_some(journal))
    }

    /// What went wrong on purpose, one by one.
    ///
    /// # Errors
    /// When it is not told.
    pub(crate) async fn anomalies(&self) -> anyhow::Result<Vec<Injected>> {
        let url = self.url(&format!("anomalies/{}", self.creditor));
        self.http.ask(Ask::get(url)).await?.expect(&[200])?.read()
    }

    /// What really happened.
    ///
    /// # Errors
    /// When it is not told.
    pub(crate) async fn truth(&self) -> anyhow::Result<Truth> {
        self.http
            .ask(Ask::get(self.url("summary")))
            .await?
            .expect(&[200])?
            .read()
    }
}
