//! What is measured: the catalogue of names, the recorder in the loop, and the record that remains.

pub mod busiest;
pub mod cells;
#[cfg(test)]
pub(crate) mod fixture;
pub mod histogram;
pub mod meaning;
pub mod quantity;
pub mod record;
pub mod recorder;
pub mod recovery;
pub mod series;
pub mod staleness;
pub mod summary;
mod tails;
