//! The record of a sweep: what its report reads (`sweep.json`).

use serde::{Deserialize, Serialize};

use super::Pool;
use crate::experiment::states::{State, states_of};
use crate::experiment::statistics::{Estimate, estimate};
use crate::measure::catalog::{self, Better};
use crate::measure::record::MeasureRecord;
use crate::scenario::grid::Grid;

/// Version of the layout of `sweep.json`; a reader refuses other versions by name.
pub const SCHEMA: u32 = 1;

/// `sweep.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepRecord {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of the program that wrote it.
    pub herdlab: String,
    pub scenario: SweptScenario,
    /// The last one changes fastest.
    pub axes: Vec<AxisRecord>,
    /// In the order of the scenario file.
    pub variants: Vec<String>,
    /// What charts and tables show, most important first. All other measures are in `sweep.csv`.
    pub measures: Vec<String>,
    /// Two measures of which as good a compromise as possible is wanted.
    pub pareto: Option<(String, String)>,
    /// Cells of the grid; those that an interrupt left unfinished are not in `cells`.
    pub wanted: usize,
    pub cells: Vec<CellRecord>,
}

/// What was swept, and how to do it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweptScenario {
    pub name: String,
    pub question: String,
    /// The file as the user named it.
    pub source_path: String,
    /// Its text, to copy.
    pub source: String,
    /// `path=value` from the command line.
    pub overrides: Vec<String>,
    /// `path=values` from the command line; empty where the file has the axes.
    pub options: Vec<String>,
    pub seed: u64,
    pub replications: u32,
    /// Of the base.
    pub duration_s: f64,
    /// The file asks for a precision, which a sweep does not follow: all cells have the same replications.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub precision_unused: bool,
    pub lints: Vec<String>,
}

/// One axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxisRecord {
    pub path: String,
    /// `s`, `bytes`, `1`, `1/s`, `count`; `null` where the values have no order of their own.
    pub unit: Option<String>,
    pub values: Vec<AxisValueRecord>,
}

/// One value of an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxisValueRecord {
    /// As it was written.
    pub label: String,
    /// In the unit of the axis.
    pub value: Option<f64>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellRecord {
    /// Index of the value of each axis.
    pub at: Vec<usize>,
    /// The shown measures of each variant, in the order of the record's `measures`.
    pub variants: Vec<Vec<MeasureRecord>>,
    /// Of each variant that has two states the runs that have collapsed, from 0; of the others none.
    #[serde(default, skip_serializing_if = "nobody")]
    pub collapsed: Vec<Vec<usize>>,
}

/// No variant has two states.
fn nobody(collapsed: &[Vec<usize>]) -> bool {
    collapsed.iter().all(Vec::is_empty)
}

impl CellRecord {
    /// The runs of a variant that have collapsed; none where it has a single state.
    pub fn collapsed_runs(&self, variant: usize) -> &[usize] {
        self.collapsed.get(variant).map_or(&[], Vec::as_slice)
    }

    /// A measure of a variant, replication by replication.
    pub fn values(&self, variant: usize, measure: &str) -> Option<&[Option<f64>]> {
        let found = self.variants.get(variant)?.iter().find(|known| known.name == measure);
        found.map(|measure| measure.values.as_slice())
    }
}

impl SweepRecord {
    /// A measure of a variant in a cell.
    ///
    /// Where the variant has two states there, in the worse of them: a mean over both is that of no run.
    pub fn estimate(&self, cell: &CellRecord, variant: usize, measure: &str) -> Option<Estimate> {
        let values = cell.values(variant, measure)?;
        let collapsed = cell.collapsed_runs(variant);
        let of = |wanted: bool| {
            let runs = values.iter().enumerate().filter(|(run, _)| collapsed.contains(run) == wanted);
            estimate(&runs.filter_map(|(_, value)| *value).collect::<Vec<_>>())
        };
        if collapsed.is_empty() {
            return of(false);
        }
        let sign = match catalog::find(measure).map(|info| info.better) {
            Some(Better::Higher) => -1.0,
            _ => 1.0,
        };
        [of(false), of(true)].into_iter().flatten().max_by(|a, b| (sign * a.mean).total_cmp(&(sign * b.mean)))
    }

    /// `tier.l2.ttl = 5m, database.pool = 8`.
    pub fn label(&self, at: &[usize]) -> String {
        let settings = self.axes.iter().zip(at);
        let settings = settings.map(|(axis, &index)| format!("{} = {}", axis.path, axis.values[index].label));
        settings.collect::<Vec<_>>().join(", ")
    }
}

/// The finished cells of a grid.
pub(super) fn record(grid: &Grid, pool: &Pool) -> SweepRecord {
    let base = &grid.base;
    let sweep = base.sweep.clone().unwrap_or_default();
    let mut measures = if sweep.measures.is_empty() { base.headline.clone() } else { sweep.measures.clone() };
    let pareto = sweep.pareto.clone();
    for name in pareto.iter().flat_map(|(x, y)| [x, y]) {
        if !measures.contains(name) {
            measures.push(name.clone());
        }
    }
    let replications = base.replications;
    let cell_record = |(index, cell): (usize, &crate::scenario::grid::Cell)| {
        let systems: Vec<usize> =
            (0..cell.variants.len()).map(|variant| pool.system(index, variant)).collect();
        systems.iter().all(|&system| pool.finished(system) >= replications).then(|| CellRecord {
            at: cell.at.clone(),
            variants: systems.iter().map(|&system| shown(pool, system, &measures, replications)).collect(),
            collapsed: systems.iter().map(|&system| collapsed(pool, system, replications)).collect(),
        })
    };
    let baseline = &base.variants[base.baseline].model;
    SweepRecord {
        schema: SCHEMA,
        herdlab: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: SweptScenario {
            name: base.name.clone(),
            question: base.question.clone(),
            source_path: base.source_path.clone(),
            source: base.source.clone(),
            overrides: base.overrides.clone(),
            options: grid.options.clone(),
            seed: base.seed,
            replications,
            duration_s: baseline.duration_ns as f64 / 1e9,
            precision_unused: base.precision.is_some(),
            lints: base.lints.iter().map(|note| format!("{} ({})", note.text, note.lint)).collect(),
        },
        axes: grid.axes.iter().map(axis_record).collect(),
        variants: base.variants.iter().map(|variant| variant.name.clone()).collect(),
        cells: grid.cells.iter().enumerate().filter_map(cell_record).collect(),
        wanted: grid.cells.len(),
        measures,
        pareto,
    }
}

fn collapsed(pool: &Pool, system: usize, replications: u32) -> Vec<usize> {
    let known = pool.names(system);
    let values =
        |name: &str| known.iter().any(|other| other == name).then(|| pool.values(system, name, replications));
    states_of(values).map_or_else(Vec::new, |states| states.places(State::Collapsed))
}

fn shown(pool: &Pool, system: usize, measures: &[String], replications: u32) -> Vec<MeasureRecord> {
    let of = |name: &String| MeasureRecord {
        name: name.clone(),
        unit: catalog::find(name).map_or("1", |info| info.unit).to_owned(),
        values: pool.values(system, name, replications),
    };
    measures.iter().map(of).collect()
}

fn axis_record(axis: &crate::scenario::model::Axis) -> AxisRecord {
    let unit = axis.values.first().and_then(|value| value.amount).filter(|_| axis.is_numeric());
    let value = |value: &crate::scenario::model::AxisValue| AxisValueRecord {
        label: value.label.clone(),
        value: value.amount.filter(|_| unit.is_some()).map(|amount| amount.value),
    };
    AxisRecord {
        path: axis.path.clone(),
        unit: unit.map(|amount| amount.kind.unit().to_owned()),
        values: axis.values.iter().map(value).collect(),
    }
}
