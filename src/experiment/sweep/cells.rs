//! The finished cells of a grid as a record.

use std::collections::{HashMap, HashSet};

use super::Pool;
use super::limits;
use super::record::{
    AxisRecord, AxisValueRecord, CellRecord, PinnedRecord, SCHEMA, Setting, SweepRecord, SweptScenario,
};
use super::today;
use crate::experiment::review::Safety;
use crate::experiment::states::{State, states_of};
use crate::model::{Axis, AxisValue};
use crate::record::MeasureRecord;
use crate::scenario::grid::Grid;

/// A value as an axis of the record has it.
pub(super) fn value_record(axis: &Axis, value: &AxisValue) -> AxisValueRecord {
    let kind = axis.values.first().and_then(|value| value.amount).filter(|_| axis.is_numeric());
    let amount = value.amount.filter(|own| kind.is_some_and(|kind| kind.kind == own.kind));
    AxisValueRecord { label: value.label.clone(), value: amount.map(|amount| amount.value) }
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
    let finished = finished(grid, pool);
    let limits = limits::limits(base);
    let of_limits: Vec<String> = limits.iter().map(|limit| limit.limit.measure.clone()).collect();
    let kept = |system: usize| {
        let known = |name: &&String| pool.names(system).binary_search(name).is_ok();
        let mut names = measures.clone();
        for name in of_limits.iter().filter(known) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        shown(pool, system, &names, replications)
    };
    // A variant that is the same system in many cells is judged once.
    let mut judged: HashMap<(usize, usize), Vec<Safety>> = HashMap::new();
    let mut judge = |cell: usize, variant: usize| {
        let (system, name) = (pool.system(cell, variant), &base.variants[variant].name);
        let fresh = || limits::judged(&limits, pool, system, name, replications);
        judged.entry((system, variant)).or_insert_with(fresh).clone()
    };
    let mut cell_record = |&index: &usize| {
        let variants = (0..base.variants.len()).map(|variant| match grid.is_pinned(variant) {
            true => Vec::new(),
            false => kept(pool.system(index, variant)),
        });
        let variants = variants.collect();
        let safety = (0..base.variants.len()).map(|variant| match grid.is_pinned(variant) {
            true => Vec::new(),
            false => judge(index, variant),
        });
        let safety = safety.collect();
        let collapsed = (0..base.variants.len()).map(|variant| match grid.is_pinned(variant) {
            true => Vec::new(),
            false => collapsed(pool, pool.system(index, variant), replications),
        });
        CellRecord { at: grid.cells[index].at.clone(), variants, collapsed: collapsed.collect(), safety }
    };
    let cells = finished.iter().map(&mut cell_record).collect();
    let pinned = pinned_places(grid, &finished).into_iter().map(|(index, variant)| PinnedRecord {
        variant,
        at: (0..grid.axes.len()).map(|axis| setting(grid, index, variant, axis)).collect(),
        measures: kept(pool.system(index, variant)),
        collapsed: collapsed(pool, pool.system(index, variant), replications),
        safety: judge(index, variant),
    });
    let pinned = pinned.collect();
    SweepRecord {
        schema: SCHEMA,
        herdlab: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: SweptScenario::of(base, grid.options.clone()),
        axes: grid.axes.iter().map(axis_record).collect(),
        variants: base.variants.iter().map(|variant| variant.name.clone()).collect(),
        cells,
        pinned,
        wanted: grid.cells.len(),
        measures,
        pareto,
        limits,
        today: Some(today::of(grid)),
    }
}

/// The cells whose simulations are all finished.
fn finished(grid: &Grid, pool: &Pool) -> Vec<usize> {
    let done =
        |cell: usize, variant: usize| pool.finished(pool.system(cell, variant)) >= grid.base.replications;
    let cells = 0..grid.cells.len();
    cells.filter(|&cell| (0..grid.base.variants.len()).all(|variant| done(cell, variant))).collect()
}

/// Of each pinned variant the cells that stand for it, one for each setting of the axes that it follows: the first that is
/// finished.
fn pinned_places(grid: &Grid, finished: &[usize]) -> Vec<(usize, usize)> {
    let mut places: Vec<(usize, usize)> = Vec::new();
    for variant in (0..grid.base.variants.len()).filter(|&variant| grid.is_pinned(variant)) {
        let key = |cell: usize| grid.place(&grid.cells[cell].at, variant);
        let mut known = HashSet::new();
        places.extend(finished.iter().filter(|&&cell| known.insert(key(cell))).map(|&cell| (cell, variant)));
    }
    places
}

fn setting(grid: &Grid, cell: usize, variant: usize, axis: usize) -> Setting {
    let Some(own) = grid.pin(variant, axis) else { return Setting::Swept(grid.cells[cell].at[axis]) };
    let AxisValueRecord { label, value } = value_record(&grid.axes[axis], own);
    Setting::Own { own: label, value }
}

/// Every variant at every setting that is finished, in the order of [`SweepRecord::spots`]: cell, variant, and the values
/// of the axes as they were written.
pub fn places(grid: &Grid, pool: &Pool) -> Vec<(usize, usize, Vec<String>)> {
    let finished = finished(grid, pool);
    let free = (0..grid.base.variants.len()).filter(|&variant| !grid.is_pinned(variant));
    let free: Vec<usize> = free.collect();
    let in_cells = finished.iter().flat_map(|&cell| free.iter().map(move |&variant| (cell, variant)));
    let labels = |(cell, variant): (usize, usize)| {
        let label = |(index, axis): (usize, &Axis)| {
            let swept = || &axis.values[grid.cells[cell].at[index]];
            grid.pin(variant, index).unwrap_or_else(swept).label.clone()
        };
        (cell, variant, grid.axes.iter().enumerate().map(label).collect())
    };
    in_cells.chain(pinned_places(grid, &finished)).map(labels).collect()
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
        unit: pool.unit(system, name).to_owned(),
        values: pool.values(system, name, replications),
    };
    measures.iter().map(of).collect()
}

pub(in crate::experiment) fn axis_record(axis: &Axis) -> AxisRecord {
    let unit = axis.values.first().and_then(|value| value.amount).filter(|_| axis.is_numeric());
    let value = |value: &AxisValue| value_record(axis, value);
    AxisRecord {
        path: axis.path.clone(),
        unit: unit.map(|amount| amount.kind.unit().to_owned()),
        values: axis.values.iter().map(value).collect(),
    }
}
