//! The measures, one row of a table each ([`table`]): name, unit, direction, meaning, spoken name, formula, and series.
//! Records, thresholds, headlines, tables, charts, `herdlab explain` and docs/measures.md are read from these rows.

pub mod claim;
pub mod computed;
pub mod page;
pub mod run;
pub mod table;
pub mod tier;

use run::{Run, Value};

/// Which way a measure improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Lower,
    Higher,
    /// Neither: it describes, it does not judge.
    Neither,
}

/// A unit, and the most that a value in it can be: a share is at most one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// As the record has it.
    pub name: &'static str,
    pub most: f64,
}

impl Unit {
    const fn unbounded(name: &'static str) -> Unit {
        Unit { name, most: f64::INFINITY }
    }
}

pub const MS: Unit = Unit::unbounded("ms");
pub const S: Unit = Unit::unbounded("s");
pub const PER_SECOND: Unit = Unit::unbounded("1/s");
pub const COUNT: Unit = Unit::unbounded("count");
pub const BYTES: Unit = Unit::unbounded("bytes");
pub const BYTES_PER_SECOND: Unit = Unit::unbounded("bytes/s");
/// Money: in a record the currency of the scenario is in its place.
pub const COST: Unit = Unit::unbounded("cost");
/// A part of a whole.
pub const SHARE: Unit = Unit { name: "1", most: 1.0 };
/// Of two counts, neither of which is part of the other.
pub const RATIO: Unit = Unit::unbounded("1");

/// From one replication to the value of a measure.
pub type Formula = fn(&Run<'_>) -> Value;

/// From one replication to one value per window; `None` where it has no such series.
pub type OverTime = fn(&Run<'_>) -> Option<Vec<Option<f64>>>;

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct MeasureInfo {
    /// `<tier>`, `<class>` and `<event>` stand for a name of the scenario.
    pub pattern: &'static str,
    /// `ms`, `s`, `1/s`, `bytes`, `bytes/s`, `1` (a share or a ratio), `count`, `cost`.
    pub unit: &'static str,
    /// The largest possible value.
    most: f64,
    pub better: Better,
    pub meaning: &'static str,
    /// How it is computed, where the meaning leaves that open; else empty.
    pub note: &'static str,
    /// In sentences and titles, with the placeholder of the pattern; empty: the name itself.
    spoken: &'static str,
    /// `None`: a series that has no measure of the whole run.
    formula: Option<Formula>,
    pub series: Option<SeriesInfo>,
    /// The last other meaning.
    pub changed: Option<Change>,
}

/// A time series in the record.
#[derive(Clone, Copy, Debug)]
pub struct SeriesInfo {
    /// As [`MeasureInfo::pattern`].
    pub pattern: &'static str,
    pub unit: &'static str,
    /// The series that counts what each value is about, by which values of several windows are averaged.
    pub weight: Option<&'static str>,
    formula: OverTime,
}

/// An older meaning of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first schema of the record with the meaning of today.
    pub since: u32,
    /// The meaning before, in a few words.
    pub before: &'static str,
}

/// A row, to which the following functions add.
const fn measure(
    pattern: &'static str,
    unit: Unit,
    better: Better,
    meaning: &'static str,
    formula: Formula,
) -> MeasureInfo {
    let (note, spoken) = ("", "");
    MeasureInfo {
        pattern,
        unit: unit.name,
        most: unit.most,
        better,
        meaning,
        note,
        spoken,
        formula: Some(formula),
        series: None,
        changed: None,
    }
}

/// A row with a series and no measure.
const fn only_over_time(
    pattern: &'static str,
    unit: Unit,
    meaning: &'static str,
    formula: OverTime,
) -> MeasureInfo {
    let series = Some(SeriesInfo { pattern, unit: unit.name, weight: None, formula });
    MeasureInfo {
        pattern,
        unit: unit.name,
        most: unit.most,
        better: Better::Neither,
        meaning,
        note: "",
        spoken: "",
        formula: None,
        series,
        changed: None,
    }
}

impl MeasureInfo {
    const fn spoken(mut self, words: &'static str) -> MeasureInfo {
        self.spoken = words;
        self
    }
    const fn note(mut self, words: &'static str) -> MeasureInfo {
        self.note = words;
        self
    }
    /// With a series of the same name and unit.
    const fn over_time(mut self, formula: OverTime) -> MeasureInfo {
        self.series = Some(SeriesInfo { pattern: self.pattern, unit: self.unit, weight: None, formula });
        self
    }
    const fn over_time_as(mut self, pattern: &'static str, unit: Unit, formula: OverTime) -> MeasureInfo {
        self.series = Some(SeriesInfo { pattern, unit: unit.name, weight: None, formula });
        self
    }
    /// Of its series, the counts by which windows are averaged.
    const fn weighted_by(mut self, counts: &'static str) -> MeasureInfo {
        if let Some(mut series) = self.series {
            series.weight = Some(counts);
            self.series = Some(series);
        }
        self
    }
    const fn changed(mut self, since: u32, before: &'static str) -> MeasureInfo {
        self.changed = Some(Change { since, before });
        self
    }

    /// The least and the most that there can be: nothing that is counted or timed is below zero, no share above one. The
    /// interval of a few values may reach further.
    ///
    /// ```
    /// use herdlab::catalog::find;
    /// assert_eq!(find("hit_ratio").unwrap().bounds(), (0.0, 1.0));
    /// assert_eq!(find("stampede.max").unwrap().bounds(), (0.0, f64::INFINITY));
    /// assert_eq!(find("db.hedges.ratio").unwrap().bounds(), (0.0, f64::INFINITY));
    /// ```
    pub fn bounds(&self) -> (f64, f64) {
        (0.0, self.most)
    }

    /// Whether a measure with the unit `1` is a ratio of two counts rather than a share of a whole.
    pub fn may_exceed_one(&self) -> bool {
        self.most > 1.0
    }

    /// The unit in a record with prices in a currency: of a cost, that one.
    pub fn unit_in(&self, currency: Option<&'static str>) -> &'static str {
        if self.unit == COST.name { currency.unwrap_or(self.unit) } else { self.unit }
    }

    /// Whether the record has a value of it for each replication, rather than a series alone.
    const fn is_measure(&self) -> bool {
        self.formula.is_some()
    }
}

/// All measures, section by section.
pub const CATALOG: &[MeasureInfo] = &measures::<{ count() }>();

const fn count() -> usize {
    let (mut count, mut section) = (0, 0);
    while section < table::SECTIONS.len() {
        let rows = table::SECTIONS[section].rows;
        let mut row = 0;
        while row < rows.len() {
            count += rows[row].is_measure() as usize;
            row += 1;
        }
        section += 1;
    }
    count
}

const fn measures<const COUNT: usize>() -> [MeasureInfo; COUNT] {
    let mut all = [table::SECTIONS[0].rows[0]; COUNT];
    let (mut at, mut section) = (0, 0);
    while section < table::SECTIONS.len() {
        let rows = table::SECTIONS[section].rows;
        let mut row = 0;
        while row < rows.len() {
            if rows[row].is_measure() {
                all[at] = rows[row];
                at += 1;
            }
            row += 1;
        }
        section += 1;
    }
    all
}

/// Finds the row a measure's name belongs to.
///
/// ```
/// use herdlab::catalog::find;
/// assert_eq!(find("tier.l2.hit_ratio").unwrap().unit, "1");
/// assert!(find("latency.hit.p98_ms").is_none());
/// ```
pub fn find(name: &str) -> Option<&'static MeasureInfo> {
    CATALOG.iter().find(|info| matches(info.pattern, name))
}

/// The series of a name.
pub fn find_series(name: &str) -> Option<SeriesInfo> {
    let rows = table::SECTIONS.iter().flat_map(|section| section.rows);
    rows.filter_map(|row| row.series).find(|series| matches(series.pattern, name))
}

/// A name that the catalogue does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no measure {name}")]
pub struct UnknownMeasure {
    pub name: String,
}

/// The unit of a measure.
///
/// # Errors
/// No measure has that name.
pub fn unit(name: &str) -> Result<&'static str, UnknownMeasure> {
    find(name).map(|info| info.unit).ok_or_else(|| UnknownMeasure { name: name.to_owned() })
}

/// The row of a name that the checker, or a formula of the catalogue, vouches for.
///
/// # Panics
/// No measure has that name, which is a mistake in the program.
pub fn known(name: &str) -> &'static MeasureInfo {
    find(name).unwrap_or_else(|| panic!("there is no measure {name}"))
}

/// The name of a measure in a sentence or a title; the name itself where there is no shorter word for it.
///
/// ```
/// use herdlab::catalog::spoken;
/// assert_eq!(spoken("db.qps.peak"), "peak database load");
/// assert_eq!(spoken("latency.miss.p99_ms"), "p99 latency of misses");
/// assert_eq!(spoken("class.hot.latency.mean_ms"), "mean latency of class hot");
/// assert_eq!(spoken("tier.l2.evictions.rate"), "tier.l2.evictions.rate");
/// ```
pub fn spoken(name: &str) -> String {
    match find(name).filter(|info| !info.spoken.is_empty()) {
        Some(info) => named(info.spoken, placeholder(info.pattern, name).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// An interval of the mean of a measure, cut at its bounds; the mean stays inside.
pub fn possible(name: &str, mean: f64, (low, high): (f64, f64)) -> (f64, f64) {
    let (least, most) = find(name).map_or((f64::NEG_INFINITY, f64::INFINITY), MeasureInfo::bounds);
    (low.max(least).min(mean), high.min(most).max(mean))
}

/// Whether `name` is `pattern` with its `<...>` replaced by one name.
pub fn matches(pattern: &str, name: &str) -> bool {
    if pattern.contains('<') { placeholder(pattern, name).is_some() } else { pattern == name }
}

/// The text before and after the `<...>` of a pattern.
fn around(pattern: &str) -> Option<(&str, &str)> {
    let (prefix, rest) = pattern.split_once('<')?;
    Some((prefix, rest.split_once('>')?.1))
}

/// The name in the place of the `<...>`.
fn placeholder<'a>(pattern: &str, name: &'a str) -> Option<&'a str> {
    let (prefix, suffix) = around(pattern)?;
    let inside = name.strip_prefix(prefix)?.strip_suffix(suffix)?;
    (!inside.is_empty() && !inside.contains('.')).then_some(inside)
}

/// A pattern with a name in the place of its `<...>`.
fn named(pattern: &str, name: &str) -> String {
    match around(pattern) {
        Some((prefix, suffix)) => format!("{prefix}{name}{suffix}"),
        None => pattern.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_placeholder_take_exactly_one_name() {
        assert!(find("event.flush-l2.recovery_s").is_some());
        assert!(find("event..recovery_s").is_none());
        assert!(find("tier.a.b.hit_ratio").is_none());
    }

    #[test]
    fn an_interval_ends_where_its_measure_does() {
        assert_eq!(possible("stampede.max", 40.0, (-500.0, 580.0)), (0.0, 580.0));
        assert_eq!(possible("hit_ratio", 0.99, (0.97, 1.01)), (0.97, 1.0));
        assert_eq!(possible("unknown", 1.0, (-1.0, 3.0)), (-1.0, 3.0));
    }

    #[test]
    fn no_name_twice() {
        for (index, row) in CATALOG.iter().enumerate() {
            assert!(CATALOG[index + 1..].iter().all(|other| other.pattern != row.pattern), "{}", row.pattern);
        }
    }

    #[test]
    fn an_unknown_name_has_no_unit() {
        assert_eq!(unit("hit_ratio"), Ok("1"));
        assert_eq!(unit("hit_rato").unwrap_err().to_string(), "there is no measure hit_rato");
        assert!(unit("db.queue.length").is_err(), "a series without a measure");
    }

    #[test]
    fn every_name_ends_in_its_unit() {
        let rows = table::SECTIONS.iter().flat_map(|section| section.rows);
        for row in rows {
            let ends = |suffix: &str| row.pattern.ends_with(suffix);
            let expected = match row.unit {
                "ms" => ends("_ms"),
                "s" => ends("_s") && !ends("_per_s"),
                "bytes/s" => ends(".bytes_per_s"),
                "bytes" => ends("bytes"),
                _ => !ends("_ms") && !ends("_s"),
            };
            assert!(expected, "{} is in {}", row.pattern, row.unit);
        }
    }
}
