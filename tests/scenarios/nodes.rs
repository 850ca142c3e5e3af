//! A shared tier of several nodes, held against sums done by hand.

use std::path::Path;

use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::value;

/// 3000 keys that never expire, all of them there from the start, each asked for about thirty times.
fn record(rest: &str) -> Record {
    let source = format!(
        r#"
        question = "What does a lost node cost?"
        duration = "40s"
        window = "1s"
        replications = 1
        database = {{ read = "1us" }}
        [workload]
        arrivals = {{ constant = {{ rate = 2500 }} }}
        keys = 3000
        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "none"
        nodes = 3
        service = "100us"
        prefill = {{ hottest = "all" }}
        {rest}
        "#
    );
    let experiment = parse(&source, "nodes.toml", Path::new(""), &Overrides::default());
    simulate(&experiment.unwrap_or_else(|problems| panic!("{problems}")), 1)
}

/// The entries at the end of a window.
fn entries(record: &Record, window: usize) -> f64 {
    record.variants[0].series("tier.l2.entries").unwrap().values[window].unwrap()
}

/// Fetches in the whole run.
fn fetches(record: &Record) -> f64 {
    (value(record, "db.fetches.rate") * 40.0).round()
}

fn lost(what: &str) -> Record {
    record(&format!("[[event]]\nat = \"4s\"\nwhat = {{ node_lost = {what} }}\n"))
}

#[test]
fn nodes_share_keys_and_work() {
    let record = record("");
    // 2500 commands of 100 us a second, over three nodes.
    let utilization = value(&record, "tier.l2.utilization");
    assert!((utilization - 0.25 / 3.0).abs() < 1e-6, "{utilization}");
    // About a third of the keys each: 16,384 slots in three parts, a part of 3000 keys has a deviation of 26.
    let share = value(&record, "tier.l2.node.share.max");
    assert!((1.0 / 3.0..0.37).contains(&share), "{share}");
    assert!((value(&record, "tier.l2.node.utilization.max") - 0.25 * share).abs() < 1e-4);
    assert_eq!(value(&record, "hit_ratio"), 1.0);
}

#[test]
fn the_keys_of_a_lost_node_are_fetched_once_each_and_live_on_elsewhere() {
    let record = lost("{ tier = \"l2\", node = 1 }");
    let gone = fetches(&record);
    assert!((gone - 1000.0).abs() < 100.0, "{gone}");
    assert_eq!(entries(&record, 2), 3000.0);
    assert_eq!(entries(&record, 39), 3000.0);
    assert_eq!(value(&record, "tier.l2.failures.rate"), 0.0);
}

#[test]
fn a_node_that_comes_back_is_empty_and_leaves_copies_elsewhere() {
    let for_good = lost("{ tier = \"l2\", node = 1 }");
    let for_a_while = lost("{ tier = \"l2\", node = 1, for = \"18s\" }");
    // 18 s are enough for all of its keys to be asked for, so all of them are fetched twice.
    assert_eq!(fetches(&for_a_while), 2.0 * fetches(&for_good));
    assert_eq!(entries(&for_a_while, 39), 3000.0 + fetches(&for_good));
}

#[test]
fn until_clients_turn_elsewhere_the_keys_of_a_lost_node_are_refused() {
    let keys = fetches(&lost("{ tier = \"l2\", node = 1 }"));
    let never = lost("{ tier = \"l2\", node = 1, for = \"10s\", failover = \"never\" }");
    let late = lost("{ tier = \"l2\", node = 1, failover = \"10s\" }");
    // Ten seconds at 2500 a second, of which its share of the keys fails.
    let refused = 10.0 * 2500.0 * keys / 3000.0;
    for record in [&never, &late] {
        let failures = value(record, "tier.l2.failures.rate") * 40.0;
        assert!((failures - refused).abs() < 0.03 * refused, "{failures} instead of {refused}");
        // Each of these goes to the database, and its fill fails; then every key is fetched once.
        assert!((fetches(record) - failures - keys).abs() < 0.5);
        assert!((value(record, "tier.l2.failed_fills.rate") * 40.0 - failures).abs() < 0.5);
    }
}

#[test]
fn a_hot_key_keeps_one_node_busy() {
    let hot = "[[event]]\nat = \"0s\"\nwhat = { hot_key = { share = 1.0, for = \"40s\" } }\n";
    let record = record(hot);
    assert_eq!(value(&record, "tier.l2.node.share.max"), 1.0);
    assert!((value(&record, "tier.l2.node.utilization.max") - 0.25).abs() < 1e-6);
    assert!((value(&record, "tier.l2.utilization") - 0.25 / 3.0).abs() < 1e-6);
    let busiest = record.variants[0].series("tier.l2.node.utilization.max").unwrap();
    assert!(busiest.values.iter().all(|value| (value.unwrap() - 0.25).abs() < 0.001));
}

#[test]
fn a_slow_node_slows_its_own_keys() {
    let slow = |node: &str| {
        let event = format!("{{ slow = {{ target = \"l2\", {node} for = \"10s\", factor = 2.0 }} }}");
        record(&format!("[[event]]\nat = \"10s\"\nwhat = {event}\n"))
    };
    let (one, all) = (slow("node = 2,"), slow(""));
    // A quarter of the time everything takes twice as long.
    assert!((value(&all, "tier.l2.utilization") - 1.25 * 0.25 / 3.0).abs() < 1e-4);
    let extra = value(&one, "tier.l2.utilization") - 0.25 / 3.0;
    assert!((extra / (0.25 * 0.25 / 3.0) - 1.0 / 3.0).abs() < 0.04, "{extra}");
    assert!(value(&one, "latency.all.mean_ms") < value(&all, "latency.all.mean_ms"));
}

#[test]
fn a_capacity_is_shared() {
    let source = "capacity = 1000\neviction = \"lru\"\n";
    let record = record(source);
    assert!((value(&record, "tier.l2.entries.peak") - 1000.0).abs() < 0.5);
    // A uniform third of the keys is there.
    assert!((value(&record, "hit_ratio") - 1.0 / 3.0).abs() < 0.02, "{}", value(&record, "hit_ratio"));
}

#[test]
fn a_lease_belongs_to_its_node() {
    // While node 1 is away its keys are led by leases of the others; nobody fills without one.
    let record = record(
        "[[event]]\nat = \"4s\"\nwhat = { node_lost = { tier = \"l2\", node = 1, for = \"18s\" } }\n\
         [[variant]]\nname = \"lease\"\nset = { coalescing = { lease = { tier = \"l2\" } } }\n",
    );
    assert_eq!(value(&record, "tier.l2.failed_fills.rate"), 0.0);
    assert_eq!(value(&record, "stampede.max"), 1.0);
    assert_eq!(value(&record, "error.ratio"), 0.0);
}
