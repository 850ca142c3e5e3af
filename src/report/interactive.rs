//! Figures as data for the script of the page: the description that the pictures are drawn from, written short.
//!
//! Values keep as many digits as a reader of the cursor gets to see; a line that several panels show is written once.

use std::borrow::Cow;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::ReportError;
use super::axis::{Axis, Quantity, Spacing};
use super::figure::{Band, Figure, Heat, Mark, Panel, Reference, Series, Shape};
use super::style::STYLES;

/// Everything the script draws.
#[derive(Serialize)]
struct Data<'a> {
    /// Dash and marker of each style; colours are in the style sheet.
    styles: Vec<StyleData>,
    /// Names of the variants: hidden in one chart, hidden in all.
    variants: Vec<&'a str>,
    /// Name of the second run, where one is laid over the charts.
    #[serde(skip_serializing_if = "Option::is_none")]
    over: Option<&'a str>,
    figures: Vec<FigureData<'a>>,
}

#[derive(Serialize)]
pub(super) struct StyleData {
    dash: &'static str,
    /// SVG path data around (0, 0).
    marker: String,
    filled: bool,
}

#[derive(Serialize)]
struct FigureData<'a> {
    name: &'a str,
    title: &'a str,
    columns: usize,
    panels: Vec<PanelData<'a>>,
    lines: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct PanelData<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    x: AxisData<'a>,
    y: AxisData<'a>,
    series: Vec<SeriesData<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<(&'a str, f64, f64)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<(&'a str, f64)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bands: Vec<BandData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heat: Option<HeatData<'a>>,
    height: u32,
}

#[derive(Serialize)]
struct AxisData<'a> {
    name: &'a str,
    /// Shown beside the axis.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    labelled: bool,
    /// `time`, `percentile`, `row`, or a unit of the catalogue.
    unit: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    log: bool,
    /// First and last placed value.
    from: f64,
    to: f64,
    /// Texts of rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<&'a str>,
}

#[derive(Serialize)]
struct SeriesData<'a> {
    name: &'a str,
    style: usize,
    shape: &'static str,
    /// Figures of an interval in words.
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    /// Index into the figure's lines.
    line: usize,
    /// A line of the second run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    other: bool,
}

#[derive(Serialize)]
struct BandData<'a> {
    name: &'a str,
    style: usize,
    /// Indices of its edges into the figure's lines.
    low: usize,
    high: usize,
}

#[derive(Serialize)]
struct HeatData<'a> {
    step: f64,
    edges: &'a [f64],
    /// By shade, row, first column and the one behind the last, again and again.
    runs: Vec<Vec<usize>>,
}

/// The points of a series: `[first x, step, [y, ...]]` where x is evenly spaced, else `[[x, ...], [y, ...]]`.
#[derive(PartialEq)]
struct Line<'a> {
    points: Cow<'a, [(f64, f64)]>,
    x: Rounding,
    y: Rounding,
}

/// How many digits of a value are written.
#[derive(Clone, Copy, PartialEq)]
enum Rounding {
    /// Five significant digits.
    Significant,
    /// Shares: six decimals, so that 99.9954 % stays apart from 100 %.
    Share,
    /// Nine decimals: times, and percentiles of many nines.
    Position,
}

impl Rounding {
    fn of(axis: &Axis) -> Rounding {
        match &axis.quantity {
            Quantity::Unit(unit) if unit == "1" => Rounding::Share,
            Quantity::Unit(_) => Rounding::Significant,
            Quantity::Time { .. } | Quantity::Percentile | Quantity::Row => Rounding::Position,
        }
    }
    fn apply(self, value: f64) -> f64 {
        let printed = match self {
            Rounding::Significant => format!("{value:.4e}"),
            Rounding::Share => format!("{value:.6}"),
            Rounding::Position => format!("{value:.9}"),
        };
        // What is not finite becomes null: a gap.
        printed.parse().unwrap_or(f64::NAN)
    }
}

impl Line<'_> {
    /// First x and step, where all x lie on whole multiples of the step.
    fn grid(&self) -> Option<(f64, f64)> {
        let [(first, _), (second, _), ..] = &*self.points else { return None };
        let step = second - first;
        let even = |(index, (x, _)): (usize, &(f64, f64))| {
            (x - (first + index as f64 * step)).abs() <= 1e-9 * step.abs().max(x.abs())
        };
        (step > 0.0 && self.points.iter().enumerate().all(even)).then_some((*first, step))
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let y: Vec<Number> = self.points.iter().map(|(_, y)| Number(self.y.apply(*y))).collect();
        let mut sequence = serializer.serialize_seq(None)?;
        match self.grid() {
            Some((first, step)) => {
                sequence.serialize_element(&Number(Rounding::Position.apply(first)))?;
                sequence.serialize_element(&Number(Rounding::Position.apply(step)))?;
            }
            None => {
                let x: Vec<Number> = self.points.iter().map(|(x, _)| Number(self.x.apply(*x))).collect();
                sequence.serialize_element(&x)?;
            }
        }
        sequence.serialize_element(&y)?;
        sequence.end()
    }
}

/// A number in as few letters as JSON allows.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const EXACT: f64 = 9e15;
        match self.0 {
            whole if whole.fract() == 0.0 && whole.abs() < EXACT => serializer.serialize_i64(whole as i64),
            other => serializer.serialize_f64(other),
        }
    }
}

/// The figures of a page, and the names that are hidden in all of them at once, as JSON that can stand in a `<script>` element: no
/// markup can begin or end in it. `over` is the name of the second run, where one is laid over the figures.
///
/// # Errors
/// Never for figures with finite axes.
pub fn to_json(variants: &[&str], figures: &[Figure], over: Option<&str>) -> Result<String, ReportError> {
    let data = Data {
        styles: styles().collect(),
        variants: variants.to_vec(),
        over,
        figures: figures.iter().map(figure_data).collect(),
    };
    let text = serde_json::to_string(&data).map_err(|error| ReportError::Make {
        what: "the data of the charts".to_string(),
        problem: error.to_string(),
    })?;
    Ok(without_markup(&text))
}

/// Letters that mean something to HTML, or end a line to old scripts, as escapes of JSON: they occur in its strings only.
pub(super) fn without_markup(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                safe.push_str(&format!("\\u{:04x}", u32::from(letter)))
            }
            other => safe.push(other),
        }
    }
    safe
}

/// The looks of lines as the script takes them, in the order of the palette.
pub(super) fn styles() -> impl Iterator<Item = StyleData> {
    STYLES.iter().map(|style| StyleData {
        dash: style.dash,
        marker: style.marker_path(),
        filled: style.marker_is_filled(),
    })
}

fn figure_data(figure: &Figure) -> FigureData<'_> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let panels = figure.panels.iter().map(|panel| panel_data(panel, &mut lines)).collect();
    FigureData { name: &figure.name, title: &figure.title, columns: figure.columns, panels, lines }
}

fn panel_data<'a>(panel: &'a Panel, lines: &mut Vec<Line<'a>>) -> PanelData<'a> {
    let (x, y) = (Rounding::of(&panel.x), Rounding::of(&panel.y));
    let mut index_of = |points: Cow<'a, [(f64, f64)]>| {
        let line = Line { points, x, y };
        lines.iter().position(|other| *other == line).unwrap_or_else(|| {
            lines.push(line);
            lines.len() - 1
        })
    };
    let own = panel.series.iter().map(|series| (series, false));
    let other = panel.backing.other.iter().map(|series| (series, true));
    let series = own.chain(other).map(|(series, other): (&'a Series, bool)| {
        let (shape, label) = match &series.shape {
            Shape::Line => ("line", ""),
            Shape::Steps => ("steps", ""),
            Shape::Backdrop => ("backdrop", ""),
            Shape::Interval { label } => ("interval", label.as_str()),
            Shape::Bar { label } => ("bar", label.as_str()),
            Shape::Stack { .. } => ("stack", ""),
        };
        SeriesData {
            name: &series.name,
            style: series.style % STYLES.len(),
            shape,
            label,
            line: index_of(Cow::Borrowed(&series.points)),
            other,
        }
    });
    let series = series.collect();
    let bands = panel.backing.bands.iter().map(|Band { name, style, points }| BandData {
        name,
        style: style % STYLES.len(),
        low: index_of(points.iter().map(|(x, low, _)| (*x, *low)).collect()),
        high: index_of(points.iter().map(|(x, _, high)| (*x, *high)).collect()),
    });
    let bands = bands.collect();
    PanelData {
        title: &panel.title,
        series,
        bands,
        heat: panel.backing.heat.as_ref().map(|Heat { step, edges, runs }| HeatData {
            step: *step,
            edges,
            runs: runs
                .iter()
                .map(|runs| runs.iter().flat_map(|run| [run.row, run.from, run.to]).collect())
                .collect(),
        }),
        references: (panel.backing.references.iter())
            .map(|Reference { label, y }| (label.as_str(), *y))
            .collect(),
        x: axis_data(&panel.x),
        y: axis_data(&panel.y),
        marks: panel.marks.iter().map(|Mark { label, from, to }| (label.as_str(), *from, *to)).collect(),
        height: panel.height,
    }
}

fn axis_data(axis: &Axis) -> AxisData<'_> {
    let (from, to) = axis.limits();
    let rows = match axis.quantity {
        Quantity::Row => axis.ticks.iter().map(|(_, name)| name.as_str()).collect(),
        _ => Vec::new(),
    };
    AxisData {
        name: &axis.name,
        labelled: !axis.label.is_empty(),
        unit: match &axis.quantity {
            Quantity::Unit(unit) => unit,
            Quantity::Time { .. } => "time",
            Quantity::Percentile => "percentile",
            Quantity::Row => "row",
        },
        log: axis.spacing == Spacing::Log,
        from,
        to,
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::stampede;
    use crate::report::charts::figures;

    fn line(points: &[(f64, f64)], x: Rounding, y: Rounding) -> String {
        serde_json::to_string(&Line { points: points.into(), x, y }).unwrap()
    }

    #[test]
    fn lines_are_short_and_gaps_are_null() {
        let windows = [(0.0, 1180.249), (0.5, f64::NAN), (1.0, 0.0), (1.5, 12_345_678.0)];
        let text = line(&windows, Rounding::Position, Rounding::Significant);
        assert_eq!(text, "[0,0.5,[1180.2,null,0,12346000]]");
        let shares = [(0.0, 0.999_954_3), (0.9, 1.0), (0.99, 0.5)];
        assert_eq!(line(&shares, Rounding::Position, Rounding::Share), "[[0,0.9,0.99],[0.999954,1,0.5]]");
    }

    #[test]
    fn a_backdrop_refers_to_the_line_it_repeats() {
        let record = stampede(8);
        let figures = figures(&record, &compare(&record));
        let load = figures.iter().find(|figure| figure.name == "database-load").unwrap();
        let data = figure_data(load);
        // A line, and two edges of a band, for each of eight variants.
        assert_eq!((data.panels.len(), data.lines.len()), (8, 24));
        assert_eq!(data.panels[3].series.len(), 2);
        assert_eq!(data.panels[3].series[0].line, data.panels[0].series[0].line);
    }

    #[test]
    fn the_data_is_json_without_markup() {
        let mut record = stampede(2);
        record.variants[1].name = "</script><!--\u{2028}&'\"".to_string();
        let figures = figures(&record, &compare(&record));
        let text = to_json(&["a"], &figures, None).unwrap();
        for forbidden in ['<', '>', '&', '\u{2028}'] {
            assert!(!text.contains(forbidden), "{forbidden:?}");
        }
        let data: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(data["figures"][1]["panels"][0]["series"][1]["name"], record.variants[1].name);
        assert_eq!(data["styles"].as_array().unwrap().len(), STYLES.len());
    }
}
