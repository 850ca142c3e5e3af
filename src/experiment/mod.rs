//! Cells x replications, and what may be said about them: runs, statistics over replications, the comparison of
//! variants, the answer.

pub mod answer;
pub mod comparison;
pub mod partial;
pub mod precision;
pub mod run;
pub mod statistics;
pub mod threshold;
pub mod warmup;
