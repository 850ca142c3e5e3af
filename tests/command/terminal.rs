//! A run in the terminal: colours or none, any width, a log, and again whenever the file is saved.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::{TINY, stderr, stdout, tiny};

/// What a run shows with these variables set.
fn shown(set: &[(&str, &str)]) -> String {
    let (_folder, mut command) = tiny();
    command.env_remove("NO_COLOR").envs(set.iter().copied());
    stdout(command.args(["run", "tiny.toml"]))
}

#[test]
fn colours_are_for_terminals_and_for_whoever_insists() {
    assert!(!shown(&[]).contains('\u{1b}'), "a pipe gets none");
    assert!(!shown(&[("CLICOLOR_FORCE", "0")]).contains('\u{1b}'));
    assert!(!shown(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
    let coloured = shown(&[("CLICOLOR_FORCE", "1")]);
    assert!(coloured.contains("\u{1b}[") && coloured.contains("worse"), "{coloured}");
}

#[test]
fn a_run_fits_narrow_and_wide_terminals() {
    for width in ["60", "80", "120", "200"] {
        let text = shown(&[("COLUMNS", width), ("NO_COLOR", "1")]);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width.parse().unwrap(), "{width}:\n{text}");
        for part in
            ["hit_ratio", "db.qps.peak*", "latency.all.p99_ms*", "db.qps from 0s to 10s", "█", "per second"]
        {
            assert!(text.contains(part), "{part} is missing at {width}:\n{text}");
        }
    }
}

/// What a command prints at 60 columns; no line may be wider.
fn narrow(command: &mut assert_cmd::Command) -> String {
    let text = stdout(command.env("COLUMNS", "60").env("NO_COLOR", "1"));
    let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(widest.chars().count() <= 60, "{widest}\n{text}");
    text
}

/// A line is too wide only where it is one word.
#[track_caller]
fn assert_fits(text: &str, width: usize) {
    for line in text.lines().filter(|line| line.chars().count() > width) {
        let words = line.trim_start_matches([' ', '|', '=']).split_whitespace().count();
        assert!(words <= 1, "{width}: {line}\n{text}");
    }
}

/// Standard output and standard error of a command in a terminal of so many columns.
fn both(arguments: &[&str], width: usize) -> (String, String) {
    let (folder, mut command) = tiny();
    let wrong = TINY.replace("ttl = \"1s\"", "ttl = \"1s\"\nttl_of_a_quite_different_kind = \"2s\"");
    std::fs::write(folder.path().join("wrong.toml"), wrong).unwrap();
    let output = command.args(arguments).env("COLUMNS", width.to_string()).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn lists_checks_explanations_warnings_and_errors_fit_any_terminal() {
    for width in [60, 80, 100] {
        for arguments in [
            &["list"][..],
            &["explain"],
            &["explain", "latency.all.p99_ms", "no-ttl", "tier.l2.ttl", "s3-fifo", "coalescing"],
            &["explain", "stampede", "p99", "max_connections", "eviction rate"],
            &["check", "tiny.toml", "write-strategies", "stampede"],
            &["check", "wrong.toml"],
            &["run", "tiny.toml", "--set", "tier.l3.ttl=5m"],
            &["run", "tiny.toml", "--set", "tier.l2.capacity=10", "--quiet"],
            &["sweep", "tiny.toml"],
            &["compare-strategies", "tiny.toml", "--replications", "6"],
        ] {
            let (out, err) = both(arguments, width);
            assert!(!out.is_empty() || !err.is_empty(), "{arguments:?}");
            assert_fits(&out, width);
            assert_fits(&err, width);
        }
    }
}

#[test]
fn what_a_narrow_terminal_breaks_is_the_same_text() {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for arguments in [&["list"][..], &["check", "write-strategies"], &["explain", "hit_ratio"]] {
        assert_eq!(words(&both(arguments, 60).0), words(&both(arguments, 200).0), "{arguments:?}");
    }
    // In a pipe of no known width each scenario has one line.
    let (_folder, mut command) = tiny();
    let listed = stdout(command.arg("list").env_remove("COLUMNS"));
    assert!(listed.lines().all(|line| line.split("  ").count() >= 2), "{listed}");
}

#[test]
fn names_and_intervals_that_fill_their_columns_fit_a_narrow_terminal() {
    let (_folder, mut command) = tiny();
    let more = ["--set", "headline=[\"db.qps.peak\", \"stampede.max\", \"latency.all.p99_ms\"]"];
    narrow(command.args(["run", "stampede", "--duration", "10s", "--replications", "6"]).args(more));
}

#[test]
fn a_sweep_of_many_axes_fits_a_narrow_terminal() {
    let (_folder, mut command) = tiny();
    let axes = ["tier.l2.ttl=10s,20s", "tier.l2.capacity=500,1000", "database.servers=5,10"];
    command.args(["sweep", "ttl-sweep", "--duration", "5s", "--replications", "2"]);
    for axis in axes {
        command.args(["--sweep", axis]);
    }
    let text = narrow(&mut command);
    for part in ["ttl alone", "stale.ratio", "Lowest", "highest", "servers", "capacity", "Pareto front"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn validation_is_told_in_sentences_where_its_table_does_not_fit() {
    let row = ["validate", "--row", "12"];
    let text = narrow(crate::herdlab().args(row));
    assert!(text.contains("holds: 12 "), "{text}");
    let table = stdout(crate::herdlab().args(row).env("COLUMNS", "120"));
    assert!(table.starts_with("row ") && table.lines().all(|line| line.chars().count() <= 120), "{table}");
}

#[test]
fn latencies_are_written_for_hdrhistogram_s_plotter() {
    let (folder, mut command) = tiny();
    command.args(["run", "tiny.toml", "--hgrm", "--quiet"]).assert().success();
    let file = folder.path().join("reports/tiny/hgrm/no-cache.all.hgrm");
    let text = std::fs::read_to_string(&file).unwrap();
    let last = text.lines().rfind(|line| !line.starts_with('#') && !line.is_empty()).unwrap();
    let cells: Vec<&str> = last.split_whitespace().collect();
    // All requests without a cache take the 5 ms of the database.
    assert_eq!((cells[1], cells.len()), ("1.000000000000", 3), "{text}");
    assert!((cells[0].parse::<f64>().unwrap() - 5.0).abs() < 0.05, "{text}");
    std::fs::remove_dir_all(folder.path().join("reports/tiny/hgrm")).unwrap();
    let mut again = crate::herdlab();
    stdout(again.current_dir(folder.path()).args(["report", "reports/tiny/results.json", "--hgrm"]));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_run_tells_where_the_time_goes_only_where_it_is_asked() {
    let (folder, mut command) = tiny();
    let text = stdout(command.args(["run", "tiny.toml", "--why"]));
    assert!(text.contains("Where the time goes: no cache") && text.contains("database service"), "{text}");
    assert!(text.contains("The slowest request of no cache took"), "{text}");
    let page = |folder: &Path| std::fs::read_to_string(folder.join("reports/tiny/index.html")).unwrap();
    let explained = page(folder.path());
    assert!(explained.contains("<section id=\"why\">") && explained.contains("id=\"latency-by-part\""));
    // Drawn again from the record, it is the same.
    let mut again = crate::herdlab();
    stdout(again.current_dir(folder.path()).args(["report", "reports/tiny/results.json"]));
    assert!(page(folder.path()) == explained);
    let mut plain = crate::herdlab();
    let text = stdout(plain.current_dir(folder.path()).args(["run", "tiny.toml"]));
    assert!(!text.contains("Where the time goes") && !page(folder.path()).contains("id=\"why\""), "{text}");
}

/// The lines of a log by their step.
fn steps(log: &str, step: &str) -> Vec<serde_json::Value> {
    log.lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"))
        })
        .inspect(|line| assert!(line["at_s"].as_f64().unwrap() >= 0.0))
        .filter(|line| line["step"] == step)
        .collect()
}

#[test]
fn the_log_tells_of_every_phase_and_every_simulation() {
    let (folder, mut command) = tiny();
    let auto = TINY.replace("duration = \"10s\"", "duration = \"60s\"\nwarmup = \"auto\"");
    std::fs::write(folder.path().join("tiny.toml"), auto).unwrap();
    command.args(["run", "tiny.toml", "--log", "log.jsonl", "--quiet"]).assert().success();
    let log = std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    for once in ["checked", "started", "tables_built", "warmup_found", "round", "finished", "written"] {
        assert_eq!(steps(&log, once).len(), 1, "{once}:\n{log}");
    }
    let mut simulated: Vec<(String, u64)> = steps(&log, "simulated")
        .iter()
        .map(|line| (line["variant"].as_str().unwrap().to_owned(), line["replication"].as_u64().unwrap()))
        .collect();
    simulated.sort();
    let expected = ["cache", "no cache"].iter().flat_map(|name| (0..6).map(|r| ((*name).to_owned(), r)));
    assert_eq!(simulated, expected.collect::<Vec<_>>());
    let requests: u64 = steps(&log, "simulated").iter().map(|line| line["requests"].as_u64().unwrap()).sum();
    assert_eq!(steps(&log, "finished")[0]["requests"].as_u64(), Some(requests));
}

#[test]
fn a_log_goes_to_standard_error_as_well_and_says_what_was_refused() {
    let (folder, mut command) = tiny();
    let told = stderr(command.args(["run", "tiny.toml", "--log", "-", "--quiet"]), 0);
    assert_eq!(steps(&told, "simulated").len(), 12);
    std::fs::write(folder.path().join("tiny.toml"), "question = 1").unwrap();
    let mut refused = crate::herdlab();
    stderr(refused.current_dir(folder.path()).args(["run", "tiny.toml", "--log", "log.jsonl"]), 2);
    let log = std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap();
    assert!(steps(&log, "refused")[0]["problems"].as_str().unwrap().contains("question"), "{log}");
    let mut nowhere = crate::herdlab();
    let told = stderr(nowhere.current_dir(folder.path()).args(["run", "tiny.toml", "--log", "no/log"]), 2);
    assert!(told.contains("cannot write the log no/log") && told.contains("- for standard error"), "{told}");
}

/// A watching run and what it says, line by line.
struct Watching {
    child: Child,
    told: Receiver<String>,
}

impl Watching {
    fn start(folder: &Path, more: &[&str]) -> Watching {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_herdlab"))
            .current_dir(folder)
            .args(["run", "tiny.toml", "--watch", "--out", "out"])
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, told) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Watching { child, told }
    }

    /// Waits for a line that contains `words`; gives all lines up to it.
    fn until(&self, words: &str) -> String {
        let mut said = String::new();
        while !said.lines().next_back().is_some_and(|line| line.contains(words)) {
            match self.told.recv_timeout(Duration::from_secs(120)) {
                Ok(line) => said.push_str(&format!("{line}\n")),
                Err(_) => panic!("{words} was not said, but:\n{said}"),
            }
        }
        said
    }

    /// Ctrl-C; gives the exit code.
    fn interrupt(mut self) -> Option<i32> {
        std::process::Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

fn duration(folder: &Path) -> Option<f64> {
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("out/results.json")).unwrap()).unwrap();
    record["scenario"]["duration_s"].as_f64()
}

#[cfg(unix)]
#[test]
fn a_saved_file_runs_again_and_a_broken_one_is_waited_out() {
    let (folder, _) = tiny();
    let file = folder.path().join("tiny.toml");
    let watching = Watching::start(folder.path(), &[]);
    watching.until("watching tiny.toml: save it to run again");
    assert_eq!(duration(folder.path()), Some(10.0));

    std::fs::write(&file, TINY.replace("ttl = \"1s\"", "tll = \"1s\"")).unwrap();
    assert!(watching.until("watching").contains("did you mean `ttl`?"));
    assert_eq!(duration(folder.path()), Some(10.0), "the last good report stays");

    // As editors save: a new file in place of the old one.
    std::fs::write(folder.path().join("new"), TINY.replace("10s", "7s")).unwrap();
    std::fs::rename(folder.path().join("new"), &file).unwrap();
    assert!(watching.until("watching").contains("report: out/index.html"));
    assert_eq!(duration(folder.path()), Some(7.0));
    assert_eq!(watching.interrupt(), Some(130));
}

#[cfg(unix)]
#[test]
fn what_is_still_running_when_the_file_is_saved_is_given_up() {
    let (folder, _) = tiny();
    let file = folder.path().join("tiny.toml");
    // Minutes of work, which nobody waits for.
    let long = TINY.replace("replications = 6", "replications = 1000").replace("\"10s\"", "\"1000s\"");
    std::fs::write(&file, long).unwrap();
    let watching = Watching::start(folder.path(), &["--log", "log.jsonl"]);
    let log = || std::fs::read_to_string(folder.path().join("log.jsonl")).unwrap_or_default();
    let started = Instant::now();
    while !log().contains("simulated") {
        assert!(started.elapsed() < Duration::from_secs(120), "{}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
    std::fs::write(&file, TINY).unwrap();
    let said = watching.until("watching");
    assert!(
        said.contains("saved meanwhile: running again") && said.contains("report: out/index.html"),
        "{said}"
    );
    assert_eq!(duration(folder.path()), Some(10.0));
    assert_eq!(watching.interrupt(), Some(130));
}

#[test]
fn watching_needs_a_file() {
    let (_folder, mut command) = tiny();
    let told = stderr(command.args(["run", "lookup", "--watch"]), 2);
    assert!(told.contains("--watch: there is no file lookup") && told.contains("herdlab init"), "{told}");
    let (_folder, mut command) = tiny();
    assert!(
        stderr(command.args(["run", "tiny.toml", "--watch", "--resume"]), 2).contains("cannot be used with")
    );
}
