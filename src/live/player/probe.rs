//! Looks at an own Redis and at the tiers of the processes while a repetition lasts, on a connection of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::{Client, Connection, cmd};

use super::instance::Run;
use super::log::{Sample, TierSample};
use crate::model::{Nanos, Scope};

/// From one look to the next.
const STEP_NS: Nanos = 100_000_000;

/// Looks until `is_over`; where Redis is not an own one, at the processes alone.
pub fn watch(run: &Arc<Run>, is_own: bool, is_over: &AtomicBool) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut connection = None;
    let mut empty_bytes = None;
    let mut next_ns = 0;
    while !is_over.load(Ordering::Relaxed) && !run.stop.load(Ordering::Relaxed) {
        let due = run.clock().instant(next_ns);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let server = is_own.then(|| look(run, &mut connection)).flatten();
        let at_ns = run.clock().now_ns();
        next_ns = (at_ns / STEP_NS + 1) * STEP_NS;
        // Down at the moment.
        if is_own && server.is_none() {
            continue;
        }
        let server = server.unwrap_or_default();
        let empty_bytes = *empty_bytes.get_or_insert(server.bytes);
        let tiers = run.model.tiers.iter().enumerate().map(|(level, tier)| match tier.scope {
            Scope::Shared(_) => TierSample { bytes: server.bytes.saturating_sub(empty_bytes), ..server },
            Scope::Instance { .. } => in_processes(run, level),
        });
        samples.push(Sample { at_ns, tiers: tiers.collect() });
    }
    samples
}

/// The tier in all processes together.
fn in_processes(run: &Run, level: usize) -> TierSample {
    let sum =
        |which: usize| run.content.iter().map(|levels| levels[level][which].load(Ordering::Relaxed)).sum();
    TierSample { entries: sum(0), bytes: sum(1), ..TierSample::default() }
}

/// `None`: it does not answer.
fn look(run: &Run, connection: &mut Option<Connection>) -> Option<TierSample> {
    const PATIENCE: Duration = Duration::from_millis(200);
    if connection.is_none() {
        let opened = Client::open(run.redis_url.as_str()).ok()?.get_connection_with_timeout(PATIENCE).ok()?;
        opened.set_read_timeout(Some(PATIENCE)).ok()?;
        *connection = Some(opened);
    }
    let ask = |connection: &mut Connection| {
        let entries: u64 = cmd("DBSIZE").query(connection)?;
        let stats: String = cmd("INFO").arg("stats").query(connection)?;
        let memory: String = cmd("INFO").arg("memory").query(connection)?;
        Ok::<_, redis::RedisError>(TierSample {
            entries,
            bytes: field(&memory, "used_memory_dataset"),
            evictions: field(&stats, "evicted_keys"),
            expirations: field(&stats, "expired_keys"),
        })
    };
    let seen = ask(connection.as_mut()?);
    if seen.is_err() {
        *connection = None;
    }
    seen.ok()
}

/// A number of INFO; 0 where this server does not have it.
fn field(info: &str, name: &str) -> u64 {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_info_is_found_by_its_whole_name() {
        let info = "# Stats\r\nexpired_keys:12\r\nexpired_keys_active:9\r\nevicted_keys:0\r\n";
        assert_eq!(["expired_keys", "evicted_keys", "none"].map(|name| field(info, name)), [12, 0, 0]);
    }
}
