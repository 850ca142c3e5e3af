//! The chart: miss ratio over capacity, in bytes also that of bytes, and misses against the first policy.

use super::totals;
use crate::replay::{Cell, Contender, Replay, Unit};
use crate::report::axis::Axis;
use crate::report::figure::{Backing, Figure, Panel, Series, Shape};
use crate::report::format::percent_to;

/// A line per policy, and below against the first policy; with a single capacity, a dot per policy.
pub fn figure(replay: &Replay) -> Figure {
    let lines = replay.capacities().len() > 1;
    let is_bytes = replay.rules.unit == Unit::Bytes;
    let bytes = |cell: &Cell| replay.byte_miss_ratio(cell).unwrap_or(f64::NAN);
    let misses = |cell: &Cell| replay.miss_ratio(cell);
    let mut panels = if lines {
        vec![curves(replay, "miss ratio", misses)]
    } else {
        vec![dots(replay, "miss ratio", misses)]
    };
    if is_bytes {
        panels.push(match lines {
            true => curves(replay, "byte miss ratio", bytes),
            false => dots(replay, "byte miss ratio", bytes),
        });
    }
    if lines && replay.policies().len() > 1 {
        panels.extend(against_first(replay));
    }
    if lines && let Some(last) = panels.last_mut() {
        last.x = capacity_axis(
            replay,
            match replay.rules.unit {
                Unit::Objects => "capacity (objects, each of them one slot)",
                Unit::Bytes => "capacity",
            },
        );
    }
    Figure {
        name: "mrc".to_string(),
        title: format!("Miss ratio by eviction policy: {}", replay.trace),
        message: message(replay),
        panels,
        columns: 1,
        legend: lines,
    }
}

fn capacity_axis(replay: &Replay, label: &str) -> Axis {
    let unit = match replay.rules.unit {
        Unit::Objects => "count",
        Unit::Bytes => "bytes",
    };
    Axis::log(label, unit, replay.capacities().into_iter().map(|capacity| capacity as f64))
}

/// One line per policy; `value` gives its height at a cell.
fn lines(replay: &Replay, value: impl Fn(&Cell) -> f64) -> Vec<Series> {
    let line = |(style, policy): (usize, Contender)| {
        let cells = replay.cells.iter().filter(|cell| cell.policy == policy);
        let points = cells.map(|cell| (cell.capacity as f64, value(cell))).collect();
        Series { name: policy.name(), style, shape: Shape::Line, points }
    };
    replay.policies().into_iter().enumerate().map(line).collect()
}

fn curves(replay: &Replay, name: &str, value: impl Fn(&Cell) -> f64) -> Panel {
    Panel {
        title: String::new(),
        x: capacity_axis(replay, ""),
        y: Axis::linear(name, "1", replay.cells.iter().map(&value)),
        series: lines(replay, value),
        marks: Vec::new(),
        backing: Backing::default(),
        height: 300,
    }
}

/// Where lines of miss ratios lie close together, their differences do not.
fn against_first(replay: &Replay) -> Option<Panel> {
    let first = *replay.policies().first()?;
    let relative = |cell: &Cell| {
        let base = replay.cell(first, cell.capacity).map_or(f64::NAN, |base| base.misses);
        cell.misses / base - 1.0
    };
    Some(Panel {
        title: String::new(),
        x: capacity_axis(replay, ""),
        y: Axis::linear(&format!("misses against {}", first.name()), "1", replay.cells.iter().map(relative)),
        series: lines(replay, relative),
        marks: Vec::new(),
        backing: Backing::default(),
        height: 300,
    })
}

fn dots(replay: &Replay, name: &str, value: impl Fn(&Cell) -> f64) -> Panel {
    let dot = |(row, cell): (usize, &Cell)| {
        let label = format!("{} %", percent_to(value(cell), 2));
        let point = (value(cell), row as f64);
        Series {
            name: cell.policy.name(),
            style: row,
            shape: Shape::Interval { label },
            points: vec![point; 3],
        }
    };
    let series: Vec<Series> = replay.cells.iter().enumerate().map(dot).collect();
    let names: Vec<String> = series.iter().map(|series| series.name.clone()).collect();
    let (x, y) = (Axis::linear(name, "1", replay.cells.iter().map(&value)), Axis::rows(&names));
    let height = 22 * names.len() as u32 + 8;
    Panel { title: String::new(), x, y, series, marks: Vec::new(), backing: Backing::default(), height }
}

/// Which policy misses least, and how often.
fn message(replay: &Replay) -> String {
    let capacities = replay.capacities();
    let policies: Vec<Contender> =
        replay.policies().into_iter().filter(|policy| policy.is_online()).collect();
    let wins = |policy| {
        let lowest_at = |&&capacity: &&u64| {
            replay.cell(policy, capacity).is_some_and(|cell| Some(cell.misses) == lowest(replay, capacity))
        };
        capacities.iter().filter(lowest_at).count()
    };
    let best = policies.iter().copied().rev().max_by_key(|&policy| wins(policy));
    let found = match best {
        Some(policy) if policies.len() > 1 && capacities.len() > 1 => {
            format!(" {} misses least at {} of {} capacities.", policy.name(), wins(policy), capacities.len())
        }
        Some(policy) if policies.len() > 1 => format!(" {} misses least.", policy.name()),
        _ => String::new(),
    };
    format!("{}.{found}", totals(replay))
}

/// Of what a cache can do.
fn lowest(replay: &Replay, capacity: u64) -> Option<f64> {
    let cells = replay.cells.iter().filter(|cell| cell.capacity == capacity && cell.policy.is_online());
    cells.map(|cell| cell.misses).min_by(f64::total_cmp)
}
