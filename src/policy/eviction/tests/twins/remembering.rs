//! The twins of those that remember keys they evicted.

use super::{Twin, cut, take};

#[derive(Default)]
pub struct S3Fifo {
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
    /// What leaves, in order: what the main queue of `main` places gives up for what moves there, and the first of the small
    /// queue that does not.
    fn evict_small(&mut self, main: usize) -> Vec<u8> {
        let mut evicted = Vec::new();
        while !self.small.is_empty() {
            let tail = self.small.remove(0);
            let uses = self.uses(tail);
            self.set_uses(tail, 0);
            if uses > 1 {
                self.main.push(tail);
                if self.main.len() > main {
                    evicted.push(self.evict_main());
                }
            } else {
                self.ghost.push(tail);
                cut(&mut self.ghost, main);
                evicted.push(tail);
                break;
            }
        }
        evicted
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
    fn miss(&mut self, key: u8, capacity: usize, full: bool) -> Vec<u8> {
        let small = (capacity / 10).max(1);
        let mut evicted = Vec::new();
        if full && (self.small.len() >= small || self.main.is_empty()) {
            evicted = self.evict_small(capacity - small);
        }
        if full && evicted.is_empty() {
            evicted.push(self.evict_main());
        }
        take(&mut self.uses, key);
        if take(&mut self.ghost, key) {
            self.main.push(key)
        } else {
            self.small.push(key)
        }
        evicted
    }
}

#[derive(Default)]
pub struct TwoQ {
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
    fn miss(&mut self, key: u8, capacity: usize, full: bool) -> Vec<u8> {
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
        Vec::from_iter(victim)
    }
}

#[derive(Default)]
pub struct Arc {
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
    fn miss(&mut self, key: u8, c: usize, full: bool) -> Vec<u8> {
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
        Vec::from_iter(victim)
    }
}

/// The stack holds all keys, with and without an entry; both oldest first.
#[derive(Default)]
pub struct Lirs {
    lir: Vec<u8>,
    /// The queue of the other entries.
    hir: Vec<u8>,
    stack: Vec<u8>,
    /// In the order in which they lost their entries.
    ghosts: Vec<u8>,
}

impl Lirs {
    fn top(&mut self, key: u8) {
        take(&mut self.stack, key);
        self.stack.push(key);
    }
    fn prune(&mut self) {
        while self.stack.first().is_some_and(|oldest| !self.lir.contains(oldest)) {
            let oldest = self.stack.remove(0);
            take(&mut self.ghosts, oldest);
        }
    }
    fn demote(&mut self, most: usize) {
        while self.lir.len() > most {
            self.prune();
            let oldest = self.stack.remove(0);
            take(&mut self.lir, oldest);
            self.hir.push(oldest);
        }
        self.prune();
    }
}

/// With its capacity, because a hit needs it.
impl Twin for (Lirs, usize) {
    fn held(&mut self) -> Vec<&mut Vec<u8>> {
        vec![&mut self.0.lir, &mut self.0.hir]
    }
    fn hit(&mut self, key: u8) {
        let most = self.1 - (self.1 / 100).max(1);
        let lirs = &mut self.0;
        let is_recent = lirs.stack.contains(&key);
        lirs.top(key);
        if take(&mut lirs.hir, key) {
            if is_recent { lirs.lir.push(key) } else { lirs.hir.push(key) }
        }
        lirs.demote(most);
    }
    fn miss(&mut self, key: u8, capacity: usize, full: bool) -> Vec<u8> {
        let most = capacity - (capacity / 100).max(1);
        let lirs = &mut self.0;
        let is_recent = take(&mut lirs.ghosts, key);
        take(&mut lirs.stack, key);
        let victim = full.then(|| {
            if lirs.hir.is_empty() {
                lirs.demote(lirs.lir.len() - 1);
            }
            let victim = lirs.hir.remove(0);
            if lirs.stack.contains(&victim) {
                lirs.ghosts.push(victim);
                if lirs.ghosts.len() > 2 * capacity {
                    let oldest = lirs.ghosts.remove(0);
                    take(&mut lirs.stack, oldest);
                }
            }
            victim
        });
        let is_lir = is_recent || lirs.lir.len() < most;
        if is_lir {
            lirs.lir.push(key)
        } else {
            lirs.hir.push(key)
        }
        lirs.stack.push(key);
        lirs.demote(most);
        Vec::from_iter(victim)
    }
    fn expire(&mut self, key: u8) {
        let lirs = &mut self.0;
        take(&mut lirs.lir, key);
        take(&mut lirs.hir, key);
        take(&mut lirs.stack, key);
        lirs.prune();
    }
}
