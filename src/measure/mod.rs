//! What is measured: the catalogue of names, the recorder in the loop, and the record that remains.

pub mod catalog;
pub mod claim;
#[cfg(test)]
pub(crate) mod fixture;
pub mod quantity;
pub mod record;
