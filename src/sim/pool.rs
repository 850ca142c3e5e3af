//! Connections of one instance to one server.

use std::collections::VecDeque;

use crate::scenario::model::Nanos;

/// A bounded pool with a FIFO of those who wait; who gave up is skipped when its turn comes.
#[derive(Debug)]
pub struct Pool {
    limit: u32,
    in_use: u32,
    /// (slot, generation) in the slab of whoever waits.
    waiting: VecDeque<(u32, u32)>,
}

impl Pool {
    pub fn new(limit: u32) -> Pool {
        Pool { limit, in_use: 0, waiting: VecDeque::new() }
    }

    /// Takes a connection, or queues.
    #[inline]
    pub fn acquire(&mut self, slot: u32, generation: u32) -> bool {
        let free = self.in_use < self.limit;
        if free {
            self.in_use += 1;
        } else {
            self.waiting.push_back((slot, generation));
        }
        free
    }

    /// Puts a connection back.
    #[inline]
    pub fn release(&mut self) {
        self.in_use -= 1;
    }

    /// Gives a free connection to the first in the queue that still wants it.
    #[inline]
    pub fn next(&mut self, wants: impl Fn(u32, u32) -> bool) -> Option<u32> {
        while self.in_use < self.limit {
            let (slot, generation) = self.waiting.pop_front()?;
            if wants(slot, generation) {
                self.in_use += 1;
                return Some(slot);
            }
        }
        None
    }

    pub fn in_use(&self) -> u32 {
        self.in_use
    }

    pub fn limit(&self) -> u32 {
        self.limit
    }
}

/// Connections of several pools together, over time.
#[derive(Debug, Default)]
pub struct Connections {
    pub in_use: u64,
    since_ns: Nanos,
    /// Integral of those in use.
    pub busy_ns: u128,
}

impl Connections {
    /// So many more are in use from now on.
    #[inline]
    pub fn change(&mut self, by: i64, now: Nanos) {
        self.busy_ns += u128::from(self.in_use) * u128::from(now - self.since_ns);
        self.since_ns = now;
        self.in_use = self.in_use.wrapping_add_signed(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_come_first_served_and_the_dead_are_skipped() {
        let mut pool = Pool::new(1);
        assert!(pool.acquire(0, 1));
        assert!(!pool.acquire(1, 1));
        assert!(!pool.acquire(2, 1));
        pool.release();
        assert_eq!(pool.next(|slot, _| slot != 1), Some(2));
        assert_eq!(pool.in_use(), 1);
        assert_eq!(pool.next(|_, _| true), None);
    }
}
