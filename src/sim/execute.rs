//! What a server does with a command.

use super::command::{Command, CommandReply, Op, hop};
use super::engine::{Engine, Kind};
use super::multi_get::{Load, Part};
use super::queue::NETWORK;
use super::server::Admission;
use super::slab::{NONE, Slab};
use super::tier::Look;
use crate::model::Nanos;
use crate::policy::freshness::Renewal;
use crate::workload::Tables;

impl Engine<'_> {
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
}

/// Bytes of the keys that a command carries.
#[inline]
fn key_bytes(tables: &Tables, multi_gets: &Slab<Vec<Part>>, command: &Command) -> u64 {
    match command.parts() {
        Some(parts) => multi_gets[parts].iter().map(|part| tables.key_bytes(part.key)).sum(),
        None => tables.key_bytes(command.key),
    }
}
