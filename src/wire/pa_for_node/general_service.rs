//! The document inside `paDemandPaymentNotice` (`datiSpecificiServizioRequest`) of a generic service: element
//! `service` of the namespace `GeneralService`, whose children each service chooses. Two of them have a shape
//! that is known, `amount` and `debtor`; the others are answers under their names.

use super::facets::{amount_not_zero, email, subject_code, text};
use super::fields::{Fields, Rule, Violation};
use super::subject::{PersonKind, person_kind};
use crate::wire::amount::Amount;
use crate::wire::soap::{self, Unreadable};

/// The namespace of the document.
pub const GENERAL_SERVICE: &str = "http://PuntoAccessoPSP.spcoop.gov.it/GeneralService";

/// Most answers of a document.
const ANSWERS_MAX: usize = 20;
/// Children that are no answers; `fiscalCode` repeats the creditor.
const KNOWN: [&str; 3] = ["amount", "debtor", "fiscalCode"];

/// What a citizen typed at a payment provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneralService {
    /// `amount`, above zero.
    pub amount: Option<Amount>,
    /// `entityUniqueIdentifierType` of the debtor.
    pub debtor_kind: PersonKind,
    /// `entityUniqueIdentifierValue` of the debtor, 2 to 16 characters.
    pub debtor_code: String,
    /// `fullName` of the debtor, 70 characters.
    pub debtor_name: String,
    /// `email` of the debtor; one that no message could carry is left out.
    pub debtor_email: Option<String>,
    /// Every other child that holds text, by name, 140 characters each.
    pub answers: Vec<(String, String)>,
}

/// Why a document says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadService {
    /// It is no document.
    #[error("datiSpecificiServizioRequest: {0}")]
    Unreadable(#[from] Unreadable),
    /// It is another one.
    #[error("datiSpecificiServizioRequest: must be the element service of {GENERAL_SERVICE}")]
    Other,
    /// It breaks a rule.
    #[error("datiSpecificiServizioRequest: {0}")]
    Violation(#[from] Violation),
}

/// Reads the document.
///
/// # Errors
///
/// [`BadService`].
pub fn general_service(bytes: &[u8]) -> Result<GeneralService, BadService> {
    let root = soap::document(bytes)?;
    if root.name != "service" || root.namespace != GENERAL_SERVICE {
        return Err(BadService::Other);
    }
    let fields = Fields::root(&root)?;
    let debtor = fields.group("debtor")?;
    let identifier = debtor.group("uniqueIdentifier")?;
    let mut answers = Vec::new();
    for child in root
        .children
        .iter()
        .filter(|child| !KNOWN.contains(&child.name.as_str()))
    {
        if answers.len() >= ANSWERS_MAX {
            return Err(fields
                .violation(&child.name, Rule::TooMany { max: ANSWERS_MAX })
                .into());
        }
        // A form that was left empty is no answer.
        let filled = |raw: &str| match raw.trim() {
            "" => Ok(None),
            answer => text::<140>(answer).map(Some),
        };
        if let Some(value) = fields.optional(&child.name, filled)?.flatten() {
            answers.push((child.name.clone(), value));
        }
    }
    Ok(GeneralService {
        amount: fields.optional("amount", amount_not_zero)?,
        debtor_kind: identifier.required("entityUniqueIdentifierType", person_kind)?,
        debtor_code: identifier.required("entityUniqueIdentifierValue", subject_code)?,
        debtor_name: debtor.required("fullName", text::<70>)?,
        debtor_email: debtor
            .optional("email", |raw| Ok(email(raw).ok()))?
            .flatten(),
        answers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(inside: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><s:service xmlns:s=\"{GENERAL_SERVICE}\">{inside}</s:service>"
        )
    }

    const DEBTOR: &str = "<debtor><uniqueIdentifier><entityUniqueIdentifierType>F</entityUniqueIdentifierType>\
        <entityUniqueIdentifierValue>RSSMRA85T10A562S</entityUniqueIdentifierValue></uniqueIdentifier>\
        <fullName>Mario Rossi</fullName><email>mario rossi</email></debtor>";

    #[test]
    fn what_is_not_known_is_an_answer() {
        let text = document(&format!(
            "<amount>25.00</amount>{DEBTOR}<fiscalCode>99999000203</fiscalCode><lamps> 3 </lamps><note></note>"
        ));
        let read = general_service(text.as_bytes()).unwrap();
        assert_eq!(read.amount.unwrap().cents(), 2_500);
        assert_eq!(
            (read.debtor_kind, read.debtor_name.as_str()),
            (PersonKind::Natural, "Mario Rossi")
        );
        assert_eq!(
            read.debtor_email, None,
            "an address that no message could carry"
        );
        assert_eq!(read.answers, [("lamps".to_owned(), "3".to_owned())]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let many: String = (0..30).map(|n| format!("<a{n}>1</a{n}>")).collect();
        for (text, told) in [
            ("nothing".to_owned(), "datiSpecificiServizioRequest: "),
            ("<service/>".to_owned(), "must be the element service"),
            (document(""), "debtor: missing"),
            (
                document(&format!("{DEBTOR}<amount>25</amount>")),
                "amount: must be",
            ),
            (
                document(&format!("{DEBTOR}<amount>0.00</amount>")),
                "amount: must be",
            ),
            (
                document(&format!("{DEBTOR}<lamps>1</lamps><lamps>2</lamps>")),
                "lamps: present more than once",
            ),
            (
                document(&format!("{DEBTOR}<lamps><x>1</x></lamps>")),
                "lamps: holds elements",
            ),
            (
                document(&format!("{DEBTOR}{many}")),
                "present more than 20 times",
            ),
            (
                document("<debtor><fullName>X</fullName></debtor>"),
                "debtor/uniqueIdentifier: missing",
            ),
        ] {
            let error = general_service(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
