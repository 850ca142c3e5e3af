//! Latency by part: the stages of a request's way, each with its beginning.
//!
//! A stage lasts until the next one begins, so the parts of a request add up to its latency whatever happens to it. Stages
//! may begin in the future: the service of a command is known on its arrival. An earlier stage, or the end of the request,
//! cuts them off.

use crate::measure::breakdown::{Breakdown, ByPart, Part, SlowRequest, Step};
use crate::measure::recorder::{Cause, Outcome};
use crate::model::Nanos;

/// No tier.
pub const NO_TIER: u8 = u8::MAX;

/// The beginning of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    from_ns: Nanos,
    part: Part,
    tier: u8,
}

/// The stages of one request, of one attempt that was sent beside another, or of one of several commands that are in
/// flight together.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// Ascending.
    marks: Vec<Mark>,
    /// When its latest command was sent.
    pub sent_ns: Nanos,
    /// Of a request that waits for several commands: when the last of those whose end is known ends. Of such a command:
    /// when it times out.
    pub until_ns: Nanos,
}

impl Way {
    /// A request sets out.
    pub fn begin(&mut self, start_ns: Nanos, part: Part, tier: u8) {
        self.marks.clear();
        self.marks.push(Mark { from_ns: start_ns, part, tier });
        (self.sent_ns, self.until_ns) = (start_ns, Nanos::MAX);
    }

    /// The same for a request that may have waited for a worker until now.
    pub fn set_out(&mut self, start_ns: Nanos, now: Nanos) {
        self.begin(start_ns, Part::Worker, NO_TIER);
        self.enter(Part::InProcess, 0, now);
    }

    /// A stage begins, and all that would begin then or later does not.
    pub fn enter(&mut self, part: Part, tier: u8, at: Nanos) {
        while self.marks.last().is_some_and(|last| last.from_ns >= at) {
            self.marks.pop();
        }
        if self.marks.last().is_none_or(|last| (last.part, last.tier) != (part, tier)) {
            self.marks.push(Mark { from_ns: at, part, tier });
        }
    }

    /// From the beginning of another way on, its stages are this one's.
    pub fn adopt(&mut self, other: &Way) {
        other.marks.iter().for_each(|mark| self.enter(mark.part, mark.tier, mark.from_ns));
    }

    /// A server has taken a command: all that will happen to it until its reply is back. It comes to the queue after its
    /// bytes have travelled, and its reply leaves the server before its own have.
    pub fn plan(&mut self, tier: u8, served: Option<Service>) {
        match served {
            Some(Service { queued_ns, start_ns, done_ns }) => {
                self.enter(Part::TierQueue, tier, queued_ns);
                self.enter(Part::TierService, tier, start_ns);
                self.enter(Part::TierNetwork, tier, done_ns);
            }
            None => self.command_fails(tier),
        }
    }

    /// The latest command has failed: all its time was lost.
    pub fn command_fails(&mut self, tier: u8) {
        self.enter(Part::TierFailed, tier, self.sent_ns);
    }

    /// The time of each stage up to an end.
    fn stages(&self, end_ns: Nanos) -> impl Iterator<Item = Step> + '_ {
        let ends = self.marks.iter().skip(1).map(|mark| mark.from_ns).chain([end_ns]);
        self.marks.iter().zip(ends).filter_map(move |(mark, next_ns)| {
            let Mark { from_ns, part, tier } = *mark;
            let tier = (tier != NO_TIER).then_some(tier);
            let stage = Step { start_ns: from_ns, end_ns: next_ns.min(end_ns), part, tier };
            (stage.start_ns < stage.end_ns).then_some(stage)
        })
    }
}

/// When a command comes to the queue of a server, is taken, and is done.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    pub queued_ns: Nanos,
    pub start_ns: Nanos,
    pub done_ns: Nanos,
}

/// The end of a request, and its name.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub start_ns: Nanos,
    pub end_ns: Nanos,
    pub key: u32,
    pub class: u8,
    pub instance: u32,
    pub outcome: Outcome,
    pub cause: Option<Cause>,
}

/// The ways of all that is under way, and the books of those that have ended.
#[derive(Debug)]
pub struct Ways {
    /// By slot of the journey.
    journeys: Vec<Way>,
    /// Of the attempt that a call sent beside another, by slot of its leader.
    hedges: Vec<Way>,
    /// Of the commands that a writer sends together, by their slot.
    changes: Vec<Way>,
    /// Of a request that is over as it arrives.
    pub scratch: Way,
    warmup_ns: Nanos,
    pub books: Breakdown,
}

fn slot(ways: &mut Vec<Way>, id: u32) -> &mut Way {
    let place = id as usize;
    if place >= ways.len() {
        ways.resize_with(place + 1, Way::default);
    }
    &mut ways[place]
}

impl Ways {
    pub fn new(warmup_ns: Nanos) -> Ways {
        Ways {
            journeys: Vec::new(),
            hedges: Vec::new(),
            changes: Vec::new(),
            scratch: Way::default(),
            warmup_ns,
            books: Breakdown::default(),
        }
    }

    pub fn journey(&mut self, id: u32) -> &mut Way {
        slot(&mut self.journeys, id)
    }

    pub fn hedge(&mut self, leader: u32) -> &mut Way {
        slot(&mut self.hedges, leader)
    }

    pub fn change(&mut self, command: u32) -> &mut Way {
        slot(&mut self.changes, command)
    }

    /// The call counts on its hedge; the time of the first attempt, which was sent then, is lost up to the hedge.
    pub fn take_hedge(&mut self, leader: u32, sent_ns: Nanos) {
        let hedge = std::mem::take(self.hedge(leader));
        let way = self.journey(leader);
        way.enter(Part::DbFailed, NO_TIER, sent_ns);
        way.adopt(&hedge);
        *self.hedge(leader) = hedge;
    }

    /// It is known when one of several commands of a writer ends: the last of them is the one that counts.
    pub fn settle_change(&mut self, command: u32, journey: u32, end_ns: Nanos) {
        let change = std::mem::take(self.change(command));
        let way = self.journey(journey);
        if end_ns >= way.until_ns {
            way.until_ns = end_ns;
            way.adopt(&change);
        }
        *self.change(command) = change;
    }

    /// A request ends, whose way is in this slot.
    pub fn close(&mut self, id: u32, end: End) {
        let way = std::mem::take(self.journey(id));
        self.book(&way, end);
        *self.journey(id) = way;
    }

    /// A request is over as it arrives.
    pub fn close_scratch(&mut self, end: End) {
        let way = std::mem::take(&mut self.scratch);
        self.book(&way, end);
        self.scratch = way;
    }

    fn book(&mut self, way: &Way, end: End) {
        let End { start_ns, end_ns, key, class, instance, outcome, cause } = end;
        debug_assert_eq!(way.marks[0].from_ns, start_ns, "the way of another request");
        if start_ns < self.warmup_ns {
            return;
        }
        let mut parts_ns = ByPart::default();
        for stage in way.stages(end_ns) {
            parts_ns[stage.part as usize] += stage.end_ns - stage.start_ns;
        }
        let latency_ns = end_ns - start_ns;
        debug_assert_eq!(
            parts_ns.iter().sum::<Nanos>(),
            latency_ns,
            "the parts of a request are its latency"
        );
        self.books.finish(outcome, &parts_ns, || {
            let steps = way.stages(end_ns).collect();
            let mut slow = SlowRequest {
                start_ns,
                latency_ns,
                key,
                class,
                instance,
                outcome,
                cause,
                steps,
                left_out: 0,
            };
            slow.shorten();
            slow
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(way: &Way, end_ns: Nanos) -> Vec<(Part, Nanos)> {
        way.stages(end_ns).map(|stage| (stage.part, stage.end_ns - stage.start_ns)).collect()
    }

    fn planned() -> Way {
        let mut way = Way::default();
        way.begin(10, Part::InProcess, 0);
        way.sent_ns = 13;
        way.enter(Part::TierPool, 1, 13);
        way.enter(Part::TierNetwork, 1, 20);
        way.plan(1, Some(Service { queued_ns: 25, start_ns: 40, done_ns: 47 }));
        way
    }

    #[test]
    fn a_stage_lasts_until_the_next_and_the_end_cuts_it_off() {
        let mut way = planned();
        way.enter(Part::DbPool, NO_TIER, 52);
        way.enter(Part::DbNetwork, NO_TIER, 52);
        use Part::{DbNetwork, InProcess, TierNetwork, TierPool, TierQueue, TierService};
        assert_eq!(
            parts(&way, 60),
            [
                (InProcess, 3),
                (TierPool, 7),
                (TierNetwork, 5),
                (TierQueue, 15),
                (TierService, 7),
                (TierNetwork, 5),
                (DbNetwork, 8)
            ]
        );
        assert_eq!(
            parts(&way, 42),
            [(InProcess, 3), (TierPool, 7), (TierNetwork, 5), (TierQueue, 15), (TierService, 2)]
        );
    }

    #[test]
    fn what_fails_loses_all_its_time_and_what_was_planned_for_it() {
        let mut way = planned();
        way.command_fails(1);
        way.enter(Part::DbService, NO_TIER, 30);
        let expected = [(Part::InProcess, 3), (Part::TierFailed, 17), (Part::DbService, 6)];
        assert_eq!(parts(&way, 36), expected);
        // The same where the failure is known as the command arrives.
        let mut way = planned();
        way.plan(1, None);
        way.enter(Part::DbService, NO_TIER, 30);
        assert_eq!(parts(&way, 36), expected);
    }

    #[test]
    fn a_hedge_that_wins_leaves_the_time_before_it_to_the_attempt_that_lost() {
        let mut ways = Ways::new(0);
        ways.journey(4).begin(100, Part::DbNetwork, NO_TIER);
        ways.journey(4).enter(Part::DbService, NO_TIER, 110);
        ways.hedge(4).begin(150, Part::DbNetwork, NO_TIER);
        ways.hedge(4).enter(Part::DbService, NO_TIER, 160);
        ways.take_hedge(4, 100);
        let expected = [(Part::DbFailed, 50), (Part::DbNetwork, 10), (Part::DbService, 5)];
        assert_eq!(parts(ways.journey(4), 165), expected);
    }

    #[test]
    fn of_several_commands_the_last_to_end_counts() {
        let mut ways = Ways::new(0);
        ways.journey(0).begin(0, Part::DbService, NO_TIER);
        (ways.journey(0).sent_ns, ways.journey(0).until_ns) = (20, 0);
        for (command, queued_ns, done_ns) in [(0, 22, 31), (1, 25, 29)] {
            let way = ways.change(command);
            way.begin(20, Part::TierNetwork, command as u8);
            way.plan(command as u8, Some(Service { queued_ns, start_ns: queued_ns + 2, done_ns }));
            ways.settle_change(command, 0, done_ns + 4);
        }
        let way = ways.journey(0);
        use Part::{DbService, TierNetwork, TierQueue, TierService};
        assert_eq!(
            parts(way, 35),
            [(DbService, 20), (TierNetwork, 2), (TierQueue, 2), (TierService, 7), (TierNetwork, 4)]
        );
    }
}
