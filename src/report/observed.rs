//! The baseline beside the figures of production.
//!
//! Production is one run, so its figures are held against the spread of single replications and not against that of their mean: the
//! 95 % prediction interval of one more run, mean ± t s sqrt(1 + 1/n), to whose variance that of the observed figure is added where the
//! scenario gives its spread. Where the baseline has two states, each has an interval of its
//! own, and production may be in either.

use comfy_table::{Cell, CellAlignment, Color};

use super::escape::escaped;
use super::format::{Scale, change, with_unit};
use super::terminal::{fitted, paragraph};
use crate::catalog;
use crate::experiment::answer::enumerated;
use crate::experiment::comparison::{Comparison, EFFECT_SHARE_MIN, whole};
use crate::experiment::states::State;
use crate::experiment::statistics::prediction_with;
use crate::record::{FigureRecord, Record};

/// One figure of production beside that of the model.
pub struct ObservedRow {
    pub measure: String,
    /// With units, as printed: `93.1 %`, `93.1 ± 0.4 %` with a spread.
    pub observed: String,
    /// Mean over the replications; of two states, both.
    pub model: String,
    /// Range of 95 % of single runs: `83.1 to 85.9 %`.
    pub single_runs: String,
    /// Of the mean, of the nearer state where there are two.
    pub deviation: String,
    /// Production lies outside the range of single runs, by more than 1 % of the mean (of a ratio: of its smaller side); not where the
    /// model has no such figure.
    pub warns: bool,
}

/// A measure over the runs of one state, or over all.
struct Modelled {
    state: Option<State>,
    mean: f64,
    /// `None` for a single run.
    interval: Option<(f64, f64)>,
}

impl Modelled {
    fn agrees(&self, observed: f64, unit: &str) -> bool {
        let slack = EFFECT_SHARE_MIN * whole(unit, self.mean);
        // A single run shows no spread: nothing speaks against it but the mean.
        let (low, high) = self.interval.unwrap_or((self.mean, self.mean));
        (low - slack..=high + slack).contains(&observed)
    }
}

/// The measures of the scenario's `[observed]`, one row each; empty without it.
///
/// A hit ratio is shown by its miss ratio as well: 98 % instead of 96 % looks close and is half the database load.
pub fn rows(record: &Record, comparison: &Comparison) -> Vec<ObservedRow> {
    let Some(observed) = &record.scenario.observed else { return Vec::new() };
    let mut rows = Vec::new();
    for figure in &observed.figures {
        let unit = unit(record, comparison, &figure.measure);
        rows.push(row(&figure.measure, &unit, figure, &modelled(record, comparison, figure, |value| value)));
        if figure.measure.ends_with("hit_ratio") {
            let rest = FigureRecord { value: 1.0 - figure.value, ..figure.clone() };
            let modelled = modelled(record, comparison, figure, |hits| 1.0 - hits);
            rows.push(row(&format!("1 − {}", figure.measure), &unit, &rest, &modelled));
        }
    }
    rows
}

/// The unit of the record, or that of the catalogue where the baseline does not have the measure.
fn unit(record: &Record, comparison: &Comparison, measure: &str) -> String {
    let found = record.variants[comparison.baseline].measure(measure).map(|found| found.unit.clone());
    found.unwrap_or_else(|| catalog::find(measure).map_or("", |info| info.unit).to_owned())
}

/// `of` of a measure in the baseline, over all runs or state by state; empty where no run has a value.
fn modelled(
    record: &Record,
    comparison: &Comparison,
    figure: &FigureRecord,
    of: fn(f64) -> f64,
) -> Vec<Modelled> {
    let Some(found) = record.variants[comparison.baseline].measure(&figure.measure) else {
        return Vec::new();
    };
    let values: Vec<Option<f64>> = found.values.iter().map(|value| value.map(of)).collect();
    let spread = figure.spread.unwrap_or(0.0);
    let known = |state: Option<State>, values: Vec<f64>| {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        (!values.is_empty()).then(|| Modelled { state, mean, interval: prediction_with(&values, spread) })
    };
    match &comparison.baseline().states {
        Some(states) => {
            State::BOTH.iter().filter_map(|&state| known(Some(state), states.of(state, &values))).collect()
        }
        None => Vec::from_iter(known(None, values.into_iter().flatten().collect())),
    }
}

fn row(measure: &str, unit: &str, figure: &FigureRecord, modelled: &[Modelled]) -> ObservedRow {
    let observed = figure.value;
    let named = |one: &Modelled, text: String| match one.state {
        Some(state) => format!("{text} {}", state.word()),
        None => text,
    };
    let told = |words: fn(&Modelled, &str) -> String| match modelled {
        [] => "not measured".to_owned(),
        some => {
            let texts: Vec<String> = some.iter().map(|one| named(one, words(one, unit))).collect();
            enumerated(&texts, "or")
        }
    };
    let distance = |one: &Modelled| (one.mean - observed).abs();
    let nearest = modelled.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let deviation = nearest.filter(|_| observed != 0.0).map(|one| (one.mean - observed) / observed);
    ObservedRow {
        measure: measure.to_owned(),
        observed: with_spread(observed, figure.spread, unit),
        model: told(|one, unit| with_unit(one.mean, unit)),
        single_runs: told(|one, unit| match one.interval {
            Some((low, high)) => range(low, high, unit),
            None => with_unit(one.mean, unit),
        }),
        deviation: deviation.map_or_else(|| "–".to_owned(), change),
        warns: !modelled.is_empty() && !modelled.iter().any(|one| one.agrees(observed, unit)),
    }
}

/// `93.1 %`, and `93.1 ± 0.4 %` with a spread.
pub(super) fn with_spread(value: f64, spread: Option<f64>, unit: &str) -> String {
    match spread {
        Some(spread) => format!("{} ± {}", with_unit(value, unit), with_unit(spread, unit)),
        None => with_unit(value, unit),
    }
}

/// `83.1 to 85.9 %`, within the bounds of the measure.
pub(super) fn range(low: f64, high: f64, unit: &str) -> String {
    let most = if unit == "1" { 1.0 } else { f64::INFINITY };
    let (low, high) = (low.max(0.0), high.min(most));
    let scale = Scale::fitting(unit, high.abs());
    scale.with_suffix(&format!("{} to {}", scale.number(low), scale.number(high)))
}

const HEADS: [&str; 5] = ["observed", "production", "model", "95 % of single runs", "deviation"];

/// The table for a terminal; empty without figures of production. Does not end in a line break.
pub fn terminal(record: &Record, comparison: &Comparison, width: u16, color: bool) -> String {
    let rows = rows(record, comparison);
    if rows.is_empty() {
        return String::new();
    }
    let mut table = fitted(width, color);
    let right = |text: &str| Cell::new(text).set_alignment(CellAlignment::Right);
    table.set_header(std::iter::once(Cell::new(HEADS[0])).chain(HEADS[1..].iter().map(|head| right(head))));
    for row in &rows {
        let warning = if row.warns { "\noutside" } else { "" };
        let deviation = right(&format!("{}{warning}", row.deviation));
        let deviation = if color && row.warns { deviation.fg(Color::Red) } else { deviation };
        let figures = [&row.observed, &row.model, &row.single_runs].map(|text| right(text));
        table.add_row(std::iter::once(Cell::new(&row.measure)).chain(figures).chain([deviation]));
    }
    format!("{}\n{}", table.trim_fmt(), paragraph(&note(comparison), width))
}

/// The same as Markdown, after an empty line.
pub fn markdown(record: &Record, comparison: &Comparison) -> String {
    let rows = rows(record, comparison);
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("\n| {} |\n|---|---:|---:|---:|---:|\n", HEADS.join(" | "));
    for row in &rows {
        let deviation = if row.warns { format!("**{}**", row.deviation) } else { row.deviation.clone() };
        let cells = [&row.measure, &row.observed, &row.model, &row.single_runs, &deviation];
        text.push_str(&format!("| {} |\n", cells.map(|cell| escaped(cell)).join(" | ")));
    }
    format!("{text}\n{}\n", escaped(&note(comparison)))
}

fn note(comparison: &Comparison) -> String {
    format!("Model: the baseline, {}.", comparison.baseline().name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::{measure, record_of};
    use crate::record::{MeasureRecord, ObservedRecord};

    fn observed(measure: &str, value: f64) -> ObservedRecord {
        ObservedRecord { figures: vec![FigureRecord::new(measure, value)] }
    }

    fn row_of(measures: Vec<MeasureRecord>, observed: ObservedRecord) -> ObservedRow {
        let mut record = record_of(&[("base", measures)], &[]);
        record.scenario.observed = Some(observed);
        rows(&record, &compare(&record)).remove(0)
    }

    /// Three runs at 90, 100 and 110: s = 10, t(0.975, 2) = 4.30265, so one more run lies within 100 ± 49.68; their mean
    /// would lie within 100 ± 24.84.
    #[test]
    fn production_is_one_more_run() {
        let row = |db_qps: f64| {
            row_of(vec![measure("db.qps.mean", &[90.0, 100.0, 110.0])], observed("db.qps.mean", db_qps))
        };
        assert!(!row(149.0).warns && !row(51.0).warns);
        assert!(row(151.0).warns && row(49.0).warns);
        assert_eq!((row(149.0).single_runs.as_str(), row(149.0).model.as_str()), ("50.3 to 150/s", "100/s"));
    }

    #[test]
    fn one_per_cent_does_not_matter_however_narrow_the_spread() {
        let warns =
            |hits: f64| row_of(vec![measure("hit_ratio", &[0.96; 4])], observed("hit_ratio", hits)).warns;
        // Of the smaller side, which is 4 %.
        assert!(!warns(0.9603) && !warns(0.9597));
        assert!(warns(0.9605) && warns(0.9595));
    }

    #[test]
    fn production_may_be_in_either_state() {
        let latency: Vec<f64> =
            (0..10).map(|run| f64::from(100 + run % 5) * if run < 5 { 1.0 } else { 50.0 }).collect();
        let row = |p99_ms: f64| {
            let measures =
                vec![measure("latency.all.mean_ms", &latency), measure("latency.all.p99_ms", &latency)];
            row_of(measures, observed("latency.all.p99_ms", p99_ms))
        };
        assert!(!row(102.0).warns && !row(5_100.0).warns);
        // The mean of both, 2,601 ms, is no run's.
        assert!(row(2_601.0).warns);
        assert_eq!(row(102.0).model, "102 ms healthy or 5,100 ms collapsed");
    }

    /// s = 10 and n = 3: variance 400/3 of one more run, 900 of production, 1033.3 together, whose freedom is
    /// 2 (1033.3 / 133.3)^2 = 120.1: 1.97984 * 32.146 = 63.64.
    #[test]
    fn the_spread_of_production_widens_the_interval() {
        let figure = FigureRecord { spread: Some(30.0), ..FigureRecord::new("db.qps.mean", 155.0) };
        let measures = vec![measure("db.qps.mean", &[90.0, 100.0, 110.0])];
        let row = row_of(measures, ObservedRecord { figures: vec![figure] });
        assert!(!row.warns);
        assert_eq!((row.observed.as_str(), row.single_runs.as_str()), ("155/s ± 30/s", "36.4 to 164/s"));
    }

    #[test]
    fn a_measure_that_no_run_has_is_not_judged() {
        let row = row_of(vec![measure("hit_ratio", &[0.9; 4])], observed("tier.l2.hit_ratio", 0.9));
        assert!(!row.warns);
        assert_eq!((row.observed.as_str(), row.model.as_str()), ("90.0 %", "not measured"));
    }
}
