//! What is stored in Redis: a header with all that strategies need, and bytes up to the size of the scenario's value.

use crate::model::Nanos;

/// The header of a stored value. The version comes first and in the order of bytes, so that a script can compare two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Of the row that was read; 0 for "no such row" and for rows that were never written.
    pub version: u64,
    /// End of the time to live on the clock of the repetition; a key may be kept longer, to be served past it.
    pub expiry_ns: Nanos,
    /// How long the fetch took.
    pub delta_ns: Nanos,
    /// "No such row".
    pub is_negative: bool,
}

impl Stored {
    /// Bytes of the header: version, expiry, time of the fetch, kind.
    pub const HEADER: usize = 8 + 8 + 8 + 1;

    /// As it is sent; a value shorter than the header is as long as the header.
    pub fn encode(&self, bytes: u32) -> Vec<u8> {
        let mut out = Vec::with_capacity((bytes as usize).max(Self::HEADER));
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&self.expiry_ns.to_be_bytes());
        out.extend_from_slice(&self.delta_ns.to_be_bytes());
        out.push(u8::from(self.is_negative));
        out.resize((bytes as usize).max(Self::HEADER), b'.');
        out
    }

    /// `None`: something else lies under the key.
    pub fn decode(bytes: &[u8]) -> Option<Stored> {
        let word = |at: usize| Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let is_negative = match bytes.get(Self::HEADER - 1)? {
            0 => false,
            1 => true,
            _ => return None,
        };
        Some(Stored { version: word(0)?, expiry_ns: word(8)?, delta_ns: word(16)?, is_negative })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: Stored = Stored { version: 258, expiry_ns: 7_000_000_123, delta_ns: 42, is_negative: false };

    #[test]
    fn a_value_comes_back_as_it_was_stored_and_has_the_size_asked_for() {
        for value in [VALUE, Stored { is_negative: true, ..VALUE }] {
            assert_eq!(value.encode(1_000).len(), 1_000);
            assert_eq!(Stored::decode(&value.encode(1_000)), Some(value));
            assert_eq!(value.encode(3).len(), Stored::HEADER);
            assert_eq!(Stored::decode(&value.encode(3)), Some(value));
        }
    }

    #[test]
    fn the_first_bytes_of_a_newer_version_are_greater() {
        let older = VALUE.encode(100);
        let newer = Stored { version: 70_000, ..VALUE }.encode(100);
        assert!(newer[..8] > older[..8]);
    }

    #[test]
    fn foreign_bytes_are_no_value() {
        assert_eq!(Stored::decode(b"counter: 17"), None);
        assert_eq!(Stored::decode(&[b'x'; 40]), None);
    }
}
