//! Fail-safe: a value past its time answers where the fetch of a new one fails or takes too long.

use super::core::Core;
use super::kind::Kind;
use crate::measure::recorder::{Cause, Outcome};
use crate::sim::parts::journey::{Errand, Fallback, Journey};
use crate::sim::parts::system::System;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

impl<S: System> Core<'_, S> {
    /// A tier has an old value for a read that goes on. The uppermost one counts.
    pub(super) fn note_fallback(&mut self, id: u32, level: usize, value: Value) {
        if let Some(fallback) = self.journeys.fallbacks.get_mut(id)
            && fallback.place == 0
        {
            *fallback = Fallback { value, place: level as u8 + 1 };
        }
    }

    fn fallback(&self, id: u32) -> Option<(usize, Value)> {
        if !S::RARE {
            return None;
        }
        let Fallback { value, place } = self.journeys.fallbacks.get(id);
        Some((usize::from(place.checked_sub(1)?), value))
    }

    /// The wait of a read for a fetch begins; with an old value at hand its caller waits for so long and no longer.
    #[inline]
    pub(super) fn watch_patience(&mut self, id: u32) {
        let Some((level, _)) = self.fallback(id) else { return };
        let Journey { instance, gone, .. } = self.journeys[id];
        if let Some((after_ns, lane)) = self.tiers[level].rules(self.revision(instance)).soft_timeout
            && !gone
        {
            let generation = self.journeys.generation(id);
            self.schedule(lane, self.now + after_ns, Kind::PatienceEnds, id, generation);
        }
    }

    /// The caller gets the old value; the fetch goes on for the sake of the entry.
    #[inline(never)]
    pub(super) fn patience_ends(&mut self, id: u32) {
        let Journey { gone, errand, .. } = self.journeys[id];
        let Some((level, value)) = self.fallback(id).filter(|_| !gone && errand == Errand::Read) else {
            return;
        };
        let gather = self.extras(id).gather;
        if gather == NONE {
            self.record_read(self.reading(id), Outcome::StaleHit, Some(level), value, self.now);
            self.way_ends(id, Outcome::StaleHit, None, self.now);
            self.leave(id);
        } else {
            self.key_is_answered(id, gather, Outcome::StaleHit, Some(level), value);
        }
        self.journeys[id].gone = true;
    }

    /// Whether a read whose fetch has failed ends with an old value. Its tier holds further attempts back for a while.
    pub(super) fn ends_on_fallback(&mut self, id: u32, cause: Cause) -> bool {
        if matches!(cause, Cause::Crash | Cause::Deadline) {
            return false;
        }
        let Some((level, value)) = self.fallback(id) else { return false };
        let Journey { key, class, instance, gone, errand, .. } = self.journeys[id];
        if errand != Errand::Read {
            return false;
        }
        let info = self.info_of(instance, key, usize::from(class));
        let tier = &mut self.tiers[level];
        let store = tier.store_of(instance, key, self.now);
        tier.note_failure(store, info, self.now);
        if gone {
            return false;
        }
        self.end_read(id, Outcome::StaleHit, Some(level), value);
        true
    }
}
