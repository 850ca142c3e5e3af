//! The headline measures as dots with their intervals, one panel per measure.

use super::styles;
use crate::catalog;
use crate::experiment::comparison::{Comparison, Verdict};
use crate::record::Record;
use crate::report::axis::Axis;
use crate::report::figure::{Backing, Figure, Panel, Series, Shape};
use crate::report::format::{common_scale, plus_minus, spoken};
use crate::report::lines::{Line, lines};

/// Means and 95 % intervals by variant.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let panels: Vec<Panel> =
        record.scenario.headline.iter().filter_map(|name| panel(record, comparison, name)).collect();
    if panels.is_empty() {
        return None;
    }
    let judged = comparison
        .variants
        .iter()
        .flat_map(|variant| &variant.measures)
        .filter_map(|measure| measure.verdict);
    let (mut better, mut worse, mut tied) = (0, 0, 0);
    for verdict in judged {
        match verdict {
            Verdict::Better => better += 1,
            Verdict::Worse => worse += 1,
            Verdict::Tie => tied += 1,
            Verdict::NoVerdict => {}
        }
    }
    let verdicts = match better + worse + tied {
        0 => String::new(),
        _ => format!(" Against {}: {better} better, {worse} worse, {tied} tied.", comparison.baseline().name),
    };
    Some(Figure {
        name: super::HEADLINE.to_string(),
        title: "Headline measures".to_string(),
        message: match record.scenario.finished {
            0 | 1 => format!("Values from 1 replication.{verdicts}"),
            more => format!("Mean and 95 % interval over {more} replications.{verdicts}"),
        },
        panels,
        columns: 1,
        legend: false,
    })
}

fn panel(record: &Record, comparison: &Comparison, name: &str) -> Option<Panel> {
    let scale = common_scale(comparison, name)?;
    let unit = &comparison.variants.iter().find_map(|variant| variant.measure(name))?.unit;
    let styles = styles(record);
    let lines = lines(comparison);
    let series: Vec<Series> = lines
        .iter()
        .enumerate()
        .filter_map(|(row, line)| {
            let measure = line.measure(name)?;
            let estimate = line.estimate(name)?;
            let interval = estimate.interval.unwrap_or((estimate.mean, estimate.mean));
            let (low, high) = catalog::possible(name, estimate.mean, interval);
            let figure = plus_minus(&scale, &estimate);
            let label = match measure.verdict {
                None | Some(Verdict::NoVerdict) => figure,
                Some(verdict) => format!("{figure} · {}", verdict.word()),
            };
            let row = row as f64;
            Some(Series {
                name: row_name(line),
                style: styles[line.index],
                shape: Shape::Interval { label },
                points: vec![(low, row), (estimate.mean, row), (high, row)],
            })
        })
        .collect();
    if series.is_empty() {
        return None;
    }
    let names: Vec<String> = lines.iter().map(|line| shortened(&row_name(line))).collect();
    let mut x = Axis::linear("", unit, series.iter().flat_map(|series| &series.points).map(|(x, _)| *x));
    // The panel's title names the measure and the labels its unit.
    x.label = String::new();
    let unit = match scale.heading() {
        "" => String::new(),
        unit => format!(" ({unit})"),
    };
    Some(Panel {
        title: format!("{}{unit}", spoken(name)),
        x,
        y: Axis::rows(&names),
        height: 22 * names.len() as u32 + 8,
        series,
        marks: Vec::new(),
        backing: Backing::default(),
    })
}

/// A row for each of two states is named after it: `collapsed in 5 of 10 runs, ttl only`.
fn row_name(line: &Line<'_>) -> String {
    match line.note() {
        Some(note) => format!("{}, {}", note.replace(": ", " in "), line.variant.name),
        None => line.variant.name.clone(),
    }
}

/// Names as long as the row labels have room for.
pub(in crate::report) fn shortened(name: &str) -> String {
    const LETTERS_MAX: usize = 34;
    if name.chars().count() <= LETTERS_MAX {
        return name.to_string();
    }
    name.chars().take(LETTERS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::{measure, record_of};

    #[test]
    fn each_of_two_states_has_a_row() {
        let record = crate::record::fixture::bimodal();
        let figure = figure(&record, &compare(&record)).unwrap();
        let rows: Vec<(&str, f64)> =
            figure.panels[0].series.iter().map(|series| (series.name.as_str(), series.points[1].0)).collect();
        assert_eq!(
            rows.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["healthy in 5 of 10 runs, a", "collapsed in 5 of 10 runs, a", "b"]
        );
        assert!((rows[0].1 - 96.0).abs() < 1e-9 && (rows[1].1 - 9_600.0).abs() < 1e-9, "{rows:?}");
    }

    #[test]
    fn no_interval_reaches_where_a_measure_cannot() {
        // Half the interval of three values so far apart is more than their mean.
        let values = [1.0, 2.0, 900.0];
        let shares = [0.2, 0.95, 0.96];
        let measures = vec![measure("stampede.max", &values), measure("hit_ratio", &shares)];
        let record = record_of(&[("base", measures)], &["stampede.max", "hit_ratio"]);
        let figure = figure(&record, &compare(&record)).unwrap();
        let ends = |panel: &Panel| (panel.series[0].points[0].0, panel.series[0].points[2].0);
        assert_eq!(ends(&figure.panels[0]).0, 0.0);
        assert_eq!(figure.panels[0].x.limits().0, 0.0);
        assert_eq!(ends(&figure.panels[1]).1, 1.0);
        assert_eq!(figure.panels[1].x.limits(), (0.0, 1.0));
    }
}
