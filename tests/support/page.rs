//! The tables of docs/scenarios.md, made of the declarations. A comment in the page stands where one belongs:
//!
//! - `<!-- options: tier -->`: the options of a table, and of what lies below it and has no such comment of its own; where a second
//!   table has the same ones, it is named behind a comma;
//! - `<!-- choices: tier.refresh -->`: the possibilities of an option;
//! - `<!-- values of the file -->`, `<!-- tables of the file -->`: the two halves of the top level.

use std::collections::BTreeSet;

use herdlab::declare::kind::{Field, Kind, Tag};
use herdlab::reference::options::{self, Opt};

/// The page with its tables written anew.
pub fn with_tables(page: &str) -> String {
    let marked: Vec<&str> = page.lines().filter_map(options_of).flat_map(|homes| homes.split(", ")).collect();
    let mut written = String::new();
    let mut lines = page.lines().peekable();
    let mut shown = BTreeSet::new();
    while let Some(line) = lines.next() {
        written.push_str(line);
        written.push('\n');
        let Some(table) = table(line, &marked, &mut shown) else { continue };
        while lines.next_if(|line| line.starts_with('|')).is_some() {}
        written.push_str(&table);
    }
    let missing: Vec<String> =
        all().into_iter().map(|option| option.path).filter(|path| !shown.contains(path)).collect();
    assert!(missing.is_empty(), "no table of the page has {missing:#?}");
    written
}

fn marker<'l>(line: &'l str, start: &str) -> Option<&'l str> {
    line.strip_prefix("<!-- ")?.strip_suffix(" -->")?.strip_prefix(start)
}

fn options_of(line: &str) -> Option<&str> {
    marker(line, "options: ")
}

/// The table that belongs below a line.
fn table(line: &str, marked: &[&str], shown: &mut BTreeSet<String>) -> Option<String> {
    if let Some(homes) = options_of(line) {
        let mut tables = homes
            .split(", ")
            .map(|home| rows(shown, |option| home_of(&option.table, marked) == Some(home), home));
        let first = tables.next()?;
        tables.for_each(|table| assert_eq!(table, first, "{homes}"));
        return Some(first);
    }
    if marker(line, "values of the file").is_some() {
        return Some(rows(shown, |option| option.table.is_empty() && !is_section(option.field), ""));
    }
    if marker(line, "tables of the file").is_some() {
        let of_the_question = |option: &Opt| !is_of_the_system(option);
        let section = |option: &Opt| option.table.is_empty() && is_section(option.field);
        let system = rows(shown, |option| section(option) && is_of_the_system(option), "");
        let question = rows(shown, |option| section(option) && of_the_question(option), "");
        return Some(system + &question.lines().skip(2).map(|line| format!("{line}\n")).collect::<String>());
    }
    let path = marker(line, "choices: ")?;
    let option = options::all().into_iter().find(|option| option.path == path);
    let tags = match path {
        "random time" => options::random_time().to_vec(),
        "random size" => options::random_size().to_vec(),
        _ => tags(&option.unwrap_or_else(|| panic!("no option {path}")).field.kind),
    };
    let head = match path.rsplit('.').next() {
        Some(name) if !path.contains(' ') => format!("`{name}`"),
        _ => "form".to_owned(),
    };
    let mut text = format!("| {head} | meaning |\n|---|---|\n");
    for tag in tags.iter().filter(|tag| !tag.words.is_empty()) {
        text.push_str(&format!("| {} | {} |\n", cell(&tag.form()), cell(tag.words)));
    }
    Some(text)
}

/// A whole table of the file, or a list of them.
fn is_section(field: &Field) -> bool {
    field.name != "precision" && matches!(field.kind, Kind::Table(_) | Kind::List(Kind::Table(_)))
}

/// What is simulated comes before what is asked of it.
fn is_of_the_system(option: &Opt) -> bool {
    let place = |path: &str| options::all().iter().position(|option| option.path == path);
    place(&option.path) >= place("duration")
}

/// The comment whose table has the options at a path: the nearest one above it.
fn home_of<'m>(table: &str, marked: &[&'m str]) -> Option<&'m str> {
    let holds = |home: &&&str| table == **home || table.starts_with(&format!("{home}."));
    marked.iter().filter(holds).max_by_key(|home| home.len()).copied()
}

fn all() -> Vec<Opt> {
    [options::all(), options::of_values()].concat()
}

fn rows(shown: &mut BTreeSet<String>, belongs: impl Fn(&Opt) -> bool, home: &str) -> String {
    let mut text = "| field | default | meaning |\n|---|---|---|\n".to_owned();
    for option in all().iter().filter(|option| belongs(option)) {
        let name = option.path.strip_prefix(home).unwrap_or(&option.path).trim_start_matches('.');
        let (default, words) = (cell(&option.field.default.words()), cell(option.field.words));
        shown.insert(option.path.clone());
        text.push_str(&format!("| `{name}` | {default} | {words} |\n"));
    }
    text
}

fn tags(kind: &Kind) -> Vec<Tag> {
    match kind {
        Kind::Choice(choice) => choice.tags.to_vec(),
        Kind::List(kind) => tags(kind),
        Kind::Either(kinds) => kinds.iter().flat_map(tags).collect(),
        _ => Vec::new(),
    }
}

/// On one line, with bars that do not end the cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
