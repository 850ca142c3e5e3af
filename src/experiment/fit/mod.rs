//! The settings of a scenario at which it agrees with the figures of production, behind `herdlab fit`.
//!
//! The scenario is simulated all over the ranges of its unknowns, one run each with luck of its own, and then in three rounds where
//! the figures agree so far ([`search`]). Near there the figures are quadratic functions of the unknowns ([`surrogate`]), on scales on
//! which that is nearly true ([`scale`]). The distance of a setting from the observed figures is measured in the covariance of single
//! runs, of the error of these functions, and of the observed spread ([`misfit`]). The best setting is repeated: its own runs decide
//! whether the model agrees ([`repeats`]). The range of an unknown is its profile likelihood ([`region`]). [`judge()`] puts the outcome
//! together, [`predict`] holds the model against the figures that were not used, and [`ties`] names the unknowns that the figures do not
//! tell apart.

pub mod algebra;
mod confirm;
pub mod judge;
pub mod misfit;
pub mod predict;
pub mod region;
pub mod repeats;
pub mod scale;
pub mod search;
mod simulate;
pub mod surrogate;
pub mod ties;

use crate::experiment::sweep::SweepOptions;
use crate::model::{Experiment, Figure};
use crate::scenario::Diagnostics;
use crate::scenario::uncertain::Space;
use crate::units::counted;

pub use self::judge::{Figured, Fit, Fitted, LeftOut, judge};
pub use self::repeats::Agreement;
pub use self::search::{FitError, Problem, Search, Target, UNKNOWNS_MAX};
pub use self::simulate::simulations;
pub use self::ties::{Telling, Tie};

impl Problem {
    /// The question that a scenario asks, and the figures that are kept for a check.
    ///
    /// # Errors
    /// It has no unknowns or too many, no figures to fit to, or a budget that does not do.
    pub fn of(base: &Experiment, budget: Option<usize>) -> Result<(Problem, Vec<Target>), Diagnostics> {
        let path = &base.source_path;
        let refuse = |title: String, help: &str| Err(Diagnostics::general(title, vec![help.to_owned()]));
        let unknowns = base.inputs.clone();
        if unknowns.is_empty() {
            let help = "write a range in place of a value, { low = \"2ms\", high = \"20ms\" }, or name one: --unknown database.read=2ms..20ms";
            return refuse(format!("{path} has no unknowns to fit"), help);
        }
        if unknowns.len() > UNKNOWNS_MAX {
            let title = format!("{} unknowns; at most {UNKNOWNS_MAX} can be fitted at once", unknowns.len());
            return refuse(title, "give those that matter least a value: --set PATH=VALUE");
        }
        let figures = base.observed.iter().flat_map(|observed| &observed.figures);
        let target = |figure: &Figure| Target {
            measure: figure.measure.clone(),
            value: figure.value,
            spread: figure.spread,
        };
        let (checks, used): (Vec<&Figure>, Vec<&Figure>) = figures.partition(|figure| figure.check);
        if used.is_empty() {
            let title = format!("{path} has no figures of production to fit to");
            return refuse(title, "for example --set observed.hit_ratio=0.93, or [observed] in the file");
        }
        let targets = used.into_iter().map(target).collect();
        let budget_or = budget.unwrap_or_else(|| Problem::budget_default(unknowns.len()));
        let mut problem = Problem { unknowns, targets, seed: base.seed, budget: budget_or };
        let least = problem.budget_min();
        match budget {
            Some(given) if given < least => {
                let title = format!(
                    "a budget of {} is too small for {} and {}",
                    counted(given as u64, "simulation"),
                    counted(problem.unknowns.len() as u64, "unknown"),
                    counted(problem.targets.len() as u64, "figure")
                );
                refuse(title, &format!("--budget {least} is the least that will do"))
            }
            _ => {
                problem.budget = budget_or.max(least);
                Ok((problem, checks.into_iter().map(target).collect()))
            }
        }
    }
}

/// Fits the unknowns of a scenario to its figures of production.
///
/// # Errors
/// A simulation that fails; figures that no run has; an interrupt.
pub fn fit(
    space: &mut Space,
    problem: &Problem,
    checks: &[Target],
    options: &SweepOptions,
) -> Result<Fit, FitError> {
    let mut simulate = simulations(space, options)?;
    let mut search = Search::run(problem, &mut simulate)?;
    judge(&mut search, checks)
}
