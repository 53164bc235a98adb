use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use crate::answers::{Answer, read_activation};
use crate::state::{Activated, Day, Paid, Status};

pub(crate) const V2: &str = r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd"><soapenv:Body><p:paGetPaymentV2Response><outcome>OK</outcome><data><creditorReferenceId>01000000000000158</creditorReferenceId><paymentAmount>105.00</paymentAmount><dueDate>2026-04-30</dueDate><description>TARI 2026 &amp; TEFA</description><companyName>Comune di Roccaverde</companyName><debtor><uniqueIdentifier><entityUniqueIdentifierType>F</entityUniqueIdentifierType><entityUniqueIdentifierValue>RSSMRA80A01H501U</entityUniqueIdentifierValue></uniqueIdentifier><fullName>Mario &lt;Rossi&gt;</fullName><city>Roccaverde</city><e-mail>m@example.it</e-mail></debtor><transferList><transfer><idTransfer>1</idTransfer><transferAmount>100.00</transferAmount><fiscalCodePA>80001230456</fiscalCodePA><companyName>Comune di Roccaverde</companyName><IBAN>IT60X0542811101000000123456</IBAN><remittanceInformation>/RFB/01000000000000158/100.00</remittanceInformation><transferCategory>9/0101002IM/</transferCategory><metadata><mapEntry><key>IBANAPPOGGIO</key><value>IT28W8000000292100645211208</value></mapEntry></metadata></transfer><transfer><idTransfer>2</idTransfer><transferAmount>5.00</transferAmount><fiscalCodePA>80009990012</fiscalCodePA><IBAN>IT28W8000000292100645211208</IBAN><remittanceInformation>TEFA</remittanceInformation><transferCategory>9/0201102IM/</transferCategory></transfer></transferList><metadata><mapEntry><key>codiceContratto</key><value>12</value></mapEntry></metadata></data></p:paGetPaymentV2Response></soapenv:Body></soapenv:Envelope>"#;

fn v1() -> String {
    V2.replace("paGetPaymentV2Response", "paGetPaymentRes")
}

fn door(version: u8) -> Door {
    Door {
        org: "80001230456".into(),
        broker: "80001230456".into(),
        station: "80001230456_01".into(),
        url: String::new(),
        version,
    }
}

fn payment(answer: Answer) -> Payment {
    let day: Day = "2026-03-06".parse().unwrap();
    Payment {
        activation: Activated {
            token: "0123456789abcdef0123456789abcdef".into(),
            creditor: "80001230456".into(),
            notice_number: "301000000000000158".into(),
            iuv: answer.iuv,
            psp: 3,
            day,
            cents: answer.cents,
            planned: None,
            complete_on: None,
            stand_in: false,
            transfers: answer.transfers,
            details: Some(Box::new(answer.details)),
        },
        status: Status::Paid,
        paid: Some(Paid {
            day,
            at: day.and_hms_opt(9, 5, 3).unwrap(),
            deliver_on: None,
            reported: crate::state::Reported::Executed,
        }),
        answered: vec![],
        delivered: false,
        settled: false,
    }
}

/// Checks a message against the official schemas, when they are at hand: the folder that has
/// `wsdl` and `xsd-common` is named by `PAGOPA_SCHEMAS`.
pub(crate) fn assert_valid(message: &str) {
    let Some(schemas) = std::env::var_os("PAGOPA_SCHEMAS") else {
        return;
    };
    let schemas = std::fs::canonicalize(schemas).unwrap();
    let wrapper = tempfile::NamedTempFile::with_suffix(".xsd").unwrap();
    let import = |namespace: &str, path: &str| {
        format!(
            r#"<import namespace="{namespace}" schemaLocation="{}"/>"#,
            schemas.join(path).display()
        )
    };
    let imports = [
        import(soap::ENVELOPE, "xsd-common/envelope.xsd"),
        import(soap::PA_FOR_NODE, "wsdl/xsd/paForNode.xsd"),
        import(soap::NODE_FOR_PSP, "wsdl/xsd/nodeForPsp.xsd"),
        import(soap::NODE_FOR_PA, "wsdl/xsd/nodeForPa.xsd"),
    ];
    let schema = format!(
        r#"<schema xmlns="http://www.w3.org/2001/XMLSchema">{}</schema>"#,
        imports.concat()
    );
    wrapper.as_file().write_all(schema.as_bytes()).unwrap();
    lint(wrapper.path(), message);
}

/// The same for a reporting flow.
pub(crate) fn assert_valid_flow(flow: &str) {
    if let Some(schemas) = std::env::var_os("PAGOPA_SCHEMAS") {
        let schemas = std::fs::canonicalize(schemas).unwrap();
        lint(
            &schemas.join("xsd-common/FlussoRiversamento_1_0_4.xsd"),
            flow,
        );
    }
}

fn lint(schema: &std::path::Path, message: &str) {
    let mut lint = Command::new("xmllint");
    lint.args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let mut lint = lint.spawn().unwrap();
    lint.stdin
        .take()
        .unwrap()
        .write_all(message.as_bytes())
        .unwrap();
    let done = lint.wait_with_output().unwrap();
    assert!(
        done.status.success(),
        "{}\n{message}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn every_request_is_valid_by_the_official_schemas() {
    assert_valid(&verify_request(&door(2), "301000000000000158"));
    assert_valid(&demand_request(&door(2), ("00042", "00001"), "PGEvPg=="));
    for version in [1, 2] {
        assert_valid(&activation_request(
            &door(version),
            "301000000000000158",
            Some(10_500),
        ));
        assert_valid(&activation_request(
            &door(version),
            "301000000000000158",
            None,
        ));
        let body = if version == 1 { v1() } else { V2.to_owned() };
        let mut payment = payment(read_activation(&body, version).unwrap());
        for token in ["0123456789abcdef0123456789abcdef", "b", "c", "d", "e"] {
            payment.activation.token = token.into();
            for reader in [1, 2] {
                assert_valid(&receipt_request(&door(reader), &payment).unwrap());
            }
        }
    }
}

#[test]
fn the_receipt_repeats_what_was_answered_to_the_activation() {
    let answer = read_activation(V2, 2).unwrap();
    assert_eq!(
        (answer.cents, answer.iuv.as_str(), answer.transfers.len()),
        (10_500, "01000000000000158", 2)
    );
    let payment = payment(answer);
    let receipt = receipt_request(&door(2), &payment).unwrap();
    for part in [
        "<pafn:paSendRTV2Request>",
        "<receiptId>0123456789abcdef0123456789abcdef</receiptId>",
        "<paymentAmount>105.00</paymentAmount>",
        "<description>TARI 2026 &amp; TEFA</description>",
        "<fullName>Mario &lt;Rossi&gt;</fullName>",
        "<key>IBANAPPOGGIO</key>",
        "<key>codiceContratto</key>",
        "<transferCategory>9/0201102IM/</transferCategory>",
        "<PSPCompanyName>Rete Botteghe &amp; Tabacchi Pagamenti S.r.l.</PSPCompanyName>",
        "<paymentDateTime>2026-03-06T09:05:03</paymentDateTime>",
        "<transferDate>2026-03-09</transferDate>",
    ] {
        assert!(receipt.contains(part), "{part} is not in\n{receipt}");
    }
    assert!(
        !receipt.contains("{{")
            && !receipt.contains("streetName")
            && !receipt.contains("officeName")
    );
    assert_eq!(receipt, receipt_request(&door(2), &payment).unwrap());
    let v1 = receipt_request(&door(1), &payment).unwrap();
    assert!(v1.contains("<pafn:paSendRTReq>") && !v1.contains("paSendRTV2"));
}
