use chrono::NaiveDate;

use super::*;
use crate::wire::fdr_rest::{self, Flow, FlowPayment, PayStatus};

const FLOW_ID: &str = "2026-03-03MNTDIT51XXX-000000001";

/// A clock an hour before UTC.
fn clock(local: NaiveDateTime) -> DateTime<Utc> {
    local.and_utc() - chrono::TimeDelta::hours(1)
}

fn row(iuv: &str, index: &str, amount: &str, outcome: &str) -> String {
    format!(
        "<datiSingoliPagamenti><identificativoUnivocoVersamento>{iuv}</identificativoUnivocoVersamento>\
         <identificativoUnivocoRiscossione>r-{iuv}</identificativoUnivocoRiscossione>{index}\
         <singoloImportoPagato>{amount}</singoloImportoPagato>\
         <codiceEsitoSingoloPagamento>{outcome}</codiceEsitoSingoloPagamento>\
         <dataEsitoSingoloPagamento>2026-03-02</dataEsitoSingoloPagamento></datiSingoliPagamenti>"
    )
}

fn index(number: &str) -> String {
    format!("<indiceDatiSingoloPagamento>{number}</indiceDatiSingoloPagamento>")
}

fn document_of(rows: &str, count: usize, sum: &str) -> String {
    format!(
        "<FlussoRiversamento xmlns=\"http://www.digitpa.gov.it/schemas/2011/Pagamenti/\">\
         <versioneOggetto>1.0</versioneOggetto>\
         <identificativoFlusso>{FLOW_ID}</identificativoFlusso>\
         <dataOraFlusso>2026-03-03T23:30:15</dataOraFlusso>\
         <identificativoUnivocoRegolamento>TRN-1</identificativoUnivocoRegolamento>\
         <dataRegolamento>2026-03-03</dataRegolamento>\
         <istitutoMittente><identificativoUnivocoMittente>\
         <tipoIdentificativoUnivoco>B</tipoIdentificativoUnivoco>\
         <codiceIdentificativoUnivoco>MNTDITM1XXX</codiceIdentificativoUnivoco>\
         </identificativoUnivocoMittente><denominazioneMittente>Monte &amp; Figli</denominazioneMittente>\
         </istitutoMittente><codiceBicBancaDiRiversamento>MNTDITM1</codiceBicBancaDiRiversamento>\
         <istitutoRicevente><identificativoUnivocoRicevente>\
         <tipoIdentificativoUnivoco>G</tipoIdentificativoUnivoco>\
         <codiceIdentificativoUnivoco>99999000203</codiceIdentificativoUnivoco>\
         </identificativoUnivocoRicevente><denominazioneRicevente>Comune</denominazioneRicevente>\
         </istitutoRicevente><numeroTotalePagamenti>{count}</numeroTotalePagamenti>\
         <importoTotalePagamenti>{sum}</importoTotalePagamenti>{rows}</FlussoRiversamento>"
    )
}

fn answered(root: &str, content: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header/><s:Body>\
         <q:{root} xmlns:q=\"{NAMESPACE}\">{content}</q:{root}></s:Body></s:Envelope>"
    )
}

fn read(text: &str) -> Result<Flow<Error>, Error> {
    flow(text.as_bytes(), 1, clock)
}

fn refused(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// Why the last row cannot be read; those before it can be.
fn last_unread(text: &str) -> String {
    let mut rows = read(text).unwrap().payments;
    let last = rows.pop().unwrap().unwrap_err();
    assert!(rows.iter().all(Result::is_ok));
    assert!(
        last.text
            .starts_with("<datiSingoliPagamenti><identificativoUnivoco")
    );
    last.error.to_string()
}

#[test]
fn questions_are_in_the_order_of_the_schema() {
    let asker = Asker {
        broker: "99999000302",
        station: "99999000302_01",
        password: "a<b&c 12",
        organization_id: "99999000203",
    };
    for (bytes, operation, last) in [
        (list_request(asker), Operation::List, None),
        (
            fetch_request(asker, FLOW_ID),
            Operation::Fetch,
            Some(FLOW_ID),
        ),
    ] {
        let asked = crate::wire::soap::read(&bytes).unwrap();
        assert_eq!(
            (asked.namespace.as_str(), asked.name.as_str()),
            (NAMESPACE, operation.name())
        );
        let said: Vec<_> = asked
            .children
            .iter()
            .map(|one| (one.name.as_str(), one.text.as_str()))
            .collect();
        let mut wanted = vec![
            ("identificativoIntermediarioPA", "99999000302"),
            ("identificativoStazioneIntermediarioPA", "99999000302_01"),
            ("password", "a<b&c 12"),
            ("identificativoDominio", "99999000203"),
        ];
        wanted.extend(last.map(|id| ("identificativoFlusso", id)));
        assert_eq!(said, wanted);
        assert!(asked.children.iter().all(|one| one.namespace.is_empty()));
    }
}

#[test]
fn a_list_is_read_and_may_be_empty() {
    let root = Operation::List.answer();
    let row = |id: &str, at: &str| {
        format!(
            "<idRendicontazione><identificativoFlusso>{id}</identificativoFlusso>\n\
             <dataOraFlusso>{at}</dataOraFlusso></idRendicontazione>"
        )
    };
    let listed = |rows: &str| {
        let content = format!(
            "<elencoFlussiRendicontazione><totRestituiti>2</totRestituiti>{rows}</elencoFlussiRendicontazione>"
        );
        list(answered(root, &content).as_bytes(), clock)
    };
    let two = [
        row("a", "2026-03-03T10:00:00"),
        row("b", "2026-03-03T10:00:00+02:00"),
    ]
    .concat();
    let two = listed(&two).unwrap();
    let told: Vec<_> = two
        .iter()
        .map(|one| one.as_ref().unwrap())
        .map(|one| (one.flow_id.as_str(), one.flow_at.to_rfc3339()))
        .collect();
    assert_eq!(
        told,
        [
            ("a", "2026-03-03T09:00:00+00:00".to_owned()),
            ("b", "2026-03-03T08:00:00+00:00".to_owned())
        ]
    );
    assert_eq!(listed(""), Ok(Vec::new()));
    assert_eq!(list(answered(root, "").as_bytes(), clock), Ok(Vec::new()));
    let wrong = listed(&[row("a", "2026-03-03T10:00:00"), row("b", "yesterday")].concat());
    let wrong = wrong.unwrap();
    assert!(wrong[0].is_ok());
    assert_eq!(
        wrong[1].as_ref().unwrap_err().error.to_string(),
        "idRendicontazione[1].dataOraFlusso: must be a time as 2026-12-31T23:59:59"
    );
    // A row beyond the bounds of an element takes nothing from the others either.
    let at = "2026-03-03T10:00:00";
    let large = listed(&[row(&"9".repeat(1 << 20), at), row("b", at)].concat()).unwrap();
    assert_eq!(
        (large.len(), large[0].is_err(), large[1].is_ok()),
        (2, true, true)
    );
}

#[test]
fn a_fault_is_an_error_with_its_code() {
    let content = "<fault><faultCode>PPT_ID_FLUSSO_SCONOSCIUTO</faultCode><faultString>x</faultString>\
                   <id>NodoDeiPagamentiSPC</id></fault>";
    let answer = answered(Operation::Fetch.answer(), content);
    let code = Error::Fault("PPT_ID_FLUSSO_SCONOSCIUTO".to_owned());
    assert_eq!(document(answer.as_bytes()), Err(code));
    let soap = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault>\
                <faultcode>e:Server</faultcode></e:Fault></e:Body></e:Envelope>";
    assert_eq!(fault(soap.as_bytes()).as_deref(), Some("e:Server"));
    assert_eq!(fault(b"<html>Bad gateway</html>"), None);
    assert_eq!(fault(b"{}"), None);
}

#[test]
fn the_flow_is_taken_out_of_its_answer() {
    let held = |content: &str| document(answered(Operation::Fetch.answer(), content).as_bytes());
    let coded = "<xmlRendicontazione>\n PGEv\n  Pg== </xmlRendicontazione>";
    assert_eq!(held(coded), Ok(b"<a/>".to_vec()));
    let marked =
        "<xmlRendicontazione><!-- a --><![CDATA[PG]]>Ev<!-- b -->Pg==</xmlRendicontazione>";
    assert_eq!(held(marked), Ok(b"<a/>".to_vec()));
    for broken in [
        "",
        "<xmlRendicontazione/>",
        "<xmlRendicontazione>*</xmlRendicontazione>",
        "<xmlRendicontazione>PGEvPg==PGEvPg==</xmlRendicontazione>",
        "<xmlRendicontazione>PGEv&#80;g==</xmlRendicontazione>",
        "<other><xmlRendicontazione>PGEvPg==</xmlRendicontazione></other>",
    ] {
        let told = held(broken).unwrap_err().to_string();
        assert_eq!(told, "xmlRendicontazione: must be base64");
    }
    let other = answered(Operation::List.answer(), coded);
    assert_eq!(
        document(other.as_bytes()),
        Err(Error::OtherDocument(Operation::Fetch.answer()))
    );
}

#[test]
fn a_long_flow_is_no_longer_than_its_bound() {
    let long = "QUFB".repeat(200_000);
    let content = format!("<xmlRendicontazione>{long}</xmlRendicontazione>");
    let answer = answered(Operation::Fetch.answer(), &content);
    assert_eq!(document(answer.as_bytes()).unwrap().len(), 600_000);
    let most = vec![b' '; ANSWER_BYTES_MAX + 1];
    assert_eq!(document(&most), Err(Error::TooLarge));
    assert_eq!(flow(&most, 1, clock), Err(Error::TooLarge));
}

#[test]
fn every_outcome_and_a_missing_index_are_read() {
    let rows = [
        row("1", "", "0.29", "0"),
        row("2", &index("2"), "-10.05", "3"),
        row("3", &index("5"), "1234567.89", "4"),
        row("4", &index("1"), "12.3", "8"),
        row("5", "", "7.00", "9"),
        row("6", "", "7.00", "7"),
    ]
    .concat();
    let read = read(&document_of(&rows, 6, "1234583.46")).unwrap();
    let told = |one: &FlowPayment| {
        (
            one.index,
            one.id_transfer,
            one.pay_cents,
            one.status.clone(),
        )
    };
    let told: Vec<_> = read.payments.iter().flatten().map(told).collect();
    assert_eq!(
        told,
        [
            (1, 1, 29, PayStatus::Executed),
            (2, 2, -1_005, PayStatus::Revoked),
            (3, 5, 123_456_789, PayStatus::StandIn),
            (4, 1, 1_230, PayStatus::StandInNoRpt),
            (5, 1, 700, PayStatus::NoRpt),
            (6, 1, 700, PayStatus::Other("7".to_owned())),
        ]
    );
    let head = read.header;
    assert_eq!(head.sender.psp_id, "MNTDIT51XXX");
    assert_eq!(head.sender.psp_name.as_deref(), Some("Monte & Figli"));
    assert_eq!(head.flow_at.to_rfc3339(), "2026-03-03T22:30:15+00:00");
    assert_eq!(
        head.regulation_on,
        NaiveDate::from_ymd_opt(2026, 3, 3).unwrap()
    );
    assert_eq!((head.payments_count, head.payments_cents), (6, 123_458_346));
}

#[test]
fn prefixes_marks_and_blanks_do_not_matter() {
    let plain = document_of(&row("1", "", "0.29", "0"), 1, "0.29");
    let expected = read(&plain).unwrap();
    let prefixed = plain
        .replace("</", "</pay_i:")
        .replace('<', "<pay_i:")
        .replace("<pay_i:/pay_i:", "</pay_i:")
        .replace(" xmlns=", " xmlns:pay_i=");
    let spaced = plain.replace('<', "\r\n\t <").replace('>', "> \n");
    let declared = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a flow -->{plain}");
    let nowhere = plain.replace(
        " xmlns=\"http://www.digitpa.gov.it/schemas/2011/Pagamenti/\"",
        "",
    );
    for text in [
        prefixed,
        spaced.trim().to_owned(),
        format!("\u{feff}{declared}"),
        format!("\u{feff}{plain}"),
        declared,
        nowhere,
    ] {
        assert_eq!(read(&text).as_ref(), Ok(&expected), "{text}");
    }
    let latin = plain.replace("Monte &amp; Figli", "Citt\u{e0}");
    let latin = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{latin}");
    let bytes: Vec<u8> = latin
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let name = flow(&bytes, 1, clock).unwrap().header.sender.psp_name;
    assert_eq!(name.as_deref(), Some("Citt\u{e0}"));
}

#[test]
fn what_cannot_be_read_names_its_element_and_rule() {
    let with = |rows: String| document_of(&rows, 1, "1.00");
    let good = || row("1", "", "1.00", "0");
    let amount = "datiSingoliPagamenti[1].singoloImportoPagato: must be an amount in euro with at most two decimals";
    for text in [
        "1,00",
        "1.001",
        "1e2",
        "",
        "+1.00",
        "99999999999999999999.00",
    ] {
        let told = last_unread(&with([good(), row("2", "", text, "0")].concat()));
        assert!(
            told == amount || (text.is_empty() && told.contains("1 to 35")),
            "{told}"
        );
    }
    for text in ["0", "6", "one"] {
        assert_eq!(
            last_unread(&with(row("1", &index(text), "1.00", "0"))),
            "datiSingoliPagamenti[0].indiceDatiSingoloPagamento: must be a number from 1 to 5"
        );
    }
    assert_eq!(
        last_unread(&with(
            [good(), row(&"9".repeat(36), "", "1.00", "0")].concat()
        )),
        "datiSingoliPagamenti[1].identificativoUnivocoVersamento: must be 1 to 35 printable characters without blanks"
    );
    let plain = with(good());
    assert_eq!(
        refused(&plain.replace("2026-03-03T23:30:15", "2026-03-03")),
        "dataOraFlusso: must be a time as 2026-12-31T23:59:59"
    );
    assert_eq!(
        refused(&plain.replace("99999000203", "")),
        "istitutoRicevente/identificativoUnivocoRicevente/codiceIdentificativoUnivoco: must be 1 to 35 characters, none of them a control character"
    );
    assert_eq!(refused("<Altro/>"), "document must be FlussoRiversamento");
    let cut = plain.replace("</FlussoRiversamento>", "");
    assert_eq!(read(&cut), Err(Error::Markup(Rule::Markup)));
    let entity = format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{plain}");
    assert_eq!(read(&entity), Err(Error::Markup(Rule::Markup)));
    assert!(flow(b"\xff\xfe", 1, clock).is_err());
}

#[test]
fn an_identifier_names_its_psp() {
    assert_eq!(psp_of(FLOW_ID), Some("MNTDIT51XXX"));
    assert_eq!(
        psp_of("2024-07-26PPAYITR1XXX-S2024072601"),
        Some("PPAYITR1XXX")
    );
    for other in [
        "",
        "2026-03-03",
        "2026-03-03-1",
        "2026-13-03PSP-1",
        "2026-03-03PSP",
        "perch\u{e9} no\u{e9}-1",
    ] {
        assert_eq!(psp_of(other), None, "{other}");
    }
}

proptest::proptest! {
    /// The same flow by either interface is the same flow.
    #[test]
    fn a_flow_and_its_twin_in_json_read_alike(
        rows in proptest::collection::vec(
            (0u64..100_000_000_000_000, 1u8..=5, 0usize..5, -1_000_000i64..100_000_000_000, 1u32..=28),
            0..12,
        ),
    ) {
        const CODES: [(&str, &str); 5] = [
            ("0", "EXECUTED"), ("3", "REVOKED"), ("4", "STAND_IN"), ("8", "STAND_IN_NO_RPT"), ("9", "NO_RPT"),
        ];
        let euro = |cents: i64| {
            let sign = if cents < 0 { "-" } else { "" };
            format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
        };
        let sum: i64 = rows.iter().map(|(_, _, _, cents, _)| cents).sum();
        let (mut xml, mut json) = (String::new(), Vec::new());
        for (place, (iuv, transfer, code, cents, day)) in rows.iter().enumerate() {
            let (iuv, (code, word), pay) = (format!("{iuv:017}"), CODES[*code], euro(*cents));
            let written = row(&iuv, &index(&transfer.to_string()), &pay, code);
            xml += &written.replace("2026-03-02", &format!("2026-03-{day:02}"));
            json.push(format!(
                r#"{{"index":{},"iuv":"{iuv}","iur":"r-{iuv}","idTransfer":{transfer},"pay":{pay},"payStatus":"{word}","payDate":"2026-03-{day:02}T00:00:00Z"}}"#,
                place + 1
            ));
        }
        let by_soap = read(&document_of(&xml, rows.len(), &euro(sum))).unwrap();
        let page = format!(r#"{{"data":[{}]}}"#, json.join(","));
        let head = format!(
            r#"{{"revision":1,"fdr":"{FLOW_ID}","fdrDate":"2026-03-03T22:30:15Z","regulation":"TRN-1","regulationDate":"2026-03-03","bicCodePouringBank":"MNTDITM1","sender":{{"type":"BIC_CODE","id":"MNTDITM1XXX","pspId":"MNTDIT51XXX","pspName":"Monte & Figli"}},"receiver":{{"organizationId":"99999000203","organizationName":"Comune"}},"totPayments":{},"sumPayments":{}}}"#,
            rows.len(),
            euro(sum)
        );
        proptest::prop_assert_eq!(by_soap.header, fdr_rest::flow(head.as_bytes()).unwrap());
        let by_rest = fdr_rest::payments(page.as_bytes()).unwrap().rows;
        let read = |rows: usize| rows == by_rest.len();
        let (by_soap, by_rest) = (by_soap.payments.into_iter().flatten(), by_rest.iter().flatten());
        let (by_soap, by_rest): (Vec<_>, Vec<_>) = (by_soap.collect(), by_rest.cloned().collect());
        proptest::prop_assert!(read(by_rest.len()));
        proptest::prop_assert_eq!(by_soap, by_rest);
    }
}
