//! What the charts of a sweep are drawn with: a picture in the making, rulers along its plots, a frame with a grid.

use std::cell::RefCell;
use std::rc::Rc;

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, PathElement, RGBColor};

use crate::report::ReportError;
use crate::report::axis::{Axis, Spacing};
use crate::report::canvas::{Anchor, Canvas, FINE, Failure, Lettering, Pen, text_width, wrapped};
use crate::report::draw::WIDTH;
use crate::report::style::{Style, draw_marker, stroke};

pub(super) const EDGE: f64 = 14.0;
pub(super) const TITLE: f64 = 17.0;
pub(super) const TEXT: f64 = 13.0;
pub(super) const SMALL: f64 = 11.5;
pub(super) const GRID: RGBColor = RGBColor(0xe2, 0xe2, 0xe2);
pub(super) const FRAME: RGBColor = RGBColor(0x80, 0x80, 0x80);

/// A finished chart.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Name of its files, without ending.
    pub name: String,
    pub svg: String,
}

/// A chart in the making.
pub(super) struct Sketch {
    canvas: Rc<RefCell<Canvas>>,
    root: DrawingArea<Canvas, Shift>,
}

/// Height of title and message above a chart, for [`Sketch::new`].
pub(super) fn head_height(message: &str) -> f64 {
    let lines = wrapped(message, TEXT, f64::from(WIDTH) - 2.0 * EDGE).len();
    EDGE + TITLE + 4.0 + lines as f64 * (TEXT + 5.0) + 8.0
}

impl Sketch {
    /// A picture of the usual width with its title and message on top.
    pub fn new(height: f64, title: &str, message: &str) -> Sketch {
        let canvas = Rc::new(RefCell::new(Canvas::new(WIDTH, height.ceil() as u32, title, message)));
        let root = DrawingArea::from(&canvas);
        let sketch = Sketch { canvas, root };
        let mut y = EDGE + TITLE - 3.0;
        sketch.text(EDGE, y, title, Lettering { bold: true, ..plain(TITLE, Anchor::Start) });
        y += 4.0;
        for line in wrapped(message, TEXT, f64::from(WIDTH) - 2.0 * EDGE) {
            y += TEXT + 5.0;
            sketch.text(EDGE, y, &line, Lettering { muted: true, ..plain(TEXT, Anchor::Start) });
        }
        sketch
    }

    pub fn finish(&self, name: String) -> Picture {
        Picture { name, svg: self.canvas.borrow().finish() }
    }

    pub fn text(&self, x: f64, y: f64, words: &str, lettering: Lettering) {
        self.canvas.borrow_mut().text(x, y, words, lettering);
    }

    pub fn canvas<T>(&self, draw: impl FnOnce(&mut Canvas) -> T) -> T {
        draw(&mut self.canvas.borrow_mut())
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
        self.canvas.borrow_mut().pen = Pen { class, dash };
        let points: Vec<(i32, i32)> = points.iter().map(|&point| fine(point)).collect();
        self.root.draw(&PathElement::new(points, stroke(color, width)))
    }

    /// The marker of a look.
    pub fn marker(&self, look: &Style, at: (f64, f64)) -> Result<(), Failure> {
        self.canvas.borrow_mut().pen = Pen { class: look.class, dash: "" };
        draw_marker(&self.root, look, fine(at))
    }

    /// Grid, ticks and names of the rulers around a plot.
    pub fn frame(&self, plot: &Plot) -> Result<(), Failure> {
        let Plot { left, top, width, height, x, y } = plot;
        let (right, bottom) = (left + width, top + height);
        let mut free_from = f64::NEG_INFINITY;
        for (share, label) in &x.ticks {
            let at = left + share * width;
            self.line(&[(at, *top), (at, bottom)], GRID, 1.0, "grid", "")?;
            let half = text_width(label, SMALL) / 2.0;
            // A label that would touch the one before is left out; its line stays.
            if at - half > free_from {
                self.text(at, bottom + SMALL + 7.0, label, plain(SMALL, Anchor::Middle));
                free_from = at + half + 4.0;
            }
        }
        for (share, label) in &y.ticks {
            let at = bottom - share * height;
            self.line(&[(*left, at), (right, at)], GRID, 1.0, "grid", "")?;
            self.text(left - 6.0, at + SMALL * 0.36, label, plain(SMALL, Anchor::End));
        }
        self.line(&[(*left, bottom), (right, bottom)], FRAME, 1.0, "frame", "")?;
        self.text(left + width / 2.0, bottom + SMALL + 24.0, &x.label, plain(SMALL, Anchor::Middle));
        let upright = Lettering { upright: true, ..plain(SMALL, Anchor::Middle) };
        self.text(EDGE + SMALL, top + height / 2.0, &y.label, upright);
        Ok(())
    }
}

/// A plot area in pixels, with its rulers.
pub(super) struct Plot {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Ruler,
    pub y: Ruler,
}

impl Plot {
    /// Room below a plot for ticks and the name of the ruler.
    pub const BELOW: f64 = SMALL + 34.0;

    /// Across the picture, `top` down; the labels of the y ruler have their room.
    pub fn across(top: f64, height: f64, x: Ruler, y: Ruler) -> Plot {
        let widest = y.ticks.iter().map(|(_, label)| text_width(label, SMALL)).fold(0.0, f64::max);
        let left = EDGE + SMALL + 10.0 + widest + 8.0;
        Plot { left, top, width: f64::from(WIDTH) - left - EDGE - 24.0, height, x, y }
    }

    /// Pixels of a point; not finite where the rulers cannot show it.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.left + self.x.share(x) * self.width, self.top + self.height - self.y.share(y) * self.height)
    }
}

/// How values lie along a side of a plot.
#[derive(Clone, Debug)]
pub(super) struct Ruler {
    pub label: String,
    /// (share of the length, text).
    pub ticks: Vec<(f64, String)>,
    log: bool,
    /// In placed values.
    from: f64,
    to: f64,
}

impl Ruler {
    /// Ticks at the values themselves, with room on both sides; logarithmic where they span more than a factor of 16.
    pub fn of_values(label: String, values: &[(f64, String)]) -> Ruler {
        let positive = values.iter().all(|(value, _)| *value > 0.0);
        let (low, high) = extent(values.iter().map(|(value, _)| *value)).unwrap_or((0.0, 1.0));
        let log = positive && high / low > 16.0;
        let place = |value: f64| if log { libm::log10(value) } else { value };
        let (low, high) = (place(low), place(high));
        let margin = if high > low { 0.04 * (high - low) } else { 0.5 };
        let mut ruler = Ruler { label, ticks: Vec::new(), log, from: low - margin, to: high + margin };
        ruler.ticks = values.iter().map(|(value, text)| (ruler.share(*value), text.clone())).collect();
        ruler.ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
        ruler
    }

    /// One place for each name, which are at 0, 1, 2, ...
    pub fn of_names(label: String, names: &[String]) -> Ruler {
        let mut ruler =
            Ruler { label, ticks: Vec::new(), log: false, from: -0.5, to: names.len() as f64 - 0.5 };
        ruler.ticks =
            names.iter().enumerate().map(|(place, name)| (ruler.share(place as f64), name.clone())).collect();
        ruler
    }

    /// Where a value lies, as a share of the length.
    pub fn share(&self, value: f64) -> f64 {
        let placed = if self.log { libm::log10(value) } else { value };
        (placed - self.from) / (self.to - self.from)
    }
}

impl From<&Axis> for Ruler {
    fn from(axis: &Axis) -> Ruler {
        let (from, to) = axis.limits();
        let ticks = axis.ticks.iter().map(|(at, text)| ((at - from) / (to - from), text.clone())).collect();
        Ruler { label: axis.label.clone(), ticks, log: axis.spacing == Spacing::Log, from, to }
    }
}

/// The ruler of a measure: logarithmic where its positive values span more than a factor of 50.
pub(super) fn measure_ruler(name: &str, unit: &str, values: &[f64]) -> Ruler {
    Ruler::from(&match spans_decades(values) {
        true => Axis::log(name, unit, values.iter().copied()),
        false => Axis::linear(name, unit, values.iter().copied()),
    })
}

/// Whether a linear scale would hide the small values.
pub(super) fn spans_decades(values: &[f64]) -> bool {
    extent(values.iter().copied()).is_some_and(|(low, high)| low > 0.0 && high / low > 50.0)
}

/// Smallest and largest finite value.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |found, value| match found {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

pub(super) fn plain(size: f64, anchor: Anchor) -> Lettering {
    Lettering { size, bold: false, muted: false, anchor, upright: false }
}

fn fine((x, y): (f64, f64)) -> (i32, i32) {
    ((x * f64::from(FINE)).round() as i32, (y * f64::from(FINE)).round() as i32)
}

/// A picture that plotters refused to draw.
pub(super) fn failed(error: Failure) -> ReportError {
    ReportError::Make { what: "a chart of the sweep".to_owned(), problem: error.to_string() }
}
