//! `pg_stat_statements` and `pg_stat_database` of PostgreSQL, as CSV files of psql: one, or two some time apart.

use std::collections::BTreeMap;

use super::mixture::Part;
use super::recording::hash_key;
use super::source::{Figure, ImportError, Source};
use super::table::Table;

pub(super) const MEAN: &[&str] = &["mean_exec_time", "mean_time"];
const DEVIATION: &[&str] = &["stddev_exec_time", "stddev_time"];
const TEXT: &[&str] = &["query", "queryid"];

/// Statements of one kind with their times of service.
#[derive(Clone, Debug, Default)]
pub(super) struct Statements {
    pub reads: Vec<Part>,
    pub writes: Vec<Part>,
    /// Per second; `None`: a single recording, which has no length.
    pub calls_per_s: Option<f64>,
}

/// Sums of a statement: calls, time, squared time, in milliseconds; whether it writes.
#[derive(Clone, Copy)]
struct Sums {
    calls: f64,
    time_ms: f64,
    square_ms2: f64,
    writes: bool,
}

/// One or two recordings.
///
/// # Errors
/// A row that is cut off or no row of numbers, the reverse order, two without the time between them, more than two.
pub(super) fn statements(
    sources: &[&Source],
    interval_s: Option<f64>,
) -> Result<Option<Figure<Statements>>, ImportError> {
    let Some((last, earlier)) = sources.split_last() else { return Ok(None) };
    if let [_, _, ..] = earlier {
        return Err(last.refuse("the third pg_stat_statements: expected one, or two of the same database"));
    }
    let mut sums = read(last)?;
    let mut origin = last.at(2, &format!("calls, mean and deviation of {} statements", sums.len()));
    if let Some(first) = earlier.first() {
        if interval_s.is_none() {
            let problem = "two recordings without the time between them";
            return Err(last.refuse(problem).help("--interval 60s names it"));
        }
        for (key, before) in read(first)? {
            let Some(now) = sums.get_mut(&key) else { continue };
            if now.0.calls < before.0.calls {
                let problem = format!("calls {} after {} in {}", now.0.calls, before.0.calls, first.name);
                return Err(last.wrong(now.1, problem).help("the earlier recording comes first"));
            }
            now.0.calls -= before.0.calls;
            now.0.time_ms -= before.0.time_ms;
            now.0.square_ms2 -= before.0.square_ms2;
        }
        origin = format!("{}, less {}", origin, first.name);
    }
    let mut found = Statements::default();
    let mut calls = 0.0;
    for (sums, _) in sums.values().filter(|(sums, _)| sums.calls > 0.0) {
        let mean = (sums.time_ms / sums.calls).max(0.0);
        let variance = (sums.square_ms2 / sums.calls - mean * mean).max(0.0);
        let part = Part { weight: sums.calls, mean, deviation: variance.sqrt() };
        calls += sums.calls;
        if sums.writes { found.writes.push(part) } else { found.reads.push(part) }
    }
    if calls == 0.0 {
        return Err(last.refuse("no SELECT, INSERT, UPDATE or DELETE was called"));
    }
    found.calls_per_s = interval_s.filter(|_| !earlier.is_empty()).map(|seconds| calls / seconds);
    Ok(Some(Figure::measured(found, origin)))
}

/// Sums by statement, which a hash of its text stands for, with their lines.
fn read(source: &Source) -> Result<BTreeMap<u64, (Sums, u64)>, ImportError> {
    let table = Table::read(source)?;
    let need = |known: &[&str]| {
        table.column(known).ok_or_else(|| source.wrong(1, format!("no column {}", known[0])))
    };
    let (calls, mean, text) = (need(&["calls"])?, need(MEAN)?, need(TEXT)?);
    let deviation = table.column(DEVIATION);
    let mut found: BTreeMap<u64, (Sums, u64)> = BTreeMap::new();
    for row in 0..table.rows.len() {
        let (line, cells) = &table.rows[row];
        let Some(writes) = writes(&cells[text]) else { continue };
        let (calls, mean) = (table.number(source, row, calls)?, table.number(source, row, mean)?);
        let deviation = deviation.map_or(Ok(0.0), |column| table.number(source, row, column))?;
        let identity = table.column(&["queryid"]).map_or(&cells[text], |column| &cells[column]);
        let entry = found
            .entry(hash_key(identity.as_bytes()))
            .or_insert((Sums { calls: 0.0, time_ms: 0.0, square_ms2: 0.0, writes }, *line));
        entry.0.calls += calls;
        entry.0.time_ms += calls * mean;
        entry.0.square_ms2 += calls * (mean * mean + deviation * deviation);
    }
    if found.is_empty() {
        return Err(source.refuse(
            "no SELECT, INSERT, UPDATE or DELETE in it: expected the column query with their texts",
        ));
    }
    Ok(found)
}

/// Whether a statement writes; `None`: it does neither (BEGIN, SET, VACUUM).
fn writes(query: &str) -> Option<bool> {
    let text = query.trim_start_matches(['(', ' ', '\n', '\t']).to_ascii_lowercase();
    let word = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let changes = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphabetic())
            .any(|word| ["insert", "update", "delete"].contains(&word))
    };
    match word {
        "select" | "table" | "values" => Some(false),
        "with" => Some(changes(&text)),
        "insert" | "update" | "delete" | "merge" => Some(true),
        // A number stands for an unknown text.
        "" if !text.is_empty() => Some(false),
        _ => None,
    }
}

/// Transactions per second of `pg_stat_database`, by two recordings.
///
/// # Errors
/// As [`statements`].
pub(super) fn transactions_per_s(
    sources: &[&Source],
    interval_s: Option<f64>,
) -> Result<Option<Figure<f64>>, ImportError> {
    let [first, last] = sources else {
        return match sources {
            [] => Ok(None),
            [only] => Err(only
                .refuse("pg_stat_database counts since its reset: expected two recordings some time apart")),
            [.., third] => Err(third.refuse("the third pg_stat_database: expected two of the same server")),
        };
    };
    let Some(seconds) = interval_s else {
        let problem = "two recordings without the time between them";
        return Err(last.refuse(problem).help("--interval 60s names it"));
    };
    let total = |source: &Source| -> Result<f64, ImportError> {
        let table = Table::read(source)?;
        let column =
            table.column(&["xact_commit"]).ok_or_else(|| source.wrong(1, "no column xact_commit"))?;
        (0..table.rows.len()).map(|row| table.number(source, row, column)).sum()
    };
    let (before, after) = (total(first)?, total(last)?);
    if after < before {
        let problem = format!("xact_commit {after} after {before} in {}", first.name);
        return Err(last.refuse(problem).help("the earlier recording comes first"));
    }
    let origin = format!("({} - {}) xact_commit over {seconds} s", last.name, first.name);
    Ok(Some(Figure::measured((after - before) / seconds, origin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, rows: &str) -> Source {
        let text = format!("query,calls,mean_exec_time,stddev_exec_time,rows\n{rows}");
        Source { name: name.into(), bytes: text.into_bytes(), role: None }
    }

    #[test]
    fn reads_and_writes_are_told_apart_by_the_first_word() {
        assert_eq!(writes("  (SELECT 1)"), Some(false));
        assert_eq!(writes("update t set a = $1"), Some(true));
        assert_eq!(writes("WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d"), Some(true));
        assert_eq!(writes("with updates as (select 1) select 1"), Some(false));
        assert_eq!((writes("COMMIT"), writes("-5571023")), (None, Some(false)));
    }

    #[test]
    fn two_recordings_give_the_time_between_them() {
        let first = source("a.csv", "select 1,100,4,3,1\nbegin,7,1,1,0\n");
        // 300 calls more of 200 ms + deviation: 400 calls of mean 7 are 2,800 ms, 400 before: 2,400 / 300 = 8.
        // Squares: 400 (49 + 16) - 100 (16 + 9) = 23,500; / 300 - 64 = 14.33.
        let last = source("b.csv", "select 1,400,7,4,1\ninsert into t,50,2,0,1\n");
        let found = statements(&[&first, &last], Some(10.0)).unwrap().unwrap().value;
        let read = found.reads[0];
        assert_eq!((read.weight, read.mean), (300.0, 8.0));
        assert!((read.deviation * read.deviation - 43.0 / 3.0).abs() < 1e-9);
        assert_eq!((found.writes[0].weight, found.calls_per_s), (50.0, Some(35.0)));
        let reversed = statements(&[&last, &first], Some(10.0)).unwrap_err();
        assert_eq!(reversed.to_string(), "a.csv:2: calls 100 after 400 in b.csv");
        let untimed = statements(&[&first, &last], None).unwrap_err();
        assert_eq!(untimed.to_string(), "b.csv: two recordings without the time between them");
        let cut = source("c.csv", "select 1,100,4,3,1\nselect 2,100,4\n");
        let cut = statements(&[&cut], None).unwrap_err().to_string();
        assert_eq!(cut, "c.csv:3: 3 cells where the header has 5; is the file cut off?");
    }
}
