//! A hash index from key to slot whose cells are searched fifteen at a time.

use super::bytes::matches;
use crate::prefetch::prefetch;

/// Keys of one home and their slots, in one cache line (Bronson and Shi, Open-sourcing F14 for faster, more
/// memory-efficient hash tables, Meta 2019).
///
/// Each entry has a byte of its hash, its *tag*, and all tags are compared at once: a search mostly ends after one
/// comparison whether a key is there and where, so that what it does next is not left to chance as with linear probing.
/// An entry that finds its home full goes to the next chunk that has room, and every chunk it passes counts it, so that
/// searches go on only where needed, and nothing needs to be moved when entries leave.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Chunk {
    /// Sixteen bytes: fifteen tags, zero where nothing is, and how many entries passed this chunk. So many that they
    /// cannot be counted stay so.
    tags: [u64; 2],
    /// Three bytes each.
    slots: [u8; 48],
}

impl Chunk {
    const ROOM: usize = 15;
    const EMPTY: Chunk = Chunk { tags: [0; 2], slots: [0; 48] };

    /// One bit for each place with this tag.
    #[inline(always)]
    fn places_of(&self, tag: u8) -> u32 {
        matches(self.tags, tag) & ((1 << Self::ROOM) - 1)
    }

    #[inline(always)]
    fn slot(&self, place: usize) -> u32 {
        let [low, middle, high] = [0, 1, 2].map(|byte| u32::from(self.slots[3 * place + byte]));
        low | middle << 8 | high << 16
    }

    #[inline(always)]
    fn passed(&self) -> u8 {
        (self.tags[1] >> 56) as u8
    }

    #[inline]
    fn pass(&mut self, passed: u8) {
        self.tags[1] = self.tags[1] << 8 >> 8 | u64::from(passed) << 56;
    }

    /// Fills an empty place.
    #[inline(always)]
    fn set(&mut self, place: usize, tag: u8, slot: u32) {
        self.tags[place / 8] |= u64::from(tag) << (place % 8 * 8);
        let [low, middle, high, _] = slot.to_le_bytes();
        self.slots[3 * place..3 * place + 3].copy_from_slice(&[low, middle, high]);
    }

    #[inline(always)]
    fn unset(&mut self, place: usize) {
        self.tags[place / 8] &= !(0xff << (place % 8 * 8));
    }
}

/// Where a key belongs, and its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    chunk: u32,
    tag: u8,
}

/// The index.
#[derive(Debug)]
pub struct Chunks {
    chunks: Vec<Chunk>,
    len: u32,
}

impl Home {
    /// Of an index that needs none.
    pub const NONE: Home = Home { chunk: 0, tag: 0 };
}

impl Chunks {
    /// Slots must be below.
    pub const MAX_SLOTS: u32 = 1 << 24;
    /// Entries for each chunk, on average, when the index is as full as it may be: 8 bytes each. Every eighth chunk
    /// passes entries on then.
    const LOAD: u64 = 8;

    /// For so many entries, or more in time.
    pub fn new(entries: u64) -> Chunks {
        let chunks = entries.min(u64::from(Self::MAX_SLOTS)).div_ceil(Self::LOAD).max(2);
        Chunks { chunks: vec![Chunk::EMPTY; chunks as usize], len: 0 }
    }

    /// Fibonacci hashing (Knuth, TAOCP 3, 6.4): the top bits, scaled to the number of chunks, and others for the tag.
    #[inline(always)]
    fn home(&self, key: u32) -> Home {
        let hash = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let chunk = ((hash >> 32) * self.chunks.len() as u64) >> 32;
        Home { chunk: chunk as u32, tag: ((hash >> 24) as u8).max(1) }
    }

    #[inline]
    fn after(&self, chunk: u32) -> u32 {
        if chunk as usize + 1 == self.chunks.len() { 0 } else { chunk + 1 }
    }

    /// Reads the home of a key ahead.
    #[inline]
    pub fn prefetch(&self, key: u32) {
        prefetch(&self.chunks, self.home(key).chunk as usize);
    }

    /// The slot of a key, or its home where it is not there.
    #[inline(always)]
    pub fn probe(&self, key: u32, key_of: impl Fn(u32) -> u32) -> Result<u32, Home> {
        let home = self.home(key);
        let mut number = home.chunk;
        loop {
            let chunk = &self.chunks[number as usize];
            let mut places = chunk.places_of(home.tag);
            while places != 0 {
                let slot = chunk.slot(places.trailing_zeros() as usize);
                if key_of(slot) == key {
                    return Ok(slot);
                }
                places &= places - 1;
            }
            if chunk.passed() == 0 {
                return Err(home);
            }
            number = self.after(number);
            // Around once, where every chunk was full at some time.
            if number == home.chunk {
                return Err(home);
            }
        }
    }

    /// A slot that is probably the key's if it has one: good enough to be read ahead.
    #[inline]
    pub fn guess(&self, key: u32) -> u32 {
        let home = self.home(key);
        let chunk = &self.chunks[home.chunk as usize];
        let place = chunk.places_of(home.tag).trailing_zeros() as usize;
        chunk.slot(place.min(Chunk::ROOM - 1))
    }

    /// Adds a key that is not there.
    #[inline]
    pub fn insert(&mut self, key: u32, slot: u32, key_of: impl Fn(u32) -> u32) {
        if u64::from(self.len) >= self.chunks.len() as u64 * Self::LOAD {
            self.grow(key_of);
        }
        self.len += 1;
        self.put(self.home(key), slot);
    }

    /// There is room: on average almost half of the places are empty.
    #[inline(always)]
    fn put(&mut self, home: Home, slot: u32) {
        let mut number = home.chunk;
        loop {
            let chunk = &mut self.chunks[number as usize];
            let empty = chunk.places_of(0);
            if empty != 0 {
                return chunk.set(empty.trailing_zeros() as usize, home.tag, slot);
            }
            chunk.pass(chunk.passed().saturating_add(1));
            number = self.after(number);
        }
    }

    /// Takes twice the room.
    #[cold]
    fn grow(&mut self, key_of: impl Fn(u32) -> u32) {
        let chunks = vec![Chunk::EMPTY; self.chunks.len() * 2];
        let mut wider = Chunks { chunks, len: self.len };
        self.slots().for_each(|slot| wider.put(wider.home(key_of(slot)), slot));
        *self = wider;
    }

    /// All slots.
    pub fn slots(&self) -> impl Iterator<Item = u32> {
        self.chunks.iter().flat_map(|chunk| {
            let empty = chunk.places_of(0);
            (0..Chunk::ROOM).filter(move |place| empty >> place & 1 == 0).map(|place| chunk.slot(place))
        })
    }

    /// Takes out a key that is there, in this slot.
    #[inline]
    pub fn remove(&mut self, key: u32, slot: u32) {
        self.len -= 1;
        self.take(self.home(key), slot);
    }

    /// Gives a slot to a key that is not there and takes it from the key that holds it.
    #[inline(always)]
    pub fn hand_over(&mut self, home: Home, slot: u32, holder: u32) {
        self.take(self.home(holder), slot);
        self.put(home, slot);
    }

    /// Empties the place of a slot whose key has this home.
    #[inline(always)]
    fn take(&mut self, home: Home, slot: u32) {
        let mut number = home.chunk;
        loop {
            let chunk = &mut self.chunks[number as usize];
            let mut places = chunk.places_of(home.tag);
            while places != 0 {
                let place = places.trailing_zeros() as usize;
                if chunk.slot(place) == slot {
                    return chunk.unset(place);
                }
                places &= places - 1;
            }
            match chunk.passed() {
                0 => panic!("slot {slot} is not in the index"),
                u8::MAX => {}
                passed => chunk.pass(passed - 1),
            }
            number = self.after(number);
        }
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        self.chunks.fill(Chunk::EMPTY);
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_a_cache_line() {
        assert_eq!(size_of::<Chunk>(), 64);
    }
}
