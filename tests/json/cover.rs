//! Which fields of a schema have been written, and whether all that is written is in the schema.

use std::collections::BTreeSet;

use herdlab::report::interface::Interface;
use jsonschema::Validator;
use serde_json::{Map, Value};

/// A schema, and the fields of it that were seen.
pub struct Cover {
    name: &'static str,
    schema: Value,
    validator: Validator,
    /// JSON pointers into the schema.
    seen: BTreeSet<String>,
}

impl Cover {
    pub fn of(interface: Interface) -> Cover {
        let schema: Value = serde_json::from_str(interface.schema()).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        Cover { name: interface.name(), schema, validator, seen: BTreeSet::new() }
    }

    /// An output: it is valid, and has no field that the schema does not know.
    #[track_caller]
    pub fn take(&mut self, output: &Value) {
        let problems: Vec<String> = self
            .validator
            .iter_errors(output)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .take(5)
            .collect();
        assert!(problems.is_empty(), "{}: {problems:#?}", self.name);
        let mut unknown = BTreeSet::new();
        let schema = self.schema.clone();
        self.walk(&schema, &schema, output, "#", &mut unknown);
        assert!(unknown.is_empty(), "{}: the schema lacks {unknown:#?}", self.name);
    }

    /// Every field of the schema has been written, but for these.
    #[track_caller]
    pub fn assert_whole(&self, except: &[&str]) {
        let mut all = BTreeSet::new();
        fields(&self.schema, "#", &mut all);
        let unseen: Vec<&String> = all.difference(&self.seen).collect();
        assert_eq!(unseen, except, "{}: fields that were never written", self.name);
    }

    fn walk(
        &mut self,
        root: &Value,
        schema: &Value,
        value: &Value,
        at: &str,
        unknown: &mut BTreeSet<String>,
    ) {
        if let Some(pointer) = schema["$ref"].as_str() {
            self.walk(root, root.pointer(&pointer[1..]).unwrap(), value, pointer, unknown);
        }
        for choice in ["anyOf", "oneOf"] {
            let branches = schema[choice].as_array().into_iter().flatten().enumerate();
            for (index, branch) in branches.filter(|(_, branch)| fits(root, branch, value)) {
                self.walk(root, branch, value, &format!("{at}/{choice}/{index}"), unknown);
            }
        }
        match value {
            Value::Object(parts) => self.walk_object(root, schema, parts, at, unknown),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let own = format!("prefixItems/{index}");
                    let place =
                        if schema["prefixItems"].get(index).is_some() { own } else { "items".to_owned() };
                    if let Some(inner) = schema.pointer(&format!("/{place}")) {
                        self.walk(root, inner, item, &format!("{at}/{place}"), unknown);
                    }
                }
            }
            _ => {}
        }
    }

    fn walk_object(
        &mut self,
        root: &Value,
        schema: &Value,
        parts: &Map<String, Value>,
        at: &str,
        unknown: &mut BTreeSet<String>,
    ) {
        for (name, part) in parts {
            let field = format!("{at}/properties/{name}");
            if let Some(inner) = schema["properties"].get(name) {
                self.walk(root, inner, part, &field, unknown);
                self.seen.insert(field);
            } else if schema["additionalProperties"].is_object() {
                self.walk(
                    root,
                    &schema["additionalProperties"],
                    part,
                    &format!("{at}/additionalProperties"),
                    unknown,
                );
            } else if schema["properties"].is_object() {
                unknown.insert(field);
            }
        }
    }
}

/// Whether a branch of a choice is that of a value, by its type, its words and its required fields.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    if let Some(pointer) = schema["$ref"].as_str() {
        return fits(root, root.pointer(&pointer[1..]).unwrap(), value);
    }
    let any = |choice: &str| {
        schema[choice]
            .as_array()
            .is_none_or(|branches| branches.iter().any(|branch| fits(root, branch, value)))
    };
    let is_of = |kind: &str| match value {
        Value::Null => kind == "null",
        Value::Bool(_) => kind == "boolean",
        Value::Number(number) => kind == "number" || (kind == "integer" && !number.is_f64()),
        Value::String(_) => kind == "string",
        Value::Array(_) => kind == "array",
        Value::Object(_) => kind == "object",
    };
    let typed = match &schema["type"] {
        Value::String(kind) => is_of(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(is_of),
        _ => true,
    };
    let is_word = schema.get("const").is_none_or(|only| only == value)
        && schema["enum"].as_array().is_none_or(|words| words.contains(value));
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_whole =
        value.as_object().is_none_or(|parts| required.clone().all(|name| parts.contains_key(name)));
    any("anyOf") && any("oneOf") && typed && is_word && is_whole
}

/// Pointers to all fields of objects in a schema.
fn fields(schema: &Value, at: &str, all: &mut BTreeSet<String>) {
    match schema {
        Value::Object(parts) => {
            for (name, part) in parts {
                if name == "properties" {
                    for (field, inner) in part.as_object().unwrap() {
                        let field = format!("{at}/properties/{field}");
                        fields(inner, &field, all);
                        all.insert(field);
                    }
                } else {
                    fields(part, &format!("{at}/{name}"), all);
                }
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| fields(item, &format!("{at}/{index}"), all));
        }
        _ => {}
    }
}

#[test]
fn a_field_that_nobody_writes_is_found() {
    let mut cover = Cover::of(Interface::Differences);
    let all = cover.schema["properties"].as_object().unwrap().len() + 4;
    let mut unseen = BTreeSet::new();
    fields(&cover.schema, "#", &mut unseen);
    assert_eq!(unseen.len(), all);
    cover.take(&serde_json::json!({
        "schema": 1, "herdlab": "0.2.0", "before": "a.toml", "after": "b.toml", "differences": []
    }));
    let left: Vec<_> = unseen.difference(&cover.seen).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
#[should_panic(expected = "the schema lacks")]
fn a_field_that_is_in_no_schema_is_found() {
    Cover::of(Interface::Differences).take(&serde_json::json!({
        "schema": 1, "herdlab": "0.2.0", "before": "a.toml", "after": "b.toml", "differences": [], "more": 1
    }));
}
