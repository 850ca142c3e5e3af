//! One key under a time to live: hits, waits, rate of calls of the database.
//!
//! Reads of the key are Poisson with rate l; the entry lives T from the moment its fill takes effect; a
//! fetch takes D. Everything below is a renewal argument: cut time into cycles that start with a miss,
//! count what happens in one of them on average, divide by its average length. The rates of many
//! independent keys add up ([`zipf_singleflight`]).

/// Load of one key, or of many, on the cache and on the database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Share of reads that find the entry.
    pub hit: f64,
    /// Share of reads that wait for somebody else's fetch.
    pub coalesced: f64,
    /// Share of reads that lead a fetch.
    pub miss: f64,
    /// Fetches per second.
    pub db_per_s: f64,
}

/// Reads in one cycle with singleflight: the miss, the `l D` that join its flight, the `l T` that hit.
fn reads_per_cycle(rate_per_s: f64, ttl_s: f64, fetch_mean_s: f64) -> f64 {
    1.0 + rate_per_s * (ttl_s + fetch_mean_s)
}

/// TTL with singleflight, one instance, any distribution of the fetch time.
///
/// A cycle is: a miss, a fetch of length D during which `l E[D]` reads join, a life of T with `l T` hits,
/// and an exponential wait for the next read. So with `M = 1 + l (T + E[D])` reads per cycle, hits are
/// `l T / M`, coalesced `l E[D] / M`, misses `1 / M`, and the database sees `l / M` fetches per second.
/// Only the mean of the time to live enters, so jitter around T changes nothing.
pub fn singleflight(rate_per_s: f64, ttl_s: f64, fetch_mean_s: f64) -> Rates {
    let reads = reads_per_cycle(rate_per_s, ttl_s, fetch_mean_s);
    Rates {
        hit: rate_per_s * ttl_s / reads,
        coalesced: rate_per_s * fetch_mean_s / reads,
        miss: 1.0 / reads,
        db_per_s: rate_per_s / reads,
    }
}

/// Mean time a read waits for the database under [`singleflight`], over all reads, in seconds.
///
/// The leader waits D. A joiner arrives uniformly within the fetch, so `l D` joiners wait D/2 each:
/// `(E[D] + l E[D^2] / 2) / M`.
///
/// `fetch_square_s2` is E\[D^2\] in square seconds: `mean^2 (1 + cv^2)`.
pub fn singleflight_wait_s(rate_per_s: f64, ttl_s: f64, fetch_mean_s: f64, fetch_square_s2: f64) -> f64 {
    (fetch_mean_s + rate_per_s * fetch_square_s2 / 2.0) / reads_per_cycle(rate_per_s, ttl_s, fetch_mean_s)
}

/// A stampede cycle without coalescing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stampede {
    /// Fetches per cycle.
    pub fetches: f64,
    /// Length of the cycle, from the first miss to the next first miss.
    pub cycle_s: f64,
    /// Fetches per second.
    pub db_per_s: f64,
    /// Fetches per second if the first fill counted and later ones were dropped.
    pub db_first_fill_wins_per_s: f64,
}

/// TTL without coalescing, constant fetch time `D < T`: every read that arrives before the first fill
/// fetches for itself, and each of those fills overwrites the entry and renews its time to live.
///
/// From the first miss on, `l D` more reads miss, so a cycle has `1 + l D` fetches. The last of them
/// starts `D - (1 - e^(-lD)) / l` after the first on average (the distance of a Poisson stream's last
/// point from the end of an interval, with the first miss as the point of last resort), its fill comes D
/// later, lives T, and the next read comes `1/l` after that: `T + 2D - (1 - e^(-lD)) / l + 1 / l`.
pub fn no_coalescing(rate_per_s: f64, ttl_s: f64, fetch_s: f64) -> Stampede {
    let fetches = 1.0 + rate_per_s * fetch_s;
    let last_start_s = fetch_s + libm::expm1(-rate_per_s * fetch_s) / rate_per_s;
    let cycle_s = last_start_s + fetch_s + ttl_s + 1.0 / rate_per_s;
    Stampede {
        fetches,
        cycle_s,
        db_per_s: fetches / cycle_s,
        db_first_fill_wins_per_s: fetches / (fetch_s + ttl_s + 1.0 / rate_per_s),
    }
}

/// Hit share with a sliding TTL (each hit renews it) and singleflight.
///
/// After a fill the entry lives until a gap between reads exceeds T. A gap is shorter with probability
/// `1 - e^(-lT)`, so the number of hits is geometric with mean `e^(lT) - 1`; with the miss and its `l E[D]`
/// joiners the cycle has `e^(lT) + l E[D]` reads.
pub fn sliding_hit(rate_per_s: f64, ttl_s: f64, fetch_mean_s: f64) -> f64 {
    let grown = libm::exp(rate_per_s * ttl_s);
    (grown - 1.0) / (grown + rate_per_s * fetch_mean_s)
}

/// Share of reads answered with a superseded version, writes being Poisson with rate u and the cached copy
/// left alone (write-around), fetches instantaneous.
///
/// A hit finds the copy at an age uniform on (0, T); it is still current if no write came in that time:
/// `F = (1 - e^(-uT)) / (uT)` on average. Misses are never stale, so of all reads `(1 - F) l T / (1 + l T)`.
pub fn write_around_stale(reads_per_s: f64, writes_per_s: f64, ttl_s: f64) -> f64 {
    let exposure = writes_per_s * ttl_s;
    let fresh = -libm::expm1(-exposure) / exposure;
    (1.0 - fresh) * singleflight(reads_per_s, ttl_s, 0.0).hit
}

/// Hit share where each write deletes the entry, fetches and deletes instantaneous; `ttl_s = None`: no
/// expiry.
///
/// The entry lives until the first write or its expiry, `m = (1 - e^(-uT)) / u` on average (`1/u` without
/// a TTL): hit `l m / (1 + l m)`.
pub fn invalidation_hit(reads_per_s: f64, writes_per_s: f64, ttl_s: Option<f64>) -> f64 {
    let life_s = match ttl_s {
        Some(ttl_s) => -libm::expm1(-writes_per_s * ttl_s) / writes_per_s,
        None => 1.0 / writes_per_s,
    };
    reads_per_s * life_s / (1.0 + reads_per_s * life_s)
}

/// Many keys with singleflight, `probabilities[i]` being the share of `rate_per_s` that goes to key i.
///
/// The keys are independent, so their rates add and their hit shares average by probability.
pub fn zipf_singleflight(rate_per_s: f64, probabilities: &[f64], ttl_s: f64, fetch_mean_s: f64) -> Rates {
    let mut sum = Rates { hit: 0.0, coalesced: 0.0, miss: 0.0, db_per_s: 0.0 };
    for p in probabilities {
        let key = singleflight(rate_per_s * p, ttl_s, fetch_mean_s);
        sum.hit += p * key.hit;
        sum.coalesced += p * key.coalesced;
        sum.miss += p * key.miss;
        sum.db_per_s += key.db_per_s;
    }
    sum
}

/// Fetches per second of many keys without coalescing, constant fetch time.
pub fn zipf_no_coalescing_per_s(rate_per_s: f64, probabilities: &[f64], ttl_s: f64, fetch_s: f64) -> f64 {
    probabilities.iter().map(|p| no_coalescing(rate_per_s * p, ttl_s, fetch_s).db_per_s).sum()
}

/// Keys that were all loaded at time zero and expire together, each read at the same rate; fetches
/// instantaneous.
#[derive(Clone, Copy, Debug)]
pub struct SynchronisedExpiry {
    pub keys: f64,
    pub reads_per_key_per_s: f64,
    pub ttl_s: f64,
    /// Times to live are uniform on `ttl_s - spread_s / 2` to `ttl_s + spread_s / 2`; 0: all equal. A
    /// jitter of plus J is a TTL longer by J/2 with a spread of J, around J a spread of 2J.
    pub spread_s: f64,
}

impl SynchronisedExpiry {
    /// Fetches in `[from_s, to_s)` of the first expiry wave.
    ///
    /// A key that expires at e is fetched at e plus an exponential time, so by time t a share
    /// `1 - e^(-l (t - e))` of them; with a spread this is averaged over e uniform on its range.
    pub fn fetches_between(&self, from_s: f64, to_s: f64) -> f64 {
        self.keys * (self.fetched_share_by(to_s) - self.fetched_share_by(from_s))
    }

    fn fetched_share_by(&self, t_s: f64) -> f64 {
        let first_s = self.ttl_s - self.spread_s / 2.0;
        let rate = self.reads_per_key_per_s;
        if t_s <= first_s {
            return 0.0;
        }
        if self.spread_s == 0.0 {
            return -libm::expm1(-rate * (t_s - first_s));
        }
        let expired_s = (t_s - first_s).min(self.spread_s);
        let since_last_s = (t_s - first_s) - expired_s;
        // Mean over the expired keys of e^(-l (t - e)), times the time over which they expired.
        let not_yet_s = (libm::exp(-rate * since_last_s) - libm::exp(-rate * (t_s - first_s))) / rate;
        (expired_s - not_yet_s) / self.spread_s
    }

    /// Fetches per second in the middle of a wave that is spread: `keys / spread`.
    pub fn plateau_per_s(&self) -> f64 {
        self.keys / self.spread_s
    }

    /// Fetches per second in the long run, whatever the spread: `keys / (T + 1/l)`.
    pub fn mean_per_s(&self) -> f64 {
        self.keys / (self.ttl_s + 1.0 / self.reads_per_key_per_s)
    }
}

#[cfg(test)]
mod tests {
    use super::super::special::zipf;
    use super::super::twin::{Coin, close, integrate};
    use super::*;

    #[test]
    fn singleflight_of_the_validation_table() {
        let row = singleflight(5.0, 10.0, 0.4);
        close(row.hit, 0.943396, 5e-7);
        close(row.coalesced, 0.037736, 5e-7);
        close(row.miss, 0.018868, 5e-7);
        close(row.db_per_s, 0.094340, 5e-7);
        close(row.hit + row.coalesced + row.miss, 1.0, 1e-15);
        close(singleflight_wait_s(5.0, 10.0, 0.4, 0.16), 0.015094, 5e-7);
        close(singleflight_wait_s(5.0, 10.0, 0.4, 0.32), 0.022642, 5e-7);
    }

    #[test]
    fn no_coalescing_of_the_validation_table_and_a_replay_by_hand() {
        let row = no_coalescing(10.0, 60.0, 5.0);
        close(row.fetches, 51.0, 1e-12);
        close(row.db_per_s, 0.72857, 5e-6);
        close(row.db_first_fill_wins_per_s, 0.7834, 5e-5);

        // Few reads per fetch, where the exponential term counts.
        let (rate, ttl, fetch) = (0.5, 4.0, 1.5);
        let mut coin = Coin(7);
        let (mut now, mut fetches, mut expiry) = (0.0, 0u32, f64::NEG_INFINITY);
        let mut pending: std::collections::VecDeque<f64> = Default::default();
        while fetches < 1_000_000 {
            now += coin.exponential(rate);
            while pending.front().is_some_and(|fill| *fill <= now) {
                expiry = pending.pop_front().unwrap_or(now) + ttl;
            }
            if now >= expiry {
                fetches += 1;
                pending.push_back(now + fetch);
            }
        }
        close(f64::from(fetches) / now, no_coalescing(rate, ttl, fetch).db_per_s, 1e-3);
    }

    #[test]
    fn sliding_of_the_validation_table() {
        close(sliding_hit(1.0, 2.0, 0.0), 0.864665, 5e-7);
        close(sliding_hit(1.0, 2.0, 0.5), 0.809863, 5e-7);
    }

    #[test]
    fn staleness_and_invalidation_of_the_validation_table() {
        close(singleflight(1.0, 10.0, 0.0).hit, 0.90909, 1e-5);
        close(write_around_stale(1.0, 0.1, 10.0), 0.33444, 5e-6);
        close(invalidation_hit(5.0, 0.05, None), 0.990099, 5e-7);
        close(invalidation_hit(5.0, 0.05, Some(10.0)), 0.975215, 5e-7);
    }

    #[test]
    fn staleness_by_replay() {
        let (reads, writes, ttl) = (2.0, 0.3, 3.0);
        let mut coin = Coin(11);
        let (mut now, mut expiry, mut read_at, mut written_at) = (0.0, 0.0, 0.0, -1.0);
        let (mut all, mut stale) = (0u32, 0u32);
        while all < 2_000_000 {
            now += coin.exponential(reads + writes);
            if coin.uniform() < writes / (reads + writes) {
                written_at = now;
                continue;
            }
            all += 1;
            if now >= expiry {
                (read_at, expiry) = (now, now + ttl);
            } else if written_at > read_at {
                stale += 1;
            }
        }
        close(f64::from(stale) / f64::from(all), write_around_stale(reads, writes, ttl), 2e-3);
    }

    #[test]
    fn zipf_sum_of_the_validation_table() {
        let p = zipf(10_000, 1.0);
        let row = zipf_singleflight(1000.0, &p, 60.0, 0.05);
        close(row.hit, 0.900462, 5e-7);
        close(row.db_per_s, 98.79, 5e-3);
        close(zipf_no_coalescing_per_s(1000.0, &p, 60.0, 0.05), 99.54, 5e-3);
    }

    #[test]
    fn synchronised_expiry_of_the_validation_table() {
        let together =
            SynchronisedExpiry { keys: 10_000.0, reads_per_key_per_s: 1.0, ttl_s: 300.0, spread_s: 0.0 };
        close(together.fetches_between(300.0, 301.0), 6321.0, 0.5);
        close(together.mean_per_s(), 33.2, 0.05);
        let spread = SynchronisedExpiry { spread_s: 60.0, ..together };
        close(spread.plateau_per_s(), 166.7, 0.05);
        close(spread.fetches_between(300.0, 301.0), 166.7, 0.05);
        close(spread.fetches_between(0.0, 1000.0), 10_000.0, 1e-6);
        // Against the convolution of the uniform and the exponential, done numerically.
        for t in [271.0, 290.0, 330.5, 335.0] {
            let rate_at = |t: f64| {
                integrate(|e| if e < t { libm::exp(-(t - e)) } else { 0.0 }, 270.0, 330f64.min(t)) / 60.0
            };
            close(spread.fetches_between(t, t + 1e-3) / 10.0, rate_at(t + 5e-4), 1e-5);
        }
    }
}
