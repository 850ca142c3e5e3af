//! Blocks of TOML check as scenarios, or as parts of one.

use std::path::Path;

use herdlab::reference::schema::schema;
use herdlab::scenario::{Overrides, parse};
use toml::{Table, Value};

use crate::pages::{self, ROOT};

/// What a part of a scenario is completed to.
const REST: &str = r#"
question = "?"
duration = "2m"
warmup = "1s"
[clients]
instances = 2
[workload]
arrivals = { poisson = { rate = 10 } }
keys = 100
write_share = "1%"
[[tier]]
name = "l2"
scope = "shared"
ttl = "5m"
capacity = "64MB"
eviction = "allkeys-lru"
[database]
read = "5ms"
pool = 4
servers = 4
[[variant]]
name = "one tier"
[[variant]]
name = "two tiers"
set = { coalescing = "singleflight" }
"#;

/// Puts a part over the rest; tables of a list meet by their names.
fn over(rest: &mut Table, part: Table) {
    for (key, value) in part {
        match (rest.get_mut(&key), value) {
            // A choice such as the arrivals is taken whole.
            (Some(Value::Table(old)), Value::Table(new)) if old.len() > 1 => over(old, new),
            (Some(Value::Array(old)), Value::Array(new)) if old.iter().all(Value::is_table) => {
                for entry in new {
                    let named = |other: &&mut Value| other.get("name") == entry.get("name");
                    match (old.iter_mut().find(named), entry) {
                        (Some(Value::Table(old)), Value::Table(new)) => over(old, new),
                        (_, entry) => old.push(entry),
                    }
                }
            }
            (_, value) => drop(rest.insert(key, value)),
        }
    }
}

#[test]
fn every_block_of_toml_is_a_scenario_or_a_part_of_one() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let (mut whole, mut parts) = (0, 0);
    for page in pages::all() {
        for block in page.blocks().iter().filter(|block| block.language == "toml") {
            let folder = Path::new(ROOT).join("scenarios");
            let checked = |text: &str| parse(text, "block.toml", &folder, &Overrides::default());
            if block.comment.starts_with("append:") {
                continue; // The commands of the page run it.
            }
            let part: Table = block
                .text
                .parse()
                .unwrap_or_else(|problem| panic!("{}: {problem}\n{}", page.name, block.text));
            if part.contains_key("question") {
                checked(&block.text).unwrap_or_else(|problems| panic!("{}: {problems}", page.name));
                whole += 1;
                continue;
            }
            // Of files that a reader has, names and types are all that can be checked.
            let has_files = block.text.contains("file = ");
            let mut scenario: Table = REST.parse().unwrap();
            over(&mut scenario, part);
            let instance = serde_json::to_value(&scenario).unwrap();
            let problems: Vec<String> =
                validator.iter_errors(&instance).map(|problem| problem.to_string()).collect();
            assert!(problems.is_empty(), "{}: {problems:?}\n{}", page.name, block.text);
            if !has_files {
                let text = toml::to_string(&scenario).unwrap();
                checked(&text).unwrap_or_else(|problems| panic!("{}: {problems}\n{text}", page.name));
            }
            parts += 1;
        }
    }
    assert!(whole >= 9 && parts >= 8, "{whole} scenarios and {parts} parts");
}
