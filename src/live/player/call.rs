//! A call of the database: its attempts, their connections, and the gate.

use std::cell::Cell;
use std::rc::Rc;

use tokio::task::spawn_local;

use super::backend::{Answer, Query};
use super::flight::Crowd;
use super::gate::TurnedAway;
use super::instance::Instance;
use super::log::What;
use super::read::{Ask, of_database};
use super::service::{Time, Work};
use crate::dice::{round_ns, unit_open_zero};
use crate::live::servers::Problem;
use crate::measure::recorder::Cause;
use crate::model::{DownMode, Nanos, Retries};

/// What is asked of the database, and for whom.
#[derive(Clone, Debug)]
pub struct Job {
    pub query: Query,
    pub work: Work,
    pub crowd: Rc<Crowd>,
    /// Of a read: the tiers that even a late answer fills, and when the call began.
    pub late: Option<(Ask, Nanos)>,
}

impl Job {
    fn rows(&self) -> u32 {
        match self.query {
            Query::Write { first, end } | Query::RollBack { first, end } => end - first,
            Query::Create { .. } => 1,
            Query::Read { .. } => 0,
        }
    }
}

/// Asks until there is an answer, as often as the scenario allows.
///
/// # Errors
/// Why the last attempt failed.
pub async fn call(instance: &Rc<Instance>, job: Job) -> Result<Answer, Cause> {
    let fetched = match job.query {
        Query::Read { key } => Some(key),
        _ => None,
    };
    if let Some(key) = fetched {
        instance.note(What::FetchBegan { key });
    }
    if let Some(budget) = &instance.budget {
        budget.borrow_mut().deposit();
    }
    let job = Rc::new(job);
    let mut made = 1;
    let outcome = loop {
        let cause = match attempt(instance, &job).await {
            Ok(answer) => break Ok(answer),
            Err(cause) => cause,
        };
        let retries = &instance.model().database.retries;
        if made >= retries.attempts || job.crowd.is_gone() {
            break Err(cause);
        }
        if let Some(budget) = &instance.budget
            && !budget.borrow_mut().withdraw()
        {
            instance.note(What::RetryRefused);
            break Err(cause);
        }
        let random = unit_open_zero(&mut instance.dice.borrow_mut().backoff);
        let at_ns = instance.now_ns() + backoff_ns(retries, made, random);
        instance.alarm.at(instance.clock.instant(at_ns)).await;
        instance.note(What::Retried);
        made += 1;
    };
    if let Some(key) = fetched {
        instance.note(What::FetchEnded { key });
    }
    outcome
}

/// The wait after so many attempts; `random` is uniform on (0, 1].
fn backoff_ns(retries: &Retries, made: u32, random: f64) -> Nanos {
    let base_ns = retries.backoff_ns as f64;
    let growth = libm::pow(retries.factor, f64::from(made - 1));
    // Many attempts grow beyond every number, and infinity times nothing is no number.
    let grown = if base_ns == 0.0 { 0.0 } else { growth * base_ns };
    let capped = grown.min(retries.max_backoff_ns as f64);
    round_ns(capped * (1.0 - retries.jitter + retries.jitter * random))
}

async fn attempt(instance: &Rc<Instance>, job: &Rc<Job>) -> Result<Answer, Cause> {
    let database = &instance.model().database;
    if let Some(pool) = &instance.db_pool {
        let asked_ns = instance.now_ns();
        let until = database.pool_timeout_ns.map(|ns| instance.clock.instant(asked_ns + ns));
        let Some(taken) = pool.take(&instance.alarm, until).await else {
            instance.note(What::DbGivenUp);
            return Err(Cause::PoolTimeout);
        };
        let waited_ns = if taken.has_waited { (instance.now_ns() - asked_ns).max(1) } else { 0 };
        instance.note(What::DbTaken { waited_ns });
    }
    let is_abandoned = Rc::new(Cell::new(false));
    let exchange = exchange(Rc::clone(instance), Rc::clone(job), Rc::clone(&is_abandoned));
    let Some(timeout_ns) = database.timeout_ns else { return exchange.await };
    let until = instance.clock.instant(instance.now_ns() + timeout_ns);
    let mut exchange = spawn_local(exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer.unwrap_or(Err(Cause::DbDown)),
        () = instance.alarm.at(until) => {
            is_abandoned.set(true);
            Err(Cause::DbTimeout)
        }
    }
}

/// One attempt with its connection, to its end, whether or not somebody still waits for it.
async fn exchange(
    instance: Rc<Instance>,
    job: Rc<Job>,
    is_abandoned: Rc<Cell<bool>>,
) -> Result<Answer, Cause> {
    instance.attempts.set(instance.attempts.get() + 1);
    let outcome = serve(&instance, &job).await;
    instance.attempts.set(instance.attempts.get() - 1);
    if let Some(pool) = &instance.db_pool {
        pool.give(());
        instance.note(What::DbFreed);
    }
    if is_abandoned.get()
        && instance.model().database.late_fill
        && let (Ok(answer), Some((ask, called_ns))) = (&outcome, &job.late)
    {
        instance.fill_after_fetch(ask, &of_database(ask, answer), *called_ns);
    }
    outcome
}

/// Through the gate to PostgreSQL.
async fn serve(instance: &Rc<Instance>, job: &Rc<Job>) -> Result<Answer, Cause> {
    let gate = &instance.run.backend.gate;
    let arrived_ns = instance.now_ns();
    instance.note(What::DbArrived { rows: job.rows() });
    let mut outages = gate.outages();
    let number = outages.borrow_and_update().number;
    let entered = match gate.enter().await {
        Ok(entered) => entered,
        Err(turned_away) => {
            instance.note(What::DbRefused);
            return Err(match turned_away {
                TurnedAway::Full => Cause::DbRejected,
                TurnedAway::Down(mode) => is_down(&mut outages, mode).await,
            });
        }
    };
    let began_ns = instance.now_ns();
    let time = instance.run.service.begin(job.work);
    let waited_ns = if entered.has_waited { (began_ns - arrived_ns).max(1) } else { 0 };
    instance.note(What::DbBegan { waited_ns, drawn_ns: time.drawn_ns });
    let query = ask(Rc::clone(instance), Rc::clone(job), entered.slot, time, began_ns);
    let outcome = if instance.model().goes_down() {
        // Who loses the database loses the answer; the query goes on, and keeps its slot.
        let mut query = spawn_local(query);
        tokio::select! {
            biased;
            answer = &mut query => answer.unwrap_or(Err(Cause::DbDown)),
            outage = outages.wait_for(|outage| outage.number != number) => {
                let mode = outage.map_or(None, |outage| outage.mode);
                Err(is_down(&mut gate.outages(), mode.unwrap_or(DownMode::Refuse)).await)
            }
        }
    } else {
        query.await
    };
    instance.note(What::DbEnded);
    instance.run.service.end();
    outcome
}

/// The database is down: an error at once, or when it is up again.
async fn is_down(outages: &mut tokio::sync::watch::Receiver<super::gate::Outage>, mode: DownMode) -> Cause {
    if mode == DownMode::Timeout {
        // Where the gate is gone the repetition is over.
        let _ = outages.wait_for(|outage| outage.mode.is_none()).await;
    }
    Cause::DbDown
}

/// The query, with what is left of its service time: a read sees what is committed at the beginning, a write commits at the end.
async fn ask(
    instance: Rc<Instance>,
    job: Rc<Job>,
    slot: usize,
    time: Time,
    began_ns: Nanos,
) -> Result<Answer, Cause> {
    let backend = &instance.run.backend;
    let end_ns = time.whole_ns.map(|whole_ns| began_ns + whole_ns);
    let writes = matches!(job.work, Work::Write { .. });
    if let (true, Some(end_ns)) = (writes, end_ns) {
        let at_ns = end_ns.saturating_sub(time.query_ns);
        instance.alarm.near(instance.clock.instant(at_ns)).await;
    }
    let answer = backend.ask(slot, job.query, time.sleep_ns).await;
    if let Ok(Answer::Written(rows)) = &answer {
        instance.note_commits(rows);
    }
    if let (false, Some(end_ns)) = (writes, end_ns) {
        instance.alarm.near(instance.clock.instant(end_ns)).await;
    }
    backend.gate.leave(slot);
    answer.map_err(|problem: Problem| {
        instance.run.fail(problem);
        Cause::DbDown
    })
}

impl Instance {
    fn note_commits(&self, rows: &[(u32, u64)]) {
        let mut created = 0;
        for &(key, version) in rows {
            self.note_commit(key, version);
            let class = self.run.tables.class_of(key);
            created += u32::from(version == 1 && self.model().workload.classes[class].absent);
        }
        if created > 0 {
            self.note(What::Created { rows: created });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_by_the_factor_up_to_the_longest_and_jitter_takes_its_share() {
        let retries = Retries {
            attempts: 9,
            backoff_ns: 100,
            factor: 2.0,
            max_backoff_ns: 500,
            jitter: 0.0,
            budget: None,
        };
        assert_eq!([1, 2, 3, 4].map(|made| backoff_ns(&retries, made, 0.3)), [100, 200, 400, 500]);
        let jittered = Retries { jitter: 0.5, ..retries };
        assert_eq!([0.2, 1.0].map(|random| backoff_ns(&jittered, 2, random)), [120, 200]);
    }
}
