//! Tidy CSV: one row per cell, variant and measure, a column per axis.

use super::view::{View, compromises, front};
use crate::experiment::statistics::estimate;
use crate::experiment::sweep::Pool;
use crate::experiment::sweep::record::{SweepRecord, places};
use crate::report::csv::{Rows, plain};
use crate::scenario::grid::Grid;

/// `sweep.csv`: all measures of the finished cells. The columns of the axes bear their paths and hold the values as they
/// were written; a variant that sets an axis itself has its own value there, once.
pub fn tidy(record: &SweepRecord, grid: &Grid, pool: &Pool) -> String {
    let paths: Vec<&str> = record.axes.iter().map(|axis| axis.path.as_str()).collect();
    let fixed = ["variant", "measure", "unit", "mean", "lower", "upper", "replications"];
    let mut rows = Rows::new(&paths.iter().copied().chain(fixed).collect::<Vec<_>>());
    let replications = record.scenario.replications;
    for (cell, variant, settings) in places(grid, pool) {
        let system = pool.system(cell, variant);
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        for name in pool.names(system) {
            let values = pool.values(system, name, replications);
            let found = estimate(&values.into_iter().flatten().collect::<Vec<_>>());
            let interval = found.and_then(|estimate| estimate.interval);
            let unit = pool.unit(system, name);
            let figures = [
                plain(found.map(|estimate| estimate.mean)),
                plain(interval.map(|(low, _)| low)),
                plain(interval.map(|(_, high)| high)),
                found.map_or(0, |estimate| estimate.n).to_string(),
            ];
            let texts = [record.variants[variant].as_str(), name, unit].into_iter();
            let texts = texts.chain(figures.iter().map(String::as_str));
            rows.push(&settings.iter().copied().chain(texts).collect::<Vec<_>>());
        }
    }
    rows.finish()
}

/// `pareto.csv`: the front, from the best in the first measure to the best in the second.
pub(super) fn pareto(x: &View<'_>, y: &View<'_>) -> String {
    let record = x.record;
    let paths = record.axes.iter().map(|axis| axis.path.as_str());
    let heads = ["front"].into_iter().chain(paths).chain(["variant", x.measure, y.measure]);
    let mut rows = Rows::new(&heads.collect::<Vec<_>>());
    for point in front(&compromises(x, y)) {
        let rank = point.rank.unwrap_or_default().to_string();
        let settings = (0..record.axes.len()).map(|axis| point.spot.label(axis));
        let (of_x, of_y) = (plain(Some(point.x.mean)), plain(Some(point.y.mean)));
        let cells = [rank.as_str()].into_iter().chain(settings);
        let cells = cells.chain([record.variants[point.spot.variant].as_str(), of_x.as_str(), of_y.as_str()]);
        rows.push(&cells.collect::<Vec<_>>());
    }
    rows.finish()
}
