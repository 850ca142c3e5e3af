//! For people: a page for a terminal, and Markdown.

use comfy_table::{Cell as TableCell, CellAlignment};

use super::{capacity, cost, rules, share, totals};
use crate::replay::{Algorithm, Cell, Needed, Replay, Unit};
use crate::report::format::{number, percent, percent_to};
use crate::report::terminal::{hanging, plain};
use crate::units::{approximate_bytes, counted, grouped};

/// Widest column of figures, blanks included.
const COLUMN_WIDTH: usize = 12;
/// The same with an error bar.
const COLUMN_WIDTH_SAMPLED: usize = 17;
/// Narrowest column of names, blanks included.
const NAME_WIDTH: usize = 20;

/// A ratio of every cell: its caption, its share of all, and half its 95 % interval.
struct Ratio {
    /// As a heading.
    caption: &'static str,
    value: fn(&Replay, &Cell) -> f64,
    half_width: fn(&Replay, &Cell) -> Option<f64>,
    /// The lowest of each capacity is marked.
    is_ranked: bool,
}

/// The ratios of a replay, in the order of their tables.
fn ratios(replay: &Replay) -> Vec<Ratio> {
    let misses = Ratio {
        caption: "Miss ratio",
        value: |replay, cell| replay.miss_ratio(cell),
        half_width: |replay, cell| Some(cell.half_width? / replay.requests as f64),
        is_ranked: true,
    };
    let bytes = (replay.rules.unit == Unit::Bytes).then_some(Ratio {
        caption: "Byte miss ratio",
        value: |replay, cell| replay.byte_miss_ratio(cell).unwrap_or(f64::NAN),
        half_width: |replay, cell| Some(cell.bytes_half_width? / replay.request_bytes? as f64),
        is_ranked: true,
    });
    let expired = replay.rules.ttl.map(|_| Ratio {
        caption: "Misses that found an expired entry, of all requests",
        value: |replay, cell| cell.expired.unwrap_or(f64::NAN) / replay.requests as f64,
        half_width: |_, _| None,
        is_ranked: false,
    });
    std::iter::once(misses).chain(bytes).chain(expired).collect()
}

/// For a terminal of so many columns: miss ratios, speeds, and the trace.
pub fn page(replay: &Replay, width: u16) -> String {
    let column_width = if replay.sample.is_some() { COLUMN_WIDTH_SAMPLED } else { COLUMN_WIDTH };
    let month = month(replay).unwrap_or_default();
    let names = replay.policies().iter().map(|policy| policy.name().chars().count()).max();
    let name_width = (names.unwrap_or(0).max(month.chars().count()) + 2).max(NAME_WIDTH);
    let columns = (usize::from(width).saturating_sub(name_width) / column_width).max(1);
    let mut text = hanging(&heading(replay), width);
    if replay.needed.is_some() {
        text.push_str(&hanging(&format!("\n\n{}", needed(replay).trim_end()), width));
    }
    let capacities = replay.capacities();
    for (at, ratio) in ratios(replay).iter().enumerate() {
        let floor = if at == 0 { floor(replay) } else { "" };
        let mark = if ratio.is_ranked { "; * lowest of its capacity" } else { "" };
        text.push_str(&hanging(&format!("\n\n{} (%){mark}{floor}\n", ratio.caption), width));
        for capacities in capacities.chunks(columns) {
            let prices = if at == 0 { Some(month.as_str()) } else { None };
            let table = table(replay, capacities, prices, |cell| ratio.text(replay, cell));
            text.push_str(&format!("\n{table}\n"));
        }
        text.truncate(text.trim_end().len());
    }
    text.push_str("\n\nSpeed (million requests per second of each replay)\n");
    for capacities in capacities.chunks(columns) {
        let table = table(replay, capacities, None, |cell| number(speed(replay, cell)));
        text.push_str(&format!("\n{table}\n"));
    }
    text.push_str(&hanging(&format!("\n{}\n", times(replay)), width));
    text
}

/// For a pull request or a wiki.
pub fn markdown(replay: &Replay) -> String {
    let capacities = replay.capacities();
    let mut text = heading(replay);
    for ratio in ratios(replay) {
        let lowest = if ratio.is_ranked { ", the lowest of each capacity in bold" } else { "" };
        text.push_str(&format!("\n\n{} in %{lowest}.\n\n| policy |", ratio.caption));
        for &size in &capacities {
            let cost = cost(replay, size).map_or_else(String::new, |cost| format!(", {cost}"));
            text.push_str(&format!(" {} ({}{cost}) |", capacity(replay, size), share(replay, size)));
        }
        text.push_str(&format!("\n|---|{}\n", "---:|".repeat(capacities.len())));
        for policy in replay.policies() {
            text.push_str(&format!("| {} |", policy.name()));
            for cell in capacities.iter().filter_map(|&capacity| replay.cell(policy, capacity)) {
                let shown = ratio.text(replay, cell);
                match shown.strip_suffix('*') {
                    Some(lowest) => text.push_str(&format!(" **{lowest}** |")),
                    None => text.push_str(&format!(" {} |", shown.trim_end())),
                }
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
    }
    if let Some((hit_ratio, needed)) = &replay.needed {
        text.push_str(&format!("\n\nLeast capacity for a hit ratio of {} %:\n\n", percent(*hit_ratio)));
        let columns = match replay.rules.unit {
            Unit::Objects => ["objects"].as_slice(),
            Unit::Bytes => &["bytes"],
        };
        let month = replay.price.filter(|_| replay.bytes(1).is_some());
        text.push_str(&format!("| policy | {} | of all |", columns[0]));
        text.push_str(&month.map_or_else(String::new, |price| format!(" {} a month |", price.currency)));
        text.push_str(&format!("\n|---|---:|---:|{}\n", if month.is_some() { "---:|" } else { "" }));
        for Needed { policy, capacity: size } in needed {
            let mut cells = size.map_or_else(
                || vec!["none".to_owned(), "–".to_owned()],
                |size| vec![capacity(replay, size), share(replay, size)],
            );
            if month.is_some() {
                let cost = size.and_then(|size| replay.cost_month(size));
                cells.push(cost.map_or_else(|| "–".to_owned(), super::amount));
            }
            text.push_str(&format!("| {} | {} |\n", policy.name(), cells.join(" | ")));
        }
        text.truncate(text.trim_end().len());
    }
    text.push_str(&format!("\n\n{}\n", times(replay)));
    text
}

fn heading(replay: &Replay) -> String {
    let mut text = format!("{}: {}, {}", replay.trace, totals(replay), rules(replay));
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

/// What bounds the policies, in words.
fn floor(replay: &Replay) -> &'static str {
    let has = |algorithm: Algorithm| replay.policies().contains(&algorithm.into());
    match (has(Algorithm::Belady), has(Algorithm::Floor)) {
        (true, false) => "; belady: the least of any policy, by the requests to come",
        (false, true) => "; floor: a bound, no cache misses less",
        (true, true) => "; belady: the least of any policy; floor: a bound, no cache misses less",
        (false, false) => "",
    }
}

/// The least capacities for a hit ratio, a line each, in words.
fn needed(replay: &Replay) -> String {
    let Some((hit_ratio, needed)) = &replay.needed else { return String::new() };
    let aim = format!("{} %", percent(*hit_ratio));
    let longest = needed.iter().map(|needed| needed.policy.name().chars().count()).max().unwrap_or(0).max(18);
    let mut text = format!("Least capacity for a hit ratio of {aim}\n\n");
    for Needed { policy, capacity: size } in needed {
        let capacity = match size {
            Some(size) => {
                let (unit, bytes) = match replay.rules.unit {
                    Unit::Objects => (" objects", replay.bytes(*size)),
                    Unit::Bytes => ("", None),
                };
                let bytes =
                    bytes.map_or_else(String::new, |bytes| format!(", about {}", approximate_bytes(bytes)));
                let cost = cost(replay, *size).map_or_else(String::new, |cost| format!(", {cost}"));
                format!("{:>12}{unit} ({}){bytes}{cost}", capacity(replay, *size), share(replay, *size))
            }
            None if replay.rules.ttl.is_some() => {
                format!("{:>12} expired entries and first requests alone miss more", "none:")
            }
            None if !policy.is_online() || policy.admit == crate::replay::Admit::All => {
                format!("{:>12} the first requests of objects alone miss more", "none:")
            }
            None => format!("{:>12} the filter and the first requests of objects alone miss more", "none:"),
        };
        text.push_str(&format!(" {:longest$} {capacity}\n", policy.name()));
    }
    text
}

/// The head of the prices of capacities; `None`: they have none.
fn month(replay: &Replay) -> Option<String> {
    replay.cost_month(1)?;
    Some(format!("{} a month", replay.price?.currency))
}

/// `prices` is the head of their row, if there is to be one.
fn table(
    replay: &Replay,
    capacities: &[u64],
    prices: Option<&str>,
    figure: impl Fn(&Cell) -> String,
) -> String {
    let mut table = plain();
    let right = |text: String| TableCell::new(text).set_alignment(CellAlignment::Right);
    let prices = prices.filter(|head| !head.is_empty());
    let heads = capacities.iter().map(|&size| {
        let cost = prices.and_then(|_| replay.cost_month(size));
        let price = cost.map_or_else(String::new, |cost| format!("\n{} ", super::amount(cost)));
        right(format!("{} \n{} {price}", capacity(replay, size), share(replay, size)))
    });
    let month = prices.map_or_else(String::new, |head| format!("\n{head}"));
    table.set_header(std::iter::once(TableCell::new(format!("policy\n{month}"))).chain(heads));
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

impl Ratio {
    /// In per cent to two places, with a star behind the lowest of its capacity or a blank.
    fn text(&self, replay: &Replay, cell: &Cell) -> String {
        let value = (self.value)(replay, cell);
        // A bound counts misses and no expiry.
        if !self.is_ranked && !cell.policy.is_online() {
            return "– ".to_owned();
        }
        let alone = replay.policies().len() == 1;
        let is_lowest =
            self.is_ranked && cell.policy.is_online() && self.lowest(replay, cell.capacity) == Some(value);
        let mark = if !alone && is_lowest { '*' } else { ' ' };
        let half_width = (self.half_width)(replay, cell)
            .map_or_else(String::new, |half_width| format!(" ± {}", percent_to(half_width, 2)));
        format!("{}{half_width}{mark}", percent_to(value, 2))
    }

    /// Of what a cache can do.
    fn lowest(&self, replay: &Replay, capacity: u64) -> Option<f64> {
        let cells = replay.cells.iter().filter(|cell| cell.capacity == capacity && cell.policy.is_online());
        cells.map(|cell| (self.value)(replay, cell)).min_by(f64::total_cmp)
    }
}

/// Million requests per second.
fn speed(replay: &Replay, cell: &Cell) -> f64 {
    replay.requests as f64 / cell.wall_s / 1e6
}

/// Time and memory of the replay.
fn times(replay: &Replay) -> String {
    let rate = |requests: f64, seconds: f64| number(requests / seconds / 1e6);
    let replayed = replay.requests as f64 * replay.cells.len() as f64;
    format!(
        "read and numbered in {:.3} s ({} M requests/s); {} in {:.3} s ({} M requests/s) on {}",
        replay.read_s,
        rate(replay.requests as f64, replay.read_s),
        counted(replay.cells.len() as u64, "replay"),
        replay.replay_s,
        rate(replayed, replay.replay_s),
        counted(replay.threads as u64, "thread"),
    )
}
