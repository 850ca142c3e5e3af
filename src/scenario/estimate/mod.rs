//! Cost of a run, before it starts: requests, events, memory, time.
//!
//! Memory is that of the whole process while it simulates: the program itself, what the simulations that run at once keep
//! (`memory`), and what finished ones leave. The aim, held by `tests/scenarios/estimates.rs`: memory within a factor of two, the
//! number of events within a factor of three.

mod arrivals;
mod flow;
mod machine;
mod memory;

use std::sync::Arc;

use crate::declare::diagnostic::Diagnostics;
use crate::model::{Experiment, Model};
use crate::units::{approximate_bytes, grouped};

pub(super) use self::arrivals::peak_profile_factor;
pub use self::flow::{
    BACKGROUND_WAITING_BYTES, NOTICE_BYTES, PLAIN_WAITING_BYTES, WAITING_AT_DATABASE_BYTES,
    WAITING_AT_TIER_BYTES,
};
pub use self::machine::available_memory_bytes;

/// Events and keys per second of one thread that time estimates assume.
pub const NOMINAL_EVENTS_PER_S: f64 = 8e6;

/// The program with its scenario, one thread and what the end of a run takes.
const PROCESS_BYTES: f64 = 10.5e6;
/// Memory of a thread and its heap.
const THREAD_BYTES: f64 = 0.3e6;
/// Memory of a variant's results: names of its measures, and its windows and distributions beside the values.
const VARIANT_BYTES: f64 = 60e3;
/// A value of each measure.
const REPLICATION_BYTES: f64 = 2e3;
/// A window in all series.
const WINDOW_BYTES: f64 = 45.0 * 16.0;

/// Cost of one simulation of a model.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// Expected requests, warm-up included.
    pub requests: f64,
    /// Keys that they read or write.
    pub keys: f64,
    /// Events of the loop: commands, database calls, timers.
    pub events: f64,
    /// The consumers of memory, largest first.
    pub memory: Vec<MemoryItem>,
}

#[derive(Clone, Debug)]
pub struct MemoryItem {
    /// In words: `tier l2`.
    pub what: String,
    pub bytes: f64,
}

impl Estimate {
    /// Of all items together.
    pub fn memory_bytes(&self) -> f64 {
        self.memory.iter().map(|item| item.bytes).sum()
    }
}

/// Cost of a whole experiment.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Simulations: variants x replications.
    pub cells: u64,
    /// Over all cells.
    pub requests: f64,
    /// Over all cells.
    pub events: f64,
    /// Of the process: itself, the simulations that run at the same time, and what finished ones leave.
    pub memory_bytes: f64,
    /// Wall time at [`NOMINAL_EVENTS_PER_S`] per thread.
    pub seconds: f64,
    /// The largest item, of the largest variant.
    pub biggest: Option<MemoryItem>,
    /// Of one simulation of each variant, in file order; empty for a grid, whose cells are too many to be shown.
    pub estimates: Vec<Arc<Estimate>>,
}

impl Estimate {
    /// Wall time on one thread.
    pub fn seconds(&self) -> f64 {
        (self.keys + self.events) / NOMINAL_EVENTS_PER_S
    }
}

/// Estimates one simulation.
pub fn estimate(model: &Model) -> Estimate {
    let flow = flow::flow(model);
    let mut memory = memory::memory(model, &flow);
    memory.retain(|item| item.bytes > 0.0);
    memory.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
    // Absurd rates overflow, and infinity less infinity is no number.
    let events = if flow.events.is_nan() { f64::INFINITY } else { flow.events };
    Estimate { requests: flow.requests, keys: flow.keys, events, memory }
}

/// Expected requests of one simulation.
pub fn requests(model: &Model) -> f64 {
    match model.workload.arrivals.rate_per_s() {
        Some(_) => arrivals::requests(model),
        None => flow::flow(model).requests,
    }
}

/// Memory of the process beside its simulations, with so many threads.
pub fn process_bytes(threads: f64) -> f64 {
    PROCESS_BYTES + threads * THREAD_BYTES
}

/// Estimates an experiment on `threads` threads.
pub fn plan(experiment: &Experiment, threads: usize) -> Plan {
    plan_by(experiment, threads, &estimate)
}

/// The same with another estimate of one simulation.
pub fn plan_by(experiment: &Experiment, threads: usize, estimate: &dyn Fn(&Model) -> Estimate) -> Plan {
    let mut known: Vec<(&Model, Arc<Estimate>)> = Vec::new();
    let estimates: Vec<Arc<Estimate>> = experiment
        .variants
        .iter()
        .map(|variant| {
            // Thousands of variants are often few different ones.
            let same =
                known.last().filter(|(model, _)| format!("{model:?}") == format!("{:?}", variant.model));
            let estimate =
                same.map_or_else(|| Arc::new(estimate(&variant.model)), |(_, known)| Arc::clone(known));
            known.push((&variant.model, Arc::clone(&estimate)));
            estimate
        })
        .collect();
    let replications = f64::from(experiment.replications);
    let cells = estimates.len() as u64 * u64::from(experiment.replications);
    let at_once = cells.min(threads as u64).max(1) as f64;
    let all = |of: &dyn Fn(&Estimate) -> f64| estimates.iter().map(|one| of(one)).sum::<f64>() * replications;
    let left: f64 = experiment
        .variants
        .iter()
        .map(|variant| {
            let windows = (variant.model.duration_ns as f64 / variant.model.window_ns.max(1) as f64).ceil();
            VARIANT_BYTES + windows * WINDOW_BYTES + replications * REPLICATION_BYTES
        })
        .sum();
    let (requests, events) = (all(&|one| one.requests), all(&|one| one.events));
    let seconds = all(&Estimate::seconds) / at_once;
    let largest = estimates.iter().max_by(|a, b| a.memory_bytes().total_cmp(&b.memory_bytes()));
    let simulated = largest.as_ref().map_or(0.0, |largest| largest.memory_bytes()) * at_once;
    Plan {
        cells,
        requests,
        events,
        memory_bytes: process_bytes(at_once) + simulated + left,
        seconds,
        biggest: largest.and_then(|estimate| estimate.memory.first().cloned()),
        estimates,
    }
}

/// Limits of a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `None`: the system does not report it.
    pub memory_bytes: Option<u64>,
    /// The limit was given; else it is the memory of the machine.
    pub memory_given: bool,
    pub seconds: f64,
}

/// Nobody waits longer than this without having said so.
const SECONDS_MAX: f64 = 24.0 * 3600.0;

impl Limits {
    /// All the memory that the machine has left, and a day.
    pub fn of_this_machine() -> Self {
        Limits { memory_bytes: available_memory_bytes(), memory_given: false, seconds: SECONDS_MAX }
    }
}

/// Refuses a plan beyond the limits.
///
/// # Errors
/// Names the estimate, the limit, what takes most, and the ways out.
pub fn refuse_beyond(plan: &Plan, limits: &Limits) -> Result<(), Diagnostics> {
    if plan.seconds > limits.seconds {
        let title = format!(
            "this scenario takes about {}, and the limit is {}",
            figure_of_time(plan.seconds),
            figure_of_time(limits.seconds)
        );
        let whole = |number: f64| grouped(number.round().min(u64::MAX as f64) as u64);
        let (requests, events) = (whole(plan.requests), whole(plan.events));
        let simulations = grouped(plan.cells);
        let help = vec![
            format!(
                "{requests} requests and {events} events in {simulations} simulations; a lower rate, a shorter --duration or fewer --replications"
            ),
            "--time-limit allows more".to_owned(),
        ];
        return Err(Diagnostics::general(title, help));
    }
    if let Some(limit) = limits.memory_bytes.filter(|limit| plan.memory_bytes > *limit as f64) {
        let limit = approximate_bytes(limit as f64);
        let of = match limits.memory_given {
            true => format!("--memory-limit allows {limit}"),
            false => format!("this machine has {limit}"),
        };
        let title =
            format!("this scenario needs about {} of memory, and {of}", approximate_bytes(plan.memory_bytes));
        let mut help = Vec::new();
        if let Some(item) = &plan.biggest {
            let bytes = approximate_bytes(item.bytes);
            help.push(format!("the largest part is {}: {bytes} per simulation", item.what));
        }
        help.push("fewer keys, fewer instances with a tier of their own, or --threads 1".to_owned());
        return Err(Diagnostics::general(title, help));
    }
    Ok(())
}

/// As [`approximate_time`], with a figure for what is less than a second: `12 ms`.
pub fn figure_of_time(seconds: f64) -> String {
    match seconds * 1e3 {
        ms if ms >= 1e3 => approximate_time(seconds),
        ms if ms >= 10.0 => format!("{ms:.0} ms"),
        ms => format!("{ms:.2} ms"),
    }
}

/// `less than a second`, `40 s`, `5 min`, `30 h`, `12 years`.
pub fn approximate_time(seconds: f64) -> String {
    const YEAR: f64 = 365.25 * 86_400.0;
    match seconds {
        s if s < 1.0 => "less than a second".to_owned(),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 72.0 * 3600.0 => format!("{:.0} h", s / 3600.0),
        s if s < YEAR => format!("{:.0} days", s / 86_400.0),
        s => format!("{} years", grouped((s / YEAR).round().min(u64::MAX as f64) as u64)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Overrides, parse};
    use super::*;

    fn experiment(workload: &str, rest: &str) -> Experiment {
        let source = format!(
            "question = \"?\"\nduration = \"100s\"\nclients = {{ instances = 4 }}\ndatabase = {{ read = \"5ms\" }}\n\
             [workload]\nkeys = 1_000_000\n{workload}\n{rest}"
        );
        parse(&source, "x.toml", Path::new(""), &Overrides::default())
            .unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn requests_of(workload: &str, rest: &str) -> f64 {
        estimate(&experiment(workload, rest).variants[0].model).requests
    }

    #[test]
    fn expected_requests_follow_profile_and_surges() {
        let poisson = "arrivals = { poisson = { rate = 100 } }";
        assert_eq!(requests_of(poisson, ""), 10_000.0);
        let stepped = format!("{poisson}\nprofile = [{{ step = {{ at = \"50s\", factor = 3.0 }} }}]");
        assert!((requests_of(&stepped, "") - 20_000.0).abs() < 20.0);
        let ramped =
            format!("{poisson}\nprofile = [{{ ramp = {{ from = \"0s\", to = \"100s\", factor = 3.0 }} }}]");
        assert!((requests_of(&ramped, "") - 20_000.0).abs() < 20.0);
        let surge = "[[event]]\nat = \"50s\"\nwhat = { surge = { factor = 10.0, for = \"10s\" } }";
        assert!((requests_of(poisson, surge) - 19_000.0).abs() < 30.0);
        let closed = requests_of("arrivals = { closed = { users = 10, think = \"95ms\" } }", "");
        assert!((closed - 10_000.0).abs() < 1.0, "{closed}");
    }

    #[test]
    fn a_tier_of_every_instance_counts_as_often() {
        let tier = "[[tier]]\nname = \"l1\"\nscope = \"instance\"\nttl = \"5s\"";
        let plan = plan(&experiment("arrivals = { poisson = { rate = 100 } }", tier), 2);
        let biggest = plan.biggest.clone().unwrap();
        assert_eq!((biggest.what.as_str(), biggest.bytes), ("tier l1", 4.0 * (8e6 + 500.0)));
        assert!(plan.memory_bytes > 64e6, "two simulations run at once");
        assert_eq!(plan.cells, 10);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_largest_part() {
        let tier = "[[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"5s\"";
        let plan = plan(&experiment("arrivals = { poisson = { rate = 100 } }", tier), 1);
        let beyond = |memory_bytes, seconds| {
            let limits = Limits { memory_bytes, memory_given: true, seconds };
            refuse_beyond(&plan, &limits).map_err(|problems| problems.to_string())
        };
        assert!(beyond(None, 60.0).is_ok());
        assert!(beyond(Some(1 << 30), 60.0).is_ok());
        let message = beyond(Some(10_000_000), 60.0).unwrap_err();
        assert!(message.contains("--memory-limit allows 10.0 MB"), "{message}");
        assert!(message.contains("tier l2: 8.0 MB"), "{message}");
        let message = beyond(None, 0.01).unwrap_err();
        assert!(
            message.contains("100,000 requests and") && message.contains("in 10 simulations"),
            "{message}"
        );
    }
}
