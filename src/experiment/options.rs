//! How to run, and why a run may leave nothing.

use std::sync::Arc;

use super::misplaced::Misplaced;
use super::observe::Observer;
use super::partial::{KeepError, Partial};
use super::sweep::journal::JournalError;
use super::workers::ThreadPoolBuildError;
use crate::model::Nanos;
use crate::policy::own::Policies;
use crate::sim::{Control, SimError};
use crate::units::format_duration;

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Worker threads; 0: one per core.
    pub threads: usize,
    /// Shared with the threads that follow or stop the run.
    pub control: Arc<Control>,
    /// Keep finished replications here once it is due, and take those that an earlier run has kept.
    /// Not used beside policies of one's own, whose identity no file can prove.
    pub partial: Option<Partial>,
    /// The listener to the steps of the run.
    pub observer: Observer,
    /// Evictions and refreshes from outside the crate.
    pub policies: Policies,
    /// Where the time of the requests goes is recorded as well. The rest of the record stays as it is; runs take longer.
    pub why: bool,
}

/// Why a run left nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("interrupted before the first replication was finished")]
    Interrupted,
    #[error("variant \"{variant}\", replication {replication}: {source}")]
    Simulation { variant: String, replication: u32, source: SimError },
    #[error(
        "variant \"{variant}\": not one request in the measured part of {replications} replications; a higher rate, a longer \
         duration or a shorter warm-up"
    )]
    Silent { variant: String, replications: u32 },
    #[error(transparent)]
    TooShort(#[from] Box<TooShort>),
    #[error(transparent)]
    Policy(#[from] Misplaced),
    #[error(transparent)]
    Keep(#[from] KeepError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("worker threads cannot be started: {0}")]
    Threads(#[from] ThreadPoolBuildError),
}

/// Why no warm-up was found.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{place}: no warm-up found: {}; {}", self.problem(), self.way_out())]
pub struct TooShort {
    /// The scenario's file, and the line of `warmup` where it is there.
    pub place: String,
    pub variant: String,
    pub reason: Unsettled,
    pub duration_ns: Nanos,
    /// The longest run that was tried.
    pub tried_ns: Nanos,
    /// A length that would do, where one was found.
    pub enough_ns: Option<Nanos>,
    /// The longest ttl of all tiers.
    pub ttl_ns: Option<Nanos>,
}

/// Why a run cannot find its warm-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// This series has not settled in the first half.
    Drifts(String),
    /// This series has stretches without a value.
    Sparse(String),
    /// Nothing has expired by itself yet in this tier.
    Unexpired { tier: String, ttl_ns: Nanos },
}

impl TooShort {
    fn problem(&self) -> String {
        let (variant, duration) = (&self.variant, format_duration(self.duration_ns));
        match &self.reason {
            Unsettled::Drifts(series) => {
                format!("in variant \"{variant}\" {series} has not settled in the first half of {duration}")
            }
            Unsettled::Sparse(series) => {
                format!(
                    "in variant \"{variant}\" {duration} have too few requests for telling {series} over time"
                )
            }
            Unsettled::Unexpired { tier, ttl_ns } => format!(
                "the run of {duration} is shorter than the ttl of tier {tier} in variant \"{variant}\", {}",
                format_duration(*ttl_ns)
            ),
        }
    }

    fn way_out(&self) -> String {
        if let Some(enough_ns) = self.enough_ns {
            return format!("a duration of {} would do", format_duration(enough_ns));
        }
        let tried = match self.tried_ns > self.duration_ns {
            true => format!(
                "a run of {}, the longest that was tried, does not suffice either; ",
                format_duration(self.tried_ns)
            ),
            false => "a longer duration may do; ".to_owned(),
        };
        let longer = match self.ttl_ns {
            Some(ttl_ns) => format!(", longer than the longest ttl ({})", format_duration(ttl_ns)),
            None => String::new(),
        };
        format!("{tried}a system that never settles needs a warm-up of your own, given as a duration{longer}")
    }
}
