//! Measured times in the order in which they were measured, and their quantiles.

use crate::units::format_duration;

/// The quantiles of a table; dense where tails are.
pub(super) const SHARES: [f64; 17] =
    [0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0];

/// At least one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// As measured, one after the other.
    ns: Vec<f64>,
    sorted: Vec<f64>,
}

impl Times {
    /// `None` of nothing.
    pub fn of(ns: Vec<f64>) -> Option<Times> {
        assert!(ns.iter().all(|ns| ns.is_finite() && *ns >= 0.0), "times are not negative");
        let mut sorted = ns.clone();
        sorted.sort_by(f64::total_cmp);
        (!sorted.is_empty()).then_some(Times { ns, sorted })
    }

    pub fn count(&self) -> usize {
        self.ns.len()
    }

    pub fn mean_ns(&self) -> f64 {
        self.ns.iter().sum::<f64>() / self.ns.len() as f64
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
        let (first, second) = self.ns.split_at(self.ns.len() / 2);
        let median = |half: &[f64]| Times::of(half.to_vec()).map(|half| half.at(0.5));
        let (first, second) = (median(first)?, median(second)?);
        (self.ns.len() >= 20 && first > 0.0).then(|| second / first - 1.0)
    }

    /// Each shorter by so much, and none below zero.
    pub fn less(&self, ns: f64) -> Times {
        let less = |times: &[f64]| times.iter().map(|time| (time - ns).max(0.0)).collect();
        Times { ns: less(&self.ns), sorted: less(&self.sorted) }
    }

    /// The law as a scenario takes it: a table of quantiles, of which the highest are left out where there are too few times to
    /// know them.
    ///
    /// ```
    /// use herdlab::live::calibrate::Times;
    /// let times = Times::of(vec![1000.0, 2000.0, 3000.0]).unwrap();
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

    #[test]
    fn quantiles_lie_between_neighbours() {
        let times = Times::of(vec![30.0, 10.0, 20.0]).unwrap();
        assert_eq!((times.at(0.0), times.at(0.25), times.at(0.5), times.at(1.0)), (10.0, 15.0, 20.0, 30.0));
        assert_eq!((times.mean_ns(), times.count()), (20.0, 3));
        assert_eq!(times.less(15.0).at(0.0), 0.0);
        assert!(Times::of(Vec::new()).is_none());
    }

    #[test]
    fn drift_compares_halves_in_their_order() {
        let grown: Vec<f64> = (0..40).map(|index| if index < 20 { 100.0 } else { 110.0 }).collect();
        assert!((Times::of(grown).unwrap().drift().unwrap() - 0.1).abs() < 1e-12);
        assert_eq!(Times::of(vec![1.0; 19]).unwrap().drift(), None);
    }
}
