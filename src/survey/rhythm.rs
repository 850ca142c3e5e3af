//! The rate over time: windows of fixed widths that are counted and forgotten, and a curve whose steps grow with the span.

use serde::Serialize;

use crate::trace::{Stamp, covered};

/// Steps of the curve at most; two are joined where there are more.
const STEPS_MAX: usize = 240;
/// Steps of the curve that is handed over.
const STEPS: usize = 60;
/// Width of the first steps in seconds, which doubles to whole seconds.
const STEP_MIN_S: f64 = 1.0 / 1024.0;
/// Windows whose counts are compared.
const WIDTHS_S: [f64; 3] = [1.0, 10.0, 60.0];
/// Fewer windows tell nothing of their variance.
const WINDOWS_MIN: u64 = 10;

/// The rate over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rhythm {
    /// From the first request to the last.
    pub span_s: f64,
    /// Over the time that the trace covers: the span, and one mean gap between instants more.
    pub mean_per_s: f64,
    /// Of the busiest whole second from the first request on.
    pub peak_second_per_s: f64,
    /// Of the busiest 60 seconds in a row; `None`: the trace is shorter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_minute_per_s: Option<f64>,
    /// Of windows of 1, 10 and 60 s, as far as there are ten of them.
    pub dispersion: Vec<Dispersion>,
    /// Requests per second, a value per step.
    pub curve_per_s: Vec<f64>,
    pub step_s: f64,
    /// Whole seconds are the finest times.
    pub is_coarse: bool,
    /// Rows whose time is before that of an earlier row.
    pub late_rows: u64,
    /// By how much at most.
    pub latest_s: f64,
}

/// Variance over mean of the counts of windows: 1 for a Poisson process, 0 for constant gaps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Dispersion {
    pub window_s: f64,
    pub index: f64,
    pub windows: u64,
}

/// Takes the times of the rows.
pub(super) struct Clock {
    unit_s: f64,
    first: Option<Stamp>,
    /// Of the latest row, from the first on.
    now_s: f64,
    requests: u64,
    /// Different times.
    instants: u64,
    is_coarse: bool,
    late_rows: u64,
    latest_s: f64,
    windows: [Windows; 3],
    minute: Minute,
    /// Requests per step.
    steps: Vec<u64>,
    step_s: f64,
}

impl Clock {
    pub fn new(unit_s: f64) -> Clock {
        Clock {
            unit_s,
            first: None,
            now_s: 0.0,
            requests: 0,
            instants: 0,
            is_coarse: true,
            late_rows: 0,
            latest_s: 0.0,
            windows: WIDTHS_S.map(Windows::new),
            minute: Minute::default(),
            steps: Vec::new(),
            step_s: STEP_MIN_S,
        }
    }

    /// Counts requests at a stamp; gives their seconds since the first row, never less than before.
    pub fn add(&mut self, stamp: Stamp, count: u64) -> f64 {
        let first = *self.first.get_or_insert(stamp);
        let at_s = stamp.since(&first) * self.unit_s;
        if at_s < self.now_s {
            self.late_rows += 1;
            self.latest_s = self.latest_s.max(self.now_s - at_s);
        }
        self.instants += u64::from(at_s > self.now_s || self.instants == 0);
        self.now_s = self.now_s.max(at_s);
        self.is_coarse &= self.now_s.fract() == 0.0;
        self.requests += count;
        for windows in &mut self.windows {
            windows.add(self.now_s, count);
        }
        self.minute.add(self.now_s as u64, count);
        while self.now_s >= self.step_s * STEPS_MAX as f64 {
            self.steps = join(&self.steps, 2);
            self.step_s *= 2.0;
        }
        let step = (self.now_s / self.step_s) as usize;
        if step >= self.steps.len() {
            self.steps.resize(step + 1, 0);
        }
        self.steps[step] += count;
        self.now_s
    }

    /// Steps of the curve so far.
    #[cfg(test)]
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// `None`: all requests came at one instant.
    pub fn rhythm(self) -> Option<Rhythm> {
        let span_s = self.now_s;
        if span_s <= 0.0 {
            return None;
        }
        let [seconds, ..] = &self.windows;
        let (curve_per_s, step_s) = self.curve();
        Some(Rhythm {
            span_s,
            mean_per_s: self.requests as f64 / self.covered_s(),
            peak_second_per_s: seconds.most() as f64,
            peak_minute_per_s: (span_s >= 60.0).then(|| self.minute.most as f64 / 60.0),
            dispersion: self.windows.iter().filter_map(Windows::dispersion).collect(),
            curve_per_s,
            step_s,
            is_coarse: self.is_coarse,
            late_rows: self.late_rows,
            latest_s: self.latest_s,
        })
    }

    /// As a replay of the trace has it.
    fn covered_s(&self) -> f64 {
        covered(self.now_s, self.instants).unwrap_or(0.0)
    }

    /// At most [`STEPS`] steps. Those of a coarse clock are not below its second. The last step ends with the trace.
    fn curve(&self) -> (Vec<f64>, f64) {
        let finest = if self.is_coarse { (1.0 / self.step_s).ceil() as usize } else { 1 };
        let joined = self.steps.len().div_ceil(STEPS).next_multiple_of(finest);
        let (counts, step_s) = (join(&self.steps, joined), self.step_s * joined as f64);
        let mut rates: Vec<f64> = counts.iter().map(|&count| count as f64 / step_s).collect();
        let covered_s = (self.covered_s() - step_s * (counts.len() - 1) as f64).min(step_s);
        match rates.last_mut() {
            // A piece of a step shows chance.
            Some(_) if covered_s < step_s / 2.0 && counts.len() > 1 => {
                rates.pop();
            }
            Some(last) if covered_s > 0.0 => *last *= step_s / covered_s,
            _ => {}
        }
        (rates, step_s)
    }
}

fn join(steps: &[u64], many: usize) -> Vec<u64> {
    steps.chunks(many).map(|steps| steps.iter().sum()).collect()
}

/// Counts of windows of one width, one after another from time zero on.
struct Windows {
    width_s: f64,
    /// The present one, and its requests.
    number: u64,
    count: u64,
    /// Of those that have ended.
    closed: u64,
    most: u64,
    /// Mean, and sum of squared deviations (Welford 1962).
    mean: f64,
    squares: f64,
}

impl Windows {
    fn new(width_s: f64) -> Windows {
        Windows { width_s, number: 0, count: 0, closed: 0, most: 0, mean: 0.0, squares: 0.0 }
    }

    fn add(&mut self, at_s: f64, count: u64) {
        let number = (at_s / self.width_s) as u64;
        if number > self.number {
            let empty = number - self.number - 1;
            self.close(self.count, 1);
            self.close(0, empty);
            (self.number, self.count) = (number, 0);
        }
        self.count += count;
    }

    /// So many windows with so many requests each (Chan, Golub, LeVeque 1979).
    fn close(&mut self, count: u64, windows: u64) {
        if windows == 0 {
            return;
        }
        self.most = self.most.max(count);
        let (before, new) = (self.closed as f64, windows as f64);
        let away = count as f64 - self.mean;
        self.mean += away * new / (before + new);
        self.squares += away * away * before * new / (before + new);
        self.closed += windows;
    }

    /// The present one included, since it can only grow.
    fn most(&self) -> u64 {
        self.most.max(self.count)
    }

    fn dispersion(&self) -> Option<Dispersion> {
        let variance = self.squares / (self.closed as f64 - 1.0);
        (self.closed >= WINDOWS_MIN && self.mean > 0.0).then_some(Dispersion {
            window_s: self.width_s,
            index: variance / self.mean,
            windows: self.closed,
        })
    }
}

/// The busiest sixty seconds in a row.
struct Minute {
    /// Of the last sixty seconds, by second.
    counts: [u64; 60],
    second: u64,
    sum: u64,
    most: u64,
}

impl Default for Minute {
    fn default() -> Minute {
        Minute { counts: [0; 60], second: 0, sum: 0, most: 0 }
    }
}

impl Minute {
    fn add(&mut self, second: u64, count: u64) {
        for passed in (self.second + 1..=second).take(60) {
            let out = std::mem::take(&mut self.counts[(passed % 60) as usize]);
            self.sum -= out;
        }
        self.second = second;
        self.counts[(second % 60) as usize] += count;
        self.sum += count;
        self.most = self.most.max(self.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm(times_s: impl IntoIterator<Item = f64>) -> Rhythm {
        let mut clock = Clock::new(1.0);
        times_s.into_iter().for_each(|at_s| {
            clock.add(Stamp::number(at_s.to_string().as_bytes()).unwrap(), 1);
        });
        clock.rhythm().unwrap()
    }

    /// Windows of a second with 3, 0, 0, 1, 2, 2, 2, 2, 2, 2 requests, and an eleventh that has not ended: mean 1.6, squared deviations
    /// 1.96 + 2 * 2.56 + 0.36 + 6 * 0.16 = 8.4, variance 8.4 / 9. The 17 requests cover 10 s and one of 16 gaps more.
    #[test]
    fn dispersion_is_variance_over_mean_of_whole_windows() {
        let counts = [3, 0, 0, 1, 2, 2, 2, 2, 2, 2, 1];
        let times = counts
            .iter()
            .enumerate()
            .flat_map(|(second, &count)| (0..count).map(move |at| second as f64 + f64::from(at) / 4.0));
        let found = rhythm(times);
        assert_eq!((found.span_s, found.mean_per_s, found.peak_second_per_s), (10.0, 1.6, 3.0));
        assert_eq!(found.peak_minute_per_s, None);
        let [one] = found.dispersion[..] else { panic!("{:?}", found.dispersion) };
        assert_eq!((one.window_s, one.windows), (1.0, 10));
        assert!((one.index - 8.4 / 9.0 / 1.6).abs() < 1e-12, "{one:?}");
    }

    #[test]
    fn constant_gaps_have_no_dispersion_and_a_flat_curve() {
        let found = rhythm((0..=2_400).map(|at| f64::from(at) / 4.0));
        assert!(found.dispersion.iter().all(|one| one.index < 1e-9) && found.dispersion.len() == 3);
        assert_eq!((found.peak_minute_per_s, found.is_coarse), (Some(4.0), false));
        assert!(found.curve_per_s.len() <= STEPS && found.curve_per_s.len() > STEPS / 4);
        assert!(found.curve_per_s.iter().all(|rate| (rate - 4.0).abs() < 0.2), "{:?}", found.curve_per_s);
    }

    /// 30 requests at 50 s and 40 at 100 s: 70 between 41 and 100 s, in two minutes by the clock.
    #[test]
    fn the_busiest_minute_begins_at_any_second() {
        let burst = |at_s: f64, many: usize| std::iter::repeat_n(at_s, many);
        let times = [0.0].into_iter().chain(burst(50.0, 30)).chain(burst(100.0, 40)).chain([300.0]);
        assert_eq!(rhythm(times).peak_minute_per_s, Some(70.0 / 60.0));
    }

    #[test]
    fn a_row_that_comes_late_counts_at_the_time_of_the_row_before() {
        let found = rhythm([0.0, 2.5, 1.25, 3.0]);
        assert_eq!((found.late_rows, found.latest_s, found.span_s), (1, 1.25, 3.0));
        // Two requests in the window from 2 s on.
        assert_eq!(found.peak_second_per_s, 2.0);
    }

    #[test]
    fn whole_seconds_are_steps_of_at_least_a_second() {
        let found = rhythm([0.0, 0.0, 1.0, 3.0]);
        assert!(found.is_coarse && found.step_s >= 1.0, "{found:?}");
        assert!(Clock::new(1.0).rhythm().is_none());
    }
}
