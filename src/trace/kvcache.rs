//! Meta's traces of its key-value cache: `op_time,key,key_size,op,op_count,size,cache_hits,ttl` (February 2022), with whole seconds, and
//! `key,op,size,op_count,key_size` (June 2022 and 2024), without times. A row stands for `op_count` requests.

use ::csv::ByteRecord;

use super::csv::{by_header, has_columns, known, required, usual_words};
use super::formats::{Clock, TraceFormat};
use super::stamp::SECOND;
use super::{Problem, csv};
use crate::model::TraceColumns;

pub const FORMAT: TraceFormat = TraceFormat {
    name: "kvcache",
    about: "Meta's kvcache: a header with key, op, op_count and, in the traces of February 2022, op_time in seconds",
    clock: Clock::Unit(SECOND),
    guess: |sample| has_columns(sample, &["key", "op", "op_count", "key_size"]),
    layout: Some(|sample, names| by_header("kvcache", sample, names, columns)),
    open: csv::FORMAT.open,
    keys: csv::FORMAT.keys,
};

fn columns(header: &ByteRecord) -> Result<TraceColumns<usize>, Problem> {
    let operation = usual_words(required(header, "op")?);
    Ok(TraceColumns {
        time: known(header, &["op_time"]),
        size: known(header, &["size"]),
        operation: Some(operation),
        key_size: known(header, &["key_size"]),
        count: Some(required(header, "op_count")?),
        ttl: known(header, &["ttl"]),
        ..TraceColumns::of(required(header, "key")?)
    })
}

#[cfg(test)]
mod tests {
    use crate::trace::row::Operation;
    use crate::trace::testing::{guessed, keys, problem, rows};

    #[test]
    fn a_row_stands_for_several_requests() {
        let text = "op_time,key,key_size,op,op_count,size,cache_hits,ttl\n0,16,24,SET,1,116,1,0\n7,2,24,GET_LEASE,3,102,1,0\n";
        assert_eq!(guessed(text), Some("kvcache"));
        let rows = rows("kvcache", text);
        assert_eq!((rows[0].operation, rows[0].count, rows[0].key_bytes), (Operation::Set, 1, Some(24)));
        assert_eq!((rows[1].operation, rows[1].count, rows[1].size), (Operation::Get, 3, Some(102)));
        assert_eq!(rows[1].time.whole, 7);
        assert_eq!(keys("kvcache", text), [0, 1, 1, 1]);
    }

    #[test]
    fn without_times_it_is_an_order_of_requests() {
        let text = "key,op,size,op_count,key_size\n16,SET,116,1,24\n2,GET,102,2,24\n";
        assert_eq!(guessed(text), Some("kvcache"));
        assert_eq!(keys("kvcache", text), [0, 1, 1]);
        assert_eq!(
            problem("kvcache", "key,op,size,op_count,key_size\n16,SET,116,0,24\n"),
            "x:2: \"0\" is no number of repetitions from 1 to 1,000,000"
        );
        assert!(problem("kvcache", "key,size\n1,2\n").starts_with("x:1: no column \"op\""));
    }
}
