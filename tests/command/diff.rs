//! `herdlab diff` as a user meets it.

use std::path::Path;
use std::process::Output;

use crate::TINY;

/// A system without variants.
fn system() -> String {
    TINY.split("[[variant]]").next().unwrap().to_owned()
}

fn with_longer_ttl() -> String {
    system().replace("ttl = \"1s\"", "ttl = \"2s\"")
}

fn folder(change: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("today.toml"), system()).unwrap();
    std::fs::write(folder.path().join("change.toml"), change).unwrap();
    folder
}

fn diff(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let mut command = crate::herdlab();
    command.current_dir(folder).args(["diff", "today.toml", "change.toml"]).args(arguments);
    let Output { stdout, stderr, .. } = command.assert().code(code).get_output().clone();
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_change_is_named_and_reviewed_against_today() {
    let folder = folder(&with_longer_ttl());
    let (shown, _) = diff(folder.path(), &["--out", "report", "--summary"], 0);
    assert!(shown.starts_with("Between today and change:\n  - tier.l2.ttl: from 1s to 2s\n"), "{shown}");
    assert!(shown.contains("change: safe."), "{shown}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join("report").join(name)).unwrap();
    let record: serde_json::Value = serde_json::from_str(&read("results.json")).unwrap();
    assert_eq!(record["scenario"]["after"]["differences"][0], "tier.l2.ttl: from 1s to 2s");
    let names: Vec<_> =
        record["variants"].as_array().unwrap().iter().map(|variant| &variant["name"]).collect();
    assert_eq!(names, ["today", "change"]);
    assert!(read("index.html").contains("herdlab diff today.toml change.toml"));
    assert!(read("summary.md").contains("- tier.l2.ttl: from 1s to 2s\n"));
    assert!(folder.path().join("report/charts/database-load.png").is_file());
}

#[test]
fn the_page_is_drawn_again_from_its_record() {
    let folder = folder(&with_longer_ttl());
    diff(folder.path(), &["--out", "report", "--quiet"], 0);
    let page = std::fs::read(folder.path().join("report/index.html")).unwrap();
    crate::herdlab()
        .current_dir(folder.path())
        .args(["report", "report", "--out", "again"])
        .assert()
        .success();
    assert_eq!(std::fs::read(folder.path().join("again/index.html")).unwrap(), page);
}

#[test]
fn two_words_for_one_system_are_not_run() {
    let folder = folder(&system().replace("ttl = \"1s\"", "ttl = \"1000ms\""));
    let (shown, told) = diff(folder.path(), &[], 0);
    assert_eq!(shown, "today and change describe the same system.\n");
    assert!(told.contains("nothing to run"), "{told}");
    assert!(!folder.path().join("reports").exists());
}

#[test]
fn differences_alone_take_no_run() {
    let folder = folder(&with_longer_ttl());
    for (format, expected) in [
        ("table", "Between today and change:\n  - tier.l2.ttl: from 1s to 2s\n"),
        ("csv", "path,before,after\ntier.l2.ttl,\"\"\"1s\"\"\",\"\"\"2s\"\"\"\n"),
        ("md", "Between today and change:\n\n- tier.l2.ttl: from 1s to 2s\n"),
    ] {
        assert_eq!(diff(folder.path(), &["--no-run", "--format", format], 0).0, expected);
    }
    let json = diff(folder.path(), &["--no-run", "--format", "json"], 0).0;
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!([{
        "path": "tier.l2.ttl", "before": "\"1s\"", "after": "\"2s\"", "words": "tier.l2.ttl: from 1s to 2s"
    }]);
    assert_eq!((&found["schema"], &found["differences"]), (&1.into(), &expected));
    assert!(!folder.path().join("reports").exists());
}

#[test]
fn a_broken_limit_of_the_change_fails() {
    let limit = "\n[[threshold]]\nmeasure = \"db.qps.mean\"\nmax = 0.001\n";
    let folder = folder(&(with_longer_ttl() + limit));
    let (shown, told) = diff(folder.path(), &["--out", "report"], 99);
    assert!(shown.contains("change: not safe"), "{shown}");
    assert!(told.contains("threshold: db.qps.mean"), "{told}");
}

/// Leaving a limit out does not pass it.
#[test]
fn the_limits_of_today_hold_for_the_change() {
    let limit = "\n[[threshold]]\nmeasure = \"db.qps.mean\"\nmax = 0.001\n";
    let folder = folder(&with_longer_ttl());
    std::fs::write(folder.path().join("today.toml"), system() + limit).unwrap();
    let (shown, told) = diff(folder.path(), &["--out", "report"], 99);
    assert!(shown.contains("threshold.db.qps.mean.max: from 0.001 to not set"), "{shown}");
    assert!(shown.contains("change: not safe") && told.contains("threshold: db.qps.mean"), "{shown}{told}");
}

#[test]
fn a_page_that_is_no_report_stays() {
    let folder = folder(&with_longer_ttl());
    std::fs::create_dir(folder.path().join("notes")).unwrap();
    std::fs::write(folder.path().join("notes/index.html"), "mine").unwrap();
    diff(folder.path(), &["--out", "notes", "--quiet"], 2);
    assert_eq!(std::fs::read_to_string(folder.path().join("notes/index.html")).unwrap(), "mine");
}

#[test]
fn every_variant_of_the_change_is_reviewed() {
    let folder = folder(TINY);
    let (shown, _) = diff(folder.path(), &["--out", "report"], 0);
    assert!(shown.contains("change: no cache"), "{shown}");
    let (shown, _) = diff(folder.path(), &["--out", "other", "--variant", "no cache"], 0);
    assert!(!shown.contains("change: cache") && shown.contains("change: "), "{shown}");
}

#[test]
fn files_of_other_spans_are_not_compared() {
    let folder = folder(&with_longer_ttl().replace("duration = \"10s\"", "duration = \"12s\""));
    let (_, told) = diff(folder.path(), &[], 2);
    assert!(told.contains("today.toml simulates") && told.contains("--duration"), "{told}");
    diff(folder.path(), &["--duration", "3s", "--out", "report", "--quiet"], 0);
}
