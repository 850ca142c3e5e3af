//! Changes of settings during the run: on paper, request by request, and against systems that had the settings from the start.

use std::sync::Arc;

use herdlab::catalog::computed::measures;
use herdlab::dice::mix;
use herdlab::model::Model;
use herdlab::sim::{Control, Engine};
use herdlab::workload::Tables;

use crate::combinations::CHOICES;
use crate::even::{THREE, exactly, exactly_with, recorded};
use crate::tiny::{Settings, accepted, tiny};

const MISSES: &str = "requests.miss.ratio";
const MEAN: &str = "latency.all.mean_ms";

fn three<'a>(settings: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&THREE[..], settings].concat()
}

#[test]
fn a_time_to_live_changes_for_what_is_filled_from_then_on() {
    let ttl = "5050ms { change = { set = { \"tier.l2.ttl\" = \"650ms\" } } }";
    exactly(&[
        // A ttl of 2.55 s: misses at 0, 2.6 and 5.2 s; that of 5.2 s lives for 650 ms, and so do those of 5.9, 6.6, ... 9.4 s.
        (&[("tier.l2.ttl", "2550ms")], "", MISSES, 0.04),
        (&[("tier.l2.ttl", "2550ms")], ttl, MISSES, 0.09),
        // Whoever has the new settings jitters by none of the old.
        (
            &[("tier.l2.ttl", "2550ms")],
            "5050ms { change = { set = { \"tier.l2.sliding\" = true } } }",
            MISSES,
            0.02,
        ),
    ]);
}

#[test]
fn instances_change_one_after_another() {
    // Three instances with a cache each, asked in turn; the change reaches them at 3.05, 4.55 and 6.05 s.
    let change = "3050ms { change = { set = { \"tier.l1.ttl\" = \"250ms\" }, every = \"1500ms\" } }";
    let l1: Vec<_> =
        three(&[("tier.l1.enabled", "true"), ("tier.l1.ttl", "none"), ("tier.l2.enabled", "false")]);
    exactly(&[
        (&l1, "", MISSES, 0.03),
        // Entries that live for ever stay as they are.
        (&l1, change, MISSES, 0.03),
        // With a restart each begins empty, and its entries are dead at its next request, 300 ms later. Requests from then on:
        // 3.3, 3.6, ... 9.9 s are 23; 4.6, 4.9, ... 9.7 are 18; 6.2, 6.5, ... 9.8 are 13.
        (&l1, &change.replace("every", "restart = true, every"), MISSES, (3.0 + 23.0 + 18.0 + 13.0) / 100.0),
        // A canary of two.
        (
            &l1,
            &change.replace("every", "restart = true, instances = 2, every"),
            MISSES,
            (3.0 + 23.0 + 18.0) / 100.0,
        ),
    ]);
}

#[test]
fn another_version_of_the_keys_is_a_cold_cache_and_the_old_one_is_still_there() {
    let forth = "3050ms { change = { set = { \"tier.l2.key_version\" = 2 } } }";
    let back = "5050ms { change = { set = { \"tier.l2.key_version\" = 1 } } }";
    let both = format!("{forth}; {back}");
    exactly(&[
        (&[], forth, MISSES, 0.02),
        // The entry of the first version has lived on.
        (&[], &both, MISSES, 0.02),
        (&[], &both, "tier.l2.entries.peak", 2.0),
        // With a ttl of 1.95 s it was filled at 0 and 2.0 s, and is dead at 5.1 s; that of version 2 at 3.1 and, dead at 5.05, no
        // more; then 5.1, 7.1 and 9.1 s.
        (&[("tier.l2.ttl", "1950ms")], &both, MISSES, 0.06),
        // Half of three instances' requests: both versions are filled once.
        (&three(&[]), &forth.replace("} }", "}, instances = 2 }"), MISSES, 0.02),
    ]);
    // A writer deletes the version that it has itself. Instance 0 has changed, and writes at 4.2 s; instance 1 reads the old value
    // at 4.3 s; instance 0 has none of its version at 4.4 s.
    let requests = "0 read a, 100 read a, 4200 write a, 4300 read a, 4400 read a";
    let two: Settings<'_> = &[("clients.instances", "2"), ("clients.route", "round-robin")];
    let change = "3050ms { change = { set = { \"tier.l2.key_version\" = 2 }, instances = 1 } }";
    let stale = |event| crate::tiny::value(&recorded(requests, two, event), "stale.ratio");
    assert_eq!([stale(""), stale(change)], [0.0, 0.25]);
}

#[test]
fn limits_of_the_application_change() {
    let no_cache = ("tier.l2.enabled", "false");
    exactly(&[
        // From 5.1 s on, 49 requests give up after 15 of 20 ms.
        (
            &[no_cache],
            "5050ms { change = { set = { \"clients.deadline\" = \"15ms\" } } }",
            "error.deadline.ratio",
            0.49,
        ),
        (
            &[no_cache],
            "5050ms { change = { set = { \"database.timeout\" = \"15ms\" } } }",
            "error.db_timeout.ratio",
            0.49,
        ),
        // Two attempts of 15 ms with 4 ms between.
        (
            &[no_cache, ("database.timeout", "15ms")],
            "5050ms { change = { set = { \"database.retries\" = { attempts = 2, backoff = \"4ms\" } } } }",
            MEAN,
            (51.0 * 15.0 + 49.0 * 34.0) / 100.0,
        ),
        // A service of 250 ms and one connection from 5.05 s on: three of the requests before are still in service then, at
        // 4.8, 4.9 and 5.0 s, and are done by 5.25 s; then one every 250 ms, and a request every 100 ms.
        (
            &[no_cache, ("database.read", "250ms")],
            "5050ms { change = { set = { \"database.pool\" = 1 } } }",
            "db.concurrency.peak",
            3.0,
        ),
        (
            &[no_cache, ("database.read", "250ms"), ("database.pool", "1")],
            "5050ms { change = { set = { \"database.pool\" = 7 } } }",
            "db.concurrency.peak",
            7.0,
        ),
    ]);
}

#[test]
fn coalescing_and_write_strategies_change() {
    let slow = ("database.read", "250ms");
    let uncached = ("tier.l2.ttl", "1ms");
    exactly(&[
        // Without, all of the 100 call the database; with singleflight from 5.05 s on a call answers the requests of 250 ms: those
        // of 5.1, 5.2, 5.3 s, and so on: 17 calls for 49 requests.
        (&[slow, uncached], "", "db.fetches.rate", 10.0),
        (
            &[slow, uncached],
            "5050ms { change = { set = { coalescing = \"singleflight\" } } }",
            "db.fetches.rate",
            (51.0 + 17.0) / 10.0,
        ),
        (
            &[slow, uncached, ("coalescing", "singleflight")],
            "5050ms { change = { set = { coalescing = \"none\" } } }",
            "db.fetches.rate",
            (17.0 + 49.0) / 10.0,
        ),
    ]);
    exactly_with(
        "\n[[class]]\nname = \"w\"\nshare = 1.0\nkeys = 1\nwrite_share = 1.0\n",
        &[
            // A DELETE, then none.
            (&[], "", "tier.l2.round_trips.rate", 10.0),
            (
                &[],
                "5050ms { change = { set = { \"writes.strategy\" = \"write-around\" } } }",
                "tier.l2.round_trips.rate",
                5.1,
            ),
        ],
    );
}

/// Settings that may change, with values that matter.
const CHANGES: &[(&str, &[&str])] = &[
    ("tier.l1.ttl", &["20ms", "300ms"]),
    ("tier.l2.ttl", &["50ms", "3s"]),
    ("tier.l2.jitter", &["{ plus = \"20ms\" }", "{ around = 0.5 }"]),
    ("tier.l2.sliding", &["true", "false"]),
    (
        "tier.l2.refresh",
        &[
            "\"none\"",
            "{ xfetch = { beta = 2.0 } }",
            "{ ahead = { fraction = 0.6 } }",
            "{ stale-while-revalidate = { grace = \"80ms\" } }",
        ],
    ),
    ("tier.l2.negative_ttl", &["200ms"]),
    ("tier.l2.key_version", &["1", "7"]),
    ("tier.l2.capacity", &["9", "31"]),
    ("tier.l2.pool", &["1", "2"]),
    ("tier.l2.timeout", &["1ms", "30ms"]),
    ("tier.l2.on_failure", &["next", "error"]),
    ("tier.l2.fill_after_failure", &["true", "false"]),
    (
        "coalescing",
        &[
            "\"none\"",
            "\"singleflight\"",
            "{ singleflight = { around = \"lookup\" } }",
            "{ lease = { tier = \"l2\", poll = \"3ms\" } }",
        ],
    ),
    ("writes.strategy", &["invalidate", "update", "write-through", "write-around"]),
    ("clients.deadline", &["8ms", "1s"]),
    ("database.pool", &["1", "3"]),
    ("database.timeout", &["6ms", "1s"]),
    ("database.retries", &["{ attempts = 3, backoff = \"2ms\" }"]),
];

/// A random scenario without events.
fn base(number: u64) -> (Vec<(&'static str, &'static str)>, impl FnMut(usize) -> usize) {
    let mut state = mix(number ^ 0x6368_616e);
    let mut below = move |bound: usize| {
        state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
        (state % bound as u64) as usize
    };
    let mut settings: Vec<(&str, &str)> =
        vec![("duration", "6s"), ("tier.l2.capacity", "20"), ("tier.l2.eviction", "lru")];
    for (path, values) in CHOICES {
        let value = values[below(values.len())];
        // Entries that are there at the start were filled by the settings of the start.
        let is_left_out = path.starts_with("tier.l2.eviction")
            || path.starts_with("tier.l2.capacity")
            || path.ends_with("prefill")
            || *path == "writes.strategy";
        if !is_left_out && below(4) == 0 {
            settings.push((path, value));
        }
    }
    (settings, below)
}

fn quoted(value: &str) -> String {
    let is_toml =
        value.starts_with(['{', '"']) || value.parse::<f64>().is_ok() || ["true", "false"].contains(&value);
    if is_toml { value.to_owned() } else { format!("\"{value}\"") }
}

/// All that a simulation leaves but for the measures of events.
fn left(model: &Model) -> String {
    let tables = Arc::new(Tables::new(model, 1).expect("there is no trace"));
    let engine = Engine::new(model, tables, 1, 0).expect("there is no trace");
    let finished = engine.run(&Control::default()).expect("it runs");
    let recorder = &finished.recorder;
    let measures: Vec<String> = measures(model, recorder)
        .into_iter()
        .map(|measure| format!("{measure:?}"))
        .filter(|text| !text.contains("event.") && !text.contains("ordinary."))
        // An entry is kept past its time as long as any settings of the run may need it.
        .filter(|text| !text.contains("entries.peak") && !text.contains("memory.peak"))
        // Of a pool without bounds, which nobody waits for.
        .filter(|text| !text.contains(".pool."))
        .collect();
    format!("{} {} {:?}", measures.join("\n"), finished.end_ns, finished.recorder.sojourn_ns)
}

/// What instances take over before the first request they have had from the start.
#[test]
fn a_change_at_the_start_is_a_setting() {
    let mut compared = 0;
    for number in 0..192 {
        let (settings, mut below) = base(number);
        let Ok(before) = accepted(&settings[..3], &settings[3..], &[]) else { continue };
        let kept: Vec<(String, String)> = before
            .overrides
            .iter()
            .filter_map(|set| {
                let (path, value) = set.split_once('=')?;
                Some((path.to_owned(), value.to_owned()))
            })
            .collect();
        let count = 1 + below(3);
        let chosen: Vec<(&str, &str)> = (0..count)
            .map(|_| {
                let (path, values) = CHANGES[below(CHANGES.len())];
                (path, values[below(values.len())])
            })
            .collect();
        let mut distinct = chosen.clone();
        distinct.sort_unstable();
        distinct.dedup_by_key(|setting| setting.0);
        let from_the_start: Vec<(String, String)> = kept
            .iter()
            .cloned()
            .chain(
                distinct.iter().map(|(path, value)| ((*path).to_owned(), value.trim_matches('"').to_owned())),
            )
            .collect();
        let set: Vec<String> =
            distinct.iter().map(|(path, value)| format!("\"{path}\" = {}", quoted(value))).collect();
        let event = format!("{{ change = {{ set = {{ {} }} }} }}", set.join(", "));
        let Ok(expected) = tiny(&from_the_start, &[""; 0]) else { continue };
        let at_start: Vec<(String, String)> =
            kept.iter().cloned().chain([("event.change.at".to_owned(), "0s".to_owned())]).collect();
        let Ok(changed) = tiny(&at_start, &[event.as_str()]) else { continue };
        compared += 1;
        let (expected, changed) = (&expected.variants[0].model, &changed.variants[0].model);
        let (one, other) = (left(expected), left(changed));
        if one != other {
            let differs: Vec<(&str, &str)> =
                one.lines().zip(other.lines()).filter(|(one, other)| one != other).take(4).collect();
            panic!("scenario {number} {kept:?}\n{event}\n{differs:#?}");
        }
    }
    assert!(compared > 100, "only {compared} were compared");
}

/// A change in the middle that sets each option to its own value.
#[test]
fn a_change_to_the_same_leaves_everything_as_it_is() {
    let settings: Settings<'_> = &[
        ("clients.instances", "3"),
        ("workload.write_share", "0.1"),
        ("tier.l1.enabled", "true"),
        ("tier.l2.refresh", "{ xfetch = { beta = 1.5 } }"),
        ("coalescing", "{ singleflight = { around = \"lookup\" } }"),
        ("database.pool", "2"),
        ("database.timeout", "40ms"),
    ];
    let same = "{ change = { every = \"100ms\", set = { \"tier.l1.ttl\" = \"500ms\", \"tier.l2.refresh\" = { xfetch = { beta = 1.5 } }, \
                coalescing = { singleflight = { around = \"lookup\" } }, \"database.pool\" = 2, \"database.timeout\" = \"40ms\", \
                \"tier.l2.key_version\" = 1, \"writes.strategy\" = \"invalidate\" } } }";
    let (one, other) = (tiny(settings, &[""; 0]).unwrap(), tiny(settings, &[same]).unwrap());
    assert_eq!(left(&one.variants[0].model), left(&other.variants[0].model));
}
