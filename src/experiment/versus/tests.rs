//! Verdicts on pairs of hand-made records.

use proptest::prelude::*;

use super::*;
use crate::record::fixture::{measure, record_of, stampede};

const BEFORE: [f64; 8] = [100.0, 102.0, 98.0, 101.0, 99.0, 100.0, 103.0, 97.0];
const REQUESTS: [f64; 8] = [1000.0, 1010.0, 990.0, 1003.0, 1020.0, 999.0, 1001.0, 1005.0];

fn record(requests: &[f64], values: &[f64]) -> Record {
    let measures = vec![
        measure("db.qps.mean", values),
        measure("db.qps.peak", values),
        measure("requests.all", requests),
    ];
    record_of(&[("a", measures)], &["db.qps.mean"])
}

fn compared(before: &Record, after: &Record) -> Versus {
    compare(before, &[after]).unwrap().remove(0)
}

fn judged<'v>(versus: &'v Versus, name: &str) -> &'v MeasureVersus {
    versus.variants[0].measure(name).unwrap()
}

#[test]
fn the_same_traffic_is_compared_in_pairs() {
    let before = record(&REQUESTS, &BEFORE);
    // Two per cent more in every pair, which the spread of the values (as large) would hide from independent samples.
    let after = record(&REQUESTS, &BEFORE.map(|value| value + 2.0 + value * 0.001));
    let versus = compared(&before, &after);
    let qps = judged(&versus, "db.qps.mean");
    assert_eq!((versus.variants[0].method.clone(), qps.verdict), (Method::Paired, Some(Verdict::Worse)));
    assert!((qps.regression().unwrap() - 0.021).abs() < 1e-9, "{qps:?}");
    // Not a headline measure: shown, not judged.
    assert_eq!(judged(&versus, "db.qps.peak").verdict, None);
    // The other way round the same change is a gain, and no regression.
    let back = compared(&after, &before);
    let qps = judged(&back, "db.qps.mean");
    assert_eq!((qps.verdict, qps.regression()), (Some(Verdict::Better), None));
}

#[test]
fn other_seeds_or_other_traffic_are_independent_samples() {
    let before = record(&REQUESTS, &BEFORE);
    let mut after = record(&REQUESTS, &BEFORE.map(|value| value + 2.1));
    after.scenario.seed = 2;
    let versus = compared(&before, &after);
    let Method::Welch(reason) = &versus.variants[0].method else { panic!("paired") };
    assert_eq!(reason, "the seeds differ, 1 and 2");
    assert_eq!(
        judged(&versus, "db.qps.mean").verdict,
        Some(Verdict::Tie),
        "less than the spread of the values"
    );
    let far = record(&REQUESTS.map(|requests| requests + 1.0), &BEFORE.map(|value| value * 1.5));
    let versus = compared(&before, &far);
    assert!(
        matches!(&versus.variants[0].method, Method::Welch(reason) if reason.contains("requests differ"))
    );
    let qps = judged(&versus, "db.qps.mean");
    assert_eq!(qps.verdict, Some(Verdict::Worse));
    assert!((qps.regression().unwrap() - 0.5).abs() < 1e-9);
    // 8 and 8 values: of the 12,870 divisions this one and its mirror image are the farthest apart.
    assert_eq!(qps.p_free, Some(2.0 / 12_870.0));
}

#[test]
fn a_tie_says_what_it_could_have_seen() {
    let before = record(&REQUESTS, &BEFORE);
    let same = compared(&before, &before);
    // However narrow, differences below one per cent do not count.
    assert_eq!(judged(&same, "db.qps.mean").detectable, Some(1.0));
}

#[test]
fn more_replications_on_one_side_are_left_out_of_pairs() {
    let before = record(&REQUESTS[..6], &BEFORE[..6]);
    let after = record(&REQUESTS, &BEFORE.map(|value| value * 2.0));
    let versus = compared(&before, &after);
    assert_eq!(versus.variants[0].replications, (6, 6));
    let qps = judged(&versus, "db.qps.mean");
    assert_eq!((qps.before.unwrap().n, qps.after.unwrap().n, qps.after.unwrap().mean), (6, 6, 200.0));
    assert_eq!(qps.difference.unwrap().mean, 100.0);
}

#[test]
fn five_replications_give_no_verdict() {
    let before = record(&REQUESTS[..5], &BEFORE[..5]);
    let after = record(&REQUESTS[..5], &BEFORE.map(|value| value * 2.0)[..5]);
    assert_eq!(judged(&compared(&before, &after), "db.qps.mean").verdict, Some(Verdict::NoVerdict));
}

#[test]
fn variants_are_matched_by_name_and_the_others_are_listed() {
    let (before, after) = (stampede(3), stampede(4));
    let mut after = after;
    after.variants.remove(1);
    let versus = compared(&before, &after);
    let names: Vec<&str> = versus.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["ttl only", "singleflight"]);
    assert_eq!(versus.only_before, ["jitter"]);
    assert_eq!(versus.only_after, ["xfetch"]);
    let mut renamed = stampede(1);
    renamed.variants[0].name = "else".to_owned();
    let (index, refusal) = compare(&stampede(1), &[&stampede(1), &renamed]).unwrap_err();
    assert_eq!(index, 1);
    assert_eq!(refusal.to_string(), "they have no variant in common: ttl only and else");
}

#[test]
fn versions_are_not_compared_and_lengths_are_warned_of() {
    let before = record(&REQUESTS, &BEFORE);
    let mut after = record(&REQUESTS, &BEFORE.map(|value| value * 2.0));
    after.scenario.headline = vec!["db.qps.mean".to_owned(), "db.qps.peak".to_owned()];
    after.scenario.duration_s *= 2.0;
    after.scenario.name = "longer".to_owned();
    let versus = compared(&before, &after);
    assert_eq!(versus.cautions[0], "The scenarios differ: example and longer.");
    assert!(versus.cautions[1].contains("120 s with 20 s of warm-up"), "{:?}", versus.cautions);
    assert_eq!(judged(&versus, "db.qps.peak").verdict, Some(Verdict::NoVerdict));
    assert_eq!(judged(&versus, "db.qps.mean").verdict, Some(Verdict::Worse));
    after.herdlab = "0.3.0".to_owned();
    let (_, refusal) = compare(&before, &[&after]).unwrap_err();
    assert!(refusal.to_string().contains("different versions of herdlab, 0.2.0 and 0.3.0"));
}

/// Between schemas it is known which measures changed their meaning: these are named and not judged, the others are.
#[test]
fn an_older_record_is_compared_but_for_measures_whose_meaning_changed() {
    let headline = vec!["db.qps.mean".to_owned(), "db.qps.peak".to_owned()];
    let mut before = record(&REQUESTS, &BEFORE);
    (before.schema, before.herdlab) = (1, "0.0.9".to_owned());
    let mut after = record(&REQUESTS, &BEFORE.map(|value| value * 1.5));
    after.scenario.headline = headline;
    for (first, second, verdict) in [(&before, &after, Verdict::Worse), (&after, &before, Verdict::Better)] {
        let versus = compared(first, second);
        assert_eq!(judged(&versus, "db.qps.mean").verdict, Some(verdict));
        assert_eq!(judged(&versus, "db.qps.peak").verdict, Some(Verdict::NoVerdict));
        assert!(versus.cautions[0].contains("0.0.9"), "{:?}", versus.cautions);
        assert!(versus.cautions[1].contains("db.qps.peak (then the busiest window"), "{:?}", versus.cautions);
    }
}

#[test]
fn a_value_that_is_gone_is_told() {
    let before = record(&REQUESTS, &BEFORE);
    let mut after = before.clone();
    after.variants[0].measures[0].values = vec![None; 8];
    let versus = compared(&before, &after);
    assert_eq!(versus.cautions, ["db.qps.mean of a has no value after, so it gets no verdict."]);
    assert_eq!(judged(&versus, "db.qps.mean").verdict, Some(Verdict::NoVerdict));
}

/// From nothing to something has no percentage, and is a regression however much is allowed.
#[test]
fn errors_where_there_were_none_are_a_regression_without_bound() {
    let errors = |value: f64| {
        let measures = vec![measure("error.ratio", &[value; 8]), measure("requests.all", &REQUESTS)];
        record_of(&[("a", measures)], &["error.ratio"])
    };
    let versus = compared(&errors(0.0), &errors(0.02));
    assert_eq!(judged(&versus, "error.ratio").regression(), Some(f64::INFINITY));
}

/// A hit ratio is judged by its smaller side: from 99 to 98 % the misses double.
#[test]
fn a_ratio_is_a_share_of_its_smaller_side() {
    let hits = |value: f64| {
        let measures = vec![measure("hit_ratio", &[value; 8]), measure("requests.all", &REQUESTS)];
        record_of(&[("a", measures)], &["hit_ratio"])
    };
    let versus = compared(&hits(0.99), &hits(0.98));
    assert!((judged(&versus, "hit_ratio").regression().unwrap() - 1.0).abs() < 1e-9);
}

#[test]
fn the_correction_spans_records_and_variants() {
    let before = record(&REQUESTS, &BEFORE);
    let shifted: Vec<f64> =
        BEFORE.iter().zip([3.0, 1.0, 4.0, -0.5, 2.5, 2.0, -0.2, 3.5]).map(|(value, d)| value + d).collect();
    let after = record(&REQUESTS, &shifted);
    let alone = compare(&before, &[&after]).unwrap();
    let beside = compare(&before, &[&after, &before, &before]).unwrap();
    let p = |versus: &Versus| judged(versus, "db.qps.mean").p_corrected.unwrap();
    assert!((p(&beside[0]) - 3.0 * p(&alone[0])).abs() < 1e-12);
}

proptest! {
    /// A record against itself: nothing differs, whatever it holds and whichever test is used.
    #[test]
    fn nothing_differs_from_itself(
        values in proptest::collection::vec(proptest::option::of(-1e9..1e9f64), 6..25),
        requests in proptest::collection::vec(0.0..1e6f64, 25),
        pairs in any::<bool>(),
    ) {
        let n = values.len();
        let mut before = record(&requests[..n], &vec![0.0; n]);
        before.variants[0].measures[0].values = values;
        let mut after = before.clone();
        after.scenario.seed += u64::from(!pairs);
        let versus = compared(&before, &after);
        prop_assert_eq!(versus.variants[0].method == Method::Paired, pairs);
        let qps = judged(&versus, "db.qps.mean");
        prop_assert!(matches!(qps.verdict, Some(Verdict::Tie | Verdict::NoVerdict)));
        let known = before.variants[0].measures[0].values.iter().flatten().count();
        prop_assert_eq!(qps.verdict == Some(Verdict::Tie), known >= VERDICT_REPLICATIONS_MIN);
        prop_assert_eq!(qps.regression(), None);
    }
}
