//! A long table over landscape pages: header on each, page numbers, tagged as one table.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use krilla::Document;
use krilla::geom::{PathBuilder, Rect};
use krilla::tagging::{Artifact, ArtifactType, ContentTag, TableHeaderScope, Tag, TagGroup};

use super::fonts::{Fonts, Style, fonts};
use super::sheet::{Color, Column, GREY, Ink, Sheet, Spot, fill, ink, left, right};
use super::{LEFT, PAGE_HEIGHT, PAGE_WIDTH, RenderError, page};

/// Sheets on their side, the smallest first: A4 and A3.
const PAPERS: [Paper; 2] = [
    Paper {
        width: PAGE_HEIGHT,
        height: PAGE_WIDTH,
    },
    Paper {
        width: 1190.551,
        height: PAGE_HEIGHT,
    },
];
/// First baseline of a page that goes on.
const TOP: f32 = 38.0;
const SIZE_OF_TEXT: f32 = 6.8;
const LEADING: f32 = 8.2;
const GAP: f32 = 6.0;
/// Most that is added to a gap where there is room.
const GAP_MORE: f32 = 22.0;
/// No text claims more than this of the line.
const WIDEST: f32 = 180.0;
/// A longer word may be broken.
const WORD: f32 = 96.0;
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

/// A sheet of paper.
#[derive(Clone, Copy)]
struct Paper {
    width: f32,
    height: f32,
}

impl Paper {
    /// Room between the margins.
    const fn room(self) -> f32 {
        self.width - LEFT - LEFT
    }

    /// Below this no row begins.
    const fn bottom(self) -> f32 {
        self.height - 42.0
    }
}

/// What a column needs.
struct Need {
    /// No less, titles on several lines.
    least: f32,
    /// No more.
    natural: f32,
    wraps: bool,
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
        let (paper, places) = self.places(fonts);
        let heights: Vec<f32> = self
            .rows
            .iter()
            .map(|row| height(fonts, &places, Style::Regular, row))
            .collect();
        let titles: Vec<String> = self.heads.iter().map(|head| head.title.clone()).collect();
        let header = height(fonts, &places, Style::Bold, &titles) + 3.0;
        let start = first_top();
        let sheaves = paginate(&heights, header, (start, below, paper.bottom()));
        let mut table = TagGroup::new(Tag::Table);
        let mut last = TagGroup::new(Tag::Section);
        for (number, sheaf) in (1_usize..).zip(&sheaves) {
            page(document, (paper.width, paper.height), |sheet| {
                let mut y = if number == 1 { begin(sheet, root) } else { TOP };
                self.header(sheet, (paper, &places), (&mut table, y, number))?;
                y += header;
                let rows = self.rows.iter().zip(&heights).enumerate();
                let rows = rows.skip(sheaf.first).take(sheaf.after - sheaf.first);
                for (index, (row, height)) in rows {
                    if index % 2 == 1 {
                        sheet.shade((LEFT - 3.0, y - 7.4), (paper.room() + 6.0, *height), SHADE)?;
                    }
                    table.push(cells(sheet, &places, row, y));
                    y += height;
                }
                if number == sheaves.len() {
                    end(sheet, &mut last, y + 14.0);
                }
                let text = format!("{} – pagina {number} di {}", self.foot, sheaves.len());
                sheet.footer(right(paper.width - LEFT, paper.height - 24.0), &text);
                Ok(())
            })?;
        }
        root.push(table);
        root.push(last);
        Ok(())
    }

    /// Every column takes what its longest word needs, numbers and days what their longest cell does; the rest
    /// goes to the texts that would be longer. What does not fit an A4 sheet goes on A3; what does not fit that
    /// either has its texts narrowed, never its numbers.
    fn places(&self, fonts: &Fonts) -> (Paper, Vec<Place>) {
        let needs: Vec<Need> = (0..)
            .zip(self.heads)
            .map(|(at, head)| self.need(fonts, at, head))
            .collect();
        let least: f32 = needs.iter().map(|need| need.least).sum();
        let gaps: f32 = self.heads.iter().skip(1).map(|_| GAP).sum();
        let fits = |paper: &&Paper| least + gaps <= paper.room();
        let [_, largest] = PAPERS;
        let paper = PAPERS.iter().find(fits).copied().unwrap_or(largest);
        let room = paper.room() - gaps;
        let fixed: f32 = needs.iter().filter(|n| !n.wraps).map(|n| n.least).sum();
        let wanted: f32 = needs.iter().map(|need| need.natural - need.least).sum();
        let spare = (room - least).max(0.0);
        let grown = (spare / wanted.max(1.0)).min(1.0);
        let shrunk = ((room - fixed) / (least - fixed).max(1.0)).clamp(0.0, 1.0);
        // What nobody wants goes between the columns, as far as an eye still finds the way.
        let between: f32 = self.heads.iter().map(|_| 1.0).sum();
        let gap = GAP + ((spare - wanted).max(0.0) / between).min(GAP_MORE);
        let mut x = LEFT;
        let place = |(head, need): (&Head, Need)| {
            let own = need.least + (need.natural - need.least) * grown;
            let width = if need.wraps { own * shrunk } else { own };
            let place = Place {
                x,
                width,
                to_the_right: head.to_the_right,
            };
            x += width + gap;
            place
        };
        (paper, self.heads.iter().zip(needs).map(place).collect())
    }

    /// What a column needs at least and what it would like: its longest word, up to a bound, and its longest
    /// cell or its whole title.
    fn need(&self, fonts: &Fonts, at: usize, head: &Head) -> Need {
        let measure =
            |style, text: &str| fonts.measure(style, SIZE_OF_TEXT, &fonts.printable(text));
        let words = head.title.split(' ').map(|word| measure(Style::Bold, word));
        let header = words.fold(0.0, f32::max);
        let title = measure(Style::Bold, &head.title);
        let cells = || self.rows.iter().filter_map(|row| row.get(at));
        let widest = |texts: &mut dyn Iterator<Item = &str>| widest(texts, measure);
        let natural = widest(&mut cells().map(String::as_str));
        let word = widest(&mut cells().flat_map(|text| text.split(' '))).min(WORD);
        // A little more, because a word as wide as its line would be broken.
        let least = if head.wraps {
            word
        } else {
            natural.min(WIDEST)
        };
        let least = least.max(header) + 0.5;
        Need {
            least,
            natural: (natural.max(title).min(WIDEST) + 0.5).max(least),
            wraps: head.wraps,
        }
    }

    /// The header, read aloud once: on later pages it is an ornament.
    fn header(
        &self,
        sheet: &mut Sheet<'_>,
        (paper, places): (Paper, &[Place]),
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
        sheet.shade((LEFT - 3.0, bottom + 2.6), (paper.room() + 6.0, 0.6), RULE)
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
    98.0
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

/// Width of the widest text: one of those with the most letters, or nearly as many that are wider.
fn widest(texts: &mut dyn Iterator<Item = &str>, measure: impl Fn(Style, &str) -> f32) -> f32 {
    let texts: Vec<(usize, &str)> = texts.map(|text| (text.chars().count(), text)).collect();
    let most = texts.iter().map(|(length, _)| *length).max().unwrap_or(0);
    let long = texts
        .iter()
        .filter(|(length, _)| length.saturating_mul(4) >= most.saturating_mul(3));
    let mut seen = std::collections::BTreeSet::new();
    let new = long.filter(|(_, text)| seen.insert(*text));
    new.map(|(_, text)| measure(Style::Regular, text))
        .fold(0.0, f32::max)
}

/// Height of a row: its longest cell.
fn height(fonts: &Fonts, places: &[Place], style: Style, row: &[String]) -> f32 {
    let style = (style, SIZE_OF_TEXT);
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
fn paginate(heights: &[f32], header: f32, (start, below, bottom): (f32, f32, f32)) -> Vec<Sheaf> {
    let mut sheaves = Vec::new();
    let (mut first, mut y) = (0, start + header);
    for (index, height) in heights.iter().enumerate() {
        if y + height > bottom && index > first {
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
    if y + below > bottom && count > 0 {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Heads of texts and amounts in turn.
    fn heads(count: usize) -> Vec<Head> {
        let head = |at: usize| Head {
            title: if at.is_multiple_of(2) {
                "Ricevuta"
            } else {
                "Importo"
            }
            .to_owned(),
            wraps: at.is_multiple_of(2),
            to_the_right: at % 2 == 1,
        };
        (0..count).map(head).collect()
    }

    /// The paper, and whether every amount has the room it needs.
    fn laid_out(count: usize) -> (f32, bool) {
        let heads = heads(count);
        let cells = |at: usize| {
            if at.is_multiple_of(2) {
                "RF3B9A17C5D".to_owned()
            } else {
                "1.234.567,89".to_owned()
            }
        };
        let rows = [(0..count).map(cells).collect::<Vec<_>>()];
        let grid = Grid {
            heads: &heads,
            rows: &rows,
            foot: "",
        };
        let fonts = fonts().unwrap();
        let (paper, places) = grid.places(fonts);
        let amount = fonts.measure(Style::Regular, SIZE_OF_TEXT, "1.234.567,89");
        let mut amounts = places.iter().filter(|place| place.to_the_right);
        let whole = amounts.all(|place| place.width >= amount);
        let last = places.last().unwrap();
        assert!(last.x + last.width <= paper.width - LEFT + 0.1, "{count}");
        (paper.width, whole)
    }

    #[test]
    fn a_title_of_several_lines_stays_above_the_rows() {
        let title = "CF beneficiario";
        let (fonts, text) = (fonts().unwrap(), "Comune di Avezzano");
        for count in 4..16 {
            let heads = vec![
                Head {
                    title: title.to_owned(),
                    wraps: true,
                    to_the_right: false,
                };
                count
            ];
            let rows = [text, "Provincia dell'Aquila"];
            let rows = rows.map(|text| vec![text.to_owned(); count]);
            let grid = Grid {
                heads: &heads,
                rows: &rows,
                foot: "",
            };
            let (_, places) = grid.places(fonts);
            let titles = vec![title.to_owned(); count];
            let lines = |style, text: &str| {
                let room = (places[0].width, LINES);
                fonts.wrap((style, SIZE_OF_TEXT), text, room).len()
            };
            let least = f32::from(u16::try_from(lines(Style::Bold, title)).unwrap()) * LEADING;
            assert!(
                height(fonts, &places, Style::Bold, &titles) >= least,
                "{count}"
            );
            // Where there is room, a line is enough for each.
            if count < 6 {
                assert_eq!(lines(Style::Bold, title), 1, "{count}");
                assert_eq!(lines(Style::Regular, text), 1, "{count}");
            }
        }
    }

    #[test]
    fn what_is_too_wide_goes_on_larger_paper_and_amounts_are_never_broken() {
        let [a4, a3] = PAPERS.map(|paper| paper.width);
        assert_eq!(laid_out(8), (a4, true));
        assert_eq!(laid_out(18), (a3, true));
        assert_eq!(laid_out(26), (a3, true));
    }
}
