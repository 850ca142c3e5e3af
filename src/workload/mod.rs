//! Requests: times, keys, instances and operations, handed to the engine in batches.

pub mod arrivals;
pub mod popularity;
mod ranking;
pub mod sizes;

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::dice::{Stream, below, hash_seed, mix, stream, unit_open_zero};
use crate::model::{Arrivals, EventKind, Model, Nanos, Route};
use crate::trace::{Recording, Replayed, TraceError, TraceKeys};
use arrivals::OpenArrivals;
use popularity::KeySampler;
use ranking::Places;
use sizes::{Laws, Sizes};

/// Requests drawn at a time: enough to amortise the choices, few enough to stay in the first-level cache.
pub const BATCH: usize = 256;

/// The sources of the requests of a replication: samplers and a trace's dictionary, which all replications share, and
/// the sizes of its keys.
#[derive(Debug)]
pub struct Tables {
    pub samplers: Arc<[KeySampler]>,
    /// First id of each class, and the end of the last.
    pub first_id: Vec<u32>,
    /// Keys of one entity, by class; empty where all keys are alone.
    keys_per_entity: Vec<u32>,
    laws: Arc<Laws>,
    sizes: Sizes,
    /// Bytes of the value and of key and value, where they are the same for all keys.
    same_size: Option<(u32, u64)>,
    pub trace_keys: Option<Arc<TraceKeys>>,
}

impl Tables {
    /// Builds the tables of a model; reads the trace once where there is one. The sizes are those of the first replication.
    ///
    /// # Errors
    /// A trace that cannot be read.
    pub fn new(model: &Model, seed: u64) -> Result<Tables, TraceError> {
        let trace_keys = match &model.workload.arrivals {
            Arrivals::Trace(trace) => Some(Arc::new(TraceKeys::read(trace, model.replays_ttls())?)),
            _ => None,
        };
        let classes = &model.workload.classes;
        let samplers = classes.iter().map(|class| KeySampler::new(&class.popularity, class.keys)).collect();
        let mut first_id = vec![0u32];
        for class in classes {
            first_id.push((u64::from(first_id[first_id.len() - 1]) + model.keys_of(class)) as u32);
        }
        let laws = Arc::new(Laws::new(classes, &first_id, trace_keys.clone()));
        let sizes = Sizes::draw(&laws, seed, 0);
        let same_size = match &sizes {
            Sizes::PerClass(sizes) if sizes.iter().all(|size| *size == sizes[0]) => {
                let (value, key) = sizes[0];
                Some((value, u64::from(value) + u64::from(key)))
            }
            _ => None,
        };
        let mut keys_per_entity: Vec<u32> = classes.iter().map(|class| class.keys_per_entity).collect();
        if keys_per_entity.iter().all(|&keys| keys == 1) {
            keys_per_entity.clear();
        }
        Ok(Tables { samplers, first_id, keys_per_entity, laws, sizes, same_size, trace_keys })
    }

    /// Those of one replication: the same samplers, and sizes of its own where they are drawn.
    pub fn of_replication(self: &Arc<Tables>, seed: u64, replication: u32) -> Arc<Tables> {
        if let Sizes::PerClass(_) = self.sizes {
            return Arc::clone(self);
        }
        Arc::new(Tables {
            samplers: Arc::clone(&self.samplers),
            first_id: self.first_id.clone(),
            keys_per_entity: self.keys_per_entity.clone(),
            laws: Arc::clone(&self.laws),
            sizes: Sizes::draw(&self.laws, seed, replication),
            same_size: None,
            trace_keys: self.trace_keys.clone(),
        })
    }

    /// Number of ids.
    pub fn keys(&self) -> u64 {
        u64::from(self.first_id[self.first_id.len() - 1])
    }

    /// Number of ids of a class.
    fn keys_of(&self, class: usize) -> u64 {
        u64::from(self.first_id[class + 1] - self.first_id[class])
    }

    /// The class an id belongs to.
    #[inline]
    pub fn class_of(&self, key: u32) -> usize {
        self.first_id[1..self.first_id.len() - 1].iter().take_while(|&&first| first <= key).count()
    }

    /// The keys of the entity that a key belongs to, itself among them.
    #[inline]
    pub fn entity_of(&self, key: u32) -> Range<u32> {
        if self.keys_per_entity.is_empty() {
            return key..key + 1;
        }
        let class = self.class_of(key);
        let (first, end) = (self.first_id[class], self.first_id[class + 1]);
        let keys = self.keys_per_entity[class];
        let start = first + (key - first) / keys * keys;
        start..start.saturating_add(keys).min(end)
    }

    /// Whether keys and values take the same number of bytes for all keys.
    #[inline]
    pub fn are_alike(&self) -> bool {
        self.same_size.is_some()
    }

    /// Bytes of the value.
    #[inline]
    pub fn value_bytes(&self, key: u32) -> u32 {
        if let Some((value, _)) = self.same_size {
            return value;
        }
        match &self.sizes {
            Sizes::PerClass(sizes) => sizes[self.class_of(key)].0,
            Sizes::PerKey(sizes) => sizes[key as usize].0,
            Sizes::Hashed(hashed) => hashed.value(self.class_of(key), key),
        }
    }

    /// Bytes of the key.
    #[inline]
    pub fn key_bytes(&self, key: u32) -> u64 {
        self.entry_bytes(key) - u64::from(self.value_bytes(key))
    }

    /// Bytes of key and value.
    #[inline]
    pub fn entry_bytes(&self, key: u32) -> u64 {
        if let Some((_, bytes)) = self.same_size {
            return bytes;
        }
        match &self.sizes {
            Sizes::PerClass(sizes) => {
                let (value, key) = sizes[self.class_of(key)];
                u64::from(value) + u64::from(key)
            }
            Sizes::PerKey(sizes) => u64::from(sizes[key as usize].1),
            Sizes::Hashed(hashed) => u64::from(hashed.total(self.class_of(key), key)),
        }
    }
}

/// Requests as columns of equal length. In a closed loop `time_ns` is empty: users bring their own.
#[derive(Debug, Default)]
pub struct Batch {
    pub time_ns: Vec<Nanos>,
    pub key: Vec<u32>,
    pub instance: Vec<u32>,
    /// `class * 2 + 1` for a write, `class * 2` for a read; plus [`EXISTS`] for a read without a value.
    pub tag: Vec<u8>,
}

impl Batch {
    /// A fingerprint of these requests after those that left `state`.
    pub(crate) fn fingerprint(&self, state: u64) -> u64 {
        (0..self.time_ns.len()).fold(state, |state, index| {
            let words = [
                self.time_ns[index],
                u64::from(self.key[index]),
                u64::from(self.instance[index]),
                u64::from(self.tag[index]),
            ];
            words.iter().fold(state, |state, word| mix(state ^ word))
        })
    }
}

/// The bit of [`Batch::tag`] that makes a read an existence check.
pub const EXISTS: u8 = 0x80;

/// Draws the requests of one replication.
pub struct Generator {
    tables: Arc<Tables>,
    times: TimeSource,
    first: bool,
    /// Upper bounds of the classes' cumulative shares.
    cumulative: Vec<f64>,
    write_share: Vec<f64>,
    /// Share of writes and existence checks together.
    change_or_check: Vec<f64>,
    /// Whether anything but reads is drawn.
    mixed: bool,
    /// By class; empty where all keys keep their ranks.
    places: Vec<Places>,
    hot_keys: Vec<HotKey>,
    instances: u32,
    route: Route,
    next_instance: u32,
    sticky_seed: u64,
    keys: Stream,
    classes: Stream,
    operations: Stream,
    routes: Stream,
    heat: Stream,
    more_keys: Stream,
    drawn: FxHashSet<u32>,
}

enum TimeSource {
    Open(OpenArrivals),
    Closed,
    Trace { recording: Box<Recording>, duration_ns: Nanos },
}

struct HotKey {
    from_ns: Nanos,
    to_ns: Nanos,
    key: u32,
    share: f64,
}

impl Generator {
    /// Streams depend on seed and replication only, so all variants draw the same requests.
    pub fn new(
        model: &Model,
        tables: Arc<Tables>,
        seed: u64,
        replication: u32,
    ) -> Result<Generator, TraceError> {
        let draw = |name: &str| stream(seed, replication, name);
        let workload = &model.workload;
        let times = match (&workload.arrivals, &tables.trace_keys) {
            (Arrivals::Trace(trace), Some(keys)) => TimeSource::Trace {
                recording: Box::new(Recording::new(trace, Arc::clone(keys), draw("workload.trace"))?),
                duration_ns: model.duration_ns,
            },
            _ => {
                match OpenArrivals::new(workload, &model.events, model.duration_ns, draw("workload.arrivals"))
                {
                    Some(open) => TimeSource::Open(open),
                    None => TimeSource::Closed,
                }
            }
        };
        let cumulative = workload
            .classes
            .iter()
            .scan(0.0, |sum, class| {
                *sum += class.share;
                Some(*sum)
            })
            .collect();
        let hot_keys = model
            .events
            .iter()
            .filter_map(|event| match event.what {
                EventKind::HotKey { key, share, for_ns } => {
                    Some(HotKey { from_ns: event.at_ns, to_ns: event.at_ns + for_ns, key: key as u32, share })
                }
                _ => None,
            })
            .collect();
        Ok(Generator {
            times,
            first: true,
            cumulative,
            write_share: workload.classes.iter().map(|class| class.write_share).collect(),
            change_or_check: (workload.classes.iter())
                .map(|class| class.write_share + class.exists_share)
                .collect(),
            mixed: workload.classes.iter().any(|class| class.write_share + class.exists_share > 0.0),
            places: match workload.classes.iter().all(|class| class.ranking.is_fixed()) {
                true => Vec::new(),
                false => (workload.classes.iter())
                    .enumerate()
                    .map(|(index, class)| {
                        let dice = draw(&format!("workload.ranking.{}", class.name));
                        Places::new(class, tables.keys_of(index), dice)
                    })
                    .collect(),
            },
            hot_keys,
            instances: model.clients.instances,
            route: model.clients.route,
            next_instance: 0,
            sticky_seed: hash_seed(seed, replication, "clients.sticky"),
            keys: draw("workload.keys"),
            classes: draw("workload.classes"),
            operations: draw("workload.operations"),
            routes: draw("workload.routes"),
            heat: draw("workload.hot_key"),
            more_keys: draw("workload.more_keys"),
            drawn: FxHashSet::default(),
            tables,
        })
    }

    /// Whether users bring the times (closed loop).
    pub fn is_closed(&self) -> bool {
        matches!(self.times, TimeSource::Closed)
    }

    /// Replaces the batch by the next requests; an empty one means that arrivals are over.
    pub fn fill(&mut self, batch: &mut Batch) -> Result<(), TraceError> {
        batch.time_ns.clear();
        batch.key.clear();
        batch.instance.clear();
        batch.tag.clear();
        match &mut self.times {
            TimeSource::Open(open) => {
                open.fill(&mut batch.time_ns, BATCH, self.first);
                self.draw_keys(batch, batch.time_ns.len());
            }
            TimeSource::Closed => self.draw_keys(batch, BATCH),
            TimeSource::Trace { recording, duration_ns } => {
                while batch.key.len() < BATCH {
                    match recording.next_request()? {
                        Some(Replayed { time_ns, id, write, client }) if time_ns < *duration_ns => {
                            batch.time_ns.push(time_ns);
                            batch.key.push(id);
                            batch.tag.push(2 * self.tables.class_of(id) as u8 + u8::from(write));
                            if self.route == Route::Recorded {
                                batch.instance.push(client % self.instances);
                            }
                        }
                        _ => break,
                    }
                }
            }
        }
        self.first = false;
        self.draw_instances(batch);
        Ok(())
    }

    fn draw_keys(&mut self, batch: &mut Batch, count: usize) {
        if self.cumulative.len() == 1 {
            let sampler = &self.tables.samplers[0];
            // A copy, so that it may stay in registers.
            let mut stream = self.keys.clone();
            batch.key.extend((0..count).map(|_| sampler.sample(&mut stream)));
            self.keys = stream;
            batch.tag.resize(count, 0);
        } else {
            for _ in 0..count {
                let toss = unit_open_zero(&mut self.classes);
                let class =
                    self.cumulative.partition_point(|&bound| bound < toss).min(self.cumulative.len() - 1);
                batch
                    .key
                    .push(self.tables.first_id[class] + self.tables.samplers[class].sample(&mut self.keys));
                batch.tag.push(2 * class as u8);
            }
        }
        if self.mixed {
            for tag in &mut batch.tag {
                let class = usize::from(*tag / 2);
                let toss = unit_open_zero(&mut self.operations);
                *tag += match toss {
                    _ if toss <= self.write_share[class] => 1,
                    _ if toss <= self.change_or_check[class] => EXISTS,
                    _ => 0,
                };
            }
        }
        if !batch.time_ns.is_empty() {
            if !self.places.is_empty() {
                (0..count).for_each(|request| self.place(batch, request, batch.time_ns[request]));
            }
            for index in 0..self.hot_keys.len() {
                let HotKey { from_ns, to_ns, .. } = self.hot_keys[index];
                let from = batch.time_ns.partition_point(|&time| time < from_ns);
                let to = batch.time_ns.partition_point(|&time| time < to_ns);
                for request in from..to {
                    self.heat(batch, request, index);
                }
            }
        }
    }

    /// Puts the key that has the rank at this instant in the place of a key that was drawn by its rank.
    fn place(&mut self, batch: &mut Batch, request: usize, now: Nanos) {
        let tag = batch.tag[request];
        let class = usize::from((tag & !EXISTS) / 2);
        let first = self.tables.first_id[class];
        batch.key[request] = first + self.places[class].key_at(batch.key[request] - first, tag % 2 == 1, now);
    }

    /// Turns one request to the hot key of an event, by a coin.
    fn heat(&mut self, batch: &mut Batch, request: usize, event: usize) {
        let hot = &self.hot_keys[event];
        if unit_open_zero(&mut self.heat) <= hot.share {
            batch.key[request] = hot.key;
            batch.tag[request] = 2 * self.tables.class_of(hot.key) as u8
                + batch.tag[request] % 2
                + (batch.tag[request] & EXISTS);
        }
    }

    /// Decides on the key of a request of a closed loop, whose time is known only when its user sends it.
    pub fn settle_key(&mut self, batch: &mut Batch, request: usize, now: Nanos) {
        let drawn = batch.key[request];
        if !self.places.is_empty() {
            self.place(batch, request, now);
        }
        for event in 0..self.hot_keys.len() {
            if (self.hot_keys[event].from_ns..self.hot_keys[event].to_ns).contains(&now) {
                self.heat(batch, request, event);
            }
        }
        if batch.key[request] != drawn && self.route == Route::Sticky {
            batch.instance[request] = self.sticky_instance(batch.key[request]);
        }
    }

    /// The keys of a read of several: its first one and others of its class, drawn alike until all are different. Where
    /// many draws in a row bring nothing new, the next free id is taken.
    pub fn gather(&mut self, class: usize, first: u32, count: u32, keys: &mut Vec<u32>) {
        const TRIES: usize = 64;
        let (from, to) = (self.tables.first_id[class], self.tables.first_id[class + 1]);
        let sampler = &self.tables.samplers[class];
        self.drawn.clear();
        self.drawn.insert(first);
        keys.clear();
        keys.push(first);
        while keys.len() < count as usize {
            let mut key = from + sampler.sample(&mut self.more_keys);
            let mut tries = 1;
            while !self.drawn.insert(key) {
                key = match tries {
                    TRIES.. if key + 1 == to => from,
                    TRIES.. => key + 1,
                    _ => from + sampler.sample(&mut self.more_keys),
                };
                tries += 1;
            }
            keys.push(key);
        }
    }

    /// The instance of a key.
    #[inline]
    fn sticky_instance(&self, key: u32) -> u32 {
        (mix(self.sticky_seed ^ u64::from(key)) % u64::from(self.instances)) as u32
    }

    fn draw_instances(&mut self, batch: &mut Batch) {
        let (count, instances) = (batch.key.len(), self.instances);
        match self.route {
            Route::Recorded => debug_assert_eq!(batch.instance.len(), count),
            _ if instances == 1 => batch.instance.resize(count, 0),
            Route::Random => {
                let mut stream = self.routes.clone();
                batch.instance.extend((0..count).map(|_| below(&mut stream, instances)));
                self.routes = stream;
            }
            Route::RoundRobin => {
                for _ in 0..count {
                    batch.instance.push(self.next_instance);
                    self.next_instance = (self.next_instance + 1) % instances;
                }
            }
            Route::Sticky => {
                batch.instance.extend(batch.key.iter().map(|&key| self.sticky_instance(key)));
            }
        }
    }
}
