//! Scenarios with ranges: worlds in the record, the report and the exit codes.

use std::path::Path;

use crate::{TINY, herdlab, stderr, stdout};

/// The tiny scenario with two uncertain values.
fn uncertain() -> String {
    TINY.replace("rate = 200", "rate = { about = 200, within = \"20%\" }")
        .replace("read = \"5ms\"", "read = { low = \"4ms\", likely = \"5ms\", high = \"9ms\" }")
        .replace("duration = \"10s\"", "duration = \"4s\"")
}

/// A folder with the scenario, and the command in it.
fn with(scenario: &str, arguments: &[&str]) -> (tempfile::TempDir, assert_cmd::Command) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.toml"), scenario).unwrap();
    let command = again(folder.path(), arguments);
    (folder, command)
}

fn again(folder: &Path, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = herdlab();
    command.current_dir(folder).args(["run", "tiny.toml", "--out", "out"]).args(arguments);
    command
}

fn results(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("out/results.json")).unwrap()
}

#[test]
fn a_run_says_how_sure_it_is_and_a_report_drawn_again_says_the_same() {
    let (folder, mut command) = with(&uncertain(), &["--worlds", "8", "--format", "json"]);
    let summary: serde_json::Value = serde_json::from_str(&stdout(&mut command)).unwrap();
    assert_eq!(summary["worlds"]["worlds"], 8);
    let measures = summary["worlds"]["measures"].as_array().unwrap();
    let load =
        measures.iter().find(|one| one["variant"] == "no cache" && one["measure"] == "db.qps.mean").unwrap();
    // Without a cache the load is the rate: the time of a read has no part in it.
    assert!(load["inputs"][0]["share"].as_f64().unwrap() > 0.8, "{load}");
    assert!(load["inputs"][0]["at_high"].as_f64() > load["inputs"][0]["at_low"].as_f64());
    let verdicts = summary["worlds"]["verdicts"].as_array().unwrap();
    let worse = verdicts.iter().find(|one| one["what"] == "no cache worse in hit_ratio").unwrap();
    assert_eq!((&worse["count"], &worse["of"]), (&8.into(), &8.into()));

    let page = std::fs::read_to_string(folder.path().join("out/index.html")).unwrap();
    assert!(page.contains("<h2>How sure</h2>") && page.contains("workload.arrivals.poisson.rate"));
    assert!(folder.path().join("out/charts/tornado.svg").is_file());
    let drawn =
        herdlab().current_dir(folder.path()).args(["report", "out", "--out", "again"]).assert().success();
    drop(drawn);
    assert_eq!(std::fs::read_to_string(folder.path().join("again/index.html")).unwrap(), page);
}

#[test]
fn the_terminal_names_the_input_to_measure_first() {
    let (_folder, mut command) = with(&uncertain(), &["--worlds", "8"]);
    let text = stdout(&mut command);
    assert!(
        text.contains("how sure") && text.contains("5 to 95 %") && text.contains("8 of 8 worlds"),
        "{text}"
    );
}

#[test]
fn worlds_leave_the_nominal_run_as_it_is_and_depend_on_no_thread() {
    let (one, mut command) = with(&uncertain(), &["--worlds", "6", "--threads", "1", "-q"]);
    command.assert().success();
    let (two, mut command) = with(&uncertain(), &["--worlds", "6", "--threads", "2", "-q"]);
    command.assert().success();
    assert_eq!(results(one.path()), results(two.path()));
    let (none, mut command) = with(&uncertain(), &["--worlds", "0", "-q"]);
    command.assert().success();
    let all: serde_json::Value = serde_json::from_str(&results(one.path())).unwrap();
    let nominal: serde_json::Value = serde_json::from_str(&results(none.path())).unwrap();
    assert!(nominal.get("worlds").is_none());
    assert_eq!((&all["variants"], &all["scenario"]), (&nominal["variants"], &nominal["scenario"]));
}

#[test]
fn a_range_of_width_zero_gives_the_bytes_of_the_plain_file() {
    let ranges = [("\"5ms\"", "{ about = \"5ms\", within = \"0%\" }"), ("200", "{ low = 200, high = 200 }")];
    let spelt = ranges.iter().fold(TINY.to_owned(), |text, (plain, range)| text.replacen(plain, range, 1));
    assert_ne!(spelt, TINY);
    let (folder, mut command) = with(&spelt, &["-q"]);
    command.assert().success();
    let (plain, mut command) = with(TINY, &["-q"]);
    command.assert().success();
    // The record quotes the file; all else is the same.
    let quoted = |text: &str| text.replace('"', "\\\"");
    let unquoted = ranges
        .iter()
        .fold(results(folder.path()), |text, (plain, range)| text.replace(&quoted(range), &quoted(plain)));
    assert!(unquoted == results(plain.path()), "the records differ");
    for table in ["summary.csv", "timeseries.csv", "percentiles.csv"] {
        let read = |folder: &Path| std::fs::read(folder.join("out").join(table)).unwrap();
        assert!(read(folder.path()) == read(plain.path()), "{table}");
    }
}

#[test]
fn worlds_are_added_to_those_of_an_earlier_report() {
    let (grown, mut command) = with(&uncertain(), &["--worlds", "4", "-q"]);
    command.assert().success();
    let told = stderr(&mut again(grown.path(), &["--worlds", "7", "--resume"]), 0);
    assert!(told.contains("resuming: 4 worlds of an earlier report are kept"), "{told}");
    let (whole, mut command) = with(&uncertain(), &["--worlds", "7", "-q"]);
    command.assert().success();
    assert!(results(grown.path()) == results(whole.path()), "the records differ");
    // What is kept is used: a value that no simulation gives stays.
    let path = grown.path().join("out/results.json");
    let mut record: serde_json::Value = serde_json::from_str(&results(grown.path())).unwrap();
    record["worlds"]["variants"][0]["measures"][0]["values"][0][0] = 12_345.0.into();
    std::fs::write(&path, serde_json::to_string(&record).unwrap()).unwrap();
    again(grown.path(), &["--worlds", "7", "--resume", "-q"]).assert().success();
    let kept: serde_json::Value = serde_json::from_str(&results(grown.path())).unwrap();
    assert_eq!(kept["worlds"]["variants"][0]["measures"][0]["values"][0][0], 12_345.0);
}

#[test]
fn worlds_of_other_ranges_are_another_report() {
    let (folder, mut command) = with(&uncertain(), &["--worlds", "2", "-q"]);
    command.assert().success();
    std::fs::write(folder.path().join("tiny.toml"), uncertain().replace("20%", "30%")).unwrap();
    let text = stderr(&mut again(folder.path(), &["--worlds", "2", "-q"]), 2);
    assert!(text.contains("--force"), "{text}");
}

#[test]
fn as_many_worlds_as_fit_a_time_are_drawn() {
    let (folder, mut command) = with(&uncertain(), &["--fit", "50ms", "-q", "--threads", "1"]);
    command.assert().success();
    let record: serde_json::Value = serde_json::from_str(&results(folder.path())).unwrap();
    let count = |field: &str| record["worlds"][field].as_u64().unwrap();
    let (worlds, runs) = (count("wanted"), count("replications"));
    assert!(
        worlds.is_power_of_two() && (8..=512).contains(&worlds) && (2..=10).contains(&runs),
        "{worlds} x {runs}"
    );
    let page = std::fs::read_to_string(folder.path().join("out/index.html")).unwrap();
    assert!(page.contains(&format!(" --worlds {worlds}x{runs}")), "the command that reproduces the record");
    let text = stderr(&mut again(folder.path(), &["--worlds", "8x0"]), 2);
    assert!(text.contains("such as 64x3"), "{text}");
    let text = stderr(&mut again(folder.path(), &["--fit", "1us", "-q"]), 2);
    assert!(text.contains("--fit: the nominal run and the fewest worlds that tell 2 inputs apart"), "{text}");
}

#[test]
fn what_draws_no_worlds_refuses_ranges_or_says_what_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.toml"), uncertain()).unwrap();
    std::fs::write(folder.path().join("plain.toml"), TINY).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = herdlab();
        command.current_dir(folder.path()).args(arguments);
        command
    };
    let text = stderr(&mut command(&["sweep", "tiny.toml", "--sweep", "tier.l2.ttl=1s,2s"]), 2);
    assert!(
        text.contains("`herdlab sweep` draws no worlds, and workload.arrivals.poisson.rate is a range"),
        "{text}"
    );
    assert!(text.contains("--set workload.arrivals.poisson.rate=VALUE"), "{text}");
    for option in [["--worlds", "8"], ["--fit", "1m"]] {
        let text = stderr(&mut command(&["run", "plain.toml", option[0], option[1]]), 2);
        assert!(
            text.contains(&format!("{}: plain.toml has no ranges to draw worlds from", option[0])),
            "{text}"
        );
    }
    let text = stdout(&mut command(&["check", "tiny.toml"]));
    assert!(text.contains("uncertain: database.read from 4 ms to 9 ms, most likely 5 ms"), "{text}");
}
