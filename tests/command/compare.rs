//! `herdlab compare` as a user meets it.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

use crate::TINY;

/// A scenario that runs in a moment.
fn before() -> String {
    TINY.replace("ttl = \"1s\"", "ttl = \"2s\"")
}

/// Entries live half as long: more misses, more load.
fn worse() -> String {
    TINY.to_owned()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn herdlab(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let mut command = crate::herdlab();
    command.current_dir(folder).args(arguments);
    let Output { stdout, stderr, .. } = command.assert().code(code).get_output().clone();
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Rows of a measure in the JSON of the only comparison.
fn measure<'j>(json: &'j serde_json::Value, variant: usize, name: &str) -> &'j serde_json::Value {
    let measures = json["comparisons"][0]["variants"][variant]["measures"].as_array().unwrap();
    measures.iter().find(|measure| measure["measure"] == name).unwrap()
}

#[test]
fn a_record_against_itself_is_all_ties() {
    let folder = folder(&[("tiny.toml", &before())]);
    let folder = folder.path();
    herdlab(folder, &["run", "tiny.toml", "--out", "a", "--quiet"], 0);
    // A folder with a record will do, and so will the scenario, which is run.
    for other in ["a/results.json", "a", "tiny.toml"] {
        let (shown, told) =
            herdlab(folder, &["compare", "a/results.json", other, "--fail-on-regression", "0"], 0);
        assert!(shown.contains("0 better, 0 worse, 6 ties."), "{shown}");
        assert!(
            shown.contains("Paired: the same seed and the same requests in every replication."),
            "{shown}"
        );
        assert_eq!(told, "");
    }
}

#[test]
fn what_became_worse_is_shown_named_and_fails_if_asked_to() {
    let folder = folder(&[("a.toml", &before()), ("b.toml", &worse())]);
    let folder = folder.path();
    // Without a limit a comparison never fails.
    let (shown, _) = herdlab(folder, &["compare", "a.toml", "b.toml"], 0);
    assert!(shown.contains("worse") && shown.contains("db.qps.peak*"), "{shown}");

    let gate = ["compare", "a.toml", "b.toml", "--fail-on-regression", "5%", "--junit", "out/junit.xml"];
    let (_, told) = herdlab(folder, &gate, 99);
    let named: Vec<&str> = told.lines().collect();
    assert!(
        named.iter().all(|line| line.starts_with("regression: ") && line.contains(" of cache in b.toml: "))
    );
    assert!(named.iter().any(|line| line.starts_with("regression: hit_ratio of cache")), "{told}");
    let xml = std::fs::read_to_string(folder.join("out/junit.xml")).unwrap();
    let junit = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    assert_eq!((junit.tests, junit.failures), (6, named.len()), "{xml}");

    // In the other direction it is a gain; and everything is allowed to become a thousand times as bad.
    herdlab(folder, &["compare", "b.toml", "a.toml", "--fail-on-regression", "5"], 0);
    herdlab(folder, &["compare", "a.toml", "b.toml", "--fail-on-regression", "100000"], 0);
}

#[test]
fn json_csv_and_markdown() {
    let folder = folder(&[("a.toml", &before()), ("b.toml", &worse())]);
    let shown =
        |format: &str| herdlab(folder.path(), &["compare", "a.toml", "b.toml", "--format", format], 0).0;
    let json: serde_json::Value = serde_json::from_str(&shown("json")).unwrap();
    assert_eq!(json["comparisons"][0]["variants"][0]["method"], "paired");
    assert_eq!(measure(&json, 0, "hit_ratio")["verdict"], "worse");
    assert_eq!(measure(&json, 1, "db.qps.peak")["verdict"], "tie");
    let (before, after, difference) = ("before", "after", "difference");
    let mean = |of: &str| measure(&json, 0, "hit_ratio")[of]["mean"].as_f64().unwrap();
    assert!((mean(after) - mean(before) - mean(difference)).abs() < 1e-12);
    let csv = shown("csv");
    let mut rows = csv.lines();
    assert!(rows.next().unwrap().starts_with("before_label,after_label,variant,measure,unit,before,"));
    assert!(
        rows.any(|row| row.starts_with("a.toml,b.toml,cache,hit_ratio,1,") && row.ends_with(",worse")),
        "{csv}"
    );
    let markdown = shown("md");
    assert!(markdown.starts_with("### herdlab: a.toml → b.toml\n"), "{markdown}");
    assert!(markdown.contains("| cache | hit\\_ratio\\* |") && markdown.contains("**worse**"), "{markdown}");
}

#[test]
fn other_seeds_are_compared_as_independent_samples() {
    let folder = folder(&[("a.toml", &before()), ("b.toml", &format!("seed = 2\n{}", before()))]);
    let (shown, _) =
        herdlab(folder.path(), &["compare", "a.toml", "b.toml", "--fail-on-regression", "10"], 0);
    assert!(shown.contains("Welch's test: the seeds differ, 1 and 2."), "{shown}");
}

#[test]
fn several_are_compared_with_the_first() {
    let folder = folder(&[("a.toml", &before()), ("b.toml", &worse())]);
    let options = ["compare", "a.toml", "b.toml", "a.toml", "--variant", "cache"];
    let (shown, _) = herdlab(folder.path(), &options, 0);
    let heads: Vec<&str> = shown.lines().filter(|line| line.starts_with("after ")).collect();
    assert_eq!(heads.len(), 2, "{shown}");
    assert!(shown.contains("0 better, 0 worse, 3 ties.") && !shown.contains("no cache"), "{shown}");
}

#[test]
fn what_cannot_be_compared_is_a_usage_error() {
    let other = before().replace("\"cache\"", "\"other\"").replace("\"no cache\"", "\"none\"");
    let folder = folder(&[("a.toml", &before()), ("b.toml", &other)]);
    let folder = folder.path();
    let refused = |arguments: &[&str], words: &str| {
        let (shown, told) = herdlab(folder, &[&["compare"], arguments].concat(), 2);
        assert!(told.contains(words) && shown.is_empty(), "{shown}{told}");
    };
    refused(&["a.toml"], "expected at least two things to compare");
    refused(&["a.toml", "b.toml"], "no variant in common: cache, no cache and other, none");
    refused(&["a.toml", "gone.toml"], "cannot read gone.toml");
    refused(&["a.toml", "gone.json"], "cannot read gone.json");
    refused(&["a.toml", "lokup"], "did you mean \"lookup\"?");
    refused(&["a.toml", "a.toml", "--set", "tier.l2.tll=1s"], "did you mean `ttl`?");
    refused(&["a.toml", "a.toml", "--fail-on-regression", "much"], "expected a percentage such as 5");
    refused(&["a.toml", "a.toml", "--junit", "x.xml"], "--fail-on-regression");
    herdlab(folder, &["run", "a.toml", "--out", "a", "--quiet"], 0);
    refused(&["a", "a.toml", "--seed", "3"], "--seed changes the runs, and a is a record of a run");
    // Records of another version of the program.
    let record = std::fs::read_to_string(folder.join("a/results.json")).unwrap();
    let version = format!("\"herdlab\": \"{}\"", env!("CARGO_PKG_VERSION"));
    std::fs::write(folder.join("old.json"), record.replacen(&version, "\"herdlab\": \"0.0.1\"", 1)).unwrap();
    refused(&["old.json", "a"], "different versions of herdlab, 0.0.1 and");
}

/// A gate that cannot fail must not pass, nor run.
#[test]
fn too_few_replications_are_no_gate() {
    let folder = folder(&[("a.toml", &before()), ("b.toml", &worse())]);
    let options = ["compare", "a.toml", "b.toml", "--replications", "3", "--fail-on-regression", "5"];
    let (shown, told) = herdlab(folder.path(), &options, 2);
    assert_eq!(shown, "");
    assert!(told.contains("judges nothing") && told.contains("at least 6 replications"), "{told}");
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=x", "-c", "user.email=x@example.org"]).args(arguments);
    command.assert().success();
}

#[test]
fn revisions_of_a_scenario() {
    let folder = folder(&[]);
    let folder = folder.path();
    git(folder, &["init", "--quiet"]);
    std::fs::create_dir(folder.join("scenarios")).unwrap();
    let file = folder.join("scenarios/x.toml");
    std::fs::write(&file, before()).unwrap();
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "-m", "one"]);
    std::fs::write(&file, worse()).unwrap();
    git(folder, &["commit", "--quiet", "-am", "two"]);

    let options = ["compare", "scenarios/x.toml", "--revisions", "HEAD~1,HEAD", "--fail-on-regression", "5"];
    let (shown, told) = herdlab(folder, &options, 99);
    assert!(shown.contains("before  HEAD~1: tiny") && shown.contains("after   HEAD: tiny"), "{shown}");
    assert!(told.contains("regression: hit_ratio of cache in HEAD: "), "{told}");
    // From another folder, and one revision against the working tree.
    let options = ["compare", "x.toml", "--revisions", "HEAD", "--fail-on-regression", "5"];
    let (shown, _) = herdlab(&folder.join("scenarios"), &options, 0);
    assert!(shown.contains("after   the working tree: tiny") && shown.contains("6 ties"), "{shown}");

    let refused = |arguments: &[&str], words: &str| {
        let (_, told) = herdlab(folder, &[&["compare"], arguments].concat(), 2);
        assert!(told.contains(words), "{told}");
    };
    refused(&["scenarios/x.toml", "--revisions", "gone,HEAD"], "scenarios/x.toml at gone: ");
    refused(&["scenarios/y.toml", "--revisions", "HEAD~1,HEAD"], "scenarios/y.toml at HEAD~1: ");
    refused(&["scenarios/x.toml", "--revisions=--output=x,HEAD"], "not a revision");
    refused(&["a", "b", "--revisions", "HEAD~1,HEAD"], "one scenario file");
    // A mistake in an old version is told with its place there.
    std::fs::write(&file, before().replace("ttl", "tll")).unwrap();
    git(folder, &["commit", "--quiet", "-am", "three"]);
    refused(&["scenarios/x.toml", "--revisions", "HEAD~1,HEAD"], "scenarios/x.toml at HEAD:14:1");
    let without = folder.parent().unwrap();
    let path = folder.join("gone/x.toml");
    let arguments = ["compare", path.to_str().unwrap(), "--revisions", "HEAD~1,HEAD"];
    assert!(herdlab(without, &arguments, 2).1.contains("gone"));
}
