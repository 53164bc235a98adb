//! How much, until when, and where: the two modules in the middle of the notice.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use std::num::NonZeroU16;

use krilla::tagging::{Tag, TagGroup};

use super::{HALF, LEFT_END, RIGHT_BAND, RIGHT_START, RenderError, SMALL, STRONG, block};
use crate::domain::document::NoticeDocument;
use crate::domain::text::fit;
use crate::render::pdf::fonts::Style;
use crate::render::pdf::pictograms::{DEVICES, INFO, SHOP};
use crate::render::pdf::sheet::{Band, Sheet, ink, left, right};
use crate::render::pdf::{LEFT, PAGE_WIDTH, RIGHT, italian_day};

const H3: NonZeroU16 = NonZeroU16::MIN.saturating_add(2);

/// Most characters of why another number asks something else.
const REASON_MAX: usize = 80;

const MAY_CHANGE: &str = "L’importo viene ricalcolato quando paghi: può diminuire (sgravi, \
    versamenti già fatti) o aumentare (sanzioni, interessi, spese di notifica). Vale l’importo che \
    ti viene mostrato al momento del pagamento.";
const ONLINE: &str = "oppure con la tua app di pagamento o dall’home banking della tua banca, \
    inquadrando il codice QR o digitando i dati dell’avviso.";
const NEARBY: &str = "presso banche e sportelli automatici, uffici e punti postali, tabaccherie, \
    ricevitorie, edicole, bar, supermercati e altri esercenti abilitati.";

/// The amount with its date, and the places to pay at.
pub(super) fn how_much_and_where(
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
            "Puoi pagare tutto con questo avviso oppure in {instalments} rate, ciascuna con il proprio avviso."
        ));
    }
    for other in &document.alternatives {
        let (number, reason) = (&other.notice_number, fit(&other.reason, REASON_MAX));
        let amount = other.amount.italian();
        notes.push(format!(
            "In alternativa {amount} euro con l’avviso {number}: {reason}."
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
