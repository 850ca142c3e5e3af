//! What closed forms say of a scenario, beside what is simulated.
//!
//! A law is applied to a model with the list of its assumptions that the model does not meet. An empty list: the simulation must
//! agree. A short one: the law nearly applies, and the list says why the two may differ. With more failing the law
//! says nothing, and is left out.

mod known;
mod paths;

use serde::{Deserialize, Serialize};

use known::unknown_options;
use paths::{Paths, fetch_share, reads_during_fetch};

use crate::oracle::queueing::{Mmc, MmcK, mg1_wait_mean_s};
use crate::scenario::lint::expectation::{Expectation, expectation};
use crate::scenario::model::{
    Arrivals, Capacity, Class, Coalescing, Dist, Eviction, Hottest, Jitter, Model, Nanos, PrefillAge,
    Refresh, Route, Scope, Tier, Ttl, WriteStrategy,
};

/// More assumptions than this failing: the law has nothing to say.
const FAILING_MAX: usize = 2;
/// A fetch this long against the time to live takes part in who hits.
const FETCH_SHARE_MAX: f64 = 0.002;
/// Times to live after which it no longer matters that all started together.
const CYCLES_MIN: u64 = 100;
/// More reads of the hottest key than this during one fetch: they change what the database sees.
const DURING_FETCH_MAX: f64 = 0.005;
/// More waiting reads than this for each hit or miss, whichever are fewer: they show in the hit ratio.
const WAITING_MAX: f64 = 0.005;

/// A measure as a law has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    pub measure: String,
    /// In the unit of the measure.
    pub value: f64,
    /// The law in words.
    pub law: String,
    /// Assumptions of the law that do not hold here; empty: the simulation must agree.
    pub failing: Vec<String>,
}

/// All that closed forms say of a model, sorted by measure.
pub fn predictions(model: &Model) -> Vec<Prediction> {
    // Keys of one request come together, which is no stream of independent ones.
    if model.workload.gathers() {
        return Vec::new();
    }
    let Some(expected) = expectation(model) else { return Vec::new() };
    let mut all = hits(model, &expected);
    all.extend(database(model, &expected));
    all.retain(|prediction| prediction.failing.len() <= FAILING_MAX && prediction.value.is_finite());
    all.sort_by(|a, b| a.measure.cmp(&b.measure));
    all
}

/// Collects what does not hold.
#[derive(Clone, Default)]
struct Failing(Vec<String>);

impl Failing {
    fn unless(&mut self, holds: bool, otherwise: impl Into<String>) {
        let otherwise = otherwise.into();
        if !holds && !self.0.contains(&otherwise) {
            self.0.push(otherwise);
        }
    }
}

/// What every law of a steady state assumes.
fn steady(model: &Model) -> Failing {
    let mut failing = Failing::default();
    failing.unless(matches!(model.workload.arrivals, Arrivals::Poisson { .. }), "arrivals are not Poisson");
    failing.unless(model.workload.profile.is_empty(), "the request rate changes over time");
    failing.unless(model.events.is_empty(), "events disturb the steady state");
    for option in unknown_options(model) {
        failing.unless(false, format!("`{option}` is no part of it"));
    }
    failing
}

/// Nothing may end a request early or turn it away.
fn nothing_fails(model: &Model, failing: &mut Failing) {
    let database = &model.database;
    let limited = model.clients.deadline_ns.is_some()
        || database.timeout_ns.is_some()
        || database.pool_timeout_ns.is_some()
        || database.queue.is_some();
    failing.unless(!limited, "requests may time out or be rejected");
}

/// Hit ratio and database load of a cache in its steady state.
fn hits(model: &Model, expected: &Expectation) -> Vec<Prediction> {
    if model.tiers.is_empty() {
        return Vec::new();
    }
    let mut failing = steady(model);
    nothing_fails(model, &mut failing);
    failing.unless(model.tiers.len() == 1, "with several tiers the look-ups of a lower one are not Poisson");
    let writes = model.workload.writes();
    failing.unless(
        !writes || matches!(model.writes, WriteStrategy::Invalidate | WriteStrategy::WriteAround),
        "writes put values into the cache",
    );
    let mut law = "renewals of a TTL";
    for (index, tier) in model.tiers.iter().enumerate() {
        let held = expected.tiers[index].wanted;
        let binding = match tier.capacity {
            Capacity::Unbounded => false,
            Capacity::Entries(limit) | Capacity::Bytes(limit) => (limit as f64) < held,
        };
        of_tier(model, index, tier, binding, &mut failing);
        if binding {
            law = "Che's approximation";
        }
    }
    let paths = Paths::of(model, expected);
    failing.unless(paths.tier_load < 1.0, "the tier cannot keep up");
    failing.unless(paths.database_load < 1.0, "the database cannot keep up with the misses");
    failing.unless(model.database.contention.is_none(), "service slows down with concurrency");
    failing.unless(
        reads_during_fetch(model, &paths) <= DURING_FETCH_MAX,
        "while a hot key is fetched others fetch it as well",
    );
    // A fetch takes no time.
    let share = model.tiers.iter().enumerate().map(|(index, tier)| fetch_share(model, index, tier, &paths));
    let share = share.fold(0.0, f64::max);
    failing.unless(share <= FETCH_SHARE_MAX, "a fetch is not short against the ttl");
    let reads = expected.misses_per_s.iter().sum::<f64>();
    let prediction = |measure: &str, value: f64, failing: &Failing| Prediction {
        measure: measure.to_owned(),
        value,
        law: law.to_owned(),
        failing: failing.0.clone(),
    };
    // Of all reads, those that come while their key is fetched are the hits times this share.
    let mut ratio = failing.clone();
    let rarer = expected.hit_ratio.min(1.0 - expected.hit_ratio);
    ratio.unless(
        matches!(model.coalescing, Coalescing::None) || expected.hit_ratio * share <= WAITING_MAX * rarer,
        "who waits for the fetch of another is no hit",
    );
    let mut all = vec![prediction("hit_ratio", expected.hit_ratio, &ratio)];
    let mut load = failing.clone();
    load.unless(!writes, "writes reach the database as well");
    load.unless(model.database.background.is_none(), "the database has other work");
    all.push(prediction("db.qps.mean", reads, &load));
    all
}

fn of_tier(model: &Model, index: usize, tier: &Tier, binding: bool, failing: &mut Failing) {
    failing.unless(matches!(tier.refresh, Refresh::None), "entries are refreshed before they expire");
    if let Scope::Instance { .. } = tier.scope {
        let alone = model.clients.instances == 1 || model.clients.route == Route::Random;
        failing.unless(alone, "requests find their instance otherwise than at random");
    }
    if let Scope::Shared(shared) = &tier.scope {
        failing.unless(
            shared.timeout_ns.is_none() && shared.pool_timeout_ns.is_none(),
            "the tier may not answer in time",
        );
    }
    let all: Vec<Ttl> =
        model.workload.classes.iter().filter_map(|class| ttl_of(class, index, tier)).collect();
    let ttls: Vec<Nanos> = all
        .iter()
        .filter_map(|ttl| match ttl {
            Ttl::After { ns } => Some(*ns),
            Ttl::None => None,
        })
        .collect();
    failing.unless(!(tier.sliding && tier.jitter != Jitter::None), "a sliding ttl with jitter");
    if binding {
        failing.unless(
            matches!(tier.eviction, Eviction::Lru | Eviction::Fifo | Eviction::Random),
            format!("eviction is {}, not lru, fifo or random", tier.eviction.name()),
        );
        failing.unless(ttls.is_empty(), "entries expire as well as being evicted");
        failing.unless(
            !matches!(tier.capacity, Capacity::Bytes(_)),
            "the capacity is in bytes, of entries of many sizes",
        );
    }
    // What has to pass before the cache is as full as it gets; and with a ttl, until the cycles of keys that were loaded
    // together no longer show in a count of them.
    let prefilled = tier.prefill.filter(|prefill| prefill.hottest == Hottest::All);
    let stationary = prefilled.is_some_and(|prefill| prefill.age == PrefillAge::Stationary);
    let writes = model.workload.writes();
    if let (true, Capacity::Entries(entries)) = (binding, tier.capacity) {
        let passed = warm_requests(model) >= 10.0 * entries as f64 * f64::from(model.caches(tier));
        failing.unless(model.warmup_auto || passed, "the warm-up is too short for the cache to fill");
    } else if all.contains(&Ttl::None) {
        failing.unless(
            prefilled.is_some() && !writes,
            "entries that never expire: what is there depends on how long it has run",
        );
    } else if let Some(&longest) = ttls.iter().max() {
        let long = (model.duration_ns - model.warmup_ns) / longest >= CYCLES_MIN;
        failing.unless(
            stationary || long,
            "it starts empty and ends before its cycles even out (prefill age = \"stationary\" would help)",
        );
        failing.unless(!stationary || long || !writes, "the prefill leaves writes out of account");
    }
}

/// How long an entry of a class lives; `None` where the class leaves none.
fn ttl_of(class: &Class, index: usize, tier: &Tier) -> Option<Ttl> {
    match class.absent {
        true => tier.negative_ttl_ns.map(|ns| Ttl::After { ns }),
        false => Some(class.ttl_in(index, tier)),
    }
}

fn rate_per_s(model: &Model) -> f64 {
    model.workload.arrivals.rate_per_s().unwrap_or(0.0)
}

fn warm_requests(model: &Model) -> f64 {
    rate_per_s(model) * model.warmup_ns as f64 / 1e9
}

/// The queue in front of the database.
fn database(model: &Model, expected: &Expectation) -> Vec<Prediction> {
    let database = &model.database;
    let Some(servers) = database.servers else { return Vec::new() };
    let mut failing = steady(model);
    failing.unless(model.tiers.is_empty(), "what misses the cache is not Poisson");
    failing.unless(!model.workload.writes(), "writes are served as well");
    failing.unless(matches!(model.coalescing, Coalescing::None), "fetches are shared");
    failing.unless(database.background.is_none(), "the database has other work");
    failing.unless(database.contention.is_none(), "service slows down with concurrency");
    failing.unless(database.pool.is_none(), "calls wait for a connection first");
    failing
        .unless(model.clients.deadline_ns.is_none() && database.timeout_ns.is_none(), "calls may time out");
    failing.unless(
        model.workload.classes.iter().all(|class| class.db_read.is_none()),
        "classes differ in their cost",
    );
    let read = &database.read;
    let (rate_per_s, service_mean_s) = (expected.misses_per_s.iter().sum::<f64>(), read.mean_ns() / 1e9);
    let load = rate_per_s * service_mean_s / f64::from(servers);
    let exponential = matches!(read, Dist::Exponential { .. });
    let mut all = Vec::new();
    let mut say = |measure: &str, value: f64, law: &str, failing: &Failing| {
        all.push(Prediction {
            measure: measure.to_owned(),
            value,
            law: law.to_owned(),
            failing: failing.0.clone(),
        });
    };
    match database.queue {
        None if load < 1.0 => {
            say("db.utilization", load, "the utilisation law", &failing);
            if exponential {
                let queue = Mmc { rate_per_s, servers, service_mean_s };
                say("db.waited.ratio", queue.wait_probability(), "M/M/c (Erlang C)", &failing);
                say("db.queue.mean_ms", queue.wait_mean_s() * 1e3, "M/M/c (Erlang C)", &failing);
            } else if servers == 1
                && let Some(square_s2) = square_s2(read)
            {
                let wait_s = mg1_wait_mean_s(rate_per_s, service_mean_s, square_s2);
                say("db.queue.mean_ms", wait_s * 1e3, "M/G/1 (Pollaczek, Khinchine)", &failing);
            }
        }
        Some(queue) if exponential && database.retries.attempts == 1 => {
            if let Ok(queue) = u32::try_from(queue) {
                let rejected = MmcK { rate_per_s, servers, queue, service_mean_s }.rejected();
                say("error.db_rejected.ratio", rejected, "M/M/c/K", &failing);
            }
        }
        _ => {}
    }
    all
}

/// Second moment in square seconds; `None` where it is not known in closed form here.
fn square_s2(dist: &Dist) -> Option<f64> {
    let mean_s = dist.mean_ns() / 1e9;
    Some(match dist {
        Dist::Constant { .. } => mean_s * mean_s,
        Dist::Exponential { .. } => 2.0 * mean_s * mean_s,
        Dist::Gamma { cv2, .. } | Dist::Hyperexponential { cv2, .. } => mean_s * mean_s * (1.0 + cv2),
        Dist::Lognormal { mu, sigma } => libm::exp(2.0 * mu + 2.0 * sigma * sigma) / 1e18,
        Dist::Empirical { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::{Overrides, parse};

    fn of(rest: &str) -> Vec<Prediction> {
        of_workload(rest, "")
    }

    fn of_workload(rest: &str, workload: &str) -> Vec<Prediction> {
        let source = format!(
            "question = \"?\"\nduration = \"1000s\"\nwarmup = \"200s\"\n{rest}\n[workload]\narrivals = {{ poisson = {{ rate = 10 }} }}\nkeys = 1\n{workload}\n"
        );
        let experiment = parse(&source, "x.toml", Path::new(""), &Overrides::default());
        predictions(&experiment.unwrap_or_else(|problems| panic!("{problems}")).variants[0].model)
    }

    fn find<'p>(all: &'p [Prediction], measure: &str) -> &'p Prediction {
        all.iter()
            .find(|prediction| prediction.measure == measure)
            .unwrap_or_else(|| panic!("{measure}: {all:?}"))
    }

    const TIER: &str =
        "tier = [{ name = \"l2\", scope = \"shared\", ttl = \"8s\" }]\ndatabase = { read = \"100us\" }";

    #[test]
    fn a_ttl_that_meets_all_assumptions() {
        let all = of(TIER);
        assert_eq!(find(&all, "hit_ratio").value, 80.0 / 81.0);
        assert!(find(&all, "hit_ratio").failing.is_empty(), "{all:?}");
        assert!((find(&all, "db.qps.mean").value - 10.0 / 81.0).abs() < 1e-12);
    }

    #[test]
    fn what_fails_is_named() {
        let all = of(&TIER.replace("\"8s\"", "\"8s\", refresh = { xfetch = {} }"));
        assert_eq!(find(&all, "hit_ratio").failing, ["entries are refreshed before they expire"]);
        let all = of(&TIER.replace("\"8s\"", "\"8s\", nodes = 3"));
        assert_eq!(find(&all, "hit_ratio").failing, ["`nodes` is no part of it"]);
        let all = of(&TIER.replace("\"100us\" }", "\"100ms\" }\ncoalescing = \"singleflight\""));
        assert_eq!(find(&all, "db.qps.mean").failing, ["a fetch is not short against the ttl"]);
        let waits = "who waits for the fetch of another is no hit";
        assert_eq!(find(&all, "hit_ratio").failing, ["a fetch is not short against the ttl", waits]);
        // Of the reads 0.012 % wait and 1.2 % miss: too many for the ratio, none too many for the database.
        let all = of(&TIER.replace("\"100us\" }", "\"1ms\" }\ncoalescing = \"singleflight\""));
        assert_eq!(find(&all, "hit_ratio").failing, [waits]);
        assert!(find(&all, "db.qps.mean").failing.is_empty());
        let all = of(&TIER.replace("\"100us\"", "\"10ms\""));
        assert_eq!(find(&all, "hit_ratio").failing, ["while a hot key is fetched others fetch it as well"]);
    }

    #[test]
    fn a_cache_that_only_fills_has_no_steady_state() {
        let forever = TIER.replace("\"8s\"", "\"none\"");
        let unsettled = ["entries that never expire: what is there depends on how long it has run"];
        assert_eq!(find(&of(&forever), "hit_ratio").failing, unsettled);
        let prefilled = forever.replace("\"none\"", "\"none\", prefill = { hottest = \"all\" }");
        assert_eq!(
            (find(&of(&prefilled), "hit_ratio").value, find(&of(&prefilled), "hit_ratio").failing.len()),
            (1.0, 0)
        );
    }

    #[test]
    fn a_stationary_prefill_knows_no_writes() {
        let long = TIER.replace("\"8s\"", "\"100s\", prefill = { hottest = \"all\", age = \"stationary\" }");
        assert!(find(&of(&long), "hit_ratio").failing.is_empty());
        let written = of_workload(&long, "write_share = 0.1");
        assert_eq!(find(&written, "hit_ratio").failing, ["the prefill leaves writes out of account"]);
    }

    #[test]
    fn a_database_without_a_cache_is_a_queue() {
        let all = of("database = { servers = 1, read = \"50ms\" }");
        // M/D/1 at half load: half a service time.
        assert!((find(&all, "db.queue.mean_ms").value - 25.0).abs() < 1e-9);
        assert_eq!(find(&all, "db.utilization").value, 0.5);
        let all = of("database = { servers = 1, queue = 0, read = { exponential = { mean = \"100ms\" } } }");
        assert_eq!(find(&all, "error.db_rejected.ratio").value, 0.5);
        assert!(of("database = { servers = 1, read = \"500ms\" }").is_empty(), "overloaded");
        let all = of("database = { servers = 1, read = \"50ms\" }\ncoalescing = \"singleflight\"");
        assert_eq!(find(&all, "db.utilization").failing, ["fetches are shared"]);
    }
}
