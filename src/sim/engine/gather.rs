//! Reads of several keys: every key goes its own way, and the request ends with the last of them.

use super::core::Core;
use super::kind::Kind;
use crate::measure::recorder::{Cause, Outcome};
use crate::model::{MAX_TIERS, Nanos};
use crate::policy::freshness::Renewal;
use crate::sim::parts::gather::{Gather, Gathered};
use crate::sim::parts::journey::{Extras, Journey, Left};
use crate::sim::parts::reading::{Read, Staleness, answer_in_process};
use crate::sim::parts::system::System;
use crate::sim::parts::tier::Look;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

impl<S: System> Core<'_, S> {
    /// A read of several keys arrives. All of them are looked up in the tiers of the process, one after the other; for
    /// what is not there all set out at once.
    #[inline(never)]
    pub(super) fn fan_out(&mut self, journey: Journey, user: u32) {
        let Journey { start_ns, instance, window, exists, .. } = journey;
        let class = usize::from(journey.class);
        let mut keys = std::mem::take(&mut self.incoming.gathered_keys);
        let mut gathered = Gathered {
            start_ns,
            window,
            class: journey.class,
            exists,
            user,
            pending: keys.len() as u32,
            outcome: Outcome::Hit,
            cause: Cause::Deadline,
            staleness: Staleness::default(),
        };
        let mut fallbacks: Vec<(u32, usize, Value)> = Vec::new();
        let mut alone: Vec<u32> = Vec::new();
        let mut at = self.now;
        let mut level = self.level_from(class, 0);
        self.scratch_sets_out(start_ns);
        let mut left_ns: Left = [0; MAX_TIERS];
        while !keys.is_empty() && self.tiers.get(level).is_some_and(|tier| tier.shared.is_none()) {
            let asked_ns = at;
            self.scratch_enters(level, at);
            let mut missed = 0;
            for place in 0..keys.len() {
                let key = keys[place];
                let info = self.info_of(instance, key, class);
                let tier = &mut self.tiers[level];
                let found = tier.find_near(instance as usize, info, exists, 0, asked_ns, &self.tables);
                at += tier.access_ns;
                tier.totals.lookups += 1;
                let Some((outcome, value, renewal)) = answer_in_process(found, info, exists) else {
                    if S::RARE && found == Look::Uncacheable {
                        alone.push(key);
                    }
                    if S::RARE
                        && let Look::Fallback { value } = found
                    {
                        fallbacks.push((key, level, value));
                    }
                    keys[missed] = key;
                    missed += 1;
                    continue;
                };
                tier.totals.hits += 1;
                let acknowledged = self.versions.acknowledged(key);
                let read = Read { start_ns, key, window, class, exists, acknowledged };
                let staleness = self.record_key(read, outcome, Some(level), value, asked_ns);
                gathered.note(outcome, staleness);
                if renewal == Renewal::Background {
                    self.refresh(level, instance, info, 0);
                }
            }
            keys.truncate(missed);
            left_ns[level] = at;
            level = self.level_from(class, level + 1);
        }
        if keys.is_empty() {
            if let Some((after_ns, _)) = self.deadline_of(instance)
                && at - start_ns > after_ns
            {
                (gathered.outcome, at) = (Outcome::Error, start_ns + after_ns);
            }
            self.record_gathered(&gathered, at);
            self.scratch_ends(&journey, &gathered, at);
            self.in_system.stay(self.now, at);
            self.free_worker_at(instance, at);
            self.user_thinks(gathered.user, at);
        } else {
            self.in_system.come(self.now);
            let id = self.gathers.insert(Gather { so_far: gathered, waiting: Vec::new() });
            let mut waiting = Vec::with_capacity(keys.len());
            for &key in &keys {
                let acknowledged = self.versions.acknowledged(key);
                let extras = Extras { acknowledged, gather: id, ..Extras::default() };
                let unfilled = if S::RARE { self.bypassed[class] } else { 0 };
                let is_alone = S::RARE && alone.contains(&key);
                let journey = Journey { key, level: level as u8, unfilled, is_alone, ..journey };
                let id = self.journeys.insert(journey, extras, left_ns);
                if S::RARE
                    && let Some(&(_, level, value)) = fallbacks.iter().find(|of| of.0 == key)
                {
                    self.note_fallback(id, level, value);
                }
                self.way_begins_as_scratch(id, start_ns);
                // All have the same deadline: with the last of them the request has met it.
                self.watch_deadline(id, start_ns);
                waiting.push((id, self.journeys.generation(id)));
            }
            self.gathers[id].waiting = waiting;
            if at == self.now {
                self.gather_sets_out(id);
            } else {
                let generation = self.gathers.generation(id);
                self.schedule(GENERAL, at, Kind::GatherSetsOut, id, generation);
            }
        }
        self.incoming.gathered_keys = keys;
    }

    /// The tiers in the process have been asked.
    #[inline(never)]
    pub(super) fn gather_sets_out(&mut self, id: u32) {
        let waiting = std::mem::take(&mut self.gathers[id].waiting);
        if self.gathers[id].so_far.pending == 0 {
            self.gathers.remove(id);
        }
        // Those of an instance that has crashed are gone.
        let journeys: Vec<u32> = (waiting.iter())
            .filter(|&&(id, generation)| self.journeys.is(id, generation))
            .map(|&(id, _)| id)
            .collect();
        self.set_out(&journeys);
    }

    /// A key has its answer, which is added to that of the request as a whole.
    fn record_key(
        &mut self,
        read: Read,
        outcome: Outcome,
        tier: Option<usize>,
        value: Value,
        at: Nanos,
    ) -> Staleness {
        self.recorder.count_key(read.start_ns, outcome);
        if read.start_ns < self.recorder.warmup_ns {
            return Staleness::default();
        }
        let staleness = self.judge(read, value, at);
        self.record_by_tier(read.start_ns, tier, staleness);
        staleness
    }

    /// The journey for one key of a request has come to its end.
    #[inline(never)]
    pub(super) fn key_is_answered(
        &mut self,
        id: u32,
        gather: u32,
        outcome: Outcome,
        tier: Option<usize>,
        value: Value,
    ) {
        let staleness = self.record_key(self.reading(id), outcome, tier, value, self.now);
        self.gathers[gather].so_far.note(outcome, staleness);
        self.close_if_complete(id, gather);
    }

    /// One key of a request will not be answered.
    pub(super) fn key_fails(&mut self, id: u32, gather: u32, cause: Cause) {
        let start_ns = self.journeys[id].start_ns;
        self.recorder.count_key(start_ns, Outcome::Error);
        let gathered = &mut self.gathers[gather].so_far;
        if gathered.outcome != Outcome::Error {
            gathered.cause = cause;
        }
        gathered.note(Outcome::Error, Staleness::default());
        self.close_if_complete(id, gather);
    }

    /// Ends a request whose last key was that of this journey.
    fn close_if_complete(&mut self, last: u32, id: u32) {
        let gathered = self.gathers[id].so_far;
        if gathered.pending > 0 {
            return;
        }
        // What still waits to set out is cleared away then.
        if self.gathers[id].waiting.is_empty() {
            self.gathers.remove(id);
        }
        self.record_gathered(&gathered, self.now);
        self.way_ends_gathered(last, &gathered);
        self.in_system.go(self.now);
        self.free_worker(self.journeys[last].instance);
        self.user_thinks(gathered.user, self.now);
    }

    fn record_gathered(&mut self, gathered: &Gathered, at: Nanos) {
        let Gathered { start_ns, window, class, outcome, .. } = *gathered;
        let latency_ns = at - start_ns;
        self.recorder.finish(start_ns, latency_ns, window, usize::from(class), outcome);
        if gathered.exists {
            self.recorder.finish_check(start_ns, latency_ns, outcome);
        }
        if start_ns < self.recorder.warmup_ns {
            return;
        }
        match outcome {
            Outcome::Error => self.recorder.causes[gathered.cause as usize] += 1,
            _ => self.record_staleness(start_ns, gathered.staleness),
        }
    }

    /// Requests of several keys that are not answered at the end: start, window, class, whether they are checks.
    pub(super) fn unfinished_gathers(&self) -> impl Iterator<Item = (Nanos, u32, u8, bool)> {
        (self.gathers.iter())
            .map(|(_, gather)| gather.so_far)
            .filter(|gathered| gathered.pending > 0)
            .map(|gathered| (gathered.start_ns, gathered.window, gathered.class, gathered.exists))
    }

    /// Every key that is still counted on goes its way.
    pub(super) fn check_gathers(&self) -> Result<(), String> {
        let pending: u64 = self.gathers.iter().map(|(_, gather)| u64::from(gather.so_far.pending)).sum();
        let of_gathers = (self.journeys.iter())
            .filter(|&(id, journey)| !journey.gone && self.journeys.extras.get(id).gather != NONE)
            .count() as u64;
        if pending == of_gathers {
            Ok(())
        } else {
            Err(format!("requests wait for {pending} keys, {of_gathers} are on their way"))
        }
    }
}
