//! Exact hit ratios of small bounded caches under independent references, by walking all states.

/// LRU, exactly.
///
/// The cache is the list of the last `capacity` distinct keys, most recent first. King ("Analysis of Demand
/// Paging Algorithms", IFIP 1971): that list is `(i1, i2, ...)` with probability
/// `p_i1 * p_i2 / (1 - p_i1) * p_i3 / (1 - p_i1 - p_i2) * ...`. All `n! / (n - capacity)!` lists are walked,
/// so keep both small.
pub fn lru_hit(probabilities: &[f64], capacity: usize) -> f64 {
    fn walk(p: &[f64], left: usize, used: &mut Vec<usize>, used_mass: f64, chance: f64) -> f64 {
        if left == 0 {
            return chance * used_mass;
        }
        let mut sum = 0.0;
        for key in 0..p.len() {
            if used.contains(&key) {
                continue;
            }
            used.push(key);
            sum += walk(p, left - 1, used, used_mass + p[key], chance * p[key] / (1.0 - used_mass));
            used.pop();
        }
        sum
    }
    walk(probabilities, capacity.min(probabilities.len()), &mut Vec::new(), 0.0, 1.0)
}

/// FIFO and random replacement, exactly; they have the same hit ratio.
///
/// Gelenbe ("A Unified Approach to the Evaluation of a Class of Replacement Algorithms", IEEE ToC 1973): a
/// set of cached keys has a probability proportional to the product of its members' probabilities. With
/// `e_C` the elementary symmetric polynomial of degree C, the miss ratio is `(C + 1) e_(C+1) / e_C`, since
/// each pair of a set and a requested key outside of it is counted once per member of their union.
pub fn fifo_hit(probabilities: &[f64], capacity: usize) -> f64 {
    let mut e = vec![0.0; capacity + 2];
    e[0] = 1.0;
    for p in probabilities {
        for degree in (1..e.len()).rev() {
            e[degree] += p * e[degree - 1];
        }
    }
    1.0 - (capacity + 1) as f64 * e[capacity + 1] / e[capacity]
}

#[cfg(test)]
mod tests {
    use super::super::special::zipf;
    use super::super::twin::{Coin, close};
    use super::*;

    #[test]
    fn small_caches_of_the_validation_table() {
        let p = zipf(5, 1.0);
        close(lru_hit(&p, 2), 0.5188846, 5e-8);
        close(fifo_hit(&p, 2), 0.5036496, 5e-8);
    }

    #[test]
    fn a_cache_that_holds_everything_always_hits() {
        let p = zipf(4, 0.7);
        close(lru_hit(&p, 4), 1.0, 1e-12);
        close(fifo_hit(&p, 4), 1.0, 1e-12);
    }

    /// Hits of `requests` reads in a cache kept as a list; `slot` is the entry that a miss replaces.
    fn replay(p: &[f64], capacity: usize, move_up: bool, slot: impl Fn(&mut Coin) -> usize) -> f64 {
        let mut coin = Coin(1);
        let mut list: Vec<usize> = (0..capacity).collect();
        let requests = 2_000_000;
        let mut hits = 0u32;
        for _ in 0..requests {
            let key = coin.pick(p);
            match list.iter().position(|cached| *cached == key) {
                Some(at) => {
                    hits += 1;
                    if move_up {
                        list.remove(at);
                        list.insert(0, key);
                    }
                }
                None => {
                    list.remove(slot(&mut coin));
                    list.insert(0, key);
                }
            }
        }
        f64::from(hits) / f64::from(requests)
    }

    #[test]
    fn replays_by_hand_agree() {
        let p = zipf(7, 0.9);
        close(replay(&p, 3, true, |_| 2), lru_hit(&p, 3), 1.5e-3);
        close(replay(&p, 3, false, |_| 2), fifo_hit(&p, 3), 1.5e-3);
        close(replay(&p, 3, false, |coin| (coin.uniform() * 3.0) as usize), fifo_hit(&p, 3), 1.5e-3);
    }
}
