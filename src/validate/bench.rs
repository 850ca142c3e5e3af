//! Runs a scenario, reads a measure, judges it.

use std::path::Path;

use super::{Effort, Finding, Stopped, Verdict};
use crate::experiment::run::{RunOptions, run};
use crate::record::Record;
use crate::scenario::{Overrides, parse};

/// How many times the replications of a quick run a full one has.
const FULL_REPLICATIONS: u32 = 8;

/// How far from theory a measured mean may be, in the unit of the measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    quick: f64,
    full: f64,
}

/// Theory is exact: a full run halves the tolerance.
pub(super) fn within(quick: f64) -> Tolerance {
    Tolerance { quick, full: quick / 2.0 }
}

/// Theory is an approximation, or there is nothing random: the tolerance is what it is.
pub(super) fn about(tolerance: f64) -> Tolerance {
    Tolerance { quick: tolerance, full: tolerance }
}

/// Where rows are run and their findings collected.
pub(super) struct Bench<'a> {
    pub effort: Effort,
    pub options: &'a RunOptions,
    pub findings: Vec<Finding>,
}

impl Bench<'_> {
    /// Runs a scenario as it stands.
    pub fn simulate(&self, scenario: &str) -> Result<Record, Stopped> {
        self.simulate_set(scenario, &[])
    }

    /// Runs a scenario with `path = value` settings on top.
    pub fn simulate_set(&self, scenario: &str, settings: &[(&str, &str)]) -> Result<Record, Stopped> {
        let set = settings.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
        let mut experiment =
            parse(scenario, "validation.toml", Path::new("."), &Overrides { set, ..Overrides::default() })?;
        // A single replication is a system without chance.
        if self.effort == Effort::Full && experiment.replications > 1 {
            experiment.replications *= FULL_REPLICATIONS;
        }
        let outcome = run(&experiment, self.options)?;
        if outcome.interrupted { Err(Stopped::Interrupted) } else { Ok(outcome.record) }
    }

    /// Judges a measure of a variant.
    pub fn check(
        &mut self,
        system: &str,
        record: &Record,
        variant: &str,
        measure: &str,
        expected: f64,
        tolerance: Tolerance,
    ) {
        self.check_values(system, measure, &values(record, variant, measure), expected, tolerance);
    }

    /// Judges the mean of one value per replication: it must lie within the tolerance, or within four standard errors
    /// where these are wider; and four standard errors must be no wider than twice the tolerance, because a noisy
    /// test proves nothing.
    pub fn check_values(
        &mut self,
        system: &str,
        measure: &str,
        values: &[f64],
        expected: f64,
        tolerance: Tolerance,
    ) {
        let tolerance = match self.effort {
            Effort::Quick => tolerance.quick,
            Effort::Full => tolerance.full,
        };
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let four_errors = (values.len() > 1).then(|| 4.0 * (squares / (n - 1.0) / n).sqrt());
        let spread = four_errors.unwrap_or(0.0);
        // A measure that is not there has no mean, and what is no number is not close.
        let close = (mean - expected).abs() <= tolerance.max(spread);
        let verdict = match (close, spread <= 2.0 * tolerance) {
            (true, true) => Verdict::Holds,
            (true, false) => Verdict::TooNoisy,
            (false, _) => Verdict::Fails,
        };
        self.findings.push(Finding {
            system: system.to_owned(),
            measure: measure.to_owned(),
            expected,
            measured: mean,
            four_errors,
            tolerance,
            verdict,
        });
    }

    /// Judges how many replications show a property that all must show.
    pub fn check_all(&mut self, system: &str, what: &str, values: &[f64], shows: impl Fn(f64) -> bool) {
        let showing = values.iter().filter(|&&value| shows(value)).count();
        let verdict =
            if showing == values.len() && !values.is_empty() { Verdict::Holds } else { Verdict::Fails };
        self.findings.push(Finding {
            system: system.to_owned(),
            measure: format!("replications with {what}"),
            expected: values.len() as f64,
            measured: showing as f64,
            four_errors: None,
            tolerance: 0.0,
            verdict,
        });
    }
}

/// The values of a measure, one per replication that has one.
pub(super) fn values(record: &Record, variant: &str, measure: &str) -> Vec<f64> {
    let variant = record.variants.iter().find(|candidate| candidate.name == variant);
    let measure = variant.and_then(|variant| variant.measure(measure));
    measure.map(|measure| measure.values.iter().flatten().copied().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(values: &[f64], effort: Effort) -> Verdict {
        let options = RunOptions::default();
        let mut bench = Bench { effort, options: &options, findings: Vec::new() };
        bench.check_values("a system", "a measure", values, 10.0, within(0.1));
        bench.findings[0].verdict
    }

    #[test]
    fn near_and_sharp_holds_far_fails_and_wide_proves_nothing() {
        assert_eq!(verdict(&[10.05, 10.06, 10.07], Effort::Quick), Verdict::Holds);
        assert_eq!(verdict(&[10.05, 10.06, 10.07], Effort::Full), Verdict::Fails);
        assert_eq!(verdict(&[10.2, 10.21], Effort::Quick), Verdict::Fails);
        assert_eq!(verdict(&[9.0, 11.0], Effort::Quick), Verdict::TooNoisy);
        assert_eq!(verdict(&[], Effort::Quick), Verdict::Fails);
    }
}
