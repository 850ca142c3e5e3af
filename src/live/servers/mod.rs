//! A Redis and a PostgreSQL for a run: private ones in a temporary folder, or given ones under a prefix and a schema of their own.
//!
//! Everything here blocks; asynchronous code calls it by `tokio::task::spawn_blocking` or from a thread of its own.

mod problem;
mod settings;

use std::time::Duration;

pub use problem::{Problem, Server};
pub use settings::{Connections, Given, RedisSettings, Spawn};

/// A row of the table `rows`, which every connection of [`Servers::postgres`] finds by its bare name:
///
/// ```sql
/// create table rows (id bigint primary key, version bigint not null, payload bytea not null)
/// ```
///
/// `version` is 0 in the beginning. A second table, `pace (factor double precision not null)`, has one row: queries multiply their
/// service time by it (1 at the start, [`Control::slow_postgres`] sets it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: u64,
    /// Length of the payload.
    pub bytes: u32,
}

/// Both servers of a run. What was made is unmade by [`Servers::finish`], on drop, and by [`abandon`].
#[derive(Debug)]
pub struct Servers {
    prefix: String,
    schema: String,
}

/// As the servers report them: `7.0.15`, `15.18`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    pub redis: String,
    pub postgres: String,
}

impl Servers {
    /// Starts a private redis-server and PostgreSQL on free loopback ports and waits until both answer.
    ///
    /// # Errors
    /// A program that is not installed, or a server that does not start.
    pub fn spawn(spawn: &Spawn) -> Result<Servers, Problem> {
        let _ = spawn;
        todo!()
    }

    /// Takes given servers, after checks that nothing foreign can be touched, and makes an own schema.
    ///
    /// # Errors
    /// Servers that cannot be reached or used, and those where the run could touch foreign data.
    pub fn given(given: &Given) -> Result<Servers, Problem> {
        let _ = given;
        todo!()
    }

    /// Whether they were started for this run, so that they may be flushed, paused and killed.
    pub fn are_own(&self) -> bool {
        todo!()
    }

    /// The address of Redis with its password, for the clients: `redis::Client::open(servers.redis_url())`.
    pub fn redis_url(&self) -> &str {
        todo!()
    }

    /// The way to PostgreSQL, with the own schema as the search path.
    pub fn postgres(&self) -> tokio_postgres::Config {
        todo!()
    }

    /// All keys begin with it: `herdlab:3f9c52d1:`.
    pub fn key_prefix(&self) -> &str {
        &self.prefix
    }

    /// Holds the tables `rows` and `pace`.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    pub fn versions(&self) -> &Versions {
        todo!()
    }

    /// Sentences about the servers that a report has to state: durability, memory, versions.
    pub fn notes(&self) -> &[String] {
        todo!()
    }

    /// Replaces the content of `rows` by these, at version 0.
    ///
    /// # Errors
    /// A server that is gone, or a full disk.
    pub fn fill(&self, rows: impl IntoIterator<Item = Row>) -> Result<u64, Problem> {
        let _ = rows;
        todo!()
    }

    /// Removes all keys under the prefix (an own server is flushed), and sets the pace to 1: the start of a repetition.
    ///
    /// # Errors
    /// A server that is gone.
    pub fn clear(&self) -> Result<(), Problem> {
        todo!()
    }

    /// Whether both servers answer.
    ///
    /// # Errors
    /// The one that does not, with the end of its log where it is an own one.
    pub fn check(&self) -> Result<(), Problem> {
        todo!()
    }

    /// The hand on own servers; `None`: they are given ones.
    pub fn control(&self) -> Option<Control> {
        todo!()
    }

    /// Removes everything that was made, and stops own servers.
    ///
    /// # Errors
    /// What could not be removed, by name.
    pub fn finish(self) -> Result<(), Problem> {
        todo!()
    }
}

/// Removes what all servers of this process have made, within a few seconds: for a signal that ends the program.
pub fn abandon() {
    todo!()
}

/// What events of a scenario do to own servers. Each call returns when the server is in the new state.
#[derive(Clone, Debug)]
pub struct Control {}

impl Control {
    /// FLUSHALL.
    ///
    /// # Errors
    /// A server that is gone; as all of these.
    pub fn flush(&self) -> Result<(), Problem> {
        todo!()
    }

    /// CLIENT PAUSE: connections are taken and nothing is answered for so long. Returns at once.
    pub fn pause_redis(&self, time: Duration) -> Result<(), Problem> {
        let _ = time;
        todo!()
    }

    /// SIGKILL: connections are reset, new ones refused.
    pub fn kill_redis(&self) -> Result<(), Problem> {
        todo!()
    }

    /// Starts it again on the same port, empty.
    pub fn restart_redis(&self) -> Result<(), Problem> {
        todo!()
    }

    /// SIGSTOP to all processes of PostgreSQL: nothing is answered, connections stay.
    pub fn stop_postgres(&self) -> Result<(), Problem> {
        todo!()
    }

    /// SIGCONT to all processes of PostgreSQL.
    pub fn continue_postgres(&self) -> Result<(), Problem> {
        todo!()
    }

    /// Ends PostgreSQL at once: connections are reset, new ones refused.
    pub fn kill_postgres(&self) -> Result<(), Problem> {
        todo!()
    }

    /// Starts it again on the same port with its data.
    pub fn restart_postgres(&self) -> Result<(), Problem> {
        todo!()
    }

    /// Sets `pace.factor`; 1 is normal.
    pub fn slow_postgres(&self, factor: f64) -> Result<(), Problem> {
        let _ = factor;
        todo!()
    }
}
