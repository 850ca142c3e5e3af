//! A request, or a background refresh, on its way: one small record from its arrival to its end.
//!
//! Fields that most scenarios do not need are in columns beside it ([`Extras`], [`Left`], [`Lead`]), which exist only where
//! something reads them. A call of the database that others may wait for is no entity of its own: it is the journey
//! that leads it, which always lives as long as the call.

use crate::model::{MAX_TIERS, Nanos};
use crate::sim::slab::NONE;
use crate::sim::store::Value;

/// Purpose of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    Read,
    Write,
    /// A background refresh: nobody waits for it.
    Refresh,
    /// A key of a job that fills a tier.
    Warm,
    /// The slot of an attempt that belongs to no request: background load, or a batch that is written back.
    Other,
}

impl Errand {
    /// Whether a caller waits.
    pub fn is_of_a_request(self) -> bool {
        matches!(self, Errand::Read | Errand::Write)
    }
}

/// A request, or a background refresh, on its way.
#[derive(Clone, Copy, Debug)]
pub struct Journey {
    /// Intended start.
    pub start_ns: Nanos,
    /// Of a leader without attempts of its own: when it reached the database.
    pub since_ns: Nanos,
    pub key: u32,
    pub instance: u32,
    /// Window of the start.
    pub window: u32,
    /// The journey that leads the call this one waits for: itself where it leads one, none where there is none.
    pub leader: u32,
    /// The next one that waits for the same call.
    pub next: u32,
    /// Of a leader: the last one that waits.
    pub last: u32,
    pub class: u8,
    pub errand: Errand,
    /// Where it is on its way down; the number of tiers stands for the database.
    pub level: u8,
    /// The node of a shared tier that its lookup goes to.
    pub node: u8,
    /// The uppermost tier that gets the value.
    pub fill_from: u8,
    /// The same of all who wait for the call that it leads.
    pub call_fill_from: u8,
    /// Tiers below it that do not, because they have not answered: a bit for each level.
    pub unfilled: u8,
    /// An existence check.
    pub exists: bool,
    /// The caller gave up.
    pub gone: bool,
    /// Of a write: its transaction will roll back.
    pub rolls_back: bool,
    /// Of a leader: others may join by instance and key.
    pub grouped: bool,
    /// Of a leader: the call has reached the database (one around the lookup begins in the tiers).
    pub fetching: bool,
    /// Of a leader: it has died, nothing will come of the call.
    pub dead: bool,
    /// Its answer cannot be cached, as a tier remembers: it shares its fetch with nobody.
    pub is_alone: bool,
}

impl Journey {
    /// A read at the top of its way.
    #[inline]
    pub fn new(start_ns: Nanos, key: u32, instance: u32, window: u32, class: usize) -> Journey {
        Journey {
            start_ns,
            since_ns: 0,
            key,
            instance,
            window,
            leader: NONE,
            next: NONE,
            last: NONE,
            class: class as u8,
            errand: Errand::Read,
            level: 0,
            node: 0,
            fill_from: 0,
            call_fill_from: 0,
            unfilled: 0,
            exists: false,
            gone: false,
            rolls_back: false,
            grouped: false,
            fetching: false,
            dead: false,
            is_alone: false,
        }
    }

    /// The slot of an attempt that belongs to no request.
    pub fn other() -> Journey {
        Journey { errand: Errand::Other, ..Journey::new(0, 0, NONE, 0, 0) }
    }

    /// Whether it leads a call that reads the database.
    #[inline]
    pub fn is_fetching(&self) -> bool {
        self.fetching && self.errand != Errand::Write
    }
}

impl Default for Journey {
    fn default() -> Journey {
        Journey::other()
    }
}

/// Fields of writes, leases, closed loops, rate limiters and reads of several keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extras {
    /// Of a read: number of the newest commit of the key that was acknowledged when it started.
    pub acknowledged: u64,
    /// Since when it waits for the holder of the lease; the far end of time: it does not.
    pub waiting_since_ns: Nanos,
    /// Lease token it holds; zero: none.
    pub token: u32,
    /// Of a write: the version that it reserved or committed; zero: none.
    pub version: u32,
    /// Closed loop: the user.
    pub user: u32,
    /// The limiter counts it as this caller's.
    pub caller: u32,
    /// The request of several keys that it is a part of.
    pub gather: u32,
    /// Deletes not yet answered.
    pub pending: u32,
}

impl Default for Extras {
    fn default() -> Extras {
        Extras {
            acknowledged: 0,
            waiting_since_ns: Nanos::MAX,
            token: 0,
            version: 0,
            user: NONE,
            caller: 0,
            gather: NONE,
            pending: 0,
        }
    }
}

/// An old value that answers a read whose fetch fails or takes too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fallback {
    pub value: Value,
    /// The tier that has it, counted from 1; 0: there is none.
    pub place: u8,
}

/// When it left each tier on the way down, for refreshes by the time of a fetch; zero: it has not been there.
pub type Left = [Nanos; MAX_TIERS];

/// Of a leader: what calls need that may fail, or lose their callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead {
    /// How many callers still wait.
    pub live: u32,
    pub attempts_made: u32,
    /// The attempt it counts on now, and the one sent beside it because that took long.
    pub attempt: u32,
    pub hedge: u32,
    /// When the present attempt began.
    pub sent_ns: Nanos,
    /// When the call began.
    pub called_ns: Nanos,
}

impl Default for Lead {
    fn default() -> Lead {
        Lead { live: 0, attempts_made: 0, attempt: NONE, hedge: NONE, sent_ns: 0, called_ns: 0 }
    }
}
