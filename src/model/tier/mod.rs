//! Caches.

mod admit;
mod freshness;
mod redis;
mod shared;

use serde::Serialize;

use super::{Keys, MAX_KEYS, Nanos, is_one, is_true};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::{Node, Value};
use crate::declare::kind::Kind;
use crate::declare::values::{Count, Duration, Name, Positive, PositiveDuration, Whole32, bytes, integer};
use crate::declare::{Form, keywords, options};
pub use admit::Admit;
pub use freshness::{FailSafe, Jitter, Refresh, RefreshMode, Spread, Ttl};
pub use redis::{ActiveExpiry, Redis, RedisEviction};
use redis::{Asked, Cycle};
pub(crate) use redis::{EvictionChoice, Overhead};
pub use shared::{Compress, MultiGet, OnFailure, SharedTier};

/// Memory of Redis per string key besides key and value: hash table entry, object header, string headers.
const SHARED_ENTRY_OVERHEAD_BYTES: u64 = 56;

/// A cache between the application and the next tier or the database.
#[derive(Clone, Debug, Serialize)]
pub struct Tier {
    pub name: String,
    pub scope: Scope,
    pub capacity: Capacity,
    /// Of an exact algorithm; not used where `redis` describes the tier.
    pub eviction: Eviction,
    pub ttl: Ttl,
    /// The recorded time to live of a key, so many times, comes before `ttl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_ttl: Option<f64>,
    pub jitter: Jitter,
    /// Each hit starts the time to live anew.
    pub sliding: bool,
    pub refresh: Refresh,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_safe: Option<FailSafe>,
    /// Whether fetched values are stored.
    #[serde(skip_serializing_if = "is_true")]
    pub fill: bool,
    #[serde(skip_serializing_if = "Admit::is_all")]
    pub admit: Admit,
    /// How long the tier remembers that an answer cannot be cached; `None`: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hit_for_miss_ns: Option<Nanos>,
    /// How long the answer "no such row" is kept; `None`: not kept.
    pub negative_ttl_ns: Option<Nanos>,
    /// Memory per entry besides key and value.
    pub entry_overhead_bytes: u64,
    pub prefill: Option<Prefill>,
    /// Keeps its keys as Redis does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
    /// Part of every key in this tier; who has another one finds none of the entries.
    #[serde(skip_serializing_if = "is_one")]
    pub key_version: u32,
}

#[derive(Clone, Debug, Serialize)]
#[allow(clippy::large_enum_variant, reason = "one for each tier")]
pub enum Scope {
    /// In the process of every instance: no network, no pool.
    Instance {
        /// Time a lookup takes.
        access_ns: Nanos,
    },
    /// One server, or several nodes, for all instances.
    Shared(SharedTier),
}

options! {
    /// A tier as a file has it.
    pub(crate) struct TierOptions in "tier", such as "[[tier]]" {
        /// any name but `database`
        "name" name: String as Name, required "a short name such as \"l2\"";
        /// a variant can switch a tier off; events and class times of that tier then do nothing, a lease in it is an error
        "enabled" enabled: bool, default true;
        /// `"shared"`: one server for all instances; `"instance"`: in the process of each
        "scope" scope: ScopeWord, required "\"shared\" or \"instance\"";
        /// time to live, `"none"`, or `"0s"`: nothing is stored
        "ttl" ttl: Ttl, required "a duration such as \"60s\", or \"none\"";
        /// `1.0`: the time to live that a trace has recorded for a key, so many times; `ttl` holds for keys without, and the `ttl` of
        /// a class for its keys
        "recorded_ttl" recorded_ttl: Option<f64> as Positive, or "none";
        /// entries (`2500`) or memory (`"64MB"`); of an instance tier: of each
        "capacity" capacity: Capacity, default "unbounded";
        /// required with a capacity, refused without one: `"lru"`, `"fifo"`, `"clock"`, `"random"`, `"sieve"`, `"s3-fifo"`, `"2q"`, `"slru"`,
        /// `"arc"`, `"lfu"`, `"gdsf"`, `"w-tinylfu"`, `"w-tinylfu-adaptive"`, `"lirs"` ([eviction.md](eviction.md)); in a shared tier with a capacity in bytes also Redis's own
        /// `"allkeys-lru"`, `"allkeys-lfu"`, `"allkeys-random"`, `"volatile-lru"`, `"volatile-lfu"`, `"volatile-random"`, `"volatile-ttl"`,
        /// `"noeviction"`
        "eviction" eviction: Option<EvictionChoice> as EvictionChoice, or "none";
        /// keys that `allkeys-lru`, `allkeys-lfu`, `volatile-lru`, `volatile-lfu` and `volatile-ttl` compare per eviction, 1 to 64;
        /// refused otherwise
        "samples" samples: Option<u32> as Whole32<1, 64>, optional "`5`";
        /// the cycle that looks for expired entries; only with Redis's eviction or an unbounded capacity, and only in a shared tier
        "active_expiry" active_expiry: Option<Option<ActiveExpiry>> as Cycle,
            optional "with Redis's eviction `{ hz = 10, effort = 1, per_key = \"0s\" }`, else `\"none\"`";
        /// spread of the time to live; needs a ttl
        "jitter" jitter: Jitter, default "none";
        /// each hit starts the time to live anew; needs a ttl
        "sliding" sliding: bool, default false;
        /// how entries are renewed before they expire, or served after; needs a ttl
        "refresh" refresh: Refresh, default "none";
        /// an old value answers where the fetch fails or takes too long: `{ grace = "2h", throttle = "30s", soft_timeout = "1s" }`; needs a
        /// ttl. Not with a lease in this tier, which has `serve_stale`
        "fail_safe" fail_safe: Option<FailSafe> as FailSafe, or "none";
        /// whether fetched values are stored; `false`: the tier is read and not filled (a writer's SETs still are)
        "fill" fill: bool, default true;
        /// which fetched values are stored: `"all"`, a random share, or those of keys that were fetched shortly before
        "admit" admit: Admit, default "all";
        /// how long the tier remembers that an answer cannot be cached (`cacheable = false` of a class): requests for it neither look for
        /// a value nor wait for each other
        "hit_for_miss" hit_for_miss_ns: Option<Nanos> as PositiveDuration, or "none";
        /// how long "no such row" is kept; not jittered, and not renewed by hits. Needs keys that are absent, in some variant
        "negative_ttl" negative_ttl_ns: Option<Nanos> as PositiveDuration, or "none";
        /// memory per entry besides key and value; counts towards a capacity in bytes. 56 B is about what Redis keeps per string key;
        /// the overhead of a map in the process depends on the language. `"redis"`: entries and tables as large as in Redis 7
        /// ([eviction.md](eviction.md)), short for `{ redis = { quantum = "8B" } }`; where `active_expiry` may be
        "entry_overhead" overhead: Option<Overhead> as Overhead, optional "shared: `\"56B\"`, instance: `\"0B\"`";
        /// entries present at the start: `{ hottest = "all", age = "fresh" }`
        "prefill" prefill: Option<Prefill> as Prefill, or "none";
        /// the version in the keys of this tier (`v1:user:17`), for an event `change` that gives it another: who has that finds none
        /// of the entries, which stay until they expire or are evicted
        "key_version" key_version: u32 as Count, default 1;
        /// instance only: time of a lookup
        "access" access_ns: Nanos as Duration, default "0s";
    }
    and shared: SharedTier;
    check |f| {
        if name.as_deref() == Some("database") && let Some(node) = f.node("name") {
            let label = "expected another name: \"database\" means the database";
            f.cx.wrong::<()>(node, label);
        }
        let nodes = match scope {
            Some(ScopeWord::Shared) => shared.as_ref().map_or(1, |shared| shared.nodes),
            _ => 1,
        };
        fits_scope(f, scope);
        enough_for(f, nodes, capacity);
        fits_capacity(f, capacity, eviction.flatten());
        let is_shared = matches!(scope, Some(ScopeWord::Shared));
        if let (true, Some(capacity)) = (f.sound(), capacity) {
            let (eviction, samples) = (eviction.flatten(), samples.flatten());
            let (cycle, overhead) = (active_expiry.flatten(), overhead.flatten());
            Asked { shared: is_shared, capacity, eviction, samples, cycle, overhead }.check(f);
        }
    }
}

impl Tier {
    /// Whether every fetched value is stored.
    pub fn stores_all_fetches(&self) -> bool {
        self.fill && self.admit.is_all()
    }
}

impl TierOptions {
    /// As the model has it.
    pub fn tier(self) -> Tier {
        let shared = self.scope == ScopeWord::Shared;
        let redis = Asked {
            shared,
            capacity: self.capacity,
            eviction: self.eviction,
            samples: self.samples,
            cycle: self.active_expiry,
            overhead: self.overhead,
        };
        Tier {
            name: self.name,
            scope: if shared {
                Scope::Shared(self.shared)
            } else {
                Scope::Instance { access_ns: self.access_ns }
            },
            capacity: self.capacity,
            eviction: match self.eviction {
                Some(EvictionChoice::Exact(eviction)) => eviction,
                _ => Eviction::Lru,
            },
            ttl: self.ttl,
            recorded_ttl: self.recorded_ttl,
            jitter: self.jitter,
            sliding: self.sliding,
            refresh: self.refresh,
            fail_safe: self.fail_safe,
            fill: self.fill,
            admit: self.admit,
            hit_for_miss_ns: self.hit_for_miss_ns,
            negative_ttl_ns: self.negative_ttl_ns,
            entry_overhead_bytes: match self.overhead {
                Some(Overhead::Bytes(bytes)) => bytes,
                Some(Overhead::Redis { .. }) => 0,
                None if shared => SHARED_ENTRY_OVERHEAD_BYTES,
                None => 0,
            },
            prefill: self.prefill,
            redis: redis.redis(),
            key_version: self.key_version,
        }
    }
}

keywords! {
    #[derive(Clone, Copy, PartialEq)]
    pub(crate) enum ScopeWord {
        "shared" Shared,
        "instance" Instance,
    }
}

/// Options of the other scope are errors; with an unknown scope both kinds are accepted.
fn fits_scope(f: &mut Fields<'_, '_>, scope: Option<ScopeWord>) {
    match scope {
        Some(ScopeWord::Shared) => {
            let why = "only a tier in the process (scope = \"instance\") has it";
            f.refuse("access", why, "use network and service");
        }
        Some(ScopeWord::Instance) => {
            for option in SharedTier::OPTIONS {
                let way_out =
                    "a tier in the process has no network, server or pool; its lookup time is `access`";
                f.refuse(
                    option.name,
                    "only a tier reached over the network (scope = \"shared\") has it",
                    way_out,
                );
            }
        }
        None => {}
    }
}

fn enough_for(f: &mut Fields<'_, '_>, nodes: u32, capacity: Option<Capacity>) {
    if let Some(Capacity::Entries(whole) | Capacity::Bytes(whole)) = capacity
        && whole < u64::from(nodes)
    {
        let title = format!("{}.capacity is smaller than its number of nodes", f.cx.here());
        let place = f.place("capacity");
        let label = format!("shared by {nodes} nodes, some would have none");
        f.cx.report(Diagnostic::new(title, place, label));
    }
}

fn fits_capacity(f: &mut Fields<'_, '_>, capacity: Option<Capacity>, eviction: Option<EvictionChoice>) {
    if eviction.is_some() && f.left_out("capacity", "unbounded") {
        let title = format!("{}.eviction does not apply", f.cx.here());
        let place = f.place("eviction");
        f.cx.report(
            Diagnostic::new(title, place, "an unbounded tier evicts nothing")
                .help("give the tier a capacity, or leave eviction out"),
        );
    } else if capacity != Some(Capacity::Unbounded) && !f.given("eviction") {
        let title = format!("{} has a capacity and no eviction", f.cx.here());
        let place = f.place("capacity");
        let known: Vec<&str> = EvictionChoice::all().iter().map(|(word, _)| *word).collect();
        f.cx.report(
            Diagnostic::new(title, place, "what makes room when this is full?")
                .help(format!("add eviction = \"lru\"; known: {}", known.join(", "))),
        );
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Capacity {
    Unbounded,
    /// Of each store: for an instance tier, per instance.
    Entries(u64),
    Bytes(u64),
}

impl Form for Capacity {
    type Value = Capacity;
    type Around<'a> = ();
    const KIND: Kind = Kind::Either(&[Kind::Words(&["unbounded"]), Keys::KIND, Kind::Size]);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Capacity> {
        match &node.value {
            Value::String(text) if text == "unbounded" => Some(Capacity::Unbounded),
            Value::String(_) => match bytes(cx, node)? {
                0 => cx.wrong(node, "expected a capacity above zero"),
                bytes => Some(Capacity::Bytes(bytes)),
            },
            Value::Integer(_) => integer(1, MAX_KEYS)(cx, node).map(Capacity::Entries),
            _ => cx.wrong(
                node,
                "expected a number of entries such as 2500, a size such as \"64MB\", or \"unbounded\"",
            ),
        }
    }
}

impl Capacity {
    /// The share of one of `nodes`: the same for all, as nearly as whole numbers allow.
    pub fn share(self, node: u64, nodes: u64) -> Capacity {
        let share = |whole: u64| whole / nodes + u64::from(node < whole % nodes);
        match self {
            Capacity::Unbounded => Capacity::Unbounded,
            Capacity::Entries(entries) => Capacity::Entries(share(entries)),
            Capacity::Bytes(bytes) => Capacity::Bytes(share(bytes)),
        }
    }
}

keywords! {
    /// The eviction algorithms; `policy::eviction` implements them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum Eviction {
        "lru" Lru,
        "fifo" Fifo,
        "clock" Clock,
        "random" Random,
        "sieve" Sieve,
        "s3-fifo" S3Fifo,
        "2q" TwoQ,
        "slru" Slru,
        "arc" Arc,
        "lfu" Lfu,
        "gdsf" Gdsf,
        "w-tinylfu" WTinyLfu,
        "w-tinylfu-adaptive" AdaptiveWTinyLfu,
        "lirs" Lirs,
    }
}

options! {
    #[derive(Clone, Copy, Debug, Serialize)]
    pub struct Prefill in "prefill", such as "{ hottest = \"all\", age = \"fresh\" }" {
        /// a number of keys, or `"all"`
        "hottest" hottest: Hottest, required "a number of keys, or \"all\"";
        /// `"fresh"`: all loaded at time 0; `"stationary"`: as in a cache that has run for long
        "age" age: PrefillAge, default "fresh";
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Hottest {
    All,
    /// The n most popular ids (over all classes, by expected rate; ties by id).
    Keys(u64),
}

impl Form for Hottest {
    type Value = Hottest;
    type Around<'a> = ();
    const KIND: Kind = Kind::Either(&[Kind::Words(&["all"]), Keys::KIND]);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Hottest> {
        match node.as_str() {
            Some("all") => Some(Hottest::All),
            Some(_) => cx.wrong(node, "expected a number of keys, or \"all\""),
            None => integer(1, MAX_KEYS)(cx, node).map(Hottest::Keys),
        }
    }
}

keywords! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum PrefillAge {
        /// All loaded at time zero.
        "fresh" Fresh,
        /// Key i present with probability lT/(1+lT), its remaining time to live uniform.
        "stationary" Stationary,
    }
}
