//! Pending events in the order (time, sequence).
//!
//! Delays that are always the same keep their order, so each of them gets a ring (a push and a pop cost a few
//! nanoseconds however many are pending); only random delays pay for a priority queue. There are two, a fine one
//! for network hops and a coarse one for the rest.

use std::collections::VecDeque;

use super::heap::Pending;
use super::wheel::Wheel;
use crate::scenario::model::Nanos;

/// What happens, to which slot of a slab, in which generation of that slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the kind, below 256; what it means is the engine's affair.
    pub kind: u8,
    pub id: u32,
    pub generation: u32,
}

/// Where an event waits for its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Ring(u16),
    Wheel(u16),
}

/// Wheels are the first lanes, rings follow.
const WHEELS: usize = 2;
/// For random delays that are short and many.
pub const NETWORK: Lane = Lane::Wheel(0);
/// For all other random delays.
pub const GENERAL: Lane = Lane::Wheel(1);
const IDLE: u128 = u128::MAX;

/// The event queue.
#[derive(Debug)]
pub struct Queue {
    wheels: [Wheel; WHEELS],
    rings: Vec<VecDeque<Pending>>,
    delays: Vec<Nanos>,
    /// Key of the first event of each lane; [`IDLE`] where there is none.
    heads: Vec<u128>,
    next_key: u128,
    next_lane: usize,
    sequence: u64,
}

impl Queue {
    /// `gap_ns`: roughly the mean time between requests; it decides about speed only.
    pub fn new(gap_ns: Nanos) -> Queue {
        Queue {
            wheels: [Wheel::new(gap_ns), Wheel::new(gap_ns.saturating_mul(8))],
            rings: Vec::new(),
            delays: Vec::new(),
            heads: vec![IDLE; WHEELS],
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
                    return self.push_wheel(1, pending);
                }
                self.rings[ring].push_back(pending);
                if self.heads[WHEELS + ring] != IDLE {
                    return;
                }
                WHEELS + ring
            }
            Lane::Wheel(wheel) => return self.push_wheel(usize::from(wheel), pending),
        };
        self.heads[index] = key;
        if key < self.next_key {
            self.next_key = key;
            self.next_lane = index;
        }
    }

    #[inline]
    fn push_wheel(&mut self, wheel: usize, pending: Pending) {
        self.wheels[wheel].push(pending);
        if pending.key < self.heads[wheel] {
            self.heads[wheel] = pending.key;
            if pending.key < self.next_key {
                self.next_key = pending.key;
                self.next_lane = wheel;
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
        let pending = if lane < WHEELS {
            let wheel = &mut self.wheels[lane];
            let first = wheel.pop()?;
            self.heads[lane] = wheel.next_key();
            first
        } else {
            let ring = &mut self.rings[lane - WHEELS];
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the lanes, events leave in the order of time, and of scheduling where times are equal.
        #[test]
        fn order_is_time_then_sequence(
            delays in prop::collection::vec((0usize..4, prop_oneof![0u64..50, 0u64..100_000]), 1..400),
            gap_ns in 1u64..100,
        ) {
            let mut queue = Queue::new(gap_ns);
            let lanes = [NETWORK, GENERAL, queue.lane_for(7), queue.lane_for(20)];
            let mut twin: Vec<(u64, u32)> = Vec::new();
            let mut now = 0;
            for (id, (lane, delay)) in delays.into_iter().enumerate() {
                let time = now + match lane { 2 => 7, 3 => 20, _ => delay };
                queue.push(lanes[lane], time, 7, id as u32, 0);
                twin.push((time, id as u32));
                if id % 3 != 0 || id > 300 {
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
