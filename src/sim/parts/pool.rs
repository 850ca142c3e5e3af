//! Connections of one instance to one server.

use std::collections::VecDeque;

use crate::model::Nanos;

/// Who waits for a connection: slot and generation of a command or an attempt, or of the journey that stands for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    pub slot: u32,
    pub generation: u32,
    pub is_journey: bool,
}

impl Waiter {
    #[inline]
    pub fn call(slot: u32, generation: u32) -> Waiter {
        Waiter { slot, generation, is_journey: false }
    }

    #[inline]
    pub fn journey(slot: u32, generation: u32) -> Waiter {
        Waiter { slot, generation, is_journey: true }
    }
}

/// The size of a pool without bounds.
pub const UNLIMITED: u32 = u32::MAX;

/// A bounded pool with a FIFO of those who wait; who gave up is skipped when its turn comes.
#[derive(Debug)]
pub struct Pool {
    limit: u32,
    /// Below the limit after the pool was made smaller: connections are closed as they come back.
    target: u32,
    in_use: u32,
    /// Places whose connection was closed and not set up again.
    closed: u32,
    /// Places whose connection has been refused, in use until their caller learns of it.
    refused: u32,
    waiting: VecDeque<Waiter>,
}

impl Pool {
    pub fn new(limit: u32) -> Pool {
        Pool { limit, target: limit, in_use: 0, closed: 0, refused: 0, waiting: VecDeque::new() }
    }

    /// Takes a connection, or queues.
    #[inline]
    pub fn acquire(&mut self, waiter: Waiter) -> bool {
        let free = self.in_use < self.limit;
        if free {
            self.in_use += 1;
        } else {
            self.waiting.push_back(waiter);
        }
        free
    }

    /// Puts a connection back.
    #[inline]
    pub fn release(&mut self) {
        debug_assert!(self.in_use > 0, "a connection is put back that nobody took");
        self.in_use -= 1;
        self.limit = self.target.max(self.in_use);
        self.keep_closed_within();
    }

    /// No more places are without a connection than nobody uses.
    fn keep_closed_within(&mut self) {
        self.closed = self.closed.min(self.limit - self.in_use);
    }

    /// Closes a connection in use: its place is free.
    pub fn close(&mut self) {
        self.release();
        self.closed += 1;
        self.keep_closed_within();
    }

    /// Closes those that nobody uses.
    pub fn close_idle(&mut self) {
        self.closed = self.limit.saturating_sub(self.in_use);
    }

    /// Whether the connection that was just taken has to be set up first: those that are open are taken first.
    pub fn sets_up(&mut self) -> bool {
        let is_new = self.closed > 0 && self.in_use.saturating_add(self.closed) > self.limit;
        self.closed -= u32::from(is_new);
        is_new
    }

    /// The connection that was to be set up is refused.
    pub fn is_refused(&mut self) {
        self.refused += 1;
    }

    /// Whoever was refused a connection puts back its place.
    pub fn close_refused(&mut self) {
        self.refused = self.refused.saturating_sub(1);
        self.close();
    }

    /// Connections that are open or being set up, those that nobody uses only on demand.
    pub fn open(&self, with_idle: bool) -> u32 {
        let places = if with_idle { self.limit - self.closed } else { self.in_use };
        places.saturating_sub(self.refused)
    }

    /// Makes the pool larger or smaller; connections in use beyond its new size are closed when they come back, and
    /// nobody has opened the new ones.
    pub fn resize(&mut self, limit: u32) {
        self.closed = self.closed.saturating_add(limit.saturating_sub(self.target));
        self.target = limit;
        self.limit = limit.max(self.in_use);
        self.keep_closed_within();
    }

    /// Gives a free connection to the first in the queue that still wants it.
    #[inline]
    pub fn next(&mut self, wants: impl Fn(Waiter) -> bool) -> Option<Waiter> {
        while self.in_use < self.limit {
            let waiter = self.waiting.pop_front()?;
            if wants(waiter) {
                self.in_use += 1;
                return Some(waiter);
            }
        }
        None
    }
}

/// The pools before one dependency, and how much of them has been in use over time.
#[derive(Debug)]
pub struct Pools {
    /// Empty where connections are unlimited.
    pools: Vec<Pool>,
    in_use: u64,
    /// The integral of those in use, up to `since_ns`.
    busy_ns: u128,
    since_ns: Nanos,
}

impl Pools {
    /// So many pools of this size; `None`: connections are unlimited.
    pub fn new(limit: Option<u32>, count: u32) -> Pools {
        let pools = limit.map_or_else(Vec::new, |limit| (0..count).map(|_| Pool::new(limit)).collect());
        Pools { pools, in_use: 0, busy_ns: 0, since_ns: 0 }
    }

    /// Whether connections are unlimited.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.pools.is_empty()
    }

    /// Whether there is such a pool.
    #[inline]
    pub fn has(&self, place: usize) -> bool {
        place < self.pools.len()
    }

    /// Takes a connection (`true`) or queues; `None` where there is no such pool.
    #[inline]
    pub fn acquire(&mut self, place: usize, waiter: Waiter, now: Nanos) -> Option<bool> {
        let taken = self.pools.get_mut(place)?.acquire(waiter);
        if taken {
            self.change(1, now);
        }
        Some(taken)
    }

    /// Puts a connection back, if it came from one of these pools.
    #[inline]
    pub fn release(&mut self, place: usize, now: Nanos) {
        if let Some(pool) = self.pools.get_mut(place) {
            pool.release();
            self.change(-1, now);
        }
    }

    /// Closes a connection in use, if it came from one of these pools.
    pub fn close(&mut self, place: usize, now: Nanos) {
        if let Some(pool) = self.pools.get_mut(place) {
            pool.close();
            self.change(-1, now);
        }
    }

    /// Closes those of a pool that nobody uses.
    pub fn close_idle(&mut self, place: usize) {
        if let Some(pool) = self.pools.get_mut(place) {
            pool.close_idle();
        }
    }

    /// The same of all pools.
    pub fn close_all_idle(&mut self) {
        self.pools.iter_mut().for_each(Pool::close_idle);
    }

    /// See [`Pool::is_refused`].
    pub fn is_refused(&mut self, place: usize) {
        self.pools[place].is_refused();
    }

    /// Puts back a place whose connection was refused.
    pub fn close_refused(&mut self, place: usize, now: Nanos) {
        if let Some(pool) = self.pools.get_mut(place) {
            pool.close_refused();
            self.change(-1, now);
        }
    }

    /// Connections of all pools that are open; idle ones only of instances that are there.
    pub fn open(&self, is_there: impl Fn(u32) -> bool) -> u64 {
        let pools = self.pools.iter().enumerate();
        pools.map(|(place, pool)| u64::from(pool.open(is_there(place as u32)))).sum()
    }

    /// Whether the connection that was just taken has to be set up first.
    pub fn sets_up(&mut self, place: usize) -> bool {
        self.pools.get_mut(place).is_some_and(Pool::sets_up)
    }

    /// Gives a free connection to the first in the queue that still wants it.
    #[inline]
    pub fn next(&mut self, place: usize, now: Nanos, wants: impl Fn(Waiter) -> bool) -> Option<Waiter> {
        let next = self.pools.get_mut(place)?.next(wants)?;
        self.change(1, now);
        Some(next)
    }

    /// The connections of a pool and those who wait for them are gone.
    pub fn renew(&mut self, place: usize, now: Nanos) {
        if let Some(pool) = self.pools.get_mut(place) {
            let gone = i64::from(pool.in_use);
            *pool = Pool::new(pool.target);
            self.change(-gone, now);
        }
    }

    /// Makes a pool larger or smaller, where there is one.
    pub fn resize(&mut self, place: usize, limit: Option<u32>) {
        if let Some(pool) = self.pools.get_mut(place) {
            pool.resize(limit.unwrap_or(UNLIMITED));
        }
    }

    /// The integral over time of the connections in use.
    #[inline]
    pub fn busy_ns(&self, now: Nanos) -> u128 {
        self.busy_ns + u128::from(self.in_use) * u128::from(now - self.since_ns)
    }

    #[inline]
    fn change(&mut self, by: i64, now: Nanos) {
        self.busy_ns = self.busy_ns(now);
        self.since_ns = now;
        self.in_use = self.in_use.wrapping_add_signed(by);
    }

    /// The fault of the books, if there is one.
    ///
    /// # Errors
    /// A pool above its size; connections in use that are not in the books.
    pub fn balance(&self) -> Result<(), String> {
        if let Some(pool) = self.pools.iter().find(|pool| pool.in_use > pool.limit) {
            return Err(format!("{} connections of a pool of {} are in use", pool.in_use, pool.limit));
        }
        let held: u64 = self.pools.iter().map(|pool| u64::from(pool.in_use)).sum();
        if held != self.in_use {
            return Err(format!("{held} connections in use, {} in the books", self.in_use));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_come_first_served_and_the_dead_are_skipped() {
        let mut pool = Pool::new(1);
        assert!(pool.acquire(Waiter::call(0, 1)));
        assert!(!pool.acquire(Waiter::call(1, 1)));
        assert!(!pool.acquire(Waiter::journey(2, 1)));
        pool.release();
        assert_eq!(pool.next(|waiter| waiter.slot != 1), Some(Waiter::journey(2, 1)));
        assert_eq!(pool.in_use, 1);
        assert_eq!(pool.next(|_| true), None);
    }

    /// Of three, two are in use, and one of these is closed: the open one that nobody uses is taken first.
    #[test]
    fn open_connections_are_taken_before_closed_ones_are_set_up() {
        let mut pool = Pool::new(3);
        assert!(pool.acquire(Waiter::call(0, 1)) && !pool.sets_up());
        assert!(pool.acquire(Waiter::call(1, 1)) && !pool.sets_up());
        pool.close();
        assert!(pool.acquire(Waiter::call(2, 1)) && !pool.sets_up());
        assert!(pool.acquire(Waiter::call(3, 1)) && pool.sets_up());
        pool.release();
        assert!(pool.acquire(Waiter::call(4, 1)) && !pool.sets_up());
        assert!(!pool.acquire(Waiter::call(5, 1)));
        // One comes back, and is closed with the outage; the two in use stay.
        pool.release();
        pool.close_idle();
        assert!(pool.acquire(Waiter::call(6, 1)) && pool.sets_up());
    }

    /// Five in use and room for three: one is closed, and the two that are put back are open.
    #[test]
    fn a_smaller_pool_has_no_more_closed_places_than_free_ones() {
        let mut pool = Pool::new(5);
        (0..5).for_each(|slot| assert!(pool.acquire(Waiter::call(slot, 1))));
        pool.resize(3);
        pool.close();
        pool.release();
        pool.release();
        assert!(pool.acquire(Waiter::call(5, 1)) && !pool.sets_up());
        assert!(!pool.acquire(Waiter::call(6, 1)));
    }

    #[test]
    fn what_is_in_use_is_known_over_time() {
        let mut pools = Pools::new(Some(1), 2);
        assert_eq!(pools.acquire(0, Waiter::call(7, 1), 10), Some(true));
        assert_eq!(pools.acquire(1, Waiter::call(8, 1), 20), Some(true));
        assert_eq!(pools.acquire(1, Waiter::call(9, 1), 20), Some(false));
        assert_eq!(pools.acquire(2, Waiter::call(9, 1), 20), None, "there is no third pool");
        pools.release(1, 30);
        assert_eq!(pools.next(1, 30, |_| true), Some(Waiter::call(9, 1)));
        pools.renew(0, 40);
        // From 10 to 40 and from 20 to 50.
        assert_eq!(pools.busy_ns(50), 60);
        assert_eq!(pools.balance(), Ok(()));
        assert!(Pools::new(None, 2).is_empty());
    }
}
