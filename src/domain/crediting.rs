//! Which account a payment credits: the notice's own, or the creditor's postal account where the way of
//! paying asks for one (SANP, `transferType`).

use crate::domain::calendar::Day;
use crate::domain::creditor::Creditor;
use crate::domain::iban::Iban;
use crate::domain::service::Beneficiary;

/// Key under which a payment through the platform carries the postal account.
const SUPPORT_KEY: &str = "IBANAPPOGGIO";
/// Metadata that one transfer carries at most (`ctMetadata`).
pub const METADATA_MAX: usize = 15;

/// How a notice is about to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidThrough {
    /// Anything that does not ask for an account: no `transferType`.
    AnyProvider,
    /// The slip at a post office, which is printed with the creditor's postal account: `POSTAL`.
    PostOffice,
    /// The platform's own pages, which may credit a postal account beside the one answered: `PAGOPA`.
    Platform,
}

/// The accounts of one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crediting<'a> {
    /// The account that is answered.
    pub iban: &'a Iban,
    /// The postal account named beside it.
    support: Option<&'a Iban>,
}

impl Crediting<'_> {
    /// Adds the postal account to the metadata of the transfer. Where they are full already, those that the
    /// charge needs stay: the account is an offer and no duty.
    pub fn support(&self, metadata: &mut Vec<(String, String)>) {
        if let Some(iban) = self.support
            && metadata.len() < METADATA_MAX
        {
            metadata.push((SUPPORT_KEY.to_owned(), iban.to_string()));
        }
    }
}

impl Creditor {
    /// The account at Poste Italiane that is in use on a day: the first one.
    #[must_use]
    pub fn postal_account(&self, day: Day) -> Option<&Iban> {
        let valid = self.accounts.iter().filter(|known| known.valid.holds(day));
        valid.map(|known| &known.iban).find(|iban| iban.is_postal())
    }

    /// What a transfer credits on a day; `None` for one that buys a stamp. Only the creditor's own share
    /// moves to its postal account: what other beneficiaries have is not known.
    #[must_use]
    pub fn crediting<'a>(
        &'a self,
        to: &'a Beneficiary,
        paid: PaidThrough,
        day: Day,
    ) -> Option<Crediting<'a>> {
        let iban = to.iban()?;
        let own = to.tax_code == self.tax_code && !iban.is_postal();
        let postal = self.postal_account(day).filter(|_| own);
        Some(match (paid, postal) {
            (PaidThrough::PostOffice, Some(postal)) => Crediting {
                iban: postal,
                support: None,
            },
            (PaidThrough::Platform, support) => Crediting { iban, support },
            (PaidThrough::PostOffice, None) | (PaidThrough::AnyProvider, _) => Crediting {
                iban,
                support: None,
            },
        })
    }

    /// Whether a transfer could be credited to a postal account on a day (`allCCP`, when all could).
    #[must_use]
    pub fn credits_postally(&self, to: &Beneficiary, day: Day) -> bool {
        self.crediting(to, PaidThrough::PostOffice, day)
            .is_some_and(|crediting| crediting.iban.is_postal())
    }
}

#[cfg(test)]
mod tests;
