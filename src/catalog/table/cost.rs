//! What the run costs per month, at the prices of `[price]`.

use crate::catalog::Better::Lower;
use crate::catalog::run::{Run, Value};
use crate::catalog::{COST, MeasureInfo, measure};
use crate::measure::objective::broken_s;

/// Of 730 hours.
const MONTH_S: f64 = 730.0 * 3600.0;
const MONTH: &str = "A month has 730 hours; all of it is taken to be as the measured part.";

pub const ROWS: &[MeasureInfo] = &[
    measure("cost.month", COST, Lower, "cost of a month: the sum of the parts below that have a price", |run| {
        run.model.price?;
        let parts = [cache, database, requests, traffic, objective].into_iter().filter_map(|part| part(run));
        Some(parts.sum())
    })
    .spoken("cost per month")
    .note(MONTH),
    measure(
        "cost.cache.month",
        COST,
        Lower,
        "memory of all tiers: their capacity where it is in bytes, else the most that they held",
        cache,
    )
    .spoken("cost of the caches per month")
    .note("A capacity is paid for whether it is used or not; that of a tier in each instance once per instance."),
    measure("cost.database.month", COST, Lower, "servers and machines of the database, with its replicas", database)
        .spoken("cost of the database per month")
        .note("Not defined where servers have a price and are unlimited."),
    measure(
        "cost.requests.month",
        COST,
        Lower,
        "requests that arrive at the database, and commands to shared tiers",
        requests,
    )
    .spoken("cost of requests per month")
    .note(MONTH),
    measure(
        "cost.traffic.month",
        COST,
        Lower,
        "bytes of keys and values that travel between instances and shared tiers",
        traffic,
    )
    .spoken("cost of traffic per month")
    .note(MONTH),
    measure(
        "cost.objective.month",
        COST,
        Lower,
        "minutes in which less than slo.share of the requests were good",
        objective,
    )
    .spoken("cost of a broken objective per month")
    .note("By cells of a second, or as long as 200 requests take, as after events."),
];

fn cache(run: &Run<'_>) -> Value {
    let price = run.model.price?;
    price.cache_gb_month.or(price.instance_gb_month)?;
    let held = &run.recorder.content_peaks;
    let of_tier = |(tier, held): (_, &(u64, u64))| price.memory(tier, run.model.caches(tier), held.1);
    Some(Some(run.model.tiers.iter().zip(held).filter_map(of_tier).sum()))
}

fn database(run: &Run<'_>) -> Value {
    let (price, database) = (run.model.price?, &run.model.database);
    let machines = 1 + database.replicas.as_ref().map_or(0, |replicas| replicas.count);
    let machines = price.database_month.map(|each| Some(each * f64::from(machines)));
    let servers = price.database_server_month.map(|each| Some(each * database.all_servers()? as f64));
    machines.or(servers)?;
    Some([machines, servers].into_iter().flatten().sum())
}

fn requests(run: &Run<'_>) -> Value {
    let price = run.model.price?;
    price.database_million_requests.or(price.cache_million_commands)?;
    let of = |each: Option<f64>, count: u64| each.unwrap_or(0.0) * count as f64 / 1e6;
    let commands = run.shared_tiers(|totals| totals.commands);
    let arrivals = run.gained(|totals| totals.db_arrivals);
    Some(Some(a_month(
        run,
        of(price.database_million_requests, arrivals) + of(price.cache_million_commands, commands),
    )))
}

fn traffic(run: &Run<'_>) -> Value {
    let gb = run.model.price?.traffic_gb?;
    Some(Some(a_month(run, gb * run.shared_tiers(|totals| totals.wire_bytes) as f64 / 1e9)))
}

fn objective(run: &Run<'_>) -> Value {
    let minute = run.model.price?.objective_minute?;
    Some(broken_s(run.model, run.recorder).map(|broken_s| a_month(run, minute * broken_s / 60.0)))
}

/// From the measured part to a month.
fn a_month(run: &Run<'_>, cost: f64) -> f64 {
    cost / run.measured_s() * MONTH_S
}
