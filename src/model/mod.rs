//! The checked model: what is left of a scenario file once every name is resolved, every unit is
//! converted and every contradiction is refused.
//!
//! The rest of the program sees only these types. Times are nanoseconds (`_ns`), sizes bytes
//! (`_bytes`), rates per second (`_per_s`), shares fractions of one.

mod capacity;
mod clients;
mod coalescing;
mod database;
mod directory;
mod dist;
mod event;
mod guard;
mod input;
mod invalidation;
mod limiter;
mod practice;
mod price;
mod quantiles;
mod question;
mod recommend;
mod slo;
mod sweep;
mod threshold;
mod tier;
mod workload;
mod writes;

use std::path::PathBuf;

use serde::Serialize;

pub use capacity::{Load, Mix};
pub use clients::{Autoscale, Clients, MeasureOptions, Route};
pub use coalescing::{Around, Coalescing, Lease};
pub use database::{Background, Contention, Database, RETRIES_AT_ONCE, Replicas, Retries};
pub(crate) use directory::{CountingTier, Directory, LeaseTier, Place};
pub use dist::{Dist, Size};
pub(crate) use dist::{RANDOM_SIZE, RANDOM_TIME, Z_99};
pub use event::{DownMode, EventKind, Target, TimedEvent};
pub(crate) use event::{EventOptions, Surroundings};
pub use guard::{Breaker, Hedge, HedgeAfter, Limit, RetryBudget};
pub use input::{Input, Moments};
pub use invalidation::{Broadcast, Cdc, Cuts, Invalidation, Tracking};
pub use limiter::{Limiter, LimiterMode};
pub use practice::{Finding, Practice, PracticeRow};
pub use price::{Price, currency};
pub(crate) use quantiles::Counted;
pub use quantiles::Quantiles;
pub use question::{Answer, Figure, Observed, Precision};
pub use recommend::{Direction, Objective, Recommend};
pub use slo::Slo;
pub use sweep::{Amount, Axis, AxisValue, Kind, Sweep};
pub use threshold::{Bound, Threshold};
pub(crate) use tier::TierOptions;
pub use tier::{
    ActiveExpiry, Admit, Capacity, Compress, Eviction, FailSafe, Hottest, Jitter, MultiGet, OnFailure,
    Prefill, PrefillAge, Redis, RedisEviction, Refresh, RefreshMode, Scope, SharedTier, Spread, Tier, Ttl,
};
pub use workload::{
    Arrivals, Class, Costs, Counts, Popularity, ProfilePart, Ranking, Sets, Spooled, Trace, TraceClasses,
    TraceColumns, TraceFacts, TraceLayout, TraceOperation, TraceReplay, Workload,
};
pub(crate) use workload::{
    ArrivalsOptions, ClassAround, ClassBy, Key, Keys, MAX_KEYS, OF_THE_TRACE, Operation, RecordedClass,
    TraceOptions, WorkloadOptions, enough_keys,
};
pub(crate) use writes::Writes;
pub use writes::{FlushCost, Order, WriteBack, WriteOptions, WriteStrategy};

/// An instant or a length of simulated time, in nanoseconds from the start of the scenario.
pub type Nanos = u64;

/// Most tiers a read can pass on its way to the database.
pub const MAX_TIERS: usize = 3;
/// Most request classes of one scenario.
pub const MAX_CLASSES: usize = 64;

/// Whether a field keeps out of the serialised form, and so of the digest.
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// The same for a number of which there is one by default.
fn is_one(number: &u32) -> bool {
    *number == 1
}

/// The same for what is done by default.
fn is_true(truth: &bool) -> bool {
    *truth
}

/// Several variants of one system, run on the same traffic and compared.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub name: String,
    /// The question in one sentence, in the author's words.
    pub question: String,
    pub seed: u64,
    pub replications: u32,
    /// Add replications until this is reached.
    pub precision: Option<Precision>,
    pub variants: Vec<Variant>,
    /// Index into `variants`: the reference of all comparisons.
    pub baseline: usize,
    /// Names of the measures that get a verdict, most important first.
    pub headline: Vec<String>,
    pub answer: Option<Answer>,
    /// Findings about claims of the practice, in file order.
    pub practice: Vec<Practice>,
    pub observed: Option<Observed>,
    /// `[sweep]`, for `herdlab sweep`.
    pub sweep: Option<Sweep>,
    /// `[recommend]`, for `herdlab recommend`.
    pub recommend: Option<Recommend>,
    /// Limits that the run has to keep, in file order; those about variants that are not run are left out.
    pub thresholds: Vec<Threshold>,
    /// Warnings of lints that the file does not allow, in file order.
    pub lints: Vec<LintNote>,
    /// Values that the file has ranges of, in file order; the models have their central values.
    pub inputs: Vec<Input>,
    /// The scenario exactly as read (before `--set`), for the reproduction section.
    pub source: String,
    /// Where `source` came from, as the user named it (`scenarios/stampede.toml`).
    pub source_path: String,
    /// The files that the scenario names (traces, tables), where they were found.
    pub files: Vec<PathBuf>,
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
    /// Settings of this variant, as (dotted path, TOML value), in file order; empty for the base.
    pub settings: Vec<(String, String)>,
    pub model: Model,
}

/// A warning about a scenario, in one line.
#[derive(Clone, Debug, PartialEq)]
pub struct LintNote {
    /// Name of the lint: `no-ttl`.
    pub lint: String,
    pub text: String,
}

/// One system under one workload: everything a simulation needs besides seed and replication.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    /// Arrivals stop at this instant (warm-up included).
    pub duration_ns: Nanos,
    /// Requests that start before this instant are simulated and not measured.
    pub warmup_ns: Nanos,
    /// The warm-up is found by a pilot (`experiment::warmup`); until then `warmup_ns` is zero.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warmup_auto: bool,
    pub window_ns: Nanos,
    /// How long the run may go on after the last arrival to finish requests in flight.
    pub drain_ns: Nanos,
    pub clients: Clients,
    /// The rate limiter, which every request passes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limiter: Option<Limiter>,
    pub workload: Workload,
    /// In the order of lookup.
    pub tiers: Vec<Tier>,
    pub coalescing: Coalescing,
    pub database: Database,
    pub writes: WriteStrategy,
    #[serde(skip_serializing_if = "WriteOptions::is_default")]
    pub write_options: WriteOptions,
    #[serde(skip_serializing_if = "Invalidation::is_none")]
    pub invalidation: Invalidation,
    /// Sorted by time, ties in file order.
    pub events: Vec<TimedEvent>,
    /// The system after each change of settings ([`EventKind::Change`]), in the order of time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<Revision>,
    /// `None`: the limits of a good answer follow from the time before an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo: Option<Slo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    pub measure: MeasureOptions,
}

/// A system after a change of settings.
#[derive(Clone, Debug, Serialize)]
pub struct Revision {
    /// The settings of this change, as (dotted path, TOML value), in file order.
    #[serde(skip)]
    pub settings: Vec<(String, String)>,
    /// With the settings of all earlier changes.
    #[serde(flatten)]
    pub model: Model,
}

impl Model {
    /// The system before all changes of settings, and after each of them.
    pub fn all_revisions(&self) -> impl Iterator<Item = &Model> {
        std::iter::once(self).chain(self.revisions.iter().map(|revision| &revision.model))
    }

    /// Whether this holds for the system at some time.
    pub fn ever(&self, holds: impl Fn(&Model) -> bool) -> bool {
        self.all_revisions().any(holds)
    }

    /// Whether a setting changes during the run.
    pub fn changes<T: PartialEq>(&self, setting: impl Fn(&Model) -> T) -> bool {
        let first = setting(self);
        self.revisions.iter().any(|revision| setting(&revision.model) != first)
    }

    /// How many versions the keys of a tier have during the run.
    pub fn key_versions(&self, tier: &Tier) -> usize {
        let of =
            |model: &Model| model.tiers.iter().find(|own| own.name == tier.name).map(|own| own.key_version);
        let versions: std::collections::BTreeSet<_> = self.all_revisions().filter_map(of).collect();
        versions.len().max(1)
    }

    /// Number of ids over all classes, those of new keys included.
    pub fn keys(&self) -> u64 {
        self.workload.classes.iter().fold(0, |sum: u64, class| sum.saturating_add(self.keys_of(class)))
    }

    /// Whether a tier takes the times to live of a trace.
    pub fn replays_ttls(&self) -> bool {
        self.tiers.iter().any(|tier| tier.recorded_ttl.is_some())
    }

    /// Number of ids of a class.
    pub fn keys_of(&self, class: &Class) -> u64 {
        class.keys.saturating_add(class.ranking.new_keys(self.duration_ns))
    }

    /// Whether a tier stores none of the values of a class, because they live for no time.
    pub fn has_zero_ttl(&self) -> bool {
        let of_class = |class: &Class| class.ttl.contains(&Some(Ttl::ZERO));
        self.tiers.iter().any(|tier| tier.ttl == Ttl::ZERO) || self.workload.classes.iter().any(of_class)
    }

    /// Whether instances crash.
    pub fn instances_crash(&self) -> bool {
        self.events.iter().any(|event| matches!(event.what, EventKind::Crash { .. }))
    }

    /// The connections for messages to the instances that break, where there is a tier to hear of it.
    pub fn cuts(&self) -> Option<&Cuts> {
        let Invalidation { broadcast, tracking, .. } = &self.invalidation;
        let of_broadcast = broadcast.as_ref().and_then(|broadcast| broadcast.cuts.as_ref());
        of_broadcast.or_else(|| tracking.as_ref()?.cuts.as_ref())
    }

    /// Whether instances come or go other than by a crash.
    pub fn fleet_varies(&self) -> bool {
        self.clients.started() < self.clients.instances
            || self.clients.autoscale.is_some()
            || self.events.iter().any(|event| event.what.scales())
    }

    /// Whether the database goes down.
    pub fn goes_down(&self) -> bool {
        let is_down = |what: &EventKind| matches!(what, EventKind::Down { target: Target::Database, .. });
        self.events.iter().any(|event| is_down(&event.what))
    }

    /// Whether a connection to the database may be closed while the clients have a use for it.
    pub fn closes_connections(&self) -> bool {
        let is_new = |what: &EventKind| match what {
            EventKind::Deploy { .. } | EventKind::Scale { .. } => true,
            EventKind::Change { restarts, .. } => *restarts,
            _ => false,
        };
        self.database.close_on_timeout
            || self.goes_down()
            || self.instances_crash()
            || self.clients.autoscale.is_some()
            || self.events.iter().any(|event| is_new(&event.what))
    }

    /// Whether a call of the database may lose its caller, have two attempts under way at once, or be lost with the
    /// database.
    pub fn tears_calls(&self) -> bool {
        let leader_dies = self.events.iter().any(|event| matches!(event.what, EventKind::LeaderCrash { .. }));
        self.ever(|model| model.database.timeout_ns.is_some())
            || self.database.hedge.is_some()
            || leader_dies
            || self.instances_crash()
            || self.goes_down()
    }

    /// Whether a tier may ever serve a value past its time.
    pub fn serves_expired(&self) -> bool {
        let leases =
            |model: &Model| matches!(&model.coalescing, Coalescing::Lease(lease) if lease.serve_stale_ns > 0);
        let tiers = |model: &Model| {
            model.tiers.iter().any(|tier| tier.fail_safe.is_some() || tier.refresh.grace_ns() > 0)
        };
        self.ever(|model| leases(model) || tiers(model))
    }

    /// Whether a read may get a value that was never committed.
    pub fn may_serve_phantoms(&self) -> bool {
        self.write_options.order == Order::BeforeCommit
            && self.ever(|model| matches!(model.writes, WriteStrategy::Update | WriteStrategy::WriteThrough))
    }

    /// The tier that writes are acknowledged from, and how it brings them to the database; `None`: no tier is ahead of it.
    pub fn write_back(&self) -> Option<(usize, &WriteBack)> {
        let WriteStrategy::WriteBack(write_back) = &self.writes else { return None };
        let level = self.tiers.iter().rposition(|tier| matches!(tier.scope, Scope::Shared(_)))?;
        self.workload.writes().then_some((level, write_back))
    }

    /// So many caches of this tier may hold a key: one in each process, or the one behind them.
    pub fn caches(&self, tier: &Tier) -> u32 {
        match tier.scope {
            Scope::Instance { .. } => self.clients.instances,
            Scope::Shared(_) => 1,
        }
    }
    /// Whether staleness is reported by the answering level: on request, and only where anything is written.
    pub fn splits_staleness(&self) -> bool {
        self.measure.stale_by_tier && self.workload.writes()
    }
}
