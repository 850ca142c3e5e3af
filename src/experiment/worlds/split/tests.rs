use rand::Rng as _;

use super::*;
use crate::dice::stream;

fn input(path: &str, low: f64, high: f64) -> Input {
    Input {
        path: path.into(),
        text: "{ }".into(),
        unit: "count".into(),
        whole: false,
        low,
        high,
        likely: None,
    }
}

/// Uniform on 0 to 1, from a stream of its own.
fn uniform(name: &str, count: usize) -> Vec<f64> {
    let mut stream = stream(5, 0, name);
    (0..count).map(|_| (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64).collect()
}

/// y = 3 a + b + noise with a and b uniform on 0 to 1 and noise uniform on -1 to 1 (times `noise`), two runs per world.
fn linear(worlds: usize, noise: f64) -> (Vec<Vec<f64>>, Vec<Vec<Option<f64>>>) {
    let (a, b) = (uniform("a", worlds), uniform("b", worlds));
    let luck = uniform("luck", 2 * worlds);
    let values: Vec<Vec<f64>> = a.iter().zip(&b).map(|(a, b)| vec![*a, *b]).collect();
    let run =
        |world: usize, run: usize| 3.0 * a[world] + b[world] + noise * (2.0 * luck[2 * world + run] - 1.0);
    let runs = (0..worlds).map(|world| vec![Some(run(world, 0)), Some(run(world, 1))]).collect();
    (values, runs)
}

#[test]
fn without_luck_the_shares_of_a_linear_system_are_those_of_theory() {
    let (worlds, runs) = linear(12, 0.0);
    let split = split(&[input("a", 0.0, 1.0), input("b", 0.0, 1.0)], &worlds, &runs).unwrap();
    let shares = split.shares.unwrap();
    // Variances 9 / 12 and 1 / 12.
    assert!((shares.inputs[0].share - 0.9).abs() < 1e-6 && (shares.inputs[1].share - 0.1).abs() < 1e-6);
    assert!(shares.luck < 1e-12 && shares.rest < 1e-9, "{shares:?}");
    // Over the other input: 3 a + 1/2, and 3/2 + b.
    let ends = |effect: Effect| (effect.at_low, effect.at_high);
    let near = |(a, b): (f64, f64), (c, d): (f64, f64)| (a - c).abs() < 1e-6 && (b - d).abs() < 1e-6;
    assert!(
        near(ends(shares.inputs[0]), (0.5, 3.5)) && near(ends(shares.inputs[1]), (1.5, 2.5)),
        "{shares:?}"
    );
    assert!((shares.inputs[0].swing() - 3.0).abs() < 1e-6);
}

#[test]
fn with_luck_they_are_so_within_the_error_of_the_estimates() {
    let count = 4_000;
    let (worlds, runs) = linear(count, 2.0);
    let split = split(&[input("a", 0.0, 1.0), input("b", 0.0, 1.0)], &worlds, &runs).unwrap();
    let shares = split.shares.unwrap();
    // Noise on -2 to 2 has the variance 16 / 12: of 26 / 12 in all, luck is 16/26, a 9/26, b 1/26. The pooled variance of
    // luck has a relative standard error of sqrt((kurtosis - 1 + 2) / 2 / 4000) = 1.9 %, a coefficient of the fit one of
    // sqrt(8 / 12 / 4000) = 0.013 to 0.87: both less than a tenth of a share in six of them.
    for (share, expected) in [
        (shares.luck, 16.0 / 26.0),
        (shares.inputs[0].share, 9.0 / 26.0),
        (shares.inputs[1].share, 1.0 / 26.0),
        (shares.rest, 0.0),
    ] {
        assert!((share - expected).abs() < 0.04, "{share} instead of {expected}: {shares:?}");
    }
    assert!(
        (shares.luck + shares.rest + shares.inputs.iter().map(|one| one.share).sum::<f64>() - 1.0).abs()
            < 1e-9
    );
}

#[test]
fn luck_alone_is_no_input_on_average() {
    // y does not depend on a: the squared coefficients alone would give it 2 of 20 parts of the spread of the means.
    let spurious = |trial: usize| {
        let worlds: Vec<Vec<f64>> = uniform(&format!("a{trial}"), 20).into_iter().map(|a| vec![a]).collect();
        let luck = uniform(&format!("l{trial}"), 40);
        let runs: Vec<Vec<Option<f64>>> =
            luck.chunks(2).map(|pair| vec![Some(pair[0]), Some(pair[1])]).collect();
        split(&[input("a", 0.0, 1.0)], &worlds, &runs).unwrap().shares.unwrap().inputs[0].share
    };
    let average = (0..200).map(spurious).sum::<f64>() / 200.0;
    // Cut off at zero, the estimate of nothing is a little above it.
    assert!(average < 0.035, "{average}");
}

#[test]
fn a_parabola_is_the_inputs_own_and_a_product_is_the_rest() {
    // A grid of midpoints, so that the polynomials are all but orthogonal on it.
    let steps = 20;
    let middle = |index: usize| (index as f64 + 0.5) / steps as f64 * 2.0 - 1.0;
    let worlds: Vec<Vec<f64>> =
        (0..steps * steps).map(|index| vec![middle(index / steps), middle(index % steps)]).collect();
    let of = |y: fn(f64, f64) -> f64| {
        let runs: Vec<Vec<Option<f64>>> = worlds.iter().map(|x| vec![Some(y(x[0], x[1])); 2]).collect();
        split(&[input("a", -1.0, 1.0), input("b", -1.0, 1.0)], &worlds, &runs).unwrap().shares.unwrap()
    };
    let parabola = of(|a, _| a * a);
    assert!(parabola.inputs[0].share > 0.999 && parabola.inputs[1].share < 1e-6, "{parabola:?}");
    assert!(parabola.inputs[0].swing() < 1e-3, "both ends are as high");
    // Neither input moves the mean of the product by itself.
    let product = of(|a, b| a * b);
    assert!(product.rest > 0.99 && product.inputs[0].share < 1e-6, "{product:?}");
    // a + a b: variances 1/3 and 1/9.
    let both = of(|a, b| a + a * b);
    assert!((both.inputs[0].share - 0.75).abs() < 0.01 && (both.rest - 0.25).abs() < 0.01, "{both:?}");
}

#[test]
fn few_worlds_tell_inputs_together_and_none_apart() {
    let (worlds, runs) = linear(5, 0.0);
    let inputs = [input("a", 0.0, 1.0), input("b", 0.0, 1.0)];
    let shares = split(&inputs, &worlds, &runs).unwrap().shares.unwrap();
    assert_eq!((shares.inputs.len(), shares.luck, shares.rest), (0, 0.0, 1.0));
    assert_eq!(worlds_min(2), 6);
    let (worlds, runs) = linear(6, 0.0);
    assert_eq!(split(&inputs, &worlds, &runs).unwrap().shares.unwrap().inputs.len(), 2);
}

#[test]
fn a_measure_that_never_changes_has_no_shares_and_missing_values_leave_their_world_out() {
    let worlds: Vec<Vec<f64>> = uniform("a", 8).into_iter().map(|a| vec![a]).collect();
    let mut runs = vec![vec![Some(7.5), Some(7.5)]; 8];
    let constant = split(&[input("a", 0.0, 1.0)], &worlds, &runs).unwrap();
    assert_eq!((constant.shares, constant.range, constant.worlds), (None, (7.5, 7.5), 8));
    runs[3][1] = None;
    assert_eq!(split(&[input("a", 0.0, 1.0)], &worlds, &runs).unwrap().worlds, 7);
    assert_eq!(split(&[input("a", 0.0, 1.0)], &worlds, &vec![vec![None; 2]; 8]), None);
}

#[test]
fn the_range_leaves_a_twentieth_out_on_either_side() {
    let worlds: Vec<Vec<f64>> = (0..21).map(|index| vec![f64::from(index) / 20.0]).collect();
    let runs: Vec<Vec<Option<f64>>> = (0..21).map(|index| vec![Some(f64::from(index) * 10.0)]).collect();
    let split = split(&[input("a", 0.0, 1.0)], &worlds, &runs).unwrap();
    assert_eq!((split.range, split.ends, split.mean), ((10.0, 190.0), (0.0, 200.0), 100.0));
    assert_eq!(split.shares, None, "a single run does not tell its luck");
}
