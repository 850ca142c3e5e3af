//! Latency by part: each stage notes its beginning in the way of its journey.
//!
//! Nothing here changes what happens. A run whose requests are explained uses the loop for all systems, so the others have
//! nothing of this; elsewhere a stage looks once whether there are any ways.

use super::core::Core;
use crate::measure::breakdown::Part;
use crate::measure::recorder::{Cause, OUTCOMES, Outcome};
use crate::model::Nanos;
use crate::sim::parts::attempt::Attempt;
use crate::sim::parts::command::{Command, Op, Served};
use crate::sim::parts::gather::Gathered;
use crate::sim::parts::journey::Journey;
use crate::sim::parts::system::System;
use crate::sim::parts::ways::{End, NO_TIER, Service, Way, Ways};
use crate::sim::slab::NONE;

/// When a server took a command; `None`: it did not.
fn service_of(served: &Served) -> Option<Service> {
    let Served { queued_ns, start_ns, served_ns, is_executed, .. } = *served;
    is_executed.then_some(Service { queued_ns, start_ns, done_ns: served_ns })
}

impl<S: System> Core<'_, S> {
    /// The ways of all that is under way; `None` without a breakdown.
    #[inline(always)]
    pub(super) fn ways(&mut self) -> Option<&mut Ways> {
        if S::RARE { self.ways.as_deref_mut() } else { None }
    }

    /// A journey begins; its first stage replaces this one, unless tiers in the process take time.
    #[inline(always)]
    pub(super) fn way_begins(&mut self, id: u32, start_ns: Nanos) {
        let now = self.now;
        if let Some(ways) = self.ways() {
            ways.journey(id).set_out(start_ns, now);
        }
    }

    /// A journey enters a stage that belongs to a tier.
    #[inline(always)]
    pub(super) fn way_enters(&mut self, id: u32, part: Part, level: usize, at: Nanos) {
        if let Some(ways) = self.ways() {
            ways.journey(id).enter(part, level as u8, at);
        }
    }

    /// A journey waits for another.
    #[inline(always)]
    pub(super) fn way_follows(&mut self, id: u32, since_ns: Nanos) {
        if let Some(ways) = self.ways() {
            ways.journey(id).enter(Part::Leader, NO_TIER, since_ns);
        }
    }

    /// A request for so many keys has been looked up in the tiers of the process above this level.
    #[inline(never)]
    fn pass_processes(&mut self, ways: &mut Ways, id: Option<u32>, journey: &Journey, levels: usize) {
        let (start_ns, class) = (journey.start_ns, usize::from(journey.class));
        let way = match id {
            Some(id) => ways.journey(id),
            None => &mut ways.scratch,
        };
        way.set_out(start_ns, self.now);
        let mut at = self.now;
        for (level, tier) in self.tiers[..levels].iter().enumerate() {
            if self.bypassed[class] >> level & 1 == 1 {
                continue;
            }
            way.enter(Part::InProcess, level as u8, at);
            at += tier.access_ns;
        }
    }

    /// A journey has missed in the tiers of the process above this level.
    #[inline(always)]
    pub(super) fn way_passes_processes(&mut self, id: u32, level: usize) {
        if S::RARE
            && self.ways.is_some()
            && let Some(mut ways) = self.ways.take()
        {
            let journey = self.journeys[id];
            self.pass_processes(&mut ways, Some(id), &journey, level);
            self.ways = Some(ways);
        }
    }

    /// A read has found its key in a tier of the process.
    #[inline(always)]
    pub(super) fn way_ends_in_process(
        &mut self,
        journey: &Journey,
        level: usize,
        outcome: Outcome,
        at: Nanos,
    ) {
        if S::RARE
            && self.ways.is_some()
            && let Some(mut ways) = self.ways.take()
        {
            let Journey { start_ns, key, class, instance, .. } = *journey;
            self.pass_processes(&mut ways, None, journey, level + 1);
            ways.close_scratch(End { start_ns, end_ns: at, key, class, instance, outcome, cause: None });
            self.ways = Some(ways);
        }
    }

    /// A lookup that is no command of its own is sent.
    #[inline(always)]
    pub(super) fn way_of_lookup(&mut self, id: u32, level: usize, at: Nanos) {
        if let Some(ways) = self.ways() {
            let way = ways.journey(id);
            way.sent_ns = at;
            way.enter(Part::TierPool, level as u8, at);
        }
    }

    /// Such a lookup is at its server.
    #[inline(always)]
    pub(super) fn way_is_served(&mut self, id: u32, level: usize, served: &Served) {
        if let Some(ways) = self.ways() {
            ways.journey(id).plan(level as u8, service_of(served));
        }
    }

    /// Notes something in the way of whoever waits for a command: one journey, all that an MGET is for, or, where a writer
    /// sends several together, the command itself.
    #[inline(always)]
    fn note_command(&mut self, id: u32, note: impl Fn(&mut Way, u8)) {
        if !S::RARE {
            return;
        }
        let Some(ways) = &mut self.ways else { return };
        let Command { op, journey, level, .. } = self.commands[id];
        match op {
            _ if journey == NONE => {}
            Op::MultiGet { parts } => {
                self.multi_gets[parts].iter().for_each(|part| note(ways.journey(part.journey), level));
            }
            Op::Put { .. } | Op::Delete { .. } => note(ways.change(id), level),
            _ => note(ways.journey(journey), level),
        }
    }

    /// A command is sent; first the client encodes its value.
    #[inline(always)]
    pub(super) fn command_way_begins(&mut self, id: u32, at: Nanos) {
        if let (Op::Put { .. } | Op::Delete { .. }, Some(_)) = (self.commands[id].op, self.ways()) {
            self.note_command(id, |way, level| way.begin(at, Part::Coding, level));
        }
        self.note_command(id, |way, level| {
            way.sent_ns = at;
            way.enter(Part::Coding, level, at);
        });
    }

    /// Whoever waits for a command enters a stage with it.
    #[inline(always)]
    pub(super) fn command_way_enters(&mut self, id: u32, part: Part, at: Nanos) {
        self.note_command(id, |way, level| way.enter(part, level, at));
    }

    /// A command has a connection; nobody waits for it longer than until then.
    #[inline(always)]
    pub(super) fn command_way_departs(&mut self, id: u32, at: Nanos, until_ns: Nanos) {
        self.note_command(id, |way, level| {
            way.enter(Part::TierNetwork, level, at);
            way.until_ns = until_ns;
        });
    }

    /// A command is at its server, and its reply will be back then.
    #[inline(always)]
    pub(super) fn command_way_is_served(&mut self, id: u32, served: &Served, at: Nanos) {
        self.note_command(id, |way, level| way.plan(level, service_of(served)));
        if let (Op::Put { .. } | Op::Delete { .. }, Some(ways)) = (self.commands[id].op, self.ways()) {
            let until_ns = ways.change(id).until_ns;
            if until_ns < at {
                self.note_command(id, |way, level| way.command_fails(level));
            }
            self.settle_change(id, at.min(until_ns));
        }
    }

    /// The latest command has failed, or nobody waits for it any longer.
    #[inline(always)]
    pub(super) fn command_way_fails(&mut self, id: u32) {
        self.note_command(id, |way, level| way.command_fails(level));
        self.settle_change(id, self.now);
    }

    /// It is known when a command ends; matters where it is one of several.
    fn settle_change(&mut self, id: u32, end_ns: Nanos) {
        let Command { op, journey, .. } = self.commands[id];
        if let (Op::Put { .. } | Op::Delete { .. }, Some(ways)) = (op, self.ways())
            && journey != NONE
        {
            ways.settle_change(id, journey, end_ns);
        }
    }

    /// A writer sends several commands together, the first of them to this tier.
    #[inline(always)]
    pub(super) fn way_spreads(&mut self, id: u32, level: usize) {
        let now = self.now;
        if let Some(ways) = self.ways() {
            let way = ways.journey(id);
            way.enter(Part::TierNetwork, level as u8, now);
            way.until_ns = 0;
        }
    }

    /// The caller of an attempt enters a stage with it, if it counts on it still.
    #[inline(always)]
    pub(super) fn attempt_way_enters(&mut self, id: u32, part: Part, at: Nanos) {
        if !S::RARE {
            return;
        }
        let Some(ways) = &mut self.ways else { return };
        let Attempt { leader, abandoned, errand, .. } = self.attempts[id];
        if abandoned || !errand.is_of_an_instance() {
            return;
        }
        let is_hedge = self.journeys.leads.get(leader).hedge == id;
        let way = if is_hedge { ways.hedge(leader) } else { ways.journey(leader) };
        way.enter(part, NO_TIER, at);
    }

    /// An attempt is sent beside another.
    #[inline(always)]
    pub(super) fn hedge_way_begins(&mut self, leader: u32) {
        let now = self.now;
        if let Some(ways) = self.ways() {
            ways.hedge(leader).begin(now, Part::DbPool, NO_TIER);
        }
    }

    /// An attempt was answered.
    #[inline(always)]
    pub(super) fn attempt_way_wins(&mut self, leader: u32, id: u32) {
        let lead = self.lead(leader);
        if let Some(ways) = self.ways()
            && lead.hedge == id
        {
            ways.take_hedge(leader, lead.sent_ns);
        }
    }

    /// An attempt has failed: its time is lost, or, where there is another beside it, that before the other.
    #[inline(always)]
    pub(super) fn attempt_way_fails(&mut self, leader: u32, id: u32, began_ns: Nanos) {
        let lead = self.lead(leader);
        let Some(ways) = self.ways() else { return };
        match lead.hedge {
            NONE => ways.journey(leader).enter(Part::DbFailed, NO_TIER, began_ns),
            hedge if hedge == id => {}
            _ => ways.take_hedge(leader, lead.sent_ns),
        }
    }

    /// A call waits before its next attempt.
    #[inline(always)]
    pub(super) fn way_backs_off(&mut self, leader: u32) {
        let now = self.now;
        if let Some(ways) = self.ways() {
            ways.journey(leader).enter(Part::Backoff, NO_TIER, now);
        }
    }

    /// The request of a journey ends.
    #[inline(always)]
    pub(super) fn way_ends(&mut self, id: u32, outcome: Outcome, cause: Option<Cause>, at: Nanos) {
        if S::RARE
            && let Some(ways) = &mut self.ways
        {
            let Journey { start_ns, key, class, instance, .. } = self.journeys[id];
            ways.close(id, End { start_ns, end_ns: at, key, class, instance, outcome, cause });
        }
    }

    /// A request of several keys ends with the journey for this one.
    #[inline(always)]
    pub(super) fn way_ends_gathered(&mut self, id: u32, gathered: &Gathered) {
        let cause = (gathered.outcome == Outcome::Error).then_some(gathered.cause);
        self.way_ends(id, gathered.outcome, cause, self.now);
    }

    /// A request of several keys starts.
    #[inline(always)]
    pub(super) fn scratch_sets_out(&mut self, start_ns: Nanos) {
        let now = self.now;
        if let Some(ways) = self.ways() {
            ways.scratch.set_out(start_ns, now);
        }
    }

    /// It enters a tier of the process.
    #[inline(always)]
    pub(super) fn scratch_enters(&mut self, level: usize, at: Nanos) {
        if let Some(ways) = self.ways() {
            ways.scratch.enter(Part::InProcess, level as u8, at);
        }
    }

    /// A journey for one of several keys begins as its request did.
    #[inline(always)]
    pub(super) fn way_begins_as_scratch(&mut self, id: u32, start_ns: Nanos) {
        if let Some(ways) = self.ways() {
            let scratch = std::mem::take(&mut ways.scratch);
            ways.journey(id).begin(start_ns, Part::InProcess, 0);
            ways.journey(id).adopt(&scratch);
            ways.scratch = scratch;
        }
    }

    /// A request of several keys has found all of them in the process.
    #[inline(always)]
    pub(super) fn scratch_ends(&mut self, journey: &Journey, gathered: &Gathered, at: Nanos) {
        let outcome = gathered.outcome;
        let cause = (outcome == Outcome::Error).then_some(gathered.cause);
        let Journey { start_ns, key, class, instance, .. } = *journey;
        if let Some(ways) = self.ways() {
            ways.close_scratch(End { start_ns, end_ns: at, key, class, instance, outcome, cause });
        }
    }

    /// A request ends before it has started on its way.
    #[inline(always)]
    pub(super) fn way_of_unstarted(&mut self, journey: &Journey, outcome: Outcome, cause: Option<Cause>) {
        let Journey { start_ns, key, class, instance, .. } = *journey;
        let end_ns = self.now;
        if let Some(ways) = self.ways() {
            ways.scratch.begin(start_ns, Part::Worker, NO_TIER);
            ways.close_scratch(End { start_ns, end_ns, key, class, instance, outcome, cause });
        }
    }

    /// At the end of the drain: requests that are still under way. Of several keys one that has not been answered stands
    /// for the request.
    pub(super) fn ways_end_unfinished(&mut self) {
        let unstarted: Vec<Journey> = self.unstarted().collect();
        unstarted.iter().for_each(|journey| self.way_of_unstarted(journey, Outcome::Unfinished, None));
        let Some(mut ways) = self.ways.take() else { return };
        let mut waiting: Vec<(u32, u32, u32)> = (self.journeys.iter())
            .filter(|(_, journey)| !journey.gone && journey.errand.is_of_a_request())
            .map(|(id, journey)| (self.extras(id).gather, journey.key, id))
            .collect();
        waiting.sort_unstable();
        waiting.dedup_by_key(|&mut (gather, key, id)| match gather {
            NONE => (NONE, key, id),
            gather => (gather, 0, 0),
        });
        for (_, _, id) in waiting {
            let Journey { start_ns, key, class, instance, .. } = self.journeys[id];
            let (end_ns, outcome) = (self.now, Outcome::Unfinished);
            ways.close(id, End { start_ns, end_ns, key, class, instance, outcome, cause: None });
        }
        self.ways = Some(ways);
    }

    /// Every measured request is in the books of its parts, with all its latency.
    pub(super) fn check_ways(&self) -> Result<(), String> {
        let Some(ways) = &self.ways else { return Ok(()) };
        for (outcome, name) in OUTCOMES {
            let of_classes = self.recorder.latency.iter().map(|class| &class[outcome as usize]);
            let (count, sum) =
                of_classes.fold((0, 0), |(count, sum), all| (count + all.count(), sum + all.sum()));
            let total = ways.books.outcome(outcome).total();
            let latency_ns = u128::from(total.latency_ns());
            if (total.requests, latency_ns) != (count, sum) {
                return Err(format!(
                    "{name}: {count} requests took {sum} ns, and the parts of {} are {latency_ns} ns",
                    total.requests
                ));
            }
        }
        Ok(())
    }
}
