//! Caches.

use serde::Serialize;

use super::{Breaker, Dist, Nanos, is_one, is_true, is_zero};

/// A cache between the application and the next tier or the database.
#[derive(Clone, Debug, Serialize)]
pub struct Tier {
    pub name: String,
    pub scope: Scope,
    pub capacity: Capacity,
    /// Of an exact algorithm; not used where `redis` says how the tier works.
    pub eviction: Eviction,
    pub ttl: Ttl,
    pub jitter: Jitter,
    /// Each hit starts the time to live anew.
    pub sliding: bool,
    pub refresh: Refresh,
    /// How long the answer "no such row" is kept; `None`: not kept.
    pub negative_ttl_ns: Option<Nanos>,
    /// Memory per entry besides key and value.
    pub entry_overhead_bytes: u64,
    pub prefill: Option<Prefill>,
    /// Keeps its keys as Redis does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
}

#[derive(Clone, Debug, Serialize)]
pub enum Scope {
    /// In the process of every instance: no network, no pool.
    Instance {
        /// Time a look-up takes.
        access_ns: Nanos,
    },
    /// One server, or several nodes, for all instances.
    Shared(SharedTier),
}

#[derive(Clone, Debug, Serialize)]
pub struct SharedTier {
    /// Delay each way.
    pub network: Dist,
    /// Of the single-threaded server, per command.
    pub service_ns: Nanos,
    /// Added to the service time per byte of value read or written.
    pub per_byte_ns: f64,
    /// Connections per instance and node; `None`: as many as needed.
    pub pool: Option<u32>,
    /// Longest wait for a connection.
    pub pool_timeout_ns: Option<Nanos>,
    /// Longest wait for a reply, from sending.
    pub timeout_ns: Option<Nanos>,
    pub on_failure: OnFailure,
    /// Whether a read whose look-up got no answer here sends a SET all the same, once it has the value.
    #[serde(skip_serializing_if = "is_true")]
    pub fill_after_failure: bool,
    /// In front of it, per instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
    /// Servers that share keys and capacity, each with one thread and its own connections.
    #[serde(skip_serializing_if = "is_one")]
    pub nodes: u32,
    /// How a request of several keys asks for those that it looks for here.
    #[serde(skip_serializing_if = "MultiGet::is_fan_out")]
    pub multi_get: MultiGet,
    /// Processor time of a client per byte of a value that it writes or reads.
    #[serde(skip_serializing_if = "is_zero")]
    pub serialize_per_byte_ns: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compress: Option<Compress>,
    /// Of each node's link, in each direction; `None`: bytes take no time on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_bytes_per_s: Option<f64>,
}

impl SharedTier {
    /// Whether bytes cost anything outside the server.
    pub fn bytes_cost(&self) -> bool {
        self.serialize_per_byte_ns > 0.0 || self.compress.is_some() || self.bandwidth_bytes_per_s.is_some()
    }
}

/// How the keys of one request are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum MultiGet {
    /// A GET for each, all at once.
    FanOut,
    /// One MGET to each node that has any of them; the server works so long on every key after the first.
    Mget { per_key_ns: Nanos },
}

impl MultiGet {
    pub(super) fn is_fan_out(&self) -> bool {
        *self == MultiGet::FanOut
    }
}

/// Large values are compressed by the clients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Compress {
    /// Values of more bytes than these.
    pub above_bytes: u64,
    /// Compressed size over original size.
    pub ratio: f64,
    /// Processor time of a client per byte before compression.
    pub per_byte_ns: f64,
    pub decompress_per_byte_ns: f64,
}

/// What a read does when a tier does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OnFailure {
    /// Goes on to the next tier or the database (fail open).
    Next,
    /// Ends in an error (fail closed).
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Capacity {
    Unbounded,
    /// Of each store: for an instance tier, per instance.
    Entries(u64),
    Bytes(u64),
}

impl Capacity {
    /// What one of `nodes` has of it: the same for all, as nearly as whole numbers allow.
    pub fn share(self, node: u64, nodes: u64) -> Capacity {
        let share = |whole: u64| whole / nodes + u64::from(node < whole % nodes);
        match self {
            Capacity::Unbounded => Capacity::Unbounded,
            Capacity::Entries(entries) => Capacity::Entries(share(entries)),
            Capacity::Bytes(bytes) => Capacity::Bytes(share(bytes)),
        }
    }
}

/// The eviction algorithms; `policy::eviction` implements them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Eviction {
    Lru,
    Fifo,
    Clock,
    Random,
    Sieve,
    S3Fifo,
    TwoQ,
    Slru,
    Arc,
    Lfu,
    WTinyLfu,
}

impl Eviction {
    /// Every algorithm by its name in scenario files.
    pub const NAMES: &[(&'static str, Eviction)] = &[
        ("lru", Eviction::Lru),
        ("fifo", Eviction::Fifo),
        ("clock", Eviction::Clock),
        ("random", Eviction::Random),
        ("sieve", Eviction::Sieve),
        ("s3-fifo", Eviction::S3Fifo),
        ("2q", Eviction::TwoQ),
        ("slru", Eviction::Slru),
        ("arc", Eviction::Arc),
        ("lfu", Eviction::Lfu),
        ("w-tinylfu", Eviction::WTinyLfu),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        Eviction::NAMES.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// What Redis does about memory and expiry; `policy::redis` implements it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Redis {
    /// `NoEviction` where the capacity is unbounded.
    pub eviction: RedisEviction,
    /// Keys looked at per eviction.
    pub samples: u32,
    /// `None`: expired entries stay until they are touched.
    pub active_expiry: Option<ActiveExpiry>,
    /// Smallest step between the sizes of the memory allocator, where entries take what they take in Redis; `None`:
    /// they take `entry_overhead_bytes` besides key and value.
    pub quantum_bytes: Option<u64>,
}

/// The eviction policies of Redis, by sampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RedisEviction {
    AllkeysLru,
    AllkeysLfu,
    AllkeysRandom,
    VolatileLru,
    VolatileLfu,
    VolatileRandom,
    VolatileTtl,
    NoEviction,
}

impl RedisEviction {
    /// Every policy by its name in scenario files, which is Redis's.
    pub const NAMES: &[(&'static str, RedisEviction)] = &[
        ("allkeys-lru", RedisEviction::AllkeysLru),
        ("allkeys-lfu", RedisEviction::AllkeysLfu),
        ("allkeys-random", RedisEviction::AllkeysRandom),
        ("volatile-lru", RedisEviction::VolatileLru),
        ("volatile-lfu", RedisEviction::VolatileLfu),
        ("volatile-random", RedisEviction::VolatileRandom),
        ("volatile-ttl", RedisEviction::VolatileTtl),
        ("noeviction", RedisEviction::NoEviction),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        RedisEviction::NAMES.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }

    /// Only keys with a time to live may go.
    pub fn only_volatile(self) -> bool {
        use RedisEviction::{VolatileLfu, VolatileLru, VolatileRandom, VolatileTtl};
        matches!(self, VolatileLru | VolatileLfu | VolatileRandom | VolatileTtl)
    }

    /// Keys carry a counter of uses instead of the time of the last.
    pub fn counts_uses(self) -> bool {
        matches!(self, RedisEviction::AllkeysLfu | RedisEviction::VolatileLfu)
    }

    /// Whether `samples` means anything.
    pub fn samples(self) -> bool {
        use RedisEviction::{AllkeysRandom, NoEviction, VolatileRandom};
        !matches!(self, AllkeysRandom | VolatileRandom | NoEviction)
    }
}

/// The cycle that looks for expired keys.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ActiveExpiry {
    /// Cycles per second.
    pub hz: u32,
    /// 1 to 10.
    pub effort: u32,
    /// Time that the server spends on each key it looks at.
    pub per_key_ns: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Ttl {
    /// Entries never expire.
    None,
    After {
        ns: Nanos,
    },
}

/// Spread of the time to live.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Jitter {
    None,
    /// TTL + U(0, amount).
    Plus(Spread),
    /// TTL + U(-amount, +amount).
    Around(Spread),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Spread {
    Time {
        ns: Nanos,
    },
    /// Of the time to live.
    Share {
        share: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Refresh {
    None,
    /// Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015.
    XFetch {
        beta: f64,
        mode: RefreshMode,
    },
    /// The same paper's baseline: refresh if `now + window * U >= expiry`; inline.
    Uniform {
        window_ns: Nanos,
    },
    /// The first request past `fraction` of the time to live starts a background refresh.
    Ahead {
        fraction: f64,
    },
    StaleWhileRevalidate {
        grace_ns: Nanos,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RefreshMode {
    Inline,
    Background,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Prefill {
    pub hottest: Hottest,
    pub age: PrefillAge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Hottest {
    All,
    /// The n most popular ids (over all classes, by expected rate; ties by id).
    Keys(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PrefillAge {
    /// All loaded at time zero.
    Fresh,
    /// Key i present with probability lT/(1+lT), its remaining time to live uniform.
    Stationary,
}
