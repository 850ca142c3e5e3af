//! What all charts over time share: up to three variants in one panel, more side by side with the baseline
//! behind each; events and warm-up marked.

use super::styles;
use crate::measure::record::{Record, VariantRecord};
use crate::report::axis::Axis;
use crate::report::figure::{Figure, Mark, Panel, Series, Shape};

/// More lines than this in one panel hide each other.
const VARIANTS_TOGETHER_MAX: usize = 3;

/// Panels side by side, beyond that.
const COLUMNS: usize = 2;

/// How the values of a chart over time are read and scaled.
pub struct TimeSeries<'a> {
    /// File name of the figure.
    pub name: &'static str,
    pub title: &'a str,
    pub message: String,
    /// Name of the record's series.
    pub series: &'a str,
    /// Of the y axis, without unit.
    pub label: &'a str,
    pub log: bool,
}

impl TimeSeries<'_> {
    /// The figure, or nothing where no variant has the series.
    pub fn figure(self, record: &Record) -> Option<Figure> {
        let values = |variant: &VariantRecord| {
            variant.series(self.series).map_or_else(Vec::new, |series| points(variant, &series.values))
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
        let all = || lines.iter().flatten().map(|(_, value)| *value);
        let y =
            if self.log { Axis::log(self.label, unit, all()) } else { Axis::linear(self.label, unit, all()) };
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
            vec![Panel {
                title: String::new(),
                x,
                y,
                series: shown.iter().map(|&index| series(index, Shape::Steps)).collect(),
                marks,
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
                        height: 130,
                    }
                })
                .collect()
        };
        let title = if together { self.title.to_string() } else { format!("{}{unit_text}", self.title) };
        let message = match baseline {
            Some(baseline) if !together => {
                format!("{} Grey line: {}.", self.message, record.variants[baseline].name)
            }
            _ => self.message,
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

/// For steps, because a window's value holds for the whole window; missing windows are gaps.
pub(super) fn points(variant: &VariantRecord, values: &[Option<f64>]) -> Vec<(f64, f64)> {
    let width = variant.windows.width_s;
    let at = |(index, value): (usize, &Option<f64>)| (index as f64 * width, value.unwrap_or(f64::NAN));
    let mut starts: Vec<(f64, f64)> = values.iter().enumerate().map(at).collect();
    if let Some(&(_, last)) = starts.last() {
        starts.push((values.len() as f64 * width, last));
    }
    starts
}

/// Warm-up and the distinct events of some variants.
pub(super) fn marks<'a>(record: &Record, variants: impl Iterator<Item = &'a VariantRecord>) -> Vec<Mark> {
    let mut marks = Vec::new();
    if record.scenario.warmup_s > 0.0 {
        marks.push(Mark { label: "warm-up".to_string(), from: 0.0, to: record.scenario.warmup_s });
    }
    for event in variants.flat_map(|variant| &variant.events) {
        let mark = Mark { label: event.label.clone(), from: event.at_s, to: event.end_s };
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }
    marks.sort_by(|a, b| a.from.total_cmp(&b.from));
    marks
}
