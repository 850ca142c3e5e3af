//! The comparison as one page of Markdown, to lie beside its charts.

use crate::report::escape::escaped;
use crate::report::figure::Figure;
use crate::report::markdown::PICTURES;
use crate::report::over::{Lead, Reviewed, Section};
use crate::report::versus::{self, Shown};
use crate::report::why_versus;

/// Differences, reviews, measures, and the pictures that show them.
pub(super) fn page(lead: &Lead, shown: &[Shown<'_>], figures: &[Figure]) -> String {
    let mut text = String::new();
    for (section, shown) in lead.sections.iter().zip(shown) {
        text.push_str(&differences_and_reviews(section));
        text.push_str(&versus::markdown(std::slice::from_ref(shown)));
        text.push_str(&why_versus::markdown(&section.why));
        text.push('\n');
    }
    for figure in PICTURES.iter().filter_map(|name| figures.iter().find(|figure| figure.name == *name)) {
        let (name, title, message) = (&figure.name, escaped(&figure.title), escaped(&figure.message));
        text.push_str(&format!("![{title}](charts/{name}.png)\n\n{title}. {message}\n\n"));
    }
    text.push_str("All figures: index.html beside this page.\n");
    text
}

fn differences_and_reviews(section: &Section) -> String {
    let Section { before, after, differences, reviews, .. } = section;
    let (before, after) = (escaped(before), escaped(after));
    let mut text = format!("## {after} against {before}: {}\n\n", escaped(&section.verdict()));
    match differences.is_empty() {
        true => text.push_str("Both are of the same scenario, settings and seed.\n"),
        false => text.push_str(&format!("What changes from {before} to {after}:\n\n")),
    }
    differences.iter().for_each(|difference| text.push_str(&format!("- {}\n", escaped(difference))));
    for Reviewed { variant, safety, because, findings } in reviews {
        text.push_str(&format!("\n**{}**: {}: {}\n\n", escaped(variant), safety.word(), escaped(because)));
        findings.iter().for_each(|finding| text.push_str(&format!("- {}\n", escaped(finding))));
    }
    text + "\n"
}
