use super::*;
use crate::domain::document::DocumentCreditor;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::notice_number::NoticeNumber;

fn receipt() -> ReceiptDocument {
    let notice_number = NoticeNumber::parse("301999999999999982").unwrap();
    let cents = |n| Cents::new(n).unwrap();
    let party = |name: &str, code: &str| DocumentParty {
        full_name: name.to_owned(),
        tax_code: code.to_owned(),
        address: vec![],
    };
    let transfer = |name: &str, code: &str, n| ReceiptTransfer {
        beneficiary_name: name.to_owned(),
        beneficiary_tax_code: code.to_owned(),
        amount: cents(n),
    };
    ReceiptDocument {
        creditor: DocumentCreditor {
            legal_name: "Comune di Roccaverde Superiore".to_owned(),
            office_name: Some("Settore Tributi – Ufficio TARI".to_owned()),
            tax_code: FiscalCode::parse("12345678903").unwrap(),
            info: vec!["tributi@comune.roccaverde.example".to_owned()],
            cbill: None,
            web_site: None,
        },
        debtor: party("Nicolò D’Amèlio", "RSSMRA80A01H501U"),
        payer: Some(party("Иван 李 Петров", "ANONIMO")),
        subject: "TARI 2026 – tassa sui rifiuti, utenza domestica".to_owned(),
        iuv: notice_number.iuv(),
        notice_number,
        receipt_id: "c1a0f5b2d3e44f6a8b7c9d0e1f2a3b4c".to_owned(),
        psp_name: "Banca Esempio S.p.A.".to_owned(),
        paid_at: "2026-10-25T00:30:00Z".parse().unwrap(),
        amount: cents(20_903),
        fee: Some(cents(150)),
        transfers: vec![
            transfer("Comune di Roccaverde Superiore", "12345678903", 19_938),
            transfer("Provincia di Treviso", "80008870265", 965),
        ],
    }
}

#[test]
fn the_same_receipt_has_the_same_bytes() {
    let first = receipt_pdf(&receipt()).unwrap();
    assert!(first.starts_with(b"%PDF-1.7"));
    assert_eq!(first, receipt_pdf(&receipt()).unwrap());
    if let Some(folder) = option_env!("AVVISO_PDF_OUT") {
        std::fs::write(format!("{folder}/receipt.pdf"), first).unwrap();
    }
}

#[test]
fn the_longest_receipt_fits_the_page() {
    let mut long = receipt();
    let words = |n: usize| {
        "Consorzio Wxyz "
            .repeat(20)
            .chars()
            .take(n)
            .collect::<String>()
    };
    long.creditor.legal_name = words(140);
    long.creditor.info = vec![words(100), words(100)];
    long.subject = words(140);
    long.psp_name = words(140);
    long.debtor.full_name = words(70);
    long.debtor.address = vec![words(140), words(70)];
    long.payer = Some(DocumentParty {
        full_name: words(71),
        ..long.debtor.clone()
    });
    long.transfers = (0..5)
        .map(|_| ReceiptTransfer {
            beneficiary_name: words(140),
            ..long.transfers[0].clone()
        })
        .collect();
    let bytes = receipt_pdf(&long).unwrap();
    if let Some(folder) = option_env!("AVVISO_PDF_OUT") {
        std::fs::write(format!("{folder}/receipt-long.pdf"), bytes).unwrap();
    }
}

#[test]
fn a_receipt_whose_total_is_no_amount_is_refused() {
    let mut wrong = receipt();
    wrong.amount = Cents::new(1_000_000_000_000_000).unwrap();
    assert_eq!(receipt_pdf(&wrong), Err(RenderError::Amount));
}
