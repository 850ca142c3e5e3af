//! The limits of a search, and the resource that is short where one of them breaks.

use serde::{Deserialize, Serialize};

use crate::experiment::review::{ERRORS_MAX, PEAK_UTILISATION_MAX, RECOVERY_MAX_S};
use crate::experiment::shares::Runs;
use crate::experiment::statistics::estimate;
use crate::experiment::threshold::{Judgement, Standing, judge_in, kept_by_run};
use crate::measure::recovery::AFTER_MIN_NS;
use crate::model::{Bound, Experiment, Model, Threshold, TimedEvent};
use crate::record::VariantRecord;
use crate::scenario::{Diagnostics, limits};

/// A resource that is used more than this is short.
pub const SHORT_FROM: f64 = 0.9;

/// Other names of limits, as `--limit` takes them.
const ERRORS: [&str; 2] = ["errors", "no new errors"];
const RECOVERY: &str = "recovery";

/// The limits of a scenario, and whether they are the default ones.
///
/// Its thresholds and its `[slo]`, with those of the command line over them: one on the same measure and side takes the
/// place of a threshold. Where there is none of all these, the default ones hold.
///
/// # Errors
/// A limit of the command line that is none, or is about a measure that no variant has.
pub fn limits_of(base: &Experiment, given: &[String]) -> Result<(Vec<Threshold>, bool), Diagnostics> {
    if given.iter().any(|text| text.trim() == RECOVERY) && labels(base).is_empty() {
        let help = vec!["add an [[event]] to the scenario, or limit something else".to_owned()];
        return Err(Diagnostics::general(
            "--limit recovery: the scenario has no event to recover from",
            help,
        ));
    }
    let named = given.iter().map(|text| (text, named(base, text.trim())));
    let (mut asked, mut texts) = (Vec::new(), Vec::new());
    for (text, limits) in named {
        match limits {
            Some(limits) => asked.extend(limits),
            None => texts.push(text.clone()),
        }
    }
    asked.extend(limits(&texts, "--limit", &base.variants)?);
    let replaced =
        |own: &Threshold| asked.iter().any(|limit| limit.measure == own.measure && limit.bound == own.bound);
    let objective = objective(base);
    let own = base.thresholds.iter().chain(&objective).filter(|own| !replaced(own)).cloned();
    let all: Vec<Threshold> = own.chain(asked.iter().cloned()).collect();
    let is_default = all.is_empty();
    let all = if is_default { defaults(base) } else { all };
    refuse_unjudged(base, &all)?;
    Ok((all, is_default))
}

/// Refuses limits on the recovery from events that the run is too short to judge: no value would keep them.
fn refuse_unjudged(base: &Experiment, limits: &[Threshold]) -> Result<(), Diagnostics> {
    for variant in &base.variants {
        let model = &variant.model;
        let is_short = |event: &&TimedEvent| {
            event.end_ns(model.clients.instances).saturating_add(AFTER_MIN_NS) > model.duration_ns
        };
        let limited = |event: &&TimedEvent| {
            let of_event = format!("event.{}.", event.label);
            let is_of_recovery = |own: &str| own.starts_with("recovery") || own == "metastable";
            let mut own = limits.iter().filter_map(|limit| limit.measure.strip_prefix(&of_event));
            own.any(is_of_recovery)
        };
        if let Some(event) = model.events.iter().filter(limited).find(is_short) {
            let title = format!(
                "recovery from {} cannot be judged: the run ends less than 30 s after it",
                event.label
            );
            let help = "a longer duration, an earlier event, or limits on something else (--limit errors)";
            return Err(Diagnostics::general(title, vec![help.to_owned()]));
        }
    }
    Ok(())
}

/// Labels of the events of all variants.
fn labels(base: &Experiment) -> Vec<&str> {
    let mut labels: Vec<&str> = Vec::new();
    for event in base.variants.iter().flat_map(|variant| &variant.model.events) {
        if !labels.contains(&event.label.as_str()) {
            labels.push(&event.label);
        }
    }
    labels
}

fn named(base: &Experiment, name: &str) -> Option<Vec<Threshold>> {
    match name {
        name if ERRORS.contains(&name) => Some(vec![Threshold::new("error.ratio", Bound::Max, ERRORS_MAX)]),
        RECOVERY => Some(recovery(base)),
        _ => None,
    }
}

/// After every event the system comes back before the run ends.
pub(super) fn recovery(base: &Experiment) -> Vec<Threshold> {
    let back = |label: &str| Threshold::new(format!("event.{label}.metastable"), Bound::Max, 0.0);
    labels(base).into_iter().map(back).collect()
}

/// The share of good requests that `[slo]` demands.
pub(in crate::experiment) fn objective(base: &Experiment) -> Option<Threshold> {
    let with_objective = base.variants.iter().find(|variant| variant.model.slo.is_some())?;
    Some(Threshold::new("slo.good.ratio", Bound::Min, with_objective.model.share_of_good()))
}

/// Limits where a scenario has none, those of a review (`experiment::review`) that need no baseline: hardly an error, a
/// database with some room in its busiest second, a recovery from every event.
pub(in crate::experiment) fn defaults(base: &Experiment) -> Vec<Threshold> {
    let back = |label: &str| Threshold::new(format!("event.{label}.recovery_s"), Bound::Max, RECOVERY_MAX_S);
    let lasting = [
        Threshold::new("error.ratio", Bound::Max, ERRORS_MAX),
        Threshold::new("db.utilization.peak", Bound::Max, PEAK_UTILISATION_MAX),
    ];
    lasting.into_iter().chain(labels(base).into_iter().map(back)).collect()
}

/// A variant judged by all limits, at one value of a knob.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub kept: bool,
    /// The runs that keep all of them.
    pub runs: Runs,
    /// Of the limits on measures that the variant has.
    pub judgements: Vec<Judgement>,
}

impl Verdict {
    /// `None` where no limit is about a measure of the variant.
    pub fn of(limits: &[Threshold], variant: &VariantRecord) -> Option<Verdict> {
        let about = limits.iter().filter(|limit| limit.is_about(&variant.name));
        let measured = |limit: &&Threshold| variant.measure(&limit.measure).is_some();
        let about: Vec<&Threshold> = about.filter(measured).collect();
        let by_run: Vec<Vec<bool>> = about.iter().filter_map(|limit| kept_by_run(limit, variant)).collect();
        let of = by_run.first()?.len();
        let keeps_all = |run: &usize| by_run.iter().all(|kept| kept.get(*run) == Some(&true));
        let judgements: Vec<Judgement> = about.into_iter().map(|limit| judge_in(limit, variant)).collect();
        Some(Verdict {
            kept: judgements.iter().all(|judgement| judgement.standing != Standing::Broken),
            runs: Runs { count: (0..of).filter(keeps_all).count(), of },
            judgements,
        })
    }

    /// The limits that are broken, the one that the fewest runs keep first.
    pub fn broken(&self) -> Vec<&Judgement> {
        let mut broken: Vec<&Judgement> =
            self.judgements.iter().filter(|judgement| judgement.standing == Standing::Broken).collect();
        broken.sort_by_key(|judgement| judgement.runs.map_or(0, |runs| runs.count));
        broken
    }
}

/// A resource and how much of it is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// As people say it: `the database's connection pool`.
    pub name: String,
    pub measure: String,
    /// A share of its capacity; above 1 where the demand is larger.
    pub used: f64,
}

impl Resource {
    /// Whether it is short rather than just the busiest one.
    pub fn is_short(&self) -> bool {
        self.used >= SHORT_FROM
    }
}

/// The resource that is short: the first of these that is used to nine tenths, or else the one that is used most. Servers come
/// before the pools in front of them, because a full server fills its pool, and not the other way round.
pub fn resource(model: &Model, variant: &VariantRecord) -> Option<Resource> {
    let mean = |measure: &str| {
        let values = &variant.measure(measure)?.values;
        estimate(&values.iter().flatten().copied().collect::<Vec<_>>()).map(|estimate| estimate.mean)
    };
    let mut found: Vec<Resource> = Vec::new();
    let mut add = |name: String, measure: String| {
        if let Some(used) = mean(&measure) {
            found.push(Resource { name, measure, used });
        }
    };
    add("the database's servers".to_owned(), "db.utilization".to_owned());
    for tier in &model.tiers {
        let name = &tier.name;
        add(format!("the server of tier {name}"), format!("tier.{name}.node.utilization.max"));
        add(format!("the server of tier {name}"), format!("tier.{name}.utilization"));
        add(format!("the network link of tier {name}"), format!("tier.{name}.link.utilization.max"));
        add(format!("the connection pool of tier {name}"), format!("tier.{name}.pool.saturation"));
    }
    add("the database's connection pool".to_owned(), "db.pool.saturation".to_owned());
    // The busiest second of the database over what connections or servers can serve: the means hide an event.
    let capacity = if is_bound_by_pool(model) { "connection pool" } else { "servers" };
    add(format!("the database's {capacity}"), "db.utilization.peak".to_owned());
    let short = found.iter().position(Resource::is_short);
    let most = || {
        let used = |place: &usize| found[*place].used;
        (0..found.len()).max_by(|a, b| used(a).total_cmp(&used(b)))
    };
    let place = short.or_else(most)?;
    Some(found.swap_remove(place))
}

/// Whether the connections of all instances are fewer than the database's servers.
fn is_bound_by_pool(model: &Model) -> bool {
    let connections = model.database.pool.map(|pool| u64::from(pool) * u64::from(model.clients.instances));
    match (connections, model.database.servers) {
        (Some(connections), Some(servers)) => connections < u64::from(servers),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::fixture::{measure, record_of};
    use crate::scenario::{Overrides, parse};

    fn scenario(rest: &str) -> Experiment {
        let source = format!(
            "question = \"?\"\nduration = \"60s\"\n[clients]\ninstances = 3\n[workload]\n\
             arrivals = {{ poisson = {{ rate = 10 }} }}\nkeys = 5\n[database]\nread = \"5ms\"\ntimeout = \"1s\"\n{rest}"
        );
        parse(&source, "x.toml", Path::new(""), &Overrides::default()).unwrap_or_else(|told| panic!("{told}"))
    }

    const EVENT: &str =
        "[[event]]\nat = \"3s\"\nlabel = \"crowd\"\nwhat = { surge = { factor = 2.0, for = \"1s\" } }\n";
    const LIMITED: &str = "[[threshold]]\nmeasure = \"db.qps.peak\"\nmax = 90\n[[threshold]]\nmeasure = \"error.ratio\"\nmax = 0.2\n";

    fn told(base: &Experiment, given: &[&str]) -> (Vec<String>, bool) {
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        let (limits, defaults) = limits_of(base, &given).unwrap();
        let limits = limits.iter().map(|one| format!("{} {} {}", one.measure, one.bound, one.limit));
        (limits.collect(), defaults)
    }

    #[test]
    fn limits_of_the_command_line_replace_thresholds_on_the_same_measure() {
        let base = scenario(LIMITED);
        assert_eq!(told(&base, &[]).0, ["db.qps.peak ≤ 90", "error.ratio ≤ 0.2"]);
        let errors = told(&base, &["no new errors", "hit_ratio >= 0.3"]);
        assert_eq!(errors.0, ["db.qps.peak ≤ 90", "error.ratio ≤ 0.001", "hit_ratio ≥ 0.3"]);
        let objective = scenario("[slo]\nlatency = \"1s\"\n");
        assert_eq!(told(&objective, &[]), (vec!["slo.good.ratio ≥ 0.95".to_owned()], false));
    }

    #[test]
    fn a_scenario_without_limits_has_the_default_ones() {
        let expected = ["error.ratio ≤ 0.001", "db.utilization.peak ≤ 0.8", "event.crowd.recovery_s ≤ 60"];
        assert_eq!(told(&scenario(EVENT), &[]), (expected.map(str::to_owned).to_vec(), true));
        assert_eq!(
            told(&scenario(EVENT), &["recovery"]),
            (vec!["event.crowd.metastable ≤ 0".to_owned()], false)
        );
    }

    #[test]
    fn a_run_keeps_all_limits_or_not_and_the_worst_limit_comes_first() {
        let limits =
            [Threshold::new("db.qps.peak", Bound::Max, 50.0), Threshold::new("error.ratio", Bound::Max, 0.1)];
        let rows = vec![
            measure("db.qps.peak", &[40.0, 60.0, 20.0, 30.0]),
            measure("error.ratio", &[0.0, 0.0, 0.9, 0.05]),
        ];
        let variant = &record_of(&[("a", rows)], &[]).variants[0];
        let verdict = Verdict::of(&limits, variant).unwrap();
        // The mean load is 37.5, the mean error ratio 0.2375; the second and the third run break one limit each.
        assert_eq!((verdict.kept, verdict.runs), (false, Runs { count: 2, of: 4 }));
        let broken: Vec<&str> =
            verdict.broken().iter().map(|judgement| judgement.threshold.measure.as_str()).collect();
        assert_eq!(broken, ["error.ratio"]);
        assert!(Verdict::of(&[Threshold::new("tier.l2.hit_ratio", Bound::Min, 0.5)], variant).is_none());
    }

    #[test]
    fn servers_that_are_short_are_named_before_the_pool_that_they_fill() {
        let named = |database: &str, rows: &[(&str, f64)]| {
            let model = scenario(database).variants.remove(0).model;
            let rows = rows.iter().map(|(name, value)| measure(name, &[*value])).collect();
            let record = record_of(&[("a", rows)], &[]);
            let found = resource(&model, &record.variants[0]).unwrap();
            (found.name.clone(), found.is_short())
        };
        let both = [("db.pool.saturation", 1.0), ("db.utilization", 0.97)];
        assert_eq!(named("servers = 4\npool = 3\n", &both), ("the database's servers".to_owned(), true));
        let pool = [("db.pool.saturation", 0.95), ("db.utilization", 0.4)];
        assert_eq!(
            named("servers = 9\npool = 1\n", &pool),
            ("the database's connection pool".to_owned(), true)
        );
        // A peak is that of three instances with a connection each, or of two servers.
        let peak = [("db.utilization", 0.3), ("db.utilization.peak", 1.4)];
        assert_eq!(named("servers = 9\npool = 1\n", &peak).0, "the database's connection pool");
        assert_eq!(named("servers = 2\npool = 1\n", &peak).0, "the database's servers");
        let idle = [("db.pool.saturation", 0.2), ("db.utilization", 0.5)];
        assert_eq!(named("servers = 9\npool = 1\n", &idle), ("the database's servers".to_owned(), false));
    }
}
