//! Objective and limits of `herdlab recommend`: `[recommend]` of a scenario.

use serde::{Deserialize, Serialize};

use super::{Axis, Threshold};

/// `[recommend]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommend {
    pub direction: Direction,
    pub objective: Objective,
    /// In file order; empty where the command line has them.
    pub knobs: Vec<Axis>,
    /// Limits to keep beside the scenario's thresholds; they are about all variants.
    pub keep: Vec<Threshold>,
    /// Most simulations to spend; `None`: as many as the search takes.
    pub budget: Option<u64>,
}

/// Whether the objective is minimised or maximised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Minimise,
    Maximise,
}

impl Direction {
    /// 1 or -1: what to multiply by so that less is better.
    pub fn sign(self) -> f64 {
        match self {
            Direction::Minimise => 1.0,
            Direction::Maximise => -1.0,
        }
    }
}

/// The measure that is minimised or maximised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    Measure(String),
    /// The value of a knob, by its path: the cheapest setting that keeps all limits.
    Knob(String),
}

impl Objective {
    /// The measure, or the path of the knob.
    pub fn name(&self) -> &str {
        match self {
            Objective::Measure(name) | Objective::Knob(name) => name,
        }
    }
}
