//! Plays a schedule: hands every request over at its instant, whatever became of the ones before (open loop).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::schedule::Planned;
use crate::measure::histogram::Fine;
use crate::model::Nanos;

/// What is left to an instant is waited for without sleep: a thread that sleeps wakes this much late.
const SPIN: Duration = Duration::from_micros(80);
/// The same of a thread with a real-time schedule, whose timers have no slack.
const SPIN_RAISED: Duration = Duration::from_micros(25);
/// A thread that sleeps looks up this often whether it is to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Hands the number of each request to `hand` at its instant after `start`; gives how late it did. Ends early once `stop` is set.
pub fn play(
    requests: &[Planned],
    start: Instant,
    stop: &AtomicBool,
    mut hand: impl FnMut(usize, &Planned),
) -> Fine {
    super::priority::raise();
    let spin = if super::priority::is_raised() { SPIN_RAISED } else { SPIN };
    let mut lateness = Fine::new();
    for (number, request) in requests.iter().enumerate() {
        let due = start + Duration::from_nanos(request.at_ns);
        loop {
            if stop.load(Ordering::Relaxed) {
                return lateness;
            }
            let left = due.saturating_duration_since(Instant::now());
            match left.saturating_sub(spin) {
                Duration::ZERO => break,
                sleep => std::thread::sleep(sleep.min(LOOK)),
            }
        }
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        hand(number, request);
        lateness.record(due.elapsed().as_nanos() as Nanos);
    }
    lateness
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::player::fixture;
    use crate::live::player::schedule::Schedule;

    #[test]
    fn every_request_is_handed_over_once_in_its_order_and_not_before_its_instant() {
        let (model, tables) = fixture::model(
            r#"
            question = "?"
            duration = "200ms"
            workload = { arrivals = { constant = { rate = 500 } }, keys = 10 }
            database = { read = "1ms" }
            "#,
        );
        let schedule = Schedule::draw(&model, &tables, 1, 0, 1_000).unwrap();
        let start = Instant::now() + Duration::from_millis(5);
        let mut handed = Vec::new();
        let stop = AtomicBool::new(false);
        let lateness = play(&schedule.requests, start, &stop, |number, request| {
            assert!(Instant::now() >= start + Duration::from_nanos(request.at_ns));
            handed.push(number);
        });
        assert_eq!(handed, (0..100).collect::<Vec<_>>());
        assert_eq!(lateness.count(), 100);
    }

    #[test]
    fn a_stop_ends_it_before_the_next_request() {
        let (model, tables) = fixture::model(
            r#"
            question = "?"
            duration = "1h"
            workload = { arrivals = { constant = { rate = "1/min" } }, keys = 10 }
            database = { read = "1ms" }
            "#,
        );
        let schedule = Schedule::draw(&model, &tables, 1, 0, 1_000).unwrap();
        let stop = AtomicBool::new(false);
        let lateness =
            play(&schedule.requests, Instant::now(), &stop, |_, _| stop.store(true, Ordering::Relaxed));
        assert_eq!(lateness.count(), 1);
    }
}
