//! The Pareto front of two measures: the candidates that no other beats in one without losing in the other.

/// Indices of the points on the front, from the best in `x` to the best in `y`. Smaller is better in both; negate what
/// should be large. Points without a value (not finite) are on no front. Of equal points all are on it.
///
/// ```
/// use herdlab::experiment::sweep::pareto::front;
/// assert_eq!(front(&[(1.0, 9.0), (2.0, 3.0), (3.0, 3.5), (4.0, 1.0)]), [0, 1, 3]);
/// ```
pub fn front(points: &[(f64, f64)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len())
        .filter(|&index| points[index].0.is_finite() && points[index].1.is_finite())
        .collect();
    order.sort_by(|&a, &b| {
        let ((ax, ay), (bx, by)) = (points[a], points[b]);
        ax.total_cmp(&bx).then(ay.total_cmp(&by)).then(a.cmp(&b))
    });
    let mut found: Vec<usize> = Vec::new();
    for index in order {
        // From left to right: on the front is what lies lower than all before, or on the last of them.
        let on_it = found
            .last()
            .is_none_or(|&last| points[index].1 < points[last].1 || points[index] == points[last]);
        if on_it {
            found.push(index);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dominates(a: (f64, f64), b: (f64, f64)) -> bool {
        a.0 <= b.0 && a.1 <= b.1 && a != b
    }

    proptest! {
        /// By the definition, pair by pair.
        #[test]
        fn the_front_is_what_nothing_dominates(
            points in prop::collection::vec((0u8..12, 0u8..12), 0..40)
        ) {
            let points: Vec<(f64, f64)> =
                points.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
            let mut found = front(&points);
            found.sort_unstable();
            let expected: Vec<usize> = (0..points.len())
                .filter(|&index| !points.iter().any(|&other| dominates(other, points[index])))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn points_without_a_value_are_on_no_front() {
        assert_eq!(front(&[(f64::NAN, 1.0), (1.0, f64::INFINITY), (2.0, 2.0)]), [2]);
        assert!(front(&[]).is_empty());
    }
}
