//! `herdlab emit`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, ValueEnum};
use herdlab::atomic;
use herdlab::jobs::{self, Engine, Job};
use herdlab::model::Experiment;
use herdlab::scenario::Diagnostics;
use herdlab::scenario::estimate::Plan;

use super::output::tell;
use super::places::{Places, refuse_to_replace};
use super::{Cli, Command, headroom, input, output, recommend, run, shard, sweep};

/// Write the job file that spreads a command over Slurm, Kubernetes, GitHub Actions or GNU parallel: its parts as an array, then
/// their merge
#[derive(Debug, Args)]
pub(crate) struct EmitArgs {
    #[arg(value_enum)]
    engine: EngineName,
    /// Parts, a task for each
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    tasks: u32,
    /// Threads of a task
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,
    /// Container image for Kubernetes
    #[arg(long, value_name = "IMAGE", default_value = concat!("herdlab:", env!("CARGO_PKG_VERSION")))]
    image: String,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file
    #[arg(long)]
    force: bool,
    /// The command with its options: `sweep my.toml --out swept`
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EngineName {
    Slurm,
    Kubernetes,
    Github,
    Parallel,
}

/// A command as its own file prepares it.
pub(crate) struct Prepared {
    pub experiment: Experiment,
    /// Of the whole command on the threads of a task.
    pub plan: Plan,
    /// The folder of its report.
    pub folder: PathBuf,
    /// Why it takes several rounds, if it does.
    pub rounds: Option<&'static str>,
}

pub(crate) fn execute(args: &EmitArgs) -> anyhow::Result<ExitCode> {
    let line = std::iter::once("herdlab").chain(args.command.iter().map(String::as_str));
    let command = Cli::command();
    let refused = |error: clap::Error| {
        let text = error.to_string();
        let problem = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Diagnostics::general(
            format!("`herdlab {}`: {problem}", args.command.join(" ")),
            vec![
                "write it as it would be run: herdlab emit slurm --tasks 8 sweep my.toml --out swept"
                    .to_owned(),
            ],
        )
    };
    let matches = match command.clone().try_get_matches_from(line) {
        // Help of the command behind this one.
        Err(help) if !help.use_stderr() => return Ok(ExitCode::from(super::print(&help))),
        matches => matches.map_err(refused)?,
    };
    let Some((name, own)) = matches.subcommand() else { return Err(no_parts(&args.command[0]).into()) };
    let words = shard::words(&command, name, own);
    let threads = args.threads as usize;
    let parsed = Cli::from_arg_matches(&matches).map_err(refused)?.command;
    let prepared = match &parsed {
        Some(Command::Run(args)) => run::prepared(args, threads)?,
        Some(Command::Sweep(args)) => sweep::prepared(args, threads)?,
        Some(Command::Recommend(args)) => recommend::prepared(args, threads)?,
        Some(Command::Headroom(args)) => headroom::prepared(args, threads)?,
        _ => return Err(no_parts(name).into()),
    };
    let Prepared { experiment, plan, folder, rounds } = prepared;
    let is_file = Path::new(&words[0]).is_file();
    let job = Job {
        command: name.to_owned(),
        folder_option: if name == "recommend" { "--report" } else { "--out" },
        folder: folder.display().to_string(),
        name: experiment.name.clone(),
        source: is_file.then(|| experiment.source.clone()),
        files: experiment.files.iter().map(|file| file.display().to_string()).collect(),
        words,
        tasks: args.tasks,
        threads: args.threads,
        image: args.image.clone(),
        simulations: plan.cells,
        seconds: plan.seconds / f64::from(args.tasks),
        memory_bytes: plan.memory_bytes,
        rounds,
    };
    let engine = match args.engine {
        EngineName::Slurm => Engine::Slurm,
        EngineName::Kubernetes => Engine::Kubernetes,
        EngineName::Github => Engine::GitHub,
        EngineName::Parallel => Engine::Parallel,
    };
    let text = jobs::emit(engine, &job)?;
    let Some(path) = &args.out else { return Ok(output::show(&text).done()) };
    let places = Places::default().inputs(&experiment.files).file("--out FILE", Some(path));
    places.input(input::find(&job.words[0])?.path).check()?;
    refuse_to_replace(path, args.force, "--force replaces it")?;
    output::written(atomic::write(path, text.as_bytes()), "--out FILE")?;
    tell!("written: {}", path.display());
    Ok(ExitCode::SUCCESS)
}

fn no_parts(command: &str) -> Diagnostics {
    let title = format!("`herdlab {command}` has no parts");
    Diagnostics::general(title, vec!["run, sweep, recommend and headroom have".to_owned()])
}
