//! A message with the lines of the source that it is about.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, NOTE, ROOM_MIN, Source, Span};
use crate::wrap::paragraph;

/// Longer lines of a source are cut.
const SOURCE_MAX: u16 = 120;

fn renderer((width, color): (u16, bool)) -> Renderer {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).term_width(usize::from(width.min(SOURCE_MAX)))
}

impl Diagnostic {
    /// As an error, or as the warning of a lint with this name.
    pub(super) fn render(&self, sources: &[Source], style: (u16, bool), lint: Option<&str>) -> String {
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
