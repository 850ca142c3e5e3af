//! The parts of a tier that follow Redis: its eviction policies, active expiry, and the memory of its entries.

use serde::Serialize;

use super::{Capacity, Eviction};
use crate::declare::diagnostic::Diagnostic;
use crate::declare::fields::{Context, Fields};
use crate::declare::file::{Node, Value};
use crate::declare::kind::Kind;
use crate::declare::values::{FineDuration, Whole32, bytes, word};
use crate::declare::{Form, choice, keywords, options, unset};

/// Memory and expiry as in Redis; `policy::redis` implements them.
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

keywords! {
    /// The eviction policies of Redis, by sampling.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum RedisEviction {
        "allkeys-lru" AllkeysLru,
        "allkeys-lfu" AllkeysLfu,
        "allkeys-random" AllkeysRandom,
        "volatile-lru" VolatileLru,
        "volatile-lfu" VolatileLfu,
        "volatile-random" VolatileRandom,
        "volatile-ttl" VolatileTtl,
        "noeviction" NoEviction,
    }
}

impl RedisEviction {
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

options! {
    /// The cycle that looks for expired keys.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize)]
    pub struct ActiveExpiry in "active_expiry", such as "{ hz = 10, effort = 1 }, or \"none\"" {
        /// cycles per second, 1 to 500
        "hz" hz: u32 as Whole32<1, 500>, default 10;
        /// 1 to 10, as in Redis
        "effort" effort: u32 as Whole32<1, 10>, default 1;
        /// time of the server per entry that it visits; fractions of a nanosecond allowed
        "per_key" per_key_ns: f64 as FineDuration, default "0s";
    }
}

/// The cycle, or `"none"`.
pub(super) struct Cycle;

impl Form for Cycle {
    type Value = Option<ActiveExpiry>;
    type Around<'a> = ();
    const KIND: Kind = Kind::Either(&[Kind::Words(&["none"]), ActiveExpiry::KIND]);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Option<ActiveExpiry>> {
        match node.as_str() {
            Some("none") => Some(None),
            _ => ActiveExpiry::read(cx, node, ()).map(Some),
        }
    }
}

/// An algorithm of `policy::eviction`, or a policy of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EvictionChoice {
    Exact(Eviction),
    Redis(RedisEviction),
}

impl EvictionChoice {
    /// Every word for `eviction`.
    pub fn all() -> Vec<(&'static str, EvictionChoice)> {
        let exact = Eviction::NAMES.iter().map(|&(name, eviction)| (name, EvictionChoice::Exact(eviction)));
        let redis = RedisEviction::NAMES.iter();
        exact.chain(redis.map(|&(name, eviction)| (name, EvictionChoice::Redis(eviction)))).collect()
    }
}

impl Form for EvictionChoice {
    type Value = EvictionChoice;
    type Around<'a> = ();
    const KIND: Kind = Kind::WordsOf(|| EvictionChoice::all().iter().map(|(name, _)| *name).collect());

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<EvictionChoice> {
        word(&EvictionChoice::all())(cx, node)
    }
}

/// Memory of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overhead {
    /// So much besides key and value.
    Bytes(u64),
    /// Memory of an entry in Redis, with this step between the sizes of its allocator.
    Redis { quantum_bytes: u64 },
}

choice! {
    enum RedisOverhead in "entry_overhead", such as "{ redis = { quantum = \"16B\" } }" {
        /// entries and tables as large as in Redis 7 ([eviction.md](eviction.md))
        "redis" Redis such as "{ quantum = \"16B\" }" {
            /// step between the sizes of the allocator: `"8B"`; `"16B"` is that of Debian and other distributions
            "quantum" quantum: Quantum, required "\"8B\" or \"16B\"";
        };
    }
}

keywords! {
    #[derive(Clone, Copy)]
    enum Quantum {
        "8B" Eight,
        "16B" Sixteen,
    }
}

impl Form for Overhead {
    type Value = Overhead;
    type Around<'a> = ();
    const KIND: Kind = Kind::Either(&[Kind::Words(&["redis"]), Kind::Size, RedisOverhead::KIND]);

    fn read(cx: &mut Context, node: &Node, (): ()) -> Option<Overhead> {
        match &node.value {
            Value::String(text) if text == "redis" => Some(Overhead::Redis { quantum_bytes: 8 }),
            Value::String(_) => bytes(cx, node).map(Overhead::Bytes),
            Value::Table(_) => {
                let RedisOverhead::Redis { quantum } = RedisOverhead::read(cx, node, ())?;
                let quantum_bytes = match quantum {
                    Quantum::Eight => 8,
                    Quantum::Sixteen => 16,
                };
                Some(Overhead::Redis { quantum_bytes })
            }
            _ => {
                let label = format!("expected a size such as \"56B\", or \"redis\", found {}", node.kind());
                cx.wrong(node, label)
            }
        }
    }
}

/// The options of Redis that a tier sets.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub shared: bool,
    pub capacity: Capacity,
    pub eviction: Option<EvictionChoice>,
    pub samples: Option<u32>,
    pub cycle: Option<Option<ActiveExpiry>>,
    pub overhead: Option<Overhead>,
}

impl Asked {
    fn policy(&self) -> Option<RedisEviction> {
        match self.eviction {
            Some(EvictionChoice::Redis(policy)) => Some(policy),
            _ => None,
        }
    }

    fn quantum_bytes(&self) -> Option<u64> {
        match self.overhead {
            Some(Overhead::Redis { quantum_bytes }) => Some(quantum_bytes),
            _ => None,
        }
    }

    /// Reports the first option that does not apply here.
    pub fn check(&self, f: &mut Fields<'_, '_>) {
        let policy = self.policy();
        // Without a capacity there is nothing to evict, and Redis keeps its keys all the same.
        let keeps_as_redis = policy.is_some() || self.capacity == Capacity::Unbounded;
        let mut refuse = |name: &'static str, label: &str, way_out: &str| {
            let title = format!("{}.{name} does not apply", f.cx.here());
            let place = f.place(name);
            f.cx.report(Diagnostic::new(title, place, label).help(way_out));
        };
        let asked = [
            ("eviction", policy.is_some()),
            ("active_expiry", matches!(self.cycle, Some(Some(_)))),
            ("entry_overhead", self.quantum_bytes().is_some()),
        ];
        for (name, _) in asked.into_iter().filter(|asked| asked.1) {
            if !self.shared {
                let label = "this is Redis's, and a tier in the process (scope = \"instance\") is none";
                return refuse(name, label, "use scope = \"shared\", or an exact algorithm such as \"lru\"");
            }
            if !keeps_as_redis {
                let label = "this is Redis's, and Redis has another eviction";
                return refuse(name, label, "use an eviction of Redis, such as \"allkeys-lru\"");
            }
        }
        if let (Some(policy), Capacity::Entries(_)) = (policy, self.capacity) {
            let label = format!("\"{}\" needs a capacity in bytes", policy.name());
            let way_out = "Redis counts memory (maxmemory): write for example \"64MB\"";
            return refuse("capacity", &label, way_out);
        }
        if self.samples.is_some() && !policy.is_some_and(RedisEviction::samples) {
            let label = "only the lru, lfu and ttl policies of Redis compare samples";
            refuse("samples", label, "use eviction = \"allkeys-lru\", or leave samples out");
        }
    }

    /// The resulting part of the model.
    pub fn redis(&self) -> Option<Redis> {
        let policy = self.policy();
        let active_expiry = match (self.cycle, policy) {
            (Some(cycle), _) => cycle,
            (None, Some(_)) => unset::<ActiveExpiry>(),
            (None, None) => None,
        };
        let quantum_bytes = self.quantum_bytes();
        if policy.is_none() && active_expiry.is_none() && quantum_bytes.is_none() {
            return None;
        }
        Some(Redis {
            eviction: policy.unwrap_or(RedisEviction::NoEviction),
            samples: self.samples.unwrap_or(SAMPLES),
            active_expiry,
            quantum_bytes,
        })
    }
}

/// Keys looked at per eviction: the default of Redis.
const SAMPLES: u32 = 5;
