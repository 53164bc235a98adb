use super::*;
use proptest::prelude::*;

fn number() -> NoticeNumber {
    NoticeNumber::parse("301999999999999982").unwrap()
}

fn creditor() -> FiscalCode {
    FiscalCode::parse("12345678903").unwrap()
}

fn cents(n: i64) -> Cents {
    Cents::new(n).unwrap()
}

fn postal_account() -> Iban {
    Iban::parse("IT57N0760114800000011050036").unwrap()
}

fn matrix(amount: i64, name: &str, subject: &str) -> Result<String, PayloadError> {
    postal_matrix_text(&PostalSlip {
        notice_number: &number(),
        account: &postal_account(),
        amount: cents(amount),
        creditor: &creditor(),
        debtor_tax_code: "RSSMRA80A01H501U",
        debtor_name: name,
        subject,
    })
}

/// What a scanner at the counter slices.
fn field(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap()
}

#[test]
fn the_qr_text_has_the_amount_in_cents_on_two_digits_at_least() {
    let text = |n| {
        QrPayload::new(number(), creditor(), cents(n))
            .unwrap()
            .to_string()
    };
    assert_eq!(
        text(12345),
        "PAGOPA|002|301999999999999982|12345678903|12345"
    );
    assert_eq!(text(5), "PAGOPA|002|301999999999999982|12345678903|05");
    assert_eq!(text(99_999_999_999).len(), 53);
}

#[test]
fn the_qr_text_is_read_whatever_the_padding() {
    let read = QrPayload::parse("PAGOPA|002|301999999999999982|12345678903|0005").unwrap();
    assert_eq!(
        read,
        QrPayload::new(number(), creditor(), cents(5)).unwrap()
    );
}

#[test]
fn what_is_no_payable_qr_text_is_refused_with_the_field() {
    use PayloadError::{Amount, Creditor, NotPagoPa, NoticeNumber};
    for (text, error) in [
        ("", NotPagoPa),
        ("PAGOPA|001|301999999999999982|12345678903|100", NotPagoPa),
        ("PAGOPA|002|301999999999999982|12345678903|100|", NotPagoPa),
        ("PAGOPA|002|30199999999999998|12345678903|100", NoticeNumber),
        (
            "PAGOPA|002|301999999999999982|RSSMRA80A01H501U|100",
            Creditor,
        ),
        ("PAGOPA|002|301999999999999982|12345678901|100", Creditor),
        ("PAGOPA|002|301999999999999982|12345678903|", Amount),
        ("PAGOPA|002|301999999999999982|12345678903|+10", Amount),
        ("PAGOPA|002|301999999999999982|12345678903|1.00", Amount),
        ("PAGOPA|002|301999999999999982|12345678903|00", Amount),
        (
            "PAGOPA|002|301999999999999982|12345678903|100000000000",
            Amount,
        ),
    ] {
        assert_eq!(QrPayload::parse(text), Err(error), "{text}");
    }
}

#[test]
fn the_matrix_has_256_characters_at_the_offsets_of_the_counter() {
    let text = matrix(12345, "Mario Rossi", "TARI 2024 rata unica").unwrap();
    let expected = format!(
        "codfase=NBPA;183019999999999999821200001105003610000001234538961P112345678903\
         RSSMRA80A01H501U{:40}{:110}{:12}A",
        "MARIO ROSSI", "TARI 2024 RATA UNICA", ""
    );
    assert_eq!(text, expected);
    assert_eq!(text.len(), 256);
    assert_eq!(field(&text, 15, 33), "301999999999999982");
    assert_eq!(field(&text, 49, 59), "0000012345");
    assert_eq!(field(&text, 66, 77), "12345678903");
}

#[test]
fn accents_fold_and_everything_else_becomes_one_blank() {
    let text = matrix(100, "Đorđe D’Amèlio–Groß (€)", "a\u{300}/\"n° Łódź 李").unwrap();
    assert_eq!(field(&text, 93, 133).trim_end(), "DORDE D'AMELIO-GROSS");
    assert_eq!(field(&text, 133, 148), "A  N  LODZ     ");
}

#[test]
fn long_texts_are_cut_and_never_shift_what_follows() {
    let text = matrix(100, &"ß".repeat(70), &"x".repeat(140)).unwrap();
    assert_eq!(text.len(), 256);
    assert_eq!(field(&text, 93, 133), "S".repeat(40));
    assert_eq!(field(&text, 133, 243), "X".repeat(110));
    assert!(text.ends_with("            A"));
}

#[test]
fn a_slip_above_ten_digits_or_off_the_post_is_refused() {
    assert_eq!(matrix(9_999_999_999, "a", "b").map(|t| t.len()), Ok(256));
    assert_eq!(matrix(10_000_000_000, "a", "b"), Err(PayloadError::Amount));
    assert_eq!(matrix(0, "a", "b"), Err(PayloadError::Amount));
    let bank = Iban::parse("IT60X0542811101000000123456").unwrap();
    let slip = PostalSlip {
        notice_number: &number(),
        account: &bank,
        amount: cents(100),
        creditor: &creditor(),
        debtor_tax_code: "",
        debtor_name: "",
        subject: "",
    };
    assert_eq!(postal_matrix_text(&slip), Err(PayloadError::NotPostal));
}

proptest! {
    #[test]
    fn the_qr_text_reads_back(amount in 1i64..=99_999_999_999) {
        let payload = QrPayload::new(number(), creditor(), cents(amount)).unwrap();
        prop_assert_eq!(QrPayload::parse(&payload.to_string()), Ok(payload));
    }

    #[test]
    fn the_matrix_is_always_256_allowed_characters(name in "\\PC{0,80}", subject in "\\PC{0,150}") {
        let text = matrix(29, &name, &subject).unwrap();
        prop_assert_eq!(text.len(), 256);
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b" &'-.:_,;".contains(&b);
        prop_assert!(text.bytes().skip(13).all(allowed));
    }
}
