//! The knobs of a scenario: what a what-if page lets a reader change, each with a finite list of values.
//!
//! Axes of `[sweep]`, of `[recommend]` and of the command line come first, then what people change about caches and databases. A
//! value is set as `--set` sets it. One that the checker refuses is left out, and so is a knob that changes nothing in any variant.

mod candidates;
mod values;

use std::path::Path;

use serde::{Deserialize, Serialize};

use self::candidates::Candidate;
use super::digest::fingerprint;
use super::{Diagnostics, Overrides, Prepared, axes, check, pin, prepare, range};
use crate::declare::diagnostic::{Diagnostic, Span};
use crate::declare::file::{Node, Value, parse_value};
use crate::model::Experiment;

/// Tables that no setting of the system depends on.
const OF_THE_AUTHOR: &[&str] =
    &["answer", "practice", "headline", "threshold", "sweep", "recommend", "observed"];

/// Something to change about a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knob {
    /// As `--set` takes it.
    pub path: String,
    /// `TTL of l2`.
    pub label: String,
    pub group: Group,
    pub control: Control,
    /// One sentence.
    pub help: String,
    /// At least two.
    pub values: Vec<KnobValue>,
    /// The place of today's value, which stands for not setting anything.
    pub today: usize,
    /// Variants that set this themselves: the knob does not change them.
    pub pinned: Vec<String>,
}

/// A value of a knob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnobValue {
    /// As `--set` takes it: `"30s"`, `8`, `{ plus = "10%" }`.
    pub toml: String,
    /// As people read it: `30 s`.
    pub label: String,
}

/// What a knob is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Group {
    Traffic,
    Cache,
    Clients,
    Database,
    Events,
}

/// How a knob is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Control {
    /// Its values have an order.
    Slider,
    /// Words.
    Choice,
    /// Two values, on and off.
    Switch,
}

/// The knobs of a scenario. `axes` are (path, values) of `--sweep`.
///
/// # Errors
/// All problems of the file and of the axes.
pub fn knobs(
    source: &str,
    source_path: &str,
    base_dir: &Path,
    overrides: &Overrides,
    axes: &[(String, String)],
) -> Result<Vec<Knob>, Diagnostics> {
    let mut prepared = prepare(source, source_path, base_dir, overrides, None)?;
    let Some(experiment) = prepared.check(None, source_path, overrides) else {
        return Err(prepared.problems());
    };
    let mut candidates = given(&mut prepared, axes);
    if !prepared.cx.diagnostics.is_empty() {
        return Err(prepared.problems());
    }
    candidates::add(&prepared.root, &experiment, &mut candidates);
    // Words, limits and findings are as they were; what is left is checked hundreds of times. Only what switches a tier or an event off
    // takes names away that they may need.
    let whole = prepared.root.clone();
    let mut bare = whole.clone();
    if let Value::Table(entries) = &mut bare.value {
        entries.retain(|entry| !OF_THE_AUTHOR.contains(&entry.key.as_str()));
    }
    let mut knobs = Vec::new();
    for candidate in candidates {
        let root = if candidate.path.ends_with(".enabled") { &whole } else { &bare };
        prepared.root.clone_from(root);
        knobs.extend(accepted(&mut prepared, source_path, overrides, &experiment, candidate)?);
    }
    Ok(knobs)
}

/// The axes of the command line and of the file.
fn given(prepared: &mut Prepared, axes: &[(String, String)]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut add = |prepared: &Prepared, path: &str, values: &[Node], is_asked: bool| {
        let path = super::knob::path_of(path);
        let today = axes::get(&prepared.root, path).cloned().or_else(|| candidates::default_of(path));
        let values = values::of_axis(values, today.as_ref());
        if found.iter().all(|known| known.path != path) {
            found.push(candidates::of_axis(path, values, is_asked));
        }
    };
    for (path, text) in axes {
        let id = prepared.sources.len();
        let read = range::of_option(text, id, path.len() + 1);
        prepared.sources.push(super::Source { name: "--sweep".to_owned(), text: format!("{path}={text}") });
        match read {
            Ok(node) => {
                if let Some(values) = range::values(&mut prepared.cx, &node) {
                    add(prepared, path, &values, true);
                }
            }
            Err(problem) => prepared.cx.report(problem),
        }
    }
    for (table, list) in [("sweep", "axes"), ("recommend", "knobs")] {
        let Some(node) = prepared.root.get(table).and_then(|table| table.get(list)).cloned() else {
            continue;
        };
        for (path, _, values) in check::expand(&mut prepared.cx, &node).unwrap_or_default() {
            add(prepared, &path, &values, false);
        }
    }
    found
}

/// The knob with the values that the checker accepts; `None` where it changes nothing.
///
/// # Errors
/// A value that the caller named is refused, or none of them changes anything.
fn accepted(
    prepared: &mut Prepared,
    source_path: &str,
    overrides: &Overrides,
    today: &Experiment,
    candidate: Candidate,
) -> Result<Option<Knob>, Diagnostics> {
    let Candidate { path, label, group, control, help, values, is_asked } = candidate;
    let prints = |experiment: &Experiment| -> Vec<String> {
        experiment.variants.iter().map(|variant| fingerprint(&variant.model, experiment.seed)).collect()
    };
    let before = prints(today);
    let mut changes = false;
    let mut place = 0;
    let mut kept = Vec::new();
    for (index, value) in values.list.into_iter().enumerate() {
        if index == values.today {
            place = kept.len();
            kept.push(value);
            continue;
        }
        match with(prepared, source_path, overrides, &path, &value.toml) {
            Ok(experiment) => {
                changes = changes || prints(&experiment) != before;
                kept.push(value);
            }
            Err(problem) if is_asked => {
                let label = problem.labels.first().map_or("", |(_, label)| label.as_str());
                let title = format!("--sweep {path}={}: {}", value.toml, problem.title);
                let title = if label.is_empty() { title } else { format!("{title}: {label}") };
                return Err(Diagnostics::general(title, problem.help));
            }
            Err(_) => {}
        }
    }
    if !changes && is_asked {
        let title = format!("--sweep {path}: changes nothing");
        let help =
            "a value that every variant sets for itself, or that is switched off, cannot be varied here";
        return Err(Diagnostics::general(title, vec![help.to_owned()]));
    }
    let pinned = today.variants.iter().filter(|variant| pin::is_pinned(variant, &path));
    let pinned = pinned.map(|variant| variant.name.clone()).collect();
    let knob = Knob { path, label, group, control, help, values: kept, today: place, pinned };
    Ok(changes.then_some(knob))
}

/// The experiment with one value set, or why there is none.
fn with(
    prepared: &mut Prepared,
    source_path: &str,
    overrides: &Overrides,
    path: &str,
    toml: &str,
) -> Result<Experiment, Diagnostic> {
    let mut tree = prepared.root.clone();
    let span = Span { source: 0, start: 0, end: 0 };
    axes::set(&mut tree, path, span, parse_value(toml, 0, 0)?)?;
    let known = prepared.cx.diagnostics.len();
    let experiment = prepared.check(Some(&tree), source_path, overrides);
    let mut problems = prepared.cx.diagnostics.drain(known..);
    match (experiment, problems.next()) {
        (Some(experiment), None) => Ok(experiment),
        (_, Some(problem)) => Err(problem),
        (None, None) => Err(Diagnostic::new("it is refused", span, "")),
    }
}
