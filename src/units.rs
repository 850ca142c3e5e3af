//! Durations, sizes and rates as people write them, and back.
//!
//! Inside the program times are integer nanoseconds, sizes bytes and rates per second; text with a unit
//! exists only in scenario files, on the command line and in messages. What [`format_duration`] and
//! [`format_bytes`] print, the parsers read back to the same number.

use thiserror::Error;

/// Why a text is not the quantity that was expected.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UnitError {
    #[error("a number and a unit, nothing else")]
    Malformed,
    #[error("the unit is missing (write \"{0} {1}\")")]
    MissingUnit(String, &'static str),
    #[error("unknown unit \"{unit}\"; known: {known}")]
    UnknownUnit { unit: String, known: &'static str },
    #[error("\"{0}\" is ambiguous: write {0}B (1000s) or {0}iB (1024s)")]
    AmbiguousSize(String),
    #[error("finer than one nanosecond")]
    TooFine,
    #[error("too large")]
    TooLarge,
}

const DURATION_UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];
const KNOWN_DURATION_UNITS: &str = "ns, us, ms, s, m, h, d";
const KNOWN_TIME_UNITS: &str = "ns, us, ms, s, m, h, d, ticks";

const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];
const KNOWN_SIZE_UNITS: &str = "B, kB, MB, GB, TB, KiB, MiB, GiB, TiB";

const PER_UNITS: &[(&str, f64)] =
    &[("s", 1.0), ("sec", 1.0), ("m", 60.0), ("min", 60.0), ("h", 3_600.0), ("d", 86_400.0)];
const KNOWN_PER_UNITS: &str = "s, min, h, d";

/// A decimal number without sign or exponent: digits and how many of them are fractional.
struct Decimal {
    digits: u128,
    fraction_digits: u32,
}

impl Decimal {
    fn to_f64(&self) -> f64 {
        let mut scale = 1.0;
        for _ in 0..self.fraction_digits {
            scale *= 10.0;
        }
        self.digits as f64 / scale
    }

    /// `self * unit`, if that is a whole number below 2^64.
    fn times(&self, unit: u64) -> Result<u64, UnitError> {
        let scale = 10u128.checked_pow(self.fraction_digits).ok_or(UnitError::TooFine)?;
        let product = self.digits.checked_mul(u128::from(unit)).ok_or(UnitError::TooLarge)?;
        if product % scale != 0 {
            return Err(UnitError::TooFine);
        }
        u64::try_from(product / scale).map_err(|_| UnitError::TooLarge)
    }
}

/// Splits `"1.5 ms rest"` into the number, its unit and the rest.
fn take_quantity(text: &str) -> Result<(Decimal, &str, &str), UnitError> {
    let number_end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let (number, after) = text.split_at(number_end);
    let after = after.trim_start();
    let unit_end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
    let (unit, rest) = after.split_at(unit_end);
    Ok((decimal(number)?, unit, rest))
}

fn decimal(number: &str) -> Result<Decimal, UnitError> {
    let plain = number.replace('_', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    if whole.is_empty() || plain.ends_with('.') || fraction.contains('.') {
        return Err(UnitError::Malformed);
    }
    let digits = format!("{whole}{fraction}").parse().map_err(|_| UnitError::TooLarge)?;
    Ok(Decimal { digits, fraction_digits: fraction.len() as u32 })
}

fn find_unit(units: &[(&str, u64)], unit: &str) -> Option<u64> {
    units.iter().find(|(name, _)| *name == unit).map(|(_, value)| *value)
}

fn duration_unit(number: &str, unit: &str) -> Result<u64, UnitError> {
    if unit.is_empty() {
        return Err(UnitError::MissingUnit(number.to_owned(), "ms"));
    }
    find_unit(DURATION_UNITS, unit)
        .ok_or_else(|| UnitError::UnknownUnit { unit: unit.to_owned(), known: KNOWN_DURATION_UNITS })
}

/// Nanoseconds of a duration such as `"250ms"`, `"1.5s"` or `"2m 30s"`.
///
/// ```
/// use herdlab::units::parse_duration;
/// assert_eq!(parse_duration("2m 30s"), Ok(150_000_000_000));
/// assert_eq!(parse_duration("0.5us"), Ok(500));
/// assert!(parse_duration("5").is_err());
/// ```
pub fn parse_duration(text: &str) -> Result<u64, UnitError> {
    let text = text.trim();
    let mut rest = text;
    let mut total_ns: u64 = 0;
    loop {
        let (number, unit, after) = take_quantity(rest)?;
        let part_ns = number.times(duration_unit(text, unit)?)?;
        total_ns = total_ns.checked_add(part_ns).ok_or(UnitError::TooLarge)?;
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(total_ns);
        }
    }
}

/// Nanoseconds, fractions allowed, of a duration with one unit such as `"0.5ns"`: for costs per byte.
pub fn parse_fine_duration(text: &str) -> Result<f64, UnitError> {
    let text = text.trim();
    let (number, unit, rest) = take_quantity(text)?;
    if !rest.is_empty() {
        return Err(UnitError::Malformed);
    }
    Ok(number.to_f64() * duration_unit(text, unit)? as f64)
}

/// Nanoseconds of a bare unit: `"ms"` is 1,000,000, `"ticks"` is 100, as of the clock of Windows.
pub fn parse_time_unit(text: &str) -> Result<u64, UnitError> {
    find_unit(DURATION_UNITS, text)
        .or((text == "ticks").then_some(100))
        .ok_or_else(|| UnitError::UnknownUnit { unit: text.to_owned(), known: KNOWN_TIME_UNITS })
}

/// A duration in the form that [`parse_duration`] reads back to the same number.
///
/// ```
/// use herdlab::units::format_duration;
/// assert_eq!(format_duration(1_500_000), "1.5ms");
/// assert_eq!(format_duration(150_000_000_000), "2m 30s");
/// assert_eq!(format_duration(0), "0s");
/// ```
pub fn format_duration(ns: u64) -> String {
    const MINUTE: u64 = 60_000_000_000;
    if ns == 0 {
        return "0s".to_owned();
    }
    if ns < MINUTE {
        let (unit, unit_ns) = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)]
            .into_iter()
            .find(|(_, unit_ns)| ns >= *unit_ns)
            .unwrap_or(("ns", 1));
        return format!("{}{unit}", format_decimal(ns, unit_ns));
    }
    let mut parts = Vec::new();
    let mut rest = ns;
    for (unit, unit_ns) in [("d", 1440 * MINUTE), ("h", 60 * MINUTE), ("m", MINUTE)] {
        if rest >= unit_ns {
            parts.push(format!("{}{unit}", rest / unit_ns));
            rest %= unit_ns;
        }
    }
    if rest > 0 {
        parts.push(format!("{}s", format_decimal(rest, 1_000_000_000)));
    }
    parts.join(" ")
}

/// Two hexadecimal digits for each byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `amount / unit` with all its decimals; `unit` is a power of ten.
fn format_decimal(amount: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let (whole, fraction) = (amount / unit, amount % unit);
    if fraction == 0 {
        return whole.to_string();
    }
    let digits = format!("{fraction:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

fn size_unit(number: &str, unit: &str) -> Result<u64, UnitError> {
    if unit.is_empty() {
        return Err(UnitError::MissingUnit(number.to_owned(), "kB"));
    }
    find_unit(SIZE_UNITS, unit).ok_or_else(|| match unit {
        "k" | "K" | "M" | "G" | "T" => UnitError::AmbiguousSize(unit.to_owned()),
        _ => UnitError::UnknownUnit { unit: unit.to_owned(), known: KNOWN_SIZE_UNITS },
    })
}

/// Bytes of a size such as `"1kB"` or `"64MiB"`.
///
/// ```
/// use herdlab::units::parse_bytes;
/// assert_eq!(parse_bytes("1.5kB"), Ok(1_500));
/// assert_eq!(parse_bytes("64MiB"), Ok(64 << 20));
/// assert!(parse_bytes("64M").is_err());
/// ```
pub fn parse_bytes(text: &str) -> Result<u64, UnitError> {
    let (number, unit, rest) = take_quantity(text.trim())?;
    if !rest.is_empty() {
        return Err(UnitError::Malformed);
    }
    number.times(size_unit(text.trim(), unit)?)
}

/// Bytes, fractions allowed, of a size: for the parameters of a distribution.
pub fn parse_fine_bytes(text: &str) -> Result<f64, UnitError> {
    let (number, unit, rest) = take_quantity(text.trim())?;
    if !rest.is_empty() {
        return Err(UnitError::Malformed);
    }
    Ok(number.to_f64() * size_unit(text.trim(), unit)? as f64)
}

/// A size in the form that [`parse_bytes`] reads back to the same number: in the largest unit that
/// divides it, binary units first.
pub fn format_bytes(bytes: u64) -> String {
    let exact = |units: &[(&'static str, u64)]| {
        units
            .iter()
            .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit))
            .map(|(name, unit)| format!("{}{name}", bytes / unit))
    };
    exact(&[("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20)])
        .or_else(|| exact(&[("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000)]))
        .or_else(|| exact(&[("KiB", 1 << 10), ("kB", 1_000)]))
        .unwrap_or_else(|| format!("{bytes}B"))
}

/// A size to read at a glance, with three digits: `1.5 GB`.
pub fn approximate_bytes(bytes: f64) -> String {
    let (unit, divisor) = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
        .into_iter()
        .find(|(_, divisor)| bytes >= *divisor)
        .unwrap_or(("B", 1.0));
    let amount = bytes / divisor;
    if amount >= 100.0 || divisor == 1.0 {
        format!("{amount:.0} {unit}")
    } else {
        format!("{amount:.1} {unit}")
    }
}

/// Events per second of a rate such as `"5000/s"` or `"300/min"`.
///
/// ```
/// use herdlab::units::parse_rate;
/// assert_eq!(parse_rate("300/min"), Ok(5.0));
/// ```
pub fn parse_rate(text: &str) -> Result<f64, UnitError> {
    let text = text.trim();
    let (number, per) = text.split_once('/').ok_or_else(|| without_unit(text, "/s"))?;
    let per = per.trim();
    let (_, seconds) = PER_UNITS
        .iter()
        .find(|(name, _)| *name == per)
        .ok_or_else(|| UnitError::UnknownUnit { unit: per.to_owned(), known: KNOWN_PER_UNITS })?;
    Ok(decimal_checked(number)?.to_f64() / seconds)
}

/// The fraction of one that a text such as `"10%"` names.
pub fn parse_percentage(text: &str) -> Result<f64, UnitError> {
    let text = text.trim();
    let number = text.strip_suffix('%').ok_or_else(|| without_unit(text, "%"))?;
    Ok(decimal_checked(number)?.to_f64() / 100.0)
}

/// A number lacks its unit; anything else is something else.
fn without_unit(text: &str, unit: &'static str) -> UnitError {
    match decimal_checked(text) {
        Ok(_) => UnitError::MissingUnit(text.to_owned(), unit),
        Err(_) => UnitError::Malformed,
    }
}

fn decimal_checked(number: &str) -> Result<Decimal, UnitError> {
    let number = number.trim();
    if number.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '_') {
        decimal(number)
    } else {
        Err(UnitError::Malformed)
    }
}

/// A plain decimal number with commas between groups of three digits of its whole part.
///
/// ```
/// use herdlab::units::grouped;
/// assert_eq!(grouped(1_000_000), "1,000,000");
/// assert_eq!(grouped("1234.5"), "1,234.5");
/// ```
pub fn grouped(number: impl ToString) -> String {
    let text = number.to_string();
    let whole = text.find('.').unwrap_or(text.len());
    let mut grouped = String::with_capacity(text.len() + text.len() / 3);
    for (index, character) in text.char_indices() {
        if index > 0 && index < whole && (whole - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(character);
    }
    grouped
}

/// A number with its noun, in the plural where there is not one.
///
/// ```
/// use herdlab::units::counted;
/// assert_eq!(counted(1, "replication"), "1 replication");
/// assert_eq!(counted(1_200, "cell"), "1,200 cells");
/// ```
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// At least so many decimals, and as many as it takes that a percentage does not read 0 or 100 without being it.
pub fn decimals_of_percent(percent: f64, decimals: usize) -> usize {
    let magnitude = percent.abs();
    let misread = |decimals: &usize| {
        let read: f64 = format!("{magnitude:.decimals$}").parse().unwrap_or(magnitude);
        (read == 0.0 || read == 100.0) && (magnitude - read).abs() > PERCENT_EXACT
    };
    (decimals..PERCENT_DECIMALS_MAX).find(|decimals| !misread(decimals)).unwrap_or(PERCENT_DECIMALS_MAX)
}

/// Values as near to 0 or 100 per cent are exactly that, but for the last digits of a sum.
pub(crate) const PERCENT_EXACT: f64 = 1e-9;
const PERCENT_DECIMALS_MAX: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_survive_a_round_trip() {
        for ns in [
            0,
            1,
            999,
            1_000,
            1_500,
            20_000_000,
            59_999_999_999,
            60_000_000_000,
            86_400_000_000_001,
            u64::MAX,
        ] {
            let text = format_duration(ns);
            assert_eq!(parse_duration(&text), Ok(ns), "{text}");
        }
    }

    #[test]
    fn sizes_survive_a_round_trip() {
        for bytes in [0, 1, 999, 1_000, 1_024, 1_500, 64 << 20, 64_000_000, 3_000_000_000_000, u64::MAX] {
            let text = format_bytes(bytes);
            assert_eq!(parse_bytes(&text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn a_duration_needs_a_unit_and_may_have_several() {
        assert_eq!(parse_duration("1h 30m"), Ok(5_400_000_000_000));
        assert_eq!(parse_duration("1m30s"), Ok(90_000_000_000));
        assert_eq!(parse_duration("1 s"), Ok(1_000_000_000));
        assert_eq!(parse_duration("5"), Err(UnitError::MissingUnit("5".into(), "ms")));
        assert_eq!(parse_duration("-5s"), Err(UnitError::Malformed));
        assert_eq!(parse_duration(""), Err(UnitError::Malformed));
        assert_eq!(parse_duration("0.5ns"), Err(UnitError::TooFine));
        assert_eq!(parse_duration("999999999d"), Err(UnitError::TooLarge));
        assert!(matches!(parse_duration("5 sec"), Err(UnitError::UnknownUnit { .. })));
        assert_eq!(parse_fine_duration("0.5ns"), Ok(0.5));
    }

    #[test]
    fn a_size_says_whether_it_means_thousands() {
        assert_eq!(parse_bytes("64M"), Err(UnitError::AmbiguousSize("M".into())));
        assert_eq!(parse_bytes("64"), Err(UnitError::MissingUnit("64".into(), "kB")));
        assert_eq!(parse_fine_bytes("214.476B"), Ok(214.476));
    }

    #[test]
    fn rates_and_shares() {
        assert_eq!(parse_rate("5000/s"), Ok(5_000.0));
        assert_eq!(parse_rate("1.5/min"), Ok(0.025));
        assert!(parse_rate("-1/s").is_err());
        assert!(parse_rate("5 per second").is_err());
        assert_eq!(parse_rate("500"), Err(UnitError::MissingUnit("500".into(), "/s")));
        assert_eq!(parse_rate("500ms"), Err(UnitError::Malformed));
        assert_eq!(parse_percentage("10%"), Ok(0.1));
        assert!(parse_percentage("ten").is_err());
    }

    #[test]
    fn approximate_sizes_have_few_digits() {
        assert_eq!(approximate_bytes(1.5e9), "1.5 GB");
        assert_eq!(approximate_bytes(512.0), "512 B");
        assert_eq!(approximate_bytes(234e6), "234 MB");
    }
}
