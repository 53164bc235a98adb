//! The scalar types of the contract. Each bound is written once, here, and the server enforces what is published.
//!
//! A value read from a request has passed the contract before one of these is made; whether its check
//! characters are right is asked by the domain's newtypes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::text::fit;

macro_rules! texts {
    ($($(#[$meta:meta])* $name:ident;)*) => { $(
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        $(#[$meta])*
        pub struct $name(String);

        impl $name {
            /// A value of the engine, which is within the bounds by construction.
            pub fn new(text: impl Into<String>) -> $name {
                $name(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    )* };
}

macro_rules! integers {
    ($($(#[$meta:meta])* $name:ident;)*) => { $(
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        $(#[$meta])*
        pub struct $name(pub i64);
    )* };
}

texts! {
    /// Italian tax code: 16 characters for a person, 11 digits for a body.
    #[schema(min_length = 11, max_length = 16, pattern = "^([0-9]{11}|[A-Z0-9]{16})$", example = json!("RSSMRA80A01H501U"))]
    TaxCode;
    /// Tax code of a public body, 11 digits.
    #[schema(min_length = 11, max_length = 11, pattern = "^[0-9]{11}$", example = json!("80012000826"))]
    CreditorTaxCode;
    /// Identifier of a party as the payment message carried it: a tax code, or ANONIMO.
    #[schema(min_length = 2, max_length = 16, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("RSSMRA80A01H501U"))]
    PartyCode;
    /// The creditor's own code of a service.
    #[schema(min_length = 1, max_length = 35, pattern = "^[A-Za-z0-9][A-Za-z0-9_-]*$", example = json!("TARI-2026"))]
    ServiceCode;
    /// Kind of a service: the code that prices it.
    #[schema(min_length = 1, max_length = 35, pattern = "^[a-z][a-z0-9_]*$", example = json!("generic"))]
    KindCode;
    /// Code under which payment providers offer a service (`idServizio`).
    #[schema(min_length = 5, max_length = 5, pattern = "^[A-Za-z0-9]+$", example = json!("00042"))]
    DemandCode;
    /// The caller's own reference of a debt position, unique for each creditor.
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$", example = json!("TARI-2026-000123"))]
    Reference;
    /// Notice number, 18 digits: auxiliary digit, segregation code, reference and check digits.
    #[schema(min_length = 18, max_length = 18, pattern = "^[0-3][0-9]{17}$", example = json!("301000000000012362"))]
    NoticeNumber;
    /// Notice number as a call named it: any 18 digits.
    #[schema(min_length = 18, max_length = 18, pattern = "^[0-9]{18}$", example = json!("301000000000012362"))]
    AskedNumber;
    /// Name of an operation between node and creditor.
    #[schema(min_length = 1, max_length = 70, pattern = "^[A-Za-z0-9]+$", example = json!("paGetPaymentV2"))]
    OperationName;
    /// How a call ended: `OK`, the code of a fault, or the status of an answer.
    #[schema(min_length = 1, max_length = 70, pattern = "^[A-Za-z0-9_ -]+$", example = json!("PAA_PAGAMENTO_DUPLICATO"))]
    CallOutcome;
    /// A message as it went over the wire, base64.
    #[schema(min_length = 4, max_length = 3_000_000, pattern = "^[A-Za-z0-9+/]+={0,2}$", example = json!("PHNvYXBlbnY6RW52ZWxvcGUvPg=="))]
    MessageFile;
    /// Reference of the payment as it travels in payment messages (IUV).
    #[schema(min_length = 1, max_length = 35, pattern = "^[!-~]+$", example = json!("01000000000012362"))]
    Iuv;
    /// Identifier of a receipt, given by the payment node.
    #[schema(min_length = 1, max_length = 35, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("c110729d258c4ab1b765fe902aae41d6"))]
    ReceiptId;
    /// Identifier of a payment service provider.
    #[schema(min_length = 1, max_length = 35, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("BPPIITRRXXX"))]
    PspCode;
    /// Name that the provider gave to a settlement flow (identificativoFlusso).
    #[schema(min_length = 1, max_length = 35, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("2026-03-03BPPIITRRXXX-0000000001"))]
    FlowCode;
    /// Bank reference of a movement or of a transfer.
    #[schema(min_length = 1, max_length = 70, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("TRN-2026-0000012345"))]
    BankReference;
    /// Italian IBAN, compact, upper case.
    #[schema(min_length = 27, max_length = 27, pattern = "^IT[0-9]{2}[A-Z][0-9]{10}[A-Z0-9]{12}$", example = json!("IT60X0542811101000000123456"))]
    Iban;
    /// Collection code of the pagoPA taxonomy.
    #[schema(min_length = 9, max_length = 12, pattern = "^([6-9]/)?[0-9]{7}(IM|TS|SP|SA|AP)/?$", example = json!("9/0101101IM/"))]
    TaxonomyCode;
    /// Collection code as a payment message carried it.
    #[schema(min_length = 1, max_length = 140, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("9/0101101IM/"))]
    CategoryCode;
    /// Two digits that tell apart the stations of a creditor.
    #[schema(min_length = 2, max_length = 2, pattern = "^[0-9]{2}$", example = json!("01"))]
    SegregationCode;
    /// Identifier of a station of the payment node.
    #[schema(min_length = 1, max_length = 35, pattern = "^[0-9A-Za-z_]+$", example = json!("15376371009_01"))]
    StationCode;
    /// Code for bank channels outside the apps (CBILL).
    #[schema(min_length = 5, max_length = 5, pattern = "^[A-Z0-9]{5}$", example = json!("ABCDE"))]
    CbillCode;
    /// Postal code.
    #[schema(min_length = 1, max_length = 16, pattern = "^[A-Za-z0-9 -]+$", example = json!("67051"))]
    PostalCode;
    /// Code of the body in the public index.
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9_-]+$", example = json!("c_a515"))]
    IpaCode;
    /// Cadastral code of a municipality.
    #[schema(min_length = 4, max_length = 4, pattern = "^[A-Z][0-9]{3}$", example = json!("A515"))]
    CadastralCode;
    /// Code of an accounting entry: chapter, assessment, plan of accounts.
    #[schema(min_length = 1, max_length = 64, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("3/101-2026"))]
    AccountingKey;
    /// Capitolo, articolo or accertamento of the budget.
    #[schema(min_length = 1, max_length = 20, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("101"))]
    BudgetCode;
    /// Account of revenue of the plan of accounts, level V.
    #[schema(min_length = 16, max_length = 16, pattern = "^E\\.[0-9]\\.[0-9]{2}\\.[0-9]{2}\\.[0-9]{2}\\.[0-9]{3}$", example = json!("E.1.01.01.51.001"))]
    PlanCode;
    /// Code of a row of a charge.
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$", example = json!("ur1"))]
    ChargeRowCode;
    /// Two letters of an Italian province.
    #[schema(min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = json!("AQ"))]
    ProvinceCode;
    /// SHA-256 of a document, base64 of the 32 bytes.
    #[schema(min_length = 44, max_length = 44, pattern = "^[A-Za-z0-9+/]{43}=$", example = json!("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="))]
    Sha256Base64;
    /// A digital revenue stamp: signed XML in base64, as the receipt carried it.
    #[schema(min_length = 4, max_length = 350_000, pattern = "^[A-Za-z0-9+/]+={0,2}$", example = json!("PG1hcmNhRGFCb2xsby8+"))]
    StampFile;
    /// Country, ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = json!("IT"))]
    CountryCode;
    /// Address of electronic mail.
    #[schema(min_length = 3, max_length = 254, pattern = "^[!-?A-~]+@[A-Za-z0-9.-]+$", example = json!("mario.rossi@example.org"))]
    EmailAddress;
    /// A calendar month.
    #[schema(min_length = 7, max_length = 7, pattern = "^20[0-9]{2}-(0[1-9]|1[0-2])$", example = json!("2026-03"))]
    Month;
    /// One line of at most 35 characters.
    #[schema(min_length = 1, max_length = 35, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("Esempio"))]
    Line35;
    /// One line of at most 90 characters.
    #[schema(min_length = 1, max_length = 90, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("Ufficio Tributi, tel. 0863 000000"))]
    Line90;
    /// One line of at most 70 characters.
    #[schema(min_length = 1, max_length = 70, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("Mario Rossi"))]
    Line70;
    /// One line of at most 140 characters.
    #[schema(min_length = 1, max_length = 140, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("TARI 2026"))]
    Line140;
    /// One line of at most 1000 characters.
    #[schema(min_length = 1, max_length = 1000, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("Accredito del flusso 2026-03-03BPPIITRRXXX-0000000001"))]
    Line1000;
    /// Stable name of a rule, a column or a flag.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z][a-z0-9_]*$", example = json!("fixed_part"))]
    Word;
    /// Identifier of something that was changed: a UUID, a code, a number.
    #[schema(min_length = 1, max_length = 140, pattern = "^[!-~]+$", example = json!("LAMPADE"))]
    EntityKey;
    /// SHA-256, in hexadecimal digits.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$", example = json!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))]
    Sha256;
    /// One cell of a report; empty when there is nothing to say.
    #[schema(min_length = 0, max_length = 1000, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$", example = json!("20903"))]
    Cell;
}

integers! {
    /// Amount in euro cents, above zero.
    #[schema(format = Int64, minimum = 1, maximum = 99_999_999_999i64, example = json!(20903))]
    Cents;
    /// Amount in euro cents, zero or more: sums and counters of money.
    #[schema(format = Int64, minimum = 0, maximum = 1_000_000_000_000_000i64, example = json!(20903))]
    TotalCents;
    /// Amount in euro cents that may be negative: reductions and reversals.
    #[schema(format = Int64, minimum = -1_000_000_000_000_000i64, maximum = 1_000_000_000_000_000i64, example = json!(-1500))]
    SignedCents;
    /// Number of things.
    #[schema(format = Int64, minimum = 0, maximum = 1_000_000_000_000i64, example = json!(12))]
    Count;
    /// Revision of a resource; its entity tag is this number between quotes.
    #[schema(format = Int64, minimum = 0, maximum = 1_000_000_000_000i64, example = json!(1))]
    Revision;
}

/// A stranger's text within the bounds of the contract; `None` when nothing is left.
pub(super) fn line_of(text: &str) -> Option<Line1000> {
    let text = fit(&text.replace(char::is_control, " "), 1000);
    (!text.is_empty()).then(|| Line1000::new(text))
}

/// Files, as the media type says.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct File(#[expect(dead_code, reason = "it only names a schema")] Vec<u8>);

macro_rules! headers {
    ($($(#[$meta:meta])* $name:ident;)*) => { $(
        #[derive(ToSchema)]
        $(#[$meta])*
        pub struct $name(#[expect(dead_code, reason = "it only names a schema")] String);
    )* };
}

headers! {
    /// Number of rows of a report.
    #[schema(min_length = 1, max_length = 12, pattern = "^[0-9]+$", example = json!("12"))]
    RowsHeader;
    /// Control totals of a report.
    #[schema(min_length = 0, max_length = 4000, pattern = "^[ -~]*$", example = json!("\"Ricevute\";count=2;cents=15843"))]
    TotalsHeader;
    /// Key of an intent.
    #[schema(min_length = 8, max_length = 66, pattern = "^([A-Za-z0-9_-]{8,64}|\"[A-Za-z0-9_-]{8,64}\")$", example = json!("8e03978e-40d5-43e8-bc93-6894a57f9324"))]
    IdempotencyKeyHeader;
    /// Where a resource is.
    #[schema(format = "uri-reference", max_length = 2000, example = json!("https://avvisi.comune.esempio.it/v1/jobs/019a0000-0000-7000-8000-000000000001"))]
    UriHeader;
    /// Version of a resource.
    #[schema(min_length = 3, max_length = 21, pattern = "^\"[0-9]{1,19}\"$", example = json!("\"1\""))]
    EntityTagHeader;
    /// An entity tag, or several with commas between, or `*`. Anything else matches no version.
    #[schema(min_length = 1, max_length = 200, pattern = "^[ -~]{1,200}$", example = json!("\"1\""))]
    EntityTagsHeader;
}
