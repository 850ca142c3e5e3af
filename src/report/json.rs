//! `results.json`: the record, written so that equal records give equal bytes, and read so that nothing
//! that is not a record passes for one.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ReportError, consistency};
use crate::catalog::find_series;
use crate::record::{Record, SCHEMA, SeriesRecord, Timings, VariantRecord, WindowsRecord};

/// Largest `results.json`, in bytes. Longer time series are written with wider windows.
pub const RESULTS_BYTES_MAX: usize = 10_000_000;

/// The record as it is written, and its JSON: keys in the order of the types, one line per field. Where the
/// file would exceed [`RESULTS_BYTES_MAX`], it is made shorter step by step until it does not: neighbouring windows are
/// merged (`width_s` gives the width), then neighbouring buckets of distributions, then maps of latency are left out, then values
/// of measures are rounded to six digits. Everything else is drawn from the returned record, so that a report drawn again is the
/// same.
///
/// # Errors
/// The record does not fit even so; [`super::room`] refuses such a run before it is begun.
pub fn to_json(record: &Record) -> Result<(Cow<'_, Record>, String), ReportError> {
    bounded_json(record, RESULTS_BYTES_MAX)
}

fn bounded_json(record: &Record, bytes_max: usize) -> Result<(Cow<'_, Record>, String), ReportError> {
    let mut record = Cow::Borrowed(record);
    let mut text = encode(&*record)?;
    let mut is_rounded = false;
    while text.len() > bytes_max {
        if longest(&record, |variant| variant.windows.series.iter().map(|series| series.values.len())) > 2 {
            for variant in &mut record.to_mut().variants {
                // Windows are nearly all of a large file: a file four times too large is halved twice at once.
                for _ in 0..(text.len() / bytes_max).ilog2().max(1) {
                    variant.windows = merged(&variant.windows);
                }
            }
        } else if longest(&record, |variant| variant.distributions.iter().map(|one| one.counts.len()))
            > BUCKETS_MIN
        {
            let all = record.to_mut().variants.iter_mut().flat_map(|variant| &mut variant.distributions);
            all.filter(|one| one.counts.len() > BUCKETS_MIN)
                .for_each(|one| one.counts = coarser(&one.counts));
        } else if record.variants.iter().any(|variant| variant.latency_map.is_some()) {
            record.to_mut().variants.iter_mut().for_each(|variant| variant.latency_map = None);
        } else if !is_rounded {
            let all = record.to_mut().variants.iter_mut().flat_map(|variant| &mut variant.measures);
            all.flat_map(|measure| measure.values.iter_mut().flatten())
                .for_each(|value| *value = rounded(*value));
            is_rounded = true;
        } else {
            let problem = format!("the record takes {} bytes, at most {bytes_max} are written", text.len());
            return Err(ReportError::Make { what: "results.json".to_string(), problem });
        }
        text = encode(&*record)?;
    }
    Ok((record, text))
}

/// Buckets of a distribution down to which they are merged.
const BUCKETS_MIN: usize = 16;

/// The greatest of some lengths, over all variants.
fn longest<'r, L: Iterator<Item = usize>>(record: &'r Record, of: impl Fn(&'r VariantRecord) -> L) -> usize {
    record.variants.iter().flat_map(of).max().unwrap_or(0)
}

/// Half as many buckets: of each pair the value that counts more.
fn coarser(counts: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let merge = |pair: &[(u64, u64)]| match *pair {
        [(low, few), (high, more)] => (if few > more { low } else { high }, few + more),
        _ => pair[0],
    };
    counts.chunks(2).map(merge).collect()
}

/// To six digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Windows of twice the width. Counts add up; everything else is averaged, weighted with the requests of
/// the window where the series is about requests.
fn merged(windows: &WindowsRecord) -> WindowsRecord {
    let find = |name: &str| windows.series.iter().find(|series| series.name == name);
    let merge = |series: &SeriesRecord| {
        let counted = series.name.starts_with("requests.");
        let weights = find_series(&series.name).and_then(|info| find(info.weight?));
        let values = (0..series.values.len().div_ceil(2)).map(|window| {
            let pair = [2 * window, 2 * window + 1];
            let at = |index: usize| series.values.get(index).copied().flatten();
            let weight = |index: usize| match weights {
                Some(weights) => weights.values.get(index).copied().flatten().unwrap_or(0.0),
                None => 1.0,
            };
            let parts: Vec<(f64, f64)> =
                pair.into_iter().filter_map(|index| Some((at(index)?, weight(index)))).collect();
            let total: f64 = parts.iter().map(|(_, weight)| weight).sum();
            match parts.as_slice() {
                [] => None,
                parts if counted => Some(parts.iter().map(|(value, _)| value).sum()),
                parts if total > 0.0 => {
                    Some(parts.iter().map(|(value, weight)| value * weight).sum::<f64>() / total)
                }
                parts => Some(parts.iter().map(|(value, _)| value).sum::<f64>() / parts.len() as f64),
            }
        });
        SeriesRecord { name: series.name.clone(), unit: series.unit.clone(), values: values.collect() }
    };
    WindowsRecord { width_s: windows.width_s * 2.0, series: windows.series.iter().map(merge).collect() }
}

/// `timings.json`.
///
/// # Errors
/// Never for finite numbers.
pub fn timings_to_json(timings: &Timings) -> Result<String, ReportError> {
    encode(timings)
}

/// Objects on lines of their own, arrays of numbers on one line.
///
/// # Errors
/// A value that JSON cannot hold.
pub fn encode(value: &impl Serialize) -> Result<String, ReportError> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Lines { depth: 0 });
    let encoded = value.serialize(&mut serializer).map_err(|error| error.to_string());
    encoded
        .and_then(|()| String::from_utf8(bytes).map_err(|error| error.to_string()))
        .map(|text| text + "\n")
        .map_err(|problem| ReportError::Make { what: "JSON".to_string(), problem })
}

/// Reads a record.
///
/// # Errors
/// The file cannot be read, is not a whole record, or has another schema; each names the file.
pub fn read(path: &Path) -> Result<Record, ReportError> {
    let text = std::fs::read_to_string(path).map_err(|source| ReportError::File {
        action: "read",
        path: path.to_path_buf(),
        source,
    })?;
    parse(&text, path)
}

/// Reads a record from its text; `path` is its name in errors.
///
/// # Errors
/// It is not a whole record, or has another schema; each names the file.
pub fn parse(text: &str, path: &Path) -> Result<Record, ReportError> {
    #[derive(Deserialize)]
    struct Header {
        schema: u64,
        #[serde(default)]
        herdlab: String,
    }
    let damaged = |problem: String| ReportError::Damaged { path: path.to_path_buf(), problem };
    // The version first: with another one, every other complaint would mislead.
    let header: Header = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    if !(1..=u64::from(SCHEMA)).contains(&header.schema) {
        return Err(ReportError::Schema {
            path: path.to_path_buf(),
            found: header.schema,
            expected: format!("schemas 1 to {SCHEMA}"),
            writer: header.herdlab,
        });
    }
    let record: Record = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    match problem(&record) {
        Some(problem) => Err(damaged(problem)),
        None => Ok(record),
    }
}

/// Why a record that was read is none of ours.
pub(super) fn problem(record: &Record) -> Option<String> {
    match (1..=SCHEMA).contains(&record.schema) {
        true => consistency::problem(record),
        false => Some(format!("schema {}; this herdlab reads schemas 1 to {SCHEMA}", record.schema)),
    }
}

/// A [`serde_json::ser::Formatter`] that breaks lines in objects only.
struct Lines {
    depth: usize,
}

impl Lines {
    fn line<W: ?Sized + io::Write>(&self, writer: &mut W) -> io::Result<()> {
        write!(writer, "\n{:indent$}", "", indent = self.depth)
    }
}

impl serde_json::ser::Formatter for Lines {
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.line(writer)
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.line(writer)?;
        writer.write_all(b"}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::stampede;

    fn reading(text: &str) -> Result<Record, String> {
        parse(text, Path::new("old/results.json")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_record_survives_the_file() {
        let mut record = stampede(2);
        record.variants[0].measures[0].values[3] = None;
        let text = to_json(&record).unwrap().1;
        let read = reading(&text).unwrap();
        assert!(read == record);
        assert_eq!(to_json(&read).unwrap().1, text);
    }

    #[test]
    fn other_schemas_and_damaged_files_are_refused_by_name() {
        let text = to_json(&stampede(1)).unwrap().1;
        let newer = reading(&text.replacen("\"schema\": 2", "\"schema\": 7", 1)).unwrap_err();
        assert!(
            newer.contains("old/results.json has schema 7") && newer.contains("reads schemas 1 to 2"),
            "{newer}"
        );
        let half = reading(&text[..text.len() / 2]).unwrap_err();
        assert!(half.contains("old/results.json is not a record of herdlab"), "{half}");
        let extra = reading(&text.replacen("\"question\"", "\"quest\"", 1)).unwrap_err();
        assert!(extra.contains("quest"), "{extra}");
        let baseline = reading(&text.replacen("\"baseline\": 0", "\"baseline\": 4", 1)).unwrap_err();
        assert!(baseline.contains("baseline 4 of 1"), "{baseline}");
        let counts = |counts: &[(u64, u64)]| {
            let mut record = stampede(1);
            record.variants[0].distributions[0].counts = counts.to_vec();
            reading(&encode(&record).unwrap())
        };
        assert!(counts(&[(1, u64::MAX), (2, 1)]).unwrap_err().contains("too large"));
        assert!(counts(&[(2, 1), (1, 1)]).unwrap_err().contains("not in order"));
        assert!(counts(&[(1, 1), (2, 1)]).is_ok());
        let mut huge = stampede(1);
        huge.variants[0].measures[0].values[0] = Some(1e300);
        assert!(reading(&encode(&huge).unwrap()).unwrap_err().contains("1e300 as a value of `"));
    }

    #[test]
    fn a_long_record_gets_wider_windows_and_says_so() {
        let record = stampede(1);
        let full = to_json(&record).unwrap().1;
        let (written, text) = bounded_json(&record, full.len() - 1).unwrap();
        let shorter = reading(&text).unwrap();
        assert!(*written == shorter);
        let (before, after) = (&record.variants[0], &shorter.variants[0]);
        assert_eq!(after.windows.width_s, 2.0);
        let sum = |values: &[Option<f64>]| values.iter().flatten().sum::<f64>();
        let requests =
            |variant: &crate::record::VariantRecord| sum(&variant.series("requests.all").unwrap().values);
        assert!((requests(before) - requests(after)).abs() < 1e-6);
        assert!(before.measures == after.measures);
        assert!(bounded_json(&record, 10).is_err());
    }

    /// Beyond the savings of wider windows come coarser distributions, and then shorter numbers.
    #[test]
    fn a_record_of_many_values_is_written_with_fewer_digits() {
        assert_eq!(coarser(&[(1, 5), (2, 4), (3, 1), (5, 1), (9, 7)]), [(1, 9), (5, 2), (9, 7)]);
        assert_eq!([rounded(1.0 / 3.0), rounded(-1234567.0), rounded(0.0)], [0.333333, -1234570.0, 0.0]);
        let mut record = stampede(1);
        let names = record.variants[0].measures.len();
        record.variants[0].measures.iter_mut().for_each(|measure| {
            measure.values = (0..1_000).map(|value| Some(f64::from(value) / 7.0)).collect();
        });
        record.scenario.replications = 1_000;
        record.scenario.finished = 1_000;
        // A number of full length takes 17 bytes or more, one of six digits at most 12.
        let (written, text) = bounded_json(&record, names * 1_000 * 14).unwrap();
        let variant = &written.variants[0];
        assert!(variant.windows.series.iter().all(|series| series.values.len() <= 2));
        assert!(variant.distributions.iter().all(|one| one.counts.len() <= BUCKETS_MIN));
        assert_eq!(variant.measures[0].values[1], Some(0.142857));
        let count = |record: &Record| -> u64 {
            record.variants[0].distributions.iter().flat_map(|one| &one.counts).map(|bucket| bucket.1).sum()
        };
        assert_eq!(count(&written), count(&record));
        assert!(reading(&text).unwrap() == *written);
    }
}
