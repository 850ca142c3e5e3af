//! A second run laid over a page, as a user meets it.

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
