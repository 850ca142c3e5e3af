use super::*;
use crate::catalog::computed::measures;
use crate::live::player::fixture;
use crate::live::player::log::TierSample;

const MS: Nanos = 1_000_000;

/// Four requests a second for two seconds, the first of which is warm-up.
const SCENARIO: &str = r#"
        question = "?"
        duration = "2s"
        warmup = "1s"
        workload = { arrivals = { constant = { rate = 4 } }, keys = 10, write_share = 0.1 }
        database = { read = "1ms", servers = 1, pool = 2 }
        [[tier]]
        name = "l2"
        scope = "shared"
        ttl = "60s"
    "#;

fn end(request: u32, at_ms: Nanos, outcome: Outcome, keys: Vec<KeyEnd>) -> End {
    let at_ns = at_ms * MS;
    End { request, at_ns, begun_ns: at_ns, outcome, cause: None, rolled_back: false, keys }
}

fn value(name: &str, model: &Model, recorder: &Recorder) -> Option<f64> {
    let measures = measures(model, recorder);
    measures.iter().find(|measure| measure.name == name).unwrap_or_else(|| panic!("no {name}")).value
}

#[test]
fn measures_are_those_of_the_measured_part() {
    let (model, tables) = fixture::model(SCENARIO);
    let schedule = Schedule::draw(&model, &tables, 1, 0, 100).unwrap();
    assert_eq!(
        schedule.requests.iter().map(|request| request.at_ns / MS).collect::<Vec<_>>(),
        [0, 250, 500, 750, 1_000, 1_250, 1_500, 1_750]
    );
    let key = |outcome, tier, version| KeyEnd { key: 3, outcome, tier, version, is_negative: false };
    let hit = |version| vec![key(Outcome::Hit, Some(0), version)];
    let miss = vec![key(Outcome::Miss, None, 1)];
    let log = Log {
        client_ns: Vec::new(),
        ends: vec![
            end(0, 10, Outcome::Miss, miss.clone()),
            end(1, 251, Outcome::Hit, hit(0)),
            end(2, 501, Outcome::Hit, hit(0)),
            end(3, 800, Outcome::Write, Vec::new()),
            // Superseded 50 ms after the intended start of the write, 200 ms before this read.
            end(4, 1_002, Outcome::Hit, hit(0)),
            end(5, 1_252, Outcome::Hit, hit(1)),
            end(6, 1_540, Outcome::Miss, miss),
        ],
        commits: vec![Commit { key: 3, version: 1, at_ns: 800 * MS }],
        facts: [
            (1_500, What::DbTaken { waited_ns: 0 }),
            (1_500, What::DbArrived { rows: 0 }),
            (1_510, What::DbBegan { waited_ns: 10 * MS, drawn_ns: MS }),
            (1_540, What::DbEnded),
            (1_540, What::DbFreed),
        ]
        .map(|(at_ms, what)| Fact { at_ns: at_ms * MS, what })
        .to_vec(),
        samples: Vec::new(),
        end_ns: 2_250 * MS,
    };
    let recorder = keep(&model, &schedule, log);
    let of = |name| value(name, &model, &recorder);
    assert_eq!(of("requests.all"), Some(4.0));
    assert_eq!(of("requests.unfinished.ratio"), Some(0.25));
    assert_eq!(of("hit_ratio"), Some(2.0 / 3.0));
    assert_eq!(of("stale.ratio"), Some(1.0 / 3.0));
    assert!((of("stale.age.p50_s").unwrap() - 0.2).abs() < 0.001);
    // In service from 1.51 to 1.54 s, a connection taken for 40 ms of two.
    assert_eq!(of("db.utilization"), Some(0.03));
    assert_eq!(of("db.pool.saturation"), Some(0.02));
    assert_eq!(of("db.waited.ratio"), Some(1.0));
    assert!((of("db.queue.mean_ms").unwrap() - 10.0).abs() < 0.1);
    assert_eq!(of("db.queue.peak"), Some(1.0));
    // 2 + 2 + 40 + 250 ms in a second.
    assert!((of("requests.in_system.mean").unwrap() - 0.294).abs() < 1e-9);
    assert!((of("latency.miss.p50_ms").unwrap() - 40.0).abs() < 0.2);
}

#[test]
fn a_commit_that_is_learnt_of_late_supersedes_no_later_than_the_next_one() {
    let commit = |version, at_ns| Commit { key: 1, version, at_ns };
    let versions = Superseded::new(&[commit(1, 500), commit(2, 400), commit(4, 900)]);
    let of = |version| versions.of(1, version);
    assert_eq!([of(0), of(1), of(2), of(3), of(4)], [Some(400), Some(400), Some(900), Some(900), None]);
    assert_eq!(versions.of(2, 0), None);
}

#[test]
fn a_counter_of_a_server_that_was_restarted_begins_anew() {
    let (model, tables) = fixture::model(SCENARIO);
    let schedule = Schedule::draw(&model, &tables, 1, 0, 100).unwrap();
    let sample = |(at_ms, evictions): (Nanos, u64)| Sample {
        at_ns: at_ms * MS,
        tiers: vec![TierSample { evictions, entries: 7, ..TierSample::default() }],
    };
    let samples = [(0, 100), (1_100, 120), (1_500, 5), (1_900, 9)].map(sample).to_vec();
    let recorder = keep(&model, &schedule, Log { samples, end_ns: 2_000 * MS, ..Log::default() });
    assert_eq!(value("tier.l2.evictions.rate", &model, &recorder), Some(29.0));
    assert_eq!(value("tier.l2.entries.peak", &model, &recorder), Some(7.0));
}
