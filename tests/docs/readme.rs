//! Every figure, name and path of README.md holds.

use std::path::Path;

use herdlab::scenario::bundled;
use herdlab::scenario::estimate;

use crate::commands::commands;
use crate::findings::{checked, finding};
use crate::pages::{Page, ROOT};

fn readme() -> Page {
    Page::read("README.md")
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

/// Numbers of a text, with their thousands.
fn numbers(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ',' | '_' | '-')));
    let number = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        let whole = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
        (!word.is_empty() && whole).then(|| word.to_owned())
    };
    // Names such as p99, XFetch or MIT-2 are no figures.
    words.filter(|word| !word.starts_with(|c: char| c.is_ascii_alphabetic())).filter_map(number).collect()
}

/// The points of the section with the findings: target of the link, and text.
fn findings(page: &Page) -> Vec<(String, String)> {
    let (_, section) = page.text.split_once("## Four findings").expect("the section with the findings");
    let section = section.split("\n## ").next().unwrap_or_default();
    let point = |point: &str| {
        let target = point.split_once("scenarios/README.md#")?.1.split_once(')')?.0;
        Some((target.to_owned(), point.split("\n\n").next()?.to_owned()))
    };
    section.split("\n- ").skip(1).filter_map(point).collect()
}

#[test]
fn every_figure_of_a_finding_is_one_of_its_scenario() {
    let (readme, scenarios) = (readme(), Page::read("scenarios/README.md"));
    let findings = findings(&readme);
    assert_eq!(findings.len(), 4);
    for (name, text) in findings {
        let source = bundled::get(&name).unwrap_or_else(|| panic!("no scenario {name}")).source;
        let found = finding(&scenarios, &name).unwrap();
        let known = numbers(&format!("{found} {source}"));
        let figures = numbers(&text);
        assert!(!figures.is_empty(), "{name}: no figure");
        for figure in figures {
            assert!(known.contains(&figure), "{name}: {figure} is not in its finding:\n{found}");
        }
    }
}

#[test]
fn the_figures_of_the_first_command_are_right() {
    let text = readme().text.replace('\n', " ");
    let stampede = checked(bundled::get("stampede").unwrap());
    assert_eq!((stampede.variants.len(), stampede.replications), (7, 10));
    let requests: f64 = stampede.variants.iter().map(|variant| estimate::requests(&variant.model)).sum();
    let millions = (requests * 10.0 / 1e6).round();
    let manifest: toml::Table = file("Cargo.toml").parse().unwrap();
    let rust = manifest["package"]["rust-version"].as_str().unwrap();
    for part in [
        "seven variants, ten times each",
        &format!("{millions} million requests in all"),
        &format!("Rust {rust} or newer"),
        "about three minutes",
        "under seven ways",
        "by eleven questions",
    ] {
        assert!(text.contains(part), "README.md lacks: {part}");
    }
    // From nothing compiled to the result, of which the run is seconds.
    let performance = file("docs/performance.md").replace('\n', " ");
    let measured = performance.split("scenarios/stampede.toml` takes ").nth(1);
    let seconds: f64 = measured.and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
    assert!((165.0..=195.0).contains(&seconds), "{seconds} s are not three minutes");
    assert_eq!(herdlab::starter::QUESTIONS.len(), 11);
}

/// Every number outside code and findings is accounted for above or here.
#[test]
fn no_figure_is_left_unchecked() {
    let readme = readme();
    let findings: Vec<String> = findings(&readme).iter().flat_map(|(_, text)| numbers(text)).collect();
    let known = ["29", "1.89", "2.0"];
    for number in numbers(&readme.prose()) {
        let accounted = findings.contains(&number) || known.contains(&number.as_str());
        assert!(accounted, "nothing checks {number} of README.md");
    }
}

#[test]
fn it_is_a_screen_and_a_half() {
    let readme = readme();
    let words = readme.prose().split_whitespace().count();
    assert!(words < 640, "{words} words beside the code");
    assert!(readme.text.lines().count() < 165, "{} lines", readme.text.lines().count());
    let blocks = readme.blocks();
    let scenario = &blocks.iter().find(|block| block.language == "toml").expect("a scenario").text;
    let lines = scenario.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 26, "a scenario of {lines} lines");
}

/// What is set as code is a command, a file, an option of scenarios, or an option of a command.
#[test]
fn every_name_that_is_set_as_code_exists() {
    let readme = readme();
    let reference = file("docs/scenarios.md");
    for span in readme.spans() {
        let known = span == "herdlab"
            || span.starts_with("herdlab ")
            || span.starts_with("cargo ")
            || span.starts_with("--")
            || span.starts_with("reports/")
            || Path::new(ROOT).join(&span).exists()
            || reference.contains(&format!("`{span}`"));
        assert!(known, "{span}");
    }
    assert!(commands(&readme).len() >= 9, "{:?}", commands(&readme));
}
