//! The content of a chart, apart from how it is drawn.

use std::borrow::Cow;

use super::axis::Axis;

/// A chart: one or more panels under one title.
#[derive(Clone, Debug)]
pub struct Figure {
    /// File name without ending, and anchor in the report.
    pub name: String,
    /// The quantity drawn.
    pub title: String,
    /// Its message, in one sentence.
    pub message: String,
    pub panels: Vec<Panel>,
    /// Panels side by side.
    pub columns: usize,
    /// Whether the series are named above the panels (else the panels' titles name them).
    pub legend: bool,
}

/// One plot area with its axes.
#[derive(Clone, Debug)]
pub struct Panel {
    /// May be empty.
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    pub marks: Vec<Mark>,
    pub backing: Backing,
    /// Of the plot area, in pixels.
    pub height: u32,
}

/// What a panel shows besides its lines.
#[derive(Clone, Debug, Default)]
pub struct Backing {
    pub references: Vec<Reference>,
    pub bands: Vec<Band>,
    pub heat: Option<Heat>,
    /// The lines of a second run, pale and dashed: each in the style of the line of the same name.
    pub other: Vec<Series>,
}

/// A level to compare the lines with: a capacity, a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// With its figure: `capacity 4,000/s`.
    pub label: String,
    pub y: f64,
}

/// From the lowest to the highest of something, behind the line of the same name; each value holds until the next point.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Of the series that it belongs to, as its style.
    pub name: String,
    pub style: usize,
    /// (x, lowest, highest) in the axes' units; a value that is not finite interrupts the band.
    pub points: Vec<(f64, f64, f64)>,
}

/// One line, or one dot with its interval.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: String,
    /// Index into the palette of colours, dashes and markers; 0 is the baseline's.
    pub style: usize,
    pub shape: Shape,
    /// In the axes' units; a coordinate that is not finite interrupts the line.
    pub points: Vec<(f64, f64)>,
}

/// How the points of a series are joined.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// With a few markers on it, so that lines differ without colour.
    Line,
    /// As a line, but each value holds until the next point.
    Steps,
    /// Steps that are thin and grey, without markers: the baseline as a backdrop.
    Backdrop,
    /// One dot between two interval ends (three points: low, middle, high), and its figures in words.
    Interval { label: String },
    /// A thick bar between two ends (three points: one end, the middle, the other end), and its figures in words.
    Bar { label: String },
    /// One segment of the stacked bar of each row, from one point to the next (two points for each row). Of the last series:
    /// words at the end of each bar.
    Stack { labels: Vec<String> },
}

/// A span of the x axis with a name: an event (an instant has no length) or the warm-up.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub label: String,
    pub from: f64,
    pub to: f64,
}

impl Series {
    /// The corners of the line.
    pub fn outline(&self) -> Cow<'_, [(f64, f64)]> {
        match self.shape {
            Shape::Steps | Shape::Backdrop => Cow::Owned(stairs(&self.points)),
            Shape::Line | Shape::Interval { .. } | Shape::Bar { .. } | Shape::Stack { .. } => {
                Cow::Borrowed(&self.points)
            }
        }
    }
}

/// Cells in columns of equal width, in a few shades.
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    /// Width of a column, from zero on, in the unit of x.
    pub step: f64,
    /// Where rows begin and end, from the lowest one upwards, in the unit of y.
    pub edges: Vec<f64>,
    /// By shade, the lightest first.
    pub runs: Vec<Vec<Run>>,
}

/// Cells of a row that have one shade: columns `from..to`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    pub row: usize,
    pub from: usize,
    pub to: usize,
}

impl Band {
    /// The corners of the lower and of the upper edge, piece by piece.
    pub fn edges(&self) -> Vec<[Vec<(f64, f64)>; 2]> {
        let known = |&(_, low, high): &(f64, f64, f64)| low.is_finite() && high.is_finite();
        let mut edges = Vec::new();
        let mut start = 0;
        for piece in self.points.chunk_by(|a, b| known(a) == known(b)) {
            // The last value of a piece holds until the point that interrupts it.
            let end = self.points.get(start + piece.len()).map(|(x, _, _)| *x);
            start += piece.len();
            if let Some(&(_, low, high)) = piece.last().filter(|last| known(last)) {
                let edge = |of: fn(&(f64, f64, f64)) -> (f64, f64), last: f64| {
                    let points: Vec<(f64, f64)> =
                        piece.iter().map(of).chain(end.map(|x| (x, last))).collect();
                    stairs(&points)
                };
                edges.push([edge(|(x, low, _)| (*x, *low), low), edge(|(x, _, high)| (*x, *high), high)]);
            }
        }
        edges
    }
}

/// Turns points into stairs: each value holds until the next point.
fn stairs(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut stairs = Vec::with_capacity(points.len() * 2);
    for (index, &(x, y)) in points.iter().enumerate() {
        if index > 0 {
            stairs.push((x, points[index - 1].1));
        }
        stairs.push((x, y));
    }
    stairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_ends_where_a_value_is_missing_and_begins_anew_behind() {
        let gap = f64::NAN;
        let points =
            vec![(0.0, 1.0, 5.0), (1.0, 2.0, 9.0), (2.0, gap, gap), (3.0, 4.0, 6.0), (4.0, 4.0, 6.0)];
        let edges = Band { name: "a".to_string(), style: 0, points }.edges();
        let low = vec![(0.0, 1.0), (1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (2.0, 2.0)];
        let high = vec![(0.0, 5.0), (1.0, 5.0), (1.0, 9.0), (2.0, 9.0), (2.0, 9.0)];
        assert_eq!(edges[0], [low, high]);
        assert_eq!(edges[1][1], [(3.0, 6.0), (4.0, 6.0), (4.0, 6.0)]);
        assert_eq!(edges.len(), 2);
    }
}
