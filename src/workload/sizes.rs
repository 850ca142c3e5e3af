//! How large keys and values are: drawn for each key of a replication, and never stored where there are many.
//!
//! The size of a key's value is the quantile of its law at a uniform number that is a hash of (seed, replication, key), so
//! all variants of a replication see the same sizes. Quantiles come from a table of each law, since a logarithm and an
//! exponential for every look at a size would cost more than the rest of a request.

use std::sync::Arc;

use crate::dice::{hash_seed, mix};
use crate::model::{Class, Size};
use crate::trace::TraceKeys;

/// Keys up to here have their sizes in an array, which then stays in the processor's cache.
const KEPT_KEYS: usize = 1 << 16;

/// Bytes of value and key, per id.
#[derive(Clone, Debug)]
pub enum Sizes {
    /// The same within each class: (value, key).
    PerClass(Vec<(u32, u32)>),
    /// By id: (value, value and key together).
    PerKey(Vec<(u32, u32)>),
    /// Worked out at every look.
    Hashed(Hashed),
}

impl Sizes {
    /// Of the keys of one replication.
    pub(super) fn draw(laws: &Arc<Laws>, seed: u64, replication: u32) -> Sizes {
        if let Some(sizes) = laws.per_class() {
            return Sizes::PerClass(sizes);
        }
        let hashed = Hashed {
            laws: Arc::clone(laws),
            of_value: hash_seed(seed, replication, "workload.value_size"),
            of_key: hash_seed(seed, replication, "workload.key_size"),
        };
        if laws.keys() > KEPT_KEYS {
            return Sizes::Hashed(hashed);
        }
        let mut sizes = Vec::with_capacity(laws.keys());
        for (class, ids) in laws.first_id.windows(2).enumerate() {
            sizes.extend((ids[0]..ids[1]).map(|id| (hashed.value(class, id), hashed.total(class, id))));
        }
        Sizes::PerKey(sizes)
    }
}

/// Sizes as functions of the key.
#[derive(Clone, Debug)]
pub struct Hashed {
    laws: Arc<Laws>,
    of_value: u64,
    of_key: u64,
}

impl Hashed {
    /// Bytes of the value.
    #[inline]
    pub(super) fn value(&self, class: usize, id: u32) -> u32 {
        self.laws.classes[class].value.size(self.of_value, id, &self.laws)
    }

    /// Bytes of value and key.
    #[inline]
    pub(super) fn total(&self, class: usize, id: u32) -> u32 {
        let key = self.laws.classes[class].key.size(self.of_key, id, &self.laws);
        self.value(class, id).saturating_add(key)
    }
}

/// How the sizes of all classes are distributed: the same in all replications.
#[derive(Debug)]
pub struct Laws {
    classes: Vec<ClassLaws>,
    /// First id of each class, and the end of the last.
    first_id: Vec<u32>,
    recorded: Option<Arc<TraceKeys>>,
}

#[derive(Debug)]
struct ClassLaws {
    value: Law,
    key: Law,
}

#[derive(Debug)]
enum Law {
    Constant(u32),
    Drawn(Quantiles),
    /// As the trace has it.
    Recorded,
    /// The same of a key.
    RecordedKey,
}

impl Laws {
    pub(super) fn new(classes: &[Class], first_id: &[u32], recorded: Option<Arc<TraceKeys>>) -> Laws {
        let classes = classes
            .iter()
            .map(|class| ClassLaws { value: Law::new(&class.value_size), key: Law::of_key(&class.key_size) })
            .collect();
        Laws { classes, first_id: first_id.to_vec(), recorded }
    }

    fn keys(&self) -> usize {
        self.first_id.last().map_or(0, |&end| end as usize)
    }

    fn per_class(&self) -> Option<Vec<(u32, u32)>> {
        let constant = |law: &Law| match *law {
            Law::Constant(bytes) => Some(bytes),
            _ => None,
        };
        self.classes.iter().map(|laws| Some((constant(&laws.value)?, constant(&laws.key)?))).collect()
    }
}

impl Law {
    fn new(size: &Size) -> Law {
        match *size {
            Size::Constant { bytes } => Law::Constant(bytes.min(u64::from(u32::MAX)) as u32),
            Size::Trace => Law::Recorded,
            _ => Law::Drawn(Quantiles::new(*size)),
        }
    }

    fn of_key(size: &Size) -> Law {
        match Law::new(size) {
            Law::Recorded => Law::RecordedKey,
            law => law,
        }
    }

    #[inline]
    fn size(&self, seed: u64, id: u32, laws: &Laws) -> u32 {
        match self {
            Law::Constant(bytes) => *bytes,
            Law::Drawn(quantiles) => (quantiles.at(mix(seed ^ u64::from(id))) + 0.5) as u32,
            Law::Recorded => laws.recorded.as_ref().map_or(0, |keys| keys.sizes[id as usize]),
            Law::RecordedKey => laws.recorded.as_ref().map_or(0, |keys| keys.key_sizes[id as usize]),
        }
    }
}

/// The quantiles of a law, towards both ends in cells of the same relative width; between the ends of a cell they are taken to
/// be linear, which is off by less than 0.01 %.
#[derive(Debug)]
struct Quantiles {
    size: Size,
    /// Of the lower half and of the upper one: quantiles at tails 2^-(`OCTAVES` + 1) to 1/2.
    halves: [Vec<f64>; 2],
}

impl Quantiles {
    /// Halvings of the tail that are in the table; what is rarer is worked out.
    const OCTAVES: u32 = 24;
    const CELLS_BITS: u32 = 7;

    fn new(size: Size) -> Quantiles {
        let cells = 1u32 << Self::CELLS_BITS;
        let tail = |index: u32| {
            let (octave, cell) = (index / cells, index % cells);
            libm::ldexp(1.0 + f64::from(cell) / f64::from(cells), octave as i32 - Self::OCTAVES as i32 - 1)
        };
        let half = |is_upper| {
            (0..=Self::OCTAVES * cells).map(|index| quantile(&size, tail(index), is_upper)).collect()
        };
        Quantiles { size, halves: [half(false), half(true)] }
    }

    /// At a uniform number of 64 bits: the first bit chooses the half, the others are the tail that is cut off.
    #[inline]
    fn at(&self, word: u64) -> f64 {
        let is_upper = word >> 63 == 1;
        let tail = word << 1 | 1;
        let octave = tail.leading_zeros();
        if octave >= Self::OCTAVES {
            return quantile(&self.size, tail as f64 * 2f64.powi(-65), is_upper);
        }
        // Below the leading bit: the cell, and the place within it.
        let rest = tail << octave << 1;
        let cell = (rest >> (64 - Self::CELLS_BITS)) as usize;
        let within = (rest << Self::CELLS_BITS >> 11) as f64 * (1.0 / (1u64 << 53) as f64);
        let index = (((Self::OCTAVES - 1 - octave) as usize) << Self::CELLS_BITS) + cell;
        let half = &self.halves[usize::from(is_upper)];
        half[index] + (half[index + 1] - half[index]) * within
    }
}

/// The bytes that a share `tail` of all sizes fall below, or exceed.
fn quantile(size: &Size, tail: f64, is_upper: bool) -> f64 {
    match *size {
        Size::Lognormal { mu, sigma, max_bytes } => {
            let z = normal_quantile(tail);
            libm::exp(mu + sigma * if is_upper { -z } else { z }).min(max_bytes as f64)
        }
        Size::Pareto { location, scale, shape, max_bytes } => {
            let survival = if is_upper { tail } else { 1.0 - tail };
            let excess =
                if shape == 0.0 { -libm::log(survival) } else { (libm::pow(survival, -shape) - 1.0) / shape };
            (location + scale * excess).clamp(0.0, max_bytes as f64)
        }
        Size::Constant { bytes } => bytes as f64,
        Size::Trace => 0.0,
    }
}

/// Standard normal quantile by bisection-free rational approximation (Acklam 2003, relative error 1.2e-9).
fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const TAIL: f64 = 0.02425;
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let p = p.clamp(1e-16, 1.0 - 1e-16);
    if (TAIL..=1.0 - TAIL).contains(&p) {
        let q = p - 0.5;
        let r = q * q;
        return horner(&A, r) * q / (horner(&B, r) * r + 1.0);
    }
    let q = (-2.0 * libm::log(p.min(1.0 - p))).sqrt();
    let z = horner(&C, q) / (horner(&D, q) * q + 1.0);
    if p < 0.5 { z } else { -z }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_match_the_tables() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959_963_985), (0.01, -2.326_347_874), (0.999, 3.090_232_306)] {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}");
        }
    }

    /// Median 400 B and 99 % below 8 kB: sigma is ln(20) / 2.326.
    fn lognormal() -> Size {
        Size::Lognormal { mu: libm::log(400.0), sigma: libm::log(20.0) / 2.326_347_874, max_bytes: 1 << 30 }
    }

    #[test]
    fn a_table_of_quantiles_says_what_the_law_says() {
        let pareto = Size::Pareto { location: 20.0, scale: 150.0, shape: 0.35, max_bytes: 1 << 30 };
        for size in [lognormal(), pareto] {
            let quantiles = Quantiles::new(size);
            for step in 0..200_000u64 {
                let word = mix(step) >> (step % 40);
                for word in [word, word | 1 << 63, !word] {
                    let tail = (word << 1 | 1) as f64 * 2f64.powi(-65);
                    let exact = quantile(&size, tail, word >> 63 == 1);
                    let off = quantiles.at(word) / exact - 1.0;
                    assert!(off.abs() < 1e-4, "{size:?} {word:x}: {off}");
                }
            }
        }
        let median = Quantiles::new(lognormal()).at(u64::MAX >> 1);
        assert!((median - 400.0).abs() < 0.01, "{median}");
    }

    #[test]
    fn stored_or_not_a_size_is_the_same_and_each_replication_has_its_own() {
        let few = Arc::new(Laws {
            classes: vec![
                ClassLaws { value: Law::new(&lognormal()), key: Law::Constant(40) },
                ClassLaws { value: Law::Constant(7), key: Law::new(&lognormal()) },
            ],
            first_id: vec![0, 100, 1000],
            recorded: None,
        });
        let hashed = |replication| Hashed {
            laws: Arc::clone(&few),
            of_value: hash_seed(5, replication, "workload.value_size"),
            of_key: hash_seed(5, replication, "workload.key_size"),
        };
        let Sizes::PerKey(stored) = Sizes::draw(&few, 5, 3) else { panic!("a thousand keys") };
        for id in 0..1000 {
            let class = usize::from(id >= 100);
            let (value, total) = stored[id as usize];
            assert_eq!((value, total), (hashed(3).value(class, id), hashed(3).total(class, id)));
            assert_eq!(if class == 0 { total - value } else { value }, if class == 0 { 40 } else { 7 });
        }
        let same = (0..100).filter(|&id| stored[id as usize].0 == hashed(4).value(0, id)).count();
        assert!(same < 5, "{same} of 100 sizes are those of another replication");
    }
}
