//! A Redis and a PostgreSQL for a run: private ones in a temporary folder, or given ones under a prefix and a schema of their own.
//!
//! Everything here blocks; asynchronous code calls it by `tokio::task::spawn_blocking` or from a thread of its own.

mod control;
mod given;
mod link;
mod own;
mod problem;
mod rows;
mod settings;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio_postgres::Config;

pub use control::Control;
use own::{OwnPostgres, OwnRedis};
pub use problem::{Problem, Server};
pub use rows::Row;
pub use settings::{Connections, Given, RedisSettings, Spawn, maxmemory_beside};

/// The schema of private servers, where there is nothing to be kept apart.
const OWN_PREFIX: &str = "herdlab";

/// Both servers of a run. Whatever was made is unmade by [`Servers::finish`], on drop, and by [`abandon`].
#[derive(Debug)]
pub struct Servers {
    redis_url: String,
    postgres: Config,
    /// `herdlab:3f9c52d1:`
    prefix: String,
    /// `herdlab_3f9c52d1`
    schema: String,
    versions: Versions,
    notes: Vec<String>,
    made: Arc<Mutex<Made>>,
    is_own: bool,
    /// Keys of probes in Redis.
    probes: AtomicU64,
}

/// As the servers report them: `7.0.15`, `15.18`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    pub redis: String,
    pub postgres: String,
}

/// What has to be removed at the end.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one for each run")]
enum Made {
    Own { redis: OwnRedis, postgres: OwnPostgres },
    Given { redis_url: String, prefix: String, postgres: Config, schema: String },
    Nothing,
}

/// Everything that servers of this process have made, for a signal.
static OF_THIS_PROCESS: Mutex<Vec<Weak<Mutex<Made>>>> = Mutex::new(Vec::new());

impl Servers {
    /// Starts a private redis-server and PostgreSQL on free loopback ports and waits until both answer.
    ///
    /// # Errors
    /// A program that is not installed, or a server that does not start.
    pub fn spawn(spawn: &Spawn) -> Result<Servers, Problem> {
        let (redis, postgres) = std::thread::scope(|scope| {
            let redis = scope.spawn(|| OwnRedis::start(spawn));
            let postgres = OwnPostgres::start(spawn);
            let redis =
                redis.join().unwrap_or_else(|_| Err(Problem::failed("Redis: its thread ended early")));
            Ok::<_, Problem>((redis?, postgres?))
        })?;
        let (redis_url, config) = (redis.url().to_owned(), postgres.config().clone());
        let versions = given::versions_of(&redis_url, &config)?;
        let mut notes = Vec::new();
        if !spawn.fsync {
            notes.push("PostgreSQL runs without fsync: commits do not wait for the disk".to_owned());
        }
        let made = Made::Own { redis, postgres };
        Servers::new(redis_url, &config, OWN_PREFIX, versions, notes, made)
    }

    /// Takes given servers, after checks that nothing foreign can be touched, and makes an own schema.
    ///
    /// # Errors
    /// Servers that cannot be reached or used, and those where the run could touch foreign data.
    pub fn given(given: &Given) -> Result<Servers, Problem> {
        given::check_prefix(&given.prefix)?;
        let redis = given::check_redis(given)?;
        let (config, postgres) = given::check_postgres(given)?;
        let versions = Versions { redis, postgres };
        Servers::new(given.redis_url.clone(), &config, &given.prefix, versions, Vec::new(), Made::Nothing)
    }

    /// The servers with tables; `made` is [`Made::Nothing`] for given ones.
    fn new(
        redis_url: String,
        config: &Config,
        prefix: &str,
        versions: Versions,
        notes: Vec<String>,
        made: Made,
    ) -> Result<Servers, Problem> {
        let secret = own::secret();
        let random = secret.get(..8).unwrap_or(&secret);
        let (prefix, schema) = (format!("{prefix}:{random}:"), format!("{prefix}_{random}"));
        let is_own = matches!(made, Made::Own { .. });
        let made = match made {
            Made::Nothing => Made::Given {
                redis_url: redis_url.clone(),
                prefix: prefix.clone(),
                postgres: config.clone(),
                schema: schema.clone(),
            },
            own => own,
        };
        let mut postgres = config.clone();
        postgres.options(format!("-c search_path={schema}"));
        let made = Arc::new(Mutex::new(made));
        remembered().push(Arc::downgrade(&made));
        // From here on a failure removes everything.
        let servers = Servers {
            redis_url,
            postgres,
            prefix,
            schema,
            versions,
            notes,
            made,
            is_own,
            probes: AtomicU64::new(0),
        };
        rows::create(config, &servers.schema)?;
        Ok(servers)
    }

    /// Whether they were started for this run, so that they may be flushed, paused and killed.
    pub fn are_own(&self) -> bool {
        self.is_own
    }

    /// The address of Redis with its password, for the clients: `redis::Client::open(servers.redis_url())`.
    pub fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// The way to PostgreSQL, with the own schema as the search path.
    pub fn postgres(&self) -> Config {
        self.postgres.clone()
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
        &self.versions
    }

    /// Sentences about the servers that a report has to state.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Replaces the content of `rows` by these, at version 0, and gives their number.
    ///
    /// # Errors
    /// A server that is gone, or a full disk.
    pub fn fill(&self, rows: impl IntoIterator<Item = Row> + Send) -> Result<u64, Problem> {
        rows::fill(&self.postgres, rows)
    }

    /// Removes all keys under the prefix (an own server is flushed), and sets the pace to 1: the start of a repetition.
    ///
    /// # Errors
    /// A server that is gone.
    pub fn clear(&self) -> Result<(), Problem> {
        match self.control() {
            Some(control) => control.flush()?,
            None => given::remove_keys(&self.redis_url, &self.prefix)?,
        }
        rows::set_pace(&self.postgres, 1.0)
    }

    /// Keys and rows for probes, apart from those of the clients.
    pub(super) fn prepare_probes(&self, count: u64, bytes: u32) -> Result<(), Problem> {
        rows::fill_probes(&self.postgres, count, bytes)?;
        self.probes.store(count, Ordering::Relaxed);
        let mut connection = link::redis(&self.redis_url)?;
        let value = vec![b'v'; bytes as usize];
        (0..count).try_for_each(|id| {
            let key = format!("{}probe:{id}", self.prefix);
            given::ask(&mut connection, redis::cmd("SET").arg(key).arg(&value), "SET a key")
        })
    }

    /// Smallest step between the sizes that Redis's allocator gives: of strings of up to 24 bytes, which lie in one allocation with their
    /// object. `None` where the server does not report the memory of a key, or another step than the model has.
    pub(super) fn quantum_bytes(&self) -> Option<u64> {
        let mut connection = link::redis(&self.redis_url).ok()?;
        let key = format!("{}probe:size", self.prefix);
        let mut taken = Vec::new();
        for length in 1..=24 {
            redis::cmd("SET").arg(&key).arg("v".repeat(length)).exec(&mut connection).ok()?;
            taken.push(redis::cmd("MEMORY").arg("USAGE").arg(&key).query::<u64>(&mut connection).ok()?);
        }
        redis::cmd("DEL").arg(&key).exec(&mut connection).ok()?;
        let steps = taken.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        steps.filter(|step| *step > 0).min().filter(|step| [8, 16].contains(step))
    }

    /// Keys that probes have in Redis.
    pub fn probes(&self) -> u64 {
        self.probes.load(Ordering::Relaxed)
    }

    /// `INFO everything` of Redis.
    pub(super) fn redis_info(&self) -> Result<String, Problem> {
        given::ask(&mut link::redis(&self.redis_url)?, redis::cmd("INFO").arg("everything"), "read INFO")
    }

    /// Whether both servers answer.
    ///
    /// # Errors
    /// The one that does not, with the end of its log where it is an own one.
    pub fn check(&self) -> Result<(), Problem> {
        if let Made::Own { redis, postgres } = &mut *lock(&self.made) {
            if redis.has_died() {
                return Err(Problem::failed(format!("Redis has died:{}", redis.log())));
            }
            if postgres.has_died() {
                return Err(Problem::failed(format!("PostgreSQL has died:{}", postgres.log())));
            }
        }
        given::ask::<()>(&mut link::redis(&self.redis_url)?, &redis::cmd("PING"), "ask it")?;
        link::execute(&self.postgres, "ask it", "select 1")
    }

    /// The hand on own servers; `None`: they are given ones.
    pub fn control(&self) -> Option<Control> {
        self.is_own.then(|| Control::new(self))
    }

    /// Removes everything that was made, and stops own servers.
    ///
    /// # Errors
    /// The keys and the schema that could not be removed, by name.
    pub fn finish(self) -> Result<(), Problem> {
        remove(&self.made)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // After a failure that is shown already; `finish` reports what it could not remove.
        let _ = remove(&self.made);
    }
}

/// Removes what all servers of this process have made: for a signal that ends the program.
pub fn abandon() {
    let all: Vec<_> = remembered().drain(..).collect();
    for made in all.iter().filter_map(Weak::upgrade) {
        let _ = remove(&made);
    }
}

fn remove(made: &Mutex<Made>) -> Result<(), Problem> {
    match std::mem::replace(&mut *lock(made), Made::Nothing) {
        // They stop and remove their folders.
        Made::Own { .. } | Made::Nothing => Ok(()),
        Made::Given { redis_url, prefix, postgres, schema } => {
            let keys = given::remove_keys(&redis_url, &prefix)
                .map_err(|problem| problem.with(&format!("; keys under \"{prefix}\" are left")));
            let tables = rows::remove(&postgres, &schema)
                .map_err(|problem| problem.with(&format!("; the schema {schema} is left")));
            keys.and(tables)
        }
    }
}

fn lock(made: &Mutex<Made>) -> MutexGuard<'_, Made> {
    made.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remembered() -> MutexGuard<'static, Vec<Weak<Mutex<Made>>>> {
    OF_THIS_PROCESS.lock().unwrap_or_else(PoisonError::into_inner)
}
