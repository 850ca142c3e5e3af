//! Keys as tiers need them.

use crate::measure::staleness::INITIAL;

/// A key as the tiers need it.
#[derive(Clone, Copy, Debug)]
pub struct KeyInfo {
    pub key: u32,
    pub class: usize,
    /// The database has no such row until a write creates it.
    pub absent: bool,
    /// The revision of the settings that the caller has.
    pub revision: u8,
}

impl KeyInfo {
    /// Whether this version of the key is "no such row".
    #[inline]
    pub fn is_negative(self, version: u32) -> bool {
        self.absent && version == INITIAL
    }
}
