//! The way of a command back: its reply, or that there will be none.

use super::core::Core;
use super::kind::Kind;
use crate::measure::breakdown::Part;
use crate::model::Nanos;
use crate::sim::parts::command::{Command, CommandReply, Op};
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;

impl<S: System> Core<'_, S> {
    /// The reply is back at the instance: the connection is free, the value is read.
    #[inline(never)]
    pub(super) fn command_replies(&mut self, id: u32) {
        let Command { level, instance, node, journey, is_answered, .. } = self.commands[id];
        let level = usize::from(level);
        if let Some(shared) = &mut self.tiers[level].shared {
            shared.pools.release(shared.pool(instance, node), self.now);
        }
        if journey != NONE {
            self.settle_command(id, !is_answered);
        }
        match self.decode_ns(id) {
            0 => self.command_is_read(id),
            decode_ns => {
                self.tiers[level].totals.coding_ns += decode_ns;
                self.commands[id].replied = true;
                self.command_way_enters(id, Part::Coding, self.now);
                self.schedule(GENERAL, self.now + decode_ns, Kind::CommandIsDecoded, id, 0);
            }
        }
        self.hand_connection_on(level, instance, node);
    }

    /// Time that the client takes to read the reply.
    #[inline(always)]
    pub(super) fn decode_ns(&self, id: u32) -> Nanos {
        let command = &self.commands[id];
        let coding = &self.tiers[usize::from(command.level)].coding;
        if command.journey == NONE || !coding.takes_time() {
            return 0;
        }
        match (command.op, command.reply) {
            (Op::MultiGet { parts }, _) => self.decode_several_ns(parts, usize::from(command.level)),
            (Op::Get, CommandReply::Hit { .. } | CommandReply::Stale { .. }) => {
                coding.decode_ns(&self.tables, command.key)
            }
            _ => 0,
        }
    }

    /// The client has the reply: the waiting callers go on.
    #[inline(never)]
    pub(super) fn command_is_read(&mut self, id: u32) {
        let Command { op, level, journey, reply, key, is_answered, .. } = self.commands[id];
        let level = usize::from(level);
        if let (Op::Take { value }, CommandReply::Done) = (op, reply) {
            self.publish(key, value.version);
        }
        match (journey, op) {
            (_, Op::Invalidate { change }) => self.change_answered_by_tier(id, change, reply),
            (NONE, _) => self.close_fill(id, level),
            (journey, Op::Get | Op::Exists) => {
                self.commands.remove(id);
                self.lookup_answered(journey, level, reply);
            }
            (_, Op::MultiGet { parts }) => {
                self.commands.remove(id);
                match is_answered {
                    true => self.multi_get_is_read(parts, level),
                    false => {
                        self.multi_get_failed(parts, level);
                        self.multi_gets.remove(parts);
                    }
                }
            }
            (journey, Op::Count(count)) => {
                self.commands.remove(id);
                self.limiter_answered(journey, count, reply);
            }
            (journey, Op::Take { .. }) => {
                self.commands.remove(id);
                self.tier_took_write(journey, level, reply == CommandReply::Done);
            }
            (journey, _) => {
                self.commands.remove(id);
                self.change_answered(journey);
            }
        }
    }

    /// A free connection goes to the next that waits for one. Where that is answered at the same instant
    /// its connection is free again: the loop hands it on, not a call within the call for each one that waits.
    #[inline]
    pub(super) fn hand_connection_on(&mut self, level: usize, instance: u32, node: u8) {
        if self.is_unlimited(level) || self.handing_on == Some((level, instance, node)) {
            return;
        }
        let outer = self.handing_on.replace((level, instance, node));
        self.hand_connections_on(level, instance, node);
        self.handing_on = outer;
    }

    #[inline(never)]
    fn hand_connections_on(&mut self, level: usize, instance: u32, node: u8) {
        loop {
            let commands = &self.commands;
            let Some(shared) = &mut self.tiers[level].shared else { return };
            let pool = shared.pool(instance, node);
            // A journey waits until its turn comes: where it could give up, its lookup would be a command.
            let next = shared.pools.next(pool, self.now, |waiter| {
                waiter.is_journey || commands.is(waiter.slot, waiter.generation)
            });
            let Some(next) = next else { return };
            if next.is_journey {
                self.lookup_departs(next.slot, level, node, self.now);
            } else {
                self.commands[next.slot].waiting = false;
                self.command_departs(next.slot, self.now);
            }
        }
    }

    /// A fill, or a command that nobody waits for any more, is over.
    #[inline(never)]
    pub(super) fn close_fill(&mut self, id: u32, level: usize) {
        let Command { op, reply, .. } = self.commands[id];
        if op.brings_value() && reply != CommandReply::Done {
            self.tiers[level].totals.failed_fills += 1;
        }
        if let Some(parts) = op.parts() {
            self.multi_gets.remove(parts);
        }
        self.commands.remove(id);
    }

    /// No reply in time: the journey goes on, the connection stays taken until the reply.
    #[inline(never)]
    pub(super) fn command_times_out(&mut self, id: u32) {
        let Command { journey, op, level, replied, .. } = self.commands[id];
        if journey == NONE || replied {
            return;
        }
        self.settle_command(id, true);
        self.command_way_fails(id);
        self.commands[id].journey = NONE;
        self.command_failed(journey, op, usize::from(level));
    }

    /// No connection in time.
    #[inline(never)]
    pub(super) fn command_pool_times_out(&mut self, id: u32) {
        let Command { journey, op, level, waiting, .. } = self.commands[id];
        if !waiting {
            return;
        }
        let level = usize::from(level);
        if journey == NONE {
            return self.close_fill(id, level);
        }
        self.settle_command(id, true);
        self.command_way_fails(id);
        self.commands.remove(id);
        self.command_failed(journey, op, level);
        if let Some(parts) = op.parts() {
            self.multi_gets.remove(parts);
        }
    }

    #[inline(never)]
    pub(super) fn command_failed(&mut self, journey: u32, op: Op, level: usize) {
        match op {
            Op::Get | Op::Exists => self.lookup_failed(journey, level),
            Op::MultiGet { parts } => self.multi_get_failed(parts, level),
            Op::Count(_) => self.limiter_failed(journey),
            Op::Take { .. } => self.tier_took_write(journey, level, false),
            Op::Set { .. } | Op::Put { .. } | Op::Delete { .. } | Op::Invalidate { .. } => {
                self.change_answered(journey)
            }
        }
    }

    /// The outcome of a command reaches the waiting caller.
    #[inline]
    fn settle_command(&mut self, id: u32, has_failed: bool) {
        let Command { level, instance, ticket, .. } = self.commands[id];
        let shared = self.tiers[usize::from(level)].shared.as_mut();
        if let Some(breaker) = shared.and_then(|shared| shared.breakers.get_mut(instance as usize)) {
            breaker.settle(ticket, self.now, has_failed);
        }
    }
}
