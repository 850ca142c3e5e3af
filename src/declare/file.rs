//! The scenario file as a tree in which every key and value has its place in the file.
//!
//! The tree is read field by field (see `fields`), not deserialised, because a reader that goes on after
//! a problem can report all of them, and because a variant is this tree with some values exchanged: the
//! exchanged ones still point at the line they came from.

use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Span};

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub value: Value,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    String(String),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Datetime,
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table with its value; tables keep file order.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub key_span: Span,
    pub value: Node,
}

impl Node {
    /// Type of the value, for a message: `an integer`.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::String(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "a truth value",
            Value::Datetime => "a date or time",
            Value::Array(_) => "an array",
            Value::Table(_) => "a table",
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_table(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The field of a table.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_table()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The elements of an array of tables; empty for anything else.
    pub fn elements(&self, key: &str) -> &[Node] {
        match self.get(key).map(|node| &node.value) {
            Some(Value::Array(items)) => items,
            _ => &[],
        }
    }
}

/// Reads a TOML document; what can be read is returned even where there are syntax errors.
pub(crate) fn parse_document(text: &str, source: usize) -> (Node, Vec<Diagnostic>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let span = Span { source, start: 0, end: 0 };
    let root = Node { value: convert_table(table.get_ref(), source), span };
    (root, errors.iter().map(|error| syntax_error(error, text, source)).collect())
}

/// Reads one TOML value. What does not start like a quoted, bracketed or numeric value is taken as a
/// string, so that `--set tier.l2.ttl=5m` needs no second pair of quotes.
pub(crate) fn parse_value(text: &str, source: usize, offset: usize) -> Result<Node, Diagnostic> {
    let shift =
        |range: std::ops::Range<usize>| Span { source, start: range.start + offset, end: range.end + offset };
    match DeValue::parse(text.trim_end()) {
        Ok(value) => {
            let mut node = convert(value.get_ref(), value.span(), source);
            move_spans(&mut node, offset);
            Ok(node)
        }
        Err(_) if !text.trim_start().starts_with(['"', '\'', '[', '{']) => {
            let span = shift(0..text.len());
            Ok(Node { value: Value::String(text.trim().to_owned()), span })
        }
        Err(error) => {
            let span = shift(error.span().unwrap_or(0..text.len()));
            Err(Diagnostic::new("not a TOML value", span, error.message().to_owned()))
        }
    }
}

fn syntax_error(error: &toml::de::Error, text: &str, source: usize) -> Diagnostic {
    let range = error.span().unwrap_or(0..0);
    let start = range.start.min(text.len());
    let span = Span { source, start, end: range.end.max(start + 1) };
    Diagnostic::new("not valid TOML", span, error.message().to_owned())
}

fn convert(value: &DeValue<'_>, range: std::ops::Range<usize>, source: usize) -> Node {
    let value = match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::Float(f64::INFINITY), Value::Integer),
        DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| convert(item.get_ref(), item.span(), source)).collect())
        }
        DeValue::Table(table) => convert_table(table, source),
    };
    Node { value, span: Span { source, start: range.start, end: range.end } }
}

fn convert_table(table: &DeTable<'_>, source: usize) -> Value {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: Span { source, start: key.span().start, end: key.span().end },
            value: convert(value.get_ref(), value.span(), source),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span);
    Value::Table(entries)
}

fn move_spans(node: &mut Node, offset: usize) {
    let shift = |span: &mut Span| {
        span.start += offset;
        span.end += offset;
    };
    shift(&mut node.span);
    match &mut node.value {
        Value::Array(items) => items.iter_mut().for_each(|item| move_spans(item, offset)),
        Value::Table(entries) => entries.iter_mut().for_each(|entry| {
            shift(&mut entry.key_span);
            move_spans(&mut entry.value, offset);
        }),
        _ => {}
    }
}
