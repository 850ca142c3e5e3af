//! Whatever happens to a run, what it leaves is whole, and what it was asked for is not silently less.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use herdlab::scenario::{Overrides, parse};
use herdlab::sim::{Control, Engine, SimError};
use herdlab::workload::Tables;

/// Eight replications of two variants, each long enough to be killed in.
const SCENARIO: &str = r#"
name = "killed"
question = "Does a cache help?"
duration = "200s"
window = "10s"
replications = 8
[workload]
arrivals = { poisson = { rate = 1000 } }
keys = 1000
popularity = { zipf = { exponent = 1.0 } }
[[tier]]
name = "l2"
scope = "shared"
ttl = "10s"
network = { exponential = { mean = "1ms" } }
[database]
read = { exponential = { mean = "5ms" } }
[[variant]]
name = "cache"
[[variant]]
name = "no cache"
set = { "tier.l2.enabled" = false }
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("killed.toml"), SCENARIO).unwrap();
    folder
}

fn herdlab(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herdlab"));
    command.current_dir(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Everything but what was about to be written when the process died.
fn files(at: &Path, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(at).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files(&path, found);
        } else if !name.starts_with(".herdlab-") && !name.starts_with(".tmp") {
            found.push(path);
        }
    }
}

/// Fails for a file that ends in its middle.
fn require_whole(file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    let name = file.file_name().unwrap().to_string_lossy();
    let text = || String::from_utf8(bytes.clone()).unwrap();
    let whole = match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
        Some("csv") => {
            text().ends_with('\n')
                && csv::Reader::from_reader(bytes.as_slice()).records().all(|record| record.is_ok())
        }
        Some("html") => text().trim_end().ends_with("</html>"),
        Some("svg") => text().trim_end().ends_with("</svg>"),
        Some("png") => bytes.ends_with(b"IEND\xaeB`\x82"),
        _ => panic!("what is {name}?"),
    };
    assert!(whole, "{} is not whole", file.display());
}

fn kill_after(mut child: Child, wait: Duration) {
    std::thread::sleep(wait);
    // It may have finished before.
    let _ = child.kill();
    child.wait().unwrap();
}

/// How often the process is killed: `HERDLAB_KILLS=100 cargo test --release --test reliability` for the long form.
fn kills() -> u32 {
    std::env::var("HERDLAB_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

#[test]
fn a_killed_run_leaves_whole_files_and_can_be_resumed() {
    let folder = folder();
    let output = herdlab(folder.path(), &["run", "killed.toml", "--out", "undisturbed"]).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let expected = std::fs::read(folder.path().join("undisturbed/results.json")).unwrap();
    let mut waits = (0..).map(|kill: u64| Duration::from_millis(20 + kill.wrapping_mul(7919) % 900));
    for _ in 0..kills() {
        let arguments = ["run", "killed.toml", "--out", "out", "--resume"];
        kill_after(herdlab(folder.path(), &arguments).spawn().unwrap(), waits.next().unwrap());
        let mut found = Vec::new();
        files(&folder.path().join("out"), &mut found);
        found.iter().for_each(|file| require_whole(file));
        if folder.path().join("out/index.html").exists() {
            // Done before it was killed: begin again, over the finished report.
            let output = herdlab(folder.path(), &["report", "out/results.json", "--out", "again"]).output();
            assert!(output.unwrap().status.success());
        }
    }
    let output =
        herdlab(folder.path(), &["run", "killed.toml", "--out", "out", "--resume"]).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    assert!(std::fs::read(folder.path().join("out/results.json")).unwrap() == expected, "the record differs");
    assert!(!folder.path().join("out/partial").exists(), "nothing is left to resume");
}

#[test]
fn resuming_uses_what_is_there_and_nothing_of_another_scenario() {
    let folder = folder();
    let resume = ["run", "killed.toml", "--out", "out", "--resume", "--duration", "2s"];
    let output = herdlab(folder.path(), &resume).output().unwrap();
    assert!(told(&output).contains("nothing to resume"), "{}", told(&output));

    // Kept by an interrupted run of the whole scenario: no part of the one cut short.
    let child = herdlab(folder.path(), &["run", "killed.toml", "--out", "out", "--resume"]).spawn().unwrap();
    let partial = folder.path().join("out/partial");
    for _ in 0..1000 {
        let mut kept = Vec::new();
        files(&partial, &mut kept);
        if kept.len() >= 3 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_after(child, Duration::ZERO);
    let output = herdlab(folder.path(), &resume).output().unwrap();
    assert!(told(&output).contains("nothing to resume"), "{}", told(&output));
    let output =
        herdlab(folder.path(), &["run", "killed.toml", "--out", "out", "--resume"]).output().unwrap();
    assert!(told(&output).contains("resuming: "), "{}", told(&output));
    assert!(output.status.success());
}

/// A file of a kept replication that somebody spoiled is simulated again.
#[test]
fn a_damaged_replication_is_not_used() {
    let folder = folder();
    let arguments = ["run", "killed.toml", "--out", "out", "--resume", "--variant", "cache"];
    let output = herdlab(folder.path(), &arguments).output().unwrap();
    let expected = std::fs::read(folder.path().join("out/results.json")).unwrap();
    assert!(output.status.success());
    let child = herdlab(folder.path(), &arguments).spawn().unwrap();
    let mut kept = Vec::new();
    while kept.is_empty() {
        std::thread::sleep(Duration::from_millis(5));
        files(&folder.path().join("out/partial"), &mut kept);
    }
    kill_after(child, Duration::ZERO);
    let text = std::fs::read_to_string(&kept[0]).unwrap();
    std::fs::write(&kept[0], &text[..text.len() / 2]).unwrap();
    let output = herdlab(folder.path(), &arguments).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    assert!(std::fs::read(folder.path().join("out/results.json")).unwrap() == expected);
}

/// A file system of 300 kB in a name space of its own; where the system allows none, the test says so.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_the_old_report() {
    let folder = folder();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=300k none out && echo '{{\"old\": true}}' > out/results.json && \
         {} run killed.toml --out out --duration 5s; code=$?; cat out/results.json; ls -A out >&2; exit $code",
        env!("CARGO_BIN_EXE_herdlab")
    );
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script])
        .current_dir(folder.path())
        .output();
    let Some(output) =
        output.ok().filter(|output| !told(output).contains("unshare") && !told(output).contains("mount:"))
    else {
        assert!(std::env::var_os("HERDLAB_NAMESPACES").is_none(), "this machine gives no name space");
        return eprintln!("not tried: this machine gives no name space for a small disk");
    };
    let told = told(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot write") && told.contains("No space left"), "{told}");
    // Either nothing of the new report or all of its record: never half of it.
    let results = String::from_utf8(output.stdout).unwrap();
    let json = results.find('{').map(|start| &results[start..]);
    let value: serde_json::Value = serde_json::from_str(json.unwrap()).unwrap();
    assert!(value["old"] == true || value["schema"] == 1, "{results}");
    assert!(!told.lines().any(|line| line.starts_with(".herdlab-")), "a temporary file is left: {told}");
}

fn refused(settings: &[&str]) -> String {
    let folder = folder();
    let output =
        herdlab(folder.path(), &["run", "killed.toml", "--out", "out"]).args(settings).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(!folder.path().join("out").exists());
    told(&output)
}

#[test]
fn a_run_beyond_its_limits_is_refused_before_it_starts() {
    let text = refused(&["--memory-limit", "1kB"]);
    assert!(text.contains("--memory-limit allows 1.0 kB") && text.contains("the largest part is"), "{text}");
    let text = refused(&["--time-limit", "100ms", "--replications", "1000"]);
    assert!(text.contains("the limit is less than a second") && text.contains("--time-limit"), "{text}");
    // A million times the rate is a matter of days, and told so at once.
    let text = refused(&["--set", "workload.arrivals={ poisson = { rate = 1e9 } }"]);
    assert!(text.contains("the limit is 24 h"), "{text}");
    let text = refused(&["--set", "workload.arrivals={ poisson = { rate = 1e300 } }"]);
    assert!(text.contains("years"), "{text}");
    let text = refused(&["--duration", "0s"]);
    assert!(text.contains("above zero"), "{text}");
    // A run of a nanosecond has hardly a request, and ends.
    let folder = folder();
    let output = herdlab(folder.path(), &["run", "killed.toml", "--duration", "1ns"]).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
}

/// A hundred times the load that the database can carry, and a queue without end.
#[test]
fn an_endless_queue_stops_with_a_clear_word() {
    for (extra, general) in [("", false), ("[clients]\ndeadline = \"1h\"\n", true)] {
        let source = format!(
            "question = \"?\"\nduration = \"100s\"\n{extra}[workload]\narrivals = {{ poisson = {{ rate = 10_000 }} }}\n\
             keys = 1000\n[database]\nservers = 1\nread = \"10ms\"\n"
        );
        let experiment = parse(&source, "x.toml", Path::new(""), &Overrides::default())
            .unwrap_or_else(|problems| panic!("{problems}"));
        let model = &experiment.variants[0].model;
        let tables = Arc::new(Tables::new(model, 1).unwrap());
        let engine = Engine::new(model, tables, 1, 0).unwrap().with_in_flight_limit(50_000);
        assert_eq!(engine.is_plain(), !general);
        match engine.run(&Control::default()) {
            Err(problem @ SimError::Overload { limit: 50_000, .. }) => {
                assert!(problem.to_string().contains("database.queue"), "{problem}");
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it ran to its end"),
        }
    }
}
