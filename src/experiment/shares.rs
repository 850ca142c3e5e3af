//! Shares of runs with exact bounds.

use super::statistics::CONFIDENCE;
use crate::oracle::tails::beta_quantile;

/// So many of so many independent runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Runs {
    pub count: usize,
    /// At least `count`.
    pub of: usize,
}

impl Runs {
    /// Every run, of which there is one at least.
    pub fn is_all(self) -> bool {
        self.count == self.of
    }

    /// Whether this is at least `share` of the runs.
    ///
    /// ```
    /// use herdlab::experiment::shares::Runs;
    /// assert!(Runs { count: 9, of: 10 }.reaches(0.9));
    /// assert!(!Runs { count: 9, of: 10 }.reaches(0.91));
    /// ```
    pub fn reaches(self, share: f64) -> bool {
        // Nine of ten are 90 %, whatever the last digit of the product is.
        self.count as f64 >= share * self.of as f64 - 1e-9
    }

    /// The share of all runs that could be made, at least, with 95 % confidence: the lower bound of Clopper and Pearson (The
    /// Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial, Biometrika 26, 1934).
    ///
    /// ```
    /// use herdlab::experiment::shares::Runs;
    /// // Ten of ten: the tenth root of 0.05.
    /// assert!((Runs { count: 10, of: 10 }.at_least() - 0.05f64.powf(0.1)).abs() < 1e-9);
    /// assert_eq!(Runs { count: 0, of: 10 }.at_least(), 0.0);
    /// ```
    pub fn at_least(self) -> f64 {
        self.lower(1.0 - CONFIDENCE)
    }

    /// Both bounds of Clopper and Pearson, 95 % together.
    pub fn interval(self) -> (f64, f64) {
        let each = (1.0 - CONFIDENCE) / 2.0;
        let others = Runs { count: self.of - self.count, of: self.of };
        (self.lower(each), 1.0 - others.lower(each))
    }

    /// The share at which as many runs or more have this probability.
    fn lower(self, probability: f64) -> f64 {
        debug_assert!(self.count <= self.of);
        if self.count == 0 {
            return 0.0;
        }
        let (shape_a, shape_b) = (self.count as f64, (self.of - self.count + 1) as f64);
        beta_quantile(probability, shape_a, shape_b)
    }
}

impl std::fmt::Display for Runs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} runs", self.count, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At its bound a share gives as many runs or more with the probability of the bound: summed up, term by term.
    #[test]
    fn bounds_are_where_the_tail_of_the_binomial_says() {
        let tail = |share: f64, count: usize, of: usize| -> f64 {
            let choose = |k: usize| (0..k).fold(1.0, |product, i| product * (of - i) as f64 / (i + 1) as f64);
            (count..=of).map(|k| choose(k) * share.powi(k as i32) * (1.0 - share).powi((of - k) as i32)).sum()
        };
        for (count, of) in [(1, 10), (5, 10), (9, 10), (10, 10), (13, 20), (36, 40)] {
            let runs = Runs { count, of };
            assert!((tail(runs.at_least(), count, of) - 0.05).abs() < 1e-6, "{runs}");
            assert!((tail(runs.interval().0, count, of) - 0.025).abs() < 1e-6, "{runs}");
        }
        // Tables: 5 of 10.
        let (low, high) = Runs { count: 5, of: 10 }.interval();
        assert!((low - 0.1871).abs() < 1e-4 && (high - 0.8129).abs() < 1e-4, "{low} {high}");
        assert_eq!(Runs { count: 10, of: 10 }.interval().1, 1.0);
    }
}
