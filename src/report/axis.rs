//! Axes: ranges that end on round numbers, and ticks that people read (1-2-5, clock times, nines).

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::format::{Scale, fixed, number};

/// Steps between the ticks of times, in seconds; beyond, whole days.
pub const TIME_STEPS: [f64; 25] = [
    1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0,
    600.0, 1800.0, 3600.0, 7200.0, 21_600.0, 43_200.0, 86_400.0,
];

/// How runs of up to so many seconds write their times.
pub const TIME_FORMS: [(f64, &str); 4] =
    [(180.0, "s"), (7200.0, "min:s"), (172_800.0, "h:min"), (f64::INFINITY, "days")];

/// Ticks of an axis of nines, and whether an axis of many nines has them as well.
pub const PERCENTILES: [(f64, &str, bool); 13] = [
    (0.0, "0 %", true),
    (0.5, "50 %", true),
    (0.9, "90 %", true),
    (0.95, "95 %", false),
    (0.99, "99 %", true),
    (0.995, "99.5 %", false),
    (0.999, "99.9 %", true),
    (0.9995, "99.95 %", false),
    (0.9999, "99.99 %", true),
    (0.99995, "99.995 %", false),
    (0.99999, "99.999 %", true),
    (0.999995, "99.9995 %", false),
    (0.999999, "99.9999 %", true),
];

/// Shares of which the lowest is at least this part of the highest have an axis without zero.
pub const FAR_FROM_ZERO: f64 = 0.7;

/// How values are laid out along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spacing {
    Linear,
    Log,
    /// Of shares below one: each further nine takes the same room.
    Nines,
}

/// Meaning of the values along an axis, for other ticks than these: a page that is zoomed.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// In a unit of the catalogue.
    Unit(String),
    /// Seconds of a run that lasts so long.
    Time { end_s: f64 },
    /// Shares of requests.
    Percentile,
    /// Names, one per row.
    Row,
}

/// An axis: its quantity, range and ticks.
///
/// As a plotters coordinate it takes values that went through [`Axis::place`].
#[derive(Clone, Debug)]
pub struct Axis {
    /// With the unit; empty where the figure's title has it.
    pub label: String,
    /// Without the unit; there also where no label is shown.
    pub name: String,
    pub quantity: Quantity,
    pub spacing: Spacing,
    /// In placed values.
    range: Range<f64>,
    /// Placed values and their texts.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Where a value lies along the axis; not finite where the axis cannot show it.
    pub fn place(&self, value: f64) -> f64 {
        match self.spacing {
            Spacing::Linear => value,
            Spacing::Log if value > 0.0 => libm::log10(value),
            Spacing::Nines if value < 1.0 => -libm::log10(1.0 - value),
            _ => f64::NAN,
        }
    }

    /// First and last placed value.
    pub fn limits(&self) -> (f64, f64) {
        (self.range.start, self.range.end)
    }

    /// Linear, over all values and zero; shares that lie far from zero go without it.
    ///
    /// `unit` is the catalogue's; ticks are printed in the scale that fits the largest value.
    pub fn linear(name: &str, unit: &str, values: impl Iterator<Item = f64>) -> Axis {
        let (mut low, mut high) = extent(values).unwrap_or((0.0, 1.0));
        // A share of 92 or 96 % is worth a closer look; a rate that starts at 1,700 only looks dramatic.
        if unit != "1" || low < FAR_FROM_ZERO * high || low == high {
            low = low.min(0.0);
        }
        // Less than any figure here means is nothing.
        if high - low < 1e-30 {
            high = low + 1.0;
        }
        let scale = Scale::fitting(unit, high.abs().max(low.abs()));
        // Steps are round in the printed scale.
        let step = round_step((high - low) / scale.divisor, 5.0) * scale.divisor;
        let mut start = libm::floor(low / step + 1e-9);
        let mut end = libm::ceil(high / step - 1e-9);
        if unit == "1" && high <= 1.0 {
            end = end.min(1.0 / step);
        }
        if start == end {
            start -= 1.0;
            end += 1.0;
        }
        let range = start * step..end * step;
        let decimals = (-libm::floor(libm::log10(step / scale.divisor) + 1e-9)).max(0.0) as usize;
        let ticks = (start as i64..=libm::floor(end + 1e-9) as i64)
            .map(|index| {
                let value = index as f64 * step;
                (value, fixed(value / scale.divisor, decimals))
            })
            .collect();
        Axis {
            label: labelled(name, &scale),
            name: name.to_string(),
            quantity: Quantity::Unit(unit.to_string()),
            spacing: Spacing::Linear,
            range,
            ticks,
        }
    }

    /// Logarithmic, over all positive values, with ticks at 1-2-5 or at powers of ten.
    pub fn log(name: &str, unit: &str, values: impl Iterator<Item = f64>) -> Axis {
        let (low, high) = extent(values.filter(|value| *value > 0.0)).unwrap_or((1.0, 10.0));
        let (low, high) = if high / low < 1.5 { (low / 1.5, high * 1.5) } else { (low, high) };
        // Bounds are round, so that the axis ends on ticks, and include every value: what lies beyond is clipped.
        let range = libm::log10(round_bound(low, false))..libm::log10(round_bound(high, true));
        let decades = range.end - range.start;
        let multiples: &[f64] = match decades {
            span if span <= 1.3 => &[1.0, 2.0, 3.0, 5.0],
            span if span <= 3.2 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let every = if decades > 8.0 { 2 } else { 1 };
        let mut ticks = Vec::new();
        for exponent in libm::floor(range.start) as i32..=libm::ceil(range.end) as i32 {
            for multiple in multiples.iter().filter(|_| exponent % every == 0) {
                let value = multiple * libm::pow(10.0, f64::from(exponent));
                let placed = libm::log10(value);
                if placed > range.start - 1e-9 && placed < range.end + 1e-9 {
                    // The unit is part of the tick: over four decades it changes.
                    let scale = match unit {
                        "ms" if value >= 1000.0 => Scale { suffix: "s", divisor: 1000.0 },
                        _ => Scale::fitting(unit, value),
                    };
                    ticks.push((placed, scale.with_suffix(&round_number(value / scale.divisor))));
                }
            }
        }
        Axis {
            label: name.to_string(),
            name: name.to_string(),
            quantity: Quantity::Unit(unit.to_string()),
            spacing: Spacing::Log,
            range,
            ticks,
        }
    }

    /// Percentiles of an axis of nines up to `last` (a share below one).
    pub fn nines(last: f64) -> Axis {
        let place = |share: f64| -libm::log10(1.0 - share);
        let range = 0.0..place(last).max(1.0);
        let ticks = PERCENTILES
            .iter()
            .filter(|(_, _, whole)| *whole)
            .map(|(share, text, _)| (place(*share), text.to_string()))
            .filter(|(placed, _)| *placed <= range.end + 1e-9)
            .collect();
        let name = "percentile of requests".to_string();
        Axis {
            label: name.clone(),
            name,
            quantity: Quantity::Percentile,
            spacing: Spacing::Nines,
            range,
            ticks,
        }
    }

    /// Simulated time from 0 to `end_s`.
    pub fn time(end_s: f64) -> Axis {
        let end_s = if end_s > 0.0 { end_s } else { 1.0 };
        let whole_days = 86_400.0 * libm::ceil(end_s / 86_400.0 / 8.0);
        let step = TIME_STEPS.into_iter().find(|step| end_s / step <= 8.0).unwrap_or(whole_days);
        let (_, form) =
            TIME_FORMS.into_iter().find(|(until_s, _)| end_s <= *until_s).unwrap_or(TIME_FORMS[0]);
        let text: fn(f64) -> String = match form {
            "min:s" => |s| clock(s, 60.0),
            "h:min" => |s| clock(s, 3600.0),
            "days" => |s| number(s / 86_400.0),
            _ => number,
        };
        let count = libm::floor(end_s / step + 1e-9) as u64;
        let ticks = (0..=count).map(|index| index as f64 * step).map(|at| (at, text(at))).collect();
        Axis {
            label: format!("simulated time ({form})"),
            name: "simulated time".to_string(),
            quantity: Quantity::Time { end_s },
            spacing: Spacing::Linear,
            range: 0.0..end_s,
            ticks,
        }
    }

    /// One row per name, the first on top; row i lies at i.
    pub fn rows(names: &[String]) -> Axis {
        let ticks = names.iter().enumerate().map(|(row, name)| (row as f64, name.clone())).collect();
        // From bottom to top: the last row comes first.
        let range = names.len() as f64 - 0.5..-0.5;
        Axis {
            label: String::new(),
            name: String::new(),
            quantity: Quantity::Row,
            spacing: Spacing::Linear,
            range,
            ticks,
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, placed: &f64, limit: (i32, i32)) -> i32 {
        let share = (placed - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }
    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(placed, _)| *placed).collect()
    }
    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, placed: &f64) -> String {
        self.ticks.iter().find(|(tick, _)| tick == placed).map_or_else(String::new, |(_, text)| text.clone())
    }
}

/// Smallest and largest finite value.
fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |found, value| match found {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

/// 1, 2 or 5 times a power of ten, so that about `count` steps cover `span`.
fn round_step(span: f64, count: f64) -> f64 {
    let raw = span / count;
    let power = libm::pow(10.0, libm::floor(libm::log10(raw)));
    let multiple = [1.0, 2.0, 5.0, 10.0].into_iter().find(|multiple| multiple * power >= raw * 0.999);
    multiple.unwrap_or(10.0) * power
}

/// The next 1-2-5 number outwards of a bound of a logarithmic axis.
fn round_bound(value: f64, upwards: bool) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(value)));
    let mut bounds = [0.5, 1.0, 2.0, 5.0, 10.0].into_iter().map(|multiple| multiple * power);
    let beyond = if upwards {
        bounds.find(|bound| *bound >= value * (1.0 - 1e-9))
    } else {
        bounds.rfind(|bound| *bound <= value * (1.0 + 1e-9))
    };
    beyond.unwrap_or(value)
}

/// A round number without the digits it does not need.
fn round_number(value: f64) -> String {
    let nearest = value.round();
    if value >= 1.0 && (value - nearest).abs() < 1e-6 * value {
        number(nearest)
    } else {
        let text = format!("{value:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    }
}

fn labelled(name: &str, scale: &Scale) -> String {
    match scale.heading() {
        "" => name.to_string(),
        unit => format!("{name} ({unit})"),
    }
}

/// `1:40`: units and sixtieths of units.
fn clock(seconds: f64, unit: f64) -> String {
    let sixtieths = (seconds / (unit / 60.0)).round() as u64;
    format!("{}:{:02}", sixtieths / 60, sixtieths % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_start_at_zero_unless_far_from_it() {
        let load = Axis::linear("load", "1/s", [3.0, 1180.0].into_iter());
        assert_eq!(texts(&load), ["0", "500", "1,000", "1,500"]);
        let ratio = Axis::linear("hit ratio", "1", [0.93, 0.999].into_iter());
        assert_eq!((texts(&ratio).first(), texts(&ratio).last()), (Some(&"92"), Some(&"100")));
        assert_eq!(ratio.label, "hit ratio (%)");
    }

    #[test]
    fn log_ticks_carry_their_unit() {
        let axis = Axis::log("latency", "ms", [0.2, 3000.0].into_iter());
        assert_eq!(texts(&axis), ["1 ms", "10 ms", "100 ms", "1 s"]);
        let short = Axis::log("latency", "ms", [0.4, 12.0].into_iter());
        assert_eq!(texts(&short), ["200 µs", "500 µs", "1 ms", "2 ms", "5 ms", "10 ms", "20 ms"]);
    }

    #[test]
    fn a_log_axis_has_room_for_all_its_values() {
        let axis = Axis::log("latency", "ms", [0.9998, 2001.0].into_iter());
        let (low, high) = axis.limits();
        assert!(axis.place(0.9998) >= low && axis.place(2001.0) <= high);
    }

    #[test]
    fn time_ticks_read_like_a_clock() {
        assert_eq!(texts(&Axis::time(120.0)), ["0", "20", "40", "60", "80", "100", "120"]);
        assert_eq!(texts(&Axis::time(600.0)), ["0:00", "2:00", "4:00", "6:00", "8:00", "10:00"]);
        assert_eq!(texts(&Axis::time(86_400.0)), ["0:00", "6:00", "12:00", "18:00", "24:00"]);
    }

    #[test]
    fn every_nine_takes_the_same_room() {
        let axis = Axis::nines(0.9999);
        let place = |share| axis.place(share);
        assert!(
            (place(0.99) - 2.0 * place(0.9)).abs() < 1e-9 && (place(0.999) - 3.0 * place(0.9)).abs() < 1e-9
        );
        assert!(place(1.0).is_nan());
    }

    #[test]
    fn degenerate_values_still_give_an_axis() {
        for values in [vec![], vec![0.0], vec![5.0, 5.0], vec![f64::NAN]] {
            let axis = Axis::linear("x", "count", values.iter().copied());
            assert!(axis.limits().0 < axis.limits().1 && axis.ticks.len() >= 2, "{values:?} {axis:?}");
            let axis = Axis::log("x", "count", values.iter().copied());
            assert!(axis.limits().0 < axis.limits().1, "{values:?} {axis:?}");
        }
    }
}
