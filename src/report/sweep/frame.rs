//! Parts that the charts of a sweep add to a drawing: rulers along its plots, a frame with a grid, bars.

use crate::catalog;
use crate::experiment::statistics::Estimate;
use crate::report::ReportError;
use crate::report::axis::{Axis, Spacing};
use crate::report::canvas::{Anchor, Failure, Lettering, shortened, text_width};
use crate::report::drawing::{Drawing, EDGE, FRAME, GRID, SMALL, WIDTH, plain};
use crate::report::labels::with_room;
use crate::report::style::Style;

/// Narrower places of names hold no letters.
const NAME_MIN: f64 = 36.0;

/// A finished chart.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Name of its files, without ending.
    pub name: String,
    pub title: String,
    pub message: String,
    pub svg: String,
}

impl Picture {
    pub(in crate::report) fn new(drawing: &Drawing, name: String, title: &str, message: &str) -> Picture {
        Picture { name, title: title.to_owned(), message: message.to_owned(), svg: drawing.finish() }
    }
}

impl Drawing {
    /// A bar between two places of a plot along one of its sides, with an arrow where it goes on beyond the plot; `caps`
    /// close the other ends.
    pub(in crate::report) fn bar(
        &self,
        plot: &Plot,
        (from, to): ((f64, f64), (f64, f64)),
        look: &Style,
        caps: bool,
    ) -> Result<(), Failure> {
        let width = if caps { 1.4 } else { 1.0 };
        let upright = from.0 == to.0;
        let ends = [from, to].map(|(x, y)| plot.inside(x, y));
        self.line(&ends.map(|(at, _)| at), look.color, width, look.class, "")?;
        for ((x, y), beyond) in ends {
            // How far the two halves of a cap or an arrow lie back inside the plot.
            let back = match (beyond, upright) {
                (None, _) => 0.0,
                (Some(side), true) => -6.0 * side,
                (Some(side), false) => 6.0 * side,
            };
            if beyond.is_none() && !caps {
                continue;
            }
            let halves = match upright {
                true => [(x - 4.0, y - back), (x, y), (x + 4.0, y - back)],
                false => [(x - back, y - 4.0), (x, y), (x - back, y + 4.0)],
            };
            self.line(&halves, look.color, width, look.class, "")?;
        }
        Ok(())
    }

    /// A ring around a point, with a word above it if there is one.
    pub(super) fn ring(&self, (x, y): (f64, f64), look: &Style, word: &str) -> Result<(), Failure> {
        const RADIUS: f64 = 9.0;
        const CORNERS: u32 = 36;
        let corner = |index: u32| {
            let angle = std::f64::consts::TAU * f64::from(index) / f64::from(CORNERS);
            (x + RADIUS * libm::cos(angle), y + RADIUS * libm::sin(angle))
        };
        let corners: Vec<(f64, f64)> = (0..=CORNERS).map(corner).collect();
        self.line(&corners, look.color, 1.8, look.class, "")?;
        if !word.is_empty() {
            self.canvas(|canvas| canvas.label(x, y - RADIUS - 10.0, word, SMALL, Anchor::Middle));
        }
        Ok(())
    }

    /// Where a pointer finds the cell of a point.
    pub(super) fn target(&self, spot: usize, (x, y): (f64, f64), told: &str) {
        const SIDE: f64 = 28.0;
        let corner = (x - SIDE / 2.0, y - SIDE / 2.0);
        self.canvas(|canvas| canvas.target(spot, corner, (SIDE, SIDE), told));
    }

    /// Grid, ticks and names of the rulers around a plot.
    pub(in crate::report) fn frame(&self, plot: &Plot) -> Result<(), Failure> {
        let Plot { left, top, width, height, x, y } = plot;
        let (right, bottom) = (left + width, top + height);
        // Names are cut to their places where these leave room for some letters.
        let place = width / x.ticks.len().max(1) as f64 - 6.0;
        let named = |label: &String| match x.named && place >= NAME_MIN {
            true => shortened(label, SMALL, place),
            false => label.clone(),
        };
        let across: Vec<(f64, String)> =
            x.ticks.iter().map(|(share, label)| (left + share * width, named(label))).collect();
        let spans: Vec<(f64, f64)> =
            across.iter().map(|(at, label)| (*at, text_width(label, SMALL) / 2.0)).collect();
        // A label that would touch another is left out; its line stays.
        for ((at, label), shown) in across.iter().zip(with_room(&spans, |_| true)) {
            self.line(&[(*at, *top), (*at, bottom)], GRID, 1.0, "grid", "")?;
            if shown {
                self.text(*at, bottom + SMALL + 7.0, label, plain(SMALL, Anchor::Middle));
            }
        }
        let upwards: Vec<(f64, f64)> =
            y.ticks.iter().map(|(share, _)| (bottom - share * height, SMALL / 2.0)).collect();
        for (((at, _), (_, label)), shown) in upwards.iter().zip(&y.ticks).zip(with_room(&upwards, |_| true))
        {
            self.line(&[(*left, *at), (right, *at)], GRID, 1.0, "grid", "")?;
            if shown {
                self.text(left - 6.0, at + SMALL * 0.36, label, plain(SMALL, Anchor::End));
            }
        }
        self.line(&[(*left, bottom), (right, bottom)], FRAME, 1.0, "frame", "")?;
        self.text(left + width / 2.0, bottom + SMALL + 24.0, &x.label, plain(SMALL, Anchor::Middle));
        let upright = Lettering { upright: true, ..plain(SMALL, Anchor::Middle) };
        self.text(EDGE + SMALL, top + height / 2.0, &y.label, upright);
        Ok(())
    }
}

/// A plot area in pixels, with its rulers.
pub(in crate::report) struct Plot {
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

    /// Pixels of a point moved to the edge of the plot where it lies beyond; then also on which side: -1 before the start
    /// of a ruler, 1 after its end.
    fn inside(&self, x: f64, y: f64) -> ((f64, f64), Option<f64>) {
        let (x, beside) = self.x.inside(x);
        let (y, above) = self.y.inside(y);
        let at = (self.left + x * self.width, self.top + self.height - y * self.height);
        (at, beside.or(above))
    }
}

/// How values lie along a side of a plot.
#[derive(Clone, Debug)]
pub(in crate::report) struct Ruler {
    pub label: String,
    /// (share of the length, text).
    pub ticks: Vec<(f64, String)>,
    /// The ticks are names, which nobody can guess from their neighbours.
    named: bool,
    log: bool,
    /// In placed values.
    from: f64,
    to: f64,
}

impl Ruler {
    /// Ticks at the values themselves, with room on both sides; logarithmic where they span more than a factor of 16.
    pub fn of_values(label: String, values: &[(f64, String)]) -> Ruler {
        let (low, high) = extent(values.iter().map(|(value, _)| *value)).unwrap_or((0.0, 1.0));
        let log = is_log(values.iter().map(|(value, _)| *value));
        let place = |value: f64| if log { libm::log10(value) } else { value };
        let (low, high) = (place(low), place(high));
        let margin = if high > low { 0.04 * (high - low) } else { 0.5 };
        let mut ruler =
            Ruler { label, ticks: Vec::new(), named: false, log, from: low - margin, to: high + margin };
        ruler.ticks = values.iter().map(|(value, text)| (ruler.share(*value), text.clone())).collect();
        ruler.ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
        ruler
    }

    /// One place for each name, which are at 0, 1, 2, ...
    pub fn of_names(label: String, names: &[String]) -> Ruler {
        let mut ruler = Ruler {
            label,
            ticks: Vec::new(),
            named: true,
            log: false,
            from: -0.5,
            to: names.len() as f64 - 0.5,
        };
        ruler.ticks =
            names.iter().enumerate().map(|(place, name)| (ruler.share(place as f64), name.clone())).collect();
        ruler
    }

    /// Where a value lies, as a share of the length.
    pub fn share(&self, value: f64) -> f64 {
        let placed = if self.log { libm::log10(value) } else { value };
        (placed - self.from) / (self.to - self.from)
    }

    /// Where a value lies, moved to the nearer end where it lies beyond, and then which: -1 the start, 1 the end.
    fn inside(&self, value: f64) -> (f64, Option<f64>) {
        // A logarithmic scale has no place for what is not above zero: that is before its start.
        match self.share(value) {
            share if share > 1.0 + 1e-9 => (1.0, Some(1.0)),
            share if share >= -1e-9 => (share, None),
            _ => (0.0, Some(-1.0)),
        }
    }

    /// Whether an interval goes on beyond an end of the ruler.
    pub fn cuts(&self, (low, high): (f64, f64)) -> bool {
        self.inside(low).1.is_some() || self.inside(high).1.is_some()
    }
}

impl From<&Axis> for Ruler {
    fn from(axis: &Axis) -> Ruler {
        let (from, to) = axis.limits();
        let ticks = axis.ticks.iter().map(|(at, text)| ((at - from) / (to - from), text.clone())).collect();
        Ruler { label: axis.label.clone(), ticks, named: false, log: axis.spacing == Spacing::Log, from, to }
    }
}

/// Note of a chart on intervals that have arrows.
pub(in crate::report) const ARROWS: &str = " Arrows: the interval extends beyond the scale.";

/// The interval of a mean as far as the measure can go.
pub(in crate::report) fn interval(measure: &str, estimate: &Estimate) -> (f64, f64) {
    let interval = estimate.interval.unwrap_or((estimate.mean, estimate.mean));
    catalog::possible(measure, estimate.mean, interval)
}

/// The ruler of a measure: logarithmic where its positive means span more than a factor of 50. It has room for the
/// intervals, but for what lies more than a decade below the lowest mean, where a logarithmic scale would show nothing else.
pub(in crate::report) fn measure_ruler(
    name: &str,
    unit: &str,
    means: &[f64],
    intervals: &[(f64, f64)],
) -> Ruler {
    let values = means.iter().copied().chain(intervals.iter().flat_map(|&(low, high)| [low, high]));
    Ruler::from(&match spans_decades(means) {
        true => {
            let least = means.iter().copied().fold(f64::INFINITY, f64::min) / 10.0;
            Axis::log(name, unit, values.filter(|value| *value >= least))
        }
        false => Axis::linear(name, unit, values),
    })
}

/// Whether an axis of these values is logarithmic.
pub(super) fn is_log(values: impl Iterator<Item = f64>) -> bool {
    extent(values).is_some_and(|(low, high)| low > 0.0 && high / low > 16.0)
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

/// A picture that plotters refused to draw.
pub(in crate::report) fn failed(error: Failure) -> ReportError {
    ReportError::Make { what: "a chart of the sweep".to_owned(), problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_room_for_intervals_and_knows_which_it_cuts() {
        let even = measure_ruler("m", "count", &[40.0, 60.0], &[(0.0, 110.0)]);
        assert!(!even.cuts((0.0, 110.0)));
        // Two decades between the means: a logarithmic scale.
        let means = [1.0, 200.0];
        let log = measure_ruler("m", "count", &means, &[(0.3, 1.7), (0.0, 2.0), (150.0, 900.0)]);
        assert!(!log.cuts((0.3, 1.7)) && !log.cuts((150.0, 900.0)));
        assert!(log.cuts((0.0, 2.0)) && log.cuts((-3.0, 5.0)));
    }
}
