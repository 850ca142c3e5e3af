//! `herdlab init`: scenarios to start from.

use std::fs;

use herdlab::starter::TEMPLATES;

use crate::{herdlab, stderr, stdout};

/// The flags of a system.
const SYSTEM: &[&str] = &[
    "--rps=2000",
    "--pods=12",
    "--redis-rtt=0.6ms",
    "--ttl=5m",
    "--keys=10k",
    "--query=4ms",
    "--query-p99=40ms",
    "--queries-at-once=24",
    "--connections=60 in all",
    "--writes=5%",
    "--change=ttl=1m",
    "--change=ttl=1m + singleflight",
];

#[test]
fn flags_write_a_scenario_that_checks_and_runs_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let told = stderr(herdlab().current_dir(&folder).arg("init").args(SYSTEM).args(["-o", "my.toml"]), 0);
    assert_eq!(told, "written: my.toml\nnext: herdlab check my.toml\n      herdlab run my.toml\n");
    let text = fs::read_to_string(folder.path().join("my.toml")).unwrap();
    assert!(text.contains("pool = 5  # connections of each pod: 60 in all over 12 pods"), "{text}");
    assert_eq!(stdout(herdlab().arg("init").args(SYSTEM)), text);
    stdout(herdlab().current_dir(&folder).args(["check", "--deny-lints", "my.toml"]));
    let brief = ["run", "my.toml", "--duration", "3s", "--replications", "1", "--format", "csv"];
    let table = stdout(herdlab().current_dir(&folder).args(brief));
    for variant in [",today,", ",ttl 1m,", ",ttl 1m + singleflight,"] {
        assert!(table.contains(variant), "{variant}\n{table}");
    }
}

#[test]
fn a_file_is_replaced_by_force_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    fs::write(&file, "mine").unwrap();
    for arguments in [&["lookup"][..], &["--template", "api"], &["--rps", "50"]] {
        let init = || {
            let mut command = herdlab();
            command.arg("init").args(arguments).arg("--out").arg(&file);
            command
        };
        let told = stderr(&mut init(), 2);
        assert!(told.contains("my.toml is there already") && told.contains("--force replaces it"), "{told}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        stderr(init().arg("--force"), 0);
        assert!(fs::read_to_string(&file).unwrap().contains("[[variant]]"), "{arguments:?}");
        fs::write(&file, "mine").unwrap();
    }
}

#[test]
fn questions_are_asked_on_a_terminal_only() {
    let folder = tempfile::tempdir().unwrap();
    let told = stderr(herdlab().current_dir(&folder).arg("init").write_stdin("2000\n12\n"), 2);
    for part in
        ["asks its questions on a terminal only", "--rps 2000 --pods 12", "--template NAME", "init lookup"]
    {
        assert!(told.contains(part), "{part} is missing from:\n{told}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_wrong_flag_names_the_expected_form_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, told) in [
        ("--rps=lots", "--rps: expected a rate such as 2000, 2k, 2,000/s or 120k/min, found \"lots\""),
        ("--query-p99=2ms", "--query-p99: expected a duration above the median of 5ms, found \"2ms\""),
        ("--ttl=5", "--ttl: expected a duration such as 5m, 300s or 1.2ms; the unit is missing"),
        ("--change=tll=1m", "did you mean ttl?"),
        // Half of a nanosecond is no shorter time to live.
        ("--ttl=1ns", "its default does not fit the other flags: give --change"),
        ("--template=shop", "possible values: api, session, feed, catalogue, rate-limiter"),
    ] {
        let text = stderr(herdlab().current_dir(&folder).args(["init", flag, "--out", "my.toml"]), 2);
        assert!(text.contains(told), "{flag}: {text}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{flag}");
    }
    let both = stderr(herdlab().args(["init", "lookup", "--rps", "2000"]), 2);
    assert!(both.contains("cannot be used with"), "{both}");
}

#[test]
fn every_template_runs_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    for template in TEMPLATES {
        let file = folder.path().join(format!("{}.toml", template.name));
        stderr(herdlab().args(["init", "--template", template.name, "--out"]).arg(&file), 0);
        stdout(herdlab().args(["check", "--deny-lints"]).arg(&file));
        let brief = ["--duration", "3s", "--replications", "1", "--format", "csv"];
        let table = stdout(herdlab().current_dir(&folder).arg("run").arg(&file).args(brief));
        assert!(table.contains(",today,"), "{}\n{table}", template.name);
    }
}

#[test]
fn a_bundled_scenario_of_ones_own_may_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let text = stdout(herdlab().args(["init", "lookup"]));
    assert!(text.contains("# User records change rarely: 600 s."), "{text}");
    let text =
        text.replace("name = \"no cache\"", "name = \"without\"").replace("rate = 2000", "rate = 9000");
    fs::write(folder.path().join("mine.toml"), text).unwrap();
    let brief = ["run", "mine.toml", "--duration", "5s", "--replications", "1", "--format", "csv"];
    // At this rate the bundled scenario breaks its threshold on the database's load.
    let table = stdout(herdlab().current_dir(&folder).args(brief));
    assert!(table.contains(",without,"), "{table}");
}
