use super::*;

fn noise(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    })
}

#[test]
fn a_constant_needs_no_warm_up() {
    assert_eq!(mser5(&[Some(3.0); 500]), Some((0, 500)));
}

#[test]
fn a_drift_that_never_ends_asks_for_all_it_may() {
    let drifting: Vec<_> = (0..500).map(|i| Some(f64::from(i))).collect();
    assert_eq!(mser5(&drifting), Some((375, 500)));
}

#[test]
fn noise_alone_rarely_asks_for_half() {
    let long = (0..200)
        .filter(|seed| {
            let values: Vec<_> = noise(*seed).take(500).map(Some).collect();
            mser5(&values).unwrap().0 > 250
        })
        .count();
    assert!(long <= 4, "{long} of 200");
}

/// An exponential approach of time constant 40 under noise a twentieth as high: after three to seven time constants nothing of
/// it is left.
#[test]
fn an_approach_is_cut_once_it_drowns_in_noise() {
    for seed in 0..50 {
        let values: Vec<_> = noise(seed)
            .take(1000)
            .enumerate()
            .map(|(i, noise)| Some(20.0 * (-(i as f64) / 40.0).exp() + noise))
            .collect();
        let dropped = mser5(&values).unwrap().0;
        assert!((80..=400).contains(&dropped), "{dropped}");
    }
}

/// A rare event that happens in no window of the second half makes what is left look perfectly settled.
#[test]
fn a_few_windows_unlike_all_others_are_no_drift() {
    let rare = |at: &[usize]| {
        let mut values = vec![Some(0.0); 500];
        at.iter().for_each(|&at| values[at] = Some(0.2));
        values
    };
    let late = rare(&[13, 102, 190, 304, 333]);
    assert_eq!(mser5(&late), Some((335, 500)));
    assert_eq!(truncation(&late), Some((0, 500)));
    // A queue that empties and stays empty is a transient all the same.
    let emptied: Vec<_> = (0..500).map(|i| Some(if i < 60 { 60.0 - i as f64 } else { 0.0 })).collect();
    assert_eq!(truncation(&emptied), Some((60, 500)));
    let drifting: Vec<_> = (0..500).map(|i| Some(f64::from(i))).collect();
    assert!(truncation(&drifting).unwrap().0 > 250);
}

/// A step at 40: where the least error is flat, noise moves it by up to twelve batches, and the smallest nearly as good by two.
#[test]
fn noise_moves_a_truncation_little() {
    type Rule = fn(&[Option<f64>]) -> Option<(usize, usize)>;
    let dropped = |seed, rule: Rule| {
        let step = |(i, noise)| Some(if i < 40 { 3.0 } else { 0.0 } + noise);
        let values: Vec<_> = noise(seed).take(500).enumerate().map(step).collect();
        rule(&values).unwrap().0
    };
    assert_eq!((0..50).map(|seed| dropped(seed, mser5)).max(), Some(100));
    let found: Vec<usize> = (0..50).map(|seed| dropped(seed, truncation)).collect();
    assert!(found.iter().all(|dropped| (40..=50).contains(dropped)), "{found:?}");
    assert_eq!(found.iter().filter(|&&dropped| dropped == 40).count(), 48);
}

#[test]
fn a_batch_without_values_leaves_it_open() {
    let mut values = vec![Some(1.0); 100];
    values[50..55].fill(None);
    assert_eq!(mser5(&values), None);
    assert_eq!(mser5(&[]), None);
}

const SCENARIO: &str = "question = \"How long does it take on auto?\"\nduration = \"10s\"\nwarmup = \"auto\"\n\
                        [workload]\nkeys = 5\narrivals = { constant = { rate = 3 } }\n[database]\nread = \"1ms\"\n";

fn experiment(scenario: &str) -> Experiment {
    let nothing = crate::scenario::Overrides::default();
    crate::scenario::parse(scenario, "warm.toml", std::path::Path::new(""), &nothing).unwrap()
}

/// Of a run of 10 s with 30 requests: as long as the ttl if that is longer, else twice as long; and for 500 windows with a
/// request each 17 times as long.
#[test]
fn the_first_length_to_try_is_that_of_what_was_missing() {
    const S: Nanos = 1_000_000_000;
    let experiment = experiment(SCENARIO);
    let drifts = Unsettled::Drifts("hit_ratio".into());
    assert_eq!(shortest(&experiment, &drifts, 25 * S), 25 * S);
    assert_eq!(shortest(&experiment, &drifts, 7 * S), 20 * S);
    let sparse = Unsettled::Sparse("hit_ratio".into());
    assert_eq!(shortest(&experiment, &sparse, 7 * S), 170 * S);
    assert_eq!(shortest(&experiment, &sparse, 300 * S), 300 * S);
}

#[test]
fn the_place_is_the_line_that_sets_the_warm_up() {
    assert_eq!(place(&experiment(SCENARIO)), "warm.toml:3");
    let mut elsewhere = experiment(SCENARIO);
    elsewhere.source = elsewhere.source.replace("warmup = \"auto\"", "window = \"1s\"");
    assert_eq!(place(&elsewhere), "warm.toml", "set on the command line");
}
