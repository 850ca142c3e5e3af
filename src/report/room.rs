//! Whether `results.json` has room for the record of a run, before it is run.

use super::json::{self, RESULTS_BYTES_MAX};
use crate::catalog::computed::{Measured, measures, series};
use crate::measure::recorder::{Recorder, Totals};
use crate::model::{Experiment, Model, Variant};
use crate::record::{MeasureRecord, SeriesRecord, VariantRecord, WindowsRecord};
use crate::scenario::Diagnostics;
use crate::scenario::digest::traffic;
use crate::units::{approximate_bytes, grouped};

/// A value of six digits with its comma, on average: `0.123457,`, `1234.57,`, `null,`.
const VALUE_BYTES: f64 = 10.0;
/// Series that turn up only where requests end in their way (7 outcomes, three quantiles of 5 families), and three of the
/// database load of single replications.
const OCCASIONAL_SERIES: f64 = 25.0;
/// An event: its words, and how one replication came back from it.
const EVENT_BYTES: f64 = 300.0;
const EVENT_RUN_BYTES: f64 = 150.0;
/// A series of two windows.
const SERIES_BYTES: f64 = 150.0;
/// Twelve distributions of at most sixteen buckets.
const DISTRIBUTIONS_BYTES: f64 = 12.0 * 400.0;

/// A value of a world: eight digits.
const WORLD_VALUE_BYTES: f64 = 13.0;

/// Bytes of the shortest `results.json` that [`json::to_json`] makes of a run with so many runs of worlds, estimated on the
/// high side.
pub fn record_bytes(experiment: &Experiment, world_runs: u32) -> f64 {
    let most = experiment.precision.as_ref().map_or(0, |precision| precision.replications_max);
    let replications = f64::from(experiment.replications.max(most));
    let of = |variant: &Variant| {
        let record = outline(variant);
        let values = record.measures.len() as f64 * replications * VALUE_BYTES;
        let text = json::encode(&record).map_or(0.0, |text| text.len() as f64);
        let events = variant.model.events.len() as f64 * (EVENT_BYTES + EVENT_RUN_BYTES * replications);
        let worlds = record.measures.len() as f64 * f64::from(world_runs) * WORLD_VALUE_BYTES;
        text + values + worlds + events + OCCASIONAL_SERIES * SERIES_BYTES + DISTRIBUTIONS_BYTES
    };
    experiment.source.len() as f64 + experiment.variants.iter().map(of).sum::<f64>()
}

/// Refuses a run whose record could not be written.
///
/// # Errors
/// Names the size, the limit and the ways out.
pub fn refuse_unwritable(experiment: &Experiment, world_runs: u32) -> Result<(), Diagnostics> {
    let bytes = record_bytes(experiment, world_runs);
    if bytes <= RESULTS_BYTES_MAX as f64 {
        return Ok(());
    }
    let title = format!(
        "results.json would take about {}, and at most {} are written",
        approximate_bytes(bytes),
        approximate_bytes(RESULTS_BYTES_MAX as f64)
    );
    let (variants, replications) = (experiment.variants.len(), experiment.replications);
    let mut help = vec![format!(
        "it holds every measure of {} variants in {} replications: fewer of either, or a longer run instead of more \
         replications",
        grouped(variants),
        grouped(replications)
    )];
    if let Some(precision) =
        experiment.precision.as_ref().filter(|wanted| wanted.replications_max > replications)
    {
        help.push(format!("[precision] allows up to {} replications", grouped(precision.replications_max)));
    }
    if world_runs > 0 {
        help.push(format!("{} runs of worlds: --worlds draws fewer", grouped(world_runs)));
    }
    if variants > 1 {
        help.push("`herdlab sweep` runs thousands of settings and keeps a few measures of each".to_owned());
    }
    Err(Diagnostics::general(title, help))
}

/// The record of a variant with one replication and two windows, all of them empty.
fn outline(variant: &Variant) -> VariantRecord {
    // The number of windows adds nothing to a record that may merge them, and costs memory here.
    let model = Model { window_ns: variant.model.duration_ns, ..variant.model.clone() };
    let mut recorder = Recorder::new(&model);
    let tiers = vec![Default::default(); model.tiers.len()];
    recorder.measured = [(); 2].map(|()| Totals { tiers: tiers.clone(), ..Totals::default() });
    let measures = measures(&model, &recorder).into_iter();
    VariantRecord {
        name: variant.name.clone(),
        settings: variant.settings.clone(),
        workload: traffic(&model),
        events: Vec::new(),
        theory: Vec::new(),
        measures: measures
            .map(|Measured { name, unit, .. }| MeasureRecord {
                name,
                unit: unit.to_owned(),
                values: Vec::new(),
            })
            .collect(),
        windows: WindowsRecord {
            width_s: 1.0,
            series: series(&model, &recorder)
                .into_iter()
                .map(|(name, unit, _)| SeriesRecord {
                    name,
                    unit: unit.to_owned(),
                    values: vec![Some(0.123_456_7); 2],
                })
                .collect(),
        },
        distributions: Vec::new(),
        breakdown: None,
        latency_map: None,
    }
}
