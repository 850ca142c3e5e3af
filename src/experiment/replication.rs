//! What one simulation leaves, and what the replications of a variant leave together.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::measure::catalog;
use crate::measure::histogram::{Fine, Packed};
use crate::measure::record::{DistributionRecord, MeasureRecord, SeriesRecord};
use crate::measure::series::{Series, distributions, series};
use crate::measure::summary::{Measured, measures};
use crate::scenario::model::Model;
use crate::sim::{Control, Engine, SimError};

/// What one simulation contributes to the record.
pub(super) struct Replication {
    pub measures: Vec<Measured>,
    pub series: Vec<Series>,
    pub distributions: Vec<(String, &'static str, Packed)>,
    pub requests: u64,
    /// Events taken from the queue.
    pub events: u64,
    pub loop_s: f64,
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
        distributions: distributions(recorder)
            .into_iter()
            .map(|(name, unit, histogram)| (name, unit, histogram.packed()))
            .collect(),
        requests: recorder.finished(),
        events: finished.events,
        loop_s,
    })
}

/// The replications of a variant, taken in one after the other: of each its measures are kept, all else is added up, so that
/// memory does not grow with windows and buckets times replications.
#[derive(Default)]
pub(super) struct Together {
    replications: u32,
    /// The names are the same in all replications: they follow from the model. One value per replication.
    measures: Vec<(String, Vec<Option<f64>>)>,
    /// In the order in which they turned up.
    series: Vec<SeriesSum>,
    /// The database load of the first replication, because an average hides peaks that come at different times.
    first: Option<(&'static str, Vec<Option<f64>>)>,
    distributions: BTreeMap<String, (&'static str, Packed)>,
}

/// One series of all replications.
struct SeriesSum {
    name: String,
    unit: &'static str,
    /// Window by window: the sum of the values, and how many there are.
    windows: Vec<(f64, u32)>,
}

/// The series that [`Together`] shows of the first replication alone as well.
const SHOWN_FIRST: &str = "db.qps";

impl Together {
    /// Takes in the next replication. Sums of floats depend on their order, so replications come in theirs.
    pub fn take_in(&mut self, replication: Replication) {
        if self.measures.is_empty() {
            self.measures = replication.measures.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
        }
        for ((_, values), (_, value)) in self.measures.iter_mut().zip(replication.measures) {
            values.push(value);
        }
        for (name, unit, values) in replication.series {
            if name == SHOWN_FIRST && self.first.is_none() {
                self.first = Some((unit, values.clone()));
            }
            self.add(name, unit, &values);
        }
        for (name, unit, packed) in replication.distributions {
            self.distributions.entry(name).or_insert_with(|| (unit, Packed::default())).1.merge(&packed);
        }
        self.replications += 1;
    }

    fn add(&mut self, name: String, unit: &'static str, values: &[Option<f64>]) {
        let known = self.series.iter().position(|sum| sum.name == name);
        let place = known.unwrap_or_else(|| {
            self.series.push(SeriesSum { name, unit, windows: vec![(0.0, 0); values.len()] });
            self.series.len() - 1
        });
        for ((sum, known), value) in self.series[place].windows.iter_mut().zip(values) {
            if let Some(value) = value {
                *sum += value;
                *known += 1;
            }
        }
    }

    /// The values of a measure, one per replication; empty where there is no such measure.
    pub fn values(&self, measure: &str) -> &[Option<f64>] {
        self.measures.iter().find(|(name, _)| name == measure).map_or(&[], |(_, values)| values)
    }

    /// Measures, series and distributions for the record.
    pub fn into_records(self) -> (Vec<MeasureRecord>, Vec<SeriesRecord>, Vec<DistributionRecord>) {
        let replications = self.replications;
        let measure = |(name, values): (String, Vec<Option<f64>>)| {
            let unit = catalog::find(&name).map_or("1", |info| info.unit).to_owned();
            MeasureRecord { unit, values, name }
        };
        let series = self.series.into_iter().flat_map(|sum| {
            let values = sum.means(replications);
            let first = self.first.as_ref().filter(|_| sum.name == SHOWN_FIRST).map(|(unit, values)| {
                let name = format!("{SHOWN_FIRST}.first");
                SeriesRecord { name, unit: (*unit).to_owned(), values: values.clone() }
            });
            std::iter::once(SeriesRecord { name: sum.name, unit: sum.unit.to_owned(), values }).chain(first)
        });
        let series = series.collect();
        let distribution = |(name, (unit, packed)): (String, (&str, Packed))| DistributionRecord {
            name,
            unit: unit.to_owned(),
            counts: packed.buckets::<{ Fine::PRECISION }>(),
        };
        let distributions = self.distributions.into_iter().map(distribution).collect();
        (self.measures.into_iter().map(measure).collect(), series, distributions)
    }
}

impl SeriesSum {
    /// Window by window, over the replications in which there is a value. Requests are counted, and where none ended in some
    /// way that is a count of 0.
    fn means(&self, replications: u32) -> Vec<Option<f64>> {
        let counts = self.name.starts_with("requests.");
        let mean = |&(sum, known): &(f64, u32)| {
            let among = if counts { replications } else { known };
            (among > 0).then(|| sum / f64::from(among))
        };
        self.windows.iter().map(mean).collect()
    }
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
