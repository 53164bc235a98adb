//! What the node demands of a creditor's answers: the schema's rules and its own semantic
//! checks, read by element path.

use serde::Serialize;

use crate::messages::{PAYMENT_FIELDS, SUBJECT_FIELDS, TRANSFER_FIELDS};
use crate::money::{euro, parse_euro};
use crate::payments::Notice;
use crate::soap::{Element, read_answer};
use crate::stamps;
use crate::state::{Day, Details, Transfer};

/// A call to the creditor that did not end in OK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallError {
    Unreachable(String),
    TimedOut,
    /// An answer that breaks the schema or the node's semantic checks.
    Malformed(String),
    Refused {
        code: String,
        string: String,
        description: String,
    },
    /// The gateway is being stopped.
    Stopping,
}

/// What a verification answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Verified {
    /// What a provider shows besides.
    #[serde(skip)]
    pub(crate) more: Shown,
    /// The archive answered, not the creditor.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stand_in: bool,
    pub(crate) cents: u64,
    pub(crate) description: String,
}

/// Texts that a provider shows; empty when they are not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) due: String,
    pub(crate) company: String,
    pub(crate) office: String,
    /// Every beneficiary can be credited at Poste.
    pub(crate) all_postal: bool,
}

/// What an activation answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The archive answered, not the creditor.
    pub(crate) stand_in: bool,
    pub(crate) iuv: String,
    pub(crate) cents: u64,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) details: Details,
}

type Read<T> = Result<T, CallError>;

fn malformed(what: impl Into<String>) -> CallError {
    CallError::Malformed(what.into())
}

/// Reads the outcome of an answer whose message is `root`.
fn read(body: &str, root: &str) -> Read<Element> {
    let answer = read_answer(body, root).map_err(CallError::Malformed)?;
    match answer.text("outcome") {
        Some("OK") => Ok(answer),
        Some("KO") => match (
            answer.text("fault/faultCode"),
            answer.text("fault/faultString"),
            answer.text("fault/id"),
        ) {
            (Some(code), Some(string), Some(_)) => {
                let description = answer.owned("fault/description");
                Err(CallError::Refused {
                    code: code.to_owned(),
                    string: string.to_owned(),
                    description,
                })
            }
            _ => Err(malformed("outcome KO without a whole fault")),
        },
        other => Err(malformed(format!("outcome is {other:?}"))),
    }
}

pub(crate) fn read_verified(body: &str) -> Read<Verified> {
    shown(&read(body, "paVerifyPaymentNoticeRes")?)
}

/// The notice that was made for a demand, and what a provider shows of it.
pub(crate) fn read_demanded(body: &str) -> Read<(Notice, Verified)> {
    let answer = read(body, "paDemandPaymentNoticeResponse")?;
    let number = required(&answer, "qrCode/noticeNumber", 18)?;
    if number.len() != 18 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed("qrCode/noticeNumber is not 18 digits"));
    }
    let creditor = required(&answer, "qrCode/fiscalCode", 11)?;
    Ok((Notice { creditor, number }, shown(&answer)?))
}

/// What a provider shows.
fn shown(answer: &Element) -> Read<Verified> {
    let option = answer
        .at("paymentList/paymentOptionDescription")
        .ok_or_else(|| malformed("no payment option"))?;
    if option.text("options") != Some("EQ") {
        return Err(malformed("options is not EQ"));
    }
    if !matches!(option.text("allCCP"), Some("true" | "false" | "1" | "0")) {
        return Err(malformed("allCCP is missing or not a boolean"));
    }
    optional_date(option, "dueDate")?;
    for (path, longest) in [("fiscalCodePA", 11), ("companyName", 140)] {
        required(answer, path, longest)?;
    }
    Ok(Verified {
        more: Shown {
            due: option.owned("dueDate"),
            company: answer.owned("companyName"),
            office: answer.owned("officeName"),
            all_postal: matches!(option.text("allCCP"), Some("true" | "1")),
        },
        stand_in: false,
        cents: amount(option, "amount")?,
        description: required(answer, "paymentDescription", 140)?,
    })
}

pub(crate) fn read_activation(body: &str, version: u8) -> Read<Answer> {
    let answer = read(
        body,
        if version == 1 {
            "paGetPaymentRes"
        } else {
            "paGetPaymentV2Response"
        },
    )?;
    let data = answer
        .at("data")
        .ok_or_else(|| malformed("outcome OK without data"))?;
    if data.text("dueDate").is_none() {
        return Err(malformed("dueDate is missing"));
    }
    optional_date(data, "dueDate")?;
    let debtor = data
        .at("debtor")
        .ok_or_else(|| malformed("debtor is missing"))?;
    let mut details = Details {
        payment: texts(data, &PAYMENT_FIELDS, if version == 1 { 1 } else { 2 })?,
        debtor: texts(debtor, &SUBJECT_FIELDS, 3)?,
        metadata: entries(data)?,
        ..Details::default()
    };
    if !matches!(details.debtor.first().map(String::as_str), Some("F" | "G")) {
        return Err(malformed("the debtor's type is neither F nor G"));
    }
    let mut transfers = Vec::new();
    let list = data
        .at("transferList")
        .ok_or_else(|| malformed("transferList is missing"))?;
    for transfer in list.all("transfer") {
        transfers.push(read_transfer(transfer, version)?);
        let mut texts = texts(transfer, &TRANSFER_FIELDS, 0)?;
        if texts.iter().skip(1).any(String::is_empty) {
            return Err(malformed(
                "remittanceInformation or transferCategory is missing",
            ));
        }
        if version == 1
            && let Some(company) = texts.first_mut()
        {
            company.clear();
        }
        details.transfers.push(texts);
        details.transfer_metadata.push(entries(transfer)?);
    }
    if details.transfer_metadata.iter().all(Vec::is_empty) {
        details.transfer_metadata.clear();
    }
    let cents = amount(data, "paymentAmount")?;
    check_transfers(&transfers, cents)?;
    Ok(Answer {
        stand_in: false,
        iuv: required(data, "creditorReferenceId", 35)?,
        cents,
        transfers,
        details,
    })
}

pub(crate) fn read_receipt_answer(body: &str, version: u8) -> Read<()> {
    read(
        body,
        if version == 1 {
            "paSendRTRes"
        } else {
            "paSendRTV2Response"
        },
    )
    .map(|_| ())
}

fn read_transfer(transfer: &Element, version: u8) -> Read<Transfer> {
    let stamp = match transfer.at("richiestaMarcaDaBollo") {
        Some(_) if version == 1 => return Err(malformed("V1 cannot ask for a stamp")),
        Some(request) => Some(stamps::read(request).map_err(malformed)?),
        None => None,
    };
    let iban = match stamp {
        Some(_) if transfer.at("IBAN").is_some() => {
            return Err(malformed(
                "a transfer asks for a stamp and names an account",
            ));
        }
        Some(_) => String::new(),
        None => required(transfer, "IBAN", 35)?,
    };
    let number = transfer
        .text("idTransfer")
        .and_then(|text| text.parse().ok())
        .filter(|n| (1..=5).contains(n));
    let org = required(transfer, "fiscalCodePA", 11)?;
    if org.len() != 11 || !org.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed(format!(
            "fiscalCodePA {org} is not eleven digits"
        )));
    }
    Ok(Transfer {
        n: number.ok_or_else(|| malformed("idTransfer is not 1 to 5"))?,
        cents: amount(transfer, "transferAmount")?,
        org,
        iban,
        stamp,
    })
}

fn check_transfers(transfers: &[Transfer], cents: u64) -> Read<()> {
    if !(1..=5).contains(&transfers.len()) {
        return Err(malformed(format!(
            "{} transfers, 1 to 5 are allowed",
            transfers.len()
        )));
    }
    let numbers: std::collections::BTreeSet<u8> =
        transfers.iter().map(|transfer| transfer.n).collect();
    if numbers.len() != transfers.len() {
        return Err(malformed("idTransfer occurs twice"));
    }
    let sum: u64 = transfers.iter().map(|transfer| transfer.cents).sum();
    if sum != cents {
        return Err(malformed(format!(
            "paymentAmount {} is not the sum of the transfers {}",
            euro(cents),
            euro(sum)
        )));
    }
    Ok(())
}

fn required(element: &Element, path: &str, longest: usize) -> Read<String> {
    let text = element
        .text(path)
        .ok_or_else(|| malformed(format!("{path} is missing or empty")))?;
    if text.chars().count() > longest {
        return Err(malformed(format!("{path} is longer than {longest}")));
    }
    Ok(text.to_owned())
}

/// The texts of `fields`, the first `mandatory` of which must be there; an optional element may
/// be missing but not empty.
fn texts(element: &Element, fields: &[(&str, usize)], mandatory: usize) -> Read<Vec<String>> {
    let one = |(index, (path, longest)): (usize, &(&str, usize))| {
        if index >= mandatory && element.at(path).is_none() {
            return Ok(String::new());
        }
        required(element, path, *longest)
    };
    fields.iter().enumerate().map(one).collect()
}

fn entries(element: &Element) -> Read<Vec<(String, String)>> {
    let entries = element.metadata();
    let fits = |text: &str| (1..=140).contains(&text.chars().count());
    if entries.len() > 15 || !entries.iter().all(|(key, value)| fits(key) && fits(value)) {
        return Err(malformed(
            "metadata has more than 15 entries or a text that is not 1 to 140 long",
        ));
    }
    Ok(entries)
}

fn amount(element: &Element, path: &str) -> Read<u64> {
    let cents = element
        .text(path)
        .and_then(parse_euro)
        .filter(|cents| *cents > 0);
    cents.ok_or_else(|| malformed(format!("{path} is not a positive amount with two decimals")))
}

fn optional_date(element: &Element, path: &str) -> Read<()> {
    match element.text(path) {
        Some(text) if text.len() != 10 || text.parse::<Day>().is_err() => {
            Err(malformed(format!("{path} is not a date")))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
