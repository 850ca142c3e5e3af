//! A message in a line or two, where no terminal shows it.

use super::{Diagnostic, Source};

impl Diagnostic {
    /// As an error, or as the warning of a lint with this name; the lines are not broken.
    pub(super) fn render(&self, sources: &[Source], _: (u16, bool), lint: Option<&str>) -> String {
        let mut text = match lint {
            Some(lint) => format!("warning[{lint}]: {}", self.title),
            None => format!("error: {}", self.title),
        };
        for (span, label) in &self.labels {
            let Some(source) = sources.get(span.source) else { continue };
            let before = source.text.as_bytes().get(..span.start).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let name = &source.name;
            text.push_str(&if label.is_empty() {
                format!("\n{name}:{line}")
            } else {
                format!("\n{name}:{line}: {label}")
            });
        }
        for help in &self.help {
            text.push_str(&format!("\nhelp: {help}"));
        }
        text
    }
}
