//! A doubly linked list over slots, kept in one array.

/// No slot.
pub const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Link {
    newer: u32,
    older: u32,
}

/// Slots from newest to oldest.
#[derive(Debug)]
pub struct List {
    links: Vec<Link>,
    newest: u32,
    oldest: u32,
}

impl List {
    pub fn new() -> List {
        List { links: Vec::new(), newest: NONE, oldest: NONE }
    }

    #[inline]
    pub fn push_newest(&mut self, slot: u32) {
        if slot as usize >= self.links.len() {
            self.links.resize(slot as usize + 1, Link { newer: NONE, older: NONE });
        }
        self.links[slot as usize] = Link { newer: NONE, older: self.newest };
        match self.newest {
            NONE => self.oldest = slot,
            newest => self.links[newest as usize].newer = slot,
        }
        self.newest = slot;
    }

    #[inline]
    pub fn remove(&mut self, slot: u32) {
        let Link { newer, older } = self.links[slot as usize];
        match newer {
            NONE => self.newest = older,
            newer => self.links[newer as usize].older = older,
        }
        match older {
            NONE => self.oldest = newer,
            older => self.links[older as usize].newer = newer,
        }
    }

    #[inline]
    pub fn move_to_newest(&mut self, slot: u32) {
        if slot != self.newest {
            self.remove(slot);
            self.push_newest(slot);
        }
    }

    #[inline]
    pub fn oldest(&self) -> u32 {
        self.oldest
    }

    /// The slot that came next after this one; [`NONE`] for the newest.
    #[inline]
    pub fn newer(&self, slot: u32) -> u32 {
        self.links[slot as usize].newer
    }
}
