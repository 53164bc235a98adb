//! The receipt of a payment, for the citizen. No layout is prescribed: one page, in the manner of the notice.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use std::num::NonZeroU16;

use krilla::tagging::{Tag, TagGroup};

use super::pdf::fonts::Style;
use super::pdf::pictograms::{PAID, TOWN_HALL};
use super::pdf::sheet::{Band, Column, GREY, Ink, Sheet, ink, left};
use super::pdf::table::{Cells, Row};
use super::pdf::{
    About, LEFT, PAGE_WIDTH, RIGHT, in_fours, italian_instant, single_page, within_page,
};
use crate::domain::document::{DocumentParty, ReceiptDocument, ReceiptTransfer};
use crate::domain::money::Cents;

pub use super::pdf::RenderError;

/// Where the second column begins.
const MIDDLE: f32 = 306.0;
/// Room of one of two columns.
const HALF: f32 = 250.0;
/// Room of the whole line.
const WHOLE: f32 = RIGHT - LEFT;

const H1: NonZeroU16 = NonZeroU16::MIN;
const SMALL: Ink = ink(Style::Regular, 8.0);
const CODE: Ink = ink(Style::MonoBold, 10.0);

const CLOSING: &str = "La ricevuta riporta i dati comunicati da pagoPA all’ente creditore e attesta \
    che il pagamento dell’avviso indicato è avvenuto. Conservala: per chiarimenti rivolgiti all’ente \
    creditore citando il codice dell’avviso.";

/// Prints a receipt: one A4 page, PDF/A-2a and PDF/UA-1, the same bytes for the same receipt. It is
/// dated with the payment, so it can be printed again at any time.
///
/// # Errors
/// [`RenderError::Amount`] when amount and fee cannot be added; the others point at a defect of the program.
pub fn receipt_pdf(document: &ReceiptDocument) -> Result<Vec<u8>, RenderError> {
    let about = About {
        title: format!(
            "Ricevuta di pagamento {} – {}",
            document.notice_number, document.subject
        ),
        author: document.creditor.legal_name.clone(),
        id: format!(
            "avviso:receipt:{}:{}",
            document.creditor.tax_code, document.receipt_id
        ),
        at: document.paid_at,
    };
    single_page(&about, |sheet, root| {
        let y = header(sheet, root, document)?;
        let y = payment(sheet, root, document, y)?;
        let y = parties(sheet, root, document, y)?;
        let y = transfers(sheet, root, document, y)?;
        let closing = block(LEFT, y, WHOLE, (10.7, 4));
        within_page(sheet.paragraph(
            root,
            closing,
            Ink {
                color: GREY,
                ..SMALL
            },
            CLOSING,
        ))
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

const fn whole_band(y: f32) -> Band {
    Band {
        x: 0.0,
        y,
        width: PAGE_WIDTH,
        title_x: LEFT,
    }
}

fn header(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &ReceiptDocument,
) -> Result<f32, RenderError> {
    sheet.pictogram(&PAID, (LEFT, 28.5), 28.0)?;
    let kind = ink(Style::Bold, 10.0);
    sheet.paragraph(
        root,
        block(66.0, 39.5, 300.0, (0.0, 1)),
        kind,
        "RICEVUTA DI PAGAMENTO",
    );
    let when = format!("Pagato il {}", italian_instant(document.paid_at));
    let grey = Ink {
        color: GREY,
        ..SMALL
    };
    sheet.paragraph(root, block(66.0, 51.0, 300.0, (0.0, 1)), grey, &when);
    let last = sheet.heading(
        root,
        H1,
        block(LEFT, 82.5, 430.0, (20.0, 4)),
        &document.subject,
    );
    sheet.pictogram(&TOWN_HALL, (497.0, 32.0), RIGHT - 497.0)?;
    Ok((last + 21.0).max(124.5))
}

/// What was paid, when, through whom, and the identifiers to find it again.
fn payment(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &ReceiptDocument,
    top: f32,
) -> Result<f32, RenderError> {
    let mut section = TagGroup::new(Tag::Section);
    sheet.band(&mut section, whole_band(top), "PAGAMENTO")?;
    let y = top + 46.5;
    let big = ink(Style::Bold, 16.0);
    let euro = |amount: Cents| format!("{} Euro", amount.italian());
    sheet.code(
        &mut section,
        (left(LEFT, y), HALF),
        "Importo pagato",
        (big, &euro(document.amount)),
    );
    let bold = ink(Style::Bold, 12.0);
    if let Some(fee) = document.fee {
        let total = document
            .amount
            .plus(fee)
            .map_err(|_range| RenderError::Amount)?;
        sheet.code(
            &mut section,
            (left(MIDDLE, y), 120.0),
            "Commissione",
            (bold, &euro(fee)),
        );
        sheet.code(
            &mut section,
            (left(MIDDLE + 130.0, y), 130.0),
            "Totale addebitato",
            (bold, &euro(total)),
        );
    }
    let y = y + 42.0;
    let number = in_fours(document.notice_number.as_str());
    sheet.code(
        &mut section,
        (left(LEFT, y), HALF),
        "Codice Avviso",
        (CODE, &number),
    );
    sheet.code(
        &mut section,
        (left(MIDDLE, y), HALF),
        "IUV",
        (CODE, document.iuv.as_str()),
    );
    let y = y + 36.0;
    sheet.code(
        &mut section,
        (left(LEFT, y), HALF),
        "Identificativo della ricevuta",
        (CODE, &document.receipt_id),
    );
    let when = italian_instant(document.paid_at);
    sheet.code(
        &mut section,
        (left(MIDDLE, y), HALF),
        "Data e ora del pagamento",
        (CODE, &when),
    );
    let column = block(LEFT, y + 36.0, WHOLE, (10.5, 2));
    let y = sheet.field(
        &mut section,
        column,
        "Prestatore del servizio di pagamento",
        &document.psp_name,
    );
    root.push(section);
    Ok(y + 18.0)
}

/// Who asked, who owed, who paid.
fn parties(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &ReceiptDocument,
    top: f32,
) -> Result<f32, RenderError> {
    let creditor = &document.creditor;
    let mut section = TagGroup::new(Tag::Section);
    sheet.band(&mut section, whole_band(top), "ENTE CREDITORE")?;
    let name = block(LEFT, top + 40.0, HALF, (10.5, 3));
    let mut y = sheet.field(&mut section, name, "Denominazione", &creditor.legal_name);
    let code = block(MIDDLE, top + 40.0, HALF, (10.5, 1));
    sheet.field(
        &mut section,
        code,
        "Codice fiscale",
        creditor.tax_code.as_str(),
    );
    let contacts: Vec<&str> = creditor
        .office_name
        .iter()
        .chain(&creditor.info)
        .map(String::as_str)
        .collect();
    let lines = block(LEFT, y + 11.5, WHOLE, (10.7, 2));
    if !contacts.is_empty() {
        y = sheet.paragraph(&mut section, lines, SMALL, &contacts.join(" – "));
    }
    root.push(section);

    let payer = document
        .payer
        .as_ref()
        .filter(|payer| **payer != document.debtor);
    let mut section = TagGroup::new(Tag::Section);
    let top = y + 17.0;
    let title = if payer.is_some() {
        "DEBITORE E VERSANTE"
    } else {
        "DEBITORE"
    };
    sheet.band(&mut section, whole_band(top), title)?;
    let mut y = party(
        sheet,
        &mut section,
        ("Debitore", &document.debtor),
        top + 40.0,
    );
    if let Some(payer) = payer {
        y = party(sheet, &mut section, ("Versante", payer), y + 16.0);
    }
    root.push(section);
    Ok(y + 17.0)
}

fn party(
    sheet: &mut Sheet<'_>,
    section: &mut TagGroup,
    (label, party): (&str, &DocumentParty),
    top: f32,
) -> f32 {
    let mut y = sheet.field(
        section,
        block(LEFT, top, HALF, (10.5, 3)),
        label,
        &party.full_name,
    );
    if !party.tax_code.is_empty() {
        sheet.field(
            section,
            block(MIDDLE, top, HALF, (10.5, 1)),
            "Codice fiscale",
            &party.tax_code,
        );
    }
    if !party.address.is_empty() {
        let line = block(LEFT, y + 11.5, WHOLE, (10.7, 1));
        y = sheet.paragraph(section, line, SMALL, &party.address.join(", "));
    }
    y
}

/// Where the money went; at most five transfers exist in a receipt.
fn transfers(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &ReceiptDocument,
    top: f32,
) -> Result<f32, RenderError> {
    if document.transfers.is_empty() {
        return Ok(top);
    }
    let mut section = TagGroup::new(Tag::Section);
    sheet.band(&mut section, whole_band(top), "A CHI È STATO VERSATO")?;
    let columns = [
        Cells {
            title: "Beneficiario",
            x: LEFT,
            width: 290.0,
            to_the_right: false,
            style: Style::Regular,
        },
        Cells {
            title: "Codice fiscale",
            x: 335.0,
            width: 120.0,
            to_the_right: false,
            style: Style::Mono,
        },
        Cells {
            title: "Euro",
            x: RIGHT,
            width: 100.0,
            to_the_right: true,
            style: Style::Mono,
        },
    ];
    let cells = |to: &ReceiptTransfer| {
        let texts = [
            &to.beneficiary_name,
            &to.beneficiary_tax_code,
            &to.amount.italian(),
        ];
        Row {
            cells: texts.map(String::clone).to_vec(),
            bold: false,
        }
    };
    let rows: Vec<Row> = document.transfers.iter().map(cells).collect();
    let y = sheet.table(&mut section, top + 40.0, &columns, &rows);
    root.push(section);
    Ok(y + 24.0)
}

#[cfg(test)]
mod tests;
