//! Which files a report has, and whose report a folder holds.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::{AxisValue, Experiment, Input};
use crate::replay::{Contender, Replay};
use crate::scenario::grid::Grid;

/// The kind of report in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By `herdlab run`.
    Run,
    /// By `herdlab report`: all of it but the record.
    Redrawn,
    /// By `herdlab sweep`.
    Sweep,
    /// By `herdlab headroom`.
    Headroom,
    /// By `herdlab compare`.
    Comparison,
    /// By `herdlab recommend`.
    Recommend,
    /// By `herdlab mrc`.
    Replay,
}

impl Kind {
    /// The names of the files, and the folders of others.
    fn names(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Kind::Run => (
                &[
                    "index.html",
                    "results.json",
                    "timings.json",
                    "summary.csv",
                    "timeseries.csv",
                    "percentiles.csv",
                    "summary.md",
                ],
                &["charts", "hgrm", "partial"],
            ),
            Kind::Redrawn => (
                &[
                    "index.html",
                    "summary.csv",
                    "timeseries.csv",
                    "percentiles.csv",
                    "summary.md",
                    "sweep.md",
                    "pareto.csv",
                    "headroom.csv",
                    "comparison.csv",
                    "comparison.md",
                    "recommend.csv",
                    "recommend.md",
                ],
                &["charts", "hgrm"],
            ),
            Kind::Sweep => (
                &["index.html", "sweep.json", "sweep.csv", "sweep.md", "pareto.csv", "partial.jsonl"],
                &["charts"],
            ),
            Kind::Headroom => {
                (&["index.html", "headroom.json", "headroom.csv", "partial.jsonl"], &["charts"])
            }
            Kind::Comparison => {
                (&["index.html", "comparison.json", "comparison.csv", "comparison.md"], &["charts"])
            }
            Kind::Recommend => (
                &["index.html", "recommend.json", "recommend.csv", "recommend.md", "partial.jsonl"],
                &["charts"],
            ),
            Kind::Replay => (&["mrc.csv", "mrc.svg", "mrc.png"], &[]),
        }
    }

    /// Whether a report has, or may have, a file of this path below its folder.
    pub fn owns(self, inside: &Path) -> bool {
        let (files, folders) = self.names();
        files.iter().any(|name| inside == Path::new(name))
            || folders.iter().any(|folder| inside.starts_with(folder))
    }

    /// The files of a report that are in a folder now.
    pub fn files_in(self, folder: &Path) -> Vec<PathBuf> {
        let (files, folders) = self.names();
        let mut found: Vec<PathBuf> = files.iter().map(|name| folder.join(name)).collect();
        found.retain(|file| file.exists());
        folders.iter().for_each(|below| collect(&folder.join(below), &mut found));
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() && !path.is_symlink() {
            collect(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Whether a folder holds the report of a run with another digest, or with worlds out of other ranges. A `results.json` that is no record of ours is another
/// report as well.
pub fn holds_another_run(folder: &Path, digest: &str, inputs: &[Input]) -> bool {
    #[derive(Deserialize)]
    struct Header {
        scenario: Scenario,
        #[serde(default)]
        worlds: Option<Worlds>,
    }
    #[derive(Deserialize)]
    struct Worlds {
        inputs: Vec<Input>,
    }
    #[derive(Deserialize)]
    struct Scenario {
        digest: String,
    }
    let results = folder.join("results.json");
    // A page without a record beside it is of nothing that is known here.
    if !results.exists() && folder.join("index.html").exists() {
        return true;
    }
    another(&results, |text| {
        serde_json::from_str::<Header>(text).is_ok_and(|header| {
            let same_ranges = header.worlds.is_none_or(|worlds| worlds.inputs == inputs);
            header.scenario.digest == digest && same_ranges
        })
    })
}

/// Whether a folder holds the report of another sweep: of other cells, or of the same cells of another scenario.
pub fn holds_another_sweep(folder: &Path, grid: &Grid) -> bool {
    #[derive(Deserialize)]
    struct Header {
        scenario: Scenario,
        axes: Vec<Axis>,
        variants: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Scenario {
        source: String,
        overrides: Vec<String>,
    }
    #[derive(Deserialize, PartialEq)]
    struct Axis {
        path: String,
        values: Vec<Value>,
    }
    #[derive(Deserialize, PartialEq)]
    struct Value {
        label: String,
    }
    let value = |value: &AxisValue| Value { label: value.label.clone() };
    let axes: Vec<Axis> = (grid.axes.iter())
        .map(|axis| Axis { path: axis.path.clone(), values: axis.values.iter().map(value).collect() })
        .collect();
    let variants = || grid.base.variants.iter().map(|variant| &variant.name);
    another(&folder.join("sweep.json"), |text| {
        serde_json::from_str::<Header>(text).is_ok_and(|known| {
            known.scenario.source == grid.base.source
                && known.scenario.overrides == grid.base.overrides
                && known.axes == axes
                && known.variants.iter().eq(variants())
        })
    })
}

/// Whether a folder holds the report of another search for headroom: of another scenario, or with other options.
pub fn holds_another_headroom(folder: &Path, base: &Experiment, options: &[String]) -> bool {
    #[derive(Deserialize)]
    struct Header {
        scenario: Scenario,
        variants: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Scenario {
        source: String,
        overrides: Vec<String>,
        options: Vec<String>,
    }
    another(&folder.join("headroom.json"), |text| {
        serde_json::from_str::<Header>(text).is_ok_and(|known| {
            known.scenario.source == base.source
                && known.scenario.overrides == base.overrides
                && known.scenario.options == options
                && known.variants.iter().eq(base.variants.iter().map(|variant| &variant.name))
        })
    })
}

/// Whether a folder holds another report than the comparison of runs with these digests, in this order.
pub fn holds_another_comparison(folder: &Path, digests: &[&str]) -> bool {
    #[derive(Deserialize)]
    struct Header {
        compared: Vec<Compared>,
    }
    #[derive(Deserialize)]
    struct Compared {
        record: Run,
    }
    #[derive(Deserialize)]
    struct Run {
        scenario: Scenario,
    }
    #[derive(Deserialize)]
    struct Scenario {
        digest: String,
    }
    let comparison = folder.join("comparison.json");
    // A page without a record beside it is of nothing that is known here.
    if !comparison.exists() && folder.join("index.html").exists() {
        return true;
    }
    another(&comparison, |text| {
        serde_json::from_str::<Header>(text).is_ok_and(|known| {
            known.compared.iter().map(|run| run.record.scenario.digest.as_str()).eq(digests.iter().copied())
        })
    })
}

/// Whether a folder holds the report of another recommendation, or of anything else: of another scenario, or with other options.
pub fn holds_another_recommendation(folder: &Path, base: &Experiment, options: &[String]) -> bool {
    #[derive(Deserialize)]
    struct Header {
        scenario: Scenario,
    }
    #[derive(Deserialize)]
    struct Scenario {
        source: String,
        overrides: Vec<String>,
        options: Vec<String>,
    }
    let record = folder.join("recommend.json");
    if !record.exists() && folder.join("index.html").exists() {
        return true;
    }
    another(&record, |text| {
        serde_json::from_str::<Header>(text).is_ok_and(|known| {
            known.scenario.source == base.source
                && known.scenario.overrides == base.overrides
                && known.scenario.options == options
        })
    })
}

/// Whether a folder holds the curves of another trace, or of this one with other policies, capacities, rules or sample. `replay` has
/// no cells yet.
pub fn holds_another_replay(
    folder: &Path,
    replay: &Replay,
    policies: &[Contender],
    capacities: &[u64],
) -> bool {
    let cells =
        policies.iter().flat_map(|&policy| capacities.iter().map(move |&capacity| (policy, capacity)));
    let ours: Vec<String> =
        cells.map(|(policy, capacity)| super::mrc::setting(replay, policy, capacity)).collect();
    another(&folder.join("mrc.csv"), |text| {
        let mut lines = text.lines();
        let header = lines.next();
        let rows: Vec<&str> = lines.collect();
        header == Some(&super::mrc::header(replay))
            && rows.len() == ours.len()
            && rows.iter().zip(&ours).all(|(row, ours)| row.starts_with(&format!("{ours},")))
    })
}

fn another(file: &Path, is_ours: impl FnOnce(&str) -> bool) -> bool {
    match std::fs::read(file) {
        Ok(bytes) => !std::str::from_utf8(&bytes).is_ok_and(is_ours),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fixture::stampede;
    use crate::report::html::Charts;
    use crate::report::{Contents, write_all};

    /// Whoever adds a file to the report adds its name here as well.
    #[test]
    fn every_file_of_a_report_is_known_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let contents = Contents { charts: Charts::Static, hgrm: true, summary: true };
        write_all(&stampede(2), None, dir.path(), contents).unwrap();
        let mut all = Vec::new();
        collect(dir.path(), &mut all);
        assert!(all.len() > 10);
        for file in all {
            let inside = file.strip_prefix(dir.path()).unwrap();
            assert!(Kind::Run.owns(inside), "{inside:?}");
            assert_eq!(Kind::Redrawn.owns(inside), inside != Path::new("results.json"), "{inside:?}");
        }
        assert!(
            !Kind::Run.owns(Path::new("scenario.toml")) && !Kind::Run.owns(Path::new("other/index.html"))
        );
    }

    #[test]
    fn a_report_is_anothers_by_its_digest() {
        let dir = tempfile::tempdir().unwrap();
        let record = stampede(1);
        let digest = record.scenario.digest.clone();
        assert!(!holds_another_run(dir.path(), &digest, &[]), "nothing is there");
        write_all(&record, None, dir.path(), Charts::Static).unwrap();
        assert!(!holds_another_run(dir.path(), &digest, &[]));
        assert!(holds_another_run(dir.path(), "another", &[]));
        std::fs::write(dir.path().join("results.json"), "{}").unwrap();
        assert!(holds_another_run(dir.path(), &digest, &[]), "somebody else's file");
    }
}
