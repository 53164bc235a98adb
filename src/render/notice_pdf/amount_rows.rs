//! How the amount is made up.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use krilla::tagging::{Tag, TagGroup};

use super::RenderError;
use crate::domain::document::{AmountRow, NoticeDocument};
use crate::domain::money::Cents;
use crate::render::pdf::fonts::Style;
use crate::render::pdf::sheet::{BAND_HEIGHT, Band, Sheet};
use crate::render::pdf::table::{Cells, Row};
use crate::render::pdf::{LEFT, PAGE_HEIGHT, PAGE_WIDTH, RIGHT, within_page};

/// How the amount is made up: as many rows as the page holds, the rest in one. Answers whether every row
/// is shown.
pub(super) fn explanation(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &NoticeDocument,
    top: f32,
) -> Result<bool, RenderError> {
    if document.explanation.is_empty() {
        return Ok(false);
    }
    // A page that is full already keeps what is needed to pay.
    if top + BAND_HEIGHT + 20.0 + 3.0 * 23.5 > PAGE_HEIGHT - 28.35 {
        return Ok(false);
    }
    let mut section = TagGroup::new(Tag::Section);
    let band = Band {
        x: 0.0,
        y: top,
        width: PAGE_WIDTH,
        title_x: LEFT,
    };
    sheet.band(&mut section, band, "COME SI COMPONE L’IMPORTO")?;
    let first = top + BAND_HEIGHT + 20.0;
    let shown = shortened(
        &document.explanation,
        rows_above_margin(first).saturating_sub(1),
    )?;
    let complete = shown.len() == document.explanation.len();
    let mut rows: Vec<Row> = shown.iter().map(line).collect();
    // After a part payment the rows are more than what is asked: then no total is claimed.
    if Cents::sum(document.explanation.iter().map(|r| r.amount)) == Ok(document.amount) {
        rows.push(total(document.amount));
    }
    let last = sheet.table(&mut section, first, &COLUMNS, &rows);
    root.push(section);
    within_page(last)?;
    Ok(complete)
}

/// What it is for, and how much.
pub(super) const COLUMNS: [Cells; 2] = [
    Cells {
        title: "Voce",
        x: LEFT,
        width: 420.0,
        to_the_right: false,
        style: Style::Regular,
    },
    Cells {
        title: "Euro",
        x: RIGHT,
        width: 110.0,
        to_the_right: true,
        style: Style::Mono,
    },
];

/// A row of the table.
pub(super) fn line(row: &AmountRow) -> Row {
    Row {
        cells: vec![row.label.clone(), row.amount.italian()],
        bold: false,
    }
}

/// The last row of the table.
pub(super) fn total(amount: Cents) -> Row {
    Row {
        cells: vec!["Totale".to_owned(), amount.italian()],
        bold: true,
    }
}

/// How many rows fit between a table's header and the bottom margin, each taken at two lines.
fn rows_above_margin(header: f32) -> usize {
    let mut rows = 1;
    let mut y = header + 2.0 * 23.5;
    while y < PAGE_HEIGHT - 28.35 {
        rows += 1;
        y += 23.5;
    }
    rows
}

/// The first rows, and the sum of what does not fit.
pub(super) fn shortened(rows: &[AmountRow], most: usize) -> Result<Vec<AmountRow>, RenderError> {
    if rows.len() <= most {
        return Ok(rows.to_vec());
    }
    let (shown, rest) = rows.split_at(most.saturating_sub(1).min(rows.len()));
    let amount =
        Cents::sum(rest.iter().map(|row| row.amount)).map_err(|_range| RenderError::Amount)?;
    let mut all = shown.to_vec();
    all.push(AmountRow {
        label: format!("Altre {} voci", rest.len()),
        amount,
    });
    Ok(all)
}
