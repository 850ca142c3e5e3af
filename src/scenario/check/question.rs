//! The question of a file, and the list of all its options.

use super::observed::Figures;
use super::recommend::RecommendOptions;
use super::sweep::SweepOptions;
use super::system::System;
use super::threshold::ThresholdOptions;
use crate::declare::fields::Context;
use crate::declare::file::Node;
use crate::declare::kind::{Kind, Table};
use crate::declare::values::{Count, Later, LaterListOf, ListOf, Text, Texts, Whole, text};
use crate::declare::{Form, options};
use crate::model::{Answer, Observed, Practice, Precision};
use crate::scenario::lint;

/// The same for all variants, or they could not be compared window by window.
const COMMON_FIELDS: [&str; 3] = ["duration", "warmup", "window"];

options! {
    /// The question of the file, which is the same for all variants.
    pub(super) struct Question in "question" (replications_asked: Option<u32>), such as "a scenario" {
        /// the question in one sentence
        "question" question: Option<String> as Text,
            reported "the question that the scenario answers, in one sentence";
        /// names the report's folder
        "name" name: Option<String> as FileName, optional "stem of the file name";
        /// of all random numbers
        "seed" seed: u64 as Whole<0, { u64::MAX }>, default 1;
        /// simulations of every variant, at least 1; fewer than six never give a verdict
        "replications" replications: u32 as Count, default 10;
        /// `{ measure = "latency.all.p99_ms", relative = 0.02 }`: replications are added until this measure is as precise as that in every
        /// variant
        "precision" precision: Option<Precision> as Precision[replications_asked.or(replications).unwrap_or(1)],
            optional "none";
        /// name of the variant that the others are compared with
        "baseline" _baseline: Option<()> as Later<Text>, optional "the first variant";
        /// measures that get a verdict, most important first
        "headline" headline: Vec<String> as Texts, default ["hit_ratio", "db.qps.peak", "latency.all.p99_ms"];
        /// names of [lints](lints.md) that do not warn of this file; does not change the digest
        "allow" allow: Vec<&'static str> as Allowed, default [];
        /// the author's words about the results, with figures to fill in and claims that must hold
        "answer" answer: Option<Answer> as Answer, optional "none";
        /// `[[practice]]`: a finding of the scenario about a claim of practitioners, for `herdlab claims`
        "practice" practice: Vec<Practice> as ListOf<Practice>, otherwise "none" => Some(Vec::new());
        /// figures that production reports of itself, to compare the baseline with
        "observed" observed: Option<Observed> as Figures, optional "none";
        /// `[[threshold]]`: a limit that a measure has to keep; a broken one ends `herdlab run` with exit code 99
        "threshold" _threshold: Option<()> as LaterListOf<ThresholdOptions>, optional "none";
        /// settings of `herdlab sweep`: axes, measures, two measures to weigh against each other
        "sweep" sweep: Option<SweepOptions> as SweepOptions, optional "none";
        /// settings of `herdlab recommend`: an objective, knobs, limits, a budget of simulations
        "recommend" _recommend: Option<()> as Later<RecommendOptions>, optional "none";
        /// `[[variant]]`: a system to compare: the file with some values exchanged
        "variant" _variants: Option<()> as LaterListOf<VariantOptions>, optional "one, called `base`";
    }
}

options! {
    pub(super) struct VariantOptions in "variant", such as "[[variant]]" {
        /// any name without `:`, `{`, `}` and control characters
        "name" name: String as VariantName, required "a short name such as \"ttl only\"";
        /// a table of dotted paths in quotes with their values
        "set" _set: Option<()> as Set, optional "`{}`";
    }
}

/// All options of a file.
pub(crate) static FILE: Table =
    Table { id: "scenario", fields: Question::OPTIONS, also: System::OPTIONS, others: None };

/// Whether a field of the file belongs to the question.
pub(super) fn is_of_the_question(name: &str) -> bool {
    Question::OPTIONS.iter().any(|option| option.name == name)
}

/// Whether a field of the file is one that no variant can set.
pub(crate) fn is_same_for_all(name: &str) -> bool {
    is_of_the_question(name) || COMMON_FIELDS.contains(&name)
}

/// A name that can also be a folder's.
struct FileName;

impl Form for FileName {
    type Value = String;
    type Around<'a> = ();
    const KIND: Kind = Kind::Form {
        pattern: r"^[^\x00-\x20!-,./:-@\[-^`{-\x7f][^\x00-\x1f!-,/:-@\[-^`{-\x7f]*$",
        words: "letters, digits, '-', '_', '.' and spaces: the report's folder bears this name",
    };

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<String> {
        let name = text(cx, node)?;
        let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
        if name.chars().all(fine) && !name.starts_with(['.', ' ']) {
            Some(name)
        } else {
            cx.wrong(node, "expected letters, digits, '-', '_' and '.': the report's folder bears this name")
        }
    }
}

/// Names of lints.
struct Allowed;

impl Form for Allowed {
    type Value = Vec<&'static str>;
    type Around<'a> = ();
    const KIND: Kind = Kind::List(&Kind::WordsOf(|| lint::LINTS.iter().map(|lint| lint.name).collect()));

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Vec<&'static str>> {
        lint::allowed(cx, node)
    }
}

/// Settings of a variant: paths and values.
struct Set;

impl Form for Set {
    type Value = ();
    type Around<'a> = ();
    const KIND: Kind = Kind::Settings;

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<()> {
        match node.as_table() {
            Some(_) => Some(()),
            None => cx.wrong(node, "expected a table such as { \"tier.l2.ttl\" = \"5m\" }"),
        }
    }
}

struct VariantName;

impl Form for VariantName {
    type Value = String;
    type Around<'a> = ();
    const KIND: Kind = Kind::Form {
        pattern: r"^[^:{}\u0000-\u001f\u007f-\u009f]*[^:{}\s\u0000-\u001f\u007f-\u009f][^:{}\u0000-\u001f\u007f-\u009f]*$",
        words: "a name without ':', '{', '}' and control characters",
    };

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<String> {
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
}
