//! What follows from the declarations of options is up to date, and the schema refuses what is mistyped and nothing that the
//! checker takes.

#[path = "support/fields.rs"]
mod fields;
#[path = "support/page.rs"]
mod page;

use std::path::Path;

use fields::{at, leaves, name, scenarios};
use herdlab::reference::schema::{schema, text};
use herdlab::scenario::{Overrides, bundled, parse};
use jsonschema::Validator;
use toml::{Table, Value};

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn json(source: &str) -> serde_json::Value {
    serde_json::to_value(source.parse::<Table>().unwrap()).unwrap()
}

/// What the schema says against a text of TOML, with places.
fn problems(validator: &Validator, source: &str) -> Vec<String> {
    let instance = json(source);
    validator.iter_errors(&instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_copy_in_docs_is_the_schema_of_this_version() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenario.schema.json");
    let update = |variable| std::env::var_os(variable).is_some();
    if update("HERDLAB_UPDATE_SCHEMA") || update("HERDLAB_UPDATE_DOCS") {
        std::fs::write(&path, text()).unwrap();
    }
    let copy = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        copy == text(),
        "HERDLAB_UPDATE_SCHEMA=1 cargo test --test reference writes docs/scenario.schema.json"
    );
}

#[test]
fn the_tables_of_the_page_are_those_of_the_declarations() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenarios.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let page = page::with_tables(&found);
    if std::env::var_os("HERDLAB_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert!(
        page == std::fs::read_to_string(&path).unwrap(),
        "HERDLAB_UPDATE_DOCS=1 cargo test --test reference writes the tables of docs/scenarios.md"
    );
}

#[test]
fn the_schema_is_itself_valid() {
    jsonschema::draft202012::meta::validate(&schema()).unwrap();
}

#[test]
fn every_default_is_a_value_that_its_option_takes() {
    fn check(part: &serde_json::Value, definitions: &serde_json::Value, found: &mut usize) {
        if let Some(default) = part.get("default").filter(|_| part.get("description").is_some()) {
            let mut schema = part.clone();
            schema["$defs"] = definitions.clone();
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            assert!(validator.is_valid(default), "{default} in {part}");
            *found += 1;
        }
        match part {
            serde_json::Value::Object(parts) => {
                parts.values().for_each(|part| check(part, definitions, found))
            }
            serde_json::Value::Array(parts) => parts.iter().for_each(|part| check(part, definitions, found)),
            _ => {}
        }
    }
    let (schema, mut found) = (schema(), 0);
    check(&schema, &schema["$defs"], &mut found);
    assert!(found > 100, "{found} defaults");
}

#[test]
fn it_takes_every_scenario_that_the_program_comes_with() {
    let validator = validator();
    for bundled in bundled::all() {
        assert_eq!(problems(&validator, bundled.source), Vec::<String>::new(), "{}", bundled.name);
        assert!(bundled.source.starts_with("#:schema ../docs/scenario.schema.json\n"), "{}", bundled.name);
    }
    for (file, tree) in scenarios() {
        assert_eq!(problems(&validator, &toml::to_string(&tree).unwrap()), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn the_line_for_editors_does_not_change_what_a_scenario_means() {
    let digest =
        |source: &str| parse(source, "x.toml", Path::new("scenarios"), &Overrides::default()).unwrap().digest;
    let source = bundled::get("lookup").unwrap().source;
    let (_, bare) = source.split_once('\n').unwrap();
    assert_eq!(digest(source), digest(bare));
}

const SOUND: &str = r#"
question = "?"
duration = "10s"
[workload]
arrivals = { poisson = { rate = 100 } }
keys = 100
[[tier]]
name = "l2"
scope = "shared"
ttl = "60s"
[database]
read = "5ms"
[[variant]]
name = "a"
set = { "tier.l2.ttl" = "5m", "database.read.exponential.mean" = "5ms", "event.x.enabled" = true, coalescing = "singleflight" }
"#;

#[test]
fn it_refuses_what_is_mistyped_and_says_where() {
    let validator = validator();
    assert_eq!(problems(&validator, SOUND), Vec::<String>::new());
    for (from, to, place) in [
        ("duration = \"10s\"", "duration = 10", "/duration"),
        ("duration = \"10s\"", "duration = \"10 lightyears\"", "/duration"),
        ("duration = \"10s\"", "duration = \"0s\"", "/duration"),
        ("duration = \"10s\"", "", ""),
        ("keys = 100", "keys = 0", "/workload/keys"),
        ("keys = 100", "keys = 100\nkyes = 3", "/workload"),
        ("rate = 100", "rate = \"100/fortnight\"", "/workload/arrivals"),
        ("poisson", "poison", "/workload/arrivals"),
        ("scope = \"shared\"", "scope = \"everywhere\"", "/tier/0/scope"),
        ("scope = \"shared\"", "scope = \"shared\"\neviction = \"lur\"", "/tier/0/eviction"),
        ("scope = \"shared\"", "scope = \"shared\"\ncapacity = \"64M\"", "/tier/0/capacity"),
        ("scope = \"shared\"", "scope = \"shared\"\nbandwidth = \"1GB\"", "/tier/0/bandwidth"),
        ("read = \"5ms\"", "read = { lognormal = { median = \"5ms\" } }", "/database/read"),
        ("read = \"5ms\"", "read = \"5ms\"\nservers = \"many\"", "/database/servers"),
        ("\"5m\"", "\"soon\"", "/variant/0/set/tier.l2.ttl"),
        ("tier.l2.ttl", "tier.l2.tll", "/variant/0/set"),
        ("\"tier.l2.ttl\" = \"5m\"", "seed = 5", "/variant/0/set"),
        ("name = \"a\"", "name = \"a:b\"", "/variant/0/name"),
    ] {
        let source = SOUND.replacen(from, to, 1);
        assert_ne!(source, SOUND);
        let found = problems(&validator, &source);
        assert!(found.iter().any(|problem| problem.starts_with(&format!("{place}: "))), "{to}: {found:?}");
        // The checker agrees.
        assert!(parse(&source, "x.toml", Path::new(""), &Overrides::default()).is_err(), "{to}");
    }
}

/// Other values for each value of the scenarios in tests/silent, of every kind: what the checker takes, the schema takes.
#[test]
fn it_refuses_nothing_that_the_checker_takes() {
    let validator = validator();
    let candidates: Vec<Value> = [
        "0s",
        "3ms",
        "2m 30s",
        "5kB",
        "10%",
        "100/min",
        "1GB/s",
        "none",
        "unlimited",
        "unbounded",
        "lru",
        "l2",
    ]
    .map(|text| Value::String(text.to_owned()))
    .into_iter()
    .chain([
        Value::Integer(0),
        Value::Integer(1),
        Value::Integer(7),
        Value::Float(0.25),
        Value::Float(1.5),
        Value::Boolean(true),
    ])
    .collect();
    let (mut taken, mut refused) = (0, 0);
    let mut wrong = Vec::new();
    for (file, tree) in scenarios() {
        let mut places = Vec::new();
        leaves(&tree, &mut Vec::new(), &mut places);
        for place in places {
            for value in &candidates {
                let mut other = tree.clone();
                *at(&mut other, &place) = value.clone();
                let source = toml::to_string(&other).unwrap();
                let fine = problems(&validator, &source);
                match parse(&source, "silent.toml", Path::new(fields::FOLDER), &Overrides::default()) {
                    Ok(_) if fine.is_empty() => {}
                    Ok(_) => wrong.push(format!("{file}: {} = {value}: {fine:?}", name(&place))),
                    // What a trace has is beyond an editor.
                    Err(_) if name(&place).starts_with("workload.arrivals.trace") => {}
                    Err(_) if fine.is_empty() => taken += 1,
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Nine of ten mistakes are of the kind that an editor can see.
    assert!(refused > 9 * taken, "{refused} of the checker's refusals are the schema's, {taken} are not");
}
