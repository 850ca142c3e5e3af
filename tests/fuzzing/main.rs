//! What fuzzing found stays found: every input of the corpus goes through its reader again, whole and damaged.
//!
//! `fuzz/run TARGET` looks for more (CONTRIBUTING.md). An input that broke something is kept in `corpus/TARGET`.

mod mutate;
mod readers;

use std::panic::catch_unwind;
use std::path::Path;

use mutate::Dice;
use readers::{READERS, Reader};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzzing/corpus");
/// Further inputs for the target that reads scenarios.
const SCENARIOS: &[&str] = &["tests/silent", "scenarios"];

/// Damaged inputs per target: `HERDLAB_MUTATIONS=100000 cargo test --release --test fuzzing` for the long form.
fn mutations() -> u64 {
    std::env::var("HERDLAB_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000)
}

/// Name and content of every file of a folder, sorted.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut files: Vec<(String, Vec<u8>)> =
        paths.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

fn corpus(reader: &Reader) -> Vec<(String, Vec<u8>)> {
    let mut all = files(&Path::new(HERE).join(reader.name));
    if reader.name == "scenario" {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        all.extend(SCENARIOS.iter().flat_map(|folder| files(&root.join(folder))));
    }
    assert!(all.len() >= 2, "no corpus for {}", reader.name);
    all
}

#[track_caller]
fn require_read(reader: &Reader, name: &str, input: &[u8]) {
    if catch_unwind(|| (reader.read)(input)).is_err() {
        let kept = std::env::temp_dir().join(format!("herdlab-{}-broken", reader.name));
        std::fs::write(&kept, input).unwrap();
        panic!("{} breaks on {name}; the input is in {}", reader.name, kept.display());
    }
}

#[test]
fn the_corpus_is_read() {
    for reader in READERS {
        corpus(reader).iter().for_each(|(name, input)| require_read(reader, name, input));
    }
}

#[test]
fn damaged_inputs_are_refused_or_read() {
    for reader in READERS {
        let corpus = corpus(reader);
        for case in 0..mutations() {
            let mut dice = Dice(case);
            let (name, input) = &corpus[dice.below(corpus.len())];
            let damaged = match reader.name {
                "results" if case % 4 > 0 => mutate::json(input, &mut dice),
                "scenario" if case % 4 > 0 => mutate::toml(input, &mut dice),
                _ => None,
            };
            let other = &corpus[dice.below(corpus.len())].1;
            let damaged = damaged.unwrap_or_else(|| mutate::bytes(input, other, &mut dice));
            require_read(reader, &format!("case {case}, from {name}"), &damaged);
        }
    }
}
