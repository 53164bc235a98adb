//! Receipts and notices, as the classifier wants them: by payment reference, many at once.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use uuid::Uuid;

use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::lifecycle::{Event, State};
use crate::domain::money::Cents;
use crate::domain::notice_number::NoticeNumber;
use crate::domain::reconciliation::{Flag, Paid};
use crate::store::prepared::among;
use crate::store::schema::{notice, notice_event, receipt, receipt_remark, receipt_transfer};
use crate::store::types::Id;
use crate::store::{Conn, Error, Tx};

/// A notice of ours and the position it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeFact {
    /// The 18 digits.
    pub number: NoticeNumber,
    /// Its IUV.
    pub iuv: String,
    /// Position it belongs to.
    pub position_id: Uuid,
    /// Option of the position.
    pub option: i16,
    /// The creditor has withdrawn it and not restored it since.
    pub withdrawn: bool,
}

/// One transfer of a receipt, with what its bookings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidFact {
    /// What the classifier looks at.
    pub paid: Paid,
    /// The notice the receipt is for.
    pub notice_number: String,
    /// The creditor's service, when the notice is in these books.
    pub service_code: Option<String>,
    /// The account that is credited.
    pub iban: Option<String>,
}

#[derive(Queryable)]
struct NoticeRow {
    number: String,
    iuv: String,
    position_id: Id,
    option_no: i16,
    withdrawal: Option<String>,
}

/// Notices with these references, and every other notice of the same positions.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn notices_around(
    conn: &mut Conn,
    creditor: &FiscalCode,
    iuvs: &[&str],
) -> Result<Vec<NoticeFact>, Error> {
    let asked = diesel::alias!(notice as asked);
    let of_asked = asked
        .filter(asked.field(notice::creditor).eq(creditor.as_str()))
        .filter(among(asked.field(notice::iuv), iuvs))
        .select(asked.field(notice::position_id));
    // One look at the history of each notice; as `EXISTS`, PostgreSQL may read the history of all.
    let withdrawal = notice_event::table
        .filter(notice_event::creditor.eq(notice::creditor))
        .filter(notice_event::notice_number.eq(notice::number))
        .filter(notice_event::to_state.eq(State::Cancelled.as_str()))
        .select(notice_event::to_state)
        .limit(1)
        .single_value();
    let around = notice::table
        .filter(notice::creditor.eq(creditor.as_str()))
        .filter(notice::position_id.eq_any(of_asked))
        .select((
            notice::number,
            notice::iuv,
            notice::position_id,
            notice::option_no,
            withdrawal,
        ));
    let mut rows: Vec<NoticeRow> = on!(conn, |c| around.load(c))?;
    // Few were ever withdrawn: only of those it is asked whether they were restored since.
    let suspects = rows.iter().filter(|row| row.withdrawal.is_some());
    let suspects: Vec<&str> = suspects.map(|row| row.number.as_str()).collect();
    if !suspects.is_empty() {
        let withdrawn = withdrawn(conn, creditor, &suspects)?;
        for row in &mut rows {
            if !withdrawn.contains(&row.number) {
                row.withdrawal = None;
            }
        }
    }
    rows.into_iter().map(NoticeRow::into_domain).collect()
}

/// Which of these notices the creditor has withdrawn and not restored since.
fn withdrawn(
    conn: &mut Conn,
    creditor: &FiscalCode,
    numbers: &[&str],
) -> Result<BTreeSet<String>, Error> {
    let events: Vec<(String, String)> = on!(conn, |c| notice_event::table
        .filter(notice_event::creditor.eq(creditor.as_str()))
        .filter(among(notice_event::notice_number, numbers))
        .filter(
            notice_event::to_state
                .eq(State::Cancelled.as_str())
                .or(notice_event::event.eq(Event::Restore.as_str())),
        )
        .order((notice_event::notice_number, notice_event::id))
        .select((notice_event::notice_number, notice_event::event))
        .load(c))?;
    let mut withdrawn = BTreeSet::new();
    for (number, event) in events {
        if event == Event::Restore.as_str() {
            withdrawn.remove(&number);
        } else {
            withdrawn.insert(number);
        }
    }
    Ok(withdrawn)
}

#[derive(Queryable)]
struct PaidRow {
    receipt_id: String,
    iuv: String,
    primary_creditor: String,
    notice_number: String,
    service_code: Option<String>,
    total_cents: i64,
    paid_on: Day,
    stand_in: bool,
    idx: i16,
    iban: Option<String>,
    amount_cents: i64,
    own: bool,
}

/// Transfers of the receipts with these references.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn paid(conn: &mut Conn, creditor: &FiscalCode, iuvs: &[&str]) -> Result<Vec<PaidFact>, Error> {
    if iuvs.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<PaidRow> = on!(conn, |c| receipt::table
        .inner_join(
            receipt_transfer::table.on(receipt_transfer::creditor
                .eq(receipt::creditor)
                .and(receipt_transfer::receipt_id.eq(receipt::receipt_id)))
        )
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(among(receipt::iuv, iuvs))
        .order((receipt::receipt_id, receipt_transfer::idx))
        .select((
            receipt::receipt_id,
            receipt::iuv,
            receipt::primary_creditor,
            receipt::notice_number,
            receipt::service_code,
            receipt::amount_cents,
            receipt::paid_on,
            receipt::stand_in,
            receipt_transfer::idx,
            receipt_transfer::iban,
            receipt_transfer::amount_cents,
            receipt_transfer::own,
        ))
        .load(c))?;
    let remarks: Vec<(String, String)> = on!(conn, |c| receipt_remark::table
        .filter(receipt_remark::creditor.eq(creditor.as_str()))
        .filter(among(receipt_remark::iuv, iuvs))
        .select((receipt_remark::receipt_id, receipt_remark::flag))
        .load(c))?;
    let mut found: Vec<PaidFact> = rows
        .into_iter()
        .map(|row| row.into_domain(creditor))
        .collect::<Result<_, Error>>()?;
    let mut flags: HashMap<String, BTreeSet<Flag>> = HashMap::new();
    for (receipt_id, flag) in remarks {
        let flag = Flag::from_name(&flag)
            .ok_or_else(|| Error::corrupt("receipt_remark", &receipt_id, "flag"))?;
        flags.entry(receipt_id).or_default().insert(flag);
    }
    for fact in &mut found {
        let of_receipt = flags.get(&fact.paid.receipt_id);
        fact.paid.remarks.extend(of_receipt.into_iter().flatten());
    }
    Ok(found)
}

/// The payment reference of a receipt of which money comes to an account of the creditor.
///
/// # Errors
/// The database's.
pub fn own_payment(
    conn: &mut Conn,
    creditor: &FiscalCode,
    receipt_id: &str,
) -> Result<Option<String>, Error> {
    Ok(on!(conn, |c| receipt::table
        .inner_join(
            receipt_transfer::table.on(receipt_transfer::creditor
                .eq(receipt::creditor)
                .and(receipt_transfer::receipt_id.eq(receipt::receipt_id)))
        )
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(receipt::receipt_id.eq(receipt_id))
        .filter(receipt_transfer::own)
        .filter(receipt_transfer::iban.is_not_null())
        .select(receipt::iuv)
        .first(c)
        .optional())?)
}

/// Writes down what is odd about the amounts of a receipt.
///
/// # Errors
/// The database's.
pub fn remark(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    (iuv, receipt_id): (&str, &str),
    flags: &BTreeSet<Flag>,
) -> Result<(), Error> {
    for flag in flags {
        let row = (
            receipt_remark::creditor.eq(creditor.as_str()),
            receipt_remark::iuv.eq(iuv),
            receipt_remark::receipt_id.eq(receipt_id),
            receipt_remark::flag.eq(flag.as_str()),
        );
        on!(&mut **tx, |c| diesel::insert_into(receipt_remark::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

impl NoticeRow {
    fn into_domain(self) -> Result<NoticeFact, Error> {
        let corrupt = |why: &'static str| Error::corrupt("notice", &self.number, why);
        Ok(NoticeFact {
            number: NoticeNumber::parse(&self.number).map_err(|_shape| corrupt("number"))?,
            iuv: self.iuv,
            position_id: self.position_id.0,
            option: self.option_no,
            withdrawn: self.withdrawal.is_some(),
        })
    }
}

impl PaidRow {
    fn into_domain(self, creditor: &FiscalCode) -> Result<PaidFact, Error> {
        let cents =
            |n| Cents::new(n).map_err(|why| Error::corrupt("receipt", &self.receipt_id, why));
        Ok(PaidFact {
            paid: Paid {
                amount: cents(self.amount_cents)?,
                total: cents(self.total_cents)?,
                receipt_id: self.receipt_id.clone(),
                iuv: self.iuv,
                transfer: self.idx,
                own_notice: self.primary_creditor == creditor.as_str(),
                issuer: self.primary_creditor,
                // A digital stamp has no account and never comes through a flow.
                in_scope: self.own && self.iban.is_some(),
                paid_on: self.paid_on,
                stand_in: self.stand_in,
                remarks: BTreeSet::new(),
            },
            notice_number: self.notice_number,
            service_code: self.service_code,
            iban: self.iban,
        })
    }
}
