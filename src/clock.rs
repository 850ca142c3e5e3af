//! Time of the machine, which no result depends on: durations for logs and `timings.json`, and limits of time.
//!
//! In a browser's worker the standard library has no clock: every duration there is zero.

use std::time::Duration;

/// Runs from its making on.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    #[cfg(not(target_family = "wasm"))]
    started: std::time::Instant,
}

impl Stopwatch {
    /// Begins now.
    pub fn start() -> Stopwatch {
        Stopwatch {
            #[cfg(not(target_family = "wasm"))]
            started: std::time::Instant::now(),
        }
    }

    /// Time since its start.
    pub fn elapsed(&self) -> Duration {
        #[cfg(not(target_family = "wasm"))]
        return self.started.elapsed();
        #[cfg(target_family = "wasm")]
        Duration::ZERO
    }

    /// Seconds since its start.
    pub fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}
