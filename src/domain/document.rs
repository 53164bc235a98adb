//! What is printed: the notice and the receipt as plain values.
//!
//! One source for two readers. The JSON answer and the PDF are both made from these values, so what
//! a portal shows is what the citizen holds. Any value is valid here: limits are those of the types
//! the values come from, and the page copes with whatever length it is given.

use std::fmt;

use super::calendar::{Day, Instant};
use super::fiscal_code::FiscalCode;
use super::money::Cents;
use super::notice_number::{Iuv, NoticeNumber};

/// The public body that asks for the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentCreditor {
    /// Name as registered with pagoPA.
    pub legal_name: String,
    /// The office in charge.
    pub office_name: Option<String>,
    /// 11 digits.
    pub tax_code: FiscalCode,
    /// Where to ask: address, telephone, mail. At most two lines are meant.
    pub info: Vec<String>,
    /// Interbank code of the creditor, five letters or digits.
    pub cbill: Option<String>,
    /// Where the creditor takes payments online.
    pub web_site: Option<String>,
}

/// A person or a body named on a document. The tax code is text, because a receipt repeats what
/// the node sent, a foreign identifier included.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentParty {
    /// Name and surname, or company name.
    pub full_name: String,
    /// Tax code, VAT number or foreign identifier; empty when unknown.
    pub tax_code: String,
    /// Street and number, then post code, town and province. At most two lines are meant.
    pub address: Vec<String>,
}

/// Who it is stays out of the logs.
impl fmt::Debug for DocumentParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DocumentParty(…)")
    }
}

/// One line of the explanation of an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmountRow {
    /// What it is for.
    pub label: String,
    /// Negative for a reduction.
    pub amount: Cents,
}

/// What a notice says about one matter beside its amount: data, and sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeTopic {
    /// Stable name: `late_payment`.
    pub code: &'static str,
    /// What the citizen reads above it.
    pub title: String,
    /// In the order they are read; at least one.
    pub entries: Vec<TopicEntry>,
}

/// A line of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicEntry {
    /// A datum with its name.
    Fact {
        /// Stable name: `premises_code`.
        code: &'static str,
        /// What the citizen reads before it: `Codice utenza`.
        label: &'static str,
        /// The datum.
        text: String,
    },
    /// A sentence, or a few.
    Sentence(String),
}

/// Another number that pays the same debt at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The number to pay with.
    pub notice_number: NoticeNumber,
    /// Why it asks something else.
    pub reason: String,
    /// What it asks on the day of printing.
    pub amount: Cents,
}

/// Everything on a notice for one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDocument {
    /// Who asks.
    pub creditor: DocumentCreditor,
    /// Who owes.
    pub debtor: DocumentParty,
    /// Who owes the same debt beside the debtor.
    pub joint_debtors: Vec<DocumentParty>,
    /// What it is for.
    pub subject: String,
    /// The number to pay with.
    pub notice_number: NoticeNumber,
    /// The reference inside the number.
    pub iuv: Iuv,
    /// What is asked on the day of printing.
    pub amount: Cents,
    /// The last day to pay; a notice may have none.
    pub due_on: Option<Day>,
    /// Content of the QR code, as [`super::payload::QrPayload`] writes it.
    pub qr_text: String,
    /// Other numbers that pay the same debt at once, at another price.
    pub alternatives: Vec<Alternative>,
    /// How many instalments may be chosen instead of one payment.
    pub instalments: Option<u16>,
    /// How the amount is made up; may be empty.
    pub explanation: Vec<AmountRow>,
    /// What else the charge has its notices say, on the pages after the first.
    pub topics: Vec<NoticeTopic>,
    /// How the whole debt is made up, printed among the topics when the first page does not show it.
    pub whole: Vec<AmountRow>,
    /// Whether to warn that the amount is computed again when the notice is paid.
    pub amount_may_change: bool,
}

/// One account credited by a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptTransfer {
    /// Who was credited.
    pub beneficiary_name: String,
    /// Tax code of who was credited, as the receipt has it.
    pub beneficiary_tax_code: String,
    /// How much.
    pub amount: Cents,
}

/// Everything on the receipt handed to a citizen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptDocument {
    /// Who asked.
    pub creditor: DocumentCreditor,
    /// Who owed.
    pub debtor: DocumentParty,
    /// Who paid, when the receipt says so.
    pub payer: Option<DocumentParty>,
    /// What it was for.
    pub subject: String,
    /// The notice that was paid.
    pub notice_number: NoticeNumber,
    /// The reference inside the number.
    pub iuv: Iuv,
    /// Identifier of the receipt on the node.
    pub receipt_id: String,
    /// The payment service provider that took the money.
    pub psp_name: String,
    /// When it was paid.
    pub paid_at: Instant,
    /// What was paid, without the fee of the provider.
    pub amount: Cents,
    /// The fee the provider charged, when it said so.
    pub fee: Option<Cents>,
    /// Where the money went.
    pub transfers: Vec<ReceiptTransfer>,
}
