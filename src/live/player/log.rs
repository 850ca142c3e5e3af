//! What happened in a repetition, as its clients saw it. The books are kept afterwards, out of the way of the measurement.

use crate::measure::recorder::{Cause, Outcome};
use crate::model::Nanos;

/// Something that happened at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fact {
    pub at_ns: Nanos,
    pub what: What,
}

/// Levels are indices into `Model::tiers`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A lookup in a tier sets out, and one has found something.
    Lookup {
        level: u8,
    },
    Hit {
        level: u8,
    },
    /// A command is sent.
    Command {
        level: u8,
    },
    /// A lookup was not answered.
    Failure {
        level: u8,
    },
    /// A SET did not take effect.
    FailedFill {
        level: u8,
    },
    /// A SET was older than what is there.
    RefusedSet {
        level: u8,
    },
    /// A connection to a tier was taken after so long, and was given back.
    TierTaken {
        level: u8,
        waited_ns: Nanos,
    },
    TierFreed {
        level: u8,
    },
    /// Nobody waits any more for a connection to a tier.
    TierGivenUp {
        level: u8,
    },
    /// The same of the instance's connections to the database.
    DbTaken {
        waited_ns: Nanos,
    },
    DbFreed,
    DbGivenUp,
    /// An attempt comes to the gate of the database, and writes so many rows.
    DbArrived {
        rows: u32,
    },
    /// It was not let in.
    DbRefused,
    /// It has waited at the gate and is served; the service time that was drawn for it.
    DbBegan {
        waited_ns: Nanos,
        drawn_ns: Nanos,
    },
    DbEnded,
    FetchBegan {
        key: u32,
    },
    FetchEnded {
        key: u32,
    },
    Retried,
    RetryRefused,
    Refreshed,
    /// Rows that a write created.
    Created {
        rows: u32,
    },
    /// A tier of the processes has evicted or dropped expired entries.
    Dropped {
        level: u8,
        evicted: u32,
        expired: u32,
    },
}

/// How one key of a read was answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyEnd {
    pub key: u32,
    pub outcome: Outcome,
    /// The tier that answered; `None`: the database, or nobody.
    pub tier: Option<u8>,
    /// Of the value, where there is one.
    pub version: u64,
    /// "No such row".
    pub is_negative: bool,
}

/// The end of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Number in the schedule.
    pub request: u32,
    pub at_ns: Nanos,
    /// When its task began.
    pub begun_ns: Nanos,
    pub outcome: Outcome,
    /// Of an error.
    pub cause: Option<Cause>,
    pub rolled_back: bool,
    /// Of a read, those that were answered.
    pub keys: Vec<KeyEnd>,
}

/// A look at the servers and at the tiers of the processes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    pub at_ns: Nanos,
    pub tiers: Vec<TierSample>,
}

/// One tier, over all its stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierSample {
    pub entries: u64,
    pub bytes: u64,
    /// Since the start of the repetition.
    pub evictions: u64,
    pub expirations: u64,
}

/// A commit, as its writer learned of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    pub key: u32,
    /// The version that it made.
    pub version: u64,
    pub at_ns: Nanos,
}

/// All that a repetition leaves.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub facts: Vec<Fact>,
    pub ends: Vec<End>,
    pub commits: Vec<Commit>,
    pub samples: Vec<Sample>,
    /// What the client itself took of each request that a shared tier answered at once.
    pub client_ns: Vec<f64>,
    /// When it was over, requests in flight or not.
    pub end_ns: Nanos,
}

impl Log {
    /// Adds what another instance has seen.
    pub fn take_in(&mut self, other: Log) {
        self.facts.extend(other.facts);
        self.ends.extend(other.ends);
        self.commits.extend(other.commits);
        self.samples.extend(other.samples);
        self.client_ns.extend(other.client_ns);
        self.end_ns = self.end_ns.max(other.end_ns);
    }
}
