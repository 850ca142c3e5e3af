//! Time series: of a CSV file as Grafana exports it, or of Prometheus.

use super::source::{ImportError, Role, Source};
use super::table::Table;

/// Values in order of time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Series {
    /// For comments and for guessing its role.
    pub name: String,
    pub line: u64,
    /// Seconds since 1970 and value.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    pub fn mean(&self) -> f64 {
        self.points.iter().map(|point| point.1).sum::<f64>() / self.points.len().max(1) as f64
    }

    /// Standard deviation between points, without a trend or a daily curve: from the differences of neighbours (von Neumann, Annals of
    /// Mathematical Statistics 12, 1941). `None` for fewer than three points.
    pub fn spread(&self) -> Option<f64> {
        let differences = self.points.windows(2).map(|pair| pair[1].1 - pair[0].1);
        let squares: f64 = differences.map(|difference| difference * difference).sum();
        let count = self.points.len().saturating_sub(1);
        (count >= 2).then(|| (squares / (2.0 * count as f64)).sqrt())
    }

    /// The share of the points of this series in those of both together, where both have one at the same times.
    pub fn share_of(&self, other: &Series) -> Option<Series> {
        let is_same = |pair: (&(f64, f64), &(f64, f64))| pair.0.0 == pair.1.0 && pair.0.1 + pair.1.1 > 0.0;
        let together = || self.points.iter().zip(&other.points);
        if self.points.len() != other.points.len() || !together().all(is_same) {
            return None;
        }
        let points = together().map(|(own, other)| (own.0, own.1 / (own.1 + other.1))).collect();
        Some(Series { name: self.name.clone(), line: self.line, points })
    }

    /// Seconds that it covers: to the last point, and one step more.
    pub fn span_s(&self) -> f64 {
        let gaps = (self.points.len() - 1).max(1) as f64;
        let span = self.points[self.points.len() - 1].0 - self.points[0].0;
        span * (1.0 + 1.0 / gaps)
    }

    /// At most `most` steps: seconds from the start, and the factor on the mean. Neighbours within one per cent are one step.
    pub fn steps(&self, most: usize) -> Vec<(f64, f64)> {
        let (start, width, mean) = (self.points[0].0, self.span_s() / most as f64, self.mean());
        // Whole seconds, where steps are long against them.
        let grain = if width < 10.0 { 1e-3 } else { 1.0 };
        let mut sums = vec![(0.0, 0u32); most];
        for (time, value) in &self.points {
            let sum = &mut sums[(((time - start) / width) as usize).min(most - 1)];
            *sum = (sum.0 + value, sum.1 + 1);
        }
        let mut steps: Vec<(f64, f64)> = Vec::new();
        for (index, (sum, count)) in sums.into_iter().enumerate().filter(|(_, sum)| sum.1 > 0) {
            let factor = (sum / f64::from(count) / mean * 1e3).round() / 1e3;
            if steps.last().is_none_or(|(_, before)| (factor - before).abs() > 0.01) {
                steps.push(((index as f64 * width / grain).round() * grain, factor));
            }
        }
        steps
    }

    /// Role by its name, and whether the name has it.
    pub fn role(&self) -> (Role, bool) {
        let name = self.name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["miss"]) {
            (Role::Misses, true)
        } else if has(&["hit"]) {
            (Role::Hits, true)
        } else if has(&["pg_", "postgres", "mysql", "sql", "db", "database"]) {
            (Role::Database, true)
        } else {
            (Role::Requests, has(&["request", "rps", "req", "qps", "http", "get", "ops", "command"]))
        }
    }
}

/// The series of a CSV file: the first column is the time, each further one a series.
///
/// # Errors
/// A time or a value that is none, times that do not ascend, fewer than two points.
pub(super) fn read(source: &Source) -> Result<Vec<Series>, ImportError> {
    let table = Table::read(source)?;
    let time = table.column(&["time", "timestamp", "date", "_time", "ts"]).unwrap_or(0);
    let mut all = Vec::new();
    for column in (0..table.width()).filter(|column| *column != time) {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (row, (line, cells)) in table.rows.iter().enumerate() {
            // A gap in a dashboard is an empty cell.
            if cells[column].is_empty() || cells[column].eq_ignore_ascii_case("null") {
                continue;
            }
            let text = &cells[time];
            let Some(time_s) = seconds(text) else {
                let problem = format!(
                    "time \"{text}\": expected 2026-09-01 00:00:00, or seconds or milliseconds since 1970"
                );
                return Err(source.wrong(*line, problem));
            };
            if points.last().is_some_and(|(before, _)| *before >= time_s) {
                return Err(source.wrong(*line, format!("time \"{text}\" is not after the one above it")));
            }
            points.push((time_s, table.number(source, row, column)?));
        }
        let series = Series { name: table.name(column).to_owned(), line: 1, points };
        all.push(checked(source, series)?);
    }
    if all.is_empty() { Err(source.wrong(1, "no column besides the time")) } else { Ok(all) }
}

/// # Errors
/// Fewer than two points, or nothing but zeros.
pub(super) fn checked(source: &Source, series: Series) -> Result<Series, ImportError> {
    if series.points.len() < 2 {
        let problem = format!("{} has {} points: expected at least two", series.name, series.points.len());
        return Err(source.wrong(series.line, problem));
    }
    if series.points.windows(2).any(|pair| pair[1].0 <= pair[0].0) {
        return Err(source.wrong(series.line, format!("the times of {} do not ascend", series.name)));
    }
    if series.mean() <= 0.0 {
        return Err(source.wrong(series.line, format!("{} is 0 throughout", series.name)));
    }
    Ok(series)
}

/// Seconds since 1970.
fn seconds(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse::<f64>() {
        return number.is_finite().then_some(if number > 1e11 { number / 1e3 } else { number });
    }
    let (date, time) = text.split_once([' ', 'T'])?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let days = days(date.next()??, date.next()??, date.next()??)?;
    let time = time.trim_end_matches('Z');
    let (time, shift_s) = match time.rfind(['+', '-']) {
        Some(at) => {
            let digits: String = time[at + 1..].chars().filter(char::is_ascii_digit).collect();
            let number: f64 = digits.parse().ok()?;
            let shift = (number / 100.0).trunc() * 3_600.0 + number % 100.0 * 60.0;
            (&time[..at], if time[at..].starts_with('-') { -shift } else { shift })
        }
        None => (time, 0.0),
    };
    let mut parts = time.split(':').map(|part| part.parse::<f64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0.0))?;
    let time_s = days as f64 * 86_400.0 + hour * 3_600.0 + minute * 60.0 + second - shift_s;
    time_s.is_finite().then_some(time_s)
}

/// Days since 1970 of a date of the Gregorian calendar (Hinnant, chrono-compatible low-level date algorithms); `None`: there is no
/// such date.
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(0..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_form_are_the_same_instant() {
        for text in [
            "1788220860",
            "1788220860000",
            "2026-09-01 00:01:00",
            "2026-09-01T00:01:00Z",
            "2026-09-01T02:01:00+02:00",
        ] {
            assert_eq!(seconds(text), Some(1_788_220_860.0), "{text}");
        }
        assert_eq!((seconds("yesterday"), seconds("2026-09-01")), (None, None));
    }

    fn of(values: &[f64]) -> Series {
        let points = values.iter().zip(0..).map(|(value, at)| (f64::from(at) * 60.0, *value));
        Series { name: "rps".into(), line: 1, points: points.collect() }
    }

    /// Differences 5, -1, 5: (25 + 1 + 25) / 6.
    #[test]
    fn the_spread_is_that_of_neighbours() {
        assert_eq!(of(&[1.0, 6.0, 5.0, 10.0]).spread(), Some(8.5f64.sqrt()));
        assert_eq!(of(&[1.0, 3.0]).spread(), None);
        let ratio = of(&[9.0, 8.0, 6.0]).share_of(&of(&[1.0, 2.0, 2.0])).unwrap();
        assert_eq!(ratio.points, [(0.0, 0.9), (60.0, 0.8), (120.0, 0.75)]);
        assert_eq!(of(&[9.0, 8.0]).share_of(&of(&[1.0])), None);
    }

    #[test]
    fn steps_are_factors_on_the_mean() {
        let points =
            [412.0, 430.0, 1_210.0, 405.0].iter().zip(0..).map(|(value, at)| (f64::from(at) * 60.0, *value));
        let series = Series { name: "rps".into(), line: 1, points: points.collect() };
        assert_eq!((series.mean(), series.span_s()), (614.25, 240.0));
        assert_eq!(series.steps(4), [(0.0, 0.671), (60.0, 0.7), (120.0, 1.97), (180.0, 0.659)]);
        assert_eq!(series.steps(2), [(0.0, 0.685), (120.0, 1.315)]);
        assert_eq!(series.role(), (Role::Requests, true));
    }
}
