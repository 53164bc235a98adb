//! Reports as a spreadsheet: typed cells under a header that stays, and the totals on a sheet of their own.
//!
//! Rows go to a temporary file as they come. A spreadsheet holds numbers as doubles: amounts become one here,
//! in their last step, from their decimal text.

use std::io::Write;

use rust_xlsxwriter::{Color, DocProperties, Format, FormatAlign, Workbook, Worksheet};

use super::chart::Pivot;
use super::{Head, Trailer, WriteError};
use crate::domain::money::Cents;
use crate::render::csv::{Cell, Column, Unit};
use crate::render::pdf::italian_day;

/// Rows of one sheet, its header not counted; the format ends at 1,048,576.
const SHEET_ROWS: u32 = 1_000_000;
/// Longest text of a cell, as the format says.
const CELL_CHARS_MAX: usize = 32_767;

pub(super) struct Book {
    book: Workbook,
    /// Sheets with rows.
    sheets: usize,
    /// Next row of the last of them.
    next: u32,
    formats: Formats,
}

struct Formats {
    header: Format,
    header_right: Format,
    title: Format,
    count: Format,
    amount: Format,
    rate: Format,
    day: Format,
}

impl Formats {
    fn new() -> Formats {
        let header = Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0x00E6_E6E6))
            .set_text_wrap()
            .set_align(FormatAlign::Top);
        Formats {
            header_right: header.clone().set_align(FormatAlign::Right).set_indent(1),
            header,
            title: Format::new().set_bold().set_font_size(14),
            // A blank to the right keeps a number apart from the text beside it.
            count: Format::new()
                .set_num_format("#,##0")
                .set_align(FormatAlign::Right)
                .set_indent(1),
            amount: Format::new()
                .set_num_format("#,##0.00")
                .set_align(FormatAlign::Right)
                .set_indent(1),
            rate: Format::new()
                .set_num_format("0.00%")
                .set_align(FormatAlign::Right)
                .set_indent(1),
            day: Format::new()
                .set_num_format("dd/mm/yyyy")
                .set_align(FormatAlign::Left),
        }
    }
}

impl Formats {
    /// Numbers stand to the right, and so does what is above them.
    fn header(&self, column: &Column) -> &Format {
        if is_number(column) {
            &self.header_right
        } else {
            &self.header
        }
    }
}

impl Book {
    pub(super) fn new(head: &Head) -> Result<Book, WriteError> {
        let mut book = Workbook::new();
        let made = rust_xlsxwriter::ExcelDateTime::parse_from_str(
            &head.made_at.format("%Y-%m-%dT%H:%M:%S").to_string(),
        )?;
        let properties = DocProperties::new()
            .set_title(head.title)
            .set_author("avviso")
            .set_creation_datetime(&made);
        book.set_properties(&properties);
        let mut book = Book {
            book,
            sheets: 0,
            next: 0,
            formats: Formats::new(),
        };
        book.open(head)?;
        Ok(book)
    }

    /// Opens a sheet for rows.
    fn open(&mut self, head: &Head) -> Result<(), WriteError> {
        self.sheets = self.sheets.saturating_add(1);
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        let name = if self.sheets == 1 {
            "Dati".to_owned()
        } else {
            format!("Dati {}", self.sheets)
        };
        sheet.set_name(name)?;
        to_print(sheet, head.columns)?;
        let (from, to) = head.period;
        let period = format!("dal {} al {}", italian_day(from), italian_day(to));
        sheet.set_header(format!(
            "&L&\"-,Bold\"{}&R{} - {period}",
            head.title, head.creditor
        ));
        sheet.set_footer("&L&A&RPagina &P di &N");
        sheet.set_repeat_rows(0, 0)?;
        sheet.set_freeze_panes(1, 0)?;
        for (at, column) in (0..).zip(head.columns) {
            sheet.set_column_width(at, f64::from(width(column)))?;
            let format = self.formats.header(column);
            sheet.write_string_with_format(0, at, column.label, format)?;
        }
        self.next = 1;
        Ok(())
    }

    pub(super) fn row(&mut self, head: &Head, cells: &[Cell]) -> Result<(), WriteError> {
        if self.next > SHEET_ROWS {
            self.filter(head)?;
            self.open(head)?;
        }
        let sheet = self
            .book
            .worksheet_from_index(self.sheets.saturating_sub(1))?;
        for (at, cell) in (0..).zip(cells) {
            write(sheet, (self.next, at), cell, &self.formats)?;
        }
        self.next = self.next.saturating_add(1);
        Ok(())
    }

    /// Lets people filter the rows of the last sheet.
    fn filter(&mut self, head: &Head) -> Result<(), WriteError> {
        let last = u16::try_from(head.columns.len())
            .unwrap_or(u16::MAX)
            .saturating_sub(1);
        let sheet = self
            .book
            .worksheet_from_index(self.sheets.saturating_sub(1))?;
        sheet.autofilter(0, 0, self.next.saturating_sub(1).max(1), last)?;
        Ok(())
    }

    pub(super) fn finish(
        mut self: Box<Self>,
        (head, trailer, pivot): (&Head, &Trailer, Option<&Pivot>),
        out: &mut (dyn Write + Send),
    ) -> Result<(), WriteError> {
        self.filter(head)?;
        let formats = &self.formats;
        let sheet = self.book.add_worksheet();
        sheet.set_name("Totali")?;
        sheet.set_paper_size(9).set_print_fit_to_pages(1, 0);
        sheet.set_column_width(0, 34)?;
        sheet.set_column_width(1, 16)?;
        sheet.set_column_width(2, 18)?;
        sheet.write_string_with_format(0, 0, head.title, &formats.title)?;
        let (from, to) = head.period;
        let facts = [
            ("Ente creditore", head.body()),
            (
                "Periodo",
                format!("dal {} al {}", italian_day(from), italian_day(to)),
            ),
            (
                "Prodotto il",
                crate::render::pdf::italian_instant(head.made_at),
            ),
            ("SHA-256 delle righe", trailer.rows_sha256.clone()),
        ];
        let mut at = 2;
        for (label, text) in facts.into_iter().chain(head.filters.iter().cloned()) {
            sheet.write_string(at, 0, label)?;
            sheet.write_string(at, 1, text)?;
            at = at.saturating_add(1);
        }
        sheet.write_string(at, 0, "Righe")?;
        write(sheet, (at, 1), &Cell::Count(trailer.rows), formats)?;
        at = at.saturating_add(2);
        sheet.write_string_with_format(at, 0, "Totale di controllo", &formats.header)?;
        for (column, title) in (1..).zip(["Numero", "Importo"]) {
            sheet.write_string_with_format(at, column, title, &formats.header_right)?;
        }
        for total in &trailer.control_totals {
            at = at.saturating_add(1);
            sheet.write_string(at, 0, total.label)?;
            write(sheet, (at, 1), &Cell::Count(total.count), formats)?;
            write(sheet, (at, 2), &Cell::Cents(total.amount), formats)?;
        }
        if let Some(pivot) = pivot {
            self.chart(head, pivot)?;
        }
        self.book.save_to_writer(out)?;
        Ok(())
    }
}

impl Book {
    /// A sheet with the sums and the columns that show them, stacked.
    fn chart(&mut self, head: &Head, pivot: &Pivot) -> Result<(), WriteError> {
        const SHEET: &str = "Grafico";
        let formats = &self.formats;
        let sheet = self.book.add_worksheet();
        sheet.set_name(SHEET)?;
        sheet
            .set_landscape()
            .set_paper_size(9)
            .set_print_fit_to_pages(1, 0);
        let label = head.chart.and_then(|chart| {
            let mut columns = head.columns.iter();
            columns.find(|column| column.name == chart.category)
        });
        let label = label.map_or("", |column| column.label);
        sheet.write_string_with_format(0, 0, label, &formats.header)?;
        let mut chart = rust_xlsxwriter::Chart::new(rust_xlsxwriter::ChartType::ColumnStacked);
        chart.title().set_name(head.title);
        chart.y_axis().set_num_format("#,##0");
        chart.set_width(960).set_height(480);
        let last = u32::try_from(pivot.rows.len()).unwrap_or(u32::MAX);
        let mut end = 1u16;
        for (at, name) in (1u16..).zip(&pivot.series) {
            sheet.set_column_width(at, 14)?;
            sheet.write_string_with_format(0, at, name, &formats.header_right)?;
            let series = chart.add_series();
            series
                .set_name((SHEET, 0, at))
                .set_categories((SHEET, 1, 0, last, 0))
                .set_values((SHEET, 1, at, last, at));
            end = at.saturating_add(1);
        }
        sheet.set_column_width(end, 14)?;
        sheet.write_string_with_format(0, end, "Totale", &formats.header_right)?;
        for (row, (category, cells, total)) in (1u32..).zip(&pivot.rows) {
            sheet.write_string(row, 0, category)?;
            for (at, amount) in (1u16..).zip(cells.iter().chain([total])) {
                write(sheet, (row, at), &Cell::Cents(*amount), formats)?;
            }
        }
        sheet.insert_chart(last.saturating_add(2), 0, &chart)?;
        Ok(())
    }
}

fn write(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    formats: &Formats,
) -> Result<(), WriteError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            let text: String = text.chars().take(CELL_CHARS_MAX).collect();
            sheet.write_string(row, column, text)?;
        }
        Cell::Count(n) => number(sheet, (row, column), &n.to_string(), &formats.count)?,
        Cell::Cents(amount) => number(sheet, (row, column), &decimal(*amount), &formats.amount)?,
        // A spreadsheet shows a ten-thousandth as a hundredth of a per cent.
        Cell::Rate(bp) => {
            let share = format!("{}.{:04}", bp / 10_000, bp % 10_000);
            number(sheet, (row, column), &share, &formats.rate)?;
        }
        Cell::Day(day) => {
            sheet.write_datetime_with_format(row, column, at_midnight(*day)?, &formats.day)?;
        }
        Cell::Instant(at) => {
            sheet.write_string(row, column, crate::render::pdf::italian_instant(*at))?;
        }
    }
    Ok(())
}

/// Characters that a column takes on its sheet, its margins included.
fn width(column: &Column) -> u8 {
    let label = u8::try_from(column.label.chars().count()).unwrap_or(u8::MAX);
    column.width.max(label.min(14)).saturating_add(3)
}

/// Numbers of the paper sizes, and the characters that fit their long side at full size.
const PAPERS: [(u8, u32); 2] = [(9, 150), (8, 216)];
/// What is printed smaller than this many hundredths is hard to read.
const SCALE_MIN: u32 = 60;

/// How a sheet is printed: on its side, as wide as the page where that can be read, on A3 when A4 is too
/// small, else over several pages side by side that begin with the same columns.
fn to_print(sheet: &mut Worksheet, columns: &[Column]) -> Result<(), WriteError> {
    let (paper, one_wide) = paper(columns);
    sheet
        .set_landscape()
        .set_paper_size(paper)
        .set_margins(0.4, 0.4, 0.75, 0.6, 0.3, 0.3);
    if one_wide {
        sheet.set_print_fit_to_pages(1, 0);
    } else {
        sheet.set_print_scale(u16::try_from(SCALE_MIN).unwrap_or(100));
        sheet.set_repeat_columns(0, KEYS - 1)?;
    }
    Ok(())
}

/// The number of the paper, and whether all columns stand on one page of it.
fn paper(columns: &[Column]) -> (u8, bool) {
    let chars: u32 = columns.iter().map(|column| u32::from(width(column))).sum();
    let fits = |(_, room): &&(u8, u32)| chars.saturating_mul(SCALE_MIN) <= room.saturating_mul(100);
    let [_, (largest, _)] = PAPERS;
    let paper = PAPERS.iter().find(fits);
    paper.map_or((largest, false), |(paper, _)| (*paper, true))
}

/// Columns by which a row is known when it goes on beside its page.
const KEYS: u16 = 3;

/// Euro with a point and two decimals.
fn decimal(amount: Cents) -> String {
    amount.to_string()
}

fn number(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    format: &Format,
) -> Result<(), WriteError> {
    match text.parse::<f64>() {
        Ok(number) => sheet.write_number_with_format(row, column, number, format)?,
        Err(_not_a_number) => sheet.write_string(row, column, text)?,
    };
    Ok(())
}

fn at_midnight(
    day: crate::domain::calendar::Day,
) -> Result<rust_xlsxwriter::ExcelDateTime, WriteError> {
    Ok(rust_xlsxwriter::ExcelDateTime::parse_from_str(
        &day.to_string(),
    )?)
}

/// Whether a column is set to the right.
pub(super) fn is_number(column: &Column) -> bool {
    match column.unit {
        Unit::Count | Unit::Cents | Unit::Rate => true,
        Unit::Text | Unit::Day | Unit::Instant => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_sheet_is_printed_on_a3_and_a_wider_one_over_several_pages() {
        let column = Column {
            name: "text",
            label: "Testo",
            meaning: "testo",
            unit: Unit::Text,
            width: 22,
        };
        // 25 characters each: 250 fit A4 at the least scale, 360 fit A3.
        for (count, expected) in [
            (1, (9, true)),
            (10, (9, true)),
            (11, (8, true)),
            (14, (8, true)),
            (15, (8, false)),
        ] {
            assert_eq!(paper(&vec![column; count]), expected, "{count}");
        }
    }
}
