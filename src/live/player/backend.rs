//! PostgreSQL behind its gate.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::gate::{Gate, Slot};
use crate::live::servers::Problem;
use crate::model::{Model, Nanos};

/// Sees what is committed when it starts, and sleeps afterwards: also for a row that is not there.
const SLOW_READ: &str = "with nap as materialized (select pg_sleep($2)) \
                         select r.version, r.payload from nap left join rows r on r.id = $1";
const READ: &str = "select version, payload from rows where id = $1";
/// Sleeps before it takes its locks, and commits at its end.
const SLOW_WRITE: &str = "with nap as materialized (select pg_sleep($3)) \
                          update rows set version = rows.version + 1 from nap \
                          where rows.id >= $1 and rows.id < $2 returning rows.id, rows.version";
/// Takes its locks, sleeps, and commits at its end.
const LOCKING_WRITE: &str = "with written as (update rows set version = version + 1 where id >= $1 and id < $2 returning id, version), \
                             nap as materialized (select pg_sleep($3) from (select count(*) from written) done) \
                             select written.id, written.version from nap, written";
const WRITE: &str = "update rows set version = version + 1 where id >= $1 and id < $2 returning id, version";
/// Of a key without a row: the first one makes it.
const SLOW_CREATE: &str = "with nap as materialized (select pg_sleep($3)) \
                           insert into rows select $1::bigint, 1, $2::bytea from nap \
                           on conflict (id) do update set version = rows.version + 1 returning id, version";
const LOCKING_CREATE: &str = "with written as (insert into rows select $1::bigint, 1, $2::bytea \
                              on conflict (id) do update set version = rows.version + 1 returning id, version), \
                              nap as materialized (select pg_sleep($3) from (select count(*) from written) done) \
                              select written.id, written.version from nap, written";
const CREATE: &str = "insert into rows values ($1, 1, $2) \
                      on conflict (id) do update set version = rows.version + 1 returning id, version";

/// `pg_sleep` waits whole milliseconds again and again until its time is over. Asked for half a one less, it never wakes a moment early and
/// waits for one more.
const HALF_STEP_NS: Nanos = 500_000;

/// Queries from which the time of a query without a sleep is taken, and how many of them only warm up.
const PROBES: usize = 200;
const WARM_UP: usize = 50;

/// Something for the database to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    Read {
        key: u32,
    },
    /// Keys `first..end`, whose rows are there.
    Write {
        first: u32,
        end: u32,
    },
    /// The same, and its transaction rolls back.
    RollBack {
        first: u32,
        end: u32,
    },
    /// A key that may have no row; a new one is so long.
    Create {
        key: u32,
        bytes: u32,
    },
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `None`: no such row.
    Version(Option<u64>),
    /// The rows that were written, with their new versions.
    Written(Vec<(u32, u64)>),
}

/// One connection with its statements.
struct Session {
    client: Client,
    read: [Statement; 2],
    write: [Statement; 2],
    create: [Statement; 2],
}

/// All connections to PostgreSQL.
pub struct Backend {
    pub gate: Gate,
    sessions: Vec<Session>,
    /// Median time of a query without a sleep: reads, writes.
    pub overhead_ns: [Nanos; 2],
    /// Of the tasks behind the connections.
    _runtime: Runtime,
}

fn gone(error: tokio_postgres::Error) -> Problem {
    let detail = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    Problem::failed(format!("PostgreSQL has failed in mid-run: {detail}"))
}

impl Backend {
    /// Opens the connections, each with its statements, and measures the time of queries on one of them; where the model writes, rows are
    /// written.
    ///
    /// # Errors
    /// A server that cannot be reached.
    pub fn open(config: &Config, model: &Model, slots: usize, keys: u32) -> Result<Backend, Problem> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| {
                Problem::failed(format!("no thread for the connections to PostgreSQL: {error}"))
            })?;
        let sessions = runtime.block_on(async {
            let mut sessions = Vec::with_capacity(slots);
            for _ in 0..slots {
                sessions.push(Session::open(config, model.database.row_lock).await.map_err(gone)?);
            }
            Ok::<_, Problem>(sessions)
        })?;
        let mut backend = Backend {
            gate: Gate::new(slots, model.database.queue),
            sessions,
            overhead_ns: [0; 2],
            _runtime: runtime,
        };
        backend.overhead_ns = backend._runtime.block_on(backend.measure(keys, model.workload.writes()))?;
        Ok(backend)
    }

    /// Median times of queries without a sleep.
    async fn measure(&self, keys: u32, writes: bool) -> Result<[Nanos; 2], Problem> {
        let mut medians = [0; 2];
        let kinds = if writes { 2 } else { 1 };
        for (kind, median) in medians.iter_mut().enumerate().take(kinds) {
            let mut times = Vec::with_capacity(PROBES);
            for probe in 0..PROBES + WARM_UP {
                let key = (probe as u32 * 7_919) % keys.max(1);
                let query = match kind {
                    0 => Query::Read { key },
                    _ => Query::Write { first: key, end: key + 1 },
                };
                let started = Instant::now();
                self.ask(0, query, 0).await?;
                if probe >= WARM_UP {
                    times.push(started.elapsed().as_nanos() as Nanos);
                }
            }
            times.sort_unstable();
            *median = times[times.len() / 2];
        }
        Ok(medians)
    }

    /// Asks on the connection of a slot that the gate has given out; the query sleeps so long.
    ///
    /// # Errors
    /// The server is gone.
    pub async fn ask(&self, slot: Slot, query: Query, sleep_ns: Nanos) -> Result<Answer, Problem> {
        let session = &self.sessions[slot];
        let sleep_s = Duration::from_nanos(sleep_ns.saturating_sub(HALF_STEP_NS)).as_secs_f64();
        let id = i64::from;
        let rows = match query {
            Query::Read { key } => session.run(&session.read, &[&id(key)], sleep_s).await,
            Query::Write { first, end } => {
                session.run(&session.write, &[&id(first), &id(end)], sleep_s).await
            }
            Query::RollBack { first, end } => session.roll_back(&[&id(first), &id(end)], sleep_s).await,
            Query::Create { key, bytes } => {
                let payload = vec![b'.'; bytes as usize];
                session.run(&session.create, &[&id(key), &payload], sleep_s).await
            }
        };
        let rows = rows.map_err(gone)?;
        match query {
            Query::Read { .. } => {
                let version =
                    rows.first().map(|row| row.try_get::<_, Option<i64>>(0)).transpose().map_err(gone)?;
                Ok(Answer::Version(version.flatten().map(|version| version as u64)))
            }
            Query::RollBack { .. } => Ok(Answer::Written(Vec::new())),
            Query::Write { .. } | Query::Create { .. } => {
                let pair =
                    |row: &Row| Ok((row.try_get::<_, i64>(0)? as u32, row.try_get::<_, i64>(1)? as u64));
                rows.iter().map(pair).collect::<Result<_, _>>().map(Answer::Written).map_err(gone)
            }
        }
    }
}

impl Session {
    async fn open(config: &Config, row_lock: bool) -> Result<Session, tokio_postgres::Error> {
        let [slow_write, slow_create] = match row_lock {
            true => [LOCKING_WRITE, LOCKING_CREATE],
            false => [SLOW_WRITE, SLOW_CREATE],
        };
        let (client, connection) = config.connect(NoTls).await?;
        // Its end is seen by the queries.
        tokio::spawn(connection);
        Ok(Session {
            read: [client.prepare(READ).await?, client.prepare(SLOW_READ).await?],
            write: [client.prepare(WRITE).await?, client.prepare(slow_write).await?],
            create: [client.prepare(CREATE).await?, client.prepare(slow_create).await?],
            client,
        })
    }

    /// A transaction that writes and rolls back; its three statements are sent together.
    async fn roll_back(
        &self,
        params: &[&(dyn ToSql + Sync)],
        sleep_s: f64,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let (begun, written, over) = tokio::join!(
            self.client.batch_execute("begin"),
            self.run(&self.write, params, sleep_s),
            self.client.batch_execute("rollback"),
        );
        begun.and(over)?;
        written
    }

    async fn run(
        &self,
        [plain, slow]: &[Statement; 2],
        params: &[&(dyn ToSql + Sync)],
        sleep_s: f64,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        if sleep_s == 0.0 {
            return self.client.query(plain, params).await;
        }
        let mut all = params.to_vec();
        all.push(&sleep_s);
        self.client.query(slow, &all).await
    }
}
