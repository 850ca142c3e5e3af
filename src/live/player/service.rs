//! How long the database takes: the service time of the scenario, divided between PostgreSQL and the gate.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::dice::{Stream, Times, round_ns, stream};
use crate::model::{Contention, Model, Nanos};

/// A millisecond: `pg_sleep` counts in whole ones.
const STEP_NS: Nanos = 1_000_000;

/// Kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Read { class: usize },
    Write { class: usize },
}

/// Draws service times.
#[derive(Debug)]
pub struct Service {
    dice: Mutex<Stream>,
    /// By class: reads, writes.
    times: Vec<[Times; 2]>,
    contention: Option<Contention>,
    /// In service now.
    busy: AtomicU32,
    /// The factor of slow events, as bits.
    slowness: AtomicU64,
    /// Time that a query takes without a sleep: reads, writes.
    overhead_ns: [Nanos; 2],
    /// Queries take their own time.
    is_plain: bool,
}

/// The time of one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// As drawn, before contention and slow events.
    pub drawn_ns: Nanos,
    /// Of which the query sleeps.
    pub sleep_ns: Nanos,
    /// From the beginning to the end, the query included; `None`: as long as the query takes.
    pub whole_ns: Option<Nanos>,
    /// What a query that sleeps so long is expected to take.
    pub query_ns: Nanos,
}

impl Service {
    pub fn new(
        model: &Model,
        seed: u64,
        replication: u32,
        overhead_ns: [Nanos; 2],
        is_plain: bool,
    ) -> Service {
        let spec = &model.database;
        let times = |class: &crate::model::Class| {
            let own = |own: &Option<_>, general| Times::new(own.as_ref().unwrap_or(general));
            [own(&class.costs.db_read, &spec.read), own(&class.costs.db_write, &spec.write)]
        };
        Service {
            // The stream of the simulator; the order of services is that of the real clients.
            dice: Mutex::new(stream(seed, replication, "database.service")),
            times: model.workload.classes.iter().map(times).collect(),
            contention: spec.contention,
            busy: AtomicU32::new(0),
            slowness: AtomicU64::new(1.0f64.to_bits()),
            overhead_ns,
            is_plain,
        }
    }

    /// Everything takes so many times as long from now on.
    pub fn slow(&self, factor: f64) {
        self.slowness.store(factor.to_bits(), Ordering::Relaxed);
    }

    /// A service begins; it ends with [`Service::end`].
    pub fn begin(&self, work: Work) -> Time {
        let in_service = self.busy.fetch_add(1, Ordering::Relaxed) + 1;
        let drawn_ns = {
            let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
            match work {
                Work::Read { class } => self.times[class][0].sample(&mut dice),
                Work::Write { class } => self.times[class][1].sample(&mut dice),
            }
        };
        let overhead_ns = self.overhead_ns[usize::from(matches!(work, Work::Write { .. }))];
        if self.is_plain {
            return Time { drawn_ns, sleep_ns: 0, whole_ns: None, query_ns: overhead_ns };
        }
        let contention = self.contention.map_or(1.0, |law| law.slowdown(f64::from(in_service)));
        let slowness = f64::from_bits(self.slowness.load(Ordering::Relaxed));
        let whole_ns = round_ns(drawn_ns as f64 * contention * slowness);
        let sleep_ns = whole_ns.saturating_sub(overhead_ns) / STEP_NS * STEP_NS;
        Time { drawn_ns, sleep_ns, whole_ns: Some(whole_ns), query_ns: overhead_ns + sleep_ns }
    }

    pub fn end(&self) {
        self.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::player::fixture;

    const MS: Nanos = 1_000_000;

    fn service(database: &str) -> Service {
        let (model, _) = fixture::model(&format!(
            r#"
            question = "?"
            duration = "1s"
            workload = {{ arrivals = {{ constant = {{ rate = 1 }} }}, keys = 10, write_share = 0.5 }}
            database = {{ {database} }}
            "#
        ));
        Service::new(&model, 1, 0, [300_000, 500_000], false)
    }

    #[test]
    fn postgres_sleeps_whole_milliseconds_and_the_gate_keeps_the_rest() {
        let service = service("read = \"5.2ms\", write = \"8.6ms\"");
        let read = service.begin(Work::Read { class: 0 });
        assert_eq!((read.sleep_ns, read.whole_ns, read.query_ns), (4 * MS, Some(5_200_000), 4_300_000));
        let write = service.begin(Work::Write { class: 0 });
        assert_eq!((write.sleep_ns, write.whole_ns, write.query_ns), (8 * MS, Some(8_600_000), 8_500_000));
    }

    #[test]
    fn what_is_shorter_than_a_query_does_not_sleep() {
        let time = service("read = \"200us\"").begin(Work::Read { class: 0 });
        assert_eq!((time.sleep_ns, time.whole_ns, time.drawn_ns), (0, Some(200_000), 200_000));
    }

    #[test]
    fn contention_and_slow_events_stretch_a_service_that_begins_under_them() {
        let service = service("read = \"10ms\", contention = { sigma = 0.1, kappa = 0.01 }");
        let whole = |service: &Service| service.begin(Work::Read { class: 0 }).whole_ns.unwrap();
        // 1; then 1 + 0.1 + 0.01 x 1 x 2; then, twice as slow, 2 (1 + 0.2 + 0.01 x 2 x 3).
        assert_eq!([whole(&service), whole(&service)], [10 * MS, 11_200_000]);
        service.slow(2.0);
        assert_eq!(whole(&service), 25_200_000);
        (0..3).for_each(|_| service.end());
        service.slow(1.0);
        assert_eq!(whole(&service), 10 * MS);
    }
}
