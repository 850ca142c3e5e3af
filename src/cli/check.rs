//! `herdlab check`.

use std::process::ExitCode;

use clap::Args;
use herdlab::catalog;
use herdlab::experiment::forecast::plan;
use herdlab::experiment::recommend::Search;
use herdlab::experiment::run::RunError;
use herdlab::experiment::sweep::{self, Pool};
use herdlab::experiment::warmup::{Foreseen, foresee};
use herdlab::experiment::worlds::plan::WORLDS;
use herdlab::model::{Experiment, Input};
use herdlab::report::format::{exact, with_unit};
use herdlab::report::room::refuse_unwritable;
use herdlab::report::thresholds::in_words;
use herdlab::scenario::describe;
use herdlab::scenario::estimate::{self, Estimate, Limits, Plan, approximate_time};
use herdlab::scenario::grid::Which;
use herdlab::scenario::{Diagnostics, Overrides};
use herdlab::theory::{Prediction, predictions};
use herdlab::units::{approximate_bytes, format_duration, grouped};
use herdlab::wrap::hanging;

use super::output::{Shown, counted, tell};
use super::progress::{ESTIMATING, during, reading};
use super::{exit, input, output};

/// Check scenarios and explain them without running: the model in words, the cost of a run, and the settings that hurt in
/// production (docs/lints.md)
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Scenario files, or names of bundled scenarios
    #[arg(required = true, value_name = "FILE")]
    scenarios: Vec<String>,
    /// Fail on lint warnings (exit code 2)
    #[arg(long)]
    deny_lints: bool,
}

pub(crate) fn execute(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let threads = input::threads(None);
    let mut sound = true;
    let mut shown = Shown::Whole;
    for scenario in &args.scenarios {
        let read = || input::load_with_warnings(scenario, &Overrides::default());
        let checked = during(reading(scenario), false, read);
        let checked = checked.and_then(|(experiment, warnings)| {
            let plan = during(ESTIMATING, false, || plan(&experiment, threads));
            estimate::refuse_beyond(&plan, &Limits::of_this_machine())?;
            refuse_unwritable(&experiment, 0)?;
            let ranges = ranges(scenario, &experiment)?;
            let grids = grids(scenario, &experiment, threads)?;
            Ok((experiment, warnings, plan, ranges + &grids))
        });
        match checked {
            Ok((experiment, warnings, plan, grids)) => {
                let warmup = match warmup(&experiment) {
                    Ok(line) => line,
                    Err(error) => {
                        sound = false;
                        tell!("error: {error}");
                        continue;
                    }
                };
                let text = describe(&experiment, &plan, threads) + &warmup + &grids;
                let width = output::list_width().map_or(usize::MAX, usize::from);
                shown = shown.and(output::show(&hanging(&text, width)));
                output::tell_text(&warnings.render_within(output::stderr_style()));
                sound &= warnings.is_empty() || !args.deny_lints;
            }
            Err(problems) => {
                output::tell_text(&problems.render_within(output::stderr_style()));
                sound = false;
            }
        }
    }
    Ok(ExitCode::from(shown.code(if sound { exit::SUCCESS } else { exit::USAGE })))
}

/// The warm-up that a run would find, as far as that is quickly known; nothing where one is given.
fn warmup(experiment: &Experiment) -> Result<String, RunError> {
    if !experiment.variants.iter().any(|variant| variant.model.warmup_auto) {
        return Ok(String::new());
    }
    Ok(match foresee(experiment)? {
        Foreseen::Found(warmup_ns) => format!("warm-up: {}, found by a pilot\n", format_duration(warmup_ns)),
        Foreseen::ByPilot { requests } => format!(
            "warm-up: not known before the run, which finds it by a pilot of about {} requests or refuses\n",
            grouped(requests.round() as u64)
        ),
    })
}

/// The ranges; their ends and the worlds of a run are checked.
fn ranges(scenario: &str, experiment: &Experiment) -> Result<String, Diagnostics> {
    if experiment.inputs.is_empty() {
        return Ok(String::new());
    }
    input::load_worlds(scenario, &Overrides::default(), WORLDS)?;
    let line = |input: &Input| {
        let figure = |number: f64| exact(number, &input.unit);
        let likely = input.likely.map_or(String::new(), |likely| format!(", most likely {}", figure(likely)));
        format!("uncertain: {} from {} to {}{likely}\n", input.path, figure(input.low), figure(input.high))
    };
    let worlds = format!("`herdlab run` draws {} of them\n", counted(u64::from(WORLDS), "world"));
    Ok(experiment.inputs.iter().map(line).collect::<String>() + &worlds)
}

/// The runs of `[sweep]` and `[recommend]`; all their cells are checked.
fn grids(scenario: &str, experiment: &Experiment, threads: usize) -> Result<String, Diagnostics> {
    let mut text = String::new();
    if experiment.sweep.as_ref().is_some_and(|sweep| !sweep.axes.is_empty()) {
        let (grid, _) = input::load_grid(scenario, &Overrides::default(), Which::Sweep, &[])?;
        let plan = sweep::plan(&Pool::new(&grid), experiment.replications, threads);
        text.push_str(&format!(
            "sweep: {}, {}, {}\n",
            counted(grid.cells.len() as u64, "cell"),
            counted(plan.cells, "simulation"),
            approximate_time(plan.seconds)
        ));
    }
    if experiment.recommend.as_ref().is_some_and(|recommend| !recommend.knobs.is_empty()) {
        let (grid, _) = input::load_grid(scenario, &Overrides::default(), Which::Recommend, &[])?;
        let search = Search::new(&grid, &Pool::new(&grid))?;
        text.push_str(&format!(
            "recommend: {}, {}\n",
            counted(search.candidates.len() as u64, "candidate"),
            counted(search.cost(), "simulation")
        ));
    }
    Ok(text)
}

fn describe(experiment: &Experiment, plan: &Plan, threads: usize) -> String {
    let mut text = format!("{}: {}\n", experiment.source_path, experiment.question);
    let mut first_lines = Vec::new();
    for (index, (variant, estimate)) in experiment.variants.iter().zip(&plan.estimates).enumerate() {
        let lines = describe::describe(&variant.model);
        let role =
            if index == experiment.baseline && experiment.variants.len() > 1 { " (baseline)" } else { "" };
        text.push_str(&format!("\n{}{role}\n", variant.name));
        let new: Vec<&String> = lines.iter().filter(|line| !first_lines.contains(*line)).collect();
        for line in &new {
            text.push_str(&format!("  {line}\n"));
        }
        if index > 0 {
            let note = if new.is_empty() { "the same as the first" } else { "all else as the first" };
            text.push_str(&format!("  {note}\n"));
        } else {
            first_lines = lines;
        }
        for prediction in predictions(&variant.model) {
            text.push_str(&format!("  {}\n", expected(&prediction)));
        }
        text.push_str(&format!("  {}\n", cost(estimate)));
    }
    let cells = plan.cells;
    let variants = counted(experiment.variants.len() as u64, "variant");
    let replications = counted(u64::from(experiment.replications), "replication");
    let (simulations, threads) = (counted(cells, "simulation"), counted(threads as u64, "thread"));
    text.push_str(&format!(
        "\n{simulations} ({variants} x {replications}), about {} requests, {} of memory, {} on {threads}\n",
        grouped(plan.requests.round() as u64),
        approximate_bytes(plan.memory_bytes),
        approximate_time(plan.seconds),
    ));
    if let Some(precision) = &experiment.precision {
        text.push_str(&format!(
            "more replications, up to {}, until half the interval of {} is within {} of its mean in every variant\n",
            precision.replications_max,
            precision.measure,
            with_unit(precision.relative, "1"),
        ));
    }
    text.push_str(&format!("headline: {}\n", experiment.headline.join(", ")));
    for threshold in &experiment.thresholds {
        let whom = threshold.variant.as_deref().unwrap_or("all variants that have it");
        let unit = catalog::known(&threshold.measure).unit_in(experiment.currency());
        text.push_str(&format!("threshold: {} in {whom}\n", in_words(threshold, unit)));
    }
    text.push_str(&format!("digest: {}\n", experiment.digest));
    if let Some(answer) = &experiment.answer
        && answer.digest != experiment.digest
    {
        text.push_str("note: the answer was written for another digest and will not be shown\n");
    }
    text
}

/// `in theory: hit_ratio 90.1 % (renewals of a TTL)`.
fn expected(prediction: &Prediction) -> String {
    let unit = catalog::known(&prediction.measure).unit;
    let figure = with_unit(prediction.value, unit);
    let Prediction { measure, law, failing, .. } = prediction;
    match failing.as_slice() {
        [] => format!("in theory: {measure} {figure} ({law})"),
        failing => format!("in theory, nearly: {measure} {figure} ({law}), but {}", failing.join("; ")),
    }
}

fn cost(estimate: &Estimate) -> String {
    let whole = |number: f64| grouped(number.round() as u64);
    format!(
        "per simulation: about {} requests, {} events, {}",
        whole(estimate.requests),
        whole(estimate.events),
        approximate_bytes(estimate.memory_bytes())
    )
}
