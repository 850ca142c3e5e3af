//! The engine against theory, through real scenarios: what `herdlab validate` runs.
//!
//! Each row of the table is a scenario, the prediction of [`crate::oracle`], and the measured value. The rows are
//! to be read as examples of both. `docs/validation.md` has the derivations and the latest full
//! output.

mod bench;
mod early_refresh;
mod eviction;
mod many_keys;
mod one_key;
mod overload;
mod protection;
mod queueing;
mod staleness;
mod two_tiers;
mod write_back;

use bench::Bench;

use crate::experiment::run::{RunError, RunOptions};
use crate::scenario::Diagnostics;

/// How hard to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// The stated tolerances; under a minute.
    Quick,
    /// Eight times the replications, and half the tolerance wherever theory is exact.
    Full,
}

/// How a measured value stands to theory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    Fails,
    /// The mean is near, but its standard error is too wide for a verdict.
    TooNoisy,
}

impl Verdict {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::TooNoisy => "too noisy",
        }
    }
}

/// One measured value beside the prediction of theory.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Row and system: `18 M/M/10`.
    pub system: String,
    /// In milliseconds or seconds where its name has the unit; shares are fractions of one.
    pub measure: String,
    pub expected: f64,
    /// Mean over the replications; no number where there is no value.
    pub measured: f64,
    /// Four standard errors of the mean; `None` for a single value.
    pub four_errors: Option<f64>,
    pub tolerance: f64,
    pub verdict: Verdict,
}

/// Why a row has no findings.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    #[error("{0}")]
    Scenario(#[from] Diagnostics),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("interrupted")]
    Interrupted,
}

/// Rows that share their scenario.
pub struct Group {
    /// Numbers of the rows.
    pub rows: &'static [u8],
    pub title: &'static str,
    run: fn(&mut Bench<'_>) -> Result<(), Stopped>,
}

impl Group {
    /// Runs the scenarios of these rows and judges what comes out.
    ///
    /// # Errors
    /// A simulation that fails, or an interrupt.
    pub fn run(&self, effort: Effort, options: &RunOptions) -> Result<Vec<Finding>, Stopped> {
        let mut bench = Bench { effort, options, findings: Vec::new() };
        (self.run)(&mut bench)?;
        Ok(bench.findings)
    }
}

macro_rules! groups {
    ($([$($row:literal),*] $title:literal $run:path;)*) => {
        /// Every row; a row may have several scenarios.
        pub const GROUPS: &[Group] = &[$(Group { rows: &[$($row),*], title: $title, run: $run }),*];
    };
}

groups! {
    [1, 2, 4] "one key with singleflight, waits, jitter" one_key::singleflight;
    [3] "one key without singleflight" one_key::no_coalescing;
    [5] "synchronised expiry" many_keys::synchronised_expiry;
    [6] "sliding TTL" one_key::sliding;
    [7, 8] "XFetch: when it starts, how many start together" early_refresh::xfetch;
    [9] "early refresh by a uniform window" early_refresh::uniform_window;
    [10] "XFetch with singleflight" early_refresh::xfetch_with_singleflight;
    [11] "two tiers" two_tiers::eight_instances;
    [12] "a tier that cannot help" two_tiers::shorter_below;
    [13] "staleness under write-around" one_key::write_around;
    [13] "staleness by who answered" staleness::untold_l1;
    [13] "staleness behind replicas" staleness::lagging_replicas;
    [14] "invalidation" one_key::invalidation;
    [14] "invalidation that comes late" staleness::late_deletes;
    [15] "many keys of Zipfian popularity" many_keys::zipf_sum;
    [16] "large bounded caches (Che)" eviction::large_caches;
    [17] "small bounded caches, exactly" eviction::small_caches;
    [18] "M/M/10" queueing::m_m_10;
    [19] "M/M/10/20" queueing::m_m_10_20;
    [20] "closed loop" queueing::closed_loop;
    [21] "M/D/1" queueing::m_d_1;
    [22] "retries that keep a database down" overload::retries;
    [22] "what brings that database back" protection::retries;
    [23] "a flush that keeps a database down" overload::flush;
    [24] "coordinated omission" overload::coordinated_omission;
    [25] "hedged reads" protection::hedges;
    [26] "write-back" write_back::coalescing;
    [26] "what a crash takes of it" write_back::crash;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_there() {
        let mut rows: Vec<u8> = GROUPS.iter().flat_map(|group| group.rows).copied().collect();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows, (1..=26).collect::<Vec<u8>>());
    }
}
