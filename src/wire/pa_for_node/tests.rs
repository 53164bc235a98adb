//! The templates of `fixtures/soap`, filled, broken and answered.

use super::*;

mod facets;
mod requests;
mod responses;

const VERIFY: &str = include_str!("../../../fixtures/soap/paVerifyPaymentNotice.xml");
const GET_V1: &str = include_str!("../../../fixtures/soap/paGetPayment.xml");
const GET_V2: &str = include_str!("../../../fixtures/soap/paGetPaymentV2.xml");
const SEND_V1: &str = include_str!("../../../fixtures/soap/paSendRT.xml");
const SEND_V2: &str = include_str!("../../../fixtures/soap/paSendRTV2.xml");
const DEMAND: &str = include_str!("../../../fixtures/soap/paDemandPaymentNotice.xml");
const TRANSFER_V1: &str = include_str!("../../../fixtures/soap/transfer.xml");
const TRANSFER_V2: &str = include_str!("../../../fixtures/soap/transferV2.xml");
const TRANSFER_STAMP: &str = include_str!("../../../fixtures/soap/transferV2Stamp.xml");

const TEMPLATES: [(Operation, &str); 6] = [
    (Operation::Verify, VERIFY),
    (Operation::GetPayment(Version::V1), GET_V1),
    (Operation::GetPayment(Version::V2), GET_V2),
    (Operation::SendRt(Version::V1), SEND_V1),
    (Operation::SendRt(Version::V2), SEND_V2),
    (Operation::Demand, DEMAND),
];

const VALUES: &[(&str, &str)] = &[
    (
        "namespace",
        "http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd",
    ),
    ("id_pa", "77777777777"),
    ("id_broker_pa", "88888888888"),
    ("id_station", "88888888888_01"),
    ("fiscal_code", "77777777777"),
    ("notice_number", "301000000000123468"),
    ("amount", "120.50"),
    ("payment_note", "Pagamento &amp; nota"),
    ("transfer_type", "POSTAL"),
    ("due_date", "2026-11-30"),
    ("service", "00001"),
    ("service_subject", "00002"),
    ("details_base64", "PHRhOnRhc3NhQXV0by8+"),
    ("receipt_id", "c110729d258c4ab1b765fe902aae41d6"),
    ("outcome", "OK"),
    ("iuv", "01000000000123468"),
    ("description", "TARI 2026 città"),
    ("company_name", "Comune di Prova"),
    ("office_name", "Tributi"),
    ("debtor_type", "F"),
    ("debtor_code", "RSSMRA80A01H501U"),
    ("debtor_name", "Mario Rossi"),
    ("debtor_street", "Via Roma"),
    ("debtor_civic", "1/A"),
    ("debtor_postal_code", "00100"),
    ("debtor_city", "Roma"),
    ("debtor_province", "RM"),
    ("debtor_country", "IT"),
    ("debtor_email", "mario.rossi+1@example.org"),
    ("payer_type", "G"),
    ("payer_code", "12345678903"),
    ("payer_name", "Ditta Bianchi"),
    ("id_psp", "ABCDITMMXXX"),
    ("psp_fiscal_code", "12345678903"),
    ("psp_vat_number", "12345678903"),
    ("psp_name", "Banca Prova"),
    ("id_channel", "12345678903_01"),
    ("channel_description", "app"),
    ("payment_method", "creditCard"),
    ("fee", "1.50"),
    ("primary_ci_incurred_fee", "0.50"),
    ("id_bundle", "bundle-1"),
    ("id_ci_bundle", "cibundle-1"),
    ("payment_date_time", "2026-03-02T10:11:12.345"),
    ("application_date", "2026-03-02"),
    ("transfer_date", "2026-03-03"),
    ("metadata_key", "chiave"),
    ("metadata_value", "valore"),
    ("stand_in", "false"),
    ("id_transfer", "1"),
    ("transfer_amount", "120.50"),
    ("transfer_fiscal_code", "77777777777"),
    ("transfer_company_name", "Comune di Prova"),
    ("iban", "IT60X0542811101000000123456"),
    ("stamp_base64", "PG1hcmNhRGFCb2xsby8+"),
    (
        "remittance_information",
        "/RFB/01000000000123468/120.50/TXT/TARI",
    ),
    ("transfer_category", "9/0101101IM/"),
    ("transfer_metadata_key", "capitolo"),
    ("transfer_metadata_value", "1201"),
];

/// Fills a template; `changes` win over [`VALUES`]. Receipts get one transfer unless `transfers`
/// is among the changes.
fn filled(template: &str, changes: &[(&str, &str)]) -> String {
    let v1 = template.contains("paSendRTReq");
    let one = if v1 { TRANSFER_V1 } else { TRANSFER_V2 };
    let replace = |text: String, (name, value): &(&str, &str)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    };
    let text = changes.iter().fold(template.to_owned(), replace);
    let text = replace(text, &("transfers", one));
    let text = changes.iter().fold(text, replace);
    let text = VALUES.iter().fold(text, replace);
    assert!(!text.contains("{{"), "placeholder left in {text}");
    text
}

fn parsed(template: &str, changes: &[(&str, &str)]) -> Message {
    parse(filled(template, changes).as_bytes()).unwrap()
}

fn refused(message: &str) -> Refused {
    match parse(message.as_bytes()) {
        Err(Failure::Refused(refused)) => *refused,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn receipt_of(message: Message) -> Receipt {
    let Request::SendRt(request) = message.request else {
        panic!("expected a receipt")
    };
    request.receipt
}

fn violation(template: &str, changes: &[(&str, &str)]) -> (String, Rule) {
    let violation = refused(&filled(template, changes)).violation;
    (violation.path, violation.rule)
}
