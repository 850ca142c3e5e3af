//! The model of Redis against Redis: the same requests at the same times, for a minute of real time.
//!
//! Four servers are asked for the same sequence of keys side by side, each as a cache is (GET, and after a miss SET with
//! a time to live). The times at which that happened are the trace of a scenario, which is then run; what the server
//! says of itself has to be what the model says. A shorter replay would prove little: the clock of LRU has seconds, the
//! counters of LFU lose one per minute.
//!
//! Takes 65 s and needs `redis-server`, so it runs only on request: `HERDLAB_REDIS=required cargo test --test redis`.
//! docs/eviction.md holds its output. `production` predicts a server from what it reports.
#![cfg(unix)]

mod production;
mod server;
mod tracking;

use std::fmt::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use herdlab::dice::{stream, unit_open_zero};
use herdlab::experiment::run::{RunOptions, run};
use herdlab::record::VariantRecord;
use herdlab::scenario::{Overrides, parse};

use server::{KEY_BYTES, Server, is_required, value_bytes, zipf};

const SECONDS: f64 = 63.0;
const PER_SECOND: f64 = 1_000.0;
const KEYS: usize = 20_000;
/// Between two looks at the server's memory.
const LOOK_S: f64 = 1.0;
/// From here on the stores are full, or as full as expiry lets them become.
const FULL_S: f64 = 10.0;

struct Setup {
    policy: &'static str,
    /// Above what the empty server takes.
    capacity_bytes: Option<u64>,
    /// Seconds to live: at least, and at most so many more.
    ttl_s: (f64, f64),
}

const SETUPS: [Setup; 4] = [
    Setup { policy: "allkeys-lru", capacity_bytes: Some(3_000_000), ttl_s: (300.0, 1.0) },
    Setup { policy: "allkeys-lfu", capacity_bytes: Some(3_000_000), ttl_s: (300.0, 1.0) },
    Setup { policy: "volatile-ttl", capacity_bytes: Some(3_000_000), ttl_s: (20.0, 40.0) },
    Setup { policy: "noeviction", capacity_bytes: None, ttl_s: (2.0, 6.0) },
];

/// What a server holds at an instant.
struct Look {
    /// Since the last full minute before the start.
    at_s: f64,
    /// Since the start.
    after_s: f64,
    bytes: f64,
    keys: f64,
}

/// What became of a replay.
struct Measured {
    /// Seconds since the last full minute before the start, and the key, of each request.
    requests: Vec<(f64, usize)>,
    hits: usize,
    looks: Vec<Look>,
    evicted: f64,
    expired: f64,
}

/// The sequence of keys, Zipf with exponent 0.8.
fn sequence() -> Vec<usize> {
    zipf("redis keys", KEYS, 0.8, (SECONDS * PER_SECOND) as usize)
}

/// Seconds of the clock on the wall, which is also that of the servers.
fn wall_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// Sends the requests, each at its time or as soon after it as can be.
fn replay(setup: &Setup, sequence: &[usize], folder: &Path, minute_s: f64) -> Measured {
    let mut server = Server::start(folder, setup.policy, setup.policy);
    let value = vec![b'x'; 2_000];
    // The connection gets its buffers before the empty server is measured.
    for _ in 0..100 {
        server.ask(&[b"SET", b"warm", &value]);
        server.ask(&[b"GET", b"warm"]);
    }
    server.ask(&[b"DEL", b"warm"]);
    let empty_bytes = server.info("used_memory");
    if let Some(bytes) = setup.capacity_bytes {
        let limit = (empty_bytes as u64 + bytes).to_string();
        server.ask(&[b"CONFIG", b"SET", b"maxmemory", limit.as_bytes()]);
    }
    let mut dice = stream(1, 0, setup.policy);
    let mut measured =
        Measured { requests: Vec::new(), hits: 0, looks: Vec::new(), evicted: 0.0, expired: 0.0 };
    let start = Instant::now();
    let mut next_look_s = LOOK_S;
    for (number, &key) in sequence.iter().enumerate() {
        let due = start + Duration::from_secs_f64(number as f64 / PER_SECOND);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let name = format!("key:{key:08}");
        measured.requests.push((wall_s() - minute_s, key));
        if server.ask(&[b"GET", name.as_bytes()]).is_some() {
            measured.hits += 1;
        } else {
            let ttl_s = setup.ttl_s.0 + setup.ttl_s.1 * unit_open_zero(&mut dice);
            let ttl_ms = ((ttl_s * 1e3) as u64).to_string();
            server.ask(&[b"SET", name.as_bytes(), &value[..value_bytes(key)], b"PX", ttl_ms.as_bytes()]);
        }
        let after_s = start.elapsed().as_secs_f64();
        if after_s >= next_look_s {
            next_look_s = after_s + LOOK_S;
            let (bytes, keys) = (server.info("used_memory") - empty_bytes, server.keys());
            measured.looks.push(Look { at_s: wall_s() - minute_s, after_s, bytes, keys });
        }
    }
    measured.evicted = server.info("evicted_keys");
    measured.expired = server.info("expired_keys");
    measured
}

/// The same in the engine.
fn model(setup: &Setup, measured: &Measured, folder: &Path) -> VariantRecord {
    // A first row at the full minute gives both the same clock.
    let mut rows = "time,key,size\n0,start,10\n".to_owned();
    for &(at_s, key) in &measured.requests {
        writeln!(rows, "{:.0},{key},{}", at_s * 1e6, value_bytes(key)).unwrap();
    }
    let file = format!("{}.csv", setup.policy);
    std::fs::write(folder.join(&file), rows).unwrap();
    let capacity = setup
        .capacity_bytes
        .map_or(String::new(), |bytes| format!("capacity = \"{bytes}B\"\neviction = \"{}\"", setup.policy));
    let source = format!(
        "question = \"Does the model do what Redis does?\"\nreplications = 1\n\
         [workload]\nkey_size = \"{KEY_BYTES}B\"\n\
         arrivals = {{ trace = {{ file = \"{file}\", time = \"time\", key = \"key\", size = \"size\", unit = \"us\" }} }}\n\
         [database]\nread = \"0s\"\n\
         [[tier]]\nname = \"redis\"\nscope = \"shared\"\nttl = \"{}s\"\njitter = {{ plus = \"{}s\" }}\n{capacity}\n\
         active_expiry = {{ hz = 10 }}\nentry_overhead = {{ redis = {{ quantum = \"16B\" }} }}\n",
        setup.ttl_s.0, setup.ttl_s.1
    );
    let experiment = parse(&source, "redis.toml", folder, &Overrides::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let options = RunOptions { threads: 1, ..RunOptions::default() };
    run(&experiment, &options).unwrap_or_else(|problem| panic!("{problem}")).record.variants.remove(0)
}

#[test]
fn a_minute_of_redis_is_a_minute_of_the_model() {
    if !is_required() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sequence = sequence();
    let minute_s = (wall_s() / 60.0).floor() * 60.0;
    let measured: Vec<Measured> = thread::scope(|scope| {
        let replays: Vec<_> = SETUPS
            .iter()
            .map(|setup| scope.spawn(|| replay(setup, &sequence, folder.path(), minute_s)))
            .collect();
        replays.into_iter().map(|replay| replay.join().unwrap()).collect()
    });

    println!(
        "{:>12} {:>16} {:>16} {:>16} {:>16} {:>13} {:>9} {:>9}",
        "", "hit ratio", "keys", "evicted", "expired", "memory", "off: keys", "memory"
    );
    let mut wrong = String::new();
    for (setup, measured) in SETUPS.iter().zip(&measured) {
        let spent_s = measured.requests.last().unwrap().0 - measured.requests[0].0;
        assert!(spent_s >= 60.0, "a minute was {spent_s} s");
        let record = model(setup, measured, folder.path());
        let value = |name: &str| record.measure(name).and_then(|measure| measure.values[0]).unwrap();
        let series = |name: &str| &record.series(name).unwrap().values;
        // The series has the state at the end of each second; between two it is taken to move linearly.
        let at = |name: &str, at_s: f64| {
            let (whole, part) = (at_s.floor(), at_s.fract());
            let end = |second: f64| series(name).get(second as usize - 1).copied().flatten().unwrap();
            end(whole) * (1.0 - part) + end(whole + 1.0) * part
        };
        let length_s = value("requests.all") / value("requests.rate");
        let total = |name: &str| value(name) * length_s;
        let requests = measured.requests.len() as f64;
        let hit_ratios = (measured.hits as f64 / requests, value("hit_ratio") * (1.0 + 1.0 / requests));
        let last = measured.looks.last().unwrap();
        let entries = (last.keys, at("tier.redis.entries", last.at_s));
        let bytes = (last.bytes, at("tier.redis.bytes", last.at_s));
        // The cycle of active expiry lets the number of expired keys swing by some per cent, at phases of its own in server
        // and model. So one look proves little; their mean does.
        let full: Vec<&Look> = measured.looks.iter().filter(|look| look.after_s >= FULL_S).collect();
        let mean =
            |of: &dyn Fn(&Look) -> f64| full.iter().map(|look| of(look)).sum::<f64>() / full.len() as f64;
        let off = |theirs: f64, ours: f64| (ours / theirs - 1.0) * 100.0;
        let off_bytes = off(mean(&|look| look.bytes), mean(&|look| at("tier.redis.bytes", look.at_s)));
        let off_keys = off(mean(&|look| look.keys), mean(&|look| at("tier.redis.entries", look.at_s)));
        let evicted = (measured.evicted, total("tier.redis.evictions.rate"));
        let expired = (measured.expired, total("tier.redis.expirations.rate"));
        println!(
            "{:>12} {:>7.4} {:>8.4} {:>7.0} {:>8.0} {:>7.0} {:>8.0} {:>7.0} {:>8.0} {:>6.3} {:>6.3} {:>8.1}% {:>8.1}%",
            setup.policy,
            hit_ratios.0,
            hit_ratios.1,
            entries.0,
            entries.1,
            evicted.0,
            evicted.1,
            expired.0,
            expired.1,
            bytes.0 / 1e6,
            bytes.1 / 1e6,
            off_keys,
            off_bytes
        );
        let mut check = |holds: bool, what: String| {
            if !holds {
                writeln!(wrong, "{}: {what}", setup.policy).unwrap();
            }
        };
        check((hit_ratios.0 - hit_ratios.1).abs() <= 0.01, format!("hit ratios {hit_ratios:?}"));
        check(off_bytes.abs() <= 10.0, format!("memory is off by {off_bytes:.1} %"));
        check(off_keys.abs() <= 10.0, format!("the number of keys is off by {off_keys:.1} %"));
        let near = |(theirs, ours): (f64, f64)| (theirs - ours).abs() <= 0.1 * theirs.max(ours).max(500.0);
        check(near(evicted), format!("evictions {evicted:?}"));
        check(near(expired), format!("expirations {expired:?}"));
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
