//! Common parts of charts with several lines per variant: one panel for each variant, on common axes.

use super::time_series::{When, marks, points};
use crate::record::{Record, VariantRecord};
use crate::report::axis::Axis;
use crate::report::figure::{Backing, Figure, Panel, Series, Shape};

/// Panels side by side.
const COLUMNS: usize = 2;

/// Several series of each variant over time.
pub struct SideBySide<'a> {
    /// File name of the figure.
    pub name: String,
    pub title: String,
    pub message: String,
    /// Names of the record's series, and their names in the legend.
    pub series: &'a [(String, &'a str)],
    /// Of the y axis, without unit.
    pub label: &'a str,
    pub when: When,
}

impl SideBySide<'_> {
    /// The figure, or nothing where no variant has any of the series.
    pub fn figure(self, record: &Record) -> Option<Figure> {
        let lines = |variant: &VariantRecord| -> Vec<Vec<(f64, f64)>> {
            let of = |(name, _): &(String, &str)| {
                variant
                    .series(name)
                    .map_or_else(Vec::new, |series| points(record, variant, &series.values, self.when))
            };
            self.series.iter().map(of).collect()
        };
        let all: Vec<_> = record.variants.iter().map(|variant| (variant, lines(variant))).collect();
        let shown: Vec<_> = all
            .into_iter()
            .filter(|(_, lines)| lines.iter().flatten().any(|(_, value)| value.is_finite()))
            .collect();
        let unit = shown.iter().find_map(|(variant, _)| {
            self.series.iter().find_map(|(name, _)| variant.series(name).map(|series| &series.unit))
        })?;
        let values = shown.iter().flat_map(|(_, lines)| lines.iter().flatten()).map(|(_, value)| *value);
        let mut y = Axis::linear(self.label, unit, values);
        let unit_text = y.label.strip_prefix(self.label).unwrap_or_default().to_string();
        let x = Axis::time(record.scenario.duration_s);
        let alone = shown.len() == 1;
        let named = !alone || record.variants.len() > 1;
        if !alone {
            // The figure's title names the y axis and its unit.
            y.label = String::new();
        }
        let last_row = shown.len().saturating_sub(COLUMNS);
        let first_marks = marks(record, record.variants.iter().take(1));
        let panels = shown.into_iter().enumerate().map(|(index, (variant, lines))| {
            let mut x = x.clone();
            if index < last_row && !alone {
                x.label = String::new();
            }
            let mut marks = marks(record, std::iter::once(variant));
            if index >= COLUMNS {
                marks
                    .iter_mut()
                    .filter(|mark| first_marks.contains(mark))
                    .for_each(|mark| mark.label.clear());
            }
            let lines = self.series.iter().zip(lines).enumerate();
            let series = lines.map(|(style, ((_, name), points))| Series {
                name: (*name).to_string(),
                style,
                shape: Shape::Steps,
                points,
            });
            Panel {
                title: if named { variant.name.clone() } else { String::new() },
                x,
                y: y.clone(),
                series: series.collect(),
                marks,
                backing: Backing::default(),
                height: if alone { 280 } else { 130 },
            }
        });
        let panels: Vec<Panel> = panels.collect();
        Some(Figure {
            name: self.name,
            title: if alone { self.title } else { format!("{}{unit_text}", self.title) },
            message: self.message,
            columns: if alone { 1 } else { COLUMNS },
            panels,
            legend: true,
        })
    }
}
