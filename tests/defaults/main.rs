//! Every default that docs/scenarios.md states is the one that holds: leaving an option out means what the default written out
//! means.

#[path = "../support/fields.rs"]
mod fields;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fields::{FOLDER, Step, at, scenarios};
use herdlab::reference::options::{self, Opt};
use herdlab::reference::pages;
use herdlab::scenario::{Overrides, parse};
use toml::{Table, Value};
use words::{NOT_LITERAL, STATED};

const PLAIN: &str = r#"
question = "?"
duration = "10s"
[workload]
arrivals = { poisson = { rate = 100 } }
keys = 100
write_share = 0.1
[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
[database]
read = "5ms"
[[event]]
label = "e"
at = "3s"
what = { flush = { tier = "l2" } }
"#;

#[test]
fn a_default_that_is_stated_in_words_holds() {
    // A line of the page may end anywhere between two words.
    let page = include_str!("../../docs/scenarios.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut wrong = Vec::new();
    for (path, words, left_out, written, common) in STATED {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if !page.contains(&words) {
            wrong.push(format!("docs/scenarios.md does not say of {path}: {words}"));
        }
        let models = |setting: &str| {
            let own = setting.split_once('=').unwrap();
            let set = common.iter().chain([&own]).map(|(path, value)| (path.to_string(), value.to_string()));
            let overrides = Overrides { set: set.collect(), ..Overrides::default() };
            let experiment = parse(PLAIN, "plain.toml", Path::new(""), &overrides);
            let experiment = experiment.unwrap_or_else(|problems| panic!("{path}: {setting}\n{problems}"));
            format!("{:?}", experiment.variants)
        };
        if models(left_out) != models(written) {
            wrong.push(format!("{path}: {left_out} is not {written}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a class leaves out is that of `[workload]`, and of the database.
#[test]
fn a_class_has_the_options_of_the_workload() {
    let class = |workload: &str, class: &str| {
        let source = PLAIN.replace("keys = 100\nwrite_share = 0.1\n", workload)
            + &format!("[[class]]\nname = \"c\"\nshare = 1\nkeys = 50\n{class}\n");
        let experiment = parse(&source, "class.toml", Path::new(""), &Overrides::default());
        let model =
            experiment.unwrap_or_else(|problems| panic!("{source}\n{problems}")).variants.remove(0).model;
        format!("{model:?}")
    };
    for option in [
        "exists_share = 0.3",
        "keys_per_request = 3",
        "write_share = 0.3",
        "value_size = \"7kB\"",
        "key_size = \"70B\"",
        "keys_per_entity = 3\nwrite_share = 0.3",
    ] {
        let writes = format!("{option}\n");
        assert_eq!(class(&writes, ""), class("", option), "{option}");
        assert_ne!(class(&writes, ""), class("", ""), "{option}");
    }
    // Of an absent class no row is written, unless it says so itself.
    let absent = |class_options: &str| {
        let source = PLAIN.replace("keys = 100\n", "keys_per_entity = 3\n")
            + "[[class]]\nname = \"rows\"\nshare = 0.5\nkeys = 50\n\
               [[class]]\nname = \"none\"\nshare = 0.5\nkeys = 50\nabsent = true\n"
            + class_options;
        let experiment = parse(&source, "class.toml", Path::new(""), &Overrides::default());
        format!("{:?}", experiment.unwrap_or_else(|problems| panic!("{source}\n{problems}")).variants)
    };
    assert_eq!(absent(""), absent("write_share = 0\n"));
    assert_eq!(absent("write_share = 0.1\n"), absent("write_share = 0.1\nkeys_per_entity = 1\n"));
}

/// Compared above.
const OF_A_CLASS: [&str; 6] = [
    "class.exists_share",
    "class.key_size",
    "class.keys_per_entity",
    "class.keys_per_request",
    "class.value_size",
    "class.write_share",
];

/// All that follows from a scenario, but for its text; `None` where it is refused.
fn meaning(tree: &Value) -> Option<String> {
    let source = toml::to_string(tree).unwrap();
    let mut experiment = parse(&source, "defaults.toml", Path::new(FOLDER), &Overrides::default()).ok()?;
    experiment.source.clear();
    // These name lines.
    experiment.lints.clear();
    Some(format!("{experiment:?}"))
}

/// The places of all tables with this path, lists gone through.
fn places(value: &Value, path: &[&str], here: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                here.push(Step::Index(index));
                places(item, path, here, found);
                here.pop();
            }
        }
        Value::Table(table) => match path {
            [] => found.push(here.clone()),
            [key, rest @ ..] => {
                if let Some(value) = table.get(*key) {
                    here.push(Step::Key((*key).to_owned()));
                    places(value, rest, here, found);
                    here.pop();
                }
            }
        },
        _ => {}
    }
}

/// The default as a value: of `20, within the bounds` what stands before the comma, of `none` the word.
fn literal(option: &Opt, default: &str) -> Option<Value> {
    if let Some(word) = option.field.unless().filter(|word| default == *word) {
        return Some(Value::String(word.to_owned()));
    }
    let of = |text: &str| format!("x = {text}").parse::<Table>().ok()?.remove("x");
    of(default).or_else(|| of(default.split_once(", ")?.0))
}

/// The default of an option as the page has it.
fn documented(option: &Opt) -> Option<String> {
    let rows = pages::rows();
    let row = rows.iter().find(|row| {
        row.section == option.table
            && row.default.is_some()
            && row.names.iter().any(|name| *name == option.field.name)
    })?;
    row.default.clone()
}

#[test]
fn an_option_left_out_is_its_documented_default() {
    let scenarios = scenarios();
    let (mut wrong, mut silent, mut literals) = (Vec::new(), BTreeMap::new(), 0);
    for option in
        options::all().iter().filter(|option| !option.field.is_required() && option.field.words.is_empty())
    {
        let default = documented(option);
        let Some(value) = default.as_deref().and_then(|default| literal(option, default)) else {
            silent.insert(option.path.clone(), default);
            continue;
        };
        literals += 1;
        let path: Vec<&str> = option.table.split('.').filter(|step| !step.is_empty()).collect();
        let mut compared = 0;
        for (file, tree) in &scenarios {
            let mut found = Vec::new();
            places(tree, &path, &mut Vec::new(), &mut found);
            for place in found {
                let with = |value: Option<&Value>| {
                    let mut tree = tree.clone();
                    let table = at(&mut tree, &place).as_table_mut().unwrap();
                    match value {
                        Some(value) => _ = table.insert(option.field.name.to_owned(), value.clone()),
                        None => _ = table.remove(option.field.name),
                    }
                    meaning(&tree)
                };
                if let (Some(left_out), Some(written)) = (with(None), with(Some(&value))) {
                    compared += 1;
                    if left_out != written {
                        wrong.push(format!(
                            "{file}: {} = {value} is not what leaving it out means",
                            option.path
                        ));
                    }
                }
            }
        }
        if compared == 0 {
            silent.insert(option.path.clone(), default);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let excepted: BTreeSet<&str> = NOT_LITERAL
        .iter()
        .map(|(path, _)| *path)
        .chain(STATED.iter().map(|(path, ..)| *path))
        .chain(OF_A_CLASS)
        .collect();
    let untested: Vec<_> = silent.iter().filter(|(path, _)| !excepted.contains(path.as_str())).collect();
    assert!(untested.is_empty(), "{literals} defaults; not compared: {untested:#?}");
}
