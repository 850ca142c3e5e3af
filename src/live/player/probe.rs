//! Looks at an own Redis and at the tiers of the processes while a repetition lasts, on a connection of its own, and keeps the memory
//! for the keys of an own Redis as large as the scenario has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::{Client, Connection, cmd};

use super::instance::Run;
use super::log::{Sample, TierSample};
use crate::live::calibrate::mean_value_bytes;
use crate::live::servers::{RedisSettings, Servers, maxmemory_beside};
use crate::model::{Nanos, Scope};

/// From one look to the next.
const STEP_NS: Nanos = 100_000_000;
/// Redis counts the buffers of its connections once a second: before this there is no count of those that were just opened.
const COUNTED_NS: Nanos = 1_500_000_000;
/// Of a key of a probe besides its value.
const PROBE_BYTES: u64 = 130;
/// Smaller changes of `maxmemory` are left out.
const CHANGE_BYTES: u64 = 4_096;

/// Looks until `is_over`; where Redis is not an own one, at the processes alone.
pub fn watch(run: &Arc<Run>, servers: &Servers, is_over: &AtomicBool) -> Vec<Sample> {
    let is_own = servers.are_own();
    let mut samples = Vec::new();
    let mut connection = None;
    let mut empty_bytes = None;
    let mut next_ns = 0;
    let capacity = RedisSettings::of(&run.model).ok().and_then(|settings| settings.capacity_bytes);
    let probe_bytes = u64::from(mean_value_bytes(&run.model, &run.tables)) + PROBE_BYTES;
    let mut room = capacity.filter(|_| is_own).map(|capacity_bytes| Room {
        capacity_bytes: capacity_bytes + servers.probes() * probe_bytes,
        set_bytes: 0,
    });
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
        let (server, memory) = server.unwrap_or_default();
        if let (Some(room), Some(connection), true) = (&mut room, &mut connection, at_ns >= COUNTED_NS) {
            // A failure shows at the next look.
            let _ = room.follow(&memory, connection);
        }
        let empty_bytes = *empty_bytes.get_or_insert(server.bytes);
        let tiers = run.model.tiers.iter().enumerate().map(|(level, tier)| match tier.scope {
            Scope::Shared(_) => TierSample { bytes: server.bytes.saturating_sub(empty_bytes), ..server },
            Scope::Instance { .. } => in_processes(run, level),
        });
        samples.push(Sample { at_ns, tiers: tiers.collect() });
    }
    samples
}

/// The memory of Redis that keys may take: its connections take from `maxmemory` too, 2 kB where one is idle and ten times as much where it
/// carries values, so `maxmemory` follows them. The keys of probes come on top.
struct Room {
    capacity_bytes: u64,
    set_bytes: u64,
}

impl Room {
    fn follow(&mut self, memory: &Memory, connection: &mut Connection) -> redis::RedisResult<()> {
        let bytes = maxmemory_beside(self.capacity_bytes, memory.startup_bytes, memory.clients_bytes);
        if bytes.abs_diff(self.set_bytes) > CHANGE_BYTES {
            cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).exec(connection)?;
            self.set_bytes = bytes;
        }
        Ok(())
    }
}

/// What Redis takes besides its keys.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    startup_bytes: u64,
    clients_bytes: u64,
}

/// The tier in all processes together.
fn in_processes(run: &Run, level: usize) -> TierSample {
    let sum =
        |which: usize| run.content.iter().map(|levels| levels[level][which].load(Ordering::Relaxed)).sum();
    TierSample { entries: sum(0), bytes: sum(1), ..TierSample::default() }
}

/// `None`: it does not answer.
fn look(run: &Run, connection: &mut Option<Connection>) -> Option<(TierSample, Memory)> {
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
        let sample = TierSample {
            entries,
            bytes: field(&memory, "used_memory_dataset"),
            evictions: field(&stats, "evicted_keys"),
            expirations: field(&stats, "expired_keys"),
        };
        let besides = Memory {
            startup_bytes: field(&memory, "used_memory_startup"),
            clients_bytes: field(&memory, "mem_clients_normal"),
        };
        Ok::<_, redis::RedisError>((sample, besides))
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
