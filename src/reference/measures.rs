//! A measure in words.

use crate::catalog::table::SECTIONS;
use crate::catalog::{Better, CATALOG, MeasureInfo, find};

const PERCENTILE: &str = "The nearest-rank percentile, at the midpoint of its bucket. Buckets are at most 0.4 % of their \
                          value wide, within windows 3 %.";

/// The measure of a name or a pattern.
pub(super) fn named(word: &str) -> Option<&'static MeasureInfo> {
    CATALOG.iter().find(|info| info.pattern == word).or_else(|| find(word))
}

/// Description of the given word.
pub(super) fn title(asked: &str, info: &MeasureInfo) -> String {
    match asked == info.pattern {
        true => format!("{}: a measure", info.pattern),
        false => format!("{asked}: the measure {}", info.pattern),
    }
}

/// Labels and texts.
pub(super) fn parts(info: &MeasureInfo) -> Vec<(&'static str, String)> {
    let better = match info.better {
        Better::Lower => "lower is better",
        Better::Higher => "higher is better",
        Better::Neither => "neither way is better: it describes, it does not judge",
    };
    let unit = match info.unit {
        "1" if info.may_exceed_one() => "a ratio, shown in per cent; it may exceed 100 %",
        "1" => "a share from 0 to 1, shown in per cent",
        "1/s" => "per second",
        "count" => "a number of things",
        "cost" => "money, in the currency of [price]",
        unit => unit,
    };
    let mut parts = vec![
        ("meaning", info.meaning.to_owned()),
        ("unit", unit.to_owned()),
        ("direction", better.to_owned()),
    ];
    let percentile = is_percentile(info.pattern).then_some(PERCENTILE);
    for note in [info.note].into_iter().chain(percentile).filter(|note| !note.is_empty()) {
        parts.push(("computed", note.to_owned()));
    }
    if let Some(series) = info.series {
        parts.push(("over time", series.pattern.to_owned()));
    }
    let section = SECTIONS.iter().find(|section| section.rows.iter().any(|row| row.pattern == info.pattern));
    let model = section.map_or(String::new(), |section| format!("; docs/model.md: {}", section.model));
    parts.push(("more", format!("docs/measures.md{model}")));
    parts
}

/// Whether it is a percentile of a histogram; those of remaining times to live are of samples.
fn is_percentile(pattern: &str) -> bool {
    if pattern.contains(".ttl.") {
        return false;
    }
    let last = pattern.split('.').find_map(|part| part.strip_prefix('p'));
    last.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_told_from_peaks() {
        assert!(is_percentile("latency.all.p999_ms") && is_percentile("event.<event>.latency.p99.worst_ms"));
        assert!(!is_percentile("db.qps.peak") && !is_percentile("latency.all.mean_ms"));
        assert!(!is_percentile("tier.<tier>.ttl.p10_s"));
    }

    #[test]
    fn every_measure_is_explained_with_its_section() {
        for info in CATALOG {
            let parts = parts(info);
            assert_eq!(parts[0].1, info.meaning);
            assert!(parts.last().unwrap().1.contains("docs/model.md: "), "{}", info.pattern);
        }
        assert_eq!(
            title("tier.l2.hit_ratio", named("tier.l2.hit_ratio").unwrap()),
            "tier.l2.hit_ratio: the measure tier.<tier>.hit_ratio"
        );
    }
}
