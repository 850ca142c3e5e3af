//! The requests of one repetition, drawn before it starts: those of a simulation with the same seed and replication.

use std::sync::Arc;

use crate::dice::{chance, stream};
use crate::model::{Model, Nanos};
use crate::trace::TraceError;
use crate::workload::{Batch, EXISTS, Generator, Tables};

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Read,
    /// A read without a value.
    Check,
    Write,
}

/// A request that is to start at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// From the common start.
    pub at_ns: Nanos,
    pub key: u32,
    pub instance: u32,
    pub class: u16,
    pub operation: Operation,
    /// A write whose transaction rolls back.
    pub rolls_back: bool,
    /// Where its other keys begin in [`Schedule::more_keys`], and how many there are.
    more: (u32, u32),
}

/// All requests of a repetition, in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    pub requests: Vec<Planned>,
    more_keys: Vec<u32>,
}

/// Why there is no schedule.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// It has more requests than a repetition may have.
    #[error("a repetition has more than {most} requests")]
    TooLong { most: usize },
    /// Its users send the next request when they have the answer to the last one.
    #[error("the requests of a closed loop are not known before the start")]
    Closed,
}

impl Schedule {
    /// The requests that the simulator draws of this model, seed and replication; at most `most`.
    ///
    /// # Errors
    /// A trace that cannot be read, a closed loop, or too many requests.
    pub fn draw(
        model: &Model,
        tables: &Arc<Tables>,
        seed: u64,
        replication: u32,
        most: usize,
    ) -> Result<Schedule, ScheduleError> {
        let mut generator = Generator::new(model, Arc::clone(tables), seed, replication)?;
        if generator.is_closed() {
            return Err(ScheduleError::Closed);
        }
        let mut schedule = Schedule::default();
        let (mut batch, mut gathered) = (Batch::default(), Vec::new());
        let rollback = model.write_options.rollback;
        let mut rollback_dice = stream(seed, replication, "writes.rollback");
        loop {
            generator.fill(&mut batch)?;
            if batch.time_ns.is_empty() {
                return Ok(schedule);
            }
            if schedule.requests.len() + batch.time_ns.len() > most {
                return Err(ScheduleError::TooLong { most });
            }
            for request in 0..batch.time_ns.len() {
                let (key, tag) = (batch.key[request], batch.tag[request]);
                let class = usize::from((tag & !EXISTS) >> 1);
                let operation = match (tag & 1 == 1, tag & EXISTS != 0) {
                    (true, _) => Operation::Write,
                    (false, true) => Operation::Check,
                    (false, false) => Operation::Read,
                };
                let from = schedule.more_keys.len() as u32;
                let count = model.workload.classes[class].keys_per_request;
                if count > 1 && operation != Operation::Write {
                    generator.gather(class, key, count, &mut gathered);
                    schedule.more_keys.extend_from_slice(&gathered[1..]);
                }
                schedule.requests.push(Planned {
                    at_ns: batch.time_ns[request],
                    key,
                    instance: batch.instance[request],
                    class: class as u16,
                    operation,
                    rolls_back: operation == Operation::Write
                        && rollback > 0.0
                        && chance(&mut rollback_dice, rollback),
                    more: (from, schedule.more_keys.len() as u32 - from),
                });
            }
        }
    }

    /// The keys of a request beside its first.
    pub fn more_keys(&self, request: &Planned) -> &[u32] {
        let (from, count) = request.more;
        &self.more_keys[from as usize..(from + count) as usize]
    }

    /// Requests per second in the busiest second, wherever it begins.
    pub fn peak_per_s(&self) -> usize {
        const SECOND_NS: Nanos = 1_000_000_000;
        let mut first = 0;
        let mut most = 0;
        for (last, request) in self.requests.iter().enumerate() {
            while request.at_ns - self.requests[first].at_ns >= SECOND_NS {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::player::fixture;
    use crate::sim::{Control, Engine};

    const SCENARIO: &str = r#"
        question = "?"
        duration = "20s"
        clients = { instances = 3 }
        workload = { arrivals = { poisson = { rate = 300 } }, keys = 1000, write_share = 0.1, exists_share = 0.1 }
        database = { read = "1ms" }
    "#;

    #[test]
    fn the_requests_are_those_of_the_simulator() {
        let (model, tables) = fixture::model(SCENARIO);
        let schedule = Schedule::draw(&model, &tables, 7, 2, 100_000).unwrap();
        // The fingerprint that the engine takes of what it is given.
        let engine = Engine::new(&model, Arc::clone(&tables), 7, 2).unwrap().watching_traffic();
        let finished = engine.run(&Control::default()).unwrap();
        let tag = |request: &Planned| {
            2 * request.class as u8
                + match request.operation {
                    Operation::Read => 0,
                    Operation::Write => 1,
                    Operation::Check => EXISTS,
                }
        };
        let mut batch = Batch::default();
        for request in &schedule.requests {
            batch.time_ns.push(request.at_ns);
            batch.key.push(request.key);
            batch.instance.push(request.instance);
            batch.tag.push(tag(request));
        }
        assert!(schedule.requests.len() > 5_000, "{}", schedule.requests.len());
        assert_eq!(Some(batch.fingerprint(0)), finished.traffic);
    }

    #[test]
    fn a_read_of_several_keys_has_different_ones() {
        let (model, tables) =
            fixture::model(&SCENARIO.replace("write_share", "keys_per_request = 4, write_share"));
        let schedule = Schedule::draw(&model, &tables, 1, 0, 100_000).unwrap();
        for request in &schedule.requests {
            let more = schedule.more_keys(request);
            assert_eq!(more.len(), if request.operation == Operation::Write { 0 } else { 3 });
            assert!(!more.contains(&request.key));
        }
    }

    #[test]
    fn more_requests_than_allowed_and_a_closed_loop_are_refused() {
        let (model, tables) = fixture::model(SCENARIO);
        let error = Schedule::draw(&model, &tables, 1, 0, 1_000).unwrap_err();
        assert_eq!(error.to_string(), "a repetition has more than 1000 requests");
        let closed = SCENARIO.replace("poisson = { rate = 300 }", "closed = { users = 3, think = \"1s\" }");
        let (model, tables) = fixture::model(&closed);
        assert!(matches!(Schedule::draw(&model, &tables, 1, 0, 1_000), Err(ScheduleError::Closed)));
    }

    #[test]
    fn a_share_of_the_writes_rolls_back() {
        let (model, tables) = fixture::model(&format!("{SCENARIO}\nwrites = {{ rollback = 0.3 }}"));
        let schedule = Schedule::draw(&model, &tables, 1, 0, 100_000).unwrap();
        let (rolled_back, writes) =
            schedule.requests.iter().fold((0, 0), |(rolled_back, writes), request| {
                let is_write = request.operation == Operation::Write;
                assert!(is_write || !request.rolls_back);
                (rolled_back + u32::from(request.rolls_back), writes + u32::from(is_write))
            });
        assert!((f64::from(rolled_back) / f64::from(writes) - 0.3).abs() < 0.06, "{rolled_back} of {writes}");
    }

    #[test]
    fn the_busiest_second_may_begin_anywhere() {
        let at = |at_ns| Planned {
            at_ns,
            key: 0,
            instance: 0,
            class: 0,
            operation: Operation::Read,
            rolls_back: false,
            more: (0, 0),
        };
        let ms = [0, 700, 900, 1_600, 1_650, 1_899, 1_900, 5_000].map(|ms| at(ms * 1_000_000));
        let schedule = Schedule { requests: ms.to_vec(), more_keys: Vec::new() };
        assert_eq!(schedule.peak_per_s(), 4);
    }
}
