//! A second run laid over a page, and the page of a comparison, as a user meets them.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::TINY;

fn herdlab(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let mut command = crate::herdlab();
    command.current_dir(folder).args(arguments);
    let Output { stdout, stderr, .. } = command.assert().code(code).get_output().clone();
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

/// `old` and `new` are the reports of `old.toml` and `new.toml`, in which entries live half as long.
fn reports() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let old = TINY.replace("ttl = \"1s\"", "ttl = \"2s\"");
    for (name, text) in [("old", old.as_str()), ("new", TINY)] {
        let file = format!("{name}.toml");
        fs::write(folder.path().join(&file), text).unwrap();
        herdlab(folder.path(), &["run", &file, "--out", name, "--quiet"], 0);
    }
    folder
}

#[test]
fn a_second_run_is_laid_over_the_page_of_the_first() {
    let folder = reports();
    let folder = folder.path();
    let plain = read(folder, "new/index.html");
    // A folder or the file, and a page without a script as well.
    for (over, more) in [("old", None), ("old/results.json", Some("--static"))] {
        let mut arguments = vec!["report", "new", "--over", over, "--out", "both"];
        arguments.extend(more);
        herdlab(folder, &arguments, 0);
        let page = read(folder, "both/index.html");
        assert!(
            page.contains("<strong>old</strong> (pale and dashed)</dt><dd>scenario tiny, seed 1,"),
            "{over}"
        );
        assert!(page.contains("Solid: new; pale and dashed: old."), "{over}");
        assert_eq!(page.contains("\"over\":\"old\""), more.is_none());
        assert!(read(folder, "both/charts/database-load.svg").contains("stroke-opacity"));
    }
    assert!(!folder.join("both/results.json").exists());
    // Drawn again without the option, the page is of the one run.
    herdlab(folder, &["report", "new"], 0);
    assert_eq!(read(folder, "new/index.html"), plain);
}

/// A run of another length, with one variant less.
#[test]
fn runs_that_differ_in_length_and_variants_are_laid_over_all_the_same() {
    let folder = reports();
    let folder = folder.path();
    let short = ["run", "old.toml", "--duration", "4s", "--variant", "cache", "--out", "short", "--quiet"];
    herdlab(folder, &short, 0);
    herdlab(folder, &["report", "new", "--over", "short", "--out", "both"], 0);
    let page = read(folder, "both/index.html");
    assert!(page.contains("Only in new: no cache."));
    assert!(page.contains("Durations differ: 10 s in new, 4 s in short."));
}

#[test]
fn what_is_no_other_run_is_refused_by_name() {
    let folder = reports();
    let folder = folder.path();
    herdlab(folder, &["sweep", "new.toml", "--sweep", "tier.l2.ttl=1s,2s", "--out", "sweep", "--quiet"], 0);
    let refused = |arguments: &[&str]| herdlab(folder, arguments, 2).1;
    let told = refused(&["report", "new", "--over", "sweep"]);
    assert!(told.contains("--over: sweep/sweep.json is the record of a sweep"), "{told}");
    assert!(told.contains("name the results.json of another run, or its folder"), "{told}");
    let told = refused(&["report", "sweep", "--over", "new"]);
    assert!(told.contains("--over: sweep/sweep.json is the record of a sweep"), "{told}");
    let told = refused(&["report", "new", "--over", "nowhere"]);
    assert!(told.contains("cannot read nowhere"), "{told}");
    let told = refused(&["report", "new", "--over", "new/results.json"]);
    assert!(told.contains("--over: new/results.json is the record that is drawn"), "{told}");
    fs::write(folder.join("half.json"), &read(folder, "old/results.json")[..200]).unwrap();
    let told = refused(&["report", "new", "--over", "half.json"]);
    assert!(told.contains("half.json is not a record of herdlab"), "{told}");
    // The page would go over another run's.
    let told = refused(&["report", "new", "--over", "old", "--out", "old"]);
    assert!(told.contains("old holds the report of another"), "{told}");
}

#[test]
fn a_comparison_leaves_a_page_that_is_drawn_again_from_its_record() {
    let folder = reports();
    let folder = folder.path();
    let (plain, _) = herdlab(folder, &["compare", "old", "new"], 0);
    let (shown, told) = herdlab(folder, &["compare", "old", "new", "--report", "both"], 0);
    assert_eq!((shown, told.trim_end()), (plain, "report: both/index.html"));
    let page = read(folder, "both/index.html");
    for text in [
        "<h1>new against old</h1>",
        "<li>tier.l2.ttl: from 2s to 1s</li>",
        "new against old: cache: ",
        "Paired: the same seed and the same requests in every replication.",
        ">herdlab compare old new --report both</pre>",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(read(folder, "both/comparison.md").contains("- tier.l2.ttl: from 2s to 1s\n"));
    assert!(read(folder, "both/comparison.csv").starts_with("before_label,after_label,variant,"));
    herdlab(folder, &["report", "both", "--out", "again"], 0);
    for name in ["index.html", "comparison.md", "comparison.csv", "charts/database-load.svg"] {
        assert_eq!(read(folder, &format!("both/{name}")), read(folder, &format!("again/{name}")), "{name}");
    }
    // The same comparison replaces its own report; a comparison is neither a run nor a side of one.
    herdlab(folder, &["compare", "old", "new", "--report", "both", "--static", "--quiet"], 0);
    let told = herdlab(folder, &["compare", "old", "both"], 2).1;
    assert!(told.contains("both/comparison.json is the record of a comparison, not of a run"), "{told}");
    let told = herdlab(folder, &["report", "new", "--over", "both"], 2).1;
    assert!(told.contains("--over: both/comparison.json is the record of a comparison"), "{told}");
}

#[test]
fn a_comparison_goes_over_no_input_and_no_other_report() {
    let folder = reports();
    let folder = folder.path();
    let page = read(folder, "old/index.html");
    let refused = |arguments: &[&str]| herdlab(folder, arguments, 2).1;
    let told = refused(&["compare", "old", "new", "--report", "old"]);
    assert!(told.contains("old holds the report of another"), "{told}");
    herdlab(folder, &["compare", "old", "new", "--report", "both", "--quiet"], 0);
    let told = refused(&["compare", "new", "old", "--report", "both"]);
    assert!(told.contains("both holds the report of another"), "{told}");
    herdlab(folder, &["compare", "new", "old", "--report", "both", "--force", "--quiet"], 0);
    // An input with the name of a file of the report.
    fs::create_dir(folder.join("here")).unwrap();
    fs::copy(folder.join("old/results.json"), folder.join("here/comparison.json")).unwrap();
    let told = refused(&["compare", "here/comparison.json", "new", "--report", "here", "--force"]);
    assert!(told.contains("would overwrite here/comparison.json, which is read"), "{told}");
    assert_eq!(read(folder, "old/index.html"), page);
    refused(&["compare", "old", "new", "--static"]);
}

#[test]
fn why_shows_the_parts_before_and_after() {
    let folder = reports();
    let folder = folder.path();
    let (shown, told) = herdlab(folder, &["compare", "old.toml", "new.toml", "--why", "--report", "both"], 0);
    assert!(shown.contains("Where the time goes: cache, all requests"), "{shown}");
    assert_eq!(told.trim_end(), "report: both/index.html");
    assert!(read(folder, "both/index.html").contains("<h3>Where the time goes: cache, all requests</h3>"));
    let (shown, _) = herdlab(folder, &["compare", "old.toml", "new.toml", "--why", "--format", "json"], 0);
    let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let first = &json["comparisons"][0]["why"][0];
    assert_eq!((&first["variant"], &first["at"]), (&"cache".into(), &"p50".into()));
    // Records have the breakdowns that they were made with.
    let (shown, told) = herdlab(folder, &["compare", "old", "new", "--why"], 0);
    assert!(!shown.contains("Where the time goes"), "{shown}");
    for label in ["old", "new"] {
        assert!(
            told.contains(&format!("note: {label} has no latencies by part: `herdlab run --why`")),
            "{told}"
        );
    }
    let told = herdlab(folder, &["compare", "old", "new", "--why", "--format", "csv"], 2).1;
    assert!(told.contains("--why: the columns of CSV have no latencies by part"), "{told}");
    let diff = ["diff", "old.toml", "new.toml", "--why", "--replications", "1", "--out", "diff"];
    assert!(herdlab(folder, &diff, 0).0.contains("Where the time goes: "));
}
