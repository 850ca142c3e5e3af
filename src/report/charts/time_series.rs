//! Common layout of all charts over time: up to three variants in one panel, more side by side with the baseline
//! behind each; events and warm-up marked.

use super::levels::{Levels, Shown};
use super::styles;
use crate::record::{Record, VariantRecord};
use crate::report::axis::Axis;
use crate::report::figure::{Backing, Band, Figure, Mark, Panel, Series, Shape};
use crate::report::remarks::happened;

/// More lines than this in one panel hide each other.
const VARIANTS_TOGETHER_MAX: usize = 3;

/// Panels side by side, beyond that.
const COLUMNS: usize = 2;

/// Subject of a window's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The whole window: a rate, a share, a percentile.
    Throughout,
    /// The state at its end, after all events of that instant.
    AtEnd,
}

/// How the values of a chart over time are read and scaled.
pub struct TimeSeries<'a> {
    /// File name of the figure.
    pub name: String,
    pub title: &'a str,
    pub message: String,
    /// Name of the record's series.
    pub series: &'a str,
    /// Of the y axis, without unit.
    pub label: &'a str,
    pub when: When,
    /// Logarithmic whatever the values; else where they [span decades](spans_decades).
    pub log: bool,
    /// The series of the lowest and of the highest replication.
    pub band: Option<[&'a str; 2]>,
    /// What the lines are compared with.
    pub levels: Levels,
}

/// Positive values that differ by more than this factor are drawn on a logarithmic axis.
const DECADES: f64 = 100.0;

/// Whether a linear axis would hide the lower ones of these values. Zero has no place on a logarithmic axis, and a share is
/// read against the whole.
pub(in crate::report) fn spans_decades(unit: &str, values: impl Iterator<Item = f64>) -> bool {
    let values = values.filter(|value| value.is_finite());
    let (low, high) =
        values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    unit != "1" && low > 0.0 && high > DECADES * low
}

impl TimeSeries<'_> {
    /// The figure, or nothing where no variant has the series.
    pub fn figure(self, record: &Record) -> Option<Figure> {
        let values = |variant: &VariantRecord| {
            variant
                .series(self.series)
                .map_or_else(Vec::new, |series| points(record, variant, &series.values, self.when))
        };
        let lines: Vec<Vec<(f64, f64)>> = record.variants.iter().map(values).collect();
        // A variant that has nothing of the kind (no limit, no stream) gets no panel.
        let shown: Vec<usize> = (0..lines.len())
            .filter(|&index| lines[index].iter().any(|(_, value)| value.is_finite()))
            .collect();
        if shown.is_empty() {
            return None;
        }
        let unit = record
            .variants
            .iter()
            .find_map(|variant| variant.series(self.series))
            .map(|series| &series.unit)?;
        let bands: Vec<Option<Band>> = (record.variants.iter().zip(styles(record)))
            .map(|(variant, style)| {
                let [low, high] = self.band?.map(|name| variant.series(name));
                let [low, high] =
                    [low?, high?].map(|series| points(record, variant, &series.values, self.when));
                let points = low.into_iter().zip(high).map(|((x, low), (_, high))| (x, low, high));
                Some(Band { name: variant.name.clone(), style, points: points.collect() })
            })
            .collect();
        let data = || {
            let edges = bands.iter().flatten().flat_map(|band| &band.points);
            let lines = lines.iter().flatten().map(|(_, value)| *value);
            lines.chain(edges.flat_map(|&(_, low, high)| [low, high]))
        };
        let Shown { near, beyond } = self.levels.shown(&shown, data());
        let levels = || near.iter().flatten().map(|reference| reference.y);
        let y = match self.log || spans_decades(unit, data()) {
            true => Axis::log(self.label, unit, data().chain(levels())),
            false => Axis::linear(self.label, unit, data().chain(levels())),
        };
        let unit_text = y.label.strip_prefix(self.label).unwrap_or_default().to_string();
        let last = lines.iter().flatten().map(|(time, _)| *time).fold(0.0, f64::max);
        let x = Axis::time(if record.scenario.duration_s > 0.0 { record.scenario.duration_s } else { last });
        let styles = styles(record);
        let series = |index: usize, shape: Shape| Series {
            name: record.variants[index].name.clone(),
            style: styles[index],
            shape,
            points: lines[index].clone(),
        };
        let together = shown.len() <= VARIANTS_TOGETHER_MAX;
        let baseline = Some(record.scenario.baseline).filter(|baseline| shown.contains(baseline));
        let panels = if together {
            let marks = marks(record, shown.iter().map(|&index| &record.variants[index]));
            let bands = shown.iter().filter_map(|&index| bands[index].clone()).collect();
            let references = self.levels.together(&near, &shown, record);
            vec![Panel {
                title: String::new(),
                x,
                y,
                series: shown.iter().map(|&index| series(index, Shape::Steps)).collect(),
                marks,
                backing: Backing { references, bands, ..Backing::default() },
                height: 280,
            }]
        } else {
            let last_row = shown.len().saturating_sub(COLUMNS);
            let first_marks = marks(record, std::iter::once(&record.variants[shown[0]]));
            (shown.iter().enumerate())
                .map(|(place, &index)| {
                    let (mut x, mut y) = (x.clone(), y.clone());
                    // The figure's title names the y axis and its unit; the last row names the x axis for all.
                    y.label = String::new();
                    if place < last_row {
                        x.label = String::new();
                    }
                    let mut marks = marks(record, std::iter::once(&record.variants[index]));
                    if place >= COLUMNS {
                        marks
                            .iter_mut()
                            .filter(|mark| first_marks.contains(mark))
                            .for_each(|mark| mark.label.clear());
                    }
                    Panel {
                        title: record.variants[index].name.clone(),
                        x,
                        y,
                        series: (baseline.filter(|&baseline| baseline != index))
                            .map(|baseline| series(baseline, Shape::Backdrop))
                            .into_iter()
                            .chain([series(index, Shape::Steps)])
                            .collect(),
                        marks,
                        backing: Backing {
                            references: near[index].clone(),
                            bands: bands[index].clone().into_iter().collect(),
                            ..Backing::default()
                        },
                        height: 130,
                    }
                })
                .collect()
        };
        let title = if together { self.title.to_string() } else { format!("{}{unit_text}", self.title) };
        let message = match baseline {
            Some(baseline) if !together => {
                format!("{}{beyond} Grey line: {}.", self.message, record.variants[baseline].name)
            }
            _ => format!("{}{beyond}", self.message),
        };
        Some(Figure {
            name: self.name,
            title,
            message,
            panels,
            columns: if together { 1 } else { COLUMNS },
            legend: together && shown.len() > 1,
        })
    }
}

/// Corners of steps; missing windows are gaps. What is true of a whole window holds from its start to its end; a state
/// is known from the end of its window on, so that no line moves before the event that moves it.
pub(super) fn points(
    record: &Record,
    variant: &VariantRecord,
    values: &[Option<f64>],
    when: When,
) -> Vec<(f64, f64)> {
    let width = variant.windows.width_s;
    let at = |index: usize, value: &Option<f64>| (index as f64 * width, value.unwrap_or(f64::NAN));
    let mut corners: Vec<(f64, f64)> = match when {
        When::Throughout => values.iter().enumerate().map(|(index, value)| at(index, value)).collect(),
        When::AtEnd => values.iter().enumerate().map(|(index, value)| at(index + 1, value)).collect(),
    };
    match (when, corners.last_mut()) {
        (When::Throughout, Some(&mut (_, last))) => corners.push((values.len() as f64 * width, last)),
        // The run may cut its last window short.
        (When::AtEnd, Some((end, _))) if record.scenario.duration_s > 0.0 => {
            *end = end.min(record.scenario.duration_s);
        }
        _ => {}
    }
    corners
}

/// Warm-up and the distinct events of some variants, as far as the run lasted long enough for them.
pub(super) fn marks<'a>(record: &Record, variants: impl Iterator<Item = &'a VariantRecord>) -> Vec<Mark> {
    let mut marks = Vec::new();
    if record.scenario.warmup_s > 0.0 {
        marks.push(Mark { label: "warm-up".to_string(), from: 0.0, to: record.scenario.warmup_s });
    }
    let events = variants.flat_map(|variant| &variant.events);
    for event in events.filter(|event| happened(record, event)) {
        let mark = Mark { label: event.label.clone(), from: event.at_s, to: event.end_s };
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }
    marks.sort_by(|a, b| a.from.total_cmp(&b.from));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::SeriesRecord;
    use crate::record::fixture::stampede;
    use crate::report::charts::{database_load, figures};

    /// The steps of the first variant in a figure: from where on a value holds.
    fn steps(figure: &Figure) -> Vec<(f64, f64)> {
        figure.panels[0].series[0].points.clone()
    }

    #[test]
    fn a_state_is_drawn_from_the_end_of_its_window_and_a_rate_from_its_start() {
        let mut record = stampede(1);
        record.scenario.duration_s = 4.5;
        let windows = &mut record.variants[0].windows;
        for series in &mut windows.series {
            series.values = [5.0, 5.0, 0.0, 1.0, 2.0].map(Some).to_vec();
        }
        let comparison = compare(&record);
        // A flush at 3 s: the state at the end of the third window is that after it.
        let all = figures(&record, &comparison);
        let backlog = all.iter().find(|figure| figure.name == "change-backlog").unwrap();
        let backlog = steps(backlog);
        assert_eq!(backlog, [(1.0, 5.0), (2.0, 5.0), (3.0, 0.0), (4.0, 1.0), (4.5, 2.0)]);
        let load = steps(&database_load::figure(&record, &comparison).unwrap());
        assert_eq!(load, [(0.0, 5.0), (1.0, 5.0), (2.0, 0.0), (3.0, 1.0), (4.0, 2.0), (5.0, 2.0)]);
    }

    #[test]
    fn the_band_reaches_from_the_lowest_to_the_highest_run_and_ends_with_the_run() {
        let mut record = stampede(4);
        record.scenario.duration_s = 2.0;
        let windows = &mut record.variants[2].windows;
        let series = |name: &str, values: [f64; 2]| SeriesRecord {
            name: name.to_owned(),
            unit: "1/s".to_owned(),
            values: values.map(Some).to_vec(),
        };
        windows.series = vec![
            series("db.qps.first", [20.0, 30.0]),
            series("db.qps.low", [10.0, 15.0]),
            series("db.qps.high", [70.0, 40.0]),
        ];
        let figure = database_load::figure(&record, &compare(&record)).unwrap();
        let bands: Vec<&Band> = figure.panels.iter().flat_map(|panel| &panel.backing.bands).collect();
        assert_eq!((bands.len(), bands[2].name.as_str()), (4, "singleflight"));
        assert_eq!(bands[2].points, [(0.0, 10.0, 70.0), (1.0, 15.0, 40.0), (2.0, 15.0, 40.0)]);
        let y = &figure.panels[0].y;
        assert!(
            y.place(10.0) >= y.limits().0 && y.place(70.0) <= y.limits().1,
            "the axis has room for the band"
        );
    }

    #[test]
    fn values_over_decades_get_a_logarithmic_axis_unless_there_is_a_zero() {
        let spans = |unit: &str, values: &[f64]| spans_decades(unit, values.iter().copied());
        assert!(spans("1/s", &[3.0, f64::NAN, 301.0]) && !spans("1/s", &[3.0, 299.0]));
        assert!(!spans("1/s", &[0.0, 3.0, 301.0]) && !spans("1", &[0.001, 0.9]) && !spans("ms", &[]));
    }

    #[test]
    fn an_event_after_the_end_of_the_run_is_not_marked() {
        let mut record = stampede(2);
        let labels = |record: &Record| -> Vec<String> {
            marks(record, record.variants.iter()).into_iter().map(|mark| mark.label).collect()
        };
        assert!(labels(&record).contains(&"slow-database".to_string()));
        record.scenario.duration_s = 80.0;
        assert!(!labels(&record).contains(&"slow-database".to_string()));
        assert!(labels(&record).contains(&"cache-flush".to_string()));
    }
}
