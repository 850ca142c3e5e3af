//! MGET: one command for all keys that a request looks for at a node.

use super::command::{Command, CommandReply, Op, Sender};
use super::engine::Engine;
use super::index::pair;
use super::read::Walk;
use super::store::Value;
use crate::model::{MultiGet, Nanos, OnFailure};
use crate::policy::freshness::Renewal;

/// One key of an MGET.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub walk: u32,
    pub key: u32,
    pub reply: CommandReply,
}

impl Part {
    /// The value that it brings, if any.
    pub fn value(&self) -> Option<Value> {
        match self.reply {
            CommandReply::Hit { value, .. } | CommandReply::Stale { value, .. } => Some(value),
            _ => None,
        }
    }
}

/// What a command makes the server do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    pub keys: u64,
    pub value_bytes: u64,
}

impl Engine<'_> {
    /// Walks of one request go on together, from the level that they are at.
    pub(super) fn set_out(&mut self, walks: &[u32]) {
        let Some(&first) = walks.first() else { return };
        let level = usize::from(self.walks[first].level);
        let together = (self.tiers.get(level))
            .and_then(|tier| tier.shared.as_ref())
            .is_some_and(|shared| shared.multi_get != MultiGet::FanOut);
        if !together {
            return walks.iter().for_each(|&id| self.proceed(id));
        }
        let mut by_node: Vec<(u8, u32)> = Vec::with_capacity(walks.len());
        for &id in walks {
            if !self.has_given_up(id) && !self.waits_for_look_up(id) {
                let key = self.walks[id].key;
                let node =
                    self.tiers[level].shared.as_ref().map_or(0, |shared| shared.map.node(key, self.now));
                by_node.push((node, id));
            }
        }
        by_node.sort_by_key(|&(node, _)| node);
        for of_node in by_node.chunk_by(|a, b| a.0 == b.0) {
            match of_node {
                [(_, id)] => self.send_get(*id, self.now),
                several => self.send_multi_get(level, several),
            }
        }
    }

    fn send_multi_get(&mut self, level: usize, walks: &[(u8, u32)]) {
        let tier = &mut self.tiers[level];
        tier.totals.lookups += walks.len() as u64;
        let mut parts = Vec::with_capacity(walks.len());
        for &(node, walk) in walks {
            let Walk { key, instance, .. } = self.walks[walk];
            self.tiers[level].stores[usize::from(node)].prefetch(key);
            self.groups.prefetch(pair(instance, key));
            self.fetching.prefetch(u64::from(key));
            parts.push(Part { walk, key, reply: CommandReply::Failed });
        }
        let walk = walks[0].1;
        let Walk { class, instance, key, .. } = self.walks[walk];
        let parts = self.multi_gets.insert(parts);
        self.send_for(level, Op::MultiGet { parts }, Sender { walk, instance, class, key }, self.now);
    }

    /// The server looks up all keys of an MGET.
    pub(super) fn execute_multi_get(
        &mut self,
        command: &Command,
        parts: u32,
        level: usize,
        now: Nanos,
    ) -> Load {
        let mut asked = std::mem::take(&mut self.multi_gets[parts]);
        let mut load = Load::default();
        let (store, is_ahead) = (usize::from(command.node), self.is_ahead(level));
        for part in &mut asked {
            if is_ahead {
                self.lose_expired(store, part.key, now);
            }
            let (reply, carries_value) = self.look_up(command, part.key, level, now);
            if is_ahead {
                self.settle_dirty(store, part.key, &[], now);
            }
            part.reply = reply;
            load.keys += 1;
            if carries_value {
                load.value_bytes += u64::from(self.tiers[level].coding.value_bytes(&self.tables, part.key));
            }
        }
        self.multi_gets[parts] = asked;
        load
    }

    /// What it takes the client to read all values of an MGET, one after the other.
    pub(super) fn decode_several_ns(&self, parts: u32, level: usize) -> Nanos {
        let coding = &self.tiers[level].coding;
        let values = self.multi_gets[parts].iter().filter(|part| part.value().is_some());
        values.map(|part| coding.decode_ns(&self.tables, part.key)).sum()
    }

    /// The client has the reply to an MGET: each key is answered or goes on, those that go on together.
    pub(super) fn multi_get_is_read(&mut self, parts: u32, level: usize) {
        let answered = std::mem::take(&mut self.multi_gets[parts]);
        self.multi_gets.remove(parts);
        let mut go_on = Vec::new();
        for Part { walk, reply, .. } in answered {
            match reply {
                CommandReply::Hit { renewal: Renewal::Inline, token, .. } | CommandReply::Miss { token } => {
                    self.leave_tier(walk, level, token);
                    go_on.push(walk);
                }
                reply => self.look_up_answered(walk, level, reply),
            }
        }
        self.set_out(&go_on);
    }

    /// A shared tier did not answer an MGET.
    pub(super) fn multi_get_failed(&mut self, parts: u32, level: usize) {
        let walks: Vec<u32> = self.multi_gets[parts].iter().map(|part| part.walk).collect();
        let fails_open =
            (self.tiers[level].shared.as_ref()).is_some_and(|shared| shared.on_failure == OnFailure::Next);
        if !fails_open {
            return walks.into_iter().for_each(|walk| self.look_up_failed(walk, level));
        }
        for &walk in &walks {
            self.pass_by(walk, level);
        }
        self.set_out(&walks);
    }
}
