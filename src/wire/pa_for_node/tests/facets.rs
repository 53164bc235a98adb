//! Lengths and forms of every element of the requests, as tables.

use super::*;

/// Template, placeholder, path, minimum and maximum length in characters.
type Length = (&'static str, &'static str, &'static str, usize, usize);
/// Template, placeholder, path, and what must be refused there.
type Form = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const LENGTHS: &[Length] = &[
    (VERIFY, "id_pa", "idPA", 1, 35),
    (VERIFY, "id_broker_pa", "idBrokerPA", 1, 35),
    (VERIFY, "id_station", "idStation", 1, 35),
    (GET_V1, "payment_note", "paymentNote", 1, 210),
    (DEMAND, "service", "idServizio", 5, 5),
    (DEMAND, "service_subject", "idSoggettoServizio", 5, 5),
    (SEND_V1, "receipt_id", "receipt/receiptId", 1, 255),
    (SEND_V1, "iuv", "receipt/creditorReferenceId", 1, 35),
    (SEND_V1, "description", "receipt/description", 1, 140),
    (SEND_V1, "company_name", "receipt/companyName", 1, 140),
    (SEND_V1, "office_name", "receipt/officeName", 1, 140),
    (
        SEND_V1,
        "debtor_code",
        "receipt/debtor/uniqueIdentifier/entityUniqueIdentifierValue",
        2,
        16,
    ),
    (SEND_V1, "debtor_name", "receipt/debtor/fullName", 1, 70),
    (SEND_V1, "debtor_street", "receipt/debtor/streetName", 1, 70),
    (SEND_V1, "debtor_civic", "receipt/debtor/civicNumber", 1, 16),
    (
        SEND_V1,
        "debtor_postal_code",
        "receipt/debtor/postalCode",
        1,
        16,
    ),
    (SEND_V1, "debtor_city", "receipt/debtor/city", 1, 35),
    (
        SEND_V1,
        "debtor_province",
        "receipt/debtor/stateProvinceRegion",
        1,
        35,
    ),
    (SEND_V1, "payer_name", "receipt/payer/fullName", 1, 70),
    (SEND_V1, "id_psp", "receipt/idPSP", 1, 35),
    (SEND_V1, "psp_fiscal_code", "receipt/pspFiscalCode", 1, 70),
    (SEND_V1, "psp_vat_number", "receipt/pspPartitaIVA", 1, 20),
    (SEND_V1, "psp_name", "receipt/PSPCompanyName", 1, 70),
    (SEND_V1, "id_channel", "receipt/idChannel", 1, 35),
    (
        SEND_V1,
        "channel_description",
        "receipt/channelDescription",
        1,
        35,
    ),
    (SEND_V1, "payment_method", "receipt/paymentMethod", 1, 35),
    (SEND_V2, "payment_note", "receipt/paymentNote", 1, 210),
    (SEND_V2, "id_bundle", "receipt/idBundle", 1, 70),
    (SEND_V2, "id_ci_bundle", "receipt/idCiBundle", 1, 70),
    (
        SEND_V1,
        "metadata_key",
        "receipt/metadata/mapEntry[1]/key",
        1,
        140,
    ),
    (
        SEND_V1,
        "metadata_value",
        "receipt/metadata/mapEntry[1]/value",
        1,
        140,
    ),
    (
        SEND_V1,
        "iban",
        "receipt/transferList/transfer[1]/IBAN",
        1,
        35,
    ),
    (
        SEND_V2,
        "transfer_company_name",
        "receipt/transferList/transfer[1]/companyName",
        1,
        140,
    ),
    (
        SEND_V1,
        "remittance_information",
        "receipt/transferList/transfer[1]/remittanceInformation",
        1,
        140,
    ),
    (
        SEND_V1,
        "transfer_category",
        "receipt/transferList/transfer[1]/transferCategory",
        1,
        140,
    ),
];

const AMOUNTS: &[&str] = &[
    "",
    "1",
    "11.3",
    "11,34",
    "11.342",
    "1219087657.34",
    "-1.00",
    "1e2",
];
const DAYS: &[&str] = &[
    "",
    "30/11/2026",
    "2026-02-30",
    "2026-11-30T00:00:00",
    "domani",
];
const BOOLEANS: &[&str] = &["", "TRUE", "yes", "2"];

const FORMS: &[Form] = &[
    (
        VERIFY,
        "fiscal_code",
        "qrCode/fiscalCode",
        &["", "7777777777", "7777777777a"],
    ),
    (
        VERIFY,
        "notice_number",
        "qrCode/noticeNumber",
        &["", "30100000000012346", "x"],
    ),
    (GET_V2, "amount", "amount", AMOUNTS),
    (
        GET_V1,
        "transfer_type",
        "transferType",
        &["", "postal", "BANK"],
    ),
    (GET_V1, "due_date", "dueDate", DAYS),
    (
        DEMAND,
        "details_base64",
        "datiSpecificiServizioRequest",
        &["*", "abc", "a=b="],
    ),
    (
        SEND_V1,
        "notice_number",
        "receipt/noticeNumber",
        &["30100000000012346"],
    ),
    (
        SEND_V1,
        "fiscal_code",
        "receipt/fiscalCode",
        &["777777777777"],
    ),
    (SEND_V1, "outcome", "receipt/outcome", &["", "ok", "KO?"]),
    (SEND_V1, "amount", "receipt/paymentAmount", AMOUNTS),
    (SEND_V1, "fee", "receipt/fee", AMOUNTS),
    (
        SEND_V2,
        "primary_ci_incurred_fee",
        "receipt/primaryCiIncurredFee",
        AMOUNTS,
    ),
    (SEND_V1, "application_date", "receipt/applicationDate", DAYS),
    (SEND_V1, "transfer_date", "receipt/transferDate", DAYS),
    (
        SEND_V1,
        "payment_date_time",
        "receipt/paymentDateTime",
        &["", "2026-03-02"],
    ),
    (SEND_V1, "stand_in", "receipt/standIn", BOOLEANS),
    (
        SEND_V1,
        "debtor_country",
        "receipt/debtor/country",
        &["", "it", "ITA"],
    ),
    (
        SEND_V1,
        "debtor_email",
        "receipt/debtor/e-mail",
        &["", "a", "a@", "@b", "a@b@c", "à@b.it"],
    ),
    (
        SEND_V1,
        "debtor_type",
        "receipt/debtor/uniqueIdentifier/entityUniqueIdentifierType",
        &["", "f", "PF"],
    ),
    (
        SEND_V1,
        "id_transfer",
        "receipt/transferList/transfer[1]/idTransfer",
        &["", "0", "6", "a"],
    ),
    (
        SEND_V1,
        "transfer_amount",
        "receipt/transferList/transfer[1]/transferAmount",
        &["0.00", "1.5", "0"],
    ),
    (
        SEND_V1,
        "transfer_fiscal_code",
        "receipt/transferList/transfer[1]/fiscalCodePA",
        &["1"],
    ),
];

#[test]
fn lengths_are_those_of_the_schema() {
    for &(template, name, path, min, max) in LENGTHS {
        for length in [min, max] {
            parsed(template, &[(name, &"è".repeat(length))]);
        }
        let long = violation(template, &[(name, &"è".repeat(max + 1))]);
        assert_eq!(
            long,
            (
                path.to_owned(),
                Rule::Length {
                    min,
                    max,
                    found: max + 1
                }
            ),
            "{name}"
        );
        assert_eq!(
            violation(template, &[(name, "")]),
            (path.to_owned(), Rule::Empty),
            "{name}"
        );
        if min > 1 {
            let short = violation(template, &[(name, &"e".repeat(min - 1))]);
            assert_eq!(
                short,
                (
                    path.to_owned(),
                    Rule::Length {
                        min,
                        max,
                        found: min - 1
                    }
                )
            );
        }
    }
}

#[test]
fn forms_are_those_of_the_schema() {
    for &(template, name, path, bad) in FORMS {
        for value in bad {
            let (found, rule) = violation(template, &[(name, value)]);
            assert_eq!(found, path, "{name} {value}");
            assert!(matches!(rule, Rule::Form(_)), "{name} {value}: {rule}");
        }
    }
    parsed(SEND_V1, &[("amount", "0.00")]);
}
