//! Recorded workloads: one file per format.

pub mod csv;

pub use csv::{TraceError, TraceKeys, TraceReader, TraceRow};
