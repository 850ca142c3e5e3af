//! Messages about a scenario: file, line, the text underlined, what was expected, the way out.

#[cfg_attr(not(feature = "native"), path = "diagnostic/plain.rs")]
mod snippet;

use std::fmt;

/// Bytes `start..end` of one source of a [`Diagnostics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Index into the list of sources: 0 is the scenario file, the others are command-line options.
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// Whether `other` lies inside.
    pub fn contains(&self, other: &Span) -> bool {
        self.source == other.source && self.start <= other.start && other.end <= self.end
    }
}

/// A text that spans point into.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the user named it: `scenarios/stampede.toml` or `--set tier.l2.ttl=5m`.
    pub name: String,
    pub text: String,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub title: String,
    /// The first is the place of the problem, the others are places it has to do with.
    pub labels: Vec<(Span, String)>,
    /// Further facts and the way out, one line each.
    pub help: Vec<String>,
}

impl Diagnostic {
    pub fn new(title: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Diagnostic { title: title.into(), labels: vec![(span, label.into())], help: Vec::new() }
    }

    /// Adds a place that the problem has to do with.
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push((span, label.into()));
        self
    }

    /// Adds a line of advice.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

/// Columns in front of a note or a help: the margin of a file of up to 9,999 lines, and `= help: `.
pub(crate) const NOTE: usize = 14;
/// Narrower terminals get lines of this width.
pub(crate) const ROOM_MIN: usize = 20;

/// All problems of a scenario.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    pub sources: Vec<Source>,
    /// At least one, in the order of the file.
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// A problem with the scenario as a whole, without a place in its text.
    pub fn general(title: impl Into<String>, help: Vec<String>) -> Self {
        let diagnostic = Diagnostic { title: title.into(), labels: Vec::new(), help };
        Diagnostics { sources: Vec::new(), list: vec![diagnostic] }
    }

    /// The messages for no terminal, in lines that are not broken.
    pub fn render(&self, color: bool) -> String {
        self.render_within((WIDTH, color))
    }

    /// The messages as a terminal of so many columns shows them, in colours or without.
    pub fn render_within(&self, style: (u16, bool)) -> String {
        let mut text: String = self
            .list
            .iter()
            .map(|diagnostic| format!("{}\n\n", diagnostic.render(&self.sources, style, None)))
            .collect();
        if self.list.len() > 1 {
            text.push_str(&format!("{} problems; nothing was run\n", self.list.len()));
        }
        text
    }
}

/// Width of messages that no terminal shows: their lines are not broken.
pub(crate) const WIDTH: u16 = u16::MAX;
/// Warnings as a terminal shows them; each comes with the name of its lint.
pub(crate) fn render_warnings(list: &[(&str, Diagnostic)], sources: &[Source], style: (u16, bool)) -> String {
    list.iter()
        .map(|(lint, diagnostic)| format!("{}\n\n", diagnostic.render(sources, style, Some(lint))))
        .collect()
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate that a misspelt name most likely means.
///
/// ```
/// use herdlab::scenario::diagnostic::nearest;
/// assert_eq!(nearest("evicton", ["ttl", "eviction"]), Some("eviction"));
/// assert_eq!(nearest("capacity", ["ttl", "eviction"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(name.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Suggests the nearest candidate; `otherwise` where none is near.
pub(crate) fn suggestion<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    nearest(name, candidates)
        .map_or_else(|| otherwise.to_owned(), |meant| format!("did you mean \"{meant}\"?"))
}

/// `a, b or c`, each quoted.
pub(crate) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}
