//! Overload: when retries keep a database down, what a flush uncovers, and what a closed-loop client does
//! not see.

/// Highest request rate from which a database with retries recovers after an outage, per second.
///
/// Sources: Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021; Huang et al.,
/// "Metastable Failures in the Wild", OSDI 2022. Once the queue is longer than the client's timeout, every
/// attempt times out and all `attempts` of a request are sent and, abandoned or not, executed. The queue
/// then shrinks only if `attempts * l < c / S`.
pub fn retry_threshold_per_s(servers: u32, service_mean_s: f64, attempts: u32) -> f64 {
    f64::from(servers) / service_mean_s / f64::from(attempts)
}

/// Share of requests that the `cached` hottest keys take: the hit ratio of a prefilled tier without expiry.
pub fn hottest_share(probabilities: &[f64], cached: usize) -> f64 {
    probabilities.iter().take(cached).sum()
}

/// Largest number of the sorted `latencies` below or at the given share, nearest rank: the
/// `ceil(q n)`-th smallest.
pub fn nearest_rank(sorted: &[u64], q: f64) -> Option<u64> {
    let rank = libm::ceil(q * sorted.len() as f64) as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// A read of a database of exponential service times and unlimited servers, sent a second time `after_s` the first.
///
/// The faster of the two with a delay, `T = min(X, d + Y)` (Dean, Barroso: The Tail at Scale, CACM 2013): up to d the
/// tail is that of X, beyond it `P(T > t) = e^(-t/m) e^(-(t-d)/m)`.
#[derive(Clone, Copy, Debug)]
pub struct HedgedRead {
    pub mean_s: f64,
    pub after_s: f64,
}

impl HedgedRead {
    /// Share of the reads that are sent twice.
    pub fn hedged(&self) -> f64 {
        libm::exp(-self.after_s / self.mean_s)
    }

    /// Mean time to the first answer, in seconds.
    pub fn mean_s(&self) -> f64 {
        self.mean_s * (1.0 - self.hedged()) + self.mean_s / 2.0 * self.hedged()
    }

    /// The time within which a share of the reads is answered, in seconds.
    pub fn quantile_s(&self, share: f64) -> f64 {
        let alone_s = -self.mean_s * libm::log(1.0 - share);
        if alone_s <= self.after_s { alone_s } else { (alone_s + self.after_s) / 2.0 }
    }
}

/// A database of unlimited servers that starts nothing during a pause, under a constant rate.
///
/// The open-loop client sends one request per interval whatever happens, the closed-loop client sends its
/// next when it has its answer, and so meets the pause once: coordinated omission. All in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct PausedDatabase {
    pub service_ms: u64,
    pub pause_from_ms: u64,
    pub pause_to_ms: u64,
    /// Requests start before this instant.
    pub duration_ms: u64,
}

impl PausedDatabase {
    fn latency_ms(&self, at_ms: u64) -> u64 {
        let paused = at_ms >= self.pause_from_ms && at_ms < self.pause_to_ms;
        self.service_ms + if paused { self.pause_to_ms - at_ms } else { 0 }
    }

    /// Latencies of requests sent every `interval_ms` from time zero on, sorted.
    pub fn open_ms(&self, interval_ms: u64) -> Vec<u64> {
        let starts = (0..self.duration_ms).step_by(interval_ms.max(1) as usize);
        let mut latencies: Vec<u64> = starts.map(|at_ms| self.latency_ms(at_ms)).collect();
        latencies.sort_unstable();
        latencies
    }

    /// Latencies that one user without think time sees, sorted.
    pub fn closed_ms(&self) -> Vec<u64> {
        let mut latencies = Vec::new();
        let mut at_ms = 0;
        while at_ms < self.duration_ms {
            let latency_ms = self.latency_ms(at_ms);
            latencies.push(latency_ms);
            at_ms += latency_ms.max(1);
        }
        latencies.sort_unstable();
        latencies
    }
}

#[cfg(test)]
mod tests {
    use super::super::special::zipf;
    use super::super::twin::close;
    use super::*;

    #[test]
    fn coordinated_omission_of_the_validation_table() {
        let paused =
            PausedDatabase { service_ms: 10, pause_from_ms: 2000, pause_to_ms: 2500, duration_ms: 5000 };
        let open = paused.open_ms(10);
        assert_eq!(open.len(), 500);
        assert_eq!(nearest_rank(&open, 0.99), Some(460));
        assert_eq!(nearest_rank(&open, 1.0), Some(510));
        let closed = paused.closed_ms();
        assert_eq!(nearest_rank(&closed, 0.99), Some(10));
        assert_eq!(closed.last(), Some(&510));
        assert_eq!(nearest_rank(&[], 0.5), None);
    }

    #[test]
    fn a_hedge_at_once_is_the_shorter_of_two() {
        let hedged = HedgedRead { mean_s: 0.1, after_s: 0.0 };
        close(hedged.mean_s(), 0.05, 1e-12);
        close(hedged.hedged(), 1.0, 1e-12);
        // Far beyond the tail no read is sent twice.
        let alone = HedgedRead { mean_s: 0.1, after_s: 100.0 };
        close(alone.mean_s(), 0.1, 1e-9);
        close(alone.quantile_s(0.99), 0.460_517, 1e-5);
        close(HedgedRead { mean_s: 0.1, after_s: 0.05 }.quantile_s(0.99), 0.255_258, 1e-5);
    }

    #[test]
    fn metastability_of_the_validation_table() {
        // 140/s recovers and 160/s does not.
        close(retry_threshold_per_s(30, 0.1, 2), 150.0, 1e-9);
        close(hottest_share(&zipf(100_000, 1.0), 30_000), 0.90, 5e-3);
    }
}
