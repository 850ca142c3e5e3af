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
    /// Of the plot area, in pixels.
    pub height: u32,
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
