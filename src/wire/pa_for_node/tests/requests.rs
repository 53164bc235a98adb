use proptest::prelude::*;

use super::*;
use crate::wire::soap::Why;
use crate::wire::time::Timestamp;

#[test]
fn every_template_is_read_in_both_namespaces() {
    for (operation, template) in TEMPLATES {
        for namespace in Namespace::ALL {
            let message = parsed(template, &[("namespace", namespace.uri())]);
            assert_eq!(
                (message.operation, message.namespace),
                (operation, namespace)
            );
            assert_eq!(message.header.id_pa, "77777777777");
            assert_eq!(message.header.id_broker_pa, "88888888888");
            assert_eq!(message.header.id_station, "88888888888_01");
        }
    }
}

#[test]
fn get_payment_reads_every_element() {
    for (template, version) in [(GET_V1, Version::V1), (GET_V2, Version::V2)] {
        let Request::GetPayment(request) = parsed(template, &[]).request else {
            panic!()
        };
        assert_eq!(request.version, version);
        assert_eq!(request.qr_code.fiscal_code, "77777777777");
        assert_eq!(request.qr_code.notice_number, "301000000000123468");
        assert_eq!(request.amount.unwrap().cents(), 12_050);
        assert_eq!(request.payment_note.unwrap(), "Pagamento & nota");
        assert_eq!(request.transfer_type, Some(TransferType::Postal));
        assert_eq!(request.due_date.unwrap().to_string(), "2026-11-30");
    }
}

#[test]
fn optional_elements_may_be_absent() {
    for name in ["amount", "paymentNote", "transferType", "dueDate"] {
        let message: String = filled(GET_V1, &[])
            .lines()
            .filter(|line| !line.contains(name))
            .collect();
        parse(message.as_bytes()).unwrap();
    }
    let mut message = filled(SEND_V2, &[]);
    for name in [
        "officeName",
        "streetName",
        "civicNumber",
        "postalCode",
        "city>",
        "stateProvinceRegion",
        "country>",
        "e-mail",
        "pspFiscalCode",
        "pspPartitaIVA",
        "paymentMethod",
        "paymentNote",
        "fee>",
        "primaryCiIncurredFee",
        "idBundle",
        "idCiBundle",
        "paymentDateTime",
        "applicationDate",
        "transferDate",
        "standIn",
        "<companyName>Comune di Prova</companyName>\n            <IBAN",
    ] {
        message = message
            .lines()
            .filter(|line| !line.contains(name))
            .map(|l| format!("{l}\n"))
            .collect();
    }
    let receipt = receipt_of(parse(message.as_bytes()).unwrap());
    assert_eq!(
        (receipt.fee, receipt.paid_at, receipt.stand_in),
        (None, None, false)
    );
}

#[test]
fn the_order_of_elements_is_tolerated() {
    let message = filled(VERIFY, &[]);
    let line = "      <idPA>77777777777</idPA>\n";
    let last = "    </pafn:paVerifyPaymentNoticeReq>";
    let moved = message
        .replace(line, "")
        .replace(last, &format!("{line}{last}"));
    assert_ne!(moved, message);
    let straight = parse(message.as_bytes()).unwrap();
    assert_eq!(parse(moved.as_bytes()).unwrap(), straight);
}

#[test]
fn unknown_elements_are_ignored_because_the_platform_adds_some() {
    let message = filled(
        SEND_V2,
        &[(
            "transfers",
            &format!("{TRANSFER_V2}<novelty><a/></novelty>"),
        )],
    );
    assert_eq!(
        receipt_of(parse(message.as_bytes()).unwrap())
            .transfers
            .len(),
        1
    );
}

#[test]
fn a_receipt_is_read_whole() {
    let receipt = receipt_of(parsed(SEND_V2, &[]));
    assert_eq!(receipt.receipt_id, "c110729d258c4ab1b765fe902aae41d6");
    assert_eq!(receipt.outcome, Outcome::Ok);
    assert_eq!(receipt.payment_amount.as_str(), "120.50");
    assert_eq!(receipt.description, "TARI 2026 città");
    assert_eq!(receipt.debtor.kind, PersonKind::Natural);
    assert_eq!(
        receipt.debtor.email.as_deref(),
        Some("mario.rossi+1@example.org")
    );
    assert_eq!(receipt.payer.as_ref().unwrap().kind, PersonKind::Legal);
    assert_eq!(receipt.payer.unwrap().street_name, None);
    assert_eq!(receipt.psp.company_name, "Banca Prova");
    assert_eq!(receipt.psp.vat_number.as_deref(), Some("12345678903"));
    assert_eq!(receipt.fee.unwrap().cents(), 150);
    assert_eq!(receipt.primary_ci_incurred_fee.unwrap().cents(), 50);
    assert_eq!(receipt.id_ci_bundle.as_deref(), Some("cibundle-1"));
    assert!(matches!(receipt.paid_at, Some(Timestamp::Local(_))));
    let metadata = MapEntry {
        key: "chiave".to_owned(),
        value: "valore".to_owned(),
    };
    assert_eq!(receipt.metadata, [metadata]);
    let transfer = &receipt.transfers[0];
    assert_eq!((transfer.id, transfer.amount.cents()), (1, 12_050));
    assert_eq!(
        transfer.destination,
        Destination::Iban("IT60X0542811101000000123456".to_owned())
    );
    assert_eq!(transfer.transfer_category, "9/0101101IM/");
}

#[test]
fn both_versions_of_a_receipt_make_one_model() {
    let v1 = receipt_of(parsed(SEND_V1, &[]));
    let mut v2 = receipt_of(parsed(SEND_V2, &[]));
    v2.payment_note = None;
    v2.primary_ci_incurred_fee = None;
    v2.id_bundle = None;
    v2.id_ci_bundle = None;
    v2.transfers[0].company_name = None;
    assert_eq!(v1, v2);
}

#[test]
fn a_stamp_comes_decoded_and_only_in_v2() {
    let receipt = receipt_of(parsed(SEND_V2, &[("transfers", TRANSFER_STAMP)]));
    assert_eq!(
        receipt.transfers[0].destination,
        Destination::Stamp(b"<marcaDaBollo/>".to_vec())
    );
    let path = "receipt/transferList/transfer[1]";
    let both = TRANSFER_STAMP.replace("<MBD", "<IBAN>{{iban}}</IBAN><MBD");
    let found = violation(SEND_V2, &[("transfers", &both)]);
    let rule = Rule::OnlyOne {
        among: "IBAN and MBDAttachment",
    };
    assert_eq!(found, (format!("{path}/MBDAttachment"), rule));
    let found = violation(SEND_V1, &[("transfers", TRANSFER_STAMP)]);
    assert_eq!(found, (format!("{path}/IBAN"), Rule::Missing));
    let neither = TRANSFER_V2.replace("<IBAN>{{iban}}</IBAN>", "");
    let found = violation(SEND_V2, &[("transfers", &neither)]);
    assert_eq!(found, (format!("{path}/IBAN"), Rule::Missing));
}

#[test]
fn stand_in_is_read_in_both_places_and_spellings() {
    let bare = filled(SEND_V2, &[("stand_in", "false")]);
    assert!(!receipt_of(parse(bare.as_bytes()).unwrap()).stand_in);
    let inside = "<standIn>false</standIn>";
    let root_end = "</pafn:paSendRTV2Request>";
    for name in ["standIn", "standin"] {
        for value in ["true", "1", " true\n"] {
            let element = format!("<{name}>{value}</{name}>");
            for message in [
                bare.replace(inside, &element),
                bare.replace(root_end, &format!("{element}{root_end}")),
                bare.replace(inside, "")
                    .replace(root_end, &format!("{element}{root_end}")),
            ] {
                assert!(
                    receipt_of(parse(message.as_bytes()).unwrap()).stand_in,
                    "{element}"
                );
            }
        }
    }
}

#[test]
fn one_to_five_transfers() {
    let five = receipt_of(parsed(SEND_V2, &[("transfers", &TRANSFER_V2.repeat(5))]));
    assert_eq!(five.transfers.len(), 5);
    let six = violation(SEND_V2, &[("transfers", &TRANSFER_V2.repeat(6))]);
    let expected = (
        "receipt/transferList/transfer[6]".to_owned(),
        Rule::TooMany { max: 5 },
    );
    assert_eq!(six, expected);
    let none = violation(SEND_V1, &[("transfers", "")]);
    assert_eq!(
        none,
        ("receipt/transferList/transfer".to_owned(), Rule::Missing)
    );
}

#[test]
fn one_to_fifteen_metadata_entries() {
    let entry = "<mapEntry><key>k</key><value>v</value></mapEntry>";
    let with = |count: usize| {
        let from = filled(SEND_V1, &[]);
        let (head, tail) = from.rsplit_once("<metadata>").unwrap();
        let (_, tail) = tail.split_once("</metadata>").unwrap();
        format!("{head}<metadata>{}</metadata>{tail}", entry.repeat(count))
    };
    assert_eq!(
        receipt_of(parse(with(15).as_bytes()).unwrap())
            .metadata
            .len(),
        15
    );
    let found = refused(&with(16)).violation;
    assert_eq!(found.path, "receipt/metadata/mapEntry[16]");
    assert_eq!(found.rule, Rule::TooMany { max: 15 });
    assert_eq!(refused(&with(0)).violation.rule, Rule::Missing);
}

#[test]
fn white_space_around_values_is_tolerated_and_blank_optionals_are_absent() {
    let message = parsed(
        GET_V1,
        &[("amount", "\n 12.00\t"), ("id_pa", " 77777777777 ")],
    );
    assert_eq!(message.header.id_pa, "77777777777");
    let receipt = receipt_of(parsed(
        SEND_V2,
        &[("transfer_company_name", " "), ("company_name", " ")],
    ));
    assert_eq!(receipt.transfers[0].company_name, None);
    assert_eq!(receipt.company_name, " ");
}

#[test]
fn missing_repeated_and_misplaced_elements_say_where() {
    let verify = filled(VERIFY, &[]);
    let station = "<idStation>88888888888_01</idStation>";
    let found = refused(&verify.replace(station, "")).violation;
    assert_eq!(
        (found.path.as_str(), found.rule),
        ("idStation", Rule::Missing)
    );
    let found = refused(&verify.replace(station, &station.repeat(2))).violation;
    assert_eq!(
        (found.path.as_str(), found.rule),
        ("idStation", Rule::Repeated)
    );
    let offset = verify.find(station).unwrap() + station.len();
    assert_eq!(found.offset, u64::try_from(offset).unwrap());
    let found = refused(&verify.replace("<qrCode>", "<qrCode>junk")).violation;
    assert_eq!(
        (found.path.as_str(), found.rule),
        ("qrCode", Rule::NotElements)
    );
    let nested = "<idStation><a/></idStation>";
    let found = refused(&verify.replace(station, nested)).violation;
    assert_eq!(
        (found.path.as_str(), found.rule),
        ("idStation", Rule::NotText)
    );
    let text = "<qrCode>301000000000123468</qrCode>";
    let (head, tail) = verify.split_once("<qrCode>").unwrap();
    let (_, tail) = tail.split_once("</qrCode>").unwrap();
    let found = refused(&format!("{head}{text}{tail}")).violation;
    assert_eq!(
        (found.path.as_str(), found.rule),
        ("qrCode", Rule::NotElements)
    );
}

#[test]
fn a_refusal_keeps_what_could_be_read() {
    let message = filled(SEND_V2, &[("id_station", ""), ("amount", "1.5")]);
    let refused = refused(&message);
    assert_eq!(refused.operation, Operation::SendRt(Version::V2));
    assert_eq!(refused.namespace, Namespace::Current);
    assert_eq!(refused.header.id_pa.as_deref(), Some("77777777777"));
    assert_eq!(refused.header.id_station, None);
    assert_eq!(refused.notice_number.as_deref(), Some("301000000000123468"));
    assert_eq!(refused.violation.rule, Rule::Empty);
    let failure = parse(message.as_bytes()).unwrap_err();
    assert!(
        failure
            .to_string()
            .starts_with("paSendRTV2: idStation: empty (byte "),
        "{failure}"
    );
    assert_eq!(failure.to_soap_fault(), None);
}

#[test]
fn unknown_bodies_deserve_a_soap_fault() {
    for (from, to) in [
        (
            "http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd",
            "urn:other",
        ),
        ("paVerifyPaymentNoticeReq", "paVerifyPaymentNoticeRes"),
        ("paVerifyPaymentNoticeReq", "paaVerificaRPT"),
    ] {
        let failure = parse(filled(VERIFY, &[]).replace(from, to).as_bytes()).unwrap_err();
        assert!(
            matches!(failure, Failure::UnknownOperation { .. }),
            "{failure}"
        );
        assert!(failure.to_string().contains(to));
        let fault = soap::read(&failure.to_soap_fault().unwrap()).unwrap();
        assert_eq!(fault.name, "Fault");
    }
    let long = filled(VERIFY, &[]).replace("paVerifyPaymentNoticeReq", &"a".repeat(10_000));
    assert!(parse(long.as_bytes()).unwrap_err().to_string().len() < 300);
}

#[test]
fn a_megabyte_in_a_field_is_refused() {
    let failure = parse(filled(VERIFY, &[("id_pa", &"7".repeat(1 << 20))]).as_bytes());
    assert!(matches!(failure, Err(Failure::Unreadable(e)) if e.why == Why::TooLarge));
    let failure = parse(filled(VERIFY, &[("id_pa", &"7".repeat(300 << 10))]).as_bytes());
    assert!(matches!(failure, Err(Failure::Unreadable(e)) if e.why == Why::TextTooLong));
    let found = violation(VERIFY, &[("id_pa", &"7".repeat(200 << 10))]);
    assert_eq!(
        found.1,
        Rule::Length {
            min: 1,
            max: 35,
            found: 200 << 10
        }
    );
}

#[test]
fn errors_never_quote_values() {
    let message = filled(
        SEND_V1,
        &[("debtor_email", "RSSMRA80A01H501U"), ("debtor_name", "")],
    );
    assert!(
        !parse(message.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("RSS")
    );
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<proptest::sample::Index>(), 0..4u8, any::<u8>());
    let edits = proptest::collection::vec(edit, 1..12);
    (0..TEMPLATES.len(), edits).prop_map(|(which, edits)| {
        let mut bytes = filled(TEMPLATES[which].1, &[]).into_bytes();
        for (at, kind, byte) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => {
                    let piece: Vec<u8> = bytes[at..]
                        .iter()
                        .take(usize::from(byte))
                        .copied()
                        .collect();
                    bytes.splice(at..at, piece);
                }
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn parse_never_panics_on_mutated_messages(bytes in mutated()) {
        if let Err(failure) = parse(&bytes) {
            prop_assert!(!failure.to_string().is_empty());
        }
    }

    #[test]
    fn parse_never_panics_on_odd_values(value in "\\PC{0,40}", which in 0..VALUES.len()) {
        let escaped = value.replace('&', "&amp;").replace('<', "&lt;").replace('{', "");
        for (_, template) in TEMPLATES {
            let _ = parse(filled(template, &[(VALUES[which].0, &escaped)]).as_bytes());
        }
    }
}
