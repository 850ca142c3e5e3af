//! The strategies that are compared: pure, with no clock and no queue of their own.

pub mod eviction;
pub mod freshness;
pub mod own;
pub mod redis;
