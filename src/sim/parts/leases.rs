//! Who may fetch a missing key (Nishtala et al., Scaling Memcache at Facebook, NSDI 2013, section 3.2.1).

use rustc_hash::FxHashMap;

use crate::model::Nanos;

/// The leases of one node.
#[derive(Clone)]
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

    /// Those of an earlier time hold again; no token is granted twice.
    pub fn revert(&mut self, past: Leases) {
        self.held = past.held;
    }

    pub fn clear(&mut self) {
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_with_its_time_its_set_or_a_delete() {
        let mut leases = Leases::new(70, 0, 3);
        let first = leases.grant(5, 1_000).unwrap();
        assert_eq!(leases.grant(5, 1_069), None);
        assert!(leases.grant(6, 1_001).is_some(), "each key has its own");
        let second = leases.grant(5, 1_070).unwrap();
        assert!(!leases.redeem(5, first), "another token has been granted");
        assert!(leases.redeem(5, second) && !leases.redeem(5, second));
        let third = leases.grant(5, 1_080).unwrap();
        leases.void(5);
        assert!(!leases.redeem(5, third) && leases.grant(5, 1_081).is_some());
        leases.clear();
        assert!(leases.grant(6, 1_082).is_some());
    }

    /// A fill that comes after the lease has run out still gets in, where nobody has got the next one.
    #[test]
    fn a_token_is_void_once_somebody_else_has_one() {
        let mut leases = Leases::new(70, 0, 1);
        let token = leases.grant(5, 1_000).unwrap();
        assert!(leases.redeem(5, token), "whenever that is");
    }

    #[test]
    fn no_node_redeems_what_another_has_granted() {
        let mut nodes = [0, 1, 2].map(|node| Leases::new(70, node, 3));
        let tokens: Vec<u32> =
            (0..4).flat_map(|key| nodes.each_mut().map(|node| node.grant(key, 0).unwrap())).collect();
        let mut unique = tokens.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), tokens.len(), "{tokens:?}");
    }
}
