//! `[workload]`, `[[class]]`, and random times and sizes.

use super::old::*;
use crate::declare::Form;
use crate::model::Popularity;

pub(super) static WORKLOAD: Table = Table {
    id: "workload",
    also: &[],
    fields: &[
        required("arrivals", Kind::Choice(&ARRIVALS)),
        optional("profile", Kind::List(&Kind::Choice(&PROFILE))),
        optional("keys", KEYS),
        optional("popularity", Popularity::KIND),
        optional("value_size", Kind::RandomSize),
        optional("key_size", Kind::RandomSize),
        optional("write_share", SHARE),
        optional("exists_share", SHARE),
        optional("keys_per_entity", KEYS_PER_ENTITY),
        optional("keys_per_request", KEYS_PER_REQUEST),
        optional("absent", Kind::Table(&ABSENT)).or("none"),
    ],
};

const KEYS_PER_ENTITY: Kind = Kind::Whole { least: 1, most: 64 };
const KEYS_PER_REQUEST: Kind = Kind::Whole { least: 1, most: 1_000 };

static ABSENT: Table = Table {
    id: "absent",
    also: &[],
    fields: &[
        required("share", POSITIVE_SHARE),
        required("keys", KEYS),
        optional("popularity", Popularity::KIND),
    ],
};

static ARRIVALS: Choice = Choice {
    id: "arrivals",
    tags: &[
        with("poisson", Kind::Table(&RATE_ONLY)),
        with("constant", Kind::Table(&RATE_ONLY)),
        with("renewal", Kind::Table(&RENEWAL)),
        with("closed", Kind::Table(&CLOSED)),
        with("trace", Kind::Table(&TRACE)),
    ],
};

static RATE_ONLY: Table = Table { id: "rate_only", also: &[], fields: &[required("rate", Kind::Rate)] };

static RENEWAL: Table = Table {
    id: "renewal",
    also: &[],
    fields: &[required("rate", Kind::Rate), required("cv2", Kind::Number { least: 0.0 })],
};

static CLOSED: Table = Table {
    id: "closed",
    also: &[],
    fields: &[required("users", COUNT), optional("think", Kind::RandomTime)],
};

static TRACE: Table = Table {
    id: "trace",
    also: &[],
    fields: &[
        required("file", Kind::Text),
        required("time", Kind::Text),
        required("key", Kind::Text),
        optional("size", Kind::Text),
        required("unit", Kind::TimeUnit),
        optional("operation", Kind::Table(&OPERATION)).or("none"),
    ],
};

static OPERATION: Table = Table {
    id: "operation",
    also: &[],
    fields: &[
        required("column", Kind::Text),
        required("read", Kind::List(&Kind::Text)),
        required("write", Kind::List(&Kind::Text)),
    ],
};

const FACTOR: Kind = Kind::Number { least: 0.0 };

static PROFILE: Choice = Choice {
    id: "profile",
    tags: &[
        with("step", Kind::Table(&STEP)),
        with("ramp", Kind::Table(&RAMP)),
        with("sine", Kind::Table(&SINE)),
    ],
};

static STEP: Table =
    Table { id: "step", also: &[], fields: &[required("at", DURATION), required("factor", FACTOR)] };

static RAMP: Table = Table {
    id: "ramp",
    also: &[],
    fields: &[required("from", DURATION), required("to", DURATION), required("factor", FACTOR)],
};

static SINE: Table = Table {
    id: "sine",
    also: &[],
    fields: &[
        required("period", POSITIVE_DURATION),
        required("amplitude", SHARE),
        optional("phase", DURATION),
    ],
};

pub(super) static CLASS: Table = Table {
    id: "class",
    also: &[],
    fields: &[
        required("name", Kind::Name),
        required("share", POSITIVE_SHARE),
        required("keys", KEYS),
        optional("popularity", Popularity::KIND),
        optional("absent", Kind::Truth),
        optional("write_share", SHARE),
        optional("exists_share", SHARE),
        optional("value_size", Kind::RandomSize),
        optional("key_size", Kind::RandomSize),
        optional("keys_per_entity", KEYS_PER_ENTITY),
        optional("keys_per_request", KEYS_PER_REQUEST),
        optional("ttl", Kind::Either(&[TTL, Kind::PerTier(&TTL)])),
        optional("database", Kind::Table(&COSTS)),
    ],
};

const TTL: Kind = Kind::Either(&[Kind::Words(&["none"]), POSITIVE_DURATION]);

static COSTS: Table = Table {
    id: "class_database",
    also: &[],
    fields: &[optional("read", Kind::RandomTime), optional("write", Kind::RandomTime)],
};
