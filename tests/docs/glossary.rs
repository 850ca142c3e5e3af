//! docs/glossary.md: terms in order, each short and with a way to more.

use herdlab::declare::kind::{Kind, Tag};
use herdlab::reference::options;

use crate::pages::Page;

/// A paragraph that begins with a term in bold.
struct Entry {
    term: String,
    text: String,
}

fn entries(page: &Page) -> Vec<Entry> {
    let entry = |paragraph: &str| {
        let (term, text) = paragraph.strip_prefix("**")?.split_once("**")?;
        Some(Entry { term: term.to_owned(), text: text.replace('\n', " ") })
    };
    page.text.split("\n\n").filter_map(entry).collect()
}

/// How a reader looks a term up.
fn key(term: &str) -> String {
    term.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect()
}

#[test]
fn terms_are_in_order_and_short_and_lead_on() {
    let page = Page::read("docs/glossary.md");
    let entries = entries(&page);
    assert!(entries.len() > 70, "{} terms", entries.len());
    for pair in entries.windows(2) {
        let [before, after] = [key(&pair[0].term), key(&pair[1].term)];
        assert!(before < after, "{before} stands before {after}");
    }
    for Entry { term, text } in &entries {
        let sentences = text.matches(". ").count() + usize::from(text.ends_with('.'));
        assert!((1..=3).contains(&sentences), "{term} has {sentences} sentences: {text}");
        assert!(text.contains("]("), "{term} leads nowhere");
        assert!(text.len() < 480, "{term} is too long");
    }
}

fn tags(kind: &Kind) -> Vec<Tag> {
    match kind {
        Kind::Choice(choice) => choice.tags.to_vec(),
        Kind::List(kind) => tags(kind),
        Kind::Either(kinds) => kinds.iter().flat_map(tags).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_strategy_has_a_term() {
    let page = Page::read("docs/glossary.md");
    let all = options::all();
    let (mut missing, mut found) = (Vec::new(), 0);
    for path in ["coalescing", "tier.refresh", "writes.strategy", "tier.jitter", "popularity"] {
        for option in all.iter().filter(|option| option.path == path) {
            for tag in
                tags(&option.field.kind).iter().filter(|tag| !tag.words.is_empty() && tag.name != "none")
            {
                found += 1;
                if !page.text.contains(&format!("`{}`", tag.name)) {
                    missing.push(format!("{path}: {}", tag.name));
                }
            }
        }
    }
    assert!(found > 10, "{found}");
    assert!(missing.is_empty(), "{missing:?}");
}
