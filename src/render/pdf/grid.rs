//! A long table over landscape pages: header on each, page numbers, tagged as one table.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use krilla::Document;
use krilla::geom::{PathBuilder, Rect};
use krilla::tagging::{Artifact, ArtifactType, ContentTag, TableHeaderScope, Tag, TagGroup};

use super::fonts::{Fonts, Style, fonts};
use super::sheet::{Color, Column, GREY, Ink, Sheet, Spot, fill, ink, left, right};
use super::{LEFT, PAGE_HEIGHT, PAGE_WIDTH, RenderError, page};

/// An A4 sheet on its side.
const SIZE: (f32, f32) = (PAGE_HEIGHT, PAGE_WIDTH);
/// Room between the margins.
const WIDTH: f32 = PAGE_HEIGHT - LEFT - LEFT;
/// Below this no row begins.
const BOTTOM: f32 = PAGE_WIDTH - 42.0;
/// Baseline of the page number.
const FOOT: f32 = PAGE_WIDTH - 24.0;
/// First baseline of a page that goes on.
const TOP: f32 = 38.0;
const SIZE_OF_TEXT: f32 = 6.8;
const LEADING: f32 = 8.2;
const GAP: f32 = 6.0;
/// No text claims more than this of the line.
const WIDEST: f32 = 180.0;
/// A longer word may be broken.
const WORD: f32 = 70.0;
/// Most lines of a cell.
const LINES: usize = 3;
/// Every other row.
const SHADE: Color = (0xf4, 0xf4, 0xf4);
/// Bars of a chart.
const BAR: Color = (0x00, 0x66, 0xcc);
/// Under the header.
const RULE: Color = (0x59, 0x59, 0x59);

/// One column.
#[derive(Clone)]
pub(in crate::render) struct Head {
    pub(in crate::render) title: String,
    /// Whether its cells may take several lines.
    pub(in crate::render) wraps: bool,
    pub(in crate::render) to_the_right: bool,
}

/// A table and what it is called at the foot of each page.
pub(in crate::render) struct Grid<'a> {
    pub(in crate::render) heads: &'a [Head],
    pub(in crate::render) rows: &'a [Vec<String>],
    pub(in crate::render) foot: &'a str,
}

/// Where a column stands.
struct Place {
    x: f32,
    width: f32,
    to_the_right: bool,
}

/// A page: the rows that stand on it.
struct Sheaf {
    first: usize,
    after: usize,
}

impl Grid<'_> {
    /// Draws the table. `begin` draws what stands above it and says the baseline for the header; `end` what
    /// stands below the last row, where it has `below` points.
    pub(in crate::render) fn draw(
        &self,
        document: &mut Document,
        root: &mut TagGroup,
        begin: impl Fn(&mut Sheet<'_>, &mut TagGroup) -> f32,
        (below, end): (f32, impl Fn(&mut Sheet<'_>, &mut TagGroup, f32)),
    ) -> Result<(), RenderError> {
        let fonts = fonts()?;
        let places = self.places(fonts);
        let heights: Vec<f32> = self
            .rows
            .iter()
            .map(|row| height(fonts, &places, row))
            .collect();
        let titles: Vec<String> = self.heads.iter().map(|head| head.title.clone()).collect();
        let header = height(fonts, &places, &titles) + 3.0;
        let start = first_top();
        let sheaves = paginate(&heights, header, (start, below));
        let mut table = TagGroup::new(Tag::Table);
        let mut last = TagGroup::new(Tag::Section);
        for (number, sheaf) in (1_usize..).zip(&sheaves) {
            page(document, SIZE, |sheet| {
                let mut y = if number == 1 { begin(sheet, root) } else { TOP };
                self.header(sheet, &places, (&mut table, y, number))?;
                y += header;
                let rows = self.rows.iter().zip(&heights).enumerate();
                let rows = rows.skip(sheaf.first).take(sheaf.after - sheaf.first);
                for (index, (row, height)) in rows {
                    if index % 2 == 1 {
                        sheet.shade((LEFT - 3.0, y - 7.4), (WIDTH + 6.0, *height), SHADE)?;
                    }
                    table.push(cells(sheet, &places, row, y));
                    y += height;
                }
                if number == sheaves.len() {
                    end(sheet, &mut last, y + 14.0);
                }
                let text = format!("{} – pagina {number} di {}", self.foot, sheaves.len());
                sheet.footer(right(PAGE_HEIGHT - LEFT, FOOT), &text);
                Ok(())
            })?;
        }
        root.push(table);
        root.push(last);
        Ok(())
    }

    /// Every column takes what its longest word needs, numbers and days what their longest cell does; the rest
    /// goes to the texts that would be longer. What does not fit is narrowed in proportion.
    fn places(&self, fonts: &Fonts) -> Vec<Place> {
        let needs: Vec<(f32, f32)> = (0..)
            .zip(self.heads)
            .map(|(at, head)| self.needs(fonts, at, head))
            .collect();
        let mut room = WIDTH + GAP;
        for _ in self.heads {
            room -= GAP;
        }
        let least: f32 = needs.iter().map(|(least, _)| least).sum();
        let wanted: f32 = needs.iter().map(|(least, natural)| natural - least).sum();
        let spare = (room - least).max(0.0);
        let (grown, shrunk) = ((spare / wanted.max(1.0)).min(1.0), (room / least).min(1.0));
        // What nobody wants goes to the texts by what they have.
        let idle = (spare - wanted).max(0.0);
        let texts = self.heads.iter().zip(&needs).filter(|(head, _)| head.wraps);
        let texts: f32 = texts.map(|(_, (_, natural))| natural).sum();
        let mut x = LEFT;
        let place = |(head, (least, natural)): (&Head, (f32, f32))| {
            let more = if head.wraps {
                idle * natural / texts
            } else {
                0.0
            };
            let width = (least + (natural - least) * grown) * shrunk + more;
            let place = Place {
                x,
                width,
                to_the_right: head.to_the_right,
            };
            x += width + GAP;
            place
        };
        self.heads.iter().zip(needs).map(place).collect()
    }

    /// What a column needs at least and what it would like: its longest word, up to a bound, and its longest
    /// cell.
    fn needs(&self, fonts: &Fonts, at: usize, head: &Head) -> (f32, f32) {
        let measure =
            |style, text: &str| fonts.measure(style, SIZE_OF_TEXT, &fonts.printable(text));
        let words = head.title.split(' ').map(|word| measure(Style::Bold, word));
        let header = words.fold(0.0, f32::max);
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let longest = cells.clone().max_by_key(|text| text.len());
        let natural = longest.map_or(0.0, |text| measure(Style::Regular, text));
        let word = cells
            .flat_map(|text| text.split(' '))
            .max_by_key(|word| word.len())
            .map_or(0.0, |word| measure(Style::Regular, word).min(WORD));
        // A little more, because a word as wide as its line would be broken.
        let natural = natural.min(WIDEST).max(header) + 0.5;
        if head.wraps {
            (word.max(header) + 0.5, natural.max(word + 0.5))
        } else {
            (natural, natural)
        }
    }

    /// The header, read aloud once: on later pages it is an ornament.
    fn header(
        &self,
        sheet: &mut Sheet<'_>,
        places: &[Place],
        (table, y, number): (&mut TagGroup, f32, usize),
    ) -> Result<(), RenderError> {
        let mut row = TagGroup::new(Tag::TR);
        let mut bottom = y;
        for (head, place) in self.heads.iter().zip(places) {
            let style = ink(Style::Bold, SIZE_OF_TEXT);
            let last = if number == 1 {
                let mut cell = TagGroup::new(Tag::TH(TableHeaderScope::Column));
                let last = sheet.lines(&mut cell, place.column(y), style, &head.title);
                row.push(cell);
                last
            } else {
                sheet.ornament(place.column(y), style, &head.title)
            };
            bottom = bottom.max(last);
        }
        if number == 1 {
            table.push(row);
        }
        sheet.shade((LEFT - 3.0, bottom + 2.6), (WIDTH + 6.0, 0.6), RULE)
    }
}

impl Place {
    fn column(&self, y: f32) -> Column {
        let x = if self.to_the_right {
            self.x + self.width
        } else {
            self.x
        };
        let spot = if self.to_the_right {
            right(x, y)
        } else {
            left(x, y)
        };
        Column {
            spot,
            width: self.width,
            leading: LEADING,
            lines: LINES,
        }
    }
}

/// Baseline of the header on the first page.
pub(in crate::render) fn first_top() -> f32 {
    86.0
}

fn cells(sheet: &mut Sheet<'_>, places: &[Place], row: &[String], y: f32) -> TagGroup {
    let mut line = TagGroup::new(Tag::TR);
    for (text, place) in row.iter().zip(places) {
        let mut cell = TagGroup::new(Tag::TD);
        sheet.lines(
            &mut cell,
            place.column(y),
            ink(Style::Regular, SIZE_OF_TEXT),
            text,
        );
        line.push(cell);
    }
    line
}

/// Height of a row: its longest cell.
fn height(fonts: &Fonts, places: &[Place], row: &[String]) -> f32 {
    let style = (Style::Regular, SIZE_OF_TEXT);
    let mut height = LEADING;
    for (text, place) in row.iter().zip(places) {
        let lines = fonts.wrap(style, &fonts.printable(text), (place.width, LINES));
        let mut own = 0.0;
        for _ in &lines {
            own += LEADING;
        }
        height = height.max(own);
    }
    height + 3.2
}

/// Rows by page; the last page has room for what stands below the table.
fn paginate(heights: &[f32], header: f32, (start, below): (f32, f32)) -> Vec<Sheaf> {
    let mut sheaves = Vec::new();
    let (mut first, mut y) = (0, start + header);
    for (index, height) in heights.iter().enumerate() {
        if y + height > BOTTOM && index > first {
            sheaves.push(Sheaf {
                first,
                after: index,
            });
            (first, y) = (index, TOP + header);
        }
        y += height;
    }
    let count = heights.len();
    sheaves.push(Sheaf {
        first,
        after: count,
    });
    if y + below > BOTTOM && count > 0 {
        // What stands below goes to a page of its own.
        sheaves.push(Sheaf {
            first: count,
            after: count,
        });
    }
    sheaves
}

impl Sheet<'_> {
    /// A bar of a chart, skipped by who listens; one without an extent is not drawn.
    pub(in crate::render) fn bar(&mut self, at: (f32, f32), extent: (f32, f32)) {
        let _without_extent = self.shade(at, extent, BAR);
    }

    /// A filled rectangle, skipped by who listens.
    fn shade(
        &mut self,
        (x, y): (f32, f32),
        (width, height): (f32, f32),
        color: Color,
    ) -> Result<(), RenderError> {
        let area = Rect::from_xywh(x, y, width, height).ok_or(RenderError::Geometry)?;
        let mut path = PathBuilder::new();
        path.push_rect(area);
        let path = path.finish().ok_or(RenderError::Geometry)?;
        let kind = Artifact::with_kind(ArtifactType::Layout);
        self.surface.start_tagged(ContentTag::Artifact(kind));
        self.surface.set_fill(Some(fill(color)));
        self.surface.draw_path(&path);
        self.surface.end_tagged();
        Ok(())
    }

    /// Wrapped lines that are skipped by who listens; the last baseline comes back.
    fn ornament(&mut self, column: Column, ink: Ink, text: &str) -> f32 {
        let printable = self.fonts.printable(text);
        let room = (column.width, column.lines);
        let lines = self.fonts.wrap((ink.style, ink.size), &printable, room);
        let kind = Artifact::with_kind(ArtifactType::Header);
        self.surface.start_tagged(ContentTag::Artifact(kind));
        let mut spot = column.spot;
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                spot.y += column.leading;
            }
            self.untagged(spot, ink, line);
        }
        self.surface.end_tagged();
        spot.y
    }

    /// A line at the foot, skipped by who listens.
    pub(in crate::render) fn footer(&mut self, spot: Spot, text: &str) {
        let kind = Artifact::with_kind(ArtifactType::Footer);
        self.surface.start_tagged(ContentTag::Artifact(kind));
        let grey = Ink {
            color: GREY,
            ..ink(Style::Regular, 7.0)
        };
        let text = self.fonts.printable(text);
        self.untagged(spot, grey, &text);
        self.surface.end_tagged();
    }

    fn untagged(&mut self, spot: Spot, ink: Ink, text: &str) {
        let runs = self.fonts.shape(ink.style, text);
        let width: f32 = runs.iter().map(|run| run.width * ink.size).sum();
        let mut x = if spot.to_the_right {
            spot.x - width
        } else {
            spot.x
        };
        self.surface.set_fill(Some(fill(ink.color)));
        for run in runs {
            let start = krilla::geom::Point::from_xy(x, spot.y);
            self.surface
                .draw_glyphs(start, &run.glyphs, run.font, &run.text, ink.size, false);
            x += run.width * ink.size;
        }
    }
}
