//! The three calls to a creditor station: what is written into the templates and what the node
//! demands of the answers. The demands are the schema's and the node's own semantic checks.

use serde::Serialize;

use crate::flows::working_day_after;
use crate::money::{euro, parse_euro};
use crate::psps;
use crate::rng::Rng;
use crate::soap::{self, Element, Fill, fill, read_answer};
use crate::state::{Day, Details, Payment, Transfer};

const PAYMENT_FIELDS: [(&str, usize); 3] = [
    ("description", 140),
    ("companyName", 140),
    ("officeName", 140),
];
const SUBJECT_FIELDS: [(&str, usize); 10] = [
    ("uniqueIdentifier/entityUniqueIdentifierType", 1),
    ("uniqueIdentifier/entityUniqueIdentifierValue", 16),
    ("fullName", 70),
    ("streetName", 70),
    ("civicNumber", 16),
    ("postalCode", 16),
    ("city", 35),
    ("stateProvinceRegion", 35),
    ("country", 2),
    ("e-mail", 256),
];
const TRANSFER_FIELDS: [(&str, usize); 3] = [
    ("companyName", 140),
    ("remittanceInformation", 140),
    ("transferCategory", 140),
];

/// A station of a creditor, as the node addresses it.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) org: String,
    pub(crate) broker: String,
    pub(crate) station: String,
    pub(crate) url: String,
    pub(crate) version: u8,
}

impl Door {
    /// How deliveries to this station are named in the journal.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.org, self.station)
    }
}

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
    pub(crate) cents: u64,
    pub(crate) description: String,
}

/// What an activation answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) iuv: String,
    pub(crate) cents: u64,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) details: Details,
}

pub(crate) fn verify_request(door: &Door, notice_number: &str) -> String {
    request(soap::VERIFY, door, notice_number, "")
}

/// The activation; `cents` is the amount the payer was shown, if there was a verification.
pub(crate) fn activation_request(door: &Door, notice_number: &str, cents: Option<u64>) -> String {
    let template = if door.version == 1 {
        soap::GET_V1
    } else {
        soap::GET_V2
    };
    request(
        template,
        door,
        notice_number,
        &cents.map(euro).unwrap_or_default(),
    )
}

fn request(template: &str, door: &Door, notice_number: &str, amount: &str) -> String {
    fill(
        template,
        &[
            ("idPA", Fill::Text(&door.org)),
            ("idBrokerPA", Fill::Text(&door.broker)),
            ("idStation", Fill::Text(&door.station)),
            ("noticeNumber", Fill::Text(notice_number)),
            ("amount", Fill::Text(amount)),
        ],
    )
}

/// The receipt of a collected payment for one recipient. It depends on nothing but what was
/// stored, so a receipt that is sent again is the same to the byte.
pub(crate) fn receipt_request(door: &Door, payment: &Payment) -> Option<String> {
    let (paid, activation) = (payment.paid?, &payment.activation);
    let details = activation.details.as_deref()?;
    let psp = psps::get(activation.psp);
    let mut rng = Rng::of(0, &["payer", &activation.token]);
    let debtor = subject(&details.debtor);
    let payer = if rng.chance(600) {
        fill(soap::PAYER, &[("payer", Fill::Xml(&debtor))])
    } else {
        String::new()
    };
    let methods: &[&str] = if door.version == 1 {
        &["cash", "creditCard", "bancomat", "other"]
    } else {
        &["CP", "BBT", "PO", "PPAL"]
    };
    let method = rng.pick(methods).copied().unwrap_or_default();
    let transfers = transfers(door.version, &activation.transfers, details);
    let (amount, fee) = (euro(activation.cents), euro(psp.fee));
    let (moment, day) = (
        paid.at.format("%Y-%m-%dT%H:%M:%S").to_string(),
        paid.day.to_string(),
    );
    let settlement = working_day_after(paid.day).to_string();
    let metadata = metadata(&details.metadata);
    let mut values = vec![
        ("idPA", Fill::Text(&door.org)),
        ("idBrokerPA", Fill::Text(&door.broker)),
        ("idStation", Fill::Text(&door.station)),
        ("receiptId", Fill::Text(&activation.token)),
        ("noticeNumber", Fill::Text(&activation.notice_number)),
        ("fiscalCode", Fill::Text(&activation.creditor)),
        ("creditorReferenceId", Fill::Text(&activation.iuv)),
        ("paymentAmount", Fill::Text(&amount)),
        ("debtor", Fill::Xml(&debtor)),
        ("transfers", Fill::Xml(&transfers)),
        ("idPSP", Fill::Text(psp.id)),
        ("pspFiscalCode", Fill::Text(psp.tax_code)),
        ("pspPartitaIVA", Fill::Text(psp.tax_code)),
        ("PSPCompanyName", Fill::Text(psp.name)),
        ("idChannel", Fill::Text(psp.channel)),
        ("channelDescription", Fill::Text(psp.channel_text)),
        ("payer", Fill::Xml(&payer)),
        ("paymentMethod", Fill::Text(method)),
        ("fee", Fill::Text(&fee)),
        ("paymentDateTime", Fill::Text(&moment)),
        ("applicationDate", Fill::Text(&day)),
        ("transferDate", Fill::Text(&settlement)),
        ("metadata", Fill::Xml(&metadata)),
    ];
    values.extend(named(&PAYMENT_FIELDS, &details.payment));
    Some(fill(
        if door.version == 1 {
            soap::RT_V1
        } else {
            soap::RT_V2
        },
        &values,
    ))
}

fn named<'a>(
    fields: &[(&'static str, usize)],
    texts: &'a [String],
) -> Vec<(&'static str, Fill<'a>)> {
    let last = |path: &'static str| path.rsplit('/').next().unwrap_or(path);
    fields
        .iter()
        .zip(texts)
        .map(|((path, _), text)| (last(path), Fill::Text(text)))
        .collect()
}

fn subject(texts: &[String]) -> String {
    fill(soap::SUBJECT, &named(&SUBJECT_FIELDS, texts))
}

fn transfers(version: u8, transfers: &[Transfer], details: &Details) -> String {
    let template = if version == 1 {
        soap::TRANSFER_V1
    } else {
        soap::TRANSFER_V2
    };
    let mut out = String::new();
    for (index, transfer) in transfers.iter().enumerate() {
        let (number, amount) = (transfer.n.to_string(), euro(transfer.cents));
        let entries = details
            .transfer_metadata
            .get(index)
            .map(|entries| metadata(entries))
            .unwrap_or_default();
        let mut values = vec![
            ("idTransfer", Fill::Text(&number)),
            ("transferAmount", Fill::Text(&amount)),
            ("fiscalCodePA", Fill::Text(&transfer.org)),
            ("IBAN", Fill::Text(&transfer.iban)),
            ("metadata", Fill::Xml(&entries)),
        ];
        if let Some(texts) = details.transfers.get(index) {
            values.extend(named(&TRANSFER_FIELDS, texts));
        }
        out.push_str(&fill(template, &values));
    }
    out
}

fn metadata(entries: &[(String, String)]) -> String {
    let entry = |(key, value): &(String, String)| {
        fill(
            soap::MAP_ENTRY,
            &[("key", Fill::Text(key)), ("value", Fill::Text(value))],
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    fill(soap::METADATA, &[("entries", Fill::Xml(&entries))])
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
    let answer = read(body, "paVerifyPaymentNoticeRes")?;
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
        required(&answer, path, longest)?;
    }
    Ok(Verified {
        cents: amount(option, "amount")?,
        description: required(&answer, "paymentDescription", 140)?,
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
        transfers.push(read_transfer(transfer)?);
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

fn read_transfer(transfer: &Element) -> Read<Transfer> {
    if transfer.at("richiestaMarcaDaBollo").is_some() {
        return Err(malformed(
            "a stamp can only be bought on the creditor's own pages",
        ));
    }
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
        iban: required(transfer, "IBAN", 35)?,
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
