//! A 4-ary heap of pending events.

use super::pending::Pending;

/// Children of a node: with four, a sift touches half the levels of a binary heap.
const ARITY: usize = 4;

#[inline]
pub fn sift_up(heap: &mut Vec<Pending>, pending: Pending) {
    let mut place = heap.len();
    heap.push(pending);
    while place > 0 {
        let parent = (place - 1) / ARITY;
        if !pending.precedes(&heap[parent]) {
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
        let children = heap.get(child..heap.len().min(child + ARITY)).unwrap_or_default();
        let least =
            (1..children.len()).fold(0, |a, b| if children[b].precedes(&children[a]) { b } else { a });
        if children.is_empty() {
            break;
        }
        heap[place] = heap[child + least];
        place = child + least;
    }
    while place > 0 {
        let parent = (place - 1) / ARITY;
        if !last.precedes(&heap[parent]) {
            break;
        }
        heap[place] = heap[parent];
        place = parent;
    }
    heap[place] = last;
    Some(first)
}
