//! The books of a repetition: from what its clients have logged to the recorder of a simulation, so that all measures are computed
//! in one place.

use rustc_hash::FxHashMap;

use super::log::{Commit, End, Fact, KeyEnd, Log, Sample, What};
use super::schedule::{Operation, Schedule};
use crate::measure::recorder::{Gauges, Outcome, Recorder, Totals};
use crate::model::{Model, Nanos};

/// The books of a repetition.
pub fn keep(model: &Model, schedule: &Schedule, mut log: Log) -> Recorder {
    log.facts.sort_by_key(|fact| fact.at_ns);
    log.samples.sort_by_key(|sample| sample.at_ns);
    let mut books = Books {
        model,
        recorder: Recorder::new(model),
        totals: Totals { tiers: vec![Default::default(); model.tiers.len()], ..Totals::default() },
        now: 0,
        in_system: 0,
        busy: 0,
        waiting: 0,
        db_taken: 0,
        taken: vec![0; model.tiers.len()],
        fetching: FxHashMap::default(),
        seen: log.samples.first().cloned().unwrap_or_default(),
    };
    books.work_off(&steps(model, schedule, &log), &log);
    let mut recorder = books.recorder;
    let versions = Superseded::new(&log.commits);
    let mut is_ended = vec![false; schedule.requests.len()];
    for end in &log.ends {
        is_ended[end.request as usize] = true;
        record(model, schedule, end, &versions, &mut recorder);
    }
    for (number, _) in is_ended.iter().enumerate().filter(|(_, is_ended)| !**is_ended) {
        let at_ns = log.end_ns.max(schedule.requests[number].at_ns);
        let end = End {
            request: number as u32,
            at_ns,
            begun_ns: at_ns,
            outcome: Outcome::Unfinished,
            cause: None,
            rolled_back: false,
            keys: Vec::new(),
        };
        record(model, schedule, &end, &versions, &mut recorder);
    }
    if let Some(cells) = &mut recorder.cells {
        cells.close_newest();
    }
    recorder
}

/// What the books go through, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Comes,
    Goes,
    Fact(usize),
    Sample(usize),
    WindowEnds,
    WarmupEnds,
    ArrivalsEnd,
}

fn steps(model: &Model, schedule: &Schedule, log: &Log) -> Vec<(Nanos, Step)> {
    let mut steps = Vec::with_capacity(log.facts.len() + 2 * schedule.requests.len());
    steps.extend(log.samples.iter().enumerate().map(|(number, sample)| (sample.at_ns, Step::Sample(number))));
    // What happens at the end of a window, or before the warm-up ends, belongs to what ends.
    steps.extend(log.facts.iter().enumerate().map(|(number, fact)| (fact.at_ns, Step::Fact(number))));
    steps.extend(schedule.requests.iter().map(|request| (request.at_ns, Step::Comes)));
    steps.extend(log.ends.iter().map(|end| (end.at_ns, Step::Goes)));
    let windows = model.duration_ns.div_ceil(model.window_ns);
    steps.extend(
        (1..=windows).map(|window| ((window * model.window_ns).min(model.duration_ns), Step::WindowEnds)),
    );
    if model.warmup_ns > 0 {
        steps.push((model.warmup_ns, Step::WarmupEnds));
    }
    steps.push((model.duration_ns, Step::ArrivalsEnd));
    // Stable: steps of one instant stay in this order.
    steps.sort_by_key(|step| step.0);
    steps
}

struct Books<'m> {
    model: &'m Model,
    recorder: Recorder,
    totals: Totals,
    now: Nanos,
    in_system: u64,
    /// In service at the database, waiting at its gate, and connections of the instances in use.
    busy: u64,
    waiting: u64,
    db_taken: u64,
    taken: Vec<u64>,
    /// Fetches by key: in flight, and started since the first.
    fetching: FxHashMap<u32, (u32, u32)>,
    /// The newest look at the servers.
    seen: Sample,
}

impl Books<'_> {
    fn work_off(&mut self, steps: &[(Nanos, Step)], log: &Log) {
        for &(at_ns, step) in steps {
            self.advance(at_ns);
            match step {
                Step::Comes => self.in_system += 1,
                Step::Goes => self.in_system -= 1,
                Step::Fact(number) => self.enter(log.facts[number]),
                Step::Sample(number) => self.look(&log.samples[number]),
                Step::WindowEnds => self.recorder.ticks.push((self.totals.clone(), self.gauges())),
                Step::WarmupEnds => {
                    self.recorder.measured[0] = self.totals.clone();
                    self.recorder.measuring = true;
                    self.recorder.db_concurrency_peak = self.busy;
                    self.recorder.db_queue_peak = self.waiting;
                }
                Step::ArrivalsEnd => {
                    self.recorder.measured[1] = self.totals.clone();
                    self.recorder.measuring = false;
                }
            }
        }
    }

    /// Brings the integrals over time up to an instant.
    fn advance(&mut self, at_ns: Nanos) {
        let span = u128::from(at_ns - self.now);
        self.totals.in_system_ns += u128::from(self.in_system) * span;
        self.totals.db_busy_ns += u128::from(self.busy) * span;
        self.totals.db_pool_busy_ns += u128::from(self.db_taken) * span;
        for (tier, taken) in self.totals.tiers.iter_mut().zip(&self.taken) {
            tier.pool_busy_ns += u128::from(*taken) * span;
        }
        self.now = at_ns;
    }

    fn look(&mut self, sample: &Sample) {
        for (level, (tier, before)) in sample.tiers.iter().zip(&self.seen.tiers).enumerate() {
            // Those of the processes are counted as they happen.
            if matches!(self.model.tiers[level].scope, crate::model::Scope::Shared(_)) {
                let totals = &mut self.totals.tiers[level];
                totals.evictions += gained(before.evictions, tier.evictions);
                totals.expirations += gained(before.expirations, tier.expirations);
            }
        }
        if self.recorder.measuring {
            self.recorder.note_content(sample.tiers.iter().map(|tier| (tier.entries, tier.bytes)));
        }
        self.seen = sample.clone();
    }

    fn gauges(&self) -> Gauges {
        let mut tiers: Vec<(u64, u64)> =
            self.seen.tiers.iter().map(|tier| (tier.entries, tier.bytes)).collect();
        tiers.resize(self.model.tiers.len(), (0, 0));
        Gauges {
            db_queue: self.waiting,
            tiers,
            expired: vec![None; self.model.tiers.len()],
            ..Gauges::default()
        }
    }

    fn enter(&mut self, Fact { at_ns, what }: Fact) {
        let measuring = self.recorder.measuring;
        match what {
            What::Lookup { level } => self.totals.tiers[usize::from(level)].lookups += 1,
            What::Hit { level } => self.totals.tiers[usize::from(level)].hits += 1,
            What::Command { level } => self.totals.tiers[usize::from(level)].commands += 1,
            What::Failure { level } => self.totals.tiers[usize::from(level)].failures += 1,
            What::FailedFill { level } => self.totals.tiers[usize::from(level)].failed_fills += 1,
            What::RefusedSet { level } => self.totals.tiers[usize::from(level)].refused_sets += 1,
            What::TierTaken { level, waited_ns } => {
                let level = usize::from(level);
                self.taken[level] += 1;
                self.totals.tiers[level].pool_asked += 1;
                self.totals.tiers[level].pool_waited += u64::from(waited_ns > 0);
                if measuring {
                    self.recorder.tier_pool_wait[level].record(waited_ns);
                }
            }
            What::TierFreed { level } => self.taken[usize::from(level)] -= 1,
            What::TierGivenUp { level } => {
                self.totals.tiers[usize::from(level)].pool_asked += 1;
                self.totals.tiers[usize::from(level)].pool_waited += 1;
            }
            What::DbTaken { waited_ns } => {
                self.db_taken += 1;
                self.totals.db_pool_asked += 1;
                self.totals.db_pool_waited += u64::from(waited_ns > 0);
                if measuring {
                    self.recorder.db_pool_wait.record(waited_ns);
                }
            }
            What::DbFreed => self.db_taken -= 1,
            What::DbGivenUp => {
                self.totals.db_pool_asked += 1;
                self.totals.db_pool_waited += 1;
            }
            What::DbArrived { rows } => {
                self.totals.db_arrivals += 1;
                self.totals.db_writes += u64::from(rows > 0);
                self.waiting += 1;
                self.recorder.note_db_arrival(at_ns);
            }
            What::DbRefused => self.waiting -= 1,
            What::DbBegan { waited_ns, drawn_ns } => self.begin(at_ns, waited_ns, drawn_ns),
            What::DbEnded => self.busy -= 1,
            What::FetchBegan { key } => {
                let (in_flight, started) = self.fetching.entry(key).or_default();
                *in_flight += 1;
                *started += 1;
                self.totals.db_fetches += 1;
                self.totals.db_duplicates += u64::from(*in_flight > 1);
            }
            What::FetchEnded { key } => self.end_fetch(key),
            What::Retried => self.totals.db_retries += 1,
            What::RetryRefused => self.totals.db_retries_refused += 1,
            What::Refreshed => self.totals.refreshes += 1,
            What::Created { rows } => self.totals.created += u64::from(rows),
            What::Dropped { level, evicted, expired } => {
                let totals = &mut self.totals.tiers[usize::from(level)];
                totals.evictions += u64::from(evicted);
                totals.expirations += u64::from(expired);
            }
        }
    }

    /// One that has come to the gate is served.
    fn begin(&mut self, at_ns: Nanos, waited_ns: Nanos, drawn_ns: Nanos) {
        self.waiting -= 1;
        self.busy += 1;
        self.totals.db_waited += u64::from(waited_ns > 0);
        // It has just left the queue: so a queue that only shrinks is seen as well.
        let queue = self.waiting + u64::from(waited_ns > 0);
        if self.recorder.measuring {
            self.recorder.db_queue.record(waited_ns);
            self.recorder.db_concurrency_peak = self.recorder.db_concurrency_peak.max(self.busy);
            self.recorder.db_services.add(drawn_ns);
        }
        self.recorder.note_db_queue(at_ns, queue);
    }

    fn end_fetch(&mut self, key: u32) {
        let Some((in_flight, started)) = self.fetching.get_mut(&key) else { return };
        *in_flight -= 1;
        if *in_flight == 0 {
            let started = u64::from(*started);
            if self.recorder.measuring {
                self.recorder.stampedes.record(started);
            }
            self.fetching.remove(&key);
        }
    }
}

/// What a counter of the server has gained; after a restart it begins anew.
fn gained(before: u64, now: u64) -> u64 {
    if now < before { now } else { now - before }
}

/// When versions were superseded.
struct Superseded(FxHashMap<u32, Vec<(u64, Nanos)>>);

impl Superseded {
    fn new(commits: &[Commit]) -> Superseded {
        let mut of: FxHashMap<u32, Vec<(u64, Nanos)>> = FxHashMap::default();
        for commit in commits {
            of.entry(commit.key).or_default().push((commit.version, commit.at_ns));
        }
        for commits in of.values_mut() {
            commits.sort_unstable();
            // A writer may learn of its commit later than the writer of the next one.
            let mut earliest = Nanos::MAX;
            for (_, at_ns) in commits.iter_mut().rev() {
                earliest = earliest.min(*at_ns);
                *at_ns = earliest;
            }
        }
        Superseded(of)
    }

    /// `None`: it is the newest.
    fn of(&self, key: u32, version: u64) -> Option<Nanos> {
        let commits = self.0.get(&key)?;
        commits.get(commits.partition_point(|&(known, _)| known <= version)).map(|&(_, at_ns)| at_ns)
    }
}

/// Counts the end of a request.
fn record(model: &Model, schedule: &Schedule, end: &End, versions: &Superseded, recorder: &mut Recorder) {
    let planned = &schedule.requests[end.request as usize];
    let (start_ns, outcome) = (planned.at_ns, end.outcome);
    let latency_ns = end.at_ns.saturating_sub(start_ns);
    let window = (start_ns / model.window_ns) as u32;
    recorder.finish(start_ns, latency_ns, window, usize::from(planned.class), outcome);
    let exists = planned.operation == Operation::Check;
    if exists {
        recorder.finish_check(start_ns, latency_ns, outcome);
    }
    end.keys.iter().for_each(|key| recorder.count_key(start_ns, key.outcome));
    if start_ns < recorder.warmup_ns {
        return;
    }
    if let Some(cause) = end.cause {
        recorder.causes[cause as usize] += 1;
    }
    recorder.rolled_back += u64::from(end.rolled_back);
    let mut oldest: Option<Nanos> = None;
    for key in end.keys.iter().filter(|key| key.outcome != Outcome::Error) {
        if let Some(tier) = key.tier {
            recorder.tier_hits[usize::from(tier)] += 1;
        }
        let Some(superseded_ns) = stale_since(key, start_ns, exists, versions) else { continue };
        if key.is_negative {
            recorder.note_invisible(key.key, superseded_ns, start_ns);
        }
        recorder.stale += 1;
        let from = key.tier.map_or(model.tiers.len(), usize::from);
        if let Some(ages) = recorder.stale_age_by_tier.get_mut(from) {
            ages.record(start_ns - superseded_ns);
        }
        oldest = Some(oldest.map_or(superseded_ns, |before| before.min(superseded_ns)));
    }
    if let Some(superseded_ns) = oldest.filter(|_| outcome != Outcome::Error) {
        recorder.stale_age.record(start_ns - superseded_ns);
    }
}

/// When the answer for a key was superseded, if that was before the read started. That a row exists stays true of its next version.
fn stale_since(key: &KeyEnd, start_ns: Nanos, exists: bool, versions: &Superseded) -> Option<Nanos> {
    let superseded_ns = versions.of(key.key, key.version)?;
    (superseded_ns < start_ns && (!exists || key.is_negative)).then_some(superseded_ns)
}

#[cfg(test)]
mod tests;
