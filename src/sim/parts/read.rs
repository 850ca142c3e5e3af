//! The way of a read, from its arrival down the tiers and back.

use super::answer::{Read, hit};
use super::command::{CommandReply, Op};
use super::engine::{Engine, Kind};
use super::index::{pair, triple};
use super::queue::GENERAL;
use super::slab::NONE;
use super::store::Value;
use super::tier::{KeyInfo, Look};
use crate::measure::recorder::{Cause, Outcome};
use crate::model::{Around, Coalescing, MAX_TIERS, Nanos, OnFailure};
use crate::policy::freshness::Renewal;
use crate::workload::EXISTS;

/// What a walk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    Read,
    Write,
    /// A background refresh: nobody waits for it.
    Refresh,
}

/// A request, or a background refresh, on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    /// Intended start.
    pub start_ns: Nanos,
    pub key: u32,
    pub instance: u32,
    /// The limiter counts it as this caller's.
    pub caller: u32,
    /// The request of several keys that it is a part of.
    pub gather: u32,
    /// Closed loop: who asks.
    pub user: u32,
    /// Window of the start.
    pub window: u32,
    pub class: u8,
    pub errand: Errand,
    /// A read that asks only whether the key exists.
    pub exists: bool,
    /// Where it is on its way down; the number of tiers stands for the database.
    pub level: u8,
    /// The uppermost tier that gets the value.
    pub fill_from: u8,
    /// Tiers below it that do not, because they have not answered: a bit for each level.
    pub unfilled: u8,
    /// The caller gave up.
    pub gone: bool,
    /// Deletes not yet answered.
    pub pending: u8,
    /// The flight it leads or waits for.
    pub flight: u32,
    /// The next one that waits for the same flight.
    pub next: u32,
    /// Lease token it holds; zero: none.
    pub token: u32,
    /// Of a write: the version that it reserved or committed; zero: none.
    pub version: u32,
    /// Of a read: number of the newest commit of the key that was acknowledged when it started.
    pub acknowledged: u64,
    /// Of a write: its transaction will roll back.
    pub rolls_back: bool,
    /// Since when it waits for the holder of the lease.
    pub waiting_since: Option<Nanos>,
    /// When it left each tier on the way down.
    pub left_ns: [Nanos; MAX_TIERS],
}

impl Walk {
    /// A read at the top of its way.
    fn new(start_ns: Nanos, key: u32, instance: u32, user: u32, window: u32, class: usize) -> Walk {
        Walk {
            start_ns,
            key,
            instance,
            caller: 0,
            gather: NONE,
            user,
            window,
            class: class as u8,
            errand: Errand::Read,
            exists: false,
            level: 0,
            fill_from: 0,
            unfilled: 0,
            gone: false,
            pending: 0,
            flight: NONE,
            next: NONE,
            token: 0,
            version: 0,
            acknowledged: 0,
            rolls_back: false,
            waiting_since: None,
            left_ns: [0; MAX_TIERS],
        }
    }

    pub fn read(&self) -> Read {
        Read {
            start_ns: self.start_ns,
            key: self.key,
            window: self.window,
            class: usize::from(self.class),
            exists: self.exists,
            acknowledged: self.acknowledged,
        }
    }
}

/// Levels from `from` up to `to` that get a value, without those that have not answered.
#[inline]
pub(super) fn filled(from: u8, to: usize, unfilled: u8) -> impl Iterator<Item = usize> {
    (usize::from(from)..to).filter(move |level| unfilled >> level & 1 == 0)
}

/// What a look-up in a tier of the process gives a read; nothing: it goes on to the next level.
#[inline(always)]
pub(super) fn answer_in_process(
    found: Look,
    info: KeyInfo,
    exists: bool,
) -> Option<(Outcome, Value, Renewal)> {
    match found {
        Look::Hit { renewal: Renewal::Inline, .. } | Look::Miss { .. } => None,
        Look::Hit { value, renewal } => Some((hit(info, value), value, renewal)),
        Look::Stale { value } if exists => Some((Outcome::StaleHit, value, Renewal::Keep)),
        Look::Stale { value } => Some((Outcome::StaleHit, value, Renewal::Background)),
    }
}

impl Engine<'_> {
    /// A request arrives. Instance tiers are asked right here; only what they cannot answer becomes a walk.
    #[inline]
    pub(super) fn arrive(&mut self, key: u32, instance: u32, tag: u8, user: u32) {
        let class = usize::from((tag & !EXISTS) >> 1);
        let exists = tag & EXISTS != 0;
        let mut instance = instance;
        let count = self.model.workload.classes[class].keys_per_request;
        let gathers = count > 1 && tag & 1 == 0;
        if gathers {
            // Drawn whatever becomes of the request, so that all variants see the same ones.
            self.generator.gather(class, key, count, &mut self.gathered_keys);
        }
        if self.crashes.of_instances {
            match self.crashes.route(instance, key, self.now, self.model.clients.route) {
                Some(other) => instance = other,
                None => return self.refuse_arrival(class, exists, user),
            }
        }
        self.arrived += 1;
        let start_ns = self.now;
        let window = self.recorder.window_of(start_ns);
        if self.callers.is_some() {
            let errand = if tag & 1 == 1 { Errand::Write } else { Errand::Read };
            return self.ask_limiter(Walk {
                errand,
                exists,
                ..Walk::new(start_ns, key, instance, user, window, class)
            });
        }
        if tag & 1 == 1 {
            return self.start_write(Walk::new(start_ns, key, instance, user, window, class));
        }
        if gathers {
            return self.fan_out(Walk { exists, ..Walk::new(start_ns, key, instance, user, window, class) });
        }
        let info = self.info(key, class);
        let mut at = start_ns;
        let mut level = 0;
        let mut left_ns = [0; MAX_TIERS];
        while let Some(tier) = self.tiers.get_mut(level).filter(|tier| tier.shared.is_none()) {
            let found = tier.find(instance as usize, info, exists, at, &self.tables);
            at += tier.access_ns;
            tier.totals.lookups += 1;
            let Some((outcome, value, renewal)) = answer_in_process(found, info, exists) else {
                left_ns[level] = at;
                level += 1;
                continue;
            };
            self.tiers[level].totals.hits += 1;
            let acknowledged = self.versions.acknowledged(key);
            let read = Read { start_ns, key, window, class, exists, acknowledged };
            self.record_read(read, outcome, Some(level), value, at);
            self.stay_in_system_until(at);
            self.user_thinks(user, at);
            if renewal == Renewal::Background {
                self.refresh(level, instance, info, 0);
            }
            return;
        }
        let walk = Walk {
            level: level as u8,
            left_ns,
            exists,
            acknowledged: self.versions.acknowledged(key),
            ..Walk::new(start_ns, key, instance, user, window, class)
        };
        let id = self.enter(walk);
        if at == self.now {
            self.proceed(id);
        } else if self.can_send_ahead(level) {
            self.send_get(id, at);
        } else {
            let lane = self.tiers[level - 1].access_lane;
            self.queue.push(lane, at, Kind::WalkGoesOn as u8, id, self.walks.generation(id));
        }
    }

    /// A request that needs more than a tier in the process enters the system; its deadline starts to run.
    #[inline]
    pub(super) fn enter(&mut self, walk: Walk) -> u32 {
        self.change_in_system(1);
        let id = self.walks.insert(walk);
        if let Some((after, lane)) = self.deadline {
            let generation = self.walks.generation(id);
            self.queue.push(lane, walk.start_ns + after, Kind::WalkMeetsDeadline as u8, id, generation);
        }
        id
    }

    /// Whether a look-up in this tier may be sent in the near future without an event of its own: nothing can
    /// come between, neither a pool nor a flight to join.
    #[inline]
    fn can_send_ahead(&self, level: usize) -> bool {
        let unlimited = self
            .tiers
            .get(level)
            .and_then(|tier| tier.shared.as_ref())
            .is_some_and(|shared| shared.pools.is_empty());
        unlimited && self.deadline.is_none() && !self.coalesces_lookups()
    }

    #[inline]
    fn coalesces_lookups(&self) -> bool {
        matches!(self.model.coalescing, Coalescing::Singleflight { around: Around::Lookup })
    }

    /// Takes a walk to the next level.
    pub(super) fn proceed(&mut self, id: u32) {
        if self.has_given_up(id) {
            return;
        }
        let walk = self.walks[id];
        let level = usize::from(walk.level);
        let info = self.info(walk.key, usize::from(walk.class));
        let Some(tier) = self.tiers.get_mut(level) else { return self.fetch(id) };
        if tier.shared.is_some() {
            if self.waits_for_look_up(id) {
                return;
            }
            return self.send_get(id, self.now);
        }
        let found = tier.find(walk.instance as usize, info, walk.exists, self.now, &self.tables);
        let (access_ns, lane) = (tier.access_ns, tier.access_lane);
        self.tiers[level].totals.lookups += 1;
        match found {
            Look::Hit { renewal: Renewal::Inline, .. } | Look::Miss { .. } => {
                let walk = &mut self.walks[id];
                walk.left_ns[level] = self.now + access_ns;
                walk.level += 1;
                if access_ns == 0 {
                    self.proceed(id);
                } else {
                    let generation = self.walks.generation(id);
                    self.queue.push(lane, self.now + access_ns, Kind::WalkGoesOn as u8, id, generation);
                }
            }
            Look::Hit { value, renewal } => {
                self.tiers[level].totals.hits += 1;
                let outcome = hit(info, value);
                self.tier_answers(id, level, outcome, value, renewal == Renewal::Background, 0);
            }
            Look::Stale { value } => {
                self.tiers[level].totals.hits += 1;
                self.tier_answers(id, level, Outcome::StaleHit, value, !walk.exists, 0);
            }
        }
    }

    /// Whether a walk waits for a look-up that somebody else leads, from now on.
    #[inline]
    pub(super) fn waits_for_look_up(&mut self, id: u32) -> bool {
        self.walks[id].flight == NONE && self.coalesces_lookups() && self.join_or_lead(id)
    }

    /// Whether a walk has lost its caller; then it has ended, unless others wait for what it does.
    pub(super) fn has_given_up(&mut self, id: u32) -> bool {
        let walk = self.walks[id];
        let gives_up = walk.gone && !self.leads_others(&walk);
        if gives_up {
            self.give_up(id);
        }
        gives_up
    }

    /// Whether others wait for the flight that this walk leads.
    fn leads_others(&self, walk: &Walk) -> bool {
        walk.flight != NONE && self.flights[walk.flight].live > 0
    }

    /// Ends a walk that nobody waits for any more.
    fn give_up(&mut self, id: u32) {
        match self.walks[id].flight {
            NONE => self.walks.remove(id),
            flight => self.fail_flight(flight, Cause::Deadline),
        }
    }

    /// A tier has a value: it goes to the caller (and to all who wait for the same look-up), to the tiers
    /// above, and on request into a background refresh.
    pub(super) fn tier_answers(
        &mut self,
        id: u32,
        level: usize,
        outcome: Outcome,
        value: Value,
        renew: bool,
        token: u32,
    ) {
        let walk = self.walks[id];
        let info = self.info(walk.key, usize::from(walk.class));
        match walk.flight {
            NONE => {
                if !walk.gone && (!walk.exists || info.is_negative(value.version)) {
                    self.fill_above(&walk, level, info, value);
                }
                self.end_read(id, outcome, Some(level), value);
            }
            flight => self.land_from_tier(flight, level, outcome, value),
        }
        if renew {
            self.refresh(level, walk.instance, info, token);
        }
    }

    /// Fills the tiers above the one that answered.
    fn fill_above(&mut self, walk: &Walk, level: usize, info: KeyInfo, value: Value) {
        for above in filled(walk.fill_from, level, walk.unfilled) {
            let delta_ns = self.now.saturating_sub(walk.left_ns[above]);
            self.fill(above, walk.instance, info, value, delta_ns, 0);
        }
    }

    /// Starts a background refresh of a tier, unless this instance already runs one for the key.
    pub(super) fn refresh(&mut self, level: usize, instance: u32, info: KeyInfo, token: u32) {
        let name = triple(level, instance, info.key);
        if self.refreshing.get(name).is_some() {
            return;
        }
        self.refreshing.entry(name, ());
        self.totals.refreshes += 1;
        let mut left_ns = [0; MAX_TIERS];
        left_ns[level] = self.now;
        let walk = Walk {
            errand: Errand::Refresh,
            level: level as u8 + 1,
            fill_from: level as u8,
            token,
            left_ns,
            ..Walk::new(self.now, info.key, instance, NONE, 0, info.class)
        };
        let id = self.walks.insert(walk);
        self.proceed(id);
    }

    /// A shared tier has answered a look-up.
    pub(super) fn look_up_answered(&mut self, id: u32, level: usize, reply: CommandReply) {
        match reply {
            CommandReply::Hit { renewal: Renewal::Inline, token, .. } | CommandReply::Miss { token } => {
                self.leave_tier(id, level, token);
                self.proceed(id);
            }
            CommandReply::Hit { value, renewal, token } => {
                let Walk { key, class, waiting_since, .. } = self.walks[id];
                let (key, class) = (key, usize::from(class));
                let outcome = match waiting_since {
                    Some(_) => Outcome::Coalesced,
                    None => hit(self.info(key, class), value),
                };
                self.tier_answers(id, level, outcome, value, renewal == Renewal::Background, token);
            }
            CommandReply::Stale { value, renew, token } => {
                self.tier_answers(id, level, Outcome::StaleHit, value, renew, token);
            }
            CommandReply::Wait => self.wait_for_lease(id),
            CommandReply::Failed | CommandReply::Done | CommandReply::Counted { .. } => {
                self.look_up_failed(id, level)
            }
        }
    }

    /// A walk goes on to the level below a tier, with the lease that it got there.
    #[inline]
    pub(super) fn leave_tier(&mut self, id: u32, level: usize, token: u32) {
        let walk = &mut self.walks[id];
        walk.left_ns[level] = self.now;
        walk.level = level as u8 + 1;
        walk.token = token;
    }

    /// A shared tier did not answer a look-up.
    pub(super) fn look_up_failed(&mut self, id: u32, level: usize) {
        let Some(shared) = &self.tiers[level].shared else { return };
        match shared.on_failure {
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
        match self.walks[id].flight {
            NONE => self.end_in_error(id, Cause::Tier),
            flight => self.fail_flight(flight, Cause::Tier),
        }
    }

    /// A walk goes on past a tier that has not answered it.
    pub(super) fn pass_by(&mut self, id: u32, level: usize) {
        let tier = &mut self.tiers[level];
        tier.totals.failures += 1;
        if tier.shared.as_ref().is_some_and(|shared| !shared.fill_after_failure) {
            self.walks[id].unfilled |= 1 << level;
        }
        self.leave_tier(id, level, 0);
    }

    /// Somebody else holds the lease: look again later.
    fn wait_for_lease(&mut self, id: u32) {
        let Coalescing::Lease(lease) = &self.model.coalescing else { return };
        let since = *self.walks[id].waiting_since.get_or_insert(self.now);
        let at = (self.now + lease.poll_ns).min(since + lease.wait_limit_ns);
        let generation = self.walks.generation(id);
        self.queue.push(GENERAL, at.max(self.now), Kind::WalkPolls as u8, id, generation);
    }

    /// A loser looks again, or has waited long enough and goes to the database itself.
    pub(super) fn poll(&mut self, id: u32) {
        let Coalescing::Lease(lease) = &self.model.coalescing else { return };
        let since = self.walks[id].waiting_since.unwrap_or(self.now);
        if self.now >= since + lease.wait_limit_ns {
            self.leave_tier(id, lease.tier, 0);
        }
        self.proceed(id);
    }

    /// The caller gives up. What is under way goes on without it.
    pub(super) fn meet_deadline(&mut self, id: u32) {
        let walk = self.walks[id];
        if walk.gone {
            return;
        }
        self.walks[id].gone = true;
        if walk.flight != NONE {
            self.flights[walk.flight].live -= 1;
        }
        self.record_error(&walk, Cause::Deadline);
    }

    /// Sends the look-up of a walk at an instant that is now or shortly after.
    pub(super) fn send_get(&mut self, id: u32, at: Nanos) {
        let level = usize::from(self.walks[id].level);
        self.tiers[level].totals.lookups += 1;
        // The server looks it up a network delay from now, and a miss looks for others that fetch it.
        let Walk { key, instance, exists, .. } = self.walks[id];
        let tier = &self.tiers[level];
        let node = tier.shared.as_ref().map_or(0, |shared| shared.map.node(key, at));
        tier.stores[usize::from(node)].prefetch(key);
        self.groups.prefetch(pair(instance, key));
        self.fetching.prefetch(u64::from(key));
        self.send(level, if exists { Op::Exists } else { Op::Get }, id, at);
    }
}
