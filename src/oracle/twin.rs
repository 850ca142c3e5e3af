//! Tools for the brute-force twins in the tests of this room: a generator of its own and Simpson's rule,
//! so that a formula is never checked with the code that it is meant to check.

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Coin(pub u64);

impl Coin {
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn exponential(&mut self, rate_per_s: f64) -> f64 {
        -libm::log(1.0 - self.uniform()) / rate_per_s
    }
    /// An index drawn with the given probabilities.
    pub fn pick(&mut self, probabilities: &[f64]) -> usize {
        let mut left = self.uniform();
        for (index, p) in probabilities.iter().enumerate() {
            left -= p;
            if left < 0.0 {
                return index;
            }
        }
        probabilities.len() - 1
    }
}

/// Simpson's rule with 20,000 intervals.
pub fn integrate(f: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let n = 20_000;
    let h = (to - from) / n as f64;
    let inner: f64 = (1..n).map(|i| f(from + i as f64 * h) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    (f(from) + inner + f(to)) * h / 3.0
}

/// Asserts that two numbers differ by at most `tolerance`.
#[track_caller]
pub fn close(got: f64, wanted: f64, tolerance: f64) {
    assert!((got - wanted).abs() <= tolerance, "got {got}, wanted {wanted} +- {tolerance}");
}
