//! Measured times in the order in which they were measured, and their quantiles.

use rand::RngExt as _;

use crate::dice::{Stream, stream};
use crate::model::Nanos;
use crate::units::format_duration;

/// The quantiles of a table; dense where tails are.
pub(super) const SHARES: [f64; 17] =
    [0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0];

/// The times are resampled in so many blocks of neighbours: of ten seconds, a second each, as long as a client of the probes lasts.
const BLOCKS: usize = 10;

/// A time, and the instant at which its measurement ended, from the beginning of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    pub at_ns: Nanos,
    pub ns: f64,
}

/// At least one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// As measured, one after the other.
    measured: Vec<Timed>,
    /// In nanoseconds.
    sorted: Vec<f64>,
}

impl Times {
    /// `None` of nothing.
    pub fn of(measured: Vec<Timed>) -> Option<Times> {
        let mut sorted: Vec<f64> = measured.iter().map(|timed| timed.ns).collect();
        assert!(sorted.iter().all(|ns| ns.is_finite() && *ns >= 0.0), "times are not negative");
        sorted.sort_by(f64::total_cmp);
        (!sorted.is_empty()).then_some(Times { measured, sorted })
    }

    pub fn count(&self) -> usize {
        self.measured.len()
    }

    pub fn mean_ns(&self) -> f64 {
        self.sorted.iter().sum::<f64>() / self.sorted.len() as f64
    }

    /// Those of a part of the time; `None`: there are none.
    pub fn during(&self, part: std::ops::Range<Nanos>) -> Option<Times> {
        Times::of(self.measured.iter().filter(|timed| part.contains(&timed.at_ns)).copied().collect())
    }

    /// So many blocks of neighbours, drawn anew (Politis, Romano: A circular block-resampling procedure for stationary data, 1992), which
    /// keeps disturbances whole: the times that so many other clients of the same servers could have had.
    pub fn resampled(&self, clients: usize, dice: &mut Stream) -> Times {
        let count = self.count();
        let length = count.div_ceil(BLOCKS);
        let mut drawn = Vec::with_capacity(clients * length);
        for _ in 0..clients.clamp(1, BLOCKS) {
            let first = dice.random_range(0..count);
            drawn.extend((first..first + length).map(|index| self.measured[index % count]));
        }
        Times::of(drawn).unwrap_or_else(|| self.clone())
    }

    /// The time that is not exceeded with this probability, in nanoseconds; linear between neighbours.
    pub fn at(&self, share: f64) -> f64 {
        let place = share.clamp(0.0, 1.0) * (self.sorted.len() - 1) as f64;
        let (below, rest) = (place.floor() as usize, place.fract());
        let next = self.sorted[(below + 1).min(self.sorted.len() - 1)];
        self.sorted[below] + rest * (next - self.sorted[below])
    }

    /// The median of the second half over that of the first, less 1; `None` for fewer than 20.
    pub fn drift(&self) -> Option<f64> {
        let (first, second) = self.measured.split_at(self.count() / 2);
        let median = |half: &[Timed]| Times::of(half.to_vec()).map(|half| half.at(0.5));
        let (first, second) = (median(first)?, median(second)?);
        (self.count() >= 20 && first > 0.0).then(|| second / first - 1.0)
    }

    /// Sums with others that are independent of them, in random pairs: as many as there are of the more numerous.
    pub fn plus(&self, others: &Times) -> Times {
        let mut dice = stream(0, 0, "sums");
        let total = self.count().max(others.count());
        let sums = (0..total).map(|index| {
            let timed = self.measured[index * self.count() / total];
            Timed { ns: timed.ns + others.measured[dice.random_range(0..others.count())].ns, ..timed }
        });
        Times::of(sums.collect()).unwrap_or_else(|| self.clone())
    }

    /// Each shorter by so much, and none below zero.
    pub fn less(&self, ns: f64) -> Times {
        let less = |time: f64| (time - ns).max(0.0);
        Times {
            measured: self.measured.iter().map(|timed| Timed { ns: less(timed.ns), ..*timed }).collect(),
            sorted: self.sorted.iter().map(|&time| less(time)).collect(),
        }
    }

    /// The law as a scenario takes it: a table of quantiles, of which the highest are left out where there are too few times to
    /// know them.
    ///
    /// ```
    /// use herdlab::live::calibrate::{Timed, Times};
    /// let measured = [1000.0, 2000.0, 3000.0].map(|ns| Timed { at_ns: 0, ns });
    /// let times = Times::of(measured.to_vec()).unwrap();
    /// assert!(times.toml().starts_with("{ quantiles = { at = [0, 0.1, "));
    /// assert!(times.toml().contains("\"2us\""));
    /// ```
    pub fn toml(&self) -> String {
        let known = |share: &&f64| {
            **share == 0.0 || **share == 1.0 || (**share).min(1.0 - **share) * self.count() as f64 >= 0.25
        };
        let shares: Vec<f64> = SHARES.iter().filter(known).copied().collect();
        let at: Vec<String> = shares.iter().map(f64::to_string).collect();
        let times: Vec<String> = shares
            .iter()
            .map(|share| format!("\"{}\"", format_duration(self.at(*share).round() as u64)))
            .collect();
        format!("{{ quantiles = {{ at = [{}], times = [{}] }} }}", at.join(", "), times.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One every 100 ns.
    fn times(ns: impl IntoIterator<Item = f64>) -> Times {
        let timed = |(index, ns)| Timed { at_ns: index as Nanos * 100, ns };
        Times::of(ns.into_iter().enumerate().map(timed).collect()).unwrap()
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let times = times([30.0, 10.0, 20.0]);
        assert_eq!((times.at(0.0), times.at(0.25), times.at(0.5), times.at(1.0)), (10.0, 15.0, 20.0, 30.0));
        assert_eq!((times.mean_ns(), times.count()), (20.0, 3));
        assert_eq!(times.less(15.0).at(0.0), 0.0);
        assert!(Times::of(Vec::new()).is_none());
    }

    #[test]
    fn drift_compares_halves_in_their_order() {
        let grown = (0..40).map(|index| if index < 20 { 100.0 } else { 110.0 });
        assert!((times(grown).drift().unwrap() - 0.1).abs() < 1e-12);
        assert_eq!(times([1.0; 19]).drift(), None);
    }

    #[test]
    fn sums_are_those_of_random_pairs() {
        let sums = times([100.0, 200.0]).plus(&times([1.0, 5.0].repeat(2_000)));
        assert_eq!(sums.count(), 4_000);
        // Four sums, a quarter of the pairs each, within five standard errors.
        assert_eq!([0.1, 0.3, 0.7, 0.9].map(|share| sums.at(share)), [101.0, 105.0, 201.0, 205.0]);
        assert!((sums.mean_ns() - 153.0).abs() < 5.0 * 50.1 / 4_000f64.sqrt(), "{}", sums.mean_ns());
        assert_eq!(times([7.0, 7.0]).plus(&times([0.5])).at(0.5), 7.5);
    }

    #[test]
    fn a_part_of_the_time_has_its_own() {
        let times = times([5.0, 7.0, 9.0, 11.0]);
        assert_eq!(times.during(100..300).unwrap().count(), 2);
        assert_eq!(times.during(100..300).unwrap().at(0.5), 8.0);
        assert_eq!(times.during(301..900), None);
    }

    /// The median of n independent normal times has a standard error of sqrt(pi / 2) / sqrt(n) standard deviations: all 400 of them where ten
    /// blocks are drawn, 40 where one is, and ten where those of a block are one and the same.
    #[test]
    fn another_measurement_differs_by_the_standard_error() {
        let mut dice = stream(3, 0, "resampled");
        for (alike, clients, expected) in [(1, 10, 0.0627), (1, 1, 0.198), (40, 10, 0.396)] {
            let normal = |dice: &mut Stream| {
                crate::oracle::tails::normal_quantile(crate::dice::unit_open_zero(dice).min(0.999_999))
            };
            let values: Vec<f64> = (0..400 / alike)
                .flat_map(|_| std::iter::repeat_n(100.0 + normal(&mut dice), alike))
                .collect();
            let times = times(values);
            let medians: Vec<f64> = (0..400).map(|_| times.resampled(clients, &mut dice).at(0.5)).collect();
            let mean = medians.iter().sum::<f64>() / 400.0;
            let error = (medians.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
            assert!((0.6..1.6).contains(&(error / expected)), "{alike} alike, {clients} clients: {error}");
        }
        assert_eq!(times([4.0]).resampled(3, &mut dice).count(), 3);
    }
}
