//! Meta's traces of its content delivery network: a header with `timestamp,cacheKey,OpType,objectSize,...`. Times are whole seconds.

use ::csv::ByteRecord;

use super::csv::{by_header, has_columns, known, required, usual_words};
use super::formats::{Clock, TraceFormat};
use super::stamp::SECOND;
use super::{Problem, csv};
use crate::model::TraceColumns;

pub const FORMAT: TraceFormat = TraceFormat {
    name: "meta-cdn",
    about: "Meta's CDN: a header with timestamp, cacheKey, OpType, objectSize; in seconds",
    clock: Clock::Unit(SECOND),
    guess: |sample| has_columns(sample, &["timestamp", "cacheKey", "OpType"]),
    layout: Some(|sample, names| by_header("meta-cdn", sample, names, columns)),
    open: csv::FORMAT.open,
    keys: csv::FORMAT.keys,
};

fn columns(header: &ByteRecord) -> Result<TraceColumns<usize>, Problem> {
    let operation = usual_words(required(header, "OpType")?);
    Ok(TraceColumns {
        time: Some(required(header, "timestamp")?),
        size: known(header, &["objectSize"]),
        operation: Some(operation),
        ttl: known(header, &["TTL"]),
        ..TraceColumns::of(required(header, "cacheKey")?)
    })
}

#[cfg(test)]
mod tests {
    use crate::trace::row::Operation;
    use crate::trace::testing::{guessed, problem, rows};

    #[test]
    fn the_key_is_the_cache_key() {
        let text = "timestamp,cacheKey,OpType,objectSize,responseSize,TTL\n1700000000,16,GET,1016,1000,86400\n\
                    1700000000,2,GET,1002,1002,86400\n1700000001,16,GET,1016,7,86400\n";
        assert_eq!(guessed(text), Some("meta-cdn"));
        let rows = rows("meta-cdn", text);
        assert_eq!(
            (rows[0].operation, rows[0].size, rows[0].time.whole),
            (Operation::Get, Some(1016), 1_700_000_000)
        );
        assert!(rows[0].key == rows[2].key && rows[0].key != rows[1].key);
        assert!(problem("meta-cdn", "key,size\n1,2\n").starts_with("x:1: no column \"OpType\""));
    }
}
