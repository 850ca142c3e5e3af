//! Which options of a scenario are played, which ones the servers decide, and which ones are refused by name: every option of the
//! reference is in exactly one of the lists.

mod place;
mod rules;

use crate::declare::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Dist, Experiment, Model, Scope};
use rules::RULES;

/// Options that are played, each with all below it unless that is in another list.
pub const PLAYED: &[&str] = &[
    "duration",
    "warmup",
    "window",
    "drain",
    "coalescing",
    "workload",
    "class",
    "tier.name",
    "tier.enabled",
    "tier.scope",
    "tier.key_version",
    "tier.ttl",
    "tier.capacity",
    "tier.eviction",
    "tier.samples",
    "tier.active_expiry",
    "tier.jitter",
    "tier.sliding",
    "tier.refresh",
    "tier.negative_ttl",
    "tier.prefill",
    "tier.pool",
    "tier.pool_timeout",
    "tier.timeout",
    "tier.on_failure",
    "tier.fill_after_failure",
    "tier.multi_get",
    "tier",
    "database",
    "database.servers",
    "database.queue",
    "database.read",
    "database.write",
    "database.pool",
    "database.pool_timeout",
    "database.timeout",
    "database.row_lock",
    "database.late_fill",
    "database.retries",
    "database.contention",
    "clients",
    "writes",
    "invalidation",
    "invalidation.broadcast",
    "event",
    "slo",
    "measure",
    "measure.stale_by_tier",
];

/// Options whose place the servers take: they have times and memory of their own.
pub const OF_THE_SERVERS: &[&str] = &[
    "tier.active_expiry.per_key",
    "tier.entry_overhead",
    "tier.access",
    "tier.network",
    "tier.round_trip",
    "tier.service",
    "tier.per_byte",
    "tier.multi_get.mget.per_key",
    "database.network",
    "database.round_trip",
    // Costs follow from the use of what has a price, which nobody measures here.
    "price",
];

/// Options about the run, the report and other commands.
pub const OF_THE_REPORT: &[&str] = &[
    "question",
    "name",
    "seed",
    "replications",
    "baseline",
    "headline",
    "allow",
    "answer",
    "practice",
    "observed",
    "threshold",
    "sweep",
    "recommend",
    "variant",
];

/// What cannot be played for real.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// `database.hedge`, without the names of tiers and classes.
    option: &'static str,
    why: &'static str,
    way_out: &'static str,
    /// Where a model uses it: paths with the names of tiers, an event as `event.<label>`.
    used: Used,
    /// Own servers play it.
    own_play_it: bool,
}

/// Looks for an option.
#[derive(Clone, Copy, Debug)]
enum Used {
    InVariants(fn(&Model) -> Vec<String>),
    ByAll(fn(&Experiment) -> bool),
}

impl Rule {
    fn paths(&self, experiment: &Experiment, model: &Model) -> Vec<String> {
        match self.used {
            Used::InVariants(used) => used(model),
            Used::ByAll(is_used) if is_used(experiment) => vec![self.option.to_owned()],
            Used::ByAll(_) => Vec::new(),
        }
    }
}

/// Everything in a scenario that is not played, with its place in the file; on own servers, or on given ones.
///
/// # Errors
/// There is something.
pub fn refusals(experiment: &Experiment, own_servers: bool) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics { sources: place::sources(experiment), list: Vec::new() };
    let mut named = Vec::new();
    for variant in &experiment.variants {
        for rule in RULES.iter().filter(|rule| !(own_servers && rule.own_play_it)) {
            for path in rule.paths(experiment, &variant.model) {
                let span = place::of(experiment, variant, &path);
                if named.contains(&(path.clone(), span)) {
                    continue;
                }
                named.push((path.clone(), span));
                let title = format!("`herdlab live` does not play {path}");
                let problem = match span {
                    Some(span) => Diagnostic::new(title, span, rule.why),
                    None => Diagnostic { title, labels: Vec::new(), help: vec![rule.why.to_owned()] },
                };
                problems.list.push(problem.help(rule.way_out));
            }
        }
    }
    if problems.list.is_empty() { Ok(()) } else { Err(problems) }
}

/// What the servers decide in place of the scenario, a sentence each.
pub fn notes(model: &Model, plain_queries: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let mut own = |path: String, whose: &str| notes.push(format!("{path} is not used: {whose}"));
    let is_set = |dist: &Dist| *dist != Dist::ZERO;
    for tier in &model.tiers {
        let name = &tier.name;
        match &tier.scope {
            Scope::Instance { access_ns } if *access_ns > 0 => {
                own(format!("tier.{name}.access"), "a lookup takes what it takes in this program");
            }
            Scope::Instance { .. } => {}
            Scope::Shared(shared) => {
                let redis = "Redis has its own";
                if is_set(&shared.network) || shared.round_trip.is_some() {
                    own(format!("tier.{name}.network (or round_trip)"), redis);
                }
                if shared.service_ns > 0 {
                    own(format!("tier.{name}.service"), redis);
                }
                if shared.per_byte_ns > 0.0 {
                    own(format!("tier.{name}.per_byte"), redis);
                }
            }
        }
    }
    let database = &model.database;
    if is_set(&database.network) || database.round_trip.is_some() {
        own(
            "database.network (or round_trip)".to_owned(),
            "the way to PostgreSQL is inside the service time",
        );
    }
    if plain_queries {
        own("database.read".to_owned(), "with --plain-queries queries take their own time");
    }
    if model.price.is_some() {
        own("price".to_owned(), "costs are not measured");
    }
    notes
}

#[cfg(test)]
mod tests;
