//! Crashes: of an instance with all that it was doing, and of whoever leads a fetch.
//!
//! What has left the dead process goes on without it: the database executes what it was sent, commands take effect
//! in the tiers, a lease stays granted until its lock ends. Only the answers find nobody.

use crate::dice::{Stream, below, hash_seed, mix, stream};
use crate::model::{EventKind, Model, Nanos, Route};

/// Dead instances, and those about to die.
pub struct Crashes {
    /// Whether instances may crash at all.
    pub of_instances: bool,
    /// Per instance: until when requests are still sent to it, and until when it is down.
    pub down: Vec<(Nanos, Nanos)>,
    /// (key, event): the next one to lead a fetch of that key dies.
    pub doomed: Vec<(u32, usize)>,
    /// Where the requests of a dead instance go: drawn, or by a hash of their key.
    dice: Stream,
    sticky_seed: u64,
}

impl Crashes {
    pub fn new(model: &Model, seed: u64, replication: u32) -> Crashes {
        let of_instances = model.events.iter().any(|event| matches!(event.what, EventKind::Crash { .. }));
        Crashes {
            of_instances,
            down: if of_instances { vec![(0, 0); model.clients.instances as usize] } else { Vec::new() },
            doomed: Vec::new(),
            dice: stream(seed, replication, "clients.failover"),
            sticky_seed: hash_seed(seed, replication, "clients.failover.sticky"),
        }
    }

    /// Whether the leader of a fetch is going to die.
    #[inline]
    pub fn is_any_doomed(&self) -> bool {
        !self.doomed.is_empty()
    }

    /// Where a request goes that is meant for an instance; `None`: it is refused.
    pub fn route(&mut self, instance: u32, key: u32, now: Nanos, route: Route) -> Option<u32> {
        let (detected_ns, until_ns) = self.down[instance as usize];
        if now >= until_ns {
            return Some(instance);
        }
        if now < detected_ns {
            return None;
        }
        let trusted =
            |&(_, &(detected_ns, until_ns)): &(usize, &(Nanos, Nanos))| now < detected_ns || now >= until_ns;
        let count = self.down.iter().enumerate().filter(trusted).count() as u32;
        let chosen = match route {
            _ if count == 0 => return None,
            Route::Sticky => (mix(self.sticky_seed ^ u64::from(key)) % u64::from(count)) as usize,
            Route::Random | Route::RoundRobin | Route::Recorded => below(&mut self.dice, count) as usize,
        };
        let (instance, &(_, until_ns)) = self.down.iter().enumerate().filter(trusted).nth(chosen)?;
        (now >= until_ns).then_some(instance as u32)
    }
}
