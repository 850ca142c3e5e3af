//! Meta's traces of its content delivery network: a header with `timestamp,cacheKey,OpType,objectSize,...`. Times are whole seconds.

use super::Problem;
use super::csv;
use super::csv::{beginning, has_columns, known, required};
use super::formats::{Clock, Found, TraceFormat};
use super::stamp::SECOND;
use super::table::{Table, TableRows};
use crate::model::{TraceColumns, TraceLayout, TraceOperation};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "meta-cdn",
    about: "Meta's CDN: a header with timestamp, cacheKey, OpType, objectSize; in seconds",
    clock: Clock::Unit(SECOND),
    guess: |sample| has_columns(sample, &["timestamp", "cacheKey", "OpType"]),
    layout: Some(|sample, names| {
        if !names.is_empty() {
            let text = "meta-cdn has its columns by name; leave them out, or name the format csv";
            return Err(Problem { line: 1, text: text.to_owned() });
        }
        let (separator, rows) =
            beginning(sample).ok_or_else(|| Problem { line: 1, text: "no rows".to_owned() })?;
        let header = &rows[0];
        let column = required(header, "OpType")?;
        let columns = TraceColumns {
            time: Some(required(header, "timestamp")?),
            key: required(header, "cacheKey")?,
            size: known(header, &["objectSize"]),
            operation: Some(TraceOperation {
                column,
                read: Vec::new(),
                write: Vec::new(),
                ignore: Vec::new(),
            }),
            key_size: None,
            count: None,
            is_iso: false,
            separator,
            has_header: true,
        };
        Ok(Found { layout: TraceLayout::Table(columns), unit: None, note: None })
    }),
    open: |source| match source.layout {
        TraceLayout::Table(columns) => {
            Ok(Box::new(TableRows::open(source.input, Table::from(columns.clone()))?))
        }
        _ => Err(Problem { line: 1, text: "not a table".to_owned() }),
    },
    keys: csv::FORMAT.keys,
};

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
