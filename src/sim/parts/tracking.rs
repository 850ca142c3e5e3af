//! The tables in which the servers of a tier remember who has read which key: `CLIENT TRACKING` of Redis in its default mode.
//!
//! As in Redis's `tracking.c`: a read is remembered whether it found the key or not, a change of the key is told to all that are remembered
//! and forgets them, and a DELETE of a key that is not there is no change.

use rustc_hash::FxHashMap;

use crate::dice::{Stream, below, stream};
use crate::model::{Model, Scope};
use crate::sim::slab::NONE;

/// An entry of a tracked tier has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Id under which it is stored.
    pub id: u32,
    /// By the command that was executed, not by its expiry or eviction.
    pub by_command: bool,
}

/// Who has read a key.
#[derive(Debug)]
struct Readers {
    /// Place among the keys of the table.
    place: u32,
    instances: Vec<u32>,
}

/// The table of one server.
#[derive(Debug, Default)]
struct Table {
    readers: FxHashMap<u32, Readers>,
    keys: Vec<u32>,
}

impl Table {
    fn take(&mut self, id: u32) -> Vec<u32> {
        let Some(Readers { place, instances }) = self.readers.remove(&id) else { return Vec::new() };
        self.keys.swap_remove(place as usize);
        if let Some(moved) = self.keys.get(place as usize) {
            self.readers.entry(*moved).and_modify(|readers| readers.place = place);
        }
        debug_assert_eq!(self.keys.len(), self.readers.len());
        instances
    }
}

/// The tables of all servers of the tier, and the messages that are to be sent.
pub struct Tracker {
    pub level: usize,
    tables: Vec<Table>,
    most: usize,
    noloop: bool,
    dice: Stream,
    /// (id, instance).
    outbox: Vec<(u32, u32)>,
}

impl Tracker {
    pub fn of(model: &Model, seed: u64, replication: u32) -> Option<Tracker> {
        let spec = model.invalidation.tracking.as_ref()?;
        let (level, nodes) = model.tracked_tier()?;
        Some(Tracker {
            level,
            tables: (0..nodes).map(|_| Table::default()).collect(),
            most: spec.table as usize,
            noloop: spec.noloop,
            dice: stream(seed, replication, "invalidation.tracking.table"),
            outbox: Vec::new(),
        })
    }

    /// An instance has read a key from a server.
    pub fn reads(&mut self, server: usize, id: u32, instance: u32) {
        let table = &mut self.tables[server];
        let place = table.keys.len() as u32;
        let readers = table.readers.entry(id).or_insert_with(|| Readers { place, instances: Vec::new() });
        if !readers.instances.contains(&instance) {
            readers.instances.push(instance);
        }
        if readers.place == place {
            table.keys.push(id);
            if table.keys.len() > self.most {
                let given_up = table.keys[below(&mut self.dice, table.keys.len() as u32) as usize];
                let instances = table.take(given_up);
                self.outbox.extend(instances.into_iter().map(|instance| (given_up, instance)));
            }
        }
    }

    /// An entry of a server has changed, at the command of an instance or of nobody in particular.
    pub fn changes(&mut self, server: usize, Changed { id, by_command }: Changed, instance: u32) {
        let silent = if self.noloop && by_command { instance } else { NONE };
        let told = self.tables[server].take(id).into_iter().filter(|&reader| reader != silent);
        self.outbox.extend(told.map(|reader| (id, reader)));
    }

    /// The connections of an instance are gone: nothing is known of it any more.
    pub fn forget(&mut self, instance: u32) {
        for readers in self.tables.iter_mut().flat_map(|table| table.readers.values_mut()) {
            readers.instances.retain(|&reader| reader != instance);
        }
    }

    /// A server has lost its table, or all of them have.
    pub fn clear(&mut self, server: Option<usize>) {
        for (_, table) in
            self.tables.iter_mut().enumerate().filter(|(place, _)| server.is_none_or(|one| one == *place))
        {
            *table = Table::default();
        }
    }

    /// The messages since the last call, as (id, instance).
    pub fn messages(&mut self) -> Vec<(u32, u32)> {
        std::mem::take(&mut self.outbox)
    }
}

impl Model {
    /// The tier whose servers remember their readers, by index, and their number.
    pub(crate) fn tracked_tier(&self) -> Option<(usize, u32)> {
        self.invalidation.tracking.as_ref()?;
        let mut tiers = self.tiers.iter().enumerate();
        tiers.find_map(|(level, tier)| match &tier.scope {
            Scope::Shared(shared) => Some((level, shared.nodes)),
            Scope::Instance { .. } => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: fn(u32) -> Changed = |id| Changed { id, by_command: true };
    const EXPIRED: fn(u32) -> Changed = |id| Changed { id, by_command: false };

    fn tracker(most: usize, noloop: bool) -> Tracker {
        let tables = vec![Table::default(), Table::default()];
        Tracker { level: 0, tables, most, noloop, dice: stream(1, 0, "tracking"), outbox: Vec::new() }
    }

    #[test]
    fn a_change_is_told_once_to_those_who_have_read_the_key() {
        let mut tracker = tracker(9, false);
        for (id, instance) in [(5, 2), (5, 0), (5, 2), (7, 1)] {
            tracker.reads(0, id, instance);
        }
        tracker.changes(1, SET(5), 3);
        assert!(tracker.messages().is_empty(), "another server");
        tracker.changes(0, SET(5), 2);
        assert_eq!(tracker.messages(), [(5, 2), (5, 0)], "the writer as well");
        tracker.changes(0, SET(5), 2);
        assert!(tracker.messages().is_empty(), "nobody has read it since");
        tracker.changes(0, EXPIRED(7), NONE);
        assert_eq!(tracker.messages(), [(7, 1)]);
    }

    #[test]
    fn with_noloop_the_writer_is_not_told_and_is_forgotten() {
        let mut tracker = tracker(9, true);
        tracker.reads(0, 5, 1);
        tracker.reads(0, 5, 2);
        tracker.changes(0, SET(5), 1);
        assert_eq!(tracker.messages(), [(5, 2)]);
        tracker.changes(0, SET(5), 2);
        assert!(tracker.messages().is_empty());
        // That its command found the key expired is no change of its own.
        tracker.reads(0, 5, 1);
        tracker.changes(0, EXPIRED(5), 1);
        assert_eq!(tracker.messages(), [(5, 1)]);
    }

    #[test]
    fn a_full_table_gives_up_a_key_and_tells_its_readers() {
        let mut tracker = tracker(3, false);
        for id in 0..50 {
            tracker.reads(0, id, id % 4);
        }
        let told = tracker.messages();
        assert_eq!(told.len(), 47);
        assert!(told.iter().all(|&(id, instance)| instance == id % 4));
        let kept: Vec<u32> = (0..50).filter(|id| told.iter().all(|message| message.0 != *id)).collect();
        kept.iter().for_each(|&id| tracker.changes(0, SET(id), NONE));
        assert_eq!(tracker.messages().iter().map(|message| message.0).collect::<Vec<_>>(), kept);
        assert!(tracker.tables[0].keys.is_empty());
    }

    #[test]
    fn who_connects_anew_has_read_nothing() {
        let mut tracker = tracker(9, false);
        for server in [0, 1] {
            tracker.reads(server, 5, 1);
            tracker.reads(server, 5, 3);
        }
        tracker.forget(1);
        tracker.clear(Some(1));
        (0..2).for_each(|server| tracker.changes(server, SET(5), NONE));
        assert_eq!(tracker.messages(), [(5, 3)]);
    }
}
