//! Differences between the variants: each against the baseline, setting by setting.

use crate::record::{Record, VariantRecord};

/// One variant against the baseline.
pub(super) struct Differences<'a> {
    pub name: &'a str,
    pub changes: Vec<Change>,
}

/// A setting that is not the baseline's; values as TOML.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub path: String,
    /// `None` where it is not set: the default holds.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// All variants but the baseline, with the settings in which they differ from it.
pub(super) fn differences(record: &Record) -> Vec<Differences<'_>> {
    let file = Written::new(record);
    let baseline = &record.variants[record.scenario.baseline];
    let others = record.variants.iter().enumerate().filter(|(index, _)| *index != record.scenario.baseline);
    others
        .map(|(_, variant)| Differences { name: &variant.name, changes: changes(&file, baseline, variant) })
        .collect()
}

fn changes(file: &Written<'_>, baseline: &VariantRecord, variant: &VariantRecord) -> Vec<Change> {
    let mut paths: Vec<&str> = Vec::new();
    for (path, _) in variant.settings.iter().chain(&baseline.settings) {
        if !paths.contains(&path.as_str()) {
            paths.push(path);
        }
    }
    let value = |of: &VariantRecord, path: &str| {
        // The last one wins, as in the file.
        let own = of.settings.iter().rev().find(|(name, _)| name == path).map(|(_, value)| value.clone());
        own.or_else(|| file.value(path))
    };
    let change = |path: &str| {
        let (before, after) = (value(baseline, path), value(variant, path));
        (before != after).then(|| Change { path: path.to_string(), before, after })
    };
    paths.into_iter().filter_map(change).collect()
}

/// Settings of the scenario file and the command line for all variants.
struct Written<'a> {
    file: Option<toml::Table>,
    overrides: Vec<(&'a str, &'a str)>,
}

impl Written<'_> {
    fn new(record: &Record) -> Written<'_> {
        let overrides = record.scenario.overrides.iter().filter_map(|text| text.split_once('=')).collect();
        Written { file: record.scenario.source.parse().ok(), overrides }
    }

    /// The value at a dotted path, where `[[tier]]`, `[[class]]` and `[[event]]` go by name.
    fn value(&self, path: &str) -> Option<String> {
        let set = self.overrides.iter().rev().find(|(name, _)| *name == path);
        if let Some((_, value)) = set {
            return Some((*value).to_string());
        }
        let mut at: Option<&toml::Value> = None;
        for segment in path.split('.') {
            at = match at {
                None => self.file.as_ref()?.get(segment),
                Some(toml::Value::Table(table)) => table.get(segment),
                Some(toml::Value::Array(items)) => items.iter().find(|item| {
                    let name = item.get("name").or_else(|| item.get("label"));
                    name.and_then(toml::Value::as_str) == Some(segment)
                }),
                Some(_) => None,
            };
            at?;
        }
        at.map(ToString::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::record_of;

    fn record(settings: &[&[(&str, &str)]]) -> Record {
        let names = ["a", "b", "c"];
        let variants: Vec<_> = names.iter().take(settings.len()).map(|name| (*name, Vec::new())).collect();
        let mut record = record_of(&variants, &[]);
        for (variant, settings) in record.variants.iter_mut().zip(settings) {
            variant.settings =
                settings.iter().map(|(path, value)| ((*path).into(), (*value).into())).collect();
        }
        record.scenario.source =
            "[[tier]]\nname = \"l2\"\nttl = \"5m\"\n[database]\npool = 10\nqueue = { limit = 5 }\n".into();
        record
    }

    fn told(record: &Record) -> Vec<String> {
        let say = |value: &Option<String>| value.clone().unwrap_or("default".into());
        let line =
            |change: &Change| format!("{} {} -> {}", change.path, say(&change.before), say(&change.after));
        differences(record)
            .iter()
            .flat_map(|one| one.changes.iter().map(line).map(|line| format!("{}: {line}", one.name)))
            .collect()
    }

    #[test]
    fn values_of_the_file_stand_for_what_a_variant_leaves_alone() {
        let record = record(&[
            &[],
            &[("tier.l2.ttl", "\"10m\""), ("tier.l2.jitter", "0.1")],
            &[("database.pool", "10"), ("database.queue", "{ limit = 7 }")],
        ]);
        assert_eq!(
            told(&record),
            [
                "b: tier.l2.ttl \"5m\" -> \"10m\"",
                "b: tier.l2.jitter default -> 0.1",
                "c: database.queue { limit = 5 } -> { limit = 7 }"
            ]
        );
    }

    #[test]
    fn what_only_the_baseline_sets_is_a_difference_of_all_others() {
        let mut record = record(&[&[("database.pool", "3")], &[]]);
        assert_eq!(told(&record), ["b: database.pool 3 -> 10"]);
        record.scenario.overrides = vec!["database.pool=4".into()];
        assert_eq!(told(&record), ["b: database.pool 3 -> 4"]);
    }
}
