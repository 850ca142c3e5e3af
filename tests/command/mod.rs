//! The binary under test.

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
