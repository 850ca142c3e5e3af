//! The workers of the instances: threads or processes, each of which has one request from its start to its end.

use std::collections::VecDeque;

use super::journey::Journey;
use crate::model::{Model, Nanos};
use crate::sim::slab::Slab;

/// A request that has no worker yet.
#[derive(Clone, Debug, Default)]
pub struct Unstarted {
    pub journey: Journey,
    /// Closed loop: the user.
    pub user: u32,
    /// Of a read of several keys.
    pub keys: Vec<u32>,
}

/// The workers of one instance, and who waits for them.
#[derive(Clone, Debug, Default)]
struct Instance {
    busy: u32,
    /// Slot and generation; who gave up is skipped when its turn comes.
    waiting: VecDeque<(u32, u32)>,
    /// Of these, those who have not given up.
    patient: u64,
    /// The first who waits is about to be called.
    is_calling: bool,
}

/// A request asks for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It has one.
    Starts,
    Waits,
    /// All places are taken.
    IsRefused,
}

/// The workers of all instances.
#[derive(Debug)]
pub struct WorkerPool {
    per_instance: u32,
    /// Waiting places of each instance.
    queue: u64,
    instances: Vec<Instance>,
    pub unstarted: Slab<Unstarted>,
    pub busy: u64,
    /// Of these, those whose request has an end to come that nothing changes any more.
    pub finishing: u64,
    since_ns: Nanos,
    /// Integral of the busy workers over time, up to `since_ns`.
    busy_ns: u128,
}

impl WorkerPool {
    /// `None`: any number of requests is worked on at once.
    pub fn of(model: &Model) -> Option<WorkerPool> {
        let per_instance = model.clients.workers?;
        Some(WorkerPool {
            per_instance,
            queue: model.clients.queue.unwrap_or(u64::MAX),
            instances: vec![Instance::default(); model.clients.instances as usize],
            unstarted: Slab::new(),
            busy: 0,
            finishing: 0,
            since_ns: 0,
            busy_ns: 0,
        })
    }

    /// What becomes of a request that arrives. Whoever waits was there before it.
    pub fn admit(&mut self, instance: u32, now: Nanos) -> Admission {
        let Instance { busy, patient, .. } = self.instances[instance as usize];
        let free = u64::from(self.per_instance - busy);
        if patient == 0 && free > 0 {
            self.start(instance, now);
            Admission::Starts
        } else if patient < self.queue.saturating_add(free) {
            Admission::Waits
        } else {
            Admission::IsRefused
        }
    }

    /// A request waits for a worker; gives its slot and generation.
    pub fn wait(&mut self, instance: u32, request: Unstarted) -> (u32, u32) {
        let id = self.unstarted.insert(request);
        let name = (id, self.unstarted.generation(id));
        let at = &mut self.instances[instance as usize];
        at.waiting.push_back(name);
        at.patient += 1;
        name
    }

    /// A request waits no more: it has given up, or its instance has died.
    pub fn give_up(&mut self, id: u32) -> Unstarted {
        let request = std::mem::take(&mut self.unstarted[id]);
        self.unstarted.remove(id);
        self.instances[request.journey.instance as usize].patient -= 1;
        request
    }

    /// A worker is done with its request. Whether somebody has to be called for it.
    pub fn release(&mut self, instance: u32, now: Nanos) -> bool {
        let at = &mut self.instances[instance as usize];
        debug_assert!(at.busy > 0, "a worker is done that has nothing to do");
        at.busy -= 1;
        let calls = at.patient > 0 && !at.is_calling;
        at.is_calling |= calls;
        self.change(-1, now);
        calls
    }

    /// The first who waits gets a worker, if one is free. Where none does, the next release calls again.
    pub fn next(&mut self, instance: u32, now: Nanos) -> Option<Unstarted> {
        let at = &mut self.instances[instance as usize];
        let free = at.busy < self.per_instance;
        while free && let Some((id, generation)) = at.waiting.pop_front() {
            if self.unstarted.is(id, generation) {
                let request = self.give_up(id);
                self.start(instance, now);
                return Some(request);
            }
        }
        at.is_calling = false;
        None
    }

    /// Those who wait at an instance, the first first.
    pub fn take_waiting(&mut self, instance: u32) -> Vec<Unstarted> {
        let waiting = std::mem::take(&mut self.instances[instance as usize].waiting);
        let patient: Vec<u32> = waiting
            .into_iter()
            .filter(|&(id, generation)| self.unstarted.is(id, generation))
            .map(|(id, _)| id)
            .collect();
        patient.into_iter().map(|id| self.give_up(id)).collect()
    }

    fn start(&mut self, instance: u32, now: Nanos) {
        self.instances[instance as usize].busy += 1;
        self.change(1, now);
    }

    fn change(&mut self, by: i64, now: Nanos) {
        self.busy_ns = self.busy_ns(now);
        self.since_ns = now;
        self.busy = self.busy.wrapping_add_signed(by);
    }

    /// The integral over time of the busy workers.
    pub fn busy_ns(&self, now: Nanos) -> u128 {
        self.busy_ns + u128::from(self.busy) * u128::from(now - self.since_ns)
    }

    /// How many requests wait for a worker.
    pub fn waiting(&self) -> u64 {
        self.unstarted.len() as u64
    }

    /// The fault of the books, if there is one. `occupied`: workers that have a request by other books.
    ///
    /// # Errors
    /// An instance with more busy workers than it has, or a free one while somebody waits; other sums than the parts.
    pub fn balance(&self, occupied: u64) -> Result<(), String> {
        let busy: u64 = self.instances.iter().map(|at| u64::from(at.busy)).sum();
        let patient: u64 = self.instances.iter().map(|at| at.patient).sum();
        if self.instances.iter().any(|at| at.busy > self.per_instance) {
            return Err(format!("an instance has more than its {} workers busy", self.per_instance));
        }
        if self.instances.iter().any(|at| at.busy < self.per_instance && at.patient > 0 && !at.is_calling) {
            return Err("a request waits for a worker, and one is free".into());
        }
        if (busy, patient) != (self.busy, self.waiting()) || busy != occupied + self.finishing {
            return Err(format!(
                "{busy} workers are busy and {patient} requests wait; in the books {} and {}, in the system {}",
                self.busy,
                self.waiting(),
                occupied + self.finishing
            ));
        }
        Ok(())
    }
}
