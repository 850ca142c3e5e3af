//! How variants look: colours, dashes and markers.

use plotters::coord::Shift;
use plotters::prelude::{Circle, DrawingArea, PathElement, Polygon, RGBColor, ShapeStyle};

use super::canvas::{Canvas, FINE, Failure};

/// Colour, dash and marker of one variant. Colours are Okabe and Ito's (Color Universal Design, 2008), the
/// yellow darkened to be seen on white, and four dark ones for more series; dashes and markers carry the difference in grey print.
pub struct Style {
    /// By which a page can restyle it.
    pub class: &'static str,
    pub color: RGBColor,
    /// SVG dash pattern; empty: solid.
    pub dash: &'static str,
    marker: Marker,
}

#[derive(Clone, Copy)]
enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    Ring,
    Cross,
    Down,
    Plus,
    OpenSquare,
    OpenTriangle,
    OpenDiamond,
    Star,
}

/// The baseline's first.
pub const STYLES: [Style; 12] = [
    Style { class: "s0", color: RGBColor(0x22, 0x22, 0x22), dash: "", marker: Marker::Disc },
    Style { class: "s1", color: RGBColor(0x00, 0x72, 0xb2), dash: "7 3", marker: Marker::Square },
    Style { class: "s2", color: RGBColor(0xd5, 0x5e, 0x00), dash: "", marker: Marker::Triangle },
    Style { class: "s3", color: RGBColor(0x00, 0x9e, 0x73), dash: "2 2", marker: Marker::Diamond },
    Style { class: "s4", color: RGBColor(0xcc, 0x79, 0xa7), dash: "", marker: Marker::Ring },
    Style { class: "s5", color: RGBColor(0xe6, 0x9f, 0x00), dash: "9 3 2 3", marker: Marker::Cross },
    Style { class: "s6", color: RGBColor(0x56, 0xb4, 0xe9), dash: "4 2", marker: Marker::Down },
    Style { class: "s7", color: RGBColor(0xa0, 0x95, 0x00), dash: "12 4", marker: Marker::Plus },
    Style { class: "s8", color: RGBColor(0x77, 0x77, 0x77), dash: "1 3", marker: Marker::OpenSquare },
    Style { class: "s9", color: RGBColor(0x80, 0x33, 0x00), dash: "5 2 1 2", marker: Marker::OpenTriangle },
    Style { class: "s10", color: RGBColor(0x5a, 0x3d, 0x8a), dash: "", marker: Marker::OpenDiamond },
    Style { class: "s11", color: RGBColor(0x00, 0x5a, 0x43), dash: "8 2", marker: Marker::Star },
];

/// The look of a series; more series than looks share them.
pub fn style(index: usize) -> &'static Style {
    &STYLES[index % STYLES.len()]
}

/// Draws the marker of a look around a point of the screen, in fine units.
pub fn draw_marker(screen: &DrawingArea<Canvas, Shift>, look: &Style, at: (i32, i32)) -> Result<(), Failure> {
    let filled = ShapeStyle::from(&look.color).filled();
    let line = stroke(look.color, 1.8);
    let corners = |offsets: &[(i32, i32)]| -> Vec<(i32, i32)> {
        offsets.iter().map(|(dx, dy)| (at.0 + dx * FINE / 2, at.1 + dy * FINE / 2)).collect()
    };
    let outline = |offsets: &[(i32, i32)]| screen.draw(&PathElement::new(corners(offsets), line));
    match look.marker {
        Marker::Disc => screen.draw(&Circle::new(at, 4 * FINE, filled)),
        Marker::Ring => screen.draw(&Circle::new(at, 4 * FINE, line)),
        Marker::Square => screen.draw(&Polygon::new(corners(&[(-7, -7), (7, -7), (7, 7), (-7, 7)]), filled)),
        Marker::Triangle => screen.draw(&Polygon::new(corners(&[(-9, 7), (9, 7), (0, -9)]), filled)),
        Marker::Down => screen.draw(&Polygon::new(corners(&[(-9, -7), (9, -7), (0, 9)]), filled)),
        Marker::Diamond => screen.draw(&Polygon::new(corners(&[(-9, 0), (0, -9), (9, 0), (0, 9)]), filled)),
        Marker::OpenSquare => outline(&[(-7, -7), (7, -7), (7, 7), (-7, 7), (-7, -7)]),
        Marker::OpenTriangle => outline(&[(-9, 7), (9, 7), (0, -9), (-9, 7)]),
        Marker::OpenDiamond => outline(&[(-9, 0), (0, -9), (9, 0), (0, 9), (-9, 0)]),
        Marker::Star => {
            outline(&[(-8, 0), (8, 0)])?;
            outline(&[(-4, -7), (4, 7)])?;
            outline(&[(-4, 7), (4, -7)])
        }
        Marker::Cross => {
            screen.draw(&PathElement::new(corners(&[(-7, -7), (7, 7)]), line))?;
            screen.draw(&PathElement::new(corners(&[(-7, 7), (7, -7)]), line))
        }
        Marker::Plus => {
            screen.draw(&PathElement::new(corners(&[(-9, 0), (9, 0)]), line))?;
            screen.draw(&PathElement::new(corners(&[(0, -9), (0, 9)]), line))
        }
    }
}

/// A line so many pixels wide.
pub fn stroke(color: RGBColor, pixels: f64) -> ShapeStyle {
    ShapeStyle::from(&color).stroke_width((pixels * f64::from(FINE)) as u32)
}
