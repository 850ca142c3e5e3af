//! The worker of write-back: from dirty keys in the tier to batches at the database.
//!
//! It has a process and a connection to the database of its own. It wakes at every multiple of the flush interval, takes
//! what is dirty then, the oldest first, and sends it in batches, one after the other, each one request at the database.
//! The keys it has taken are *in hand* until the database has confirmed it: it survives a crash of the tier, and is sent again
//! at the next waking if the database did not take it.

use super::core::Core;
use super::kind::Kind;
use crate::model::Nanos;
use crate::sim::parts::ahead::Worker;
use crate::sim::parts::attempt::AttemptErrand;
use crate::sim::parts::dirty::DirtySet;
use crate::sim::parts::server::Admission;
use crate::sim::parts::system::System;
use crate::sim::queue::GENERAL;

impl<S: System> Core<'_, S> {
    /// The worker wakes at the next multiple of its interval.
    pub(super) fn wake_worker_later(&mut self) {
        let Some(ahead) = &mut self.ahead else { return };
        if !std::mem::replace(&mut ahead.is_due, true) {
            let at = (self.now / ahead.interval_ns + 1).saturating_mul(ahead.interval_ns);
            self.schedule(GENERAL, at, Kind::WorkerWakes, 0, 0);
        }
    }

    #[inline(never)]
    pub(super) fn worker_wakes(&mut self) {
        let Some(ahead) = &mut self.ahead else { return };
        ahead.is_due = false;
        match ahead.worker {
            Worker::Sleeps => self.begin_round(),
            Worker::Sends { .. } => ahead.worker = Worker::Sends { overdue: true },
            Worker::Holds => {
                ahead.worker = Worker::Sends { overdue: false };
                self.send_batch();
            }
        }
    }

    fn begin_round(&mut self) {
        let Some(ahead) = &mut self.ahead else { return };
        ahead.bounds = ahead.dirty.iter().map(DirtySet::bound).collect();
        ahead.node = 0;
        ahead.worker = Worker::Sends { overdue: false };
        self.take_batch();
    }

    /// The worker takes its next batch from one of the nodes, or the round is over.
    fn take_batch(&mut self) {
        loop {
            let Some(ahead) = &mut self.ahead else { return };
            let node = ahead.node;
            let Some(dirty) = ahead.dirty.get_mut(node) else { return self.end_round() };
            if dirty.has_before(ahead.bounds[node])
                && let Some(read_ns) = self.read_dirty(node)
            {
                return match read_ns == self.now {
                    true => self.send_batch(),
                    false => self.schedule(GENERAL, read_ns, Kind::BatchIsRead, 0, 0),
                };
            }
            // Nothing is left there, or it does not answer: what it has waits for the next round.
            if let Some(ahead) = &mut self.ahead {
                ahead.node += 1;
            }
        }
    }

    fn end_round(&mut self) {
        let Some(ahead) = &mut self.ahead else { return };
        let overdue = ahead.worker == Worker::Sends { overdue: true };
        ahead.worker = Worker::Sleeps;
        let left = !ahead.dirty.iter().all(DirtySet::is_empty);
        if overdue {
            self.begin_round();
        } else if left {
            self.wake_worker_later();
        }
    }

    /// One command gets the values of a batch from a node, behind what it has to do already. Returns when the worker has
    /// them; `None`: there is nothing, or no answer.
    fn read_dirty(&mut self, place: usize) -> Option<Nanos> {
        let level = self.ahead.as_ref()?.level;
        let admission = self.tiers[level].admit(place, self.now, &self.tables)?;
        self.lose_flushed();
        let Admission::Serve { start_ns } = admission else { return None };
        let ahead = self.ahead.as_mut()?;
        let mut lost = Vec::new();
        while ahead.hand.len() < ahead.batch
            && let Some((key, dirty)) = ahead.dirty[place].take_before(ahead.bounds[place])
        {
            match dirty.expiry_ns <= start_ns {
                true => lost.push(dirty.lost(key, start_ns)),
                false => {
                    ahead.held.insert(key, dirty.version);
                    ahead.hand.push((key, dirty));
                }
            }
        }
        let tier = &mut self.tiers[level];
        let bytes: u64 =
            ahead.hand.iter().map(|&(key, _)| u64::from(tier.coding.value_bytes(&self.tables, key))).sum();
        let is_empty = ahead.hand.is_empty();
        self.book_lost(lost);
        if is_empty {
            return None;
        }
        if self.recorder.measuring {
            self.recorder.tier_queue[level].record(start_ns - self.now);
        }
        let tier = &mut self.tiers[level];
        tier.totals.commands += 1;
        let shared = tier.shared.as_mut()?;
        shared.nodes[place].commands += 1;
        Some(shared.serve(place, start_ns, u32::try_from(bytes).unwrap_or(u32::MAX)))
    }

    /// The batch in hand goes to the database.
    #[inline(never)]
    pub(super) fn send_batch(&mut self) {
        let id = self.begin_attempt_of_nobody(AttemptErrand::Flush);
        self.attempt_travels(id, Kind::AttemptArrives);
    }

    /// The database has committed the batch in hand.
    pub(super) fn commit_batch(&mut self) {
        self.collect_versions();
        self.database.replicas.begin_commit(self.now);
        let Some(ahead) = &mut self.ahead else { return };
        let hand = std::mem::take(&mut ahead.hand);
        for &(key, dirty) in &hand {
            self.publish(key, dirty.version);
            self.store(key, dirty.version);
            if let Some(books) = &mut self.recorder.write_back
                && (self.model.warmup_ns..self.model.duration_ns).contains(&dirty.since_ns)
            {
                books.flush_lag.record(self.now.saturating_sub(dirty.since_ns));
            }
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.hand = hand;
        }
    }

    /// The outcome of a batch reaches the worker.
    pub(super) fn batch_is_answered(&mut self, is_done: bool) {
        let Some(ahead) = &mut self.ahead else { return };
        if !is_done {
            ahead.worker = Worker::Holds;
            return self.wake_worker_later();
        }
        ahead.books.flushed += ahead.hand.iter().map(|(_, dirty)| dirty.writes).sum::<u64>();
        for (key, _) in ahead.hand.drain(..) {
            ahead.unflushed.remove(key);
        }
        ahead.held.clear();
        self.take_batch();
    }
}
