//! Measurement: the recorder in the loop, histograms, staleness, and the judgement of events.

pub mod breakdown;
pub mod busiest;
pub mod cells;
pub mod histogram;
pub mod latency_map;
pub mod objective;
pub mod ordinary;
pub mod quantity;
pub mod recorder;
pub mod recovery;
pub mod staleness;
mod tails;
