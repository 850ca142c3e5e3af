//! The ways in which servers fail a run.

use std::fmt;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use tokio_postgres::error::SqlState;

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

    /// The same with more about it.
    pub(super) fn with(mut self, more: &str) -> Problem {
        self.text.push_str(more);
        self
    }

    /// An error of Redis while `doing` something: a wrong password or a missing right is the user's to mend.
    pub fn of_redis(doing: &str, error: &RedisError) -> Problem {
        let mut reason = error.to_string();
        if let Some(detail) = error.detail()
            && !reason.contains(detail)
        {
            reason = format!("{reason}: {detail}");
        }
        let what = format!("Redis: cannot {doing}: {reason}");
        match error.kind() {
            ErrorKind::AuthenticationFailed => {
                Problem::usage(format!("{what}; check the user and the password of --redis"))
            }
            ErrorKind::Server(ServerErrorKind::NoPerm) => {
                Problem::usage(format!("{what}; the user of --redis needs the right to do this"))
            }
            _ if error.code() == Some("NOAUTH") => {
                Problem::usage(format!("{what}; the server asks for a password: redis://:PASSWORD@HOST:PORT"))
            }
            _ if error.code() == Some("OOM") => {
                Problem::failed(format!("{what}; its memory is full and its policy evicts nothing"))
            }
            ErrorKind::Io if error.is_connection_refusal() => {
                Problem::failed(format!("{what}; is it running?"))
            }
            _ => Problem::failed(what),
        }
    }

    /// The same of PostgreSQL.
    pub fn of_postgres(doing: &str, error: &tokio_postgres::Error) -> Problem {
        let reason = match (error.as_db_error(), std::error::Error::source(error)) {
            (Some(answer), _) => answer.message().to_owned(),
            (None, Some(source)) => format!("{error}: {source}"),
            (None, None) => error.to_string(),
        };
        let what = format!("PostgreSQL: cannot {doing}: {reason}");
        let is = |state: &SqlState| error.code() == Some(state);
        if is(&SqlState::INVALID_PASSWORD) || is(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) {
            Problem::usage(format!("{what}; check the user and the password of --postgres"))
        } else if is(&SqlState::INSUFFICIENT_PRIVILEGE) {
            Problem::usage(format!("{what}; the user of --postgres needs CREATE on the database"))
        } else if is(&SqlState::INVALID_CATALOG_NAME) {
            Problem::usage(format!("{what}; name a database that exists in --postgres"))
        } else if is(&SqlState::TOO_MANY_CONNECTIONS) {
            Problem::usage(format!("{what}; raise max_connections, or use smaller pools"))
        } else if is(&SqlState::DISK_FULL) {
            Problem::failed(format!("{what}; the disk of the server is full"))
        } else if error.code().is_none() && reason.contains("password missing") {
            Problem::usage(format!("{what}; the server asks for one: postgres://USER:PASSWORD@HOST/DATABASE"))
        } else {
            Problem::failed(what)
        }
    }
}
