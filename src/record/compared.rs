//! The record of runs that were compared (`comparison.json`): their records, whole, under the names they were given.

use serde::{Deserialize, Serialize};

use super::Record;

/// Version of the layout of `comparison.json`; the records in it have [their own](super::SCHEMA).
pub const COMPARED_SCHEMA: u32 = 1;

/// `comparison.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparedRecord {
    /// [`COMPARED_SCHEMA`].
    pub schema: u32,
    /// Version of the program that wrote it.
    pub herdlab: String,
    /// The command that compares them again.
    pub command: String,
    /// The baseline first; at least two.
    pub compared: Vec<LabelledRecord>,
}

/// A run, by the name that the user gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledRecord {
    /// A path, the name of a scenario, or a git revision.
    pub label: String,
    pub record: Record,
}
