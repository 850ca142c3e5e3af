//! Reusable slots addressed by (slot, generation), and columns beside them.

use std::ops::{Index, IndexMut};

use crate::prefetch::prefetch;

/// No slot.
pub const NONE: u32 = u32::MAX;

/// Generations count modulo this power of two, so that an event has room for one. A slot would have to be taken
/// again eight million times, while one timer runs, to be mistaken.
pub const GENERATION_BITS: u32 = 24;

/// A slot with what it holds, and all that its reuse needs, in one place: for a journey that is one cache line.
#[derive(Debug)]
#[repr(align(64))]
struct Place<T> {
    value: T,
    /// Odd while the slot is taken.
    generation: u32,
    /// Of a free slot: the next free one.
    next_free: u32,
}

impl<T> Place<T> {
    fn is_taken(&self) -> bool {
        self.generation % 2 == 1
    }

    #[inline]
    fn advance(&mut self) {
        self.generation = (self.generation + 1) & ((1 << GENERATION_BITS) - 1);
    }
}

/// Entities that come and go; a timer that outlives its entity finds another generation.
#[derive(Debug)]
pub struct Slab<T> {
    places: Vec<Place<T>>,
    /// The first free slot, which leads to all others; the last one freed is the first to be taken again.
    free: u32,
    taken: usize,
}

impl<T: Default> Slab<T> {
    /// Puts a value into a free slot and returns the slot. The slot is there before the value is touched, and all of it is
    /// compiled into its caller: so the value is built in its place. One that is built on the stack and then copied holds
    /// up its first reader.
    #[inline(always)]
    pub fn insert(&mut self, value: T) -> u32 {
        if self.free == NONE {
            self.grow();
        }
        let slot = self.free;
        let place = &mut self.places[slot as usize];
        debug_assert!(!place.is_taken(), "a free slot is taken");
        self.free = place.next_free;
        self.taken += 1;
        place.advance();
        place.value = value;
        slot
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.free = self.places.len() as u32;
        self.places.push(Place { value: T::default(), generation: 0, next_free: NONE });
    }

    /// Takes the slot of another slab's entity, whose life contains that of the value: the slots of a slab that is used
    /// in this manner are never its own choice.
    #[inline(always)]
    pub fn occupy(&mut self, slot: u32, value: T) -> u32 {
        if slot as usize >= self.places.len() {
            self.reach(slot);
        }
        let place = &mut self.places[slot as usize];
        debug_assert!(!place.is_taken(), "slot {slot} is occupied twice");
        place.advance();
        self.taken += 1;
        place.value = value;
        slot
    }

    #[cold]
    #[inline(never)]
    fn reach(&mut self, slot: u32) {
        let empty = || Place { value: T::default(), generation: 0, next_free: NONE };
        self.places.resize_with(slot as usize + 1, empty);
    }
}

impl<T> Slab<T> {
    pub fn new() -> Slab<T> {
        Slab { places: Vec::new(), free: NONE, taken: 0 }
    }

    /// Frees a slot; whoever remembers its generation finds it gone.
    #[inline]
    pub fn remove(&mut self, slot: u32) {
        let place = &mut self.places[slot as usize];
        debug_assert!(place.is_taken(), "slot {slot} is freed twice");
        place.advance();
        place.next_free = self.free;
        self.free = slot;
        self.taken -= 1;
    }

    /// The generation of a slot now.
    #[inline]
    pub fn generation(&self, slot: u32) -> u32 {
        self.places[slot as usize].generation
    }

    /// Whether the slot still holds what it held in that generation.
    #[inline]
    pub fn is(&self, slot: u32, generation: u32) -> bool {
        self.places.get(slot as usize).is_some_and(|place| place.generation == generation)
    }

    /// Number of taken slots.
    #[inline]
    pub fn len(&self) -> usize {
        self.taken
    }

    /// Reads a slot ahead.
    #[inline]
    pub fn prefetch(&self, slot: u32) {
        prefetch(&self.places, slot as usize);
    }

    /// The current or last content of a slot.
    #[inline]
    pub fn peek(&self, slot: u32) -> Option<&T> {
        self.places.get(slot as usize).map(|place| &place.value)
    }

    /// Taken slots.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let places = self.places.iter().enumerate();
        places.filter(|(_, place)| place.is_taken()).map(|(slot, place)| (slot as u32, &place.value))
    }
}

impl<T> Slab<T> {
    /// Leaves a slot that was occupied.
    #[inline]
    pub fn vacate(&mut self, slot: u32) {
        let place = &mut self.places[slot as usize];
        debug_assert!(place.is_taken(), "slot {slot} is vacated twice");
        place.advance();
        self.taken -= 1;
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;
    #[inline]
    fn index(&self, slot: u32) -> &T {
        let place = &self.places[slot as usize];
        debug_assert!(place.is_taken(), "slot {slot} is read and not taken");
        &place.value
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut T {
        let place = &mut self.places[slot as usize];
        debug_assert!(place.is_taken(), "slot {slot} is written and not taken");
        &mut place.value
    }
}

/// Values beside the entities of a slab, of a kind that many scenarios do not need: then it takes neither memory nor
/// time, and every slot has the default.
#[derive(Debug)]
pub struct Column<T> {
    exists: bool,
    cells: Vec<T>,
}

impl<T: Copy + Default + PartialEq> Column<T> {
    pub fn new(exists: bool) -> Column<T> {
        Column { exists, cells: Vec::new() }
    }

    #[inline]
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// A slot is taken: it begins with this value.
    #[inline(always)]
    pub fn open(&mut self, slot: u32, value: T) {
        if self.exists {
            self.put(slot, value);
        }
        debug_assert!(self.exists || value == T::default(), "a column that is not there has only defaults");
    }

    #[inline(always)]
    fn put(&mut self, slot: u32, value: T) {
        if slot as usize >= self.cells.len() {
            self.reach(slot);
        }
        self.cells[slot as usize] = value;
    }

    #[cold]
    #[inline(never)]
    fn reach(&mut self, slot: u32) {
        self.cells.resize(slot as usize + 1, T::default());
    }

    /// The value of a taken slot.
    #[inline]
    pub fn get(&self, slot: u32) -> T {
        self.cells.get(slot as usize).copied().unwrap_or_default()
    }

    /// Reads a slot ahead.
    #[inline]
    pub fn prefetch(&self, slot: u32) {
        if self.exists {
            prefetch(&self.cells, slot as usize);
        }
    }

    /// The value of a taken slot, to be changed; `None` where the column is not there.
    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.cells.get_mut(slot as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_slot_is_another_generation() {
        let mut slab = Slab::new();
        let slot = slab.insert('a');
        let generation = slab.generation(slot);
        assert!(slab.is(slot, generation));
        slab.remove(slot);
        assert!(!slab.is(slot, generation));
        assert_eq!(slab.insert('b'), slot);
        assert!(!slab.is(slot, generation));
        assert_eq!(slab.iter().collect::<Vec<_>>(), [(slot, &'b')]);
        assert!(!slab.is(NONE, 0));
    }

    #[test]
    fn the_slot_freed_last_is_taken_first() {
        let mut slab = Slab::new();
        let slots = [1, 2, 3].map(|value| slab.insert(value));
        slab.remove(slots[0]);
        slab.remove(slots[2]);
        assert_eq!([slab.insert(4), slab.insert(5)], [slots[2], slots[0]]);
        assert_eq!((slab.len(), slab.insert(6)), (3, 3));
    }

    #[test]
    fn an_occupied_slot_is_another_generation_each_time() {
        let mut slab = Slab::new();
        assert_eq!(slab.occupy(2, 'a'), 2);
        let generation = slab.generation(2);
        assert_eq!(slab.iter().collect::<Vec<_>>(), [(2, &'a')]);
        slab.vacate(2);
        slab.occupy(2, 'b');
        assert!(!slab.is(2, generation));
        assert_eq!((slab.len(), slab[2]), (1, 'b'));
    }

    #[test]
    #[should_panic(expected = "slot 0 is read and not taken")]
    fn a_slot_that_is_free_cannot_be_read() {
        let mut slab = Slab::new();
        let slot = slab.insert(7);
        slab.remove(slot);
        let _ = slab[slot];
    }

    #[test]
    fn a_column_that_is_not_there_has_defaults() {
        let mut absent: Column<u32> = Column::new(false);
        absent.open(3, 0);
        assert_eq!((absent.get(3), absent.get_mut(3)), (0, None));
        let mut column = Column::new(true);
        column.open(3, 7);
        assert_eq!((column.get(3), column.get(0)), (7, 0));
        column.open(3, 0);
        assert_eq!(column.get(3), 0);
    }
}
