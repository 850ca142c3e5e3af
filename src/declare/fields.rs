//! Reading the tree field by field: collects every problem and goes on.

use std::path::{Path, PathBuf};

use super::diagnostic::{Diagnostic, Span, nearest, one_of, suggestion};
use super::file::{Entry, Node, Value};
use super::vocabulary;

/// Columns of a table of numbers to read.
pub(crate) struct Columns<'a> {
    /// The column of the values, each multiplied by `factor`.
    pub value: &'a str,
    pub factor: f64,
    pub count: CountColumn<'a>,
    pub content: Content,
}

/// The values of a column.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Content {
    /// Lengths of time, in nanoseconds once they are multiplied.
    Times,
    /// Upper bounds of the buckets of a histogram of times, the last of which may have none (`+Inf`).
    Bounds,
    /// Numbers of requests.
    Counts,
}

/// The column that gives how many observations a row stands for.
#[derive(Clone, Copy)]
pub(crate) enum CountColumn<'a> {
    /// Each row is one observation; a column whose name suggests otherwise is refused.
    Absent,
    /// Each row is one observation, whatever the other columns are called.
    Ignored,
    Named(&'a str),
}

/// A row of such a table.
pub(crate) struct Row {
    /// In the file, from 1.
    pub line: u64,
    pub value: f64,
    pub count: f64,
}

/// Reads them: the path, the file as the user named it, the columns. Formats of files are no matter of this room.
pub(crate) type ReadColumns = fn(&Path, &str, &Columns<'_>) -> Result<Vec<Row>, String>;

/// Context of reading: the problems so far, where in the file it is, and the files that values name.
pub(crate) struct Context {
    pub diagnostics: Vec<Diagnostic>,
    /// Relative paths in the scenario start here.
    pub base_dir: PathBuf,
    pub read_columns: ReadColumns,
    /// Every file that a value names.
    pub files: Vec<PathBuf>,
    path: Vec<String>,
}

impl Context {
    pub fn new(base_dir: PathBuf, read_columns: ReadColumns) -> Self {
        Context { diagnostics: Vec::new(), base_dir, read_columns, files: Vec::new(), path: Vec::new() }
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports that the value being read is not what it should be. Returns `None` for use as a tail.
    pub fn wrong<T>(&mut self, node: &Node, label: impl Into<String>) -> Option<T> {
        let problem = self.wrong_value(node, label);
        self.report(problem);
        None
    }

    fn wrong_value(&self, node: &Node, label: impl Into<String>) -> Diagnostic {
        Diagnostic::new(format!("wrong value for {}", self.here()), node.span, label)
    }

    /// The same with a value that would do: `for example batch = 100`.
    pub fn wrong_with_example<T>(
        &mut self,
        node: &Node,
        label: impl Into<String>,
        example: &str,
    ) -> Option<T> {
        let help = match self.path.last() {
            Some(field) => format!("for example {field} = {example}"),
            None => format!("for example {example}"),
        };
        let problem = self.wrong_value(node, label).help(help);
        self.report(problem);
        None
    }

    /// A file that the scenario names, which is read now.
    pub fn file(&mut self, shown: &str) -> PathBuf {
        let path = self.base_dir.join(shown);
        if !self.files.contains(&path) {
            self.files.push(path.clone());
        }
        path
    }

    /// The dotted path of what is being read.
    pub fn here(&self) -> String {
        if self.path.is_empty() { "the scenario".to_owned() } else { self.path.join(".") }
    }

    /// Runs `read` with `segment` appended to the path.
    pub fn within<T>(&mut self, segment: impl Into<String>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(segment.into());
        let result = read(self);
        self.path.pop();
        result
    }
}

/// A table being read. Every name that is read counts as known; [`Fields::finish`] reports the others.
pub(crate) struct Fields<'c, 'n> {
    pub cx: &'c mut Context,
    pub span: Span,
    entries: &'n [Entry],
    known: Vec<&'static str>,
    /// Required fields that are absent, with what was expected.
    missing: Vec<(&'static str, String)>,
    problems_before: usize,
}

impl<'c, 'n> Fields<'c, 'n> {
    /// Opens a node that must be a table; `example` shows one.
    pub fn open(cx: &'c mut Context, node: &'n Node, example: &str) -> Option<Self> {
        let Some(entries) = node.as_table() else {
            return cx.wrong(node, format!("expected a table such as {example}, found {}", node.kind()));
        };
        let problems_before = cx.diagnostics.len();
        Some(Fields { cx, span: node.span, entries, known: Vec::new(), missing: Vec::new(), problems_before })
    }

    /// Opens a table, reads it and reports the fields that `read` did not read.
    pub fn with<T>(
        cx: &'c mut Context,
        node: &'n Node,
        example: &str,
        read: impl FnOnce(&mut Fields<'_, 'n>) -> Option<T>,
    ) -> Option<T> {
        let mut fields = Fields::open(cx, node, example)?;
        let result = read(&mut fields);
        fields.finish();
        result
    }

    /// Refuses an empty table. To be called once everything is read.
    pub fn refuse_empty(&mut self) {
        if self.entries.is_empty() {
            let title = format!("{} is empty", self.cx.here());
            let label = "it sets nothing";
            let known = format!("known fields: {}; or leave it out", self.known.join(", "));
            self.cx.report(Diagnostic::new(title, self.span, label).help(known));
        }
    }

    /// The node of a field, which counts as known from now on.
    pub fn node(&mut self, name: &'static str) -> Option<&'n Node> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.entries.iter().find(|entry| entry.key == name).map(|entry| &entry.value)
    }

    /// Reads an optional field. `None`: absent, or wrong and reported.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Context, &'n Node) -> Option<T>,
    ) -> Option<T> {
        let node = self.node(name)?;
        self.cx.within(name, |cx| read(cx, node))
    }

    /// Reads an optional field for which `"none"` (or `word`) means what leaving it out means.
    pub fn read_unless<T>(
        &mut self,
        name: &'static str,
        word: &str,
        read: impl FnOnce(&mut Context, &'n Node) -> Option<T>,
    ) -> Option<T> {
        self.read(name, |cx, node| if node.as_str() == Some(word) { None } else { read(cx, node) })
    }

    /// Reads a field that must be there; `expected` describes it (`a duration such as "120s"`).
    pub fn require<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(&mut Context, &'n Node) -> Option<T>,
    ) -> Option<T> {
        self.demand(name, expected);
        self.read(name, read)
    }

    /// Reports a field that must be there under these circumstances, where it is not.
    pub fn demand(&mut self, name: &'static str, expected: &str) {
        if self.node(name).is_none() {
            self.missing.push((name, expected.to_owned()));
        }
    }

    /// Whether nothing was wrong in this table so far: only then do its fields get compared with each other.
    pub fn sound(&self) -> bool {
        self.cx.diagnostics.len() == self.problems_before && self.missing.is_empty()
    }

    /// The place of a field's value, or of the table where the field is absent.
    pub fn place(&self, name: &str) -> Span {
        self.entries.iter().find(|entry| entry.key == name).map_or(self.span, |entry| entry.value.span)
    }

    /// Whether the field is written, and not as `"none"`.
    pub fn given(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == name && entry.value.as_str() != Some("none"))
    }

    /// Whether the field is not written, or as the word that means the same.
    pub fn left_out(&self, name: &str, word: &str) -> bool {
        self.entries.iter().all(|entry| entry.key != name || entry.value.as_str() == Some(word))
    }

    /// Reports that a written field does not belong here.
    pub fn refuse(&mut self, name: &'static str, why: &str, way_out: &str) {
        self.node(name);
        if !self.given(name) {
            return;
        }
        let title = format!("{}.{name} does not apply", self.cx.here());
        self.cx.report(Diagnostic::new(title, self.place(name), why).help(way_out));
    }

    /// Reports the fields that were not read, and the required ones that are absent; a misspelt field
    /// is only the former.
    pub fn finish(mut self) {
        let entries = self.entries.iter();
        let unknown: Vec<&Entry> =
            entries.filter(|entry| !self.known.contains(&entry.key.as_str())).collect();
        for entry in unknown {
            let title = format!("unknown field `{}` in {}", entry.key, self.cx.here());
            let known = format!("known fields: {}", self.known.join(", "));
            let mut problem = match vocabulary::row(&entry.key) {
                Some(row) => self.foreign(row, title, entry.key_span),
                None => {
                    let meant = nearest(&entry.key, self.known.iter().copied());
                    self.missing.retain(|(name, _)| Some(*name) != meant);
                    let label = match meant {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => "not a field".to_owned(),
                    };
                    Diagnostic::new(title, entry.key_span, label)
                }
            };
            problem.help.push(known);
            self.cx.report(problem);
        }
        self.report_missing();
    }

    /// A word of the trade in the place of a field. The required fields that it may stand for are no further problem.
    fn foreign(&mut self, row: &vocabulary::Row, title: String, span: Span) -> Diagnostic {
        let paths = || row.options.iter().flat_map(|hint| hint.path.split('.'));
        self.missing.retain(|(name, _)| !paths().any(|segment| segment == *name));
        // `tier.l2` is one step of the path.
        let table = self.cx.path.first().and_then(|first| first.split('.').next()).unwrap_or("");
        let own = |hint: &vocabulary::OptionHint| {
            let (first, field) = hint.path.split_once('.').unwrap_or(("", hint.path));
            (first == table && self.known.contains(&field)).then_some(field)
        };
        let problem = Diagnostic::new(title, span, row.question(own));
        row.lines().into_iter().fold(problem, Diagnostic::help)
    }

    /// Reports required fields that are absent, where [`Fields::finish`] is not for this reader to call.
    pub fn report_missing(self) {
        for (name, expected) in self.missing {
            let title = format!("{} has no `{name}`", self.cx.here());
            let advice = format!("add `{name}`: {expected}");
            self.cx.report(Diagnostic::new(title, self.span, "").help(advice));
        }
    }
}

/// A choice with or without parameters: `"lru"` or `{ zipf = { exponent = 1.0 } }`.
pub(crate) struct Tagged<'n> {
    pub tag: &'n str,
    /// The parameters; `None` where the choice was written as a plain string.
    pub body: Option<&'n Node>,
    /// The whole value.
    pub node: &'n Node,
}

impl<'n> Tagged<'n> {
    /// Reads one of `tags`; `example` shows a complete value.
    pub fn read(cx: &mut Context, node: &'n Node, tags: &[&str], example: &str) -> Option<Self> {
        let (tag, span, body) = match &node.value {
            Value::String(text) => (text.as_str(), node.span, None),
            Value::Table(entries) => match entries.as_slice() {
                [entry] => (entry.key.as_str(), entry.key_span, Some(&entry.value)),
                [] => {
                    return cx
                        .wrong(node, format!("expected {} in the braces", one_of(tags.iter().copied())));
                }
                [_, second, ..] => {
                    let title = format!("{} must be one thing", cx.here());
                    let label = format!("expected exactly one of {}", one_of(tags.iter().copied()));
                    cx.report(
                        Diagnostic::new(title, second.key_span, label).help(format!("for example {example}")),
                    );
                    return None;
                }
            },
            _ => {
                let label = format!("expected {}, found {}", one_of(tags.iter().copied()), node.kind());
                let title = format!("wrong value for {}", cx.here());
                cx.report(Diagnostic::new(title, node.span, label).help(format!("for example {example}")));
                return None;
            }
        };
        if tags.contains(&tag) {
            return Some(Tagged { tag, body, node });
        }
        let title = format!("unknown choice \"{tag}\" for {}", cx.here());
        let known = format!("known: {}", tags.join(", "));
        let problem = match vocabulary::row(tag).filter(|row| !row.options.is_empty()) {
            Some(row) => {
                let problem = Diagnostic::new(title, span, row.question(|_| None));
                row.lines().into_iter().fold(problem, Diagnostic::help)
            }
            None => {
                let otherwise = format!("expected {}", one_of(tags.iter().copied()));
                Diagnostic::new(title, span, suggestion(tag, tags.iter().copied(), &otherwise))
            }
        };
        cx.report(problem.help(known));
        None
    }

    /// Reads the parameters as a table; `example` shows one.
    pub fn table<T>(
        &self,
        cx: &mut Context,
        example: &str,
        read: impl FnOnce(&mut Fields<'_, 'n>) -> Option<T>,
    ) -> Option<T> {
        let body = self.value(cx, example)?;
        cx.within(self.tag, |cx| Fields::with(cx, body, example, read))
    }

    /// The same where the word alone stands for a table without options.
    pub fn table_or_word<T>(
        &self,
        cx: &mut Context,
        example: &str,
        read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
    ) -> Option<T> {
        let empty = self.without_options();
        cx.within(self.tag, |cx| Fields::with(cx, self.body.unwrap_or(&empty), example, read))
    }

    /// Meaning of a word that stands for a table without options.
    pub fn without_options(&self) -> Node {
        Node { value: Value::Table(Vec::new()), span: self.node.span }
    }

    /// The parameters, whatever they are; `example` shows them.
    pub fn value(&self, cx: &mut Context, example: &str) -> Option<&'n Node> {
        match self.body {
            Some(body) => Some(body),
            None => {
                let label = format!("\"{}\" needs more: {{ {} = {example} }}", self.tag, self.tag);
                cx.wrong(self.node, label)
            }
        }
    }

    /// Reports parameters where the choice takes none.
    pub fn plain<T>(&self, cx: &mut Context, value: T) -> Option<T> {
        match self.body {
            None => Some(value),
            Some(body) => {
                cx.wrong(body, format!("\"{}\" takes no parameters: write it as a string", self.tag))
            }
        }
    }
}
