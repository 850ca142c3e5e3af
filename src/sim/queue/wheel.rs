//! A priority queue for events of the near future: a timing wheel that keeps the exact order.
//!
//! Events of one slice of time share a bucket, a list in no particular order (Brown, Calendar queues, CACM 31, 1988;
//! Varghese and Lauck, Hashed and hierarchical timing wheels, SOSP 1987). When its slice is the next, a bucket is sorted
//! and becomes the *near* list, from which events are taken. Slices are so narrow that a bucket mostly holds a single
//! event, so a push costs the same however much is pending. What lies beyond the horizon, or comes late into a crowded
//! slice, waits in a heap; the next event is the earlier of the two. The width of a slice decides about speed only,
//! never about order.

use super::heap::{pop_heap, sift_up};
use super::pending::{Due, Pending};
use crate::model::Nanos;
use crate::sim::slab::NONE;

/// Buckets of a wheel; their heads take 64 KB.
const BUCKETS: usize = 16_384;
/// Words of one bit per bucket.
const WORDS: usize = BUCKETS / 64;
/// Words of one bit per word of these.
const SUMMARY: usize = WORDS / 64;
const MASK: u64 = BUCKETS as u64 - 1;
/// A newcomer passes no more than this many events of the near list.
const CROWD: u32 = 24;
/// Later than every event.
const NEVER: u64 = u64::MAX;
/// The current slice of an empty wheel: every other is too far from it for a bucket.
const NOWHERE: u64 = 1 << 63;

/// The wheel.
#[derive(Debug)]
pub struct Wheel {
    /// Time of the next event; [`NEVER`] where there is none.
    next_ns: Nanos,
    /// Time of the first event in the heap; [`NEVER`] where there is none.
    beyond_ns: Nanos,
    /// The slice up to which all events but those in the heap are in the near list, counted from time zero;
    /// [`NOWHERE`] where that list is empty.
    current: u64,
    /// Log2 of the width of a slice in nanoseconds.
    width_bits: u32,
    free: u32,
    /// The first event of the near list, which is sorted; [`NONE`] only where all buckets are empty too.
    near: u32,
    /// An event leads to the next of its list; free nodes form a list of their own.
    nodes: Vec<Pending>,
    /// First node of each bucket; [`NONE`]: empty.
    buckets: Box<[u32; BUCKETS]>,
    /// One bit per bucket that is not empty.
    occupied: [u64; WORDS],
    /// One bit per word of `occupied` that is not zero.
    summary: [u64; SUMMARY],
    beyond: Vec<Pending>,
    /// Room to sort a bucket.
    sorting: Vec<u32>,
}

impl Wheel {
    /// `width_ns`: of a slice, about; best a fraction of the mean time between events.
    pub fn new(width_ns: Nanos) -> Wheel {
        Wheel {
            next_ns: NEVER,
            beyond_ns: NEVER,
            current: NOWHERE,
            width_bits: width_ns.clamp(1, 1 << 40).ilog2(),
            free: NONE,
            near: NONE,
            nodes: Vec::new(),
            buckets: Box::new([NONE; BUCKETS]),
            occupied: [0; WORDS],
            summary: [0; SUMMARY],
            beyond: Vec::new(),
            sorting: Vec::new(),
        }
    }

    /// Time of the next event; the far end of time where there is none.
    #[inline]
    pub fn next_ns(&self) -> Nanos {
        self.next_ns
    }

    /// The next event of those not in the heap.
    #[inline]
    pub fn near(&self) -> Option<&Pending> {
        self.nodes.get(self.near as usize)
    }

    /// The next event.
    pub fn first(&self) -> Option<&Pending> {
        match (self.near(), self.beyond.first()) {
            (Some(near), Some(far)) => Some(if far.precedes(near) { far } else { near }),
            (near, far) => near.or(far),
        }
    }

    /// Adds an event, which is not earlier than any that was taken out, if there is a bucket for it ahead.
    #[inline(always)]
    pub fn push_ahead(&mut self, pending: Pending) -> bool {
        let slice = pending.time >> self.width_bits;
        // The first bucket ahead is one ahead.
        if slice.wrapping_sub(self.current + 1) >= MASK {
            return false;
        }
        let node = self.free;
        let Some(place) = self.nodes.get_mut(node as usize) else { return false };
        self.free = place.next();
        let bucket = (slice & MASK) as usize;
        place.set(pending, self.buckets[bucket]);
        self.buckets[bucket] = node;
        self.occupied[bucket / 64] |= 1 << (bucket % 64);
        self.summary[bucket / (64 * 64)] |= 1 << (bucket / 64 % 64);
        true
    }

    /// Adds an event, which is not earlier than any that was taken out.
    pub fn push(&mut self, pending: Pending) {
        if self.free == NONE {
            self.free = self.nodes.len() as u32;
            self.nodes.push(Pending::LAST);
        }
        if self.push_ahead(pending) {
            return;
        }
        let slice = pending.time >> self.width_bits;
        if self.near == NONE {
            self.near = self.node(pending, NONE);
            self.current = slice;
            self.next_ns = self.next_ns.min(pending.time);
        } else if slice <= self.current {
            self.push_near(pending);
        } else {
            self.push_beyond(pending);
        }
    }

    /// Adds an event that is far away, or one of very many.
    #[cold]
    pub fn push_beyond(&mut self, pending: Pending) {
        self.beyond_ns = self.beyond_ns.min(pending.time);
        self.next_ns = self.next_ns.min(pending.time);
        sift_up(&mut self.beyond, pending);
    }

    /// Adds an event to the near list, where it belongs.
    fn push_near(&mut self, pending: Pending) {
        if pending.precedes(&self.nodes[self.near as usize]) {
            self.near = self.node(pending, self.near);
            self.next_ns = self.next_ns.min(pending.time);
            return;
        }
        let mut before = self.near;
        for _ in 0..CROWD {
            let next = self.nodes[before as usize].next();
            if next == NONE || pending.precedes(&self.nodes[next as usize]) {
                let node = self.node(pending, next);
                self.nodes[before as usize].set_next(node);
                return;
            }
            before = next;
        }
        self.push_beyond(pending);
    }

    /// Puts an event into a free node, of which there is one.
    fn node(&mut self, pending: Pending, next: u32) -> u32 {
        let node = self.free;
        let place = &mut self.nodes[node as usize];
        self.free = place.next();
        place.set(pending, next);
        node
    }

    /// Takes out the next event.
    #[inline(always)]
    pub fn pop(&mut self) -> Due {
        let node = self.near;
        let Some(place) = self.nodes.get_mut(node as usize) else { return self.pop_beyond() };
        let first = *place;
        if self.beyond_ns <= first.time && self.beyond[0].precedes(&first) {
            return self.pop_beyond();
        }
        place.set_next(self.free);
        self.free = node;
        self.near = first.next();
        if self.near == NONE {
            self.turn();
        }
        let near_ns = self.nodes.get(self.near as usize).map_or(NEVER, |near| near.time);
        self.next_ns = near_ns.min(self.beyond_ns);
        first.due()
    }

    /// Takes the next event out of the heap.
    #[cold]
    fn pop_beyond(&mut self) -> Due {
        let first = pop_heap(&mut self.beyond).map_or(Due::NONE, |first| first.due());
        self.beyond_ns = self.beyond.first().map_or(NEVER, |next| next.time);
        self.next_ns = self.near().map_or(NEVER, |near| near.time).min(self.beyond_ns);
        first
    }

    /// The near list has become empty: the next bucket that is not takes its place.
    #[inline(always)]
    fn turn(&mut self) {
        let from = (self.current & MASK) as usize;
        let mut word = from / 64;
        // Buckets of the same word that come later in the round; the own one is empty.
        let mut bits = self.occupied[word] & (u64::MAX << (from % 64));
        if bits == 0 {
            match self.word_after(word) {
                Some(next) => word = next,
                None => {
                    self.current = NOWHERE;
                    return;
                }
            }
            bits = self.occupied[word];
        }
        let bucket = word * 64 + bits.trailing_zeros() as usize;
        self.current += (bucket as u64).wrapping_sub(from as u64) & MASK;
        let left = self.occupied[word] & !(1 << (bucket % 64));
        self.occupied[word] = left;
        if left == 0 {
            self.summary[word / 64] &= !(1 << (word % 64));
        }
        let first = std::mem::replace(&mut self.buckets[bucket], NONE);
        self.near = first;
        if self.nodes[first as usize].next() != NONE {
            self.sort_near();
        }
    }

    /// Sorts what was a bucket.
    #[inline(never)]
    fn sort_near(&mut self) {
        let nodes = &mut self.nodes;
        let second = nodes[self.near as usize].next();
        if nodes[second as usize].next() == NONE {
            // Two, the later one that was pushed first.
            if nodes[second as usize].precedes(&nodes[self.near as usize]) {
                nodes[second as usize].set_next(self.near);
                nodes[self.near as usize].set_next(NONE);
                self.near = second;
            }
            return;
        }
        let mut node = self.near;
        while node != NONE {
            self.sorting.push(node);
            node = nodes[node as usize].next();
        }
        self.sorting.sort_unstable_by(|&a, &b| nodes[a as usize].order(&nodes[b as usize]));
        let mut next = NONE;
        while let Some(node) = self.sorting.pop() {
            nodes[node as usize].set_next(next);
            next = node;
        }
        self.near = next;
    }

    /// The next word that is not zero after this one; at last, after a whole round, this one again.
    #[inline]
    fn word_after(&self, word: usize) -> Option<usize> {
        let own = word / 64;
        let later = self.summary[own] & (u64::MAX << (word % 64) << 1);
        if later != 0 {
            return Some(own * 64 + later.trailing_zeros() as usize);
        }
        (1..=SUMMARY)
            .map(|step| (own + step) % SUMMARY)
            .find(|&other| self.summary[other] != 0)
            .map(|other| other * 64 + self.summary[other].trailing_zeros() as usize)
    }
}
