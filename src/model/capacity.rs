//! The rate that a database can carry, for a given mix of work.

use std::ops::Add;

use super::{Contention, Database};

/// Requests of one kind and their service times, alone and without contention: both per second, or both of the same span.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    pub requests: f64,
    pub service_s: f64,
}

impl Load {
    /// So many requests that take `mean_ns` each.
    pub fn new(requests: f64, mean_ns: f64) -> Load {
        Load { requests, service_s: requests * mean_ns / 1e9 }
    }
}

impl Add for Load {
    type Output = Load;

    fn add(self, other: Load) -> Load {
        Load { requests: self.requests + other.requests, service_s: self.service_s + other.service_s }
    }
}

/// The work of a database by where it is served and whether it holds a connection of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mix {
    /// Of instances, at the primary.
    pub primary: Load,
    /// Of instances, over all replicas.
    pub replicas: Load,
    /// Background load and batches that are written back: at the primary, without a connection of a pool.
    pub unpooled: Load,
}

impl Mix {
    /// Requests of all kinds.
    pub fn requests(&self) -> f64 {
        self.primary.requests + self.replicas.requests + self.unpooled.requests
    }
}

/// The primary or one replica, at which requests of the mix meet.
struct Station {
    servers: Option<u32>,
    /// Of those that hold a connection, and of all.
    pooled: Load,
    service_s: f64,
    /// Replicas are alike.
    copies: f64,
}

impl Database {
    /// Whether anything bounds the load: servers, connections, or a contention that grows without end.
    pub fn bounds_load(&self) -> bool {
        let station =
            |servers: Option<u32>| servers.is_some() || most_in_service(self.contention, None).is_finite();
        let replicas = self.replicas.as_ref();
        self.pool.is_some()
            || station(self.servers)
            || replicas.is_some_and(|replicas| station(replicas.servers))
    }

    /// Requests per second of this mix that the database can carry. Whatever saturates first bounds the whole: the servers
    /// of the primary, those of a replica, or the connections of all `instances`, each of which is held for the service and
    /// for the way there and back. Under contention the number in service is the one that serves most. `None`: nothing
    /// bounds it, or there is no work in it.
    pub fn capacity_per_s(&self, mix: &Mix, instances: u32) -> Option<f64> {
        let stations = self.stations(mix);
        let most = |station: &Station| most_in_service(self.contention, station.servers) / station.service_s;
        let growth = stations.iter().map(most).fold(f64::INFINITY, f64::min);
        let growth = self.pool.map_or(growth, |pool| {
            self.growth_within(f64::from(pool) * f64::from(instances), &stations, growth)
        });
        let requests = mix.requests();
        Some(requests * growth).filter(|rate| rate.is_finite() && requests > 0.0)
    }

    /// The places where this mix has work to do.
    fn stations(&self, mix: &Mix) -> Vec<Station> {
        let primary = Station {
            servers: self.servers,
            pooled: mix.primary,
            service_s: (mix.primary + mix.unpooled).service_s,
            copies: 1.0,
        };
        let replica = self.replicas.as_ref().map(|replicas| {
            let copies = f64::from(replicas.count);
            let Load { requests, service_s } = mix.replicas;
            let pooled = Load { requests: requests / copies, service_s: service_s / copies };
            Station { servers: replicas.servers, pooled, service_s: pooled.service_s, copies }
        });
        let is_used = |station: &Station| station.service_s > 0.0 || station.pooled.requests > 0.0;
        [Some(primary), replica].into_iter().flatten().filter(is_used).collect()
    }

    /// By how much the mix may grow, up to `most`, until it holds so many connections.
    fn growth_within(&self, connections: f64, stations: &[Station], most: f64) -> f64 {
        let travel_s = 2.0 * self.network.mean_ns() / 1e9;
        let held = |growth: f64| -> f64 {
            let at = |station: &Station| {
                let slowdown =
                    self.contention.map_or(1.0, |law| law.slowdown_under(growth * station.service_s));
                let Load { requests, service_s } = station.pooled;
                growth * station.copies * (requests * travel_s + service_s * slowdown)
            };
            stations.iter().map(at).sum()
        };
        // Without contention the connections held grow with the load.
        if self.contention.is_none() || most.is_infinite() {
            return most.min(connections / held(1.0));
        }
        if held(most) <= connections {
            return most;
        }
        let (mut low, mut high) = (0.0, most);
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            *if held(middle) <= connections { &mut low } else { &mut high } = middle;
        }
        low
    }
}

/// The largest load without contention (requests per second times service time) that so many servers carry with it:
/// the maximum of `n / slowdown(n)` over whole `n`.
fn most_in_service(contention: Option<Contention>, servers: Option<u32>) -> f64 {
    let servers = servers.map_or(f64::INFINITY, f64::from);
    contention.map_or(servers, |law| law.most_carried(servers))
}

impl Contention {
    /// How many times as long a service takes with `n` requests in service.
    #[inline]
    pub fn slowdown(&self, n: f64) -> f64 {
        let others = n - 1.0;
        let law = 1.0 + self.sigma * others + self.kappa * others * n;
        match self.processors {
            None => law,
            Some(processors) => law * (n / f64::from(processors)).max(1.0),
        }
    }

    /// The maximum of `n / slowdown(n)` over whole `n` up to `servers`.
    fn most_carried(&self, servers: f64) -> f64 {
        let Contention { sigma, kappa, processors } = *self;
        // What is more than the processors in service adds nothing to what they do.
        let servers = processors.map_or(servers, |processors| servers.min(f64::from(processors)));
        if kappa == 0.0 && sigma < 1.0 {
            // It rises with n, towards 1 / sigma.
            return if servers.is_finite() { servers / self.slowdown(servers) } else { 1.0 / sigma };
        }
        // Where its derivative is zero, 1 - sigma = kappa n².
        let best = if sigma < 1.0 { ((1.0 - sigma) / kappa).sqrt() } else { 1.0 };
        let carried =
            [best.floor(), best.ceil()].map(|n| n.clamp(1.0, servers)).map(|n| n / self.slowdown(n));
        carried.into_iter().fold(0.0, f64::max)
    }

    /// The slowdown under a load that can be carried: that of the smaller root of `n = load x slowdown(n)`, which lies below the processors. A load
    /// below one is taken to be served alone.
    fn slowdown_under(&self, load: f64) -> f64 {
        if load <= 1.0 {
            return 1.0;
        }
        let (square, constant) = (self.kappa * load, load * (1.0 - self.sigma));
        let linear = 1.0 - load * (self.sigma - self.kappa);
        let root = (linear * linear - 4.0 * square * constant).max(0.0).sqrt();
        2.0 * constant / (linear + root) / load
    }
}

#[cfg(test)]
#[path = "capacity/tests.rs"]
mod tests;
