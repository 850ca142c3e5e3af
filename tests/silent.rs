//! No option is parsed and then ignored: every field of the grammar is changed, one at a time, and each change must alter
//! either what is simulated or the answer of the checker.
//!
//! `tests/silent/*.toml` are scenarios that together use the options, each where it matters. An option that none of them uses is
//! tried in all of them with values of its kind, as its declaration has it.

#[path = "support/fields.rs"]
mod fields;
mod support;

use std::collections::BTreeSet;
use std::path::Path;

use fields::{FOLDER, Step, at, leaves, name, scenarios};
use herdlab::declare::kind::Kind;
use herdlab::model::{Model, Recommend, Sweep};
use herdlab::record::Record;
use herdlab::reference::options::{self, Opt};
use herdlab::scenario::describe::describe;
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
fn an_option_that_no_scenario_uses_matters_in_one_of_them() {
    let scenarios = scenarios();
    let mut used = BTreeSet::new();
    for (_, tree) in &scenarios {
        let mut places = Vec::new();
        leaves(tree, &mut Vec::new(), &mut places);
        for place in places {
            used.extend((1..=place.len()).map(|length| name(&place[..length])));
        }
    }
    let matters = |option: &Opt| {
        scenarios.iter().any(|(_, tree)| {
            let mut found = Vec::new();
            tables(tree, &mut Vec::new(), &mut found);
            found.retain(|(place, _)| name(place) == option.table);
            let before = outcome(tree);
            found.iter().any(|(place, _)| {
                samples(&option.field.kind).into_iter().any(|value| {
                    let mut other = tree.clone();
                    let table = at(&mut other, place).as_table_mut().unwrap();
                    table.insert(option.field.name.to_owned(), value);
                    let after = outcome(&other);
                    after.is_ok() && after != before
                })
            })
        })
    };
    let silent: Vec<String> = options::all()
        .into_iter()
        // A possibility that no scenario chooses has no table in it.
        .filter(|option| option.table.is_empty() || used.contains(&option.table))
        .filter(|option| !used.contains(&option.path) && !matters(option))
        .map(|option| option.path)
        .collect();
    assert!(
        silent.is_empty(),
        "no scenario of tests/silent uses {silent:#?}, nor does a value of their kind matter in one"
    );
}

/// Values of a kind; none where they have to be made up.
fn samples(kind: &Kind) -> Vec<Value> {
    let texts = |texts: &[&str]| texts.iter().map(|text| Value::String((*text).to_owned())).collect();
    match kind {
        Kind::Duration { .. } | Kind::RandomTime => texts(&["1ms", "3ms", "2s"]),
        Kind::FineDuration => texts(&["0.5ns", "3us"]),
        Kind::Size | Kind::RandomSize => texts(&["100B", "5kB"]),
        Kind::Rate => texts(&["10/s", "1000/s"]),
        Kind::Bandwidth => texts(&["1MB/s"]),
        Kind::Share { .. } => texts(&["10%", "50%"]),
        Kind::Number { .. } | Kind::Positive { .. } => vec![Value::Float(0.5), Value::Float(3.0)],
        Kind::Whole { least, .. } => {
            vec![1, 3, 50].into_iter().map(|n| Value::Integer(*least as i64 + n)).collect()
        }
        Kind::Truth => vec![Value::Boolean(false), Value::Boolean(true)],
        Kind::Words(words) => texts(words),
        Kind::Either(kinds) => kinds.iter().flat_map(samples).collect(),
        Kind::Choice(choice) => {
            choice.tags.iter().filter(|tag| tag.plain).map(|tag| Value::String(tag.name.to_owned())).collect()
        }
        _ => Vec::new(),
    }
}

/// The places of all tables, and the names of what is in them.
fn tables(value: &Value, path: &mut Vec<Step>, found: &mut Vec<(Vec<Step>, Vec<String>)>) {
    match value {
        Value::Table(table) => {
            found.push((path.clone(), table.keys().cloned().collect()));
            for (key, value) in table {
                path.push(Step::Key(key.clone()));
                tables(value, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                path.push(Step::Index(index));
                tables(value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn without(tree: &Value, table: &[Step], fields: &[&String]) -> Value {
    let mut tree = tree.clone();
    let entries = at(&mut tree, table).as_table_mut().unwrap();
    fields.iter().for_each(|field| _ = entries.remove(*field));
    tree
}

/// Takes one option after the other away from each table, and then a second one: what the second one did before, it does still,
/// or it was refused as soon as the first one was gone.
#[test]
fn no_option_is_left_without_what_it_needs() {
    let mut silent = Vec::new();
    for (file, tree) in scenarios() {
        let before = outcome(&tree);
        let mut places = Vec::new();
        tables(&tree, &mut Vec::new(), &mut places);
        places.retain(|(_, fields)| fields.len() > 1);
        let found: Vec<String> = places
            .par_iter()
            .flat_map_iter(|(table, fields)| {
                // What can be left out, and does something.
                let alone: Vec<(&String, _)> = (fields.iter())
                    .filter_map(|field| Some((field, outcome(&without(&tree, table, &[field])).ok()?)))
                    .collect();
                let mut found = Vec::new();
                for (first, one) in &alone {
                    for (second, other) in &alone {
                        let matters = before.as_ref() != Ok(other);
                        if first != second && matters {
                            let both = outcome(&without(&tree, table, &[first, second]));
                            if both.as_ref() == Ok(one) {
                                found.push(format!("{file}: {}.{second} without {first}", name(table)));
                            }
                        }
                    }
                }
                found
            })
            .collect();
        silent.extend(found);
    }
    silent.retain(|pair| !NOT_NEEDED.iter().any(|(known, _)| pair.ends_with(known)));
    assert!(silent.is_empty(), "these do nothing: {silent:#?}");
}

/// Pairs that are right, and why.
const NOT_NEEDED: &[(&str, &str)] = &[
    (
        "tier.breaker.minimum without probes",
        "with the usual number of probes it opens at the same lookups here",
    ),
    ("tier.breaker.minimum without window", "the usual window is longer, and always has as many lookups"),
    ("back.toml: .allow without writes", "the lint that it allows is about these writes"),
    ("database.retries.max without factor", "twice the backoff is the maximum here"),
    ("tier.on_failure without pool_timeout", "the timeout never passes here"),
    ("breaker.window without probes", "no window is left before it opens here"),
    ("breaker.probes without window", "it does not close again here"),
    ("redis.toml: .clients without event", "three caches by key hold what one would"),
    ("autoscale.least without down_after", "in five minutes there is always a look here that wants more"),
    ("autoscale.tolerance without down_after", "the same: what is one too many stays"),
    ("autoscale.tolerance without every", "the looks that are within it are others"),
    ("autoscale.tolerance without startup", "the looks that are within it are others"),
];

/// A scenario with an option and without what it needs, the title of the refusal, and what is added so that it is accepted.
#[test]
fn an_option_is_refused_where_no_variant_has_what_it_needs() {
    let refusal = |database: &str, rest: &str| {
        let source = format!(
            "question = \"?\"\nduration = \"1s\"\n[database]\nread = \"5ms\"\n{database}\n[workload]\n\
             arrivals = {{ poisson = {{ rate = 10 }} }}\n{rest}"
        );
        parse(&source, "x.toml", Path::new(FOLDER), &Overrides::default())
            .err()
            .map(|found| found.to_string())
    };
    const KEYS: &str = "keys = 10\n";
    const TIER: &str = "keys = 10\n[[tier]]\nname = \"l2\"\nscope = \"shared\"\nttl = \"1s\"\n";
    const VARIANT: &str = "[[variant]]\nname = \"a\"\n[[variant]]\nname = \"b\"\nset = ";
    for (database, rest, title, way_out) in [
        ("pool_timeout = \"1s\"", KEYS.to_owned(), "database.pool_timeout", "{ \"database.pool\" = 2 }"),
        (
            "cancel_on_timeout = true",
            KEYS.into(),
            "database.cancel_on_timeout",
            "{ \"database.timeout\" = \"1s\" }",
        ),
        ("row_lock = true", KEYS.into(), "database.row_lock", "{ \"workload.write_share\" = 0.1 }"),
        (
            "connect = \"3ms\"",
            KEYS.into(),
            "database.connect",
            "{ \"database.pool\" = 2, \"database.timeout\" = \"1s\", \"database.close_on_timeout\" = true }",
        ),
        (
            "close_on_timeout = true",
            KEYS.into(),
            "database.close_on_timeout",
            "{ \"database.timeout\" = \"1s\", \"database.pool\" = 2 }",
        ),
        ("late_fill = false", KEYS.into(), "database.late_fill", "{ \"database.timeout\" = \"1s\" }"),
        ("retries = { attempts = 2 }", KEYS.into(), "database.retries", "{ \"database.timeout\" = \"1s\" }"),
        (
            "timeout = \"1s\"\nretries = { attempts = 2, jitter = 0.5 }",
            KEYS.into(),
            "database.retries.jitter",
            "{ \"database.retries.backoff\" = \"1ms\" }",
        ),
        (
            "timeout = \"1s\"\nretries = { attempts = 2, backoff = \"1ms\", factor = 3.0 }",
            KEYS.into(),
            "database.retries.factor",
            "{ \"database.retries.attempts\" = 3 }",
        ),
        (
            "breaker = { failures = 0.5, open = \"1s\" }",
            KEYS.into(),
            "database.breaker",
            "{ \"clients.deadline\" = \"1s\" }",
        ),
        ("write = \"1ms\"", KEYS.into(), "database.write", "{ \"workload.write_share\" = 0.1 }"),
        ("", format!("{TIER}pool_timeout = \"1s\"\n"), "tier.l2.pool_timeout", "{ \"tier.l2.pool\" = 1 }"),
        (
            "",
            format!("{TIER}on_failure = \"error\"\n"),
            "tier.l2.on_failure",
            "{ \"tier.l2.timeout\" = \"1s\" }",
        ),
        (
            "",
            format!("{TIER}breaker = {{ failures = 0.5, open = \"1s\" }}\n"),
            "tier.l2.breaker",
            "{ \"tier.l2.timeout\" = \"1s\" }",
        ),
        (
            "",
            format!("{TIER}[writes]\nstrategy = \"update\"\n"),
            "writes.strategy",
            "{ \"workload.write_share\" = 0.1 }",
        ),
        (
            "",
            format!("{KEYS}[clients]\nroute = \"sticky\"\n"),
            "clients.route",
            "{ \"clients.instances\" = 2 }",
        ),
        (
            "",
            format!("{TIER}[measure]\nwire = true\n").replace("\"shared\"", "\"instance\""),
            "measure.wire",
            "{ \"tier.l2.scope\" = \"shared\" }",
        ),
    ] {
        let told = refusal(database, &rest).unwrap_or_else(|| panic!("{title} is taken"));
        assert!(told.contains(&format!("{title} does not apply")), "{title}: {told}");
        // One variant that has it is enough.
        assert_eq!(refusal(database, &format!("{rest}{VARIANT}{way_out}\n")), None, "{title}");
    }
    for table in ["observed", "clients", "measure", "writes", "invalidation"] {
        let told = refusal("", &format!("{KEYS}[{table}]\n")).unwrap_or_else(|| panic!("[{table}] is taken"));
        assert!(told.contains(&format!("{table} is empty")), "{told}");
    }
    let class = "write_share = 0.1\n[[class]]\nname = \"c\"\nshare = 1\nkeys = 5\nwrite_share = 0.2\n";
    assert!(refusal("", class).unwrap().contains("workload.write_share does not apply"));
}

/// What `herdlab check` shows elsewhere, or another command shows.
const NOT_OF_THE_MODEL: &[(&str, &str)] = &[
    ("name", "the folder of the report"),
    ("question", "the first line"),
    ("seed", "part of the digest"),
    ("replications", "below the variants"),
    ("precision", "below the variants"),
    ("headline", "below the variants"),
    ("baseline", "beside the name of the variant"),
    ("threshold", "below the variants"),
    ("allow", "lints"),
    ("observed", "production, which is compared in the report"),
    ("answer", "words"),
    ("practice", "words"),
    ("sweep", "`herdlab sweep`"),
    ("recommend", "`herdlab recommend`"),
];

/// Each option of the model, changed or left out, changes the words in which `herdlab check` describes it.
#[test]
fn check_describes_every_option() {
    // What the models are, and the words for them.
    let words = |tree: &Value| {
        let source = toml::to_string(tree).unwrap();
        let experiment = parse(&source, "silent.toml", Path::new(FOLDER), &Overrides::default()).ok()?;
        let model = |model: &Model| (serde_json::to_string(model).unwrap(), describe(model));
        Some(experiment.variants.iter().map(|variant| model(&variant.model)).unzip::<_, _, Vec<_>, Vec<_>>())
    };
    let (mut told, mut untold) = (BTreeSet::new(), BTreeSet::new());
    for (file, tree) in scenarios() {
        let (models, before) = words(&tree).unwrap_or_else(|| panic!("{file} is refused"));
        let mut places = Vec::new();
        leaves(&tree, &mut Vec::new(), &mut places);
        for place in places {
            let path = name(&place);
            if NOT_OF_THE_MODEL.iter().any(|(part, _)| path.split('.').next() == Some(part)) {
                continue;
            }
            let mut others: Vec<Value> = changed(at(&mut tree.clone(), &place))
                .into_iter()
                .map(|value| {
                    let mut other = tree.clone();
                    *at(&mut other, &place) = value;
                    other
                })
                .collect();
            if let Some((Step::Key(key), table)) = place.split_last() {
                others.push(without(&tree, table, &[key]));
            }
            let sound = others.iter().filter_map(words);
            let mut sound = sound.filter(|(other, _)| *other != models).peekable();
            // A word that has no other and is the default, or cannot be left out.
            if sound.peek().is_none() {
                continue;
            }
            if sound.any(|(_, after)| after != before) {
                told.insert(path)
            } else {
                untold.insert(path)
            };
        }
    }
    let untold: Vec<&String> = untold.difference(&told).collect();
    assert!(told.len() > 100, "{told:?}");
    assert!(untold.is_empty(), "`herdlab check` does not tell of {untold:#?}");
}
