//! Requests: arrivals, keys, operations.

mod class;
mod options;
mod popularity;
mod trace;

use serde::Serialize;

use crate::declare::values::Whole;

use super::Dist;
pub use class::{Class, Costs};
pub(crate) use class::{ClassAround, OF_THE_TRACE, RecordedClass, enough_keys};
pub use options::ProfilePart;
pub(crate) use options::{ArrivalsOptions, ClassBy, Operation, TraceOptions, WorkloadOptions};
pub(super) use popularity::fits_keys;
pub use popularity::{Counts, Popularity, Ranking};
pub use trace::{
    Sets, Spooled, Trace, TraceClasses, TraceColumns, TraceFacts, TraceLayout, TraceOperation, TraceReplay,
};

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
    /// Number of keys over all classes, without those that arrive.
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
    /// Whether any read has several keys.
    pub fn gathers(&self) -> bool {
        self.classes.iter().any(|class| class.keys_per_request > 1)
    }
    /// Whether any request is an existence check.
    pub fn checks(&self) -> bool {
        self.classes.iter().any(|class| class.exists_share > 0.0)
    }
}

#[derive(Clone, Debug, Serialize)]
#[allow(clippy::large_enum_variant, reason = "one for each model")]
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
    /// A fixed population: think, send a request, wait for the answer, think again. Users start by thinking.
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

/// Most ids of one scenario: they are 32-bit numbers in the engine.
pub(crate) const MAX_KEYS: u64 = 4_000_000_000;

/// A number of keys.
pub(crate) type Keys = Whole<1, MAX_KEYS>;
/// An id, from 0.
pub(crate) type Key = Whole<0, MAX_KEYS>;
