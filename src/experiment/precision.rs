//! Replications until a wanted precision is reached.
//!
//! Sequential in a few rounds: from the spread so far follows how many replications the interval needs (its width falls with the
//! square root of their number; Law, Simulation Modeling and Analysis, 5th edition, section 9.4.1, relative precision). What is added depends on
//! values alone, so that the record does not depend on the machine.

use super::statistics::estimate;
use crate::model::Precision;
use crate::record::{PrecisionRecord, VariantRecord};

/// How many replications in all the next round should have; `None` when all variants are precise enough or no
/// more are allowed. `values` holds the wanted measure of every variant, one value per replication.
pub fn next_total(wanted: &Precision, values: &[Vec<Option<f64>>], finished: u32) -> Option<u32> {
    if finished >= wanted.replications_max {
        return None;
    }
    let needed = values.iter().filter_map(|values| needed(wanted, values)).max()?;
    // The spread of few values is uncertain: no round more than doubles them.
    let doubled = finished.saturating_mul(2).max(2);
    Some(needed.clamp(finished + 1, doubled).min(wanted.replications_max))
}

/// Replications that one variant needs; `None` where it has enough.
fn needed(wanted: &Precision, values: &[Option<f64>]) -> Option<u32> {
    let defined: Vec<f64> = values.iter().flatten().copied().collect();
    let estimate = estimate(&defined)?;
    let Some(half) = estimate.half_width() else { return Some(2) };
    let allowed = wanted.relative * estimate.mean.abs();
    if half <= allowed {
        return None;
    }
    let ratio = half / allowed;
    // A mean of zero allows nothing: as many as there may be.
    let needed = (values.len() as f64 * ratio * ratio).ceil();
    Some(if needed.is_finite() { needed.min(f64::from(u32::MAX)) as u32 } else { u32::MAX })
}

/// The requested precision, and whether it was reached.
pub fn record(wanted: &Precision, variants: &[VariantRecord]) -> PrecisionRecord {
    let reached = |variant: &VariantRecord| {
        variant.measure(&wanted.measure).is_none_or(|measure| needed(wanted, &measure.values).is_none())
    };
    PrecisionRecord {
        measure: wanted.measure.clone(),
        relative: wanted.relative,
        replications_max: wanted.replications_max,
        reached: variants.iter().all(reached),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(relative: f64) -> Precision {
        Precision { measure: "hit_ratio".into(), relative, replications_max: 50 }
    }

    /// Mean 100, half width 5.75 with six values: two per cent take (5.75 / 2)^2 = 8.3 times as many.
    #[test]
    fn rounds_at_most_double() {
        let values = vec![[95.0, 105.0, 95.0, 105.0, 95.0, 105.0].map(Some).to_vec()];
        assert_eq!(next_total(&wanted(0.1), &values, 6), None);
        assert_eq!(next_total(&wanted(0.05), &values, 6), Some(8));
        assert_eq!(next_total(&wanted(0.02), &values, 6), Some(12));
        assert_eq!(next_total(&wanted(0.02), &values, 40), Some(50), "no more than allowed");
        assert_eq!(next_total(&wanted(0.02), &values, 50), None);
    }

    #[test]
    fn one_value_has_no_interval_and_zero_no_relative_one() {
        assert_eq!(next_total(&wanted(0.5), &[vec![Some(3.0)]], 1), Some(2));
        assert_eq!(next_total(&wanted(0.5), &[vec![Some(0.0), Some(0.0)]], 2), None);
        assert_eq!(next_total(&wanted(0.5), &[vec![Some(-1.0), Some(1.0)]], 2), Some(4));
        assert_eq!(next_total(&wanted(0.5), &[vec![None, None]], 2), None);
    }
}
