//! JSON lines: an object per line; the parts of a request are fields by name, as the columns of a table, or `request.key` in an object
//! within.

use serde_json::Value;

use super::csv::{ColumnNames, KEY_COLUMNS, known_time};
use super::formats::{Clock, Found, TraceFormat};
use super::lines::{Batch, Line, LineRows};
use super::row::{Operation, Row, client, hash_text, shown};
use super::sample::Sample;
use super::stamp::{SECOND, Stamp, iso8601, unit_by_magnitude, unit_by_name};
use super::{Problem, table};
use crate::model::{TraceColumns, TraceLayout};

pub const FORMAT: TraceFormat = TraceFormat {
    name: "jsonl",
    about: "JSON lines; fields are named as the columns of a table are",
    clock: Clock::Column,
    // Any further line that is no object is an error with its number, and no table.
    guess: |sample| first_object(&sample.lines_of_text()).is_ok(),
    layout: Some(layout),
    open: |source| match source.layout {
        TraceLayout::Fields(fields) => {
            Ok(Box::new(LineRows::new(source.input, Fields { fields: fields.clone(), class: None })))
        }
        _ => Err(Problem { line: 1, text: "no fields are named".to_owned() }),
    },
    keys: None,
};

/// The object of the first line that is not blank.
fn first_object(lines: &[&[u8]]) -> Result<Value, String> {
    object(lines.iter().find(|line| !line.trim_ascii().is_empty()).copied().unwrap_or_default())
}

fn object(line: &[u8]) -> Result<Value, String> {
    let value: Result<Value, _> = serde_json::from_slice(line);
    value.ok().filter(Value::is_object).ok_or_else(|| format!("`{}` is no JSON object", shown(line)))
}

/// A field of an object; `a.b` is that of an object within, unless there is a field of that name.
fn field<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        field(object.get(outer)?, inner)
    })
}

/// The text of a cell; `null` is a blank one.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn layout(sample: &Sample<'_>, names: &ColumnNames) -> Result<Found, Problem> {
    let problem = |text: String| Problem { line: 1, text };
    let first = first_object(&sample.lines()).map_err(problem)?;
    let fields: Vec<String> = first.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let known = |known: &[&str]| {
        let has = |name: &&str| fields.iter().find(|field| field.eq_ignore_ascii_case(name)).cloned();
        known.iter().find_map(has)
    };
    let key = names.key.clone().or_else(|| known(KEY_COLUMNS)).ok_or_else(|| {
        let listed = fields.join(", ");
        problem(format!("which field holds the key? The first object has {listed}; name one with --key FIELD (in a scenario `key = \"FIELD\"`)"))
    })?;
    let time = names.time.clone().or_else(|| {
        let place = known_time(fields.iter().map(|field| field.as_bytes()))?;
        fields.get(place).cloned()
    });
    let stamp = time.as_ref().and_then(|time| field(&first, time)).map(text).unwrap_or_default();
    let is_iso = Stamp::number(stamp.as_bytes()).is_none() && iso8601(stamp.as_bytes()).is_some();
    let by_name = || unit_by_name(time.as_ref()?);
    let by_magnitude = || unit_by_magnitude(&Stamp::number(stamp.as_bytes())?);
    let unit = if is_iso { Some(SECOND) } else { by_name().or_else(by_magnitude) };
    let fields = TraceColumns {
        time,
        size: names.size.clone(),
        operation: names.operation.as_ref().map(|operation| operation.at(operation.column.clone())),
        key_size: names.key_size.clone(),
        ttl: names.ttl.clone(),
        client: names.client.clone(),
        class: names.class.clone(),
        is_iso,
        ..TraceColumns::of(key)
    };
    Ok(Found { layout: TraceLayout::Fields(fields), unit, note: None })
}

struct Fields {
    fields: TraceColumns<String>,
    /// Of the last line.
    class: Option<String>,
}

impl Line for Fields {
    fn parse(&mut self, line: &[u8], at: u64, requests: &mut Batch) -> Result<(), String> {
        let fields = &self.fields;
        let object = object(line)?;
        let cell = |name: &String| {
            field(&object, name).map(text).ok_or_else(|| format!("no field \"{name}\" in `{}`", shown(line)))
        };
        let key = cell(&fields.key)?;
        let time = match &fields.time {
            None => Stamp::default(),
            Some(name) => {
                let time = cell(name)?;
                let (stamp, kind) = match fields.is_iso {
                    true => (iso8601(time.as_bytes()), "ISO 8601"),
                    false => (Stamp::number(time.as_bytes()), "a number"),
                };
                stamp.ok_or_else(|| format!("time \"{}\" is not {kind}", shown(time.as_bytes())))?
            }
        };
        let operation = match &fields.operation {
            None => Operation::Get,
            Some(operation) => match table::meaning(operation, cell(&operation.column)?.as_bytes())? {
                Some(operation) => operation,
                None => return Ok(()),
            },
        };
        let size = |name: &Option<String>| {
            name.as_ref().map_or(Ok(None), |name| table::size(cell(name)?.as_bytes()))
        };
        let key_bytes = size(&fields.key_size)?;
        let ttl_s = fields.ttl.as_ref().map(|name| table::ttl(cell(name)?.as_bytes())).transpose()?.flatten();
        let text = fields.client.as_ref().map(cell).transpose()?;
        let client = text.filter(|text| !text.is_empty()).map(|text| client(text.as_bytes()));
        let class = fields.class.as_ref().map(cell).transpose()?;
        let row = Row {
            time,
            operation,
            size: size(&fields.size)?,
            key_bytes,
            ttl_s,
            client,
            ..Row::of(hash_text(key.as_bytes()), at)
        };
        requests.push(row, key.as_bytes());
        self.class = class;
        Ok(())
    }

    fn class_text(&self) -> Option<&[u8]> {
        self.class.as_deref().map(str::as_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::csv::OperationNames;
    use crate::trace::testing::{asked_problem, asked_rows, guess, guessed, keys, problem};

    #[test]
    fn an_object_is_a_request() {
        let text = "{\"ts\": 1700000000.5, \"key\": \"a\", \"op\": \"get\"}\n{\"ts\": 1700000001, \"key\": 7}\n\
                    {\"ts\": 1700000002, \"key\": \"a\"}\n";
        assert_eq!(guessed(text), Some("jsonl"));
        assert_eq!(guess(text).1, Some("s"));
        assert_eq!(keys("jsonl", text), [0, 1, 0]);
        assert_eq!(problem("jsonl", "{\"key\": 1}\n{\"id\": 1}\n"), "x:2: no field \"key\" in `{\"id\": 1}`");
        assert_eq!(problem("jsonl", "{\"key\": 1}\n{half\n"), "x:2: `{half` is no JSON object");
        assert_eq!(guessed("{\"key\": 1, \"ts\": 2}\n{\"key\": 1, \"ts\"\n"), Some("jsonl"));
        assert!(
            problem("jsonl", "{\"a\": 1}\n")
                .starts_with("x:1: which field holds the key? The first object has a;")
        );
    }

    #[test]
    fn fields_are_named_as_columns_are() {
        let names = ColumnNames {
            time: Some("at".into()),
            key: Some("request.key".into()),
            size: Some("bytes".into()),
            operation: Some(OperationNames { column: "request.op".into(), ..OperationNames::default() }),
            ..ColumnNames::default()
        };
        let text = "{\"at\": \"2023-11-15T00:00:00Z\", \"request\": {\"key\": \"ab\", \"op\": \"SET\"}, \"bytes\": 9}\n";
        let row = asked_rows(text, names.clone())[0];
        assert_eq!((row.operation, row.size, row.key_bytes), (Operation::Set, Some(9), None));
        assert_eq!(
            asked_problem(&text.replace('9', "\"x\""), names),
            "x:1: size \"x\" is not a number of bytes"
        );
    }
}
