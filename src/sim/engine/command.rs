//! Commands on their way to a shared tier.

use super::Engine;
use super::kind::Kind;
use crate::model::Nanos;
use crate::sim::parts::coding::Coding;
use crate::sim::parts::command::{Command, Op, Sender};
use crate::sim::parts::guard::Ticket;
use crate::sim::parts::journey::Journey;
use crate::sim::parts::pool::Waiter;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;
use crate::workload::Tables;

impl Engine<'_> {
    /// Sends a command for a journey.
    pub(super) fn send(&mut self, level: usize, op: Op, journey: u32, at: Nanos) {
        let Journey { class, instance, key, .. } = self.journeys[journey];
        self.send_for(level, op, Sender { journey, instance, class, key }, at);
    }

    /// Sends a command for whoever it is.
    pub(super) fn send_for(&mut self, level: usize, op: Op, sender: Sender, at: Nanos) {
        self.dispatch(Command::new(level, op, sender, 0, at), at);
    }

    /// Sends a command, if the breaker lets it.
    pub(super) fn dispatch(&mut self, mut command: Command, at: Nanos) {
        let level = usize::from(command.level);
        let Some(shared) = &mut self.tiers[level].shared else { return };
        if let Some(breaker) = shared.breakers.get_mut(command.instance as usize) {
            // Only who waits for the reply finds out whether the tier answers again.
            let ticket = match command.journey {
                NONE => breaker.is_closed().then_some(Ticket::NONE),
                _ => breaker.admit(at),
            };
            match ticket {
                Some(ticket) => command.ticket = ticket,
                None => return self.hold_back(command, level),
            }
        }
        let op = command.op;
        let id = self.commands.insert(command);
        let encode_ns = if op.brings_value() { self.code(id, Coding::encode_ns) } else { 0 };
        if encode_ns == 0 {
            self.ask_for_tier_connection(id, at);
        } else {
            self.schedule(GENERAL, at + encode_ns, Kind::CommandIsEncoded, id, 0);
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
    pub(super) fn ask_for_tier_connection(&mut self, id: u32, at: Nanos) {
        let Command { level, key, instance, dead, .. } = self.commands[id];
        if dead {
            return self.close_fill(id, usize::from(level));
        }
        let tier = &mut self.tiers[usize::from(level)];
        tier.totals.commands += 1;
        let Some(shared) = &mut tier.shared else { return };
        let node = shared.map.node(key, at);
        let generation = self.commands.generation(id);
        let pool = shared.pool(instance, node);
        let taken = shared.pools.acquire(pool, Waiter::call(id, generation), self.now);
        let waits = taken == Some(false);
        tier.totals.pool_asked += u64::from(taken.is_some());
        tier.totals.pool_waited += u64::from(waits);
        let command = &mut self.commands[id];
        (command.node, command.since_ns, command.waiting) = (node, at, waits);
        if waits {
            if let Some((after, lane)) = shared.pool_timeout {
                self.schedule(lane, at + after, Kind::CommandPoolTimesOut, id, generation);
            }
            return;
        }
        self.command_departs(id, at);
    }

    /// The circuit breaker is open.
    fn hold_back(&mut self, command: Command, level: usize) {
        match command.journey {
            NONE if command.op.brings_value() => {
                self.tiers[level].totals.failed_fills += 1;
            }
            NONE => {}
            journey => self.command_failed(journey, command.op, level),
        }
        if let Some(parts) = command.op.parts() {
            self.multi_gets.remove(parts);
        }
    }

    /// A command that was not executed goes out once more.
    pub(super) fn send_again(&mut self, id: u32) {
        let command = self.commands[id];
        self.commands.remove(id);
        self.dispatch(command, self.now);
    }

    /// The command has a connection and goes out.
    pub(super) fn command_departs(&mut self, id: u32, at: Nanos) {
        let Command { level, node, journey, since_ns, instance, .. } = self.commands[id];
        let level = usize::from(level);
        let Some(shared) = &mut self.tiers[level].shared else { return };
        if self.recorder.measuring && shared.pools.has(shared.pool(instance, node)) {
            self.recorder.tier_pool_wait[level].record(at - since_ns);
        }
        let timeout = shared.timeout.filter(|_| journey != NONE);
        let arrival_ns = at + shared.hop(usize::from(node), at);
        let lane = shared.way_out(usize::from(node));
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
