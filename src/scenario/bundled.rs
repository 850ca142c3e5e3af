//! The scenarios that come with the program: `scenarios/*.toml`, embedded.

/// A scenario that is part of the program.
#[derive(Clone, Copy, Debug)]
pub struct Bundled {
    /// As `herdlab run NAME` takes it.
    pub name: &'static str,
    /// The text of the file.
    pub source: &'static str,
}

impl Bundled {
    /// Where the file is in the repository.
    pub fn path(&self) -> String {
        format!("scenarios/{}.toml", self.name)
    }
}

macro_rules! bundled {
    ($($name:literal,)*) => {
        const ALL: &[Bundled] = &[$(Bundled {
            name: $name,
            source: include_str!(concat!("../../scenarios/", $name, ".toml")),
        }),*];
    };
}

bundled! {
    "lookup",
    "stampede",
    "synchronised-expiry",
    "tiers",
    "flash-crowd",
    "cold-start",
    "warming",
    "absent-keys",
    "negative-cache-attack",
    "existence-check",
    "rate-limiter",
    "strategies",
    "write-strategies",
    "stale-fill-race",
    "cdc-invalidation",
    "replica-lag",
    "redis-memory",
    "large-values",
    "dead-leader",
    "small-pool",
    "leases",
    "cache-down",
    "failover",
    "worker-pool",
    "hot-node",
    "multi-get",
    "protection",
    "deploy",
    "autoscaling",
    "key-prefix",
    "ttl-sweep",
    "recommend-ttl",
    "twitter-cluster6",
    "twitter-cluster52",
}

/// All of them, in the order in which they are best read.
pub fn all() -> &'static [Bundled] {
    ALL
}

/// The one with this name.
pub fn get(name: &str) -> Option<&'static Bundled> {
    ALL.iter().find(|bundled| bundled.name == name)
}
