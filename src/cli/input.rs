//! From an argument to a scenario: a path, or the name of a bundled one.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use herdlab::model::Experiment;
use herdlab::scenario::diagnostic::nearest;
use herdlab::scenario::grid::{Grid, Which, grid};
use herdlab::scenario::lint::Warnings;
use herdlab::scenario::uncertain::{World, worlds};
use herdlab::scenario::{self, Diagnostics, Overrides, bundled};

/// Loads a file, or the bundled scenario of that name where there is no such file.
pub(crate) fn load(scenario: &str, overrides: &Overrides) -> Result<Experiment, Diagnostics> {
    load_with_warnings(scenario, overrides).map(|(experiment, _)| experiment)
}

/// The same, with the findings of the lints.
pub(crate) fn load_with_warnings(
    scenario: &str,
    overrides: &Overrides,
) -> Result<(Experiment, Warnings), Diagnostics> {
    let Found { source, path, base_dir } = find(scenario)?;
    scenario::parse_with_warnings(&source, &path, &base_dir, overrides)
}

/// The same with all settings of a sweep or a search.
pub(crate) fn load_grid(
    scenario: &str,
    overrides: &Overrides,
    which: Which,
    axes: &[(String, String)],
) -> Result<(Grid, Warnings), Diagnostics> {
    let Found { source, path, base_dir } = find(scenario)?;
    grid(&source, &path, &base_dir, overrides, which, axes)
}

/// The worlds of a scenario with ranges.
pub(crate) fn load_worlds(
    scenario: &str,
    overrides: &Overrides,
    count: u32,
) -> Result<Vec<World>, Diagnostics> {
    let Found { source, path, base_dir } = find(scenario)?;
    worlds(&source, &path, &base_dir, overrides, count)
}

/// Refuses a scenario with ranges for a command that has no worlds.
pub(crate) fn refuse_ranges(experiment: &Experiment, command: &str) -> Result<(), Diagnostics> {
    let Some(first) = experiment.inputs.first() else { return Ok(()) };
    let title = format!("`herdlab {command}` draws no worlds, and {} is a range", first.path);
    let help = vec![
        format!("set it: --set {}=VALUE", first.path),
        format!("`herdlab run {}` draws worlds", experiment.source_path),
    ];
    Err(Diagnostics::general(title, help))
}

/// What a command tells that takes the central value of every range; `None` for a scenario without ranges.
pub(crate) fn central_values(experiment: &Experiment, command: &str) -> Option<String> {
    let ranges = experiment.inputs.len();
    let first = experiment.inputs.first()?;
    let more = if ranges > 1 { format!(" and {} more", ranges - 1) } else { String::new() };
    Some(format!(
        "note: {} has ranges ({}{more}); `herdlab {command}` takes their central values, `herdlab run` draws worlds",
        experiment.source_path, first.path
    ))
}

/// The text of a scenario, its name in messages, and the folder that its files are relative to.
pub(crate) struct Found {
    pub source: Cow<'static, str>,
    pub path: String,
    pub base_dir: PathBuf,
}

/// The file, or the bundled scenario of that name where there is no such file.
pub(crate) fn find(scenario: &str) -> Result<Found, Diagnostics> {
    let path = Path::new(scenario);
    if !path.is_file() {
        if let Some(bundled) = bundled::get(scenario) {
            let source = Cow::Borrowed(bundled.source);
            return Ok(Found { source, path: bundled.path(), base_dir: PathBuf::from("scenarios") });
        }
        if !scenario.contains(['/', '.']) && !path.exists() {
            return Err(unknown(scenario));
        }
    }
    let source = Cow::Owned(scenario::read(path)?);
    let base_dir = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Found { source, path: scenario.to_owned(), base_dir })
}

/// The message for a name that is no bundled scenario's.
pub(crate) fn unknown(name: &str) -> Diagnostics {
    let names = || bundled::all().iter().map(|bundled| bundled.name);
    let mut help = vec![format!("bundled scenarios: {}", names().collect::<Vec<_>>().join(", "))];
    if let Some(meant) = nearest(name, names()) {
        help.insert(0, format!("did you mean \"{meant}\"?"));
    }
    Diagnostics::general(format!("there is no scenario \"{name}\""), help)
}

/// Threads to use: as asked, or as many as the machine runs at once.
pub(crate) fn threads(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1)
}
