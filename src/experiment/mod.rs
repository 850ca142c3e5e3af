//! Cells x replications, and the verdicts on them: runs, statistics over replications, the comparison of
//! variants, the answer.

pub mod answer;
#[cfg(feature = "live")]
pub mod apart;
mod breakdown;
#[cfg_attr(not(feature = "native"), path = "cells/without_files.rs")]
pub mod cells;
pub mod comparison;
mod finished;
pub mod fit;
pub mod forecast;
pub mod headroom;
pub mod misplaced;
pub mod observe;
mod options;
#[cfg(feature = "live")]
pub mod played;
pub mod precision;
pub mod printed;
pub mod recommend;
mod replication;
pub mod review;
pub mod run;
pub mod shares;
pub mod states;
pub mod statistics;
pub mod sweep;
pub mod task;
pub mod threshold;
pub mod versus;
pub mod warmup;
pub mod welch;
pub mod withheld;
mod workers;
pub mod worlds;
