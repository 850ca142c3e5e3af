//! oracleGeneral, the binary format of libCacheSim: records of 24 bytes, little-endian: u32 time in seconds, u64 object, u32 size,
//! i64 index of the next request for that object (-1: none).

use super::formats::{Clock, TraceFormat};
use super::records::{RecordRows, read_records, u32_at, u64_at};
use super::row::Row;
use super::sample::Sample;
use super::stamp::{SECOND, Stamp};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "oracle",
    about: "libCacheSim's oracleGeneral: records of 24 bytes with time in seconds, object, size, next request",
    clock: Clock::Unit(SECOND),
    guess: is_beyond_doubt,
    layout: None,
    open: |source| Ok(Box::new(RecordRows::new(source.input, "oracleGeneral", row))),
    keys: Some(|source, keys| {
        keys.reserve_exact(source.length.map_or(0, |bytes| bytes as usize / RECORD_BYTES));
        read_records(source.input, "oracleGeneral", |records| keys.extend(records, object))
    }),
};

/// Size of a record.
pub const RECORD_BYTES: usize = 24;

/// A record as it lies in the file.
pub type Record = [u8; RECORD_BYTES];

/// Largest object that is believed in a guess: 2 GiB.
const SIZE_MAX: u32 = 1 << 31;
/// More requests than a file can have.
const REQUESTS_MAX: u64 = 1 << 40;

/// The requested object.
#[inline]
pub fn object(record: &Record) -> u64 {
    u64_at(record, 4)
}

fn row(record: &Record, line: u64) -> Row {
    Row {
        time: Stamp::whole(i64::from(u32_at(record, 0))),
        size: Some(u32_at(record, 12)),
        ..Row::of(object(record), line)
    }
}

/// Whether all records at the beginning are what a trace has: times that do not decrease, sizes of objects, and next requests that
/// come later and within the file. A record of random bytes has a next request within the file once in 10^8 files.
fn is_beyond_doubt(sample: &Sample<'_>) -> bool {
    let length = sample.length.or(sample.is_whole().then_some(sample.bytes.len() as u64));
    let is_cut = length.is_some_and(|length| length % RECORD_BYTES as u64 != 0);
    let (records, _) = sample.bytes.as_chunks::<RECORD_BYTES>();
    let requests = length.map_or(REQUESTS_MAX, |length| length / RECORD_BYTES as u64);
    let mut last = 0;
    let mut fits = records.iter().zip(0..).all(|(record, at)| {
        let (time, size, next) = (u32_at(record, 0), u32_at(record, 12), u64_at(record, 16));
        let follows = next == u64::MAX || next == i64::MAX as u64 || next > at && next <= requests;
        let fits = time >= last && size < SIZE_MAX && follows;
        last = time;
        fits
    });
    // Text and zeros could pass for numbers.
    fits &= sample.bytes.contains(&0) && sample.bytes.iter().any(|&byte| byte != 0);
    fits && !is_cut && !records.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::trace::testing::{guessed, keys, problem, rows};

    fn record(time: u32, object: u64, size: u32, next: i64) -> Vec<u8> {
        let mut record = time.to_le_bytes().to_vec();
        record.extend(object.to_le_bytes());
        record.extend(size.to_le_bytes());
        record.extend(next.to_le_bytes());
        record
    }

    fn trace() -> Vec<u8> {
        [record(1, 7, 100, 2), record(1, 8, 200, -1), record(3, 7, 100, i64::MAX)].concat()
    }

    #[test]
    fn a_record_is_a_request() {
        assert_eq!(guessed(trace()), Some("oracle"));
        assert_eq!(keys("oracle", trace()), [0, 1, 0]);
        let rows = rows("oracle", trace());
        assert_eq!((rows[1].time.whole, rows[1].size, rows[1].key, rows[1].line), (1, Some(200), 8, 2));
        assert_eq!(
            problem("oracle", &trace()[..54]),
            "x: ends 6 bytes into record 3 of 24 bytes: is the file cut off, or not oracleGeneral?"
        );
    }

    #[test]
    fn any_record_that_cannot_be_one_is_a_doubt() {
        for wrong in [
            [record(2, 7, 100, -1), record(1, 8, 200, -1)].concat(),
            [record(1, 7, 100, 5), record(1, 8, 200, -1)].concat(),
            [record(1, 7, 100, -1), record(1, 8, 200, 1)].concat(),
            [record(1, 7, 100, -2), record(1, 8, 200, -1)].concat(),
            [record(1, 7, u32::MAX, -1), record(1, 8, 200, -1)].concat(),
            trace()[..60].to_vec(),
            vec![0; 48],
        ] {
            assert_eq!(guessed(&wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn random_bytes_are_no_trace() {
        for seed in 0..200 {
            let mut stream = crate::dice::stream(seed, 0, "random bytes");
            let mut words = std::iter::repeat_with(|| rand::Rng::next_u64(&mut stream));
            for length in [24, 240, 2_400] {
                let bytes: Vec<u8> = words.by_ref().flat_map(u64::to_le_bytes).take(length).collect();
                assert_eq!(guessed(&bytes), None, "seed {seed}, {length} bytes");
            }
        }
    }
}
