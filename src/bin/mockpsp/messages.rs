//! The messages to a creditor station: what is written into the templates.

use crate::flows::working_day_after;
use crate::money::euro;
use crate::psps;
use crate::rng::Rng;
use crate::soap::{self, Fill, fill};
use crate::stamps;
use crate::state::{Details, Payment, Transfer};

/// Texts of a payment, with their greatest lengths; `Details` keeps them in this order.
pub(crate) const PAYMENT_FIELDS: [(&str, usize); 3] = [
    ("description", 140),
    ("companyName", 140),
    ("officeName", 140),
];
/// Texts of a debtor or payer.
pub(crate) const SUBJECT_FIELDS: [(&str, usize); 10] = [
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
/// Texts of a transfer.
pub(crate) const TRANSFER_FIELDS: [(&str, usize); 3] = [
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

/// A demand for a service, as the creditor and as the provider call it; `details` is its document in base64.
pub(crate) fn demand_request(
    door: &Door,
    (service, subject): (&str, &str),
    details: &str,
) -> String {
    fill(
        soap::DEMAND,
        &[
            ("idPA", Fill::Text(&door.org)),
            ("idBrokerPA", Fill::Text(&door.broker)),
            ("idStation", Fill::Text(&door.station)),
            ("service", Fill::Text(service)),
            ("subject", Fill::Text(subject)),
            ("details", Fill::Text(details)),
        ],
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
    let stamp = |transfer: &Transfer| {
        let of = (activation.token.as_str(), transfer.n);
        let stamp = transfer.stamp.as_ref();
        stamp.map(|stamp| stamps::attachment(stamp, of, (transfer.cents, psp, paid.at)))
    };
    let stamps: Vec<_> = activation.transfers.iter().map(stamp).collect();
    let transfers = transfers(door.version, &activation.transfers, (details, &stamps));
    let (amount, fee) = (euro(activation.cents), euro(psp.fee));
    let (moment, day) = (
        paid.at.format("%Y-%m-%dT%H:%M:%S").to_string(),
        paid.day.to_string(),
    );
    let settlement = working_day_after(paid.day).to_string();
    let metadata = metadata(&details.metadata);
    let stand_in = if activation.stand_in { "true" } else { "" };
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
        ("standIn", Fill::Text(stand_in)),
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

fn transfers(
    version: u8,
    transfers: &[Transfer],
    (details, stamps): (&Details, &[Option<String>]),
) -> String {
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
        let stamp = stamps.get(index).and_then(Option::as_deref);
        let stamp = stamp.unwrap_or_default();
        let mut values = vec![
            ("idTransfer", Fill::Text(&number)),
            ("transferAmount", Fill::Text(&amount)),
            ("fiscalCodePA", Fill::Text(&transfer.org)),
            ("IBAN", Fill::Text(&transfer.iban)),
            ("MBDAttachment", Fill::Text(stamp)),
            ("metadata", Fill::Xml(&entries)),
        ];
        if let Some(texts) = details.transfers.get(index) {
            values.extend(named(&TRANSFER_FIELDS, texts));
        }
        out.push_str(&fill(template, &values));
    }
    out
}

pub(crate) fn metadata(entries: &[(String, String)]) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let entry = |(key, value): &(String, String)| {
        fill(
            soap::MAP_ENTRY,
            &[("key", Fill::Text(key)), ("value", Fill::Text(value))],
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    fill(soap::METADATA, &[("entries", Fill::Xml(&entries))])
}

#[cfg(test)]
pub(crate) mod tests;
