//! A part of a command, and the cells that belong to it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most parts of one command.
pub const SHARDS_MAX: u32 = 1_000_000;

/// Part `index`, from 0, of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    pub index: u32,
    pub of: u32,
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// As it is written: an index, or the one that the engine of the job has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Index(Shard),
    Auto { of: u32 },
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Asked, String> {
        let expected = || {
            "expected I/N with I from 0 to N-1, such as 0/8, or auto/8 for the index that the engine of the job has set".to_owned()
        };
        let (index, of) = text.trim().split_once('/').ok_or_else(expected)?;
        let of: u32 = of.parse().ok().filter(|of| (1..=SHARDS_MAX).contains(of)).ok_or_else(expected)?;
        if index == "auto" {
            return Ok(Asked::Auto { of });
        }
        match index.parse() {
            Ok(index) if index < of => Ok(Asked::Index(Shard { index, of })),
            Ok(index) => {
                Err(format!("there is no part {index} of {of}: parts are numbered from 0 to {}", of - 1))
            }
            Err(_) => Err(expected()),
        }
    }
}

/// A variable with an index, and what is subtracted from it.
struct Variable {
    name: &'static str,
    engine: &'static str,
    first: First,
}

/// The value that the first task has.
enum First {
    Is(i64),
    /// In a variable of its own; `count` holds the number of tasks and `step` the distance of two indices.
    Set {
        first: &'static str,
        count: &'static str,
        step: &'static str,
    },
}

const VARIABLES: [Variable; 4] = [
    Variable {
        name: "SLURM_ARRAY_TASK_ID",
        engine: "Slurm",
        first: First::Set {
            first: "SLURM_ARRAY_TASK_MIN",
            count: "SLURM_ARRAY_TASK_COUNT",
            step: "SLURM_ARRAY_TASK_STEP",
        },
    },
    Variable { name: "JOB_COMPLETION_INDEX", engine: "Kubernetes", first: First::Is(0) },
    Variable { name: "AWS_BATCH_JOB_ARRAY_INDEX", engine: "AWS Batch", first: First::Is(0) },
    Variable { name: "PARALLEL_SEQ", engine: "GNU parallel", first: First::Is(1) },
];

impl Asked {
    /// The part, where `variable` gives the environment; it is asked for nothing unless the index is `auto`.
    ///
    /// # Errors
    /// No engine, or more than one, has set an index; one that is no part of so many.
    pub fn resolve(self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, String> {
        let of = match self {
            Asked::Index(shard) => return Ok(shard),
            Asked::Auto { of } => of,
        };
        let set: Vec<(&Variable, String)> =
            VARIABLES.iter().filter_map(|known| Some((known, variable(known.name)?))).collect();
        let (known, value) = match set.as_slice() {
            [] => {
                let names: Vec<&str> = VARIABLES.iter().map(|known| known.name).collect();
                return Err(format!("no engine has set an index: none of {} is there", names.join(", ")));
            }
            [one] => one,
            [(first, _), (second, _), ..] => {
                return Err(format!("{} and {} are both set", first.name, second.name));
            }
        };
        let number = |name: &str, text: &str| -> Result<i64, String> {
            text.trim().parse().map_err(|_| format!("{name} is \"{text}\", which is no whole number"))
        };
        let index = number(known.name, &value.clone())?;
        let first = match &known.first {
            First::Is(first) => *first,
            First::Set { first, count, step } => {
                let least =
                    variable(first).ok_or_else(|| format!("{} is set and {first} is not", known.name))?;
                let tasks = variable(count).map(|text| number(count, &text)).transpose()?;
                if let Some(tasks) = tasks.filter(|tasks| *tasks != i64::from(of)) {
                    return Err(format!(
                        "the array of {} has {tasks} tasks ({count}), not {of}: for tasks that run again alone, write the index of each",
                        known.engine
                    ));
                }
                let step = variable(step).map(|text| number(step, &text)).transpose()?.unwrap_or(1).max(1);
                let least = number(first, &least)?;
                return part((index - least) / step, of, known, index);
            }
        };
        part(index - first, of, known, index)
    }
}

fn part(index: i64, of: u32, variable: &Variable, value: i64) -> Result<Shard, String> {
    match u32::try_from(index) {
        Ok(index) if index < of => Ok(Shard { index, of }),
        _ => Err(format!(
            "{} of {} is {value}, which is no task of {of}: the job has another number of tasks",
            variable.name, variable.engine
        )),
    }
}

/// Shares out a list of cells by their estimated cost (seconds): the dearest first, each to the part with the least so far
/// (Graham, Bounds on Multiprocessing Timing Anomalies, SIAM Journal on Applied Mathematics 17, 1969: at most 4/3 of the
/// best possible end). Gives the part of each cell. `loads` has what the parts carry already.
///
/// Costs count in steps of a millionth of their sum, so that the last digits of an estimate, in which machines may differ, do not
/// decide.
pub fn share(costs: &[f64], loads: &mut [u64]) -> Vec<u32> {
    let sum: f64 = costs.iter().filter(|cost| cost.is_finite()).sum();
    let step = |cost: f64| {
        let share = if sum > 0.0 { (cost / sum).clamp(0.0, 1.0) } else { 0.0 };
        // A cell that costs nothing counts as well: parts have about as many of them.
        (share * 1e6).round() as u64 * costs.len() as u64 + 1
    };
    let mut order: Vec<(u64, usize)> =
        costs.iter().enumerate().map(|(place, &cost)| (step(cost), place)).collect();
    order.sort_by_key(|&(cost, place)| (std::cmp::Reverse(cost), place));
    let mut free: std::collections::BinaryHeap<std::cmp::Reverse<(u64, usize)>> =
        loads.iter().enumerate().map(|(part, &load)| std::cmp::Reverse((load, part))).collect();
    let mut parts = vec![0; costs.len()];
    for (cost, place) in order {
        let Some(std::cmp::Reverse((load, part))) = free.pop() else { break };
        parts[place] = part as u32;
        loads[part] = load + cost;
        free.push(std::cmp::Reverse((load + cost, part)));
    }
    parts
}
