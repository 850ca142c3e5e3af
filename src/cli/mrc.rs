//! `herdlab mrc`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use herdlab::model::{Eviction, RedisEviction};
use herdlab::replay::{Replay, TraceCapacity, grid};
use herdlab::report::{self, Kind, mrc};
use herdlab::scenario::Diagnostics;
use herdlab::scenario::diagnostic::nearest;
use herdlab::trace::{Asked, ColumnNames, FORMATS, Requests, TraceError, TraceFormat, open};

use super::output::{Shown, tell};
use super::places::{Places, report_folder};
use super::run::Format;
use super::{input, output};

/// Replay a trace through eviction alone: the miss ratio of each policy at each capacity
#[derive(Debug, Args)]
pub(crate) struct MrcArgs {
    /// Trace in any of the formats of `--input`, compressed or not; `-` is standard input
    trace: PathBuf,
    /// Eviction policies, separated by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = policy)]
    policy: Vec<Eviction>,
    /// Capacities, separated by commas: numbers of objects (`5000`) or shares of the trace's objects (`1%`)
    #[arg(long, value_name = "SIZES", value_delimiter = ',', default_value = "0.1%,0.3%,1%,3%,10%,30%")]
    capacity: Vec<TraceCapacity>,
    /// Column of a table that holds the key, or its number where there is no header; field of JSON lines [default: `key`, `obj_id`,
    /// `id`, `lbn` or the like]
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
    /// Format of the trace [default: by its content, where that leaves no doubt; printed]
    #[arg(long, value_name = "FORMAT", value_parser = trace_format())]
    input: Option<&'static TraceFormat>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for mrc.csv, mrc.svg and mrc.png [default: reports/<trace>, or reports/<trace>-2 and so on where that holds the
    /// curves of other policies or capacities]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace any curves in the folder
    #[arg(long)]
    force: bool,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print nothing
    #[arg(long, short)]
    quiet: bool,
}

fn trace_format() -> impl TypedValueParser<Value = &'static TraceFormat> {
    PossibleValuesParser::new(FORMATS.iter().map(|format| format.name))
        .map(|name| TraceFormat::named(&name).unwrap_or(FORMATS[0]))
}

pub(crate) fn execute(args: &MrcArgs) -> anyhow::Result<ExitCode> {
    let name = stem(&args.trace);
    let first = args.out.clone().unwrap_or_else(|| Path::new("reports").join(&name));
    Places::default().input(&args.trace).folder("--out DIR", &first, Kind::Replay).check()?;
    let plan = plan(args)?;
    let is_anothers = |folder: &Path| {
        let Plan { requests, policies, capacities, .. } = &plan;
        report::holds_another_replay(folder, requests, policies, capacities)
    };
    let out = report_folder(args.out.as_deref(), &name, args.force, &is_anothers)?;
    let replay = replay(args, plan)?;
    output::written(mrc::write_all(&replay, &out), "--out DIR")?;
    let mut shown = Shown::Whole;
    if !args.quiet {
        shown = output::show(&match args.format {
            Format::Table => mrc::page(&replay, output::stdout_style().0),
            Format::Json => mrc::json(&replay)?,
            Format::Csv => mrc::csv(&replay),
            Format::Md => mrc::markdown(&replay),
        });
        tell!("chart: {}", out.join("mrc.svg").display());
    }
    Ok(if args.format == Format::Table { ExitCode::SUCCESS } else { shown.done() })
}

/// The trace, and the policies and sizes of its replays.
struct Plan {
    requests: Requests,
    read_s: f64,
    policies: Vec<Eviction>,
    /// Objects, ascending.
    capacities: Vec<u64>,
}

fn plan(args: &MrcArgs) -> Result<Plan, Diagnostics> {
    let started = Instant::now();
    let names = ColumnNames { key: args.key.clone(), ..ColumnNames::default() };
    let asked = Asked { format: args.input.map(|format| format.name), names };
    let trace = open(&args.trace, &asked).map_err(usage)?;
    if let (Some(guess), false) = (trace.guess(), args.quiet) {
        tell!("{}: {guess}; `--input NAME` names another format", args.trace.display());
    }
    let requests = Requests::of(&args.trace, trace).map_err(usage)?;
    let read_s = started.elapsed().as_secs_f64();

    let mut policies = args.policy.clone();
    if policies.is_empty() {
        policies.extend(Eviction::NAMES.iter().map(|row| row.1));
    }
    let mut seen: Vec<Eviction> = Vec::new();
    policies.retain(|&policy| {
        let new = !seen.contains(&policy);
        seen.push(policy);
        new
    });
    let objects = u64::from(requests.keys);
    let mut capacities: Vec<u64> = args.capacity.iter().map(|capacity| capacity.objects(objects)).collect();
    capacities.sort_unstable();
    capacities.dedup();
    Ok(Plan { requests, read_s, policies, capacities })
}

fn replay(args: &MrcArgs, plan: Plan) -> anyhow::Result<Replay> {
    let Plan { requests, read_s, policies, capacities } = plan;
    let threads = input::threads(args.threads);
    let started = Instant::now();
    let cells = grid(&requests, &policies, &capacities, threads)?;
    Ok(Replay {
        trace: args.trace.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        requests: requests.ids.len() as u64,
        objects: u64::from(requests.keys),
        read_s,
        replay_s: started.elapsed().as_secs_f64(),
        threads,
        cells,
    })
}

/// A trace that cannot be read is the caller's mistake.
fn usage(error: TraceError) -> Diagnostics {
    Diagnostics::general(error.to_string(), Vec::new())
}

fn policy(text: &str) -> Result<Eviction, String> {
    let names = || Eviction::NAMES.iter().map(|row| row.0);
    if RedisEviction::NAMES.iter().any(|row| row.0 == text) {
        return Err(
            "Redis's policies compare times, and a replay has no clock: use them in a scenario".to_owned()
        );
    }
    Eviction::NAMES.iter().find(|row| row.0 == text).map(|row| row.1).ok_or_else(|| {
        let meant =
            nearest(text, names()).map_or_else(String::new, |name| format!("did you mean \"{name}\"? "));
        format!("{meant}known: {}", names().collect::<Vec<_>>().join(", "))
    })
}

/// The file's name up to its first point.
fn stem(trace: &Path) -> String {
    let name = trace.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match name.split('.').next() {
        Some(stem) if !stem.is_empty() => stem.to_owned(),
        _ => "trace".to_owned(),
    }
}
