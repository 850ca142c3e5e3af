//! `[clients]`, `[database]`, `[limiter]`, `[writes]`, `[invalidation]`, `coalescing` and `[[event]]`.

use super::old::*;
use super::workload::POPULARITY;

pub(super) static CLIENTS: Table = Table {
    id: "clients",
    fields: &[
        optional("instances", COUNT),
        optional("route", Kind::Words(&["random", "round-robin", "sticky"])),
        optional("deadline", POSITIVE_DURATION).or("none"),
    ],
};

pub(super) static COALESCING: Choice = Choice {
    id: "coalescing",
    tags: &[
        word("none"),
        word_or("singleflight", Kind::Table(&SINGLEFLIGHT)),
        with("lease", Kind::Table(&LEASE)),
    ],
};

static SINGLEFLIGHT: Table =
    Table { id: "singleflight", fields: &[optional("around", Kind::Words(&["fetch", "lookup"]))] };

static LEASE: Table = Table {
    id: "lease",
    fields: &[
        required("tier", Kind::Text),
        optional("lock_ttl", POSITIVE_DURATION),
        optional("poll", POSITIVE_DURATION),
        optional("wait_limit", DURATION),
        optional("serve_stale", DURATION),
    ],
};

pub(super) static LIMITER: Table = Table {
    id: "limiter",
    fields: &[
        optional("enabled", Kind::Truth),
        required("tier", Kind::Text),
        required("limit", COUNT),
        required("per", POSITIVE_DURATION),
        required("mode", Kind::Words(&["naive", "atomic"])),
        required("callers", KEYS),
        optional("popularity", Kind::Choice(&POPULARITY)),
    ],
};

pub(super) static WRITES: Table = Table {
    id: "writes",
    fields: &[
        optional("strategy", Kind::Choice(&STRATEGY)),
        optional("order", Kind::Words(&["after-commit", "before-commit"])),
        optional("rollback", SHARE),
        optional("versioned", Kind::Truth),
        optional("tombstone_ttl", POSITIVE_DURATION),
    ],
};

static STRATEGY: Choice = Choice {
    id: "strategy",
    tags: &[
        word("invalidate"),
        word("write-around"),
        word("update"),
        word("write-through"),
        word_or("write-back", Kind::Table(&WRITE_BACK)),
    ],
};

static WRITE_BACK: Table = Table {
    id: "write_back",
    fields: &[
        optional("flush_interval", POSITIVE_DURATION),
        optional("batch", COUNT),
        optional("flush_cost", Kind::Table(&FLUSH_COST)),
    ],
};

static FLUSH_COST: Table = Table {
    id: "flush_cost",
    fields: &[optional("per_batch", Kind::RandomTime), optional("per_key", Kind::RandomTime)],
};

pub(super) static INVALIDATION: Table = Table {
    id: "invalidation",
    fields: &[
        optional("cdc", Kind::Table(&CDC)).or("none"),
        optional("broadcast", Kind::Table(&BROADCAST)).or("none"),
    ],
};

static CDC: Table = Table {
    id: "cdc",
    fields: &[
        required("lag", Kind::RandomTime),
        optional("rate", Kind::Rate).or("unlimited"),
        optional("retry", POSITIVE_DURATION),
    ],
};

static BROADCAST: Table = Table { id: "broadcast", fields: &[required("delay", Kind::RandomTime)] };

pub(super) static EVENT: Table = Table {
    id: "event",
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

static FLUSH: Table = Table { id: "flush", fields: &[required("tier", Kind::Text)] };
static RESTART: Table = Table { id: "restart", fields: &[required("tier", Kind::Text), FOR] };
static DOWN: Table = Table { id: "down", fields: &[TARGET, optional("node", NODE), FOR, FAIL] };
static SLOW: Table = Table { id: "slow", fields: &[TARGET, optional("node", NODE), FOR, FACTOR] };
static PAUSE: Table = Table { id: "pause", fields: &[TARGET, optional("node", NODE), FOR] };

static NODE_LOST: Table = Table {
    id: "node_lost",
    fields: &[
        required("tier", Kind::Text),
        required("node", NODE),
        optional("for", POSITIVE_DURATION).or("ever"),
        optional("failover", DURATION).or("never"),
        FAIL,
    ],
};

static SURGE: Table = Table { id: "surge", fields: &[FACTOR, FOR] };

static HOT_KEY: Table =
    Table { id: "hot_key", fields: &[required("share", POSITIVE_SHARE), FOR, optional("key", KEY)] };

static DEPLOY: Table = Table { id: "deploy", fields: &[required("every", DURATION)] };

/// An instance with `for`, or a leader without.
static CRASH: Table = Table {
    id: "crash",
    fields: &[
        optional("instance", NODE),
        optional("for", POSITIVE_DURATION),
        optional("detect", DURATION),
        optional("leader", Kind::Either(&[Kind::Words(&["hottest"]), KEY])),
    ],
};

static STALL: Table = Table { id: "stall", fields: &[FOR] };
