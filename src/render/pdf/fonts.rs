//! Four fonts, shaping, and the guarantee that every character has a glyph.
#![expect(clippy::float_arithmetic, reason = "advances on a page, never money")]

use std::sync::OnceLock;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, ShapePlan, UnicodeBuffer, script};

use super::RenderError;

const TITILLIUM_REGULAR: &[u8] = include_bytes!("../../../fixtures/fonts/TitilliumWeb-Regular.ttf");
const TITILLIUM_BOLD: &[u8] = include_bytes!("../../../fixtures/fonts/TitilliumWeb-Bold.ttf");
const ROBOTO_REGULAR: &[u8] = include_bytes!("../../../fixtures/fonts/RobotoMono-Regular.ttf");
const ROBOTO_BOLD: &[u8] = include_bytes!("../../../fixtures/fonts/RobotoMono-Bold.ttf");

/// Which of the four fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render) enum Style {
    /// Titillium Web.
    Regular,
    /// Titillium Web Bold.
    Bold,
    /// Roboto Mono.
    Mono,
    /// Roboto Mono Bold.
    MonoBold,
}

impl Style {
    /// The same family, bold.
    pub(in crate::render) fn bold(self) -> Style {
        match self {
            Style::Regular | Style::Bold => Style::Bold,
            Style::Mono | Style::MonoBold => Style::MonoBold,
        }
    }

    /// The other family at the same weight, where a missing glyph may be.
    fn fallback(self) -> Style {
        match self {
            Style::Regular => Style::Mono,
            Style::Bold => Style::MonoBold,
            Style::Mono => Style::Regular,
            Style::MonoBold => Style::Bold,
        }
    }
}

struct Face {
    font: Font,
    shaper: rustybuzz::Face<'static>,
    /// Made once: planning costs more than shaping a line.
    plan: ShapePlan,
    units_per_em: f32,
}

/// A piece of a line in one font.
pub(in crate::render) struct Run {
    pub(in crate::render) font: Font,
    pub(in crate::render) text: String,
    pub(in crate::render) glyphs: Vec<KrillaGlyph>,
    /// Advance at size 1.
    pub(in crate::render) width: f32,
}

/// The fonts of all documents.
pub(in crate::render) struct Fonts {
    regular: Face,
    bold: Face,
    mono: Face,
    mono_bold: Face,
}

/// The fonts, read at the first use and kept.
pub(in crate::render) fn fonts() -> Result<&'static Fonts, RenderError> {
    static FONTS: OnceLock<Option<Fonts>> = OnceLock::new();
    FONTS
        .get_or_init(Fonts::load)
        .as_ref()
        .ok_or(RenderError::Fonts)
}

impl Face {
    fn load(bytes: &'static [u8]) -> Option<Face> {
        let shaper = rustybuzz::Face::from_slice(bytes, 0)?;
        let units_per_em = f32::from(i16::try_from(shaper.units_per_em()).ok()?);
        let latin = Some(script::LATIN);
        let plan = ShapePlan::new(&shaper, Direction::LeftToRight, latin, None, &[]);
        Some(Face {
            font: Font::new(bytes.into(), 0)?,
            shaper,
            plan,
            units_per_em,
        })
    }

    fn covers(&self, c: char) -> bool {
        self.shaper.glyph_index(c).is_some_and(|id| id.0 != 0)
    }

    fn em(&self, units: i32) -> f32 {
        i16::try_from(units).map_or(0.0, f32::from) / self.units_per_em
    }

    fn shape(&self, text: &str) -> Run {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(script::LATIN);
        let shaped = rustybuzz::shape_with_plan(&self.shaper, &self.plan, buffer);
        let cluster =
            |info: &rustybuzz::GlyphInfo| usize::try_from(info.cluster).unwrap_or_default();
        let starts: Vec<usize> = shaped.glyph_infos().iter().map(cluster).collect();
        let mut run = Run {
            font: self.font.clone(),
            text: text.to_owned(),
            glyphs: Vec::with_capacity(starts.len()),
            width: 0.0,
        };
        let glyphs = shaped
            .glyph_infos()
            .iter()
            .zip(shaped.glyph_positions())
            .enumerate();
        for (i, (info, position)) in glyphs {
            let start = cluster(info);
            let end = starts
                .iter()
                .skip(i)
                .find(|next| **next != start)
                .map_or(text.len(), |n| *n);
            let advance = self.em(position.x_advance);
            run.width += advance;
            let (x, y) = (self.em(position.x_offset), self.em(position.y_offset));
            let id = GlyphId::new(info.glyph_id);
            run.glyphs
                .push(KrillaGlyph::new(id, advance, x, y, 0.0, start..end, None));
        }
        run
    }
}

impl Fonts {
    fn load() -> Option<Fonts> {
        Some(Fonts {
            regular: Face::load(TITILLIUM_REGULAR)?,
            bold: Face::load(TITILLIUM_BOLD)?,
            mono: Face::load(ROBOTO_REGULAR)?,
            mono_bold: Face::load(ROBOTO_BOLD)?,
        })
    }

    fn face(&self, style: Style) -> &Face {
        match style {
            Style::Regular => &self.regular,
            Style::Bold => &self.bold,
            Style::Mono => &self.mono,
            Style::MonoBold => &self.mono_bold,
        }
    }

    /// Whether a character can be set at both weights of one family.
    fn covers(&self, c: char) -> bool {
        (self.regular.covers(c) && self.bold.covers(c))
            || (self.mono.covers(c) && self.mono_bold.covers(c))
    }

    /// The text with only characters that can be set: blanks made plain, invisible characters
    /// dropped, near equivalents used, and `?` for the rest. PDF/A refuses a glyph that is missing,
    /// and a name in an unforeseen script must not be a reason for no notice.
    pub(in crate::render) fn printable(&self, text: &str) -> String {
        let mut kept = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\u{300}'..='\u{36f}' => self.keep_mark(c, &mut kept),
                '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => {}
                '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => {}
                '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' => kept.push('?'),
                _ if c.is_whitespace() || c.is_control() => kept.push(' '),
                _ if self.covers(c) => kept.push(c),
                '\u{2010}'..='\u{2015}' | '\u{2212}' => kept.push('-'),
                '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2032}' => kept.push('\''),
                _ => kept.push('?'),
            }
        }
        kept
    }

    /// Keeps an accent written apart where the fonts can compose it with its letter.
    fn keep_mark(&self, mark: char, kept: &mut String) {
        let Some(base) = kept.chars().last() else {
            return;
        };
        let pair: String = [base, mark].into_iter().collect();
        let composes = |face: &Face| {
            let run = face.shape(&pair);
            matches!(run.glyphs.as_slice(), [one] if one.glyph_id.to_u32() != 0)
        };
        let both = |one: &Face, other: &Face| {
            one.covers(base) && composes(one) && other.covers(base) && composes(other)
        };
        if both(&self.regular, &self.bold) && both(&self.mono, &self.mono_bold) {
            kept.push(mark);
        }
    }

    /// Shapes a printable text: a word with a character that the style lacks is set in the other
    /// family as a whole if that has all of it, else character by character.
    pub(in crate::render) fn shape(&self, style: Style, text: &str) -> Vec<Run> {
        let mut pieces: Vec<(Style, String)> = Vec::new();
        let mut add = |style: Style, text: &str| match pieces.last_mut() {
            Some((last, piece)) if *last == style => piece.push_str(text),
            _ => pieces.push((style, text.to_owned())),
        };
        let all = |style: Style, word: &str| word.chars().all(|c| self.has(style, c));
        for (i, word) in text.split(' ').enumerate() {
            if i > 0 {
                add(style, " ");
            }
            if word.is_empty() || all(style, word) {
                add(style, word);
            } else if all(style.fallback(), word) {
                add(style.fallback(), word);
            } else {
                for c in word.chars() {
                    let chosen = if self.has(style, c) {
                        style
                    } else {
                        style.fallback()
                    };
                    add(chosen, c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        let pieces = pieces.iter().filter(|(_, text)| !text.is_empty());
        pieces
            .map(|(style, text)| self.face(*style).shape(text))
            .collect()
    }

    /// Whether a style sets a character; accents apart were found to compose in every style.
    fn has(&self, style: Style, c: char) -> bool {
        matches!(c, '\u{300}'..='\u{36f}') || self.face(style).covers(c)
    }

    /// Width of a printable text, in points.
    pub(in crate::render) fn measure(&self, style: Style, size: f32, text: &str) -> f32 {
        self.shape(style, text)
            .iter()
            .map(|run| run.width * size)
            .sum()
    }

    /// Breaks a printable text in at most `most` lines no wider than `width`. A word wider than the
    /// line is broken; what does not fit gives way to an ellipsis.
    pub(in crate::render) fn wrap(
        &self,
        ink: (Style, f32),
        text: &str,
        (width, most): (f32, usize),
    ) -> Vec<String> {
        let (style, size) = ink;
        let blank = self.measure(style, size, " ");
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        let mut used = 0.0;
        for word in text.split(' ').filter(|w| !w.is_empty()) {
            for (part, (piece, wide)) in self.break_word(ink, word, width).into_iter().enumerate() {
                let gap = if line.is_empty() { 0.0 } else { blank };
                if !line.is_empty() && (part > 0 || used + gap + wide > width) {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                if !line.is_empty() {
                    line.push(' ');
                    used += blank;
                }
                line.push_str(&piece);
                used += wide;
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                self.end_with_ellipsis(ink, last, width);
            }
        }
        lines
    }

    fn end_with_ellipsis(&self, (style, size): (Style, f32), line: &mut String, width: f32) {
        let room = width - self.measure(style, size, "…");
        while !line.is_empty() && self.measure(style, size, line) > room {
            line.pop();
        }
        line.truncate(line.trim_end().len());
        line.push('…');
    }

    /// A word, in pieces no wider than the line.
    fn break_word(
        &self,
        (style, size): (Style, f32),
        word: &str,
        width: f32,
    ) -> Vec<(String, f32)> {
        let whole = self.measure(style, size, word);
        if whole <= width {
            return vec![(word.to_owned(), whole)];
        }
        let mut pieces = Vec::new();
        let (mut piece, mut used) = (String::new(), 0.0);
        for c in word.chars() {
            let wide = self.measure(style, size, c.encode_utf8(&mut [0; 4]));
            if !piece.is_empty() && used + wide > width {
                pieces.push((std::mem::take(&mut piece), used));
                used = 0.0;
            }
            piece.push(c);
            used += wide;
        }
        pieces.push((piece, used));
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_fonts_are_those_of_the_readme_and_may_be_embedded() {
        let readme = include_str!("../../../fixtures/fonts/README.md");
        for bytes in [
            TITILLIUM_REGULAR,
            TITILLIUM_BOLD,
            ROBOTO_REGULAR,
            ROBOTO_BOLD,
        ] {
            let hash: String = Sha256::digest(bytes)
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            assert!(readme.contains(&hash), "{hash}");
        }
        assert!(fonts().is_ok());
    }

    #[test]
    fn every_character_gets_a_glyph_or_a_question_mark() {
        let fonts = fonts().unwrap();
        let odd =
            "Đorđe Šarić, Иван Γεώργιος 李 \u{1f600}\u{200b} a\u{300}x\u{35f} \u{e000}\t«€» Nguyễn";
        let printable = fonts.printable(odd);
        assert_eq!(
            printable,
            "Đorđe Šarić, Иван Γεώργιος ? ? a\u{300}x ? «€» Nguyễn"
        );
        for style in [Style::Regular, Style::Bold, Style::Mono, Style::MonoBold] {
            for run in fonts.shape(style, &printable) {
                assert!(
                    run.glyphs.iter().all(|g| g.glyph_id.to_u32() != 0),
                    "{}",
                    run.text
                );
            }
        }
    }

    #[test]
    fn lines_never_exceed_their_width_or_their_number() {
        let fonts = fonts().unwrap();
        let text = format!("Tassa rifiuti {} e altro ancora da dire", "x".repeat(90));
        let lines = fonts.wrap((Style::Bold, 14.0), &text, (200.0, 3));
        assert_eq!(lines.len(), 3);
        assert!(
            lines
                .iter()
                .all(|l| fonts.measure(Style::Bold, 14.0, l) <= 200.0),
            "{lines:?}"
        );
        assert!(lines[2].ends_with('…'));
        assert_eq!(
            fonts.wrap((Style::Bold, 14.0), "breve", (200.0, 3)),
            ["breve"]
        );
        assert!(fonts.wrap((Style::Bold, 14.0), "  ", (200.0, 3)).is_empty());
    }
}
