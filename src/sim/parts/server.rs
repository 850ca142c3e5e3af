//! The single-threaded server of a shared tier, or of one of its nodes.
//!
//! It serves commands in the order in which they arrive, so when a command is served, and what it finds then,
//! is known on its arrival: after everything that arrived before it. Completions therefore never enter the event
//! queue. What happens to the server at given times (flush, pause, down) is known from the scenario and is
//! applied when the service times pass it.

use super::image::Upheaval;
use crate::model::{DownMode, EventKind, Model, Nanos, Target, TimedEvent};

/// Something that happens to the server at an instant.
#[derive(Clone, Copy, Debug)]
enum Change {
    Content(Upheaval),
    Pause { until_ns: Nanos },
    Down { until_ns: Nanos, mode: DownMode },
}

/// Outcome of a command.
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
    /// Work of all commands that were admitted.
    pub busy_ns: Nanos,
    /// The latest pause.
    paused: (Nanos, Nanos),
    /// When it first lost its contents since somebody asked.
    flushed_ns: Option<Nanos>,
}

impl Server {
    /// The server of a node of a tier: it lives through the events that concern it.
    pub fn new(model: &Model, tier: usize, node: u32) -> Server {
        // A node that does not come back is away until everything is over.
        let over_ns = model.duration_ns.saturating_add(model.drain_ns).saturating_add(1);
        let events = model.events.iter().filter(|event| event.at_ns < model.duration_ns);
        Server::living_through(tier, node, over_ns, events)
    }

    fn living_through<'e>(
        tier: usize,
        node: u32,
        over_ns: Nanos,
        events: impl IntoIterator<Item = &'e TimedEvent>,
    ) -> Server {
        let concerns = |target: Target| target == Target::Tier(tier) || target == Target::Node { tier, node };
        let mut changes = Vec::new();
        let mut slow = Vec::new();
        for event in events {
            let at = event.at_ns;
            match event.what {
                EventKind::Flush { tier: target } if target == tier => {
                    changes.push((at, Change::Content(Upheaval::Loss)));
                }
                EventKind::Restart { tier: of, node: who, for_ns, keeps, loses_ns, fail }
                    if of == tier && who.is_none_or(|who| who == node) =>
                {
                    match (keeps, loses_ns) {
                        (false, _) => changes.push((at, Change::Content(Upheaval::Loss))),
                        (true, 0) => {}
                        (true, _) => {
                            let number = changes.len() as u32;
                            let noted_ns = at.saturating_sub(loses_ns);
                            changes.push((noted_ns, Change::Content(Upheaval::Note { number })));
                            changes.push((at, Change::Content(Upheaval::Return { number })));
                        }
                    }
                    changes.push((at, Change::Down { until_ns: at + for_ns, mode: fail }));
                }
                EventKind::Down { target, for_ns, fail } if concerns(target) => {
                    changes.push((at, Change::Down { until_ns: at + for_ns, mode: fail }));
                }
                EventKind::Pause { target, for_ns } if concerns(target) => {
                    changes.push((at, Change::Pause { until_ns: at + for_ns }));
                }
                EventKind::Slow { target, for_ns, factor } if concerns(target) => {
                    slow.push((at, at + for_ns, factor));
                }
                EventKind::NodeLost { tier: of, node: who, for_ns, fail, .. }
                    if (of, who) == (tier, node) =>
                {
                    let until_ns = for_ns.map_or(over_ns, |for_ns| at + for_ns);
                    changes.push((at, Change::Content(Upheaval::Loss)));
                    changes.push((at, Change::Down { until_ns, mode: fail }));
                }
                _ => {}
            }
        }
        // What is noted for an event lies before it.
        changes.sort_by_key(|&(at_ns, _)| at_ns);
        Server {
            free_ns: 0,
            changes,
            next: 0,
            down: None,
            slow,
            busy_ns: 0,
            paused: (0, 0),
            flushed_ns: None,
        }
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

    /// A command arrives and no event of the scenario on the server lies before its service; `None`: something may.
    #[inline]
    pub fn admit_steadily(&self, now: Nanos) -> Option<Nanos> {
        let is_steady = self.next >= self.changes.len() && self.down.is_none();
        is_steady.then(|| self.free_ns.max(now))
    }

    /// A command arrives. `upheaval` is called, with its instant, for each one that comes before its service.
    #[inline]
    pub fn admit(&mut self, now: Nanos, upheaval: impl FnMut(Upheaval, Nanos)) -> Admission {
        let mut start_ns = self.free_ns.max(now);
        if self.next < self.changes.len() {
            self.settle(&mut start_ns, upheaval);
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

    /// How long it has worked up to now: of what was admitted, what is not still to come.
    pub fn worked_ns(&self, now: Nanos) -> Nanos {
        let (from_ns, until_ns) = self.paused;
        let pause_ns = until_ns.min(self.free_ns).saturating_sub(from_ns.max(now));
        self.busy_ns.saturating_sub(self.free_ns.saturating_sub(now).saturating_sub(pause_ns))
    }

    /// Applies all changes up to `start_ns`, which a pause may move.
    fn settle(&mut self, start_ns: &mut Nanos, mut upheaval: impl FnMut(Upheaval, Nanos)) {
        while let Some(&(at_ns, change)) = self.changes.get(self.next) {
            if at_ns > *start_ns {
                break;
            }
            self.next += 1;
            match change {
                Change::Content(what) => {
                    if what == Upheaval::Loss {
                        self.flushed_ns.get_or_insert(at_ns);
                    }
                    upheaval(what, at_ns);
                }
                Change::Pause { until_ns } => {
                    self.paused = (self.free_ns.max(at_ns), until_ns);
                    self.free_ns = self.free_ns.max(until_ns);
                    *start_ns = (*start_ns).max(until_ns);
                }
                // Of two that overlap, the one that lasts longer ends it.
                Change::Down { until_ns, mode } => {
                    let before = self.down.filter(|&(_, until_ns, _)| at_ns < until_ns);
                    let until_ns = before.map_or(until_ns, |(_, before_ns, _)| before_ns.max(until_ns));
                    self.down = Some((at_ns, until_ns, mode));
                }
            }
        }
    }

    /// When it lost its contents, if it did since the last time somebody asked.
    pub fn take_flush(&mut self) -> Option<Nanos> {
        self.flushed_ns.take()
    }

    /// Applies the events up to now although no command came.
    pub fn settle_until(&mut self, now: Nanos, upheaval: impl FnMut(Upheaval, Nanos)) {
        let mut until = now;
        self.settle(&mut until, upheaval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(what: EventKind) -> Server {
        Server::living_through(0, 0, 1_000, &[TimedEvent { at_ns: 100, label: "e".into(), what }])
    }

    #[test]
    fn commands_wait_for_those_before_them() {
        let mut server = Server::living_through(0, 0, 1_000, &[]);
        assert_eq!(server.admit(10, |_, _| ()), Admission::Serve { start_ns: 10 });
        assert_eq!(server.serve(10, 5), 15);
        assert_eq!(server.admit(12, |_, _| ()), Admission::Serve { start_ns: 15 });
    }

    #[test]
    fn a_pause_moves_the_start_and_keeps_the_queue() {
        let mut server = server(EventKind::Pause { target: Target::Tier(0), for_ns: 50 });
        assert_eq!(server.admit(99, |_, _| ()), Admission::Serve { start_ns: 99 });
        server.serve(99, 5);
        assert_eq!(server.admit(101, |_, _| ()), Admission::Serve { start_ns: 150 });
        server.serve(150, 5);
        assert_eq!(server.admit(102, |_, _| ()), Admission::Serve { start_ns: 155 });
    }

    #[test]
    fn what_waits_when_the_server_goes_down_is_reset() {
        let mut server =
            server(EventKind::Down { target: Target::Tier(0), for_ns: 50, fail: DownMode::Refuse });
        server.admit(90, |_, _| ());
        server.serve(90, 20);
        assert_eq!(server.admit(95, |_, _| ()), Admission::Refused { at_ns: 100 });
        assert_eq!(server.admit(120, |_, _| ()), Admission::Refused { at_ns: 120 });
        assert_eq!(server.admit(150, |_, _| ()), Admission::Serve { start_ns: 150 });
    }

    #[test]
    fn a_flush_comes_between_the_commands_it_came_between() {
        let mut server = server(EventKind::Flush { tier: 0 });
        let mut flushed = 0;
        server.admit(90, |_, _| flushed += 1);
        server.serve(90, 20);
        assert_eq!(flushed, 0);
        let _ = server.admit(91, |_, _| flushed += 1);
        assert_eq!(flushed, 1, "the second command is served at 110, after the flush at 100");
    }

    #[test]
    fn a_restart_that_loses_its_last_changes_returns_to_what_it_held_before_them() {
        let what = EventKind::Restart {
            tier: 0,
            node: Some(0),
            for_ns: 50,
            keeps: true,
            loses_ns: 30,
            fail: DownMode::Refuse,
        };
        let mut server = server(what);
        let mut seen = Vec::new();
        let mut admit = |now| server.admit(now, |what, at_ns| seen.push((what, at_ns)));
        assert_eq!(admit(69), Admission::Serve { start_ns: 69 });
        assert_eq!(admit(71), Admission::Serve { start_ns: 71 });
        assert_eq!(admit(120), Admission::Refused { at_ns: 120 });
        let (noted, again) = (Upheaval::Note { number: 0 }, Upheaval::Return { number: 0 });
        assert_eq!(seen, [(noted, 70), (again, 100)]);
    }
}
