//! The result of one simulation, and of all replications of a variant together.

use std::collections::BTreeMap;

use super::breakdown::Breakdowns;
use crate::catalog::computed::{Measured, measures};
use crate::catalog::computed::{Series, distributions, series};
use crate::clock::Stopwatch;
use crate::measure::breakdown::Breakdown;
use crate::measure::histogram::{Fine, Packed};
use crate::measure::latency_map::LatencyMap;
use crate::measure::recovery;
use crate::model::Model;
use crate::record::{DistributionRecord, EventRun, MeasureRecord, SeriesRecord};
use crate::sim::{Control, Engine, Finished, SimError};

/// The contribution of one simulation to the record.
pub(super) struct Replication {
    pub measures: Vec<Measured>,
    pub series: Vec<Series>,
    pub distributions: Vec<(String, &'static str, Packed)>,
    pub latency_map: LatencyMap,
    /// One for each event of the model.
    pub event_runs: Vec<EventRun>,
    /// Where it was asked for.
    pub breakdown: Option<Breakdown>,
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
    let started = Stopwatch::start();
    let finished = engine.run(control)?;
    Ok(measured(model, finished, started.seconds()))
}

/// The measures of a simulation that took so long.
pub(super) fn measured(model: &Model, finished: Finished, loop_s: f64) -> Replication {
    let Finished { recorder, breakdown, events, .. } = finished;
    let recorder = &recorder;
    Replication {
        measures: measures(model, recorder),
        series: series(model, recorder),
        distributions: distributions(recorder)
            .into_iter()
            .map(|(name, unit, histogram)| (name, unit, histogram.packed()))
            .collect(),
        latency_map: LatencyMap::of(recorder),
        event_runs: recovery::outcomes(model, recorder).into_iter().map(|outcome| outcome.run).collect(),
        breakdown,
        requests: recorder.finished(),
        events,
        loop_s,
    }
}

/// The replications of a variant, taken in one after the other: of each its measures are kept, all else is added up, so that
/// memory does not grow with windows and buckets times replications.
#[derive(Clone, Default)]
pub(super) struct Together {
    /// The names are the same in all replications: they follow from the model. One value per replication.
    measures: Vec<MeasureRecord>,
    /// In the order in which they turned up.
    series: Vec<SeriesSum>,
    /// The database load apart, because an average hides peaks that come at different times.
    shown: Option<Apart>,
    distributions: BTreeMap<String, (&'static str, Packed)>,
    latency_map: LatencyMap,
    /// By event of the model, one per replication.
    event_runs: Vec<Vec<EventRun>>,
    breakdowns: Option<Breakdowns>,
    taken: u32,
}

/// The contribution of a variant to the record.
pub(super) struct Records {
    pub measures: Vec<MeasureRecord>,
    pub series: Vec<SeriesRecord>,
    pub distributions: Vec<DistributionRecord>,
    pub latency_map: Option<LatencyMap>,
    /// By event of the model, one per replication.
    pub event_runs: Vec<Vec<EventRun>>,
    pub breakdowns: Option<Breakdowns>,
}

/// One series of all replications.
#[derive(Clone)]
struct SeriesSum {
    name: String,
    unit: &'static str,
    /// Window by window: the sum of the values, and how many there are.
    windows: Vec<(f64, u32)>,
}

/// The series that [`Together`] shows of the first replication alone as well, and of the lowest and the highest.
const SHOWN_APART: &str = "db.qps";

/// A series of single replications.
#[derive(Clone)]
struct Apart {
    unit: &'static str,
    first: Vec<Option<f64>>,
    /// Window by window the least and the most of all replications; of one alone they say nothing.
    range: Option<[Vec<Option<f64>>; 2]>,
}

impl Apart {
    fn take_in(&mut self, values: &[Option<f64>]) {
        let [low, high] = self.range.get_or_insert_with(|| [self.first.clone(), self.first.clone()]);
        let join = |all: &mut Vec<Option<f64>>, of: fn(f64, f64) -> f64| {
            for (known, value) in all.iter_mut().zip(values) {
                *known = known.map_or(*value, |known| Some(value.map_or(known, |value| of(known, value))));
            }
        };
        join(low, f64::min);
        join(high, f64::max);
    }

    fn into_records(self) -> impl Iterator<Item = SeriesRecord> {
        let [low, high] = self.range.map_or([None, None], |range| range.map(Some));
        let named = [("first", Some(self.first)), ("low", low), ("high", high)];
        named.into_iter().filter_map(move |(suffix, values)| {
            let name = format!("{SHOWN_APART}.{suffix}");
            values.map(|values| SeriesRecord { name, unit: self.unit.to_owned(), values })
        })
    }
}

impl Together {
    /// Takes in the next replication. Sums of floats depend on their order, so replications come in theirs.
    pub fn take_in(&mut self, replication: Replication) {
        if let Some(breakdown) = &replication.breakdown {
            self.breakdowns.get_or_insert_default().take_in(self.taken, breakdown);
        }
        self.taken += 1;
        if self.measures.is_empty() {
            let empty = |Measured { name, unit, .. }: &Measured| MeasureRecord {
                name: name.clone(),
                unit: (*unit).to_owned(),
                values: Vec::new(),
            };
            self.measures = replication.measures.iter().map(empty).collect();
        }
        for (all, one) in self.measures.iter_mut().zip(replication.measures) {
            all.values.push(one.value);
        }
        for (name, unit, values) in replication.series {
            if name == SHOWN_APART {
                match &mut self.shown {
                    Some(shown) => shown.take_in(&values),
                    None => self.shown = Some(Apart { unit, first: values.clone(), range: None }),
                }
            }
            self.add(name, unit, &values);
        }
        self.event_runs.resize_with(replication.event_runs.len(), Vec::new);
        for (runs, run) in self.event_runs.iter_mut().zip(replication.event_runs) {
            runs.push(run);
        }
        self.latency_map.merge(&replication.latency_map);
        for (name, unit, packed) in replication.distributions {
            self.distributions.entry(name).or_insert_with(|| (unit, Packed::default())).1.merge(&packed);
        }
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
        self.measures.iter().find(|known| known.name == measure).map_or(&[], |known| &known.values)
    }

    /// How many were taken in.
    pub fn taken(&self) -> u32 {
        self.taken
    }

    /// Everything for the record.
    pub fn into_records(self) -> Records {
        let mut shown = self.shown;
        let series = self.series.into_iter().filter(SeriesSum::happens).flat_map(|sum| {
            let values = sum.means();
            let apart = shown.take_if(|_| sum.name == SHOWN_APART).into_iter().flat_map(Apart::into_records);
            std::iter::once(SeriesRecord { name: sum.name, unit: sum.unit.to_owned(), values }).chain(apart)
        });
        let series = series.collect();
        let distribution = |(name, (unit, packed)): (String, (&str, Packed))| DistributionRecord {
            name,
            unit: unit.to_owned(),
            counts: packed.buckets::<{ Fine::PRECISION }>(),
        };
        let distributions = self.distributions.into_iter().map(distribution).collect();
        let Together { measures, event_runs, breakdowns, latency_map, .. } = self;
        let latency_map = latency_map.trimmed();
        Records { measures, series, distributions, latency_map, event_runs, breakdowns }
    }
}

impl SeriesSum {
    /// Window by window, over the replications in which there is a value: all of them for counts and rates, which may be zero,
    /// and those in which something happened for ratios and latencies, which else are undefined.
    fn means(&self) -> Vec<Option<f64>> {
        self.windows.iter().map(|&(sum, known)| (known > 0).then(|| sum / f64::from(known))).collect()
    }

    /// Whether it is shown: not a count of requests that ended in a way that no request of any replication did.
    fn happens(&self) -> bool {
        !self.name.starts_with("requests.")
            || self.name == "requests.all"
            || self.windows.iter().any(|&(sum, _)| sum > 0.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_in(replications: &[[Option<f64>; 3]]) -> Vec<SeriesRecord> {
        let mut together = Together::default();
        for values in replications {
            together.take_in(Replication {
                measures: Vec::new(),
                series: vec![("db.qps".to_owned(), "1/s", values.to_vec())],
                distributions: Vec::new(),
                latency_map: LatencyMap::default(),
                event_runs: Vec::new(),
                breakdown: None,
                requests: 0,
                events: 0,
                loop_s: 0.0,
            });
        }
        together.into_records().series
    }

    #[test]
    fn the_load_is_recorded_as_mean_as_first_run_and_from_the_lowest_to_the_highest() {
        let series = taken_in(&[
            [Some(10.0), Some(4.0), None],
            [Some(40.0), None, None],
            [Some(25.0), Some(6.0), None],
        ]);
        let found: Vec<_> = series.iter().map(|one| (one.name.as_str(), one.values.as_slice())).collect();
        assert_eq!(
            found,
            [
                ("db.qps", &[Some(25.0), Some(5.0), None][..]),
                ("db.qps.first", &[Some(10.0), Some(4.0), None]),
                ("db.qps.low", &[Some(10.0), Some(4.0), None]),
                ("db.qps.high", &[Some(40.0), Some(6.0), None]),
            ]
        );
        // One run alone has no range.
        assert_eq!(taken_in(&[[Some(1.0), Some(2.0), None]]).len(), 2);
    }
}
