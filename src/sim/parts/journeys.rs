//! All journeys under way, and the columns beside them.

use std::ops::{Index, IndexMut};

use super::command::CommandReply;
use super::journey::{Extras, Fallback, Journey, Lead, Left};
use crate::model::{Arrivals, Coalescing, Model, Nanos, Refresh, Scope, Tier};
use crate::sim::slab::{Column, Slab};

/// Journeys with their columns.
pub struct Journeys {
    slab: Slab<Journey>,
    pub extras: Column<Extras>,
    pub left_ns: Column<Left>,
    pub leads: Column<Lead>,
    pub fallbacks: Column<Fallback>,
    /// Since when a lookup waits for a connection.
    pub waiting_ns: Column<Nanos>,
    /// The result of a lookup, where it is more than a hit or a miss.
    replies: Vec<CommandReply>,
}

/// Which columns there are.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    extras: bool,
    left: bool,
    leads: bool,
    waiting: bool,
    fallbacks: bool,
}

impl Needs {
    /// Of a model; `renews`: a policy from outside the crate may renew early.
    pub fn of(model: &Model, renews: bool) -> Needs {
        let database = &model.database;
        let renews = renews
            || model.ever(|revision| {
                revision.tiers.iter().any(|tier| matches!(tier.refresh, Refresh::XFetch { .. }))
            });
        Needs {
            extras: model.workload.writes()
                || model.workload.gathers()
                || model.limiter.is_some()
                || model.measure.stale_acknowledged
                || model.ever(|revision| matches!(revision.coalescing, Coalescing::Lease(_)))
                || matches!(model.workload.arrivals, Arrivals::Closed { .. }),
            left: renews,
            leads: renews
                || model.tears_calls()
                || model.ever(|revision| revision.clients.deadline_ns.is_some())
                || database.queue.is_some()
                || database.pool_timeout_ns.is_some()
                || database.breaker.is_some()
                || database.limit.is_some()
                || database.max_connections.is_some(),
            fallbacks: model.ever(|revision| revision.tiers.iter().any(|tier| tier.fail_safe.is_some())),
            waiting: model.ever(|revision| {
                let has_pool =
                    |tier: &Tier| matches!(&tier.scope, Scope::Shared(shared) if shared.pool.is_some());
                revision.tiers.iter().any(has_pool)
            }),
        }
    }

    /// Whether there are none.
    pub fn is_nothing(self) -> bool {
        !(self.extras || self.left || self.leads || self.waiting || self.fallbacks)
    }

    /// All of them: what a scenario does not need leaves no trace in its record.
    pub fn all() -> Needs {
        Needs { extras: true, left: true, leads: true, waiting: true, fallbacks: true }
    }
}

impl Journeys {
    pub fn new(needs: Needs) -> Journeys {
        Journeys {
            slab: Slab::new(),
            extras: Column::new(needs.extras),
            left_ns: Column::new(needs.left),
            leads: Column::new(needs.leads),
            fallbacks: Column::new(needs.fallbacks),
            waiting_ns: Column::new(needs.waiting),
            replies: Vec::new(),
        }
    }

    /// A journey begins.
    #[inline(always)]
    pub fn insert(&mut self, journey: Journey, extras: Extras, left_ns: Left) -> u32 {
        let id = self.slab.insert(journey);
        self.extras.open(id, extras);
        if self.left_ns.exists() {
            self.left_ns.open(id, left_ns);
        }
        if self.fallbacks.exists() {
            self.fallbacks.open(id, Fallback::default());
        }
        id
    }

    /// A journey begins where there are no columns.
    #[inline(always)]
    pub fn insert_alone(&mut self, journey: Journey) -> u32 {
        self.slab.insert(journey)
    }

    /// Reads a journey ahead that leads a call.
    #[inline]
    pub fn prefetch(&self, id: u32) {
        self.slab.prefetch(id);
        self.extras.prefetch(id);
        self.left_ns.prefetch(id);
        self.leads.prefetch(id);
    }

    /// Reads a journey ahead where there are no columns.
    #[inline]
    pub fn prefetch_alone(&self, id: u32) {
        self.slab.prefetch(id);
    }

    /// The current or last content of a slot.
    #[inline]
    pub fn peek(&self, id: u32) -> Option<&Journey> {
        self.slab.peek(id)
    }

    /// A journey ends.
    #[inline]
    pub fn remove(&mut self, id: u32) {
        self.slab.remove(id);
    }

    /// A journey leads a call from now on.
    #[inline]
    pub fn lead(&mut self, id: u32, grouped: bool, now: Nanos) {
        let journey = &mut self.slab[id];
        journey.leader = id;
        journey.last = id;
        journey.call_fill_from = journey.fill_from;
        journey.grouped = grouped;
        journey.fetching = false;
        journey.dead = false;
        if self.leads.exists() {
            let live = u32::from(!journey.gone);
            self.leads.open(id, Lead { live, sent_ns: now, called_ns: now, ..Lead::default() });
        }
    }

    /// Keeps what a lookup brings back until it has arrived.
    #[inline(always)]
    pub fn keep_reply(&mut self, id: u32, reply: CommandReply) {
        if id as usize >= self.replies.len() {
            self.reach_reply(id);
        }
        self.replies[id as usize] = reply;
    }

    #[cold]
    #[inline(never)]
    fn reach_reply(&mut self, id: u32) {
        self.replies.resize(id as usize + 1, CommandReply::Failed);
    }

    /// The result of a lookup.
    #[inline]
    pub fn reply(&self, id: u32) -> CommandReply {
        self.replies[id as usize]
    }

    /// Version handle that a lookup brings back, or brought back last: too many are kept rather than too few.
    pub fn reply_version(&self, id: u32) -> u32 {
        match self.replies.get(id as usize) {
            Some(CommandReply::Hit { value, .. } | CommandReply::Stale { value, .. }) => value.version,
            _ => 0,
        }
    }

    #[inline]
    pub fn generation(&self, id: u32) -> u32 {
        self.slab.generation(id)
    }

    #[inline]
    pub fn is(&self, id: u32, generation: u32) -> bool {
        self.slab.is(id, generation)
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &Journey)> {
        self.slab.iter()
    }
}

impl Index<u32> for Journeys {
    type Output = Journey;
    #[inline]
    fn index(&self, id: u32) -> &Journey {
        &self.slab[id]
    }
}

impl IndexMut<u32> for Journeys {
    #[inline]
    fn index_mut(&mut self, id: u32) -> &mut Journey {
        &mut self.slab[id]
    }
}
