//! The whole file: the question and how it is asked, then one model per variant.

use std::path::Path;

use super::system::{EXPERIMENT_FIELDS, model};
use super::threshold::{self, thresholds};
use super::{idle, recommend, sweep, words};
use crate::declare::Form;
use crate::declare::diagnostic::{Diagnostic, Span, nearest};
use crate::declare::fields::{Context, Fields};
use crate::declare::file::{Node, Value};
use crate::declare::values::{count, integer, text, texts};
use crate::model::{Answer, Experiment, Nanos, Observed, Practice, Precision, Variant};
use crate::scenario::digest::digest;
use crate::scenario::lint::{self, Finding};
use crate::scenario::trace::TraceFiles;
use crate::scenario::{Kept, axes};

/// Name of the only variant where the file has none.
const BASE_VARIANT: &str = "base";
const DEFAULT_HEADLINE: [&str; 3] = ["hit_ratio", "db.qps.peak", "latency.all.p99_ms"];
/// The same for all variants, or they could not be compared window by window.
const COMMON_FIELDS: [&str; 3] = ["duration", "warmup", "window"];
/// What no variant can set.
pub(crate) const SAME_FOR_ALL: [&[&str]; 2] = [&EXPERIMENT_FIELDS, &COMMON_FIELDS];

/// Tables of the file of which a variant sets parts.
const SECTIONS: [&str; 10] =
    ["tier", "class", "event", "database", "clients", "workload", "measure", "writes", "invalidation", "slo"];

/// What the command line asks for beyond the tree.
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
    let name = f.read("name", file_name).unwrap_or_else(|| stem(source_path));
    let question = f.require("question", "the question that the scenario answers, in one sentence", text);
    let seed = f.read("seed", integer(0, u64::MAX)).unwrap_or(1);
    let replications = f.read("replications", count(1)).unwrap_or(10);
    let (seed, replications) = (asked.seed.unwrap_or(seed), asked.replications.unwrap_or(replications));
    let precision = f.read("precision", |cx, node| Precision::read(cx, node, replications));
    let observed = f.read("observed", |cx, node| Observed::read(cx, node, ()));
    let headline = f.read("headline", texts);
    let allow = f.read("allow", lint::allowed).unwrap_or_default();
    let answer = f.read("answer", |cx, node| Answer::read(cx, node, ()));
    let practice = f.read("practice", practice).unwrap_or_default();
    let sweep = f.read("sweep", sweep::sweep);
    let recommend_node = f.node("recommend");
    let sketches = f.read("variant", |cx, node| sketches(cx, node));
    let sketches = match sketches {
        Some(sketches) if !sketches.is_empty() => sketches,
        _ => vec![Sketch { name: BASE_VARIANT.to_owned(), span: root.span, set: None }],
    };
    let threshold_nodes = f.node("threshold");
    let baseline = f.read("baseline", |cx, node| baseline(cx, node, &sketches)).unwrap_or(0);

    f.report_missing();
    let chosen = choose(cx, &sketches, asked.variants);
    let (variants, warnings) = variants(cx, &mut kept.traces, root, &sketches, &chosen, asked.duration_ns);
    let surroundings =
        threshold::Surroundings { names: &names(&sketches), variants: &variants, replications };
    let read = |node| cx.within("threshold", |cx| thresholds(cx, node, &surroundings));
    let mut thresholds = threshold_nodes.and_then(read).unwrap_or_default();
    thresholds.retain(|threshold| variants.iter().any(|variant| threshold.is_about(&variant.name)));
    let recommend = recommend_node
        .and_then(|node| cx.within("recommend", |cx| recommend::recommend(cx, node, &surroundings)));
    let complete = variants.len() == chosen.len() && !chosen.is_empty();
    let headline = headline.unwrap_or_else(|| DEFAULT_HEADLINE.map(str::to_owned).to_vec());
    if complete {
        words::check_headline(cx, root, &headline, &variants);
        words::check_precision(cx, root, precision.as_ref(), &variants);
        sweep::check_measures(cx, root, &variants);
        if chosen.len() == sketches.len() {
            words::check_answer(cx, root, answer.as_ref(), &variants);
            words::check_practice(cx, root, &practice, &variants);
            if cx.diagnostics.is_empty() && !asked.cell {
                idle::check(cx, root, &variants);
            }
        }
    }
    if !cx.diagnostics.is_empty() {
        return None;
    }
    kept.warnings = warnings.into_iter().filter(|finding| !allow.contains(&finding.lint)).collect();
    Some(Experiment {
        name,
        question: question?,
        seed,
        replications,
        baseline: chosen.iter().position(|index| *index == baseline).unwrap_or(0),
        digest: digest(&variants, seed, replications, precision.as_ref()),
        precision,
        variants,
        headline,
        answer,
        practice,
        observed,
        sweep,
        recommend,
        thresholds,
        lints: Vec::new(),
        source: String::new(),
        source_path: source_path.to_owned(),
        files: std::mem::take(&mut cx.files),
        overrides: Vec::new(),
    })
}

/// A name that can also be a folder's.
fn file_name(cx: &mut Context, node: &Node) -> Option<String> {
    let name = text(cx, node)?;
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if name.chars().all(fine) && !name.starts_with(['.', ' ']) {
        Some(name)
    } else {
        cx.wrong(node, "expected letters, digits, '-', '_' and '.': the report's folder bears this name")
    }
}

fn stem(source_path: &str) -> String {
    Path::new(source_path)
        .file_stem()
        .map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// All findings; `None` where one of them is wrong, because their words are checked place by place.
fn practice(cx: &mut Context, node: &Node) -> Option<Vec<Practice>> {
    let Value::Array(items) = &node.value else {
        return cx.wrong(node, format!("expected [[practice]] tables, found {}", node.kind()));
    };
    let findings: Vec<Option<Practice>> = items.iter().map(|item| Practice::read(cx, item, ())).collect();
    findings.into_iter().collect()
}

fn sketches<'n>(cx: &mut Context, node: &'n Node) -> Option<Vec<Sketch<'n>>> {
    let Value::Array(items) = &node.value else {
        return cx.wrong(node, format!("expected [[variant]] tables, found {}", node.kind()));
    };
    let names = axes::names(items);
    super::refuse_repeated_names(cx, "variant", items, &names);
    let sketches = items.iter().map(|item| {
        cx.within("variant", |cx| {
            Fields::with(cx, item, "[[variant]]", |f| {
                let name = f.require("name", "a short name such as \"ttl only\"", variant_name);
                let set = f.node("set");
                if let Some(node) = set.filter(|node| node.as_table().is_none()) {
                    f.cx.wrong::<()>(node, "expected a table such as { \"tier.l2.ttl\" = \"5m\" }");
                }
                Some(Sketch { name: name?, span: item.span, set })
            })
        })
    });
    Some(sketches.collect::<Vec<_>>().into_iter().flatten().collect())
}

fn names<'s>(sketches: &'s [Sketch<'_>]) -> Vec<&'s str> {
    sketches.iter().map(|sketch| sketch.name.as_str()).collect()
}

fn variant_name(cx: &mut Context, node: &Node) -> Option<String> {
    let name = text(cx, node)?;
    if name.contains([':', '{', '}']) {
        return cx.wrong_with_example(
            node,
            "expected a name without ':', '{' and '}': answers quote {variant:measure}",
            "\"short ttl\"",
        );
    }
    if let Some(control) = name.chars().find(|letter| letter.is_control()) {
        let label = format!(
            "expected a name without control characters (tab, escape, line end): it has U+{:04X}",
            u32::from(control)
        );
        return cx.wrong_with_example(node, label, "\"short ttl\"");
    }
    Some(name)
}

fn baseline(cx: &mut Context, node: &Node, sketches: &[Sketch<'_>]) -> Option<usize> {
    let name = text(cx, node)?;
    let names = names(sketches);
    names.iter().position(|known| *known == name).or_else(|| {
        cx.report(words::unknown_variant(&name, &names, node.span));
        None
    })
}

/// Indices of the variants asked for, in file order.
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

/// Reads the chosen variants. A problem that the file has without them is told once; one that comes from
/// what variants set names them and points there. The same goes for the warnings, the second part.
fn variants(
    cx: &mut Context,
    traces: &mut TraceFiles,
    root: &Node,
    sketches: &[Sketch<'_>],
    chosen: &[usize],
    cut_ns: Option<Nanos>,
) -> (Vec<Variant>, Vec<Finding>) {
    let own = std::mem::take(&mut cx.diagnostics);
    let mut variants = Vec::new();
    let mut problems: Vec<(Diagnostic, Vec<usize>)> = Vec::new();
    let mut warnings: Vec<(Finding, Vec<usize>)> = Vec::new();
    for &index in chosen {
        let sketch = &sketches[index];
        let mut tree = root.clone();
        let settings = apply(cx, &mut tree, sketch);
        if let Some(model) = model(cx, traces, &tree, cut_ns) {
            for finding in lint::findings(&tree, &model) {
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
        if EXPERIMENT_FIELDS.contains(&first) || COMMON_FIELDS.contains(&first) {
            let title = format!("a variant cannot set `{first}`");
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
