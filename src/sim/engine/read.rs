//! The way of a read, from its arrival down the tiers and back.

use super::core::Core;
use super::kind::Kind;
use crate::measure::breakdown::Part;
use crate::measure::recorder::{Cause, Outcome};
use crate::model::{Around, Coalescing, Lease, MAX_TIERS, Model, Nanos, OnFailure};
use crate::policy::freshness::Renewal;
use crate::sim::parts::call_map::triple;
use crate::sim::parts::command::CommandReply;
use crate::sim::parts::journey::{Errand, Extras, Journey, Left};
use crate::sim::parts::key::KeyInfo;
use crate::sim::parts::reading::{Read, answer_in_process, filled, hit};
use crate::sim::parts::system::System;
use crate::sim::parts::tier::Look;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;
use crate::sim::store::Value;
use crate::workload::EXISTS;

impl<'m, S: System> Core<'m, S> {
    /// The next request arrives, perhaps of a user of the closed loop.
    #[inline]
    pub(super) fn arrive_next(&mut self, user: u32) {
        let request = self.incoming.next;
        self.incoming.next += 1;
        let batch = &self.incoming.batch;
        let (key, instance, tag) = (batch.key[request], batch.instance[request], batch.tag[request]);
        if S::RARE
            && let Some(asked) = &mut self.incoming.asked
        {
            asked[key as usize] += u32::from(tag & 1 == 0);
        }
        if !S::PLAIN && (!self.incoming.are_plain || tag & (1 | EXISTS) != 0) {
            return self.arrive_otherwise(key, instance, tag, user);
        }
        self.incoming.arrived += 1;
        self.prefetch_completion();
        let window = self.recorder.window_of(self.now);
        let guess = self.incoming.guesses[request % self.incoming.guesses.len()];
        let journey = Journey::new(self.now, key, instance, window, usize::from(tag >> 1));
        self.read(journey, user, guess);
    }

    /// A request that is more than a read of one key, or may be turned away or sent elsewhere.
    #[inline(never)]
    fn arrive_otherwise(&mut self, key: u32, instance: u32, tag: u8, user: u32) {
        let class = usize::from((tag & !EXISTS) >> 1);
        let exists = tag & EXISTS != 0;
        let mut instance = instance;
        let count = self.model.workload.classes[class].keys_per_request;
        let gathers = count > 1 && tag & 1 == 0;
        if gathers {
            // Drawn whatever becomes of the request, so that all variants see the same ones.
            self.incoming.generator.gather(class, key, count, &mut self.incoming.gathered_keys);
        }
        if self.fleet.varies {
            match self.fleet.route(instance, key, self.now) {
                Some(other) => instance = other,
                None => return self.refuse_arrival(key, instance, class, exists, user),
            }
        }
        self.incoming.arrived += 1;
        let window = self.recorder.window_of(self.now);
        let errand = if tag & 1 == 1 { Errand::Write } else { Errand::Read };
        let exists = exists && errand == Errand::Read;
        let journey = Journey { errand, exists, ..Journey::new(self.now, key, instance, window, class) };
        if self.workers.is_some() {
            self.ask_for_worker(journey, user, gathers);
        } else {
            self.start_request(journey, user, gathers);
        }
    }

    /// A request starts on its way. The keys of a read of several are in `incoming.gathered_keys`.
    #[inline(never)]
    pub(super) fn start_request(&mut self, journey: Journey, user: u32, gathers: bool) {
        if self.incoming.callers.is_some() {
            self.ask_limiter(journey, user);
        } else if journey.errand == Errand::Write {
            self.start_write(journey, user);
        } else if gathers {
            self.fan_out(journey, user);
        } else {
            self.read(journey, user, 0);
        }
    }

    /// A read of one key begins. Lookups in tiers of the process happen right here; only a miss becomes a
    /// journey. `guess`: the slot in which the first of them probably has the key.
    #[inline(always)]
    fn read(&mut self, mut journey: Journey, user: u32, guess: u32) {
        let Journey { start_ns, key, instance, window, exists, .. } = journey;
        let info = self.info_of(instance, key, usize::from(journey.class));
        let mut at = self.now;
        let mut level = self.level_from(info.class, 0);
        let mut left_ns: Left = [0; MAX_TIERS];
        let mut fallback = None;
        while let Some(tier) = self.tiers.get_mut(level)
            && tier.shared.is_none()
        {
            let exists = !S::PLAIN && exists;
            let found = tier.find_near(instance as usize, info, exists, guess, at, &self.tables);
            at += tier.access_ns;
            tier.totals.lookups += 1;
            let Some((outcome, value, renewal)) = answer_in_process(found, info, exists) else {
                journey.is_alone |= S::RARE && found == Look::Uncacheable;
                if S::RARE
                    && let Look::Fallback { value } = found
                {
                    fallback = fallback.or(Some((level, value)));
                }
                left_ns[level] = at;
                level = self.level_from(info.class, level + 1);
                continue;
            };
            tier.totals.hits += 1;
            let acknowledged = if S::PLAIN { 0 } else { self.versions.acknowledged(key) };
            let read = Read { start_ns, key, window, class: info.class, exists, acknowledged };
            self.record_read(read, outcome, Some(level), value, at);
            self.way_ends_in_process(&journey, level, outcome, at);
            self.in_system.stay(self.now, at);
            self.free_worker_at(instance, at);
            self.user_thinks(user, at);
            if !S::PLAIN && renewal == Renewal::Background {
                self.refresh(level, instance, info, 0);
            }
            return;
        }
        journey.level = level as u8;
        if S::RARE {
            journey.unfilled = self.bypassed[info.class];
        }
        let acknowledged = if S::PLAIN { 0 } else { self.versions.acknowledged(key) };
        let extras = Extras { acknowledged, user, ..Extras::default() };
        let id = self.enter(journey, extras, left_ns);
        if S::RARE
            && let Some((level, value)) = fallback
        {
            self.note_fallback(id, level, value);
        }
        self.way_passes_processes(id, level);
        if self.sends_ahead(level) {
            self.send_lookup(id, at);
        } else if at == self.now {
            self.proceed(id);
        } else {
            let passes_by = S::RARE && self.bypassed[info.class] != 0;
            let lane = if passes_by { GENERAL } else { self.tiers[level - 1].access_lane };
            self.schedule(lane, at, Kind::JourneyGoesOn, id, self.journeys.generation(id));
        }
    }

    /// A request that needs more than a tier in the process enters the system; its deadline starts to run.
    #[inline(always)]
    pub(super) fn enter(&mut self, journey: Journey, extras: Extras, left_ns: Left) -> u32 {
        self.in_system.come(self.now);
        let start_ns = journey.start_ns;
        if S::PLAIN {
            return self.journeys.insert_alone(journey);
        }
        let id = self.journeys.insert(journey, extras, left_ns);
        self.way_begins(id, start_ns);
        self.watch_deadline(id, start_ns);
        id
    }

    /// The deadline of a journey starts to run.
    #[inline]
    pub(super) fn watch_deadline(&mut self, id: u32, start_ns: Nanos) {
        if let Some((after_ns, lane)) = self.deadline_of(self.journeys[id].instance) {
            let generation = self.journeys.generation(id);
            // One that has waited for a worker is late for the ring of those that have not.
            let lane = if start_ns == self.now { lane } else { GENERAL };
            self.schedule(lane, start_ns + after_ns, Kind::JourneyMeetsDeadline, id, generation);
        }
    }

    #[inline]
    fn sends_ahead(&self, level: usize) -> bool {
        let shared = self.tiers.get(level).and_then(|tier| tier.shared.as_ref());
        shared.is_some_and(|shared| shared.sends_ahead)
    }

    /// Whether lookups of one key in this instance become one.
    #[inline(always)]
    fn coalesces_lookups(&self, instance: u32) -> bool {
        let coalesces =
            |model: &Model| matches!(model.coalescing, Coalescing::Singleflight { around: Around::Lookup });
        self.calls.begin_with_lookups && (!S::RARE || coalesces(self.model_of(instance)))
    }

    /// Takes a journey to the next level.
    #[inline(never)]
    pub(super) fn proceed(&mut self, id: u32) {
        if self.has_given_up(id) {
            return;
        }
        let Journey { level, key, class, instance, exists, .. } = self.journeys[id];
        let level = usize::from(level);
        let info = self.info_of(instance, key, usize::from(class));
        let Some(tier) = self.tiers.get_mut(level) else { return self.fetch(id) };
        if tier.shared.is_some() {
            if self.waits_for_lookup(id) {
                return;
            }
            return self.send_lookup(id, self.now);
        }
        let found = tier.find_near(instance as usize, info, exists, 0, self.now, &self.tables);
        let (access_ns, lane) = (tier.access_ns, tier.access_lane);
        tier.totals.lookups += 1;
        self.way_enters(id, Part::InProcess, level, self.now);
        match found {
            Look::Fallback { value } if S::RARE => self.note_fallback(id, level, value),
            Look::Uncacheable if S::RARE => self.journeys[id].is_alone = true,
            _ => {}
        }
        match found {
            Look::Hit { renewal: Renewal::Inline, .. }
            | Look::Miss { .. }
            | Look::Fallback { .. }
            | Look::Uncacheable => {
                self.journeys[id].level = self.level_from(usize::from(class), level + 1) as u8;
                if let Some(left_ns) = self.journeys.left_ns.get_mut(id) {
                    left_ns[level] = self.now + access_ns;
                }
                if access_ns == 0 {
                    self.proceed(id);
                } else {
                    let generation = self.journeys.generation(id);
                    self.schedule(lane, self.now + access_ns, Kind::JourneyGoesOn, id, generation);
                }
            }
            Look::Hit { value, renewal } => {
                self.tiers[level].totals.hits += 1;
                let outcome = hit(info, value);
                self.tier_answers(id, level, outcome, value, renewal == Renewal::Background, 0);
            }
            Look::Stale { value, renews } => {
                self.tiers[level].totals.hits += 1;
                self.tier_answers(id, level, Outcome::StaleHit, value, renews && !exists, 0);
            }
        }
    }

    /// Whether a journey waits for a lookup that another one leads, from now on.
    #[inline]
    pub(super) fn waits_for_lookup(&mut self, id: u32) -> bool {
        !S::PLAIN
            && self.coalesces_lookups(self.journeys[id].instance)
            && self.journeys[id].leader == NONE
            && self.join_or_lead(id)
    }

    /// Whether a journey has lost its caller; then it has ended, unless others wait for what it does.
    #[inline]
    pub(super) fn has_given_up(&mut self, id: u32) -> bool {
        if S::PLAIN || !self.journeys[id].gone {
            return false;
        }
        let leader = self.journeys[id].leader;
        let gives_up = leader == NONE || self.lead(leader).live == 0;
        match leader {
            _ if !gives_up => {}
            NONE => self.journeys.remove(id),
            leader => self.fail_call(leader, Cause::Deadline),
        }
        gives_up
    }

    /// A tier has a value: it goes to the caller (and to all who wait for the same lookup), to the tiers
    /// above, and on request into a background refresh.
    #[inline(never)]
    pub(super) fn tier_answers(
        &mut self,
        id: u32,
        level: usize,
        outcome: Outcome,
        value: Value,
        renew: bool,
        token: u32,
    ) {
        let Journey { key, class, instance, leader, gone, exists, fill_from, unfilled, .. } =
            self.journeys[id];
        let info = self.info_of(instance, key, usize::from(class));
        match leader {
            leader if S::PLAIN || leader == NONE => {
                if !gone && (!exists || info.is_negative(value.version)) {
                    self.fill_above(id, filled(fill_from, level, unfilled), instance, info, value);
                }
                self.end_read(id, outcome, Some(level), value);
            }
            leader => self.land_from_tier(leader, level, outcome, value),
        }
        if !S::PLAIN && renew {
            self.refresh(level, instance, info, token);
        }
    }

    /// Fills the tiers above the one that answered a journey.
    #[inline]
    pub(super) fn fill_above(
        &mut self,
        id: u32,
        levels: impl Iterator<Item = usize>,
        instance: u32,
        info: KeyInfo,
        value: Value,
    ) {
        let left_ns = self.left_ns(id);
        for above in levels {
            self.fill(above, instance, info, value, self.now.saturating_sub(left_ns[above]), 0);
        }
    }

    /// Starts a background refresh of a tier, unless this instance already runs one for the key.
    #[inline(never)]
    pub(super) fn refresh(&mut self, level: usize, instance: u32, info: KeyInfo, token: u32) {
        let name = triple(level, instance, info.key);
        if self.calls.refreshing.get(name).is_some() {
            return;
        }
        self.calls.refreshing.entry(name, ());
        self.totals.refreshes += 1;
        let mut left_ns: Left = [0; MAX_TIERS];
        left_ns[level] = self.now;
        let journey = Journey {
            errand: Errand::Refresh,
            level: self.level_from(info.class, level + 1) as u8,
            fill_from: level as u8,
            unfilled: if S::RARE { self.bypassed[info.class] } else { 0 },
            ..Journey::new(self.now, info.key, instance, 0, info.class)
        };
        let id = self.journeys.insert(journey, Extras { token, ..Extras::default() }, left_ns);
        self.way_begins(id, self.now);
        self.proceed(id);
    }

    /// A shared tier has answered a lookup.
    #[inline]
    pub(super) fn lookup_answered(&mut self, id: u32, level: usize, reply: CommandReply) {
        match reply {
            CommandReply::Hit { renewal: Renewal::Inline, token, .. } | CommandReply::Miss { token } => {
                self.leave_tier(id, level, token);
                self.proceed(id);
            }
            CommandReply::Hit { value, renewal, token } => {
                let Journey { key, class, .. } = self.journeys[id];
                let outcome = if self.has_waited_for_lease(id) {
                    Outcome::Coalesced
                } else {
                    hit(self.info(key, usize::from(class)), value)
                };
                self.tier_answers(id, level, outcome, value, renewal == Renewal::Background, token);
            }
            CommandReply::Uncacheable => {
                self.journeys[id].is_alone = true;
                self.leave_tier(id, level, 0);
                self.proceed(id);
            }
            CommandReply::Fallback { value } => {
                self.note_fallback(id, level, value);
                self.leave_tier(id, level, 0);
                self.proceed(id);
            }
            CommandReply::Stale { renewal, token, value } => {
                let renews = renewal == Renewal::Background;
                self.tier_answers(id, level, Outcome::StaleHit, value, renews, token);
            }
            CommandReply::Wait => self.wait_for_lease(id),
            CommandReply::Failed | CommandReply::Done | CommandReply::Counted { .. } => {
                self.lookup_failed(id, level)
            }
        }
    }

    #[inline]
    pub(super) fn has_waited_for_lease(&self, id: u32) -> bool {
        !S::PLAIN && self.extras(id).waiting_since_ns != Nanos::MAX
    }

    /// A journey goes on to the level below a tier, with the lease that it got there.
    #[inline]
    pub(super) fn leave_tier(&mut self, id: u32, level: usize, token: u32) {
        let now = self.now;
        let class = usize::from(self.journeys[id].class);
        self.journeys[id].level = self.level_from(class, level + 1) as u8;
        if S::PLAIN {
            return;
        }
        if let Some(left_ns) = self.journeys.left_ns.get_mut(id) {
            left_ns[level] = now;
        }
        if let Some(extras) = self.journeys.extras.get_mut(id) {
            extras.token = token;
        }
    }

    /// A shared tier did not answer a lookup.
    #[inline(never)]
    pub(super) fn lookup_failed(&mut self, id: u32, level: usize) {
        let rules = self.tiers[level].rules(self.revision(self.journeys[id].instance));
        match rules.on_failure {
            OnFailure::Next => {
                self.pass_by(id, level);
                self.proceed(id);
            }
            OnFailure::Error => self.fail_at_tier(id, level),
        }
    }

    /// A tier that does not answer ends the read.
    fn fail_at_tier(&mut self, id: u32, level: usize) {
        self.tiers[level].totals.failures += 1;
        match self.journeys[id].leader {
            NONE => self.end_in_error(id, Cause::Tier),
            leader => self.fail_call(leader, Cause::Tier),
        }
    }

    /// A journey goes on past a tier that has not answered it.
    #[inline(never)]
    pub(super) fn pass_by(&mut self, id: u32, level: usize) {
        let revision = self.revision(self.journeys[id].instance);
        let tier = &mut self.tiers[level];
        tier.totals.failures += 1;
        if !tier.rules(revision).fill_after_failure {
            self.journeys[id].unfilled |= 1 << level;
        }
        self.leave_tier(id, level, 0);
    }

    /// How an instance waits for a lease. One that has given leases up while it waited goes on as it began.
    fn lease_of(&self, instance: u32) -> Option<&'m Lease> {
        let lease = |model: &'m Model| match &model.coalescing {
            Coalescing::Lease(lease) => Some(lease),
            _ => None,
        };
        lease(self.model_of(instance)).or_else(|| self.model.all_revisions().find_map(lease))
    }

    /// Another one holds the lease: look again later.
    #[inline(never)]
    fn wait_for_lease(&mut self, id: u32) {
        let Some(lease) = self.lease_of(self.journeys[id].instance) else { return };
        let Some(extras) = self.journeys.extras.get_mut(id) else { return };
        extras.waiting_since_ns = extras.waiting_since_ns.min(self.now);
        let at = (self.now + lease.poll_ns).min(extras.waiting_since_ns + lease.wait_limit_ns);
        let since_ns = extras.waiting_since_ns;
        let generation = self.journeys.generation(id);
        // Looks that find nothing are part of the wait.
        self.way_follows(id, since_ns);
        self.schedule(GENERAL, at.max(self.now), Kind::JourneyPolls, id, generation);
    }

    /// A loser looks again, or has waited long enough and goes to the database itself.
    #[inline(never)]
    pub(super) fn poll(&mut self, id: u32) {
        let Some(lease) = self.lease_of(self.journeys[id].instance) else { return };
        let since_ns = self.extras(id).waiting_since_ns.min(self.now);
        if self.now >= since_ns + lease.wait_limit_ns {
            self.leave_tier(id, lease.tier, 0);
        }
        self.proceed(id);
    }

    /// The caller gives up. What is under way goes on without it.
    #[inline(never)]
    pub(super) fn meet_deadline(&mut self, id: u32) {
        let Journey { gone, leader, .. } = self.journeys[id];
        if gone {
            return;
        }
        self.record_error(id, Cause::Deadline);
        self.journeys[id].gone = true;
        if leader != NONE
            && let Some(lead) = self.lead_mut(leader)
        {
            lead.live -= 1;
        }
    }
}
