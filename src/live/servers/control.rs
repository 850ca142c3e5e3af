//! The events of a scenario, done to own servers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_postgres::Config;

use super::own::{OwnPostgres, OwnRedis};
use super::{Made, Problem, Servers, given, link, lock, rows};

/// What events of a scenario do to own servers. Each call returns when the server is in the new state.
#[derive(Clone, Debug)]
pub struct Control {
    redis_url: String,
    postgres: Config,
    made: Arc<Mutex<Made>>,
}

impl Control {
    pub(super) fn new(servers: &Servers) -> Control {
        Control {
            redis_url: servers.redis_url.clone(),
            postgres: servers.postgres.clone(),
            made: Arc::clone(&servers.made),
        }
    }

    /// FLUSHALL.
    ///
    /// # Errors
    /// A server that is gone; as all of these.
    pub fn flush(&self) -> Result<(), Problem> {
        self.ask(&redis::cmd("FLUSHALL"), "flush it")
    }

    /// CLIENT PAUSE: connections are taken and nothing is answered for so long. Returns at once.
    ///
    /// # Errors
    /// A server that is gone.
    pub fn pause_redis(&self, time: Duration) -> Result<(), Problem> {
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.ask(redis::cmd("CLIENT").arg("PAUSE").arg(milliseconds).arg("ALL"), "pause it")
    }

    /// SIGKILL: connections are reset, new ones refused.
    ///
    /// # Errors
    /// Servers that are removed already.
    pub fn kill_redis(&self) -> Result<(), Problem> {
        self.with(|redis, _| {
            redis.kill();
            Ok(())
        })
    }

    /// Starts it again on the same port, empty.
    ///
    /// # Errors
    /// A server that does not start.
    pub fn restart_redis(&self) -> Result<(), Problem> {
        self.with(|redis, _| redis.run())
    }

    /// SIGSTOP to all processes of PostgreSQL: nothing is answered, connections stay.
    ///
    /// # Errors
    /// Servers that are removed already.
    pub fn stop_postgres(&self) -> Result<(), Problem> {
        self.with(|_, postgres| {
            postgres.pause();
            Ok(())
        })
    }

    /// SIGCONT to all processes of PostgreSQL.
    ///
    /// # Errors
    /// Servers that are removed already.
    pub fn continue_postgres(&self) -> Result<(), Problem> {
        self.with(|_, postgres| {
            postgres.resume();
            Ok(())
        })
    }

    /// Ends PostgreSQL at once: connections are reset, new ones refused.
    ///
    /// # Errors
    /// Servers that are removed already.
    pub fn kill_postgres(&self) -> Result<(), Problem> {
        self.with(|_, postgres| {
            postgres.kill();
            Ok(())
        })
    }

    /// Starts it again on the same port with its data.
    ///
    /// # Errors
    /// A server that does not start.
    pub fn restart_postgres(&self) -> Result<(), Problem> {
        self.with(|_, postgres| postgres.run())
    }

    /// Sets `pace.factor`; 1 is normal.
    ///
    /// # Errors
    /// A server that is gone.
    pub fn slow_postgres(&self, factor: f64) -> Result<(), Problem> {
        assert!(factor.is_finite() && factor > 0.0, "a pace of {factor}");
        rows::set_pace(&self.postgres, factor)
    }

    fn ask(&self, command: &redis::Cmd, doing: &str) -> Result<(), Problem> {
        given::ask(&mut link::redis(&self.redis_url)?, command, doing)
    }

    fn with(
        &self,
        act: impl FnOnce(&mut OwnRedis, &mut OwnPostgres) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        match &mut *lock(&self.made) {
            Made::Own { redis, postgres } => act(redis, postgres),
            Made::Given { .. } | Made::Nothing => Err(Problem::failed("the servers of this run are removed")),
        }
    }
}
