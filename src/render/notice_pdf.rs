//! The notice of one payment, on the layout of the guide to the notices (3.5.1), without the postal slip.
//!
//! Titles of the modules and labels of the data are the standard's; sentences are ours. Modules stand
//! where the standard puts them and move down when the one above needs more room.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use std::num::NonZeroU16;

use krilla::tagging::{Tag, TagGroup};

use super::pdf::fonts::Style;
use super::pdf::pictograms::{NOTICE, TOWN_HALL};
use super::pdf::sheet::{Band, Column, GREY, Ink, Sheet, ink, left, right};
use super::pdf::{About, LEFT, PAGE_HEIGHT, PAGE_WIDTH, RIGHT, file, page, two_lines};
use crate::domain::calendar::{self, Day};
use crate::domain::document::{DocumentCreditor, NoticeDocument};

pub use super::pdf::RenderError;

mod amount_rows;
mod how_to_pay;
mod payment_data;
mod topics;

/// Where the left column ends.
const LEFT_END: f32 = 283.5;
/// Width of the bands of the two columns.
const HALF: f32 = 294.8;
/// Where the right band begins.
const RIGHT_BAND: f32 = 300.8;
/// Where the text of the right column begins.
const RIGHT_START: f32 = 323.1;

const H1: NonZeroU16 = NonZeroU16::MIN;

const SMALL: Ink = ink(Style::Regular, 8.0);
const CODE: Ink = ink(Style::Mono, 8.0);
const TITLE: Ink = ink(Style::Bold, 14.0);
const BODY: Ink = ink(Style::Regular, 12.0);
const STRONG: Ink = ink(Style::Bold, 10.0);

/// Prints a notice: an A4 page, and further ones for what the charge has its notices say, PDF/A-2a and PDF/UA-1, the same bytes for the same arguments. It is dated
/// with the day of issue, so that a notice registered again elsewhere is the same document.
///
/// # Errors
/// [`RenderError::Qr`] when the QR text is too long; the others point at a defect of the program.
pub fn notice_pdf(document: &NoticeDocument, issued_on: Day) -> Result<Vec<u8>, RenderError> {
    let about = About {
        title: format!(
            "Avviso di pagamento {} – {}",
            document.notice_number, document.subject
        ),
        author: document.creditor.legal_name.clone(),
        id: format!(
            "avviso:{}:{}",
            document.creditor.tax_code, document.notice_number
        ),
        at: calendar::start_of(issued_on),
    };
    file(&about, |pages, root| {
        let mut explained = false;
        page(pages, (PAGE_WIDTH, PAGE_HEIGHT), |sheet| {
            let y = header(sheet, root, document)?;
            let y = parties(sheet, root, document, y)?;
            let y = how_to_pay::how_much_and_where(sheet, root, document, y)?;
            let y = payment_data::payment_data(sheet, root, document, y)?;
            explained = amount_rows::explanation(sheet, root, document, y)?;
            Ok(())
        })?;
        let rows = if explained {
            &[]
        } else {
            document.whole.as_slice()
        };
        topics::further_pages(pages, root, (document, rows))
    })
}

const fn block(x: f32, y: f32, width: f32, (leading, lines): (f32, usize)) -> Column {
    Column {
        spot: left(x, y),
        width,
        leading,
        lines,
    }
}

/// Mark, kind of document, subject. The top of the next module comes back.
fn header(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &NoticeDocument,
) -> Result<f32, RenderError> {
    sheet.pictogram(&NOTICE, (LEFT, 28.5), 42.0)?;
    sheet.paragraph(
        root,
        block(82.2, 39.5, 300.0, (0.0, 1)),
        STRONG,
        "AVVISO DI PAGAMENTO",
    );
    let grey = Ink {
        color: GREY,
        ..SMALL
    };
    sheet.paragraph(
        root,
        block(82.2, 51.0, 300.0, (0.0, 1)),
        grey,
        "Pagabile con pagoPA",
    );
    let last = sheet.heading(
        root,
        H1,
        block(LEFT, 82.5, 430.0, (20.0, 5)),
        &document.subject,
    );
    sheet.pictogram(&TOWN_HALL, (497.0, 32.0), RIGHT - 497.0)?;
    Ok((last + 21.0).max(124.5))
}

/// Who asks and who owes.
fn parties(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &NoticeDocument,
    top: f32,
) -> Result<f32, RenderError> {
    let mut section = TagGroup::new(Tag::Section);
    let left_end = creditor(sheet, &mut section, &document.creditor, top)?;
    root.push(section);
    let mut section = TagGroup::new(Tag::Section);
    let right_end = debtor(sheet, &mut section, document, top)?;
    root.push(section);
    Ok((left_end.max(right_end) + 16.0).max(top + 129.7))
}

fn creditor(
    sheet: &mut Sheet<'_>,
    section: &mut TagGroup,
    creditor: &DocumentCreditor,
    top: f32,
) -> Result<f32, RenderError> {
    let band = Band {
        x: 0.0,
        y: top,
        width: HALF,
        title_x: LEFT,
    };
    let baseline = sheet.band(section, band, "ENTE CREDITORE")?;
    sheet.fitted(
        section,
        (right(LEFT_END, baseline), 120.0),
        CODE,
        creditor.tax_code.as_str(),
    );
    let mut y = sheet.paragraph(
        section,
        block(LEFT, top + 48.0, 255.0, (17.0, 3)),
        TITLE,
        &creditor.legal_name,
    );
    if let Some(office) = &creditor.office_name {
        let next = (y + 19.0).max(top + 80.0);
        y = sheet.paragraph(section, block(LEFT, next, 255.0, (15.0, 2)), BODY, office);
    }
    let mut next = (y + 17.0).max(top + 98.0);
    for line in &two_lines(&creditor.info) {
        y = sheet.paragraph(section, block(LEFT, next, 255.0, (10.7, 2)), SMALL, line);
        next = y + 10.7;
    }
    Ok(y)
}

fn debtor(
    sheet: &mut Sheet<'_>,
    section: &mut TagGroup,
    document: &NoticeDocument,
    top: f32,
) -> Result<f32, RenderError> {
    let debtor = &document.debtor;
    let band = Band {
        x: RIGHT_BAND,
        y: top,
        width: PAGE_WIDTH - RIGHT_BAND,
        title_x: RIGHT_START,
    };
    let baseline = sheet.band(section, band, "DESTINATARIO")?;
    sheet.fitted(
        section,
        (right(RIGHT, baseline), 140.0),
        CODE,
        &debtor.tax_code,
    );
    let mut y = sheet.paragraph(
        section,
        block(RIGHT_START, top + 48.0, 244.0, (17.0, 3)),
        TITLE,
        &debtor.full_name,
    );
    let mut next = (y + 20.0).max(top + 80.0);
    for line in &two_lines(&debtor.address) {
        y = sheet.paragraph(
            section,
            block(RIGHT_START, next, 244.0, (16.0, 3)),
            BODY,
            line,
        );
        next = y + 17.2;
    }
    if !document.joint_debtors.is_empty() {
        let named = document.joint_debtors.iter();
        let named = named.map(|joint| format!("{} ({})", joint.full_name, joint.tax_code));
        let line = format!("In solido con: {}", named.collect::<Vec<_>>().join(", "));
        y = sheet.paragraph(
            section,
            block(RIGHT_START, next, 244.0, (10.7, 5)),
            SMALL,
            &line,
        );
    }
    Ok(y)
}

#[cfg(test)]
mod tests;
