//! Commands in parts: whatever the number of parts and the order of their ends, the report has the bytes of one process.

mod bad_input;
mod emitted;
mod rounds;
mod same_bytes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A scenario that runs in a moment.
pub const TINY: &str = r#"
name = "tiny"
question = "How long, and for how many keys?"
duration = "4s"
replications = 5

[workload]
arrivals = { poisson = { rate = 100 } }
keys = 100

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"

[database]
read = { exponential = { mean = "5ms" } }

[sweep]
measures = ["hit_ratio", "db.qps.mean"]

[sweep.axes]
"tier.l2.ttl" = ["1s", "2s", "4s"]
"workload.keys" = [50, 100]

[[variant]]
name = "cache"

[[variant]]
name = "no cache"
set = { "tier.l2.enabled" = false }
"#;

/// Variables that engines set.
const VARIABLES: [&str; 6] = [
    "SLURM_ARRAY_TASK_ID",
    "SLURM_ARRAY_TASK_MIN",
    "SLURM_ARRAY_TASK_COUNT",
    "JOB_COMPLETION_INDEX",
    "AWS_BATCH_JOB_ARRAY_INDEX",
    "PARALLEL_SEQ",
];

pub fn folder(scenario: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.toml"), scenario).unwrap();
    folder
}

/// The program in a folder, without the variables of any engine.
pub fn command(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herdlab"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.current_dir(folder).args(line.split(' ')).stdin(Stdio::null());
    command
}

pub fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Ends with this code; gives standard error.
#[track_caller]
pub fn ends(folder: &Path, line: &str, code: i32) -> String {
    let output = command(folder, line).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}: {}", told(&output));
    told(&output)
}

/// Runs all parts in an order, each into the same folder.
#[track_caller]
pub fn shards(folder: &Path, line: &str, of: u32, order: impl Iterator<Item = u32>) {
    for index in order {
        ends(folder, &format!("{line} --shard {index}/{of} --quiet"), 0);
    }
}

/// The files below a folder with their bytes; without journals, and without what depends on the machine.
pub fn report(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                left.push(path);
            } else if !name.ends_with(".jsonl") && name != "timings.json" {
                let inside = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(inside, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[track_caller]
pub fn same(folder: &Path, one: &str, other: &str) {
    let (one, other) = (report(&folder.join(one)), report(&folder.join(other)));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    assert!(one.len() > 3);
    for (name, bytes) in &one {
        assert!(*bytes == other[name], "{} differs", name.display());
    }
}
