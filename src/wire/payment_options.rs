//! The answer to the node's question for the ways of paying a notice (`PaymentOptionsResponse`), and the error
//! in its place. The interface writes local times without an offset, as its own example does.

use chrono::NaiveDate;
use serde::Serialize;

/// `EnumInstallment` and `EnumPo`, without their prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// `UNPAID`.
    Unpaid,
    /// `PAID`.
    Paid,
    /// `PARTIALLY_PAID`, of an option only.
    PartiallyPaid,
    /// `EXPIRED_UNPAID`.
    ExpiredUnpaid,
    /// `EXPIRED_NOT_PAYABLE`.
    ExpiredNotPayable,
    /// `INVALID`.
    Invalid,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Unpaid => "UNPAID",
            Self::Paid => "PAID",
            Self::PartiallyPaid => "PARTIALLY_PAID",
            Self::ExpiredUnpaid => "EXPIRED_UNPAID",
            Self::ExpiredNotPayable => "EXPIRED_NOT_PAYABLE",
            Self::Invalid => "INVALID",
        }
    }
}

/// One notice of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installment {
    /// `nav`.
    pub notice_number: String,
    /// `iuv`.
    pub iuv: String,
    /// `amount`, cents.
    pub cents: i64,
    /// `description`.
    pub description: String,
    /// `dueDate`: the last second of this day.
    pub due_on: NaiveDate,
    /// `validFrom`: the first second of this day.
    pub valid_from: NaiveDate,
    /// `status`.
    pub status: Status,
}

/// One way of paying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentOption {
    /// `description`.
    pub description: String,
    /// `amount`, cents.
    pub cents: i64,
    /// `status`.
    pub status: Status,
    /// `allCCP`.
    pub all_ccp: bool,
    /// `installments`, at least one.
    pub installments: Vec<Installment>,
}

/// `PaymentOptionsResponse`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentOptions {
    /// `organizationFiscalCode`.
    pub creditor: String,
    /// `companyName`.
    pub company_name: String,
    /// `officeName`.
    pub office_name: Option<String>,
    /// `paymentOptions`.
    pub options: Vec<PaymentOption>,
}

/// `ErrorResponse`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// `appErrorCode`, as `ODP-107`.
    pub code: &'static str,
    /// `errorMessage`: the fault and its words.
    pub message: String,
    /// `timestamp`, seconds.
    pub seconds: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstallmentJson<'a> {
    nav: &'a str,
    iuv: &'a str,
    amount: i64,
    description: &'a str,
    due_date: String,
    valid_from: String,
    status: String,
    status_reason: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OptionJson<'a> {
    description: &'a str,
    number_of_installments: usize,
    amount: i64,
    due_date: String,
    valid_from: String,
    status: String,
    status_reason: &'a str,
    #[serde(rename = "allCCP")]
    all_ccp: bool,
    installments: Vec<InstallmentJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OptionsJson<'a> {
    organization_fiscal_code: &'a str,
    company_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    office_name: Option<&'a str>,
    standin: bool,
    payment_options: Vec<OptionJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefusedJson<'a> {
    http_status_code: u16,
    http_status_description: &'a str,
    app_error_code: &'a str,
    error_message: &'a str,
    timestamp: i64,
}

fn ends(day: NaiveDate) -> String {
    format!("{day}T23:59:59")
}

fn begins(day: NaiveDate) -> String {
    format!("{day}T00:00:00")
}

impl PaymentOptions {
    /// The body of the answer.
    pub fn to_json(&self) -> Vec<u8> {
        let body = OptionsJson {
            organization_fiscal_code: &self.creditor,
            company_name: &self.company_name,
            office_name: self.office_name.as_deref(),
            standin: false,
            payment_options: self.options.iter().map(PaymentOption::json).collect(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl PaymentOption {
    fn json(&self) -> OptionJson<'_> {
        let due = self.installments.iter().map(|one| one.due_on).max();
        let from = self.installments.iter().map(|one| one.valid_from).min();
        OptionJson {
            description: &self.description,
            number_of_installments: self.installments.len(),
            amount: self.cents,
            due_date: due.map(ends).unwrap_or_default(),
            valid_from: from.map(begins).unwrap_or_default(),
            status: format!("PO_{}", self.status.name()),
            status_reason: self.status.name(),
            all_ccp: self.all_ccp,
            installments: self.installments.iter().map(Installment::json).collect(),
        }
    }
}

impl Installment {
    fn json(&self) -> InstallmentJson<'_> {
        InstallmentJson {
            nav: &self.notice_number,
            iuv: &self.iuv,
            amount: self.cents,
            description: &self.description,
            due_date: ends(self.due_on),
            valid_from: begins(self.valid_from),
            status: format!("POI_{}", self.status.name()),
            status_reason: self.status.name(),
        }
    }
}

impl Refused {
    /// The body of the answer.
    pub fn to_json(&self) -> Vec<u8> {
        let description = match self.status {
            400 => "Bad Request",
            404 => "Not Found",
            409 => "Conflict",
            422 => "Unprocessable Entity",
            _ => "Internal Server Error",
        };
        let body = RefusedJson {
            http_status_code: self.status,
            http_status_description: description,
            app_error_code: self.code,
            error_message: &self.message,
            timestamp: self.seconds,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}
