//! Where and how text is shown.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use herdlab::report::html::Charts;
use herdlab::scenario::Diagnostics;

/// Writes to standard output.
pub(crate) fn show(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

/// Whether the reader of our output has gone (`herdlab list | head -1`).
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Colour on a terminal, unless <https://no-color.org> or <https://bixense.com/clicolors> ask for none, or the latter for
/// some everywhere.
fn wants_color(is_terminal: bool) -> bool {
    let given = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let truth = |name| given(name).map(|value| value != "0");
    if given("NO_COLOR").is_some() {
        return false;
    }
    truth("CLICOLOR_FORCE") == Some(true) || (is_terminal && truth("CLICOLOR") != Some(false))
}

/// Whether messages are coloured.
pub(crate) fn color_on_stderr() -> bool {
    wants_color(io::stderr().is_terminal())
}

/// Width of the terminal and whether it wants colour. A pipe gets as many columns as `COLUMNS` says, or 120.
pub(crate) fn stdout_style() -> (u16, bool) {
    let told = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|width| *width > 0);
    let width = terminal_size::terminal_size().map(|(width, _)| width.0).or_else(told).unwrap_or(120);
    (width, wants_color(io::stdout().is_terminal()))
}

/// The charts of a report with or without `--static`.
pub(crate) fn charts(only_pictures: bool) -> Charts {
    if only_pictures { Charts::Static } else { Charts::Interactive }
}

/// Makes sure that a report can be written before minutes are spent on computing it.
pub(crate) fn require_writable(folder: &Path) -> Result<(), Diagnostics> {
    let tried =
        std::fs::create_dir_all(folder).and_then(|()| tempfile::NamedTempFile::new_in(folder).map(drop));
    tried.map_err(|error| {
        let title = format!("cannot write to the folder {}: {error}", folder.display());
        Diagnostics::general(title, vec!["choose another folder with --out DIR".to_owned()])
    })
}

/// The folder that a file goes to.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Leaves no empty folder behind.
pub(crate) fn remove_if_empty(folder: &Path) {
    // Fails where it is not empty, which is right.
    let _ = std::fs::remove_dir(folder);
}
