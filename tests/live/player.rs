//! Scenarios that are played for real.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use herdlab::experiment::comparison::compare;
use herdlab::live::player::{Bounds, LiveError, Options, connections, play, refusals};
use herdlab::live::servers::{Connections, Given, RedisSettings, Servers, Spawn};
use herdlab::model::Experiment;
use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};
use herdlab::sim::Control;

use super::is_required;

const BASE: &str = r#"
question = "?"
duration = "4s"
warmup = "1s"
replications = 1

[clients]
instances = 2

[workload]
arrivals = { poisson = { rate = 250 } }
keys = 200
value_size = "300B"

[database]
read = "6ms"
servers = 8
pool = 8

[[tier]]
name = "l2"
scope = "shared"
ttl = "500ms"
pool = 8
"#;

fn experiment(source: &str) -> Experiment {
    parse(source, "live.toml", Path::new(""), &Overrides::default())
        .unwrap_or_else(|problems| panic!("{problems}\n{source}"))
}

fn spawned(experiment: &Experiment) -> Servers {
    let redis = RedisSettings::of(&experiment.variants[0].model).unwrap();
    Servers::spawn(&Spawn { redis, connections: connections(experiment).unwrap(), fsync: false }).unwrap()
}

fn options() -> Options {
    Options {
        plain_queries: false,
        // Time never fails a test.
        max_lateness_ns: u64::MAX,
        bounds: Bounds::default(),
        control: Arc::new(Control::default()),
        begins: Box::new(|_| ()),
    }
}

fn played(source: &str) -> Record {
    let experiment = experiment(source);
    refusals(&experiment, true).unwrap_or_else(|problems| panic!("{problems}"));
    let servers = spawned(&experiment);
    let outcome = play(&experiment, &servers, &options()).unwrap();
    servers.finish().unwrap();
    outcome.record
}

fn mean(record: &Record, variant: &str, measure: &str) -> f64 {
    let comparison = compare(record);
    let found = comparison.variant(variant).and_then(|variant| variant.mean(measure));
    found.unwrap_or_else(|| panic!("{variant} has no {measure}"))
}

#[test]
fn a_cache_answers_what_it_has_and_the_database_the_rest() {
    if !is_required() {
        return;
    }
    let record = played(BASE);
    let of = |measure| mean(&record, "base", measure);
    // A key is requested 1.25 times a second: 1.25 x 0.5 / (1 + 1.25 x 0.5) of its requests find it.
    assert!((of("hit_ratio") - 0.385).abs() < 0.06, "{}", of("hit_ratio"));
    assert!(of("latency.miss.p50_ms") >= 6.0, "{}", of("latency.miss.p50_ms"));
    assert!(of("latency.hit.p50_ms") < of("latency.miss.p50_ms"));
    assert_eq!(of("error.ratio"), 0.0);
    let live = record.scenario.live.as_ref().unwrap();
    assert!(live.own_servers && live.redis.is_some() && live.lateness_p99_ms.len() == 1);
    assert!(record.variants[0].measure("tier.l2.utilization").is_none(), "nobody measures it");
}

#[test]
fn strategies_keep_the_database_from_a_herd() {
    if !is_required() {
        return;
    }
    let hot = BASE.replace("keys = 200", "keys = 3").replace("ttl = \"500ms\"", "ttl = \"300ms\"");
    let source = hot.replace("read = \"6ms\"", "read = \"40ms\"")
        + r#"
[[variant]]
name = "none"
[[variant]]
name = "singleflight"
set = { coalescing = "singleflight" }
[[variant]]
name = "lease"
set = { coalescing = { lease = { tier = "l2", poll = "5ms" } } }
[[variant]]
name = "xfetch"
set = { "tier.l2.refresh" = { xfetch = { beta = 2.0, mode = "background" } } }
[[variant]]
name = "l1"
set = { "tier.l2.ttl" = "300ms", coalescing = { singleflight = { around = "lookup" } } }
"#;
    let record = played(&source);
    let load = |variant| mean(&record, variant, "db.qps.mean");
    assert!(load("singleflight") < 0.5 * load("none"), "{} {}", load("singleflight"), load("none"));
    assert!(load("lease") < load("singleflight"), "{} {}", load("lease"), load("singleflight"));
    assert!(mean(&record, "lease", "requests.coalesced.ratio") > 0.0);
    assert!(mean(&record, "xfetch", "refreshes.rate") > 0.0);
    assert!(mean(&record, "l1", "hit_ratio") > 0.5);
}

#[test]
fn writes_change_rows_and_copies() {
    if !is_required() {
        return;
    }
    let source = BASE.replace("keys = 200", "keys = 50\nwrite_share = 0.2").replace("500ms", "2s")
        + r#"
[[variant]]
name = "around"
set = { "writes.strategy" = "write-around" }
[[variant]]
name = "invalidate"
[[variant]]
name = "rolled back"
set = { "writes.rollback" = 1.0 }
[[variant]]
name = "through"
set = { "writes.strategy" = "write-through", "writes.versioned" = true }
"#;
    let record = played(&source);
    let stale = |variant| mean(&record, variant, "stale.ratio");
    assert!(stale("around") > 0.2, "{}", stale("around"));
    assert!(stale("invalidate") < 0.1 * stale("around"), "{}", stale("invalidate"));
    assert!(stale("through") < 0.1 * stale("around"), "{}", stale("through"));
    assert!(mean(&record, "through", "hit_ratio") > mean(&record, "invalidate", "hit_ratio"));
    assert_eq!(mean(&record, "through", "error.ratio"), 0.0);
    assert_eq!([stale("rolled back"), mean(&record, "rolled back", "writes.rolled_back.ratio")], [0.0, 1.0]);
}

#[test]
fn absent_rows_several_keys_and_checks_are_played() {
    if !is_required() {
        return;
    }
    let source = BASE
        .replace("ttl = \"500ms\"", "ttl = \"5s\"\nnegative_ttl = \"5s\"\nmulti_get = \"mget\"")
        .replace("keys = 200", "keys = 200\nkeys_per_request = 3\nabsent = { share = 0.3, keys = 50 }");
    let record = played(&source);
    assert!(mean(&record, "base", "requests.negative_hit.ratio") > 0.1);
    assert!(mean(&record, "base", "keys.hit_ratio") > mean(&record, "base", "hit_ratio"));
    let checks = BASE.replace("keys = 200", "keys = 200\nexists_share = 0.5");
    let record = played(&checks);
    assert!(mean(&record, "base", "exists.hit_ratio") > 0.0);
}

#[test]
fn events_happen_to_the_servers() {
    if !is_required() {
        return;
    }
    let event = |what: &str| format!("\n[[event]]\nat = \"2s\"\nwhat = {{ {what} }}\n");
    let long = BASE.replace("500ms", "60s");
    for what in ["flush = { tier = \"l2\" }", "restart = { tier = \"l2\", for = \"500ms\" }"] {
        let record = played(&(long.clone() + &event(what)));
        let series = record.variants[0].series("db.qps").unwrap();
        // In the second after the event everything is fetched again.
        assert!(series.values[2] > series.values[1], "{what}: {:?}", series.values);
    }
    let closed = played(&(long.clone() + &event("down = { target = \"l2\", for = \"500ms\" }")));
    assert!(mean(&closed, "base", "tier.l2.failures.rate") > 10.0);
    let entries = closed.variants[0].series("tier.l2.entries").unwrap();
    assert!(entries.values[3] > Some(100.0), "they are kept: {:?}", entries.values);
    let down = played(&(BASE.to_owned() + &event("down = { target = \"database\", for = \"500ms\" }")));
    assert!(mean(&down, "base", "error.db_down.ratio") > 0.02);
    let paused = played(&(BASE.to_owned() + &event("pause = { target = \"database\", for = \"500ms\" }")));
    assert!(mean(&paused, "base", "latency.miss.max_ms") > 300.0);
    assert_eq!(mean(&paused, "base", "error.ratio"), 0.0);
    let slow =
        played(&(BASE.to_owned() + &event("slow = { target = \"database\", for = \"1s\", factor = 5.0 }")));
    assert!(mean(&slow, "base", "latency.miss.max_ms") >= 30.0);
}

#[test]
fn limits_of_callers_hold() {
    if !is_required() {
        return;
    }
    let slow = BASE.replace("read = \"6ms\"", "read = \"80ms\"");
    let timeout = played(&slow.replace(
        "servers = 8",
        "servers = 8\ntimeout = \"30ms\"\nretries = { attempts = 2, backoff = \"5ms\" }",
    ));
    assert!(mean(&timeout, "base", "error.db_timeout.ratio") > 0.3);
    assert!(mean(&timeout, "base", "db.retries.rate") > 10.0);
    let pool =
        played(&slow.replace("servers = 8\npool = 8", "servers = 8\npool = 1\npool_timeout = \"30ms\""));
    assert!(mean(&pool, "base", "error.pool_timeout.ratio") > 0.3);
    let full = played(&slow.replace("servers = 8", "servers = 1\nqueue = 2"));
    assert!(mean(&full, "base", "error.db_rejected.ratio") > 0.3);
    let deadline = played(&slow.replace("instances = 2", "instances = 2\ndeadline = \"50ms\""));
    assert!(mean(&deadline, "base", "error.deadline.ratio") > 0.3);
}

/// One server, at twice its capacity: whoever has nobody left to answer keeps its place until PostgreSQL has answered, and then gives it
/// to the other instance, whose queue is gone seconds after the last request, not at the end of the drain (30 s).
#[test]
fn attempts_that_nobody_waits_for_are_played_to_their_end() {
    if !is_required() {
        return;
    }
    let overload = BASE
        .replace("rate = 250", "rate = 100")
        .replace("read = \"6ms\"", "read = \"20ms\"\ntimeout = \"30ms\"")
        .replace("servers = 8", "servers = 1");
    let record = played(&overload);
    assert!(mean(&record, "base", "error.db_timeout.ratio") > 0.3);
    let longest_ms = mean(&record, "base", "latency.all.max_ms");
    assert!(longest_ms < 15_000.0, "{longest_ms}");
}

#[test]
fn a_late_machine_and_an_interrupt_leave_no_record() {
    if !is_required() {
        return;
    }
    let experiment = experiment(BASE);
    let servers = spawned(&experiment);
    let late = play(&experiment, &servers, &Options { max_lateness_ns: 0, ..options() });
    assert!(matches!(late, Err(LiveError::Late { .. })), "{late:?}");
    let stopped = options();
    stopped.control.cancel.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(matches!(play(&experiment, &servers, &stopped), Err(LiveError::Interrupted)));
    servers.finish().unwrap();
}

#[test]
fn given_servers_are_played_on_and_left_as_they_were() {
    if !is_required() {
        return;
    }
    let experiment = experiment(BASE);
    // Somebody else's servers.
    let room = Connections { redis: 100, postgres: 60 };
    let redis = RedisSettings::default();
    let others = Servers::spawn(&Spawn { redis, connections: room, fsync: false }).unwrap();
    let mut redis = redis::Client::open(others.redis_url()).unwrap().get_connection().unwrap();
    redis::cmd("SET").arg("theirs").arg("kept").exec(&mut redis).unwrap();
    let postgres = others.postgres();
    let (user, password) = (postgres.get_user().unwrap(), postgres.get_password().unwrap_or_default());
    let port = postgres.get_ports()[0];
    let database = postgres.get_dbname().unwrap_or("postgres");
    let postgres_url =
        format!("postgres://{user}:{}@127.0.0.1:{port}/{database}", String::from_utf8_lossy(password));
    let given = Servers::given(&Given {
        redis_url: others.redis_url().to_owned(),
        postgres_url,
        prefix: "played".to_owned(),
        allow_remote: false,
        redis: RedisSettings::of(&experiment.variants[0].model).unwrap(),
        connections: connections(&experiment).unwrap(),
    })
    .unwrap();
    let record = play(&experiment, &given, &options()).unwrap().record;
    assert!(mean(&record, "base", "hit_ratio") > 0.2);
    assert!(record.variants[0].measure("tier.l2.entries.peak").is_none(), "others have keys there");
    assert!(!record.scenario.live.as_ref().unwrap().own_servers);
    given.finish().unwrap();
    let left: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut redis).unwrap();
    assert_eq!(left, ["theirs"]);
    others.finish().unwrap();
}

#[test]
fn a_server_that_dies_in_the_middle_ends_the_run() {
    if !is_required() {
        return;
    }
    let experiment = experiment(BASE);
    for (kill, name) in [(true, "Redis"), (false, "PostgreSQL")] {
        let servers = spawned(&experiment);
        let control = servers.control().unwrap();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(3));
            if kill { control.kill_redis() } else { control.kill_postgres() }.unwrap();
        });
        let ended = play(&experiment, &servers, &options());
        killer.join().unwrap();
        let error = ended.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(name), "{name}: {error}");
        servers.finish().unwrap();
    }
}
