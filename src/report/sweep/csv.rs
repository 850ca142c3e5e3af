//! Tidy CSV: one row per cell, variant and measure, a column per axis.

use super::view::{View, compromises, front};
use crate::experiment::statistics::estimate;
use crate::experiment::sweep::Pool;
use crate::experiment::sweep::record::SweepRecord;
use crate::measure::catalog;
use crate::report::csv::{Rows, plain};
use crate::scenario::grid::Grid;

/// `sweep.csv`: all measures of the finished cells. The columns of the axes bear their paths and hold the values as they
/// were written.
pub fn tidy(record: &SweepRecord, grid: &Grid, pool: &Pool) -> String {
    let paths: Vec<&str> = record.axes.iter().map(|axis| axis.path.as_str()).collect();
    let fixed = ["variant", "measure", "unit", "mean", "lower", "upper", "replications"];
    let mut rows = Rows::new(&paths.iter().copied().chain(fixed).collect::<Vec<_>>());
    let replications = record.scenario.replications;
    for (index, cell) in grid.cells.iter().enumerate() {
        let settings =
            record.axes.iter().zip(&cell.at).map(|(axis, &value)| axis.values[value].label.as_str());
        let settings: Vec<&str> = settings.collect();
        let systems: Vec<usize> =
            (0..record.variants.len()).map(|variant| pool.system(index, variant)).collect();
        if systems.iter().any(|&system| pool.finished(system) < replications) {
            continue;
        }
        for (system, variant) in systems.into_iter().zip(&record.variants) {
            for name in pool.names(system) {
                let values = pool.values(system, name, replications);
                let found = estimate(&values.into_iter().flatten().collect::<Vec<_>>());
                let interval = found.and_then(|estimate| estimate.interval);
                let unit = catalog::find(name).map_or("1", |info| info.unit);
                let figures = [
                    plain(found.map(|estimate| estimate.mean)),
                    plain(interval.map(|(low, _)| low)),
                    plain(interval.map(|(_, high)| high)),
                    found.map_or(0, |estimate| estimate.n).to_string(),
                ];
                let texts =
                    [variant.as_str(), name, unit].into_iter().chain(figures.iter().map(String::as_str));
                rows.push(&settings.iter().copied().chain(texts).collect::<Vec<_>>());
            }
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
        let settings =
            record.axes.iter().zip(&point.cell.at).map(|(axis, &value)| axis.values[value].label.as_str());
        let (of_x, of_y) = (plain(Some(point.x.mean)), plain(Some(point.y.mean)));
        let cells = [rank.as_str()].into_iter().chain(settings);
        let cells = cells.chain([record.variants[point.variant].as_str(), of_x.as_str(), of_y.as_str()]);
        rows.push(&cells.collect::<Vec<_>>());
    }
    rows.finish()
}
