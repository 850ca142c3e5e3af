//! `herdlab init`.

mod flags;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use herdlab::atomic;
use herdlab::scenario::{Diagnostics, Overrides, bundled, parse};
use herdlab::starter::{TEMPLATES, Unfinished, ask, own, written};

use self::flags::Flags;
use super::output::{Shown, tell};
use super::places::{Places, refuse_to_replace};
use super::{input, output};

/// The file of a dialogue, where no other is named.
const DIALOGUE_FILE: &str = "my.toml";
/// The way out where the file is there.
const TO_REPLACE: &str = "--out names another file, --force replaces it";

/// Write a scenario to start from: by questions about your system, by flags, from a template, or a bundled one
///
/// Without arguments it asks, on a terminal, and writes my.toml. With flags about the system it asks nothing: those left out take their
/// defaults, which the scenario marks as assumptions. `herdlab init lookup > my.toml` writes a bundled scenario without its answer,
/// findings and thresholds.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Name of a bundled scenario, as `herdlab list` shows it
    #[arg(conflicts_with = "template")]
    name: Option<String>,
    /// A short scenario of a common system
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(TEMPLATES.iter().map(|template| template.name)))]
    template: Option<String>,
    #[command(flatten)]
    flags: Flags,
    /// The file to write [default: standard output; after questions my.toml]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

/// Where the text comes from.
enum Source<'a> {
    Bundled(&'a str),
    Template(&'a str),
    Flags,
    Questions,
}

pub(crate) fn execute(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let source = match (&args.name, &args.template) {
        (Some(name), _) => Source::Bundled(name),
        (None, Some(name)) => Source::Template(name),
        (None, None) if args.flags.is_empty() => Source::Questions,
        (None, None) => Source::Flags,
    };
    let asks = matches!(source, Source::Questions);
    if asks && !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(no_terminal().into());
    }
    let out = args.out.clone().or_else(|| asks.then(|| PathBuf::from(DIALOGUE_FILE)));
    Places::default().file("--out FILE", out.as_ref()).check()?;
    if let Some(file) = &out {
        refuse_to_replace(file, args.force, TO_REPLACE)?;
    }
    let text = match source {
        Source::Bundled(name) => own(bundled::get(name).ok_or_else(|| input::unknown(name))?),
        Source::Template(name) => template(name)?,
        Source::Flags => checked(written(&args.flags.system()?), out.as_deref())?,
        Source::Questions => checked(questions()?, out.as_deref())?,
    };
    finish(&text, out.as_deref(), args.force)
}

fn no_terminal() -> Diagnostics {
    let templates: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
    Diagnostics::general(
        "`herdlab init` asks its questions on a terminal only",
        vec![
            "answer by flags: herdlab init --rps 2000 --pods 12 --ttl 5m --query 4ms --change ttl=1m (--help lists them)"
                .to_owned(),
            format!("start from a template: herdlab init --template NAME, one of {}", templates.join(", ")),
            "start from a bundled scenario: herdlab init lookup".to_owned(),
        ],
    )
}

/// The scenario of a dialogue on the terminal.
fn questions() -> anyhow::Result<String> {
    match ask(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(system) => Ok(written(&system)),
        Err(Unfinished::Ended) => {
            let title = format!("{}: nothing is written", Unfinished::Ended);
            let help = "the flags of `herdlab init --help` answer without questions".to_owned();
            Err(Diagnostics::general(title, vec![help]).into())
        }
        Err(error) => Err(error.into()),
    }
}

fn template(name: &str) -> Result<String, Diagnostics> {
    let found = TEMPLATES.iter().find(|template| template.name == name);
    found
        .map(|template| template.source.to_owned())
        .ok_or_else(|| Diagnostics::general(format!("there is no template \"{name}\""), Vec::new()))
}

/// A text that is a scenario, so that numbers which no scenario takes together are refused before anything is written.
fn checked(text: String, out: Option<&Path>) -> Result<String, Diagnostics> {
    let file = out.unwrap_or(Path::new(DIALOGUE_FILE));
    parse(&text, &file.display().to_string(), atomic::folder_of(file), &Overrides::default())?;
    Ok(text)
}

fn finish(text: &str, out: Option<&Path>, force: bool) -> anyhow::Result<ExitCode> {
    let Some(file) = out else {
        let shown = output::show(text);
        if shown == Shown::Whole {
            tell!("for your editor, beside the file: herdlab schema > herdlab.schema.json");
        }
        return Ok(shown.done());
    };
    // A file may have come while the questions were answered.
    refuse_to_replace(file, force, TO_REPLACE)?;
    output::written(atomic::write(file, text.as_bytes()), "--out FILE")?;
    let shown = file.display();
    tell!("written: {shown}");
    tell!("next: herdlab check {shown}\n      herdlab run {shown}");
    Ok(ExitCode::SUCCESS)
}
