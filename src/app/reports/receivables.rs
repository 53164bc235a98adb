//! What is owed by due day and how old it is, and what the town collects of its claims year by year: the
//! schedule of due dates and the basis of the fund for doubtful claims (FCDE).
//!
//! Claims are read from positions and receipts, not from the books: what was collected of a position and
//! what is open of it make what was recorded, so that the sums always close.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike as _;
use uuid::Uuid;

use super::columns::{ARTICLE, CHAPTER, CLAIM, OWN_SERVICE_CODE, PLAN_CODE, column, key_cells};
use super::{Cell, Column, ControlTotal, Desk, Error, PAGE, Period, Sink, Sum, Unit};
use crate::app::accounting::bookkeeping::{Bookkeeping, Charge, Filed};
use crate::domain::accounting::{AccountingKey, Quota};
use crate::domain::calendar::Day;
use crate::domain::money::Cents;
use crate::domain::position::{Notice, Position};
use crate::domain::receivables::{Capacity, Claims, DueBucket, LOOK_BACK, complement, rate_bp};
use crate::store::positions::Filter;
use crate::store::{self, Conn};

const CLAIM_YEAR: Column = column(
    "claim_year",
    Unit::Text,
    "Esercizio",
    "Anno dell'accertamento; senza accertamento, anno di emissione",
)
.wide(9);
const ASSESSED: Column = column(
    "assessed",
    Unit::Cents,
    "Accertato",
    "Riscosso più da riscuotere, senza ciò che è stato annullato",
);
const CURRENT: Column = column(
    "collected_current",
    Unit::Cents,
    "Competenza",
    "Riscosso nell'anno dell'accertamento",
);
const OPEN: Column = column("open", Unit::Cents, "Da riscuotere", "Ancora dovuto");

pub(super) const DUE_DATES: &[Column] = &[
    OWN_SERVICE_CODE,
    CLAIM_YEAR,
    CHAPTER,
    ARTICLE,
    CLAIM,
    PLAN_CODE,
    column(
        "due",
        Unit::Text,
        "Scaduto da",
        "Giorni dalla scadenza: non scaduto, 1-30, 31-90, 91-180, 181-365, 366-1825, 1826+, senza scadenza",
    )
    .wide(13),
    column(
        "notices",
        Unit::Count,
        "Avvisi",
        "Avvisi con una parte su questa riga",
    ),
    ASSESSED,
    CURRENT,
    column(
        "collected_residual",
        Unit::Cents,
        "Residui",
        "Riscosso negli anni seguenti",
    ),
    OPEN,
    column(
        "collected_rate",
        Unit::Rate,
        "Riscosso",
        "Riscosso in tutto sull'accertato",
    ),
];

pub(super) const DOUBTFUL_CLAIMS: &[Column] = &[
    CHAPTER,
    ARTICLE,
    PLAN_CODE,
    column(
        "service_codes",
        Unit::Text,
        "Servizi",
        "Codici dei servizi che vi confluiscono",
    )
    .wide(18),
    column(
        "row",
        Unit::Text,
        "Riga",
        "esercizio; media semplice delle percentuali; media sui totali: percentuale delle somme",
    )
    .wide(16),
    CLAIM_YEAR,
    ASSESSED,
    CURRENT,
    column(
        "collected_next_year",
        Unit::Cents,
        "Residui anno dopo",
        "Riscosso a residuo nell'anno seguente all'accertamento",
    ),
    column(
        "collected_later",
        Unit::Cents,
        "Residui oltre",
        "Riscosso a residuo negli anni ancora seguenti; non conta nella percentuale",
    ),
    OPEN,
    column(
        "collected_rate",
        Unit::Rate,
        "Riscosso",
        "Competenza e residui dell'anno dopo sull'accertato; nelle medie, del quinquennio",
    ),
    column(
        "complement",
        Unit::Rate,
        "Complemento",
        "Parte che non si riscuote: cento meno la media",
    ),
    column(
        "set_aside",
        Unit::Cents,
        "Fondo",
        "Complemento della media su tutto ciò che è da riscuotere",
    ),
];

/// A part of a debt on one accounting key.
struct Portion<'a> {
    notice: &'a Notice,
    key: Option<&'a AccountingKey>,
    year: i32,
    claims: Claims,
}

/// What is done with a position and its portions.
type Each<'e> = dyn FnMut(&Position, &[Portion<'_>]) -> Result<(), Error> + 'e;

/// Service, year, key and bucket of a row of the schedule.
type Due = (String, i32, Option<AccountingKey>, DueBucket);

/// Chapter, article, account and, while there is no chapter, the service.
type Entry = (Option<String>, Option<String>, String, String);

#[derive(Default)]
struct History {
    services: BTreeSet<String>,
    years: BTreeMap<i32, Claims>,
}

impl Desk<'_> {
    /// Every position that was issued by a day, with its portions as they stood then.
    fn each_debt(&self, conn: &mut Conn, until: Day, each: &mut Each<'_>) -> Result<(), Error> {
        let books = Bookkeeping::load(conn, self.ctx, self.creditor)?;
        let mut after = None;
        loop {
            let filter = Filter::default();
            let page = store::positions::page(conn, self.creditor, &filter, after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            let numbers = page.iter().flat_map(|position| &position.notices);
            let paid = numbers.filter(|notice| notice.is_paid());
            let numbers: Vec<&str> = paid.map(|notice| notice.number.as_str()).collect();
            let receipts = store::receipts::lists::of_notices(conn, self.creditor, &numbers)?;
            let mut of_position = BTreeMap::<Uuid, Vec<Filed>>::new();
            for filed in receipts {
                if let Some(id) = filed.position_id {
                    of_position.entry(id).or_default().push(filed);
                }
            }
            let wanted = |position: &&Position| {
                position.issued_on <= until && self.wants(&position.service_code)
            };
            for position in page.iter().filter(wanted) {
                let receipts = of_position.remove(&position.id).unwrap_or_default();
                let quotas = self.quotas(&books, position, (&receipts, until))?;
                let portions: Vec<Portion<'_>> = quotas.iter().map(Placed::portion).collect();
                each(position, &portions)?;
            }
        }
    }

    /// What was collected and what is open of a position, by notice and key.
    fn quotas<'p>(
        &self,
        books: &Bookkeeping<'_>,
        position: &'p Position,
        (receipts, until): (&[Filed], Day),
    ) -> Result<Vec<Placed<'p>>, Error> {
        let charge = Charge::of(position);
        let mut placed = Vec::new();
        let mut place = |notice: &'p Notice, quotas: Vec<Quota>, paid_on: Option<Day>| {
            for quota in quotas {
                let of_year = year_of(&quota, position);
                let mut claims = Claims::default();
                match paid_on.filter(|day| *day <= until) {
                    Some(day) => claims.collect(quota.amount, of_year, day.year())?,
                    None => claims.open = quota.amount,
                }
                placed.push(Placed {
                    notice,
                    quota,
                    of_year,
                    claims,
                });
            }
            Ok::<(), Error>(())
        };
        for notice in position.notices.iter().filter(|notice| notice.is_paid()) {
            let of_notice = |filed: &&Filed| filed.receipt.notice_number == notice.number;
            let mut own = receipts.iter().filter(of_notice).peekable();
            if own.peek().is_none() && !position.paid_otherwise(notice) {
                // Only a flow has told of it, or it was paid elsewhere.
                let quotas = books.of_debt(&charge, self.debt(notice, None)?)?;
                place(notice, quotas, notice.paid_on.or(notice.due_on))?;
            }
            for filed in own {
                for part in books.own_parts(filed, Some(&charge))? {
                    place(notice, books.owed(&part)?, Some(filed.paid_on))?;
                }
            }
        }
        for (notice, open) in position.owed_to(self.creditor)? {
            let quotas = books.of_debt(&charge, self.debt(notice, Some(open))?)?;
            place(notice, quotas, None)?;
        }
        Ok(placed)
    }

    /// What of a notice is the creditor's, or the part of it that is open, beside the whole.
    fn debt(&self, notice: &Notice, open: Option<Cents>) -> Result<[Cents; 3], Error> {
        let own = notice.nominal_of(self.creditor)?;
        Ok([open.unwrap_or(own), own, notice.schedule.nominal()])
    }

    pub(super) fn due_dates(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let mut rows = BTreeMap::<Due, (i64, Claims)>::new();
        let mut sums = [
            Sum::new("Accertato"),
            Sum::new("Riscosso in competenza"),
            Sum::new("Riscosso a residuo"),
            Sum::new("Da riscuotere"),
        ];
        self.each_debt(conn, Day::MAX, &mut |position, portions| {
            let mut seen = BTreeSet::new();
            for portion in portions {
                let falls = portion.notice.due_on.unwrap_or(position.issued_on);
                if !(period.from..=period.to).contains(&falls) {
                    continue;
                }
                let bucket = DueBucket::of(portion.notice.due_on, self.today);
                let (service, key) = (position.service_code.clone(), portion.key.cloned());
                let due = (service, portion.year, key, bucket);
                let first = seen.insert((portion.notice.number.clone(), due.clone()));
                let row = rows.entry(due).or_default();
                row.0 = row.0.saturating_add(i64::from(first));
                row.1 = row.1.plus(portion.claims)?;
            }
            Ok(())
        })?;
        for ((service, year, key, bucket), (notices, claims)) in rows {
            let (assessed, residual) = (claims.assessed()?, claims.residual()?);
            let figures = [assessed, claims.in_year, residual, claims.open];
            for (sum, figure) in sums.iter_mut().zip(figures) {
                sum.add(notices, figure)?;
            }
            let mut row = vec![Cell::Text(service), Cell::Text(year.to_string())];
            row.extend(key_cells(key.as_ref()));
            row.extend([bucket.as_str().into(), Cell::Count(notices)]);
            row.extend(figures.map(Cell::Cents));
            let collected = claims.in_year.plus(residual)?;
            row.push(rate(rate_bp(collected, assessed)?));
            sink(row)?;
        }
        Ok(sums.map(Sum::total).to_vec())
    }

    pub(super) fn doubtful_claims(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let mut entries = BTreeMap::<Entry, History>::new();
        self.each_debt(conn, period.to, &mut |position, portions| {
            for portion in portions {
                let history = entries.entry(entry_of(portion.key, position)).or_default();
                history.services.insert(position.service_code.clone());
                let claims = history.years.entry(portion.year).or_default();
                *claims = claims.plus(portion.claims)?;
            }
            Ok(())
        })?;
        let (mut assessed, mut open, mut by_mean, mut by_sums) = (
            Sum::new("Accertato"),
            Sum::new("Da riscuotere"),
            Sum::new("Fondo, media semplice"),
            Sum::new("Fondo, media sui totali"),
        );
        let last = period.to.year();
        for (entry, history) in entries {
            let mut whole = Claims::default();
            for (year, claims) in &history.years {
                whole = whole.plus(*claims)?;
                let looked_back = (last.saturating_sub(LOOK_BACK)..last).contains(year);
                let bp = rate_bp(claims.prompt()?, claims.assessed()?)?;
                let mut row = head(&entry, &history, ("esercizio", Some(*year)));
                row.extend(figures(*claims)?);
                row.extend([rate(bp.filter(|_| looked_back)), Cell::Empty, Cell::Empty]);
                sink(row)?;
            }
            assessed.add(1, whole.assessed()?)?;
            open.add(1, whole.open)?;
            let Some(capacity) = Capacity::before(last, &history.years)? else {
                continue;
            };
            for (name, bp, sum) in [
                ("media semplice", capacity.mean_bp, &mut by_mean),
                ("media sui totali", capacity.of_sums_bp, &mut by_sums),
            ] {
                let rest = complement(bp);
                let fund = whole.open.share(rest)?;
                sum.add(1, fund)?;
                let mut row = head(&entry, &history, (name, None));
                row.extend(figures(whole)?);
                row.extend([Cell::Rate(bp), Cell::Rate(rest), Cell::Cents(fund)]);
                sink(row)?;
            }
        }
        Ok([assessed, open, by_mean, by_sums].map(Sum::total).to_vec())
    }
}

/// A part of a debt while its position is read.
struct Placed<'p> {
    notice: &'p Notice,
    quota: Quota,
    of_year: i32,
    claims: Claims,
}

impl Placed<'_> {
    fn portion(&self) -> Portion<'_> {
        Portion {
            notice: self.notice,
            key: self.quota.key.as_ref(),
            year: self.of_year,
            claims: self.claims,
        }
    }
}

/// The year a part of a debt was recorded in.
fn year_of(quota: &Quota, position: &Position) -> i32 {
    let claim = quota.key.as_ref().and_then(|key| key.claim.as_ref());
    claim.map_or(position.issued_on.year(), |claim| claim.year)
}

fn entry_of(key: Option<&AccountingKey>, position: &Position) -> Entry {
    let text = |text: &crate::domain::text::Text<20>| text.to_string();
    let chapter = key.and_then(|key| key.chapter.as_ref()).map(text);
    let service = match chapter {
        Some(_) => String::new(),
        None => position.service_code.clone(),
    };
    (
        chapter,
        key.and_then(|key| key.article.as_ref()).map(text),
        key.map(|key| key.plan_code.as_str().to_owned())
            .unwrap_or_default(),
        service,
    )
}

fn head(
    (chapter, article, account, _): &Entry,
    history: &History,
    (row, year): (&'static str, Option<i32>),
) -> Vec<Cell> {
    let text = |text: &Option<String>| text.clone().map_or(Cell::Empty, Cell::Text);
    let services: Vec<&str> = history.services.iter().map(String::as_str).collect();
    vec![
        text(chapter),
        text(article),
        Cell::Text(account.clone()),
        Cell::Text(services.join(" ")),
        row.into(),
        year.map_or(Cell::Empty, |year| Cell::Text(year.to_string())),
    ]
}

fn figures(claims: Claims) -> Result<[Cell; 5], Error> {
    let figures = [
        claims.assessed()?,
        claims.in_year,
        claims.next_year,
        claims.later,
        claims.open,
    ];
    Ok(figures.map(Cell::Cents))
}

fn rate(bp: Option<u32>) -> Cell {
    bp.map_or(Cell::Empty, Cell::Rate)
}
