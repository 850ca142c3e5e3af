//! The way of a write: the transaction, and the strategy's effect on the copies.

use std::ops::Range;
use std::rc::Rc;

use tokio::task::{JoinHandle, spawn_local};

use super::backend::{Answer, Query};
use super::cache::{Fill, Filler};
use super::call::{self, Job};
use super::flight::{Caller, Crowd};
use super::instance::{Instance, Message};
use super::service::Work;
use crate::dice::Times;
use crate::measure::recorder::Cause;
use crate::model::{Order, WriteStrategy};
use crate::sim::shared_parts::KeyInfo;

/// Writes a key with its entity.
///
/// # Errors
/// Why the transaction failed.
pub async fn write(
    instance: Rc<Instance>,
    info: KeyInfo,
    rolls_back: bool,
    caller: Rc<Caller>,
) -> Result<(), Cause> {
    let entity = instance.run.tables.entity_of(info.key);
    let before = instance.model().write_options.order == Order::BeforeCommit;
    if before {
        // Of the strategies that change something first only this one is played.
        instance.delete_copies(&entity, 0).await;
    }
    let version = transaction(&instance, info, &entity, rolls_back, caller).await?;
    if rolls_back {
        return Ok(());
    }
    let all: Vec<usize> = (0..instance.model().tiers.len()).collect();
    match instance.model().writes {
        _ if before => {}
        WriteStrategy::Invalidate => instance.delete_copies(&entity, version).await,
        WriteStrategy::WriteAround | WriteStrategy::WriteBack(_) => {}
        WriteStrategy::Update => drop(instance.set_copies(&all, info, &entity, version)),
        WriteStrategy::WriteThrough => {
            for sent in instance.set_copies(&all, info, &entity, version) {
                // A copy that could not be changed delays nobody further.
                let _ = sent.await;
            }
        }
    }
    if instance.model().writes != WriteStrategy::WriteAround {
        instance.tell_others(&entity, version);
    }
    Ok(())
}

async fn transaction(
    instance: &Rc<Instance>,
    info: KeyInfo,
    entity: &Range<u32>,
    rolls_back: bool,
    caller: Rc<Caller>,
) -> Result<u64, Cause> {
    let query = match info.absent {
        _ if rolls_back => Query::RollBack { first: entity.start, end: entity.end },
        true => Query::Create { key: info.key, bytes: instance.run.tables.value_bytes(info.key) },
        false => Query::Write { first: entity.start, end: entity.end },
    };
    let job = Job { query, work: Work::Write { class: info.class }, crowd: Crowd::of(caller, 0), late: None };
    let Answer::Written(rows) = call::call(instance, job).await? else { return Ok(0) };
    Ok(rows.iter().find(|row| row.0 == info.key).map_or(0, |row| row.1))
}

/// Another instance has written: after the delay of the broadcast its copies go.
pub async fn forget(instance: Rc<Instance>, keys: Range<u32>, version: u64) {
    let Some(broadcast) = &instance.model().invalidation.broadcast else { return };
    let delay_ns = Times::new(&broadcast.delay).sample(&mut instance.dice.borrow_mut().broadcast);
    let at_ns = instance.now_ns() + delay_ns;
    instance.alarm.at(instance.clock.instant(at_ns)).await;
    instance.delete_in_process(&keys, version);
}

impl Instance {
    fn delete_in_process(&self, keys: &Range<u32>, version: u64) {
        for process in self.processes.iter().flatten() {
            keys.clone().for_each(|key| process.delete(key, version, self.now_ns()));
        }
    }

    fn shared_levels(&self) -> impl Iterator<Item = usize> {
        (0..self.processes.len()).filter(|&level| self.processes[level].is_none())
    }

    /// Deletes the copies of these keys; returns when the shared tiers have answered, or have failed.
    async fn delete_copies(self: &Rc<Self>, keys: &Range<u32>, version: u64) {
        self.delete_in_process(keys, version);
        let sent: Vec<JoinHandle<()>> = self
            .shared_levels()
            .flat_map(|level| keys.clone().map(move |key| (level, key)))
            .map(|(level, key)| spawn_local(Rc::clone(self).delete(level, key, version)))
            .collect();
        for sent in sent {
            // A copy that could not be deleted delays nobody further.
            let _ = sent.await;
        }
    }

    /// Sets the copies of a key, and deletes those of the others of its entity.
    fn set_copies(
        self: &Rc<Self>,
        levels: &[usize],
        info: KeyInfo,
        entity: &Range<u32>,
        version: u64,
    ) -> Vec<JoinHandle<()>> {
        let fill = Fill { info, version, is_negative: false, delta_ns: 0 };
        let others = || entity.clone().filter(|&other| other != info.key);
        let mut sent = Vec::new();
        for &level in levels {
            if let Some(process) = &self.processes[level] {
                self.fill_process(level, fill);
                others().for_each(|key| process.delete(key, version, self.now_ns()));
                continue;
            }
            if let Some(cmd) = self.fill_command(level, fill, Filler::Writer) {
                sent.push(spawn_local(Rc::clone(self).fill(level, cmd)));
            }
            sent.extend(others().map(|key| spawn_local(Rc::clone(self).delete(level, key, version))));
        }
        sent
    }

    /// The broadcast of an invalidation to all instances but this one.
    fn tell_others(&self, entity: &Range<u32>, version: u64) {
        if self.model().invalidation.broadcast.is_none() {
            return;
        }
        for (number, other) in self.run.instances.iter().enumerate() {
            if number != self.number as usize {
                let message = Message::Forget { first: entity.start, end: entity.end, version };
                // One that has ended forgets everything.
                let _ = other.send(message);
            }
        }
    }
}
