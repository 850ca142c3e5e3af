//! The end of a read: its answer, and the check of that answer against the books.

use super::key::KeyInfo;
use super::tier::Look;
use crate::measure::recorder::Outcome;
use crate::model::Nanos;
use crate::policy::freshness::Renewal;
use crate::sim::store::Value;

/// The fields of a read that the recorder needs.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub start_ns: Nanos,
    pub key: u32,
    pub window: u32,
    pub class: usize,
    pub exists: bool,
    /// Number of the newest commit of the key that was acknowledged when it started.
    pub acknowledged: u64,
}

/// How far an answer was behind the database.
#[derive(Clone, Copy, Debug, Default)]
pub struct Staleness {
    /// When its answer was superseded; none: not before the read started.
    pub superseded_ns: Option<Nanos>,
    /// Something newer had been acknowledged when the read started.
    pub is_behind: bool,
}

/// The class of a read that finds an entry within its time to live.
#[inline]
pub fn hit(info: KeyInfo, value: Value) -> Outcome {
    if info.is_negative(value.version) { Outcome::NegativeHit } else { Outcome::Hit }
}

/// Levels from `from` up to `to` that get a value, without those that have not answered.
#[inline]
pub fn filled(from: u8, to: usize, unfilled: u8) -> impl Iterator<Item = usize> {
    (usize::from(from)..to).filter(move |level| unfilled >> level & 1 == 0)
}

/// The answer of a lookup in a tier of the process; none: the read goes on to the next level.
#[inline(always)]
pub fn answer_in_process(found: Look, info: KeyInfo, exists: bool) -> Option<(Outcome, Value, Renewal)> {
    match found {
        Look::Hit { renewal: Renewal::Inline, .. } | Look::Miss { .. } => None,
        Look::Fallback { .. } | Look::Uncacheable => None,
        Look::Hit { value, renewal } => Some((hit(info, value), value, renewal)),
        Look::Stale { value, renews } if exists || !renews => Some((Outcome::StaleHit, value, Renewal::Keep)),
        Look::Stale { value, .. } => Some((Outcome::StaleHit, value, Renewal::Background)),
    }
}
