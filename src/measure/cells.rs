//! Counts of a scenario with events, second by second, to judge whether the system recovered.
//!
//! Cells are a second long and begin anew where an event begins or ends and where the warm-up ends, so none of them lies
//! on both sides of that. They are there only where there are events or a price for a broken objective,
//! and independent of `window`.

use super::busiest::Busiest;
use super::histogram::Coarse;
use super::recorder::Outcome;
use crate::model::{Model, Nanos};

const SECOND_NS: Nanos = 1_000_000_000;
/// Longer runs (14 hours) have cells of several whole seconds, so that their memory stays bounded.
const CELLS_MAX: Nanos = 50_000;

/// Latencies in the buckets of [`Coarse`], only those that occurred, ascending.
#[derive(Clone, Debug, Default)]
pub struct Sparse(Vec<(u16, u32)>);

impl Sparse {
    /// Counts a latency.
    pub fn record(&mut self, latency_ns: Nanos) {
        self.add(Coarse::bucket(latency_ns) as u16, 1);
    }

    fn add(&mut self, bucket: u16, count: u32) {
        match self.0.binary_search_by_key(&bucket, |entry| entry.0) {
            Ok(place) => self.0[place].1 += count,
            Err(place) => self.0.insert(place, (bucket, count)),
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Sparse) {
        other.0.iter().for_each(|&(bucket, count)| self.add(bucket, count));
    }

    pub fn count(&self) -> u64 {
        self.0.iter().map(|entry| u64::from(entry.1)).sum()
    }

    /// How many are in buckets above that of `bound_ns`.
    pub fn above(&self, bound_ns: Nanos) -> u64 {
        let bound = Coarse::bucket(bound_ns);
        self.0.iter().filter(|entry| usize::from(entry.0) > bound).map(|entry| u64::from(entry.1)).sum()
    }

    /// Nearest-rank quantile, to the midpoint of its bucket.
    pub fn quantile(&self, share: f64) -> Option<Nanos> {
        let rank = ((share * self.count() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        self.0.iter().find_map(|&(bucket, count)| {
            seen += u64::from(count);
            (seen >= rank).then(|| Coarse::value(usize::from(bucket)))
        })
    }
}

/// One second, or what is left of it before the next begins.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub from_ns: Nanos,
    pub to_ns: Nanos,
    /// Requests that started in it and have ended, whatever their end.
    pub requests: u32,
    /// Errors, those that the rate limiter turned away included.
    pub errors: u32,
    pub turned_away: u32,
    /// Reads answered from a tier, and all that were answered.
    pub hits: u32,
    pub reads: u32,
    /// Latencies of what was answered, and ages of what was still under way when the run stopped.
    pub answered: Sparse,
    pub unfinished: Sparse,
    /// Of the answered ones, those later than the objective; 0 where there is none.
    pub late: u32,
    pub db_arrivals: u32,
    /// Most that waited for the database at once.
    pub db_queue: u64,
}

/// All cells of a run.
#[derive(Clone, Debug)]
pub struct Cells {
    cells: Vec<Cell>,
    width_ns: Nanos,
    /// (beginning, number of its first cell) of the stretches between the instants at which cells begin anew.
    stretches: Vec<(Nanos, usize)>,
    objective_ns: Option<Nanos>,
    /// The newest cell in which an answered request started, and its latencies in all buckets: most requests that end have
    /// started just now.
    newest: usize,
    latencies: Vec<u32>,
    /// The cell of the database's last news.
    present: usize,
    /// (beginning, busiest second of the database) from one instant at which events begin to the next.
    spans: Vec<(Nanos, Busiest)>,
    span: Option<usize>,
}

impl Cells {
    /// `None` where the model has no event and no price for a broken objective.
    pub fn of(model: &Model) -> Option<Cells> {
        if model.events.is_empty() && !model.prices_objective() {
            return None;
        }
        let end_ns = model.duration_ns;
        let disturbing = model.events.iter().filter(|event| !event.what.warms());
        let mut begins: Vec<Nanos> = disturbing.map(|event| event.at_ns).collect();
        begins.retain(|&at| at < end_ns);
        begins.dedup();
        let ends = model.events.iter().map(|event| event.end_ns(model.clients.instances));
        let mut cuts: Vec<Nanos> =
            [0, model.warmup_ns].into_iter().chain(begins.iter().copied()).chain(ends).collect();
        cuts.retain(|&at| at < end_ns);
        cuts.sort_unstable();
        cuts.dedup();
        let width_ns = SECOND_NS * end_ns.div_ceil(SECOND_NS * CELLS_MAX).max(1);
        let (mut cells, mut stretches) = (Vec::new(), Vec::with_capacity(cuts.len()));
        for (index, &from) in cuts.iter().enumerate() {
            let to = cuts.get(index + 1).copied().unwrap_or(end_ns);
            stretches.push((from, cells.len()));
            cells.extend((from..to).step_by(width_ns as usize).map(|from_ns| Cell {
                from_ns,
                to_ns: to.min(from_ns + width_ns),
                ..Cell::default()
            }));
        }
        Some(Cells {
            cells,
            width_ns,
            stretches,
            objective_ns: model.slo.as_ref().map(|slo| slo.latency_ns),
            newest: 0,
            latencies: vec![0; Coarse::BUCKETS],
            present: 0,
            spans: begins.into_iter().map(|at| (at, Busiest::new(at))).collect(),
            span: None,
        })
    }

    /// The cells in the order of time, once the run is over.
    pub fn all(&self) -> &[Cell] {
        &self.cells
    }

    /// The busiest second of the database from the instant at which an event began to that of the next one.
    pub fn busiest(&self, at_ns: Nanos) -> Option<u64> {
        self.spans.iter().find(|span| span.0 == at_ns).map(|span| span.1.most())
    }

    fn number(&self, at: Nanos) -> usize {
        let after = self.stretches.partition_point(|stretch| stretch.0 <= at);
        let (from, first) = self.stretches[after.saturating_sub(1)];
        (first + ((at - from) / self.width_ns) as usize).min(self.cells.len() - 1)
    }

    fn holds(&self, number: usize, at: Nanos) -> bool {
        let cell = &self.cells[number];
        cell.from_ns <= at && at < cell.to_ns
    }

    /// A request has ended.
    pub fn finish(&mut self, start_ns: Nanos, latency_ns: Nanos, outcome: Outcome) {
        let number = if self.holds(self.newest, start_ns) { self.newest } else { self.number(start_ns) };
        if number > self.newest {
            self.close_newest();
            self.newest = number;
        }
        let bucket = Coarse::bucket(latency_ns);
        let cell = &mut self.cells[number];
        cell.requests += 1;
        match outcome {
            Outcome::Error => cell.errors += 1,
            Outcome::Unfinished => cell.unfinished.record(latency_ns),
            _ => {
                let is_hit = matches!(outcome, Outcome::Hit | Outcome::NegativeHit | Outcome::StaleHit);
                cell.hits += u32::from(is_hit);
                cell.reads += u32::from(is_hit || matches!(outcome, Outcome::Coalesced | Outcome::Miss));
                cell.late += u32::from(self.objective_ns.is_some_and(|objective| latency_ns > objective));
                match number == self.newest {
                    true => self.latencies[bucket] += 1,
                    false => cell.answered.record(latency_ns),
                }
            }
        }
    }

    /// Counts of a bucket go to its cell.
    pub fn close_newest(&mut self) {
        let answered = &mut self.cells[self.newest].answered;
        for (bucket, count) in self.latencies.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
            answered.add(bucket as u16, std::mem::take(count));
        }
    }

    /// The rate limiter turns away a request that started then.
    pub fn turn_away(&mut self, start_ns: Nanos) {
        let number = self.number(start_ns);
        self.cells[number].turned_away += 1;
    }

    /// A request arrives at the database. News of the database comes in the order of time.
    pub fn note_arrival(&mut self, now: Nanos) {
        let Some(number) = self.present_at(now) else { return };
        self.cells[number].db_arrivals += 1;
        let next = self.span.map_or(0, |span| span + 1);
        let begun = self.spans[next..].iter().take_while(|span| span.0 <= now).count();
        if begun > 0 {
            self.span = Some(next + begun - 1);
        }
        if let Some(span) = self.span {
            self.spans[span].1.note(now);
        }
    }

    /// So many wait for the database.
    pub fn note_queue(&mut self, now: Nanos, waiting: u64) {
        if let Some(number) = self.present_at(now) {
            let cell = &mut self.cells[number];
            cell.db_queue = cell.db_queue.max(waiting);
        }
    }

    /// `None` after the end of the arrivals.
    fn present_at(&mut self, now: Nanos) -> Option<usize> {
        while now >= self.cells[self.present].to_ns {
            if self.present + 1 == self.cells.len() {
                return None;
            }
            self.present += 1;
        }
        Some(self.present)
    }
}
