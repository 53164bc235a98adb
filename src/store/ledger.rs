//! The books: append only.

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::ledger;
use super::types::Id;
use super::{Conn, Error, Tx};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{Account, Entry, Posting, Reason};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::notice_number::NoticeNumber;

const TABLE: &str = "ledger";

#[derive(Queryable, Insertable)]
#[diesel(table_name = ledger, treat_none_as_default_value = false)]
struct LedgerRow {
    creditor: String,
    id: Id,
    line: i16,
    reason: String,
    day: Day,
    reference: String,
    debit: String,
    credit: String,
    amount_cents: i64,
    notice_number: Option<String>,
    service_code: Option<String>,
    beneficiary: String,
}

/// Writes entries down; each comes with its id. Entries without postings leave no trace.
///
/// # Errors
/// The database's.
pub fn post(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    entries: impl IntoIterator<Item = (Uuid, Entry)>,
) -> Result<(), Error> {
    let mut rows = Vec::new();
    for (id, entry) in entries {
        for (line, posting) in (1i16..).zip(entry.postings) {
            rows.push(LedgerRow {
                creditor: creditor.to_string(),
                id: Id(id),
                line,
                reason: entry.reason.to_string(),
                day: entry.day,
                reference: entry.reference.clone(),
                debit: posting.debit.to_string(),
                credit: posting.credit.to_string(),
                amount_cents: posting.amount.get(),
                notice_number: posting.notice.map(|number| number.to_string()),
                service_code: posting.service_code,
                beneficiary: posting.beneficiary.to_string(),
            });
        }
    }
    append_rows!(tx, ledger::table, &rows);
    Ok(())
}

/// What was booked for a reference, oldest first.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_reference(
    conn: &mut Conn,
    creditor: &FiscalCode,
    reference: &str,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<LedgerRow> = on!(conn, |c| ledger::table
        .filter(ledger::creditor.eq(creditor.as_str()))
        .filter(ledger::reference.eq(reference))
        .order((ledger::id, ledger::line))
        .load(c))?;
    let mut entries: Vec<(Id, Entry)> = Vec::new();
    for row in rows {
        let (id, reason) = (row.id, row.reason.clone());
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, id.0, why);
        let reason = Reason::from_name(&reason).ok_or_else(|| corrupt(&"reason"))?;
        let (day, reference) = (row.day, row.reference.clone());
        let posting = row.into_posting()?;
        match entries.last_mut() {
            Some((last, entry)) if *last == id => entry.postings.push(posting),
            Some(_) | None => entries.push((
                id,
                Entry {
                    reason,
                    day,
                    reference,
                    postings: vec![posting],
                },
            )),
        }
    }
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

impl LedgerRow {
    fn into_posting(self) -> Result<Posting, Error> {
        let id = self.id.0;
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, id, why);
        let account = |name: &str| Account::from_name(name).ok_or_else(|| corrupt(&"account"));
        let number = self.notice_number.as_deref().map(NoticeNumber::parse);
        Ok(Posting {
            debit: account(&self.debit)?,
            credit: account(&self.credit)?,
            amount: Cents::new(self.amount_cents).map_err(|e| corrupt(&e))?,
            notice: number.transpose().map_err(|e| corrupt(&e))?,
            service_code: self.service_code,
            beneficiary: FiscalCode::as_stated(&self.beneficiary).map_err(|e| corrupt(&e))?,
        })
    }
}

/// What is owed to a creditor on a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receivable {
    /// By all that was booked.
    pub balance: Cents,
    /// How many rows of flows are booked on it, which came before their receipts or without them.
    pub rows: usize,
}

/// What is owed to a creditor on a position, by what was booked of it and of its notices.
///
/// # Errors
/// The database's.
pub fn receivable<'a>(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (position, numbers): (Uuid, impl Iterator<Item = &'a NoticeNumber>),
) -> Result<Receivable, Error> {
    let numbers: Vec<String> = numbers.map(ToString::to_string).collect();
    let name = Account::Receivable.as_str();
    let rows: Vec<(String, String, i64)> = on!(conn, |c| ledger::table
        .filter(ledger::creditor.eq(creditor.as_str()))
        .filter(ledger::beneficiary.eq(creditor.as_str()))
        .filter(ledger::debit.eq(name).or(ledger::credit.eq(name)))
        .filter(
            ledger::reference
                .eq(position.to_string())
                .or(ledger::notice_number.eq_any(&numbers)),
        )
        .select((ledger::reason, ledger::debit, ledger::amount_cents))
        .load(c))?;
    let sum = || {
        let (mut balance, mut of_rows) = (Cents::ZERO, 0usize);
        for (reason, debit, cents) in &rows {
            let amount = Cents::new(*cents)?;
            let signed = if debit == name {
                amount
            } else {
                amount.negated()
            };
            balance = balance.plus(signed)?;
            let of_row = [Reason::FlowLine, Reason::FlowLineReversed];
            if of_row.iter().any(|one| one.as_str() == reason) {
                of_rows = of_rows.saturating_add(1);
            }
        }
        Ok::<_, MoneyError>(Receivable {
            balance,
            rows: of_rows,
        })
    };
    sum().map_err(|why| Error::corrupt(TABLE, position, why))
}

/// Balance of an account: debits less credits.
///
/// # Errors
/// The database's.
pub fn balance(conn: &mut Conn, creditor: &FiscalCode, account: Account) -> Result<Cents, Error> {
    let debits = sum(conn, creditor, account, Side::Debit)?;
    let credits = sum(conn, creditor, account, Side::Credit)?;
    debits
        .minus(credits)
        .map_err(|why| Error::corrupt("ledger", account, why))
}

#[derive(Clone, Copy)]
enum Side {
    Debit,
    Credit,
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    total: i64,
}

fn sum(
    conn: &mut Conn,
    creditor: &FiscalCode,
    account: Account,
    side: Side,
) -> Result<Cents, Error> {
    // The sum of BIGINT is NUMERIC on PostgreSQL; the cast keeps one row type for both.
    let text = match side {
        Side::Debit => {
            "SELECT CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) AS total FROM ledger \
             WHERE creditor = $1 AND debit = $2"
        }
        Side::Credit => {
            "SELECT CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) AS total FROM ledger \
             WHERE creditor = $1 AND credit = $2"
        }
    };
    let sum: Sum = on!(conn, |c| diesel::sql_query(text)
        .bind::<diesel::sql_types::Text, _>(creditor.as_str())
        .bind::<diesel::sql_types::Text, _>(account.as_str())
        .get_result(c))?;
    Cents::new(sum.total).map_err(|why| Error::corrupt("ledger", account, why))
}
