//! Runs every bundled scenario for five seconds, twice, and prints the SHA-256 of its `results.json`: the same on every machine.
//!
//! Needs none of the crate's features: `cargo run --release --no-default-features --example miniatures`.

use std::path::Path;

use herdlab::experiment::run::{RunOptions, run};
use herdlab::report::json::to_json;
use herdlab::scenario::{Overrides, bundled, parse};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let overrides =
        Overrides { duration: Some("5s".to_owned()), replications: Some(2), ..Overrides::default() };
    for scenario in bundled::all() {
        let experiment = parse(scenario.source, &scenario.path(), Path::new("scenarios"), &overrides)?;
        let record = run(&experiment, &RunOptions::default())?.record;
        let (_, results) = to_json(&record)?;
        let digest = Sha256::digest(results.as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{hex}  {}", scenario.name);
    }
    Ok(())
}
