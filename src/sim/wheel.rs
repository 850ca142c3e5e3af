//! A priority queue for events of the near future: a timing wheel that keeps the exact order.
//!
//! Events of one slice of time share a bucket (Brown, Calendar queues, CACM 31, 1988; Varghese and Lauck, Hashed
//! and hierarchical timing wheels, SOSP 1987). A bucket is sorted only when its time has come, so a push costs
//! the same however much is pending. What lies beyond the horizon, or falls into a crowded slice that is already
//! being served, waits in a heap; the next event is the earlier of the two. The width of a slice decides about
//! speed only, never about order.

use super::heap::{Pending, pop_heap, sift_up};
use super::slab::NONE;
use crate::scenario::model::Nanos;

/// Buckets of a wheel; their heads take 16 KB.
const BUCKETS: usize = 4_096;
const MASK: u64 = BUCKETS as u64 - 1;
/// A slice that is being served takes no more than this many newcomers by insertion.
const CROWD: usize = 48;

/// The wheel.
#[derive(Debug)]
pub struct Wheel {
    /// Log2 of the width of a slice in nanoseconds.
    width_bits: u32,
    /// The slice that is being served, counted from time zero.
    cursor: u64,
    /// Its events, the next one last.
    current: Vec<Pending>,
    /// First node of each bucket; [`NONE`]: empty.
    buckets: Vec<u32>,
    /// One bit per bucket that is not empty.
    occupied: [u64; BUCKETS / 64],
    /// (event, next node of the bucket); free nodes form a list of their own.
    nodes: Vec<(Pending, u32)>,
    free: u32,
    in_buckets: usize,
    beyond: Vec<Pending>,
}

impl Wheel {
    /// `gap_ns`: the mean time between events, as far as it is known.
    pub fn new(gap_ns: Nanos) -> Wheel {
        Wheel {
            width_bits: gap_ns.clamp(1, 1 << 40).ilog2(),
            cursor: 0,
            current: Vec::new(),
            buckets: vec![NONE; BUCKETS],
            occupied: [0; BUCKETS / 64],
            nodes: Vec::new(),
            free: NONE,
            in_buckets: 0,
            beyond: Vec::new(),
        }
    }

    #[inline]
    fn slice(&self, pending: &Pending) -> u64 {
        (pending.key >> 64) as u64 >> self.width_bits
    }

    /// Adds an event.
    #[inline]
    pub fn push(&mut self, pending: Pending) {
        let slice = self.slice(&pending);
        if self.in_buckets == 0 && (slice < self.cursor || self.current.is_empty()) {
            // The wheel is set anew, so that one late event does not keep it away from the near ones.
            self.current.drain(..).for_each(|held| sift_up(&mut self.beyond, held));
            self.cursor = slice;
        }
        let ahead = slice.wrapping_sub(self.cursor);
        if slice <= self.cursor {
            if self.current.len() >= CROWD {
                sift_up(&mut self.beyond, pending);
                return;
            }
            // Newcomers are mostly later than what is here: they belong to the front.
            let place = self.current.partition_point(|held| held.key > pending.key);
            self.current.insert(place, pending);
        } else if ahead < BUCKETS as u64 {
            let bucket = (slice & MASK) as usize;
            let node = match self.free {
                NONE => {
                    self.nodes.push((pending, self.buckets[bucket]));
                    self.nodes.len() as u32 - 1
                }
                node => {
                    self.free = self.nodes[node as usize].1;
                    self.nodes[node as usize] = (pending, self.buckets[bucket]);
                    node
                }
            };
            self.buckets[bucket] = node;
            self.occupied[bucket / 64] |= 1 << (bucket % 64);
            self.in_buckets += 1;
            if self.current.is_empty() {
                self.turn();
            }
        } else {
            sift_up(&mut self.beyond, pending);
        }
    }

    /// Key of the next event, all ones where there is none.
    #[inline]
    pub fn next_key(&self) -> u128 {
        let near = self.current.last().map_or(u128::MAX, |next| next.key);
        let far = self.beyond.first().map_or(u128::MAX, |next| next.key);
        near.min(far)
    }

    /// Takes out the next event.
    #[inline]
    pub fn pop(&mut self) -> Option<Pending> {
        let near = self.current.last().map_or(u128::MAX, |next| next.key);
        if self.beyond.first().is_some_and(|far| far.key < near) {
            return pop_heap(&mut self.beyond);
        }
        let next = self.current.pop();
        if self.current.is_empty() && self.in_buckets > 0 {
            self.turn();
        }
        next
    }

    /// Moves on to the next bucket that is not empty; there is one.
    fn turn(&mut self) {
        let start = ((self.cursor + 1) & MASK) as usize;
        let mut word = start / 64;
        let mut bits = self.occupied[word] & (u64::MAX << (start % 64));
        while bits == 0 {
            word = (word + 1) % self.occupied.len();
            bits = self.occupied[word];
        }
        let bucket = word * 64 + bits.trailing_zeros() as usize;
        self.occupied[word] &= !(1 << (bucket % 64));
        self.cursor += 1 + ((bucket as u64).wrapping_sub(start as u64) & MASK);
        let mut node = std::mem::replace(&mut self.buckets[bucket], NONE);
        while node != NONE {
            let (pending, next) = self.nodes[node as usize];
            self.nodes[node as usize].1 = self.free;
            self.free = node;
            self.current.push(pending);
            self.in_buckets -= 1;
            node = next;
        }
        if self.current.len() > 1 {
            self.current.sort_unstable_by_key(|held| std::cmp::Reverse(held.key));
        }
    }
}
