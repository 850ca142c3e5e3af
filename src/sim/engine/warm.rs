//! Jobs that fill a shared tier. Each key is read as by a background refresh: from the level below, over the connections of an instance.

use std::cmp::Reverse;

use super::core::Core;
use super::kind::Kind;
use super::prefill::hottest;
use crate::model::{EventKind, Hottest, MAX_TIERS};
use crate::sim::parts::command::{Change, Sender};
use crate::sim::parts::journey::{Errand, Extras, Journey, Left};
use crate::sim::parts::system::System;
use crate::sim::parts::warming::WarmJob;
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;
use crate::sim::store::Value;

/// The keys of a recording by their reads so far, of as many those that appear first, the hottest last.
fn most_asked(asked: &[u32], wanted: Hottest) -> Vec<u32> {
    let mut keys: Vec<u32> = (0..asked.len() as u32).collect();
    keys.sort_by_key(|&key| Reverse(asked[key as usize]));
    if let Hottest::Keys(wanted) = wanted {
        keys.truncate(wanted as usize);
    }
    keys.reverse();
    keys
}

impl<S: System> Core<'_, S> {
    /// A job begins.
    pub(super) fn warming_begins(&mut self, what: EventKind) {
        let EventKind::Warm { tier, hottest: wanted, rate_per_s, parallel } = what else { return };
        let classes = &self.model.workload.classes;
        let stores = |key: u32| {
            let class = self.tables.class_of(key);
            !self.absent[class] && !classes[class].bypasses(tier)
        };
        let mut keys: Vec<u32> = match &self.incoming.asked {
            Some(asked) => most_asked(asked, wanted),
            None => hottest(&self.tables, classes, wanted).map(|(key, _)| key).collect(),
        };
        keys.retain(|&key| stores(key));
        self.recorder.warm.wanted += keys.len() as u64;
        self.recorder.warm.done += u64::from(keys.is_empty());
        let job = self.warming.len() as u32;
        self.warming.push(WarmJob::new(tier, keys, rate_per_s, parallel, self.now));
        self.warm_next(job);
    }

    /// A key of a job is due. Nobody needs the rest once no requests come any more.
    #[inline(never)]
    pub(super) fn warm_next(&mut self, job: u32) {
        if self.incoming.are_over {
            return;
        }
        let at = &mut self.warming[job as usize];
        let Some((key, due_ns)) = at.next(self.now) else { return };
        let level = at.level;
        if let Some(due_ns) = due_ns {
            self.schedule(GENERAL, due_ns.max(self.now), Kind::KeyIsWarmed, job, 0);
        }
        let instances = self.model.clients.instances;
        let is_up = |instance: &u32| self.fleet.is_there(*instance, self.now);
        // They take turns.
        let turn = (self.recorder.warm.begun % u64::from(instances)) as u32;
        self.recorder.warm.begun += 1;
        self.warming[job as usize].in_flight += 1;
        match (turn..instances).chain(0..turn).find(is_up) {
            Some(instance) => self.warm(job, level, instance, key),
            None => {
                self.recorder.warm.failed += 1;
                self.end_warming(job);
            }
        }
    }

    fn warm(&mut self, job: u32, level: usize, instance: u32, key: u32) {
        let class = self.tables.class_of(key);
        let mut left_ns: Left = [0; MAX_TIERS];
        left_ns[level] = self.now;
        // Under a lease only its holder fills, so the job sets as a writer does.
        let leased = self.tiers[level].shared.as_ref().is_some_and(|shared| shared.nodes[0].leases.is_some());
        let journey = Journey {
            errand: Errand::Warm,
            level: self.level_from(class, level + 1) as u8,
            fill_from: level as u8,
            unfilled: self.bypassed[class] | u8::from(leased) << level,
            ..Journey::new(self.now, key, instance, 0, class)
        };
        let id = self.journeys.insert(journey, Extras::default(), left_ns);
        self.warmers.insert(id, job);
        self.way_begins(id, self.now);
        self.proceed(id);
    }

    /// A key of a job has been read.
    #[inline(never)]
    pub(super) fn key_is_warm(&mut self, id: u32, value: Value) {
        let Journey { key, instance, class, fill_from, unfilled, .. } = self.journeys[id];
        let level = usize::from(fill_from);
        if unfilled >> level & 1 == 1 {
            let sender = Sender { journey: NONE, instance, class, key };
            self.send_for(level, Change::Set { value }.op(), sender, self.now);
        }
        self.recorder.warm.stored += 1;
        self.end_warming_of(id);
    }

    /// A key of a job could not be read.
    #[inline(never)]
    pub(super) fn warming_fails(&mut self, id: u32) {
        self.recorder.warm.failed += 1;
        self.end_warming_of(id);
    }

    fn end_warming_of(&mut self, id: u32) {
        if let Some(job) = self.warmers.remove(&id) {
            self.end_warming(job);
        }
    }

    /// A read of a job is over.
    fn end_warming(&mut self, job: u32) {
        let at = &mut self.warming[job as usize];
        if at.end_one() {
            self.schedule(GENERAL, self.now, Kind::KeyIsWarmed, job, 0);
        } else if let Some(took_ns) = at.took_ns(self.now) {
            self.recorder.warm.done += 1;
            self.recorder.warm.longest_ns = self.recorder.warm.longest_ns.max(took_ns);
        }
    }
}
