//! Links lead to files and headings, and to tests that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::pages::{self, Page, ROOT};

/// The anchors of a page as GitHub makes them of its headings.
fn anchors(page: &Page) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for (_, heading) in page.headings() {
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let times = seen.entry(anchor.clone()).or_default();
        found.insert(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
        *times += 1;
    }
    found
}

/// Without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let pages = pages::all();
    let anchors: BTreeMap<PathBuf, BTreeSet<String>> =
        pages.iter().map(|page| (page.file(), anchors(page))).collect();
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for page in &pages {
        for target in page.targets().iter().filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.file() } else { plain(&page.folder().join(file)) };
            let leads = file.exists() && file.starts_with(ROOT);
            let heading = anchor.is_empty() || anchors.get(&file).is_some_and(|known| known.contains(anchor));
            if !leads || !heading {
                wrong.push(format!("{}: {target}", page.name));
            }
            checked += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 200, "{checked} links");
}

#[test]
fn the_index_of_the_docs_has_every_page() {
    let index = Page::read("docs/README.md");
    let linked: BTreeSet<PathBuf> = index
        .targets()
        .iter()
        .map(|target| plain(&index.folder().join(target.split('#').next().unwrap_or_default())))
        .collect();
    for page in pages::all().iter().filter(|page| page.name.starts_with("docs/") && page.name != index.name) {
        assert!(linked.contains(&page.file()), "docs/README.md has no link to {}", page.name);
    }
}

/// Tests and files that a page names as proof.
#[test]
fn every_test_that_is_named_exists() {
    for page in pages::all().iter().filter(|page| page.name != "CHANGELOG.md") {
        for name in page.spans().iter().filter(|name| name.starts_with("tests/")) {
            let name = name.split([' ', ':']).next().unwrap_or_default();
            assert!(name.contains('*') || Path::new(ROOT).join(name).exists(), "{}: {name}", page.name);
        }
    }
}
