//! The guard against an instant that does not end: requests that are answered or refused in no time, and sent again.
//!
//! How much happens at one instant proves nothing: a hundred thousand requests may arrive at the same nanosecond, and
//! a hundred thousand replies leave together. A circle differs from these by its *rounds*. All that is due at an
//! instant when a mark is put behind it is one round; what this causes at the same instant is the next. Replies of a
//! wave are one round however many there are, and a queue that is served in no time is as many rounds as it is long.
//! Users who are refused and try again are rounds without end.
//!
//! The mark is an event like any other, and only put where the loop has not left an instant for [`LOOK_EVERY`](crate::sim::parts::watch::LOOK_EVERY)
//! events: the loop itself counts events and nothing else.

use super::core::Core;
use super::kind::Kind;
use crate::measure::recorder::CAUSES;
use crate::model::{Arrivals, Model, RETRIES_AT_ONCE};
use crate::sim::control::{Circle, Control, SimError};
use crate::sim::parts::system::System;
use crate::sim::parts::watch::Watch;
use crate::sim::queue::GENERAL;

/// An instant is given up after more rounds than these, and those that retries account for.
const ROUNDS: u64 = 256;
/// Nor is it given up before so many events, and so many for each request under way and each user.
const EVENTS: u64 = 1_000_000;
const EVENTS_EACH: u64 = 256;
/// Events that are looked at to learn what goes round.
const LOOKED_AT: u32 = 10_000;

/// Rounds that an instant may have.
fn rounds_allowed(model: &Model) -> u64 {
    let retries = &model.database.retries;
    let at_once = if retries.backoff_ns == 0 { retries.attempts.min(RETRIES_AT_ONCE) } else { 1 };
    ROUNDS + 2 * u64::from(at_once)
}

fn users(model: &Model) -> u64 {
    match model.workload.arrivals {
        Arrivals::Closed { users, .. } => u64::from(users),
        _ => 0,
    }
}

impl<S: System> Core<'_, S> {
    /// Every [`LOOK_EVERY`](crate::sim::parts::watch::LOOK_EVERY) events: whether the run is to be stopped, and whether time goes on.
    #[cold]
    #[inline(never)]
    pub(super) fn look_around(&mut self, control: &Control, reported: &mut u64) -> Result<(), SimError> {
        self.report(control, reported);
        control.check()?;
        if self.watch.at != self.now {
            let cause = self.watch.cause;
            self.watch = Watch { at: self.now, since: self.events, cause, ..Watch::default() };
            return Ok(());
        }
        self.watch.in_flight = self.watch.in_flight.max(self.in_flight() as u64);
        if !self.watch.is_marked {
            self.mark_instant();
        }
        Ok(())
    }

    /// Puts a mark behind all that is due at this instant.
    fn mark_instant(&mut self) {
        self.watch.is_marked = true;
        self.schedule(GENERAL, self.now, Kind::InstantIsMarked, 0, 0);
    }

    /// All that was due when the mark was put there has happened.
    #[inline(never)]
    pub(super) fn instant_goes_on(&mut self) -> Result<(), SimError> {
        self.watch.is_marked = false;
        if self.queue.next_time() > self.now {
            (self.watch.rounds, self.watch.since) = (0, self.events);
            return Ok(());
        }
        self.watch.rounds += 1;
        let events = self.events - self.watch.since;
        let each = EVENTS_EACH * (self.watch.in_flight + users(self.model));
        if self.watch.rounds > rounds_allowed(self.model) && events > EVENTS + each {
            return Err(self.name_circle(events)?);
        }
        self.mark_instant();
        Ok(())
    }

    /// Lets some more happen and looks at what it is.
    fn name_circle(&mut self, events: u64) -> Result<SimError, SimError> {
        let mut counts: Vec<(Kind, u32)> = Vec::new();
        let mut user = None;
        let mut retry = None;
        for _ in 0..LOOKED_AT {
            if self.queue.next_time() > self.now {
                break;
            }
            let due = self.next_event();
            if !due.is_some() {
                break;
            }
            let event = due.event();
            let kind = Kind::of(event);
            match counts.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => *count += 1,
                None => counts.push((kind, 1)),
            }
            match kind {
                Kind::UserAsks => user = Some(event.id),
                Kind::CallIsRetried if self.journeys.is(event.id, event.generation) => {
                    let leader = &self.journeys[event.id];
                    let attempts = self.journeys.leads.get(event.id).attempts_made;
                    retry = Some((leader.key, leader.instance, attempts));
                }
                _ => {}
            }
            self.handle(kind, event)?;
        }
        let most = counts.iter().max_by_key(|(_, count)| *count).map(|(kind, _)| *kind);
        let cause = self.watch.cause.and_then(|cause| CAUSES.iter().find(|row| row.0 == cause));
        let cause = cause.map(|row| row.1);
        let circle = match (user, retry, most) {
            (Some(user), ..) => Circle::User { user, cause },
            (_, Some((key, instance, attempts)), _) => Circle::Retry { key, instance, attempts, cause },
            (.., Some(kind)) => Circle::Other { event: kind.name() },
            (.., None) => Circle::Other { event: "an event" },
        };
        Ok(SimError::NoProgress { at_s: self.now as f64 / 1e9, events, circle })
    }
}
