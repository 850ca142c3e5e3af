//! Many keys in groups of alike ones: what a cache in the steady state holds and answers, by arithmetic alone.
//!
//! The closed forms of [`super::ttl`] for one key are summed over groups of keys that are requested equally
//! often; a limited capacity enters by Che's characteristic time ([`super::che`]). Thousands of groups stand for
//! billions of keys, so this is cheap enough to run before a simulation. Fetches take no time.

use super::che::Renewal;
use super::special::root;
use super::ttl;

/// Keys that are read and written equally often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keys {
    /// How many; not necessarily whole.
    pub count: f64,
    /// Of each.
    pub reads_per_s: f64,
    /// Writes of each that delete the entry.
    pub deletes_per_s: f64,
    /// Time to live; `None`: none.
    pub ttl_s: Option<f64>,
    /// Each hit starts the time to live anew.
    pub sliding: bool,
    /// Size of one entry in the capacity, in entries or bytes.
    pub size: f64,
}

impl Keys {
    /// Chance that the entry is there at some instant, and so (Poisson reads) that a read hits, without a limit
    /// of capacity.
    pub fn present(&self) -> f64 {
        match self.ttl_s {
            _ if self.reads_per_s <= 0.0 => 0.0,
            // A read hits if the one before came within the time to live and nothing deleted the entry since: without
            // deletes `ttl::sliding_hit` of a fetch that takes no time, without its overflow.
            Some(ttl_s) if self.sliding => {
                let either_per_s = self.reads_per_s + self.deletes_per_s;
                self.reads_per_s / either_per_s * -libm::expm1(-either_per_s * ttl_s)
            }
            ttl_s if self.deletes_per_s > 0.0 => {
                ttl::invalidation_hit(self.reads_per_s, self.deletes_per_s, ttl_s)
            }
            Some(ttl_s) => ttl::singleflight(self.reads_per_s, ttl_s, 0.0).hit,
            None => 1.0,
        }
    }
}

/// The steady state of one cache.
#[derive(Clone, Debug, PartialEq)]
pub struct Steady {
    /// Hit ratio of each group.
    pub hit: Vec<f64>,
    /// The content without a limit: the working set, in the unit of the sizes.
    pub wanted: f64,
}

/// The steady state of a cache of `capacity` (`None`: unlimited) under these keys.
///
/// A key is in with the smaller of two chances: that of its time to live and that of Che's approximation, whose
/// characteristic time is the one at which the expected content fills the capacity. Exact without a limit; with
/// one, as good as Che's approximation where entries are evicted long before they expire, and low by a few
/// percentage points where both are about equally likely.
pub fn steady(keys: &[Keys], capacity: Option<f64>, renewal: Renewal) -> Steady {
    let unlimited: Vec<f64> = keys.iter().map(Keys::present).collect();
    let held = |hit: &dyn Fn(usize) -> f64| -> f64 {
        keys.iter().enumerate().map(|(index, keys)| keys.count * keys.size * hit(index)).sum()
    };
    let wanted = held(&|index| unlimited[index]);
    let Some(capacity) = capacity.filter(|capacity| *capacity < wanted) else {
        return Steady { hit: unlimited, wanted };
    };
    let limited =
        |index: usize, t_s: f64| unlimited[index].min(renewal.present(keys[index].reads_per_s * t_s));
    let content = |t_s: f64| held(&|index| limited(index, t_s));
    let mut high = 1.0;
    while content(high) < capacity && high < 1e300 {
        high *= 2.0;
    }
    let t_s = root(|t_s| content(t_s) - capacity, 0.0, high);
    Steady { hit: (0..keys.len()).map(|index| limited(index, t_s)).collect(), wanted }
}

/// Ranks that are each a group of their own.
const SINGLE_RANKS: u64 = 1000;
/// Each further group spans this share more ranks than lie before it.
const GROWTH: f64 = 1.02;

/// A Zipf law in groups: (how many keys, the probability of each), hottest first. The probabilities of all keys
/// sum to one.
pub fn zipf_groups(keys: u64, exponent: f64) -> Vec<(f64, f64)> {
    zipf_groups_by(keys, exponent, SINGLE_RANKS, GROWTH)
}

/// The same with another number of ranks that are groups of their own (at least `1 / (growth - 1)`) and another growth of the further
/// groups.
pub fn zipf_groups_by(keys: u64, exponent: f64, single_ranks: u64, growth: f64) -> Vec<(f64, f64)> {
    let weight = |rank: f64| libm::pow(rank, -exponent);
    let mut groups: Vec<(f64, f64)> =
        (1..=keys.min(single_ranks)).map(|rank| (1.0, weight(rank as f64))).collect();
    let mut first = single_ranks + 1;
    while first <= keys {
        let next = ((first as f64 * growth) as u64).max(first + 1).min(keys + 1);
        let count = (next - first) as f64;
        groups.push((count, integral(first as f64 - 0.5, next as f64 - 0.5, exponent) / count));
        first = next;
    }
    let total: f64 = groups.iter().rev().map(|(count, weight)| count * weight).sum();
    groups.into_iter().map(|(count, weight)| (count, weight / total)).collect()
}

/// Of `x^-s` from `a` to `b`.
fn integral(a: f64, b: f64, s: f64) -> f64 {
    if (s - 1.0).abs() < 1e-9 {
        libm::log(b / a)
    } else {
        (libm::pow(b, 1.0 - s) - libm::pow(a, 1.0 - s)) / (1.0 - s)
    }
}

#[cfg(test)]
mod tests {
    use super::super::che;
    use super::super::special::zipf;
    use super::super::twin::close;
    use super::*;

    /// Zipf keys at `rate_per_s` in all, of size 1.
    fn keys(count: u64, exponent: f64, rate_per_s: f64, ttl_s: Option<f64>) -> Vec<Keys> {
        zipf_groups(count, exponent)
            .into_iter()
            .map(|(count, share)| Keys {
                count,
                reads_per_s: rate_per_s * share,
                deletes_per_s: 0.0,
                ttl_s,
                sliding: false,
                size: 1.0,
            })
            .collect()
    }

    fn hit_ratio(keys: &[Keys], steady: &Steady) -> f64 {
        let rate: f64 = keys.iter().map(|keys| keys.count * keys.reads_per_s).sum();
        keys.iter().zip(&steady.hit).map(|(keys, hit)| keys.count * keys.reads_per_s * hit).sum::<f64>()
            / rate
    }

    #[test]
    fn groups_of_a_zipf_law_stand_for_its_keys() {
        for exponent in [0.0, 0.6, 1.0, 1.3] {
            let exact = zipf(50_000, exponent);
            let groups = zipf_groups(50_000, exponent);
            close(groups.iter().map(|(count, _)| count).sum(), 50_000.0, 1e-6);
            close(groups.iter().map(|(count, each)| count * each).sum(), 1.0, 1e-12);
            close(groups[0].1 / exact[0], 1.0, 1e-4);
        }
        assert!(zipf_groups(4_000_000_000, 1.0).len() < 2_000);
        assert_eq!(zipf_groups(1, 1.0), [(1.0, 1.0)]);
    }

    #[test]
    fn without_a_limit_it_is_the_sum_over_the_keys() {
        let exact = ttl::zipf_singleflight(1000.0, &zipf(10_000, 1.0), 60.0, 0.0);
        let keys = keys(10_000, 1.0, 1000.0, Some(60.0));
        close(hit_ratio(&keys, &steady(&keys, None, Renewal::EveryHit)), exact.hit, 2e-5);
    }

    #[test]
    fn without_expiry_it_is_che() {
        let probabilities = zipf(100_000, 1.0);
        for renewal in [Renewal::EveryHit, Renewal::FillOnly] {
            let keys = keys(100_000, 1.0, 500.0, None);
            let steady = steady(&keys, Some(10_000.0), renewal);
            close(hit_ratio(&keys, &steady), che::hit(&probabilities, 10_000.0, renewal), 5e-5);
            close(steady.wanted, 100_000.0, 1e-6);
        }
    }

    #[test]
    fn sliding_and_deletes_are_those_of_one_key() {
        let one = Keys {
            count: 1.0,
            reads_per_s: 1.0,
            deletes_per_s: 0.0,
            ttl_s: Some(2.0),
            sliding: true,
            size: 1.0,
        };
        close(one.present(), ttl::sliding_hit(1.0, 2.0, 0.0), 1e-12);
        // The integral of the gap's density e^-x times e^(-x/4), the chance of no delete, up to 2 s.
        let both = Keys { deletes_per_s: 0.25, ..one };
        close(both.present(), (1.0 - libm::exp(-2.5)) / 1.25, 1e-12);
        let written =
            Keys { deletes_per_s: 0.05, reads_per_s: 5.0, ttl_s: Some(10.0), sliding: false, ..one };
        close(written.present(), ttl::invalidation_hit(5.0, 0.05, Some(10.0)), 1e-12);
        close(Keys { reads_per_s: 0.0, ..one }.present(), 0.0, 0.0);
    }
}
