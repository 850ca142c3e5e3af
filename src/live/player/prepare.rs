//! The state of servers and processes before a repetition.

use std::sync::Arc;

use redis::{Client, Connection, Pipeline, cmd};

use super::commands;
use super::keys::Keys;
use super::limits::{self, Exceeded};
use super::process::Process;
use super::value::Stored;
use crate::dice::stream;
use crate::live::servers::{Problem, RedisSettings, Row};
use crate::model::{Model, Refresh, Scope};
use crate::policy::freshness::{NEVER, expiry};
use crate::sim::shared_parts::{Filled, entries};
use crate::workload::Tables;

/// SETs that are sent at once.
const PIPELINE: usize = 500;

/// The rows of a model: those of absent keys are not there.
///
/// # Errors
/// Too many, or too long.
pub fn rows(model: &Model, tables: &Tables) -> Result<Vec<Row>, Exceeded> {
    let mut rows = Vec::new();
    let mut bytes = 0;
    for (class, range) in model.workload.classes.iter().zip(tables.first_id.windows(2)) {
        if class.absent {
            continue;
        }
        limits::check_rows(rows.len() as u64 + u64::from(range[1] - range[0]), bytes)?;
        for key in range[0]..range[1] {
            let row = Row { id: u64::from(key), bytes: tables.value_bytes(key) };
            bytes += u64::from(row.bytes);
            rows.push(row);
        }
    }
    limits::check_rows(rows.len() as u64, bytes)?;
    Ok(rows)
}

fn failed(error: redis::RedisError) -> Problem {
    Problem::failed(format!("Redis cannot be prepared: {error}"))
}

/// The settings of an own Redis for a variant.
///
/// # Errors
/// The server is gone.
pub fn configure(url: &str, model: &Model) -> Result<(), Problem> {
    let settings = RedisSettings::of(model)?;
    let mut redis = Client::open(url).and_then(|client| client.get_connection()).map_err(failed)?;
    let maxmemory = settings.maxmemory_bytes(limits::redis_connections(model) as u32);
    let all = [
        ("maxmemory", maxmemory.to_string()),
        ("maxmemory-policy", settings.policy.to_owned()),
        ("maxmemory-samples", settings.samples.to_string()),
        ("hz", settings.hz.to_string()),
        ("active-expire-effort", settings.effort.to_string()),
    ];
    for (name, value) in all {
        cmd("CONFIG").arg("SET").arg(name).arg(value).exec(&mut redis).map_err(failed)?;
    }
    Ok(())
}

/// The tiers in the processes, by instance and level, with what is there at the start.
pub fn processes(
    model: &Model,
    tables: &Arc<Tables>,
    seed: u64,
    repetition: u32,
    instance: u32,
) -> Vec<Option<Process>> {
    let mut all = Vec::with_capacity(model.tiers.len());
    for (level, tier) in model.tiers.iter().enumerate() {
        let Scope::Instance { .. } = tier.scope else {
            all.push(None);
            continue;
        };
        let process = Process::new(model, tables, level, seed, repetition, instance);
        if let Some(prefill) = tier.prefill {
            let mut jitter = stream(seed, repetition, &format!("tier.{}.jitter", tier.name));
            entries(model, tables, level, prefill, (seed, repetition), |step| match step {
                Filled::Fresh { info } => expiry(
                    model.workload.classes[info.class].ttl_in(level, tier),
                    tier.jitter,
                    0,
                    &mut jitter,
                ),
                Filled::Until { info, copy, expiry_ns } => {
                    if copy == instance {
                        process.prefill(info.key, expiry_ns);
                    }
                    expiry_ns
                }
            });
        }
        all.push(Some(process));
    }
    all
}

/// Puts the entries of the shared tier into Redis that are there at the start; gives their number.
///
/// # Errors
/// The server is gone.
pub fn prefill(
    url: &str,
    keys: &Keys,
    model: &Model,
    tables: &Tables,
    (seed, repetition): (u64, u32),
) -> Result<usize, Problem> {
    let shared = model.tiers.iter().enumerate().find(|(_, tier)| matches!(tier.scope, Scope::Shared(_)));
    let Some((level, tier)) = shared else { return Ok(0) };
    let Some(prefill) = tier.prefill else { return Ok(0) };
    let mut redis = Client::open(url).and_then(|client| client.get_connection()).map_err(failed)?;
    let mut jitter = stream(seed, repetition, &format!("tier.{}.jitter", tier.name));
    let grace_ns = match tier.refresh {
        Refresh::StaleWhileRevalidate { grace_ns } => grace_ns,
        _ => 0,
    };
    let mut all = Vec::new();
    entries(model, tables, level, prefill, (seed, repetition), |step| match step {
        Filled::Fresh { info } => {
            expiry(model.workload.classes[info.class].ttl_in(level, tier), tier.jitter, 0, &mut jitter)
        }
        Filled::Until { info, expiry_ns, .. } => {
            all.push((info.key, expiry_ns));
            expiry_ns
        }
    });
    for some in all.chunks(PIPELINE) {
        let mut pipeline = Pipeline::with_capacity(some.len());
        for &(key, expiry_ns) in some {
            let stored = Stored { version: 0, expiry_ns, delta_ns: 0, is_negative: false };
            let life_ns = (expiry_ns != NEVER).then(|| expiry_ns + grace_ns);
            pipeline
                .add_command(commands::set(
                    &keys.value(key),
                    &stored.encode(tables.value_bytes(key)),
                    life_ns,
                ))
                .ignore();
        }
        send(&pipeline, &mut redis)?;
    }
    Ok(all.len())
}

fn send(pipeline: &Pipeline, redis: &mut Connection) -> Result<(), Problem> {
    pipeline.exec(redis).map_err(failed)
}
