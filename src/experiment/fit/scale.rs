//! The scales on which figures and unknowns are nearly linear in each other.

use crate::catalog;
use crate::model::Input;

/// How a figure enters the fit. Every simulated value has a place on its scale: an `offset` above zero takes the values at the ends in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    Plain,
    /// Of figures that are not negative, log(x + offset): errors are shares of them.
    Log {
        offset: f64,
    },
    /// Of shares of a whole: log((p + offset) / (1 - p + offset)).
    Logit {
        offset: f64,
    },
}

/// An offset, as a share of the observed figure (of a ratio: of its smaller side).
const OFFSET: f64 = 0.1;
/// Below this share of the observed figure a simulated one is as good as zero.
const NOTHING: f64 = 1e-3;

impl Scale {
    /// The one for a measure with this observed value and these simulated ones.
    pub fn of(measure: &str, observed: f64, values: &[f64]) -> Scale {
        let all = || values.iter().copied().chain([observed]);
        let is_share = catalog::find(measure).is_some_and(|info| info.unit == "1" && !info.may_exceed_one());
        let side = |value: f64| if is_share { value.min(1.0 - value) } else { value };
        let least = all().map(side).fold(f64::INFINITY, f64::min);
        if least < 0.0 {
            return Scale::Plain;
        }
        // An observed zero is held against the mean of the simulations.
        let mean = values.iter().map(|value| side(*value)).sum::<f64>() / values.len().max(1) as f64;
        let size = if side(observed) > 0.0 { side(observed) } else { mean };
        let offset = if least > NOTHING * size { 0.0 } else { OFFSET * size };
        match (size > 0.0, is_share) {
            (false, _) => Scale::Plain,
            (true, true) => Scale::Logit { offset },
            (true, false) => Scale::Log { offset },
        }
    }

    /// `None` where the scale has no such value.
    pub fn to(self, value: f64) -> Option<f64> {
        let scaled = match self {
            Scale::Plain => value,
            Scale::Log { offset } => libm::log(value + offset),
            Scale::Logit { offset } => libm::log((value + offset) / (1.0 - value + offset)),
        };
        scaled.is_finite().then_some(scaled)
    }

    /// The figure again, within the bounds that the scale has.
    ///
    /// ```
    /// use herdlab::experiment::fit::scale::Scale;
    /// let scale = Scale::Logit { offset: 0.01 };
    /// assert!((scale.from(scale.to(0.9).unwrap()) - 0.9).abs() < 1e-12);
    /// assert_eq!(scale.from(9.0), 1.0);
    /// ```
    pub fn from(self, scaled: f64) -> f64 {
        match self {
            Scale::Plain => scaled,
            Scale::Log { offset } => (libm::exp(scaled) - offset).max(0.0),
            Scale::Logit { offset } => {
                let share = 1.0 / (1.0 + libm::exp(-scaled));
                (share * (1.0 + 2.0 * offset) - offset).clamp(0.0, 1.0)
            }
        }
    }

    /// By how much the scaled figure changes with the figure, near a value.
    pub fn slope(self, value: f64) -> f64 {
        match self {
            Scale::Plain => 1.0,
            Scale::Log { offset } => 1.0 / (value + offset),
            Scale::Logit { offset } => 1.0 / (value + offset) + 1.0 / (1.0 - value + offset),
        }
    }
}

/// An unknown, as a coordinate from 0 to 1 between its ends.
#[derive(Clone, Debug)]
pub struct Axis {
    pub input: Input,
    /// Equal factors are equal distances.
    log: bool,
}

/// Ends further apart than this factor are far apart by factors.
const FACTOR_MAX: f64 = 3.0;

impl Axis {
    /// Of a range.
    pub fn new(input: &Input) -> Axis {
        let log = input.low > 0.0 && input.high > FACTOR_MAX * input.low;
        Axis { input: input.clone(), log }
    }

    /// The value at a coordinate; whole where the unknown is.
    pub fn value(&self, at: f64) -> f64 {
        let Input { low, high, whole, .. } = self.input;
        let value = match self.log {
            true => low * libm::exp(at * libm::log(high / low)),
            false => low + at * (high - low),
        };
        if whole { value.round().clamp(low, high) } else { value.clamp(low, high) }
    }

    /// The same with four digits.
    pub fn rounded(&self, at: f64) -> f64 {
        let value = self.value(at);
        if self.input.whole || value == 0.0 {
            return value;
        }
        // Digits as people write them: 0.1 + 0.2 is 0.3 there.
        let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
        rounded.clamp(self.input.low, self.input.high)
    }

    /// The coordinate of a value.
    pub fn position(&self, value: f64) -> f64 {
        let Input { low, high, .. } = self.input;
        match self.log {
            true => libm::log(value / low) / libm::log(high / low),
            false => (value - low) / (high - low),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(low: f64, high: f64, whole: bool) -> Axis {
        let input = Input {
            path: "database.servers".to_owned(),
            text: String::new(),
            unit: "count".to_owned(),
            whole,
            low,
            high,
            likely: None,
        };
        Axis::new(&input)
    }

    #[test]
    fn ends_that_are_far_apart_are_apart_by_factors() {
        assert!((axis(1.0, 10_000.0, false).value(0.25) - 10.0).abs() < 1e-9);
        assert_eq!(axis(2.0, 6.0, false).value(0.25), 3.0);
        assert_eq!(axis(0.0, 100.0, false).value(0.25), 25.0);
    }

    #[test]
    fn a_whole_unknown_has_the_coordinate_of_its_whole_value() {
        let servers = axis(2.0, 6.0, true);
        assert_eq!((servers.value(0.3), servers.position(servers.value(0.3))), (3.0, 0.25));
    }

    #[test]
    fn every_simulated_value_has_a_place_on_the_scale() {
        assert_eq!(Scale::of("db.qps.mean", 5.0, &[1.0, 2.0, 3.0]), Scale::Log { offset: 0.0 });
        assert_eq!(Scale::of("hit_ratio", 0.9, &[0.8, 0.9, 0.99]), Scale::Logit { offset: 0.0 });
        // A tenth of 5, of the side of 0.75, and of the mean of 0 and 4 where nothing is observed.
        assert_eq!(Scale::of("db.qps.mean", 5.0, &[0.0, 0.0, 3.0]), Scale::Log { offset: 0.5 });
        assert_eq!(Scale::of("hit_ratio", 0.75, &[0.0, 1.0]), Scale::Logit { offset: 0.025 });
        assert_eq!(Scale::of("evictions.rate", 0.0, &[0.0, 4.0]), Scale::Log { offset: 0.2 });
        assert_eq!(Scale::of("evictions.rate", 0.0, &[0.0, 0.0]), Scale::Plain);
        for scale in [Scale::Log { offset: 0.5 }, Scale::Logit { offset: 0.025 }] {
            for value in [0.0, 0.25, 1.0] {
                let scaled = scale.to(value).unwrap();
                assert!((scale.from(scaled) - value).abs() < 1e-12, "{scale:?} {value}");
                let slope = (scale.to(value + 1e-6).unwrap() - scaled) / 1e-6;
                assert!((scale.slope(value) / slope - 1.0).abs() < 1e-3, "{scale:?} {value}");
            }
        }
    }
}
