//! How many requests are in the system, integrated over time to the nanosecond (Little's law is checked with it).

use crate::model::Nanos;

/// Requests in the system.
#[derive(Debug)]
pub struct InSystem {
    now_in: u64,
    /// The integral over time is this plus the number times the present time: whoever comes is subtracted at its time,
    /// whoever goes is added. Counts modulo 2^128.
    base_ns: u128,
    /// Part of the integral that belongs to the time after the next end of the measured part, and when that is.
    later_ns: u128,
    next_end_ns: Nanos,
}

impl InSystem {
    pub fn new(next_end_ns: Nanos) -> InSystem {
        InSystem { now_in: 0, base_ns: 0, later_ns: 0, next_end_ns }
    }

    /// A request comes.
    #[inline]
    pub fn come(&mut self, now: Nanos) {
        self.now_in += 1;
        self.base_ns = self.base_ns.wrapping_sub(u128::from(now));
    }

    /// A request goes.
    #[inline]
    pub fn go(&mut self, now: Nanos) {
        debug_assert!(self.now_in > 0, "a request leaves an empty system");
        self.now_in = self.now_in.wrapping_sub(1);
        self.base_ns = self.base_ns.wrapping_add(u128::from(now));
    }

    /// A request is in the system from now to an instant to come, without an event when it leaves. What lies beyond
    /// an end of the measured part is kept back until that end has been passed.
    #[inline]
    pub fn stay(&mut self, now: Nanos, until_ns: Nanos) {
        debug_assert!(until_ns >= now, "a request leaves before it comes");
        let before_ns = until_ns.min(self.next_end_ns);
        self.base_ns = self.base_ns.wrapping_add(u128::from(before_ns - now));
        self.later_ns += u128::from(until_ns - before_ns);
    }

    /// An end of the measured part is reached; what was kept back for the time after it counts from now on.
    pub fn pass_end(&mut self, next_end_ns: Nanos) {
        let later_ns = std::mem::take(&mut self.later_ns);
        self.base_ns = self.base_ns.wrapping_add(later_ns);
        self.next_end_ns = next_end_ns;
    }

    /// The integral up to now.
    pub fn integral_ns(&self, now: Nanos) -> u128 {
        self.base_ns.wrapping_add(u128::from(self.now_in) * u128::from(now))
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.now_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_is_the_sum_of_sojourn_times() {
        let mut system = InSystem::new(100);
        system.come(10);
        system.come(30);
        system.go(45);
        // From 10 to 50 one of them, from 30 to 45 the other.
        assert_eq!((system.integral_ns(50), system.count()), (40 + 15, 1));
        // One that leaves after the end counts there only once the end is passed.
        system.stay(60, 130);
        assert_eq!(system.integral_ns(60), 50 + 15 + 40);
        system.pass_end(Nanos::MAX);
        assert_eq!(system.integral_ns(100), 90 + 15 + 70);
    }
}
