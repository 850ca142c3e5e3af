//! The clock of a repetition.

use std::time::{Duration, Instant};

use crate::model::Nanos;

/// Time from the common start of all clients.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    pub fn new(start: Instant) -> Clock {
        Clock { start }
    }

    pub fn start(self) -> Instant {
        self.start
    }

    /// Zero before the start.
    pub fn now_ns(self) -> Nanos {
        self.start.elapsed().as_nanos() as Nanos
    }

    pub fn instant(self, at_ns: Nanos) -> Instant {
        self.start + Duration::from_nanos(at_ns)
    }
}
