//! The archive of positions: creditors feed it, and the node answers from it when a creditor cannot.

use actix_web::web::{self, Data, Json};
use actix_web::{HttpResponse, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answers::{Answer, CallError, Shown, Verified};
use crate::app::{App, Halt};
use crate::control::Answer as Told;
use crate::messages::SUBJECT_FIELDS;
use crate::payments::Notice;
use crate::problem::{self, Problem};
use crate::state::{Details, Event, State, Transfer};

/// What the archive knows of one notice: one amount for one account, however many the creditor would name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Archived {
    pub(crate) iuv: String,
    pub(crate) cents: u64,
    pub(crate) description: String,
    /// F or G.
    pub(crate) debtor_type: String,
    pub(crate) debtor_code: String,
    pub(crate) debtor_name: String,
    pub(crate) iban: String,
}

/// Routes under `/aca/v1`.
pub(crate) fn scope() -> Scope {
    web::scope("/aca/v1")
        .app_data(web::JsonConfig::default().error_handler(problem::of_json))
        .route("/paCreatePosition", web::post().to(intake))
}

/// The request of the archive's door, with its own names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Position {
    pa_fiscal_code: String,
    entity_type: String,
    entity_fiscal_code: String,
    entity_full_name: String,
    iuv: String,
    nav: Option<String>,
    /// In cents; 0 closes the position.
    amount: u64,
    description: String,
    expiration_date: String,
    iban: Option<String>,
    #[serde(default)]
    switch_to_expired: bool,
    #[serde(default = "yes")]
    pay_stand_in: bool,
}

fn yes() -> bool {
    true
}

async fn intake(app: Data<App>, body: Json<Position>) -> Told<HttpResponse> {
    let position = body.into_inner();
    let company = app.read(|state| {
        let creditor = state.creditors.get(&position.pa_fiscal_code)?;
        let account = position.iban.clone().or(creditor.ibans.first().cloned());
        Some((creditor.legal_name.clone(), account))
    });
    let Some((company, account)) = company else {
        return Err(Problem::not_found("the creditor is not registered here"));
    };
    if !matches!(position.entity_type.as_str(), "F" | "G") {
        return Err(Problem::bad_request("entityType is F or G"));
    }
    let iban =
        account.ok_or_else(|| Problem::bad_request("iban is missing and the creditor has none"))?;
    let nav = position.nav.unwrap_or_else(|| format!("3{}", position.iuv));
    let open = position.amount > 0 && position.pay_stand_in;
    let archived = open.then(|| Archived {
        iuv: position.iuv.clone(),
        cents: position.amount,
        description: short(&position.description, 140),
        debtor_type: position.entity_type.clone(),
        debtor_code: position.entity_fiscal_code.clone(),
        debtor_name: short(&position.entity_full_name, 70),
        iban: iban.clone(),
    });
    app.record(Event::Archived {
        creditor: position.pa_fiscal_code.clone(),
        notice_number: nav.clone(),
        archived,
    })?;
    Ok(HttpResponse::Ok().json(json!({
        "paFiscalCode": position.pa_fiscal_code,
        "companyName": company,
        "entityType": position.entity_type,
        "entityFiscalCode": position.entity_fiscal_code,
        "entityFullName": position.entity_full_name,
        "iuv": position.iuv,
        "nav": nav,
        "amount": position.amount,
        "description": position.description,
        "expirationDate": position.expiration_date,
        "iban": iban,
        "switchToExpired": position.switch_to_expired,
        "status": if position.amount > 0 { "VALID" } else { "INVALID" },
    })))
}

fn short(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

/// Answers a verification in the creditor's place, when it did not speak and the notice is known.
pub(crate) fn verified(app: &App, notice: &Notice, error: CallError) -> Result<Verified, Halt> {
    let (archived, company) = known(app, notice, error)?;
    Ok(Verified {
        more: Shown {
            company,
            ..Shown::default()
        },
        stand_in: true,
        cents: archived.cents,
        description: archived.description,
    })
}

/// Answers an activation in the creditor's place: one transfer to its account.
pub(crate) fn activation(app: &App, notice: &Notice, error: CallError) -> Result<Answer, Halt> {
    let (archived, company) = known(app, notice, error)?;
    let mut debtor = vec![
        archived.debtor_type,
        archived.debtor_code,
        archived.debtor_name,
    ];
    debtor.resize(SUBJECT_FIELDS.len(), String::new());
    let remittance = short(
        &format!("/RFB/{}/TXT/{}", archived.iuv, archived.description),
        140,
    );
    Ok(Answer {
        stand_in: true,
        cents: archived.cents,
        transfers: vec![Transfer {
            n: 1,
            cents: archived.cents,
            org: notice.creditor.clone(),
            iban: archived.iban,
            stamp: None,
        }],
        details: Details {
            payment: vec![archived.description, company.clone(), String::new()],
            debtor,
            transfers: vec![vec![company, remittance, "9/0101100IM/".to_owned()]],
            ..Details::default()
        },
        iuv: archived.iuv,
    })
}

/// A creditor that answers is never replaced, whatever it answers.
fn known(app: &App, notice: &Notice, error: CallError) -> Result<(Archived, String), Halt> {
    let silent = match &error {
        CallError::Unreachable(_) | CallError::TimedOut | CallError::Malformed(_) => true,
        CallError::Refused { .. } | CallError::Stopping => false,
    };
    let find = |state: &State| {
        let key = (notice.creditor.clone(), notice.number.clone());
        let company = state.creditors.get(&notice.creditor)?.legal_name.clone();
        Some((state.archive.get(&key)?.clone(), company))
    };
    let found = silent.then(|| app.read(find)).flatten();
    found.ok_or_else(|| error.into())
}
