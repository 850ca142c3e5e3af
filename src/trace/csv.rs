//! Tables with named columns, or with columns by number where there is no header: CSV, TSV, and semicolons or bars in place of
//! commas. Streamed: a row is read when its turn comes.

use std::path::Path;

use super::Problem;
use super::compression::decompressed;
use super::formats::{Clock, Found, TraceFormat};
use super::row::shown;
use super::sample::Sample;
use super::source::open_whole;
use super::stamp::{SECOND, Stamp, Unit, iso8601, unit_by_magnitude, unit_by_name};
use super::table::{Table, TableRows, listed, next_row, position, reader};
use crate::model::{TraceColumns, TraceLayout, TraceOperation};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "csv",
    about: "a table with commas, tabs, semicolons or bars, with a header or without; libCacheSim's CSV among others",
    clock: Clock::Column,
    guess: |sample| {
        let Some((separator, rows)) = beginning(sample).filter(|_| sample.is_text()) else { return false };
        // A text without separators is a table only if it has a header.
        rows[0].len() > 1 && sample.lines()[0].contains(&separator) || known(&rows[0], KEY_COLUMNS).is_some()
    },
    open: |source| match source.layout {
        TraceLayout::Table(columns) => {
            Ok(Box::new(TableRows::open(source.input, Table::from(columns.clone()))?))
        }
        _ => Err(Problem { line: 1, text: "not a table".to_owned() }),
    },
    layout: Some(layout),
    keys: Some(|source, keys| {
        let TraceLayout::Table(columns) = source.layout else {
            return Err(Problem { line: 1, text: "not a table".to_owned() });
        };
        let mut rows = TableRows::open(source.input, Table::from(columns.clone()))?;
        while let Some((key, count)) = rows.next_key()? {
            for _ in 0..count {
                keys.push(key).map_err(|text| Problem { line: 0, text: text.to_owned() })?;
            }
        }
        Ok(())
    }),
};

/// The columns of a table, or the fields of JSON objects, as the user names them; in a table without a header, by number from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ColumnNames {
    /// `None`: by its usual names.
    pub time: Option<String>,
    /// `None`: by its usual names.
    pub key: Option<String>,
    /// Bytes of the value.
    pub size: Option<String>,
    /// Bytes of the key.
    pub key_size: Option<String>,
    /// Seconds to live.
    pub ttl: Option<String>,
    pub client: Option<String>,
    /// The class of the key.
    pub class: Option<String>,
    pub operation: Option<OperationNames>,
}

/// A column with operations, and what its texts mean; without texts, what they mean as a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OperationNames {
    pub column: String,
    pub read: Vec<String>,
    pub write: Vec<String>,
    pub ignore: Vec<String>,
}

impl OperationNames {
    pub(super) fn at<C>(&self, column: C) -> TraceOperation<C> {
        let OperationNames { read, write, ignore, .. } = self.clone();
        TraceOperation { column, read, write, ignore }
    }
}

impl ColumnNames {
    pub fn is_empty(&self) -> bool {
        *self == ColumnNames::default()
    }
}

/// Names of the key column, where none is given, in the order in which they are tried.
pub const KEY_COLUMNS: &[&str] = &[
    "key",
    "obj_id",
    "object_id",
    "object",
    "obj",
    "id",
    "lbn",
    "lba",
    "block",
    "offset",
    "url",
    "path",
    "cachekey",
    "cache_key",
    "key_hash",
    "uri",
];
/// The same of the times; each of them may have its unit behind it (`time_ms`).
pub const TIME_COLUMNS: &[&str] =
    &["time", "ts", "timestamp", "op_time", "t", "datetime", "clock_time", "@timestamp"];
/// The same of the sizes of values, for replays that count bytes.
pub const SIZE_COLUMNS: &[&str] =
    &["size", "obj_size", "object_size", "value_size", "value_bytes", "bytes", "length", "response_size"];
/// The same of the times to live, in seconds.
pub const TTL_COLUMNS: &[&str] = &["ttl", "ttl_s"];
/// Columns that hold operations.
pub const OPERATION_COLUMNS: &[&str] = &["op", "operation", "optype", "op_type", "cmd", "command", "method"];

/// Separators, in the order in which they are tried.
const SEPARATORS: [u8; 4] = *b",\t;|";
/// Rows that are looked at.
const ROWS: usize = 100;

/// The separator of a table, and its first rows.
pub(super) fn beginning(sample: &Sample<'_>) -> Option<(u8, Vec<csv::ByteRecord>)> {
    let lines = sample.lines();
    let first = lines.iter().find(|line| !line.trim_ascii().is_empty())?;
    let count = |separator: &u8| -> usize {
        let mut within = false;
        let outside = |byte: &&u8| {
            within ^= **byte == b'"';
            *byte == separator && !within
        };
        first.iter().filter(outside).count()
    };
    // Of several with as many, the first.
    let separator = SEPARATORS.into_iter().rev().max_by_key(count)?;
    let mut rows = reader(sample.bytes, separator, true);
    let mut read = Vec::new();
    let mut record = csv::ByteRecord::new();
    while read.len() < ROWS.min(lines.len())
        && let Ok(Some(_)) = next_row(&mut rows, &mut record)
    {
        read.push(record.clone());
    }
    (!read.is_empty()).then_some((separator, read))
}

/// The first of these names that a header has, in capitals or not.
pub(super) fn known(header: &csv::ByteRecord, names: &[&str]) -> Option<usize> {
    let has =
        |name: &&str| header.iter().position(|cell| cell.trim_ascii().eq_ignore_ascii_case(name.as_bytes()));
    names.iter().find_map(has)
}

/// Whether the first row has the names of the columns: one of the usual or of the given names is among them, or none of its cells
/// is a number and the next row has one.
fn has_header(rows: &[csv::ByteRecord], names: &ColumnNames) -> bool {
    let first = &rows[0];
    let ColumnNames { time, key, size, key_size, ttl, client, class, operation } = names;
    let operation = operation.as_ref().map(|operation| &operation.column);
    let given = [time, key, size, key_size, ttl, client, class];
    let mut given = given.into_iter().flatten().chain(operation);
    let by_number = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = |row: &csv::ByteRecord| row.iter().any(|cell| is_value(cell.trim_ascii()));
    // A number may be that of a column.
    if given.any(|name| !by_number(name)) {
        return true;
    }
    known(first, KEY_COLUMNS).is_some() || !numbers(first) && rows.get(1).is_none_or(numbers)
}

fn is_value(cell: &[u8]) -> bool {
    Stamp::number(cell).is_some() || iso8601(cell).is_some()
}

fn layout(sample: &Sample<'_>, names: &ColumnNames) -> Result<Found, Problem> {
    let problem = |text: String| Problem { line: 1, text };
    let (separator, rows) = beginning(sample).ok_or_else(|| problem("no rows".to_owned()))?;
    let has_header = has_header(&rows, names);
    let first = &rows[0];
    let by_number = |name: &String| {
        let number = name.parse::<usize>().ok()?;
        (1..=first.len()).contains(&number).then(|| number - 1)
    };
    let column = |name: &String| {
        let named = if has_header { position(first, name) } else { None };
        named.or_else(|| by_number(name)).ok_or_else(|| {
            problem(match has_header {
                true => format!("no column \"{name}\"; the header has {}", listed(first)),
                false => format!(
                    "no column {name}; the first row, which is no header, has the columns 1 to {}",
                    first.len()
                ),
            })
        })
    };
    let given = |name: &Option<String>| name.as_ref().map(column).transpose();
    let mut note = None;
    let time = match given(&names.time)? {
        Some(time) => Some(time),
        None if has_header => known_time(first.iter()),
        None => first_times(&rows),
    };
    let key = match given(&names.key)? {
        Some(key) => key,
        None if has_header => known(first, KEY_COLUMNS).ok_or_else(|| {
            let listed = listed(first);
            problem(format!("which column holds the key? The header has {listed}; name one with --key COLUMN (in a scenario `key = \"COLUMN\"`)"))
        })?,
        None if time == Some(0) && first.len() > 1 => 1,
        None => {
            let row = shown(sample.lines()[0]);
            return Err(problem(format!(
                "which column holds the key? There is no header, and the first row is `{row}`; name one by its number with --key 2 (in a scenario `key = \"2\"`)"
            )));
        }
    };
    if !has_header {
        let told = |column: Option<usize>| {
            column.map_or_else(|| "none".to_owned(), |column| format!("column {}", column + 1))
        };
        note = Some(format!("no header; times: {}, keys: {}", told(time), told(Some(key))));
    }
    let size = given(&names.size)?;
    let operation = match &names.operation {
        Some(operation) => Some(operation.at(column(&operation.column)?)),
        None => None,
    };
    let data = if has_header { rows.get(1) } else { Some(first) };
    let cell = time.zip(data).and_then(|(time, row)| row.get(time)).unwrap_or_default().trim_ascii();
    let is_iso = Stamp::number(cell).is_none() && iso8601(cell).is_some();
    let by_name = || {
        let name = time.filter(|_| has_header).and_then(|time| first.get(time))?;
        unit_by_name(std::str::from_utf8(name.trim_ascii()).ok()?)
    };
    let unit = if is_iso { Some(SECOND) } else { by_name().or_else(|| unit(cell)) };
    let columns = TraceColumns {
        time,
        size,
        operation,
        key_size: given(&names.key_size)?,
        ttl: given(&names.ttl)?,
        client: given(&names.client)?,
        class: given(&names.class)?,
        is_iso,
        separator,
        has_header,
        ..TraceColumns::of(key)
    };
    if has_header && rows.len() == 1 && sample.is_whole() {
        return Err(problem("no requests: there is a header alone".to_owned()));
    }
    Ok(Found { layout: TraceLayout::Table(columns), unit, note })
}

/// The place of the times among these names: one of the usual names, also with the unit behind it (`time_ms`).
pub(super) fn known_time<'n>(names: impl Iterator<Item = &'n [u8]>) -> Option<usize> {
    let names: Vec<String> =
        names.map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase()).collect();
    let plain = |usual: &&str| names.iter().position(|name| name == usual);
    let with_unit = |usual: &&str| {
        let is_it = |name: &String| {
            name.rsplit_once('_').is_some_and(|(start, _)| start == *usual) && unit_by_name(name).is_some()
        };
        names.iter().position(is_it)
    };
    TIME_COLUMNS.iter().find_map(plain).or_else(|| TIME_COLUMNS.iter().find_map(with_unit))
}

/// The unit of a time by its magnitude.
pub(super) fn unit(cell: &[u8]) -> Option<Unit> {
    unit_by_magnitude(&Stamp::number(cell)?)
}

/// The first column of a table without a header, if it holds times: values that never decrease.
fn first_times(rows: &[csv::ByteRecord]) -> Option<usize> {
    let time = |row: &csv::ByteRecord| {
        let cell = row.get(0).unwrap_or_default().trim_ascii();
        Stamp::number(cell).or_else(|| iso8601(cell))
    };
    let times: Option<Vec<Stamp>> = rows.iter().map(time).collect();
    times.filter(|times| times.is_sorted()).map(|_| 0)
}

/// The first of these names that the header of a file has; `None` where it cannot be read.
pub(crate) fn column_of(path: &Path, separator: u8, names: &[&str]) -> Option<String> {
    let (input, _) = decompressed(open_whole(path).ok()?.0).ok()?;
    let mut header = csv::ByteRecord::new();
    next_row(&mut reader(input, separator, true), &mut header).ok()?;
    known(&header, names).map(|column| shown(header[column].trim_ascii()))
}

/// The place of a column that must be there.
pub(super) fn required(header: &csv::ByteRecord, name: &str) -> Result<usize, Problem> {
    let text = || format!("no column \"{name}\"; the header has {}", listed(header));
    known(header, &[name]).ok_or_else(|| Problem { line: 1, text: text() })
}

/// The layout of a format whose header always has the same names. `columns` finds them; separator and header are set here.
pub(super) fn by_header(
    format: &str,
    sample: &Sample<'_>,
    names: &ColumnNames,
    columns: impl FnOnce(&csv::ByteRecord) -> Result<TraceColumns<usize>, Problem>,
) -> Result<Found, Problem> {
    let problem = |text: String| Problem { line: 1, text };
    if !names.is_empty() {
        return Err(problem(format!(
            "{format} has its columns by name; leave them out, or name the format csv"
        )));
    }
    let (separator, rows) = beginning(sample).ok_or_else(|| problem("no rows".to_owned()))?;
    let columns = TraceColumns { separator, has_header: true, ..columns(&rows[0])? };
    Ok(Found { layout: TraceLayout::Table(columns), unit: None, note: None })
}

/// An operation in a column, by the usual words.
pub(super) fn usual_words<C>(column: C) -> TraceOperation<C> {
    TraceOperation { column, read: Vec::new(), write: Vec::new(), ignore: Vec::new() }
}

/// Whether a sample has these columns.
pub(super) fn has_columns(sample: &Sample<'_>, names: &[&str]) -> bool {
    let header = beginning(sample).filter(|_| sample.is_text()).map(|(_, rows)| rows[0].clone());
    header.is_some_and(|header| names.iter().all(|name| known(&header, &[name]).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::row::{Operation, Row};
    use crate::trace::testing::{asked_problem, asked_rows, guess, guessed, keys, problem};

    fn names() -> ColumnNames {
        ColumnNames {
            time: Some("t".into()),
            key: Some("k".into()),
            size: Some("bytes".into()),
            operation: Some(OperationNames {
                column: "op".into(),
                read: vec!["get".into()],
                write: vec!["put".into(), "bump".into()],
                ignore: vec!["ping".into()],
            }),
            ..ColumnNames::default()
        }
    }

    fn rows(text: &str) -> Vec<Row> {
        asked_rows(text, names())
    }

    #[test]
    fn a_row_is_a_request() {
        let rows = rows("op,k, t ,bytes\nget,a,5,10\nbump,b, 7.5 ,20\nping,a,7,1\nput,a,7.5,10\n");
        let [first, second, third] = rows.as_slice() else { panic!("three rows") };
        assert_eq!(
            (first.time.value(), first.size, first.operation, first.line),
            (5.0, Some(10), Operation::Get, 2)
        );
        assert_eq!((second.time.value(), second.size, second.operation), (7.5, Some(20), Operation::Change));
        assert_eq!((third.operation, third.line), (Operation::Set, 5));
        assert!(first.key == third.key && first.key != second.key);
    }

    #[test]
    fn keys_are_read_from_the_named_or_the_likely_column() {
        let text = "time,lbn,size\n1,a,7\n2, b ,7\n1,a,8\n";
        assert_eq!(keys("csv", text), [0, 1, 0]);
        let key = |key: &str| ColumnNames { key: Some(key.into()), ..ColumnNames::default() };
        assert_eq!(asked_rows(text, key("size")).iter().map(|row| row.key).collect::<Vec<_>>().len(), 3);
        assert_eq!(asked_problem(text, key("k")), "x:1: no column \"k\"; the header has time, lbn, size");
        assert_eq!(
            problem("csv", "a,b\n1,2\n"),
            "x:1: which column holds the key? The header has a, b; name one with --key COLUMN (in a scenario `key = \"COLUMN\"`)"
        );
        assert_eq!(
            problem("csv", "t,key\n1,a\n2\n"),
            "x:3: 1 cell where the header has 2; is the file cut off?"
        );
    }

    #[test]
    fn separators_quotes_and_marks_are_found() {
        for text in [
            "\u{feff}t,key\n1,a\n2,b\n3,a\n",
            "t\tkey\n1\ta\n2\tb\n3\ta\n",
            "t;key\r\n1;a\r\n2;b\r\n3;a\r\n",
            "\"t\"|\"key\"\n1|\"a\"\n2|b\n3|a\n",
            "1,a\n2,b\n3,a\n",
        ] {
            assert_eq!(guessed(text), Some("csv"), "{text:?}");
            assert_eq!(keys("csv", text), [0, 1, 0], "{text:?}");
        }
        assert_eq!(keys("csv", "time,key\n0,\"a,b\"\n1,\"a,b\"\n2,\"a \"\"x\"\"\"\n"), [0, 0, 1]);
    }

    #[test]
    fn a_table_without_a_header_is_read_by_numbers() {
        let (words, unit) = guess("1700000000,a,5\n1700000001,b,5\n");
        assert_eq!(words, "read as csv, no header; times: column 1, keys: column 2");
        assert_eq!(unit, Some("s"));
        let by_number =
            ColumnNames { time: Some("1".into()), key: Some("3".into()), ..ColumnNames::default() };
        let rows = asked_rows("1,a,5\n2,b,5\n", by_number.clone());
        assert!(rows.len() == 2 && rows[0].key == rows[1].key && rows[0].line == 1);
        assert_eq!(
            asked_problem("1,a\n2,b\n", by_number),
            "x:1: no column 3; the first row, which is no header, has the columns 1 to 2"
        );
        assert!(problem("csv", "b,7\na,8\n1,9\n").starts_with("x:1: which column holds the key?"));
        // A cell of the first row is no name of a column.
        let nought = ColumnNames { key: Some("0".into()), ..ColumnNames::default() };
        assert_eq!(
            asked_problem("0,a,5\n2,b,5\n", nought),
            "x:1: no column 0; the first row, which is no header, has the columns 1 to 3"
        );
    }

    #[test]
    fn times_are_numbers_or_iso_8601() {
        let (_, unit) = guess("time,key\n2023-11-15T00:00:00.010Z,a\n");
        assert_eq!(unit, Some("s"));
        let none = ColumnNames::default();
        let rows = asked_rows("time,key\n2023-11-15T00:00:00.010Z,a\n2023-11-15T00:00:01Z,a\n", none.clone());
        assert!((rows[1].time.since(&rows[0].time) - 0.99).abs() < 1e-12);
        assert_eq!(
            asked_problem("time,key\n2023-11-15T00:00:00Z,a\nsoon,b\n", none),
            "x:3: time \"soon\" is not ISO 8601"
        );
        assert_eq!(guess("ts,key\n1700000000123,a\n").1, Some("ms"));
        assert_eq!(guess("ts,key\n12,a\n").1, None);
        assert_eq!(guess("key,Timestamp_MS\na,12\n").1, Some("ms"));
        assert_eq!(guess("time_s,key\n1700000000123,a\n").1, Some("s"));
        // A usual name comes before one with a unit, and a word is no unit.
        assert_eq!(guess("time_s,ts,key\n12,1700000000123,a\n").1, Some("ms"));
        assert_eq!(guess("time_zone,key\n12,a\n"), ("read as csv".to_owned(), None));
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for (text, line) in [
            ("op,k,t,bytes\nget,a,5,10\nget,a,x,10\n", 3),
            ("op,k,t,bytes\r\nget,a,5,10\r\nget,a,x,10\r\n", 3),
            ("op,k,t,bytes\r\n\r\nget,a,5,10\n\n\nget,a,x,10\n", 6),
            ("op,k,t,bytes\nget,\"a\nb\",5,10\nget,a,x,10", 4),
        ] {
            assert_eq!(
                asked_problem(text, names()),
                format!("x:{line}: time \"x\" is not a number"),
                "{text:?}"
            );
        }
        let ends =
            ["\n", "\r\n"].map(|end| rows(&["op,k,t,bytes", "get,a,5,10", "get,\"b c\",6,10", ""].join(end)));
        assert_eq!(ends[0], ends[1]);
    }

    #[test]
    fn a_bad_row_is_named_by_line() {
        for (text, message) in [
            ("5,a,10\n", "x:2: 3 cells where the header has 4; is the file cut off?"),
            ("5,a,10,get\nx,a,10,get\n", "x:3: time \"x\" is not a number"),
            ("nan,a,10,get\n", "x:2: time \"nan\" is not a number"),
            ("5,a,-1,get\n", "x:2: size \"-1\" is not a number of bytes"),
            ("5,a,10,del\n", "x:2: operation \"del\" is neither read nor write"),
        ] {
            assert_eq!(asked_problem(&format!("t,k,bytes,op\n{text}"), names()), message);
        }
        assert_eq!(asked_problem("t,k\n", names()), "x:1: no column \"bytes\"; the header has t, k");
    }
}
