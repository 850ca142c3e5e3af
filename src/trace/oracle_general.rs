//! oracleGeneral, the binary format of libCacheSim: records of 24 bytes, little-endian: u32 time, u64 object, u32 size,
//! i64 index of the next request for that object (-1: none). Only the object is read.

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::TraceError;
use super::formats::TraceFormat;

pub const FORMAT: TraceFormat = TraceFormat {
    name: "oracle",
    // Of a record of numbers hardly ever all bytes are above zero.
    suits: |start| start.contains(&0),
    read: |source, keys| {
        keys.reserve_exact(source.length as usize / RECORD_BYTES);
        read_records(source.path, source.input, |records| keys.extend(records, object))
    },
};

/// Size of a record.
pub const RECORD_BYTES: usize = 24;
/// Records read at a time: they stay in the processor's cache until they are looked at.
const CHUNK_RECORDS: usize = 4_096;

/// A record as it lies in the file.
pub type Record = [u8; RECORD_BYTES];

/// The requested object.
#[inline]
pub fn object(record: &Record) -> u64 {
    let [.., a, b, c, d, e, f, g, h, _, _, _, _, _, _, _, _, _, _, _, _] = *record;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Hands over all records, in order and in pieces.
///
/// # Errors
/// The file cannot be read, ends within a record, or `take` refuses the records.
pub fn read_records(
    path: &Path,
    mut input: impl Read,
    mut take: impl FnMut(&[Record]) -> Result<(), &'static str>,
) -> Result<(), TraceError> {
    let mut chunk = vec![0; CHUNK_RECORDS * RECORD_BYTES];
    let mut records = 0;
    loop {
        let filled = fill(&mut input, &mut chunk).map_err(|error| TraceError::file(path, &error))?;
        let (whole, rest) = chunk[..filled].as_chunks::<RECORD_BYTES>();
        records += whole.len() as u64;
        take(whole).map_err(|problem| TraceError::file(path, problem))?;
        if !rest.is_empty() {
            let problem = format!(
                "ends {} bytes into record {} of {RECORD_BYTES} bytes: is the file cut off, or not oracleGeneral?",
                rest.len(),
                records + 1
            );
            return Err(TraceError::file(path, problem));
        }
        if filled < chunk.len() {
            return Ok(());
        }
    }
}

/// Reads until the buffer is full or the input ends; gives the number of bytes read.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(object: u64) -> Record {
        let mut record = [0xaa; RECORD_BYTES];
        record[4..12].copy_from_slice(&object.to_le_bytes());
        record
    }

    fn read(bytes: &[u8]) -> Result<Vec<u64>, String> {
        let mut all = Vec::new();
        read_records(Path::new("x.bin"), bytes, |records| {
            all.extend(records.iter().map(object));
            Ok(())
        })
        .map_err(|error| error.to_string())?;
        Ok(all)
    }

    #[test]
    fn records_are_read_across_chunks() {
        let objects: Vec<u64> = (0..2 * CHUNK_RECORDS as u64 + 5).map(|at| at << 30).collect();
        let bytes: Vec<u8> = objects.iter().flat_map(|&object| record(object)).collect();
        assert_eq!(read(&bytes).unwrap(), objects);
        assert!(read(&[]).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_ends_within_a_record_is_cut_off() {
        let bytes: Vec<u8> = [1, 2].into_iter().flat_map(record).collect();
        assert_eq!(
            read(&bytes[..30]).unwrap_err(),
            "x.bin: ends 6 bytes into record 2 of 24 bytes: is the file cut off, or not oracleGeneral?"
        );
    }
}
