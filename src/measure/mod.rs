//! What is measured: the catalogue of names, the recorder in the loop, and the record that remains.

pub mod catalog;
pub mod record;
