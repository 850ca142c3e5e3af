//! A knob that is turned without steps: a path and the span that its values lie in, as `herdlab headroom` takes them
//! (`database.pool=2..50`, `tier.l2.ttl=1s..10m`, `traffic=0.1..20`).

use super::Diagnostics;
use super::range::{Quantity, decimal, quantity};
use crate::model::Kind;

/// The option behind the name `traffic`.
pub const TRAFFIC: &str = "workload.scale";
/// Its short name.
const TRAFFIC_NAME: &str = "traffic";

/// The option that a name of the command line means.
pub fn path_of(name: &str) -> &str {
    if name == TRAFFIC_NAME { TRAFFIC } else { name }
}

/// A knob and its span.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    /// Dotted path, as `--set` takes it.
    pub path: String,
    /// As written behind every number; empty for a plain one.
    pub unit: String,
    pub kind: Kind,
    /// A unit in the unit of the kind: 60 for `m`.
    pub unit_value: f64,
    /// Values are whole numbers.
    pub whole: bool,
    /// In `unit`; `low` is below `high`.
    pub low: f64,
    pub high: f64,
}

impl Knob {
    /// All traffic, from a thousandth of the scenario's to 64 times as much.
    pub fn traffic() -> Knob {
        Knob {
            path: TRAFFIC.to_owned(),
            unit: String::new(),
            kind: Kind::Number,
            unit_value: 1.0,
            whole: false,
            low: 1.0 / 1024.0,
            high: 64.0,
        }
    }

    /// Whether this is the multiplier of all traffic.
    pub fn is_traffic(&self) -> bool {
        self.path == TRAFFIC
    }

    /// Reads `LOW..HIGH`. Whole ends of plain numbers, bytes and nanoseconds mean whole values, but not of a factor on traffic.
    ///
    /// # Errors
    /// Another form, ends of two kinds, or an end that is not above the start.
    pub fn parse(name: &str, span: &str) -> Result<Knob, Diagnostics> {
        Knob::parse_for("--knob", name, span)
    }

    /// The same for another option of the command line.
    ///
    /// # Errors
    /// As [`Knob::parse`].
    pub fn parse_for(option: &str, name: &str, span: &str) -> Result<Knob, Diagnostics> {
        let path = path_of(name.trim());
        let wrong = |reason: String| {
            let help = vec![format!(
                "a span such as {option} traffic=0.1..20, {option} database.pool=2..50 or {option} tier.l2.ttl=1s..10m"
            )];
            Diagnostics::general(format!("{option} {name}={span}: {reason}"), help)
        };
        let Some((from, to)) = span.split_once("..") else {
            return Err(wrong("expected two ends with `..` between them".to_owned()));
        };
        if to.contains(':') {
            return Err(wrong("a search makes its own steps: leave out what follows the `:`".to_owned()));
        }
        let (from, to) = (quantity(from).map_err(wrong)?, quantity(to).map_err(wrong)?);
        if from.kind != to.kind {
            let (from, to) = (from.kind.name(), to.kind.name());
            return Err(wrong(format!("from {from} to {to}: both ends must be of one kind")));
        }
        let high = to.number * to.unit_value / from.unit_value;
        if high <= from.number {
            return Err(wrong("the end must be above the start".to_owned()));
        }
        if path == TRAFFIC && from.number <= 0.0 {
            return Err(wrong("without any traffic there is nothing to find: start above zero".to_owned()));
        }
        let Quantity { number: low, whole, unit, kind, unit_value } = from;
        let indivisible = path != TRAFFIC && matches!(unit, "" | "B" | "ns") && whole && to.whole;
        Ok(Knob {
            path: path.to_owned(),
            unit: unit.to_owned(),
            kind,
            unit_value,
            whole: indivisible,
            low,
            high,
        })
    }

    /// A value as `--set` takes it.
    pub fn text(&self, number: f64) -> String {
        format!("{}{}", decimal(number, 12), self.unit)
    }

    /// A value in the unit of the kind.
    pub fn value(&self, number: f64) -> f64 {
        number * self.unit_value
    }

    /// The nearest number that is written with so many significant digits, or the nearest whole one.
    pub fn rounded(&self, number: f64, digits: i32) -> f64 {
        if self.whole {
            return number.round();
        }
        decimal(number, digits).parse().unwrap_or(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit_and_whole_ends_mean_whole_values() {
        let pool = Knob::parse("database.pool", "2..50").unwrap();
        assert!(pool.whole && (pool.low, pool.high) == (2.0, 50.0));
        assert_eq!((pool.rounded(7.4, 3), pool.text(7.0)), (7.0, "7".to_owned()));
        let ttl = Knob::parse("tier.l2.ttl", "30s..5m").unwrap();
        assert_eq!((ttl.low, ttl.high, ttl.whole), (30.0, 300.0, false));
        assert_eq!((ttl.text(ttl.rounded(77.4561, 4)), ttl.value(30.0)), ("77.46s".to_owned(), 30.0));
        let minutes = Knob::parse("tier.l2.ttl", "1m..2h").unwrap();
        assert_eq!((minutes.high, minutes.value(1.5)), (120.0, 90.0));
        let traffic = Knob::parse("traffic", "1..20").unwrap();
        assert!(traffic.is_traffic() && !traffic.whole);
    }

    #[test]
    fn what_is_no_span_says_why() {
        for (name, span, reason) in [
            ("database.pool", "2,4", "`..` between them"),
            ("database.pool", "2..50:step2", "makes its own steps"),
            ("database.pool", "50..2", "the end must be above the start"),
            ("tier.l2.ttl", "1s..5", "from a duration to a number"),
            ("tier.l2.ttl", "1x..5x", "unknown unit"),
            ("traffic", "0..5", "start above zero"),
        ] {
            let told = Knob::parse(name, span).unwrap_err().to_string();
            assert!(told.contains(reason), "{span}: {told}");
        }
    }
}
