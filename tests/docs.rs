//! What the documentation shows works.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use herdlab::scenario::{Overrides, parse};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_example_in_the_reference_of_scenarios_is_sound() {
    let text = include_str!("../docs/scenarios.md");
    let example = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let experiment = parse(example, "example.toml", Path::new(""), &Overrides::default());
    assert_eq!(experiment.unwrap_or_else(|problems| panic!("{problems}")).variants.len(), 2);
}

/// Name and text of every page.
fn pages() -> Vec<(String, String)> {
    let folder = |name: &str| std::fs::read_dir(Path::new(ROOT).join(name)).unwrap();
    let mut paths: Vec<PathBuf> =
        ["", "docs"].into_iter().flat_map(folder).map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(ROOT).unwrap().display().to_string();
        (name, std::fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

/// Everything that is set as code, indented or between backticks, and begins with the name of the program.
fn commands(page: &str) -> impl Iterator<Item = &str> {
    let spans = page.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("herdlab "));
    let lines = page.lines().filter_map(|line| line.strip_prefix("    herdlab "));
    spans.chain(lines).map(|command| command.split('#').next().unwrap_or_default())
}

/// Of a command, or of a command and its own command (`trace info`).
fn help(command: &str) -> Option<String> {
    let words = command.split(' ').chain(["--help"]);
    let output = Command::new(env!("CARGO_BIN_EXE_herdlab")).args(words).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_command_that_is_shown_exists_with_its_options() {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let pages = pages();
    let mut shown = 0;
    for (page, text) in &pages {
        for line in commands(text) {
            let mut words = line.split_whitespace();
            let mut command = words.next().unwrap_or_default().to_owned();
            if command == "trace" {
                command = words.next().map_or(command, |own| format!("trace {own}"));
            }
            let help = known.entry(command.clone()).or_insert_with(|| help(&command));
            let help = help.as_ref().unwrap_or_else(|| panic!("{page}: there is no `herdlab {command}`"));
            for option in words.filter(|word| word.starts_with("--")) {
                let name: String =
                    option.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
                assert!(help.contains(&name), "{page}: `herdlab {line}`: there is no {name}");
            }
            shown += 1;
        }
    }
    assert!(shown > 30 && known.len() >= 8, "{shown} commands, {:?}", known.keys());
}

/// Links from page to page, and from pages to files.
#[test]
fn every_link_leads_somewhere() {
    for (page, text) in pages() {
        let folder = Path::new(ROOT).join(&page).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !target.contains("://") && !file.is_empty() {
                assert!(folder.join(file).exists(), "{page}: {target}");
            }
        }
    }
}

/// Tests and files that a page names as proof.
#[test]
fn every_test_that_is_named_exists() {
    for (page, text) in pages() {
        for name in text.split('`').skip(1).step_by(2).filter(|name| name.starts_with("tests/")) {
            let name = name.split([' ', ':']).next().unwrap_or_default();
            assert!(name.contains('*') || Path::new(ROOT).join(name).exists(), "{page}: {name}");
        }
    }
}
