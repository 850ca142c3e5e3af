//! A scenario whose synthetic traffic resembles a trace: the trace is a recording like those of production, read by the readers of
//! `trace`, and has some figures more.

use super::gather::Gathered;
use super::popularity::{self, Zipf};
use super::recording::{Effect, Operation, Recording, Request};
use super::series::Series;
use super::source::{Figure, ImportError};
use super::traffic::{Profile, STEPS_MAX};
use super::{Options, scenario_of};
use crate::trace::{Operation as Recorded, Problem, Rows, Stamp};

/// A scenario, and what it takes to hold its popularity against the trace.
#[derive(Clone, Debug)]
pub struct TraceModel {
    /// TOML.
    pub scenario: String,
    /// Figures that the trace does not have.
    pub assumptions: usize,
    /// Popularity of the keys.
    pub law: Zipf,
    /// Hashes of the keys of all lookups, in order.
    pub lookups: Vec<u64>,
}

/// Why a trace is no model.
#[derive(Debug, thiserror::Error)]
pub enum TraceModelError {
    #[error("{}", .0.text)]
    Row(Problem),
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// What a trace shows beyond a recording of production.
#[derive(Debug)]
pub(super) struct TraceFigures {
    /// Changes of the rate beyond chance.
    pub profile: Option<Figure<Profile>>,
    /// Squared coefficient of variation of the gaps.
    pub cv2: Figure<f64>,
    /// Median and 99th percentile of the sizes of values in bytes, each key once.
    pub value_bytes: Option<Figure<(f64, f64)>>,
}

/// A clock that stamps more than this share of the requests like their neighbours is coarse.
const SHARING_MAX: f64 = 0.5;
/// Seconds of a trace from which on the counts of seconds tell their variance.
const SECONDS_MIN: usize = 30;
/// Standard deviation of the rate of steps, by its mean, from which on it moves.
const MOVES: f64 = 0.05;
/// The same in standard deviations of chance.
const MOVES_BY_CHANCE: f64 = 3.0;

/// Reads a trace whole, in about 50 bytes per request, and writes the scenario. `unit_s` is the number of seconds per unit of its times.
///
/// # Errors
/// A row that cannot be read; a trace without lookups, or of a single instant.
pub fn trace_model(rows: &mut dyn Rows, name: &str, unit_s: f64) -> Result<TraceModel, TraceModelError> {
    let recording = recording(rows, name, unit_s).map_err(TraceModelError::Row)?.finish()?;
    let times_s: Vec<f64> = recording
        .with_effects()
        .filter(|(_, effect)| *effect != Effect::Fill)
        .map(|(request, _)| request.time_s)
        .collect();
    let is_coarse = is_coarse(&times_s);
    let steps = Steps::of(&times_s, recording.covered_s(), is_coarse.then(|| tick_s(&times_s)));
    let cv2 = match is_coarse {
        false => recording.figure(steps.gaps_cv2(&times_s), "gaps, against the mean gap of their part"),
        true => match steps.dispersion(&times_s) {
            Some(dispersion) => {
                recording.figure(dispersion, "counts of seconds, variance by mean: its clock is coarse")
            }
            None => Figure::assumed(1.0, "the clock of the trace is coarse, and the trace short"),
        },
    };
    let profile = steps.profile(cv2.value).map(|profile| recording.figure(profile, "rates of equal parts"));
    let value_bytes = recording.value_quantiles().map(|quantiles| {
        let mean = recording.value_bytes().map_or(0.0, |moments| moments.0);
        recording.figure(quantiles, &format!("median and p99 of the keys' values, whose mean is {mean:.0} B"))
    });
    let law = popularity::by_counts(recording.reads_per_key());
    let lookups = recording.with_effects().filter(|(_, effect)| *effect == Effect::Read);
    let lookups = lookups.map(|(request, _)| request.key).collect();
    let found = Gathered {
        recording: Some(recording),
        trace: Some(TraceFigures { profile, cv2, value_bytes }),
        ..Gathered::default()
    };
    let (scenario, assumptions) = scenario_of(&found, &Options::default())?;
    Ok(TraceModel { assumptions, scenario, law, lookups })
}

/// All rows as requests.
fn recording(rows: &mut dyn Rows, name: &str, unit_s: f64) -> Result<Recording, Problem> {
    let mut recording = Recording::of_trace(name);
    let mut first: Option<Stamp> = None;
    while let Some(row) = rows.next_row()? {
        let first = *first.get_or_insert(row.time);
        let request = Request {
            time_s: row.time.since(&first) * unit_s,
            key: row.key,
            client: row.client.unwrap_or(0),
            operation: match row.operation {
                Recorded::Get => Operation::Get,
                Recorded::Set => Operation::Set,
                Recorded::Change | Recorded::Delete => Operation::Delete,
                Recorded::Touch => Operation::Expire,
            },
            value_bytes: row.size,
            ttl_s: row.ttl_s.map(f64::from),
        };
        for _ in 0..row.count {
            recording.push_row(request, row.key_bytes, row.client, row.line);
        }
    }
    Ok(recording)
}

/// Whether most requests share their stamp with a neighbour.
fn is_coarse(times_s: &[f64]) -> bool {
    let sharing = times_s.windows(2).filter(|pair| pair[0] == pair[1]).count();
    sharing as f64 > SHARING_MAX * times_s.len() as f64
}

/// The least time between two stamps.
fn tick_s(times_s: &[f64]) -> f64 {
    let gaps = times_s.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.0);
    gaps.fold(f64::INFINITY, f64::min)
}

/// Requests of equal parts of the time that is covered, the last of which may be shorter.
struct Steps {
    counts: Vec<u64>,
    width_s: f64,
    start_s: f64,
    covered_s: f64,
}

impl Steps {
    /// `tick_s` is the unit of a coarse clock, of which each part has as many.
    fn of(times_s: &[f64], covered_s: f64, tick_s: Option<f64>) -> Steps {
        let (steps, width_s) = match tick_s {
            None => (STEPS_MAX, covered_s / STEPS_MAX as f64),
            Some(tick_s) => {
                let ticks = (covered_s / tick_s).round().max(1.0);
                let many = (ticks / STEPS_MAX as f64).ceil();
                ((ticks / many).ceil() as usize, many * tick_s)
            }
        };
        let start_s = times_s.first().copied().unwrap_or(0.0);
        let mut steps = Steps { counts: vec![0; steps], width_s, start_s, covered_s };
        for &time_s in times_s {
            let step = steps.step(time_s);
            steps.counts[step] += 1;
        }
        steps
    }

    fn step(&self, time_s: f64) -> usize {
        // A little more, so that a stamp is not in the part before its own.
        (((time_s - self.start_s) / self.width_s + 1e-9) as usize).min(self.counts.len() - 1)
    }

    /// Requests per second of each part.
    fn rates(&self) -> Vec<f64> {
        let last = self.counts.len() - 1;
        let width_s =
            |at| if at == last { self.covered_s - last as f64 * self.width_s } else { self.width_s };
        self.counts.iter().enumerate().map(|(at, &count)| count as f64 / width_s(at)).collect()
    }

    /// Squared coefficient of variation of the gaps, each over the mean gap of its part, so that a rate that moves is no burst.
    fn gaps_cv2(&self, times_s: &[f64]) -> f64 {
        let gaps = times_s.windows(2).map(|pair| {
            let step = self.step(pair[1]);
            (pair[1] - pair[0]) * self.counts[step] as f64 / self.width_s
        });
        let (count, sum, squares) = gaps.fold((0.0, 0.0, 0.0), |(count, sum, squares), gap| {
            (count + 1.0, sum + gap, squares + gap * gap)
        });
        let mean: f64 = sum / f64::max(count, 1.0);
        (squares / f64::max(count, 1.0) - mean * mean).max(0.0) / (mean * mean).max(f64::MIN_POSITIVE)
    }

    /// Variance over mean of the counts of whole seconds, within parts: the median over the parts, so that those in which the rate
    /// changes do not decide. `None`: too few seconds.
    fn dispersion(&self, times_s: &[f64]) -> Option<f64> {
        let seconds = (self.width_s * self.counts.len() as f64) as usize;
        if seconds < SECONDS_MIN {
            return None;
        }
        let mut counts = vec![0.0f64; seconds];
        for time_s in times_s {
            let second = (time_s - self.start_s) as usize;
            counts.get_mut(second).into_iter().for_each(|count| *count += 1.0);
        }
        // Seconds per part, at least two.
        let part = (seconds / self.counts.len()).max(2);
        let mut ratios: Vec<f64> = counts
            .chunks_exact(part)
            .filter_map(|part| {
                let mean = part.iter().sum::<f64>() / part.len() as f64;
                let squares: f64 = part.iter().map(|count| (count - mean) * (count - mean)).sum();
                (mean > 0.0).then(|| squares / (part.len() - 1) as f64 / mean)
            })
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let (lower, upper) = (ratios.get((ratios.len().max(1) - 1) / 2)?, ratios.get(ratios.len() / 2)?);
        Some((lower + upper) / 2.0 / median_of_variance((part - 1) as f64))
    }

    /// The rate of each part, where it moves by more than chance, which `cv2` widens.
    fn profile(&self, cv2: f64) -> Option<Profile> {
        let rates = self.rates();
        let mean = self.counts.iter().sum::<u64>() as f64 / self.covered_s;
        let squares: f64 = rates.iter().map(|rate| (rate - mean) * (rate - mean)).sum();
        let deviation = (squares / (rates.len() - 1).max(1) as f64).sqrt();
        let chance = (mean * cv2.max(1.0) / self.width_s).sqrt();
        if deviation < MOVES * mean || deviation < MOVES_BY_CHANCE * chance {
            return None;
        }
        // A rate of zero would end the simulation of arrivals.
        let points = rates.iter().enumerate();
        let points = points.map(|(at, &rate)| (at as f64 * self.width_s, rate.max(mean / 1e3)));
        let series = Series { name: String::new(), line: 1, points: points.collect() };
        Some(Profile { steps: series.steps(STEPS_MAX), span_s: series.span_s() })
    }
}

/// Median of an estimated variance over the true one, of so many degrees of freedom: that of a chi-squared variable over its mean
/// (Wilson, Hilferty 1931).
fn median_of_variance(freedom: f64) -> f64 {
    (1.0 - 2.0 / (9.0 * freedom)).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(times_s: &[f64]) -> Steps {
        Steps::of(
            times_s,
            times_s[times_s.len() - 1] * times_s.len() as f64 / (times_s.len() - 1) as f64,
            None,
        )
    }

    #[test]
    fn constant_gaps_vary_not_and_pairs_have_a_cv2_of_one() {
        let even: Vec<f64> = (0..4_800).map(f64::from).collect();
        assert!(steps(&even).gaps_cv2(&even) < 1e-3);
        assert!(steps(&even).profile(0.0).is_none() && !is_coarse(&even));
        // Gaps of 0 and 2 in turn: mean 1, variance 1.
        let pairs: Vec<f64> = (0..4_800).map(|at| f64::from(at / 2) * 2.0).collect();
        assert!((steps(&pairs).gaps_cv2(&pairs) - 1.0).abs() < 1e-3);
        // Half of all stamps are those of a neighbour, not more.
        assert!(!is_coarse(&pairs));
    }

    /// One request per second for 2,400 s, then three per second for as long.
    #[test]
    fn a_rate_that_moves_is_a_profile_and_no_burst() {
        let times: Vec<f64> =
            (0..2_400).map(f64::from).chain((0..7_200).map(|at| 2_400.0 + f64::from(at) / 3.0)).collect();
        let steps = steps(&times);
        assert!(steps.gaps_cv2(&times) < 0.01, "{}", steps.gaps_cv2(&times));
        let profile = steps.profile(0.0).unwrap();
        let [(0.0, low), (2_400.0, high)] = profile.steps[..] else { panic!("{profile:?}") };
        // A part may have a request of its neighbour: one of 200.
        assert!((low - 0.5).abs() < 0.005 && (high - 1.5).abs() < 0.005, "{profile:?}");
        assert_eq!(profile.span_s.round(), 4_800.0);
    }

    /// 20 whole seconds with 100 requests each: parts of 0.8 s would have 100 or none.
    #[test]
    fn a_coarse_clock_has_parts_of_whole_ticks() {
        let times: Vec<f64> = (0..2_000u32).map(|at| f64::from(at / 100)).collect();
        assert_eq!(tick_s(&times), 1.0);
        let steps = Steps::of(&times, 20.0, Some(1.0));
        assert_eq!(steps.counts, [100; 20]);
        assert!(steps.profile(1.0).is_none());
        // 50 seconds in parts of three, the last of two.
        let times: Vec<f64> = (0..5_000u32).map(|at| f64::from(at / 100)).collect();
        let rates = Steps::of(&times, 50.0, Some(1.0)).rates();
        assert_eq!((rates.len(), rates.iter().all(|rate| *rate == 100.0)), (17, true));
    }

    /// Whole seconds with 2 and 4 requests in turn: mean 3.
    #[test]
    fn a_coarse_clock_shows_the_dispersion_of_its_seconds() {
        let times: Vec<f64> = (0..96u32)
            .flat_map(|second| std::iter::repeat_n(f64::from(second), if second % 2 == 0 { 2 } else { 4 }))
            .collect();
        assert!(is_coarse(&times));
        // Four seconds per part: squared deviations 4 by 3, over the mean of 3, over the median of the variance at 3 degrees: 0.794.
        let expected = 4.0 / 9.0 / (1.0f64 - 2.0 / 27.0).powi(3);
        let dispersion = Steps::of(&times, 96.0, Some(1.0)).dispersion(&times).unwrap();
        assert!((dispersion - expected).abs() < 1e-12, "{dispersion}");
        // From the 51st second on 10 and 14 in turn, whose variance has the same share of the mean: the part with both has nine times it.
        let times: Vec<f64> = (0..96u32)
            .flat_map(|second| {
                let many = [[2, 4], [10, 14]][usize::from(second >= 50)][second as usize % 2];
                std::iter::repeat_n(f64::from(second), many)
            })
            .collect();
        let dispersion = Steps::of(&times, 96.0, Some(1.0)).dispersion(&times).unwrap();
        assert!((dispersion - expected).abs() < 1e-12, "{dispersion}");
        assert_eq!(Steps::of(&times, 20.0, Some(1.0)).dispersion(&times), None);
    }
}
