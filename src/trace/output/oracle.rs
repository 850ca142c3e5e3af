//! oracleGeneral: every record has the number of the next one for its object, which is known when the file has been read. So the
//! records go to a temporary file first, and are linked from its end to its beginning.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use rustc_hash::FxHashMap;

use super::super::oracle_general::{RECORD_BYTES, Record, object};
use super::{Request, Writer};

/// Records that are linked at a time.
const CHUNK_RECORDS: u64 = 1 << 14;
/// Without a recorded size an object takes one unit, as libCacheSim counts.
const UNIT: u32 = 1;
/// No next request.
const NONE: i64 = -1;

pub(super) struct Oracle {
    records: BufWriter<File>,
    count: u64,
    /// Second from which times count, since they have 32 bits; zero where they fit as they are.
    zero_s: Option<i128>,
    last_s: u32,
    late: u64,
}

impl Oracle {
    pub fn new() -> io::Result<Oracle> {
        let records = BufWriter::with_capacity(1 << 16, tempfile::tempfile()?);
        Ok(Oracle { records, count: 0, zero_s: None, last_s: 0, late: 0 })
    }
}

impl Writer for Oracle {
    fn write(&mut self, request: &Request<'_>, _: &mut dyn Write) -> io::Result<()> {
        let at_s = request.time_ns.unwrap_or(0).div_euclid(1_000_000_000);
        let fits = (0..1 << 31).contains(&at_s);
        let zero_s = *self.zero_s.get_or_insert(if fits { 0 } else { at_s });
        let at_s = u32::try_from((at_s - zero_s).max(0)).map_err(|_| {
            let problem = "its time is more than 2^32 s after the first, and oracleGeneral has 32 bits for it; write csv or jsonl";
            io::Error::new(io::ErrorKind::InvalidData, problem)
        })?;
        self.late += u64::from(at_s < self.last_s);
        self.last_s = self.last_s.max(at_s);
        self.records.write_all(&self.last_s.to_le_bytes())?;
        self.records.write_all(&request.row.key.to_le_bytes())?;
        self.records.write_all(&request.row.size.unwrap_or(UNIT).to_le_bytes())?;
        self.records.write_all(&NONE.to_le_bytes())?;
        self.count += 1;
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        self.records.flush()?;
        let file = self.records.get_mut();
        link(file, self.count)?;
        file.seek(SeekFrom::Start(0))?;
        io::copy(file, out)?;
        Ok(self.late)
    }
}

/// Writes the number of the next request for its object into each record.
fn link(file: &mut File, count: u64) -> io::Result<()> {
    let mut next: FxHashMap<u64, i64> = FxHashMap::default();
    let mut bytes = Vec::new();
    let mut end = count;
    while end > 0 {
        let start = end.saturating_sub(CHUNK_RECORDS);
        bytes.resize((end - start) as usize * RECORD_BYTES, 0);
        let place = SeekFrom::Start(start * RECORD_BYTES as u64);
        file.seek(place)?;
        file.read_exact(&mut bytes)?;
        let (records, _) = bytes.as_chunks_mut::<RECORD_BYTES>();
        for (at, record) in records.iter_mut().enumerate().rev() {
            let number = start as i64 + at as i64;
            let coming = next.insert(object(record), number).unwrap_or(NONE);
            set_next(record, coming);
        }
        file.seek(place)?;
        file.write_all(&bytes)?;
        end = start;
    }
    Ok(())
}

fn set_next(record: &mut Record, number: i64) {
    record[16..].copy_from_slice(&number.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More records than are linked at a time: object k comes every 20,000 records.
    #[test]
    fn links_reach_beyond_a_chunk() {
        let mut file = tempfile::tempfile().unwrap();
        let count = 50_000u64;
        let mut records = Vec::new();
        for at in 0..count {
            records.extend(
                [&[0; 4][..], &(at % 20_000).to_le_bytes(), &[1, 0, 0, 0], &NONE.to_le_bytes()].concat(),
            );
        }
        file.write_all(&records).unwrap();
        link(&mut file, count).unwrap();
        let mut linked = vec![0; records.len()];
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_exact(&mut linked).unwrap();
        for (at, record) in linked.chunks(RECORD_BYTES).enumerate() {
            let next = i64::from_le_bytes(record[16..].try_into().unwrap());
            let expected = if at + 20_000 < count as usize { at as i64 + 20_000 } else { NONE };
            assert_eq!(next, expected, "record {at}");
        }
    }
}
