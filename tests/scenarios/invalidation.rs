//! The change stream and the broadcast to instances, against sums done by hand and closed forms.

use herdlab::oracle::queueing::md1_wait_mean_s;
use herdlab::oracle::staleness::late_delete_stale;
use herdlab::oracle::ttl::{invalidation_hit, write_around_stale};
use herdlab::record::Record;

use crate::sums::{self, close, mean};
use crate::tiny::{Settings, tiny_record, value};

/// One key that never expires; what is not a lag takes no time.
const ONE_KEY: &str = r#"
question = "Who tells the caches?"
duration = "2000s"
window = "10s"
replications = 4

[workload]
arrivals = { poisson = { rate = 35 } }
write_share = 0.14285714285714285
keys = 1

[[tier]]
name = "l1"
enabled = false
scope = "instance"
ttl = "none"

[[tier]]
name = "l2"
scope = "shared"
ttl = "none"

[database]
read = "0s"

[writes]
strategy = "write-around"

[invalidation]
cdc = { lag = "50ms" }
"#;

fn run(settings: Settings<'_>, event: &str) -> Record {
    sums::run(ONE_KEY, settings, event)
}

#[test]
fn a_constant_lag_bounds_the_age_of_stale_reads() {
    let record = run(&[], "");
    close(mean(&record, "stale.ratio"), late_delete_stale(30.0, 0.0, 5.0, 0.05), 0.003);
    // Ages are uniform below the lag, up to the width of a bucket.
    close(mean(&record, "stale.age.p50_s"), 0.025, 0.001);
    close(mean(&record, "stale.age.p99_s"), 0.0495, 0.0005);
    for measure in ["cdc.lag.mean_s", "cdc.lag.max_s"] {
        close(mean(&record, measure), 0.05, 1e-9);
    }
}

#[test]
fn without_lag_nothing_is_stale() {
    let record = run(&[("invalidation.cdc.lag", "0s")], "");
    close(mean(&record, "stale.ratio"), 0.0, 0.0);
    let explicit = run(&[("invalidation.cdc", "none"), ("writes.strategy", "invalidate")], "");
    close(mean(&record, "hit_ratio"), mean(&explicit, "hit_ratio"), 1e-12);
}

#[test]
fn a_consumer_with_a_rate_is_an_m_d_1_queue() {
    let record = run(
        &[
            ("invalidation.cdc", "{ lag = \"0s\", rate = 100 }"),
            ("workload.write_share", "1.0"),
            ("workload.arrivals", "{ poisson = { rate = 80 } }"),
        ],
        "",
    );
    close(mean(&record, "cdc.lag.mean_s"), md1_wait_mean_s(80.0, 0.01) + 0.01, 0.001);
}

/// 50 commits a second and a consumer of 100: what 10 s of standing still leave behind takes another 10 s.
#[test]
fn a_stalled_stream_catches_up() {
    let settings = [
        ("invalidation.cdc", "{ lag = \"0s\", rate = 100 }"),
        ("workload.write_share", "1.0"),
        ("workload.arrivals", "{ constant = { rate = 50 } }"),
        ("duration", "200s"),
        ("window", "1s"),
        ("replications", "1"),
    ];
    let record = run(&settings, "{ stall = { for = \"10s\" } }");
    close(mean(&record, "cdc.backlog.peak"), 500.0, 1.0);
    close(mean(&record, "cdc.lag.max_s"), 10.0, 0.02);
    let backlog = &record.variants[0].series("cdc.backlog").unwrap().values;
    for (end_s, expected) in [(99, 0.0), (105, 250.0), (110, 500.0), (115, 250.0), (120, 0.0), (199, 0.0)] {
        close(backlog[end_s - 1].unwrap(), expected, 2.0);
    }
}

/// A tier that is down executes no DELETE: the consumer repeats it, a writer does not.
#[test]
fn the_consumer_tries_until_the_tier_answers() {
    let down = "{ down = { target = \"l2\", for = \"10s\" } }";
    let settings = [("workload.write_share", "0.0025"), ("replications", "1"), ("duration", "400s")];
    let stream = [&settings[..], &[("invalidation.cdc.retry", "500ms")]].concat();
    let record = run(&stream, down);
    let lag = mean(&record, "cdc.lag.max_s");
    assert!((0.5..=10.6).contains(&lag), "{lag}");
    assert!(mean(&record, "stale.ratio") < 0.01);
}

/// One instance deletes its own copy at once, the other three a delay later.
#[test]
fn a_broadcast_bounds_the_staleness_of_instance_tiers() {
    let apart = [
        ("tier.l1.enabled", "true"),
        ("tier.l2.enabled", "false"),
        ("clients.instances", "4"),
        ("workload.arrivals", "{ poisson = { rate = 24 } }"),
        ("workload.write_share", "0.16666666666666666"),
        ("writes.strategy", "invalidate"),
        ("invalidation.broadcast", "{ delay = \"100ms\" }"),
    ];
    let explicit = run(&[&apart[..], &[("invalidation.cdc", "none")]].concat(), "");
    close(mean(&explicit, "stale.ratio"), late_delete_stale(5.0, 1.0, 3.0, 0.1), 0.004);
    close(mean(&explicit, "stale.age.p99_s"), 0.099, 0.001);
    // Told by the stream alone, all four hear of a write after lag and delay.
    let streamed = run(&[&apart[..], &[("writes.strategy", "write-around")]].concat(), "");
    close(mean(&streamed, "stale.ratio"), late_delete_stale(5.0, 0.0, 4.0, 0.15), 0.004);
    close(mean(&streamed, "cdc.lag.max_s"), 0.05, 1e-9);
}

/// With two tiers the shared one is deleted first, so that no instance finds the old value there after it was told.
#[test]
fn with_two_tiers_each_hears_in_its_time() {
    let settings = [
        ("tier.l1.enabled", "true"),
        ("clients.instances", "4"),
        ("workload.arrivals", "{ poisson = { rate = 24 } }"),
        ("workload.write_share", "0.16666666666666666"),
        ("measure.stale_by_tier", "true"),
        ("tier.l2.network", "1ms"),
    ];
    let told = run(&[&settings[..], &[("invalidation.broadcast", "{ delay = \"100ms\" }")]].concat(), "");
    let untold = run(&settings, "");
    close(mean(&told, "tier.l2.stale.age.p99_s"), 0.05, 0.002);
    close(mean(&told, "tier.l1.stale.age.p99_s"), 0.15, 0.004);
    assert!(mean(&untold, "tier.l1.stale.ratio") > 0.99);
    assert!(mean(&told, "tier.l1.stale.ratio") < 0.4);
}

/// Three keys of one user, each read 10 times a second; every write, 5 a second, touches all of them.
#[test]
fn a_write_touches_every_key_of_its_entity() {
    let entity = [("workload.keys", "3"), ("workload.keys_per_entity", "3")];
    let explicit = [&entity[..], &[("invalidation.cdc", "none"), ("writes.strategy", "invalidate")]].concat();
    let deleted = run(&explicit, "");
    close(mean(&deleted, "hit_ratio"), invalidation_hit(10.0, 5.0, None), 0.003);
    close(mean(&deleted, "stale.ratio"), 0.0, 0.0);
    let at_once = run(&[&entity[..], &[("invalidation.cdc.lag", "0s")]].concat(), "");
    close(mean(&at_once, "hit_ratio"), mean(&deleted, "hit_ratio"), 1e-12);
    let late = run(&entity, "");
    close(mean(&late, "stale.ratio"), late_delete_stale(10.0, 0.0, 5.0, 0.05), 0.003);
    let around = run(&[&entity[..], &[("invalidation.cdc", "none"), ("tier.l2.ttl", "1s")]].concat(), "");
    close(mean(&around, "stale.ratio"), write_around_stale(10.0, 5.0, 1.0), 0.004);
    // What a writer sets is current; the other two keys it deletes, and they are read anew.
    let update =
        [&entity[..], &[("invalidation.cdc", "none"), ("writes.strategy", "write-through")]].concat();
    close(mean(&run(&update, ""), "stale.ratio"), 0.0, 0.0);
}

/// The last entity of a class has what is left, and never a key of the next class.
#[test]
fn entities_end_where_their_class_does() {
    let source = ONE_KEY.replace("keys = 1\n", "").replace("write_share = 0.14285714285714285\n", "")
        + "\n[[class]]\nname = \"a\"\nshare = 0.5\nkeys = 4\nkeys_per_entity = 3\nwrite_share = 0.5\n\n[[class]]\nname = \"b\"\nshare = 0.5\nkeys = 2\n";
    let record = sums::run(&source, &[], "");
    close(mean(&record, "class.b.hit_ratio"), 1.0, 0.001);
    assert!(mean(&record, "class.a.hit_ratio") < 0.7);
}

/// Three instances, a write per second at the first: of two messages each half is lost.
#[test]
fn a_lost_message_leaves_an_old_copy() {
    let settings: Settings<'_> = &[
        ("clients.instances", "3"),
        ("workload.write_share", "0.2"),
        ("tier.l1.enabled", "true"),
        ("tier.l1.ttl", "none"),
        ("invalidation.broadcast", "{ delay = \"1ms\" }"),
    ];
    let lost = |share: &str| {
        let lost = format!("{{ delay = \"1ms\", lost = {share} }}");
        let with = [settings, &[("invalidation.broadcast", lost.as_str())]].concat();
        value(&tiny_record(&with, &[]), "stale.ratio")
    };
    // With none lost a copy is old for a millisecond; with all of them it is as without a broadcast.
    let alone: Vec<_> = settings[..4].to_vec();
    let without = value(&tiny_record(&alone, &[]), "stale.ratio");
    assert_eq!(lost("0.0"), value(&tiny_record(settings, &[]), "stale.ratio"));
    assert_eq!(lost("1.0"), without);
    assert!(
        lost("0.0") < 0.02 && (0.05..without).contains(&lost("0.3")),
        "{} {} {without}",
        lost("0.0"),
        lost("0.3")
    );
}
