use chrono::{DateTime, NaiveDate};

use super::*;
use crate::wire::amount::Amount;

fn words(text: &str) -> String {
    text.to_owned()
}

fn due() -> VerifyRes {
    VerifyRes {
        amount: Amount::from_cents(12_050).unwrap(),
        due_date: NaiveDate::from_ymd_opt(2026, 11, 30),
        detail_description: Some(words("rata 1 di 2")),
        all_ccp: false,
        payment_description: words("TARI 2026 <città> & \"altro\""),
        fiscal_code_pa: words("77777777777"),
        company_name: words("Comune di Prova"),
        office_name: Some(words("Tributi")),
    }
}

fn debtor() -> Subject {
    Subject {
        kind: PersonKind::Natural,
        code: words("RSSMRA80A01H501U"),
        full_name: words("Mario D'Àrco"),
        street_name: Some(words("Via Roma")),
        civic_number: Some(words("1/A")),
        postal_code: Some(words("00100")),
        city: Some(words("Roma")),
        state_province_region: Some(words("RM")),
        country: Some(words("it")),
        email: Some(words("mario@example.org")),
    }
}

fn transfer(id: u8, account: Account) -> TransferV2 {
    TransferV2 {
        id,
        amount: Amount::from_cents(6_025).unwrap(),
        fiscal_code_pa: words("77777777777"),
        company_name: Some(words("Comune di Prova")),
        account,
        remittance_information: words("/RFB/01000000000123468/60.25/TXT/TARI"),
        transfer_category: words("9/0101101IM/"),
        metadata: vec![MapEntry {
            key: words("IBANAPPOGGIO"),
            value: words("IT60X07601"),
        }],
    }
}

fn payment(accounts: [Account; 2]) -> Payment<TransferV2> {
    let [first, second] = accounts;
    Payment {
        creditor_reference_id: words("01000000000123468"),
        payment_amount: Amount::from_cents(12_050).unwrap(),
        due_date: NaiveDate::from_ymd_opt(2999, 12, 31).unwrap(),
        retention_date: DateTime::from_timestamp(1_772_445_600, 0),
        last_payment: Some(true),
        description: words("TARI 2026"),
        company_name: words("Comune di Prova"),
        office_name: Some(words("Tributi")),
        debtor: debtor(),
        transfers: vec![transfer(1, first), transfer(2, second)],
        metadata: vec![MapEntry {
            key: words("k"),
            value: words("v"),
        }],
    }
}

fn iban() -> Account {
    Account::Iban(words("IT60X0542811101000000123456"))
}

fn stamp() -> Account {
    Account::Stamp(StampDuty {
        document_sha256: [7; 32],
        province: words("RM"),
    })
}

fn fault() -> Fault {
    Fault {
        code: words("PAA_PAGAMENTO_SCONOSCIUTO"),
        string: words("Pagamento in attesa risulta sconosciuto all'Ente Creditore"),
        id: words("77777777777"),
        description: None,
    }
}

/// One of each, and a KO for every operation.
fn every_response() -> Vec<Response> {
    let qr_code = QrCode {
        fiscal_code: words("77777777777"),
        notice_number: words("301000000000123468"),
    };
    let mut all = vec![
        Response::Verify(due()),
        Response::GetPaymentV1(Box::new(payment([iban(), iban()]).into_v1().unwrap())),
        Response::GetPaymentV2(Box::new(payment([iban(), stamp()]))),
        Response::Ack(Version::V1),
        Response::Ack(Version::V2),
        Response::Demand(DemandRes {
            qr_code,
            due: due(),
        }),
    ];
    all.extend(Operation::ALL.map(|operation| Response::Ko(operation, fault())));
    all
}

/// The tree as `name`, `name=text` or `name(children)`.
fn outline(element: &Element) -> String {
    if element.children.is_empty() {
        return format!("{}={}", element.name, element.text);
    }
    let children: Vec<_> = element.children.iter().map(outline).collect();
    format!("{}({})", element.name, children.join(" "))
}

fn read_back(response: &Response) -> Element {
    soap::read(&response.to_xml(Namespace::Current)).unwrap()
}

#[test]
fn answers_go_out_in_the_namespace_of_the_caller_under_the_root_of_the_operation() {
    for response in every_response() {
        for namespace in Namespace::ALL {
            let root = soap::read(&response.to_xml(namespace)).unwrap();
            assert_eq!(root.namespace, namespace.uri());
            assert_eq!(root.name, response.operation().response_root());
            let outcome = if matches!(response, Response::Ko(..)) {
                "KO"
            } else {
                "OK"
            };
            assert_eq!(outline(&root.children[0]), format!("outcome={outcome}"));
            assert!(root.children.iter().all(|child| child.namespace.is_empty()));
        }
    }
}

#[test]
fn a_verified_notice_reads_in_the_order_of_the_schema() {
    assert_eq!(
        outline(&read_back(&Response::Verify(due()))),
        "paVerifyPaymentNoticeRes(outcome=OK \
         paymentList(paymentOptionDescription(amount=120.50 options=EQ dueDate=2026-11-30 \
         detailDescription=rata 1 di 2 allCCP=false)) \
         paymentDescription=TARI 2026 <città> & \"altro\" fiscalCodePA=77777777777 \
         companyName=Comune di Prova officeName=Tributi)"
    );
}

#[test]
fn a_payment_reads_in_the_order_of_the_schema() {
    let response = Response::GetPaymentV2(Box::new(payment([iban(), stamp()])));
    assert_eq!(
        outline(&read_back(&response)),
        "paGetPaymentV2Response(outcome=OK data(creditorReferenceId=01000000000123468 \
         paymentAmount=120.50 dueDate=2999-12-31 retentionDate=2026-03-02T10:00:00Z \
         lastPayment=true description=TARI 2026 companyName=Comune di Prova officeName=Tributi \
         debtor(uniqueIdentifier(entityUniqueIdentifierType=F \
         entityUniqueIdentifierValue=RSSMRA80A01H501U) fullName=Mario D'Àrco \
         streetName=Via Roma civicNumber=1/A postalCode=00100 city=Roma \
         stateProvinceRegion=RM country=IT e-mail=mario@example.org) \
         transferList(transfer(idTransfer=1 transferAmount=60.25 fiscalCodePA=77777777777 \
         companyName=Comune di Prova IBAN=IT60X0542811101000000123456 \
         remittanceInformation=/RFB/01000000000123468/60.25/TXT/TARI \
         transferCategory=9/0101101IM/ \
         metadata(mapEntry(key=IBANAPPOGGIO value=IT60X07601))) \
         transfer(idTransfer=2 transferAmount=60.25 fiscalCodePA=77777777777 \
         companyName=Comune di Prova \
         richiestaMarcaDaBollo(hashDocumento=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc= \
         tipoBollo=01 provinciaResidenza=RM) \
         remittanceInformation=/RFB/01000000000123468/60.25/TXT/TARI \
         transferCategory=9/0101101IM/ \
         metadata(mapEntry(key=IBANAPPOGGIO value=IT60X07601)))) \
         metadata(mapEntry(key=k value=v))))"
    );
}

#[test]
fn a_fault_always_has_its_three_mandatory_parts() {
    let empty = Fault {
        code: words(""),
        string: words(" "),
        id: words(""),
        description: Some(words("")),
    };
    assert_eq!(
        outline(&read_back(&Response::Ko(Operation::Verify, empty))),
        "paVerifyPaymentNoticeRes(outcome=KO fault(faultCode=- faultString=- id=-))"
    );
}

#[test]
fn empty_optionals_are_omitted_and_refusable_ones_left_out() {
    let mut response = payment([iban(), iban()]);
    response.office_name = Some(words("  "));
    response.retention_date = None;
    response.last_payment = None;
    response.metadata = vec![MapEntry {
        key: words("k"),
        value: words(""),
    }];
    response.debtor = Subject {
        street_name: Some(words("")),
        civic_number: None,
        postal_code: None,
        city: None,
        state_province_region: None,
        country: Some(words("Italia")),
        email: Some(words("mario rossi@example")),
        ..debtor()
    };
    let text = outline(&read_back(&Response::GetPaymentV2(Box::new(response))));
    for name in [
        "officeName",
        "retentionDate",
        "lastPayment",
        "streetName",
        "country",
        "e-mail",
    ] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    assert!(!text.contains("key=k"));
}

#[test]
fn long_texts_are_cut_to_the_schema() {
    let mut response = payment([iban(), iban()]);
    response.description = "è".repeat(500);
    response.debtor.full_name = format!("{} {}", "x".repeat(69), "y".repeat(60));
    response.metadata = vec![
        MapEntry {
            key: "k".repeat(300),
            value: words("v")
        };
        20
    ];
    let text = outline(&read_back(&Response::GetPaymentV2(Box::new(response))));
    assert!(text.contains(&format!("description={} ", "è".repeat(140))));
    assert!(text.contains(&format!("fullName={} ", "x".repeat(69))));
    assert_eq!(
        text.matches(&format!("key={} ", "k".repeat(140))).count(),
        15
    );
}

#[test]
fn a_stamp_cannot_be_sold_in_v1() {
    assert_eq!(payment([iban(), stamp()]).into_v1(), None);
}

proptest::proptest! {
    #[test]
    fn any_text_goes_out_well_formed(text in proptest::prelude::any::<String>()) {
        let mut verify = due();
        verify.payment_description = text.clone();
        verify.office_name = Some(text.clone());
        let fault = Fault { string: text.clone(), description: Some(text), ..fault() };
        for response in [Response::Verify(verify), Response::Ko(Operation::Demand, fault)] {
            proptest::prop_assert_eq!(&read_back(&response).name, response.operation().response_root());
        }
    }
}
