//! PNG from the SVG of a chart, with a font that the program carries: fonts of the system are never used.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, LazyLock};

use resvg::{tiny_skia, usvg};

use super::ReportError;
use super::canvas::FONT_FAMILY;

/// Pixels per SVG unit: sharp on dense screens and in print.
const SCALE: f32 = 2.0;

/// Level of zlib. The levels above take two to six times as long for files that are a tenth smaller.
const DEFLATE_LEVEL: u8 = 2;

/// Bytes of a chunk of the file at most.
const CHUNK: usize = 1 << 20;

/// Font and defaults of all charts: reading the font takes longer than drawing a small chart.
static OPTIONS: LazyLock<usvg::Options<'static>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    for face in [dejavu::sans::regular(), dejavu::sans::bold()] {
        fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(without_pairs(face))));
    }
    let family = FONT_FAMILY.split(',').next().unwrap_or(FONT_FAMILY);
    fonts.set_sans_serif_family(family);
    usvg::Options { fontdb: Arc::new(fonts), font_family: family.to_string(), ..usvg::Options::default() }
});

/// A font without its table `kern`. Its pairs are in `GPOS` as well, which has precedence, but shaping reads all of them anew for
/// each text: a tenth of the time of a chart.
fn without_pairs(font: &[u8]) -> Vec<u8> {
    const HEADER: usize = 12;
    const ENTRY: usize = 16;
    let mut font = font.to_vec();
    let tables = usize::from(u16::from_be_bytes([font[4], font[5]]));
    for entry in font[HEADER..].chunks_exact_mut(ENTRY).take(tables) {
        // A tag that is never looked up, in the same place of the order.
        if entry.starts_with(b"kern") {
            entry[3] = b'N';
        }
    }
    font
}

thread_local! {
    /// Kept from chart to chart: fresh pages for 12 MB cost as much time as their compression.
    static PIXELS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Draws an SVG as PNG, twice its size, on white where it draws nothing.
///
/// # Errors
/// The SVG is not valid or too large for memory.
pub fn from_svg(svg: &str) -> Result<Vec<u8>, ReportError> {
    let failed = |problem: String| ReportError::Make { what: "a PNG".to_string(), problem };
    let tree = usvg::Tree::from_str(svg, &OPTIONS).map_err(|error| failed(error.to_string()))?;
    let size = tree.size();
    let (width, height) = ((size.width() * SCALE).ceil() as u32, (size.height() * SCALE).ceil() as u32);
    let too_many = || failed(format!("{width} x {height} pixels are too many"));
    let bytes = u64::from(width) * u64::from(height) * 4;
    let bytes = usize::try_from(bytes).map_err(|_| too_many())?;
    PIXELS.with_borrow_mut(|pixels| {
        pixels.clear();
        pixels.try_reserve(bytes).map_err(|_| too_many())?;
        pixels.resize(bytes, u8::MAX);
        let mut picture = tiny_skia::PixmapMut::from_bytes(pixels, width, height).ok_or_else(too_many)?;
        resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut picture);
        encoded(pixels, width, height).map_err(|error| failed(error.to_string()))
    })
}

/// Opaque pixels of four bytes as PNG. Rows go unfiltered: most equal the row above, which deflate finds by itself.
fn encoded(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_deflate_compression(png::DeflateCompression::Level(DEFLATE_LEVEL));
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    let mut stream = writer.stream_writer_with_size(CHUNK)?;
    let mut colors = vec![0; width as usize * 3];
    let mut above: &[u8] = &[];
    for row in pixels.chunks_exact(width as usize * 4) {
        if row != above {
            for (color, pixel) in colors.chunks_exact_mut(3).zip(row.chunks_exact(4)) {
                color.copy_from_slice(&pixel[..3]);
            }
            above = row;
        }
        stream.write_all(&colors)?;
    }
    stream.finish()?;
    writer.finish()?;
    Ok(bytes)
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

    #[test]
    fn fonts_lose_nothing_but_their_pairs() {
        for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
            let without = without_pairs(font);
            let changed: Vec<usize> = (0..font.len()).filter(|at| font[*at] != without[*at]).collect();
            let [at] = changed[..] else { panic!("{changed:?}") };
            assert_eq!(&font[at - 3..=at], b"kern");
        }
    }

    /// No font of the system is loaded, so letters can only come from the program itself.
    #[test]
    fn letters_are_drawn_without_system_fonts() {
        assert_eq!(dark_pixels(""), 0);
        assert!(dark_pixels("herdlab ± µs") > 500, "{}", dark_pixels("herdlab ± µs"));
    }
}
