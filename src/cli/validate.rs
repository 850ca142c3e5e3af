//! `herdlab validate`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};
use herdlab::experiment::run::{RunError, RunOptions};
use herdlab::report::validation::{Style, heading, line, total};
use herdlab::sim::{Control, SimError};
use herdlab::validate::{Effort, Finding, GROUPS, Stopped, Verdict};

use super::output::{Shown, tell};
use super::{exit, input, output, signals};

/// Compare the engine with theory: simulate every row of docs/validation.md on this machine
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Eight times the replications, and half the tolerance wherever theory is exact
    #[arg(long)]
    full: bool,

    /// Only these rows, by number
    #[arg(long = "row", value_name = "N", value_delimiter = ',')]
    rows: Vec<u8>,

    /// Format of the table
    #[arg(long, value_enum, default_value = "table")]
    format: Format,

    /// Worker threads; default: one per core
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    /// For docs/validation.md
    Md,
}

pub(crate) fn execute(args: &ValidateArgs) -> anyhow::Result<ExitCode> {
    let known = || GROUPS.iter().flat_map(|group| group.rows).copied();
    if let Some(unknown) = args.rows.iter().find(|row| !known().any(|known| known == **row)) {
        tell!("error: --row {unknown}: expected a row from 1 to {}", known().max().unwrap_or(0));
        return Ok(ExitCode::from(exit::USAGE));
    }
    let effort = if args.full { Effort::Full } else { Effort::Quick };
    let style = match args.format {
        Format::Table => Style::Terminal(output::stdout_style().0),
        Format::Md => Style::Markdown,
    };
    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let options = RunOptions { threads: input::threads(args.threads), control, ..RunOptions::default() };
    let mut shown = output::show(&heading(style));
    let mut findings: Vec<Finding> = Vec::new();
    let wanted = GROUPS
        .iter()
        .filter(|group| args.rows.is_empty() || group.rows.iter().any(|row| args.rows.contains(row)));
    for group in wanted {
        let found = match group.run(effort, &options) {
            Ok(found) => found,
            Err(problem) if is_interrupt(&problem) => {
                tell!("interrupted: {}", total(&findings));
                return Ok(ExitCode::from(exit::INTERRUPTED));
            }
            Err(problem) => bail!("{}: {problem}", group.title),
        };
        for finding in &found {
            // One message about a full disk is enough.
            shown = if shown == Shown::Whole { output::show(&line(finding, style)) } else { shown };
        }
        findings.extend(found);
    }
    tell!("{}", total(&findings));
    let sound = findings.iter().all(|finding| finding.verdict == Verdict::Holds);
    Ok(ExitCode::from(shown.code(if sound { exit::SUCCESS } else { exit::RUNTIME })))
}

fn is_interrupt(problem: &Stopped) -> bool {
    matches!(
        problem,
        Stopped::Interrupted
            | Stopped::Run(RunError::Interrupted | RunError::Simulation { source: SimError::Cancelled, .. })
    )
}
