//! Commands that pages show are commands of the program.

use std::collections::BTreeMap;
use std::process::Command;

use rayon::prelude::*;

use crate::pages::{self, Page};

/// Between the start of a line and the name of the program.
const BEFORE: &[&str] = &["$ ", "- run: ", "- ", "run: ", "| "];
/// Other names of the program.
const NAMES: &[&str] = &["cargo run --release -- ", "target/release/herdlab ", "herdlab "];

/// Every command line of the program on a page, without the name of the program.
pub fn commands(page: &Page) -> Vec<String> {
    let blocks = page.blocks().into_iter().filter(|block| block.language != "text");
    let lines: Vec<String> =
        blocks.flat_map(|block| joined(&block.text).lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.iter().chain(&page.spans()).flat_map(|line| pieces(line)).collect()
}

/// Lines that end in a backslash go on in the next one.
pub fn joined(text: &str) -> String {
    text.replace("\\\n", " ")
}

/// The commands of the program in a line, in which pipes may join several.
fn pieces(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for piece in line.split_inclusive(" | ") {
        let mut piece = piece.trim_end_matches(" | ").trim();
        while let Some(rest) = BEFORE.iter().find_map(|before| piece.strip_prefix(before)) {
            piece = rest.trim();
        }
        found.extend(NAMES.iter().find_map(|name| piece.strip_prefix(name)).map(str::to_owned));
    }
    found
}

/// The arguments up to the first redirection or next command; a comment ends them.
fn arguments(command: &str) -> Option<Vec<String>> {
    let command = command.split(" #").next()?;
    let command = command.split([';', '…']).next()?.trim_end_matches([',', '.', ':']);
    let words = shlex::split(command)?;
    let ends = |word: &String| matches!(word.as_str(), "|" | "&&" | "..." | "&") || word.contains('>');
    let quoted = |word: &String| command.contains(&format!("\"{word}\""));
    Some(words.into_iter().take_while(|word| quoted(word) || !ends(word)).collect())
}

/// `--help` behind the arguments: they are read one after the other, and whatever is wrong before it comes first. What is
/// missing is not, nor is the value of an option that a page only names.
fn refused(arguments: &[String]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_herdlab")).args(arguments).arg("--help").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let named =
        told.contains("a value is required") && arguments.last().is_some_and(|last| last.starts_with('-'));
    (!output.status.success() && !named).then_some(told)
}

/// `emit` takes another command, which is one by itself.
fn separate(arguments: Vec<String>) -> Vec<Vec<String>> {
    let inner = |word: &String| matches!(word.as_str(), "run" | "sweep" | "recommend" | "headroom");
    match arguments.iter().position(inner) {
        Some(at) if arguments[0] == "emit" => vec![arguments[..at].to_vec(), arguments[at..].to_vec()],
        _ => vec![arguments],
    }
}

#[test]
fn every_command_that_is_shown_is_one() {
    let mut shown: BTreeMap<Vec<String>, String> = BTreeMap::new();
    // The changelog is about older versions as well.
    for page in pages::all().iter().filter(|page| page.name != "CHANGELOG.md") {
        for command in commands(page) {
            let arguments = arguments(&command).unwrap_or_else(|| panic!("{}: {command}", page.name));
            if arguments.first().is_some_and(|first| first != "COMMAND") {
                for arguments in separate(arguments) {
                    shown.entry(arguments).or_insert_with(|| page.name.clone());
                }
            }
        }
    }
    let wrong: Vec<String> = shown
        .par_iter()
        .filter_map(|(arguments, page)| Some(format!("{page}: {arguments:?}: {}", refused(arguments)?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(shown.len() > 80, "{} commands", shown.len());
}

#[test]
fn the_changes_of_init_are_those_of_the_program() {
    let page = Page::read("docs/commands.md");
    let (_, table) = page.text.split_once("| `--change` | the variant has |\n|---|---|\n").unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let row = |kind: &herdlab::starter::Kind| format!("| `{}` | {} |", kind.form, kind.help);
    assert_eq!(rows, herdlab::starter::KINDS.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn commands_are_found_in_pipes_and_behind_prompts() {
    let page = Page {
        name: "x.md".to_owned(),
        text: "`herdlab list`, `redis-cli INFO`\n\n    cat a | herdlab mrc - --for 95% > b  # c\n\n\
               ```console\n$ herdlab run my.toml \\\n    -n 20\n```\n"
            .to_owned(),
    };
    let mut found: Vec<Vec<String>> =
        commands(&page).iter().map(|command| arguments(command).unwrap()).collect();
    found.sort();
    assert_eq!(found, [&["list"][..], &["mrc", "-", "--for", "95%"], &["run", "my.toml", "-n", "20"]]);
}
