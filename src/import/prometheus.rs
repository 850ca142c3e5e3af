//! Answers of Prometheus's `query_range` and `query` as JSON, and histogram buckets in general.

use serde_json::Value;

use super::series::{Series, checked};
use super::source::{Figure, ImportError, Role, Source};
use super::table::Table;
use crate::model::{Counted, Quantiles};

/// A histogram with the name by which its role is guessed.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    pub name: String,
    /// In seconds.
    pub table: Figure<Quantiles>,
}

impl Histogram {
    /// Role by its name, and whether the name has it.
    pub fn role(&self) -> (Role, bool) {
        let name = self.name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["write", "insert", "update"]) {
            (Role::DbWrite, true)
        } else if has(&["pg", "db", "sql", "query", "database"]) {
            (Role::DbRead, true)
        } else if has(&["http", "request", "response", "latency"]) {
            (Role::Latency, true)
        } else {
            (Role::DbRead, false)
        }
    }
}

/// # Errors
/// No JSON (with the line), not an answer with data, or data that is neither a series nor buckets.
pub(super) fn read(source: &Source) -> Result<(Vec<Series>, Vec<Histogram>), ImportError> {
    let answer: Value = serde_json::from_slice(&source.bytes).map_err(|error| {
        let expected = "expected the JSON of Prometheus's query_range";
        source.wrong(error.line() as u64, format!("{error}: {expected}; is the file cut off?"))
    })?;
    if answer["status"] == "error" {
        let reason = answer["error"].as_str().unwrap_or("no reason given");
        return Err(source.wrong(1, format!("the query failed: {reason}")));
    }
    let Some(results) = answer["data"]["result"].as_array() else {
        return Err(source.wrong(1, "no data.result: expected the JSON of Prometheus's query_range"));
    };
    if results.is_empty() {
        return Err(source.wrong(1, "the query has no result: expected at least one series"));
    }
    let mut series: Vec<Series> = Vec::new();
    // Histograms by name: bounds in seconds and counts.
    let mut buckets: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for result in results {
        let metric = result["metric"].as_object();
        let label = |name: &str| metric.and_then(|metric| metric.get(name)).and_then(Value::as_str);
        let name = match (label("__name__"), metric) {
            (Some(name), _) => name.to_owned(),
            // A function such as rate() leaves the name out; labels may still tell hits from misses.
            (None, Some(metric)) => {
                let values = metric.values().filter_map(Value::as_str);
                let telling = values.filter(|value| value.contains("hit") || value.contains("miss"));
                telling.fold(source.name.clone(), |name, value| format!("{name} {value}"))
            }
            (None, None) => source.name.clone(),
        };
        let points = match result["values"].as_array() {
            Some(values) => values.iter().map(|pair| point(source, pair)).collect::<Result<Vec<_>, _>>()?,
            None => vec![point(source, &result["value"])?],
        };
        let Some(bound) = label("le") else {
            add(&mut series, name, points);
            continue;
        };
        let bound: f64 = bound.parse().map_err(|_| {
            source.wrong(1, format!("le=\"{bound}\" of {name}: expected the bound of a bucket in seconds"))
        })?;
        let histogram = match buckets.iter_mut().find(|row| row.0 == name) {
            Some(known) => known,
            None => {
                buckets.push((name.clone(), Vec::new()));
                let new = buckets.len() - 1;
                &mut buckets[new]
            }
        };
        let count = grown(&points);
        match histogram.1.iter_mut().find(|row| row.0 == bound) {
            // Several instances of one histogram.
            Some(row) => row.1 += count,
            None => histogram.1.push((bound, count)),
        }
    }
    let series = series.into_iter().map(|series| checked(source, series)).collect::<Result<_, _>>()?;
    let histograms = buckets.into_iter().map(|(name, mut rows)| {
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let origin = source.at(1, &format!("{} buckets of {name}", rows.len()));
        Ok(Histogram { name, table: table_of(source, &rows, true, origin)? })
    });
    Ok((series, histograms.collect::<Result<_, ImportError>>()?))
}

/// Adds a series to the one of its name: those of several instances are one.
fn add(all: &mut Vec<Series>, name: String, points: Vec<(f64, f64)>) {
    let Some(known) = all.iter_mut().find(|series| series.name == name) else {
        all.push(Series { name, line: 1, points });
        return;
    };
    for (time, value) in points {
        match known.points.binary_search_by(|point| point.0.total_cmp(&time)) {
            Ok(index) => known.points[index].1 += value,
            Err(index) => known.points.insert(index, (time, value)),
        }
    }
}

fn point(source: &Source, pair: &Value) -> Result<(f64, f64), ImportError> {
    let value = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    match (value(&pair[0]), value(&pair[1])) {
        (Some(time), Some(value)) if time.is_finite() => {
            Ok((time, if value.is_finite() { value } else { 0.0 }))
        }
        _ => Err(source.wrong(1, format!("{pair}: expected a pair such as [1700000000, \"12.5\"]"))),
    }
}

/// A counter's growth, or the mean of rates.
fn grown(points: &[(f64, f64)]) -> f64 {
    let ascending = points.windows(2).all(|pair| pair[1].1 >= pair[0].1);
    match (points.first(), points.last()) {
        (Some(first), Some(last)) if ascending && last.1 > first.1 => last.1 - first.1,
        _ => points.iter().map(|point| point.1).sum::<f64>() / points.len().max(1) as f64,
    }
}

/// A CSV file of buckets: `le` in seconds, and a cumulative count.
///
/// # Errors
/// No count, bounds that do not ascend, counts that descend; with the line.
pub(super) fn buckets(source: &Source) -> Result<Histogram, ImportError> {
    let table = Table::read(source)?;
    let bound = table.column(&["le"]).unwrap_or(0);
    let known = ["count", "value", "cumulative", "calls", "cumulative_count"];
    let count = table.column(&known).or_else(|| (0..table.width()).find(|column| *column != bound));
    let count = count.ok_or_else(|| source.wrong(1, "no column with counts beside le"))?;
    let rows: Vec<(f64, f64)> = (0..table.rows.len())
        .map(|row| Ok((table.number_or_infinite(source, row, bound)?, table.number(source, row, count)?)))
        .collect::<Result<_, ImportError>>()?;
    let origin =
        source.at(2, &format!("{} buckets (le in seconds, cumulative {})", rows.len(), table.name(count)));
    Ok(Histogram { name: source.name.clone(), table: table_of(source, &rows, true, origin)? })
}

fn table_of(
    source: &Source,
    rows: &[(f64, f64)],
    cumulative: bool,
    origin: String,
) -> Result<Figure<Quantiles>, ImportError> {
    let numbered = rows.iter().zip(2..);
    let counted: Vec<Counted> = numbered.map(|(&(ns, count), line)| Counted { line, ns, count }).collect();
    let table = Quantiles::of_histogram(&counted, cumulative).map_err(|problem| source.refuse(problem))?;
    Ok(Figure::measured(table, origin))
}
