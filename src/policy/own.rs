//! Policies from outside the crate: an eviction or an early refresh of one's own, in place of a tier's.
//!
//! Implement [`Evict`] or [`OwnRefresh`], name the variant and the tier that get it in [`Policies`], and hand these to
//! `experiment::run` in its options. Everything else (traffic, random streams, books, comparison) is as for the policies of
//! the crate: an LRU from outside leaves the figures of the one inside, to the last digit. `examples/own_policy.rs` does
//! both.

use std::fmt;
use std::sync::Arc;

use super::eviction::{Evict, Lru, Room};
use super::freshness::Renewal;
use crate::dice::Stream;
use crate::scenario::model::{Nanos, Ttl};

/// An early refresh: decides at every hit whether the entry is to be renewed before it expires.
pub trait OwnRefresh {
    /// What to do about an entry that was found alive; `dice` is a stream of its own.
    fn renewal(&mut self, found: &Found, dice: &mut Stream) -> Renewal;
}

/// A live entry, as a look-up finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub key: u32,
    pub now_ns: Nanos,
    /// Later than now.
    pub expiry_ns: Nanos,
    /// Of the class of the key in this tier, before jitter.
    pub ttl: Ttl,
    /// How long the fetch took that filled it.
    pub fetch_ns: Nanos,
}

type MakeEviction = dyn Fn(Room, Stream) -> Box<dyn Evict> + Send + Sync;
type MakeRefresh = dyn Fn() -> Box<dyn OwnRefresh> + Send + Sync;

#[derive(Clone)]
enum Make {
    Eviction(Arc<MakeEviction>),
    Refresh(Arc<MakeRefresh>),
}

/// Where a policy of one's own is used.
#[derive(Clone)]
struct Use {
    variant: String,
    tier: String,
    make: Make,
}

/// Policies of one's own, by variant and tier.
#[derive(Clone, Default)]
pub struct Policies {
    uses: Vec<Use>,
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.notes()).finish()
    }
}

impl Policies {
    /// None: every tier has what the scenario says.
    pub fn new() -> Policies {
        Policies::default()
    }

    /// In this variant this tier, which needs a capacity and none of Redis's evictions, evicts by `P`. Each store (one per
    /// instance or node, in every replication) gets a policy of its own by [`Evict::new`].
    #[must_use]
    pub fn eviction<P: Evict + 'static>(self, variant: &str, tier: &str) -> Policies {
        self.eviction_by(variant, tier, |room, dice| Box::new(P::new(room, dice)))
    }

    /// The same for a policy with settings: `make` gives an empty one.
    #[must_use]
    pub fn eviction_by(
        self,
        variant: &str,
        tier: &str,
        make: impl Fn(Room, Stream) -> Box<dyn Evict> + Send + Sync + 'static,
    ) -> Policies {
        self.with(variant, tier, Make::Eviction(Arc::new(make)))
    }

    /// In this variant this tier, which must have no `refresh`, renews early as `make`'s policy says; each replication gets one.
    #[must_use]
    pub fn refresh(
        self,
        variant: &str,
        tier: &str,
        make: impl Fn() -> Box<dyn OwnRefresh> + Send + Sync + 'static,
    ) -> Policies {
        self.with(variant, tier, Make::Refresh(Arc::new(make)))
    }

    fn with(mut self, variant: &str, tier: &str, make: Make) -> Policies {
        self.uses.push(Use { variant: variant.to_owned(), tier: tier.to_owned(), make });
        self
    }

    pub fn is_empty(&self) -> bool {
        self.uses.is_empty()
    }

    /// What is used where, one line each.
    pub fn notes(&self) -> Vec<String> {
        let note =
            |used: &Use| format!("{}: tier.{}.{} is code", used.variant, used.tier, used.make.option());
        self.uses.iter().map(note).collect()
    }

    /// (variant, tier, option that is replaced: `eviction` or `refresh`) of each.
    pub fn places(&self) -> impl Iterator<Item = (&str, &str, &'static str)> {
        self.uses.iter().map(|used| (used.variant.as_str(), used.tier.as_str(), used.make.option()))
    }

    /// Those of one variant.
    pub fn of(&self, variant: &str) -> Policies {
        Policies { uses: self.uses.iter().filter(|used| used.variant == variant).cloned().collect() }
    }

    /// An empty eviction policy for a store of this tier, where there is one of one's own.
    pub(crate) fn make_eviction(&self, tier: &str, room: Room, dice: &Stream) -> Option<Own> {
        self.uses.iter().rev().find_map(|used| match &used.make {
            Make::Eviction(make) if used.tier == tier => Some(Own::of(make(room, dice.clone()))),
            _ => None,
        })
    }

    /// The refresh of this tier, where there is one of one's own.
    pub(crate) fn make_refresh(&self, tier: &str) -> Option<Box<dyn OwnRefresh>> {
        self.uses.iter().rev().find_map(|used| match &used.make {
            Make::Refresh(make) if used.tier == tier => Some(make()),
            _ => None,
        })
    }

    /// Whether any tier renews early by code.
    pub(crate) fn refreshes(&self) -> bool {
        self.uses.iter().any(|used| matches!(used.make, Make::Refresh(_)))
    }
}

impl Make {
    fn option(&self) -> &'static str {
        match self {
            Make::Eviction(_) => "eviction",
            Make::Refresh(_) => "refresh",
        }
    }
}

/// An eviction policy from outside, held to its contract.
pub struct Own {
    policy: Box<dyn Evict>,
    /// By slot: whether the policy holds it.
    held: Vec<bool>,
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held.iter().filter(|held| **held).count();
        write!(f, "an eviction policy of one's own that holds {held} slots")
    }
}

impl Own {
    fn of(policy: Box<dyn Evict>) -> Own {
        Own { policy, held: Vec::new() }
    }
}

/// # Panics
/// `victim` panics where the policy names a slot that it does not hold: the store would give away an entry that nobody
/// chose, and every figure after it would be wrong.
impl Evict for Own {
    /// Until somebody brings another: LRU.
    fn new(room: Room, dice: Stream) -> Own {
        Own::of(Box::new(Lru::new(room, dice)))
    }
    fn prepare(&mut self, key: u32) {
        self.policy.prepare(key);
    }
    fn read_ahead(&self, key: u32) {
        self.policy.read_ahead(key);
    }
    fn insert(&mut self, slot: u32, key: u32) {
        if slot as usize >= self.held.len() {
            self.held.resize(slot as usize + 1, false);
        }
        self.held[slot as usize] = true;
        self.policy.insert(slot, key);
    }
    fn hit(&mut self, slot: u32) {
        self.policy.hit(slot);
    }
    fn remove(&mut self, slot: u32) {
        self.held[slot as usize] = false;
        self.policy.remove(slot);
    }
    fn victim(&mut self) -> u32 {
        let slot = self.policy.victim();
        let held = self.held.get_mut(slot as usize).is_some_and(std::mem::take);
        assert!(held, "the eviction policy chose slot {slot}, which it does not hold");
        slot
    }
    fn takes_more(&self) -> bool {
        self.policy.takes_more()
    }
    fn read_ahead_hit(&self, slot: u32) {
        self.policy.read_ahead_hit(slot);
    }
    fn next_victims(&self) -> Option<[u32; 2]> {
        self.policy.next_victims()
    }
}
