//! Cost of a simulation, found by simulating its beginning.
//!
//! Breakers, retries, polls and users who are refused act on each other, and no closed form has the number of events that
//! comes of it. Where a scenario has them, [`crate::scenario::estimate`] gives the memory and a first guess, and a pilot of a few
//! hundred thousand events the number of events.

use std::sync::Arc;

use crate::model::{Arrivals, Coalescing, Experiment, Model, Nanos, Scope};
use crate::scenario::estimate::{self, Estimate, Limits, Plan};
use crate::sim::{Control, Engine};
use crate::workload::Tables;

/// A pilot of so many events is enough.
const PILOT_EVENTS: f64 = 100_000.0;
/// The first pilot is as long as these take by the first guess.
const FIRST_EVENTS: f64 = 10_000.0;
/// A shorter part of the run is its beginning, with caches that fill.
const PILOT_SHARE_MIN: f64 = 0.1;
/// Larger models are not set up for a guess.
const PILOT_BYTES_MAX: f64 = 200e6;
/// Nobody waits for the pilots of more variants.
const PILOTS_MAX: usize = 32;
/// A first guess so many times below the limit of time needs no pilot. The limit holds while the run goes on as well.
const FAR_BELOW: f64 = 1000.0;

/// Estimates an experiment on `threads` threads, with pilots where they are needed.
pub fn plan(experiment: &Experiment, threads: usize) -> Plan {
    match experiment.variants.len() {
        0..=PILOTS_MAX => {
            estimate::plan_by(experiment, threads, &|model| self::estimate(model, experiment.seed))
        }
        _ => estimate::plan(experiment, threads),
    }
}

/// The same for a run that is to begin. Pilots are made only where they may decide whether it is refused: they would make a
/// short run a quarter longer.
pub fn plan_within(limits: &Limits, experiment: &Experiment, threads: usize) -> Plan {
    let guess = estimate::plan(experiment, threads);
    if guess.seconds * FAR_BELOW < limits.seconds { guess } else { plan(experiment, threads) }
}

/// Estimates one simulation.
pub fn estimate(model: &Model, seed: u64) -> Estimate {
    let mut estimate = estimate::estimate(model);
    if needs_pilot(model)
        && estimate.memory_bytes() <= PILOT_BYTES_MAX
        && let Some(events) = by_pilot(model, seed, estimate.events)
    {
        estimate.events = events;
    }
    estimate
}

/// Whether something in it answers its own consequences. A trace is read for its own sake only.
fn needs_pilot(model: &Model) -> bool {
    let database = &model.database;
    let guarded = |tier: &crate::model::Tier| match &tier.scope {
        Scope::Shared(shared) => {
            shared.timeout_ns.is_some() || shared.pool_timeout_ns.is_some() || shared.breaker.is_some()
        }
        Scope::Instance { .. } => false,
    };
    let acts_on_itself = model.clients.deadline_ns.is_some()
        || model.clients.workers.is_some()
        || matches!(model.workload.arrivals, Arrivals::Closed { .. })
        || matches!(model.coalescing, Coalescing::Lease(_))
        || model.tiers.iter().any(guarded)
        || database.timeout_ns.is_some()
        || database.queue.is_some()
        || database.pool_timeout_ns.is_some()
        || database.breaker.is_some()
        || database.limit.is_some()
        || database.max_connections.is_some()
        || database.contention.is_some();
    acts_on_itself && !matches!(model.workload.arrivals, Arrivals::Trace(_))
}

/// Events of the whole run: those of pilots that grow until they have seen enough, and from there on as many per time as
/// between the last two. `None` where a pilot fails, as the run will, and where it has not seen what is still to come: an event
/// of the scenario, or most of a short beginning.
fn by_pilot(model: &Model, seed: u64, guess: f64) -> Option<f64> {
    let tables = Arc::new(Tables::new(model, seed).ok()?);
    let seen = |length_ns: Nanos| -> Option<f64> {
        let pilot = Model { duration_ns: length_ns, warmup_ns: 0, ..model.clone() };
        let engine = Engine::new(&pilot, Arc::clone(&tables), seed, 0).ok()?;
        engine.run(&Control::default()).ok().map(|finished| finished.events as f64)
    };
    let whole_ns = model.duration_ns as f64;
    let mut length_ns = whole_ns * (FIRST_EVENTS / guess.max(1.0)).min(1.0);
    let mut before = (0.0, 0.0);
    loop {
        let now = (length_ns, seen((length_ns as Nanos).max(1))?);
        if length_ns >= whole_ns {
            return Some(now.1);
        }
        if now.1 >= PILOT_EVENTS {
            let last_event_ns = model.events.iter().map(|event| event.at_ns as f64).fold(0.0, f64::max);
            if now.0 < last_event_ns || now.0 < PILOT_SHARE_MIN * whole_ns {
                return None;
            }
            let per_ns = (now.1 - before.1).max(0.0) / (now.0 - before.0);
            return Some(now.1 + per_ns * (whole_ns - now.0));
        }
        before = now;
        length_ns = (length_ns * (1.2 * PILOT_EVENTS / now.1.max(1.0)).clamp(1.5, 4.0)).min(whole_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, bundled, parse};

    #[test]
    fn pilots_are_made_only_where_they_may_decide() {
        let leases = bundled::get("leases").unwrap();
        // Short enough for a pilot to see a tenth of it.
        let second = Overrides { duration: Some("1s".into()), ..Overrides::default() };
        let experiment = parse(leases.source, &leases.path(), "scenarios".as_ref(), &second).unwrap();
        let events = |seconds| {
            let limits = Limits { memory_bytes: None, memory_given: false, seconds };
            plan_within(&limits, &experiment, 1).events
        };
        let (guess, counted) = (estimate::plan(&experiment, 1).events, plan(&experiment, 1).events);
        assert_ne!(guess, counted);
        assert_eq!([events(86_400.0), events(60.0)], [guess, counted]);
    }
}
