//! The nodes of a shared tier: the map from keys to nodes, and the state of each.
//!
//! Keys fall into 16,384 slots, as in Redis Cluster, by a hash that each replication has of its own. A slot belongs to the
//! node in the map for which a hash of (seed, replication, slot, node) is highest: rendezvous hashing (Thaler, Ravishankar: Using Name-Based Mappings to Increase Hit Rates,
//! IEEE/ACM Transactions on Networking 1998). So when a node leaves the map, its slots are spread over all others and
//! no other slot moves; when it comes back it gets the same slots again.

use super::coding::Link;
use super::leases::Leases;
use super::limiter::Counters;
use super::server::Server;
use crate::dice::{hash_seed, mix};
use crate::measure::recorder::NodeTotals;
use crate::model::{EventKind, Model, Nanos};

/// Slots of keys; the upper bits of a hash choose one.
const SLOT_BITS: u32 = 14;

/// State of each node besides its store.
pub struct Node {
    pub server: Server,
    pub leases: Option<Leases>,
    /// Of the rate limiter.
    pub counters: Option<Counters>,
    /// Its network; none: bytes take no time there.
    pub link: Option<Link>,
    /// Commands that came to it.
    pub commands: u64,
}

impl Node {
    pub fn totals(&self, now: Nanos) -> NodeTotals {
        NodeTotals {
            commands: self.commands,
            busy_ns: self.server.worked_ns(now),
            link_busy_ns: self.link.map_or([0; 2], |link| link.busy_ns),
        }
    }
}

/// Which node a key belongs to, over time.
pub struct NodeMap {
    seed: u64,
    /// From when each map holds, and the node of each slot in it. Empty: there is one node.
    maps: Vec<(Nanos, Vec<u8>)>,
}

impl NodeMap {
    /// The maps of a tier of so many nodes, through all losses that the scenario has for it.
    pub fn new(model: &Model, tier: usize, nodes: u32, seed: u64, replication: u32) -> NodeMap {
        let seed = hash_seed(seed, replication, "nodes");
        if nodes < 2 {
            return NodeMap { seed, maps: Vec::new() };
        }
        // Who is out of the map, from when and until when.
        let out: Vec<(u32, Nanos, Nanos)> = model
            .events
            .iter()
            .filter(|event| event.at_ns < model.duration_ns)
            .filter_map(|event| match event.what {
                EventKind::NodeLost { tier: of, node, for_ns, failover_ns: Some(failover_ns), .. }
                    if of == tier =>
                {
                    let until_ns = for_ns.map_or(Nanos::MAX, |for_ns| event.at_ns + for_ns);
                    Some((node, event.at_ns.saturating_add(failover_ns), until_ns))
                }
                _ => None,
            })
            .filter(|(_, from_ns, until_ns)| from_ns < until_ns)
            .collect();
        let mut changes: Vec<Nanos> = std::iter::once(0)
            .chain(out.iter().flat_map(|&(_, from_ns, until_ns)| [from_ns, until_ns]))
            .collect();
        changes.sort_unstable();
        changes.dedup();
        let maps = changes
            .into_iter()
            .map(|at_ns| {
                let is_out = |node: &u32| {
                    out.iter()
                        .any(|&(who, from_ns, until_ns)| who == *node && from_ns <= at_ns && at_ns < until_ns)
                };
                let mut left: Vec<u32> = (0..nodes).filter(|node| !is_out(node)).collect();
                // Where nobody is left there is nobody to turn to.
                if left.is_empty() {
                    left = (0..nodes).collect();
                }
                (at_ns, map_of(seed, &left))
            })
            .collect();
        NodeMap { seed, maps }
    }

    /// The node that a command about this key goes to when it is sent at `at`.
    #[inline]
    pub fn node(&self, key: u32, at: Nanos) -> u8 {
        if self.maps.is_empty() {
            return 0;
        }
        let slot = self.slot(key);
        self.maps.iter().rev().find(|(from_ns, _)| *from_ns <= at).map_or(0, |(_, map)| map[slot])
    }

    /// Whether this node ever has this key.
    pub fn ever(&self, node: usize, key: u32) -> bool {
        let slot = self.slot(key);
        self.maps.is_empty() || self.maps.iter().any(|(_, map)| usize::from(map[slot]) == node)
    }

    #[inline]
    fn slot(&self, key: u32) -> usize {
        (mix(self.seed ^ u64::from(key)) >> (64 - SLOT_BITS)) as usize
    }
}

/// The node of every slot where these are left.
fn map_of(seed: u64, nodes: &[u32]) -> Vec<u8> {
    (0..1u64 << SLOT_BITS)
        .map(|slot| {
            let weight = |node: &u32| mix(mix(seed ^ (slot << 32)) ^ u64::from(*node));
            nodes.iter().copied().max_by_key(weight).unwrap_or(0) as u8
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_node_moves_its_slots_to_all_others_and_no_other_slot() {
        let (all, left) = (map_of(7, &[0, 1, 2, 3, 4]), map_of(7, &[0, 1, 3, 4]));
        let mut moved = [0; 5];
        for (before, after) in all.iter().zip(&left) {
            if *before == 2 {
                moved[usize::from(*after)] += 1;
            } else {
                assert_eq!(before, after);
            }
        }
        // A fifth of 16,384 slots, a quarter of these to each; three standard deviations are 79.
        assert_eq!(moved[2], 0);
        assert!([0, 1, 3, 4].iter().all(|&node| (740..900).contains(&moved[node])), "{moved:?}");
    }

    #[test]
    fn slots_are_dealt_out_about_evenly() {
        let map = map_of(1, &[0, 1, 2]);
        for node in 0..3 {
            let share = map.iter().filter(|&&of| of == node).count() as f64 / map.len() as f64;
            assert!((share - 1.0 / 3.0).abs() < 0.012, "node {node}: {share}");
        }
    }
}
