//! Did the system come back? Each event is judged by the cells after it against the time before it.
//!
//! A cell is bad where fewer of its requests than the objective's share are good, where that is no chance by an exact test
//! against the time before, and where no cell of the second half of that time was as bad: what happens every minute anyway is
//! not the event's doing. Errors and latency are judged apart. Recovery is the end of the last bad cell; docs/model.md,
//! section 9, has the rule in full.

use serde::{Deserialize, Serialize};

use super::cells::{Cell, Cells, Sparse};
use super::histogram::Coarse;
use super::recorder::Recorder;
use super::tails::{beyond, fisher, rates};
use crate::model::{EventKind, Model, Nanos, TimedEvent};

/// Requests that a cell has at least.
const REQUESTS_MIN: u64 = 200;
/// The run goes on for so long after an event that is judged.
pub const AFTER_MIN_NS: Nanos = 30_000_000_000;
/// Chance of a false alarm over all cells of an event.
const LEVEL: f64 = 0.01;
/// Of a chi-square variable with one degree of freedom: the square of a deviation over its variance.
const CHI_SQUARE_MEDIAN: f64 = 0.4549;
/// Possible underestimate of a clustering found in a short time before.
const SAFETY: f64 = 2.0;
/// Latencies above this quantile of the time before show how clustered late answers are: those above the bound are too few.
const CLUSTERED_FROM: f64 = 0.9;
/// Without an objective of the scenario: so many times the p99 before the event.
const BOUND_FACTOR: u64 = 2;

/// An event in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EventRun {
    pub status: EventStatus,
    /// Largest latency of a good answer; `null` where nothing was answered before the event.
    pub bound_ms: Option<f64>,
    /// Cells judged, and the length of the longest.
    pub cells: u32,
    pub cell_s: f64,
}

/// Outcome of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EventStatus {
    Recovered,
    /// The last cell of the run is bad.
    NotRecovered,
    /// The event of this label began before.
    Overlapped(String),
    /// Why not.
    NotJudged(String),
}

/// Outcome of an event in one run.
#[derive(Clone, Debug)]
pub struct EventOutcome {
    pub run: EventRun,
    /// 1 where the last cell of the run is bad; `None` where that was not judged.
    pub metastable: Option<f64>,
    /// Seconds from the end of the event; `None` where it did not come or was not judged.
    pub recovery_s: Option<f64>,
    pub errors_s: Option<f64>,
    pub latency_s: Option<f64>,
    pub db_s: Option<f64>,
    pub queue_s: Option<f64>,
    /// From the beginning of the event to that of the next one, or the end of the run.
    pub worst_p99_ms: Option<f64>,
    pub worst_error_ratio: Option<f64>,
    pub failed: Option<f64>,
    pub db_peak_per_s: Option<f64>,
    /// Of what the database can do per second; `None` where nothing bounds that.
    pub db_peak_share: Option<f64>,
    pub queue_peak: Option<f64>,
    /// From its beginning until errors, latency, load and queue are back where they were; `None` where it did not happen.
    pub disturbs: Option<(Nanos, Nanos)>,
}

impl EventOutcome {
    fn unknown(why: &str) -> EventOutcome {
        EventOutcome {
            run: EventRun {
                status: EventStatus::NotJudged(why.to_owned()),
                bound_ms: None,
                cells: 0,
                cell_s: 0.0,
            },
            metastable: None,
            recovery_s: None,
            errors_s: None,
            latency_s: None,
            db_s: None,
            queue_s: None,
            worst_p99_ms: None,
            worst_error_ratio: None,
            failed: None,
            db_peak_per_s: None,
            db_peak_share: None,
            queue_peak: None,
            disturbs: None,
        }
    }
}

/// One outcome for each event of the model.
pub fn outcomes(model: &Model, recorder: &Recorder) -> Vec<EventOutcome> {
    let Some(cells) = &recorder.cells else { return Vec::new() };
    let base = Base { model, recorder, cells, can_fail: can_fail(model, cells) };
    // Stretches in which an earlier event was not recovered from.
    let mut disturbed: Vec<(Nanos, Nanos)> = Vec::new();
    model.events.iter().enumerate().map(|(index, event)| base.outcome(index, event, &mut disturbed)).collect()
}

/// Whether a request of this run can end in an error.
fn can_fail(model: &Model, cells: &Cells) -> bool {
    model.can_fail() || cells.all().iter().any(|cell| cell.errors > cell.turned_away)
}

/// Several seconds together.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    from_ns: Nanos,
    to_ns: Nanos,
    pub requests: u64,
    pub errors: u64,
    answered: Sparse,
    pub unfinished: Sparse,
    pub late: u64,
    db_arrivals: u64,
}

impl Group {
    fn add(&mut self, cell: &Cell) {
        if self.to_ns == 0 {
            self.from_ns = cell.from_ns;
        }
        self.to_ns = cell.to_ns;
        self.requests += u64::from(cell.requests);
        self.errors += u64::from(cell.errors - cell.turned_away);
        self.answered.merge(&cell.answered);
        self.unfinished.merge(&cell.unfinished);
        self.late += u64::from(cell.late);
        self.db_arrivals += u64::from(cell.db_arrivals);
    }

    fn join(&mut self, other: &Group) {
        self.to_ns = other.to_ns;
        self.requests += other.requests;
        self.errors += other.errors;
        self.answered.merge(&other.answered);
        self.unfinished.merge(&other.unfinished);
        self.late += other.late;
        self.db_arrivals += other.db_arrivals;
    }

    pub fn seconds(&self) -> f64 {
        (self.to_ns - self.from_ns) as f64 / 1e9
    }
}

/// Neighbouring cells until enough requests start in them; a short rest joins the last.
pub(super) fn groups<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut open = Group::default();
    for cell in cells {
        open.add(cell);
        if open.requests >= REQUESTS_MIN {
            groups.push(std::mem::take(&mut open));
        }
    }
    match groups.last_mut() {
        Some(last) if open.to_ns > 0 => last.join(&open),
        None if open.to_ns > 0 => groups.push(open),
        _ => {}
    }
    groups
}

/// Where a good answer ends.
#[derive(Clone, Copy, Debug)]
enum Bound {
    /// Of the scenario: later answers are counted one by one.
    Objective(Nanos),
    /// From the time before, an edge between two buckets.
    Found(Nanos),
}

impl Bound {
    fn ns(self) -> Nanos {
        let (Bound::Objective(ns) | Bound::Found(ns)) = self;
        ns
    }
}

/// Bad ones of all; undecided ones are in neither.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Count {
    bad: u64,
    all: u64,
}

impl Count {
    fn ratio(self) -> f64 {
        if self.all == 0 { 0.0 } else { self.bad as f64 / self.all as f64 }
    }
}

/// Requests that failed. One that was still under way when the run stopped did if it was older than a good answer may be.
fn failures(group: &Group, bound: Option<Bound>, can_fail: bool) -> Count {
    let overdue = bound.map_or(group.unfinished.count(), |bound| group.unfinished.above(bound.ns()));
    let bad = if can_fail { group.errors + overdue } else { 0 };
    Count { bad, all: group.requests - (group.unfinished.count() - overdue) }
}

/// Answers that came late, or not at all.
fn delays(group: &Group, bound: Bound) -> Count {
    let overdue = group.unfinished.above(bound.ns());
    let late = match bound {
        Bound::Objective(_) => group.late,
        Bound::Found(ns) => group.answered.above(ns),
    };
    Count { bad: late + overdue, all: group.answered.count() + overdue }
}

/// Where the bad cells are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Last {
    /// The end of the last bad cell; `None`: none is bad.
    Until(Option<Nanos>),
    /// The last of all cells is bad.
    Lasting,
}

impl Last {
    fn of(bad: impl Iterator<Item = (Nanos, bool)>) -> Last {
        let cells: Vec<(Nanos, bool)> = bad.collect();
        match cells.last() {
            Some((_, true)) => Last::Lasting,
            _ => Last::Until(cells.iter().rev().find(|cell| cell.1).map(|cell| cell.0)),
        }
    }

    fn seconds_after(self, end_ns: Nanos) -> Option<f64> {
        match self {
            Last::Lasting => None,
            Last::Until(last_ns) => {
                Some(last_ns.map_or(0.0, |last_ns| last_ns.saturating_sub(end_ns) as f64 / 1e9))
            }
        }
    }
}

/// How many requests fare alike: requests that wait in one queue are late together, so counts of them vary more than those of
/// independent ones and fewer of them stand behind a share. From (bad, expected, variance if they were independent) of stretches
/// of the time before; the median makes little of a cold start. Doubled, because the time before may be short.
fn clustering(stretches: impl Iterator<Item = (f64, f64, f64)>) -> f64 {
    let known = stretches.filter(|&(_, _, variance)| variance > 0.0);
    let mut ratios: Vec<f64> =
        known.map(|(count, expected, variance)| (count - expected) * (count - expected) / variance).collect();
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(0.0);
    (SAFETY * median / CHI_SQUARE_MEDIAN).max(1.0)
}

/// The same of shares, from counts of every second before, in stretches as long as a cell, or an eighth of the time before.
fn clustering_of(seconds: &[Count], longest_cell: usize) -> f64 {
    let all = sum(seconds);
    let share = all.ratio();
    let length = longest_cell.min(seconds.len() / 8).max(1);
    clustering(seconds.windows(length).map(|stretch| {
        let Count { bad, all } = sum(stretch);
        let requests = all as f64;
        (bad as f64, share * requests, share * (1.0 - share) * requests)
    }))
}

fn sum(counts: &[Count]) -> Count {
    Count { bad: counts.iter().map(|count| count.bad).sum(), all: counts.iter().map(|count| count.all).sum() }
}

/// So many independent ones.
fn independent(count: u64, clustering: f64) -> u64 {
    (count as f64 / clustering).round() as u64
}

/// Holds counts after an event against those before it; `level` is that of one cell.
fn worse(before: &[Count], after: &[(Nanos, Count)], share: f64, level: f64, clustering: f64) -> Last {
    let all = sum(before);
    let usual = before[before.len() / 2..].iter().map(|count| count.ratio()).fold(0.0, f64::max);
    Last::of(after.iter().map(|&(to_ns, count)| {
        let good = (count.all - count.bad) as f64;
        let bad = good < share * count.all as f64
            && count.ratio() > usual.max(all.ratio())
            && chance(count, all, clustering) < level;
        (to_ns, bad)
    }))
}

/// The probability of as many bad ones where nothing has changed.
fn chance(after: Count, before: Count, clustering: f64) -> f64 {
    let [all, all_before] = [after.all, before.all].map(|count| independent(count, clustering).max(1));
    let bad = ((after.bad as f64 / clustering) as u64).min(all);
    fisher(bad, all, independent(before.bad, clustering).min(all_before), all_before)
}

/// The same of the database's load: more than `1 / share` of the level before, for certain, and more than usual.
fn busier(before: &[Group], after: &[Group], share: f64, clustering: f64) -> Last {
    let rate = |group: &Group| group.db_arrivals as f64 / group.seconds();
    let arrivals: u64 = before.iter().map(|group| group.db_arrivals).sum();
    let seconds: f64 = before.iter().map(Group::seconds).sum();
    let usual = before[before.len() / 2..].iter().map(rate).fold(0.0, f64::max);
    let level = LEVEL / after.len() as f64;
    Last::of(after.iter().map(|group| {
        let more = rate(group) > usual.max(arrivals as f64 / seconds / share);
        let [own, earlier] = [group.db_arrivals, arrivals].map(|count| independent(count, clustering));
        (group.to_ns, more && rates(own, group.seconds(), earlier, seconds) < level)
    }))
}

/// The same of the longest queue of each second: longer than there are servers (shorter ones delay by less than a service
/// time), than usual, and than chance makes it.
fn queues(before: &[&Cell], after: &[&Cell], servers: u64, clustering: f64) -> Last {
    let peaks = before.iter().map(|cell| cell.db_queue);
    let mean = peaks.clone().sum::<u64>() as f64 / before.len() as f64;
    let usual = peaks.skip(before.len() / 2).max().unwrap_or(0).max(servers);
    let level = LEVEL / after.len() as f64;
    let chance = |peak: u64| beyond(peak as f64, mean, (before.len() as f64 / clustering).max(1.0));
    Last::of(after.iter().map(|cell| (cell.to_ns, cell.db_queue > usual && chance(cell.db_queue) < level)))
}

/// How many fare alike, at least one.
#[derive(Clone, Copy, Debug)]
struct Clusters {
    errors: f64,
    latency: f64,
    load: f64,
}

struct Base<'a> {
    model: &'a Model,
    recorder: &'a Recorder,
    cells: &'a Cells,
    can_fail: bool,
}

impl Base<'_> {
    fn between(&self, from_ns: Nanos, to_ns: Nanos) -> impl Iterator<Item = &Cell> {
        // The cell in which a leader died counts whole.
        self.cells.all().iter().filter(move |cell| cell.to_ns > from_ns && cell.to_ns <= to_ns)
    }

    /// The beginning of the next event, or the end of the run; events at one instant are one disturbance.
    fn next(&self, event: &TimedEvent) -> (Nanos, Option<&str>) {
        let later = |next: &&TimedEvent| {
            next.at_ns > event.at_ns && next.at_ns < self.model.duration_ns && !next.what.warms()
        };
        match self.model.events.iter().find(later) {
            Some(next) => (next.at_ns, Some(&next.label)),
            None => (self.model.duration_ns, None),
        }
    }

    fn outcome(&self, index: usize, event: &TimedEvent, disturbed: &mut Vec<(Nanos, Nanos)>) -> EventOutcome {
        let Model { warmup_ns, duration_ns, .. } = *self.model;
        if event.at_ns >= duration_ns {
            return EventOutcome::unknown("the run ends before it");
        }
        if event.what.warms() {
            return EventOutcome::unknown("a job that fills a tier is no disturbance");
        }
        let end_ns = match (event.what, self.recorder.leader_died_ns[index]) {
            (EventKind::LeaderCrash { .. }, None) => return EventOutcome::unknown("nobody fetched the key"),
            (EventKind::LeaderCrash { .. }, Some(died_ns)) => died_ns,
            _ => event.end_ns(self.model.clients.instances),
        };
        let (until_ns, next) = self.next(event);
        // Before an event in the warm-up there is nothing else to compare with.
        let from_ns = if event.at_ns > warmup_ns { warmup_ns } else { 0 };
        let quiet = |cell: &&Cell| {
            !disturbed.iter().any(|&(from_ns, to_ns)| cell.to_ns > from_ns && cell.from_ns < to_ns)
        };
        let seconds_before: Vec<&Cell> = self.between(from_ns, event.at_ns).filter(quiet).collect();
        let before = groups(seconds_before.iter().copied());
        let bound = self.bound(&before);
        let mut outcome = self.worst(event, end_ns.min(until_ns), until_ns, bound);
        outcome.disturbs = Some((event.at_ns, until_ns));
        outcome.run.bound_ms = bound.map(|bound| bound.ns() as f64 / 1e6);
        let enough = before.iter().map(|group| group.requests).sum::<u64>() >= REQUESTS_MIN;
        let after = groups(self.between(end_ns, until_ns));
        let why = match next {
            _ if !enough => format!("fewer than {REQUESTS_MIN} requests before it"),
            None if duration_ns.saturating_sub(end_ns) < AFTER_MIN_NS => {
                "the run ends less than 30 s after it".to_owned()
            }
            _ => String::new(),
        };
        if !why.is_empty() {
            outcome.run.status = EventStatus::NotJudged(why);
            disturbed.push((event.at_ns, end_ns));
            return outcome;
        }
        if let (true, Some(next)) = (after.is_empty(), next) {
            outcome.run.status = EventStatus::Overlapped(next.to_owned());
            disturbed.push((event.at_ns, Nanos::MAX));
            return outcome;
        }
        let seconds_after: Vec<&Cell> = self.between(end_ns, until_ns).collect();
        let clusters = self.clusters(&seconds_before, &before, &after, bound);
        self.recovery(&mut outcome, (&before, &after), bound, clusters, end_ns);
        let share = self.model.share_of_good();
        outcome.db_s = busier(&before, &after, share, clusters.load).seconds_after(end_ns);
        let servers = self.model.database.all_servers().unwrap_or(1);
        outcome.queue_s =
            queues(&seconds_before, &seconds_after, servers, clusters.latency).seconds_after(end_ns);
        outcome.run.cells = after.len() as u32;
        outcome.run.cell_s = after.iter().map(Group::seconds).fold(0.0, f64::max);
        let settled_s =
            [outcome.recovery_s, outcome.db_s, outcome.queue_s].into_iter().reduce(|a, b| Some(a?.max(b?)));
        if let Some(settled_s) = settled_s.flatten() {
            outcome.disturbs = Some((event.at_ns, end_ns + (settled_s * 1e9).round() as Nanos));
        }
        let lasting = outcome.recovery_s.is_none();
        outcome.run.status = match next {
            Some(next) if lasting => EventStatus::Overlapped(next.to_owned()),
            _ if lasting => EventStatus::NotRecovered,
            _ => EventStatus::Recovered,
        };
        outcome.metastable = match (next, lasting) {
            (Some(_), true) => None,
            // A change, or another number of instances, is there to stay, and so is what comes of it.
            _ if event.what.is_change() || event.what.scales() => None,
            _ => Some(f64::from(u8::from(lasting))),
        };
        let quiet_again_ns =
            outcome.recovery_s.map_or(Nanos::MAX, |seconds| end_ns + (seconds * 1e9).round() as Nanos);
        disturbed.push((event.at_ns, quiet_again_ns));
        outcome
    }

    /// How clustered errors, late answers and arrivals at the database were before the event.
    fn clusters(
        &self,
        seconds: &[&Cell],
        before: &[Group],
        after: &[Group],
        bound: Option<Bound>,
    ) -> Clusters {
        let width_s = self.cells.all().first().map_or(1.0, |cell| (cell.to_ns - cell.from_ns) as f64 / 1e9);
        let longest_s = after.iter().map(Group::seconds).fold(0.0, f64::max);
        let longest = (longest_s / width_s.max(1.0)).ceil() as usize;
        let one = |cell: &&Cell| {
            let mut group = Group::default();
            group.add(cell);
            group
        };
        let seconds: Vec<Group> = seconds.iter().map(one).collect();
        let counts = |of: &dyn Fn(&Group) -> Count| seconds.iter().map(of).collect::<Vec<Count>>();
        let mut answered = Sparse::default();
        before.iter().for_each(|group| answered.merge(&group.answered));
        let slow = answered.quantile(CLUSTERED_FROM).map(|ns| Bound::Found(Coarse::last_of_bucket(ns)));
        let per_s = before.iter().map(|group| group.db_arrivals).sum::<u64>() as f64
            / before.iter().map(Group::seconds).sum::<f64>();
        let length = longest.min(seconds.len() / 8).max(1);
        let load = clustering(seconds.windows(length).map(|stretch| {
            let expected = per_s * stretch.iter().map(Group::seconds).sum::<f64>();
            (stretch.iter().map(|group| group.db_arrivals).sum::<u64>() as f64, expected, expected)
        }));
        Clusters {
            errors: clustering_of(&counts(&|group| failures(group, bound, self.can_fail)), longest),
            latency: slow.map_or(1.0, |slow| clustering_of(&counts(&|group| delays(group, slow)), longest)),
            load,
        }
    }

    fn bound(&self, before: &[Group]) -> Option<Bound> {
        if let Some(slo) = &self.model.slo {
            return Some(Bound::Objective(slo.latency_ns));
        }
        let mut answered = Sparse::default();
        before.iter().for_each(|group| answered.merge(&group.answered));
        let p99_ns = answered.quantile(0.99)?;
        Some(Bound::Found(Coarse::last_of_bucket(BOUND_FACTOR * p99_ns)))
    }

    fn recovery(
        &self,
        outcome: &mut EventOutcome,
        (before, after): (&[Group], &[Group]),
        bound: Option<Bound>,
        clusters: Clusters,
        end_ns: Nanos,
    ) {
        let share = self.model.share_of_good();
        let aspects = usize::from(self.can_fail) + usize::from(bound.is_some());
        let level = LEVEL / (after.len() * aspects.max(1)) as f64;
        let judged = |count: &dyn Fn(&Group) -> Count, clustering: f64| {
            let before: Vec<Count> = before.iter().map(count).collect();
            let after: Vec<(Nanos, Count)> = after.iter().map(|group| (group.to_ns, count(group))).collect();
            worse(&before, &after, share, level, clustering).seconds_after(end_ns)
        };
        outcome.errors_s = judged(&|group| failures(group, bound, self.can_fail), clusters.errors);
        outcome.latency_s = bound.and_then(|bound| judged(&|group| delays(group, bound), clusters.latency));
        outcome.recovery_s = match (outcome.errors_s, bound) {
            (errors_s, None) => errors_s,
            (errors_s, Some(_)) => {
                errors_s.zip(outcome.latency_s).map(|(errors_s, latency_s)| errors_s.max(latency_s))
            }
        };
    }

    /// The extremes from the beginning of the event until `until_ns`.
    fn worst(
        &self,
        event: &TimedEvent,
        end_ns: Nanos,
        until_ns: Nanos,
        bound: Option<Bound>,
    ) -> EventOutcome {
        let during = groups(self.cells_from(event.at_ns, end_ns));
        let groups: Vec<Group> =
            during.into_iter().chain(groups(self.cells_from(end_ns, until_ns))).collect();
        let failed = |group: &Group| failures(group, bound, self.can_fail);
        let p99_ms = |group: &Group| {
            let mut all = group.answered.clone();
            all.merge(&group.unfinished);
            all.quantile(0.99).map(|ns| ns as f64 / 1e6)
        };
        let peak = self.cells.busiest(event.at_ns).map(|most| most as f64);
        let queue = self.cells_from(event.at_ns, until_ns).map(|cell| cell.db_queue).max();
        EventOutcome {
            worst_p99_ms: groups.iter().filter_map(p99_ms).reduce(f64::max),
            worst_error_ratio: groups.iter().map(|group| failed(group).ratio()).reduce(f64::max),
            failed: Some(groups.iter().map(|group| failed(group).bad).sum::<u64>() as f64),
            db_peak_per_s: peak,
            db_peak_share: peak
                .zip(self.recorder.db_capacity_per_s(self.model))
                .map(|(peak, capacity)| peak / capacity),
            queue_peak: queue.map(|queue| queue as f64),
            ..EventOutcome::unknown("")
        }
    }

    fn cells_from(&self, from_ns: Nanos, to_ns: Nanos) -> impl Iterator<Item = &Cell> {
        self.cells.all().iter().filter(move |cell| cell.from_ns >= from_ns && cell.from_ns < to_ns)
    }
}

#[cfg(test)]
#[path = "recovery/tests.rs"]
mod tests;
