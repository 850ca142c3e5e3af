//! Where and how text is shown.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use herdlab::atomic::{self, WriteError};
use herdlab::report::ReportError;
use herdlab::report::html::Charts;
use herdlab::scenario::Diagnostics;
pub(crate) use herdlab::units::counted;
use herdlab::wrap::hanging;

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
    let width = terminal_size::terminal_size().map(|(width, _)| width.0).or_else(told_width).unwrap_or(120);
    (width, wants_color(io::stdout().is_terminal()))
}

/// The same for messages; in a pipe of unknown width their lines are not broken.
pub(crate) fn stderr_style() -> (u16, bool) {
    let width = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| width.0);
    (width.or_else(told_width).unwrap_or(u16::MAX), color_on_stderr())
}

/// A message in lines that fit the terminal.
pub(crate) fn message(text: &str) -> String {
    hanging(text, usize::from(stderr_style().0))
}

/// Width of lists with a line per entry; `None` in a pipe, where `grep` and `cut` want each entry on one line.
pub(crate) fn list_width() -> Option<u16> {
    let known = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
    known().or_else(told_width)
}

fn told_width() -> Option<u16> {
    std::env::var("COLUMNS").ok()?.parse().ok().filter(|width| *width > 0)
}

/// The charts of a report with or without `--static`.
pub(crate) fn charts(only_pictures: bool) -> Charts {
    if only_pictures { Charts::Static } else { Charts::Interactive }
}

/// Makes sure that the folder of a report can be written before minutes are spent on computing it; `option` is the one
/// that says where it goes.
pub(crate) fn require_folder(folder: &Path, option: &str) -> Result<(), Diagnostics> {
    atomic::try_folder(folder).map_err(|error| {
        Diagnostics::general(error.to_string(), vec![format!("choose another place with {option}")])
    })
}

/// The same for a single file.
pub(crate) fn require_file(file: &Path, option: &str) -> Result<(), Diagnostics> {
    if file.is_dir() {
        let title = format!("cannot write {}: it is a folder", file.display());
        return Err(Diagnostics::general(title, vec![format!("name a file in it with {option}")]));
    }
    require_folder(atomic::folder_of(file), option)
}

/// A file that could not be written, and the way out.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Unwritten(pub Diagnostics);

/// Adds the way out to the failure of a file; `option` is the one that says where it goes.
pub(crate) fn written<T>(result: Result<T, impl Into<anyhow::Error>>, option: &str) -> anyhow::Result<T> {
    result.map_err(|error| unwritten(error, option))
}

/// The failure of a file with the way out; any other one as it is.
pub(crate) fn unwritten(error: impl Into<anyhow::Error>, option: &str) -> anyhow::Error {
    let error = error.into();
    let of_report = matches!(error.downcast_ref::<ReportError>(), Some(ReportError::Write(_)));
    if !of_report && !error.is::<WriteError>() {
        return error;
    }
    let help = format!("free some room or allow writing there, or choose another place with {option}");
    Unwritten(Diagnostics::general(error.to_string(), vec![help])).into()
}
