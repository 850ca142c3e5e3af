//! What `herdlab check` expects a simulation to cost is what it costs.
//!
//! `HERDLAB_ESTIMATES=200 cargo test --test scenarios estimates -- --nocapture` draws as many scenarios and prints the
//! estimates beside the truth; docs/reliability.md has the figures.

use std::process::Command;
use std::sync::Arc;

use herdlab::experiment::forecast::{estimate, plan};
use herdlab::model::{Experiment, Model};
use herdlab::record::Timings;
use herdlab::sim::{Control, Engine};
use herdlab::workload::Tables;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::combinations::{BASE, CHOICES, EVENTS};
use crate::tiny::{accepted, any_of, tiny};

/// Share of the scenarios whose estimate must be near.
const NEAR: f64 = 0.9;

fn drawn() -> usize {
    std::env::var("HERDLAB_ESTIMATES").ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

/// So many scenarios of the grammar, the same ones each time.
fn scenarios(count: usize) -> Vec<Experiment> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let drawn = (any_of(CHOICES), prop::collection::vec(select(EVENTS), 0..3));
    let mut next = || {
        let (settings, events) = drawn.new_tree(&mut runner).unwrap().current();
        accepted(BASE, &settings, &events).unwrap()
    };
    (0..count).map(|_| next()).collect()
}

/// Events of one simulation; `None` where it ends in an error, which estimates nothing.
fn events(model: &Model) -> Option<u64> {
    let engine = Engine::new(model, Arc::new(Tables::new(model, 1).unwrap()), 1, 0).unwrap();
    engine.run(&Control::default()).ok().map(|finished| finished.events)
}

/// Prints the pairs that are not near, and fails where they are too many.
fn require_near(what: &str, factor: f64, pairs: &[(f64, f64, String)]) {
    let ratio = |(expected, found, _): &&(f64, f64, String)| {
        (expected / found.max(1.0)).max(found / expected.max(1.0))
    };
    let far: Vec<_> = pairs.iter().filter(|pair| ratio(pair) > factor).collect();
    let mut ratios: Vec<f64> = pairs.iter().map(|(expected, found, _)| expected / found.max(1.0)).collect();
    ratios.sort_by(f64::total_cmp);
    let at = |share: f64| ratios[((ratios.len() - 1) as f64 * share) as usize];
    println!(
        "{what}: {} of {} within a factor of {factor}; estimate over truth: 5 % {:.2}, median {:.2}, 95 % {:.2}",
        pairs.len() - far.len(),
        pairs.len(),
        at(0.05),
        at(0.5),
        at(0.95)
    );
    for (expected, found, name) in &far {
        println!("  {expected:.0} expected, {found:.0} found: {name}");
    }
    assert!(
        far.len() as f64 <= (1.0 - NEAR) * pairs.len() as f64,
        "{what}: {} of {} are far",
        far.len(),
        pairs.len()
    );
}

#[test]
fn events_of_random_scenarios_are_estimated_within_a_factor_of_three() {
    let pairs: Vec<_> = scenarios(drawn())
        .iter()
        .filter_map(|experiment| {
            let model = &experiment.variants[0].model;
            let found = events(model)? as f64;
            Some((estimate(model, 2).events, found, experiment.overrides.join(" ")))
        })
        .collect();
    require_near("events", 3.0, &pairs);
}

/// The peak of a process of its own, as the run itself reports it.
#[cfg(target_os = "linux")]
#[test]
fn memory_of_random_scenarios_is_estimated_within_a_factor_of_two() {
    let folder = tempfile::tempdir().unwrap();
    let pairs: Vec<_> = scenarios(drawn().div_ceil(4))
        .iter()
        .filter_map(|experiment| {
            let found = peak_bytes(folder.path(), experiment)?;
            Some((plan(experiment, 1).memory_bytes, found, experiment.overrides.join(" ")))
        })
        .collect();
    require_near("memory", 2.0, &pairs);
}

/// `None` where the run ends in an error.
fn peak_bytes(folder: &std::path::Path, experiment: &Experiment) -> Option<f64> {
    let file = folder.join("scenario.toml");
    std::fs::write(&file, &experiment.source).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_herdlab"));
    command
        .args(["run", "--quiet", "--static", "--force", "--threads", "1", "--out"])
        .arg(folder.join("out"))
        .arg(&file);
    for set in &experiment.overrides {
        command.arg("--set").arg(set);
    }
    let output = command.output().unwrap();
    if output.status.code() == Some(1) {
        return None;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.join("out/timings.json")).unwrap();
    let timings: Timings = serde_json::from_str(&text).unwrap();
    timings.peak_rss_bytes.map(|bytes| bytes as f64)
}

#[track_caller]
fn event_ratio(settings: &[(&str, &str)]) -> f64 {
    let experiment = tiny(settings, &[""; 0]).unwrap_or_else(|problems| panic!("{problems}"));
    let model = &experiment.variants[0].model;
    estimate(model, 2).events / events(model).expect("it runs") as f64
}

/// What an estimate of requests alone does not see.
#[test]
fn what_happens_beside_requests_counts() {
    for settings in [
        // No cache touches it.
        &[("database.background", "{ rate = 20_000 }")][..],
        &[("workload.keys_per_request", "100"), ("tier.l2.ttl", "100ms")],
        // Ten thousand polls for every millisecond of waiting.
        &[
            ("coalescing", "{ lease = { tier = \"l2\", poll = \"100ns\" } }"),
            ("tier.l2.network", "0s"),
            ("tier.l2.ttl", "200ms"),
        ],
        &[
            ("clients.instances", "200"),
            ("tier.l1.enabled", "true"),
            ("workload.write_share", "0.5"),
            ("invalidation.broadcast", "{ delay = \"1s\" }"),
        ],
        // Ten times what the database does.
        &[
            ("database.servers", "1"),
            ("tier.l2.ttl", "1ms"),
            ("workload.arrivals", "{ poisson = { rate = 2000 } }"),
        ],
        &[
            ("database.servers", "1"),
            ("database.timeout", "20ms"),
            ("database.retries", "{ attempts = 5 }"),
            ("tier.l2.ttl", "1ms"),
        ],
        &[("workload.arrivals", "{ closed = { users = 50, think = \"1ms\" } }")],
    ] {
        let ratio = event_ratio(settings);
        assert!((1.0 / 3.0..3.0).contains(&ratio), "{ratio:.2} times as many expected: {settings:?}");
    }
}
