//! Measures whose meaning changed between schemas of the record. A record of an older schema is still drawn and compared;
//! these measures are named, and get no verdict.

use super::record::{Record, SCHEMA};
use crate::catalog::{CATALOG, MeasureInfo, matches};

/// A measure, or a family of them, that an older program defined in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// As in the catalogue: `<event>` stands for a name of the scenario.
    pub pattern: &'static str,
    /// The first schema with the new meaning.
    pub since: u32,
    /// The meaning before, in a few words.
    pub before: &'static str,
}

const CHANGES: &[Change] = &[
    Change { pattern: "db.qps.peak", since: 2, before: "the busiest window" },
    Change {
        pattern: "event.<event>.recovery_s",
        since: 2,
        before: "until the first five windows in a row whose goodput was at least 95 % of arrivals",
    },
    Change {
        pattern: "event.<event>.metastable",
        since: 2,
        before: "no five windows in a row whose goodput was at least 95 % of arrivals",
    },
    Change { pattern: "entries.peak", since: 2, before: "the most at the end of a window" },
    Change { pattern: "memory.peak_bytes", since: 2, before: "the most at the end of a window" },
    Change { pattern: "tier.<tier>.entries.peak", since: 2, before: "the most at the end of a window" },
    Change { pattern: "tier.<tier>.memory.peak_bytes", since: 2, before: "the most at the end of a window" },
    Change { pattern: "writes.unflushed", since: 2, before: "copies of keys" },
    Change { pattern: "writes.unflushed.peak", since: 2, before: "copies of keys" },
];

/// The change of a measure's meaning since a record of this schema was written; `None` where it means the same today.
///
/// ```
/// use herdlab::measure::meaning::changed;
/// assert!(changed(1, "event.flush.recovery_s").is_some());
/// assert!(changed(1, "hit_ratio").is_none());
/// assert!(changed(2, "event.flush.recovery_s").is_none());
/// ```
pub fn changed(schema: u32, name: &str) -> Option<&'static Change> {
    CHANGES.iter().find(|change| change.since > schema && matches(change.pattern, name))
}

/// The measures of a record whose meaning has changed since, in the order of the catalogue and once for each family.
fn affected(record: &Record) -> Vec<(&'static Change, &'static MeasureInfo)> {
    let measured = |pattern: &str| {
        let mut measures = record.variants.iter().flat_map(|variant| &variant.measures);
        measures.any(|measure| matches(pattern, &measure.name))
    };
    let info = |change: &Change| CATALOG.iter().find(|info| info.pattern == change.pattern);
    let older = CHANGES.iter().filter(|change| change.since > record.schema && measured(change.pattern));
    older.filter_map(|change| Some((change, info(change)?))).collect()
}

/// The sentence that a report of an older record carries; `None` for a record of today's schema, and where no measure
/// of it has changed.
pub fn caution(record: &Record) -> Option<String> {
    let affected = affected(record);
    if record.schema >= SCHEMA || affected.is_empty() {
        return None;
    }
    let list: Vec<String> = affected
        .iter()
        .map(|(change, info)| format!("{} (then {}; now {})", change.pattern, change.before, info.meaning))
        .collect();
    Some(format!(
        "Written by herdlab {}. The meaning of these measures has changed since, and they get no verdict: {}.",
        record.herdlab,
        list.join("; ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::{measure, record_of};

    #[test]
    fn every_change_is_about_a_measure_of_the_catalogue_and_an_earlier_schema() {
        for change in CHANGES {
            assert!(CATALOG.iter().any(|info| info.pattern == change.pattern), "{}", change.pattern);
            assert!((2..=SCHEMA).contains(&change.since), "{}", change.pattern);
        }
    }

    #[test]
    fn only_older_records_carry_the_caution_and_only_about_their_own_measures() {
        let mut record = record_of(&[("a", vec![measure("db.qps.peak", &[1.0])])], &[]);
        assert_eq!(caution(&record), None);
        (record.schema, record.herdlab) = (1, "0.1.0".to_owned());
        let words = caution(&record).unwrap();
        assert!(words.starts_with("Written by herdlab 0.1.0."), "{words}");
        assert!(words.contains("db.qps.peak (then the busiest window; now "), "{words}");
        assert!(!words.contains("recovery_s"), "{words}");
    }
}
