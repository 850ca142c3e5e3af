//! The clock of the measurements: windows, samples of the content of tiers, the ends of the measured part.

use super::core::Core;
use super::kind::Kind;
use crate::measure::recorder::Gauges;
use crate::model::Nanos;
use crate::sim::parts::system::System;
use crate::sim::parts::tier::TierState;
use crate::sim::queue::GENERAL;

impl<S: System> Core<'_, S> {
    /// Brings all integrals over time up to now.
    pub(super) fn advance_integrals(&mut self) {
        self.totals.in_system_ns = self.in_system.integral_ns(self.now);
        self.database.advance(self.now, &mut self.totals);
        self.database.book_guards(self.now, &mut self.totals);
        self.totals.workers_busy_ns = self.workers.as_ref().map_or(0, |workers| workers.busy_ns(self.now));
        self.totals.instances_ns = self.fleet.there_ns(self.now);
        for (index, tier) in self.tiers.iter_mut().enumerate() {
            tier.settle(self.now, &self.tables);
            if let Some(shared) = &tier.shared {
                let breakers = &shared.breakers;
                tier.totals.breaker_open_ns = breakers.iter().map(|breaker| breaker.open_ns(self.now)).sum();
                tier.totals.breaker_trips = breakers.iter().map(|breaker| breaker.trips).sum();
            }
            self.totals.tiers[index] = tier.totals.clone();
        }
        self.lose_flushed();
    }

    /// The content of the tiers, in steps that do not depend on the windows: for the peaks of entries and memory.
    #[inline(never)]
    pub(super) fn sample_content(&mut self) {
        self.recorder.note_content(self.tiers.iter().map(TierState::content));
        let at = self.now + self.recorder.content_step_ns;
        if at <= self.model.duration_ns {
            self.schedule(GENERAL, at, Kind::ContentIsSampled, 0, 0);
        }
    }

    #[inline(never)]
    pub(super) fn window_ends(&mut self, window: u32) {
        self.advance_integrals();
        let gauges = Gauges {
            db_queue: self.database.waiting,
            cdc_backlog: self.invalidations.backlog,
            waiting_for_worker: self.workers.as_ref().map_or(0, |workers| workers.waiting()),
            unflushed: self.ahead.as_ref().map(|ahead| ahead.unflushed.keys()),
            tiers: self.tiers.iter().map(TierState::content).collect(),
            left: match self.model.measure.remaining_ttl {
                true => self.tiers.iter_mut().map(|tier| tier.left(self.now)).collect(),
                false => Vec::new(),
            },
            expired: self.tiers.iter().map(|tier| tier.count_expired(self.now)).collect(),
        };
        self.recorder.ticks.push((self.totals.clone(), gauges));
        let next = u64::from(window) + 2;
        if next <= self.recorder.windows.len() as u64 {
            let at = (next * self.model.window_ns).min(self.model.duration_ns);
            self.schedule(GENERAL, at, Kind::WindowEnds, window + 1, 0);
        }
    }

    #[inline(never)]
    pub(super) fn warmup_ends(&mut self) {
        self.advance_integrals();
        self.recorder.measured[0] = self.totals.clone();
        self.in_system.pass_end(self.model.duration_ns);
        self.recorder.measuring = true;
        self.recorder.db_concurrency_peak = u64::from(self.database.busy);
        self.recorder.db_queue_peak = self.database.waiting;
        self.recorder.cdc_backlog_peak = self.invalidations.backlog;
        if let (Some(books), Some(workers)) = (&mut self.recorder.workers, &self.workers) {
            (books.busy_peak, books.queue_peak) = (workers.busy, workers.waiting());
        }
        self.fleet.count(self.now);
        self.fleet.peak = self.fleet.there();
        self.note_unflushed();
    }

    #[inline(never)]
    pub(super) fn arrivals_end(&mut self) {
        self.advance_integrals();
        self.recorder.instances_peak = self.fleet.peak;
        self.recorder.measured[1] = self.totals.clone();
        self.in_system.pass_end(Nanos::MAX);
        self.recorder.measuring = false;
        self.incoming.are_over = true;
    }
}
