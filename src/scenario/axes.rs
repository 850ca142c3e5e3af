//! Variants and `--set`: one value of the tree exchanged for another, addressed by a dotted path.
//!
//! A path walks tables by key, and `[[tier]]`, `[[class]]` and `[[event]]` by name:
//! `tier.l2.ttl`, `class.users.share`, `event.flush-l2.at`, `database.pool`.

use crate::declare::diagnostic::{Diagnostic, Span, suggestion};
use crate::declare::file::{Entry, Node, Value};

/// Most parts of a path. The deepest one of the grammar has seven (`tier.l2.compress.decompress.per_byte` and the like);
/// whatever walks the tree nests as deep as it is.
const PARTS_MAX: usize = 32;

/// Sets `path` to `value`. The walk refuses unknown names; an unknown field at the end of the path is
/// left to the reader, which has the fields of every table.
pub(crate) fn set(root: &mut Node, path: &str, path_span: Span, value: Node) -> Result<(), Diagnostic> {
    let segments: Vec<&str> = path.split('.').map(str::trim).collect();
    if segments.iter().any(|segment| segment.is_empty()) {
        let help = "for example tier.l2.ttl, database.pool or class.users.share";
        return Err(Diagnostic::new(format!("`{path}` is not a path"), path_span, "").help(help));
    }
    if segments.len() > PARTS_MAX {
        let begin = segments[..4].join(".");
        let title = format!("`{begin}...` has {} parts, at most {PARTS_MAX} are read", segments.len());
        return Err(Diagnostic::new(title, path_span, "").help("for example tier.l2.ttl or database.pool"));
    }
    match segments.as_slice() {
        [list @ ("tier" | "class" | "event"), name, rest @ ..] => {
            let labels = if *list == "event" {
                event_labels(root.elements("event"))
            } else {
                names(root.elements(list))
            };
            let Some(index) = labels.iter().position(|label| label == name) else {
                let problem = unknown_name(list, name, &labels, path_span);
                return Err(match (rest, labels.first()) {
                    ([], Some(known)) => {
                        problem.help(format!("a path has the name before the option: {list}.{known}.{name}"))
                    }
                    _ => problem,
                });
            };
            let element = element_mut(root, list, index);
            match (element, rest) {
                (Some(element), []) => {
                    *element = value;
                    Ok(())
                }
                (Some(element), rest) => set_within(element, rest, path, path_span, value),
                (None, _) => Err(unknown_name(list, name, &labels, path_span)),
            }
        }
        segments => set_within(root, segments, path, path_span, value),
    }
}

/// The node at a path that [`set`] would replace; `None` where the tree has none there.
pub(crate) fn get<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    let segments: Vec<&str> = path.split('.').map(str::trim).collect();
    let (start, rest) = match segments.as_slice() {
        [list @ ("tier" | "class" | "event"), name, rest @ ..] => {
            let elements = root.elements(list);
            let labels = if *list == "event" { event_labels(elements) } else { names(elements) };
            (elements.get(labels.iter().position(|label| label == name)?)?, rest)
        }
        segments => (root, segments),
    };
    rest.iter().try_fold(start, |node, segment| node.get(segment))
}

fn element_mut<'a>(root: &'a mut Node, list: &str, index: usize) -> Option<&'a mut Node> {
    let Value::Table(entries) = &mut root.value else { return None };
    let entry = entries.iter_mut().find(|entry| entry.key == list)?;
    match &mut entry.value.value {
        Value::Array(items) => items.get_mut(index),
        _ => None,
    }
}

fn unknown_name(list: &str, name: &str, known: &[String], span: Span) -> Diagnostic {
    let title = format!("no [[{list}]] is called \"{name}\"");
    let label = suggestion(name, known.iter().map(String::as_str), "unknown name");
    let help = if known.is_empty() {
        format!("this scenario has no [[{list}]]")
    } else {
        format!("known: {}", known.join(", "))
    };
    Diagnostic::new(title, span, label).help(help)
}

fn set_within(
    node: &mut Node,
    segments: &[&str],
    path: &str,
    path_span: Span,
    value: Node,
) -> Result<(), Diagnostic> {
    let Some((segment, rest)) = segments.split_first() else {
        *node = value;
        return Ok(());
    };
    let kind = node.kind();
    let Value::Table(entries) = &mut node.value else {
        let walked = path.split('.').count() - segments.len();
        let parent = path.split('.').take(walked).collect::<Vec<_>>().join(".");
        let title = format!("`{path}` leads nowhere");
        let label = format!("{parent} is {kind} here, not a table");
        return Err(Diagnostic::new(title, path_span, label)
            .also(node.span, format!("{parent} is written here"))
            .help(format!("set {parent} as a whole")));
    };
    match entries.iter_mut().position(|entry| entry.key == *segment) {
        Some(index) => {
            let entry = &mut entries[index];
            if rest.is_empty() {
                // A wrong field name is reported where the path is written.
                entry.key_span = path_span;
            }
            set_within(&mut entry.value, rest, path, path_span, value)
        }
        None => {
            let mut child = Node { value: Value::Table(Vec::new()), span: path_span };
            set_within(&mut child, rest, path, path_span, value)?;
            entries.push(Entry { key: (*segment).to_owned(), key_span: path_span, value: child });
            Ok(())
        }
    }
}

/// The `name` of each element; empty where it has none.
pub(crate) fn names(elements: &[Node]) -> Vec<String> {
    elements
        .iter()
        .map(|element| element.get("name").and_then(Node::as_str).unwrap_or_default().to_owned())
        .collect()
}

/// The label of each event: its own, or one derived from what happens (`flush-l2`, `slow-database`,
/// `flush-l2-2`).
pub(crate) fn event_labels(events: &[Node]) -> Vec<String> {
    let own: Vec<Option<String>> =
        events.iter().map(|event| event.get("label").and_then(Node::as_str).map(str::to_owned)).collect();
    let mut labels: Vec<String> = Vec::new();
    for (event, own_label) in events.iter().zip(&own) {
        let label = own_label.clone().unwrap_or_else(|| {
            let stem = derived_label(event);
            let taken =
                |label: &String| labels.contains(label) || own.iter().flatten().any(|own| own == label);
            std::iter::once(stem.clone())
                .chain((2..).map(|number| format!("{stem}-{number}")))
                .find(|label| !taken(label))
                .unwrap_or(stem)
        });
        labels.push(label);
    }
    labels
}

fn derived_label(event: &Node) -> String {
    let what = event.get("what");
    let entry = what.and_then(Node::as_table).and_then(<[Entry]>::first);
    let kind = entry.map_or("event", |entry| entry.key.as_str());
    let whom = entry
        .and_then(|entry| entry.value.get("tier").or_else(|| entry.value.get("target")))
        .and_then(Node::as_str);
    let label = match whom {
        Some(whom) => format!("{kind}-{whom}"),
        None => kind.to_owned(),
    };
    label.to_lowercase().replace('_', "-")
}

/// The value as TOML on one line, for the record of what a variant sets.
pub(crate) fn to_toml(node: &Node) -> String {
    match &node.value {
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(float) => toml::Value::Float(*float).to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Datetime => "a date".to_owned(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(to_toml).collect::<Vec<_>>().join(", "))
        }
        Value::Table(entries) => {
            let fields: Vec<String> =
                entries.iter().map(|entry| format!("{} = {}", entry.key, to_toml(&entry.value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::file::{parse_document, parse_value};

    fn tree(text: &str) -> Node {
        let (root, errors) = parse_document(text, 0);
        assert!(errors.is_empty(), "{errors:?}");
        root
    }

    fn set_text(root: &mut Node, path: &str, value: &str) -> Result<(), Diagnostic> {
        let span = Span { source: 1, start: 0, end: path.len() };
        set(root, path, span, parse_value(value, 1, path.len() + 1)?)
    }

    #[test]
    fn a_path_finds_tiers_by_name_and_makes_missing_tables() {
        let mut root = tree("[[tier]]\nname = \"l1\"\n[[tier]]\nname = \"l2\"\nttl = \"60s\"\n");
        set_text(&mut root, "tier.l2.ttl", "5m").unwrap();
        set_text(&mut root, "tier.l1.refresh.xfetch.beta", "2.0").unwrap();
        set_text(&mut root, "database.pool", "10").unwrap();
        assert_eq!(root.elements("tier")[1].get("ttl").and_then(Node::as_str), Some("5m"));
        assert_eq!(
            to_toml(&root.elements("tier")[0]),
            "{ name = \"l1\", refresh = { xfetch = { beta = 2.0 } } }"
        );
        assert!(matches!(
            root.get("database").and_then(|d| d.get("pool")).unwrap().value,
            Value::Integer(10)
        ));
    }

    #[test]
    fn a_path_leads_to_the_node_that_it_would_replace() {
        let root =
            tree("[[tier]]\nname = \"l1\"\n[[tier]]\nname = \"l2\"\nttl = \"60s\"\n[database]\npool = 4\n");
        let text = |path: &str| get(&root, path).map(to_toml);
        assert_eq!(text("tier.l2.ttl"), Some("\"60s\"".to_owned()));
        assert_eq!(text("database.pool"), Some("4".to_owned()));
        for nowhere in ["tier.l1.ttl", "tier.l3.ttl", "database.servers", "database.pool.size"] {
            assert_eq!(text(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused() {
        let mut root = tree("[database]\nread = \"5ms\"\n[[tier]]\nname = \"l2\"\n");
        let unknown = set_text(&mut root, "tier.l3.ttl", "5m").unwrap_err();
        assert_eq!(unknown.title, "no [[tier]] is called \"l3\"");
        assert_eq!(unknown.labels[0].1, "did you mean \"l2\"?");
        let nowhere = set_text(&mut root, "database.read.exponential.mean", "5ms").unwrap_err();
        assert_eq!(nowhere.labels[0].1, "database.read is a string here, not a table");
        assert!(set_text(&mut root, "tier..ttl", "5m").is_err());
    }

    #[test]
    fn a_path_deeper_than_any_option_is_refused_by_its_beginning() {
        let mut root = tree("[database]\nread = \"5ms\"\n");
        let deep = |parts: usize| vec!["a"; parts].join(".");
        let refused = set_text(&mut root, &deep(20_000), "1").unwrap_err();
        assert_eq!(refused.title, "`a.a.a.a...` has 20000 parts, at most 32 are read");
        assert!(set_text(&mut root, &deep(PARTS_MAX), "1").is_ok());
    }

    #[test]
    fn events_get_labels_that_are_unique() {
        let root = tree(
            "[[event]]\nwhat = { flush = { tier = \"l2\" } }\n[[event]]\nwhat = { flush = { tier = \"l2\" } }\n\
             [[event]]\nlabel = \"hot_key\"\nwhat = {}\n[[event]]\nwhat = { hot_key = { share = 0.1 } }\n",
        );
        assert_eq!(event_labels(root.elements("event")), ["flush-l2", "flush-l2-2", "hot_key", "hot-key"]);
    }
}
