//! The fingerprint of a scenario's meaning.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::model::{Arrivals, Model, Precision, Variant};
use super::trace::hex;

/// What the digest covers.
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

fn placeless(model: &Model) -> Model {
    let mut model = model.clone();
    if let Arrivals::Trace(trace) = &mut model.workload.arrivals {
        trace.path.clear();
    }
    model
}
