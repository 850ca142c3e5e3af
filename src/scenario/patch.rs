//! The text of a scenario with some values exchanged: comments, order and layout stay.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::axes::{event_labels, names};
use crate::declare::file::{self, parse_document};

/// A number that nobody writes.
const IN_PLACE_OF_A_SEED: &str = "9223372036854775783";

/// Tables about the results of the scenario as it was.
const ABOUT_RESULTS: &[&str] = &["answer", "practice"];

/// The scenario with these (path, TOML value) set in the file itself, without the author's answer and findings, which are about
/// another system. `None` where the text is no TOML, or a path leads nowhere.
///
/// ```
/// use herdlab::scenario::patch::patched;
/// let source = "[[tier]]\nname = \"l2\"\nttl = \"60s\" # for now\n";
/// let set = [("tier.l2.ttl".to_owned(), "\"30s\"".to_owned())];
/// assert_eq!(patched(source, &set).unwrap(), "[[tier]]\nname = \"l2\"\nttl = \"30s\" # for now\n");
/// ```
pub fn patched(source: &str, settings: &[(String, String)]) -> Option<String> {
    // The library reads whole numbers of 63 bits, and seeds have 64.
    let (tree, _) = parse_document(source, 0);
    let seed = tree
        .get("seed")
        .filter(|node| matches!(node.value, file::Value::Integer(seed) if seed > i64::MAX.into()));
    let seed = seed.and_then(|node| source.get(node.span.start..node.span.end));
    let readable =
        seed.map_or_else(|| source.to_owned(), |seed| source.replacen(seed, IN_PLACE_OF_A_SEED, 1));
    let mut document: DocumentMut = readable.parse().ok()?;
    for (path, toml) in settings {
        set(&mut document, source, path, toml.parse().ok()?)?;
    }
    if !settings.is_empty() {
        ABOUT_RESULTS.iter().for_each(|table| drop(document.remove(table)));
    }
    let text = document.to_string();
    Some(match seed {
        Some(seed) => text.replacen(IN_PLACE_OF_A_SEED, seed, 1),
        None => text,
    })
}

/// The scenario without these options; one that it does not have is no mistake. `None` where the text is no TOML.
///
/// ```
/// use herdlab::scenario::patch::without;
/// let source = "[[tier]]\nname = \"l2\"\nnetwork = \"1ms\"\nttl = \"60s\"\n";
/// let paths = ["tier.l2.network".to_owned(), "database.network".to_owned()];
/// assert_eq!(without(source, &paths).unwrap(), "[[tier]]\nname = \"l2\"\nttl = \"60s\"\n");
/// ```
pub fn without(source: &str, paths: &[String]) -> Option<String> {
    let mut document: DocumentMut = source.parse().ok()?;
    for path in paths {
        let (table, rest) = place(&mut document, source, path)?;
        if let Some(table) = table {
            remove(table, &rest);
        }
    }
    Some(document.to_string())
}

fn remove(table: &mut dyn TableLike, segments: &[&str]) {
    match segments {
        [] => {}
        [last] => drop(table.remove(last)),
        [first, rest @ ..] => {
            if let Some(inner) = table.get_mut(first).and_then(Item::as_table_like_mut) {
                remove(inner, rest);
            }
        }
    }
}

fn set(document: &mut DocumentMut, source: &str, path: &str, value: Value) -> Option<()> {
    let (table, rest) = place(document, source, path)?;
    within(table?, &rest, value)
}

/// The table that a path begins in, and the rest of the path; no table where an element of a list has no such name.
fn place<'d, 'p>(
    document: &'d mut DocumentMut,
    source: &str,
    path: &'p str,
) -> Option<(Option<&'d mut dyn TableLike>, Vec<&'p str>)> {
    let segments: Vec<&str> = path.split('.').collect();
    match segments.as_slice() {
        [list @ ("tier" | "class" | "event"), name, rest @ ..] => {
            let (tree, _) = parse_document(source, 0);
            let elements = tree.elements(list);
            let labels = if *list == "event" { event_labels(elements) } else { names(elements) };
            let Some(index) = labels.iter().position(|label| label == name) else {
                return Some((None, Vec::new()));
            };
            let element: &mut dyn TableLike = match document.get_mut(list)? {
                Item::ArrayOfTables(tables) => tables.get_mut(index)?,
                Item::Value(Value::Array(items)) => items.get_mut(index)?.as_inline_table_mut()?,
                _ => return None,
            };
            Some((Some(element), rest.to_vec()))
        }
        _ => Some((Some(document.as_table_mut()), segments)),
    }
}

fn within(table: &mut dyn TableLike, segments: &[&str], value: Value) -> Option<()> {
    let (segment, rest) = segments.split_first()?;
    if rest.is_empty() {
        match table.get_mut(segment) {
            Some(Item::Value(known)) => {
                // What stands around a value, its comment among it, stays there.
                let around = known.decor().clone();
                *known = value;
                *known.decor_mut() = around;
            }
            Some(known) => *known = Item::Value(value),
            None => drop(table.insert(segment, Item::Value(value))),
        }
        return Some(());
    }
    if !table.contains_key(segment) {
        let mut inner = Table::new();
        inner.set_implicit(false);
        table.insert(segment, Item::Table(inner));
    }
    within(table.get_mut(segment)?.as_table_like_mut()?, rest, value)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::digest::fingerprint;
    use crate::scenario::knobs::knobs;
    use crate::scenario::{Overrides, bundled, parse};

    fn of(source: &str, path: &str, toml: &str) -> String {
        patched(source, &[(path.to_owned(), toml.to_owned())]).unwrap()
    }

    #[test]
    fn a_value_that_is_not_there_gets_a_place() {
        let source = "question = \"?\"\n\n[[tier]]\nname = \"l2\"\n\n[database]\nread = \"5ms\"\n";
        assert!(of(source, "tier.l2.jitter", "{ around = \"10%\" }").contains("name = \"l2\"\njitter = {"));
        assert!(of(source, "database.pool", "8").ends_with("read = \"5ms\"\npool = 8\n"));
        assert!(of(source, "coalescing", "\"singleflight\"").starts_with("question = \"?\"\ncoalescing = "));
        assert!(of(source, "clients.instances", "4").contains("[clients]\ninstances = 4\n"));
        let large = format!("seed = {}\n{source}", u64::MAX);
        assert!(of(&large, "database.pool", "8").starts_with("seed = 18446744073709551615\nquestion"));
        assert_eq!(patched(source, &[("tier.l3.ttl".to_owned(), "1".to_owned())]), None);
    }

    /// The text with a value in it means what the file with `--set` means, for the last value of every knob of every scenario. What
    /// switches a tier off may leave settings without effect, which are refused in a file and not on the command line.
    #[test]
    fn the_text_means_what_the_command_means() {
        let (mut tried, mut refused) = (0, 0);
        for scenario in bundled::all() {
            let (path, base) = (scenario.path(), Path::new("scenarios"));
            let own = Overrides::default();
            for knob in knobs(scenario.source, &path, base, &own, &[]).unwrap() {
                let value = knob.values.iter().rfind(|value| **value != knob.values[knob.today]).unwrap();
                let setting = (knob.path.clone(), value.toml.clone());
                let text = patched(scenario.source, std::slice::from_ref(&setting)).unwrap();
                let set = Overrides { set: vec![setting], ..Overrides::default() };
                let prints = |experiment: crate::model::Experiment| -> Vec<String> {
                    experiment.variants.iter().map(|one| fingerprint(&one.model, experiment.seed)).collect()
                };
                let asked = parse(scenario.source, &path, base, &set).unwrap();
                match parse(&text, &path, base, &own) {
                    Ok(copied) => {
                        assert_eq!(prints(copied), prints(asked), "{}: {}", scenario.name, knob.path)
                    }
                    Err(problems) => {
                        assert!(problems.to_string().contains("does not apply"), "{problems}");
                        refused += 1;
                    }
                }
                tried += 1;
            }
        }
        assert!(tried > 200 && refused * 20 < tried, "{refused} of {tried} knobs");
    }
}
