//! An eviction and an early refresh of one's own, held against those of the crate on the same traffic.
//!
//! `cargo run --release --example own_policy`

use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

use herdlab::dice::{Stream, unit_open_zero};
use herdlab::experiment::answer::answer;
use herdlab::experiment::comparison::compare;
use herdlab::experiment::run::{RunOptions, run};
use herdlab::model::Eviction;
use herdlab::policy::eviction::{Evict, Room};
use herdlab::policy::freshness::Renewal;
use herdlab::policy::own::{Found, OwnRefresh, Policies};
use herdlab::report::table;
use herdlab::scenario::build::{Database, Scenario, Tier, Time, Variant, Workload};

/// FIFO that never evicts what was used since it came while there is anything else: the plainest way to spare what is
/// in use.
struct SpareTheUsed {
    /// From the oldest to the newest.
    order: VecDeque<u32>,
    /// By slot.
    used: Vec<bool>,
}

impl Evict for SpareTheUsed {
    fn new(_: Room, _: Stream) -> SpareTheUsed {
        SpareTheUsed { order: VecDeque::new(), used: Vec::new() }
    }

    fn insert(&mut self, slot: u32, _key: u32) {
        self.order.push_back(slot);
        if slot as usize >= self.used.len() {
            self.used.resize(slot as usize + 1, false);
        }
        self.used[slot as usize] = false;
    }

    fn hit(&mut self, slot: u32) {
        self.used[slot as usize] = true;
    }

    fn remove(&mut self, slot: u32) {
        self.order.retain(|held| *held != slot);
    }

    fn victim(&mut self) -> u32 {
        // Everybody who was used goes to the back once, its mark taken; the loop ends when no mark is left.
        while let Some(slot) = self.order.pop_front() {
            if !std::mem::take(&mut self.used[slot as usize]) {
                return slot;
            }
            self.order.push_back(slot);
        }
        u32::MAX
    }
}

/// Refreshes in the background with a probability that rises linearly over the last tenth of the time to live.
struct LinearLastTenth {
    ttl: Duration,
}

impl OwnRefresh for LinearLastTenth {
    fn renewal(&mut self, found: &Found, dice: &mut Stream) -> Renewal {
        let left = (found.expiry_ns - found.now_ns) as f64;
        let window = self.ttl.as_nanos() as f64 / 10.0;
        match unit_open_zero(dice) * window > left {
            true => Renewal::Background,
            false => Renewal::Keep,
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let ttl = s(30);
    let experiment = Scenario::new("Do policies of our own beat LRU and XFetch?", s(120))
        .warmup(s(40))
        .headline(&["hit_ratio", "latency.all.p99_ms", "db.qps.mean"])
        .workload(Workload::poisson(300.0).keys(20_000).zipf(0.9))
        .tier(Tier::shared("l2", ttl).capacity(1_000, Eviction::Lru).network(Time::exponential(ms(1))))
        .database(Database::reading(Time::lognormal(ms(30), ms(150))).servers(20))
        .variant(Variant::new("lru"))
        .variant(Variant::new("own eviction"))
        .variant(Variant::new("xfetch").set("tier.l2.refresh.xfetch.mode", "background"))
        .variant(Variant::new("own refresh"))
        .experiment()?;
    let policies = Policies::new().eviction::<SpareTheUsed>("own eviction", "l2").refresh(
        "own refresh",
        "l2",
        move || Box::new(LinearLastTenth { ttl }),
    );
    let record = run(&experiment, &RunOptions { policies, ..RunOptions::default() })?.record;

    let comparison = compare(&record);
    print!("{}", table::page(&record, &comparison, &answer(&record, &comparison), 120, false));
    Ok(())
}
