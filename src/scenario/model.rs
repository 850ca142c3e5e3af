//! The checked model: what is left of a scenario file once every name is resolved, every unit is
//! converted and every contradiction is refused.
//!
//! The rest of the program sees only these types. Times are nanoseconds (`_ns`), sizes bytes
//! (`_bytes`), rates per second (`_per_s`), shares fractions of one.

use std::path::PathBuf;

use serde::Serialize;

/// An instant or a length of simulated time, in nanoseconds from the start of the scenario.
pub type Nanos = u64;

/// Most tiers a read can pass on its way to the database.
pub const MAX_TIERS: usize = 3;
/// Most request classes of one scenario.
pub const MAX_CLASSES: usize = 16;

/// Several variants of one system, run on the same traffic and compared.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub name: String,
    /// The question in one sentence, as the author asked it.
    pub question: String,
    pub seed: u64,
    pub replications: u32,
    pub variants: Vec<Variant>,
    /// Index into `variants`: what the others are compared with.
    pub baseline: usize,
    /// Names of the measures that get a verdict, most important first.
    pub headline: Vec<String>,
    pub answer: Option<Answer>,
    pub observed: Option<Observed>,
    /// The scenario exactly as read (before `--set`), for the reproduction section.
    pub source: String,
    /// Where `source` came from, as the user named it (`scenarios/stampede.toml`).
    pub source_path: String,
    /// Overrides from the command line, in the order given, as `path=value`.
    pub overrides: Vec<String>,
    /// Hex SHA-256 over the canonical JSON of all checked models, seed and replications: two scenarios
    /// with the same digest mean the same thing.
    pub digest: String,
}

/// One of the compared systems.
#[derive(Clone, Debug)]
pub struct Variant {
    pub name: String,
    /// What this variant sets, as (dotted path, TOML value), in file order; empty for the base.
    pub settings: Vec<(String, String)>,
    pub model: Model,
}

/// The author's words about what the scenario showed, with placeholders filled from the record.
#[derive(Clone, Debug)]
pub struct Answer {
    pub text: String,
    /// The digest the words were written for; with another digest they are not shown.
    pub digest: String,
    /// Comparisons that must hold for the words to be true.
    pub claims: Vec<String>,
}

/// What production itself reports, to hold the model against.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Observed {
    pub hit_ratio: Option<f64>,
    pub db_qps: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
}

/// One system under one workload: everything a simulation needs besides seed and replication.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    /// Arrivals stop at this instant (warm-up included).
    pub duration_ns: Nanos,
    /// Requests that start before this instant are simulated and not measured.
    pub warmup_ns: Nanos,
    pub window_ns: Nanos,
    /// How long the run may go on after the last arrival to finish what is in flight.
    pub drain_ns: Nanos,
    pub clients: Clients,
    pub workload: Workload,
    /// In the order in which a read asks them.
    pub tiers: Vec<Tier>,
    pub coalescing: Coalescing,
    pub database: Database,
    pub writes: WriteStrategy,
    /// Sorted by time, ties in file order.
    pub events: Vec<TimedEvent>,
    pub measure: MeasureOptions,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct MeasureOptions {
    /// Track when each cached value was read from the database (8 bytes per entry) and report
    /// `value.age.max_s`.
    pub value_age: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Clients {
    pub instances: u32,
    pub route: Route,
    /// From the intended start of a request to the moment its caller gives up.
    pub deadline_ns: Option<Nanos>,
}

/// How a request finds its application instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Route {
    Random,
    RoundRobin,
    /// By a hash of the key.
    Sticky,
}

#[derive(Clone, Debug, Serialize)]
pub struct Workload {
    pub arrivals: Arrivals,
    /// Factors on the arrival rate over time; they multiply. Open arrivals only.
    pub profile: Vec<ProfilePart>,
    /// At least one; shares sum to one. Ids are dealt out in this order: the first class owns ids
    /// `0..keys`, the next one the following range. For a trace: one class whose `keys` is the number
    /// of distinct keys.
    pub classes: Vec<Class>,
}

impl Workload {
    /// Number of ids over all classes.
    pub fn keys(&self) -> u64 {
        self.classes.iter().map(|class| class.keys).sum()
    }
    /// Whether any request writes.
    pub fn writes(&self) -> bool {
        self.classes.iter().any(|class| class.write_share > 0.0)
            || matches!(&self.arrivals, Arrivals::Trace(trace) if trace.writes > 0)
    }
}

#[derive(Clone, Debug, Serialize)]
pub enum Arrivals {
    Poisson {
        rate_per_s: f64,
    },
    Constant {
        rate_per_s: f64,
    },
    /// Independent gaps with the given squared coefficient of variation: gamma below one,
    /// balanced-means hyperexponential above.
    Renewal {
        rate_per_s: f64,
        cv2: f64,
    },
    /// A fixed population: think, ask, wait for the answer, think again. Users start by thinking.
    Closed {
        users: u32,
        think: Dist,
    },
    Trace(Trace),
}

/// A recorded workload; read once by `check` for its counts, then streamed by every replication.
#[derive(Clone, Debug, Serialize)]
pub struct Trace {
    pub path: PathBuf,
    pub columns: TraceColumns,
    /// Nanoseconds per unit of the time column.
    pub unit_ns: f64,
    /// First time stamp, in units: time zero of the simulation.
    pub first_time: f64,
    pub requests: u64,
    pub writes: u64,
    /// SHA-256 of the file, so that the digest covers its content.
    pub digest: String,
}

/// Zero-based column numbers of a CSV trace.
#[derive(Clone, Debug, Serialize)]
pub struct TraceColumns {
    pub time: usize,
    pub key: usize,
    pub size: Option<usize>,
    pub operation: Option<TraceOperation>,
}

/// Which cell texts mean read and which mean write; any other text is an error.
#[derive(Clone, Debug, Serialize)]
pub struct TraceOperation {
    pub column: usize,
    pub read: Vec<String>,
    pub write: Vec<String>,
}

/// A factor on the arrival rate.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum ProfilePart {
    /// From `at_ns` on the rate is `factor` times the base (until the next step or ramp).
    Step { at_ns: Nanos, factor: f64 },
    /// Between the two instants the factor moves linearly from its value before to `factor`.
    Ramp { from_ns: Nanos, to_ns: Nanos, factor: f64 },
    /// Multiplies the rate by `1 + amplitude * sin(2 pi (t - phase) / period)`.
    Sine { period_ns: Nanos, phase_ns: Nanos, amplitude: f64 },
}

/// A range of ids that behaves alike.
#[derive(Clone, Debug, Serialize)]
pub struct Class {
    pub name: String,
    /// Share of all requests.
    pub share: f64,
    pub keys: u64,
    pub popularity: Popularity,
    /// The database has no row for these ids.
    pub absent: bool,
    pub write_share: f64,
    pub value_size: Size,
    pub key_size: Size,
    /// Per tier of `Model::tiers`: the time to live here instead of the tier's own. Outer `None`: the tier's own.
    pub ttl: Vec<Option<Ttl>>,
    /// Service times of this class at the database instead of the database's own.
    pub db_read: Option<Dist>,
    pub db_write: Option<Dist>,
}

#[derive(Clone, Debug, Serialize)]
pub enum Popularity {
    /// P(rank r) proportional to r^-exponent; rank 1 is the first id of the class.
    Zipf {
        exponent: f64,
    },
    Uniform,
    /// The first `keys_share` of the ids gets `requests_share` of the requests, both parts uniform.
    Hotspot {
        keys_share: f64,
        requests_share: f64,
    },
}

/// A size in bytes, fixed per key.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Size {
    Constant {
        bytes: u64,
    },
    /// `exp(mu + sigma z)`; `min_bytes..=max_bytes` bounds it.
    Lognormal {
        mu: f64,
        sigma: f64,
        max_bytes: u64,
    },
    /// Generalised Pareto: `location + scale ((1-u)^-shape - 1) / shape`.
    Pareto {
        location: f64,
        scale: f64,
        shape: f64,
        max_bytes: u64,
    },
    /// From the trace's size column (first size seen of each key).
    Trace,
}

/// A random length of time; parameters in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Dist {
    Constant {
        ns: f64,
    },
    Exponential {
        mean_ns: f64,
    },
    /// `exp(mu + sigma z)` nanoseconds.
    Lognormal {
        mu: f64,
        sigma: f64,
    },
    Gamma {
        mean_ns: f64,
        cv2: f64,
    },
    /// Two-phase, balanced means; `cv2 >= 1`.
    Hyperexponential {
        mean_ns: f64,
        cv2: f64,
    },
    /// Sorted observations, drawn uniformly.
    Empirical {
        ns: Vec<f64>,
    },
}

impl Dist {
    pub const ZERO: Dist = Dist::Constant { ns: 0.0 };

    /// Expected value in nanoseconds.
    pub fn mean_ns(&self) -> f64 {
        match self {
            Dist::Constant { ns } => *ns,
            Dist::Exponential { mean_ns }
            | Dist::Gamma { mean_ns, .. }
            | Dist::Hyperexponential { mean_ns, .. } => *mean_ns,
            Dist::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Dist::Empirical { ns } => ns.iter().sum::<f64>() / ns.len().max(1) as f64,
        }
    }
}

/// A cache between the application and the next tier or the database.
#[derive(Clone, Debug, Serialize)]
pub struct Tier {
    pub name: String,
    pub scope: Scope,
    pub capacity: Capacity,
    pub eviction: Eviction,
    pub ttl: Ttl,
    pub jitter: Jitter,
    /// Each hit starts the time to live anew.
    pub sliding: bool,
    pub refresh: Refresh,
    /// How long the answer "no such row" is kept; `None`: not kept.
    pub negative_ttl_ns: Option<Nanos>,
    /// Memory per entry besides key and value.
    pub entry_overhead_bytes: u64,
    pub prefill: Option<Prefill>,
}

#[derive(Clone, Debug, Serialize)]
pub enum Scope {
    /// In the process of every instance: no network, no pool.
    Instance {
        /// Time a look-up takes.
        access_ns: Nanos,
    },
    /// One server for all instances.
    Shared(SharedTier),
}

#[derive(Clone, Debug, Serialize)]
pub struct SharedTier {
    /// Delay each way.
    pub network: Dist,
    /// Of the single-threaded server, per command.
    pub service_ns: Nanos,
    /// Added to the service time per byte of value read or written.
    pub per_byte_ns: f64,
    /// Connections per instance; `None`: as many as needed.
    pub pool: Option<u32>,
    /// Longest wait for a connection.
    pub pool_timeout_ns: Option<Nanos>,
    /// Longest wait for a reply, from sending.
    pub timeout_ns: Option<Nanos>,
    pub on_failure: OnFailure,
}

/// What a read does when a tier does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OnFailure {
    /// Goes on to the next tier or the database (fail open).
    Next,
    /// Ends in an error (fail closed).
    Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Capacity {
    Unbounded,
    /// Of each store: for an instance tier, per instance.
    Entries(u64),
    Bytes(u64),
}

/// Names of the eviction algorithms; `policy::registry` gives each its file and its docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Eviction {
    Lru,
    Fifo,
    Clock,
    Random,
    Sieve,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Ttl {
    /// Entries never expire.
    None,
    After {
        ns: Nanos,
    },
}

/// Spread of the time to live.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Jitter {
    None,
    /// TTL + U(0, amount).
    Plus(Spread),
    /// TTL + U(-amount, +amount).
    Around(Spread),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Spread {
    Time {
        ns: Nanos,
    },
    /// Of the time to live.
    Share {
        share: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Refresh {
    None,
    /// Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015.
    XFetch {
        beta: f64,
        mode: RefreshMode,
    },
    /// The same paper's baseline: refresh if `now + window * U >= expiry`; inline.
    Uniform {
        window_ns: Nanos,
    },
    /// The first request past `fraction` of the time to live starts a background refresh.
    Ahead {
        fraction: f64,
    },
    StaleWhileRevalidate {
        grace_ns: Nanos,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RefreshMode {
    Inline,
    Background,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Prefill {
    pub hottest: Hottest,
    pub age: PrefillAge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Hottest {
    All,
    /// The n most popular ids (over all classes, by expected rate; ties by id).
    Keys(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PrefillAge {
    /// All loaded at time zero.
    Fresh,
    /// Key i present with probability lT/(1+lT), its remaining time to live uniform.
    Stationary,
}

#[derive(Clone, Debug, Serialize)]
pub enum Coalescing {
    None,
    /// One flight per key and instance.
    Singleflight {
        around: Around,
    },
    /// One winner over all instances, kept by a shared tier (Nishtala et al., Scaling Memcache at Facebook, NSDI 2013).
    Lease(Lease),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Around {
    /// The database call only.
    Fetch,
    /// The look-up in the shared tiers and the database call.
    Lookup,
}

#[derive(Clone, Debug, Serialize)]
pub struct Lease {
    /// Index into `Model::tiers`: a shared tier, the last one.
    pub tier: usize,
    pub lock_ttl_ns: Nanos,
    /// Between two looks of a loser.
    pub poll_ns: Nanos,
    /// After this a loser goes to the database itself (without filling).
    pub wait_limit_ns: Nanos,
    /// How long past its expiry a value may still be served to losers; 0: never.
    pub serve_stale_ns: Nanos,
}

#[derive(Clone, Debug, Serialize)]
pub struct Database {
    /// `None`: unlimited.
    pub servers: Option<u32>,
    /// Waiting places; `None`: unbounded.
    pub queue: Option<u64>,
    pub read: Dist,
    pub write: Dist,
    /// Delay each way between instance and database.
    pub network: Dist,
    /// Connections per instance; `None`: as many as needed.
    pub pool: Option<u32>,
    pub pool_timeout_ns: Option<Nanos>,
    /// Per attempt, from sending.
    pub timeout_ns: Option<Nanos>,
    /// A timed-out attempt is withdrawn from the database.
    pub cancel_on_timeout: bool,
    /// An answer that comes after its caller gave up still fills the cache.
    pub late_fill: bool,
    pub retries: Retries,
    /// Universal Scalability Law (Gunther): service times are multiplied by
    /// `1 + sigma (n-1) + kappa n (n-1)` with n requests in service.
    pub contention: Option<Contention>,
    /// Load that no cache touches.
    pub background: Option<Background>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Contention {
    pub sigma: f64,
    pub kappa: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Background {
    pub rate_per_s: f64,
    pub service: Dist,
}

#[derive(Clone, Debug, Serialize)]
pub struct Retries {
    /// Attempts in all; 1: no retry.
    pub attempts: u32,
    /// Before the second attempt.
    pub backoff_ns: Nanos,
    /// Each further backoff is this many times the one before.
    pub factor: f64,
    pub max_backoff_ns: Nanos,
    /// Share of the backoff that is random: 0 none, 1 full jitter (U(0, backoff)).
    pub jitter: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum WriteStrategy {
    /// Database, then DELETE in every tier (of other instances' tiers: not).
    Invalidate,
    /// Database only; cached copies live out their time.
    WriteAround,
}

#[derive(Clone, Debug, Serialize)]
pub struct TimedEvent {
    pub at_ns: Nanos,
    /// Shown in charts and in `event.<label>.recovery_s`; unique, `[a-z0-9-]+`.
    pub label: String,
    pub what: EventKind,
}

/// Something that happens to a tier (by index) or to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Target {
    Tier(usize),
    Database,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum EventKind {
    /// All entries of the tier are gone.
    Flush {
        tier: usize,
    },
    /// Down (refusing) for a while, then back and empty.
    Restart {
        tier: usize,
        for_ns: Nanos,
    },
    Down {
        target: Target,
        for_ns: Nanos,
        fail: DownMode,
    },
    /// Everything takes `factor` times as long.
    Slow {
        target: Target,
        for_ns: Nanos,
        factor: f64,
    },
    /// Nothing starts service; the queue is kept; work in service finishes. Shared tiers and the database.
    Pause {
        target: Target,
        for_ns: Nanos,
    },
    /// The arrival rate is multiplied. Open arrivals only.
    Surge {
        factor: f64,
        for_ns: Nanos,
    },
    /// `share` of all requests go to one key.
    HotKey {
        key: u64,
        share: f64,
        for_ns: Nanos,
    },
    /// Instances restart one after another, `every_ns` apart: their instance tiers are empty afterwards.
    Deploy {
        every_ns: Nanos,
    },
}

impl EventKind {
    /// How long the disturbance itself lasts, in nanoseconds.
    pub fn length_ns(&self, instances: u32) -> Nanos {
        match *self {
            EventKind::Flush { .. } => 0,
            EventKind::Restart { for_ns, .. }
            | EventKind::Down { for_ns, .. }
            | EventKind::Slow { for_ns, .. }
            | EventKind::Pause { for_ns, .. }
            | EventKind::Surge { for_ns, .. }
            | EventKind::HotKey { for_ns, .. } => for_ns,
            EventKind::Deploy { every_ns } => every_ns.saturating_mul(u64::from(instances.saturating_sub(1))),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum DownMode {
    /// Connections are refused: the caller knows at once.
    Refuse,
    /// Packets vanish: the caller waits for its timeout.
    Timeout,
}
