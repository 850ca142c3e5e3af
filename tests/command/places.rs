//! Where the commands write: never over what they read, never twice to one place, never in place of a device.

use std::fs;
use std::path::Path;

use crate::{TINY, herdlab, stderr, stdout, tiny};

/// Runs `tiny.toml` in a moment.
const SHORT: [&str; 6] = ["run", "tiny.toml", "--replications", "1", "--duration", "2s"];

fn refused(folder: &Path, arguments: &[&str]) -> String {
    stderr(herdlab().current_dir(folder).args(arguments), 2)
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SHORT[..], more].concat()
}

#[test]
fn what_is_read_is_never_written() {
    let (folder, _) = tiny();
    let folder = folder.path();
    fs::hard_link(folder.join("tiny.toml"), folder.join("other name.toml")).unwrap();
    for option in ["--junit", "--log"] {
        for name in ["tiny.toml", "./tiny.toml", "other name.toml"] {
            let told = refused(folder, &with(&[option, name]));
            assert!(told.contains("would overwrite tiny.toml, which is read"), "{told}");
            assert!(told.contains(&format!("choose another place with {option} FILE")), "{told}");
        }
    }
    for command in ["compare-strategies", "claims", "recommend"] {
        let mut arguments = vec![command, "tiny.toml", "--out", "other name.toml"];
        if command == "recommend" {
            arguments.extend(["--knob", "tier.l2.ttl=1s,2s", "--minimise", "db.qps.mean"]);
        }
        if command == "claims" {
            let practice = "[[practice]]\nrow = \"P1\"\nclaim = \"c\"\nverdict = \"holds\"\ntext = \"{cache:hit_ratio}\"\ntests = [\"{cache:hit_ratio} > 0\"]\n";
            fs::write(folder.join("tiny.toml"), format!("{TINY}{practice}")).unwrap();
        }
        let told = refused(folder, &arguments);
        assert!(told.contains("would overwrite tiny.toml, which is read"), "{command}: {told}");
    }
    assert!(fs::read_to_string(folder.join("tiny.toml")).unwrap().starts_with(TINY));
    assert!(!folder.join("reports").exists(), "nothing was run");
}

/// A trace has a name of the report, in the folder of the report; a log would empty it before anybody knows of it.
#[test]
fn a_trace_is_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..200).map(|row| format!("{},{}\n", f64::from(row) / 100.0, row % 7)).collect();
    let trace = format!("s,key\n{rows}");
    fs::write(folder.path().join("summary.csv"), &trace).unwrap();
    let scenario = "question = \"?\"\nreplications = 1\n[workload]\n\
        arrivals = { trace = { file = \"summary.csv\", time = \"s\", key = \"key\", unit = \"s\" } }\n\
        [database]\nread = \"5ms\"\n";
    fs::write(folder.path().join("replay.toml"), scenario).unwrap();
    let told = refused(folder.path(), &["run", "replay.toml", "--out", "."]);
    assert!(told.contains("would overwrite summary.csv, which is read"), "{told}");
    let told = refused(folder.path(), &["run", "replay.toml", "--junit", "summary.csv"]);
    assert!(told.contains("would overwrite summary.csv, which is read"), "{told}");
    fs::write(folder.path().join("replay.toml"), "question = 1").unwrap();
    let told = refused(folder.path(), &["run", "replay.toml", "--log", "summary.csv"]);
    assert!(told.contains("no log of herdlab"), "{told}");
    assert_eq!(fs::read_to_string(folder.path().join("summary.csv")).unwrap(), trace);
}

#[test]
fn one_place_is_written_once() {
    let (folder, _) = tiny();
    let folder = folder.path();
    for (more, words) in [
        (["--junit", "same", "--log", "./same"], "is written by --log FILE as well"),
        (["--junit", "out/results.json", "--out", "out"], "is a file of the report in out"),
        (["--log", "new/../out/charts/x.svg", "--out", "out"], "is a file of the report in out"),
    ] {
        let told = refused(folder, &with(&more));
        assert!(told.contains(words), "{told}");
        assert!(!folder.join("out").exists());
    }
    // Beside the report's files there is room for others.
    stdout(herdlab().current_dir(folder).args(with(&["--junit", "out/junit.xml", "--out", "out"])));
    assert!(folder.join("out/junit.xml").is_file() && folder.join("out/index.html").is_file());
}

#[cfg(unix)]
#[test]
fn devices_fifos_and_links_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let (folder, _) = tiny();
    let folder = folder.path();
    fs::create_dir(folder.join("elsewhere")).unwrap();
    fs::write(folder.join("elsewhere/junit.xml"), "old").unwrap();
    symlink("elsewhere/junit.xml", folder.join("link")).unwrap();
    symlink("/dev/null", folder.join("nowhere")).unwrap();
    stdout(herdlab().current_dir(folder).args(with(&["--junit", "link", "--log", "nowhere"])));
    assert!(folder.join("link").is_symlink() && folder.join("nowhere").is_symlink());
    assert!(fs::read_to_string(folder.join("elsewhere/junit.xml")).unwrap().starts_with("<?xml"));

    assert!(std::process::Command::new("mkfifo").arg(folder.join("fifo")).status().unwrap().success());
    let reader = std::thread::spawn({
        let fifo = folder.join("fifo");
        move || fs::read_to_string(fifo).unwrap()
    });
    stdout(herdlab().current_dir(folder).args(with(&["--junit", "fifo"])));
    assert!(reader.join().unwrap().contains("<testsuites"));
    assert!(fs::metadata(folder.join("fifo")).unwrap().file_type().is_fifo());

    let shown = stdout(herdlab().current_dir(folder).args(with(&["--junit", "/dev/stdout", "--quiet"])));
    assert!(shown.starts_with("<?xml"), "{shown}");
    // A file that standard output goes to is not replaced under it.
    let out = fs::File::create(folder.join("shown")).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_herdlab"));
    command.current_dir(folder).args(with(&["--junit", "/dev/stdout"])).stdout(out);
    assert!(command.status().unwrap().success());
    let text = fs::read_to_string(folder.join("shown")).unwrap();
    assert!(text.contains("<?xml") && text.contains("Does a cache help?"), "{text}");
}

/// A trace is read to check it and again by each replication: a FIFO would give it once.
#[cfg(unix)]
#[test]
fn a_device_or_a_folder_is_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    for place in ["/dev/zero", "."] {
        let scenario = format!(
            "question = \"?\"\n[workload]\narrivals = {{ trace = {{ file = \"{place}\", time = \"s\", key = \"k\", \
             unit = \"s\" }} }}\n[database]\nread = \"5ms\"\n"
        );
        fs::write(folder.path().join("replay.toml"), scenario).unwrap();
        for command in ["run", "check"] {
            let told = refused(folder.path(), &[command, "replay.toml"]);
            assert!(told.contains("cannot read"), "{told}");
            let reason = if place == "." { "is a directory" } else { "it is a device, not a file or a pipe" };
            assert!(told.contains(reason), "{told}");
        }
    }
}

/// A trace from a pipe into which nobody writes: the program waits, and the first signal ends it.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_wait_for_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let scenario = "question = \"?\"\n[workload]\narrivals = { trace = { file = \"fifo\", time = \"s\", key = \"k\", unit = \"s\" } }\n\
                    [database]\nread = \"5ms\"\n";
    fs::write(folder.path().join("replay.toml"), scenario).unwrap();
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_herdlab"))
        .args(["run", "replay.toml", "--quiet"])
        .current_dir(folder.path())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(run.try_wait().unwrap().is_none(), "it waits for the pipe");
    let kill = std::process::Command::new("kill").args(["-TERM", &run.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let ended = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        run.try_wait().unwrap()
    });
    let code = ended.map(|status| status.code());
    if code.is_none() {
        run.kill().unwrap();
    }
    assert_eq!(code, Some(Some(130)));
}

fn seed(report: &Path) -> u64 {
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(report.join("results.json")).unwrap()).unwrap();
    record["scenario"]["seed"].as_u64().unwrap()
}

#[test]
fn another_setting_leaves_the_first_report_where_it_is() {
    let (folder, _) = tiny();
    let at = |name: &str| folder.path().join(name);
    let run = |more: &[&str]| stderr(herdlab().current_dir(folder.path()).args(with(more)), 0);
    assert!(run(&[]).contains("report: reports/tiny/index.html"));
    let told = run(&["--seed", "2"]);
    assert!(
        told.contains("reports/tiny holds the report of another") && told.contains("goes to reports/tiny-2")
    );
    assert_eq!((seed(&at("reports/tiny")), seed(&at("reports/tiny-2"))), (1, 2));
    // Each finds its own again; the third one is new.
    assert!(run(&["--quiet"]).is_empty());
    assert!(run(&["--seed", "2", "--quiet"]).contains("goes to reports/tiny-2"));
    assert!(run(&["--seed", "3"]).contains("report: reports/tiny-3/index.html"));
    assert!(run(&["--seed", "4", "--force"]).contains("report: reports/tiny/index.html"));
    assert_eq!(seed(&at("reports/tiny")), 4);
}

#[test]
fn a_folder_that_is_asked_for_is_not_taken_from_another_report() {
    let (folder, _) = tiny();
    let at = |name: &str| folder.path().join(name);
    let run = |more: &[&str]| stdout(herdlab().current_dir(folder.path()).args(with(more)));
    run(&["--out", "out"]);
    run(&["--out", "out"]);
    let told = refused(folder.path(), &with(&["--out", "out", "--seed", "2"]));
    assert!(
        told.contains("out holds the report of another") && told.contains("--force replaces it"),
        "{told}"
    );
    assert_eq!(seed(&at("out")), 1);
    run(&["--out", "out", "--seed", "2", "--force"]);
    assert_eq!(seed(&at("out")), 2);
    // Nor are the pages of one drawn beside the record of another.
    run(&["--out", "first"]);
    let told = refused(folder.path(), &["report", "first", "--out", "out"]);
    assert!(told.contains("out holds the report of another"), "{told}");
    stdout(herdlab().current_dir(folder.path()).args(["report", "first", "--out", "drawn"]));
    stdout(herdlab().current_dir(folder.path()).args(["report", "first", "--out", "drawn"]));
}

#[test]
fn sweeps_and_curves_stay_as_well() {
    let (folder, _) = tiny();
    let folder = folder.path();
    let sweep = |axis: &str| {
        let arguments = ["sweep", "tiny.toml", "--replications", "1", "--duration", "1s", "--sweep", axis];
        stderr(herdlab().current_dir(folder).args(arguments), 0)
    };
    assert!(sweep("tier.l2.ttl=1s,2s").contains("report: reports/tiny-sweep/index.html"));
    assert!(sweep("tier.l2.ttl=1s,2s").contains("report: reports/tiny-sweep/index.html"));
    assert!(sweep("tier.l2.ttl=1s,3s").contains("report: reports/tiny-sweep-2/index.html"));
    fs::write(folder.join("t.csv"), "key\na\nb\na\nc\n").unwrap();
    let mrc = |capacity: &str| {
        let arguments = ["mrc", "t.csv", "--policy", "lru", "--capacity", capacity];
        stderr(herdlab().current_dir(folder).args(arguments), 0)
    };
    assert!(mrc("1").contains("chart: reports/t/mrc.svg"));
    assert!(mrc("1").contains("chart: reports/t/mrc.svg"));
    assert!(mrc("2").contains("chart: reports/t-2/mrc.svg"));
}

#[test]
fn what_is_no_scenario_is_told_in_one_message() {
    let (folder, _) = tiny();
    let folder = folder.path();
    stdout(herdlab().current_dir(folder).args(with(&["--out", "out"])));
    fs::write(folder.join("x.csv"), "time,key\n".repeat(10_000)).unwrap();
    fs::write(folder.join("x.bin"), [0u8, 159, 146, 150].repeat(100)).unwrap();
    for (name, words, way_out) in [
        ("out/results.json", "is the record of a run", "herdlab report out/results.json"),
        ("out", "is the folder of a report", "herdlab report out"),
        ("out/index.html", "is a page of a report", "herdlab report"),
        ("out/timings.json", "is JSON", "herdlab init"),
        ("out/summary.csv", "is not TOML", "herdlab init"),
        ("x.csv", "is not TOML", "herdlab mrc FILE"),
        ("x.bin", "is no text", "herdlab mrc x.bin"),
    ] {
        for command in ["run", "check", "sweep"] {
            let told = refused(folder, &[command, name]);
            assert!(told.contains(words) && told.contains(way_out), "{command} {name}: {told}");
            assert_eq!(told.matches("error").count(), 1, "{command} {name}: {told}");
        }
    }
}
