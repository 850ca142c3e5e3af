//! When requests arrive: open renewal processes under a rate profile.

use crate::dice::{Stream, Times};
use crate::model::{Arrivals, EventKind, Nanos, ProfilePart, TimedEvent, Workload};

/// Piecewise linear factor on the base rate: from `from_ns` on `start + slope * (t - from_ns)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    pub from_ns: f64,
    pub start: f64,
    pub slope: f64,
}

/// A sine is cut into this many straight pieces per period; its relative error is then below 1e-4.
const SINE_PIECES: u32 = 256;
/// At most this many pieces in all, so that a tiny period over a long run stays affordable.
const MAX_PIECES: usize = 1_000_000;

/// The profile and all surges as one piecewise linear function on `[0, duration)`.
pub fn segments(workload: &Workload, events: &[TimedEvent], duration_ns: Nanos) -> Vec<Segment> {
    let mut cuts = vec![0.0];
    for part in &workload.profile {
        match *part {
            ProfilePart::Step { at_ns, .. } => cuts.push(at_ns as f64),
            ProfilePart::Ramp { from_ns, to_ns, .. } => cuts.extend([from_ns as f64, to_ns as f64]),
            ProfilePart::Sine { period_ns, .. } => {
                let pieces = duration_ns as f64 / period_ns as f64 * f64::from(SINE_PIECES);
                let pieces = (pieces.ceil() as usize).clamp(1, MAX_PIECES);
                cuts.extend((0..pieces).map(|piece| piece as f64 * duration_ns as f64 / pieces as f64));
            }
        }
    }
    for event in events {
        if let EventKind::Surge { for_ns, .. } = event.what {
            cuts.extend([event.at_ns as f64, (event.at_ns + for_ns) as f64]);
        }
    }
    cuts.retain(|&cut| cut < duration_ns as f64);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let ends = cuts.iter().skip(1).copied().chain([duration_ns as f64]);
    cuts.iter()
        .zip(ends)
        .map(|(&from_ns, to_ns)| {
            let start = factor(workload, events, from_ns, true);
            let end = factor(workload, events, to_ns, false);
            Segment { from_ns, start, slope: (end - start) / (to_ns - from_ns) }
        })
        .collect()
}

/// The factor at an instant; `after`: on the later side of a jump.
fn factor(workload: &Workload, events: &[TimedEvent], at_ns: f64, after: bool) -> f64 {
    let reached = |instant: Nanos| instant as f64 <= at_ns && (after || (instant as f64) < at_ns);
    let mut level = 1.0;
    let mut sines = 1.0;
    for part in &workload.profile {
        match *part {
            ProfilePart::Step { at_ns: step_ns, factor } if reached(step_ns) => level = factor,
            ProfilePart::Ramp { from_ns, to_ns, factor } if reached(from_ns) => {
                let share = ((at_ns - from_ns as f64) / (to_ns - from_ns).max(1) as f64).min(1.0);
                level += (factor - level) * share;
            }
            ProfilePart::Step { .. } | ProfilePart::Ramp { .. } => {}
            ProfilePart::Sine { period_ns, phase_ns, amplitude } => {
                let turn = (at_ns - phase_ns as f64) / period_ns as f64;
                sines *= 1.0 + amplitude * libm::sin(2.0 * std::f64::consts::PI * turn);
            }
        }
    }
    let surges: f64 = events
        .iter()
        .filter_map(|event| match event.what {
            EventKind::Surge { factor, for_ns } if reached(event.at_ns) && !reached(event.at_ns + for_ns) => {
                Some(factor)
            }
            _ => None,
        })
        .product();
    level * sines * surges
}

/// Expected number of arrivals of an open process; the integral of its rate.
pub fn expected_arrivals(rate_per_s: f64, segments: &[Segment], duration_ns: Nanos) -> f64 {
    let ends = segments.iter().skip(1).map(|segment| segment.from_ns).chain([duration_ns as f64]);
    let area: f64 = segments
        .iter()
        .zip(ends)
        .map(|(segment, to_ns)| {
            let length = to_ns - segment.from_ns;
            length * (segment.start + segment.slope * length / 2.0)
        })
        .sum();
    rate_per_s * area / 1e9
}

/// Arrival times of an open process, in order.
///
/// Gaps are drawn in operational time (mean one) and carried to the clock through the inverse of the
/// cumulative rate: exact for Poisson (the time-rescaling theorem), the usual meaning for renewal gaps.
#[derive(Clone, Debug)]
pub struct OpenArrivals {
    gaps: Gaps,
    rate_per_ns: f64,
    segments: Vec<Segment>,
    current: usize,
    /// The clock, in nanoseconds with fraction.
    now_ns: f64,
    duration_ns: f64,
    stream: Stream,
}

#[derive(Clone, Debug)]
enum Gaps {
    Exponential,
    Constant,
    Drawn(Times),
}

impl OpenArrivals {
    /// `None` for closed loops and traces.
    pub fn new(
        workload: &Workload,
        events: &[TimedEvent],
        duration_ns: Nanos,
        stream: Stream,
    ) -> Option<OpenArrivals> {
        let (gaps, rate_per_s) = match workload.arrivals {
            Arrivals::Poisson { rate_per_s } => (Gaps::Exponential, rate_per_s),
            Arrivals::Constant { rate_per_s } => (Gaps::Constant, rate_per_s),
            Arrivals::Renewal { rate_per_s, cv2 } if cv2 > 1.0 => {
                (Gaps::Drawn(Times::hyperexponential(1.0, cv2)), rate_per_s)
            }
            Arrivals::Renewal { rate_per_s, cv2 } => (Gaps::Drawn(Times::gamma(1.0, cv2)), rate_per_s),
            Arrivals::Closed { .. } | Arrivals::Trace(_) => return None,
        };
        Some(OpenArrivals {
            // The first constant arrival is at time zero, the next ones a gap apart.
            now_ns: 0.0,
            gaps,
            rate_per_ns: rate_per_s / 1e9,
            segments: segments(workload, events, duration_ns),
            current: 0,
            duration_ns: duration_ns as f64,
            stream,
        })
    }

    /// Appends up to `count` times; fewer only where the duration is reached.
    pub fn fill(&mut self, times: &mut Vec<Nanos>, count: usize, first: bool) {
        let flat = self.segments.len() == 1 && self.segments[0].slope == 0.0;
        if flat && matches!(self.gaps, Gaps::Exponential) {
            return self.fill_poisson(times, count);
        }
        for index in 0..count {
            let gap = match &self.gaps {
                Gaps::Exponential => crate::dice::exponential(&mut self.stream),
                Gaps::Constant if first && index == 0 => 0.0,
                Gaps::Constant => 1.0,
                Gaps::Drawn(times) => times.sample_f64(&mut self.stream),
            };
            if flat {
                self.now_ns += gap / (self.rate_per_ns * self.segments[0].start);
            } else {
                self.advance(gap / self.rate_per_ns);
            }
            // A clock that ran out is infinite and stays so.
            if self.now_ns + 0.5 >= self.duration_ns || self.now_ns.is_nan() {
                self.now_ns = f64::INFINITY;
                return;
            }
            times.push(crate::dice::round_ns(self.now_ns));
        }
    }

    /// The same for the most common case, a Poisson process of constant rate.
    fn fill_poisson(&mut self, times: &mut Vec<Nanos>, count: usize) {
        let rate_per_ns = self.rate_per_ns * self.segments[0].start;
        let last_ns = self.duration_ns;
        // Copies, so that they may stay in registers.
        let (mut stream, mut now_ns) = (self.stream.clone(), self.now_ns);
        let drawn = (0..count).map_while(|_| {
            now_ns += crate::dice::exponential(&mut stream) / rate_per_ns;
            (now_ns + 0.5 < last_ns).then(|| crate::dice::round_ns(now_ns))
        });
        times.extend(drawn);
        self.now_ns = if now_ns + 0.5 < last_ns { now_ns } else { f64::INFINITY };
        self.stream = stream;
    }

    /// Moves the clock until the integral of the factor has grown by `area` (nanoseconds at factor one).
    fn advance(&mut self, mut area: f64) {
        loop {
            let Some(segment) = self.segments.get(self.current) else {
                self.now_ns = f64::INFINITY;
                return;
            };
            let end_ns = self.segments.get(self.current + 1).map_or(self.duration_ns, |next| next.from_ns);
            let here = (segment.start + segment.slope * (self.now_ns - segment.from_ns)).max(0.0);
            let length = end_ns - self.now_ns;
            let available = length * (here + segment.slope * length / 2.0);
            if area <= available && available > 0.0 {
                // Smallest root of slope/2 x^2 + here x = area, in the form that is stable for small slopes.
                let root = (here * here + 2.0 * segment.slope * area).max(0.0).sqrt();
                self.now_ns += 2.0 * area / (here + root);
                return;
            }
            area -= available.max(0.0);
            self.now_ns = end_ns;
            self.current += 1;
        }
    }
}
