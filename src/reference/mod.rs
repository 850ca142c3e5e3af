//! What the words of a scenario and of a report mean: the options with their types, as a JSON Schema for editors and
//! in words for `herdlab explain`, beside measures and lints.
//!
//! Types, defaults and words of options are those of their declarations ([`crate::declare`]); the tables of
//! `docs/scenarios.md` are made of them. The words about measures are those of `docs/model.md` ([`pages`]).

pub mod explain;
pub mod options;
pub mod pages;
pub mod schema;
