//! `[[event]]`.

use super::old::*;

pub(super) static EVENT: Table = Table {
    id: "event",
    also: &[],
    fields: &[
        required("at", DURATION),
        required("what", Kind::Choice(&WHAT)),
        optional("enabled", Kind::Truth),
        optional(
            "label",
            Kind::Form { pattern: "^[a-z0-9-]+$", words: "a label of lower-case letters, digits and '-'" },
        ),
    ],
};

static WHAT: Choice = Choice {
    id: "what",
    tags: &[
        with("flush", Kind::Table(&FLUSH)),
        with("restart", Kind::Table(&RESTART)),
        with("down", Kind::Table(&DOWN)),
        with("slow", Kind::Table(&SLOW)),
        with("pause", Kind::Table(&PAUSE)),
        with("node_lost", Kind::Table(&NODE_LOST)),
        with("surge", Kind::Table(&SURGE)),
        with("hot_key", Kind::Table(&HOT_KEY)),
        with("deploy", Kind::Table(&DEPLOY)),
        with("crash", Kind::Table(&CRASH)),
        with("stall", Kind::Table(&STALL)),
    ],
};

const NODE: Kind = Kind::Whole { least: 0, most: u32::MAX as u64 };
const FAIL: Field = optional("fail", Kind::Words(&["refuse", "timeout"]));
const FOR: Field = required("for", POSITIVE_DURATION);
const TARGET: Field = required("target", Kind::Text);
const FACTOR: Field = required("factor", Kind::Positive { below: f64::INFINITY });

static FLUSH: Table = Table { id: "flush", also: &[], fields: &[required("tier", Kind::Text)] };
static RESTART: Table = Table { id: "restart", also: &[], fields: &[required("tier", Kind::Text), FOR] };
static DOWN: Table = Table { id: "down", also: &[], fields: &[TARGET, optional("node", NODE), FOR, FAIL] };
static SLOW: Table = Table { id: "slow", also: &[], fields: &[TARGET, optional("node", NODE), FOR, FACTOR] };
static PAUSE: Table = Table { id: "pause", also: &[], fields: &[TARGET, optional("node", NODE), FOR] };

static NODE_LOST: Table = Table {
    id: "node_lost",
    also: &[],
    fields: &[
        required("tier", Kind::Text),
        required("node", NODE),
        optional("for", POSITIVE_DURATION).or("ever"),
        optional("failover", DURATION).or("never"),
        FAIL,
    ],
};

static SURGE: Table = Table { id: "surge", also: &[], fields: &[FACTOR, FOR] };

static HOT_KEY: Table = Table {
    id: "hot_key",
    also: &[],
    fields: &[required("share", POSITIVE_SHARE), FOR, optional("key", KEY)],
};

static DEPLOY: Table = Table { id: "deploy", also: &[], fields: &[required("every", DURATION)] };

/// An instance with `for`, or a leader without.
static CRASH: Table = Table {
    id: "crash",
    also: &[],
    fields: &[
        optional("instance", NODE),
        optional("for", POSITIVE_DURATION),
        optional("detect", DURATION),
        optional("leader", Kind::Either(&[Kind::Words(&["hottest"]), KEY])),
    ],
};

static STALL: Table = Table { id: "stall", also: &[], fields: &[FOR] };
