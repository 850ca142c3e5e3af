//! The limits of a sweep, and how a variant in a cell stands to each.
//!
//! They are those of a review (`experiment::review`) that need no baseline: the thresholds and the `[slo]` of the scenario, and the
//! default of every aspect that these leave open.

use serde::{Deserialize, Serialize};

use super::Pool;
use crate::catalog;
use crate::experiment::headroom::limits::{defaults, objective};
use crate::experiment::review::{Safety, aspect_of, kept_with_doubt};
use crate::experiment::statistics::estimate;
use crate::experiment::threshold::{Standing, judge_in};
use crate::model::{Bound, Experiment, Threshold};
use crate::record::VariantRecord;

/// Default of the load: beyond it a variant is at risk, and not safe only where the load exceeds the capacity.
const LOAD: &str = "db.utilization.peak";

/// A limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LimitRecord {
    pub limit: Threshold,
    /// Of the measure, as its values in the record have it.
    pub unit: String,
    /// Applied because the scenario sets none on this aspect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub default: bool,
}

/// The limits on measures that a sweep can judge, those of the scenario first.
pub fn limits(base: &Experiment) -> Vec<LimitRecord> {
    let own: Vec<Threshold> = base.thresholds.iter().cloned().chain(objective(base)).collect();
    let is_open = |limit: &Threshold| {
        let aspect = aspect_of(&limit.measure);
        let by_objective = aspect == Some("errors") && objective(base).is_some();
        !by_objective && own.iter().all(|own| aspect_of(&own.measure) != aspect)
    };
    let no_write_lost = Threshold::new("writes.lost", Bound::Max, 0.0);
    let open: Vec<Threshold> = defaults(base).into_iter().chain([no_write_lost]).filter(is_open).collect();
    let currency = base.variants.iter().find_map(|variant| variant.model.currency());
    let record = |default: bool| {
        move |limit: Threshold| {
            let unit = catalog::known(&limit.measure).unit_in(currency).to_owned();
            LimitRecord { limit, unit, default }
        }
    };
    own.into_iter().map(record(false)).chain(open.into_iter().map(record(true))).collect()
}

/// How a variant stands to each of the limits, in their order; [`Safety::NotJudged`] where a limit is not about it or about nothing
/// that it has.
pub(super) fn judged(
    limits: &[LimitRecord],
    pool: &Pool,
    system: usize,
    name: &str,
    replications: u32,
) -> Vec<Safety> {
    let variant = pool.variant(system, name, replications);
    limits.iter().map(|limit| stand(limit, &variant)).collect()
}

fn stand(LimitRecord { limit, default, .. }: &LimitRecord, variant: &VariantRecord) -> Safety {
    if !limit.is_about(&variant.name) || is_unjudged(limit, variant) {
        return Safety::NotJudged;
    }
    let judgement = judge_in(limit, variant);
    match judgement.standing {
        Standing::NotMeasured | Standing::NotJudged => Safety::NotJudged,
        Standing::Broken if *default && limit.measure == LOAD && !is_overloaded(variant) => Safety::AtRisk,
        Standing::Broken => Safety::NotSafe,
        Standing::Kept if kept_with_doubt(&judgement).is_some() => Safety::AtRisk,
        Standing::Kept => Safety::Safe,
    }
}

/// Whether a limit is on a recovery that no run has judged: the run ends too soon after the event.
fn is_unjudged(limit: &Threshold, variant: &VariantRecord) -> bool {
    let Some(event) = limit.measure.strip_suffix(".recovery_s") else { return false };
    let known = |measure: &str| {
        variant.measure(measure).is_some_and(|measure| measure.values.iter().any(Option::is_some))
    };
    !known(&limit.measure) && !known(&format!("{event}.metastable"))
}

/// Whether the database gets more than it can carry in the ordinary state.
fn is_overloaded(variant: &VariantRecord) -> bool {
    let mean = |measure: &str| {
        let values = &variant.measure(measure)?.values;
        estimate(&values.iter().flatten().copied().collect::<Vec<_>>()).map(|estimate| estimate.mean)
    };
    let load = mean("ordinary.db.qps.mean").or_else(|| mean("db.qps.mean"));
    load.zip(mean("db.capacity")).is_some_and(|(load, capacity)| load >= capacity)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::fixture::{measure, record_of};
    use crate::record::{MeasureRecord, Record};
    use crate::scenario::{Overrides, parse};

    fn told(rest: &str) -> Vec<String> {
        let source = format!(
            "question = \"?\"\nduration = \"60s\"\n[workload]\narrivals = {{ poisson = {{ rate = 10 }} }}\n\
             keys = 5\n[database]\nread = \"5ms\"\ntimeout = \"1s\"\n{rest}"
        );
        let base = parse(&source, "x.toml", Path::new(""), &Overrides::default()).unwrap();
        let line = |LimitRecord { limit, default, .. }: &LimitRecord| {
            let whose = if *default { "default" } else { "own" };
            format!("{} {} {} {whose}", limit.measure, limit.bound, limit.limit)
        };
        limits(&base).iter().map(line).collect()
    }

    #[test]
    fn a_default_holds_for_every_aspect_that_the_scenario_leaves_open() {
        let [errors, load, writes] =
            ["error.ratio ≤ 0.001 default", "db.utilization.peak ≤ 0.8 default", "writes.lost ≤ 0 default"];
        assert_eq!(told(""), [errors, load, writes]);
        assert_eq!(
            told("[[threshold]]\nmeasure = \"db.qps.mean\"\nmax = 7\n"),
            ["db.qps.mean ≤ 7 own", errors, writes]
        );
        assert_eq!(told("[slo]\nlatency = \"1s\"\n"), ["slo.good.ratio ≥ 0.95 own", load, writes]);
    }

    fn stood(default: bool, limit: Threshold, measures: Vec<MeasureRecord>) -> Safety {
        let record: Record = record_of(&[("a", measures)], &[]);
        let unit = catalog::known(&limit.measure).unit.to_owned();
        stand(&LimitRecord { limit, unit, default }, &record.variants[0])
    }

    #[test]
    fn a_mean_beyond_a_limit_is_not_safe_and_a_limit_within_the_interval_a_risk() {
        // Mean 100, half width 4.47: t(0.975, 2) = 4.30265 times 1.8 / sqrt(3).
        let at = |limit| {
            let rows = vec![measure("db.qps.peak", &[98.2, 100.0, 101.8])];
            stood(false, Threshold::new("db.qps.peak", Bound::Max, limit), rows)
        };
        assert_eq!([99.9, 104.0, 105.0].map(at), [Safety::NotSafe, Safety::AtRisk, Safety::Safe]);
        let other = Threshold { variant: Some("b".into()), ..Threshold::new("db.qps.peak", Bound::Max, 1.0) };
        assert_eq!(stood(false, other, vec![measure("db.qps.peak", &[2.0])]), Safety::NotJudged);
        assert_eq!(stood(false, Threshold::new("writes.lost", Bound::Max, 0.0), vec![]), Safety::NotJudged);
    }

    #[test]
    fn the_default_of_the_load_is_a_risk_until_the_load_exceeds_the_capacity() {
        let at = |default, load: f64| {
            let rows = vec![
                measure("db.capacity", &[100.0; 3]),
                measure("db.qps.mean", &[load; 3]),
                measure("db.utilization.peak", &[0.9; 3]),
            ];
            stood(default, Threshold::new("db.utilization.peak", Bound::Max, 0.8), rows)
        };
        assert_eq!(at(true, 70.0), Safety::AtRisk);
        assert_eq!(at(true, 100.0), Safety::NotSafe);
        assert_eq!(at(false, 70.0), Safety::NotSafe, "a threshold of the scenario");
    }

    #[test]
    fn a_recovery_that_no_run_has_judged_has_no_standing() {
        let none = |name: &str| MeasureRecord { values: vec![None; 2], ..measure(name, &[]) };
        let limit = || Threshold::new("event.flush.recovery_s", Bound::Max, 60.0);
        let [seconds, lasting] = ["event.flush.recovery_s", "event.flush.metastable"];
        assert_eq!(stood(true, limit(), vec![none(lasting), none(seconds)]), Safety::NotJudged);
        let stuck = vec![measure(lasting, &[1.0, 1.0]), none(seconds)];
        assert_eq!(stood(true, limit(), stuck), Safety::NotSafe);
    }
}
