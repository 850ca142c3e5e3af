//! `herdlab claims` as a user meets it, and what the bundled scenarios say about the practice.

use std::path::Path;

use assert_cmd::Command;
use herdlab::model::PracticeRow;
use herdlab::scenario::{Overrides, bundled, parse};

use crate::{TINY, stderr};

/// What a scenario says about the practice.
const FINDING: &str = r#"
[[practice]]
row = "P3"
claim = "a cache helps"
verdict = "holds"
text = "The load falls to {cache:db.qps.mean}."
tests = ["{cache:db.qps.mean} < 0.9 * {no cache:db.qps.mean}"]
"#;

/// A scenario that runs in a moment and has a finding.
fn finding() -> String {
    format!("{TINY}{FINDING}").replace("replications = 6", "replications = 3")
}

/// A folder with `tiny.toml`, and the command in it.
fn tiny(source: &str) -> (tempfile::TempDir, Command) {
    let (folder, mut command) = crate::tiny();
    std::fs::write(folder.path().join("tiny.toml"), source).unwrap();
    command.arg("claims");
    (folder, command)
}

fn page(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("out/claims.md")).unwrap()
}

#[test]
fn a_finding_that_holds_is_written_with_its_figures() {
    let (folder, mut command) = tiny(&finding());
    let told = stderr(command.args(["tiny.toml", "--out", "out/claims.md"]), 0);
    assert!(told.contains("claims: out/claims.md"), "{told}");
    let page = page(folder.path());
    assert!(page.contains("**Holds.** The load falls to "), "{page}");
    assert!(page.contains(" ± ") && page.contains("`herdlab run tiny.toml`"), "{page}");
}

#[test]
fn a_scenario_that_is_named_goes_to_standard_output() {
    let (folder, mut command) = tiny(&finding());
    let output = command.args(["tiny.toml", "--replications", "2", "--quiet"]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.starts_with("# What the practice claims"), "{text}");
    assert!(text.contains("`herdlab run tiny.toml --replications 2`"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_finding_that_does_not_hold_is_shown_as_such_and_fails() {
    let (folder, mut command) = tiny(&finding().replace("< 0.9 *", "> 0.9 *"));
    let told = stderr(command.args(["tiny.toml", "--out", "out/claims.md"]), 1);
    assert!(told.contains("not borne out: tiny: \"a cache helps\""), "{told}");
    assert!(page(folder.path()).contains("**Not borne out.**"));
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    let (_folder, mut command) = tiny(TINY);
    assert!(stderr(command.arg("tiny.toml"), 2).contains("tiny.toml has no [[practice]] block"));
    let (_folder, mut command) = tiny(&finding());
    assert!(stderr(command.arg("stampde"), 2).contains("did you mean \"stampede\"?"));
    let (_folder, mut command) = tiny(&finding());
    assert!(stderr(command.args(["tiny.toml", "--replications", "0"]), 2).contains("at least 1"));
    let (folder, mut command) = tiny(&finding());
    std::fs::write(folder.path().join("out"), "in the way").unwrap();
    let told = stderr(command.args(["tiny.toml", "--out", "out/claims.md"]), 2);
    assert!(told.contains("cannot write to the folder out"), "{told}");
}

#[test]
fn every_row_of_the_practice_is_answered_by_a_bundled_scenario() {
    let answered: Vec<PracticeRow> = bundled::all()
        .iter()
        .flat_map(|one| {
            parse(one.source, &one.path(), Path::new(""), &Overrides::default())
                .unwrap_or_else(|problems| panic!("{problems}"))
                .practice
        })
        .map(|finding| finding.row)
        .collect();
    let unanswered: Vec<&str> =
        PracticeRow::all().filter(|row| !answered.contains(row)).map(PracticeRow::name).collect();
    assert!(unanswered.is_empty(), "nothing is said about {unanswered:?}");
}
