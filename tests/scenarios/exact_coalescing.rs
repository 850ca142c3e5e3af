//! Who waits for whom when a key is missing, to the millisecond.

use crate::even::{NO_CACHE, THREE, exactly_after};
use crate::tiny::Settings;

const MISSES: &str = "requests.miss.ratio";
const MEAN: &str = "latency.all.mean_ms";

#[test]
fn misses_of_an_instance_share_one_flight() {
    // The read of 0 ms is answered at 20 ms, when those of 5 and 10 ms are waiting; that of 25 ms hits.
    let requests = "0 read a, 5 read a, 10 read a, 25 read a";
    let single = ("coalescing", "singleflight");
    let turns: Settings<'_> = &[THREE[1], ("clients.instances", "2"), single];
    exactly_after(
        requests,
        &[
            (&[], MISSES, 0.75),
            (&[], "stampede.max", 3.0),
            (&[], MEAN, 15.0),
            (&[single], MISSES, 0.25),
            (&[single], "requests.coalesced.ratio", 0.5),
            (&[single], "latency.coalesced.mean_ms", 12.5),
            (&[single], "stampede.max", 1.0),
            // 0 and 10 ms are the one instance's, 5 and 25 ms the other's.
            (turns, MISSES, 0.5),
            (turns, "requests.coalesced.ratio", 0.25),
            (turns, "stampede.max", 2.0),
        ],
    );
}

#[test]
fn a_read_never_joins_a_write() {
    let single: Settings<'_> = &[NO_CACHE, ("coalescing", "singleflight"), ("database.write", "30ms")];
    exactly_after("0 write a, 10 read a", &[(single, MEAN, 25.0), (single, MISSES, 0.5)]);
    // Nor a write another one.
    exactly_after("0 write a, 10 write a", &[(single, MEAN, 30.0)]);
}

#[test]
fn a_flight_may_begin_with_the_look_up() {
    let warm: Settings<'_> = &[("tier.l2.network", "10ms"), ("tier.l2.prefill", "{ hottest = \"all\" }")];
    let around = |what| [warm, &[("coalescing", what)]].concat();
    exactly_after(
        "0 read a, 5 read a, 21 read a",
        &[
            (&around("singleflight"), MEAN, 20.0),
            (&around("{ singleflight = { around = \"fetch\" } }"), MEAN, 20.0),
            // The second one gets the answer of the first at 20 ms, and the third asks again.
            (&around("{ singleflight = { around = \"lookup\" } }"), MEAN, 55.0 / 3.0),
            (&around("{ singleflight = { around = \"lookup\" } }"), "requests.hit.ratio", 1.0),
        ],
    );
}

/// The lookup of 0 ms is back at 60 ms, after its caller gave up at 45 ms: it goes on to the database only for the sake of the
/// request of 20 ms, who waits until 65 ms.
#[test]
fn a_lookup_goes_on_while_anybody_waits_for_it() {
    let settings: Settings<'_> = &[
        ("tier.l2.network", "30ms"),
        ("clients.deadline", "45ms"),
        ("coalescing", "{ singleflight = { around = \"lookup\" } }"),
    ];
    // Over 150 ms: the last request and one mean gap.
    exactly_after("0 read a, 20 read a, 100 read b", &[(settings, "db.qps.mean", 1.0 / 0.15)]);
    exactly_after("0 read a, 100 read b", &[(settings, "db.qps.mean", 0.0)]);
}

/// The first one gets the lease, and has the value 47 ms later; what the second one does until then is up to the options.
#[test]
fn a_lease_lets_one_fetch_and_the_others_look_again() {
    let lease = |options: &str| {
        let lease = format!("{{ lease = {{ tier = \"l2\"{options} }} }}");
        [("database.read", "47ms".to_owned()), ("coalescing", lease)]
    };
    let rows = [
        // Looks at 5, 20, 35 and 50 ms.
        (", poll = \"15ms\"", 45.0),
        // Looks at 5, 25, 45 and 65 ms.
        ("", 60.0),
        // Looks at 5, 20 and 35 ms, and asks the database at 45 ms.
        (", poll = \"15ms\", wait_limit = \"40ms\"", 40.0 + 47.0),
        // Looks at 35 ms, when the lease of 30 ms is over, and gets the next one.
        (", poll = \"15ms\", lock_ttl = \"30ms\"", 30.0 + 47.0),
        (", poll = \"15ms\", lock_ttl = \"36ms\"", 45.0),
    ];
    for (options, second_ms) in rows {
        let settings = lease(options);
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(path, value)| (*path, value.as_str())).collect();
        exactly_after("0 read a, 5 read a", &[(&settings, MEAN, (47.0 + second_ms) / 2.0)]);
    }
}

#[test]
fn a_lease_has_the_defaults_of_the_reference() {
    let lease = ("coalescing", "{ lease = { tier = \"l2\" } }");
    let patient = ("coalescing", "{ lease = { tier = \"l2\", wait_limit = \"60s\" } }");
    exactly_after(
        "0 read a, 5 read a",
        &[
            // After 2 s the second one asks as well.
            (&[lease, ("database.read", "5s")], MEAN, (5_000.0 + 2_000.0 + 5_000.0) / 2.0),
            // A lease holds for 10 s; the look of 10.005 s is the first after that.
            (&[patient, ("database.read", "15s")], MEAN, (15_000.0 + 10_000.0 + 15_000.0) / 2.0),
        ],
    );
}

/// Filled at 300 ms, gone at 400 ms. Who asks at 410 ms fetches until 710 ms; those of 415 and 599 ms get the old value, that of
/// 601 ms looks again every 20 ms: at 721 ms it is there.
#[test]
fn who_gets_no_lease_may_get_an_old_value() {
    let requests = "0 read a, 410 read a, 415 read a, 599 read a, 601 read a";
    let lease = |stale: &str| format!("{{ lease = {{ tier = \"l2\", serve_stale = \"{stale}\" }} }}");
    let (some, none) = (lease("200ms"), lease("0s"));
    let base: Settings<'_> = &[("tier.l2.ttl", "100ms"), ("database.read", "300ms")];
    let (some, none) = ([base, &[("coalescing", &some)]].concat(), [base, &[("coalescing", &none)]].concat());
    exactly_after(
        requests,
        &[
            (&some, "requests.stale_hit.ratio", 0.4),
            (&some, MEAN, (300.0 + 300.0 + 120.0) / 5.0),
            (&none, "requests.stale_hit.ratio", 0.0),
            // Those of 415 and 599 ms look at 715 and 719 ms.
            (&none, MEAN, (300.0 + 300.0 + 300.0 + 120.0 + 120.0) / 5.0),
        ],
    );
}
