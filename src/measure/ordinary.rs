//! The ordinary state of a run: its measured part without the events and the time until they are over.
//!
//! A mean over a run with a flush in it is the figure of neither state. The ordinary state is the measured time before the first event.
//! Where that is short, it is all time outside of events: each lasts from its beginning until errors, latency, database load and queue
//! are back where they were; where one of them does not come back, until the next event or the end of the run.
//!
//! A change of settings is there to stay: a system that changes has its ordinary state after the last change. It is the second half of
//! the time from its end to the end of the run; the first half is left to the transition.

use super::cells::{Cell, Cells, Sparse};
use super::recovery::EventOutcome;
use crate::model::{Model, Nanos};

/// So much time before the first event is enough. What follows an event may differ for long: a cache that was filled again at once
/// expires at once.
const BEFORE_MIN_NS: Nanos = 30_000_000_000;
/// Fewer requests show no percentile of an ordinary state.
const REQUESTS_MIN: u64 = 200;

/// When a system whose settings change has settled.
fn settled_ns(model: &Model) -> Option<Nanos> {
    let happen = model.events.iter().filter(|event| event.at_ns < model.duration_ns);
    let changes = happen.filter(|event| event.what.is_change());
    let last_end_ns = changes.map(|event| event.end_ns(model.clients.instances)).max()?;
    Some(last_end_ns.midpoint(model.duration_ns.max(last_end_ns)))
}

/// The undisturbed cells of the measured part, together.
#[derive(Clone, Debug, Default)]
pub struct Ordinary {
    pub duration_ns: Nanos,
    pub requests: u64,
    pub errors: u64,
    /// Reads answered from a tier, and all that were answered.
    pub hits: u64,
    pub reads: u64,
    pub db_arrivals: u64,
    /// Latencies of what was answered, and ages of what was still in flight at the end.
    pub latencies: Sparse,
}

impl Ordinary {
    /// `None` where the run has no ordinary state: fewer than 200 requests lie outside of the events and of what follows them.
    pub fn of(model: &Model, cells: &Cells, events: &[EventOutcome]) -> Option<Ordinary> {
        if let Some(from_ns) = settled_ns(model) {
            // Changes do not disturb what they lead to.
            let passing: Vec<&EventOutcome> = model
                .events
                .iter()
                .zip(events)
                .filter(|(event, _)| !event.what.is_change())
                .map(|both| both.1)
                .collect();
            let settled = Ordinary::within(model, cells, &passing, from_ns, Nanos::MAX);
            return (settled.requests >= REQUESTS_MIN).then_some(settled);
        }
        let events: Vec<&EventOutcome> = events.iter().collect();
        let disturbed = events.iter().filter_map(|event| event.disturbs);
        let first_ns = disturbed.map(|(from_ns, _)| from_ns).min().unwrap_or(Nanos::MAX);
        let before = Ordinary::within(model, cells, &events, 0, first_ns);
        if before.duration_ns >= BEFORE_MIN_NS && before.requests >= REQUESTS_MIN {
            return Some(before);
        }
        let all = Ordinary::within(model, cells, &events, 0, Nanos::MAX);
        (all.requests >= REQUESTS_MIN).then_some(all)
    }

    /// The undisturbed cells between two instants.
    fn within(
        model: &Model,
        cells: &Cells,
        events: &[&EventOutcome],
        from_ns: Nanos,
        until_ns: Nanos,
    ) -> Ordinary {
        let mut ordinary = Ordinary::default();
        let from_ns = from_ns.max(model.warmup_ns);
        let measured = |cell: &&Cell| cell.from_ns >= from_ns && cell.to_ns <= until_ns;
        for cell in cells.all().iter().filter(measured) {
            let is_disturbed = |event: &&EventOutcome| {
                event.disturbs.is_some_and(|(from_ns, to_ns)| cell.to_ns > from_ns && cell.from_ns < to_ns)
            };
            if events.iter().any(is_disturbed) {
                continue;
            }
            ordinary.duration_ns += cell.to_ns - cell.from_ns;
            ordinary.requests += u64::from(cell.requests);
            ordinary.errors += u64::from(cell.errors) + cell.unfinished.count();
            ordinary.hits += u64::from(cell.hits);
            ordinary.reads += u64::from(cell.reads);
            ordinary.db_arrivals += u64::from(cell.db_arrivals);
            ordinary.latencies.merge(&cell.answered);
            ordinary.latencies.merge(&cell.unfinished);
        }
        ordinary
    }

    pub fn seconds(&self) -> f64 {
        self.duration_ns as f64 / 1e9
    }
}
