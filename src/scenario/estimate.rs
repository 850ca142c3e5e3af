//! What a run will cost, before it is run: requests, memory, time.
//!
//! Estimates are rough on purpose and err to the high side. They assume, per simulation: 8 bytes per key
//! and store of an unbounded tier (4 more with writes: version) and 32 per entry of a bounded one, 52 of one that is kept as Redis keeps it (with up to 2^21 keys
//! at least 4 per key for the index of a shared tier), each plus 8 (`xfetch`: delta) and 8 (`value_age`); 4 bytes per key for sizes that vary (up to 65,536 keys); 24 bytes per key of a trace
//! for its index; 32 kB for each table of popularity; 6 kB per window and class of outcome, of which four are
//! counted; 8 bytes per user of a closed loop.

use std::f64::consts::TAU;

use super::diagnostic::Diagnostics;
use super::model::{
    Arrivals, Capacity, Class, EventKind, Eviction, Experiment, Model, Nanos, Popularity, ProfilePart,
    Refresh, Scope, Size, Tier,
};
use crate::units::{approximate_bytes, grouped};

/// Simulated requests per second of one thread that time estimates assume.
pub const NOMINAL_REQUESTS_PER_S: f64 = 5e6;

const UNBOUNDED_BYTES_PER_KEY: f64 = 8.0;
/// Expiry, key, version, the links of a list, and two cells of the index.
const BOUNDED_BYTES_PER_ENTRY: f64 = 32.0;
/// What is known of a key, its links in two tables and their buckets.
const REDIS_BYTES_PER_ENTRY: f64 = 52.0;
const DENSE_INDEX_BYTES_PER_KEY: f64 = 4.0;
const DENSE_INDEX_KEYS: f64 = (1u32 << 21) as f64;
/// A key that was evicted and is remembered: its links, itself, its place when free, and two to four cells of the index.
const GHOST_BYTES: f64 = 32.0;
const XFETCH_BYTES: f64 = 8.0;
const VERSION_BYTES: f64 = 4.0;
const VALUE_AGE_BYTES: f64 = 8.0;
const SIZE_BYTES_PER_KEY: f64 = 4.0;
/// Sizes of more keys are worked out at every look.
const KEPT_KEYS: u32 = 1 << 16;
const TRACE_BYTES_PER_KEY: f64 = 24.0;
const POPULARITY_TABLE_BYTES: f64 = 32e3;
const WINDOW_BYTES: f64 = 6e3 * 4.0;
const USER_BYTES: f64 = 8.0;

/// What one simulation of a model takes.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// Expected requests, warm-up included.
    pub requests: f64,
    /// Keys that they ask for, or write.
    pub keys: f64,
    /// What takes memory, largest first.
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

/// What a whole experiment takes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Simulations: variants x replications.
    pub cells: u64,
    /// Over all cells.
    pub requests: f64,
    /// Of the simulations that run at the same time.
    pub memory_bytes: f64,
    /// Wall time at [`NOMINAL_REQUESTS_PER_S`] per thread; each key of a request counts as one.
    pub seconds: f64,
    /// The largest item, of the largest variant.
    pub biggest: Option<MemoryItem>,
}

/// Estimates one simulation.
pub fn estimate(model: &Model) -> Estimate {
    let mut memory = memory(model);
    memory.retain(|item| item.bytes > 0.0);
    memory.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
    let requests = requests(model);
    Estimate { requests, keys: requests * keys_per_request(model), memory }
}

/// Estimates an experiment on `threads` threads.
pub fn plan(experiment: &Experiment, threads: usize) -> Plan {
    let estimates: Vec<Estimate> =
        experiment.variants.iter().map(|variant| estimate(&variant.model)).collect();
    let cells = estimates.len() as u64 * u64::from(experiment.replications);
    let at_once = cells.min(threads as u64).max(1) as f64;
    let all =
        |of: fn(&Estimate) -> f64| estimates.iter().map(of).sum::<f64>() * f64::from(experiment.replications);
    let (requests, keys) = (all(|estimate| estimate.requests), all(|estimate| estimate.keys));
    let largest = estimates.into_iter().max_by(|a, b| a.memory_bytes().total_cmp(&b.memory_bytes()));
    Plan {
        cells,
        requests,
        memory_bytes: largest.as_ref().map_or(0.0, Estimate::memory_bytes) * at_once,
        seconds: keys / NOMINAL_REQUESTS_PER_S / at_once,
        biggest: largest.and_then(|estimate| estimate.memory.into_iter().next()),
    }
}

/// What a run may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `None`: the system does not tell what it has.
    pub memory_bytes: Option<u64>,
    /// Somebody asked for this limit; else it is what the machine has.
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
    if plan.seconds > limits.seconds {
        let title = format!(
            "this scenario takes about {}, and the limit is {}",
            figure_of_time(plan.seconds),
            figure_of_time(limits.seconds)
        );
        let requests = grouped(plan.requests.round().min(u64::MAX as f64) as u64);
        let simulations = grouped(plan.cells);
        let help = vec![
            format!(
                "{requests} requests in {simulations} simulations; a lower rate, a shorter --duration or fewer --replications"
            ),
            "--time-limit allows more".to_owned(),
        ];
        return Err(Diagnostics::general(title, help));
    }
    Ok(())
}

/// The same with a figure for what is less than a second: `12 ms`.
fn figure_of_time(seconds: f64) -> String {
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

/// Memory that this machine can give; `None` where the system does not tell.
pub fn available_memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    field("MemAvailable").or_else(|| field("MemTotal"))
}

/// Mean number of keys over all requests.
fn keys_per_request(model: &Model) -> f64 {
    let of = |class: &Class| {
        class.share * (class.write_share + (1.0 - class.write_share) * f64::from(class.keys_per_request))
    };
    model.workload.classes.iter().map(of).sum()
}

fn requests(model: &Model) -> f64 {
    let duration_s = model.duration_ns as f64 / 1e9;
    match &model.workload.arrivals {
        Arrivals::Poisson { rate_per_s }
        | Arrivals::Constant { rate_per_s }
        | Arrivals::Renewal { rate_per_s, .. } => rate_per_s * duration_s * mean_factor(model),
        Arrivals::Closed { users, think } => {
            let cycle_ns = (think.mean_ns() + fastest_answer_ns(model)).max(1_000.0);
            f64::from(*users) * model.duration_ns as f64 / cycle_ns
        }
        Arrivals::Trace(trace) => trace.requests as f64,
    }
}

/// What a read takes that the first level answers.
fn fastest_answer_ns(model: &Model) -> f64 {
    match model.tiers.first().map(|tier| &tier.scope) {
        Some(Scope::Instance { access_ns }) => *access_ns as f64,
        Some(Scope::Shared(shared)) => 2.0 * shared.network.mean_ns() + shared.service_ns as f64,
        None => 2.0 * model.database.network.mean_ns() + model.database.read.mean_ns(),
    }
}

/// The factor that profile and surges put on the arrival rate, averaged over the run.
fn mean_factor(model: &Model) -> f64 {
    const STEPS: u32 = 4096;
    let surges: Vec<(Nanos, Nanos, f64)> = model
        .events
        .iter()
        .filter_map(|event| match event.what {
            EventKind::Surge { factor, for_ns } => {
                Some((event.at_ns, event.at_ns.saturating_add(for_ns), factor))
            }
            _ => None,
        })
        .collect();
    if model.workload.profile.is_empty() && surges.is_empty() {
        return 1.0;
    }
    let step_ns = model.duration_ns as f64 / f64::from(STEPS);
    let factor_at = |t_ns: f64| {
        let surge: f64 = surges
            .iter()
            .filter(|(from, to, _)| (*from as f64) <= t_ns && t_ns < *to as f64)
            .map(|(_, _, factor)| factor)
            .product();
        profile_factor(&model.workload.profile, t_ns) * surge
    };
    (0..STEPS).map(|step| factor_at((f64::from(step) + 0.5) * step_ns)).sum::<f64>() / f64::from(STEPS)
}

/// The highest factor that the profile puts on the arrival rate during the run.
pub(super) fn peak_profile_factor(model: &Model) -> f64 {
    const STEPS: u32 = 4096;
    let step_ns = model.duration_ns as f64 / f64::from(STEPS);
    (0..=STEPS)
        .map(|step| profile_factor(&model.workload.profile, f64::from(step) * step_ns))
        .fold(0.0, f64::max)
}

fn profile_factor(profile: &[ProfilePart], t_ns: f64) -> f64 {
    let (mut level, mut waves) = (1.0, 1.0);
    for part in profile {
        match *part {
            ProfilePart::Step { at_ns, factor } if t_ns >= at_ns as f64 => level = factor,
            ProfilePart::Ramp { from_ns, to_ns, factor } if t_ns >= from_ns as f64 => {
                let done = ((t_ns - from_ns as f64) / (to_ns - from_ns) as f64).min(1.0);
                level += (factor - level) * done;
            }
            ProfilePart::Sine { period_ns, phase_ns, amplitude } => {
                waves *= 1.0 + amplitude * libm::sin(TAU * (t_ns - phase_ns as f64) / period_ns as f64);
            }
            _ => {}
        }
    }
    level * waves
}

fn memory(model: &Model) -> Vec<MemoryItem> {
    let keys = model.workload.keys() as f64;
    let classes = &model.workload.classes;
    let item = |what: &str, bytes: f64| MemoryItem { what: what.to_owned(), bytes };
    let mut items: Vec<MemoryItem> = model
        .tiers
        .iter()
        .map(|tier| item(&format!("tier {}", tier.name), tier_bytes(model, tier, keys)))
        .collect();
    let varies =
        |size: fn(&Class) -> &Size| classes.iter().any(|class| !matches!(size(class), Size::Constant { .. }));
    let varying = [varies(|class| &class.value_size), varies(|class| &class.key_size)];
    let columns = varying.into_iter().filter(|varies| *varies).count() as f64;
    items.push(item("sizes of values and keys", columns * SIZE_BYTES_PER_KEY * keys.min(KEPT_KEYS as f64)));
    let tables = classes.iter().filter(|class| matches!(class.popularity, Popularity::Zipf { .. })).count();
    items.push(item("tables of popularity", tables as f64 * POPULARITY_TABLE_BYTES));
    let windows = model.duration_ns.div_ceil(model.window_ns.max(1));
    items.push(item("time series (windows)", windows as f64 * WINDOW_BYTES));
    match &model.workload.arrivals {
        Arrivals::Closed { users, .. } => items.push(item("users", f64::from(*users) * USER_BYTES)),
        Arrivals::Trace(_) => items.push(item("index of the trace's keys", keys * TRACE_BYTES_PER_KEY)),
        _ => {}
    }
    items
}

fn tier_bytes(model: &Model, tier: &Tier, keys: f64) -> f64 {
    let stores = match tier.scope {
        Scope::Instance { .. } => f64::from(model.clients.instances),
        Scope::Shared(ref shared) => f64::from(shared.nodes),
    };
    if let Some(redis) = tier.redis {
        let slots = match (tier.capacity, redis.quantum_bytes) {
            (Capacity::Bytes(bytes), quantum_bytes) => {
                let overhead = if quantum_bytes.is_some() { 40.0 } else { tier.entry_overhead_bytes as f64 };
                keys.min(bytes as f64 / (overhead + smallest_entry_bytes(model, tier)).max(1.0))
            }
            _ => keys,
        };
        return slots * (REDIS_BYTES_PER_ENTRY + columns_bytes(model, tier));
    }
    // Nodes share a capacity; each instance has one of its own.
    let share = if matches!(tier.scope, Scope::Shared(_)) { stores } else { 1.0 };
    let (slots, base) = match tier.capacity {
        Capacity::Unbounded => (keys, UNBOUNDED_BYTES_PER_KEY),
        Capacity::Entries(entries) => (keys.min(entries as f64 / share), BOUNDED_BYTES_PER_ENTRY),
        Capacity::Bytes(bytes) => {
            let smallest = (tier.entry_overhead_bytes as f64 + smallest_entry_bytes(model, tier)).max(1.0);
            (keys.min(bytes as f64 / share / smallest), BOUNDED_BYTES_PER_ENTRY)
        }
    };
    let mut per_slot = base;
    if tier.capacity != Capacity::Unbounded {
        per_slot += policy_bytes(tier.eviction);
    }
    per_slot += columns_bytes(model, tier);
    if model.workload.writes() && tier.capacity == Capacity::Unbounded {
        per_slot += VERSION_BYTES;
    }
    let dense = tier.capacity != Capacity::Unbounded && stores == 1.0 && keys <= DENSE_INDEX_KEYS;
    slots * stores * per_slot + if dense { keys * DENSE_INDEX_BYTES_PER_KEY } else { 0.0 }
}

/// What only some scenarios keep with an entry.
fn columns_bytes(model: &Model, tier: &Tier) -> f64 {
    let xfetch = if matches!(tier.refresh, Refresh::XFetch { .. }) { XFETCH_BYTES } else { 0.0 };
    xfetch + if model.measure.value_age { VALUE_AGE_BYTES } else { 0.0 }
}

/// Key and value of the class with the smallest ones, taken at the median where they vary.
fn smallest_entry_bytes(model: &Model, tier: &Tier) -> f64 {
    let typical = |size: &Size| match *size {
        Size::Constant { bytes } => bytes as f64,
        Size::Lognormal { mu, .. } => libm::exp(mu),
        Size::Pareto { location, .. } => location,
        Size::Trace => 1.0,
    };
    let compress = match &tier.scope {
        Scope::Shared(shared) => shared.compress,
        Scope::Instance { .. } => None,
    };
    let value = |size: &Size| match (typical(size), compress) {
        (bytes, Some(how)) if bytes > how.above_bytes as f64 => bytes * how.ratio,
        (bytes, _) => bytes,
    };
    let entry = |class: &Class| value(&class.value_size) + typical(&class.key_size);
    model.workload.classes.iter().map(entry).fold(f64::INFINITY, f64::min)
}

/// What an eviction policy keeps per entry besides the links of a list.
fn policy_bytes(eviction: Eviction) -> f64 {
    match eviction {
        Eviction::Lru | Eviction::Fifo | Eviction::Random => 0.0,
        Eviction::Clock | Eviction::Sieve | Eviction::Slru => 1.0,
        Eviction::Lfu => 4.0,
        Eviction::S3Fifo => 8.0 + 0.9 * GHOST_BYTES,
        Eviction::TwoQ => 8.0 + 0.5 * GHOST_BYTES,
        Eviction::Arc => 8.0 + GHOST_BYTES,
        // Four counters of the sketch, rounded up to a power of two.
        Eviction::WTinyLfu => 16.0,
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
        assert_eq!(requests_of("arrivals = { closed = { users = 10, think = \"95ms\" } }", ""), 10_000.0);
    }

    #[test]
    fn a_tier_of_every_instance_counts_as_often() {
        let tier = "[[tier]]\nname = \"l1\"\nscope = \"instance\"\nttl = \"5s\"";
        let plan = plan(&experiment("arrivals = { poisson = { rate = 100 } }", tier), 2);
        let biggest = plan.biggest.clone().unwrap();
        assert_eq!((biggest.what.as_str(), biggest.bytes), ("tier l1", 32e6));
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
        assert!(message.contains("10.4 MB") && message.contains("10.0 MB"), "{message}");
        assert!(message.contains("tier l2: 8.0 MB"), "{message}");
        let message = beyond(None, 0.01).unwrap_err();
        assert!(message.contains("100,000 requests in 10 simulations"), "{message}");
    }
}
