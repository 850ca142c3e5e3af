//! Named random streams from one seed, and times drawn from their specifications.
//!
//! Every random quantity has a stream of its own, derived from (seed, replication, name): a strategy that
//! tosses more coins than another never shifts anybody else's draws, so compared variants see the same
//! traffic (common random numbers). Generators are named algorithms, transcendental functions come from
//! `libm`: the same inputs give the same bytes on any machine.

use rand::Rng;
use rand::SeedableRng;
use rand_distr::Distribution;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::model::{Dist, Nanos, Quantiles};

/// The generator behind every stream: xoshiro256++ (Blackman and Vigna, 2019).
pub type Stream = Xoshiro256PlusPlus;

/// A stream that depends on nothing but its three coordinates.
///
/// ```
/// use herdlab::dice::stream;
/// use rand::Rng;
/// assert_eq!(stream(1, 0, "keys").next_u64(), stream(1, 0, "keys").next_u64());
/// assert_ne!(stream(1, 0, "keys").next_u64(), stream(1, 0, "arrivals").next_u64());
/// assert_ne!(stream(1, 0, "keys").next_u64(), stream(1, 1, "keys").next_u64());
/// ```
pub fn stream(seed: u64, replication: u32, name: &str) -> Stream {
    Stream::seed_from_u64(hash_seed(seed, replication, name))
}

/// The start of a hash of keys that depends on nothing but the same three coordinates: `mix(seed ^ key)` then scatters
/// what belongs to a key, such as its size, anew in each replication and alike in all variants.
pub fn hash_seed(seed: u64, replication: u32, name: &str) -> u64 {
    let mut state = mix(seed ^ 0x6865_7264_6c61_6221);
    state = mix(state ^ u64::from(replication));
    for chunk in name.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = mix(state ^ u64::from_le_bytes(word));
    }
    state ^ name.len() as u64
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, 2014): a bijection that scatters neighbouring inputs.
#[inline]
pub fn mix(mut word: u64) -> u64 {
    word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Uniform on (0, 1]: safe under a logarithm.
#[inline]
pub fn unit_open_zero(stream: &mut Stream) -> f64 {
    unit_from_bits(stream.next_u64())
}

/// Uniform on (0, 1] from 64 random bits.
#[inline]
pub fn unit_from_bits(bits: u64) -> f64 {
    ((bits >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Uniform on `0..bound` (Lemire's multiplication; the bias is below 2^-32 for the bounds used here).
#[inline]
pub fn below(stream: &mut Stream, bound: u32) -> u32 {
    (((stream.next_u64() >> 32) * u64::from(bound)) >> 32) as u32
}

/// True with the given probability.
#[inline]
pub fn chance(stream: &mut Stream, probability: f64) -> bool {
    unit_open_zero(stream) <= probability
}

/// Exponential with mean one.
#[inline]
pub fn exponential(stream: &mut Stream) -> f64 {
    rand_distr::Exp1.sample(stream)
}

/// The exponential function from a table of 64 powers of two and a short polynomial (Tang, Table-driven
/// implementation of the exponential function, ACM TOMS 15, 1989): only additions and multiplications, so the
/// same bits everywhere, within 2 units in the last place of `libm::exp` at a third of its time.
#[derive(Clone, Debug)]
pub struct Exp {
    /// 2^(i/64).
    powers: Box<[f64; 64]>,
}

impl Exp {
    pub fn new() -> Exp {
        Exp { powers: Box::new(std::array::from_fn(|i| libm::exp2(i as f64 / 64.0))) }
    }

    /// e^x; arguments are cut to +-700, where results are still ordinary numbers.
    #[inline]
    pub fn of(&self, x: f64) -> f64 {
        let mut one = [x];
        self.of_all(&mut one);
        one[0]
    }

    /// The same for many at a time: all but the lookups in the table is done for several numbers at once.
    #[inline]
    pub fn of_all<const N: usize>(&self, numbers: &mut [f64; N]) {
        /// 64 / ln 2, and ln 2 / 64 in two parts of which the first has trailing zeros.
        const PER_UNIT: f64 = 92.332_482_616_893_66;
        const STEP_HIGH: f64 = 0.010_830_424_696_223_417;
        const STEP_LOW: f64 = 2.572_804_622_327_669e-14;
        /// Adding it leaves the nearest integer in the lowest bits.
        const ROUND: f64 = 6_755_399_441_055_744.0;
        let mut steps = [0u64; N];
        let mut grown = [0.0; N];
        for ((x, steps), grown) in numbers.iter_mut().zip(&mut steps).zip(&mut grown) {
            *x = if *x < -700.0 { -700.0 } else { *x };
            *x = if *x > 700.0 { 700.0 } else { *x };
            let shifted = *x * PER_UNIT + ROUND;
            *steps = shifted.to_bits();
            let whole = shifted - ROUND;
            let r = *x - whole * STEP_HIGH - whole * STEP_LOW;
            let tail = r * r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0))));
            *grown = r + tail;
        }
        for (x, steps) in numbers.iter_mut().zip(&steps) {
            *x = self.powers[(*steps & 63) as usize];
        }
        for ((x, steps), grown) in numbers.iter_mut().zip(&steps).zip(&grown) {
            // The steps are the lowest bits of a number whose other bits leave with the shifts.
            let scale = f64::from_bits((steps >> 6 << 52).wrapping_add(1_023 << 52));
            *x = (*x + *x * grown) * scale;
        }
    }
}

impl Default for Exp {
    fn default() -> Exp {
        Exp::new()
    }
}

/// A distribution of times, ready to be drawn from.
#[derive(Clone, Debug)]
pub enum Times {
    Constant(Nanos),
    Exponential {
        mean_ns: f64,
    },
    Lognormal {
        mu: f64,
        sigma: f64,
        exp: Exp,
    },
    Gamma {
        unit: rand_distr::Gamma<f64>,
        scale_ns: f64,
    },
    /// First phase with probability `first`.
    Hyperexponential {
        first: f64,
        mean_ns: [f64; 2],
    },
    Empirical {
        ns: Vec<Nanos>,
    },
    Quantiles(Quantiles),
}

impl Times {
    /// Prepares a checked distribution.
    pub fn new(dist: &Dist) -> Times {
        match *dist {
            Dist::Constant { ns } => Times::Constant(round_ns(ns)),
            Dist::Exponential { mean_ns } => Times::Exponential { mean_ns },
            Dist::Lognormal { mu, sigma } => Times::Lognormal { mu, sigma, exp: Exp::new() },
            Dist::Gamma { mean_ns, cv2 } => Times::gamma(mean_ns, cv2),
            Dist::Hyperexponential { mean_ns, cv2 } => Times::hyperexponential(mean_ns, cv2),
            Dist::Empirical { ref ns } => {
                Times::Empirical { ns: ns.iter().map(|&ns| round_ns(ns)).collect() }
            }
            Dist::Quantiles(ref quantiles) => Times::Quantiles((**quantiles).clone()),
        }
    }

    /// Gamma by mean and squared coefficient of variation; constant where that is zero.
    pub fn gamma(mean_ns: f64, cv2: f64) -> Times {
        match rand_distr::Gamma::new(1.0 / cv2, 1.0) {
            Ok(unit) if cv2 > 0.0 => Times::Gamma { unit, scale_ns: mean_ns * cv2 },
            _ => Times::Constant(round_ns(mean_ns)),
        }
    }

    /// Two exponential phases that carry half of the mean each ("balanced means", Whitt 1982).
    pub fn hyperexponential(mean_ns: f64, cv2: f64) -> Times {
        let first = (1.0 + ((cv2 - 1.0).max(0.0) / (cv2 + 1.0)).sqrt()) / 2.0;
        let mean_ns = [mean_ns / (2.0 * first), mean_ns / (2.0 * (1.0 - first).max(f64::MIN_POSITIVE))];
        Times::Hyperexponential { first, mean_ns }
    }

    /// The value, where it is always the same.
    pub fn constant(&self) -> Option<Nanos> {
        match *self {
            Times::Constant(ns) => Some(ns),
            _ => None,
        }
    }

    /// The next time, as nanoseconds before rounding.
    #[inline]
    pub fn sample_f64(&self, stream: &mut Stream) -> f64 {
        match self {
            Times::Constant(ns) => *ns as f64,
            Times::Exponential { mean_ns } => exponential(stream) * mean_ns,
            Times::Lognormal { mu, sigma, exp } => {
                let z: f64 = rand_distr::StandardNormal.sample(stream);
                exp.of(mu + sigma * z)
            }
            Times::Gamma { unit, scale_ns } => unit.sample(stream) * scale_ns,
            Times::Hyperexponential { first, mean_ns } => {
                let phase = usize::from(!chance(stream, *first));
                exponential(stream) * mean_ns[phase]
            }
            Times::Empirical { ns } => ns[below(stream, ns.len() as u32) as usize] as f64,
            Times::Quantiles(quantiles) => quantiles.at(unit_open_zero(stream)),
        }
    }

    /// The next time in whole nanoseconds.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> Nanos {
        // The common families by branches of their own: one jump table for all callers is mispredicted, since
        // one caller's family follows another's.
        match self {
            Times::Constant(ns) => *ns,
            Times::Exponential { mean_ns } => round_ns(exponential(stream) * mean_ns),
            _ => round_ns(self.sample_f64(stream)),
        }
    }
}

/// Nearest whole nanosecond; below zero becomes zero, beyond 292 years 292 years.
#[inline]
pub fn round_ns(ns: f64) -> Nanos {
    // By way of signed integers, for which processors have an instruction.
    ((ns + 0.5) as i64).max(0) as Nanos
}

/// Times of one kind from a stream of their own, drawn ahead: the tables and constants of a distribution are then
/// fetched once for many draws. What is drawn is the same.
#[derive(Clone, Debug)]
pub struct Delays {
    times: Times,
    stream: Stream,
    ahead: [Nanos; Delays::AHEAD],
    next: usize,
}

impl Delays {
    const AHEAD: usize = 64;

    pub fn new(times: Times, stream: Stream) -> Delays {
        let ahead = [times.constant().unwrap_or(0); Delays::AHEAD];
        Delays { times, stream, ahead, next: Delays::AHEAD }
    }

    /// See [`Times::constant`].
    pub fn constant(&self) -> Option<Nanos> {
        self.times.constant()
    }

    /// The next time in whole nanoseconds.
    #[inline]
    pub fn sample(&mut self) -> Nanos {
        if self.next == Delays::AHEAD {
            self.draw();
        }
        let time = self.ahead[self.next];
        self.next += 1;
        time
    }

    #[inline(never)]
    fn draw(&mut self) {
        self.next = 0;
        // A copy, so that it may stay in registers.
        let mut stream = self.stream.clone();
        match &self.times {
            Times::Constant(_) => {}
            Times::Exponential { mean_ns } => {
                self.ahead.iter_mut().for_each(|time| *time = round_ns(exponential(&mut stream) * mean_ns));
            }
            Times::Lognormal { mu, sigma, exp } => {
                let mut normal = [0.0; Delays::AHEAD];
                normal.fill_with(|| rand_distr::StandardNormal.sample(&mut stream));
                normal.iter_mut().for_each(|z| *z = mu + sigma * *z);
                exp.of_all(&mut normal);
                self.ahead.iter_mut().zip(normal).for_each(|(time, drawn)| *time = round_ns(drawn));
            }
            times => self.ahead.fill_with(|| times.sample(&mut stream)),
        }
        self.stream = stream;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden values: a change of generator or derivation changes every record and must be deliberate.
    #[test]
    fn streams_are_portable() {
        let mut keys = stream(42, 3, "workload.keys");
        assert_eq!([keys.next_u64(), keys.next_u64()], GOLDEN);
    }
    const GOLDEN: [u64; 2] = [1_902_408_955_930_742_031, 15_687_497_190_512_825_554];

    #[test]
    fn the_fast_exponential_agrees_with_the_slow_one() {
        let exp = Exp::new();
        let mut dice = stream(3, 0, "test");
        for _ in 0..200_000 {
            let x = 1_400.0 * unit_open_zero(&mut dice) - 700.0;
            let (fast, slow) = (exp.of(x), libm::exp(x));
            assert!((fast / slow - 1.0).abs() < 5e-16, "{x}: {fast} for {slow}");
        }
    }

    #[test]
    fn every_family_has_the_mean_and_the_variation_it_was_asked_for() {
        let families = [
            (Dist::Constant { ns: 5e6 }, 0.0),
            (Dist::Exponential { mean_ns: 5e6 }, 1.0),
            (Dist::Lognormal { mu: libm::log(5e6) - 0.125, sigma: 0.5 }, libm::exp(0.25) - 1.0),
            (Dist::Gamma { mean_ns: 5e6, cv2: 0.25 }, 0.25),
            (Dist::Hyperexponential { mean_ns: 5e6, cv2: 4.0 }, 4.0),
            (Dist::Empirical { ns: vec![2e6, 8e6] }, 0.36),
            // Even from 2 to 8 ms: 3^2 / 3 over 5^2.
            (Dist::Quantiles(Box::new(Quantiles { shares: vec![0.0, 1.0], ns: vec![2e6, 8e6] })), 0.12),
        ];
        for (dist, cv2) in families {
            let times = Times::new(&dist);
            let mut dice = stream(7, 0, "test");
            let draws: Vec<f64> = (0..400_000).map(|_| times.sample(&mut dice) as f64).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / draws.len() as f64;
            assert!((mean / dist.mean_ns() - 1.0).abs() < 0.015, "{dist:?}: mean {mean}");
            assert!(
                (variance / (mean * mean) - cv2).abs() < 0.03 * (1.0 + cv2),
                "{dist:?}: cv2 {}",
                variance / (mean * mean)
            );
        }
    }
}
