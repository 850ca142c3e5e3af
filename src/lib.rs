//! herdlab: what a cache change will do to the database, before production does.
//!
//! The pipeline, one room after the other; each room imports only rooms above it:
//!
//! scenario file -> [`scenario`] (checked model) -> [`experiment`] (cells x replications) -> [`sim`]
//! (one simulation) -> [`measure`] (record) -> [`report`]

pub mod dice;
pub mod experiment;
pub mod measure;
pub mod oracle;
pub mod policy;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod units;
pub mod workload;
