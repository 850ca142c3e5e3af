//! Fail-safe, worked out request by request: a request every 100 ms, a database of 20 ms.

use crate::even::{exactly, exactly_with};
use crate::tiny::Settings;

const STALE: &str = "requests.stale_hit.ratio";
const ERRORS: &str = "error.ratio";
const MEAN: &str = "latency.all.mean_ms";

/// The database refuses from 4.05 to 6.05 s: twenty requests, those of 4.1 to 6.0 s.
const DOWN: &str = "4050ms { down = { target = \"database\", for = \"2s\" } }";

/// An entry lives for 250 ms: the first of three requests fetches.
const L1: Settings<'_> =
    &[("tier.l1.enabled", "true"), ("tier.l1.ttl", "250ms"), ("tier.l2.enabled", "false")];

fn with<'a>(settings: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [settings, more].concat()
}

#[test]
fn an_old_value_answers_where_the_fetch_fails() {
    // A cycle is 300 ms: misses at 0, 0.3, ... 3.9 and 4.2 s. From 4.2 s on every request tries, and fails: 4.2 to 6.0 s are 19.
    let every = with(L1, &[("tier.l1.fail_safe", "{ grace = \"1h\", throttle = \"0s\" }")]);
    // Once more after 700 ms only: attempts at 4.2, 4.9 and 5.6 s; the throttle of the last ends at 6.3 s, when the database is back.
    let throttled = with(L1, &[("tier.l1.fail_safe", "{ grace = \"1h\", throttle = \"650ms\" }")]);
    // The entry of 3.9 s is dead from 4.15 s on, and of use for 1 s more: the requests of 4.2 to 5.1 s.
    let short = with(L1, &[("tier.l1.fail_safe", "{ grace = \"1s\", throttle = \"0s\" }")]);
    exactly(&[
        (L1, DOWN, ERRORS, 0.19),
        (L1, DOWN, STALE, 0.0),
        (&every, DOWN, ERRORS, 0.0),
        (&every, DOWN, STALE, 0.19),
        (&every, DOWN, "db.fetches.rate", (14.0 + 19.0 + 13.0) / 10.0),
        (&throttled, DOWN, ERRORS, 0.0),
        // 4.2 to 6.2 s: the last two are held back although the database is there again.
        (&throttled, DOWN, STALE, 0.21),
        (&throttled, DOWN, "db.fetches.rate", (14.0 + 3.0 + 13.0) / 10.0),
        (&short, DOWN, STALE, 0.10),
        (&short, DOWN, ERRORS, 0.09),
    ]);
}

#[test]
fn a_shared_tier_keeps_old_values_as_well() {
    let shared: Settings<'_> =
        &[("tier.l2.ttl", "250ms"), ("tier.l2.fail_safe", "{ grace = \"1h\", throttle = \"0s\" }")];
    exactly(&[(shared, DOWN, ERRORS, 0.0), (shared, DOWN, STALE, 0.19)]);
    // A request of two keys fails only if one of them has no old value.
    let two = "\n[[class]]\nname = \"pairs\"\nshare = 1.0\nkeys = 2\nkeys_per_request = 2\n";
    exactly_with(
        two,
        &[
            (shared, DOWN, ERRORS, 0.0),
            (&with(shared, &[("tier.l2.multi_get", "mget")]), DOWN, ERRORS, 0.0),
            (&with(L1, &[("tier.l1.fail_safe", "{ grace = \"1h\" }")]), DOWN, ERRORS, 0.0),
            (&[("tier.l2.ttl", "250ms")], DOWN, ERRORS, 0.19),
        ],
    );
}

#[test]
fn nobody_waits_longer_than_the_soft_timeout_for_a_value_that_is_there() {
    // A fetch takes 70 ms. The first request has no old value; of the rest each third waits for 45 ms, gets the old value, and the fetch
    // brings the new one 25 ms later.
    let soft = with(
        L1,
        &[("tier.l1.fail_safe", "{ grace = \"1h\", soft_timeout = \"45ms\" }"), ("database.read", "70ms")],
    );
    let hard = with(L1, &[("tier.l1.fail_safe", "{ grace = \"1h\" }"), ("database.read", "70ms")]);
    let singleflight = with(&soft, &[("coalescing", "singleflight")]);
    // Entries are filled at 0.07, 0.47, 0.87 s, ... and dead 250 ms later: a fetch at 0, 0.4, 0.8, ... 9.6 s, 25 in all.
    exactly(&[
        (&hard, "", MEAN, 25.0 * 70.0 / 100.0),
        (&soft, "", MEAN, (70.0 + 24.0 * 45.0) / 100.0),
        (&soft, "", STALE, 0.24),
        (&soft, "", "db.fetches.rate", 2.5),
        (&singleflight, "", MEAN, (70.0 + 24.0 * 45.0) / 100.0),
        // A fetch of 130 ms: with singleflight the next request, 100 ms later, joins it for the last 30 ms.
        (&with(&singleflight, &[("database.read", "130ms")]), "", "latency.all.max_ms", 130.0),
    ]);
}

#[test]
fn an_early_refresh_may_have_a_grace_beside_it() {
    // Refreshed from 200 ms of 250 on: the request 200 ms after a fill starts a refresh in the background; nobody waits but the first.
    let ahead = with(L1, &[("tier.l1.refresh", "{ ahead = { fraction = 0.7 } }")]);
    let both = with(L1, &[("tier.l1.refresh", "{ ahead = { fraction = 0.7, grace = \"1s\" } }")]);
    // From 4.05 to 6.05 s refreshes fail. Without a grace the entry is dead at 4.3 s or so and 18 requests fail or fetch; with one it
    // answers for a second more.
    let errors = |settings| crate::tiny::value(&crate::even::even(settings, DOWN), ERRORS);
    let (alone, together) = (errors(&ahead), errors(&both));
    assert_eq!([alone, together], [0.18, 0.08]);
    exactly(&[(&ahead, "", "requests.miss.ratio", 0.01), (&both, "", "requests.miss.ratio", 0.01)]);
}
