//! The block traces of CloudPhysics (vscsi): records of 32 bytes (version 1) or 40 (version 2), little-endian. Times are in
//! microseconds, lengths in bytes; the key is the logical block.
//!
//! Version 1: u32 number, u32 length, u32 segments, u16 command, u16 version, u64 block, u64 time. Version 2: u16 command, u16 version,
//! u32 number, u32 length, u32 segments, u64 block, u64 time, u64 response time. The upper byte of the version is 1 or 2.

use super::formats::{Clock, TraceFormat};
use super::records::{RecordRows, u32_at, u64_at};
use super::row::{Operation, Row};
use super::sample::Sample;
use super::stamp::{MICROSECOND, Stamp};

pub const FORMAT_1: TraceFormat = TraceFormat {
    name: "vscsi1",
    about: "CloudPhysics, version 1: records of 32 bytes, in microseconds",
    clock: Clock::Unit(MICROSECOND),
    guess: |sample| {
        fits::<32>(sample, |record| (record[15], record[12], u64_at(record, 24), u32_at(record, 4)))
    },
    layout: None,
    open: |source| {
        Ok(Box::new(RecordRows::<32>::new(source.input, "vscsi1", |record, line| {
            row(record[12], u32_at(record, 4), u64_at(record, 16), u64_at(record, 24), line)
        })))
    },
    keys: None,
};

pub const FORMAT_2: TraceFormat = TraceFormat {
    name: "vscsi2",
    about: "CloudPhysics, version 2: records of 40 bytes, in microseconds",
    clock: Clock::Unit(MICROSECOND),
    guess: |sample| {
        fits::<40>(sample, |record| (record[3], record[0], u64_at(record, 24), u32_at(record, 8)))
    },
    layout: None,
    open: |source| {
        Ok(Box::new(RecordRows::<40>::new(source.input, "vscsi2", |record, line| {
            row(record[0], u32_at(record, 8), u64_at(record, 16), u64_at(record, 24), line)
        })))
    },
    keys: None,
};

/// Commands of SCSI that write: WRITE(6), (10), (12), (16).
const WRITES: [u8; 4] = [0x0a, 0x2a, 0xaa, 0x8a];
/// Those that read.
const READS: [u8; 4] = [0x08, 0x28, 0xa8, 0x88];
/// Longest transfer that is believed in a guess: 1 GiB.
const LENGTH_MAX: u32 = 1 << 30;
/// Records that must fit: of two or more, none by chance.
const RECORDS_MIN: usize = 2;

fn row(command: u8, length: u32, block: u64, time: u64, line: u64) -> Row {
    let operation = if WRITES.contains(&command) { Operation::Change } else { Operation::Get };
    let time = Stamp::whole(i64::try_from(time).unwrap_or(i64::MAX));
    Row { time, size: Some(length), operation, ..Row::of(block, line) }
}

/// Whether all records have the version that their length stands for (32 bytes: 1, 40 bytes: 2), a command of SCSI that reads or writes,
/// and times that hardly ever go back.
fn fits<const BYTES: usize>(sample: &Sample<'_>, parts: fn(&[u8; BYTES]) -> (u8, u8, u64, u32)) -> bool {
    let version = if BYTES == 32 { 1 } else { 2 };
    let (records, rest) = sample.bytes.as_chunks::<BYTES>();
    let is_cut = sample.is_whole() && !rest.is_empty();
    let fits = |record: &[u8; BYTES]| {
        let (of, command, time, length) = parts(record);
        of == version
            && (WRITES.contains(&command) || READS.contains(&command))
            && time < i64::MAX as u64
            && length < LENGTH_MAX
    };
    records.len() >= RECORDS_MIN && !is_cut && records.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing::{guessed, rows};

    fn version_1(command: u16, length: u32, block: u64, time: u64) -> Vec<u8> {
        let mut record = [7u32, length, 1].into_iter().flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
        record.extend([command, 0x0100].into_iter().flat_map(u16::to_le_bytes));
        record.extend([block, time].into_iter().flat_map(u64::to_le_bytes));
        record
    }

    fn version_2(command: u16, length: u32, block: u64, time: u64) -> Vec<u8> {
        let mut record = [command, 0x0200].into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        record.extend([7u32, length, 1].into_iter().flat_map(u32::to_le_bytes));
        record.extend([block, time, 99].into_iter().flat_map(u64::to_le_bytes));
        record
    }

    #[test]
    fn both_versions_are_read() {
        for (name, record) in
            [("vscsi1", version_1 as fn(u16, u32, u64, u64) -> Vec<u8>), ("vscsi2", version_2)]
        {
            let bytes = [record(0x28, 4096, 17, 1_000), record(0x2a, 512, 18, 1_250)].concat();
            assert_eq!(guessed(&bytes), Some(name));
            let rows = rows(name, &bytes);
            assert_eq!((rows[0].operation, rows[0].size, rows[0].key), (Operation::Get, Some(4096), 17));
            assert_eq!((rows[1].operation, rows[1].size, rows[1].key), (Operation::Change, Some(512), 18));
            assert_eq!(rows[1].time.since(&rows[0].time), 250.0);
            // Another command, and a single record.
            assert_ne!(
                guessed([record(0x28, 4096, 17, 1_000), record(0x12, 512, 18, 1_250)].concat()),
                Some(name)
            );
            assert_ne!(guessed(record(0x28, 4096, 17, 1_000)), Some(name));
        }
    }
}
