//! Filters in front of a policy: which objects that were missed come into the cache at all.

use std::fmt;
use std::str::FromStr;

use crate::dice::{Stream, stream, unit_open_zero};
use crate::units::{format_bytes, parse_bytes};

/// Admission of an object that was missed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Admit {
    All,
    /// From its second request on (Maggs, Sitaraman: Algorithmic Nuggets in Content Delivery, ACM SIGCOMM CCR 45(3), 2015, "cache on
    /// second hit"): it was requested before, within so many rows of the trace, or ever. The memory of earlier requests is exact; a
    /// Bloom filter in its place would let in a few more.
    SecondHit {
        within: Option<u64>,
    },
    /// With this probability, each time anew.
    Probability(f64),
    /// Up to so many bytes.
    Size(u64),
}

/// Text that names no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is no filter: expected all, second-hit, second-hit:100000 (within so many requests), probability:0.1 or size:64kB"
)]
pub struct AdmitError {
    text: String,
}

impl FromStr for Admit {
    type Err = AdmitError;

    fn from_str(text: &str) -> Result<Admit, AdmitError> {
        let (name, parameter) = match text.trim().split_once(':') {
            Some((name, parameter)) => (name, Some(parameter.trim())),
            None => (text.trim(), None),
        };
        let admit = match (name, parameter) {
            ("all", None) => Some(Admit::All),
            ("second-hit", None) => Some(Admit::SecondHit { within: None }),
            ("second-hit", Some(rows)) => {
                let rows = rows.replace('_', "").parse().ok().filter(|&rows: &u64| rows > 0);
                rows.map(|rows| Admit::SecondHit { within: Some(rows) })
            }
            ("probability", Some(share)) => {
                let share = share.parse().ok().filter(|&share: &f64| share > 0.0 && share < 1.0);
                share.map(Admit::Probability)
            }
            ("size", Some(bytes)) => parse_bytes(bytes).ok().filter(|&bytes| bytes > 0).map(Admit::Size),
            _ => None,
        };
        admit.ok_or_else(|| AdmitError { text: text.to_owned() })
    }
}

impl fmt::Display for Admit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Admit::All => f.write_str("all"),
            Admit::SecondHit { within: None } => f.write_str("second-hit"),
            Admit::SecondHit { within: Some(rows) } => write!(f, "second-hit:{rows}"),
            Admit::Probability(share) => write!(f, "probability:{share}"),
            Admit::Size(bytes) => write!(f, "size:{}", format_bytes(*bytes)),
        }
    }
}

impl Admit {
    /// Whether it looks at sizes.
    pub fn needs_sizes(self) -> bool {
        matches!(self, Admit::Size(_))
    }

    /// The same for a sample: the rows between two requests for an object are as much fewer.
    pub(super) fn in_sample(self, rate: f64) -> Admit {
        match self {
            Admit::SecondHit { within: Some(rows) } => {
                Admit::SecondHit { within: Some(((rows as f64 * rate).round() as u64).max(1)) }
            }
            other => other,
        }
    }
}

/// No request yet.
const NEVER: u32 = u32::MAX;

/// A filter at work.
pub(super) struct Door {
    admit: Admit,
    /// By key: row of the last request, where that is looked at.
    last: Vec<u32>,
    dice: Stream,
}

impl Door {
    pub fn new(admit: Admit, keys: u32) -> Door {
        let last = match admit {
            Admit::SecondHit { .. } => vec![NEVER; keys as usize],
            _ => Vec::new(),
        };
        Door { admit, last, dice: stream(1, 0, "admission") }
    }

    /// A key is requested in this row, found or not; gives the row of its request before.
    #[inline]
    pub fn see(&mut self, key: u32, row: usize) -> Option<u32> {
        let last = self.last.get_mut(key as usize)?;
        Some(std::mem::replace(last, row as u32)).filter(|&row| row != NEVER)
    }

    /// Whether an object of so many bytes comes in, which is requested in this row and was before in that one.
    #[inline]
    pub fn admits(&mut self, bytes: u64, row: usize, before: Option<u32>) -> bool {
        match self.admit {
            Admit::All => true,
            Admit::SecondHit { within } => before
                .is_some_and(|before| within.is_none_or(|within| (row - before as usize) as u64 <= within)),
            Admit::Probability(share) => unit_open_zero(&mut self.dice) <= share,
            Admit::Size(most) => bytes <= most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_shown() {
        for text in ["all", "second-hit", "second-hit:500", "probability:0.1", "size:64kB"] {
            assert_eq!(text.parse::<Admit>().map(|admit| admit.to_string()), Ok(text.to_owned()));
        }
        for wrong in [
            "none",
            "all:1",
            "second-hit:0",
            "probability:0",
            "probability:1",
            "probability",
            "size:64",
            "size:0B",
        ] {
            let message = wrong.parse::<Admit>().unwrap_err().to_string();
            assert!(message.contains("expected all, second-hit"), "{message}");
        }
    }
}
