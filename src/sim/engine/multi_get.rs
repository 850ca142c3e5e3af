//! MGET: one command for all keys that a request looks for at a node.

use super::core::Core;
use crate::model::{MultiGet, Nanos, OnFailure};
use crate::policy::freshness::Renewal;
use crate::sim::parts::command::{CommandReply, Load, Op, Part, Request, Sender};
use crate::sim::parts::journey::Journey;
use crate::sim::parts::system::System;

impl<S: System> Core<'_, S> {
    /// Journeys of one request go on together, from the level that they are at.
    #[inline(never)]
    pub(super) fn set_out(&mut self, journeys: &[u32]) {
        let Some(&first) = journeys.first() else { return };
        let level = usize::from(self.journeys[first].level);
        let together = (self.tiers.get(level))
            .and_then(|tier| tier.shared.as_ref())
            .is_some_and(|shared| shared.multi_get != MultiGet::FanOut);
        if !together {
            return journeys.iter().for_each(|&id| self.proceed(id));
        }
        let mut by_node: Vec<(u8, u32)> = Vec::with_capacity(journeys.len());
        for &id in journeys {
            if !self.has_given_up(id) && !self.waits_for_lookup(id) {
                let key = self.journeys[id].key;
                let node =
                    self.tiers[level].shared.as_ref().map_or(0, |shared| shared.map.node(key, self.now));
                by_node.push((node, id));
            }
        }
        by_node.sort_by_key(|&(node, _)| node);
        for of_node in by_node.chunk_by(|a, b| a.0 == b.0) {
            match of_node {
                [(_, id)] => self.send_lookup(*id, self.now),
                several => self.send_multi_get(level, several),
            }
        }
    }

    fn send_multi_get(&mut self, level: usize, journeys: &[(u8, u32)]) {
        self.tiers[level].totals.lookups += journeys.len() as u64;
        let mut parts = Vec::with_capacity(journeys.len());
        for &(node, journey) in journeys {
            let Journey { key, instance, .. } = self.journeys[journey];
            self.prefetch_lookup(level, node, instance, key);
            parts.push(Part { journey, key, reply: CommandReply::Failed });
        }
        let journey = journeys[0].1;
        let Journey { class, instance, key, .. } = self.journeys[journey];
        let parts = self.multi_gets.insert(parts);
        self.send_for(level, Op::MultiGet { parts }, Sender { journey, instance, class, key }, self.now);
    }

    /// The server looks up all keys of an MGET.
    #[inline(never)]
    pub(super) fn execute_multi_get(
        &mut self,
        parts: u32,
        request: Request,
        level: usize,
        store: usize,
        now: Nanos,
    ) -> Load {
        let mut asked = std::mem::take(&mut self.multi_gets[parts]);
        let mut load = Load::default();
        let is_ahead = self.is_ahead(level);
        for part in &mut asked {
            if is_ahead {
                self.lose_expired(store, part.key, now);
            }
            let info = self.info_of(request.instance, part.key, request.class);
            let (reply, carries_value) = self.look_up(info, level, store, now);
            if is_ahead {
                self.settle_dirty(store, part.key, &[], now);
            }
            if S::RARE && self.tiers[level].changed.is_some() {
                self.note_read(level, store, part.key, request.class, request.instance);
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

    /// Time that the client takes to read all values of an MGET, one after the other.
    pub(super) fn decode_several_ns(&self, parts: u32, level: usize) -> Nanos {
        let coding = &self.tiers[level].coding;
        let values = self.multi_gets[parts].iter().filter(|part| part.value().is_some());
        values.map(|part| coding.decode_ns(&self.tables, part.key)).sum()
    }

    /// The client has the reply to an MGET: each key is answered or goes on, those that go on together.
    #[inline(never)]
    pub(super) fn multi_get_is_read(&mut self, parts: u32, level: usize) {
        let answered = std::mem::take(&mut self.multi_gets[parts]);
        self.multi_gets.remove(parts);
        let mut go_on = Vec::new();
        for Part { journey, reply, .. } in answered {
            match reply {
                CommandReply::Hit { renewal: Renewal::Inline, token, .. } | CommandReply::Miss { token } => {
                    self.leave_tier(journey, level, token);
                    go_on.push(journey);
                }
                CommandReply::Uncacheable => {
                    self.journeys[journey].is_alone = true;
                    self.leave_tier(journey, level, 0);
                    go_on.push(journey);
                }
                CommandReply::Fallback { value } => {
                    self.note_fallback(journey, level, value);
                    self.leave_tier(journey, level, 0);
                    go_on.push(journey);
                }
                reply => self.lookup_answered(journey, level, reply),
            }
        }
        self.set_out(&go_on);
    }

    /// A shared tier did not answer an MGET.
    pub(super) fn multi_get_failed(&mut self, parts: u32, level: usize) {
        let journeys: Vec<u32> = self.multi_gets[parts].iter().map(|part| part.journey).collect();
        let revision = journeys.first().map_or(0, |&first| self.revision(self.journeys[first].instance));
        let fails_open = self.tiers[level].rules(revision).on_failure == OnFailure::Next;
        if !fails_open {
            return journeys.into_iter().for_each(|journey| self.lookup_failed(journey, level));
        }
        for &journey in &journeys {
            self.pass_by(journey, level);
        }
        self.set_out(&journeys);
    }
}
