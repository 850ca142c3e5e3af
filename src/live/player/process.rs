//! A tier in the process of one instance: the store of the simulator, with the clock of the repetition.

use std::cell::RefCell;
use std::sync::Arc;

use crate::model::{Model, Nanos};
use crate::sim::shared_parts::{Entry, KeyInfo, Look, Queue, TierState, Value};
use crate::workload::Tables;

/// What an operation has thrown out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    pub evicted: u32,
    pub expired: u32,
}

/// One tier of one instance.
pub struct Process {
    tier: RefCell<TierState>,
    tables: Arc<Tables>,
}

impl Process {
    /// The tier at `level` of one of the instances of a model; each has random streams of its own.
    pub fn new(
        model: &Model,
        tables: &Arc<Tables>,
        level: usize,
        seed: u64,
        replication: u32,
        instance: u32,
    ) -> Process {
        let mut own = model.clone();
        own.clients.instances = 1;
        let seed = seed ^ (u64::from(instance) << 32);
        let mut queue = Queue::new(1_000);
        let tier = TierState::with_own(
            &own,
            level,
            seed,
            replication,
            &mut queue,
            &crate::policy::own::Policies::new(),
            Some(tables),
        );
        Process { tier: RefCell::new(tier), tables: Arc::clone(tables) }
    }

    pub fn look(&self, info: KeyInfo, exists: bool, now: Nanos) -> (Look, Dropped) {
        self.counting(|tier, tables| match exists {
            true => tier.check(0, info, now, tables),
            false => tier.look(0, info, now, tables),
        })
    }

    /// Stores a value, unless SETs are versioned and it is older than what is there; gives whether it was older.
    pub fn fill(&self, info: KeyInfo, version: u64, delta_ns: Nanos, now: Nanos) -> (bool, Dropped) {
        self.counting(|tier, tables| {
            let is_older = !tier.tombstones.is_empty()
                && (tier.tombstones[0].refuse(info.key, version, now)
                    || tier
                        .entry(0, info.key)
                        .is_some_and(|(until_ns, held)| now < until_ns && u64::from(held) > version));
            if !is_older {
                let value = Value { version: version as u32, read_ns: now };
                tier.fill(0, info, value, delta_ns, now, tables);
            }
            is_older
        })
    }

    /// Puts an entry there that lives until an instant.
    pub fn prefill(&self, key: u32, expiry_ns: Nanos) {
        let entry = Entry { key, value: Value::default(), expiry_ns, delta_ns: 0 };
        self.tier.borrow_mut().fill_until(0, entry, 0, &self.tables);
    }

    /// Deletes a key; the version is that of the commit.
    pub fn delete(&self, key: u32, version: u64, now: Nanos) {
        let mut tier = self.tier.borrow_mut();
        // Neither needs more of a key than its id.
        let info = KeyInfo { key, class: 0, absent: false, revision: 0 };
        tier.delete(0, info, now, &self.tables);
        tier.bury(0, info, version, now);
    }

    pub fn clear(&self) {
        self.tier.borrow_mut().clear(0);
    }

    /// Entries and bytes.
    pub fn content(&self) -> (u64, u64) {
        self.tier.borrow().content()
    }

    fn counting<T>(&self, of: impl FnOnce(&mut TierState, &Tables) -> T) -> (T, Dropped) {
        let mut tier = self.tier.borrow_mut();
        let before = (tier.totals.evictions, tier.totals.expirations);
        let result = of(&mut tier, &self.tables);
        let dropped = Dropped {
            evicted: (tier.totals.evictions - before.0) as u32,
            expired: (tier.totals.expirations - before.1) as u32,
        };
        (result, dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::player::fixture;
    use crate::policy::freshness::Renewal;

    const SECOND: Nanos = 1_000_000_000;

    fn process(more: &str) -> Process {
        let (model, tables) = fixture::model(&format!(
            r#"
            question = "?"
            duration = "1s"
            clients = {{ instances = 4 }}
            workload = {{ arrivals = {{ constant = {{ rate = 1 }} }}, keys = 10, write_share = 0.5 }}
            database = {{ read = "1ms" }}
            {more}
            [[tier]]
            name = "l1"
            scope = "instance"
            ttl = "10s"
            capacity = 2
            eviction = "lru"
            "#
        ));
        Process::new(&model, &tables, 0, 1, 0, 3)
    }

    fn info(key: u32) -> KeyInfo {
        KeyInfo { key, class: 0, absent: false, revision: 0 }
    }

    fn version(process: &Process, key: u32, now: Nanos) -> Option<u32> {
        match process.look(info(key), false, now).0 {
            Look::Hit { value, renewal: Renewal::Keep } => Some(value.version),
            _ => None,
        }
    }

    #[test]
    fn it_evicts_and_expires_as_the_simulator_does() {
        let process = process("");
        for key in [1, 2, 3] {
            assert!(!process.fill(info(key), 7, 0, 0).0);
        }
        assert_eq!([1, 2, 3].map(|key| version(&process, key, SECOND)), [None, Some(7), Some(7)]);
        assert_eq!(process.content().0, 2);
        let (look, dropped) = process.look(info(2), false, 11 * SECOND);
        assert!(matches!(look, Look::Miss { .. }));
        assert_eq!(dropped, Dropped { evicted: 0, expired: 1 });
        let (_, dropped) = process.fill(info(4), 0, 0, SECOND);
        assert_eq!(dropped, Dropped::default(), "there was room");
        assert_eq!(process.fill(info(5), 0, 0, SECOND).1.evicted, 1);
    }

    #[test]
    fn a_versioned_set_does_not_put_an_older_value_back() {
        let process = process("writes = { versioned = true }");
        process.fill(info(1), 5, 0, 0);
        assert!(process.fill(info(1), 4, 0, 0).0);
        assert_eq!(version(&process, 1, 0), Some(5));
        process.delete(1, 6, SECOND);
        assert!(process.fill(info(1), 5, 0, 2 * SECOND).0, "a tombstone is there");
        assert_eq!(version(&process, 1, 2 * SECOND), None);
        assert!(!process.fill(info(1), 6, 0, 2 * SECOND).0);
    }
}
