//! The last part of the search: the best setting in runs of itself, and the next one where those disagree with production.

use super::algebra::add_products;
use super::misfit::{Misfit, factor};
use super::repeats::{Held, Repeats};
use super::search::{FitError, Search, Simulate, chi_squared};

/// Agreement of repeats with production from which on no better setting is sought.
const AGREES_WELL: f64 = 0.05;

impl Search {
    /// Repeats the best setting until the repeats agree with production; each time that they do not, from the setting that the slopes of
    /// the surrogate give from there. Simulations that are left are spread over the settings that agree.
    pub(super) fn confirm(
        &mut self,
        budget: usize,
        batch: usize,
        simulate: Simulate<'_>,
    ) -> Result<(), FitError> {
        let (mut at, _) = self.best();
        let mut left = budget;
        let mut tries: Vec<Repeats> = Vec::new();
        while left >= batch || (tries.is_empty() && left > 0) {
            let now = batch.min(left);
            left -= now;
            let from = self.runs.len();
            self.learn(vec![at.clone(); now], simulate)?;
            // A whole unknown has been rounded.
            let at_runs = self.runs[from].at.clone();
            self.repeated.extend(from..self.runs.len());
            tries.push(Repeats { at: at_runs, runs: (from..self.runs.len()).collect() });
            let p = |one: &Repeats| self.held(one).map_or(0.0, |held| held.agreement(self.freedom()).p);
            let (last, best) = tries.iter().enumerate().fold((0, -1.0), |kept, (index, one)| {
                let p = p(one);
                if p >= kept.1 { (index, p) } else { kept }
            });
            self.chosen = tries[last].clone();
            if best >= AGREES_WELL {
                break;
            }
            at = match self.held(&self.chosen) {
                // Every third from anywhere: the settings that agree may be apart.
                Some(held) if !tries.len().is_multiple_of(3) => self.corrected(&held),
                _ => self.best().0,
            };
        }
        if left > 0 {
            let places = self.drawn(left);
            self.learn(places, simulate)?;
        }
        self.widen();
        Ok(())
    }

    /// The setting downhill from the repeats where the surrogate, moved to their mean, agrees best by their covariance.
    fn corrected(&self, held: &Held) -> Vec<f64> {
        let mut moved = self.surrogate.clone();
        moved.covariance = held.covariance.clone();
        let missed = self.missed(held);
        let aims: Vec<f64> = self.aims.iter().zip(&missed).map(|(aim, missed)| aim - missed).collect();
        Misfit::new(&moved, &aims, &self.extra).descend(&self.chosen.at, None).0
    }

    /// Mean of the repeats less what the surrogate expects there.
    fn missed(&self, held: &Held) -> Vec<f64> {
        let expected = self.surrogate.expected(&self.chosen.at);
        held.mean.iter().zip(expected).map(|(mean, expected)| mean - expected).collect()
    }

    /// Widens the surrogate where it misses the repeats by more than it claims.
    fn widen(&mut self) {
        let Some(held) = self.held(&self.chosen) else { return };
        let missed = self.missed(&held);
        let claimed = self.surrogate.leverage(&self.chosen.at);
        let n = missed.len();
        let mut covariance = self.surrogate.covariance.clone();
        for (i, row) in covariance.iter_mut().enumerate() {
            for (own, repeated) in row.iter_mut().zip(&held.covariance[i]) {
                *own = *own * claimed + repeated / held.count as f64;
            }
            row[i] += self.extra[i];
        }
        if factor(&covariance).distance2(&missed) > chi_squared(0.99, n as f64) {
            add_products(&mut self.surrogate.covariance, &missed, 1.0);
        }
    }

    /// Repeats on the scales of the figures; `None` where too few have all figures.
    pub fn held(&self, repeats: &Repeats) -> Option<Held> {
        let figures: Vec<Vec<f64>> =
            repeats.runs.iter().filter_map(|run| self.figures(&self.runs[*run])).collect();
        if figures.len() * 10 < repeats.runs.len() * 9 {
            return None;
        }
        Held::new(&figures, &self.aims, &self.extra)
    }

    /// Figures beyond the unknowns, at least one.
    fn freedom(&self) -> usize {
        self.targets.len().saturating_sub(self.axes.len()).max(1)
    }
}
