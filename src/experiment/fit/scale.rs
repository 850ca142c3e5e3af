//! The scales on which figures and unknowns are nearly linear in each other.

use crate::catalog;
use crate::model::Input;

/// How a figure enters the fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Plain,
    /// Of positive figures: errors are shares of them.
    Log,
    /// Of shares of a whole: log(p / (1 - p)).
    Logit,
}

/// Share of the first simulations in which a figure must have a value on a scale.
const VALUES_MIN: f64 = 0.8;

impl Scale {
    /// The one for a measure with this observed value and these simulated ones.
    pub fn of(measure: &str, observed: f64, values: &[f64]) -> Scale {
        let is_share = catalog::find(measure).is_some_and(|info| info.unit == "1" && !info.may_exceed_one());
        let wanted = if is_share { Scale::Logit } else { Scale::Log };
        let fitting = values.iter().filter(|value| wanted.to(**value).is_some()).count();
        let enough = fitting as f64 >= VALUES_MIN * values.len() as f64;
        if enough && wanted.to(observed).is_some() { wanted } else { Scale::Plain }
    }

    /// `None` where the scale has no such value.
    pub fn to(self, value: f64) -> Option<f64> {
        let scaled = match self {
            Scale::Plain => value,
            Scale::Log => libm::log(value),
            Scale::Logit => libm::log(value / (1.0 - value)),
        };
        scaled.is_finite().then_some(scaled)
    }

    /// The figure again.
    ///
    /// ```
    /// use herdlab::experiment::fit::scale::Scale;
    /// assert!((Scale::Logit.from(Scale::Logit.to(0.9).unwrap()) - 0.9).abs() < 1e-12);
    /// ```
    pub fn from(self, scaled: f64) -> f64 {
        match self {
            Scale::Plain => scaled,
            Scale::Log => libm::exp(scaled),
            Scale::Logit => 1.0 / (1.0 + libm::exp(-scaled)),
        }
    }

    /// By how much the scaled figure changes with the figure, near a value.
    pub fn slope(self, value: f64) -> f64 {
        match self {
            Scale::Plain => 1.0,
            Scale::Log => 1.0 / value,
            Scale::Logit => 1.0 / (value * (1.0 - value)),
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
    fn a_figure_that_is_mostly_zero_stays_as_it_is() {
        assert_eq!(Scale::of("db.qps.mean", 5.0, &[0.0, 0.0, 3.0]), Scale::Plain);
        assert_eq!(Scale::of("db.qps.mean", 5.0, &[1.0, 2.0, 3.0]), Scale::Log);
        assert_eq!(Scale::of("hit_ratio", 0.9, &[0.8, 0.9, 0.99]), Scale::Logit);
        assert_eq!(Scale::of("hit_ratio", 1.0, &[0.8, 0.9, 0.99]), Scale::Plain);
    }
}
