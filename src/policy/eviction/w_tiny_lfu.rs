//! W-TinyLFU (Einziger, Friedman, Manes: TinyLFU: A Highly Efficient Cache Admission Policy, ACM Transactions on
//! Storage 13(4), 2017): a window of 1 % of the capacity as LRU, the rest as segmented LRU (80 % protected); what leaves
//! the window stays only if it was requested more often than its victim.
//!
//! The adaptive one climbs the hill of its hit ratio with the size of the window (Einziger, Eytan, Friedman, Manes: Adaptive
//! Software Cache Management, Middleware 2018), with the steps of Caffeine 3.

use super::evict::{Evict, Room};
use super::list::Lists;
use super::sketch::Sketch;
use super::slots::Slots;
use crate::dice::Stream;

const WINDOW: usize = 0;
const PROBATION: usize = 1;
const PROTECTED: usize = 2;

/// With a window of a fixed size, or with one that `CLIMBS`.
#[derive(Debug)]
pub struct WTinyLfu<const CLIMBS: bool> {
    room: Room,
    climber: Climber,
    lists: Lists<3>,
    /// Key and list per slot.
    slots: Slots<(u32, u8)>,
    sketch: Sketch,
}

impl<const CLIMBS: bool> Evict for WTinyLfu<CLIMBS> {
    fn new(room: Room, _: Stream) -> WTinyLfu<CLIMBS> {
        let sketch = Sketch::new(room.known().unwrap_or(0));
        WTinyLfu { room, climber: Climber::new(), lists: Lists::new(), slots: Slots::new(), sketch }
    }
    #[inline]
    fn prepare(&mut self, key: u32) {
        self.sketch.count(key);
        self.counted(false);
    }
    #[inline]
    fn insert(&mut self, slot: u32, key: u32) {
        self.slots.set(slot, (key, WINDOW as u8));
        self.lists.push_newest(WINDOW, slot);
        while self.lists.len(WINDOW) > self.window() {
            let oldest = self.lists.oldest(WINDOW);
            self.transfer(WINDOW, PROBATION, oldest);
        }
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        let (key, list) = self.slots[slot];
        self.sketch.count(key);
        self.touch(slot, list);
        self.counted(true);
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.lists.remove(usize::from(self.slots[slot].1), slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let entries = self.room.at_eviction(self.lists.total());
        if entries as usize > 2 * self.sketch.width() {
            // Capacity in bytes: how many entries that is shows only now.
            self.sketch = Sketch::new(entries);
        }
        let main = if self.lists.len(PROBATION) > 0 { PROBATION } else { PROTECTED };
        let candidate = self.lists.oldest(WINDOW);
        let oldest = self.lists.oldest(main);
        let (list, slot) = if self.lists.len(main) == 0 {
            (WINDOW, candidate)
        } else if self.lists.len(WINDOW) < self.window() {
            (main, oldest)
        } else if self.sketch.estimate(self.slots[candidate].0) > self.sketch.estimate(self.slots[oldest].0) {
            self.transfer(WINDOW, PROBATION, candidate);
            (main, oldest)
        } else {
            (WINDOW, candidate)
        };
        self.lists.remove(list, slot);
        slot
    }
}

impl<const CLIMBS: bool> WTinyLfu<CLIMBS> {
    /// Entries that the window holds.
    #[inline]
    fn window(&self) -> u32 {
        match CLIMBS {
            false => self.room.share(1, 100),
            true => ((f64::from(self.room.entries()) * self.climber.window) as u32).max(1),
        }
    }

    /// Entries of the main region that are protected: 80 % of it. What a growing window takes, it takes from these.
    #[inline]
    fn protected(&self) -> u32 {
        let entries = self.room.entries();
        let main = entries - self.window().min(entries);
        match CLIMBS {
            false => (u64::from(main) * 4 / 5) as u32,
            true => main.saturating_sub((f64::from(entries) * PROBATION_SHARE) as u32),
        }
    }

    /// A use of an entry in this list.
    #[inline]
    fn touch(&mut self, slot: u32, list: u8) {
        if usize::from(list) != PROBATION {
            self.lists.move_to_newest(usize::from(list), slot);
            return;
        }
        self.transfer(PROBATION, PROTECTED, slot);
        self.demote();
    }

    /// Takes what is too much out of the protected segment.
    #[inline]
    fn demote(&mut self) {
        let protected = self.protected().max(1);
        while self.lists.len(PROTECTED) > protected {
            let oldest = self.lists.oldest(PROTECTED);
            self.transfer(PROTECTED, PROBATION, oldest);
        }
    }

    /// A request went by; with the last one of a sample the window is set anew.
    #[inline]
    fn counted(&mut self, hit: bool) {
        if CLIMBS && self.climber.is_sampled(hit, self.room.entries()) {
            self.climb();
        }
    }

    #[cold]
    fn climb(&mut self) {
        self.climber.climb();
        self.demote();
        // A larger window takes the entries that would leave first; of a smaller one the surplus goes on probation.
        while self.lists.len(WINDOW) < self.window() {
            let from = if self.lists.len(PROBATION) > 0 { PROBATION } else { PROTECTED };
            if self.lists.len(from) == 0 {
                break;
            }
            let oldest = self.lists.oldest(from);
            self.transfer(from, WINDOW, oldest);
        }
        while self.lists.len(WINDOW) > self.window() {
            let oldest = self.lists.oldest(WINDOW);
            self.transfer(WINDOW, PROBATION, oldest);
        }
    }

    #[inline]
    fn transfer(&mut self, from: usize, to: usize, slot: u32) {
        self.slots[slot].1 = to as u8;
        self.lists.transfer(from, to, slot);
    }
}

/// The share of the window at the beginning, and of the entries on probation, which stays.
const WINDOW_SHARE: f64 = 0.01;
const PROBATION_SHARE: f64 = 0.2 * (1.0 - WINDOW_SHARE);
/// The first step, and the one after a large change of the hit ratio, as a share of the capacity.
const STEP_SHARE: f64 = 0.0625;
/// Each step is so much shorter than the one before.
const STEP_DECAY: f64 = 0.98;
/// A change of the hit ratio from which on the steps begin anew.
const RESTART_FROM: f64 = 0.05;
/// Requests of a sample, by entries.
const SAMPLE_PER_ENTRY: u32 = 10;

/// Sets the window by hill climbing: on in the same direction while the hit ratio rises, back where it falls.
#[derive(Debug)]
struct Climber {
    /// Share of the capacity.
    window: f64,
    /// The next step, with its direction.
    step: f64,
    /// Hit ratio of the sample before.
    before: f64,
    hits: u32,
    requests: u32,
}

impl Climber {
    fn new() -> Climber {
        Climber { window: WINDOW_SHARE, step: -STEP_SHARE, before: 0.0, hits: 0, requests: 0 }
    }

    /// Counts a request; whether the sample of a cache of so many entries is complete with it.
    #[inline]
    fn is_sampled(&mut self, hit: bool, entries: u32) -> bool {
        self.hits += u32::from(hit);
        self.requests += 1;
        self.requests >= entries.saturating_mul(SAMPLE_PER_ENTRY)
    }

    fn climb(&mut self) {
        let ratio = f64::from(self.hits) / f64::from(self.requests);
        let change = ratio - self.before;
        let step = if change >= 0.0 { self.step } else { -self.step };
        self.step = if change.abs() >= RESTART_FROM { STEP_SHARE.copysign(step) } else { STEP_DECAY * step };
        self.window = (self.window + step).clamp(0.0, 1.0 - PROBATION_SHARE);
        (self.before, self.hits, self.requests) = (ratio, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten entries, samples of 100 requests. The first sample counts as a rise from nothing; so does every one that is as good.
    #[test]
    fn the_window_goes_on_while_the_hit_ratio_rises_and_back_when_it_falls() {
        let mut climber = Climber::new();
        let mut sample = |hits: u32| {
            let done = (0..100).filter(|&at| climber.is_sampled(at < hits, 10)).count();
            assert_eq!(done, 1, "the sample is complete with its last request");
            climber.climb();
            (climber.window, climber.step)
        };
        // 50 % after nothing is a rise: on downwards, which the floor stops; a large change, so the step stays whole.
        assert_eq!(sample(50), (0.0, -0.0625));
        // 47 % is a fall: back upwards by the whole step, the next one is shorter.
        assert_eq!(sample(47), (0.0625, 0.98 * 0.0625));
        assert_eq!(sample(48), (0.0625 + 0.98 * 0.0625, 0.98 * 0.98 * 0.0625));
        // 40 % is a large fall: back, and the next step is whole again.
        let (window, step) = sample(40);
        assert!((window - 0.0625 * (1.0 + 0.98 - 0.98 * 0.98)).abs() < 1e-12);
        assert_eq!(step, -0.0625);
    }
}
