//! Why a headline measure gets no verdict although there are replications enough: the two means do not bear comparison.

use super::states::States;
use super::statistics::estimate;
use crate::measure::quantity::with_unit;
use crate::record::VariantRecord;

/// A hit ratio leaves out the requests that failed. Where more than this share of them did, it speaks of another population.
pub const ERROR_RATIO_MAX: f64 = 0.05;

/// The reason for which no verdict is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Withheld {
    /// The variant sees other traffic than the baseline: these parts of its workload differ.
    Workload(Vec<String>),
    /// A hit ratio, of a variant (or the baseline) in which this share of the requests failed.
    Failures { variant: String, share: f64 },
    /// The mean is one over two states of this variant (or the baseline).
    States { variant: String },
}

impl Withheld {
    /// In words, to follow `no verdict:`.
    pub fn reason(&self) -> String {
        match self {
            Withheld::Workload(parts) => {
                format!(
                    "its workload differs from the baseline's in {}",
                    super::answer::enumerated(parts, "and")
                )
            }
            Withheld::Failures { variant, share } => {
                format!(
                    "a hit ratio leaves out the requests that failed, {} of them in {variant}",
                    with_unit(*share, "1")
                )
            }
            Withheld::States { variant } => {
                format!("{variant} has two states, and their mean is that of no run")
            }
        }
    }
}

/// The inputs of a verdict on a variant.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    pub name: &'a str,
    pub record: &'a VariantRecord,
    pub states: Option<&'a States>,
}

/// Why the means of a measure are not compared; `None`: they are.
pub fn withheld(measure: &str, sides: [Side<'_>; 2]) -> Option<Withheld> {
    let failing = || {
        sides.iter().find_map(|side| {
            let share = failures(measure, side.record).filter(|share| *share > ERROR_RATIO_MAX)?;
            Some(Withheld::Failures { variant: side.name.to_owned(), share })
        })
    };
    let split = || {
        let side = sides.iter().find(|side| side.states.is_some())?;
        Some(Withheld::States { variant: side.name.to_owned() })
    };
    failing().or_else(split)
}

/// The share of the requests that a hit ratio leaves out; `None` for other measures.
fn failures(measure: &str, variant: &VariantRecord) -> Option<f64> {
    if measure != "hit_ratio" && !measure.ends_with(".hit_ratio") {
        return None;
    }
    let mean = |name: &str| {
        let values: Vec<f64> = variant.measure(name)?.values.iter().flatten().copied().collect();
        Some(estimate(&values)?.mean)
    };
    let of_class = measure.strip_prefix("class.").and_then(|rest| rest.strip_suffix(".hit_ratio"));
    match of_class {
        Some(class) => mean(&format!("class.{class}.error.ratio")),
        None => mean("error.ratio"),
    }
}

/// The parts of the workload in which a variant differs from the baseline, as words.
pub fn other_traffic(baseline: &VariantRecord, variant: &VariantRecord) -> Vec<String> {
    if baseline.workload.is_empty() || variant.workload.is_empty() {
        return by_settings(baseline, variant);
    }
    // What only one of them has (callers of a limiter) is no traffic of its own.
    let differs = |(part, digest): &&(String, String)| {
        variant.workload.iter().any(|(other, theirs)| other == part && theirs != digest)
    };
    baseline.workload.iter().filter(differs).map(|(part, _)| part.clone()).collect()
}

/// The same of records that do not hold what the traffic was: by the settings of the variants.
fn by_settings(baseline: &VariantRecord, variant: &VariantRecord) -> Vec<String> {
    let is_traffic = |path: &str| match path.split_once('.') {
        Some(("workload", _)) => true,
        Some(("class", rest)) => {
            let option = rest.split('.').nth(1).unwrap_or_default();
            !matches!(option, "ttl" | "database")
        }
        _ => false,
    };
    let settings = baseline.settings.iter().chain(&variant.settings);
    let mut parts: Vec<String> = Vec::new();
    for setting in settings.filter(|(path, _)| is_traffic(path)) {
        let differs = baseline.settings.contains(setting) != variant.settings.contains(setting);
        if differs && !parts.contains(&setting.0) {
            parts.push(setting.0.clone());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use crate::record::fixture::{measure, record_of};

    fn record(settings: [&[(&str, &str)]; 2]) -> Record {
        let mut record = record_of(&[("a", vec![]), ("b", vec![])], &[]);
        for (variant, settings) in record.variants.iter_mut().zip(settings) {
            variant.settings =
                settings.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
        }
        record
    }

    #[test]
    fn traffic_is_compared_part_by_part() {
        let mut record = record([&[], &[("tier.l2.ttl", "\"5s\"")]]);
        let parts = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(part, digest)| (part.to_string(), digest.to_string())).collect()
        };
        record.variants[0].workload = parts(&[("arrivals", "1"), ("keys", "2"), ("sizes", "3")]);
        record.variants[1].workload = parts(&[("arrivals", "1"), ("keys", "4"), ("sizes", "5")]);
        let differing = other_traffic(&record.variants[0], &record.variants[1]);
        assert_eq!(differing, ["keys", "sizes"]);
        assert_eq!(
            Withheld::Workload(differing).reason(),
            "its workload differs from the baseline's in keys and sizes"
        );
    }

    #[test]
    fn older_records_tell_by_their_settings() {
        let of = |record: Record| other_traffic(&record.variants[0], &record.variants[1]);
        assert!(of(record([&[], &[("tier.l2.ttl", "\"5s\""), ("class.a.ttl", "\"1s\"")]])).is_empty());
        let rate = ("workload.arrivals.poisson.rate", "200");
        assert_eq!(of(record([&[], &[rate]])), ["workload.arrivals.poisson.rate"]);
        assert!(of(record([&[rate], &[rate]])).is_empty());
        assert_eq!(of(record([&[("class.a.keys", "5")], &[("class.a.keys", "6")]])), ["class.a.keys"]);
    }

    #[test]
    fn a_hit_ratio_is_judged_only_where_nearly_all_succeed() {
        let variants = |errors: f64| {
            let rows = vec![measure("class.a.error.ratio", &[0.5]), measure("error.ratio", &[errors])];
            record_of(&[("a", rows)], &[]).variants.remove(0)
        };
        let reason = |name: &str, errors: f64| {
            let (one, other) = (variants(0.0), variants(errors));
            let side = |record, name| Side { name, record, states: None };
            withheld(name, [side(&one, "base"), side(&other, "other")])
        };
        assert_eq!(reason("hit_ratio", 0.05), None);
        let failing = Withheld::Failures { variant: "other".to_owned(), share: 0.051 };
        assert_eq!(reason("hit_ratio", 0.051), Some(failing.clone()));
        assert_eq!(reason("tier.l2.hit_ratio", 0.051), Some(failing));
        assert_eq!(reason("db.qps.mean", 0.5), None);
        // Of a class its own failures count.
        let of_class = Withheld::Failures { variant: "base".to_owned(), share: 0.5 };
        assert_eq!(reason("class.a.hit_ratio", 0.0), Some(of_class));
    }
}
