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
