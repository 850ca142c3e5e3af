//! Events: changes of the system at given instants.

mod forms;
mod options;

use serde::Serialize;

use super::{Hottest, Nanos};
use crate::declare::keywords;
pub(crate) use forms::Surroundings;
pub(crate) use options::EventOptions;

#[derive(Clone, Debug, Serialize)]
pub struct TimedEvent {
    pub at_ns: Nanos,
    /// Shown in charts and in `event.<label>.*`; unique, `[a-z0-9-]+`.
    pub label: String,
    pub what: EventKind,
}

/// Something that happens to a tier (by index) or to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Target {
    Tier(usize),
    /// One of several nodes of a tier.
    Node {
        tier: usize,
        node: u32,
    },
    Database,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum EventKind {
    /// All entries of the tier are gone.
    Flush {
        tier: usize,
    },
    /// Down (refusing) for a while, then back, empty unless it keeps its entries.
    Restart {
        tier: usize,
        /// `None`: all nodes.
        #[serde(skip_serializing_if = "Option::is_none")]
        node: Option<u32>,
        for_ns: Nanos,
        /// It comes back with what it had.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        keeps: bool,
        /// Without the changes of the last so long.
        #[serde(skip_serializing_if = "is_nothing")]
        loses_ns: Nanos,
        #[serde(skip_serializing_if = "DownMode::is_refuse")]
        fail: DownMode,
    },
    Down {
        target: Target,
        for_ns: Nanos,
        fail: DownMode,
    },
    /// Everything takes `factor` times as long.
    Slow {
        target: Target,
        for_ns: Nanos,
        factor: f64,
    },
    /// Nothing starts service; the queue is kept; work in service finishes. Shared tiers and the database.
    Pause {
        target: Target,
        for_ns: Nanos,
    },
    /// A node of a shared tier is gone with its entries. Clients turn to the other nodes for its keys after
    /// `failover_ns` (`None`: never) and until it is back, empty, after `for_ns` (`None`: never).
    NodeLost {
        tier: usize,
        node: u32,
        for_ns: Option<Nanos>,
        failover_ns: Option<Nanos>,
        fail: DownMode,
    },
    /// From now on so many instances, the new ones after their start.
    Scale {
        instances: u32,
        startup_ns: Nanos,
    },
    /// The arrival rate is multiplied. Open arrivals only.
    Surge {
        factor: f64,
        for_ns: Nanos,
    },
    /// `share` of all requests go to one key.
    HotKey {
        key: u64,
        share: f64,
        for_ns: Nanos,
    },
    /// Instances restart one after another, `every_ns` apart: their instance tiers are empty afterwards.
    Deploy {
        every_ns: Nanos,
    },
    /// The process of an instance (from 0) dies with all that it was doing; a new one is there after `for_ns`.
    Crash {
        instance: u32,
        for_ns: Nanos,
        /// So long requests are still sent to it, and refused; then they go to the others.
        detect_ns: Nanos,
    },
    /// Whoever leads the fetch of a key dies and leaves the fetch behind; the process lives on.
    LeaderCrash {
        /// `None`: the hottest one.
        key: Option<u64>,
    },
    /// A job reads keys from the level below a shared tier, so many per second, and stores them there.
    Warm {
        tier: usize,
        /// A number of keys: there are so many.
        hottest: Hottest,
        rate_per_s: f64,
        /// Most reads under way at once; `None`: unlimited.
        parallel: Option<u32>,
    },
    /// The change stream stands still; afterwards it catches up.
    Stall {
        for_ns: Nanos,
    },
    /// Instances take over the settings of a revision of the system, one after another, `every_ns` apart. Memory limits of
    /// shared tiers change with the first of them.
    Change {
        /// Its place in [`Model::revisions`](super::Model::revisions), counted from 1: 0 is the system before all changes.
        revision: u8,
        every_ns: Nanos,
        /// So many instances, from the first on.
        instances: u32,
        /// Each takes it over by a restart, as in [`EventKind::Deploy`].
        restarts: bool,
    },
}

/// Whether a field keeps out of the serialised form, and so of the digest.
fn is_nothing(ns: &Nanos) -> bool {
    *ns == 0
}

impl DownMode {
    fn is_refuse(&self) -> bool {
        *self == DownMode::Refuse
    }
}

impl TimedEvent {
    /// When the disturbance itself is over.
    pub fn end_ns(&self, instances: u32) -> Nanos {
        self.at_ns.saturating_add(self.what.length_ns(instances))
    }
}

impl EventKind {
    /// Whether it changes settings, for good.
    pub fn is_change(&self) -> bool {
        matches!(self, EventKind::Change { .. })
    }

    /// Whether requests end because somebody in the application dies.
    pub fn is_crash(&self) -> bool {
        matches!(self, EventKind::Crash { .. } | EventKind::LeaderCrash { .. })
    }

    /// Whether it changes how many instances there are.
    pub fn scales(&self) -> bool {
        matches!(self, EventKind::Scale { .. })
    }

    /// Whether it is no disturbance but what is done about one.
    pub fn warms(&self) -> bool {
        matches!(self, EventKind::Warm { .. })
    }

    /// How long the disturbance itself lasts, in nanoseconds.
    pub fn length_ns(&self, instances: u32) -> Nanos {
        match *self {
            EventKind::Flush { .. } | EventKind::LeaderCrash { .. } => 0,
            // At its rate, if nothing holds it up.
            EventKind::Warm { hottest: Hottest::Keys(keys), rate_per_s, .. } => {
                (keys.saturating_sub(1) as f64 * 1e9 / rate_per_s) as Nanos
            }
            EventKind::Warm { hottest: Hottest::All, .. } => 0,
            // What is lost for good disturbs until clients have turned elsewhere.
            EventKind::NodeLost { for_ns, failover_ns, .. } => for_ns.or(failover_ns).unwrap_or(0),
            EventKind::Restart { for_ns, .. }
            | EventKind::Down { for_ns, .. }
            | EventKind::Slow { for_ns, .. }
            | EventKind::Pause { for_ns, .. }
            | EventKind::Surge { for_ns, .. }
            | EventKind::HotKey { for_ns, .. }
            | EventKind::Crash { for_ns, .. }
            | EventKind::Stall { for_ns } => for_ns,
            EventKind::Scale { startup_ns, .. } => startup_ns,
            EventKind::Deploy { every_ns } => rollout_ns(every_ns, instances),
            EventKind::Change { every_ns, instances, .. } => rollout_ns(every_ns, instances),
        }
    }
}

/// From the first to the last of so many instances.
fn rollout_ns(every_ns: Nanos, instances: u32) -> Nanos {
    every_ns.saturating_mul(u64::from(instances.saturating_sub(1)))
}

keywords! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum DownMode {
        /// Connections are refused: the caller gets an error at once.
        "refuse" Refuse,
        /// Packets vanish: the caller waits for its timeout.
        "timeout" Timeout,
    }
}
