//! The language of scenarios: a TOML file with a title and steps. Each step is one word and its table.
//! Shapes are closed: what is not known is refused with its line and what is known instead.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use toml::Spanned;

use crate::disturbances::Disturbance;
use crate::flows::{FlowTrouble, Troubles};
use crate::state::Day;
use crate::treasury::{CreditTrouble, Format};

/// A scenario.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// What happens, in a line.
    pub(crate) title: String,
    /// Why it matters.
    #[serde(default)]
    pub(crate) about: String,
    /// How the engine asks for flows.
    #[serde(default)]
    pub(crate) flows: Protocol,
    /// The engine feeds the archive and asks for receipts that never came; without it only steps do.
    #[serde(default)]
    pub(crate) platform: bool,
    pub(crate) steps: Vec<Spanned<Step>>,
    #[serde(skip)]
    pub(crate) path: PathBuf,
    #[serde(skip)]
    text: String,
}

/// An interface for reporting flows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    #[default]
    Rest,
    Soap,
}

/// One step.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    // The creditor's side.
    Charge(Charge),
    Amend(Amend),
    Archive(Named),
    Engine(Power),
    Pull(Pull),
    Cash(Cash),
    Feed(Feed),
    Recover(Recover),
    // The node and its providers.
    Station(StationIn),
    Pay(Pay),
    Demand(Demand),
    Verify(Verify),
    Activate(Activate),
    Outcome(Outcome),
    Expire(Token),
    Keep(Keep),
    Receipt(Receipt),
    Retry(Retry),
    Disturb(Disturbance),
    Settle(Settle),
    Advance(Advance),
    // What must hold.
    ExpectNotice(ExpectNotice),
    ExpectPayments(ExpectPayments),
    ExpectLines(ExpectLines),
    ExpectFlows(ExpectFlows),
}

/// A debt is registered with the engine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Charge {
    pub(crate) name: String,
    /// So many votive lamps for a year, 17.08 each.
    pub(crate) lamps: Option<u8>,
    /// Any other service of the town, with its details.
    pub(crate) service: Option<String>,
    pub(crate) details: Option<toml::Table>,
}

/// A debt is withdrawn, suspended, opened again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Amend {
    pub(crate) charge: String,
    pub(crate) state: String,
}

/// A notice, by the name of its charge: `lamps` is its first, `tari:2` the first of its second option,
/// `tari:2.3` the third of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    pub(crate) notice: String,
}

/// What happens to the engine's program.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Power {
    /// In order, as an operator does.
    Stop,
    /// As a power cut does.
    Kill,
    Start,
}

/// The engine asks the node for flows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pull {
    /// How the job ends: `done`, or `queued` for one that will be tried again.
    #[serde(default = "done")]
    pub(crate) ends: String,
}

fn done() -> String {
    "done".to_owned()
}

/// The treasurer's journal of all days so far is imported.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cash {
    #[serde(default)]
    pub(crate) format: Format,
    /// Movements that the engine did not know, when it matters.
    pub(crate) new: Option<u64>,
}

/// A minute passes, and the engine has told the archive of a notice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feed {
    pub(crate) notice: String,
    /// What the archive then asks for it; without it the archive knows the notice no more.
    pub(crate) amount: Option<String>,
}

/// An hour passes, and the engine has asked for receipts that never came.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recover {
    /// Payments that the engine knows then.
    pub(crate) payments: usize,
}

/// How the node knows the creditor's station.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StationIn {
    pub(crate) version: Option<u8>,
    /// The only accounts that the platform knows.
    pub(crate) accounts: Option<Vec<String>>,
    pub(crate) segregation_code: Option<String>,
}

/// Verify, activate, outcome, receipt.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pay {
    pub(crate) notice: String,
    pub(crate) token: Option<String>,
    pub(crate) psp: Option<String>,
    /// `OK`, or the fault that the provider hears, the node's or the creditor's.
    #[serde(default = "ok")]
    pub(crate) told: String,
    pub(crate) amount: Option<String>,
    #[serde(default)]
    pub(crate) receipt: Sending,
}

/// A citizen asks a provider for a notice that nobody issued; later steps know it by this name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Demand {
    pub(crate) notice: String,
    /// The service as providers call it; `00001` is the town's.
    #[serde(default = "offered")]
    pub(crate) service: String,
    pub(crate) amount: Option<String>,
    #[serde(default)]
    pub(crate) answers: BTreeMap<String, String>,
    #[serde(default = "ok")]
    pub(crate) told: String,
}

fn offered() -> String {
    "00001".to_owned()
}

/// When a receipt is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sending {
    #[default]
    Now,
    /// When a `receipt` or `retry` step says so.
    Held,
}

fn ok() -> String {
    "OK".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    pub(crate) notice: String,
    #[serde(default = "ok")]
    pub(crate) told: String,
    pub(crate) amount: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activate {
    pub(crate) notice: String,
    /// The name under which later steps know the token; without it the notice's.
    pub(crate) token: Option<String>,
    pub(crate) psp: Option<String>,
    #[serde(default = "ok")]
    pub(crate) told: String,
    pub(crate) amount: Option<String>,
}

/// The provider says how it went.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outcome {
    pub(crate) token: String,
    #[serde(default)]
    pub(crate) result: Collected,
    #[serde(default = "ok")]
    pub(crate) told: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Collected {
    #[default]
    Paid,
    /// So nearly at the same moment as another token of the notice that both count.
    PaidInRace,
    Failed,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    pub(crate) token: String,
}

/// The provider keeps the money without an OK; its flow says 8 or 9.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keep {
    pub(crate) token: String,
    pub(crate) code: u8,
}

/// The receipt of a token is sent, if it is still due.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receipt {
    pub(crate) token: String,
    /// `OK`, or the fault of the creditor or of the way.
    #[serde(default = "ok")]
    pub(crate) told: String,
}

/// An hour later: every receipt that is due is sent again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// Receipts that are still due afterwards.
    #[serde(default)]
    pub(crate) left: usize,
}

/// The open day is closed: flows and credits are made of what was collected.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settle {
    pub(crate) flow: Option<FlowTrouble>,
    pub(crate) credit: Option<CreditTrouble>,
}

impl Settle {
    pub(crate) fn troubles(&self) -> Troubles {
        Troubles {
            flow: self.flow,
            credit: self.credit,
        }
    }
}

/// Days pass; the last one is closed too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    #[serde(deserialize_with = "day")]
    pub(crate) to: Day,
}

fn day<'de, D: serde::Deserializer<'de>>(given: D) -> Result<Day, D::Error> {
    let given = toml::value::Datetime::deserialize(given)?;
    let day = given.date.filter(|_| given.time.is_none());
    let day =
        day.and_then(|day| Day::from_ymd_opt(day.year.into(), day.month.into(), day.day.into()));
    day.ok_or_else(|| serde::de::Error::custom("a day is written as 2026-03-06"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectNotice {
    pub(crate) notice: String,
    pub(crate) state: String,
}

/// Payments as the engine lists them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectPayments {
    pub(crate) count: usize,
    pub(crate) amount: Option<String>,
    /// Only those with this anomaly.
    pub(crate) anomaly: Option<String>,
}

/// Lines of reconciliation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectLines {
    /// `receipt`, `flow_line` or `treasury`; without it all of them.
    pub(crate) kind: Option<String>,
    pub(crate) code: String,
    pub(crate) count: usize,
    pub(crate) amount: Option<String>,
    /// Only those with this flag.
    pub(crate) flag: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectFlows {
    pub(crate) count: usize,
    /// `live` or `superseded`; without it both.
    pub(crate) state: Option<String>,
}

impl Script {
    /// Reads a file and checks what can be known before it is played.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let mut script = Self::parse(text).with_context(|| path.display().to_string())?;
        script.path = path.to_owned();
        Ok(script)
    }

    fn parse(text: String) -> anyhow::Result<Self> {
        let mut script: Self = toml::from_str(&text)?;
        script.text = text;
        script.check()?;
        Ok(script)
    }

    /// The line of a place in the file.
    pub(crate) fn line_of(&self, place: usize) -> usize {
        let before = self.text.bytes().take(place);
        before
            .filter(|byte| *byte == b'\n')
            .count()
            .saturating_add(1)
    }

    /// Names are made before they are used, amounts are amounts, troubles can be.
    fn check(&self) -> anyhow::Result<()> {
        let (mut charges, mut tokens) = (BTreeSet::new(), BTreeSet::new());
        for step in &self.steps {
            let line = self.line_of(step.span().start);
            check(step.get_ref(), &mut charges, &mut tokens)
                .with_context(|| format!("line {line}"))?;
        }
        if self.steps.is_empty() {
            bail!("a scenario without steps shows nothing; add some to `steps`");
        }
        Ok(())
    }
}

type Names = BTreeSet<String>;

fn check(step: &Step, charges: &mut Names, tokens: &mut Names) -> anyhow::Result<()> {
    match step {
        Step::Charge(charge) => {
            let kinds = [charge.lamps.is_some(), charge.details.is_some()];
            if kinds == [true, true] || kinds == [false, false] {
                bail!("a charge has either `lamps` or `details` (with its `service`)");
            }
            new(&charge.name, charges)?;
        }
        Step::Demand(demand) => {
            amount(demand.amount.as_deref())?;
            new(&demand.notice, charges)?;
        }
        Step::Amend(amend) => known("charge", &amend.charge, charges)?,
        Step::Archive(Named { notice }) | Step::ExpectNotice(ExpectNotice { notice, .. }) => {
            known("charge", charge_of(notice), charges)?;
        }
        Step::Feed(feed) => {
            known("charge", charge_of(&feed.notice), charges)?;
            amount(feed.amount.as_deref())?;
        }
        Step::Verify(verify) => {
            known("charge", charge_of(&verify.notice), charges)?;
            amount(verify.amount.as_deref())?;
        }
        Step::Pay(Pay {
            notice,
            token,
            amount: stated,
            ..
        })
        | Step::Activate(Activate {
            notice,
            token,
            amount: stated,
            ..
        }) => {
            known("charge", charge_of(notice), charges)?;
            amount(stated.as_deref())?;
            tokens.insert(token.as_ref().unwrap_or(notice).clone());
        }
        Step::Outcome(Outcome { token, .. })
        | Step::Expire(Token { token })
        | Step::Receipt(Receipt { token, .. }) => known("token", token, tokens)?,
        Step::Keep(keep) => {
            known("token", &keep.token, tokens)?;
            if !matches!(keep.code, 8 | 9) {
                bail!(
                    "`code` is 8 (stand-in) or 9 (no OK heard), not {}",
                    keep.code
                );
            }
        }
        Step::Disturb(disturbance) => disturbance.check().map_err(anyhow::Error::msg)?,
        Step::ExpectPayments(ExpectPayments { amount: stated, .. })
        | Step::ExpectLines(ExpectLines { amount: stated, .. }) => amount(stated.as_deref())?,
        Step::Engine(_)
        | Step::Pull(_)
        | Step::Cash(_)
        | Step::Station(_)
        | Step::Recover(_)
        | Step::Retry(_)
        | Step::Settle(_)
        | Step::Advance(_)
        | Step::ExpectFlows(_) => {}
    }
    Ok(())
}

/// The charge of a notice's name.
pub(crate) fn charge_of(notice: &str) -> &str {
    notice.split(':').next().unwrap_or(notice)
}

/// Option and place of a notice's name, from 1.
pub(crate) fn place_of(notice: &str) -> Option<(usize, usize)> {
    let Some((_, place)) = notice.split_once(':') else {
        return Some((1, 1));
    };
    let (option, number) = place.split_once('.').unwrap_or((place, "1"));
    let place = (option.parse().ok()?, number.parse().ok()?);
    (place.0 > 0 && place.1 > 0).then_some(place)
}

fn new(name: &str, charges: &mut Names) -> anyhow::Result<()> {
    if !charges.insert(name.to_owned()) {
        bail!("there is a charge `{name}` already; choose another name");
    }
    Ok(())
}

fn known(kind: &str, name: &str, names: &Names) -> anyhow::Result<()> {
    if names.contains(name) {
        return Ok(());
    }
    let there: Vec<&str> = names.iter().map(String::as_str).collect();
    bail!(
        "there is no {kind} `{name}` before this line; there are: {}",
        there.join(", ")
    )
}

fn amount(stated: Option<&str>) -> anyhow::Result<()> {
    match stated.map(crate::money::parse_euro) {
        Some(None) => bail!("an amount is written as \"12.34\""),
        Some(Some(_)) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
