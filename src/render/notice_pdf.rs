//! The notice of one payment, on the layout of the guide to the notices (3.5.1), without the postal slip.
//!
//! Titles of the modules and labels of the data are the standard's; sentences are ours. Modules stand
//! where the standard puts them and move down when the one above needs more room.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use std::num::NonZeroU16;

use krilla::tagging::{Tag, TagGroup};

use super::pdf::fonts::Style;
use super::pdf::pictograms::{DEVICES, INFO, NOTICE, SHOP, TOWN_HALL};
use super::pdf::sheet::{
    BAND_HEIGHT, Band, Cells, Column, GREY, Ink, QR_SIDE, Row, Sheet, ink, left, qr_symbol, right,
};
use super::pdf::{
    About, LEFT, PAGE_HEIGHT, PAGE_WIDTH, RIGHT, in_fours, italian_day, single_page, two_lines,
    within_page,
};
use crate::domain::calendar::Instant;
use crate::domain::document::{AmountRow, NoticeDocument};
use crate::domain::money::Cents;

pub use super::pdf::RenderError;

/// Where the left column ends.
const LEFT_END: f32 = 283.5;
/// Width of the bands of the two columns.
const HALF: f32 = 294.8;
/// Where the right band begins.
const RIGHT_BAND: f32 = 300.8;
/// Where the text of the right column begins.
const RIGHT_START: f32 = 323.1;
/// Where the data beside the QR code begin.
const DATA: f32 = 167.2;

const H1: NonZeroU16 = NonZeroU16::MIN;
const H3: NonZeroU16 = NonZeroU16::MIN.saturating_add(2);

const SMALL: Ink = ink(Style::Regular, 8.0);
const TITLE: Ink = ink(Style::Bold, 14.0);
const BODY: Ink = ink(Style::Regular, 12.0);
const STRONG: Ink = ink(Style::Bold, 10.0);

const MAY_CHANGE: &str = "L’importo viene ricalcolato quando paghi: può diminuire (sgravi, \
    versamenti già fatti) o aumentare (sanzioni, interessi, spese di notifica). Vale l’importo che \
    ti viene mostrato al momento del pagamento.";
const ONLINE: &str = "oppure con la tua app di pagamento o dall’home banking della tua banca, \
    inquadrando il codice QR o digitando i dati dell’avviso.";
const NEARBY: &str = "presso banche e sportelli automatici, uffici e punti postali, tabaccherie, \
    ricevitorie, edicole, bar, supermercati e altri esercenti abilitati.";

/// Prints a notice: one A4 page, PDF/A-2a and PDF/UA-1, the same bytes for the same arguments.
///
/// # Errors
/// [`RenderError::Qr`] when the QR text is too long; the others point at a defect of the program.
pub fn notice_pdf(document: &NoticeDocument, issued_at: Instant) -> Result<Vec<u8>, RenderError> {
    let about = About {
        title: format!(
            "Avviso di pagamento {} – {}",
            document.notice_number, document.subject
        ),
        author: document.creditor.legal_name.clone(),
        id: format!(
            "avviso:{}:{}:{}",
            document.creditor.tax_code,
            document.notice_number,
            issued_at.timestamp_micros()
        ),
        at: issued_at,
    };
    single_page(&about, |sheet, root| {
        let y = header(sheet, root, document)?;
        let y = parties(sheet, root, document, y)?;
        let y = how_much_and_where(sheet, root, document, y)?;
        let y = payment_data(sheet, root, document, y)?;
        explanation(sheet, root, document, y)
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
    let (creditor, debtor) = (&document.creditor, &document.debtor);
    let mono = ink(Style::Mono, 8.0);
    let mut section = TagGroup::new(Tag::Section);
    let band = Band {
        x: 0.0,
        y: top,
        width: HALF,
        title_x: LEFT,
    };
    let baseline = sheet.band(&mut section, band, "ENTE CREDITORE")?;
    sheet.fitted(
        &mut section,
        (right(LEFT_END, baseline), 120.0),
        mono,
        creditor.tax_code.as_str(),
    );
    let mut y = sheet.paragraph(
        &mut section,
        block(LEFT, top + 48.0, 255.0, (17.0, 3)),
        TITLE,
        &creditor.legal_name,
    );
    if let Some(office) = &creditor.office_name {
        let next = (y + 19.0).max(top + 80.0);
        y = sheet.paragraph(
            &mut section,
            block(LEFT, next, 255.0, (15.0, 2)),
            BODY,
            office,
        );
    }
    let mut next = (y + 17.0).max(top + 98.0);
    for line in &two_lines(&creditor.info) {
        y = sheet.paragraph(
            &mut section,
            block(LEFT, next, 255.0, (10.7, 2)),
            SMALL,
            line,
        );
        next = y + 10.7;
    }
    let bottom = y;
    root.push(section);

    let mut section = TagGroup::new(Tag::Section);
    let band = Band {
        x: RIGHT_BAND,
        y: top,
        width: PAGE_WIDTH - RIGHT_BAND,
        title_x: RIGHT_START,
    };
    let baseline = sheet.band(&mut section, band, "DESTINATARIO")?;
    sheet.fitted(
        &mut section,
        (right(RIGHT, baseline), 140.0),
        mono,
        &debtor.tax_code,
    );
    let mut y = sheet.paragraph(
        &mut section,
        block(RIGHT_START, top + 48.0, 244.0, (17.0, 3)),
        TITLE,
        &debtor.full_name,
    );
    let mut next = (y + 20.0).max(top + 80.0);
    for line in &two_lines(&debtor.address) {
        y = sheet.paragraph(
            &mut section,
            block(RIGHT_START, next, 244.0, (16.0, 3)),
            BODY,
            line,
        );
        next = y + 17.2;
    }
    root.push(section);
    Ok((bottom.max(y) + 16.0).max(top + 129.7))
}

/// The amount with its date, and the places to pay at.
fn how_much_and_where(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &NoticeDocument,
    top: f32,
) -> Result<f32, RenderError> {
    let mut section = TagGroup::new(Tag::Section);
    let left_end = how_much(sheet, &mut section, document, top)?;
    root.push(section);
    let mut section = TagGroup::new(Tag::Section);
    let right_end = where_to_pay(sheet, &mut section, document, top)?;
    root.push(section);
    Ok((left_end.max(right_end) + 18.0).max(top + 144.8))
}

fn how_much(
    sheet: &mut Sheet<'_>,
    section: &mut TagGroup,
    document: &NoticeDocument,
    top: f32,
) -> Result<f32, RenderError> {
    let band = Band {
        x: 0.0,
        y: top,
        width: HALF,
        title_x: LEFT,
    };
    let title = if document.due_on.is_some() {
        "QUANTO E QUANDO PAGARE?"
    } else {
        "QUANTO PAGARE?"
    };
    sheet.band(section, band, title)?;
    let big = ink(Style::Bold, 16.0);
    let y = top + 46.5;
    let amount = format!("{} Euro", document.amount.italian());
    sheet.code(section, (left(LEFT, y), 160.0), "Importo", (big, &amount));
    if let Some(due_on) = document.due_on {
        sheet.code(
            section,
            (right(LEFT_END, y), 90.0),
            "entro il",
            (big, &italian_day(due_on)),
        );
    }
    let mut y = top + 89.0;
    let mut notes: Vec<String> = Vec::new();
    if let Some(instalments) = document.instalments {
        notes.push(format!(
            "Puoi pagare in un’unica soluzione oppure in {instalments} rate: per avere gli avvisi delle rate rivolgiti all’ente creditore."
        ));
    }
    if document.amount_may_change {
        notes.push(MAY_CHANGE.to_owned());
    }
    let mut last = y;
    for note in &notes {
        sheet.pictogram(&INFO, (LEFT, y - 8.2), 11.25)?;
        last = sheet.paragraph(section, block(45.3, y, 238.0, (10.7, 6)), SMALL, note);
        y = last + 16.0;
    }
    Ok(last)
}

fn where_to_pay(
    sheet: &mut Sheet<'_>,
    section: &mut TagGroup,
    document: &NoticeDocument,
    top: f32,
) -> Result<f32, RenderError> {
    let band = Band {
        x: RIGHT_BAND,
        y: top,
        width: PAGE_WIDTH - RIGHT_BAND,
        title_x: RIGHT_START,
    };
    let baseline = sheet.band(section, band, "DOVE PAGARE?")?;
    let mut site = TagGroup::new(Tag::P);
    let address = "pagopa.gov.it";
    let wide = sheet.measure(STRONG, address) + sheet.measure(SMALL, "vai su ");
    let wide = sheet.line(&mut site, left(RIGHT - wide, baseline), SMALL, "vai su ") + RIGHT - wide;
    sheet.line(&mut site, left(wide, baseline), STRONG, address);
    section.push(site);

    let y = top + 48.8;
    sheet.heading(
        section,
        H3,
        block(RIGHT_START, y, 200.0, (0.0, 1)),
        "PAGA CON L’APP IO",
    );
    let online = document.creditor.web_site.as_ref().map_or_else(
        || ONLINE.to_owned(),
        |site| format!("oppure su {site}, {}", ONLINE.trim_start_matches("oppure ")),
    );
    let y = sheet.paragraph(
        section,
        block(RIGHT_START, y + 12.8, 200.0, (10.7, 6)),
        SMALL,
        &online,
    );
    sheet.pictogram(&DEVICES, (533.0, top + 42.8), RIGHT - 533.0)?;

    let y = (y + 18.0).max(top + 95.3);
    sheet.heading(
        section,
        H3,
        block(RIGHT_START, y, 200.0, (0.0, 1)),
        "PAGA SUL TERRITORIO",
    );
    sheet.pictogram(&SHOP, (533.0, y - 7.0), RIGHT - 533.0)?;
    Ok(sheet.paragraph(
        section,
        block(RIGHT_START, y + 12.8, 200.0, (10.7, 6)),
        SMALL,
        NEARBY,
    ))
}

/// The QR code and the same data for who types them.
fn payment_data(
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

/// How the amount is made up: as many rows as the page holds, the rest in one.
fn explanation(
    sheet: &mut Sheet<'_>,
    root: &mut TagGroup,
    document: &NoticeDocument,
    top: f32,
) -> Result<(), RenderError> {
    if document.explanation.is_empty() {
        return Ok(());
    }
    let mut section = TagGroup::new(Tag::Section);
    let band = Band {
        x: 0.0,
        y: top,
        width: PAGE_WIDTH,
        title_x: LEFT,
    };
    sheet.band(&mut section, band, "COME SI COMPONE L’IMPORTO")?;
    let columns = [
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
    let first = top + BAND_HEIGHT + 20.0;
    let row = |row: &AmountRow, bold| Row {
        cells: vec![row.label.clone(), row.amount.italian()],
        bold,
    };
    let shown = shortened(
        &document.explanation,
        rows_above_margin(first).saturating_sub(1),
    )?;
    let mut rows: Vec<Row> = shown.iter().map(|r| row(r, false)).collect();
    // After a part payment the rows are more than what is asked: then no total is claimed.
    if Cents::sum(document.explanation.iter().map(|r| r.amount)) == Ok(document.amount) {
        rows.push(row(
            &AmountRow {
                label: "Totale".to_owned(),
                amount: document.amount,
            },
            true,
        ));
    }
    let last = sheet.table(&mut section, first, &columns, &rows);
    root.push(section);
    within_page(last)
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
fn shortened(rows: &[AmountRow], most: usize) -> Result<Vec<AmountRow>, RenderError> {
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

#[cfg(test)]
mod tests;
