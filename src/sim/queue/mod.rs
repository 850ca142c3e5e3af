//! Pending events in the order (time, sequence).
//!
//! Delays that are always the same keep their order, so each of them gets a ring (a push and a pop cost a few
//! nanoseconds however many are pending); only random delays pay for a priority queue. There are two, a fine one
//! for network hops and a coarse one for the rest.

mod heap;
mod pending;
mod wheel;

pub use pending::{Due, Event};

/// Memory of an event while it waits.
#[cfg(test)]
pub const PENDING_BYTES: usize = size_of::<Pending>();

use std::collections::VecDeque;
use std::hint::select_unpredictable;

use self::pending::Pending;
use self::wheel::Wheel;
use crate::model::Nanos;

/// Where an event waits for its time: wheels are the first lanes, rings follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane(u16);

const WHEELS: usize = 2;
/// For random delays that are short and many.
pub const NETWORK: Lane = Lane(0);
/// For all other random delays.
pub const GENERAL: Lane = Lane(1);

/// The event queue.
#[derive(Debug)]
pub struct Queue {
    wheels: [Wheel; WHEELS],
    rings: Vec<VecDeque<Pending>>,
    /// Time of the first event of each ring; the far end of time where it is empty.
    heads_ns: Vec<Nanos>,
    delays: Vec<Nanos>,
    /// Time of the first event in all rings, and the ring; the far end of time where there is none.
    ring_ns: Nanos,
    next_ring: usize,
    sequence: u32,
    /// Time of the next event; the far end of time where there is none.
    next_ns: Nanos,
}

impl Queue {
    /// `gap_ns`: roughly the mean time between requests; it decides about speed only.
    pub fn new(gap_ns: Nanos) -> Queue {
        Queue {
            wheels: [Wheel::new(gap_ns / 4), Wheel::new(gap_ns.saturating_mul(2))],
            rings: Vec::new(),
            heads_ns: Vec::new(),
            delays: Vec::new(),
            ring_ns: Nanos::MAX,
            next_ring: 0,
            sequence: 0,
            next_ns: Nanos::MAX,
        }
    }

    /// The lane for a delay that never changes; equal delays share one.
    pub fn lane_for(&mut self, delay_ns: Nanos) -> Lane {
        let ring = self.delays.iter().position(|&known| known == delay_ns).unwrap_or_else(|| {
            self.delays.push(delay_ns);
            self.rings.push(VecDeque::new());
            self.heads_ns.push(Nanos::MAX);
            self.delays.len() - 1
        });
        Lane((WHEELS + ring) as u16)
    }

    /// Schedules an event. Times pushed to one ring must not decrease.
    pub fn push(&mut self, lane: Lane, time: Nanos, kind: u8, id: u32, generation: u32) {
        self.push_here(lane, time, Event { kind, id, generation });
    }

    /// The same, compiled into its caller: for where it matters.
    #[inline(always)]
    pub fn push_here(&mut self, lane: Lane, time: Nanos, event: Event) {
        let (due, sequence) = (Due::new(time, event), self.sequence);
        self.sequence = sequence.wrapping_add(1);
        let has_bucket = match self.wheels.get_mut(usize::from(lane.0)) {
            Some(wheel) => wheel.push_ahead(Pending::new(due, sequence)),
            None => false,
        };
        // An event in a bucket is not the next one: some other precedes it in the near list.
        if !has_bucket {
            self.push_aside(lane, due, sequence);
        }
    }

    #[inline(never)]
    fn push_aside(&mut self, lane: Lane, due: Due, sequence: u32) {
        self.next_ns = self.next_ns.min(due.time);
        let (place, pending) = (usize::from(lane.0), Pending::new(due, sequence));
        match self.wheels.get_mut(place) {
            Some(wheel) => wheel.push(pending),
            None => self.push_ring(place - WHEELS, pending),
        }
    }

    fn push_ring(&mut self, ring: usize, pending: Pending) {
        let events = &mut self.rings[ring];
        match events.back() {
            Some(last) if last.time > pending.time => self.wheels[1].push_beyond(pending),
            Some(_) => events.push_back(pending),
            None => {
                events.push_back(pending);
                self.heads_ns[ring] = pending.time;
                // Of two at the same time the one that is there was scheduled before.
                if pending.time < self.ring_ns {
                    self.ring_ns = pending.time;
                    self.next_ring = ring;
                }
            }
        }
    }

    /// Time of the next event; the far end of time where there is none.
    #[inline]
    pub fn next_time(&self) -> Nanos {
        self.next_ns
    }

    /// Whose event is the next one of [`GENERAL`], roughly: good enough to be read ahead for.
    #[inline]
    pub fn peek_general(&self) -> Option<u32> {
        self.wheels[1].near().map(Pending::id)
    }

    /// Takes out the next event where a single wheel has it, and nothing otherwise.
    #[inline(always)]
    pub fn pop_wheel(&mut self) -> Due {
        let [network, general] = [self.wheels[0].next_ns(), self.wheels[1].next_ns()];
        if network == general || network.min(general) >= self.ring_ns {
            return Due::NONE;
        }
        let due = self.wheels[usize::from(general < network)].pop();
        self.find_next_time();
        due
    }

    /// Takes out the next event wherever it is. Events that are not alive any more when they come to the head of a ring (timers
    /// whose owner is gone) are skipped.
    #[inline(never)]
    pub fn pop(&mut self, is_alive: impl Fn(Event) -> bool) -> Due {
        let near = self.wheels[0].next_ns().min(self.wheels[1].next_ns());
        let due = if self.ring_ns < near { self.pop_ring(is_alive) } else { self.pop_first(is_alive) };
        self.find_next_time();
        due
    }

    #[inline(always)]
    fn find_next_time(&mut self) {
        self.next_ns = self.wheels[0].next_ns().min(self.wheels[1].next_ns()).min(self.ring_ns);
    }

    /// Takes out the next event where several lanes may have one at the same time.
    #[inline(never)]
    fn pop_first(&mut self, is_alive: impl Fn(Event) -> bool) -> Due {
        let mut first = self.rings.get(self.next_ring).and_then(VecDeque::front);
        let mut lane = WHEELS;
        for (wheel, head) in self.wheels.iter().enumerate() {
            if let Some(head) = head.first()
                && first.is_none_or(|first| head.precedes(first))
            {
                (first, lane) = (Some(head), wheel);
            }
        }
        match self.wheels.get_mut(lane) {
            Some(wheel) => wheel.pop(),
            None => self.pop_ring(is_alive),
        }
    }

    /// Takes out the first event of all rings.
    #[inline]
    fn pop_ring(&mut self, is_alive: impl Fn(Event) -> bool) -> Due {
        let Some(ring) = self.rings.get_mut(self.next_ring) else { return Due::NONE };
        let first = ring.pop_front().map_or(Due::NONE, |first| first.due());
        while ring.front().is_some_and(|head| !is_alive(head.due().event())) {
            ring.pop_front();
        }
        self.heads_ns[self.next_ring] = ring.front().map_or(Nanos::MAX, |head| head.time);
        (self.ring_ns, self.next_ring) = self.first_ring();
        first
    }

    /// Time of the first event of all rings, and its ring.
    #[inline]
    fn first_ring(&self) -> (Nanos, usize) {
        let (mut first_ns, mut first) = (Nanos::MAX, 0);
        for (ring, &head_ns) in self.heads_ns.iter().enumerate() {
            let precedes = head_ns < first_ns
                || (head_ns == first_ns && head_ns != Nanos::MAX && self.is_scheduled_before(ring, first));
            // Which ring is the first is chance: no branch.
            first_ns = select_unpredictable(precedes, head_ns, first_ns);
            first = select_unpredictable(precedes, ring, first);
        }
        (first_ns, first)
    }

    /// Of two rings whose first events happen at the same time: which of them was scheduled before.
    #[cold]
    fn is_scheduled_before(&self, ring: usize, other: usize) -> bool {
        match (self.rings[ring].front(), self.rings[other].front()) {
            (Some(head), Some(other)) => head.precedes(other),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pop(queue: &mut Queue) -> Due {
        let due = queue.pop_wheel();
        if due.is_some() { due } else { queue.pop(|_| true) }
    }

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
                    let due = pop(&mut queue);
                    prop_assert_eq!((due.time, due.event().id), first);
                    now = due.time;
                }
            }
            twin.sort();
            let rest = std::iter::from_fn(|| Some(pop(&mut queue)).filter(|due| due.is_some()));
            let rest: Vec<_> = rest.map(|due| (due.time, due.event().id)).collect();
            prop_assert_eq!(rest, twin);
            prop_assert_eq!(queue.next_time(), u64::MAX);
        }
    }
}
