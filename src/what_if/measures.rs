//! The rows of the table of figures.

use super::protocol::Measure;
use crate::catalog::{self, Better};
use crate::model::{Experiment, Model};
use crate::scenario::known_measures;

/// What everybody asks for.
const HEADLINE: &[&str] = &[
    "db.qps.mean",
    "db.qps.peak",
    "hit_ratio",
    "latency.all.p50_ms",
    "latency.all.p95_ms",
    "latency.all.p99_ms",
    "error.ratio",
];
/// What is worth a look.
const OTHERS: &[&str] = &[
    "db.utilization.mean",
    "db.utilization.peak",
    "db.pool.saturation",
    "stampede.max",
    "latency.all.mean_ms",
    "latency.all.p999_ms",
    "latency.miss.p99_ms",
    "goodput",
    "stale.ratio",
    "stale.age.p99_s",
    "writes.lost",
    "memory.peak_bytes",
    "cost.month",
];
/// What is worth a look about each tier and each event.
const OF_TIER: &[&str] = &["hit_ratio", "evictions.rate", "utilization.mean"];
const OF_EVENT: &[&str] = &["db.qps.peak", "latency.p99.worst_ms", "errors", "recovery_s"];

/// The measures of a scenario, most important first.
pub(super) fn measures(experiment: &Experiment) -> Vec<Measure> {
    let models: Vec<&Model> = experiment.variants.iter().map(|variant| &variant.model).collect();
    let known = known_measures(models.iter().copied());
    let mut found: Vec<Measure> = Vec::new();
    let mut add = |name: &str, headline: bool| {
        let is_new = found.iter().all(|measure| measure.name != name);
        if let Some(info) = catalog::find(name).filter(|_| is_new && known.iter().any(|one| one == name)) {
            found.push(Measure {
                name: name.to_owned(),
                label: catalog::spoken(name),
                unit: info.unit.to_owned(),
                direction: match info.better {
                    Better::Lower => Some("lower"),
                    Better::Higher => Some("higher"),
                    Better::Neither => None,
                },
                group: group(name),
                headline,
            });
        }
    };
    HEADLINE.iter().for_each(|name| add(name, true));
    experiment.headline.iter().for_each(|name| add(name, true));
    OTHERS.iter().for_each(|name| add(name, false));
    let mut names: Vec<String> = Vec::new();
    for model in models {
        let of_tiers =
            model.tiers.iter().flat_map(|tier| OF_TIER.iter().map(|own| format!("tier.{}.{own}", tier.name)));
        let of_events = model
            .events
            .iter()
            .flat_map(|event| OF_EVENT.iter().map(|own| format!("event.{}.{own}", event.label)));
        names.extend(of_tiers.chain(of_events));
    }
    names.iter().for_each(|name| add(name, false));
    found
}

fn group(name: &str) -> &'static str {
    match name.split('.').next().unwrap_or_default() {
        "db" | "stampede" => "Database",
        "latency" => "Latency",
        "event" => "Events",
        "error" | "goodput" | "writes" | "slo" => "Requests",
        _ => "Cache",
    }
}
