mod vectors;

use super::*;
use proptest::prelude::*;

/// The worked examples: notice number, IUV.
const EXAMPLES: [(&str, &str); 11] = [
    ("300000000000000104", "00000000000000104"),
    ("347123456789012389", "47123456789012389"),
    ("301999999999999982", "01999999999999982"),
    ("305000000000007600", "05000000000007600"),
    ("305000000000008307", "05000000000008307"),
    ("305000000000016892", "05000000000016892"),
    ("001000000000000141", "000000000000141"),
    ("012202400001234511", "202400001234511"),
    ("212345678901234544", "12345678901234544"),
    ("200000000000009302", "00000000000009302"),
    ("112345678901234567", "12345678901234567"),
];

#[test]
fn every_worked_example_checks_and_gives_its_iuv() {
    for (number, iuv) in EXAMPLES {
        let parsed = NoticeNumber::parse(number).unwrap();
        assert_eq!(parsed.check(), Ok(()), "{number}");
        assert_eq!(parsed.iuv().as_str(), iuv, "{number}");
    }
}

#[test]
fn numbers_seen_in_the_field_satisfy_the_rule() {
    for number in [
        "301000000000004285",
        "300715700000000032",
        "347164993070184562",
        "382202100000000101",
        "001340105455507221",
        "001340809425510244",
    ] {
        assert_eq!(
            NoticeNumber::parse(number).unwrap().check(),
            Ok(()),
            "{number}"
        );
    }
}

#[test]
fn a_wrong_check_digit_is_named_but_the_number_still_parses() {
    let number = NoticeNumber::parse("301000000000004286").unwrap();
    assert_eq!(
        number.check(),
        Err(NumberError::WrongCheckDigits {
            found: 86,
            expected: 85
        })
    );
}

#[test]
fn generated_numbers_are_the_worked_ones() {
    for (code, sequence, number) in [
        ("00", 1, "300000000000000104"),
        ("47", 1_234_567_890_123, "347123456789012389"),
        ("01", 9_999_999_999_999, "301999999999999982"),
        ("05", 76, "305000000000007600"),
        ("05", 168, "305000000000016892"),
    ] {
        let code = SegregationCode::parse(code).unwrap();
        assert_eq!(
            NoticeNumber::generate(&code, sequence).unwrap().as_str(),
            number
        );
    }
}

#[test]
fn an_exhausted_sequence_never_yields_a_longer_number() {
    let code = SegregationCode::parse("01").unwrap();
    let next = NoticeNumber::generate(&code, 10_000_000_000_000);
    assert_eq!(next, Err(NumberError::SequenceExhausted));
}

#[test]
fn what_is_not_a_notice_number_is_refused() {
    for bad in [
        "",
        "30100000000000428",
        "3010000000000042855",
        "30100000000000428x",
        "３01000000000004285",
    ] {
        assert_eq!(
            NoticeNumber::parse(bad),
            Err(NumberError::NotEighteenDigits),
            "{bad}"
        );
    }
    assert_eq!(
        NoticeNumber::parse("401000000000004285"),
        Err(NumberError::UnknownAuxDigit)
    );
}

#[test]
fn a_callers_own_number_must_be_of_the_creditors_code() {
    let code = SegregationCode::parse("01").unwrap();
    assert!(NoticeNumber::parse_own("301000000000004285", &code).is_ok());
    let other = SegregationCode::parse("02").unwrap();
    assert_eq!(
        NoticeNumber::parse_own("301000000000004285", &other),
        Err(NumberError::OtherSegregationCode)
    );
}

proptest! {
    #[test]
    fn any_one_changed_digit_is_caught(sequence in 0u64..10_000_000_000_000, at in 1usize..16, by in 1u8..10) {
        let code = SegregationCode::parse("07").unwrap();
        let number = NoticeNumber::generate(&code, sequence).unwrap();
        let mut digits = number.as_str().as_bytes().to_vec();
        digits[at] = b'0' + (digits[at] - b'0' + by) % 10;
        let changed = NoticeNumber::parse(std::str::from_utf8(&digits).unwrap()).unwrap();
        prop_assert!(changed.check().is_err());
    }

    #[test]
    fn the_iuv_is_the_number_without_its_first_digit(sequence in 0u64..10_000_000_000_000) {
        let code = SegregationCode::parse("47").unwrap();
        let number = NoticeNumber::generate(&code, sequence).unwrap();
        let iuv = number.iuv();
        prop_assert_eq!(Some(iuv.as_str()), number.as_str().strip_prefix('3'));
    }
}
