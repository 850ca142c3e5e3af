//! From a record to what it says: statistics over replications, the comparison of variants, the answer.

pub mod answer;
pub mod comparison;
pub mod statistics;
