//! Meaning of the words of a scenario and of a report: the options with their types, as a JSON Schema for editors and
//! in words for `herdlab explain`, beside measures and lints.
//!
//! Types, defaults and words of options are those of their declarations ([`crate::declare`]); the tables of
//! `docs/scenarios.md` are made of them. The words of measures are the rows of [`crate::catalog`].

pub mod entries;
mod measures;
pub mod options;
mod plain;
pub mod schema;
pub mod search;
