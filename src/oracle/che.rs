//! Che's approximation: hit ratios of large bounded caches under independent references.
//!
//! Source: Che, Tung, Wang, "Hierarchical Web Caching Systems", IEEE JSAC 2002; for FIFO and random: Fricker,
//! Robert, Roberts, "A Versatile and Accurate Approximation for LRU Cache Performance", ITC 2012. Every entry
//! is taken to live the same characteristic time t, the one at which the expected number of entries
//! equals the capacity.

use super::special::root;

/// When an entry's life in the cache starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// With every hit (LRU): key i is in with probability `1 - e^(-p_i t)`.
    EveryHit,
    /// Only with a fill (FIFO, random): key i is in with probability `p_i t / (1 + p_i t)`.
    FillOnly,
}

impl Renewal {
    /// Probability that a key is cached that is requested `expected` times in a characteristic time.
    pub(super) fn present(self, expected: f64) -> f64 {
        match self {
            Renewal::EveryHit => -libm::expm1(-expected),
            Renewal::FillOnly => expected / (1.0 + expected),
        }
    }
}

/// The characteristic time in requests: the t at which the expected occupancy is `capacity` entries.
/// `capacity` must be below the number of keys with positive probability.
pub fn characteristic_requests(probabilities: &[f64], capacity: f64, renewal: Renewal) -> f64 {
    let occupancy = |t: f64| probabilities.iter().map(|p| renewal.present(p * t)).sum::<f64>();
    let mut high = capacity;
    while occupancy(high) < capacity && high < 1e300 {
        high *= 2.0;
    }
    root(|t| occupancy(t) - capacity, 0.0, high)
}

/// Hit ratio of a cache of `capacity` entries.
pub fn hit(probabilities: &[f64], capacity: f64, renewal: Renewal) -> f64 {
    let t = characteristic_requests(probabilities, capacity, renewal);
    probabilities.iter().map(|p| p * renewal.present(p * t)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::special::zipf;
    use super::super::twin::{Coin, close};
    use super::*;

    #[test]
    fn che_of_the_validation_table() {
        let p = zipf(100_000, 1.0);
        close(hit(&p, 10_000.0, Renewal::EveryHit), 0.73734, 5e-6);
        close(hit(&p, 10_000.0, Renewal::FillOnly), 0.70102, 5e-6);
    }

    #[test]
    fn uniform_popularity_hits_in_proportion_to_the_capacity() {
        let p = vec![1e-3; 1000];
        close(hit(&p, 250.0, Renewal::EveryHit), 0.25, 1e-9);
        close(hit(&p, 250.0, Renewal::FillOnly), 0.25, 1e-9);
    }

    #[test]
    fn replay_of_a_small_fifo_agrees() {
        let p = zipf(200, 0.8);
        let mut coin = Coin(9);
        let mut queue = std::collections::VecDeque::new();
        let mut present = [false; 200];
        let (warm, measured) = (20_000, 400_000);
        let mut hits = 0u32;
        for request in 0..warm + measured {
            let key = coin.pick(&p);
            if present[key] {
                hits += u32::from(request >= warm);
                continue;
            }
            if queue.len() == 40 {
                let victim: usize = queue.pop_front().unwrap_or(key);
                present[victim] = false;
            }
            queue.push_back(key);
            present[key] = true;
        }
        close(f64::from(hits) / f64::from(measured), hit(&p, 40.0, Renewal::FillOnly), 5e-3);
    }
}
