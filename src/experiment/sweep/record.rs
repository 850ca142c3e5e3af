//! The record of a sweep: the input of its report (`sweep.json`).

use serde::{Deserialize, Serialize};

pub(in crate::experiment) use super::cells::axis_record;
pub use super::cells::places;
use super::limits::LimitRecord;
use super::today::TodayRecord;
use crate::catalog::{self, Better};
use crate::experiment::review::Safety;
use crate::experiment::statistics::{Estimate, estimate};
use crate::model::Experiment;
use crate::record::MeasureRecord;

/// Version of the layout of `sweep.json` and of the meaning of its measures; a reader refuses other versions. Version 1 has
/// no `pinned`: its variants stand in every cell, even where they set an axis themselves.
pub const SCHEMA: u32 = 2;

/// `sweep.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// The measures of charts and tables, most important first. All other measures are in `sweep.csv`.
    pub measures: Vec<String>,
    /// Two measures between which the best compromises are sought.
    pub pareto: Option<(String, String)>,
    /// Cells of the grid; those that an interrupt left unfinished are not in `cells`.
    pub wanted: usize,
    pub cells: Vec<CellRecord>,
    /// Variants that set an axis themselves, once for each setting of the other axes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<PinnedRecord>,
    /// What every cell is held against; none in older records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitRecord>,
    /// The scenario as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub today: Option<TodayRecord>,
}

/// The scenario swept, and its settings for a repetition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// The file has a precision, which a sweep does not follow: all cells have the same replications.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub precision_unused: bool,
    pub lints: Vec<String>,
}

impl SweptScenario {
    /// `options` are those of the command line that say what is varied.
    pub(in crate::experiment) fn of(base: &Experiment, options: Vec<String>) -> SweptScenario {
        SweptScenario {
            name: base.name.clone(),
            question: base.question.clone(),
            source_path: base.source_path.clone(),
            source: base.source.clone(),
            overrides: base.overrides.clone(),
            options,
            seed: base.seed,
            replications: base.replications,
            duration_s: base.variants[base.baseline].model.duration_ns as f64 / 1e9,
            precision_unused: base.precision.is_some(),
            lints: base.lints.iter().map(|note| format!("{} ({})", note.text, note.lint)).collect(),
        }
    }
}

/// One axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AxisRecord {
    pub path: String,
    /// `s`, `bytes`, `1`, `1/s`, `count`; `null` where the values have no order of their own.
    pub unit: Option<String>,
    pub values: Vec<AxisValueRecord>,
}

/// One value of an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AxisValueRecord {
    /// As it was written.
    pub label: String,
    /// In the unit of the axis.
    pub value: Option<f64>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CellRecord {
    /// Index of the value of each axis.
    pub at: Vec<usize>,
    /// The shown measures of each variant, in the order of the record's `measures`, and behind them those of the limits; none of a
    /// variant that is in [`SweepRecord::pinned`].
    pub variants: Vec<Vec<MeasureRecord>>,
    /// Of each variant that has two states the runs that have collapsed, from 0; of the others none.
    #[serde(default, skip_serializing_if = "nobody")]
    pub collapsed: Vec<Vec<usize>>,
    /// How each variant stands to each of the record's `limits`; nothing of a variant that is in [`SweepRecord::pinned`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safety: Vec<Vec<Safety>>,
}

/// No variant has two states.
fn nobody(collapsed: &[Vec<usize>]) -> bool {
    collapsed.iter().all(Vec::is_empty)
}

/// A variant that sets an axis itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PinnedRecord {
    /// Index into the record's `variants`.
    pub variant: usize,
    /// Of each axis.
    pub at: Vec<Setting>,
    /// In the order of the record's `measures`, and behind them those of the limits.
    pub measures: Vec<MeasureRecord>,
    /// The runs that have collapsed, from 0; none where there is a single state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collapsed: Vec<usize>,
    /// How it stands to each of the record's `limits`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safety: Vec<Safety>,
}

/// The value of an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Setting {
    /// Index of the axis's value.
    Swept(usize),
    /// The variant's own value, as it was written, and in the unit of the axis.
    Own { own: String, value: Option<f64> },
}

/// A variant at a setting of all axes: the subject of a row of a table or a point of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'r> {
    pub variant: usize,
    record: &'r SweepRecord,
    at: At<'r>,
}

#[derive(Clone, Copy, Debug)]
enum At<'r> {
    Cell(&'r CellRecord),
    Pinned(&'r PinnedRecord),
}

impl<'r> Spot<'r> {
    /// Index of the value of each axis; `None` where the variant sets the axis itself.
    pub fn at(&self) -> Vec<Option<usize>> {
        match self.at {
            At::Cell(cell) => cell.at.iter().copied().map(Some).collect(),
            At::Pinned(row) => row.at.iter().map(Setting::index).collect(),
        }
    }

    /// Whether the variant sets this axis itself.
    pub fn is_pinned(&self, axis: usize) -> bool {
        matches!(self.at, At::Pinned(row) if row.at[axis].index().is_none())
    }

    /// The value of an axis, as it was written.
    pub fn label(&self, axis: usize) -> &'r str {
        let swept = |index: usize| self.record.axes[axis].values[index].label.as_str();
        match self.at {
            At::Cell(cell) => swept(cell.at[axis]),
            At::Pinned(row) => match &row.at[axis] {
                Setting::Swept(index) => swept(*index),
                Setting::Own { own, .. } => own,
            },
        }
    }

    /// The value of an axis in the axis's unit, where it has one.
    pub fn value(&self, axis: usize) -> Option<f64> {
        let swept = |index: usize| self.record.axes[axis].values[index].value;
        match self.at {
            At::Cell(cell) => swept(cell.at[axis]),
            At::Pinned(row) => match &row.at[axis] {
                Setting::Swept(index) => swept(*index),
                Setting::Own { value, .. } => *value,
            },
        }
    }

    /// A measure, replication by replication.
    pub fn values(&self, measure: &str) -> Option<&'r [Option<f64>]> {
        self.measure(measure).map(|measure| measure.values.as_slice())
    }

    fn measure(&self, name: &str) -> Option<&'r MeasureRecord> {
        let measures = match self.at {
            At::Cell(cell) => cell.variants.get(self.variant)?,
            At::Pinned(row) => &row.measures,
        };
        measures.iter().find(|known| known.name == name)
    }

    /// The runs that have collapsed, from 0; none where there is a single state.
    pub fn collapsed_runs(&self) -> &'r [usize] {
        match self.at {
            At::Cell(cell) => cell.collapsed.get(self.variant).map_or(&[], Vec::as_slice),
            At::Pinned(row) => &row.collapsed,
        }
    }

    /// How it stands to a limit, by its index.
    pub fn stands(&self, limit: usize) -> Safety {
        let safety = match self.at {
            At::Cell(cell) => cell.safety.get(self.variant).map_or(&[][..], Vec::as_slice),
            At::Pinned(row) => &row.safety,
        };
        safety.get(limit).copied().unwrap_or(Safety::NotJudged)
    }

    /// The worst standing to any limit; not safe with two states, whatever the limits.
    pub fn safety(&self) -> Safety {
        match (self.record.limits.is_empty(), self.collapsed_runs()) {
            (true, _) => Safety::NotJudged,
            (false, [_, ..]) => Safety::NotSafe,
            (false, []) => {
                let all = (0..self.record.limits.len()).map(|limit| self.stands(limit));
                all.max().unwrap_or(Safety::NotJudged)
            }
        }
    }

    /// The mean of a measure.
    ///
    /// Where the variant has two states there, in the worse of them: a mean over both is that of no run.
    pub fn estimate(&self, measure: &str) -> Option<Estimate> {
        let values = self.values(measure)?;
        let collapsed = self.collapsed_runs();
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

    /// `tier.l2.ttl = 5m, database.pool pinned at 8 (singleflight)`; without the variant where there is but one.
    pub fn name(&self) -> String {
        let settings = self.record.axes.iter().enumerate().map(|(index, axis)| {
            let is = if self.is_pinned(index) { "pinned at" } else { "=" };
            format!("{} {is} {}", axis.path, self.label(index))
        });
        let settings = settings.collect::<Vec<_>>().join(", ");
        match self.record.variants.as_slice() {
            [_] => settings,
            variants => format!("{settings} ({})", variants[self.variant]),
        }
    }
}

impl Setting {
    /// Index of the axis's value, unless it is the variant's own.
    pub fn index(&self) -> Option<usize> {
        match self {
            Setting::Swept(index) => Some(*index),
            Setting::Own { .. } => None,
        }
    }
}

impl SweepRecord {
    /// Every variant at every setting: cell by cell, then what is pinned.
    pub fn spots(&self) -> impl Iterator<Item = Spot<'_>> {
        let spot = |variant, at| Spot { variant, record: self, at };
        let has = |(cell, variant): &(&CellRecord, usize)| {
            cell.variants.get(*variant).is_some_and(|measures| !measures.is_empty())
        };
        let variants = self.variants.len();
        let in_cells = self.cells.iter().flat_map(move |cell| (0..variants).map(move |at| (cell, at)));
        let in_cells = in_cells.filter(has).map(move |(cell, variant)| spot(variant, At::Cell(cell)));
        in_cells.chain(self.pinned.iter().map(move |row| spot(row.variant, At::Pinned(row))))
    }

    /// The unit of a measure; `None` where no cell has it.
    pub fn unit(&self, measure: &str) -> Option<&str> {
        self.spots().find_map(|spot| spot.measure(measure)).map(|measure| measure.unit.as_str())
    }

    /// The value that a variant itself gives an axis.
    pub fn own(&self, variant: usize, axis: usize) -> Option<&str> {
        let row = self.pinned.iter().find(|row| row.variant == variant)?;
        match &row.at[axis] {
            Setting::Own { own, .. } => Some(own),
            Setting::Swept(_) => None,
        }
    }
}
