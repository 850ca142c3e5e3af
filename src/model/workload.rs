//! What arrives: when, for which keys, and what it does.

use std::path::PathBuf;

use serde::Serialize;

use crate::declare::choice;
use crate::declare::values::{AtLeast, PositiveShare, Share, Whole};

use super::{Dist, Nanos, Size, Tier, Ttl, is_one, is_zero};

#[derive(Clone, Debug, Serialize)]
pub struct Workload {
    pub arrivals: Arrivals,
    /// Factors on the arrival rate over time; they multiply. Open arrivals only.
    pub profile: Vec<ProfilePart>,
    /// At least one; shares sum to one. Ids are dealt out in this order: the first class owns ids
    /// `0..keys`, the next one the following range. For a trace: one class whose `keys` is the number
    /// of distinct keys.
    pub classes: Vec<Class>,
}

impl Workload {
    /// Number of ids over all classes.
    pub fn keys(&self) -> u64 {
        self.classes.iter().map(|class| class.keys).sum()
    }
    /// Whether any request writes.
    pub fn writes(&self) -> bool {
        self.classes.iter().any(|class| class.write_share > 0.0)
            || matches!(&self.arrivals, Arrivals::Trace(trace) if trace.writes > 0)
    }
    /// Whether writes create rows that the database did not have.
    pub fn creates(&self) -> bool {
        self.classes.iter().any(|class| class.absent && class.write_share > 0.0)
    }
    /// Whether any read asks for several keys.
    pub fn gathers(&self) -> bool {
        self.classes.iter().any(|class| class.keys_per_request > 1)
    }
    /// Whether any request only asks whether a key exists.
    pub fn checks(&self) -> bool {
        self.classes.iter().any(|class| class.exists_share > 0.0)
    }
}

#[derive(Clone, Debug, Serialize)]
pub enum Arrivals {
    Poisson {
        rate_per_s: f64,
    },
    Constant {
        rate_per_s: f64,
    },
    /// Independent gaps with the given squared coefficient of variation: gamma below one,
    /// balanced-means hyperexponential above.
    Renewal {
        rate_per_s: f64,
        cv2: f64,
    },
    /// A fixed population: think, ask, wait for the answer, think again. Users start by thinking.
    Closed {
        users: u32,
        think: Dist,
    },
    Trace(Trace),
}

impl Arrivals {
    /// Requests per second before any profile; `None` where they are not known beforehand (closed loops, traces).
    pub fn rate_per_s(&self) -> Option<f64> {
        match *self {
            Arrivals::Poisson { rate_per_s }
            | Arrivals::Constant { rate_per_s }
            | Arrivals::Renewal { rate_per_s, .. } => Some(rate_per_s),
            Arrivals::Closed { .. } | Arrivals::Trace(_) => None,
        }
    }
}

/// A recorded workload; read once by `check` for its counts, then streamed by every replication.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    pub path: PathBuf,
    pub columns: TraceColumns,
    /// Nanoseconds per unit of the time column.
    pub unit_ns: f64,
    /// First time stamp, in units: time zero of the simulation.
    pub first_time: f64,
    pub requests: u64,
    pub writes: u64,
    /// SHA-256 of the file, so that the digest covers its content.
    pub digest: String,
}

/// Zero-based column numbers of a CSV trace.
#[derive(Clone, Debug, Serialize)]
pub struct TraceColumns {
    pub time: usize,
    pub key: usize,
    pub size: Option<usize>,
    pub operation: Option<TraceOperation>,
}

/// Which cell texts mean read and which mean write; any other text is an error.
#[derive(Clone, Debug, Serialize)]
pub struct TraceOperation {
    pub column: usize,
    pub read: Vec<String>,
    pub write: Vec<String>,
}

/// A factor on the arrival rate.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum ProfilePart {
    /// From `at_ns` on the rate is `factor` times the base (until the next step or ramp).
    Step { at_ns: Nanos, factor: f64 },
    /// Between the two instants the factor moves linearly from its value before to `factor`.
    Ramp { from_ns: Nanos, to_ns: Nanos, factor: f64 },
    /// Multiplies the rate by `1 + amplitude * sin(2 pi (t - phase) / period)`.
    Sine { period_ns: Nanos, phase_ns: Nanos, amplitude: f64 },
}

/// A range of ids that behaves alike.
#[derive(Clone, Debug, Serialize)]
pub struct Class {
    pub name: String,
    /// Share of all requests.
    pub share: f64,
    pub keys: u64,
    pub popularity: Popularity,
    /// The database has no row for these ids, until a write creates it.
    pub absent: bool,
    pub write_share: f64,
    /// So many ids in a row belong to one entity; a write to one of them makes all of them out of date.
    #[serde(skip_serializing_if = "is_one")]
    pub keys_per_entity: u32,
    /// Share of the requests that only ask whether the key exists: no value travels.
    #[serde(skip_serializing_if = "is_zero")]
    pub exists_share: f64,
    /// Different keys that a read asks for at once; a write has one.
    #[serde(skip_serializing_if = "is_one")]
    pub keys_per_request: u32,
    pub value_size: Size,
    pub key_size: Size,
    /// Per tier of `Model::tiers`: the time to live here instead of the tier's own. Outer `None`: the tier's own.
    pub ttl: Vec<Option<Ttl>>,
    /// Service times of this class at the database instead of the database's own.
    pub db_read: Option<Dist>,
    pub db_write: Option<Dist>,
}

impl Class {
    /// The time to live of its entries in a tier, the one at `index` of `Model::tiers`.
    pub fn ttl_in(&self, index: usize, tier: &Tier) -> Ttl {
        self.ttl.get(index).copied().flatten().unwrap_or(tier.ttl)
    }
}

choice! {
    #[derive(Clone, Debug, Serialize)]
    pub enum Popularity in "popularity", such as "{ zipf = { exponent = 1.0 } }" {
        /// by Zipf's law: the key of rank r is asked for in proportion to r^-exponent
        "zipf" Zipf such as "{ exponent = 1.0 }" {
            /// how uneven; at least 0
            "exponent" exponent: f64 as AtLeast<0>, required "a number of at least 0";
        };
        /// every key alike
        "uniform" Uniform;
        /// the first share of the keys gets this share of the requests, both parts uniform
        "hotspot" Hotspot such as "{ keys = 0.01, requests = 0.9 }" {
            /// share of the keys that are hot
            "keys" keys_share: f64 as PositiveShare, required "the share of hot keys, such as 0.01";
            /// their share of the requests
            "requests" requests_share: f64 as Share, required "their share of the requests, such as 0.9";
        };
    }
}

/// Most ids of one scenario: they are 32-bit numbers in the engine.
pub(crate) const MAX_KEYS: u64 = 4_000_000_000;

/// A number of keys.
pub(crate) type Keys = Whole<1, MAX_KEYS>;
/// An id, from 0.
pub(crate) type Key = Whole<0, MAX_KEYS>;

impl Popularity {
    /// Of a hot spot: how many of so many keys are hot, at least one, and the share of the requests that they get, which is all of
    /// them where no key is left.
    pub fn hot_spot(keys: u64, keys_share: f64, requests_share: f64) -> (u64, f64) {
        let hot = ((keys as f64 * keys_share) as u64).clamp(1, keys);
        (hot, if hot == keys { 1.0 } else { requests_share })
    }
}
