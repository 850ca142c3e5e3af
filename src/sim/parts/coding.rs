//! The form of a value on its way to a tier and in it: serialized and perhaps compressed by the client.

use crate::dice::round_ns;
use crate::model::{Compress, Nanos, Scope, Tier};
use crate::policy::redis::memory::Allocator;
use crate::sim::store::Size;
use crate::workload::Tables;

/// How clients of a tier write and read values.
#[derive(Clone, Copy, Debug)]
pub struct Coding {
    /// Of an entry, besides key and value.
    overhead_bytes: u64,
    /// Entries take what Redis takes for them with this allocator.
    allocator: Option<Allocator>,
    serialize_per_byte_ns: f64,
    compress: Option<Compress>,
    /// Whether writing and reading takes the clients any time.
    takes_time: bool,
    /// Ids from here on are those of other versions of the keys.
    rows: u32,
}

impl Coding {
    /// Of a tier whose keys are so many rows.
    pub fn new(tier: &Tier, rows: u64) -> Coding {
        let (serialize_per_byte_ns, compress) = match &tier.scope {
            Scope::Instance { .. } => (0.0, None),
            Scope::Shared(shared) => (shared.serialize_per_byte_ns, shared.compress),
        };
        let takes_time = serialize_per_byte_ns > 0.0
            || compress.is_some_and(|how| how.per_byte_ns > 0.0 || how.decompress_per_byte_ns > 0.0);
        let quantum_bytes = tier.redis.and_then(|redis| redis.quantum_bytes);
        Coding {
            overhead_bytes: tier.entry_overhead_bytes,
            allocator: quantum_bytes.map(|quantum_bytes| Allocator { quantum_bytes }),
            serialize_per_byte_ns,
            compress,
            takes_time,
            rows: u32::try_from(rows).unwrap_or(u32::MAX),
        }
    }

    /// Whether writing and reading values takes the clients any time.
    pub fn takes_time(&self) -> bool {
        self.takes_time
    }

    /// How a value of so many bytes is compressed, if it is.
    fn compressed(&self, bytes: u32) -> Option<Compress> {
        self.compress.filter(|how| u64::from(bytes) > how.above_bytes)
    }

    /// Bytes of a key's value as it travels and is stored.
    #[inline]
    pub fn value_bytes(&self, tables: &Tables, key: u32) -> u32 {
        let bytes = tables.value_bytes(key);
        match self.compressed(bytes) {
            Some(how) => libm::ceil(f64::from(bytes) * how.ratio) as u32,
            None => bytes,
        }
    }

    /// The key of the row that an id stands for, in whichever version.
    #[inline]
    pub fn row(&self, id: u32) -> u32 {
        if id < self.rows { id } else { id % self.rows }
    }

    /// Memory of an entry.
    #[inline]
    pub fn entry_bytes(&self, tables: &Tables, key: u32) -> u64 {
        let key = self.row(key);
        if let Some(allocator) = self.allocator {
            let key_bytes = tables.entry_bytes(key) - u64::from(tables.value_bytes(key));
            return allocator.entry_bytes(key_bytes, u64::from(self.value_bytes(tables, key)));
        }
        let whole = tables.entry_bytes(key) + self.overhead_bytes;
        if self.compress.is_none() {
            return whole;
        }
        whole - u64::from(tables.value_bytes(key)) + u64::from(self.value_bytes(tables, key))
    }

    /// Time that a client takes to prepare a value.
    #[inline]
    pub fn encode_ns(&self, tables: &Tables, key: u32) -> Nanos {
        self.time_ns(tables, key, |how| how.per_byte_ns)
    }

    /// Time that a client takes to read a received value.
    #[inline]
    pub fn decode_ns(&self, tables: &Tables, key: u32) -> Nanos {
        self.time_ns(tables, key, |how| how.decompress_per_byte_ns)
    }

    #[inline]
    fn time_ns(&self, tables: &Tables, key: u32, per_byte_ns: impl Fn(Compress) -> f64) -> Nanos {
        if !self.takes_time {
            return 0;
        }
        let bytes = tables.value_bytes(key);
        let compression_ns = self.compressed(bytes).map_or(0.0, per_byte_ns);
        round_ns(f64::from(bytes) * (self.serialize_per_byte_ns + compression_ns))
    }
}

/// Memory of entries, see [`Coding::entry_bytes`].
#[derive(Clone, Copy)]
pub struct EntryBytes<'t> {
    pub coding: &'t Coding,
    pub tables: &'t Tables,
}

impl Size for EntryBytes<'_> {
    #[inline]
    fn of(&self, key: u32) -> u64 {
        self.coding.entry_bytes(self.tables, key)
    }

    #[inline]
    fn are_alike(&self) -> bool {
        self.tables.are_alike()
    }
}

/// The network link of a node: in each direction one message after the other.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    per_byte_ns: f64,
    in_free_ns: Nanos,
    out_free_ns: Nanos,
    /// In use by now, towards the node and away from it.
    pub busy_ns: [Nanos; 2],
}

impl Link {
    pub fn new(bytes_per_s: f64) -> Link {
        Link { per_byte_ns: 1e9 / bytes_per_s, in_free_ns: 0, out_free_ns: 0, busy_ns: [0; 2] }
    }

    /// When a message that came to the link now has passed it.
    pub fn arrival_ns(&self, now: Nanos, bytes: u64) -> Nanos {
        self.in_free_ns.max(now) + self.time_ns(bytes)
    }

    /// Books such a message.
    pub fn take_in(&mut self, arrival_ns: Nanos, bytes: u64) {
        self.in_free_ns = arrival_ns;
        self.busy_ns[0] += self.time_ns(bytes);
    }

    /// Sends a reply that is ready at an instant; returns when it has passed the link.
    pub fn send(&mut self, ready_ns: Nanos, bytes: u64) -> Nanos {
        let time_ns = self.time_ns(bytes);
        self.busy_ns[1] += time_ns;
        self.out_free_ns = self.out_free_ns.max(ready_ns) + time_ns;
        self.out_free_ns
    }

    fn time_ns(&self, bytes: u64) -> Nanos {
        round_ns(bytes as f64 * self.per_byte_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_link_one_message_follows_the_other() {
        // 250 MB/s are 4 ns for a byte.
        let mut link = Link::new(250e6);
        let first_ns = link.arrival_ns(1_000, 40);
        assert_eq!(first_ns, 1_160);
        link.take_in(first_ns, 40);
        assert_eq!(link.arrival_ns(1_100, 10), 1_200);
        assert_eq!(link.arrival_ns(1_300, 10), 1_340);
        // The other direction is another link.
        assert_eq!(link.send(1_050, 100), 1_450);
        assert_eq!(link.send(1_060, 5), 1_470);
        assert_eq!(link.send(2_000, 5), 2_020);
        assert_eq!(link.busy_ns, [160, 440]);
    }
}
