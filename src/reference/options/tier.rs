//! `[[tier]]`.

use super::old::*;
use crate::declare::Form;
use crate::model::{Breaker, Eviction, RedisEviction};

pub(super) static TIER: Table = Table {
    id: "tier",
    fields: &[
        required("name", Kind::Name),
        optional("enabled", Kind::Truth),
        required("scope", Kind::Words(&["shared", "instance"])),
        required("ttl", Kind::Either(&[Kind::Words(&["none"]), POSITIVE_DURATION])),
        optional("capacity", Kind::Either(&[Kind::Words(&["unbounded"]), KEYS, Kind::Size])),
        optional("eviction", Kind::WordsOf(evictions)).or("none"),
        optional("samples", Kind::Whole { least: 1, most: 64 }),
        optional("active_expiry", Kind::Table(&ACTIVE_EXPIRY)).or("none"),
        optional("jitter", Kind::Choice(&JITTER)).or("none"),
        optional("sliding", Kind::Truth),
        optional("refresh", Kind::Choice(&REFRESH)),
        optional("negative_ttl", POSITIVE_DURATION).or("none"),
        optional(
            "entry_overhead",
            Kind::Either(&[Kind::Words(&["redis"]), Kind::Size, Kind::Choice(&ENTRY_OVERHEAD)]),
        ),
        optional("prefill", Kind::Table(&PREFILL)).or("none"),
        optional("access", DURATION),
        optional("network", Kind::RandomTime),
        optional("service", DURATION),
        optional("per_byte", Kind::FineDuration),
        optional("serialize", Kind::Table(&SERIALIZE)).or("none"),
        optional("compress", Kind::Table(&COMPRESS)).or("none"),
        optional("bandwidth", Kind::Bandwidth).or("unlimited"),
        optional("nodes", Kind::Whole { least: 1, most: 128 }),
        optional("pool", COUNT).or("unlimited"),
        optional("pool_timeout", POSITIVE_DURATION).or("none"),
        optional("timeout", POSITIVE_DURATION).or("none"),
        optional("on_failure", Kind::Words(&["next", "error"])),
        optional("fill_after_failure", Kind::Truth),
        optional("breaker", Breaker::KIND).or("none"),
        optional("multi_get", Kind::Choice(&MULTI_GET)),
    ],
};

fn evictions() -> Vec<&'static str> {
    let exact = Eviction::NAMES.iter().map(|(name, _)| *name);
    exact.chain(RedisEviction::NAMES.iter().map(|(name, _)| *name)).collect()
}

static ACTIVE_EXPIRY: Table = Table {
    id: "active_expiry",
    fields: &[
        optional("hz", Kind::Whole { least: 1, most: 500 }),
        optional("effort", Kind::Whole { least: 1, most: 10 }),
        optional("per_key", Kind::FineDuration),
    ],
};

static MULTI_GET: Choice =
    Choice { id: "multi_get", tags: &[word("fan-out"), word_or("mget", Kind::Table(&MGET))] };

static MGET: Table = Table { id: "mget", fields: &[optional("per_key", DURATION)] };

const SPREAD: Kind = Kind::Either(&[SHARE, DURATION]);

static JITTER: Choice = Choice { id: "jitter", tags: &[with("plus", SPREAD), with("around", SPREAD)] };

static REFRESH: Choice = Choice {
    id: "refresh",
    tags: &[
        word("none"),
        with("xfetch", Kind::Table(&XFETCH)),
        with("uniform", Kind::Table(&UNIFORM)),
        with("ahead", Kind::Table(&AHEAD)),
        with("stale-while-revalidate", Kind::Table(&GRACE)),
    ],
};

static XFETCH: Table = Table {
    id: "xfetch",
    fields: &[
        optional("beta", Kind::Positive { below: f64::INFINITY }),
        optional("mode", Kind::Words(&["inline", "background"])),
    ],
};

static UNIFORM: Table = Table { id: "uniform", fields: &[required("window", POSITIVE_DURATION)] };
static AHEAD: Table = Table { id: "ahead", fields: &[required("fraction", POSITIVE_SHARE)] };
static GRACE: Table = Table { id: "stale_while_revalidate", fields: &[required("grace", POSITIVE_DURATION)] };

static ENTRY_OVERHEAD: Choice =
    Choice { id: "entry_overhead", tags: &[with("redis", Kind::Table(&REDIS_OVERHEAD))] };

static REDIS_OVERHEAD: Table =
    Table { id: "redis_overhead", fields: &[required("quantum", Kind::Words(&["8B", "16B"]))] };

static PREFILL: Table = Table {
    id: "prefill",
    fields: &[
        required("hottest", Kind::Either(&[Kind::Words(&["all"]), KEYS])),
        optional("age", Kind::Words(&["fresh", "stationary"])),
    ],
};

static SERIALIZE: Table = Table { id: "serialize", fields: &[required("per_byte", Kind::FineDuration)] };

static COMPRESS: Table = Table {
    id: "compress",
    fields: &[
        required("above", Kind::Size),
        required("ratio", POSITIVE_SHARE),
        required("per_byte", Kind::FineDuration),
        optional("decompress_per_byte", Kind::FineDuration),
    ],
};
