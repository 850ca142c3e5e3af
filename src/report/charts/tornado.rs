//! What each uncertain input does to the headline measures: a tornado, the longest bar on top.

use crate::experiment::comparison::Comparison;
use crate::record::{Record, WorldsRecord};
use crate::report::axis::Axis;
use crate::report::figure::{Backing, Figure, Panel, Series, Shape};
use crate::report::format::{Scale, percent_to, spoken};
use crate::report::sure::{split_of, swing};

/// Panels, the first headline measure in every variant first.
const PANELS_MAX: usize = 6;
/// Bars of a panel.
const BARS_MAX: usize = 8;

/// Expected values at the ends of each input, over all other inputs.
pub fn figure(record: &Record, comparison: &Comparison) -> Option<Figure> {
    let worlds = record.worlds.as_ref()?;
    let places =
        record.scenario.headline.iter().flat_map(|measure| {
            (0..comparison.variants.len()).map(move |variant| (measure.as_str(), variant))
        });
    let alone = comparison.variants.len() == 1;
    let panels: Vec<Panel> = places
        .filter_map(|(measure, variant)| panel(record, worlds, measure, variant, alone))
        .take(PANELS_MAX)
        .collect();
    (!panels.is_empty()).then(|| Figure {
        name: "tornado".to_owned(),
        title: "Effects of the uncertain inputs".to_owned(),
        message: format!(
            "From the low end of each range to its high end, over {} worlds: expected values, all other inputs as uncertain as \
             they are. The shares are those of the variance of a single run.",
            worlds.finished()
        ),
        panels,
        columns: 1,
        legend: false,
    })
}

fn panel(
    record: &Record,
    worlds: &WorldsRecord,
    measure: &str,
    variant: usize,
    alone: bool,
) -> Option<Panel> {
    let split = split_of(record, variant, measure)?;
    let shares = split.shares.filter(|shares| !shares.inputs.is_empty())?;
    let unit = &record.variants[variant].measure(measure)?.unit;
    let mut bars: Vec<_> = worlds.inputs.iter().zip(&shares.inputs).collect();
    bars.sort_by(|a, b| b.1.swing().total_cmp(&a.1.swing()));
    bars.truncate(BARS_MAX);
    let series: Vec<Series> = bars
        .iter()
        .enumerate()
        .map(|(row, (input, effect))| {
            let share = percent_to(effect.share, 0);
            let at = row as f64;
            Series {
                name: input.path.clone(),
                style: 0,
                shape: Shape::Bar { label: format!("{} · {share} %", swing(effect, unit)) },
                points: vec![(effect.at_low, at), (split.mean, at), (effect.at_high, at)],
            }
        })
        .collect();
    let values: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|(x, _)| *x).collect();
    let scale = Scale::fitting(unit, values.iter().fold(0.0, |most: f64, value| most.max(value.abs())));
    let mut x = Axis::linear("", unit, values.into_iter());
    // The panel's title names the measure and its unit.
    x.label = String::new();
    let unit = match scale.heading() {
        "" => String::new(),
        unit => format!(" ({unit})"),
    };
    let of = if alone { String::new() } else { format!(", {}", record.variants[variant].name) };
    let names: Vec<String> = series.iter().map(|series| shortened(&series.name)).collect();
    Some(Panel {
        title: format!("{}{of}{unit}", spoken(measure)),
        x,
        y: Axis::rows(&names),
        height: 22 * names.len() as u32 + 8,
        series,
        marks: Vec::new(),
        backing: Backing::default(),
    })
}

/// Paths as long as the row labels have room for: their end tells most.
fn shortened(path: &str) -> String {
    const LETTERS_MAX: usize = 34;
    let letters: Vec<char> = path.chars().collect();
    match letters.len() > LETTERS_MAX {
        true => {
            std::iter::once('…').chain(letters[letters.len() - LETTERS_MAX + 1..].iter().copied()).collect()
        }
        false => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::comparison::compare;
    use crate::record::fixture::uncertain;

    #[test]
    fn the_longest_bar_is_on_top_and_goes_from_the_low_end_to_the_high_end() {
        let record = uncertain();
        let figure = figure(&record, &compare(&record)).unwrap();
        let panel = &figure.panels[0];
        assert_eq!((panel.title.as_str(), figure.panels.len()), ("p99 latency, a (ms)", 2));
        let names: Vec<&str> = panel.series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(names, ["database.read", "workload.keys"]);
        // p99 = 100 + 3 x - y, with x and y from 0 to 20: 90 to 150 by x, 130 to 110 by y.
        let ends =
            |row: usize| (panel.series[row].points[0].0.round(), panel.series[row].points[2].0.round());
        assert_eq!([ends(0), ends(1)], [(90.0, 150.0), (130.0, 110.0)]);
    }

    #[test]
    fn long_paths_keep_their_end() {
        assert_eq!(shortened("database.pool"), "database.pool");
        let short = shortened("class.a-very-long-name-of-a-class.value_size.lognormal.median");
        assert!(short.starts_with('…') && short.ends_with("value_size.lognormal.median"), "{short}");
    }
}
