//! Common parts of charts of single tiers: which tiers there are, and whether a tier has anything to draw.

use crate::record::Record;

/// The tiers of all variants, in the order of the record.
pub fn tiers(record: &Record) -> Vec<&str> {
    let mut tiers: Vec<&str> = Vec::new();
    for series in record.variants.iter().flat_map(|variant| &variant.windows.series) {
        let named = series.name.strip_prefix("tier.").and_then(|rest| rest.split_once('.'));
        // Files are named after tiers: a damaged record must not choose where they go.
        let plain = |name: &&str| {
            !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "-_".contains(letter))
        };
        if let Some(tier) = named.map(|(tier, _)| tier).filter(plain).filter(|tier| !tiers.contains(tier)) {
            tiers.push(tier);
        }
    }
    tiers
}

/// The highest value of these series in any variant; nothing where none of them ever changes.
pub fn peak(record: &Record, names: &[&str]) -> Option<f64> {
    let values = |name: &str| -> Vec<f64> {
        let found = record.variants.iter().filter_map(|variant| variant.series(name));
        found.flat_map(|series| series.values.iter().flatten().copied()).collect()
    };
    let all: Vec<Vec<f64>> = names.iter().map(|name| values(name)).collect();
    let changes = all.iter().any(|values| values.iter().any(|value| *value != values[0]));
    changes.then(|| all.into_iter().flatten().fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::SeriesRecord;
    use crate::record::fixture::record_of;

    fn record(series: &[(&str, &[f64])]) -> Record {
        let mut record = record_of(&[("a", Vec::new())], &[]);
        let one = |(name, values): &(&str, &[f64])| SeriesRecord {
            name: (*name).to_string(),
            unit: "count".to_string(),
            values: values.iter().copied().map(Some).collect(),
        };
        record.variants[0].windows.series = series.iter().map(one).collect();
        record
    }

    #[test]
    fn tiers_are_named_by_their_series_and_no_name_leads_elsewhere() {
        let names = ["db.qps", "tier.l1.bytes", "tier.l2.pool.saturation", "tier.l1.entries", "tier...bytes"];
        let series: Vec<(&str, &[f64])> =
            names.into_iter().chain(["tier./tmp/x.bytes"]).map(|name| (name, [].as_slice())).collect();
        assert_eq!(tiers(&record(&series)), ["l1", "l2"]);
    }

    #[test]
    fn what_never_changes_has_no_peak() {
        let record = record(&[("still", &[7.0, 7.0]), ("zero", &[0.0, 0.0]), ("moving", &[2.0, 5.0, 3.0])]);
        assert_eq!(peak(&record, &["still"]), None);
        assert_eq!(peak(&record, &["still", "zero"]), None);
        assert_eq!(peak(&record, &["zero", "moving"]), Some(5.0));
        assert_eq!(peak(&record, &["missing"]), None);
    }
}
