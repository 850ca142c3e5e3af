//! The settings that agree with production: draws from their likelihood, and how far they reach.

use super::misfit::Misfit;
use crate::dice::{Stream, below, unit_open_zero};

/// Draws of a likelihood.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    /// Variances are widened by this factor.
    pub temperature: f64,
    pub count: usize,
}

/// Settings in proportion to the likelihood, all settings between the ends taken to be as likely before; by the moves of Goodman and
/// Weare, Ensemble samplers with affine invariance, Comm. App. Math. Comp. Sci. 5, 2010, which follow a narrow ridge in any direction.
pub fn draw(misfit: &Misfit<'_>, best: &[f64], draws: Draws, dice: &mut Stream) -> Vec<Vec<f64>> {
    /// Steps before the first draw is kept.
    const BURN: usize = 120;
    /// Steps between draws of one walker.
    const THIN: usize = 10;
    let unknowns = best.len();
    let walkers = 12 * (unknowns + 1);
    let fresh = |dice: &mut Stream| (0..unknowns).map(|_| unit_open_zero(dice)).collect::<Vec<f64>>();
    let mut all: Vec<(Vec<f64>, f64)> = (0..walkers)
        .map(|walker| {
            // From all over the ranges, and from near the best.
            let far = fresh(dice);
            let share = if walker % 3 == 0 { 1.0 } else { 0.05 };
            let at: Vec<f64> = best.iter().zip(far).map(|(best, far)| best + share * (far - best)).collect();
            let deviance = misfit.deviance(&at);
            (at, deviance)
        })
        .collect();
    let mut kept = Vec::new();
    let mut step = 0;
    while kept.len() < draws.count {
        for walker in 0..walkers {
            let other = (walker + 1 + below(dice, walkers as u32 - 1) as usize) % walkers;
            // The density of the stretch is 1/sqrt(z) from 1/2 to 2.
            let root = (1.0 + unit_open_zero(dice)) / std::f64::consts::SQRT_2;
            let z = root * root;
            let partner = all[other].0.clone();
            let next: Vec<f64> = partner
                .iter()
                .zip(&all[walker].0)
                .map(|(partner, own)| partner + z * (own - partner))
                .collect();
            let coin = unit_open_zero(dice);
            if next.iter().all(|coordinate| (0.0..=1.0).contains(coordinate)) {
                let deviance = misfit.deviance(&next);
                let chance = libm::pow(z, unknowns as f64 - 1.0)
                    * libm::exp((all[walker].1 - deviance) / (2.0 * draws.temperature));
                if coin <= chance {
                    all[walker] = (next, deviance);
                }
            }
        }
        step += 1;
        if step > BURN && step % THIN == 0 {
            kept.extend(all.iter().map(|(at, _)| at.clone()));
        }
    }
    kept.truncate(draws.count);
    kept
}

/// How far a coordinate can be moved while the others make up for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    pub low: f64,
    pub high: f64,
}

/// The profile likelihood of a coordinate: all its values at which the deviance, least over the other coordinates, is at most
/// `rise` above that of the best setting (Venzon and Moolgavkar, A method for computing profile-likelihood-based confidence intervals,
/// Applied Statistics 37, 1988). `starts` are settings to begin from; where the values are in several pieces, the gaps are inside.
pub fn profile(
    misfit: &Misfit<'_>,
    best: &(Vec<f64>, f64),
    coordinate: usize,
    rise: f64,
    starts: &[Vec<f64>],
) -> Reach {
    let end = |end: f64| outermost(misfit, best, coordinate, rise, starts, end);
    Reach { low: end(0.0), high: end(1.0) }
}

fn outermost(
    misfit: &Misfit<'_>,
    (best, least): &(Vec<f64>, f64),
    coordinate: usize,
    rise: f64,
    starts: &[Vec<f64>],
    end: f64,
) -> f64 {
    const STEPS: usize = 24;
    const HALVINGS: usize = 14;
    let from = best[coordinate];
    let at = |value: f64, warm: &[f64]| {
        let mut start = warm.to_vec();
        start[coordinate] = value;
        misfit.descend(&start, Some(coordinate))
    };
    let nearest = |value: f64| {
        let distance = |start: &&Vec<f64>| (start[coordinate] - value).abs();
        starts.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    let (mut warm, mut inside) = (best.clone(), (from, best.clone()));
    let mut outside = end;
    let mut is_last_inside = true;
    for step in 1..=STEPS {
        let value = from + (end - from) * step as f64 / STEPS as f64;
        let mut found = at(value, &warm);
        if let Some(other) = nearest(value).map(|start| at(value, start))
            && other.1 < found.1
        {
            found = other;
        }
        let is_inside = found.1 <= least + rise;
        if is_inside {
            inside = (value, found.0.clone());
        } else if is_last_inside {
            outside = value;
        }
        is_last_inside = is_inside;
        warm = found.0;
    }
    if is_last_inside {
        return end;
    }
    let (mut low, mut warm) = inside;
    for _ in 0..HALVINGS {
        let middle = (low + outside) / 2.0;
        let found = at(middle, &warm);
        if found.1 <= least + rise { (low, warm) = (middle, found.0) } else { outside = middle }
    }
    // The first value that is known to be outside: a range is not stated too narrow by the width of a step.
    outside
}

#[cfg(test)]
mod tests {
    use super::super::algebra::Cholesky;
    use super::super::misfit::tests::linear;
    use super::*;
    use crate::dice::stream;

    /// Of a quadratic deviance with information [[425, 175], [175, 125]] the inverse has 125/22500 and 425/22500 on its diagonal: the half
    /// widths at a rise of 3.84 are sqrt(3.84 * 0.0055556) and sqrt(3.84 * 0.0188889).
    #[test]
    fn the_profile_of_a_quadratic_is_its_inverse_information() {
        let surrogate = linear(&[[2.0, 1.0], [1.0, -1.0]]);
        let (targets, extra) = ([1.4, 0.1], [0.01, 0.04]);
        let misfit = Misfit::new(&surrogate, &targets, &extra);
        let best = misfit.descend(&[0.1, 0.9], None);
        let information = misfit.information(&best.0);
        let inverse = Cholesky::new(&information).unwrap();
        for (k, (centre, variance)) in
            [(0.5, 125.0 / 22_500.0), (0.4, 425.0 / 22_500.0)].into_iter().enumerate()
        {
            let half = (3.84f64 * variance).sqrt();
            let mut unit = vec![0.0, 0.0];
            unit[k] = 1.0;
            assert!((inverse.solve(&unit)[k] - variance).abs() < 1e-6);
            let reach = profile(&misfit, &best, k, 3.84, &[]);
            assert!((reach.high - (centre + half)).abs() < 2e-4, "{reach:?} {centre} {half}");
            assert!((reach.low - (centre - half)).abs() < 2e-4, "{reach:?} {centre} {half}");
        }
    }

    #[test]
    fn one_figure_leaves_two_coordinates_open() {
        let surrogate = linear(&[[1.0, 1.0]]);
        let (targets, extra) = ([1.0], [1e-4]);
        let misfit = Misfit::new(&surrogate, &targets, &extra);
        let best = misfit.descend(&[0.5, 0.1], None);
        assert_eq!(profile(&misfit, &best, 0, 3.84, &[]), Reach { low: 0.0, high: 1.0 });
    }

    /// Variances 125/22500 and 425/22500, times the temperature, and covariance -175/22500.
    #[test]
    fn draws_have_the_covariance_of_the_likelihood() {
        let surrogate = linear(&[[20.0, 10.0], [10.0, -10.0]]);
        let (targets, extra) = ([14.0, 1.0], [0.01, 0.04]);
        let misfit = Misfit::new(&surrogate, &targets, &extra);
        let draws = Draws { temperature: 4.0, count: 20_000 };
        let found = draw(&misfit, &[0.9, 0.9], draws, &mut stream(3, 0, "test"));
        let mean = |k: usize| found.iter().map(|at| at[k]).sum::<f64>() / found.len() as f64;
        let (x, y) = (mean(0), mean(1));
        assert!((x - 0.5).abs() < 2e-3 && (y - 0.4).abs() < 3e-3, "{x} {y}");
        let product = |f: &dyn Fn(&Vec<f64>) -> f64| found.iter().map(f).sum::<f64>() / found.len() as f64;
        for (seen, expected) in [
            (product(&|at| (at[0] - x).powi(2)), 4.0 * 1.25 / 22_500.0),
            (product(&|at| (at[1] - y).powi(2)), 4.0 * 4.25 / 22_500.0),
            (product(&|at| (at[0] - x) * (at[1] - y)), -4.0 * 1.75 / 22_500.0),
        ] {
            assert!((seen / expected - 1.0).abs() < 0.15, "{seen} {expected}");
        }
    }
}
