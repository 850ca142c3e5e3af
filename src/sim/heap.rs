//! A 4-ary heap of pending events.

/// An event with its place in the order, in whole words: what was stored in smaller pieces a moment ago could
/// not be forwarded to the wide loads of a sift.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Time in the upper half, sequence and kind in the lower: one comparison orders events.
    pub key: u128,
    /// Slot in the upper half, generation in the lower.
    pub entity: u64,
}

/// Children of a node: with four, a sift touches half the levels of a binary heap.
const ARITY: usize = 4;

#[inline]
pub fn sift_up(heap: &mut Vec<Pending>, pending: Pending) {
    let mut place = heap.len();
    heap.push(pending);
    while place > 0 {
        let parent = (place - 1) / ARITY;
        if heap[parent].key <= pending.key {
            break;
        }
        heap[place] = heap[parent];
        place = parent;
    }
    heap[place] = pending;
}

/// Takes out the first. The hole sinks to the bottom along the least children, then the last element rises from
/// there: it nearly always belongs near the bottom, so asking on every level whether it fits is wasted.
#[inline]
pub fn pop_heap(heap: &mut Vec<Pending>) -> Option<Pending> {
    let last = heap.pop()?;
    let Some(&first) = heap.first() else { return Some(last) };
    let heap = &mut heap[..];
    let mut place = 0;
    loop {
        let child = place * ARITY + 1;
        let least = match heap.get(child..child + ARITY) {
            Some([a, b, c, d]) => {
                // A tournament: two independent comparisons, then one.
                let (left, left_key) = if b.key < a.key { (1, b.key) } else { (0, a.key) };
                let (right, right_key) = if d.key < c.key { (3, d.key) } else { (2, c.key) };
                child + if right_key < left_key { right } else { left }
            }
            _ => match (child..heap.len()).min_by_key(|&child| heap[child].key) {
                Some(least) => least,
                None => break,
            },
        };
        heap[place] = heap[least];
        place = least;
    }
    while place > 0 {
        let parent = (place - 1) / ARITY;
        if heap[parent].key <= last.key {
            break;
        }
        heap[place] = heap[parent];
        place = parent;
    }
    heap[place] = last;
    Some(first)
}
