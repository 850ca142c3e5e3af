//! What the worlds of a scenario with ranges have left.

use serde::{Deserialize, Serialize};

use crate::model::Input;

/// The nominal scenario is beside it, as it would be without ranges.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorldsRecord {
    /// Worlds asked for; after an interrupt fewer are finished.
    pub wanted: u32,
    /// Runs of every variant in each world.
    pub replications: u32,
    pub inputs: Vec<Input>,
    /// By finished world and input.
    pub values: Vec<Vec<f64>>,
    /// In the order of the record's variants.
    pub variants: Vec<VariantWorlds>,
}

/// One variant in all worlds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VariantWorlds {
    /// Sorted by name; units are those of the variant's measures.
    pub measures: Vec<WorldMeasure>,
}

/// One measure in all worlds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorldMeasure {
    pub name: String,
    /// By world and replication, to eight digits; `null` where the measure is not defined.
    pub values: Vec<Vec<Option<f64>>>,
}

impl WorldsRecord {
    /// Finished worlds.
    pub fn finished(&self) -> usize {
        self.values.len()
    }

    /// By world and replication; `None` where no world has the measure.
    pub fn measure(&self, variant: usize, name: &str) -> Option<&WorldMeasure> {
        let measures = &self.variants.get(variant)?.measures;
        let place = measures.binary_search_by(|measure| measure.name.as_str().cmp(name)).ok()?;
        Some(&measures[place])
    }
}
