//! The whole file: the question and how it is asked, then one model per variant.

use std::path::Path;

use super::question::{Question, VariantOptions, is_same_for_all};
use super::recommend::RecommendOptions;
use super::sweep::SweepOptions;
use super::system::model;
use super::threshold::{self, thresholds};
use super::{idle, observed, sweep, words};
use crate::declare::Form;
use crate::declare::diagnostic::{Diagnostic, Span, nearest};
use crate::declare::fields::{Context, Fields};
use crate::declare::file::Node;
use crate::declare::values::text;
use crate::model::{Experiment, Nanos, Variant};
use crate::scenario::digest::digest;
use crate::scenario::lint::{self, Finding};
use crate::scenario::trace::TraceFiles;
use crate::scenario::{Kept, axes};

/// Name of the only variant where the file has none.
const BASE_VARIANT: &str = "base";

/// Tables of the file of which a variant sets parts.
const SECTIONS: [&str; 11] = [
    "tier",
    "class",
    "event",
    "database",
    "clients",
    "workload",
    "measure",
    "writes",
    "invalidation",
    "slo",
    "price",
];

/// What is inside a table of which variants set parts, and the same for all: costs in two currencies cannot be compared.
const CURRENCY: &str = "price.currency";

/// Settings of the command line beyond the tree.
pub(crate) struct Asked<'a> {
    pub seed: Option<u64>,
    pub replications: Option<u32>,
    pub duration_ns: Option<Nanos>,
    /// Names of the variants to run; empty: all.
    pub variants: &'a [String],
    /// The tree is a cell of a grid: some values are not the file's.
    pub cell: bool,
}

/// A `[[variant]]` before its model is read.
struct Sketch<'n> {
    name: String,
    span: Span,
    set: Option<&'n Node>,
}

/// Reads the tree into an experiment, or leaves every problem in `cx`. `source` and `overrides` are for
/// the caller to fill in.
pub(crate) fn check(
    cx: &mut Context,
    kept: &mut Kept,
    root: &Node,
    source_path: &str,
    asked: &Asked<'_>,
) -> Option<Experiment> {
    let mut f = Fields::open(cx, root, "a scenario")?;
    let question = Question::read_options(&mut f, asked.replications);
    f.report_missing();
    let file = question?;
    let (seed, replications) =
        (asked.seed.unwrap_or(file.seed), asked.replications.unwrap_or(file.replications));
    let mut sketches = sketches(cx, root.elements("variant"));
    if sketches.is_empty() {
        sketches = vec![Sketch { name: BASE_VARIANT.to_owned(), span: root.span, set: None }];
    }
    let baseline = root.get("baseline").and_then(|node| baseline(cx, node, &sketches)).unwrap_or(0);
    let chosen = choose(cx, &sketches, asked.variants);
    let (variants, warnings) = variants(cx, &mut kept.traces, root, &sketches, &chosen, asked);
    let surroundings =
        threshold::Surroundings { names: &names(&sketches), variants: &variants, replications };
    let mut thresholds =
        cx.within("threshold", |cx| thresholds(cx, root.elements("threshold"), &surroundings));
    thresholds.retain(|threshold| variants.iter().any(|variant| threshold.is_about(&variant.name)));
    let recommend = root.get("recommend").and_then(|node| {
        cx.within("recommend", |cx| RecommendOptions::read(cx, node, &surroundings)?.recommend())
    });
    let complete = variants.len() == chosen.len() && !chosen.is_empty();
    if complete {
        words::check_headline(cx, root, &file.headline, &variants);
        words::check_precision(cx, root, file.precision.as_ref(), &variants);
        sweep::check_measures(cx, root, &variants);
        let base = chosen.iter().position(|index| *index == baseline).unwrap_or(0);
        observed::check(cx, root.get("observed"), file.observed.as_ref(), &variants[base]);
        if chosen.len() == sketches.len() {
            words::check_answer(cx, root, file.answer.as_ref(), &variants);
            words::check_practice(cx, root, &file.practice, &variants);
            if cx.diagnostics.is_empty() && !asked.cell {
                idle::check(cx, root, &variants);
            }
        }
    }
    if !cx.diagnostics.is_empty() {
        return None;
    }
    kept.warnings = warnings.into_iter().filter(|finding| !file.allow.contains(&finding.lint)).collect();
    Some(Experiment {
        name: file.name.unwrap_or_else(|| stem(source_path)),
        question: file.question?,
        seed,
        replications,
        baseline: chosen.iter().position(|index| *index == baseline).unwrap_or(0),
        digest: digest(&variants, seed, replications, file.precision.as_ref()),
        precision: file.precision,
        variants,
        headline: file.headline,
        answer: file.answer,
        practice: file.practice,
        observed: file.observed,
        sweep: file.sweep.map(SweepOptions::sweep),
        recommend,
        thresholds,
        lints: Vec::new(),
        inputs: Vec::new(),
        source: String::new(),
        source_path: source_path.to_owned(),
        files: std::mem::take(&mut cx.files),
        overrides: Vec::new(),
    })
}

fn stem(source_path: &str) -> String {
    Path::new(source_path)
        .file_stem()
        .map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn sketches<'n>(cx: &mut Context, elements: &'n [Node]) -> Vec<Sketch<'n>> {
    let names = axes::names(elements);
    super::refuse_repeated_names(cx, "variant", elements, &names);
    let read = elements.iter().filter_map(|element| {
        let options = cx.within("variant", |cx| VariantOptions::read(cx, element, ()))?;
        Some(Sketch { name: options.name, span: element.span, set: element.get("set") })
    });
    read.collect()
}

fn names<'s>(sketches: &'s [Sketch<'_>]) -> Vec<&'s str> {
    sketches.iter().map(|sketch| sketch.name.as_str()).collect()
}

fn baseline(cx: &mut Context, node: &Node, sketches: &[Sketch<'_>]) -> Option<usize> {
    let name = text(cx, node)?;
    let names = names(sketches);
    names.iter().position(|known| *known == name).or_else(|| {
        cx.report(words::unknown_variant(&name, &names, node.span));
        None
    })
}

/// Indices of the selected variants, in file order.
fn choose(cx: &mut Context, sketches: &[Sketch<'_>], asked: &[String]) -> Vec<usize> {
    let names = names(sketches);
    for name in asked.iter().filter(|name| !names.contains(&name.as_str())) {
        let mut help = vec![format!("variants: {}", names.join(", "))];
        if let Some(meant) = nearest(name, names.iter().copied()) {
            help.insert(0, format!("did you mean \"{meant}\"?"));
        }
        let title = format!("--variant: no variant is called \"{name}\"");
        cx.report(Diagnostic { title, labels: Vec::new(), help });
    }
    (0..sketches.len())
        .filter(|&index| asked.is_empty() || asked.iter().any(|name| name == names[index]))
        .collect()
}

/// Reads the chosen variants. A problem that the file has without them is reported once; one that comes from
/// what variants set names them and points there. The same goes for the warnings, the second part.
fn variants(
    cx: &mut Context,
    traces: &mut TraceFiles,
    root: &Node,
    sketches: &[Sketch<'_>],
    chosen: &[usize],
    asked: &Asked<'_>,
) -> (Vec<Variant>, Vec<Finding>) {
    let cut_ns = asked.duration_ns;
    let own = std::mem::take(&mut cx.diagnostics);
    let mut variants = Vec::new();
    let mut problems: Vec<(Diagnostic, Vec<usize>)> = Vec::new();
    let mut warnings: Vec<(Finding, Vec<usize>)> = Vec::new();
    for &index in chosen {
        let sketch = &sketches[index];
        let mut tree = root.clone();
        let settings = apply(cx, &mut tree, sketch);
        if let Some(model) = model(cx, traces, &tree, cut_ns) {
            // Of a grid, the file is looked at.
            let findings = if asked.cell { Vec::new() } else { lint::findings(&tree, &model) };
            for finding in findings {
                let same = |known: &Finding| {
                    known.lint == finding.lint
                        && known.place() == finding.place()
                        && known.diagnostic.title == finding.diagnostic.title
                };
                match warnings.iter_mut().find(|(known, _)| same(known)) {
                    Some((_, having)) => having.push(index),
                    None => warnings.push((finding, vec![index])),
                }
            }
            variants.push(Variant { name: sketch.name.clone(), settings, model });
        }
        for diagnostic in cx.diagnostics.drain(..) {
            match problems.iter_mut().find(|(known, _)| *known == diagnostic) {
                Some((_, having)) if having.contains(&index) => {}
                Some((_, having)) => having.push(index),
                None => problems.push((diagnostic, vec![index])),
            }
        }
    }
    let of_the_file = if problems.is_empty() {
        Vec::new()
    } else {
        model(cx, traces, root, cut_ns);
        std::mem::take(&mut cx.diagnostics)
    };
    cx.diagnostics = own;
    for (diagnostic, having) in problems {
        let plain = of_the_file.contains(&diagnostic);
        cx.report(if plain { diagnostic } else { attribute(diagnostic, &having, sketches) });
    }
    let attributed = |(finding, having): (Finding, Vec<usize>)| match having.len() == chosen.len() {
        true => finding,
        false => lint_of(finding, &having, sketches),
    };
    (variants, warnings.into_iter().map(attributed).collect())
}

/// Names the variants that have a problem.
fn attribute(mut diagnostic: Diagnostic, having: &[usize], sketches: &[Sketch<'_>]) -> Diagnostic {
    let primary = diagnostic.labels.first().map(|(span, _)| *span);
    for &index in having {
        let sketch = &sketches[index];
        let Some(set) = sketch.set else { continue };
        diagnostic.title.push_str(&format!(" (variant \"{}\")", sketch.name));
        if primary.is_some_and(|primary| !set.span.contains(&primary)) {
            diagnostic = diagnostic.also(set.span, format!("variant \"{}\" sets this", sketch.name));
        }
    }
    diagnostic
}

/// Names the variants that a lint warns of.
fn lint_of(mut finding: Finding, having: &[usize], sketches: &[Sketch<'_>]) -> Finding {
    let names: Vec<String> = having.iter().map(|&index| format!("\"{}\"", sketches[index].name)).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    finding.diagnostic.title.push_str(&format!(" (variant{plural} {})", names.join(", ")));
    // Where one variant alone has it, what it sets is likely the cause.
    if let ([index], Some(place)) = (having, finding.place())
        && let Some(set) = sketches[*index].set.filter(|set| !set.span.contains(&place))
        && set.as_table().is_some_and(|entries| !entries.is_empty())
    {
        finding.diagnostic = finding.diagnostic.also(set.span, "this variant sets");
    }
    finding
}

/// Exchanges what the variant sets; gives the settings as texts.
fn apply(cx: &mut Context, tree: &mut Node, sketch: &Sketch<'_>) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    for entry in sketch.set.and_then(Node::as_table).unwrap_or_default() {
        let first = entry.key.split('.').next().unwrap_or_default().trim();
        let same = if entry.key == CURRENCY {
            Some(CURRENCY)
        } else {
            Some(first).filter(|name| is_same_for_all(name))
        };
        if let Some(name) = same {
            let title = format!("a variant cannot set `{name}`");
            let label = "this is the same for all variants";
            cx.report(Diagnostic::new(title, entry.key_span, label).also(sketch.span, ""));
            continue;
        }
        if SECTIONS.contains(&entry.key.as_str()) && entry.value.as_table().is_some() {
            let title = format!("a variant cannot replace all of `{}`", entry.key);
            let label = "expected a path in quotes";
            let help = "TOML reads a.b = 1 as a = { b = 1 }; write \"a.b\" = 1";
            cx.report(Diagnostic::new(title, entry.key_span, label).help(help));
            continue;
        }
        match axes::set(tree, &entry.key, entry.key_span, entry.value.clone()) {
            Ok(()) => settings.push((entry.key.clone(), axes::to_toml(&entry.value))),
            Err(diagnostic) => cx.report(diagnostic),
        }
    }
    settings
}
