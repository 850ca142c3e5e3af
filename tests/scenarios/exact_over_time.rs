//! Points of time series, in windows that do not divide the run: three of 3 s, and one of a second.

use crate::even::{NO_CACHE, even};
use crate::tiny::Settings;

#[track_caller]
fn points(settings: Settings<'_>, event: &str, series: &[(&str, [f64; 4])]) {
    let record = even(&[&[("window", "3s")], settings].concat(), event);
    for (name, expected) in series {
        let found = &record.variants[0].series(name).unwrap_or_else(|| panic!("no series {name}")).values;
        let near = |(found, expected): (&Option<f64>, &f64)| {
            found.is_some_and(|found| (found - expected).abs() < 1e-9)
        };
        assert!(
            found.len() == 4 && found.iter().zip(expected).all(near),
            "{name}: {found:?}, expected {expected:?}"
        );
    }
}

#[test]
fn counts_are_of_the_window_and_rates_over_its_length() {
    points(
        &[NO_CACHE, ("database.pool", "4"), ("clients.instances", "2")],
        "",
        &[
            ("requests.all", [30.0, 30.0, 30.0, 10.0]),
            ("requests.miss", [30.0, 30.0, 30.0, 10.0]),
            ("goodput", [10.0; 4]),
            ("hit_ratio", [0.0; 4]),
            ("db.qps", [10.0; 4]),
            // 20 ms ten times a second, on eight connections.
            ("db.concurrency", [0.2; 4]),
            ("db.pool.saturation", [0.025; 4]),
            ("db.pool.waited.ratio", [0.0; 4]),
        ],
    );
    points(
        &[("measure.wire", "true"), ("tier.l2.network", "5ms"), ("tier.l2.pool", "3")],
        "",
        &[
            ("requests.hit", [29.0, 30.0, 30.0, 10.0]),
            ("hit_ratio", [29.0 / 30.0, 1.0, 1.0, 1.0]),
            ("tier.l2.hit_ratio", [29.0 / 30.0, 1.0, 1.0, 1.0]),
            ("tier.l2.entries", [1.0; 4]),
            ("tier.l2.bytes", [1_096.0; 4]),
            // 30 GETs and a SET, each 10 ms on one of three connections; of the last one all is over.
            ("tier.l2.round_trips", [31.0 / 3.0, 10.0, 10.0, 10.0]),
            ("tier.l2.pool.saturation", [0.31 / 9.0, 0.3 / 9.0, 0.3 / 9.0, 0.1 / 3.0]),
            // A key each time, and a value with every hit and with the SET.
            ("tier.l2.wire.bytes_per_s", [(31.0 * 40.0 + 30_000.0) / 3.0, 10_400.0, 10_400.0, 10_400.0]),
        ],
    );
}

/// The only miss is the slowest of the thirty requests of its window. Below 32 ns every latency has a bucket of its own.
#[test]
fn the_first_request_of_its_kind_counts_in_the_percentiles_of_its_window() {
    points(
        &[("database.read", "20ns")],
        "",
        &[("latency.all.p99_ms", [20e-6, 0.0, 0.0, 0.0]), ("latency.all.p95_ms", [0.0; 4])],
    );
}

#[test]
fn what_fails_counts_where_it_began() {
    points(
        &[NO_CACHE],
        "4050ms { down = { target = \"database\", for = \"700ms\" } }",
        &[
            ("requests.error", [0.0, 7.0, 0.0, 0.0]),
            ("error.ratio", [0.0, 7.0 / 30.0, 0.0, 0.0]),
            ("goodput", [10.0, 23.0 / 3.0, 10.0, 10.0]),
        ],
    );
}

/// From 5.55 s to 6.55 s nothing is served: at 6 s four wait, those of 5.6 to 5.9 s.
#[test]
fn a_state_is_the_one_at_the_end_of_the_window() {
    points(
        &[NO_CACHE],
        "5550ms { pause = { target = \"database\", for = \"1s\" } }",
        &[
            ("db.queue.length", [0.0, 4.0, 0.0, 0.0]),
            // Those that waited are in service in the third window.
            ("db.concurrency", [0.2, 0.02 * 26.0 / 3.0, 0.02 * 34.0 / 3.0, 0.2]),
        ],
    );
    // Every 0.4 s an entry expires and another takes its place: at 0.4, 0.8 and so on.
    points(
        &[("tier.l2.ttl", "350ms")],
        "",
        &[("tier.l2.expirations", [7.0 / 3.0, 7.0 / 3.0, 8.0 / 3.0, 2.0]), ("tier.l2.evictions", [0.0; 4])],
    );
}
