//! The command as a user meets it: what it prints, and its exit codes.

use assert_cmd::Command;

fn herdlab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herdlab"));
    command.env("NO_COLOR", "1");
    command
}

fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

fn stderr(command: &mut Command, code: i32) -> String {
    String::from_utf8(command.assert().code(code).get_output().stderr.clone()).unwrap()
}

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
    stderr(&mut herdlab(), 2);
}

#[test]
fn what_is_no_record_is_a_runtime_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    let message = |text: &str| {
        std::fs::write(&file, text).unwrap();
        stderr(herdlab().arg("report").arg(&file), 1)
    };
    assert!(message("{").contains("is not a record of a run"));
    assert!(message("{\"schema\": 99}").contains("has layout 99; this version of herdlab reads layout 1"));
    assert!(stderr(herdlab().args(["report", "missing.json"]), 1).contains("cannot read missing.json"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_herdlab"))
        .args(["init", "lookup"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
