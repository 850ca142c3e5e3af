//! Existence checks: sums done by hand.

use crate::tiny::{tiny, tiny_record, value};

/// Ten requests a second for one key of 40 B with a value of 1 kB, one millisecond away, one microsecond per byte.
const ONE_KEY: &[(&str, &str)] = &[
    ("workload.arrivals", "{ constant = { rate = 10 } }"),
    ("workload.keys", "1"),
    ("tier.l2.ttl", "none"),
    ("tier.l2.network", "1ms"),
    ("tier.l2.service", "0s"),
    ("tier.l2.per_byte", "1us"),
    ("measure.wire", "true"),
];
const CHECKS: (&str, &str) = ("workload.exists_share", "1.0");
const PREFILLED: (&str, &str) = ("tier.l2.prefill", "{ hottest = \"all\" }");

fn one_key(settings: &[(&str, &str)], measure: &str) -> f64 {
    let all: Vec<_> = ONE_KEY.iter().chain(settings).copied().collect();
    value(&tiny_record(&all, &[]), measure)
}

#[test]
fn a_check_saves_the_value_on_the_wire_and_its_time() {
    assert_eq!(one_key(&[PREFILLED], "latency.hit.mean_ms"), 3.0);
    assert_eq!(one_key(&[PREFILLED, CHECKS], "latency.exists.mean_ms"), 2.0);
    assert_eq!(one_key(&[PREFILLED], "tier.l2.wire.bytes_per_s"), 10_400.0);
    assert_eq!(one_key(&[PREFILLED, CHECKS], "tier.l2.wire.bytes_per_s"), 400.0);
    assert_eq!(one_key(&[PREFILLED, CHECKS], "exists.hit_ratio"), 1.0);
}

#[test]
fn a_check_that_misses_asks_the_database_and_fills_nothing() {
    // Two hops of a millisecond, then five of the database; no SET follows.
    assert_eq!(one_key(&[CHECKS], "latency.exists.max_ms"), 7.0);
    assert_eq!(one_key(&[CHECKS], "hit_ratio"), 0.0);
    assert_eq!(one_key(&[CHECKS], "db.qps.mean"), 10.0);
    assert_eq!(one_key(&[CHECKS], "tier.l2.round_trips.rate"), 10.0);
    assert_eq!(one_key(&[CHECKS], "entries.peak"), 0.0);
}

#[test]
fn a_check_is_no_use_of_the_entry() {
    let sliding = [PREFILLED, ("tier.l2.ttl", "150ms"), ("tier.l2.sliding", "true")];
    assert_eq!(one_key(&sliding, "hit_ratio"), 1.0);
    // Those at 0 and 100 ms find it, the other 98 of ten seconds do not.
    assert_eq!(one_key(&[&sliding[..], &[CHECKS]].concat(), "hit_ratio"), 0.02);
}

#[test]
fn a_check_that_finds_no_row_leaves_the_sentinel() {
    let absent = [("workload.absent", "{ share = 0.5, keys = 1 }"), CHECKS];
    assert_eq!(one_key(&absent, "requests.negative_hit.ratio"), 0.0);
    let kept = [&absent[..], &[("tier.l2.negative_ttl", "1h")]].concat();
    assert_eq!(one_key(&kept, "class.absent.hit_ratio"), 1.0 - 1.0 / absent_requests(&kept));
}

fn absent_requests(settings: &[(&str, &str)]) -> f64 {
    (one_key(settings, "class.absent.requests.ratio") * 100.0).round()
}

#[test]
fn checks_fly_together_and_apart_from_reads() {
    // A read and its misses share one flight, the checks another: of every burst two reach the database.
    let bursts = [
        ("workload.arrivals", "{ constant = { rate = 1000 } }"),
        ("workload.exists_share", "0.5"),
        ("coalescing", "singleflight"),
        ("clients.instances", "1"),
        ("database.read", "10s"),
        ("database.servers", "unlimited"),
    ];
    assert_eq!(one_key(&bursts, "db.duplicate_fetches"), 0.1);
}

#[test]
fn shares_beyond_one_are_refused() {
    let problems = tiny(&[("workload.write_share", "0.6"), ("workload.exists_share", "0.5")], &[""; 0]);
    assert!(problems.unwrap_err().contains("more than all requests"));
}
