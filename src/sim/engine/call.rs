//! Calls of the database with their retries: the journey that leads one, and those who wait for it.

use super::core::Core;
use super::kind::Kind;
use crate::dice::{round_ns, unit_open_zero};
use crate::measure::recorder::{Cause, Outcome};
use crate::model::Coalescing;
use crate::sim::parts::attempt::Attempt;
use crate::sim::parts::call_map::pair;
use crate::sim::parts::journey::{Errand, Journey};
use crate::sim::parts::reading::filled;
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

/// The name of a call that others may join. Existence checks have calls of their own: they bring no value.
/// Instances are far fewer than 2^31.
#[inline]
fn group(instance: u32, key: u32, exists: bool) -> u64 {
    pair(instance | u32::from(exists) << 31, key)
}

impl<S: System> Core<'_, S> {
    /// A journey has missed in every tier.
    pub(super) fn fetch(&mut self, id: u32) {
        if S::RARE && self.has_just_failed(id) {
            return self.fail_call(id, Cause::Remembered);
        }
        if self.journeys[id].leader == NONE {
            let Journey { instance, is_alone, .. } = self.journeys[id];
            if self.coalesces_fetches(instance) && !(S::RARE && is_alone) {
                if self.join_or_lead(id) {
                    return self.watch_patience(id);
                }
            } else {
                self.journeys.lead(id, false, self.now);
            }
        }
        debug_assert_eq!(self.journeys[id].leader, id, "who waits for a call does not make it");
        self.watch_patience(id);
        self.begin_fetch(id);
    }

    /// Whether the instance of a journey remembers that a read of its key has failed.
    fn has_just_failed(&self, id: u32) -> bool {
        let Journey { instance, key, .. } = self.journeys[id];
        let failures = self.calls.failures.as_ref();
        failures.is_some_and(|failures| failures.has(instance, key, self.now))
    }

    /// The last attempt of a call has failed.
    fn give_up(&mut self, id: u32, cause: Cause) {
        let Journey { instance, key, errand, .. } = self.journeys[id];
        if S::RARE
            && errand != Errand::Write
            && let Some(failures) = &mut self.calls.failures
        {
            failures.note(instance, key, self.now);
        }
        self.fail_call(id, cause);
    }

    /// Whether fetches of one key in this instance become one call.
    #[inline(always)]
    fn coalesces_fetches(&self, instance: u32) -> bool {
        self.calls.are_grouped
            && (!S::RARE || matches!(self.model_of(instance).coalescing, Coalescing::Singleflight { .. }))
    }

    /// Joins the call of this instance and key, or leads one; returns whether it joined.
    #[inline(always)]
    pub(super) fn join_or_lead(&mut self, id: u32) -> bool {
        let Journey { instance, key, exists, gone, fill_from, .. } = self.journeys[id];
        let leader = *self.calls.groups.entry(group(instance, key, exists), id);
        if leader == id {
            self.journeys.lead(id, true, self.now);
            return false;
        }
        let lead = &mut self.journeys[leader];
        let last = std::mem::replace(&mut lead.last, id);
        lead.call_fill_from = lead.call_fill_from.min(fill_from);
        if let Some(lead) = self.lead_mut(leader) {
            lead.live += u32::from(!gone);
        }
        self.journeys[last].next = id;
        self.journeys[id].leader = leader;
        self.way_follows(id, self.now);
        true
    }

    /// The call reaches the database.
    #[inline(always)]
    pub(super) fn begin_fetch(&mut self, id: u32) {
        let journey = &mut self.journeys[id];
        journey.fetching = true;
        let Journey { key, instance, errand, .. } = *journey;
        let now = self.now;
        if let Some(lead) = self.lead_mut(id) {
            lead.called_ns = now;
        }
        if S::PLAIN || errand != Errand::Write {
            self.begin_stampede(key);
        }
        if S::RARE && errand == Errand::Warm {
            self.totals.warm_fetches += 1;
        }
        if !S::PLAIN
            && let Some(budget) = self.database.budgets.get_mut(instance as usize)
        {
            budget.deposit();
        }
        if S::PLAIN {
            return self.send_attempt(id);
        }
        let generation = self.journeys.generation(id);
        self.send_attempt(id);
        if self.crashes.is_any_doomed() && self.journeys.is(id, generation) {
            self.meet_doom(id);
        }
    }

    /// An attempt that a call counts on has failed: once more, or the end, unless there is another beside it.
    #[inline(never)]
    pub(super) fn attempt_failed(&mut self, id: u32, attempt: u32, cause: Cause) {
        self.watch.cause = Some(cause);
        let retries = &self.model_of(self.journeys[id].instance).database.retries;
        let Some(lead) = self.journeys.leads.get_mut(id) else { return self.give_up(id, cause) };
        let other = if lead.hedge == attempt { lead.attempt } else { lead.hedge };
        (lead.attempt, lead.hedge) = (other, NONE);
        if other != NONE {
            return;
        }
        let attempts_made = lead.attempts_made;
        if attempts_made >= retries.attempts || lead.live == 0 {
            return self.give_up(id, cause);
        }
        let instance = self.journeys[id].instance;
        if let Some(budget) = self.database.budgets.get_mut(instance as usize)
            && !budget.withdraw()
        {
            self.totals.db_retries_refused += 1;
            return self.give_up(id, cause);
        }
        let base_ns = retries.backoff_ns as f64;
        let growth = libm::pow(retries.factor, f64::from(attempts_made - 1));
        // Many attempts grow beyond every number, and infinity times nothing is no number.
        let grown = if base_ns == 0.0 { 0.0 } else { growth * base_ns };
        let capped = grown.min(retries.max_backoff_ns as f64);
        let random = if retries.jitter > 0.0 { unit_open_zero(&mut self.backoff_dice) } else { 1.0 };
        let wait_ns = round_ns(capped * (1.0 - retries.jitter + retries.jitter * random));
        // An event even where there is nothing to wait for: many retries at one instant must not nest.
        self.way_backs_off(id);
        let at = self.now.saturating_add(wait_ns);
        self.schedule(GENERAL, at, Kind::CallIsRetried, id, self.journeys.generation(id));
    }

    /// The backoff is over.
    #[inline(never)]
    pub(super) fn retry(&mut self, id: u32) {
        if self.journeys[id].dead {
            return;
        }
        self.totals.db_retries += 1;
        self.send_attempt(id);
    }

    /// The database has answered: fill, then wake all who wait.
    #[inline(always)]
    pub(super) fn land(&mut self, id: u32, value: Value) {
        self.end_call(id);
        if !S::PLAIN && self.journeys[id].errand == Errand::Write {
            return self.transaction_is_over(id, value);
        }
        if S::RARE
            && let Some(failures) = &mut self.calls.failures
        {
            let Journey { instance, key, .. } = self.journeys[id];
            failures.forget(instance, key);
        }
        self.fill_after_fetch(id, value);
        if S::RARE && self.journeys[id].next != NONE && self.is_uncacheable(id) {
            return self.answer_one(id, value);
        }
        self.wake(id, Outcome::Miss, None, value);
    }

    fn is_uncacheable(&self, id: u32) -> bool {
        !self.model.workload.classes[usize::from(self.journeys[id].class)].cacheable
    }

    /// An answer that cannot be cached is for the leader alone. Who waited for it goes on: to calls of their own where a tier remembers
    /// that, else one of them leads the next call and the others wait again.
    #[inline(never)]
    fn answer_one(&mut self, id: u32, value: Value) {
        let Journey { instance, mut next, .. } = self.journeys[id];
        self.end_read(id, Outcome::Miss, None, value);
        let revision = self.revision(instance);
        let is_known = self.tiers.iter().any(|tier| tier.rules(revision).hit_for_miss_ns.is_some());
        while next != NONE {
            let waiting = next;
            let journey = &mut self.journeys[waiting];
            next = journey.next;
            (journey.next, journey.leader, journey.is_alone) = (NONE, NONE, is_known);
            if !self.has_given_up(waiting) {
                self.fetch(waiting);
            }
        }
    }

    #[inline(always)]
    fn fill_after_fetch(&mut self, id: u32, value: Value) {
        let Journey { key, class, instance, exists, call_fill_from, unfilled, .. } = self.journeys[id];
        let info = self.info_of(instance, key, usize::from(class));
        if !S::PLAIN && exists && !info.is_negative(value.version) {
            return;
        }
        let left_ns = self.left_ns(id);
        let called_ns = self.lead(id).called_ns;
        let token = self.extras(id).token;
        for level in filled(call_fill_from, self.tiers.len(), unfilled) {
            let left_ns = match left_ns[level] {
                0 => called_ns,
                left_ns => left_ns,
            };
            self.fill(level, instance, info, value, self.now - left_ns.min(self.now), token);
        }
    }

    /// A tier has answered the lookup that others waited for.
    #[inline(never)]
    pub(super) fn land_from_tier(&mut self, id: u32, level: usize, outcome: Outcome, value: Value) {
        self.end_call(id);
        let Journey { key, class, instance, exists, call_fill_from, unfilled, .. } = self.journeys[id];
        let info = self.info_of(instance, key, usize::from(class));
        let brings = !exists || info.is_negative(value.version);
        let below = if brings { level } else { 0 };
        self.fill_above(id, filled(call_fill_from, below, unfilled), instance, info, value);
        self.wake(id, outcome, Some(level), value);
    }

    /// An answer came after its attempt was given up.
    #[inline(never)]
    pub(super) fn fill_late(&mut self, attempt: &Attempt) {
        let info = self.info_of(attempt.instance, attempt.key, usize::from(attempt.class));
        if attempt.exists && !info.is_negative(attempt.value.version) {
            return;
        }
        for level in filled(attempt.fill_from, self.tiers.len(), attempt.unfilled) {
            let delta_ns = self.now - attempt.called_ns;
            self.fill(level, attempt.instance, info, attempt.value, delta_ns, attempt.token);
        }
    }

    /// The call is over without a value.
    #[inline(never)]
    pub(super) fn fail_call(&mut self, id: u32, cause: Cause) {
        self.end_call(id);
        let mut waiting = id;
        while waiting != NONE {
            let next = self.journeys[waiting].next;
            self.end_in_error(waiting, cause);
            waiting = next;
        }
    }

    /// All who wait get the value. The leader's class is `outcome`; from the database the others are coalesced,
    /// from a tier they share it.
    #[inline(always)]
    fn wake(&mut self, leader: u32, outcome: Outcome, tier: Option<usize>, value: Value) {
        let mut waiting = leader;
        while waiting != NONE {
            let next = self.journeys[waiting].next;
            let outcome = if waiting != leader && tier.is_none() { Outcome::Coalesced } else { outcome };
            self.end_read(waiting, outcome, tier, value);
            waiting = next;
        }
    }

    /// Nobody joins the call any more, and it reads the database no more; those who wait are still there.
    #[inline(always)]
    fn end_call(&mut self, id: u32) {
        let Journey { instance, key, exists, grouped, .. } = self.journeys[id];
        if grouped {
            let name = group(instance, key, exists);
            debug_assert_eq!(self.calls.groups.get(name), Some(id), "another call has this one's place");
            self.calls.groups.remove(name);
            self.journeys[id].grouped = false;
        }
        if self.journeys[id].is_fetching() {
            self.end_stampede(key);
            self.journeys[id].fetching = false;
        }
    }

    /// A database read of the key begins: alone, or beside others of the same key.
    #[inline(always)]
    fn begin_stampede(&mut self, key: u32) {
        let (in_flight, started) = self.calls.fetching.entry(u64::from(key), (0, 0));
        *in_flight += 1;
        *started += 1;
        self.totals.db_fetches += 1;
        self.totals.db_duplicates += u64::from(*in_flight > 1);
    }

    /// A database read of the key is over; the last of those that overlap ends the stampede.
    #[inline(always)]
    fn end_stampede(&mut self, key: u32) {
        self.calls.fetches_ended += 1;
        let Some((in_flight, started)) = self.calls.fetching.get_mut(u64::from(key)) else { return };
        *in_flight -= 1;
        if *in_flight == 0 {
            let started = u64::from(*started);
            if self.recorder.measuring {
                self.recorder.stampedes.record(started);
            }
            self.calls.fetching.remove(u64::from(key));
        }
    }

    /// After a restart of an instance nobody joins the calls of the old process.
    pub(super) fn detach_groups(&mut self, instance: u32) {
        let leaders: Vec<u32> = (self.journeys.iter())
            .filter(|&(id, journey)| journey.leader == id && journey.grouped && journey.instance == instance)
            .map(|(id, _)| id)
            .collect();
        for id in leaders {
            let Journey { key, exists, .. } = self.journeys[id];
            self.calls.groups.remove(group(instance, key, exists));
            self.journeys[id].grouped = false;
        }
    }
}
