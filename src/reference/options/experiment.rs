//! The top level of the file: the question, how it is asked, and the sections.

use super::old::*;
use crate::declare::Form;
use crate::model::{
    Answer, Class, Clients, Coalescing, Database, EventOptions, Invalidation, Limiter, MeasureOptions,
    Observed, Practice, Precision, Slo, TierOptions, WorkloadOptions, Writes,
};
use crate::scenario::lint::LINTS;

/// A scenario file.
pub static ROOT: Table = Table {
    id: "scenario",
    also: &[],
    fields: &[
        required("question", Kind::Text),
        optional(
            "name",
            Kind::Form {
                pattern: r"^[^\x00-\x20!-,./:-@\[-^`{-\x7f][^\x00-\x1f!-,/:-@\[-^`{-\x7f]*$",
                words: "letters, digits, '-', '_', '.' and spaces: the report's folder bears this name",
            },
        ),
        optional("seed", Kind::Whole { least: 0, most: u64::MAX }),
        optional("replications", COUNT),
        optional("precision", Precision::KIND),
        optional("duration", POSITIVE_DURATION),
        optional("warmup", Kind::Either(&[Kind::Words(&["auto"]), DURATION])),
        optional("window", POSITIVE_DURATION),
        optional("drain", DURATION),
        optional("baseline", Kind::Text),
        optional("headline", Kind::List(&Kind::Text)),
        optional("allow", Kind::List(&Kind::WordsOf(lints))),
        optional("coalescing", Coalescing::KIND),
        optional("answer", Answer::KIND),
        optional("practice", Kind::List(&Practice::KIND)),
        optional("threshold", Kind::List(&Kind::Table(&THRESHOLD))),
        optional("observed", Observed::KIND),
        optional("sweep", Kind::Table(&SWEEP)),
        optional("recommend", Kind::Table(&RECOMMEND)),
        optional("measure", MeasureOptions::KIND),
        optional("clients", Clients::KIND),
        required("workload", WorkloadOptions::KIND),
        optional("limiter", Limiter::KIND),
        optional("class", Kind::List(&Class::KIND)),
        required("database", Database::KIND),
        optional("tier", Kind::List(&TierOptions::KIND)),
        optional("writes", Writes::KIND),
        optional("invalidation", Invalidation::KIND),
        optional("event", Kind::List(&EventOptions::KIND)),
        optional("slo", Slo::KIND),
        optional("variant", Kind::List(&Kind::Table(&VARIANT))),
    ],
};

fn lints() -> Vec<&'static str> {
    LINTS.iter().map(|lint| lint.name).collect()
}

static THRESHOLD: Table = Table {
    id: "threshold",
    also: &[],
    fields: &[
        required("measure", Kind::Text),
        optional("max", LIMIT),
        optional("min", LIMIT),
        optional("variant", Kind::Text),
        optional("confident", Kind::Truth),
        optional("runs", Kind::Either(&[Kind::Words(&["all"]), SHARE])),
    ],
};

/// In the unit of the measure, or with a unit of its kind.
const LIMIT: Kind =
    Kind::Either(&[Kind::Number { least: 0.0 }, DURATION, Kind::Rate, Kind::Size, Kind::Bandwidth, SHARE]);

static SWEEP: Table = Table {
    id: "sweep",
    also: &[],
    fields: &[
        optional("axes", Kind::Axes),
        optional("measures", Kind::List(&Kind::Text)),
        optional("pareto", Kind::List(&Kind::Text)),
    ],
};

static RECOMMEND: Table = Table {
    id: "recommend",
    also: &[],
    fields: &[
        optional("minimise", Kind::Text),
        optional("maximise", Kind::Text),
        optional("knobs", Kind::Axes),
        optional("keep", Kind::List(&Kind::Text)),
        optional("budget", Kind::Whole { least: 1, most: u64::MAX }),
    ],
};

static VARIANT: Table = Table {
    id: "variant",
    also: &[],
    fields: &[
        required(
            "name",
            Kind::Form {
                pattern: r"^[^:{}\u0000-\u001f\u007f-\u009f]*[^:{}\s\u0000-\u001f\u007f-\u009f][^:{}\u0000-\u001f\u007f-\u009f]*$",
                words: "a name without ':', '{', '}' and control characters",
            },
        ),
        optional("set", Kind::Settings),
    ],
};
