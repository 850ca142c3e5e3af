//! Where and how text is shown.
//!
//! Standard error never decides anything: what it does not take is lost. Standard output is the result of some commands
//! ([`Shown::code`]); for all others it is the same.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use herdlab::atomic::WriteError;
use herdlab::report::ReportError;
use herdlab::report::html::Charts;
use herdlab::scenario::Diagnostics;
pub(crate) use herdlab::units::counted;
use herdlab::wrap::hanging;

/// A line on standard error; a failure to write it is ignored.
macro_rules! tell {
    ($($part:tt)*) => { $crate::cli::output::tell_line(format_args!($($part)*)) };
}
pub(crate) use tell;

/// See [`tell!`]: broken where the terminal is narrower, in one call, so that lines of several threads and processes do not mix.
pub(crate) fn tell_line(line: fmt::Arguments<'_>) {
    tell_text(&(message(&line.to_string()) + "\n"));
}

/// Text as it is on standard error; a failure to write it is ignored.
pub(crate) fn tell_text(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// How standard output took a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Whole,
    /// The reader has seen enough and gone (`herdlab list | head -1`).
    Unwanted,
    /// Lost, for example on a full disk; standard error has the reason.
    Lost,
}

impl Shown {
    /// The exit code of a command whose result is its output: where that is lost, a success is none. Every other code stays.
    pub fn code(self, otherwise: u8) -> u8 {
        match (self, otherwise) {
            (Shown::Lost, super::exit::SUCCESS) => super::exit::RUNTIME,
            _ => otherwise,
        }
    }

    /// The same for a command that did all it had to do.
    pub fn done(self) -> ExitCode {
        ExitCode::from(self.code(super::exit::SUCCESS))
    }

    /// Of two texts.
    pub fn and(self, other: Shown) -> Shown {
        if self == Shown::Whole { other } else { self }
    }
}

/// Writes to standard output.
pub(crate) fn show(text: &str) -> Shown {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    shown(written)
}

/// Outcome of a write to standard output.
pub(crate) fn shown(written: io::Result<()>) -> Shown {
    match written {
        Ok(()) => Shown::Whole,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Shown::Unwanted,
        Err(error) => {
            tell!("error: cannot write to standard output: {error}");
            Shown::Lost
        }
    }
}

/// Colour on a terminal, unless <https://no-color.org> or <https://bixense.com/clicolors> turn it off, or the latter for
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

/// Width of the terminal and whether it shows colour. A pipe gets the columns of `COLUMNS`, or 120.
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

/// Width of lists with a line per entry; `None` in a pipe, where `grep` and `cut` need each entry on one line.
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

/// A file that could not be written, and the way out.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Unwritten(pub Diagnostics);

/// Adds the way out to the failure of a file; `option` is the one that sets its place.
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
