//! Read replicas: servers of their own, which see a commit only when their lag is over.
//!
//! Each replica applies the commits in their order. What it has not applied yet is a queue; only keys in that queue
//! look different there than at the primary, so nothing is kept for all others.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::dice::{Delays, Stream, Times, below, stream};
use crate::model::{Model, Nanos};

/// The place of an attempt that is not at a replica.
pub const PRIMARY: u32 = 0;

/// One replica.
struct Replica {
    lag: Delays,
    busy: u32,
    /// (attempt, generation) of those that wait, some of them withdrawn.
    queue: VecDeque<(u32, u32)>,
    waiting: u64,
    /// (when it is applied, key, version), in the order of the commits.
    log: VecDeque<(Nanos, u32, u32)>,
    last_applied_ns: Nanos,
    /// Keys in the log: the version that is visible here, and how often they are in it.
    behind: FxHashMap<u32, (u32, u32)>,
}

/// All replicas of the database, numbered from 1.
pub struct Replicas {
    servers: u32,
    /// In service and waiting, over all replicas.
    pub busy: u32,
    pub waiting: u64,
    replicas: Vec<Replica>,
    dice: Stream,
}

impl Replicas {
    pub fn new(model: &Model, seed: u64, replication: u32) -> Replicas {
        let spec = model.database.replicas.as_ref();
        let replica = |number: u32| {
            let draw = stream(seed, replication, &format!("database.replica.{number}.lag"));
            spec.map(|spec| Replica {
                lag: Delays::new(Times::new(&spec.lag), draw),
                busy: 0,
                queue: VecDeque::new(),
                waiting: 0,
                log: VecDeque::new(),
                last_applied_ns: 0,
                behind: FxHashMap::default(),
            })
        };
        Replicas {
            servers: spec.and_then(|spec| spec.servers).unwrap_or(u32::MAX),
            busy: 0,
            waiting: 0,
            replicas: (1..=spec.map_or(0, |spec| spec.count)).filter_map(replica).collect(),
            dice: stream(seed, replication, "database.replicas"),
        }
    }

    pub fn count(&self) -> u32 {
        self.replicas.len() as u32
    }

    /// Where a read goes: to a replica, if there are any.
    pub fn choose(&mut self) -> u32 {
        match self.replicas.len() as u32 {
            0 => PRIMARY,
            count => 1 + below(&mut self.dice, count),
        }
    }

    fn at(&mut self, place: u32) -> &mut Replica {
        &mut self.replicas[place as usize - 1]
    }

    /// Whether an attempt that comes now finds a free server and none before it.
    pub fn may_start(&mut self, place: u32) -> bool {
        let servers = self.servers;
        let replica = self.at(place);
        replica.busy < servers && replica.waiting == 0
    }

    /// How many wait there.
    pub fn waiting_at(&mut self, place: u32) -> u64 {
        self.at(place).waiting
    }

    pub fn enqueue(&mut self, place: u32, id: u32, generation: u32) {
        let replica = self.at(place);
        replica.queue.push_back((id, generation));
        replica.waiting += 1;
        self.waiting += 1;
    }

    /// One that waited is withdrawn.
    pub fn withdraw(&mut self, place: u32) {
        self.at(place).waiting -= 1;
        self.waiting -= 1;
    }

    /// The first that still waits, if a server is free.
    pub fn next(&mut self, place: u32, wants: impl Fn(u32, u32) -> bool) -> Option<u32> {
        let servers = self.servers;
        let replica = &mut self.replicas[place as usize - 1];
        while replica.busy < servers {
            let (id, generation) = replica.queue.pop_front()?;
            if wants(id, generation) {
                replica.waiting -= 1;
                self.waiting -= 1;
                return Some(id);
            }
        }
        None
    }

    /// A server begins; returns how many are busy there.
    pub fn begin(&mut self, place: u32) -> u32 {
        self.busy += 1;
        let replica = self.at(place);
        replica.busy += 1;
        replica.busy
    }

    /// A server is free again.
    pub fn end(&mut self, place: u32) {
        self.busy -= 1;
        self.at(place).busy -= 1;
    }

    /// Everything in service or waiting is lost; the logs go on.
    pub fn lose_all(&mut self) {
        (self.busy, self.waiting) = (0, 0);
        for replica in &mut self.replicas {
            replica.busy = 0;
            replica.waiting = 0;
            replica.queue.clear();
        }
    }

    /// A commit sets out for all replicas; what it changes follows by [`Replicas::log`].
    pub fn begin_commit(&mut self, now: Nanos) {
        for replica in &mut self.replicas {
            replica.apply(now);
            replica.last_applied_ns = replica.last_applied_ns.max(now + replica.lag.sample());
        }
    }

    /// The commit that has just begun changes a key from one version to another.
    pub fn log(&mut self, key: u32, before: u32, version: u32) {
        for replica in &mut self.replicas {
            replica.log.push_back((replica.last_applied_ns, key, version));
            replica.behind.entry(key).or_insert((before, 0)).1 += 1;
        }
    }

    /// The version that a read sees there now, `current` being that of the primary.
    pub fn visible(&mut self, place: u32, key: u32, current: u32, now: Nanos) -> u32 {
        let replica = self.at(place);
        replica.apply(now);
        replica.behind.get(&key).map_or(current, |&(version, _)| version)
    }

    /// Versions that may still be read.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.replicas.iter().flat_map(|replica| {
            let coming = replica.log.iter().map(|&(_, _, version)| version);
            coming.chain(replica.behind.values().map(|&(version, _)| version))
        })
    }
}

impl Replica {
    /// Applies the entries that are due.
    fn apply(&mut self, now: Nanos) {
        while let Some(&(_, key, version)) = self.log.front().filter(|entry| entry.0 <= now) {
            self.log.pop_front();
            if let Some((visible, times)) = self.behind.get_mut(&key) {
                *visible = version;
                *times -= 1;
                if *times == 0 {
                    self.behind.remove(&key);
                }
            }
        }
    }
}
