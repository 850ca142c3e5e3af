//! How to run, and why a run may leave nothing.

use std::sync::Arc;

use super::observe::Observer;
use super::own::Misplaced;
use super::partial::{KeepError, Partial};
use super::sweep::journal::JournalError;
use crate::policy::own::Policies;
use crate::scenario::model::Nanos;
use crate::sim::{Control, SimError};
use crate::units::format_duration;

/// How to run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Worker threads; 0: one per core.
    pub threads: usize,
    /// Shared with whoever follows or stops the run.
    pub control: Arc<Control>,
    /// Keep finished replications here once it is due, and take those that an earlier run has kept.
    /// Not used beside policies of one's own, of which a file cannot tell whether they are still the same.
    pub partial: Option<Partial>,
    /// Who is told what happens.
    pub observer: Observer,
    /// Evictions and refreshes from outside the crate.
    pub policies: Policies,
}

/// Why a run left nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("interrupted before the first replication was finished")]
    Interrupted,
    #[error("variant \"{variant}\", replication {replication}: {source}")]
    Simulation { variant: String, replication: u32, source: SimError },
    #[error("{}", too_short(variant, series, *duration_ns, *enough_ns))]
    TooShort {
        variant: String,
        /// The series that has not settled.
        series: String,
        duration_ns: Nanos,
        /// A length that would do, where one was found.
        enough_ns: Option<Nanos>,
    },
    #[error(transparent)]
    Policy(#[from] Misplaced),
    #[error(transparent)]
    Keep(#[from] KeepError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("worker threads cannot be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

fn too_short(variant: &str, series: &str, duration_ns: Nanos, enough_ns: Option<Nanos>) -> String {
    let duration = format_duration(duration_ns);
    let way_out = match enough_ns {
        Some(enough_ns) => format!("a duration of {} would do", format_duration(enough_ns)),
        None => format!(
            "neither has it in eight times that; a system that never settles needs a warm-up of your own, such as \
             `warmup = \"{}\"`",
            format_duration(duration_ns / 4)
        ),
    };
    format!(
        "no warm-up found: in variant \"{variant}\" {series} has not settled in the first half of {duration}; {way_out}"
    )
}
