//! The command: its words, its file, its exit codes.

use std::path::Path;

use serde_json::Value;

use crate::program::{herdlab, told};

/// A tier in front of a database, observed by figures that its own run (seed 7, exponent 0.9, 1,000 keys, 10 ms) has about.
const FILE: &str = r#"#:schema ./herdlab.schema.json
question = "Which keys?"   # nobody has counted them
duration = "6s"
warmup = "2s"
replications = 1
workload = { arrivals = { poisson = { rate = 400 } }, keys = 5000, popularity = { zipf = { exponent = 0.9 } } }

[database]
read = { exponential = { mean = "10ms" } }  # of the replica

[[tier]]
name = "l2"
scope = "shared"
ttl = "3s"
"#;

const EXPONENT: &str = "workload.popularity.zipf.exponent=0.3..1.5";
const KEYS: &str = "workload.keys=100..10000";

fn folder(observed: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.toml"), format!("{FILE}\n[observed]\n{observed}\n")).unwrap();
    folder
}

/// The outcome as JSON, and the exit code.
#[track_caller]
fn fit(folder: &Path, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = herdlab(folder, &[&["fit", "s.toml", "--format", "json"], arguments].concat());
    let value = serde_json::from_slice(&output.stdout);
    (value.unwrap_or_else(|error| panic!("{error}: {}", told(&output))), output.status.code())
}

#[test]
fn a_hit_ratio_alone_does_not_tell_exponent_and_keys_apart_and_the_entries_would() {
    let folder = folder("hit_ratio = 0.6");
    let (found, code) = fit(folder.path(), &["--unknown", EXPONENT, "--unknown", KEYS]);
    assert_eq!(code, Some(0), "{found}");
    let tie = &found["ties"][0];
    assert_eq!(tie["unknowns"], serde_json::json!([0, 1]), "{tie}");
    // More keys need a steeper law.
    let end = |end: usize, unknown: usize| tie["ends"][end][unknown].as_f64().unwrap();
    assert_eq!(end(0, 0) < end(1, 0), end(0, 1) < end(1, 1), "{tie}");
    let telling: Vec<&str> =
        tie["telling"].as_array().unwrap().iter().map(|one| one["measure"].as_str().unwrap()).collect();
    assert!(!telling.is_empty(), "{tie}");
    let words = found["words"].to_string();
    assert!(words.contains("do not tell") && words.contains("makes up for a larger"), "{words}");
    // What it names does tell: the keys are known to within a factor of three instead of ten and more.
    let further = format!("observed.{}={}", telling[0], tie["telling"][0]["at"][0]);
    let (told, _) = fit(folder.path(), &["--unknown", EXPONENT, "--unknown", KEYS, "--set", &further]);
    let both = |tie: &Value| tie["unknowns"].as_array().unwrap().len() == 2;
    assert!(!told["ties"].as_array().unwrap().iter().any(both), "{} {}", told["ties"], told["unknowns"]);
    let factor = |found: &Value| {
        let keys = &found["unknowns"].as_array().unwrap()[0];
        assert_eq!(keys["path"], "workload.keys");
        keys["range"][1].as_f64().unwrap() / keys["range"][0].as_f64().unwrap()
    };
    assert!(factor(&told) < 3.0 && factor(&found) > 8.0, "{} {}", factor(&told), factor(&found));
}

#[test]
fn figures_that_no_system_can_have_together_are_refused_with_the_miss() {
    // Of 400 reads a second 60 % are hits: the database cannot have 300.
    let folder = folder("hit_ratio = 0.6\ndb_qps = 300");
    let (found, code) = fit(folder.path(), &["--unknown", EXPONENT, "--output", "fitted.toml"]);
    assert_eq!((code, found["agrees"].as_bool()), (Some(98), Some(false)), "{found}");
    assert!(!folder.path().join("fitted.toml").exists());
    let words = found["words"].to_string();
    assert!(words.contains("No setting within the ranges agrees with all figures"), "{words}");
    assert!(words.contains("Without hit_ratio") || words.contains("Without db.qps.mean"), "{words}");
}

#[test]
fn a_figure_beyond_the_ranges_is_named_with_what_the_simulations_gave() {
    let folder = folder("hit_ratio = 0.99");
    let (found, code) = fit(folder.path(), &["--unknown", "workload.keys=2000..10000"]);
    assert_eq!(code, Some(98));
    let words = found["words"].to_string();
    assert!(words.contains("99.0 % is observed. All simulations gave"), "{words}");
}

#[test]
fn a_check_is_not_used_and_its_failure_is_an_exit_code() {
    let folder = folder("hit_ratio = 0.6\ndb_qps = { value = 160, check = true }");
    let (found, code) = fit(folder.path(), &["--unknown", EXPONENT]);
    assert_eq!(code, Some(0), "{found}");
    assert_eq!(
        (found["figures"].as_array().unwrap().len(), found["checks"][0]["observed"].as_f64()),
        (1, Some(160.0))
    );
    let (found, code) = fit(
        folder.path(),
        &["--unknown", EXPONENT, "--set", "observed.db_qps={ value = 300, check = true }"],
    );
    assert_eq!((code, found["agrees"].as_bool()), (Some(98), Some(true)), "{found}");
    assert!(found["words"].to_string().contains("The check fails: db.qps.mean"), "{found}");
}

/// 400 reads a second of which the database sees 160 have a hit ratio of 60 %, whatever the keys are.
#[test]
fn a_kept_figure_that_the_used_ones_determine_is_predicted_from_them() {
    let folder = folder("db_qps = 160");
    let of = |hit_ratio: &str| {
        let kept = format!("observed.hit_ratio={{ value = {hit_ratio}, check = true }}");
        fit(folder.path(), &["--unknown", EXPONENT, "--unknown", KEYS, "--set", &kept])
    };
    let (found, code) = of("0.6");
    assert_eq!(code, Some(0), "{found}");
    let range = |end: usize| found["checks"][0]["range"][end].as_f64().unwrap();
    assert!((0.5..0.6).contains(&range(0)) && (0.6..0.7).contains(&range(1)), "{}", found["checks"]);
    let (found, code) = of("0.8");
    assert_eq!((code, found["agrees"].as_bool()), (Some(98), Some(true)), "{found}");
}

/// Below 600 keys or so the tier of 600 entries evicts nothing.
#[test]
fn a_figure_that_is_zero_in_many_simulations_loses_none_of_them() {
    let folder = folder("hit_ratio = 0.6");
    let set = [
        "--set",
        "tier.l2.capacity=600",
        "--set",
        "tier.l2.eviction=lru",
        "--set",
        "observed.evictions.rate=0",
    ];
    let (found, code) = fit(folder.path(), &[&["--unknown", KEYS][..], &set].concat());
    assert!(code == Some(0) || code == Some(98), "{found}");
    assert!(found["figures"].as_array().unwrap().iter().all(|one| one["fitted"].is_number()), "{found}");
}

#[test]
fn the_fitted_file_is_the_file_with_other_values_and_the_command_runs_it() {
    let folder = folder("hit_ratio = 0.6\n\"latency.miss.p50_ms\" = \"6ms\"");
    let unknown = ["--unknown", EXPONENT, "--unknown", "database.read.exponential.mean=1ms..100ms"];
    let (found, code) = fit(folder.path(), &[&unknown[..], &["--output", "fitted.toml"]].concat());
    assert_eq!(code, Some(0), "{found}");
    assert_eq!(found["command"], "herdlab run fitted.toml");
    let text = std::fs::read_to_string(folder.path().join("fitted.toml")).unwrap();
    let set = |path: &str| found["set"][path].as_str().unwrap().to_owned();
    let before = std::fs::read_to_string(folder.path().join("s.toml")).unwrap();
    let expected = before
        .replace("exponent = 0.9", &format!("exponent = {}", set("workload.popularity.zipf.exponent")))
        .replace(
            "\"10ms\" } }  # of the replica",
            &format!("{} }} }}  # of the replica", set("database.read.exponential.mean")),
        );
    assert!(text.starts_with(&expected), "{text}");
    assert!(text.contains("# By `herdlab fit`:\n# workload.popularity.zipf.exponent = "), "{text}");
    // The same values by the command line mean the same.
    let (found, _) = fit(folder.path(), &unknown);
    let command = found["command"].as_str().unwrap().strip_prefix("herdlab ").unwrap();
    let digest = |command: &str, out: &str| {
        let words: Vec<&str> = command.split(' ').chain(["--quiet", "--out", out]).collect();
        let output = herdlab(folder.path(), &words);
        assert!(output.status.success(), "{}", told(&output));
        let record = std::fs::read_to_string(folder.path().join(out).join("results.json")).unwrap();
        serde_json::from_str::<Value>(&record).unwrap()["scenario"]["digest"].clone()
    };
    assert_eq!(digest(command, "one"), digest("run fitted.toml", "two"));
}

#[test]
fn threads_do_not_matter_and_the_seed_does() {
    let folder = folder("hit_ratio = 0.6");
    let of = |arguments: &[&str]| {
        let output = herdlab(folder.path(), &[&["fit", "s.toml", "--unknown", EXPONENT], arguments].concat());
        assert!(output.status.success(), "{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let one = of(&["--threads", "1"]);
    assert_eq!(one, of(&["--threads", "3"]));
    assert!(one != of(&["--seed", "9"]));
    assert!(one.contains("herdlab run s.toml --set workload.popularity.zipf.exponent="), "{one}");
    assert!(of(&["--format", "md"]).contains("| unknown | value | 95 % range | before |"));
    assert_eq!(of(&["--quiet"]), "");
}

#[test]
fn mistakes_are_named_with_the_way_out() {
    let folder = folder("hit_ratio = 0.6");
    for (arguments, words) in [
        (&[][..], "s.toml has no unknowns to fit"),
        (
            &["--unknown", "workload.keys=100"],
            "--unknown workload.keys=100: expected two ends with `..` between them",
        ),
        (&["--unknown", "workload.keyz=100..200"], "did you mean `keys`?"),
        (&["--unknown", "tier.l1.ttl=1s..9s"], "no [[tier]] is called \"l1\""),
        (
            &["--unknown", KEYS, "--budget", "10"],
            "a budget of 10 simulations is too small for 1 unknown and 1 figure",
        ),
        (&["--unknown", KEYS, "--set", "observed.hit_rato=0.5"], "did you mean \"hit_ratio\"?"),
        (
            &["--unknown", KEYS, "--set", "observed.hit_ratio={ value = 0.5, check = true }"],
            "has no figures of production to fit to",
        ),
        (
            &["--unknown", KEYS, "--set", "observed.latency.write.p50_ms=3"],
            "no run of the scenario has a value of latency.write.p50_ms",
        ),
        (&["--unknown", KEYS, "--output", "s.toml"], "would overwrite s.toml"),
        (&["--unknown", "database.servers=2..9", "--output", "f.toml"], "database.servers is not in s.toml"),
        (&["--unknown", KEYS, "--unknown", KEYS], "--unknown workload.keys is given twice"),
        (&["--unknown", KEYS, "--set", "workload.keys=500"], "both set workload.keys"),
        (
            &["--unknown", "database.read.lognormal.median=2ms..9ms"],
            "or give database.read the form of the unknown first",
        ),
        (&["--unknown", KEYS, "--set", "observed.db_qps=1e308"], "expected at most 1e18"),
        (&["--unknown", KEYS, "--variant", "other"], "no variant is called \"other\""),
    ] {
        let output = herdlab(folder.path(), &[&["fit", "s.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(
            output.stdout.is_empty() && told(&output).contains(words),
            "{arguments:?}: {}",
            told(&output)
        );
    }
}
