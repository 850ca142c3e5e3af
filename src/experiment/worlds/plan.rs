//! What worlds take, and how many fit a stated time.

use crate::scenario::estimate::Plan;

/// Worlds without `--worlds` and `--fit`.
pub const WORLDS: u32 = 32;
/// Fewest runs of a world that tell luck from inputs. More worlds are worth more than more runs of each.
pub const REPLICATIONS: u32 = 2;
/// Most runs of a world for a stated time: the luck of a world is known well enough then.
const REPLICATIONS_MAX: u32 = 10;
/// Most worlds for a stated time.
const FITTING_MAX: u32 = 512;

/// The plan with so many worlds beside the nominal run, each with so many runs of every variant.
pub fn with_worlds(
    nominal: &Plan,
    nominal_replications: u32,
    threads: usize,
    worlds: u32,
    replications: u32,
) -> Plan {
    let factor = f64::from(worlds) * f64::from(replications) / f64::from(nominal_replications.max(1));
    let cells = nominal.cells + (nominal.cells as f64 * factor).round() as u64;
    // The nominal run may have too few simulations for all threads.
    let alone = nominal.seconds * (nominal.cells.clamp(1, threads as u64)) as f64;
    let at_once = ((nominal.cells as f64 * factor) as u64).clamp(1, threads as u64) as f64;
    Plan {
        cells,
        requests: nominal.requests * (1.0 + factor),
        events: nominal.events * (1.0 + factor),
        seconds: nominal.seconds + alone * factor / at_once,
        estimates: nominal.estimates.clone(),
        biggest: nominal.biggest.clone(),
        ..*nominal
    }
}

/// Worlds, a power of two, and runs of each that take so many seconds with the nominal run, as far as that is known before.
///
/// # Errors
/// The seconds that the fewest worlds (`least`) take.
pub fn fitting(
    nominal: &Plan,
    nominal_replications: u32,
    threads: usize,
    seconds: f64,
    least: u32,
) -> Result<(u32, u32), f64> {
    let takes = |worlds, replications| {
        with_worlds(nominal, nominal_replications, threads, worlds, replications).seconds
    };
    let mut worlds = least.next_power_of_two();
    if takes(worlds, REPLICATIONS) > seconds {
        return Err(takes(worlds, REPLICATIONS));
    }
    while worlds < FITTING_MAX && takes(2 * worlds, REPLICATIONS) <= seconds {
        worlds *= 2;
    }
    let fits = |replications: &u32| takes(worlds, *replications) <= seconds;
    let replications = (REPLICATIONS..=REPLICATIONS_MAX).take_while(fits).last().unwrap_or(REPLICATIONS);
    Ok((worlds, replications))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten replications of two variants in 20 seconds on one thread: 2 seconds for a run of both.
    fn nominal() -> Plan {
        Plan {
            cells: 20,
            requests: 1e6,
            events: 1e6,
            memory_bytes: 1e6,
            seconds: 20.0,
            biggest: None,
            estimates: Vec::new(),
        }
    }

    #[test]
    fn worlds_come_on_top_of_the_nominal_run() {
        let plan = with_worlds(&nominal(), 10, 1, 32, 2);
        assert_eq!((plan.cells, plan.seconds, plan.requests), (20 + 2 * 64, 20.0 + 128.0, 7.4e6));
    }

    #[test]
    fn a_stated_time_holds_a_power_of_two_of_worlds_and_then_more_runs() {
        // 20 s, and 2 s for each run of a world: 100 s hold 40 runs, 16 worlds with two; 32 worlds take 148 s.
        assert_eq!(fitting(&nominal(), 10, 1, 100.0, 8), Ok((16, 2)));
        assert_eq!(fitting(&nominal(), 10, 1, 147.9, 8), Ok((16, 3)));
        assert_eq!(fitting(&nominal(), 10, 1, 148.0, 8), Ok((32, 2)));
        // Six at least means eight.
        assert_eq!(fitting(&nominal(), 10, 1, 50.0, 6), Err(52.0));
        assert_eq!(fitting(&nominal(), 10, 1, 1e9, 8), Ok((512, 10)));
    }
}
