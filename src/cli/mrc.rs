//! `herdlab mrc`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use herdlab::model::{RedisEviction, currency};
use herdlab::replay::{
    Admit, Algorithm, Contender, GbMonth, Replay, Rules, Sample, SampleSize, TraceCapacity, Traffic, Ttl,
    grid, needed,
};
use herdlab::report::{self, Kind, mrc};
use herdlab::scenario::Diagnostics;
use herdlab::scenario::diagnostic::nearest;
use herdlab::trace::{Asked, ColumnNames, FORMATS, OperationNames, Recorded, TraceError, TraceFormat, open};
use herdlab::units::{grouped, parse_duration, parse_percentage, parse_time_unit};

use super::output::{Shown, tell};
use super::places::{Places, report_folder};
use super::progress::{during, reading};
use super::run::Format;
use super::{input, output};

/// Replay a trace through eviction alone: the miss ratio of each policy at each capacity
#[derive(Debug, Args)]
pub(crate) struct MrcArgs {
    /// Trace in any of the formats of `--input`, compressed or not; `-` is standard input
    trace: PathBuf,
    /// Eviction policies, separated by commas; `belady` evicts by the requests to come and is the floor of them all, `floor` is a bound where objects
    /// differ in size, expire or are written [default: all, with the floor that suits]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = policy)]
    policy: Vec<Algorithm>,
    /// Capacities, separated by commas: numbers of objects (`5000`), bytes (`64MB,1GiB`), or shares of the trace's objects (`1%`); with
    /// a capacity in bytes every object takes its bytes, and shares are of the bytes of all objects
    #[arg(long, value_name = "SIZES", value_delimiter = ',', default_value = "0.1%,0.3%,1%,3%,10%,30%")]
    capacity: Vec<TraceCapacity>,
    /// Every object takes its bytes, and shares are of the bytes of all objects
    #[arg(long)]
    bytes: bool,
    /// Find the least capacity at which each policy reaches this hit ratio (`95%`)
    #[arg(long = "for", value_name = "HIT_RATIO", value_parser = hit_ratio)]
    target: Option<f64>,
    /// Replay a share of the objects with all their requests (`10%`), chosen by hash, in a cache that is as much smaller: faster, with
    /// error bars
    #[arg(long, value_name = "SHARE", value_parser = sample_rate, conflicts_with = "target")]
    sample: Option<f64>,
    /// Time to live of all entries (`5m`), or `recorded`: as the trace has it
    #[arg(long, value_name = "TIME", value_parser = ttl)]
    ttl: Option<Ttl>,
    /// `all`: every row is a lookup that fills on a miss; `reads`: only lookups are counted, SETs fill or replace, DELETEs remove
    #[arg(long, value_name = "WHICH", default_value = "all", value_parser = ["all", "reads"])]
    operations: String,
    /// Filters in front of each policy, separated by commas: `all`, `second-hit` (`second-hit:100000`: within so many requests),
    /// `probability:0.1`, `size:64kB`
    #[arg(long, value_name = "FILTERS", value_delimiter = ',')]
    admit: Vec<Admit>,
    /// Price of a GB (10⁹ bytes) for a month, in USD (`15`) or another currency (`15EUR`); capacities in objects count by the mean size
    #[arg(long, value_name = "AMOUNT", value_parser = price)]
    price_gb_month: Option<GbMonth>,
    /// Column of a table that holds the key, or its number where there is no header; field of JSON lines [default: `key`, `obj_id`,
    /// `id`, `lbn` or the like]
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
    /// The same of the bytes of the value, where sizes are needed [default: `size`, `obj_size`, `bytes` or the like]
    #[arg(long, value_name = "COLUMN")]
    size: Option<String>,
    /// The same of the time, for --ttl [default: `time`, `ts` or the like]
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Unit of the times, for --ttl: `s`, `ms`, `us`, `ns`, `ticks`; not for ISO 8601 [default: by the format, the name of the
    /// column (`time_ms`) or their magnitude]
    #[arg(long, value_name = "UNIT", value_parser = parse_time_unit)]
    unit: Option<u64>,
    /// Column of the operation, for --operations reads [default: `op`, `cmd` or the like]
    #[arg(long, value_name = "COLUMN")]
    operation: Option<String>,
    /// Format of the trace [default: by its content, where that leaves no doubt; printed]
    #[arg(long, value_name = "FORMAT", value_parser = trace_format())]
    input: Option<&'static TraceFormat>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for mrc.csv, mrc.svg and mrc.png [default: reports/<trace>, or reports/<trace>-2 and so on where that holds the
    /// curves of other policies or capacities]
    #[arg(long, short, value_name = "DIR")]
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
    let is_anothers =
        |folder: &Path| report::holds_another_replay(folder, &plan.replay, &plan.policies, &plan.capacities);
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

/// The trace, the policies and sizes of its replays, and what is known before them.
struct Plan {
    traffic: Traffic,
    policies: Vec<Contender>,
    /// Objects or bytes, ascending.
    capacities: Vec<u64>,
    /// Without cells.
    replay: Replay,
}

fn plan(args: &MrcArgs) -> Result<Plan, Diagnostics> {
    let rules = rules(args)?;
    let started = Instant::now();
    let traffic = Traffic::of(recorded(args, rules)?, rules);
    let read_s = started.elapsed().as_secs_f64();
    refuse_bounds(args, &traffic)?;
    let policies = Contender::crossed(&args.policy, &args.admit, &traffic);
    let footprint = traffic.footprint();
    let mut capacities: Vec<u64> = args.capacity.iter().map(|capacity| capacity.of(footprint)).collect();
    capacities.sort_unstable();
    capacities.dedup();
    if let Some(rate) = args.sample {
        let least = Sample::capacity_min(&traffic, rate);
        let noun = match rules.unit {
            herdlab::replay::Unit::Objects => "objects",
            herdlab::replay::Unit::Bytes => "bytes",
        };
        let (enough, too_small): (Vec<u64>, Vec<u64>) =
            capacities.into_iter().partition(|capacity| *capacity >= least);
        capacities = enough;
        if !capacities.is_empty() && !too_small.is_empty() && !args.quiet {
            let listed: Vec<String> = too_small.into_iter().map(grouped).collect();
            tell!(
                "left out: capacities of {} {noun}; a sample of {} % leaves room for one object from {least} {noun} on",
                listed.join(", "),
                100.0 * rate
            );
        }
        if capacities.is_empty() {
            let problem =
                format!("a sample of {} % leaves room for one object from {least} {noun} on", 100.0 * rate);
            return Err(general(problem, "give a larger --capacity or --sample"));
        }
    }
    let replay = Replay {
        trace: args.trace.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        rules,
        requests: traffic.lookups(),
        objects: traffic.objects(),
        request_bytes: traffic.lookup_bytes(),
        object_bytes: traffic.object_bytes(),
        price: args.price_gb_month,
        read_s,
        replay_s: 0.0,
        threads: input::threads(args.threads),
        sample: args.sample.map(|rate| SampleSize { rate, requests: 0, objects: 0 }),
        cells: Vec::new(),
        needed: None,
    };
    Ok(Plan { traffic, policies, capacities, replay })
}

fn rules(args: &MrcArgs) -> Result<Rules, Diagnostics> {
    let unit = TraceCapacity::unit(&args.capacity, args.bytes)
        .map_err(|error| Diagnostics::general(error.to_string(), Vec::new()))?;
    let rules = Rules {
        unit,
        ttl: args.ttl,
        only_reads: args.operations == "reads",
        sizes: args.price_gb_month.is_some() || args.admit.iter().any(|admit| admit.needs_sizes()),
    };
    let columns = rules.columns();
    for (given, is_needed, option, way_out) in [
        (args.size.is_some(), columns.sizes, "--size", "add --bytes or a capacity such as 64MB"),
        (args.time.is_some(), columns.times, "--time", "add --ttl"),
        (args.unit.is_some(), columns.times, "--unit", "add --ttl"),
        (args.operation.is_some(), columns.operations, "--operation", "add --operations reads"),
    ] {
        if given && !is_needed {
            return Err(general(
                format!("nothing in this replay reads {option}"),
                &format!("{way_out}, or leave it out"),
            ));
        }
    }
    Ok(rules)
}

/// Reads the trace, with the columns that the rules need.
fn recorded(args: &MrcArgs, rules: Rules) -> Result<Recorded, Diagnostics> {
    let operation =
        args.operation.clone().map(|column| OperationNames { column, ..OperationNames::default() });
    let names = ColumnNames {
        key: args.key.clone(),
        size: args.size.clone(),
        time: args.time.clone(),
        operation,
        ..ColumnNames::default()
    };
    let asked = Asked { format: args.input.map(|format| format.name), names, ..Asked::default() };
    let trace = open(&args.trace, &asked).map_err(usage)?;
    if let (Some(guess), false) = (trace.guess(), args.quiet) {
        tell!("{}: {guess}; `--input NAME` names another format", args.trace.display());
    }
    let read = || Recorded::of(&args.trace, trace, rules.columns(), args.unit);
    during(reading(&args.trace.display().to_string()), args.quiet, read).map_err(usage)
}

/// MIN is the least of nothing where objects differ; bounds hold for every filter.
fn refuse_bounds(args: &MrcArgs, traffic: &Traffic) -> Result<(), Diagnostics> {
    if args.policy.contains(&Algorithm::Belady) && !traffic.is_plain() {
        let problem = "belady is the floor where every object takes one slot, none expires and every request is a lookup";
        return Err(general(problem.to_owned(), "name `floor` in its place, which bounds every cache"));
    }
    Ok(())
}

fn replay(args: &MrcArgs, plan: Plan) -> anyhow::Result<Replay> {
    let Plan { traffic, policies, capacities, replay } = plan;
    let started = Instant::now();
    let sample = args.sample.map(|rate| Sample::of(&traffic, rate));
    let cells = during("replaying", args.quiet, || {
        grid(&traffic, sample.as_ref(), &policies, &capacities, replay.threads)
    })?;
    let replay_s = started.elapsed().as_secs_f64();
    let needed = match args.target {
        Some(hit_ratio) => {
            let search = || needed(&traffic, &policies, hit_ratio, replay.threads);
            Some((hit_ratio, during("finding the sizes", args.quiet, search)?))
        }
        None => None,
    };
    Ok(Replay { replay_s, sample: sample.as_ref().map(Sample::size), cells, needed, ..replay })
}

fn general(problem: String, way_out: &str) -> Diagnostics {
    Diagnostics::general(problem, vec![way_out.to_owned()])
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

fn ttl(text: &str) -> Result<Ttl, String> {
    match text.trim() {
        "recorded" => Ok(Ttl::Recorded),
        text => match parse_duration(text) {
            Ok(0) | Err(_) => Err("expected a time above 0 such as 5m, or `recorded`".to_owned()),
            Ok(ns) => Ok(Ttl::All(ns)),
        },
    }
}

/// `15`, or `15EUR`.
fn price(text: &str) -> Result<GbMonth, String> {
    let text = text.trim();
    let end = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, code) = text.split_at(end);
    let amount = number.trim().parse().ok().filter(|amount: &f64| amount.is_finite() && *amount >= 0.0);
    let currency = if code.is_empty() { Some("USD") } else { currency(code.trim()) };
    let price = amount.zip(currency).map(|(amount, currency)| GbMonth { amount, currency });
    price.ok_or_else(|| "expected the price of a GB for a month, such as 15 or 15EUR (ISO 4217)".to_owned())
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
