//! The codes of `charges.md` §6.1, §6.2 and §7, one test for each.

use super::*;

macro_rules! vectors {
    ($($name:ident: $text:literal => $expected:expr;)+) => {$(
        #[test]
        fn $name() {
            let expected: Result<(), FiscalCodeError> = $expected;
            assert_eq!(FiscalCode::parse($text).map(|_| ()), expected);
        }
    )+};
}

vectors! {
    person_rossi: "RSSMRA80A01H501U" => Ok(());
    person_woman_of_altopascio: "BNCLNE87L54A241C" => Ok(());
    person_apostrophe: "DMTGFR65T31A515D" => Ok(());
    person_short_surname_leap_day: "FOXDIA92B69E715D" => Ok(());
    person_born_abroad: "PPSNIO79R05Z129P" => Ok(());
    person_filled_with_x: "XUXLIX01P49Z210D" => Ok(());
    person_omocodia_1: "RSSMRA80A01H50MM" => Ok(());
    person_omocodia_2: "RSSMRA80A01H5LMX" => Ok(());
    person_omocodia_3: "RSSMRA80A01HRLMS" => Ok(());
    person_omocodia_7: "RSSMRAULALMHRLMD" => Ok(());
    person_marsicano: "MRSBTL54E03A515D" => Ok(());
    person_child_tarducci: "TRDVLI16C61A241T" => Ok(());
    person_child_lancioni: "LNCNCL18S08A515N" => Ok(());
    person_wrong_check_is_refused: "RSSMRA80A01H501A" => Err(FiscalCodeError::CheckCharacter);
    person_month_f_is_refused: "RSSMRA80F01H501U" => Err(FiscalCodeError::Shape);
    person_day_72_is_refused: "RSSMRA80A72H501G" => Err(FiscalCodeError::Shape);
    person_too_short_is_refused: "RSSMRA80A01H50" => Err(FiscalCodeError::Shape);
    person_of_the_test_data_is_refused: "FFFCST83A15L113V" => Err(FiscalCodeError::CheckCharacter);
    body_pagopa: "15376371009" => Ok(());
    body_milano: "01199250158" => Ok(());
    body_isernia: "00034670943" => Ok(());
    body_comeglians: "00478950306" => Ok(());
    body_sicilia: "80012000826" => Ok(());
    body_piemonte: "80087670016" => Ok(());
    body_classic: "12345678903" => Ok(());
    body_town_a: "99999000104" => Ok(());
    body_town_b: "99999000203" => Ok(());
    body_province_a: "90001000463" => Ok(());
    body_province_b: "90002000660" => Ok(());
    body_firm_lu: "91111000468" => Ok(());
    body_firm_aq: "91112000665" => Ok(());
    body_counting_up_is_refused: "12345678901" => Err(FiscalCodeError::CheckCharacter);
    body_sevens_is_refused: "77777777777" => Err(FiscalCodeError::CheckCharacter);
    body_counting_from_zero_is_refused: "01234567890" => Err(FiscalCodeError::CheckCharacter);
    body_zeros_is_refused: "00000000000" => Err(FiscalCodeError::CheckCharacter);
    body_ten_digits_is_refused: "8100291066" => Err(FiscalCodeError::Shape);
    body_nines_is_refused: "99999999999" => Err(FiscalCodeError::CheckCharacter);
    anonymous: "ANONIMO" => Ok(());
}
