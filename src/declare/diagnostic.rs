//! Messages about a scenario: file, line, the text underlined, what was expected, the way out.

use std::fmt;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::wrap::paragraph;

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

    /// As an error, or as the warning of a lint with this name.
    fn render(&self, sources: &[Source], style: (u16, bool), lint: Option<&str>) -> String {
        let level = if lint.is_some() { Level::WARNING } else { Level::ERROR };
        let width = usize::from(style.0);
        let before = lint.map_or("error: ".len(), |name| "warning[]: ".len() + name.len());
        let title = broken(&self.title, width.saturating_sub(before));
        let title = level.primary_title(title.as_str());
        let mut group = Group::with_title(match lint {
            Some(name) => title.id(name),
            None => title,
        });
        let mut beside: Vec<String> = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let labels = self.labels.iter().enumerate().filter(|(_, (span, _))| span.source == index);
            let annotations: Vec<_> = labels
                .map(|(position, (span, label))| {
                    let kind = if position == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                    let annotation = kind.span(clip(span, &source.text));
                    if label.is_empty() {
                        return annotation;
                    }
                    // A label that would go on beyond the line stands below, where it can be broken.
                    if end_of_label(span, label, &source.text) > width {
                        beside.push(broken(label, width.saturating_sub(NOTE)));
                        return annotation;
                    }
                    annotation.label(label.as_str())
                })
                .collect();
            if !annotations.is_empty() {
                group = group.element(
                    Snippet::source(source.text.as_str()).path(source.name.as_str()).annotations(annotations),
                );
            }
        }
        for label in &beside {
            group = group.element(Level::NOTE.message(label.as_str()));
        }
        let help: Vec<String> =
            self.help.iter().map(|help| broken(help, width.saturating_sub(NOTE))).collect();
        for help in &help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer(style).render(&[group])
    }
}

/// Columns in front of a note or a help: the margin of a file of up to 9,999 lines, and `= help: `.
pub(crate) const NOTE: usize = 14;
/// Narrower terminals get lines of this width.
pub(crate) const ROOM_MIN: usize = 20;

/// Each line of a text, broken between words.
fn broken(text: &str, width: usize) -> String {
    text.split('\n').map(|line| paragraph(line, width.max(ROOM_MIN))).collect::<Vec<_>>().join("\n")
}

/// Column in which a label ends that stands behind its underlined text.
fn end_of_label(span: &Span, label: &str, text: &str) -> usize {
    let shown = clip(span, text);
    let line = text[..shown.start].rfind('\n').map_or(0, |end| end + 1);
    let number = text[..shown.start].matches('\n').count() + 1;
    let underlined = text[shown.clone()].lines().next().unwrap_or_default().chars().count().max(1);
    let margin = number.to_string().len() + " | ".len();
    margin + text[line..shown.start].chars().count() + underlined + 1 + label.chars().count()
}

/// The part of a span that exists in the text, on character boundaries, without trailing line ends.
fn clip(span: &Span, text: &str) -> std::ops::Range<usize> {
    let boundary_before = |position: usize| {
        let within = position.min(text.len());
        (0..=within).rev().find(|position| text.is_char_boundary(*position)).unwrap_or(0)
    };
    let end = boundary_before(span.end);
    let start = boundary_before(span.start).min(end);
    let shown = text[start..end].trim_end();
    start..start + shown.len()
}

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
/// Longer lines of a source are cut.
const SOURCE_MAX: u16 = 120;

fn renderer((width, color): (u16, bool)) -> Renderer {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).term_width(usize::from(width.min(SOURCE_MAX)))
}

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
