//! The program as its users meet it: what it prints, what it leaves, and its exit codes.

mod claims;
mod cli;
mod comfort;
mod compare;
mod diff;
mod init;
#[cfg(unix)]
mod interrupt;
mod over;
mod places;
mod records;
mod streams;
mod terminal;
mod verdict;
mod worlds;

use assert_cmd::Command;

/// The command, without colours.
pub fn herdlab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_herdlab"));
    command.env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
    command
}

/// What it prints where it succeeds.
pub fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

/// What it says where it ends with this code.
pub fn stderr(command: &mut Command, code: i32) -> String {
    String::from_utf8(command.assert().code(code).get_output().stderr.clone()).unwrap()
}

/// A scenario that runs in a moment.
pub const TINY: &str = r#"
name = "tiny"
question = "Does a cache help?"
duration = "10s"
replications = 6

[workload]
arrivals = { poisson = { rate = 200 } }
keys = 100

[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"

[database]
read = "5ms"

[[variant]]
name = "cache"

[[variant]]
name = "no cache"
set = { "tier.l2.enabled" = false }
"#;

/// A folder with `tiny.toml`, and the command in it.
pub fn tiny() -> (tempfile::TempDir, Command) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    let mut command = herdlab();
    command.current_dir(folder.path());
    (folder, command)
}
