use super::*;
use crate::domain::creditor::{Account, Validity};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::service::Destination;
use crate::domain::service::samples::{beneficiary, day};
use crate::domain::stamp::{DocumentHash, Province, Stamp};
use crate::domain::text::Text;

const BANK: &str = "IT92E9999940440000000000201";
const POSTAL: &str = "IT45S0760103600000012345678";

/// A town with these accounts, the second one in use from July.
fn town(accounts: &[&str]) -> Creditor {
    let account = |(iban, from): (&&str, &str)| Account {
        iban: Iban::parse(iban).unwrap(),
        label: Text::parse("Conto").unwrap(),
        valid: Validity {
            from: day(from),
            until: None,
        },
    };
    let from = ["2026-01-01", "2026-07-01"];
    Creditor {
        tax_code: FiscalCode::parse("99999000203").unwrap(),
        legal_name: Text::parse("Comune").unwrap(),
        office_name: None,
        ipa_code: None,
        cadastral_code: None,
        cbill: None,
        web_site: None,
        contact_lines: Vec::new(),
        treasurer: None,
        stations: Vec::new(),
        accounts: accounts.iter().zip(from).map(account).collect(),
    }
}

fn own(iban: &str) -> Beneficiary {
    beneficiary("Comune", "99999000203", iban, "9/0101101IM/")
}

/// The account answered and the metadata added.
fn asked(town: &Creditor, to: &Beneficiary, paid: PaidThrough, on: &str) -> (String, Vec<String>) {
    let crediting = town.crediting(to, paid, day(on)).unwrap();
    let mut metadata = Vec::new();
    crediting.support(&mut metadata);
    let added = metadata
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"));
    (crediting.iban.to_string(), added.collect())
}

#[test]
fn only_a_slip_moves_the_own_share_to_the_postal_account() {
    let town = town(&[BANK, POSTAL]);
    let (share, plain) = (own(BANK), Vec::<String>::new());
    let on = "2026-07-01";
    use PaidThrough::{AnyProvider, Platform, PostOffice};
    assert_eq!(
        asked(&town, &share, AnyProvider, on),
        (BANK.to_owned(), plain.clone())
    );
    assert_eq!(
        asked(&town, &share, PostOffice, on),
        (POSTAL.to_owned(), plain.clone())
    );
    let support = vec![format!("IBANAPPOGGIO={POSTAL}")];
    assert_eq!(
        asked(&town, &share, Platform, on),
        (BANK.to_owned(), support)
    );
    // Before its first day the account is none.
    assert_eq!(
        asked(&town, &share, PostOffice, "2026-06-30"),
        (BANK.to_owned(), plain.clone())
    );
    assert_eq!(
        asked(&town, &share, Platform, "2026-06-30"),
        (BANK.to_owned(), plain.clone())
    );
    let province = beneficiary(
        "Provincia",
        "90002000660",
        "IT82C9999903600000000000401",
        "9/0201102IM/",
    );
    for paid in [AnyProvider, PostOffice, Platform] {
        let found = asked(&town, &province, paid, on);
        assert_eq!(
            found,
            ("IT82C9999903600000000000401".to_owned(), plain.clone())
        );
    }
    assert!(town.credits_postally(&share, day(on)) && !town.credits_postally(&province, day(on)));
}

#[test]
fn a_postal_account_is_not_named_beside_itself_and_a_stamp_has_none() {
    let town = town(&[POSTAL]);
    let on = "2026-07-01";
    let found = asked(&town, &own(POSTAL), PaidThrough::Platform, on);
    assert_eq!(found, (POSTAL.to_owned(), Vec::new()));
    assert!(town.credits_postally(&own(POSTAL), day(on)));
    let stamp = Beneficiary {
        account: Destination::Stamp(Stamp {
            document: DocumentHash::parse("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").unwrap(),
            province: Province::parse("AQ").unwrap(),
        }),
        ..own(BANK)
    };
    assert_eq!(town.crediting(&stamp, PaidThrough::Platform, day(on)), None);
    assert!(!town.credits_postally(&stamp, day(on)));
}

#[test]
fn the_account_is_left_out_where_the_metadata_are_full() {
    let (town, share) = (town(&[POSTAL]), own(BANK));
    let crediting = town
        .crediting(&share, PaidThrough::Platform, day("2026-07-01"))
        .unwrap();
    for (before, after) in [
        (0, 1),
        (METADATA_MAX - 1, METADATA_MAX),
        (METADATA_MAX, METADATA_MAX),
    ] {
        let mut metadata = vec![("key".to_owned(), "value".to_owned()); before];
        crediting.support(&mut metadata);
        assert_eq!(metadata.len(), after);
    }
}
