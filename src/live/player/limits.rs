//! Bounds of what real servers and this machine are asked to do.

use super::schedule::Schedule;
use crate::live::servers::Connections;
use crate::model::{Experiment, Model, Nanos, Scope, SharedTier};

/// Most connections to PostgreSQL, each of which is a process.
const POSTGRES_MAX: u64 = 200;
/// Most connections to Redis.
const REDIS_MAX: u64 = 2_000;
/// Most instances, each of which is a thread.
const INSTANCES_MAX: u32 = 64;
/// Most rows, and most bytes of their payloads.
const ROWS_MAX: u64 = 5_000_000;
const PAYLOAD_MAX: u64 = 4_000_000_000;

/// Limits of a run that an option of the command line raises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Of the busiest second.
    pub rate_per_s: f64,
    /// Of all repetitions together, without their preparation.
    pub time_ns: Nanos,
    /// Of one repetition: its log is in memory.
    pub requests: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { rate_per_s: 10_000.0, time_ns: 600_000_000_000, requests: 2_000_000 }
    }
}

/// More than is played.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{title}; {way_out}")]
pub struct Exceeded {
    title: String,
    way_out: String,
}

fn exceeded<T>(title: String, way_out: &str) -> Result<T, Exceeded> {
    Err(Exceeded { title, way_out: way_out.to_owned() })
}

/// The shared tier of a model.
pub fn shared(model: &Model) -> Option<&SharedTier> {
    model.tiers.iter().find_map(|tier| match &tier.scope {
        Scope::Shared(shared) => Some(shared),
        Scope::Instance { .. } => None,
    })
}

/// Queries that PostgreSQL gets at once, which is the number of connections behind the gate; `None`: nothing bounds them.
pub fn slots(model: &Model) -> Option<u64> {
    let database = &model.database;
    let pools = database.pool.map(|pool| u64::from(pool) * u64::from(model.clients.instances));
    match (database.servers.map(u64::from), pools) {
        (Some(servers), Some(pools)) => Some(servers.min(pools)),
        (servers, pools) => servers.or(pools),
    }
}

/// Connections to Redis of all instances.
pub fn redis_connections(model: &Model) -> u64 {
    shared(model).map_or(0, |shared| u64::from(shared.pool.unwrap_or(1)) * u64::from(model.clients.instances))
}

/// The connections that the clients of an experiment open at most.
///
/// # Errors
/// More than servers and machine are asked for.
pub fn connections(experiment: &Experiment) -> Result<Connections, Exceeded> {
    let mut most = Connections { redis: 0, postgres: 0 };
    for variant in &experiment.variants {
        let (name, model) = (&variant.name, &variant.model);
        if model.clients.instances > INSTANCES_MAX {
            let title = format!("variant \"{name}\": clients.instances is above {INSTANCES_MAX}, the limit");
            return exceeded(title, "each instance is a thread here; set fewer");
        }
        let Some(postgres) = slots(model) else {
            let title = format!("variant \"{name}\": nothing bounds the queries at once");
            return exceeded(title, "each is a process of PostgreSQL: set database.servers or database.pool");
        };
        if postgres > POSTGRES_MAX {
            let title = format!(
                "variant \"{name}\": {postgres} queries at once (database.servers, or instances x database.pool) are above \
                 {POSTGRES_MAX}, the limit"
            );
            return exceeded(title, "set fewer database.servers");
        }
        let redis = redis_connections(model);
        if redis > REDIS_MAX {
            let title =
                format!("variant \"{name}\": {redis} connections to Redis are above {REDIS_MAX}, the limit");
            return exceeded(title, "set a smaller pool of the tier");
        }
        most.postgres = most.postgres.max(postgres as u32);
        most.redis = most.redis.max(redis as u32);
    }
    Ok(most)
}

/// Whether a table has too many rows, or too long ones.
///
/// # Errors
/// It has.
pub fn check_rows(rows: u64, bytes: u64) -> Result<(), Exceeded> {
    if rows > ROWS_MAX {
        let title = format!("the table would have {rows} rows, more than {ROWS_MAX}, the limit");
        return exceeded(title, "set fewer keys");
    }
    if bytes > PAYLOAD_MAX {
        let title = format!("the table would have {bytes} bytes, more than {PAYLOAD_MAX}, the limit");
        return exceeded(title, "set fewer keys, or smaller values");
    }
    Ok(())
}

impl Bounds {
    /// Whether all repetitions together are short enough.
    ///
    /// # Errors
    /// They are not.
    pub fn check_time(&self, experiment: &Experiment) -> Result<(), Exceeded> {
        let of_each: Nanos =
            experiment.variants.iter().fold(0, |sum, variant| sum.saturating_add(variant.model.duration_ns));
        let whole_ns = of_each.saturating_mul(u64::from(experiment.replications));
        if whole_ns <= self.time_ns {
            return Ok(());
        }
        let title = format!(
            "{} variants x {} repetitions take {:.0} s, more than {:.0} s, the limit",
            experiment.variants.len(),
            experiment.replications,
            whole_ns as f64 / 1e9,
            self.time_ns as f64 / 1e9
        );
        exceeded(
            title,
            "fewer --replications, a shorter --duration, single variants (--variant), or a higher --max-time",
        )
    }

    /// Whether the busiest second of a schedule is slow enough.
    ///
    /// # Errors
    /// It is not.
    pub fn check_rate(&self, variant: &str, schedule: &Schedule) -> Result<(), Exceeded> {
        let peak = schedule.peak_per_s();
        if peak as f64 <= self.rate_per_s {
            return Ok(());
        }
        let title = format!(
            "variant \"{variant}\": {peak} requests in the busiest second are above {} per second, the limit",
            self.rate_per_s
        );
        exceeded(title, "a smaller workload.scale, or a higher --max-rate")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    use crate::scenario::{Overrides, parse};

    fn of(database: &str, replications: u32) -> Experiment {
        let source = format!(
            r#"
            question = "?"
            duration = "10s"
            replications = {replications}
            clients = {{ instances = 4 }}
            workload = {{ arrivals = {{ constant = {{ rate = 100 }} }}, keys = 10 }}
            database = {{ read = "1ms", {database} }}
            [[tier]]
            name = "l2"
            scope = "shared"
            ttl = "60s"
            pool = 8
            "#
        );
        parse(&source, "test.toml", Path::new(""), &Overrides::default()).unwrap()
    }

    #[test]
    fn queries_at_once_are_bounded_by_servers_and_by_pools() {
        let postgres = |database| connections(&of(database, 1)).map(|most| most.postgres);
        assert_eq!(postgres("servers = 10"), Ok(10));
        assert_eq!(postgres("servers = 30, pool = 5"), Ok(20));
        assert_eq!(postgres("servers = 3, pool = 5"), Ok(3));
        assert!(postgres("").unwrap_err().to_string().contains("set database.servers or database.pool"));
        assert!(postgres("servers = 300").unwrap_err().to_string().contains("above 200, the limit"));
        assert_eq!(connections(&of("servers = 1", 1)).unwrap().redis, 32);
    }

    #[test]
    fn time_and_rate_are_bounded() {
        let bounds = Bounds { time_ns: 30_000_000_000, rate_per_s: 99.0, requests: 10_000 };
        assert_eq!(bounds.check_time(&of("servers = 1", 3)), Ok(()));
        let long = bounds.check_time(&of("servers = 1", 4)).unwrap_err();
        assert!(long.to_string().contains("--max-time"), "{long}");
        let schedule = super::super::first_schedule(&of("servers = 1", 1), 0, &bounds);
        assert!(schedule.unwrap_err().to_string().contains("100 requests in the busiest second"));
    }
}
