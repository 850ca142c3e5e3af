//! Which entry leaves a full tier.
//!
//! A policy knows entries by their slot (a small integer) and never sees keys, values or time. The contract:
//! `insert` for a slot it does not hold, `hit` and `remove` for one it holds, `victim` takes out and returns
//! the slot to evict and is called only while it holds at least one. An algorithm is one file that implements
//! [`Evict`] and one line in `policies!`.

mod clock;
mod fifo;
mod list;
mod lru;
mod random;
mod sieve;

use crate::dice::Stream;
use crate::scenario::model::Eviction;

/// What an eviction algorithm does.
pub trait Evict {
    /// An empty policy; `dice` is a stream of its own.
    fn new(dice: Stream) -> Self;
    /// Takes up a slot that was just filled.
    fn insert(&mut self, slot: u32);
    /// A look-up found the entry in this slot.
    fn hit(&mut self, slot: u32);
    /// The entry in this slot is gone (expired or deleted).
    fn remove(&mut self, slot: u32);
    /// Takes out the slot to evict.
    fn victim(&mut self) -> u32;
    /// The slot that is likely to be the next one, where that is known without a search: it is read ahead.
    #[inline]
    fn next_victim(&self) -> Option<u32> {
        None
    }
}

macro_rules! policies {
    ($($name:ident, $text:literal, $policy:ty, $docs:literal;)*) => {
        /// Every algorithm: its name in scenario files and one sentence about it.
        pub const ALL: &[(Eviction, &str, &str)] = &[$((Eviction::$name, $text, $docs)),*];

        /// One of the algorithms, chosen when a tier is built.
        #[derive(Debug)]
        pub enum Policy { $($name($policy)),* }

        impl Policy {
            /// An empty policy of the given kind.
            pub fn new(kind: Eviction, dice: Stream) -> Policy {
                match kind { $(Eviction::$name => Policy::$name(Evict::new(dice))),* }
            }
            /// See [`Evict::insert`].
            #[inline]
            pub fn insert(&mut self, slot: u32) {
                match self { $(Policy::$name(policy) => policy.insert(slot)),* }
            }
            /// See [`Evict::hit`].
            #[inline]
            pub fn hit(&mut self, slot: u32) {
                match self { $(Policy::$name(policy) => policy.hit(slot)),* }
            }
            /// See [`Evict::remove`].
            #[inline]
            pub fn remove(&mut self, slot: u32) {
                match self { $(Policy::$name(policy) => policy.remove(slot)),* }
            }
            /// See [`Evict::next_victim`].
            #[inline]
            pub fn next_victim(&self) -> Option<u32> {
                match self { $(Policy::$name(policy) => policy.next_victim()),* }
            }
            /// See [`Evict::victim`].
            #[inline]
            pub fn victim(&mut self) -> u32 {
                match self { $(Policy::$name(policy) => policy.victim()),* }
            }
        }
    };
}

policies! {
    Lru, "lru", lru::Lru, "evicts the entry whose last use is longest ago";
    Fifo, "fifo", fifo::Fifo, "evicts the oldest entry, used or not";
    Clock, "clock", clock::Clock, "FIFO that gives an entry used since the hand last passed one more round";
    Random, "random", random::Random, "evicts any entry, all with the same probability";
    Sieve, "sieve", sieve::Sieve, "FIFO with a hand that spares visited entries and leaves them where they are";
}

/// The name of an algorithm in scenario files.
pub fn name(kind: Eviction) -> &'static str {
    ALL.iter().find(|row| row.0 == kind).map_or("", |row| row.1)
}

#[cfg(test)]
mod tests;
