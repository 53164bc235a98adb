//! Tables with a header row, tagged as such.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use krilla::tagging::{TableHeaderScope, Tag, TagGroup};

use super::fonts::Style;
use super::sheet::{Column, Sheet, Spot, ink};

/// One column of a table.
#[derive(Clone, Copy)]
pub(in crate::render) struct Cells {
    pub(in crate::render) title: &'static str,
    pub(in crate::render) x: f32,
    pub(in crate::render) width: f32,
    pub(in crate::render) to_the_right: bool,
    pub(in crate::render) style: Style,
}

/// One row of a table, as many cells as the table has columns.
pub(in crate::render) struct Row {
    pub(in crate::render) cells: Vec<String>,
    pub(in crate::render) bold: bool,
}

impl Sheet<'_> {
    /// A table with its header row; the last baseline comes back.
    pub(in crate::render) fn table(
        &mut self,
        parent: &mut TagGroup,
        y: f32,
        columns: &[Cells],
        rows: &[Row],
    ) -> f32 {
        let mut table = TagGroup::new(Tag::Table);
        let mut header = TagGroup::new(Tag::TR);
        for cells in columns {
            let mut cell = TagGroup::new(Tag::TH(TableHeaderScope::Column));
            let spot = Spot {
                x: cells.x,
                y,
                to_the_right: cells.to_the_right,
            };
            self.line(&mut cell, spot, ink(Style::Bold, 8.0), cells.title);
            header.push(cell);
        }
        table.push(header);
        let mut bottom = y;
        for row in rows {
            let top = bottom + 13.0;
            let mut line = TagGroup::new(Tag::TR);
            for (cells, text) in columns.iter().zip(&row.cells) {
                let mut cell = TagGroup::new(Tag::TD);
                let spot = Spot {
                    x: cells.x,
                    y: top,
                    to_the_right: cells.to_the_right,
                };
                let column = Column {
                    spot,
                    width: cells.width,
                    leading: 10.5,
                    lines: 2,
                };
                let style = if row.bold {
                    cells.style.bold()
                } else {
                    cells.style
                };
                bottom = bottom.max(self.lines(&mut cell, column, ink(style, 8.0), text));
                line.push(cell);
            }
            bottom = bottom.max(top);
            table.push(line);
        }
        parent.push(table);
        bottom
    }
}
