//! Commands: one operation on a shared tier, from the wait for a connection to the reply.

use super::coding::Coding;
use super::engine::{Engine, Kind};
use super::guard::Ticket;
use super::limiter::Count;
use super::multi_get::{Load, Part};
use super::queue::{GENERAL, NETWORK};
use super::read::Walk;
use super::server::Admission;
use super::slab::{NONE, Slab};
use super::store::Value;
use super::tier::{KeyInfo, Look, Shared};
use crate::dice::round_ns;
use crate::policy::freshness::Renewal;
use crate::scenario::model::Nanos;
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
    op: Op,
    pub level: u8,
    /// The node of the tier that it goes to.
    pub(super) node: u8,
    class: u8,
    /// Waits for a connection.
    pub waiting: bool,
    /// Its reply has come and is being read.
    replied: bool,
    /// The instance that was to send it has crashed.
    pub dead: bool,
    /// Whose connection it takes; none: nobody's, or that of an instance that has crashed.
    pub instance: u32,
    key: u32,
    /// Who waits for the reply; none for fills and for commands that timed out.
    pub walk: u32,
    token: u32,
    /// When it asked for a connection.
    since_ns: Nanos,
    /// Of the circuit breaker that let it through.
    ticket: Ticket,
    /// The server has taken it: what it says is no failure of the tier.
    is_answered: bool,
    reply: CommandReply,
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
    fn parts(&self) -> Option<u32> {
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

    /// Whoever waits for a command learns what it came to.
    fn settle_command(&mut self, command: &Command, has_failed: bool) {
        let shared = self.tiers[usize::from(command.level)].shared.as_mut();
        if let Some(breaker) = shared.and_then(|shared| shared.breakers.get_mut(command.instance as usize)) {
            breaker.settle(command.ticket, self.now, has_failed);
        }
    }

    /// A command that was not executed goes out once more.
    pub(super) fn send_again(&mut self, id: u32) {
        let command = self.commands[id];
        self.commands.remove(id);
        self.dispatch(command, self.now);
    }

    /// The command has a connection and goes out.
    fn depart(&mut self, id: u32, at: Nanos) {
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

    /// The command is at the server: what it will find there, and when, is known now.
    pub(super) fn serve_command(&mut self, id: u32) {
        let command = self.commands[id];
        let (level, place) = (usize::from(command.level), usize::from(command.node));
        let tier = &mut self.tiers[level];
        let Some(shared) = &mut tier.shared else { return };
        let node = &mut shared.nodes[place];
        node.commands += 1;
        // A counter and the name of its caller are too short to be counted.
        let is_count = matches!(command.op, Op::Count(_));
        let (arrival_ns, request_bytes) = match &node.link {
            None => (self.now, 0),
            Some(link) if is_count => (link.arrival_ns(self.now, 0), 0),
            Some(link) => {
                let value = match command.op {
                    op if op.brings_value() => tier.coding.value_bytes(&self.tables, command.key),
                    _ => 0,
                };
                let bytes = u64::from(value) + key_bytes(&self.tables, &self.multi_gets, &command);
                (link.arrival_ns(self.now, bytes), bytes)
            }
        };
        let Some(admission) = tier.admit(place, arrival_ns) else { return };
        if self.is_ahead(level) {
            self.lose_flushed();
        }
        let done_ns = match admission {
            Admission::Serve { start_ns } => {
                if self.recorder.measuring {
                    self.recorder.tier_queue[level].record(start_ns - arrival_ns);
                }
                let shared = self.tiers[level].shared.as_mut();
                if let Some(link) = shared.and_then(|shared| shared.nodes[place].link.as_mut()) {
                    link.take_in(arrival_ns, request_bytes);
                }
                let (reply, load) = match command.parts() {
                    Some(parts) => {
                        (CommandReply::Done, self.execute_multi_get(&command, parts, level, start_ns))
                    }
                    None => self.execute(&command, level, start_ns),
                };
                if let Op::Invalidate { change } = command.op {
                    self.change_takes_effect(change, start_ns);
                }
                self.commands[id].reply = reply;
                self.commands[id].is_answered = true;
                let tier = &mut self.tiers[level];
                if self.model.measure.wire && !is_count {
                    let keys = key_bytes(&self.tables, &self.multi_gets, &command);
                    tier.totals.wire_bytes += load.value_bytes + keys;
                }
                let Some(shared) = &mut tier.shared else { return };
                let done_ns = shared.serve_load(place, start_ns, load);
                match &mut shared.nodes[place].link {
                    None => done_ns,
                    Some(link) => {
                        link.send(done_ns, if command.op.brings_value() { 0 } else { load.value_bytes })
                    }
                }
            }
            Admission::Refused { at_ns } => at_ns,
            Admission::Lost { until_ns } => until_ns,
        };
        let Some(shared) = &mut self.tiers[level].shared else { return };
        // The consumer of the change stream waits for its answer, although it is not a request; and a write exists once
        // it is acknowledged, whether its writer hears of it or not.
        let is_awaited = command.is_of_the_stream() || matches!(command.op, Op::Take { .. });
        if command.walk == NONE && shared.pools.is_empty() && !is_awaited {
            return self.close_fill(id, level);
        }
        let at = done_ns + hop(shared, place, done_ns);
        // Replies of one server keep their order, those of several do not.
        let in_order = shared.nodes.len() == 1
            && shared.nodes[0].server.is_steady()
            && matches!(admission, Admission::Serve { .. });
        let lane = if in_order { shared.reply_lane } else { NETWORK };
        if self.answer_ahead(id, at) {
            return;
        }
        if at == self.now {
            self.command_replies(id);
        } else {
            self.queue.push(lane, at, Kind::CommandReplies as u8, id, 0);
        }
    }

    /// Whether the request is answered right here although its answer comes later: so it is where nothing can
    /// happen on the way and the answer changes nothing when it arrives. Saves the event of most hits.
    #[inline]
    fn answer_ahead(&mut self, id: u32, at: Nanos) -> bool {
        let command = self.commands[id];
        let Command { op, walk, level, reply, instance, node, .. } = command;
        let CommandReply::Hit { value, renewal: Renewal::Keep, .. } = reply else { return false };
        let replied_ns = at;
        let at = at + self.decode_ns(&command);
        if !matches!(op, Op::Get | Op::Exists)
            || walk == NONE
            || at > self.last_ns
            || self.deadline.is_some()
            || self.crashes.of_instances
        {
            return false;
        }
        let patient = self.tiers[usize::from(level)].shared.as_mut().is_some_and(|shared| {
            shared.timeout.is_none()
                && !shared.pools.has(shared.pool(instance, node))
                && shared.breakers.is_empty()
        });
        if !patient || !self.is_lone_read(walk, level) {
            return false;
        }
        self.tiers[usize::from(level)].totals.coding_ns += at - replied_ns;
        self.commands.remove(id);
        self.end_read_at(walk, usize::from(level), value, at);
        true
    }

    /// What the command does to the entries when it is served, and what travels with it.
    fn execute(&mut self, command: &Command, level: usize, now: Nanos) -> (CommandReply, Load) {
        let store = usize::from(command.node);
        let is_ahead = self.is_ahead(level);
        let mut evicted = Vec::new();
        if is_ahead {
            self.lose_expired(store, command.key, now);
        }
        let (reply, carries_value) = match command.op {
            Op::Get => self.look_up(command, command.key, level, now),
            _ => self.execute_other(command, level, now, |key| {
                if is_ahead {
                    evicted.push(key);
                }
            }),
        };
        if is_ahead {
            self.settle_dirty(store, command.key, &evicted, now);
        }
        let coding = &self.tiers[level].coding;
        let value_bytes = if carries_value { coding.value_bytes(&self.tables, command.key) } else { 0 };
        (reply, Load { keys: 1, value_bytes: u64::from(value_bytes) })
    }

    /// What a GET of a key finds; whether a value travels.
    pub(super) fn look_up(
        &mut self,
        command: &Command,
        key: u32,
        level: usize,
        now: Nanos,
    ) -> (CommandReply, bool) {
        let info = self.info(key, usize::from(command.class));
        let tier = &mut self.tiers[level];
        let found = tier.look(usize::from(command.node), info, now, &self.tables);
        tier.totals.hits += u64::from(!matches!(found, Look::Miss { .. }));
        match (found, tier.leases(command.node)) {
            (Look::Hit { value, renewal: Renewal::Keep }, _) => {
                (CommandReply::Hit { value, renewal: Renewal::Keep, token: 0 }, true)
            }
            (Look::Hit { value, renewal }, None) => (CommandReply::Hit { value, renewal, token: 0 }, true),
            // An early refresh needs the lease as well; without it the value is simply served.
            (Look::Hit { value, renewal }, Some(leases)) => match leases.grant(key, now) {
                Some(token) => (CommandReply::Hit { value, renewal, token }, true),
                None => (CommandReply::Hit { value, renewal: Renewal::Keep, token: 0 }, true),
            },
            (Look::Stale { value }, None) => (CommandReply::Stale { value, renew: true, token: 0 }, true),
            (Look::Stale { value }, Some(leases)) => {
                let token = leases.grant(key, now);
                let reply = CommandReply::Stale { value, renew: token.is_some(), token: token.unwrap_or(0) };
                (reply, true)
            }
            (Look::Miss { .. }, None) => (CommandReply::Miss { token: 0 }, false),
            (Look::Miss { expired }, Some(leases)) => match (leases.grant(key, now), expired) {
                (Some(token), _) => (CommandReply::Miss { token }, false),
                (None, Some(value)) => (CommandReply::Stale { value, renew: false, token: 0 }, true),
                (None, None) => (CommandReply::Wait, false),
            },
        }
    }

    /// What any command but a look-up of values does; whether a value travels.
    fn execute_other(
        &mut self,
        command: &Command,
        level: usize,
        now: Nanos,
        evicted: impl FnMut(u32),
    ) -> (CommandReply, bool) {
        let class = usize::from(command.class);
        let info = self.info(command.key, class);
        let (node, store) = (command.node, usize::from(command.node));
        let tables = &self.tables;
        let tier = &mut self.tiers[level];
        match command.op {
            // These are look-ups.
            Op::Get | Op::MultiGet { .. } => (CommandReply::Failed, false),
            Op::Exists => {
                let found = tier.check(store, info, now, tables);
                tier.totals.hits += u64::from(!matches!(found, Look::Miss { .. }));
                let reply = match found {
                    Look::Hit { value, renewal } => CommandReply::Hit { value, renewal, token: 0 },
                    Look::Stale { value } => CommandReply::Stale { value, renew: false, token: 0 },
                    Look::Miss { .. } => CommandReply::Miss { token: 0 },
                };
                (reply, false)
            }
            Op::Set { value, delta_ns } => {
                if let Some(leases) = tier.leases(node)
                    && !leases.redeem(command.key, command.token)
                {
                    return (CommandReply::Failed, true);
                }
                if self.is_dirty(level, store, command.key, now)
                    || self.tiers[level].refuses(store, command.key, value, now, &self.versions)
                {
                    self.tiers[level].totals.refused_sets += 1;
                    return (CommandReply::Done, true);
                }
                let tier = &mut self.tiers[level];
                let stored = tier.fill_telling(store, info, value, delta_ns, now, &self.tables, evicted);
                (if stored { CommandReply::Done } else { CommandReply::Failed }, true)
            }
            Op::Put { value } => {
                // A writer needs no lease, and whoever holds one may have read the database before the commit.
                if let Some(leases) = tier.leases(node) {
                    leases.void(command.key);
                }
                if tier.refuses(store, command.key, value, now, &self.versions) {
                    tier.totals.refused_sets += 1;
                    return (CommandReply::Done, true);
                }
                let stored = tier.fill(store, info, value, 0, now, tables);
                (if stored { CommandReply::Done } else { CommandReply::Failed }, true)
            }
            Op::Take { value } => {
                if let Some(leases) = tier.leases(node) {
                    leases.void(command.key);
                }
                if !tier.fill_telling(store, info, value, 0, now, tables, evicted) {
                    return (CommandReply::Failed, true);
                }
                self.take_write(store, command.key, value.version, now);
                (CommandReply::Done, true)
            }
            Op::Delete { .. } | Op::Invalidate { .. } => {
                let commit = match command.op {
                    Op::Delete { commit } => commit,
                    Op::Invalidate { change } => self.invalidations.changes[change].commit,
                    _ => 0,
                };
                if !self.outlives_delete(level, store, command.key, commit) {
                    self.tiers[level].delete(store, command.key, &self.tables);
                }
                let tier = &mut self.tiers[level];
                tier.bury(store, command.key, commit, now);
                if let Some(leases) = tier.leases(node) {
                    leases.void(command.key);
                }
                (CommandReply::Done, false)
            }
            Op::Count(count) => {
                let shared = tier.shared.as_mut();
                let counters = shared.and_then(|shared| shared.nodes[store].counters.as_mut());
                let told = counters.map_or(0, |counters| counters.execute(count, command.key, now));
                (CommandReply::Counted { count: told }, false)
            }
        }
    }

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
    fn decode_ns(&self, command: &Command) -> Nanos {
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

    fn command_failed(&mut self, walk: u32, op: Op, level: usize) {
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
}

/// Bytes of the keys that a command carries.
#[inline]
fn key_bytes(tables: &Tables, multi_gets: &Slab<Vec<Part>>, command: &Command) -> u64 {
    match command.parts() {
        Some(parts) => multi_gets[parts].iter().map(|part| tables.key_bytes(part.key)).sum(),
        None => tables.key_bytes(command.key),
    }
}

/// One way through the network to or from a node.
#[inline]
pub(super) fn hop(shared: &mut Shared, node: usize, now: Nanos) -> Nanos {
    let delay_ns = shared.network.sample();
    let server = &shared.nodes[node].server;
    if server.is_steady() { delay_ns } else { round_ns(delay_ns as f64 * server.slowness(now)) }
}
