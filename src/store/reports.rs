//! Rows of reports, page by page. Everything is read from facts, books and codes; no rule is computed here.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};
use uuid::Uuid;

use super::schema::{flow, reconciliation, treasury_entry};
use super::types::Id;
use super::{Conn, Error, reconciliation as reconciliation_codes, settlement, treasury};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::{Code, Flag};
use crate::domain::settlement::flow_key;

/// A period of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
}

impl Period {
    /// Every day that both databases can tell.
    pub const EVER: Period = Period {
        from: day_or(Day::from_ymd_opt(1, 1, 1), Day::MIN),
        to: day_or(Day::from_ymd_opt(9999, 12, 31), Day::MAX),
    };
}

const fn day_or(day: Option<Day>, other: Day) -> Day {
    match day {
        Some(day) => day,
        None => other,
    }
}

/// Receipts of one day and service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// Legal day of payment.
    pub day: Day,
    /// The creditor's service; empty when the notice is not in these books.
    pub service_code: String,
    /// Number of receipts.
    pub receipts: i64,
    /// Receipts with an anomaly.
    pub anomalies: i64,
    /// What was collected.
    pub amount: Cents,
    /// The creditor's own share of it.
    pub own: Cents,
}

#[derive(QueryableByName)]
struct DayRaw {
    #[diesel(sql_type = Date)]
    day: Day,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = BigInt)]
    receipts: i64,
    #[diesel(sql_type = BigInt)]
    anomalies: i64,
    #[diesel(sql_type = BigInt)]
    amount_cents: i64,
    #[diesel(sql_type = BigInt)]
    own_cents: i64,
}

/// Receipts by day and service, in that order.
///
/// # Errors
/// The database's, or a sum out of range.
pub fn receipts_by_day(
    conn: &mut Conn,
    creditor: &FiscalCode,
    period: Period,
) -> Result<Vec<DayRow>, Error> {
    let mut rows: Vec<DayRaw> = on!(conn, |c| {
        diesel::sql_query(
        "SELECT r.paid_on AS day, COALESCE(r.service_code, '') AS service, COUNT(*) AS receipts, \
         COUNT(r.anomaly) AS anomalies, CAST(SUM(r.amount_cents) AS BIGINT) AS amount_cents, \
         CAST(COALESCE(SUM((SELECT SUM(t.amount_cents) FROM receipt_transfer t \
           WHERE t.creditor = r.creditor AND t.receipt_id = r.receipt_id AND t.own)), 0) AS BIGINT) \
         AS own_cents \
         FROM receipt r WHERE r.creditor = $1 AND r.paid_on >= $2 AND r.paid_on <= $3 \
         GROUP BY r.paid_on, COALESCE(r.service_code, '')"
    )
    .bind::<Text, _>(creditor.as_str())
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .load(c)
    })?;
    // Databases order text each in its own way.
    rows.sort_by(|a, b| (a.day, &a.service).cmp(&(b.day, &b.service)));
    rows.into_iter()
        .map(|row| {
            Ok(DayRow {
                amount: cents(row.amount_cents, &row.service)?,
                own: cents(row.own_cents, &row.service)?,
                day: row.day,
                service_code: row.service,
                receipts: row.receipts,
                anomalies: row.anomalies,
            })
        })
        .collect()
}

/// Own revenue of one service on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueRow {
    /// Legal day of payment.
    pub day: Day,
    /// The creditor's service; empty when the notice is not in these books.
    pub service_code: String,
    /// Own transfers of receipts.
    pub transfers: i64,
    /// Collected by PSPs.
    pub collected: Cents,
    /// Of it, on the account and reconciled.
    pub settled: Cents,
}

#[derive(QueryableByName)]
struct RevenueRaw {
    #[diesel(sql_type = Date)]
    day: Day,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = BigInt)]
    transfers: i64,
    #[diesel(sql_type = BigInt)]
    collected_cents: i64,
    #[diesel(sql_type = BigInt)]
    settled_cents: i64,
}

/// Own revenue by service and day, in that order.
///
/// # Errors
/// The database's, or a sum out of range.
pub fn revenue(
    conn: &mut Conn,
    creditor: &FiscalCode,
    period: Period,
) -> Result<Vec<RevenueRow>, Error> {
    let rows: Vec<RevenueRaw> = on!(conn, |c| {
        diesel::sql_query(
        "SELECT COALESCE(r.service_code, '') AS service, r.paid_on AS day, COUNT(*) AS transfers, \
         CAST(SUM(t.amount_cents) AS BIGINT) AS collected_cents, \
         CAST(SUM(CASE WHEN c.code IN ('MATCHED_SETTLED', 'MATCHED_SETTLED_SINGLE') \
           THEN t.amount_cents ELSE 0 END) AS BIGINT) AS settled_cents \
         FROM receipt r \
         JOIN receipt_transfer t ON t.creditor = r.creditor AND t.receipt_id = r.receipt_id AND t.own \
         LEFT JOIN reconciliation c ON c.creditor = r.creditor AND c.line_kind = 'receipt' \
           AND c.line_key = r.receipt_id || '/' || t.idx \
         WHERE r.creditor = $1 AND r.paid_on >= $2 AND r.paid_on <= $3 \
         GROUP BY COALESCE(r.service_code, ''), r.paid_on ORDER BY 1, 2"
    )
    .bind::<Text, _>(creditor.as_str())
    .bind::<Date, _>(period.from)
    .bind::<Date, _>(period.to)
    .load(c)
    })?;
    rows.into_iter()
        .map(|row| {
            Ok(RevenueRow {
                collected: cents(row.collected_cents, &row.service)?,
                settled: cents(row.settled_cents, &row.service)?,
                day: row.day,
                service_code: row.service,
                transfers: row.transfers,
            })
        })
        .collect()
}

/// Where a page of flows ends: day of transfer, [`flow_key`], id.
pub type FlowPlace = (Day, String, Uuid);

/// Where a flow stands.
#[must_use]
pub fn flow_place(filed: &settlement::Filed) -> FlowPlace {
    let header = &filed.header;
    (header.regulation_on, flow_key(&header.flow_id), filed.id)
}

/// Flows in force of a period, by day of transfer and identifier, after the given place.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn flows(
    conn: &mut Conn,
    creditor: &FiscalCode,
    period: Period,
    (after_day, after_key, after_id): &FlowPlace,
    limit: i64,
) -> Result<Vec<settlement::Filed>, Error> {
    let (after_day, after_id) = (*after_day, Id(*after_id));
    let ids: Vec<Id> = on!(&mut *conn, |c| flow::table
        .filter(flow::creditor.eq(creditor.as_str()))
        .filter(flow::state.eq(settlement::FlowState::Live.as_str()))
        .filter(flow::regulation_on.ge(period.from.max(after_day)))
        .filter(flow::regulation_on.le(period.to))
        .filter(
            flow::regulation_on
                .gt(after_day)
                .or(flow::flow_key.gt(after_key))
                .or(flow::flow_key.eq(after_key).and(flow::id.gt(after_id)))
        )
        .order((flow::regulation_on, flow::flow_key, flow::id))
        .limit(limit)
        .select(flow::id)
        .load(c))?;
    let ids: Vec<Uuid> = ids.into_iter().map(|id| id.0).collect();
    let mut found = settlement::get_all(conn, creditor, &ids)?;
    found.sort_by_cached_key(flow_place);
    Ok(found)
}

/// Where a page of movements ends: day of booking, account, number.
pub type EntryPlace = (Day, String, String);

/// Where a movement stands.
#[must_use]
pub fn entry_place(filed: &treasury::Filed) -> EntryPlace {
    let movement = &filed.movement;
    (
        movement.booked_on,
        movement.account.clone(),
        movement.number.clone(),
    )
}

/// Movements booked in a period, by day, account and number, after the given place.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn entries(
    conn: &mut Conn,
    creditor: &FiscalCode,
    period: Period,
    (after_day, after_account, after_number): &EntryPlace,
    limit: i64,
) -> Result<Vec<treasury::Filed>, Error> {
    let after_day = *after_day;
    let ids: Vec<Id> = on!(&mut *conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::booked_on.ge(period.from.max(after_day)))
        .filter(treasury_entry::booked_on.le(period.to))
        .filter(
            treasury_entry::booked_on
                .gt(after_day)
                .or(treasury_entry::account.gt(after_account))
                .or(treasury_entry::account
                    .eq(after_account)
                    .and(treasury_entry::number.gt(after_number)))
        )
        .order((
            treasury_entry::booked_on,
            treasury_entry::account,
            treasury_entry::number
        ))
        .limit(limit)
        .select(treasury_entry::id)
        .load(c))?;
    let ids: Vec<Uuid> = ids.into_iter().map(|id| id.0).collect();
    let mut found = treasury::get_all(conn, creditor, &ids)?;
    let place: std::collections::HashMap<Uuid, usize> = ids
        .into_iter()
        .enumerate()
        .map(|(at, id)| (id, at))
        .collect();
    found.sort_by_key(|filed| place.get(&filed.id).copied());
    Ok(found)
}

/// Where a page of lines ends: since when a line waits, its kind, its key.
pub type LinePlace = (Day, String, String);

/// Where a line stands.
#[must_use]
pub fn line_place(filed: &reconciliation_codes::Filed) -> LinePlace {
    let line = &filed.line;
    (filed.verdict.since, line.kind.to_string(), line.key.clone())
}

/// Lines with these codes, and a flag, that have been where they are since a day or longer, by that day, kind
/// and key, after the given place.
///
/// # Errors
/// The database's.
pub fn open_lines(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (codes, period, flag): (&[Code], Period, Option<Flag>),
    (after_day, after_kind, after_key): &LinePlace,
    limit: i64,
) -> Result<Vec<reconciliation_codes::Filed>, Error> {
    let after_day = *after_day;
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let ids: Vec<Id> = on!(&mut *conn, |c| {
        let mut query = reconciliation::table
            .filter(reconciliation::creditor.eq(creditor.as_str()))
            .filter(reconciliation::code.eq_any(&codes))
            .filter(reconciliation::since.ge(period.from.max(after_day)))
            .filter(reconciliation::since.le(period.to))
            .filter(
                reconciliation::since
                    .gt(after_day)
                    .or(reconciliation::line_kind.gt(after_kind))
                    .or(reconciliation::line_kind
                        .eq(after_kind)
                        .and(reconciliation::line_key.gt(after_key))),
            )
            .order((
                reconciliation::since,
                reconciliation::line_kind,
                reconciliation::line_key,
            ))
            .limit(limit)
            .select(reconciliation::id)
            .into_boxed();
        if let Some(flag) = flag {
            query = query.filter(reconciliation_codes::bearing(flag));
        }
        query.load(c)
    })?;
    let ids: Vec<Uuid> = ids.into_iter().map(|id| id.0).collect();
    let mut found = reconciliation_codes::get_all(conn, creditor, &ids)?;
    found.sort_by_cached_key(line_place);
    Ok(found)
}

fn cents(amount: i64, row: &str) -> Result<Cents, Error> {
    Cents::new(amount).map_err(|why| Error::corrupt("receipt", row, why))
}
