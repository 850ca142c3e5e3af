//! How a budget of simulations is spread: few on all candidates, many on the few that are left.
//!
//! Successive halving: Karnin, Koren, Somekh, Almost Optimal Exploration in Multi-Armed Bandits, ICML 2013; with a reduction
//! factor other than two: Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter
//! Optimization, AISTATS 2016. The resource is replications, never the length of a run: a run cut short answers another
//! question. Replications accumulate, because replication i of every candidate sees the same traffic.

/// This many are left at the end, if there are as many.
pub const FINALISTS: usize = 4;
/// Replications of the first rung: fewer have no spread.
const FIRST_REPLICATIONS: u32 = 2;

/// One step: so many candidates have so many replications at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rung {
    pub candidates: usize,
    pub replications: u32,
}

/// The rungs for so many candidates, the last of which has `replications`, within a budget of simulations.
///
/// The reduction factor is two, or as much larger as the budget demands.
///
/// # Errors
/// The least budget that would do.
pub fn schedule(candidates: usize, replications: u32, budget: Option<u64>) -> Result<Vec<Rung>, u64> {
    let most = replications.max(2);
    let plans = (2..=most).map(|factor| rungs(candidates, replications, factor));
    let mut least = u64::MAX;
    for plan in plans {
        let cost = cost(&plan);
        if budget.is_none_or(|budget| cost <= budget) {
            return Ok(plan);
        }
        least = least.min(cost);
    }
    Err(least)
}

/// All candidates in all worlds: the first few worlds are no sample that tells which candidates keep a limit in nine of ten.
///
/// # Errors
/// The least budget that would do.
pub fn in_all_worlds(candidates: usize, worlds: u32, budget: Option<u64>) -> Result<Vec<Rung>, u64> {
    let plan = vec![Rung { candidates, replications: worlds }];
    let cost = cost(&plan);
    if budget.is_none_or(|budget| cost <= budget) { Ok(plan) } else { Err(cost) }
}

/// Simulations that a schedule takes.
pub fn cost(rungs: &[Rung]) -> u64 {
    let mut before = 0;
    let mut sum = 0;
    for rung in rungs {
        sum += rung.candidates as u64 * u64::from(rung.replications - before);
        before = rung.replications;
    }
    sum
}

fn rungs(candidates: usize, replications: u32, factor: u32) -> Vec<Rung> {
    let mut rungs = vec![Rung { candidates, replications: FIRST_REPLICATIONS.min(replications) }];
    loop {
        let last = rungs[rungs.len() - 1];
        if last.replications >= replications {
            return rungs;
        }
        let left = last.candidates.div_ceil(factor as usize).max(FINALISTS.min(candidates));
        let next = last.replications.saturating_mul(factor).min(replications);
        rungs.push(Rung { candidates: left, replications: next });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(rungs: &[Rung]) -> Vec<(usize, u32)> {
        rungs.iter().map(|rung| (rung.candidates, rung.replications)).collect()
    }

    #[test]
    fn candidates_halve_while_replications_double() {
        let plan = schedule(64, 20, None).unwrap();
        assert_eq!(pairs(&plan), [(64, 2), (32, 4), (16, 8), (8, 16), (4, 20)]);
        // 64 x 2 + 32 x 2 + 16 x 4 + 8 x 8 + 4 x 4; all cells would take 1,280.
        assert_eq!(cost(&plan), 336);
        assert_eq!(pairs(&schedule(3, 10, None).unwrap()), [(3, 2), (3, 4), (3, 8), (3, 10)]);
        assert_eq!(pairs(&schedule(9, 1, None).unwrap()), [(9, 1)]);
    }

    #[test]
    fn in_worlds_nothing_is_dropped() {
        assert_eq!(pairs(&in_all_worlds(11, 16, Some(176)).unwrap()), [(11, 16)]);
        assert_eq!(in_all_worlds(11, 16, Some(175)), Err(176));
    }

    #[test]
    fn a_small_budget_drops_more_at_a_time_and_a_smaller_one_is_refused() {
        let plan = schedule(64, 20, Some(280)).unwrap();
        assert_eq!((pairs(&plan), cost(&plan)), (vec![(64, 2), (16, 8), (4, 20)], 272));
        let least = schedule(64, 20, Some(130)).unwrap_err();
        assert!(least > 130 && schedule(64, 20, Some(least)).is_ok());
    }
}
