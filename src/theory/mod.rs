//! What closed forms say of a scenario, beside what is simulated.
//!
//! A law is applied to a model with the list of its assumptions that the model does not meet. An empty list: the simulation must
//! agree. A short one: the law nearly applies, and the list says why the two may differ. With more failing the law
//! says nothing, and is left out.

mod caches;
mod known;
mod paths;
mod queues;
mod strategies;

use serde::{Deserialize, Serialize};

use known::unknown_options;

use crate::scenario::lint::expectation::expectation;
use crate::scenario::model::{Arrivals, Class, Model, Tier, Ttl};

/// More assumptions than this failing: the law has nothing to say.
const FAILING_MAX: usize = 2;
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

impl Prediction {
    fn new(measure: impl Into<String>, value: f64, law: &str, failing: &Failing) -> Prediction {
        Prediction { measure: measure.into(), value, law: law.to_owned(), failing: failing.0.clone() }
    }
}

/// All that closed forms say of a model, sorted by measure.
pub fn predictions(model: &Model) -> Vec<Prediction> {
    // Keys of one request come together, which is no stream of independent ones.
    if model.workload.gathers() {
        return Vec::new();
    }
    let mut all = match expectation(model) {
        Some(expected) => {
            let mut all = caches::predictions(model, &expected);
            all.extend(queues::open(model, &expected));
            all.extend(strategies::predictions(model, &expected));
            all
        }
        None => queues::closed(model),
    };
    all.retain(|prediction| prediction.failing.len() <= FAILING_MAX && prediction.value.is_finite());
    // Of several laws about one measure, the one that applies best.
    all.sort_by(|a, b| (&a.measure, a.failing.len()).cmp(&(&b.measure, b.failing.len())));
    all.dedup_by(|later, first| later.measure == first.measure);
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
    let mut failing = undisturbed(model);
    failing.unless(matches!(model.workload.arrivals, Arrivals::Poisson { .. }), "arrivals are not Poisson");
    failing
}

/// What every law assumes, whatever the arrivals.
fn undisturbed(model: &Model) -> Failing {
    let mut failing = Failing::default();
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
