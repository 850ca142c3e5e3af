//! The tables of figures: measures by variant, recoveries by event.

use crate::experiment::comparison::{Comparison, VariantComparison};
use crate::measure::catalog;
use crate::measure::record::Record;
use crate::report::format::{Scale, common_scale, plus_minus};
use crate::report::lines::{Line, lines};
use crate::report::remarks;

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
    let (difference, sees) = (found.difference, found.sees);
    let class = if found.withheld { "soft" } else { word };
    Some(Cell { figure, difference, sees, verdict: word, class, ..Cell::default() })
}

/// Events after which a recovery could be judged in some variant.
pub(super) fn recovery_events<'a>(record: &'a Record, comparison: &Comparison) -> Vec<&'a str> {
    let mut labels: Vec<&str> = Vec::new();
    for event in remarks::events(record) {
        let measure = format!("event.{}.metastable", event.label);
        let judged = comparison.variants.iter().any(|variant| variant.mean(&measure).is_some());
        if judged && !labels.contains(&event.label.as_str()) {
            labels.push(&event.label);
        }
    }
    labels
}

/// How long each variant took to recover from each event; variants that have none of the events are left out.
pub(super) fn recovery_rows<'a>(comparison: &'a Comparison, events: &[&str]) -> Vec<Row<'a>> {
    let row = |(index, variant): (usize, &'a VariantComparison)| {
        let found: Vec<Option<Cell>> = events.iter().map(|event| recovery_cell(variant, event)).collect();
        found.iter().any(Option::is_some).then(|| Row {
            name: &variant.name,
            notes: notes(index == comparison.baseline),
            cells: found
                .into_iter()
                .zip(events)
                .map(|(cell, event)| Cell {
                    label: format!("after {event}"),
                    ..cell.unwrap_or_else(Cell::empty)
                })
                .collect(),
        })
    };
    comparison.variants.iter().enumerate().filter_map(row).collect()
}

fn recovery_cell(variant: &VariantComparison, event: &str) -> Option<Cell> {
    let estimate = |measure: String| variant.measure(&measure)?.estimate;
    let lasting = estimate(format!("event.{event}.metastable"))?;
    let failed = (lasting.mean * lasting.n as f64).round() as usize;
    let figure = match estimate(format!("event.{event}.recovery_s")) {
        Some(time) if time.mean > 0.0 => {
            let scale = Scale::fitting("s", time.mean);
            scale.with_suffix(&plus_minus(&scale, &time))
        }
        Some(_) => "at once".to_string(),
        None => String::new(),
    };
    let (verdict, class) = if failed > 0 { ("not recovered", "worse") } else { ("", "") };
    let difference = if failed > 0 { format!("in {failed} of {} runs", lasting.n) } else { String::new() };
    Some(Cell { figure, difference, verdict, class, ..Cell::default() })
}
