//! What must hold whatever strangers send. A target reads bytes as the engine does, and panics when what was
//! read breaks a law; `tests/fuzz` looks for such bytes, `tests/it/corpus.rs` replays those that were found
//! interesting.

use std::collections::BTreeMap;

use avviso::domain::calendar::{self, Day};
use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::iban::Iban;
use avviso::domain::money::Cents;
use avviso::domain::notice_number::{Iuv, NoticeNumber};
use avviso::domain::payload::QrPayload;
use avviso::domain::search::{self, Sought};
use avviso::domain::service::{self, Beneficiary, Destination, OptionDraft, Service};
use avviso::domain::taxonomy::TaxonomyCode;
use avviso::domain::treasury::{self, Reference};
use avviso::wire::giornale::{
    AMOUNT_CENTS_MAX, Dates, Decimal, Entries, Field, Form, Layout, REFERENCE_CHARS_MAX,
};
use avviso::wire::pa_for_node::{self, Failure, Fault, Response};
use avviso::wire::{fdr_rest, fdr_soap};
use avviso::wire::{soap, strict_json};

/// What is done with the bytes.
type Target = fn(&[u8]);

/// Every target by its name, which is the folder of its corpus.
pub(crate) const ALL: &[(&str, Target)] = &[
    ("soap", soap),
    ("flow_json", flow_json),
    ("flow_xml", flow_xml),
    ("treasury_xml", treasury_xml),
    ("journal_csv", journal_csv),
    ("bank_csv", bank_csv),
    ("codes", codes),
    ("json", json),
];

/// A request of the node is read, or answered in an envelope that can be read.
fn soap(data: &[u8]) {
    let (namespace, operation, said) = match pa_for_node::parse(data) {
        Ok(message) => (message.namespace, message.operation, None),
        Err(Failure::Refused(refused)) => {
            let said = refused.violation.to_string();
            (refused.namespace, refused.operation, Some(said))
        }
        Err(failure) => {
            let fault = failure
                .to_soap_fault()
                .expect("a fault for what is no request");
            assert_eq!(
                soap::read(&fault).map(|body| body.name),
                Ok("Fault".to_owned())
            );
            return;
        }
    };
    let text = String::from_utf8_lossy(data);
    let fault = Fault {
        code: "PAA_SINTASSI_XSD".to_owned(),
        string: said.unwrap_or_default(),
        id: "77777777777".to_owned(),
        // A stranger's text, as descriptions may quote one.
        description: Some(text.into_owned()),
    };
    let answer = Response::Ko(operation, fault).to_xml(namespace);
    let body = soap::read(&answer).expect("an answer that can be read");
    assert_eq!(
        (body.namespace.as_str(), body.name.as_str()),
        (namespace.uri(), operation.response_root())
    );
}

/// An answer of the flow service in JSON.
fn flow_json(data: &[u8]) {
    let _any = fdr_rest::error(data);
    if let Ok(page) = fdr_rest::flows(data) {
        for flow in page.rows.into_iter().flatten() {
            assert!(flow.revision >= 1, "a revision below 1");
            assert!(!flow.flow_id.is_empty() && !flow.psp_id.is_empty());
        }
    }
    if let Ok(head) = fdr_rest::flow(data) {
        assert!(head.revision >= 1 && head.payments_count >= 0);
        assert!(!head.flow_id.is_empty());
    }
    if let Ok(page) = fdr_rest::payments(data) {
        for payment in page.rows.into_iter().flatten() {
            assert!((1..=5).contains(&payment.id_transfer));
            assert!(!payment.iuv.is_empty() && !payment.iur.is_empty());
        }
    }
}

/// An answer of the flow service by SOAP, and the flow in it or alone.
fn flow_xml(data: &[u8]) {
    let _any = fdr_soap::fault(data);
    if let Ok(flows) = fdr_soap::list(data, calendar::in_rome) {
        assert!(flows.iter().flatten().all(|flow| !flow.flow_id.is_empty()));
    }
    let inside = fdr_soap::document(data);
    let document = inside.as_deref().unwrap_or(data);
    let Ok(flow) = fdr_soap::flow(document, 1, calendar::in_rome) else {
        return;
    };
    let head = flow.header;
    assert!(head.payments_count >= 0 && !head.flow_id.is_empty());
    assert!(!head.sender.psp_id.is_empty() && !head.receiver.organization_id.is_empty());
    for (place, payment) in (1i64..).zip(flow.payments) {
        let Ok(payment) = payment else { continue };
        assert_eq!(payment.index, place);
        assert!((1..=5).contains(&payment.id_transfer));
        assert!(!payment.iuv.is_empty() && !payment.iur.is_empty());
    }
}

/// The treasurer's or the bank's XML.
fn treasury_xml(data: &[u8]) {
    movements(Form::Xml, data);
}

/// Our own list of movements.
fn journal_csv(data: &[u8]) {
    movements(Form::Journal, data);
}

/// A bank's list: the first byte chooses how the bank writes.
fn bank_csv(data: &[u8]) {
    use Field::{Amount, Booked, Credit, Debit, Payer, Provisional, Reference, Skip, Text, Value};
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let columns: &[Field] = match choice % 4 {
        0 => &[Booked, Value, Credit, Debit, Text],
        1 => &[Booked, Amount, Text, Text, Reference],
        2 => &[Skip, Provisional, Booked, Payer, Credit, Text],
        _ => &[Reference, Booked, Value, Amount, Payer, Text],
    };
    let layout = Layout {
        account: "12345".to_owned(),
        separator: if choice & 4 == 0 { b';' } else { b',' },
        header_lines: u16::from(choice >> 6),
        decimal: if choice & 8 == 0 {
            Decimal::Comma
        } else {
            Decimal::Point
        },
        dates: if choice & 16 == 0 {
            Dates::DayFirst
        } else {
            Dates::MonthFirst
        },
        columns: columns.to_vec(),
    };
    assert_eq!(layout.check(), Ok(()));
    movements(Form::Bank(layout), data);
}

/// Every entry is a movement that can be filed, or is kept with the rule it breaks; reading ends.
fn movements(form: Form, data: &[u8]) {
    let Ok(entries) = Entries::open(form, data) else {
        return;
    };
    // An entry takes at least a byte of the file, but for one at its end.
    let mut room = data.len() + 1;
    for entry in entries {
        room = room.checked_sub(1).expect("more entries than bytes");
        let movement = match entry {
            Ok(movement) => movement,
            Err(refused) => {
                assert!(!refused.error.to_string().is_empty());
                continue;
            }
        };
        assert!((1..=AMOUNT_CENTS_MAX).contains(&movement.amount_cents));
        assert!(
            Cents::new(movement.amount_cents).is_ok(),
            "an amount that cannot be booked"
        );
        assert!(!movement.number.is_empty() && !movement.account.is_empty());
        assert!(movement.number.chars().count() <= REFERENCE_CHARS_MAX);
        remittance(&movement.remittance);
    }
}

/// What a remittance text means does not depend on blanks around it or on case.
fn remittance(text: &str) {
    let read = treasury::parse(text);
    assert_eq!(treasury::parse(&text.to_ascii_lowercase()), read, "{text}");
    if let Reference::Single(iuv) = &read {
        assert!(!iuv.is_empty());
    }
    if let Reference::Flow(flow) = &read {
        assert!(!flow.id.is_empty());
        let open = flow.open.as_ref();
        assert!(open.is_none_or(|open| *open == flow.id || flow.joined.as_ref() == Some(open)));
    }
}

/// Codes are what they print: a code that was read is read again from its text.
fn codes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for read in [FiscalCode::parse, FiscalCode::as_stated] {
        if let Ok(code) = read(text) {
            assert_eq!(FiscalCode::as_stated(code.as_str()), Ok(code));
        }
    }
    if let Ok(number) = NoticeNumber::parse(text) {
        assert_eq!(number.as_str().len(), 18);
        assert_eq!(NoticeNumber::parse(number.as_str()).as_ref(), Ok(&number));
        let _checked = number.check();
        let iuv = number.iuv();
        assert_eq!(Iuv::parse(iuv.as_str()).as_ref(), Some(&iuv));
    }
    if let Some(iuv) = Iuv::parse(text) {
        assert_eq!(iuv.as_str(), text);
    }
    if let Ok(iban) = Iban::parse(text) {
        assert_eq!(Iban::parse(iban.as_str()), Ok(iban));
    }
    if let Ok(code) = TaxonomyCode::parse(text) {
        assert_eq!(TaxonomyCode::parse(&code.to_string()), Ok(code));
    }
    if let Ok(payload) = QrPayload::parse(text) {
        assert_eq!(QrPayload::parse(&payload.to_string()), Ok(payload));
    }
    if let Ok(amount) = Cents::parse(text) {
        assert_eq!(Cents::parse(&amount.to_string()), Ok(amount));
        let _italian = amount.italian();
    }
    if let Some(sought) = Sought::read(text) {
        assert_eq!(search::normalised(&sought.normalised), sought.normalised);
    }
    remittance(text);
}

/// A body is read as by anybody, or refused. Taken as `{"kind", "terms", "details"}`, a charge is priced within
/// the bounds of a notice or refused with every rule it breaks.
fn json(data: &[u8]) {
    let Ok(read) = strict_json::read(data) else {
        return;
    };
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(data).ok(),
        Some(read.clone())
    );
    let _marks = search::marks(&read);
    let (Some(kind), terms, details) = (read["kind"].as_str(), &read["terms"], &read["details"])
    else {
        return;
    };
    let Some(kind) = service::kind(kind) else {
        return;
    };
    if let Err(broken) = kind.check_terms(terms) {
        assert!(!broken.is_empty());
        return;
    }
    match kind.assess(details, &a_service(terms)) {
        Err(broken) => assert!(!broken.is_empty()),
        Ok(assessment) => {
            assert!(!assessment.options.is_empty());
            assessment.options.iter().for_each(payable);
        }
    }
}

/// A service that pays a town, with a province beside it.
fn a_service(terms: &serde_json::Value) -> Service {
    let body = |tax_code: &str, iban: &str, taxonomy: &str| Beneficiary {
        tax_code: FiscalCode::parse(tax_code).unwrap(),
        legal_name: "Ente".to_owned(),
        account: Destination::Iban(Iban::parse(iban).unwrap()),
        taxonomy: TaxonomyCode::parse(taxonomy).unwrap(),
    };
    let town = body("99999000203", "IT92E9999940440000000000201", "9/0101101IM/");
    let province = body("90002000660", "IT82C9999903600000000000401", "9/0201102IM/");
    Service {
        code: "SERVIZIO".to_owned(),
        title: "Servizio".to_owned(),
        terms: terms.clone().into(),
        issued_on: Day::from_ymd_opt(2026, 4, 1).unwrap(),
        main: town.into(),
        others: BTreeMap::from([("province".to_owned(), province.into())]),
    }
}

fn payable(option: &OptionDraft) {
    assert!(!option.notices.is_empty());
    for notice in &option.notices {
        assert!((1..=140).contains(&notice.description.chars().count()));
        assert!((1..=5).contains(&notice.transfers.len()));
        assert!(
            notice
                .transfers
                .iter()
                .all(|transfer| transfer.metadata.len() <= 10)
        );
        for step in notice.schedule.steps() {
            assert_eq!(step.amounts.len(), notice.transfers.len());
            let total = Cents::sum(step.amounts.iter().copied()).unwrap();
            assert!(total.is_positive() && total <= Cents::NOTICE_MAX);
        }
    }
}
