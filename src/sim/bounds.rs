//! Bounds of time and memory that hold while simulations run.
//!
//! Memory is that of the whole process (`VmRSS`), since that is limited; where the system does not report it (other than
//! Linux), only the estimate beforehand bounds it.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Stopwatch;

/// From one look at the memory to the next: reading it takes some microseconds.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// No bound.
const NONE: u64 = u64::MAX;

/// The bounds of all simulations of a run together.
#[derive(Debug)]
pub struct Bounds {
    made: Stopwatch,
    /// After `made`.
    until_ns: AtomicU64,
    memory_bytes: AtomicU64,
    /// When the memory is looked at next, after `made`.
    look_ns: AtomicU64,
    reached: AtomicU8,
}

/// The bound that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reached {
    Time = 1,
    Memory = 2,
}

impl Default for Bounds {
    /// None at all.
    fn default() -> Bounds {
        Bounds {
            made: Stopwatch::start(),
            until_ns: AtomicU64::new(NONE),
            memory_bytes: AtomicU64::new(NONE),
            look_ns: AtomicU64::new(0),
            reached: AtomicU8::new(0),
        }
    }
}

impl Bounds {
    /// From now on a run may take so long, and the process so much memory.
    pub fn set(&self, time: Duration, memory_bytes: Option<u64>) {
        self.until_ns.store(nanos(self.made.elapsed().saturating_add(time)), Ordering::Relaxed);
        self.memory_bytes.store(memory_bytes.unwrap_or(NONE), Ordering::Relaxed);
        self.look_ns.store(0, Ordering::Relaxed);
        self.reached.store(0, Ordering::Relaxed);
    }

    /// The bound that was reached since they were set.
    pub fn reached(&self) -> Option<Reached> {
        [Reached::Time, Reached::Memory]
            .into_iter()
            .find(|reached| *reached as u8 == self.reached.load(Ordering::Relaxed))
    }

    /// Whether a bound is reached now.
    pub(super) fn look(&self) -> bool {
        let (until_ns, memory_bytes) =
            (self.until_ns.load(Ordering::Relaxed), self.memory_bytes.load(Ordering::Relaxed));
        if until_ns == NONE && memory_bytes == NONE {
            return false;
        }
        let now_ns = nanos(self.made.elapsed());
        if now_ns >= until_ns {
            return self.reach(Reached::Time);
        }
        let look_ns = self.look_ns.load(Ordering::Relaxed);
        if memory_bytes == NONE || now_ns < look_ns {
            return false;
        }
        self.look_ns.store(now_ns + nanos(LOOK_EVERY), Ordering::Relaxed);
        resident_bytes().is_some_and(|resident| resident > memory_bytes) && self.reach(Reached::Memory)
    }

    fn reach(&self, reached: Reached) -> bool {
        self.reached.store(reached as u8, Ordering::Relaxed);
        true
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NONE)
}

/// Memory that this process has now; `None` where the system does not report it.
pub fn resident_bytes() -> Option<u64> {
    of_this_process("VmRSS:")
}

/// The most memory that this process ever had; `None` where the system does not report it.
pub fn peak_resident_bytes() -> Option<u64> {
    of_this_process("VmHWM:")
}

fn of_this_process(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_is_told_until_bounds_are_set_anew() {
        let bounds = Bounds::default();
        assert!(!bounds.look(), "there is none");
        bounds.set(Duration::ZERO, None);
        assert!(bounds.look());
        assert_eq!(bounds.reached(), Some(Reached::Time));
        bounds.set(Duration::MAX, None);
        assert!(!bounds.look());
        assert_eq!(bounds.reached(), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_that_of_the_process() {
        let bounds = Bounds::default();
        bounds.set(Duration::from_secs(3_600), Some(1_000));
        assert!(bounds.look());
        assert_eq!(bounds.reached(), Some(Reached::Memory));
        bounds.set(Duration::from_secs(3_600), Some(1 << 50));
        assert!(!bounds.look());
        assert!(resident_bytes() <= peak_resident_bytes());
    }
}
