//! Points that fill a cube evenly, however many of them are taken: a Sobol' sequence.
//!
//! Sobol', On the distribution of points in a cube, USSR Comput. Math. Math. Phys. 7, 1967, in the order of Antonov and
//! Saleev (1979), with the direction numbers of Joe and Kuo, Constructing Sobol sequences with better two-dimensional
//! projections, SIAM J. Sci. Comput. 30, 2008 (new-joe-kuo-6.21201). A random digital shift per dimension keeps every
//! property of the net and takes its corner at the origin away.

use rand::Rng as _;

use crate::dice::stream;

/// Most dimensions.
pub(super) const DIMENSIONS_MAX: usize = 21;
const BITS: usize = 32;

/// Per dimension from the second on: the coefficients of the primitive polynomial, and the first direction numbers, as
/// many as its degree.
const DIRECTIONS: [(u32, &[u32]); DIMENSIONS_MAX - 1] = [
    (0, &[1]),
    (1, &[1, 3]),
    (1, &[1, 3, 1]),
    (2, &[1, 1, 1]),
    (1, &[1, 1, 3, 3]),
    (4, &[1, 3, 5, 13]),
    (2, &[1, 1, 5, 5, 17]),
    (4, &[1, 1, 5, 5, 5]),
    (7, &[1, 1, 7, 11, 19]),
    (11, &[1, 1, 5, 1, 1]),
    (13, &[1, 1, 1, 3, 11]),
    (14, &[1, 3, 5, 5, 31]),
    (1, &[1, 3, 3, 9, 7, 49]),
    (13, &[1, 1, 1, 15, 21, 21]),
    (16, &[1, 3, 1, 13, 27, 49]),
    (19, &[1, 1, 1, 15, 7, 5]),
    (22, &[1, 3, 1, 15, 13, 25]),
    (25, &[1, 1, 5, 5, 19, 61]),
    (1, &[1, 3, 7, 11, 23, 15, 103]),
    (4, &[1, 3, 7, 13, 13, 15, 69]),
];

/// A sequence of points in so many dimensions.
pub(super) struct Sobol {
    directions: Vec<[u32; BITS]>,
    /// Flips the same bits in all points.
    shift: Vec<u32>,
}

impl Sobol {
    /// Shifted by a stream of the seed; at most [`DIMENSIONS_MAX`] dimensions.
    pub fn new(dimensions: usize, seed: u64) -> Sobol {
        let mut coins = stream(seed, 0, "worlds");
        Sobol {
            directions: (0..dimensions.min(DIMENSIONS_MAX)).map(directions).collect(),
            shift: (0..dimensions).map(|_| (coins.next_u64() >> BITS) as u32).collect(),
        }
    }

    /// A point, each coordinate above 0 and below 1. It does not depend on how many are taken.
    pub fn point(&self, index: u32) -> Vec<f64> {
        let coordinates = self.directions.iter().zip(&self.shift);
        coordinates
            .map(|(directions, shift)| (f64::from(at(directions, index) ^ shift) + 0.5) / SPAN)
            .collect()
    }
}

const SPAN: f64 = (1u64 << BITS) as f64;

fn at(directions: &[u32; BITS], index: u32) -> u32 {
    let gray = index ^ (index >> 1);
    let taken = directions.iter().enumerate().filter(|(bit, _)| gray >> bit & 1 == 1);
    taken.fold(0, |sum, (_, direction)| sum ^ direction)
}

fn directions(dimension: usize) -> [u32; BITS] {
    let Some((coefficients, first)) = dimension.checked_sub(1).map(|index| DIRECTIONS[index]) else {
        // The first dimension is van der Corput's sequence.
        return std::array::from_fn(|bit| 1 << (BITS - 1 - bit));
    };
    let degree = first.len();
    let mut numbers = [0; BITS];
    for bit in 0..BITS {
        numbers[bit] = match first.get(bit) {
            Some(number) => number << (BITS - 1 - bit),
            None => {
                let before = numbers[bit - degree];
                let terms = (1..degree).filter(|term| coefficients >> (degree - 1 - term) & 1 == 1);
                terms.fold(before ^ (before >> degree), |sum, term| sum ^ numbers[bit - term])
            }
        };
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(index: u32, dimensions: usize) -> Vec<f64> {
        (0..dimensions).map(|dimension| f64::from(at(&directions(dimension), index)) / SPAN).collect()
    }

    /// The first ten points of the three dimensions of the example of Joe and Kuo's program `sobol.cc`.
    #[test]
    fn the_first_points_are_those_that_are_published() {
        let published = [
            [0.0, 0.0, 0.0],
            [0.5, 0.5, 0.5],
            [0.75, 0.25, 0.25],
            [0.25, 0.75, 0.75],
            [0.375, 0.375, 0.625],
            [0.875, 0.875, 0.125],
            [0.625, 0.125, 0.875],
            [0.125, 0.625, 0.375],
            [0.1875, 0.3125, 0.9375],
            [0.6875, 0.8125, 0.4375],
        ];
        for (index, point) in published.iter().enumerate() {
            assert_eq!(plain(index as u32, 3), point, "point {index}");
        }
    }

    #[test]
    fn every_dimension_has_one_point_in_each_of_equal_parts() {
        // 2^k points: one in each interval of 2^-k, in each dimension by itself, shifted or not.
        let shifted = Sobol::new(DIMENSIONS_MAX, 7);
        for dimension in 0..DIMENSIONS_MAX {
            for of in [&(|index| plain(index, DIMENSIONS_MAX)) as &dyn Fn(u32) -> Vec<f64>, &|index| {
                shifted.point(index)
            }] {
                let mut parts: Vec<usize> =
                    (0..64).map(|index| (of(index)[dimension] * 64.0) as usize).collect();
                parts.sort_unstable();
                assert_eq!(parts, (0..64).collect::<Vec<_>>(), "dimension {dimension}");
            }
        }
    }

    #[test]
    fn pairs_of_dimensions_fill_the_square() {
        // The first two dimensions are a (0, 2)-sequence: of 16 points one lies in each of 4 x 4 squares.
        let mut squares: Vec<(u8, u8)> = (0..16)
            .map(|index| plain(index, 2))
            .map(|point| ((point[0] * 4.0) as u8, (point[1] * 4.0) as u8))
            .collect();
        squares.sort_unstable();
        squares.dedup();
        assert_eq!(squares.len(), 16);
    }

    #[test]
    fn another_seed_shifts_the_points_and_the_same_one_does_not() {
        let first = |seed| Sobol::new(3, seed).point(0);
        assert_eq!(first(1), first(1));
        assert!(first(1) != first(2) && first(1).iter().all(|value| *value > 0.0 && *value < 1.0));
    }
}
