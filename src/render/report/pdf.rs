//! Reports to print: one tagged table over landscape pages, with totals and page numbers.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use std::num::NonZeroU16;

use krilla::tagging::TagGroup;

use super::chart::Pivot;
use super::xlsx::is_number;
use super::{Head, Trailer};
use crate::domain::money::Cents;
use crate::render::csv::{Cell, Unit, per_cent};
use crate::render::pdf::fonts::Style;
use crate::render::pdf::grid::{self, Grid};
use crate::render::pdf::sheet::{Column, GREY, Ink, Sheet, ink, left};
use crate::render::pdf::table::{Cells, Row};
use crate::render::pdf::{About, LEFT, RenderError, file, italian_day, italian_instant};

/// Most rows of a print: some two hundred pages.
pub const ROWS_MAX: usize = 5_000;

/// The document, in memory: a print is short.
pub(super) fn print(
    head: &Head,
    rows: &[Vec<String>],
    (trailer, pivot): (&Trailer, Option<&Pivot>),
) -> Result<Vec<u8>, RenderError> {
    let (from, to) = head.period;
    let period = format!("dal {} al {}", italian_day(from), italian_day(to));
    let about = About {
        title: format!("{}, {period}", head.title),
        author: head.creditor.to_string(),
        id: format!("avviso:report:{}:{}:{from}:{to}", head.name, head.creditor),
        at: head.made_at,
    };
    let of = |column: &crate::render::csv::Column| grid::Head {
        title: column.label.to_owned(),
        wraps: column.unit == Unit::Text,
        to_the_right: is_number(column),
    };
    let used = Used::of(head, rows);
    let heads: Vec<grid::Head> = used.keep(head.columns).map(of).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| used.keep(row).cloned().collect())
        .collect();
    let grid = Grid {
        heads: &heads,
        rows: &rows,
        foot: &about.title,
    };
    let small = ink(Style::Regular, 8.0);
    let begin = |sheet: &mut Sheet<'_>, root: &mut TagGroup| {
        sheet.heading(root, NonZeroU16::MIN, line(44.0), head.title);
        let filters = head.filters.iter();
        let filters: String = filters
            .map(|(label, value)| format!(" – {label} {value}"))
            .collect();
        let about = format!(
            "{} – periodo {period}{filters} – prodotto il {}",
            head.body(),
            italian_instant(head.made_at)
        );
        sheet.paragraph(root, line(60.0), small, &about);
        if let Some(said) = used.said(head) {
            sheet.paragraph(root, line(72.0), small, &said);
        }
        grid::first_top()
    };
    let totals = totals(trailer);
    let end = |sheet: &mut Sheet<'_>, root: &mut TagGroup, y: f32| {
        let level = NonZeroU16::MIN.saturating_add(1);
        sheet.heading(root, level, line(y), "Totali di controllo");
        let bottom = sheet.table(root, y + 15.0, &TOTALS, &totals);
        let grey = Ink {
            color: GREY,
            ..small
        };
        let digest = format!(
            "Righe: {} – SHA-256 delle righe: {}",
            trailer.rows, trailer.rows_sha256
        );
        sheet.paragraph(root, line(bottom + 18.0), grey, &digest);
        if let Some(pivot) = pivot {
            sheet.heading(root, level, line(bottom + 44.0), &chart_title(head));
            bars(sheet, root, bottom + 62.0, pivot);
        }
    };
    let below = room_below(&totals, pivot);
    file(&about, |document, root| {
        grid.draw(document, root, begin, (below, end))
    })
}

/// What is said of the columns that are left out.
#[cfg(test)]
pub(super) fn left_out(head: &Head, rows: &[Vec<String>]) -> Option<String> {
    Used::of(head, rows).said(head)
}

/// Which columns hold something: an empty one would take the room that the others need.
struct Used(Vec<bool>);

impl Used {
    fn of(head: &Head, rows: &[Vec<String>]) -> Used {
        let holds = |at: usize| {
            let mut cells = rows.iter().filter_map(|row| row.get(at));
            rows.is_empty() || cells.any(|cell| !cell.is_empty())
        };
        Used((0..head.columns.len()).map(holds).collect())
    }

    fn keep<'t, T>(&self, all: &'t [T]) -> impl Iterator<Item = &'t T> {
        let kept = all.iter().zip(&self.0).filter(|(_, used)| **used);
        kept.map(|(one, _)| one)
    }

    /// What is said of the others, and of a report without rows.
    fn said(&self, head: &Head) -> Option<String> {
        let empty = head.columns.iter().zip(&self.0).filter(|(_, used)| !**used);
        let empty: Vec<&str> = empty.map(|(column, _)| column.label).collect();
        (!empty.is_empty()).then(|| format!("Colonne vuote, non stampate: {}", empty.join(", ")))
    }
}

/// The control totals as rows.
fn totals(trailer: &Trailer) -> Vec<Row> {
    let row = |total: &super::ControlTotal| Row {
        cells: vec![
            total.label.to_owned(),
            total.count.to_string(),
            total.amount.italian(),
        ],
        bold: false,
    };
    trailer.control_totals.iter().map(row).collect()
}

/// Points that totals and chart need below the table.
fn room_below(totals: &[Row], pivot: Option<&Pivot>) -> f32 {
    let mut below = 62.0;
    for _ in totals {
        below += 13.0;
    }
    if pivot.is_some() {
        below += 30.0;
    }
    for _ in pivot.iter().flat_map(|pivot| bars_of(pivot)) {
        below += BAR_LEADING;
    }
    below
}

/// What a chart shows, by the labels of its columns: `Riscosso per mese`.
fn chart_title(head: &Head) -> String {
    let label = |name: &str| {
        let mut columns = head.columns.iter();
        columns
            .find(|column| column.name == name)
            .map_or("", |column| column.label)
    };
    head.chart.map_or(String::new(), |chart| {
        format!(
            "{} per {}",
            label(chart.value),
            label(chart.category).to_lowercase()
        )
    })
}

/// From one bar to the next.
const BAR_LEADING: f32 = 14.0;
/// Where bars begin, and the length of the longest.
const BAR: (f32, f32) = (LEFT + 60.0, 560.0);
/// Most bars of a print.
const BARS_MAX: usize = 24;

/// The last categories, as many as a page has room for.
fn bars_of(pivot: &Pivot) -> impl Iterator<Item = &(String, Vec<Cents>, Cents)> {
    let skipped = pivot.rows.len().saturating_sub(BARS_MAX);
    pivot.rows.iter().skip(skipped)
}

/// A bar for each category. Whoever listens hears category and sum; the bars are an ornament.
fn bars(sheet: &mut Sheet<'_>, root: &mut TagGroup, top: f32, pivot: &Pivot) {
    let longest = bars_of(pivot).map(|(_, _, total)| total.get()).max();
    let (left_edge, longest) = (BAR.0, longest.unwrap_or(0).max(1));
    let mut y = top;
    for (category, _, total) in bars_of(pivot) {
        // Thousandths of the longest bar are exact enough to be seen.
        let share = total.get().max(0).saturating_mul(1000) / longest;
        let share = f32::from(i16::try_from(share).unwrap_or(0)) / 1000.0;
        let length = BAR.1 * share;
        sheet.bar((left_edge, y - 7.0), (length.max(0.5), 9.0));
        let text = ink(Style::Regular, 8.0);
        let mut group = TagGroup::new(krilla::tagging::Tag::P);
        sheet.line(&mut group, left(LEFT, y), text, &format!("{category} "));
        sheet.line(
            &mut group,
            left(left_edge + length + 5.0, y),
            text,
            &total.italian(),
        );
        root.push(group);
        y += BAR_LEADING;
    }
}

const TOTALS: [Cells; 3] = [
    cells("Totale", LEFT, false),
    cells("Numero", 280.0, true),
    cells("Importo (euro)", 380.0, true),
];

const fn cells(title: &'static str, x: f32, to_the_right: bool) -> Cells {
    Cells {
        title,
        x,
        width: 180.0,
        to_the_right,
        style: Style::Regular,
    }
}

const fn line(y: f32) -> Column {
    Column {
        spot: left(LEFT, y),
        width: 780.0,
        leading: 10.5,
        lines: 1,
    }
}

/// A cell as people in Italy read it.
pub(super) fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.chars().take(300).collect(),
        Cell::Count(n) => n.to_string(),
        Cell::Cents(amount) => amount.italian(),
        Cell::Rate(bp) => format!("{} %", per_cent(*bp).replace('.', ",")),
        Cell::Day(day) => italian_day(*day),
        Cell::Instant(at) => italian_instant(*at),
    }
}
