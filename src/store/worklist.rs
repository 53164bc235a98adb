//! Who works on open lines, what was done about them, and how old they are.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text as SqlText};
use diesel::upsert::excluded;
use uuid::Uuid;

use super::prepared::among_ids;
use super::reconciliation::{self as lines, Filed};
use super::schema::{reconciliation, work_event, work_item};
use super::types::{At, Guid, Id};
use super::{Conn, Error, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::lifecycle::Anomaly;
use crate::domain::money::Cents;
use crate::domain::notice_number::NoticeNumber;
use crate::domain::reconciliation::work::{Work, WorkState};
use crate::domain::reconciliation::{Code, Flag, LineKind};
use crate::domain::text::Text;

const TABLE: &str = "work_item";

/// Which open lines a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// With one of these codes.
    pub codes: Vec<Code>,
    /// Of this kind.
    pub kind: Option<LineKind>,
    /// On which this one works.
    pub assignee: Option<String>,
    /// On which somebody works, or nobody.
    pub assigned: Option<bool>,
    /// Which are this far.
    pub state: Option<WorkState>,
    /// In this state since this day or longer.
    pub since_until: Option<Day>,
    /// In this state since this day or shorter.
    pub since_from: Option<Day>,
    /// With this flag.
    pub flag: Option<Flag>,
}

/// One page of open lines, in the order they were first classified, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<(Filed, Work)>, Error> {
    let after = Id(after.unwrap_or_default());
    let codes: Vec<&str> = filter.codes.iter().map(|code| code.as_str()).collect();
    let ids: Vec<Id> = on!(&mut *conn, |c| {
        let mut query = reconciliation::table
            .left_join(
                work_item::table.on(work_item::creditor
                    .eq(reconciliation::creditor)
                    .and(work_item::reconciliation.eq(reconciliation::id))),
            )
            .filter(reconciliation::creditor.eq(creditor.as_str()))
            .filter(reconciliation::id.gt(after))
            .filter(reconciliation::code.eq_any(codes))
            .order(reconciliation::id)
            .limit(limit)
            .select(reconciliation::id)
            .into_boxed();
        if let Some(kind) = filter.kind {
            query = query.filter(reconciliation::line_kind.eq(kind.as_str()));
        }
        if let Some(assignee) = &filter.assignee {
            query = query.filter(work_item::assignee.eq(assignee));
        }
        query = match filter.assigned {
            Some(true) => query.filter(work_item::assignee.is_not_null()),
            Some(false) => query.filter(work_item::assignee.is_null()),
            None => query,
        };
        query = match filter.state {
            Some(WorkState::New) => query.filter(
                work_item::state
                    .is_null()
                    .or(work_item::state.eq(WorkState::New.as_str())),
            ),
            Some(state) => query.filter(work_item::state.eq(state.as_str())),
            None => query,
        };
        if let Some(day) = filter.since_until {
            query = query.filter(reconciliation::since.le(day));
        }
        if let Some(day) = filter.since_from {
            query = query.filter(reconciliation::since.ge(day));
        }
        if let Some(flag) = filter.flag {
            query = query.filter(lines::bearing(flag));
        }
        query.load(c)
    })?;
    let ids: Vec<Uuid> = ids.into_iter().map(|id| id.0).collect();
    let found = lines::get_all(conn, creditor, &ids)?;
    let mut works = works(conn, creditor, &ids)?;
    let with = |filed: Filed| {
        let work = works.remove(&filed.id).unwrap_or(Work::NONE);
        (filed, work)
    };
    Ok(found.into_iter().map(with).collect())
}

type WorkRow = (Id, Option<String>, String, i64);

fn works(
    conn: &mut Conn,
    creditor: &FiscalCode,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Work>, Error> {
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let rows: Vec<WorkRow> = on!(conn, |c| work_item::table
        .filter(work_item::creditor.eq(creditor.as_str()))
        .filter(among_ids(work_item::reconciliation, &ids))
        .select((
            work_item::reconciliation,
            work_item::assignee,
            work_item::state,
            work_item::revision,
        ))
        .load(c))?;
    rows.into_iter()
        .map(|(id, assignee, state, revision)| {
            let (assignee, state) = read(id.0, assignee.as_deref(), &state)?;
            let work = Work {
                assignee,
                state,
                revision,
            };
            Ok((id.0, work))
        })
        .collect()
}

fn read(
    id: Uuid,
    assignee: Option<&str>,
    state: &str,
) -> Result<(Option<Text<70>>, WorkState), Error> {
    let assignee = assignee.map(Text::parse).transpose();
    let assignee = assignee.map_err(|why| Error::corrupt(TABLE, id, why))?;
    let state = WorkState::from_name(state).ok_or_else(|| Error::corrupt(TABLE, id, "state"))?;
    Ok((assignee, state))
}

/// Who works on a line.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn work(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Work, Error> {
    let mut found = works(conn, creditor, &[id])?;
    Ok(found.remove(&id).unwrap_or(Work::NONE))
}

/// Something that was done about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// UUID version 7.
    pub id: Uuid,
    /// The client of the API.
    pub client: Uuid,
    /// Who works on it from now on.
    pub assignee: Option<Text<70>>,
    /// How far it is from now on.
    pub state: WorkState,
    /// What there was to say.
    pub remark: Option<Text<1000>>,
    /// When.
    pub at: Instant,
}

/// Writes down what was done about a line; `revision` is the one after it.
///
/// # Errors
/// The database's.
pub fn record(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    line: Uuid,
    (done, revision): (&Done, i64),
) -> Result<(), Error> {
    let assignee = done.assignee.as_ref().map(ToString::to_string);
    let item = (
        work_item::creditor.eq(creditor.as_str()),
        work_item::reconciliation.eq(Id(line)),
        work_item::assignee.eq(assignee.as_deref()),
        work_item::state.eq(done.state.as_str()),
        work_item::revision.eq(revision),
    );
    on!(&mut **tx, |c| diesel::insert_into(work_item::table)
        .values(item)
        .on_conflict((work_item::creditor, work_item::reconciliation))
        .do_update()
        .set((
            work_item::assignee.eq(excluded(work_item::assignee)),
            work_item::state.eq(excluded(work_item::state)),
            work_item::revision.eq(excluded(work_item::revision)),
        ))
        .execute(c))?;
    let event = (
        work_event::creditor.eq(creditor.as_str()),
        work_event::reconciliation.eq(Id(line)),
        work_event::id.eq(Id(done.id)),
        work_event::client.eq(Id(done.client)),
        work_event::assignee.eq(assignee.as_deref()),
        work_event::state.eq(done.state.as_str()),
        work_event::remark.eq(done.remark.as_ref().map(Text::as_str)),
        work_event::at.eq(At(done.at)),
    );
    on!(&mut **tx, |c| diesel::insert_into(work_event::table)
        .values(event)
        .execute(c))?;
    Ok(())
}

type DoneRow = (Id, Id, Option<String>, String, Option<String>, At);

/// One page of what was done about a line, oldest first, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn done(
    conn: &mut Conn,
    creditor: &FiscalCode,
    line: Uuid,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Done>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<DoneRow> = on!(conn, |c| work_event::table
        .filter(work_event::creditor.eq(creditor.as_str()))
        .filter(work_event::reconciliation.eq(Id(line)))
        .filter(work_event::id.gt(after))
        .order(work_event::id)
        .limit(limit)
        .select((
            work_event::id,
            work_event::client,
            work_event::assignee,
            work_event::state,
            work_event::remark,
            work_event::at,
        ))
        .load(c))?;
    rows.into_iter()
        .map(|(id, client, assignee, state, remark, at)| {
            let (assignee, state) = read(id.0, assignee.as_deref(), &state)?;
            let remark = remark.as_deref().map(Text::parse).transpose();
            Ok(Done {
                id: id.0,
                client: client.0,
                assignee,
                state,
                remark: remark.map_err(|why| Error::corrupt("work_event", id.0, why))?,
                at: at.0,
            })
        })
        .collect()
}

/// Open lines of one kind and code that came to where they are within the same days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aged {
    /// Which lines.
    pub kind: LineKind,
    /// Their code.
    pub code: Code,
    /// Which of the bounds of days they are behind: 0 for those since the first bound or later.
    pub bucket: i64,
    /// How many.
    pub count: i64,
    /// Their sum.
    pub amount: Cents,
    /// Since when the oldest waits.
    pub oldest: Day,
}

#[derive(QueryableByName)]
struct AgedRow {
    #[diesel(sql_type = SqlText)]
    line_kind: String,
    #[diesel(sql_type = SqlText)]
    code: String,
    #[diesel(sql_type = BigInt)]
    bucket: i64,
    #[diesel(sql_type = BigInt)]
    lines: i64,
    #[diesel(sql_type = BigInt)]
    total_cents: i64,
    #[diesel(sql_type = Date)]
    oldest: Day,
}

/// Counts lines by kind, code and how long they have been there: since the first of three days or later,
/// since the second, the third, or longer.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn aged(
    conn: &mut Conn,
    creditor: &FiscalCode,
    [first, second, third]: [Day; 3],
) -> Result<Vec<Aged>, Error> {
    let rows: Vec<AgedRow> = on!(conn, |c| diesel::sql_query(
        "SELECT line_kind, code, bucket, COUNT(*) AS lines, \
         CAST(SUM(amount_cents) AS BIGINT) AS total_cents, MIN(since) AS oldest FROM \
         (SELECT line_kind, code, amount_cents, since, CAST(CASE WHEN since >= $1 THEN 0 \
           WHEN since >= $2 THEN 1 WHEN since >= $3 THEN 2 ELSE 3 END AS BIGINT) AS bucket \
          FROM reconciliation WHERE creditor = $4) l GROUP BY line_kind, code, bucket"
    )
    .bind::<Date, _>(first)
    .bind::<Date, _>(second)
    .bind::<Date, _>(third)
    .bind::<SqlText, _>(creditor.as_str())
    .load(c))?;
    rows.into_iter()
        .map(|row| {
            let corrupt = |why: &'static str| Error::corrupt("reconciliation", &row.code, why);
            Ok(Aged {
                kind: LineKind::from_name(&row.line_kind).ok_or_else(|| corrupt("line kind"))?,
                code: Code::from_name(&row.code).ok_or_else(|| corrupt("code"))?,
                bucket: row.bucket,
                count: row.lines,
                amount: Cents::new(row.total_cents).map_err(|_range| corrupt("sum"))?,
                oldest: row.oldest,
            })
        })
        .collect()
}

/// A payment of what was not owed: of something paid already, or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overpaid {
    /// The payment.
    pub id: Uuid,
    /// The position it paid, when it is in these books.
    pub position_id: Option<Uuid>,
    /// Its receipt.
    pub receipt_id: String,
    /// The notice.
    pub notice_number: NoticeNumber,
    /// What is odd about it.
    pub anomaly: Anomaly,
    /// The creditor's service, when the notice is in these books.
    pub service_code: Option<String>,
    /// What of the creditor's own share was not owed.
    pub amount: Cents,
    /// The legal day of payment.
    pub paid_on: Day,
}

#[derive(QueryableByName)]
struct OverpaidRow {
    #[diesel(sql_type = Guid)]
    id: Id,
    #[diesel(sql_type = Nullable<Guid>)]
    position_id: Option<Id>,
    #[diesel(sql_type = SqlText)]
    receipt_id: String,
    #[diesel(sql_type = SqlText)]
    number: String,
    #[diesel(sql_type = SqlText)]
    anomaly: String,
    #[diesel(sql_type = Nullable<SqlText>)]
    service: Option<String>,
    #[diesel(sql_type = BigInt)]
    owed_cents: i64,
    #[diesel(sql_type = Date)]
    paid_on: Day,
}

/// Payments of what was not owed, as far as no officer has closed their lines, in the order they came, after the
/// given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn overpaid(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Overpaid>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<OverpaidRow> = on!(conn, |c| {
        diesel::sql_query(format!(
        "SELECT r.id, r.position_id, r.receipt_id, r.notice_number AS number, r.service_code AS service, r.paid_on, \
         r.anomaly, \
         CAST(SUM(t.owed_back_cents) AS BIGINT) AS owed_cents \
         FROM receipt r JOIN receipt_transfer t \
         ON t.creditor = r.creditor AND t.receipt_id = r.receipt_id AND t.owed_back_cents > 0 \
         WHERE r.creditor = $1 AND r.id > $2 \
         AND r.{} \
         AND NOT EXISTS (SELECT 1 FROM reconciliation l \
           WHERE l.creditor = t.creditor AND l.line_kind = 'receipt' \
           AND l.line_key = t.receipt_id || '/' || t.idx AND l.code = 'FORCED') \
         GROUP BY r.id, r.position_id, r.receipt_id, r.notice_number, r.service_code, r.paid_on, r.anomaly \
         ORDER BY r.id LIMIT $3", owed_back()
    ))
    .bind::<SqlText, _>(creditor.as_str())
    .bind::<Guid, _>(after)
    .bind::<BigInt, _>(limit)
    .load(c)
    })?;
    rows.into_iter()
        .map(|row| {
            let corrupt =
                |why: &dyn std::fmt::Display| Error::corrupt("receipt", &row.receipt_id, why);
            let amount = Cents::new(row.owed_cents).map_err(|why| corrupt(&why))?;
            let number = NoticeNumber::parse(&row.number).map_err(|why| corrupt(&why))?;
            let anomaly = Anomaly::from_name(&row.anomaly).ok_or_else(|| corrupt(&"anomaly"))?;
            Ok(Overpaid {
                anomaly,
                id: row.id.0,
                position_id: row.position_id.map(|id| id.0),
                receipt_id: row.receipt_id,
                notice_number: number,
                service_code: row.service,
                amount,
                paid_on: row.paid_on,
            })
        })
        .collect()
}

/// `anomaly IN (…)`: where what goes back is looked for, in the words of the partial index on it.
fn owed_back() -> String {
    let owed = Anomaly::ALL.iter().filter(|anomaly| anomaly.owes_refund());
    let names: Vec<String> = owed.rev().map(|anomaly| format!("'{anomaly}'")).collect();
    format!("anomaly IN ({})", names.join(", "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_owed_back_is_what_the_index_holds() {
        for migration in [
            include_str!("../../migrations/sqlite/2026-01-01-000062_receipt_remarks/up.sql"),
            include_str!("../../migrations/postgres/2026-01-01-000062_receipt_remarks/up.sql"),
        ] {
            assert!(migration.contains(&format!("WHERE {};", super::owed_back())));
        }
    }
}
