//! The interface of an eviction algorithm.

use crate::dice::Stream;

/// An eviction algorithm.
pub trait Evict {
    /// An empty policy; `dice` is a stream of its own.
    fn new(room: Room, dice: Stream) -> Self
    where
        Self: Sized;
    /// A key that is not held was requested and comes in next, when there is room.
    #[inline]
    fn prepare(&mut self, _key: u32) {}
    /// This key may be announced soon: what `prepare` needs is read ahead.
    #[inline]
    fn read_ahead(&self, _key: u32) {}
    /// The entry that comes into this slot next takes so many bytes; given before `insert` where the capacity is in bytes. A slot
    /// keeps what was given until it is given anew; without it every entry counts alike.
    #[inline]
    fn weigh(&mut self, _slot: u32, _bytes: u64) {}
    /// Takes up a slot that was just filled with the key that was announced.
    fn insert(&mut self, slot: u32, key: u32);
    /// A lookup found the entry in this slot.
    fn hit(&mut self, slot: u32);
    /// The entry in this slot is gone (expired or deleted).
    fn remove(&mut self, slot: u32);
    /// Takes out the slot to evict.
    fn victim(&mut self) -> u32;
    /// Whether the eviction under way takes more than the victim just given, although there may be room by now.
    #[inline]
    fn takes_more(&self) -> bool {
        false
    }
    /// [`Evict::victim`] whose slot takes up the key that was announced: both steps in one.
    #[inline]
    fn replace(&mut self, key: u32) -> u32 {
        let slot = self.victim();
        self.insert(slot, key);
        slot
    }
    /// The entry in this slot is likely to be found soon.
    #[inline]
    fn read_ahead_hit(&self, _slot: u32) {}
    /// The slots that are likely to be the next two, where that is known without a search: they are read ahead.
    #[inline]
    fn next_victims(&self) -> Option<[u32; 2]> {
        None
    }
}

/// How many entries there is room for, which algorithms take their shares of.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    entries: u32,
    fixed: bool,
    /// Keys are below this and worth an array over all of them; 0: they are not.
    pub(super) dense_keys: u32,
}

impl Room {
    /// For so many entries.
    pub fn entries_of(entries: u64) -> Room {
        Room { entries: u32::try_from(entries).unwrap_or(u32::MAX), fixed: true, dense_keys: 0 }
    }

    /// For as many entries as their sizes allow: the number held when something had to be evicted last.
    pub fn unknown() -> Room {
        Room { entries: u32::MAX, fixed: false, dense_keys: 0 }
    }

    /// Lets a policy keep 4 bytes for each of so many keys, remembered or not: faster, for the price of memory.
    pub fn with_dense_keys(self, keys: u32) -> Room {
        Room { dense_keys: keys, ..self }
    }

    /// The number of entries, where it is fixed; `None` where the capacity is in bytes.
    pub fn known(self) -> Option<u32> {
        self.fixed.then_some(self.entries)
    }

    #[inline]
    pub(super) fn entries(self) -> u32 {
        self.entries
    }

    /// The number of entries when so many are held and one must go.
    #[inline]
    pub(super) fn at_eviction(&mut self, held: u32) -> u32 {
        if !self.fixed {
            self.entries = held;
        }
        self.entries
    }

    /// A fraction of the entries, rounded down, at least one.
    #[inline]
    pub(super) fn share(self, parts: u32, of: u32) -> u32 {
        ((u64::from(self.entries) * u64::from(parts) / u64::from(of)) as u32).max(1)
    }
}
