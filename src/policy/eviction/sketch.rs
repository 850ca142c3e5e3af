//! Approximate recent frequency of keys.

use crate::dice::mix;

/// Counters are halved after so many increments per counter of a row.
const SAMPLES_PER_COUNTER: u32 = 10;
const COUNT_MAX: u8 = 15;
const ROWS: usize = 4;

/// A count-min sketch (Cormode, Muthukrishnan, 2005) that forgets by halving (Einziger, Friedman, Manes: TinyLFU, ACM
/// Transactions on Storage 13(4), 2017). Four rows; counters end at 15, as four bits do.
#[derive(Debug)]
pub struct Sketch {
    counters: Vec<[u8; ROWS]>,
    increments: u32,
}

impl Sketch {
    /// For a cache of so many entries.
    pub fn new(entries: u32) -> Sketch {
        let width = (entries as usize).clamp(16, 1 << 24).next_power_of_two();
        Sketch { counters: vec![[0; ROWS]; width], increments: 0 }
    }

    /// Number of counters in a row.
    pub fn width(&self) -> usize {
        self.counters.len()
    }

    /// One more request for a key.
    #[inline]
    pub fn count(&mut self, key: u32) {
        for (row, place) in self.places(key).into_iter().enumerate() {
            let counter = &mut self.counters[place][row];
            *counter = (*counter + 1).min(COUNT_MAX);
        }
        self.increments += 1;
        if self.increments as usize >= self.counters.len() * SAMPLES_PER_COUNTER as usize {
            self.increments /= 2;
            self.counters.iter_mut().flatten().for_each(|counter| *counter /= 2);
        }
    }

    /// At least the requests for a key since the last halving, up to 15.
    #[inline]
    pub fn estimate(&self, key: u32) -> u8 {
        let counts = self.places(key).into_iter().enumerate().map(|(row, place)| self.counters[place][row]);
        counts.min().unwrap_or(0)
    }

    #[inline]
    fn places(&self, key: u32) -> [usize; ROWS] {
        let hash = mix(u64::from(key));
        let (first, step) = (hash as u32, (hash >> 32) as u32 | 1);
        let mask = self.counters.len() as u32 - 1;
        std::array::from_fn(|row| (first.wrapping_add(step.wrapping_mul(row as u32)) & mask) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_never_too_low_and_rarely_too_high() {
        let mut sketch = Sketch::new(1_000);
        for key in 0..200u32 {
            (0..key % 10).for_each(|_| sketch.count(key));
        }
        let wrong: Vec<u32> = (0..200).filter(|&key| u32::from(sketch.estimate(key)) != key % 10).collect();
        assert!(
            wrong.len() < 5 && (0..200).all(|key| u32::from(sketch.estimate(key)) >= key % 10),
            "{wrong:?}"
        );
    }

    #[test]
    fn counts_are_halved_when_the_sample_is_full() {
        let mut sketch = Sketch::new(16);
        (0..16 * SAMPLES_PER_COUNTER - 1).for_each(|_| sketch.count(7));
        assert_eq!(sketch.estimate(7), 15);
        sketch.count(7);
        assert_eq!(sketch.estimate(7), 7);
    }
}
