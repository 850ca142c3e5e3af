//! A recorded workload in figures: how often, how evenly, which keys, how large, for how long.
//!
//! One pass over the rows, in memory that depends on the number of distinct keys (and of clients), not on the number of requests:
//! about 200 bytes per key (docs/traces.md has a measurement). `rhythm` has the rate over time, `keys` a row of counters per key,
//! `amounts` quantiles, `fit` Zipf's law and the misses of LRU under it.

mod amounts;
mod fit;
mod keys;
mod rhythm;

use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::trace::{Operation, Problem, Row, Rows};
pub use amounts::{Amounts, Quantities};
pub use fit::{Fit, Grade, MissRatios, drawn_beside, lru_miss_ratio};
use keys::Keys;
pub use keys::{Drift, Top};
use rhythm::Clock;
pub use rhythm::{Dispersion, Rhythm};

/// A trace in figures. Serialised as it is for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Survey {
    pub requests: u64,
    /// Distinct keys.
    pub keys: u64,
    /// Keys that are requested once.
    pub once: u64,
    /// All requests have one time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_instant: bool,
    /// The rate over time; `None`: the trace has no times, or a single instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rhythm: Option<Rhythm>,
    pub operations: Vec<OperationCount>,
    /// Sizes of values, each key with its first recorded one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_bytes_by_key: Option<Amounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_bytes_by_request: Option<Amounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_bytes_by_key: Option<Amounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_bytes_by_request: Option<Amounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Ttl>,
    /// Distinct clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<u64>,
    /// `None`: no key is requested twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// Seconds from one request of a key to its next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse_s: Option<Amounts>,
    /// Requests that repeat a key.
    pub reused: u64,
    /// Most requested keys, descending.
    pub top: Vec<Top>,
}

/// How many requests did one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OperationCount {
    pub operation: &'static str,
    pub requests: u64,
}

/// Recorded times to live.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ttl {
    /// In seconds.
    pub seconds: Amounts,
    /// Requests with one, of those that store a value; of all, where none is a store.
    pub share: f64,
    /// The share is that of the requests that store a value.
    pub of_stores: bool,
}

/// Choices of a survey.
#[derive(Clone, Copy, Debug)]
pub struct Choices {
    /// Seconds per unit of the recorded times; `None`: there are none.
    pub unit_s: Option<f64>,
    /// Keep the texts of the keys, for [`Survey::top`]. A number is shown either way.
    pub show_keys: bool,
    /// Most requested keys to name.
    pub top: usize,
}

/// The operations, in the order of tables.
const OPERATIONS: [(Operation, &str); 5] = [
    (Operation::Get, "get"),
    (Operation::Set, "set"),
    (Operation::Change, "change"),
    (Operation::Delete, "delete"),
    (Operation::Touch, "touch"),
];

/// Reads all rows. A row whose time is before that of an earlier one counts at the earlier one's time.
///
/// # Errors
/// A row that cannot be read, no row at all, or too many keys.
pub fn survey(rows: &mut dyn Rows, choices: &Choices) -> Result<Survey, Problem> {
    let mut sums = Sums::new(choices);
    while let Some(row) = rows.next_row()? {
        let text = || rows.key_text().map(|text| String::from_utf8_lossy(&text).into_owned());
        sums.add(&row, text).map_err(|text| Problem { line: 0, text: text.to_owned() })?;
    }
    match sums.requests {
        0 => Err(Problem { line: 0, text: "no requests".to_owned() }),
        _ => Ok(sums.survey(choices)),
    }
}

/// The counters of one pass.
struct Sums {
    requests: u64,
    keys: Keys,
    clock: Option<Clock>,
    operations: [u64; OPERATIONS.len()],
    values: [Quantities; 2],
    key_sizes: [Quantities; 2],
    ttls: Quantities,
    stores: u64,
    stores_with_ttl: u64,
    clients: FxHashSet<u64>,
    /// In microseconds: a histogram counts whole numbers.
    reuse_us: Quantities,
    is_text: bool,
}

impl Sums {
    fn new(choices: &Choices) -> Sums {
        Sums {
            requests: 0,
            keys: Keys::new(choices.show_keys),
            clock: choices.unit_s.map(Clock::new),
            operations: [0; OPERATIONS.len()],
            values: Default::default(),
            key_sizes: Default::default(),
            ttls: Quantities::default(),
            stores: 0,
            stores_with_ttl: 0,
            clients: FxHashSet::default(),
            reuse_us: Quantities::default(),
            is_text: false,
        }
    }

    fn add(&mut self, row: &Row, text: impl Fn() -> Option<String>) -> Result<(), &'static str> {
        let count = u64::from(row.count);
        let at_s = self.clock.as_mut().map(|clock| clock.add(row.time, count));
        let seen = self.keys.add(row, at_s, text)?;
        self.requests += count;
        self.is_text |= row.key_bytes.is_some();
        if let (Some(at_s), Some(before_s)) = (at_s, seen.before_s) {
            self.reuse_us.add(to_us(at_s - before_s), 1);
        }
        if at_s.is_some() && count > 1 {
            self.reuse_us.add(0, count - 1);
        }
        let place = OPERATIONS.iter().position(|known| known.0 == row.operation).unwrap_or(0);
        self.operations[place] += count;
        for (sizes, bytes, is_first) in [
            (&mut self.values, row.size, seen.is_first_size),
            (&mut self.key_sizes, row.key_bytes, seen.is_first_key_size),
        ] {
            let Some(bytes) = bytes.map(u64::from) else { continue };
            if is_first {
                sizes[0].add(bytes, 1);
            }
            sizes[1].add(bytes, count);
        }
        let is_store = row.operation == Operation::Set;
        self.stores += if is_store { count } else { 0 };
        if let Some(ttl_s) = row.ttl_s {
            self.ttls.add(u64::from(ttl_s), count);
            self.stores_with_ttl += if is_store { count } else { 0 };
        }
        self.clients.extend(row.client);
        Ok(())
    }

    fn survey(self, choices: &Choices) -> Survey {
        let counts = self.keys.counts();
        let has_times = self.clock.is_some();
        let rhythm = self.clock.and_then(Clock::rhythm);
        let ttl = self.ttls.amounts(1.0).map(|seconds| {
            let of_stores = self.stores > 0;
            let (some, all) = match of_stores {
                true => (self.stores_with_ttl, self.stores),
                false => (self.ttls.count(), self.requests),
            };
            Ttl { seconds, share: some as f64 / all as f64, of_stores }
        });
        let [values_by_key, values_by_request] = &self.values;
        let [keys_by_key, keys_by_request] = &self.key_sizes;
        Survey {
            requests: self.requests,
            keys: counts.len() as u64,
            once: counts.iter().filter(|&&count| count == 1).count() as u64,
            is_instant: has_times && rhythm.is_none(),
            rhythm,
            operations: OPERATIONS
                .iter()
                .zip(self.operations)
                .map(|(known, requests)| OperationCount { operation: known.1, requests })
                .filter(|count| count.requests > 0)
                .collect(),
            value_bytes_by_key: values_by_key.amounts(1.0),
            value_bytes_by_request: values_by_request.amounts(1.0),
            key_bytes_by_key: keys_by_key.amounts(1.0),
            key_bytes_by_request: keys_by_request.amounts(1.0),
            ttl,
            clients: Some(self.clients.len() as u64).filter(|&clients| clients > 0),
            fit: Fit::of(counts, self.keys.lru()),
            drift: self.keys.drift(),
            reuse_s: self.reuse_us.amounts(1e6),
            reused: self.requests - counts.len() as u64,
            top: self.keys.top(choices.top),
        }
    }
}

fn to_us(seconds: f64) -> u64 {
    (seconds * 1e6).round().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::mix;
    use crate::trace::Stamp;

    fn sums(requests: u64, keys: u64) -> Sums {
        let mut sums = Sums::new(&Choices { unit_s: Some(0.01), show_keys: false, top: 5 });
        for at in 0..requests {
            let row = Row {
                time: Stamp::whole(at as i64),
                size: Some(mix(at) as u32 % 1_000_000),
                ttl_s: Some(1 + mix(at) as u32 % 86_400),
                client: Some(at % 7),
                ..Row::of(if at < keys { at } else { mix(at) % keys }, at + 1)
            };
            sums.add(&row, || None).unwrap();
        }
        sums
    }

    /// Whatever grows has an entry per key or per client, or a limit: histograms and the curve.
    #[test]
    fn memory_depends_on_keys_and_not_on_requests() {
        let (few, many) = (sums(20_000, 1_000), sums(400_000, 1_000));
        assert_eq!(few.keys.cells(), many.keys.cells());
        assert_eq!((few.clients.len(), many.clients.len()), (7, 7));
        assert!(many.clock.is_some_and(|clock| clock.steps() <= 240));
        let twice = sums(400_000, 2_000).keys.cells();
        assert_eq!(twice[..5], [2_000; 5]);
    }

    #[test]
    fn keys_that_never_repeat_have_no_fit() {
        let choices = Choices { unit_s: Some(0.01), show_keys: false, top: 3 };
        let once = sums(1, 1).survey(&choices);
        assert!(once.fit.is_none() && once.rhythm.is_none() && once.is_instant);
        let unlike = sums(2_000, 2_000).survey(&choices);
        assert!(unlike.fit.is_none() && unlike.once == 2_000 && !unlike.is_instant);
        assert!(sums(2_001, 2_000).survey(&choices).fit.is_some());
    }

    #[test]
    fn every_request_is_counted_once() {
        let choices = Choices { unit_s: Some(0.01), show_keys: false, top: 3 };
        let survey = sums(30_000, 1_000).survey(&choices);
        assert_eq!((survey.requests, survey.keys, survey.reused), (30_000, 1_000, 29_000));
        assert_eq!(survey.reuse_s.map(|times| times.count), Some(29_000));
        assert_eq!(survey.value_bytes_by_key.map(|sizes| sizes.count), Some(1_000));
        assert_eq!(survey.value_bytes_by_request.map(|sizes| sizes.count), Some(30_000));
        assert_eq!(survey.top.len(), 3);
    }
}
