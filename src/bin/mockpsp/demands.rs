//! A payment that begins at a provider (`demandPaymentNotice`): the node knows who offers the service, asks
//! that creditor for a notice, and shows the provider what came back. The archive cannot stand in.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::{self, CallError, Verified};
use crate::app::{App, Halt};
use crate::messages::{self, Door};
use crate::money::euro;
use crate::node::{Call, Fault};
use crate::payments::Notice;
use crate::problem::Problem;
use crate::rules::door_of;
use crate::soap::{self, Fill, fill};
use crate::state::{Creditor, Offered, State};

/// Longest text of an answer, in characters.
const ANSWER_MAX: usize = 140;

/// What a citizen types at a provider.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// Without it the service has a price of its own.
    pub(crate) amount_cents: Option<u64>,
    /// What the service asks, by name.
    #[serde(default)]
    pub(crate) answers: BTreeMap<String, String>,
    /// Without it Mario Rossi, the invented citizen.
    #[serde(default)]
    pub(crate) debtor: Citizen,
}

/// Who will owe it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Citizen {
    tax_code: String,
    full_name: String,
}

impl Default for Citizen {
    fn default() -> Self {
        Self {
            tax_code: "RSSMRA85T10A562S".to_owned(),
            full_name: "Mario Rossi".to_owned(),
        }
    }
}

/// The notice that a creditor made for a question.
#[derive(Debug)]
pub(crate) struct Demanded {
    pub(crate) notice: Notice,
    pub(crate) shown: Verified,
}

/// How a question went; a refusal is a result.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Made {
    /// `made` or `refused`.
    pub(crate) result: &'static str,
    /// The creditor's tax code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) creditor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notice_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amount_cents: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Fault>,
}

/// Who offers the service that a provider names.
pub(crate) fn offering<'a>(
    state: &'a State,
    subject: &str,
) -> Option<(&'a str, &'a Creditor, &'a Offered)> {
    state.creditors.iter().find_map(|(tax_code, creditor)| {
        let mut offered = creditor.services.iter();
        let offered = offered.find(|offered| offered.subject == subject)?;
        Some((tax_code.as_str(), creditor, offered))
    })
}

/// The station that is asked, the first one of the creditor, and the creditor's name of the service.
fn asked(state: &State, subject: &str) -> Result<(Door, String), Fault> {
    let (org, creditor, offered) = offering(state, subject).ok_or_else(|| {
        let what = format!("no creditor offers the service {subject}");
        Fault::ppt("PPT_SERVIZIO_SCONOSCIUTO", what)
    })?;
    let station = creditor.stations.first().ok_or_else(|| {
        let what = "the creditor of the service has no station";
        Fault::ppt("PPT_STAZIONE_INT_PA_SCONOSCIUTA", what)
    })?;
    let door = door_of(org, creditor, station);
    Ok((door, offered.service.clone()))
}

/// Asks for a notice once; `details` is the service's document in base64.
pub(crate) async fn demand(app: &App, subject: &str, details: &str) -> Result<Demanded, Halt> {
    let (door, service) = app
        .read(|state| asked(state, subject))
        .map_err(Halt::Fault)?;
    let message = messages::demand_request(&door, (&service, subject), details);
    let answer = app.node.send(Call::Demand, &door, message).await?;
    let (notice, shown) = answers::read_demanded(&answer)?;
    if notice.creditor != door.org {
        let what = "the notice is another creditor's";
        return Err(CallError::Malformed(what.to_owned()).into());
    }
    Ok(Demanded { notice, shown })
}

/// Asks a question of the control API.
pub(crate) async fn ask(app: &App, subject: &str, question: &Question) -> Result<Made, Problem> {
    let creditor = app.read(|state| {
        let offering = offering(state, subject);
        offering.map_or_else(String::new, |(tax_code, ..)| tax_code.to_owned())
    });
    let document = document(&creditor, question).map_err(Problem::unprocessable)?;
    match demand(app, subject, &document).await {
        Ok(made) => Ok(Made {
            result: "made",
            creditor: Some(made.notice.creditor),
            notice_number: Some(made.notice.number),
            amount_cents: Some(made.shown.cents),
            description: Some(made.shown.description),
            fault: None,
        }),
        Err(Halt::Fault(fault)) => Ok(Made {
            result: "refused",
            creditor: None,
            notice_number: None,
            amount_cents: None,
            description: None,
            fault: Some(fault),
        }),
        Err(halt) => Err(halt.into()),
    }
}

/// The document of a question in base64, in the shape that the platform's own services use.
pub(crate) fn document(creditor: &str, question: &Question) -> Result<String, String> {
    let mut answers = String::new();
    for (name, answer) in &question.answers {
        if !is_name(name) {
            return Err(format!(
                "`{name}` cannot name an answer; use letters and digits"
            ));
        }
        if !(1..=ANSWER_MAX).contains(&answer.chars().count()) {
            return Err(format!("the answer `{name}` is not 1 to {ANSWER_MAX} long"));
        }
        let values = [("name", Fill::Text(name)), ("answer", Fill::Text(answer))];
        answers.push_str(&fill("<gs:{{name}}>{{answer}}</gs:{{name}}>", &values));
    }
    let amount = question.amount_cents.map(euro).unwrap_or_default();
    // A natural person's code has sixteen characters, a body's eleven.
    let kind = if question.debtor.tax_code.len() == 11 {
        "G"
    } else {
        "F"
    };
    let values = [
        ("creditor", Fill::Text(creditor)),
        ("amount", Fill::Text(&amount)),
        ("answers", Fill::Xml(&answers)),
        ("kind", Fill::Text(kind)),
        ("code", Fill::Text(&question.debtor.tax_code)),
        ("name", Fill::Text(&question.debtor.full_name)),
    ];
    Ok(STANDARD.encode(fill(soap::GENERAL_SERVICE, &values)))
}

fn is_name(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    starts && name.bytes().all(plain)
}
