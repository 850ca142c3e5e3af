//! A limit on the requests of each caller.

use serde::Serialize;

use super::workload::fits_keys;
use super::{CountingTier, Directory, Keys, Nanos, Popularity};
use crate::declare::values::{Count, PositiveDuration};
use crate::declare::{keywords, options};

options! {
    /// So many requests per caller and window, counted in a shared tier.
    #[derive(Clone, Debug, Serialize)]
    pub struct Limiter in "limiter" (directory: &'a Directory),
        such as "{ tier = \"l2\", limit = 100, per = \"1m\", mode = \"atomic\", callers = 1000 }" {
        /// a variant can switch it off
        #[serde(skip)]
        "enabled" enabled: bool, default true;
        /// requests of one caller that a window admits
        "limit" limit: u32 as Count, required "the requests of one caller that a window admits";
        /// length of a window, from its first request
        "per" per_ns: Nanos as PositiveDuration, required "the length of a window, such as \"1m\"";
        /// `"naive"`: GET, then SETEX 1 or INCR; `"atomic"`: one command
        "mode" mode: LimiterMode, required "\"naive\" or \"atomic\"";
        /// the shared tier that keeps the counters; its `on_failure` decides whether all requests pass (`"next"`) or none (`"error"`)
        /// while it does not answer
        "tier" tier: usize as CountingTier[(directory, enabled != Some(false))],
            required "the shared tier that keeps the counters";
        /// number of callers
        "callers" callers: u64 as Keys, required "the number of callers";
        /// popularity of the callers, as for keys
        "popularity" popularity: Popularity, default "uniform";
    }
    check |f| { fits_keys(f, "callers", callers, popularity.as_ref()); }
}

keywords! {
    /// How a request is counted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub enum LimiterMode {
        /// GET; below the limit SETEX 1 where there is no counter, else INCR.
        "naive" Naive,
        /// One command that counts, starts the window where there is none, and returns the count.
        "atomic" Atomic,
    }
}
