//! The key of a request.

use std::hint::select_unpredictable;
use std::sync::Arc;

use crate::dice::Stream;
use crate::model::Popularity;
use rand::Rng;

/// Draws ranks `0..keys` in constant time and a few kilobytes, however many keys there are.
///
/// Ranks are cut into blocks within which the probabilities are nearly equal: single ranks at the head, then
/// blocks about 1.5 % of their first rank long. A block is drawn by Walker's alias method with the weight
/// `length * p(first)`, a rank within it uniformly, and it is accepted with `p(rank) / p(first)`; the squeeze
/// `p(last) / p(first)` accepts nearly always without computing a power (rejection with a piecewise constant
/// envelope: Devroye, Non-Uniform Random Variate Generation, 1986, II.3). The result is exact up to the 2^-24
/// steps of the acceptance draw.
#[derive(Clone, Debug)]
pub struct KeySampler {
    blocks: Vec<Block>,
    /// Shift that leaves log2(blocks.len()) bits of a 64-bit word.
    shift: u32,
    exponent: f64,
    keys: u64,
    /// Sum of the unnormalised weights of all ranks; the probability of a rank is its weight over this.
    total: f64,
    hotspot: Option<(u64, f64)>,
    /// Probabilities by rank, where they follow no law.
    shares: Option<Arc<[f64]>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Block {
    /// Alias threshold in 2^-32.
    threshold: u64,
    alias: u32,
    /// First rank, zero-based.
    first: u32,
    length: u32,
    /// p(last)/p(first) in 2^-24, rounded down.
    squeeze: u32,
}

/// Ranks that get a block of their own.
const SINGLES: u64 = 64;
/// A block is at most this share of its first rank long (divided by the exponent where that exceeds one).
const RELATIVE_LENGTH: f64 = 1.0 / 64.0;

impl KeySampler {
    /// `keys` must be at least 1 and at most `u32::MAX`.
    pub fn new(popularity: &Popularity, keys: u64) -> KeySampler {
        match *popularity {
            Popularity::Zipf { exponent } => KeySampler::zipf(exponent, keys),
            Popularity::Uniform => KeySampler::zipf(0.0, keys),
            Popularity::Hotspot { keys_share, requests_share } => {
                let (hot, requests_share) = Popularity::hot_spot(keys, keys_share, requests_share);
                KeySampler::hotspot(keys, hot, requests_share)
            }
            Popularity::Counts(ref counts) => KeySampler::counted(&counts.of_keys),
        }
    }

    fn zipf(exponent: f64, keys: u64) -> KeySampler {
        if exponent == 0.0 {
            return KeySampler::from_ranges(&[(0, keys)], &[keys as f64], 0.0, keys);
        }
        let relative = RELATIVE_LENGTH / exponent.max(1.0);
        let mut ranges = Vec::new();
        let mut first = 0;
        while first < keys {
            let length = if first < SINGLES { 1 } else { (((first + 1) as f64 * relative) as u64).max(1) };
            let length = length.min(keys - first);
            ranges.push((first, length));
            first += length;
        }
        let weights: Vec<f64> =
            ranges.iter().map(|&(first, length)| length as f64 * weight(first, exponent)).collect();
        KeySampler::from_ranges(&ranges, &weights, exponent, keys)
    }

    fn hotspot(keys: u64, hot: u64, requests_share: f64) -> KeySampler {
        let ranges: Vec<_> = [(0, hot), (hot, keys - hot)].into_iter().filter(|range| range.1 > 0).collect();
        let mut sampler = KeySampler::from_ranges(
            &ranges,
            &[requests_share, 1.0 - requests_share][..ranges.len()],
            0.0,
            keys,
        );
        sampler.hotspot = Some((hot, requests_share));
        sampler
    }

    /// A block for each key.
    fn counted(counts: &[f64]) -> KeySampler {
        let keys = counts.len() as u64;
        let ranges: Vec<(u64, u64)> = (0..keys).map(|rank| (rank, 1)).collect();
        let total = counts.iter().sum::<f64>();
        let shares: Arc<[f64]> = counts.iter().map(|count| count / total).collect();
        KeySampler { shares: Some(shares), ..KeySampler::from_ranges(&ranges, counts, 0.0, keys) }
    }

    /// Vose's construction of the alias table, padded to a power of two.
    fn from_ranges(ranges: &[(u64, u64)], weights: &[f64], exponent: f64, keys: u64) -> KeySampler {
        let size = ranges.len().next_power_of_two().max(2);
        let sum: f64 = weights.iter().sum();
        let mut share: Vec<f64> = weights.iter().map(|weight| weight / sum * size as f64).collect();
        share.resize(size, 0.0);
        let mut blocks: Vec<Block> = ranges
            .iter()
            .map(|&(first, length)| Block {
                first: first as u32,
                length: length as u32,
                squeeze: (weight(first + length - 1, exponent) / weight(first, exponent)
                    * (1u64 << 24) as f64) as u32,
                ..Block::default()
            })
            .collect();
        blocks.resize(size, Block::default());
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..size).partition(|&i| share[i] < 1.0);
        while let (Some(&under), Some(&over)) = (small.last(), large.last()) {
            small.pop();
            blocks[under].threshold = (share[under] * (1u64 << 32) as f64) as u64;
            blocks[under].alias = over as u32;
            share[over] -= 1.0 - share[under];
            if share[over] < 1.0 {
                large.pop();
                small.push(over);
            }
        }
        for full in small.into_iter().chain(large) {
            blocks[full].threshold = 1 << 32;
            blocks[full].alias = full as u32;
        }
        let shift = 64 - size.trailing_zeros();
        KeySampler {
            blocks,
            shift,
            exponent,
            keys,
            total: harmonic(keys, exponent),
            hotspot: None,
            shares: None,
        }
    }

    /// The next rank, zero-based.
    #[inline(always)]
    pub fn sample(&self, stream: &mut Stream) -> u32 {
        loop {
            let bits = stream.next_u64();
            let index = (bits >> self.shift) as usize;
            let block = &self.blocks[index];
            // The top bits chose the block, the lowest 32 choose between it and its alias: by no branch, since that
            // is chance.
            let is_own = bits & 0xffff_ffff < block.threshold;
            let block = &self.blocks[select_unpredictable(is_own, index, block.alias as usize)];
            if block.length == 1 {
                return block.first;
            }
            let bits = stream.next_u64();
            let offset = (u128::from(bits >> 24) * u128::from(block.length)) >> 40;
            let rank = block.first + offset as u32;
            let toss = (bits & 0xff_ffff) as u32;
            if toss < block.squeeze || self.accepts(block, rank, toss) {
                return rank;
            }
        }
    }

    #[cold]
    fn accepts(&self, block: &Block, rank: u32, toss: u32) -> bool {
        let ratio = weight(u64::from(rank), self.exponent) / weight(u64::from(block.first), self.exponent);
        f64::from(toss) < ratio * (1u64 << 24) as f64
    }

    /// Probability of a zero-based rank.
    pub fn probability(&self, rank: u64) -> f64 {
        if let Some(shares) = &self.shares {
            return shares[rank as usize];
        }
        match self.hotspot {
            Some((hot, share)) if rank < hot => share / hot as f64,
            Some((hot, share)) => (1.0 - share) / (self.keys - hot) as f64,
            None => weight(rank, self.exponent) / self.total,
        }
    }

    /// Number of ranks.
    pub fn keys(&self) -> u64 {
        self.keys
    }
}

/// Unnormalised Zipf weight of a zero-based rank.
fn weight(rank: u64, exponent: f64) -> f64 {
    match exponent {
        0.0 => 1.0,
        1.0 => 1.0 / (rank + 1) as f64,
        _ => libm::pow((rank + 1) as f64, -exponent),
    }
}

/// Generalised harmonic number: the sum of r^-s for r = 1..=n. Summed directly over the first 1,000 terms,
/// the rest by the Euler-Maclaurin formula to the third derivative (error below 1e-12 of the sum).
pub fn harmonic(n: u64, s: f64) -> f64 {
    const DIRECT: u64 = 1_000;
    let head: f64 = (0..n.min(DIRECT)).rev().map(|rank| weight(rank, s)).sum();
    if n <= DIRECT {
        return head;
    }
    let (a, b) = (DIRECT as f64, n as f64);
    let integral =
        if s == 1.0 { libm::log(b / a) } else { (libm::pow(b, 1.0 - s) - libm::pow(a, 1.0 - s)) / (1.0 - s) };
    let (fa, fb) = (libm::pow(a, -s), libm::pow(b, -s));
    let first = -s * (fb / b - fa / a) / 12.0;
    let third = s * (s + 1.0) * (s + 2.0) * (fb / (b * b * b) - fa / (a * a * a)) / 720.0;
    head + integral + (fb - fa) / 2.0 + first + third
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::stream;
    use crate::model::Counts;

    /// Chi-square distance between the draws and the law, over cells of the ranks.
    fn chi_square(sampler: &KeySampler, draws: u64, cells: &[(u64, u64)]) -> f64 {
        let mut counts = vec![0u64; cells.len()];
        let mut dice = stream(1, 0, "test");
        for _ in 0..draws {
            let rank = u64::from(sampler.sample(&mut dice));
            assert!(rank < sampler.keys());
            counts[cells.partition_point(|cell| cell.1 <= rank)] += 1;
        }
        cells
            .iter()
            .zip(&counts)
            .map(|(&(from, to), &count)| {
                let expected = draws as f64 * (from..to).map(|rank| sampler.probability(rank)).sum::<f64>();
                (count as f64 - expected) * (count as f64 - expected) / expected
            })
            .sum()
    }

    #[test]
    fn zipf_draws_follow_the_law_for_every_exponent() {
        let cells: Vec<(u64, u64)> = (0..60)
            .map(|rank| (rank, rank + 1))
            .chain([
                (60, 70),
                (70, 80),
                (80, 100),
                (100, 200),
                (200, 500),
                (500, 1_000),
                (1_000, 5_000),
                (5_000, 10_000),
            ])
            .collect();
        for exponent in [0.0, 0.5, 0.9, 1.0, 1.2, 2.0] {
            let sampler = KeySampler::new(&Popularity::Zipf { exponent }, 10_000);
            let distance = chi_square(&sampler, 3_000_000, &cells);
            // 67 degrees of freedom: the 99.9th percentile is 108.
            assert!(distance < 108.0, "exponent {exponent}: chi-square {distance}");
        }
    }

    #[test]
    fn hotspot_gives_its_share_to_the_first_keys() {
        let sampler = KeySampler::new(&Popularity::Hotspot { keys_share: 0.01, requests_share: 0.9 }, 10_000);
        assert!((sampler.probability(0) - 0.009).abs() < 1e-12);
        let distance = chi_square(&sampler, 1_000_000, &[(0, 50), (50, 100), (100, 5_000), (5_000, 10_000)]);
        assert!(distance < 16.3, "chi-square {distance}");
    }

    #[test]
    fn tables_stay_small_for_a_hundred_million_keys() {
        let sampler = KeySampler::new(&Popularity::Zipf { exponent: 1.0 }, 100_000_000);
        assert!(sampler.blocks.len() * std::mem::size_of::<Block>() <= 64 * 1024);
        let sum = harmonic(100_000_000, 1.0);
        assert!((sum - 18.997_896_413_853_89).abs() < 1e-9, "{sum}");
    }

    #[test]
    fn counted_draws_follow_their_counts() {
        let counts = Counts { of_keys: vec![40.0, 25.0, 25.0, 7.5, 2.5, 0.0].into() };
        let sampler = KeySampler::new(&Popularity::Counts(counts), 6);
        let cells: Vec<(u64, u64)> = (0..5).map(|rank| (rank, rank + 1)).collect();
        assert_eq!((sampler.probability(1), sampler.probability(5)), (0.25, 0.0));
        // 4 degrees of freedom: the 99.9th percentile is 18.5.
        let distance = chi_square(&sampler, 1_000_000, &cells);
        assert!(distance < 18.5, "{distance}");
    }

    #[test]
    fn harmonic_numbers_agree_with_the_plain_sum() {
        for s in [0.0, 0.5, 0.99, 1.0, 1.01, 2.5] {
            let plain: f64 = (1..=50_000u64).rev().map(|r| libm::pow(r as f64, -s)).sum();
            assert!((harmonic(50_000, s) / plain - 1.0).abs() < 1e-12, "s = {s}");
        }
    }
}
