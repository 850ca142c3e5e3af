//! What is measured: the catalogue of names, the recorder in the loop, and the record that remains.

pub mod catalog;
pub mod histogram;
pub mod record;
pub mod recorder;
pub mod series;
pub mod staleness;
pub mod summary;
