//! Commands: one operation on a shared tier, from the wait for a connection to the reply.

use super::coding::Coding;
use super::engine::{Engine, Kind};
use super::guard::Ticket;
use super::limiter::Count;
use super::queue::{GENERAL, NETWORK};
use super::read::Walk;
use super::slab::NONE;
use super::store::Value;
use super::tier::{KeyInfo, Shared};
use crate::dice::round_ns;
use crate::model::Nanos;
use crate::policy::freshness::Renewal;
use crate::workload::Tables;

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Get,
    /// Look-ups of several keys; what they are for is in `Engine::multi_gets`.
    MultiGet {
        parts: u32,
    },
    /// Whether the key is there; no value travels.
    Exists,
    /// A fill.
    Set {
        value: Value,
        delta_ns: Nanos,
    },
    /// A writer's SET.
    Put {
        value: Value,
    },
    /// A write that the tier acknowledges before the database has it.
    Take {
        value: Value,
    },
    /// A writer's DELETE, after the commit with this number.
    Delete {
        commit: u64,
    },
    /// Of the rate limiter; the command's key is the caller.
    Count(Count),
    /// The DELETE of the consumer of the change stream.
    Invalidate {
        change: u32,
    },
}

impl Op {
    /// Whether a value travels to the server.
    #[inline]
    pub fn brings_value(self) -> bool {
        matches!(self, Op::Set { .. } | Op::Put { .. } | Op::Take { .. })
    }
}

/// What the server says. Tokens are zero where no lease was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandReply {
    Hit {
        value: Value,
        renewal: Renewal,
        token: u32,
    },
    /// Served past its time to live; `renew`: a background refresh is due.
    Stale {
        value: Value,
        renew: bool,
        token: u32,
    },
    Miss {
        token: u32,
    },
    /// Somebody else holds the lease.
    Wait,
    /// What a counter says; zero where there is none.
    Counted {
        count: u32,
    },
    /// A SET or a DELETE took effect.
    Done,
    /// Refused, reset, or not stored.
    Failed,
}

/// One operation on a shared tier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command {
    pub op: Op,
    pub level: u8,
    /// The node of the tier that it goes to.
    pub node: u8,
    pub class: u8,
    /// Waits for a connection.
    pub waiting: bool,
    /// Its reply has come and is being read.
    pub replied: bool,
    /// The instance that was to send it has crashed.
    pub dead: bool,
    /// Whose connection it takes; none: nobody's, or that of an instance that has crashed.
    pub instance: u32,
    pub key: u32,
    /// Who waits for the reply; none for fills and for commands that timed out.
    pub walk: u32,
    pub token: u32,
    /// When it asked for a connection.
    pub since_ns: Nanos,
    /// Of the circuit breaker that let it through.
    pub ticket: Ticket,
    /// The server has taken it: what it says is no failure of the tier.
    pub is_answered: bool,
    pub reply: CommandReply,
}

/// Who sends a command, and about which key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    /// Who waits for the reply; none: nobody.
    pub walk: u32,
    /// Whose connections it takes; none: the sender has one of its own.
    pub instance: u32,
    pub class: u8,
    pub key: u32,
}

impl Command {
    /// What an MGET is for.
    pub fn parts(&self) -> Option<u32> {
        match self.op {
            Op::MultiGet { parts } => Some(parts),
            _ => None,
        }
    }

    /// Whether the consumer of the change stream sent it.
    pub fn is_of_the_stream(&self) -> bool {
        matches!(self.op, Op::Invalidate { .. })
    }

    /// Version handle that this command carries.
    pub fn version(&self) -> u32 {
        let carried = match self.op {
            Op::Set { value, .. } | Op::Put { value } | Op::Take { value } => value.version,
            _ => 0,
        };
        match self.reply {
            CommandReply::Hit { value, .. } | CommandReply::Stale { value, .. } => carried.max(value.version),
            _ => carried,
        }
    }
}

impl Engine<'_> {
    /// Sends a command for a walk.
    pub(super) fn send(&mut self, level: usize, op: Op, walk: u32, at: Nanos) {
        let Walk { class, instance, key, .. } = self.walks[walk];
        self.send_for(level, op, Sender { walk, instance, class, key }, at);
    }

    /// Sends a command for whoever it is.
    pub(super) fn send_for(&mut self, level: usize, op: Op, sender: Sender, at: Nanos) {
        let Sender { walk, instance, class, key } = sender;
        let command = Command {
            op,
            level: level as u8,
            node: 0,
            class,
            waiting: false,
            replied: false,
            dead: false,
            instance,
            key,
            walk,
            token: 0,
            since_ns: at,
            ticket: Ticket::NONE,
            is_answered: false,
            reply: CommandReply::Failed,
        };
        self.dispatch(command, at);
    }

    /// Puts a value into a tier of this instance: at once where the tier is in the process, by a SET that
    /// nobody waits for where it is shared.
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
        if let Some(shared) = &tier.shared {
            // With leases, only a holder may fill.
            if shared.nodes[0].leases.is_some() && token == 0 {
                return;
            }
            let command = Command {
                op: Op::Set { value, delta_ns },
                level: level as u8,
                node: 0,
                class: info.class as u8,
                waiting: false,
                replied: false,
                dead: false,
                instance,
                key: info.key,
                walk: NONE,
                token,
                since_ns: self.now,
                ticket: Ticket::NONE,
                is_answered: false,
                reply: CommandReply::Failed,
            };
            return self.dispatch(command, self.now);
        }
        if tier.refuses(instance as usize, info.key, value, self.now, &self.versions) {
            tier.totals.refused_sets += 1;
        } else if !tier.fill(instance as usize, info, value, delta_ns, self.now, &self.tables) {
            tier.totals.failed_fills += 1;
        }
    }

    fn dispatch(&mut self, mut command: Command, at: Nanos) {
        let level = usize::from(command.level);
        let Some(shared) = &mut self.tiers[level].shared else { return };
        if let Some(breaker) = shared.breakers.get_mut(command.instance as usize) {
            // Only who waits for the reply finds out whether the tier answers again.
            let ticket = match command.walk {
                NONE => breaker.is_closed().then_some(Ticket::NONE),
                _ => breaker.admit(at),
            };
            match ticket {
                Some(ticket) => command.ticket = ticket,
                None => return self.hold_back(command, level),
            }
        }
        let id = self.commands.insert(command);
        let encode_ns = if command.op.brings_value() { self.code(&command, Coding::encode_ns) } else { 0 };
        if encode_ns == 0 {
            self.ask_for_tier_connection(id, at);
        } else {
            self.queue.push(GENERAL, at + encode_ns, Kind::CommandIsEncoded as u8, id, 0);
        }
    }

    /// The client works on the value of a command; returns for how long.
    #[inline]
    fn code(&mut self, command: &Command, time_ns: impl Fn(&Coding, &Tables, u32) -> Nanos) -> Nanos {
        let tier = &mut self.tiers[usize::from(command.level)];
        let time_ns = time_ns(&tier.coding, &self.tables, command.key);
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
        let taken = shared.pools.acquire(pool, id, generation, self.now);
        let waits = taken == Some(false);
        tier.totals.pool_asked += u64::from(taken.is_some());
        tier.totals.pool_waited += u64::from(waits);
        let command = &mut self.commands[id];
        (command.node, command.since_ns, command.waiting) = (node, at, waits);
        if waits {
            if let Some((after, lane)) = shared.pool_timeout {
                self.queue.push(lane, at + after, Kind::CommandPoolTimesOut as u8, id, generation);
            }
            return;
        }
        self.depart(id, at);
    }

    /// The circuit breaker is open.
    fn hold_back(&mut self, command: Command, level: usize) {
        match command.walk {
            NONE if command.op.brings_value() => {
                self.tiers[level].totals.failed_fills += 1;
            }
            NONE => {}
            walk => self.command_failed(walk, command.op, level),
        }
        if let Some(parts) = command.parts() {
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
    pub(super) fn depart(&mut self, id: u32, at: Nanos) {
        let Command { level, node, walk, since_ns, instance, .. } = self.commands[id];
        let level = usize::from(level);
        let Some(shared) = &mut self.tiers[level].shared else { return };
        if self.recorder.measuring && shared.pools.has(shared.pool(instance, node)) {
            self.recorder.tier_pool_wait[level].record(at - since_ns);
        }
        if let Some((after, lane)) = shared.timeout.filter(|_| walk != NONE) {
            let generation = self.commands.generation(id);
            self.queue.push(lane, at + after, Kind::CommandTimesOut as u8, id, generation);
        }
        let node = usize::from(node);
        let arrival = at + hop(shared, node, at);
        if arrival == self.now {
            self.serve_command(id);
        } else {
            let lane = if shared.nodes[node].server.is_steady() { shared.send_lane } else { NETWORK };
            self.queue.push(lane, arrival, Kind::CommandArrives as u8, id, 0);
        }
    }
}

/// One way through the network to or from a node.
#[inline]
pub(super) fn hop(shared: &mut Shared, node: usize, now: Nanos) -> Nanos {
    let delay_ns = shared.network.sample();
    let server = &shared.nodes[node].server;
    if server.is_steady() { delay_ns } else { round_ns(delay_ns as f64 * server.slowness(now)) }
}
