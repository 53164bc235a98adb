//! A payment that begins at a payment provider (`paDemandPaymentNotice`): a citizen asks for a service, and
//! the notice is made for the occasion.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::money::Cents;
use crate::domain::position::Debtor;

/// Code under which providers offer a service of a creditor (`idServizio`): five letters or digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DemandCode(String);

/// The code is not five letters or digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code under which providers offer a service has five letters or digits")]
pub struct BadDemandCode;

impl crate::domain::text::Rule for BadDemandCode {
    fn italian(&self) -> String {
        "il codice con cui i PSP offrono un servizio ha cinque lettere o cifre".to_owned()
    }
}

impl DemandCode {
    /// Reads a code.
    ///
    /// # Errors
    /// [`BadDemandCode`].
    pub fn parse(text: &str) -> Result<DemandCode, BadDemandCode> {
        if text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(DemandCode(text.to_owned()))
        } else {
            Err(BadDemandCode)
        }
    }

    /// The five characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DemandCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the citizen asked the provider for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Who will owe.
    pub debtor: Debtor,
    /// What the citizen wants to pay, for services that ask.
    pub amount: Option<Cents>,
    /// What else was answered, by name.
    pub answers: BTreeMap<String, String>,
}

impl Demand {
    /// The amount as details have it.
    #[must_use]
    pub fn amount_cents(&self) -> Option<i64> {
        self.amount.map(Cents::get)
    }

    /// What was answered under a name.
    #[must_use]
    pub fn answer(&self, name: &str) -> Option<&str> {
        self.answers.get(name).map(String::as_str)
    }
}
