//! Every algorithm once more, by searching in vectors (oldest first) and as close to the paper's words as it gets.

mod remembering;

use remembering::{Arc, Lirs, S3Fifo, TwoQ};

use super::{Step, bytes};
use crate::model::Eviction;
use crate::policy::eviction::sketch::Sketch;

/// The evicted keys in order.
pub fn replay(kind: Eviction, capacity: usize, steps: &[Step]) -> Vec<u8> {
    match kind {
        Eviction::S3Fifo => run(S3Fifo::default(), capacity, steps),
        Eviction::TwoQ => run(TwoQ::default(), capacity, steps),
        Eviction::Slru => run((Slru::default(), capacity), capacity, steps),
        Eviction::Arc => run(Arc::default(), capacity, steps),
        Eviction::Lfu => run(Lfu::default(), capacity, steps),
        Eviction::Gdsf => run(Gdsf::default(), capacity, steps),
        Eviction::WTinyLfu => run(WTinyLfu::new(capacity, None), capacity, steps),
        Eviction::AdaptiveWTinyLfu => run(WTinyLfu::new(capacity, Some(Hill::default())), capacity, steps),
        Eviction::Lirs => run((Lirs::default(), capacity), capacity, steps),
        kind => run(OneQueue { kind, queue: Vec::new(), used: Vec::new(), hand: None }, capacity, steps),
    }
}

trait Twin {
    /// All queues that hold entries.
    fn held(&mut self) -> Vec<&mut Vec<u8>>;
    /// A request for a key that is held.
    fn hit(&mut self, key: u8);
    /// Takes in a key that is not held; if the cache is full, evicts.
    fn miss(&mut self, key: u8, capacity: usize, full: bool) -> Vec<u8>;
    /// A key that is held goes.
    fn expire(&mut self, key: u8) {
        self.held().into_iter().for_each(|queue| queue.retain(|&other| other != key));
    }
}

fn run(mut twin: impl Twin, capacity: usize, steps: &[Step]) -> Vec<u8> {
    let mut evicted = Vec::new();
    for &step in steps {
        let (Step::Ask(key) | Step::Expire(key)) = step;
        let held: usize = twin.held().iter().map(|queue| queue.len()).sum();
        let hit = twin.held().iter().any(|queue| queue.contains(&key));
        match (step, hit) {
            (Step::Ask(_), true) => twin.hit(key),
            (Step::Ask(_), false) => evicted.extend(twin.miss(key, capacity, held == capacity)),
            (Step::Expire(_), true) => twin.expire(key),
            (Step::Expire(_), false) => {}
        }
    }
    evicted
}

/// Takes a key out of a queue; whether it was there.
fn take(queue: &mut Vec<u8>, key: u8) -> bool {
    let before = queue.len();
    queue.retain(|&other| other != key);
    queue.len() < before
}

/// Drops the oldest until so many are left.
fn cut(queue: &mut Vec<u8>, most: usize) {
    queue.drain(..queue.len().saturating_sub(most));
}

/// LRU, FIFO, CLOCK and SIEVE.
struct OneQueue {
    kind: Eviction,
    queue: Vec<u8>,
    used: Vec<u8>,
    hand: Option<u8>,
}

impl OneQueue {
    fn after(&self, key: u8) -> Option<u8> {
        let place = self.queue.iter().position(|&other| other == key)?;
        self.queue.get(place + 1).copied()
    }
}

impl Twin for OneQueue {
    fn held(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.queue]
    }
    fn hit(&mut self, key: u8) {
        self.used.push(key);
        if self.kind == Eviction::Lru {
            take(&mut self.queue, key);
            self.queue.push(key);
        }
    }
    fn miss(&mut self, key: u8, _: usize, full: bool) -> Vec<u8> {
        let victim = full.then(|| {
            let mut victim = self.queue[0];
            if self.kind == Eviction::Sieve {
                victim = self.hand.unwrap_or(victim);
                while take(&mut self.used, victim) {
                    victim = self.after(victim).unwrap_or(self.queue[0]);
                }
                self.hand = self.after(victim);
            }
            while self.kind == Eviction::Clock && take(&mut self.used, victim) {
                self.queue.rotate_left(1);
                victim = self.queue[0];
            }
            take(&mut self.used, victim);
            take(&mut self.queue, victim);
            victim
        });
        self.queue.push(key);
        Vec::from_iter(victim)
    }
    fn expire(&mut self, key: u8) {
        if self.hand == Some(key) {
            self.hand = self.after(key);
        }
        take(&mut self.used, key);
        take(&mut self.queue, key);
    }
}

#[derive(Default)]
struct Slru {
    probation: Vec<u8>,
    protected: Vec<u8>,
}

impl Slru {
    fn protect(&mut self, key: u8, most: usize) {
        take(&mut self.probation, key);
        take(&mut self.protected, key);
        self.protected.push(key);
        let surplus = self.protected.len().saturating_sub(most);
        self.probation.extend(self.protected.drain(..surplus));
    }
}

/// With its capacity, because a hit needs it.
impl Twin for (Slru, usize) {
    fn held(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.0.probation, &mut self.0.protected]
    }
    fn hit(&mut self, key: u8) {
        self.0.protect(key, (self.1 * 4 / 5).max(1));
    }
    fn miss(&mut self, key: u8, _: usize, full: bool) -> Vec<u8> {
        let Slru { probation, protected } = &mut self.0;
        let victim =
            full.then(|| if probation.is_empty() { protected.remove(0) } else { probation.remove(0) });
        probation.push(key);
        Vec::from_iter(victim)
    }
}

#[derive(Default)]
struct Lfu {
    /// In the order of the last use.
    queue: Vec<u8>,
    /// Once per use.
    uses: Vec<u8>,
}

impl Twin for Lfu {
    fn held(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.queue]
    }
    fn expire(&mut self, key: u8) {
        take(&mut self.queue, key);
        take(&mut self.uses, key);
    }
    fn hit(&mut self, key: u8) {
        take(&mut self.queue, key);
        self.queue.push(key);
        self.uses.push(key);
    }
    fn miss(&mut self, key: u8, capacity: usize, _: bool) -> Vec<u8> {
        let victim = (self.queue.len() == capacity).then(|| {
            let uses = |key: &u8| self.uses.iter().filter(|&other| other == key).count();
            let victim = self.queue.iter().copied().min_by_key(uses).unwrap();
            take(&mut self.queue, victim);
            take(&mut self.uses, victim);
            victim
        });
        self.queue.push(key);
        Vec::from_iter(victim)
    }
}

/// GDSF.
#[derive(Default)]
struct Gdsf {
    /// In the order of the last use.
    queue: Vec<u8>,
    /// Uses and priority of each key in the queue.
    ranks: std::collections::BTreeMap<u8, (f64, f64)>,
    clock: f64,
}

impl Gdsf {
    fn take_in(&mut self, key: u8, uses: f64) {
        self.queue.push(key);
        self.ranks.insert(key, (uses, self.clock + uses / bytes(key) as f64));
    }
}

impl Twin for Gdsf {
    fn held(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.queue]
    }
    fn hit(&mut self, key: u8) {
        take(&mut self.queue, key);
        self.take_in(key, self.ranks[&key].0 + 1.0);
    }
    fn miss(&mut self, key: u8, _: usize, full: bool) -> Vec<u8> {
        let by_priority = |key: &&u8, other: &&u8| self.ranks[*key].1.total_cmp(&self.ranks[*other].1);
        let victim = full.then(|| *self.queue.iter().min_by(by_priority).unwrap());
        if let Some(victim) = victim {
            take(&mut self.queue, victim);
            self.clock = self.ranks[&victim].1;
        }
        self.take_in(key, 1.0);
        Vec::from_iter(victim)
    }
}

/// The hill that the adaptive window climbs.
struct Hill {
    window: f64,
    step: f64,
    before: f64,
    hits: f64,
    requests: f64,
}

impl Default for Hill {
    fn default() -> Hill {
        Hill { window: 0.01, step: -0.0625, before: 0.0, hits: 0.0, requests: 0.0 }
    }
}

impl Hill {
    fn climb(&mut self) {
        let ratio = self.hits / self.requests;
        let step = if ratio >= self.before { self.step } else { -self.step };
        self.window = (self.window + step).clamp(0.0, 1.0 - 0.2 * 0.99);
        let large = (ratio - self.before).abs() >= 0.05;
        self.step = match (large, step >= 0.0) {
            (true, true) => 0.0625,
            (true, false) => -0.0625,
            (false, _) => step * 0.98,
        };
        *self = Hill { before: ratio, hits: 0.0, requests: 0.0, ..*self };
    }
}

/// The main region is a segmented LRU; the sketch has tests of its own.
struct WTinyLfu {
    window: Vec<u8>,
    main: Slru,
    sketch: Sketch,
    capacity: usize,
    hill: Option<Hill>,
}

impl WTinyLfu {
    fn new(capacity: usize, hill: Option<Hill>) -> WTinyLfu {
        let sketch = Sketch::new(capacity as u32);
        WTinyLfu { window: Vec::new(), main: Slru::default(), sketch, capacity, hill }
    }
    fn window(&self) -> usize {
        match &self.hill {
            None => (self.capacity / 100).max(1),
            Some(hill) => ((self.capacity as f64 * hill.window) as usize).max(1),
        }
    }
    fn protected(&self) -> usize {
        let main = self.capacity - self.window();
        let protected = match &self.hill {
            None => main * 4 / 5,
            Some(_) => main.saturating_sub((self.capacity as f64 * 0.2 * 0.99) as usize),
        };
        protected.max(1)
    }
    fn request(&mut self, hit: bool) {
        let Some(hill) = &mut self.hill else { return };
        hill.hits += f64::from(u8::from(hit));
        hill.requests += 1.0;
        if hill.requests < 10.0 * self.capacity as f64 {
            return;
        }
        hill.climb();
        let surplus = self.main.protected.len().saturating_sub(self.protected());
        self.main.probation.extend(self.main.protected.drain(..surplus));
        while self.window.len() < self.window() {
            let Slru { probation, protected } = &mut self.main;
            let from = if probation.is_empty() { protected } else { probation };
            if from.is_empty() {
                break;
            }
            self.window.push(from.remove(0));
        }
        let surplus = self.window.len().saturating_sub(self.window());
        self.main.probation.extend(self.window.drain(..surplus));
    }
}

impl Twin for WTinyLfu {
    fn held(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.window, &mut self.main.probation, &mut self.main.protected]
    }
    fn hit(&mut self, key: u8) {
        self.sketch.count(u32::from(key));
        if self.window.contains(&key) {
            take(&mut self.window, key);
            self.window.push(key);
        } else {
            let most = self.protected();
            self.main.protect(key, most);
        }
        self.request(true);
    }
    fn miss(&mut self, key: u8, _: usize, full: bool) -> Vec<u8> {
        self.sketch.count(u32::from(key));
        self.request(false);
        let limit = self.window();
        let victim = full.then(|| {
            let main = if self.main.probation.is_empty() {
                &mut self.main.protected
            } else {
                &mut self.main.probation
            };
            let Some(&oldest) = main.first() else { return self.window.remove(0) };
            if self.window.len() < limit {
                return main.remove(0);
            }
            let candidate = self.window.remove(0);
            let estimate = |key: u8| self.sketch.estimate(u32::from(key));
            if estimate(candidate) <= estimate(oldest) {
                return candidate;
            }
            main.remove(0);
            self.main.probation.push(candidate);
            oldest
        });
        self.window.push(key);
        if self.window.len() > limit {
            self.main.probation.push(self.window.remove(0));
        }
        Vec::from_iter(victim)
    }
}
