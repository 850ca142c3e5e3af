//! A picture in the making, for the charts of runs and of sweeps alike: its measures, its head and legend, lines, markers
//! and texts in pixels.

use std::cell::RefCell;
use std::rc::Rc;

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, PathElement, RGBColor};

use super::canvas::{Anchor, Canvas, FINE, Failure, Lettering, Pen, text_width, wrapped};
use super::style::{Style, draw_marker, stroke};

/// Width of every figure, in pixels.
pub const WIDTH: u32 = 860;

pub(super) const EDGE: f64 = 14.0;
pub(super) const TITLE: f64 = 17.0;
pub(super) const TEXT: f64 = 13.0;
pub(super) const SMALL: f64 = 11.5;
/// Height of a row of the legend.
pub(super) const LEGEND: f64 = 20.0;
pub(super) const GRID: RGBColor = RGBColor(0xe2, 0xe2, 0xe2);
pub(super) const FRAME: RGBColor = RGBColor(0x80, 0x80, 0x80);

/// Whether title and message are in the picture, or beside it as text of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heading {
    Inside,
    Outside,
}

/// A chart in the making.
pub(super) struct Drawing {
    canvas: Rc<RefCell<Canvas>>,
    pub root: DrawingArea<Canvas, Shift>,
}

/// An entry of a legend: its place from the left edge, and whose it is.
pub(super) type Entry<T> = (f64, T);

/// Height of title and message above a chart.
pub(super) fn head_height(message: &str, heading: Heading) -> f64 {
    match heading {
        Heading::Inside => {
            let lines = message_lines(message).len();
            EDGE + TITLE + 4.0 + lines as f64 * (TEXT + 5.0) + 8.0
        }
        Heading::Outside => 8.0,
    }
}

fn message_lines(message: &str) -> Vec<String> {
    wrapped(message, TEXT, inner_width())
}

pub(super) fn inner_width() -> f64 {
    f64::from(WIDTH) - 2.0 * EDGE
}

/// The entries of a legend in rows that fit.
pub(super) fn legend_rows<'a, T>(entries: impl Iterator<Item = (&'a str, T)>) -> Vec<Vec<Entry<T>>> {
    let mut rows: Vec<Vec<Entry<T>>> = Vec::new();
    let mut x = f64::INFINITY;
    for (name, whose) in entries {
        let width = 34.0 + text_width(name, TEXT) + 16.0;
        if x + width > inner_width() + 16.0 {
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((x, whose));
        }
        x += width;
    }
    rows
}

impl Drawing {
    /// A picture of the usual width with its title and message on top, or without them.
    pub fn new(height: f64, title: &str, message: &str, heading: Heading) -> Drawing {
        let canvas = Rc::new(RefCell::new(Canvas::new(WIDTH, height.ceil() as u32, title, message)));
        let root = DrawingArea::from(&canvas);
        let drawing = Drawing { canvas, root };
        if heading == Heading::Outside {
            return drawing;
        }
        let mut y = EDGE + TITLE - 3.0;
        drawing.text(EDGE, y, title, bold(TITLE));
        y += 4.0;
        for line in message_lines(message) {
            y += TEXT + 5.0;
            drawing.text(EDGE, y, &line, muted(TEXT, Anchor::Start));
        }
        drawing
    }

    /// The picture as an SVG document.
    pub fn finish(&self) -> String {
        self.canvas.borrow().finish()
    }

    pub fn text(&self, x: f64, y: f64, words: &str, lettering: Lettering) {
        self.canvas.borrow_mut().text(x, y, words, lettering);
    }

    pub fn canvas<T>(&self, draw: impl FnOnce(&mut Canvas) -> T) -> T {
        draw(&mut self.canvas.borrow_mut())
    }

    /// The look of the next shapes, beyond the styles of plotters.
    pub fn pen(&self, class: &'static str, dash: &'static str) {
        self.canvas.borrow_mut().pen = Pen { class, dash };
    }

    /// A line through points, in pixels.
    pub fn line(
        &self,
        points: &[(f64, f64)],
        color: RGBColor,
        width: f64,
        class: &'static str,
        dash: &'static str,
    ) -> Result<(), Failure> {
        self.pen(class, dash);
        let points: Vec<(i32, i32)> = points.iter().map(|&point| fine(point)).collect();
        self.root.draw(&PathElement::new(points, stroke(color, width)))
    }

    /// The marker of a look.
    pub fn marker(&self, look: &Style, at: (f64, f64)) -> Result<(), Failure> {
        self.pen(look.class, "");
        draw_marker(&self.root, look, fine(at))
    }

    /// Line, marker and name of a legend's entry, the name on the base line `y`.
    pub fn legend_entry(&self, x: f64, y: f64, name: &str, look: &Style) -> Result<(), Failure> {
        let middle = y - 4.5;
        self.line(&[(x, middle), (x + 28.0, middle)], look.color, 1.8, look.class, look.dash)?;
        self.marker(look, (x + 14.0, middle))?;
        self.text(x + 34.0, y, name, plain(TEXT, Anchor::Start));
        Ok(())
    }
}

pub(super) fn plain(size: f64, anchor: Anchor) -> Lettering {
    Lettering { size, bold: false, muted: false, anchor, upright: false }
}

pub(super) fn muted(size: f64, anchor: Anchor) -> Lettering {
    Lettering { muted: true, ..plain(size, anchor) }
}

pub(super) fn bold(size: f64) -> Lettering {
    Lettering { bold: true, ..plain(size, Anchor::Start) }
}

/// Pixels in the coordinates of plotters.
pub(super) fn fine((x, y): (f64, f64)) -> (i32, i32) {
    ((x * f64::from(FINE)).round() as i32, (y * f64::from(FINE)).round() as i32)
}
