//! What is replayed: an eviction policy, or the best that any could do.

use super::belady;
use super::eviction::misses;
use crate::model::Eviction;
use crate::trace::Requests;

/// Decides which object leaves a full cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Policy(Eviction),
    /// Belady's MIN, which knows the future: no policy that takes in every object misses less.
    Belady,
}

impl Algorithm {
    /// All policies, and the floor.
    pub fn all() -> impl Iterator<Item = Algorithm> {
        Eviction::NAMES.iter().map(|row| Algorithm::Policy(row.1)).chain([Algorithm::Belady])
    }

    /// On the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Policy(policy) => policy.name(),
            Algorithm::Belady => "belady",
        }
    }

    pub fn named(name: &str) -> Option<Algorithm> {
        Algorithm::all().find(|algorithm| algorithm.name() == name)
    }

    /// Whether a cache could work so: without knowledge of the future.
    pub fn is_online(self) -> bool {
        self != Algorithm::Belady
    }

    /// How many of the requests miss a cache of so many objects that starts empty.
    pub fn misses(self, requests: &Requests, capacity: u64) -> u64 {
        match self {
            Algorithm::Policy(policy) => misses(requests, policy, capacity),
            Algorithm::Belady => belady::misses(requests, capacity),
        }
    }
}
