//! What is replayed: an eviction policy behind a filter, or a bound on what any could do.

use super::admit::Admit;
use super::cache::{self, Counts};
use super::eviction::misses;
use super::traffic::{Traffic, Unit};
use super::{belady, floor};
use crate::model::Eviction;

/// Decides which object leaves a full cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Policy(Eviction),
    /// Belady's MIN, which knows the future: no policy that takes in every object misses less.
    Belady,
    /// No policy, but a bound on all of them, whatever the sizes: PFOO-L.
    Floor,
}

impl Algorithm {
    /// All policies, and what bounds them.
    pub fn all() -> impl Iterator<Item = Algorithm> {
        let policies = Eviction::NAMES.iter().map(|row| Algorithm::Policy(row.1));
        policies.chain([Algorithm::Belady, Algorithm::Floor])
    }

    /// On the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Policy(policy) => policy.name(),
            Algorithm::Belady => "belady",
            Algorithm::Floor => "floor",
        }
    }

    pub fn named(name: &str) -> Option<Algorithm> {
        Algorithm::all().find(|algorithm| algorithm.name() == name)
    }

    /// Whether a cache could work so: without knowledge of the future.
    pub fn is_online(self) -> bool {
        matches!(self, Algorithm::Policy(_))
    }

    /// Lookups that miss a cache of this capacity behind a filter that starts empty. Bounds have no filter.
    ///
    /// # Panics
    /// MIN where objects differ in size, expire, are written or deleted: it is the least of nothing there.
    pub fn counts(self, traffic: &Traffic, admit: Admit, capacity: u64) -> Counts {
        let plain = |misses: u64| Counts { misses, ..Counts::default() };
        match self {
            Algorithm::Policy(policy) if traffic.is_plain() && admit == Admit::All => {
                plain(misses(traffic.requests(), policy, capacity))
            }
            Algorithm::Policy(policy) => cache::counts(traffic, policy, admit, capacity),
            Algorithm::Belady => {
                assert!(traffic.is_plain(), "MIN is for slots of one object");
                plain(belady::misses(traffic.requests(), capacity))
            }
            Algorithm::Floor => floor::counts(traffic, capacity),
        }
    }
}

/// A row of the table: an algorithm, and the filter in front of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contender {
    pub algorithm: Algorithm,
    pub admit: Admit,
}

impl From<Algorithm> for Contender {
    fn from(algorithm: Algorithm) -> Contender {
        Contender { algorithm, admit: Admit::All }
    }
}

impl Contender {
    /// Every policy behind every filter, and the bounds once; without policies all of them, with the bound that these rules have.
    pub fn crossed(algorithms: &[Algorithm], filters: &[Admit], traffic: &Traffic) -> Vec<Contender> {
        let filters = if filters.is_empty() { &[Admit::All] } else { filters };
        let bound = if traffic.is_plain() { Algorithm::Belady } else { Algorithm::Floor };
        let all: Vec<Algorithm> = match algorithms {
            [] => Algorithm::all().filter(|&one| one.is_online() || one == bound).collect(),
            some => some.to_vec(),
        };
        let mut crossed: Vec<Contender> = Vec::new();
        for algorithm in all {
            for &admit in filters {
                let contender = match algorithm.is_online() {
                    true => Contender { algorithm, admit },
                    false => algorithm.into(),
                };
                if !crossed.contains(&contender) {
                    crossed.push(contender);
                }
            }
        }
        crossed
    }

    /// `lru`, or `lru+second-hit`.
    pub fn name(self) -> String {
        match self.admit {
            Admit::All => self.algorithm.name().to_owned(),
            admit => format!("{}+{admit}", self.algorithm.name()),
        }
    }

    /// Whether a cache could work so.
    pub fn is_online(self) -> bool {
        self.algorithm.is_online()
    }

    /// See [`Algorithm::counts`].
    pub fn counts(self, traffic: &Traffic, capacity: u64) -> Counts {
        self.algorithm.counts(traffic, self.admit, capacity)
    }

    /// Whether its curve is that of LRU by stack distances.
    pub(super) fn has_curve(self, traffic: &Traffic) -> bool {
        let is_lru = self.algorithm == Algorithm::Policy(Eviction::Lru);
        is_lru && self.admit == Admit::All && traffic.is_plain() && traffic.unit() == Unit::Objects
    }
}
