//! Waiting rooms: the database without a cache in front of it.
//!
//! Arrivals are Poisson, service times exponential unless stated. Sources: Erlang 1917; Kleinrock, "Queueing
//! Systems", volume 1, chapters 3 and 5.

use super::special::root;

/// Blocking probability of M/M/c/c with `offered` erlangs (Erlang B), by the recursion
/// `B(0) = 1, B(k) = a B(k-1) / (k + a B(k-1))`.
pub fn erlang_b(servers: u32, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |b, k| offered * b / (f64::from(k) + offered * b))
}

/// Probability of having to wait in M/M/c with `offered < servers` erlangs (Erlang C):
/// `B / (1 - rho (1 - B))`.
pub fn erlang_c(servers: u32, offered: f64) -> f64 {
    let b = erlang_b(servers, offered);
    b / (1.0 - offered / f64::from(servers) * (1.0 - b))
}

/// M/M/c, unbounded FIFO queue, stable (`rate < servers / service_mean`).
#[derive(Clone, Copy, Debug)]
pub struct Mmc {
    pub rate_per_s: f64,
    pub servers: u32,
    pub service_mean_s: f64,
}

impl Mmc {
    /// Probability of having to wait.
    pub fn wait_probability(&self) -> f64 {
        erlang_c(self.servers, self.rate_per_s * self.service_mean_s)
    }

    /// Who waits, waits an exponential time with this rate: `c mu - l`.
    fn relief_per_s(&self) -> f64 {
        f64::from(self.servers) / self.service_mean_s - self.rate_per_s
    }

    /// Mean wait over all customers, in seconds.
    pub fn wait_mean_s(&self) -> f64 {
        self.wait_probability() / self.relief_per_s()
    }

    /// Quantile of the wait over all customers, in seconds; 0 where that share does not wait at all.
    pub fn wait_quantile_s(&self, q: f64) -> f64 {
        (libm::log(self.wait_probability() / (1.0 - q)) / self.relief_per_s()).max(0.0)
    }

    /// Probability that wait plus service exceeds `t_s` seconds.
    pub fn response_tail(&self, t_s: f64) -> f64 {
        let (waits, mu, relief) = (self.wait_probability(), 1.0 / self.service_mean_s, self.relief_per_s());
        let served = libm::exp(-mu * t_s);
        // The sum of two exponentials, with its limit where their rates meet.
        let after_waiting = if (relief - mu).abs() < 1e-9 * mu {
            (1.0 + mu * t_s) * served
        } else {
            (relief * served - mu * libm::exp(-relief * t_s)) / (relief - mu)
        };
        (1.0 - waits) * served + waits * after_waiting
    }

    /// Quantile of wait plus service, in seconds.
    pub fn response_quantile_s(&self, q: f64) -> f64 {
        let mut high = self.service_mean_s;
        while self.response_tail(high) > 1.0 - q {
            high *= 2.0;
        }
        root(|t| 1.0 - q - self.response_tail(t), 0.0, high)
    }
}

/// M/M/c/K: at most `queue` customers wait, others are turned away.
#[derive(Clone, Copy, Debug)]
pub struct MmcK {
    pub rate_per_s: f64,
    pub servers: u32,
    pub queue: u32,
    pub service_mean_s: f64,
}

impl MmcK {
    /// Share of arrivals turned away: the probability of a full system, from the birth-death weights
    /// `w(n) = w(n-1) a / min(n, c)`.
    pub fn rejected(&self) -> f64 {
        let offered = self.rate_per_s * self.service_mean_s;
        let (mut weight, mut total) = (1.0, 1.0);
        for n in 1..=self.servers + self.queue {
            weight *= offered / f64::from(n.min(self.servers));
            total += weight;
        }
        weight / total
    }

    /// Customers served per second.
    pub fn goodput_per_s(&self) -> f64 {
        self.rate_per_s * (1.0 - self.rejected())
    }
}

/// Mean wait in M/D/1, in seconds, by Pollaczek and Khinchine: `rho D / (2 (1 - rho))`.
pub fn md1_wait_mean_s(rate_per_s: f64, service_s: f64) -> f64 {
    mg1_wait_mean_s(rate_per_s, service_s, service_s * service_s)
}

/// Mean wait in M/G/1, in seconds: `l E[S^2] / (2 (1 - l E[S]))`.
pub fn mg1_wait_mean_s(rate_per_s: f64, service_mean_s: f64, service_square_s2: f64) -> f64 {
    rate_per_s * service_square_s2 / (2.0 * (1.0 - rate_per_s * service_mean_s))
}

/// A fixed population that thinks and sends requests (machine repairman, M/M/c//N).
#[derive(Clone, Copy, Debug)]
pub struct ClosedLoop {
    pub users: u32,
    pub think_mean_s: f64,
    pub servers: u32,
    pub service_mean_s: f64,
}

impl ClosedLoop {
    /// Requests answered per second: the mean number of busy servers over the mean service time, from the
    /// birth-death weights `w(n) = w(n-1) (N - n + 1) (S/Z) / min(n, c)` for n users at the database.
    pub fn throughput_per_s(&self) -> f64 {
        let ratio = self.service_mean_s / self.think_mean_s;
        let (mut weight, mut total, mut busy) = (1.0, 1.0, 0.0);
        for n in 1..=self.users {
            let served = f64::from(n.min(self.servers));
            weight *= f64::from(self.users - n + 1) * ratio / served;
            total += weight;
            busy += weight * served;
        }
        busy / total / self.service_mean_s
    }

    /// Mean response time in seconds, by Little's law for the whole cycle: `N / X - Z`.
    pub fn response_mean_s(&self) -> f64 {
        f64::from(self.users) / self.throughput_per_s() - self.think_mean_s
    }
}

#[cfg(test)]
mod tests {
    use super::super::twin::{Coin, close, integrate};
    use super::*;

    const TABLE: Mmc = Mmc { rate_per_s: 800.0, servers: 10, service_mean_s: 0.010 };

    #[test]
    fn mm10_of_the_validation_table() {
        close(TABLE.wait_probability(), 0.40918, 5e-6);
        close(TABLE.wait_mean_s(), 2.046e-3, 5e-7);
        close(TABLE.wait_quantile_s(0.99), 18.56e-3, 5e-6);
        close(TABLE.response_quantile_s(0.95), 33.28e-3, 5e-6);
        close(TABLE.response_quantile_s(0.99), 49.46e-3, 5e-6);
        close(TABLE.wait_quantile_s(0.5), 0.0, 0.0);
    }

    #[test]
    fn response_is_wait_plus_service() {
        let mean = integrate(|t| TABLE.response_tail(t), 0.0, 1.0);
        close(mean, TABLE.wait_mean_s() + TABLE.service_mean_s, 1e-9);
        // M/M/1 with the two rates equal: relief = mu = 1 has no traffic, so use c = 2, l = 1.
        let meeting = Mmc { rate_per_s: 1.0, servers: 2, service_mean_s: 1.0 };
        let mean = integrate(|t| meeting.response_tail(t), 0.0, 60.0);
        close(mean, meeting.wait_mean_s() + 1.0, 1e-8);
    }

    #[test]
    fn the_other_waiting_rooms_of_the_validation_table() {
        let limited = MmcK { rate_per_s: 1000.0, servers: 10, queue: 10, service_mean_s: 0.010 };
        close(limited.rejected(), 0.06821, 5e-6);
        close(limited.goodput_per_s(), 931.8, 0.05);
        let no_room = MmcK { queue: 0, ..limited };
        close(no_room.rejected(), erlang_b(10, 10.0), 1e-14);
        close(md1_wait_mean_s(80.0, 0.010), 0.020, 1e-12);
        let closed = ClosedLoop { users: 50, think_mean_s: 0.1, servers: 4, service_mean_s: 0.010 };
        close(closed.throughput_per_s(), 388.50, 5e-3);
        close(closed.response_mean_s(), 28.70e-3, 5e-6);
    }

    #[test]
    fn mm1_has_its_textbook_form() {
        let single = Mmc { rate_per_s: 0.5, servers: 1, service_mean_s: 1.0 };
        close(single.wait_probability(), 0.5, 1e-15);
        close(single.response_tail(3.0), libm::exp(-1.5), 1e-12);
    }

    #[test]
    fn replay_of_a_fifo_pool_agrees() {
        let mut coin = Coin(21);
        let mut free_at = [0.0f64; 10];
        let (mut now, mut wait, mut waited) = (0.0, 0.0, 0u32);
        let customers = 3_000_000;
        for _ in 0..customers {
            now += coin.exponential(TABLE.rate_per_s);
            let (server, free) =
                free_at.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
            let start = now.max(free);
            wait += start - now;
            waited += u32::from(start > now);
            free_at[server] = start + coin.exponential(1.0 / TABLE.service_mean_s);
        }
        close(f64::from(waited) / f64::from(customers), TABLE.wait_probability(), 8e-3);
        close(wait / f64::from(customers), TABLE.wait_mean_s(), 0.03 * TABLE.wait_mean_s());
    }
}
