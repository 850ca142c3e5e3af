//! Twitter's traces of cache clusters (2020): no header; time, key, key size, value size, client, operation, TTL. Times are whole
//! seconds. A key may contain commas.

use super::formats::{Clock, TraceFormat};
use super::row::{Operation, bytes};
use super::stamp::{SECOND, Stamp};
use super::table::{Table, TableRows};
use crate::model::{TraceColumns, TraceOperation};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "twitter",
    about: "Twitter 2020: time, key, key size, value size, client, operation, TTL; no header, in seconds",
    clock: Clock::Unit(SECOND),
    guess: |sample| {
        let lines = sample.lines_of_text();
        let mut last = Stamp::whole(i64::MIN);
        let fits = |line: &&[u8]| {
            let cells: Vec<&[u8]> = line.split(|&byte| byte == b',').collect();
            let [time, _, .., key_size, size, client, operation, ttl] = cells[..] else { return false };
            let is_number = |cell: &[u8]| cell.iter().all(u8::is_ascii_digit) && !cell.is_empty();
            let Some(time) = Stamp::number(time).filter(|&time| time >= std::mem::replace(&mut last, time))
            else {
                return false;
            };
            time.decimals == 0
                && bytes(key_size).is_some()
                && bytes(size).is_some()
                && is_number(client)
                && Operation::of_word(operation).is_some()
                && bytes(ttl).is_some()
        };
        !lines.is_empty() && lines.iter().filter(|line| !line.is_empty()).all(fits)
    },
    open: |source| Ok(Box::new(TableRows::open(source.input, table())?)),
    layout: None,
    keys: None,
};

fn table() -> Table {
    let usual = TraceOperation { column: 5, read: Vec::new(), write: Vec::new(), ignore: Vec::new() };
    let columns = TraceColumns {
        time: Some(0),
        size: Some(3),
        operation: Some(usual),
        key_size: Some(2),
        ttl: Some(6),
        client: Some(4),
        has_header: false,
        ..TraceColumns::of(1)
    };
    Table { quotes: false, cells: Some(7), ..Table::from(columns) }
}

#[cfg(test)]
mod tests {
    use crate::trace::row::Operation;
    use crate::trace::testing::{guessed, problem, rows};

    const TEXT: &str =
        "0,ns:u:k16,10,66,3,set,3600\n0,a,b,3,52,2,get,0\n1,a,c,3,52,2,get,0\n1,ns:u:k16,10,66,3,get,0\n";

    #[test]
    fn seven_columns_of_their_kinds() {
        assert_eq!(guessed(TEXT), Some("twitter"));
        let rows = rows("twitter", TEXT);
        let first = rows[0];
        assert_eq!(
            (first.key_bytes, first.size, first.operation, first.ttl_s),
            (Some(10), Some(66), Operation::Set, Some(3600))
        );
        assert_eq!((rows[1].size, rows[1].ttl_s), (Some(52), None));
        // Keys with a comma, and the first key again.
        assert!(rows[1].key != rows[2].key && rows[3].key == first.key);
        assert_eq!(
            problem("twitter", "0,k,10,66,3,set\n"),
            "x:1: 6 cells where a row has 7; is the file cut off?"
        );
    }

    #[test]
    fn other_tables_are_something_else() {
        assert_ne!(guessed("5,k,10,66,3,set,0\n4,k,10,66,3,set,0\n"), Some("twitter"));
        assert_ne!(guessed("5,k,10,66,3,walk,0\n"), Some("twitter"));
        assert_ne!(guessed("5,k,10,66,3,set\n"), Some("twitter"));
    }
}
