//! The rate that a database can carry, and the share of it that the busiest second takes, to the last digit.

use crate::even::{NO_CACHE, even, exactly, exactly_after};
use crate::tiny::value;

const CAPACITY: &str = "db.capacity";
const READ: (&str, &str) = ("database.read", "10ms");
const WRITE: (&str, &str) = ("database.write", "30ms");

/// Settings on top of what sends every request to the database: ten reads of 10 ms per second.
fn reads<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[NO_CACHE, READ], settings].concat()
}

#[test]
fn the_scarcer_of_servers_and_connections_bounds_the_load() {
    let (instances, pool) = (("clients.instances", "4"), ("database.pool", "2"));
    let servers = |count| ("database.servers", count);
    let eight = reads(&[instances, pool, servers("60")]);
    exactly(&[
        // Eight connections, each 100 times per second.
        (&eight, "", CAPACITY, 800.0),
        (&eight, "", "db.utilization.peak", 10.0 / 800.0),
        (&eight, "", "db.headroom", 80.0),
        (&reads(&[instances, pool, servers("5")]), "", CAPACITY, 500.0),
        (&reads(&[instances, servers("60")]), "", CAPACITY, 6000.0),
        (&reads(&[instances, pool]), "", CAPACITY, 800.0),
        // A connection is held for 3 ms each way as well, a server is not.
        (&reads(&[instances, pool, servers("60"), ("database.network", "3ms")]), "", CAPACITY, 500.0),
        (&reads(&[instances, pool, servers("4"), ("database.network", "3ms")]), "", CAPACITY, 400.0),
    ]);
}

#[test]
fn a_load_above_the_capacity_leaves_no_headroom() {
    let slow = [NO_CACHE, ("database.read", "250ms"), ("database.servers", "2")];
    exactly(&[
        (&slow, "", CAPACITY, 8.0),
        (&slow, "", "db.utilization.peak", 1.25),
        (&slow, "", "db.headroom", 0.8),
    ]);
}

#[test]
fn contention_has_a_best_number_in_service() {
    let law = ("database.contention", "{ sigma = 0.19, kappa = 0.01 }");
    exactly(&[
        // Nine in service take 1 + 0.19 x 8 + 0.01 x 72 = 3.24 times as long, four 1 + 0.19 x 3 + 0.01 x 12 = 1.69 times.
        (&reads(&[law, ("database.servers", "60")]), "", CAPACITY, 9.0 / 0.0324),
        (&reads(&[law, ("database.servers", "4")]), "", CAPACITY, 4.0 / 0.0169),
        (&reads(&[law]), "", CAPACITY, 9.0 / 0.0324),
    ]);
}

/// Three reads of 10 ms for each write of 30.
const MIXED: &str =
    "0 read a, 40 read b, 90 read a, 110 write c, 160 read d, 240 read e, 300 read f, 380 write a";

#[test]
fn the_mix_is_that_of_the_run() {
    let mixed = |settings: &[(&'static str, &'static str)]| [&[NO_CACHE, READ, WRITE], settings].concat();
    let replicas = ("database.replicas", "{ count = 2, lag = \"0s\", servers = 3 }");
    let servers = |count| ("database.servers", count);
    exactly_after(
        MIXED,
        &[
            (&mixed(&[servers("6")]), CAPACITY, 6.0 / 0.015),
            // A quarter of the requests take 30 ms of the primary; three eighths take 10 ms of each replica, if they are spread
            // evenly.
            (&mixed(&[servers("2"), replicas]), CAPACITY, 2.0 / 0.0075),
            (&mixed(&[servers("9"), replicas]), CAPACITY, 3.0 / 0.00375),
            // Each of them holds the one connection for 15 ms on average, wherever it goes.
            (&mixed(&[servers("9"), replicas, ("database.pool", "1")]), CAPACITY, 1.0 / 0.015),
        ],
    );
}

#[test]
fn a_background_load_takes_servers_and_no_connection() {
    let background = ("database.background", "{ rate = 7, service = \"30ms\" }");
    let measured = |bound: (&str, &str)| {
        let record = even(&reads(&[background, bound]), "");
        (value(&record, "db.qps.mean"), value(&record, CAPACITY))
    };
    let (arrivals, capacity) = measured(("database.servers", "40"));
    assert!((capacity - 40.0 * arrivals / (0.1 + (arrivals - 10.0) * 0.03)).abs() < 1e-6 * capacity);
    // Ten reads per second hold a connection for a tenth of a second.
    let (arrivals, capacity) = measured(("database.pool", "2"));
    assert!((capacity - 20.0 * arrivals).abs() < 1e-6 * capacity);
}

#[test]
fn what_is_written_back_takes_servers_and_no_connection() {
    let back = "{ write-back = { flush_interval = \"2s\", flush_cost = { per_batch = \"250ms\" } } }";
    let limited = |bound| [READ, ("writes.strategy", back), bound];
    exactly_after(
        // Two misses, and a batch of one key at 2 s.
        "0 read a, 400 write b, 5000 read c",
        &[
            (&limited(("database.servers", "4")), CAPACITY, 3.0 * 4.0 / 0.27),
            (&limited(("database.pool", "4")), CAPACITY, 3.0 * 4.0 / 0.02),
        ],
    );
}

#[test]
fn what_makes_the_database_slow_for_a_while_leaves_its_capacity_as_it_is() {
    let slow = "2s { slow = { target = \"database\", factor = 5, for = \"4s\" } }";
    exactly(&[(&reads(&[("database.servers", "6")]), slow, CAPACITY, 600.0)]);
}

#[test]
fn without_a_bound_there_is_no_capacity() {
    let present = |settings: &[(&'static str, &'static str)]| {
        let record = even(&reads(settings), "");
        [CAPACITY, "db.utilization.peak", "db.headroom"]
            .map(|name| record.variants[0].measure(name).is_some())
    };
    assert_eq!(present(&[]), [false; 3]);
    assert_eq!(present(&[("database.servers", "2")]), [true; 3]);
}

#[test]
fn without_a_request_at_the_database_there_is_nothing_to_divide_by() {
    // The only fetch is before the warm-up ends.
    let warm = [READ, ("warmup", "1s"), ("database.servers", "2")];
    let record = even(&warm, "");
    for name in [CAPACITY, "db.utilization.peak", "db.headroom"] {
        assert_eq!(record.variants[0].measure(name).map(|measure| measure.values[0]), Some(None), "{name}");
    }
}
