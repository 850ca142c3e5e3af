//! Each world as a record by itself, so that it is judged by the rules of any other record.

use crate::catalog;
use crate::model::Threshold;
use crate::record::{
    EventRecord, EventStatus, MeasureRecord, Record, ScenarioRecord, VariantRecord, WindowsRecord,
    WorldMeasure, WorldsRecord,
};

/// The finished worlds of a record, in their order; empty without worlds.
///
/// Two or three runs have no interval worth the name, so each world has the mean of its runs as its only replication.
pub fn each(record: &Record) -> Vec<Record> {
    let worlds =
        record.worlds.iter().flat_map(|worlds| (0..worlds.finished()).map(move |world| (worlds, world)));
    worlds.map(|(worlds, world)| alone(record, worlds, world)).collect()
}

fn alone(record: &Record, worlds: &WorldsRecord, world: usize) -> Record {
    let plain = |threshold: &Threshold| Threshold { confident: false, runs: None, ..threshold.clone() };
    let variant = |(index, variant): (usize, &VariantRecord)| {
        let measures = worlds.variants.get(index).map_or(&[][..], |variant| &variant.measures);
        let measure = |measure: &WorldMeasure| MeasureRecord {
            name: measure.name.clone(),
            unit: variant.measure(&measure.name).map_or_else(
                || catalog::unit(&measure.name).unwrap_or_default().to_owned(),
                |nominal| nominal.unit.clone(),
            ),
            values: vec![mean(&measure.values[world])],
        };
        let runs = |name: &str| worlds.measure(index, name).map_or(&[][..], |measure| &measure.values[world]);
        VariantRecord {
            measures: measures.iter().map(measure).collect(),
            events: variant.events.iter().map(|event| event_of(event, &runs)).collect(),
            theory: Vec::new(),
            windows: WindowsRecord { width_s: 1.0, series: Vec::new() },
            distributions: Vec::new(),
            breakdown: None,
            latency_map: None,
            ..variant.clone()
        }
    };
    Record {
        schema: record.schema,
        herdlab: record.herdlab.clone(),
        scenario: ScenarioRecord {
            replications: 1,
            finished: 1,
            thresholds: record.scenario.thresholds.iter().map(plain).collect(),
            ..record.scenario.clone()
        },
        variants: record.variants.iter().enumerate().map(variant).collect(),
        worlds: None,
    }
}

/// Of the runs that have a value.
fn mean(runs: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = runs.iter().flatten().copied().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// The outcome of an event in the runs of a world, by its measures: worlds keep nothing else.
fn event_of<'w>(event: &EventRecord, runs: &dyn Fn(&str) -> &'w [Option<f64>]) -> EventRecord {
    let metastable = runs(&format!("event.{}.metastable", event.label));
    let judged = event.judged.as_ref().map(|judged| {
        // Why a run of a world was not judged is not kept; the nominal runs had the same events.
        let unknown = judged
            .runs
            .iter()
            .find(|run| matches!(run.status, EventStatus::NotJudged(_) | EventStatus::Overlapped(_)));
        let status = |metastable: &Option<f64>| match metastable {
            Some(lasting) if *lasting > 0.0 => EventStatus::NotRecovered,
            Some(_) => EventStatus::Recovered,
            None => unknown.map_or_else(
                || EventStatus::NotJudged("too little was answered before it".to_owned()),
                |run| run.status.clone(),
            ),
        };
        let template = judged.runs.first();
        let runs = metastable.iter().filter_map(|value| {
            template.map(|run| crate::measure::recovery::EventRun { status: status(value), ..run.clone() })
        });
        crate::record::EventJudgement { runs: runs.collect(), ..judged.clone() }
    });
    EventRecord { judged, ..event.clone() }
}
