//! The busiest second, wherever it begins: arrivals in fine bins, and the most that any second of them held.

use crate::model::Nanos;

/// Bins of a second.
const BINS: usize = 100;
/// How far apart the seconds begin that are compared.
pub const STEP_NS: Nanos = 1_000_000_000 / BINS as Nanos;

/// A second that slides over arrivals in steps of [`STEP_NS`], counted from the instant given to [`Busiest::new`].
#[derive(Clone, Debug)]
pub struct Busiest {
    bins: [u32; BINS],
    /// The bin of the present time, where it ends, and the arrivals of the last second of bins.
    place: usize,
    bin_end_ns: Nanos,
    in_second: u64,
    most: u64,
}

impl Busiest {
    /// Arrivals count from this instant on.
    pub fn new(from_ns: Nanos) -> Busiest {
        let bin_end_ns = from_ns.saturating_add(STEP_NS);
        Busiest { bins: [0; BINS], place: 0, bin_end_ns, in_second: 0, most: 0 }
    }

    /// An arrival; they come in the order of time.
    #[inline]
    pub fn note(&mut self, now: Nanos) {
        if now >= self.bin_end_ns {
            self.slide(now);
        }
        self.bins[self.place] += 1;
        self.in_second += 1;
        self.most = self.most.max(self.in_second);
    }

    /// The bin of `now` becomes the newest one; what is a second old leaves.
    fn slide(&mut self, now: Nanos) {
        let steps = (now - self.bin_end_ns) / STEP_NS + 1;
        if steps >= BINS as Nanos {
            self.bins = [0; BINS];
            self.in_second = 0;
        } else {
            for _ in 0..steps {
                self.place = (self.place + 1) % BINS;
                self.in_second -= u64::from(std::mem::take(&mut self.bins[self.place]));
            }
        }
        self.bin_end_ns += steps * STEP_NS;
    }

    /// Most arrivals in one second.
    pub fn most(&self) -> u64 {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    /// The definition, without haste: every second that begins with a bin.
    fn twin(from_ns: Nanos, arrivals: &[Nanos]) -> u64 {
        let last = arrivals.iter().copied().max().unwrap_or(from_ns);
        (0..=(last - from_ns) / STEP_NS)
            .flat_map(|bin| [bin, bin.saturating_sub(BINS as u64 - 1)])
            .map(|bin| from_ns + bin * STEP_NS)
            .map(|start| arrivals.iter().filter(|&&at| at >= start && at < start + 1000 * MS).count() as u64)
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn a_wave_counts_the_same_wherever_it_falls() {
        for begin_ms in [0, 250, 505, 990] {
            let mut busiest = Busiest::new(0);
            // 400 within 400 ms, between single arrivals a second apart.
            busiest.note(begin_ms * MS);
            (0..400).for_each(|n| busiest.note((2000 + begin_ms + n) * MS));
            busiest.note((9000 + begin_ms) * MS);
            assert_eq!(busiest.most(), 400, "{begin_ms} ms");
        }
    }

    #[test]
    fn a_second_ago_is_over() {
        let mut busiest = Busiest::new(500 * MS);
        [500, 1499, 1500, 1501].into_iter().for_each(|at| busiest.note(at * MS));
        // The bin of 500 ms has left when that of 1500 ms begins.
        assert_eq!(busiest.most(), 3);
        let mut busiest = Busiest::new(0);
        [0, 500, 60_000, 60_400, 60_990].into_iter().for_each(|at| busiest.note(at * MS));
        assert_eq!(busiest.most(), 3);
    }

    #[test]
    fn it_is_what_its_definition_gives() {
        let mut state = 7_u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for case in 0..50 {
            let from_ns = draw(3) * 333 * MS;
            let mut now = from_ns;
            let arrivals: Vec<Nanos> = (0..300)
                .map(|_| {
                    now += draw([1, 7, 40, 900][(case % 4) as usize]) * MS * draw(4);
                    now
                })
                .collect();
            let mut busiest = Busiest::new(from_ns);
            arrivals.iter().for_each(|&at| busiest.note(at));
            assert_eq!(busiest.most(), twin(from_ns, &arrivals), "case {case}");
        }
    }
}
