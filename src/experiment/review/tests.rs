//! The words of verdicts on constructed records. The database carries 4,000 requests per second in all of them.

use super::*;
use crate::experiment::comparison::compare;
use crate::model::{Bound, Threshold};
use crate::record::fixture::{bimodal, judged, measure, record_of};
use crate::record::{EventRecord, EventStatus, MeasureRecord, VariantWorlds, WorldMeasure, WorldsRecord};

const CAPACITY: f64 = 4_000.0;

/// Six replications around a mean, 1 % apart at most.
fn around(name: &str, mean: f64) -> MeasureRecord {
    measure(name, &[0.995, 1.005, 1.0, 0.998, 1.002, 1.0].map(|factor| mean * factor))
}

/// A system with this load of the database: mean, busiest second, share of failed requests, p99.
fn system(load: f64, peak: f64, errors: f64, p99_ms: f64) -> Vec<MeasureRecord> {
    vec![
        measure("db.capacity", &[CAPACITY; 6]),
        around("db.qps.mean", load),
        around("db.qps.peak", peak),
        around("error.ratio", errors),
        around("hit_ratio", 1.0 - load / 3_000.0),
        around("latency.all.p99_ms", p99_ms),
        around("requests.rate", 3_000.0),
        around("tier.redis.hit_ratio", 1.0 - load / 3_000.0),
    ]
}

fn reviewed(variants: &[(&str, Vec<MeasureRecord>)]) -> Review {
    let record = record_of(variants, &["db.qps.peak"]);
    review(&record, &compare(&record))
}

#[test]
fn a_change_within_all_limits_is_safe() {
    let review = reviewed(&[
        ("today", system(336.0, 1_784.0, 0.0, 15.8)),
        ("ttl 60s", system(748.0, 1_784.0, 0.0, 15.8)),
    ]);
    assert_eq!(review.verdict, "ttl 60s: safe.");
    let change = &review.variants[1];
    assert_eq!(
        change.kept,
        [
            "the busiest second takes 44.6 % of the database's capacity (limit 80 %)",
            "no new errors",
            "p99 latency at most twice that of the baseline"
        ]
    );
    assert_eq!(
        change.findings,
        [
            "Database load: from 8.40 to 18.7 % of its capacity (from 336 to 748/s; capacity 4,000/s).",
            "Callers and cache: p99 15.8 ms, unchanged; hit ratio from 88.8 to 75.1 %.",
        ]
    );
    let defaults: Vec<&str> = DEFAULTS[..3].iter().map(|(_, text)| *text).collect();
    assert_eq!(review.defaults, defaults);
    assert_eq!(review.rows[0].cells[1].as_ref().unwrap().share, "18.7 % of capacity");
}

#[test]
fn a_busy_second_or_a_slower_tail_is_a_risk() {
    let review = reviewed(&[
        ("today", system(336.0, 1_784.0, 0.0, 15.8)),
        ("ttl 5s", system(1_800.0, 3_600.0, 0.0, 15.8)),
        ("slow", system(336.0, 1_784.0, 0.0, 40.0)),
    ]);
    assert_eq!(review.verdict, "ttl 5s and slow: at risk.");
    assert_eq!(
        review.variants[1].reasons,
        ["the busiest second takes 90.0 % of the database's capacity (default limit: 80 %)"]
    );
    assert_eq!(
        review.variants[2].reasons,
        ["p99 latency is 2.53 times that of the baseline (default limit: twice)"]
    );
}

#[test]
fn new_errors_and_a_load_beyond_the_capacity_are_not_safe() {
    let review = reviewed(&[
        ("today", system(336.0, 1_784.0, 0.002, 15.8)),
        ("no cache", system(4_400.0, 5_000.0, 0.03, 15.8)),
        ("same", system(336.0, 1_784.0, 0.002, 15.8)),
    ]);
    assert_eq!(review.verdict, "no cache: not safe; same: at risk.");
    assert_eq!(
        review.variants[2].reasons,
        ["0.200 % of the requests fail, no more than in the baseline (default limit: 0.1 %)"]
    );
    assert_eq!(
        review.variants[1].reasons,
        [
            "database load exceeds its capacity: 110.0 % in the ordinary state",
            "errors rise from 0.200 to 3.00 % (default limit: no new errors)"
                .replace("0.200 to", "0.200 % to")
                .as_str(),
        ]
    );
    // The errors of the baseline are its own.
    assert_eq!(
        (review.variants[0].safety, review.variants[0].reasons.as_slice()),
        (Safety::NotSafe, &["0.200 % of the requests fail (default limit: 0.1 %)".to_owned()][..])
    );
}

#[test]
fn a_threshold_takes_the_place_of_the_default() {
    let variants =
        [("today", system(336.0, 3_600.0, 0.0, 15.8)), ("more", system(336.0, 3_990.0, 0.0, 15.8))];
    let judge = |limit: f64, runs: Option<f64>| {
        let mut record = record_of(&variants, &["db.qps.peak"]);
        record.scenario.thresholds =
            vec![Threshold { runs, ..Threshold::new("db.qps.peak", Bound::Max, limit) }];
        let review = review(&record, &compare(&record));
        (review.variants[1].safety, review.variants[1].reasons.clone())
    };
    // Beyond 80 % of the capacity, which the author allows.
    assert_eq!(judge(4_100.0, None), (Safety::Safe, Vec::new()));
    let (safety, reasons) = judge(3_900.0, None);
    assert_eq!(safety, Safety::NotSafe);
    assert_eq!(reasons, ["peak database load 3,990/s breaks the limit of at most 3,900/s"]);
    // 3,990 x 1.005 = 4,010: one run of six is beyond, two at 1.002 are 3,998.
    let (safety, reasons) = judge(4_000.0, None);
    assert_eq!(safety, Safety::AtRisk);
    assert_eq!(
        reasons,
        ["peak database load 3,990/s keeps the limit of at most 4,000/s, but in 5 of 6 runs only"]
    );
    assert_eq!(judge(4_000.0, Some(0.8)).0, Safety::Safe);
}

/// A flush at 60 s in both variants, from which the second recovers as the statuses say.
fn flushed(statuses: &[EventStatus], recovery_s: &[Option<f64>]) -> VariantReview {
    let record = flushed_record(statuses, recovery_s);
    review(&record, &compare(&record)).variants.remove(1)
}

fn flushed_record(statuses: &[EventStatus], recovery_s: &[Option<f64>]) -> Record {
    let with = |values: &[Option<f64>]| {
        let mut measures = system(336.0, 1_784.0, 0.0, 15.8);
        let values = values.to_vec();
        measures.push(MeasureRecord { values, ..measure("event.flush.recovery_s", &[]) });
        measures.sort_by(|a, b| a.name.cmp(&b.name));
        measures
    };
    let mut record =
        record_of(&[("today", with(&[Some(1.0); 6])), ("change", with(recovery_s))], &["db.qps.peak"]);
    let recovered = [const { EventStatus::Recovered }; 6];
    for (variant, statuses) in record.variants.iter_mut().zip([&recovered[..], statuses]) {
        variant.events = vec![EventRecord {
            label: "flush".to_owned(),
            text: "flush of l2".to_owned(),
            at_s: 60.0,
            end_s: 60.0,
            judged: Some(judged(true, statuses)),
        }];
    }
    record
}

#[test]
fn recovery_is_due_within_a_minute_in_every_run() {
    use EventStatus::{NotRecovered, Recovered};
    let all = [const { Recovered }; 6];
    assert_eq!(flushed(&all, &[Some(59.0); 6]).safety, Safety::Safe);
    let late = flushed(&all, &[Some(75.0); 6]);
    assert_eq!(late.safety, Safety::NotSafe);
    assert_eq!(late.reasons, ["recovery from flush takes 75 s (default limit: within 60 s)"]);
    let some = flushed(&all, &[Some(61.0), Some(10.0), Some(10.0), Some(10.0), Some(10.0), Some(10.0)]);
    assert_eq!(some.safety, Safety::AtRisk);
    let never = flushed(
        &[Recovered, NotRecovered, Recovered, NotRecovered, Recovered, Recovered],
        &[Some(1.0), None, Some(1.0), None, Some(1.0), Some(1.0)],
    );
    assert_eq!(never.safety, Safety::NotSafe);
    assert_eq!(
        never.reasons,
        ["not recovered from flush by the end of the run in 2 of 6 runs (default limit: within 60 s)"]
    );
    let unknown = [const { EventStatus::NotJudged(String::new()) }; 6]
        .map(|_| EventStatus::NotJudged("the run ends before it".to_owned()));
    let unknown = flushed(&unknown, &[None; 6]);
    assert_eq!(unknown.safety, Safety::AtRisk);
    assert_eq!(unknown.reasons, ["recovery from flush is not judged: the run ends before it"]);
}

#[test]
fn a_system_with_two_states_is_not_safe() {
    let record = bimodal();
    let review = review(&record, &compare(&record));
    assert_eq!(review.variants[0].safety, Safety::NotSafe);
    assert_eq!(review.variants[0].reasons, ["two states: collapses in 5 of 10 runs"]);
}

#[test]
fn a_database_that_cannot_carry_the_traffic_alone_is_vulnerable() {
    let of = |rate: f64| {
        let mut measures = system(336.0, 1_784.0, 0.0, 15.8);
        let own = measures.iter_mut().find(|measure| measure.name == "requests.rate").unwrap();
        own.values = vec![Some(rate); 6];
        let record = record_of(&[("today", measures)], &["db.qps.peak"]);
        review(&record, &compare(&record)).variants[0].findings.pop().unwrap()
    };
    assert_eq!(
        of(7_000.0),
        "Vulnerable: without the cache the mean traffic of the run would be 175.0 % of the database's capacity; no event of \
         this scenario tests a trigger, such as a flush."
    );
    assert!(!of(4_000.0).starts_with("Vulnerable"));
}

#[test]
fn a_setting_without_effect_is_named() {
    let mut record = record_of(
        &[
            ("today", system(336.0, 1_784.0, 0.0, 15.8)),
            ("ttl 60s", system(748.0, 1_784.0, 0.0, 15.8)),
            ("ttl 60s + singleflight", system(744.0, 1_778.0, 0.0, 15.8)),
            ("ttl 60s + jitter", system(700.0, 1_778.0, 0.0, 15.8)),
        ],
        &["db.qps.peak"],
    );
    let setting = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let ttl = setting("tier.redis.ttl", "\"60s\"");
    record.variants[1].settings = vec![ttl.clone()];
    record.variants[2].settings = vec![ttl.clone(), setting("coalescing", "\"singleflight\"")];
    record.variants[3].settings = vec![ttl, setting("tier.redis.jitter", "0.1")];
    let review = review(&record, &compare(&record));
    assert_eq!(
        review.variants[2].findings.last().unwrap(),
        "coalescing = \"singleflight\" makes no measurable difference to ttl 60s: no figure of this review changes by more than \
         1 % or chance."
    );
    assert!(!review.variants[3].findings.last().unwrap().contains("no measurable difference"));
}

#[test]
fn nothing_measured_is_not_judged() {
    let review = reviewed(&[("alone", vec![around("db.qps.mean", 10.0)])]);
    assert_eq!((review.verdict.as_str(), review.safety()), ("alone: not judged.", Safety::NotJudged));
}

#[test]
fn a_verdict_covers_the_worlds_of_uncertain_inputs() {
    // Ten worlds of two runs each; the busiest second of the change in so many of them beyond 80 % of the capacity.
    let change = |risky: usize, failing: usize| {
        let variants =
            [("today", system(336.0, 1_784.0, 0.0, 15.8)), ("change", system(748.0, 1_784.0, 0.0, 15.8))];
        let mut record = record_of(&variants, &["db.qps.peak"]);
        let world = |name: &str, values: &dyn Fn(usize) -> f64| WorldMeasure {
            name: name.to_owned(),
            values: (0..10).map(|world| vec![Some(values(world)), Some(values(world))]).collect(),
        };
        let all = |peak: &dyn Fn(usize) -> f64, errors: &dyn Fn(usize) -> f64| VariantWorlds {
            measures: vec![
                world("db.capacity", &|_| CAPACITY),
                world("db.qps.mean", &|_| 748.0),
                world("db.qps.peak", peak),
                world("error.ratio", errors),
            ],
        };
        record.worlds = Some(WorldsRecord {
            wanted: 10,
            replications: 2,
            inputs: Vec::new(),
            values: vec![Vec::new(); 10],
            variants: vec![
                all(&|_| 1_784.0, &|_| 0.0),
                all(&|world| if world < risky { 3_300.0 } else { 1_784.0 }, &|world| {
                    if world < failing { 0.03 } else { 0.0 }
                }),
            ],
        });
        review(&record, &compare(&record)).variants.remove(1)
    };
    let safe = change(1, 0);
    assert_eq!(safe.safety, Safety::Safe);
    assert_eq!(safe.kept.last().unwrap(), "safe in 9 of 10 worlds, at risk in 1 (load in 1)");
    let risky = change(2, 0);
    assert_eq!(risky.safety, Safety::AtRisk);
    assert_eq!(risky.reasons, ["safe in 8 of 10 worlds, at risk in 2 (load in 2)"]);
    let failing = change(7, 6);
    assert_eq!(failing.safety, Safety::NotSafe);
    assert_eq!(
        failing.reasons,
        ["safe in 3 of 10 worlds, at risk in 1, not safe in 6 (load in 7, errors in 6)"]
    );
    let counts = failing.worlds.unwrap();
    assert_eq!((counts.safe, counts.at_risk, counts.not_safe, counts.judged()), (3, 1, 6, 10));
}

#[test]
fn a_system_that_does_not_come_back_has_no_time_in_the_table() {
    use EventStatus::{NotRecovered, Recovered};
    let cell = |statuses: &[EventStatus], recovery_s: &[Option<f64>]| {
        let record = flushed_record(statuses, recovery_s);
        let review = review(&record, &compare(&record));
        let row = review.rows.iter().find(|row| row.label == "flush: back after").unwrap();
        row.cells[1].clone().map(|cell| (cell.figure, cell.share))
    };
    let text = |figure: &str, share: &str| Some((figure.to_owned(), share.to_owned()));
    assert_eq!(cell(&[const { NotRecovered }; 6], &[None; 6]), text("never", ""));
    let mixed = [const { Recovered }; 4].into_iter().chain([const { NotRecovered }; 2]).collect::<Vec<_>>();
    let times = [Some(3.0), Some(3.0), Some(3.0), Some(3.0), None, None];
    assert_eq!(cell(&mixed, &times), text("3 s", "never in 2 of 6 runs"));
    assert_eq!(cell(&[const { Recovered }; 6], &[Some(0.0); 6]), text("at once", ""));
}
