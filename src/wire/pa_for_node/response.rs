//! What the creditor answers, written in the order of the schema.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

use super::receipt::MapEntry;
use super::request::QrCode;
use super::subject::Subject;
use super::{Namespace, Operation, Version};
use crate::wire::amount::Amount;
use crate::wire::soap::Writer;
use crate::wire::text::{fit, fit_optional};
use crate::wire::time::print_date;

/// Metadata entries written at most; the rest is left out.
const MAP_ENTRIES_MAX: usize = 15;

/// An answer: which operation it answers follows from what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// OK to `paVerifyPaymentNotice`.
    Verify(VerifyRes),
    /// OK to `paGetPayment`.
    GetPaymentV1(Box<Payment<TransferV1>>),
    /// OK to `paGetPaymentV2`.
    GetPaymentV2(Box<Payment<TransferV2>>),
    /// OK to `paSendRT` and `paSendRTV2`.
    Ack(Version),
    /// OK to `paDemandPaymentNotice`.
    Demand(DemandRes),
    /// KO to any of them.
    Ko(Operation, Fault),
}

/// Why the answer is KO (`ctFaultBean`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `faultCode`, as `PAA_PAGAMENTO_SCONOSCIUTO`.
    pub code: String,
    /// `faultString`; a fault without it is malformed to the node, so an empty one becomes `-`.
    pub string: String,
    /// `id`: fiscal code of the creditor that answers.
    pub id: String,
    /// `description`.
    pub description: Option<String>,
}

/// What is due for a notice. Texts are cut to 140 characters.
///
/// The schema lets most of this be absent, for the sake of KO; the node does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyRes {
    /// Due now; must be above zero. Always written with the option `EQ`.
    pub amount: Amount,
    /// `dueDate`.
    pub due_date: Option<NaiveDate>,
    /// `detailDescription`.
    pub detail_description: Option<String>,
    /// `allCCP`: every transfer could be credited to a postal account.
    pub all_ccp: bool,
    /// `paymentDescription`.
    pub payment_description: String,
    /// `fiscalCodePA`, 11 digits.
    pub fiscal_code_pa: String,
    /// `companyName`.
    pub company_name: String,
    /// `officeName`.
    pub office_name: Option<String>,
}

/// The notice made on demand, and what is due for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemandRes {
    /// `qrCode`: the new notice.
    pub qr_code: QrCode,
    /// The same elements as in the answer to verify.
    pub due: VerifyRes,
}

/// `ctPaymentPA` and `ctPaymentPAV2`, which differ in the transfers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment<T> {
    /// `creditorReferenceId`: the IUV, at most 35 characters.
    pub creditor_reference_id: String,
    /// `paymentAmount`: above zero, the sum of the transfers.
    pub payment_amount: Amount,
    /// `dueDate`, mandatory even for debts that never fall due.
    pub due_date: NaiveDate,
    /// `retentionDate`; the node ignores it.
    pub retention_date: Option<DateTime<Utc>>,
    /// `lastPayment`; the node ignores it.
    pub last_payment: Option<bool>,
    /// `description`, cut to 140 characters.
    pub description: String,
    /// `companyName`, always written (V1 would do without), cut to 140 characters.
    pub company_name: String,
    /// `officeName`, cut to 140 characters.
    pub office_name: Option<String>,
    /// `debtor`.
    pub debtor: Subject,
    /// `transferList`, 1 to 5.
    pub transfers: Vec<T>,
    /// `metadata`; the first 15 entries are written.
    pub metadata: Vec<MapEntry>,
}

/// `ctTransferPA`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferV1 {
    /// `idTransfer`, 1 to 5, unique.
    pub id: u8,
    /// `transferAmount`, above zero.
    pub amount: Amount,
    /// `fiscalCodePA`, 11 digits.
    pub fiscal_code_pa: String,
    /// `IBAN`.
    pub iban: String,
    /// `remittanceInformation`, cut to 140 characters.
    pub remittance_information: String,
    /// `transferCategory`: the taxonomy code.
    pub transfer_category: String,
    /// `metadata`; the first 15 entries are written.
    pub metadata: Vec<MapEntry>,
}

/// `ctTransferPAV2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferV2 {
    /// `idTransfer`, 1 to 5, unique.
    pub id: u8,
    /// `transferAmount`, above zero.
    pub amount: Amount,
    /// `fiscalCodePA`, 11 digits.
    pub fiscal_code_pa: String,
    /// `companyName`, cut to 140 characters.
    pub company_name: Option<String>,
    /// The schema's choice.
    pub account: Account,
    /// `remittanceInformation`, cut to 140 characters.
    pub remittance_information: String,
    /// `transferCategory`: the taxonomy code.
    pub transfer_category: String,
    /// `metadata`; the first 15 entries are written.
    pub metadata: Vec<MapEntry>,
}

/// Where the money of a transfer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// `IBAN`.
    Iban(String),
    /// `richiestaMarcaDaBollo`.
    Stamp(StampDuty),
}

/// `ctRichiestaMarcaDaBollo`, of the only kind there is (`01`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampDuty {
    /// SHA-256 of the document; written as base64 of these raw 32 bytes, once.
    pub document_sha256: [u8; 32],
    /// `provinciaResidenza`, two capital letters.
    pub province: String,
}

impl Payment<TransferV2> {
    /// The same payment for a caller of V1; `None` when it buys a stamp, which V1 cannot say.
    pub fn into_v1(self) -> Option<Payment<TransferV1>> {
        let transfers = self.transfers.into_iter().map(TransferV2::into_v1);
        Some(Payment {
            transfers: transfers.collect::<Option<_>>()?,
            creditor_reference_id: self.creditor_reference_id,
            payment_amount: self.payment_amount,
            due_date: self.due_date,
            retention_date: self.retention_date,
            last_payment: self.last_payment,
            description: self.description,
            company_name: self.company_name,
            office_name: self.office_name,
            debtor: self.debtor,
            metadata: self.metadata,
        })
    }
}

impl TransferV2 {
    fn into_v1(self) -> Option<TransferV1> {
        let iban = match self.account {
            Account::Iban(iban) => iban,
            Account::Stamp(_) => return None,
        };
        Some(TransferV1 {
            id: self.id,
            amount: self.amount,
            fiscal_code_pa: self.fiscal_code_pa,
            iban,
            remittance_information: self.remittance_information,
            transfer_category: self.transfer_category,
            metadata: self.metadata,
        })
    }
}

impl Response {
    /// The operation this answers.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Verify(_) => Operation::Verify,
            Self::GetPaymentV1(_) => Operation::GetPayment(Version::V1),
            Self::GetPaymentV2(_) => Operation::GetPayment(Version::V2),
            Self::Ack(version) => Operation::SendRt(*version),
            Self::Demand(_) => Operation::Demand,
            Self::Ko(operation, _) => *operation,
        }
    }

    /// The whole envelope, UTF-8, in the namespace of the caller.
    pub fn to_xml(&self, namespace: Namespace) -> Vec<u8> {
        let root = self.operation().response_root();
        let mut out = Writer::envelope();
        out.open_root(root, namespace.uri());
        let ok = !matches!(self, Self::Ko(..));
        out.leaf("outcome", if ok { "OK" } else { "KO" });
        match self {
            Self::Verify(due) => due.write(&mut out),
            Self::GetPaymentV1(payment) => payment.write(&mut out, TransferV1::write),
            Self::GetPaymentV2(payment) => payment.write(&mut out, TransferV2::write),
            Self::Ack(_) => {}
            Self::Demand(answer) => {
                out.open("qrCode");
                out.leaf("fiscalCode", &answer.qr_code.fiscal_code);
                out.leaf("noticeNumber", &answer.qr_code.notice_number);
                out.close("qrCode");
                answer.due.write(&mut out);
            }
            Self::Ko(_, fault) => fault.write(&mut out),
        }
        out.close_root(root);
        out.finish()
    }
}

impl Fault {
    fn write(&self, out: &mut Writer) {
        out.open("fault");
        out.leaf("faultCode", &fit(&self.code, 100));
        out.leaf("faultString", &fit(&self.string, 255));
        out.leaf("id", &fit(&self.id, 35));
        out.leaf_if("description", cut(&self.description, 1_024).as_deref());
        out.close("fault");
    }
}

impl VerifyRes {
    fn write(&self, out: &mut Writer) {
        out.open("paymentList");
        out.open("paymentOptionDescription");
        out.leaf("amount", self.amount.as_str());
        out.leaf("options", "EQ");
        out.leaf_if("dueDate", self.due_date.map(print_date).as_deref());
        out.leaf_if(
            "detailDescription",
            cut(&self.detail_description, 140).as_deref(),
        );
        out.leaf("allCCP", boolean(self.all_ccp));
        out.close("paymentOptionDescription");
        out.close("paymentList");
        out.leaf("paymentDescription", &fit(&self.payment_description, 140));
        out.leaf("fiscalCodePA", &self.fiscal_code_pa);
        out.leaf("companyName", &fit(&self.company_name, 140));
        out.leaf_if("officeName", cut(&self.office_name, 140).as_deref());
    }
}

impl<T> Payment<T> {
    fn write(&self, out: &mut Writer, transfer: impl Fn(&T, &mut Writer)) {
        out.open("data");
        out.leaf("creditorReferenceId", &fit(&self.creditor_reference_id, 35));
        out.leaf("paymentAmount", self.payment_amount.as_str());
        out.leaf("dueDate", &print_date(self.due_date));
        let retention = self
            .retention_date
            .map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        out.leaf_if("retentionDate", retention.as_deref());
        out.leaf_if("lastPayment", self.last_payment.map(boolean));
        out.leaf("description", &fit(&self.description, 140));
        out.leaf("companyName", &fit(&self.company_name, 140));
        out.leaf_if("officeName", cut(&self.office_name, 140).as_deref());
        self.debtor.write("debtor", out);
        out.open("transferList");
        for one in &self.transfers {
            out.open("transfer");
            transfer(one, out);
            out.close("transfer");
        }
        out.close("transferList");
        write_metadata(&self.metadata, out);
        out.close("data");
    }
}

impl TransferV1 {
    fn write(&self, out: &mut Writer) {
        out.leaf("idTransfer", &self.id.to_string());
        out.leaf("transferAmount", self.amount.as_str());
        out.leaf("fiscalCodePA", &self.fiscal_code_pa);
        out.leaf("IBAN", &fit(&self.iban, 35));
        out.leaf(
            "remittanceInformation",
            &fit(&self.remittance_information, 140),
        );
        out.leaf("transferCategory", &fit(&self.transfer_category, 140));
        write_metadata(&self.metadata, out);
    }
}

impl TransferV2 {
    fn write(&self, out: &mut Writer) {
        out.leaf("idTransfer", &self.id.to_string());
        out.leaf("transferAmount", self.amount.as_str());
        out.leaf("fiscalCodePA", &self.fiscal_code_pa);
        out.leaf_if("companyName", cut(&self.company_name, 140).as_deref());
        match &self.account {
            Account::Iban(iban) => out.leaf("IBAN", &fit(iban, 35)),
            Account::Stamp(stamp) => {
                out.open("richiestaMarcaDaBollo");
                out.leaf("hashDocumento", &STANDARD.encode(stamp.document_sha256));
                out.leaf("tipoBollo", "01");
                out.leaf("provinciaResidenza", &stamp.province);
                out.close("richiestaMarcaDaBollo");
            }
        }
        out.leaf(
            "remittanceInformation",
            &fit(&self.remittance_information, 140),
        );
        out.leaf("transferCategory", &fit(&self.transfer_category, 140));
        write_metadata(&self.metadata, out);
    }
}

/// An entry without key or value is left out, and so is a list without entries.
fn write_metadata(entries: &[MapEntry], out: &mut Writer) {
    let entries: Vec<_> = entries
        .iter()
        .filter_map(|entry| {
            Some((
                fit_optional(&entry.key, 140)?,
                fit_optional(&entry.value, 140)?,
            ))
        })
        .take(MAP_ENTRIES_MAX)
        .collect();
    if entries.is_empty() {
        return;
    }
    out.open("metadata");
    for (key, value) in entries {
        out.open("mapEntry");
        out.leaf("key", &key);
        out.leaf("value", &value);
        out.close("mapEntry");
    }
    out.close("metadata");
}

fn cut(text: &Option<String>, chars_max: usize) -> Option<String> {
    text.as_deref()
        .and_then(|text| fit_optional(text, chars_max))
}

fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
