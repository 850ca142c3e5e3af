//! S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: FIFO Queues are All You Need for Cache Eviction, SOSP 2023, algorithm 1): a
//! small queue of a tenth of the capacity, a main queue of the rest, and as many ghosts as the main queue has room for.

use super::evict::{Evict, Room};
use super::ghost::Ghosts;
use super::list::Lists;
use super::slots::Slots;
use crate::dice::Stream;

const SMALL: usize = 0;
const MAIN: usize = 1;
/// Uses are counted up to here: two bits.
const USES_MAX: u8 = 3;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    key: u32,
    uses: u8,
    queue: u8,
}

#[derive(Debug)]
pub struct S3Fifo {
    room: Room,
    queues: Lists<2>,
    entries: Slots<Entry>,
    /// Keys that left the small queue without a second use.
    ghosts: Ghosts<1>,
    /// Taken out by the eviction under way and not handed over yet, the next one last.
    taken: Vec<u32>,
}

impl Evict for S3Fifo {
    fn new(room: Room, _: Stream) -> S3Fifo {
        let (queues, entries, ghosts) = (Lists::new(), Slots::new(), Ghosts::new(room));
        S3Fifo { room, queues, entries, ghosts, taken: Vec::new() }
    }
    #[inline]
    fn read_ahead(&self, key: u32) {
        self.ghosts.read_ahead(key);
    }
    #[inline]
    fn insert(&mut self, slot: u32, key: u32) {
        // Only now: what had to leave for it may have pushed it out of the ghosts.
        let queue = if self.ghosts.take(key).is_some() { MAIN } else { SMALL };
        self.entries.set(slot, Entry { key, uses: 0, queue: queue as u8 });
        self.queues.push_newest(queue, slot);
    }
    #[inline]
    fn hit(&mut self, slot: u32) {
        let uses = &mut self.entries[slot].uses;
        *uses = (*uses + 1).min(USES_MAX);
    }
    #[inline]
    fn remove(&mut self, slot: u32) {
        self.queues.remove(usize::from(self.entries[slot].queue), slot);
    }
    #[inline]
    fn victim(&mut self) -> u32 {
        if let Some(slot) = self.taken.pop() {
            return slot;
        }
        let entries = self.room.at_eviction(self.queues.total());
        let small = (entries / 10).max(1);
        if self.queues.len(SMALL) >= small || self.queues.len(MAIN) == 0 {
            let from_small = self.evict_small(entries - small);
            // The main queue gave way first, for what moved there.
            self.taken.reverse();
            if let Some(first) = self.taken.pop() {
                self.taken.splice(0..0, from_small);
                return first;
            }
            if let Some(slot) = from_small {
                return slot;
            }
        }
        self.evict_main()
    }
    #[inline]
    fn takes_more(&self) -> bool {
        !self.taken.is_empty()
    }
}

impl S3Fifo {
    /// What was used more than once goes on to the main queue, which gives up an entry where that is more than its
    /// `main` places (kept in `taken`). The first that was not leaves; `None`: all have gone on.
    #[inline]
    fn evict_small(&mut self, main: u32) -> Option<u32> {
        while self.queues.len(SMALL) > 0 {
            let slot = self.queues.oldest(SMALL);
            let entry = &mut self.entries[slot];
            if entry.uses > 1 {
                (entry.uses, entry.queue) = (0, MAIN as u8);
                self.queues.transfer(SMALL, MAIN, slot);
                if self.queues.len(MAIN) > main {
                    let evicted = self.evict_main();
                    self.taken.push(evicted);
                }
            } else {
                self.queues.remove(SMALL, slot);
                self.ghosts.push(0, entry.key);
                self.ghosts.trim(0, main);
                return Some(slot);
            }
        }
        None
    }

    #[inline]
    fn evict_main(&mut self) -> u32 {
        loop {
            let slot = self.queues.oldest(MAIN);
            let uses = &mut self.entries[slot].uses;
            if *uses == 0 {
                self.queues.remove(MAIN, slot);
                return slot;
            }
            *uses -= 1;
            self.queues.move_to_newest(MAIN, slot);
        }
    }
}
