//! A run in pieces.

use std::path::Path;
use std::sync::Arc;

use herdlab::experiment::run::{RunOptions, run};
use herdlab::experiment::task::{KnownTables, Task};
use herdlab::model::Experiment;
use herdlab::report::json::to_json;
use herdlab::scenario::{Overrides, parse};
use herdlab::sim::{Control, Engine};
use herdlab::workload::Tables;

use super::{miniature, results, scenarios};

/// All steps, and `results.json`.
fn in_pieces(experiment: &Experiment, budget: u64) -> (u32, String) {
    let mut task = Task::new(experiment.clone());
    let mut known = KnownTables::default();
    let mut steps = 0;
    let mut before = 0.0;
    while !task.is_done() {
        task.step(budget, &mut known).unwrap();
        steps += 1;
        let progress = task.progress();
        assert!(progress >= before && progress <= 1.0, "{progress} after {before}");
        before = progress;
    }
    (steps, to_json(&task.record().unwrap()).unwrap().1)
}

#[test]
fn every_scenario_in_pieces_leaves_the_same_bytes() {
    for scenario in scenarios() {
        let experiment = miniature(scenario);
        let (_, pieces) = in_pieces(&experiment, 70_000);
        assert!(pieces == results(&experiment), "{} differs", scenario.name);
    }
}

/// Closed loops and instance tiers check in least often: a piece may end in the middle of a batch, and behind the last arrival.
const USERS: &str = r#"
question = "?"
duration = "40s"
replications = 3
workload = { arrivals = { closed = { users = 200, think = "10ms" } }, keys = 1000, write_share = 0.1 }
database = { read = { exponential = { mean = "5ms" } }, servers = 8, timeout = "200ms" }
clients = { instances = 3 }
[[tier]]
name = "l1"
scope = "instance"
ttl = "2s"
[[variant]]
name = "a"
[[variant]]
name = "b"
set = { "tier.l1.ttl" = "1s" }
"#;

fn users() -> Experiment {
    parse(USERS, "users.toml", Path::new(""), &Overrides::default()).unwrap()
}

#[test]
fn the_size_of_the_pieces_does_not_matter() {
    let experiment = users();
    let whole = results(&experiment);
    let mut counts = Vec::new();
    for budget in [1, 100_000, 1_000_000, u64::MAX] {
        let (steps, pieces) = in_pieces(&experiment, budget);
        assert!(pieces == whole, "pieces of {budget}");
        counts.push(steps);
    }
    assert!(counts[0] > 2 * counts[2], "smaller pieces are more: {counts:?}");
    // One for the tables, and one for each simulation.
    assert_eq!(counts[3], 1 + 2 * 3);
}

#[test]
fn variants_take_turns_and_the_wanted_precision_adds_rounds() {
    let wanted = "replications = 2\nprecision = { measure = \"latency.all.p99_ms\", relative = 0.002, max_replications = 5 }";
    let source = USERS.replace("replications = 3", wanted);
    let experiment = parse(&source, "users.toml", Path::new(""), &Overrides::default()).unwrap();
    let mut task = Task::new(experiment.clone());
    let mut known = KnownTables::default();
    let mut order = Vec::new();
    while !task.is_done() {
        order.extend(task.step(u64::MAX, &mut known).unwrap());
    }
    let made = task.complete();
    assert!(made > 2, "{made} replications");
    assert_eq!(order, [0, 1].repeat(made as usize));
    let record = run(&experiment, &RunOptions::default()).unwrap().record;
    assert_eq!(to_json(&task.record().unwrap()).unwrap().1, to_json(&record).unwrap().1);
}

#[test]
fn a_record_of_half_a_task_is_none() {
    let mut task = Task::new(users());
    assert!(task.record().is_err() && task.variant(0).is_none());
    let mut known = KnownTables::default();
    while task.finished(0) == 0 {
        task.step(u64::MAX, &mut known).unwrap();
    }
    let variant = task.variant(0).unwrap();
    assert_eq!((variant.name.as_str(), variant.measures[0].values.len()), ("a", 1));
    assert!(task.variant(1).is_none() && task.record().is_err());
}

/// What ends a run ends it in pieces too, with the same words.
#[test]
fn a_simulation_that_fails_fails_in_pieces() {
    let experiment = users();
    let model = &experiment.variants[0].model;
    let tables = Arc::new(Tables::new(model, 1).unwrap());
    let engine = || Engine::new(model, Arc::clone(&tables), 1, 0).unwrap().with_in_flight_limit(50);
    let whole = engine().run(&Control::default()).unwrap_err().to_string();
    let mut pieces = engine();
    let control = Control::default();
    let problem = loop {
        match pieces.advance(&control, 1) {
            Ok(false) => {}
            Ok(true) => panic!("it came to its end"),
            Err(problem) => break problem.to_string(),
        }
    };
    assert_eq!(problem, whole);
}
