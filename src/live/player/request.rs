//! One request, from its intended start to its end.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use tokio::task::spawn_local;

use super::cache::Found;
use super::flight::Caller;
use super::instance::Instance;
use super::log::{End, KeyEnd};
use super::read::{Ask, KeyAnswer, descend, leave_shared};
use super::schedule::Operation;
use crate::measure::recorder::{Cause, Outcome};
use crate::model::{MultiGet, Scope};
use crate::sim::shared_parts::KeyInfo;

/// How a request ended, as far as its way decides it.
#[derive(Clone, Debug)]
struct Ended {
    outcome: Outcome,
    cause: Option<Cause>,
    keys: Vec<KeyEnd>,
}

/// From good to bad: a request of several keys ends as its worst key does.
const RANKS: [Outcome; 6] = [
    Outcome::Hit,
    Outcome::NegativeHit,
    Outcome::StaleHit,
    Outcome::Coalesced,
    Outcome::Miss,
    Outcome::Error,
];

impl Ended {
    fn of(answers: &[(u32, KeyAnswer)]) -> Ended {
        let rank =
            |outcome: Outcome| RANKS.iter().position(|&known| known == outcome).unwrap_or(RANKS.len() - 1);
        let outcome = answers.iter().map(|(_, answer)| answer.outcome).max_by_key(|&outcome| rank(outcome));
        Ended {
            outcome: outcome.unwrap_or(Outcome::Error),
            cause: answers.iter().find_map(|(_, answer)| answer.cause),
            keys: answers.iter().map(|(key, answer)| answer.end(*key)).collect(),
        }
    }
}

/// Plays the request of a number, and logs its end.
pub async fn play(instance: Rc<Instance>, number: u32) {
    let begun_ns = instance.now_ns();
    let planned = instance.run.schedule.requests[number as usize];
    let start_ns = planned.at_ns;
    let caller = Rc::new(Caller::starting(start_ns));
    let way = go(Rc::clone(&instance), number, Rc::clone(&caller));
    let ended = match instance.model().clients.deadline_ns {
        None => way.await,
        // What it has started goes on without it.
        Some(deadline_ns) => {
            let mut way = spawn_local(way);
            let lost = || Ended { outcome: Outcome::Error, cause: Some(Cause::Deadline), keys: Vec::new() };
            tokio::select! {
                biased;
                ended = &mut way => ended.unwrap_or_else(|_| lost()),
                () = instance.alarm.at(instance.clock.instant(start_ns + deadline_ns)) => {
                    caller.is_gone.set(true);
                    lost()
                }
            }
        }
    };
    let Ended { outcome, cause, keys } = ended;
    let at_ns = instance.now_ns();
    // A hit waits for nothing but commands; the rest is the client's own.
    let commands_ns = caller.commands_ns();
    if outcome == Outcome::Hit && commands_ns > 0 {
        let client_ns = (at_ns - start_ns).saturating_sub(commands_ns);
        instance.log.borrow_mut().client_ns.push(client_ns as f64);
    }
    let end = End {
        request: number,
        at_ns,
        begun_ns,
        outcome,
        cause,
        rolled_back: planned.rolls_back && outcome == Outcome::Write,
        keys,
    };
    instance.log.borrow_mut().ends.push(end);
    instance.open.set(instance.open.get() - 1);
    instance.run.control.requests.fetch_add(1, Ordering::Relaxed);
}

async fn go(instance: Rc<Instance>, number: u32, caller: Rc<Caller>) -> Ended {
    let planned = instance.run.schedule.requests[number as usize];
    let info = instance.info(planned.key, usize::from(planned.class));
    if planned.operation == Operation::Write {
        let written = super::write::write(instance, info, planned.rolls_back, caller).await;
        let outcome = if written.is_ok() { Outcome::Write } else { Outcome::Error };
        return Ended { outcome, cause: written.err(), keys: Vec::new() };
    }
    let exists = planned.operation == Operation::Check;
    let more = instance.run.schedule.more_keys(&planned).to_vec();
    if more.is_empty() {
        let answer = descend(instance, Ask::new(info, exists, &caller, 0), 0).await;
        return Ended::of(&[(info.key, answer)]);
    }
    let infos = [info.key].into_iter().chain(more).map(|key| KeyInfo { key, ..info });
    let asks = infos.map(|info| Ask::new(info, exists, &caller, 0)).collect();
    Ended::of(&read_all(instance, asks).await)
}

/// Reads several keys: those that tiers of the process do not have set out together.
async fn read_all(instance: Rc<Instance>, mut asks: Vec<Ask>) -> Vec<(u32, KeyAnswer)> {
    let mut answers = Vec::with_capacity(asks.len());
    let mut level = 0;
    while level < instance.processes.len() && instance.processes[level].is_some() && !asks.is_empty() {
        asks = instance.look_in_process_for_all(asks, level, &mut answers);
        level += 1;
    }
    let is_mget = matches!(
        instance.model().tiers.get(level).map(|tier| &tier.scope),
        Some(Scope::Shared(shared)) if shared.multi_get != MultiGet::FanOut
    );
    let mut found: Vec<Option<Found>> = vec![None; asks.len()];
    if is_mget && asks.len() > 1 {
        found = instance.look_at_all(level, &asks).await.into_iter().map(Some).collect();
    }
    let ways: Vec<_> = asks
        .into_iter()
        .zip(found)
        .map(|(ask, found)| (ask.info.key, spawn_local(go_on(Rc::clone(&instance), ask, level, found))))
        .collect();
    for (key, way) in ways {
        answers.push((key, way.await.unwrap_or(KeyAnswer::LOST)));
    }
    answers
}

/// One key of several, from the level at which it sets out, perhaps with what an MGET has found for it.
async fn go_on(instance: Rc<Instance>, mut ask: Ask, level: usize, found: Option<Found>) -> KeyAnswer {
    let Some(found) = found else { return descend(instance, ask, level).await };
    match leave_shared(&instance, &mut ask, level, found).await {
        Some(answer) => answer,
        None => descend(instance, ask, level + 1).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_several_keys_ends_as_its_worst_key_does() {
        let hit =
            KeyAnswer { outcome: Outcome::Hit, cause: None, tier: Some(0), version: 1, is_negative: false };
        let miss = KeyAnswer { outcome: Outcome::Miss, tier: None, ..hit };
        let failed = KeyAnswer::failed(Cause::DbTimeout);
        assert_eq!(Ended::of(&[(1, hit), (2, miss), (3, hit)]).outcome, Outcome::Miss);
        let ended = Ended::of(&[(1, failed), (2, miss)]);
        assert_eq!(
            (ended.outcome, ended.cause, ended.keys.len()),
            (Outcome::Error, Some(Cause::DbTimeout), 2)
        );
    }
}
