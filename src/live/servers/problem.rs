//! The ways in which servers fail a run.

use std::fmt;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Redis,
    Postgres,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Server::Redis => "Redis",
            Server::Postgres => "PostgreSQL",
        })
    }
}

/// Why there are no servers for a run, or none any more.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Problem {
    /// The whole message, with the way out.
    text: String,
    /// Whether the command line, the scenario or the given servers are at fault (exit code 2), and not the run (1).
    is_usage: bool,
}

impl Problem {
    /// The command line, the scenario or a given server does not fit: exit code 2.
    pub fn usage(text: impl Into<String>) -> Problem {
        Problem { text: text.into(), is_usage: true }
    }

    /// The run failed: exit code 1.
    pub fn failed(text: impl Into<String>) -> Problem {
        Problem { text: text.into(), is_usage: false }
    }

    /// Whether it ends with exit code 2.
    pub fn is_usage(&self) -> bool {
        self.is_usage
    }
}
