//! From a scenario file to a checked model.
//!
//! text -> tree in which every value has its place (`file`) -> overrides and variants exchange values
//! (`axes`) -> one [`Model`](crate::model::Model) per variant (`check`), or [`Diagnostics`] with every problem of the file.

mod axes;
pub mod build;
pub mod bundled;
mod check;
mod column;
pub mod command;
pub mod describe;
pub mod difference;
pub mod digest;
pub mod estimate;
mod foreign;
pub mod grid;
pub mod knob;
pub mod knobs;
pub mod lint;
pub mod patch;
mod pin;
mod range;
pub mod strategies;
mod trace;
pub mod uncertain;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use crate::declare::diagnostic;
use crate::declare::{fields, file};
use crate::model::{Experiment, Threshold, Variant};
pub(crate) use check::{FILE, is_same_for_all, known_measures};
pub use diagnostic::Diagnostics;
use diagnostic::{Diagnostic, Source, Span};
use lint::{Finding, Warnings};
use trace::TraceFiles;

/// Changes of the command line to a scenario.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// (dotted path, TOML value): `("tier.l2.ttl", "\"5m\"")`. A value that does not look like TOML is
    /// taken as a string, so `5m` will do. They change what variants start from, in the order given.
    pub set: Vec<(String, String)>,
    pub seed: Option<u64>,
    pub replications: Option<u32>,
    /// Instead of the file's. A shorter one shortens the warm-up in proportion, and events and profiles
    /// may then lie beyond the end.
    pub duration: Option<String>,
    /// Names of the variants wanted; empty: all. The first wanted one is the baseline if the file's is not.
    pub variants: Vec<String>,
    /// Options of the command line that stand for settings of the file. They take precedence over `set`.
    pub options: Vec<Typed>,
}

impl Overrides {
    /// As `path=value`, for the record; seed, replications, duration and variants as `seed=1` and so on.
    pub fn listed(&self) -> Vec<String> {
        let set = self.set.iter().map(|(path, value)| format!("{path}={value}"));
        let seed = self.seed.map(|seed| format!("seed={seed}"));
        let replications = self.replications.map(|replications| format!("replications={replications}"));
        let duration = self.duration.as_ref().map(|duration| format!("duration={duration}"));
        let variants = self.variants.iter().map(|name| format!("variant={name}"));
        let options = self.options.iter().map(|typed| match &typed.text {
            TypedText::One(text) => format!("{}={text:?}", typed.path),
            TypedText::List(texts) => format!("{}={texts:?}", typed.path),
        });
        set.chain(options).chain(seed).chain(replications).chain(duration).chain(variants).collect()
    }
}

/// An option as it was typed, which messages point at.
#[derive(Clone, Debug)]
pub struct Typed {
    /// `--keep`.
    pub option: &'static str,
    /// The place in the file: `recommend.keep`.
    pub path: &'static str,
    /// The one text, or all of a list.
    pub text: TypedText,
}

/// The value given to an option.
#[derive(Clone, Debug)]
pub enum TypedText {
    One(String),
    List(Vec<String>),
}

/// Reads and checks a scenario file.
///
/// # Errors
/// All problems of the file, or that it cannot be read.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Experiment, Diagnostics> {
    let source = read(path)?;
    parse(&source, &path.display().to_string(), path.parent().unwrap_or(Path::new("")), overrides)
}

/// The text of a scenario file.
///
/// # Errors
/// It cannot be read, or is something else by its first bytes: a record, a page, a trace that is no text.
pub fn read(path: &Path) -> Result<String, Diagnostics> {
    if path.is_dir() {
        return Err(foreign::folder(path));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST_FILE_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let help = vec!["`herdlab list` shows the scenarios that come with the program".to_owned()];
        return Err(Diagnostics::general(format!("cannot read {}: {error}", path.display()), help));
    }
    match foreign::refusal(&bytes, bytes.len() as u64 > LARGEST_FILE_BYTES, path) {
        Some(refusal) => Err(refusal),
        // What is no text was refused.
        None => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Far more than a scenario needs, and little enough to read.
const LARGEST_FILE_BYTES: u64 = 16 << 20;

/// Checks a scenario. `source_path` is its name in messages; files that it names are relative to `base_dir`.
///
/// # Errors
/// All problems of the text and of the overrides.
pub fn parse(
    source: &str,
    source_path: &str,
    base_dir: &Path,
    overrides: &Overrides,
) -> Result<Experiment, Diagnostics> {
    parse_with_warnings(source, source_path, base_dir, overrides).map(|(experiment, _)| experiment)
}

/// The same, with the warnings of the lints and their places.
///
/// # Errors
/// As [`parse`].
pub fn parse_with_warnings(
    source: &str,
    source_path: &str,
    base_dir: &Path,
    overrides: &Overrides,
) -> Result<(Experiment, Warnings), Diagnostics> {
    parse_altered(source, source_path, base_dir, overrides, None)
}

/// Limits as [`Typed`] options say them (`db.qps.peak <= 500`), each with what `[[threshold]]` takes as a limit.
///
/// # Errors
/// Another form, or a measure that no variant has.
pub fn limits(
    texts: &[String],
    option: &'static str,
    variants: &[Variant],
) -> Result<Vec<Threshold>, Diagnostics> {
    let mut sources = Vec::new();
    let mut node = |text: &String| {
        node_of(&Typed { option, path: "", text: TypedText::One(text.clone()) }, &mut sources)
    };
    let nodes: Vec<file::Node> = texts.iter().map(&mut node).collect();
    let mut cx = fields::Context::new(Path::new("").to_owned(), column::read_columns);
    let limits = check::limits(&mut cx, &nodes, variants);
    match cx.diagnostics.is_empty() {
        true => Ok(limits),
        false => Err(Diagnostics { sources, list: cx.diagnostics }),
    }
}

/// Changes the tree of a file before it is checked; is given the index of the source that it returns, which the spans
/// of what it adds point into.
type Alter<'a> = &'a dyn Fn(&mut file::Node, usize) -> Source;

fn parse_altered(
    source: &str,
    source_path: &str,
    base_dir: &Path,
    overrides: &Overrides,
    alter: Option<Alter<'_>>,
) -> Result<(Experiment, Warnings), Diagnostics> {
    let mut prepared = prepare(source, source_path, base_dir, overrides, alter)?;
    match prepared.check(None, source_path, overrides) {
        Some(experiment) if prepared.cx.diagnostics.is_empty() => {
            let inputs = prepared.ranges.into_iter().map(|range| range.input).collect();
            let warnings = Warnings::new(prepared.sources, prepared.kept.warnings);
            Ok((completed(Experiment { inputs, ..experiment }, source, overrides, &warnings), warnings))
        }
        _ => Err(prepared.problems()),
    }
}

/// A file that is about to be checked, with what the command line changes about it.
struct Prepared {
    sources: Vec<Source>,
    root: file::Node,
    cx: fields::Context,
    kept: Kept,
    duration_ns: Option<u64>,
    /// What the tree has the central values of.
    ranges: Vec<uncertain::Range>,
    /// Ranges that are wrong: what the reader thinks of the value in their place is no further problem.
    spoilt: Vec<Span>,
}

/// The results of the checker beside the problems.
#[derive(Default)]
struct Kept {
    /// Warnings of lints about a valid scenario.
    warnings: Vec<Finding>,
    /// Shared by all variants and cells.
    traces: TraceFiles,
}

impl Prepared {
    /// Reads the tree as it stands, or `tree` instead of it. Problems wait in the context.
    fn check(
        &mut self,
        tree: Option<&file::Node>,
        source_path: &str,
        overrides: &Overrides,
    ) -> Option<Experiment> {
        let asked = check::Asked {
            seed: overrides.seed,
            replications: overrides.replications,
            duration_ns: self.duration_ns,
            variants: &overrides.variants,
            cell: tree.is_some(),
        };
        check::check(&mut self.cx, &mut self.kept, tree.unwrap_or(&self.root), source_path, &asked)
    }

    /// Everything that was reported, in the order of the file.
    fn problems(self) -> Diagnostics {
        let mut list = self.cx.diagnostics;
        for range in &self.spoilt {
            let mut told = false;
            list.retain(|problem| {
                let is_inside = problem.labels.first().is_some_and(|(span, _)| range.contains(span));
                !(is_inside && std::mem::replace(&mut told, true))
            });
        }
        list.sort_by_key(|diagnostic| diagnostic.labels.first().map(|(span, _)| *span));
        Diagnostics { sources: self.sources, list }
    }
}

/// # Errors
/// The text is no TOML. Other problems wait in the context.
fn prepare(
    source: &str,
    source_path: &str,
    base_dir: &Path,
    overrides: &Overrides,
    alter: Option<Alter<'_>>,
) -> Result<Prepared, Diagnostics> {
    let mut sources = vec![Source { name: source_path.to_owned(), text: source.to_owned() }];
    let (mut root, syntax_errors) = file::parse_document(source, 0);
    if !syntax_errors.is_empty() {
        return Err(Diagnostics { list: foreign::summary(syntax_errors, &root, source_path), sources });
    }
    let mut cx = fields::Context::new(base_dir.to_owned(), column::read_columns);
    for (path, value) in &overrides.set {
        let text = format!("{path}={value}");
        let id = sources.len();
        let path_span = Span { source: id, start: 0, end: path.len() };
        let set = file::parse_value(value, id, path.len() + 1)
            .and_then(|value| axes::set(&mut root, path, path_span, value));
        if let Err(diagnostic) = set {
            cx.report(diagnostic);
        }
        sources.push(Source { name: "--set".to_owned(), text });
    }
    for typed in &overrides.options {
        let value = node_of(typed, &mut sources);
        if let Err(diagnostic) = axes::set(&mut root, typed.path, value.span, value) {
            cx.report(diagnostic);
        }
    }
    if let Some(alter) = alter {
        let added = alter(&mut root, sources.len());
        sources.push(added);
    }
    let duration_ns = overrides.duration.as_deref().and_then(|text| duration(&mut cx, &mut sources, text));
    if overrides.replications == Some(0) {
        let help = vec!["for example --replications 10".to_owned()];
        cx.report(Diagnostic {
            title: "--replications must be at least 1".to_owned(),
            labels: Vec::new(),
            help,
        });
    }
    let (mut ranges, spoilt) = uncertain::take(&mut cx, &mut root);
    ranges.retain(|range| range.is_of(&overrides.variants));
    Ok(Prepared { sources, root, cx, kept: Kept::default(), duration_ns, ranges, spoilt })
}

/// The value of an option; every text is a source of its own.
fn node_of(typed: &Typed, sources: &mut Vec<Source>) -> file::Node {
    let mut text = |text: &String| {
        let span = Span { source: sources.len(), start: 0, end: text.len() };
        sources.push(Source { name: typed.option.to_owned(), text: text.clone() });
        file::Node { value: file::Value::String(text.clone()), span }
    };
    match &typed.text {
        TypedText::One(one) => text(one),
        TypedText::List(all) => {
            let items: Vec<file::Node> = all.iter().map(text).collect();
            let span = items.first().map_or(Span { source: 0, start: 0, end: 0 }, |first| first.span);
            file::Node { value: file::Value::Array(items), span }
        }
    }
}

/// The caller's settings of the checker.
fn completed(experiment: Experiment, source: &str, overrides: &Overrides, warnings: &Warnings) -> Experiment {
    Experiment {
        source: source.to_owned(),
        overrides: overrides.listed(),
        lints: warnings.notes(),
        ..experiment
    }
}

fn duration(cx: &mut fields::Context, sources: &mut Vec<Source>, text: &str) -> Option<u64> {
    let parsed = crate::units::parse_duration(text);
    let reason = match parsed {
        Ok(0) => "expected a duration above zero".to_owned(),
        Ok(ns) => return Some(ns),
        Err(reason) => format!("expected a duration such as \"30s\": {reason}"),
    };
    let span = Span { source: sources.len(), start: 0, end: text.len() };
    sources.push(Source { name: "--duration".to_owned(), text: text.to_owned() });
    cx.report(Diagnostic::new("wrong value for --duration", span, reason));
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Capacity, Dist, Ttl};

    #[test]
    fn every_bundled_scenario_is_sound() {
        for bundled in bundled::all() {
            let parsed =
                parse(bundled.source, &bundled.path(), Path::new("scenarios"), &Overrides::default());
            let experiment = parsed.unwrap_or_else(|problems| panic!("{problems}"));
            assert_eq!(experiment.name, bundled.name);
            assert_eq!(
                bundled::get(bundled.name).map(|found| found.source),
                Some(experiment.source.as_str())
            );
        }
    }

    const SMALL: &str = r#"
        question = "?"
        duration = "100s"
        warmup = "20s"
        workload = { arrivals = { poisson = { rate = 100 } }, keys = 1000, write_share = 0.2, absent = { share = 0.5, keys = 10 } }
        database = { read = { exponential = { mean = "5ms" } } }
        [[tier]]
        name = "l1"
        scope = "instance"
        ttl = "5s"
        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "60s"
        [[event]]
        at = "50s"
        what = { flush = { tier = "l1" } }
        [[variant]]
        name = "both"
        [[variant]]
        name = "l2 only"
        set = { "tier.l1.enabled" = false, "tier.l2.capacity" = "1MB", "tier.l2.eviction" = "lru", coalescing = { lease = { tier = "l2" } } }
    "#;

    fn small(overrides: &Overrides) -> Experiment {
        parse(SMALL, "small.toml", Path::new(""), overrides).unwrap_or_else(|problems| panic!("{problems}"))
    }

    #[test]
    fn a_variant_is_the_file_with_some_values_exchanged() {
        let experiment = small(&Overrides::default());
        assert_eq!((experiment.name.as_str(), experiment.seed, experiment.replications), ("small", 1, 10));
        let [both, l2_only] = experiment.variants.as_slice() else { panic!("two variants") };
        assert_eq!((both.model.tiers.len(), l2_only.model.tiers.len()), (2, 1));
        assert_eq!(l2_only.model.tiers[0].capacity, Capacity::Bytes(1_000_000));
        assert_eq!(l2_only.settings[1], ("tier.l2.capacity".to_owned(), "\"1MB\"".to_owned()));
        // The tier of the event is switched off, so nothing happens to it.
        assert_eq!((both.model.events.len(), l2_only.model.events.len()), (1, 0));
        assert_eq!(both.model.database.write, Dist::Exponential { mean_ns: 5e6 });
    }

    #[test]
    fn absent_keys_are_a_class_of_reads_only() {
        let workload = &small(&Overrides::default()).variants[0].model.workload;
        let [main, absent] = workload.classes.as_slice() else { panic!("two classes") };
        // 20 % of all requests write; half of the other 80 % read absent keys.
        assert!((absent.share - 0.4).abs() < 1e-12 && absent.write_share == 0.0);
        assert!((main.share * main.write_share - 0.2).abs() < 1e-12);
        assert_eq!(workload.keys(), 1010);
    }

    #[test]
    fn the_command_line_changes_what_variants_start_from() {
        let overrides = Overrides {
            set: vec![("tier.l2.ttl".to_owned(), "5m".to_owned())],
            seed: Some(7),
            replications: Some(3),
            duration: Some("10s".to_owned()),
            variants: vec!["l2 only".to_owned()],
            options: Vec::new(),
        };
        let experiment = small(&overrides);
        assert_eq!(
            experiment.overrides,
            ["tier.l2.ttl=5m", "seed=7", "replications=3", "duration=10s", "variant=l2 only"]
        );
        assert_eq!((experiment.variants.len(), experiment.baseline, experiment.seed), (1, 0, 7));
        let model = &experiment.variants[0].model;
        assert_eq!(model.tiers[0].ttl, Ttl::After { ns: 300_000_000_000 });
        // Cut to a tenth, the run keeps a fifth of it as warm-up.
        assert_eq!((model.duration_ns, model.warmup_ns), (10_000_000_000, 2_000_000_000));
    }

    #[test]
    fn the_digest_follows_meaning_and_not_words() {
        let digest =
            |source: &str| parse(source, "x.toml", Path::new(""), &Overrides::default()).unwrap().digest;
        let original = digest(SMALL);
        assert_eq!(digest(&SMALL.replace("\"?\"", "\"Why?\"").replace("100s", "1m 40s")), original);
        assert_ne!(digest(&SMALL.replace("1000", "1001")), original);
    }
}
