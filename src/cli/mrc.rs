//! `herdlab mrc`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use herdlab::model::RedisEviction;
use herdlab::replay::{Algorithm, Replay, Sample, TraceCapacity, grid, needed};
use herdlab::report::{self, Kind, mrc};
use herdlab::scenario::Diagnostics;
use herdlab::scenario::diagnostic::nearest;
use herdlab::trace::{Asked, ColumnNames, FORMATS, Requests, TraceError, TraceFormat, open};
use herdlab::units::parse_percentage;

use super::output::{Shown, tell};
use super::places::{Places, report_folder};
use super::run::Format;
use super::{input, output};

/// Replay a trace through eviction alone: the miss ratio of each policy at each capacity
#[derive(Debug, Args)]
pub(crate) struct MrcArgs {
    /// Trace in any of the formats of `--input`, compressed or not; `-` is standard input
    trace: PathBuf,
    /// Eviction policies, separated by commas; `belady` knows the future and is the floor of them all [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = policy)]
    policy: Vec<Algorithm>,
    /// Capacities, separated by commas: numbers of objects (`5000`) or shares of the trace's objects (`1%`)
    #[arg(long, value_name = "SIZES", value_delimiter = ',', default_value = "0.1%,0.3%,1%,3%,10%,30%")]
    capacity: Vec<TraceCapacity>,
    /// Find the least capacity at which each policy reaches this hit ratio (`95%`)
    #[arg(long = "for", value_name = "HIT_RATIO", value_parser = hit_ratio)]
    target: Option<f64>,
    /// Replay a share of the objects with all their requests (`10%`), chosen by hash, in a cache that is as much smaller: faster, with
    /// error bars
    #[arg(long, value_name = "SHARE", value_parser = sample_rate, conflicts_with = "target")]
    sample: Option<f64>,
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

pub(crate) fn trace_format() -> impl TypedValueParser<Value = &'static TraceFormat> {
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
        report::holds_another_replay(folder, requests, policies, capacities, args.sample)
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
    policies: Vec<Algorithm>,
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
        policies.extend(Algorithm::all());
    }
    let mut seen: Vec<Algorithm> = Vec::new();
    policies.retain(|&policy| {
        let new = !seen.contains(&policy);
        seen.push(policy);
        new
    });
    let objects = u64::from(requests.keys);
    let mut capacities: Vec<u64> = args.capacity.iter().map(|capacity| capacity.objects(objects)).collect();
    capacities.sort_unstable();
    capacities.dedup();
    if let Some(rate) = args.sample {
        let least = Sample::capacity_min(rate);
        capacities.retain(|capacity| *capacity >= least);
        if capacities.is_empty() {
            let problem =
                format!("a sample of {} % leaves room for one object from {least} objects on", 100.0 * rate);
            return Err(Diagnostics::general(
                problem,
                vec!["give a larger --capacity or --sample".to_owned()],
            ));
        }
    }
    Ok(Plan { requests, read_s, policies, capacities })
}

fn replay(args: &MrcArgs, plan: Plan) -> anyhow::Result<Replay> {
    let Plan { requests, read_s, policies, capacities } = plan;
    let threads = input::threads(args.threads);
    let started = Instant::now();
    let sample = args.sample.map(|rate| Sample::of(&requests, rate));
    let cells = grid(&requests, sample.as_ref(), &policies, &capacities, threads)?;
    let replay_s = started.elapsed().as_secs_f64();
    let needed = match args.target {
        Some(hit_ratio) => Some((hit_ratio, needed(&requests, &policies, hit_ratio, threads)?)),
        None => None,
    };
    Ok(Replay {
        trace: args.trace.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        requests: requests.ids.len() as u64,
        objects: u64::from(requests.keys),
        read_s,
        replay_s,
        threads,
        sample: sample.as_ref().map(Sample::size),
        cells,
        needed,
    })
}

/// A trace that cannot be read is the caller's mistake.
pub(crate) fn usage(error: TraceError) -> Diagnostics {
    Diagnostics::general(error.to_string(), Vec::new())
}

fn hit_ratio(text: &str) -> Result<f64, String> {
    share_between(text, "hit ratio")
}

pub(crate) fn sample_rate(text: &str) -> Result<f64, String> {
    share_between(text, "share of the objects")
}

/// A share such as `95%` or `0.95`, strictly between nothing and all.
fn share_between(text: &str, what: &str) -> Result<f64, String> {
    let share = parse_percentage(text).ok().or_else(|| text.trim().parse().ok());
    share
        .filter(|share| *share > 0.0 && *share < 1.0)
        .ok_or_else(|| format!("expected a {what} above 0 % and below 100 %, such as 95%"))
}

fn policy(text: &str) -> Result<Algorithm, String> {
    let names = || Algorithm::all().map(Algorithm::name);
    if RedisEviction::NAMES.iter().any(|row| row.0 == text) {
        return Err(
            "Redis's policies compare times, and a replay has no clock: use them in a scenario".to_owned()
        );
    }
    Algorithm::named(text).ok_or_else(|| {
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
