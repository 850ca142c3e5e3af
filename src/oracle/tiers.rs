//! An instance tier (L1) in each of n processes above one shared tier (L2); no delays, one key.

use super::special::gamma_cdf;

/// Two tiers under Poisson reads of one key that land on a random instance.
#[derive(Clone, Copy, Debug)]
pub struct TwoTiers {
    pub rate_per_s: f64,
    pub instances: u32,
    pub l1_ttl_s: f64,
    pub l2_ttl_s: f64,
}

impl TwoTiers {
    /// Share of reads that L1 answers: each instance sees `l/n`, so `l T1 / (n + l T1)`.
    pub fn l1_hit(&self) -> f64 {
        let load = self.rate_per_s * self.l1_ttl_s;
        load / (f64::from(self.instances) + load)
    }

    /// Lookups in L2 per second over all instances: `l / (1 + l T1 / n)`.
    pub fn l2_requests_per_s(&self) -> f64 {
        self.rate_per_s * (1.0 - self.l1_hit())
    }

    /// Fetches per second, approximately: `R / (1 + m(T2) + (n - 1) R T2 / n)`.
    ///
    /// Every L2 fill serves the lookups that follow within T2. Those of the instance that filled it come
    /// T1 plus an exponential time apart, so the k-th has come by T2 with probability `P(k T1 + Gamma(k,
    /// l/n) <= T2)`, and `m(T2)` is the sum of these. The others look up as stationary renewal processes,
    /// `R/n` each. Approximate because after a miss the others are slightly less likely to have just looked
    /// up.
    pub fn db_per_s(&self) -> f64 {
        let n = f64::from(self.instances);
        let per_instance = self.rate_per_s / n;
        let own: f64 = (1..)
            .map(|k| (f64::from(k), self.l2_ttl_s - f64::from(k) * self.l1_ttl_s))
            .take_while(|(_, left_s)| *left_s > 0.0)
            .map(|(k, left_s)| gamma_cdf(k, per_instance * left_s))
            .take_while(|chance| *chance > 1e-12)
            .sum();
        let requests = self.l2_requests_per_s();
        requests / (1.0 + own + (n - 1.0) * requests * self.l2_ttl_s / n)
    }

    /// Oldest value that can be served, in seconds: taken from L2 at its last instant and kept T1 more.
    pub fn oldest_value_s(&self) -> f64 {
        self.l1_ttl_s + self.l2_ttl_s
    }
}

#[cfg(test)]
mod tests {
    use super::super::twin::{Coin, close};
    use super::*;

    const ROW: TwoTiers = TwoTiers { rate_per_s: 20.0, instances: 8, l1_ttl_s: 5.0, l2_ttl_s: 60.0 };

    #[test]
    fn two_tiers_of_the_validation_table() {
        close(ROW.l1_hit(), 0.92593, 5e-6);
        close(ROW.l2_requests_per_s(), 1.48148, 5e-6);
        close(ROW.db_per_s(), 0.01656, 5e-6);
        close(ROW.oldest_value_s(), 65.0, 0.0);
    }

    #[test]
    fn replay_by_hand_agrees() {
        let mut coin = Coin(5);
        let (mut now, mut l2_expiry) = (0.0, 0.0);
        let mut l1_expiry = [0.0; 8];
        let (mut reads, mut l1_hits, mut fetches) = (0u32, 0u32, 0u32);
        while reads < 8_000_000 {
            now += coin.exponential(ROW.rate_per_s);
            reads += 1;
            let instance = (coin.uniform() * 8.0) as usize;
            if now < l1_expiry[instance] {
                l1_hits += 1;
                continue;
            }
            if now >= l2_expiry {
                fetches += 1;
                l2_expiry = now + ROW.l2_ttl_s;
            }
            l1_expiry[instance] = now + ROW.l1_ttl_s;
        }
        close(f64::from(l1_hits) / f64::from(reads), ROW.l1_hit(), 5e-4);
        close(f64::from(fetches) / now, ROW.db_per_s(), 0.005 * ROW.db_per_s());
    }
}
