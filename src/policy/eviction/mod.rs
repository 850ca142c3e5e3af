//! Which entry leaves a full tier.
//!
//! A policy identifies entries by their slot (a small integer) and is independent of values and time, and of sizes but for what `weigh` gives; keys are ids that it may
//! remember when their entries are gone. The contract: `prepare` announces a key, `victim` (as often as room must be
//! made, and then while `takes_more`) takes out and returns the slot to evict and is called only while it holds at least one,
//! `insert` follows, after `weigh` where sizes count,
//! with the same key and a slot that it does not hold; `hit` and `remove` name a slot that it holds. An algorithm is
//! one file that implements [`Evict`] and one line in `policies!`; one from outside the crate goes by `policy::own`.

mod arc;
mod clock;
mod evict;
mod fifo;
mod gdsf;
mod ghost;
mod lfu;
mod lirs;
mod list;
mod lru;
mod outside;
mod random;
mod s3_fifo;
mod sieve;
mod sketch;
mod slots;
mod slru;
mod two_q;
mod w_tiny_lfu;

pub use self::evict::{Evict, Room};
pub use self::outside::Own;
use crate::dice::Stream;
use crate::model::Eviction;

/// Code that is compiled for each algorithm.
pub trait ForPolicy {
    /// What it gives.
    type Output;
    /// Runs with one algorithm.
    fn run<P: Evict>(self) -> Self::Output;
}

/// Code that is compiled for each algorithm and works on one that was chosen before.
pub trait WithPolicy {
    /// What it gives.
    type Output;
    /// Runs with the chosen algorithm.
    fn run<P: Evict>(self, policy: &mut P) -> Self::Output;
}

/// Out of the way of the algorithms of the crate.
#[cold]
#[inline(never)]
fn aside<T>(policy: &mut Own, work: impl FnOnce(&mut Own) -> T) -> T {
    work(policy)
}

macro_rules! policies {
    ($($name:ident, $policy:ty, $kept:ty, $docs:literal;)*) => {
        /// Every algorithm with one sentence about it.
        pub const ALL: &[(Eviction, &str)] = &[$((Eviction::$name, $docs)),*];

        /// One of the algorithms, chosen when a tier is built. Those that keep much are boxed: many stores should have
        /// room in the processor's cache.
        #[derive(Debug)]
        pub enum Policy {
            $($name($kept),)*
            /// From outside the crate. Boxed, and worked on aside, so that the others stay as small and as fast as they are.
            Own(Box<Own>),
        }

        /// Runs code that is compiled for each algorithm: chosen once, not at every step.
        pub fn with_policy<F: ForPolicy>(kind: Eviction, code: F) -> F::Output {
            match kind { $(Eviction::$name => code.run::<$policy>()),* }
        }

        impl Policy {
            /// An empty policy of the given kind.
            pub fn new(kind: Eviction, room: Room, dice: Stream) -> Policy {
                match kind { $(Eviction::$name => Policy::$name(<$policy>::new(room, dice).into())),* }
            }
            /// Several steps at the price of one choice. What they need is put together where it is used: for a call in memory,
            /// and the most common one needs no call.
            #[inline(always)]
            pub fn with<F: WithPolicy>(&mut self, code: impl FnOnce() -> F) -> F::Output {
                if let Policy::Lru(policy) = self { code().run(policy) } else { self.with_any(code()) }
            }
            #[inline(never)]
            fn with_any<F: WithPolicy>(&mut self, code: F) -> F::Output {
                match self {
                    $(Policy::$name(policy) => code.run::<$policy>(policy),)*
                    Policy::Own(policy) => aside(policy, |policy| code.run(policy)),
                }
            }
            /// See [`Evict::read_ahead_hit`].
            #[inline(always)]
            pub fn read_ahead_hit(&self, slot: u32) {
                if let Policy::Lru(policy) = self {
                    policy.read_ahead_hit(slot);
                } else {
                    self.read_ahead_hit_any(slot);
                }
            }
            #[inline(never)]
            fn read_ahead_hit_any(&self, slot: u32) {
                match self {
                    $(Policy::$name(policy) => policy.read_ahead_hit(slot),)*
                    Policy::Own(_) => {}
                }
            }
            /// See [`Evict::hit`].
            #[inline(always)]
            pub fn hit(&mut self, slot: u32) {
                // The most common one needs no call.
                if let Policy::Lru(policy) = self {
                    policy.hit(slot);
                } else {
                    self.hit_any(slot);
                }
            }
            #[inline(never)]
            fn hit_any(&mut self, slot: u32) {
                match self {
                    $(Policy::$name(policy) => policy.hit(slot),)*
                    Policy::Own(policy) => policy.hit(slot),
                }
            }
            /// See [`Evict::remove`].
            #[inline]
            pub fn remove(&mut self, slot: u32) {
                match self {
                    $(Policy::$name(policy) => policy.remove(slot),)*
                    Policy::Own(policy) => aside(policy, |policy| policy.remove(slot)),
                }
            }
        }
    };
}

policies! {
    Lru, lru::Lru, lru::Lru, "evicts the entry whose last use is longest ago";
    Fifo, fifo::Fifo, fifo::Fifo, "evicts the oldest entry, used or not";
    Clock, clock::Clock, clock::Clock, "FIFO that gives an entry used since the hand last passed one more round";
    Random, random::Random, random::Random, "evicts any entry, all with the same probability";
    Sieve, sieve::Sieve, sieve::Sieve, "FIFO with a hand that spares visited entries and leaves them where they are";
    S3Fifo, s3_fifo::S3Fifo, Box<s3_fifo::S3Fifo>, "a small FIFO before a main one: entries not used twice in the small one leave early";
    TwoQ, two_q::TwoQ, Box<two_q::TwoQ>, "a FIFO for new entries; an entry requested again after it left the FIFO goes to an LRU";
    Slru, slru::Slru, Box<slru::Slru>, "LRU in two segments: a second use protects an entry from those used once";
    Arc, arc::Arc, Box<arc::Arc>, "LRU for entries used once and LRU for the others, their shares set by the misses";
    Lfu, lfu::Lfu, Box<lfu::Lfu>, "evicts the entry with the fewest uses since it came";
    Gdsf, gdsf::Gdsf, Box<gdsf::Gdsf>, "evicts the entry with the fewest uses per byte, uses of long ago counting less";
    WTinyLfu, w_tiny_lfu::WTinyLfu<false>, Box<w_tiny_lfu::WTinyLfu<false>>, "a small LRU, behind which only entries requested more often than the victim stay";
    AdaptiveWTinyLfu, w_tiny_lfu::WTinyLfu<true>, Box<w_tiny_lfu::WTinyLfu<true>>, "w-tinylfu whose window grows and shrinks with the hit ratio, as Caffeine's does";
    Lirs, lirs::Lirs, Box<lirs::Lirs>, "keeps the entries with the shortest time between their last two uses, remembered longer than they are held";
}

#[cfg(test)]
mod tests;
