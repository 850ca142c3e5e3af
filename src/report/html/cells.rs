//! The table of figures: measures by variant.

use crate::catalog;
use crate::experiment::comparison::Comparison;
use crate::record::Record;
use crate::report::format::common_scale;
use crate::report::lines::{Line, lines};

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
    /// Below the name: `baseline`, `collapsed: 5 of 10 runs`.
    pub notes: Vec<String>,
    pub cells: Vec<Cell>,
}

#[derive(Default)]
pub(super) struct Cell {
    /// Head of its column, for pages too narrow for a table.
    pub label: String,
    pub figure: String,
    pub difference: String,
    /// The smallest difference that a tie would have shown.
    pub detectable: String,
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

/// A row per variant and state, a cell per column.
pub(super) fn rows<'a>(comparison: &'a Comparison, columns: &[Column]) -> Vec<Row<'a>> {
    let cell = |column: &Column, line: &Line<'_>| {
        let found = measure_cell(comparison, line, &column.name);
        let mark = if column.headline { "*" } else { "" };
        let label = match column.unit {
            "" => format!("{}{mark}", column.name),
            unit => format!("{}{mark} ({unit})", column.name),
        };
        Cell { label, ..found.unwrap_or_else(Cell::empty) }
    };
    let row = |line: Line<'a>| Row {
        name: &line.variant.name,
        notes: notes(line.baseline).into_iter().chain(line.note()).collect(),
        cells: columns.iter().map(|column| cell(column, &line)).collect(),
    };
    lines(comparison).into_iter().map(row).collect()
}

fn notes(baseline: bool) -> Vec<String> {
    if baseline { vec!["baseline".to_owned()] } else { Vec::new() }
}

fn measure_cell(comparison: &Comparison, line: &Line<'_>, name: &str) -> Option<Cell> {
    let found = line.figure(comparison, name, &common_scale(comparison, name)?)?;
    let word = found.word().unwrap_or_default();
    // A mean and its width stay on one line, on paper too.
    let figure = found.figure.replace(' ', "\u{a0}");
    let (difference, detectable) = (found.difference, found.detectable);
    let class = if found.withheld { "soft" } else { word };
    Some(Cell { figure, difference, detectable, verdict: word, class, ..Cell::default() })
}
