//! The bank that keeps a creditor's treasury (*tesoriere*, TUEL art. 208), as the head of a flow of orders (OPI)
//! addresses it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::findings::Findings;
use crate::domain::service::DetailsError;
use crate::domain::text::Text;

/// Who sends flows of orders to whom, through SIOPE+.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Treasurer {
    /// ABI code of the bank.
    #[schema(min_length = 5, max_length = 5, pattern = "^[0-9]{5}$", example = json!("03069"))]
    pub bank_code: String,
    /// Code of the creditor's office in the public index (codice univoco ufficio).
    #[schema(min_length = 6, max_length = 6, pattern = "^[A-Z0-9]{6}$", example = json!("UF7ABC"))]
    pub office_code: String,
    /// The creditor's code at SIOPE (codice ISTAT).
    #[schema(min_length = 9, max_length = 15, pattern = "^[0-9]{9,15}$", example = json!("000099999"))]
    pub siope_code: String,
    /// Who sends for the creditor.
    #[schema(min_length = 12, max_length = 12, pattern = "^A2A-[0-9]{8}$", example = json!("A2A-12345678"))]
    pub sender_code: String,
    /// Who receives for the bank.
    #[schema(min_length = 12, max_length = 12, pattern = "^A2A-[0-9]{8}$", example = json!("A2A-87654321"))]
    pub receiver_code: String,
    /// What the bank calls the creditor.
    #[schema(min_length = 1, max_length = 35, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$", example = json!("0001234"))]
    pub customer_code: String,
}

impl Treasurer {
    /// The rules that its codes break, with pointers as `/bank_code`.
    #[must_use]
    pub fn check(&self) -> Vec<DetailsError> {
        let mut findings = Findings::default();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_code = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        let a2a = |text: &str| {
            let number = text.strip_prefix("A2A-");
            number.is_some_and(|number| number.len() == 8 && digits(number))
        };
        if self.bank_code.len() != 5 || !digits(&self.bank_code) {
            findings.add(
                "/bank_code",
                "deve avere cinque cifre",
                "must have five digits",
            );
        }
        if self.office_code.len() != 6 || !self.office_code.bytes().all(is_code) {
            findings.add(
                "/office_code",
                "deve avere sei lettere maiuscole o cifre",
                "must have six capital letters or digits",
            );
        }
        if !(9..=15).contains(&self.siope_code.len()) || !digits(&self.siope_code) {
            findings.add(
                "/siope_code",
                "deve avere da 9 a 15 cifre",
                "must have 9 to 15 digits",
            );
        }
        for (pointer, code) in [
            ("/sender_code", &self.sender_code),
            ("/receiver_code", &self.receiver_code),
        ] {
            if !a2a(code) {
                findings.add(
                    pointer,
                    "deve essere A2A- e otto cifre",
                    "must be A2A- and eight digits",
                );
            }
        }
        if Text::<35>::parse(&self.customer_code).is_err() {
            findings.text::<35>("/customer_code", &self.customer_code);
        }
        findings.result().err().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn treasurer() -> Treasurer {
        Treasurer {
            bank_code: "99999".to_owned(),
            office_code: "UFAVZ1".to_owned(),
            siope_code: "000099999".to_owned(),
            sender_code: "A2A-00000001".to_owned(),
            receiver_code: "A2A-00000002".to_owned(),
            customer_code: "4711".to_owned(),
        }
    }

    #[test]
    fn every_code_has_its_form_and_every_fault_is_named() {
        assert_eq!(treasurer().check(), Vec::new());
        let wrong = Treasurer {
            bank_code: "9999".to_owned(),
            office_code: "ufavz1".to_owned(),
            siope_code: "12345678".to_owned(),
            sender_code: "A2A-1234567".to_owned(),
            receiver_code: "B2A-00000002".to_owned(),
            customer_code: "  ".to_owned(),
        };
        let found = wrong.check();
        let places: Vec<&str> = found.iter().map(|one| one.pointer.as_str()).collect();
        assert_eq!(
            places,
            [
                "/bank_code",
                "/office_code",
                "/siope_code",
                "/sender_code",
                "/receiver_code",
                "/customer_code"
            ]
        );
    }
}
