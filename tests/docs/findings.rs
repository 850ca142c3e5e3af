//! scenarios/README.md: the questions of the bundled scenarios and what they found.
//!
//! The words are those of the scenario files, the figures those of whole runs, which take minutes. So the plain test holds words and
//! digests against the files; with `HERDLAB_RECORDS=FOLDER`, where `herdlab run NAME --out FOLDER/NAME` has left its records, the
//! figures as well. `HERDLAB_UPDATE_DOCS=1` with records writes the page. The times of its first table are measured by hand.

use std::path::{Path, PathBuf};

use herdlab::catalog::claim::{Piece, pieces};
use herdlab::experiment::answer::answer;
use herdlab::experiment::comparison::compare;
use herdlab::model::Experiment;
use herdlab::report::json::read;
use herdlab::scenario::bundled::{self, Bundled};
use herdlab::scenario::{Overrides, parse};

use crate::hold;
use crate::pages::{Page, ROOT};

const PAGE: &str = "scenarios/README.md";

pub fn checked(bundled: &Bundled) -> Experiment {
    let folder = Path::new(ROOT).join("scenarios");
    parse(bundled.source, &bundled.path(), &folder, &Overrides::default())
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// The paragraph with the finding of a scenario.
pub fn finding<'p>(page: &'p Page, name: &str) -> Option<&'p str> {
    let section = page.text.split_once(&format!("\n## {name}\n"))?.1;
    section.split("\n\n").nth(1)
}

/// A template with a figure in each placeholder. The words between them have to be there one after the other.
fn is_filled(template: &str, text: &str) -> bool {
    let mut rest = text;
    let mut open = false;
    for piece in pieces(template).unwrap() {
        match piece {
            Piece::Value(_) => open = true,
            Piece::Text(words) => {
                let mut places = rest.match_indices(words.as_str()).map(|(at, _)| at);
                let Some(at) = places.find(|at| !open || !is_decimal_point(&rest[*at..])) else {
                    return false;
                };
                let figure = &rest[..at];
                let is_figure = figure.contains(|c: char| c.is_ascii_digit()) && figure.len() < 16;
                if open != is_figure || (!open && at > 0) {
                    return false;
                }
                rest = &rest[at + words.len()..];
                open = false;
            }
        }
    }
    rest.is_empty() || open
}

/// A point or comma between two digits, of which the second is in the text.
fn is_decimal_point(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| matches!(c, '.' | ','))
        && letters.next().is_some_and(|c| c.is_ascii_digit())
}

/// The answer with the figures of a record.
fn answered(record: &Path, experiment: &Experiment) -> String {
    let record = read(record).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(record.scenario.digest, experiment.digest, "{}: another scenario", experiment.name);
    let answer = answer(&record, &compare(&record));
    assert!(answer.by_author, "{}: {:?}", experiment.name, answer.note);
    answer.words
}

/// The time in the table of the page.
fn time<'p>(page: &'p Page, name: &str) -> &'p str {
    let row = page.text.lines().find(|line| line.starts_with(&format!("| [{name}]")));
    row.and_then(|row| row.trim_end_matches(" |").rsplit(" | ").next()).unwrap_or("–")
}

fn made(page: &Page, records: Option<&PathBuf>) -> String {
    let (head, _) = page.text.split_once("| scenario |").expect("the table of the page");
    let mut table = "| scenario | question | time |\n|---|---|---:|\n".to_owned();
    let mut sections = String::new();
    for bundled in bundled::all() {
        let experiment = checked(bundled);
        let (name, question) = (bundled.name, &experiment.question);
        let template = &experiment.answer.as_ref().expect("an answer").text;
        let words = match records {
            Some(folder) => answered(&folder.join(name).join("results.json"), &experiment),
            None => {
                let found = finding(page, name).unwrap_or_default();
                assert!(
                    is_filled(template, found),
                    "{name}: the page has other words than the scenario\n{found}"
                );
                found.to_owned()
            }
        };
        table.push_str(&format!("| [{name}](#{name}) | {question} | {} |\n", time(page, name)));
        sections.push_str(&format!(
            "\n## {name}\n\n*{question}*\n\n{words}\n\n[{name}.toml]({name}.toml), {} variants, {} replications, digest {}: \
             `herdlab run {name}`\n",
            experiment.variants.len(),
            experiment.replications,
            &experiment.digest[..12],
        ));
    }
    format!("{head}{table}{sections}")
}

#[test]
fn the_findings_are_those_of_the_scenarios() {
    let page = Page::read(PAGE);
    let records = std::env::var_os("HERDLAB_RECORDS").map(PathBuf::from);
    hold(&page, &made(&page, records.as_ref()));
}

#[test]
fn other_words_or_a_figure_too_few_are_found() {
    let template = "From {a:hit_ratio} to {b:hit_ratio}, that is all: {c:db.qps.mean}";
    assert!(is_filled("To {a:hit_ratio}.", "To 91.2 %."));
    assert!(is_filled(template, "From 91.2 % to 82 %, that is all: 12/s"));
    assert!(!is_filled(template, "From 91.2 % to , that is all: 12/s"));
    assert!(!is_filled(template, "From 91.2 % to 82 %, that was all: 12/s"));
    assert!(!is_filled(template, "Now from 91.2 % to 82 %, that is all: 12/s"));
}
