//! `herdlab compare`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use herdlab::atomic;
use herdlab::experiment::comparison::{VERDICT_REPLICATIONS_MIN, Verdict};
use herdlab::experiment::forecast::plan_within;
use herdlab::experiment::versus::{self, Incomparable};
use herdlab::model::Experiment;
use herdlab::record::Record;
use herdlab::report::versus::{Shown as Comparison, Side, regressions};
use herdlab::report::{self, Kind, compared, html::quoted, versus as page, versus_data as data, why_versus};
use herdlab::scenario::estimate::{self, Plan};
use herdlab::scenario::{self, Diagnostics, Overrides};
use herdlab::sim::Control;
use herdlab::units;

use super::input::Found;
use super::output::{Shown, tell};
use super::page::OpenArgs;
use super::places::Places;
use super::progress::{DRAWING, ESTIMATING, during, reading};
use super::report::{input_error, of_no_run, record_at};
use super::run::Format;
use super::settings::{LimitArgs, SettingArgs, WhyArgs};
use super::whole::Whole;
use super::{exit, input, output, revisions, signals};

/// Compare runs: records, scenarios (which are run), or git revisions of a scenario; the first is the baseline
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// `results.json` of a run, its folder, a scenario file, or the name of a bundled scenario
    #[arg(required = true, value_name = "RESULTS|SCENARIO")]
    inputs: Vec<String>,
    /// Compare the scenario file at these git revisions (`main~3,main`); with one revision, it and the working tree
    #[arg(long, value_name = "REV,...", value_delimiter = ',')]
    revisions: Vec<String>,
    /// Exit with code 99 if a headline measure has become worse by significantly more than this percentage
    #[arg(long, value_name = "PCT", value_parser = percentage)]
    fail_on_regression: Option<f64>,
    /// Write the regressions of headline measures to this file as JUnit XML; missing folders are created
    #[arg(long, value_name = "FILE", requires = "fail_on_regression")]
    junit: Option<PathBuf>,
    /// Folder for a report: the page of the last run with the first laid over its charts, led by the differences and the review,
    /// and the same as Markdown
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Replace any report in the folder
    #[arg(long, requires = "report")]
    force: bool,
    /// Draw the charts of the report as pictures only: a smaller page without a script
    #[arg(long = "static", requires = "report")]
    static_charts: bool,
    #[command(flatten)]
    settings: SettingArgs,
    /// Compare only this variant; repeat for several
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[command(flatten)]
    why: WhyArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    open: OpenArgs,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// No progress and no table
    #[arg(long, short)]
    quiet: bool,
}

/// A number of per cent, as a share.
fn percentage(text: &str) -> Result<f64, String> {
    let written = text.trim().trim_end_matches('%');
    units::parse_percentage(&format!("{written}%"))
        .map_err(|reason| format!("expected a percentage such as 5: {reason}"))
}

/// One side of a comparison: a record that is there, or one that is still to be made.
enum Input {
    Record(Box<Record>),
    Scenario(Found),
}

pub(crate) fn execute(args: &CompareArgs) -> anyhow::Result<ExitCode> {
    args.open.check(args.report.as_ref())?;
    let inputs = inputs(args)?;
    let overrides = args.settings.overrides(&args.variants);
    if let Some((label, _)) = inputs.iter().find(|(_, input)| matches!(input, Input::Record(_)))
        && let Some(option) = used(args)
    {
        let title = format!("{option} changes the runs, and {label} is a record of a run");
        return Err(
            Diagnostics::general(title, vec!["compare scenarios instead of records".to_owned()]).into()
        );
    }
    if args.why.why && args.format == Format::Csv && args.report.is_none() {
        let title = "--why: the columns of CSV have no latencies by part".to_owned();
        let help = "--format table, md or json shows them, and so does the page of --report DIR".to_owned();
        return Err(Diagnostics::general(title, vec![help]).into());
    }
    places(args).check()?;
    let Some(records) = records(args, inputs, &overrides)? else {
        tell!("interrupted: nothing compared");
        return Ok(ExitCode::from(exit::INTERRUPTED));
    };
    let sides: Vec<Side<'_>> = records.iter().map(|(label, record)| Side { label, record }).collect();
    let [base, others @ ..] = sides.as_slice() else { return Ok(ExitCode::SUCCESS) };
    let after: Vec<&Record> = others.iter().map(|side| side.record).collect();
    let compared = versus::compare(base.record, &after)
        .map_err(|(index, reason)| refusal(base.label, others[index].label, &reason))?;
    let all: Vec<Comparison<'_>> = others
        .iter()
        .zip(&compared)
        .map(|(after, versus)| Comparison { before: *base, after: *after, versus })
        .collect();
    if args.why.why {
        why_versus::missing(&sides).iter().for_each(|missing| tell!("note: {missing}"));
    }
    if let Some(folder) = &args.report {
        let charts = output::charts(args.static_charts);
        let written =
            during(DRAWING, args.quiet, || compared::write_all(&sides, &command(args), folder, charts));
        output::written(written, "--report DIR")?;
    }
    let shown = if args.quiet { Shown::Whole } else { output::show(&printed(args, &all)?) };
    if let Some(folder) = &args.report {
        args.open.announce(folder, args.quiet);
    }
    let code = args.fail_on_regression.map_or(Ok(exit::SUCCESS), |allowed| gate(args, &all, allowed))?;
    Ok(ExitCode::from(shown.code(code)))
}

/// The files read, but for those that a scenario names, and the files written.
fn places(args: &CompareArgs) -> Places<'_> {
    let inputs = args.inputs.iter().map(|name| record_at(Path::new(name)));
    let places = Places::default().inputs(inputs).file("--junit FILE", args.junit.as_ref());
    match &args.report {
        Some(folder) => places.folder("--report DIR", folder, Kind::Comparison),
        None => places,
    }
}

/// The two sides, by the names that they are shown under.
fn inputs(args: &CompareArgs) -> anyhow::Result<Vec<(String, Input)>> {
    if args.revisions.is_empty() {
        if args.inputs.len() < 2 {
            let help = "herdlab compare BEFORE AFTER, or --revisions main~3,main SCENARIO".to_owned();
            return Err(Diagnostics::general("expected at least two things to compare", vec![help]).into());
        }
        return args.inputs.iter().map(|name| Ok((name.clone(), input(name)?))).collect();
    }
    let [file] = args.inputs.as_slice() else {
        let help = "for example --revisions main~3,main scenarios/x.toml".to_owned();
        return Err(
            Diagnostics::general("--revisions compares one scenario file with itself", vec![help]).into()
        );
    };
    let at = |revision: &String| Ok((revision.clone(), Input::Scenario(revisions::find(revision, file)?)));
    let mut found = args.revisions.iter().map(at).collect::<anyhow::Result<Vec<_>>>()?;
    if found.len() == 1 {
        found.push(("the working tree".to_owned(), Input::Scenario(input::find(file)?)));
    }
    Ok(found)
}

/// A record where there is one: a file of JSON, or a folder with `results.json`; else a scenario.
fn input(name: &str) -> anyhow::Result<Input> {
    let path = Path::new(name);
    let record = record_at(path);
    if path.is_dir() || record.extension().is_some_and(|extension| extension == "json") {
        if let Some(what) = std::fs::read_to_string(&record).ok().and_then(|text| of_no_run(&text)) {
            let title = format!("{} is the record of {what}, not of a run", record.display());
            let help = "compare the results.json of two runs: `herdlab run SCENARIO --set ... --out DIR` runs one cell";
            return Err(Diagnostics::general(title, vec![help.to_owned()]).into());
        }
        return Ok(Input::Record(Box::new(report::json::read(&record).map_err(input_error)?)));
    }
    Ok(Input::Scenario(input::find(name)?))
}

/// An option that only a run can follow.
fn used(args: &CompareArgs) -> Option<&'static str> {
    args.settings.given().or((!args.variants.is_empty()).then_some("--variant"))
}

/// All records, those of scenarios made by running them; `None` where that was interrupted. Every scenario is checked before
/// the first one is run.
fn records(
    args: &CompareArgs,
    inputs: Vec<(String, Input)>,
    overrides: &Overrides,
) -> anyhow::Result<Option<Vec<(String, Record)>>> {
    let threads = input::threads(args.threads);
    let mut checked = Vec::new();
    for (label, input) in inputs {
        checked.push((
            label,
            match input {
                Input::Record(record) => Err(record),
                Input::Scenario(Found { source, path, base_dir }) => {
                    let parse = || scenario::parse(&source, &path, &base_dir, overrides);
                    let experiment = during(reading(&path), args.quiet, parse)?;
                    if let Some(note) = input::central_values(&experiment, "compare") {
                        tell!("{note}");
                    }
                    let limits = args.limits.limits();
                    let plan = during(ESTIMATING, args.quiet, || plan_within(&limits, &experiment, threads));
                    estimate::refuse_beyond(&plan, &limits)?;
                    places(args).inputs(&experiment.files).check()?;
                    Ok((experiment, plan))
                }
            },
        ));
    }
    if args.fail_on_regression.is_some() {
        let replications: Vec<u32> = checked.iter().map(|(_, input)| replications(input)).collect();
        require_verdicts(&replications)?;
    }
    if let Some(folder) = &args.report {
        let digests: Vec<&str> = checked.iter().map(|(_, input)| digest(input)).collect();
        if !args.force && report::holds_another_comparison(folder, &digests) {
            let title = format!("{} holds the report of another comparison or run", folder.display());
            let help = ["--force replaces it", "choose another folder with --report DIR"].map(str::to_owned);
            return Err(Diagnostics::general(title, help.into()).into());
        }
        for (experiment, _) in checked.iter().filter_map(|(_, input)| input.as_ref().ok()) {
            report::room::refuse_unwritable(experiment, 0)?;
        }
    }
    let control = Arc::new(Control::default());
    if checked.iter().any(|(_, input)| input.is_ok()) {
        signals::stop_on_signal(&control);
    }
    let mut records = Vec::new();
    for (label, input) in checked {
        let (experiment, plan) = match input {
            Ok(to_run) => to_run,
            Err(record) => {
                records.push((label, *record));
                continue;
            }
        };
        let limits = args.limits.limits();
        let whole =
            Whole { limits: &limits, threads, control: &control, quiet: args.quiet, why: args.why.why };
        let Some(outcome) = whole.run(&experiment, &plan)? else { return Ok(None) };
        records.push((label, outcome.record));
    }
    Ok(Some(records))
}

fn digest(input: &Result<(Experiment, Plan), Box<Record>>) -> &str {
    match input {
        Ok((experiment, _)) => &experiment.digest,
        Err(record) => &record.scenario.digest,
    }
}

/// The command line that makes the page again.
fn command(args: &CompareArgs) -> String {
    let mut words = vec!["herdlab compare".to_owned()];
    words.extend(args.inputs.iter().map(|input| quoted(input)));
    if !args.revisions.is_empty() {
        words.push(format!("--revisions {}", quoted(&args.revisions.join(","))));
    }
    words.extend(args.settings.words());
    words.extend(args.variants.iter().map(|name| format!("--variant {}", quoted(name))));
    words.extend(args.why.why.then(|| "--why".to_owned()));
    words.extend(
        args.report.iter().map(|folder| format!("--report {}", quoted(&folder.display().to_string()))),
    );
    words.join(" ")
}

/// How many replications of each variant there are, or may come to be.
fn replications(input: &Result<(Experiment, Plan), Box<Record>>) -> u32 {
    match input {
        Err(record) => record.scenario.finished,
        Ok((experiment, _)) => {
            let most = experiment.precision.as_ref().map_or(0, |precision| precision.replications_max);
            experiment.replications.max(most)
        }
    }
}

/// Refuses a gate that could not fail, before minutes are spent on it. The first side is compared with the others.
fn require_verdicts(replications: &[u32]) -> Result<(), Diagnostics> {
    let enough = |count: &u32| *count as usize >= VERDICT_REPLICATIONS_MIN;
    match replications {
        [base, others @ ..] if enough(base) && others.iter().any(enough) => Ok(()),
        _ => Err(no_verdict()),
    }
}

fn no_verdict() -> Diagnostics {
    let title = "--fail-on-regression judges nothing: no headline measure has a verdict";
    let help = format!("a verdict takes at least {VERDICT_REPLICATIONS_MIN} replications on both sides");
    Diagnostics::general(title, vec![help])
}

fn refusal(before: &str, after: &str, reason: &Incomparable) -> Diagnostics {
    let help = match reason {
        Incomparable::Versions { .. } => {
            "run both with this version: compare the scenarios instead of the records (a record holds its scenario's text)"
        }
        Incomparable::NoCommonVariant { .. } => "variants are matched by name",
    };
    Diagnostics::general(format!("{before} and {after} are not compared: {reason}"), vec![help.to_owned()])
}

fn printed(args: &CompareArgs, all: &[Comparison<'_>]) -> anyhow::Result<String> {
    Ok(match args.format {
        Format::Table => {
            let (width, color) = output::stdout_style();
            let why = why_versus::terminal(&explained(args, all), width, color);
            let gap = if why.is_empty() { "" } else { "\n" };
            page::terminal(all, width, color) + gap + &why
        }
        Format::Json => data::json(all, args.fail_on_regression, args.why.why)?,
        Format::Csv => data::csv(all),
        Format::Md => page::markdown(all) + &why_versus::markdown(&explained(args, all)),
    })
}

/// The latencies by part of all comparisons, where they are asked for.
fn explained(args: &CompareArgs, all: &[Comparison<'_>]) -> Vec<why_versus::WhyVersus> {
    let asked = all.iter().filter(|_| args.why.why);
    asked.flat_map(|shown| why_versus::tables(shown.before.record, shown.after.record)).collect()
}

/// Names the regressions, also where nothing else is printed; gives the exit code. A gate that could not have failed is an
/// error.
fn gate(args: &CompareArgs, all: &[Comparison<'_>], allowed: f64) -> anyhow::Result<u8> {
    if let Some(path) = &args.junit {
        output::written(atomic::write(path, data::junit(all, allowed)?.as_bytes()), "--junit FILE")?;
    }
    let measures =
        || all.iter().flat_map(|shown| &shown.versus.variants).flat_map(|variant| &variant.measures);
    let judged =
        measures().any(|measure| measure.verdict.is_some_and(|verdict| verdict != Verdict::NoVerdict));
    if !judged {
        return Err(no_verdict().into());
    }
    let found: Vec<_> = all.iter().flat_map(|shown| regressions(shown, allowed)).collect();
    for regression in &found {
        tell!("regression: {}", regression.sentence);
    }
    Ok(if found.is_empty() { exit::SUCCESS } else { exit::GATE })
}
