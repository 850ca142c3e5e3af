//! Predictions of closed forms for a scenario, beside the simulated values.
//!
//! A law is applied to a model with the list of its assumptions that the model does not meet. An empty list: the simulation must
//! agree. A short one: the law nearly applies, and the list has the reasons why the two may differ. With more failing the law
//! does not apply, and is left out; so is one that is about systems of another kind, such as M/M/c where arrivals come at
//! even distances.

mod caches;
mod known;
mod paths;
mod queues;
mod strategies;

use serde::{Deserialize, Serialize};

use known::unknown_options;

use crate::model::{Arrivals, Class, Model, Tier, Ttl};
use crate::scenario::lint::expectation::expectation;

/// More assumptions than this failing: the law does not apply.
const FAILING_MAX: usize = 2;
/// A measure as a law has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// `None` where the law is about other systems.
    fn new(measure: impl Into<String>, value: f64, law: &str, failing: &Failing) -> Option<Prediction> {
        let Failing { reasons, is_foreign } = failing.clone();
        let (measure, law) = (measure.into(), law.to_owned());
        (!is_foreign).then_some(Prediction { measure, value, law, failing: reasons })
    }
}

/// All predictions of closed forms for a model, sorted by measure.
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
struct Failing {
    reasons: Vec<String>,
    /// Something without which the law describes another kind of system.
    is_foreign: bool,
}

impl Failing {
    fn unless(&mut self, holds: bool, otherwise: impl Into<String>) {
        let otherwise = otherwise.into();
        if !holds && !self.reasons.contains(&otherwise) {
            self.reasons.push(otherwise);
        }
    }

    /// Without this the law does not apply.
    fn require(&mut self, holds: bool) {
        self.is_foreign |= !holds;
    }
}

/// Assumptions of every law of a steady state.
fn steady(model: &Model) -> Failing {
    let mut failing = undisturbed(model);
    failing.require(matches!(model.workload.arrivals, Arrivals::Poisson { .. }));
    failing
}

/// Assumptions of every law, with any arrivals.
fn undisturbed(model: &Model) -> Failing {
    let mut failing = Failing::default();
    failing.require(model.workload.profile.is_empty());
    // Service that slows down under load is no law's.
    failing.require(model.database.contention.is_none());
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
        predictions(&model_of(rest, "poisson = { rate = 10 }", workload))
    }

    fn model_of(rest: &str, arrivals: &str, workload: &str) -> Model {
        let source = format!(
            "question = \"?\"\nduration = \"1000s\"\nwarmup = \"200s\"\n{rest}\n[workload]\narrivals = {{ {arrivals} }}\nkeys = 1\n{workload}\n"
        );
        let experiment = parse(&source, "x.toml", Path::new(""), &Overrides::default());
        experiment.unwrap_or_else(|problems| panic!("{problems}")).variants.remove(0).model
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
    fn an_objective_and_prices_change_no_law() {
        let judged = "slo = { latency = \"20ms\" }\nprice = { cache_gb_month = 15, objective_minute = 2 }\n"
            .to_owned()
            + TIER;
        assert_eq!(of(&judged), of(TIER));
    }

    #[test]
    fn a_cache_that_only_fills_has_no_steady_state() {
        let forever = TIER.replace("\"8s\"", "\"none\"");
        let unsettled = ["entries that never expire: their number depends on how long the system has run"];
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

    #[test]
    fn a_law_about_another_kind_of_system_is_left_out() {
        let queue = "database = { servers = 1, read = { exponential = { mean = \"50ms\" } }";
        assert_eq!(of(&format!("{queue} }}")).len(), 6);
        assert_eq!(of(&format!("{queue}, contention = {{ sigma = 0.05 }} }}")), []);
        assert_eq!(of(&format!("{queue}, background = {{ rate = 1 }} }}")), []);
        assert_eq!(of_workload(&format!("{queue} }}"), "write_share = 0.1"), []);
        // D/M/1 waits less than M/M/1; how busy it is does not depend on the arrivals.
        let even = model_of(&format!("{queue} }}"), "constant = { rate = 10 }", "");
        let measures: Vec<String> = predictions(&even).into_iter().map(|said| said.measure).collect();
        assert_eq!(measures, ["db.utilization"]);
        assert_eq!(predictions(&model_of(TIER, "renewal = { rate = 10, cv2 = 4.0 }", "")), []);
        // A cache that writers fill answers reads after writes, and the database behind write-back sees batches.
        let written_back =
            TIER.to_owned() + "\nwrites = { strategy = { write-back = { flush_interval = \"1s\" } } }";
        let measures: Vec<String> =
            of_workload(&written_back, "write_share = 0.1").into_iter().map(|said| said.measure).collect();
        assert_eq!(measures, ["writes.coalesced.ratio"]);
    }
}
