//! Binary formats: records of one length.

use std::io::{ErrorKind, Read};

use super::compression::Input;
use super::row::Row;
use super::{Problem, Rows};

/// Records read at a time: they stay in the processor's cache until they are looked at.
const CHUNK_RECORDS: usize = 4_096;

/// Hands over all records, in order and in pieces.
///
/// # Errors
/// The file cannot be read, ends within a record, or `take` refuses the records.
pub(super) fn read_records<const BYTES: usize>(
    mut input: impl Read,
    format: &str,
    mut take: impl FnMut(&[[u8; BYTES]]) -> Result<(), &'static str>,
) -> Result<(), Problem> {
    let mut chunk = vec![0; CHUNK_RECORDS * BYTES];
    let mut records = 0;
    loop {
        let filled = fill(&mut input, &mut chunk)?;
        let (whole, rest) = chunk[..filled].as_chunks::<BYTES>();
        records += whole.len() as u64;
        take(whole).map_err(|text| Problem { line: 0, text: text.to_owned() })?;
        if !rest.is_empty() {
            return Err(cut_off(rest.len(), records, BYTES, format));
        }
        if filled < chunk.len() {
            return Ok(());
        }
    }
}

fn cut_off(rest: usize, records: u64, bytes: usize, format: &str) -> Problem {
    let text = format!(
        "ends {rest} bytes into record {} of {bytes} bytes: is the file cut off, or not {format}?",
        records + 1
    );
    Problem { line: 0, text }
}

/// Reads until the buffer is full or the input ends; gives the number of bytes read.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Problem> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Problem { line: 0, text: error.to_string() }),
        }
    }
    Ok(filled)
}

/// Records as requests, one by one.
pub(super) struct RecordRows<const BYTES: usize> {
    input: Input,
    format: &'static str,
    row: fn(&[u8; BYTES], u64) -> Row,
    chunk: Vec<u8>,
    /// Of the chunk: bytes that are filled, and bytes that were handed over.
    filled: usize,
    at: usize,
    records: u64,
}

impl<const BYTES: usize> RecordRows<BYTES> {
    pub fn new(input: Input, format: &'static str, row: fn(&[u8; BYTES], u64) -> Row) -> RecordRows<BYTES> {
        RecordRows { input, format, row, chunk: vec![0; CHUNK_RECORDS * BYTES], filled: 0, at: 0, records: 0 }
    }
}

impl<const BYTES: usize> Rows for RecordRows<BYTES> {
    fn next_row(&mut self) -> Result<Option<Row>, Problem> {
        if self.at == self.filled {
            (self.filled, self.at) = (fill(&mut self.input, &mut self.chunk)?, 0);
        }
        let rest = &self.chunk[self.at..self.filled];
        let Some(record) = rest.first_chunk::<BYTES>() else {
            let whole = rest.is_empty();
            self.at = self.filled;
            return if whole { Ok(None) } else { Err(cut_off(rest.len(), self.records, BYTES, self.format)) };
        };
        self.at += BYTES;
        self.records += 1;
        Ok(Some((self.row)(record, self.records)))
    }
}

/// A number of 32 bits, little-endian, at a place of a record.
#[inline]
pub(super) fn u32_at<const BYTES: usize>(record: &[u8; BYTES], at: usize) -> u32 {
    u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}

/// The same of 64 bits.
#[inline]
pub(super) fn u64_at<const BYTES: usize>(record: &[u8; BYTES], at: usize) -> u64 {
    u64::from(u32_at(record, at)) | u64::from(u32_at(record, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const FEW: u64 = 5;

    fn rows(bytes: Vec<u8>) -> Result<Vec<u64>, String> {
        let mut rows = RecordRows::<8>::new(Box::new(Cursor::new(bytes)), "x", |record, line| {
            Row::of(u64_at(record, 0), line)
        });
        let read = std::iter::from_fn(|| rows.next_row().transpose());
        read.map(|row| row.map(|row| row.key)).collect::<Result<_, _>>().map_err(|problem| problem.text)
    }

    fn pieces(bytes: &[u8]) -> Result<Vec<u64>, String> {
        let mut all = Vec::new();
        read_records::<8>(bytes, "x", |records| {
            all.extend(records.iter().map(|record| u64_at(record, 0)));
            Ok(())
        })
        .map_err(|problem| problem.text)?;
        Ok(all)
    }

    #[test]
    fn records_are_read_across_chunks() {
        let objects: Vec<u64> = (0..2 * CHUNK_RECORDS as u64 + FEW).map(|at| at << 30).collect();
        let bytes: Vec<u8> = objects.iter().flat_map(|object| object.to_le_bytes()).collect();
        assert_eq!(pieces(&bytes).unwrap(), objects);
        assert_eq!(rows(bytes).unwrap(), objects);
        assert!(pieces(&[]).unwrap().is_empty() && rows(Vec::new()).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_ends_within_a_record_is_cut_off() {
        let bytes: Vec<u8> = [1u64, 2].into_iter().flat_map(u64::to_le_bytes).take(14).collect();
        let expected = "ends 6 bytes into record 2 of 8 bytes: is the file cut off, or not x?";
        assert_eq!(pieces(&bytes).unwrap_err(), expected);
        assert_eq!(rows(bytes).unwrap_err(), expected);
    }
}
