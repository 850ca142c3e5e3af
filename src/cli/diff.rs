//! `herdlab diff`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use herdlab::experiment::forecast::plan_within;
use herdlab::model::Experiment;
use herdlab::record::OtherFile;
use herdlab::report::{self, Kind, difference as words};
use herdlab::scenario::difference::{differences, is_same_system, together};
use herdlab::scenario::{Diagnostics, estimate};
use herdlab::sim::Control;

use super::contents::ContentsArgs;
use super::output::{Shown, tell};
use super::page::OpenArgs;
use super::places::{Places, report_folder};
use super::progress::{DRAWING, ESTIMATING, during, reading};
use super::run::{Format, gate, printed};
use super::settings::{LimitArgs, SettingArgs, WhyArgs};
use super::whole::Whole;
use super::{exit, input, output, signals};

/// Review a change: name the differences between two scenario files, run both and judge the second against the first
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// Scenario file of today, or name of a bundled scenario; its baseline is the baseline
    #[arg(value_name = "TODAY")]
    before: String,
    /// Scenario file with the change; all its variants are reviewed
    #[arg(value_name = "CHANGE")]
    after: String,
    #[command(flatten)]
    settings: SettingArgs,
    /// Review only this variant of the change; repeat for several
    #[arg(long = "variant", value_name = "NAME")]
    variants: Vec<String>,
    /// Name the differences and run nothing
    #[arg(long)]
    no_run: bool,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for the report [default: reports/<today>-<change>, or the next free name where that holds another report]
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace any report in the folder
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    contents: ContentsArgs,
    #[command(flatten)]
    open: OpenArgs,
    #[command(flatten)]
    why: WhyArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// No progress and no table
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn execute(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    places(args).check()?;
    let (before, after) = during(reading(&args.before), args.quiet, || experiments(args))?;
    let names = names(&before.source_path, &after.source_path);
    let names = [names[0].as_str(), names[1].as_str()];
    let mut changes = differences(&before.source, &after.source);
    changes.retain(|change| !args.settings.set.iter().any(|(path, _)| change.is_settled_by(path)));
    let same = is_same_system(&before, &after) && after.variants.len() == 1;
    if args.no_run || same {
        let text = match args.format {
            Format::Table => words::terminal(&changes, names, output::stdout_style().0),
            Format::Md => words::markdown(&changes, names),
            Format::Json => words::json(&changes, [&before.source_path, &after.source_path])?,
            Format::Csv => words::csv(&changes),
        };
        let shown = if args.quiet { Shown::Whole } else { output::show(&text) };
        if same && !args.no_run {
            tell!("both files describe the same system: nothing to run");
        }
        return Ok(shown.done());
    }
    let other = OtherFile {
        source_path: after.source_path.clone(),
        source: after.source.clone(),
        differences: changes.iter().map(words::sentence).collect(),
    };
    let experiment = together(before, after, names, &changes)?;
    if let Some(note) = input::central_values(&experiment, "diff").filter(|_| !args.quiet) {
        tell!("{note}");
    }
    let threads = input::threads(args.threads);
    let limits = args.limits.limits();
    let plan = during(ESTIMATING, args.quiet, || plan_within(&limits, &experiment, threads));
    estimate::refuse_beyond(&plan, &limits)?;
    report::room::refuse_unwritable(&experiment, 0)?;
    let is_anothers =
        |folder: &Path| report::holds_another_run(folder, &experiment.digest, &experiment.inputs);
    let out = report_folder(args.out.as_deref(), &experiment.name, args.force, &is_anothers)?;
    places(args).inputs(&experiment.files).folder("--out DIR", &out, Kind::Run).check()?;
    let control = Arc::new(Control::default());
    signals::stop_on_signal(&control);
    let whole = Whole { limits: &limits, threads, control: &control, quiet: args.quiet, why: args.why.why };
    let Some(mut outcome) = whole.run(&experiment, &plan)? else {
        tell!("interrupted: nothing written");
        return Ok(ExitCode::from(exit::INTERRUPTED));
    };
    outcome.record.scenario.after = Some(other);
    let contents = args.contents.contents();
    let written = during(DRAWING, args.quiet, || {
        report::write_all(&outcome.record, Some(&outcome.timings), &out, contents)
    });
    output::written(written, "--out DIR")?;
    let mut shown = Shown::Whole;
    if !args.quiet {
        let lead = match args.format {
            Format::Table => words::terminal(&changes, names, output::stdout_style().0) + "\n",
            Format::Md => words::markdown(&changes, names) + "\n",
            Format::Json | Format::Csv => String::new(),
        };
        shown = output::show(&(lead + &printed(args.format, &outcome.record)?));
    }
    args.open.announce(&out, args.quiet);
    let code = gate(&outcome.record);
    Ok(ExitCode::from(if args.format == Format::Table { code } else { shown.code(code) }))
}

/// What is read and written, as far as the arguments show it.
fn places(args: &DiffArgs) -> Places<'_> {
    let places = Places::default().input(&args.before).input(&args.after);
    match &args.out {
        Some(folder) => places.folder("--out DIR", folder, Kind::Run),
        None => places,
    }
}

/// Both files, checked.
fn experiments(args: &DiffArgs) -> Result<(Experiment, Experiment), Diagnostics> {
    let load = |name: &str, variants: &[String]| input::load(name, &args.settings.overrides(variants));
    Ok((load(&args.before, &[])?, load(&args.after, &args.variants)?))
}

/// The names of two files: those without folder and ending, with the folder where they are equal.
fn names(before: &str, after: &str) -> [String; 2] {
    let stem = |path: &str| {
        let stem = Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        stem.filter(|stem| !stem.is_empty()).unwrap_or_else(|| path.to_owned())
    };
    let [first, second] = [stem(before), stem(after)];
    if first == second { ["today".to_owned(), "change".to_owned()] } else { [first, second] }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn files_are_named_by_their_stems_unless_these_are_equal() {
        assert_eq!(names("a/today.toml", "b/change.toml"), ["today", "change"]);
        assert_eq!(names("a/cache.toml", "b/cache.toml"), ["today", "change"]);
        assert_eq!(names("stampede", "mine.toml"), ["stampede", "mine"]);
    }
}
