//! A policy from outside the crate has the rights and the duties of one inside.

use std::time::Duration;

use herdlab::dice::{Stream, unit_open_zero};
use herdlab::experiment::misplaced::Misplaced;
use herdlab::experiment::run::{RunError, RunOptions, run};
use herdlab::model::{Eviction, Experiment};
use herdlab::policy::eviction::{Evict, Room};
use herdlab::policy::freshness::Renewal;
use herdlab::policy::own::{Found, OwnRefresh, Policies};
use herdlab::record::{Record, VariantRecord};
use herdlab::scenario::build::{Database, Scenario, Tier, Time, Variant, Workload};

/// Least recently used, the slow way: slots in the order of their last use.
struct MyLru(Vec<u32>);

impl Evict for MyLru {
    fn new(_: Room, _: Stream) -> MyLru {
        MyLru(Vec::new())
    }
    fn insert(&mut self, slot: u32, _: u32) {
        self.0.push(slot);
    }
    fn hit(&mut self, slot: u32) {
        self.remove(slot);
        self.0.push(slot);
    }
    fn remove(&mut self, slot: u32) {
        self.0.retain(|held| *held != slot);
    }
    fn victim(&mut self) -> u32 {
        self.0.remove(0)
    }
}

/// XFetch (Vattani, Chierichetti, Lowenstein, VLDB 2015) with beta 1.
struct MyXFetch;

impl OwnRefresh for MyXFetch {
    fn renewal(&mut self, found: &Found, dice: &mut Stream) -> Renewal {
        let ahead_ns = -libm::log(unit_open_zero(dice)) * found.fetch_ns as f64;
        match ahead_ns >= (found.expiry_ns - found.now_ns) as f64 {
            true => Renewal::Background,
            false => Renewal::Keep,
        }
    }
}

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Bounded tiers in the process and shared, in bytes and in entries.
fn scenario() -> Scenario {
    Scenario::new("?", MS(20_000))
        .warmup(MS(4_000))
        .replications(2)
        .set("clients.instances", 3)
        .workload(Workload::poisson(400.0).keys(2_000).zipf(0.8).write_share(0.02))
        .tier(Tier::instance("l1", MS(900)).capacity(20, Eviction::Lru))
        .tier(
            Tier::shared("l2", MS(5_000))
                .capacity_bytes(200_000, Eviction::Lru)
                .network(Time::exponential(MS(1))),
        )
        .database(Database::reading(Time::lognormal(MS(20), MS(90))).servers(30))
}

fn built(scenario: Scenario) -> Experiment {
    scenario.experiment().unwrap_or_else(|problems| panic!("{problems}"))
}

fn with(experiment: &Experiment, policies: Policies) -> Result<Record, RunError> {
    run(experiment, &RunOptions { policies, ..RunOptions::default() }).map(|outcome| outcome.record)
}

/// All that was simulated of a variant.
fn figures(record: &Record, index: usize) -> VariantRecord {
    let mut variant = record.variants[index].clone();
    variant.name.clear();
    variant.settings.clear();
    // Closed forms are about the policies of the scenario, and left out beside those of code.
    variant.theory.clear();
    variant
}

#[test]
fn an_lru_from_outside_leaves_the_record_of_the_one_inside() {
    let experiment = built(scenario().variant(Variant::new("inside")).variant(Variant::new("outside")));
    let policies = Policies::new().eviction::<MyLru>("outside", "l1").eviction::<MyLru>("outside", "l2");
    let record = with(&experiment, policies.clone()).unwrap();
    assert!(figures(&record, 0) == figures(&record, 1));
    assert_eq!(
        record.scenario.overrides,
        ["outside: tier.l1.eviction is code", "outside: tier.l2.eviction is code"]
    );
    // And the record as a whole is that of a run without, but for the note and the closed forms.
    let mut plain = with(&experiment, Policies::new()).unwrap();
    plain.scenario.overrides = policies.notes();
    plain.variants[1].theory = record.variants[1].theory.clone();
    assert!(plain == record);
}

#[test]
fn it_evicts_indeed() {
    struct Newest(Vec<u32>);
    impl Evict for Newest {
        fn new(room: Room, _: Stream) -> Newest {
            assert!(room.known().is_some_and(|entries| entries == 20), "it is told how much room there is");
            Newest(Vec::new())
        }
        fn insert(&mut self, slot: u32, _: u32) {
            self.0.push(slot);
        }
        fn hit(&mut self, _: u32) {}
        fn remove(&mut self, slot: u32) {
            self.0.retain(|held| *held != slot);
        }
        fn victim(&mut self) -> u32 {
            self.0.pop().unwrap_or(u32::MAX)
        }
    }
    let experiment = built(scenario().variant(Variant::new("lru")).variant(Variant::new("newest")));
    let record = with(&experiment, Policies::new().eviction::<Newest>("newest", "l1")).unwrap();
    assert!(figures(&record, 0) != figures(&record, 1));
}

#[test]
fn an_xfetch_from_outside_leaves_the_record_of_the_one_inside() {
    let inside = Variant::new("inside").set("tier.l2.refresh.xfetch.mode", "background");
    let experiment = built(scenario().variant(inside).variant(Variant::new("outside")));
    let record = with(&experiment, Policies::new().refresh("outside", "l2", || Box::new(MyXFetch))).unwrap();
    assert!(figures(&record, 0) == figures(&record, 1));
    let refreshes = |variant: usize| {
        record.variants[variant]
            .measures
            .iter()
            .find(|measure| measure.name == "refreshes.rate")
            .unwrap()
            .values[0]
    };
    assert!(refreshes(1).unwrap() > 0.0);
}

#[test]
fn it_is_used_in_the_pilot_as_well() {
    let experiment = built(scenario().set("warmup", "auto").variant(Variant::new("inside")));
    let own = built(scenario().set("warmup", "auto").variant(Variant::new("inside")));
    let plain = with(&experiment, Policies::new()).unwrap();
    let record = with(&own, Policies::new().eviction::<MyLru>("inside", "l1")).unwrap();
    assert_eq!(plain.scenario.warmup_s, record.scenario.warmup_s);
}

#[test]
fn a_place_that_cannot_have_it_is_refused_by_name() {
    let experiment = built(
        scenario()
            .tier(Tier::shared("l3", MS(9_000)))
            .variant(Variant::new("plain"))
            .variant(Variant::new("early").set("tier.l2.refresh.xfetch.beta", 1.0))
            .variant(Variant::new("redis").set("tier.l2.eviction", "allkeys-lru")),
    );
    let refused = |policies: Policies| match with(&experiment, policies) {
        Err(RunError::Policy(misplaced)) => misplaced,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it ran"),
    };
    let own = |variant, tier| refused(Policies::new().eviction::<MyLru>(variant, tier));
    assert_eq!(
        own("plian", "l1").to_string(),
        "a policy of one's own is for variant \"plian\", which this scenario has not (did you mean \"plain\"?)"
    );
    assert!(own("plain", "l4").to_string().contains("did you mean \"l1\"?"));
    assert!(matches!(own("plain", "l3"), Misplaced::Unbounded { .. }));
    assert!(matches!(own("redis", "l2"), Misplaced::Redis { .. }));
    let early = Policies::new().refresh("early", "l2", || Box::new(MyXFetch));
    assert!(matches!(refused(early), Misplaced::Refreshed { .. }));
}

#[test]
#[should_panic(expected = "chose slot 4294967295, which it does not hold")]
fn a_policy_that_evicts_what_it_does_not_hold_is_stopped() {
    struct Broken;
    impl Evict for Broken {
        fn new(_: Room, _: Stream) -> Broken {
            Broken
        }
        fn insert(&mut self, _: u32, _: u32) {}
        fn hit(&mut self, _: u32) {}
        fn remove(&mut self, _: u32) {}
        fn victim(&mut self) -> u32 {
            u32::MAX
        }
    }
    let experiment = built(scenario().variant(Variant::new("broken")));
    let options = RunOptions {
        threads: 1,
        policies: Policies::new().eviction::<Broken>("broken", "l1"),
        ..RunOptions::default()
    };
    let _ = run(&experiment, &options);
}
