//! Closed forms: the values that queueing and caching theory predicts for a simulation.
//!
//! Every function is pure, takes seconds (`_s`) and rates per second (`_per_s`), and depends on no other
//! room of the program. The validation tests hold the engine against these numbers, and the lints of
//! `herdlab check` judge a scenario by them.
//!
//! | topic | file |
//! |---|---|
//! | one key under a time to live: singleflight, none, sliding, invalidation, staleness, synchronised expiry | [`ttl`] |
//! | stale reads: late deletes, deletes that do not come, replicas that lag | [`staleness`] |
//! | early refresh: XFetch and the uniform window | [`xfetch`] |
//! | an instance tier above a shared one | [`tiers`] |
//! | bounded caches in the large: Che's approximation | [`che`] |
//! | billions of keys in groups, with times to live and a capacity: what `herdlab check` expects of a cache | [`steady`] |
//! | bounded caches in the small, exactly: LRU, FIFO, random | [`small_cache`] |
//! | waiting rooms: M/M/c, M/M/c/K, M/D/1, closed M/M/c | [`queueing`] |
//! | retries, pauses and what a closed-loop client does not see | [`overload`] |
//! | write-back: what coalesces, how long it waits, what a crash takes | [`write_back`] |
//! | functions that neither std nor libm has | [`special`] |
//! | tails and quantiles behind tests and intervals | [`tails`] |

pub mod che;
pub mod overload;
pub mod queueing;
pub mod small_cache;
pub mod special;
pub mod staleness;
pub mod steady;
pub mod tails;
pub mod tiers;
pub mod ttl;
pub mod write_back;
pub mod xfetch;

#[cfg(test)]
mod twin;
