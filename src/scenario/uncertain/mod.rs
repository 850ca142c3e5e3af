//! Uncertain values: a range wherever a file has a number, a duration, a rate, a size or a share.
//!
//! A range is `{ about = "45ms", within = "10%" }` (all values as likely) or `{ low = .., likely = .., high = .. }` (a triangle;
//! without `likely` all values as likely). Before anything else is read, every range gives its place to its central value: that
//! is the nominal scenario. A world ([`worlds()`]) is the file with a value out of each range, read and checked as any other file.

mod number;
mod sobol;
mod space;
mod worlds;

use self::number::Form;
use super::axes;
use super::check::{FILE, is_same_for_all};
use crate::declare::diagnostic::{Diagnostic, Span, suggestion};
use crate::declare::fields::Context;
use crate::declare::file::{Entry, Node, Value};
use crate::declare::kind::{Choice, Kind};
use crate::model::{Input, RANDOM_SIZE, RANDOM_TIME};

pub use self::space::Space;
pub(super) use self::worlds::draw;
pub use self::worlds::{World, worlds};

/// Most ranges of one scenario.
pub const INPUTS_MAX: usize = sobol::DIMENSIONS_MAX;

const FIELDS: [&str; 5] = ["about", "within", "low", "likely", "high"];
const FORMS: &str = "a range is { about = \"45ms\", within = \"10%\" } or { low = \"40ms\", likely = \"45ms\", high = \"60ms\" }";

/// A range wider than zero, and how to put a value in its place.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub input: Input,
    pub span: Span,
    form: Form,
    /// From the root of the file.
    place: Vec<Step>,
    /// The variant that sets it.
    variant: Option<String>,
}

#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Range {
    /// Whether one of these variants has the range; without names all variants are meant.
    pub fn is_of(&self, variants: &[String]) -> bool {
        let named = |own: &String| variants.is_empty() || variants.contains(own);
        self.variant.as_ref().is_none_or(named)
    }

    /// Puts a value in its place.
    pub fn put(&self, root: &mut Node, value: f64) {
        let mut node = root;
        for step in &self.place {
            let below = match (&mut node.value, step) {
                (Value::Table(entries), Step::Key(key)) => {
                    entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
                }
                (Value::Array(items), Step::Index(index)) => items.get_mut(*index),
                _ => None,
            };
            let Some(below) = below else { return };
            node = below;
        }
        node.value = self.form.written(value);
    }
}

/// Gives the place of every range to its central value; the ranges wider than zero, in the order of the file, and the places
/// of those that are wrong. Problems go to the context.
pub(super) fn take(cx: &mut Context, root: &mut Node) -> (Vec<Range>, Vec<Span>) {
    let labels = axes::event_labels(root.elements("event"));
    let mut walk = Walk {
        cx,
        labels,
        place: Vec::new(),
        name: Vec::new(),
        variant: None,
        fixed: None,
        found: Vec::new(),
        spoilt: Vec::new(),
    };
    for entry in root_entries(root) {
        let Some(field) = FILE.fields().find(|field| field.name == entry.key) else { continue };
        walk.fixed = (is_same_for_all(field.name) && field.name != "variant").then_some(field.name);
        walk.entry(entry, &field.kind);
    }
    let (found, spoilt) = (walk.found, walk.spoilt);
    if let Some(range) = found.get(INPUTS_MAX) {
        let title = format!("{} ranges, and at most {INPUTS_MAX} are drawn together", found.len());
        let help = "give those that matter least their likely value";
        cx.report(Diagnostic::new(title, range.span, "one too many").help(help));
    }
    (found, spoilt)
}

fn root_entries(root: &mut Node) -> &mut [Entry] {
    match &mut root.value {
        Value::Table(entries) => entries,
        _ => &mut [],
    }
}

/// Goes through the file along its grammar: only that tells where a number may stand.
struct Walk<'c> {
    cx: &'c mut Context,
    /// Of the events, by their place.
    labels: Vec<String>,
    place: Vec<Step>,
    name: Vec<String>,
    variant: Option<String>,
    /// The option of the file that is the same in all worlds, where the walk is in one.
    fixed: Option<&'static str>,
    found: Vec<Range>,
    spoilt: Vec<Span>,
}

impl Walk<'_> {
    fn entry(&mut self, entry: &mut Entry, kind: &'static Kind) {
        self.place.push(Step::Key(entry.key.clone()));
        self.name.push(entry.key.clone());
        self.node(&mut entry.value, kind);
        self.name.pop();
        self.place.pop();
    }

    fn node(&mut self, node: &mut Node, kind: &'static Kind) {
        if node.as_table().is_some_and(is_range)
            && !matches!(kind, Kind::PerTier(_) | Kind::Settings | Kind::Axes)
        {
            return self.range(node, kind);
        }
        match &mut node.value {
            Value::Table(entries) => entries.iter_mut().for_each(|entry| self.below(entry, kind)),
            Value::Array(items) => self.items(items, kind),
            _ => {}
        }
    }

    /// An entry of a table; one that the grammar does not have is for the reader.
    fn below(&mut self, entry: &mut Entry, kind: &'static Kind) {
        match kind {
            Kind::Settings => {
                if let Some(kind) = kind_at(&entry.key) {
                    self.entry(entry, kind);
                }
            }
            // Values that are varied on purpose; whatever is no number here is refused as a range.
            Kind::Axes => self.entry(entry, &Kind::List(&Kind::Truth)),
            kind => {
                if let Some(kind) = part(kind, &entry.key) {
                    self.entry(entry, kind);
                }
            }
        }
    }

    fn items(&mut self, items: &mut [Node], kind: &'static Kind) {
        let Some(element) = element(kind) else { return };
        let list = self.name.join(".");
        for (index, item) in items.iter_mut().enumerate() {
            let own = item.get("name").and_then(Node::as_str).map(str::to_owned);
            let own = own.or_else(|| self.labels.get(index).filter(|_| list == "event").cloned());
            let own = own.unwrap_or_else(|| (index + 1).to_string());
            self.place.push(Step::Index(index));
            if list == "variant" {
                self.variant = Some(own);
                let outside = std::mem::take(&mut self.name);
                self.node(item, element);
                self.name = outside;
                self.variant = None;
            } else {
                self.name.push(own);
                self.node(item, element);
                self.name.pop();
            }
            self.place.pop();
        }
    }

    /// The path as people write it.
    fn path(&self) -> String {
        // What a variant sets lies below `set`, by its path.
        let parts =
            if self.variant.is_some() && self.name.len() > 1 { &self.name[1..] } else { &self.name[..] };
        let path = parts.join(".");
        match &self.variant {
            Some(variant) => format!("{path} (variant \"{variant}\")"),
            None => path,
        }
    }

    fn wrong<T>(&mut self, span: Span, label: String) -> Option<T> {
        let title = format!("wrong value for {}", self.path());
        self.cx.report(Diagnostic::new(title, span, label).help(FORMS));
        None
    }

    fn range(&mut self, node: &mut Node, kind: &'static Kind) {
        if let Some(fixed) = self.fixed {
            let title = format!("`{fixed}` cannot have a range");
            let label = "this is the same in all worlds";
            self.cx.report(Diagnostic::new(title, node.span, label).help("write the value itself"));
        } else if let Some((central, range)) = self.read(node, kind) {
            self.found.extend(range);
            *node = central;
            return;
        }
        self.spoilt.push(node.span);
        // The rest of the file is read with one of its ends.
        if let Some(stand_in) = FIELDS.iter().find_map(|name| node.get(name)).cloned() {
            *node = stand_in;
        }
    }

    /// The central value, and the range unless its width is zero.
    fn read(&mut self, node: &Node, kind: &'static Kind) -> Option<(Node, Option<Range>)> {
        let forms = number::forms(kind);
        if forms.is_empty() {
            return self.wrong(node.span, format!("expected {}, found a range", kind.words()));
        }
        for entry in node.as_table().unwrap_or_default() {
            if !FIELDS.contains(&entry.key.as_str()) {
                let title = format!("unknown field `{}` in the range of {}", entry.key, self.path());
                let label = suggestion(&entry.key, FIELDS, "unknown field");
                self.cx.report(Diagnostic::new(title, entry.key_span, label).help(FORMS));
                return None;
            }
        }
        let [about, within, low, likely, high] = FIELDS.map(|name| node.get(name));
        let (central, form, ends, likely) = match (about, within, low, likely, high) {
            (Some(about), Some(within), None, None, None) => {
                let (form, value) = self.number(about, &forms)?;
                let (_, share) = self.number(within, &[Form::Share])?;
                if !(0.0..=1.0).contains(&share) {
                    return self.wrong(
                        within.span,
                        "expected a share from 0 to 1, or \"0%\" to \"100%\"".to_owned(),
                    );
                }
                let half = value.abs() * share;
                (Some(about.clone()), form, (value - half, value + half), None)
            }
            (None, None, Some(low), likely, Some(high)) => {
                let (form, from) = self.number(low, &forms)?;
                let (_, to) = self.number(high, &[form])?;
                if from > to {
                    return self.wrong(high.span, "expected at least the value of `low`".to_owned());
                }
                let mode = match likely {
                    Some(likely) => {
                        let (_, mode) = self.number(likely, &[form])?;
                        if !(from..=to).contains(&mode) {
                            let label = "expected a value between `low` and `high`".to_owned();
                            return self.wrong(likely.span, label);
                        }
                        Some(mode)
                    }
                    None => None,
                };
                let central = likely.or((from == to).then_some(low)).cloned();
                (central, form, (from, to), mode)
            }
            _ => {
                return self
                    .wrong(node.span, "expected `about` and `within`, or `low` and `high`".to_owned());
            }
        };
        let (mut from, mut to) = ends;
        let middle = || Node { value: form.written((from + to) / 2.0), span: node.span };
        let central = central.unwrap_or_else(middle);
        if from == to {
            return Some((central, None));
        }
        if form == Form::Whole {
            (from, to) = (libm::ceil(from), libm::floor(to));
            if from >= to {
                return self.wrong(node.span, "no two whole numbers lie in this range".to_owned());
            }
        }
        let input = Input {
            path: self.path(),
            text: axes::to_toml(node),
            unit: form.unit().to_owned(),
            whole: form == Form::Whole,
            low: from,
            high: to,
            likely,
        };
        let (place, variant) = (self.place.clone(), self.variant.clone());
        Some((central, Some(Range { input, span: node.span, form, place, variant })))
    }

    fn number(&mut self, node: &Node, forms: &[Form]) -> Option<(Form, f64)> {
        let read: Vec<Result<f64, String>> = forms.iter().map(|form| form.number(node)).collect();
        if let Some((form, Ok(value))) = forms.iter().zip(&read).find(|(_, read)| read.is_ok()) {
            return Some((*form, *value));
        }
        let reasons: Vec<String> = read.into_iter().filter_map(Result::err).collect();
        self.wrong(node.span, reasons.join("; or "))
    }
}

/// Whether a table is meant as a range: no option of the grammar has one of its names.
fn is_range(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| FIELDS.contains(&entry.key.as_str()))
}

/// The kind of a part of a table.
fn part(kind: &'static Kind, key: &str) -> Option<&'static Kind> {
    let of_choice = |choice: &'static Choice| choice.tags.iter().find(|tag| tag.name == key)?.body.as_ref();
    match kind {
        Kind::Table(table) => table.fields().find(|field| field.name == key).map(|field| &field.kind),
        Kind::Choice(choice) => of_choice(choice),
        Kind::RandomTime => of_choice(RANDOM_TIME),
        Kind::RandomSize => of_choice(RANDOM_SIZE),
        Kind::PerTier(kind) => Some(kind),
        Kind::Either(kinds) => kinds.iter().find_map(|kind| part(kind, key)),
        _ => None,
    }
}

fn element(kind: &'static Kind) -> Option<&'static Kind> {
    match kind {
        Kind::List(kind) => Some(kind),
        Kind::Either(kinds) => kinds.iter().find_map(element),
        _ => None,
    }
}

/// The kind of the value at a dotted path; elements of lists go by their names.
fn kind_at(path: &str) -> Option<&'static Kind> {
    let mut parts = path.split('.').map(str::trim);
    let first = parts.next()?;
    let mut kind = &FILE.fields().find(|field| field.name == first)?.kind;
    if let Some(element) = element(kind) {
        parts.next()?;
        kind = element;
    }
    parts.try_fold(kind, part)
}

#[cfg(test)]
mod tests;
