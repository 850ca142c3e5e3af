//! Whatever happens to a run, what it leaves is whole, and what it was asked for is not silently less.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use herdlab::experiment::cells::Cells;
use herdlab::experiment::observe::{Observer, Step};
use herdlab::experiment::run::{RunError, RunOptions, run};
use herdlab::journal::{Header, scan};
use herdlab::model::Experiment;
use herdlab::scenario::{Overrides, parse};
use herdlab::sim::bounds::Reached;
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
        // A line may be cut short; those before it are whole.
        Some("jsonl") => scan(file).is_ok(),
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
    let resume = ["run", "killed.toml", "--out", "out", "--resume", "--force", "--duration", "2s"];
    let output = herdlab(folder.path(), &resume).output().unwrap();
    assert!(told(&output).contains("nothing to resume"), "{}", told(&output));

    // Kept by an interrupted run of the whole scenario: no part of the one cut short.
    let whole = ["run", "killed.toml", "--out", "out", "--resume", "--force"];
    let child = herdlab(folder.path(), &whole).spawn().unwrap();
    let partial = folder.path().join("out/partial");
    for _ in 0..1000 {
        if kept(&partial) >= 3 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_after(child, Duration::ZERO);
    let output = herdlab(folder.path(), &resume).output().unwrap();
    assert!(told(&output).contains("nothing to resume"), "{}", told(&output));
    let output = herdlab(folder.path(), &whole).output().unwrap();
    assert!(told(&output).contains("resuming: "), "{}", told(&output));
    assert!(output.status.success());
}

/// Simulations in the journals of a folder.
fn kept(folder: &Path) -> u64 {
    let mut found = Vec::new();
    files(folder, &mut found);
    found.iter().filter_map(|file| scan(file).ok()).map(|scan| scan.cells).sum()
}

/// A line of a kept replication that somebody spoiled is simulated again.
#[test]
fn a_damaged_replication_is_not_used() {
    let folder = folder();
    let arguments = ["run", "killed.toml", "--out", "out", "--resume", "--variant", "cache"];
    let output = herdlab(folder.path(), &arguments).output().unwrap();
    let expected = std::fs::read(folder.path().join("out/results.json")).unwrap();
    assert!(output.status.success());
    let child = herdlab(folder.path(), &arguments).spawn().unwrap();
    let partial = folder.path().join("out/partial");
    while kept(&partial) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_after(child, Duration::ZERO);
    let mut journals = Vec::new();
    files(&partial, &mut journals);
    let text = std::fs::read_to_string(&journals[0]).unwrap();
    let place = text.find("\"result\":{\"requests\":").unwrap() + 24;
    std::fs::write(&journals[0], format!("{}0{}", &text[..place], &text[place..])).unwrap();
    let output = herdlab(folder.path(), &arguments).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    assert!(std::fs::read(folder.path().join("out/results.json")).unwrap() == expected);
}

/// A file system that has room for `old` and hardly more, in a name space of its own: what the command says there. `old` must
/// not change. Where the system allows no name space, the test says so.
#[cfg(target_os = "linux")]
fn on_a_full_disk(folder: &Path, command: &str) -> Option<String> {
    let mut found = Vec::new();
    files(&folder.join("old"), &mut found);
    let blocks = |file: &PathBuf| std::fs::metadata(file).unwrap().len().div_ceil(4096) + 1;
    let kilobytes = found.iter().map(blocks).sum::<u64>() * 4 + 40;
    let program = env!("CARGO_BIN_EXE_herdlab");
    let script = format!(
        "mount -t tmpfs -o size={kilobytes}k none out && cp -r old/. out && {program} {command}; code=$?; \
         diff -r old out >&2 && exit $code"
    );
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script])
        .current_dir(folder)
        .output();
    let Some(output) =
        output.ok().filter(|output| !told(output).contains("unshare") && !told(output).contains("mount:"))
    else {
        assert!(std::env::var_os("HERDLAB_NAMESPACES").is_none(), "this machine gives no name space");
        eprintln!("not tried: this machine gives no name space for a small disk");
        return None;
    };
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    Some(told(&output))
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_the_old_report() {
    let sweep = "sweep killed.toml --sweep tier.l2.ttl=1s,10s --replications 2";
    for command in ["run killed.toml", sweep] {
        let folder = folder();
        let arguments = format!("{command} --out old --duration 2s");
        let output = herdlab(folder.path(), &arguments.split(' ').collect::<Vec<_>>()).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
        std::fs::create_dir(folder.path().join("out")).unwrap();
        let Some(told) = on_a_full_disk(folder.path(), &format!("{command} --out out --force --duration 5s"))
        else {
            return;
        };
        assert!(told.contains("cannot write out/") && told.contains("No space left"), "{told}");
        assert!(told.contains("free some room") && told.contains("--out DIR"), "{told}");
        assert!(!told.contains(".herdlab-"), "a temporary file is left or named: {told}");
    }
}

/// The journal of a run that resumes.
fn journal(folder: &Path, experiment: &Experiment) -> Cells {
    let of = (experiment.digest.as_str(), experiment.seed);
    let header = Header::new("run", Vec::new(), &experiment.source_path, of, std::iter::empty());
    Cells::resumable(folder.join("journal.jsonl"), header, true)
}

/// A run that turns out to be long keeps what it has finished before as well; a short one leaves nothing on the disk.
#[test]
fn finished_replications_are_kept_once_a_run_is_long() {
    let folder = folder();
    let experiment = parse(SCENARIO, "killed.toml", Path::new(""), &Overrides::default()).unwrap();
    let due = Duration::from_millis(500);
    for (slow, expected) in [(false, 0), (true, 16)] {
        let out = folder.path().join(format!("slow-{slow}"));
        let after = if slow { due } else { Duration::from_secs(3600) };
        let observer = Observer::new(move |step: &Step<'_>| {
            if let Step::Simulated { replication: 2, variant: "cache", .. } = step
                && slow
            {
                std::thread::sleep(2 * due);
            }
        });
        let cells = Some(Arc::new(journal(&out, &experiment).after(after, true)));
        let options = RunOptions { threads: 1, cells, observer, ..RunOptions::default() };
        run(&experiment, &options).unwrap();
        assert_eq!(kept(&out), expected);
        assert_eq!(out.exists(), slow);
    }
}

/// A replication that was kept without its latencies by part is of no use to a run that explains them, one with them is to both.
#[test]
fn what_was_kept_without_a_breakdown_is_simulated_again_for_one() {
    let folder = folder();
    let short = Overrides { duration: Some("2s".to_owned()), replications: Some(2), ..Overrides::default() };
    let experiment = parse(SCENARIO, "killed.toml", Path::new(""), &short).unwrap();
    let resumed = |why| {
        let taken = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&taken);
        let observer = Observer::new(move |step: &Step<'_>| {
            if let Step::Kept { .. } = step {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let cells = Some(Arc::new(journal(&folder.path().join("out"), &experiment)));
        let options = RunOptions { threads: 1, cells, observer, why, ..RunOptions::default() };
        let record = run(&experiment, &options).unwrap().record;
        (taken.load(Ordering::Relaxed), record)
    };
    let (taken, plain) = resumed(false);
    assert_eq!((taken, plain.variants[0].breakdown.is_none()), (0, true));
    let (taken, explained) = resumed(true);
    assert_eq!((taken, explained.variants[0].breakdown.is_some()), (0, true));
    let (taken, again) = resumed(true);
    assert!(taken == 4 && again == explained, "{taken} were taken from the disk");
    let (taken, without) = resumed(false);
    assert!(taken == 4 && without == plain, "{taken} were taken from the disk");
}

#[test]
fn what_a_run_of_another_seed_has_left_is_told() {
    let folder = folder();
    let left = folder.path().join("out/partial/0123456789abcdef.jsonl");
    std::fs::create_dir_all(left.parent().unwrap()).unwrap();
    std::fs::write(&left, "").unwrap();
    let output =
        herdlab(folder.path(), &["run", "killed.toml", "--out", "out", "--duration", "2s"]).output().unwrap();
    let told = told(&output);
    assert!(
        told.contains("out/partial/0123456789abcdef.jsonl") && told.contains("it can be deleted"),
        "{told}"
    );
    assert!(left.exists());
}

/// No folder is left by a run that ends before it has anything to write.
#[test]
fn a_run_that_is_killed_early_leaves_no_empty_folder() {
    let folder = folder();
    let arguments = ["run", "killed.toml", "--out", "reports/out", "--duration", "1h"];
    kill_after(herdlab(folder.path(), &arguments).spawn().unwrap(), Duration::from_millis(300));
    assert!(!folder.path().join("reports").exists());
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
    assert!(text.contains("the limit is 100 ms") && text.contains("--time-limit"), "{text}");
    // A million times the rate is a matter of days, and told so at once.
    let text = refused(&["--set", "workload.arrivals={ poisson = { rate = 1e9 } }"]);
    assert!(text.contains("the limit is 24 h"), "{text}");
    let text = refused(&["--set", "workload.arrivals={ poisson = { rate = 1e300 } }"]);
    assert!(text.contains("years"), "{text}");
    let text = refused(&["--duration", "0s"]);
    assert!(text.contains("above zero"), "{text}");
    // A run of a nanosecond has not a single request: it ends, and has nothing to report.
    let text = refused(&["--duration", "1ns"]);
    assert!(text.contains("not one request in the measured part"), "{text}");
}

/// What an estimate did not foresee ends when the limit is reached, with whole replications.
#[test]
fn a_run_that_reaches_a_limit_ends_with_what_is_finished() {
    let experiment = parse(SCENARIO, "killed.toml", Path::new(""), &Overrides::default()).unwrap();
    let ended_by = |set: &dyn Fn(&Control)| {
        let options = RunOptions { threads: 1, ..RunOptions::default() };
        set(&options.control);
        let outcome = run(&experiment, &options);
        (options.control.bounds.reached(), outcome)
    };
    let (reached, outcome) = ended_by(&|control| control.bounds.set(Duration::ZERO, None));
    assert_eq!(reached, Some(Reached::Time));
    assert!(matches!(outcome, Err(RunError::Interrupted)));
    let (reached, outcome) = ended_by(&|control| control.bounds.set(Duration::MAX, None));
    assert_eq!((reached, outcome.unwrap().interrupted), (None, false));

    // The limit falls in the third replication: the first two are whole.
    let options = RunOptions { threads: 1, ..RunOptions::default() };
    let control = Arc::clone(&options.control);
    let observer = Observer::new(move |step: &Step<'_>| {
        if let Step::Simulated { replication: 1, variant: "no cache", .. } = step {
            control.bounds.set(Duration::ZERO, None);
        }
    });
    let outcome = run(&experiment, &RunOptions { observer, ..options }).unwrap();
    assert!(outcome.interrupted);
    assert_eq!(outcome.record.scenario.finished, 2);
}

/// The process has more than a megabyte in any case.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_limited_while_running() {
    let experiment = parse(SCENARIO, "killed.toml", Path::new(""), &Overrides::default()).unwrap();
    let options = RunOptions { threads: 2, ..RunOptions::default() };
    options.control.bounds.set(Duration::MAX, Some(1_000_000));
    assert!(matches!(run(&experiment, &options), Err(RunError::Interrupted)));
    assert_eq!(options.control.bounds.reached(), Some(Reached::Memory));
}

/// The command line of the same: exit code 2, and the way out.
#[test]
fn a_limit_that_is_reached_is_told_with_the_way_out() {
    let folder = folder();
    // Twenty requests each are soon simulated; what each simulation begins and ends with is not estimated, and takes longer.
    let scenario = SCENARIO.replace("rate = 1000", "rate = 20").replace("200s", "1s");
    std::fs::write(folder.path().join("short.toml"), scenario).unwrap();
    let arguments = [
        "run",
        "short.toml",
        "--out",
        "out",
        "--time-limit",
        "5ms",
        "--replications",
        "100",
        "--threads",
        "1",
    ];
    let output = herdlab(folder.path(), &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let text = told(&output);
    assert!(text.contains("--time-limit") && text.contains("the limit"), "{text}");
}

/// A record of a hundred thousand values of each measure, or of thousands of variants.
#[test]
fn what_cannot_be_written_is_refused_before_it_is_run() {
    let text = refused(&["--replications", "100000", "--duration", "1ms"]);
    assert!(text.contains("results.json would take about") && text.contains("fewer of either"), "{text}");
    let folder = folder();
    let variants: String = (0..2_000).map(|number| format!("[[variant]]\nname = \"v{number}\"\n")).collect();
    let scenario = SCENARIO.split("[[variant]]").next().unwrap().replace("200s", "100ms") + &variants;
    std::fs::write(folder.path().join("many.toml"), scenario).unwrap();
    let output = herdlab(folder.path(), &["check", "many.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("herdlab sweep"), "{}", told(&output));
}

/// A hundred times the load that the database can carry, and a queue without end.
#[test]
fn an_endless_queue_stops_with_a_clear_word() {
    for extra in ["", "[clients]\ndeadline = \"1h\"\n"] {
        let source = format!(
            "question = \"?\"\nduration = \"100s\"\n{extra}[workload]\narrivals = {{ poisson = {{ rate = 10_000 }} }}\n\
             keys = 1000\n[database]\nservers = 1\nread = \"10ms\"\n"
        );
        let experiment = parse(&source, "x.toml", Path::new(""), &Overrides::default())
            .unwrap_or_else(|problems| panic!("{problems}"));
        let model = &experiment.variants[0].model;
        let tables = Arc::new(Tables::new(model, 1).unwrap());
        let engine = Engine::new(model, tables, 1, 0).unwrap().with_in_flight_limit(50_000);
        match engine.run(&Control::default()) {
            Err(problem @ SimError::Overload { limit: 50_000, .. }) => {
                assert!(problem.to_string().contains("database.queue"), "{problem}");
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it ran to its end"),
        }
    }
}
