//! Measures whose meaning changed between schemas of the record. A record of an older schema is still drawn and compared;
//! these measures are named, and get no verdict.

use super::{Record, SCHEMA};
use crate::catalog::{CATALOG, Change, MeasureInfo, find, matches};

/// The change of a measure's meaning since a record of this schema was written; `None` where it means the same today.
///
/// ```
/// use herdlab::record::meaning::changed;
/// assert!(changed(1, "event.flush.recovery_s").is_some());
/// assert!(changed(1, "hit_ratio").is_none());
/// assert!(changed(2, "event.flush.recovery_s").is_none());
/// ```
pub fn changed(schema: u32, name: &str) -> Option<Change> {
    find(name)?.changed.filter(|change| change.since > schema)
}

/// The measures of a record whose meaning has changed since, in the order of the catalogue and once for each family.
fn affected(record: &Record) -> Vec<(Change, &'static MeasureInfo)> {
    let measured = |pattern: &str| {
        let mut measures = record.variants.iter().flat_map(|variant| &variant.measures);
        measures.any(|measure| matches(pattern, &measure.name))
    };
    let changed = CATALOG.iter().filter_map(|info| Some((info.changed?, info)));
    changed.filter(|(change, info)| change.since > record.schema && measured(info.pattern)).collect()
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
        .map(|(change, info)| format!("{} (then {}; now {})", info.pattern, change.before, info.meaning))
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
    use crate::record::fixture::{measure, record_of};

    #[test]
    fn every_change_came_with_a_schema_after_the_first() {
        for change in CATALOG.iter().filter_map(|info| info.changed) {
            assert!((2..=SCHEMA).contains(&change.since), "{change:?}");
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
