//! Invalidation by others than the writer: the change stream with its consumer, and the broadcast to instances.
//!
//! The stream is FIFO and the consumer handles one change after the other, so when it will be done with a change is
//! known at the commit: after the change before it, and after whatever stall the scenario has in between. A change
//! is an entity until all shared tiers have executed its DELETEs; what the consumer still has before it is the backlog.

use super::tracking::Tracker;
use crate::dice::{Delays, Stream, Times, chance, round_ns, stream};
use crate::model::{Dist, EventKind, Invalidation, Model, Nanos, Scope};
use crate::sim::queue::{GENERAL, Lane, Queue};
use crate::sim::slab::Slab;

/// Names the ring of the consumer; no delay of a scenario is as long.
const CONSUMER_RING: Nanos = Nanos::MAX - 64;

/// The way of all changes to the consumer.
pub struct Feed {
    pub lag: Delays,
    /// Time of the consumer per change.
    service_ns: Nanos,
    pub retry_ns: Nanos,
    /// When the last change that entered has come out of the stream.
    last_out_ns: Nanos,
    /// When the consumer is done with all changes so far.
    free_ns: Nanos,
    /// From and to, sorted.
    stalls: Vec<(Nanos, Nanos)>,
    pub lane: Lane,
}

impl Feed {
    /// When the consumer will be done with a change that is committed now.
    pub fn handled_at(&mut self, now: Nanos) -> Nanos {
        self.last_out_ns = self.last_out_ns.max(now + self.lag.sample());
        let mut start_ns = self.last_out_ns.max(self.free_ns);
        for &(from_ns, to_ns) in &self.stalls {
            if (from_ns..to_ns).contains(&start_ns) {
                start_ns = to_ns;
            }
        }
        self.free_ns = start_ns + self.service_ns;
        self.free_ns
    }
}

/// A committed write on its way to the caches.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommittedChange {
    pub key: u32,
    pub class: u8,
    /// The consumer has handled it.
    pub handled: bool,
    /// DELETEs that were not executed yet.
    pub pending: u32,
    pub committed_ns: Nanos,
    /// Number of the commit.
    pub commit: u64,
    /// When the last of its DELETEs took effect.
    pub effective_ns: Nanos,
}

/// The way of notices to the instances: from writers to all, or from servers to those that have read a key.
pub struct Broadcast {
    delay: Delays,
    pub lane: Lane,
    /// Probability that a notice gets lost.
    lost: f64,
    dice: Stream,
    pub links: Option<Links>,
}

/// The connections of the instances to the broadcast, which break now and then.
pub struct Links {
    holds: Delays,
    is_away_for: Delays,
    pub flushes: bool,
    /// By instance.
    is_cut: Vec<bool>,
}

impl Links {
    fn of(model: &Model, draw: impl Fn(&str) -> Stream) -> Option<Links> {
        let cuts = model.cuts()?;
        Some(Links {
            holds: Delays::new(Times::new(&cuts.every), draw("broadcast.cuts.every")),
            is_away_for: Delays::new(Times::new(&cuts.for_how_long), draw("broadcast.cuts.for")),
            flushes: cuts.flush,
            is_cut: vec![false; model.clients.instances as usize],
        })
    }

    /// How long a connection holds that is there from now on.
    pub fn connect(&mut self, instance: u32) -> Nanos {
        self.is_cut[instance as usize] = false;
        self.holds.sample()
    }

    /// A connection breaks; gives the time until there is another.
    pub fn cut(&mut self, instance: u32) -> Nanos {
        self.is_cut[instance as usize] = true;
        self.is_away_for.sample()
    }

    fn is_cut(&self, instance: u32) -> bool {
        self.is_cut[instance as usize]
    }
}

impl Broadcast {
    /// How long a notice to an instance is on its way; `None`: it gets lost.
    pub fn delay_ns(&mut self, instance: u32) -> Option<Nanos> {
        let is_lost = self.lost > 0.0 && chance(&mut self.dice, self.lost);
        (!is_lost && !self.is_cut(instance)).then(|| self.delay.sample())
    }

    /// Whether an instance hears nothing now.
    pub fn is_cut(&self, instance: u32) -> bool {
        self.links.as_ref().is_some_and(|links| links.is_cut(instance))
    }
}

/// A broadcast on its way to one instance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notice {
    pub key: u32,
    pub class: u8,
    pub instance: u32,
    /// Number of the commit.
    pub commit: u64,
    pub whole: Whole,
}

/// Extent of a notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whole {
    /// All keys of the entity, whose row was written.
    #[default]
    Entity,
    /// That key of a server.
    Key,
    /// All keys: the server has been flushed.
    Everything,
}

/// Changes and notices under way.
pub struct Invalidations {
    pub feed: Option<Feed>,
    pub broadcast: Option<Broadcast>,
    /// Who has read which key, and the way to them.
    pub tracking: Option<(Tracker, Broadcast)>,
    pub changes: Slab<CommittedChange>,
    pub notices: Slab<Notice>,
    /// Changes that the consumer has not handled yet.
    pub backlog: u64,
    pub entered: u64,
    pub handled: u64,
}

impl Invalidations {
    pub fn new(model: &Model, seed: u64, replication: u32, queue: &mut Queue) -> Invalidations {
        let draw = |what: &str| stream(seed, replication, &format!("invalidation.{what}"));
        let stalls = model.events.iter().filter(|event| event.at_ns < model.duration_ns);
        let stalls = stalls.filter_map(|event| match event.what {
            EventKind::Stall { for_ns } => Some((event.at_ns, event.at_ns + for_ns)),
            _ => None,
        });
        let feed = model.invalidation.cdc.as_ref().map(|cdc| Feed {
            lag: Delays::new(Times::new(&cdc.lag), draw("cdc")),
            service_ns: cdc.rate_per_s.map_or(0, |rate_per_s| round_ns(1e9 / rate_per_s)),
            retry_ns: cdc.retry_ns,
            last_out_ns: 0,
            free_ns: 0,
            stalls: stalls.collect(),
            lane: queue.lane_for(CONSUMER_RING),
        });
        let in_process = model.tiers.iter().any(|tier| matches!(tier.scope, Scope::Instance { .. }));
        let mut way = |delay: &Dist, lost: f64| {
            let delay = Delays::new(Times::new(delay), draw("broadcast"));
            let lane = delay.constant().map_or(GENERAL, |ns| queue.lane_for(ns));
            Broadcast { delay, lane, lost, dice: draw("broadcast.lost"), links: Links::of(model, draw) }
        };
        let Invalidation { broadcast, tracking, .. } = &model.invalidation;
        let broadcast = broadcast.as_ref().filter(|_| in_process);
        let broadcast = broadcast.map(|broadcast| way(&broadcast.delay, broadcast.lost));
        let tracker = Tracker::of(model, seed, replication).filter(|_| in_process);
        let tracking = tracker.zip(tracking.as_ref()).map(|(tracker, spec)| (tracker, way(&spec.delay, 0.0)));
        Invalidations {
            feed,
            broadcast,
            tracking,
            changes: Slab::new(),
            notices: Slab::new(),
            backlog: 0,
            entered: 0,
            handled: 0,
        }
    }

    pub fn is_idle(&self) -> bool {
        self.changes.len() + self.notices.len() == 0
    }
}
