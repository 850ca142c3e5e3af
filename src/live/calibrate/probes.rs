//! The probes.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::{Client, Config, NoTls};

use super::super::player::value::Stored;
use super::super::player::{commands, priority};
use super::super::servers::{Problem, Servers};
use super::{Calibration, ClientTimes, Plan, PostgresTimes, RedisTimes, Timed, Times};
use crate::dice::{Stream, stream, unit_open_zero};
use crate::model::Nanos;

/// Keys and rows that are probed in turn.
const PROBED: u64 = 64;
/// Connections are set up so many times rarer than commands are sent.
const CONNECT_RARELY: f64 = 20.0;
/// A client of the GETs lasts so long, and its first commands do not count.
const CLIENT: Duration = Duration::from_secs(1);
const UNPREPARED: u64 = 5;
/// Shortest life of a lease of a probe, which finds its key as a rule and needs none.
const LEASE_NS: Nanos = 1_000_000;
/// Longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// What is left to an instant is waited for without sleep.
const SPIN: Duration = Duration::from_micros(80);
/// Wait before a new connection to a server that failed.
const RECOVERY: Duration = Duration::from_millis(50);

/// A point read: the time from the arrival of the statement to its row, by the server's own clock.
const READ: &str = "select payload, (extract(epoch from clock_timestamp() - statement_timestamp()) * 1e9)::float8 from probe where id = $1";
const WRITE: &str = "update probe set version = version + 1 where id = $1";

struct Probe<'a, E> {
    servers: &'a Servers,
    plan: &'a Plan,
    started: Instant,
    ended: E,
    failed: &'a AtomicU64,
}

pub(super) fn run(servers: &Servers, plan: &Plan) -> Result<Calibration, Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Problem::failed(format!("cannot start a runtime: {error}")))?;
    let failed = AtomicU64::new(0);
    let value_bytes = plan.probed.value_bytes();
    servers.prepare_probes(PROBED, value_bytes.max(Stored::HEADER as u32))?;
    let quantum_bytes = servers.quantum_bytes();
    let before = Counters::read(servers)?;
    let started = Instant::now();
    let probe = Probe { servers, plan, started, ended: plan.ends_at(started), failed: &failed };
    let (hand, due) = unbounded_channel();
    // Timers of threads are measured on one that does nothing else.
    let (thread_timer, gets, measured) = std::thread::scope(|scope| {
        let pacer = scope.spawn(|| hand_over(&probe.ended, plan, hand));
        let gets = scope.spawn(|| probe.gets_of_clients(due));
        let timers = scope.spawn(|| probe.thread_timer());
        let measured = runtime.block_on(async {
            let postgres = servers.postgres();
            tokio::join!(
                probe.sets(),
                probe.redis_connect(),
                probe.reads(&postgres),
                probe.writes(&postgres),
                probe.postgres_connect(&postgres),
                probe.runtime_timer(),
            )
        });
        let _ = pacer.join();
        (timers.join().unwrap_or_default(), gets.join().unwrap_or_default(), measured)
    });
    let (set, redis_connect, reads, write, postgres_connect, runtime_timer) = measured;
    let after = Counters::read(servers)?;
    let some = |kind: &str, times: Vec<Timed>| {
        Times::of(times).ok_or_else(|| Problem::failed(format!("no probe of this kind was answered: {kind}")))
    };
    let pick = |pairs: &[Pair], of: fn(&Pair) -> f64| {
        pairs.iter().map(|pair| Timed { at_ns: pair.at_ns, ns: of(pair) }).collect()
    };
    Ok(Calibration {
        started,
        versions: servers.versions().clone(),
        value_bytes,
        redis: RedisTimes {
            get: some("GET", pick(&gets, |get| (get.whole_ns - get.part_ns).max(0.0)))?,
            set: some("SET", set)?,
            service_ns: after.service_since(&before),
            execution_ns: (after.execution_since(&before, "get"), after.execution_since(&before, "set")),
            connect: some("connection to Redis", redis_connect)?,
            quantum_bytes,
        },
        postgres: PostgresTimes {
            read: some("SELECT", pick(&reads, |read| read.whole_ns))?,
            read_service: some("SELECT", pick(&reads, |read| read.part_ns))?,
            round_trip: some("SELECT", pick(&reads, |read| (read.whole_ns - read.part_ns).max(0.0)))?,
            write: some("UPDATE", write)?,
            connect: some("connection to PostgreSQL", postgres_connect)?,
        },
        client: ClientTimes {
            request: some("GET", pick(&gets, |get| get.part_ns))?,
            runtime_timer: some("timer of the runtime", runtime_timer)?,
            thread_timer: some("timer of a thread", thread_timer)?,
        },
        failed: failed.load(Ordering::Relaxed),
    })
}

/// A time, and a part of it.
struct Pair {
    at_ns: Nanos,
    whole_ns: f64,
    part_ns: f64,
}

impl<E: Fn() -> bool + Sync> Probe<'_, E> {
    fn at_ns(&self) -> Nanos {
        self.started.elapsed().as_nanos() as Nanos
    }

    fn timed(&self, time: Duration) -> Timed {
        Timed { at_ns: self.at_ns(), ns: nanoseconds(time) }
    }

    /// GETs of one client after the other, each a thread of its own for a second: where a thread runs, and beside whom, makes its times
    /// longer or shorter by some per cent.
    fn gets_of_clients(&self, mut due: UnboundedReceiver<Instant>) -> Vec<Pair> {
        let mut times = Vec::new();
        let mut is_over = false;
        while !is_over {
            let client = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
                Some(runtime.block_on(self.gets(&mut due)))
            };
            let gets = std::thread::scope(|scope| scope.spawn(client).join().ok().flatten());
            let Some((own, ended)) = gets else { return times };
            times.extend(own);
            is_over = ended;
        }
        times
    }

    /// GETs at instants that another thread keeps, as a client of `herdlab live` gets its requests, and whether there will be no more; the part is
    /// the wait for the task to begin.
    async fn gets(&self, due: &mut UnboundedReceiver<Instant>) -> (Vec<Pair>, bool) {
        let (mut times, mut connection, mut turn) = (Vec::new(), None, 0);
        let mut free = Instant::now();
        let until = free + CLIENT;
        while Instant::now() < until {
            let Some(due) = due.recv().await else { return (times, true) };
            // While a probe was under way this one could not begin.
            if due < free {
                continue;
            }
            let began = nanoseconds(due.elapsed());
            let Some(open) = self.with_redis(&mut connection).await else { continue };
            turn += 1;
            let (get, set) = self.commands(turn);
            let started = Instant::now();
            let answer = timed(async { get.query_async::<redis::Value>(open).await.ok() }).await;
            let took = nanoseconds(started.elapsed());
            match answer.as_ref().map(is_found) {
                // A key that was flushed or evicted comes back for the next turn.
                Some(false) => {
                    let _ = timed(async { set.query_async::<()>(open).await.ok() }).await;
                }
                // The first ones find nothing prepared.
                Some(true) if turn <= UNPREPARED => {}
                Some(true) => {
                    times.push(Pair { at_ns: self.at_ns(), whole_ns: began + took, part_ns: began });
                }
                None => {
                    self.note_failure();
                    connection = None;
                }
            }
            free = Instant::now();
        }
        (times, false)
    }

    /// GET and SET of a key of probes.
    fn commands(&self, turn: u64) -> (redis::Cmd, redis::Cmd) {
        let key = format!("{}probe:{}", self.servers.key_prefix(), turn % PROBED);
        let value = vec![b'v'; (self.plan.probed.value_bytes() as usize).max(Stored::HEADER)];
        let get = match self.plan.probed.has_leases() {
            false => commands::get(&key),
            true => commands::get_or_lease([&key, &format!("{key}:lease")], turn, LEASE_NS, 0, 0),
        };
        (get, redis::cmd("SET").arg(&key).arg(value).to_owned())
    }

    /// SETs, one at a time.
    async fn sets(&self) -> Vec<Timed> {
        let mut pace = Pace::new(self.plan.rate_per_s, "set");
        let (mut times, mut connection, mut turn) = (Vec::new(), None, 0);
        while !(self.ended)() {
            pace.wait().await;
            let Some(open) = self.with_redis(&mut connection).await else { continue };
            turn += 1;
            let (_, sent) = self.commands(turn);
            let started = Instant::now();
            match timed(async { sent.query_async::<()>(open).await.ok() }).await {
                Some(()) => times.push(self.timed(started.elapsed())),
                None => {
                    self.note_failure();
                    connection = None;
                }
            }
        }
        times
    }

    async fn with_redis<'c>(
        &self,
        connection: &'c mut Option<MultiplexedConnection>,
    ) -> Option<&'c mut MultiplexedConnection> {
        if connection.is_none() {
            *connection = self.open_redis().await;
        }
        if connection.is_none() {
            self.note_failure();
            tokio::time::sleep(RECOVERY).await;
        }
        connection.as_mut()
    }

    async fn open_redis(&self) -> Option<MultiplexedConnection> {
        let client = redis::Client::open(self.servers.redis_url()).ok()?;
        timed(async { client.get_multiplexed_async_connection().await.ok() }).await
    }

    /// New connections to Redis, each with one command.
    async fn redis_connect(&self) -> Vec<Timed> {
        let mut pace = Pace::new(self.plan.rate_per_s / CONNECT_RARELY, "connect redis");
        let mut times = Vec::new();
        while !(self.ended)() {
            pace.wait().await;
            let started = Instant::now();
            let answered = async {
                let mut connection = self.open_redis().await?;
                timed(async { redis::cmd("PING").query_async::<()>(&mut connection).await.ok() }).await
            };
            match answered.await {
                Some(()) => times.push(self.timed(started.elapsed())),
                None => self.note_failure(),
            }
        }
        times
    }

    /// Point reads; the part is the service at the server.
    async fn reads(&self, config: &Config) -> Vec<Pair> {
        self.statements(config, READ, async |client, statement, id| {
            let row = client.query_one(statement, &[&id]).await.ok()?;
            row.try_get::<_, f64>(1).ok()
        })
        .await
    }

    async fn writes(&self, config: &Config) -> Vec<Timed> {
        let written = self.statements(config, WRITE, async |client, statement, id| {
            client.execute(statement, &[&id]).await.ok().map(|_| 0.0)
        });
        written.await.into_iter().map(|pair| Timed { at_ns: pair.at_ns, ns: pair.whole_ns }).collect()
    }

    /// A prepared statement again and again; the part is what `ask` reads.
    async fn statements(
        &self,
        config: &Config,
        text: &'static str,
        ask: impl AsyncFn(&Client, &tokio_postgres::Statement, i64) -> Option<f64>,
    ) -> Vec<Pair> {
        let mut pace = Pace::new(self.plan.rate_per_s, text);
        let (mut times, mut open, mut turn) = (Vec::new(), None, 0);
        while !(self.ended)() {
            pace.wait().await;
            if open.is_none() {
                let prepared = async {
                    let client = open_postgres(config).await?;
                    let statement = client.prepare(text).await.ok()?;
                    Some((client, statement))
                };
                open = timed(prepared).await;
            }
            let Some((client, statement)) = &open else {
                self.note_failure();
                tokio::time::sleep(RECOVERY).await;
                continue;
            };
            turn = (turn + 1) % PROBED as i64;
            let started = Instant::now();
            match timed(ask(client, statement, turn)).await {
                Some(read) => times.push(Pair {
                    at_ns: self.at_ns(),
                    whole_ns: nanoseconds(started.elapsed()),
                    part_ns: read.max(0.0),
                }),
                None => {
                    self.note_failure();
                    open = None;
                }
            }
        }
        times
    }

    async fn postgres_connect(&self, config: &Config) -> Vec<Timed> {
        let mut pace = Pace::new(self.plan.rate_per_s / CONNECT_RARELY, "connect postgres");
        let mut times = Vec::new();
        while !(self.ended)() {
            pace.wait().await;
            let started = Instant::now();
            let answered = async { open_postgres(config).await?.simple_query("select 1").await.ok() };
            match timed(answered).await {
                Some(_) => times.push(self.timed(started.elapsed())),
                None => self.note_failure(),
            }
        }
        times
    }

    async fn runtime_timer(&self) -> Vec<Timed> {
        let asked = Duration::from_millis(1);
        let mut pace = Pace::new(self.plan.rate_per_s, "runtime timer");
        let mut times = Vec::new();
        while !(self.ended)() {
            pace.wait().await;
            let started = Instant::now();
            tokio::time::sleep(asked).await;
            times.push(self.timed(started.elapsed().saturating_sub(asked)));
        }
        times
    }

    fn thread_timer(&self) -> Vec<Timed> {
        let asked = Duration::from_micros(100);
        let gap = Duration::from_secs_f64(1.0 / self.plan.rate_per_s);
        let mut times = Vec::new();
        while !(self.ended)() {
            let started = Instant::now();
            std::thread::sleep(asked);
            times.push(self.timed(started.elapsed().saturating_sub(asked)));
            std::thread::sleep(gap);
        }
        times
    }

    fn note_failure(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

async fn open_postgres(config: &Config) -> Option<Client> {
    let (client, connection) = config.connect(NoTls).await.ok()?;
    tokio::spawn(connection);
    Some(client)
}

/// `None` also where there is no answer in time.
async fn timed<T>(answer: impl Future<Output = Option<T>>) -> Option<T> {
    tokio::time::timeout(ANSWER, answer).await.ok().flatten()
}

/// Hands instants over as a schedule of `herdlab live` does: at exponential gaps, by sleeping and then spinning.
fn hand_over(ended: &impl Fn() -> bool, plan: &Plan, hand: UnboundedSender<Instant>) {
    priority::raise();
    let mut pace = Pace::new(plan.probed.gets_per_s(), "get");
    let mut due = Instant::now();
    while !ended() {
        pace.mean_s = 1.0 / plan.probed.gets_per_s();
        due += pace.draw();
        std::thread::sleep(due.saturating_duration_since(Instant::now()).saturating_sub(SPIN));
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        if hand.send(due).is_err() {
            return;
        }
    }
}

/// The answer to a GET, or to a lookup with a lease, has a value.
fn is_found(answer: &redis::Value) -> bool {
    match answer {
        redis::Value::Nil => false,
        redis::Value::Array(parts) => parts.len() == 2,
        _ => true,
    }
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}

/// Waits between probes: exponential ones, so that probes beat in time with nothing.
struct Pace {
    mean_s: f64,
    dice: Stream,
}

impl Pace {
    fn new(rate_per_s: f64, name: &str) -> Pace {
        Pace { mean_s: 1.0 / rate_per_s, dice: stream(1, 0, name) }
    }

    fn draw(&mut self) -> Duration {
        let wait_s = -libm::log(unit_open_zero(&mut self.dice)) * self.mean_s;
        Duration::from_secs_f64(wait_s.min(10.0 * self.mean_s))
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.draw()).await;
    }
}

/// Counters of Redis at one instant.
struct Counters {
    commands: f64,
    /// Processor time of its thread.
    busy_s: Option<f64>,
    /// (command, calls, microseconds)
    executed: Vec<(String, f64, f64)>,
}

impl Counters {
    fn read(servers: &Servers) -> Result<Counters, Problem> {
        Ok(Counters::of(&servers.redis_info()?))
    }

    /// From the text of `INFO everything`.
    fn of(info: &str) -> Counters {
        let number = |name: &str| -> Option<f64> {
            info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().parse().ok())
        };
        let busy_s = number("used_cpu_user_main_thread").zip(number("used_cpu_sys_main_thread"));
        let executed = info.lines().filter_map(|line| {
            let (name, fields) = line.strip_prefix("cmdstat_")?.split_once(':')?;
            let field = |name: &str| -> Option<f64> {
                fields.split(',').find_map(|field| field.strip_prefix(name)?.trim().parse().ok())
            };
            Some((name.to_owned(), field("calls=")?, field("usec=")?))
        });
        Counters {
            commands: number("total_commands_processed").unwrap_or(0.0),
            busy_s: busy_s.map(|(user, system)| user + system),
            executed: executed.collect(),
        }
    }

    /// Time of the thread per command, in nanoseconds; a restart in between leaves nothing to tell.
    fn service_since(&self, before: &Counters) -> Option<f64> {
        let (busy_s, commands) = (self.busy_s? - before.busy_s?, self.commands - before.commands);
        (busy_s > 0.0 && commands > 0.0).then(|| busy_s / commands * 1e9)
    }

    fn execution_since(&self, before: &Counters, command: &str) -> Option<f64> {
        let of = |counters: &Counters| {
            let row = counters.executed.iter().find(|row| row.0 == command);
            row.map_or((0.0, 0.0), |row| (row.1, row.2))
        };
        let ((calls, micros), (calls_before, micros_before)) = (of(self), of(before));
        (calls > calls_before && micros >= micros_before)
            .then(|| (micros - micros_before) / (calls - calls_before) * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_is_the_time_of_the_thread_over_the_commands() {
        let info = |busy: &str, commands: u32, calls: u32| {
            format!(
                "total_commands_processed:{commands}\r\nused_cpu_sys_main_thread:0.5\r\nused_cpu_user_main_thread:{busy}\r\n\
                 cmdstat_get:calls={calls},usec={},usec_per_call=3.00\r\n",
                calls * 3
            )
        };
        let (before, after) = (Counters::of(&info("1.0", 1000, 10)), Counters::of(&info("1.2", 11_000, 110)));
        assert!((after.service_since(&before).unwrap() - 20_000.0).abs() < 1e-6);
        assert_eq!(after.execution_since(&before, "get"), Some(3000.0));
        assert_eq!(after.execution_since(&before, "set"), None);
        // After a restart counters begin anew.
        assert_eq!(before.service_since(&after), None);
        assert_eq!(Counters::of("").service_since(&before), None);
    }
}
