//! Time stamps as traces have them: numbers in a unit, or ISO 8601.

use std::cmp::Ordering;

/// A time in the unit of its trace: a whole part and a fraction, so that nanoseconds since 1970 lose nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stamp {
    pub whole: i64,
    /// From 0 to below 1.
    pub fraction: f64,
    /// Digits of the fraction, without the zeros at its end.
    pub decimals: u8,
}

impl Stamp {
    pub fn whole(whole: i64) -> Stamp {
        Stamp { whole, fraction: 0.0, decimals: 0 }
    }

    /// A finite number: `1700000000`, `-2.5`, `1.7e9`.
    pub fn number(cell: &[u8]) -> Option<Stamp> {
        let (negative, digits) = match cell.strip_prefix(b"-") {
            Some(digits) => (true, digits),
            None => (false, cell.strip_prefix(b"+").unwrap_or(cell)),
        };
        let point = digits.iter().position(|&byte| byte == b'.').unwrap_or(digits.len());
        let (before, after) = (&digits[..point], digits.get(point + 1..).unwrap_or_default());
        let is_plain = !(before.is_empty() && after.is_empty())
            && before.len() <= 19
            && before.iter().chain(after).all(u8::is_ascii_digit);
        if !is_plain {
            let value: f64 = std::str::from_utf8(cell).ok()?.parse().ok()?;
            return (value.abs() < 9e18).then(|| Stamp::real(value));
        }
        let whole = before
            .iter()
            .try_fold(0i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
        let stamp = match after {
            [] => Stamp::whole(whole),
            _ => Stamp { whole, ..Stamp::fraction(after)? },
        };
        Some(if negative { stamp.negated() } else { stamp })
    }

    fn fraction(digits: &[u8]) -> Option<Stamp> {
        let zeros = digits.iter().rev().take_while(|&&digit| digit == b'0').count();
        let digits = &digits[..digits.len() - zeros];
        let fraction: f64 = match digits {
            [] => 0.0,
            _ => format!("0.{}", std::str::from_utf8(digits).ok()?).parse().ok()?,
        };
        // "0.99999999999999999999" is one.
        let fraction = fraction.min(1.0 - f64::EPSILON);
        Some(Stamp { whole: 0, fraction, decimals: digits.len().min(18) as u8 })
    }

    fn real(value: f64) -> Stamp {
        let whole = value.floor();
        let fraction = (value - whole).min(1.0 - f64::EPSILON);
        let decimals = (0..=9).find(|&digits| {
            let scaled = fraction * 10f64.powi(digits);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1e-3)
        });
        Stamp { whole: whole as i64, fraction, decimals: decimals.unwrap_or(9) as u8 }
    }

    fn negated(self) -> Stamp {
        match self.fraction {
            0.0 => Stamp { whole: -self.whole, ..self },
            fraction => Stamp { whole: -self.whole - 1, fraction: 1.0 - fraction, ..self },
        }
    }

    /// Units from another stamp to this one.
    pub fn since(&self, other: &Stamp) -> f64 {
        self.whole.saturating_sub(other.whole) as f64 + (self.fraction - other.fraction)
    }

    /// The same as one number.
    pub fn value(&self) -> f64 {
        self.whole as f64 + self.fraction
    }

    /// In nanoseconds, of which a unit has so many.
    pub fn scaled(&self, unit_ns: f64) -> i128 {
        i128::from(self.whole) * unit_ns as i128 + (self.fraction * unit_ns).round() as i128
    }

    /// The zeros at the end of a whole stamp, at most `most`.
    pub fn zeros(&self, most: u8) -> u8 {
        let divides = |zeros: &u8| self.whole % 10i64.pow(u32::from(*zeros)) == 0;
        if self.decimals > 0 { 0 } else { (0..=most.min(18)).rev().find(divides).unwrap_or(0) }
    }
}

impl PartialOrd for Stamp {
    fn partial_cmp(&self, other: &Stamp) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Stamp {}

impl Ord for Stamp {
    fn cmp(&self, other: &Stamp) -> Ordering {
        self.whole.cmp(&other.whole).then(self.fraction.total_cmp(&other.fraction))
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.fraction {
            0.0 => write!(f, "{}", self.whole),
            _ => write!(f, "{}", self.value()),
        }
    }
}

/// Seconds since 1970 of an ISO 8601 time: `2023-11-15T10:00:00.250+01:00`. Without a zone it is UTC; a space may stand for the `T`,
/// a comma for the point.
pub fn iso8601(text: &[u8]) -> Option<Stamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let mut parts = date.split('-');
    let mut number = |width: usize| parts.next().filter(|part| part.len() == width).and_then(digits);
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = (time.get(..8)?, time.get(8..)?);
    let (fraction, zone) = match rest.strip_prefix(['.', ',']) {
        None => (Stamp::default(), rest),
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (Stamp::fraction(&rest.as_bytes()[..end]).filter(|_| end > 0)?, &rest[end..])
        }
    };
    let offset_s = match zone.trim_start() {
        "" | "Z" | "z" | "UTC" => 0,
        zone => offset_s(zone)?,
    };
    Some(Stamp { whole: instant(year, month, day, clock)? - offset_s, ..fraction })
}

/// Seconds since 1970 of a time in an access log: `15/Nov/2023:10:00:00 +0100`.
pub fn log_time(text: &[u8]) -> Option<Stamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = std::str::from_utf8(text).ok()?;
    let mut parts = text.splitn(3, '/');
    let (day, month, rest) = (digits(parts.next()?)?, parts.next()?, parts.next()?);
    let month = 1 + MONTHS.iter().position(|name| *name == month)? as i64;
    let (year, time) = (digits(rest.get(..4)?)?, rest.get(4..)?.strip_prefix(':')?);
    let (clock, zone) = (time.get(..8)?, time.get(8..)?.trim());
    let offset_s = if zone.is_empty() { 0 } else { offset_s(zone)? };
    Some(Stamp::whole(instant(year, month, day, clock)? - offset_s))
}

fn digits(text: &str) -> Option<i64> {
    (text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 9).then(|| text.parse().ok())?
}

/// Seconds of `+0100` or `+01:00`.
fn offset_s(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let zone = zone[1..].replace(':', "");
    let (hours, minutes) =
        (digits(zone.get(..2)?)?, digits(zone.get(2..)?).or(zone.len().eq(&2).then_some(0))?);
    Some(sign * (hours * 3600 + minutes * 60))
}

/// Seconds since 1970 of a date of the Gregorian calendar and `hh:mm:ss`; the second of a leap second is that before it.
fn instant(year: i64, month: i64, day: i64, clock: &str) -> Option<i64> {
    let mut parts = clock.split(':').map(|part| digits(part).filter(|_| part.len() == 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let is_time = hour < 24 && minute < 60 && second <= 60;
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    // Days of the proleptic calendar, its years beginning in March (Hinnant, days_from_civil).
    let shifted = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    (is_time && is_date).then(|| days * 86_400 + hour * 3600 + minute * 60 + second.min(59))
}

/// A unit of recorded times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    pub name: &'static str,
    pub ns: f64,
}

pub const SECOND: Unit = Unit { name: "s", ns: 1e9 };
pub const MILLISECOND: Unit = Unit { name: "ms", ns: 1e6 };
pub const MICROSECOND: Unit = Unit { name: "us", ns: 1e3 };
pub const NANOSECOND: Unit = Unit { name: "ns", ns: 1.0 };
/// Of the clock of Windows: 100 ns since 1601.
pub const TICK: Unit = Unit { name: "ticks", ns: 100.0 };

/// The unit that a name of times ends in: `time_ms`, `ts_us`.
pub fn unit_by_name(name: &str) -> Option<Unit> {
    let (_, end) = name.rsplit_once('_')?;
    [SECOND, MILLISECOND, MICROSECOND, NANOSECOND, TICK]
        .into_iter()
        .find(|unit| unit.name.eq_ignore_ascii_case(end))
}

/// The unit of a time since 1970 (or since 1601 in ticks) between 2001 and 2065, told by its magnitude; `None` for all other numbers.
pub fn unit_by_magnitude(stamp: &Stamp) -> Option<Unit> {
    match stamp.whole {
        1_000_000_000..3_000_000_000 => Some(SECOND),
        1_000_000_000_000..3_000_000_000_000 => Some(MILLISECOND),
        1_000_000_000_000_000..3_000_000_000_000_000 => Some(MICROSECOND),
        1_000_000_000_000_000_000..3_000_000_000_000_000_000 => Some(NANOSECOND),
        // Years 2001 to 2064.
        126_000_000_000_000_000..146_400_000_000_000_000 => Some(TICK),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_all_its_digits() {
        let parts = |text: &str| {
            Stamp::number(text.as_bytes()).map(|stamp| (stamp.whole, stamp.fraction, stamp.decimals))
        };
        assert_eq!(parts("1700000000123456789"), Some((1_700_000_000_123_456_789, 0.0, 0)));
        assert_eq!(parts("170000000012345678"), Some((170_000_000_012_345_678, 0.0, 0)));
        assert_eq!(parts("5"), Some((5, 0.0, 0)));
        assert_eq!(parts("7.500"), Some((7, 0.5, 1)));
        assert_eq!(parts("-2.25"), Some((-3, 0.75, 2)));
        assert_eq!(parts("-3"), Some((-3, 0.0, 0)));
        assert_eq!(parts("1.5e3"), Some((1_500, 0.0, 0)));
        assert_eq!(parts("2.5e-1"), Some((0, 0.25, 2)));
        assert_eq!(parts(".5"), Some((0, 0.5, 1)));
        for text in ["", ".", "-", "x", "nan", "inf", "1e30", "1,5", "1 2"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn differences_are_exact_where_one_number_would_not_be() {
        let stamp = |text: &str| Stamp::number(text.as_bytes()).unwrap();
        assert_eq!(stamp("128166385295614663").since(&stamp("128166385295514663")), 100_000.0);
        let step = stamp("1700000000.000001").since(&stamp("1700000000.000000"));
        assert!((step - 1e-6).abs() < 1e-15, "{step}");
        assert!(stamp("2") > stamp("1.9") && stamp("-1.5") < stamp("-1.25"));
    }

    #[test]
    fn iso_8601_is_seconds_since_1970() {
        let seconds = |text: &str| iso8601(text.as_bytes()).map(|stamp| stamp.value());
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0.0));
        assert_eq!(seconds("2023-11-15T00:00:00.250Z"), Some(1_700_006_400.25));
        assert_eq!(seconds("2023-11-15 01:30:00+01:30"), Some(1_700_006_400.0));
        assert_eq!(seconds("2023-11-14T20:00:00,5 -0400"), Some(1_700_006_400.5));
        // A leap day.
        assert_eq!(seconds("2024-03-01T00:00:00"), seconds("2024-02-29T00:00:00").map(|s| s + 86_400.0));
        for text in ["2023-11-15", "2023-13-01T00:00:00", "2023-11-15T25:00:00", "2023-11-15T00:00:00.", "é"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(log_time(b"15/Nov/2023:01:00:00 +0100").map(|stamp| stamp.whole), Some(1_700_006_400));
        assert_eq!(log_time(b"15/Nov/2023"), None);
    }

    #[test]
    fn the_magnitude_of_a_time_since_1970_tells_its_unit() {
        let unit = |text: &str| Some(unit_by_magnitude(&Stamp::number(text.as_bytes())?)?.name);
        assert_eq!(unit("1700000000.5"), Some("s"));
        assert_eq!(unit("1700000000123"), Some("ms"));
        assert_eq!(unit("1700000000123456"), Some("us"));
        assert_eq!(unit("1700000000123456789"), Some("ns"));
        assert_eq!(unit("128166385295514663"), Some("ticks"));
        assert_eq!(unit("1000"), None);
    }
}
