//! Early refresh: how long before expiry it starts, and how many fetches one expiry costs.
//!
//! Source of the policy: Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede
//! Prevention", VLDB 2015. With s the time left to expiry, a read refreshes with probability `e^(-s / th)`,
//! `th = beta delta`, where delta is the time the last fetch took. Under Poisson reads with rate l the
//! first refresh therefore has the hazard `l e^(-s/th)` per second. All fetches take `delta`.

use super::special::ein;

/// Mean time before expiry at which the first refresh starts, in seconds.
///
/// The chance that nobody has refreshed when s is left is `exp(-a (e^(-s/th) - e^(-T/th)))` with `a = l th`.
/// The mean of s is the integral over (0, T) of one minus that chance (a key that nobody refreshes early has
/// gap zero): `th (Ein(a) - Ein(a e^(-T/th)))` once `e^(a e^(-T/th))` is 1 for practical purposes.
pub fn gap_mean_s(rate_per_s: f64, ttl_s: f64, delta_s: f64, beta: f64) -> f64 {
    let theta_s = beta * delta_s;
    let a = rate_per_s * theta_s;
    theta_s * (ein(a) - ein(a * libm::exp(-ttl_s / theta_s)))
}

/// Mean fetches per expiry without coalescing: `e^(1/beta)`, whatever the rate and delta.
///
/// When the first refresh starts, the hazard it ended, accumulated from the fill on, is a unit exponential X.
/// Until its fill comes delta later the accumulated hazard grows by the factor `e^(1/beta)`, so a Poisson
/// number of further reads with mean `X (e^(1/beta) - 1)` refresh too, which makes the total geometric. Holds
/// where the first fill comes before expiry, that is for a [`gap_mean_s`] well above delta.
pub fn stampede_mean(beta: f64) -> f64 {
    libm::exp(1.0 / beta)
}

/// Share of expiries that cost exactly one fetch, without coalescing: `e^(-1/beta)`.
pub fn stampede_of_one(beta: f64) -> f64 {
    libm::exp(-1.0 / beta)
}

/// Mean time from the start of the first fetch of an expiry to the start of its last, in seconds.
///
/// Given X, the fetches after the first are Poisson with intensity `(X/th) e^(v/th)` at time v, so nothing
/// starts after v with probability `exp(-X (e^(delta/th) - e^(v/th)))`; averaged over X and integrated over
/// v this is `delta tanh(1 / (2 beta))`.
pub fn stampede_spread_s(delta_s: f64, beta: f64) -> f64 {
    delta_s * libm::tanh(0.5 / beta)
}

/// Mean time from the last fill of one expiry to the last fill of the next without coalescing, in seconds:
/// each fill overwrites and renews.
pub fn cycle_s(rate_per_s: f64, ttl_s: f64, delta_s: f64, beta: f64) -> f64 {
    ttl_s - gap_mean_s(rate_per_s, ttl_s, delta_s, beta) + delta_s + stampede_spread_s(delta_s, beta)
}

/// Fetches per second of one key with XFetch and singleflight: one fetch per `T - gap + delta`.
pub fn singleflight_db_per_s(rate_per_s: f64, ttl_s: f64, delta_s: f64, beta: f64) -> f64 {
    1.0 / (ttl_s - gap_mean_s(rate_per_s, ttl_s, delta_s, beta) + delta_s)
}

/// The same for a key of any rate: where nobody refreshes in time, which has the chance `exp(-a (1 - e^(-T/th)))`, the entry
/// expires, and the next fetch waits for the next read, 1/l on average.
pub fn singleflight_any_rate_per_s(rate_per_s: f64, ttl_s: f64, delta_s: f64, beta: f64) -> f64 {
    let theta_s = beta * delta_s;
    let missed = libm::exp(rate_per_s * theta_s * libm::expm1(-ttl_s / theta_s));
    let gap_s = gap_mean_s(rate_per_s, ttl_s, delta_s, beta);
    1.0 / (ttl_s - gap_s + delta_s + missed / rate_per_s)
}

/// Mean fetches per expiry of the paper's baseline: a read refreshes if `now + window U >= expiry`, U
/// uniform.
///
/// A read refreshes with probability `1 - s / window`, so v seconds into the window the hazard is `l v /
/// window` and the first refresh comes after a Rayleigh time of mean `sqrt(pi window / (2 l))`. Until its
/// fill, delta later, another `l (2 v delta + delta^2) / (2 window)` reads refresh. Holds while that all
/// lies within the window.
pub fn uniform_stampede_mean(rate_per_s: f64, window_s: f64, delta_s: f64) -> f64 {
    let first_s = (std::f64::consts::PI * window_s / (2.0 * rate_per_s)).sqrt();
    1.0 + rate_per_s * delta_s * (2.0 * first_s + delta_s) / (2.0 * window_s)
}

#[cfg(test)]
mod tests {
    use super::super::twin::{Coin, close, integrate};
    use super::*;

    #[test]
    fn gap_of_the_validation_table_and_by_integration() {
        close(gap_mean_s(100.0, 30.0, 1.0, 1.0), 5.1824, 5e-5);
        let by_hand = integrate(|s| 1.0 - libm::exp(-50.0 * (libm::exp(-s / 0.5))), 0.0, 30.0);
        close(gap_mean_s(100.0, 30.0, 1.0, 0.5), by_hand, 1e-6);
    }

    #[test]
    fn stampedes_of_the_validation_table() {
        for (beta, mean) in [(0.5, 7.388), (1.0, std::f64::consts::E), (1.5, 1.948), (2.0, 1.649)] {
            close(stampede_mean(beta), mean, 1.1e-3);
        }
        close(stampede_of_one(1.0), 0.368, 5e-4);
        close(uniform_stampede_mean(100.0, 5.47, 1.0), 15.50, 5e-3);
        close(singleflight_db_per_s(100.0, 60.0, 1.0, 1.0), 0.017915, 1e-6);
    }

    /// Replays expiries read by read: (mean gap, mean fetches, mean spread of their starts).
    fn replay(rate: f64, ttl: f64, delta: f64, refresh: impl Fn(f64, f64) -> bool) -> (f64, f64, f64) {
        let mut coin = Coin(3);
        let expiries = 20_000;
        let (mut gap, mut fetches, mut spread) = (0.0, 0u32, 0.0);
        for _ in 0..expiries {
            let (mut now, mut first, mut last) = (0.0, None, 0.0);
            loop {
                now += coin.exponential(rate);
                if first.is_some_and(|first| now >= first + delta) {
                    break;
                }
                if now >= ttl || refresh(ttl - now, coin.uniform()) {
                    fetches += 1;
                    last = now;
                    if first.is_none() {
                        gap += (ttl - now).max(0.0);
                        first = Some(now);
                    }
                }
            }
            spread += last - first.unwrap_or(last);
        }
        let n = f64::from(expiries);
        (gap / n, f64::from(fetches) / n, spread / n)
    }

    #[test]
    fn replay_by_hand_agrees() {
        for beta in [0.5, 1.0, 1.5] {
            let (gap, fetches, spread) =
                replay(30.0, 20.0, 1.0, |left, u| -beta * libm::log(1.0 - u) >= left);
            close(gap, gap_mean_s(30.0, 20.0, 1.0, beta), 0.04);
            close(fetches, stampede_mean(beta), 0.03 * stampede_mean(beta));
            close(spread, stampede_spread_s(1.0, beta), 0.015);
        }
        let (_, fetches, _) = replay(100.0, 10.0, 1.0, |left, u| 5.47 * u >= left);
        close(fetches, uniform_stampede_mean(100.0, 5.47, 1.0), 0.1);
    }

    /// A cold key is renewed as if there were no early refresh, a hot one as if there were no expiry.
    #[test]
    fn any_rate_lies_between_its_limits() {
        let (ttl_s, delta_s) = (60.0, 0.5);
        let cold = singleflight_any_rate_per_s(1e-4, ttl_s, delta_s, 1.0);
        close(cold, 1.0 / (ttl_s + delta_s + 1e4), 1e-8);
        let hot = singleflight_any_rate_per_s(1_000.0, ttl_s, delta_s, 1.0);
        close(hot, singleflight_db_per_s(1_000.0, ttl_s, delta_s, 1.0), 1e-12);
    }
}
