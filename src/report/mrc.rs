//! A replay through eviction alone, for people and for programs: miss ratios, their chart, and the speed.

use std::path::Path;

use comfy_table::{Cell as TableCell, CellAlignment};
use serde_json::json;

use super::axis::Axis;
use super::drawing::Heading;
use super::figure::{Backing, Figure, Panel, Series, Shape};
use super::format::{number, percent, percent_to};
use super::terminal::plain;
use super::{ReportError, atomic, draw, png};
use crate::replay::{Algorithm, Cell, Needed, Replay};
use crate::units::grouped;

/// Widest column of figures, blanks included.
const COLUMN_WIDTH: usize = 12;
/// The same with an error bar.
const COLUMN_WIDTH_SAMPLED: usize = 17;
/// Widest name of a policy, blanks included.
const NAME_WIDTH: usize = 20;

/// Writes `mrc.csv`, `mrc.svg` and `mrc.png` into a folder; they appear together or not at all.
///
/// # Errors
/// The first file that could not be written.
pub fn write_all(replay: &Replay, dir: &Path) -> Result<(), ReportError> {
    let svg = draw::to_svg(&figure(replay), Heading::Inside)?;
    Ok(atomic::write_together(&[
        (dir.join("mrc.csv"), csv(replay).into_bytes()),
        (dir.join("mrc.png"), png::from_svg(&svg)?),
        (dir.join("mrc.svg"), svg.into_bytes()),
    ])?)
}

/// For a terminal of so many columns: miss ratios, speeds, and the trace.
pub fn page(replay: &Replay, width: u16) -> String {
    let column_width = if replay.sample.is_some() { COLUMN_WIDTH_SAMPLED } else { COLUMN_WIDTH };
    let columns = (usize::from(width).saturating_sub(NAME_WIDTH) / column_width).max(1);
    let floor = match replay.policies().contains(&Algorithm::Belady) {
        true => "; belady: the least of any policy, with knowledge of the future",
        false => "",
    };
    let mut text = heading(replay);
    if replay.needed.is_some() {
        text.push_str(&format!("\n\n{}", needed(replay).trim_end()));
    }
    text.push_str(&format!("\n\nMiss ratio (%); * lowest of its capacity{floor}\n"));
    let capacities = replay.capacities();
    for capacities in capacities.chunks(columns) {
        text.push_str(&format!("\n{}\n", table(replay, capacities, |cell| ratio(replay, cell))));
    }
    text.push_str("\nSpeed (million requests per second of each replay)\n");
    for capacities in capacities.chunks(columns) {
        text.push_str(&format!("\n{}\n", table(replay, capacities, |cell| number(speed(replay, cell)))));
    }
    text.push_str(&format!("\n{}\n", cost(replay)));
    text
}

/// For a pull request or a wiki.
pub fn markdown(replay: &Replay) -> String {
    let capacities = replay.capacities();
    let mut text =
        format!("{}\n\nMiss ratio in %, the lowest of each capacity in bold.\n\n| policy |", heading(replay));
    for &capacity in &capacities {
        text.push_str(&format!(" {} ({}) |", grouped(capacity), share(replay, capacity)));
    }
    text.push_str(&format!("\n|---|{}\n", "---:|".repeat(capacities.len())));
    for policy in replay.policies() {
        text.push_str(&format!("| {} |", policy.name()));
        for cell in capacities.iter().filter_map(|&capacity| replay.cell(policy, capacity)) {
            let ratio = ratio(replay, cell);
            match ratio.strip_suffix('*') {
                Some(lowest) => text.push_str(&format!(" **{lowest}** |")),
                None => text.push_str(&format!(" {} |", ratio.trim_end())),
            }
        }
        text.push('\n');
    }
    if let Some((hit_ratio, needed)) = &replay.needed {
        text.push_str(&format!("\nLeast capacity for a hit ratio of {} %:\n\n", percent(*hit_ratio)));
        text.push_str("| policy | objects | of all |\n|---|---:|---:|\n");
        for Needed { policy, capacity } in needed {
            let cells = capacity.map_or_else(
                || "none | –".to_owned(),
                |capacity| format!("{} | {}", grouped(capacity), share(replay, capacity)),
            );
            text.push_str(&format!("| {} | {cells} |\n", policy.name()));
        }
    }
    text.push_str(&format!("\n{}\n", cost(replay)));
    text
}

/// One row per policy and capacity; nothing that depends on the machine.
pub fn csv(replay: &Replay) -> String {
    let mut text = header(replay.sample.map(|sample| sample.rate)) + "\n";
    for cell in &replay.cells {
        let setting = setting(cell.policy, cell.capacity, replay.requests, replay.objects);
        text.push_str(&format!("{setting},{},{}", cell.misses.round(), replay.miss_ratio(cell)));
        if replay.sample.is_some() {
            let half_width = cell.half_width.map(|misses| misses / replay.requests as f64);
            text.push_str(&half_width.map_or_else(|| ",".to_owned(), |half_width| format!(",{half_width}")));
        }
        text.push('\n');
    }
    text
}

/// The names of the columns, of all objects or of a share of them.
pub(super) fn header(sample: Option<f64>) -> String {
    let own = "policy,capacity_objects,capacity_share,requests,misses,miss_ratio";
    match sample {
        None => own.to_owned(),
        Some(rate) => format!("{own},miss_ratio_half_width_{}_percent_sample", percent_to(rate, 3)),
    }
}

/// The cells of a row that do not depend on the results.
pub(super) fn setting(policy: Algorithm, capacity: u64, requests: u64, objects: u64) -> String {
    format!("{},{capacity},{},{requests}", policy.name(), capacity as f64 / objects as f64)
}

/// Everything, with the times.
///
/// # Errors
/// It cannot be written as JSON.
pub fn json(replay: &Replay) -> Result<String, ReportError> {
    let cells: Vec<_> = replay
        .cells
        .iter()
        .map(|cell| {
            json!({
                "policy": cell.policy.name(),
                "capacity_objects": cell.capacity,
                "misses": cell.misses.round(),
                "miss_ratio": replay.miss_ratio(cell),
                "miss_ratio_half_width": cell.half_width.map(|misses| misses / replay.requests as f64),
                "wall_s": cell.wall_s,
                "requests_per_second": replay.requests as f64 / cell.wall_s,
            })
        })
        .collect();
    let all = json!({
        "herdlab": env!("CARGO_PKG_VERSION"),
        "trace": replay.trace,
        "requests": replay.requests,
        "objects": replay.objects,
        "threads": replay.threads,
        "read_s": replay.read_s,
        "replay_s": replay.replay_s,
        "sample": replay.sample.map(|sample| json!({
            "share": sample.rate, "requests": sample.requests, "objects": sample.objects,
        })),
        "cells": cells,
        "needed": replay.needed.as_ref().map(|(hit_ratio, needed)| json!({
            "hit_ratio": hit_ratio,
            "capacities": needed
                .iter()
                .map(|one| json!({ "policy": one.policy.name(), "capacity_objects": one.capacity }))
                .collect::<Vec<_>>(),
        })),
    });
    let text = serde_json::to_string_pretty(&all)
        .map_err(|error| ReportError::Make { what: "the JSON".to_owned(), problem: error.to_string() })?;
    Ok(text + "\n")
}

/// Miss ratio over capacity, a line per policy, and below against the first policy; with a single capacity, a dot per
/// policy.
pub fn figure(replay: &Replay) -> Figure {
    let lines = replay.capacities().len() > 1;
    let mut panels = if lines { vec![curves(replay)] } else { vec![dots(replay)] };
    if lines && replay.policies().len() > 1 {
        panels.extend(against_first(replay));
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
    Axis::log(label, "count", replay.capacities().into_iter().map(|capacity| capacity as f64))
}

fn ratio_axis(replay: &Replay) -> Axis {
    Axis::linear("miss ratio", "1", replay.cells.iter().map(|cell| replay.miss_ratio(cell)))
}

/// One line per policy; `value` gives its height at a cell.
fn lines(replay: &Replay, value: impl Fn(&Cell) -> f64) -> Vec<Series> {
    let line = |(style, policy): (usize, Algorithm)| {
        let cells = replay.cells.iter().filter(|cell| cell.policy == policy);
        let points = cells.map(|cell| (cell.capacity as f64, value(cell))).collect();
        Series { name: policy.name().to_owned(), style, shape: Shape::Line, points }
    };
    replay.policies().into_iter().enumerate().map(line).collect()
}

fn curves(replay: &Replay) -> Panel {
    Panel {
        title: String::new(),
        x: capacity_axis(replay, ""),
        y: ratio_axis(replay),
        series: lines(replay, |cell| replay.miss_ratio(cell)),
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
        x: capacity_axis(replay, "capacity (objects, each of them one slot)"),
        y: Axis::linear(&format!("misses against {}", first.name()), "1", replay.cells.iter().map(relative)),
        series: lines(replay, relative),
        marks: Vec::new(),
        backing: Backing::default(),
        height: 300,
    })
}

fn dots(replay: &Replay) -> Panel {
    let dot = |(row, cell): (usize, &Cell)| {
        let label = format!("{} %", percent_to(replay.miss_ratio(cell), 2));
        let point = (replay.miss_ratio(cell), row as f64);
        let name = cell.policy.name().to_owned();
        Series { name, style: row, shape: Shape::Interval { label }, points: vec![point; 3] }
    };
    let series: Vec<Series> = replay.cells.iter().enumerate().map(dot).collect();
    let names: Vec<String> = series.iter().map(|series| series.name.clone()).collect();
    let (x, y) = (ratio_axis(replay), Axis::rows(&names));
    let height = 22 * names.len() as u32 + 8;
    Panel { title: String::new(), x, y, series, marks: Vec::new(), backing: Backing::default(), height }
}

/// Which policy misses least, and how often.
fn message(replay: &Replay) -> String {
    let capacities = replay.capacities();
    let policies: Vec<Algorithm> =
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
    format!("{} requests for {} objects.{found}", grouped(replay.requests), grouped(replay.objects))
}

fn heading(replay: &Replay) -> String {
    let (requests, objects) = (grouped(replay.requests), grouped(replay.objects));
    let mut text =
        format!("{}: {requests} requests for {objects} objects, each of them one slot", replay.trace);
    if let Some(sample) = replay.sample {
        text.push_str(&format!(
            "\nA sample of {} % of the objects ({} with {} requests); ± half the 95 % interval, where the cache is large \
             enough for it",
            percent_to(sample.rate, 2),
            grouped(sample.objects),
            grouped(sample.requests)
        ));
    }
    text
}

/// The least capacities for a hit ratio, a line each, in words.
fn needed(replay: &Replay) -> String {
    let Some((hit_ratio, needed)) = &replay.needed else { return String::new() };
    let aim = format!("{} %", percent(*hit_ratio));
    let mut text = format!("Least capacity for a hit ratio of {aim}\n\n");
    for Needed { policy, capacity } in needed {
        let capacity = match capacity {
            Some(capacity) => format!("{:>12} objects ({})", grouped(*capacity), share(replay, *capacity)),
            None => format!("{:>12} the first requests of objects alone miss more", "none:"),
        };
        text.push_str(&format!(" {:18} {capacity}\n", policy.name()));
    }
    text
}

fn table(replay: &Replay, capacities: &[u64], figure: impl Fn(&Cell) -> String) -> String {
    let mut table = plain();
    let right = |text: String| TableCell::new(text).set_alignment(CellAlignment::Right);
    let heads = capacities
        .iter()
        .map(|&capacity| right(format!("{} \n{} ", grouped(capacity), share(replay, capacity))));
    table.set_header(std::iter::once(TableCell::new("policy\n")).chain(heads));
    for policy in replay.policies() {
        let cells = capacities.iter().map(|&capacity| {
            right(
                replay.cell(policy, capacity).map_or_else(String::new, |cell| format!("{:>2}", figure(cell))),
            )
        });
        table.add_row(std::iter::once(TableCell::new(policy.name())).chain(cells));
    }
    table.trim_fmt()
}

/// Of what a cache can do.
fn lowest(replay: &Replay, capacity: u64) -> Option<f64> {
    let cells = replay.cells.iter().filter(|cell| cell.capacity == capacity && cell.policy.is_online());
    cells.map(|cell| cell.misses).min_by(f64::total_cmp)
}

/// In per cent to two places, with a star behind the lowest of its capacity or a blank.
fn ratio(replay: &Replay, cell: &Cell) -> String {
    let alone = replay.policies().len() == 1;
    let is_lowest = cell.policy.is_online() && lowest(replay, cell.capacity) == Some(cell.misses);
    let mark = if !alone && is_lowest { '*' } else { ' ' };
    let half_width = cell.half_width.map(|misses| percent_to(misses / replay.requests as f64, 2));
    let half_width = half_width.map_or_else(String::new, |half_width| format!(" ± {half_width}"));
    format!("{}{half_width}{mark}", percent_to(replay.miss_ratio(cell), 2))
}

/// Of all objects.
fn share(replay: &Replay, capacity: u64) -> String {
    format!("{} %", percent(capacity as f64 / replay.objects as f64))
}

/// Million requests per second.
fn speed(replay: &Replay, cell: &Cell) -> f64 {
    replay.requests as f64 / cell.wall_s / 1e6
}

/// Time and memory of the replay.
fn cost(replay: &Replay) -> String {
    let rate = |requests: f64, seconds: f64| number(requests / seconds / 1e6);
    let replayed = replay.requests as f64 * replay.cells.len() as f64;
    format!(
        "read and numbered in {:.3} s ({} M requests/s); {} replays in {:.3} s ({} M requests/s) on {}",
        replay.read_s,
        rate(replay.requests as f64, replay.read_s),
        replay.cells.len(),
        replay.replay_s,
        rate(replayed, replay.replay_s),
        if replay.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", replay.threads) },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Eviction;
    use crate::replay::SampleSize;

    fn replay(capacities: &[u64]) -> Replay {
        let policies = [Eviction::Lru, Eviction::Sieve].map(Algorithm::Policy);
        let cells = policies.into_iter().enumerate().flat_map(|(row, policy)| {
            capacities.iter().map(move |&capacity| {
                let misses = ((900_000 / capacity).max(2_000) - 1_000 * row as u64) as f64;
                Cell { policy, capacity, misses, half_width: None, wall_s: 0.02 }
            })
        });
        Replay {
            trace: "x.csv".into(),
            requests: 1_000_000,
            objects: 5_000,
            read_s: 0.1,
            replay_s: 0.25,
            threads: 2,
            sample: None,
            cells: cells.collect(),
            needed: None,
        }
    }

    #[test]
    fn a_sample_has_error_bars_and_a_target_its_capacities() {
        let mut replay = replay(&[5, 50]);
        replay.sample = Some(SampleSize { rate: 0.1, requests: 98_000, objects: 510 });
        replay.cells[1].half_width = Some(2_500.0);
        let [lru, sieve] = [Eviction::Lru, Eviction::Sieve].map(Algorithm::Policy);
        let capacities =
            vec![Needed { policy: lru, capacity: Some(1_250) }, Needed { policy: sieve, capacity: None }];
        replay.needed = Some((0.95, capacities));
        let page = page(&replay, 80);
        for part in [
            "A sample of 10.00 % of the objects (510 with 98,000 requests)",
            "1.80 ± 0.25",
            "Least capacity for a hit ratio of 95.0 %",
            "1,250 objects (25.0 %)",
            "none: the first requests of objects alone miss more",
        ] {
            assert!(page.contains(part), "{part} is missing from:\n{page}");
        }
        let csv = csv(&replay);
        assert!(csv.starts_with(
            "policy,capacity_objects,capacity_share,requests,misses,miss_ratio,miss_ratio_half_width_"
        ));
        assert!(
            csv.contains("\nlru,50,0.01,1000000,18000,0.018,0.0025\n") && csv.contains(",0.017,\n"),
            "{csv}"
        );
        assert!(markdown(&replay).contains("| lru | 1,250 | 25.0 % |\n| sieve | none | – |"));
    }

    #[test]
    fn a_page_holds_ratios_speeds_and_costs() {
        let page = page(&replay(&[5, 50]), 80);
        for part in [
            "x.csv: 1,000,000 requests for 5,000 objects, each of them one slot\n",
            " lru       18.00    1.80\n",
            " sieve     17.90*   1.70*\n",
            "read and numbered in 0.100 s (10 M requests/s); 4 replays in 0.250 s (16 M requests/s) on 2 threads\n",
        ] {
            let squeezed =
                |text: &str| text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            assert!(squeezed(&page).contains(&squeezed(part)), "{part} is missing from:\n{page}");
        }
    }

    #[test]
    fn a_page_is_no_wider_than_asked() {
        let capacities: Vec<u64> = (1..30).map(|power| power * 1_000).collect();
        for width in [40, 80, 120] {
            let page = page(&replay(&capacities), width);
            let tables = page.lines().filter(|line| line.starts_with(' '));
            assert!(tables.clone().count() > 0);
            tables.for_each(|line| assert!(line.chars().count() <= usize::from(width), "{width}: {line}"));
        }
    }

    #[test]
    fn csv_is_tidy_and_json_has_the_times() {
        let replay = replay(&[50]);
        assert_eq!(
            csv(&replay),
            "policy,capacity_objects,capacity_share,requests,misses,miss_ratio\n\
             lru,50,0.01,1000000,18000,0.018\nsieve,50,0.01,1000000,17000,0.017\n"
        );
        let json: serde_json::Value = serde_json::from_str(&json(&replay).unwrap()).unwrap();
        assert_eq!(json["cells"][1]["requests_per_second"], 50e6);
    }

    #[test]
    fn one_capacity_is_drawn_as_dots_and_several_as_lines() {
        let svg = |capacities: &[u64]| draw::to_svg(&figure(&replay(capacities)), Heading::Inside).unwrap();
        assert!(svg(&[50]).contains("1.70 %") && svg(&[50]).contains("sieve misses least."));
        assert!(svg(&[5, 50]).contains("sieve misses least at 2 of 2 capacities."));
        assert!(svg(&[5, 50]).contains("class=\"s1\""));
    }
}
