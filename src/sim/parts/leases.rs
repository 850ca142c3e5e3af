//! Who may fetch a missing key (Nishtala et al., Scaling Memcache at Facebook, NSDI 2013, section 3.2.1).

use rustc_hash::FxHashMap;

use crate::model::Nanos;

/// The leases of one node.
pub struct Leases {
    lock_ttl_ns: Nanos,
    held: FxHashMap<u32, (u32, Nanos)>,
    last_token: u32,
    /// Of as many nodes, each has tokens of its own: what one has granted, no other redeems.
    nodes: u32,
}

impl Leases {
    pub fn new(lock_ttl_ns: Nanos, node: u32, nodes: u32) -> Leases {
        Leases { lock_ttl_ns, held: FxHashMap::default(), last_token: node, nodes }
    }

    /// A token for the key, unless somebody holds one.
    pub fn grant(&mut self, key: u32, now: Nanos) -> Option<u32> {
        if self.held.get(&key).is_some_and(|&(_, until)| now < until) {
            return None;
        }
        self.last_token = self.last_token.wrapping_add(self.nodes).max(1);
        self.held.insert(key, (self.last_token, now + self.lock_ttl_ns));
        Some(self.last_token)
    }

    /// Whether a SET with this token may take effect; the lease ends with it.
    pub fn redeem(&mut self, key: u32, token: u32) -> bool {
        let valid = self.held.get(&key).is_some_and(|&(held, _)| held == token);
        if valid {
            self.held.remove(&key);
        }
        valid
    }

    /// A DELETE voids the token.
    pub fn void(&mut self, key: u32) {
        self.held.remove(&key);
    }

    pub fn clear(&mut self) {
        self.held.clear();
    }
}
