//! `herdlab import`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use herdlab::atomic;
use herdlab::import::{Imported, Options, Role, Source, TraceOut, import};
use herdlab::scenario::{self, Diagnostics, Overrides};
use herdlab::units;

use super::output::{self, counted, tell};
use super::places::{Places, refuse_to_replace};
use super::progress::during;

/// Write a scenario from what production reports: INFO and MONITOR of Redis, pg_stat_statements, Prometheus, access logs
///
/// Files are told apart by their content, in any combination; `-` is standard input. Two recordings of `INFO` or
/// `pg_stat_statements`, the earlier one first, give rates by difference. The comment behind each figure of the scenario is its
/// file and line; figures that no file has are marked ASSUMPTION. Neither values nor texts of queries are copied, and keys only
/// into a trace. docs/production.md goes through it step by step.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// INFO, CONFIG GET, MONITOR, LATENCY HISTOGRAM, --hotkeys of Redis; stats of memcached; pg_stat_statements,
    /// pg_stat_database, buckets and series as CSV; query_range of Prometheus; access logs; `-`
    #[arg(value_name = "FILE", required_unless_present = "named")]
    files: Vec<PathBuf>,
    /// The scenario to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A series or histogram by name: requests, hits, misses, database; db-read, db-write, latency
    #[arg(long = "as", value_name = "NAME=FILE", value_parser = named)]
    named: Vec<(Role, PathBuf)>,
    /// Time between two recordings that do not have it (pg_stat_statements)
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    interval: Option<f64>,
    /// Replay the recording: write it as a trace, which the scenario names
    #[arg(long, value_name = "FILE", requires = "out")]
    trace_out: Option<PathBuf>,
    /// Hashes instead of the keys themselves in the trace
    #[arg(long, requires = "trace_out")]
    hash_keys: bool,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

fn named(text: &str) -> Result<(Role, PathBuf), String> {
    let known = || Role::ALL.iter().map(|row| row.0).collect::<Vec<_>>().join(", ");
    let (name, file) =
        text.split_once('=').ok_or_else(|| format!("expected NAME=FILE; NAME is one of {}", known()))?;
    let role = Role::named(name).ok_or_else(|| format!("no name \"{name}\"; known: {}", known()))?;
    Ok((role, PathBuf::from(file)))
}

fn seconds(text: &str) -> Result<f64, String> {
    match units::parse_duration(text) {
        Ok(0) => Err("expected a duration above zero".to_owned()),
        Ok(ns) => Ok(ns as f64 / 1e9),
        Err(reason) => Err(reason.to_string()),
    }
}

pub(crate) fn execute(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let inputs: Vec<(Option<Role>, &PathBuf)> = args
        .files
        .iter()
        .map(|file| (None, file))
        .chain(args.named.iter().map(|(role, file)| (Some(*role), file)))
        .collect();
    if inputs.iter().filter(|(_, file)| is_stdin(file)).count() > 1 {
        return Err(
            Diagnostics::general("standard input is read once: expected a single `-`", Vec::new()).into()
        );
    }
    Places::default()
        .inputs(inputs.iter().map(|(_, file)| file))
        .file("--out FILE", args.out.as_ref())
        .file("--trace-out FILE", args.trace_out.as_ref())
        .check()?;
    for file in [&args.out, &args.trace_out].into_iter().flatten() {
        refuse_to_replace(file, args.force, "--force replaces it")?;
    }
    let sources = inputs.iter().map(|(role, file)| source(file, *role));
    let sources: Vec<Source> = sources.collect::<Result<_, _>>()?;
    let trace = args
        .trace_out
        .as_ref()
        .map(|file| TraceOut { file: beside(file, args.out.as_deref()), hash_keys: args.hash_keys });
    let options = Options { interval_s: args.interval, trace };
    let imported = during("reading what production reports", false, || import(&sources, &options));
    let imported = imported.map_err(|error| {
        let title = error.to_string();
        Diagnostics::general(title, error.help)
    })?;
    let Some(out) = &args.out else { return Ok(output::show(&imported.scenario).done()) };
    write(args, &imported, out)?;
    Ok(ExitCode::SUCCESS)
}

fn write(args: &ImportArgs, imported: &Imported, out: &Path) -> anyhow::Result<()> {
    let trace = args.trace_out.clone().zip(imported.trace.clone());
    let mut files = vec![(out.to_path_buf(), imported.scenario.clone().into_bytes())];
    files.extend(trace);
    output::written(atomic::write_together(&files), "--out FILE")?;
    let shown = out.display();
    if out.is_file() {
        // What is written is checked at once, so that a figure which no scenario takes is not found later.
        scenario::load(out, &Overrides::default())?;
    }
    for (file, _) in &files {
        tell!("written: {}", file.display());
    }
    let marked = counted(imported.assumptions as u64, "assumption");
    tell!("{marked} in it: look for ASSUMPTION");
    tell!("next: herdlab check {shown}\n      herdlab run {shown}");
    Ok(())
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn source(file: &Path, role: Option<Role>) -> Result<Source, Diagnostics> {
    let mut bytes = Vec::new();
    let read = match is_stdin(file) {
        true => io::stdin().lock().read_to_end(&mut bytes).map(|_| ()),
        false => std::fs::read(file).map(|read| bytes = read),
    };
    if let Err(error) = read {
        let help = vec!["`-` is standard input".to_owned()];
        return Err(Diagnostics::general(format!("cannot read {}: {error}", file.display()), help));
    }
    let name = match file.file_name() {
        Some(name) if !is_stdin(file) => name.to_string_lossy().into_owned(),
        _ => "stdin".to_owned(),
    };
    // A comment ends with its line.
    let name = name.replace(|c: char| c.is_control(), "?");
    Ok(Source { name, bytes, role })
}

/// A file as a scenario beside it names it.
fn beside(file: &Path, scenario: Option<&Path>) -> String {
    let (file, folder) =
        (atomic::resolved(file), scenario.map(|path| atomic::resolved(atomic::folder_of(path))));
    match folder.as_ref().and_then(|folder| file.strip_prefix(folder).ok()) {
        Some(inside) => inside.display().to_string(),
        None => file.display().to_string(),
    }
}
