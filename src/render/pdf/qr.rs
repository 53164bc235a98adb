//! The QR code of a notice.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use fast_qr::{ECL, QRBuilder, QRCode, Version};
use krilla::geom::{PathBuilder, Rect, Transform};
use krilla::tagging::{BBox, ContentTag, Tag, TagGroup};

use super::RenderError;
use super::sheet::{BLACK, Sheet, fill};

/// Side of the QR code: 25 mm.
pub(in crate::render) const QR_SIDE: f32 = 70.87;
impl Sheet<'_> {
    /// The QR code of a notice, vector, 25 mm.
    pub(in crate::render) fn qr(
        &mut self,
        parent: &mut TagGroup,
        (x, y): (f32, f32),
        code: &QRCode,
        alt: &str,
    ) -> Result<(), RenderError> {
        let mut path = PathBuilder::new();
        let size = u16::try_from(code.size).map_err(|_size| RenderError::Qr)?;
        for (row, top) in code.data.chunks(code.size).zip(0..size) {
            for (from, to) in dark_runs(row.iter().map(|module| module.value())) {
                let (top, bottom) = (f32::from(top), f32::from(top) + 1.0);
                path.push_rect(
                    Rect::from_ltrb(f32::from(from), top, f32::from(to), bottom)
                        .ok_or(RenderError::Geometry)?,
                );
            }
        }
        // Whatever can fail comes before the element is opened: the page insists that it be closed.
        let path = path.finish().ok_or(RenderError::Geometry)?;
        let bounds = Rect::from_xywh(x, y, QR_SIDE, QR_SIDE).ok_or(RenderError::Geometry)?;
        let module = QR_SIDE / f32::from(size);
        let id = self.surface.start_tagged(ContentTag::Other);
        self.surface
            .push_transform(&Transform::from_row(module, 0.0, 0.0, module, x, y));
        self.surface.set_fill(Some(fill(BLACK)));
        self.surface.draw_path(&path);
        self.surface.pop();
        self.surface.end_tagged();
        let figure =
            Tag::Figure(Some(self.fonts.printable(alt))).with_bbox(Some(BBox::new(0, bounds)));
        let mut group = TagGroup::new(figure);
        group.push(id);
        parent.push(group);
        Ok(())
    }
}

/// Where dark modules begin and end along a row.
fn dark_runs(row: impl Iterator<Item = bool>) -> Vec<(u16, u16)> {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for (at, dark) in (0u16..).zip(row) {
        let next = at.saturating_add(1);
        match runs.last_mut() {
            Some((_, end)) if dark && *end == at => *end = next,
            _ if dark => runs.push((at, next)),
            _ => {}
        }
    }
    runs
}

/// The symbol the standard prescribes: version 4, error correction M, bytes.
pub(in crate::render) fn qr_symbol(text: &str) -> Result<QRCode, RenderError> {
    // 62 bytes is what version 4 M holds.
    if text.len() > 62 {
        return Err(RenderError::Qr);
    }
    QRBuilder::new(text)
        .ecl(ECL::M)
        .version(Version::V04)
        .mode(fast_qr::Mode::Byte)
        .build()
        .map_err(|_too_long| RenderError::Qr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symbol_is_version_4_and_decodes_to_its_text() {
        let text = "PAGOPA|002|301999999999999982|12345678903|99999999999";
        let code = qr_symbol(text).unwrap();
        assert_eq!(code.size, 33);
        let (scale, quiet) = (4, 4);
        let side = (code.size + 2 * quiet) * scale;
        let mut luma = vec![255u8; side * side];
        for (y, row) in code.data.chunks(code.size).take(code.size).enumerate() {
            for (from, to) in dark_runs(row.iter().map(|m| m.value())) {
                for py in 0..scale {
                    let start = ((y + quiet) * scale + py) * side;
                    let (from, to) = (usize::from(from) + quiet, usize::from(to) + quiet);
                    luma[start + from * scale..start + to * scale].fill(0);
                }
            }
        }
        let side = u32::try_from(side).unwrap();
        let kind = Some(rxing::BarcodeFormat::QR_CODE);
        let read = rxing::helpers::detect_in_luma(luma, side, side, kind).unwrap();
        assert_eq!(read.getText(), text);
        assert_eq!(qr_symbol(&"x".repeat(63)).err(), Some(RenderError::Qr));
    }
}
