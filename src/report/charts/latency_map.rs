//! Latency over time as a heat map for each variant: where the requests of each moment lie, with median and p99.

use super::side_by_side::SideBySide;
use super::time_series::When;
use crate::experiment::comparison::Comparison;
use crate::record::{LatencyMap, Record};
use crate::report::axis::Axis;
use crate::report::figure::{Figure, Heat, Run};

/// The shares of a column at which the next darker shade begins; the first one takes any.
const SHADES: [f64; 6] = [0.0, 0.001, 0.01, 0.05, 0.2, 0.5];
/// Looks of the two lines, which must stand out from the shades.
const STYLES: [usize; 2] = [0, 2];

/// A panel for each variant, on a common axis of latency.
pub fn figure(record: &Record, _: &Comparison) -> Option<Figure> {
    let maps: Vec<(&str, &LatencyMap)> = (record.variants.iter())
        .filter_map(|variant| Some((variant.name.as_str(), variant.latency_map.as_ref()?)))
        .collect();
    let rows = |map: &LatencyMap| map.counts.iter().map(Vec::len).max().unwrap_or(0) as u32;
    let lowest = maps.iter().map(|(_, map)| map.first).min()?;
    let highest = maps.iter().map(|(_, map)| map.first + rows(map)).max()?;
    let names = [("latency.all.p50_ms".to_owned(), "median"), ("latency.all.p99_ms".to_owned(), "p99")];
    let mut figure = SideBySide {
        name: "latency-map".to_owned(),
        title: String::new(),
        message: "The darker a cell, the more of the requests of that moment took so long: shades begin at 0.1, 1, 5, 20 and \
                  50 %. All replications together."
            .to_owned(),
        series: &names,
        label: "latency",
        when: When::Throughout,
    }
    .figure(record)?;
    figure.title = "Latency over time, all requests".to_owned();
    let y = Axis::log("latency", "ms", [edge_ms(lowest), edge_ms(highest)].into_iter());
    let alone = figure.panels.len() == 1;
    for panel in &mut figure.panels {
        let map = maps.iter().find(|(name, _)| alone || *name == panel.title);
        panel.backing.heat = map.map(|(_, map)| heat(map));
        panel.y = y.clone();
        if !alone {
            panel.y.label.clear();
        }
        panel.series.iter_mut().zip(STYLES).for_each(|(series, style)| series.style = style);
    }
    Some(figure)
}

/// Lower edge of a row, by its power of two in nanoseconds.
fn edge_ms(power: u32) -> f64 {
    libm::pow(2.0, f64::from(power)) / 1e6
}

fn heat(map: &LatencyMap) -> Heat {
    let rows = map.counts.iter().map(Vec::len).max().unwrap_or(0);
    let shade = |column: &Vec<u64>, row: usize| {
        let total: f64 = column.iter().map(|count| *count as f64).sum();
        let share = column.get(row).map_or(0.0, |count| *count as f64) / total;
        SHADES.iter().rposition(|from| share > *from)
    };
    let mut runs = vec![Vec::new(); SHADES.len()];
    for row in 0..rows {
        let shades: Vec<Option<usize>> = map.counts.iter().map(|column| shade(column, row)).collect();
        let mut from = 0;
        for same in shades.chunk_by(|a, b| a == b) {
            if let Some(shade) = same[0] {
                runs[shade].push(Run { row, from, to: from + same.len() });
            }
            from += same.len();
        }
    }
    let edges = (0..=rows as u32).map(|row| edge_ms(map.first + row)).collect();
    Heat { step: map.width_s, edges, runs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_shade_are_one_rectangle() {
        // Of 1,000 requests: all, 999 and 1 (a tenth of a per cent is not more than that), then half and half.
        let counts = vec![vec![1_000], vec![999, 1], vec![500, 500], Vec::new(), vec![0, 7]];
        let heat = heat(&LatencyMap { width_s: 2.0, first: 20, counts });
        let run = |row, from, to| Run { row, from, to };
        assert_eq!(heat.runs[5], [run(0, 0, 2), run(1, 4, 5)]);
        assert_eq!(heat.runs[4], [run(0, 2, 3), run(1, 2, 3)]);
        assert_eq!(heat.runs[0], [run(1, 1, 2)]);
        assert_eq!((heat.edges, heat.step), (vec![1.048_576, 2.097_152, 4.194_304], 2.0));
    }
}
