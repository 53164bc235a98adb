//! What the printed documents share: errors, conformance, metadata. Fonts, drawing and pictograms are below.
//!
//! Every file is PDF/A-2a and PDF/UA-1 at once, and the same values give the same bytes: dates and
//! identifiers come from the caller, so a document can be printed again instead of stored.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use chrono::{Datelike, Offset, Timelike};
use chrono_tz::Europe::Rome;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::error::KrillaError;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::tagging::{TagGroup, TagTree};
use krilla::{Document, SerializeSettings};

use crate::domain::calendar::{Day, Instant};

pub(super) mod fonts;
pub(super) mod grid;
pub(super) mod pictograms;
pub(super) mod qr;
pub(super) mod sheet;
pub(super) mod table;

use sheet::Sheet;

/// Width of an A4 sheet, in points.
pub(super) const PAGE_WIDTH: f32 = 595.276;
/// Height of an A4 sheet, in points.
pub(super) const PAGE_HEIGHT: f32 = 841.89;
/// Left margin of 10 mm.
pub(super) const LEFT: f32 = 28.35;
/// Where the right margin of 10 mm begins.
pub(super) const RIGHT: f32 = 566.93;

/// Why a document could not be made. None of these carries what was to be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The fonts compiled in cannot be read.
    #[error("the fonts of the documents cannot be read")]
    Fonts,
    /// A coordinate left the page.
    #[error("the layout does not fit the page")]
    Geometry,
    /// The QR text is longer than a version 4 symbol holds.
    #[error("the QR text does not fit a version 4 symbol")]
    Qr,
    /// An amount cannot be added up.
    #[error("an amount of the document is out of range")]
    Amount,
    /// The writer found the document not to conform.
    #[error("the document does not conform to PDF/A-2a and PDF/UA-1")]
    NotConformant,
    /// The writer failed otherwise.
    #[error("the document cannot be written")]
    Writer,
}

impl From<KrillaError> for RenderError {
    fn from(error: KrillaError) -> RenderError {
        if matches!(error, KrillaError::Validation(_)) {
            RenderError::NotConformant
        } else {
            RenderError::Writer
        }
    }
}

/// What a file says of itself.
pub(super) struct About {
    /// Title, shown by readers instead of the file name.
    pub(super) title: String,
    /// Who issues the document.
    pub(super) author: String,
    /// Stable identifier: the same for the same document.
    pub(super) id: String,
    /// Date of the document.
    pub(super) at: Instant,
}

/// Draws one page and closes the file.
pub(super) fn single_page(
    about: &About,
    draw: impl FnOnce(&mut Sheet<'_>, &mut TagGroup) -> Result<(), RenderError>,
) -> Result<Vec<u8>, RenderError> {
    file(about, |document, root| {
        page(document, (PAGE_WIDTH, PAGE_HEIGHT), |sheet| {
            draw(sheet, root)
        })
    })
}

/// Draws one more page.
pub(super) fn page(
    document: &mut Document,
    (width, height): (f32, f32),
    draw: impl FnOnce(&mut Sheet<'_>) -> Result<(), RenderError>,
) -> Result<(), RenderError> {
    let size = PageSettings::from_wh(width, height).ok_or(RenderError::Geometry)?;
    let mut page = document.start_page_with(size);
    {
        let mut sheet = Sheet::new(page.surface(), fonts::fonts()?);
        draw(&mut sheet)?;
    }
    page.finish();
    Ok(())
}

/// Opens a file, lets its pages be drawn, and closes it.
pub(super) fn file(
    about: &About,
    draw: impl FnOnce(&mut Document, &mut TagGroup) -> Result<(), RenderError>,
) -> Result<Vec<u8>, RenderError> {
    let fonts = fonts::fonts()?;
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|_conflict| RenderError::Writer)?;
    let settings = SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    };
    let mut document = Document::new_with(settings);
    let mut root = TagGroup::new(krilla::tagging::Tag::Section);
    draw(&mut document, &mut root)?;

    let mut tree = TagTree::new().with_lang(Some("it-IT".to_owned()));
    tree.push(root);
    document.set_tag_tree(tree);
    let title = fonts.printable(&about.title);
    let mut outline = Outline::new();
    let top = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    outline.push_child(OutlineNode::new(title.clone(), top));
    document.set_outline(outline);
    document.set_metadata(
        Metadata::new()
            .title(title)
            .language("it-IT".to_owned())
            .creator("avviso".to_owned())
            .authors(vec![fonts.printable(&about.author)])
            .document_id(about.id.clone())
            .creation_date(pdf_date(about.at)),
    );
    Ok(document.finish()?)
}

/// The wall clock in Rome, with its distance from UTC.
fn pdf_date(at: Instant) -> DateTime {
    let local = at.with_timezone(&Rome);
    let hours = local.offset().fix().local_minus_utc() / 3600;
    let small = |n: u32| u8::try_from(n).unwrap_or_default();
    DateTime::new(u16::try_from(local.year()).unwrap_or_default())
        .month(small(local.month()))
        .day(small(local.day()))
        .hour(small(local.hour()))
        .minute(small(local.minute()))
        .second(small(local.second()))
        .utc_offset_hour(i8::try_from(hours).unwrap_or_default())
        .utc_offset_minute(0)
}

/// At most two lines: what is beyond the first is put on the second.
pub(super) fn two_lines(lines: &[String]) -> Vec<String> {
    match lines.split_first() {
        Some((first, rest)) if !rest.is_empty() => vec![first.clone(), rest.join(", ")],
        _ => lines.to_vec(),
    }
}

/// Refuses what was drawn below the margin, 8 mm from the edge: no printer would show it.
pub(super) fn within_page(last_baseline: f32) -> Result<(), RenderError> {
    if last_baseline <= PAGE_HEIGHT - 22.7 {
        Ok(())
    } else {
        Err(RenderError::Geometry)
    }
}

/// A day as people write it in Italy: `31/10/2026`.
pub(super) fn italian_day(day: Day) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// An instant as people in Italy read it off the clock: `31/10/2026 09:05:00`.
pub(super) fn italian_instant(at: Instant) -> String {
    at.with_timezone(&Rome)
        .format("%d/%m/%Y %H:%M:%S")
        .to_string()
}

/// Digits in groups of four from the left, as the standard prints a notice number.
pub(super) fn in_fours(digits: &str) -> String {
    let mut grouped = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && i.is_multiple_of(4) {
            grouped.push(' ');
        }
        grouped.push(c);
    }
    grouped
}
