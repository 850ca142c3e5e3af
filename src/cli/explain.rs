//! `herdlab explain`.

use std::process::ExitCode;

use clap::Args;
use herdlab::reference::entries::{explain, list, meant};
use herdlab::reference::search::{is_about_a_result, matches, translated};
use herdlab::scenario::Diagnostics;

use super::output;

/// Longer lines of prose are hard to read.
const TEXT_WIDTH_MAX: usize = 100;

/// Explain a measure, a lint, an option or a word of the trade, or search for it; without a name, list all of them
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A measure (`db.qps.peak`), a lint (`no-ttl`), an option (`tier.l2.ttl`, `ttl`), a choice (`xfetch`), or a word to search for
    /// (`max_connections`, `stampede`)
    #[arg(value_name = "NAME|WORD")]
    words: Vec<String>,
}

pub(crate) fn execute(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    if args.words.is_empty() {
        return Ok(output::show(&list(output::list_width().map(usize::from))).done());
    }
    let width = usize::from(output::stdout_style().0).min(TEXT_WIDTH_MAX);
    let mut texts = Vec::with_capacity(args.words.len());
    for word in &args.words {
        texts.push(found(word, width).ok_or_else(|| unknown(word))?);
    }
    Ok(output::show(&texts.join("\n")).done())
}

/// The entry of that name and its relatives, else the best matches of a search. A word for a result, such as `p99`, leads with its
/// measures.
fn found(word: &str, width: usize) -> Option<String> {
    let known = explain(word, width);
    if is_about_a_result(word) && known.is_some() {
        return [translated(word, width, false), known].into_iter().flatten().reduce(|a, b| a + "\n" + &b);
    }
    let translated = translated(word, width, known.is_some());
    let matches = if known.is_some() { None } else { matches(word, width) };
    let texts: Vec<String> = [known, translated, matches].into_iter().flatten().collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn unknown(word: &str) -> Diagnostics {
    let mut help = vec!["`herdlab explain` alone lists all measures, lints and options".to_owned()];
    if let Some(meant) = meant(word) {
        help.insert(0, format!("did you mean `{meant}`?"));
    }
    Diagnostics::general(format!("there is no measure, lint or option `{word}`"), help)
}
