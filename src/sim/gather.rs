//! Reads of several keys: every key goes its own way, and the request ends with the last of them.

use super::answer::{Read, Staleness};
use super::engine::{Engine, Kind};
use super::queue::GENERAL;
use super::read::{Walk, answer_in_process};
use super::slab::NONE;
use super::store::Value;
use crate::measure::recorder::{Cause, Outcome};
use crate::model::{MAX_TIERS, Nanos};
use crate::policy::freshness::Renewal;

/// A request that waits for several keys.
#[derive(Debug)]
pub(super) struct Gather {
    so_far: Gathered,
    /// Slot and generation of the walks that set out when the tiers in the process have been asked.
    waiting: Vec<(u32, u32)>,
}

/// What is known of it.
#[derive(Clone, Copy, Debug)]
struct Gathered {
    start_ns: Nanos,
    window: u32,
    class: u8,
    exists: bool,
    user: u32,
    /// Keys not yet answered.
    pending: u32,
    /// The worst so far.
    outcome: Outcome,
    cause: Cause,
    staleness: Staleness,
}

impl Engine<'_> {
    /// A read of several keys arrives. All of them are looked up in the tiers of the process, one after the other; for
    /// what is not there all set out at once.
    pub(super) fn fan_out(&mut self, walk: Walk) {
        let class = usize::from(walk.class);
        let mut keys = std::mem::take(&mut self.gathered_keys);
        let mut gathered = Gathered {
            start_ns: walk.start_ns,
            window: walk.window,
            class: walk.class,
            exists: walk.exists,
            user: walk.user,
            pending: keys.len() as u32,
            outcome: Outcome::Hit,
            cause: Cause::Deadline,
            staleness: Staleness::default(),
        };
        let mut at = walk.start_ns;
        let mut level = 0;
        let mut left_ns = [0; MAX_TIERS];
        while !keys.is_empty() && self.tiers.get(level).is_some_and(|tier| tier.shared.is_none()) {
            let asked_ns = at;
            let mut missed = 0;
            for place in 0..keys.len() {
                let key = keys[place];
                let info = self.info(key, class);
                let tier = &mut self.tiers[level];
                let found = tier.find(walk.instance as usize, info, walk.exists, asked_ns, &self.tables);
                at += tier.access_ns;
                tier.totals.lookups += 1;
                let Some((outcome, value, renewal)) = answer_in_process(found, info, walk.exists) else {
                    keys[missed] = key;
                    missed += 1;
                    continue;
                };
                tier.totals.hits += 1;
                let acknowledged = self.versions.acknowledged(key);
                let read = Walk { key, acknowledged, ..walk }.read();
                let staleness = self.record_key(read, outcome, Some(level), value, asked_ns);
                gathered.note(outcome, staleness);
                if renewal == Renewal::Background {
                    self.refresh(level, walk.instance, info, 0);
                }
            }
            keys.truncate(missed);
            left_ns[level] = at;
            level += 1;
        }
        if keys.is_empty() {
            if let Some((after_ns, _)) = self.deadline
                && at - walk.start_ns > after_ns
            {
                (gathered.outcome, at) = (Outcome::Error, walk.start_ns + after_ns);
            }
            self.record_gathered(&gathered, at);
            self.stay_in_system_until(at);
            self.user_thinks(gathered.user, at);
        } else {
            self.change_in_system(1);
            let id = self.gathers.insert(Gather { so_far: gathered, waiting: Vec::new() });
            let mut walks = Vec::with_capacity(keys.len());
            for &key in &keys {
                let acknowledged = self.versions.acknowledged(key);
                let walk =
                    Walk { key, gather: id, level: level as u8, left_ns, acknowledged, user: NONE, ..walk };
                let id = self.walks.insert(walk);
                let generation = self.walks.generation(id);
                // All have the same deadline: with the last of them the request has met it.
                if let Some((after, lane)) = self.deadline {
                    self.queue.push(
                        lane,
                        walk.start_ns + after,
                        Kind::WalkMeetsDeadline as u8,
                        id,
                        generation,
                    );
                }
                walks.push((id, generation));
            }
            self.gathers[id].waiting = walks;
            if at == self.now {
                self.gather_sets_out(id);
            } else {
                let generation = self.gathers.generation(id);
                self.queue.push(GENERAL, at, Kind::GatherSetsOut as u8, id, generation);
            }
        }
        self.gathered_keys = keys;
    }

    /// The tiers in the process have been asked.
    pub(super) fn gather_sets_out(&mut self, id: u32) {
        let waiting = std::mem::take(&mut self.gathers[id].waiting);
        if self.gathers[id].so_far.pending == 0 {
            self.gathers.remove(id);
        }
        // Those of an instance that has crashed are gone.
        let walks: Vec<u32> = (waiting.iter())
            .filter(|&&(walk, generation)| self.walks.is(walk, generation))
            .map(|&(walk, _)| walk)
            .collect();
        self.set_out(&walks);
    }

    /// A key has its answer; what the request as a whole needs to know of it.
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

    /// A walk for one key of a request has come to its end.
    pub(super) fn key_is_answered(
        &mut self,
        walk: &Walk,
        outcome: Outcome,
        tier: Option<usize>,
        value: Value,
    ) {
        let staleness = self.record_key(walk.read(), outcome, tier, value, self.now);
        self.gathers[walk.gather].so_far.note(outcome, staleness);
        self.close_if_complete(walk.gather);
    }

    /// One key of a request will not be answered.
    pub(super) fn key_fails(&mut self, walk: &Walk, cause: Cause) {
        self.recorder.count_key(walk.start_ns, Outcome::Error);
        let gathered = &mut self.gathers[walk.gather].so_far;
        if gathered.outcome != Outcome::Error {
            gathered.cause = cause;
        }
        gathered.note(Outcome::Error, Staleness::default());
        self.close_if_complete(walk.gather);
    }

    fn close_if_complete(&mut self, id: u32) {
        let gathered = self.gathers[id].so_far;
        if gathered.pending > 0 {
            return;
        }
        // What still waits to set out is cleared away then.
        if self.gathers[id].waiting.is_empty() {
            self.gathers.remove(id);
        }
        self.record_gathered(&gathered, self.now);
        self.change_in_system(-1);
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
        let walks = self.walks.iter().filter(|(_, walk)| walk.gather != NONE && !walk.gone).count() as u64;
        if pending == walks {
            Ok(())
        } else {
            Err(format!("requests wait for {pending} keys, {walks} are on their way"))
        }
    }
}

impl Gathered {
    /// One key more has come to its end. From a hit to an error outcomes are numbered by how bad they are.
    fn note(&mut self, outcome: Outcome, staleness: Staleness) {
        self.pending -= 1;
        if outcome as u8 > self.outcome as u8 {
            self.outcome = outcome;
        }
        let Staleness { superseded_ns, is_behind } = &mut self.staleness;
        *is_behind |= staleness.is_behind;
        *superseded_ns = match (*superseded_ns, staleness.superseded_ns) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}
