//! The module that is scanned or typed.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use krilla::tagging::{Tag, TagGroup};

use super::{RenderError, SMALL, STRONG, block};
use crate::domain::document::NoticeDocument;
use crate::render::pdf::fonts::Style;
use crate::render::pdf::qr::{QR_SIDE, qr_symbol};
use crate::render::pdf::sheet::{Band, Sheet, ink, left, right};
use crate::render::pdf::{LEFT, PAGE_WIDTH, RIGHT, in_fours, italian_day, within_page};

/// Where the data beside the QR code begin.
const DATA: f32 = 167.2;

/// The QR code and the same data for who types them.
pub(super) fn payment_data(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &NoticeDocument,
    top: f32,
) -> Result<f32, RenderError> {
    let mut section = TagGroup::new(Tag::Section);
    let band = Band {
        x: 0.0,
        y: top,
        width: PAGE_WIDTH,
        title_x: LEFT,
    };
    let baseline = sheet.band(&mut section, band, "DATI PER IL PAGAMENTO")?;
    let when = document.due_on.map_or_else(
        || "Rata unica".to_owned(),
        |day| format!("Rata unica entro il {}", italian_day(day)),
    );
    sheet.fitted(&mut section, (right(RIGHT, baseline), 220.0), STRONG, &when);

    let amount = document.amount.italian();
    let alt = format!(
        "Codice QR dell’avviso {}, ente {}, {amount} euro",
        in_fours(document.notice_number.as_str()),
        document.creditor.tax_code
    );
    let code = qr_symbol(&document.qr_text)?;
    sheet.qr(&mut section, (LEFT, top + 39.8), &code, &alt)?;
    let caption = scan_caption(sheet, &mut section, top + 39.8 + QR_SIDE + 15.0);

    let data_end = payment_parties(sheet, &mut section, document, top);
    let y = (data_end + 22.0).max(top + 131.2);
    payment_codes(sheet, &mut section, document, y);
    root.push(section);
    within_page(y + 20.0)?;
    Ok((y + 34.0).max(caption + 20.0).max(top + 172.5))
}

fn scan_caption(sheet: &mut Sheet<'_>, section: &mut TagGroup, y: f32) -> f32 {
    let mut caption = TagGroup::new(Tag::P);
    let bold = ink(Style::Bold, 8.0);
    let mut x = LEFT;
    x += sheet.line(&mut caption, left(x, y), SMALL, "Inquadra il ");
    x += sheet.line(&mut caption, left(x, y), bold, "codice QR ");
    sheet.line(&mut caption, left(x, y), SMALL, "con la tua app ");
    sheet.line(
        &mut caption,
        left(LEFT, y + 10.7),
        SMALL,
        "di pagamento o usa i dati accanto.",
    );
    section.push(caption);
    y + 10.7
}

fn payment_parties(
    sheet: &mut Sheet<'_>,
    section: &mut TagGroup,
    document: &NoticeDocument,
    top: f32,
) -> f32 {
    let amount = document.amount.italian();
    let mono = ink(Style::MonoBold, 12.0);
    let euro = ink(Style::Regular, 10.0);
    let mut sum = TagGroup::new(Tag::P);
    let x = RIGHT - sheet.measure(mono, &amount);
    sheet.line(&mut sum, right(x - 3.0, top + 51.8), euro, "Euro ");
    sheet.line(&mut sum, left(x, top + 51.8), mono, &amount);
    section.push(sum);
    let narrow = x - 40.0 - DATA;
    let mut y = top + 46.5;
    let wide = RIGHT - DATA;
    for (label, text, width) in [
        ("Destinatario", &document.debtor.full_name, narrow),
        ("Ente creditore", &document.creditor.legal_name, wide),
        ("Oggetto del pagamento", &document.subject, wide),
    ] {
        y = sheet.field(section, block(DATA, y, width, (10.5, 3)), label, text) + 15.8;
    }
    y - 15.8
}

fn payment_codes(sheet: &mut Sheet<'_>, section: &mut TagGroup, document: &NoticeDocument, y: f32) {
    let mono = ink(Style::MonoBold, 10.0);
    let number = in_fours(document.notice_number.as_str());
    let creditor = document.creditor.tax_code.as_str();
    let mut x = DATA;
    if let Some(cbill) = &document.creditor.cbill {
        sheet.code(section, (left(DATA, y), 90.0), "Cod. CBILL", (mono, cbill));
        x = 267.2;
    }
    sheet.code(
        section,
        (left(x, y), 180.0),
        "Codice Avviso",
        (mono, &number),
    );
    sheet.code(
        section,
        (right(RIGHT, y), 90.0),
        "Cod. Fiscale Ente",
        (mono, creditor),
    );
}
