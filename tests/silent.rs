//! No option is parsed and then ignored: every field of the grammar is changed, one at a time, and each change must alter
//! either what is simulated or the answer of the checker.
//!
//! `tests/silent/*.toml` are scenarios that together use every field, each where it matters. The program itself says
//! which fields there are: a field that no scenario uses fails the test as well.

#[path = "support/fields.rs"]
mod fields;
mod support;

use std::collections::BTreeSet;
use std::path::Path;

use fields::{FOLDER, at, known_fields, leaves, name, scenarios};
use herdlab::measure::record::Record;
use herdlab::scenario::model::{Recommend, Sweep};
use herdlab::scenario::{Overrides, parse};
use rayon::prelude::*;
use support::simulate;
use toml::Value;

/// Fields whose change may leave everything as it is, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("practice.claim", "words that `herdlab claims` prints"),
    ("practice.text", "words that `herdlab claims` prints"),
];

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
