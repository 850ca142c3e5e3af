//! The WebAssembly module of the engine, run by Node.js without a browser: every bundled scenario leaves the bytes that it leaves
//! in the program.
//!
//! Needs the module (`scripts/what-if module`) and `node`, and says so where one is missing; with `HERDLAB_WHAT_IF=required` it
//! fails instead.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use herdlab::what_if::DIGEST;
use serde_json::json;

use super::{miniature, results, scenarios};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/what_if/module.mjs");

/// The module, if it is there and of these sources.
fn module() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../module/engine.wasm");
    let missing = match fs::read(&path) {
        Err(_) => "no module: scripts/what-if module builds it",
        Ok(bytes) if !bytes.windows(DIGEST.len()).any(|window| window == DIGEST.as_bytes()) => {
            "the module was built of other sources: scripts/what-if module builds it anew"
        }
        Ok(_) if Command::new("node").arg("--version").output().is_err() => "node is not installed",
        Ok(_) => return Some(path),
    };
    assert!(
        std::env::var("HERDLAB_WHAT_IF").as_deref() != Ok("required"),
        "HERDLAB_WHAT_IF=required, and {missing}"
    );
    eprintln!("skipped: {missing}");
    None
}

fn node(module: &Path, command: &str, folder: &Path) -> Output {
    Command::new("node").arg(SCRIPT).arg(module).arg(command).arg(folder).output().unwrap()
}

/// A folder with a file for each question of the script.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn every_scenario_leaves_the_same_bytes_in_the_module() {
    let Some(module) = module() else { return };
    let folder = folder("what-if-module");
    for scenario in scenarios() {
        let question = json!({ "source": scenario.source, "path": scenario.path() });
        fs::write(folder.join(format!("{}.json", scenario.name)), question.to_string()).unwrap();
    }
    let output = node(&module, "miniatures", &folder);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for scenario in scenarios() {
        let found = fs::read_to_string(folder.join(format!("{}.results", scenario.name))).unwrap();
        assert!(found == results(&miniature(scenario)), "{} differs", scenario.name);
    }
}

/// A trace that is handed over, unpacked, is replayed as the file is.
#[test]
fn a_recorded_workload_comes_with_the_scenario() {
    let Some(module) = module() else { return };
    let folder = folder("what-if-trace");
    let mut rows = String::from("time,key\n");
    (0..3_000).for_each(|row| rows.push_str(&format!("{},k{}\n", f64::from(row) / 300.0, row * row % 97)));
    let source = "question = \"?\"\nduration = \"9s\"\nwarmup = \"1s\"\nreplications = 2\n\
        workload = { arrivals = { trace = { file = \"trace.csv\", unit = \"s\" } } }\n\
        database = { read = { exponential = { mean = \"5ms\" } } }\n\
        [[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"2s\"\n[[variant]]\nname = \"a\"\n";
    fs::write(folder.join("trace.csv"), &rows).unwrap();
    let files = json!({ "trace.csv": rows });
    let question = json!({ "source": source, "path": "t.toml", "files": files });
    fs::write(folder.join("t.json"), question.to_string()).unwrap();
    let output = node(&module, "whole", &folder);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let overrides = herdlab::scenario::Overrides::default();
    let native = herdlab::scenario::parse(source, "t.toml", &folder, &overrides).unwrap();
    assert!(fs::read_to_string(folder.join("t.results")).unwrap() == results(&native));
}

/// What nobody thought of stops the instance, and its message is kept; a fresh instance goes on.
#[test]
fn a_trap_leaves_its_message() {
    let Some(module) = module() else { return };
    let output = node(&module, "trap", &folder("what-if-trap"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.contains("capacity overflow"), "{told}");
}
