//! A system that settles in one of two states: in some runs it is healthy, in others it has collapsed. The mean over all runs is
//! then a figure of no run.
//!
//! The runs of a variant are split once, for all its measures, by the figure of the whole system (`WATCHED`) that shows the
//! split most clearly. A split is believed only where it is certain and matters:
//!
//! - The figures are compared on a logarithmic scale. Between neighbours in their order the widest gap, measured in standard
//!   deviations within the two groups that it makes, must exceed `gap_needed`. The bound was found by simulation, so that
//!   samples without a gap of their own (normal, lognormal, exponential, gamma, hyperexponential, Student's t, power laws; 10 to
//!   40 runs) are split in about one per cent of the cases at most, and lognormal ones hardly ever.
//! - Across the gap the figure at least doubles; a share differs by two percentage points as well.
//! - A split by the mean latency shows in the p99 as well, so that one request that hung in a few runs makes no state.
//!
//! The record has plain values only: states follow from them, of older records too.

use super::printed::estimated;
use super::shares::Runs;
use super::statistics::{Estimate, estimate};
use crate::catalog::spoken;
use crate::record::VariantRecord;

/// Fewest runs that are searched for two states.
pub const STATES_REPLICATIONS_MIN: usize = 10;
/// Across the gap a figure grows by at least this factor.
const FACTOR_MIN: f64 = 2.0;
/// Across the gap a share differs by at least two percentage points as well.
const SHARE_STEP: f64 = 0.02;
/// Standard deviations within a group count as this at least (5 %, on the logarithmic scale): a gap between figures that are
/// nearly equal in each group would be infinitely wide.
const DEVIATION_MIN: f64 = 0.05;

/// The measure of a collapse that callers notice.
const TAIL: &str = "latency.all.p99_ms";

/// A figure of the whole system by which runs are separated.
struct Watched {
    measure: &'static str,
    /// A figure that is larger in the worse state.
    worse: fn(f64) -> f64,
    /// Smaller figures are all alike.
    floor: f64,
    /// The least difference across the gap, in the unit of the measure.
    step: f64,
    /// Must differ by [`FACTOR_MIN`] as well, between the geometric means of the two groups.
    beside: Option<&'static str>,
    /// `In 5 of 10 runs it ...`.
    verb: &'static str,
}

const WATCHED: &[Watched] = &[
    Watched {
        measure: "latency.all.mean_ms",
        worse: |value| value,
        floor: 1e-3,
        step: 0.0,
        beside: Some(TAIL),
        verb: "collapses",
    },
    Watched {
        measure: "error.ratio",
        worse: |value| value,
        floor: 1e-4,
        step: SHARE_STEP,
        beside: None,
        verb: "collapses",
    },
    Watched {
        measure: "hit_ratio",
        worse: |value| 1.0 - value,
        floor: 1e-4,
        step: SHARE_STEP,
        beside: None,
        verb: "settles at a lower hit ratio",
    },
    Watched {
        measure: "db.qps.mean",
        worse: |value| value,
        floor: 1e-3,
        step: 0.0,
        beside: None,
        verb: "settles at a higher database load",
    },
];

/// The measures by which the runs of a variant are separated.
pub fn watched() -> impl Iterator<Item = &'static str> {
    WATCHED.iter().flat_map(|watched| std::iter::once(watched.measure).chain(watched.beside))
}

/// The better or the worse of two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    Healthy,
    Collapsed,
}

impl State {
    pub const BOTH: [State; 2] = [State::Healthy, State::Collapsed];

    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            State::Healthy => "healthy",
            State::Collapsed => "collapsed",
        }
    }
}

/// The runs of a variant, told apart.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    /// The measure that separates them.
    pub measure: &'static str,
    verb: &'static str,
    /// One per replication; both states occur.
    runs: Vec<State>,
}

impl States {
    /// How many runs are in a state.
    pub fn runs(&self, state: State) -> Runs {
        let count = self.runs.iter().filter(|&&other| other == state).count();
        Runs { count, of: self.runs.len() }
    }

    /// The places of the runs in a state, from 0.
    pub fn places(&self, state: State) -> Vec<usize> {
        (0..self.runs.len()).filter(|&run| self.runs[run] == state).collect()
    }

    /// Those of `values`, one per replication, that belong to runs in a state and are known.
    pub fn of(&self, state: State, values: &[Option<f64>]) -> Vec<f64> {
        let inside = self.runs.iter().zip(values).filter(|(other, _)| **other == state);
        inside.filter_map(|(_, value)| *value).collect()
    }

    /// A measure in a state, over its runs.
    pub fn estimate(&self, state: State, values: &[Option<f64>]) -> Option<Estimate> {
        estimate(&self.of(state, values))
    }

    /// The values of that state in which a measure is worse: of the higher mean where `sign` is positive, of the lower where it is
    /// negative.
    pub fn worse(&self, values: &[Option<f64>], sign: f64) -> Vec<f64> {
        let [healthy, collapsed] = State::BOTH.map(|state| self.of(state, values));
        let cost =
            |values: &[f64]| estimate(values).map_or(f64::NEG_INFINITY, |estimate| sign * estimate.mean);
        if cost(&healthy) > cost(&collapsed) { healthy } else { collapsed }
    }

    /// `collapses in 5 of 10 runs`.
    pub fn words(&self) -> String {
        format!("{} in {}", self.verb, self.runs(State::Collapsed))
    }

    /// The measure that separates the states, and the p99 where it at least doubles:
    /// `error ratio 7.4 ± 1.1 % instead of 0 ± 0 %, p99 latency 17.5 ± 1.0 s instead of 566 ± 239 ms`.
    pub fn figures(&self, variant: &VariantRecord) -> String {
        let told = |name: &str| {
            let measure = variant.measure(name)?;
            if name != self.measure && factor_between(&self.runs, &measure.values) < Some(FACTOR_MIN) {
                return None;
            }
            let figure = |state| Some(estimated(&self.estimate(state, &measure.values)?, &measure.unit));
            let (healthy, collapsed) = (figure(State::Healthy)?, figure(State::Collapsed)?);
            Some(format!("{} {collapsed} instead of {healthy}", spoken(name)))
        };
        [self.measure, TAIL].into_iter().filter_map(told).collect::<Vec<_>>().join(", ")
    }
}

/// The two states of a variant; `None` where nothing speaks for more than one, or with fewer than
/// [`STATES_REPLICATIONS_MIN`] replications.
pub fn states(variant: &VariantRecord) -> Option<States> {
    states_of(|name| variant.measure(name).map(|measure| measure.values.clone()))
}

/// The same of whoever has values of measures, one per replication.
pub fn states_of(values: impl Fn(&str) -> Option<Vec<Option<f64>>>) -> Option<States> {
    let split = |watched: &Watched| {
        let known: Option<Vec<f64>> = values(watched.measure)?.into_iter().collect();
        let worse: Vec<f64> = known?.into_iter().map(watched.worse).collect();
        // Nothing that is watched is below zero.
        let split = worse.iter().all(|value| *value >= 0.0).then(|| split(&worse, watched))??;
        let state = |value: &f64| if *value > split.middle { State::Collapsed } else { State::Healthy };
        let runs: Vec<State> = worse.iter().map(state).collect();
        let confirmed = watched.beside.is_none_or(|beside| {
            values(beside).and_then(|beside| factor_between(&runs, &beside)) >= Some(FACTOR_MIN)
        });
        confirmed.then_some((split.clarity, States { measure: watched.measure, verb: watched.verb, runs }))
    };
    let found = WATCHED.iter().filter_map(split);
    // Of equal clarity the first.
    found.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, states)| states)
}

/// How many times larger a measure is in the collapsed runs, by the geometric means of what is positive.
fn factor_between(runs: &[State], values: &[Option<f64>]) -> Option<f64> {
    let mean_log = |state: State| {
        let inside = runs.iter().zip(values).filter(|(other, _)| **other == state);
        let logs: Vec<f64> =
            inside.filter_map(|(_, value)| value.filter(|value| *value > 0.0)).map(libm::log).collect();
        (!logs.is_empty()).then(|| logs.iter().sum::<f64>() / logs.len() as f64)
    };
    Some(libm::exp(mean_log(State::Collapsed)? - mean_log(State::Healthy)?))
}

/// A gap in the order of some figures.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Split {
    /// Halfway across.
    middle: f64,
    /// Width of the gap over what is needed; above one.
    clarity: f64,
}

/// The clearest gap that is wide enough.
fn split(figures: &[f64], watched: &Watched) -> Option<Split> {
    let n = figures.len();
    if n < STATES_REPLICATIONS_MIN {
        return None;
    }
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let logs: Vec<f64> = sorted.iter().map(|figure| libm::log(figure.max(watched.floor))).collect();
    let candidate = |below: usize| {
        let (last, first) = (sorted[below - 1], sorted[below]);
        let gap = logs[below] - logs[below - 1];
        if gap < libm::log(FACTOR_MIN) || first - last < watched.step {
            return None;
        }
        let (low, high) = logs.split_at(below);
        let within = (squares(low) + squares(high)) / (n - 2) as f64;
        let deviation = within.sqrt().max(DEVIATION_MIN);
        let clarity = gap / deviation / gap_needed(n, below.min(n - below));
        (clarity > 1.0).then_some(Split { middle: (last + first) / 2.0, clarity })
    };
    (1..n).filter_map(candidate).reduce(|best, next| if next.clarity > best.clarity { next } else { best })
}

/// How many standard deviations a gap must be wide, by the size of the sample and of the smaller group m: 1 + 12/m + 4/m², and 6 %
/// more for each run that a sample lacks to 20. In the tail of a power law, which is exponential on the logarithmic scale, the gap
/// beyond the m largest values is exponential with a mean of 1/m; hence the form.
fn gap_needed(n: usize, smaller: usize) -> f64 {
    let few = 20usize.saturating_sub(n) as f64;
    let smaller = smaller as f64;
    (1.0 + 12.0 / smaller + 4.0 / (smaller * smaller)) * (1.0 + 0.06 * few)
}

/// Sum of the squared distances from the mean.
fn squares(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean) * (value - mean)).sum()
}

#[cfg(test)]
mod tests;
