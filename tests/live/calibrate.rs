//! `herdlab calibrate`: its library function and the command.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use herdlab::live::calibrate::{Plan, Probed, Queries, Written, measure};
use herdlab::live::servers::{Connections, RedisSettings, Servers, Spawn};
use herdlab::scenario::{Overrides, parse};
use herdlab::sim::Control;

use super::is_required;

const SCENARIO: &str = r#"
question = "How long do they take?"
duration = "4s"

[workload]
arrivals = { poisson = { rate = 100 } }
keys = 100
write_share = 0.1
value_size = "1kB"

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
network = "300us" # each way

[database]
read = "5ms"
"#;

fn servers() -> Servers {
    let connections = Connections { redis: 4, postgres: 4 };
    Servers::spawn(&Spawn { redis: RedisSettings::default(), connections, fsync: true }).unwrap()
}

fn plan(time: Duration) -> Plan {
    Plan { time, probed: Probed::new(1000, 200.0), rate_per_s: 200.0, control: Arc::new(Control::default()) }
}

#[test]
fn what_is_measured_is_a_scenario() {
    if !is_required() {
        return;
    }
    let servers = servers();
    let calibration = measure(&servers, &plan(Duration::from_secs(2))).unwrap();
    servers.finish().unwrap();
    assert_eq!(calibration.failed, 0);
    let (redis, postgres) = (&calibration.redis, &calibration.postgres);
    assert!(redis.get.count() > 50 && postgres.read.count() > 50);
    assert!(redis.service_ns.unwrap() > redis.execution_ns.0.unwrap());
    assert!(postgres.read.at(0.5) > postgres.read_service.at(0.5));
    assert!(redis.get.drift().is_some());

    let experiment = parse(SCENARIO, "own.toml", Path::new(""), &Overrides::default()).unwrap();
    let model = &experiment.variants[0].model;
    for queries in [Queries::OfAnApplication, Queries::Played, Queries::PlayedPlain] {
        let written = Written { calibration: &calibration, model, queries };
        let text = written.into_scenario(SCENARIO).unwrap();
        assert!(!text.contains("each way"), "{text}");
        let calibrated = parse(&text, "own.toml", Path::new(""), &Overrides::default()).unwrap();
        let mean_ns = calibrated.variants[0].model.database.read.mean_ns();
        let expected_ns = match queries {
            Queries::OfAnApplication => postgres.read_service.mean_ns(),
            Queries::Played => 5e6,
            Queries::PlayedPlain => postgres.read.mean_ns(),
        };
        // A table of quantiles smooths the tail.
        assert!((mean_ns / expected_ns - 1.0).abs() < 0.5, "{mean_ns} of {expected_ns}");
        written.fragment().parse::<toml::Table>().unwrap();
    }
}

#[test]
fn a_redis_that_comes_back_costs_probes_and_nothing_else() {
    if !is_required() {
        return;
    }
    let servers = servers();
    let control = servers.control().unwrap();
    let events = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(800));
        control.kill_redis().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        control.restart_redis().unwrap();
    });
    let calibration = measure(&servers, &plan(Duration::from_secs(3))).unwrap();
    events.join().unwrap();
    assert!(calibration.failed > 0 && calibration.redis.get.count() > 50);
    // The counters of Redis began anew.
    assert!(calibration.redis.service_ns.is_none_or(|ns| ns > 0.0));
}

/// The command in a folder of its own, which is the place of temporary files as well.
fn herdlab(folder: &Path, arguments: &str) -> assert_cmd::Command {
    std::fs::write(folder.join("own.toml"), SCENARIO).unwrap();
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_herdlab"));
    command.env("NO_COLOR", "1").current_dir(folder).args(arguments.split(' '));
    command
}

#[test]
fn a_measurement_that_cannot_be_leaves_no_file() {
    if !is_required() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let theirs = "--redis redis://127.0.0.1:1 --postgres postgres://me:secret@127.0.0.1:1/test";
    for (arguments, code, expected) in [
        ("calibrate own.toml --spawn --time 10ms --out times.toml".to_owned(), 2, "1s to 1h"),
        ("calibrate own.toml --spawn --rate 9000 --out times.toml".to_owned(), 2, "1 to 2000"),
        ("calibrate own.toml --out times.toml".to_owned(), 2, "--spawn"),
        ("calibrate own.toml --spawn --out own.toml".to_owned(), 2, "own.toml"),
        (format!("calibrate own.toml {theirs} --out times.toml"), 1, "is it running?"),
    ] {
        let output = herdlab(folder, &arguments).assert().code(code).get_output().clone();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(expected), "{arguments}: {told}");
        assert!(!folder.join("times.toml").exists());
    }
    let output = herdlab(folder, "calibrate own.toml --spawn")
        .env("PATH", folder)
        .assert()
        .code(2)
        .get_output()
        .clone();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("Debian: redis-server") || told.contains("Debian: postgresql"), "{told}");
}

#[test]
fn a_program_that_is_killed_leaves_no_server() {
    if is_required() {
        killed_once(&["redis.log", "data/postmaster.pid"]);
    }
}

#[test]
fn a_program_that_is_killed_before_its_servers_run_leaves_no_folder() {
    if is_required() {
        // The first folder that initdb makes.
        killed_once(&["data/global"]);
    }
}

/// Kills the program soon after these files are there.
fn killed_once(files: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.toml"), SCENARIO).unwrap();
    // PostgreSQL may run as another user, who has to reach its folder.
    let temporary = tempfile::Builder::new().permissions(world()).tempdir_in("/tmp").unwrap();
    let folders = || {
        std::fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let wait = |reached: &dyn Fn() -> bool, every_ms: u64| {
        (0..60_000 / every_ms).any(|_| {
            std::thread::sleep(Duration::from_millis(every_ms));
            reached()
        })
    };
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_herdlab"))
        .args(["calibrate", "own.toml", "--spawn", "--time", "60s", "--quiet"])
        .current_dir(folder.path())
        .env("TMPDIR", temporary.path())
        .spawn()
        .unwrap();
    let is_there = |file: &&str| folders().iter().any(|folder| folder.join(file).exists());
    assert!(wait(&|| files.iter().all(is_there), 2), "the servers did not start");
    // Those that look after them start a moment after the servers.
    if files.contains(&"redis.log") {
        std::thread::sleep(Duration::from_secs(1));
    }
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(wait(&|| folders().is_empty(), 50), "folders of servers are left");
}

fn world() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o777)
}
