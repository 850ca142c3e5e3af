//! The fingerprint of a scenario's meaning.

use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::trace::hex;
use crate::model::{Arrivals, Class, EventKind, Model, Precision, Ranking, Variant};

/// The fields that the digest covers.
#[derive(Serialize)]
struct Meaning<'a> {
    seed: u64,
    replications: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<&'a Precision>,
    variants: Vec<(&'a str, Model)>,
}

/// Hex SHA-256 over the canonical JSON of the variants (name and model), the seed, the replications and the precision wanted.
///
/// Words (question, answer, headline), the order of fields and comments do not matter, and neither does
/// the place of a trace: its content does.
pub fn digest(variants: &[Variant], seed: u64, replications: u32, precision: Option<&Precision>) -> String {
    let variants =
        variants.iter().map(|variant| (variant.name.as_str(), placeless(&variant.model))).collect();
    let meaning = Meaning { seed, replications, precision, variants };
    let mut hasher = Sha256::new();
    // Serialising plain structs of numbers and strings into memory has no way to fail.
    hasher.update(serde_json::to_vec(&meaning).unwrap_or_default());
    hex(hasher)
}

/// Hex SHA-256 over one model and the seed: equal ones are the same simulations.
pub fn fingerprint(model: &Model, seed: u64) -> String {
    let mut hasher = Sha256::new();
    hasher.update(serde_json::to_vec(&(seed, placeless(model))).unwrap_or_default());
    hex(hasher)
}

/// One fingerprint of several.
pub fn together(fingerprints: &[String]) -> String {
    let mut hasher = Sha256::new();
    fingerprints.iter().for_each(|one| hasher.update(one));
    hex(hasher)
}

/// Letters of the fingerprint of a part of the workload.
const PART_LETTERS: usize = 12;

/// The popularity of a class, with the movement of its ranks where there is one.
fn popularity(class: &Class) -> serde_json::Value {
    match class.ranking {
        Ranking::Fixed => json!(class.popularity),
        ranking => json!([class.popularity, ranking]),
    }
}

/// The parts of a model's workload with a fingerprint of each: models in which all are equal have the same requests at the same
/// times, whatever answers them.
pub fn traffic(model: &Model) -> Vec<(String, String)> {
    let model = placeless(model);
    let workload = &model.workload;
    let of_classes = |part: fn(&Class) -> serde_json::Value| -> serde_json::Value {
        workload.classes.iter().map(part).collect()
    };
    let is_traffic = |what: &EventKind| matches!(what, EventKind::Surge { .. } | EventKind::HotKey { .. });
    let events: Vec<_> = model.events.iter().filter(|event| is_traffic(&event.what)).collect();
    let events: Vec<_> = events.iter().map(|event| (event.at_ns, event.what)).collect();
    // A limiter is a strategy; who its callers are is not.
    let callers =
        model.limiter.as_ref().map(|limiter| ("callers", json!([limiter.callers, limiter.popularity])));
    let parts = [
        ("arrivals", json!([workload.arrivals, workload.profile])),
        ("classes", of_classes(|class| json!([class.name, class.share]))),
        ("keys", of_classes(|class| json!([class.keys, class.absent, class.keys_per_entity]))),
        ("popularity", of_classes(popularity)),
        ("write share", of_classes(|class| json!(class.write_share))),
        ("share of existence checks", of_classes(|class| json!(class.exists_share))),
        ("keys per request", of_classes(|class| json!(class.keys_per_request))),
        ("sizes", of_classes(|class| json!([class.value_size, class.key_size]))),
        ("surges and hot keys", json!(events)),
        ("background load", json!(model.database.background)),
    ];
    let digest = |(part, value): (&str, serde_json::Value)| {
        let mut hasher = Sha256::new();
        hasher.update(value.to_string());
        (part.to_owned(), hex(hasher).chars().take(PART_LETTERS).collect())
    };
    parts.into_iter().chain(callers).map(digest).collect()
}

fn placeless(model: &Model) -> Model {
    let mut model = model.clone();
    if let Arrivals::Trace(trace) = &mut model.workload.arrivals {
        trace.path.clear();
    }
    model
}
