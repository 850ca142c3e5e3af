//! Pending events in the order (time, sequence).
//!
//! Delays that are always the same keep their order, so each of them gets a ring (a push and a pop cost a few
//! nanoseconds however many are pending); only random delays pay for a heap. There are two heaps, because a
//! sift in the small one (network hops) should not walk through the large one (database completions).

use std::collections::VecDeque;

use crate::scenario::model::Nanos;

/// What happens, to which slot of a slab, in which generation of that slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the kind, below 256; what it means is the engine's affair.
    pub kind: u8,
    pub id: u32,
    pub generation: u32,
}

/// An event with its place in the order, in whole words: what was stored in smaller pieces a moment ago could
/// not be forwarded to the wide loads of a sift.
#[derive(Clone, Copy, Debug)]
struct Pending {
    /// Time in the upper half, sequence and kind in the lower: one comparison orders events.
    key: u128,
    /// Slot in the upper half, generation in the lower.
    entity: u64,
}

/// Where an event waits for its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Ring(u16),
    Heap(u16),
}

/// Heaps are the first lanes, rings follow.
const HEAPS: usize = 2;
/// For random delays that are short and many.
pub const NETWORK: Lane = Lane::Heap(0);
/// For all other random delays.
pub const GENERAL: Lane = Lane::Heap(1);
const IDLE: u128 = u128::MAX;

/// The event queue.
#[derive(Debug)]
pub struct Queue {
    heaps: [Vec<Pending>; HEAPS],
    rings: Vec<VecDeque<Pending>>,
    delays: Vec<Nanos>,
    /// Key of the first event of each lane; [`IDLE`] where there is none.
    heads: Vec<u128>,
    next_key: u128,
    next_lane: usize,
    sequence: u64,
}

impl Queue {
    pub fn new() -> Queue {
        Queue {
            heaps: [Vec::new(), Vec::new()],
            rings: Vec::new(),
            delays: Vec::new(),
            heads: vec![IDLE; HEAPS],
            next_key: IDLE,
            next_lane: 0,
            sequence: 0,
        }
    }

    /// The lane for a delay that never changes; equal delays share one.
    pub fn lane_for(&mut self, delay_ns: Nanos) -> Lane {
        let ring = self.delays.iter().position(|&known| known == delay_ns).unwrap_or_else(|| {
            self.delays.push(delay_ns);
            self.rings.push(VecDeque::new());
            self.heads.push(IDLE);
            self.delays.len() - 1
        });
        Lane::Ring(ring as u16)
    }

    /// Schedules an event. Times pushed to one ring must not decrease.
    #[inline]
    pub fn push(&mut self, lane: Lane, time: Nanos, kind: u8, id: u32, generation: u32) {
        let key = u128::from(time) << 64 | u128::from(self.sequence << 8 | u64::from(kind));
        self.sequence += 1;
        let pending = Pending { key, entity: u64::from(id) << 32 | u64::from(generation) };
        let index = match lane {
            Lane::Ring(ring) => {
                let ring = usize::from(ring);
                if self.rings[ring].back().is_some_and(|last| last.key > key) {
                    return self.push_heap(1, pending);
                }
                self.rings[ring].push_back(pending);
                if self.heads[HEAPS + ring] != IDLE {
                    return;
                }
                HEAPS + ring
            }
            Lane::Heap(heap) => return self.push_heap(usize::from(heap), pending),
        };
        self.heads[index] = key;
        if key < self.next_key {
            self.next_key = key;
            self.next_lane = index;
        }
    }

    #[inline]
    fn push_heap(&mut self, heap: usize, pending: Pending) {
        sift_up(&mut self.heaps[heap], pending);
        if pending.key < self.heads[heap] {
            self.heads[heap] = pending.key;
            if pending.key < self.next_key {
                self.next_key = pending.key;
                self.next_lane = heap;
            }
        }
    }

    /// Time of the next event; the far end of time where there is none.
    #[inline]
    pub fn next_time(&self) -> Nanos {
        (self.next_key >> 64) as Nanos
    }

    /// Takes out the next event.
    #[inline]
    pub fn pop(&mut self) -> Option<(Nanos, Event)> {
        if self.next_key == IDLE {
            return None;
        }
        let lane = self.next_lane;
        let pending = if lane < HEAPS {
            let heap = &mut self.heaps[lane];
            let first = pop_heap(heap)?;
            self.heads[lane] = heap.first().map_or(IDLE, |next| next.key);
            first
        } else {
            let ring = &mut self.rings[lane - HEAPS];
            let first = ring.pop_front()?;
            self.heads[lane] = ring.front().map_or(IDLE, |next| next.key);
            first
        };
        (self.next_key, self.next_lane) = (self.heads[0], 0);
        for (lane, &key) in self.heads.iter().enumerate().skip(1) {
            if key < self.next_key {
                (self.next_key, self.next_lane) = (key, lane);
            }
        }
        let Pending { key, entity } = pending;
        let event = Event { kind: key as u8, id: (entity >> 32) as u32, generation: entity as u32 };
        Some(((key >> 64) as Nanos, event))
    }
}

/// Children of a node: with four, a sift touches half the levels of a binary heap.
const ARITY: usize = 4;

#[inline]
fn sift_up(heap: &mut Vec<Pending>, pending: Pending) {
    let mut place = heap.len();
    heap.push(pending);
    while place > 0 {
        let parent = (place - 1) / ARITY;
        if heap[parent].key <= pending.key {
            break;
        }
        heap[place] = heap[parent];
        place = parent;
    }
    heap[place] = pending;
}

/// Takes out the first. The hole sinks to the bottom along the least children, then the last element rises from
/// there: it nearly always belongs near the bottom, so asking on every level whether it fits is wasted.
#[inline]
fn pop_heap(heap: &mut Vec<Pending>) -> Option<Pending> {
    let last = heap.pop()?;
    let Some(&first) = heap.first() else { return Some(last) };
    let heap = &mut heap[..];
    let mut place = 0;
    loop {
        let child = place * ARITY + 1;
        let least = match heap.get(child..child + ARITY) {
            Some([a, b, c, d]) => {
                // A tournament: two independent comparisons, then one.
                let (left, left_key) = if b.key < a.key { (1, b.key) } else { (0, a.key) };
                let (right, right_key) = if d.key < c.key { (3, d.key) } else { (2, c.key) };
                child + if right_key < left_key { right } else { left }
            }
            _ => match (child..heap.len()).min_by_key(|&child| heap[child].key) {
                Some(least) => least,
                None => break,
            },
        };
        heap[place] = heap[least];
        place = least;
    }
    while place > 0 {
        let parent = (place - 1) / ARITY;
        if heap[parent].key <= last.key {
            break;
        }
        heap[place] = heap[parent];
        place = parent;
    }
    heap[place] = last;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the lanes, events leave in the order of time, and of scheduling where times are equal.
        #[test]
        fn order_is_time_then_sequence(delays in prop::collection::vec((0usize..4, 0u64..50), 1..400)) {
            let mut queue = Queue::new();
            let lanes = [NETWORK, GENERAL, queue.lane_for(7), queue.lane_for(20)];
            let mut twin: Vec<(u64, u32)> = Vec::new();
            let mut now = 0;
            for (id, (lane, delay)) in delays.into_iter().enumerate() {
                let time = now + match lane { 2 => 7, 3 => 20, _ => delay };
                queue.push(lanes[lane], time, 7, id as u32, 0);
                twin.push((time, id as u32));
                if id % 3 == 0 {
                    let first = twin.iter().copied().min().unwrap();
                    twin.retain(|&pending| pending != first);
                    let (time, event) = queue.pop().unwrap();
                    prop_assert_eq!((time, event.id), first);
                    now = time;
                }
            }
            twin.sort();
            let rest: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(time, event)| (time, event.id)).collect();
            prop_assert_eq!(rest, twin);
            prop_assert_eq!(queue.next_time(), u64::MAX);
        }
    }
}
