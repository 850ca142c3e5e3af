//! The end of a request: its answer, and its entries in the books.

use super::core::Core;
use crate::measure::recorder::{Cause, Outcome};
use crate::model::Nanos;
use crate::sim::parts::call_map::triple;
use crate::sim::parts::journey::{Errand, Journey};
use crate::sim::parts::reading::{Read, Staleness, hit};
use crate::sim::parts::system::System;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

impl<S: System> Core<'_, S> {
    /// Ends a journey with an answer.
    #[inline(always)]
    pub(super) fn end_read(&mut self, id: u32, outcome: Outcome, tier: Option<usize>, value: Value) {
        let Journey { errand, gone, fill_from, instance, key, .. } = self.journeys[id];
        match errand {
            _ if S::PLAIN => {
                self.record_read(self.reading(id), outcome, tier, value, self.now);
                self.in_system.go(self.now);
            }
            Errand::Refresh => self.calls.refreshing.remove(triple(usize::from(fill_from), instance, key)),
            Errand::Warm => self.key_is_warm(id, value),
            Errand::Read if !gone => {
                let gather = self.extras(id).gather;
                if gather == NONE {
                    self.record_read(self.reading(id), outcome, tier, value, self.now);
                    self.way_ends(id, outcome, None, self.now);
                    self.leave(id);
                } else {
                    self.key_is_answered(id, gather, outcome, tier, value);
                }
            }
            Errand::Read | Errand::Write | Errand::Other => {}
        }
        self.journeys.remove(id);
    }

    /// The fields of a journey that the recorder needs.
    #[inline(always)]
    pub(super) fn reading(&self, id: u32) -> Read {
        let Journey { start_ns, key, window, class, exists, .. } = self.journeys[id];
        let acknowledged = self.extras(id).acknowledged;
        Read { start_ns, key, window, class: usize::from(class), exists, acknowledged }
    }

    /// Whether nobody but the caller of this read gets its answer: no tier above, no other request.
    #[inline]
    pub(super) fn is_lone_read(&self, id: u32, level: usize) -> bool {
        let Journey { errand, fill_from, leader, .. } = self.journeys[id];
        if S::PLAIN {
            return level == 0;
        }
        errand == Errand::Read
            && usize::from(fill_from) == level
            && leader == NONE
            && !self.has_waited_for_lease(id)
            && self.extras(id).gather == NONE
    }

    /// Ends a lone read with a hit that reaches its caller at an instant to come.
    #[inline(always)]
    pub(super) fn end_read_at(&mut self, id: u32, level: usize, value: Value, at: Nanos) {
        let (read, user, instance) = (self.reading(id), self.extras(id).user, self.journeys[id].instance);
        let outcome = hit(self.info(read.key, read.class), value);
        self.way_ends(id, outcome, None, at);
        self.journeys.remove(id);
        self.record_read(read, outcome, Some(level), value, at);
        self.in_system.go(self.now);
        self.in_system.stay(self.now, at);
        self.free_worker_at(instance, at);
        self.user_thinks(user, at);
    }

    /// Ends a journey without an answer.
    #[inline(never)]
    pub(super) fn end_in_error(&mut self, id: u32, cause: Cause) {
        if self.ends_on_fallback(id, cause) {
            return;
        }
        let Journey { errand, gone, fill_from, instance, key, .. } = self.journeys[id];
        match errand {
            Errand::Refresh => self.calls.refreshing.remove(triple(usize::from(fill_from), instance, key)),
            Errand::Warm => self.warming_fails(id),
            _ if !gone => self.record_error(id, cause),
            _ => {}
        }
        self.journeys.remove(id);
    }

    #[inline(never)]
    pub(super) fn record_error(&mut self, id: u32, cause: Cause) {
        self.watch.cause = Some(cause);
        let gather = self.extras(id).gather;
        let Journey { start_ns, window, class, exists, .. } = self.journeys[id];
        if gather != NONE {
            return self.key_fails(id, gather, cause);
        }
        if start_ns >= self.recorder.warmup_ns {
            self.recorder.causes[cause as usize] += 1;
        }
        let latency_ns = self.now - start_ns;
        self.recorder.finish(start_ns, latency_ns, window, usize::from(class), Outcome::Error);
        if exists {
            self.recorder.finish_check(start_ns, latency_ns, Outcome::Error);
        }
        self.way_ends(id, Outcome::Error, Some(cause), self.now);
        self.leave(id);
    }

    /// A request leaves the system; its worker is free, and its user thinks.
    #[inline(always)]
    pub(super) fn leave(&mut self, id: u32) {
        self.in_system.go(self.now);
        if S::RARE && self.workers.is_some() {
            self.free_worker(self.journeys[id].instance);
        }
        if !S::PLAIN && self.incoming.think.is_some() {
            self.user_thinks(self.extras(id).user, self.now);
        }
    }

    #[inline(always)]
    pub(super) fn record_read(
        &mut self,
        read: Read,
        outcome: Outcome,
        tier: Option<usize>,
        value: Value,
        at: Nanos,
    ) {
        let Read { start_ns, window, class, .. } = read;
        self.recorder.finish(start_ns, at - start_ns, window, class, outcome);
        if !S::PLAIN && self.are_answers_judged {
            return self.judge_read(read, outcome, tier, value, at);
        }
        if let Some(tier) = tier
            && start_ns >= self.recorder.warmup_ns
        {
            self.recorder.tier_hits[tier] += 1;
        }
    }

    #[inline(never)]
    fn judge_read(&mut self, read: Read, outcome: Outcome, tier: Option<usize>, value: Value, at: Nanos) {
        let Read { start_ns, exists, .. } = read;
        self.recorder.count_key(start_ns, outcome);
        if exists {
            self.recorder.finish_check(start_ns, at - start_ns, outcome);
        }
        if start_ns < self.recorder.warmup_ns {
            return;
        }
        let staleness = self.judge(read, value, at);
        self.record_by_tier(start_ns, tier, staleness);
        self.record_staleness(start_ns, staleness);
    }

    /// Holds an answer against the database; of a read of the measured part.
    #[inline(always)]
    pub(super) fn judge(&mut self, read: Read, value: Value, at: Nanos) -> Staleness {
        let Read { start_ns, key, class, exists, acknowledged, .. } = read;
        if self.model.measure.value_age && !exists {
            self.recorder.value_age_max_ns = self.recorder.value_age_max_ns.max(at - value.read_ns);
        }
        let negative = self.info(key, class).is_negative(value.version);
        // A phantom is neither old nor new: it is not known yet whether it will ever have been there.
        if !exists && self.may_serve_phantoms && self.versions.read_reserved(value.version) {
            return Staleness::default();
        }
        // That a row exists stays true of its next version.
        let superseded_ns = (self.versions.superseded_ns(key, value.version))
            .filter(|&superseded_ns| superseded_ns < start_ns && (!exists || negative));
        if let (true, Some(superseded_ns)) = (negative, superseded_ns) {
            self.recorder.note_invisible(key, superseded_ns, start_ns);
        }
        let is_behind = acknowledged > 0 && !exists && self.versions.sequence(value.version) < acknowledged;
        Staleness { superseded_ns, is_behind }
    }

    /// Who answered a key, and how stale.
    #[inline(always)]
    pub(super) fn record_by_tier(&mut self, start_ns: Nanos, tier: Option<usize>, staleness: Staleness) {
        if let Some(tier) = tier {
            self.recorder.tier_hits[tier] += 1;
        }
        if let Some(superseded_ns) = staleness.superseded_ns {
            self.recorder.stale += 1;
            let from = tier.unwrap_or(self.tiers.len());
            if let Some(ages) = self.recorder.stale_age_by_tier.get_mut(from) {
                ages.record(start_ns - superseded_ns);
            }
        }
    }

    /// How stale a request was answered.
    #[inline(always)]
    pub(super) fn record_staleness(&mut self, start_ns: Nanos, staleness: Staleness) {
        self.recorder.stale_acknowledged += u64::from(staleness.is_behind);
        if let Some(superseded_ns) = staleness.superseded_ns {
            self.recorder.stale_age.record(start_ns - superseded_ns);
        }
    }

    /// At the end of the drain: requests still in flight count as unfinished, at their age.
    pub(super) fn end_unfinished(&mut self) {
        self.ways_end_unfinished();
        self.waits_end_unfinished();
        let journeys = (self.journeys.iter())
            .filter(|(_, journey)| !journey.gone && journey.errand.is_of_a_request())
            .filter(|&(id, _)| self.extras(id).gather == NONE)
            .map(|(_, journey)| (journey.start_ns, journey.window, journey.class, journey.exists));
        let unstarted =
            self.unstarted().map(|journey| (journey.start_ns, journey.window, journey.class, journey.exists));
        let mut unfinished: Vec<_> = journeys.chain(self.unfinished_gathers()).chain(unstarted).collect();
        unfinished.sort_unstable();
        for (start_ns, window, class, exists) in unfinished {
            let age_ns = self.now - start_ns;
            self.recorder.finish(start_ns, age_ns, window, usize::from(class), Outcome::Unfinished);
            if exists {
                self.recorder.finish_check(start_ns, age_ns, Outcome::Unfinished);
            }
            self.in_system.go(self.now);
        }
    }
}
