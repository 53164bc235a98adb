//! Receipts (ricevuta telematica): facts about money that was collected.

use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::lifecycle::{self, Anomaly, Event, Move, State};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::notice_number::{Iuv, NoticeNumber};
use crate::domain::position::{DebtorKind, NotPayable, Notice, Position};

/// A receipt as the node sent it to one of the bodies in its transfer list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// `idPA`: the body that receives this copy, and in whose books it is kept.
    pub receiver: FiscalCode,
    /// `receiptId`: the payment token, `IUR` in reporting flows.
    pub receipt_id: String,
    /// The notice that was paid.
    pub notice_number: NoticeNumber,
    /// `fiscalCode`: the body that issued the notice.
    pub primary: FiscalCode,
    /// `creditorReferenceId`.
    pub iuv: Iuv,
    /// What was collected, without the PSP's fee.
    pub amount: Cents,
    /// What was paid for.
    pub description: String,
    /// Who owes.
    pub debtor: Party,
    /// Who paid, when the PSP knows.
    pub payer: Option<Party>,
    /// One to five beneficiaries.
    pub transfers: Vec<ReceiptTransfer>,
    /// Who collected.
    pub psp: Psp,
    /// Means of payment.
    pub method: Option<String>,
    /// What the PSP asked on top.
    pub fee: Option<Cents>,
    /// The legally relevant moment of payment.
    pub paid_at: Option<Instant>,
    /// `applicationDate`.
    pub application_on: Option<Day>,
    /// `transferDate`: the day the PSP plans to credit.
    pub transfer_on: Option<Day>,
    /// The node answered the PSP in the creditor's place.
    pub stand_in: bool,
}

/// A person or body named in a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Person or body.
    pub kind: DebtorKind,
    /// Tax code, as stated.
    pub tax_code: FiscalCode,
    /// Name, as stated.
    pub full_name: String,
}

/// Part of a receipt for one beneficiary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptTransfer {
    /// `idTransfer`, 1 to 5: transfers are paired by it, never by their place.
    pub index: u8,
    /// What this beneficiary receives.
    pub amount: Cents,
    /// Who receives it.
    pub beneficiary: FiscalCode,
    /// The account, absent for a digital stamp.
    pub iban: Option<String>,
    /// The digital stamp that the money bought: the signed XML, byte for byte as it came.
    pub stamp: Option<Vec<u8>>,
    /// Collection code, as stated.
    pub taxonomy: String,
}

impl ReceiptTransfer {
    /// Whether the money is a body's own. What buys a stamp is the Revenue Agency's, whichever body the
    /// transfer names.
    #[must_use]
    pub fn is_own_of(&self, body: &FiscalCode) -> bool {
        self.beneficiary == *body && self.iban.is_some()
    }
}

/// The payment service provider that collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Psp {
    /// `idPSP`.
    pub id: String,
    /// Name.
    pub name: String,
    /// `idChannel`.
    pub channel: String,
}

/// Why a receipt is no fact: it contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The parts are not the whole.
    #[error("transfers sum to {sum}, receipt says {total}")]
    TransfersDoNotAddUp {
        /// Sum of the transfers.
        sum: Cents,
        /// Amount of the receipt.
        total: Cents,
    },
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// What a receipt changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The step of the notice; `None` when the notice is not ours or not known.
    pub step: Option<Move>,
    /// What is odd.
    pub anomaly: Option<Anomaly>,
    /// What is booked.
    pub entries: Vec<Entry>,
    /// What of the creditor's own parts was not owed and goes back to who paid, by transfer.
    pub owed_back: Vec<(u8, Cents)>,
}

impl Receipt {
    /// Refuses receipts that contradict themselves; they are no facts about money.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn check(&self) -> Result<(), ReceiptError> {
        let sum = Cents::sum(self.transfers.iter().map(|transfer| transfer.amount))?;
        if sum == self.amount {
            Ok(())
        } else {
            Err(ReceiptError::TransfersDoNotAddUp {
                sum,
                total: self.amount,
            })
        }
    }

    /// The legal day of payment: the moment the PSP states, else its application date, else the day the
    /// receipt arrived.
    #[must_use]
    pub fn paid_on(&self, arrived_on: Day) -> Day {
        let stated = self.paid_at.map(crate::domain::calendar::today);
        stated.or(self.application_on).unwrap_or(arrived_on)
    }
}

/// What the books know about a payment before its receipt is decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Another receipt for the same notice is on file.
    pub earlier_receipt: bool,
    /// What live flows have announced of this receipt already, by transfer: that money is past the PSP
    /// and was booked then.
    pub reported: Vec<(u8, Cents)>,
}

/// Decides what a new receipt changes. The position is `None` when its notice is not in these books: a
/// copy for a secondary beneficiary, or a number nobody issued here. The receipt is kept all the same.
///
/// # Errors
/// [`ReceiptError`].
pub fn receive(
    position: Option<&Position>,
    receipt: &Receipt,
    seen: &Seen,
    day: Day,
) -> Result<Change, ReceiptError> {
    receipt.check()?;
    let mut change = Change {
        step: None,
        anomaly: None,
        entries: Vec::new(),
        owed_back: Vec::new(),
    };
    if let Some((position, notice)) =
        position.and_then(|p| Some((p, p.notice(&receipt.notice_number)?)))
    {
        let step = lifecycle::record(notice.state, Event::Receipt);
        let twice = position.paid_otherwise(notice) || seen.earlier_receipt;
        // The day decides, whether or not the end of the term was written down before the receipt came.
        let late = matches!(
            position.payable_on(notice, receipt.paid_on(day)),
            Err(NotPayable::Expired | NotPayable::PlanLapsed)
        );
        change.step = Some(step);
        change.anomaly = if twice {
            Some(Anomaly::PaidTwice)
        } else if late {
            Some(Anomaly::PaidAfterExpiry)
        } else {
            step.anomaly()
        };
        if change.anomaly.is_some_and(Anomaly::owes_refund) {
            change.owed_back = owed_back(position, notice, receipt, seen)?;
        }
        // Only the first payment of what is owed changes its price; any other one is owed back.
        if !twice && !matches!(notice.state, State::Cancelled | State::Elsewhere) {
            let choice = position.choice(notice, day, &receipt.receipt_id)?;
            change.entries.extend(choice);
            change
                .entries
                .extend(repriced(position, notice, receipt, day)?);
        }
    }
    change
        .entries
        .push(collected(position, receipt, &seen.reported, day)?);
    Ok(change)
}

/// What of a payment that came beside the debt goes back: its own parts, less what it lessens the debt by. Only
/// the first payment of a notice lessens it.
fn owed_back(
    position: &Position,
    notice: &Notice,
    receipt: &Receipt,
    seen: &Seen,
) -> Result<Vec<(u8, Cents)>, MoneyError> {
    let mut pays = match seen.earlier_receipt {
        true => Cents::ZERO,
        false => position.lessened_by(notice, &receipt.receiver)?,
    };
    let mut back = Vec::new();
    let parts = receipt.transfers.iter();
    for part in parts.filter(|part| part.is_own_of(&receipt.receiver)) {
        let taken = part.amount.min(pays);
        pays = pays.minus(taken)?;
        back.push((part.index, part.amount.minus(taken)?));
    }
    back.retain(|(_, amount)| amount.is_positive());
    Ok(back)
}

/// The difference between what was collected and what was booked at publication.
fn repriced(
    position: &Position,
    notice: &Notice,
    receipt: &Receipt,
    day: Day,
) -> Result<Option<Entry>, MoneyError> {
    let service_code = Some(position.service_code.as_str());
    let mut postings = Vec::new();
    for (index, (transfer, booked)) in (1u8..).zip(notice.nominal()) {
        let paid = receipt.transfers.iter().find(|paid| paid.index == index);
        let difference = paid.map_or(Cents::ZERO, |paid| paid.amount).minus(booked)?;
        let beneficiary = &transfer.to.tax_code;
        let about = About {
            notice: Some(&notice.number),
            service_code,
            beneficiary,
        };
        postings.extend(Posting::new(
            Account::Receivable,
            Account::RevenueDue,
            difference,
            about,
        ));
    }
    let reference = receipt.receipt_id.clone();
    let entry = Entry {
        reason: Reason::Repriced,
        day,
        reference,
        postings,
    };
    Ok((!entry.postings.is_empty()).then_some(entry))
}

/// Whose money a transfer is: for a stamp, whom the notice names, because the message names the creditor.
fn owner<'a>(
    position: Option<&'a Position>,
    receipt: &'a Receipt,
    transfer: &'a ReceiptTransfer,
) -> &'a FiscalCode {
    let notice = position.and_then(|position| position.notice(&receipt.notice_number));
    let asked = notice.and_then(|notice| {
        let place = usize::from(transfer.index).checked_sub(1)?;
        notice.transfers.get(place)
    });
    match asked {
        Some(asked) if transfer.iban.is_none() => &asked.to.tax_code,
        Some(_) | None => &transfer.beneficiary,
    }
}

/// Own money is now with the PSP; the rest went to the other beneficiaries.
fn collected(
    position: Option<&Position>,
    receipt: &Receipt,
    reported: &[(u8, Cents)],
    day: Day,
) -> Result<Entry, MoneyError> {
    let own_notice = receipt.primary == receipt.receiver;
    let mut postings = Vec::new();
    for transfer in &receipt.transfers {
        let own = transfer.is_own_of(&receipt.receiver);
        let debit = match (own, own_notice) {
            (true, _) => Account::InTransit,
            (false, true) => Account::ThirdParties,
            // Another body's share of another body's notice: not about our money.
            (false, false) => continue,
        };
        let about = About {
            notice: Some(&receipt.notice_number),
            service_code: position.map(|position| position.service_code.as_str()),
            beneficiary: owner(position, receipt, transfer),
        };
        // What a flow has announced was booked then; a difference stays in transit, as it does when
        // the receipt comes first.
        let announced = reported
            .iter()
            .filter(|(index, _)| *index == transfer.index);
        let announced = Cents::sum(announced.map(|(_, amount)| *amount))?;
        let amount = transfer.amount.minus(announced)?;
        postings.extend(Posting::new(debit, Account::Receivable, amount, about));
    }
    Ok(Entry {
        reason: Reason::Receipt,
        day,
        reference: receipt.receipt_id.clone(),
        postings,
    })
}

#[cfg(test)]
pub(crate) mod tests;
