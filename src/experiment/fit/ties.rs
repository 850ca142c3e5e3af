//! What the figures do not tell apart: directions in which the unknowns can move together while all figures stay, and the measures that
//! would tell.

use serde::Serialize;

use super::algebra::eigen;
use super::misfit::Misfit;
use super::search::{Search, Target};

/// Unknowns that the figures do not tell apart, or one that they leave open.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tie {
    /// Which ones.
    pub unknowns: Vec<usize>,
    /// Two settings that agree equally well, far from each other: a value per unknown.
    pub ends: [Vec<f64>; 2],
    /// Measures that differ between the two by more than the luck of a run; those that differ most first.
    pub telling: Vec<Telling>,
}

/// A measure that would tell two settings apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Telling {
    pub measure: String,
    /// At either end of the tie.
    pub at: [f64; 2],
}

/// Share of the width of the ranges that the settings that agree reach along a direction from which on it counts as open.
const OPEN: f64 = 0.5;
/// The same for a narrow ridge: so much longer than it is wide.
const OPEN_RIDGE: f64 = 0.25;
const RIDGE: f64 = 5.0;
/// Components of a direction below this share of the largest do not matter.
const COMPONENT_MIN: f64 = 0.25;
/// Deviations of a run by which a telling measure differs at least.
const APART_MIN: f64 = 4.0;
/// Parts of a name that measures of one kind share: `tier.l2.entries`.
const FAMILY: usize = 3;
/// Measures that are named.
const TELLING_MAX: usize = 3;

/// The open directions; `plausible` are the settings that agree.
pub(super) fn ties(
    search: &Search,
    misfit: &Misfit<'_>,
    best: &[f64],
    plausible: &[Vec<f64>],
    checks: &[Target],
) -> Vec<Tie> {
    let axes = eigen(&misfit.information(best));
    let strongest = axes.last().map_or(0.0, |(value, _)| *value);
    let mut found = Vec::new();
    for (value, direction) in &axes {
        let along = |at: &Vec<f64>| at.iter().zip(direction).map(|(at, part)| at * part).sum::<f64>();
        let low = plausible.iter().min_by(|a, b| along(a).total_cmp(&along(b)));
        let high = plausible.iter().max_by(|a, b| along(a).total_cmp(&along(b)));
        let (Some(low), Some(high)) = (low, high) else { continue };
        let width: f64 = direction.iter().map(|part| part.abs()).sum();
        let reached = (along(high) - along(low)) / width;
        let is_ridge = strongest > RIDGE * RIDGE * value.max(f64::MIN_POSITIVE);
        if reached < OPEN_RIDGE || (reached < OPEN && !is_ridge) {
            continue;
        }
        let largest = direction.iter().fold(0.0f64, |most, part| most.max(part.abs()));
        let unknowns: Vec<usize> =
            (0..direction.len()).filter(|&k| direction[k].abs() >= COMPONENT_MIN * largest).collect();
        let values = |at: &Vec<f64>| {
            search.axes.iter().zip(at).map(|(axis, at)| axis.rounded(*at)).collect::<Vec<f64>>()
        };
        found.push(Tie {
            unknowns,
            ends: [values(low), values(high)],
            telling: telling(search, checks, low, high),
        });
    }
    found
}

/// Measures that production may have, and that would tell two settings apart.
fn telling(search: &Search, checks: &[Target], low: &[f64], high: &[f64]) -> Vec<Telling> {
    let Some(first) = search.local.first().map(|run| &search.runs[*run].measured) else { return Vec::new() };
    let is_given = |name: &str| search.targets.iter().chain(checks).any(|target| target.measure == name);
    let mut ranked: Vec<(f64, Telling)> = Vec::new();
    for name in first.keys().filter(|name| !is_given(name) && is_reported(name)) {
        let Some((scale, surrogate)) = search.alone(name) else { continue };
        let [a, b] = [low, high].map(|at| surrogate.expected(at)[0]);
        let error = |at: &[f64]| 1.0 + surrogate.leverage(at);
        let deviation = (surrogate.covariance[0][0] * error(low).max(error(high))).sqrt();
        let at = [scale.from(a), scale.from(b)];
        let change = (at[0] - at[1]).abs() / at[0].abs().max(at[1].abs());
        // A production is never as exact as a simulation without luck.
        if (a - b).abs() >= APART_MIN * deviation && change >= 0.02 {
            ranked.push((change, Telling { measure: name.clone(), at }));
        }
    }
    ranked.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.measure.cmp(&y.1.measure)));
    let mut kept: Vec<Telling> = Vec::new();
    for (_, one) in ranked {
        // Percentiles of one latency are one figure; of a single tier all measures are those of all tiers.
        let family = |name: &str| name.split('.').take(FAMILY).collect::<Vec<_>>().join(".");
        let is_other = |other: &Telling| family(&other.measure) != family(&one.measure) && other.at != one.at;
        if kept.len() < TELLING_MAX && kept.iter().all(is_other) {
            kept.push(one);
        }
    }
    kept
}

/// Whether a measure is one that monitoring has: not a peak within seconds, not what only a simulation sees.
fn is_reported(name: &str) -> bool {
    let parts = [
        "hit_ratio",
        "db.",
        "latency.",
        "tier.",
        "class.",
        "evictions",
        "expirations",
        "memory.",
        "entries.",
    ];
    let inside = ["saturation", "stale", "node.", "queue", ".max"];
    parts.iter().any(|part| name.starts_with(part)) && !inside.iter().any(|part| name.contains(part))
}
