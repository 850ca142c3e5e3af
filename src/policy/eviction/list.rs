//! Doubly linked lists over slots, kept in one array.

use crate::prefetch::prefetch;

/// No slot.
pub const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Link {
    newer: u32,
    older: u32,
}

/// `N` lists of slots, each from newest to oldest; a slot is in one of them at a time.
///
/// Every list is a ring closed by a node of its own, so that linking and unlinking never test whether something
/// is an end. Slot `s` is node `s + N`, the nodes before belong to the lists.
#[derive(Debug)]
pub struct Lists<const N: usize> {
    links: Vec<Link>,
    lens: [u32; N],
}

/// A single list.
pub type List = Lists<1>;

impl<const N: usize> Lists<N> {
    pub fn new() -> Lists<N> {
        let links = (0..N as u32).map(|node| Link { newer: node, older: node }).collect();
        Lists { links, lens: [0; N] }
    }

    /// Number of slots in a list.
    #[inline]
    pub fn len(&self, list: usize) -> u32 {
        self.lens[list]
    }

    /// Number of slots in all lists.
    #[inline]
    pub fn total(&self) -> u32 {
        self.lens.iter().sum()
    }

    /// Appends a slot that is in no list.
    #[inline]
    pub fn push_newest(&mut self, list: usize, slot: u32) {
        let node = slot + N as u32;
        if node as usize >= self.links.len() {
            self.links.resize(node as usize + 1, Link { newer: node, older: node });
        }
        self.lens[list] += 1;
        self.link_newest(list, node);
    }

    /// Takes out a slot that is in this list.
    #[inline]
    pub fn remove(&mut self, list: usize, slot: u32) {
        self.lens[list] -= 1;
        self.unlink(slot + N as u32);
    }

    /// Takes a slot to the newest end of its list.
    #[inline]
    pub fn move_to_newest(&mut self, list: usize, slot: u32) {
        self.unlink(slot + N as u32);
        self.link_newest(list, slot + N as u32);
    }

    /// Takes a slot from one list to the newest end of another.
    #[inline]
    pub fn transfer(&mut self, from: usize, to: usize, slot: u32) {
        self.lens[from] -= 1;
        self.lens[to] += 1;
        self.move_to_newest(to, slot);
    }

    /// The oldest slot; [`NONE`] where the list is empty.
    #[inline]
    pub fn oldest(&self, list: usize) -> u32 {
        self.links[list].newer.checked_sub(N as u32).unwrap_or(NONE)
    }

    /// Reads ahead the links of a slot.
    #[inline]
    pub fn prefetch(&self, slot: u32) {
        prefetch(&self.links, (slot as usize).saturating_add(N));
    }

    /// The oldest slot and the one that came next after it.
    #[inline]
    pub fn oldest_two(&self, list: usize) -> Option<[u32; 2]> {
        let oldest = self.oldest(list);
        (oldest != NONE).then(|| [oldest, self.newer(oldest)])
    }

    /// The slot that came next after this one; [`NONE`] for the newest.
    #[inline]
    pub fn newer(&self, slot: u32) -> u32 {
        self.links[slot as usize + N].newer.checked_sub(N as u32).unwrap_or(NONE)
    }

    #[inline]
    fn link_newest(&mut self, list: usize, node: u32) {
        let newest = self.links[list].older;
        self.links[node as usize] = Link { newer: list as u32, older: newest };
        self.links[newest as usize].newer = node;
        self.links[list].older = node;
    }

    #[inline]
    fn unlink(&mut self, node: u32) {
        let Link { newer, older } = self.links[node as usize];
        self.links[newer as usize].older = older;
        self.links[older as usize].newer = newer;
    }
}
