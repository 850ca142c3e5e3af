//! Workers of the instances: what holds one, who waits for one, and what becomes of those who find none.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::path::Path;

use herdlab::model::Experiment;
use herdlab::oracle::queueing::Mmc;
use herdlab::scenario::{Overrides, parse};

use crate::even::{NO_CACHE, exactly, exactly_after, exactly_with};
use crate::sums::{close, mean, run};
use crate::support::simulate;
use crate::tiny::{tiny, tiny_record, value};
use crate::torn::left;

const ONE: (&str, &str) = ("clients.workers", "1");
const MEAN: &str = "latency.all.mean_ms";
const MAX: &str = "latency.all.max_ms";
const WAIT: &str = "workers.wait.mean_ms";

fn with<'a>(base: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [base, more].concat()
}

#[test]
fn a_request_has_a_worker_from_its_start_to_its_end() {
    let one = [NO_CACHE, ONE];
    // 0 to 20 ms, 5 (20) to 40 and 30 (40) to 60.
    let requests = "0 read a, 5 read b, 30 read c";
    exactly_after(
        requests,
        &[
            (&one, MEAN, (20.0 + 35.0 + 30.0) / 3.0),
            (&one, WAIT, (0.0 + 15.0 + 10.0) / 3.0),
            (&one, "workers.waited.ratio", 2.0 / 3.0),
            (&one, "workers.queue.peak", 1.0),
            (&one, "workers.busy.peak", 1.0),
            // Two workers, and nobody waits.
            (&with(&one, &[("clients.workers", "2")]), MEAN, 20.0),
            (&with(&one, &[("clients.workers", "2")]), "workers.busy.peak", 2.0),
            // A recording of 30 ms and a mean gap of 15: 45 ms, of which all are busy.
            (&one, "workers.utilization", 1.0),
            (&one, "workers.busy.mean", 1.0),
            (&with(&one, &[("clients.workers", "2")]), "workers.utilization", (20.0 + 20.0 + 15.0) / 90.0),
            (&with(&one, &[("clients.workers", "2")]), "workers.busy.mean", (20.0 + 20.0 + 15.0) / 45.0),
        ],
    );
}

#[test]
fn who_finds_no_place_is_refused_and_who_waits_too_long_gives_up() {
    let (none, single) = (("clients.queue", "0"), ("clients.queue", "1"));
    let one = [NO_CACHE, ONE];
    exactly_after(
        "0 read a, 5 read b, 7 read c, 21 read d",
        &[
            // `c` finds the one place taken, `d` does not: `b` has a worker since 20 ms.
            (&with(&one, &[single]), "error.no_worker.ratio", 0.25),
            (&with(&one, &[single]), MEAN, (20.0 + 35.0 + 0.0 + 39.0) / 4.0),
            (&with(&one, &[none]), "error.no_worker.ratio", 0.5),
            (&with(&one, &[none]), MEAN, (20.0 + 0.0 + 0.0 + 20.0) / 4.0),
        ],
    );
    // The deadline counts from the arrival. `b` starts at 20 and is given up at 35; its worker is free for `c`, which is given up
    // at 37, and `d` starts then: 37 to 51. `e` waits from 22 to 51, and is given up at 52.
    let deadline = with(&one, &[("clients.deadline", "30ms")]);
    exactly_after(
        "0 read a, 5 read b, 7 read c, 21 read d, 22 read e",
        &[
            (&deadline, "error.deadline.ratio", 0.8),
            (&deadline, MEAN, (20.0 + 4.0 * 30.0) / 5.0),
            (&deadline, WAIT, (0.0 + 15.0 + 28.0 + 16.0 + 29.0) / 5.0),
        ],
    );
    let short = with(&one, &[("clients.deadline", "12ms"), ("database.read", "10ms")]);
    exactly_after(
        "0 read a, 1 read b, 2 read c",
        &[
            // `b` starts at 10 and is given up at 13, `c` starts at 13 and is given up at 14.
            (&short, "error.deadline.ratio", 2.0 / 3.0),
            (&short, WAIT, (0.0 + 9.0 + 11.0) / 3.0),
        ],
    );
    // Two at one instant: neither is answered in time, and the second one never starts.
    let late = with(&one, &[("clients.deadline", "9ms")]);
    exactly_after(
        "0 read a, 0 read b, 100 read c, 250 read d",
        &[
            (&late, "error.deadline.ratio", 1.0),
            (&late, WAIT, 9.0 / 4.0),
            (&late, MEAN, 9.0),
            // 250 ms and a mean gap of 125.
            (&late, "db.qps.mean", 3.0 / 0.375),
        ],
    );
}

#[test]
fn whatever_a_request_waits_for_holds_its_worker() {
    // A tier that takes 3 ms each way, hit or miss, and 20 ms of the database: 26, 6 and 6 ms.
    let far = [ONE, ("tier.l2.network", "3ms")];
    exactly_after(
        "0 read a, 1 read a, 2 read a",
        &[
            (&far, WAIT, (0.0 + 25.0 + 30.0) / 3.0),
            (&far, MAX, 36.0),
            // In the process: 4 ms each; the first goes on to the tier and the database.
            (
                &with(&far, &[("tier.l1.enabled", "true"), ("tier.l1.access", "4ms")]),
                WAIT,
                (0.0 + 29.0 + 32.0) / 3.0,
            ),
        ],
    );
    // A follower holds its own while the leader fetches: with two workers the third request waits for the fetch.
    let shared = [NO_CACHE, ("clients.workers", "2"), ("coalescing", "singleflight")];
    exactly_after("0 read a, 5 read a, 7 read b", &[(&shared, WAIT, 13.0 / 3.0), (&shared, MAX, 33.0)]);
    // A write until the tier has answered its DELETE: 20 ms and 6.
    let written = with(&far, &[("tier.l2.enabled", "true")]);
    exactly_after("0 write a, 1 write a", &[(&written, WAIT, 25.0 / 2.0), (&written, MAX, 51.0)]);
    // A read of several keys has one for all of them, until the last of them is there.
    let several = [
        ONE,
        NO_CACHE,
        ("workload.keys", "3"),
        ("workload.keys_per_request", "3"),
        ("database.servers", "1"),
    ];
    exactly(&[
        (&with(&several, &[("database.read", "40ms")]), "", "workers.busy.peak", 1.0),
        // 120 ms of work every 100: the n-th waits 20 n ms, and of a hundred the mean is 20 x 49.5.
        (&with(&several, &[("database.read", "40ms")]), "", WAIT, 990.0),
        (&with(&several, &[("database.read", "30ms")]), "", "workers.utilization", 0.9),
    ]);
}

#[test]
fn work_that_nobody_waits_for_holds_no_worker() {
    // The refresh of 50 ms goes on in the background; the request itself is answered at once.
    let refreshed = [
        ONE,
        ("tier.l2.ttl", "1s"),
        ("tier.l2.refresh", "{ stale-while-revalidate = { grace = \"5s\" } }"),
        ("database.read", "250ms"),
    ];
    exactly(&[
        // The first one takes 250 ms, and those at 100 and 200 ms wait for it.
        (&refreshed, "", WAIT, (150.0 + 50.0) / 100.0),
        // From 1.3 s on every thirteenth request starts a refresh, and it and the next two are answered with the old value.
        (&refreshed, "", "requests.stale_hit.ratio", 0.21),
    ]);
    // A fill of 30 ms is on its way while the next request has the worker.
    let filled = [ONE, ("tier.l2.network", "30ms"), ("tier.l2.service", "5ms")];
    exactly_after("0 read a, 90 read b", &[(&filled, WAIT, 0.0), (&filled, MEAN, 85.0)]);
}

#[test]
fn a_crash_frees_workers_and_takes_those_who_wait() {
    let one = [NO_CACHE, ONE, ("database.read", "250ms")];
    let crash = "320ms { crash = { instance = 0, for = \"280ms\" } }";
    // At 320 ms the second request (from 250 ms on) and two that wait die, then those at 400 and 500 ms are refused; the one at 600
    // ms starts at once.
    exactly(&[
        (&one, crash, "workers.busy.peak", 1.0),
        (
            &with(&one, &[("clients.queue", "0"), ("database.read", "150ms")]),
            crash,
            "error.crash.ratio",
            0.03,
        ),
    ]);
    let shown = crate::even::even(&with(&one, &[("clients.deadline", "1s")]), crash);
    assert_eq!(value(&shown, "error.crash.ratio"), 0.05);
}

#[test]
fn users_of_a_closed_loop_wait_for_a_worker_too() {
    // Five users without think time share two workers for 20 ms: each asks every 50 ms.
    let closed = [
        NO_CACHE,
        ("clients.workers", "2"),
        ("workload.arrivals", "{ closed = { users = 5, think = \"1us\" } }"),
    ];
    let record = crate::even::even(&closed, "");
    close(value(&record, "requests.rate"), 100.0, 1.0);
    close(value(&record, "workers.utilization"), 1.0, 0.001);
    close(value(&record, WAIT), 30.0, 0.1);
    // Those who are refused in no time and think of nothing would ask for ever.
    let refused = [
        ONE,
        ("clients.queue", "1"),
        ("workload.arrivals", "{ closed = { users = 5 } }"),
        ("clients.instances", "2"),
    ];
    let problems = tiny(&refused, &[""; 0]).unwrap_err();
    assert!(problems.contains("room for 4 of their 5 requests"), "{problems}");
}

#[test]
fn a_class_passes_by_a_tier() {
    let classes = "\n[[class]]\nname = \"page\"\nshare = 0.5\nkeys = 1\n[[class]]\nname = \"own\"\nshare = 0.5\nkeys = 1\n\
                   bypass = [\"l2\"]\ndatabase = { read = \"7ms\" }\n";
    let far = [("tier.l2.network", "1ms"), ("tier.l2.ttl", "none")];
    exactly_with(
        classes,
        &[
            (&far, "", "class.own.latency.mean_ms", 7.0),
            (&far, "", "class.own.hit_ratio", 0.0),
            (&far, "", "tier.l2.entries.peak", 1.0),
            // Neither is it stored where it is prefilled, nor deleted when it is written.
            (
                &with(&far, &[("tier.l2.prefill", "{ hottest = \"all\", age = \"fresh\" }")]),
                "",
                "tier.l2.entries.peak",
                1.0,
            ),
            (&with(&far, &[("class.own.write_share", "1")]), "", "class.own.latency.mean_ms", 20.0),
        ],
    );
}

/// Requests that need no cache are answered, however long the cache takes.
#[test]
fn a_bypass_tears_nothing() {
    const CLASSES: &str = r#"
question = "?"
duration = "4s"
[clients]
instances = 2
workers = 3
[workload]
arrivals = { poisson = { rate = 300 } }
[[class]]
name = "page"
share = 0.6
keys = 40
keys_per_request = 3
write_share = 0.1
[[class]]
name = "own"
share = 0.4
keys = 20
write_share = 0.2
exists_share = 0.1
bypass = BYPASS
[[tier]]
name = "l1"
scope = "instance"
ttl = "300ms"
access = "50us"
[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
network = "400us"
timeout = "3ms"
multi_get = "mget"
[[tier]]
name = "l3"
scope = "shared"
ttl = "2s"
network = "600us"
[database]
read = "5ms"
servers = 4
REST
"#;
    for bypass in ["[\"l1\"]", "[\"l2\"]", "[\"l3\"]", "[\"l1\", \"l3\"]", "[\"l1\", \"l2\", \"l3\"]"] {
        for rest in [
            "",
            "[coalescing.singleflight]\naround = \"lookup\"",
            "[coalescing.lease]\ntier = \"l3\"",
            "[invalidation]\ncdc = { lag = \"5ms\" }\nbroadcast = { delay = \"1ms\" }",
        ] {
            let source = CLASSES.replace("BYPASS", bypass).replace("REST", rest);
            let experiment = checked(&source);
            let model = &experiment.variants[0].model;
            assert!(left(model, false) == left(model, true), "{bypass} {rest}");
        }
    }
}

fn checked(source: &str) -> Experiment {
    let experiment = parse(source, "workers.toml", Path::new(""), &Overrides::default());
    experiment.unwrap_or_else(|problems| panic!("{problems}"))
}

/// Poisson arrivals, exponential requests, one instance: M/M/c, with the workers as servers.
#[test]
fn workers_in_front_of_an_idle_database_are_a_queue_of_their_own() {
    const SCENARIO: &str = r#"
question = "?"
duration = "20000s"
warmup = "100s"
replications = 2
[clients]
workers = 3
[workload]
arrivals = { poisson = { rate = 24 } }
keys = 1
[database]
read = { exponential = { mean = "100ms" } }
"#;
    let record = run(SCENARIO, &[], "");
    let queue = Mmc { rate_per_s: 24.0, servers: 3, service_mean_s: 0.1 };
    close(mean(&record, WAIT), queue.wait_mean_s() * 1e3, 6.0);
    close(mean(&record, "workers.waited.ratio"), queue.wait_probability(), 0.01);
    close(mean(&record, "workers.utilization"), 0.8, 0.005);
}

/// 40 workers that are held for 5.03 s by nine of ten requests: 8.8 of 200 requests a second get through.
#[test]
fn a_stalled_cache_lets_through_what_its_workers_can_wait_for() {
    let source = std::fs::read_to_string("scenarios/worker-pool.toml").unwrap();
    let source = source.replace("at = \"90s\"", "at = \"1s\"").replace("for = \"60s\"", "for = \"400s\"");
    let set = [("duration", "300s"), ("warmup", "60s"), ("replications", "2"), ("clients.deadline", "none")];
    let set = set.map(|(path, value)| (path.to_owned(), value.to_owned())).to_vec();
    let overrides = Overrides { set, variants: vec!["timeout 5s".to_owned()], ..Overrides::default() };
    let experiment = parse(&source, "worker-pool.toml", Path::new(""), &overrides);
    let record = simulate(&experiment.unwrap_or_else(|problems| panic!("{problems}")), 1);
    let held_s = 0.9 * 5.03 + 0.1 * 0.001;
    close(mean(&record, "goodput"), 40.0 / held_s, 0.25);
    close(mean(&record, "workers.utilization"), 1.0, 1e-3);
    close(mean(&record, "error.no_worker.ratio"), 1.0 - 40.0 / held_s / 200.0, 0.005);
}

/// A request of the plain simulation.
struct Asked {
    at_us: u64,
    service_us: u64,
}

/// What becomes of all requests, by following them one after the other.
#[derive(Debug, PartialEq)]
struct Followed {
    refused: usize,
    given_up: usize,
    latency_us: u64,
    waited_us: u64,
    latest_us: u64,
}

/// FIFO in front of so many workers, `queue` places, and a deadline from the arrival on: no event queue, only who is free when.
fn follow(requests: &[Asked], workers: usize, queue: usize, deadline_us: u64) -> Followed {
    let mut free: BinaryHeap<Reverse<u64>> = (0..workers).map(|_| Reverse(0)).collect();
    // Until when each of the accepted waits.
    let mut waits_until: Vec<u64> = Vec::new();
    let mut all = Followed { refused: 0, given_up: 0, latency_us: 0, waited_us: 0, latest_us: 0 };
    for Asked { at_us, service_us } in requests {
        let waiting = waits_until.iter().filter(|until| *until > at_us).count();
        let Reverse(next) = *free.peek().unwrap();
        if next > *at_us && waiting >= queue {
            all.refused += 1;
            continue;
        }
        let (start_us, gives_up_us) = (next.max(*at_us), at_us + deadline_us);
        waits_until.push(start_us.min(gives_up_us));
        let end_us = (start_us + service_us).min(gives_up_us);
        if start_us < gives_up_us {
            free.pop();
            free.push(Reverse(end_us));
        }
        all.given_up += usize::from(start_us + service_us > gives_up_us);
        all.latency_us += end_us - at_us;
        all.waited_us += start_us.min(gives_up_us) - at_us;
        all.latest_us = all.latest_us.max(end_us - at_us);
    }
    all
}

#[test]
fn a_plain_simulation_gives_the_same() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    for (workers, queue, deadline_us, gap_us) in [
        (1, 3, 61_003, 21_000),
        (2, 1, 400_019, 12_000),
        (3, 9, 35_011, 7_000),
        (5, 2, 90_007, 3_000),
        (4, 40, 123_457, 4_500),
        (2, 0, 50_021, 9_000),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut rows = "us,key\n".to_owned();
        let mut requests = Vec::new();
        let mut at_us = 0;
        for number in 0..400u64 {
            let (class, service_us) = [("page", 31_013), ("quick", 5_003)][below(2) as usize];
            writeln!(rows, "{at_us},{class}:{number}").unwrap();
            requests.push(Asked { at_us, service_us });
            at_us += 1 + below(2 * gap_us);
        }
        std::fs::write(folder.path().join("requests.csv"), rows).unwrap();
        let source = format!(
            r#"
question = "?"
replications = 1
[clients]
workers = {workers}
queue = {queue}
deadline = "{deadline_us}us"
[workload]
arrivals = {{ trace = {{ file = "requests.csv", time = "us", unit = "us", key = "key", class = {{ before = ":" }} }} }}
[[class]]
name = "page"
database = {{ read = "31013us" }}
[[class]]
name = "quick"
database = {{ read = "5003us" }}
[database]
read = "1ms"
"#
        );
        let experiment = parse(&source, "twin.toml", folder.path(), &Overrides::default());
        let record = simulate(&experiment.unwrap_or_else(|problems| panic!("{problems}")), 1);
        let twin = follow(&requests, workers, queue, deadline_us);
        let count = requests.len() as f64;
        let found = |measure| value(&record, measure);
        close(found("error.no_worker.ratio") * count, twin.refused as f64, 1e-6);
        close(found("error.deadline.ratio") * count, twin.given_up as f64, 1e-6);
        close(found(MEAN) * count, twin.latency_us as f64 / 1e3, 1e-3);
        close(found(MAX), twin.latest_us as f64 / 1e3, 1e-6);
        close(found(WAIT) * (count - twin.refused as f64), twin.waited_us as f64 / 1e3, 1e-3);
    }
}

#[test]
fn contradictions_are_refused() {
    let problem = |settings: &[(&str, &str)]| tiny(settings, &[""; 0]).unwrap_err();
    let queue = problem(&[("clients.queue", "3")]);
    assert!(
        queue.contains("clients.queue does not apply") && queue.contains("set clients.workers"),
        "{queue}"
    );
    assert_eq!(value(&tiny_record(&[ONE], &[""; 0]), "workers.busy.peak"), 2.0);
    const CLASS: &str = "question = \"?\"\nduration = \"9s\"\nworkload = { arrivals = { constant = { rate = 5 } } }\n\
                         database = { read = \"1ms\" }\n[[class]]\nname = \"own\"\nshare = 1.0\nkeys = 5\nbypass = BYPASS\nMORE\n\
                         [[tier]]\nname = \"redis\"\nscope = \"shared\"\nttl = \"5s\"\n";
    let problem = |bypass: &str, more: &str| {
        let source = CLASS.replace("BYPASS", bypass).replace("MORE", more);
        parse(&source, "x.toml", Path::new(""), &Overrides::default()).unwrap_err().to_string()
    };
    assert!(problem("[\"reddis\"]", "").contains("no tier is called \"reddis\""));
    assert!(problem("\"redis\"", "").contains("expected a list of tiers"));
    assert!(problem("[\"redis\", \"redis\"]", "").contains("expected each tier once"));
    assert!(problem("[\"redis\"]", "ttl = \"1s\"").contains("pass by every tier"));
    let ahead = problem(
        "[\"redis\"]",
        "write_share = 0.1\n[writes]\nstrategy = { write-back = { flush_interval = \"1s\" } }",
    );
    assert!(ahead.contains("writes of class own pass by the tier"), "{ahead}");
}
