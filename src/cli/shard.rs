//! `--shard`: what a command computes, and where its finished cells go to and come from.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::{ArgAction, ArgMatches, Args, Command, CommandFactory};
use herdlab::experiment::cells::Cells;
use herdlab::journal::shard::Asked;
use herdlab::journal::{self, Header, ScanError, Shard, Store};
use herdlab::model::Experiment;
use herdlab::scenario::Diagnostics;
use herdlab::scenario::estimate::{Plan, approximate_time};

use super::output::{counted, tell};
use super::places::{refuse_anothers, report_folder};
use super::{Cli, exit};

#[derive(Debug, Args)]
pub(crate) struct ShardArgs {
    /// Compute part I of N, numbered from 0, and leave its journal in the folder of the report for `herdlab merge`; `auto/8` takes
    /// the index that Slurm, Kubernetes, AWS Batch or GNU parallel has set
    #[arg(long, value_name = "I/N")]
    shard: Option<Asked>,
}

impl ShardArgs {
    /// What the command computes. `together` are options that make no sense for a part, and whether they are given.
    ///
    /// # Errors
    /// No index for `auto`; such an option.
    pub fn origin(&self, together: &[(&str, bool, &str)]) -> Result<Origin, Diagnostics> {
        let Some(asked) = self.shard else { return Ok(Origin::Whole) };
        if let Some((option, _, help)) = together.iter().find(|(_, given, _)| *given) {
            let title = format!("--shard and {option} do not go together");
            return Err(Diagnostics::general(title, vec![(*help).to_owned()]));
        }
        let shard = asked.resolve(&|name| std::env::var(name).ok()).map_err(|problem| {
            let help = "write the index: --shard 0/8 is the first of eight parts".to_owned();
            Diagnostics::general(format!("--shard auto: {problem}"), vec![help])
        })?;
        Ok(Origin::Shard(shard))
    }
}

/// What a process computes.
pub(crate) enum Origin {
    /// Everything.
    Whole,
    /// A part.
    Shard(Shard),
    /// Nothing: all cells are in journals.
    Merge(Box<Merge>),
}

/// The journals that are merged.
pub(crate) struct Merge {
    pub header: Header,
    pub partial: bool,
    /// Taken by the command.
    store: Mutex<Option<Store>>,
}

impl Merge {
    pub fn new(header: Header, store: Store, partial: bool) -> Merge {
        Merge { header, partial, store: Mutex::new(Some(store)) }
    }
}

/// How a command is named in its journals, and what it is about.
pub(crate) struct Named<'a> {
    pub command: &'static str,
    /// As the user named it.
    pub scenario: &'a str,
    pub experiment: &'a Experiment,
    /// What is computed may depend on results. Without rounds no part looks through the folder, which may hold thousands of journals.
    pub takes_rounds: bool,
}

impl Origin {
    pub fn is_whole(&self) -> bool {
        matches!(self, Origin::Whole)
    }

    /// Whether cells that are missing are left out.
    pub fn is_partial(&self) -> bool {
        matches!(self, Origin::Merge(merge) if merge.partial)
    }

    /// Names the version that simulated in a record: after a merge, that of the journals.
    pub fn sign(&self, herdlab: &mut String) {
        if let Origin::Merge(merge) = self {
            merge.header.herdlab.clone_into(herdlab);
        }
    }

    /// The folder of the report. A part takes no other one by itself: all parts must meet in one.
    ///
    /// # Errors
    /// The folder holds the report of something else, and no option allows to replace it.
    pub fn folder(
        &self,
        asked: Option<&Path>,
        name: &str,
        force: bool,
        is_anothers: &dyn Fn(&Path) -> bool,
    ) -> Result<PathBuf, Diagnostics> {
        match self {
            Origin::Shard(_) => {
                let folder = asked.map_or_else(|| Path::new("reports").join(name), Path::to_owned);
                refuse_anothers(&folder, "--out DIR", force, is_anothers)?;
                Ok(folder)
            }
            Origin::Whole | Origin::Merge(_) => report_folder(asked, name, force, is_anothers),
        }
    }

    /// The cost of what this process does.
    pub fn share_of(&self, plan: Plan) -> Plan {
        let share = match self {
            Origin::Whole => return plan,
            Origin::Shard(shard) => 1.0 / f64::from(shard.of),
            Origin::Merge(_) => 0.0,
        };
        Plan {
            cells: (plan.cells as f64 * share).ceil() as u64,
            requests: plan.requests * share,
            events: plan.events * share,
            seconds: plan.seconds * share,
            // Nothing is simulated: the estimate is that of simulations.
            memory_bytes: if share == 0.0 { 0.0 } else { plan.memory_bytes },
            ..plan
        }
    }

    /// The cells, where `meanings` are the fingerprints of what is known to be simulated and `resumable` makes those of a process
    /// of its own.
    ///
    /// # Errors
    /// Journals of something else.
    pub fn cells<'m>(
        &self,
        named: &Named<'_>,
        meanings: impl Iterator<Item = &'m str>,
        folder: &Path,
        force: bool,
        resumable: impl FnOnce(Header) -> Cells,
    ) -> anyhow::Result<Arc<Cells>> {
        let words = match self {
            Origin::Merge(merge) => merge.header.words.clone(),
            Origin::Whole | Origin::Shard(_) => own_words(),
        };
        let Named { command, scenario, experiment, takes_rounds } = *named;
        let header = Header::new(command, words, scenario, (&experiment.digest, experiment.seed), meanings);
        Ok(Arc::new(match self {
            Origin::Whole => resumable(header),
            Origin::Shard(shard) => part(folder, header, *shard, force, takes_rounds)?,
            Origin::Merge(merge) => {
                // Another version of one schema may merge.
                let known =
                    Header { shard: None, round: 1, herdlab: header.herdlab.clone(), ..merge.header.clone() };
                if let Some((own, other)) = header.difference(&known) {
                    let title = format!("the journals are of {other}, and {scenario} is {own} now");
                    let help =
                        "merge with the files that the shards had: the scenario and everything that it names";
                    return Err(Diagnostics::general(title, vec![help.to_owned()]).into());
                }
                let store = merge.store.lock().unwrap_or_else(PoisonError::into_inner).take();
                Cells::merged(store.unwrap_or_default(), merge.partial)
            }
        }))
    }

    /// What a part is about to do, for standard error.
    pub fn sentence(&self, plan: &Plan, threads: usize) -> Option<String> {
        let Origin::Shard(shard) = self else { return None };
        Some(format!(
            "shard {shard}: about {}, {} on {}",
            counted(plan.cells, "simulation"),
            approximate_time(plan.seconds),
            counted(threads as u64, "thread")
        ))
    }
}

/// The cells of a part: those of earlier rounds are known, and what this part has finished before is kept.
fn part(
    folder: &Path,
    header: Header,
    shard: Shard,
    force: bool,
    takes_rounds: bool,
) -> anyhow::Result<Cells> {
    let mut known = Store::default();
    let mut round = 1;
    if let Some((path, number)) = takes_rounds.then(|| last_round(folder)).flatten() {
        let mut scan =
            journal::scan(&path).map_err(|error| Diagnostics::general(error.to_string(), Vec::new()))?;
        refuse_another(&path, &scan.header, &header)?;
        let _ = known.add(&mut scan);
        round = number;
    }
    let header = Header { round, ..header };
    let path = folder.join(journal::shard_file(shard, round));
    match journal::scan(&path) {
        Ok(scan) if !force => refuse_another(&path, &scan.header, &header)?,
        Err(error @ ScanError::Foreign { .. }) if !force => {
            let help = "--force replaces it; or choose another folder".to_owned();
            return Err(Diagnostics::general(error.to_string(), vec![help]).into());
        }
        Ok(_) | Err(_) => {}
    }
    Ok(Cells::part(folder, &header, shard, known)?)
}

fn refuse_another(path: &Path, found: &Header, own: &Header) -> Result<(), Diagnostics> {
    let Some((theirs, ours)) = found.difference(own) else { return Ok(()) };
    let title = format!("{} is of {theirs}, and this is {ours}", path.display());
    let help = "choose another folder, or remove the journals in this one".to_owned();
    Err(Diagnostics::general(title, vec![help]))
}

/// The latest round whose known cells are written down in a folder.
fn last_round(folder: &Path) -> Option<(PathBuf, u32)> {
    let entries = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let round = |path: PathBuf| {
        let name = path.file_name()?.to_str()?;
        let round = name.strip_prefix("round-")?.strip_suffix(".jsonl")?.parse().ok()?;
        Some((path, round))
    };
    entries.filter_map(round).max_by_key(|(_, round)| *round)
}

/// A part is finished: its last line, and what comes next.
pub(crate) fn finished(cells: &Cells, quiet: bool) -> anyhow::Result<u8> {
    let (all, before) = cells.finish()?;
    if !quiet {
        let before = match before {
            0 => String::new(),
            before => format!(", {before} of them before"),
        };
        let path = cells.path().map_or_else(String::new, |path| path.display().to_string());
        tell!("finished: {}{before}, in {path}", counted(all, "simulation"));
    }
    Ok(exit::SUCCESS)
}

/// The same for a part of a command that has its cells already.
pub(crate) fn nothing_left(cells: &Cells, quiet: bool) -> anyhow::Result<ExitCode> {
    if !quiet {
        tell!("everything is known already: `herdlab merge` writes the report");
    }
    Ok(ExitCode::from(finished(cells, true)?))
}

/// Options that decide neither on cells nor on the report: where it goes, how it is shown, how much may be spent.
const ELSEWHERE: [&str; 14] = [
    "force",
    "resume",
    "threads",
    "memory_limit",
    "time_limit",
    "watch",
    "log",
    "junit",
    "format",
    "quiet",
    "shard",
    "deny_lints",
    "open",
    "report",
];

/// The words of this process behind the name of its command, as far as they decide on the result.
fn own_words() -> Vec<String> {
    let command = Cli::command();
    // They were parsed before.
    let Ok(matches) = command.clone().try_get_matches_from(std::env::args_os()) else { return Vec::new() };
    match matches.subcommand() {
        Some((name, matches)) => words(&command, name, matches),
        None => Vec::new(),
    }
}

/// The same of any command line.
pub(crate) fn words(command: &Command, name: &str, matches: &ArgMatches) -> Vec<String> {
    let Some(command) = command.find_subcommand(name) else { return Vec::new() };
    let folder = if name == "recommend" { "report" } else { "out" };
    let (mut positional, mut options) = (Vec::new(), Vec::new());
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        let given = matches!(matches.try_contains_id(id), Ok(true))
            && matches.value_source(id) == Some(clap::parser::ValueSource::CommandLine);
        if !given || id == folder || ELSEWHERE.contains(&id) {
            continue;
        }
        let values =
            matches.get_raw(id).into_iter().flatten().map(|value| value.to_string_lossy().into_owned());
        match (argument.get_long(), argument.get_action()) {
            (Some(long), ArgAction::SetTrue) => options.push(format!("--{long}")),
            (Some(long), _) => options.extend(values.map(|value| format!("--{long}={value}"))),
            (None, _) => positional.extend(values),
        }
    }
    positional.into_iter().chain(options).collect()
}
