//! Write-back: a shared tier takes the writes, and a worker brings them to the database.
//!
//! A write is a SET that the tier acknowledges; from then on its key is *dirty*. The worker has a process and a
//! connection to the database of its own. It wakes at every multiple of the flush interval, takes what is dirty then,
//! the oldest first, and sends it in batches, one after the other, each one request at the database. What it has taken
//! is *in hand* until the database has confirmed it: it survives a crash of the tier, and is sent again at the next
//! waking if the database did not take it. What is dirty and not in hand goes with its entry.

use rustc_hash::FxHashMap;

use super::command::{Op, Sender};
use super::dirty::{Dirty, DirtySet, Lost};
use super::engine::{Engine, Kind};
use super::fetch::{Attempt, AttemptErrand};
use super::queue::GENERAL;
use super::read::Walk;
use super::server::Admission;
use super::slab::NONE;
use super::store::Value;
use super::write::Change;
use crate::measure::recorder::Cause;
use crate::measure::staleness::INITIAL;
use crate::scenario::model::{Model, Nanos, OnFailure, Scope};

/// What the worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    Sleeps,
    /// A batch is under way; `overdue`: it should have woken meanwhile.
    Sends {
        overdue: bool,
    },
    /// The database did not take the batch in hand: it waits for its next waking.
    Holds,
}

/// The tier that is ahead of the database, and its worker.
pub(super) struct AheadTier {
    pub level: usize,
    interval_ns: Nanos,
    batch: usize,
    /// One per node.
    dirty: Vec<DirtySet>,
    worker: Worker,
    /// Its next waking is in the queue of events.
    is_due: bool,
    /// What this round takes: at each node what is dirty with tickets below these, the nodes in their order.
    bounds: Vec<u64>,
    node: usize,
    hand: Vec<(u32, Dirty)>,
    /// Versions in hand by key.
    held: FxHashMap<u32, u32>,
    books: Books,
}

/// Writes by what became of them.
#[derive(Clone, Copy, Debug, Default)]
struct Books {
    taken: u64,
    flushed: u64,
    lost: u64,
    /// A newer one went to the database past the tier.
    overtaken: u64,
}

impl AheadTier {
    pub fn of(model: &Model) -> Option<Box<AheadTier>> {
        let (level, write_back) = model.write_back()?;
        let nodes = match &model.tiers[level].scope {
            Scope::Shared(shared) => shared.nodes as usize,
            Scope::Instance { .. } => return None,
        };
        Some(Box::new(AheadTier {
            level,
            interval_ns: write_back.flush_interval_ns,
            batch: write_back.batch as usize,
            dirty: (0..nodes).map(|_| DirtySet::default()).collect(),
            worker: Worker::Sleeps,
            is_due: false,
            bounds: vec![0; nodes],
            node: 0,
            hand: Vec::new(),
            held: FxHashMap::default(),
            books: Books::default(),
        }))
    }

    /// Keys whose newest value the database has not confirmed.
    pub fn unflushed(&self) -> u64 {
        (self.dirty.iter().map(DirtySet::len).sum::<usize>() + self.hand.len()) as u64
    }

    /// Whether everything is in the database.
    pub fn is_idle(&self) -> bool {
        self.worker == Worker::Sleeps && self.dirty.iter().all(DirtySet::is_empty)
    }

    /// Handles of the versions held.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        let in_hand = self.hand.iter().map(|(_, dirty)| dirty.version);
        self.dirty.iter().flat_map(DirtySet::versions).chain(in_hand)
    }
}

impl Engine<'_> {
    /// Whether this tier may be ahead of the database.
    #[inline]
    pub(super) fn is_ahead(&self, level: usize) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| ahead.level == level)
    }

    /// A write sets out for the tier that acknowledges it.
    pub(super) fn write_to_tier(&mut self, id: u32, level: usize) {
        self.collect_versions();
        let version = self.versions.issue();
        self.walks[id].version = version;
        let value = Value { version, read_ns: self.now };
        self.send(level, Op::Take { value }, id, self.now);
    }

    /// The tier takes a write: its key is dirty.
    pub(super) fn take_write(&mut self, store: usize, key: u32, version: u32, now: Nanos) {
        self.versions.order(version);
        let Some(ahead) = &mut self.ahead else { return };
        let gone_ns = self.tiers[ahead.level].entry(store, key).map_or(now, |(gone_ns, _)| gone_ns);
        let is_rewrite = ahead.dirty[store].write(key, version, now, gone_ns);
        ahead.books.taken += 1;
        self.totals.written_back += 1;
        self.totals.coalesced_writes += u64::from(is_rewrite);
        self.note_unflushed();
        self.wake_worker_later();
    }

    /// Keeps the peak of what is not in the database.
    pub(super) fn note_unflushed(&mut self) {
        if let (Some(ahead), Some(books)) = (&self.ahead, &mut self.recorder.write_back)
            && self.recorder.measuring
        {
            books.unflushed_peak = books.unflushed_peak.max(ahead.unflushed());
        }
    }

    /// Before a command on a key: what is dirty may have expired.
    pub(super) fn lose_expired(&mut self, store: usize, key: u32, now: Nanos) {
        let lost = self.ahead.as_mut().and_then(|ahead| ahead.dirty[store].lose_expired(key, now));
        self.book_lost(lost);
    }

    /// After a command on a key: other entries may have given way to it, and its own may live longer.
    pub(super) fn settle_dirty(&mut self, store: usize, key: u32, evicted: &[u32], now: Nanos) {
        let Some(ahead) = &mut self.ahead else { return };
        let lost: Vec<Lost> = evicted.iter().filter_map(|&key| ahead.dirty[store].lose(key, now)).collect();
        if let (Some((gone_ns, version)), Some(dirty)) =
            (self.tiers[ahead.level].entry(store, key), ahead.dirty[store].get(key))
            && version == dirty.version
        {
            ahead.dirty[store].set_expiry_ns(key, gone_ns);
        }
        self.book_lost(lost);
    }

    /// Whether the entry of a key is newer than what the database has: no fill may replace it.
    pub(super) fn is_dirty(&self, level: usize, store: usize, key: u32, now: Nanos) -> bool {
        let Some(ahead) = self.ahead.as_ref().filter(|ahead| ahead.level == level) else { return false };
        let Some((gone_ns, version)) = self.tiers[ahead.level].entry(store, key) else { return false };
        let waits = ahead.dirty[store].get(key).is_some_and(|dirty| dirty.version == version);
        now < gone_ns && (waits || ahead.held.get(&key) == Some(&version))
    }

    /// A DELETE that follows a commit; returns whether the entry is newer and stays.
    pub(super) fn outlives_delete(&mut self, level: usize, store: usize, key: u32, commit: u64) -> bool {
        let Some(ahead) = self.ahead.as_mut().filter(|ahead| ahead.level == level) else { return false };
        let entry = self.tiers[ahead.level].entry(store, key);
        if entry.is_some_and(|(_, version)| self.versions.sequence(version) > commit) {
            return true;
        }
        ahead.books.overtaken += ahead.dirty[store].remove(key).map_or(0, |dirty| dirty.writes);
        false
    }

    /// Takes down what happened to the nodes of the tier up to now.
    pub(super) fn lose_flushed(&mut self) {
        let Some(ahead) = &mut self.ahead else { return };
        let Some(shared) = &mut self.tiers[ahead.level].shared else { return };
        let mut lost = Vec::new();
        for (dirty, node) in ahead.dirty.iter_mut().zip(&mut shared.nodes) {
            if let Some(at_ns) = node.server.take_flush() {
                lost.extend(dirty.lose_all(at_ns));
            }
        }
        self.book_lost(lost);
    }

    /// Measured are writes that were taken in the measured part, whenever they are lost.
    fn book_lost(&mut self, lost: impl IntoIterator<Item = Lost>) {
        let (Some(ahead), Some(books)) = (&mut self.ahead, &mut self.recorder.write_back) else { return };
        for Lost { writes, since_ns, at_ns } in lost {
            ahead.books.lost += writes;
            if (self.model.warmup_ns..self.model.duration_ns).contains(&since_ns) {
                books.lost += writes;
                books.oldest_lost_ns = books.oldest_lost_ns.max(Some(at_ns.saturating_sub(since_ns)));
            }
        }
    }

    /// A write is acknowledged: its version exists, whether its writer still waits or not.
    pub(super) fn publish(&mut self, key: u32, version: u32) {
        let is_new = self.versions.current(key) == INITIAL;
        self.totals.created += u64::from(is_new && self.creates && self.absent[self.tables.class_of(key)]);
        self.versions.publish(key, version, self.now);
    }

    /// The writer has the answer of the tier, or none.
    pub(super) fn tier_took_write(&mut self, id: u32, level: usize, has_taken: bool) {
        if !has_taken {
            let fails = self.tiers[level].shared.as_ref().is_none_or(|s| s.on_failure == OnFailure::Error);
            return if fails { self.end_in_error(id, Cause::Tier) } else { self.begin_transaction(id) };
        }
        let Walk { key, instance, class, version, start_ns, .. } = self.walks[id];
        let change = Change::Set { value: Value { version, read_ns: start_ns } };
        let sender = Sender { walk: NONE, instance, class, key };
        self.change_copies(0..level, sender, change);
        self.change_copies(level + 1..self.tiers.len(), sender, change);
        self.end_write(id);
    }

    /// A write that the tier did not take is committed.
    pub(super) fn commit_past_tier(&mut self, key: u32, version: u32) -> u32 {
        if self.versions.sequence(version) == 0 {
            self.versions.order(version);
        }
        self.publish(key, version);
        self.store(key, version);
        version
    }

    /// The database gets a version, unless it has a newer one.
    fn store(&mut self, key: u32, version: u32) {
        if let Some(before) = self.versions.store(key, version) {
            self.database.replicas.log(key, before, version);
        }
    }

    /// The worker wakes at the next multiple of its interval.
    fn wake_worker_later(&mut self) {
        let Some(ahead) = &mut self.ahead else { return };
        if !std::mem::replace(&mut ahead.is_due, true) {
            let at = (self.now / ahead.interval_ns + 1).saturating_mul(ahead.interval_ns);
            self.queue.push(GENERAL, at, Kind::WorkerWakes as u8, 0, 0);
        }
    }

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
                    false => self.queue.push(GENERAL, read_ns, Kind::BatchIsRead as u8, 0, 0),
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
        let admission = self.tiers[level].admit(place, self.now)?;
        self.lose_flushed();
        let Admission::Serve { start_ns } = admission else { return None };
        let ahead = self.ahead.as_mut()?;
        let mut lost = Vec::new();
        while ahead.hand.len() < ahead.batch
            && let Some((key, dirty)) = ahead.dirty[place].take_before(ahead.bounds[place])
        {
            match dirty.expiry_ns <= start_ns {
                true => lost.push(dirty.lost(start_ns)),
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
    pub(super) fn send_batch(&mut self) {
        let Some(ahead) = &self.ahead else { return };
        let errand = AttemptErrand::Flush { keys: ahead.hand.len() as u32 };
        let id = self.attempts.insert(Attempt { errand, ..Attempt::background() });
        match self.database.network.sample() {
            0 => self.attempt_arrives(id),
            delay_ns => {
                let lane = self.database.network_lane;
                self.queue.push(lane, self.now + delay_ns, Kind::AttemptArrives as u8, id, 0);
            }
        }
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

    /// The worker learns what became of its batch.
    pub(super) fn batch_is_answered(&mut self, is_done: bool) {
        let Some(ahead) = &mut self.ahead else { return };
        if !is_done {
            ahead.worker = Worker::Holds;
            return self.wake_worker_later();
        }
        ahead.books.flushed += ahead.hand.iter().map(|(_, dirty)| dirty.writes).sum::<u64>();
        ahead.hand.clear();
        ahead.held.clear();
        self.take_batch();
    }

    /// At the end of the run: what is dirty still is neither lost nor in the database.
    pub(super) fn end_unflushed(&mut self) {
        let Some(ahead) = &mut self.ahead else { return };
        let now = self.now;
        let lost: Vec<Lost> = ahead.dirty.iter_mut().flat_map(|dirty| dirty.lose_all_expired(now)).collect();
        self.book_lost(lost);
        if let (Some(ahead), Some(books)) = (&self.ahead, &mut self.recorder.write_back) {
            books.unflushed = ahead.unflushed();
        }
    }

    /// The books of the writes that the tier took.
    pub(super) fn check_written_back(&self) -> Result<(), String> {
        let Some(ahead) = &self.ahead else { return Ok(()) };
        let Books { taken, flushed, lost, overtaken } = ahead.books;
        let waiting: u64 = ahead.dirty.iter().map(DirtySet::writes).sum();
        let in_hand: u64 = ahead.hand.iter().map(|(_, dirty)| dirty.writes).sum();
        if taken == flushed + lost + overtaken + waiting + in_hand {
            return Ok(());
        }
        Err(format!(
            "{taken} writes were taken; {flushed} were flushed, {lost} lost, {overtaken} overtaken, {waiting} are dirty and \
             {in_hand} in hand"
        ))
    }
}
