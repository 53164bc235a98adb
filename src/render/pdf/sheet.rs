//! Drawing on a tagged page: lines, paragraphs, bands, tables, codes. Points, origin at the top left.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use std::num::NonZeroU16;

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, SpanTag, Tag, TagGroup};

use super::RenderError;
use super::fonts::{Fonts, Style};
use super::pictograms::Pictogram;

/// Red, green, blue.
pub(in crate::render) type Color = (u8, u8, u8);
/// Text.
pub(in crate::render) const BLACK: Color = (0, 0, 0);
/// Secondary text; dark enough to be read at 7 points.
pub(in crate::render) const GREY: Color = (0x59, 0x59, 0x59);
/// Ground of the band that opens a module.
const BAND: Color = (0xec, 0xec, 0xec);
/// Height of a band.
pub(in crate::render) const BAND_HEIGHT: f32 = 22.8;
/// From the top of a band to its baseline.
const BAND_BASELINE: f32 = 14.8;

/// How a text looks.
#[derive(Clone, Copy)]
pub(in crate::render) struct Ink {
    pub(in crate::render) style: Style,
    pub(in crate::render) size: f32,
    pub(in crate::render) color: Color,
}

/// Black ink.
pub(in crate::render) const fn ink(style: Style, size: f32) -> Ink {
    Ink {
        style,
        size,
        color: BLACK,
    }
}

/// Where a line begins, or ends when it is set to the right.
#[derive(Clone, Copy)]
pub(in crate::render) struct Spot {
    pub(in crate::render) x: f32,
    pub(in crate::render) y: f32,
    pub(in crate::render) to_the_right: bool,
}

/// A baseline that begins at `x`.
pub(in crate::render) const fn left(x: f32, y: f32) -> Spot {
    Spot {
        x,
        y,
        to_the_right: false,
    }
}

/// A baseline that ends at `x`.
pub(in crate::render) const fn right(x: f32, y: f32) -> Spot {
    Spot {
        x,
        y,
        to_the_right: true,
    }
}

/// Room for lines of text; `spot` is the first baseline.
#[derive(Clone, Copy)]
pub(in crate::render) struct Column {
    pub(in crate::render) spot: Spot,
    pub(in crate::render) width: f32,
    pub(in crate::render) leading: f32,
    pub(in crate::render) lines: usize,
}

/// A grey bar across part of the page.
#[derive(Clone, Copy)]
pub(in crate::render) struct Band {
    pub(in crate::render) x: f32,
    pub(in crate::render) y: f32,
    pub(in crate::render) width: f32,
    /// Where its title begins.
    pub(in crate::render) title_x: f32,
}

/// The page being drawn.
pub(in crate::render) struct Sheet<'a> {
    pub(super) surface: Surface<'a>,
    pub(super) fonts: &'static Fonts,
}

pub(super) fn fill(color: Color) -> Fill {
    let (r, g, b) = color;
    let paint = rgb::Color::new(r, g, b).into();
    Fill {
        paint,
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}

impl<'a> Sheet<'a> {
    pub(in crate::render) fn new(surface: Surface<'a>, fonts: &'static Fonts) -> Sheet<'a> {
        Sheet { surface, fonts }
    }

    /// Width of a text.
    pub(in crate::render) fn measure(&self, ink: Ink, text: &str) -> f32 {
        self.fonts
            .measure(ink.style, ink.size, &self.fonts.printable(text))
    }

    /// Sets one line inside an open element; its width comes back.
    pub(in crate::render) fn line(
        &mut self,
        group: &mut TagGroup,
        spot: Spot,
        ink: Ink,
        text: &str,
    ) -> f32 {
        let runs = self.fonts.shape(ink.style, &self.fonts.printable(text));
        let width: f32 = runs.iter().map(|run| run.width * ink.size).sum();
        let mut x = if spot.to_the_right {
            spot.x - width
        } else {
            spot.x
        };
        self.surface.set_fill(Some(fill(ink.color)));
        for run in runs {
            let id = self
                .surface
                .start_tagged(ContentTag::Span(SpanTag::empty()));
            let start = Point::from_xy(x, spot.y);
            self.surface
                .draw_glyphs(start, &run.glyphs, run.font, &run.text, ink.size, false);
            self.surface.end_tagged();
            group.push(id);
            x += run.width * ink.size;
        }
        width
    }

    /// Sets wrapped lines inside an open element; the last baseline comes back.
    pub(in crate::render) fn lines(
        &mut self,
        group: &mut TagGroup,
        column: Column,
        ink: Ink,
        text: &str,
    ) -> f32 {
        let printable = self.fonts.printable(text);
        let room = (column.width, column.lines);
        let lines = self.fonts.wrap((ink.style, ink.size), &printable, room);
        let last = lines.len().saturating_sub(1);
        let mut spot = column.spot;
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                spot.y += column.leading;
            }
            // The blank at a line's end keeps its words apart for whoever listens or copies.
            let joined = if i < last && !spot.to_the_right {
                format!("{line} ")
            } else {
                line.clone()
            };
            self.line(group, spot, ink, &joined);
        }
        spot.y
    }

    /// A paragraph of its own; the last baseline comes back.
    pub(in crate::render) fn paragraph(
        &mut self,
        parent: &mut TagGroup,
        column: Column,
        ink: Ink,
        text: &str,
    ) -> f32 {
        if text.trim().is_empty() {
            return column.spot.y;
        }
        let mut group = TagGroup::new(Tag::P);
        let y = self.lines(&mut group, column, ink, text);
        parent.push(group);
        y
    }

    /// A paragraph of one line, made smaller when it would exceed `width`.
    pub(in crate::render) fn fitted(
        &mut self,
        parent: &mut TagGroup,
        (spot, width): (Spot, f32),
        ink: Ink,
        text: &str,
    ) {
        let mut group = TagGroup::new(Tag::P);
        self.fitted_line(&mut group, (spot, width), ink, text);
        parent.push(group);
    }

    fn fitted_line(
        &mut self,
        group: &mut TagGroup,
        (spot, width): (Spot, f32),
        ink: Ink,
        text: &str,
    ) {
        let natural = self.measure(ink, text);
        let size = if natural > width {
            ink.size * width / natural
        } else {
            ink.size
        };
        self.line(group, spot, Ink { size, ..ink }, text);
    }

    /// A heading of level 1, 2 or 3; the last baseline comes back.
    pub(in crate::render) fn heading(
        &mut self,
        parent: &mut TagGroup,
        level: NonZeroU16,
        column: Column,
        text: &str,
    ) -> f32 {
        let size = if level == NonZeroU16::MIN { 16.0 } else { 10.0 };
        let mut group = TagGroup::new(Tag::Hn(level, Some(self.fonts.printable(text))));
        let y = self.lines(&mut group, column, ink(Style::Bold, size), text);
        parent.push(group);
        y
    }

    /// A grey bar with its title as a level 2 heading; the baseline comes back, for what else stands on it.
    pub(in crate::render) fn band(
        &mut self,
        parent: &mut TagGroup,
        band: Band,
        title: &str,
    ) -> Result<f32, RenderError> {
        let bar = Rect::from_xywh(band.x, band.y, band.width, BAND_HEIGHT)
            .ok_or(RenderError::Geometry)?;
        let mut path = PathBuilder::new();
        path.push_rect(bar);
        let path = path.finish().ok_or(RenderError::Geometry)?;
        self.surface
            .start_tagged(ContentTag::Artifact(Artifact::with_kind(
                ArtifactType::Layout,
            )));
        self.surface.set_fill(Some(fill(BAND)));
        self.surface.draw_path(&path);
        self.surface.end_tagged();
        let baseline = band.y + BAND_BASELINE;
        let column = Column {
            spot: left(band.title_x, baseline),
            width: band.width,
            leading: 0.0,
            lines: 1,
        };
        let level = NonZeroU16::MIN.saturating_add(1);
        self.heading(parent, level, column, title);
        Ok(baseline)
    }

    /// A small label over a bold value that may take more lines; the last baseline comes back.
    pub(in crate::render) fn field(
        &mut self,
        parent: &mut TagGroup,
        column: Column,
        label: &str,
        text: &str,
    ) -> f32 {
        let mut group = TagGroup::new(Tag::P);
        self.line(
            &mut group,
            column.spot,
            ink(Style::Regular, 8.0),
            &format!("{label} "),
        );
        let below = Spot {
            y: column.spot.y + 10.5,
            ..column.spot
        };
        let y = self.lines(
            &mut group,
            Column {
                spot: below,
                ..column
            },
            ink(Style::Bold, 8.0),
            text,
        );
        parent.push(group);
        y
    }

    /// A small label over a value of one line in the given ink, no wider than the room.
    pub(in crate::render) fn code(
        &mut self,
        parent: &mut TagGroup,
        (spot, width): (Spot, f32),
        label: &str,
        (value, text): (Ink, &str),
    ) {
        let mut group = TagGroup::new(Tag::P);
        let style = if value.style == Style::Bold {
            Style::Bold
        } else {
            Style::Regular
        };
        // A blank on the side away from the edge keeps label and value apart for whoever listens.
        let ends = spot.to_the_right;
        let label = if ends {
            label.to_owned()
        } else {
            format!("{label} ")
        };
        let text = if ends {
            format!(" {text}")
        } else {
            text.to_owned()
        };
        self.line(&mut group, spot, ink(style, 8.0), &label);
        let below = Spot {
            y: spot.y + 5.0 + value.size * 0.78 + 3.0,
            ..spot
        };
        self.fitted_line(&mut group, (below, width), value, &text);
        parent.push(group);
    }

    /// An ornament, skipped by who listens.
    pub(in crate::render) fn pictogram(
        &mut self,
        pictogram: &Pictogram,
        (x, y): (f32, f32),
        width: f32,
    ) -> Result<(), RenderError> {
        self.surface
            .start_tagged(ContentTag::Artifact(Artifact::with_kind(
                ArtifactType::Layout,
            )));
        let scale = width / pictogram.width;
        self.surface
            .push_transform(&Transform::from_row(scale, 0.0, 0.0, scale, x, y));
        let drawn = pictogram.shapes.iter().try_for_each(|shape| {
            let path = shape.path().ok_or(RenderError::Geometry)?;
            self.surface.set_fill(shape.fill().map(fill));
            self.surface.set_stroke(shape.stroke());
            self.surface.draw_path(&path);
            Ok(())
        });
        self.surface.set_stroke(None);
        self.surface.pop();
        self.surface.end_tagged();
        drawn
    }
}
