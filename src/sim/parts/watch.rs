//! The state of the guard against an instant that does not end (`engine::instant`).

use crate::measure::recorder::Cause;
use crate::model::Nanos;

/// Events from one look at the outside to the next: some milliseconds.
pub const LOOK_EVERY: u64 = 1 << 16;

/// The instant that is watched.
#[derive(Debug, Default)]
pub struct Watch {
    pub at: Nanos,
    /// Number of the event with which the present chain of rounds began, at the latest.
    pub since: u64,
    pub rounds: u64,
    pub is_marked: bool,
    /// Most that was under way at a look.
    pub in_flight: u64,
    /// Why a request or an attempt failed last.
    pub cause: Option<Cause>,
}
