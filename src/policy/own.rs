//! Policies from outside the crate: an eviction or an early refresh of one's own, in place of a tier's.
//!
//! Implement [`Evict`] or [`OwnRefresh`], name the variant and the tier that get it in [`Policies`], and hand these to
//! `experiment::run` in its options. Everything else (traffic, random streams, books, comparison) is as for the policies of
//! the crate: an LRU from outside leaves the figures of the one inside, to the last digit. `examples/own_policy.rs` does
//! both.

use std::fmt;
use std::sync::Arc;

use super::eviction::{Evict, Own, Room};
pub use super::freshness::{Found, OwnRefresh};
use crate::dice::Stream;

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
    /// None: every tier has the policies of the scenario.
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

    /// In this variant this tier, which must have no `refresh`, renews early by `make`'s policy; each replication gets one.
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

    /// The policies with their places, one line each.
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
