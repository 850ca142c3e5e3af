//! What is imported: files and figures with their places.

use std::borrow::Cow;

/// A file, or standard input, read whole.
#[derive(Clone, Debug)]
pub struct Source {
    /// In messages and comments: the name of the file without its folder.
    pub name: String,
    pub bytes: Vec<u8>,
    /// What the caller named it (`--as latency=FILE`); `None`: decided by its content.
    pub role: Option<Role>,
}

/// What a time series or a histogram is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Series: requests per second that look into the cache.
    Requests,
    /// Series: lookups per second that hit.
    Hits,
    /// Series: lookups per second that miss.
    Misses,
    /// Series: requests per second that reach the database.
    Database,
    /// Histogram: the time that the database takes for a read.
    DbRead,
    /// Histogram: the time that the database takes for a write.
    DbWrite,
    /// Histogram: the latency of all requests, as the callers see it.
    Latency,
}

impl Role {
    /// Every role with its name on the command line and its meaning.
    pub const ALL: &[(&str, Role, &str)] = &[
        ("requests", Role::Requests, "series of requests per second"),
        ("hits", Role::Hits, "series of hits per second"),
        ("misses", Role::Misses, "series of misses per second"),
        ("database", Role::Database, "series of database requests per second"),
        ("db-read", Role::DbRead, "histogram of the database's reads"),
        ("db-write", Role::DbWrite, "histogram of the database's writes"),
        ("latency", Role::Latency, "histogram of the latency of requests"),
    ];

    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    pub fn name(self) -> &'static str {
        Role::ALL.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }

    /// Whether a histogram has this role, and no series.
    pub fn is_histogram(self) -> bool {
        matches!(self, Role::DbRead | Role::DbWrite | Role::Latency)
    }
}

/// Why nothing was imported: the place (`info.txt:12`), the problem, the way out.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ImportError {
    pub place: String,
    pub problem: String,
    pub help: Vec<String>,
}

impl ImportError {
    pub(super) fn help(mut self, text: impl Into<String>) -> ImportError {
        self.help.push(text.into());
        self
    }
}

impl Source {
    /// Lines with their numbers, from 1, without what ends them.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, Cow<'_, str>)> {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        let lines = text.split(|byte| *byte == b'\n');
        (1..).zip(lines.map(|line| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))))
    }

    /// The place of a figure: `info.txt:12 keyspace_hits`.
    pub(super) fn at(&self, line: u64, figure: &str) -> String {
        format!("{}:{line} {figure}", self.name)
    }

    pub(super) fn wrong(&self, line: u64, problem: impl Into<String>) -> ImportError {
        ImportError { place: format!("{}:{line}", self.name), problem: problem.into(), help: Vec::new() }
    }

    /// A problem with the whole file.
    pub(super) fn refuse(&self, problem: impl Into<String>) -> ImportError {
        ImportError { place: self.name.clone(), problem: problem.into(), help: Vec::new() }
    }
}

/// A number, or whatever a scenario takes, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure<T> {
    pub value: T,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A file and a line, and how it was computed.
    Measured(String),
    /// No file has it.
    Assumed(String),
}

impl<T> Figure<T> {
    pub(super) fn measured(value: T, origin: impl Into<String>) -> Figure<T> {
        Figure { value, origin: Origin::Measured(origin.into()) }
    }

    pub(super) fn assumed(value: T, reason: impl Into<String>) -> Figure<T> {
        Figure { value, origin: Origin::Assumed(reason.into()) }
    }

    /// Another value from the same place.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Figure<U> {
        Figure { value: change(self.value), origin: self.origin }
    }

    pub fn is_measured(&self) -> bool {
        matches!(self.origin, Origin::Measured(_))
    }

    /// As a comment of the scenario.
    pub fn comment(&self) -> String {
        match &self.origin {
            Origin::Measured(origin) => format!("# {}", one_line(origin)),
            Origin::Assumed(reason) => format!("# ASSUMPTION: {}", one_line(reason)),
        }
    }
}

/// A comment ends with its line, and names of metrics and columns may have any character.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, "?")
}
