//! Commands on their way to a shared tier.

use super::core::Core;
use super::kind::Kind;
use crate::measure::breakdown::Part;
use crate::model::Nanos;
use crate::sim::parts::coding::Coding;
use crate::sim::parts::command::{Command, Op, Sender};
use crate::sim::parts::guard::Ticket;
use crate::sim::parts::journey::Journey;
use crate::sim::parts::pool::Waiter;
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;
use crate::workload::Tables;

impl<S: System> Core<'_, S> {
    /// Sends a command for a journey.
    #[inline]
    pub(super) fn send(&mut self, level: usize, op: Op, journey: u32, at: Nanos) {
        let Journey { class, instance, key, .. } = self.journeys[journey];
        self.dispatch(level, op, Sender { journey, instance, class, key }, 0, at);
    }

    /// Sends a command for any caller.
    pub(super) fn send_for(&mut self, level: usize, op: Op, sender: Sender, at: Nanos) {
        self.dispatch(level, op, sender, 0, at);
    }

    /// Sends a command, if the breaker lets it. Compiled into its callers, so that the command is built in its place.
    #[inline(always)]
    pub(super) fn dispatch(&mut self, level: usize, op: Op, sender: Sender, token: u32, at: Nanos) {
        let Some(ticket) = self.admit_command(level, sender, at) else {
            return self.hold_back(level, op, sender.journey);
        };
        let id = self.commands.insert(Command { ticket, ..Command::new(level, op, sender, token, at) });
        self.command_way_begins(id, at);
        let encode_ns = if op.brings_value() { self.code(id, Coding::encode_ns) } else { 0 };
        if encode_ns == 0 {
            self.ask_for_tier_connection(id, at);
        } else {
            self.schedule(GENERAL, at + encode_ns, Kind::CommandIsEncoded, id, 0);
        }
    }

    /// Whether the circuit breaker lets a command through.
    #[inline]
    fn admit_command(&mut self, level: usize, sender: Sender, at: Nanos) -> Option<Ticket> {
        let breakers = &mut self.tiers[level].shared.as_mut()?.breakers;
        let Some(breaker) = breakers.get_mut(sender.instance as usize) else { return Some(Ticket::NONE) };
        // Only who waits for the reply finds out whether the tier answers again.
        match sender.journey {
            NONE => breaker.is_closed().then_some(Ticket::NONE),
            _ => breaker.admit(at),
        }
    }

    /// The client works on the value of a command; returns for how long.
    #[inline]
    fn code(&mut self, id: u32, time_ns: impl Fn(&Coding, &Tables, u32) -> Nanos) -> Nanos {
        let Command { level, key, .. } = self.commands[id];
        let tier = &mut self.tiers[usize::from(level)];
        let time_ns = time_ns(&tier.coding, &self.tables, key);
        tier.totals.coding_ns += time_ns;
        time_ns
    }

    /// The command is ready to be sent: it takes a connection, or waits for one.
    #[inline(never)]
    pub(super) fn ask_for_tier_connection(&mut self, id: u32, at: Nanos) {
        let Command { level, key, instance, journey, dead, .. } = self.commands[id];
        if dead {
            return self.close_fill(id, usize::from(level));
        }
        let tier = &mut self.tiers[usize::from(level)];
        tier.totals.commands += 1;
        let Some(shared) = &mut tier.shared else { return };
        let node = shared.map.node(key, at);
        // Of a lookup this was read ahead when its journey went out.
        if journey == NONE {
            tier.stores[usize::from(node)].prefetch(key);
        }
        let generation = self.commands.generation(id);
        let pool = shared.pool(instance, node);
        let taken = shared.pools.acquire(pool, Waiter::call(id, generation), self.now);
        let waits = taken == Some(false);
        let pool_timeout = shared.pool_timeout;
        tier.totals.pool_asked += u64::from(taken.is_some());
        tier.totals.pool_waited += u64::from(waits);
        self.command_way_enters(id, Part::TierPool, at);
        let command = &mut self.commands[id];
        (command.node, command.since_ns, command.waiting) = (node, at, waits);
        if waits {
            if let Some((after, lane)) = pool_timeout {
                self.schedule(lane, at + after, Kind::CommandPoolTimesOut, id, generation);
            }
            return;
        }
        self.command_departs(id, at);
    }

    /// The circuit breaker is open.
    #[cold]
    fn hold_back(&mut self, level: usize, op: Op, journey: u32) {
        match journey {
            NONE if op.brings_value() => {
                self.tiers[level].totals.failed_fills += 1;
            }
            NONE => {}
            journey => self.command_failed(journey, op, level),
        }
        if let Some(parts) = op.parts() {
            self.multi_gets.remove(parts);
        }
    }

    /// A command that was not executed goes out once more.
    #[inline(never)]
    pub(super) fn send_again(&mut self, id: u32) {
        let Command { level, op, journey, instance, class, key, token, .. } = self.commands[id];
        self.commands.remove(id);
        self.dispatch(usize::from(level), op, Sender { journey, instance, class, key }, token, self.now);
    }

    /// The command has a connection and goes out.
    #[inline]
    pub(super) fn command_departs(&mut self, id: u32, at: Nanos) {
        let Command { level, node, journey, since_ns, instance, .. } = self.commands[id];
        let level = usize::from(level);
        let revision = self.revision(instance);
        let timeout = self.tiers[level].rules(revision).timeout.filter(|_| journey != NONE);
        let Some(shared) = &mut self.tiers[level].shared else { return };
        if self.recorder.measuring && shared.pools.has(shared.pool(instance, node)) {
            self.recorder.tier_pool_wait[level].record(at - since_ns);
        }
        let arrival_ns = at + shared.hop(usize::from(node), at);
        let lane = shared.way_out(usize::from(node));
        self.command_way_departs(id, at, timeout.map_or(Nanos::MAX, |(after_ns, _)| at + after_ns));
        if let Some((after, lane)) = timeout {
            self.schedule(lane, at + after, Kind::CommandTimesOut, id, self.commands.generation(id));
        }
        if arrival_ns == self.now {
            self.command_arrives(id);
        } else {
            self.schedule(lane, arrival_ns, Kind::CommandArrives, id, 0);
        }
    }
}
