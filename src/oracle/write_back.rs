//! Write-back: what reaches the database of the writes that a cache acknowledges.
//!
//! A worker wakes every `interval_s` and sends what is dirty then, which takes no time. Writes of a key are Poisson.

/// Writes at the database per write that the cache takes: a key costs one per interval in which it is written at all,
/// `(1 - e^(-wF)) / (wF)`.
pub fn writes_left(writes_per_s: f64, interval_s: f64) -> f64 {
    let per_interval = writes_per_s * interval_s;
    if per_interval > 0.0 { -libm::expm1(-per_interval) / per_interval } else { 1.0 }
}

/// How long a dirty key waits for the worker, on average: the interval less the first write in it, given that there is
/// one. With `E[X; X < F] = 1/w - (F + 1/w) e^(-wF)` that is `F / (1 - e^(-wF)) - 1/w`.
pub fn flush_lag_mean_s(writes_per_s: f64, interval_s: f64) -> f64 {
    interval_s / -libm::expm1(-writes_per_s * interval_s) - 1.0 / writes_per_s
}

/// Writes that a crash takes along, on average, `after_s` after the worker has woken: all of them since then, however
/// often they rewrite the same key.
pub fn lost_writes(writes_per_s: f64, after_s: f64) -> f64 {
    writes_per_s * after_s
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::twin::{Coin, close, integrate};

    #[test]
    fn coalescing_by_replay() {
        let (writes_per_s, interval_s) = (0.6, 2.5);
        let mut coin = Coin(11);
        let (mut now, mut writes, mut flushes, mut lag_s) = (0.0, 0u32, 0u32, 0.0);
        let mut flushed_at = 0.0;
        while writes < 1_000_000 {
            now += coin.exponential(writes_per_s);
            writes += 1;
            // The first write since the last waking makes it dirty, others until the next one coalesce.
            if now >= flushed_at {
                flushed_at = (libm::floor(now / interval_s) + 1.0) * interval_s;
                flushes += 1;
                lag_s += flushed_at - now;
            }
        }
        close(f64::from(flushes) / f64::from(writes), writes_left(writes_per_s, interval_s), 1e-3);
        close(lag_s / f64::from(flushes), flush_lag_mean_s(writes_per_s, interval_s), 3e-3);
    }

    #[test]
    fn the_mean_lag_by_integration() {
        let (w, f) = (0.6, 2.5);
        let first = |x: f64| (f - x) * w * libm::exp(-w * x);
        close(integrate(first, 0.0, f) / -libm::expm1(-w * f), flush_lag_mean_s(w, f), 1e-9);
    }

    #[test]
    fn rare_writes_are_flushed_one_by_one() {
        close(writes_left(0.0, 5.0), 1.0, 0.0);
        close(writes_left(1e-9, 5.0), 1.0, 1e-8);
        close(flush_lag_mean_s(1e-6, 5.0), 2.5, 1e-3);
    }
}
