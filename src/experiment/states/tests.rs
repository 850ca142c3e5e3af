use super::*;
use crate::dice::{Stream, Times, chance, exponential, stream, unit_open_zero};
use crate::model::Dist;
use crate::record::fixture::{measure, record_of};

/// The states by mean latencies alone, the p99 in proportion.
fn by_latency(values: &[f64]) -> Option<States> {
    let known = |factor: f64| Some(values.iter().map(|value| Some(value * factor)).collect());
    states_of(|name| match name {
        "latency.all.mean_ms" => known(1.0),
        "latency.all.p99_ms" => known(8.0),
        _ => None,
    })
}

fn lognormal(median: f64, sigma: f64) -> Times {
    Times::new(&Dist::Lognormal { mu: libm::log(median), sigma })
}

/// `a` for half the runs, `b` for the other half, alternating.
fn alternating(n: usize, a: f64, b: f64) -> Vec<f64> {
    (0..n).map(|run| if run % 2 == 0 { a } else { b }).collect()
}

/// Twenty runs, of which each has collapsed with this probability: the collapsed ones are 30 times slower, and both states
/// vary by 25 % (a standard deviation of 0.25 on the logarithmic scale). The share of samples that are separated run by run.
fn power(probability: f64, rounds: u32) -> f64 {
    let (healthy, collapsed) = (lognormal(30.0, 0.25), lognormal(900.0, 0.25));
    let mut dice = stream(7, 0, "power");
    let mut found = 0;
    for _ in 0..rounds {
        let truth: Vec<bool> = (0..20).map(|_| chance(&mut dice, probability)).collect();
        let values: Vec<f64> = truth
            .iter()
            .map(|down| if *down { &collapsed } else { &healthy }.sample_f64(&mut dice))
            .collect();
        let right = by_latency(&values).is_some_and(|states| {
            let expected: Vec<usize> = (0..20).filter(|run| truth[*run]).collect();
            states.places(State::Collapsed) == expected
        });
        found += u32::from(right);
    }
    f64::from(found) / f64::from(rounds)
}

/// As docs/reliability.md states it. At 10 % no run of 20 has collapsed in 12 % of the samples, and one in 27 %.
#[test]
fn mixtures_are_found_as_often_as_stated() {
    for (probability, stated) in [(0.10, 0.58), (0.25, 0.95), (0.50, 0.99)] {
        let power = power(probability, 2_000);
        assert!(power >= stated, "{probability}: {power}");
    }
}

/// Two values and nothing between them are found whenever both occur.
#[test]
fn two_points_are_found_whenever_both_occur() {
    for collapsed in 1..20 {
        let values: Vec<f64> = (0..20).map(|run| if run < collapsed { 300.0 } else { 30.0 }).collect();
        let states = by_latency(&values).unwrap();
        assert_eq!(states.runs(State::Collapsed), Runs { count: collapsed, of: 20 });
        assert_eq!(states.places(State::Collapsed), (0..collapsed).collect::<Vec<_>>());
    }
}

/// How often 2,000 samples of one distribution are split.
fn false_alarms(n: usize, draw: &dyn Fn(&mut Stream) -> f64) -> u32 {
    let mut dice = stream(11, n as u32, "false alarms");
    let sample = |_| by_latency(&(0..n).map(|_| 10.0 * draw(&mut dice)).collect::<Vec<_>>());
    (0..2_000).map(sample).filter(Option::is_some).count() as u32
}

/// At most 2 % of 2,000 samples of each: 40. Positive values of all shapes that figures of runs have, and of some that they have not.
#[test]
fn one_state_is_hardly_ever_split() {
    // Coefficient of variation 2: sigma^2 = ln(1 + 4).
    let wide = lognormal(1.0, libm::log(5.0).sqrt());
    let gamma = Times::gamma(1.0, 4.0);
    let phases = Times::hyperexponential(1.0, 4.0);
    let normal = lognormal(1.0, 1.0);
    let z = |dice: &mut Stream| libm::log(normal.sample_f64(dice));
    let student = |dice: &mut Stream| {
        let square: f64 = (0..3).map(|_| libm::pow(z(dice), 2.0)).sum();
        (20.0 + z(dice) / (square / 3.0).sqrt()).max(0.01)
    };
    type Draw<'a> = (&'static str, Box<dyn Fn(&mut Stream) -> f64 + 'a>);
    let families: Vec<Draw<'_>> = vec![
        ("lognormal, cv 2", Box::new(|dice: &mut Stream| wide.sample_f64(dice))),
        ("normal, cv 0.2", Box::new(|dice: &mut Stream| (1.0 + 0.2 * z(dice)).max(0.01))),
        ("exponential", Box::new(exponential)),
        ("gamma, cv 2", Box::new(|dice: &mut Stream| gamma.sample_f64(dice).max(1e-12))),
        ("hyperexponential, cv 2", Box::new(|dice: &mut Stream| phases.sample_f64(dice))),
        ("power law, index 1.5", Box::new(|dice: &mut Stream| libm::pow(unit_open_zero(dice), -1.0 / 1.5))),
        ("power law, index 0.8", Box::new(|dice: &mut Stream| libm::pow(unit_open_zero(dice), -1.0 / 0.8))),
        ("Student's t, 3 degrees of freedom, cv 0.09", Box::new(student)),
    ];
    for n in [10, 20, 40] {
        for (name, draw) in &families {
            let alarms = false_alarms(n, draw);
            assert!(alarms <= 40, "{name}, {n} runs: {alarms} of 2,000");
        }
    }
}

/// Four looks at the same runs, all figures drawn independently: the worst case.
#[test]
fn several_figures_together_do_not_split_one_state_either() {
    let wide = lognormal(1.0, libm::log(5.0).sqrt());
    for n in [10, 20, 40] {
        let mut dice = stream(12, n as u32, "false alarms");
        let mut alarms = 0;
        for _ in 0..2_000 {
            let mut sample = |scale: f64, most: f64| -> Vec<Option<f64>> {
                (0..n).map(|_| Some((scale * wide.sample_f64(&mut dice)).min(most))).collect()
            };
            let (latency, errors) = (sample(10.0, f64::INFINITY), sample(0.05, 1.0));
            let (misses, load) = (sample(0.05, 1.0), sample(500.0, f64::INFINITY));
            let hits: Vec<Option<f64>> = misses.iter().map(|miss| miss.map(|miss| 1.0 - miss)).collect();
            let found = states_of(|name| match name {
                "latency.all.mean_ms" | "latency.all.p99_ms" => Some(latency.clone()),
                "error.ratio" => Some(errors.clone()),
                "hit_ratio" => Some(hits.clone()),
                "db.qps.mean" => Some(load.clone()),
                _ => None,
            });
            alarms += u32::from(found.is_some());
        }
        assert!(alarms <= 40, "{n} runs: {alarms} of 2,000");
    }
}

/// By hand: logarithms 0, 0.1, ..., 0.4 and the same 3 higher. Within a group the squares sum to 0.1, so the deviation is
/// sqrt(0.2 / 8) = 0.1581; the gap is 2.6; needed are (1 + 12/5 + 4/25) 1.6 = 5.696 deviations.
#[test]
fn the_gap_is_measured_in_deviations_within_the_groups() {
    let figures: Vec<f64> =
        (0..10).map(|run| libm::exp(f64::from(run % 5) * 0.1 + if run < 5 { 0.0 } else { 3.0 })).collect();
    let split = split(&figures, &WATCHED[0]).unwrap();
    assert!((split.clarity - 2.6 / (0.2f64 / 8.0).sqrt() / 5.696).abs() < 1e-9, "{split:?}");
    assert!((split.middle - (libm::exp(0.4) + libm::exp(3.0)) / 2.0).abs() < 1e-9);
    assert!((gap_needed(20, 10) - 2.24).abs() < 1e-12);
    assert_eq!(gap_needed(40, 1), 17.0);
}

/// Among 20 runs a single one needs a gap of 17 deviations (1 + 12 + 4), and figures that do not vary count as varying by 5 %: a gap
/// of 0.85 on the logarithmic scale.
#[test]
fn figures_that_do_not_vary_count_as_varying_by_five_percent() {
    let apart = |gap: f64| -> Vec<f64> {
        (0..20).map(|run| if run == 13 { 30.0 * libm::exp(gap) } else { 30.0 }).collect()
    };
    let clear = split(&apart(0.87), &WATCHED[0]).unwrap();
    assert!((clear.clarity - 0.87 / 0.85).abs() < 1e-9, "{clear:?}");
    assert_eq!(by_latency(&apart(0.87)).unwrap().places(State::Collapsed), [13]);
    assert_eq!(by_latency(&apart(0.83)), None);
}

/// Of the errors, 1 % instead of none is no collapse, and 2.1 % is.
#[test]
fn shares_differ_by_two_points_at_least() {
    let by_errors = |down: f64| {
        let errors: Vec<Option<f64>> = alternating(10, 0.0, down).into_iter().map(Some).collect();
        states_of(|name| (name == "error.ratio").then(|| errors.clone()))
    };
    assert!(by_errors(0.01).is_none() && by_errors(0.021).is_some());
}

#[test]
fn nine_runs_are_too_few_and_less_than_twice_does_not_matter() {
    assert!(by_latency(&alternating(9, 10.0, 1000.0)).is_none());
    assert!(by_latency(&alternating(10, 10.0, 1000.0)).is_some());
    assert!(by_latency(&alternating(10, 10.0, 19.9)).is_none());
    assert!(by_latency(&alternating(10, 10.0, 21.0)).is_some());
}

/// One request of a thousand hangs for 30 s in every other run: the mean doubles, but nothing has collapsed.
#[test]
fn a_request_that_hung_is_no_state() {
    let known = |values: Vec<f64>| Some(values.into_iter().map(Some).collect::<Vec<_>>());
    let hung = states_of(|name| match name {
        "latency.all.mean_ms" => known(alternating(20, 20.0, 50.0)),
        "latency.all.p99_ms" => known(vec![90.0; 20]),
        _ => None,
    });
    assert_eq!(hung, None);
}

/// A quantile that lies where hits end and misses begin jumps between the two by chance: the system has one state.
#[test]
fn a_percentile_between_hits_and_misses_is_no_state() {
    let known = |values: Vec<f64>| Some(values.into_iter().map(Some).collect::<Vec<_>>());
    let jumps = states_of(|name| match name {
        "latency.all.mean_ms" => known(alternating(20, 1.48, 1.52)),
        "latency.all.p99_ms" => known(alternating(20, 1.0, 50.0)),
        "hit_ratio" => known(alternating(20, 0.9902, 0.9898)),
        _ => None,
    });
    assert_eq!(jumps, None);
}

#[test]
fn the_clearest_figure_tells_the_runs_apart() {
    let errors: Vec<f64> = alternating(10, 0.0, 0.4);
    let latency: Vec<f64> = (0..10).map(|run| if run < 5 { 10.0 } else { 25.0 }).collect();
    let record = record_of(
        &[(
            "a",
            vec![
                measure("error.ratio", &errors),
                measure("latency.all.mean_ms", &latency),
                measure("latency.all.p99_ms", &latency),
            ],
        )],
        &[],
    );
    let states = states(&record.variants[0]).unwrap();
    assert_eq!(states.measure, "error.ratio");
    assert_eq!(states.words(), "collapses in 5 of 10 runs");
    assert_eq!(states.places(State::Healthy), [0, 2, 4, 6, 8]);
    assert_eq!(states.figures(&record.variants[0]), "error ratio 40.0 ± 0 % instead of 0 ± 0 %");
    let latency: Vec<Option<f64>> = latency.into_iter().map(Some).collect();
    // Healthy: 10, 10, 10, 25, 25.
    assert_eq!(states.estimate(State::Healthy, &latency).unwrap().mean, 16.0);
}
