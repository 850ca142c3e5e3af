//! Records that somebody else wrote, or spoiled, and those that are none.

use std::path::Path;

use crate::{herdlab, stderr, stdout, tiny};

fn told(folder: &Path, arguments: &[&str]) -> String {
    stderr(herdlab().current_dir(folder).args(arguments), 2)
}

#[test]
fn a_spoiled_record_is_refused_by_the_name_of_its_field() {
    let (folder, mut command) = tiny();
    let folder = folder.path();
    command.args(["run", "tiny.toml", "--out", "good", "--quiet"]).assert().success();
    let good = std::fs::read_to_string(folder.join("good/results.json")).unwrap();
    std::fs::create_dir(folder.join("bad")).unwrap();
    for (written, spoiled, field) in [
        ("\"duration_s\": 10.0", "\"duration_s\": -5.0", "`scenario.duration_s` is -5"),
        ("\"duration_s\": 10.0", "\"duration_s\": 11.0", "`scenario.duration_s` is 11"),
        ("\"warmup_s\": 0.0", "\"warmup_s\": 10.0", "`scenario.warmup_s` is 10"),
        ("\"finished\": 6", "\"finished\": 7", "`scenario.finished` is 7 of 6"),
        ("\"replications\": 6", "\"replications\": 5", "`scenario.finished` is 6 of 5"),
        ("\"seed\": 1", "\"seed\": 2", "`scenario.seed` is 2"),
        ("\"name\": \"no cache\"", "\"name\": \"cache\"", "`variants` has `cache` twice"),
        ("\"headline\": [", "\"headline\": [\"foo.bar\",", "`foo.bar`, which no variant has measured"),
    ] {
        assert!(good.contains(written), "{written} is not in {}", &good[..2000]);
        std::fs::write(folder.join("bad/results.json"), good.replacen(written, spoiled, 1)).unwrap();
        for arguments in [&["report", "bad/results.json"][..], &["compare", "good", "bad"]] {
            let told = told(folder, arguments);
            assert!(told.contains("bad/results.json is not a record of herdlab"), "{told}");
            assert!(told.contains(field) && told.contains("herdlab run SCENARIO --out DIR"), "{told}");
        }
    }
}

#[test]
fn a_folder_with_a_record_will_do_and_what_is_none_is_told() {
    let (folder, mut command) = tiny();
    let folder = folder.path();
    command.args(["run", "tiny.toml", "--out", "run", "--quiet"]).assert().success();
    std::fs::remove_file(folder.join("run/index.html")).unwrap();
    let drawn = stdout(herdlab().current_dir(folder).args(["report", "run"]));
    assert_eq!(drawn.trim(), "run/index.html");
    std::fs::write(folder.join("empty.json"), "").unwrap();
    std::fs::create_dir(folder.join("empty")).unwrap();
    for name in ["tiny.toml", "empty.json", "empty", "gone.json"] {
        let told = told(folder, &["report", name]);
        assert!(told.contains("results.json is written by `herdlab run SCENARIO --out DIR`"), "{told}");
    }
    let sweep = ["sweep", "tiny.toml", "--sweep", "tier.l2.ttl=1s,2s", "--out", "sweep", "--quiet"];
    herdlab().current_dir(folder).args(sweep).args(["--replications", "2"]).assert().success();
    stdout(herdlab().current_dir(folder).args(["report", "sweep"]));
    for name in ["sweep", "sweep/sweep.json"] {
        let told = told(folder, &["compare", name, "run"]);
        assert!(told.contains("sweep/sweep.json is the record of a sweep, not of a run"), "{told}");
    }
}

/// A gate that could not fail, or a run beyond its limits, is refused before anything is run.
#[test]
fn compare_refuses_before_it_runs() {
    let (folder, _) = tiny();
    let long = ["compare", "tiny.toml", "tiny.toml", "--duration", "1d"];
    let with = |more: &[&'static str]| told(folder.path(), &[&long[..], more].concat());
    let gate = with(&["--fail-on-regression", "5", "--replications", "2"]);
    assert!(gate.contains("at least 6 replications on both sides"), "{gate}");
    assert!(with(&["--time-limit", "1ms"]).contains("the limit is 1.00 ms"));
    assert!(with(&["--memory-limit", "1kB"]).contains("--memory-limit allows 1.0 kB"));
}

#[test]
fn a_file_that_cannot_be_written_names_its_option() {
    let (folder, _) = tiny();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    let told = told(folder.path(), &["run", "tiny.toml", "--junit", "folder"]);
    assert!(told.contains("it is a folder") && told.contains("--junit FILE"), "{told}");
}
