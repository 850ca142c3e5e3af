//! What `docs/model.md` says of a measure, as the program quotes it.

/// What is modelled, and how.
const MODEL: &str = include_str!("../../docs/model.md");

/// Markdown as plain text: `**`, back-ticks and links go.
pub(super) fn plain(text: &str) -> String {
    let text = text.trim().replace("**", "").replace('`', "");
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('[') {
        shown.push_str(before);
        match after.split_once("](").and_then(|(label, link)| Some((label, link.split_once(')')?.1))) {
            Some((label, behind)) if !label.contains('[') => {
                shown.push_str(label);
                rest = behind;
            }
            _ => {
                shown.push('[');
                rest = after;
            }
        }
    }
    shown + rest
}

/// What `docs/model.md` says: the paragraph or list item, and the heading that it stands under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    pub heading: String,
    pub text: String,
}

/// The passages of `docs/model.md` that name a measure, in order; `pattern` as the catalogue has it.
pub fn of_measure(pattern: &str) -> Vec<Passage> {
    passages().into_iter().filter(|passage| names(&passage.text, pattern)).map(shown).collect()
}

/// The passage of `docs/model.md` that contains these words.
pub fn containing(words: &str) -> Option<Passage> {
    passages().into_iter().find(|passage| passage.text.contains(words)).map(shown)
}

/// All headings of `docs/model.md`.
pub fn headings() -> Vec<String> {
    MODEL.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect()
}

fn shown(passage: Passage) -> Passage {
    Passage { heading: passage.heading, text: plain(&passage.text) }
}

fn passages() -> Vec<Passage> {
    let mut found: Vec<Passage> = Vec::new();
    let (mut heading, mut open) = (String::new(), false);
    for line in MODEL.lines() {
        let text = line.trim();
        if let Some(title) = text.strip_prefix("## ") {
            (heading, open) = (title.to_owned(), false);
        } else if text.is_empty() || text.starts_with('#') {
            open = false;
        } else if let Some(item) = text.strip_prefix("- ") {
            found.push(Passage { heading: heading.clone(), text: item.to_owned() });
            open = true;
        } else if let (true, Some(last)) = (open, found.last_mut()) {
            last.text.push(' ');
            last.text.push_str(text);
        } else {
            found.push(Passage { heading: heading.clone(), text: text.to_owned() });
            open = true;
        }
    }
    found
}

/// Whether a text names the measure in back-ticks, alone or by its family (`stampede.*`).
fn names(text: &str, pattern: &str) -> bool {
    // Events have labels in the text and are called <event> in the catalogue.
    let pattern = pattern.replace("<event>", "<label>");
    text.split('`').skip(1).step_by(2).any(|quoted| match quoted.strip_suffix(".*") {
        Some(family) => pattern.strip_prefix(family).is_some_and(|rest| rest.starts_with('.')),
        None => quoted == pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_plain_text() {
        assert_eq!(plain("see [lints](lints.md), `[]` and **more**"), "see lints, [] and more");
    }

    #[test]
    fn a_measure_is_found_by_its_name_and_by_its_family() {
        assert!(of_measure("stampede.max").iter().any(|passage| passage.heading.starts_with("10. ")));
        assert!(of_measure("event.<event>.recovery_s")[0].text.contains("too few good requests"));
        assert!(of_measure("db.utilization")[0].heading.starts_with("6. "));
        assert!(of_measure("nothing.like.this").is_empty());
    }
}
