//! Columns of numbers in a CSV file, for empirical distributions and histograms.

use std::path::Path;

use crate::declare::fields::{Columns, Content, CountColumn, Row};
use crate::trace::row::shown as cell_text;
use crate::trace::{self, table};

/// The longest time that the clock can hold.
const LONGEST_NS: f64 = u64::MAX as f64;

/// Names of columns beside which a value is not one observation: the bound of a bucket, or a mean of many.
const COUNTS: &[&str] = &["le", "count", "calls", "weight", "freq"];

/// The rows of a file in their order. `shown` is the file as the user named it.
pub(super) fn read_columns(path: &Path, shown: &str, columns: &Columns<'_>) -> Result<Vec<Row>, String> {
    let (file, _) = trace::open_whole(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let mut rows = table::reader(file, b',', true);
    let mut header = ::csv::ByteRecord::new();
    let problem = |(line, error): (u64, String)| format!("{shown}:{line}: {error}");
    table::next_row(&mut rows, &mut header).map_err(problem)?;
    let position = |column: &str| {
        table::position(&header, column)
            .ok_or_else(|| format!("{shown} has no column \"{column}\"; it has {}", table::listed(&header)))
    };
    let value = position(columns.value)?;
    let count = match columns.count {
        CountColumn::Named(name) => Some(position(name)?),
        CountColumn::Ignored => None,
        CountColumn::Absent => {
            single_observations(shown, &header, columns.value)?;
            None
        }
    };
    let mut found = Vec::new();
    let mut row = ::csv::ByteRecord::new();
    while let Some(line) = table::next_row(&mut rows, &mut row).map_err(problem)? {
        let cell = |index: usize| row.get(index).unwrap_or_default().trim_ascii();
        let fits = |number: &f64| match columns.content {
            Content::Times => (0.0..=LONGEST_NS).contains(number),
            Content::Bounds => (0.0..=LONGEST_NS).contains(number) || *number == f64::INFINITY,
            Content::Counts => (0.0..f64::INFINITY).contains(number),
        };
        let Some(number) = parsed(cell(value)).map(|value| value * columns.factor).filter(fits) else {
            let expected = match columns.content {
                Content::Times | Content::Bounds => "a time from 0 to 584 years",
                Content::Counts => "a count",
            };
            return Err(format!("{shown}:{line}: \"{}\" is not {expected}", cell_text(cell(value))));
        };
        let count = match count.map(cell) {
            None => 1.0,
            Some(text) => parsed(text)
                .filter(|count| count.is_finite() && *count >= 0.0)
                .ok_or_else(|| format!("{shown}:{line}: \"{}\" is not a count", cell_text(text)))?,
        };
        found.push(Row { line, value: number, count });
    }
    if found.is_empty() {
        return Err(format!("{shown} has no rows"));
    }
    Ok(found)
}

/// Refuses columns that look like counts: drawn uniformly, the bounds of a histogram give several times its mean.
fn single_observations(shown: &str, header: &::csv::ByteRecord, chosen: &str) -> Result<(), String> {
    let is_bound = chosen == "le";
    let other = COUNTS.iter().find(|name| **name != chosen && table::position(header, name).is_some());
    match other {
        Some(count) if is_bound => Err(format!(
            "{shown} has a column \"{count}\" beside \"le\": a histogram, whose bounds are no observations; \
             {{ histogram = {{ file = \"{shown}\", bound = \"le\", count = \"{count}\", unit = \"s\" }} }}"
        )),
        Some(count) => Err(format!(
            "{shown} has a column \"{count}\" beside \"{chosen}\": with weight = \"{count}\" a row counts as often, with weight = \
             \"none\" once"
        )),
        None if is_bound => Err(format!(
            "the column \"le\" of {shown} has the bounds of a histogram, which are no observations; histogram with the counts, or \
             weight = \"none\""
        )),
        None => Ok(()),
    }
}

fn parsed(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}
