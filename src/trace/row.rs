//! One request of a trace, whatever its format.

use super::stamp::Stamp;
use crate::dice::mix;

/// A request as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// In the unit of the trace; 0 where it has no times.
    pub time: Stamp,
    /// Hash of the key; 64 bits, so that 10^7 keys collide with a probability of about 3 in a million.
    pub key: u64,
    /// Bytes of the key, where the trace has them: a size of its own, or the very keys of production.
    pub key_bytes: Option<u32>,
    /// Bytes of the value.
    pub size: Option<u32>,
    pub operation: Operation,
    /// Seconds that the entry was to live; `None`: not recorded, or 0.
    pub ttl_s: Option<u32>,
    /// So many requests in a row, at least one.
    pub count: u32,
    /// Hash of the client that sent it.
    pub client: Option<u64>,
    /// Number of the class of its key, given by [`TraceReader`](super::TraceReader) where keys have classes.
    pub class: Option<u32>,
    /// Line in the file, or record, from 1.
    pub line: u64,
}

impl Row {
    /// A read of a key, of which nothing else is known.
    pub fn of(key: u64, line: u64) -> Row {
        Row {
            time: Stamp::default(),
            key,
            key_bytes: None,
            size: None,
            operation: Operation::Get,
            ttl_s: None,
            count: 1,
            client: None,
            class: None,
            line,
        }
    }
}

/// What a request did to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A lookup.
    Get,
    /// A value stored in the cache, whatever was there.
    Set,
    /// A value changed where it is: compare-and-set, append, increment, a write of a block.
    Change,
    Delete,
    /// Another time to live, the value left alone.
    Touch,
}

/// Words of Memcached, Redis, HTTP, block devices and trace formats, in lower case.
const WORDS: &[(Operation, &[&str])] = &[
    (
        Operation::Get,
        &[
            "get",
            "gets",
            "gat",
            "gats",
            "read",
            "r",
            "rs",
            "mget",
            "get_lease",
            "lookup",
            "exists",
            "strlen",
            "getrange",
            "hget",
            "hmget",
            "hgetall",
            "head",
            "28",
            "08",
            "88",
        ],
    ),
    (
        Operation::Set,
        &["set", "add", "replace", "setex", "psetex", "setnx", "mset", "put", "set_lease", "hset", "hmset"],
    ),
    (
        Operation::Change,
        &[
            "cas",
            "append",
            "prepend",
            "incr",
            "decr",
            "incrby",
            "decrby",
            "incrbyfloat",
            "getset",
            "setrange",
            "hincrby",
            "write",
            "w",
            "ws",
            "update",
            "post",
            "patch",
            "2a",
            "0a",
            "8a",
        ],
    ),
    (Operation::Delete, &["delete", "del", "unlink", "remove", "getdel", "hdel", "invalidate", "purge"]),
    (Operation::Touch, &["touch", "expire", "pexpire", "expireat", "pexpireat", "persist", "getex"]),
];

impl Operation {
    /// The usual meaning of a word, in capitals or not.
    pub fn of_word(word: &[u8]) -> Option<Operation> {
        let known = |words: &&[&str]| words.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
        WORDS.iter().find(|(_, words)| known(words)).map(|&(operation, _)| operation)
    }
}

/// 64-bit hash of a key's text.
pub fn hash_text(text: &[u8]) -> u64 {
    text.chunks(8).fold(text.len() as u64, |state, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(state ^ u64::from_le_bytes(word))
    })
}

/// A client in a table that is written here: its hash, which [`client`] takes as it is.
pub(super) fn client_text(client: u64) -> String {
    format!("{client:016x}")
}

/// Hash of a client's text; 16 hexadecimal digits are the hash itself, so that a conversion of a conversion has the same clients.
pub(super) fn client(text: &[u8]) -> u64 {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let own = Some(text).filter(|text| text.len() == 16 && text.iter().all(is_digit));
    let own = own.and_then(|text| std::str::from_utf8(text).ok());
    own.and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or_else(|| hash_text(text))
}

/// A number of bytes that memory holds, for a column of sizes.
pub(super) fn bytes(cell: &[u8]) -> Option<u32> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

/// A cell in a message.
pub(crate) fn shown(cell: &[u8]) -> String {
    const MOST: usize = 60;
    let text = String::from_utf8_lossy(&cell[..cell.len().min(MOST)]).into_owned();
    if cell.len() > MOST { format!("{text}...") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_meaning() {
        let all: Vec<&str> = WORDS.iter().flat_map(|(_, words)| *words).copied().collect();
        let mut once = all.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), all.len());
        assert_eq!(Operation::of_word(b"GETS"), Some(Operation::Get));
        assert_eq!(Operation::of_word(b"Write"), Some(Operation::Change));
        assert_eq!(Operation::of_word(b"SetEx"), Some(Operation::Set));
        assert_eq!(Operation::of_word(b"ping"), None);
    }
}
