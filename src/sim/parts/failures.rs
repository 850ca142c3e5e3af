//! Failed reads of the database that instances remember for a while (RFC 2308, section 7: resolvers keep server failures too).

use rustc_hash::FxHashMap;

use crate::model::Nanos;

/// Below this many looking for those that are over is not worth it.
const SWEEP_FROM: usize = 1_024;

/// By instance and key, until when a failure is remembered.
#[derive(Debug)]
pub struct Failures {
    ttl_ns: Nanos,
    until_ns: FxHashMap<(u32, u32), Nanos>,
    sweep_at: usize,
}

impl Failures {
    pub fn new(ttl_ns: Nanos) -> Failures {
        Failures { ttl_ns, until_ns: FxHashMap::default(), sweep_at: SWEEP_FROM }
    }

    /// A read has failed.
    pub fn note(&mut self, instance: u32, key: u32, now: Nanos) {
        if self.until_ns.len() >= self.sweep_at {
            self.until_ns.retain(|_, &mut until_ns| now < until_ns);
            self.sweep_at = (self.until_ns.len() * 2).max(SWEEP_FROM);
        }
        self.until_ns.insert((instance, key), now.saturating_add(self.ttl_ns));
    }

    /// A read has been answered.
    pub fn forget(&mut self, instance: u32, key: u32) {
        self.until_ns.remove(&(instance, key));
    }

    pub fn has(&self, instance: u32, key: u32, now: Nanos) -> bool {
        self.until_ns.get(&(instance, key)).is_some_and(|&until_ns| now < until_ns)
    }

    /// The process of an instance is another one.
    pub fn clear(&mut self, instance: u32) {
        self.until_ns.retain(|&(of, _), _| of != instance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_remembered_by_its_instance_for_its_time_or_until_an_answer() {
        let mut failures = Failures::new(100);
        failures.note(1, 7, 50);
        assert_eq!([149, 150].map(|now| failures.has(1, 7, now)), [true, false]);
        assert!(!failures.has(2, 7, 60), "another instance tries for itself");
        failures.note(2, 7, 60);
        failures.forget(1, 7);
        assert_eq!([1, 2].map(|instance| failures.has(instance, 7, 70)), [false, true]);
        failures.clear(2);
        assert!(!failures.has(2, 7, 70));
    }

    #[test]
    fn what_is_over_is_swept_out() {
        let mut failures = Failures::new(10);
        (0..SWEEP_FROM as u32).for_each(|key| failures.note(0, key, 0));
        failures.note(0, 9_999, 10);
        assert_eq!(failures.until_ns.len(), 1);
    }
}
