//! What is measured over time, held against what must come out.

use std::path::Path;

use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::value;

fn record(arrivals: &str, keys: u32, tier: &str, database: &str) -> Record {
    let source = format!(
        r#"
        question = "What is there to see?"
        duration = "40s"
        replications = 1
        measure = {{ remaining_ttl = true }}
        [workload]
        arrivals = {{ {arrivals} }}
        keys = {keys}
        [database]
        {database}
        {tier}
        "#
    );
    let experiment = parse(&source, "over-time.toml", Path::new(""), &Overrides::default());
    simulate(&experiment.unwrap_or_else(|problems| panic!("{problems}")), 1)
}

fn series<'r>(record: &'r Record, name: &str) -> &'r [Option<f64>] {
    &record.variants[0].series(name).unwrap_or_else(|| panic!("no series {name}")).values
}

#[test]
fn entries_that_were_loaded_together_have_the_same_time_left() {
    let tier = "[[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"30s\"\nprefill = { hottest = \"all\" }";
    // Hardly anybody asks, so nobody renews anything.
    let record = record("constant = { rate = 0.01 }", 1000, tier, "read = \"1ms\"");
    for (window, left) in series(&record, "tier.l2.ttl.p10_s").iter().enumerate().take(28) {
        assert_eq!(*left, Some(29.0 - window as f64));
        assert_eq!(series(&record, "tier.l2.ttl.p90_s")[window], *left);
        assert_eq!(series(&record, "tier.l2.expired.ratio")[window], Some(0.0));
    }
    // Nobody has touched them since they expired: all are still in memory.
    assert_eq!(series(&record, "tier.l2.expired.ratio")[35], Some(1.0));
    assert_eq!(series(&record, "tier.l2.ttl.p50_s")[35], None);
    assert!(series(&record, "tier.l2.entries")[35].unwrap() >= 999.0);
}

#[test]
fn in_a_cache_that_has_run_for_long_what_is_left_is_uniform() {
    let tier = "[[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"10s\"\n\
                prefill = { hottest = \"all\", age = \"stationary\" }\nnodes = 2";
    // Each key is asked for every 0.2 s.
    let record = record("poisson = { rate = 5000 }", 1000, tier, "read = \"1us\"");
    for (quantile, expected) in [("p10", 1.0), ("p50", 5.0), ("p90", 9.0)] {
        let left = value(&record, &format!("tier.l2.ttl.{quantile}_s"));
        assert!((left - expected).abs() < 0.3, "{quantile}: {left}");
    }
    // Of a cycle of 10.2 s, an entry is expired and there for 0.2 s.
    let expired = value(&record, "tier.l2.expired.ratio");
    assert!((expired - 0.2 / 10.2).abs() < 0.005, "{expired}");
}

#[test]
fn entries_that_never_expire_have_no_time_left_to_tell() {
    let tier =
        "[[tier]]\nname = \"l1\"\nscope = \"instance\"\nttl = \"none\"\ncapacity = 50\neviction = \"lru\"";
    let record = record("poisson = { rate = 500 }", 100, tier, "read = \"1us\"");
    assert!(series(&record, "tier.l1.ttl.p50_s").iter().all(Option::is_none));
    assert!(series(&record, "tier.l1.expired.ratio").iter().all(|share| *share == Some(0.0)));
}

#[test]
fn a_pool_of_one_connection_is_a_queue_with_one_server() {
    // M/D/1 with a load of a half: half of the time it is busy, and half of those who come find it so.
    let tier = "[[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"none\"\nnetwork = \"2.5ms\"\npool = 1\n\
                prefill = { hottest = \"all\" }";
    let of_tier = record("poisson = { rate = 100 }", 10, tier, "read = \"1ms\"");
    let of_database = record("poisson = { rate = 100 }", 10, "", "read = \"5ms\"\npool = 1");
    for (record, pool) in [(of_tier, "tier.l2.pool"), (of_database, "db.pool")] {
        let measure = |what: &str| value(&record, &format!("{pool}.{what}"));
        assert!((measure("saturation") - 0.5).abs() < 0.03, "{}", measure("saturation"));
        assert!((measure("waited.ratio") - 0.5).abs() < 0.04, "{}", measure("waited.ratio"));
        let over_time = |what: &str| {
            let values = series(&record, &format!("{pool}.{what}"));
            values.iter().flatten().sum::<f64>() / values.len() as f64
        };
        assert!((over_time("saturation") - measure("saturation")).abs() < 1e-9);
        assert!((over_time("waited.ratio") - measure("waited.ratio")).abs() < 0.02);
    }
}

#[test]
fn evenly_spaced_commands_share_connections_without_waiting() {
    let tier = "[[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"none\"\nnetwork = \"2ms\"\npool = 2\nnodes = 2\n\
                prefill = { hottest = \"all\" }";
    // 100 a second that each hold one of four connections for 4 ms.
    let record = record("constant = { rate = 100 }", 100, tier, "read = \"1ms\"");
    assert!((value(&record, "tier.l2.pool.saturation") - 0.1).abs() < 1e-4);
    assert_eq!(value(&record, "tier.l2.pool.waited.ratio"), 0.0);
}
