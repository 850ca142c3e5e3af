//! Requests and the workers of their instance: a request has one from its start to its end, and waits until one is free.

use super::core::Core;
use super::kind::Kind;
use crate::measure::recorder::{Cause, Outcome};
use crate::model::Nanos;
use crate::sim::parts::journey::Journey;
use crate::sim::parts::system::System;
use crate::sim::parts::worker_pool::{Admission, Unstarted};
use crate::sim::queue::GENERAL;
use crate::sim::slab::NONE;

impl<S: System> Core<'_, S> {
    /// A request arrives at an instance. The keys of a read of several are in `incoming.gathered_keys`.
    #[inline(never)]
    pub(super) fn ask_for_worker(&mut self, journey: Journey, user: u32, gathers: bool) {
        let Some(workers) = &mut self.workers else { return self.start_request(journey, user, gathers) };
        match workers.admit(journey.instance, self.now) {
            Admission::Starts => {
                self.totals.workers_asked += 1;
                self.note_worker_taken(journey.start_ns);
                self.start_request(journey, user, gathers);
            }
            Admission::Waits => {
                self.totals.workers_asked += 1;
                self.totals.workers_waited += 1;
                let keys =
                    if gathers { std::mem::take(&mut self.incoming.gathered_keys) } else { Vec::new() };
                let (id, generation) = workers.wait(journey.instance, Unstarted { journey, user, keys });
                let waiting = workers.waiting();
                self.in_system.come(self.now);
                if let Some(books) = &mut self.recorder.workers
                    && self.recorder.measuring
                {
                    books.queue_peak = books.queue_peak.max(waiting);
                }
                if let Some((after_ns, lane)) = self.deadline_of(journey.instance) {
                    let at = journey.start_ns + after_ns;
                    self.schedule(lane, at, Kind::WaitMeetsDeadline, id, generation);
                }
            }
            Admission::IsRefused => {
                self.record_unstarted(&journey, Cause::NoWorker);
                self.user_thinks(user, self.now);
            }
        }
    }

    /// A request has left the system, which frees its worker. Who waits for it is called by an event of its own: a queue of
    /// requests that are answered at once must not nest.
    #[inline(always)]
    pub(super) fn free_worker(&mut self, instance: u32) {
        if S::RARE
            && let Some(workers) = &mut self.workers
            && workers.release(instance, self.now)
        {
            self.schedule(GENERAL, self.now, Kind::WorkerIsFree, instance, 0);
        }
    }

    /// The worker of a request that leaves the system at an instant to come.
    #[inline(always)]
    pub(super) fn free_worker_at(&mut self, instance: u32, at: Nanos) {
        if S::RARE && self.workers.is_some() {
            if at == self.now {
                return self.free_worker(instance);
            }
            if let Some(workers) = &mut self.workers {
                workers.finishing += 1;
            }
            self.schedule(GENERAL, at, Kind::WorkerFinishes, instance, 0);
        }
    }

    #[inline(never)]
    pub(super) fn worker_finishes(&mut self, instance: u32) {
        if let Some(workers) = &mut self.workers {
            workers.finishing -= 1;
        }
        self.free_worker(instance);
    }

    /// Whoever waits at an instance starts, as long as a worker is free.
    #[inline(never)]
    pub(super) fn worker_is_free(&mut self, instance: u32) {
        while let Some(request) = self.workers.as_mut().and_then(|workers| workers.next(instance, self.now)) {
            let Unstarted { journey, user, keys } = request;
            self.note_worker_taken(journey.start_ns);
            // From here on the stages count it.
            self.in_system.go(self.now);
            let gathers = !keys.is_empty();
            if gathers {
                self.incoming.gathered_keys = keys;
            }
            self.start_request(journey, user, gathers);
        }
    }

    fn note_worker_taken(&mut self, start_ns: Nanos) {
        let busy = self.workers.as_ref().map_or(0, |workers| workers.busy);
        let Some(books) = &mut self.recorder.workers else { return };
        if self.recorder.measuring {
            books.busy_peak = books.busy_peak.max(busy);
        }
        if start_ns >= self.recorder.warmup_ns {
            books.wait.record(self.now - start_ns);
        }
    }

    /// Whether a request still waits for a worker.
    pub(super) fn is_unstarted(&self, id: u32, generation: u32) -> bool {
        self.workers.as_ref().is_some_and(|workers| workers.unstarted.is(id, generation))
    }

    /// A caller gives up before its request has started.
    #[inline(never)]
    pub(super) fn wait_meets_deadline(&mut self, id: u32) {
        if let Some(request) = self.workers.as_mut().map(|workers| workers.give_up(id)) {
            self.end_unstarted(&request, Cause::Deadline);
        }
    }

    /// The process dies, and with it the queue in front of its workers.
    pub(super) fn drop_unstarted(&mut self, instance: u32) {
        let waiting = self.workers.as_mut().map(|workers| workers.take_waiting(instance));
        for request in waiting.into_iter().flatten() {
            self.end_unstarted(&request, Cause::Crash);
        }
    }

    /// A request that has waited for a worker ends without one.
    fn end_unstarted(&mut self, request: &Unstarted, cause: Cause) {
        self.record_unstarted(&request.journey, cause);
        self.in_system.go(self.now);
        self.user_thinks(request.user, self.now);
    }

    /// A request ends in an error before it has started.
    pub(super) fn record_unstarted(&mut self, journey: &Journey, cause: Cause) {
        let Journey { start_ns, window, class, exists, .. } = *journey;
        self.watch.cause = Some(cause);
        let latency_ns = self.now - start_ns;
        if start_ns >= self.recorder.warmup_ns {
            self.recorder.causes[cause as usize] += 1;
            if latency_ns > 0
                && let Some(books) = &mut self.recorder.workers
            {
                books.wait.record(latency_ns);
            }
        }
        self.recorder.finish(start_ns, latency_ns, window, usize::from(class), Outcome::Error);
        if exists {
            self.recorder.finish_check(start_ns, latency_ns, Outcome::Error);
        }
        self.way_of_unstarted(journey, Outcome::Error, Some(cause));
    }

    /// At the end of the drain: requests that still wait for a worker.
    pub(super) fn unstarted(&self) -> impl Iterator<Item = Journey> {
        let all = self.workers.iter().flat_map(|workers| workers.unstarted.iter());
        all.map(|(_, request)| request.journey)
    }

    /// The same: their waits count with their age.
    pub(super) fn waits_end_unfinished(&mut self) {
        let ages_ns: Vec<Nanos> = (self.unstarted())
            .filter(|journey| journey.start_ns >= self.recorder.warmup_ns)
            .map(|journey| self.now - journey.start_ns)
            .collect();
        if let Some(books) = &mut self.recorder.workers {
            ages_ns.into_iter().for_each(|age_ns| books.wait.record(age_ns));
        }
    }

    /// A worker has a request exactly as long as it is in the system.
    pub(super) fn check_workers(&self) -> Result<(), String> {
        let Some(workers) = &self.workers else { return Ok(()) };
        let started = (self.journeys.iter())
            .filter(|(_, journey)| !journey.gone && journey.errand.is_of_a_request())
            .filter(|&(id, _)| self.extras(id).gather == NONE)
            .count() as u64;
        workers.balance(started + self.unfinished_gathers().count() as u64)
    }
}
