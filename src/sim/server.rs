//! The single-threaded server of a shared tier.
//!
//! It serves commands in the order in which they arrive, so when a command is served, and what it finds then,
//! is known on its arrival: after everything that arrived before it. Completions therefore never enter the event
//! queue. What happens to the server at given times (flush, pause, down) is known from the scenario and is
//! applied when the service times pass it.

use crate::scenario::model::{DownMode, EventKind, Nanos, Target, TimedEvent};

/// Something that happens to the server at an instant.
#[derive(Clone, Copy, Debug)]
enum Change {
    Flush,
    Pause { until_ns: Nanos },
    Down { until_ns: Nanos, mode: DownMode },
}

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Its service starts then.
    Serve { start_ns: Nanos },
    /// Its connection is refused or reset then.
    Refused { at_ns: Nanos },
    /// It vanishes; the connection is reset when the server comes back.
    Lost { until_ns: Nanos },
}

/// Waiting times follow from when the server is free again.
#[derive(Debug)]
pub struct Server {
    free_ns: Nanos,
    changes: Vec<(Nanos, Change)>,
    next: usize,
    down: Option<(Nanos, Nanos, DownMode)>,
    slow: Vec<(Nanos, Nanos, f64)>,
    pub busy_ns: Nanos,
}

impl Server {
    /// A server that lives through the events that concern this tier.
    pub fn new<'e>(tier: usize, events: impl IntoIterator<Item = &'e TimedEvent>) -> Server {
        let mut changes = Vec::new();
        let mut slow = Vec::new();
        for event in events {
            let at = event.at_ns;
            match event.what {
                EventKind::Flush { tier: target } if target == tier => changes.push((at, Change::Flush)),
                EventKind::Restart { tier: target, for_ns } if target == tier => {
                    changes.push((at, Change::Flush));
                    changes.push((at, Change::Down { until_ns: at + for_ns, mode: DownMode::Refuse }));
                }
                EventKind::Down { target, for_ns, fail } if target == Target::Tier(tier) => {
                    changes.push((at, Change::Down { until_ns: at + for_ns, mode: fail }));
                }
                EventKind::Pause { target, for_ns } if target == Target::Tier(tier) => {
                    changes.push((at, Change::Pause { until_ns: at + for_ns }));
                }
                EventKind::Slow { target, for_ns, factor } if target == Target::Tier(tier) => {
                    slow.push((at, at + for_ns, factor));
                }
                _ => {}
            }
        }
        Server { free_ns: 0, changes, next: 0, down: None, slow, busy_ns: 0 }
    }

    /// How much longer everything about this tier takes at an instant.
    #[inline]
    pub fn slowness(&self, now: Nanos) -> f64 {
        self.slow.iter().filter(|slow| slow.0 <= now && now < slow.1).map(|slow| slow.2).product()
    }

    /// Whether slowness is always one.
    #[inline]
    pub fn is_steady(&self) -> bool {
        self.slow.is_empty()
    }

    /// A command arrives. `flush` is called for every flush that comes before its service.
    #[inline]
    pub fn admit(&mut self, now: Nanos, flush: impl FnMut()) -> Admission {
        let mut start_ns = self.free_ns.max(now);
        if self.next < self.changes.len() {
            self.settle(&mut start_ns, flush);
        }
        match self.down {
            Some((from_ns, until_ns, mode)) if now < until_ns && start_ns >= from_ns => match mode {
                DownMode::Refuse => Admission::Refused { at_ns: now.max(from_ns) },
                DownMode::Timeout => Admission::Lost { until_ns },
            },
            _ => Admission::Serve { start_ns },
        }
    }

    /// Books the service of the command that was just admitted; returns when it is done.
    #[inline]
    pub fn serve(&mut self, start_ns: Nanos, service_ns: Nanos) -> Nanos {
        self.free_ns = start_ns + service_ns;
        self.busy_ns += service_ns;
        self.free_ns
    }

    /// Applies all changes up to `start_ns`, which a pause may move.
    fn settle(&mut self, start_ns: &mut Nanos, mut flush: impl FnMut()) {
        while let Some(&(at_ns, change)) = self.changes.get(self.next) {
            if at_ns > *start_ns {
                break;
            }
            self.next += 1;
            match change {
                Change::Flush => flush(),
                Change::Pause { until_ns } => {
                    self.free_ns = self.free_ns.max(until_ns);
                    *start_ns = (*start_ns).max(until_ns);
                }
                Change::Down { until_ns, mode } => self.down = Some((at_ns, until_ns, mode)),
            }
        }
    }

    /// Applies what happened up to now although no command came.
    pub fn settle_until(&mut self, now: Nanos, flush: impl FnMut()) {
        let mut until = now;
        self.settle(&mut until, flush);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(what: EventKind) -> Server {
        Server::new(0, &[TimedEvent { at_ns: 100, label: "e".into(), what }])
    }

    #[test]
    fn commands_wait_for_those_before_them() {
        let mut server = Server::new(0, &[]);
        assert_eq!(server.admit(10, || ()), Admission::Serve { start_ns: 10 });
        assert_eq!(server.serve(10, 5), 15);
        assert_eq!(server.admit(12, || ()), Admission::Serve { start_ns: 15 });
    }

    #[test]
    fn a_pause_moves_the_start_and_keeps_the_queue() {
        let mut server = server(EventKind::Pause { target: Target::Tier(0), for_ns: 50 });
        assert_eq!(server.admit(99, || ()), Admission::Serve { start_ns: 99 });
        server.serve(99, 5);
        assert_eq!(server.admit(101, || ()), Admission::Serve { start_ns: 150 });
        server.serve(150, 5);
        assert_eq!(server.admit(102, || ()), Admission::Serve { start_ns: 155 });
    }

    #[test]
    fn what_waits_when_the_server_goes_down_is_reset() {
        let mut server =
            server(EventKind::Down { target: Target::Tier(0), for_ns: 50, fail: DownMode::Refuse });
        server.admit(90, || ());
        server.serve(90, 20);
        assert_eq!(server.admit(95, || ()), Admission::Refused { at_ns: 100 });
        assert_eq!(server.admit(120, || ()), Admission::Refused { at_ns: 120 });
        assert_eq!(server.admit(150, || ()), Admission::Serve { start_ns: 150 });
    }

    #[test]
    fn a_flush_comes_between_the_commands_it_came_between() {
        let mut server = server(EventKind::Flush { tier: 0 });
        let mut flushed = 0;
        server.admit(90, || flushed += 1);
        server.serve(90, 20);
        assert_eq!(flushed, 0);
        let _ = server.admit(91, || flushed += 1);
        assert_eq!(flushed, 1, "the second command is served at 110, after the flush at 100");
    }
}
