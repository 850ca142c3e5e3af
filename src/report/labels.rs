//! Which labels along a line have room beside each other.

/// Room between two labels, in pixels.
const GAP: f64 = 4.0;

/// Of labels at (middle, half their length), those that can be shown without touching each other: first those that are
/// `major`, from the start on, then the others where room is left.
pub(super) fn with_room(labels: &[(f64, f64)], major: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut shown = vec![false; labels.len()];
    for of_major in [true, false] {
        for index in (0..labels.len()).filter(|&index| major(index) == of_major) {
            let (middle, half) = labels[index];
            let touches = |other: usize| (labels[other].0 - middle).abs() < labels[other].1 + half + GAP;
            shown[index] = !(0..labels.len()).any(|other| shown[other] && touches(other));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_touch_a_label_is_left_out_and_decades_come_first() {
        // 1, 2, 5, 10, 20 on a short logarithmic axis: 2 would touch 1, 5 and 20 would touch 10.
        let ticks = [0.0, 12.0, 28.0, 40.0, 52.0].map(|at| (at, 6.0));
        assert_eq!(with_room(&ticks, |index| index == 0 || index == 3), [true, false, false, true, false]);
        assert_eq!(with_room(&ticks, |_| true), [true, false, true, false, true]);
        assert_eq!(with_room(&ticks, |index| index == 1), [false, true, true, false, true]);
        assert!(with_room(&[], |_| true).is_empty());
    }
}
