//! How the outside follows and stops a simulation, and why one ends without a result.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::bounds::Bounds;
use crate::trace::TraceError;
use crate::units::grouped;

/// How the outside follows and stops a simulation.
#[derive(Debug, Default)]
pub struct Control {
    /// Set to stop all simulations at once.
    pub cancel: AtomicBool,
    /// Requests simulated so far, over all simulations.
    pub requests: AtomicU64,
    /// Memory limit of all of them together; where it is reached, `cancel` is set.
    pub bounds: Bounds,
}

impl Control {
    /// Whether a simulation may go on; each checks after every 65,536 events, every batch of requests and every window.
    ///
    /// # Errors
    /// [`SimError::Cancelled`] where it may not.
    pub fn check(&self) -> Result<(), SimError> {
        if self.bounds.look() {
            self.cancel.store(true, Ordering::Relaxed);
        }
        if self.cancel.load(Ordering::Relaxed) { Err(SimError::Cancelled) } else { Ok(()) }
    }
}

/// Why a simulation ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    #[error("interrupted")]
    Cancelled,
    #[error(transparent)]
    Trace(#[from] TraceError),
    #[error(
        "simulated time stands still at {at_s} s, after {} events at this instant: {circle}", grouped(*.events)
    )]
    NoProgress { at_s: f64, events: u64, circle: Circle },
    #[error(
        "more than {limit} requests, fetches and commands in flight at {at_s} s of simulated time: more arrives than the system can do, and nothing limits what waits. Give database.queue, a timeout or clients.deadline a value, or shorten the run"
    )]
    Overload { at_s: f64, limit: usize },
    #[error("internal error, please report it: {0}")]
    Invariant(String),
}

/// The circle at an instant that does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circle {
    /// A user of the closed loop, and why its requests end in errors, if they do.
    User { user: u32, cause: Option<&'static str> },
    /// A call of the database that is retried, after so many attempts.
    Retry { key: u32, instance: u32, attempts: u32, cause: Option<&'static str> },
    /// Something else: the name of the event that is most frequent.
    Other { event: &'static str },
}

impl std::fmt::Display for Circle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Circle::User { user, cause } => {
                write!(f, "user {user} of the closed loop sends one request after another: ")?;
                match cause {
                    Some(cause) => write!(f, "each request ends at once in an error (cause: {cause})")?,
                    None => write!(f, "each request is answered in no time")?,
                }
                write!(
                    f,
                    ". Give users a think time, such as arrivals = {{ closed = {{ users = ..., think = \"10ms\" }} }}, or \
                     the way to whoever refuses a delay (network)"
                )
            }
            Circle::Retry { key, instance, attempts, cause } => {
                write!(
                    f,
                    "instance {instance} has called the database {attempts} times for key {key} without a pause"
                )?;
                if let Some(cause) = cause {
                    write!(f, ", and is refused at once each time (cause: {cause})")?;
                }
                write!(
                    f,
                    ". Give database.retries a backoff, such as \"50ms\", or fewer attempts; or give the way to the \
                     database a delay (database.network)"
                )
            }
            Circle::Other { event } => write!(
                f,
                "{event} causes the next at the same instant. Give the tiers, the database or the think time a delay"
            ),
        }
    }
}
