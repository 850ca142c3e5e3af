//! Lines cut at the edges of the plot and thinned to visible detail.
//!
//! plotters moves points outside the range onto the edge, which draws a flat line that is not in the data.

/// A rectangle of placed values: (low, high) per axis.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub x: (f64, f64),
    pub y: (f64, f64),
}

impl Window {
    /// Whether a point lies inside or on the edge.
    pub fn contains(&self, (x, y): (f64, f64)) -> bool {
        let within = |value: f64, (a, b): (f64, f64)| value >= a.min(b) && value <= a.max(b);
        within(x, self.x) && within(y, self.y)
    }
}

/// The visible pieces of a line; points that are not finite interrupt it.
pub fn clipped(points: &[(f64, f64)], window: Window) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut open = false;
    for pair in points.windows(2) {
        let Some((from, to)) = visible_part(pair[0], pair[1], window) else {
            open = false;
            continue;
        };
        match pieces.last_mut() {
            Some(piece) if open && piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
        open = to == pair[1];
    }
    pieces
}

/// The part of a segment inside the window (Liang and Barsky, ACM Transactions on Graphics 3, 1984).
fn visible_part(from: (f64, f64), to: (f64, f64), window: Window) -> Option<((f64, f64), (f64, f64))> {
    if ![from.0, from.1, to.0, to.1].iter().all(|value| value.is_finite()) {
        return None;
    }
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (delta, start, (a, b)) in [(dx, from.0, window.x), (dy, from.1, window.y)] {
        let (low, high) = (a.min(b), a.max(b));
        if delta == 0.0 {
            if start < low || start > high {
                return None;
            }
            continue;
        }
        let (first, second) = ((low - start) / delta, (high - start) / delta);
        enter = enter.max(first.min(second));
        leave = leave.min(first.max(second));
    }
    if enter > leave {
        return None;
    }
    // The ends themselves are kept exactly, so that neighbouring segments join.
    let at = |share: f64| match share {
        0.0 => from,
        1.0 => to,
        share => (from.0 + share * dx, from.1 + share * dy),
    };
    Some((at(enter), at(leave)))
}

/// A line without the corners that are none: those between two of the same height.
pub fn straightened(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let between = |index: usize| {
        let [before, at, after] = [points[index - 1], points[index], points[index + 1]];
        before.1 == at.1 && at.1 == after.1
    };
    let needed = |index: &usize| *index == 0 || *index + 1 == points.len() || !between(*index);
    (0..points.len()).filter(needed).map(|index| points[index]).collect()
}

/// Most points of each column that [`thinned`] leaves.
pub const CORNERS_PER_COLUMN: usize = 4;

/// Keeps the first, lowest, highest and last point of each of `columns` equal parts of the x range: the
/// drawn line looks the same and its size no longer depends on the data.
pub fn thinned(points: &[(f64, f64)], x: (f64, f64), columns: usize) -> Vec<(f64, f64)> {
    if points.len() <= columns * CORNERS_PER_COLUMN {
        return points.to_vec();
    }
    let column = |point: &(f64, f64)| ((point.0 - x.0) / (x.1 - x.0) * columns as f64) as i64;
    let mut kept = Vec::with_capacity(columns * CORNERS_PER_COLUMN);
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        let by_height = |a: &usize, b: &usize| group[*a].1.total_cmp(&group[*b].1);
        let lowest = (0..group.len()).min_by(by_height).unwrap_or(0);
        // The first of several, like the lowest: a line that has risen is drawn from there on.
        let highest = (0..group.len()).rev().max_by(by_height).unwrap_or(0);
        let mut indices = [0, lowest, highest, group.len() - 1];
        indices.sort_unstable();
        for (position, index) in indices.iter().enumerate() {
            if position == 0 || indices[position - 1] != *index {
                kept.push(group[*index]);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { x: (0.0, 10.0), y: (0.0, 10.0) };

    #[test]
    fn a_point_outside_never_draws_at_the_edge() {
        // Up to 30 and back: the part above 10 is missing instead of a flat line at 10.
        let pieces = clipped(&[(0.0, 5.0), (4.0, 30.0), (6.0, 30.0), (10.0, 5.0)], WINDOW);
        assert_eq!(pieces.len(), 2);
        let flat = pieces
            .iter()
            .flat_map(|piece| piece.windows(2))
            .any(|pair| pair[0].1 == 10.0 && pair[1].1 == 10.0);
        assert!(!flat, "{pieces:?}");
        assert!((pieces[0][1].0 - 0.8).abs() < 1e-12 && (pieces[0][1].1 - 10.0).abs() < 1e-12);
    }

    #[test]
    fn gaps_interrupt_and_neighbours_join() {
        let pieces =
            clipped(&[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, f64::NAN), (4.0, 1.0), (5.0, 1.0)], WINDOW);
        assert_eq!(pieces, [vec![(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)], vec![(4.0, 1.0), (5.0, 1.0)]]);
        assert!(clipped(&[(-5.0, 1.0), (-1.0, 1.0)], WINDOW).is_empty());
    }

    #[test]
    fn a_flat_line_has_two_corners() {
        let flat: Vec<(f64, f64)> =
            (0..1000).map(|x| (f64::from(x), if x < 10 { 1.0 } else { 7.0 })).collect();
        assert_eq!(straightened(&flat), [(0.0, 1.0), (9.0, 1.0), (10.0, 7.0), (999.0, 7.0)]);
        assert_eq!(straightened(&[(0.0, 1.0)]), [(0.0, 1.0)]);
    }

    #[test]
    fn thinning_keeps_peaks_and_bounds_the_size() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|index| (f64::from(index), 1.0)).collect();
        points[54_321].1 = 9.0;
        let kept = thinned(&points, (0.0, 100_000.0), 500);
        assert!(kept.len() <= 2000 && kept.contains(&(54_321.0, 9.0)));
        assert_eq!((kept[0], kept[kept.len() - 1]), (points[0], points[99_999]));
    }
}
