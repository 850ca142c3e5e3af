//! Memory of an entry in Redis 7, from the structures of its source (`dict.h`, `server.h`, `sds.h`) and
//! the size classes of jemalloc. docs/eviction.md holds the formula against a server. What a server takes beside its keys, 83 kB above
//! `used_memory_startup` and 23 kB for every connected client, is no part of it.

/// How the allocator rounds: the smallest step between its size classes. Redis's own build of jemalloc steps by 8
/// bytes, that of Debian and other distributions by 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocator {
    /// 8 or 16.
    pub quantum_bytes: u64,
}

/// Key, value and next of a hash table's entry.
const DICT_ENTRY_BYTES: u64 = 24;
/// Type, encoding, access, reference count and pointer of an object.
const OBJECT_BYTES: u64 = 16;
/// Longest value that lives in one piece with its object.
const EMBEDDED_VALUE_BYTES: u64 = 44;
/// A pointer for each bucket.
pub const BUCKET_BYTES: u64 = 8;

impl Allocator {
    /// Size that the allocator gives for a request: below 128 bytes multiples of the quantum, above it four sizes for each
    /// doubling.
    pub fn gives(self, bytes: u64) -> u64 {
        if bytes <= 8 {
            return 8;
        }
        if bytes <= 8 * self.quantum_bytes {
            return bytes.next_multiple_of(self.quantum_bytes);
        }
        let step = (bytes - 1).ilog2() - 2;
        bytes.next_multiple_of(1 << step)
    }

    /// An entry without a time to live: its place in the table, its key, and its value with the object around it.
    pub fn entry_bytes(self, key_bytes: u64, value_bytes: u64) -> u64 {
        let key = self.gives(string_bytes(key_bytes, false));
        let value = if value_bytes <= EMBEDDED_VALUE_BYTES {
            self.gives(OBJECT_BYTES + string_bytes(value_bytes, true))
        } else {
            self.gives(OBJECT_BYTES) + self.gives(string_bytes(value_bytes, true))
        };
        self.gives(DICT_ENTRY_BYTES) + key + value
    }

    /// Memory that a time to live adds: a place in the table of expiries, which shares the key.
    pub fn expiry_bytes(self) -> u64 {
        self.gives(DICT_ENTRY_BYTES)
    }
}

/// A string with its header and the byte after its end. A short key needs one byte of header, a value three.
fn string_bytes(bytes: u64, is_value: bool) -> u64 {
    let header = match bytes {
        0..32 if !is_value && bytes > 0 => 1,
        0..256 => 3,
        256..65_536 => 5,
        65_536..4_294_967_296 => 9,
        _ => 17,
    };
    header + bytes + 1
}
