//! Capacities as a user gives them: objects, or a share of all objects of the trace.

use std::str::FromStr;

use crate::units::parse_percentage;

/// Room for a number of objects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TraceCapacity {
    Objects(u64),
    /// Of the distinct objects; above 0, at most 1.
    Share(f64),
}

/// Text that is no capacity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is no capacity: expected a number of objects above 0 such as 5000, or a share of the trace's \
         objects above 0 % and up to 100 % such as 1%"
)]
pub struct CapacityError {
    text: String,
}

impl TraceCapacity {
    /// In objects, of a trace with so many distinct ones; a share is rounded down, but leaves room for one.
    pub fn objects(self, distinct: u64) -> u64 {
        match self {
            TraceCapacity::Objects(objects) => objects,
            // 0.29 * 100 is a little less than 29.
            TraceCapacity::Share(share) => ((share * distinct as f64 * (1.0 + 1e-12)) as u64).max(1),
        }
    }
}

impl FromStr for TraceCapacity {
    type Err = CapacityError;

    fn from_str(text: &str) -> Result<TraceCapacity, CapacityError> {
        let text = text.trim();
        let parsed = if text.ends_with('%') {
            let share = parse_percentage(text).ok();
            share.filter(|share| *share > 0.0 && *share <= 1.0).map(TraceCapacity::Share)
        } else {
            let objects = text.replace('_', "").parse().ok();
            objects.filter(|objects| *objects > 0).map(TraceCapacity::Objects)
        };
        parsed.ok_or_else(|| CapacityError { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shares() {
        let objects = |text: &str| text.parse::<TraceCapacity>().map(|capacity| capacity.objects(48_974));
        assert_eq!(objects("5000"), Ok(5_000));
        assert_eq!(objects("10_000"), Ok(10_000));
        assert_eq!(objects(" 1%"), Ok(489));
        assert_eq!(objects("0.001 %"), Ok(1));
        assert_eq!(objects("100%"), Ok(48_974));
        assert_eq!("29%".parse::<TraceCapacity>().map(|capacity| capacity.objects(100)), Ok(29));
        for wrong in ["0", "0%", "100.1%", "-1", "-1%", "many", "1kB", "", "nan%"] {
            assert!(objects(wrong).is_err(), "{wrong}");
        }
    }
}
