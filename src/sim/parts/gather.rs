//! Reads of several keys: every key goes its own way, and the request ends with the last of them.

use super::reading::Staleness;
use crate::measure::recorder::{Cause, Outcome};
use crate::model::Nanos;
use crate::sim::slab::NONE;

/// A request that waits for several keys.
#[derive(Debug, Default)]
pub struct Gather {
    pub so_far: Gathered,
    /// Slot and generation of the journeys that set out after the lookups in the tiers of the process.
    pub waiting: Vec<(u32, u32)>,
}

/// Its answer so far.
#[derive(Clone, Copy, Debug)]
pub struct Gathered {
    pub start_ns: Nanos,
    pub window: u32,
    pub class: u8,
    pub exists: bool,
    pub user: u32,
    /// Keys not yet answered.
    pub pending: u32,
    /// The worst so far.
    pub outcome: Outcome,
    pub cause: Cause,
    pub staleness: Staleness,
}

impl Default for Gathered {
    fn default() -> Gathered {
        Gathered {
            start_ns: 0,
            window: 0,
            class: 0,
            exists: false,
            user: NONE,
            pending: 0,
            outcome: Outcome::Hit,
            cause: Cause::Deadline,
            staleness: Staleness::default(),
        }
    }
}

impl Gathered {
    /// One key more has come to its end. From a hit to an error outcomes are numbered by how bad they are.
    pub fn note(&mut self, outcome: Outcome, staleness: Staleness) {
        self.pending -= 1;
        if outcome as u8 > self.outcome as u8 {
            self.outcome = outcome;
        }
        let Staleness { superseded_ns, is_behind } = &mut self.staleness;
        *is_behind |= staleness.is_behind;
        *superseded_ns = match (*superseded_ns, staleness.superseded_ns) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}
