//! The verdict: measured runs held against the spread of single simulated ones.
//!
//! A measured run is one run, so it is not held against the interval of a mean, which shrinks with every replication, but
//! against the interval in which one more simulated run would lie with 95 % probability.

mod interval;
mod order;

use serde::Serialize;

use crate::experiment::states::{State, States, states};
use crate::record::{MeasureRecord, Record, VariantRecord};
pub use interval::{Interval, Method};
pub use order::{Order, Pair};

/// Measures that are judged besides the headline.
pub const JUDGED: &[&str] = &[
    "hit_ratio",
    "db.qps.mean",
    "latency.all.p50_ms",
    "latency.all.p99_ms",
    "latency.hit.p50_ms",
    "latency.hit.p99_ms",
    "latency.miss.p50_ms",
    "latency.miss.p99_ms",
    "error.ratio",
];

/// Why two records cannot be held against each other.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgainstError {
    #[error(
        "the prediction has {0} finished replication(s); an interval of single runs needs at least 2, better 40"
    )]
    TooFewRuns(usize),
    #[error("the two have no variant in common: predicted are {predicted}, measured {measured}")]
    NothingInCommon { predicted: String, measured: String },
}

/// Predictions of single runs, and measured runs beside them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Against {
    /// Name of the scenario of the prediction.
    pub scenario: String,
    /// Variants that both have, in the order of the prediction.
    pub variants: Vec<VariantVerdict>,
    /// Order of the variants by each measure of the headline; empty without measured runs or with a single variant.
    pub orders: Vec<Order>,
    /// Measured values that were judged, over all variants, measures and runs.
    pub judged: usize,
    /// Those of them inside their interval.
    pub inside: usize,
}

/// One variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VariantVerdict {
    pub variant: String,
    /// `collapses in 5 of 10 runs`, where the simulated runs settle in one of two states.
    pub states: Option<String>,
    /// The state of each measured run, where there are two.
    pub runs: Vec<State>,
    pub measures: Vec<MeasureVerdict>,
}

/// One measure of one variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MeasureVerdict {
    pub measure: String,
    /// `ms`, `s`, `1/s`, `bytes`, `1` (a share or a ratio), `count`.
    pub unit: String,
    /// One interval, or one for each of two states.
    pub predicted: Vec<Predicted>,
    /// One per measured run.
    pub measured: Vec<Judged>,
    /// Mean of the measured values over the mean of the predicted ones, less 1; `None` without measured values, where the predicted
    /// mean is 0, and where there are two states.
    pub error: Option<f64>,
    /// The same against the simulated runs of the same traffic, which takes the luck of the traffic out; `None` where a measured run
    /// has no such twin.
    pub error_of_twins: Option<f64>,
}

/// Where a single run lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Predicted {
    /// `None`: there is only one.
    pub state: Option<State>,
    #[serde(flatten)]
    pub interval: Interval,
}

/// A measured value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Judged {
    /// `None`: not defined in this run (no miss: no latency of misses).
    pub value: Option<f64>,
    /// How far it lies beyond the nearer bound, in the unit of the measure, negative below; 0 inside. `None` where nothing is
    /// predicted for its state.
    pub distance: Option<f64>,
    /// The value of the simulated run that had the same traffic, by seed and number of requests.
    pub twin: Option<f64>,
    /// The bounds of its own prediction; `None`: those of all runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<[f64; 2]>,
}

impl Judged {
    pub fn is_inside(&self) -> bool {
        self.distance == Some(0.0)
    }
}

/// The intervals of a simulated record alone: what a measurement is going to be held against.
///
/// # Errors
/// Fewer than two replications.
pub fn predictions(simulated: &Record) -> Result<Against, AgainstError> {
    enough_runs(simulated)?;
    let variants = simulated.variants.iter().map(|variant| judge(simulated, variant, None)).collect();
    Ok(Against {
        scenario: simulated.scenario.name.clone(),
        variants,
        orders: Vec::new(),
        judged: 0,
        inside: 0,
    })
}

/// Measured runs against simulated ones of the same scenario. Variants are matched by name.
///
/// # Errors
/// Fewer than two simulated replications, or no variant in common.
pub fn verdict(simulated: &Record, measured: &Record) -> Result<Against, AgainstError> {
    enough_runs(simulated)?;
    let pairs: Vec<(&VariantRecord, &VariantRecord)> = simulated
        .variants
        .iter()
        .filter_map(|own| Some((own, measured.variants.iter().find(|other| other.name == own.name)?)))
        .collect();
    if pairs.is_empty() {
        let names = |record: &Record| {
            record.variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        return Err(AgainstError::NothingInCommon { predicted: names(simulated), measured: names(measured) });
    }
    let variants: Vec<VariantVerdict> =
        pairs.iter().map(|(own, other)| judge(simulated, own, Some((measured, other)))).collect();
    let orders = order::orders(&simulated.scenario.headline, &pairs);
    let scenario = simulated.scenario.name.clone();
    Ok(Against { scenario, variants, orders, judged: 0, inside: 0 }.counted())
}

/// Measured runs, each against simulated runs of its own: one record for each of them, with times that were measured while it was played.
/// [`MeasureVerdict::predicted`] has the simulated runs of all together.
///
/// # Errors
/// As [`verdict`]; no simulated record for a measured run is one of too few.
pub fn verdict_by_run(simulated: &[Record], measured: &Record) -> Result<Against, AgainstError> {
    if simulated.len() < measured.scenario.finished as usize {
        return Err(AgainstError::TooFewRuns(0));
    }
    simulated.iter().try_for_each(enough_runs)?;
    let all = joined(simulated.to_vec()).ok_or(AgainstError::TooFewRuns(0))?;
    let mut against = verdict(&all, measured)?;
    for variant in &mut against.variants {
        let of = |record: &Record| record.variants.iter().find(|own| own.name == variant.variant).cloned();
        let Some(other) = of(measured) else { continue };
        for (run, record) in simulated.iter().enumerate() {
            let Some(own) = of(record) else { continue };
            let found = states(&own);
            let twin = twins(record, &own, measured, &other).get(run).copied().flatten();
            for row in &mut variant.measures {
                let (Some(one), Some(measure)) = (row.measured.get_mut(run), own.measure(&row.measure))
                else {
                    continue;
                };
                let predicted = predict(measure, found.as_ref());
                let state = found.as_ref().and(variant.runs.get(run).copied());
                let twin = twin.and_then(|twin| *measure.values.get(twin)?);
                *one = judged(one.value, &predicted, state, twin);
                one.bounds = predicted
                    .iter()
                    .find(|predicted| predicted.state == state)
                    .map(|predicted| [predicted.interval.low, predicted.interval.high]);
            }
        }
        for row in &mut variant.measures {
            row.error_of_twins = error_of_twins(&row.measured);
        }
    }
    Ok(against.counted())
}

impl Against {
    /// With the numbers of what was judged, and of what of it is inside.
    fn counted(self) -> Against {
        let values = || {
            self.variants.iter().flat_map(|variant| &variant.measures).flat_map(|measure| &measure.measured)
        };
        let judged = values().filter(|value| value.distance.is_some()).count();
        let inside = values().filter(|value| value.is_inside()).count();
        Against { judged, inside, ..self }
    }
}

/// Measured records as one, with the runs of each after those of the one before; a measure that one of them lacks is not defined there,
/// and no run has a twin. `None` of nothing.
pub fn joined(records: Vec<Record>) -> Option<Record> {
    let mut records = records.into_iter();
    let mut all = records.next()?;
    for record in records {
        // The number of a run is no longer that of its traffic.
        all.variants
            .iter_mut()
            .for_each(|variant| variant.measures.retain(|measure| measure.name != "requests.all"));
        let runs = record.scenario.finished as usize;
        let before = all.scenario.finished as usize;
        all.scenario.finished += record.scenario.finished;
        all.scenario.replications += record.scenario.replications;
        for variant in &mut all.variants {
            let other = record.variants.iter().find(|other| other.name == variant.name);
            for measure in &mut variant.measures {
                let more =
                    other.and_then(|other| other.measure(&measure.name)).map(|more| more.values.clone());
                measure.values.resize(before, None);
                measure.values.extend(more.unwrap_or_default());
                measure.values.resize(before + runs, None);
            }
        }
    }
    Some(all)
}

fn enough_runs(simulated: &Record) -> Result<(), AgainstError> {
    let runs = simulated.scenario.finished as usize;
    if runs < 2 { Err(AgainstError::TooFewRuns(runs)) } else { Ok(()) }
}

fn judge(
    simulated: &Record,
    own: &VariantRecord,
    measured: Option<(&Record, &VariantRecord)>,
) -> VariantVerdict {
    let found = states(own);
    let twins = measured.map_or(Vec::new(), |(record, other)| twins(simulated, own, record, other));
    let runs = match (&found, measured) {
        (Some(states), Some((_, measured))) => states_of_runs(states, own, measured),
        _ => Vec::new(),
    };
    let headline = simulated.scenario.headline.iter().map(String::as_str);
    let others =
        JUDGED.iter().copied().filter(|name| !simulated.scenario.headline.iter().any(|own| own == name));
    let measures = headline.chain(others).filter_map(|name| {
        let measure = own.measure(name)?;
        let predicted = predict(measure, found.as_ref());
        let values = measured.and_then(|(_, measured)| measured.measure(name)).map(|measure| &measure.values);
        let measured: Vec<Judged> = values
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(run, value)| {
                let twin = twins.get(run).copied().flatten().and_then(|twin| *measure.values.get(twin)?);
                judged(*value, &predicted, runs.get(run).copied(), twin)
            })
            .collect();
        (!predicted.is_empty()).then(|| MeasureVerdict {
            measure: name.to_owned(),
            unit: measure.unit.clone(),
            error: error(&predicted, &measured),
            error_of_twins: error_of_twins(&measured),
            predicted,
            measured,
        })
    });
    let measures = measures.collect();
    VariantVerdict { variant: own.name.clone(), states: found.map(|states| states.words()), runs, measures }
}

fn predict(measure: &MeasureRecord, states: Option<&States>) -> Vec<Predicted> {
    match states {
        None => {
            let values: Vec<f64> = measure.values.iter().flatten().copied().collect();
            let interval = Interval::of(&values, &measure.unit);
            interval.map(|interval| Predicted { state: None, interval }).into_iter().collect()
        }
        Some(states) => State::BOTH
            .into_iter()
            .filter_map(|state| {
                let interval = Interval::of(&states.of(state, &measure.values), &measure.unit)?;
                Some(Predicted { state: Some(state), interval })
            })
            .collect(),
    }
}

fn judged(value: Option<f64>, predicted: &[Predicted], state: Option<State>, twin: Option<f64>) -> Judged {
    let interval = predicted.iter().find(|one| one.state == state).map(|one| one.interval);
    let distance = value.zip(interval).map(|(value, interval)| interval.distance(value));
    Judged { value, distance, twin, bounds: None }
}

fn error(predicted: &[Predicted], measured: &[Judged]) -> Option<f64> {
    let [Predicted { state: None, interval }] = predicted else { return None };
    let values: Vec<f64> = measured.iter().filter_map(|one| one.value).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (!values.is_empty() && interval.mean != 0.0).then(|| mean / interval.mean - 1.0)
}

fn error_of_twins(measured: &[Judged]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> = measured.iter().filter_map(|one| one.value.zip(one.twin)).collect();
    let values = measured.iter().filter(|one| one.value.is_some()).count();
    let twins: f64 = pairs.iter().map(|pair| pair.1).sum();
    let own: f64 = pairs.iter().map(|pair| pair.0).sum();
    (!pairs.is_empty() && pairs.len() == values && twins != 0.0).then(|| own / twins - 1.0)
}

/// The simulated run of the same traffic, for each measured one: of the same number, with the same seed, and as evidence with as many
/// requests.
fn twins(
    simulated: &Record,
    own: &VariantRecord,
    measured: &Record,
    other: &VariantRecord,
) -> Vec<Option<usize>> {
    if simulated.scenario.seed != measured.scenario.seed {
        return Vec::new();
    }
    let requests =
        |variant: &VariantRecord| variant.measure("requests.all").map(|measure| measure.values.clone());
    let (Some(own), Some(other)) = (requests(own), requests(other)) else { return Vec::new() };
    other.iter().enumerate().map(|(run, count)| (own.get(run) == Some(count)).then_some(run)).collect()
}

/// Each measured run belongs to the state on whose side of the gap it lies.
fn states_of_runs(states: &States, own: &VariantRecord, measured: &VariantRecord) -> Vec<State> {
    let (Some(simulated), Some(figures)) = (own.measure(states.measure), measured.measure(states.measure))
    else {
        return Vec::new();
    };
    let [healthy, collapsed] = State::BOTH.map(|state| states.of(state, &simulated.values));
    let range = |values: &[f64]| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        (low, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    };
    let ((healthy_low, healthy_high), (low, high)) = (range(&healthy), range(&collapsed));
    let grows = low > healthy_high;
    let middle = if grows { (healthy_high + low) / 2.0 } else { (high + healthy_low) / 2.0 };
    let side = |value: &Option<f64>| match value {
        Some(value) if (*value > middle) == grows => State::Collapsed,
        _ => State::Healthy,
    };
    figures.values.iter().map(side).collect()
}

#[cfg(test)]
mod tests;
