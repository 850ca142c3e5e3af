//! A replay through eviction alone, for people and for programs: miss ratios, their chart, and the speed.

mod chart;
mod data;
mod page;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::drawing::Heading;
use super::format::{number, percent};
use super::{ReportError, draw, png};
use crate::atomic;
use crate::replay::{Replay, Ttl, Unit};
use crate::units::{approximate_bytes, counted, format_duration, grouped};
pub use chart::figure;
pub use data::{csv, json};
pub(super) use data::{header, setting};
pub use page::{markdown, page};

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

/// A capacity as a heading has it: `5,000`, or `64.0 MB`.
fn capacity(replay: &Replay, capacity: u64) -> String {
    match replay.rules.unit {
        Unit::Objects => grouped(capacity),
        Unit::Bytes => approximate_bytes(capacity as f64),
    }
}

/// Of all objects, or of their bytes.
fn share(replay: &Replay, capacity: u64) -> String {
    format!("{} %", percent(capacity as f64 / replay.footprint() as f64))
}

/// A price for a month: to cents, to three digits where it is less than one.
fn amount(amount: f64) -> String {
    match amount {
        amount if amount >= 1_000.0 => grouped(amount.round() as u64),
        amount if amount >= 1.0 => format!("{amount:.2}"),
        amount => number(amount).trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

/// The price of a capacity, in words; `None`: it has none.
fn cost(replay: &Replay, capacity: u64) -> Option<String> {
    let cost = replay.cost_month(capacity)?;
    Some(format!("{} {} a month", amount(cost), replay.price?.currency))
}

/// `1,000,000 requests (4.1 GB) for 5,000 objects (20.0 MB)`, without bytes where they were not read.
fn totals(replay: &Replay) -> String {
    let of = |bytes: Option<u64>| {
        bytes.map_or_else(String::new, |bytes| format!(" ({})", approximate_bytes(bytes as f64)))
    };
    let noun = if replay.rules.only_reads { "read" } else { "request" };
    format!(
        "{}{} for {}{}",
        counted(replay.requests, noun),
        of(replay.request_bytes),
        counted(replay.objects, "object"),
        of(replay.object_bytes)
    )
}

/// The rules of the replay, in words.
fn rules(replay: &Replay) -> String {
    let mut words = match replay.rules.unit {
        Unit::Objects => "each of them one slot".to_owned(),
        Unit::Bytes => "each of its own size".to_owned(),
    };
    match replay.rules.ttl {
        Some(Ttl::All(ns)) => words.push_str(&format!("; entries live for {}", format_duration(ns))),
        Some(Ttl::Recorded) => words.push_str("; entries have the recorded times to live"),
        None => {}
    }
    if replay.rules.only_reads {
        words.push_str("; SETs fill and DELETEs remove");
    }
    words
}
