//! The rounds of simulations: all over the ranges first, then where the figures agree so far.

use std::collections::BTreeMap;

use super::misfit::Misfit;
use super::region::{Draws, draw};
use super::repeats::Repeats;
use super::scale::{Axis, Scale};
use super::surrogate::{Point, Surrogate, terms};
use crate::dice::{Stream, below, stream, unit_open_zero};
use crate::experiment::run::RunError;
use crate::model::Input;
use crate::oracle::tails::chi_squared_quantile;

/// The measures of one simulation that have a value.
pub type Measured = BTreeMap<String, f64>;

/// Simulates settings, each a value per unknown in the unit of its range; one run each, and no two with the same luck.
pub type Simulate<'a> = &'a mut dyn FnMut(&[Vec<f64>]) -> Result<Vec<Measured>, FitError>;

/// Why nothing was fitted.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    #[error(transparent)]
    Run(#[from] RunError),
    /// No run has a value of the measure.
    #[error("no run of the scenario has a value of {0}")]
    Absent(String),
    /// The simulations leave no function to fit: all runs equal, or too few with values.
    #[error("{0} of {1} simulations have all observed figures, too few to fit anything to")]
    TooFew(usize, usize),
    /// A setting between the ends that is no scenario.
    #[error(transparent)]
    Setting(crate::scenario::Diagnostics),
}

/// A figure of production.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Name in the catalogue.
    pub measure: String,
    pub value: f64,
    /// Standard deviation between periods as long as the measured part of a run.
    pub spread: Option<f64>,
}

/// What is to be found.
#[derive(Clone, Debug)]
pub struct Problem {
    pub unknowns: Vec<Input>,
    pub targets: Vec<Target>,
    pub seed: u64,
    /// Simulations.
    pub budget: usize,
}

/// Most unknowns.
pub const UNKNOWNS_MAX: usize = 8;
/// A figure is not taken to be more exact than this share of itself (of a ratio: of its smaller side).
pub const EXACT: f64 = 0.001;
/// Rounds after the first.
const ROUNDS: usize = 3;
/// By how much the region of a round is wider than the settings that agree, in variance.
const TEMPERATURE: f64 = 5.0;
/// Repeats of a setting.
const REPEATS: usize = 12;

impl Problem {
    /// The simulations that are needed at least.
    pub fn budget_min(&self) -> usize {
        2 * (terms(self.unknowns.len()) + self.targets.len() + 8)
    }

    /// The simulations without a wish.
    pub fn budget_default(unknowns: usize) -> usize {
        60 * (unknowns + 1)
    }
}

/// A simulation.
#[derive(Clone, Debug)]
pub struct Run {
    /// Coordinates of the unknowns.
    pub at: Vec<f64>,
    pub measured: Measured,
}

/// All simulations, and the surrogate of those near the settings that agree.
#[derive(Debug)]
pub struct Search {
    pub axes: Vec<Axis>,
    pub targets: Vec<Target>,
    pub scales: Vec<Scale>,
    /// Observed, on their scales.
    pub aims: Vec<f64>,
    /// Variances of the observed figures beside that of one run, on their scales.
    pub extra: Vec<f64>,
    pub runs: Vec<Run>,
    /// The runs that the surrogate rests on.
    pub local: Vec<usize>,
    pub surrogate: Surrogate,
    /// The setting that was found, in runs of itself.
    pub chosen: Repeats,
    /// All runs that repeat a setting.
    pub repeated: Vec<usize>,
    pub dice: Stream,
}

impl Search {
    /// Runs the search. What it finds depends on the problem and the simulations only.
    ///
    /// # Errors
    /// A simulation that fails, or figures that the runs do not have.
    pub fn run(problem: &Problem, simulate: Simulate<'_>) -> Result<Search, FitError> {
        let axes: Vec<Axis> = problem.unknowns.iter().map(Axis::new).collect();
        let mut dice = stream(problem.seed, 0, "fit");
        let targets = problem.targets.clone();
        let least = terms(axes.len()) + targets.len() + 10;
        let batch = REPEATS.max(targets.len() + 8);
        let last = (problem.budget / 4).max(batch).min(problem.budget - least);
        let first = (problem.budget * 7 / 20).max(least).min(problem.budget - last);
        let mut runs = Vec::new();
        add(&mut runs, &axes, spread_out(first, axes.len(), &mut dice), simulate)?;
        let scaled = Scaled::new(&targets, &runs)?;
        let all: Vec<usize> = (0..runs.len()).collect();
        let surrogate = surrogate(&runs, &all, &targets, &scaled.scales)?;
        let Scaled { scales, aims, extra } = scaled;
        let chosen = Repeats { at: vec![0.5; axes.len()], runs: Vec::new() };
        let repeated = Vec::new();
        let mut search = Search {
            axes,
            targets,
            scales,
            aims,
            extra,
            runs,
            local: all,
            surrogate,
            chosen,
            repeated,
            dice,
        };
        let mut left = problem.budget - first - last;
        for round in 0..ROUNDS {
            let now = left / (ROUNDS - round);
            left -= now;
            let places = search.drawn(now);
            search.learn(places, simulate)?;
        }
        search.confirm(last, batch, simulate)?;
        Ok(search)
    }

    /// Settings around those that agree so far.
    pub(super) fn drawn(&mut self, count: usize) -> Vec<Vec<f64>> {
        const APART: usize = 40;
        let (best, _) = self.best();
        let draws = Draws { temperature: TEMPERATURE, count: APART * (count + 1) };
        let misfit = Misfit::new(&self.surrogate, &self.aims, &self.extra);
        let drawn = draw(&misfit, &best, draws, &mut self.dice);
        (0..count).map(|place| drawn[place * APART + place % APART].clone()).collect()
    }

    /// Of a run, the observed figures on their scales.
    pub fn figures(&self, run: &Run) -> Option<Vec<f64>> {
        figures(run, &self.targets, &self.scales)
    }

    /// The figures held against the observed ones.
    pub fn misfit(&self) -> Misfit<'_> {
        Misfit::new(&self.surrogate, &self.aims, &self.extra)
    }

    /// The setting of least deviance, and its deviance.
    pub fn best(&self) -> (Vec<f64>, f64) {
        self.best_of(&self.misfit())
    }

    /// The same of other figures or another surrogate.
    pub fn best_of(&self, misfit: &Misfit<'_>) -> (Vec<f64>, f64) {
        const STARTS: usize = 6;
        let mut starts: Vec<(&Vec<f64>, f64)> =
            self.runs.iter().map(|run| (&run.at, misfit.deviance(&run.at))).collect();
        starts.sort_by(|a, b| a.1.total_cmp(&b.1));
        starts.dedup_by(|a, b| a.0 == b.0);
        let middle = vec![0.5; self.axes.len()];
        let starts = starts.into_iter().take(STARTS).map(|(at, _)| at).chain([&middle]);
        misfit.best(starts).unwrap_or_else(|| (middle.clone(), misfit.deviance(&middle)))
    }

    /// Simulates more settings, and fits the surrogate to the runs near those that agree.
    pub(super) fn learn(&mut self, places: Vec<Vec<f64>>, simulate: Simulate<'_>) -> Result<(), FitError> {
        add(&mut self.runs, &self.axes, places, simulate)?;
        let misfit = self.misfit();
        let (_, least) = self.best();
        let unknowns = self.axes.len();
        let reach = TEMPERATURE * chi_squared(0.99, unknowns as f64);
        // Runs that lack a figure (no misses, no percentile of them) are as far as can be.
        let complete = self.runs.iter().enumerate().filter(|(_, run)| self.figures(run).is_some());
        let mut ranked: Vec<(f64, usize)> =
            complete.map(|(index, run)| (misfit.deviance(&run.at), index)).collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let within = ranked.iter().take_while(|(deviance, _)| *deviance <= least + reach).count();
        let enough = 3 * terms(unknowns) / 2 + self.targets.len() + 10;
        self.local = ranked.iter().take(within.max(enough)).map(|(_, index)| *index).collect();
        self.local.sort_unstable();
        let Scaled { scales, aims, extra } = Scaled::new(&self.targets, &self.runs)?;
        (self.scales, self.aims, self.extra) = (scales, aims, extra);
        self.surrogate = surrogate(&self.runs, &self.local, &self.targets, &self.scales)?;
        Ok(())
    }

    /// A measure by itself over the runs near the settings that agree: its scale and its surrogate; `None` where too few of them have it,
    /// or all the same value.
    pub fn alone(&self, measure: &str) -> Option<(Scale, Surrogate)> {
        let runs = || self.local.iter().map(|run| &self.runs[*run]);
        let all: Vec<f64> = runs().filter_map(|run| run.measured.get(measure).copied()).collect();
        if all.len() * 10 < self.local.len() * 9 {
            return None;
        }
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let scale = Scale::of(measure, mean, &all);
        let point = |run: &Run| {
            Some(Point { at: run.at.clone(), figures: vec![scale.to(*run.measured.get(measure)?)?] })
        };
        let points: Vec<Point> = runs().filter_map(point).collect();
        Surrogate::fit(&points.iter().collect::<Vec<_>>()).map(|fitted| (scale, fitted))
    }

    /// The observed figures over all runs.
    pub fn everywhere(&self) -> Result<Surrogate, FitError> {
        let all: Vec<usize> = (0..self.runs.len()).collect();
        surrogate(&self.runs, &all, &self.targets, &self.scales)
    }

    /// Least and most of a measure in any run.
    pub fn seen(&self, measure: &str) -> Option<(f64, f64)> {
        let mut values: Vec<f64> =
            self.runs.iter().filter_map(|run| run.measured.get(measure).copied()).collect();
        values.sort_by(f64::total_cmp);
        Some((*values.first()?, *values.last()?))
    }
}

/// Variance of an observed figure, beside that of one run, on its scale.
pub fn extra_variance(target: &Target, scale: Scale, values: &[f64]) -> f64 {
    let Target { value, spread, .. } = *target;
    let size = match scale {
        Scale::Logit { .. } if value > 0.0 && value < 1.0 => value.min(1.0 - value),
        Scale::Log { .. } if value > 0.0 => value,
        _ => values.iter().map(|value| value.abs()).sum::<f64>() / values.len().max(1) as f64,
    };
    let exact = EXACT * size.max(1e-9);
    let deviation = libm::hypot(spread.unwrap_or(0.0), exact) * scale.slope(value);
    deviation * deviation
}

/// The value that chi-squared with that freedom exceeds with the remaining probability.
pub fn chi_squared(probability: f64, freedom: f64) -> f64 {
    chi_squared_quantile(probability, freedom)
}

/// The observed figures on the scales that take all values of the runs.
struct Scaled {
    scales: Vec<Scale>,
    aims: Vec<f64>,
    extra: Vec<f64>,
}

impl Scaled {
    fn new(targets: &[Target], runs: &[Run]) -> Result<Scaled, FitError> {
        let mut scaled = Scaled { scales: Vec::new(), aims: Vec::new(), extra: Vec::new() };
        for target in targets {
            let values: Vec<f64> =
                runs.iter().filter_map(|run| run.measured.get(&target.measure).copied()).collect();
            if values.is_empty() {
                return Err(FitError::Absent(target.measure.clone()));
            }
            let scale = Scale::of(&target.measure, target.value, &values);
            scaled.scales.push(scale);
            scaled.aims.push(scale.to(target.value).unwrap_or(target.value));
            scaled.extra.push(extra_variance(target, scale, &values));
        }
        Ok(scaled)
    }
}

fn figures(run: &Run, targets: &[Target], scales: &[Scale]) -> Option<Vec<f64>> {
    targets.iter().zip(scales).map(|(target, scale)| scale.to(*run.measured.get(&target.measure)?)).collect()
}

fn surrogate(
    runs: &[Run],
    of: &[usize],
    targets: &[Target],
    scales: &[Scale],
) -> Result<Surrogate, FitError> {
    let point = |run: &usize| {
        let run = &runs[*run];
        Some(Point { at: run.at.clone(), figures: figures(run, targets, scales)? })
    };
    let points: Vec<Point> = of.iter().filter_map(point).collect();
    let too_few = FitError::TooFew(points.len(), of.len());
    Surrogate::fit(&points.iter().collect::<Vec<_>>()).ok_or(too_few)
}

/// Simulates settings; whole unknowns have the coordinate of their whole value.
fn add(
    runs: &mut Vec<Run>,
    axes: &[Axis],
    places: Vec<Vec<f64>>,
    simulate: Simulate<'_>,
) -> Result<(), FitError> {
    let values: Vec<Vec<f64>> = places
        .iter()
        .map(|place| axes.iter().zip(place).map(|(axis, at)| axis.value(*at)).collect())
        .collect();
    let measured = simulate(&values)?;
    for (values, measured) in values.iter().zip(measured) {
        let at = axes.iter().zip(values).map(|(axis, value)| axis.position(*value)).collect();
        runs.push(Run { at, measured });
    }
    Ok(())
}

/// A Latin hypercube (McKay, Beckman and Conover, Technometrics 21, 1979): each of as many slices of each coordinate has one point.
fn spread_out(count: usize, unknowns: usize, dice: &mut Stream) -> Vec<Vec<f64>> {
    let mut points = vec![vec![0.0; unknowns]; count];
    for coordinate in 0..unknowns {
        let mut slices: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            slices.swap(last, below(dice, last as u32 + 1) as usize);
        }
        for (point, slice) in points.iter_mut().zip(slices) {
            point[coordinate] = (slice as f64 + unit_open_zero(dice)) / count as f64;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slice_of_every_coordinate_has_one_point() {
        let points = spread_out(20, 3, &mut stream(1, 0, "test"));
        for coordinate in 0..3 {
            let mut slices: Vec<usize> =
                points.iter().map(|point| ((point[coordinate] * 20.0).ceil() as usize).max(1) - 1).collect();
            slices.sort_unstable();
            assert_eq!(slices, (0..20).collect::<Vec<_>>());
        }
    }

    /// 0.004 and 0.1 % of the smaller side, 0.00007, over 0.93 * 0.07.
    #[test]
    fn the_spread_of_production_is_taken_to_the_scale_of_the_figure() {
        let target = Target { measure: "hit_ratio".to_owned(), value: 0.93, spread: Some(0.004) };
        let expected = (0.004f64 * 0.004 + 0.00007 * 0.00007) / (0.93 * 0.07 * 0.93 * 0.07);
        assert!((extra_variance(&target, Scale::Logit { offset: 0.0 }, &[]) / expected - 1.0).abs() < 1e-9);
    }
}
