//! A priority queue for events of the near future: a timing wheel that keeps the exact order.
//!
//! Events of one slice of time share a bucket, a list in the order in which they will happen (Brown, Calendar
//! queues, CACM 31, 1988; Varghese and Lauck, Hashed and hierarchical timing wheels, SOSP 1987). Slices are so
//! narrow that a bucket holds an event or two, so a push costs the same however much is pending. What lies beyond
//! the horizon, or falls into a crowded slice, waits in a heap; the next event is the earlier of the two. The
//! width of a slice decides about speed only, never about order.

use super::heap::{pop_heap, sift_up};
use super::pending::Pending;
use super::slab::NONE;
use crate::scenario::model::Nanos;

/// Buckets of a wheel; their heads take 64 KB.
const BUCKETS: usize = 16_384;
/// Words of one bit per bucket.
const WORDS: usize = BUCKETS / 64;
/// Words of one bit per word of these.
const SUMMARY: usize = WORDS / 64;
const MASK: u64 = BUCKETS as u64 - 1;
/// A newcomer passes no more than this many events of its slice.
const CROWD: u32 = 24;
/// Later than every slice and every event.
const NEVER: u64 = u64::MAX;

/// The wheel.
#[derive(Debug)]
pub struct Wheel {
    /// Time of the next event; [`NEVER`] where there is none.
    next_ns: Nanos,
    /// Log2 of the width of a slice in nanoseconds.
    width_bits: u32,
    free: u32,
    /// The slice of the first event in the buckets, counted from time zero; [`NEVER`] where there is none.
    cursor: u64,
    /// An event leads to the next of its bucket; free nodes form a list of their own.
    nodes: Vec<Pending>,
    /// First node of each bucket; [`NONE`]: empty.
    buckets: Box<[u32; BUCKETS]>,
    /// One bit per bucket that is not empty.
    occupied: [u64; WORDS],
    /// One bit per word of `occupied` that is not zero.
    summary: [u64; SUMMARY],
    beyond: Vec<Pending>,
}

impl Wheel {
    /// `gap_ns`: the mean time between events, as far as it is known.
    pub fn new(gap_ns: Nanos) -> Wheel {
        Wheel {
            next_ns: NEVER,
            width_bits: gap_ns.clamp(1, 1 << 40).ilog2(),
            free: NONE,
            cursor: NEVER,
            nodes: Vec::new(),
            buckets: Box::new([NONE; BUCKETS]),
            occupied: [0; WORDS],
            summary: [0; SUMMARY],
            beyond: Vec::new(),
        }
    }

    /// Time of the next event; the far end of time where there is none.
    #[inline]
    pub fn next_ns(&self) -> Nanos {
        self.next_ns
    }

    /// The next event of those in buckets.
    #[inline]
    pub fn near(&self) -> Option<&Pending> {
        // Where there is none, no bucket has a node.
        self.nodes.get(self.buckets[(self.cursor & MASK) as usize] as usize)
    }

    /// The next event.
    pub fn first(&self) -> Option<&Pending> {
        match (self.near(), self.beyond.first()) {
            (Some(near), Some(far)) => Some(if far.precedes(near) { far } else { near }),
            (near, far) => near.or(far),
        }
    }

    /// Adds an event. `now` is an instant that no event precedes any more; it never decreases.
    #[inline(always)]
    pub fn push(&mut self, pending: Pending, now: Nanos) {
        self.next_ns = self.next_ns.min(pending.time);
        let slice = pending.time >> self.width_bits;
        if slice - (now >> self.width_bits) >= BUCKETS as u64 {
            return self.push_beyond(pending);
        }
        let bucket = (slice & MASK) as usize;
        let first = self.buckets[bucket];
        if first != NONE && !pending.precedes(&self.nodes[first as usize]) {
            return self.push_behind(first, pending);
        }
        self.buckets[bucket] = self.node(pending, first);
        self.occupied[bucket / 64] |= 1 << (bucket % 64);
        self.summary[bucket / (64 * 64)] |= 1 << (bucket / 64 % 64);
        self.cursor = self.cursor.min(slice);
    }

    /// Adds an event that is far away, or one of very many.
    #[cold]
    pub fn push_beyond(&mut self, pending: Pending) {
        self.next_ns = self.next_ns.min(pending.time);
        sift_up(&mut self.beyond, pending);
    }

    /// Adds an event to a bucket behind its first one.
    fn push_behind(&mut self, first: u32, pending: Pending) {
        let mut before = first;
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

    /// Puts an event into a free node, word by word: a copy by way of the stack would wait for its own stores.
    #[inline(always)]
    fn node(&mut self, pending: Pending, next: u32) -> u32 {
        if self.free == NONE {
            self.add_node();
        }
        let node = self.free;
        let place = &mut self.nodes[node as usize];
        self.free = place.next();
        place.set(pending, next);
        node
    }

    #[cold]
    fn add_node(&mut self) {
        self.free = self.nodes.len() as u32;
        self.nodes.push(Pending::LAST);
    }

    /// See [`Wheel::pop`], for where it is rare.
    #[cold]
    pub fn pop_out_of_line(&mut self) -> Option<Pending> {
        self.pop()
    }

    /// Takes out the next event.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<Pending> {
        let bucket = (self.cursor & MASK) as usize;
        let node = self.buckets[bucket];
        let Some(place) = self.nodes.get_mut(node as usize).filter(|place| place.time == self.next_ns) else {
            return self.pop_beyond();
        };
        let first = *place;
        if !self.beyond.is_empty() && self.beyond[0].precedes(&first) {
            return self.pop_beyond();
        }
        place.set_next(self.free);
        self.free = node;
        self.buckets[bucket] = first.next();
        if first.next() == NONE {
            self.turn(bucket);
        } else {
            self.next_ns = self.nodes[first.next() as usize].time;
        }
        if !self.beyond.is_empty() {
            self.next_ns = self.next_ns.min(self.beyond[0].time);
        }
        Some(first)
    }

    /// Takes the next event out of the heap.
    #[cold]
    fn pop_beyond(&mut self) -> Option<Pending> {
        let first = pop_heap(&mut self.beyond);
        self.next_ns = self.first().map_or(NEVER, |next| next.time);
        first
    }

    /// Leaves a bucket that has become empty for the next that is not.
    #[inline(always)]
    fn turn(&mut self, from: usize) {
        let mut word = from / 64;
        let left = self.occupied[word] & !(1 << (from % 64));
        self.occupied[word] = left;
        // Buckets of the same word that come later in the round.
        let mut bits = left & (u64::MAX << (from % 64));
        if bits == 0 {
            if left == 0 {
                self.summary[word / 64] &= !(1 << (word % 64));
            }
            let Some(next) = self.word_after(word) else {
                self.cursor = NEVER;
                self.next_ns = NEVER;
                return;
            };
            word = next;
            bits = self.occupied[word];
        }
        let bucket = word * 64 + bits.trailing_zeros() as usize;
        self.cursor += (bucket as u64).wrapping_sub(from as u64) & MASK;
        self.next_ns = self.nodes[self.buckets[bucket] as usize].time;
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
