//! A limit on what each caller may ask for.

use serde::Serialize;

use super::{Nanos, Popularity};

/// So many requests per caller and window, counted in a shared tier.
#[derive(Clone, Debug, Serialize)]
pub struct Limiter {
    /// Requests of one caller that a window admits.
    pub limit: u32,
    /// Length of a window; it begins with the first request after the one before has ended.
    pub per_ns: Nanos,
    pub mode: LimiterMode,
    /// Index into `Model::tiers`: the shared tier that keeps the counters.
    pub tier: usize,
    pub callers: u64,
    pub popularity: Popularity,
}

/// How a request is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum LimiterMode {
    /// GET; below the limit SETEX 1 where there is no counter, else INCR.
    Naive,
    /// One command that counts, starts the window where there is none, and tells the count.
    Atomic,
}
