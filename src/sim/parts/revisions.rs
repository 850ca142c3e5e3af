//! Changes of settings: the revision of the system that each instance has.

use crate::model::{Model, Nanos, Revision};
use crate::sim::queue::{Lane, Queue};

/// The revisions of a system, and who has which.
pub struct Revisions<'m> {
    /// After the first.
    later: &'m [Revision],
    timers: Vec<Timers>,
    /// By instance; empty where nothing changes.
    of: Vec<u8>,
}

/// Time limits of one revision.
#[derive(Clone, Copy)]
struct Timers {
    deadline: Option<(Nanos, Lane)>,
    database: Option<(Nanos, Lane)>,
}

impl<'m> Revisions<'m> {
    pub fn new(model: &'m Model, queue: &mut Queue) -> Revisions<'m> {
        let mut timer = |after: Option<Nanos>| after.map(|ns| (ns, queue.lane_for(ns)));
        let timers = model.revisions.iter().map(|revision| Timers {
            deadline: timer(revision.model.clients.deadline_ns),
            database: timer(revision.model.database.timeout_ns),
        });
        let timers: Vec<Timers> = timers.collect();
        let instances = if timers.is_empty() { 0 } else { model.clients.instances as usize };
        Revisions { later: &model.revisions, timers, of: vec![0; instances] }
    }

    /// The revision that an instance has; 0: the first. Whoever is no instance has the first as well.
    #[inline(always)]
    pub fn of(&self, instance: u32) -> u8 {
        self.of.get(instance as usize).copied().unwrap_or(0)
    }

    /// The system after a change, counted from 1.
    pub fn model(&self, revision: u8) -> Option<&'m Model> {
        self.later.get(usize::from(revision).checked_sub(1)?).map(|revision| &revision.model)
    }

    /// An instance takes over a revision, unless it has a later one; returns whether it did.
    pub fn take_over(&mut self, instance: u32, revision: u8) -> bool {
        let Some(held) = self.of.get_mut(instance as usize) else { return false };
        let is_newer = *held < revision;
        *held = (*held).max(revision);
        is_newer
    }

    /// The deadline of an instance's requests, where its revision is not the first.
    #[inline(always)]
    pub fn deadline(&self, instance: u32) -> Option<Option<(Nanos, Lane)>> {
        self.timers_of(instance).map(|timers| timers.deadline)
    }

    /// The time limit of an instance's calls of the database, where its revision is not the first.
    #[inline(always)]
    pub fn database_timeout(&self, instance: u32) -> Option<Option<(Nanos, Lane)>> {
        self.timers_of(instance).map(|timers| timers.database)
    }

    #[inline(always)]
    fn timers_of(&self, instance: u32) -> Option<Timers> {
        match self.of(instance) {
            0 => None,
            later => self.timers.get(usize::from(later) - 1).copied(),
        }
    }
}
