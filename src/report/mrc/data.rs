//! For programs: CSV and JSON.

use serde_json::json;

use crate::replay::{Contender, Replay, Ttl, Unit};
use crate::report::ReportError;
use crate::report::format::percent_to;
use crate::units::format_duration;

/// One row per policy and capacity; nothing that depends on the machine.
pub fn csv(replay: &Replay) -> String {
    let mut text = header(replay) + "\n";
    for cell in &replay.cells {
        let mut row = vec![setting(replay, cell.policy, cell.capacity)];
        row.push(cell.misses.round().to_string());
        row.push(replay.miss_ratio(cell).to_string());
        if let Some(missed_bytes) = cell.missed_bytes {
            row.push(missed_bytes.round().to_string());
            row.push(replay.byte_miss_ratio(cell).unwrap_or(f64::NAN).to_string());
        }
        // Blank for a bound, which counts no expiry.
        row.extend(cell.expired.map(|expired| match cell.policy.is_online() {
            true => expired.round().to_string(),
            false => String::new(),
        }));
        row.extend(replay.cost_month(cell.capacity).map(|cost| cost.to_string()));
        if replay.sample.is_some() {
            let of = |half_width: Option<f64>, all: u64| {
                half_width.map_or_else(String::new, |half_width| (half_width / all as f64).to_string())
            };
            row.push(of(cell.half_width, replay.requests));
            if replay.rules.unit == Unit::Bytes {
                row.push(of(cell.bytes_half_width, replay.request_bytes.unwrap_or(0)));
            }
        }
        text.push_str(&(row.join(",") + "\n"));
    }
    text
}

/// The names of the columns, which tell the rules of the replay: another one has another header.
pub(crate) fn header(replay: &Replay) -> String {
    let rules = replay.rules;
    let is_bytes = rules.unit == Unit::Bytes;
    let mut names = vec![
        "policy".to_owned(),
        if is_bytes { "capacity_bytes" } else { "capacity_objects" }.to_owned(),
        "capacity_share".to_owned(),
        if rules.only_reads { "reads" } else { "requests" }.to_owned(),
    ];
    let mut name = |text: &str| names.push(text.to_owned());
    if is_bytes {
        name("requested_bytes");
    }
    name("misses");
    name("miss_ratio");
    if is_bytes {
        name("missed_bytes");
        name("byte_miss_ratio");
    }
    match rules.ttl {
        Some(Ttl::All(ns)) => name(&format!("expired_after_{}", format_duration(ns).replace(' ', "_"))),
        Some(Ttl::Recorded) => name("expired_as_recorded"),
        None => {}
    }
    if let (Some(price), Some(_)) = (replay.price, replay.bytes(1)) {
        name(&format!("{}_month_at_{}_gb_month", price.currency.to_ascii_lowercase(), price.amount));
    }
    if let Some(sample) = replay.sample {
        let share = percent_to(sample.rate, 3);
        name(&format!("miss_ratio_half_width_{share}_percent_sample"));
        if is_bytes {
            name(&format!("byte_miss_ratio_half_width_{share}_percent_sample"));
        }
    }
    names.join(",")
}

/// The cells of a row that do not depend on the results.
pub(crate) fn setting(replay: &Replay, policy: Contender, capacity: u64) -> String {
    let share = capacity as f64 / replay.footprint() as f64;
    let bytes = match (replay.rules.unit, replay.request_bytes) {
        (Unit::Bytes, Some(bytes)) => format!(",{bytes}"),
        _ => String::new(),
    };
    format!("{},{capacity},{share},{}{bytes}", policy.name(), replay.requests)
}

/// Everything, with the times.
///
/// # Errors
/// It cannot be written as JSON.
pub fn json(replay: &Replay) -> Result<String, ReportError> {
    let is_bytes = replay.rules.unit == Unit::Bytes;
    let capacity_name = if is_bytes { "capacity_bytes" } else { "capacity_objects" };
    let cells: Vec<_> = replay
        .cells
        .iter()
        .map(|cell| {
            let mut row = json!({
                "policy": cell.policy.name(),
                capacity_name: cell.capacity,
                "misses": cell.misses.round(),
                "miss_ratio": replay.miss_ratio(cell),
                "miss_ratio_half_width": cell.half_width.map(|misses| misses / replay.requests as f64),
                "wall_s": cell.wall_s,
                "requests_per_second": replay.requests as f64 / cell.wall_s,
            });
            if let (Some(missed), Some(all)) = (cell.missed_bytes, replay.request_bytes) {
                row["missed_bytes"] = json!(missed.round());
                row["byte_miss_ratio"] = json!(replay.byte_miss_ratio(cell));
                row["byte_miss_ratio_half_width"] =
                    json!(cell.bytes_half_width.map(|missed| missed / all as f64));
            }
            if let Some(expired) = cell.expired.filter(|_| cell.policy.is_online()) {
                row["expired"] = json!(expired.round());
            }
            if let Some(cost) = replay.cost_month(cell.capacity) {
                row["cost_month"] = json!(cost);
            }
            row
        })
        .collect();
    let ttl = replay.rules.ttl.map(|ttl| match ttl {
        Ttl::All(ns) => format_duration(ns),
        Ttl::Recorded => "recorded".to_owned(),
    });
    let needed = replay.needed.as_ref().map(|(hit_ratio, needed)| {
        let one = |capacity: Option<u64>, name: String| {
            let mut one = json!({ "policy": name, capacity_name: capacity });
            if let Some(cost) = capacity.and_then(|capacity| replay.cost_month(capacity)) {
                one["cost_month"] = json!(cost);
            }
            if let Some(bytes) = capacity.and_then(|capacity| replay.bytes(capacity)) {
                one["capacity_bytes"] = json!(bytes.round());
            }
            one
        };
        let capacities: Vec<_> =
            needed.iter().map(|needed| one(needed.capacity, needed.policy.name())).collect();
        json!({ "hit_ratio": hit_ratio, "capacities": capacities })
    });
    let all = json!({
        "herdlab": env!("CARGO_PKG_VERSION"),
        "trace": replay.trace,
        "requests": replay.requests,
        "objects": replay.objects,
        "request_bytes": replay.request_bytes,
        "object_bytes": replay.object_bytes,
        "operations": if replay.rules.only_reads { "reads" } else { "all" },
        "ttl": ttl,
        "price_gb_month": replay.price.map(|price| json!({ "amount": price.amount, "currency": price.currency })),
        "threads": replay.threads,
        "read_s": replay.read_s,
        "replay_s": replay.replay_s,
        "sample": replay.sample.map(|sample| json!({
            "share": sample.rate, "requests": sample.requests, "objects": sample.objects,
        })),
        "cells": cells,
        "needed": needed,
    });
    let text = serde_json::to_string_pretty(&all)
        .map_err(|error| ReportError::Make { what: "the JSON".to_owned(), problem: error.to_string() })?;
    Ok(text + "\n")
}
