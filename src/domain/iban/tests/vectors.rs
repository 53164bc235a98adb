//! The accounts of `charges.md` §6.3 and §7, one test for each.

use super::*;

macro_rules! vectors {
    ($($name:ident: $text:literal => $expected:expr;)+) => {$(
        #[test]
        fn $name() {
            let expected: Result<bool, IbanError> = $expected;
            assert_eq!(Iban::parse($text).map(|iban| iban.is_postal()), expected);
        }
    )+};
}

vectors! {
    iban_bank: "IT60X0542811101000000123456" => Ok(false);
    iban_postal: "IT57N0760114800000011050036" => Ok(true);
    iban_small_bank: "IT96R0123454321000000012345" => Ok(false);
    iban_town_a_tari: "IT62E9999924700000000000101" => Ok(false);
    iban_town_a_others: "IT39F9999924700000000000102" => Ok(false);
    iban_province_a: "IT69D9999913700000000000301" => Ok(false);
    iban_town_b_tari: "IT92E9999940440000000000201" => Ok(false);
    iban_town_b_others: "IT69F9999940440000000000202" => Ok(false);
    iban_province_b: "IT82C9999903600000000000401" => Ok(false);
    iban_of_a_sample_is_refused: "IT02L1234500000111110000001" => Err(IbanError::CheckDigits);
}
