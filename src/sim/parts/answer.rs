//! The end of a read: what it was told, and what the books say of that.

use super::engine::Engine;
use super::index::triple;
use super::read::{Errand, Walk};
use super::slab::NONE;
use super::store::Value;
use super::tier::KeyInfo;
use crate::measure::recorder::{Cause, Outcome};
use crate::model::Nanos;

/// What the recorder needs to know of a read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub start_ns: Nanos,
    pub key: u32,
    pub window: u32,
    pub class: usize,
    pub exists: bool,
    /// Number of the newest commit of the key that was acknowledged when it started.
    pub acknowledged: u64,
}

/// How far an answer was behind the database.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Staleness {
    /// When what it told was superseded; none: not before the read started.
    pub superseded_ns: Option<Nanos>,
    /// Something newer had been acknowledged when the read started.
    pub is_behind: bool,
}

/// The class of a read that finds an entry within its time to live.
#[inline]
pub(super) fn hit(info: KeyInfo, value: Value) -> Outcome {
    if info.is_negative(value.version) { Outcome::NegativeHit } else { Outcome::Hit }
}

impl Engine<'_> {
    /// Ends a walk with an answer.
    pub(super) fn end_read(&mut self, id: u32, outcome: Outcome, tier: Option<usize>, value: Value) {
        let walk = self.walks[id];
        match walk.errand {
            Errand::Refresh => {
                self.refreshing.remove(triple(usize::from(walk.fill_from), walk.instance, walk.key));
            }
            Errand::Read if !walk.gone && walk.gather != NONE => {
                self.key_is_answered(&walk, outcome, tier, value);
            }
            Errand::Read if !walk.gone => {
                self.record_read(walk.read(), outcome, tier, value, self.now);
                self.leave(&walk);
            }
            Errand::Read | Errand::Write => {}
        }
        self.walks.remove(id);
    }

    /// Whether nobody but the caller of this read gets its answer: no tier above, no other request.
    #[inline]
    pub(super) fn is_lone_read(&self, id: u32, level: u8) -> bool {
        let walk = &self.walks[id];
        walk.errand == Errand::Read
            && walk.fill_from == level
            && walk.flight == NONE
            && walk.waiting_since.is_none()
            && walk.gather == NONE
    }

    /// Ends a lone read with a hit that reaches its caller at an instant to come.
    #[inline]
    pub(super) fn end_read_at(&mut self, id: u32, level: usize, value: Value, at: Nanos) {
        let walk = &self.walks[id];
        let (read, user) = (walk.read(), walk.user);
        let outcome = hit(self.info(read.key, read.class), value);
        self.walks.remove(id);
        self.record_read(read, outcome, Some(level), value, at);
        self.change_in_system(-1);
        self.stay_in_system_until(at);
        self.user_thinks(user, at);
    }

    /// Ends a walk without an answer.
    pub(super) fn end_in_error(&mut self, id: u32, cause: Cause) {
        let walk = self.walks[id];
        match walk.errand {
            Errand::Refresh => {
                self.refreshing.remove(triple(usize::from(walk.fill_from), walk.instance, walk.key));
            }
            _ if !walk.gone => self.record_error(&walk, cause),
            _ => {}
        }
        self.walks.remove(id);
    }

    pub(super) fn record_error(&mut self, walk: &Walk, cause: Cause) {
        self.watch.cause = Some(cause);
        if walk.gather != NONE {
            return self.key_fails(walk, cause);
        }
        if walk.start_ns >= self.recorder.warmup_ns {
            self.recorder.causes[cause as usize] += 1;
        }
        let latency_ns = self.now - walk.start_ns;
        self.recorder.finish(walk.start_ns, latency_ns, walk.window, usize::from(walk.class), Outcome::Error);
        if walk.exists {
            self.recorder.finish_check(walk.start_ns, latency_ns, Outcome::Error);
        }
        self.leave(walk);
    }

    /// A request leaves the system; its user thinks.
    pub(super) fn leave(&mut self, walk: &Walk) {
        self.change_in_system(-1);
        self.user_thinks(walk.user, self.now);
    }

    #[inline]
    pub(super) fn record_read(
        &mut self,
        read: Read,
        outcome: Outcome,
        tier: Option<usize>,
        value: Value,
        at: Nanos,
    ) {
        let Read { start_ns, window, class, exists, .. } = read;
        self.recorder.finish(start_ns, at - start_ns, window, class, outcome);
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
    #[inline]
    pub(super) fn judge(&mut self, read: Read, value: Value, at: Nanos) -> Staleness {
        let Read { start_ns, key, class, exists, acknowledged, .. } = read;
        if self.model.measure.value_age && !exists {
            self.recorder.value_age_max_ns = self.recorder.value_age_max_ns.max(at - value.read_ns);
        }
        let negative = self.info(key, class).is_negative(value.version);
        // A phantom is neither old nor new: it is not known yet whether it will ever have been there.
        if !exists && self.model.may_serve_phantoms() && self.versions.read_reserved(value.version) {
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
    #[inline]
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
    #[inline]
    pub(super) fn record_staleness(&mut self, start_ns: Nanos, staleness: Staleness) {
        self.recorder.stale_acknowledged += u64::from(staleness.is_behind);
        if let Some(superseded_ns) = staleness.superseded_ns {
            self.recorder.stale_age.record(start_ns - superseded_ns);
        }
    }

    /// At the end of the drain: what is still under way counts as unfinished, at its age.
    pub(super) fn end_unfinished(&mut self) {
        let walks = self
            .walks
            .iter()
            .map(|(_, walk)| walk)
            .filter(|walk| !walk.gone && walk.errand != Errand::Refresh && walk.gather == NONE)
            .map(|walk| (walk.start_ns, walk.window, walk.class, walk.exists));
        let plain = self.plain.under_way().map(|(start_ns, window, class)| (start_ns, window, class, false));
        let mut unfinished: Vec<_> = walks.chain(plain).chain(self.unfinished_gathers()).collect();
        unfinished.sort_unstable();
        for (start_ns, window, class, exists) in unfinished {
            let age_ns = self.now - start_ns;
            self.recorder.finish(start_ns, age_ns, window, usize::from(class), Outcome::Unfinished);
            if exists {
                self.recorder.finish_check(start_ns, age_ns, Outcome::Unfinished);
            }
            self.change_in_system(-1);
        }
    }
}
