//! The requests of a replay with the rules that they follow: what bounds the cache, when entries die, which requests are counted.

use crate::trace::{Columns, Operation, Recorded, Requests};

/// What a capacity counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Every object takes one slot.
    #[default]
    Objects,
    /// Every object takes its bytes.
    Bytes,
}

/// Time to live of an entry, from its fill on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// Of all objects, in nanoseconds.
    All(u64),
    /// As the trace has it: the last one recorded of the object, none before the first.
    Recorded,
}

/// How a trace is replayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    pub unit: Unit,
    /// `None`: entries live for ever.
    pub ttl: Option<Ttl>,
    /// SETs fill, DELETEs remove, and only lookups are counted; else every row is a lookup.
    pub only_reads: bool,
    /// Sizes are read although the unit may be objects.
    pub sizes: bool,
}

impl Rules {
    /// What must be read of the trace.
    pub fn columns(self) -> Columns {
        Columns {
            sizes: self.sizes || self.unit == Unit::Bytes,
            times: self.ttl.is_some(),
            ttls: self.ttl == Some(Ttl::Recorded),
            operations: self.only_reads,
        }
    }
}

/// Times of the requests, and how long entries live.
#[derive(Clone, Debug)]
pub(super) struct Lifetimes {
    pub times_ns: Vec<u64>,
    pub of: Lifetime,
}

#[derive(Clone, Debug)]
pub(super) enum Lifetime {
    /// Nanoseconds.
    All(u64),
    /// Seconds beside each request; 0: none.
    Recorded(Vec<u32>),
}

/// Requests under rules.
#[derive(Debug)]
pub struct Traffic {
    requests: Requests,
    unit: Unit,
    /// Bytes by object.
    sizes: Option<Vec<u32>>,
    lifetimes: Option<Lifetimes>,
    /// `None`: every request is a lookup.
    operations: Option<Vec<Operation>>,
}

impl From<Requests> for Traffic {
    /// Slots of one object, no expiry, every request a lookup.
    fn from(requests: Requests) -> Traffic {
        Traffic { requests, unit: Unit::Objects, sizes: None, lifetimes: None, operations: None }
    }
}

impl Traffic {
    /// Of a trace that was read with [`Rules::columns`]; a rule whose column was not read does not apply.
    pub fn of(recorded: Recorded, rules: Rules) -> Traffic {
        let Recorded { requests, sizes, times_ns, ttls_s, operations } = recorded;
        let lifetime = match rules.ttl {
            Some(Ttl::All(ns)) => Some(Lifetime::All(ns)),
            Some(Ttl::Recorded) => ttls_s.map(Lifetime::Recorded),
            None => None,
        };
        let lifetimes = lifetime.zip(times_ns).map(|(of, times_ns)| Lifetimes { times_ns, of });
        let unit = if sizes.is_some() { rules.unit } else { Unit::Objects };
        Traffic { requests, unit, sizes, lifetimes, operations: operations.filter(|_| rules.only_reads) }
    }

    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// Whether every object takes one slot, none expires, and every request is a lookup.
    pub fn is_plain(&self) -> bool {
        self.unit == Unit::Objects && self.lifetimes.is_none() && self.operations.is_none()
    }

    /// Whether entries may expire.
    pub fn expires(&self) -> bool {
        self.lifetimes.is_some()
    }

    /// Whether only lookups are counted.
    pub fn counts_only_reads(&self) -> bool {
        self.operations.is_some()
    }

    pub(super) fn lifetimes(&self) -> Option<&Lifetimes> {
        self.lifetimes.as_ref()
    }

    /// Of the request at a place.
    #[inline]
    pub(super) fn operation(&self, at: usize) -> Operation {
        self.operations.as_ref().map_or(Operation::Get, |operations| operations[at])
    }

    /// What an object takes of a capacity.
    #[inline]
    pub(super) fn weight(&self, key: u32) -> u64 {
        match (self.unit, &self.sizes) {
            (Unit::Bytes, Some(sizes)) => u64::from(sizes[key as usize]),
            _ => 1,
        }
    }

    /// Bytes of an object; 0 where they were not read.
    #[inline]
    pub(super) fn bytes(&self, key: u32) -> u64 {
        self.sizes.as_ref().map_or(0, |sizes| u64::from(sizes[key as usize]))
    }

    /// Requests that are counted.
    pub fn lookups(&self) -> u64 {
        self.operations.as_ref().map_or(self.requests.ids.len(), |operations| {
            operations.iter().filter(|&&operation| operation == Operation::Get).count()
        }) as u64
    }

    /// Bytes of all requests that are counted; `None` where sizes were not read.
    pub fn lookup_bytes(&self) -> Option<u64> {
        let is_lookup = |at: usize| self.operation(at) == Operation::Get;
        let of = |(at, &key): (usize, &u32)| if is_lookup(at) { self.bytes(key) } else { 0 };
        self.sizes.as_ref().map(|_| self.requests.ids.iter().enumerate().map(of).sum())
    }

    /// Distinct objects.
    pub fn objects(&self) -> u64 {
        u64::from(self.requests.keys)
    }

    /// Bytes of all objects; `None` where sizes were not read.
    pub fn object_bytes(&self) -> Option<u64> {
        self.sizes.as_ref().map(|sizes| sizes.iter().map(|&bytes| u64::from(bytes)).sum())
    }

    /// The capacity that holds all objects.
    pub fn footprint(&self) -> u64 {
        match self.unit {
            Unit::Objects => self.objects(),
            Unit::Bytes => self.object_bytes().unwrap_or(0),
        }
    }

    /// The requests for some of the objects, numbered anew.
    pub(super) fn chosen(&self, is_chosen: impl Fn(u32) -> bool) -> Traffic {
        const NONE: u32 = u32::MAX;
        let mut keys = 0;
        let number = |key: u32| {
            if is_chosen(key) {
                keys += 1;
                keys - 1
            } else {
                NONE
            }
        };
        let numbers: Vec<u32> = (0..self.requests.keys).map(number).collect();
        let is_in = |key: u32| numbers[key as usize] != NONE;
        let ids = self.requests.ids.iter().map(|&key| numbers[key as usize]).filter(|&key| key != NONE);
        let ids: Vec<u32> = ids.collect();
        let lifetimes = self.lifetimes.as_ref().map(|Lifetimes { times_ns, of }| Lifetimes {
            times_ns: self.of_chosen(times_ns, is_in),
            of: match of {
                Lifetime::All(ns) => Lifetime::All(*ns),
                Lifetime::Recorded(ttls_s) => Lifetime::Recorded(self.of_chosen(ttls_s, is_in)),
            },
        });
        let sizes = self.sizes.as_ref().map(|sizes| {
            let sizes = sizes.iter().zip(&numbers).filter(|(_, number)| **number != NONE);
            sizes.map(|(&bytes, _)| bytes).collect()
        });
        let operations = self.operations.as_ref().map(|operations| self.of_chosen(operations, is_in));
        Traffic { requests: Requests { ids, keys }, unit: self.unit, sizes, lifetimes, operations }
    }

    /// Of a column, what stands beside the requests for chosen objects.
    fn of_chosen<T: Copy>(&self, column: &[T], is_in: impl Fn(u32) -> bool) -> Vec<T> {
        column
            .iter()
            .zip(&self.requests.ids)
            .filter(|(_, key)| is_in(**key))
            .map(|(&value, _)| value)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_count_lookups_and_objects() {
        let requests = Requests { ids: vec![0, 1, 0, 1], keys: 2 };
        let recorded = Recorded {
            requests,
            sizes: Some(vec![10, 300]),
            operations: Some(vec![Operation::Get, Operation::Set, Operation::Get, Operation::Get]),
            ..Recorded::default()
        };
        let traffic =
            Traffic::of(recorded, Rules { unit: Unit::Bytes, only_reads: true, ..Rules::default() });
        assert_eq!((traffic.lookups(), traffic.lookup_bytes()), (3, Some(320)));
        assert_eq!((traffic.footprint(), traffic.objects()), (310, 2));
        let second = traffic.chosen(|key| key == 1);
        assert_eq!((second.lookups(), second.lookup_bytes(), second.footprint()), (1, Some(300), 300));
        assert_eq!(second.operation(0), Operation::Set);
    }
}
