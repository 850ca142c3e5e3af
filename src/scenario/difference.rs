//! Two scenario files: the options in which they differ, and both as one experiment, so that one can be reviewed against the other.

use super::Diagnostics;
use super::digest::{digest, fingerprint};
use crate::model::{Experiment, Threshold, Variant};
use crate::units;

/// An option that two files set to different values, or that one of them leaves out.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Dotted, with the names of tiers, classes and events: `tier.redis.ttl`.
    pub path: String,
    /// The values as TOML; `None` where the file leaves it out.
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Tables and options that describe the file and what is asked of it, not the system.
const NOT_OF_THE_SYSTEM: &[&str] = &[
    "question",
    "name",
    "answer",
    "practice",
    "headline",
    "variant",
    "baseline",
    "sweep",
    "recommend",
    "observed",
    "lint",
    "seed",
    "replications",
    "precision",
];

/// The options in which two files differ, in the order of the first and then of the second. Values of the same meaning (`60s` and
/// `1m`) are no difference. Variants are left out.
pub fn differences(before: &str, after: &str) -> Vec<Difference> {
    let (before, after) = (values(before), values(after));
    let value = |of: &[(String, toml::Value)], path: &str| {
        of.iter().find(|(other, _)| other == path).map(|(_, value)| value.clone())
    };
    let mut paths: Vec<&String> = before.iter().map(|(path, _)| path).collect();
    for (path, _) in &after {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let difference = |path: &String| {
        let (before, after) = (value(&before, path), value(&after, path));
        let is_same = match (&before, &after) {
            (Some(before), Some(after)) => means_the_same(before, after),
            _ => false,
        };
        let text = |value: Option<toml::Value>| value.map(|value| value.to_string());
        (!is_same).then(|| Difference { path: path.clone(), before: text(before), after: text(after) })
    };
    paths.into_iter().filter_map(difference).collect()
}

impl Difference {
    /// Whether a setting that holds for both files takes the place of both values: of this path, or of a table around it.
    pub fn is_settled_by(&self, path: &str) -> bool {
        self.path == path || self.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
    }
}

/// The values of a file at the ends of their paths.
fn values(text: &str) -> Vec<(String, toml::Value)> {
    let mut found = Vec::new();
    let Ok(table) = text.parse::<toml::Table>() else { return found };
    for (key, value) in table.iter().filter(|(key, _)| !NOT_OF_THE_SYSTEM.contains(&key.as_str())) {
        match (key.as_str(), value) {
            ("tier" | "class" | "event" | "threshold", toml::Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let name = ["name", "label", "measure"].iter().find_map(|name| item.get(name)?.as_str());
                    let name = name.map_or_else(|| (index + 1).to_string(), str::to_owned);
                    collect(&format!("{key}.{name}"), item, &mut found);
                }
            }
            _ => collect(key, value, &mut found),
        }
    }
    found
}

fn collect(path: &str, value: &toml::Value, found: &mut Vec<(String, toml::Value)>) {
    match value {
        toml::Value::Table(table) if !table.is_empty() => {
            let names = ["name", "label"];
            table
                .iter()
                .filter(|(key, _)| !(path.contains('.') && names.contains(&key.as_str())))
                .for_each(|(key, value)| collect(&format!("{path}.{key}"), value, found));
        }
        value => found.push((path.to_owned(), value.clone())),
    }
}

fn means_the_same(before: &toml::Value, after: &toml::Value) -> bool {
    let quantity = |value: &toml::Value| -> Option<(u8, f64)> {
        match value {
            toml::Value::Integer(whole) => Some((0, *whole as f64)),
            toml::Value::Float(float) => Some((0, *float)),
            toml::Value::String(text) => {
                let duration = units::parse_duration(text).map(|ns| (1, ns as f64));
                let percentage = units::parse_percentage(text).map(|share| (0, share));
                duration.or(percentage.map_err(|_| ())).ok()
            }
            _ => None,
        }
    };
    before == after || quantity(before).is_some_and(|known| quantity(after) == Some(known))
}

/// The baseline of one experiment and the variants of another as one experiment: `names` stand for the two files.
///
/// Seed, replications and precision are those of the first, the headline that of the second. The limits of both hold; where both set
/// one on the same measure and side, that of the second. The longer warm-up of the two holds for both. `differences` are those of the files.
///
/// # Errors
/// The two simulate different spans of time, which no figure of theirs could be compared over.
pub fn together(
    before: Experiment,
    after: Experiment,
    names: [&str; 2],
    differences: &[Difference],
) -> Result<Experiment, Diagnostics> {
    let first = &before.variants[before.baseline];
    let own = &after.variants[after.baseline];
    let span = |variant: &Variant| (variant.model.duration_ns, variant.model.window_ns);
    if span(first) != span(own) {
        let text = |(duration_ns, window_ns): (u64, u64)| {
            format!(
                "{} in windows of {}",
                units::format_duration(duration_ns),
                units::format_duration(window_ns)
            )
        };
        let title = format!(
            "{} simulates {}, {} {}",
            before.source_path,
            text(span(first)),
            after.source_path,
            text(span(own))
        );
        let help =
            "give both files the same duration and window; --duration sets the duration of both".to_owned();
        return Err(Diagnostics::general(title, vec![help]));
    }
    let warmup_ns = first.model.warmup_ns.max(own.model.warmup_ns);
    let value = |after: &Option<String>| after.clone().unwrap_or_else(|| "not set".to_owned());
    let settings: Vec<(String, String)> =
        differences.iter().map(|Difference { path, after, .. }| (path.clone(), value(after))).collect();
    let alone = after.variants.len() == 1;
    let renamed = |name: &str| if alone { names[1].to_owned() } else { format!("{}: {name}", names[1]) };
    let mut variants =
        vec![Variant { name: names[0].to_owned(), settings: Vec::new(), model: first.model.clone() }];
    variants.extend(after.variants.into_iter().map(|variant| Variant {
        name: renamed(&variant.name),
        settings: settings.iter().cloned().chain(variant.settings).collect(),
        model: variant.model,
    }));
    variants.iter_mut().for_each(|variant| variant.model.warmup_ns = warmup_ns);
    let of_before = |limit: &Threshold| {
        let is_replaced = |own: &Threshold| own.measure == limit.measure && own.bound == limit.bound;
        limit.is_about(&first.name) && !after.thresholds.iter().any(is_replaced)
    };
    // A limit that the change leaves out is still the limit of today.
    let kept = before.thresholds.iter().filter(|limit| of_before(limit));
    let kept: Vec<Threshold> = kept.map(|limit| Threshold { variant: None, ..limit.clone() }).collect();
    let own = after
        .thresholds
        .into_iter()
        .map(|limit| Threshold { variant: limit.variant.as_deref().map(&renamed), ..limit });
    let thresholds: Vec<Threshold> = own.chain(kept).collect();
    let digest = digest(&variants, before.seed, before.replications, before.precision.as_ref());
    Ok(Experiment {
        name: format!("{}-{}", names[0], names[1]),
        question: after.question,
        variants,
        baseline: 0,
        headline: after.headline,
        answer: None,
        practice: Vec::new(),
        sweep: None,
        recommend: None,
        thresholds,
        lints: after.lints,
        inputs: before.inputs.into_iter().chain(after.inputs).collect(),
        files: before.files.into_iter().chain(after.files).collect(),
        digest,
        ..before
    })
}

/// Whether the baselines of two experiments are the same simulations.
pub fn is_same_system(before: &Experiment, after: &Experiment) -> bool {
    let print =
        |experiment: &Experiment| fingerprint(&experiment.variants[experiment.baseline].model, before.seed);
    print(before) == print(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = r#"
question = "a"
[database]
read = "10ms"
pool = 5
[[tier]]
name = "redis"
scope = "shared"
ttl = "10m"
[[variant]]
name = "x"
"#;

    fn changed(from: &str, to: &str) -> Vec<Difference> {
        differences(TODAY, &TODAY.replace(from, to))
    }

    #[test]
    fn values_are_named_by_their_paths() {
        let found = changed("ttl = \"10m\"", "ttl = \"60s\"\njitter = 0.1");
        let difference = |path: &str, before: Option<&str>, after: Option<&str>| Difference {
            path: path.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        assert_eq!(
            found,
            [
                difference("tier.redis.ttl", Some("\"10m\""), Some("\"60s\"")),
                difference("tier.redis.jitter", None, Some("0.1")),
            ]
        );
        assert_eq!(changed("pool = 5\n", ""), [difference("database.pool", Some("5"), None)]);
    }

    #[test]
    fn a_setting_for_both_files_settles_their_difference() {
        let found = changed("pool = 5", "pool = 7");
        assert!(found[0].is_settled_by("database.pool") && found[0].is_settled_by("database"));
        assert!(!found[0].is_settled_by("database.po") && !found[0].is_settled_by("database.pool_timeout"));
    }

    #[test]
    fn other_words_for_the_same_are_no_difference() {
        assert_eq!(changed("\"10m\"", "\"600s\""), []);
        assert_eq!(changed("question = \"a\"", "question = \"b\""), []);
        assert_eq!(changed("name = \"x\"", "name = \"y\""), []);
        assert_eq!(changed("pool = 5", "pool = 5.0"), []);
    }

    #[test]
    fn a_tier_of_another_name_is_another_tier() {
        let paths: Vec<String> = changed("name = \"redis\"", "name = \"l2\"")
            .into_iter()
            .map(|difference| difference.path)
            .collect();
        assert_eq!(paths, ["tier.redis.scope", "tier.redis.ttl", "tier.l2.scope", "tier.l2.ttl"]);
    }
}
