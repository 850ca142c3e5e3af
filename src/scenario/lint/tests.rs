//! Each lint fires where it should and is silent beside it.

use std::path::Path;

use super::*;
use crate::scenario::{Overrides, parse_with_warnings};

/// A scenario without warnings, but that its pool is small beside its traffic.
const SOUND: &str = r#"question = "?"
allow = ["vulnerable"]
duration = "100s"

[clients]
instances = 4

[workload]
arrivals = { poisson = { rate = 2000 } }
keys = 10_000
popularity = { zipf = { exponent = 1.0 } }
value_size = "1kB"
absent = { share = 0.05, keys = 100 }

[[tier]]
name = "l1"
scope = "instance"
capacity = 500
eviction = "lru"
ttl = "5s"

[[tier]]
name = "l2"
scope = "shared"
capacity = 12_000
eviction = "lru"
ttl = "300s"
network = "1ms"
pool = 10
negative_ttl = "10s"

[database]
read = "50ms"
pool = 4
"#;

fn warnings(source: &str) -> Warnings {
    parse_with_warnings(source, "lint.toml", Path::new(""), &Overrides::default())
        .unwrap_or_else(|problems| panic!("{problems}"))
        .1
}

/// The lints that warn of the sound scenario with each `from` replaced by its `to`.
fn lints(changes: &[(&str, &str)]) -> Vec<&'static str> {
    warnings(&changed(changes)).names()
}

fn changed(changes: &[(&str, &str)]) -> String {
    let mut source = SOUND.to_owned();
    for (from, to) in changes {
        assert!(source.contains(from), "{from:?} is not in the scenario");
        source = source.replacen(from, to, 1);
    }
    source
}

#[test]
fn the_sound_scenario_lints_clean() {
    let warnings = warnings(SOUND);
    assert!(warnings.is_empty(), "{}", warnings.render(false));
    assert_eq!(warnings.render(false), "");
}

#[test]
fn workers_too_few() {
    // 500 requests per second and instance, of which those that miss in the process ask the tier.
    let workers = |count: u32| ("instances = 4", format!("instances = 4\nworkers = {count}"));
    let names = |workers: (&str, String), more: &[(&str, &str)]| {
        let timeout =
            ("network = \"1ms\"", "network = \"1ms\"\ntimeout = \"1s\"\nfill_after_failure = false");
        lints(&[&[(workers.0, workers.1.as_str()), timeout], more].concat())
    };
    assert_eq!(names(workers(100), &[]), ["workers-too-few"]);
    assert_eq!(names(workers(500), &[]), [""; 0]);
    assert_eq!(names(workers(100), &[("\"1s\"", "\"100ms\"")]), [""; 0]);
    // A hundred that wait for a second make a thousand calls in ten.
    let breaker = |minimum: &str| {
        format!("pool = 10\nbreaker = {{ failures = 0.5, open = \"5s\", minimum = {minimum} }}")
    };
    assert_eq!(names(workers(100), &[("pool = 10", breaker("1_000").as_str())]), [""; 0]);
    assert_eq!(names(workers(100), &[("pool = 10", breaker("1_001").as_str())]), ["workers-too-few"]);
}

#[test]
fn connections_exceed_limit() {
    let with = |most: &str| lints(&[("pool = 4", &format!("pool = 4\nmax_connections = {most}"))]);
    assert_eq!(with("16"), [""; 0]);
    assert_eq!(with("15"), ["connections-exceed-limit"]);
}

#[test]
fn noloop_forgets() {
    let tracking = |noloop: &str| {
        format!("[invalidation]\ntracking = {{ delay = \"1ms\", noloop = {noloop} }}\n\n[database]")
    };
    let (noloop, told) = (tracking("true"), tracking("false"));
    let written = ("keys = 10_000", "keys = 10_000\nwrite_share = 0.01");
    assert_eq!(lints(&[("[database]", &noloop), written]), ["noloop-forgets"]);
    assert_eq!(lints(&[("[database]", &told), written]), [""; 0]);
    assert_eq!(lints(&[("[database]", &noloop)]), [""; 0]);
    assert_eq!(lints(&[("[database]", &noloop), written, ("instances = 4", "instances = 1")]), [""; 0]);
}

#[test]
fn no_ttl() {
    let unbounded = ("capacity = 12_000\neviction = \"lru\"\nttl = \"300s\"", "ttl = \"none\"");
    assert_eq!(lints(&[unbounded]), ["no-ttl"]);
    // Bounded and never written: eviction alone keeps it in order.
    let bounded = ("ttl = \"300s\"", "ttl = \"none\"");
    assert_eq!(lints(&[bounded]), [""; 0]);
    let written = ("keys = 10_000", "keys = 10_000\nwrite_share = 0.01");
    assert_eq!(lints(&[bounded, written]), ["no-ttl"]);
    assert_eq!(lints(&[written]), [""; 0]);
}

#[test]
fn large_values() {
    // What is that large is worth compressing as well: see below.
    let constant = |size: &str| -> Vec<&str> {
        lints(&[("\"1kB\"", size)]).into_iter().filter(|lint| *lint != "uncompressed-values").collect()
    };
    assert_eq!(constant("\"1MB\""), [""; 0]);
    assert_eq!(constant("\"1001kB\""), ["large-values"]);
    assert_eq!(constant("{ lognormal = { median = \"1kB\", p99 = \"20kB\" } }"), [""; 0]);
    assert_eq!(constant("{ lognormal = { median = \"10kB\", p99 = \"900kB\" } }"), ["large-values"]);
    assert_eq!(constant("{ lognormal = { median = \"10kB\", p99 = \"900kB\", max = \"1MB\" } }"), [""; 0]);
    // In the process a value is a pointer.
    let alone = changed(&[("\"1kB\"", "\"2MB\""), ("name = \"l2\"", "name = \"l2\"\nenabled = false")]);
    assert!(!warnings(&alone).names().contains(&"large-values"));
}

#[test]
fn uncompressed_values() {
    let sized = |size: &str| lints(&[("\"1kB\"", size)]);
    assert_eq!(sized("\"10kB\""), [""; 0]);
    assert_eq!(sized("\"11kB\""), ["uncompressed-values"]);
    // 4 % of these values are larger; they have 31 % of the bytes.
    assert_eq!(sized("{ lognormal = { median = \"1kB\", p99 = \"20kB\" } }"), [""; 0]);
    assert_eq!(sized("{ lognormal = { median = \"1kB\", p99 = \"60kB\" } }"), ["uncompressed-values"]);
    assert_eq!(sized("{ pareto = { scale = \"214B\", shape = 0.35 } }"), [""; 0]);
    assert_eq!(sized("{ pareto = { scale = \"20kB\", shape = 0.35 } }"), ["uncompressed-values"]);
    let compressed = "network = \"1ms\"\ncompress = { above = \"10kB\", ratio = 0.3, per_byte = \"4ns\" }";
    assert_eq!(lints(&[("\"1kB\"", "\"11kB\""), ("network = \"1ms\"", compressed)]), [""; 0]);
}

/// A limit that no value reaches compresses nothing.
#[test]
fn values_below_the_limit_of_compression_are_uncompressed() {
    let above = |size: &str, above: &str| {
        let compress = format!(
            "network = \"1ms\"\ncompress = {{ above = \"{above}\", ratio = 0.3, per_byte = \"4ns\" }}"
        );
        lints(&[("\"1kB\"", size), ("network = \"1ms\"", &compress)])
    };
    assert_eq!(above("\"500kB\"", "1MB"), ["uncompressed-values"]);
    assert_eq!(above("\"500kB\"", "100kB"), [""; 0]);
    let spread = "{ lognormal = { median = \"10kB\", p99 = \"200kB\" } }";
    assert_eq!(above(spread, "20kB"), [""; 0]);
    assert_eq!(above(spread, "200kB"), ["uncompressed-values"]);
    assert_eq!(above("\"5kB\"", "1MB"), [""; 0]);
}

/// Entries without a ttl are never evicted by a policy that evicts only entries with one.
#[test]
fn where_nothing_can_be_evicted_sets_fail() {
    let of = |policy: &str, ttl: &str, capacity: &str| {
        let eviction = format!("capacity = \"{capacity}\"\neviction = \"{policy}\"\nttl = \"{ttl}\"");
        warnings(&changed(&[("capacity = 12_000\neviction = \"lru\"\nttl = \"300s\"", &eviction)]))
    };
    for policy in ["volatile-lru", "volatile-ttl", "noeviction"] {
        let roomy = of(policy, "none", "14MB");
        assert_eq!(roomy.names(), ["no-ttl"], "{policy}");
        assert!(roomy.render(false).contains("once the tier is full, SETs fail"));
        let tight = of(policy, "none", "6MB");
        assert_eq!(tight.names(), ["memory-too-small", "no-ttl"], "{policy}");
        assert!(tight.render(false).contains("when it is full SETs fail"), "{}", tight.render(false));
    }
    assert_eq!(of("volatile-lru", "300s", "14MB").names(), [""; 0]);
    let evicted = of("volatile-lru", "300s", "6MB").render(false);
    assert!(evicted.contains("the ttl would keep about"), "{evicted}");
    let refused = of("noeviction", "300s", "6MB").render(false);
    assert!(refused.contains("when it is full SETs fail"), "{refused}");
    assert_eq!(of("allkeys-lru", "none", "14MB").names(), [""; 0]);
}

#[test]
fn write_back_may_lose() {
    let written = ("keys = 10_000", "keys = 10_000\nwrite_share = 0.001");
    let back = ("[database]", "[writes]\nstrategy = \"write-back\"\n\n[database]");
    assert_eq!(lints(&[written]), [""; 0]);
    assert_eq!(lints(&[written, back]), ["write-back-may-lose"]);
    let text = |changes: &[(&str, &str)]| warnings(&changed(changes)).render(false);
    // 1,900 requests for records per second, five seconds.
    let told = text(&[written, back]);
    assert!(told.contains("up to about 10 acknowledged writes are in memory only, and eviction"), "{told}");
    let unbounded = ("capacity = 12_000\neviction = \"lru\"\n", "");
    let told = text(&[written, back, unbounded, ("ttl = \"300s\"", "ttl = \"4s\"")]);
    assert!(told.contains("only, and expire before the worker comes"), "{told}");
}

#[test]
fn cdc_without_ttl() {
    let written = ("keys = 10_000", "keys = 10_000\nwrite_share = 0.01");
    let stream = ("[database]", "[invalidation]\ncdc = { lag = \"100ms\" }\n\n[database]");
    assert_eq!(lints(&[written, stream]), [""; 0]);
    assert_eq!(lints(&[written, stream, ("ttl = \"300s\"", "ttl = \"none\"")]), ["cdc-without-ttl"]);
}

#[test]
fn pool_too_small() {
    assert_eq!(lints(&[("read = \"50ms\"", "read = \"1s\"")]), ["pool-too-small"]);
    assert_eq!(lints(&[("network = \"1ms\"", "network = \"100ms\"")]), ["pool-too-small"]);
    // What is enough for the day is not for its peak.
    let peak = "rate = 2000 } }\nprofile = [{ step = { at = \"50s\", factor = 40.0 } }]";
    assert_eq!(lints(&[("rate = 2000 } }", peak)]), ["pool-too-small"; 2]);
}

#[test]
fn littles_law_by_hand() {
    // 2,000 reads/s of 50 ms over four instances without a cache: 25 connections each.
    let uncached = |pool: &str| {
        lints(&[
            ("name = \"l1\"", "name = \"l1\"\nenabled = false"),
            ("name = \"l2\"", "name = \"l2\"\nenabled = false"),
            ("pool = 4", pool),
        ])
    };
    assert_eq!(uncached("pool = 25"), [""; 0]);
    assert_eq!(uncached("pool = 24"), ["pool-too-small"]);
}

#[test]
fn littles_law_for_several_keys() {
    // Twice the keys in each of these reads, twice the connections.
    let two = |pool: &str| {
        lints(&[
            ("keys = 10_000", "keys = 10_000\nkeys_per_request = 2"),
            ("popularity = { zipf = { exponent = 1.0 } }", "popularity = \"uniform\""),
            ("name = \"l1\"", "name = \"l1\"\nenabled = false"),
            ("name = \"l2\"", "name = \"l2\"\nenabled = false"),
            ("pool = 4", pool),
        ])
    };
    assert_eq!(two("pool = 50"), [""; 0]);
    assert_eq!(two("pool = 49"), ["pool-too-small"]);
    // 40,000 GETs of 2 ms a second over four instances are 20 at a time, 2,000 MGETs one.
    let l2 = |multi_get: &str| {
        lints(&[
            ("keys = 10_000", "keys = 10_000\nkeys_per_request = 20"),
            ("name = \"l1\"", "name = \"l1\"\nenabled = false"),
            ("network = \"1ms\"", &format!("network = \"1ms\"\nmulti_get = {multi_get}")),
        ])
    };
    assert_eq!(l2("\"fan-out\""), ["pool-too-small"]);
    assert_eq!(l2("\"mget\""), [""; 0]);
}

#[test]
fn memory_too_small() {
    assert_eq!(lints(&[("capacity = 12_000", "capacity = 6_000")]), ["memory-too-small"]);
    // 10,000 entries of 1,000 B, 40 B of key and 56 B of overhead.
    assert_eq!(lints(&[("capacity = 12_000", "capacity = \"11MB\"")]), [""; 0]);
    assert_eq!(lints(&[("capacity = 12_000", "capacity = \"10MB\"")]), ["memory-too-small"]);
}

/// A hundred thousand keys, each requested every 1,000 s on average, for 100 s: when the run ends after 1,000 s, 1 - 1/e of
/// them have been stored, and 0.1 / 1.1 are alive. Each takes 1,096 B.
const SELDOM: &str = r#"question = "?"
duration = "1000s"

[workload]
arrivals = { poisson = { rate = 100 } }
keys = 100_000
popularity = "uniform"
value_size = "1kB"

[[tier]]
name = "redis"
scope = "shared"
ttl = "100s"

[database]
read = "50ms"
"#;

#[test]
fn expired_memory() {
    let of = |tier: &str| warnings(&SELDOM.replace("ttl = \"100s\"", &format!("ttl = \"100s\"\n{tier}")));
    let warns = |tier: &str| of(tier).names().contains(&"expired-memory");
    let told = of("").render(false);
    assert!(told.contains("about 59.3 MB of 69.3 MB at the end (86 %)"), "{told}");
    assert!(told.contains("active_expiry = { hz = 10 }"), "{told}");
    assert!(!warns("active_expiry = { hz = 10 }"));
    assert!(!warns("active_expiry = \"none\""), "it is meant");
    assert!(!warns("capacity = \"20MB\"\neviction = \"allkeys-lru\""), "Redis's own looks");
    // What is alive takes 9.96 MB of it, and the rest has expired.
    assert!(warns("capacity = \"20MB\"\neviction = \"lru\""));
    assert!(!warns("capacity = \"19MB\"\neviction = \"lru\""));
    assert!(!warns("capacity = 50_000\neviction = \"lru\""), "a number of entries is no memory");
    // A full prefill is there from the start, and 91 % of it is dead in the end; much of a stationary one never was.
    assert!(of("prefill = { hottest = \"all\" }").render(false).contains("about 99.6 MB of 110 MB"));
    let stationary = of("prefill = { hottest = \"all\", age = \"stationary\" }").render(false);
    assert!(stationary.contains("about 63.0 MB of 72.9 MB"), "{stationary}");
    // Where writes delete as often as reads fill, half of the keys that were touched are gone: 1 - 1/e again, since each is
    // touched as often as before.
    let written = SELDOM.replace("keys = 100_000", "keys = 100_000\nwrite_share = 0.5");
    let told = warnings(&written).render(false);
    assert!(told.contains("of 34.6 MB at the end"), "{told}");
}

/// 300 lookups a second of 2 ms are 60 % of a server's time, and a SET after each is as much again.
const IMPATIENT: &str = r#"question = "?"
duration = "300s"

[clients]
instances = 2

[workload]
arrivals = { poisson = { rate = 300 } }
keys = 100
popularity = { zipf = { exponent = 0.9 } }

[[tier]]
name = "l2"
scope = "shared"
ttl = "4s"
network = { exponential = { mean = "3ms" } }
service = "2ms"
timeout = "20ms"

[database]
read = "20ms"
"#;

#[test]
fn fill_after_timeout() {
    let of = |from: &str, to: &str| {
        assert!(IMPATIENT.contains(from), "{from}");
        warnings(&IMPATIENT.replace(from, to))
    };
    let warns = |from: &str, to: &str| of(from, to).names().contains(&"fill-after-timeout");
    let told = of("", "").render(false);
    assert!(told.contains("lookups take 60 % of the server's time"), "{told}");
    assert!(told.contains("with a SET after each that times out it is 120 %"), "{told}");
    assert!(told.contains("lint.toml:18:11"), "{told}");
    assert!(warns("rate = 300", "rate = 250"));
    assert!(!warns("rate = 300", "rate = 249"));
    // That one cannot carry its lookups.
    assert!(!warns("rate = 300", "rate = 500"));
    assert!(warns("rate = 300 } }", "rate = 100 } }\nprofile = [{ step = { at = \"50s\", factor = 3.0 } }]"));
    assert!(!warns("timeout = \"20ms\"", ""));
    for guard in [
        "fill_after_failure = false",
        "on_failure = \"error\"",
        "nodes = 2",
        "breaker = { failures = 0.5, open = \"5s\" }",
    ] {
        assert!(!warns("timeout = \"20ms\"", &format!("timeout = \"20ms\"\n{guard}")), "{guard}");
    }
    let coalesced = |how: &str, read: &str| {
        let source = IMPATIENT
            .replace("question = \"?\"", &format!("question = \"?\"\ncoalescing = {how}"))
            .replace("read = \"20ms\"", &format!("read = \"{read}\""));
        warnings(&source).names().contains(&"fill-after-timeout")
    };
    assert!(!coalesced("{ lease = { tier = \"l2\" } }", "20ms"));
    // The longer a fetch takes, the more reads share it and its SET.
    assert!(coalesced("\"singleflight\"", "20ms"));
    assert!(!coalesced("\"singleflight\"", "1s"));
}

#[test]
fn xfetch_short_ttl() {
    let refreshed = |ttl: &str, beta: &str| {
        let refresh = format!("ttl = \"{ttl}\"\nrefresh = {{ xfetch = {{ beta = {beta} }} }}");
        lints(&[("ttl = \"5s\"", &refresh)])
    };
    assert_eq!(refreshed("250ms", "1.0"), [""; 0]);
    assert_eq!(refreshed("249ms", "1.0"), ["xfetch-short-ttl"]);
    assert_eq!(refreshed("400ms", "2.0"), ["xfetch-short-ttl"]);
}

#[test]
fn jitter_single_key() {
    let jitter = ("ttl = \"300s\"", "ttl = \"300s\"\njitter = { plus = \"30s\" }");
    assert_eq!(lints(&[jitter]), [""; 0]);
    let steep = ("exponent = 1.0", "exponent = 2.0");
    assert_eq!(lints(&[jitter, steep]), ["jitter-single-key"]);
    let coalescing = ("question = \"?\"", "question = \"?\"\ncoalescing = \"singleflight\"");
    assert_eq!(lints(&[jitter, steep, coalescing]), [""; 0]);
}

#[test]
fn negative_ttl_long() {
    let negative = |ttl: &str| lints(&[("\"10s\"", ttl)]);
    assert_eq!(negative("\"60s\""), [""; 0]);
    assert_eq!(negative("\"61s\""), ["negative-ttl-long"]);
}

/// In the place of the pool.
fn pool(to: &str) -> (&'static str, &str) {
    ("pool = 4", to)
}

/// 2,000 reads per second of 50 ms are 100 at a time.
#[test]
fn vulnerable() {
    let of = |changes: &[(&str, &str)]| {
        warnings(&changed(&[&[("allow = [\"vulnerable\"]\n", "")], changes].concat()))
    };
    let warns = |changes: &[(&str, &str)]| of(changes).names().contains(&"vulnerable");
    assert!(!warns(&[pool("pool = 25")]));
    let told = of(&[pool("pool = 24")]).render(false);
    assert!(told.contains("carries about 1,920 requests per second"), "{told}");
    assert!(told.contains("without a hit 2,000 arrive at the peak, and a flush may bring it down"), "{told}");
    assert!(told.contains("lint.toml:33:8"), "{told}");
    // Nothing bounds it, or the servers do.
    assert!(!warns(&[pool("")]));
    assert!(!warns(&[pool("servers = 100")]));
    assert!(warns(&[pool("servers = 99")]));
    assert!(!warns(&[pool("servers = 99\nreplicas = { count = 2, lag = \"1s\", servers = 50 }"), WRITTEN]));
    assert!(warns(&[pool("servers = 99\nreplicas = { count = 2, lag = \"1s\", servers = 49 }"), WRITTEN]));
    // The peak of the profile, and what no cache takes off the database: 1,000 requests of 30 ms are 30 more.
    let peak = ("rate = 2000 } }", "rate = 2000 } }\nprofile = [{ step = { at = \"50s\", factor = 1.5 } }]");
    assert!(!warns(&[pool("servers = 150"), peak]));
    assert!(warns(&[pool("servers = 149"), peak]));
    let background =
        |servers| format!("servers = {servers}\nbackground = {{ rate = 1000, service = \"30ms\" }}");
    assert!(!warns(&[pool(&background(130))]));
    assert!(warns(&[pool(&background(129))]));
    // A quarter of the requests are writes of 10 ms: 1,500 reads and 500 writes take 80 servers.
    let written = ("keys = 10_000", "keys = 10_000\nwrite_share = 0.25");
    assert!(!warns(&[written, pool("write = \"10ms\"\nservers = 80")]));
    assert!(warns(&[written, pool("write = \"10ms\"\nservers = 79")]));
    // Without a cache there is none to lose; and one that does not help is another matter.
    let disabled = ["l1", "l2"]
        .map(|name| (format!("name = \"{name}\""), format!("name = \"{name}\"\nenabled = false")));
    let disabled: Vec<(&str, &str)> =
        disabled.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    assert!(!warns(&[&disabled[..], &[pool("pool = 24")]].concat()));
    assert_eq!(of(&[("read = \"50ms\"", "read = \"1s\"")]).names(), ["pool-too-small"]);
    assert!(!warns(&[
        pool("pool = 24"),
        ("{ poisson = { rate = 2000 } }", "{ closed = { users = 9, think = \"1s\" } }")
    ]));
}

const WRITTEN: (&str, &str) = ("keys = 10_000", "keys = 10_000\nwrite_share = 0.000001");

/// One key that is read 1,000 times per second, each fetch taking 100 ms: 100 reads join the one that leads it.
#[test]
fn what_coalescing_leaves_is_no_danger() {
    let warns = |coalescing: &str, instances: u32| {
        let source = format!(
            "question = \"?\"\nduration = \"60s\"\ncoalescing = {coalescing}\nclients = {{ instances = {instances} }}\n\
             workload = {{ arrivals = {{ poisson = {{ rate = 1000 }} }}, keys = 1 }}\n\
             tier = [{{ name = \"l2\", scope = \"shared\", ttl = \"10s\", capacity = 1, eviction = \"lru\" }}]\n\
             database = {{ read = \"100ms\", servers = 1 }}\n"
        );
        warnings(&source).names().contains(&"vulnerable")
    };
    assert!(warns("\"none\"", 1));
    // 9.9 fetches per second of the ten that it carries; twice 9.8.
    assert!(!warns("\"singleflight\"", 1));
    assert!(warns("\"singleflight\"", 2));
    assert!(!warns("{ lease = { tier = \"l2\" } }", 2));
}

#[test]
fn constant_service() {
    let asked =
        |asks: &str| warnings(&changed(&[("question = \"?\"", &format!("question = \"?\"\n{asks}"))]));
    let told = asked("headline = [\"hit_ratio\", \"latency.all.p99_ms\"]");
    assert_eq!(told.names(), ["constant-service"]);
    let told = told.render(false);
    assert!(told.contains("has no tail, and latency.all.p99_ms is asked for"), "{told}");
    assert!(told.contains("lint.toml:34:8"), "{told}");
    for quiet in
        ["", "headline = [\"hit_ratio\", \"latency.all.p50_ms\", \"stale.age.p99_s\", \"db.qps.peak\"]"]
    {
        assert_eq!(asked(quiet).names(), [""; 0], "{quiet}");
    }
    for tail in [
        "latency.miss.p95_ms",
        "latency.all.max_ms",
        "db.queue.p99_ms",
        "db.pool.wait.p99_ms",
        "tier.l2.queue.p99_ms",
    ] {
        assert_eq!(asked(&format!("headline = [\"{tail}\"]")).names(), ["constant-service"], "{tail}");
    }
    let tables = |tables: &str| warnings(&format!("{SOUND}\n{tables}")).names();
    assert_eq!(
        tables("[[threshold]]\nmeasure = \"latency.all.p999_ms\"\nmax = \"1s\""),
        ["constant-service"]
    );
    assert_eq!(tables("[[threshold]]\nmeasure = \"latency.all.mean_ms\"\nmax = \"1s\""), [""; 0]);
    assert_eq!(tables("[slo]\nlatency = \"1s\""), ["constant-service"]);
    // A service time that varies, and one that is none.
    let slo = ("negative_ttl = \"10s\"", "negative_ttl = \"10s\"\n[slo]\nlatency = \"1s\"");
    assert_eq!(lints(&[slo, ("read = \"50ms\"", "read = { exponential = { mean = \"50ms\" } }")]), [""; 0]);
    assert_eq!(lints(&[slo, ("read = \"50ms\"", "read = \"0s\"")]), [""; 0]);
}

#[test]
fn constant_service_of_a_class() {
    let of = |general: &str, own: &str| {
        let source = format!(
            "question = \"?\"\nduration = \"60s\"\nslo = {{ latency = \"1s\" }}\n\
             workload = {{ arrivals = {{ poisson = {{ rate = 10 }} }} }}\n\
             database = {{ read = {general} }}\n\
             [[class]]\nname = \"a\"\nshare = 1.0\nkeys = 10\ndatabase = {{ read = {own} }}\n"
        );
        warnings(&source)
    };
    let random = "{ exponential = { mean = \"5ms\" } }";
    let told = of(random, "\"9ms\"").render(false);
    assert!(told.contains("reads of class a all take the database the same time"), "{told}");
    assert!(of("\"9ms\"", random).is_empty());
}

#[test]
fn low_hit_ratio() {
    let short = |ttl: &str| lints(&[("ttl = \"300s\"", ttl), ("pool = 4", "pool = \"unlimited\"")]);
    assert_eq!(short("ttl = \"20s\""), [""; 0]);
    assert_eq!(short("ttl = \"2s\""), ["low-hit-ratio"]);
    // The rate of users who wait for their answers is not known beforehand.
    let closed = changed(&[
        ("ttl = \"300s\"", "ttl = \"2s\""),
        ("{ poisson = { rate = 2000 } }", "{ closed = { users = 10, think = \"1s\" } }"),
    ]);
    assert!(warnings(&closed).is_empty());
}

#[test]
fn a_warning_has_place_reason_and_way_out() {
    let source = changed(&[("\"10s\"", "\"5m\"")]);
    insta::assert_snapshot!(warnings(&source).render(false));
}

#[test]
fn a_warning_names_the_variants_that_it_is_about() {
    let variants = "[[variant]]\nname = \"a\"\n[[variant]]\nname = \"b\"\n\
                    set = { \"tier.l2.negative_ttl\" = \"5m\" }\n[[variant]]\nname = \"c\"\n\
                    set = { \"tier.l2.capacity\" = 100 }\n";
    insta::assert_snapshot!(warnings(&format!("{SOUND}{variants}")).render(false));
}

#[test]
fn what_is_allowed_is_silent_and_means_the_same() {
    let source = changed(&[("\"10s\"", "\"5m\"")]);
    let parse = |source: &str| {
        parse_with_warnings(source, "lint.toml", Path::new(""), &Overrides::default()).unwrap()
    };
    let (loud, warnings) = parse(&source);
    assert_eq!((loud.lints.len(), warnings.names()), (1, vec!["negative-ttl-long"]));
    assert!(loud.lints[0].text.starts_with("tier.l2 hides new records for long: a record"));
    let (silent, warnings) =
        parse(&source.replace("[\"vulnerable\"]", "[\"vulnerable\", \"negative-ttl-long\"]"));
    assert!(warnings.is_empty() && silent.lints.is_empty());
    assert_eq!(silent.digest, loud.digest);
}

#[test]
fn the_page_lists_every_lint() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lints.md");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        std::fs::write(path, page()).unwrap();
    }
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text == page(), "docs/lints.md differs from the registry: INSTA_UPDATE=always writes it");
    for lint in LINTS {
        assert!(text.contains(&format!("\n## {}\n", lint.name)) && !lint.reason.is_empty(), "{}", lint.name);
    }
}

#[test]
fn bundled_scenarios_lint_clean() {
    let mut text = String::new();
    for bundled in crate::scenario::bundled::all() {
        let overrides = Overrides::default();
        let (_, warnings) =
            parse_with_warnings(bundled.source, &bundled.path(), Path::new("scenarios"), &overrides).unwrap();
        text.push_str(&warnings.render(false));
    }
    assert!(text.is_empty(), "{text}");
}

/// Warnings about a trace with these options beside its file.
fn of_trace(rows: &str, options: &str) -> Warnings {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), rows).unwrap();
    let source = format!(
        "question = \"?\"\nworkload = {{ arrivals = {{ trace = {{ file = \"t.csv\", unit = \"s\"{options} }} }} }}\n\
         database = {{ read = {{ exponential = {{ mean = \"5ms\" }} }} }}\n"
    );
    parse_with_warnings(&source, "lint.toml", folder.path(), &Overrides::default()).unwrap().1
}

#[test]
fn coarse_times() {
    // Three of four requests share their second.
    let coarse = "t,key\n0,a\n0,b\n0,a\n1,b\n";
    let told = of_trace(coarse, "");
    assert_eq!(told.names(), ["coarse-times"]);
    let told = told.render(false);
    assert!(told.contains("75 % of the requests share their time stamp, up to 3 at once"), "{told}");
    assert!(told.contains("they are spread over 1s from their stamp on"), "{told}");
    let kept = of_trace(coarse, ", spread = false").render(false);
    assert!(kept.contains("they come at one instant; the clock ticks every 1s"), "{kept}");
    assert!(of_trace(coarse, ", rate = 10").is_empty());
    assert!(of_trace("t,key\n0,a\n0,b\n1,a\n2,b\n", "").is_empty());
}

#[test]
fn sets_as_writes() {
    // Two of three SETs follow a lookup of their key.
    let rows = "t,key,op\n0,a,get\n1,a,set\n2,b,get\n3,b,set\n4,b,set\n";
    let with = |sets: &str| {
        of_trace(rows, &format!(", operation = {{ column = \"op\" }}, sets = \"{sets}\"")).names()
    };
    assert_eq!(with("write"), ["sets-as-writes"]);
    assert_eq!(with("fill"), [""; 0]);
    let lists = ", operation = { column = \"op\", read = [\"get\"], write = [\"set\"] }";
    let told = of_trace(rows, lists);
    assert_eq!(told.names(), ["sets-as-writes"]);
    assert!(told.render(false).contains("67 % of the recorded SETs follow a lookup of their key"));
    assert!(of_trace("t,key,op\n0,a,get\n1,b,set\n2,c,get\n3,c,set\n4,d,set\n", lists).is_empty());
}

#[test]
fn operations_unread() {
    let rows = "t,key,op\n0,a,get\n1,a,set\n";
    let told = of_trace(rows, "");
    assert_eq!(told.names(), ["operations-unread"]);
    assert!(
        told.render(false).contains("the trace has a column \"op\", and every request is replayed as a read")
    );
    assert!(of_trace("t,key,x\n0,a,get\n1,a,set\n", "").is_empty());
}
