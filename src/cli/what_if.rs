//! `herdlab what-if`.

mod files;
mod module;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use herdlab::atomic;
use herdlab::experiment::forecast;
use herdlab::report::html::what_if::{WhatIf, render};
use herdlab::scenario::command::named;
use herdlab::scenario::knobs::knobs;
use herdlab::scenario::{Diagnostics, Overrides, parse_with_warnings};
use herdlab::what_if::{DIGEST, MEMORY_BYTES_MAX};
use serde_json::json;

use super::input::{self, Found};
use super::output::tell;
use super::places::{Places, refuse_to_replace};
use super::settings::path_and_value;
use super::{exit, output};
use crate::cli::output::message;

/// Write a page that simulates: its reader turns the knobs of the scenario
#[derive(Debug, Args)]
pub(crate) struct WhatIfArgs {
    /// Scenario file, or name of a bundled scenario
    #[arg(value_name = "FILE|NAME")]
    scenario: String,
    /// The page to write [default: <scenario>-what-if.html]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Set a value of the scenario (`tier.l2.ttl=5m`), for today as well; repeat for several
    #[arg(long, short, value_name = "PATH=VALUE", value_parser = path_and_value)]
    set: Vec<(String, String)>,
    /// A knob with these values (`tier.l2.ttl=10s,60s`, `database.pool=2..20:step2`), before those of the scenario; repeat for
    /// several
    #[arg(long = "sweep", value_name = "PATH=VALUES", value_parser = path_and_value)]
    sweep: Vec<(String, String)>,
    /// Replace a file that is no page of this scenario
    #[arg(long)]
    force: bool,
}

pub(crate) fn execute(args: &WhatIfArgs) -> anyhow::Result<ExitCode> {
    let Found { source, path, base_dir } = input::find(&args.scenario)?;
    let overrides = Overrides { set: args.set.clone(), ..Overrides::default() };
    let (experiment, warnings) = parse_with_warnings(&source, &path, &base_dir, &overrides)?;
    // What is wrong with the axes is wrong in the page as well.
    let knobs = knobs(&source, &path, &base_dir, &overrides, &args.sweep)?;
    let out = args.output.clone().unwrap_or_else(|| format!("{}-what-if.html", experiment.name).into());
    Places::default()
        .input(&args.scenario)
        .inputs(&experiment.files)
        .file("--output FILE", Some(&out))
        .check()?;
    if !is_page_of(&out, &experiment.name) {
        let help = "--output names another file, --force replaces it";
        refuse_to_replace(&out, args.force, help)?;
    }
    let Some(module) = module::module()? else { return Ok(without_module()) };
    module::check(&module)?;
    refuse_beyond(&experiment)?;
    let open = json!({
        "source": &source,
        "path": &path,
        "command": named(&path, &source),
        "set": &args.set,
        "sweep": &args.sweep,
        "knobs": &knobs,
        "files": files::contents(&experiment.files, &base_dir)?,
    });
    if !warnings.is_empty() {
        output::tell_text(&warnings.render_within(output::stderr_style()));
    }
    let page = render(&WhatIf {
        name: &experiment.name,
        question: &experiment.question,
        source_path: named(&path, &source),
        source: &source,
        open: &open,
        version: env!("CARGO_PKG_VERSION"),
        digest: DIGEST,
        module: &module,
    })?;
    output::written(atomic::write(&out, page.as_bytes()), "--output FILE")?;
    let size = herdlab::units::approximate_bytes(page.len() as f64);
    tell!("{}, {size}: {}", output::counted(knobs.len() as u64, "knob"), out.display());
    Ok(ExitCode::SUCCESS)
}

/// Whether the file is a page that this command has written for a scenario of this name.
fn is_page_of(file: &Path, name: &str) -> bool {
    let escaped = name.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    let title = format!("<title>{escaped}: what if?");
    std::fs::read(file).is_ok_and(|page| {
        let head = &page[..page.len().min(4_096)];
        String::from_utf8_lossy(head).contains(&title)
    })
}

/// Refuses what no browser has the memory for.
fn refuse_beyond(experiment: &herdlab::model::Experiment) -> Result<(), Diagnostics> {
    let plan = forecast::plan(experiment, 1);
    if plan.memory_bytes <= MEMORY_BYTES_MAX {
        return Ok(());
    }
    let bytes = herdlab::units::approximate_bytes;
    let title = format!(
        "this scenario needs about {} of memory, and a page in a browser has {}",
        bytes(plan.memory_bytes),
        bytes(MEMORY_BYTES_MAX)
    );
    let part = plan.biggest.map(|item| format!("the largest part is {}: {}", item.what, bytes(item.bytes)));
    let mut help: Vec<String> = part.into_iter().collect();
    help.push("fewer keys, such as --set workload.keys=100000; or `herdlab sweep` in a terminal".to_owned());
    Err(Diagnostics::general(title, help))
}

fn without_module() -> ExitCode {
    output::tell_text(&message(
        "error: this herdlab was built without the engine that a what-if page carries\n  \
         help: released binaries have it; from the sources, scripts/what-if builds a program that does (docs/what-if.md)\n",
    ));
    ExitCode::from(exit::USAGE)
}
