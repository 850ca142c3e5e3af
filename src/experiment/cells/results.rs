//! Results as the lines of a journal hold them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalog;
use crate::catalog::computed::Measured;
use crate::experiment::replication::Replication;
use crate::experiment::sweep::Finished;
use crate::journal::{Key, Kind};
use crate::measure::breakdown::Breakdown;
use crate::measure::histogram::{Fine, Packed};
use crate::measure::latency_map::LatencyMap;
use crate::model::Model;
use crate::record::EventRun;
use crate::units::hex;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measures {
    /// The line with the names, by its digest.
    names: String,
    requests: u64,
    values: Vec<Option<f64>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    requests: u64,
    events: u64,
    measures: Vec<(String, Option<f64>)>,
    series: Vec<(String, String, Vec<Option<f64>>)>,
    distributions: Vec<(String, String, Packed)>,
    latency_map: LatencyMap,
    event_runs: Vec<EventRun>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    breakdown: Option<Breakdown>,
}

/// Plain structs of numbers and texts, none of which is infinite: writing them has no way to fail.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// The cell of the names, and the result that refers to it.
pub(super) fn of_measures(finished: &Finished) -> (Key, String) {
    let mut hasher = Sha256::new();
    finished.names.iter().for_each(|name| {
        hasher.update(name);
        hasher.update([0]);
    });
    let names = hex(&hasher.finalize()[..8]);
    let key = Key::new(Kind::Names, &names, 0);
    (key, json(&Measures { names, requests: finished.requests, values: finished.values.clone() }))
}

/// `None` where the result, or the names that it refers to, are not ours.
pub(super) fn measures(text: &str, names: impl Fn(&str) -> Option<Arc<Vec<String>>>) -> Option<Finished> {
    let found: Measures = serde_json::from_str(text).ok()?;
    let names = names(&found.names).filter(|names| names.len() == found.values.len())?;
    Some(Finished { names: names.to_vec(), values: found.values, requests: found.requests })
}

pub(super) fn of_whole(finished: &Replication) -> String {
    json(&Whole {
        requests: finished.requests,
        events: finished.events,
        measures: finished.measures.iter().map(|measure| (measure.name.clone(), measure.value)).collect(),
        series: owned(&finished.series),
        distributions: owned(&finished.distributions),
        latency_map: finished.latency_map.clone(),
        event_runs: finished.event_runs.clone(),
        breakdown: finished.breakdown.clone(),
    })
}

/// `None` where it is not ours.
pub(super) fn whole(text: &str, loop_s: f64, model: &Model, why: bool) -> Option<Replication> {
    let found: Whole = serde_json::from_str(text).ok()?;
    let sound = |packed: &Packed| packed.fits::<{ Fine::PRECISION }>();
    if (why && found.breakdown.is_none()) || !found.distributions.iter().all(|(_, _, packed)| sound(packed)) {
        return None;
    }
    let measured = |(name, value): (String, Option<f64>)| {
        Some(Measured { unit: catalog::find(&name)?.unit_in(model.currency()), name, value })
    };
    Some(Replication {
        measures: found.measures.into_iter().map(measured).collect::<Option<_>>()?,
        series: with_units(found.series)?,
        distributions: with_units(found.distributions)?,
        latency_map: found.latency_map,
        event_runs: found.event_runs,
        breakdown: found.breakdown.filter(|_| why),
        requests: found.requests,
        events: found.events,
        loop_s,
    })
}

fn owned<T: Clone>(rows: &[(String, &'static str, T)]) -> Vec<(String, String, T)> {
    rows.iter().map(|(name, unit, values)| (name.clone(), (*unit).to_owned(), values.clone())).collect()
}

/// Units are words of the program; a result with another one is not ours.
fn with_units<T>(rows: Vec<(String, String, T)>) -> Option<Vec<(String, &'static str, T)>> {
    const UNITS: [&str; 8] = ["1", "1/s", "count", "bytes", "bytes/s", "ms", "ns", "s"];
    rows.into_iter()
        .map(|(name, unit, values)| Some((name, *UNITS.iter().find(|known| **known == unit)?, values)))
        .collect()
}
