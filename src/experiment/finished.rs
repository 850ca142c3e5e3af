//! The results of the finished simulations of a run.

use std::collections::BTreeMap;

use super::partial::Packet;
use super::precision;
use super::replication::{Replication, Together};
use crate::model::Precision;

/// Whole replications are taken in at once and in order; what another variant has not finished yet waits.
pub(super) struct Finished {
    variants: Vec<Together>,
    /// Replications that all variants have finished, from the first on: only they can be compared in pairs.
    complete: u32,
    /// By replication and variant.
    ahead: BTreeMap<(u32, usize), Replication>,
    /// For the disk, once keeping is due.
    pub waiting: Vec<Packet>,
    /// Over all simulations, those that wait included.
    pub requests: u64,
    pub events: u64,
    pub loop_s: f64,
}

impl Finished {
    /// Nothing yet.
    pub fn new(variants: usize) -> Finished {
        Finished {
            variants: std::iter::repeat_with(Together::default).take(variants).collect(),
            complete: 0,
            ahead: BTreeMap::new(),
            waiting: Vec::new(),
            requests: 0,
            events: 0,
            loop_s: 0.0,
        }
    }

    /// A simulation is finished.
    pub fn put(&mut self, (replication, variant): (u32, usize), finished: Replication) {
        self.requests += finished.requests;
        self.events += finished.events;
        self.loop_s += finished.loop_s;
        self.ahead.insert((replication, variant), finished);
        while self.ahead.range((self.complete, 0)..(self.complete + 1, 0)).count() == self.variants.len() {
            for (variant, together) in self.variants.iter_mut().enumerate() {
                if let Some(replication) = self.ahead.remove(&(self.complete, variant)) {
                    together.take_in(replication);
                }
            }
            self.complete += 1;
        }
    }

    /// Replications that all variants have finished.
    pub fn complete(&self) -> u32 {
        self.complete
    }

    /// How many replications the wanted precision takes in all, if more than there are.
    pub fn more(&self, wanted: &Precision) -> Option<u32> {
        more(&self.variants, wanted, self.complete)
    }

    /// The variants with their whole replications.
    pub fn into_variants(self) -> Vec<Together> {
        self.variants
    }
}

/// How many replications the wanted precision takes in all, if more than the `complete` ones of all variants.
pub(super) fn more(variants: &[Together], wanted: &Precision, complete: u32) -> Option<u32> {
    let values: Vec<Vec<Option<f64>>> = variants
        .iter()
        .map(|variant| match variant.values(&wanted.measure) {
            [] => vec![None; complete as usize],
            known => known.to_vec(),
        })
        .collect();
    precision::next_total(wanted, &values, complete)
}
