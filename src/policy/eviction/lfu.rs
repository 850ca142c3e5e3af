//! Least frequently used, in constant time (Shah, Mitra, Matani: An O(1) Algorithm for Implementing the LFU Cache
//! Eviction Scheme, 2010). Uses are counted while an entry is held; of entries with equally many, the one goes that
//! has had so many for longest.

use super::evict::{Evict, Room};
use super::list::NONE;
use super::slots::Slots;
use crate::dice::Stream;

/// The bucket before the first and after the last.
const ENDS: u32 = 0;

/// The slots with a certain number of uses, linked from newest to oldest.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    uses: u32,
    fewer: u32,
    more: u32,
    newest: u32,
    oldest: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    bucket: u32,
    newer: u32,
    older: u32,
}

#[derive(Debug)]
pub struct Lfu {
    /// Linked by number of uses.
    buckets: Vec<Bucket>,
    free: Vec<u32>,
    nodes: Slots<Node>,
}

impl Evict for Lfu {
    fn new(_: Room, _: Stream) -> Lfu {
        let ends = Bucket { uses: 0, fewer: ENDS, more: ENDS, newest: NONE, oldest: NONE };
        Lfu { buckets: vec![ends], free: Vec::new(), nodes: Slots::new() }
    }
    #[inline]
    fn insert(&mut self, slot: u32, _: u32) {
        self.nodes.set(slot, Node::default());
        let bucket = self.bucket_after(ENDS, 1);
        self.push_newest(bucket, slot);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        let from = self.nodes[slot].bucket;
        let Bucket { uses, more, newest, oldest, .. } = self.buckets[from as usize];
        if newest == oldest && self.buckets[more as usize].uses != uses + 1 {
            // Alone, and nobody has one use more: the bucket comes along.
            self.buckets[from as usize].uses = uses + 1;
            return;
        }
        let to = self.bucket_after(from, uses + 1);
        self.remove(slot);
        self.push_newest(to, slot);
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        let Node { bucket, newer, older } = self.nodes[slot];
        let held = &mut self.buckets[bucket as usize];
        match newer {
            NONE => held.newest = older,
            newer => self.nodes[newer].older = older,
        }
        match older {
            NONE => held.oldest = newer,
            older => self.nodes[older].newer = newer,
        }
        let Bucket { newest, fewer, more, .. } = *held;
        if newest == NONE {
            self.buckets[fewer as usize].more = more;
            self.buckets[more as usize].fewer = fewer;
            self.free.push(bucket);
        }
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        let least = self.buckets[ENDS as usize].more;
        let slot = self.buckets[least as usize].oldest;
        self.remove(slot);
        slot
    }
}

impl Lfu {
    /// The bucket of so many uses, which is the next one after `before` or must be made.
    #[inline]
    fn bucket_after(&mut self, before: u32, uses: u32) -> u32 {
        let after = self.buckets[before as usize].more;
        if self.buckets[after as usize].uses == uses {
            return after;
        }
        let made = Bucket { uses, fewer: before, more: after, newest: NONE, oldest: NONE };
        let bucket = match self.free.pop() {
            Some(bucket) => {
                self.buckets[bucket as usize] = made;
                bucket
            }
            None => {
                self.buckets.push(made);
                self.buckets.len() as u32 - 1
            }
        };
        self.buckets[before as usize].more = bucket;
        self.buckets[after as usize].fewer = bucket;
        bucket
    }

    #[inline]
    fn push_newest(&mut self, bucket: u32, slot: u32) {
        let held = &mut self.buckets[bucket as usize];
        let older = std::mem::replace(&mut held.newest, slot);
        self.nodes[slot] = Node { bucket, newer: NONE, older };
        match older {
            NONE => held.oldest = slot,
            older => self.nodes[older].newer = slot,
        }
    }
}
