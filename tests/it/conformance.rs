//! What the stories say on the wire, against the official schemas: run by `make conformance`.
//!
//! With `PAGOPA_SCHEMAS` set, the door of the tests (`soap::send`) validates every answer of every story;
//! here stands what no story says, and that the validator can say no.

use crate::database::variable;
use crate::soap::{Message, template};
use crate::xsd::Schemas;

fn schemas() -> Schemas {
    let folder = variable("PAGOPA_SCHEMAS");
    Schemas::at(
        &folder.expect("PAGOPA_SCHEMAS is not set; `make conformance` says where the schemas are"),
    )
}

/// A receipt with everything in it.
fn full(operation: &str, transfer: &str) -> String {
    let values = [
        ("namespace", crate::soap::NAMESPACE),
        ("id_pa", "99999000203"),
        ("id_broker_pa", "99999000302"),
        ("id_station", "99999000302_01"),
        ("fiscal_code", "99999000203"),
        ("notice_number", "301000000000012362"),
        ("iuv", "01000000000012362"),
        ("amount", "10.00"),
        ("due_date", "2026-06-16"),
        ("payment_note", "nota"),
        ("transfer_type", "PAGOPA"),
        ("service", "00005"),
        ("service_subject", "00005"),
        ("details_base64", "PGEvPg=="),
        ("receipt_id", "token"),
        ("outcome", "OK"),
        ("description", "TARI"),
        ("company_name", "Comune"),
        ("office_name", "Ufficio"),
        ("debtor_type", "F"),
        ("payer_type", "G"),
        ("debtor_email", "m.rossi@example.it"),
        ("debtor_province", "AQ"),
        ("debtor_country", "IT"),
        ("id_transfer", "1"),
        ("transfer_amount", "10.00"),
        ("transfer_fiscal_code", "99999000203"),
        ("iban", "IT92E9999940440000000000201"),
        ("stamp_base64", "PGEvPg=="),
        ("fee", "1.00"),
        ("primary_ci_incurred_fee", "0.50"),
        ("payment_date_time", "2026-04-01T10:15:00"),
        ("application_date", "2026-04-01"),
        ("transfer_date", "2026-04-02"),
        ("stand_in", "false"),
    ];
    let mut text = template(operation).replace("{{transfers}}", &template(transfer));
    for (placeholder, value) in values {
        text = text.replace(&format!("{{{{{placeholder}}}}}"), value);
    }
    // Whatever is left takes any text.
    while let Some((before, rest)) = text.split_once("{{") {
        let (_, after) = rest.split_once("}}").unwrap();
        text = format!("{before}abc{after}");
    }
    text
}

#[test]
fn the_request_templates_conform() {
    let schemas = schemas();
    for (operation, transfer) in [
        ("paVerifyPaymentNotice", "transfer"),
        ("paGetPayment", "transfer"),
        ("paGetPaymentV2", "transfer"),
        ("paDemandPaymentNotice", "transfer"),
        ("paSendRT", "transfer"),
        ("paSendRTV2", "transferV2"),
        ("paSendRTV2", "transferV2Stamp"),
    ] {
        let message = full(operation, transfer);
        assert_eq!(
            schemas.faults(&message),
            Vec::<String>::new(),
            "{operation}\n{message}"
        );
    }
}

#[test]
fn the_validator_can_say_no() {
    let schemas = schemas();
    let good = Message::verify("301000000000012362").text();
    assert_eq!(schemas.faults(&good), Vec::<String>::new());
    let wrong = [
        good.replace("301000000000012362", "30100000000001236"),
        good.replace("<idPA>", "<pafn:idPA>")
            .replace("</idPA>", "</pafn:idPA>"),
        good.replace("soapenv:Body>", "soapenv:Bodi>"),
        good.replace("<soapenv:Body>", "<soapenv:Body/><soapenv:Body>"),
    ];
    for message in wrong {
        assert_ne!(schemas.faults(&message), Vec::<String>::new(), "{message}");
    }
}
