//! The same scenario and seed give the same bytes; compared variants see the same traffic.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use herdlab::model::{Experiment, Variant};
use herdlab::record::Record;
use herdlab::report::json::to_json;
use herdlab::scenario::{Overrides, bundled, parse};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use support::{arrivals, scenarios, simulate, traffic};

const SMALL: &str = include_str!("determinism/small.toml");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/determinism");

fn small(seed: Option<u64>) -> Experiment {
    let overrides = Overrides { seed, ..Overrides::default() };
    parse(SMALL, "small.toml", Path::new(""), &overrides).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn threads_do_not_change_a_byte_and_the_record_comes_back_whole() {
    let experiment = small(None);
    let [one, two] = [1, 2].map(|threads| simulate(&experiment, threads));
    let (written, text) = to_json(&one).unwrap();
    assert!(text == to_json(&two).unwrap().1, "one thread and two give different records");
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), *written);
}

#[test]
fn another_seed_gives_other_numbers() {
    let [first, second] = [small(None), small(Some(8))].map(|experiment| simulate(&experiment, 0));
    for (one, other) in first.variants.iter().zip(&second.variants) {
        for name in ["hit_ratio", "db.qps.mean", "latency.all.mean_ms"] {
            let (one, other) = (one.measure(name).unwrap(), other.measure(name).unwrap());
            assert!(one.values.iter().zip(&other.values).all(|(a, b)| a != b), "{name}: {:?}", one.values);
        }
    }
}

/// Fails where the model changed, on purpose or not. If on purpose, put the digest that the failure shows here and
/// name the change in CHANGELOG.md: it changes the numbers of every user.
#[test]
fn the_numbers_of_the_small_scenario_are_those_of_this_version() {
    let record = simulate(&small(None), 0);
    let mut hasher = Sha256::new();
    for variant in &record.variants {
        hasher.update(serde_json::to_vec(&(&variant.measures, &variant.distributions)).unwrap());
    }
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "1f368c680b5552a5755553e5a9d5e27c47064f4dac39929bfb65f8ed110208f4");
}

/// The binary of this profile, and those that `HERDLAB_BUILDS` names (paths with colons between them): `.ci/run` puts
/// the release build and one without any optimisation there. With the golden digest above, all have those numbers.
#[test]
fn every_build_leaves_the_same_bytes() {
    let record = simulate(&small(None), 0);
    let (_, expected) = to_json(&record).unwrap();
    let others = std::env::var("HERDLAB_BUILDS").unwrap_or_default();
    let builds =
        [env!("CARGO_BIN_EXE_herdlab")].into_iter().chain(others.split(':').filter(|path| !path.is_empty()));
    for build in builds {
        let build = std::fs::canonicalize(build).unwrap_or_else(|error| panic!("{build}: {error}"));
        let folder = tempfile::tempdir().unwrap();
        let mut run = Command::new(&build);
        run.current_dir(FOLDER).args(["run", "small.toml", "--quiet", "--out"]).arg(folder.path());
        let output = run.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let written = std::fs::read_to_string(folder.path().join("results.json")).unwrap();
        assert!(written == expected, "{} leaves another record", build.display());
    }
}

/// Of every bundled scenario, each simulated as it is: neither a strategy nor its coins move a request.
#[test]
fn variants_see_the_same_traffic() {
    let compared: Vec<usize> = bundled::all()
        .par_iter()
        .map(|bundled| {
            let overrides = Overrides { duration: Some("5s".to_owned()), ..Overrides::default() };
            let experiment = parse(bundled.source, bundled.name, scenarios(), &overrides).unwrap();
            let mut first: BTreeMap<String, (&str, [Option<u64>; 2])> = BTreeMap::new();
            let mut compared = 0;
            for Variant { name, model, .. } in &experiment.variants {
                let seen = [0, 3].map(|replication| arrivals(model, experiment.seed, replication));
                assert!(seen[0] != seen[1] || seen[0].is_none(), "{}: replications differ", bundled.name);
                let (other, expected) = *first.entry(traffic(model)).or_insert((name.as_str(), seen));
                assert_eq!(seen, expected, "{}: {other}, {name}", bundled.name);
                compared += usize::from(other != name && seen[0].is_some());
            }
            compared
        })
        .collect();
    let variants: usize = compared.iter().sum();
    assert!(variants >= 50, "{variants} variants were compared with another");
}
