//! What the charge has its notices say, on the pages after the first.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use std::num::NonZeroU16;

use krilla::Document;
use krilla::tagging::{Tag, TagGroup};

use super::amount_rows::{COLUMNS, line, total};
use super::{RenderError, SMALL, block};
use crate::domain::document::{AmountRow, NoticeDocument, NoticeTopic, TopicEntry};
use crate::domain::money::Cents;
use crate::render::pdf::fonts::{Fonts, Style, fonts};
use crate::render::pdf::sheet::{Sheet, ink, right};
use crate::render::pdf::table::Row;
use crate::render::pdf::{LEFT, PAGE_HEIGHT, PAGE_WIDTH, RIGHT, in_fours, page};

const H3: NonZeroU16 = NonZeroU16::MIN.saturating_add(2);

/// Title of the rows.
const WHOLE: &str = "Come si compone l’intero importo";
/// First baseline of a page.
const TOP: f32 = 52.0;
/// Below this no line stands.
const BOTTOM: f32 = PAGE_HEIGHT - 42.0;
/// Baseline of the page number.
const FOOT: f32 = PAGE_HEIGHT - 24.0;
/// From the baseline of a title to that of what follows.
const BELOW_TITLE: f32 = 13.5;
const LEADING: f32 = 10.5;
/// Between two entries.
const GAP: f32 = 2.5;
/// More before a title.
const BEFORE_TITLE: f32 = 8.0;
/// Where the data begin, beside their names.
const DATA: f32 = LEFT + 130.0;
/// Most lines of an entry: longer ones do not exist, because sentences are bounded.
const LINES: usize = 20;

/// A thing with a height of its own.
enum Block<'a> {
    Title(&'a str),
    Fact(&'a str, &'a str),
    Sentence(&'a str),
    Rows(Vec<Row>),
}

/// The blocks of a page with their first baselines.
type Page<'a> = Vec<(f32, Block<'a>)>;

/// The topics, after the rows of the whole debt that the first page does not show.
pub(super) fn further_pages(
    pages: &mut Document,
    root: &mut TagGroup,
    (document, rows): (&NoticeDocument, &[AmountRow]),
) -> Result<(), RenderError> {
    let laid = lay_out(fonts()?, &document.topics, table(rows)?);
    let number = in_fours(document.notice_number.as_str());
    for (place, blocks) in (2_usize..).zip(&laid) {
        page(pages, (PAGE_WIDTH, PAGE_HEIGHT), |sheet| {
            let mut section = TagGroup::new(Tag::Section);
            for (y, block) in blocks {
                block.draw(sheet, &mut section, *y);
            }
            root.push(section);
            let of = laid.len() + 1;
            let text = format!("Avviso {number} – pagina {place} di {of}");
            sheet.footer(right(RIGHT, FOOT), &text);
            Ok(())
        })?;
    }
    Ok(())
}

/// The rows with their total.
fn table(rows: &[AmountRow]) -> Result<Vec<Row>, RenderError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let sum =
        Cents::sum(rows.iter().map(|row| row.amount)).map_err(|_range| RenderError::Amount)?;
    Ok(rows.iter().map(line).chain([total(sum)]).collect())
}

/// Every block on its page.
fn lay_out<'a>(fonts: &Fonts, topics: &'a [NoticeTopic], rows: Vec<Row>) -> Vec<Page<'a>> {
    let mut laid = Laid {
        fonts,
        pages: Vec::new(),
        y: TOP,
    };
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_some() {
        laid.title(WHOLE);
    }
    while rows.peek().is_some() {
        let (mut chunk, mut y) = (Vec::new(), laid.y);
        while let Some(row) = rows.next_if(|row| chunk.is_empty() || y + laid.row(row) <= BOTTOM) {
            y += laid.row(&row);
            chunk.push(row);
        }
        let after = y + LEADING + GAP;
        laid.put(Block::Rows(chunk), after - laid.y);
        if rows.peek().is_some() {
            laid.break_page();
        }
    }
    for topic in topics {
        laid.title(&topic.title);
        for entry in &topic.entries {
            laid.entry(entry);
        }
    }
    laid.pages
}

/// Blocks laid so far.
struct Laid<'f, 'a> {
    fonts: &'f Fonts,
    pages: Vec<Page<'a>>,
    /// The next baseline.
    y: f32,
}

impl<'a> Laid<'_, 'a> {
    /// A title never stands alone at the foot.
    fn title(&mut self, title: &'a str) {
        if self.y > TOP {
            self.y += BEFORE_TITLE;
        }
        if self.y + BELOW_TITLE + 4.0 * LEADING > BOTTOM {
            self.break_page();
        }
        self.put(Block::Title(title), BELOW_TITLE);
    }

    fn entry(&mut self, entry: &'a TopicEntry) {
        let (block, height) = match entry {
            TopicEntry::Fact { label, text, .. } => {
                let height = self.height((Style::Bold, 8.0), text, RIGHT - DATA);
                (Block::Fact(label, text), height)
            }
            TopicEntry::Sentence(text) => (
                Block::Sentence(text),
                self.height((SMALL.style, SMALL.size), text, RIGHT - LEFT),
            ),
        };
        if self.y + height > BOTTOM {
            self.break_page();
        }
        self.put(block, height);
    }

    fn height(&self, ink: (Style, f32), text: &str, width: f32) -> f32 {
        let (text, room) = (self.fonts.printable(text), (width, LINES));
        let lines = self.fonts.wrap(ink, &text, room);
        lines.iter().fold(GAP, |height, _line| height + LEADING)
    }

    /// Height of a row as [`Sheet::table`] sets it.
    fn row(&self, row: &Row) -> f32 {
        let label = row.cells.first().map_or("", String::as_str);
        let style = if row.bold {
            Style::Bold
        } else {
            Style::Regular
        };
        let room = (COLUMNS[0].width, 2);
        let lines = self
            .fonts
            .wrap((style, 8.0), &self.fonts.printable(label), room);
        if lines.len() > 1 {
            13.0 + LEADING
        } else {
            13.0
        }
    }

    fn put(&mut self, block: Block<'a>, height: f32) {
        if self.pages.is_empty() {
            self.pages.push(Vec::new());
        }
        if let Some(page) = self.pages.last_mut() {
            page.push((self.y, block));
        }
        self.y += height;
    }

    fn break_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = TOP;
    }
}

impl Block<'_> {
    fn draw(&self, sheet: &mut Sheet<'_>, section: &mut TagGroup, y: f32) {
        match self {
            Block::Title(title) => {
                let room = block(LEFT, y, RIGHT - LEFT, (LEADING, 1));
                sheet.heading(section, H3, room, title);
            }
            Block::Fact(label, text) => {
                let mut group = TagGroup::new(Tag::P);
                let name = block(LEFT, y, DATA - LEFT, (LEADING, 1));
                sheet.lines(&mut group, name, SMALL, &format!("{label}: "));
                let room = block(DATA, y, RIGHT - DATA, (LEADING, LINES));
                sheet.lines(&mut group, room, ink(Style::Bold, 8.0), text);
                section.push(group);
            }
            Block::Sentence(text) => {
                let room = block(LEFT, y, RIGHT - LEFT, (LEADING, LINES));
                sheet.paragraph(section, room, SMALL, text);
            }
            Block::Rows(rows) => {
                sheet.table(section, y, &COLUMNS, rows);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(entries: usize) -> NoticeTopic {
        let entry = |i: usize| match i % 2 {
            0 => TopicEntry::Sentence("Una frase che si ripete. ".repeat(i % 17 + 1)),
            _ => TopicEntry::Fact {
                code: "premises_code",
                label: "Codice utenza",
                text: format!("UT-{i} {}", "Via Garibaldi ".repeat(i % 11)),
            },
        };
        NoticeTopic {
            code: "premises",
            title: "Utenza".to_owned(),
            entries: (0..entries).map(entry).collect(),
        }
    }

    #[test]
    fn every_line_stands_on_one_page_above_the_margin() {
        for (topics, entries, rows) in [(1, 1, 0), (3, 40, 0), (20, 7, 90), (0, 0, 200)] {
            let topics = vec![topic(entries); topics];
            let row = |i: i64| AmountRow {
                label: "Quota fissa ".repeat(usize::try_from(i % 13).unwrap() + 1),
                amount: Cents::new(i).unwrap(),
            };
            let rows = table(&(0..rows).map(row).collect::<Vec<_>>()).unwrap();
            let (expected, count) = (topics.len() * (entries + 1), rows.len());
            let laid = Laid {
                fonts: fonts().unwrap(),
                pages: Vec::new(),
                y: TOP,
            };
            let pages = lay_out(fonts().unwrap(), &topics, rows);
            let (mut seen, mut shown) = (0, 0);
            for page in &pages {
                let mut free = TOP;
                for (y, block) in page {
                    assert!(*y >= free, "{y} is above {free}");
                    let height = match block {
                        Block::Title(_) => BELOW_TITLE,
                        Block::Fact(_, text) => laid.height((Style::Bold, 8.0), text, RIGHT - DATA),
                        Block::Sentence(text) => {
                            laid.height((SMALL.style, SMALL.size), text, RIGHT - LEFT)
                        }
                        Block::Rows(rows) => rows.iter().fold(0.0, |sum, row| sum + laid.row(row)),
                    };
                    free = y + height;
                    assert!(free <= BOTTOM + LEADING, "{free} is below the margin");
                    match block {
                        Block::Rows(rows) => shown += rows.len(),
                        Block::Title(WHOLE) => {}
                        Block::Title(_) | Block::Fact(..) | Block::Sentence(_) => seen += 1,
                    }
                }
                let last = page.last().map(|(_, block)| block);
                assert!(!matches!(last, None | Some(Block::Title(_))));
            }
            assert_eq!((seen, shown), (expected, count));
        }
    }
}
