//! What the words of a scenario and of a report mean: the options with their types, as a JSON Schema for editors and
//! in words for `herdlab explain`, beside measures and lints.
//!
//! The types are a table of their own ([`options`]); `tests/reference.rs` holds it against the checker, field by
//! field in both directions. The words of options are those of `docs/scenarios.md` ([`pages`]), those of measures the
//! rows of [`crate::catalog`].

pub mod explain;
pub mod grammar;
mod measures;
pub mod options;
pub mod pages;
pub mod schema;
