//! The fingerprint of a scenario's meaning.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::model::{Arrivals, Model, Variant};
use super::trace::hex;

/// What the digest covers.
#[derive(Serialize)]
struct Meaning<'a> {
    seed: u64,
    replications: u32,
    variants: Vec<(&'a str, Model)>,
}

/// Hex SHA-256 over the canonical JSON of the variants (name and model), the seed and the replications.
///
/// Words (question, answer, headline), the order of fields and comments do not matter, and neither does
/// the place of a trace: its content does.
pub fn digest(variants: &[Variant], seed: u64, replications: u32) -> String {
    let variants =
        variants.iter().map(|variant| (variant.name.as_str(), placeless(&variant.model))).collect();
    let meaning = Meaning { seed, replications, variants };
    let mut hasher = Sha256::new();
    // Serialising plain structs of numbers and strings into memory has no way to fail.
    hasher.update(serde_json::to_vec(&meaning).unwrap_or_default());
    hex(hasher)
}

fn placeless(model: &Model) -> Model {
    let mut model = model.clone();
    if let Arrivals::Trace(trace) = &mut model.workload.arrivals {
        trace.path.clear();
    }
    model
}
