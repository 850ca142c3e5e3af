//! `herdlab import`: from what production reports to a scenario that is accepted.
//!
//! The files of `tests/import` were recorded from a Redis 7.0.15 that a script requested 12,000 keys of: GET, SETEX or SET EX after
//! a miss, and a DEL in twenty; `MONITOR` ran for one second of it.

use assert_cmd::Command;
use herdlab::dice::{below, stream};
use herdlab::import::{Options, Role, Source, TraceOut, import};
use herdlab::model::Experiment;
use herdlab::oracle::steady::{Keys, zipf_groups};
use herdlab::scenario::{Overrides, parse};

const BEFORE: &str = include_str!("import/info-before.txt");
const AFTER: &str = include_str!("import/info-after.txt");
const CONFIG: &str = include_str!("import/config-get.txt");
const LATENCY: &str = include_str!("import/latency-histogram.txt");
const HOT_KEYS: &str = include_str!("import/hotkeys.txt");
const MONITOR: &str = include_str!("import/monitor.log");

const BUCKETS: &str =
    "le,count\n0.005,1200\n0.01,5600\n0.025,9100\n0.05,9700\n0.1,9900\n0.25,9980\n0.5,9995\n";
const STATEMENTS: &str = r#"query,calls,mean_exec_time,stddev_exec_time,rows
"select * from product where id = $1",812345,4.2,11.9,812345
"select count(*) from review where product_id = $1",120034,312.5,280.1,120034
"update account set seen = now() where email = $1",40021,2.1,1.0,39000
"#;
const SERIES: &str = "\"Time\",\"rps\"\n\"2026-09-01 00:00:00\",412\n\"2026-09-01 00:01:00\",430\n\"2026-09-01 00:02:00\",1210\n\"2026-09-01 00:03:00\",405\n";

fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), bytes: text.as_bytes().to_vec(), role: None }
}

/// The scenario of these files, or the error with its help.
fn try_of(files: &[(&str, &str)], options: &Options) -> Result<String, String> {
    let sources: Vec<Source> = files.iter().map(|(name, text)| source(name, text)).collect();
    import(&sources, options)
        .map(|imported| imported.scenario)
        .map_err(|error| format!("{error} ({})", error.help.join("; ")))
}

/// The scenario of these files, which has to be accepted.
fn of(files: &[(&str, &str)]) -> String {
    let text = try_of(files, &Options::default()).unwrap();
    accepted(&text);
    text
}

fn accepted(text: &str) -> Experiment {
    parse(text, "my.toml", "".as_ref(), &Overrides::default())
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// Value and comment of an option, the first of its name.
fn option<'t>(text: &'t str, name: &str) -> (&'t str, &'t str) {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.split_once("  # ").unwrap_or((line, ""))
}

fn without(text: &str, start: &str) -> String {
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(start)).collect();
    assert!(kept.len() < text.lines().count(), "no line {start}");
    kept.join("\n") + "\n"
}

#[test]
fn what_production_reports_of_itself_is_observed_with_its_spread() {
    // 1,515 evictions in 15.146 s.
    let after = AFTER.replace("evicted_keys:0", "evicted_keys:1515");
    let text = of(&[("a.txt", BEFORE), ("b.txt", &after)]);
    assert_eq!(
        option(&text, "\"tier.redis.evictions.rate\""),
        ("100", "(b.txt:142 - a.txt:142) evicted_keys over 15.146 s")
    );
    // Ratios of 0.9, 0.8 and 0.75: neighbours differ by 0.1 and 0.05, sqrt((0.01 + 0.0025) / 4).
    let text = of(&[("rates.csv", "time,hits,misses\n100,90,10\n160,80,20\n220,75,25\n")]);
    let (value, place) = option(&text, "hit_ratio");
    assert_eq!(value, "{ value = 0.8167, spread = 0.0559 }");
    assert_eq!(place, "rates.csv:1 hits, mean of 3 points; spread between neighbouring points");
    let figure = &accepted(&text).observed.unwrap().figures[0];
    assert_eq!((figure.measure.as_str(), figure.value, figure.spread), ("hit_ratio", 0.8167, Some(0.0559)));
}

#[test]
fn two_recordings_of_info_give_rates_by_difference() {
    let text = of(&[("a.txt", BEFORE), ("b.txt", AFTER)]);
    // (9,288 - 4,161) + (2,119 - 1,520) lookups and 593 - 319 DELs in 15.146 s; as many SETs as misses.
    let (rate, place) = option(&text, "arrivals");
    assert_eq!(rate, "{ poisson = { rate = 396.1 } }");
    assert_eq!(place, "(b.txt:146 - a.txt:146) keyspace_hits over 15.146 s, and keyspace_misses");
    assert_eq!(option(&text, "write_share").0, "0.04567");
    assert_eq!(
        option(&text, "hit_ratio"),
        ("0.8954", "5127 of 5726 lookups: b.txt:146 keyspace_hits, less a.txt:146, and keyspace_misses")
    );
    // 2 MiB less 876,360 after the start, 83 kB, and 44,544 for connections.
    let (capacity, place) = option(&text, "capacity");
    assert_eq!(capacity, "\"1093248B\"");
    assert_eq!(place, "b.txt:67 maxmemory, less 1.00 MB for the server and its connections");
    assert_eq!(option(&text, "eviction"), ("\"allkeys-lfu\"", "b.txt:69 maxmemory_policy"));
    // (1,386,576 - 1,003,904) / 1,629 = 234.9, less 40 and 56.
    assert_eq!(option(&text, "value_size").0, "\"139B\"");
    // 20,801 us in 6,325 GETs and SETs.
    assert_eq!(option(&text, "service").0, "\"3.289us\"");
    // 283 s left on average, at most 15.5 s old on average: SETs had 300 s.
    assert_eq!(option(&text, "ttl").0, "\"5m\"");
    assert!(option(&text, "read").1.starts_with("ASSUMPTION"), "{text}");
    // Twice 2 MiB, and the server's own share once.
    assert!(text.contains("\"tier.redis.capacity\" = \"3190400B\""), "{text}");
}

#[test]
fn a_line_that_changes_changes_its_figure() {
    let base = of(&[("a.txt", BEFORE), ("b.txt", AFTER)]);
    for (from, to, name, value) in [
        // 4,839 of 5,438.
        ("keyspace_hits:9288", "keyspace_hits:9000", "hit_ratio", "0.8898"),
        ("maxmemory:2097152", "maxmemory:4194304", "capacity", "\"3190400B\""),
        ("maxmemory:2097152", "maxmemory:0", "capacity", "\"unbounded\""),
        ("allkeys-lfu", "volatile-ttl", "eviction", "\"volatile-ttl\""),
        ("\nhz:10", "\nhz:50", "active_expiry", "{ hz = 50 }"),
        ("avg_ttl=283091", "avg_ttl=583091", "ttl", "\"10m\""),
        // 1.4 MB more over 1,629 keys.
        ("used_memory:1386576", "used_memory:2786576", "value_size", "\"998B\""),
        // 94 more DELs: 368 of 6,094.
        ("cmdstat_del:calls=593", "cmdstat_del:calls=687", "write_share", "0.06039"),
        (
            "cmdstat_get:calls=11407,usec=32864",
            "cmdstat_get:calls=11407,usec=64489",
            "service",
            "\"8.289us\"",
        ),
    ] {
        assert!(AFTER.contains(from), "{from}");
        let text = of(&[("a.txt", BEFORE), ("b.txt", &AFTER.replace(from, to))]);
        assert_eq!(option(&text, name).0, value, "{to}");
        assert_ne!(option(&base, name).0, value, "{to} changes nothing");
    }
}

#[test]
fn a_line_that_is_missing_becomes_an_assumption() {
    for (start, name) in [
        ("maxmemory:", "capacity"),
        ("maxmemory_policy:", "eviction"),
        ("cmdstat_", "service"),
        ("cmdstat_", "write_share"),
        ("used_memory:", "value_size"),
        ("db0:", "ttl"),
        ("db0:", "keys"),
    ] {
        let text = of(&[("a.txt", BEFORE), ("b.txt", &without(AFTER, start))]);
        assert!(option(&text, name).1.starts_with("ASSUMPTION: "), "{start}: {text}");
    }
    let text = of(&[("b.txt", &without(AFTER, "keyspace_hits"))]);
    assert!(!text.contains("hit_ratio ="), "{text}");
}

#[test]
fn one_recording_gives_the_present_rate_and_the_ratio_since_the_start() {
    let text = of(&[("b.txt", AFTER)]);
    let (ratio, place) = option(&text, "hit_ratio");
    assert_eq!(ratio, "0.8142");
    assert!(
        place.ends_with("b.txt:146 keyspace_hits since the server started, and keyspace_misses"),
        "{place}"
    );
    let (_, place) = option(&text, "arrivals");
    assert!(place.starts_with("b.txt:125 instantaneous_ops_per_sec 440, "), "{place}");
    let few = "# Stats\nkeyspace_hits:1748\nkeyspace_misses:16554\nevicted_keys:0\nexpired_keys:17\ninstantaneous_ops_per_sec:123\n";
    let text = of(&[("info.txt", few)]);
    assert_eq!(option(&text, "hit_ratio").0, "0.0955");
    let (rate, place) = option(&text, "arrivals");
    assert_eq!(rate, "{ poisson = { rate = 123 } }");
    assert_eq!(place, "ASSUMPTION: info.txt:6 instantaneous_ops_per_sec, every command taken for a lookup");
}

#[test]
fn recordings_that_do_not_fit_together_are_refused() {
    let other = AFTER.replace("run_id:dc", "run_id:ab");
    let no_time = |text: &str| without(&without(text, "server_time_usec"), "uptime_in_seconds");
    let uptime_0 = "keyspace_hits:5\nkeyspace_misses:5\nuptime_in_seconds:0\n";
    for (files, problem) in [
        (vec![("b.txt", AFTER), ("a.txt", BEFORE)], "a.txt:17: server_time_usec"),
        (
            vec![("a.txt", BEFORE), ("b.txt", other.as_str())],
            "b.txt:15: run_id is another one than in a.txt:15 run_id",
        ),
        (vec![("a.txt", BEFORE), ("b.txt", AFTER), ("c.txt", AFTER)], "c.txt: the third INFO"),
        (vec![("i.txt", uptime_0)], "i.txt:3: uptime_in_seconds 0"),
        (vec![("a.txt", BEFORE), ("a.txt", BEFORE)], "a.txt:17: server_time_usec"),
        (vec![("m.log", MONITOR), ("n.log", MONITOR)], "n.log: the second file of its kind"),
    ] {
        let error = try_of(&files, &Options::default()).unwrap_err();
        assert!(error.starts_with(problem), "{error}");
    }
    let (first, last) = (no_time(BEFORE), no_time(AFTER));
    let files = [("a.txt", first.as_str()), ("b.txt", last.as_str())];
    let error = try_of(&files, &Options::default()).unwrap_err();
    assert!(error.contains("the time between them is unknown (--interval 60s names it)"), "{error}");
    let text = try_of(&files, &Options { interval_s: Some(10.0), trace: None }).unwrap();
    assert_eq!(option(&text, "arrivals").0, "{ poisson = { rate = 600 } }");
}

#[test]
fn what_is_broken_is_named_by_file_and_line() {
    let cut = &AFTER[..AFTER.find("keyspace_misses").unwrap() + 11];
    let monitor_cut = MONITOR.replacen("\"GET\" \"user:79\"", "\"GET\" \"user:79", 1);
    for (text, problem) in [
        ("", "x: it is empty (known: INFO"),
        ("\n\n", "x: it is empty"),
        ("hello\n", "x:1: not recognised: \"hello\" (known: INFO"),
        ("a\0b", "x: it is binary"),
        ("\u{1f}", "x:1: not recognised"),
        (cut, "x:147: \"keyspace_mi\": expected name:value; is the file cut off?"),
        (
            "redis_version:7\nkeyspace_hits:many\nkeyspace_misses:1\n",
            "x:2: keyspace_hits \"many\": expected a number",
        ),
        (monitor_cut.as_str(), "x:5: \"1796037406."),
        ("1700000000.5 [0 x:1] \"set\" \"a\" \"b\"\n", "x: no lookup (GET) in it"),
        ("1700000000.5 [0 x:1] \"get\" \"a\"\n", "x: all requests at one instant"),
        ("le,count\n0.1,5\n0.2,4\n", "x: line 3: 4 requests after 5"),
        ("le,count\n0.1,5\n0.2\n", "x:3: 1 cells where the header has 2; is the file cut off?"),
        ("le,count\n", "x:1: a header and no row below it"),
        ("Time,rps\n2026-09-01 00:00:00,5\nyesterday,6\n", "x:3: time \"yesterday\""),
        ("Time,rps\n100,5\n90,6\n", "x:3: time \"90\" is not after the one above it"),
        ("{\"data\":\n{\"result\":[", "x:2: EOF while parsing"),
        ("{\"status\":\"error\",\"error\":\"bad query\"}", "x:1: the query failed: bad query"),
        ("{\"data\":{\"result\":[]}}", "x:1: the query has no result"),
        ("STAT get_hits 5\nSTAT get_misses 6\n", "x: no END"),
        ("query,calls,mean_exec_time\nvacuum,1,2\n", "x: no SELECT, INSERT, UPDATE or DELETE in it"),
        ("datname,xact_commit\na,7\n", "x: pg_stat_database counts since its reset"),
        ("maxmemory\n", "x:1: maxmemory: expected its value on the next line"),
        (
            "maxmemory\n1000\nmaxmemory-policy\nnewest\n",
            "x:4: \"newest\" is no policy that is modelled (known: allkeys-lru",
        ),
        ("h - - [01/Jan/1970:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 5\nnonsense\nx", "x:2: \"nonsense\""),
    ] {
        let error = try_of(&[("x", text)], &Options::default()).unwrap_err();
        assert!(error.starts_with(problem), "{error}\n{problem}");
    }
}

#[test]
fn config_get_overrides_and_latency_histogram_gives_the_service_time() {
    let config =
        CONFIG.replace("2097152", "4194304").replace("maxmemory-samples\n5", "maxmemory-samples\n10");
    let text = of(&[("a.txt", BEFORE), ("b.txt", AFTER), ("config.txt", &config), ("latency.txt", LATENCY)]);
    assert_eq!(option(&text, "capacity").0, "\"3190400B\"");
    assert!(option(&text, "capacity").1.starts_with("config.txt:14 maxmemory, less"), "{text}");
    assert_eq!(option(&text, "samples"), ("10", "config.txt:12 maxmemory-samples"));
    // GETs by their buckets, each at three quarters of its bound: 0.75 (2,247 + 2 * 3,234 + 4 * 4,420 + 8 * 1,370 + 16 * 127
    // + 33 * 6 + 66 * 2 + 132) / 11,407.
    assert_eq!(option(&text, "service").0, "\"2.62us\"");
    assert_eq!(option(&text, "service").1, "latency.txt:4 histogram_usec");
}

#[test]
fn a_monitor_recording_gives_the_workload() {
    let text = of(&[("monitor.log", MONITOR)]);
    // 383 GETs, 31 SETs after a miss of the same connection, 17 DELs in 0.9714 s.
    assert_eq!(option(&text, "arrivals").0, "{ poisson = { rate = 411.8 } }");
    assert_eq!(option(&text, "arrivals").1, "monitor.log:1-432 lookups over 1.0 s");
    assert_eq!(option(&text, "write_share").0, "0.0425");
    assert_eq!(option(&text, "hit_ratio"), ("0.9191", "monitor.log:1-432 GETs without a SET behind them"));
    assert_eq!(option(&text, "ttl"), ("\"5m\"", "monitor.log:1-432 times to live"));
    // 30 keys with values of 44.4 bytes on average, deviation 9.07.
    let sigma = ((9.068_198_400_f64 / 44.366_667).powi(2) + 1.0).ln().sqrt();
    let median = 44.366_667 / (sigma * sigma / 2.0).exp();
    let p99 = median * (2.326_347_874 * sigma).exp();
    let expected = format!("{{ lognormal = {{ median = \"{median:.0}B\", p99 = \"{p99:.0}B\" }} }}");
    assert_eq!(option(&text, "value_size").0, expected);
    assert!(!text.contains("user:"), "{text}");
    // SETs that no GET precedes are writes, and writes that are SETs update.
    let sets = MONITOR.replace("\"GET\"", "\"TYPE\"") + "1796037407.9 [0 x:1] \"GET\" \"user:1\"\n";
    let text = of(&[("monitor.log", &sets)]);
    assert_eq!(option(&text, "write_share").0, "0.9796");
    assert_eq!(option(&text, "strategy").0, "\"update\"");
}

#[test]
fn sizes_come_from_keysizes_and_jitter_from_times_to_live() {
    // Three values of 64 to 127 bytes and one of 1,024 to 2,047: mean 456, deviation 623.5, so sigma^2 = ln 2.87.
    let info = "keyspace_hits:50\nkeyspace_misses:50\nuptime_in_seconds:10\n# Keysizes\ndb0_distrib_strings_sizes:64=3,1K=1\n";
    let text = of(&[("info.txt", info)]);
    let (size, place) = option(&text, "value_size");
    assert!(size.starts_with("{ lognormal = { median = \"269B\", p99 = \"29"), "{size}");
    assert_eq!(place, "info.txt:5 db0_distrib_strings_sizes");
    let monitor = |second: &str| {
        format!(
            "1.0 [0 x:1] \"get\" \"a\"\n1.5 [0 x:1] \"setex\" \"a\" \"300\" \"v\"\n2.0 [0 x:1] \"get\" \"b\"\n2.5 [0 x:1] \"setex\" \"b\" \"{second}\" \"v\"\n"
        )
    };
    let text = of(&[("m", &monitor("330"))]);
    assert_eq!((option(&text, "ttl").0, option(&text, "jitter").0), ("\"5m\"", "{ plus = \"30s\" }"));
    let text = of(&[("m", &monitor("3600"))]);
    assert!(
        option(&text, "ttl").1.contains("times to live from 300 to 3600 s: [[class]] separates them"),
        "{text}"
    );
}

#[test]
fn a_recording_is_replayed_without_its_fills() {
    let folder = tempfile::tempdir().unwrap();
    let imported = |hash_keys| {
        let trace = Some(TraceOut { file: "my-trace.csv".into(), hash_keys });
        import(&[source("monitor.log", MONITOR)], &Options { interval_s: None, trace }).unwrap()
    };
    let plain = imported(false);
    let trace = String::from_utf8(plain.trace.unwrap()).unwrap();
    let rows: Vec<&str> = trace.lines().collect();
    assert_eq!(rows.len(), 1 + 383 + 17);
    assert_eq!(
        rows[..3],
        ["time_s,key,op,value_bytes", "0.000000,user:15,read,44", "0.044078,user:1183,read,57"]
    );
    assert_eq!(rows.iter().filter(|row| row.contains(",write,")).count(), 17);
    assert!(!trace.contains("xxx"), "{trace}");
    std::fs::write(folder.path().join("my-trace.csv"), &trace).unwrap();
    let experiment = parse(&plain.scenario, "my.toml", folder.path(), &Overrides::default()).unwrap();
    assert_eq!(experiment.variants[0].model.workload.keys(), 245);

    let hashed = imported(true);
    let trace = String::from_utf8(hashed.trace.unwrap()).unwrap();
    assert!(!trace.contains("user:") && trace.lines().count() == 401, "{trace}");
    std::fs::write(folder.path().join("my-trace.csv"), &trace).unwrap();
    let experiment = parse(&hashed.scenario, "my.toml", folder.path(), &Overrides::default()).unwrap();
    assert_eq!(experiment.variants[0].model.workload.keys(), 245);
}

#[test]
fn hot_keys_give_the_exponent() {
    let counts = "key,freq\nhome,40000\ncfg,20000\np:1,13333\np:2,10000\n";
    let text = of(&[("hot.csv", counts)]);
    assert_eq!(option(&text, "popularity"), ("{ zipf = { exponent = 1 } }", "hot.csv:2 freq of 4 keys"));
    let text = of(&[("hotkeys.txt", HOT_KEYS), ("b.txt", AFTER)]);
    assert!(option(&text, "popularity").1.ends_with(" 16 logarithmic counters"), "{text}");
    assert!(option(&text, "keys").1.starts_with("ASSUMPTION: 4 times the keys present"), "{text}");
}

#[test]
fn a_hit_ratio_gives_the_exponent_where_nothing_else_does() {
    // What an unlimited cache with a time to live of 3 minutes shows of 60,000 keys (Zipf 0.9) at 224.5 lookups/s; 15,000 of them
    // are taken to be present, so that four times as many is right.
    let keys: Vec<Keys> = zipf_groups(60_000, 0.9)
        .into_iter()
        .map(|(count, share)| Keys {
            count,
            reads_per_s: 224.5 * share,
            deletes_per_s: 0.0,
            ttl_s: Some(180.0),
            sliding: false,
            size: 1.0,
        })
        .collect();
    let ratio: f64 = keys.iter().map(|keys| keys.count * keys.reads_per_s / 224.5 * keys.present()).sum();
    let hits = (224_500.0 * ratio).round();
    let info = format!(
        "keyspace_hits:{hits}\nkeyspace_misses:{}\nuptime_in_seconds:1000\nmaxmemory:0\ndb0:keys=15000,expires=15000,avg_ttl=90000\n",
        224_500.0 - hits
    );
    let text = of(&[("info.txt", &info)]);
    assert_eq!(option(&text, "ttl").0, "\"3m\"");
    let (keys, place) = option(&text, "keys");
    assert_eq!((keys, place.starts_with("ASSUMPTION: 4 times the keys present")), ("60000", true), "{place}");
    let (popularity, place) = option(&text, "popularity");
    assert!(place.starts_with("fitted to the hit ratio: "), "{place}");
    assert_eq!(popularity, "{ zipf = { exponent = 0.9 } }");
    // The same where the cache evicts.
    let text = of(&[("a.txt", BEFORE), ("b.txt", &AFTER.replace("maxmemory:2097152", "maxmemory:1198360"))]);
    assert!(option(&text, "popularity").1.starts_with("fitted to the hit ratio: 5127 of 5726"), "{text}");
    assert!(option(&text, "keys").1.contains("the exponent is fitted for it"), "{text}");
}

#[test]
fn statements_give_a_mixture_with_their_mean() {
    let text = of(&[("pg.csv", STATEMENTS)]);
    let experiment = accepted(&text);
    let database = &experiment.variants[0].model.database;
    let mean_ms = (812_345.0 * 4.2 + 120_034.0 * 312.5) / 932_379.0;
    assert!((database.read.mean_ns() / 1e6 / mean_ms - 1.0).abs() < 0.01, "{text}");
    // Nothing shows how often it writes.
    assert!(text.contains("\n# write = { lognormal"), "{text}");
    assert!(!text.contains("account") && !text.contains("select"), "{text}");
    assert_eq!(option(&text, "read").1, "pg.csv:2 calls, mean and deviation of 3 statements");
    let later = STATEMENTS.replace("812345,4.2", "813345,4.2").replace("40021", "40121");
    let files = [("a.csv", STATEMENTS), ("b.csv", later.as_str())];
    let text = try_of(&files, &Options { interval_s: Some(10.0), trace: None }).unwrap();
    // 1,000 reads and 100 writes in 10 s.
    assert_eq!(option(&text, "db_qps").0, "110");
    // 10 of 1,010 requests, and one statement writes: lognormal with mean 2.1 and deviation 1.
    assert_eq!(option(&text, "write_share").0, "0.009901");
    let write = accepted(&text).variants[0].model.database.write.mean_ns() / 1e6;
    assert!((write - 2.1).abs() < 0.01, "{write}: {text}");
}

#[test]
fn buckets_give_the_reads_of_the_database_or_the_latency() {
    let text = of(&[("buckets.csv", BUCKETS)]);
    let read = accepted(&text).variants[0].model.database.read.mean_ns() / 1e6;
    assert!((read - 15.445).abs() < 0.05, "{read}: {text}");
    assert!(text.contains("# ASSUMPTION: buckets.csv of buckets.csv is taken for db-read"), "{text}");
    // By its name it is the latency of requests.
    let text = of(&[("latency_bucket.csv", BUCKETS)]);
    assert_eq!(option(&text, "p50").0, "\"9.315ms\"");
    let named = |role| {
        let sources = [Source { role: Some(role), ..source("latency_bucket.csv", BUCKETS) }];
        import(&sources, &Options::default())
            .map(|imported| imported.scenario)
            .map_err(|error| error.to_string())
    };
    let text = named(Role::Latency).unwrap();
    // The 4,997.5th of 9,995: 5 ms and 3,797.5 of 4,400 parts of 5 ms more.
    assert_eq!(option(&text, "p50").0, "\"9.315ms\"");
    // The 9,495.25th: 25 ms and 395.25 of 600 parts of 25 ms more.
    assert_eq!(option(&text, "p95").0, "\"41.47ms\"");
    assert!(option(&text, "read").1.starts_with("ASSUMPTION"), "{text}");
    assert_eq!(
        named(Role::Hits).unwrap_err(),
        "latency_bucket.csv: --as hits is for a time series, and this is a histogram"
    );
}

/// An answer of `query_range`: series of labels and values, a minute apart.
fn answer(series: &[(&str, &[f64])]) -> String {
    let result: Vec<String> = series
        .iter()
        .map(|(labels, values)| {
            let values = values
                .iter()
                .zip(0..)
                .map(|(value, at)| format!("[{},\"{value}\"]", 1_700_000_000 + 60 * at));
            format!("{{\"metric\":{{{labels}}},\"values\":[{}]}}", values.collect::<Vec<_>>().join(","))
        })
        .collect();
    format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[\n{}]}}}}",
        result.join(",")
    )
}

#[test]
fn series_give_a_rate_and_its_profile() {
    let text = of(&[("grafana-rps.csv", SERIES)]);
    assert_eq!(option(&text, "arrivals").0, "{ poisson = { rate = 614.2 } }");
    assert_eq!(option(&text, "duration").0, "\"4m\"");
    let profile = option(&text, "profile").0;
    assert!(profile.contains("{ step = { at = \"2m\", factor = 1.97 } }"), "{profile}");
    // A name cannot leave its comment.
    let text = of(&[("rps.csv", "Time,\"rps\nseed = 9\"\n100,5\n160,6\n")]);
    assert!(text.contains("rps?seed = 9") && !text.contains("\nseed"), "{text}");
    // Two instances of one metric are added up.
    let json = answer(&[
        ("\"__name__\":\"http_requests\",\"pod\":\"a\"", &[300.0, 100.0]),
        ("\"__name__\":\"http_requests\",\"pod\":\"b\"", &[100.0, 100.0]),
    ]);
    let text = of(&[("rps.json", &json)]);
    assert_eq!(option(&text, "arrivals").0, "{ poisson = { rate = 300 } }");
    assert!(option(&text, "profile").0.contains("factor = 1.333"), "{text}");
    // rate() leaves the name out; the labels tell hits from misses.
    let json = answer(&[("\"result\":\"hit\"", &[90.0, 70.0]), ("\"result\":\"miss\"", &[10.0, 30.0])]);
    let text = of(&[("cache.json", &json)]);
    assert_eq!(
        (option(&text, "hit_ratio").0, option(&text, "arrivals").0),
        ("0.8000", "{ poisson = { rate = 100 } }")
    );
    // A day at a rate that is too much to simulate stays in a comment.
    let hours: Vec<f64> = (0..1_440).map(|minute| if minute < 720 { 5_000.0 } else { 15_000.0 }).collect();
    let text = of(&[("rps.json", &answer(&[("\"__name__\":\"rps\"", &hours)]))]);
    assert!(text.contains("# profile = [{ step = { at = \"0s\", factor = 0.5 } }, { step = { at = \"12h\", factor = 1.5 } }]"), "{text}");
}

#[test]
fn buckets_of_prometheus_are_taken_by_their_growth() {
    let bucket = |le: &str| format!("\"__name__\":\"pg_query_duration_bucket\",\"le\":\"{le}\"");
    let labels = ["0.01", "0.03", "+Inf"].map(bucket);
    let values: [&[f64]; 3] = [&[100.0, 101.0], &[100.0, 103.0], &[100.0, 104.0]];
    let series: Vec<(&str, &[f64])> = labels.iter().map(String::as_str).zip(values).collect();
    let text = of(&[("pg.json", &answer(&series))]);
    // One up to 10 ms, two up to 30 ms, one above: 5 / 4 + 20 / 2 + 30 / 4.
    let read = accepted(&text).variants[0].model.database.read.mean_ns() / 1e6;
    assert!((read - 18.75).abs() < 0.01, "{read}: {text}");
}

#[test]
fn memcached_is_read_as_redis_is() {
    let stats = "STAT pid 17\nSTAT uptime 100\nSTAT curr_connections 10\nSTAT cmd_get 1000\nSTAT cmd_set 210\nSTAT get_hits 800\nSTAT get_misses 200\nSTAT delete_hits 40\nSTAT delete_misses 10\nSTAT bytes 600000\nSTAT curr_items 1000\nSTAT limit_maxbytes 67108864\nSTAT evictions 0\nEND\n";
    let text = of(&[("stats.txt", stats)]);
    // 1,000 lookups, 50 DELETEs and 10 SETs more than misses, in 100 s.
    assert_eq!(option(&text, "arrivals").0, "{ poisson = { rate = 10.6 } }");
    assert_eq!(option(&text, "hit_ratio").0, "0.8000");
    assert_eq!(option(&text, "capacity"), ("\"67108864B\"", "stats.txt:12 maxmemory"));
    assert_eq!(option(&text, "value_size").0, "\"504B\"");
    assert!(text.contains("name = \"memcached\""), "{text}");
}

#[test]
fn an_access_log_gives_paths_hits_and_times() {
    let line = |second: u32, path: u32, status: &str, time_s: f64| {
        format!(
            "10.0.0.1 - - [15/Nov/2023:00:00:{second:02} +0000] \"GET /p/{path} HTTP/1.1\" 200 516 \"-\" \"x/1.0\" {status} {time_s:.3}\n"
        )
    };
    let mut log = String::new();
    for second in 0..50 {
        log += &line(second, second % 7, "HIT", 0.001);
        log += &line(second, second, "MISS", 0.040);
        log += &line(second, second + 100, "MISS", 0.060);
        log += &line(second, second % 5, "HIT", 0.002);
    }
    let text = of(&[("access.log", &log)]);
    assert_eq!(option(&text, "hit_ratio"), ("0.5000", "access.log:1-200 answers of the cache"));
    // 200 requests from 0.125 s to 49.875 s.
    assert_eq!(option(&text, "arrivals").0, "{ poisson = { rate = 4 } }");
    let read = accepted(&text).variants[0].model.database.read.mean_ns() / 1e6;
    assert!((read - 50.0).abs() < 3.0, "{read}: {text}");
    assert_eq!(option(&text, "p99").0, "\"60ms\"");
    assert!(!text.contains("/p/") && !text.contains("10.0.0.1"), "{text}");
}

#[test]
fn all_kinds_together_make_one_scenario() {
    let text = of(&[
        ("a.txt", BEFORE),
        ("b.txt", AFTER),
        ("config.txt", CONFIG),
        ("latency.txt", LATENCY),
        ("monitor.log", MONITOR),
        ("pg.csv", STATEMENTS),
        ("db.csv", "Time,db_qps\n100,20\n160,30\n"),
    ]);
    // Key and value are recorded, so the rest of 234.9 B is overhead: less 7 and 44.4.
    assert_eq!(option(&text, "entry_overhead").0, "\"184B\"");
    assert_eq!(option(&text, "db_qps").0, "25");
    assert!(text.lines().count() < 70, "{text}");
}

/// Files with bytes exchanged, lines left out and ends cut off: an error with a place, or a scenario, but no panic.
#[test]
fn damaged_files_are_refused_or_read() {
    let log =
        "10.0.0.1 - - [15/Nov/2023:00:00:01 +0000] \"GET /p/1 HTTP/1.1\" 200 516 \"-\" \"x\" HIT 0.001\n"
            .repeat(3)
            + "10.0.0.2 - - [15/Nov/2023:00:00:02 +0000] \"POST /p/2 HTTP/1.1\" 200 16 \"-\" \"x\" MISS 0.1\n";
    let json = answer(&[("\"__name__\":\"rps\"", &[300.0, 100.0])]);
    let stats = "STAT uptime 100\nSTAT get_hits 800\nSTAT get_misses 200\nSTAT bytes 600000\nSTAT curr_items 1000\nEND\n";
    let monitor: String = MONITOR.lines().take(40).map(|line| format!("{line}\n")).collect();
    let files = [AFTER, CONFIG, LATENCY, HOT_KEYS, &monitor, BUCKETS, STATEMENTS, SERIES, &log, &json, stats]
        .map(str::as_bytes);
    let mut dice = stream(11, 0, "damage");
    let (mut refused, mut read) = (0, 0);
    for file in files {
        for _ in 0..60 {
            let mut bytes = file.to_vec();
            for _ in 0..=below(&mut dice, 3) {
                let at = below(&mut dice, bytes.len() as u32) as usize;
                match below(&mut dice, 4) {
                    0 => bytes[at] = b"0123456789-.:,\"\n x\\e"[below(&mut dice, 20) as usize],
                    1 => bytes.truncate(at.max(1)),
                    2 => _ = bytes.remove(at),
                    _ => bytes.insert(at, b'9'),
                }
                if bytes.is_empty() {
                    bytes.push(b'x');
                }
            }
            match import(&[Source { name: "x".into(), bytes, role: None }], &Options::default()) {
                Ok(_) => read += 1,
                Err(error) => {
                    assert!(error.to_string().starts_with('x'), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 50 && read > 50, "{refused} refused, {read} read");
}

fn herdlab() -> Command {
    Command::new(env!("CARGO_BIN_EXE_herdlab"))
}

fn stderr(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().clone();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_command_writes_once_and_never_over_what_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a.txt", BEFORE), ("b.txt", AFTER), ("monitor.log", MONITOR), ("x", "hello\n")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let import = |arguments: &[&str]| {
        let mut command = herdlab();
        command.current_dir(folder.path()).arg("import").args(arguments);
        command
    };
    let told = stderr(&mut import(&["a.txt", "b.txt", "-o", "my.toml"]), 0);
    assert!(told.contains("next: herdlab check my.toml") && told.contains("look for ASSUMPTION"), "{told}");
    let first = std::fs::read(folder.path().join("my.toml")).unwrap();
    herdlab().current_dir(folder.path()).args(["check", "my.toml"]).assert().success();

    let told = stderr(&mut import(&["b.txt", "-o", "my.toml"]), 2);
    assert!(told.contains("my.toml is there already") && told.contains("--force"), "{told}");
    assert_eq!(std::fs::read(folder.path().join("my.toml")).unwrap(), first);
    import(&["b.txt", "-o", "my.toml", "--force"]).assert().success();
    let told = stderr(&mut import(&["b.txt", "-o", "b.txt", "--force"]), 2);
    assert!(told.contains("would overwrite b.txt"), "{told}");
    let told = stderr(&mut import(&["x", "-o", "y.toml"]), 2);
    assert!(told.contains("x:1: not recognised") && !folder.path().join("y.toml").exists(), "{told}");
    let told = stderr(&mut import(&["b.txt", "-o", "y.toml", "--trace-out", "t.csv"]), 2);
    assert!(told.contains("no source is a recording"), "{told}");
    assert!(stderr(&mut import(&["nothing.txt"]), 2).contains("cannot read nothing.txt"));
    assert!(stderr(&mut import(&["--as", "speed=b.txt"]), 2).contains("known: requests, hits"));
    assert!(stderr(&mut import(&["-", "-"]), 2).contains("standard input is read once"));
    assert!(stderr(&mut import(&[]), 2).contains("FILE"));

    import(&["monitor.log", "-o", "replay.toml", "--trace-out", "t.csv", "--hash-keys"]).assert().success();
    herdlab().current_dir(folder.path()).args(["check", "replay.toml"]).assert().success();
}

#[test]
fn standard_input_is_a_source() {
    let output = herdlab().args(["import", "-"]).write_stdin(AFTER).assert().success().get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(option(&text, "capacity").1.starts_with("stdin:67 maxmemory"), "{text}");
    accepted(&text);
}

#[cfg(unix)]
#[test]
fn a_fifo_is_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("info");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let writer = std::thread::spawn({
        let fifo = fifo.clone();
        move || std::fs::write(fifo, AFTER)
    });
    let output = herdlab().arg("import").arg(&fifo).assert().success().get_output().clone();
    writer.join().unwrap().unwrap();
    accepted(&String::from_utf8(output.stdout).unwrap());
}
