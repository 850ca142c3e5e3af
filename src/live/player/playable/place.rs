//! Where an option stands: in the file, in a variant, or on the command line.

use crate::declare::diagnostic::{Source, Span};
use crate::declare::file::{Node, Value, parse_document};
use crate::model::{Experiment, Variant};
use crate::units;

/// The texts that places are in: the file, and the settings of the command line.
pub(super) fn sources(experiment: &Experiment) -> Vec<Source> {
    let file = Source { name: experiment.source_path.clone(), text: experiment.source.clone() };
    let options = experiment.overrides.iter();
    let options = options.map(|text| Source { name: format!("--set {text}"), text: text.clone() });
    [file].into_iter().chain(options).collect()
}

/// Whether a setting at `set` decides about `path`.
fn decides(set: &str, path: &str) -> bool {
    let (set, path): (Vec<&str>, Vec<&str>) = (set.split('.').collect(), path.split('.').collect());
    path.starts_with(&set) || set.starts_with(&path)
}

/// The place of an option of a variant; `None`: the file does not name it.
pub(super) fn of(experiment: &Experiment, variant: &Variant, path: &str) -> Option<Span> {
    let (root, _) = parse_document(&experiment.source, 0);
    if let Some((set, _)) = variant.settings.iter().rev().find(|(set, _)| decides(set, path)) {
        let named = |node: &&Node| node.get("name").and_then(Node::as_str) == Some(&variant.name);
        let own = root.elements("variant").iter().find(named);
        if let Some(entry) = own
            .and_then(|own| own.get("set")?.as_table())
            .and_then(|entries| entries.iter().find(|entry| entry.key == *set))
        {
            return Some(entry.value.span);
        }
    }
    let typed = experiment
        .overrides
        .iter()
        .rposition(|text| text.split_once('=').is_some_and(|(set, _)| decides(set, path)));
    if let Some(number) = typed {
        return Some(Span { source: number + 1, start: 0, end: experiment.overrides[number].len() });
    }
    if let Some(label) = path.strip_prefix("event.") {
        return event(experiment, variant, &root, label);
    }
    deepest(&root, &path.split('.').collect::<Vec<_>>()).map(|node| node.span)
}

/// The value at a path, or the nearest table around it that is in the file.
fn deepest<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    let [first, rest @ ..] = path else { return Some(node) };
    match (&node.value, node.get(first)) {
        (Value::Array(items), _) => {
            let named = |item: &&Node| item.get("name").and_then(Node::as_str) == Some(first);
            deepest(items.iter().find(named)?, rest)
        }
        (_, Some(inner)) => deepest(inner, rest).or(Some(inner)),
        // A word in the place of a table, such as `arrivals = "closed"`.
        (Value::String(_), None) => Some(node),
        _ => None,
    }
}

/// An event by its instant and its kind: a label may be derived.
fn event(experiment: &Experiment, variant: &Variant, root: &Node, label: &str) -> Option<Span> {
    let event = variant.model.events.iter().find(|event| event.label == label)?;
    let at = |node: &&Node| {
        node.get("at").and_then(Node::as_str).and_then(|text| units::parse_duration(text).ok())
            == Some(event.at_ns)
    };
    let labelled = |node: &&Node| node.get("label").and_then(Node::as_str) == Some(label);
    let all = root.elements("event");
    let found = all.iter().find(labelled).or_else(|| all.iter().find(at))?;
    debug_assert!(!experiment.source.is_empty());
    Some(found.get("what").unwrap_or(found).span)
}
