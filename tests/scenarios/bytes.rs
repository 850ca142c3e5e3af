//! What bytes cost: at the server, on the wire, and in the clients that serialize and compress; sums done by hand.

use std::path::Path;

use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::value;

fn record(workload: &str, tier: &str, rest: &str) -> Record {
    let source = format!(
        r#"
        question = "What do bytes cost?"
        duration = "40s"
        replications = 1
        measure = {{ wire = true }}
        database = {{ read = "10ms" }}
        [workload]
        key_size = "40B"
        {workload}
        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "none"
        entry_overhead = "56B"
        {tier}
        {rest}
        "#
    );
    let experiment = parse(&source, "bytes.toml", Path::new(""), &Overrides::default());
    simulate(&experiment.unwrap_or_else(|problems| panic!("{problems}")), 1)
}

/// One key of 100 kB that is there and asked for ten times a second.
fn one(tier: &str) -> Record {
    record(
        "arrivals = { constant = { rate = 10 } }\nkeys = 1\nvalue_size = \"100kB\"",
        &format!("prefill = {{ hottest = \"all\" }}\n{tier}"),
        "",
    )
}

#[track_caller]
fn near(actual: f64, expected: f64, tolerance: f64) {
    assert!((actual / expected - 1.0).abs() <= tolerance, "{actual} instead of {expected}");
}

#[test]
fn the_way_of_one_large_value() {
    let plain = one("network = \"200us\"\nservice = \"10us\"\nper_byte = \"0.5ns\"");
    near(value(&plain, "latency.hit.mean_ms"), 0.4 + 0.01 + 0.05, 1e-9);
    near(value(&plain, "tier.l2.wire.bytes_per_s"), 10.0 * 100_040.0, 1e-9);
    near(value(&plain, "memory.peak_bytes"), 100_096.0, 1e-9);
    let coded = one("network = \"200us\"\nservice = \"10us\"\nper_byte = \"0.5ns\"\nbandwidth = \"1GB/s\"\n\
         serialize = { per_byte = \"2ns\" }\n\
         compress = { above = \"10kB\", ratio = 0.25, per_byte = \"4ns\", decompress_per_byte = \"1ns\" }");
    // 25 kB travel and are stored; the client reads 100 kB at 2 + 1 ns a byte; the key takes 40 ns on the wire.
    near(value(&coded, "latency.hit.mean_ms"), 0.4 + 0.01 + 0.0125 + 0.025 + 0.000_04 + 0.3, 1e-9);
    near(value(&coded, "tier.l2.wire.bytes_per_s"), 10.0 * 25_040.0, 1e-9);
    near(value(&coded, "memory.peak_bytes"), 25_096.0, 1e-9);
    near(value(&coded, "tier.l2.client.cores"), 10.0 * 300e-6, 1e-9);
    near(value(&coded, "tier.l2.link.utilization"), 10.0 * 25e-6, 1e-9);
    near(value(&coded, "tier.l2.utilization"), 10.0 * 22.5e-6, 1e-9);
}

#[test]
fn only_values_above_the_threshold_are_compressed() {
    let compress =
        |above: &str| one(&format!("compress = {{ above = \"{above}\", ratio = 0.5, per_byte = \"1ns\" }}"));
    near(value(&compress("100kB"), "memory.peak_bytes"), 100_096.0, 1e-9);
    near(value(&compress("99999B"), "memory.peak_bytes"), 50_096.0, 1e-9);
    // Reading takes what writing does unless it is said.
    near(value(&compress("99999B"), "latency.hit.mean_ms"), 0.1, 1e-9);
}

#[test]
fn compressing_delays_the_fill_and_not_the_answer() {
    // Ten requests a second; a fetch takes 10 ms and the SET is ready 250 ms later.
    let record = record(
        "arrivals = { constant = { rate = 10 } }\nkeys = 1\nvalue_size = \"100kB\"",
        "compress = { above = \"10kB\", ratio = 0.5, per_byte = \"2.5us\", decompress_per_byte = \"0ns\" }",
        "",
    );
    // Requests at 0, 100 and 200 ms miss; the first fill is there at 260 ms.
    near(value(&record, "db.fetches.rate") * 40.0, 3.0, 1e-9);
    near(value(&record, "latency.miss.max_ms"), 10.0, 1e-9);
    near(value(&record, "tier.l2.client.cores"), 3.0 * 0.25 / 40.0, 1e-9);
}

#[test]
fn a_write_through_waits_for_its_value_to_be_compressed() {
    let record = record(
        "arrivals = { constant = { rate = 10 } }\nkeys = 1\nvalue_size = \"100kB\"\nwrite_share = 1.0",
        "compress = { above = \"10kB\", ratio = 0.5, per_byte = \"100ns\" }\nnetwork = \"1ms\"",
        "[writes]\nstrategy = \"write-through\"",
    );
    // Commit, compress, there and back.
    near(value(&record, "latency.write.mean_ms"), 10.0 + 10.0 + 2.0, 1e-9);
}

#[test]
fn the_connection_is_free_while_the_client_reads() {
    // Reading takes 50 ms, and 100 requests a second share one connection that each holds for 2 ms.
    let record = record(
        "arrivals = { constant = { rate = 100 } }\nkeys = 1\nvalue_size = \"100kB\"",
        "serialize = { per_byte = \"500ns\" }\nnetwork = \"1ms\"\npool = 1\ntimeout = \"10ms\"\n\
         prefill = { hottest = \"all\" }",
        "",
    );
    near(value(&record, "latency.hit.max_ms"), 52.0, 1e-9);
    assert_eq!(value(&record, "tier.l2.pool.wait.p99_ms"), 0.0);
    assert_eq!(value(&record, "tier.l2.failures.rate"), 0.0);
}

/// One request in a hundred asks for a value of 1 MB, the others for 1 kB; everything is there.
fn large_among_small(tier: &str) -> Record {
    record(
        "arrivals = { poisson = { rate = 5000 } }",
        &format!("prefill = {{ hottest = \"all\" }}\n{tier}"),
        "[[class]]\nname = \"small\"\nshare = 0.99\nkeys = 100\nvalue_size = \"1kB\"\n\
         [[class]]\nname = \"large\"\nshare = 0.01\nkeys = 10\nvalue_size = \"1MB\"\n",
    )
}

/// Mean wait of the M/G/1 queue (Pollaczek, Khinchine), in ms, where these shares of the work take these times.
fn wait_ms(rate_per_s: f64, work: &[(f64, f64)]) -> f64 {
    let moment = |power: i32| work.iter().map(|(share, s)| share * s.powi(power)).sum::<f64>();
    1e3 * rate_per_s * moment(2) / (2.0 * (1.0 - rate_per_s * moment(1)))
}

#[test]
fn a_large_value_blocks_the_server_for_all_others() {
    // 11 us for a small value, 1.01 ms for a large one.
    let record = large_among_small("service = \"10us\"\nper_byte = \"1ns\"");
    let (small, large) = (11e-6, 1.01e-3);
    let wait = wait_ms(5000.0, &[(0.99, small), (0.01, large)]);
    near(value(&record, "class.small.latency.mean_ms"), wait + 1e3 * small, 0.05);
    near(value(&record, "class.large.latency.mean_ms"), wait + 1e3 * large, 0.05);
    // By far most of what a small value waits for is large ones.
    assert!(wait > 20.0 * wait_ms(4950.0, &[(1.0, small)]));
}

#[test]
fn a_large_value_blocks_the_link_for_all_others() {
    let record = large_among_small("bandwidth = \"1GB/s\"");
    let (small, large) = (1e-6, 1e-3);
    let wait = wait_ms(5000.0, &[(0.99, small), (0.01, large)]);
    near(value(&record, "class.large.latency.mean_ms"), wait + 1e3 * large, 0.05);
    near(value(&record, "class.small.latency.mean_ms"), wait + 1e3 * small, 0.08);
    near(value(&record, "tier.l2.link.utilization"), 5000.0 * (0.99e-6 + 0.01e-3), 0.05);
}
