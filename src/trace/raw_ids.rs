//! Numbers of keys and nothing else, little-endian, of 32 or 64 bits. No content can tell them from anything else, so they must be
//! named.

use super::formats::{Clock, TraceFormat};
use super::records::{RecordRows, read_records, u32_at, u64_at};
use super::row::Row;

pub const FORMAT_32: TraceFormat = TraceFormat {
    name: "raw32",
    about: "keys as numbers of 32 bits, little-endian; must be named",
    clock: Clock::None,
    guess: |_| false,
    layout: None,
    open: |source| {
        Ok(Box::new(RecordRows::<4>::new(source.input, "raw32", |record, line| {
            Row::of(u64::from(u32_at(record, 0)), line)
        })))
    },
    keys: Some(|source, keys| {
        read_records::<4>(source.input, "raw32", |records| {
            keys.extend(records, |record| u64::from(u32_at(record, 0)))
        })
    }),
};

pub const FORMAT_64: TraceFormat = TraceFormat {
    name: "raw64",
    about: "keys as numbers of 64 bits, little-endian; must be named",
    clock: Clock::None,
    guess: |_| false,
    layout: None,
    open: |source| {
        Ok(Box::new(RecordRows::<8>::new(source.input, "raw64", |record, line| {
            Row::of(u64_at(record, 0), line)
        })))
    },
    keys: Some(|source, keys| {
        read_records::<8>(source.input, "raw64", |records| keys.extend(records, |record| u64_at(record, 0)))
    }),
};

#[cfg(test)]
mod tests {
    use crate::trace::testing::{guessed, keys, problem, rows};

    #[test]
    fn a_number_is_a_key() {
        let bytes: Vec<u8> = [7u32, 9, 7].into_iter().flat_map(u32::to_le_bytes).collect();
        assert_eq!(keys("raw32", &bytes), [0, 1, 0]);
        assert_eq!(rows("raw32", &bytes)[1].key, 9);
        assert_eq!(
            problem("raw64", &bytes),
            "x: ends 4 bytes into record 2 of 8 bytes: is the file cut off, or not raw64?"
        );
        let bytes: Vec<u8> = [7u64 << 40, 9, 7 << 40].into_iter().flat_map(u64::to_le_bytes).collect();
        assert_eq!(keys("raw64", &bytes), [0, 1, 0]);
        assert_eq!(rows("raw64", &bytes)[0].key, 7 << 40);
        assert_eq!(guessed(&bytes), None);
    }
}
