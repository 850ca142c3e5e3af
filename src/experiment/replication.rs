//! What one simulation leaves, and what the replications of a variant leave together.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::measure::histogram::Fine;
use crate::measure::record::{DistributionRecord, EventRun, SeriesRecord};
use crate::measure::recovery;
use crate::measure::series::{Series, distributions, series};
use crate::measure::summary::{Measured, measures};
use crate::scenario::model::Model;
use crate::sim::{Control, Engine, SimError};

/// What one simulation contributes to the record.
pub(super) struct Replication {
    pub measures: Vec<Measured>,
    pub series: Vec<Series>,
    pub distributions: Vec<(String, &'static str, Fine)>,
    /// One for each event of the model.
    pub events: Vec<EventRun>,
    pub requests: u64,
    pub loop_s: f64,
}

impl Replication {
    /// The value of a measure.
    pub fn value(&self, measure: &str) -> Option<f64> {
        self.measures.iter().find(|(name, _)| name == measure)?.1
    }
}

/// Runs one simulation.
pub(super) fn replicate(
    model: &Model,
    engine: Engine<'_>,
    control: &Control,
) -> Result<Replication, SimError> {
    let started = Instant::now();
    let finished = engine.run(control)?;
    let loop_s = started.elapsed().as_secs_f64();
    let recorder = &finished.recorder;
    Ok(Replication {
        measures: measures(model, recorder),
        series: series(model, recorder),
        distributions: distributions(recorder),
        events: recovery::outcomes(model, recorder).into_iter().map(|outcome| outcome.run).collect(),
        requests: recorder.finished(),
        loop_s,
    })
}

/// Window by window, over the replications in which there is a value; the database load of the first
/// replication besides, because an average hides peaks that come at different times.
pub(super) fn average_series(replications: &[&Replication]) -> Vec<SeriesRecord> {
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<&Vec<Option<f64>>>> = BTreeMap::new();
    for (name, unit, values) in replications.iter().flat_map(|replication| &replication.series) {
        let all = by_name.entry(name).or_default();
        if all.is_empty() {
            order.push((name, unit));
        }
        all.push(values);
    }
    order
        .into_iter()
        .flat_map(|(name, unit)| {
            let all = &by_name[name];
            let values = average(all);
            let series = |name: String, values| SeriesRecord { name, unit: unit.to_owned(), values };
            let first = (name == "db.qps").then(|| series(format!("{name}.first"), all[0].clone()));
            std::iter::once(series(name.to_owned(), values)).chain(first)
        })
        .collect()
}

/// Window by window, the mean of those series that have a value there. There is at least one series, and all are of the same
/// length.
pub(super) fn average(all: &[&Vec<Option<f64>>]) -> Vec<Option<f64>> {
    (0..all[0].len()).map(|window| mean_of_known(all.iter().map(|values| values[window]))).collect()
}

/// `None` where no value is known.
pub(super) fn mean_of_known(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Counts of all replications, added up.
pub(super) fn merge_distributions(replications: &[&Replication]) -> Vec<DistributionRecord> {
    let mut merged: BTreeMap<&str, (&str, Fine)> = BTreeMap::new();
    for (name, unit, histogram) in replications.iter().flat_map(|replication| &replication.distributions) {
        merged.entry(name).or_insert((unit, Fine::new())).1.merge(histogram);
    }
    merged
        .into_iter()
        .map(|(name, (unit, histogram))| DistributionRecord {
            name: name.to_owned(),
            unit: unit.to_owned(),
            counts: histogram.buckets(),
        })
        .collect()
}
