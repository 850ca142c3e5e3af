//! The command as a user meets it: what it prints, and its exit codes.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::{TINY, herdlab, stderr, stdout, tiny};

#[test]
fn list_shows_every_bundled_scenario_with_its_question() {
    let text = stdout(herdlab().arg("list"));
    assert!(text.lines().any(|line| line.starts_with("lookup") && line.ends_with('?')), "{text}");
}

#[test]
fn init_prints_a_scenario_that_check_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, stdout(herdlab().args(["init", "lookup"]))).unwrap();
    let text = stdout(herdlab().arg("check").arg(&file));
    for part in
        ["200,000 keys, Zipf 1", "ttl 5m", "30 simulations (3 variants x 10 replications)", "digest: "]
    {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
}

#[test]
fn an_unknown_scenario_is_a_usage_error_that_names_the_nearest() {
    for arguments in [["init", "lokup"], ["run", "lokup"], ["check", "lokup"]] {
        let text = stderr(herdlab().args(arguments), 2);
        assert!(text.contains("did you mean \"lookup\"?"), "{text}");
    }
}

#[test]
fn a_bad_scenario_is_a_usage_error_and_names_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "question = \"?\"\nduration = 5\n").unwrap();
    let text = stderr(herdlab().arg("check").arg(&file), 2);
    assert!(text.contains("bad.toml:2:12"), "{text}");
    assert!(
        text.contains("expected a duration such as \"250ms\" or \"2m 30s\", found a bare number"),
        "{text}"
    );
    let missing = stderr(herdlab().args(["check", "missing.toml"]), 2);
    assert!(missing.contains("cannot read missing.toml"), "{missing}");
}

#[test]
fn check_refuses_the_warm_up_that_run_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("auto.toml");
    let auto = TINY.replace("duration = \"10s\"", "duration = \"60s\"\nwarmup = \"auto\"");
    std::fs::write(&file, auto.replace("ttl = \"1s\"", "ttl = \"2m\"")).unwrap();
    let checked = stderr(herdlab().arg("check").arg(&file), 2);
    assert!(checked.contains("the run of 1m is shorter than the ttl of tier l2"), "{checked}");
    assert_eq!(stderr(herdlab().args(["run", "--quiet"]).arg(&file).current_dir(folder.path()), 2), checked);
    // Where it is found, check says what the run will take.
    std::fs::write(&file, &auto).unwrap();
    let text = stdout(herdlab().arg("check").arg(&file));
    let line = text.lines().find(|line| line.starts_with("warm-up: ")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.ends_with("s, found by a pilot"), "{line}");
}

#[test]
fn what_lints_warn_of_is_told_and_may_fail() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let risky = TINY.replace("ttl = \"1s\"", "ttl = \"none\"");
    assert_ne!(risky, TINY);
    std::fs::write(&file, &risky).unwrap();
    let told = stderr(herdlab().arg("check").arg(&file), 0);
    assert!(told.contains("warning[no-ttl]") && told.contains("allow = [\"no-ttl\"]"), "{told}");
    assert!(stderr(herdlab().args(["check", "--deny-lints"]).arg(&file), 2).contains("warning[no-ttl]"));
    assert!(stderr(herdlab().args(["run", "--deny-lints"]).arg(&file), 2).contains("warning[no-ttl]"));
    std::fs::write(&file, format!("allow = [\"no-ttl\"]\n{risky}")).unwrap();
    assert_eq!(stderr(herdlab().args(["check", "--deny-lints"]).arg(&file), 0), "");
}

#[test]
fn check_goes_on_after_a_bad_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "").unwrap();
    let output = herdlab().arg("check").arg(&file).arg("lookup").assert().code(2).get_output().stdout.clone();
    assert!(String::from_utf8(output).unwrap().contains("digest: "));
}

#[test]
fn wrong_options_are_usage_errors() {
    assert!(stderr(herdlab().args(["run", "lookup", "--set", "ttl"]), 2).contains("PATH=VALUE"));
    assert!(
        stderr(herdlab().args(["run", "lookup", "--set", "tier.l2.tll=5m"]), 2)
            .contains("did you mean `ttl`?")
    );
    assert!(stderr(herdlab().args(["run", "lookup", "--duration", "5"]), 2).contains("--duration"));
    assert!(stderr(herdlab().args(["run", "lookup", "--format", "xml"]), 2).contains("possible values"));
}

#[test]
fn a_word_of_the_trade_in_a_path_is_answered_by_the_option() {
    let told = |setting: &str| stderr(herdlab().args(["run", "lookup", "-s", setting]), 2);
    let pool = told("database.max_conns=60");
    for part in [
        "did you mean `pool` or `servers`?",
        "`pool = 10` in [database]",
        "instances x pool <= max_connections",
    ] {
        assert!(pool.contains(part), "{part} is missing from:\n{pool}");
    }
    assert!(told("workload.qps=500").contains("did you mean `workload.arrivals.poisson.rate` or `scale`?"));
    assert!(told("tier.ttl=5m").contains("tier.l2.ttl"));
    let limit = stderr(herdlab().args(["headroom", "lookup", "--limit", "p95 <= 5"]), 2);
    assert!(limit.contains("did you mean `latency.all.p95_ms`?"), "{limit}");
}

#[test]
fn the_command_alone_prints_a_guide_and_its_help_the_commands_by_group() {
    let guide = stdout(&mut herdlab());
    assert!(guide.contains("herdlab run lookup") && guide.contains("herdlab --help"), "{guide}");
    let help = stdout(herdlab().arg("--help"));
    let at = |text: &str| help.find(text).unwrap_or_else(|| panic!("{text} is missing from:\n{help}"));
    let groups =
        ["\nStart:", "\nRun:", "\nCompare:", "\nExplore:", "\nData:", "\nAbout:", "\nOptions:"].map(at);
    assert!(groups.is_sorted(), "{help}");
    assert!(groups[3] < at("\n  recommend ") && at("\n  recommend ") < groups[4]);
    let entries = || help.lines().filter(|line| line.starts_with("  "));
    assert!(entries().all(|line| line.chars().count() <= 80), "{help}");
    let run = stdout(herdlab().args(["run", "--help"]));
    assert!(
        run.contains("\nExamples:\n  herdlab run lookup\n") && run.contains("-n, --replications <N>"),
        "{run}"
    );
}

#[test]
fn what_is_no_record_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    let message = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let text = stderr(herdlab().arg("report").arg(&file), 2);
        assert_eq!(files(folder.path()), ["results.json"]);
        text
    };
    assert!(message("{").contains("is not a record of herdlab"));
    assert!(message("{\"schema\": 99}").contains("has schema 99; this herdlab reads schemas 1 to 2"));
    let mut missing = herdlab();
    missing.current_dir(folder.path()).args(["report", "gone/results.json"]);
    assert!(stderr(&mut missing, 2).contains("cannot read gone/results.json"));
    assert!(!folder.path().join("gone").exists());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    // Gone before the first word, however fast the other is.
    drop(reader);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_herdlab"))
        .args(["init", "lookup"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

/// Paths of all files below a folder, sorted.
fn files(folder: &Path) -> Vec<String> {
    fn collect(at: &Path, root: &Path, found: &mut Vec<String>) {
        for path in std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                collect(&path, root, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    collect(folder, folder, &mut found);
    found.sort();
    found
}

fn record(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("results.json")).unwrap()).unwrap()
}

#[test]
fn run_prints_a_table_and_leaves_a_whole_report() {
    let (folder, mut command) = tiny();
    let output = command.args(["run", "tiny.toml"]).assert().success().get_output().clone();
    let (shown, told) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(shown.starts_with("Does a cache help?\n"), "{shown}");
    assert!(shown.contains("no cache") && shown.contains("hit ratio"), "{shown}");
    // Progress is for terminals.
    assert!(told.contains("requests per second and core") && !told.contains('\r'), "{told}");
    assert!(told.contains("report: reports/tiny/index.html"), "{told}");

    let report = folder.path().join("reports/tiny");
    let found = files(&report);
    for name in
        ["index.html", "results.json", "summary.csv", "timeseries.csv", "percentiles.csv", "timings.json"]
    {
        assert!(found.iter().any(|file| file == name), "{name} is missing from {found:?}");
    }
    let charts: Vec<&String> = found.iter().filter(|file| file.starts_with("charts/")).collect();
    assert!(charts.len() >= 12, "{charts:?}");
    for chart in charts {
        let bytes = std::fs::read(report.join(chart)).unwrap();
        let start: &[u8] = if chart.ends_with(".svg") { b"<svg" } else { b"\x89PNG\r\n" };
        assert!(bytes.starts_with(start), "{chart}");
    }
    assert_eq!(found.len(), 6 + found.iter().filter(|file| file.starts_with("charts/")).count(), "{found:?}");
    assert!(std::fs::read_to_string(report.join("index.html")).unwrap().trim_end().ends_with("</html>"));
    let header = |name: &str| {
        std::fs::read_to_string(report.join(name)).unwrap().lines().next().map(str::to_owned).unwrap()
    };
    assert_eq!(header("summary.csv"), "scenario,variant,measure,unit,mean,ci_low,ci_high,replications,state");
    let record = record(&report);
    assert_eq!((&record["scenario"]["finished"], &record["scenario"]["seed"]), (&6.into(), &1.into()));
    assert_eq!(record["variants"].as_array().unwrap().len(), 2);
}

#[test]
fn run_prints_what_it_is_asked_for() {
    let (folder, _) = tiny();
    let shown = |format: &str| {
        stdout(herdlab().current_dir(folder.path()).args(["run", "tiny.toml", "--format", format]))
    };
    let json: serde_json::Value = serde_json::from_str(&shown("json")).unwrap();
    assert!(json.to_string().contains("db.qps.peak"), "{json}");
    assert!(
        shown("csv")
            .starts_with("scenario,variant,measure,unit,mean,ci_low,ci_high,replications,state\ntiny,cache,")
    );
    assert!(shown("md").contains("| no cache |"), "{}", shown("md"));
    let quiet = herdlab()
        .current_dir(folder.path())
        .args(["run", "tiny.toml", "--quiet"])
        .assert()
        .success()
        .get_output()
        .clone();
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{quiet:?}");
}

#[test]
fn options_of_run_reach_the_record() {
    let (folder, mut command) = tiny();
    let options = [
        "--variant",
        "no cache",
        "--set",
        "database.read=7ms",
        "--seed",
        "5",
        "--replications",
        "2",
        "--duration",
        "4s",
    ];
    command.args(["run", "tiny.toml", "--out", "here", "--threads", "1"]).args(options).assert().success();
    let record = record(&folder.path().join("here"));
    let scenario = &record["scenario"];
    assert_eq!((scenario["seed"].as_u64(), scenario["finished"].as_u64()), (Some(5), Some(2)));
    assert_eq!(scenario["duration_s"].as_f64(), Some(4.0));
    assert!(scenario["overrides"].to_string().contains("database.read=7ms"), "{scenario}");
    let variants = record["variants"].as_array().unwrap();
    assert_eq!((variants.len(), variants[0]["name"].as_str()), (1, Some("no cache")));
}

#[test]
fn a_run_that_cannot_start_writes_nothing() {
    let refused = |arguments: &[&str], words: &str| {
        let (folder, mut command) = tiny();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let text = stderr(command.args(["run"]).args(arguments), 2);
        assert!(text.contains(words), "{text}");
        assert_eq!(files(folder.path()), ["file", "tiny.toml"]);
        assert!(!folder.path().join("reports").exists());
    };
    refused(&["tiny.toml", "--set", "tier.l2.tll=5m"], "did you mean `ttl`?");
    refused(&["tiny.toml", "--variant", "no cahce"], "did you mean \"no cache\"?");
    refused(&["tiny.toml", "--out", "file/report"], "cannot write to the folder file/report");
    refused(&["missing.toml"], "cannot read missing.toml");
}

#[test]
fn report_draws_the_same_report_again() {
    let (folder, mut command) = tiny();
    command.args(["run", "tiny.toml", "--out", "first", "--quiet"]).assert().success();
    let again = herdlab()
        .current_dir(folder.path())
        .args(["report", "first/results.json", "--out", "second"])
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    assert_eq!(String::from_utf8(again).unwrap(), "second/index.html\n");
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    for file in files(&second) {
        let same = std::fs::read(first.join(&file)).unwrap() == std::fs::read(second.join(&file)).unwrap();
        assert!(same, "{file} differs");
    }
    let only_first: Vec<String> =
        files(&first).into_iter().filter(|file| !second.join(file).exists()).collect();
    assert_eq!(only_first, ["results.json", "timings.json"]);
}

#[test]
fn static_reports_have_no_script() {
    let (folder, mut command) = tiny();
    command.args(["run", "tiny.toml", "--out", "run", "--quiet", "--static"]).assert().success();
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name).join("index.html")).unwrap();
    assert!(!page("run").contains("<script") && page("run").contains("<svg"));
    for (out, option, scripts) in [("again", Some("--static"), 0), ("responds", None, 2)] {
        let mut report = herdlab();
        report.current_dir(folder.path()).args(["report", "run/results.json", "--out", out]).args(option);
        report.assert().success();
        assert_eq!(page(out).matches("<script").count(), scripts, "{out}");
    }
    assert_eq!(page("run"), page("again"));
}

#[test]
fn a_trace_is_found_beside_its_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..3_000).map(|row| format!("{},{}\n", f64::from(row) / 100.0, row % 70)).collect();
    std::fs::write(folder.path().join("requests.csv"), format!("s,key\n{rows}")).unwrap();
    let scenario = "question = \"?\"\nreplications = 1\n[workload]\n\
        arrivals = { trace = { file = \"requests.csv\", time = \"s\", key = \"key\", unit = \"s\" } }\n\
        [[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"none\"\n[database]\nread = \"5ms\"\n";
    let file = folder.path().join("replay.toml");
    std::fs::write(&file, scenario).unwrap();
    let out = folder.path().join("out");
    herdlab().arg("run").arg(&file).arg("--out").arg(&out).assert().success();
    let record = record(&out);
    let measures = record["variants"][0]["measures"].as_array().unwrap();
    let requests = measures.iter().find(|measure| measure["name"] == "requests.all").unwrap();
    assert_eq!(requests["values"][0].as_f64(), Some(3_000.0));
}

/// Starts `herdlab run` and interrupts it after a while; gives the exit code and what was said.
#[cfg(unix)]
fn interrupted(folder: &Path, settings: &[&str], after: Duration) -> (Option<i32>, String) {
    let elsewhere = tempfile::tempdir().unwrap();
    let log = elsewhere.path().join("log.jsonl");
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_herdlab"))
        .current_dir(folder)
        .args(["run", "tiny.toml", "--threads", "1", "--out", "out"])
        .args(settings)
        .arg("--log")
        .arg(&log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !std::fs::read_to_string(&log).is_ok_and(|log| log.contains("tables_built")) {
        assert!(started.elapsed() < Duration::from_secs(120), "nothing was simulated");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(after);
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_finished_replications() {
    let (folder, _) = tiny();
    // Each replication takes a fraction of a second, all of them take minutes.
    let settings = ["--replications", "1000", "--duration", "1000s"];
    let (code, told) = interrupted(folder.path(), &settings, Duration::from_secs(2));
    assert_eq!(code, Some(130), "{told}");
    let record = record(&folder.path().join("out"));
    let finished = record["scenario"]["finished"].as_u64().unwrap();
    assert!(
        told.contains(&format!("interrupted: {finished} of 1000 replications finished and kept")),
        "{told}"
    );
    let values = record["variants"][1]["measures"][0]["values"].as_array().unwrap();
    assert!(finished > 0 && values.len() as u64 == finished);
}

#[cfg(unix)]
#[test]
fn an_interrupt_before_anything_is_finished_leaves_nothing() {
    let (folder, _) = tiny();
    let endless = [
        "--set",
        "workload.arrivals={ poisson = { rate = 100000 } }",
        "--set",
        "window=10s",
        "--duration",
        "10h",
    ];
    let started = Instant::now();
    let (code, told) = interrupted(folder.path(), &endless, Duration::from_secs(1));
    assert_eq!(code, Some(130), "{told}");
    assert!(
        told.contains("interrupted before the first replication was finished: nothing written"),
        "{told}"
    );
    assert!(started.elapsed() < Duration::from_secs(10), "stopped only after {:?}", started.elapsed());
    assert_eq!(files(folder.path()), ["tiny.toml"]);
    assert!(!folder.path().join("out").exists());
}

#[test]
fn validate_prints_a_row_and_knows_which_rows_there_are() {
    let text = stdout(herdlab().args(["validate", "--row", "12", "--format", "md"]));
    let row = "| 12 tier that cannot help | `tier.l2.hit_ratio` | 0 | 0 | ± 0 | 0 | holds |";
    assert_eq!(text.lines().last(), Some(row));
    let text = stderr(herdlab().args(["validate", "--row", "27"]), 2);
    assert!(text.contains("expected a row from 1 to 26"), "{text}");
}

#[test]
fn strategies_are_compared_on_the_users_workload() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    let mut command = herdlab();
    command.current_dir(folder.path()).args(["compare-strategies", "tiny.toml", "--replications", "2"]);
    let output = command.args(["--out", "out/glance.md"]).assert().success().get_output().clone();
    let (shown, told) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(shown.lines().any(|line| line.starts_with("lease  ")), "{shown}");
    assert!(told.contains("left out: two tiers, because"), "{told}");
    let page = std::fs::read_to_string(folder.path().join("out/glance.md")).unwrap();
    assert!(page.contains("`herdlab compare-strategies tiny.toml --replications 2`"), "{page}");
    // The same kind of report as a run leaves, with the command that makes it again.
    let mut command = herdlab();
    command.current_dir(folder.path()).args(["compare-strategies", "tiny.toml", "--replications", "2"]);
    command.args(["--report", "all", "--summary", "--quiet"]).assert().success();
    let page = std::fs::read_to_string(folder.path().join("all/index.html")).unwrap();
    assert!(page.contains("<pre id=\"command\">herdlab compare-strategies tiny.toml --replications 2</pre>"));
    assert!(folder.path().join("all/summary.md").is_file());
    let told = stderr(herdlab().args(["compare-strategies", "--summary"]), 2);
    assert!(told.contains("--summary is about a report") && told.contains("--report DIR"), "{told}");
    assert!(stderr(herdlab().args(["compare-strategies", "strategis"]), 2).contains("\"strategies\"?"));
}

/// The tiny scenario with a limit that only the variant with a cache keeps.
const LIMITED: &str = r#"
[[threshold]]
measure = "db.qps.peak"
max = "9000/min"

[[threshold]]
measure = "tier.l2.hit_ratio"
min = "50 %"
variant = "cache"
"#;

#[test]
fn a_broken_threshold_is_exit_code_99_after_everything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.toml"), format!("{TINY}{LIMITED}")).unwrap();
    let run = |options: &[&str], code| {
        let mut command = herdlab();
        command.current_dir(folder.path()).args(["run", "tiny.toml", "--out", "out"]).args(options);
        let output = command.assert().code(code).get_output().clone();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    };
    let (shown, told) = run(&["--junit", "junit/thresholds.xml"], 99);
    assert!(shown.contains("≤ 150/s") && shown.contains("to spare"), "{shown}");
    let named: Vec<&str> = told.lines().filter(|line| line.starts_with("threshold: ")).collect();
    assert_eq!(named.len(), 1, "{told}");
    assert!(named[0].starts_with("threshold: db.qps.peak ≤ 150/s in no cache: broken: "), "{told}");
    let out = folder.path().join("out");
    assert_eq!(record(&out)["scenario"]["thresholds"][0]["limit"].as_f64(), Some(150.0));
    let page = std::fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("<h3 id=\"thresholds\">") && page.contains("<span class=\"worse\">broken</span>"));
    let xml = std::fs::read_to_string(folder.path().join("junit/thresholds.xml")).unwrap();
    let junit = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    assert_eq!((junit.tests, junit.failures), (3, 1), "{xml}");

    let (shown, told) = run(&["--quiet"], 99);
    assert!(shown.is_empty() && told.lines().count() == 1, "{told}");
    // Only the variant that keeps its limits.
    run(&["--variant", "cache", "--force"], 0);
    let (shown, _) = run(&["--format", "json", "--force"], 99);
    let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let results: Vec<_> =
        json["thresholds"].as_array().unwrap().iter().map(|row| row["result"].clone()).collect();
    assert_eq!(results, ["kept", "broken", "kept"]);
    assert!(run(&["--format", "md"], 99).0.contains("### Thresholds"));
}

#[test]
fn a_misspelt_threshold_is_told_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = LIMITED.replace("qps.peak", "qps.paek");
    std::fs::write(folder.path().join("tiny.toml"), format!("{TINY}{wrong}")).unwrap();
    let mut command = herdlab();
    let text = stderr(command.current_dir(folder.path()).args(["run", "tiny.toml"]), 2);
    assert!(text.contains("did you mean \"db.qps.peak\"?"), "{text}");
    assert_eq!(files(folder.path()), ["tiny.toml"]);
}
