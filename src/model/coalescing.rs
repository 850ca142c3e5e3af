//! How concurrent misses of one key become one call of the database.

use serde::Serialize;

use super::{Directory, LeaseTier, Nanos};
use crate::declare::values::{Duration, PositiveDuration};
use crate::declare::{choice, keywords, options};

choice! {
    #[derive(Clone, Debug, Serialize)]
    pub enum Coalescing in "coalescing" (directory: &'a Directory), such as "\"singleflight\"" {
        /// every miss calls the database
        "none" None;
        /// one flight per key and instance
        "singleflight" Singleflight such as "{ around = \"fetch\" }" or alone {
            /// the part that is in flight once: the call of the database, or the whole `"lookup"` in the shared tiers with it
            "around" around: Around, default "fetch";
        };
        /// one winner over all instances, kept by the last shared tier (Nishtala et al., Scaling Memcache at Facebook, NSDI 2013)
        "lease" Lease(Lease[directory]) such as "{ tier = \"l2\" }";
    }
}

keywords! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum Around {
        /// The database call only.
        "fetch" Fetch,
        /// The lookup in the shared tiers and the database call.
        "lookup" Lookup,
    }
}

options! {
    #[derive(Clone, Debug, Serialize)]
    pub struct Lease in "lease" (directory: &'a Directory), such as "{ tier = \"l2\" }" {
        /// the last shared tier, which keeps it
        "tier" tier: usize as LeaseTier[directory], required "the last shared tier";
        /// how long a winner keeps the lease at most
        "lock_ttl" lock_ttl_ns: Nanos as PositiveDuration, default "10s";
        /// between two lookups of a loser
        "poll" poll_ns: Nanos as PositiveDuration, default "20ms";
        /// after this a loser calls the database itself, without another lookup and without filling: the last `poll` is cut short
        "wait_limit" wait_limit_ns: Nanos as Duration, default "2s";
        /// how long past its expiry a value may be served to losers; a DELETE leaves none, so refused where writes delete in that tier
        "serve_stale" serve_stale_ns: Nanos as Duration, default "0s";
    }
}
