use super::amount_rows::shortened;
use super::*;
use crate::domain::document::{Alternative, AmountRow, DocumentParty};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::notice_number::NoticeNumber;
use crate::domain::payload::QrPayload;

fn notice() -> NoticeDocument {
    let notice_number = NoticeNumber::parse("301999999999999982").unwrap();
    let tax_code = FiscalCode::parse("12345678903").unwrap();
    let amount = Cents::new(20_903).unwrap();
    let qr_text = QrPayload::new(notice_number.clone(), tax_code.clone(), amount)
        .unwrap()
        .to_string();
    let row = |label: &str, cents| AmountRow {
        label: label.to_owned(),
        amount: Cents::new(cents).unwrap(),
    };
    NoticeDocument {
        creditor: DocumentCreditor {
            legal_name: "Comune di Roccaverde Superiore".to_owned(),
            office_name: Some("Settore Tributi – Ufficio TARI".to_owned()),
            tax_code,
            info: vec![
                "Piazza del Municipio 1, 31010 Roccaverde (TV)".to_owned(),
                "tel. 0423 000000 – tributi@comune.roccaverde.example".to_owned(),
            ],
            cbill: Some("A1B2C".to_owned()),
            web_site: Some("www.comune.roccaverde.example".to_owned()),
        },
        debtor: DocumentParty {
            full_name: "Nicolò D’Amèlio".to_owned(),
            tax_code: "RSSMRA80A01H501U".to_owned(),
            address: vec![
                "Via della Libertà 12".to_owned(),
                "31100 Treviso (TV)".to_owned(),
            ],
        },
        subject: "TARI 2026 – tassa sui rifiuti, utenza domestica".to_owned(),
        iuv: notice_number.iuv(),
        notice_number,
        amount,
        due_on: "2026-10-31".parse().ok(),
        qr_text,
        instalments: Some(3),
        explanation: vec![
            row("Quota fissa, abitazione di 92 m²", 8_740),
            row("Quota variabile, 3 occupanti", 10_563),
            row("Tributo provinciale (TEFA)", 965),
            row("Componenti perequative", 635),
        ],
        topics: Vec::new(),
        whole: Vec::new(),
        amount_may_change: true,
        joint_debtors: Vec::new(),
        alternatives: Vec::new(),
    }
}

fn issued_on() -> Day {
    "2026-09-01".parse().unwrap()
}

/// Puts the file where `AVVISO_PDF_OUT` of a build says, for eyes and validators.
fn keep(name: &str, bytes: &[u8]) {
    if let Some(folder) = option_env!("AVVISO_PDF_OUT") {
        std::fs::write(format!("{folder}/{name}.pdf"), bytes).unwrap();
    }
}

#[test]
fn the_same_notice_has_the_same_bytes() {
    let first = notice_pdf(&notice(), issued_on()).unwrap();
    assert!(first.starts_with(b"%PDF-1.7"));
    assert_eq!(first, notice_pdf(&notice(), issued_on()).unwrap());
    keep("notice", &first);
}

#[test]
fn the_longest_and_oddest_values_still_make_a_notice() {
    let mut long = notice();
    long.creditor.legal_name = "Unione dei Comuni ".repeat(6).chars().take(100).collect();
    long.debtor.full_name =
        "Александр Şükrü Γεώργιος 李小龍 Wrzeszczykiewiczówna-Konstantinidou e soci".to_owned();
    long.debtor.address = vec!["Località ".repeat(15), "x".repeat(140)];
    long.joint_debtors = vec![long.debtor.clone(); 9];
    let other = Alternative {
        notice_number: long.notice_number.clone(),
        reason: "lunga ".repeat(30),
        amount: Cents::NOTICE_MAX,
    };
    long.alternatives = vec![other];
    long.subject =
        "Canone unico patrimoniale per occupazione di suolo pubblico con impalcature e ponteggi "
            .repeat(2)
            .chars()
            .take(140)
            .collect();
    long.amount = Cents::NOTICE_MAX;
    long.qr_text = "PAGOPA|002|301999999999999982|12345678903|99999999999".to_owned();
    long.instalments = Some(12);
    long.explanation = (0..60)
        .map(|i| AmountRow {
            label: format!("Voce {i} {}", "lunga ".repeat(30)),
            amount: Cents::new(-i).unwrap(),
        })
        .collect();
    let bytes = notice_pdf(&long, issued_on()).unwrap();
    keep("notice-long", &bytes);
}

#[test]
fn the_barest_notice_has_no_date_and_no_extras() {
    let mut bare = notice();
    bare.creditor.office_name = None;
    bare.creditor.info.clear();
    bare.creditor.cbill = None;
    bare.creditor.web_site = None;
    bare.debtor.tax_code.clear();
    bare.debtor.address.clear();
    bare.due_on = None;
    bare.instalments = None;
    bare.explanation.clear();
    bare.amount_may_change = false;
    let bytes = notice_pdf(&bare, issued_on()).unwrap();
    keep("notice-bare", &bytes);
}

#[test]
fn a_qr_text_that_no_scanner_expects_is_refused() {
    let mut wrong = notice();
    wrong.qr_text = "x".repeat(63);
    assert_eq!(notice_pdf(&wrong, issued_on()), Err(RenderError::Qr));
}

#[test]
fn rows_beyond_the_page_are_summed_in_the_last() {
    let row = |cents| AmountRow {
        label: String::new(),
        amount: Cents::new(cents).unwrap(),
    };
    let rows = [row(1), row(2), row(3), row(4)];
    let shown = shortened(&rows, 3).unwrap();
    assert_eq!(shown.len(), 3);
    assert_eq!(shown[2].label, "Altre 2 voci");
    assert_eq!(shown[2].amount, Cents::new(7).unwrap());
    assert_eq!(shortened(&rows, 4).unwrap(), rows);
}

#[test]
fn what_a_charge_has_to_say_stands_on_further_pages() {
    use crate::domain::document::{NoticeTopic, TopicEntry};
    let mut said = notice();
    let fact = |label: &'static str, text: &str| TopicEntry::Fact {
        code: "datum",
        label,
        text: text.to_owned(),
    };
    let topic = NoticeTopic {
        code: "premises",
        title: "Utenza".to_owned(),
        entries: vec![
            fact("Codice utenza", "UT-000456"),
            fact("Indirizzo", "Via Garibaldi 12"),
            TopicEntry::Sentence("Una frase. ".repeat(40)),
        ],
    };
    said.topics = vec![topic; 12];
    said.whole = said.explanation.clone();
    let one = notice_pdf(&notice(), issued_on()).unwrap();
    let many = notice_pdf(&said, issued_on()).unwrap();
    let pages = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.matches("/Type /Page\n").count() + text.matches("/Type/Page/").count()
    };
    assert_eq!(pages(&one), 1);
    assert!(pages(&many) > 1, "{}", pages(&many));
    assert_eq!(many, notice_pdf(&said, issued_on()).unwrap());
    // An instalment shows the rows of the whole debt with the topics.
    said.explanation.clear();
    let instalment = notice_pdf(&said, issued_on()).unwrap();
    assert!(instalment.len() > many.len() - 3_000);
    keep("notice-topics", &many);
    keep("notice-topics-instalment", &instalment);
}
