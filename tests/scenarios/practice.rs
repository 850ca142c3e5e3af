//! Incidents and configurations of the practice, as their authors would write them, against figures worked out apart.

use std::path::Path;

use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::value;

#[track_caller]
fn run(source: &str, set: &[(&str, &str)]) -> Record {
    let set = set.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    let experiment =
        parse(source, "practice.toml", Path::new(""), &Overrides { set, ..Overrides::default() });
    simulate(&experiment.unwrap_or_else(|problems| panic!("{problems}")), 1)
}

/// A refactoring stores misses no more; what is in the cache lives out its time to live.
const NO_FILLS: &str = r#"
question = "How does the database load climb?"
duration = "110s"
replications = 2

[workload]
arrivals = { poisson = { rate = 6000 } }
keys = 20_000
popularity = { zipf = { exponent = 0.8 } }

[[tier]]
name = "mc"
scope = "shared"
ttl = "70s"
prefill = { hottest = "all", age = "stationary" }

[database]
read = "1ms"

[[event]]
at = "30s"
what = { change = { set = { "tier.mc.fill" = false } } }
"#;

#[test]
fn the_load_climbs_as_the_entries_of_a_cache_that_is_filled_no_more_expire() {
    let (rate_per_s, keys, ttl_s) = (6000.0, 20_000, 70.0);
    let weights: Vec<f64> = (1..=keys).map(|rank| f64::from(rank).powf(-0.8)).collect();
    let sum: f64 = weights.iter().sum();
    // Key i is there with probability lT / (1 + lT), and has a uniform rest of its time to live: after t of T seconds a share of
    // 1 - t/T of them is left.
    let hit = weights.iter().map(|weight| weight / sum).map(|share| {
        let load = share * rate_per_s * ttl_s;
        share * load / (1.0 + load)
    });
    let hit_at_first: f64 = hit.sum();
    let record = run(NO_FILLS, &[]);
    let qps = &record.variants[0].series("db.qps").unwrap().values;
    for after_s in [-20_i32, 3, 35, 52, 75] {
        // In the middle of the five seconds.
        let middle_s = f64::from(after_s) + 0.5;
        let left = (1.0 - middle_s.max(0.0) / ttl_s).max(0.0);
        let expected = rate_per_s * (1.0 - hit_at_first * left);
        // Over five seconds and two runs.
        let from = (30 + after_s - 2) as usize;
        let measured = qps[from..from + 5].iter().map(|qps| qps.unwrap()).sum::<f64>() / 5.0;
        // An entry that is gone brings all requests for its key, many of them for a hot one; and counts of 5 s vary by themselves.
        let gone = 1.0 - left;
        let of_entries: f64 =
            weights.iter().map(|weight| (weight / sum * rate_per_s).powi(2) * gone * left).sum();
        let deviation = (of_entries / 2.0 + expected / 10.0).sqrt();
        assert!(
            (measured - expected).abs() < 4.0 * deviation,
            "{after_s} s: {measured} of {expected} +- {deviation}"
        );
    }
}

/// In memory for 20 minutes, refreshed early, old values in place of errors and long waits (FusionCache). A minute stands for ten seconds here.
const FUSION: &str = r#"
question = "The database is down for a while: who sees what?"
duration = "600s"
warmup = "100s"
replications = 2
coalescing = "singleflight"

[workload]
arrivals = { poisson = { rate = 50 } }
keys = 100

[[tier]]
name = "mem"
scope = "instance"
ttl = "60s"
refresh = { ahead = { fraction = 0.8 } }
fail_safe = { grace = "400s", throttle = "5s", soft_timeout = "300ms" }
prefill = { hottest = "all", age = "stationary" }

[database]
read = { lognormal = { median = "100ms", p99 = "2s" } }
timeout = "10s"

[[event]]
at = "300s"
label = "down"
what = { down = { target = "database", for = "100s" } }
"#;

#[test]
fn fail_safe_hides_an_outage_from_its_readers() {
    let safe = run(FUSION, &[]);
    assert_eq!(value(&safe, "error.ratio"), 0.0);
    // No request with an old value at hand waits longer than the soft time limit; all keys were there from the start.
    assert!(value(&safe, "latency.all.max_ms") <= 300.0);
    let bare = run(FUSION, &[("tier.mem.fail_safe", "none")]);
    // Entries live for a minute: one after the other is gone while the database is down. From the end of its entry on a key fails
    // until the outage is over; entries end evenly over the minute, so half of the requests of it fail and all of the last 40 s.
    let expected = (0.5 * 60.0 + 40.0) / 500.0;
    let errors = value(&bare, "error.ratio");
    assert!((errors - expected).abs() < 0.015, "{errors}, not {expected}");
}

/// An upgrade of agents takes four of sixteen cache nodes out, one after the other, and puts empty ones in their place; the start of a client reads
/// twenty keys. (Slack, 22 February 2022.)
const NODES_REPLACED: &str = r#"
question = "Does the database come back by itself?"
duration = "160s"
warmup = "10s"
allow = ["vulnerable", "pool-too-small", "no-ttl", "low-hit-ratio"]

[clients]
instances = 40
deadline = "10s"

[workload]
arrivals = { poisson = { rate = 1000 } }

[[class]]
name = "boot"
share = 0.2
keys = 400_000
popularity = { zipf = { exponent = 0.6 } }
keys_per_request = 20
database = { read = { lognormal = { median = "25ms", p99 = "200ms" } } }

[[class]]
name = "other"
share = 0.8
keys = 100_000
popularity = { zipf = { exponent = 0.9 } }

[[tier]]
name = "mc"
scope = "shared"
ttl = "1d"
nodes = 16
network = "300us"
service = "10us"
multi_get = "mget"
prefill = { hottest = "all", age = "fresh" }

[database]
servers = 16
read = { lognormal = { median = "6ms", p99 = "40ms" } }
contention = { sigma = 0.002, kappa = 0.00005 }
pool = 20
timeout = "5s"
retries = { attempts = 2, backoff = "100ms" }

[[event]]
at = "20s"
what = { node_lost = { tier = "mc", node = 0, for = "1ms", failover = "never" } }

[[event]]
at = "40s"
what = { node_lost = { tier = "mc", node = 1, for = "1ms", failover = "never" } }

[[event]]
at = "60s"
what = { node_lost = { tier = "mc", node = 2, for = "1ms", failover = "never" } }

[[event]]
at = "80s"
label = "last"
what = { node_lost = { tier = "mc", node = 3, for = "1ms", failover = "never" } }
"#;

#[test]
fn a_cache_that_loses_a_quarter_of_its_nodes_does_not_come_back_by_itself() {
    let (all, one) = (run(NODES_REPLACED, &[]), {
        let others =
            ["event.node-lost-mc.enabled", "event.node-lost-mc-2.enabled", "event.node-lost-mc-3.enabled"];
        run(NODES_REPLACED, &others.map(|path| (path, "false")))
    });
    // 4,800 keys a second are read, and a sixteenth of them misses at first: 300/s, less the repeated ones, with a random second of 1/17 more or less.
    let peak = value(&one, "db.qps.peak");
    assert!((250.0..350.0).contains(&peak), "{peak}");
    assert_eq!(value(&one, "error.ratio"), 0.0);
    assert_eq!(value(&all, "event.last.metastable"), 1.0);
    assert!(value(&all, "error.ratio") > 0.0);
}
