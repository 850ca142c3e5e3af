//! The servers of `herdlab live` and `herdlab calibrate`, by their options.

use clap::Args;
#[cfg(feature = "live")]
pub(crate) use with_servers::of_servers;

#[derive(Debug, Args)]
#[cfg_attr(not(feature = "live"), allow(dead_code, reason = "read where there are servers"))]
pub(crate) struct ServerArgs {
    /// Start a private redis-server and PostgreSQL on loopback for this command, and remove them afterwards
    #[arg(long, required_unless_present_all = ["redis", "postgres"], conflicts_with_all = ["redis", "postgres"])]
    spawn: bool,
    /// A running Redis or Valkey: `redis://USER:PASSWORD@HOST:PORT/NUMBER`; keys lie under a prefix of their own
    #[arg(long, value_name = "URL", requires = "postgres")]
    redis: Option<String>,
    /// A running PostgreSQL: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; tables lie in a schema of their own
    #[arg(long, value_name = "URL", requires = "redis")]
    postgres: Option<String>,
    /// Allow servers beyond loopback, which then get the load
    #[arg(long, requires = "redis")]
    allow_remote: bool,
    /// Beginning of the keys and of the schema on running servers; a random part is added
    #[arg(long, value_name = "NAME", default_value = "herdlab", requires = "redis")]
    prefix: String,
    /// Let commits of the private PostgreSQL not wait for the disk; the report states it
    #[arg(long, conflicts_with = "redis")]
    no_fsync: bool,
}

/// The refusal of a program without the feature.
#[cfg(not(feature = "live"))]
pub(crate) fn not_built() -> herdlab::scenario::Diagnostics {
    let title = "this herdlab is built without clients of Redis and PostgreSQL".to_owned();
    let help = "cargo build --release --features live builds one with them".to_owned();
    herdlab::scenario::Diagnostics::general(title, vec![help])
}

#[cfg(feature = "live")]
mod with_servers {
    use herdlab::live::servers::{Connections, Given, Problem, RedisSettings, Servers, Spawn};
    use herdlab::model::Model;
    use herdlab::scenario::Diagnostics;

    use super::ServerArgs;
    use crate::cli::output::tell;

    impl ServerArgs {
        /// Whether servers are started for the command.
        pub fn are_own(&self) -> bool {
            self.spawn
        }

        /// The options in a command line that is shown; addresses may have passwords.
        pub fn words(&self) -> &'static str {
            match (self.spawn, self.no_fsync) {
                (true, false) => "--spawn",
                (true, true) => "--spawn --no-fsync",
                (false, _) => "--redis URL --postgres URL",
            }
        }

        /// The servers, started or checked.
        pub fn servers(&self, model: &Model, connections: Connections) -> Result<Servers, Problem> {
            let redis = RedisSettings::of(model)?;
            let servers = match (&self.redis, &self.postgres) {
                (Some(redis_url), Some(postgres_url)) => Servers::given(&Given {
                    redis_url: redis_url.clone(),
                    postgres_url: postgres_url.clone(),
                    prefix: self.prefix.clone(),
                    allow_remote: self.allow_remote,
                    redis,
                    connections,
                }),
                _ => Servers::spawn(&Spawn { redis, connections, fsync: !self.no_fsync }),
            }?;
            servers.notes().iter().for_each(|note| tell!("note: {note}"));
            Ok(servers)
        }
    }

    /// With the exit code of its kind.
    pub(crate) fn of_servers(problem: Problem) -> anyhow::Error {
        match problem.is_usage() {
            true => Diagnostics::general(problem.to_string(), Vec::new()).into(),
            false => problem.into(),
        }
    }
}
