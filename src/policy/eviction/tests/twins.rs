//! Every algorithm once more, by searching in vectors (oldest first) and as close to the paper's words as it gets.

use super::Step;
use crate::policy::eviction::sketch::Sketch;
use crate::scenario::model::Eviction;

/// The evicted keys in order.
pub fn replay(kind: Eviction, capacity: usize, steps: &[Step]) -> Vec<u8> {
    match kind {
        Eviction::S3Fifo => run(S3Fifo::default(), capacity, steps),
        Eviction::TwoQ => run(TwoQ::default(), capacity, steps),
        Eviction::Slru => run((Slru::default(), capacity), capacity, steps),
        Eviction::Arc => run(Arc::default(), capacity, steps),
        Eviction::Lfu => run(Lfu::default(), capacity, steps),
        Eviction::WTinyLfu => run(WTinyLfu::new(capacity), capacity, steps),
        kind => run(OneQueue { kind, queue: Vec::new(), used: Vec::new(), hand: None }, capacity, steps),
    }
}

trait Twin {
    /// All queues that hold entries.
    fn held(&mut self) -> Vec<&mut Vec<u8>>;
    /// A request for a key that is held.
    fn hit(&mut self, key: u8);
    /// Takes in a key that is not held; if the cache is full, evicts one.
    fn miss(&mut self, key: u8, capacity: usize, full: bool) -> Option<u8>;
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
    fn miss(&mut self, key: u8, _: usize, full: bool) -> Option<u8> {
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
        victim
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
struct S3Fifo {
    small: Vec<u8>,
    main: Vec<u8>,
    ghost: Vec<u8>,
    /// Once per use.
    uses: Vec<u8>,
}

impl S3Fifo {
    fn uses(&self, key: u8) -> usize {
        self.uses.iter().filter(|&&other| other == key).count().min(3)
    }
    fn set_uses(&mut self, key: u8, uses: usize) {
        take(&mut self.uses, key);
        self.uses.extend(std::iter::repeat_n(key, uses));
    }
    fn evict_small(&mut self, ghosts: usize) -> Option<u8> {
        while !self.small.is_empty() {
            let tail = self.small.remove(0);
            let uses = self.uses(tail);
            self.set_uses(tail, 0);
            if uses > 1 {
                self.main.push(tail);
            } else {
                self.ghost.push(tail);
                cut(&mut self.ghost, ghosts);
                return Some(tail);
            }
        }
        None
    }
    fn evict_main(&mut self) -> u8 {
        loop {
            let tail = self.main.remove(0);
            match self.uses(tail) {
                0 => return tail,
                uses => {
                    self.set_uses(tail, uses - 1);
                    self.main.push(tail);
                }
            }
        }
    }
}

impl Twin for S3Fifo {
    fn held(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.small, &mut self.main]
    }
    fn hit(&mut self, key: u8) {
        self.set_uses(key, (self.uses(key) + 1).min(3));
    }
    fn miss(&mut self, key: u8, capacity: usize, full: bool) -> Option<u8> {
        let small = (capacity / 10).max(1);
        let known = take(&mut self.ghost, key);
        let victim = full.then(|| {
            let from_small = self.small.len() >= small || self.main.is_empty();
            let victim = if from_small { self.evict_small(capacity - small) } else { None };
            victim.unwrap_or_else(|| self.evict_main())
        });
        take(&mut self.uses, key);
        if known {
            self.main.push(key)
        } else {
            self.small.push(key)
        }
        victim
    }
}

#[derive(Default)]
struct TwoQ {
    a1_in: Vec<u8>,
    a1_out: Vec<u8>,
    am: Vec<u8>,
}

impl Twin for TwoQ {
    fn held(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.a1_in, &mut self.am]
    }
    fn hit(&mut self, key: u8) {
        if take(&mut self.am, key) {
            self.am.push(key);
        }
    }
    fn miss(&mut self, key: u8, capacity: usize, full: bool) -> Option<u8> {
        let (k_in, k_out) = ((capacity / 4).max(1), (capacity / 2).max(1));
        let known = take(&mut self.a1_out, key);
        let victim = full.then(|| {
            if self.a1_in.len() > k_in || self.am.is_empty() {
                let victim = self.a1_in.remove(0);
                self.a1_out.push(victim);
                cut(&mut self.a1_out, k_out);
                victim
            } else {
                self.am.remove(0)
            }
        });
        if known {
            self.am.push(key)
        } else {
            self.a1_in.push(key)
        }
        victim
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
    fn miss(&mut self, key: u8, _: usize, full: bool) -> Option<u8> {
        let Slru { probation, protected } = &mut self.0;
        let victim =
            full.then(|| if probation.is_empty() { protected.remove(0) } else { probation.remove(0) });
        probation.push(key);
        victim
    }
}

#[derive(Default)]
struct Arc {
    t1: Vec<u8>,
    t2: Vec<u8>,
    b1: Vec<u8>,
    b2: Vec<u8>,
    p: f64,
}

impl Arc {
    fn replace(&mut self, in_b2: bool) -> u8 {
        let t1 = self.t1.len() as f64;
        if self.t2.is_empty() || !self.t1.is_empty() && (t1 > self.p || in_b2 && t1 == self.p) {
            self.b1.push(self.t1.remove(0));
            self.b1[self.b1.len() - 1]
        } else {
            self.b2.push(self.t2.remove(0));
            self.b2[self.b2.len() - 1]
        }
    }
}

impl Twin for Arc {
    fn held(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.t1, &mut self.t2]
    }
    fn hit(&mut self, key: u8) {
        let _ = take(&mut self.t1, key) || take(&mut self.t2, key);
        self.t2.push(key);
    }
    fn miss(&mut self, key: u8, c: usize, full: bool) -> Option<u8> {
        let (b1, b2) = (self.b1.len() as f64, self.b2.len() as f64);
        let mut victim = None;
        if self.b1.contains(&key) {
            let delta = if b1 >= b2 { 1.0 } else { b2 / b1 };
            self.p = (self.p + delta).min(c as f64);
            victim = full.then(|| self.replace(false));
            take(&mut self.b1, key);
            self.t2.push(key);
        } else if self.b2.contains(&key) {
            let delta = if b2 >= b1 { 1.0 } else { b1 / b2 };
            self.p = (self.p - delta).max(0.0);
            victim = full.then(|| self.replace(true));
            take(&mut self.b2, key);
            self.t2.push(key);
        } else {
            let l1 = self.t1.len() + self.b1.len();
            let all = l1 + self.t2.len() + self.b2.len();
            if l1 == c && self.t1.len() == c {
                victim = Some(self.t1.remove(0));
            } else {
                if l1 == c {
                    self.b1.remove(0);
                } else if all == 2 * c {
                    self.b2.remove(0);
                }
                if full {
                    victim = Some(self.replace(false));
                }
            }
            self.t1.push(key);
        }
        victim
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
    fn miss(&mut self, key: u8, capacity: usize, _: bool) -> Option<u8> {
        let victim = (self.queue.len() == capacity).then(|| {
            let uses = |key: &u8| self.uses.iter().filter(|&other| other == key).count();
            let victim = self.queue.iter().copied().min_by_key(uses).unwrap();
            take(&mut self.queue, victim);
            take(&mut self.uses, victim);
            victim
        });
        self.queue.push(key);
        victim
    }
}

/// The main region is a segmented LRU; the sketch has tests of its own.
struct WTinyLfu {
    window: Vec<u8>,
    main: Slru,
    sketch: Sketch,
    capacity: usize,
}

impl WTinyLfu {
    fn new(capacity: usize) -> WTinyLfu {
        let sketch = Sketch::new(capacity as u32);
        WTinyLfu { window: Vec::new(), main: Slru::default(), sketch, capacity }
    }
    fn window(&self) -> usize {
        (self.capacity / 100).max(1)
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
            self.main.protect(key, ((self.capacity - self.window()) * 4 / 5).max(1));
        }
    }
    fn miss(&mut self, key: u8, _: usize, full: bool) -> Option<u8> {
        self.sketch.count(u32::from(key));
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
        victim
    }
}
