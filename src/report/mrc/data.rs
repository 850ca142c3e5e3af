//! For programs: CSV and JSON.

use serde::Serialize;

use crate::replay::{Cell, Contender, Needed, Replay, Ttl, Unit};
use crate::report::format::percent_to;
use crate::report::interface::Interface;
use crate::report::{ReportError, json as encoded};
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

/// For programs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::report) struct MrcData<'a> {
    /// Version of this layout.
    schema: u32,
    /// Version of the program.
    herdlab: &'a str,
    /// Name of the trace.
    trace: &'a str,
    /// Requests that are counted: all, or the reads among them.
    requests: u64,
    /// Distinct objects.
    objects: u64,
    /// Bytes of the counted requests, where sizes were read.
    request_bytes: Option<u64>,
    /// Bytes of the distinct objects, where sizes were read.
    object_bytes: Option<u64>,
    operations: Counted,
    /// When entries die: a time, or `recorded`; `null`: never.
    ttl: Option<String>,
    price_gb_month: Option<PriceData>,
    threads: usize,
    /// Seconds for reading the trace.
    read_s: f64,
    /// Seconds for all replays.
    replay_s: f64,
    /// The part of the objects that stands for all; `null`: all were replayed.
    sample: Option<SampleData>,
    /// By policy, then by capacity.
    cells: Vec<CellData>,
    /// The hit ratio asked for, and what it takes.
    needed: Option<NeededData>,
}

/// Requests that are counted.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum Counted {
    All,
    Reads,
}

/// Price of a GB (10⁹ bytes) for a month.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PriceData {
    amount: f64,
    /// ISO 4217 code.
    currency: &'static str,
}

/// A part of the objects.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SampleData {
    /// Of the objects.
    share: f64,
    requests: u64,
    objects: u64,
}

/// One policy at one capacity.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CellData {
    policy: String,
    #[serde(flatten)]
    capacity: CapacityData,
    /// Of a sample: of all requests, as far as it tells.
    misses: f64,
    miss_ratio: f64,
    /// Half of the 95 % interval, of a sample that is large enough to tell.
    miss_ratio_half_width: Option<f64>,
    /// Bytes of the reads that missed; absent where a capacity counts objects.
    #[serde(flatten)]
    bytes: Option<MissedBytes>,
    /// Misses that found an expired entry; absent where entries never die, and of a bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired: Option<f64>,
    /// Price of the capacity; absent without a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_month: Option<f64>,
    /// Seconds of the replay.
    wall_s: f64,
    requests_per_second: f64,
}

/// A capacity, by what it counts.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CapacityData {
    /// Absent where a capacity counts bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_objects: Option<u64>,
    /// Absent where a capacity counts objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_bytes: Option<u64>,
}

/// Misses by bytes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MissedBytes {
    missed_bytes: f64,
    byte_miss_ratio: Option<f64>,
    byte_miss_ratio_half_width: Option<f64>,
}

/// A hit ratio, and what it takes.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NeededData {
    hit_ratio: f64,
    /// By policy.
    capacities: Vec<NeededCapacity>,
}

/// The least capacity for a hit ratio under one policy; without a capacity: none reaches it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NeededCapacity {
    policy: String,
    /// Absent where a capacity counts bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_objects: Option<u64>,
    /// Of objects by their mean size; absent where sizes were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_bytes: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_month: Option<f64>,
}

/// Everything, with the times.
///
/// # Errors
/// It cannot be written as JSON.
pub fn json(replay: &Replay) -> Result<String, ReportError> {
    encoded::encode(&MrcData {
        schema: Interface::Mrc.version(),
        herdlab: env!("CARGO_PKG_VERSION"),
        trace: &replay.trace,
        requests: replay.requests,
        objects: replay.objects,
        request_bytes: replay.request_bytes,
        object_bytes: replay.object_bytes,
        operations: if replay.rules.only_reads { Counted::Reads } else { Counted::All },
        ttl: replay.rules.ttl.map(|ttl| match ttl {
            Ttl::All(ns) => format_duration(ns),
            Ttl::Recorded => "recorded".to_owned(),
        }),
        price_gb_month: replay
            .price
            .map(|price| PriceData { amount: price.amount, currency: price.currency }),
        threads: replay.threads,
        read_s: replay.read_s,
        replay_s: replay.replay_s,
        sample: replay.sample.map(|sample| SampleData {
            share: sample.rate,
            requests: sample.requests,
            objects: sample.objects,
        }),
        cells: replay.cells.iter().map(|cell| cell_data(replay, cell)).collect(),
        needed: replay.needed.as_ref().map(|(hit_ratio, needed)| NeededData {
            hit_ratio: *hit_ratio,
            capacities: needed.iter().map(|needed| needed_capacity(replay, needed)).collect(),
        }),
    })
}

fn cell_data(replay: &Replay, cell: &Cell) -> CellData {
    let capacity = match replay.rules.unit {
        Unit::Objects => CapacityData { capacity_objects: Some(cell.capacity), capacity_bytes: None },
        Unit::Bytes => CapacityData { capacity_objects: None, capacity_bytes: Some(cell.capacity) },
    };
    CellData {
        policy: cell.policy.name(),
        capacity,
        misses: cell.misses.round(),
        miss_ratio: replay.miss_ratio(cell),
        miss_ratio_half_width: cell.half_width.map(|misses| misses / replay.requests as f64),
        bytes: cell.missed_bytes.zip(replay.request_bytes).map(|(missed, all)| MissedBytes {
            missed_bytes: missed.round(),
            byte_miss_ratio: replay.byte_miss_ratio(cell),
            byte_miss_ratio_half_width: cell.bytes_half_width.map(|missed| missed / all as f64),
        }),
        expired: cell.expired.filter(|_| cell.policy.is_online()).map(f64::round),
        cost_month: replay.cost_month(cell.capacity),
        wall_s: cell.wall_s,
        requests_per_second: replay.requests as f64 / cell.wall_s,
    }
}

fn needed_capacity(replay: &Replay, needed: &Needed) -> NeededCapacity {
    NeededCapacity {
        policy: needed.policy.name(),
        capacity_objects: needed.capacity.filter(|_| replay.rules.unit == Unit::Objects),
        capacity_bytes: needed.capacity.and_then(|capacity| replay.bytes(capacity)).map(f64::round),
        cost_month: needed.capacity.and_then(|capacity| replay.cost_month(capacity)),
    }
}
