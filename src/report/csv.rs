//! The three CSV files. Columns are fixed; numbers are plain (a point, no grouping, nine significant
//! digits), cells without a value are empty.

use std::borrow::Cow;

use hdrhistogram::Histogram;

use crate::experiment::comparison::Comparison;
use crate::experiment::states::State;
use crate::record::{DistributionRecord, Record};

/// Digits to which a percentile is right: a tenth of a percent, finer than the record's own buckets.
const DIGITS: u8 = 3;

/// `summary.csv`: one row per variant and measure; where a variant has two states, one for each of them besides, which the last
/// column names.
pub fn summary(record: &Record, comparison: &Comparison) -> String {
    let heads =
        ["scenario", "variant", "measure", "unit", "mean", "ci_low", "ci_high", "replications", "state"];
    let mut rows = Rows::new(&heads);
    for variant in &comparison.variants {
        for measure in &variant.measures {
            let states = State::BOTH.iter().filter(|_| measure.by_state.is_some());
            for state in std::iter::once(None).chain(states.map(|state| Some(*state))) {
                let estimate = measure.estimate_in(state);
                let interval = estimate.and_then(|estimate| estimate.interval);
                rows.push(&[
                    &record.scenario.name,
                    &variant.name,
                    &measure.name,
                    &measure.unit,
                    &plain(estimate.map(|estimate| estimate.mean)),
                    &plain(interval.map(|(low, _)| low)),
                    &plain(interval.map(|(_, high)| high)),
                    &estimate.map_or(0, |estimate| estimate.n).to_string(),
                    state.map_or("", State::word),
                ]);
            }
        }
    }
    rows.finish()
}

/// `timeseries.csv`: one row per variant, window and series; `time_s` is the start of the window, also where the value is
/// the state at its end.
pub fn timeseries(record: &Record) -> String {
    let mut rows = Rows::new(&["variant", "time_s", "series", "unit", "value"]);
    for variant in &record.variants {
        let windows = variant.windows.series.iter().map(|series| series.values.len()).max().unwrap_or(0);
        let times: Vec<String> =
            (0..windows).map(|window| plain(Some(window as f64 * variant.windows.width_s))).collect();
        for series in &variant.windows.series {
            for (time, value) in times.iter().zip(&series.values) {
                rows.push(&[&variant.name, time, &series.name, &series.unit, &plain(*value)]);
            }
        }
    }
    rows.finish()
}

/// `percentiles.csv`: latency by variant and class at percentiles that are evenly spread on an axis of
/// nines. A percentile is left out where less than one request lies above it.
pub fn percentiles(record: &Record) -> String {
    let mut rows = Rows::new(&["variant", "class", "percentile", "latency_ms"]);
    for variant in &record.variants {
        for distribution in &variant.distributions {
            let Some(class) = distribution.name.strip_prefix("latency.") else { continue };
            for (percentile, value) in quantiles(distribution, &percentile_grid()) {
                let percentile = plain(Some(percentile));
                rows.push(&[&variant.name, class, &percentile, &plain(Some(value as f64 / 1e6))]);
            }
        }
    }
    rows.finish()
}

/// 0, 10, ... 90, 91, ... 99, 99.1, ... up to 99.999, with 50 and 95 among them.
fn percentile_grid() -> Vec<f64> {
    let mut grid = Vec::new();
    for nines in 0..5 {
        let start = 100_000 - 100_000 / 10_i64.pow(nines);
        let step = 10_000 / 10_i64.pow(nines);
        grid.extend((0..9).map(|index| (start + index * step) as f64 / 1000.0));
    }
    grid.push(99.999);
    grid
}

/// The values at given percentiles (ascending), as far as the counts reach: the smallest value, to three
/// digits, that at least that share of the counts does not exceed.
pub fn quantiles(distribution: &DistributionRecord, percentiles: &[f64]) -> Vec<(f64, u64)> {
    let Ok(mut histogram) = Histogram::<u64>::new(DIGITS) else { return Vec::new() };
    for (value, count) in &distribution.counts {
        if histogram.record_n(*value, *count).is_err() {
            return Vec::new();
        }
    }
    let total = histogram.len() as f64;
    let reached = |percentile: &f64| (1.0 - percentile / 100.0) * total >= 1.0 - 1e-9;
    let within = percentiles.iter().copied().take_while(reached);
    let values = histogram.value_at_percentiles(within.clone());
    within.zip(values.map(|value| histogram.median_equivalent(value))).collect()
}

/// Nine significant digits: more than any figure here deserves, and stable where the last bits are not.
pub(super) fn plain(value: Option<f64>) -> String {
    match value {
        // A whole number of at most nine digits is rounded already.
        Some(value) if value.fract() == 0.0 && value.abs() < 1e9 => value.to_string(),
        Some(value) if value.is_finite() => {
            format!("{value:.8e}").parse::<f64>().map_or(String::new(), |rounded| rounded.to_string())
        }
        _ => String::new(),
    }
}

/// Rows of text on their way into a CSV file.
pub(super) struct Rows(csv::Writer<Vec<u8>>);

impl Rows {
    pub fn new(header: &[&str]) -> Rows {
        let mut rows = Rows(csv::Writer::from_writer(Vec::new()));
        rows.push(header);
        rows
    }
    pub fn push(&mut self, cells: &[&str]) {
        let cells: Vec<Cow<'_, str>> = cells.iter().map(|cell| harmless(cell)).collect();
        // Writing to memory fails only for rows of unequal length, which the callers above do not have.
        let written = self.0.write_record(cells.iter().map(|cell| cell.as_bytes()));
        debug_assert!(written.is_ok(), "{written:?}");
    }
    pub fn finish(self) -> String {
        self.0.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// A spreadsheet takes a text that begins with one of these for a formula and runs it (OWASP, "CSV injection"). The apostrophe
/// makes it a text again. Numbers stay numbers.
fn harmless(cell: &str) -> Cow<'_, str> {
    let begins_a_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let is_number = cell.contains(|c: char| c.is_ascii_digit()) && cell.parse::<f64>().is_ok();
    if begins_a_formula && !is_number { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::stampede;

    #[test]
    fn each_of_two_states_has_a_row_of_its_own() {
        let record = crate::record::fixture::bimodal();
        let text = summary(&record, &compare(&record));
        let means: Vec<(&str, &str)> = text
            .lines()
            .filter(|line| line.starts_with("example,a,latency.all.p99_ms,"))
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                (cells[4], cells[8])
            })
            .collect();
        assert_eq!(means, [("4848", ""), ("96", "healthy"), ("9600", "collapsed")]);
    }

    #[test]
    fn columns_are_fixed() {
        let record = stampede(1);
        let summary = summary(&record, &compare(&record));
        let mut lines = summary.lines();
        assert_eq!(
            lines.next(),
            Some("scenario,variant,measure,unit,mean,ci_low,ci_high,replications,state")
        );
        assert_eq!(lines.clone().count(), record.variants[0].measures.len());
        let first = lines.next().unwrap();
        assert!(first.starts_with("stampede,ttl only,db.duplicate_fetches,1/s,39.6951478,"), "{first}");
        assert!(
            timeseries(&record)
                .starts_with("variant,time_s,series,unit,value\nttl only,0,requests.all,count,")
        );
        assert!(percentiles(&record).starts_with("variant,class,percentile,latency_ms\nttl only,all,0,"));
    }

    #[test]
    fn names_with_commas_and_quotes_are_quoted() {
        let mut record = stampede(1);
        record.variants[0].name = "a, \"b\"".to_string();
        assert!(timeseries(&record).contains("\"a, \"\"b\"\"\",0,"));
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for text in ["=1+1", "+1 s", "-x", "@sum(a1)", "\tx", "\rx", "\n=1", "-", "-inf", "＝1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["-1.5", "+3", "-1e-9", "1-2", "a=b", "", "'=1", "x"] {
            assert_eq!(harmless(text), text);
        }
        let mut record = stampede(1);
        record.variants[0].name = "=cmd|'/c calc'!a1".to_string();
        record.scenario.name = "-ttl".to_string();
        let summary = summary(&record, &compare(&record));
        assert!(summary.lines().skip(1).all(|row| row.starts_with("'-ttl,'=cmd|'/c calc'!a1,")), "{summary}");
        for text in [timeseries(&record), percentiles(&record)] {
            assert!(text.lines().skip(1).all(|row| row.starts_with("'=cmd|'/c calc'!a1,")), "{text}");
        }
    }

    #[test]
    fn quantiles_of_counts() {
        let distribution = DistributionRecord {
            name: "latency.all".into(),
            unit: "ns".into(),
            counts: vec![(1, 50), (2, 40), (3, 9), (4, 1)],
        };
        let at = |percentiles: &[f64]| quantiles(&distribution, percentiles);
        assert_eq!(
            at(&[0.0, 50.0, 51.0, 90.0, 91.0, 99.0, 99.9]),
            [(0.0, 1), (50.0, 1), (51.0, 2), (90.0, 2), (91.0, 3), (99.0, 3)]
        );
    }

    #[test]
    fn the_grid_is_even_in_nines() {
        let grid = percentile_grid();
        assert_eq!((grid.len(), grid[9], grid[18], grid[45]), (46, 90.0, 99.0, 99.999));
        assert!(grid.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
