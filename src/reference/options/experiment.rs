//! The top level of the file: the question, how it is asked, and the sections.

use super::old::*;
use super::system::{CLIENTS, COALESCING, EVENT, INVALIDATION, LIMITER, WRITES};
use super::tier::TIER;
use super::workload::{CLASS, WORKLOAD};
use crate::declare::Form;
use crate::model::{Database, PracticeRow};
use crate::scenario::lint::LINTS;

/// A scenario file.
pub static ROOT: Table = Table {
    id: "scenario",
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
        optional("precision", Kind::Table(&PRECISION)),
        optional("duration", POSITIVE_DURATION),
        optional("warmup", Kind::Either(&[Kind::Words(&["auto"]), DURATION])),
        optional("window", POSITIVE_DURATION),
        optional("drain", DURATION),
        optional("baseline", Kind::Text),
        optional("headline", Kind::List(&Kind::Text)),
        optional("allow", Kind::List(&Kind::WordsOf(lints))),
        optional("coalescing", Kind::Choice(&COALESCING)),
        optional("answer", Kind::Table(&ANSWER)),
        optional("practice", Kind::List(&Kind::Table(&PRACTICE))),
        optional("threshold", Kind::List(&Kind::Table(&THRESHOLD))),
        optional("observed", Kind::Table(&OBSERVED)),
        optional("sweep", Kind::Table(&SWEEP)),
        optional("recommend", Kind::Table(&RECOMMEND)),
        optional("measure", Kind::Table(&MEASURE)),
        optional("clients", Kind::Table(&CLIENTS)),
        required("workload", Kind::Table(&WORKLOAD)),
        optional("limiter", Kind::Table(&LIMITER)),
        optional("class", Kind::List(&Kind::Table(&CLASS))),
        required("database", Database::KIND),
        optional("tier", Kind::List(&Kind::Table(&TIER))),
        optional("writes", Kind::Table(&WRITES)),
        optional("invalidation", Kind::Table(&INVALIDATION)),
        optional("event", Kind::List(&Kind::Table(&EVENT))),
        optional("slo", Kind::Table(&SLO)),
        optional("variant", Kind::List(&Kind::Table(&VARIANT))),
    ],
};

fn lints() -> Vec<&'static str> {
    LINTS.iter().map(|lint| lint.name).collect()
}

fn rows() -> Vec<&'static str> {
    PracticeRow::all().map(PracticeRow::name).collect()
}

static PRECISION: Table = Table {
    id: "precision",
    fields: &[
        required("measure", Kind::Text),
        required("relative", Kind::Positive { below: 1.0 }),
        optional("max_replications", Kind::Whole { least: 2, most: u32::MAX as u64 }),
    ],
};

static ANSWER: Table = Table {
    id: "answer",
    fields: &[
        required("text", Kind::Text),
        optional(
            "digest",
            Kind::Form {
                pattern: "^[0-9a-fA-F]{64}$",
                words: "the 64 hexadecimal digits that `herdlab check` prints",
            },
        ),
        optional("claims", Kind::List(&Kind::Text)),
    ],
};

static PRACTICE: Table = Table {
    id: "practice",
    fields: &[
        required("row", Kind::WordsOf(rows)),
        required("claim", Kind::Text),
        required("verdict", Kind::Words(&["holds", "holds only if", "does not hold"])),
        required("text", Kind::Text),
        required("tests", Kind::List(&Kind::Text)),
    ],
};

static THRESHOLD: Table = Table {
    id: "threshold",
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
    fields: &[
        optional("axes", Kind::Axes),
        optional("measures", Kind::List(&Kind::Text)),
        optional("pareto", Kind::List(&Kind::Text)),
    ],
};

static RECOMMEND: Table = Table {
    id: "recommend",
    fields: &[
        optional("minimise", Kind::Text),
        optional("maximise", Kind::Text),
        optional("knobs", Kind::Axes),
        optional("keep", Kind::List(&Kind::Text)),
        optional("budget", Kind::Whole { least: 1, most: u64::MAX }),
    ],
};

static OBSERVED: Table = Table {
    id: "observed",
    fields: &[
        optional("hit_ratio", SHARE),
        optional("db_qps", Kind::Number { least: 0.0 }),
        optional("p50", POSITIVE_DURATION),
        optional("p99", POSITIVE_DURATION),
    ],
};

static SLO: Table =
    Table { id: "slo", fields: &[required("latency", POSITIVE_DURATION), optional("share", SHARE)] };

static MEASURE: Table = Table {
    id: "measure",
    fields: &[
        optional("value_age", Kind::Truth),
        optional("remaining_ttl", Kind::Truth),
        optional("wire", Kind::Truth),
        optional("stale_acknowledged", Kind::Truth),
        optional("stale_by_tier", Kind::Truth),
    ],
};

static VARIANT: Table = Table {
    id: "variant",
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
