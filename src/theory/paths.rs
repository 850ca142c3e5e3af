//! How busy a system is and how long a fetch takes in it, roughly: enough to decide whether a law may leave both out.

use super::{rate_per_s, ttl_of};
use crate::model::{Class, Coalescing, Dist, Model, Scope, Tier, Ttl};
use crate::scenario::lint::expectation::{Expectation, hottest_share, mean_bytes};

/// How busy what lies on the way of a read is, and how long the way takes.
pub(super) struct Paths {
    /// Of the busiest shared tier and of its connections: 1 is all that they can do.
    pub tier_load: f64,
    /// From the read to the tier and back, and the way of the fill, in nanoseconds.
    tiers_ns: f64,
    /// Of the database and of its connections.
    pub database_load: f64,
}

impl Paths {
    pub fn of(model: &Model, expected: &Expectation) -> Paths {
        let instances = f64::from(model.clients.instances);
        let misses_per_s: f64 = expected.misses_per_s.iter().sum();
        let writes_per_s: f64 = expected.writes_per_s.iter().sum();
        let (mut tier_load, mut tiers_ns) = (0.0f64, 0.0);
        for (tier, found) in model.tiers.iter().zip(&expected.tiers) {
            let Scope::Shared(shared) = &tier.scope else { continue };
            let commands_per_s = found.lookups_per_s + misses_per_s + writes_per_s;
            let classes = &model.workload.classes;
            let bytes: f64 = classes
                .iter()
                .map(|class| class.share * (mean_bytes(&class.value_size) + mean_bytes(&class.key_size)))
                .sum();
            let service_ns = shared.service_ns as f64 + shared.per_byte_ns * bytes;
            let wire_ns = shared.bandwidth_bytes_per_s.map_or(0.0, |bytes_per_s| bytes / bytes_per_s * 1e9);
            let way_ns = 2.0 * shared.network.mean_ns() + service_ns + wire_ns;
            let connections = shared.pool.map_or(f64::INFINITY, |pool| f64::from(pool) * instances);
            let nodes = f64::from(shared.nodes);
            let load = [service_ns / nodes, wire_ns / nodes, way_ns / connections / nodes]
                .into_iter()
                .map(|ns| commands_per_s * ns / 1e9)
                .fold(0.0, f64::max);
            tier_load = tier_load.max(load);
            tiers_ns += 2.0 * shared.network.mean_ns() + longer(service_ns + wire_ns, load);
        }
        let database = &model.database;
        let round_trip_ns = 2.0 * database.network.mean_ns();
        let busy = |way_ns: f64| -> f64 {
            let classes =
                model.workload.classes.iter().zip(expected.misses_per_s.iter().zip(&expected.writes_per_s));
            classes
                .map(|(class, (misses, writes))| {
                    let write = class.costs.db_write.as_ref().unwrap_or(&database.write);
                    (misses * (read_of(model, class).mean_ns() + way_ns)
                        + writes * (write.mean_ns() + way_ns))
                        / 1e9
                })
                .sum()
        };
        let other =
            database.background.as_ref().map_or(0.0, |work| work.rate_per_s * work.service.mean_ns() / 1e9);
        let served = database.servers.map_or(0.0, |servers| (busy(0.0) + other) / f64::from(servers));
        let held = database.pool.map_or(0.0, |pool| busy(round_trip_ns) / (f64::from(pool) * instances));
        Paths { tier_load, tiers_ns, database_load: served.max(held) }
    }

    /// The time from a miss of this class to its fill, with a queue as in M/M/1 at the same load.
    fn fetch_ns(&self, model: &Model, class: &Class) -> f64 {
        2.0 * model.database.network.mean_ns() + longer(read_of(model, class).mean_ns(), self.database_load)
    }
}

/// A service with the wait for it.
fn longer(service_ns: f64, load: f64) -> f64 {
    service_ns / (1.0 - load.min(0.999))
}

fn read_of<'m>(model: &'m Model, class: &'m Class) -> &'m Dist {
    class.costs.db_read.as_ref().unwrap_or(&model.database.read)
}

/// The way to the tiers and back against a time to live.
pub(super) fn way_share(paths: &Paths, ttl_s: f64) -> f64 {
    paths.tiers_ns / 1e9 / ttl_s
}

/// The longest fetch against the life of what it fetches.
pub(super) fn fetch_share(model: &Model, index: usize, tier: &Tier, paths: &Paths) -> f64 {
    let share = |class: &Class| match ttl_of(class, index, tier) {
        Some(Ttl::After { ns }) => (paths.fetch_ns(model, class) + paths.tiers_ns) / ns as f64,
        _ => 0.0,
    };
    model.workload.classes.iter().map(share).fold(0.0, f64::max)
}

/// Reads of the hottest key that come while it is on its way and fetch it again.
pub(super) fn reads_during_fetch(model: &Model, paths: &Paths) -> f64 {
    let again = match model.coalescing {
        Coalescing::Lease(_) => 0.0,
        Coalescing::Singleflight { .. } => 1.0 - 1.0 / f64::from(model.clients.instances),
        _ => 1.0,
    };
    let during = |class: &Class| hottest_share(class) * (paths.fetch_ns(model, class) + paths.tiers_ns) / 1e9;
    again * rate_per_s(model) * model.workload.classes.iter().map(during).fold(0.0, f64::max)
}
