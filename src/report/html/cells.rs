//! The table of figures: measures by variant.

use crate::experiment::comparison::{Comparison, MeasureComparison, VariantComparison, Verdict};
use crate::measure::catalog;
use crate::measure::record::Record;
use crate::report::format::{common_scale, detectable, difference, plus_minus};

pub(super) struct Column {
    pub name: String,
    /// The name cut at its dots, where a narrow column may break it.
    pub parts: Vec<String>,
    pub meaning: &'static str,
    pub unit: &'static str,
    pub headline: bool,
}

pub(super) struct Row<'a> {
    pub name: &'a str,
    pub baseline: bool,
    pub cells: Vec<Cell>,
}

#[derive(Default)]
pub(super) struct Cell {
    /// Head of its column, for pages too narrow for a table.
    pub label: String,
    pub figure: String,
    pub difference: String,
    /// The smallest difference that a tie would have shown.
    pub sees: String,
    pub verdict: &'static str,
    pub class: &'static str,
}

impl Cell {
    fn empty() -> Cell {
        Cell { figure: "–".to_string(), ..Cell::default() }
    }
}

pub(super) fn column(record: &Record, comparison: &Comparison, name: &str) -> Column {
    Column {
        name: name.to_string(),
        parts: name.split('.').map(str::to_string).collect(),
        meaning: catalog::find(name).map_or("", |info| info.meaning),
        unit: common_scale(comparison, name).map_or("", |scale| scale.heading()),
        headline: record.scenario.headline.iter().any(|headline| headline == name),
    }
}

/// A row per variant, a cell per column.
pub(super) fn rows<'a>(comparison: &'a Comparison, columns: &[Column]) -> Vec<Row<'a>> {
    let cell = |column: &Column, variant: &VariantComparison| {
        let found = variant.measure(&column.name).and_then(|measure| measure_cell(comparison, measure));
        let mark = if column.headline { "*" } else { "" };
        let label = match column.unit {
            "" => format!("{}{mark}", column.name),
            unit => format!("{}{mark} ({unit})", column.name),
        };
        Cell { label, ..found.unwrap_or_else(Cell::empty) }
    };
    let row = |(index, variant): (usize, &'a VariantComparison)| Row {
        name: &variant.name,
        baseline: index == comparison.baseline,
        cells: columns.iter().map(|column| cell(column, variant)).collect(),
    };
    comparison.variants.iter().enumerate().map(row).collect()
}

fn measure_cell(comparison: &Comparison, measure: &MeasureComparison) -> Option<Cell> {
    // A mean and its width stay on one line, on paper too.
    let figure =
        plus_minus(&common_scale(comparison, &measure.name)?, &measure.estimate?).replace(' ', "\u{a0}");
    let (verdict, class) = match measure.verdict {
        Some(verdict @ (Verdict::Better | Verdict::Worse | Verdict::Tie)) => (verdict.word(), verdict.word()),
        _ => ("", ""),
    };
    let (difference, sees) = (difference(comparison, measure), detectable(comparison, measure));
    Some(Cell { figure, difference, sees, verdict, class, ..Cell::default() })
}
