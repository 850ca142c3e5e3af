//! The report as its readers meet it: opened from disk in a headless Chromium, which is pointed, clicked and typed at.
//!
//! Needs Debian's `chromium` and says so where it is missing; `HERDLAB_BROWSER=required cargo test --test browser` fails
//! instead. The pictures that it takes are in `target/tmp/browser/`, to be looked at.
#![cfg(unix)]

mod address;
mod devtools;
mod numbers;
mod over;
mod paper;
mod pointing;
mod quiet;
mod recommend;
mod saving;
mod sweeps;
mod what_if;
mod whole;

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use assert_cmd::Command;
use devtools::Browser;

/// Scenarios whose reports are opened: many variants side by side, few variants together, events and failures.
const SCENARIOS: [&str; 3] = ["stampede", "tiers", "cold-start"];

/// Runs a test with a browser of its own, unless there is none.
fn with_browser(test: impl FnOnce(&mut Browser)) {
    // One at a time: each of them keeps both cores busy.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match Browser::start() {
        Some(mut browser) => test(&mut browser),
        None if std::env::var("HERDLAB_BROWSER").is_ok_and(|value| value == "required") => {
            panic!("HERDLAB_BROWSER=required, and no Chromium is installed")
        }
        None => eprintln!("skipped: no Chromium (apt-get install chromium)"),
    }
}

/// Where reports and pictures of these tests lie.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("browser")
}

fn herdlab(arguments: &[&str]) {
    Command::new(env!("CARGO_BIN_EXE_herdlab")).args(arguments).assert().success();
}

/// The report of a bundled scenario with few replications, run once for all tests.
fn report(scenario: &str) -> PathBuf {
    static REPORTS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let reports = REPORTS.get_or_init(|| {
        let run = |scenario: &&str| {
            let out = folder().join(scenario);
            let out_text = out.to_str().unwrap();
            herdlab(&["run", scenario, "--replications", "6", "--quiet", "--out", out_text]);
            out.join("index.html")
        };
        SCENARIOS.iter().map(run).collect()
    });
    reports[SCENARIOS.iter().position(|name| *name == scenario).unwrap()].clone()
}
