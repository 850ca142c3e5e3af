//! From the recorder of one replication to its measures, its series and its distributions.

use super::run::{Run, Shared};
use super::table::{SECTIONS, Section};
use super::{MeasureInfo, named};
use crate::measure::histogram::Fine;
use crate::measure::recorder::{OUTCOMES, Recorder};
use crate::model::Model;

/// A measure of one replication.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    pub name: String,
    pub unit: &'static str,
    /// `None`: not defined.
    pub value: Option<f64>,
}

/// Name, unit, one value per window.
pub type Series = (String, &'static str, Vec<Option<f64>>);

/// All measures of a finished simulation, sorted by name.
pub fn measures(model: &Model, recorder: &Recorder) -> Vec<Measured> {
    let mut all = Vec::new();
    each_row(model, recorder, |row, run, name| {
        if let Some(value) = row.formula.and_then(|formula| formula(run)) {
            all.push(Measured { name: named(row.pattern, name), unit: row.unit_in(model.currency()), value });
        }
    });
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// All series of one replication, in the order of the catalogue. Outcomes are counted there whether they occurred or not:
/// where another replication has them, here they happened no times.
pub fn series(model: &Model, recorder: &Recorder) -> Vec<Series> {
    let mut all = Vec::new();
    each_row(model, recorder, |row, run, name| {
        if let Some((series, values)) = row.series.and_then(|series| Some((series, (series.formula)(run)?))) {
            all.push((named(series.pattern, name), series.unit, values));
        }
    });
    all
}

/// Every row, for each tier, class or event that it is about.
fn each_row(model: &Model, recorder: &Recorder, mut of: impl FnMut(&MeasureInfo, &Run<'_>, &str)) {
    let shared = Shared::default();
    let run = Run::new(model, recorder, &shared);
    for Section { about, rows, .. } in SECTIONS {
        for (index, name) in about.names(&run).into_iter().enumerate() {
            let run = Run { index, ..run };
            rows.iter().for_each(|row| of(row, &run, name));
        }
    }
}

/// Distributions over the measured part: name, unit, counts. Empty ones are left out.
pub fn distributions(recorder: &Recorder) -> Vec<(String, &'static str, Fine)> {
    let latency = |outcomes: &[usize]| {
        let mut merged = Fine::new();
        for by_outcome in &recorder.latency {
            outcomes.iter().for_each(|&outcome| merged.merge(&by_outcome[outcome]));
        }
        merged
    };
    let every: Vec<usize> = (0..OUTCOMES.len()).collect();
    let mut all = vec![("latency.all".to_owned(), "ns", latency(&every))];
    for (outcome, name) in OUTCOMES {
        all.push((format!("latency.{name}"), "ns", latency(&[outcome as usize])));
    }
    all.push(("db.queue".into(), "ns", recorder.db_queue.clone()));
    all.push(("db.pool.wait".into(), "ns", recorder.db_pool_wait.clone()));
    if let Some(workers) = &recorder.workers {
        all.push(("workers.wait".into(), "ns", workers.wait.clone()));
    }
    all.push(("stampede.size".into(), "count", recorder.stampedes.clone()));
    all.retain(|distribution| distribution.2.count() > 0);
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}
