//! The block traces of Microsoft Research Cambridge: no header; time in ticks of 100 ns since 1601, host, disk, `Read` or `Write`,
//! offset, size, response time. The key is host, disk and offset.

use super::formats::{Clock, TraceFormat};
use super::stamp::{Stamp, TICK, unit_by_magnitude};
use super::table::{Table, TableRows};
use crate::model::{TraceColumns, TraceOperation};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "msr",
    about: "MSR Cambridge: ticks of 100 ns, host, disk, Read or Write, offset, size, response time; no header",
    clock: Clock::Unit(TICK),
    guess: |sample| {
        let lines = sample.lines_of_text();
        let fits = |line: &&[u8]| {
            let cells: Vec<&[u8]> = line.split(|&byte| byte == b',').collect();
            let [time, _, disk, kind, offset, size, latency] = cells[..] else { return false };
            let is_number = |cell: &[u8]| cell.iter().all(u8::is_ascii_digit) && !cell.is_empty();
            Stamp::number(time).and_then(|time| unit_by_magnitude(&time)) == Some(TICK)
                && (kind == b"Read" || kind == b"Write")
                && [disk, offset, size, latency].into_iter().all(is_number)
        };
        !lines.is_empty() && lines.iter().filter(|line| !line.is_empty()).all(fits)
    },
    open: |source| Ok(Box::new(TableRows::open(source.input, table())?)),
    layout: None,
    keys: None,
};

fn table() -> Table {
    let usual = TraceOperation { column: 3, read: Vec::new(), write: Vec::new(), ignore: Vec::new() };
    let columns = TraceColumns {
        time: Some(0),
        size: Some(5),
        operation: Some(usual),
        has_header: false,
        ..TraceColumns::of(4)
    };
    Table { key_also: &[1, 2], ..Table::from(columns) }
}

#[cfg(test)]
mod tests {
    use crate::trace::row::Operation;
    use crate::trace::testing::{guessed, rows};

    #[test]
    fn the_key_is_host_disk_and_offset() {
        let text = "128166385295514663,hm,0,Write,65536,4096,1000\n128166385295514763,hm,1,Read,65536,512,1\n\
                    128166385295514763,hm,0,Read,65536,512,1\n";
        assert_eq!(guessed(text), Some("msr"));
        let rows = rows("msr", text);
        assert_eq!((rows[0].operation, rows[0].size), (Operation::Change, Some(4096)));
        assert!(rows[0].key == rows[2].key && rows[0].key != rows[1].key);
        // A hundred ticks: ten microseconds.
        assert_eq!(rows[1].time.since(&rows[0].time), 100.0);
    }

    #[test]
    fn other_times_are_something_else() {
        assert_ne!(guessed("1700000000,hm,0,Write,65536,4096,1000\n"), Some("msr"));
    }
}
