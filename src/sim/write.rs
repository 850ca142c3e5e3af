//! The way of a write: commit, then whatever the strategy does to the tiers.

use std::ops::Range;

use super::command::{Op, Sender};
use super::engine::Engine;
use super::read::{Errand, Walk};
use super::slab::NONE;
use super::store::{Store, Value};
use super::tier::KeyInfo;
use crate::measure::recorder::Outcome;
use crate::scenario::model::WriteStrategy;

/// What happens to the copies of a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Delete,
    Set { value: Value },
}

impl Change {
    /// The command for a shared tier.
    fn op(self) -> Op {
        match self {
            Change::Delete => Op::Delete,
            Change::Set { value } => Op::Put { value },
        }
    }
}

impl Engine<'_> {
    /// A write goes straight to the database.
    pub(super) fn start_write(&mut self, walk: Walk) {
        let id = self.enter(Walk { errand: Errand::Write, ..walk });
        let flight = self.lead(id, false);
        self.begin_fetch(flight);
    }

    /// The transaction is committed: from now on reads of the database see the new version. The one place where
    /// this happens. Returns the handle of the version.
    pub(super) fn commit(&mut self, key: u32) -> u32 {
        if self.versions.is_full() {
            let cached = self.tiers.iter().flat_map(|tier| tier.stores.iter()).flat_map(Store::versions);
            let commands = self.commands.iter().map(|(_, command)| command.version());
            let attempts = self.attempts.iter().map(|(_, attempt)| attempt.value.version);
            let replicas = self.database.replicas.versions();
            self.versions.collect(cached.chain(commands).chain(attempts).chain(replicas));
        }
        self.database.replicas.begin_commit(self.now);
        let before = self.versions.current(key);
        let version = self.versions.commit(key, self.now);
        self.database.replicas.log(key, before, version);
        for other in self.tables.entity_of(key).filter(|&other| other != key) {
            let before = self.versions.current(other);
            let version = self.versions.commit(other, self.now);
            self.database.replicas.log(other, before, version);
        }
        self.enter_stream(key);
        version
    }

    /// The writer learns of its commit and tells the tiers.
    pub(super) fn write_committed(&mut self, id: u32, value: Value) {
        let walk = &mut self.walks[id];
        walk.flight = NONE;
        let Walk { key, instance, class, .. } = *walk;
        let sender = |walk| Sender { walk, instance, class, key };
        let all = 0..self.tiers.len();
        let sent = match self.model.writes {
            WriteStrategy::Invalidate => self.change_copies(all, sender(id), Change::Delete),
            WriteStrategy::WriteAround => 0,
            WriteStrategy::Update => {
                self.change_copies(all, sender(NONE), Change::Set { value });
                0
            }
            WriteStrategy::WriteThrough => self.change_copies(all, sender(id), Change::Set { value }),
        };
        if sent == 0 {
            self.end_write(id);
        }
    }

    /// Changes the copies of a key, and deletes those of the other keys of its entity, in these tiers: in the process of the sender's instance at once, in a shared one
    /// by a command. Where a walk waits for the replies it gets one [`Engine::change_answered`] for each, some of
    /// them perhaps before this returns. Returns the number of commands.
    pub(super) fn change_copies(&mut self, levels: Range<usize>, sender: Sender, change: Change) -> u8 {
        let entity = self.tables.entity_of(sender.key);
        // A writer knows the new value of what it wrote; what else belongs to the entity it can only delete.
        let change_of = |key: u32| if key == sender.key { change } else { Change::Delete };
        let mut sent = 0;
        for level in levels.clone() {
            if self.tiers[level].shared.is_some() {
                sent += entity.len() as u8;
            } else if sender.instance != NONE {
                for key in entity.clone() {
                    let info = self.info(key, usize::from(sender.class));
                    self.change_in_process(level, sender.instance, info, change_of(key));
                }
            }
        }
        if sender.walk != NONE {
            self.walks[sender.walk].pending += sent;
        }
        for level in levels.filter(|&level| self.tiers[level].shared.is_some()).collect::<Vec<_>>() {
            for key in entity.clone() {
                self.send_for(level, change_of(key).op(), Sender { key, ..sender }, self.now);
            }
        }
        sent
    }

    /// Changes the copy of a key in the process of one instance.
    pub(super) fn change_in_process(&mut self, level: usize, instance: u32, info: KeyInfo, change: Change) {
        let tier = &mut self.tiers[level];
        match change {
            Change::Delete => tier.delete(instance as usize, info.key, &self.tables),
            Change::Set { value } => {
                let stored = tier.fill(instance as usize, info, value, 0, self.now, &self.tables);
                tier.totals.failed_fills += u64::from(!stored);
            }
        }
    }

    /// A shared tier has changed its copy, or has not answered.
    pub(super) fn change_answered(&mut self, id: u32) {
        let walk = &mut self.walks[id];
        walk.pending -= 1;
        if walk.pending == 0 {
            self.end_write(id);
        }
    }

    fn end_write(&mut self, id: u32) {
        let walk = self.walks[id];
        if self.model.writes != WriteStrategy::WriteAround {
            self.tell_instances(walk.key, walk.class, walk.instance);
        }
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
