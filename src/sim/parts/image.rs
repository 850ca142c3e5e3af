//! The content of a node at an instant, and its return: a snapshot that a server loads, a log that misses its last second, a replica
//! that takes over and is a little behind.
//!
//! The eviction policy begins anew with the entries that come back: a replica has not seen the reads.

use rustc_hash::FxHashMap;

use super::coding::EntryBytes;
use super::leases::Leases;
use super::limiter::Counters;
use super::tombstones::Tombstones;
use crate::model::Nanos;
use crate::sim::store::{Entry, Store};

/// A change of the content of a server that no command has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upheaval {
    /// Everything is gone.
    Loss,
    /// The content is noted under a number.
    Note { number: u32 },
    /// It is again as it was noted.
    Return { number: u32 },
}

/// Everything that the server of a node holds.
pub struct Content<'s> {
    pub store: &'s mut Store,
    pub leases: &'s mut Option<Leases>,
    pub counters: &'s mut Option<Counters>,
    pub tombstones: Option<&'s mut Tombstones>,
}

struct Image {
    entries: Vec<Entry>,
    leases: Option<Leases>,
    counters: Option<Counters>,
    tombstones: Option<Tombstones>,
}

/// The images of the nodes of a tier, by node and number.
#[derive(Default)]
pub struct Images(FxHashMap<(usize, u32), Image>);

impl Images {
    /// Applies an upheaval to a node.
    pub fn apply(
        &mut self,
        node: usize,
        what: Upheaval,
        at_ns: Nanos,
        content: &mut Content<'_>,
        size: EntryBytes<'_>,
    ) {
        match what {
            Upheaval::Loss => content.clear(),
            Upheaval::Note { number } => {
                self.0.insert((node, number), content.image());
            }
            Upheaval::Return { number } => {
                let image = self.0.remove(&(node, number));
                debug_assert!(image.is_some(), "an image is noted before it returns, and returns once");
                if let Some(image) = image {
                    content.become_again(image, at_ns, size);
                }
            }
        }
    }

    /// Handles of the versions held.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.0.values().flat_map(|image| &image.entries).map(|entry| entry.value.version)
    }
}

impl Content<'_> {
    fn clear(&mut self) {
        self.store.clear();
        self.leases.iter_mut().for_each(Leases::clear);
        self.counters.iter_mut().for_each(Counters::clear);
        self.tombstones.iter_mut().for_each(|of| of.clear());
    }

    fn image(&self) -> Image {
        Image {
            entries: self.store.entries().collect(),
            leases: self.leases.clone(),
            counters: self.counters.clone(),
            tombstones: self.tombstones.as_ref().map(|of| (**of).clone()),
        }
    }

    fn become_again(&mut self, image: Image, at_ns: Nanos, size: EntryBytes<'_>) {
        self.store.clear();
        for entry in image.entries {
            self.store.fill(entry, at_ns, size);
        }
        if let (Some(leases), Some(past)) = (self.leases.as_mut(), image.leases) {
            leases.revert(past);
        }
        if let (Some(counters), Some(past)) = (self.counters.as_mut(), image.counters) {
            counters.revert(past);
        }
        if let (Some(tombstones), Some(past)) = (self.tombstones.as_mut(), image.tombstones) {
            **tombstones = past;
        }
    }
}
