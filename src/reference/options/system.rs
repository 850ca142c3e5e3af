//! `[clients]`, `[database]`, `[limiter]`, `[writes]`, `[invalidation]`, `coalescing` and `[[event]]`.

use super::workload::POPULARITY;
use crate::reference::grammar::*;

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
        Tag { name: "singleflight", plain: true, body: Some(Kind::Table(&SINGLEFLIGHT)) },
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

pub(super) static DATABASE: Table = Table {
    id: "database",
    fields: &[
        required("read", Kind::RandomTime),
        optional("write", Kind::RandomTime),
        optional("servers", COUNT).or("unlimited"),
        optional("queue", Kind::Whole { least: 0, most: u64::MAX }).or("unbounded"),
        optional("network", Kind::RandomTime),
        optional("pool", COUNT).or("unlimited"),
        optional("pool_timeout", POSITIVE_DURATION).or("none"),
        optional("timeout", POSITIVE_DURATION).or("none"),
        optional("cancel_on_timeout", Kind::Truth),
        optional("late_fill", Kind::Truth),
        optional("retries", Kind::Table(&RETRIES)).or("none"),
        optional("contention", Kind::Table(&CONTENTION)).or("none"),
        optional("background", Kind::Table(&BACKGROUND)).or("none"),
        optional("replicas", Kind::Table(&REPLICAS)).or("none"),
        optional("breaker", Kind::Table(&BREAKER)).or("none"),
        optional("limit", Kind::Choice(&LIMIT)).or("none"),
        optional("hedge", Kind::Table(&HEDGE)).or("none"),
    ],
};

static RETRIES: Table = Table {
    id: "retries",
    fields: &[
        required("attempts", COUNT),
        optional("backoff", DURATION),
        optional("factor", Kind::Number { least: 1.0 }),
        optional("max", POSITIVE_DURATION).or("none"),
        optional("jitter", SHARE),
        optional("budget", Kind::Table(&BUDGET)).or("none"),
    ],
};

static BUDGET: Table = Table {
    id: "budget",
    fields: &[required("ratio", POSITIVE_SHARE), optional("burst", Kind::Number { least: 1.0 })],
};

static CONTENTION: Table = Table {
    id: "contention",
    fields: &[optional("sigma", Kind::Number { least: 0.0 }), optional("kappa", Kind::Number { least: 0.0 })],
};

static BACKGROUND: Table = Table {
    id: "background",
    fields: &[required("rate", Kind::Rate), optional("service", Kind::RandomTime)],
};

static REPLICAS: Table = Table {
    id: "replicas",
    fields: &[
        required("count", Kind::Whole { least: 1, most: 64 }),
        required("lag", Kind::RandomTime),
        optional("servers", COUNT).or("unlimited"),
    ],
};

pub(super) static BREAKER: Table = Table {
    id: "breaker",
    fields: &[
        required("failures", POSITIVE_SHARE),
        required("open", POSITIVE_DURATION),
        optional("window", POSITIVE_DURATION),
        optional("minimum", COUNT),
        optional("probes", COUNT),
    ],
};

static LIMIT: Choice = Choice { id: "limit", tags: &[with("aimd", Kind::Table(&AIMD))] };

static AIMD: Table = Table {
    id: "aimd",
    fields: &[
        required("late", POSITIVE_DURATION),
        optional("initial", COUNT),
        optional("min", COUNT),
        optional("max", COUNT),
        optional("backoff", POSITIVE_SHARE),
    ],
};

static HEDGE: Table =
    Table { id: "hedge", fields: &[required("after", POSITIVE_DURATION), optional("cancel", Kind::Truth)] };

pub(super) static WRITES: Table = Table {
    id: "writes",
    fields: &[
        optional("strategy", Kind::Words(&["invalidate", "write-around", "update", "write-through"])),
        optional("order", Kind::Words(&["after-commit", "before-commit"])),
        optional("rollback", SHARE),
        optional("versioned", Kind::Truth),
        optional("tombstone_ttl", POSITIVE_DURATION),
    ],
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
