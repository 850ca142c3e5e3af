//! What is not cached: tiers that are not filled, admission, answers that cannot be cached. Worked out request by request: one every
//! 100 ms, a database of 20 ms.

use crate::even::{even, exactly, exactly_with};
use crate::tiny::value;

const MISSES: &str = "requests.miss.ratio";
const FETCHES: &str = "db.fetches.rate";

#[test]
fn a_tier_that_is_not_filled_lives_on_what_it_has() {
    let prefill = ("tier.l2.prefill", "{ hottest = \"all\" }");
    exactly(&[
        (&[("tier.l2.fill", "false")], "", MISSES, 1.0),
        // What was there at the start lives for 3.95 s: the requests of 4.0 s and later miss.
        (&[prefill, ("tier.l2.ttl", "3950ms")], "", MISSES, 0.02),
        (&[prefill, ("tier.l2.ttl", "3950ms"), ("tier.l2.fill", "false")], "", MISSES, 0.60),
        // A refactoring at 2.05 s; the entry of 1.2 s, filled at 1.22 s, lives until 2.37 s.
        (
            &[("tier.l2.ttl", "1150ms")],
            "2050ms { change = { set = { \"tier.l2.fill\" = false } } }",
            MISSES,
            0.78,
        ),
        (&[("tier.l2.ttl", "0s")], "", MISSES, 1.0),
        (&[("tier.l2.ttl", "0s")], "", "tier.l2.round_trips.rate", 10.0),
        (&[("tier.l1.enabled", "true"), ("tier.l1.fill", "false")], "", "tier.l1.hit_ratio", 0.0),
    ]);
}

#[test]
fn the_second_fetch_of_a_key_is_stored() {
    let second = |within| [("tier.l2.admit", within), ("tier.l2.ttl", "450ms")];
    exactly(&[
        (&second("\"all\""), "", MISSES, 0.20),
        // 0 and 0.1 s fetch; the entry of 0.12 s is dead at 0.57 s: the next fetches are at 0.6 and 1.1 s, within a second of the one
        // before, and stored: 0, 0.1, 0.6, 1.1, ... 9.6 s.
        (&second("{ second = { window = \"1s\" } }"), "", MISSES, 0.21),
        // Within 450 ms: 0, 0.1 s; 0.6 s is too late after 0.1 s, 0.7 s is not: 0.6, 0.7, 1.2, 1.3, ... 9.6, 9.7 s.
        (&second("{ second = { window = \"450ms\" } }"), "", MISSES, 0.34),
    ]);
    // Half of the misses of a tier that keeps entries for 50 ms are stored, and none is of use.
    let stored = value(
        &even(&[("tier.l2.admit", "{ share = 0.5 }"), ("tier.l2.ttl", "50ms")], ""),
        "tier.l2.round_trips.rate",
    );
    assert!((13.0..17.0).contains(&stored), "{stored} commands per second, of which 10 are GETs");
}

#[test]
fn an_answer_that_cannot_be_cached_is_for_one_caller() {
    let table = "\n[[class]]\nname = \"private\"\nshare = 1.0\nkeys = 1\ncacheable = false\n";
    let slow = ("database.read", "250ms");
    let single = ("coalescing", "singleflight");
    exactly_with(
        table,
        &[
            (&[], "", FETCHES, 10.0),
            (&[slow], "", "latency.all.max_ms", 250.0),
            // One after the other, four a second, while ten arrive: the last of 100 requests is answered at 25 s, 15.1 s after it came.
            (&[slow, single], "", "latency.all.max_ms", 15_100.0),
            (&[slow, single], "", "db.concurrency.peak", 1.0),
            // With the first answer, at 250 ms, the tier remembers; the requests of 100 and 200 ms call from then on, all others at once.
            (&[slow, single, ("tier.l2.hit_for_miss", "1h")], "", "latency.all.max_ms", 400.0),
            (&[slow, single, ("tier.l2.hit_for_miss", "1h")], "", FETCHES, 10.0),
            (&[slow, single, ("tier.l2.hit_for_miss", "1h")], "", "hit_ratio", 0.0),
        ],
    );
}
