//! The way of a request past the rate limiter.
//!
//! The naive one is two commands, as practised: GET, then SETEX 1 where there is no counter, else INCR. What others do
//! between the two is lost on it: they pass as well, and a second SETEX puts the count back to one. No code here is
//! about races: they follow from the order in which the server serves the commands.

use super::core::Core;
use crate::measure::recorder::Cause;
use crate::model::{LimiterMode, OnFailure};
use crate::sim::parts::command::{CommandReply, Op, Sender};
use crate::sim::parts::journey::{Errand, Extras, Journey};
use crate::sim::parts::limiter::Count;
use crate::sim::parts::system::System;

impl<S: System> Core<'_, S> {
    /// A request is counted before anything else happens to it.
    #[inline(never)]
    pub(super) fn ask_limiter(&mut self, journey: Journey, user: u32) {
        let (Some(callers), Some(limiter)) = (&mut self.incoming.callers, &self.model.limiter) else {
            return;
        };
        let caller = callers.draw();
        let first = match limiter.mode {
            LimiterMode::Naive => Count::Look,
            LimiterMode::Atomic => Count::Take,
        };
        let class = usize::from(journey.class);
        let (level, unfilled) = (self.level_from(class, 0) as u8, self.bypassed[class]);
        let journey = Journey { level, unfilled, ..journey };
        let id = self.enter(journey, Extras { caller, user, ..Extras::default() }, Default::default());
        self.send_count(id, first);
    }

    fn send_count(&mut self, id: u32, count: Count) {
        let Some(limiter) = &self.model.limiter else { return };
        let Journey { instance, class, .. } = self.journeys[id];
        let caller = self.journeys.extras.get(id).caller;
        let sender = Sender { journey: id, instance, class, key: caller };
        self.send_for(limiter.tier, Op::Count(count), sender, self.now);
    }

    /// The tier has answered.
    #[inline(never)]
    pub(super) fn limiter_answered(&mut self, id: u32, count: Count, reply: CommandReply) {
        let Some(limiter) = &self.model.limiter else { return };
        let CommandReply::Counted { count: told } = reply else { return self.limiter_failed(id) };
        if self.journeys[id].gone {
            return self.journeys.remove(id);
        }
        match (count, told) {
            (Count::Look, told) if told >= limiter.limit => self.turn_away(id),
            (Count::Look, 0) => self.send_count(id, Count::Start),
            (Count::Look, _) => self.send_count(id, Count::Add),
            (Count::Take, told) if told > limiter.limit => self.turn_away(id),
            (Count::Start | Count::Add | Count::Take, _) => self.let_pass(id),
        }
    }

    /// The tier has not answered: nobody is limited, or nobody is served.
    pub(super) fn limiter_failed(&mut self, id: u32) {
        let Some(limiter) = &self.model.limiter else { return };
        let revision = self.revision(self.journeys[id].instance);
        let tier = &mut self.tiers[limiter.tier];
        tier.totals.failures += 1;
        let closed = tier.rules(revision).on_failure == OnFailure::Error;
        match closed {
            _ if self.journeys[id].gone => self.journeys.remove(id),
            true => self.end_in_error(id, Cause::Tier),
            false => self.let_pass(id),
        }
    }

    fn turn_away(&mut self, id: u32) {
        self.note_limiter(id);
        let Journey { start_ns, window, .. } = self.journeys[id];
        self.recorder.turn_away(start_ns, window);
        self.end_in_error(id, Cause::Limiter);
    }

    fn let_pass(&mut self, id: u32) {
        self.note_limiter(id);
        match self.journeys[id].errand {
            Errand::Write => self.begin_write(id),
            Errand::Read | Errand::Refresh | Errand::Warm | Errand::Other => self.proceed(id),
        }
    }

    fn note_limiter(&mut self, id: u32) {
        let start_ns = self.journeys[id].start_ns;
        if start_ns >= self.recorder.warmup_ns
            && let Some(books) = &mut self.recorder.limiter
        {
            books.latency.record(self.now - start_ns);
        }
    }
}
