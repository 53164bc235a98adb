//! The engine as an office meets it: its REST door, and the clock of its operations door.

use std::time::Duration;

use anyhow::bail;
use avviso::domain::calendar::{self, Day};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::http::{Ask, Http, Reply};

/// How often a job is looked at.
const GLANCE: Duration = Duration::from_millis(5);
/// Glances after which simulated time is helped on: a retry or a dead worker's lease is waited for.
const GLANCES: u32 = 600;
const GLANCES_MAX: u32 = 24_000;

/// Addresses and keys.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(crate) http: Http,
    pub(crate) rest: String,
    pub(crate) ops: String,
    pub(crate) portal: String,
    pub(crate) accounting: String,
}

/// A notice of a registered position.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Notice {
    pub(crate) notice_number: String,
    pub(crate) due_date: Option<Day>,
    pub(crate) amount_cents: i64,
    pub(crate) state: String,
    pub(crate) transfers: Vec<Transfer>,
}

/// A part of a notice.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Transfer {
    /// Absent when a stamp is bought.
    pub(crate) iban: Option<String>,
}

/// A way to pay.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PaymentOption {
    pub(crate) notices: Vec<Notice>,
}

/// A registered position, as far as it is looked at.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Position {
    pub(crate) debt_position_id: String,
    pub(crate) state: String,
    pub(crate) total_amount_cents: i64,
    pub(crate) payment_options: Vec<PaymentOption>,
}

impl Position {
    /// The day by which each of its notices is to be paid, by number.
    pub(crate) fn due_days(&self) -> impl Iterator<Item = (String, Day)> {
        let notices = self
            .payment_options
            .iter()
            .flat_map(|option| &option.notices);
        notices.filter_map(|notice| Some((notice.notice_number.clone(), notice.due_date?)))
    }
}

#[derive(Debug, Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Job {
    job_id: String,
    kind: String,
    state: String,
    outcome: Option<String>,
}

impl Engine {
    /// Registers a position; the reference is the key of the intent as well.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn register(&self, reference: &str, body: &Value) -> anyhow::Result<Position> {
        let ask = self
            .post(
                "/debt-positions",
                &self.portal,
                &format!("demo-{reference}"),
            )
            .json(body);
        self.http.ask(ask).await?.expect(&[200, 201])?.read()
    }

    /// Withdraws the position of a notice, unless that has been done.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn withdraw(&self, notice_number: &str) -> anyhow::Result<()> {
        let search = Ask::new(
            Method::POST,
            format!("{}/v1/debt-position-searches", self.rest),
        )
        .key(&self.portal)
        .json(&json!({"notice_number": notice_number}));
        let found: Page<Position> = self.http.ask(search).await?.expect(&[200])?.read()?;
        let Some(position) = found.items.first() else {
            bail!("notice {notice_number} is not found")
        };
        if position.state == "cancelled" {
            return Ok(());
        }
        let url = format!(
            "{}/v1/debt-positions/{}",
            self.rest, position.debt_position_id
        );
        let shown = self
            .http
            .ask(Ask::get(url.clone()).key(&self.portal))
            .await?
            .expect(&[200])?;
        let version = shown.etag().unwrap_or_default().to_owned();
        let patch = Ask::new(Method::PATCH, url)
            .key(&self.portal)
            .header("if-match", version)
            .body("application/merge-patch+json", r#"{"state":"cancelled"}"#);
        // 412: the request was carried out and its answer lost with the process.
        self.http.ask(patch).await?.expect(&[200, 412])?;
        Ok(())
    }

    /// Registers where in the budget the money of a service belongs.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn budget(
        &self,
        (creditor, service): (&str, &str),
        (chapter, account): (u32, &str),
    ) -> anyhow::Result<()> {
        let path = format!("creditors/{creditor}/services/{service}/accounting-plans");
        let ask = Ask::new(Method::PUT, format!("{}/v1/{path}", self.rest))
            .key(&self.accounting)
            .json(&json!({"versions": [{
                "valid_from_date": "2026-01-01",
                "keys": [{"chapter": chapter.to_string(), "plan_code": account, "share_bp": 10_000}],
            }]}));
        self.http.ask(ask).await?.expect(&[200, 201])?;
        Ok(())
    }

    /// Has the flows pulled, and waits until it is done.
    ///
    /// # Errors
    /// When the job fails.
    pub(crate) async fn pull_flows(&self, day: Day) -> anyhow::Result<()> {
        let ask = self.post(
            "/settlement-flow-pulls",
            &self.accounting,
            &format!("demo-flows-{day}"),
        );
        let job: Job = self.http.ask(ask).await?.expect(&[202])?.read()?;
        self.wait_for(&job.job_id).await
    }

    /// Hands a bank journal in.
    ///
    /// # Errors
    /// When a line of it is refused.
    pub(crate) async fn import_cash(&self, day: Day, journal: Vec<u8>) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Import {
            refused_lines: u64,
        }
        let ask = self
            .post(
                "/treasury-imports",
                &self.accounting,
                &format!("demo-cash-{day}"),
            )
            .body("text/csv", journal);
        let reply = self.http.ask(ask).await?.expect(&[200, 201])?;
        let import: Import = reply.read()?;
        if import.refused_lines > 0 {
            let said = String::from_utf8_lossy(&reply.body).into_owned();
            bail!(
                "{} lines of the bank journal were refused: {said}",
                import.refused_lines
            );
        }
        Ok(())
    }

    async fn wait_for(&self, job_id: &str) -> anyhow::Result<()> {
        let url = format!("{}/v1/jobs/{job_id}", self.rest);
        for glance in 1..=GLANCES_MAX {
            let ask = Ask::get(url.clone()).key(&self.accounting);
            let job: Job = self.http.ask(ask).await?.expect(&[200])?.read()?;
            match job.state.as_str() {
                "done" => return Ok(()),
                "failed" => bail!(
                    "job {} failed: {}",
                    job.kind,
                    job.outcome.unwrap_or_default()
                ),
                _ => {}
            }
            if glance % GLANCES == 0 {
                self.help_clock_on().await?;
            }
            tokio::time::sleep(GLANCE).await;
        }
        bail!("job {job_id} does not end")
    }

    async fn help_clock_on(&self) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Time {
            now: DateTime<Utc>,
        }
        let time: Time = self
            .http
            .ask(Ask::get(format!("{}/clock", self.ops)))
            .await?
            .expect(&[200])?
            .read()?;
        let later = time
            .now
            .checked_add_signed(TimeDelta::minutes(2))
            .unwrap_or(time.now);
        self.set_clock(later).await
    }

    /// Sets the simulated time.
    ///
    /// # Errors
    /// When the engine does not take it.
    pub(crate) async fn set_clock(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let ask = Ask::new(Method::PUT, format!("{}/clock", self.ops)).json(&json!({"now": now}));
        self.http.ask(ask).await?.expect(&[200])?;
        Ok(())
    }

    /// Waits until it takes work.
    ///
    /// # Errors
    /// When it does not within two minutes.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        self.http
            .ask(Ask::get(format!("{}/ready", self.ops)))
            .await?
            .expect(&[200])?;
        Ok(())
    }

    /// Every item of a list, page by page, each given to `each`.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub(crate) async fn every<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &str,
        key: &str,
        mut each: impl FnMut(T),
    ) -> anyhow::Result<()> {
        let mut cursor = String::new();
        loop {
            let url = format!("{}/v1/{path}?limit=200{filter}{cursor}", self.rest);
            let page: Page<T> = self
                .http
                .ask(Ask::get(url).key(key))
                .await?
                .expect(&[200])?
                .read()?;
            page.items.into_iter().for_each(&mut each);
            match page.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(()),
            }
        }
    }

    /// One resource in one media type.
    ///
    /// # Errors
    /// When it is not given.
    pub(crate) async fn fetch(&self, path: &str, key: &str, accept: &str) -> anyhow::Result<Reply> {
        let ask = Ask::get(format!("{}/v1/{path}", self.rest))
            .key(key)
            .header("accept", accept);
        self.http.ask(ask).await?.expect(&[200])
    }

    fn post(&self, path: &str, key: &str, intent: &str) -> Ask {
        Ask::new(Method::POST, format!("{}/v1{path}", self.rest))
            .key(key)
            .header("idempotency-key", intent)
    }
}

/// Eight in the morning of a day in Rome, when the offices open.
pub(crate) fn morning(day: Day) -> DateTime<Utc> {
    let eight = NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default();
    calendar::in_rome(day.and_time(eight))
}
