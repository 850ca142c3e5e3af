//! `herdlab trace model`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use herdlab::atomic;
use herdlab::import::{TraceModelError, trace_model};
use herdlab::report::survey as report;
use herdlab::scenario::{self, Diagnostics, Overrides};
use herdlab::survey::drawn_beside;
use herdlab::trace::Problem;

use super::super::output::{self, counted, tell};
use super::super::places::{Places, refuse_to_replace};
use super::super::progress::{during, reading};
use super::{Beginning, Input};

/// Write a scenario with synthetic traffic like that of a trace, and show how far its misses are from those of the trace
///
/// Rate, burstiness and profile, keys and their popularity, sizes, share of writes and times to live are those of the trace; the comment
/// behind each figure is its place, and ASSUMPTION marks what a trace does not have. Takes about 60 bytes of memory per request.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    input: Input,
    /// The scenario to write
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

pub(crate) fn execute(args: &ModelArgs) -> anyhow::Result<ExitCode> {
    let (input, path) = (&args.input, &args.output);
    Places::default().input(&input.trace).file("--output FILE", Some(path)).check()?;
    refuse_to_replace(path, args.force, "--force replaces it")?;
    let Beginning { mut rows, unit_ns, .. } = input.open()?;
    let Some(unit_ns) = unit_ns else {
        let title = format!("{}: a trace without times has no rate", input.trace.display());
        let help = vec!["`herdlab mrc` replays its keys; in a scenario, `rate` gives a trace one".to_owned()];
        return Err(Diagnostics::general(title, help).into());
    };
    // A comment ends with its line.
    let name = input.name().replace(|c: char| c.is_control(), "?");
    let model = during(reading(&name), false, || trace_model(&mut *rows, &name, unit_ns / 1e9));
    let model = model.map_err(|error| match error {
        TraceModelError::Row(problem) => input.wrong(problem),
        TraceModelError::Import(error) => Diagnostics::general(error.to_string(), error.help),
    })?;
    let text = |text: &str| Problem { line: 0, text: text.to_owned() };
    let ratios =
        during("comparing the law with the trace", false, || drawn_beside(&model.lookups, model.law));
    let ratios = ratios.map_err(|problem| input.wrong(text(problem)))?;
    output::written(atomic::write(path, model.scenario.as_bytes()), "--output FILE")?;
    if path.is_file() {
        // As `herdlab import`: a figure that no scenario takes is not found later.
        scenario::load(path, &Overrides::default())?;
    }
    tell!("written: {}", path.display());
    let shown = output::show(&report::comparison(&ratios, output::stdout_style().0));
    tell!("{} in it: look for ASSUMPTION", counted(model.assumptions as u64, "assumption"));
    tell!("next: herdlab check {}\n      herdlab run {}", path.display(), path.display());
    Ok(shown.done())
}
