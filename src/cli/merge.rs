//! `herdlab merge`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches};
use herdlab::experiment::run::RunError;
use herdlab::journal::{Collection, Header, Unfit, plan_file, write_round};
use herdlab::scenario::Diagnostics;

use super::output::{self, counted, tell};
use super::page::OpenArgs;
use super::run::Format;
use super::shard::{Merge, Origin};
use super::{Cli, Command, exit, headroom, recommend, run, sweep};

/// Merge the journals of shards: writes the report that one process would have written, byte for byte
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Folders with journals (shard-0-of-8.jsonl and so on), or the files
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Folder for the report [default: the first DIR]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Report the cells that are finished while shards are still running
    #[arg(long)]
    partial: bool,
    /// Replace any report in the folder
    #[arg(long)]
    force: bool,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write the results of the thresholds of a run to this file as JUnit XML; missing folders are created
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    open: OpenArgs,
    /// No table
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn execute(args: &MergeArgs) -> anyhow::Result<ExitCode> {
    let Collection { header, store, gaps, doubles, files, bytes } = collect(&args.folders)?;
    if !args.quiet {
        tell!(
            "{} of `herdlab {} {}`, {}",
            counted(files as u64, "journal"),
            header.command,
            header.words.join(" "),
            herdlab::units::approximate_bytes(bytes as f64)
        );
    }
    for double in &doubles {
        let (first, second) = (double.first.display(), double.second.display());
        tell!(
            "double: {first} and {second} have different results of one cell ({:?} {})",
            double.key.kind,
            double.key.id
        );
    }
    const NAMED_MAX: usize = 20;
    for gap in gaps.iter().take(NAMED_MAX) {
        let round = if gap.round > 1 { format!(" of round {}", gap.round) } else { String::new() };
        tell!("missing: shard {}{round}: {}", gap.index, gap.problem);
    }
    if gaps.len() > NAMED_MAX {
        tell!("missing: {} more", counted((gaps.len() - NAMED_MAX) as u64, "shard"));
    }
    if !doubles.is_empty() {
        tell!("nothing is merged: leave one journal of each shard");
        return Ok(ExitCode::from(exit::INCOMPLETE));
    }
    if !gaps.is_empty() && !args.partial {
        tell!("nothing is merged: run these shards again, or report what is there with --partial");
        return Ok(ExitCode::from(exit::INCOMPLETE));
    }
    // Journals in a file of their own: the folder of the first one.
    let beside = |path: &Path| match path.is_file() {
        true => herdlab::atomic::folder_of(path).to_owned(),
        false => path.to_owned(),
    };
    let out = args.out.clone().unwrap_or_else(|| beside(&args.folders[0]));
    let origin = Origin::Merge(Box::new(Merge::new(header.clone(), store, args.partial)));
    let written = match command(args, &header, &out)? {
        Command::Run(args) => run::execute_from(&args, &origin),
        Command::Sweep(args) => sweep::execute_from(&args, &origin),
        Command::Recommend(args) => recommend::execute_from(&args, &origin),
        Command::Headroom(args) => headroom::execute_from(&args, &origin),
        _ => Err(unknown(&header, "it has no shards").into()),
    };
    match written {
        Err(error) if matches!(error.downcast_ref(), Some(RunError::Unfinished { .. })) => {
            let Some(RunError::Unfinished { cells }) = error.downcast_ref() else { return Err(error) };
            next_round(args, &out, &header, *cells as u64)
        }
        Err(error) if args.partial && matches!(error.downcast_ref(), Some(RunError::Interrupted)) => {
            tell!("nothing can be reported yet");
            Ok(ExitCode::from(exit::INCOMPLETE))
        }
        other => other,
    }
}

fn collect(folders: &[PathBuf]) -> Result<Collection, Diagnostics> {
    Collection::of(folders).map_err(|problem| {
        let help = match &problem {
            Unfit::Empty { .. } => "shards leave theirs in the folder of --out: shard-0-of-8.jsonl and so on",
            Unfit::Mixed { .. } => {
                "merge the shards of one command: same scenario, seed, options and version"
            }
            Unfit::Schema { .. } => "merge with the version that wrote them, or run the shards again",
            Unfit::Scan(_) | Unfit::Folder { .. } => {
                "name the folders in which shards have left their journals"
            }
        };
        Diagnostics::general(problem.to_string(), vec![help.to_owned()])
    })
}

/// The command of the shards, with the outputs of this one.
fn command(args: &MergeArgs, header: &Header, out: &Path) -> Result<Command, Diagnostics> {
    let folder = if header.command == "recommend" { "--report" } else { "--out" };
    let mut line: Vec<std::ffi::OsString> = vec!["herdlab".into(), header.command.clone().into()];
    line.extend([folder.into(), out.into(), "--format".into()]);
    line.push(
        clap::ValueEnum::to_possible_value(&args.format)
            .map_or("table".into(), |value| value.get_name().into()),
    );
    line.extend(args.force.then(|| "--force".into()));
    line.extend(args.quiet.then(|| "--quiet".into()));
    line.extend(args.open.is_given().then(|| "--open".into()));
    if let Some(junit) = &args.junit {
        if header.command != "run" {
            let title = format!("--junit: `herdlab {}` judges no thresholds", header.command);
            return Err(Diagnostics::general(title, vec!["leave it out".to_owned()]));
        }
        line.extend(["--junit".into(), junit.into()]);
    }
    line.extend(header.words.iter().map(Into::into));
    let matches = Cli::command().try_get_matches_from(line);
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    let problem = |error: clap::Error| {
        unknown(header, error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: "))
    };
    parsed.map_err(problem)?.command.ok_or_else(|| unknown(header, "it has no command"))
}

fn unknown(header: &Header, problem: &str) -> Diagnostics {
    let title = format!(
        "`herdlab {} {}` is no command of this version: {problem}",
        header.command,
        header.words.join(" ")
    );
    Diagnostics::general(title, vec![format!("merge with herdlab {}", header.herdlab)])
}

/// Writes down what is known, so that the shards can go on.
fn next_round(args: &MergeArgs, out: &Path, header: &Header, cells: u64) -> anyhow::Result<ExitCode> {
    let round = header.round + 1;
    let path = out.join(plan_file(round));
    // The command has taken the first one.
    let known = collect(&args.folders)?.store;
    let header = Header { round, ..header.clone() };
    output::written(write_round(&path, &header, &known, cells), "--out DIR")?;
    tell!(
        "round {} is finished, and round {round} has {}: run the shards again with {} in their folder, then merge",
        round - 1,
        counted(cells, "simulation"),
        path.display()
    );
    Ok(ExitCode::from(exit::ROUND))
}
