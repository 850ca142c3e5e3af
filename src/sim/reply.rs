//! The way of a command back: its reply, or that there will be none.

use super::command::{Command, CommandReply, Op};
use super::engine::{Engine, Kind};
use super::queue::GENERAL;
use super::slab::NONE;
use crate::model::Nanos;

impl Engine<'_> {
    /// The reply is back at the instance: the connection is free, the value is read.
    pub(super) fn command_replies(&mut self, id: u32) {
        let command = self.commands[id];
        let level = usize::from(command.level);
        if let Some(shared) = &mut self.tiers[level].shared {
            shared.pools.release(shared.pool(command.instance, command.node), self.now);
        }
        if command.walk != NONE {
            self.settle_command(&command, !command.is_answered);
        }
        match self.decode_ns(&command) {
            0 => self.command_is_read(id),
            decode_ns => {
                self.tiers[level].totals.coding_ns += decode_ns;
                self.commands[id].replied = true;
                self.queue.push(GENERAL, self.now + decode_ns, Kind::CommandIsDecoded as u8, id, 0);
            }
        }
        self.hand_connection_on(level, command.instance, command.node);
    }

    /// What it takes the client to read the reply.
    #[inline]
    pub(super) fn decode_ns(&self, command: &Command) -> Nanos {
        if let (Some(parts), true) = (command.parts(), command.walk != NONE) {
            return self.decode_several_ns(parts, usize::from(command.level));
        }
        let value = matches!(command.reply, CommandReply::Hit { .. } | CommandReply::Stale { .. });
        if command.op != Op::Get || command.walk == NONE || !value {
            return 0;
        }
        self.tiers[usize::from(command.level)].coding.decode_ns(&self.tables, command.key)
    }

    /// The client has the reply: whoever waits goes on.
    pub(super) fn command_is_read(&mut self, id: u32) {
        let command = self.commands[id];
        let level = usize::from(command.level);
        if let (Op::Take { value }, CommandReply::Done) = (command.op, command.reply) {
            self.publish(command.key, value.version);
        }
        match (command.walk, command.op) {
            (_, Op::Invalidate { change }) => self.change_answered_by_tier(id, change, command.reply),
            (NONE, _) => self.close_fill(id, level),
            (walk, Op::Get | Op::Exists) => {
                self.commands.remove(id);
                self.look_up_answered(walk, level, command.reply);
            }
            (_, Op::MultiGet { parts }) => {
                self.commands.remove(id);
                match command.is_answered {
                    true => self.multi_get_is_read(parts, level),
                    false => {
                        self.multi_get_failed(parts, level);
                        self.multi_gets.remove(parts);
                    }
                }
            }
            (walk, Op::Count(count)) => {
                self.commands.remove(id);
                self.limiter_answered(walk, count, command.reply);
            }
            (walk, Op::Take { .. }) => {
                self.commands.remove(id);
                self.tier_took_write(walk, level, command.reply == CommandReply::Done);
            }
            (walk, _) => {
                self.commands.remove(id);
                self.change_answered(walk);
            }
        }
    }

    /// A free connection goes to the next command that waits for one. Where that is answered at the same instant
    /// its connection is free again: the loop hands it on, not a call within the call for each one that waits.
    fn hand_connection_on(&mut self, level: usize, instance: u32, node: u8) {
        if self.handing_on == Some((level, instance, node)) {
            return;
        }
        let outer = self.handing_on.replace((level, instance, node));
        self.hand_connections_on(level, instance, node);
        self.handing_on = outer;
    }

    fn hand_connections_on(&mut self, level: usize, instance: u32, node: u8) {
        loop {
            let commands = &self.commands;
            let Some(shared) = &mut self.tiers[level].shared else { return };
            let pool = shared.pool(instance, node);
            let wants = |slot, generation| commands.is(slot, generation);
            let Some(next) = shared.pools.next(pool, self.now, wants) else { return };
            self.commands[next].waiting = false;
            self.depart(next, self.now);
        }
    }

    /// A fill, or a command that nobody waits for any more, is over.
    pub(super) fn close_fill(&mut self, id: u32, level: usize) {
        let Command { op, reply, .. } = self.commands[id];
        if op.brings_value() && reply != CommandReply::Done {
            self.tiers[level].totals.failed_fills += 1;
        }
        if let Op::MultiGet { parts } = op {
            self.multi_gets.remove(parts);
        }
        self.commands.remove(id);
    }

    /// No reply in time: the walk goes on, the connection stays taken until the reply.
    pub(super) fn command_times_out(&mut self, id: u32) {
        let Command { walk, op, level, replied, .. } = self.commands[id];
        if walk == NONE || replied {
            return;
        }
        let command = self.commands[id];
        self.settle_command(&command, true);
        self.commands[id].walk = NONE;
        self.command_failed(walk, op, usize::from(level));
    }

    /// No connection in time.
    pub(super) fn command_pool_times_out(&mut self, id: u32) {
        let Command { walk, op, level, waiting, .. } = self.commands[id];
        if !waiting {
            return;
        }
        let level = usize::from(level);
        if walk == NONE {
            return self.close_fill(id, level);
        }
        let command = self.commands[id];
        self.settle_command(&command, true);
        self.commands.remove(id);
        self.command_failed(walk, op, level);
        if let Some(parts) = command.parts() {
            self.multi_gets.remove(parts);
        }
    }

    pub(super) fn command_failed(&mut self, walk: u32, op: Op, level: usize) {
        match op {
            Op::Get | Op::Exists => self.look_up_failed(walk, level),
            Op::MultiGet { parts } => self.multi_get_failed(parts, level),
            Op::Count(_) => self.limiter_failed(walk),
            Op::Take { .. } => self.tier_took_write(walk, level, false),
            Op::Set { .. } | Op::Put { .. } | Op::Delete { .. } | Op::Invalidate { .. } => {
                self.change_answered(walk)
            }
        }
    }

    /// Whoever waits for a command learns what it came to.
    fn settle_command(&mut self, command: &Command, has_failed: bool) {
        let shared = self.tiers[usize::from(command.level)].shared.as_mut();
        if let Some(breaker) = shared.and_then(|shared| shared.breakers.get_mut(command.instance as usize)) {
            breaker.settle(command.ticket, self.now, has_failed);
        }
    }
}
