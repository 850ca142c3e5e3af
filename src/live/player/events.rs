//! The events of a scenario, done to the servers, to the gate and to the instances.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::instance::{Message, Run};
use super::outage::PortClosed;
use crate::live::servers::{Control, Problem};
use crate::model::{DownMode, EventKind, Model, Nanos, Scope, Target};

/// A change at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    FlushRedis,
    PauseRedis {
        for_ns: Nanos,
    },
    KillRedis,
    RestartRedis,
    CloseRedis,
    OpenRedis,
    /// The tier in the processes of all instances, or all tiers of one instance.
    ClearTier {
        level: usize,
    },
    ClearInstance {
        number: u32,
    },
    PauseDatabase,
    GoOnDatabase,
    SlowDatabase {
        factor: f64,
    },
    DatabaseDown {
        mode: DownMode,
    },
    DatabaseUp,
}

/// The changes of a model in the order of time; surges and hot keys are in the schedule.
pub fn actions(model: &Model) -> Vec<(Nanos, Action)> {
    let mut all = Vec::new();
    let is_shared = |level: usize| matches!(model.tiers[level].scope, Scope::Shared(_));
    for event in model.events.iter().filter(|event| event.at_ns < model.duration_ns) {
        let at_ns = event.at_ns;
        let mut span = |begin: Action, end: Action, for_ns: Nanos| {
            all.push((at_ns, begin));
            all.push((at_ns + for_ns, end));
        };
        match event.what {
            EventKind::Flush { tier } if is_shared(tier) => all.push((at_ns, Action::FlushRedis)),
            EventKind::Flush { tier } => all.push((at_ns, Action::ClearTier { level: tier })),
            EventKind::Restart { for_ns, .. } => span(Action::KillRedis, Action::RestartRedis, for_ns),
            EventKind::Down { target: Target::Database, for_ns, fail } => {
                span(Action::DatabaseDown { mode: fail }, Action::DatabaseUp, for_ns);
            }
            EventKind::Down { for_ns, .. } => span(Action::CloseRedis, Action::OpenRedis, for_ns),
            EventKind::Pause { target: Target::Database, for_ns } => {
                span(Action::PauseDatabase, Action::GoOnDatabase, for_ns);
            }
            EventKind::Pause { for_ns, .. } => all.push((at_ns, Action::PauseRedis { for_ns })),
            EventKind::Slow { target: Target::Database, for_ns, .. } => {
                let slow = |at_ns| Action::SlowDatabase { factor: factor_at(model, at_ns) };
                span(slow(at_ns), slow(at_ns + for_ns), for_ns);
            }
            EventKind::Deploy { every_ns } => {
                all.extend(
                    (0..model.clients.instances).map(|number| {
                        (at_ns + every_ns * u64::from(number), Action::ClearInstance { number })
                    }),
                );
            }
            // In the schedule, or not played.
            EventKind::Surge { .. }
            | EventKind::HotKey { .. }
            | EventKind::Slow { .. }
            | EventKind::NodeLost { .. }
            | EventKind::Crash { .. }
            | EventKind::LeaderCrash { .. }
            | EventKind::Change { .. }
            | EventKind::Warm { .. }
            | EventKind::Scale { .. }
            | EventKind::Stall { .. } => {}
        }
    }
    all.sort_by_key(|action| action.0);
    all
}

/// How many times as long the database takes from an instant on: slow events that overlap multiply.
fn factor_at(model: &Model, at_ns: Nanos) -> f64 {
    let holds = |from_ns: Nanos, for_ns: Nanos| from_ns <= at_ns && at_ns < from_ns + for_ns;
    model
        .events
        .iter()
        .filter_map(|event| match event.what {
            EventKind::Slow { target: Target::Database, for_ns, factor } if holds(event.at_ns, for_ns) => {
                Some(factor)
            }
            _ => None,
        })
        .product()
}

/// Does all of them at their instants; returns early once `is_over`. What is not over then is ended.
pub fn play(run: &Arc<Run>, control: Option<&Control>, is_over: &AtomicBool) {
    let actions = actions(&run.model);
    let mut closed = None;
    let mut is_killed = false;
    for (at_ns, action) in actions {
        if !wait_for(run, at_ns, is_over) {
            break;
        }
        match action {
            Action::KillRedis => is_killed = true,
            Action::RestartRedis => is_killed = false,
            _ => {}
        }
        if let Err(problem) = act(run, control, action, &mut closed) {
            run.fail(problem);
            break;
        }
    }
    if is_killed && let Some(control) = control {
        // Without it what comes next has no server.
        if let Err(problem) = control.restart_redis() {
            run.fail(problem);
        }
    }
    if let Some(closed) = closed
        && let Err(problem) = closed.open()
    {
        run.fail(problem);
    }
}

/// `false`: the repetition is over before.
fn wait_for(run: &Run, at_ns: Nanos, is_over: &AtomicBool) -> bool {
    const LOOK: Duration = Duration::from_millis(20);
    let due = run.clock().instant(at_ns);
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if is_over.load(Ordering::Relaxed) || run.stop.load(Ordering::Relaxed) {
            return false;
        }
        match left {
            Duration::ZERO => return true,
            left => std::thread::sleep(left.min(LOOK)),
        }
    }
}

fn act(
    run: &Arc<Run>,
    control: Option<&Control>,
    action: Action,
    closed: &mut Option<PortClosed>,
) -> Result<(), Problem> {
    let own = || control.ok_or_else(|| Problem::failed("an event needs servers of its own"));
    let gate = &run.backend.gate;
    match action {
        Action::FlushRedis => own()?.flush()?,
        Action::PauseRedis { for_ns } => own()?.pause_redis(Duration::from_nanos(for_ns))?,
        Action::KillRedis => {
            run.redis_epoch.fetch_add(1, Ordering::Release);
            own()?.kill_redis()?;
        }
        Action::RestartRedis => {
            own()?.restart_redis()?;
            run.redis_epoch.fetch_add(1, Ordering::Release);
        }
        Action::CloseRedis => {
            own()?;
            run.redis_epoch.fetch_add(1, Ordering::Release);
            *closed = Some(PortClosed::close(&run.redis_url)?);
        }
        Action::OpenRedis => {
            if let Some(closed) = closed.take() {
                closed.open()?;
            }
            run.redis_epoch.fetch_add(1, Ordering::Release);
        }
        Action::ClearTier { level } => {
            for instance in &run.instances {
                // One that has ended has nothing to clear.
                let _ = instance.send(Message::Clear(Some(level)));
            }
        }
        Action::ClearInstance { number } => {
            let _ = run.instances[number as usize].send(Message::Clear(None));
        }
        Action::PauseDatabase => gate.pause(),
        Action::GoOnDatabase => gate.go_on(),
        Action::SlowDatabase { factor } => run.service.slow(factor),
        Action::DatabaseDown { mode } => gate.go_down(mode),
        Action::DatabaseUp => gate.come_up(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::player::fixture;

    const SECOND: Nanos = 1_000_000_000;

    fn of(events: &str) -> Vec<(Nanos, Action)> {
        let (model, _) = fixture::model(&format!(
            r#"
            question = "?"
            duration = "60s"
            clients = {{ instances = 2 }}
            workload = {{ arrivals = {{ poisson = {{ rate = 10 }} }}, keys = 10 }}
            database = {{ read = "1ms", timeout = "1s" }}
            [[tier]]
            name = "l1"
            scope = "instance"
            ttl = "5s"
            [[tier]]
            name = "l2"
            scope = "shared"
            ttl = "60s"
            {events}
            "#
        ));
        actions(&model)
    }

    #[test]
    fn what_lasts_has_an_end_and_what_is_in_the_schedule_has_no_action() {
        let all = of(r#"
            [[event]]
            at = "20s"
            what = { restart = { tier = "l2", for = "3s" } }
            [[event]]
            at = "10s"
            what = { flush = { tier = "l1" } }
            [[event]]
            at = "5s"
            what = { surge = { factor = 2.0, for = "5s" } }
            [[event]]
            at = "30s"
            what = { deploy = { every = "5s" } }
            "#);
        assert_eq!(
            all,
            [
                (10 * SECOND, Action::ClearTier { level: 0 }),
                (20 * SECOND, Action::KillRedis),
                (23 * SECOND, Action::RestartRedis),
                (30 * SECOND, Action::ClearInstance { number: 0 }),
                (35 * SECOND, Action::ClearInstance { number: 1 }),
            ]
        );
    }

    #[test]
    fn slow_events_that_overlap_multiply() {
        let slow = |at: u32, length: u32, factor: f64| {
            format!(
                "[[event]]\nat = \"{at}s\"\nwhat = {{ slow = {{ target = \"database\", for = \"{length}s\", factor = {factor:?} }} }}\n"
            )
        };
        let all = of(&(slow(10, 20, 2.0) + &slow(20, 20, 3.0)));
        let factors: Vec<(Nanos, f64)> = all
            .iter()
            .map(|&(at_ns, action)| match action {
                Action::SlowDatabase { factor } => (at_ns / SECOND, factor),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(factors, [(10, 2.0), (20, 6.0), (30, 3.0), (40, 1.0)]);
    }
}
