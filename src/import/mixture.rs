//! Times of service of several statements as one distribution.

use crate::model::Quantiles;
use crate::oracle::special::root;

/// A statement: how often, and how long it takes (mean and standard deviation in milliseconds). Its times are taken to be
/// lognormal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub weight: f64,
    pub mean: f64,
    pub deviation: f64,
}

impl Part {
    /// Parameters of the lognormal distribution with this mean and deviation.
    fn mu_sigma(&self) -> (f64, f64) {
        let cv2 = (self.deviation / self.mean) * (self.deviation / self.mean);
        let sigma2 = libm::log1p(cv2).max(1e-12);
        (libm::log(self.mean) - sigma2 / 2.0, sigma2.sqrt())
    }

    /// Share of its calls that take at most `x`, and their part of its mean.
    fn below(&self, x: f64) -> (f64, f64) {
        if self.mean <= 0.0 {
            return (1.0, 0.0);
        }
        if x <= 0.0 {
            return (0.0, 0.0);
        }
        let (mu, sigma) = self.mu_sigma();
        let z = (libm::log(x) - mu) / sigma;
        (normal_cdf(z), self.mean * normal_cdf(z - sigma))
    }
}

fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// Mean over all calls in milliseconds.
pub(super) fn mean_ms(parts: &[Part]) -> f64 {
    let calls: f64 = parts.iter().map(|part| part.weight).sum();
    parts.iter().map(|part| part.weight * part.mean).sum::<f64>() / calls
}

/// Share of all calls that take at most `x`, and their part of the mean.
fn below(parts: &[Part], x: f64) -> (f64, f64) {
    let calls: f64 = parts.iter().map(|part| part.weight).sum();
    parts.iter().fold((0.0, 0.0), |(share, mean), part| {
        let (own_share, own_mean) = part.below(x);
        (share + part.weight / calls * own_share, mean + part.weight / calls * own_mean)
    })
}

/// The mixture by quantiles, in milliseconds: straight lines between knots, which are dense where the distribution is not
/// straight, so that the mean is right within one per cent or 24 knots are spent.
pub(super) fn quantiles(parts: &[Part]) -> Quantiles {
    let longest = parts.iter().map(|part| part.mean + 50.0 * part.deviation).fold(1e-6, f64::max);
    let at = |share: f64| root(|x| below(parts, x).0 - share, 0.0, longest);
    let mut knots: Vec<(f64, f64)> = [0.01, 0.5, 0.9, 0.99, 0.999].map(|share| (share, at(share))).to_vec();
    knots.insert(0, (0.0, at(1e-4)));
    let target = mean_ms(parts);
    let error = |pair: &[(f64, f64)]| {
        let [(low, from), (high, to)] = pair else { return 0.0 };
        let exact = below(parts, *to).1 - below(parts, *from).1;
        ((high - low) * (from + to) / 2.0 - exact).abs()
    };
    while knots.len() < MOST_KNOTS {
        let worst = knots.windows(2).map(error).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((index, size)) = worst else { break };
        if size < 0.001 * target {
            break;
        }
        let share = (knots[index].0 + knots[index + 1].0) / 2.0;
        knots.insert(index + 1, (share, at(share)));
    }
    // The last line carries what is left of the mean beyond the last knot.
    let (share, last) = knots[knots.len() - 1];
    let beyond = target - below(parts, last).1;
    knots.push((1.0, (2.0 * beyond / (1.0 - share) - last).max(last)));
    let (shares, ns) = knots.into_iter().unzip();
    Quantiles { shares, ns }
}

const MOST_KNOTS: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_keeps_its_mean_and_its_two_humps() {
        // One of eight calls is seventy times as slow.
        let parts = [
            Part { weight: 812_345.0, mean: 4.2, deviation: 11.9 },
            Part { weight: 120_034.0, mean: 312.5, deviation: 280.1 },
            Part { weight: 40_021.0, mean: 2.1, deviation: 1.0 },
        ];
        let mean = (812_345.0 * 4.2 + 120_034.0 * 312.5 + 40_021.0 * 2.1) / 972_400.0;
        let table = quantiles(&parts);
        assert!((table.mean_ns() / mean - 1.0).abs() < 0.01, "{} for {mean}", table.mean_ns());
        assert!(table.at(0.5) < 2.5 && table.at(0.95) > 200.0, "{table:?}");
        assert!(table.ns.len() <= MOST_KNOTS + 1);
    }

    #[test]
    fn one_statement_is_its_lognormal() {
        let one = [Part { weight: 7.0, mean: 10.0, deviation: 10.0 }];
        let table = quantiles(&one);
        // sigma^2 = ln 2: the median is 10 / sqrt 2.
        assert!((table.at(0.5) - 10.0 / 2f64.sqrt()).abs() < 0.02, "{}", table.at(0.5));
        assert!((table.mean_ns() - 10.0).abs() < 0.1, "{}", table.mean_ns());
        let same = quantiles(&[Part { weight: 1.0, mean: 5.0, deviation: 0.0 }]);
        assert!((same.at(0.02) - 5.0).abs() < 0.01 && (same.at(0.99) - 5.0).abs() < 0.01, "{same:?}");
    }
}
