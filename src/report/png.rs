//! PNG from the SVG of a chart, with a font that the program carries: fonts of the system are never asked.

use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use super::ReportError;
use super::canvas::FONT_FAMILY;

/// Pixels per SVG unit: sharp on dense screens and in print.
const SCALE: f32 = 2.0;

/// Draws an SVG as PNG, twice its size.
///
/// # Errors
/// The SVG is not valid or too large for memory.
pub fn from_svg(svg: &str) -> Result<Vec<u8>, ReportError> {
    let failed = |problem: String| ReportError::Make { what: "a PNG".to_string(), problem };
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    let family = FONT_FAMILY.split(',').next().unwrap_or(FONT_FAMILY);
    fonts.set_sans_serif_family(family);
    let options = usvg::Options {
        fontdb: Arc::new(fonts),
        font_family: family.to_string(),
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| failed(error.to_string()))?;
    let size = tree.size();
    let (width, height) = ((size.width() * SCALE).ceil() as u32, (size.height() * SCALE).ceil() as u32);
    let mut pixels = tiny_skia::Pixmap::new(width, height)
        .ok_or_else(|| failed(format!("{width} x {height} pixels are too many")))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::canvas::{Anchor, Canvas, Lettering};

    fn dark_pixels(text: &str) -> usize {
        let mut canvas = Canvas::new(200, 40, "title", "");
        let look = Lettering { size: 20.0, bold: false, muted: false, anchor: Anchor::Start, upright: false };
        canvas.text(5.0, 30.0, text, look);
        let png = from_svg(&canvas.finish()).unwrap();
        let decoded = tiny_skia::Pixmap::decode_png(&png).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (400, 80));
        decoded.pixels().iter().filter(|pixel| pixel.red() < 100).count()
    }

    /// No font of the system is loaded, so letters can only come from the program itself.
    #[test]
    fn letters_are_drawn_without_system_fonts() {
        assert_eq!(dark_pixels(""), 0);
        assert!(dark_pixels("herdlab ± µs") > 500, "{}", dark_pixels("herdlab ± µs"));
    }
}
