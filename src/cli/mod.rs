//! The command line: options in, exit code out.

mod check;
mod claims;
mod compare_strategies;
mod init;
mod input;
mod list;
mod mrc;
mod output;
mod progress;
mod report;
mod run;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use herdlab::experiment::run::RunError;
use herdlab::scenario::Diagnostics;

/// What will this cache change do to the database?
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Check(check::CheckArgs),
    Claims(claims::ClaimsArgs),
    CompareStrategies(compare_strategies::CompareStrategiesArgs),
    Init(init::InitArgs),
    List(list::ListArgs),
    Mrc(mrc::MrcArgs),
    Report(report::ReportArgs),
    Validate(validate::ValidateArgs),
}

/// Why a command ended; each has its exit code.
pub(crate) mod exit {
    /// Something went wrong while running.
    pub const RUNTIME: u8 = 1;
    /// The command line or the scenario is wrong.
    pub const USAGE: u8 = 2;
    /// A threshold is broken, or a comparison shows a regression.
    pub const GATE: u8 = 99;
    /// Stopped by Ctrl-C.
    pub const INTERRUPTED: u8 = 130;
}

/// Runs the command that the arguments ask for.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::execute(&args),
        Command::Check(args) => check::execute(&args),
        Command::Claims(args) => claims::execute(&args),
        Command::CompareStrategies(args) => compare_strategies::execute(&args),
        Command::Init(args) => init::execute(&args),
        Command::List(args) => list::execute(&args),
        Command::Mrc(args) => mrc::execute(&args),
        Command::Report(args) => report::execute(&args),
        Command::Validate(args) => validate::execute(&args),
    };
    result.unwrap_or_else(|error| ExitCode::from(explain(&error)))
}

/// An error and what caused it; a cause that the error has named already is not repeated.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        known if known.ends_with(&cause) => text,
        known => format!("{known}: {cause}"),
    })
}

/// Shows an error; gives its exit code.
fn explain(error: &anyhow::Error) -> u8 {
    if output::is_broken_pipe(error) {
        // Whoever reads our output has seen enough.
        return 0;
    }
    match error.downcast_ref::<Diagnostics>() {
        Some(problems) => {
            eprint!("{}", problems.render(output::color_on_stderr()));
            exit::USAGE
        }
        None => {
            eprintln!("error: {}", told(error));
            match error.downcast_ref::<RunError>() {
                // The scenario asks for what it cannot have.
                Some(RunError::TooShort { .. }) => exit::USAGE,
                _ => exit::RUNTIME,
            }
        }
    }
}
