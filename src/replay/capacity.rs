//! Capacities as a user gives them: objects, bytes, or a share of what all objects of the trace take.

use std::str::FromStr;

use super::traffic::Unit;
use crate::units::{parse_bytes, parse_percentage};

/// Room in a cache.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TraceCapacity {
    Objects(u64),
    Bytes(u64),
    /// Of the distinct objects, or of their bytes; above 0, at most 1.
    Share(f64),
}

/// Text that is no capacity, or capacities that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapacityError {
    #[error(
        "\"{0}\" is no capacity: expected a number of objects above 0 such as 5000, bytes such as 64MB or 1GiB, or a share of \
         the trace's objects or bytes above 0 % and up to 100 % such as 1%"
    )]
    Malformed(String),
    #[error("{0} is more than all objects of the trace take: a share is at most 100 %")]
    TooMuch(String),
    #[error(
        "{0} is a number of objects, and the other capacities or --bytes count bytes; give all of them in one unit"
    )]
    Mixed(u64),
}

impl TraceCapacity {
    /// What these capacities count: bytes if any of them does or the user asks for it, else objects.
    ///
    /// # Errors
    /// Some count objects and some bytes.
    pub fn unit(capacities: &[TraceCapacity], bytes: bool) -> Result<Unit, CapacityError> {
        if !bytes && !capacities.iter().any(|capacity| matches!(capacity, TraceCapacity::Bytes(_))) {
            return Ok(Unit::Objects);
        }
        let objects = capacities.iter().find_map(|capacity| match capacity {
            TraceCapacity::Objects(objects) => Some(*objects),
            _ => None,
        });
        objects.map_or(Ok(Unit::Bytes), |objects| Err(CapacityError::Mixed(objects)))
    }

    /// In objects or bytes, where all objects take so many; a share is rounded down, but is at least one.
    pub fn of(self, footprint: u64) -> u64 {
        match self {
            TraceCapacity::Objects(capacity) | TraceCapacity::Bytes(capacity) => capacity,
            // 0.29 * 100 is a little less than 29.
            TraceCapacity::Share(share) => ((share * footprint as f64 * (1.0 + 1e-12)) as u64).max(1),
        }
    }
}

impl FromStr for TraceCapacity {
    type Err = CapacityError;

    fn from_str(text: &str) -> Result<TraceCapacity, CapacityError> {
        let text = text.trim();
        let parsed = if text.ends_with('%') {
            let share = parse_percentage(text).ok();
            if share.is_some_and(|share| share > 1.0 && share.is_finite()) {
                return Err(CapacityError::TooMuch(text.to_owned()));
            }
            share.filter(|share| *share > 0.0 && *share <= 1.0).map(TraceCapacity::Share)
        } else if text.ends_with('B') {
            parse_bytes(text).ok().filter(|bytes| *bytes > 0).map(TraceCapacity::Bytes)
        } else {
            let objects = text.replace('_', "").parse().ok();
            objects.filter(|objects| *objects > 0).map(TraceCapacity::Objects)
        };
        parsed.ok_or_else(|| CapacityError::Malformed(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_shares_and_bytes() {
        let room = |text: &str| text.parse::<TraceCapacity>().map(|capacity| capacity.of(48_974));
        assert_eq!(room("5000"), Ok(5_000));
        assert_eq!(room("10_000"), Ok(10_000));
        assert_eq!(room(" 1%"), Ok(489));
        assert_eq!(room("0.001 %"), Ok(1));
        assert_eq!(room("100%"), Ok(48_974));
        assert_eq!(room("1.5kB"), Ok(1_500));
        assert_eq!(room("64MiB"), Ok(64 << 20));
        assert_eq!("29%".parse::<TraceCapacity>().map(|capacity| capacity.of(100)), Ok(29));
        for wrong in ["0", "0%", "100.1%", "-1", "-1%", "many", "1k", "0B", "1XB", "", "nan%"] {
            assert!(room(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_unit_is_for_all_of_them() {
        use TraceCapacity::{Bytes, Objects, Share};
        assert_eq!(TraceCapacity::unit(&[Objects(5), Share(0.1)], false), Ok(Unit::Objects));
        assert_eq!(TraceCapacity::unit(&[Bytes(5), Share(0.1)], false), Ok(Unit::Bytes));
        assert_eq!(TraceCapacity::unit(&[Share(0.1)], true), Ok(Unit::Bytes));
        assert_eq!(TraceCapacity::unit(&[Bytes(5), Objects(7)], false), Err(CapacityError::Mixed(7)));
        assert_eq!(TraceCapacity::unit(&[Objects(7)], true), Err(CapacityError::Mixed(7)));
    }
}
