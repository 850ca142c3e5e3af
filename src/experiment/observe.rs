//! What happens during a run, told to whoever wants to know: the log of the command, a progress bar of one's own.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A step of a run. Threads tell of their simulations as they finish them, so their order differs from run to run; what a
/// run leaves does not.
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
    /// So many more replications of every variant are wanted.
    Round { from: u32, to: u32 },
    /// One simulation is finished.
    Simulated { variant: &'a str, replication: u32, requests: u64, seconds: f64 },
    /// What an earlier run kept of a simulation is used instead.
    Kept { variant: &'a str, replication: u32, requests: u64 },
    /// Everything is simulated, or it was stopped.
    Finished { replications: u32, requests: u64, seconds: f64, interrupted: bool },
}

type Listener = dyn Fn(&Step<'_>) + Send + Sync;

/// Who is told; nobody by default.
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
