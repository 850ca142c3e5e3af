//! The way of a write: commit, then whatever the strategy does to the tiers.

use super::engine::Engine;
use super::read::{Errand, Walk};
use super::slab::NONE;
use super::store::Store;
use crate::measure::recorder::Outcome;
use crate::scenario::model::WriteStrategy;

impl Engine<'_> {
    /// A write goes straight to the database.
    pub(super) fn start_write(&mut self, walk: Walk) {
        let id = self.enter(Walk { errand: Errand::Write, ..walk });
        let flight = self.lead(id, false);
        self.begin_fetch(flight);
    }

    /// The transaction is committed: from now on reads of the database see the new version.
    pub(super) fn commit(&mut self, key: u32) {
        if self.versions.is_full() {
            let cached = self.tiers.iter().flat_map(|tier| tier.stores.iter()).flat_map(Store::versions);
            let commands = self.commands.iter().map(|(_, command)| command.version());
            let attempts = self.attempts.iter().map(|(_, attempt)| attempt.value.version);
            self.versions.collect(cached.chain(commands).chain(attempts));
        }
        self.versions.commit(key, self.now);
    }

    /// The writer learns of its commit and invalidates.
    pub(super) fn write_committed(&mut self, id: u32) {
        self.walks[id].flight = NONE;
        if self.model.writes == WriteStrategy::Invalidate {
            let walk = self.walks[id];
            for level in 0..self.tiers.len() {
                let tier = &mut self.tiers[level];
                if tier.shared.is_some() {
                    self.walks[id].pending += 1;
                } else {
                    tier.delete(walk.instance as usize, walk.key, &self.tables);
                }
            }
            if self.walks[id].pending > 0 {
                for level in 0..self.tiers.len() {
                    if self.tiers[level].shared.is_some() {
                        self.send_delete(level, id);
                    }
                }
                return;
            }
        }
        self.end_write(id);
    }

    /// A shared tier has deleted the key, or has not answered.
    pub(super) fn delete_answered(&mut self, id: u32) {
        let walk = &mut self.walks[id];
        walk.pending -= 1;
        if walk.pending == 0 {
            self.end_write(id);
        }
    }

    fn end_write(&mut self, id: u32) {
        let walk = self.walks[id];
        if !walk.gone {
            let latency_ns = self.now - walk.start_ns;
            self.recorder.finish(
                walk.start_ns,
                latency_ns,
                walk.window,
                usize::from(walk.class),
                Outcome::Write,
            );
            self.leave(&walk);
        }
        self.walks.remove(id);
    }
}
