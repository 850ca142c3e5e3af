//! What the options of a tier do, to the last digit: how long an entry lives, what it weighs, and what commands take.
//!
//! Of the hundred requests for one key the first misses at 0 s and fills the cache at 0.02 s; the others hit, unless the entry
//! is gone.

use crate::even::{THREE, even, exactly, exactly_after, exactly_with};
use crate::tiny::{Settings, value};

const MISSES: &str = "requests.miss.ratio";
const HIT: &str = "latency.hit.mean_ms";
const MEMORY: &str = "tier.l2.memory.peak_bytes";
/// The entry is there before the first request.
const WARM: (&str, &str) = ("tier.l2.prefill", "{ hottest = \"all\" }");
const L1: (&str, &str) = ("tier.l1.enabled", "true");
const NO_L2: (&str, &str) = ("tier.l2.enabled", "false");

#[test]
fn an_entry_lives_for_its_ttl_from_its_fill() {
    let ttl = ("tier.l2.ttl", "350ms");
    exactly(&[
        // Filled at 0.02 s, gone at 0.37 s, missed at 0.4 s, and so on every 0.4 s.
        (&[ttl], "", MISSES, 0.25),
        // Gone at 0.3 s is gone for the request of 0.3 s: 34 times in 100.
        (&[("tier.l2.ttl", "280ms")], "", MISSES, 0.34),
        (&[("tier.l2.ttl", "281ms")], "", MISSES, 0.25),
        // Each hit gives it another 350 ms.
        (&[ttl, ("tier.l2.sliding", "true")], "", MISSES, 0.01),
        // Between 0.3 and 0.4 s whatever is drawn: 0 to 100 ms more, 0 to 98 ms more, 330 ms and at most 29 more or less.
        (&[("tier.l2.ttl", "280ms"), ("tier.l2.jitter", "{ plus = \"100ms\" }")], "", MISSES, 0.25),
        (&[("tier.l2.ttl", "280ms"), ("tier.l2.jitter", "{ plus = \"35%\" }")], "", MISSES, 0.25),
        (&[("tier.l2.ttl", "330ms"), ("tier.l2.jitter", "{ around = \"29ms\" }")], "", MISSES, 0.25),
        // Loaded at 0 s it lives until 0.35 s, and is missed at 0.4, 0.8 and so on.
        (&[ttl, WARM], "", MISSES, 0.24),
        (&[ttl, ("measure.value_age", "true")], "", "value.age.max_s", 0.3),
        (&[ttl], "", "expirations.rate", 2.4),
    ]);
}

#[test]
fn a_round_trip_is_half_of_it_each_way() {
    exactly(&[
        (&[WARM, ("tier.l2.round_trip", "7ms")], "", HIT, 7.0),
        (&[NO_L2, ("database.round_trip", "9ms")], "", "latency.all.mean_ms", 29.0),
        // Filled 26 ms after the request, as with 3 ms each way.
        (&[("tier.l2.round_trip", "6ms"), ("tier.l2.ttl", "371ms")], "", MISSES, 0.25),
    ]);
}

/// 4 ms ln 100 at the 99th percentile; the sum of two halves drawn apart would be 13.3 ms there.
#[test]
fn a_random_round_trip_is_drawn_once() {
    let many = ("workload.arrivals", "{ constant = { rate = 2000 } }");
    let random = ("tier.l2.round_trip", "{ exponential = { mean = \"4ms\" } }");
    let p99_ms = value(&even(&[many, WARM, random], ""), "latency.hit.p99_ms");
    assert!((p99_ms - 18.42).abs() < 1.2, "{p99_ms}");
}

#[test]
fn no_such_row_is_kept_for_its_own_time() {
    let absent = "[[class]]\nname = \"absent\"\nshare = 1.0\nkeys = 1\nabsent = true\n";
    exactly_with(
        absent,
        &[
            (&[], "", MISSES, 1.0),
            (&[("tier.l2.negative_ttl", "350ms")], "", MISSES, 0.25),
            (&[("tier.l2.negative_ttl", "350ms")], "", "requests.negative_hit.ratio", 0.75),
            (&[("tier.l2.negative_ttl", "350ms")], "", "hit_ratio", 0.75),
        ],
    );
}

#[test]
fn a_class_has_a_ttl_and_times_of_its_own() {
    let class = "[[class]]\nname = \"users\"\nshare = 1.0\nkeys = 1\n";
    let ttl = format!("{class}ttl = {{ l2 = \"280ms\" }}\n");
    let times = format!("{class}database = {{ read = \"40ms\" }}\n");
    let sizes = format!("{class}value_size = \"300B\"\nkey_size = \"70B\"\n");
    let none = format!("{class}ttl = \"none\"\n");
    let short = ("tier.l2.ttl", "350ms");
    exactly_with(class, &[(&[short], "", MISSES, 0.25)]);
    exactly_with(&ttl, &[(&[short], "", MISSES, 0.34)]);
    exactly_with(&none, &[(&[short], "", MISSES, 0.01)]);
    exactly_with(&times, &[(&[], "", "latency.miss.mean_ms", 40.0)]);
    exactly_with(&sizes, &[(&[], "", MEMORY, 426.0)]);
}

#[test]
fn an_entry_is_renewed_from_its_share_of_the_ttl_on() {
    let ahead = |fraction: &str| format!("{{ ahead = {{ fraction = {fraction} }} }}");
    let second = ("tier.l2.ttl", "1s");
    let (late, early) = (ahead("0.8"), ahead("0.2"));
    exactly(&[
        // Filled at 0.02 s it is asked for after its 0.8 s at 0.9 s, and again every 0.9 s: the last time at 9.9 s.
        (&[second, ("tier.l2.refresh", &late)], "", "refreshes.rate", 1.1),
        (&[second, ("tier.l2.refresh", &late)], "", MISSES, 0.01),
        // After its 0.2 s at 0.3 s.
        (&[second, ("tier.l2.refresh", &early)], "", "refreshes.rate", 3.3),
    ]);
}

/// At 400 ms the upper tier serves what expired at 370 ms and renews it from the lower one, which serves what expired at 320 ms: a
/// lookup of each more, and a hit.
#[test]
fn a_refresh_is_one_lookup_of_the_tier_below() {
    let grace = "{ stale-while-revalidate = { grace = \"200ms\" } }";
    let settings: Settings<'_> = &[
        L1,
        ("tier.l1.ttl", "350ms"),
        ("tier.l1.refresh", grace),
        ("tier.l2.scope", "instance"),
        ("tier.l2.ttl", "300ms"),
        ("tier.l2.refresh", grace),
    ];
    let rows = [("tier.l1.hit_ratio", 0.5), ("tier.l2.hit_ratio", 0.5), ("requests.stale_hit.ratio", 0.5)];
    exactly_after("0 read a, 400 read a", &rows.map(|(measure, value)| (settings, measure, value)));
}

#[test]
fn a_stale_value_is_served_within_its_grace() {
    let grace = |grace: &str| format!("{{ stale-while-revalidate = {{ grace = \"{grace}\" }} }}");
    let (short, long) = (grace("29ms"), grace("31ms"));
    let ttl = ("tier.l2.ttl", "350ms");
    exactly(&[
        // Gone at 0.37 s, with 31 ms more it is served at 0.4 s; the new value comes at 0.42 s and is served at 0.8 s.
        (&[ttl, ("tier.l2.refresh", &long)], "", "requests.stale_hit.ratio", 0.24),
        (&[ttl, ("tier.l2.refresh", &long)], "", "refreshes.rate", 2.4),
        (&[ttl, ("tier.l2.refresh", &long)], "", MISSES, 0.01),
        (&[ttl, ("tier.l2.refresh", &short)], "", "requests.stale_hit.ratio", 0.0),
        (&[ttl, ("tier.l2.refresh", &short)], "", MISSES, 0.25),
        // In the process a stale value is a hit of its tier as well.
        (&[L1, NO_L2, ("tier.l1.ttl", "350ms"), ("tier.l1.refresh", &long)], "", "tier.l1.hit_ratio", 0.99),
    ]);
}

/// A SET over an entry is a use of it, so that of two keys the one that was not written goes.
#[test]
fn what_is_written_again_is_evicted_later() {
    let two = |strategy: &'static str| {
        [("tier.l2.capacity", "2"), ("tier.l2.eviction", "lru"), ("writes.strategy", strategy)]
    };
    let requests = "0 read a, 100 read b, 200 write a, 300 read c, 400 read a";
    exactly_after(
        requests,
        &[
            (&two("update"), MISSES, 0.6),
            (&two("write-around"), MISSES, 0.8),
            // Deleted, a makes room for c, and takes the place of b.
            (&two("invalidate"), MISSES, 0.8),
        ],
    );
}

#[test]
fn an_entry_weighs_what_is_in_it() {
    let compress = |text| ("tier.l2.compress", text);
    let lru = ("tier.l2.eviction", "lru");
    exactly(&[
        // A value of 1,000 bytes, a key of 40, and 56 in a shared tier; none in the process.
        (&[], "", MEMORY, 1_096.0),
        (&[L1, NO_L2], "", "tier.l1.memory.peak_bytes", 1_040.0),
        (
            &[
                ("workload.key_size", "70B"),
                ("workload.value_size", "300B"),
                ("tier.l2.entry_overhead", "11B"),
            ],
            "",
            MEMORY,
            381.0,
        ),
        // 0.3 of 1,000, rounded up; a value as large as the limit is not compressed.
        (&[compress("{ above = \"999B\", ratio = 0.3, per_byte = \"0s\" }")], "", MEMORY, 396.0),
        (&[compress("{ above = \"999B\", ratio = 0.2999, per_byte = \"0s\" }")], "", MEMORY, 396.0),
        (&[compress("{ above = \"1000B\", ratio = 0.3, per_byte = \"0s\" }")], "", MEMORY, 1_096.0),
        (&[lru, ("tier.l2.capacity", "1096B")], "", MISSES, 0.01),
        (&[lru, ("tier.l2.capacity", "1095B")], "", MISSES, 1.0),
    ]);
}

const AWAY: (&str, &str) = ("tier.l2.network", "6ms");
const SERVICE: (&str, &str) = ("tier.l2.service", "4ms");
const PER_BYTE: (&str, &str) = ("tier.l2.per_byte", "3us");

#[test]
fn a_command_takes_its_way_its_service_and_its_bytes() {
    let all: Settings<'_> = &[AWAY, SERVICE, PER_BYTE];
    exactly(&[
        // Twice 6 ms, 4 ms, and 3 us for each of 1,000 bytes.
        (all, "", HIT, 19.0),
        // Nothing is found: no bytes. The SET is nobody's to wait for.
        (all, "", "latency.miss.mean_ms", 12.0 + 4.0 + 20.0),
        // 99 hits of 7 ms, a miss of 4, and a SET of 7.
        (all, "", "tier.l2.utilization", (99.0 * 7.0 + 4.0 + 7.0) / 10_000.0),
        (all, "", "tier.l2.round_trips.rate", 10.1),
        (&[L1, ("tier.l1.access", "3ms")], "", HIT, 3.0),
        (&[L1, ("tier.l1.access", "3ms")], "", "latency.miss.mean_ms", 23.0),
        (&[AWAY, ("clients.deadline", "33ms")], "", "error.ratio", 0.0),
        // 12 ms and 20: the first one is given up, and its value fills the cache.
        (&[AWAY, ("clients.deadline", "31ms")], "", "error.deadline.ratio", 0.01),
        (&[AWAY, ("clients.deadline", "31ms")], "", "latency.all.max_ms", 31.0),
    ]);
}

#[test]
fn clients_pay_for_bytes_too() {
    const COMPRESS: (&str, &str) =
        ("tier.l2.compress", "{ above = \"500B\", ratio = 0.3, per_byte = \"1us\" }");
    const SLOWER: (&str, &str) = (
        "tier.l2.compress",
        "{ above = \"500B\", ratio = 0.3, per_byte = \"1us\", decompress_per_byte = \"5us\" }",
    );
    const SERIALIZE: (&str, &str) = ("tier.l2.serialize", "{ per_byte = \"2us\" }");
    let cores = "tier.l2.client.cores";
    exactly(&[
        // Of the original 1,000 bytes; on the way there are 300.
        (&[COMPRESS], "", HIT, 1.0),
        (&[SLOWER], "", HIT, 5.0),
        (&[SERIALIZE], "", HIT, 2.0),
        (&[SERIALIZE, COMPRESS, PER_BYTE], "", HIT, 2.0 + 1.0 + 0.9),
        // 99 values are read and one is written.
        (&[SERIALIZE], "", cores, 100.0 * 0.002 / 10.0),
        (&[SERIALIZE, SLOWER], "", cores, (99.0 * 0.007 + 0.003) / 10.0),
    ]);
}

#[test]
fn a_link_carries_so_many_bytes_a_second() {
    let (link, wire) = (("tier.l2.bandwidth", "1MB/s"), ("measure.wire", "true"));
    let small = ("tier.l2.compress", "{ above = \"1B\", ratio = 0.25, per_byte = \"0s\" }");
    exactly(&[
        // A key of 40 bytes there, a value of 1,000 back, a microsecond each.
        (&[link], "", HIT, 1.04),
        (&[link, small], "", HIT, 0.29),
        // 99 values come back; what goes there are 100 keys, and a key with its value.
        (&[link], "", "tier.l2.link.utilization", 99.0 * 0.001 / 10.0),
        (&[wire], "", "tier.l2.wire.bytes_per_s", (101.0 * 40.0 + 100.0 * 1_000.0) / 10.0),
        (&[wire, small], "", "tier.l2.wire.bytes_per_s", (101.0 * 40.0 + 100.0 * 250.0) / 10.0),
    ]);
}

#[test]
fn several_keys_are_asked_for_apart_or_together() {
    let four: Settings<'_> =
        &[("workload.keys", "4"), ("workload.keys_per_request", "4"), WARM, ("tier.l2.service", "100us")];
    let mget = |how| [four, &[("tier.l2.multi_get", how)]].concat();
    exactly(&[
        // Four GETs, one behind the other.
        (four, "", HIT, 0.4),
        (four, "", "tier.l2.round_trips.rate", 40.0),
        (four, "", "keys.rate", 40.0),
        (&mget("mget"), "", HIT, 0.4),
        (&mget("mget"), "", "tier.l2.round_trips.rate", 10.0),
        // The first key takes the service, the others 7 us each.
        (&mget("{ mget = { per_key = \"7us\" } }"), "", HIT, 0.121),
    ]);
    // In the process one key after the other.
    let own: Settings<'_> =
        &[("workload.keys", "4"), ("workload.keys_per_request", "4"), L1, NO_L2, ("tier.l1.access", "3ms")];
    exactly(&[
        (own, "", HIT, 12.0),
        (own, "", "latency.miss.mean_ms", 32.0),
        (own, "", "tier.l1.requests.rate", 40.0),
        (own, "", "keys.hit_ratio", 0.99),
    ]);
}

/// A round trip of 120 ms, and a request every 100 ms.
#[test]
fn who_finds_no_connection_to_a_tier_waits_for_one() {
    let pool: Settings<'_> = &[WARM, ("tier.l2.network", "60ms"), ("tier.l2.pool", "1")];
    let timeout = [pool, &[("tier.l2.pool_timeout", "50ms"), ("tier.l2.on_failure", "error")]].concat();
    exactly(&[
        // Each request waits 20 ms longer than the one before it: 0 to 1,980 ms.
        (pool, "", HIT, 120.0 + 990.0),
        (pool, "", "latency.all.max_ms", 120.0 + 1_980.0),
        (pool, "", "tier.l2.pool.waited.ratio", 0.99),
        (pool, "", "tier.l2.pool.saturation", 1.0),
        // Every fourth would wait 60 ms; the next one finds the connection as the first did, 40 ms after it was freed.
        (&timeout, "", "error.tier.ratio", 0.25),
        (&timeout, "", "latency.all.mean_ms", 0.75 * (120.0 + 20.0) + 0.25 * 50.0),
        (&timeout, "", "tier.l2.pool.saturation", 0.9),
        // 120 ms of 200 in each tenth of a second; of the last one 20 ms are beyond the end.
        (&[WARM, ("tier.l2.network", "60ms"), ("tier.l2.pool", "2")], "", HIT, 120.0),
        (&[WARM, ("tier.l2.network", "60ms"), ("tier.l2.pool", "2")], "", "tier.l2.pool.saturation", 0.599),
    ]);
}

#[test]
fn the_hottest_keys_are_there_before_the_first_request() {
    let five =
        |hottest| [("workload.keys", "5"), ("workload.keys_per_request", "5"), ("tier.l2.prefill", hottest)];
    exactly(&[
        // Of the first five lookups as many miss as are not there, of 500 in all.
        (&five("{ hottest = 2 }"), "", "keys.hit_ratio", 0.994),
        (&five("{ hottest = 2, age = \"fresh\" }"), "", "hit_ratio", 0.99),
        (&five("{ hottest = \"all\" }"), "", "keys.hit_ratio", 1.0),
    ]);
}

/// Filled at 0.02 s and missed again every 1.6 s, an entry of 1.5 s has 0.52 s left at 1 s, 1.12 s at 2 s, then 0.12, 0.72, 1.32,
/// 0.32 and 0.92 s; at 8 s it has expired; and 0.52 s and 1.12 s are left at 9 and 10 s.
#[test]
fn what_is_left_of_a_ttl_is_looked_at_where_windows_end() {
    let sampled: Settings<'_> = &[("tier.l2.ttl", "1500ms"), ("measure.remaining_ttl", "true")];
    exactly(&[(sampled, "", "tier.l2.expired.ratio", 0.1), (sampled, "", MISSES, 0.07)]);
    let left = value(&even(sampled, ""), "tier.l2.ttl.p50_s");
    // Each is told to within 0.4 %.
    assert!((left - 6.68 / 9.0).abs() < 0.004, "{left}");
}

#[test]
fn a_look_up_without_an_answer_goes_on_or_fails() {
    let late: Settings<'_> = &[("tier.l2.network", "15ms"), ("tier.l2.timeout", "25ms")];
    let breaker = "{ failures = 0.9, window = \"2s\", minimum = 5, open = \"1350ms\", probes = 3 }";
    let guarded = [late, &[("tier.l2.breaker", breaker)]].concat();
    let mean = "latency.all.mean_ms";
    exactly(&[
        (late, "", mean, 45.0),
        (late, "", "tier.l2.failures.rate", 10.0),
        (late, "", "tier.l2.entries.peak", 1.0),
        (&[late, &[("tier.l2.fill_after_failure", "false")]].concat(), "", "tier.l2.entries.peak", 0.0),
        (&[late, &[("tier.l2.on_failure", "error")]].concat(), "", mean, 25.0),
        (&[late, &[("tier.l2.on_failure", "error")]].concat(), "", "error.tier.ratio", 1.0),
        // A lookup every 100 ms fails 25 ms later. At 0.425 s there are five of them, and the breaker opens until 1.775 s;
        // the probes of 1.8 to 2.0 s fail as well, until 3.375 s, and so on every 1.6 s: 13 are refused for every three
        // that pass. Those of 8.2 to 8.4 s are the last of them, then 13 more are refused, and two pass at 9.8 s and 9.9 s.
        (&guarded, "", mean, (100.0 * 20.0 + 25.0 * (5.0 + 5.0 * 3.0 + 2.0)) / 100.0),
        // The four values that come before it opens are put into the tier, the last one at 0.345 s. It never closes again, and holds
        // back the other 96.
        (&guarded, "", "tier.l2.failed_fills.rate", 9.6),
        (late, "", "tier.l2.failed_fills.rate", 0.0),
    ]);
}

/// Every request misses, and its value comes 20 ms later: the three of 1.0 to 1.2 s while the tier refuses every command.
#[test]
fn a_fill_that_is_refused_has_failed() {
    let ttl = ("tier.l2.ttl", "50ms");
    exactly(&[
        (&[ttl], "", "tier.l2.failed_fills.rate", 0.0),
        (&[ttl], "950ms { down = { target = \"l2\", for = \"300ms\" } }", "tier.l2.failed_fills.rate", 0.3),
    ]);
}

/// Three instances with caches of 0.45 s, each of which is asked every 0.3 s: at 0 s it misses, at 0.3 s it hits, at 0.6 s its
/// entry has been gone since 0.47 s. Of the 34, 33 and 33 requests that they get 17 miss each.
#[test]
fn instances_have_caches_of_their_own() {
    let own: Settings<'_> = &[L1, NO_L2, ("tier.l1.ttl", "450ms")];
    let (in_turn, by_key) = (
        [&THREE[..], own].concat(),
        [own, &[("clients.instances", "3"), ("clients.route", "sticky")]].concat(),
    );
    exactly(&[
        (&in_turn, "", MISSES, 0.51),
        // One instance has the key and is asked every 0.1 s: a miss, four hits, and a miss at 0.5 s.
        (&by_key, "", MISSES, 0.20),
    ]);
}

/// The upper one gets the value 32 ms after a miss of both, and 12 ms after a hit of the lower one: it is asked at 0.4 s, 0.8 s
/// and so on when it has nothing.
#[test]
fn what_one_tier_has_not_the_next_may_have() {
    let lower = "[[tier]]\nname = \"l3\"\nscope = \"shared\"\nttl = \"none\"\nnetwork = \"3ms\"\n";
    let upper: Settings<'_> = &[("tier.l2.ttl", "350ms"), ("tier.l2.network", "2ms")];
    exactly_with(
        lower,
        &[
            (upper, "", MISSES, 0.01),
            (upper, "", "latency.miss.mean_ms", 4.0 + 6.0 + 20.0),
            (upper, "", "tier.l2.hit.share", 0.75),
            (upper, "", "tier.l3.hit.share", 0.24),
            (upper, "", HIT, (75.0 * 4.0 + 24.0 * 10.0) / 99.0),
        ],
    );
}

#[test]
fn a_caller_has_so_many_requests_from_the_first_of_a_window_on() {
    let limiter = |mode: &'static str, limit: &'static str| {
        [
            ("limiter.tier", "l2"),
            ("limiter.limit", limit),
            ("limiter.per", "850ms"),
            ("limiter.mode", mode),
            ("limiter.callers", "1"),
        ]
    };
    exactly(&[
        // A window of 0.85 s is followed by one that begins 0.9 s after it: eleven times three, and one at 9.9 s.
        (&limiter("atomic", "3"), "", "error.limiter.ratio", 0.66),
        (&limiter("naive", "3"), "", "error.limiter.ratio", 0.66),
        (&limiter("atomic", "7"), "", "error.limiter.ratio", 0.22),
        (&limiter("atomic", "9"), "", "error.limiter.ratio", 0.0),
    ]);
}

#[test]
fn arrivals_follow_their_profile() {
    let profile = |text| [("workload.profile", text)];
    let all = "requests.all";
    exactly(&[
        // 10/s for 3 s, and 25/s for 7.
        (&profile("[{ step = { at = \"3s\", factor = 2.5 } }]"), "", all, 30.0 + 175.0),
        // Twice the base on average from 2 to 6 s, three times the base after that.
        (&profile("[{ ramp = { from = \"2s\", to = \"6s\", factor = 3.0 } }]"), "", all, 20.0 + 80.0 + 120.0),
        // 1 + sin(pi (t - 2 s)/4 s)/2 over 10 s is 10 - 2/pi s, so 93.6 requests are due, the first of them at 0.
        (&profile("[{ sine = { period = \"8s\", amplitude = 0.5, phase = \"2s\" } }]"), "", all, 94.0),
        // 10 + 1/(2 pi) 8/2 (1 - cos(5 pi/2)) = 10.64.
        (&profile("[{ sine = { period = \"8s\", amplitude = 0.5 } }]"), "", all, 107.0),
        // Three users think for 70 ms, and ask and wait for 30; the first time for 50. At 0.19 s they ask for the second
        // time, and for the hundredth at 9.99 s.
        (
            &[
                ("workload.arrivals", "{ closed = { users = 3, think = \"70ms\" } }"),
                ("tier.l2.network", "15ms"),
            ],
            "",
            all,
            300.0,
        ),
        (&[("warmup", "2550ms")], "", all, 74.0),
        (&[("warmup", "2500ms")], "", all, 75.0),
        (&[("workload.write_share", "1.0")], "", "db.writes_per_request", 1.0),
        (&[("workload.exists_share", "1.0")], "", "requests.exists.ratio", 1.0),
    ]);
}
