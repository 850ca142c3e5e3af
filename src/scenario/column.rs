//! A column of numbers in a CSV file, for empirical distributions.

use std::path::Path;

use crate::trace::row::shown as cell_text;
use crate::trace::{self, table};

/// The longest time that the clock can hold.
const LONGEST_NS: f64 = u64::MAX as f64;

/// The numbers of a column, each times `unit_ns`, sorted. `shown` is the file as the user named it.
pub(super) fn read_column(path: &Path, shown: &str, column: &str, unit_ns: f64) -> Result<Vec<f64>, String> {
    let file = trace::open_whole(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let mut rows = table::reader(file, b',', true);
    let mut row = ::csv::ByteRecord::new();
    let problem = |(line, error): (u64, String)| format!("{shown}:{line}: {error}");
    table::next_row(&mut rows, &mut row).map_err(problem)?;
    let index = table::position(&row, column)
        .ok_or_else(|| format!("{shown} has no column \"{column}\"; it has {}", table::listed(&row)))?;
    let mut values = Vec::new();
    while let Some(line) = table::next_row(&mut rows, &mut row).map_err(problem)? {
        let cell = row.get(index).unwrap_or_default().trim_ascii();
        match parsed(cell).map(|value| value * unit_ns) {
            Some(ns) if (0.0..=LONGEST_NS).contains(&ns) => values.push(ns),
            _ => {
                let cell = cell_text(cell);
                return Err(format!("{shown}:{line}: \"{cell}\" is not a time from 0 to 584 years"));
            }
        }
    }
    if values.is_empty() {
        return Err(format!("{shown} has no rows"));
    }
    values.sort_by(f64::total_cmp);
    Ok(values)
}

fn parsed(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}
