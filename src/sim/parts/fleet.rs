//! The instances of the application: which of them are there, and where requests go.
//!
//! An instance is away while it is down, before it is started, and after it was taken out. Requests that are meant for it go to
//! others as soon as that is known. A new process may get its full share of the requests by and by.

use std::collections::VecDeque;

use crate::dice::{Stream, below, hash_seed, mix, stream, unit_open_zero};
use crate::model::{Autoscale, Model, Nanos, Route};

/// One instance.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Until when requests are still sent to it although it is away.
    detected_ns: Nanos,
    /// Until when it is away; `Nanos::MAX`: it was taken out.
    until_ns: Nanos,
    /// From then on it gets its full share.
    warm_ns: Nanos,
}

const THERE: Place = Place { detected_ns: 0, until_ns: 0, warm_ns: 0 };
const OUT: Place = Place { detected_ns: 0, until_ns: Nanos::MAX, warm_ns: 0 };

impl Place {
    fn is_there(&self, now: Nanos) -> bool {
        now >= self.until_ns
    }

    /// Requests are sent to it, for good or ill.
    fn is_trusted(&self, now: Nanos) -> bool {
        now < self.detected_ns || self.is_there(now)
    }

    /// Nobody has noticed that it is dead, or it is past its slow start.
    fn has_full_share(&self, now: Nanos) -> bool {
        now < self.detected_ns || self.is_there(now) && now >= self.warm_ns
    }
}

/// All instances.
pub struct Fleet {
    /// Whether any is ever away.
    pub varies: bool,
    places: Vec<Place>,
    /// How many are there or about to be, by the last order.
    pub ordered: u32,
    slow_start_ns: Nanos,
    route: Route,
    /// Where the requests of who is away go: drawn, or by a hash of their key.
    dice: Stream,
    sticky_seed: u64,
    since_ns: Nanos,
    /// Integral of the instances that are there over time, up to `since_ns`.
    there_ns: u128,
    there: u32,
    /// Most that were there at once.
    pub peak: u32,
}

impl Fleet {
    pub fn new(model: &Model, seed: u64, replication: u32) -> Fleet {
        let (all, started) = (model.clients.instances, model.clients.started());
        let varies = model.instances_crash() || model.fleet_varies();
        let places = (0..if varies { all } else { 0 }).map(|place| if place < started { THERE } else { OUT });
        Fleet {
            varies,
            places: places.collect(),
            ordered: started,
            slow_start_ns: model.clients.slow_start_ns,
            route: model.clients.route,
            dice: stream(seed, replication, "clients.failover"),
            sticky_seed: hash_seed(seed, replication, "clients.failover.sticky"),
            since_ns: 0,
            there_ns: 0,
            there: started,
            peak: started,
        }
    }

    /// Where a request goes that is meant for an instance; `None`: it is refused.
    pub fn route(&mut self, instance: u32, key: u32, now: Nanos) -> Option<u32> {
        let place = self.places[instance as usize];
        let is_there = place.is_there(now);
        if is_there && self.keeps(place, now) {
            return Some(instance);
        }
        if !is_there && now < place.detected_ns {
            return None;
        }
        let chosen = match self.choose(key, |place| place.has_full_share(now)) {
            Some(chosen) => chosen,
            // Nobody has: each keeps its own.
            None if is_there => instance,
            None => self.choose(key, |place| place.is_trusted(now))?,
        };
        self.is_there(chosen, now).then_some(chosen)
    }

    /// Whether an instance keeps a request: a new one takes the share of its age in the time of its slow start.
    fn keeps(&mut self, place: Place, now: Nanos) -> bool {
        now >= place.warm_ns || {
            let left = (place.warm_ns - now) as f64 / self.slow_start_ns as f64;
            unit_open_zero(&mut self.dice) > left
        }
    }

    fn choose(&mut self, key: u32, fits: impl Fn(&Place) -> bool) -> Option<u32> {
        let count = self.places.iter().filter(|place| fits(place)).count() as u32;
        let chosen = match self.route {
            _ if count == 0 => return None,
            Route::Sticky => (mix(self.sticky_seed ^ u64::from(key)) % u64::from(count)) as usize,
            Route::Random | Route::RoundRobin | Route::Recorded => below(&mut self.dice, count) as usize,
        };
        let mut fitting = self.places.iter().enumerate().filter(|(_, place)| fits(place));
        fitting.nth(chosen).map(|(instance, _)| instance as u32)
    }

    /// Whether an instance can do anything.
    pub fn is_there(&self, instance: u32, now: Nanos) -> bool {
        self.places.get(instance as usize).is_none_or(|place| place.is_there(now))
    }

    /// An instance dies; another process is there after `for_ns`.
    pub fn crash(&mut self, instance: u32, for_ns: Nanos, detect_ns: Nanos, now: Nanos) {
        let slow_start_ns = self.slow_start_ns;
        let place = &mut self.places[instance as usize];
        if place.until_ns == Nanos::MAX {
            return;
        }
        let until_ns = now + for_ns;
        let (detected_ns, until_ns) = match *place {
            // Dead already: it stays so until the later end, and who knew of it still does.
            Place { detected_ns, until_ns: before_ns, .. } if now < before_ns => {
                (detected_ns, until_ns.max(before_ns))
            }
            _ => ((now + detect_ns).min(until_ns), until_ns),
        };
        *place = Place { detected_ns, until_ns, warm_ns: warm_from(until_ns, slow_start_ns) };
    }

    /// So many are to be there; those that are new take `startup_ns`. Gives the instances that start, and when.
    pub fn order(&mut self, instances: u32, startup_ns: Nanos, now: Nanos) -> Vec<(u32, Nanos)> {
        self.ordered = instances;
        let at_ns = now.saturating_add(startup_ns);
        let mut started = Vec::new();
        for (number, place) in self.places.iter_mut().enumerate() {
            let is_wanted = (number as u32) < instances;
            if is_wanted && place.until_ns == Nanos::MAX {
                let warm_ns = warm_from(at_ns, self.slow_start_ns);
                *place = Place { detected_ns: 0, until_ns: at_ns, warm_ns };
                started.push((number as u32, at_ns));
            } else if !is_wanted {
                *place = OUT;
            }
        }
        started
    }

    /// Brings the integral up to now, and counts anew.
    pub fn count(&mut self, now: Nanos) {
        self.there_ns = self.there_ns(now);
        self.since_ns = now;
        if self.varies {
            self.there = self.places.iter().filter(|place| place.is_there(now)).count() as u32;
            self.peak = self.peak.max(self.there);
        }
    }

    /// Integral of the instances that are there over time.
    pub fn there_ns(&self, now: Nanos) -> u128 {
        self.there_ns + u128::from(self.there) * u128::from(now - self.since_ns)
    }

    /// How many are there, as of the last count.
    pub fn there(&self) -> u32 {
        self.there
    }

    /// Whether a process starts at this instant in this place; it may have been taken out again.
    pub fn starts_at(&self, instance: u32, now: Nanos) -> bool {
        self.places[instance as usize].until_ns == now
    }
}

/// Orders instances by the work of those that are there, as the HorizontalPodAutoscaler of Kubernetes does.
#[derive(Debug)]
pub struct Scaler {
    pub spec: Autoscale,
    workers: u32,
    most: u32,
    /// Integral of the busy workers at the last look.
    busy_ns: u128,
    looked_ns: Nanos,
    /// How many each look has wanted, as long as that holds.
    wanted: VecDeque<(Nanos, u32)>,
}

impl Scaler {
    pub fn of(model: &Model) -> Option<Scaler> {
        let spec = model.clients.autoscale?;
        Some(Scaler {
            spec,
            workers: model.clients.workers?,
            most: model.clients.instances,
            busy_ns: 0,
            looked_ns: 0,
            wanted: VecDeque::new(),
        })
    }

    /// How many instances there are to be, of which so many are ordered now. Those that are about to start count as idle.
    pub fn look(&mut self, busy_ns: u128, ordered: u32, now: Nanos) -> u32 {
        let busy = (busy_ns - self.busy_ns) as f64 / (now - self.looked_ns).max(1) as f64;
        (self.busy_ns, self.looked_ns) = (busy_ns, now);
        let needed = busy / (f64::from(self.workers) * self.spec.target);
        let is_right = (needed / f64::from(ordered) - 1.0).abs() <= self.spec.tolerance;
        // An instance more for the last digit of a quotient would be one too many.
        let wanted = if is_right { ordered } else { (needed - 1e-9).ceil() as u32 };
        self.wanted.push_back((now, wanted.clamp(self.spec.least.min(self.most), self.most)));
        while self.wanted.front().is_some_and(|&(at_ns, _)| at_ns + self.spec.down_after_ns < now) {
            self.wanted.pop_front();
        }
        self.wanted.iter().map(|&(_, wanted)| wanted).max().unwrap_or(ordered)
    }
}

fn warm_from(until_ns: Nanos, slow_start_ns: Nanos) -> Nanos {
    if slow_start_ns == 0 { 0 } else { until_ns.saturating_add(slow_start_ns) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(places: &[Place], slow_start_ns: Nanos) -> Fleet {
        Fleet {
            varies: true,
            places: places.to_vec(),
            ordered: places.len() as u32,
            slow_start_ns,
            route: Route::Random,
            dice: stream(1, 0, "fleet"),
            sticky_seed: 5,
            since_ns: 0,
            there_ns: 0,
            there: places.len() as u32,
            peak: 0,
        }
    }

    #[test]
    fn who_is_away_has_no_requests_and_who_is_dead_unnoticed_refuses_them() {
        let mut fleet = fleet(&[THERE, OUT, THERE], 0);
        fleet.crash(2, 50, 20, 100);
        assert_eq!(fleet.route(0, 7, 110), Some(0));
        assert_eq!(fleet.route(2, 7, 119), None, "nobody has noticed");
        let mut of_out: Vec<_> = (0..40).map(|_| fleet.route(1, 7, 119)).collect();
        of_out.sort_unstable();
        of_out.dedup();
        assert_eq!(of_out, [None, Some(0)], "some meet the dead one");
        assert!((0..40).all(|_| fleet.route(2, 7, 120) == Some(0)));
        assert_eq!(fleet.route(2, 7, 150), Some(2));
    }

    #[test]
    fn a_new_instance_takes_the_share_of_its_age() {
        let mut fleet = fleet(&[THERE, OUT], 100);
        assert_eq!(fleet.order(2, 50, 1_000), [(1, 1_050)]);
        assert_eq!(fleet.route(1, 7, 1_049), Some(0));
        for (now, share) in [(1_060, 0.1), (1_120, 0.7), (1_150, 1.0)] {
            let kept = (0..10_000).filter(|_| fleet.route(1, 7, now) == Some(1)).count() as f64 / 1e4;
            // Five standard errors.
            assert!((kept - share).abs() <= 0.025, "at {now}: {kept}");
        }
        // Where all are new, each keeps its own.
        fleet.crash(0, 10, 0, 1_060);
        assert_eq!(fleet.route(0, 7, 1_071), Some(0));
    }

    #[test]
    fn the_last_instances_leave_and_the_integral_counts_those_that_are_there() {
        let mut fleet = fleet(&[THERE, THERE, THERE], 0);
        fleet.count(10);
        assert!(fleet.order(1, 99, 10).is_empty());
        fleet.count(10);
        assert_eq!(fleet.order(2, 5, 30), [(1, 35)]);
        fleet.count(30);
        assert!(fleet.starts_at(1, 35) && !fleet.starts_at(2, 35));
        fleet.count(35);
        assert_eq!(fleet.there_ns(40), 3 * 10 + 25 + 2 * 5);
    }

    /// Four workers each and a target of one half: two busy workers for every instance.
    #[test]
    fn a_scaler_adds_at_once_and_takes_away_after_a_while() {
        let spec = Autoscale {
            target: 0.5,
            every_ns: 10,
            tolerance: 0.1,
            least: 2,
            startup_ns: 0,
            down_after_ns: 25,
        };
        let (workers, most) = (4, 9);
        let mut scaler = Scaler { spec, workers, most, busy_ns: 0, looked_ns: 0, wanted: VecDeque::new() };
        let mut busy_ns = 0;
        let mut look = |busy: u128, ordered, now| {
            busy_ns += busy * 10;
            scaler.look(busy_ns, ordered, now)
        };
        assert_eq!(look(8, 4, 10), 4, "as it should be");
        assert_eq!(look(9, 4, 20), 5, "12.5 % too many");
        assert_eq!(look(40, 5, 30), 9, "no more than there are");
        assert_eq!(look(2, 9, 40), 9);
        assert_eq!(look(2, 9, 50), 9, "the wish of 30 still holds");
        assert_eq!(look(2, 9, 60), 2, "and no less than the least");
    }
}
