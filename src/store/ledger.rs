//! The books: append only.

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::ledger;
use super::types::Id;
use super::{Conn, Error, Tx};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{Account, Entry};
use crate::domain::money::Cents;

#[derive(Insertable)]
#[diesel(table_name = ledger, treat_none_as_default_value = false)]
struct LedgerRow {
    creditor: String,
    id: Id,
    line: i16,
    reason: &'static str,
    day: Day,
    reference: String,
    debit: &'static str,
    credit: &'static str,
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
                reason: entry.reason.as_str(),
                day: entry.day,
                reference: entry.reference.clone(),
                debit: posting.debit.as_str(),
                credit: posting.credit.as_str(),
                amount_cents: posting.amount.get(),
                notice_number: posting.notice.map(|number| number.to_string()),
                service_code: posting.service_code,
                beneficiary: posting.beneficiary.to_string(),
            });
        }
    }
    insert_rows!(tx, &rows, |c, values| diesel::insert_into(ledger::table)
        .values(values)
        .execute(c));
    Ok(())
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
