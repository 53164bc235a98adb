//! Months that were closed, and what counts in a month.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text as SqlText};
use serde_json::{Value, json};
use uuid::Uuid;

use super::schema::{accounting_period, accounting_period_event};
use super::types::{At, Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::decision::Mark;
use crate::domain::reconciliation::period::{ClosedBooks, Month, PeriodFigure};
use crate::domain::reconciliation::{Code, LineKind, ReconciliationTerms};
use crate::domain::text::Text;

const TABLE: &str = "accounting_period";
const CLOSED: &str = "closed";
const REOPENED: &str = "reopened";

/// A month that was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// UUID version 7.
    pub id: Uuid,
    /// Which month.
    pub month: Month,
    /// Who closed it last.
    pub closed: Mark,
    /// Who opened it again, unless it was closed since.
    pub reopened: Option<Mark>,
    /// What counted in it when it was closed last.
    pub figures: Vec<PeriodFigure>,
    /// Grows with every closing and reopening.
    pub revision: i64,
}

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = accounting_period, treat_none_as_default_value = false)]
#[diesel(treat_none_as_null = true)]
struct PeriodRow {
    creditor: String,
    id: Id,
    first_day: Day,
    state: String,
    figures: Json,
    closed_by: Id,
    closed_at: At,
    closed_note: String,
    reopened_by: Option<Id>,
    reopened_at: Option<At>,
    reopened_note: Option<String>,
    revision: i64,
}

/// What a creditor has settled before lines are classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How it wants its lines reconciled.
    pub terms: ReconciliationTerms,
    /// Whether a decision in force closes any line.
    pub closes: bool,
    /// How far its books are closed.
    pub books: ClosedBooks,
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = BigInt)]
    tolerance: i64,
    #[diesel(sql_type = Bool)]
    second_approver: bool,
    #[diesel(sql_type = Bool)]
    closes: bool,
    #[diesel(sql_type = Nullable<Date>)]
    through: Option<Day>,
}

/// What the creditor has settled, in one question. Until the transaction ends, no month is closed.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn standing(tx: &mut Tx<'_>, creditor: &FiscalCode) -> Result<Standing, Error> {
    lock(tx, creditor, "pg_advisory_xact_lock_shared")?;
    let row: StandingRow = on!(&mut **tx, |c| diesel::sql_query(
        "SELECT CAST(COALESCE((SELECT tolerance_cents FROM reconciliation_terms \
           WHERE creditor = $1), 0) AS BIGINT) AS tolerance, \
         COALESCE((SELECT second_approver FROM reconciliation_terms WHERE creditor = $1), FALSE) \
           AS second_approver, \
         EXISTS (SELECT 1 FROM reconciliation_decision WHERE creditor = $1 AND kind = 'force' \
           AND state = 'in_force') AS closes, \
         (SELECT MAX(first_day) FROM accounting_period WHERE creditor = $1 AND state = 'closed') \
           AS through"
    )
    .bind::<SqlText, _>(creditor.as_str())
    .get_result(c))?;
    let tolerance = Cents::new(row.tolerance)
        .map_err(|why| Error::corrupt("reconciliation_terms", creditor.as_str(), why))?;
    Ok(Standing {
        terms: ReconciliationTerms {
            tolerance,
            second_approver: row.second_approver,
        },
        closes: row.closes,
        books: ClosedBooks {
            through: row.through.map(Month::of),
        },
    })
}

/// As [`standing`], and until the transaction ends nothing is classified.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn hold(tx: &mut Tx<'_>, creditor: &FiscalCode) -> Result<ClosedBooks, Error> {
    lock(tx, creditor, "pg_advisory_xact_lock")?;
    Ok(standing(tx, creditor)?.books)
}

/// In memory, because receipts take it. SQLite has one writer.
fn lock(tx: &mut Tx<'_>, creditor: &FiscalCode, how: &str) -> Result<(), Error> {
    if let Conn::Pg(c) = &mut **tx {
        diesel::sql_query(format!("SELECT {how}(hashtextextended($1, 61))"))
            .bind::<SqlText, _>(creditor.as_str())
            .execute(c)?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct FigureRow {
    #[diesel(sql_type = SqlText)]
    line_kind: String,
    #[diesel(sql_type = SqlText)]
    code: String,
    #[diesel(sql_type = BigInt)]
    adjustment: i64,
    #[diesel(sql_type = BigInt)]
    lines: i64,
    #[diesel(sql_type = BigInt)]
    total_cents: i64,
}

/// What counts in a month: lines that came under a code, less those that left it, from the history alone.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn figures(
    conn: &mut Conn,
    creditor: &FiscalCode,
    month: Month,
) -> Result<Vec<PeriodFigure>, Error> {
    let rows: Vec<FigureRow> = on!(conn, |c| {
        diesel::sql_query(
        "WITH step AS (SELECT line_kind, code, amount_cents, period, \
          CAST(CASE WHEN flags LIKE '%AFTER_PERIOD_CLOSE' THEN 1 ELSE 0 END AS BIGINT) AS adjustment, \
          LAG(code) OVER w AS left_code, LAG(amount_cents) OVER w AS left_cents \
          FROM reconciliation_history WHERE creditor = $1 \
          WINDOW w AS (PARTITION BY line_kind, line_key ORDER BY id)), \
         moved AS (SELECT line_kind, code, adjustment, 1 AS lines, amount_cents AS cents \
          FROM step WHERE period = $2 \
          UNION ALL SELECT line_kind, left_code, adjustment, -1, -left_cents \
          FROM step WHERE period = $2 AND left_code IS NOT NULL) \
         SELECT line_kind, code, adjustment, CAST(SUM(lines) AS BIGINT) AS lines, \
          CAST(SUM(cents) AS BIGINT) AS total_cents FROM moved \
         GROUP BY line_kind, code, adjustment \
         HAVING SUM(lines) <> 0 OR SUM(cents) <> 0"
    )
    .bind::<SqlText, _>(creditor.as_str())
    .bind::<Date, _>(month.first_day())
    .load(c)
    })?;
    let figures: Option<Vec<PeriodFigure>> = rows
        .into_iter()
        .map(|row| {
            Some(PeriodFigure {
                kind: LineKind::from_name(&row.line_kind)?,
                code: Code::from_name(&row.code)?,
                adjustment: row.adjustment != 0,
                count: row.lines,
                amount: Cents::new(row.total_cents).ok()?,
            })
        })
        .collect();
    let corrupt = || Error::corrupt("reconciliation_history", month, "figures");
    let mut figures = figures.ok_or_else(corrupt)?;
    figures.sort();
    Ok(figures)
}

/// Writes a closing or a reopening down, on the revision before it.
///
/// # Errors
/// [`Error::Changed`], or the database's.
pub fn record(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    period: &Period,
    event: Uuid,
) -> Result<(), Error> {
    let row = PeriodRow::from_domain(creditor, period);
    let changed = if period.revision == 1 {
        on!(&mut **tx, |c| diesel::insert_into(accounting_period::table)
            .values(&row)
            .on_conflict_do_nothing()
            .execute(c))?
    } else {
        let before = period.revision.saturating_sub(1);
        let of = accounting_period::table
            .filter(accounting_period::creditor.eq(creditor.as_str()))
            .filter(accounting_period::id.eq(Id(period.id)))
            .filter(accounting_period::revision.eq(before));
        on!(&mut **tx, |c| diesel::update(of).set(&row).execute(c))?
    };
    if changed != 1 {
        return Err(Error::Changed {
            table: TABLE,
            id: period.id.to_string(),
        });
    }
    let mark = period.reopened.as_ref().unwrap_or(&period.closed);
    let event = (
        accounting_period_event::creditor.eq(creditor.as_str()),
        accounting_period_event::period.eq(Id(period.id)),
        accounting_period_event::id.eq(Id(event)),
        accounting_period_event::state.eq(&row.state),
        accounting_period_event::figures.eq(&row.figures),
        accounting_period_event::client.eq(Id(mark.by)),
        accounting_period_event::note.eq(note(mark)),
        accounting_period_event::at.eq(At(mark.at)),
    );
    on!(&mut **tx, |c| diesel::insert_into(
        accounting_period_event::table
    )
    .values(event)
    .execute(c))?;
    Ok(())
}

/// The closed month with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Period>, Error> {
    let row: Option<PeriodRow> = on!(conn, |c| accounting_period::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    row.map(PeriodRow::into_domain).transpose()
}

/// One page of months that were closed, in the order they were closed first, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Period>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<PeriodRow> = on!(conn, |c| accounting_period::table
        .filter(accounting_period::creditor.eq(creditor.as_str()))
        .filter(accounting_period::id.gt(after))
        .order(accounting_period::id)
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(PeriodRow::into_domain).collect()
}

fn note(mark: &Mark) -> String {
    mark.note
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn figures_json(figures: &[PeriodFigure]) -> Value {
    let figure = |figure: &PeriodFigure| {
        json!([
            figure.kind.as_str(),
            figure.code.as_str(),
            figure.adjustment,
            figure.count,
            figure.amount.get(),
        ])
    };
    figures.iter().map(figure).collect()
}

fn read_figures(stored: &Value) -> Option<Vec<PeriodFigure>> {
    let figure = |one: &Value| {
        Some(PeriodFigure {
            kind: LineKind::from_name(one.get(0)?.as_str()?)?,
            code: Code::from_name(one.get(1)?.as_str()?)?,
            adjustment: one.get(2)?.as_bool()?,
            count: one.get(3)?.as_i64()?,
            amount: Cents::new(one.get(4)?.as_i64()?).ok()?,
        })
    };
    stored.as_array()?.iter().map(figure).collect()
}

impl PeriodRow {
    fn from_domain(creditor: &FiscalCode, period: &Period) -> PeriodRow {
        let reopened = period.reopened.as_ref();
        let state = match reopened {
            Some(_) => REOPENED,
            None => CLOSED,
        };
        PeriodRow {
            creditor: creditor.to_string(),
            id: Id(period.id),
            first_day: period.month.first_day(),
            state: state.to_owned(),
            figures: Json(figures_json(&period.figures)),
            closed_by: Id(period.closed.by),
            closed_at: At(period.closed.at),
            closed_note: note(&period.closed),
            reopened_by: reopened.map(|mark| Id(mark.by)),
            reopened_at: reopened.map(|mark| At(mark.at)),
            reopened_note: reopened.map(note),
            revision: period.revision,
        }
    }

    fn into_domain(self) -> Result<Period, Error> {
        let id = self.id.0;
        let text = |note: &str| Text::parse(note).map_err(|why| Error::corrupt(TABLE, id, why));
        let reopened = self.reopened_by.zip(self.reopened_at);
        let reopened = match reopened.zip(self.reopened_note.as_deref()) {
            Some(((by, at), note)) => Some(Mark {
                by: by.0,
                at: at.0,
                note: Some(text(note)?),
            }),
            None => None,
        };
        Ok(Period {
            id,
            month: Month::of(self.first_day),
            closed: Mark {
                by: self.closed_by.0,
                at: self.closed_at.0,
                note: Some(text(&self.closed_note)?),
            },
            reopened,
            figures: read_figures(&self.figures.0)
                .ok_or_else(|| Error::corrupt(TABLE, id, "figures"))?,
            revision: self.revision,
        })
    }
}
