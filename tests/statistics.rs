//! What the statistics promise, tried on systems whose truth is known.

mod support;

use std::path::Path;

use herdlab::experiment::comparison::{Verdict, compare};
use herdlab::experiment::run::{RunError, RunOptions, run};
use herdlab::experiment::statistics::estimate;
use herdlab::model::Experiment;
use herdlab::record::Record;
use herdlab::scenario::{Overrides, parse};
use support::simulate;

fn scenario(source: &str, seed: u64, replications: u32) -> Experiment {
    let overrides = Overrides { seed: Some(seed), replications: Some(replications), ..Overrides::default() };
    parse(source, "known.toml", Path::new(""), &overrides).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Independent repetitions of an experiment: the replications of one long run, ten by ten.
fn repetitions(record: &Record, variant: usize, measure: &str) -> Vec<Vec<f64>> {
    let values: Vec<f64> =
        record.variants[variant].measure(measure).unwrap().values.iter().map(|v| v.unwrap()).collect();
    values.chunks(10).map(<[f64]>::to_vec).collect()
}

/// One key, TTL 1 s, 10 reads per second, no delays: of lT + 1 reads in a cycle lT hit (10 of 11). From its stationary
/// state on, so that the mean over a run is exact.
const ONE_KEY: &str = r#"
question = "How often do 95 % intervals cover the truth?"
duration = "100s"
window = "100s"
[workload]
arrivals = { poisson = { rate = 10 } }
keys = 1
[[tier]]
name = "l2"
scope = "shared"
ttl = "1s"
prefill = { hottest = "all", age = "stationary" }
[database]
read = "0s"
"#;

#[test]
fn intervals_cover_a_known_mean_as_often_as_they_promise() {
    let record = simulate(&scenario(ONE_KEY, 1, 10_000), 0);
    for (measure, truth) in [("hit_ratio", 10.0 / 11.0), ("db.qps.mean", 10.0 / 11.0)] {
        let repetitions = repetitions(&record, 0, measure);
        assert_eq!(repetitions.len(), 1000);
        let covered = repetitions
            .iter()
            .filter(|values| {
                let (low, high) = estimate(values).unwrap().interval.unwrap();
                (low..=high).contains(&truth)
            })
            .count();
        assert!((930..=970).contains(&covered), "{measure}: {covered} of 1,000 intervals cover {truth}");
    }
}

/// A comparison of `a` and `b`, ten replications of each out of two long runs; how often it says anything but "tie".
fn differences_declared(a: &Record, b: &Record, index_of_b: usize) -> (usize, usize) {
    let repetitions = a.scenario.finished as usize / 10;
    let mut declared = 0;
    for repetition in 0..repetitions {
        let part = |record: &Record, index: usize, name: &str| {
            let mut variant = record.variants[index].clone();
            variant.name = name.to_owned();
            for measure in &mut variant.measures {
                measure.values = measure.values[repetition * 10..][..10].to_vec();
            }
            variant
        };
        let mut pair = a.clone();
        pair.scenario.finished = 10;
        pair.scenario.baseline = 0;
        pair.variants = vec![part(a, 0, "a"), part(b, index_of_b, "b")];
        let comparison = compare(&pair);
        let said = comparison.variants[1].measures.iter().any(|measure| {
            matches!(measure.verdict, Some(Verdict::Better | Verdict::Worse | Verdict::NoVerdict))
                && measure.difference.is_some()
        });
        declared += usize::from(said);
    }
    (declared, repetitions)
}

/// A busy little system with noise in all its headline measures.
const NOISY: &str = r#"
question = "How often is a difference declared where there is none?"
duration = "30s"
window = "5s"
coalescing = "none"
[workload]
arrivals = { poisson = { rate = 60 } }
keys = 30
popularity = { zipf = { exponent = 1.0 } }
[[tier]]
name = "l2"
scope = "shared"
ttl = "3s"
jitter = { around = "50%" }
capacity = 20
eviction = "random"
[[tier]]
name = "other"
enabled = false
scope = "shared"
ttl = "3s"
jitter = { around = "50%" }
capacity = 20
eviction = "random"
[database]
servers = 2
read = { exponential = { mean = "30ms" } }
[[variant]]
name = "a"
[[variant]]
name = "b"
set = { "tier.l2.enabled" = false, "tier.other.enabled" = true }
"#;

#[test]
fn identical_systems_with_independent_seeds_are_a_tie() {
    let first = simulate(&scenario(NOISY, 1, 2000), 0);
    let second = simulate(&scenario(NOISY, 2, 2000), 0);
    let (declared, of) = differences_declared(&first, &second, 0);
    assert!(declared * 20 <= of, "{declared} of {of} comparisons of a system with itself");
}

/// The two variants draw jitter and victims from streams of their own (named by the tier); all else is the same traffic.
#[test]
fn systems_that_differ_only_in_their_coins_are_a_tie() {
    let record = simulate(&scenario(NOISY, 3, 2000), 0);
    let values = |index: usize| &record.variants[index].measure("hit_ratio").unwrap().values;
    assert_ne!(values(0), values(1), "the coins do differ");
    let (declared, of) = differences_declared(&record, &record, 1);
    assert!(declared * 20 <= of, "{declared} of {of} comparisons of a system with itself");
}

/// An empty cache of 60 s fills: nothing is stationary before the first entries expire.
const FILLING: &str = r#"
question = "How long does it take to settle?"
duration = "1200s"
warmup = "auto"
[workload]
arrivals = { poisson = { rate = 50 } }
keys = 2000
popularity = { zipf = { exponent = 0.8 } }
[[tier]]
name = "l2"
scope = "shared"
ttl = "60s"
[database]
read = "10ms"
"#;

#[test]
fn a_warm_up_is_found_where_the_cache_is_full() {
    let record = simulate(&scenario(FILLING, 1, 6), 0);
    assert!(record.scenario.warmup_found);
    let warmup_s = record.scenario.warmup_s;
    // One TTL, or a little less where the last of it drowns in noise.
    assert!((30.0..=240.0).contains(&warmup_s), "{warmup_s}");
    let given = FILLING.replace("\"auto\"", &format!("\"{warmup_s}s\""));
    let measures = |record: &Record| record.variants[0].measures.clone();
    assert_eq!(
        measures(&simulate(&scenario(&given, 1, 6), 0)),
        measures(&record),
        "found is as good as given"
    );
}

#[test]
fn a_run_that_is_too_short_is_refused_with_a_length_that_would_do() {
    let of = |duration: &str| FILLING.replace("1200s", duration).replace("rate = 50", "rate = 500");
    let refused = |source: &str| match run(&scenario(source, 1, 6), &RunOptions::default()) {
        Err(RunError::TooShort(short)) => Some(short.enough_ns),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    };
    let enough_ns = refused(&of("8s")).expect("refused").expect("a cache with a TTL settles");
    assert_eq!(refused(&of(&format!("{}s", enough_ns / 1_000_000_000))), None);
}

/// A queue that grows as long as the run: no length would do.
#[test]
fn a_system_that_never_settles_is_told_so() {
    let source = FILLING.replace("1200s", "60s").replace("read = \"10ms\"", "servers = 1\nread = \"100ms\"");
    let problem = run(&scenario(&source, 1, 6), &RunOptions::default()).map(|_| ()).unwrap_err();
    assert!(matches!(&problem, RunError::TooShort(short) if short.enough_ns.is_none()), "{problem}");
    assert!(problem.to_string().contains("never settles"), "{problem}");
    assert!(problem.to_string().contains("longer than the longest ttl (1m)"), "{problem}");
}

/// A run that is shorter than the ttl, or has hardly a request, looks settled by accident at best.
#[test]
fn a_run_that_cannot_tell_is_refused_with_the_place_and_a_length() {
    for (duration, extra, reason) in [
        ("2s", "", "is shorter than the ttl of tier l2 in variant \"base\", 1m"),
        ("20ms", "ttl = \"1ms\"", "20ms have too few requests for telling hit_ratio over time"),
    ] {
        let mut source = FILLING.replace("1200s", duration);
        if !extra.is_empty() {
            source = source.replace("ttl = \"60s\"", extra);
        }
        let problem = run(&scenario(&source, 1, 3), &RunOptions::default()).map(|_| ()).unwrap_err();
        let RunError::TooShort(short) = &problem else { panic!("{problem}") };
        let text = problem.to_string();
        assert!(text.contains(reason) && text.contains("known.toml:4: "), "{text}");
        let enough_ns = short.enough_ns.expect("some length would do");
        assert!(enough_ns > short.duration_ns && text.contains("would do"), "{text}");
    }
}

#[test]
fn replications_are_added_until_the_interval_is_narrow_enough() {
    let precise = |relative: f64| {
        let precision = format!("precision = {{ measure = \"hit_ratio\", relative = {relative} }}\n");
        let record = simulate(&scenario(&format!("{precision}{ONE_KEY}"), 1, 5), 0);
        let reached = record.scenario.precision.clone().unwrap().reached;
        (record, reached)
    };
    let (coarse, reached) = precise(0.5);
    assert!(reached && coarse.scenario.finished == 5);
    let (fine, reached) = precise(0.003);
    let values: Vec<f64> =
        fine.variants[0].measure("hit_ratio").unwrap().values.iter().map(|v| v.unwrap()).collect();
    let estimate = estimate(&values).unwrap();
    assert!(reached && estimate.half_width().unwrap() <= 0.003 * estimate.mean);
    assert!(fine.scenario.finished > 5 && fine.scenario.replications == fine.scenario.finished);
    // The first five are the same traffic as before.
    assert_eq!(
        values[..5],
        coarse.variants[0]
            .measure("hit_ratio")
            .unwrap()
            .values
            .iter()
            .map(|v| v.unwrap())
            .collect::<Vec<_>>()[..]
    );
    let (spent, reached) = precise(0.00001);
    assert!(!reached && spent.scenario.finished == 100);
}
