//! From a scenario file to a checked model.

pub mod model;
