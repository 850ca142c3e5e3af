//! Recordings as they are replayed: coarse times, SETs, parts, repetitions, paces, pipes.

use std::fmt::Write as _;
use std::path::Path;

use herdlab::model::{Arrivals, Experiment, Trace};
use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};

use crate::support::simulate;
use crate::tiny::value;

/// A scenario with a trace of these options.
fn scenario(options: &str, more: &str) -> String {
    format!(
        "question = \"?\"\nreplications = 1\n{more}\nallow = [\"no-ttl\"]\n\
         [workload]\narrivals = {{ trace = {{ {options} }} }}\n\
         [[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"30s\"\nnetwork = \"300us\"\n\
         [database]\nservers = 20\nread = \"20ms\"\n"
    )
}

fn experiment(folder: &Path, options: &str, more: &str) -> Result<Experiment, String> {
    let source = scenario(options, more);
    parse(&source, "trace.toml", folder, &Overrides::default()).map_err(|problems| problems.to_string())
}

fn record(folder: &Path, options: &str, more: &str) -> Record {
    simulate(&experiment(folder, options, more).unwrap(), 1)
}

fn trace(experiment: &Experiment) -> &Trace {
    match &experiment.variants[0].model.workload.arrivals {
        Arrivals::Trace(trace) => trace,
        other => panic!("{other:?}"),
    }
}

/// A folder with a file `t`.
fn folder(content: impl AsRef<[u8]>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t"), content).unwrap();
    folder
}

/// A scattered number of 31 bits, the same for ever (SplitMix64).
fn scattered(at: u64) -> u64 {
    herdlab::dice::mix(at) >> 33
}

#[test]
fn whole_seconds_are_spread() {
    // 100 requests/s for 120 s, at scattered instants, for 1,500 keys.
    let mut times: Vec<u64> = (0..12_000).map(|at| scattered(at) % 120_000_000).collect();
    times.sort_unstable();
    let (mut fine, mut coarse) = ("t,key\n".to_owned(), "t,key\n".to_owned());
    for (at, time) in times.iter().enumerate() {
        let key = scattered(at as u64 + 77_000) % 1_500;
        writeln!(fine, "{}.{:06},k{key}", time / 1_000_000, time % 1_000_000).unwrap();
        writeln!(coarse, "{},k{key}", time / 1_000_000).unwrap();
    }
    let figures = |rows: &str, options: &str| {
        let folder = folder(rows);
        let record = record(folder.path(), &format!("file = \"t\", unit = \"s\"{options}"), "");
        ["db.qps.mean", "db.qps.peak", "latency.all.p99_ms"].map(|measure| value(&record, measure))
    };
    let [recorded, spread, herds] =
        [figures(&fine, ""), figures(&coarse, ""), figures(&coarse, ", spread = false")];
    // The same load, the same peak and no queue; the herd of a second waits for 20 servers of 20 ms.
    assert!((spread[0] / recorded[0] - 1.0).abs() < 0.02, "{recorded:?}, {spread:?}");
    assert!((spread[1] / recorded[1] - 1.0).abs() < 0.1, "{recorded:?}, {spread:?}");
    assert!((spread[2] / recorded[2] - 1.0).abs() < 0.1, "{recorded:?}, {spread:?}");
    assert!(herds[2] > 2.0 * recorded[2], "{recorded:?}, {herds:?}");
}

#[test]
fn a_recorded_fill_is_not_a_write() {
    // A look-aside cache: every key is read 10 s apart, for the first time as a miss that is followed by a SET.
    let mut rows = String::new();
    for at in 0..300u64 {
        let (key, pass) = (at % 100, at / 100);
        writeln!(rows, "{},k{key},3,100,1,get,0", at / 10).unwrap();
        if pass == 0 {
            writeln!(rows, "{},k{key},3,100,1,set,60", at / 10).unwrap();
        }
    }
    let folder = folder(rows);
    let told = experiment(folder.path(), "file = \"t\"", "").unwrap_err();
    assert!(told.contains("100 of 400 requests in t are SETs, 100 % of them right after a GET"), "{told}");
    let fills = record(folder.path(), "file = \"t\", sets = \"fill\"", "");
    // 100 misses of 300 reads; the first SET of each key is that of the simulated cache.
    assert_eq!(value(&fills, "requests.all"), 300.0);
    assert!((value(&fills, "hit_ratio") - 2.0 / 3.0).abs() < 1e-9);
    let writes = record(folder.path(), "file = \"t\", sets = \"write\"", "");
    assert_eq!(value(&writes, "requests.write.ratio"), 0.25);
    // Each write invalidates what was filled just before.
    assert!(value(&writes, "hit_ratio") < 0.55);
}

#[test]
fn a_part_is_replayed_paced_and_repeated() {
    let rows: String = (0..100).map(|row| format!("{},k{}\n", row * 100, row % 7)).collect();
    let folder = folder(format!("t,key\n{rows}"));
    let of = |options: &str, more: &str| {
        let experiment =
            experiment(folder.path(), &format!("file = \"t\", unit = \"ms\"{options}"), more).unwrap();
        let record = simulate(&experiment, 1);
        (experiment.variants[0].model.duration_ns / 1_000_000, value(&record, "requests.all"))
    };
    // From the first to the last request and one gap of 100 ms.
    assert_eq!(of("", ""), (10_000, 100.0));
    // 3 s to 7.9 s.
    assert_eq!(of(", from = \"3s\", until = \"8s\"", ""), (5_000, 50.0));
    assert_eq!(of(", rate = 50", ""), (2_000, 100.0));
    assert_eq!(of(", loop = true", "duration = \"25s\""), (25_000, 250.0));
    assert_eq!(of(", loop = true, rate = 50", "duration = \"5s\""), (5_000, 250.0));
    // Twice as fast, a part of the recording is half as long.
    let source = scenario("file = \"t\", unit = \"ms\", from = \"3s\", until = \"8s\"", "")
        .replace("[workload]", "[workload]\nscale = 2");
    let fast = parse(&source, "trace.toml", folder.path(), &Overrides::default()).unwrap();
    assert_eq!(fast.variants[0].model.duration_ns, 2_500_000_000);
    assert_eq!(value(&simulate(&fast, 1), "requests.all"), 50.0);
}

#[test]
fn a_trace_without_times_is_paced_or_refused() {
    let folder = folder("7 3 0 0\n9 1 0 1\n");
    let told = experiment(folder.path(), "file = \"t\"", "").unwrap_err();
    assert!(
        told.contains("t (arc) has no times; `rate = 1000` sends its requests at constant gaps"),
        "{told}"
    );
    let paced = experiment(folder.path(), "file = \"t\", rate = 2", "").unwrap();
    assert_eq!((trace(&paced).requests, paced.variants[0].model.workload.keys()), (4, 3));
    assert_eq!(value(&simulate(&paced, 1), "hit_ratio"), 0.25);
}

#[test]
fn late_and_bad_rows_are_sorted_and_left_out_on_request() {
    let folder = folder("t,key\n0,a\n3,b\n1,c\nbad,row\n4,a\n");
    let of = |options: &str| experiment(folder.path(), &format!("file = \"t\", unit = \"s\"{options}"), "");
    let told = of("").unwrap_err();
    assert!(told.contains("t:4: time 1 comes after 3"), "{told}");
    assert!(told.contains("`reorder = \"2s\"` sorts what is so late"), "{told}");
    let told = of(", reorder = \"2s\"").unwrap_err();
    assert!(told.contains("t:5: time \"bad\" is not a number"), "{told}");
    let sorted = of(", reorder = \"2s\", skip_bad = 1").unwrap();
    assert_eq!((trace(&sorted).requests, trace(&sorted).facts.bad_rows), (4, 1));
}

/// The digest covers what the replay depends on, and an option that is left out is not in it.
#[test]
fn options_that_change_the_replay_change_the_digest() {
    let folder = folder("t,key\n0,a\n2,b\n3,a\n");
    let digest = |options: &str| {
        experiment(folder.path(), &format!("file = \"t\", unit = \"s\"{options}"), "duration = \"3s\"")
            .unwrap()
            .digest
    };
    let plain = digest("");
    let model = &experiment(folder.path(), "file = \"t\", unit = \"s\"", "").unwrap().variants[0].model;
    let arrivals = serde_json::to_value(&model.workload.arrivals).unwrap();
    let mut fields: Vec<&String> = arrivals["Trace"].as_object().unwrap().keys().collect();
    fields.sort_unstable();
    assert_eq!(fields, ["columns", "digest", "first_time", "path", "requests", "unit_ns", "writes"]);
    assert_eq!(
        arrivals["Trace"]["columns"],
        serde_json::json!({ "time": 0, "key": 1, "size": null, "operation": null })
    );
    assert_eq!(digest(", spread = true, loop = false, from = \"0s\""), plain);
    for options in [
        ", rate = 1",
        ", from = \"1s\"",
        ", until = \"3s\"",
        ", loop = true",
        ", reorder = \"1s\"",
        ", skip_bad = 1",
    ] {
        assert_ne!(digest(options), plain, "{options}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_copied_and_a_device_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("t");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn(move || std::fs::write(pipe, "t,key\n0,a\n2,b\n3,a\n"));
    let experiment = experiment(folder.path(), "file = \"t\", unit = \"s\"", "").unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!((trace(&experiment).requests, trace(&experiment).facts.spooled_bytes), (3, 18));
    assert_eq!(value(&simulate(&experiment, 1), "requests.all"), 3.0);
    let copy = trace(&experiment).path.clone();
    assert!(copy.exists());
    drop(experiment);
    assert!(!copy.exists());
    let told = self::experiment(Path::new("/"), "file = \"/dev/zero\", unit = \"s\"", "").unwrap_err();
    assert!(told.contains("it is a device, not a file or a pipe"), "{told}");
}

#[test]
fn recorded_times_to_live_come_before_the_ttl_of_the_tier() {
    // k0 lives for 4 s, k1 for 10 s, k2 has no time to live of its own; each is read at 0, 3, 6, 9 and 12 s.
    let mut rows = "t,key,ttl\n".to_owned();
    for at in [0, 3, 6, 9, 12] {
        writeln!(rows, "{at},k0,{}\n{at}.1,k1,10\n{at}.2,k2,", if at == 0 { 4 } else { 9 }).unwrap();
    }
    let folder = folder(rows);
    let misses = |set: &str| {
        let source = scenario("file = \"t\", unit = \"s\", ttl = \"ttl\"", "duration = \"15s\"")
            .replace("ttl = \"30s\"", &format!("ttl = \"7s\"\n{set}"));
        let experiment = parse(&source, "trace.toml", folder.path(), &Overrides::default()).unwrap();
        15.0 * (1.0 - value(&simulate(&experiment, 1), "hit_ratio"))
    };
    // 7 s: filled at 0 and 9 s, for all three.
    assert_eq!(misses("").round(), 6.0);
    // 4 s: at 0, 6 and 12 s. 10 s: at 0 and 12 s. 7 s: at 0 and 9 s.
    assert_eq!(misses("recorded_ttl = 1").round(), 7.0);
    // 2 s: each time. 5 s: at 0, 6 and 12 s.
    assert_eq!(misses("recorded_ttl = 0.5").round(), 10.0);
}

#[test]
fn the_time_to_live_of_a_fill_that_is_left_out_counts() {
    let rows = "0,k,1,9,1,get,0\n0,k,1,9,1,set,5\n4,k,1,9,1,get,0\n8,k,1,9,1,get,0\n";
    let folder = folder(rows);
    let source = scenario("file = \"t\", sets = \"fill\", spread = false", "duration = \"10s\"")
        .replace("ttl = \"30s\"", "ttl = \"30s\"\nrecorded_ttl = 1");
    let experiment = parse(&source, "trace.toml", folder.path(), &Overrides::default()).unwrap();
    assert_eq!(trace(&experiment).facts.keys_with_ttl, 1);
    // At 0 and 8 s.
    assert!((value(&simulate(&experiment, 1), "hit_ratio") - 1.0 / 3.0).abs() < 1e-9);
}

#[test]
fn recorded_clients_are_instances() {
    // Three clients read one key each twice; in the process of its own instance each finds it the second time.
    let rows = "t,key,from\n0,k,a\n1,k,b\n2,k,c\n3,k,a\n4,k,b\n5,k,c\n";
    let folder = folder(rows);
    let hits = |instances: u32| {
        let source = scenario("file = \"t\", unit = \"s\", client = \"from\"", "duration = \"6s\"")
            .replace("scope = \"shared\"", "scope = \"instance\"")
            .replace("network = \"300us\"", "");
        let source = format!("{source}\n[clients]\ninstances = {instances}\nroute = \"recorded\"\n");
        let experiment = parse(&source, "trace.toml", folder.path(), &Overrides::default()).unwrap();
        value(&simulate(&experiment, 1), "hit_ratio")
    };
    assert!((hits(3) - 3.0 / 6.0).abs() < 1e-9);
    // a and c share an instance.
    assert!((hits(2) - 4.0 / 6.0).abs() < 1e-9);
}

#[test]
fn what_is_not_recorded_is_refused() {
    let folder = folder("t,key\n0,k\n1,k\n");
    let told = |more: &str| {
        let source = scenario("file = \"t\", unit = \"s\"", "").replace("ttl = \"30s\"", more);
        parse(&source, "trace.toml", folder.path(), &Overrides::default()).unwrap_err().to_string()
    };
    let ttl = told("ttl = \"30s\"\nrecorded_ttl = 1");
    assert!(ttl.contains("tier.l2.recorded_ttl does not apply"), "{ttl}");
    assert!(ttl.contains("name their column with `ttl` of the trace"), "{ttl}");
    let route = told("ttl = \"30s\"\n[clients]\nroute = \"recorded\"\n[ignored]");
    assert!(route.contains("the trace has no clients"), "{route}");
}

#[test]
fn keys_are_in_classes_by_what_they_begin_with() {
    let mut rows = "t,key\n".to_owned();
    for at in 0..10 {
        writeln!(rows, "{at},user:{}\n{at},cart:{}\n{at},user:9", at % 2, at % 5).unwrap();
    }
    writeln!(rows, "9,16").unwrap();
    let folder = folder(rows);
    let options = "file = \"t\", unit = \"s\", spread = false, class = { before = \":\" }";
    let with = |class: &str| {
        let source = scenario(options, "duration = \"10s\"") + "[[class]]\n" + class;
        parse(&source, "trace.toml", folder.path(), &Overrides::default()).map_err(|told| told.to_string())
    };
    let experiment = with("name = \"cart\"\nttl = \"3s\"\ndatabase = { read = \"1ms\" }\n").unwrap();
    let record = simulate(&experiment, 1);
    let of = |class: &str, measure: &str| value(&record, &format!("class.{class}.{measure}"));
    // 20, 10 and 1 of 31 requests.
    assert!((of("user", "requests.ratio") - 20.0 / 31.0).abs() < 1e-9);
    assert!((of("other", "requests.ratio") - 1.0 / 31.0).abs() < 1e-9);
    // Three keys, each missed once; those of a cart come again after five seconds, when they have expired.
    assert!((of("user", "hit_ratio") - 17.0 / 20.0).abs() < 1e-9);
    assert_eq!((of("cart", "hit_ratio"), of("other", "hit_ratio")), (0.0, 0.0));
    assert!(of("cart", "latency.mean_ms") < 3.0 && of("other", "latency.mean_ms") > 20.0);
    let told = with("name = \"carts\"\n").unwrap_err();
    assert!(
        told.contains("the trace has no class carts") && told.contains("it has user, cart, other"),
        "{told}"
    );
    let told = with("name = \"cart\"\nkeys = 5\n").unwrap_err();
    assert!(told.contains("class.cart.keys does not apply"), "{told}");
}

#[test]
fn rare_classes_beyond_sixty_three_are_put_together() {
    let mut rows = "t,key,table\n".to_owned();
    for class in 0..70 {
        for at in 0..=class {
            writeln!(rows, "{},k{class}-{at},t{class}", class * 10).unwrap();
        }
    }
    let folder = folder(rows);
    let options = "file = \"t\", unit = \"s\", class = { column = \"table\" }";
    let experiment = experiment(folder.path(), options, "").unwrap();
    let classes = &experiment.variants[0].model.workload.classes;
    let sizes: Vec<(&str, u64)> = classes.iter().map(|class| (class.name.as_str(), class.keys)).collect();
    assert_eq!(sizes.len(), 64);
    assert_eq!(sizes[..2], [("t69", 70), ("t68", 69)]);
    // t0 to t6: 1 + 2 + ... + 7.
    assert_eq!(sizes[63], ("other", 28));
    assert_eq!(trace(&experiment).facts.classes_put_together, 7);
}
