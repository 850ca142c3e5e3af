//! The way of a lookup to a shared tier and back, and of a fill there, where neither needs to be a command of its own.

use super::core::Core;
use super::kind::Kind;
use crate::measure::breakdown::Part;
use crate::model::Nanos;
use crate::policy::freshness::Renewal;
use crate::sim::parts::command::{CommandReply, Op, Request, Sender};
use crate::sim::parts::journey::Journey;
use crate::sim::parts::key::KeyInfo;
use crate::sim::parts::pool::Waiter;
use crate::sim::parts::system::System;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

/// Level and node of a fill that is an event and no more, in the place of a generation.
const NODE_BITS: u32 = 8;

impl<S: System> Core<'_, S> {
    /// Sends the lookup of a journey at an instant that is now or shortly after.
    #[inline]
    pub(super) fn send_lookup(&mut self, id: u32, at: Nanos) {
        let Journey { key, instance, exists, .. } = self.journeys[id];
        let level = self.level_at_shared(id);
        let tier = &mut self.tiers[level];
        tier.totals.lookups += 1;
        let Some(shared) = &mut tier.shared else { return };
        // The server looks it up a network delay from now, and a miss looks for others that fetch it.
        let node = if S::PLAIN { 0 } else { shared.map.node(key, at) };
        let (tears, is_unlimited) = (shared.tears, shared.pools.is_empty());
        self.prefetch_lookup(level, node, instance, key);
        let place = self.read_ahead.sent_in_all % self.read_ahead.sent.len();
        let earlier = std::mem::replace(&mut self.read_ahead.sent[place], (level as u8, node, key));
        self.read_ahead.sent_in_all += 1;
        if let Some(store) =
            self.tiers.get(usize::from(earlier.0)).and_then(|tier| tier.stores.get(usize::from(earlier.1)))
        {
            store.prefetch_entry(earlier.2);
            if !S::PLAIN && self.are_answers_judged {
                self.versions.prefetch_version(earlier.2);
            }
        }
        if !S::PLAIN && tears {
            return match exists {
                true => self.send(level, Op::Exists, id, at),
                false => self.send(level, Op::Get, id, at),
            };
        }
        self.tiers[level].totals.commands += 1;
        if !S::PLAIN {
            self.journeys[id].node = node;
        }
        self.way_of_lookup(id, level, at);
        if !S::PLAIN && !is_unlimited {
            let tier = &mut self.tiers[level];
            let Some(shared) = &mut tier.shared else { return };
            tier.totals.pool_asked += 1;
            let pool = shared.pool(instance, node);
            let generation = self.journeys.generation(id);
            self.journeys.waiting_ns.open(id, self.now);
            if shared.pools.acquire(pool, Waiter::journey(id, generation), self.now) == Some(false) {
                tier.totals.pool_waited += 1;
                return;
            }
        }
        self.lookup_departs(id, level, node, at);
    }

    /// The lookup has a connection, if it needs one, and goes out.
    #[inline(always)]
    pub(super) fn lookup_departs(&mut self, id: u32, level: usize, node: u8, at: Nanos) {
        let Some(shared) = &mut self.tiers[level].shared else { return };
        if !S::PLAIN && self.recorder.measuring && !shared.pools.is_empty() {
            self.recorder.tier_pool_wait[level].record(at - self.journeys.waiting_ns.get(id));
        }
        if S::RARE
            && let Some(ways) = &mut self.ways
        {
            ways.journey(id).enter(Part::TierNetwork, level as u8, at);
        }
        let node = usize::from(node);
        let arrival_ns = at + shared.hop(node, at);
        let lane = shared.way_out(node);
        if arrival_ns == self.now {
            self.lookup_arrives(id);
        } else {
            self.schedule_here(lane, arrival_ns, Kind::LookupArrives, id, 0);
        }
    }

    /// The lookup is at the server: its result, and the time of it, are known now.
    #[inline(never)]
    pub(super) fn lookup_arrives(&mut self, id: u32) {
        let Journey { key, node, class, exists, instance, .. } = self.journeys[id];
        let (level, node) = (self.level_at_shared(id), if S::PLAIN { 0 } else { usize::from(node) });
        let class = usize::from(class);
        // Each op by a call of its own: what a GET needs is then known when it is compiled.
        let served = if !S::PLAIN && exists {
            self.serve_apart(level, node, Request { op: Op::Exists, key, class, token: 0, instance })
        } else {
            self.serve(level, node, Request { op: Op::Get, key, class, token: 0, instance })
        };
        let Some(served) = served else { return };
        self.way_is_served(id, level, &served);
        let Some((at, lane)) = self.way_back(level, node, &served) else { return };
        let kind = match served.reply {
            CommandReply::Hit { value, renewal: Renewal::Keep, .. } => {
                if self.is_answered_ahead(id, level, at) {
                    return self.end_read_at(id, level, value, at);
                }
                if S::PLAIN || value == Value::default() { Kind::HitReplies } else { Kind::LookupReplies }
            }
            CommandReply::Miss { token: 0 } => Kind::MissReplies,
            _ => Kind::LookupReplies,
        };
        if at == self.now {
            return self.reply_arrives(id, served.reply);
        }
        match kind {
            Kind::LookupReplies => self.journeys.keep_reply(id, served.reply),
            Kind::HitReplies => {
                let Journey { instance, key, .. } = self.journeys[id];
                for above in self.tiers[..level].iter().filter(|tier| tier.shared.is_none()) {
                    above.stores[instance as usize].prefetch(key);
                }
            }
            _ => {}
        }
        self.schedule_here(lane, at, kind, id, 0);
    }

    /// Any reply is back: out of line, so that the loop has room in the processor's cache.
    #[inline(never)]
    pub(super) fn reply_arrives(&mut self, id: u32, reply: CommandReply) {
        self.lookup_replies(id, reply);
    }

    /// A reply is back that a plain system has for most lookups: there it is compiled into the loop.
    #[inline(always)]
    fn frequent_reply_arrives(&mut self, id: u32, reply: CommandReply) {
        match S::PLAIN {
            true => self.lookup_replies(id, reply),
            false => self.reply_arrives(id, reply),
        }
    }

    /// A value without a version is back, of an entry that needs no refresh.
    #[inline(always)]
    pub(super) fn hit_replies(&mut self, id: u32) {
        let reply = CommandReply::Hit { value: Value::default(), renewal: Renewal::Keep, token: 0 };
        self.frequent_reply_arrives(id, reply);
    }

    /// The server had nothing, and grants no lease.
    #[inline(always)]
    pub(super) fn miss_replies(&mut self, id: u32) {
        self.frequent_reply_arrives(id, CommandReply::Miss { token: 0 });
    }

    /// The reply is back at the instance: the connection is free, the journey goes on.
    #[inline(always)]
    pub(super) fn lookup_replies(&mut self, id: u32, reply: CommandReply) {
        let Journey { instance, node, .. } = self.journeys[id];
        let level = self.level_at_shared(id);
        let Some(shared) = &mut self.tiers[level].shared else { return };
        if S::PLAIN || shared.pools.is_empty() {
            return self.lookup_answered(id, level, reply);
        }
        shared.pools.release(shared.pool(instance, node), self.now);
        self.lookup_answered(id, level, reply);
        self.hand_connection_on(level, instance, node);
    }

    /// Whether the request is answered right here although its answer comes later: so it is where nothing can
    /// happen on the way and the answer changes nothing when it arrives. Saves the event of most hits.
    #[inline]
    pub(super) fn is_answered_ahead(&self, id: u32, level: usize, at: Nanos) -> bool {
        let patient = self.tiers[level].shared.as_ref().is_some_and(|shared| shared.answers_ahead);
        patient && at <= self.last_ns && self.is_lone_read(id, level)
    }

    /// A SET that no request waits for, of a value that is the same from every sender.
    #[inline]
    pub(super) fn send_bare_fill(&mut self, level: usize, key: u32) {
        let tier = &mut self.tiers[level];
        tier.totals.commands += 1;
        let Some(shared) = &mut tier.shared else { return };
        let node = if S::PLAIN { 0 } else { shared.map.node(key, self.now) };
        tier.stores[usize::from(node)].prefetch(key);
        let arrival_ns = self.now + shared.hop(usize::from(node), self.now);
        let lane = shared.way_out(usize::from(node));
        self.bare_fills += 1;
        let place = (level as u32) << NODE_BITS | u32::from(node);
        if arrival_ns == self.now {
            self.bare_fill_arrives(key, place);
        } else {
            self.schedule_here(lane, arrival_ns, Kind::FillArrives, key, place);
        }
    }

    /// Such a SET is at the server.
    #[inline(never)]
    pub(super) fn bare_fill_arrives(&mut self, key: u32, place: u32) {
        self.bare_fills -= 1;
        let (level, node) = ((place >> NODE_BITS) as usize, (place & ((1 << NODE_BITS) - 1)) as usize);
        let class = self.tables.class_of(key);
        let op = Op::Set { value: Value::default(), delta_ns: 0 };
        let Some(served) = self.serve(level, node, Request { op, key, class, token: 0, instance: NONE })
        else {
            return;
        };
        if served.reply != CommandReply::Done {
            self.tiers[level].totals.failed_fills += 1;
        }
    }

    /// Puts a value into a tier of this instance: at once where the tier is in the process, by a SET that
    /// nobody waits for where it is shared.
    #[inline]
    pub(super) fn fill(
        &mut self,
        level: usize,
        instance: u32,
        info: KeyInfo,
        value: Value,
        delta_ns: Nanos,
        token: u32,
    ) {
        let tier = &mut self.tiers[level];
        if S::RARE && tier.is_selective(info) {
            let store = tier.store_of(instance, info.key, self.now);
            if !tier.selects(store, info, self.now) {
                return;
            }
        }
        let Some(shared) = &tier.shared else {
            return self.fill_in_process(level, instance, info, value, delta_ns);
        };
        if S::PLAIN || shared.has_bare_fills {
            return self.send_bare_fill(level, info.key);
        }
        // With leases, only a holder may fill.
        if token == 0 && tier.rules(info.revision).leases {
            return;
        }
        let sender = Sender { journey: NONE, instance, class: info.class as u8, key: info.key };
        self.dispatch(level, Op::Set { value, delta_ns }, sender, token, self.now);
    }

    /// Puts a value into a tier of the process; a function of its own, since every policy is compiled into it.
    #[inline(never)]
    pub(super) fn fill_in_process(
        &mut self,
        level: usize,
        instance: u32,
        info: KeyInfo,
        value: Value,
        delta_ns: Nanos,
    ) {
        let tier = &mut self.tiers[level];
        if tier.refuses(instance as usize, info, value, self.now, &self.versions) {
            tier.totals.refused_sets += 1;
        } else if !tier.fill(instance as usize, info, value, delta_ns, self.now, &self.tables) {
            tier.totals.failed_fills += 1;
        }
    }
}
