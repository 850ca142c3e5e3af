//! An event, and an event that waits for its time.

use std::cmp::Ordering;

use crate::model::Nanos;
use crate::sim::slab::GENERATION_BITS;

/// An event: its kind, the slot of a slab, the generation of that slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the kind, below 256; what it means is the engine's affair.
    pub kind: u8,
    pub id: u32,
    /// Below two to the power of [`GENERATION_BITS`].
    pub generation: u32,
}

/// An event that waits for its time, in three whole words: what is stored in pieces could not be forwarded to the
/// load of the whole that follows at once.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    pub time: Nanos,
    /// From the top: kind (8 bits), generation (24), slot (32).
    what: u64,
    /// Sequence in the upper half, for the wheel the next event of the same bucket in the lower.
    order: u64,
}

impl Pending {
    /// After which no other comes.
    pub const LAST: Pending = Pending { time: Nanos::MAX, what: 0, order: u64::MAX };

    #[inline]
    pub fn new(due: Due, sequence: u32) -> Pending {
        Pending { time: due.time, what: due.what, order: u64::from(sequence) << 32 }
    }

    /// The event, at its time.
    #[inline]
    pub fn due(&self) -> Due {
        Due { time: self.time, what: self.what }
    }

    /// The slot of the event.
    #[inline]
    pub fn id(&self) -> u32 {
        self.what as u32
    }

    #[inline]
    fn sequence(&self) -> u32 {
        (self.order >> 32) as u32
    }

    /// The next event of the same bucket.
    #[inline]
    pub fn next(&self) -> u32 {
        self.order as u32
    }

    /// Becomes another event.
    #[inline(always)]
    pub fn set(&mut self, event: Pending, next: u32) {
        self.time = event.time;
        self.what = event.what;
        self.order = event.order;
        self.set_next(next);
    }

    /// Links it to the next event of the same bucket.
    #[inline]
    pub fn set_next(&mut self, next: u32) {
        self.order = self.order & !0xffff_ffff | u64::from(next);
    }

    /// Whether it happens before another: earlier, or at the same time but scheduled before. The sequence wraps
    /// after four billion events, so what matters is which of two that are pending at once is younger.
    #[inline]
    pub fn precedes(&self, other: &Pending) -> bool {
        self.time < other.time || (self.time == other.time && self.age(other) < 0)
    }

    /// Which of two happens first.
    pub fn order(&self, other: &Pending) -> Ordering {
        self.time.cmp(&other.time).then(self.age(other).cmp(&0))
    }

    /// Below zero where it was scheduled before the other.
    #[inline]
    fn age(&self, other: &Pending) -> i32 {
        self.sequence().wrapping_sub(other.sequence()) as i32
    }
}

/// An event and its time: two words, which are handed from one function to another in registers.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub time: Nanos,
    /// See [`Pending::what`].
    what: u64,
}

impl Due {
    /// No event.
    pub const NONE: Due = Due { time: Nanos::MAX, what: 0 };

    #[inline]
    pub fn new(time: Nanos, event: Event) -> Due {
        let Event { kind, id, generation } = event;
        let what = u64::from(kind) << (32 + GENERATION_BITS) | u64::from(generation) << 32 | u64::from(id);
        Due { time, what }
    }

    /// Whether there is one.
    #[inline]
    pub fn is_some(self) -> bool {
        self.time != Nanos::MAX
    }

    #[inline]
    pub fn event(self) -> Event {
        Event {
            kind: (self.what >> (32 + GENERATION_BITS)) as u8,
            id: self.what as u32,
            generation: (self.what >> 32) as u32 & ((1 << GENERATION_BITS) - 1),
        }
    }
}
