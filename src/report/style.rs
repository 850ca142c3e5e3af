//! How variants look, in pictures and on the page alike: colours, dashes and markers.

use std::fmt::Write;

use plotters::coord::Shift;
use plotters::prelude::{Circle, Color, DrawingArea, PathElement, Polygon, RGBColor, ShapeStyle};

use super::canvas::{Canvas, FINE, Failure};

/// Colour, dash and marker of one variant. Colours are Okabe and Ito's (Color Universal Design, 2008), the
/// yellow darkened to be seen on white, and further ones for more series; dashes and markers carry the difference in grey print.
pub struct Style {
    /// By which a page can restyle it.
    pub class: &'static str,
    pub color: RGBColor,
    /// The same hue on a dark page.
    pub color_dark: RGBColor,
    /// SVG dash pattern; empty: solid.
    pub dash: &'static str,
    marker: Marker,
}

/// A sign of about eight pixels.
#[derive(Clone, Copy)]
struct Marker {
    filled: bool,
    outline: Outline,
}

#[derive(Clone, Copy)]
enum Outline {
    Circle,
    /// Strokes through these points, in half pixels around the middle; a filled marker has one, which is closed.
    Strokes(&'static [&'static [(i32, i32)]]),
}

/// Radius of round markers, in pixels.
const RADIUS: i32 = 4;

const fn filled(corners: &'static [&'static [(i32, i32)]]) -> Marker {
    Marker { filled: true, outline: Outline::Strokes(corners) }
}

const fn open(strokes: &'static [&'static [(i32, i32)]]) -> Marker {
    Marker { filled: false, outline: Outline::Strokes(strokes) }
}

const DISC: Marker = Marker { filled: true, outline: Outline::Circle };
const RING: Marker = Marker { filled: false, outline: Outline::Circle };
const SQUARE: Marker = filled(&[&[(-7, -7), (7, -7), (7, 7), (-7, 7)]]);
const TRIANGLE: Marker = filled(&[&[(-9, 7), (9, 7), (0, -9)]]);
const DOWN: Marker = filled(&[&[(-9, -7), (9, -7), (0, 9)]]);
const DIAMOND: Marker = filled(&[&[(-9, 0), (0, -9), (9, 0), (0, 9)]]);
const CROSS: Marker = open(&[&[(-7, -7), (7, 7)], &[(-7, 7), (7, -7)]]);
const PLUS: Marker = open(&[&[(-9, 0), (9, 0)], &[(0, -9), (0, 9)]]);
const OPEN_SQUARE: Marker = open(&[&[(-7, -7), (7, -7), (7, 7), (-7, 7), (-7, -7)]]);
const OPEN_TRIANGLE: Marker = open(&[&[(-9, 7), (9, 7), (0, -9), (-9, 7)]]);
const OPEN_DIAMOND: Marker = open(&[&[(-9, 0), (0, -9), (9, 0), (0, 9), (-9, 0)]]);
const OPEN_DOWN: Marker = open(&[&[(-9, -7), (9, -7), (0, 9), (-9, -7)]]);
const HOURGLASS: Marker = filled(&[&[(-7, -7), (7, -7), (-7, 7), (7, 7)]]);
const OPEN_HOURGLASS: Marker = open(&[&[(-7, -7), (7, -7), (-7, 7), (7, 7), (-7, -7)]]);
const STAR: Marker = open(&[&[(-8, 0), (8, 0)], &[(-4, -7), (4, 7)], &[(-4, 7), (4, -7)]]);

/// The baseline's first.
pub const STYLES: [Style; 15] = [
    look("s0", 0x222222, 0xf0f0f0, "", DISC),
    look("s1", 0x0072b2, 0x3d97e0, "7 3", SQUARE),
    look("s2", 0xd55e00, 0xf4772a, "", TRIANGLE),
    look("s3", 0x009e73, 0x22c295, "2 2", DIAMOND),
    look("s4", 0xcc79a7, 0xe293c0, "", RING),
    look("s5", 0xe69f00, 0xf0b429, "9 3 2 3", CROSS),
    look("s6", 0x56b4e9, 0x9ad6f7, "4 2", DOWN),
    look("s7", 0xa09500, 0xd6cc2e, "12 4", PLUS),
    look("s8", 0x777777, 0xa0a0a0, "1 3", OPEN_SQUARE),
    look("s9", 0x803300, 0xc98a5c, "5 2 1 2", OPEN_TRIANGLE),
    look("s10", 0x5a3d8a, 0xb49ce8, "", OPEN_DIAMOND),
    look("s11", 0x005a43, 0x7fb8a4, "8 2", STAR),
    look("s12", 0xa3003f, 0xff7aa8, "3 1", OPEN_DOWN),
    look("s13", 0x4a6fa5, 0x9db8e0, "10 2 2 2", HOURGLASS),
    look("s14", 0x9c2fb0, 0xe08bf0, "14 3 2 3 2 3", OPEN_HOURGLASS),
];

const fn look(class: &'static str, light: u32, dark: u32, dash: &'static str, marker: Marker) -> Style {
    Style { class, color: rgb(light), color_dark: rgb(dark), dash, marker }
}

const fn rgb(hex: u32) -> RGBColor {
    RGBColor((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// The look of a series; more series than looks share them.
pub fn style(index: usize) -> &'static Style {
    &STYLES[index % STYLES.len()]
}

impl Style {
    /// Whether the marker is a filled shape, not an outline.
    pub fn marker_is_filled(&self) -> bool {
        self.marker.filled
    }

    /// The marker as SVG path data around (0, 0), in pixels.
    pub fn marker_path(&self) -> String {
        let Outline::Strokes(strokes) = self.marker.outline else {
            return format!("M-{RADIUS} 0a{RADIUS} {RADIUS} 0 1 0 8 0a{RADIUS} {RADIUS} 0 1 0-8 0z");
        };
        let mut path = String::new();
        for (letter, (x, y)) in strokes.iter().flat_map(|stroke| {
            stroke.iter().enumerate().map(|(index, point)| (if index == 0 { 'M' } else { 'L' }, point))
        }) {
            // Writing to a String cannot fail.
            let written = write!(path, "{letter}{} {}", f64::from(*x) / 2.0, f64::from(*y) / 2.0);
            debug_assert!(written.is_ok());
        }
        if self.marker.filled { path + "z" } else { path }
    }
}

/// Draws the marker of a look around a point of the screen, in fine units.
pub fn draw_marker(screen: &DrawingArea<Canvas, Shift>, look: &Style, at: (i32, i32)) -> Result<(), Failure> {
    let Marker { filled, outline } = look.marker;
    let style = if filled { ShapeStyle::from(&look.color).filled() } else { stroke(look.color, 1.8) };
    let Outline::Strokes(strokes) = outline else {
        return screen.draw(&Circle::new(at, RADIUS * FINE, style));
    };
    for points in strokes {
        let corners: Vec<(i32, i32)> =
            points.iter().map(|(dx, dy)| (at.0 + dx * FINE / 2, at.1 + dy * FINE / 2)).collect();
        match filled {
            true => screen.draw(&Polygon::new(corners, style))?,
            false => screen.draw(&PathElement::new(corners, style))?,
        }
    }
    Ok(())
}

/// A line so many pixels wide.
pub fn stroke(color: RGBColor, pixels: f64) -> ShapeStyle {
    ShapeStyle::from(&color).stroke_width((pixels * f64::from(FINE)) as u32)
}

/// Dash of the lines of a second run, which are pale as well.
pub const OTHER_DASH: &str = "5 4";
/// Opacity of these lines.
pub const OTHER_OPACITY: f64 = 0.6;

/// A line of a second run, so many pixels wide.
pub fn pale(color: RGBColor, pixels: f64) -> ShapeStyle {
    ShapeStyle::from(&color.mix(OTHER_OPACITY)).stroke_width((pixels * f64::from(FINE)) as u32)
}

/// `#0072b2`.
pub fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast of two colours (WCAG 2.1, relative luminance).
    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let luminance = |RGBColor(red, green, blue)| {
            let linear = |part: u8| match f64::from(part) / 255.0 {
                dark if dark <= 0.04045 => dark / 12.92,
                light => ((light + 0.055) / 1.055).powf(2.4),
            };
            0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_colour_is_seen_on_light_and_on_dark_pages() {
        for look in &STYLES {
            // Okabe and Ito's sky blue and orange are the lightest; the markers carry them.
            assert!(contrast(look.color, rgb(0xffffff)) > 2.0, "{}", look.class);
            assert!(contrast(look.color_dark, rgb(0x15181b)) > 4.5, "{}", look.class);
        }
    }

    #[test]
    fn markers_are_paths_too() {
        assert_eq!(style(1).marker_path(), "M-3.5 -3.5L3.5 -3.5L3.5 3.5L-3.5 3.5z");
        assert_eq!(style(5).marker_path(), "M-3.5 -3.5L3.5 3.5M-3.5 3.5L3.5 -3.5");
        assert!(style(0).marker_path().starts_with("M-4 0a4 4 ") && style(0).marker_is_filled());
    }
}
