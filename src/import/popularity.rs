//! How uneven the keys are: the exponent of Zipf's law and the number of keys, from counts or from a hit ratio.

use crate::oracle::che::Renewal;
use crate::oracle::special::{gamma_cdf, root};
use crate::oracle::steady::{Keys, steady, zipf_groups, zipf_groups_by};

/// Zipf's law over a number of keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zipf {
    pub keys: u64,
    pub exponent: f64,
}

/// Exponents beyond are no popularity of a cache.
const EXPONENT_MAX: f64 = 3.0;
/// At most so many times the keys that were seen.
const UNSEEN_MAX: f64 = 1e3;

/// By the requests of each key in a recording.
///
/// The rank of a key is unknown: keys ranked by their own counts look more uneven than they are, because the luckiest of the
/// tail stand first. So the likelihood is that of the counts of counts, how many keys were requested once, twice, three times
/// and so on: under Poisson arrivals each is close to a Poisson variable whose mean is a sum over all ranks, those that were not
/// seen included (Good and Toulmin 1956). Its maximum over exponent and number of keys is found by nested golden sections.
pub fn by_counts(counts: &[u32]) -> Zipf {
    // Keys that never repeat give a lower bound of their number and nothing of their shares.
    if never_repeat(counts) {
        return Zipf { keys: counts.len() as u64, exponent: 0.0 };
    }
    let seen = counts.len() as f64;
    let requests: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    let bins = bins(counts);
    let likelihood = |exponent: f64, log_keys: f64| {
        let keys = libm::exp(log_keys).round() as u64;
        let groups = zipf_groups_by(keys, exponent, 24, 1.12);
        let tail = |count: u32| -> f64 {
            groups.iter().map(|(many, share)| many * gamma_cdf(f64::from(count), requests * share)).sum()
        };
        let tails: Vec<f64> = bins.iter().map(|bin| tail(bin.0)).chain([0.0]).collect();
        let expected = tails.windows(2).map(|pair| (pair[0] - pair[1]).max(1e-12));
        bins.iter().zip(expected).map(|(bin, expected)| bin.1 * libm::log(expected) - expected).sum::<f64>()
    };
    let (low, high) = (libm::log(seen), libm::log(seen * UNSEEN_MAX));
    let best_keys = |exponent: f64| highest(|log_keys| likelihood(exponent, log_keys), low, high, 0.005);
    let exponent = highest(|exponent| likelihood(exponent, best_keys(exponent)), 0.0, EXPONENT_MAX, 0.002);
    Zipf { keys: libm::exp(best_keys(exponent)).round() as u64, exponent }
}

/// Whether no key is requested twice.
pub fn never_repeat(counts: &[u32]) -> bool {
    counts.iter().all(|&count| count < 2)
}

/// The lower ends of ranges of counts, each about a fifth wide, and how many keys are in each.
fn bins(counts: &[u32]) -> Vec<(u32, f64)> {
    let most = counts.iter().copied().max().unwrap_or(1);
    let mut bins = Vec::new();
    let mut from = 1u32;
    while from <= most {
        bins.push((from, 0.0));
        from = from.saturating_add((from / 4).max(1));
    }
    for count in counts {
        let bin = bins.partition_point(|bin: &(u32, f64)| bin.0 <= *count);
        if let Some(bin) = bin.checked_sub(1).and_then(|index| bins.get_mut(index)) {
            bin.1 += 1.0;
        }
    }
    bins
}

/// By the counts of the hottest keys, descending, of which the ranks are known: the maximum likelihood of a Zipf law over these
/// ranks alone, at which the mean logarithm of the rank is the observed one.
pub(super) fn by_hottest(counts: &[f64]) -> Option<f64> {
    if counts.len() < 2 {
        return None;
    }
    let logs: Vec<f64> = (1..=counts.len()).map(|rank| libm::log(rank as f64)).collect();
    let mean_log = |weights: &[f64]| {
        let total: f64 = weights.iter().sum();
        weights.iter().zip(&logs).map(|(weight, log)| weight * log).sum::<f64>() / total
    };
    let observed = mean_log(counts);
    let expected = |exponent: f64| {
        let weights: Vec<f64> = logs.iter().map(|log| libm::exp(-exponent * log)).collect();
        mean_log(&weights)
    };
    Some(root(|exponent| observed - expected(exponent), 0.0, EXPONENT_MAX))
}

/// What is known of a cache whose hit ratio is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cache {
    pub hit_ratio: f64,
    pub reads_per_s: f64,
    pub ttl_s: Option<f64>,
    /// Entries that it has room for; `None`: it evicts nothing.
    pub capacity: Option<f64>,
}

/// The exponent at which Che's approximation, with the time to live, gives the hit ratio, for so many keys. The number of keys
/// present fixes no second unknown: in the steady state it is the rate of misses times the time that entries stay, whatever the
/// popularity.
///
/// `None`: no exponent gives it.
pub(super) fn by_hit_ratio(cache: &Cache, keys: u64) -> Option<f64> {
    let ratio = |exponent: f64| hit_and_entries(cache, Zipf { keys, exponent }).0;
    if cache.ttl_s.is_none() && cache.capacity.is_none_or(|capacity| capacity >= keys as f64) {
        return None;
    }
    let reached = ratio(0.0)..=ratio(EXPONENT_MAX);
    reached
        .contains(&cache.hit_ratio)
        .then(|| close(|exponent| ratio(exponent) - cache.hit_ratio, 0.0, EXPONENT_MAX))
}

/// Hit ratio and entries of a cache under a Zipf law.
pub(super) fn hit_and_entries(cache: &Cache, zipf: Zipf) -> (f64, f64) {
    let groups = zipf_groups(zipf.keys, zipf.exponent);
    let keys: Vec<Keys> = groups
        .iter()
        .map(|&(count, share)| Keys {
            count,
            reads_per_s: cache.reads_per_s * share,
            deletes_per_s: 0.0,
            ttl_s: cache.ttl_s,
            sliding: false,
            size: 1.0,
        })
        .collect();
    let state = steady(&keys, cache.capacity, Renewal::EveryHit);
    let sum = |part: fn(&(f64, f64)) -> f64| -> f64 {
        groups.iter().zip(&state.hit).map(|(group, hit)| part(group) * hit).sum()
    };
    (sum(|group| group.0 * group.1), sum(|group| group.0))
}

/// The root of an increasing function to about four digits.
fn close(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..24 {
        let middle = f64::midpoint(low, high);
        if f(middle) < 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The place of the highest value of a function with one hill, to `step` (golden section).
fn highest(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64, step: f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (f(a), f(b));
    while high - low > step {
        if at_a >= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = f(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = f(b);
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use rustc_hash::FxHashMap;

    use super::*;
    use crate::dice::{stream, unit_open_zero};
    use crate::oracle::special::zipf;

    /// Counts of the keys that are seen in so many requests.
    fn drawn(keys: usize, exponent: f64, requests: usize, seed: u64) -> Vec<u32> {
        let mut below = 0.0;
        let ends: Vec<f64> = zipf(keys, exponent)
            .iter()
            .map(|share| {
                below += share;
                below
            })
            .collect();
        let mut dice = stream(seed, 0, "test");
        let mut counts: FxHashMap<usize, u32> = FxHashMap::default();
        for _ in 0..requests {
            let u = unit_open_zero(&mut dice);
            *counts.entry(ends.partition_point(|end| *end < u).min(keys - 1)).or_insert(0) += 1;
        }
        counts.into_values().collect()
    }

    #[test]
    fn counts_give_the_exponent_and_the_keys_that_were_never_seen() {
        for (keys, exponent) in [(20_000, 0.9), (5_000, 0.6), (20_000, 1.2)] {
            let counts = drawn(keys, exponent, 40_000, 3);
            let fit = by_counts(&counts);
            let seen = counts.len();
            assert!((fit.exponent - exponent).abs() < 0.03, "{fit:?} for {exponent}, {seen} of {keys} seen");
            assert!((fit.keys as f64 / keys as f64 - 1.0).abs() < 0.2, "{fit:?} for {keys}, {seen} seen");
        }
    }

    #[test]
    fn the_hottest_keys_give_their_exponent() {
        for exponent in [0.0, 0.7, 1.1] {
            let counts: Vec<f64> = zipf(5_000, exponent)[..20].iter().map(|share| share * 1e6).collect();
            let fit = by_hottest(&counts).unwrap();
            assert!((fit - exponent).abs() < 1e-6, "{fit} for {exponent}");
        }
        assert_eq!(by_hottest(&[7.0]), None);
    }

    #[test]
    fn a_hit_ratio_gives_the_exponent_that_explains_it() {
        let cache = Cache { hit_ratio: 0.0, reads_per_s: 400.0, ttl_s: Some(180.0), capacity: Some(2_000.0) };
        for exponent in [0.5, 0.9, 1.3] {
            let (hit_ratio, _) = hit_and_entries(&cache, Zipf { keys: 30_000, exponent });
            let fit = by_hit_ratio(&Cache { hit_ratio, ..cache }, 30_000).unwrap();
            assert!((fit - exponent).abs() < 1e-4, "{fit} for {exponent}");
        }
        assert_eq!(by_hit_ratio(&Cache { hit_ratio: 0.001, ..cache }, 30_000), None);
        assert_eq!(by_hit_ratio(&Cache { ttl_s: None, capacity: None, ..cache }, 30_000), None);
    }
}
