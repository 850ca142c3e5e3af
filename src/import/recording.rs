//! A recorded workload: requests in order of time, with what follows from them.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::source::{Figure, ImportError, Source};
use crate::trace::covered;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Get,
    Set,
    Delete,
    /// Sets a time to live and nothing else.
    Expire,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub time_s: f64,
    pub key: u64,
    /// Hash of the connection.
    pub client: u64,
    pub operation: Operation,
    pub value_bytes: Option<u32>,
    pub ttl_s: Option<f64>,
}

/// What a request does to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Read,
    Write,
    /// The SET after a miss: the cache's own doing, no request.
    Fill,
}

/// A SET by the same connection this much later than its GET of the key fills it.
const FILL_WITHIN_S: f64 = 30.0;

/// Hash of a key's or a client's text: FNV-1a of 64 bits.
pub(super) fn hash_key(text: &[u8]) -> u64 {
    text.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[derive(Debug)]
pub(super) struct Recording {
    /// In order of time.
    pub requests: Vec<Request>,
    pub effects: Vec<Effect>,
    reads_per_key: Vec<u32>,
    /// Where the cache's answers are recorded (access logs): hit or miss per request.
    pub answers: Vec<Option<bool>>,
    /// Texts of keys by hash, where a trace needs them.
    texts: Option<FxHashMap<u64, String>>,
    instances: FxHashSet<u64>,
    key_bytes: BTreeMap<u64, usize>,
    /// For comments.
    pub name: String,
    lines: u64,
}

impl Recording {
    pub fn new(source: &Source, keep_keys: bool) -> Recording {
        let lines = source.lines().count() as u64;
        Recording { lines, texts: keep_keys.then(FxHashMap::default), ..Recording::of_trace(&source.name) }
    }

    /// A recording without requests, whose keys have no texts.
    pub fn of_trace(name: &str) -> Recording {
        Recording {
            requests: Vec::new(),
            effects: Vec::new(),
            reads_per_key: Vec::new(),
            answers: Vec::new(),
            texts: None,
            instances: FxHashSet::default(),
            key_bytes: BTreeMap::new(),
            name: name.to_owned(),
            lines: 0,
        }
    }

    pub fn push(&mut self, request: Request, key: &[u8], instance: &str) {
        let hash = hash_key(key);
        self.instances.insert(hash_key(instance.as_bytes()));
        *self.key_bytes.entry(key.len() as u64).or_insert(0) += 1;
        if let Some(texts) = &mut self.texts {
            texts.entry(hash).or_insert_with(|| String::from_utf8_lossy(key).into_owned());
        }
        self.requests.push(Request { key: hash, ..request });
    }

    /// The same of a row of a trace, whose key is a hash already.
    pub fn push_row(&mut self, request: Request, key_bytes: Option<u32>, client: Option<u64>, line: u64) {
        self.instances.extend(client);
        if let Some(bytes) = key_bytes {
            *self.key_bytes.entry(u64::from(bytes)).or_insert(0) += 1;
        }
        self.lines = self.lines.max(line);
        self.requests.push(request);
    }

    /// Sorts the requests, separates fills from writes, and counts the reads of each key.
    ///
    /// # Errors
    /// No request, or no time between the first and the last one.
    pub fn finish(mut self) -> Result<Recording, ImportError> {
        let refuse = |problem: &str| ImportError {
            place: self.name.clone(),
            problem: problem.to_owned(),
            help: Vec::new(),
        };
        // Several threads of a server, or of a log, write a few lines out of order.
        if self.answers.is_empty() {
            self.requests.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
        }
        if !self.requests.iter().any(|request| request.operation == Operation::Get) {
            return Err(refuse("no lookup (GET) in it").help("record for a minute under load"));
        }
        if self.span_s() <= 0.0 {
            return Err(refuse("all requests at one instant: no rate can be taken from it"));
        }
        let mut asked: FxHashMap<(u64, u64), f64> = FxHashMap::default();
        self.effects = self
            .requests
            .iter()
            .map(|request| {
                let lookup = (request.client, request.key);
                match request.operation {
                    Operation::Get => {
                        asked.insert(lookup, request.time_s);
                        Effect::Read
                    }
                    Operation::Set => match asked.remove(&lookup) {
                        Some(then_s) if request.time_s - then_s <= FILL_WITHIN_S => Effect::Fill,
                        _ => Effect::Write,
                    },
                    Operation::Delete => Effect::Write,
                    Operation::Expire => Effect::Fill,
                }
            })
            .collect();
        let mut reads: FxHashMap<u64, u32> = FxHashMap::default();
        for (request, _) in self.with_effects().filter(|(_, effect)| *effect == Effect::Read) {
            *reads.entry(request.key).or_insert(0) += 1;
        }
        self.reads_per_key = reads.into_values().collect();
        Ok(self)
    }

    /// Seconds from the first request to the last.
    pub fn span_s(&self) -> f64 {
        match (self.requests.first(), self.requests.last()) {
            (Some(first), Some(last)) => last.time_s - first.time_s,
            _ => 0.0,
        }
    }

    /// The time that the recording covers, as a replay has it.
    pub fn covered_s(&self) -> f64 {
        let gaps = self.requests.windows(2).filter(|pair| pair[1].time_s > pair[0].time_s).count();
        covered(self.span_s(), gaps as u64 + 1).unwrap_or(0.0)
    }

    pub fn count(&self, effect: Effect) -> usize {
        self.effects.iter().filter(|own| **own == effect).count()
    }

    /// Reads and writes that clients send, with the cache's own SETs left out.
    pub fn with_effects(&self) -> impl Iterator<Item = (&Request, Effect)> {
        self.requests.iter().zip(self.effects.iter().copied())
    }

    /// SETs that are writes, of all writes.
    pub fn update_share(&self) -> f64 {
        let writes = || self.with_effects().filter(|(_, effect)| *effect == Effect::Write);
        let sets = writes().filter(|(request, _)| request.operation == Operation::Set).count();
        sets as f64 / writes().count().max(1) as f64
    }

    /// Share of the reads that hit: by the recorded answers, else by the fills that follow reads; `None`: nothing shows it.
    pub fn hit_ratio(&self) -> Option<f64> {
        let known: Vec<bool> = self.answers.iter().flatten().copied().collect();
        if !known.is_empty() {
            return Some(known.iter().filter(|hit| **hit).count() as f64 / known.len() as f64);
        }
        let fills = self
            .with_effects()
            .filter(|(request, effect)| *effect == Effect::Fill && request.operation == Operation::Set);
        let fills = fills.count() as f64;
        (fills > 0.0).then(|| 1.0 - fills / self.count(Effect::Read) as f64)
    }

    /// Reads per key, of which only the numbers are left.
    pub fn reads_per_key(&self) -> &[u32] {
        &self.reads_per_key
    }

    /// Times to live in seconds: the median, and the lowest and highest; none where SETs have none.
    pub fn ttls_s(&self) -> Option<(f64, f64, f64)> {
        let mut ttls: Vec<f64> =
            self.requests.iter().filter_map(|request| request.ttl_s).filter(|ttl_s| *ttl_s > 0.0).collect();
        ttls.sort_by(f64::total_cmp);
        Some((ttls[ttls.len().checked_sub(1)? / 2], ttls[0], ttls[ttls.len() - 1]))
    }

    /// SETs without a time to live.
    pub fn lasting_sets(&self) -> usize {
        let lasting = |request: &&Request| request.operation == Operation::Set && request.ttl_s.is_none();
        self.requests.iter().filter(lasting).count()
    }

    /// Sizes of values in bytes, each key once with its last one, ascending: sums of floats depend on their order.
    fn sizes(&self) -> Vec<f64> {
        let mut sizes: FxHashMap<u64, f64> = FxHashMap::default();
        for request in &self.requests {
            if let Some(bytes) = request.value_bytes {
                sizes.insert(request.key, f64::from(bytes));
            }
        }
        let mut sizes: Vec<f64> = sizes.into_values().collect();
        sizes.sort_by(f64::total_cmp);
        sizes
    }

    /// Mean and standard deviation of the sizes of values in bytes, each key once.
    pub fn value_bytes(&self) -> Option<(f64, f64)> {
        let sizes = self.sizes();
        if sizes.is_empty() {
            return None;
        }
        let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
        let variance =
            sizes.iter().map(|size| (size - mean) * (size - mean)).sum::<f64>() / sizes.len() as f64;
        Some((mean, variance.sqrt()))
    }

    /// Median and 99th percentile of the sizes of values in bytes, each key once with its last one.
    pub fn value_quantiles(&self) -> Option<(f64, f64)> {
        let sizes = self.sizes();
        let at = |share: f64| sizes.get(((sizes.len() as f64 * share).ceil() as usize).max(1) - 1).copied();
        at(0.5).zip(at(0.99))
    }

    /// Mean length of a key in bytes, over requests; `None` where keys have none.
    pub fn key_bytes(&self) -> Option<f64> {
        let (count, total) = self.key_bytes.iter().fold((0.0, 0.0), |(count, total), (bytes, times)| {
            (count + *times as f64, total + *bytes as f64 * *times as f64)
        });
        (count > 0.0).then(|| total / count)
    }

    /// Distinct client hosts.
    pub fn instances(&self) -> usize {
        self.instances.len()
    }

    /// The place of a figure that is taken from all lines.
    pub fn figure<T>(&self, value: T, what: &str) -> Figure<T> {
        Figure::measured(value, format!("{}:1-{} {what}", self.name, self.lines))
    }

    /// The recording as a trace: `time_s,key,op,value_bytes`, fills left out. Keys without a recorded value have the mean size.
    pub fn trace(&self, hash_keys: bool) -> Vec<u8> {
        let mut sizes: FxHashMap<u64, u32> = FxHashMap::default();
        for request in &self.requests {
            if let Some(bytes) = request.value_bytes {
                sizes.entry(request.key).or_insert(bytes);
            }
        }
        let mean = self.value_bytes().map(|(mean, _)| mean.round() as u32);
        let first_s = self.requests.first().map_or(0.0, |request| request.time_s);
        let mut out =
            String::from(if mean.is_some() { "time_s,key,op,value_bytes\n" } else { "time_s,key,op\n" });
        for (request, effect) in self.with_effects().filter(|(_, effect)| *effect != Effect::Fill) {
            let key = match self.texts.as_ref().and_then(|texts| texts.get(&request.key)) {
                Some(text) if !hash_keys => quoted(text),
                _ => format!("{:016x}", request.key),
            };
            let operation = if effect == Effect::Read { "read" } else { "write" };
            out.push_str(&format!("{:.6},{key},{operation}", request.time_s - first_s));
            if let Some(mean) = mean {
                out.push_str(&format!(",{}", sizes.get(&request.key).copied().unwrap_or(mean)));
            }
            out.push('\n');
        }
        out.into_bytes()
    }
}

/// A cell of CSV.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
