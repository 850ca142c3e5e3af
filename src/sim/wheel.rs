//! A priority queue for events of the near future: a timing wheel that keeps the exact order.
//!
//! Events of one slice of time share a bucket, a list in the order in which they will happen (Brown, Calendar
//! queues, CACM 31, 1988; Varghese and Lauck, Hashed and hierarchical timing wheels, SOSP 1987). Slices are so
//! narrow that a bucket holds an event or two, so a push costs the same however much is pending. What lies beyond
//! the horizon, or falls into a crowded slice, waits in a heap; the next event is the earlier of the two. The
//! width of a slice decides about speed only, never about order.

use super::heap::{pop_heap, sift_up};
use super::queue::{IDLE, Moment, Pending, precedes};
use super::slab::NONE;
use crate::scenario::model::Nanos;

/// Buckets of a wheel; their heads take 16 KB.
const BUCKETS: usize = 4_096;
const WORDS: usize = BUCKETS / 64;
const MASK: u64 = BUCKETS as u64 - 1;
/// Later than every slice.
const NOWHERE: u64 = u64::MAX;
/// A newcomer passes no more than this many events of its slice.
const CROWD: u32 = 24;

/// The wheel.
#[derive(Debug)]
pub struct Wheel {
    /// Log2 of the width of a slice in nanoseconds.
    width_bits: u32,
    /// The slice of the first event in the buckets, counted from time zero; [`NOWHERE`] where there is none.
    cursor: u64,
    /// First node of each bucket; [`NONE`]: empty.
    buckets: Box<[u32; BUCKETS]>,
    /// One bit per bucket that is not empty.
    occupied: [u64; WORDS],
    /// An event leads to the next of its bucket; free nodes form a list of their own.
    nodes: Vec<Pending>,
    free: u32,
    in_buckets: usize,
    beyond: Vec<Pending>,
}

impl Wheel {
    /// `gap_ns`: the mean time between events, as far as it is known.
    pub fn new(gap_ns: Nanos) -> Wheel {
        Wheel {
            width_bits: gap_ns.clamp(1, 1 << 40).ilog2(),
            cursor: NOWHERE,
            buckets: Box::new([NONE; BUCKETS]),
            occupied: [0; WORDS],
            nodes: Vec::new(),
            free: NONE,
            in_buckets: 0,
            beyond: Vec::new(),
        }
    }

    /// Adds an event. `now` is an instant that no event precedes any more; it never decreases.
    #[inline]
    pub fn push(&mut self, pending: Pending, now: Nanos) {
        let slice = pending.time >> self.width_bits;
        if slice - (now >> self.width_bits) >= BUCKETS as u64 {
            return sift_up(&mut self.beyond, pending);
        }
        let bucket = (slice & MASK) as usize;
        let first = self.buckets[bucket];
        if first == NONE || pending.precedes(&self.nodes[first as usize]) {
            self.buckets[bucket] = self.node(pending, first);
            self.occupied[bucket / 64] |= 1 << (bucket % 64);
        } else {
            let mut before = first;
            let mut passed = 0;
            loop {
                let next = self.nodes[before as usize].next;
                if next == NONE || pending.precedes(&self.nodes[next as usize]) {
                    self.nodes[before as usize].next = self.node(pending, next);
                    break;
                }
                passed += 1;
                if passed == CROWD {
                    return sift_up(&mut self.beyond, pending);
                }
                before = next;
            }
        }
        self.cursor = self.cursor.min(slice);
        self.in_buckets += 1;
    }

    #[inline]
    fn node(&mut self, pending: Pending, next: u32) -> u32 {
        let pending = pending.before(next);
        match self.free {
            NONE => {
                self.nodes.push(pending);
                self.nodes.len() as u32 - 1
            }
            node => {
                let place = &mut self.nodes[node as usize];
                self.free = place.next;
                *place = pending;
                node
            }
        }
    }

    /// Takes out the next event; also returns when the one after it is, [`IDLE`] where there is none.
    #[inline]
    pub fn pop(&mut self) -> Option<(Pending, Moment)> {
        if self.in_buckets == 0 {
            return self.pop_beyond(IDLE);
        }
        let bucket = (self.cursor & MASK) as usize;
        let node = self.buckets[bucket];
        let place = &mut self.nodes[node as usize];
        let first = *place;
        if let Some(far) = self.beyond.first()
            && far.precedes(&first)
        {
            return self.pop_beyond(first.moment());
        }
        place.next = self.free;
        self.free = node;
        self.in_buckets -= 1;
        self.buckets[bucket] = first.next;
        let near = if first.next != NONE {
            self.nodes[first.next as usize].moment()
        } else {
            self.occupied[bucket / 64] &= !(1 << (bucket % 64));
            self.turn(bucket)
        };
        let next = match self.beyond.first() {
            Some(far) if precedes(far.moment(), near) => far.moment(),
            _ => near,
        };
        Some((first, next))
    }

    /// Takes the next event out of the heap; `near` is when the first one in the buckets is.
    #[cold]
    fn pop_beyond(&mut self, near: Moment) -> Option<(Pending, Moment)> {
        let first = pop_heap(&mut self.beyond)?;
        let far = self.beyond.first().map_or(IDLE, Pending::moment);
        Some((first, if precedes(far, near) { far } else { near }))
    }

    /// Moves on to the next bucket that is not empty; returns when its first event is.
    #[inline]
    fn turn(&mut self, from: usize) -> Moment {
        if self.in_buckets == 0 {
            self.cursor = NOWHERE;
            return IDLE;
        }
        let mut word = from / 64;
        let mut bits = self.occupied[word] & (u64::MAX << (from % 64));
        while bits == 0 {
            word = (word + 1) % WORDS;
            bits = self.occupied[word];
        }
        let bucket = word * 64 + bits.trailing_zeros() as usize;
        self.cursor += (bucket as u64).wrapping_sub(from as u64) & MASK;
        self.nodes[self.buckets[bucket] as usize].moment()
    }
}
