//! Latencies as HdrHistogram prints them (`.hgrm`), for its plotter and everything else that reads that format.
//!
//! One file per variant and class of requests; values are milliseconds, over all replications together.

use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;

use crate::record::{DistributionRecord, Record};

/// Rows for each halving of the distance to 100 %, as HdrHistogram's own tools have it.
const TICKS_PER_HALF_DISTANCE: u32 = 5;
/// Significant digits of the values: finer than the buckets of the record.
const DIGITS: u8 = 3;

/// `hgrm/<variant>.<class>.hgrm` below `dir`: the paths and what goes there.
pub fn files(record: &Record, dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for variant in &record.variants {
        for distribution in &variant.distributions {
            let Some(class) = distribution.name.strip_prefix("latency.") else { continue };
            let Some(text) = render(distribution) else { continue };
            let path = free(&dir.join("hgrm"), &format!("{}.{class}", plain(&variant.name)), &files);
            files.push((path, text.into_bytes()));
        }
    }
    files
}

/// A name that no file of this run has; different names of variants may be one when written plainly.
fn free(folder: &Path, stem: &str, taken: &[(PathBuf, Vec<u8>)]) -> PathBuf {
    let numbered = (2..).map(|number| format!("{stem}-{number}.hgrm"));
    let mut names = std::iter::once(format!("{stem}.hgrm")).chain(numbered).map(|name| folder.join(name));
    names.find(|path| !taken.iter().any(|(known, _)| known == path)).unwrap_or_else(|| folder.join(stem))
}

/// Letters and digits, everything else a hyphen: a name for any file system.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect()
}

/// The percentile distribution as text; `None` where nothing was counted.
pub fn render(distribution: &DistributionRecord) -> Option<String> {
    let largest = distribution.counts.iter().map(|(value, _)| *value).max()?;
    let mut histogram = Histogram::<u64>::new_with_bounds(1, largest.max(2), DIGITS).ok()?;
    for (value_ns, count) in &distribution.counts {
        histogram.record_n((*value_ns).max(1), *count).ok()?;
    }
    let ms = |ns: f64| ns / 1e6;
    let mut text =
        format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut total = 0;
    for step in histogram.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        total += step.count_since_last_iteration();
        let (value, quantile) = (ms(step.value_iterated_to() as f64), step.quantile_iterated_to());
        if quantile < 1.0 {
            let odds = 1.0 / (1.0 - quantile);
            text.push_str(&format!("{value:12.3} {quantile:2.12} {total:10} {odds:14.2}\n"));
        } else {
            text.push_str(&format!("{value:12.3} {quantile:2.12} {total:10}\n"));
        }
    }
    text.push_str(&format!(
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]\n#[Max     = {:12.3}, Total count    = {:12}]\n\
         #[Buckets = {:12}, SubBuckets     = {:12}]\n",
        ms(histogram.mean()),
        ms(histogram.stdev()),
        ms(histogram.max() as f64),
        histogram.len(),
        histogram.buckets(),
        // As many as the digits need, a power of two.
        (2 * 10u64.pow(u32::from(DIGITS))).next_power_of_two(),
    ));
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (value, percentile, total count) of each row, read as the plotter reads them.
    fn rows(text: &str) -> Vec<(f64, f64, u64)> {
        text.lines()
            .skip(1)
            .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|line| {
                let cells: Vec<&str> = line.split_whitespace().collect();
                assert!(cells.len() == 4 || (cells.len() == 3 && cells[1] == "1.000000000000"), "{line}");
                let (value, percentile) = (cells[0].parse().unwrap(), cells[1].parse::<f64>().unwrap());
                if let Some(odds) = cells.get(3) {
                    let odds: f64 = odds.parse().unwrap();
                    assert!((odds * (1.0 - percentile) - 1.0).abs() < 0.01, "{line}");
                }
                (value, percentile, cells[2].parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn a_uniform_distribution_reads_back() {
        // 1 to 100 ms, each once.
        let counts = (1..=100).map(|ms| (ms * 1_000_000, 1)).collect();
        let distribution = DistributionRecord { name: "latency.all".into(), unit: "ns".into(), counts };
        let text = render(&distribution).unwrap();
        let rows = rows(&text);
        assert!(
            rows.windows(2)
                .all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1 && pair[0].2 <= pair[1].2)
        );
        let (value, percentile, total) = rows[rows.len() - 1];
        assert_eq!((percentile, total), (1.0, 100));
        assert!((value - 100.0).abs() < 0.1, "{value}");
        let median = rows.iter().find(|row| row.1 >= 0.5).unwrap();
        assert!((median.0 - 50.0).abs() <= 0.1 && median.2 == 50, "{median:?}");
        let mean = text.split("#[Mean    =").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
        assert!((mean.trim().parse::<f64>().unwrap() - 50.5).abs() < 0.01, "{text}");
        assert!(text.contains("Total count    =          100]"), "{text}");
        // All latencies zero, and nothing at all.
        let counted = |counts| DistributionRecord { name: "latency.all".into(), unit: "ns".into(), counts };
        assert!(render(&counted(vec![(0, 5)])).unwrap().contains("Total count    =            5]"));
        assert!(render(&counted(Vec::new())).is_none());
    }

    #[test]
    fn a_file_per_variant_and_class_under_names_that_any_system_takes() {
        let mut record = crate::record::fixture::stampede(3);
        record.variants[1].name = "a/b".into();
        record.variants[2].name = "a b".into();
        let folder = tempfile::tempdir().unwrap();
        let written = files(&record, folder.path());
        let names: Vec<String> = written
            .iter()
            .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        for name in ["ttl-only.all.hgrm", "a-b.all.hgrm", "a-b.all-2.hgrm"] {
            assert!(names.iter().any(|known| known == name), "{names:?}");
        }
        assert!(!names.iter().any(|name| name.contains("queue")), "{names:?}");
        for (_, text) in written {
            assert!(!rows(std::str::from_utf8(&text).unwrap()).is_empty());
        }
    }
}
