//! No option is parsed and then ignored: every field of the grammar is changed, one at a time, and each change must alter
//! either what is simulated or the answer of the checker.
//!
//! `tests/silent/*.toml` are scenarios that together use every field, each where it matters. The program itself says
//! which fields there are: a field that no scenario uses fails the test as well.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use herdlab::measure::record::Record;
use herdlab::scenario::model::{Recommend, Sweep};
use herdlab::scenario::{Overrides, parse};
use rayon::prelude::*;
use support::simulate;
use toml::{Table, Value};

/// Fields whose change may leave everything as it is, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("practice.claim", "words that `herdlab claims` prints"),
    ("practice.text", "words that `herdlab claims` prints"),
];

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/silent");

fn scenarios() -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let source = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, Value::Table(source.parse::<Table>().unwrap()))
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// What the checker says, or what is simulated and what would be swept and looked for: all of the record but the text of the
/// scenario, and the tables of the two other commands, which tests/sweep.rs and tests/recommend.rs follow.
fn outcome(tree: &Value) -> Result<(Record, Option<Sweep>, Option<Recommend>), String> {
    let source = toml::to_string(tree).unwrap();
    let experiment = parse(&source, "silent.toml", Path::new(FOLDER), &Overrides::default())
        .map_err(|problems| problems.to_string())?;
    let mut record = simulate(&experiment, 1);
    record.scenario.source.clear();
    record.scenario.digest.clear();
    Ok((record, experiment.sweep, experiment.recommend))
}

/// One step towards a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// The places of all values that are no tables, and of their changes.
fn leaves(value: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                path.push(Step::Key(key.clone()));
                leaves(value, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                path.push(Step::Index(index));
                leaves(value, path, found);
                path.pop();
            }
        }
        _ => found.push(path.clone()),
    }
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()).unwrap(),
        Step::Index(index) => value.get_mut(*index).unwrap(),
    })
}

/// `tier.refresh.xfetch.beta`: a path without places in lists. What a variant sets is a path already.
fn name(path: &[Step]) -> String {
    let keys = path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

/// Other values of the same kind, near and far: `"5ms"` becomes `"9ms"` and `"155ms"`; a word that is no quantity becomes another
/// word of the grammar.
fn changed(value: &Value) -> Vec<Value> {
    match value {
        Value::Boolean(truth) => vec![Value::Boolean(!truth)],
        Value::Integer(number) => vec![Value::Integer(number + 1), Value::Integer(number * 3 + 2)],
        Value::Float(number) => vec![Value::Float(number * 0.5), Value::Float(number * 1.5 + 0.01)],
        Value::String(text) => {
            let digits = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').count();
            let (number, unit) = text.split_at(digits);
            match number.parse::<f64>() {
                Ok(number) if !unit.is_empty() && !unit.starts_with('-') => {
                    vec![number * 0.5, number * 2.0 + 1.0, number * 30.0 + 5.0]
                        .into_iter()
                        .map(|number| Value::String(format!("{}{unit}", number.round().max(1.0))))
                        .collect()
                }
                _ => vec![Value::String(format!("{text}x"))],
            }
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_field_matters() {
    let mut silent = BTreeSet::new();
    let mut heard = BTreeSet::new();
    for (file, tree) in scenarios() {
        let before = outcome(&tree).unwrap_or_else(|problems| panic!("{file}: {problems}"));
        let mut places = Vec::new();
        leaves(&tree, &mut Vec::new(), &mut places);
        let verdicts: Vec<(String, bool)> = places
            .par_iter()
            .map(|place| {
                let matters = changed(at(&mut tree.clone(), place)).into_iter().any(|value| {
                    let mut other = tree.clone();
                    *at(&mut other, place) = value;
                    outcome(&other).as_ref() != Ok(&before)
                });
                (format!("{}: {}", file, name(place)), matters)
            })
            .collect();
        for (field, matters) in verdicts {
            if matters {
                heard.insert(field)
            } else {
                silent.insert(field)
            };
        }
    }
    let unheard: Vec<&String> = silent
        .iter()
        .filter(|field| {
            let path = field.split_once(": ").map_or("", |(_, path)| path);
            !heard.contains(*field) && !EXCEPTIONS.iter().any(|(known, _)| *known == path)
        })
        .collect();
    assert!(unheard.is_empty(), "these fields change nothing: {unheard:#?}");
}

/// Fields that the program knows in every table of a scenario, as its message about an unknown one lists them.
fn known_fields(tree: &Value, path: &mut Vec<Step>, found: &mut BTreeSet<String>) {
    let mut probe = tree.clone();
    let here = at(&mut probe, path);
    match here.clone() {
        Value::Table(table) => {
            here.as_table_mut().unwrap().insert("no_such_field".to_owned(), Value::Boolean(true));
            let source = toml::to_string(&probe).unwrap();
            let problems = match parse(&source, "silent.toml", Path::new(FOLDER), &Overrides::default()) {
                Ok(_) => panic!("{} takes any field", name(path)),
                Err(problems) => problems.to_string(),
            };
            let at = name(path);
            let of_this = problems.split("unknown field `no_such_field`").nth(1);
            for field in
                of_this.and_then(|text| text.split("known fields: ").nth(1)).into_iter().flat_map(|text| {
                    text.lines().next().unwrap_or_default().split(", ").map(str::trim).collect::<Vec<_>>()
                })
            {
                found.insert(if at.is_empty() { field.to_owned() } else { format!("{at}.{field}") });
            }
            for key in table.keys().filter(|key| *key != "set") {
                path.push(Step::Key(key.clone()));
                known_fields(tree, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for index in 0..items.len() {
                path.push(Step::Index(index));
                known_fields(tree, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

#[test]
fn every_known_field_is_among_them() {
    let mut known = BTreeSet::new();
    let mut used = BTreeSet::new();
    for (_, tree) in scenarios() {
        known_fields(&tree, &mut Vec::new(), &mut known);
        let mut places = Vec::new();
        leaves(&tree, &mut Vec::new(), &mut places);
        for place in places {
            for length in 1..=place.len() {
                used.insert(name(&place[..length]));
            }
        }
    }
    let unused: Vec<&String> = known.difference(&used).collect();
    assert!(known.len() > 100, "{known:?}");
    assert!(unused.is_empty(), "no scenario of tests/silent uses {unused:#?}");
}
