//! Ctrl-C ends a command at once, however much simulated time a window takes.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A thousand million requests in a single window, all of which an event brings about.
const BUSY: &str = r#"
question = "Does the first interrupt end it?"
duration = "20s"
window = "20s"
replications = 1
[workload]
arrivals = { closed = { users = 50, think = "1us" } }
keys = 1
[[tier]]
name = "l1"
scope = "instance"
ttl = "none"
[database]
read = "5ms"
"#;

/// Waits for something for up to a minute, which is far more than it takes.
fn within_a_minute<T>(mut poll: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        match poll() {
            Some(found) => return Some(found),
            None if started.elapsed() > Duration::from_secs(60) => return None,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
    assert!(sent.expect("there is a `kill`").success());
}

#[test]
fn the_first_interrupt_ends_a_run_within_a_window() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("busy.toml"), BUSY).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_herdlab"))
        .current_dir(folder.path())
        .args(["run", "busy.toml", "--quiet", "--log", "log.jsonl", "--time-limit", "10h"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // By the time the scenario is checked, the signal is listened to.
    let begun = within_a_minute(|| {
        let log = std::fs::read_to_string(at("log.jsonl")).unwrap_or_default();
        log.contains("\"checked\"").then_some(())
    });
    assert!(begun.is_some(), "it begins");
    signal(&child, "INT");
    let ended = within_a_minute(|| child.try_wait().unwrap());
    if ended.is_none() {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(130), "{told}");
    assert!(told.contains("interrupted"), "{told}");
}
