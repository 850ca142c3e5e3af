//! Execution of a command by a server.

use super::core::Core;
use super::kind::Kind;
use crate::measure::breakdown::Part as Stage;
use crate::model::Nanos;
use crate::policy::freshness::Renewal;
use crate::sim::parts::command::{Command, CommandReply, Load, Op, Part, Request, Served};
use crate::sim::parts::key::KeyInfo;
use crate::sim::parts::server::Admission;
use crate::sim::parts::system::System;
use crate::sim::parts::tier::Look;
use crate::sim::queue::{Lane, NETWORK};
use crate::sim::slab::{NONE, Slab};
use crate::workload::Tables;

impl<S: System> Core<'_, S> {
    /// The command is at the server.
    #[inline(never)]
    pub(super) fn command_arrives(&mut self, id: u32) {
        let Command { op, level, node, class, key, token, journey, instance, .. } = self.commands[id];
        let (level, place) = (usize::from(level), usize::from(node));
        let request = Request { op, key, class: usize::from(class), token, instance };
        // A GET by a call of its own: what it needs is then known when it is compiled.
        let served = match op {
            Op::Get => self.serve(level, place, Request { op: Op::Get, ..request }),
            _ => self.serve_apart(level, place, request),
        };
        let Some(served) = served else { return };
        if served.is_executed {
            if let Op::Invalidate { change } = op {
                self.change_takes_effect(change, served.start_ns);
            }
            let command = &mut self.commands[id];
            command.reply = served.reply;
            command.is_answered = true;
        }
        // The consumer of the change stream waits for its answer, although it is not a request; and a write exists once
        // it is acknowledged, whether its writer hears of it or not.
        let is_awaited = matches!(op, Op::Invalidate { .. } | Op::Take { .. });
        if journey == NONE && self.is_unlimited(level) && !is_awaited {
            return self.close_fill(id, level);
        }
        let Some((at, lane)) = self.way_back(level, place, &served) else { return };
        self.command_way_is_served(id, &served, at);
        if journey != NONE
            && matches!(op, Op::Get | Op::Exists)
            && let CommandReply::Hit { value, renewal: Renewal::Keep, .. } = served.reply
        {
            let decode_ns = self.decode_ns(id);
            if self.is_answered_ahead(journey, level, at + decode_ns) {
                self.tiers[level].totals.coding_ns += decode_ns;
                self.command_way_enters(id, Stage::Coding, at);
                self.commands.remove(id);
                return self.end_read_at(journey, level, value, at + decode_ns);
            }
        }
        if at == self.now {
            self.command_replies(id);
        } else {
            self.schedule(lane, at, Kind::CommandReplies, id, 0);
        }
    }

    /// [`Core::serve`] out of line.
    #[inline(never)]
    pub(super) fn serve_apart(&mut self, level: usize, place: usize, request: Request) -> Option<Served> {
        self.serve(level, place, request)
    }

    /// A request has come to a server, which works in the order of arrival: what it will find there, and when, is known
    /// now.
    #[inline(always)]
    pub(super) fn serve(&mut self, level: usize, place: usize, request: Request) -> Option<Served> {
        let op = request.op;
        let tier = &mut self.tiers[level];
        let node = &mut tier.shared.as_mut()?.nodes[place];
        node.commands += 1;
        // A counter and the name of its caller are too short to be counted.
        let is_count = matches!(op, Op::Count(_));
        let (arrival_ns, request_bytes) = match &node.link {
            _ if S::PLAIN => (self.now, 0),
            None => (self.now, 0),
            Some(link) if is_count => (link.arrival_ns(self.now, 0), 0),
            Some(link) => {
                let brings = op.brings_value();
                let value = if brings { tier.coding.value_bytes(&self.tables, request.key) } else { 0 };
                let bytes = u64::from(value) + key_bytes(&self.tables, &self.multi_gets, &request);
                (link.arrival_ns(self.now, bytes), bytes)
            }
        };
        let admission = tier.admit(place, arrival_ns, &self.tables)?;
        let is_ahead = !S::PLAIN && self.is_ahead(level);
        if is_ahead {
            self.lose_flushed();
        }
        let start_ns = match admission {
            Admission::Serve { start_ns } => start_ns,
            Admission::Refused { at_ns: done_ns } | Admission::Lost { until_ns: done_ns } => {
                let reply = CommandReply::Failed;
                return Some(Served {
                    reply,
                    queued_ns: arrival_ns,
                    start_ns: done_ns,
                    served_ns: done_ns,
                    done_ns,
                    is_executed: false,
                });
            }
        };
        debug_assert!(start_ns >= arrival_ns, "a service starts at {start_ns}, before the arrival");
        if self.recorder.measuring {
            self.recorder.tier_queue[level].record(start_ns - arrival_ns);
        }
        let (reply, load) = match op.parts() {
            Some(parts) => {
                let load = self.execute_multi_get(parts, request, level, place, start_ns);
                (CommandReply::Done, load)
            }
            None => self.execute(request, level, place, is_ahead, start_ns),
        };
        if S::RARE && self.tiers[level].changed.is_some() {
            self.tell_readers(level, place, request.instance, start_ns);
        }
        let tier = &mut self.tiers[level];
        if !S::PLAIN && !is_count && self.model.counts_bytes() {
            let keys = key_bytes(&self.tables, &self.multi_gets, &request);
            tier.totals.wire_bytes += load.value_bytes + keys;
        }
        let shared = tier.shared.as_mut()?;
        if S::PLAIN {
            let done_ns = shared.serve(place, start_ns, load.value_bytes as u32);
            return Some(Served {
                reply,
                queued_ns: arrival_ns,
                start_ns,
                served_ns: done_ns,
                done_ns,
                is_executed: true,
            });
        }
        let served_ns = shared.serve_load(place, start_ns, load);
        let mut done_ns = served_ns;
        if let Some(link) = &mut shared.nodes[place].link {
            link.take_in(arrival_ns, request_bytes);
            done_ns = link.send(done_ns, if op.brings_value() { 0 } else { load.value_bytes });
        }
        Some(Served { reply, queued_ns: arrival_ns, start_ns, served_ns, done_ns, is_executed: true })
    }

    /// When a reply is back at its instance, and the lane for that.
    #[inline(always)]
    pub(super) fn way_back(&mut self, level: usize, place: usize, served: &Served) -> Option<(Nanos, Lane)> {
        let shared = self.tiers[level].shared.as_mut()?;
        let at = served.done_ns + shared.hop_back(place, served.done_ns);
        // Replies of one server keep their order, those of several do not.
        let in_order = served.is_executed && shared.is_steady && (S::PLAIN || shared.nodes.len() == 1);
        Some((at, if in_order { shared.reply_lane } else { NETWORK }))
    }

    /// Effect of the command on the entries when it is served, and the values that travel with it.
    #[inline(always)]
    fn execute(
        &mut self,
        request: Request,
        level: usize,
        store: usize,
        is_ahead: bool,
        now: Nanos,
    ) -> (CommandReply, Load) {
        let Request { op, key, class, .. } = request;
        if is_ahead {
            self.lose_expired(store, key, now);
        }
        // An empty list takes no memory.
        let mut evicted = Vec::new();
        let (reply, carries_value) = match op {
            Op::Get => self.look_up(self.info_of(request.instance, key, class), level, store, now),
            Op::Set { .. } | Op::Put { .. } | Op::Take { .. } => {
                let is_tracked = S::RARE && self.tiers[level].changed.is_some();
                let evicted = (is_ahead || is_tracked).then_some(&mut evicted);
                // Where nothing else brings values, it lies in the one place that does.
                let reply = match S::PLAIN {
                    true => self.execute_set(request, level, store, now, evicted),
                    false => self.execute_set_apart(request, level, store, now, evicted),
                };
                (reply, true)
            }
            _ => self.execute_other(request, level, store, now),
        };
        if is_ahead {
            self.settle_dirty(store, key, &evicted, now);
        }
        if S::RARE && self.tiers[level].changed.is_some() {
            evicted.into_iter().for_each(|id| self.tiers[level].note_change(id, false));
            if matches!(op, Op::Get | Op::Exists) {
                self.note_read(level, store, key, class, request.instance);
            }
        }
        let coding = &self.tiers[level].coding;
        let value_bytes = if carries_value { coding.value_bytes(&self.tables, key) } else { 0 };
        (reply, Load { keys: 1, value_bytes: u64::from(value_bytes) })
    }

    /// The result of a GET of a key; whether a value travels.
    #[inline(always)]
    pub(super) fn look_up(
        &mut self,
        info: KeyInfo,
        level: usize,
        store: usize,
        now: Nanos,
    ) -> (CommandReply, bool) {
        let tier = &mut self.tiers[level];
        let found = tier.look(store, info, now, &self.tables);
        tier.totals.hits +=
            u64::from(!matches!(found, Look::Miss { .. } | Look::Fallback { .. } | Look::Uncacheable));
        let leases = !S::PLAIN && tier.rules(info.revision).leases;
        let key = tier.id_of(info);
        match (found, if leases { tier.leases(store) } else { None }) {
            (Look::Hit { value, renewal: Renewal::Keep }, _) => {
                (CommandReply::Hit { value, renewal: Renewal::Keep, token: 0 }, true)
            }
            (Look::Hit { value, renewal }, None) => (CommandReply::Hit { value, renewal, token: 0 }, true),
            // An early refresh needs the lease as well; without it the value is simply served.
            (Look::Hit { value, renewal }, Some(leases)) => match leases.grant(key, now) {
                Some(token) => (CommandReply::Hit { value, renewal, token }, true),
                None => (CommandReply::Hit { value, renewal: Renewal::Keep, token: 0 }, true),
            },
            (Look::Uncacheable, _) => (CommandReply::Uncacheable, false),
            (Look::Fallback { value }, _) => (CommandReply::Fallback { value }, true),
            (Look::Stale { value, renews }, None) => {
                let renewal = if renews { Renewal::Background } else { Renewal::Keep };
                (CommandReply::Stale { renewal, token: 0, value }, true)
            }
            (Look::Stale { value, .. }, Some(leases)) => {
                let (renewal, token) = match leases.grant(key, now) {
                    Some(token) => (Renewal::Background, token),
                    None => (Renewal::Keep, 0),
                };
                (CommandReply::Stale { renewal, token, value }, true)
            }
            (Look::Miss { .. }, None) => (CommandReply::Miss { token: 0 }, false),
            (Look::Miss { expired }, Some(leases)) => match (leases.grant(key, now), expired) {
                (Some(token), _) => (CommandReply::Miss { token }, false),
                (None, Some(value)) => {
                    (CommandReply::Stale { renewal: Renewal::Keep, token: 0, value }, true)
                }
                (None, None) => (CommandReply::Wait, false),
            },
        }
    }

    /// Effect of a command that neither looks up nor brings a value; whether a value travels.
    #[inline(never)]
    fn execute_other(
        &mut self,
        request: Request,
        level: usize,
        store: usize,
        now: Nanos,
    ) -> (CommandReply, bool) {
        let Request { op, key, class, instance, .. } = request;
        let info = self.info_of(instance, key, class);
        let tables = &self.tables;
        let tier = &mut self.tiers[level];
        match op {
            Op::Exists => {
                let found = tier.check(store, info, now, tables);
                tier.totals.hits += u64::from(!matches!(found, Look::Miss { .. }));
                let reply = match found {
                    Look::Hit { value, renewal } => CommandReply::Hit { value, renewal, token: 0 },
                    Look::Stale { value, .. } => {
                        CommandReply::Stale { renewal: Renewal::Keep, token: 0, value }
                    }
                    Look::Uncacheable => CommandReply::Uncacheable,
                    Look::Miss { .. } | Look::Fallback { .. } => CommandReply::Miss { token: 0 },
                };
                (reply, false)
            }
            // These are not for here.
            Op::Get | Op::MultiGet { .. } | Op::Set { .. } | Op::Put { .. } | Op::Take { .. } => {
                (CommandReply::Failed, false)
            }
            Op::Delete { .. } | Op::Invalidate { .. } => {
                let commit = match op {
                    Op::Delete { commit } => commit,
                    Op::Invalidate { change } => self.invalidations.changes[change].commit,
                    _ => 0,
                };
                let outlives = self.outlives_delete(level, store, key, commit);
                let tier = &mut self.tiers[level];
                // The consumer of the change stream deletes every version of the key.
                let versions = match op {
                    Op::Invalidate { .. } if !self.model.revisions.is_empty() => tier.in_all_versions(info),
                    _ => Vec::new(),
                };
                let mut delete = |info| {
                    if !outlives {
                        tier.delete(store, info, now, &self.tables);
                    }
                    tier.bury(store, info, commit, now);
                    let id = tier.id_of(info);
                    if let Some(leases) = tier.leases(store) {
                        leases.void(id);
                    }
                };
                if versions.is_empty() {
                    delete(info);
                } else {
                    versions.into_iter().for_each(delete);
                }
                (CommandReply::Done, false)
            }
            Op::Count(count) => {
                let shared = tier.shared.as_mut();
                let counters = shared.and_then(|shared| shared.nodes[store].counters.as_mut());
                let told = counters.map_or(0, |counters| counters.execute(count, key, now));
                (CommandReply::Counted { count: told }, false)
            }
        }
    }

    /// [`Core::execute_set`] out of line.
    #[inline(never)]
    fn execute_set_apart(
        &mut self,
        request: Request,
        level: usize,
        store: usize,
        now: Nanos,
        evicted: Option<&mut Vec<u32>>,
    ) -> CommandReply {
        self.execute_set(request, level, store, now, evicted)
    }

    /// Effect of a fill, a writer's SET or a write that the tier acknowledges; `evicted` gets the keys that leave.
    #[inline(always)]
    fn execute_set(
        &mut self,
        request: Request,
        level: usize,
        store: usize,
        now: Nanos,
        mut evicted: Option<&mut Vec<u32>>,
    ) -> CommandReply {
        let Request { op, key, class, token, instance } = request;
        let info = self.info_of(instance, key, class);
        let (value, delta_ns) = match op {
            Op::Set { value, delta_ns } => (value, delta_ns),
            Op::Put { value } | Op::Take { value } => (value, 0),
            _ => return CommandReply::Failed,
        };
        let (is_fill, is_taken) = (matches!(op, Op::Set { .. }), matches!(op, Op::Take { .. }));
        let tier = &mut self.tiers[level];
        let (id, needs_lease) = (tier.id_of(info), !S::PLAIN && tier.rules(info.revision).leases);
        if !S::PLAIN
            && let Some(leases) = tier.leases(store)
        {
            // A writer needs no lease, and whoever holds one may have read the database before the commit.
            if !is_fill {
                leases.void(id);
            } else if needs_lease && !leases.redeem(id, token) {
                return CommandReply::Failed;
            }
        }
        let is_dirty = !S::PLAIN && is_fill && self.ahead.is_some() && self.is_dirty(level, store, key, now);
        let tier = &mut self.tiers[level];
        if !S::PLAIN && (is_dirty || (!is_taken && tier.refuses(store, info, value, now, &self.versions))) {
            tier.totals.refused_sets += 1;
            return CommandReply::Done;
        }
        let note = |key| {
            if let Some(evicted) = &mut evicted {
                evicted.push(key);
            }
        };
        if !tier.fill_telling(store, info, value, delta_ns, now, &self.tables, note) {
            return CommandReply::Failed;
        }
        tier.note_change(id, true);
        if is_taken {
            self.take_write(store, key, value.version, now);
        }
        CommandReply::Done
    }
}

/// Bytes of the keys that a request carries.
#[inline]
fn key_bytes(tables: &Tables, multi_gets: &Slab<Vec<Part>>, request: &Request) -> u64 {
    match request.op.parts() {
        Some(parts) => multi_gets[parts].iter().map(|part| tables.key_bytes(part.key)).sum(),
        None => tables.key_bytes(request.key),
    }
}
