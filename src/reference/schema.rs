//! The options as a JSON Schema (draft 2020-12), by which editors complete, explain and check a scenario while it is
//! written.
//!
//! The schema covers names and types. Rules that need the whole scenario (a pool in a tier of the process, shares
//! that do not sum to one) is for `herdlab check`.

use serde_json::{Map, Value, json};

use super::entries::{described, meaning};
use crate::declare::kind::{self, Choice, Default, Field, Kind, Table};
use crate::model::{RANDOM_SIZE, RANDOM_TIME};
use crate::scenario::{FILE, is_same_for_all};

/// A number and a unit, as `units` reads them.
const NUMBER: &str = r"[0-9][0-9_]*(\.[0-9_]*[0-9])?";
const TIME_UNITS: &str = "(ns|us|µs|ms|s|m|min|h|d)";
const SIZE_UNITS: &str = "(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)";

/// The schema of scenario files, ready to be written.
pub fn text() -> String {
    // Plain maps of strings have no way to fail.
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}

/// The schema of scenario files.
pub fn schema() -> Value {
    let mut writer = Writer { definitions: Map::new(), uncertain: true };
    let mut root = writer.table(&FILE);
    // Without a trace nothing else gives the length of a run.
    let traced = json!({
        "properties": { "workload": { "properties": { "arrivals": { "required": ["trace"] } },
                                      "required": ["arrivals"] } },
        "required": ["workload"],
    });
    root.insert("if".to_owned(), traced);
    root.insert("else".to_owned(), json!({ "required": ["duration"] }));
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("A scenario of herdlab"));
    schema.insert(
        "description".to_owned(),
        json!("A workload, the tiers of a cache, the database behind them, and variants to compare."),
    );
    schema.extend(root);
    schema.insert("$defs".to_owned(), Value::Object(writer.definitions));
    Value::Object(schema)
}

struct Writer {
    /// By name; what is used in several places is written once.
    definitions: Map<String, Value>,
    /// Whether a range may stand in place of a number: not in what is the same in all worlds.
    uncertain: bool,
}

impl Writer {
    fn table(&mut self, table: &'static Table) -> Map<String, Value> {
        let mut properties = Map::new();
        let uncertain = self.uncertain;
        for field in table.fields() {
            let is_fixed =
                std::ptr::eq(table, &FILE) && is_same_for_all(field.name) && field.name != "variant";
            self.uncertain = uncertain && !is_fixed;
            properties.insert(field.name.to_owned(), self.field(field));
        }
        self.uncertain = uncertain;
        let required: Vec<&str> =
            table.fields().filter(|field| field.is_required()).map(|field| field.name).collect();
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        let others = table.others.map_or(json!(false), |kind| self.others(table.id, kind));
        schema.insert("additionalProperties".to_owned(), others);
        schema
    }

    /// What stands below names of a table that its options do not list: TOML reads a dotted one as tables within tables.
    fn others(&mut self, id: &str, kind: &'static Kind) -> Value {
        let name = format!("{id}_other");
        let own = json!({ "$ref": format!("#/$defs/{name}") });
        self.defined(&name, |writer| {
            let within = json!({
                "type": "object",
                "minProperties": 1,
                "not": { "required": ["value"] },
                "additionalProperties": own,
            });
            Map::from_iter([("anyOf".to_owned(), json!([writer.kind(kind), within]))])
        })
    }

    fn field(&mut self, field: &'static Field) -> Value {
        let kind = self.kind(&field.kind);
        let mut schema = match field.unless() {
            Some(word) => json!({ "anyOf": [{ "const": word }, kind] }),
            None => kind,
        };
        if let Some(schema) = schema.as_object_mut() {
            // Beside a reference a description is allowed since draft 2019-09.
            schema.insert("description".to_owned(), json!(described(field)));
        }
        if let (Some(default), Some(schema)) = (default(field), schema.as_object_mut()) {
            schema.insert("default".to_owned(), default);
        }
        schema
    }

    /// A value, or a range of it where it is a number.
    fn kind(&mut self, kind: &'static Kind) -> Value {
        let certain = self.certain(kind);
        match kind {
            Kind::Duration { .. }
            | Kind::FineDuration
            | Kind::Size
            | Kind::Rate
            | Kind::Bandwidth
            | Kind::Share { .. }
            | Kind::Number { .. }
            | Kind::Positive { .. }
            | Kind::Whole { .. }
                if self.uncertain =>
            {
                let range = self.defined("range", |_| range());
                json!({ "anyOf": [certain, range] })
            }
            _ => certain,
        }
    }

    fn certain(&mut self, kind: &'static Kind) -> Value {
        match kind {
            Kind::Duration { positive: false } => self.text("duration", duration()),
            Kind::Duration { positive: true } => self.text("positive_duration", positive_duration()),
            Kind::FineDuration => {
                self.text("fine_duration", matching(&format!(r"^\s*{NUMBER}\s*{TIME_UNITS}\s*$")))
            }
            Kind::Size => self.text("size", matching(&format!(r"^\s*{NUMBER}\s*{SIZE_UNITS}\s*$"))),
            Kind::Rate => self.text("rate", rate()),
            Kind::Bandwidth => {
                self.text("bandwidth", matching(&format!(r"^\s*{NUMBER}\s*{SIZE_UNITS}\s*/s\s*$")))
            }
            Kind::Share { positive } => self.share(*positive),
            Kind::Number { least } => json!({ "type": "number", "minimum": least }),
            Kind::Positive { below } if below.is_finite() => {
                json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": below })
            }
            Kind::Positive { .. } => json!({ "type": "number", "exclusiveMinimum": 0 }),
            Kind::Whole { least, most: u64::MAX } => json!({ "type": "integer", "minimum": least }),
            Kind::Whole { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Kind::Text => json!({ "type": "string", "pattern": r"\S" }),
            Kind::Name => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
            Kind::Truth => json!({ "type": "boolean" }),
            Kind::TimeUnit => json!({ "type": "string", "pattern": format!("^({TIME_UNITS}|ticks)$") }),
            Kind::Words(words) => json!({ "enum": words }),
            Kind::WordsOf(words) => json!({ "enum": words() }),
            Kind::Form { pattern, .. } => json!({ "type": "string", "pattern": pattern }),
            Kind::RandomTime => self.random("random_time", DURATION, RANDOM_TIME),
            Kind::RandomSize => self.random("random_size", SIZE, RANDOM_SIZE),
            Kind::List(kind) => json!({ "type": "array", "items": self.kind(kind) }),
            Kind::Table(table) => self.defined(table.id, |writer| writer.table(table)),
            Kind::Choice(choice) => self.choice(choice),
            Kind::Either(kinds) => {
                let kinds: Vec<Value> = kinds.iter().map(|kind| self.kind(kind)).collect();
                json!({ "anyOf": kinds })
            }
            Kind::Figure(kind) => {
                let plain = self.kind(kind);
                let parts = json!({
                    "type": "object",
                    "properties": {
                        "value": plain,
                        "spread": plain,
                        "check": { "type": "boolean", "default": false },
                    },
                    "required": ["value"],
                    "additionalProperties": false,
                });
                json!({ "anyOf": [plain, parts] })
            }
            Kind::PerTier(kind) => {
                json!({ "type": "object", "additionalProperties": self.kind(kind) })
            }
            Kind::Settings => self.settings(),
            Kind::Axes => {
                let values = json!({ "type": "array", "minItems": 1 });
                let range = matching(r"\.\.");
                json!({
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": { "anyOf": [values, range] },
                })
            }
        }
    }

    /// A reference to a definition, which `make` writes the first time.
    fn defined(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Map<String, Value>) -> Value {
        if !self.definitions.contains_key(name) {
            // Holds the place, so that what refers to itself ends.
            self.definitions.insert(name.to_owned(), Value::Null);
            let made = make(self);
            self.definitions.insert(name.to_owned(), Value::Object(made));
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn text(&mut self, name: &str, schema: Value) -> Value {
        self.defined(name, |_| match schema {
            Value::Object(schema) => schema,
            _ => Map::new(),
        })
    }

    fn share(&mut self, positive: bool) -> Value {
        let name = if positive { "positive_share" } else { "share" };
        let number = match positive {
            true => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }),
            false => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        };
        let text = matching(&format!(r"^\s*{NUMBER}\s*%\s*$"));
        self.text(name, json!({ "anyOf": [number, text] }))
    }

    /// A plain value, or one of the distributions.
    fn random(&mut self, name: &str, plain: &'static Kind, forms: &'static Choice) -> Value {
        self.defined(name, |writer| {
            let plain = writer.kind(plain);
            let forms = writer.choice(forms);
            Map::from_iter([("anyOf".to_owned(), json!([plain, forms]))])
        })
    }

    fn choice(&mut self, choice: &'static Choice) -> Value {
        self.defined(choice.id, |writer| {
            let mut forms = Vec::new();
            for tag in choice.tags.iter().filter(|tag| tag.plain) {
                let mut form = Map::from_iter([("const".to_owned(), json!(tag.name))]);
                if let Some(words) = meaning(tag) {
                    form.insert("description".to_owned(), json!(words));
                }
                forms.push(Value::Object(form));
            }
            for tag in choice.tags {
                let Some(body) = &tag.body else { continue };
                let mut body = writer.kind(body);
                if let (Some(words), Some(body)) = (meaning(tag), body.as_object_mut()) {
                    body.insert("description".to_owned(), json!(words));
                }
                forms.push(json!({
                    "type": "object",
                    "properties": { tag.name: body },
                    "required": [tag.name],
                    "additionalProperties": false,
                }));
            }
            Map::from_iter([("oneOf".to_owned(), json!(forms))])
        })
    }

    /// Settings of variants: for every path the type of the option there.
    fn settings(&mut self) -> Value {
        let mut paths = Map::new();
        for field in FILE.fields().filter(|field| !is_same_for_all(field.name)) {
            let name = field.name.to_owned();
            match &field.kind {
                // A whole element is found by its name.
                Kind::List(element @ Kind::Table(table)) => {
                    let at = format!(r"{name}\.[^.]+");
                    let element = self.kind(element);
                    paths.insert(format!("^{at}$"), element);
                    self.paths_of(table, &at, &mut paths);
                }
                Kind::Table(table) => self.paths_of(table, &name, &mut paths),
                kind => {
                    let schema = json!({ "$ref": format!("#/properties/{name}") });
                    paths.insert(format!("^{name}$"), schema);
                    self.deeper(kind, &name, &mut paths);
                }
            }
        }
        json!({ "type": "object", "patternProperties": paths, "additionalProperties": false })
    }

    fn paths_of(&mut self, table: &'static Table, at: &str, paths: &mut Map<String, Value>) {
        for field in table.fields() {
            let at = format!(r"{at}\.{}", field.name);
            let schema = json!({ "$ref": format!("#/$defs/{}/properties/{}", table.id, field.name) });
            paths.insert(format!("^{at}$"), schema);
            self.deeper(&field.kind, &at, paths);
        }
    }

    /// The schema below an option.
    fn deeper(&mut self, kind: &'static Kind, at: &str, paths: &mut Map<String, Value>) {
        match kind {
            Kind::Table(table) => self.paths_of(table, at, paths),
            Kind::Choice(choice) => {
                for tag in choice.tags {
                    let Some(body) = &tag.body else { continue };
                    let at = format!(r"{at}\.{}", tag.name);
                    let value = self.kind(body);
                    paths.insert(format!("^{at}$"), value);
                    self.deeper(body, &at, paths);
                }
            }
            Kind::RandomTime | Kind::RandomSize => {
                // Their own definition has the grammar; a part of it is for `herdlab check`.
                paths.insert(format!(r"^{at}\..+$"), json!(true));
            }
            Kind::Either(kinds) => kinds.iter().for_each(|kind| self.deeper(kind, at, paths)),
            Kind::PerTier(kind) => {
                let value = self.kind(kind);
                paths.insert(format!(r"^{at}\.[^.]+$"), value);
            }
            _ => {}
        }
    }
}

/// Meaning of an option left out, where that is a value.
fn default(field: &Field) -> Option<Value> {
    match field.default {
        Default::Word(word) => Some(json!(word)),
        // The declaration has it as TOML.
        Default::Written(value) => {
            let table: toml::Table = format!("value = {value}").parse().ok()?;
            serde_json::to_value(table.get("value")?).ok()
        }
        Default::Required(_) | Default::Words(_) => None,
    }
}

const DURATION: &Kind = &kind::DURATION;
const SIZE: &Kind = &Kind::Size;

/// A range of numbers, with units where the option has them.
fn range() -> Map<String, Value> {
    let number = json!({ "type": ["number", "string"] });
    let share = json!({ "anyOf": [
        { "type": "number", "minimum": 0, "maximum": 1 },
        matching(&format!(r"^\s*{NUMBER}\s*%\s*$")),
    ] });
    let form = |fields: &[(&str, &Value)], required: &[&str]| {
        let properties: Map<String, Value> =
            fields.iter().map(|(name, schema)| ((*name).to_owned(), (*schema).clone())).collect();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    };
    let forms = [
        form(&[("about", &number), ("within", &share)], &["about", "within"]),
        form(&[("low", &number), ("likely", &number), ("high", &number)], &["low", "high"]),
    ];
    Map::from_iter([
        ("description".to_owned(), json!("An uncertain value: `herdlab run` draws worlds from it.")),
        ("oneOf".to_owned(), json!(forms)),
    ])
}

fn matching(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn duration() -> Value {
    matching(&format!(r"^\s*({NUMBER}\s*{TIME_UNITS}\s*)+$"))
}

fn positive_duration() -> Value {
    // At least one digit that is not zero. Not every validator has look-ahead.
    let mut schema = duration();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("not".to_owned(), json!({ "pattern": "^[^1-9]*$" }));
    }
    schema
}

fn rate() -> Value {
    let text = matching(&format!(r"^\s*{NUMBER}\s*/\s*(s|sec|m|min|h|d)\s*$"));
    json!({ "anyOf": [{ "type": "number", "exclusiveMinimum": 0 }, text] })
}
