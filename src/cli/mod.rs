//! The command line: options in, exit code out.

mod calibrate;
mod check;
mod claims;
mod compare;
mod compare_strategies;
mod contents;
mod diff;
mod emit;
mod explain;
mod fit;
mod headroom;
mod help;
mod import;
mod init;
mod input;
mod list;
mod live;
mod log;
mod merge;
mod mrc;
mod output;
mod page;
mod places;
mod progress;
mod recommend;
mod report;
mod revisions;
mod run;
mod schema;
mod servers;
mod settings;
mod shard;
mod shell;
mod signals;
mod sweep;
mod trace;
mod validate;
mod verdict;
mod watch;
mod what_if;
mod whole;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use herdlab::experiment::run::RunError;
use herdlab::scenario::Diagnostics;
use herdlab::sim::SimError;
use output::tell;

/// What will this cache change do to the database?
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true)]
struct Cli {
    /// Without one, the guide is printed.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Calibrate(calibrate::CalibrateArgs),
    Check(check::CheckArgs),
    Claims(claims::ClaimsArgs),
    Compare(compare::CompareArgs),
    CompareStrategies(compare_strategies::CompareStrategiesArgs),
    Completions(shell::CompletionsArgs),
    Diff(diff::DiffArgs),
    Emit(emit::EmitArgs),
    Explain(explain::ExplainArgs),
    Fit(fit::FitArgs),
    Headroom(headroom::HeadroomArgs),
    Import(import::ImportArgs),
    Init(init::InitArgs),
    List(list::ListArgs),
    Live(live::LiveArgs),
    Man(shell::ManArgs),
    Merge(merge::MergeArgs),
    Mrc(mrc::MrcArgs),
    Recommend(recommend::RecommendArgs),
    Report(report::ReportArgs),
    Schema(schema::SchemaArgs),
    Sweep(sweep::SweepArgs),
    Trace(trace::TraceArgs),
    Validate(validate::ValidateArgs),
    Verdict(verdict::VerdictArgs),
    WhatIf(what_if::WhatIfArgs),
}

/// Why a command ended; each has its exit code.
pub(crate) mod exit {
    /// All is well.
    pub const SUCCESS: u8 = 0;
    /// Something went wrong while running.
    pub const RUNTIME: u8 = 1;
    /// The command line or the scenario is wrong.
    pub const USAGE: u8 = 2;
    /// `herdlab merge`: cells are missing, or there twice with different results.
    pub const INCOMPLETE: u8 = 3;
    /// `herdlab merge`: the shards have to compute another round.
    pub const ROUND: u8 = 4;
    /// `herdlab live`: requests began too late for a measurement.
    #[cfg(feature = "live")]
    pub const LATE: u8 = 97;
    /// A threshold is broken, or a comparison shows a regression.
    pub const GATE: u8 = 99;
    /// `herdlab recommend`: nothing is certain to keep all limits; `herdlab headroom`: no tested value keeps them; `herdlab fit`: no
    /// setting agrees with production, or a check fails.
    pub const NOTHING_FITS: u8 = 98;
    /// Stopped by Ctrl-C, SIGTERM or SIGHUP.
    pub const INTERRUPTED: u8 = 130;
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    if let Err(error) = signals::listen() {
        // Not a reason to run nothing: the system's own way of ending a program is left.
        tell!("note: signals are not caught: {error}");
    }
    let command = match parsed() {
        Ok(Cli { command: Some(command) }) => command,
        Ok(Cli { command: None }) => return output::show(&help::guide(width())).done(),
        Err(message) => return ExitCode::from(print(&message)),
    };
    let result = match command {
        Command::Run(args) => run::execute(&args),
        Command::Calibrate(args) => calibrate::execute(&args),
        Command::Check(args) => check::execute(&args),
        Command::Claims(args) => claims::execute(&args),
        Command::Compare(args) => compare::execute(&args),
        Command::CompareStrategies(args) => compare_strategies::execute(&args),
        Command::Completions(args) => {
            shell::completions(&args, help::with_examples(Cli::command(), usize::MAX))
        }
        Command::Diff(args) => diff::execute(&args),
        Command::Emit(args) => emit::execute(&args),
        Command::Explain(args) => explain::execute(&args),
        Command::Fit(args) => fit::execute(&args),
        Command::Headroom(args) => headroom::execute(&args),
        Command::Import(args) => import::execute(&args),
        Command::Init(args) => init::execute(&args),
        Command::List(args) => list::execute(&args),
        Command::Live(args) => live::execute(&args),
        Command::Merge(args) => merge::execute(&args),
        Command::Man(args) => shell::man(&args, help::with_examples(Cli::command(), usize::MAX)),
        Command::Mrc(args) => mrc::execute(&args),
        Command::Recommend(args) => recommend::execute(&args),
        Command::Report(args) => report::execute(&args),
        Command::Schema(args) => schema::execute(&args),
        Command::Sweep(args) => sweep::execute(&args),
        Command::Trace(args) => trace::execute(&args),
        Command::Validate(args) => validate::execute(&args),
        Command::Verdict(args) => verdict::execute(&args),
        Command::WhatIf(args) => what_if::execute(&args),
    };
    result.unwrap_or_else(|error| ExitCode::from(explain(&error)))
}

/// Columns of standard output.
fn width() -> usize {
    usize::from(output::stdout_style().0)
}

/// The arguments of this process.
fn parsed() -> Result<Cli, clap::Error> {
    let mut command = help::grouped(Cli::command(), width());
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Prints a message of clap: help and version are results, all else is a mistake in the command line.
fn print(message: &clap::Error) -> u8 {
    let printed = message.print();
    match message.use_stderr() {
        true => exit::USAGE,
        false => output::shown(printed).code(exit::SUCCESS),
    }
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
    if let Some(output::Unwritten(problems)) = error.downcast_ref() {
        output::tell_text(&problems.render_within(output::stderr_style()));
        return exit::RUNTIME;
    }
    match error.downcast_ref::<Diagnostics>() {
        Some(problems) => {
            output::tell_text(&problems.render_within(output::stderr_style()));
            exit::USAGE
        }
        None => {
            tell!("error: {}", told(error));
            match error.downcast_ref::<RunError>() {
                // The scenario is at fault.
                Some(
                    RunError::TooShort(_)
                    | RunError::Silent { .. }
                    | RunError::Simulation { source: SimError::NoProgress { .. }, .. },
                ) => exit::USAGE,
                _ => exit::RUNTIME,
            }
        }
    }
}
