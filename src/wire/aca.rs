//! What the platform's archive of notices is told (`NewDebtPositionRequest` of `paCreatePosition`).

use chrono::NaiveDate;
use serde::Serialize;

use super::text::fit;

/// Path of the one operation, below the base of the service.
pub const PATH: &str = "/paCreatePosition";

/// A notice as the archive keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedNotice {
    /// `paFiscalCode`, 11 digits.
    pub creditor: String,
    /// `entityType`: `F` or `G`.
    pub debtor_type: &'static str,
    /// `entityFiscalCode`.
    pub debtor_code: String,
    /// `entityFullName`, cut to 255 characters.
    pub debtor_name: String,
    /// `iuv`.
    pub iuv: String,
    /// `nav`.
    pub notice_number: String,
    /// `amount`, cents; 0 closes the notice.
    pub cents: i64,
    /// `description`, cut to 255 characters.
    pub description: String,
    /// `expirationDate`: the end of this day, in universal time.
    pub expires_on: NaiveDate,
    /// `iban` of the creditor's own share, unless it is postal.
    pub iban: Option<String>,
    /// `postalIban` of the creditor.
    pub postal_iban: Option<String>,
    /// `payStandIn`: whether it may be paid while the creditor cannot be asked.
    pub pay_stand_in: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    pa_fiscal_code: &'a str,
    entity_type: &'a str,
    entity_fiscal_code: &'a str,
    entity_full_name: String,
    iuv: &'a str,
    nav: &'a str,
    amount: i64,
    description: String,
    expiration_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iban: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_iban: Option<&'a str>,
    switch_to_expired: bool,
    pay_stand_in: bool,
}

impl ArchivedNotice {
    /// The body of the request.
    pub fn to_json(&self) -> Vec<u8> {
        let body = Json {
            pa_fiscal_code: &self.creditor,
            entity_type: self.debtor_type,
            entity_fiscal_code: &self.debtor_code,
            entity_full_name: fit(&self.debtor_name, 255),
            iuv: &self.iuv,
            nav: &self.notice_number,
            amount: self.cents,
            description: fit(&self.description, 255),
            expiration_date: format!("{}T23:59:59Z", self.expires_on),
            iban: self.iban.as_deref(),
            postal_iban: self.postal_iban.as_deref(),
            switch_to_expired: false,
            pay_stand_in: self.pay_stand_in,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}
