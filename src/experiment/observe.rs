//! The steps of a run, for listeners: the log of the command, a progress bar of one's own.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A step of a run. Threads report their simulations as they finish them, so their order differs from run to run; the
/// result of a run does not.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step<'a> {
    /// The run begins.
    Started {
        scenario: &'a str,
        digest: &'a str,
        seed: u64,
        variants: usize,
        replications: u32,
        threads: usize,
    },
    /// Tables of popularity and sizes are built, which all replications share.
    TablesBuilt { seconds: f64 },
    /// A warm-up was looked for and found.
    WarmupFound { warmup_s: f64, seconds: f64 },
    /// So many more replications of every variant begin.
    Round { from: u32, to: u32 },
    /// One simulation is finished.
    Simulated { variant: &'a str, replication: u32, requests: u64, seconds: f64 },
    /// The kept result of an earlier run is used instead of a simulation.
    Kept { variant: &'a str, replication: u32, requests: u64 },
    /// The nominal scenario is simulated, and so many worlds follow.
    Worlds { worlds: u32, replications: u32 },
    /// Everything is simulated, or it was stopped.
    Finished { replications: u32, requests: u64, seconds: f64, interrupted: bool },
}

type Listener = dyn Fn(&Step<'_>) + Send + Sync;

/// The listener; none by default.
///
/// ```
/// use herdlab::experiment::observe::{Observer, Step};
/// let observer = Observer::new(|step: &Step| {
///     if let Step::Simulated { variant, replication, .. } = step {
///         eprintln!("{variant}: replication {replication} is finished");
///     }
/// });
/// # let _ = observer;
/// ```
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<Listener>>);

impl Observer {
    /// Calls `listen` at every step, from the threads of the run.
    pub fn new(listen: impl Fn(&Step<'_>) + Send + Sync + 'static) -> Observer {
        Observer(Some(Arc::new(listen)))
    }

    pub(super) fn tell(&self, step: &Step<'_>) {
        if let Some(listen) = &self.0 {
            listen(step);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "an observer" } else { "nobody" })
    }
}
