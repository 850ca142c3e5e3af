//! What the program is made of is what `deny.toml` allows: licences, single versions, one registry.
//!
//! `cargo deny check` says the same and more (advisories); this needs nothing but cargo, and so is part of every test run.

use std::collections::BTreeMap;
use std::process::Command;

use toml::{Table, Value};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A package that is compiled on this system.
struct Package {
    name: String,
    version: String,
    /// Where it comes from, if not from crates.io.
    source: Option<String>,
    licence: String,
}

/// What `edges` of the tree of dependencies lead to: `normal,build` for the program, with `dev` its tests as well.
fn packages(edges: &str) -> Vec<Package> {
    packages_with(edges, &[])
}

/// The same with more options of `cargo tree`.
fn packages_with(edges: &str, more: &[&str]) -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--prefix",
            "none",
            "--format",
            "{p}|{l}",
            "--no-dedupe",
            "--edges",
            edges,
        ])
        .args(more)
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<&str> = text.lines().filter(|line| line.contains('|')).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.into_iter().map(package).collect()
}

/// `name v1.2.3 (source)|licence`.
fn package(line: &str) -> Package {
    let (identity, licence) = line.rsplit_once('|').unwrap();
    let mut words = identity.splitn(3, ' ');
    let [name, version] = [words.next(), words.next()].map(|word| word.unwrap_or_else(|| panic!("{line}")));
    let source = words.next().filter(|source| !source.contains("proc-macro") && !source.contains(ROOT));
    Package {
        name: name.to_owned(),
        version: version.trim_start_matches('v').to_owned(),
        source: source.map(str::to_owned),
        licence: licence.to_owned(),
    }
}

fn rules() -> Table {
    std::fs::read_to_string(format!("{ROOT}/deny.toml")).unwrap().parse().unwrap()
}

fn texts(list: &Value, field: Option<&str>) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    let item = |item: &Value| field.map_or(item, |field| &item[field]).as_str().unwrap().to_owned();
    items.map(item).collect()
}

/// Whether an SPDX expression can be met with these licences: one of `A OR B` will do, of `A AND B` both must.
/// `A/B`, as older crates write it, is `A OR B`.
fn allowed(expression: &str, licences: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = either(&mut words, licences);
    assert!(words.peek().is_none(), "what is \"{expression}\"?");
    met
}

type Words<'w> = std::iter::Peekable<std::str::SplitWhitespace<'w>>;

fn either(words: &mut Words<'_>, licences: &[String]) -> bool {
    let mut met = both(words, licences);
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, licences);
    }
    met
}

fn both(words: &mut Words<'_>, licences: &[String]) -> bool {
    let mut met = single(words, licences);
    while words.next_if_eq(&"AND").is_some() {
        met &= single(words, licences);
    }
    met
}

fn single(words: &mut Words<'_>, licences: &[String]) -> bool {
    match words.next() {
        Some("(") => {
            let met = either(words, licences);
            assert_eq!(words.next(), Some(")"));
            met
        }
        Some(name) => match words.next_if_eq(&"WITH") {
            // With an exception it is another licence.
            Some(_) => {
                let exception = words.next().unwrap_or_default();
                licences.contains(&format!("{name} WITH {exception}"))
            }
            None => licences.iter().any(|licence| licence == name),
        },
        None => false,
    }
}

#[test]
fn every_licence_is_allowed() {
    let licences = texts(&rules()["licenses"]["allow"], None);
    let packages = packages("normal,build,dev");
    assert!(packages.len() > 100, "{} packages", packages.len());
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !allowed(&package.licence, &licences))
        .map(|package| format!("{} {}: {}", package.name, package.version, package.licence))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn no_crate_is_there_twice_without_a_reason() {
    let known = texts(&rules()["bans"]["skip"], Some("crate"));
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Package { name, version, .. } in packages("normal,build") {
        let of_this = versions.entry(name).or_default();
        if !of_this.contains(&version) {
            of_this.push(version);
        }
    }
    for (name, versions) in versions {
        // The entry in the list names the version that is the spare one.
        let spare = versions.iter().filter(|version| known.contains(&format!("{name}@{version}"))).count();
        assert!(versions.len() - spare <= 1, "{name}: {versions:?}; see [bans] in deny.toml");
    }
}

/// What only files, threads, pictures, terminals and arguments need.
const BEYOND_THE_CORE: &[&str] = &[
    "annotate-snippets",
    "anyhow",
    "askama",
    "base64",
    "bzip2",
    "clap",
    "clap_complete",
    "clap_mangen",
    "comfy-table",
    "ctrlc",
    "flate2",
    "hdrhistogram",
    "indicatif",
    "lzma-rust2",
    "nix",
    "plotters",
    "plotters-backend",
    "png",
    "quick-junit",
    "rayon",
    "resvg",
    "ruzstd",
    "tempfile",
    "terminal_size",
];

#[test]
fn the_core_has_no_files_threads_pictures_and_terminal() {
    let core: Vec<String> = packages_with("normal", &["--no-default-features"])
        .into_iter()
        .map(|package| package.name)
        .filter(|name| BEYOND_THE_CORE.contains(&name.as_str()))
        .collect();
    assert!(core.is_empty(), "{core:?} are of no use in a browser");
    // The list is of crates that the program has.
    let all: Vec<String> = packages("normal").into_iter().map(|package| package.name).collect();
    assert!(BEYOND_THE_CORE.iter().all(|name| all.iter().any(|known| known == name)));
}

#[test]
fn pages_need_no_command_line() {
    let pages = packages_with("normal", &["--no-default-features", "--features", "pages"]);
    let of_the_command = ["anyhow", "clap", "ctrlc", "indicatif", "terminal_size"];
    assert!(pages.iter().all(|package| !of_the_command.contains(&package.name.as_str())));
    assert!(pages.iter().any(|package| package.name == "plotters"));
}

#[test]
fn everything_comes_from_the_registry() {
    for Package { name, source, .. } in packages("normal,build,dev") {
        assert!(source.is_none(), "{name} comes from {source:?}");
    }
}

#[test]
fn licences_are_read_as_spdx_means_them() {
    let ours = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
    for (expression, expected) in [
        ("MIT", true),
        ("Apache-2.0", false),
        ("Apache-2.0 OR MIT", true),
        ("Unlicense/MIT", true),
        ("MIT AND Apache-2.0", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(MIT AND Apache-2.0) OR GPL-3.0", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("MIT WITH LLVM-exception", false),
    ] {
        assert_eq!(allowed(expression, &ours), expected, "{expression}");
    }
}
