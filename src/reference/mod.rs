//! What the words of a scenario and of a report mean: the options with their types, as a JSON Schema for editors and
//! in words for `herdlab explain`, beside measures and lints.
//!
//! The types are a table of their own ([`options`]); `tests/reference.rs` holds it against the checker, field by
//! field in both directions. The words are those of `docs/scenarios.md` and `docs/model.md` ([`pages`]), so that
//! there is nothing to keep in step.

pub mod explain;
pub mod options;
pub mod pages;
pub mod schema;
