use super::*;
use crate::record::fixture::{bimodal, measure, record_of};

/// Runs around a mean: alternately above and below it.
fn around(mean: f64, step: f64, runs: usize) -> Vec<f64> {
    (0..runs).map(|run| if run % 2 == 0 { mean + step } else { mean - step }).collect()
}

fn hits(variants: &[(&str, &[f64])]) -> Record {
    let variants: Vec<_> =
        variants.iter().map(|(name, values)| (*name, vec![measure("hit_ratio", values)])).collect();
    record_of(&variants, &["hit_ratio"])
}

#[test]
fn a_measured_run_is_held_against_single_simulated_ones() {
    let simulated = hits(&[("ttl", &around(0.9, 0.01, 10))]);
    let verdict = verdict(&simulated, &hits(&[("ttl", &[0.915, 0.93, 0.88])])).unwrap();
    let row = &verdict.variants[0].measures[0];
    // t(0.975, 9) s sqrt(1 + 1/10) with s = 0.01 sqrt(10/9).
    let half = 2.262_157 * 0.01 * (10.0f64 / 9.0).sqrt() * 1.1f64.sqrt();
    let Interval { low, high, by, simulated, .. } = row.predicted[0].interval;
    assert!((low - (0.9 - half)).abs() < 1e-6 && (high - (0.9 + half)).abs() < 1e-6);
    assert_eq!((by, simulated), (Method::Student, 10));
    let distances: Vec<f64> = row.measured.iter().map(|one| one.distance.unwrap()).collect();
    assert_eq!(distances[0], 0.0);
    assert!((distances[1] - (0.93 - high)).abs() < 1e-12 && distances[1] > 0.0);
    assert_eq!((verdict.judged, verdict.inside), (3, 2));
    assert!((row.error.unwrap() - (0.915 + 0.93 + 0.88) / 3.0 / 0.9 + 1.0).abs() < 1e-9);
}

#[test]
fn each_run_is_held_against_the_times_that_it_had() {
    let row = |values: &[f64]| {
        vec![measure("latency.all.p50_ms", values), measure("requests.all", &[5.0, 6.0, 7.0])]
    };
    let record = |values: &[f64]| record_of(&[("ttl", row(values))], &["latency.all.p50_ms"]);
    // The servers were slow while the second run was played.
    let simulated = [record(&[1.0, 1.1, 1.2]), record(&[2.0, 2.1, 2.2]), record(&[1.0, 1.1, 1.2])];
    let against = verdict_by_run(&simulated, &record(&[1.05, 2.12, 2.12])).unwrap();
    let found = &against.variants[0].measures[0];
    assert_eq!(found.measured.iter().map(Judged::is_inside).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(
        found.measured.iter().map(|one| one.twin).collect::<Vec<_>>(),
        [Some(1.0), Some(2.1), Some(1.2)]
    );
    assert!((found.error_of_twins.unwrap() - (1.05 + 2.12 + 2.12) / (1.0 + 2.1 + 1.2) + 1.0).abs() < 1e-12);
    // t(0.975, 2) s sqrt(1 + 1/3) with s = 0.1, and half a bucket.
    let [low, high] = found.measured[2].bounds.unwrap();
    let half = 4.302_653 * 0.1 * (4.0f64 / 3.0).sqrt();
    assert!((low - (1.1 - half) * 0.998).abs() < 1e-6 && (high - (1.1 + half) * 1.002).abs() < 1e-6);
    // All together are wider than each.
    assert!(found.predicted[0].interval.high > high);
    assert_eq!(found.predicted[0].interval.simulated, 9);
    assert_eq!(
        verdict_by_run(&simulated[..2], &record(&[1.05, 2.12, 2.12])),
        Err(AgainstError::TooFewRuns(0))
    );
}

#[test]
fn many_runs_need_no_law() {
    let values: Vec<f64> = (1..=39).map(f64::from).collect();
    let interval = Interval::of(&values, "1/s").unwrap();
    assert_eq!((interval.low, interval.high, interval.by), (1.0, 39.0, Method::Order));
    let values: Vec<f64> = (1..=79).map(f64::from).collect();
    let interval = Interval::of(&values, "1/s").unwrap();
    assert_eq!((interval.low, interval.high), (2.0, 78.0));
    let values: Vec<f64> = (1..=38).map(f64::from).collect();
    assert_eq!(Interval::of(&values, "1/s").unwrap().by, Method::Student);
}

#[test]
fn shares_stay_shares_and_equal_runs_have_no_spread() {
    let interval = Interval::of(&[0.999, 1.0, 0.98], "1").unwrap();
    assert_eq!(interval.high, 1.0);
    let interval = Interval::of(&[0.0; 5], "1").unwrap();
    assert_eq!((interval.low, interval.high, interval.distance(0.001)), (0.0, 0.0, 0.001));
    // Latencies are known to a bucket.
    let interval = Interval::of(&[10.0; 5], "ms").unwrap();
    assert_eq!((interval.distance(10.019), interval.distance(9.981)), (0.0, 0.0));
    assert!(interval.distance(10.021) > 0.0 && interval.distance(9.979) < 0.0);
    assert!(Interval::of(&[1.0], "1").is_none());
}

#[test]
fn one_more_run_is_inside_in_95_of_100_cases() {
    let mut dice = crate::dice::stream(7, 0, "against");
    for runs in [5, 20, 60] {
        let trials = 4000;
        let inside = (0..trials)
            .filter(|_| {
                let normal = || {
                    crate::oracle::tails::normal_quantile(
                        crate::dice::unit_open_zero(&mut dice).min(0.999_999),
                    )
                };
                let mut values: Vec<f64> =
                    std::iter::repeat_with(normal).take(runs + 1).map(|z| 100.0 + z).collect();
                let one_more = values.pop().unwrap();
                Interval::of(&values, "1/s").unwrap().distance(one_more) == 0.0
            })
            .count();
        let share = inside as f64 / f64::from(trials);
        // Whole ranks keep a little more than 95 %.
        assert!((0.94..0.975).contains(&share), "{runs} runs: {share}");
    }
}

#[test]
fn two_states_are_judged_apart() {
    let simulated = bimodal();
    let variant = &simulated.variants[0];
    let found = states(variant).unwrap();
    let healthy = found.places(State::Healthy)[0];
    let collapsed = found.places(State::Collapsed)[0];
    let mut measured = simulated.clone();
    measured.variants.truncate(1);
    for measure in &mut measured.variants[0].measures {
        measure.values = vec![measure.values[collapsed], measure.values[healthy]];
    }
    let verdict = verdict(&simulated, &measured).unwrap();
    let judged = &verdict.variants[0];
    assert_eq!(judged.runs, [State::Collapsed, State::Healthy]);
    assert_eq!(judged.states.as_deref(), Some(found.words().as_str()));
    let row = judged.measures.iter().find(|row| row.predicted.len() == 2).unwrap();
    assert!(row.measured.iter().all(Judged::is_inside) && row.error.is_none(), "{row:?}");
}

#[test]
fn only_a_certain_order_can_be_wrong() {
    let simulated = hits(&[
        ("a", &around(0.5, 0.01, 10)),
        ("b", &around(0.7, 0.02, 10)),
        ("c", &around(0.701, 0.03, 10)),
    ]);
    let measured = hits(&[("a", &[0.72, 0.71]), ("b", &[0.7, 0.7]), ("c", &[0.69, 0.69])]);
    let order = &verdict(&simulated, &measured).unwrap().orders[0];
    assert_eq!(order.simulated, ["a", "b", "c"]);
    assert_eq!(order.measured, ["c", "b", "a"]);
    assert_eq!((order.certain, order.open), (2, 1));
    let pair = |lower: &str, higher: &str| Pair { lower: lower.to_owned(), higher: higher.to_owned() };
    assert_eq!(order.wrong, [pair("a", "b"), pair("a", "c")]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let one = hits(&[("a", &[0.5])]);
    assert_eq!(verdict(&one, &one), Err(AgainstError::TooFewRuns(1)));
    let (a, b) = (hits(&[("a", &[0.5, 0.6])]), hits(&[("b", &[0.5, 0.6])]));
    let refused = verdict(&a, &b).unwrap_err().to_string();
    assert!(refused.contains("predicted are a, measured b"), "{refused}");
    assert!(predictions(&a).unwrap().orders.is_empty());
}

#[test]
fn records_of_single_runs_are_joined() {
    let mut all =
        joined(vec![hits(&[("a", &[0.5])]), hits(&[("b", &[0.1])]), hits(&[("a", &[0.6])])]).unwrap();
    assert_eq!(all.variants.remove(0).measures[0].values, [Some(0.5), None, Some(0.6)]);
    assert_eq!(all.scenario.finished, 3);
    assert!(joined(Vec::new()).is_none());
}

#[test]
fn a_run_of_the_same_traffic_is_held_against_its_twin() {
    let record = |hits: &[f64], requests: &[f64]| {
        let measures = vec![measure("hit_ratio", hits), measure("requests.all", requests)];
        record_of(&[("a", measures)], &["hit_ratio"])
    };
    let simulated = record(&[0.5, 0.7, 0.6], &[100.0, 120.0, 110.0]);
    let measured = record(&[0.51, 0.69], &[100.0, 120.0]);
    let row = &verdict(&simulated, &measured).unwrap().variants[0].measures[0];
    assert_eq!(row.measured.iter().map(|one| one.twin).collect::<Vec<_>>(), [Some(0.5), Some(0.7)]);
    assert!((row.error_of_twins.unwrap() - (1.2 / 1.2 - 1.0)).abs() < 1e-12);
    assert!((row.error.unwrap() - (0.6 / 0.6 - 1.0)).abs() < 1e-12);
    // Another number of requests, or another seed, is other traffic.
    let others = verdict(&simulated, &record(&[0.51, 0.69], &[100.0, 121.0])).unwrap();
    let row = &others.variants[0].measures[0];
    assert_eq!((row.measured[1].twin, row.error_of_twins), (None, None));
    let mut reseeded = measured.clone();
    reseeded.scenario.seed = 2;
    assert_eq!(verdict(&simulated, &reseeded).unwrap().variants[0].measures[0].error_of_twins, None);
}
